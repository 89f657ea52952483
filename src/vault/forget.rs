//! Forgetting a session: for good, and so that it shows.
//!
//! First the tombstone and its signed entry, then the pieces, a few at a time so that no recorder
//! waits long, then the write-ahead log is emptied. SQLite overwrites what it frees. What a crash
//! interrupts goes on at the next unlock.

use super::db::{self, state};
use super::log::{self, What, Writer};
use super::{Error, Vault, live};
use crate::model::SessionId;
use rusqlite::{Connection, ErrorCode, OptionalExtension};

/// Pieces deleted in one transaction: at most 16 MiB, which takes some ten milliseconds.
const STEP: i64 = 64;

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// How many sessions.
    pub sessions: usize,
    /// Their sealed bytes, as they were recorded.
    pub bytes: u64,
    /// What of them still stands in the vault's files.
    pub left: Left,
}

/// Why something that was forgotten still stands in a file of the vault's; the next unlock goes on with
/// it. Of two reasons the later one here is the one to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// Nothing does.
    #[default]
    Nothing,
    /// Another process still reads it.
    Read,
    /// The disk is full.
    NoRoom,
    /// The disk takes no writes, or fails.
    NotWritten,
}

impl Left {
    /// From whether a write-ahead log could be emptied, behind everything else.
    pub(super) fn after(emptied: Result<bool, Error>) -> Left {
        match emptied {
            Ok(true) => Left::Nothing,
            Ok(false) => Left::Read,
            Err(Error::Db { source, .. }) => Left::because(&source),
            Err(_) => Left::NotWritten,
        }
    }

    /// From what SQLite said.
    pub(super) fn because(error: &rusqlite::Error) -> Left {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Left::NoRoom,
            _ if db::busy(error) => Left::Read,
            _ => Left::NotWritten,
        }
    }
}

impl Vault {
    /// Forgets sessions; all of them or, where one may not go, none.
    ///
    /// # Errors
    /// [`Error::Held`], [`Error::Recorded`], [`Error::IsPinned`], [`Error::NoSession`], or what the
    /// file system says.
    pub fn forget(&mut self, ids: &[SessionId], reason: &str) -> Result<Forgotten, Error> {
        super::writer::close_interrupted(&self.dir, &mut self.conn)?;
        let dir = self.dir.clone();
        let mut done = Forgotten::default();
        log::write(&dir, &mut self.conn, |log| {
            for id in ids {
                let row = row(log.conn(), id)?;
                if row.state == state::RECORDING && live::is_live(&dir, id) {
                    return Err(Error::Recorded { id: *id });
                }
                if row.pinned {
                    return Err(Error::IsPinned { id: *id });
                }
                entomb(log, row.number, reason)?;
                done.sessions += 1;
                done.bytes = done.bytes.saturating_add(row.bytes);
            }
            Ok(())
        })?;
        // They are forgotten, and that is signed for: what fails from here on is no error.
        done.left = Left::after(sweep(&mut self.conn));
        Ok(done)
    }

    /// Declares that sessions are kept for `days` at least, if that is not what holds already. A
    /// session stays under the longest hold that was in force since it was recorded.
    ///
    /// # Errors
    /// What the file system says.
    pub fn set_hold(&mut self, days: u32) -> Result<(), Error> {
        if in_force(&self.conn)? == days {
            return Ok(());
        }
        let dir = self.dir.clone();
        log::write(&dir, &mut self.conn, |log| {
            if in_force(log.conn())? == days {
                return Ok(());
            }
            let n = i64::try_from(log.next()).unwrap_or(i64::MAX);
            log.conn()
                .execute(
                    "INSERT INTO holds (n, day, days) VALUES (?1, ?2, ?3)",
                    (n, log.day(), days),
                )
                .map_err(Error::db("declare a hold"))?;
            log.add(What::Hold { days })
        })
    }

    /// The first day on which a session of `day` may go, and the hold that says so.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn held_until(&self, day: i64) -> Result<(i64, u32), Error> {
        held_until(&self.conn, day)
    }
}

struct Row {
    number: i64,
    state: i64,
    bytes: u64,
    pinned: bool,
}

fn row(conn: &Connection, id: &SessionId) -> Result<Row, Error> {
    let found = conn
        .prepare_cached(
            "SELECT number, state, bytes, coalesce(pinned, 0) FROM sessions
             LEFT JOIN labels ON labels.session = number WHERE id = ?1 AND state <> 3",
        )
        .and_then(|mut s| {
            s.query_row([&id.0], |row| {
                Ok(Row {
                    number: row.get(0)?,
                    state: row.get(1)?,
                    bytes: db::count(row, 2)?,
                    pinned: row.get(3)?,
                })
            })
            .optional()
        })
        .map_err(Error::db("read a session"))?;
    found.ok_or_else(|| Error::NoSession { name: id.hex() })
}

