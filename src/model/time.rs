//! The two kinds of time: since the session began, and of the calendar.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Microseconds since the session began.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Micros(pub u64);

impl Micros {
    /// Whole milliseconds, rounded down.
    pub fn millis(self) -> u64 {
        self.0 / 1_000
    }

    /// The time that passed since `earlier`, zero when the order is reversed.
    pub fn since(self, earlier: Micros) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl From<Duration> for Micros {
    fn from(d: Duration) -> Self {
        Micros(u64::try_from(d.as_micros()).unwrap_or(u64::MAX))
    }
}

impl std::ops::Add<Duration> for Micros {
    type Output = Micros;

    fn add(self, d: Duration) -> Micros {
        Micros(self.0.saturating_add(Micros::from(d).0))
    }
}

/// A moment of the calendar: microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Stamp(pub i64);

impl Stamp {
    /// The moment `at` into a session that began at this stamp.
    pub fn plus(self, at: Micros) -> Stamp {
        Stamp(self.0.saturating_add_unsigned(at.0))
    }

    /// Days since 1970-01-01, UTC. The only time that stands in clear in the vault.
    pub fn day(self) -> i64 {
        self.0.div_euclid(86_400_000_000)
    }
}
