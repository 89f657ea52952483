//! Which events belong to a piece.
//!
//! A piece of commands begins with the prompt of the first and ends with the last one's output; a
//! piece of time begins with the screen as it stood then.

use crate::model::{Body, Event, Micros, Size};
use avt::Terminal;

/// Columns and rows of the largest screen that is modelled.
const COLS_MAX: u16 = 1024;
const ROWS_MAX: u16 = 512;

/// What to cut out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The whole session.
    Whole,
    /// Commands by their numbers, first and last.
    Commands(u32, u32),
    /// From one time to another.
    Time(Micros, Micros),
}

/// What to do with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It stands before the piece or after it.
    Outside,
    /// It belongs to the piece.
    Inside,
    /// It is the first of the piece.
    First(Start),
}

/// What the piece begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The time that is 0 in the piece.
    pub at: Micros,
    /// The terminal's size then.
    pub size: Size,
    /// Escape sequences that draw what stood on the screen; empty for a blank one.
    pub screen: String,
}

/// Cuts while events pass.
pub struct Cutter {
    cut: Cut,
    size: Size,
    /// The number of the last command that began.
    command: u32,
    /// The screen before a piece of time begins.
    terminal: Option<Terminal>,
    partial: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Before,
    Within,
    After,
}

impl Cutter {
    /// For a session that began with this size.
    pub fn new(cut: Cut, size: Size) -> Self {
        let (cols, rows) = cells(size);
        let terminal = match cut {
            Cut::Time(..) => Terminal::new(cols, rows).ok(),
            Cut::Whole | Cut::Commands(..) => None,
        };
        Cutter {
            cut,
            size,
            command: 0,
            terminal,
            partial: Vec::new(),
            state: State::Before,
        }
    }

    /// Whether `event`, the next of the session, is in the piece.
    pub fn step(&mut self, event: &Event) -> Step {
        let step = match self.state {
            State::After => Step::Outside,
            State::Before if self.begins(event) => {
                self.state = State::Within;
                Step::First(self.start(event))
            }
            State::Before => Step::Outside,
            State::Within => Step::Inside,
        };
        self.follow(event);
        match self.cut {
            Cut::Time(_, to) if self.state == State::Within && event.at > to => {
                self.state = State::After;
                return Step::Outside;
            }
            // The end of a command belongs to it.
            Cut::Commands(_, last) if self.state == State::Within => {
                if matches!(event.body, Body::CommandEnd { number, .. } if number >= last) {
                    self.state = State::After;
                } else if matches!(&event.body, Body::Command(c) if c.number > last) {
                    self.state = State::After;
                    return Step::Outside;
                }
            }
            Cut::Whole | Cut::Commands(..) | Cut::Time(..) => {}
        }
        step
    }

    /// Whether the piece began at all.
    pub fn found(&self) -> bool {
        self.state != State::Before
    }

    fn begins(&self, event: &Event) -> bool {
        match self.cut {
            Cut::Whole => true,
            Cut::Time(from, _) => event.at >= from,
            // The prompt stands in the output after the end of the command before.
            Cut::Commands(first, _) => match &event.body {
                Body::Output(_) => self.command + 1 == first,
                Body::Command(command) => command.number >= first,
                _ => false,
            },
        }
    }

    fn start(&mut self, event: &Event) -> Start {
        let (at, screen) = match self.cut {
            Cut::Whole => (Micros(0), String::new()),
            Cut::Commands(..) => (event.at, String::new()),
            Cut::Time(from, _) => {
                let screen = self.terminal.take().map(|t| t.dump());
                (from, screen.unwrap_or_default())
            }
        };
        Start {
            at,
            size: self.size,
            screen,
        }
    }

    fn follow(&mut self, event: &Event) {
        match &event.body {
            Body::Resize(size) => {
                self.size = *size;
                if let Some(terminal) = &mut self.terminal {
                    let (cols, rows) = cells(*size);
                    terminal.resize(cols, rows);
                }
            }
            // Between commands is what follows the end of one; a command that began and did not
            // end yet keeps the next one's prompt away.
            Body::CommandEnd { number, .. } => self.command = *number,
            Body::Output(data) => self.draw(data),
            _ => {}
        }
    }

    fn draw(&mut self, data: &[u8]) {
        let Some(terminal) = &mut self.terminal else {
            return;
        };
        self.partial.extend_from_slice(data);
        let whole = match std::str::from_utf8(&self.partial) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.partial.len(),
        };
        let rest = self.partial.split_off(whole);
        terminal.feed(String::from_utf8_lossy(&self.partial).as_ref());
        self.partial = rest;
    }
}

fn cells(size: Size) -> (usize, usize) {
    let size = size.or_default();
    let (cols, rows) = (size.cols.min(COLS_MAX), size.rows.min(ROWS_MAX));
    (usize::from(cols), usize::from(rows))
}
