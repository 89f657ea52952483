//! A session's pieces one by one and in any order, for a reader that jumps.

use super::seal::{Damage, PLAIN_MAX};
use super::{Error, Unlocked};
use crate::model::{Event, SessionId, codec};
use rusqlite::OptionalExtension;

/// Where a part of a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    session: i64,
    first: i64,
    last: i64,
    hole: bool,
}

impl Unlocked {
    /// Where the parts of a session stand, in order; a part that is missing has its place too.
    /// They keep their meaning when another process compacts the session meanwhile.
    ///
    /// # Errors
    /// [`Error::NoSession`], or the database cannot be read.
    pub fn places(&self, id: SessionId) -> Result<Vec<Place>, Error> {
        let conn = self.conn();
        let session: Option<i64> = conn
            .prepare_cached("SELECT number FROM sessions WHERE id = ?1")
            .and_then(|mut s| s.query_row([&id.0], |row| row.get(0)).optional())
            .map_err(Error::db("read a session"))?;
        let session = session.ok_or_else(|| Error::NoSession { name: id.hex() })?;
        let read = || -> rusqlite::Result<Vec<(i64, i64)>> {
            let mut rows = conn
                .prepare_cached("SELECT seq, last FROM pieces WHERE session = ?1 ORDER BY seq")?;
            rows.query_map([session], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        let rows = read().map_err(Error::db("read a session"))?;
        let mut places = Vec::with_capacity(rows.len());
        let mut next = 0;
        for (first, last) in rows {
            if first > next {
                places.push(Place {
                    session,
                    first: next,
                    last: first - 1,
                    hole: true,
                });
            }
            next = last.max(next).saturating_add(1);
            places.push(Place {
                session,
                first,
                last,
                hole: false,
            });
        }
        Ok(places)
    }

    /// The events at `place`: all of them, or those before what is damaged.
    pub fn events_at(&self, place: Place) -> (Vec<Event>, Option<Damage>) {
        match self.plain_at(place) {
            Ok(plain) => decode(&plain),
            Err(damage) => (Vec::new(), Some(damage)),
        }
    }

    fn plain_at(&self, place: Place) -> Result<Vec<u8>, Damage> {
        if place.hole {
            return Err(Damage::Missing);
        }
        let read = || {
            let mut row = self.conn().prepare_cached(
                "SELECT seq, sealed FROM pieces
                 WHERE session = ?1 AND seq <= ?2 AND last >= ?3 ORDER BY seq DESC LIMIT 1",
            )?;
            row.query_row((place.session, place.first, place.last), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
        };
        let found: Option<(i64, Vec<u8>)> =
            read().map_err(|e: rusqlite::Error| Damage::Unreadable(e.to_string()))?;
        let (first, sealed) = found.ok_or(Damage::Missing)?;
        if first < place.first {
            // Compacted meanwhile: all of the chunk is given where its first piece stood.
            return Ok(Vec::new());
        }
        self.open(&sealed, PLAIN_MAX)
    }
}

fn decode(plain: &[u8]) -> (Vec<Event>, Option<Damage>) {
    let mut events = Vec::new();
    let mut rest = plain;
    loop {
        match codec::decode(rest) {
            Ok(None) => return (events, None),
            Ok(Some((event, after))) => {
                events.push(event);
                rest = after;
            }
            Err(why) => return (events, Some(Damage::Parse(why.to_string()))),
        }
    }
}
