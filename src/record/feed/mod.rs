//! What the relay hands to the recorder: everything that happened, in order, through a bounded
//! queue.
//!
//! The relay copies bytes in and goes on; the recorder takes them piece by piece. A full queue
//! makes the relay wait, but never longer than [`RELAY_WAIT_MAX`] at a time; after that whole
//! events are dropped and counted until there is room again (P5, P6).
//!
//! What a server sends goes to the client before it is read along. That it is owed is known beforehand
//! ([`Feed::owe`]), and what happens until it is paid comes after it: the recorder knows the rows of a
//! result before it masks what the client printed of them.

mod due;
#[cfg(test)]
mod tests;

pub use due::{Due, Owed};

use crate::model::wire::Wire;
use crate::model::{Exit, Gap, Micros, Size};
use crate::pipeline::TtyMode;
use crate::wire::Seen;
use std::collections::VecDeque;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use zeroize::{Zeroize, Zeroizing};

/// How long a full queue may stall the session (P5).
pub const RELAY_WAIT_MAX: Duration = Duration::from_millis(200);

/// Bytes under way at most (P8): some 50 ms of the fastest output seen.
const BYTES_MAX: usize = 4 << 20;

/// Events under way at most: of keys and resizes, which have few bytes.
const EVENTS_MAX: usize = 64 << 10;

/// The recorder takes so much at once: a slow one makes room after each piece, long before the relay
/// has waited in vain.
const PIECE: usize = 512 << 10;

/// With this much the recorder is woken at once; with less it gathers for [`GATHER`].
const BATCH: usize = 128 << 10;

/// How long the recorder lets small things gather. Waking it for every key would cost the relay a
/// system call and the client its processor; at this pace fewer than one key in a hundred of a fast
/// stream meets the recorder at work. P4 leaves room for it.
const GATHER: Duration = Duration::from_millis(25);

/// Something that happened. The bytes of the first two stand in [`Batch::bytes`], those of the
/// third in [`Batch::typed`].
// A label is free text: only tests may print it.
#[cfg_attr(test, derive(Debug))]
pub enum What {
    /// The terminal was given so many bytes.
    Output(usize),
    /// A stdout or stderr that is no terminal was given so many bytes.
    Stream(u8, usize),
    /// So many bytes were typed.
    Input(usize, TtyMode),
    /// The terminal has another size.
    Resize(Size),
    /// Something passed over a database connection.
    Wire(Box<Wire>),
    /// What passes over one and is read while other things happen.
    Due(Arc<Due>),
    /// Something was not seen.
    Gap(Gap),
    /// Off the record, or on it again; `None` asks for the other of the two.
    Pause(Option<bool>),
    /// The engineer marked this moment.
    Mark(String),
    /// The session is to be forgotten.
    Discard,
    /// So many events and bytes were dropped here.
    Dropped(u64, u64),
    /// The client ended.
    Exit(Exit),
}

/// Told once a wish is done, with what to say to whoever had it.
pub type Reply = SyncSender<Result<String, String>>;

/// An event on its way.
#[cfg_attr(test, derive(Debug))]
pub struct Item {
    /// Since the session began.
    pub at: Micros,
    /// What happened.
    pub what: What,
    /// Told once it is done, with what to say to whoever asked for it.
    pub reply: Option<Reply>,
}

/// What gathered.
#[derive(Default)]
pub struct Batch {
    /// Events in order.
    pub items: Vec<Item>,
    /// Their bytes, one behind the other.
    pub bytes: Vec<u8>,
    /// What was typed, one behind the other. Among it are passwords, so it is wiped.
    pub typed: Zeroizing<Vec<u8>>,
    /// About how many bytes the exchanges among the events take.
    exchanged: usize,
}

impl Batch {
    /// Forgets what is in it and keeps the room.
    pub fn clear(&mut self) {
        self.items.clear();
        self.bytes.clear();
        self.typed.zeroize();
        self.exchanged = 0;
    }

    fn len(&self) -> usize {
        self.bytes.len() + self.typed.len() + self.exchanged
    }
}

/// The queue.
pub struct Feed {
    began: Instant,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What comes is added to it.
    batch: Batch,
    /// Pieces before it, the oldest first, and what they hold.
    full: VecDeque<Batch>,
    /// How many pieces came before the one that is added to.
    pieces: u64,
    bytes: usize,
    events: usize,
    /// What is being read along and has no place yet.
    owed: Vec<Arc<Due>>,
    /// Pieces that were taken: their room is used again.
    spare: Vec<Batch>,
    /// The recorder waits for anything at all, and was not woken yet.
    sleeping: bool,
    /// It waits for more to gather, likewise.
    gathering: bool,
    /// Something that must not gather dust: an end, a wish.
    urgent: bool,
    /// How many wait for room: the relay, and the thread of the database connections.
    waiting: u32,
    /// The relay waited in vain: until there is room it does not wait again.
    stalled: bool,
    dropped: (u64, u64),
    /// Nobody takes anything any more.
    closed: bool,
}

