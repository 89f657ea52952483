//! The player: a playhead on a recording, moved by passing time or by a jump.

use super::index::{self, Index, Keyframe};
use super::unseen::Unseen;
use super::{Landmarks, Moment, Screen, Source, Spot};
use crate::model::{Body, Event, Gap, GapKind, Micros, Size};
use std::time::Duration;

/// The speeds that faster and slower go through.
pub const SPEEDS: &[f64] = &[0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 8.0, 16.0, 32.0];
/// How long nothing may happen before it is skipped, unless the user says otherwise.
pub const IDLE_DEFAULT: Duration = Duration::from_secs(2);

/// Terminal bytes that one [`Player::advance`] applies at most, about 30 ms of work; in a flood
/// the playhead then lags instead of the keyboard.
const BYTES_PER_ADVANCE: usize = 1 << 20;
/// Pieces that a glimpse is drawn from: a piece of what is typed may hold a second of it, one of a
/// compacted session fills the screen many times.
const GLIMPSED: usize = 3;
/// Going back within this time of a landmark means the one before it, as on any music player.
const AGAIN: Duration = Duration::from_secs(1);

/// Where to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jump {
    /// The first moment.
    Start,
    /// The last moment.
    End,
    /// This time; one behind the end is the end.
    Time(Micros),
    /// The moment at which the command of this number was submitted.
    Command(u32),
    /// The moment at which the command of this number was over, with its output on the screen.
    Outcome(u32),
    /// The submission of the next command, or of the one before.
    NextCommand(Way),
    /// The next command that failed, or the one before.
    NextFailed(Way),
    /// The next marker, gap or pause, or the one before.
    NextMark(Way),
}

/// Forward or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Towards the end.
    Forward,
    /// Towards the start.
    Back,
}

/// What came of a jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// The playhead is there.
    There,
    /// The index was not read that far; the playhead has not moved.
    NotYet,
    /// There is no such place; the playhead has not moved.
    Nowhere,
}

/// A recording under a playhead.
pub struct Player<S> {
    source: S,
    index: Index,
    screen: Screen,
    /// The piece that `spot` is in.
    piece: Vec<Event>,
    spot: Spot,
    /// The latest time of the events before `spot`.
    clock: Micros,
    /// The playhead: `clock`, or later when nothing has happened since.
    now: Micros,
    playing: bool,
    speed: f64,
    idle: Duration,
    skips_idle: bool,
    /// When the last piece ends, once that was asked.
    last: Option<Micros>,
}

impl<S: Source> Player<S> {
    /// Stands at the start, paused, at normal speed, skipping what is longer than
    /// [`IDLE_DEFAULT`].
    pub fn new(mut source: S, size: Size) -> Player<S> {
        let piece = read(&mut source, 0);
        Player {
            source,
            index: Index::new(size),
            screen: Screen::new(size),
            piece,
            spot: Spot::default(),
            clock: Micros(0),
            now: Micros(0),
            playing: false,
            speed: 1.0,
            idle: IDLE_DEFAULT,
            skips_idle: true,
            last: None,
        }
    }

    /// Reads one more piece into the index. False when there is none left.
    pub fn index_more(&mut self) -> bool {
        let next = self.index.next_piece();
        if next < self.source.pieces() {
            let events = read(&mut self.source, next);
            self.index.add(&events);
        }
        if self.index.next_piece() >= self.source.pieces() {
            self.index.finish();
        }
        !self.index.landmarks.complete
    }

    /// Thousandths of the recording that the index covers.
    pub fn indexed(&self) -> u16 {
        let all = self.source.pieces().max(1);
        u16::try_from(self.index.next_piece().min(all) * 1000 / all).unwrap_or(1000)
    }

    /// When the last event happens; where the index does not cover it yet, as its piece tells.
    pub fn length(&mut self) -> Micros {
        let until = self.index.landmarks.until;
        if self.index.landmarks.complete {
            return until;
        }
        let source = &mut self.source;
        let last = *self.last.get_or_insert_with(|| {
            let events = match source.pieces().checked_sub(1) {
                Some(number) => read(source, number),
                None => Vec::new(),
            };
            events.iter().map(|event| event.at).max().unwrap_or(until)
        });
        last.max(until)
    }

