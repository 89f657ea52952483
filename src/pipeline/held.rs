//! Terminal bytes that wait for their mask decision.
//!
//! A queue of bytes with their times. Every printed character in it is a glyph with a serial number
//! and a state; bytes leave at the front, in order, as far as all glyphs are decided. Events that
//! belong between two bytes wait in the same queue.

use super::outbox::{Note, Outbox};
use crate::mask::MASK;
use crate::model::Micros;
use crate::term::screen::LineText;
use std::collections::VecDeque;

/// From here on numbers start again as soon as nothing waits; what can wait at most is far less
/// than what is left above.
const SERIAL_MAX: u32 = 0xf000_0000;

/// What is known of a printed character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Still on a line that may change.
    Open,
    /// Harmless.
    Clean,
    /// Part of a secret.
    Masked,
}

#[derive(Clone, Copy, Debug)]
struct Glyph {
    at: u64,
    len: u8,
    width: u8,
    state: State,
}

/// What marking a character came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marked {
    /// It is masked now.
    Now,
    /// It was masked before.
    Already,
    /// It left in clear before anything was known.
    TooLate,
    /// Nothing drew it.
    Nothing,
}

/// The queue.
#[derive(Debug)]
pub(super) struct Held {
    bytes: Vec<u8>,
    /// Where the first held byte stands in `bytes`.
    head: usize,
    /// The first held byte's place in the whole stream.
    base: u64,
    /// From which place on which time holds.
    times: VecDeque<(u64, Micros)>,
    notes: VecDeque<(u64, Note)>,
    /// Bytes that are replaced as a whole: start, end, replacement.
    patches: VecDeque<(u64, u64, Vec<u8>)>,
    glyphs: VecDeque<Glyph>,
    /// The serial number of the first glyph.
    first: u32,
    open: usize,
    /// Serial numbers that were masked and have left the queue, as ranges.
    masked: Vec<(u32, u32)>,
}

impl Default for Held {
    fn default() -> Self {
        Held {
            bytes: Vec::new(),
            head: 0,
            base: 0,
            times: VecDeque::new(),
            notes: VecDeque::new(),
            patches: VecDeque::new(),
            glyphs: VecDeque::new(),
            first: 1,
            open: 0,
            masked: Vec::new(),
        }
    }
}

