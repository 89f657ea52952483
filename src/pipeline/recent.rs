//! The last screenful of what took the fast path, for bringing the model up to date.

use std::ops::Range;

/// More than this is never needed: it fills the largest modelled screen's rows with text. A single
/// longer line is cut at its front, which is scrolled out anyway.
const RECENT_MAX: usize = 256 * 1024;

/// The last lines, as they came.
#[derive(Debug, Default)]
pub(super) struct Recent {
    bytes: Vec<u8>,
    /// Which of them are masked, in order.
    masked: Vec<Range<usize>>,
    /// Where lines begin that do not begin in the first column, and in which they do.
    columns: Vec<(usize, usize)>,
    lines: usize,
}

/// Lines that passed, and what is known of them.
#[derive(Debug, Default)]
pub(super) struct Passed {
    pub(super) lines: usize,
    pub(super) masked: Vec<Range<usize>>,
    pub(super) columns: Vec<(usize, usize)>,
}

/// What the model has not seen yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Missed {
    /// How many lines passed.
    pub(super) lines: usize,
    /// The last screenful of them.
    pub(super) bytes: Vec<u8>,
    /// What of it is masked.
    pub(super) masked: Vec<Range<usize>>,
    /// In which column it begins.
    pub(super) column: usize,
}

impl Recent {
    /// How many lines passed since the last time.
    pub(super) fn lines(&self) -> usize {
        self.lines
    }

    /// Adds whole lines. Only the last `rows` of all lines are kept.
    pub(super) fn push(&mut self, lines: &[u8], passed: &Passed, rows: usize) {
        let count = passed.lines;
        self.lines = self.lines.saturating_add(count);
        let tail = if count >= rows {
            last_lines(lines, rows)
        } else {
            0
        };
        let tail = tail.max(lines.len().saturating_sub(RECENT_MAX));
        if tail > 0 {
            self.bytes.clear();
            self.masked.clear();
            self.columns.clear();
        } else if self.bytes.len() + lines.len() > 2 * RECENT_MAX {
            self.cut(
                last_lines(&self.bytes, rows).max(self.bytes.len().saturating_sub(RECENT_MAX)),
            );
        }
        let shift = self.bytes.len();
        self.bytes
            .extend_from_slice(lines.get(tail..).unwrap_or_default());
        let moved = |r: &Range<usize>| r.start - tail + shift..r.end - tail + shift;
        let kept = passed.masked.iter().filter(|r| r.start >= tail);
        self.masked.extend(kept.map(moved));
        let kept = passed.columns.iter().filter(|(at, _)| *at >= tail);
        self.columns
            .extend(kept.map(|(at, column)| (at - tail + shift, *column)));
    }

    fn cut(&mut self, front: usize) {
        self.bytes.drain(..front.min(self.bytes.len()));
        self.masked.retain(|r| r.start >= front);
        for range in &mut self.masked {
            *range = range.start - front..range.end - front;
        }
        self.columns.retain(|(at, _)| *at >= front);
        for (at, _) in &mut self.columns {
            *at -= front;
        }
    }

    /// What passed since the last time, of which the last `rows` lines are kept.
    pub(super) fn take(&mut self, rows: usize) -> Missed {
        if self.lines >= rows {
            self.cut(last_lines(&self.bytes, rows));
        }
        let columns = std::mem::take(&mut self.columns);
        let first = columns.first().filter(|(at, _)| *at == 0);
        Missed {
            lines: std::mem::take(&mut self.lines),
            bytes: std::mem::take(&mut self.bytes),
            masked: std::mem::take(&mut self.masked),
            column: first.map_or(0, |(_, column)| *column),
        }
    }
}

/// Where the last `rows` lines of `text`, which ends with one, begin.
fn last_lines(text: &[u8], rows: usize) -> usize {
    let mut ends = memchr::memrchr_iter(b'\n', text);
    ends.nth(rows).map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(lines: usize, masked: &[Range<usize>], columns: &[(usize, usize)]) -> Passed {
        Passed {
            lines,
            masked: masked.to_vec(),
            columns: columns.to_vec(),
        }
    }

    #[test]
    fn only_the_last_rows_are_kept() {
        let mut recent = Recent::default();
        recent.push(b"one\ntwo\n", &passed(2, &[0..3, 4..7], &[(4, 3)]), 3);
        recent.push(b"three\nfour\n", &passed(2, &[0..2, 3..5], &[(0, 6)]), 3);
        let missed = recent.take(3);
        assert_eq!(
            (missed.lines, missed.bytes.as_slice(), missed.column),
            (4, &b"two\nthree\nfour\n"[..], 3)
        );
        assert_eq!(missed.masked, [0..3, 4..6, 7..9]);
        assert_eq!(recent.take(3), Missed::default());
        let many = b"x\n".repeat(1000);
        let masked = [1990..1991, 1994..1995];
        recent.push(&many, &passed(1000, &masked, &[(1994, 7), (1996, 8)]), 3);
        assert_eq!(
            recent.take(3),
            Missed {
                lines: 1000,
                bytes: b"x\nx\nx\n".to_vec(),
                masked: Vec::from_iter(std::iter::once(0..1)),
                column: 7,
            }
        );
    }
}
