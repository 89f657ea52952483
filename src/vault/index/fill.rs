//! Catching up with the vault: what it has and the index has not.
//!
//! Resumable, since each session is filled in a transaction of its own or together with a few small
//! ones; incremental, since only what changed is read. The vault is only ever read here, in short
//! statements, so no recorder waits.

use super::list::{Listed, status_number};
use super::{Index, IndexError};
use crate::model::Status;
use crate::query::{fold, moment_of, tokens};
use crate::timeline::{Builder, Part, PartOf, Timeline};
use crate::vault::{Hash, Row, Unlocked};
use rusqlite::{Connection, params};
use std::collections::HashMap;

/// Bits of a document's number that count within a session: two million moments or parts.
pub(super) const DOC_BITS: u32 = 21;
/// The highest base: 42 bits of milliseconds last until 2109.
const BASE_MAX: i64 = (1 << 42) - 1;
/// Pages of the index that one opening merges on behalf of forgotten sessions: some 30 ms.
const MERGE_PAGES: i64 = 256;
/// Sealed bytes after which a transaction ends, so that work is kept and others get in.
const BATCH: u64 = 4 << 20;

/// A word that no query can have: no phrase goes on from one text into the next.
const APART: &str = " \u{e000}";

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Sealed bytes read.
    pub done: u64,
    /// Sealed bytes to read in all.
    pub total: u64,
}

/// A session's head as the index has it.
struct Known {
    status: i64,
    pieces: u64,
    summarised: bool,
    revision: u64,
    filled: bool,
}

impl Index {
    /// Reads what is new. A session that is still recorded stays out until it ends.
    ///
    /// # Errors
    /// The index or the vault cannot be read or written; what was done until then is kept.
    pub fn catch_up(
        &mut self,
        unlocked: &Unlocked,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), IndexError> {
        // Before the rows: what comes in between is looked at the next time.
        let head = unlocked.vault().anchor()?;
        if self.is_caught_up(head)? {
            progress(Progress::default());
            return Ok(());
        }
        let rows = unlocked.rows()?;
        let known = self.known()?;
        let is_new = |row: &&Row| {
            known.get(&row.number).is_none_or(|known| {
                known.status != status_number(row.status)
                    || known.pieces != row.pieces
                    || known.summarised != row.summarised
                    || known.revision != row.revision
            })
        };
        let heads: Vec<&Row> = rows.iter().filter(is_new).collect();
        let to_fill: Vec<&Row> = rows
            .iter()
            .filter(|row| row.status != Status::Recording)
            .filter(|row| is_new(row) || known.get(&row.number).is_none_or(|known| !known.filled))
            .collect();
        self.forget_gone(&rows, &known)?;
        self.forget_some()?;
        if !heads.is_empty() {
            self.put_heads(unlocked, &heads)?;
        }
        let mut at = Progress {
            done: 0,
            total: to_fill.iter().map(|row| row.bytes).sum(),
        };
        let mut rest = to_fill.as_slice();
        while !rest.is_empty() {
            progress(at);
            let tx = self
                .conn
                .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let mut batch = 0;
            while let Some((row, after)) = rest.split_first() {
                fill(&tx, unlocked, row)?;
                rest = after;
                batch += row.bytes;
                at.done += row.bytes;
                if batch >= BATCH {
                    break;
                }
            }
            tx.commit()?;
        }
        progress(at);
        self.conn.execute("DELETE FROM seen", [])?;
        if let Some((n, hash)) = head {
            let n = i64::try_from(n).unwrap_or(i64::MAX);
            self.conn
                .execute("INSERT INTO seen (n, hash) VALUES (?1, ?2)", (n, hash.0))?;
        }
        if at.total > BATCH {
            // What so much work left in the write-ahead log would be read by everyone after.
            self.truncate()?;
        }
        Ok(())
    }

