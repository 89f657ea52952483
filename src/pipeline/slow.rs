//! The slow path: every character goes through the model.
//!
//! Bytes join the queue as they come. Before a function destroys something, the line it stands on
//! is looked at; when the cursor leaves a line, the line is decided.

use super::Pipeline;
use crate::term::plain::char_width;
use crate::term::token::StringStep;
use avt::parser::{EdScope, Function, Osc};
use std::ops::Range;

/// A title, link or other string beyond this is dropped: no viewer shows more, and what cannot be
/// held whole cannot be masked.
const STRING_MAX: u64 = 64 * 1024;

/// The control string (OSC, DCS, SOS, PM, APC) that is being received.
#[derive(Debug, Default)]
pub(super) struct ControlString {
    /// Where its payload begins.
    start: Option<u64>,
    /// Too long, or held for too long: the rest goes.
    dropping: bool,
}

impl Pipeline {
    /// Takes steps from `bytes` until they end, or until plain lines may take the fast path; says
    /// how many bytes that were. With `last` nothing more will come.
    pub(super) fn slow(&mut self, bytes: &[u8], last: bool) -> usize {
        let mut done = 0;
        while let Some(step) = self
            .tokens
            .step(bytes.get(done..).unwrap_or_default(), last)
        {
            let own = bytes.get(done..done + step.len).unwrap_or_default();
            done += step.len;
            match (step.string, step.function) {
                (StringStep::Inside, _) => self.payload(own),
                (string, function) => {
                    if string == StringStep::Ended {
                        self.end_string();
                    }
                    self.step(own, function);
                    if string == StringStep::Begins {
                        self.string.start = Some(self.held.end());
                    }
                }
            }
            if self.held.end() >= self.next_count {
                self.count_held();
            }
            if self.fast {
                break;
            }
        }
        done
    }

    fn count_held(&mut self) {
        self.next_count = self.held.end() + super::COUNT_STEP;
        self.clear_gone();
        self.release();
        if self.held.len() > super::HOLD_BYTES_MAX {
            self.decide_by_size();
            self.release();
        }
    }

