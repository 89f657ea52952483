//! Terminal bytes, input bytes and time in; masked events out.
//!
//! The pipeline composes the terminal model and the mask engine. What it promises:
//!
//! * The unit of masking is what a viewer would read: logical lines on the screen. A character is
//!   held until its line is decided, that is until the cursor leaves it; before anything on a line
//!   is destroyed, the line is looked at as it stands.
//! * A masked character is replaced in the bytes by mask characters of the same width, so a replay
//!   moves exactly as the session did.
//! * Nothing depends on how a stream was chunked.
//! * Lines of plain text take a fast path that needs no model ([`fast`]); the model is brought up
//!   to date with the last screenful when something needs it.
//! * Keystrokes are looked at and forgotten; of a password that was typed without echo only the
//!   scanner learns.
//!
//! Time is given by the caller, and never read.

mod again;
mod commands;
mod decide;
mod fast;
mod gutter;
mod held;
mod lag;
mod look;
mod outbox;
mod outcome;
mod pause;
mod recent;
mod repeats;
mod run;
mod slow;
mod stream;
mod tables;
mod ticks;
mod wire;

#[cfg(test)]
mod doubt_tests;
#[cfg(test)]
mod leak_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod window_tests;

pub use outbox::SESSION_MAX;

use crate::mask::{Door, Mark, Masked, RuleId, Scanner, Span};
use crate::model::{Event, Exit, Gap, GapKind, Micros, Size, Summary};
use crate::term::keys::Keys;
use crate::term::plain::Stripped;
use crate::term::screen::LineText;
use crate::term::screen::Screen;
use crate::term::token::Tokens;
use commands::Commands;
use held::Held;
use lag::Lag;
use outbox::{Note, Outbox};
use recent::Recent;
use std::time::Duration;
use stream::Stream;

/// How long text stays undecided (P4). Long enough to type a password, short enough that what an
/// engineer sees is on disk before they look at the clock.
pub const HOLD_MAX: Duration = Duration::from_secs(3);
/// How many bytes stay undecided. A 256 KiB line of JSON is ordinary; with the model's own copy and
/// the glyphs this takes some 8 MiB.
pub const HOLD_BYTES_MAX: usize = 256 * 1024;
/// How often held bytes are counted. At places of the stream, not at the ends of chunks, so that
/// the decision does not depend on them.
const COUNT_STEP: u64 = 64 * 1024;
/// Output is settled when nothing came for this long: a prompt waits, or a line stands unfinished.
/// Within one write() of a local program gaps are far shorter, over ssh mostly.
pub const SETTLE: Duration = Duration::from_millis(20);

/// How the terminal treats what is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TtyMode {
    /// It echoes by itself.
    pub echo: bool,
    /// It gives whole lines to the program.
    pub icanon: bool,
}

/// What others must know of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScreenState {
    /// The alternate screen is shown: a full-screen program runs.
    pub alternate: bool,
    /// The program asked for bracketed paste.
    pub bracketed_paste: bool,
}

/// One session's pipeline.
pub struct Pipeline {
    scanner: Scanner,
    out: Outbox,
    screen: Screen,
    tokens: Tokens,
    held: Held,
    keys: Keys,
    commands: Commands,
    streams: [Stream; 2],
    asked: wire::Asked,
    lag: Lag,
    recent: Recent,
    /// Plain lines pass without the model; `raw` then holds the unfinished line.
    fast: bool,
    /// In which column that line begins.
    column: usize,
    /// The cursor's line began below the end of the one before.
    stepped: bool,
    /// Bytes that are not cut into steps yet, and when the last of them came.
    raw: Vec<u8>,
    raw_at: Micros,
    now: Micros,
    last_output: Micros,
    /// Something was drawn on the cursor's line since the last look.
    dirty: bool,
    /// Something was drawn since all rows were last looked at together.
    stale: bool,
    /// The row that the cursor left last is full, so the next one may go on with its line.
    goes_on: bool,
    /// Where the scanner stood before the first of the full rows that go on so, if something was open.
    begun: Option<Mark>,
    /// The cursor's line as it stood when the terminal changed its size: what follows may go on
    /// elsewhere.
    torn: Option<LineText>,
    /// The character before was drawn over another one, after a look.
    overwrites: bool,
    /// The characters that came one behind the other.
    run: run::Run,
    /// Something was destroyed since open characters were last compared with the screen.
    gone: bool,
    /// Where the escape sequence that is not complete yet begins.
    sequence: Option<u64>,
    string: slow::ControlString,
    /// The record began again inside an escape sequence, whose rest means nothing.
    resync: bool,
    last_char: Option<char>,
    /// The place in the stream where the held bytes are counted next.
    next_count: u64,
    bracketed_paste: bool,
    paused: Option<pause::Paused>,
    spans: Vec<Span>,
    stripped: Stripped,
}

