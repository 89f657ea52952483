//! Looking at lines as a viewer reads them, at every moment before something of them is gone.

use super::held::Marked;
use super::{Note, Pipeline};
use crate::mask::Span;
use crate::term::prompt;
use crate::term::screen::{BEGUN_MAX, LineText};
use std::ops::Range;

impl Pipeline {
    /// Looks at the cursor's line as it stands, if something was drawn on it since the last look.
    pub(super) fn look_at_cursor_line(&mut self) {
        if std::mem::take(&mut self.dirty) && self.held.open() > 0 {
            self.stale = true;
            self.look_around(self.cursor_line());
        }
    }

    /// The cursor goes to a new line: what stands on the old one is read as a whole. Gives what may be
    /// decided now, unless the screen is a full-screen program's, or the next row may go on with the line.
    pub(super) fn leave_by_new_line(&mut self, rows: Range<usize>) -> Option<LineText> {
        let mut line = self.screen.text(rows.clone());
        if self.stepped {
            line = line.drawn();
        }
        self.mend(&line);
        if self.scanner.in_block() && self.commands.is_prompt(&line.text) {
            self.scanner.end_block();
        }
        let full = self.screen.is_full(rows.end - 1);
        if !self.goes_on {
            let open = full && !self.scanner.is_idle();
            self.begun = open.then(|| self.scanner.mark());
        }
        self.spans.clear();
        self.scanner.line(line.text.as_bytes(), &mut self.spans);
        self.look_at_edges(&line);
        self.mark(&line);
        let joined = self.look_joined(&rows);
        if self.screen.is_alternate() {
            // A program that fills the screen comes back to its rows.
            self.stale |= std::mem::take(&mut self.dirty);
            self.look_at_page();
        }
        if self.paused.is_some() {
            return None;
        }
        let shown = self.shown(&line);
        self.admit(&line, &shown);
        // What was overwritten on the way here is nowhere any more; lines that are still open stay.
        self.gone = true;
        if !self.screen.is_alternate() {
            self.goes_on = full;
            self.see_line(&line, &shown);
        }
        self.clear_gone();
        let stays = full || self.screen.is_alternate();
        (!stays).then(|| joined.unwrap_or(line))
    }

    /// The cursor goes elsewhere, perhaps to come back: the old line is looked at as it stands. So
    /// are all rows when a program begins at the top again.
    pub(super) fn leave_by_moving(&mut self, rows: Range<usize>) {
        if std::mem::take(&mut self.dirty) && self.held.open() > 0 {
            self.stale = true;
            let line = self.screen.text(rows.clone());
            self.mend(&line);
            self.look_around(rows.clone());
        }
        if self.screen.cursor().1 < rows.start {
            self.look_at_page();
        }
        // The new line may hold open characters from an earlier visit.
        self.dirty = self.held.open() > 0;
    }

    /// The last line of the session.
    pub(super) fn finish_line(&mut self) {
        self.end_run();
        self.look_at_cursor_line();
        self.look_at_page();
        let line = self.screen.text(self.cursor_line());
        self.mend(&line);
        self.spans.clear();
        self.scanner.line(line.text.as_bytes(), &mut self.spans);
        self.mark(&line);
        let shown = self.shown(&line);
        self.admit(&line, &shown);
        self.held.clear_unless(|_| false);
    }

