//! What is done to a vault whenever it is unlocked, a little at a time: sessions that were
//! interrupted get their summary counted, and small pieces become chunks, which scan ten times as
//! fast.
//!
//! Only who can open pieces can do either, so recorders never do.

use super::chain::Hash;
use super::db;
use super::log::{self, What};
use super::seal::{self, PLAIN_MAX, Sealer};
use super::{Error, Unlocked, Vault};
use crate::model::{Event, GapKind, Meta, SessionId, Summary};
use crate::timeline::Timeline;
use rusqlite::{Connection, OptionalExtension};
use std::time::{Duration, Instant};

/// How long an unlock may work on this; what is left waits for the next one.
const BUDGET: Duration = Duration::from_millis(80);

/// What a chunk holds at most, unpacked.
const CHUNK: usize = 256 << 10;

/// Sealed bytes up to which an interrupted session is counted here; a larger one would hold up the
/// unlock, and is counted by whoever shows it.
pub(super) const COUNTED: i64 = 1 << 20;

/// Pieces that one entry of the log names at most: 8192 hashes are half a megabyte of log.
const PIECES: usize = 8192;

/// An interrupted session that is to be counted. Asked at every unlock, so it must not look at all
/// sessions.
pub(super) const DUE: &str = "SELECT number, id FROM sessions
     WHERE state = 2 AND summary IS NULL AND bytes <= ?1 LIMIT 1";

impl Unlocked {
    /// Does what is due, for a bounded time. It never fails the unlock: a full or read-only disk
    /// only means that it stays due.
    pub(super) fn maintain(&mut self) {
        let until = Instant::now() + BUDGET;
        db::look_faster(self.conn());
        while Instant::now() < until {
            match self.count_one() {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) => return,
            }
        }
        while Instant::now() < until {
            match self.compact_one(until) {
                Ok(true) => {}
                Ok(false) | Err(_) => return,
            }
        }
    }

    /// Counts the summary of one interrupted session; whether there was one.
    fn count_one(&mut self) -> Result<bool, Error> {
        let due: Option<(i64, SessionId)> = self
            .conn()
            .prepare_cached(DUE)
            .and_then(|mut s| {
                s.query_row([COUNTED], |row| Ok((row.get(0)?, SessionId(row.get(1)?))))
                    .optional()
            })
            .map_err(Error::db("list the interrupted sessions"))?;
        let Some((number, session)) = due else {
            return Ok(false);
        };
        let meta = self.find(&session.hex())?.meta;
        let summary = count(&meta, self.events(session)?);
        let json = serde_json::to_vec(&summary).map_err(|e| Error::Seal(e.to_string()))?;
        let sealed = self.seal(&json)?;
        let vault = self.vault_mut();
        log::write(&vault.dir, &mut vault.conn, |log| {
            log.conn()
                .execute(
                    "UPDATE sessions SET summary = ?2 WHERE number = ?1 AND summary IS NULL",
                    (number, &sealed),
                )
                .map_err(Error::db("close a session"))?;
            log.add(What::Counted {
                session,
                summary: Hash::of(&sealed),
            })
        })?;
        Ok(true)
    }

    /// Compacts the oldest session that is due, as far as the time allows; whether there was one
    /// and it is done.
    fn compact_one(&mut self, until: Instant) -> Result<bool, Error> {
        let due: Option<(i64, SessionId, i64)> = self
            .conn()
            .prepare_cached(
                "SELECT number, id, compact FROM sessions
                 WHERE compact >= 0 AND state IN (1, 2) ORDER BY number LIMIT 1",
            )
            .and_then(|mut s| {
                s.query_row([], |row| {
                    Ok((row.get(0)?, SessionId(row.get(1)?), row.get(2)?))
                })
                .optional()
            })
            .map_err(Error::db("list the sessions to compact"))?;
        let Some(due) = due else {
            return Ok(false);
        };
        self.compact_from(due, until)
    }

    /// Compacts all of one session, however long that takes.
    pub(super) fn compact_whole(&mut self, number: i64, session: SessionId) -> Result<(), Error> {
        loop {
            let from: i64 = self
                .conn()
                .query_row(
                    "SELECT compact FROM sessions WHERE number = ?1",
                    [number],
                    |row| row.get(0),
                )
                .map_err(db_error)?;
            let until = Instant::now() + BUDGET;
            if from < 0 || self.compact_from((number, session, from), until)? {
                return Ok(());
            }
        }
    }

    /// Compacts from a piece on, as far as the time allows; whether all is done.
    fn compact_from(
        &mut self,
        (number, session, mut from): (i64, SessionId, i64),
        until: Instant,
    ) -> Result<bool, Error> {
        let mut carried = None;
        while Instant::now() < until {
            let Some(run) = self.run(number, from, &mut carried)? else {
                self.reached(number, -1)?;
                return Ok(true);
            };
            from = run.last.saturating_add(1);
            if run.old.len() > 1 {
                let chunk = Sealer::new(self.vault().recipient().clone())?.seal(&run.plain)?;
                replace(self.vault_mut(), number, session, &run, &chunk)?;
            }
        }
        self.reached(number, from)?;
        Ok(false)
    }

    fn reached(&self, number: i64, piece: i64) -> Result<(), Error> {
        self.conn()
            .execute(
                "UPDATE sessions SET compact = ?2 WHERE number = ?1",
                (number, piece),
            )
            .map_err(Error::db("compact a session"))?;
        Ok(())
    }

    /// The next pieces from `from` on that fit into one chunk. One that is a chunk already, or does
    /// not open, is a run by itself and stays as it is. The piece that did not fit any more is
    /// carried over, so that it is opened only once.
    fn run(
        &self,
        number: i64,
        from: i64,
        carried: &mut Option<Piece>,
    ) -> Result<Option<Run>, Error> {
        let mut read = || -> rusqlite::Result<Option<Run>> {
            let mut rows = self.conn().prepare_cached(
                "SELECT seq, last, hash, link, sealed FROM pieces
                 WHERE session = ?1 AND seq >= ?2 ORDER BY seq",
            )?;
            let mut run = carried.take().map(Run::of);
            let after = run.as_ref().map_or(from, |run| run.last.saturating_add(1));
            if run.as_ref().is_some_and(|run| run.alone) {
                return Ok(run);
            }
            let mut rows = rows.query((number, after))?;
            while let Some(row) = rows.next()? {
                let piece = self.piece(row)?;
                match run.take() {
                    None => {
                        let first = Run::of(piece);
                        if first.alone {
                            return Ok(Some(first));
                        }
                        run = Some(first);
                    }
                    Some(mut so_far) => {
                        let rest = so_far.take(piece);
                        run = Some(so_far);
                        if rest.is_some() {
                            *carried = rest;
                            break;
                        }
                    }
                }
            }
            Ok(run)
        };
        read().map_err(Error::db("compact a session"))
    }

    fn piece(&self, row: &rusqlite::Row<'_>) -> rusqlite::Result<Piece> {
        let (seq, last): (i64, i64) = (row.get(0)?, row.get(1)?);
        let hash = Hash(row.get(2)?);
        let mut plain = None;
        if seq == last {
            let sealed = row.get_ref(4)?.as_blob().unwrap_or_default();
            // What is not what it was must stay, so that verify can name it.
            if Hash::of(sealed) == hash {
                plain = self.open(sealed, PLAIN_MAX).ok();
            }
        }
        Ok(Piece {
            seq,
            last,
            hash,
            link: Hash(row.get(3)?),
            plain,
        })
    }
}

