//! `vault.db`: its schema, how it is opened, and which version of it this program reads.
//!
//! Clear columns are only what writing, pruning and verifying need: random ids, sequences, sizes,
//! days, states, hashes. Everything else is a BLOB that begins as an age file.

use super::{Error, dir};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

/// `PRAGMA application_id`: "rec\x01".
const APPLICATION: i64 = 0x7265_6301;
/// `PRAGMA user_version`: the format this program writes.
pub const FORMAT: i64 = 2;

/// How long one statement waits for another process's transaction. Twenty recorders at four
/// commits a second wait a few milliseconds; a holder that was stopped must not hold up a reader
/// for longer than a person would.
pub const BUSY: Duration = Duration::from_secs(5);

/// How often a statement looks whether it may go on: a transaction takes about as long. SQLite's own
/// pauses grow to 100 ms, and who holds the log's lock meanwhile makes everyone behind it wait as
/// long.
const LOOK: Duration = Duration::from_millis(1);
/// Looks after which it is a longer matter, and how often a statement looks from then on.
const LOOKS: u32 = 100;
const LOOK_LATER: Duration = Duration::from_millis(5);

/// Pages of the write-ahead log after which a commit folds it into the file (1 MiB). Small,
/// because the first process to open the vault reads the whole of it.
const CHECKPOINT_PAGES: i64 = 256;

/// A log of more bytes than this is emptied at a session's end (256 KiB): some seven short sessions.
const WAL_TIDY: u64 = 256 << 10;

/// `state` of a session.
pub mod state {
    /// Its recorder is at work, or died.
    pub const RECORDING: i64 = 0;
    /// Closed in order.
    pub const CLOSED: i64 = 1;
    /// Its recorder died; closed by a later start.
    pub const INTERRUPTED: i64 = 2;
    /// Forgotten; the row stays as a tombstone that keeps the log verifiable.
    pub const PRUNED: i64 = 3;
}

/// Format 1; what later formats added is in [`STEPS`].
const SCHEMA: &str = "
CREATE TABLE vault (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id BLOB NOT NULL,
  recipient TEXT NOT NULL
) STRICT;

-- Each row opens the vault's identity in one way. `place` is a path, a keyring entry's name or the
-- public half of a recovery key: what must be known before anything is unlocked.
CREATE TABLE slots (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  place TEXT NOT NULL,
  day INTEGER NOT NULL,
  sealed BLOB NOT NULL
) STRICT;

-- `pieces`, `bytes` and `head` speak of the chain as it was recorded, also after compaction.
-- `compact` is the first piece that is still to be compacted, or -1.
CREATE TABLE sessions (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id BLOB NOT NULL UNIQUE,
  day INTEGER NOT NULL,
  state INTEGER NOT NULL,
  pieces INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  head BLOB NOT NULL,
  compact INTEGER NOT NULL DEFAULT 0,
  meta BLOB,
  summary BLOB
) STRICT;
CREATE INDEX sessions_open ON sessions(number) WHERE state = 0;
CREATE INDEX sessions_loose ON sessions(number) WHERE compact >= 0 AND state IN (1, 2);

