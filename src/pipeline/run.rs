//! Characters that came one behind the other, where the screen does not show them so: the bytes hold
//! what it never showed as a whole, and a viewer who read along knows it.
//!
//! At the edge of a screen that does not wrap each character replaces the one before; a line that is
//! longer than the screen, or than its scroll region, loses its beginning before its end is there; and
//! what is drawn where another line went on by itself reads on the screen as the rest of that line.
//!
//! Programs that wrap by themselves draw a blank into the next row and go back over it, so that the
//! terminal wraps there, too. A terminal of another size than the one they know of, as it is for a moment
//! in a change of size, shows the rest elsewhere.

use super::Pipeline;
use crate::mask::gutter;
use crate::term::screen::{LineText, NO_SERIAL};

/// A row of fewer characters is none that a program wrapped.
const ROW_MIN: u32 = 12;
/// More rows of one line are not read together.
const ROWS_MAX: usize = 8;

/// A run of characters with nothing but colours between.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// The first of them.
    first: Option<u32>,
    /// The last of them.
    last: u32,
    /// The screen may show it otherwise than it came.
    apart: bool,
    /// The blanks that only made the terminal wrap.
    wraps: Vec<u32>,
}

impl Run {
    /// One more: whether it stands at the start of a row in which a line goes on (`soft`), made its own
    /// line scroll away (`lost`), and what it replaced.
    pub(super) fn add(&mut self, serial: u32, soft: bool, lost: bool, replaced: Option<u32>) {
        self.last = serial;
        match self.first {
            None => {
                self.first = Some(serial);
                self.apart = soft;
            }
            // It replaces one of the run itself, or moves what may be one.
            Some(first) => {
                self.apart |= lost || replaced.is_some_and(|old| old == NO_SERIAL || old >= first);
            }
        }
    }

    /// The cursor goes back behind the last character, a blank: whether that only made the terminal wrap.
    pub(super) fn wraps(&mut self) -> bool {
        let begins = self.wraps.last().copied().or(self.first);
        let row = begins.map_or(0, |begins| self.last.saturating_sub(begins));
        let wraps = row >= ROW_MIN && self.wraps.len() < ROWS_MAX;
        if wraps {
            self.wraps.push(self.last);
            self.apart = true;
        }
        wraps
    }

    /// The first of them. Until the run is over none of them leaves, masked or not: they are read as one.
    pub(super) fn first(&self) -> Option<u32> {
        self.first
    }

    /// From which character on a look is due.
    pub(super) fn due(&self) -> Option<u32> {
        self.first.filter(|_| self.apart)
    }
}

impl Pipeline {
    /// The run of characters is over: looks at it as it came, if the screen shows it otherwise.
    pub(super) fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        if let Some(first) = run.due()
            && self.held.open() > 0
        {
            let came = self.held.came_from(first);
            self.peek(&together(&came, &run.wraps, |_, _| 0));
            if !run.wraps.is_empty() {
                let behind = |first: &str, row: &str| gutter(first, row).unwrap_or(0);
                self.peek(&together(&came, &run.wraps, behind));
            }
            self.gone = true;
        }
    }
}

/// The rows of a run, of which the blanks `wraps` end all but the last, as one line: without those blanks,
/// and without so much of each row's start as `skip` tells of the first row and the row.
fn together(came: &LineText, wraps: &[u32], skip: impl Fn(&str, &str) -> usize) -> LineText {
    let mut rows = vec![LineText::default()];
    for (c, (_, serial)) in came.text.chars().zip(&came.origins) {
        if wraps.contains(serial) {
            rows.push(LineText::default());
        } else if let Some(row) = rows.last_mut() {
            row.push(c, *serial);
        }
    }
    let mut rows = rows.into_iter();
    let first = rows.next().unwrap_or_default();
    let mut line = first.clone();
    for row in rows {
        line = line.with(&row.behind(skip(&first.text, &row.text)));
    }
    line
}
