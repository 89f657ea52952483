//! The table that was read last, whose rows a pager may show again without their header.

use super::layout::{Cut, bars, cells};
use super::{Columns, Judge, Table, row};
use crate::mask::bytes::cut;
use crate::mask::names::Strength;
use crate::mask::span::Span;

/// A table that was read.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    table: Table,
    /// Where its bars stand, in characters.
    bars: Vec<usize>,
    /// So many lines may still pass until one of its rows comes.
    left: u32,
}

/// Rows of a table that was read are known as such for so many lines behind it: some pages.
const KNOWN_LINES: u32 = 400;

impl Columns {
    /// The table that was read last.
    pub(crate) fn known(&self) -> Option<&Known> {
        self.known.as_ref()
    }

    /// What was read goes on with rows of a table that was read before.
    pub(crate) fn knows(&mut self, known: Option<Known>) {
        self.known = known;
    }

    /// Whether `line` is a row of the table that was read before, and is read: its bars stand where
    /// those of the table stood. One that a pager `cut` may have fewer.
    pub(super) fn again(&mut self, line: &[u8], cut: bool, spans: &mut Vec<Span>) -> bool {
        let Some(mut known) = self.known.take() else {
            return false;
        };
        known.left -= 1;
        let bars = bars(line);
        let same = bars == known.bars || cut && known.bars.starts_with(&bars);
        let row = same && !bars.is_empty() && !is_centred(line) && row(line, &known.table, spans);
        if row {
            known.left = KNOWN_LINES;
        }
        if known.left > 0 {
            self.known = Some(known);
        }
        row
    }

    /// How many lines may still pass until a row comes of the table that was read before.
    pub(crate) fn known_left(&self) -> u32 {
        self.known.as_ref().map_or(0, |known| known.left)
    }

    /// A line passes that shows no row of it.
    pub(crate) fn pass(&mut self) {
        if let Some(known) = &mut self.known {
            known.left = known.left.saturating_sub(1);
        }
        if self.known_left() == 0 {
            self.known = None;
        }
    }

    /// Keeps the table of `header`, if one was opened, for when its rows come again without it.
    pub(super) fn keep(&mut self, header: &[u8]) {
        let table = self.table.as_ref();
        let table = table.filter(|table| matches!(table.cut, Cut::Bars | Cut::Boxed));
        self.known = table.map(|table| Known {
            table: table.clone(),
            bars: bars(header),
            left: KNOWN_LINES,
        });
    }
}

/// Whether the cells of `line` stand in the middle, as psql writes names of columns: values stand at the
/// left, numbers at the right. One value that begins with blanks makes no header of its row.
fn is_centred(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    // Behind the last bar a screen shows no blanks.
    let cells = text.rsplit(['|', '│']).skip(1);
    let mut room = false;
    for cell in cells.filter(|cell| !cell.trim().is_empty()) {
        let before = cell.len() - cell.trim_start().len();
        let behind = cell.len() - cell.trim_end().len();
        if before.abs_diff(behind) > 1 {
            return false;
        }
        room |= before > 1 && behind > 1;
    }
    room
}

/// Whether the cells of `line` are names of columns, one of which is judged: a header, not a row.
pub(super) fn is_header(line: &[u8], judge: &Judge) -> bool {
    let cells = cells(line, &Cut::Bars);
    let named = |(a, b): &(usize, usize)| {
        let name = cut(line, *a, *b).trim_ascii();
        let plain = |c: &u8| c.is_ascii_lowercase() || *c == b'_';
        name.iter().all(plain)
            && judge
                .column(name)
                .is_some_and(|n| n.strength == Strength::Strong)
    };
    cells.len() > 1 && cells.len() < 65 && cells.iter().any(named)
}