-- A piece has seq = last. A chunk stands for the pieces seq..=last, and its link is that of the
-- last of them.
CREATE TABLE pieces (
  session INTEGER NOT NULL REFERENCES sessions(number),
  seq INTEGER NOT NULL,
  last INTEGER NOT NULL,
  hash BLOB NOT NULL,
  link BLOB NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX pieces_order ON pieces(session, seq);

CREATE TABLE log (
  n INTEGER PRIMARY KEY,
  body BLOB NOT NULL,
  signature BLOB NOT NULL
) STRICT;
";

/// From each format to the next, beginning with format 1. A step only adds tables and indexes, so
/// that a recorder of an older rec that is at work meanwhile goes on undisturbed.
const STEPS: &[&str] = &["
-- What its owner said of a session after it ended. `revision` is the number of the log's entry
-- that speaks of the last change, labels or redaction.
CREATE TABLE labels (
  session INTEGER PRIMARY KEY,
  pinned INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  sealed BLOB
) STRICT;

-- How many days a session must be kept, from which day on; `n` is the log's entry that says so.
CREATE TABLE holds (
  n INTEGER PRIMARY KEY,
  day INTEGER NOT NULL,
  days INTEGER NOT NULL
) STRICT;

-- Identities of before a rekey, each sealed to the vault's recipient: what was sealed to them and
-- not sealed again is opened with these.
CREATE TABLE past (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  recipient TEXT NOT NULL,
  sealed BLOB NOT NULL
) STRICT;

-- Which sessions were read, when and by which verb; sealed.
CREATE TABLE reads (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  sealed BLOB NOT NULL
) STRICT;

-- Forgotten sessions whose pieces are still being deleted.
CREATE INDEX sessions_unswept ON sessions(number) WHERE state = 3 AND compact >= 0;
"];

/// What only makes looking faster: whoever unlocks a vault without it adds it, and every rec that
/// writes there, whatever it knows of it, keeps it up to date.
const FASTER: &str = "
-- Interrupted sessions whose summary is not counted yet.
CREATE INDEX IF NOT EXISTS sessions_uncounted ON sessions(number)
  WHERE state = 2 AND summary IS NULL;
";

/// Adds what makes looking faster, where it is not there yet. That nothing can be written is no
/// error.
pub fn look_faster(conn: &Connection) {
    let _ = conn.execute_batch(FASTER);
}

/// Writes the schema into a new, empty database.
pub fn create(path: &Path) -> Result<Connection, Error> {
    drop(dir::open(path, true)?);
    let conn = connect(path)?;
    conn.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA application_id = {APPLICATION};
         BEGIN IMMEDIATE; {SCHEMA} {} {FASTER} PRAGMA user_version = {FORMAT}; COMMIT;",
        STEPS.concat()
    ))
    .map_err(Error::db("be created"))?;
    Ok(conn)
}

/// Opens the vault's database in `dir`, a checked directory.
pub fn open(dir: &Path) -> Result<Connection, Error> {
    let path = dir.join(dir::DB);
    if dir::checked_file(&path)?.is_none() {
        return Err(Error::NoVault {
            dir: dir.to_owned(),
        });
    }
    // SQLite follows no link either, and does not say which file was one.
    for beside in [dir::WAL, dir::SHM] {
        dir::checked_file(&dir.join(beside))?;
    }
    let mut conn = connect(&path)?;
    let unreadable = |source| unreadable(&path, source);
    let number = |pragma: &str| conn.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let application = number("PRAGMA application_id").map_err(unreadable)?;
    let found = number("PRAGMA user_version").map_err(unreadable)?;
    if application != APPLICATION || found < 1 {
        return Err(Error::NotAVault { path, source: None });
    }
    if found > FORMAT {
        return Err(Error::Newer {
            dir: dir.to_owned(),
            found,
            known: FORMAT,
        });
    }
    if found < FORMAT {
        upgrade(&mut conn)?;
    }
    Ok(conn)
}

/// Whether a database is a vault of a format that this program knows.
pub fn is_vault(conn: &Connection) -> bool {
    let number = |pragma: &str| conn.query_row(pragma, [], |row| row.get::<_, i64>(0));
    number("PRAGMA application_id").is_ok_and(|found| found == APPLICATION)
        && number("PRAGMA user_version").is_ok_and(|found| (1..=FORMAT).contains(&found))
}

/// Brings an older vault to this format. Where nothing can be written, what is new stands beside it
/// in memory, empty, so that the vault can still be read.
fn upgrade(conn: &mut Connection) -> Result<(), Error> {
    let steps = |found: i64| {
        let done = usize::try_from(found - 1).unwrap_or(0);
        STEPS.get(done..).unwrap_or_default().concat()
    };
    let written = immediate(conn, "be brought to this version's format", |conn| {
        // Another rec may just have done it.
        let found = conn.query_row("PRAGMA user_version", [], |row| row.get(0));
        let missing = steps(found.map_err(Error::db("be read"))?);
        conn.execute_batch(&format!("{missing} PRAGMA user_version = {FORMAT};"))
            .map_err(Error::db("be brought to this version's format"))
    });
    match written {
        Err(Error::Db { source, .. }) if takes_no_writes(&source) => {
            let found = conn.query_row("PRAGMA user_version", [], |row| row.get(0));
            let tables = steps(found.map_err(Error::db("be read"))?)
                .replace("CREATE TABLE", "CREATE TEMP TABLE");
            let tables = tables.split(';').filter(|s| !s.contains("CREATE INDEX"));
            conn.execute_batch(&tables.collect::<Vec<_>>().join(";"))
                .map_err(Error::db("be read"))
        }
        other => other,
    }
}

