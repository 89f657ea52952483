//! Whether to look for what comes next without sleeping first.
//!
//! A thread that slept is woken tens of microseconds after something came, on a virtual machine a
//! hundred; a local server has answered by then, and a client with one connection waits for that twice
//! a statement. So a lone connection is looked at again and again for a moment after it carried
//! something. Where nothing comes in that moment, as from a server far away or from a person, or
//! where others want the core meanwhile, it is tried ever more seldom. With several connections there
//! is mostly one to go on with, and the cores are the servers' and the clients'.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How long it is looked for. Half of it still gains something, twice as much nothing more.
const MOMENT: Duration = Duration::from_micros(200);
/// From one look to the next it takes a microsecond or two, and longer than this only where another
/// thread had the core in between.
const ASIDE: Duration = Duration::from_micros(40);
/// So many times it is left out at most, after a moment in vain.
const SELDOM: u32 = 64;
/// So many moments in a row that were not in vain say that it pays again.
const ROW: u32 = 16;

/// The connections of this process.
static CONNECTIONS: AtomicUsize = AtomicUsize::new(0);

/// Decides it for one connection.
pub struct Eager {
    /// Another core does the work that is waited for.
    possible: bool,
    /// The moment's end, while one lasts.
    until: Option<Instant>,
    /// The end of the look before.
    last: Instant,
    /// Another thread had the core since then.
    aside: bool,
    /// So many times it is left out after the next moment in vain, and now.
    pause: u32,
    left_out: u32,
    /// So many moments in a row were not in vain.
    row: u32,
}

impl Eager {
    /// For a connection more.
    pub fn new() -> Eager {
        CONNECTIONS.fetch_add(1, Relaxed);
        Eager {
            possible: std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1),
            until: None,
            last: Instant::now(),
            aside: false,
            pause: 1,
            left_out: 0,
            row: 0,
        }
    }

    /// A look begins.
    pub fn looks(&mut self) {
        if self.until.is_some() {
            self.begin(Instant::now());
        }
    }

    fn begin(&mut self, now: Instant) {
        self.aside = now.duration_since(self.last) > ASIDE;
    }

    /// Whether to look again at once; `moved` where this look has found something.
    pub fn looks_again(&mut self, moved: bool) -> bool {
        let alone = self.possible && CONNECTIONS.load(Relaxed) == 1;
        // Nobody need know what time it is where nothing is under way.
        (alone && (moved || self.until.is_some())) && self.decide(moved, Instant::now())
    }

    fn decide(&mut self, moved: bool, now: Instant) -> bool {
        if let Some(until) = self.until {
            if self.aside || now >= until {
                self.until = None;
                self.left_out = self.pause;
                self.pause = (self.pause * 2).min(SELDOM);
                self.row = 0;
            } else if moved {
                self.row += 1;
                if self.row == ROW {
                    (self.pause, self.row) = (1, 0);
                }
            }
        }
        if moved {
            let wait = self.left_out > 0;
            self.left_out = self.left_out.saturating_sub(1);
            self.until = (!wait).then(|| now + MOMENT);
        }
        self.aside = false;
        self.last = now;
        self.until.is_some()
    }
}

impl Drop for Eager {
    fn drop(&mut self) {
        CONNECTIONS.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_soon_is_looked_for_and_what_comes_late_ever_more_seldom() {
        let mut eager = Eager::new();
        let mut now = Instant::now();
        for _ in 0..100 {
            assert!(eager.decide(true, now));
            now += MOMENT / 2;
            assert!(eager.decide(false, now));
        }
        let mut looked = 0;
        for _ in 0..1000 {
            looked += u32::from(eager.decide(true, now));
            now += MOMENT * 2;
            assert!(!eager.decide(false, now), "the moment is over");
        }
        assert!((10..=25).contains(&looked), "{looked}");
        // Soon again: at the latest after what was to be left out.
        let mut looked = 0;
        for _ in 0..100 {
            looked += u32::from(eager.decide(true, now));
            now += MOMENT / 2;
        }
        assert!(looked >= 100 - SELDOM, "{looked}");
        assert_eq!(eager.pause, 1);
    }

    #[test]
    fn a_core_that_others_want_is_left_to_them() {
        let mut eager = Eager::new();
        let mut now = Instant::now();
        let mut looked = 0;
        for _ in 0..1000 {
            looked += u32::from(eager.decide(true, now));
            // Something had come when it had the core again.
            now += ASIDE * 2;
            eager.begin(now);
        }
        assert!((10..=25).contains(&looked), "{looked}");
        // Reading along is no such thing.
        for _ in 0..100 {
            eager.decide(true, now);
            eager.begin(now);
            now += ASIDE * 2;
        }
        assert!(eager.decide(true, now));
    }

    #[test]
    fn nothing_is_looked_for_that_never_began() {
        let mut eager = Eager::new();
        assert!(!eager.decide(false, Instant::now()));
        assert!(!eager.looks_again(false));
    }
}
