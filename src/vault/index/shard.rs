//! The full-text tables, one pair for so many documents that follow each other: a search begins
//! with the newest and mostly ends there, a word that begins many others never gathers more than
//! one shard's, and what is forgotten is merged away without touching the rest.

use super::{Index, IndexError};
use rusqlite::{Connection, OptionalExtension, params};

/// Documents after which the next session begins another shard: some 100 MB of text.
const FULL: i64 = if cfg!(test) {
    // So that tests go through several.
    6
} else {
    1 << 17
};
/// Bytes of a leaf of FTS5's: what fits one page of SQLCipher's, whose end is its checksum. A byte
/// more, and each leaf takes an overflow page.
const LEAF: i64 = 3950;
/// Bytes of words that are gathered before FTS5 writes them.
const GATHERED: i64 = 16 << 20;
/// Pages of the index that one opening merges on behalf of forgotten sessions: some 30 ms.
const MERGE_PAGES: i64 = 256;

/// The tables, without the shard's number.
const TABLES: [&str; 2] = ["words", "typed"];

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    /// What its tables are numbered with.
    pub(super) number: i64,
    /// Its first document; those of sessions that begin before it are in others.
    pub(super) first: i64,
    /// Its last document at most.
    pub(super) last: i64,
}

impl Index {
    /// All shards, newest first.
    pub(super) fn shards(&self) -> Result<Vec<Shard>, IndexError> {
        let mut shards = self
            .conn
            .prepare_cached("SELECT number, first FROM shards ORDER BY first DESC")?;
        let rows = shards.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut last = i64::MAX;
        let mut all = Vec::new();
        for row in rows {
            let (number, first) = row?;
            all.push(Shard {
                number,
                first,
                last,
            });
            last = first.saturating_sub(1);
        }
        Ok(all)
    }

