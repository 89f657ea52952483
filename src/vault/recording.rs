//! The recorder's end of the vault: quick, bounded, and without a secret.
//!
//! Events are encoded as they come and gathered for up to a second or 256 KiB; a thread seals and
//! commits them. Nothing here waits for a disk.

use super::apart::Told;
use super::health::{Failure, FailureKind, Health};
use super::queue::{NotTaken, Queue};
use super::{Error, Vault, writer};
use crate::mask::Masked;
use crate::model::{Event, Meta, SessionId, Summary, codec};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// A piece is handed over when it has this many bytes, or [`GATHER`] after its first event. Smaller
/// ones in a flood would be more work to seal, packed less well and slower to scan.
const PIECE: usize = 256 << 10;

/// P4 gives an event one second from its mask decision to the disk; this leaves 200 ms for sealing
/// and committing.
const GATHER: Duration = Duration::from_millis(800);

/// How long `append` waits for room before it refuses. Half of what the relay may be stalled.
const APPEND_WAIT: Duration = Duration::from_millis(100);

/// How long `close` waits for the last commit.
const CLOSE_WAIT: Duration = Duration::from_secs(3);

/// A commit that takes longer than this is reported as hanging.
const HUNG: Duration = Duration::from_secs(2);

/// Why an event was not taken. It is lost for the recording; the recorder counts it in a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The writer is too far behind just now.
    Full,
    /// The recording was given up.
    Stopped,
}

/// A session being recorded.
///
/// Dropping it without [`Recording::close`] leaves the session as after a crash: what was committed
/// stays, and a later start marks it interrupted.
pub struct Recording {
    shared: Arc<Shared>,
    writer: Thread,
    buffer: Vec<u8>,
    oldest: Option<Instant>,
    /// The last hand-over found no room: the next does not wait.
    stalled: bool,
}

/// How a session ends.
pub(super) enum End {
    /// In order, with its summary's JSON.
    Close(Vec<u8>),
    /// As if it had never been.
    Discard,
}

/// What the recorder and its writer thread share.
pub(super) struct Shared {
    pub queue: Queue<End>,
    health: Mutex<Health>,
    /// Milliseconds since `epoch` at which the commit under way began, plus one; 0 for none.
    busy: AtomicU64,
    /// Something of the session is in the vault.
    committed: AtomicBool,
    epoch: Instant,
    /// After this the writer stops trying again.
    give_up: Mutex<Option<Instant>>,
    done: Mutex<Option<Result<(), Failure>>>,
    done_changed: Condvar,
    /// Where the recorder hears of it, where that is another process.
    told: Option<Told>,
}

impl Shared {
    pub fn new(told: Option<Told>) -> Shared {
        Shared {
            queue: Queue::new(),
            health: Mutex::new(Health::Good),
            busy: AtomicU64::new(0),
            committed: AtomicBool::new(false),
            epoch: Instant::now(),
            give_up: Mutex::new(None),
            done: Mutex::new(None),
            done_changed: Condvar::new(),
            told,
        }
    }

    pub fn begin(&self) {
        if let Some(told) = &self.told {
            told.busy();
        }
        let ms = self.epoch.elapsed().as_millis();
        let ms = u64::try_from(ms).unwrap_or(u64::MAX - 1);
        self.busy.store(ms + 1, Ordering::Relaxed);
    }

    /// A try to commit is over.
    pub fn end(&self, committed: bool) {
        self.committed.fetch_or(committed, Ordering::Relaxed);
        self.busy.store(0, Ordering::Relaxed);
        if let Some(told) = &self.told {
            told.idle(committed);
        }
    }

    pub fn set_health(&self, health: Health) {
        let mut now = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = self.told.as_ref().filter(|_| *now != health) {
            told.health(&health);
        }
        *now = health;
    }

    pub fn gives_up(&self) -> bool {
        let until = *self.give_up.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() >= until)
    }

    pub fn finished(&self, result: Result<(), Failure>) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if done.is_some() {
            return;
        }
        if let Some(told) = &self.told {
            told.finished(&result);
        }
        *done = Some(result);
        self.done_changed.notify_all();
    }

    pub fn is_finished(&self) -> bool {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.is_some()
    }

    /// Hands over the end. What fails is tried again for so long as [`Recording::close`] waits.
    pub fn end_with(&self, last: Option<Vec<u8>>, end: End) -> Instant {
        let until = Instant::now() + CLOSE_WAIT;
        *self.give_up.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        self.queue.finish(last, end);
        until
    }

    /// What came of it, however long that takes.
    pub fn wait(&self) -> Result<(), Failure> {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(result) = done.as_ref() {
                return result.clone();
            }
            let waited = self.done_changed.wait(done);
            done = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn health(&self) -> Health {
        let since = self.busy.load(Ordering::Relaxed);
        let since = self.epoch + Duration::from_millis(since.saturating_sub(1));
        let busy = self.busy.load(Ordering::Relaxed) != 0;
        let health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if *health == Health::Good && busy && since.elapsed() > HUNG {
            return Health::Failing(self.hung());
        }
        health.clone()
    }

    /// A write that waits for the file system looks from here as one that waits for a lock.
    fn hung(&self) -> Failure {
        let text =
            "the vault does not answer: its file system hangs, or another process keeps it locked";
        Failure {
            nothing: !self.committed.load(Ordering::Relaxed),
            ..Failure::new(FailureKind::Hung, text)
        }
    }
}

