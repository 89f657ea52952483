//! The thread that packs, seals, chains and commits. It owns the database connection of a
//! recording; whatever hangs or fails here, the session goes on.

use super::chain::{self, Hash};
use super::db::{self, state};
use super::health::{Failure, FailureKind, Health};
use super::live::{self, Live};
use super::log::{self, What};
use super::queue::Work;
use super::recording::{End, Shared};
use super::seal::Sealer;
use super::{Error, Vault, dir, forget};
use crate::model::SessionId;
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::Thread;
use std::time::{Duration, Instant};

/// Pieces in one transaction at most: what a flood of 256 KiB pieces fills in about 30 ms.
const BATCH: usize = 16;

/// The log names a session under way at least this often.
const CHECKPOINT: Duration = Duration::from_secs(60);

/// How long the first transaction waits for what may go into it. A session that is over by then is
/// one transaction, and who runs `rec true` does not wait for two.
const FIRST: Duration = Duration::from_millis(250);

/// The first pause before a failed commit is tried again, and the longest.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

struct Writer {
    conn: Connection,
    vault: PathBuf,
    /// Device and inode of `vault.db`: another file there is another vault.
    file: (u64, u64),
    sealer: Sealer,
    shared: Arc<Shared>,
    session: SessionId,
    day: i64,
    /// Its metadata, sealed.
    meta: Vec<u8>,
    /// `None` until the first transaction gave it a row.
    number: Option<i64>,
    seq: u64,
    bytes: u64,
    genesis: Hash,
    head: Hash,
    logged: Instant,
    /// Held from then on; a session that is over with its first transaction needs none.
    live: Option<Live>,
}

/// A piece, sealed and chained, until it is committed.
struct Piece {
    seq: u64,
    hash: Hash,
    link: Hash,
    sealed: Vec<u8>,
}

/// Starts the thread for one session.
pub fn spawn(
    vault: Vault,
    session: SessionId,
    day: i64,
    meta: Vec<u8>,
    shared: Arc<Shared>,
) -> Result<Thread, Error> {
    let dir = vault.dir().to_owned();
    let handle = std::thread::Builder::new()
        .name("vault".into())
        .spawn(move || {
            let done = Done(Arc::clone(&shared));
            let result = record(vault, session, day, &meta, shared);
            done.0.finished(result);
        })
        .map_err(Error::io("start the writer for", &dir))?;
    Ok(handle.thread().clone())
}

/// Tells the recorder that the thread is gone, also when it panicked.
struct Done(Arc<Shared>);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.queue.abandon();
        let text = "the vault's writer stopped";
        self.0
            .finished(Err(Failure::new(FailureKind::Failed, text)));
    }
}

fn record(
    vault: Vault,
    session: SessionId,
    day: i64,
    meta: &[u8],
    shared: Arc<Shared>,
) -> Result<(), Failure> {
    let (conn, dir, id) = (vault.conn, vault.dir, vault.id);
    let recipient = vault.recipient;
    let give_up = |e: Error| {
        let failure = e.failure(&dir);
        shared.set_health(Health::Stopped(failure.clone()));
        failure
    };
    let mut sealer = Sealer::new(recipient).map_err(give_up)?;
    let meta = sealer.seal(meta).map_err(give_up)?;
    shared.begin();
    let file = inode(&dir);
    shared.end(false);
    let file = file.map_err(give_up)?;
    let genesis = chain::genesis(&id, &session, &Hash::of(&meta));
    let mut writer = Writer {
        conn,
        file,
        sealer,
        session,
        day,
        meta,
        number: None,
        seq: 0,
        bytes: 0,
        genesis,
        head: genesis,
        logged: Instant::now(),
        live: None,
        shared: Arc::clone(&shared),
        vault: dir,
    };
    let mut first = shared.queue.take_within(BATCH, FIRST);
    loop {
        let begun = writer.number.is_some();
        let work = match first.take() {
            Some(work) => work,
            None if begun => shared.queue.take(BATCH),
            None => Work {
                pieces: Vec::new(),
                end: None,
            },
        };
        let left = begun && work.pieces.is_empty() && work.end.is_none();
        match work.end {
            _ if left => return Ok(()),
            None => writer.commit(&work.pieces, None)?,
            Some(End::Close(summary)) => {
                writer.commit(&work.pieces, Some(&summary))?;
                writer.close_others(begun);
                db::tidy_wal(&writer.conn, &writer.vault);
                drop(writer.live.take());
                // Nobody waits for the database to be closed.
                shared.finished(Ok(()));
                return Ok(());
            }
            // Nothing of it was written: there is nothing to say of it.
            Some(End::Discard) if !begun => return Ok(()),
            Some(End::Discard) => return writer.discard(),
        }
        writer.close_others(begun);
    }
}

impl Writer {
    /// With the first transaction, what recorders that died left is closed. What that fails at, the
    /// next start or reader does.
    fn close_others(&mut self, begun: bool) {
        if !begun {
            // Whoever waits for it hears of a file system that hangs here, too.
            self.shared.begin();
            let _ = close_interrupted(&self.vault, &mut self.conn);
            self.shared.end(false);
        }
    }

