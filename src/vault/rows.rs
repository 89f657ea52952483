//! What a locked vault tells of its sessions: the clear columns, and nothing else.

use super::db::{self, state};
use super::{Error, Vault, live};
use crate::model::{SessionId, Status};

/// What stands in clear of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number in the vault, by age.
    pub number: i64,
    /// Its id.
    pub id: SessionId,
    /// The day it began, in days since 1970 UTC.
    pub day: i64,
    /// Where it stands.
    pub status: Status,
    /// Whether its summary is there.
    pub summarised: bool,
    /// How many pieces were recorded; 0 while it is recorded.
    pub pieces: u64,
    /// Bytes of its pieces, sealed, as they were recorded.
    pub bytes: u64,
}

const COLUMNS: &str = "number, id, day, state, summary IS NOT NULL, pieces, bytes";

impl Vault {
    /// All sessions, newest first, as far as they stand in clear: nothing is decrypted and no key
    /// is needed.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn rows(&self) -> Result<Vec<Row>, Error> {
        let read = || -> rusqlite::Result<Vec<Row>> {
            let mut rows = self.conn.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM sessions WHERE state <> 3 ORDER BY number DESC"
            ))?;
            rows.query_map([], |row| self.row(row))?.collect()
        };
        read().map_err(Error::db("list the sessions"))
    }

    /// The shortest name of `id` among the sessions of this vault.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn short(&self, id: &SessionId) -> Result<String, Error> {
        let read = || -> rusqlite::Result<String> {
            let mut near = Vec::new();
            for sql in [
                "SELECT id FROM sessions WHERE id < ?1 ORDER BY id DESC LIMIT 1",
                "SELECT id FROM sessions WHERE id > ?1 ORDER BY id LIMIT 1",
            ] {
                let mut nearest = self.conn.prepare_cached(sql)?;
                let mut rows = nearest.query([&id.0])?;
                if let Some(row) = rows.next()? {
                    near.push(SessionId(row.get(0)?));
                }
            }
            Ok(id.short(&near))
        };
        read().map_err(Error::db("list the sessions"))
    }

    fn row(&self, row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
        let id = SessionId(row.get(1)?);
        let status = match row.get(3)? {
            state::CLOSED => Status::Closed,
            state::RECORDING if live::is_live(&self.dir, &id) => Status::Recording,
            _ => Status::Interrupted,
        };
        Ok(Row {
            number: row.get(0)?,
            id,
            day: row.get(2)?,
            status,
            summarised: row.get(4)?,
            pieces: db::count(row, 5)?,
            bytes: db::count(row, 6)?,
        })
    }
}