impl std::fmt::Debug for Pipeline {
    // Nothing of the session's text may reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Pipeline({} bytes held)",
            self.held.len() + self.raw.len()
        )
    }
}

impl Pipeline {
    /// A pipeline for a terminal of this size. `door` must be the scanner's own.
    pub fn new(scanner: Scanner, door: Door, size: Size) -> Self {
        Self::with_limit(scanner, door, size, SESSION_MAX)
    }

    /// As [`Pipeline::new`], storing at most `limit` bytes of output.
    pub fn with_limit(scanner: Scanner, door: Door, size: Size, limit: u64) -> Self {
        Pipeline {
            scanner,
            out: Outbox::new(door, limit),
            screen: Screen::new(size),
            tokens: Tokens::default(),
            held: Held::default(),
            keys: Keys::default(),
            commands: Commands::default(),
            streams: [Stream::new(1), Stream::new(2)],
            asked: wire::Asked::default(),
            lag: Lag::default(),
            recent: Recent::default(),
            fast: true,
            column: 0,
            stepped: false,
            raw: Vec::new(),
            raw_at: Micros(0),
            now: Micros(0),
            last_output: Micros(0),
            dirty: false,
            stale: false,
            goes_on: false,
            begun: None,
            torn: None,
            overwrites: false,
            run: run::Run::default(),
            gone: false,
            sequence: None,
            string: slow::ControlString::default(),
            resync: false,
            last_char: None,
            next_count: COUNT_STEP,
            bracketed_paste: false,
            paused: None,
            spans: Vec::new(),
            stripped: Stripped::default(),
        }
    }

    /// The terminal was given these bytes.
    pub fn output(&mut self, at: Micros, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.at(at);
        self.lag.shown(self.now, bytes.len(), false);
        if self.raw.is_empty() {
            let rest = self.process(bytes);
            self.raw
                .extend_from_slice(bytes.get(rest..).unwrap_or_default());
        } else {
            let mut raw = std::mem::take(&mut self.raw);
            raw.extend_from_slice(bytes);
            let rest = self.process(&raw);
            raw.drain(..rest);
            self.raw = raw;
        }
        self.raw_at = self.now;
        self.last_output = self.now;
        self.bound_raw();
        self.release();
    }

    /// The client wrote these bytes to a descriptor that is no terminal (1 or 2).
    pub fn stream(&mut self, at: Micros, fd: u8, bytes: &[u8]) {
        self.at(at);
        self.lag.shown(self.now, bytes.len(), true);
        self.stream_bytes(fd, bytes);
        self.release();
    }

    /// Somebody typed. Nothing of it is kept, but what was typed where nothing is echoed is learned
    /// as a secret.
    pub fn input(&mut self, at: Micros, bytes: &[u8], mode: TtyMode) {
        self.at(at);
        self.lag.typed(self.now);
        self.typed(bytes, mode);
        self.release();
    }

    /// The terminal has another size now.
    pub fn resize(&mut self, at: Micros, size: Size) {
        self.at(at);
        self.turn_slow();
        self.end_run();
        self.look_at_cursor_line();
        self.look_at_page();
        if self.held.open() > 0 {
            let rows = self.screen.group_around(&self.cursor_line());
            let line = self.screen.joined(rows);
            self.torn = Some(match self.torn.take() {
                Some(torn) => torn.with(&line.without(&torn)),
                None => line,
            });
        }
        self.screen.resize(size);
        // What an unfinished title holds is on no screen and yet undecided.
        self.gone = self.sequence.is_none();
        self.clear_gone();
        self.note_now(Note::Resize(self.now, size));
        self.release();
    }