    fn seal(&mut self, plain: &[Vec<u8>]) -> Result<Vec<Piece>, Failure> {
        let mut pieces = Vec::with_capacity(plain.len());
        for plain in plain {
            let sealed = self.sealer.seal(plain).map_err(|e| {
                let failure = e.failure(&self.vault);
                self.shared.set_health(Health::Stopped(failure.clone()));
                failure
            })?;
            let hash = Hash::of(&sealed);
            self.head = chain::link(&self.head, &self.session, self.seq, &hash);
            self.bytes += u64::try_from(sealed.len()).unwrap_or(0);
            pieces.push(Piece {
                seq: self.seq,
                hash,
                link: self.head,
                sealed,
            });
            self.seq += 1;
        }
        Ok(pieces)
    }

    /// One transaction: the session's row where it has none yet, the pieces, and its end where
    /// `summary` is given. The log speaks of all but pieces in between.
    fn commit(&mut self, plain: &[Vec<u8>], summary: Option<&[u8]>) -> Result<(), Failure> {
        let pieces = self.seal(plain)?;
        let summary = summary.map(|summary| self.sealer.seal(summary));
        let summary = summary.transpose().map_err(|e| e.failure(&self.vault))?;
        let checkpoint = self.logged.elapsed() >= CHECKPOINT;
        let number = self.attempt(|writer| {
            if let (Some(number), None, false) = (writer.number, &summary, checkpoint) {
                db::immediate(&mut writer.conn, "commit a piece", |conn| {
                    insert(conn, number, &pieces)
                })?;
                return Ok(number);
            }
            if writer.number.is_none() && summary.is_none() && writer.live.is_none() {
                writer.live = Some(Live::hold(&writer.vault, &writer.session)?);
            }
            writer.signed(&pieces, summary.as_deref(), checkpoint)
        })?;
        self.number = Some(number);
        if checkpoint {
            self.logged = Instant::now();
        }
        Ok(())
    }

    /// A transaction that the log speaks of; gives the session's number.
    fn signed(
        &mut self,
        pieces: &[Piece],
        summary: Option<&[u8]>,
        checkpoint: bool,
    ) -> Result<i64, Error> {
        let (seq, bytes, head, genesis) = (self.seq, self.bytes, self.head, self.genesis);
        let session = self.session;
        let (known, day, meta) = (self.number, self.day, self.meta.as_slice());
        log::write(&self.vault, &mut self.conn, |log| {
            let number = match known {
                Some(number) => number,
                None => begin(log, session, day, meta, &genesis)?,
            };
            insert(log.conn(), number, pieces)?;
            if summary.is_some() || checkpoint {
                progress(log.conn(), number, seq, bytes, &head)?;
            }
            match summary {
                Some(sealed) => {
                    log.conn()
                        .prepare_cached(
                            "UPDATE sessions SET state = ?2, summary = ?3 WHERE number = ?1",
                        )
                        .and_then(|mut s| s.execute((number, state::CLOSED, sealed)))
                        .map_err(Error::db("close a session"))?;
                    log.add(What::Close {
                        session,
                        pieces: seq,
                        bytes,
                        head,
                        summary: Hash::of(sealed),
                    })?;
                }
                None if checkpoint => log.add(What::Checkpoint {
                    session,
                    pieces: seq,
                    head,
                })?,
                None => {}
            }
            Ok(number)
        })
    }

    fn discard(&mut self) -> Result<(), Failure> {
        self.attempt(|writer| {
            let Some(number) = writer.number else {
                return Ok(());
            };
            log::write(&writer.vault, &mut writer.conn, |log| {
                forget::entomb(log, number, "discarded")
            })?;
            // What of this fails, the next unlock does.
            let _ = forget::sweep(&mut writer.conn);
            Ok(())
        })
    }

    fn attempt<T>(
        &mut self,
        mut work: impl FnMut(&mut Writer) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        let shared = Arc::clone(&self.shared);
        let vault = self.vault.clone();
        let nothing = self.number.is_none();
        retry(&shared, &vault, nothing, || {
            if inode(&self.vault).ok() != Some(self.file) {
                let dir = self.vault.clone();
                return Err(Error::Gone { dir });
            }
            work(self)
        })
    }
}

/// Tries `work` until it succeeds, is hopeless, or the session's end has waited long enough.
/// `nothing` was committed of the session yet.
fn retry<T>(
    shared: &Shared,
    vault: &std::path::Path,
    nothing: bool,
    mut work: impl FnMut() -> Result<T, Error>,
) -> Result<T, Failure> {
    let (mut pause, longest) = RETRY;
    loop {
        shared.begin();
        let result = work();
        shared.end(result.is_ok());
        let failure = match result {
            Ok(value) => {
                shared.set_health(Health::Good);
                return Ok(value);
            }
            Err(e) => Failure {
                nothing,
                ..e.failure(vault)
            },
        };
        if failure.kind.is_final() {
            shared.set_health(Health::Stopped(failure.clone()));
            return Err(failure);
        }
        shared.set_health(Health::Failing(failure.clone()));
        if shared.gives_up() {
            return Err(failure);
        }
        std::thread::park_timeout(pause);
        pause = (pause * 2).min(longest);
    }
}

