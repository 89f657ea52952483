//! Catching up with the vault: what it has and the index has not.
//!
//! Resumable, since each session is filled in a transaction of its own or together with a few small
//! ones; incremental, since only what changed is read. The vault is only ever read here, in short
//! statements, so no recorder waits.

use super::list::status_number;
use super::{Halt, Index, IndexError, shard};
use crate::model::{SessionId, Status};
use crate::query::{Moment, fold, moment_of, tokens};
use crate::timeline::{Builder, Part, PartOf, Place, Timeline};
use crate::vault::{Damage, Hash, Row, Unlocked};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

/// Where the numbers of documents begin to count: the second that a session of 2020 began in. Later
/// ones are not much larger, and FTS5 stores small numbers in fewer bytes.
const EPOCH: i64 = 1_577_836_800;
/// Sealed bytes after which a transaction ends, so that work is kept and others get in.
const BATCH: u64 = 4 << 20;

/// Sealed bytes that are read in a fraction of a second.
pub(super) const LITTLE: u64 = 1 << 20;

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
    /// Reads what is new. A session that is still recorded stays out until it ends. Where the halt
    /// is asked it ends early, and goes on from there the next time. Where more sealed bytes than
    /// `most` are to be read it only takes up what lists show: the sessions themselves stay loose, and
    /// a search reads them.
    ///
    /// # Errors
    /// The index or the vault cannot be read or written; what was done until then is kept.
    pub fn catch_up(
        &mut self,
        unlocked: &Unlocked,
        most: u64,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), IndexError> {
        // Before the rows: what comes in between is looked at the next time.
        let head = unlocked.vault().anchor()?;
        if self.is_caught_up(head)? {
            progress(Progress::default());
            return Ok(());
        }
        let (rows, known) = self.candidates(unlocked)?;
        let is_new = |row: &&Row| {
            known.get(&row.number).is_none_or(|known| {
                // What cannot be read now says nothing against what is known.
                row.legible
                    && (known.status != status_number(row.status)
                        || known.pieces != row.pieces
                        || known.summarised != row.summarised
                        || known.revision != row.revision)
            })
        };
        let heads: Vec<&Row> = rows.iter().filter(is_new).collect();
        // Oldest first: each shard is filled and left.
        let mut to_fill: VecDeque<Row> = rows
            .iter()
            .rev()
            .filter(|row| row.status != Status::Recording && row.legible)
            .filter(|row| is_new(row) || known.get(&row.number).is_none_or(|known| !known.filled))
            .cloned()
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
        if at.total > most {
            return Ok(());
        }
        while !to_fill.is_empty() {
            progress(at);
            let tx = self
                .conn
                .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let mut batch = 0;
            while let Some(row) = to_fill.pop_front() {
                for moved in fill_or_leave(&tx, unlocked, &row, &self.halt)? {
                    let moved = unlocked.row(moved)?;
                    at.total = at.total.saturating_add(moved.bytes);
                    to_fill.push_back(moved);
                }
                batch += row.bytes;
                at.done += row.bytes;
                if batch >= BATCH || self.halt.asked() {
                    break;
                }
            }
            tx.commit()?;
            if self.halt.asked() {
                return Ok(());
            }
        }
        progress(at);
        self.conn.execute("DELETE FROM seen", [])?;
        if let Some((n, hash)) = head.filter(|_| rows.iter().all(|row| row.legible)) {
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

    /// Whether catching up reads little.
    pub(super) fn is_near(&self, unlocked: &Unlocked) -> Result<bool, IndexError> {
        if self.is_caught_up(unlocked.vault().anchor()?)? {
            return Ok(true);
        }
        let (rows, known) = self.candidates(unlocked)?;
        let missing = rows.iter().filter(|row| {
            let filled = known.get(&row.number).is_some_and(|known| known.filled);
            !filled && row.status != Status::Recording
        });
        Ok(missing.map(|row| row.bytes).sum::<u64>() < LITTLE)
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
               AND NOT EXISTS (SELECT 1 FROM shards WHERE due <> 0)",
        )?;
        Ok(same.query_row((n, hash.0), |row| row.get(0))?)
    }

    /// The sessions that may have changed, as the vault has them, newest first, and as the index
    /// has them. Only those that the vault's log speaks of since the last time and those that are
    /// not filled, where that can be told: a long list is not read for one new session.
    fn candidates(
        &self,
        unlocked: &Unlocked,
    ) -> Result<(Vec<Row>, HashMap<i64, Known>), IndexError> {
        let seen: Option<(i64, [u8; 32])> = self
            .conn
            .prepare_cached("SELECT n, hash FROM seen")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let vault = unlocked.vault();
        let touched = match seen.and_then(|(n, hash)| Some((u64::try_from(n).ok()?, Hash(hash)))) {
            Some((n, hash)) => vault.touched_since(n, &hash)?,
            None => None,
        };
        let Some(mut ids) = touched else {
            return Ok((unlocked.rows()?, self.known("", [])?));
        };
        let mut loose = self
            .conn
            .prepare_cached("SELECT id FROM sessions WHERE base IS NULL")?;
        let loose = loose.query_map([], |row| Ok(SessionId(row.get(0)?)))?;
        for id in loose {
            ids.insert(id?);
        }
        let mut rows = Vec::new();
        let mut known = HashMap::new();
        for id in ids {
            rows.extend(vault.row_with_id(&id)?);
            known.extend(self.known("WHERE id = ?1", [id.0])?);
        }
        rows.sort_by_key(|row| std::cmp::Reverse((row.day, row.number)));
        Ok((rows, known))
    }

    fn known(
        &self,
        condition: &str,
        values: impl rusqlite::Params,
    ) -> Result<HashMap<i64, Known>, IndexError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT number, status, pieces, summarised, base IS NOT NULL, revision
             FROM sessions {condition}"
        ))?;
        let rows = statement.query_map(values, |row| {
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
        let here: HashSet<i64> = rows.iter().map(|row| row.number).collect();
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

    /// Leaves no word of what the vault no longer has; whether nothing is left in the write-ahead log
    /// either.
    pub(super) fn clean(&mut self, unlocked: &Unlocked) -> Result<bool, IndexError> {
        self.catch_up(unlocked, LITTLE, &mut |_| {})?;
        self.forget_all()
    }

    pub(super) fn truncate(&self) -> Result<bool, IndexError> {
        let busy: i64 = self
            .conn
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        Ok(busy == 0)
    }
}

/// Takes a session's documents out.
pub(super) fn empty(conn: &Connection, session: i64) -> rusqlite::Result<()> {
    let place: Option<(Option<i64>, i64)> = conn
        .prepare_cached("SELECT base, docs FROM sessions WHERE number = ?1")?
        .query_row([session], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((Some(base), docs)) = place else {
        return Ok(());
    };
    if docs > 0 {
        shard::empty(conn, base, docs)?;
        conn.prepare_cached("DELETE FROM moments WHERE doc BETWEEN ?1 AND ?2")?
            .execute([base, base.saturating_add(docs).saturating_sub(1)])?;
    }
    conn.prepare_cached("UPDATE sessions SET base = NULL, docs = 0 WHERE number = ?1")?
        .execute([session])?;
    Ok(())
}

/// As [`fill`]. A session of which the disk does not give a piece is left as it is, and read when it
/// is searched: the disk may give it the next time, and nobody would know that it is missing here.
fn fill_or_leave(
    conn: &Connection,
    unlocked: &Unlocked,
    row: &Row,
    halt: &Halt,
) -> Result<Vec<i64>, IndexError> {
    conn.execute_batch("SAVEPOINT one")?;
    let filled = fill(conn, unlocked, row, halt)?;
    conn.execute_batch(match filled {
        Some(_) => "RELEASE one",
        None => "ROLLBACK TO one; RELEASE one",
    })?;
    Ok(filled.unwrap_or_default())
}

/// Puts a session's documents in; gives the sessions that were taken out because they stood in the
/// way. `None` where a piece cannot be read: what was put in is to be taken back.
fn fill(
    conn: &Connection,
    unlocked: &Unlocked,
    row: &Row,
    halt: &Halt,
) -> Result<Option<Vec<i64>>, IndexError> {
    let (started, cols, rows, own): (i64, u16, u16, [Option<String>; 2]) = conn
        .prepare_cached(
            "SELECT started, cols, rows, database, user FROM sessions WHERE number = ?1",
        )?
        .query_row([row.number], |row| {
            let own = [row.get(3)?, row.get(4)?];
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, own))
        })?;
    let base = after_earlier(conn, started, row.number)?;
    let mut filling = Filling {
        conn,
        session: row.number,
        started,
        own: own.map(Option::unwrap_or_default),
        others: Default::default(),
        shard: shard::of(conn, base)?,
        next: base,
        end: before_later(conn, base)?,
        moved: Vec::new(),
        waiting: Vec::new(),
        failed: 0,
        words: Default::default(),
    };
    let size = crate::model::Size { cols, rows };
    let mut builder = Builder::new(size, 0);
    for event in unlocked.annotated(row)?.without_rows() {
        if halt.asked() {
            return Err(IndexError::halted());
        }
        let event = match event {
            Ok(event) => event,
            Err(Damage::Unreadable(_)) => return Ok(None),
            // A damaged piece costs that piece, here as everywhere.
            Err(_) => continue,
        };
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
    let docs = filling.next.saturating_sub(base);
    // One without documents has a number too.
    while base >= filling.end {
        filling.make_room()?;
    }
    shard::filled(conn, filling.shard, base, docs)?;
    let [databases, users] = filling.others.each_ref().map(|names| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        (!names.is_empty()).then(|| names.join("|"))
    });
    conn.prepare_cached(
        "UPDATE sessions SET base = ?2, docs = ?3, failed = ?4, databases = ?5, users = ?6
         WHERE number = ?1",
    )?
    .execute(params![
        row.number,
        base,
        docs,
        filling.failed,
        databases,
        users
    ])?;
    Ok(Some(filling.moved))
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

/// The number of a session's first document: the second that it began in, or what follows the last
/// document of the session before it. Commands seldom follow each other faster than seconds, so the
/// order of the numbers is that of the sessions' starts, and few bits say it.
fn after_earlier(conn: &Connection, started: i64, session: i64) -> rusqlite::Result<i64> {
    let earlier: Option<i64> = conn
        .prepare_cached(
            "SELECT base + max(docs, 1) FROM sessions
             WHERE base IS NOT NULL AND (started, number) < (?1, ?2)
             ORDER BY started DESC, number DESC LIMIT 1",
        )?
        .query_row([started, session], |row| row.get(0))
        .optional()?;
    let second = started.div_euclid(1_000_000).saturating_sub(EPOCH);
    Ok(second.max(1).max(earlier.unwrap_or(1)))
}

/// The first document of the next session from `base` on.
fn before_later(conn: &Connection, base: i64) -> rusqlite::Result<i64> {
    let later: Option<i64> = conn
        .prepare_cached("SELECT min(base) FROM sessions WHERE base >= ?1")?
        .query_row([base], |row| row.get(0))?;
    Ok(later.unwrap_or(i64::MAX))
}

struct Filling<'c> {
    conn: &'c Connection,
    session: i64,
    started: i64,
    /// The session's own database and user.
    own: [String; 2],
    /// Others that its moments ran in and as.
    others: [BTreeSet<String>; 2],
    shard: i64,
    /// The number of the next document.
    next: i64,
    /// That of the first document of another session.
    end: i64,
    /// Sessions that were taken out to make room.
    moved: Vec<i64>,
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
        while self.next >= self.end {
            self.make_room()?;
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
        let typed = match part.of {
            PartOf::Command(_) | PartOf::Statement(_) => text.command,
            PartOf::Aside(_) | PartOf::Marker(_) => "",
        };
        let words = self.words.each_ref().map(String::as_str);
        shard::put(self.conn, self.shard, doc, words, typed)?;
        self.waiting.push((doc, part.of, part.index, part.at.0));
        if part.last {
            self.close(timeline, &part)?;
        }
        Ok(())
    }

    /// The databases and the users of a moment, where they are not those of its session.
    fn elsewhere(&mut self, moment: &Moment<'_>) -> [Option<String>; 2] {
        let places = moment.places();
        let of = |name: fn(&Place) -> &String| {
            let names = places.iter().map(|place| name(place));
            let names = names.filter(|name| !name.is_empty());
            names
                .map(|name| name.replace('|', " "))
                .collect::<Vec<String>>()
        };
        let told = [of(|place| &place.database), of(|place| &place.user)];
        let mut joined = [None, None];
        for (n, names) in told.into_iter().enumerate() {
            let (Some(own), Some(others), Some(joined)) =
                (self.own.get(n), self.others.get_mut(n), joined.get_mut(n))
            else {
                continue;
            };
            if names.iter().any(|name| name != own) {
                *joined = Some(names.join("|"));
                others.extend(names);
            }
        }
        joined
    }

    /// Takes the next session out, which is filled again further on.
    fn make_room(&mut self) -> rusqlite::Result<()> {
        let later: i64 = self
            .conn
            .prepare_cached("SELECT number FROM sessions WHERE base = ?1")?
            .query_row([self.end], |row| row.get(0))?;
        empty(self.conn, later)?;
        self.moved.push(later);
        self.end = before_later(self.conn, self.end)?;
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
        let rules: Vec<&str> = moment
            .masked()
            .iter()
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
        let [databases, users] = self.elsewhere(&moment);
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let rows = moment.rows();
        let (fewest, most) = (
            rows.map(|rows| signed(rows.0)),
            rows.map(|rows| signed(rows.1)),
        );
        let mut insert = self.conn.prepare_cached(
            "INSERT INTO moments (doc, session, kind, place, part, parts, number, at, part_at,
               stamp, took, failed, masked, text, outcome, errors, sqlstates, tables, fewest, most,
               sent, databases, users)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
               ?18, ?19, ?20, ?21, ?22, ?23)",
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
                databases,
                users,
            ])?;
        }
        Ok(())
    }
}
