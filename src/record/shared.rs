//! What relay and recorder know of each other: how the screen is, and what to tell the person.

use super::feed::{Reply, What};
use super::log::Log;
use super::signals::Waker;
use crate::model::{SessionId, printable};
use std::fmt::Display;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Shared by the relay's thread and the recorder's.
pub struct Shared {
    id: OnceLock<SessionId>,
    alternate: AtomicBool,
    /// Events that the recorder has worked off.
    worked_off: AtomicU64,
    /// What cannot be recorded does not run: the client is to end.
    must_end: AtomicBool,
    refuse: bool,
    notices: Mutex<Vec<String>>,
    wishes: Mutex<Wishes>,
    wake: Waker,
    log: Log,
}

/// What was asked for from outside and has no place yet among what the client wrote.
#[derive(Default)]
struct Wishes {
    waiting: Vec<(What, Reply)>,
    /// Nobody gives them one any more.
    over: bool,
}

impl Shared {
    /// With `refuse`, a recording that stops ends its client.
    pub fn new(wake: Waker, log: Log, refuse: bool) -> Shared {
        Shared {
            id: OnceLock::new(),
            alternate: AtomicBool::new(false),
            worked_off: AtomicU64::new(0),
            must_end: AtomicBool::new(false),
            refuse,
            notices: Mutex::default(),
            wishes: Mutex::default(),
            wake,
            log,
        }
    }

    /// The session that is recorded, once it is.
    pub fn id(&self) -> Option<SessionId> {
        self.id.get().copied()
    }

    /// It is recorded from here on.
    pub fn opened(&self, id: SessionId) {
        let _ = self.id.set(id);
    }

    /// Whether a full-screen program shows.
    pub fn alternate(&self) -> bool {
        self.alternate.load(Relaxed)
    }

    /// Whether a full-screen program shows.
    pub fn set_alternate(&self, alternate: bool) {
        self.alternate.store(alternate, Relaxed);
    }

    /// How many events the recorder has worked off.
    pub fn worked_off(&self) -> u64 {
        self.worked_off.load(Relaxed)
    }

    /// One more.
    pub fn work_off(&self) {
        self.worked_off.fetch_add(1, Relaxed);
    }

    /// Whether the client is to end, because it cannot be recorded.
    pub fn must_end(&self) -> bool {
        self.must_end.load(Relaxed)
    }

    /// Asks the relay to put `what` behind what the client wrote until now. False where there is none
    /// any more.
    pub fn wish(&self, what: What, reply: Reply) -> bool {
        let mut wishes = self.lock_wishes();
        if wishes.over {
            return false;
        }
        wishes.waiting.push((what, reply));
        self.wake.wake();
        true
    }

    /// Whether something waits for its place.
    pub fn is_wished(&self) -> bool {
        !self.lock_wishes().waiting.is_empty()
    }

    /// What waits for its place, which it gets now.
    pub fn wishes(&self) -> Vec<(What, Reply)> {
        std::mem::take(&mut self.lock_wishes().waiting)
    }

    /// The relay is over: whoever still waits is told so.
    pub fn no_more_wishes(&self) {
        *self.lock_wishes() = Wishes {
            waiting: Vec::new(),
            over: true,
        };
    }

    /// The lines to show at once.
    pub fn notices(&self) -> Vec<String> {
        std::mem::take(&mut *self.lock())
    }

    /// The recording could not begin.
    pub fn not_recorded(&self, why: &dyn Display) {
        self.give_up(format!("not recording: {why}"));
    }

    /// The recording was given up.
    pub fn stopped(&self, why: &str) {
        self.give_up(format!("recording stopped: {why}"));
    }

    /// What is recorded cannot be committed just now.
    pub fn waiting(&self, why: &str) {
        self.tell(format!(
            "recording is held up: {why} (this session goes on, and so will the recording if it can)"
        ));
    }

    /// It can be committed again.
    pub fn goes_on(&self) {
        self.tell("recording goes on".to_owned());
    }

    /// The client has ended, and the recorder does not.
    pub fn unfinished(&self) {
        let what = match self.id() {
            Some(_) => {
                "the end of this session could not be recorded in time; what was before is kept, and rec ls lists it as interrupted"
            }
            None => "nothing of this session is recorded: the vault did not answer until its end",
        };
        self.tell(what.to_owned());
    }

    fn give_up(&self, what: String) {
        if self.refuse {
            self.must_end.store(true, Relaxed);
            self.tell(format!("{what} (the client ends: on_failure = \"refuse\")"));
        } else {
            self.tell(format!("{what} (this session goes on; rec doctor)"));
        }
    }

    fn tell(&self, line: String) {
        let line = printable(&line);
        self.lock().push(format!("rec: {line}"));
        self.wake.wake();
        self.log.line(&line);
    }

    fn lock_wishes(&self) -> std::sync::MutexGuard<'_, Wishes> {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
