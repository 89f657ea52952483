//! The recorder: a thread that takes what happened, has it masked, and hands it to the vault.
//!
//! Whatever fails here, the session goes on (P5): the feed is closed, the person is told in one
//! line, and the relay copies on.

use super::about::About;
use super::feed::{Batch, Due, Feed, Item, Reply, What};
use super::shared::Shared;
use super::sys;
use crate::config::Paths;
use crate::mask::{Door, Rules, Scanner};
use crate::model::{Exit, Gap, GapKind, Micros, SessionId, Summary};
use crate::pipeline::Pipeline;
use crate::vault::apart::Apart;
use crate::vault::{self, Failure, Health, Recording, Refused, Vault};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvError, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How often the way to the disk is looked at while it may have news.
const LOOK: Duration = Duration::from_millis(500);

/// For so long after the last event a commit may still fail.
const NEWS: Duration = Duration::from_secs(5);

/// So many bytes are masked before what is decided goes to the vault.
const RUN: usize = 256 << 10;

/// How long the recorder waits for a vault that is behind, and how often it asks. Meanwhile the feed
/// fills, and only when that is full does the session wait at all.
const PATIENCE: Duration = Duration::from_millis(500);
const AGAIN: Duration = Duration::from_millis(5);

/// How long opening the vault may take before that is worth a word: it takes milliseconds.
const OPEN_WAIT: Duration = Duration::from_secs(2);

/// How long the relay waits at the end for a recorder that gets nothing done: what the vault needs
/// to commit or give up, and a second to spare.
const END_WAIT: Duration = Duration::from_secs(4);

/// How long it waits in all. A full queue is worked off in a tenth of a second; this is for a
/// machine that does much else.
const END_MAX: Duration = Duration::from_secs(15);

/// Where to record to.
pub enum Place {
    /// A vault that is open.
    Open(Box<Vault>),
    /// One that the recorder opens.
    At(Box<Paths>),
    /// One that a process of its own opens and writes.
    Apart(Apart),
}

/// A vault that takes a session.
enum Opened {
    Here(Box<Vault>),
    Apart(Apart),
}

impl Place {
    /// Opens it, however long that takes; the session's shortest name comes with it.
    fn open(self, id: &SessionId) -> Result<(Opened, String), String> {
        let here = |vault: Box<Vault>| {
            let short = vault.short(id).map_err(|error| error.to_string())?;
            Ok((Opened::Here(vault), short))
        };
        match self {
            Place::Open(vault) => here(vault),
            Place::At(paths) => {
                let vault = Vault::open(&paths).map_err(|e| e.in_a_line(&paths.vault))?;
                here(Box::new(vault))
            }
            Place::Apart(apart) => {
                let short = apart.open(id)?;
                Ok((Opened::Apart(apart), short))
            }
        }
    }
}

/// The recorder as the relay's side holds it.
pub struct Recorder {
    finished: Receiver<Option<Finished>>,
}

/// A session that was recorded to its end.
#[derive(Debug)]
pub struct Finished {
    /// Its shortest name in this vault.
    pub short: String,
    /// What was counted.
    pub summary: Summary,
    /// Whether its end was committed.
    pub closed: Result<(), Failure>,
    /// Where a process of its own wrote it, and what that has to say afterwards.
    pub after: Option<Receiver<String>>,
}

impl Recorder {
    /// Starts it. Only to be called after the monitor was forked.
    ///
    /// # Errors
    /// No thread to be had.
    pub fn start(
        place: Place,
        about: About,
        feed: Arc<Feed>,
        shared: Arc<Shared>,
    ) -> std::io::Result<Recorder> {
        let (done, finished) = channel();
        let thread = std::thread::Builder::new().name("recorder".into());
        thread.spawn(move || {
            let work = AssertUnwindSafe(|| record(place, &about, &feed, &shared));
            let finished = catch_unwind(work).unwrap_or_else(|_| {
                shared.stopped("an internal error, which rec's log names; please report it");
                None
            });
            feed.close();
            // Whoever waited too long for it is gone.
            let _ = done.send(finished);
        })?;
        Ok(Recorder { finished })
    }