    /// Looks at all rows in order, as secrets of several lines need it, and at rows that a program
    /// wrapped by itself; if something was drawn since the last time.
    pub(super) fn look_at_page(&mut self) {
        if !std::mem::take(&mut self.stale) || self.held.open() == 0 {
            return;
        }
        let rows = self.screen.size().1;
        let mut lines = Vec::new();
        let mut row = 0;
        while row < rows {
            let range = self.screen.line_around(row);
            row = range.end.max(row + 1);
            lines.push((range.clone(), self.screen.text(range)));
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
        let mut row = 0;
        for (range, line) in lines {
            if !self.screen.is_full(range.end - 1) {
                self.look_behind_gutters(range);
                continue;
            }
            self.look_at_full(&line);
            let group = self.screen.group_around(&range);
            if range.start >= row {
                self.look_at_joined(group.clone());
                self.look_behind_gutters(group.clone());
                row = group.end;
            }
            self.look_begun(range.start, group.end);
        }
    }

    /// Looks at the rows from `start` on as those of a line that begins there, in a group of rows that
    /// ends before `end`. It may end with each of them: the next row may begin another line.
    fn look_begun(&mut self, start: usize, end: usize) {
        let mut stop = self.screen.line_around(start).end;
        let end = end.min(stop + BEGUN_MAX);
        while stop < end {
            stop = self.screen.line_around(stop).end.clamp(stop + 1, end);
            self.look_at_joined(start..stop);
        }
    }

    /// Looks at rows as at one line; gives what stands in them.
    fn look_at_joined(&mut self, rows: Range<usize>) -> LineText {
        if let Some(line) = self.screen.joined_at_blanks(rows.clone()) {
            self.look_at_rows(&line);
        }
        let line = self.screen.joined(rows);
        self.look_at_rows(&line);
        line
    }

    /// Looks at the line in `rows`, and at it together with the rows that may be one line with it.
    fn look_around(&mut self, rows: Range<usize>) {
        let line = self.screen.text(rows.clone());
        if self.screen.is_full(rows.end.saturating_sub(1)) {
            self.look_at_full(&line);
        }
        self.look(&line);
        self.look_joined(&rows);
    }

    /// Looks at the rows that a program may have wrapped by itself, if there are such around `rows`;
    /// gives what stands in them.
    fn look_joined(&mut self, rows: &Range<usize>) -> Option<LineText> {
        let group = self.screen.group_around(rows);
        self.look_behind_gutters(group.clone());
        if group == *rows {
            return None;
        }
        let joined = self.look_at_joined(group.clone());
        let first = rows.start.saturating_sub(BEGUN_MAX).max(group.start);
        for start in first..rows.end {
            if self.screen.line_around(start).start == start {
                self.look_begun(start, group.end);
            }
        }
        Some(joined)
    }

    /// Looks twice at a line that may still change.
    fn look(&mut self, line: &LineText) {
        self.peek(line);
        let shown = self.shown(line);
        self.admit(line, &shown);
    }

    /// Looks twice at rows that may be one line.
    pub(super) fn look_at_rows(&mut self, line: &LineText) {
        self.spans.clear();
        self.peek_rows(line.text.as_bytes());
        self.mark(line);
        self.peek_search(line);
        let shown = self.shown(line);
        self.admit(line, &shown);
    }

    /// Leaves in `self.spans` the secrets of several rows as of one line: as if nothing had come before
    /// it, and as it goes on with what was open before the first of its rows. (By themselves the rows
    /// were read already, and may have left half a literal open.)
    pub(super) fn peek_rows(&mut self, text: &[u8]) {
        self.scanner.peek_from(None, text, &mut self.spans);
        match &self.begun {
            Some(begun) if self.goes_on => {
                self.scanner.peek_from(Some(begun), text, &mut self.spans);
            }
            None if self.goes_on => {}
            _ if self.scanner.is_idle() => {}
            _ => self.scanner.peek(text, &mut self.spans),
        }
    }

    /// Looks at a line that a change of the terminal's size tore apart together with what of it came
    /// before.
    fn mend(&mut self, line: &LineText) {
        if let Some(torn) = self.torn.take() {
            self.peek(&torn.with(&line.without(&torn)));
            self.gone = true;
        }
    }

    pub(super) fn peek(&mut self, line: &LineText) {
        self.spans.clear();
        self.scanner.peek(line.text.as_bytes(), &mut self.spans);
        self.look_at_edges(line);
        self.mark(line);
        self.peek_search(line);
    }

    /// Adds what a line shows of known secrets, some of which it may not show as a whole.
    fn look_at_edges(&mut self, line: &LineText) {
        let text = line.text.as_bytes();
        self.scanner.edges(text, false, &mut self.spans);
    }

    /// Looks at a line that fills its last row: it may have no room for all of a secret.
    fn look_at_full(&mut self, line: &LineText) {
        self.spans.clear();
        let text = line.text.as_bytes();
        self.scanner.edges(text, true, &mut self.spans);
        self.mark(line);
    }

    /// Looks at what a search through the history shows in a line.
    fn peek_search(&mut self, line: &LineText) {
        if let Some(start) = prompt::searched(&line.text) {
            let text = line.text.get(start..).unwrap_or_default();
            self.spans.clear();
            self.scanner.peek(text.as_bytes(), &mut self.spans);
            for span in &mut self.spans {
                span.start += start;
                span.end += start;
            }
            self.mark(line);
        }
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

    /// The second look at what a viewer will read of `line`.
    fn admit(&mut self, line: &LineText, shown: &str) {
        if self.held.open() > 0 && !self.out.admits(shown) {
            self.drop_line(line);
        }
    }

    /// Nothing on `line` will change the decision any more.
    pub(super) fn clear(&mut self, line: &LineText) {
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
}
