//! The terminal model behind [`super::Renderer`], for output that moves the cursor.
//!
//! Lines leave it when they scroll off, so its memory is one screen. It knows when it is calm:
//! when only plain lines could have led to the state it is in, so that the plain path may go on.

use super::render::{LINE_MAX, emit};
use crate::model::Size;
use avt::parser::{DecMode, Function};
use avt::{Line, Observation, Observer, Operation, ScreenKind, Terminal};
use std::collections::VecDeque;

/// Newlines before the model may be left: a start costs as much as some lines of plain text, and
/// output that moves the cursor once tends to do it again.
const STAY: u32 = 32;

/// A terminal and what scrolled off it.
pub(super) struct Screen {
    /// `None` only if the size was refused, which a clamped size never is.
    terminal: Option<Terminal>,
    lines: Lines,
    newlines: u32,
    calm: bool,
}

impl Screen {
    pub(super) fn new(size: Size) -> Self {
        let (cols, rows) = (usize::from(size.cols), usize::from(size.rows));
        Screen {
            terminal: Terminal::with_scrollback(cols, rows, Some(0)).ok(),
            lines: Lines::default(),
            newlines: 0,
            calm: false,
        }
    }

    /// Writes what the plain path had on the screen.
    pub(super) fn restore(&mut self, text: &str, out: &mut String) {
        self.run(text, out);
    }

    /// Feeds until the end or until calm; gives what is left.
    pub(super) fn feed<'a>(&mut self, text: &'a str, out: &mut String) -> &'a str {
        let mut rest = text;
        self.calm = false;
        while !rest.is_empty() {
            let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
            let (piece, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
            self.run(piece, out);
            rest = tail;
            if piece.ends_with('\n') {
                self.newlines = self.newlines.saturating_add(1);
                if self.newlines >= STAY && self.looks_calm() {
                    self.calm = true;
                    return rest;
                }
            }
        }
        rest
    }

    pub(super) fn is_calm(&self) -> bool {
        self.calm
    }

    #[cfg(test)]
    pub(super) fn never_calm(&mut self) {
        self.lines.sticky = true;
        self.lines.pinned = true;
    }

    pub(super) fn resize(&mut self, size: Size, out: &mut String) {
        if let Some(terminal) = &mut self.terminal {
            let lines = &mut self.lines;
            terminal.resize_with(usize::from(size.cols), usize::from(size.rows), &mut *lines);
            out.push_str(&std::mem::take(&mut lines.ready));
        }
    }

    /// The lines above the cursor, when calm. One that wraps keeps the blanks of its last row: they
    /// may be all that is left there, and written again it has to take as many rows.
    pub(super) fn into_rows(mut self) -> VecDeque<String> {
        let Some(terminal) = self.terminal.take() else {
            return VecDeque::new();
        };
        let mut lines = VecDeque::new();
        let mut line = String::new();
        let rows = terminal.primary_screen().visible_lines();
        for row in rows.take(terminal.cursor().row) {
            let continued = !line.is_empty();
            line.extend(row.chars());
            if row.is_wrapped() {
                continue;
            }
            if !continued {
                line.truncate(line.trim_end().len());
            }
            lines.push_back(std::mem::take(&mut line));
        }
        lines
    }

    /// All that is left.
    pub(super) fn finish(mut self, out: &mut String) {
        if let Some(terminal) = self.terminal.take() {
            self.lines.finish(&terminal);
        }
        out.push_str(&self.lines.ready);
    }

    fn run(&mut self, text: &str, out: &mut String) {
        if let Some(terminal) = &mut self.terminal {
            terminal.feed_with(text, &mut self.lines);
            if !self.lines.ready.is_empty() {
                out.push_str(&self.lines.ready);
                self.lines.ready.clear();
            }
        }
    }

    fn looks_calm(&self) -> bool {
        let Some(terminal) = &self.terminal else {
            return false;
        };
        let cursor = terminal.cursor();
        !self.lines.sticky
            && self.lines.pending.is_empty()
            && cursor.col == 0
            && terminal.active_screen_kind() == ScreenKind::Primary
            && terminal
                .screen()
                .visible_lines()
                .skip(cursor.row)
                // A blank row that wraps is text to the model when the screen is cleared.
                .all(|line| !line.is_wrapped() && line.chars().all(|c| c == ' '))
            // A row that wraps into the cursor's own would be joined with what comes next.
            && cursor
                .row
                .checked_sub(1)
                .and_then(|above| terminal.screen().line(above))
                .is_none_or(|line| !line.is_wrapped())
    }
}

/// Joins rows to logical lines as they scroll off.
#[derive(Default)]
struct Lines {
    pending: String,
    ready: String,
    /// A mode is set that the plain path does not know: margins, charsets, a saved cursor.
    sticky: bool,
    pinned: bool,
}

impl Lines {
    fn push(&mut self, line: &Line) {
        self.pending.extend(line.chars());
        if !line.is_wrapped() || self.pending.len() > LINE_MAX {
            emit(&mut self.ready, &self.pending);
            self.pending.clear();
        }
    }

    /// What stands on the primary screen, without its blank rows at the end.
    fn finish(&mut self, terminal: &Terminal) {
        let start = self.ready.len();
        for line in terminal.primary_screen().all_lines() {
            self.push(line);
        }
        if !self.pending.is_empty() {
            emit(&mut self.ready, &self.pending);
            self.pending.clear();
        }
        while self.ready.len() > start && blank_end(self.ready.get(start..).unwrap_or_default()) {
            self.ready.pop();
        }
    }
}

fn blank_end(text: &str) -> bool {
    text == "\n" || text.ends_with("\n\n")
}

impl Observer for Lines {
    type Output = ();

    fn before(&mut self, context: &mut Observation<'_>, operation: &Operation) {
        let Operation::Function(function) = operation else {
            return;
        };
        match function {
            // A reset clears the screen; its text was shown all the same.
            Function::Ris => {
                self.finish(context.terminal());
                self.sticky = self.pinned;
            }
            Function::Decstbm(..)
            | Function::Sm(_)
            | Function::Rm(_)
            | Function::Gzd4(_)
            | Function::G1d4(_)
            | Function::So
            | Function::Hts
            | Function::Tbc(_)
            | Function::Ctc(_)
            | Function::Decsc
            | Function::Scosc => self.sticky = true,
            Function::Decset(modes) | Function::Decrst(modes) => {
                // The alternate screen's way in saves the cursor too.
                self.sticky |= modes.as_slice().iter().any(|mode| {
                    matches!(
                        mode,
                        DecMode::Origin
                            | DecMode::AutoWrap
                            | DecMode::SaveCursor
                            | DecMode::SaveCursorAltScreenBuffer
                    )
                });
            }
            _ => {}
        }
    }

    fn evicted(&mut self, _: &mut Observation<'_>, line: &Line) {
        self.push(line);
    }

    fn end(&mut self, _: &mut Observation<'_>) {}
}