    /// The engineer marked this moment.
    pub fn marker(&mut self, at: Micros, label: &str) {
        self.at(at);
        let label = self.masked_text(label);
        self.note_now(Note::Marker(self.now, label));
        self.release();
    }

    /// Something outside was not seen.
    pub fn gap(&mut self, at: Micros, gap: Gap) {
        self.at(at);
        self.note_now(Note::Gap(self.now, gap));
        self.release();
    }

    /// The client ended; everything is decided as it stands.
    pub fn exit(&mut self, at: Micros, exit: Exit) {
        self.at(at);
        if self.paused.is_some() {
            self.resume(at);
        }
        self.decide_all();
        self.out.exit(self.now, exit);
    }

    /// Nothing more will come that could change what is held.
    fn decide_all(&mut self) {
        self.end_streams();
        self.turn_slow();
        let raw = std::mem::take(&mut self.raw);
        self.slow(&raw, true);
        self.end_sequence();
        self.see_settled();
        self.finish_line();
        self.end_commands();
        self.held.flush(u64::MAX, &mut self.out);
    }

    /// Time passed. Call it at [`Pipeline::next_deadline`], or more often.
    pub fn tick(&mut self, at: Micros) {
        self.at(at);
        self.on_time();
        self.release();
    }

    /// The events that are decided.
    pub fn take(&mut self) -> Vec<Masked<Event>> {
        self.out.take()
    }

    /// What was counted so far.
    pub fn summary(&self) -> Summary {
        self.out.summary(self.now)
    }

    /// What others must know of the screen.
    pub fn screen_state(&self) -> ScreenState {
        ScreenState {
            alternate: self.screen.is_alternate(),
            bracketed_paste: self.bracketed_paste,
        }
    }

    fn at(&mut self, at: Micros) {
        self.now = self.now.max(at);
    }

    /// Takes what it can of `bytes`; says how much that was.
    fn process(&mut self, bytes: &[u8]) -> usize {
        let mut done = 0;
        loop {
            let rest = bytes.get(done..).unwrap_or_default();
            let was_fast = self.fast;
            done += if was_fast {
                self.fast(rest)
            } else {
                self.slow(rest, false)
            };
            if self.fast == was_fast {
                return done;
            }
        }
    }

    /// An unfinished line of plain text may only wait as long as any other.
    fn bound_raw(&mut self) {
        if self.fast && self.raw.len() > HOLD_BYTES_MAX {
            self.turn_slow();
        }
    }

    /// Goes on with the model, brought up to date, from the unfinished line on.
    fn turn_slow(&mut self) {
        if !self.fast {
            return;
        }
        let raw = std::mem::take(&mut self.raw);
        let now = std::mem::replace(&mut self.now, self.raw_at);
        let mut done = 0;
        // A line that waits for what follows it may turn it fast again.
        while self.fast {
            self.fast = false;
            self.catch_up();
            done += self.slow(raw.get(done..).unwrap_or_default(), false);
        }
        self.now = now;
        self.raw = raw.get(done..).unwrap_or_default().to_vec();
    }

    /// Lets out what is decided.
    fn release(&mut self) {
        let barrier = self.commands.barrier().unwrap_or(u64::MAX);
        let sequence = self.sequence.unwrap_or(u64::MAX);
        let run = self.run.first().and_then(|first| self.held.place(first));
        let limit = barrier.min(sequence).min(run.unwrap_or(u64::MAX));
        self.held.flush(limit, &mut self.out);
        self.forget_masked();
    }

    fn note_now(&mut self, note: Note) {
        let place = self.held.end();
        self.held.note(place, note);
    }

    fn unmaskable(&mut self, bytes: usize, detail: &str) {
        let gap = Gap {
            kind: GapKind::Unmaskable,
            bytes: u64::try_from(bytes).unwrap_or(0),
            detail: detail.to_owned(),
        };
        self.note_now(Note::Gap(self.now, gap));
    }

    fn learn(&mut self, secret: &[u8]) {
        if !secret.is_empty() {
            self.scanner.learn(secret, RuleId::new("typed-password"));
        }
    }
}
