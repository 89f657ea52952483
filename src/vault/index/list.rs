//! Sessions as lists show them, from the index's columns or from the vault itself.

use super::fill::empty;
use super::{Index, IndexError};
use crate::model::{Exit, Labels, Meta, Micros, SessionId, Size, Stamp, Status, Summary, Target};
use crate::query::SessionFacts;
use crate::timeline::Timeline;
use crate::vault::{Entry, Error, Row as VaultRow, Unlocked, compact};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// Sessions whose heads are put in together: some 20 ms.
const HEADS: usize = 256;

/// A session without its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its number in the vault.
    pub number: i64,
    /// As recorded.
    pub meta: Meta,
    /// As counted; counted from the events where the recorder could not.
    pub summary: Summary,
    /// Where it stands.
    pub status: Status,
    /// Commands that failed, where the index has counted them.
    pub failed: Option<u32>,
    /// What of it could not be opened, for a person.
    pub damage: Option<String>,
    /// Whether no limit removes it.
    pub pinned: bool,
    /// Its tags and notes.
    pub labels: Labels,
}

impl Listed {
    /// For a query.
    pub fn facts(&self) -> SessionFacts<'_> {
        SessionFacts {
            meta: &self.meta,
            summary: &self.summary,
            status: self.status,
            tags: &self.labels.tags,
            pinned: self.pinned,
        }
    }

    /// Its id.
    pub fn id(&self) -> SessionId {
        self.meta.id
    }

    /// The order of lists: newest first.
    pub(super) fn key(&self) -> (Stamp, i64) {
        (self.meta.started, self.number)
    }

    /// From the vault. The summary of a session that has none is counted from its events.
    pub(super) fn from_entry(unlocked: &Unlocked, entry: Entry) -> Result<Listed, Error> {
        let damage = entry.damage.map(|damage| damage.to_string());
        let labels = unlocked.labels(&entry.row)?;
        let mut meta = entry.meta;
        let mut summary = match entry.summary {
            Some(summary) => summary,
            None => {
                let events = unlocked.events(entry.id)?;
                match entry.status {
                    Status::Interrupted => compact::count(&meta, events),
                    _ => Timeline::outline(&meta, events.filter_map(Result::ok)).summary(),
                }
            }
        };
        if let Some(opened) = summary.opened.take() {
            meta.target.told(opened);
        }
        Ok(Listed {
            number: entry.row.number,
            meta,
            summary,
            status: entry.status,
            failed: None,
            damage,
            pinned: entry.row.pinned,
            labels,
        })
    }
}

impl Listed {
    /// As the vault has it now. A session that is recorded grows; what it has is counted when it is
    /// asked for.
    fn of_now(unlocked: &Unlocked, row: &VaultRow) -> Result<Listed, Error> {
        let entry = unlocked.entry(row)?;
        if row.status != Status::Recording {
            return Listed::from_entry(unlocked, entry);
        }
        Ok(Listed {
            number: row.number,
            meta: entry.meta,
            summary: entry.summary.unwrap_or_default(),
            status: entry.status,
            failed: None,
            damage: entry.damage.map(|damage| damage.to_string()),
            pinned: row.pinned,
            labels: unlocked.labels(row)?,
        })
    }
}

/// The columns that [`read`] reads.
pub(super) const COLUMNS: &str = "s.number, s.id, s.status, s.started, s.client, s.command, \
    s.host, s.port, s.database, s.user, s.utc_offset, s.cols, s.rows, s.term, s.machine, s.login, \
    s.directory, s.version, s.duration, s.exit, s.signal, s.commands, s.statements, s.masked, \
    s.gaps, s.markers, s.bytes, s.failed, s.damage, s.pinned, s.labels";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Listed> {
    let number = |at| row.get::<_, Option<i64>>(at).map(Option::unwrap_or_default);
    let small = |at| number(at).map(|n| u32::try_from(n).unwrap_or(0));
    let tiny = |at| number(at).map(|n| u16::try_from(n).unwrap_or(0));
    let code = |at| -> rusqlite::Result<Option<i32>> {
        let n: Option<i64> = row.get(at)?;
        Ok(n.and_then(|n| i32::try_from(n).ok()))
    };
    let signal = code(20)?;
    Ok(Listed {
        number: row.get(0)?,
        meta: Meta {
            id: SessionId(row.get(1)?),
            client: row.get(4)?,
            command: row.get(5)?,
            target: Target {
                host: row.get(6)?,
                port: row
                    .get::<_, Option<i64>>(7)?
                    .and_then(|p| u16::try_from(p).ok()),
                database: row.get(8)?,
                user: row.get(9)?,
            },
            started: Stamp(row.get(3)?),
            utc_offset: i32::try_from(number(10)?).unwrap_or(0),
            size: Size {
                cols: tiny(11)?,
                rows: tiny(12)?,
            },
            term: row.get(13)?,
            machine: row.get(14)?,
            login: row.get(15)?,
            directory: row.get(16)?,
            version: row.get(17)?,
        },
        summary: Summary {
            duration: Micros(u64::try_from(number(18)?).unwrap_or(0)),
            exit: code(19)?.map(|code| Exit { code, signal }),
            commands: small(21)?,
            statements: small(22)?,
            masked: map(row, 23)?,
            gaps: map(row, 24)?,
            markers: small(25)?,
            bytes: u64::try_from(number(26)?).unwrap_or(0),
            // It joined the target.
            opened: None,
        },
        status: status(row.get(2)?),
        failed: row
            .get::<_, Option<i64>>(27)?
            .and_then(|n| u32::try_from(n).ok()),
        damage: row.get(28)?,
        pinned: row.get(29)?,
        labels: labels(row, 30)?,
    })
}

