//! The fast path: whole lines of plain text, masked on their bytes.
//!
//! It is only entered where such lines scroll by and touch nothing that is on the screen, so what
//! stands in the bytes is what a viewer reads. An unfinished line waits as it came.

use super::outcome;
use super::recent::Passed;
use super::{HOLD_BYTES_MAX, Pipeline};
use crate::mask::{MASK, PASSWORD_WIDTH, Span};
use crate::term::plain::{self, Plain};
use crate::term::prompt;
use crate::term::screen::{BEGUN_MAX, JOINED_MAX, NO_SERIAL};
use crate::term::token::Tokens;
use avt::parser::Function;
use memchr::{memchr, memchr_iter, memmem};
use std::ops::Range;

/// What is to become of a line.
enum Verdict {
    /// It passes as it is.
    Clean,
    /// `masks` holds what to replace.
    Masked,
    /// It ends at the screen's edge: what follows may be its rest.
    Edge,
    /// The model must see it.
    Slow,
}

/// What lines that end at the screen's edge come to.
enum Edge {
    /// There is nothing in them that those before the end of this place hold only together.
    Apart(usize),
    /// The line behind them has not come yet.
    Waits,
    /// The model must see them.
    Slow,
}

/// Bytes to replace by so many mask characters.
type Mask = (Range<usize>, usize);

/// A line without the carriage returns around it.
#[derive(Clone, Copy)]
struct Row<'a> {
    text: &'a [u8],
    /// Where the text begins in what the line was taken from.
    start: usize,
    /// In which column the text begins. A line that ends in LF alone leaves the cursor where it
    /// stands, so the next one begins below its end.
    column: usize,
    /// A carriage return stands before the text.
    returned: bool,
    /// A carriage return stands behind it.
    returns: bool,
}

impl<'a> Row<'a> {
    /// The line in `range` of `bytes`, before which the cursor stands in `column`.
    fn new(bytes: &'a [u8], range: Range<usize>, column: usize) -> Self {
        let line = bytes.get(range.clone()).unwrap_or_default();
        let behind = line.iter().rev().take_while(|c| **c == b'\r').count();
        let line = line.get(..line.len() - behind).unwrap_or_default();
        let before = line.iter().take_while(|c| **c == b'\r').count();
        Row {
            text: line.get(before..).unwrap_or_default(),
            start: range.start + before,
            column: if before > 0 { 0 } else { column },
            returned: before > 0,
            returns: behind > 0,
        }
    }

    /// In which column the next line begins; `text` is what this one shows.
    fn next_column(&self, text: &[u8], cols: usize) -> usize {
        if self.returns {
            0
        } else {
            plain::column_behind(text, self.column, cols)
        }
    }
}

impl Pipeline {
    /// Takes whole plain lines from `bytes`; says how many bytes that were. Turns slow at the
    /// first line that is not plain.
    pub(super) fn fast(&mut self, bytes: &[u8]) -> usize {
        let mut start = 0;
        let mut clean = 0;
        let mut passed = Passed::default();
        let mut masks: Vec<Mask> = Vec::new();
        let mut slow = false;
        // Lines before this place were looked at together with what follows them.
        let mut apart = 0;
        for end in memchr_iter(b'\n', bytes) {
            masks.clear();
            let row = Row::new(bytes, start..end, self.column);
            let mut next = 0;
            let mut verdict = self.fast_line(row, start < apart, &mut next, &mut masks);
            if let Verdict::Edge = verdict {
                verdict = match self.look_past_edge(bytes, start, passed.lines) {
                    Edge::Apart(until) => {
                        apart = until;
                        self.fast_line(row, true, &mut next, &mut masks)
                    }
                    Edge::Waits => break,
                    Edge::Slow => Verdict::Slow,
                };
            }
            match verdict {
                Verdict::Clean => {}
                Verdict::Masked => {
                    for (range, width) in &masks {
                        let range = range.start + row.start..range.end + row.start;
                        self.out
                            .output(self.now, bytes.get(clean..range.start).unwrap_or_default());
                        self.out.output(self.now, &vec![MASK; *width]);
                        clean = range.end;
                        passed.masked.push(range);
                    }
                }
                Verdict::Edge | Verdict::Slow => {
                    slow = true;
                    break;
                }
            }
            if self.column > 0 {
                passed.columns.push((start, self.column));
            }
            self.column = next;
            passed.lines += 1;
            start = end + 1;
        }
        self.out
            .output(self.now, bytes.get(clean..start).unwrap_or_default());
        if passed.lines > 0 {
            let rows = self.screen.size().1;
            self.recent
                .push(bytes.get(..start).unwrap_or_default(), &passed, rows);
        }
        if slow {
            self.fast = false;
            self.catch_up();
        }
        start
    }

