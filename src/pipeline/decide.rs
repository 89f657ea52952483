//! Deciding what is held, when nothing will change it any more or when it was held for long enough.

use super::held::{Marked, State};
use super::{HOLD_BYTES_MAX, Pipeline};
use crate::term::screen::LineText;

/// How much of a line that was decided before it ended stays as context for what follows. No known
/// token is longer than a few kilobytes.
const CONTEXT: usize = 4 * 1024;

/// How many ranges of masked characters are remembered before those that left the screen are
/// forgotten.
const MASKED_MAX: usize = 4096;

/// A shorter unfinished word gives nothing away that would help anybody, and is far more often a
/// word that somebody is still typing.
const TAIL_MIN: usize = 10;

impl Pipeline {
    /// Plain lines follow from here, below everything that stands on the screen: nothing of it is
    /// drawn on again.
    pub(super) fn decide_screen(&mut self) {
        if self.held.open() > 0 && !self.goes_on && self.screen.is_at_fresh_line() {
            self.look_at_page();
            self.held.clear_unless(|_| false);
        }
    }

    /// Looks at everything that is undecided; gives the cursor's line.
    fn look_at_all(&mut self) -> LineText {
        self.dirty = true;
        self.end_run();
        self.look_at_cursor_line();
        self.look_at_page();
        self.screen.text(self.cursor_line())
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

    /// Characters that left the screen were looked at before they did, so they are decided. Called at
    /// places of the stream and when it rests, not at the ends of chunks.
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
        // Looked at when they are whole: a run of characters, and the line that a change of size tore
        // apart with what follows.
        if let Some(from) = self.run.due() {
            let from = index(from).unwrap_or(0);
            seen.iter_mut().skip(from).for_each(|seen| *seen = true);
        }
        let torn = self.torn.iter().flat_map(|line| &line.origins);
        for (_, serial) in torn {
            if let Some(seen) = index(*serial).and_then(|i| seen.get_mut(i)) {
                *seen = true;
            }
        }
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
        let line = self.look_at_all();
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
        let line = self.look_at_all();
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
