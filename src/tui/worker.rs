//! The thread that reads: sessions, landmarks, output, and the player on its clock.
//!
//! The views never wait for it. It takes requests in order, drops those that a later one has made
//! pointless, and between them does the work that takes long in small steps: indexing a session
//! piece by piece, playing it.

mod ask;
mod nowhere;
mod output;
mod queue;
mod replay;

use super::library::Library;
use super::msg::{Look, Msg, Output, Request};
use super::reel::{Reel, Shared};
use crate::model::{Body, Event, SessionId, Size, Status};
use crate::player::{Jump, Player, Reached, Spot};
use crate::timeline::{Builder, Renderer, Statement, Table, tables};
use crate::vault::index::Halt;
use output::output;
use queue::{next, supersedes};
use replay::{Replay, TICK};
use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::time::{Duration, Instant};

/// How often growing landmarks are handed on while a session is being indexed.
const LANDMARKS_EVERY: Duration = Duration::from_millis(200);
/// Sessions that are opened before the list is first told: each costs a fraction of a millisecond.
const LIST_BATCH: usize = 100;
/// How long indexing may keep a request waiting.
const INDEX_SLICE: Duration = Duration::from_millis(10);
/// How long a session is read before anything of it is shown: most are read whole by then.
const FIRST_SLICE: Duration = Duration::from_millis(3);

/// The session that is looked at.
struct Open {
    id: SessionId,
    size: Size,
    player: Player<Reel>,
    /// Whether all landmarks were handed on.
    told: bool,
    told_at: Option<Instant>,
    /// What the browser wants to see of it and the index does not cover yet.
    still: Option<Look>,
    output: Option<Look>,
    /// The viewer is in the player.
    replay: Option<Replay>,
}

/// The worker's own state.
pub struct Worker {
    library: Shared,
    /// Whether something waits that is to be done before what takes long is.
    halt: Halt,
    /// What was given up for something else; it is done when there is nothing else to do.
    later: VecDeque<Request>,
    /// The library has to do something for later searches.
    behind: bool,
    /// How many hundredths of that were told to be done.
    indexing: Option<u8>,
    /// The sessions that were told without how many of their commands failed.
    uncounted: HashSet<SessionId>,
    /// How many sessions were told, while more are to come.
    listed: Option<usize>,
    /// What was searched last, while its lines are still to be read.
    unread: Option<String>,
    open: Option<Open>,
    out: SyncSender<Msg>,
}

/// Nobody listens any more.
struct Gone;

impl Worker {
    /// Reads from `library` and tells `out`. Whoever sends a request asks `halt` before.
    pub fn new(library: Box<dyn Library>, halt: Halt, out: SyncSender<Msg>) -> Worker {
        Worker {
            library: Rc::new(RefCell::new(library)),
            halt,
            later: VecDeque::new(),
            behind: false,
            indexing: None,
            uncounted: HashSet::new(),
            listed: None,
            unread: None,
            open: None,
            out,
        }
    }