    /// Masks a line by itself; if it ends at the screen's edge, only when it stands `apart`. Leaves
    /// in `next` in which column the line behind it begins.
    fn fast_line(
        &mut self,
        row: Row<'_>,
        apart: bool,
        next: &mut usize,
        masks: &mut Vec<Mask>,
    ) -> Verdict {
        let line = row.text;
        if line.len() > HOLD_BYTES_MAX {
            return Verdict::Slow;
        }
        let cols = self.screen.size().0;
        let mut stripped = std::mem::take(&mut self.stripped);
        let Some(plain) = plain::classify(line, cols, &mut stripped) else {
            self.stripped = stripped;
            return Verdict::Slow;
        };
        // A search through the history, a line scrolled sideways, one that a program wraps by itself: the
        // model's way of looking knows them.
        let redrawn = row.returned || matches!(plain, Plain::Overwritten(_));
        let knows = [&b"i-search)`"[..], b"\r<", b" \r"];
        if redrawn && knows.iter().any(|sign| memmem::find(line, sign).is_some()) {
            self.stripped = stripped;
            return Verdict::Slow;
        }
        match &plain {
            Plain::Text if !apart && plain::ends_at_edge(line, row.column, cols) => {
                self.stripped = stripped;
                return Verdict::Edge;
            }
            Plain::Text => {
                self.look_fast(line, true);
                self.collect(row, std::iter::once, true, masks);
                self.note_outcome(line);
                *next = row.next_column(line, cols);
            }
            Plain::Styled => {
                if !apart && plain::ends_at_edge(stripped.text(), row.column, cols) {
                    self.stripped = stripped;
                    return Verdict::Edge;
                }
                self.look_fast(stripped.text(), true);
                self.collect(row, |span| stripped.ranges(span), true, masks);
                self.note_outcome(stripped.text());
                *next = row.next_column(stripped.text(), cols);
            }
            // What stood elsewhere shines through.
            Plain::Overwritten(_) if row.column > 0 || !row.returns => {
                self.stripped = stripped;
                return Verdict::Slow;
            }
            Plain::Overwritten(segments) => {
                for (n, segment) in segments.iter().enumerate() {
                    plain::strip(line, segment.bytes.clone(), &mut stripped);
                    self.look_fast(stripped.text(), n + 1 == segments.len());
                    self.collect(row, |span| stripped.ranges(span), false, masks);
                }
                self.note_outcome(stripped.text());
                *next = 0;
            }
        }
        self.stripped = stripped;
        if masks.is_empty() {
            Verdict::Clean
        } else {
            Verdict::Masked
        }
    }

    /// A program that wraps by itself ends its rows at the screen's edge: looks at the line that
    /// begins at `start`, the `passed` lines before it, and ends there together with those that may
    /// be its rest.
    fn look_past_edge(&mut self, bytes: &[u8], start: usize, passed: usize) -> Edge {
        let (cols, rows) = self.screen.size();
        let mut stripped = std::mem::take(&mut self.stripped);
        let mut joined = Vec::new();
        let mut begins = Vec::new();
        let mut at = start;
        let mut column = self.column;
        let mut edge = Edge::Waits;
        // Where LF alone leads from the edge depends on whether it scrolls.
        let lowest = self.screen.cursor().1 + self.recent.lines() + passed + 1 >= rows;
        for count in 1.. {
            let Some(len) = memchr(b'\n', bytes.get(at..).unwrap_or_default()) else {
                break;
            };
            let row = Row::new(bytes, at..at + len, column);
            let plain = plain::classify(row.text, cols, &mut stripped);
            if !matches!(plain, Some(Plain::Text | Plain::Styled)) || !row.returns && !lowest {
                edge = Edge::Slow;
                break;
            }
            plain::strip(row.text, 0..row.text.len(), &mut stripped);
            begins.push(joined.len());
            joined.extend_from_slice(stripped.text());
            if count > JOINED_MAX || !plain::ends_at_edge(stripped.text(), row.column, cols) {
                edge = Edge::Apart(at);
                break;
            }
            column = row.next_column(stripped.text(), cols);
            at += len + 1;
        }
        self.stripped = stripped;
        if let Edge::Apart(_) = edge {
            self.spans.clear();
            self.peek_rows(&joined);
            // A line may begin with each row and end with each; one row by itself is looked at when
            // its turn comes.
            begins.push(joined.len());
            for (n, begin) in begins.iter().enumerate() {
                for end in begins.iter().skip(n + 2).take(BEGUN_MAX) {
                    self.peek_rows(joined.get(*begin..*end).unwrap_or_default());
                }
            }
            if !self.spans.is_empty() {
                return Edge::Slow;
            }
        }
        edge
    }

