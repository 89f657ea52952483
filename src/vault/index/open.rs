//! Opening the index, or making a new one where it does not open.

use super::{Halt, IndexError};
use crate::vault::{Error, Unlocked, dir, random};
use rusqlite::Connection;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

/// The index's files in the vault's directory.
const DB: &str = "index.db";
const KEY: &str = "index.key";
const SIDE_FILES: &[&str] = &[
    "index.db",
    "index.db-wal",
    "index.db-shm",
    "index.db-journal",
];

/// `PRAGMA user_version` of what this program writes; any other is built again.
const FORMAT: i64 = 8;
/// A sealed key is a few hundred bytes.
const KEY_FILE_MAX: u64 = 4096;
const KEY_LEN: usize = 32;
/// What the database's key is derived for.
const PURPOSE: &str = "rec 2026 index key";
/// How long to wait for another rec that fills the index, before reading without what it writes.
const BUSY: Duration = Duration::from_millis(250);
/// SQLite's page cache (16 MiB): FTS5 reads the same upper pages for every word.
const CACHE_KIB: i64 = -16 * 1024;

const SCHEMA: &str = "
CREATE TABLE sessions (
  number INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  hex TEXT NOT NULL,
  status INTEGER NOT NULL,
  pieces INTEGER NOT NULL,
  summarised INTEGER NOT NULL,
  -- The number of its first document, and how many it has; sessions of a later start have higher
  -- ones. NULL while its documents are not here.
  base INTEGER,
  docs INTEGER NOT NULL DEFAULT 0,
  started INTEGER NOT NULL,
  -- Folded, for filters.
  f_client TEXT NOT NULL, f_label TEXT NOT NULL, f_host TEXT, f_database TEXT, f_user TEXT,
  -- As they are, for lists.
  client TEXT NOT NULL, command TEXT NOT NULL, host TEXT, port INTEGER, database TEXT, user TEXT,
  utc_offset INTEGER NOT NULL, cols INTEGER NOT NULL, rows INTEGER NOT NULL, term TEXT NOT NULL,
  machine TEXT NOT NULL, login TEXT NOT NULL, directory TEXT NOT NULL, version TEXT NOT NULL,
  duration INTEGER, exit INTEGER, signal INTEGER, commands INTEGER, statements INTEGER,
  masked TEXT, gaps TEXT, markers INTEGER, bytes INTEGER,
  failed INTEGER,
  -- Those of its connections, where they are others than its own, between bars.
  databases TEXT, users TEXT,
  damage TEXT,
  revision INTEGER NOT NULL, pinned INTEGER NOT NULL, labels TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_started ON sessions(started DESC, number DESC);
CREATE INDEX sessions_loose ON sessions(number) WHERE base IS NULL;
CREATE UNIQUE INDEX sessions_base ON sessions(base);

-- What filters of sessions look at, beside each other: the rows themselves are ten times as large.
CREATE INDEX sessions_facts ON sessions(
  base, docs, started, duration, status, pinned, f_client, f_label, f_host, f_database, f_user,
  databases, users, hex
);

-- The full-text tables `words_N` and `typed_N`, from which document on. `due`: whether words of
-- sessions that were taken out still stand in segments: 0 no, 1 yes, 2 while they are being merged
-- away.
CREATE TABLE shards (
  number INTEGER PRIMARY KEY, first INTEGER NOT NULL, docs INTEGER NOT NULL, due INTEGER NOT NULL
) STRICT;

-- The last entry of the vault's log when the index last caught up; empty before that.
CREATE TABLE seen (n INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;

CREATE TABLE tags (
  session INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (session, tag)
) STRICT, WITHOUT ROWID;

-- One row a document: a moment, or a part of one whose output is long.
CREATE TABLE moments (
  doc INTEGER PRIMARY KEY,
  session INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  place INTEGER NOT NULL,
  part INTEGER NOT NULL,
  parts INTEGER NOT NULL,
  number INTEGER,
  -- Since the session began, in microseconds: the moment, and this part of it.
  at INTEGER NOT NULL,
  part_at INTEGER NOT NULL,
  stamp INTEGER NOT NULL,
  took INTEGER,
  failed INTEGER NOT NULL,
  masked TEXT NOT NULL,
  text TEXT NOT NULL,
  outcome TEXT,
  errors TEXT NOT NULL,
  -- Each name between two bars, so that a whole one is found as a text.
  sqlstates TEXT NOT NULL, tables TEXT NOT NULL,
  -- The fewest and the most rows that one statement gave or changed; NULL without statements.
  fewest INTEGER, most INTEGER,
  sent INTEGER NOT NULL,
  -- Where it ran, where that is not its session's own, between bars.
  databases TEXT, users TEXT
) STRICT;
-- Few of many fail: who asks for those does not look at the others.
CREATE INDEX moments_failed ON moments(failed) WHERE failed = 1;
";

/// Steps of SQLite's machine between two looks at whether to go on: a few microseconds.
const STEPS: i32 = 1000;

/// An open index.
pub struct Index {
    pub(super) conn: Connection,
    pub(super) halt: Halt,
}

impl Index {
    /// Gives up what is under way as soon as `halt` is asked.
    pub(super) fn heed(&mut self, halt: &Halt) -> Result<(), IndexError> {
        self.halt = halt.clone();
        let halt = halt.clone();
        Ok(self
            .conn
            .progress_handler(STEPS, Some(move || halt.asked()))?)
    }

    /// Goes on to the end whatever is asked.
    pub(super) fn heed_nothing(&mut self) -> Result<(), IndexError> {
        self.halt = Halt::default();
        Ok(self.conn.progress_handler(STEPS, None::<fn() -> bool>)?)
    }

    fn new(conn: Connection) -> Index {
        Index {
            conn,
            halt: Halt::default(),
        }
    }

    /// Opens the vault's index. One that is missing, does not open with its key or is of another
    /// version is made anew, empty.
    ///
    /// # Errors
    /// The directory cannot be written, or another process holds the file.
    pub fn open(unlocked: &Unlocked) -> Result<Index, IndexError> {
        let dir = unlocked.dir();
        if let Some(key) = key(unlocked)? {
            match attach(dir, &*key) {
                Ok(Some(conn)) => return Ok(Index::new(conn)),
                Ok(None) => {}
                Err(error) if error.is_busy() => return Err(error),
                // Not a database with this key: a damaged file, or one put there by another.
                Err(_) => {}
            }
        }
        Index::renew(unlocked)
    }

    /// The vault's index, brought up to date, where it is there and little is new; `None` where that
    /// would take longer than a person waits for a first list.
    ///
    /// # Errors
    /// As [`Index::open`] and [`Index::catch_up`].
    pub(super) fn open_if_near(unlocked: &Unlocked) -> Result<Option<Index>, IndexError> {
        let Some(key) = key(unlocked)? else {
            return Ok(None);
        };
        let Some(conn) = attach(unlocked.dir(), &*key)? else {
            return Ok(None);
        };
        let mut index = Index::new(conn);
        if !index.is_near(unlocked)? {
            return Ok(None);
        }
        index.catch_up(unlocked, u64::MAX, &mut |_| {})?;
        Ok(Some(index))
    }

    /// Whether there is no index at all.
    pub(super) fn is_absent(unlocked: &Unlocked) -> bool {
        !unlocked.dir().join(DB).exists()
    }

    /// Forgets the index and makes an empty one with a new key.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn renew(unlocked: &Unlocked) -> Result<Index, IndexError> {
        let dir = unlocked.dir();
        remove(dir)?;
        let mut part = Zeroizing::new([0_u8; KEY_LEN]);
        random(&mut *part)?;
        dir::replace(&dir.join(KEY), &unlocked.seal(&*part)?)?;
        let key = unlocked.identity().derive(PURPOSE, &*part);
        let path = dir.join(DB);
        drop(dir::open(&path, true)?);
        let conn = connect(&path, &*key)?;
        conn.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; {SCHEMA}
             PRAGMA user_version = {FORMAT}; COMMIT;"
        ))?;
        Ok(Index::new(conn))
    }
}