impl State {
    fn room(&self, len: usize) -> bool {
        self.len() + len <= BYTES_MAX && self.events + self.batch.items.len() < EVENTS_MAX
    }

    fn len(&self) -> usize {
        self.bytes + self.batch.len()
    }

    /// Counts what is dropped.
    fn forgo(&mut self, events: usize, bytes: usize) {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        self.dropped.0 += count(events);
        self.dropped.1 += count(bytes);
    }

    fn is_empty(&self) -> bool {
        self.full.is_empty() && self.batch.items.is_empty()
    }

    /// Begins another piece where the present one is large enough.
    fn divide(&mut self) {
        if self.batch.len() >= PIECE {
            self.bytes += self.batch.len();
            self.events += self.batch.items.len();
            self.pieces += 1;
            let next = self.spare.pop().unwrap_or_default();
            self.full
                .push_back(std::mem::replace(&mut self.batch, next));
        }
    }

    /// A piece holds `len` more than was known when it was begun, unless it was taken already.
    fn weigh(&mut self, piece: u64, len: usize) {
        if piece == self.pieces {
            self.batch.exchanged += len;
            return;
        }
        let ago = usize::try_from(self.pieces.saturating_sub(piece)).unwrap_or(usize::MAX);
        let at = self.full.len().checked_sub(ago);
        if let Some(batch) = at.and_then(|at| self.full.get_mut(at)) {
            batch.exchanged += len;
            self.bytes += len;
        }
    }

    /// Swaps the oldest piece into `batch`, which is empty.
    fn take(&mut self, batch: &mut Batch) {
        let Some(mut oldest) = self.full.pop_front() else {
            self.pieces += 1;
            std::mem::swap(&mut self.batch, batch);
            return;
        };
        self.bytes -= oldest.len();
        self.events -= oldest.items.len();
        std::mem::swap(&mut oldest, batch);
        self.spare.push(oldest);
    }
}

impl Feed {
    /// An empty queue; time counts from `began`.
    pub fn new(began: Instant) -> Feed {
        Feed {
            began,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Whether nothing waits for the recorder.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The time of the session.
    pub fn now(&self) -> Micros {
        self.began.elapsed().into()
    }

    /// When the session's time is `at`.
    pub fn instant(&self, at: Micros) -> Instant {
        self.began + Duration::from_micros(at.0)
    }

    /// The terminal was given `bytes`.
    pub fn output(&self, bytes: &[u8]) {
        self.bytes(What::Output(bytes.len()), bytes);
    }

    /// Descriptor `fd` was given `bytes`.
    pub fn stream(&self, fd: u8, bytes: &[u8]) {
        self.bytes(What::Stream(fd, bytes.len()), bytes);
    }

    /// `bytes` were typed.
    pub fn input(&self, bytes: &[u8], mode: TtyMode) {
        self.bytes(What::Input(bytes.len(), mode), bytes);
    }

    /// The terminal has another size.
    pub fn resize(&self, size: Size) {
        self.bytes(What::Resize(size), &[]);
    }

    /// This was seen on database connection `connection`. All of it or nothing is taken, so that
    /// what is dropped is whole.
    pub fn wire(&self, connection: u32, seen: Vec<(Micros, Seen)>) {
        if seen.is_empty() {
            return;
        }
        // Made before the queue is locked: the recorder may want it.
        let (mut items, len) = due::items(connection, seen);
        let Some(mut state) = self.room(len, items.len()) else {
            return;
        };
        self.own_up(&mut state, self.now());
        state.batch.exchanged += len;
        state.batch.items.append(&mut items);
        state.divide();
        self.wake(&mut state);
    }

    /// Something is about to be handed to a client that was not read along yet: what happens from
    /// here on comes after it.
    pub fn owe(&self) -> Owed {
        let at = self.now();
        let Some(mut state) = self.room(0, 0) else {
            return Owed::nowhere(at);
        };
        let owed = Owed::new(at);
        state.owed.extend(owed.due().cloned());
        owed
    }

    /// It was read along, and this was seen in it.
    pub fn pay(&self, owed: Owed, connection: u32, seen: Vec<(Micros, Seen)>) {
        let (mut items, len) = due::items(connection, seen);
        let mut state = self.lock();
        let Some(due) = owed.due() else {
            return state.forgo(items.len(), len);
        };
        match due.piece() {
            Some(piece) => {
                state.weigh(piece, len);
                owed.pay(items);
            }
            // Nothing happened meanwhile.
            None => {
                state.owed.retain(|other| !Arc::ptr_eq(other, due));
                if items.is_empty() {
                    return;
                }
                self.own_up(&mut state, owed.at);
                state.batch.exchanged += len;
                state.batch.items.append(&mut items);
            }
        }
        state.divide();
        self.wake(&mut state);
    }

    /// Something was not seen.
    pub fn gap(&self, gap: Gap) {
        self.bytes(What::Gap(gap), &[]);
    }

    /// A wish or an end: always taken, and acted upon at once.
    pub fn urgent(&self, what: What, reply: Option<Reply>) {
        let at = self.now();
        let mut state = self.lock();
        if state.closed {
            return;
        }
        state.urgent = true;
        self.add(&mut state, Item { at, what, reply }, &[]);
        self.changed.notify_all();
    }

    /// Nothing is taken any more: the relay never waits again.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.batch.clear();
        state.full.clear();
        (state.bytes, state.events) = (0, 0);
        self.changed.notify_all();
    }

    /// Swaps what gathered, or the oldest piece of it, into `batch`, which must be empty. Waits for
    /// something until `until`, and then a little for more.
    pub fn take(&self, batch: &mut Batch, until: Option<Instant>) {
        let mut state = self.lock();
        while state.is_empty() && !state.closed {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                break;
            }
            state.sleeping = true;
            state = self.wait(state, left);
        }
        state.sleeping = false;
        let gathered = Instant::now() + GATHER;
        while !state.is_empty() && !state.urgent && state.len() < BATCH {
            let left = gathered.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state.gathering = true;
            state = self.wait(state, Some(left));
        }
        state.gathering = false;
        state.take(batch);
        // It may stand in a later piece.
        state.urgent &= !state.is_empty();
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        limit: Option<Duration>,
    ) -> MutexGuard<'a, State> {
        match limit {
            Some(limit) => {
                let waited = self.changed.wait_timeout(state, limit);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => {
                let waited = self.changed.wait(state);
                waited.unwrap_or_else(PoisonError::into_inner)
            }
        }
    }