    /// Whether nothing can have changed: the vault's log, which speaks of every change of a session
    /// that is over, ends where it did, no session is still recorded, and nothing is left to merge.
    fn is_caught_up(&self, head: Option<(u64, Hash)>) -> Result<bool, IndexError> {
        let Some((n, hash)) = head else {
            return Ok(false);
        };
        let n = i64::try_from(n).unwrap_or(i64::MAX);
        let mut same = self.conn.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM seen WHERE n = ?1 AND hash = ?2)
               AND NOT EXISTS (SELECT 1 FROM sessions WHERE base IS NULL)
               AND (SELECT due FROM forgetting) = 0",
        )?;
        Ok(same.query_row((n, hash.0), |row| row.get(0))?)
    }

    fn known(&self) -> Result<HashMap<i64, Known>, IndexError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT number, status, pieces, summarised, base IS NOT NULL, revision
             FROM sessions",
        )?;
        let rows = statement.query_map([], |row| {
            let known = Known {
                status: row.get(1)?,
                pieces: crate::vault::db::count(row, 2)?,
                summarised: row.get(3)?,
                filled: row.get(4)?,
                revision: crate::vault::db::count(row, 5)?,
            };
            Ok((row.get(0)?, known))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Takes out sessions that the vault no longer has. Their words are merged away at once when it
    /// is to be thorough, and little by little otherwise: all of it takes as long as the index is
    /// large.
    fn forget_gone(&mut self, rows: &[Row], known: &HashMap<i64, Known>) -> Result<(), IndexError> {
        let here: std::collections::HashSet<i64> = rows.iter().map(|row| row.number).collect();
        let gone: Vec<i64> = known
            .keys()
            .copied()
            .filter(|number| !here.contains(number))
            .collect();
        if gone.is_empty() {
            return Ok(());
        }
        let tx = self
            .conn
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for number in gone {
            empty(&tx, number)?;
            tx.execute("DELETE FROM tags WHERE session = ?1", [number])?;
            tx.execute("DELETE FROM sessions WHERE number = ?1", [number])?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Merges a bounded part of what deleted documents left in FTS5's segments; called whenever the
    /// index is opened, until nothing is left.
    fn forget_some(&self) -> Result<(), IndexError> {
        let due: i64 = self
            .conn
            .query_row("SELECT due FROM forgetting", [], |row| row.get(0))?;
        // A negative count begins to merge everything, positive ones go on with it.
        let pages = match due {
            0 => return Ok(()),
            1 => -MERGE_PAGES,
            _ => MERGE_PAGES,
        };
        let before = self.changes();
        self.conn.execute(
            "INSERT INTO words(words, rank) VALUES ('merge', ?1)",
            [pages],
        )?;
        // FTS5's own measure: fewer than two changes are none.
        let over = self.changes().saturating_sub(before) < 2;
        self.conn
            .execute("UPDATE forgetting SET due = ?1", [if over { 0 } else { 2 }])?;
        if over {
            self.truncate()?;
        }
        Ok(())
    }

    fn changes(&self) -> u64 {
        self.conn.total_changes()
    }

    /// Leaves no word of what was taken out, however long that takes; whether nothing is left in
    /// the write-ahead log either.
    pub(super) fn forget_all(&self) -> Result<bool, IndexError> {
        self.conn
            .execute("INSERT INTO words(words) VALUES ('optimize')", [])?;
        self.conn.execute("UPDATE forgetting SET due = 0", [])?;
        self.truncate()
    }

    fn truncate(&self) -> Result<bool, IndexError> {
        let busy: i64 = self
            .conn
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        Ok(busy == 0)
    }

    fn put_heads(&mut self, unlocked: &Unlocked, heads: &[&Row]) -> Result<(), IndexError> {
        let mut listed = Vec::with_capacity(heads.len());
        for row in heads {
            let entry = unlocked.entry(row)?;
            // A session that is recorded grows; what it has is counted when it is asked for.
            let counted = if row.status == Status::Recording {
                let labels = unlocked.labels(row)?;
                Listed {
                    number: row.number,
                    meta: entry.meta,
                    summary: entry.summary.unwrap_or_default(),
                    status: entry.status,
                    failed: None,
                    damage: entry.damage.map(|damage| damage.to_string()),
                    pinned: row.pinned,
                    labels,
                }
            } else {
                Listed::from_entry(unlocked, entry)?
            };
            listed.push((counted, *row));
        }
        self.conn.execute_batch("BEGIN IMMEDIATE")?;
        let put = || -> rusqlite::Result<()> {
            for (listed, row) in &listed {
                empty(&self.conn, row.number)?;
                self.put(listed, row)?;
            }
            Ok(())
        };
        match put() {
            Ok(()) => self.conn.execute_batch("COMMIT")?,
            Err(error) => {
                self.conn.execute_batch("ROLLBACK")?;
                return Err(error.into());
            }
        }
        Ok(())
    }
}

/// Takes a session's documents out.
fn empty(conn: &Connection, session: i64) -> rusqlite::Result<()> {
    let base: Option<i64> = {
        let mut base = conn.prepare_cached("SELECT base FROM sessions WHERE number = ?1")?;
        let mut rows = base.query([session])?;
        match rows.next()? {
            Some(row) => row.get(0)?,
            None => None,
        }
    };
    if let Some(base) = base {
        let (first, last) = range(base);
        conn.execute(
            "DELETE FROM words WHERE rowid IN (SELECT doc FROM moments WHERE doc BETWEEN ?1 AND ?2)",
            [first, last],
        )?;
        conn.execute(
            "DELETE FROM moments WHERE doc BETWEEN ?1 AND ?2",
            [first, last],
        )?;
        conn.execute("UPDATE forgetting SET due = 1", [])?;
    }
    Ok(())
}

fn range(base: i64) -> (i64, i64) {
    let first = base << DOC_BITS;
    (first, first | ((1 << DOC_BITS) - 1))
}

/// Puts a session's documents in.
fn fill(conn: &Connection, unlocked: &Unlocked, row: &Row) -> Result<(), IndexError> {
    let (started, cols, rows): (i64, u16, u16) = conn
        .prepare_cached("SELECT started, cols, rows FROM sessions WHERE number = ?1")?
        .query_row([row.number], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    let base = free_base(conn, started)?;
    let mut filling = Filling {
        conn,
        session: row.number,
        started,
        next: base << DOC_BITS,
        end: range(base).1,
        waiting: Vec::new(),
        failed: 0,
        words: Default::default(),
    };
    let size = crate::model::Size { cols, rows };
    let mut builder = Builder::new(size, 0);
    // A damaged piece costs that piece, here as everywhere.
    let events = unlocked.annotated(row)?.without_rows();
    for event in events.filter_map(Result::ok) {
        builder.push(&event);
        let parts: Vec<Part> = builder.parts().collect();
        for part in parts {
            filling.part(builder.timeline(), part)?;
        }
    }
    let (timeline, parts) = builder.finish();
    for part in parts {
        filling.part(&timeline, part)?;
    }
    conn.prepare_cached("UPDATE sessions SET base = ?2, failed = ?3 WHERE number = ?1")?
        .execute(params![row.number, base, filling.failed])?;
    Ok(())
}

/// Names between bars, folded: `|a|b|`; empty for none.
fn barred(names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let names: Vec<String> = names
        .iter()
        .map(|name| fold(name).replace('|', " "))
        .collect();
    format!("|{}|", names.join("|"))
}

/// Appends the words of `text`.
fn append(words: &mut String, text: &str) {
    for (_, word) in tokens(text) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(&fold(word));
    }
}

/// The millisecond a session began, or the next one that no other session has.
fn free_base(conn: &Connection, started: i64) -> rusqlite::Result<i64> {
    let mut base = started.div_euclid(1000).clamp(0, BASE_MAX);
    let mut taken = conn.prepare_cached("SELECT 1 FROM sessions WHERE base = ?1")?;
    while base < BASE_MAX && taken.exists([base])? {
        base += 1;
    }
    Ok(base)
}

struct Filling<'c> {
    conn: &'c Connection,
    session: i64,
    started: i64,
    next: i64,
    end: i64,
    /// Parts of moments whose end is not known yet: document, part, its time.
    waiting: Vec<(i64, PartOf, u32, u64)>,
    failed: u32,
    words: [String; 4],
}

impl Filling<'_> {
    fn part(&mut self, timeline: &Timeline, part: Part) -> rusqlite::Result<()> {
        let Some(moment) = moment_of(timeline, &part) else {
            return Ok(());
        };
        if self.next > self.end {
            // Two million moments: what follows is not searched by the index.
            return Ok(());
        }
        let doc = self.next;
        self.next += 1;
        let text = moment.doc(&part);
        let fields = [text.command, text.output, text.outcome, text.note];
        for (words, field) in self.words.iter_mut().zip(fields) {
            words.clear();
            append(words, field);
        }
        if !text.errors.is_empty() {
            let [_, _, error, _] = &mut self.words;
            error.push_str(APART);
            append(error, text.errors);
        }
        let [command, output, error, note] = &self.words;
        self.conn
            .prepare_cached(
                "INSERT INTO words(rowid, command, output, error, note)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![doc, command, output, error, note])?;
        self.waiting.push((doc, part.of, part.index, part.at.0));
        if part.last {
            self.close(timeline, &part)?;
        }
        Ok(())
    }

    fn close(&mut self, timeline: &Timeline, last: &Part) -> rusqlite::Result<()> {
        let (kind, place, command) = match last.of {
            PartOf::Command(n) => (0, n, timeline.commands.get(n)),
            PartOf::Aside(n) => (1, n, None),
            PartOf::Marker(n) => (2, n, None),
            PartOf::Statement(n) => (3, n, None),
        };
        let statement = match last.of {
            PartOf::Statement(n) => timeline.statements.get(n),
            _ => None,
        };
        let error = statement.and_then(|statement| statement.error.as_ref());
        let Some(moment) = moment_of(timeline, last) else {
            return Ok(());
        };
        let at = moment.at();
        let failed = moment.failed();
        self.failed += u32::from(failed);
        let rules: Vec<&str> = command
            .iter()
            .flat_map(|command| command.masked.iter())
            .filter(|(_, count)| **count > 0)
            .map(|(rule, _)| rule.as_str())
            .collect();
        let masked = rules.join("|");
        let text = match command {
            Some(command) => command.text.as_str(),
            None if kind >= 2 => last.text.as_str(),
            None => "",
        };
        let took = moment.took();
        let took = took.map(|took| i64::try_from(took.as_micros()).unwrap_or(i64::MAX));
        let at = i64::try_from(at.0).unwrap_or(i64::MAX);
        let (sqlstates, tables) = (barred(&moment.sqlstates()), barred(&moment.tables()));
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let rows = moment.rows();
        let (fewest, most) = (
            rows.map(|rows| signed(rows.0)),
            rows.map(|rows| signed(rows.1)),
        );
        let mut insert = self.conn.prepare_cached(
            "INSERT INTO moments (doc, session, kind, place, part, parts, number, at, part_at,
               stamp, took, failed, masked, text, outcome, errors, sqlstates, tables, fewest, most,
               sent)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
               ?18, ?19, ?20, ?21)",
        )?;
        for (doc, _, part, part_at) in self.waiting.extract_if(.., |(_, of, ..)| *of == last.of) {
            insert.execute(params![
                doc,
                self.session,
                kind,
                i64::try_from(place).unwrap_or(i64::MAX),
                part,
                last.index + 1,
                command.map(|command| command.number),
                at,
                i64::try_from(part_at).unwrap_or(i64::MAX),
                self.started.saturating_add(at),
                took,
                failed,
                masked,
                text,
                command
                    .and_then(|command| command.outcome.as_deref())
                    .or(error.map(|error| error.message.as_str())),
                moment.errors(),
                sqlstates,
                tables,
                fewest,
                most,
                moment.has_statements(),
            ])?;
        }
        Ok(())
    }
}
