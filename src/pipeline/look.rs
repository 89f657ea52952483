//! Looking at lines, and deciding them.

use super::held::{Marked, State};
use super::{HOLD_BYTES_MAX, Note, Pipeline};
use crate::mask::Span;
use crate::term::screen::LineText;
use std::ops::Range;

/// How much of a line that was decided before it ended stays as context for what follows. No known
/// token is longer than a few kilobytes.
const CONTEXT: usize = 4 * 1024;

/// How many ranges of masked characters are remembered before those that left the screen are
/// forgotten.
const MASKED_MAX: usize = 4096;

/// So many rows are looked at as one at most.
const JOINED_MAX: usize = 16;

/// A shorter unfinished word gives nothing away that would help anybody, and is far more often a
/// word that somebody is still typing.
const TAIL_MIN: usize = 10;

impl Pipeline {
    /// Looks at the cursor's line as it stands, if something was drawn on it since the last look.
    pub(super) fn look_at_cursor_line(&mut self) {
        if std::mem::take(&mut self.dirty) && self.held.open() > 0 {
            let line = self.screen.text(self.cursor_line());
            self.peek(&line);
        }
    }

    /// The cursor goes to a new line: what stands on the old one is decided.
    pub(super) fn leave_by_new_line(&mut self, rows: Range<usize>) {
        let line = self.screen.text(rows);
        self.mend(&line);
        if self.scanner.in_block() && self.commands.is_prompt(&line.text) {
            self.scanner.end_block();
        }
        self.spans.clear();
        self.scanner.line(line.text.as_bytes(), &mut self.spans);
        self.mark(&line);
        if self.screen.is_alternate() {
            self.look_at_page();
        }
        if self.paused.is_some() {
            return;
        }
        let shown = self.shown(&line);
        self.decide(&line, shown.as_str());
        // What was overwritten on the way here is nowhere any more; lines that are still open stay.
        self.gone = true;
        self.clear_gone();
        if !self.screen.is_alternate() {
            self.see_line(&line, &shown);
        }
    }

    /// The cursor goes elsewhere: the old line is decided, but for what may be the start of a
    /// secret that is still being typed (a status line interrupts the typing in full-screen
    /// editors).
    pub(super) fn leave_by_moving(&mut self, rows: Range<usize>) {
        if std::mem::take(&mut self.dirty) && self.held.open() > 0 {
            let line = self.screen.text(rows);
            self.mend(&line);
            self.peek(&line);
            self.look_at_page();
            let tail = self.tail(&line.text);
            let shown = self.shown(&line);
            if !self.out.admits(&shown) {
                self.drop_line(&line);
            }
            for (at, serial) in &line.origins {
                if *at < tail {
                    self.held.clear(*serial);
                }
            }
        }
        // The new line may hold open characters from an earlier visit.
        self.dirty = self.held.open() > 0;
    }

    /// The last line of the session.
    pub(super) fn finish_line(&mut self) {
        let line = self.screen.text(self.cursor_line());
        self.mend(&line);
        self.spans.clear();
        self.scanner.line(line.text.as_bytes(), &mut self.spans);
        self.mark(&line);
        let shown = self.shown(&line);
        self.decide(&line, &shown);
        self.held.clear_unless(|_| false);
    }

    /// Looks at all rows in order, as secrets of several lines need it, and at rows that a program
    /// wrapped by itself.
    fn look_at_page(&mut self) {
        let rows = self.screen.size().1;
        let mut lines = Vec::new();
        let mut row = 0;
        while row < rows {
            let range = self.screen.line_around(row);
            lines.push((range.clone(), self.screen.text(range.clone())));
            row = range.end.max(row + 1);
        }
        let mut found: Vec<(usize, Span)> = Vec::new();
        let texts = lines.iter().map(|(_, line)| line.text.as_bytes());
        self.scanner.page(texts, |n, spans| {
            found.extend(spans.iter().map(|s| (n, *s)))
        });
        for (n, span) in found {
            if let Some((_, line)) = lines.get(n) {
                self.mark_span(line, span);
            }
        }
        let mut first = 0;
        while first < lines.len() {
            let mut joined: Option<LineText> = None;
            let mut last = first;
            // A row that is full may go on in the next one.
            while last + 1 < lines.len()
                && last - first < JOINED_MAX
                && lines
                    .get(last)
                    .is_some_and(|(range, _)| self.screen.is_full(range.end - 1))
            {
                let (Some((_, above)), Some((_, below))) = (lines.get(last), lines.get(last + 1))
                else {
                    break;
                };
                joined = Some(joined.as_ref().unwrap_or(above).with(below));
                last += 1;
            }
            if let Some(line) = joined {
                self.spans.clear();
                self.scanner.peek(line.text.as_bytes(), &mut self.spans);
                self.mark(&line);
            }
            first = last.max(first + 1);
        }
    }

    /// Looks at a line that a change of the terminal's size tore apart together with what of it came
    /// before.
    fn mend(&mut self, line: &LineText) {
        if let Some(torn) = self.torn.take() {
            self.peek(&torn.with(&line.without(&torn)));
        }
    }

    fn peek(&mut self, line: &LineText) {
        self.spans.clear();
        self.scanner.peek(line.text.as_bytes(), &mut self.spans);
        self.mark(line);
    }

    /// Marks what `self.spans` found in `line`.
    fn mark(&mut self, line: &LineText) {
        for span in std::mem::take(&mut self.spans) {
            self.mark_span(line, span);
        }
    }

