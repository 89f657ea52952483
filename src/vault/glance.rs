//! Whether a session is worth reading for a query, told by a glance at its bytes.

use super::seal::{Opener, PLAIN_MAX};
use super::{Error, Row, Unlocked};
use crate::model::Size;
use crate::query::{Glance, Needles, Skim};

impl Unlocked {
    /// Glances through a session. What is damaged or missing is left to a reader, who counts it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(super) fn glance(
        &self,
        row: &Row,
        needles: &Needles,
        opener: &mut Opener,
    ) -> Result<Glance, Error> {
        // As the reader takes it.
        let size = || match self.entry(row) {
            Ok(entry) => entry.meta.size,
            Err(_) => Size { cols: 80, rows: 24 },
        };
        let mut skim = Skim::new(needles, &size);
        for note in self.labels(row)?.notes {
            if skim.note(&note.text) == Glance::Perhaps {
                return Ok(Glance::Perhaps);
            }
        }
        let failed = Error::db("read a session");
        let conn = self.conn();
        // In one statement: a compaction meanwhile changes nothing of what it gives.
        let mut pieces = match conn
            .prepare_cached("SELECT seq, last, sealed FROM pieces WHERE session = ?1 ORDER BY seq")
        {
            Ok(pieces) => pieces,
            Err(error) => return Err(failed(error)),
        };
        let mut next = 0;
        let mut look = || -> rusqlite::Result<Glance> {
            let mut rows = pieces.query([row.number])?;
            while let Some(piece) = rows.next()? {
                let (first, last): (i64, i64) = (piece.get(0)?, piece.get(1)?);
                let Ok(sealed) = piece.get_ref(2)?.as_blob() else {
                    return Ok(Glance::Perhaps);
                };
                let whole = first == next && last >= first;
                next = last.saturating_add(1);
                if !whole
                    || self.open_in(opener, sealed, PLAIN_MAX).is_err()
                    || skim.piece(opener.plain()) == Glance::Perhaps
                {
                    return Ok(Glance::Perhaps);
                }
            }
            Ok(Glance::Nothing)
        };
        match look() {
            Ok(Glance::Nothing) => Ok(skim.finish()),
            // A row that cannot be read is one that a reader tells of.
            Ok(Glance::Perhaps) | Err(_) => Ok(Glance::Perhaps),
        }
    }
}
