//! Rows of one line, each behind a gutter: its number, an indent, what shows a break.

use super::Pipeline;
use crate::mask::gutter;
use crate::term::screen::{JOINED_MAX, LineText};
use std::ops::Range;

impl Pipeline {
    /// Looks at those of `rows`, which may be one line, that go on behind a gutter, without it.
    pub(super) fn look_behind_gutters(&mut self, rows: Range<usize>) {
        if rows.len() < 2 {
            return;
        }
        let row = |row: usize| self.screen.text(row..row + 1);
        let mut lines: Vec<LineText> = Vec::new();
        let mut first = row(rows.start);
        let mut line = (first.clone(), 1);
        for next in rows.skip(1).map(row) {
            match gutter(&first.text, &next.text) {
                Some(end) if line.1 < JOINED_MAX => {
                    line = (line.0.with(&next.behind(end)), line.1 + 1)
                }
                _ => {
                    first = next;
                    let whole = std::mem::replace(&mut line, (first.clone(), 1));
                    lines.extend((whole.1 > 1).then_some(whole.0));
                }
            }
        }
        lines.extend((line.1 > 1).then_some(line.0));
        for line in lines {
            self.look_at_rows(&line);
        }
    }
}