    /// Waits for the end, which the feed must have been told; `None` where nothing was recorded to
    /// its end.
    pub fn end(self, shared: &Shared) -> Option<Finished> {
        let begun = Instant::now();
        let mut seen = shared.worked_off();
        loop {
            let left = END_MAX.saturating_sub(begun.elapsed()).min(END_WAIT);
            match self.finished.recv_timeout(left) {
                Ok(finished) => return finished,
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
            let now = shared.worked_off();
            if now == seen || begun.elapsed() >= END_MAX {
                shared.unfinished();
                return None;
            }
            seen = now;
        }
    }
}

/// Records one session; `None` when it was discarded or could not be recorded to its end.
fn record(place: Place, about: &About, feed: &Feed, shared: &Shared) -> Option<Finished> {
    match open(place, about, shared) {
        Ok((session, short)) => {
            shared.opened(session.id);
            session.run(feed, shared, short)
        }
        Err(why) => {
            shared.not_recorded(&why);
            None
        }
    }
}

fn open(place: Place, about: &About, shared: &Shared) -> Result<(Session, String), String> {
    let id = vault::new_session_id().map_err(|error| error.to_string())?;
    // Both take milliseconds, and neither needs the other; the client needs neither.
    sys::give_way();
    let (vault, (scanner, meta)) = std::thread::scope(|scope| {
        let (done, opened) = channel();
        scope.spawn(move || {
            // The recorder waits for it whatever comes.
            let _ = done.send(place.open(&id));
        });
        let mut scanner = Scanner::new(Rules::with(&about.masking));
        let meta = about.meta(id, &mut scanner);
        (wait_for(&opened, shared), (scanner, meta))
    });
    sys::take_turns();
    let (vault, short) = vault?;
    let mut door = scanner.door();
    let meta = match door.admit(meta) {
        Ok(meta) => meta,
        // What names the session must not betray a secret: then it has no name.
        Err(_) => door
            .admit(about.nameless(id))
            .map_err(|doubt| doubt.to_string())?,
    };
    let (recording, after) = match vault {
        Opened::Here(vault) => {
            let recording = Recording::open(*vault, &meta).map_err(|error| error.to_string())?;
            (recording, None)
        }
        Opened::Apart(apart) => {
            let begun = Recording::apart(apart, &meta).map_err(|error| error.to_string())?;
            (begun.0, Some(begun.1))
        }
    };
    let own = scanner.door();
    let session = Session {
        id,
        pipeline: Pipeline::new(scanner, own, about.size.or_default()),
        last: Micros(0),
        door,
        recording: Some(recording),
        after,
        paused: false,
        behind: false,
        lost: 0,
        health: Health::Good,
        active: Instant::now(),
    };
    Ok((session, short))
}

/// Waits for the vault to be open, and says so when that takes long.
fn wait_for<T>(opened: &Receiver<Result<T, String>>, shared: &Shared) -> Result<T, String> {
    let gone = |_| Err("internal error".to_owned());
    match opened.recv_timeout(OPEN_WAIT) {
        Ok(vault) => vault,
        Err(RecvTimeoutError::Disconnected) => gone(RecvError),
        Err(RecvTimeoutError::Timeout) => {
            shared.waiting("the vault does not answer");
            let vault = opened.recv().unwrap_or_else(gone);
            if vault.is_ok() {
                shared.goes_on();
            }
            vault
        }
    }
}

struct Session {
    id: SessionId,
    pipeline: Pipeline,
    /// When the last event happened that was taken.
    last: Micros,
    /// For the summary.
    door: Door,
    /// `None` once the vault takes nothing more.
    recording: Option<Recording>,
    after: Option<Receiver<String>>,
    paused: bool,
    /// The vault did not take the last event in time: it is not waited for again until it does.
    behind: bool,
    /// Events that the vault did not take.
    lost: u64,
    health: Health,
    active: Instant,
}

/// How a batch left the session.
enum Next {
    More,
    Over,
    Discarded,
}

impl Session {
    fn run(mut self, feed: &Feed, shared: &Shared, short: String) -> Option<Finished> {
        let mut batch = Batch::default();
        loop {
            feed.take(&mut batch, self.wake(feed));
            let next = self.batch(&mut batch, shared);
            shared.set_alternate(self.pipeline.screen_state().alternate);
            match next {
                Next::More => {}
                Next::Over => return self.close(short, feed.now()),
                Next::Discarded => return None,
            }
            // Behind the client, what it did next is not known yet: nothing was held for too long.
            let now = feed.now();
            self.pipeline
                .tick(if feed.is_empty() { now } else { self.last });
            self.store(feed.now());
            if let Some(recording) = &mut self.recording {
                recording.tick(Instant::now());
            }
            self.look(shared);
            self.recording.as_ref()?;
        }
    }