    fn mark_span(&mut self, line: &LineText, span: Span) {
        let (mut now, mut before, mut late) = (0_usize, 0_usize, 0_usize);
        for serial in line.serials(span.start..span.end) {
            match self.held.mask(serial) {
                Marked::Now => now += 1,
                Marked::Already => before += 1,
                Marked::TooLate => late += 1,
                Marked::Nothing => {}
            }
        }
        if now == 0 {
            return;
        }
        // A secret that grows while it is typed is one.
        if before == 0 {
            self.note_now(Note::Masked(self.now, span.rule.as_str()));
        }
        if late > 0 {
            self.unmaskable(
                0,
                "the first part of a secret was stored before it was recognised as one",
            );
        }
    }

    /// What a viewer will read where `line` stands.
    pub(super) fn shown(&self, line: &LineText) -> String {
        let mut masked = line
            .origins
            .iter()
            .map(|(_, serial)| self.held.is_masked(*serial));
        let chars = line.text.chars();
        chars
            .map(|c| {
                if masked.next() == Some(true) {
                    char::from(crate::mask::MASK)
                } else {
                    c
                }
            })
            .collect()
    }

    /// Nothing on `line` will change the decision any more.
    fn decide(&mut self, line: &LineText, shown: &str) {
        if self.held.open() > 0 && !self.out.admits(shown) {
            self.drop_line(line);
        }
        for (_, serial) in &line.origins {
            self.held.clear(*serial);
        }
    }

    /// The second look found something in the rendered line: none of it is shown.
    fn drop_line(&mut self, line: &LineText) {
        let dropped = line
            .origins
            .iter()
            .filter(|(_, s)| self.held.mask(*s) == Marked::Now);
        let dropped = dropped.count();
        self.unmaskable(
            dropped,
            "something still looked like a secret after masking",
        );
    }

    /// From where the text may be the start of a secret that is not whole yet.
    fn tail(&self, text: &str) -> usize {
        let tail = self.scanner.tail(text.as_bytes()).unwrap_or(text.len());
        let word = text.get(tail..).unwrap_or_default();
        let digit = word.bytes().any(|b| b.is_ascii_digit());
        let letter = word.bytes().any(|b| b.is_ascii_alphabetic());
        if self.scanner.in_block() && tail == 0 || word.len() >= TAIL_MIN && digit && letter {
            tail
        } else {
            text.len()
        }
    }

    /// Characters that left the screen were looked at before they did, so they are decided.
    pub(super) fn clear_gone(&mut self) {
        if !std::mem::take(&mut self.gone) || self.held.open() == 0 {
            return;
        }
        let (first, count) = self.held.serials();
        let mut seen = vec![false; count];
        let index = |serial: u32| usize::try_from(serial.checked_sub(first)?).ok();
        self.screen.for_each_serial(|serial| {
            if let Some(seen) = index(serial).and_then(|i| seen.get_mut(i)) {
                *seen = true;
            }
        });
        self.held.clear_unless(|serial| {
            index(serial)
                .and_then(|i| seen.get(i))
                .copied()
                .unwrap_or(false)
        });
    }

    /// More is held than may be: the cursor's line is decided as it stands, but for an unfinished
    /// word at its end.
    pub(super) fn decide_by_size(&mut self) {
        let line = self.screen.text(self.cursor_line());
        self.peek(&line);
        let mut tail = self.tail(&line.text);
        let open_tail = line.serials(tail..line.text.len()).count();
        if open_tail > HOLD_BYTES_MAX / 4 {
            self.drop_tail(&line, tail, |_| true);
            tail = line.text.len();
        }
        let keep: Vec<u32> = line.serials(tail..line.text.len()).collect();
        self.held
            .clear_unless(|serial| keep.binary_search(&serial).is_ok());
        self.screen.forget_above(CONTEXT + keep.len());
        if self.held.len() > HOLD_BYTES_MAX && self.held.open() == 0 {
            // Only an unfinished sequence or a command's end holds the queue.
            self.sequence = None;
            self.drop_string();
            self.settle_command();
        }
    }

    /// What has been held for too long is decided as it stands.
    pub(super) fn decide_by_time(&mut self, old: impl Fn(&Self, u32) -> bool) {
        let line = self.screen.text(self.cursor_line());
        self.peek(&line);
        self.dirty = false;
        let tail = self.tail(&line.text);
        let drop: Vec<u32> = line
            .serials(tail..line.text.len())
            .filter(|serial| old(self, *serial))
            .collect();
        if !drop.is_empty() {
            self.drop_tail(&line, tail, |serial| drop.contains(&serial));
        }
        let (first, count) = self.held.serials();
        let last = first.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        let young: Vec<u32> = (first..last)
            .filter(|serial| self.held.state(*serial) == Some(State::Open) && !old(self, *serial))
            .collect();
        self.held
            .clear_unless(|serial| young.binary_search(&serial).is_ok());
    }

    fn drop_tail(&mut self, line: &LineText, tail: usize, which: impl Fn(u32) -> bool) {
        let serials = line.serials(tail..line.text.len()).filter(|s| which(*s));
        let dropped = serials
            .filter(|s| self.held.mask(*s) == Marked::Now)
            .count();
        if dropped > 0 {
            self.unmaskable(
                dropped,
                "an unfinished word that may be the start of a secret",
            );
        }
    }

    /// Keeps the memory of masked characters to those that can still be seen.
    pub(super) fn forget_masked(&mut self) {
        if self.held.remembered() > MASKED_MAX {
            let mut seen = Vec::new();
            self.screen.for_each_serial(|serial| seen.push(serial));
            seen.sort_unstable();
            self.held.forget_masked(&seen);
        }
    }
}