    /// Works until nobody asks or listens any more.
    pub fn run(mut self, requests: &Receiver<Request>) {
        let mut queue = VecDeque::new();
        loop {
            if queue.is_empty() {
                match self.pause() {
                    None => match requests.recv() {
                        Ok(request) => self.take_up(request, &mut queue),
                        Err(_) => return,
                    },
                    Some(time) if !time.is_zero() => match requests.recv_timeout(time) {
                        Ok(request) => self.take_up(request, &mut queue),
                        Err(RecvTimeoutError::Timeout) => {}
                        Err(RecvTimeoutError::Disconnected) => return,
                    },
                    Some(_) => {}
                }
            }
            loop {
                match requests.try_recv() {
                    Ok(request) => self.take_up(request, &mut queue),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            let done = match next(&mut queue) {
                Some(request) => self.answer(request),
                None if self.due().is_none() => self.work_later(),
                None => self.work(),
            };
            if done.is_err() {
                return;
            }
        }
    }

    fn take_up(&mut self, request: Request, queue: &mut VecDeque<Request>) {
        self.halt.take_up();
        self.later.retain(|waits| !supersedes(&request, waits));
        queue.push_back(request);
    }

    /// What can wait until there is nothing else to do.
    fn work_later(&mut self) -> Result<(), Gone> {
        if let Some(request) = self.later.pop_front() {
            return self.answer(request);
        }
        if self.behind {
            return self.catch_up();
        }
        Ok(())
    }

    /// Makes later searches fast. How far that is is told once there is something to tell: most of
    /// the time it is over at once.
    fn catch_up(&mut self) -> Result<(), Gone> {
        let (out, told) = (&self.out, &mut self.indexing);
        let mut gone = false;
        let mut progress = |hundredths: u8| {
            if (1..100).contains(&hundredths) && *told != Some(hundredths) {
                *told = Some(hundredths);
                gone |= out.send(Msg::Indexing(*told)).is_err();
            }
        };
        let mut library = self.library.borrow_mut();
        self.behind = library.catch_up(&self.halt, &mut progress);
        let counted = match self.behind {
            true => Vec::new(),
            false => library.failed(&mut self.uncounted, &self.halt),
        };
        drop(library);
        self.behind |= !self.uncounted.is_empty();
        if gone {
            return Err(Gone);
        }
        if !counted.is_empty() {
            self.tell(Msg::Failed(counted))?;
        }
        match self.behind || self.indexing.take().is_none() {
            true => Ok(()),
            false => self.tell(Msg::Indexing(None)),
        }
    }

    /// How long the worker may sleep; `None` until the next request.
    fn pause(&mut self) -> Option<Duration> {
        match self.due() {
            None => (self.behind || !self.later.is_empty()).then_some(Duration::ZERO),
            due => due,
        }
    }

    /// When the next thing is due that cannot wait for everything else.
    fn due(&mut self) -> Option<Duration> {
        if self.listed.is_some() || self.unread.is_some() {
            return Some(Duration::ZERO);
        }
        let open = self.open.as_mut()?;
        let index = (!open.player.landmarks().complete).then_some(Duration::ZERO);
        let replay = match &open.replay {
            Some(replay) if replay.dirty => Some(replay.rest()),
            Some(replay) => {
                let since = replay.since.elapsed();
                let wait = open.player.wait();
                wait.map(|wait| wait.saturating_sub(since).clamp(replay.rest(), TICK))
            }
            None => None,
        };
        index.into_iter().chain(replay).min()
    }

    fn answer(&mut self, request: Request) -> Result<(), Gone> {
        match request {
            Request::Sessions => {
                // What was open may have grown.
                self.open = self.open.take().filter(|open| open.replay.is_some());
                self.listed = Some(0);
                self.list()
            }
            Request::Landmarks(id) => {
                if self.opened(id)? {
                    self.index(INDEX_SLICE);
                    self.landmarks(true)?;
                }
                Ok(())
            }
            Request::Output(look) => {
                if self.opened(look.id)? {
                    if let Some(open) = &mut self.open {
                        open.output = Some(look);
                    }
                    self.looks()?;
                }
                Ok(())
            }
            Request::Still(look) => {
                if self.opened(look.id)? {
                    if let Some(open) = &mut self.open {
                        open.still = Some(look);
                    }
                    self.looks()?;
                }
                Ok(())
            }
            Request::Replay {
                id,
                jump,
                about,
                play,
                pace,
            } => {
                if self.opened(id)? {
                    self.replay(jump, about, play, pace);
                    // First what there is to see; it is read on afterwards.
                    self.landmarks(false)?;
                    self.play()?;
                }
                Ok(())
            }
            Request::Search(_)
            | Request::Find(_)
            | Request::Matching(_)
            | Request::Stats(_)
            | Request::Runs(..)
            | Request::Compare(..)
            | Request::Preview(_) => self.ask(request),
            Request::Write {
                piece,
                path,
                replace,
            } => {
                let exists = !replace && path.symlink_metadata().is_ok();
                let said = self.write(&piece, &path, replace);
                self.tell(Msg::Written(said, exists))
            }
            Request::Change(change) => {
                // What is changed may be what is open.
                self.open = self.open.take().filter(|open| open.replay.is_some());
                let said = self.library.borrow_mut().change(&change);
                self.tell(Msg::Changed(said))
            }
            Request::Order(order) => {
                self.order(order);
                self.work()
            }
            Request::EndReplay => {
                if let Some(open) = &mut self.open {
                    open.player.set_playing(false);
                    open.replay = None;
                }
                Ok(())
            }
        }
    }

    fn tell(&self, msg: Msg) -> Result<(), Gone> {
        self.out.send(msg).map_err(|_| Gone)
    }

    /// Tells some more sessions, while there are any.
    fn list(&mut self) -> Result<(), Gone> {
        let Some(from) = self.listed else {
            return Ok(());
        };
        // Twice as many with each batch: the list is put in order again with each.
        let batch = LIST_BATCH.max(from);
        let found = self.library.borrow_mut().sessions(from, batch);
        match found {
            Ok(sessions) => {
                if from == 0 {
                    self.uncounted.clear();
                }
                let unknown = sessions.iter().filter(|session| {
                    session.failed.is_none() && session.status != Status::Recording
                });
                self.uncounted.extend(unknown.map(|session| session.id));
                // Only who reads them can tell; searches are the faster for it, too.
                self.behind |= !self.uncounted.is_empty();
                let more = sessions.len() == batch;
                self.listed = more.then_some(from + sessions.len());
                self.tell(Msg::Sessions {
                    from,
                    sessions,
                    more,
                })
            }
            Err(why) => {
                self.listed = None;
                self.tell(Msg::NoSessions(why))
            }
        }
    }

    /// Tells why some more of what was found was found, while there is any.
    fn lines(&mut self) -> Result<(), Gone> {
        let Some(text) = self.unread.take() else {
            return Ok(());
        };
        let lines = self.library.borrow_mut().lines(&self.halt);
        match lines {
            Ok(Some(lines)) => {
                self.unread = Some(text.clone());
                self.tell(Msg::Lines(text, lines))
            }
            // What was found stays found; only why is not seen.
            Ok(None) | Err(_) => Ok(()),
        }
    }

    /// Opens the session, unless it is; false, and said so, when it cannot be read.
    fn opened(&mut self, id: SessionId) -> Result<bool, Gone> {
        if self.open.as_ref().is_some_and(|open| open.id == id) {
            return Ok(true);
        }
        match Reel::open(&self.library, id) {
            Ok(reel) => {
                let size = reel.size;
                self.open = Some(Open {
                    id,
                    size,
                    player: Player::new(reel, size),
                    told: false,
                    told_at: None,
                    still: None,
                    output: None,
                    replay: None,
                });
                self.index(FIRST_SLICE);
                Ok(true)
            }
            Err(why) => {
                self.tell(Msg::Unreadable(id, why))?;
                Ok(false)
            }
        }
    }

    /// Reads more of the open session, for so long.
    fn index(&mut self, slice: Duration) {
        let Some(open) = &mut self.open else { return };
        let start = Instant::now();
        while open.player.index_more() && start.elapsed() < slice {}
    }

    /// Tells the landmarks, when `now` or when it is time.
    fn landmarks(&mut self, now: bool) -> Result<(), Gone> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let landmarks = open.player.landmarks();
        let recently = open
            .told_at
            .is_some_and(|at| at.elapsed() < LANDMARKS_EVERY);
        let due = landmarks.complete && !open.told || !landmarks.complete && !recently;
        if now || due {
            open.told = landmarks.complete;
            open.told_at = Some(Instant::now());
            let msg = Msg::Landmarks(open.id, Arc::new(landmarks.clone()));
            self.tell(msg)?;
        }
        Ok(())
    }

    /// A step of whatever is to be done without being asked.
    fn work(&mut self) -> Result<(), Gone> {
        self.list()?;
        self.lines()?;
        let complete = match &self.open {
            Some(open) => open.player.landmarks().complete,
            None => return Ok(()),
        };
        if !complete {
            self.index(INDEX_SLICE);
        }
        self.landmarks(false)?;
        self.looks()?;
        self.play()
    }

    /// Shows what the browser waits for, once it can be shown.
    fn looks(&mut self) -> Result<(), Gone> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let mut told = Vec::new();
        if let Some(look) = open.output
            && let Some(output) = output(open, look)
        {
            open.output = None;
            told.push(Msg::Output(look, Arc::new(output)));
        }
        // The player stands where the viewer left it while it is in use.
        if let (Some(look), None) = (open.still, &open.replay) {
            let jump = look.command.map_or(Jump::End, Jump::Outcome);
            match open.player.jump(jump) {
                Reached::There => {
                    open.still = None;
                    let grid = open.player.screen().grid();
                    told.push(Msg::Still(look, Arc::new(grid)));
                }
                Reached::Nowhere => open.still = None,
                Reached::NotYet => {}
            }
        }
        told.into_iter().try_for_each(|msg| self.tell(msg))
    }
}

#[cfg(test)]
#[path = "worker_tests.rs"]
mod tests;
