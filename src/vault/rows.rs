//! What a locked vault tells of its sessions: the clear columns, and nothing else.

use super::db::{self, state};
use super::{Error, Vault, live};
use crate::model::{SessionId, Status};
use rusqlite::OptionalExtension;

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
    /// Whether its owner wants it kept whatever the limits say.
    pub pinned: bool,
    /// The log's entry that speaks of the last change after it ended; 0 where there was none.
    pub revision: u64,
    /// Whether all of the above was read. Where the file or the disk is damaged only the number and
    /// the id are true, and nothing may be decided by the rest.
    pub legible: bool,
}

const COLUMNS: &str = "number, id, day, state, summary IS NOT NULL, pieces, bytes,
  coalesce(pinned, 0), coalesce(revision, 0)";

impl Vault {
    /// All sessions, newest first, as far as they stand in clear: nothing is decrypted and no key
    /// is needed. A row that cannot be read costs no other one.
    ///
    /// # Errors
    /// The database cannot be read at all.
    pub fn rows(&self) -> Result<Vec<Row>, Error> {
        let read = || -> rusqlite::Result<Vec<Row>> {
            let mut rows = self.conn.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM sessions LEFT JOIN labels ON labels.session = number
                 WHERE state <> 3 ORDER BY day DESC, number DESC"
            ))?;
            rows.query_map([], |row| self.row(row))?.collect()
        };
        match read() {
            Err(error) if !db::busy(&error) => self.rows_one_by_one(error),
            other => other.map_err(Error::db("list the sessions")),
        }
    }

    /// As [`Vault::rows`], each row by itself.
    fn rows_one_by_one(&self, why: rusqlite::Error) -> Result<Vec<Row>, Error> {
        let Ok(mut all) = self.numbers() else {
            return Err(Error::db("list the sessions")(why));
        };
        all.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(*number));
        let mut rows: Vec<Row> = Vec::with_capacity(all.len());
        for (number, _) in all {
            match self.row_of(number) {
                Ok(row) => {
                    // Where it stands in the list: about where those beside it do.
                    let day = rows.last().map(|row| row.day).filter(|_| !row.legible);
                    let day = day.unwrap_or(row.day);
                    rows.push(Row { day, ..row });
                }
                // A forgotten one.
                Err(Error::NoSession { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        rows.sort_by_key(|row| std::cmp::Reverse((row.day, row.number)));
        Ok(rows)
    }

    /// The numbers and ids of all sessions, from the index over ids, where the rows are not needed.
    fn numbers(&self) -> rusqlite::Result<Vec<(i64, SessionId)>> {
        let sql = "SELECT number, id FROM sessions ORDER BY id";
        let mut all = self.conn.prepare_cached(sql)?;
        all.query_map([], |row| Ok((row.get(0)?, SessionId(row.get(1)?))))?
            .collect()
    }

    /// What is left of a row that cannot be read: its number and id, by one of the two. `None` where
    /// not even these are known.
    fn illegible(&self, is: impl Fn(&(i64, SessionId)) -> bool) -> Option<Row> {
        let (number, id) = self.numbers().ok()?.into_iter().find(is)?;
        Some(Row {
            number,
            id,
            day: super::now().day(),
            status: Status::Interrupted,
            summarised: false,
            pieces: 0,
            bytes: 0,
            pinned: false,
            revision: 0,
            legible: false,
        })
    }

    /// The ids of all sessions, those that were forgotten among them.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn ids(&self) -> Result<Vec<SessionId>, Error> {
        let read = || -> rusqlite::Result<Vec<SessionId>> {
            // From the index over ids alone: the rows are much larger.
            let mut ids = self.conn.prepare_cached("SELECT id FROM sessions")?;
            ids.query_map([], |row| Ok(SessionId(row.get(0)?)))?
                .collect()
        };
        read().map_err(Error::db("list the sessions"))
    }

    /// One session by its number; see [`Row::legible`].
    ///
    /// # Errors
    /// [`Error::NoSession`], or the database cannot be read at all.
    pub fn row_of(&self, number: i64) -> Result<Row, Error> {
        let read = || -> rusqlite::Result<Option<Row>> {
            let mut row = self.conn.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM sessions LEFT JOIN labels ON labels.session = number
                 WHERE number = ?1 AND state <> 3"
            ))?;
            row.query_row([number], |row| self.row(row)).optional()
        };
        let found = match read() {
            Err(error) if !db::busy(&error) => {
                let left = self.illegible(|(of, _)| *of == number);
                Some(left.ok_or_else(|| Error::db("read a session")(error))?)
            }
            other => other.map_err(Error::db("read a session"))?,
        };
        found.ok_or_else(|| Error::NoSession {
            name: number.to_string(),
        })
    }

    /// One session by its id; `None` where there is none, or it was forgotten.
    pub(super) fn row_with_id(&self, id: &SessionId) -> Result<Option<Row>, Error> {
        let read = || -> rusqlite::Result<Option<Row>> {
            let mut row = self.conn.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM sessions LEFT JOIN labels ON labels.session = number
                 WHERE id = ?1 AND state <> 3"
            ))?;
            row.query_row([&id.0], |row| self.row(row)).optional()
        };
        match read() {
            Err(error) if !db::busy(&error) => {
                let left = self.illegible(|(_, of)| of == id);
                left.map_or_else(
                    || Err(Error::db("read a session")(error)),
                    |row| Ok(Some(row)),
                )
            }
            other => other.map_err(Error::db("read a session")),
        }
    }

    /// The session of this name: a unique prefix of its id, `@last`, or `@2` for the one before.
    ///
    /// # Errors
    /// [`Error::NoSession`], [`Error::Ambiguous`], or the database cannot be read.
    pub fn named(&self, name: &str) -> Result<Row, Error> {
        if let Some(row) = self.begins(name) {
            return Ok(row);
        }
        let rows = self.rows()?;
        let no_session = || Error::NoSession {
            name: name.to_owned(),
        };
        let row = if let Some(place) = name.strip_prefix('@') {
            let place = match place {
                "last" => 1,
                digits => digits.parse::<usize>().unwrap_or(0),
            };
            let index = place.checked_sub(1).ok_or_else(no_session)?;
            rows.get(index).ok_or_else(no_session)?
        } else {
            let fits = |row: &&Row| !name.is_empty() && row.id.has_prefix(name);
            let found: Vec<&Row> = rows.iter().filter(fits).collect();
            match *found {
                [one] => one,
                [] => return Err(no_session()),
                ref many => {
                    return Err(Error::Ambiguous {
                        name: name.to_owned(),
                        all: many.iter().map(|row| row.id).collect(),
                    });
                }
            }
        };
        Ok(row.clone())
    }

    /// The one session whose id begins with `prefix`, where the index over ids tells it: a long list is
    /// not read for one session. What is not found so may still be there.
    fn begins(&self, prefix: &str) -> Option<Row> {
        let nibbles = prefix.chars().map(|c| c.to_digit(16));
        let nibbles: Option<Vec<u8>> = nibbles.map(|n| n?.try_into().ok()).collect();
        let nibbles = nibbles.filter(|n| !n.is_empty() && n.len() <= 2 * size_of::<SessionId>())?;
        let filled = |with: u8| -> [u8; size_of::<SessionId>()] {
            std::array::from_fn(|at| {
                let nibble = |at: usize| nibbles.get(at).copied().unwrap_or(with);
                nibble(2 * at) << 4 | nibble(2 * at + 1)
            })
        };
        let mut ids = self
            .conn
            .prepare_cached("SELECT id FROM sessions WHERE id BETWEEN ?1 AND ?2")
            .ok()?;
        let ids: rusqlite::Result<Vec<[u8; size_of::<SessionId>()]>> = ids
            .query_map([filled(0), filled(15)], |row| row.get(0))
            .ok()?
            .collect();
        let rows = ids
            .ok()?
            .into_iter()
            .map(|id| self.row_with_id(&SessionId(id)));
        let rows: Result<Vec<Option<Row>>, Error> = rows.collect();
        let mut rows = rows.ok()?.into_iter().flatten();
        rows.next().filter(|_| rows.next().is_none())
    }

    /// The shortest name of `id` among the sessions of this vault.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn short(&self, id: &SessionId) -> Result<String, Error> {
        Ok(id.short(&self.beside(id)?))
    }

    /// The ids right before and right after `id`, in order: those that decide its short name. A list
    /// of all takes as long as a search.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn beside(&self, id: &SessionId) -> Result<Vec<SessionId>, Error> {
        let read = || -> rusqlite::Result<Vec<SessionId>> {
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
            Ok(near)
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
            pinned: row.get(7)?,
            revision: db::count(row, 8)?,
            legible: true,
        })
    }
}