    /// Commands, markers, gaps, as far as the index was read.
    pub fn landmarks(&self) -> &Landmarks {
        &self.index.landmarks
    }

    /// The largest size that the terminal had, as far as the index was read.
    pub fn largest(&self) -> Size {
        self.index.largest
    }

    /// The events from `from` to before `to`, until they hold `max` terminal bytes; and whether
    /// there are more. The playhead stays where it is.
    pub fn read(&mut self, from: Spot, to: Option<Spot>, max: usize) -> (Vec<Event>, bool) {
        let mut found = Vec::new();
        let mut bytes = 0;
        for number in from.piece..self.source.pieces() {
            for (event, place) in read(&mut self.source, number).into_iter().zip(0..) {
                let spot = Spot {
                    piece: number,
                    event: place,
                };
                if spot < from {
                    continue;
                }
                if to.is_some_and(|to| spot >= to) {
                    return (found, false);
                }
                if bytes > max {
                    return (found, true);
                }
                if let Body::Output(data) | Body::Stream { data, .. } = &event.body {
                    bytes += data.len();
                }
                found.push(event);
            }
        }
        (found, false)
    }

    /// About what the screen shows at a time that the index does not cover yet: what was printed
    /// shortly before, on a blank terminal. Reads a few pieces and no more; the right screen is what a
    /// jump there shows once the index is read so far. `None` where it is.
    pub fn glimpse(&mut self, at: Micros) -> Option<Screen> {
        let covered = at < self.index.landmarks.until || self.index.landmarks.complete;
        if covered {
            return None;
        }
        // The first piece that begins later.
        let (mut low, mut high) = (self.index.next_piece(), self.source.pieces());
        while low < high {
            let middle = low + (high - low) / 2;
            let events = read(&mut self.source, middle);
            match events.first().is_some_and(|event| event.at > at) {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        let (mut screen, mut unseen) = (Screen::new(self.index.size()), Unseen::new());
        for number in low.saturating_sub(GLIMPSED)..low {
            let events = read(&mut self.source, number);
            for event in events.iter().take_while(|event| event.at <= at) {
                unseen.apply(&mut screen, &event.body);
            }
        }
        unseen.flush(&mut screen);
        Some(screen)
    }

    /// The screen under the playhead.
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// The playhead.
    pub fn now(&self) -> Micros {
        self.now
    }

    /// The place of the playhead among the events.
    pub fn spot(&self) -> Spot {
        self.spot
    }

    /// Whether time moves the playhead.
    pub fn playing(&self) -> bool {
        self.playing
    }

    /// Starts or stops; starts over where there is nothing left to play.
    pub fn set_playing(&mut self, playing: bool) {
        if playing && self.next_time().is_none() {
            self.restart();
        }
        self.playing = playing;
    }

    /// Recorded seconds for each second of the viewer.
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// Takes this speed, within the bounds of [`SPEEDS`].
    pub fn set_speed(&mut self, speed: f64) {
        let slowest = SPEEDS.first().copied().unwrap_or(1.0);
        let fastest = SPEEDS.last().copied().unwrap_or(1.0);
        self.speed = if speed.is_finite() {
            speed.clamp(slowest, fastest)
        } else {
            1.0
        };
    }

    /// The next speed of [`SPEEDS`] in that direction.
    pub fn change_speed(&mut self, way: Way) {
        let next = match way {
            Way::Forward => SPEEDS.iter().find(|s| **s > self.speed),
            Way::Back => SPEEDS.iter().rev().find(|s| **s < self.speed),
        };
        self.speed = next.copied().unwrap_or(self.speed);
    }

    /// How much of a stretch without events is played, when the rest is skipped.
    pub fn idle(&self) -> Option<Duration> {
        self.skips_idle.then_some(self.idle)
    }

    /// Skips what is longer than `limit`, or nothing; the limit is remembered for the toggle.
    pub fn set_idle(&mut self, limit: Option<Duration>) {
        self.skips_idle = limit.is_some();
        self.idle = limit.unwrap_or(self.idle);
    }

    /// Skips idle stretches from now on, or no longer.
    pub fn toggle_idle(&mut self) {
        self.skips_idle = !self.skips_idle;
    }

    /// How long nothing happens around the playhead, when that is being cut short.
    pub fn skipping(&mut self) -> Option<Duration> {
        let gap = self.next_time()?.since(self.clock);
        (self.playing && self.skips_idle && gap > self.idle).then_some(gap)
    }

    /// How long the viewer waits until something happens; `None` when nothing will.
    pub fn wait(&mut self) -> Option<Duration> {
        if !self.playing {
            return None;
        }
        let due = self.due()?;
        Some(due.since(self.now).div_f64(self.speed))
    }

    /// `elapsed` has passed for the viewer. Says whether the screen may have changed.
    pub fn advance(&mut self, elapsed: Duration) -> bool {
        if !self.playing {
            return false;
        }
        let mut left = elapsed.mul_f64(self.speed);
        let mut bytes = 0;
        let mut changed = false;
        while bytes < BYTES_PER_ADVANCE {
            let Some(due) = self.due() else {
                self.playing = false;
                break;
            };
            let wait = due.since(self.now);
            if wait > left {
                self.now = self.now + left;
                break;
            }
            left -= wait;
            bytes += self.apply_next();
            self.now = self.clock;
            changed = true;
        }
        changed
    }

    /// Takes the next event, and how long the viewer waits for it, whether playing or not. The
    /// playhead goes there. `None` at the end.
    pub fn pull(&mut self) -> Option<(Duration, Event)> {
        let wait = self.due()?.since(self.now).div_f64(self.speed);
        let event = self.piece.get(self.spot.event)?.clone();
        self.apply_next();
        self.now = self.clock;
        Some((wait, event))
    }

    /// When, on the playhead's own time, the next event shows.
    fn due(&mut self) -> Option<Micros> {
        let next = self.next_time()?;
        let skips = self.skips_idle && next.since(self.clock) > self.idle;
        let due = if skips { self.clock + self.idle } else { next };
        Some(due.max(self.now))
    }

    /// Applies events until one of them drew something, and pauses there. False at the end.
    pub fn step(&mut self) -> bool {
        self.playing = false;
        while self.next_time().is_some() {
            let drew = self.apply_next() > 0;
            self.now = self.clock;
            if drew {
                return true;
            }
        }
        false
    }

    /// Moves the playhead.
    pub fn jump(&mut self, to: Jump) -> Reached {
        let marks = &self.index.landmarks;
        let found = match to {
            Jump::Start => Some(Spot::default()),
            Jump::End => return self.seek(Micros(u64::MAX)),
            Jump::Time(at) => return self.seek(at),
            Jump::Command(number) => {
                let mut all = marks.commands.iter();
                all.find(|c| c.number == number).map(|c| c.spot.next())
            }
            Jump::Outcome(number) => {
                let mut all = marks.commands.iter();
                match all.find(|c| c.number == number) {
                    // Just before the end: what follows it is the next prompt.
                    Some(Moment { end: Some(end), .. }) => Some(end.0),
                    Some(_) => return self.seek(Micros(u64::MAX)),
                    None => None,
                }
            }
            Jump::NextCommand(way) => {
                let all = marks.commands.iter();
                self.beside(way, all.map(|c| (c.spot, c.at)))
            }
            Jump::NextFailed(way) => {
                let all = marks.commands.iter().filter(|c| c.failed());
                self.beside(way, all.map(|c| (c.spot, c.at)))
            }
            Jump::NextMark(way) => {
                let all = marks.marks.iter();
                self.beside(way, all.map(|m| (m.spot, m.at)))
            }
        };
        let forward = !matches!(
            to,
            Jump::NextCommand(Way::Back) | Jump::NextFailed(Way::Back) | Jump::NextMark(Way::Back)
        );
        match found {
            Some(spot) => self.seek_spot(spot),
            None if forward && !self.index.landmarks.complete => Reached::NotYet,
            None => Reached::Nowhere,
        }
    }

    /// The place behind the landmark that is next to the playhead.
    fn beside(
        &self,
        way: Way,
        landmarks: impl DoubleEndedIterator<Item = (Spot, Micros)>,
    ) -> Option<Spot> {
        let found = match way {
            Way::Forward => {
                let mut ahead = landmarks.skip_while(|(spot, _)| *spot < self.spot);
                ahead.next()
            }
            Way::Back => {
                let mut behind = landmarks.rev().skip_while(|(spot, at)| {
                    *spot >= self.spot || self.now.since(*at) < AGAIN && self.near(*spot)
                });
                behind.next()
            }
        };
        found.map(|(spot, _)| spot.next())
    }

    /// Whether the playhead stands right behind `spot` or plays on from there; one that was
    /// stepped or jumped further has left it.
    fn near(&self, spot: Spot) -> bool {
        self.playing || self.spot <= spot.next() || self.spot.piece > spot.piece
    }

    fn seek(&mut self, at: Micros) -> Reached {
        let marks = &self.index.landmarks;
        if at >= marks.until && !marks.complete {
            return Reached::NotYet;
        }
        let at = at.min(marks.until);
        let start = self.index.before_time(at).cloned();
        if self.clock > at || start.as_ref().is_some_and(|k| k.spot > self.spot) {
            self.start_from(start);
        }
        while self.next_time().is_some_and(|next| next <= at) {
            self.apply_next();
        }
        self.now = at;
        Reached::There
    }

    fn seek_spot(&mut self, spot: Spot) -> Reached {
        let covered = spot.piece < self.index.next_piece() || self.index.landmarks.complete;
        if !covered {
            return Reached::NotYet;
        }
        let start = self.index.before_spot(spot).cloned();
        if self.spot > spot || start.as_ref().is_some_and(|k| k.spot > self.spot) {
            self.start_from(start);
        }
        while self.next_time().is_some() && self.spot < spot {
            self.apply_next();
        }
        self.now = self.clock;
        Reached::There
    }

    fn restart(&mut self) {
        let start = self.index.before_spot(Spot::default()).cloned();
        self.start_from(start);
        self.now = Micros(0);
    }

    fn start_from(&mut self, keyframe: Option<Keyframe>) {
        let Some(keyframe) = keyframe else { return };
        self.screen = Screen::restore(&keyframe.snapshot);
        if keyframe.spot.piece != self.spot.piece {
            self.piece = read(&mut self.source, keyframe.spot.piece);
        }
        self.spot = keyframe.spot;
        self.clock = keyframe.clock;
    }

    /// When the next event happens. Moves on to its piece.
    fn next_time(&mut self) -> Option<Micros> {
        while self.spot.event >= self.piece.len() {
            let next = self.spot.piece + 1;
            if next >= self.source.pieces() {
                return None;
            }
            self.piece = read(&mut self.source, next);
            self.spot = Spot {
                piece: next,
                event: 0,
            };
        }
        let event = self.piece.get(self.spot.event)?;
        Some(event.at.max(self.clock))
    }

    /// Applies the next event and gives the bytes that the terminal took.
    fn apply_next(&mut self) -> usize {
        let Some(event) = self.piece.get(self.spot.event) else {
            return 0;
        };
        let bytes = index::apply(&mut self.screen, &event.body);
        self.clock = self.clock.max(event.at);
        self.spot = self.spot.next();
        bytes
    }
}

/// The events of a piece; a gap that says why for one that cannot be read.
fn read(source: &mut impl Source, number: usize) -> Vec<Event> {
    source.read(number).unwrap_or_else(|why| {
        let gap = Gap {
            kind: GapKind::Undecodable,
            bytes: 0,
            detail: why,
        };
        // Its time is that of the event before it: the clock never runs back.
        vec![Event {
            at: Micros(0),
            body: Body::Gap(gap),
        }]
    })
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