    /// Leaves the secrets of `text` in `self.spans`.
    fn look_fast(&mut self, text: &[u8], last: bool) {
        let text = text.trim_ascii_end();
        self.spans.clear();
        if self.scanner.in_block() {
            let line = String::from_utf8_lossy(text);
            if self.commands.is_prompt(&line) {
                self.scanner.end_block();
            }
        }
        if last {
            self.scanner.line(text, &mut self.spans);
        } else {
            self.scanner.peek(text, &mut self.spans);
        }
    }

    /// Turns `self.spans` into byte ranges of the line and what covers them.
    fn collect<I: Iterator<Item = Range<usize>>>(
        &mut self,
        row: Row<'_>,
        ranges: impl Fn(Range<usize>) -> I,
        free: bool,
        masks: &mut Vec<Mask>,
    ) {
        if self.spans.is_empty() {
            return;
        }
        let line = row.text;
        let spans = std::mem::take(&mut self.spans);
        // Another width may stand where it moves nothing: within one row, with none below its end.
        let width = row.column + line.len() + PASSWORD_WIDTH * spans.len();
        let free = free && row.returns && width < self.screen.size().0;
        for span in &spans {
            self.out.mask(self.now, span.rule.as_str());
            let mut rest = free.then(|| cover(span, line, ranges(span.start..span.end)));
            for range in ranges(span.start..span.end) {
                let own = cells(line, &range);
                let width = rest.as_mut().map_or(own, std::mem::take);
                masks.push((range, width));
            }
        }
        self.spans = spans;
    }

    /// A command's outcome may stand in its output.
    fn note_outcome(&mut self, text: &[u8]) {
        if self.commands.is_running() && outcome::may_be(text) {
            let masked = crate::mask::masked(text.trim_ascii_end(), &self.spans);
            self.commands.see_outcome(&String::from_utf8_lossy(&masked));
        }
    }

    /// Brings the model up to date with what took the fast path.
    pub(super) fn catch_up(&mut self) {
        let rows = self.screen.size().1;
        let missed = self.recent.take(rows);
        if missed.lines >= rows {
            // All that stood on the screen has scrolled out.
            let size = self.screen.size();
            let number = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
            let column = number(missed.column + 1);
            self.screen.apply(&Function::Cup(number(size.1), column));
            if missed.column >= size.0 {
                self.screen.print(' ', NO_SERIAL);
            }
        }
        let bytes = missed.bytes.as_slice();
        let mut tokens = Tokens::default();
        let mut at = 0;
        let mut masked = missed.masked.iter().peekable();
        while let Some(step) = tokens.step(bytes.get(at..).unwrap_or_default(), true) {
            while masked.next_if(|range| range.end <= at).is_some() {}
            match step.function {
                Some(Function::Print(c)) => {
                    let inside = masked.peek().is_some_and(|range| range.contains(&at));
                    let serial = self.held.skip_serial(inside);
                    self.screen.print(c, serial);
                }
                Some(function) => self.screen.apply(&function),
                None => {}
            }
            at += step.len;
        }
        self.commands.begin_line(self.held.end());
        self.dirty = false;
    }

    /// After a line ended in the model: whether plain lines may pass without it from here.
    pub(super) fn may_go_fast(&self) -> bool {
        self.held.open() == 0
            && self.paused.is_none()
            && self.tokens.is_ground()
            && !self.commands.wait_for_lines()
            && self.screen.is_at_fresh_row()
    }
}

/// How wide the mask of a whole span is in free text.
fn cover(span: &Span, line: &[u8], ranges: impl Iterator<Item = Range<usize>>) -> usize {
    span.cover(ranges.map(|range| cells(line, &range)).sum())
}

fn cells(line: &[u8], range: &Range<usize>) -> usize {
    let text = line.get(range.clone()).unwrap_or_default();
    plain::width(text).unwrap_or(text.len())
}

impl super::Commands {
    /// Whether a line begins with what is surely the prompt for a new command.
    pub(super) fn is_prompt(&self, line: &str) -> bool {
        prompt::is_sure(line, self.known())
    }
}