    /// When there is something to do though nothing happens.
    fn wake(&self, feed: &Feed) -> Option<Instant> {
        let now = Instant::now();
        let pipeline = self.pipeline.next_deadline().map(|at| feed.instant(at));
        let vault = self.recording.as_ref().and_then(Recording::deadline);
        let news = self.health != Health::Good || now < self.active + NEWS;
        let look = news.then(|| now + LOOK);
        pipeline.into_iter().chain(vault).chain(look).min()
    }

    fn batch(&mut self, batch: &mut Batch, shared: &Shared) -> Next {
        if batch.items.is_empty() {
            return Next::More;
        }
        self.active = Instant::now();
        let (mut bytes, mut typed) = (batch.bytes.as_slice(), batch.typed.as_slice());
        let mut next = Next::More;
        let mut fresh = 0;
        for Item { at, what, reply } in batch.items.drain(..) {
            let before = bytes.len();
            self.last = at;
            match what {
                What::Output(n) => self.pipeline.output(at, cut(&mut bytes, n)),
                What::Stream(fd, n) => self.pipeline.stream(at, fd, cut(&mut bytes, n)),
                What::Input(n, mode) => self.pipeline.input(at, cut(&mut typed, n), mode),
                What::Resize(size) => self.pipeline.resize(at, size),
                What::Wire(wire) => self.pipeline.wire(at, wire),
                What::Due(due) => self.due(&due),
                What::Gap(gap) => self.pipeline.gap(at, gap),
                What::Dropped(events, bytes) => self.gap(at, bytes, events),
                What::Exit(exit) => {
                    self.exit(at, exit);
                    next = Next::Over;
                }
                wish @ (What::Pause(_) | What::Mark(_) | What::Discard) => {
                    if let Some(over) = self.wish(at, wish, reply) {
                        next = over;
                    }
                }
            }
            // In runs, so that what was shown in quick succession becomes few events.
            fresh += before - bytes.len();
            if fresh >= RUN {
                fresh = 0;
                self.store(at);
            }
            shared.work_off();
        }
        batch.clear();
        next
    }

    /// What was seen of what a server sent.
    fn due(&mut self, due: &Due) {
        for Item { at, what, .. } in due.wait() {
            match what {
                What::Wire(wire) => self.pipeline.wire(at, wire),
                What::Gap(gap) => self.pipeline.gap(at, gap),
                _ => {}
            }
        }
    }

