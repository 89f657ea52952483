//! The fast path: whole lines of plain text, masked on their bytes.
//!
//! It is only entered where such lines scroll by and touch nothing that is on the screen, so what
//! stands in the bytes is what a viewer reads. An unfinished line waits as it came.

use super::outcome;
use super::{HOLD_BYTES_MAX, Pipeline};
use crate::mask::{MASK, PASSWORD_WIDTH, Span};
use crate::term::plain::{self, Plain};
use crate::term::prompt;
use crate::term::screen::JOINED_MAX;
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

impl Pipeline {
    /// Takes whole plain lines from `bytes`; says how many bytes that were. Turns slow at the
    /// first line that is not plain.
    pub(super) fn fast(&mut self, bytes: &[u8]) -> usize {
        let mut start = 0;
        let mut clean = 0;
        let mut lines = 0;
        let mut masked: Vec<Range<usize>> = Vec::new();
        let mut masks: Vec<Mask> = Vec::new();
        let mut slow = false;
        // Lines before this place were looked at together with what follows them.
        let mut apart = 0;
        for end in memchr_iter(b'\n', bytes) {
            masks.clear();
            let line = bytes.get(start..end).unwrap_or_default();
            let mut verdict = self.fast_line(line, start < apart, &mut masks);
            if let Verdict::Edge = verdict {
                verdict = match self.look_past_edge(bytes, start) {
                    Edge::Apart(until) => {
                        apart = until;
                        self.fast_line(line, true, &mut masks)
                    }
                    Edge::Waits => break,
                    Edge::Slow => Verdict::Slow,
                };
            }
            match verdict {
                Verdict::Clean => {}
                Verdict::Masked => {
                    for (range, width) in &masks {
                        let range = range.start + start..range.end + start;
                        self.out
                            .output(self.now, bytes.get(clean..range.start).unwrap_or_default());
                        self.out.output(self.now, &vec![MASK; *width]);
                        clean = range.end;
                        masked.push(range);
                    }
                }
                Verdict::Edge | Verdict::Slow => {
                    slow = true;
                    break;
                }
            }
            lines += 1;
            start = end + 1;
        }
        self.out
            .output(self.now, bytes.get(clean..start).unwrap_or_default());
        if lines > 0 {
            let rows = self.screen.size().1;
            let passed = bytes.get(..start).unwrap_or_default();
            self.recent.push(passed, lines, &masked, rows);
        }
        if slow {
            self.fast = false;
            self.catch_up();
        }
        start
    }

    /// Masks a line by itself; if it ends at the screen's edge, only when it stands `apart`.
    fn fast_line(&mut self, line: &[u8], apart: bool, masks: &mut Vec<Mask>) -> Verdict {
        // Without CR the next line begins under the end of this one.
        let Some(line) = line.strip_suffix(b"\r") else {
            return Verdict::Slow;
        };
        if line.len() > HOLD_BYTES_MAX {
            return Verdict::Slow;
        }
        let cols = self.screen.size().0;
        let Some(plain) = plain::classify(line, cols) else {
            return Verdict::Slow;
        };
        let mut stripped = std::mem::take(&mut self.stripped);
        match &plain {
            Plain::Text if !apart && plain::ends_at_edge(line, cols) => return Verdict::Edge,
            Plain::Text => {
                self.look_fast(line, true);
                self.collect(line, std::iter::once, true, masks);
                self.note_outcome(line);
            }
            Plain::Styled => {
                plain::strip(line, 0..line.len(), &mut stripped);
                if !apart && plain::ends_at_edge(stripped.text(), cols) {
                    self.stripped = stripped;
                    return Verdict::Edge;
                }
                self.look_fast(stripped.text(), true);
                self.collect(line, |span| stripped.ranges(span), true, masks);
                self.note_outcome(stripped.text());
            }
            // A search through the history, which the model's way of looking knows.
            Plain::Overwritten(_) if memmem::find(line, b"i-search)`").is_some() => {
                return Verdict::Slow;
            }
            Plain::Overwritten(segments) => {
                for (n, segment) in segments.iter().enumerate() {
                    plain::strip(line, segment.bytes.clone(), &mut stripped);
                    self.look_fast(stripped.text(), n + 1 == segments.len());
                    self.collect(line, |span| stripped.ranges(span), false, masks);
                }
                self.note_outcome(stripped.text());
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
    /// begins at `start` and ends there together with those that may be its rest.
    fn look_past_edge(&mut self, bytes: &[u8], start: usize) -> Edge {
        let cols = self.screen.size().0;
        let mut stripped = std::mem::take(&mut self.stripped);
        let mut joined = Vec::new();
        let mut at = start;
        let mut edge = Edge::Waits;
        for count in 1.. {
            let Some(len) = memchr(b'\n', bytes.get(at..).unwrap_or_default()) else {
                break;
            };
            let line = bytes.get(at..at + len).unwrap_or_default();
            let line = line.strip_suffix(b"\r");
            let Some((line, Plain::Text | Plain::Styled)) =
                line.and_then(|line| Some((line, plain::classify(line, cols)?)))
            else {
                edge = Edge::Slow;
                break;
            };
            plain::strip(line, 0..line.len(), &mut stripped);
            joined.extend_from_slice(stripped.text());
            if count > JOINED_MAX || !plain::ends_at_edge(stripped.text(), cols) {
                edge = Edge::Apart(at);
                break;
            }
            at += len + 1;
        }
        self.stripped = stripped;
        if let Edge::Apart(_) = edge {
            self.spans.clear();
            self.scanner.peek(&joined, &mut self.spans);
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
        line: &[u8],
        ranges: impl Fn(Range<usize>) -> I,
        free: bool,
        masks: &mut Vec<Mask>,
    ) {
        if self.spans.is_empty() {
            return;
        }
        let spans = std::mem::take(&mut self.spans);
        // Another width may stand where it moves nothing: within one row.
        let free = free && line.len() + PASSWORD_WIDTH * spans.len() < self.screen.size().0;
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
        let (lines, bytes, masked) = self.recent.take(rows);
        if lines >= rows {
            // All that stood on the screen has scrolled out.
            let bottom = u16::try_from(rows).unwrap_or(u16::MAX);
            self.screen.apply(&Function::Cup(bottom, 1));
        }
        let mut tokens = Tokens::default();
        let mut at = 0;
        let mut masked = masked.iter().peekable();
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
            && self.screen.is_at_fresh_line()
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