/// A row of `pieces`; its plaintext only where it may become a part of a chunk.
struct Piece {
    seq: i64,
    last: i64,
    hash: Hash,
    link: Hash,
    plain: Option<Vec<u8>>,
}

/// Pieces that follow each other and are to become one chunk.
struct Run {
    first: i64,
    last: i64,
    /// Nothing may join it.
    alone: bool,
    old: Vec<Hash>,
    link: Hash,
    plain: Vec<u8>,
}

impl Run {
    fn of(piece: Piece) -> Run {
        Run {
            first: piece.seq,
            last: piece.last,
            alone: piece.plain.is_none(),
            old: vec![piece.hash],
            link: piece.link,
            plain: piece.plain.unwrap_or_default(),
        }
    }

    /// Adds the next piece; gives it back if it is not the next one or there is no room.
    fn take(&mut self, piece: Piece) -> Option<Piece> {
        let fits = piece.seq == self.last.saturating_add(1)
            && self.old.len() < PIECES
            && piece
                .plain
                .as_ref()
                .is_some_and(|plain| self.plain.len() + plain.len() <= CHUNK);
        if !fits {
            return Some(piece);
        }
        self.last = piece.seq;
        self.old.push(piece.hash);
        self.link = piece.link;
        self.plain
            .extend_from_slice(&piece.plain.unwrap_or_default());
        None
    }
}

/// Puts the chunk in the place of its pieces, if they are still what was read.
fn replace(
    vault: &mut Vault,
    number: i64,
    session: SessionId,
    run: &Run,
    chunk: &[u8],
) -> Result<(), Error> {
    let new = Hash::of(chunk);
    log::write(&vault.dir, &mut vault.conn, |log| {
        if still(log.conn(), number, run)? != run.old {
            return Ok(());
        }
        let swap = || -> rusqlite::Result<()> {
            log.conn().execute(
                "DELETE FROM pieces WHERE session = ?1 AND seq BETWEEN ?2 AND ?3",
                (number, run.first, run.last),
            )?;
            log.conn().execute(
                "INSERT INTO pieces (session, seq, last, hash, link, sealed)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                (number, run.first, run.last, &new.0, &run.link.0, chunk),
            )?;
            Ok(())
        };
        swap().map_err(Error::db("compact a session"))?;
        log.add(What::Compact {
            session,
            first: u64::try_from(run.first).unwrap_or(0),
            last: u64::try_from(run.last).unwrap_or(0),
            old: run.old.clone(),
            new,
        })
    })
}

fn still(conn: &Connection, number: i64, run: &Run) -> Result<Vec<Hash>, Error> {
    let read = || -> rusqlite::Result<Vec<Hash>> {
        let mut rows = conn.prepare_cached(
            "SELECT hash FROM pieces WHERE session = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq",
        )?;
        rows.query_map((number, run.first, run.last), |row| Ok(Hash(row.get(0)?)))?
            .collect()
    };
    read().map_err(db_error)
}

fn db_error(source: rusqlite::Error) -> Error {
    Error::db("compact a session")(source)
}

/// The summary of a session whose recorder could not write one.
pub(super) fn count(
    meta: &Meta,
    events: impl Iterator<Item = Result<Event, seal::Damage>>,
) -> Summary {
    let mut lost = 0_u32;
    let whole = events.filter_map(|event| {
        lost = lost.saturating_add(u32::from(event.is_err()));
        event.ok()
    });
    let mut summary = Timeline::outline(meta, whole).summary();
    let mut add = |kind, more| {
        let n = summary.gaps.entry(kind).or_insert(0_u32);
        *n = n.saturating_add(more);
    };
    add(GapKind::Interrupted, 1);
    if lost > 0 {
        add(GapKind::Dropped, lost);
    }
    summary
}