    fn step(&mut self, bytes: &[u8], function: Option<Function>) {
        match function {
            Some(Function::Print(c)) => self.print(bytes, c),
            Some(Function::Rep(n)) => self.repeat(n),
            other => {
                let start = self.held.end();
                self.push(bytes);
                if let Some(function) = other {
                    self.control(&function, self.sequence.unwrap_or(start));
                }
                if self.tokens.is_ground() {
                    self.sequence = None;
                    self.resync = false;
                } else if self.sequence.is_none() {
                    self.sequence = Some(start);
                }
            }
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        if self.paused.is_none() && !self.resync {
            self.held.push(self.now, bytes);
        }
    }

    fn print(&mut self, bytes: &[u8], c: char) {
        let replaced = self.screen.would_overwrite();
        if !self.overwrites && replaced.is_some() {
            self.look_at_cursor_line();
            self.overwrites = true;
        }
        self.gone |= self.overwrites;
        let scrolls = self.screen.would_scroll();
        if scrolls {
            self.look_at_page();
            self.gone = true;
        }
        let soft = self.screen.is_at_soft_row();
        let lost = scrolls && self.screen.forgets_what_scrolls();
        self.last_char = Some(c);
        if self.paused.is_some() {
            self.screen.print(c, crate::term::screen::PAUSED);
            return;
        }
        let serial = self.held.push_glyph(self.now, bytes, char_width(c));
        self.run.add(serial, soft, lost, replaced);
        self.screen.print(c, serial);
        self.dirty = true;
        self.commands.see_character(self.now);
    }

    /// `CSI b` repeats the last character. What it draws must have an origin of its own to be
    /// maskable, so the characters themselves take the sequence's place.
    fn repeat(&mut self, n: u16) {
        if let Some(start) = self.sequence.take() {
            self.held.truncate(start);
        }
        let (cols, rows) = self.screen.size();
        let count = usize::from(n.max(1)).min(cols * rows);
        if let Some(c) = self.last_char {
            let mut buffer = [0; 4];
            let bytes = c.encode_utf8(&mut buffer).as_bytes().to_vec();
            (0..count).for_each(|_| self.print(&bytes, c));
        }
    }

    /// Executes anything but a character; `start` is where its bytes begin.
    fn control(&mut self, function: &Function, start: u64) {
        if let Function::Sgr(_) = function {
            self.screen.apply(function);
            return;
        }
        self.overwrites = false;
        let back = matches!(function, Function::Cr | Function::Bs) && self.last_char == Some(' ');
        if !(back && self.run.wraps()) {
            self.end_run();
        }
        match function {
            Function::Lf | Function::Nel => self.new_line(function),
            Function::Cr => {
                self.stepped = false;
                self.screen.apply(function);
            }
            Function::El(_) | Function::Ech(_) | Function::Dch(_) | Function::Ich(_) => {
                self.destroy(function);
            }
            Function::Ed(EdScope::Below | EdScope::Above) => self.destroy(function),
            Function::Ed(_)
            | Function::Ri
            | Function::Su(_)
            | Function::Sd(_)
            | Function::Il(_)
            | Function::Dl(_)
            | Function::Decaln
            | Function::Ris => {
                self.leave_cursor_line();
                self.destroy(function);
            }
            Function::Decset(_) | Function::Decrst(_) => self.set_mode(function, start),
            Function::Cuu(_)
            | Function::Cud(_)
            | Function::Cup(..)
            | Function::Vpa(_)
            | Function::Vpr(_)
            | Function::Cnl(_)
            | Function::Cpl(_)
            | Function::Decrc
            | Function::Scorc
            | Function::Decstbm(..) => self.move_cursor(function),
            Function::Osc(Osc::ShellIntegration(mark)) => self.shell_mark(mark, start),
            _ => self.screen.apply(function),
        }
    }

    fn destroy(&mut self, function: &Function) {
        self.look_at_cursor_line();
        self.screen.apply(function);
        self.gone = true;
    }

    fn new_line(&mut self, function: &Function) {
        let row = self.screen.cursor().1;
        let rows = self.screen.line_around(row);
        if row + 1 < rows.end {
            self.screen.apply(function);
            return;
        }
        let left = self.leave_by_new_line(rows);
        self.screen.apply(function);
        // What stands above other text, or in a region that scrolls, is come back to.
        if self.screen.is_at_fresh_row() {
            left.iter().for_each(|left| self.clear(left));
        } else {
            self.stale |= self.dirty;
        }
        self.commands.begin_line(self.held.end());
        self.dirty = false;
        self.decide_screen();
        self.column = self.screen.cursor().0;
        self.stepped = self.column > 0;
        if self.may_go_fast() {
            self.fast = true;
            // What is decided must stand before what the fast path gives out.
            self.release();
            self.fast = self.held.is_empty();
        }
    }

    fn move_cursor(&mut self, function: &Function) {
        let before = self.screen.line_around(self.screen.cursor().1);
        self.screen.apply(function);
        if !before.contains(&self.screen.cursor().1) {
            self.leave_by_moving(before);
        }
    }

    fn leave_cursor_line(&mut self) {
        let rows = self.screen.line_around(self.screen.cursor().1);
        self.leave_by_moving(rows);
        self.look_at_page();
    }

    fn set_mode(&mut self, function: &Function, start: u64) {
        let set = matches!(function, Function::Decset(_));
        // avt does not name this mode.
        let bytes = self.held.slice(start, self.held.end());
        let asked = self.bracketed_paste;
        if memchr::memmem::find(bytes, b"2004").is_some() {
            self.bracketed_paste = set;
        }
        if asked && !self.bracketed_paste {
            self.editor_lets_go();
        }
        let alternate = self.screen.is_alternate();
        if function_switches(function) {
            self.leave_cursor_line();
            self.gone = true;
        }
        self.move_cursor(function);
        if alternate != self.screen.is_alternate() {
            // What a full-screen program left open has nothing to do with the lines that follow.
            self.scanner.end_block();
            self.dirty = false;
            self.back_on_line(alternate);
        }
    }

    /// The primary screen is shown again: a prompt that is drawn on its empty line begins here, and
    /// not where a line of the program began that had the alternate screen.
    fn back_on_line(&mut self, was_alternate: bool) {
        if was_alternate && self.screen.text(self.cursor_line()).text.is_empty() {
            self.commands.begin_line(self.held.end());
        }
    }

    fn payload(&mut self, bytes: &[u8]) {
        let Some(start) = self.string.start else {
            return;
        };
        if self.string.dropping {
            return;
        }
        self.push(bytes);
        if self.held.end().saturating_sub(start) > STRING_MAX {
            self.drop_string();
        }
    }

    /// The rest of the control string will not be kept.
    pub(super) fn drop_string(&mut self) {
        if let Some(start) = self.string.start.filter(|_| !self.string.dropping) {
            let bytes = usize::try_from(self.held.end().saturating_sub(start)).unwrap_or(0);
            self.held.truncate(start);
            self.string.dropping = true;
            self.unmaskable(bytes, "a control string was too long to be masked");
        }
    }

    /// Whether a control string is being received.
    pub(super) fn in_string(&self) -> bool {
        self.string.start.is_some()
    }

    /// The stream ends inside a sequence.
    pub(super) fn end_sequence(&mut self) {
        if self.string.start.is_some() {
            self.end_string();
        }
        self.sequence = None;
    }

    fn end_string(&mut self) {
        let Some(start) = self.string.start.take() else {
            return;
        };
        if std::mem::take(&mut self.string.dropping) || self.paused.is_some() {
            return;
        }
        let end = self.held.end();
        let payload = self.held.slice(start, end).to_vec();
        // What fills the clipboard or a variable is base64 and shows nowhere: none of it is needed.
        if let Some(kept) = clipboard(&payload).or_else(|| variable(&payload)) {
            self.held.patch(start + kept as u64, end, Vec::new());
            return;
        }
        // Behind an OSC's number the text begins as a line does.
        let digits = payload.iter().take_while(|c| c.is_ascii_digit()).count();
        let number = match payload.get(digits) {
            Some(b';') if digits > 0 => digits + 1,
            _ => 0,
        };
        let text = payload.get(number..).unwrap_or_default();
        let text = String::from_utf8_lossy(text).into_owned();
        let masked = self.masked_text(&text);
        if masked != text {
            self.held
                .patch(start + number as u64, end, masked.into_bytes());
        }
    }

    /// A text that stands outside the screen's lines, with its secrets masked.
    pub(super) fn masked_text(&mut self, text: &str) -> String {
        self.spans.clear();
        self.scanner.peek(text.as_bytes(), &mut self.spans);
        if self.spans.is_empty() {
            return text.to_owned();
        }
        let masked = crate::mask::masked(text.as_bytes(), &self.spans);
        for span in std::mem::take(&mut self.spans) {
            self.note_now(super::Note::Masked(self.now, span.rule.as_str()));
        }
        String::from_utf8_lossy(&masked).into_owned()
    }

    /// The rows of the cursor's line.
    pub(super) fn cursor_line(&self) -> Range<usize> {
        self.screen.line_around(self.screen.cursor().1)
    }
}

/// How much of an `OSC 52 ; targets ; data` payload is kept, if it is one.
fn clipboard(payload: &[u8]) -> Option<usize> {
    let targets = payload.strip_prefix(b"52;")?;
    Some(3 + memchr::memchr(b';', targets).map_or(0, |at| at + 1))
}

/// How much of an `OSC 1337 ; SetUserVar=name=value` payload is kept, if it is one.
fn variable(payload: &[u8]) -> Option<usize> {
    let lead = b"1337;SetUserVar=";
    let name = payload.strip_prefix(lead)?;
    Some(lead.len() + memchr::memchr(b'=', name).map_or(0, |at| at + 1))
}

fn function_switches(function: &Function) -> bool {
    use avt::parser::DecMode::{AltScreenBuffer, SaveCursorAltScreenBuffer};
    match function {
        Function::Decset(modes) | Function::Decrst(modes) => modes
            .as_slice()
            .iter()
            .any(|mode| matches!(mode, AltScreenBuffer | SaveCursorAltScreenBuffer)),
        _ => false,
    }
}