    /// Merges a bounded part of what deleted documents left in FTS5's segments; called whenever the
    /// index catches up, until nothing is left.
    pub(super) fn forget_some(&self) -> Result<(), IndexError> {
        let due: Option<(i64, i64)> = self
            .conn
            .query_row(
                "SELECT number, due FROM shards WHERE due <> 0 LIMIT 1",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let Some((number, due)) = due else {
            return Ok(());
        };
        // A negative count begins to merge everything, positive ones go on with it.
        let pages = if due == 1 { -MERGE_PAGES } else { MERGE_PAGES };
        let mut over = true;
        for table in TABLES {
            let before = self.conn.total_changes();
            self.conn.execute(
                &format!(
                    "INSERT INTO {table}_{number}({table}_{number}, rank) VALUES ('merge', ?1)"
                ),
                [pages],
            )?;
            // FTS5's own measure: fewer than two changes are none.
            over &= self.conn.total_changes().saturating_sub(before) < 2;
        }
        self.conn.execute(
            "UPDATE shards SET due = ?2 WHERE number = ?1",
            (number, if over { 0 } else { 2 }),
        )?;
        if over {
            self.truncate()?;
        }
        Ok(())
    }

    /// Leaves no word of what was taken out, however long that takes; whether nothing is left in
    /// the write-ahead log either.
    pub(super) fn forget_all(&self) -> Result<bool, IndexError> {
        let due: Vec<i64> = {
            let mut due = self
                .conn
                .prepare_cached("SELECT number FROM shards WHERE due <> 0")?;
            due.query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?
        };
        for number in due {
            for table in TABLES {
                self.conn.execute(
                    &format!("INSERT INTO {table}_{number}({table}_{number}) VALUES ('optimize')"),
                    [],
                )?;
            }
            self.conn
                .execute("UPDATE shards SET due = 0 WHERE number = ?1", [number])?;
        }
        self.truncate()
    }
}

/// The shard in which a session's documents begin at `base`; a new one where the newest is full.
pub(super) fn of(conn: &Connection, base: i64) -> rusqlite::Result<i64> {
    let found: Option<(i64, i64)> = conn
        .prepare_cached(
            "SELECT number, docs FROM shards WHERE first <= ?1 ORDER BY first DESC LIMIT 1",
        )?
        .query_row([base], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let mut later = conn.prepare_cached("SELECT 1 FROM sessions WHERE base > ?1")?;
    match found {
        Some((number, docs)) if docs < FULL || later.exists([base])? => Ok(number),
        Some(_) => make(conn, base),
        None => make(conn, 0),
    }
}

fn make(conn: &Connection, first: i64) -> rusqlite::Result<i64> {
    conn.execute(
        "INSERT INTO shards (first, docs, due) VALUES (?1, 0, 0)",
        [first],
    )?;
    let number = conn.last_insert_rowid();
    // Words are cut and folded before they come to `words`; `ascii` only finds them again at the
    // spaces. The output stands first: FTS5 spends two bytes on each word of any other column.
    conn.execute_batch(&format!(
        "CREATE VIRTUAL TABLE words_{number} USING fts5(
           output, command, error, note,
           content = '', contentless_delete = 1, tokenize = 'ascii'
         );
         CREATE VIRTUAL TABLE typed_{number} USING fts5(
           command, content = '', contentless_delete = 1, tokenize = 'trigram', detail = none
         );"
    ))?;
    for table in TABLES {
        conn.execute_batch(&format!(
            "INSERT INTO {table}_{number}({table}_{number}, rank) VALUES ('pgsz', {LEAF});
             INSERT INTO {table}_{number}({table}_{number}, rank) VALUES ('hashsize', {GATHERED});"
        ))?;
    }
    Ok(number)
}

/// So many documents of a session that begins at `base` were put into its shard.
pub(super) fn filled(conn: &Connection, number: i64, base: i64, docs: i64) -> rusqlite::Result<()> {
    conn.prepare_cached("UPDATE shards SET docs = docs + ?2 WHERE number = ?1")?
        .execute((number, docs))?;
    // Shards that began within it are empty up to there: their sessions were moved away.
    let end = base.saturating_add(docs);
    let mut passed: Vec<i64> = conn
        .prepare_cached("SELECT number FROM shards WHERE first > ?1 AND first < ?2 ORDER BY first")?
        .query_map([base, end], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let last = passed.pop();
    for number in passed {
        for table in TABLES {
            conn.execute_batch(&format!("DROP TABLE {table}_{number}"))?;
        }
        conn.execute("DELETE FROM shards WHERE number = ?1", [number])?;
    }
    if let Some(last) = last {
        conn.execute(
            "UPDATE shards SET first = ?2 WHERE number = ?1",
            (last, end),
        )?;
    }
    Ok(())
}

/// Takes the documents of a session out of the full-text tables.
pub(super) fn empty(conn: &Connection, base: i64, docs: i64) -> rusqlite::Result<()> {
    let number: i64 = conn
        .prepare_cached("SELECT number FROM shards WHERE first <= ?1 ORDER BY first DESC LIMIT 1")?
        .query_row([base], |row| row.get(0))?;
    let last = base.saturating_add(docs).saturating_sub(1);
    for table in TABLES {
        conn.execute(
            &format!(
                "DELETE FROM {table}_{number} WHERE rowid IN
                   (SELECT doc FROM moments WHERE doc BETWEEN ?1 AND ?2)"
            ),
            [base, last],
        )?;
    }
    conn.execute(
        "UPDATE shards SET due = 1, docs = max(docs - ?2, 0) WHERE number = ?1",
        params![number, docs],
    )?;
    Ok(())
}

/// Puts one document in.
pub(super) fn put(
    conn: &Connection,
    number: i64,
    doc: i64,
    [command, output, error, note]: [&str; 4],
    typed: &str,
) -> rusqlite::Result<()> {
    conn.prepare_cached(&format!(
        "INSERT INTO words_{number}(rowid, command, output, error, note) VALUES (?1, ?2, ?3, ?4, ?5)"
    ))?
    .execute(params![doc, command, output, error, note])?;
    if !typed.is_empty() {
        conn.prepare_cached(&format!(
            "INSERT INTO typed_{number}(rowid, command) VALUES (?1, ?2)"
        ))?
        .execute(params![doc, typed])?;
    }
    Ok(())
}