fn inode(vault: &std::path::Path) -> Result<(u64, u64), Error> {
    let path = vault.join(dir::DB);
    let meta = fs::symlink_metadata(&path).map_err(Error::io("look at", &path))?;
    Ok((meta.dev(), meta.ino()))
}

/// A row for a session, and its entry; gives its number.
fn begin(
    log: &mut log::Writer<'_>,
    session: SessionId,
    day: i64,
    meta: &[u8],
    genesis: &Hash,
) -> Result<i64, Error> {
    log.conn()
        .prepare_cached(
            "INSERT INTO sessions (id, day, state, pieces, bytes, head, meta)
             VALUES (?1, ?2, 0, 0, 0, ?3, ?4)",
        )
        .and_then(|mut s| s.execute((&session.0, day, &genesis.0, meta)))
        .map_err(Error::db("add a session"))?;
    let number = log.conn().last_insert_rowid();
    log.add(What::Open {
        session,
        meta: Hash::of(meta),
        day,
    })?;
    Ok(number)
}

fn insert(conn: &Connection, number: i64, pieces: &[Piece]) -> Result<(), Error> {
    let add = || -> rusqlite::Result<()> {
        let mut add = conn.prepare_cached(
            "INSERT INTO pieces (session, seq, last, hash, link, sealed)
             VALUES (?1, ?2, ?2, ?3, ?4, ?5)",
        )?;
        for piece in pieces {
            let seq = i64::try_from(piece.seq).unwrap_or(i64::MAX);
            add.execute((number, seq, &piece.hash.0, &piece.link.0, &piece.sealed))?;
        }
        Ok(())
    };
    add().map_err(Error::db("commit a piece"))
}

fn progress(
    conn: &Connection,
    number: i64,
    pieces: u64,
    bytes: u64,
    head: &Hash,
) -> Result<(), Error> {
    let pieces = i64::try_from(pieces).unwrap_or(i64::MAX);
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    conn.prepare_cached("UPDATE sessions SET pieces = ?2, bytes = ?3, head = ?4 WHERE number = ?1")
        .and_then(|mut s| s.execute((number, pieces, bytes, &head.0)))
        .map_err(Error::db("commit a piece"))?;
    Ok(())
}

/// Marks the sessions whose recorder died. Their last pieces are signed for with that; the summary
/// is counted at the next unlock.
pub fn close_interrupted(vault: &std::path::Path, conn: &mut Connection) -> Result<(), Error> {
    let dead = |conn: &Connection| -> Result<Vec<(i64, SessionId)>, Error> {
        let read = || -> rusqlite::Result<Vec<(i64, SessionId)>> {
            let mut open =
                conn.prepare_cached("SELECT number, id FROM sessions WHERE state = 0 ORDER BY 1")?;
            let rows = open.query_map([], |row| Ok((row.get(0)?, SessionId(row.get(1)?))))?;
            rows.collect()
        };
        let mut open = read().map_err(Error::db("list the open sessions"))?;
        open.retain(|(_, id)| !live::is_live(vault, id));
        Ok(open)
    };
    if dead(conn)?.is_empty() {
        return Ok(());
    }
    let closed = log::write(vault, conn, |log| {
        // Again, now that nobody can change it: a recorder may have closed in order meanwhile.
        let dead = dead(log.conn())?;
        for (number, session) in &dead {
            let (pieces, bytes, head) = chain_end(log.conn(), *number)?;
            progress(log.conn(), *number, pieces, bytes, &head)?;
            log.conn()
                .execute(
                    "UPDATE sessions SET state = ?2 WHERE number = ?1",
                    (number, state::INTERRUPTED),
                )
                .map_err(Error::db("close a session"))?;
            log.add(What::Interrupted {
                session: *session,
                pieces,
                bytes,
                head,
            })?;
        }
        Ok(dead)
    })?;
    for (_, session) in closed {
        live::forget(vault, &session);
    }
    Ok(())
}

fn chain_end(conn: &Connection, number: i64) -> Result<(u64, u64, Hash), Error> {
    let read = || -> rusqlite::Result<(u64, u64, Hash)> {
        let (rows, bytes): (u64, u64) = conn.query_row(
            "SELECT coalesce(max(last) + 1, 0), coalesce(sum(length(sealed)), 0)
             FROM pieces WHERE session = ?1",
            [number],
            |row| Ok((db::count(row, 0)?, db::count(row, 1)?)),
        )?;
        let head = if rows == 0 {
            "SELECT head FROM sessions WHERE number = ?1"
        } else {
            "SELECT link FROM pieces WHERE session = ?1 ORDER BY seq DESC LIMIT 1"
        };
        let head = conn.query_row(head, [number], |row| row.get(0))?;
        Ok((rows, bytes, Hash(head)))
    };
    read().map_err(Error::db("close a session"))
}
