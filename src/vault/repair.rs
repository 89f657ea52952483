//! What of a damaged database can still be read, row by row.

use super::log::{Entry, What};
use super::seal::Recipient;
use super::{Error, Step, db, new_session_id};
use crate::model::SessionId;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Statement};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// Every key up to this one is looked up where the greatest cannot be read.
const LOOKED_UP: i64 = 1 << 16;
/// Beyond it, as many places in each power of two are tried for whether there is anything.
const TRIES: i64 = 1 << 10;
/// Keys that are looked up one by one, where a page is damaged, before the rest is asked for again.
const ONE_BY_ONE: i64 = 16;
/// How often it is said how far it is.
const TOLD: i64 = 1 << 8;

/// Copies every row that can still be read.
pub(super) fn repair(
    source: &Connection,
    to: &Path,
    progress: &mut dyn FnMut(Step, u64, u64),
) -> Result<(), Error> {
    let copy = db::create(to)?;
    // Any order will do, and what the rows say of each other is not to be trusted.
    copy.execute_batch("PRAGMA foreign_keys = OFF; BEGIN")
        .map_err(Error::db("be copied"))?;
    // In one transaction SQLite keeps what it has read: a thousand times as many look-ups a second.
    // Where it cannot begin, each look-up says so.
    let _ = source.execute_batch("BEGIN");
    for (table, key) in [
        ("vault", "one"),
        ("slots", "id"),
        ("past", "n"),
        ("sessions", "number"),
        ("labels", "session"),
        ("pieces", "rowid"),
        // Nothing goes on from there, but it says which slots were signed for.
        ("log", "n"),
    ] {
        rows(source, &copy, table, key, progress)?;
    }
    named(source, &copy).map_err(Error::db("be copied"))?;
    nameless(source, &copy)?;
    let _ = source.execute_batch("ROLLBACK");
    copy.execute_batch("COMMIT").map_err(Error::db("be copied"))
}

/// Says again which vault it is, where that row is lost or names no key: the log says so too.
fn named(source: &Connection, copy: &Connection) -> rusqlite::Result<()> {
    let found = copy.query_row("SELECT recipient FROM vault", [], |row| {
        row.get::<_, String>(0)
    });
    if found.is_ok_and(|key| key.parse::<Recipient>().is_ok()) {
        return Ok(());
    }
    let (mut id, mut key) = (None, None);
    hear(source, |what| match what {
        What::Create {
            vault, recipient, ..
        } => (id, key) = (Some(vault), Some(recipient)),
        What::Rekey { recipient, .. } => key = Some(recipient),
        _ => {}
    });
    copy.execute(
        "INSERT OR REPLACE INTO vault (one, id, recipient)
         SELECT 1, unhex(?1), ?2 WHERE ?1 IS NOT NULL AND ?2 IS NOT NULL",
        (id, key),
    )
    .map(drop)
}

/// Goes through the log as far as it can be read.
fn hear(source: &Connection, mut hear: impl FnMut(What)) {
    let mut read = || -> rusqlite::Result<()> {
        let mut rows = source.prepare("SELECT body FROM log ORDER BY n")?;
        let rows = rows.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
        for body in rows.map_while(Result::ok) {
            if let Ok(entry) = serde_json::from_slice::<Entry>(&body) {
                hear(entry.what);
            }
        }
        Ok(())
    };
    // What it would have told is not known then.
    let _ = read();
}

/// Gives pieces whose session's row is lost a session again. Its id stands in an index too, and its
/// day in the log; what named it is lost.
fn nameless(source: &Connection, copy: &Connection) -> Result<(), Error> {
    let lost = lost(copy).map_err(Error::db("be copied"))?;
    if lost.is_empty() {
        return Ok(());
    }
    let ids = ids(source);
    let (days, pruned) = told(source);
    for (number, pieces, bytes) in lost {
        let id = match ids.get(&number) {
            Some(id) if pruned.contains(id) => continue,
            Some(id) => *id,
            None => new_session_id()?,
        };
        let day = days.get(&id).copied().unwrap_or_else(|| super::now().day());
        // An id that another row has stays where it is.
        copy.execute(
            "INSERT OR IGNORE INTO sessions (number, id, day, state, pieces, bytes, head)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, zeroblob(32))",
            (number, id.0, day, db::state::INTERRUPTED, pieces, bytes),
        )
        .map_err(Error::db("be copied"))?;
    }
    Ok(())
}

/// Sessions that have pieces and no row: their number, how many pieces, their bytes.
fn lost(copy: &Connection) -> rusqlite::Result<Vec<(i64, i64, i64)>> {
    let mut lost = copy.prepare(
        "SELECT session, count(*), sum(length(sealed)) FROM pieces
         WHERE session NOT IN (SELECT number FROM sessions) GROUP BY session",
    )?;
    lost.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect()
}