/// As JSON, empty as the empty text.
fn labels(row: &Row<'_>, column: usize) -> rusqlite::Result<Labels> {
    let text: String = row.get(column)?;
    if text.is_empty() {
        return Ok(Labels::default());
    }
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

/// A map as JSON, empty as the empty text: most sessions have neither masks nor gaps.
fn map<K: Ord + DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<BTreeMap<K, u32>> {
    let text: Option<String> = row.get(column)?;
    let text = text.unwrap_or_default();
    if text.is_empty() {
        return Ok(BTreeMap::new());
    }
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

fn json<K: Serialize + Ord>(map: &BTreeMap<K, u32>) -> String {
    if map.is_empty() {
        return String::new();
    }
    serde_json::to_string(map).unwrap_or_default()
}

pub(super) fn status_number(status: Status) -> i64 {
    match status {
        Status::Recording => 0,
        Status::Closed => 1,
        Status::Interrupted => 2,
    }
}

fn status(number: i64) -> Status {
    match number {
        0 => Status::Recording,
        1 => Status::Closed,
        _ => Status::Interrupted,
    }
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Index {
    /// All sessions it knows, newest first.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn sessions(&self) -> Result<Vec<Listed>, IndexError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM sessions s ORDER BY s.started DESC, s.number DESC"
        ))?;
        let rows = statement.query_map([], read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// One session.
    pub(super) fn session(&self, number: i64) -> Result<Listed, IndexError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM sessions s WHERE s.number = ?1"
        ))?;
        Ok(statement.query_row([number], read)?)
    }

    /// One session, where it is here in this revision.
    pub(super) fn session_of(
        &self,
        number: i64,
        revision: u64,
    ) -> Result<Option<Listed>, IndexError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM sessions s WHERE s.number = ?1 AND s.revision = ?2"
        ))?;
        let listed = statement.query_row((number, signed(revision)), read);
        Ok(listed.optional()?)
    }

    /// Puts the heads of sessions in, some at a time: what there is counts although the halt is asked.
    pub(super) fn put_heads(
        &mut self,
        unlocked: &Unlocked,
        heads: &[&VaultRow],
    ) -> Result<(), IndexError> {
        for some in heads.chunks(HEADS) {
            let mut listed = Vec::with_capacity(some.len());
            for row in some {
                if self.halt.asked() {
                    return Err(IndexError::halted());
                }
                listed.push((Listed::of_now(unlocked, row)?, *row));
            }
            let tx = self
                .conn
                .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            for (listed, row) in &listed {
                empty(&tx, row.number)?;
                put(&tx, listed, row)?;
            }
            tx.commit()?;
        }
        Ok(())
    }
}

/// Puts a session's head in, in place of an older one; its moments are not touched.
fn put(conn: &Connection, listed: &Listed, row: &VaultRow) -> rusqlite::Result<()> {
    let meta = &listed.meta;
    let summary = &listed.summary;
    let target = &meta.target;
    let fold = |text: &Option<String>| text.as_deref().map(crate::query::fold);
    let mut statement = conn.prepare_cached(
        "INSERT OR REPLACE INTO sessions (number, id, hex, status, pieces, summarised, base,
               started, f_client, f_label, f_host, f_database, f_user, client, command, host, port,
               database, user, utc_offset, cols, rows, term, machine, login, directory, version,
               duration, exit, signal, commands, statements, masked, gaps, markers, bytes, damage,
               revision, pinned, labels)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
               ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33,
               ?34, ?35, ?36, ?37, ?38, ?39)",
    )?;
    let values: &[&dyn ToSql] = params![
        listed.number,
        meta.id.0,
        meta.id.hex(),
        status_number(row.status),
        signed(row.pieces),
        row.summarised,
        meta.started.0,
        crate::query::fold(&meta.client),
        crate::query::fold(&target.label()),
        fold(&target.host),
        fold(&target.database),
        fold(&target.user),
        meta.client,
        meta.command,
        target.host,
        target.port,
        target.database,
        target.user,
        meta.utc_offset,
        meta.size.cols,
        meta.size.rows,
        meta.term,
        meta.machine,
        meta.login,
        meta.directory,
        meta.version,
        signed(summary.duration.0),
        summary.exit.map(|exit| exit.code),
        summary.exit.and_then(|exit| exit.signal),
        summary.commands,
        summary.statements,
        json(&summary.masked),
        json(&summary.gaps),
        summary.markers,
        signed(summary.bytes),
        listed.damage,
        signed(row.revision),
        listed.pinned,
        match listed.labels.is_empty() {
            true => String::new(),
            false => serde_json::to_string(&listed.labels).unwrap_or_default(),
        },
    ];
    statement.execute(values)?;
    conn.prepare_cached("DELETE FROM tags WHERE session = ?1")?
        .execute([listed.number])?;
    for tag in &listed.labels.tags {
        conn.prepare_cached("INSERT OR IGNORE INTO tags (session, tag) VALUES (?1, ?2)")?
            .execute((listed.number, crate::query::fold(tag)))?;
    }
    Ok(())
}