impl Recording {
    /// Begins a session. Its first commit happens on the writer thread; this only starts it.
    ///
    /// # Errors
    /// Only that no thread could be started or the metadata not be encoded.
    pub fn open(vault: Vault, meta: &Masked<Meta>) -> Result<Recording, Error> {
        let meta: &Meta = meta;
        let json = serde_json::to_vec(meta).map_err(|e| Error::Seal(e.to_string()))?;
        let shared = Arc::new(Shared::new(None));
        let (id, day) = (meta.id, meta.started.day());
        let writer = writer::spawn(vault, id, day, json, Arc::clone(&shared))?;
        Ok(Recording::over(shared, writer))
    }

    pub(super) fn over(shared: Arc<Shared>, writer: Thread) -> Recording {
        Recording {
            shared,
            writer,
            buffer: Vec::new(),
            oldest: None,
            stalled: false,
        }
    }

    /// Takes one event. Waits a bounded time (100 ms) when the writer is behind, and not at all
    /// when it was behind the last time.
    ///
    /// # Errors
    /// The event was not taken.
    pub fn append(&mut self, event: &Masked<Event>) -> Result<(), Refused> {
        if self.buffer.len() >= PIECE {
            self.hand_over()?;
        }
        self.oldest.get_or_insert_with(Instant::now);
        codec::encode(event, &mut self.buffer);
        let enough = self.buffer.len() >= PIECE;
        match enough.then(|| self.hand_over()) {
            Some(Err(Refused::Stopped)) => Err(Refused::Stopped),
            // Full: this event is in the buffer, and the next one will be told.
            _ => Ok(()),
        }
    }

    /// When [`Recording::tick`] is due: the time by which the events gathered must go.
    pub fn deadline(&self) -> Option<Instant> {
        self.oldest.map(|oldest| oldest + GATHER)
    }

    /// Hands over what was gathered if its time has come; never waits.
    pub fn tick(&mut self, now: Instant) {
        if self.deadline().is_some_and(|deadline| now >= deadline) {
            self.stalled = true;
            let _ = self.hand_over();
            if !self.buffer.is_empty() {
                // No room: look again after the same time rather than at once.
                self.oldest = Some(now);
            }
        }
    }

    /// How the way to the disk fares. Cheap; ask as often as you like.
    pub fn health(&self) -> Health {
        self.shared.health()
    }

    /// Ends the session in order and waits, at most three seconds, until that is committed.
    ///
    /// # Errors
    /// Why it could not be; the session then lists as interrupted.
    pub fn close(mut self, summary: &Masked<Summary>) -> Result<(), Failure> {
        let summary: &Summary = summary;
        let json = serde_json::to_vec(summary)
            .map_err(|e| Failure::new(FailureKind::Failed, e.to_string()))?;
        let last = Some(std::mem::take(&mut self.buffer)).filter(|piece| !piece.is_empty());
        self.finish(last, End::Close(json))
    }

    /// Ends the session and forgets it: its pieces are deleted, the log says that it was discarded.
    ///
    /// # Errors
    /// As [`Recording::close`].
    pub fn discard(self) -> Result<(), Failure> {
        self.finish(None, End::Discard)
    }

    fn finish(&self, last: Option<Vec<u8>>, end: End) -> Result<(), Failure> {
        let shared = &self.shared;
        let until = shared.end_with(last, end);
        self.writer.unpark();
        let mut done = shared.done.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(result) = done.clone() {
                return result;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(match shared.health() {
                    Health::Good => shared.hung(),
                    Health::Failing(why) | Health::Stopped(why) => why,
                });
            }
            let waited = shared.done_changed.wait_timeout(done, left);
            done = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn hand_over(&mut self) -> Result<(), Refused> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let wait = if self.stalled {
            Duration::ZERO
        } else {
            APPEND_WAIT
        };
        match self
            .shared
            .queue
            .push(std::mem::take(&mut self.buffer), wait)
        {
            Ok(()) => {
                self.stalled = false;
                self.oldest = None;
                Ok(())
            }
            Err(NotTaken::Full(back)) => {
                self.buffer = back;
                self.stalled = true;
                Err(Refused::Full)
            }
            Err(NotTaken::Abandoned) => {
                self.oldest = None;
                Err(Refused::Stopped)
            }
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.shared.queue.leave();
    }
}

/// Makes a new session's id.
///
/// # Errors
/// The system has no random bytes.
pub fn new_session_id() -> Result<SessionId, Error> {
    let mut id = [0; 16];
    super::random(&mut id)?;
    Ok(SessionId(id))
}
