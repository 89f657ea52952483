//! How far what a client shows lags behind what a database gave it.
//!
//! The two come by different ways: a client may have asked again while the answer before still waits
//! in a pipe or in the terminal. What is known of an answer must last until it has been shown, and no
//! longer than it takes to be sure of that.

use crate::model::Micros;
use std::time::Duration;

/// More does not wait between a client and the recorder: its own buffer, and a pipe or the terminal
/// with 64 KiB each.
const WAITING_MAX: u64 = 256 << 10;
/// Whoever types after such a silence has seen all that was to be seen.
const SILENCE: Duration = Duration::from_millis(200);

/// What makes it certain that an answer was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Past {
    /// Somebody looked at it and typed.
    Seen,
    /// So much was shown since that it must have been among it.
    Flushed,
}

/// What came since the answers before the last ones were forgotten.
#[derive(Debug, Default)]
pub(super) struct Lag {
    shown: u64,
    /// When anything was shown or answered.
    last: Micros,
    seen: bool,
    /// What is shown does not end at the terminal: it may wait for whatever reads it.
    piped: bool,
}

impl Lag {
    /// So many bytes were shown.
    pub(super) fn shown(&mut self, at: Micros, bytes: usize, piped: bool) {
        self.shown = self.shown.saturating_add(u64::try_from(bytes).unwrap_or(0));
        self.last = at;
        self.piped |= piped;
    }

    /// A database answered.
    pub(super) fn answered(&mut self, at: Micros) {
        self.last = at;
        self.seen = false;
    }

    /// Somebody typed.
    pub(super) fn typed(&mut self, at: Micros) {
        self.seen |= at.since(self.last) >= SILENCE;
    }

    /// A client asks again: whether what was answered before it asked the last time was shown.
    pub(super) fn asked(&mut self) -> Option<Past> {
        let past = match (self.seen && !self.piped, self.shown >= WAITING_MAX) {
            (true, _) => Past::Seen,
            (_, true) => Past::Flushed,
            _ => return None,
        };
        (self.shown, self.seen) = (0, false);
        Some(past)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Micros {
        Micros(ms * 1000)
    }

    #[test]
    fn what_waits_in_a_pipe_is_not_past_before_more_was_shown() {
        let mut lag = Lag::default();
        lag.answered(ms(0));
        lag.shown(ms(1), 300_000, true);
        assert_eq!(lag.asked(), Some(Past::Flushed));
        lag.answered(ms(2));
        lag.shown(ms(3), 200_000, true);
        // Whoever types may sit before a pager, and the pipe is full.
        lag.typed(ms(9000));
        assert_eq!(lag.asked(), None);
        assert_eq!(lag.asked(), None);
        lag.shown(ms(9001), 70_000, true);
        assert_eq!(lag.asked(), Some(Past::Flushed));
        assert_eq!(lag.asked(), None);
    }

    #[test]
    fn who_types_after_a_silence_has_seen_the_answer() {
        let mut lag = Lag::default();
        lag.answered(ms(0));
        lag.shown(ms(1), 100, false);
        // Typed ahead, or pasted.
        lag.typed(ms(100));
        assert_eq!(lag.asked(), None);
        lag.typed(ms(300));
        // The echo of what is typed.
        lag.shown(ms(301), 1, false);
        assert_eq!(lag.asked(), Some(Past::Seen));
        assert_eq!(lag.asked(), None);
        // Typed while the answer was waited for.
        lag.typed(ms(900));
        lag.answered(ms(901));
        assert_eq!(lag.asked(), None);
    }
}
