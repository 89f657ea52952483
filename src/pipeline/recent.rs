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
    lines: usize,
}

impl Recent {
    /// Adds whole lines, of which `masked` ranges are masked. Only the last `rows` of all lines are
    /// kept.
    pub(super) fn push(
        &mut self,
        lines: &[u8],
        count: usize,
        masked: &[Range<usize>],
        rows: usize,
    ) {
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
        } else if self.bytes.len() + lines.len() > 2 * RECENT_MAX {
            self.cut(
                last_lines(&self.bytes, rows).max(self.bytes.len().saturating_sub(RECENT_MAX)),
            );
        }
        let shift = self.bytes.len();
        self.bytes
            .extend_from_slice(lines.get(tail..).unwrap_or_default());
        let moved = |r: &Range<usize>| r.start - tail + shift..r.end - tail + shift;
        let kept = masked.iter().filter(|r| r.start >= tail);
        self.masked.extend(kept.map(moved));
    }

    fn cut(&mut self, front: usize) {
        self.bytes.drain(..front.min(self.bytes.len()));
        self.masked.retain(|r| r.start >= front);
        for range in &mut self.masked {
            *range = range.start - front..range.end - front;
        }
    }

    /// How many lines passed since the last time, and the last `rows` of them with their masked
    /// ranges.
    pub(super) fn take(&mut self, rows: usize) -> (usize, Vec<u8>, Vec<Range<usize>>) {
        if self.lines >= rows {
            self.cut(last_lines(&self.bytes, rows));
        }
        let lines = std::mem::take(&mut self.lines);
        (
            lines,
            std::mem::take(&mut self.bytes),
            std::mem::take(&mut self.masked),
        )
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

    #[test]
    fn only_the_last_rows_are_kept() {
        let mut recent = Recent::default();
        recent.push(b"one\ntwo\n", 2, &[0..3, 4..7], 3);
        recent.push(b"three\nfour\n", 2, &[0..2, 3..5], 3);
        let (lines, bytes, masked) = recent.take(3);
        assert_eq!((lines, bytes.as_slice()), (4, &b"two\nthree\nfour\n"[..]));
        assert_eq!(masked, [0..3, 4..6, 7..9]);
        assert_eq!(recent.take(3), (0, Vec::new(), Vec::new()));
        let many = b"x\n".repeat(1000);
        recent.push(&many, 1000, &[1990..1991, 1994..1995], 3);
        assert_eq!(
            recent.take(3),
            (
                1000,
                b"x\nx\nx\n".to_vec(),
                Vec::from_iter(std::iter::once(0..1))
            )
        );
    }
}