/// Puts a tombstone in a session's place, with its entry. Its pieces wait for [`sweep`].
pub(super) fn entomb(log: &mut Writer<'_>, number: i64, reason: &str) -> Result<(), Error> {
    let conn = log.conn();
    let (id, day, empty): ([u8; 16], i64, bool) = conn
        .query_row(
            "SELECT id, day, NOT EXISTS (SELECT 1 FROM pieces WHERE session = number)
             FROM sessions WHERE number = ?1",
            [number],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .map_err(Error::db("forget a session"))?;
    let session = SessionId(id);
    let (until, days) = held_until(conn, day)?;
    if !empty && log.day() < until {
        return Err(Error::Held {
            id: session,
            until,
            days,
        });
    }
    let forget = || -> rusqlite::Result<()> {
        conn.execute(
            "UPDATE sessions SET state = ?2, meta = NULL, summary = NULL, compact = 0
             WHERE number = ?1",
            (number, state::PRUNED),
        )?;
        conn.execute("DELETE FROM labels WHERE session = ?1", [number])?;
        Ok(())
    };
    forget().map_err(Error::db("forget a session"))?;
    log.add(What::Prune {
        session,
        reason: reason.to_owned(),
        empty,
    })
}

/// Deletes what forgotten sessions still have, and empties the write-ahead log; whether that is
/// empty now.
pub(super) fn sweep(conn: &mut Connection) -> Result<bool, Error> {
    while let Some(number) = unswept(conn)? {
        db::immediate(conn, "forget a session", |conn| {
            let step = || -> rusqlite::Result<()> {
                let deleted = conn.execute(
                    "DELETE FROM pieces WHERE rowid IN
                       (SELECT rowid FROM pieces WHERE session = ?1 LIMIT ?2)",
                    (number, STEP),
                )?;
                if deleted == 0 {
                    conn.execute(
                        "UPDATE sessions SET compact = -1 WHERE number = ?1",
                        [number],
                    )?;
                }
                Ok(())
            };
            step().map_err(Error::db("forget a session"))
        })?;
    }
    db::truncate_wal(conn)
}

/// A forgotten session that still has pieces.
pub(super) fn unswept(conn: &Connection) -> Result<Option<i64>, Error> {
    conn.prepare_cached("SELECT number FROM sessions WHERE state = 3 AND compact >= 0 LIMIT 1")
        .and_then(|mut s| s.query_row([], |row| row.get(0)).optional())
        .map_err(Error::db("list the sessions"))
}

fn in_force(conn: &Connection) -> Result<u32, Error> {
    conn.query_row(
        "SELECT days FROM holds ORDER BY n DESC LIMIT 1",
        [],
        |row| row.get(0),
    )
    .optional()
    .map(Option::unwrap_or_default)
    .map_err(Error::db("read its holds"))
}

fn held_until(conn: &Connection, day: i64) -> Result<(i64, u32), Error> {
    let read = || -> rusqlite::Result<Vec<(i64, u32)>> {
        let mut rows = conn.prepare_cached("SELECT day, days FROM holds ORDER BY n")?;
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    };
    let holds = read().map_err(Error::db("read its holds"))?;
    let days = longest(&holds, day);
    Ok((day.saturating_add(days.into()), days))
}

/// The longest hold that was in force on `day` or later. `holds` has the day each began.
pub(super) fn longest(holds: &[(i64, u32)], day: i64) -> u32 {
    let ends = holds
        .iter()
        .skip(1)
        .map(|(day, _)| Some(*day))
        .chain([None]);
    holds
        .iter()
        .zip(ends)
        .filter(|(_, end)| end.is_none_or(|end| end >= day))
        .map(|((_, days), _)| *days)
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::longest;

    #[test]
    fn a_session_stays_under_the_longest_hold_since_its_day() {
        let holds = [(10, 30), (20, 90), (30, 0)];
        let table = [(5, 90), (20, 90), (30, 90), (31, 0)];
        for (day, days) in table {
            assert_eq!(longest(&holds, day), days, "{day}");
        }
        assert_eq!(longest(&holds[..1], 100), 30);
        assert_eq!(longest(&[], 1), 0);
    }
}