/// Whether the disk is read-only or full.
fn takes_no_writes(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::ReadOnly | ErrorCode::DiskFull)
    )
}

fn connect(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut conn = Connection::open_with_flags(path, flags).map_err(Error::db("be opened"))?;
    let mut prepare = || -> rusqlite::Result<()> {
        wait(&mut conn)?;
        // Nobody waits at the end of a session for a checkpoint; commits and readers do it.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        // No views or triggers are ours, so none that someone planted are run.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
        conn.execute_batch(&format!(
            "PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON; PRAGMA synchronous = FULL;
             PRAGMA cache_size = -2048; PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};"
        ))
    };
    prepare().map_err(|source| unreadable(path, source))?;
    Ok(conn)
}

/// That the system does not let it be read, or another process, says nothing of what it is.
fn unreadable(path: &Path, source: rusqlite::Error) -> Error {
    match source.sqlite_error_code() {
        Some(
            ErrorCode::SystemIoFailure
            | ErrorCode::DiskFull
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OutOfMemory,
        ) => Error::db("be opened")(source),
        _ => Error::NotAVault {
            path: path.to_owned(),
            source: Some(source),
        },
    }
}

/// Lets statements wait for other processes, [`BUSY`] at most.
pub fn wait(conn: &mut Connection) -> rusqlite::Result<()> {
    conn.busy_handler(Some(|looks| {
        let looks = u32::try_from(looks).unwrap_or(u32::MAX);
        let later = looks.saturating_sub(LOOKS);
        let waited = LOOK * looks.min(LOOKS) + LOOK_LATER * later.min(10_000);
        let pause = if later == 0 { LOOK } else { LOOK_LATER };
        if waited >= BUSY {
            return false;
        }
        std::thread::sleep(pause);
        true
    }))
}

/// Runs `work` in one transaction that holds the write lock from its start.
pub fn immediate<T>(
    conn: &mut Connection,
    doing: &'static str,
    work: impl FnOnce(&Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    let tx = conn
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(Error::db(doing))?;
    let value = work(&tx)?;
    tx.commit().map_err(Error::db(doing))?;
    Ok(value)
}

/// The vault's id and recipient as they stand in the file.
pub fn vault(conn: &Connection) -> Result<Option<([u8; 16], String)>, Error> {
    conn.query_row("SELECT id, recipient FROM vault", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
    .optional()
    .map_err(Error::db("be read"))
}

/// Folds the write-ahead log into the file and empties it, so that nothing deleted stays there.
/// False when another process still reads what is in it: whoever unlocks the vault next tries again.
pub fn truncate_wal(conn: &Connection) -> Result<bool, Error> {
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map(|busy: i64| busy == 0)
        .map_err(Error::db("empty its write-ahead log"))
}

/// Folds the write-ahead log into the file and empties it once it has more than a few sessions in
/// it. Recorders come one after the other, and each that comes alone reads all of it: SQLite's own
/// checkpoints copy the log and let it grow, since what was copied is forgotten between two
/// processes. Who else is at it is not waited for; the next one tries again.
pub fn tidy_wal(conn: &Connection, vault: &Path) {
    let log = vault.join(dir::WAL);
    if std::fs::symlink_metadata(&log).is_ok_and(|meta| meta.len() > WAL_TIDY) {
        let tidy = || {
            conn.busy_timeout(Duration::ZERO)?;
            let emptied = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            conn.busy_timeout(BUSY)?;
            emptied
        };
        // What is in the log is safe there.
        let _ = tidy();
    }
}

/// Whether SQLite only says that someone else is at it.
pub fn busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// A column that counts something. A negative one, which only damage makes, counts nothing.
pub fn count(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}