    /// What the engineer asked for.
    fn wish(&mut self, at: Micros, what: What, reply: Option<Reply>) -> Option<Next> {
        let (answer, next) = match &what {
            What::Pause(pause) => (self.pause(at, *pause), None),
            What::Mark(_) if self.paused => {
                let why = "this session is off the record; rec resume puts it on again";
                (Err(why.to_owned()), None)
            }
            What::Mark(label) => {
                self.pipeline.marker(at, label);
                (Ok("marked".to_owned()), None)
            }
            What::Discard => match self.recording.take().map(Recording::discard) {
                Some(Err(failure)) => (Err(failure.text), Some(Next::Discarded)),
                _ => {
                    let done = "forgotten; the client goes on unrecorded".to_owned();
                    (Ok(done), Some(Next::Discarded))
                }
            },
            _ => return None,
        };
        if let Some(reply) = reply {
            // Whoever asked may be gone.
            let _ = reply.try_send(answer);
        }
        next
    }

    fn pause(&mut self, at: Micros, pause: Option<bool>) -> Result<String, String> {
        let pause = pause.unwrap_or(!self.paused);
        let before = std::mem::replace(&mut self.paused, pause);
        if pause {
            self.pipeline.pause(at);
        } else {
            self.pipeline.resume(at);
        }
        let said = match (before, pause) {
            (false, true) => "off the record",
            (true, true) => "already off the record",
            (true, false) => "on the record again",
            (false, false) => "already on the record",
        };
        Ok(said.to_owned())
    }

    fn exit(&mut self, at: Micros, exit: Exit) {
        self.tell_lost(at);
        self.pipeline.exit(at, exit);
    }

    fn gap(&mut self, at: Micros, bytes: u64, events: u64) {
        let gap = Gap {
            kind: GapKind::Dropped,
            bytes,
            detail: format!("the recorder was too slow for {events} events"),
        };
        self.pipeline.gap(at, gap);
    }

    fn tell_lost(&mut self, at: Micros) {
        let lost = std::mem::take(&mut self.lost);
        if lost > 0 {
            self.gap(at, 0, lost);
        }
    }

    /// Hands what is decided to the vault.
    fn store(&mut self, now: Micros) {
        for event in self.pipeline.take() {
            let Some(recording) = &mut self.recording else {
                return;
            };
            let until = Instant::now() + PATIENCE;
            loop {
                match recording.append(&event) {
                    Ok(()) => self.behind = false,
                    Err(Refused::Full) if !self.behind && Instant::now() < until => {
                        std::thread::sleep(AGAIN);
                        continue;
                    }
                    Err(Refused::Full) => {
                        self.behind = true;
                        self.lost += 1;
                    }
                    Err(Refused::Stopped) => return,
                }
                break;
            }
        }
        let caught_up = self.health == Health::Good;
        if self.lost > 0 && caught_up && self.active + LOOK < Instant::now() {
            self.tell_lost(now);
        }
    }

    /// Says how the way to the disk fares, when that changes.
    fn look(&mut self, shared: &Shared) {
        let Some(recording) = &self.recording else {
            return;
        };
        let health = recording.health();
        if health == self.health {
            return;
        }
        match (&self.health, &health) {
            (_, Health::Stopped(why)) => {
                shared.stopped(&why.text);
                self.recording = None;
            }
            (Health::Good, Health::Failing(why)) => shared.waiting(&why.text),
            (_, Health::Good) => shared.goes_on(),
            _ => {}
        }
        self.health = health;
    }

    fn close(mut self, short: String, now: Micros) -> Option<Finished> {
        self.store(now);
        let summary = self.pipeline.summary();
        let closed = match (self.recording.take(), self.door.admit(summary.clone())) {
            (Some(recording), Ok(summary)) => recording.close(&summary),
            // Without a summary it is counted from the events when it is read.
            _ => return None,
        };
        Some(Finished {
            short,
            summary,
            closed,
            after: self.after,
        })
    }
}

/// The next `n` bytes.
fn cut<'a>(bytes: &mut &'a [u8], n: usize) -> &'a [u8] {
    let (first, rest) = bytes.split_at_checked(n).unwrap_or((bytes, &[]));
    *bytes = rest;
    first
}
