//! Characters that came one behind the other, where the screen does not show them so: the bytes hold
//! what it never showed as a whole, and a viewer who read along knows it.
//!
//! At the edge of a screen that does not wrap each character replaces the one before; a line that is
//! longer than the screen, or than its scroll region, loses its beginning before its end is there; and
//! what is drawn where another line went on by itself reads on the screen as the rest of that line.

use super::Pipeline;
use crate::term::screen::NO_SERIAL;

/// A run of characters with nothing but colours between.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// The first of them.
    first: Option<u32>,
    /// The screen may show it otherwise than it came.
    apart: bool,
}

impl Run {
    /// One more: whether it stands at the start of a row in which a line goes on (`soft`), made its own
    /// line scroll away (`lost`), and what it replaced.
    pub(super) fn add(&mut self, serial: u32, soft: bool, lost: bool, replaced: Option<u32>) {
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
            let line = self.held.came_from(first);
            self.peek(&line);
            self.gone = true;
        }
    }
}