    fn bytes(&self, what: What, bytes: &[u8]) {
        let at = self.now();
        let Some(mut state) = self.room(bytes.len(), 1) else {
            return;
        };
        let item = Item {
            at,
            what,
            reply: None,
        };
        self.add(&mut state, item, bytes);
        self.wake(&mut state);
    }

    /// The queue with room for `bytes` of `events`; waits for it. `None` when there is none to be
    /// had, which is counted.
    fn room(&self, bytes: usize, events: usize) -> Option<MutexGuard<'_, State>> {
        let mut state = self.lock();
        if !state.room(bytes) && !state.stalled && !state.closed {
            let until = Instant::now() + RELAY_WAIT_MAX;
            state.waiting += 1;
            while !state.room(bytes) && !state.closed {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                state = self.wait(state, Some(left));
            }
            state.waiting -= 1;
        }
        if state.closed {
            return None;
        }
        if !state.room(bytes) {
            state.stalled = true;
            state.forgo(events, bytes);
            return None;
        }
        Some(state)
    }

    /// Wakes the recorder, once, where it waits for this. Each call costs the relay a system call,
    /// whether anybody waits or not.
    fn wake(&self, state: &mut State) {
        if state.sleeping || (state.gathering && state.len() >= BATCH) {
            (state.sleeping, state.gathering) = (false, false);
            self.changed.notify_all();
        }
    }

    /// Tells what was dropped before.
    fn own_up(&self, state: &mut State, at: Micros) {
        state.stalled = false;
        let (events, lost) = std::mem::take(&mut state.dropped);
        if events > 0 {
            state.batch.items.push(Item {
                at,
                what: What::Dropped(events, lost),
                reply: None,
            });
        }
    }

    fn add(&self, state: &mut State, item: Item, bytes: &[u8]) {
        self.own_up(state, item.at);
        let batch = &mut state.batch;
        for due in state.owed.drain(..) {
            due.stands_in(state.pieces);
            batch.items.push(Item {
                at: item.at,
                what: What::Due(due),
                reply: None,
            });
        }
        match item.what {
            What::Input(..) => batch.typed.extend_from_slice(bytes),
            _ => batch.bytes.extend_from_slice(bytes),
        }
        // What came within a millisecond is one event of the recording anyway.
        if let (What::Output(more), Some(Item { at, what, .. })) =
            (&item.what, batch.items.last_mut())
            && let What::Output(n) = what
            && at.millis() == item.at.millis()
        {
            *n += more;
            state.divide();
            return;
        }
        batch.items.push(item);
        state.divide();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