/// The ids of the sessions by their numbers, as far as the index over them can be read.
fn ids(source: &Connection) -> HashMap<i64, SessionId> {
    let read = || -> rusqlite::Result<HashMap<i64, SessionId>> {
        let mut rows = source.prepare("SELECT number, id FROM sessions ORDER BY id")?;
        let rows = rows.query_map([], |row| Ok((row.get(0)?, SessionId(row.get(1)?))))?;
        Ok(rows.map_while(Result::ok).collect())
    };
    read().unwrap_or_default()
}

/// What the log says as far as it can be read: the days of the sessions, and those forgotten.
fn told(source: &Connection) -> (HashMap<SessionId, i64>, HashSet<SessionId>) {
    let (mut days, mut pruned) = (HashMap::new(), HashSet::new());
    // Without it they are of today.
    hear(source, |what| match what {
        What::Open { session, day, .. } => drop(days.insert(session, day)),
        What::Prune { session, .. } => drop(pruned.insert(session)),
        _ => {}
    });
    (days, pruned)
}

/// Copies the rows of one table. A damaged page stops a scan, not a look-up: what a scan does not
/// reach is looked up key by key.
fn rows(
    source: &Connection,
    copy: &Connection,
    table: &str,
    key: &str,
    progress: &mut dyn FnMut(Step, u64, u64),
) -> Result<(), Error> {
    let found = copy
        .prepare(&format!("SELECT * FROM {table} LIMIT 0"))
        .map(|statement| {
            let names = statement.column_names();
            names.map(str::to_owned).collect::<Vec<_>>()
        });
    let columns = found.map_err(Error::db("be copied"))?;
    let list = columns.join(", ");
    let marks: Vec<String> = (1..=columns.len()).map(|n| format!("?{n}")).collect();
    let mut insert = copy
        .prepare(&format!(
            "INSERT OR IGNORE INTO {table} ({list}) VALUES ({})",
            marks.join(", ")
        ))
        .map_err(Error::db("be copied"))?;
    let ask = |which: &str| {
        source.prepare(&format!(
            "SELECT {key}, {list} FROM {table} WHERE {key} {which} ORDER BY {key} LIMIT 1"
        ))
    };
    // A table that an older format has not, or whose root is gone.
    let (Ok(mut one), Ok(mut next)) = (ask("= ?1"), ask(">= ?1")) else {
        return Ok(());
    };
    let last = source.query_row(&format!("SELECT max({key}) FROM {table}"), [], |row| {
        row.get::<_, Option<i64>>(0)
    });
    let last = match last {
        Ok(last) => last.unwrap_or(0),
        Err(_) => farthest(&mut one),
    };
    let (mut at, mut one_by_one, mut told) = (0_i64, 0, 0);
    while at <= last {
        if at >= told {
            let count = |n: i64| u64::try_from(n).unwrap_or(0);
            progress(Step::Reading, count(at), count(last));
            told = at.saturating_add(TOLD);
        }
        let found = match one_by_one {
            0 => look(&mut next, at, columns.len()),
            _ => look(&mut one, at, columns.len()),
        };
        match found {
            Ok(Some((key, values))) => {
                // One that breaks a rule of the schema is no row of ours.
                let _ = insert.execute(rusqlite::params_from_iter(values));
                at = key.max(at).saturating_add(1);
            }
            Ok(None) if one_by_one == 0 => break,
            Err(_) if one_by_one == 0 => {
                one_by_one = ONE_BY_ONE;
                continue;
            }
            Ok(None) | Err(_) => at = at.saturating_add(1),
        }
        one_by_one = (one_by_one - 1).max(0);
    }
    Ok(())
}

/// The row that `statement` finds for the key `at`, and its own key.
fn look(
    statement: &mut Statement<'_>,
    at: i64,
    columns: usize,
) -> rusqlite::Result<Option<(i64, Vec<Value>)>> {
    let row = statement.query_row([at], |row| {
        let values = (1..=columns).map(|column| row.get::<_, Value>(column));
        Ok((row.get(0)?, values.collect::<rusqlite::Result<_>>()?))
    });
    row.optional()
}

/// A key beyond which nothing can be read. The last page is damaged, so every look-up of a key on it
/// fails, and one of a key before it need not.
fn farthest(one: &mut Statement<'_>) -> i64 {
    for power in (LOOKED_UP.ilog2()..i64::MAX.ilog2()).rev() {
        let (from, to) = (1_i64 << power, (1_i64 << power).saturating_mul(2));
        let step = ((to - from) / TRIES).max(1);
        let mut tries = (0..TRIES).map(|n| from.saturating_add(step.saturating_mul(n)));
        if tries.any(|at| look(one, at, 0).is_ok()) {
            return to;
        }
    }
    LOOKED_UP
}
