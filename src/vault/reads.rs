//! Which sessions rec opened for reading, when and by which verb: for the owner who wonders.
//!
//! Advisory. A copy of a piece that is opened with age writes no line here, nor does a vault that
//! takes no writes.

use super::seal::META_MAX;
use super::{Error, Unlocked};
use crate::model::{SessionId, Stamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Lines that are kept; the oldest go.
const LINES_MAX: i64 = 10_000;
/// Sessions that one line names. A search that shows more is a search through everything.
const SESSIONS_MAX: usize = 100;
/// No reader waits longer than this for its line to be written.
const WAIT: Duration = Duration::from_millis(100);

/// One read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// When.
    pub at: Stamp,
    /// By which verb.
    pub verb: String,
    /// Which sessions.
    pub sessions: Vec<SessionId>,
}

impl Unlocked {
    /// Writes down that `sessions` are read. That it could not be is no reason not to read.
    pub fn log_read(&self, verb: &str, sessions: &[SessionId]) {
        if sessions.is_empty() {
            return;
        }
        let read = Read {
            at: super::now(),
            verb: verb.to_owned(),
            sessions: sessions.iter().take(SESSIONS_MAX).copied().collect(),
        };
        let _ = self.conn().busy_timeout(WAIT);
        if let Err(error) = self.write_read(&read) {
            tracing::debug!(%error, "a read was not written down");
        }
        let _ = self.conn().busy_timeout(super::db::BUSY);
    }

    fn write_read(&self, read: &Read) -> Result<(), Error> {
        let json = serde_json::to_vec(read).map_err(|e| Error::Seal(e.to_string()))?;
        let sealed = self.seal(&json)?;
        let write = || -> rusqlite::Result<()> {
            let conn = self.conn();
            conn.execute("INSERT INTO reads (sealed) VALUES (?1)", [&sealed])?;
            let last = conn.last_insert_rowid();
            if last % 100 == 0 {
                conn.execute("DELETE FROM reads WHERE n <= ?1", [last - LINES_MAX])?;
            }
            Ok(())
        };
        write().map_err(Error::db("write a read down"))
    }

    /// What was written down, newest first; lines that do not open are left out.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn reads(&self) -> Result<Vec<Read>, Error> {
        let rows = || -> rusqlite::Result<Vec<Vec<u8>>> {
            let mut rows = self
                .conn()
                .prepare("SELECT sealed FROM reads ORDER BY n DESC")?;
            rows.query_map([], |row| row.get(0))?.collect()
        };
        let rows = rows().map_err(Error::db("list its reads"))?;
        let open = |sealed: Vec<u8>| {
            let plain = self.open(&sealed, META_MAX).ok()?;
            serde_json::from_slice(&plain).ok()
        };
        Ok(rows.into_iter().filter_map(open).collect())
    }
}