/// Removes the index of the vault in `dir`, its key first: what is left of it then says nothing.
///
/// # Errors
/// A file cannot be removed.
pub fn remove(dir: &Path) -> Result<(), Error> {
    for name in [KEY].iter().chain(SIDE_FILES) {
        let path = dir.join(name);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                return Err(Error::io("remove", &path)(e));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The index's key; `None` where there is none that opens.
///
/// Anyone can seal a file to the vault's recipient. Were what is in it the key itself, who can write
/// here could leave an index with a key of theirs, and every command would be written into it for them
/// to read.
pub(in crate::vault) fn key(
    unlocked: &Unlocked,
) -> Result<Option<Zeroizing<[u8; KEY_LEN]>>, IndexError> {
    let Some(sealed) = dir::read(&unlocked.dir().join(KEY), KEY_FILE_MAX)? else {
        return Ok(None);
    };
    // Sealed to another recipient, or not sealed at all: not this vault's.
    let part = unlocked.open(&sealed, KEY_LEN).ok().map(Zeroizing::new);
    let part = part.filter(|part| part.len() == KEY_LEN);
    Ok(part.map(|part| unlocked.identity().derive(PURPOSE, &part)))
}

fn attach(dir: &Path, key: &[u8]) -> Result<Option<Connection>, IndexError> {
    let path = dir.join(DB);
    if dir::checked_file(&path)?.is_none() {
        return Ok(None);
    }
    let conn = connect(&path, key)?;
    let found: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok((found == FORMAT).then_some(conn))
}

fn connect(path: &Path, key: &[u8]) -> Result<Connection, IndexError> {
    let conn = Connection::open_with_flags(
        path,
        rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE
            | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX
            | rusqlite::OpenFlags::SQLITE_OPEN_NOFOLLOW,
    )?;
    // Before the key: a wrong one would be logged to stderr otherwise.
    conn.execute_batch("PRAGMA cipher_log_level = NONE")?;
    let mut hex = Zeroizing::new(String::with_capacity(2 * KEY_LEN + 3));
    hex.push_str("x'");
    for byte in key {
        hex.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        hex.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
    }
    hex.push('\'');
    conn.pragma_update(None, "key", hex.as_str())?;
    conn.busy_timeout(BUSY)?;
    conn.execute_batch(&format!(
        "PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON;
         PRAGMA synchronous = NORMAL; PRAGMA cache_size = {CACHE_KIB};"
    ))?;
    Ok(conn)
}