impl Held {
    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.head
    }

    /// Whether nothing waits, neither bytes nor events.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0 && self.notes.is_empty()
    }

    /// How many characters are undecided.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// The place behind the last byte.
    pub(super) fn end(&self) -> u64 {
        self.base + self.len() as u64
    }

    /// When the first waiting byte came.
    pub(super) fn front_time(&self) -> Option<Micros> {
        let first = self.times.front().map(|t| t.1);
        first.filter(|_| self.head < self.bytes.len())
    }

    /// When the first open character came. What waits before it may be decided, and held back for
    /// another reason.
    pub(super) fn open_time(&self) -> Option<Micros> {
        if self.open == 0 {
            return None;
        }
        let open = self.glyphs.iter().find(|g| g.state == State::Open)?;
        let next = self.times.partition_point(|(at, _)| *at <= open.at);
        self.times.get(next.checked_sub(1)?).map(|t| t.1)
    }

    /// Appends bytes that draw nothing.
    pub(super) fn push(&mut self, at: Micros, bytes: &[u8]) {
        let end = self.end();
        if self
            .times
            .back()
            .is_none_or(|(_, t)| t.millis() != at.millis())
        {
            self.times.push_back((end, at));
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends a character that takes `width` cells; gives its serial number.
    pub(super) fn push_glyph(&mut self, at: Micros, bytes: &[u8], width: usize) -> u32 {
        self.renumber();
        let place = self.end();
        self.push(at, bytes);
        self.glyphs.push_back(Glyph {
            at: place,
            len: u8::try_from(bytes.len()).unwrap_or(u8::MAX),
            width: u8::try_from(width).unwrap_or(1),
            state: State::Open,
        });
        self.open += 1;
        self.serial_of(self.glyphs.len() - 1)
    }

    /// A serial number for a character that was decided elsewhere. Only while nothing waits.
    pub(super) fn skip_serial(&mut self, masked: bool) -> u32 {
        self.renumber();
        let serial = self.first;
        self.first = serial.saturating_add(1);
        if masked {
            self.remember(serial);
        }
        serial
    }

    /// Numbers start again at 1 long before they run out. Cells that still bear an old number then
    /// count as drawn long ago, which they are.
    fn renumber(&mut self) {
        if self.first > SERIAL_MAX && self.glyphs.is_empty() {
            self.first = 1;
            self.masked.clear();
        }
    }

    fn serial_of(&self, index: usize) -> u32 {
        self.first
            .saturating_add(u32::try_from(index).unwrap_or(u32::MAX))
    }

    fn index_of(&self, serial: u32) -> Option<usize> {
        let index = serial.checked_sub(self.first)?;
        let index = usize::try_from(index).ok()?;
        (index < self.glyphs.len()).then_some(index)
    }

    /// The state of a character that still waits.
    pub(super) fn state(&self, serial: u32) -> Option<State> {
        let index = self.index_of(serial)?;
        self.glyphs.get(index).map(|g| g.state)
    }

    /// Where a character that still waits stands.
    pub(super) fn place(&self, serial: u32) -> Option<u64> {
        let index = self.index_of(serial)?;
        self.glyphs.get(index).map(|g| g.at)
    }

    /// When a character that still waits came.
    pub(super) fn time(&self, serial: u32) -> Option<Micros> {
        let place = self.place(serial)?;
        let next = self.times.partition_point(|(at, _)| *at <= place);
        self.times.get(next.checked_sub(1)?).map(|t| t.1)
    }

    /// Whether a character is masked, waiting or gone.
    pub(super) fn is_masked(&self, serial: u32) -> bool {
        match self.state(serial) {
            Some(state) => state == State::Masked,
            None => {
                let next = self.masked.partition_point(|(from, _)| *from <= serial);
                let range = next.checked_sub(1).and_then(|i| self.masked.get(i));
                range.is_some_and(|(_, to)| serial <= *to)
            }
        }
    }

    /// Part of a secret.
    pub(super) fn mask(&mut self, serial: u32) -> Marked {
        if serial == 0 || serial == u32::MAX {
            return Marked::Nothing;
        }
        let index = self.index_of(serial);
        let Some(glyph) = index.and_then(|i| self.glyphs.get_mut(i)) else {
            return if self.is_masked(serial) {
                Marked::Already
            } else {
                Marked::TooLate
            };
        };
        match glyph.state {
            State::Masked => return Marked::Already,
            // It may have left already: that depends on how the stream was cut, and this must not.
            State::Clean => return Marked::TooLate,
            State::Open => self.open -= 1,
        }
        glyph.state = State::Masked;
        Marked::Now
    }

    /// Harmless, unless masked.
    pub(super) fn clear(&mut self, serial: u32) {
        let index = self.index_of(serial);
        if let Some(glyph) = index.and_then(|i| self.glyphs.get_mut(i))
            && glyph.state == State::Open
        {
            glyph.state = State::Clean;
            self.open -= 1;
        }
    }

    /// Decides every open character for which `keep` (given its serial number) is false.
    pub(super) fn clear_unless(&mut self, mut keep: impl FnMut(u32) -> bool) {
        if self.open == 0 {
            return;
        }
        for index in 0..self.glyphs.len() {
            let serial = self.serial_of(index);
            let open = self
                .glyphs
                .get(index)
                .is_some_and(|g| g.state == State::Open);
            if open && !keep(serial) {
                self.clear(serial);
            }
        }
    }

    /// The characters from number `first` on, as they came.
    pub(super) fn came_from(&self, first: u32) -> LineText {
        let skipped = first.saturating_sub(self.first);
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        let mut line = LineText::default();
        for (index, glyph) in self.glyphs.iter().enumerate().skip(skipped) {
            let bytes = self.slice(glyph.at, glyph.at + u64::from(glyph.len));
            let c = String::from_utf8_lossy(bytes).chars().next();
            line.push(
                c.unwrap_or(char::REPLACEMENT_CHARACTER),
                self.serial_of(index),
            );
        }
        line
    }

    /// The first serial number and how many follow it.
    pub(super) fn serials(&self) -> (u32, usize) {
        (self.first, self.glyphs.len())
    }

    /// Puts `note` between the bytes before `place` and those from it on; at the front when they
    /// have left.
    pub(super) fn note(&mut self, place: u64, note: Note) {
        let place = place.max(self.base);
        let index = self.notes.partition_point(|(at, _)| *at <= place);
        self.notes.insert(index, (place, note));
    }

    /// Replaces the bytes from `start` to `end`, which draw nothing.
    pub(super) fn patch(&mut self, start: u64, end: u64, replacement: Vec<u8>) {
        let index = self.patches.partition_point(|(at, _, _)| *at <= start);
        self.patches.insert(index, (start, end, replacement));
    }

    /// Takes back the bytes from `place` on; they must draw nothing.
    pub(super) fn truncate(&mut self, place: u64) {
        let keep = usize::try_from(place.saturating_sub(self.base)).unwrap_or(usize::MAX);
        self.bytes.truncate(self.head.saturating_add(keep));
    }

    /// The bytes between two places, as far as they wait.
    pub(super) fn slice(&self, from: u64, to: u64) -> &[u8] {
        let index = |place: u64| {
            let offset = usize::try_from(place.saturating_sub(self.base)).unwrap_or(usize::MAX);
            self.head.saturating_add(offset).min(self.bytes.len())
        };
        self.bytes.get(index(from)..index(to)).unwrap_or_default()
    }

    /// Lets out what is decided, at most up to `limit`.
    pub(super) fn flush(&mut self, limit: u64, out: &mut Outbox) {
        let limit = limit.min(self.end());
        let mut at = self.base;
        while let Some(glyph) = self.glyphs.front().copied().filter(|g| g.at < limit) {
            if glyph.state == State::Open {
                break;
            }
            if glyph.state == State::Masked {
                self.let_out(at, glyph.at, out);
                self.notes_before(glyph.at + 1, out);
                let cells = [MASK; 2];
                let width = usize::from(glyph.width.min(2));
                out.output(
                    self.time_at(glyph.at),
                    cells.get(..width).unwrap_or_default(),
                );
                at = glyph.at + u64::from(glyph.len);
                self.remember(self.first);
            }
            self.glyphs.pop_front();
            self.first = self.first.saturating_add(1);
        }
        let open = self.glyphs.front().map_or(limit, |g| g.at).min(limit);
        self.let_out(at, open, out);
        self.notes_before(
            if open == self.end() {
                u64::MAX
            } else {
                open.saturating_add(1)
            },
            out,
        );
        self.drop_until(open);
    }

    fn time_at(&mut self, place: u64) -> Micros {
        while self.times.get(1).is_some_and(|(at, _)| *at <= place) {
            self.times.pop_front();
        }
        self.times.front().map_or(Micros(0), |t| t.1)
    }

    fn notes_before(&mut self, place: u64, out: &mut Outbox) {
        while self.notes.front().is_some_and(|(at, _)| *at < place) {
            if let Some((_, note)) = self.notes.pop_front() {
                out.note(note);
            }
        }
    }

    /// Gives out the bytes from `at` to `end`, with what belongs between them.
    fn let_out(&mut self, mut at: u64, end: u64, out: &mut Outbox) {
        while at < end {
            self.notes_before(at + 1, out);
            let time = self.time_at(at);
            let mut next = end;
            if let Some((place, _)) = self.notes.front() {
                next = next.min(*place);
            }
            if let Some((place, _)) = self.times.get(1) {
                next = next.min(*place);
            }
            match self.patches.front() {
                Some((start, patch_end, _)) if *start <= at => {
                    let patch_end = *patch_end;
                    if let Some((_, _, replacement)) = self.patches.pop_front() {
                        out.output(time, &replacement);
                    }
                    at = patch_end.max(at + 1);
                    continue;
                }
                Some((start, _, _)) => next = next.min(*start),
                None => {}
            }
            out.output(time, self.slice(at, next));
            at = next;
        }
    }

    fn drop_until(&mut self, place: u64) {
        let gone = usize::try_from(place.saturating_sub(self.base)).unwrap_or(0);
        self.head = self.head.saturating_add(gone).min(self.bytes.len());
        self.base = self.base.max(place);
        if self.head == self.bytes.len() {
            self.bytes.clear();
            self.head = 0;
            self.times.clear();
        } else if self.head > 64 * 1024 {
            self.bytes.drain(..self.head);
            self.head = 0;
        }
    }

    fn remember(&mut self, serial: u32) {
        match self.masked.last_mut() {
            Some((_, to)) if to.wrapping_add(1) == serial => *to = serial,
            _ => self.masked.push((serial, serial)),
        }
    }

    /// How many ranges of masked characters are remembered.
    pub(super) fn remembered(&self) -> usize {
        self.masked.len()
    }

    /// Forgets the masked characters that `seen` (sorted serial numbers) does not hold.
    pub(super) fn forget_masked(&mut self, seen: &[u32]) {
        self.masked.retain(|(from, to)| {
            let next = seen.partition_point(|s| s < from);
            seen.get(next).is_some_and(|s| s <= to)
        });
    }
}
