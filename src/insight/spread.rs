//! How long something takes: the middle, the slow end, and where it is going.

use crate::model::Stamp;
use std::time::Duration;

/// Times that are kept of one statement. Beyond that every second one is left out, again and
/// again, so that old and new ones count alike.
const KEPT_MAX: usize = 8_192;
/// Fewer runs than this have no trend.
const TREND_MIN: usize = 6;

/// Times of runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    runs: Vec<(Stamp, Duration)>,
    skip: u32,
    seen: u32,
    /// All times together.
    pub total: Duration,
}

/// The newest third of the runs against those before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// The median before.
    pub before: Duration,
    /// The median of late.
    pub now: Duration,
}

impl Trend {
    /// How much longer it takes of late, in hundredths: 50 is half as long again.
    pub fn percent(self) -> i64 {
        let before = self.before.as_secs_f64().max(1e-6);
        let change = (self.now.as_secs_f64() / before - 1.0) * 100.0;
        change.clamp(-100.0, 99_999.0).round() as i64
    }
}

impl Spread {
    /// Takes note of a run.
    pub fn add(&mut self, at: Stamp, took: Duration) {
        self.total = self.total.saturating_add(took);
        self.seen = self.seen.wrapping_add(1);
        if !self.seen.is_multiple_of(1 << self.skip.min(31)) {
            return;
        }
        self.runs.push((at, took));
        if self.runs.len() >= KEPT_MAX {
            let mut number = 0_usize;
            self.runs.retain(|_| {
                number += 1;
                number.is_multiple_of(2)
            });
            self.skip += 1;
        }
    }

    /// The time that so many hundredths of the runs did not exceed; `None` without a run.
    pub fn percentile(&self, hundredths: usize) -> Option<Duration> {
        percentile(&self.runs, hundredths)
    }

    /// Where it is going, where there are runs enough to tell.
    pub fn trend(&self) -> Option<Trend> {
        if self.runs.len() < TREND_MIN {
            return None;
        }
        let mut runs = self.runs.clone();
        let cut = runs.len() - runs.len() / 3;
        // Older ones before it, newer ones behind; in which order does not matter.
        runs.select_nth_unstable_by_key(cut, |(at, _)| *at);
        let (before, now) = runs.split_at_checked(cut)?;
        Some(Trend {
            before: percentile(before, 50)?,
            now: percentile(now, 50)?,
        })
    }
}

/// By the nearest rank, in one pass: thousands of statements are asked while somebody waits.
fn percentile(runs: &[(Stamp, Duration)], hundredths: usize) -> Option<Duration> {
    let mut times: Vec<Duration> = runs.iter().map(|(_, took)| *took).collect();
    let rank = (times.len() * hundredths).div_ceil(100).max(1);
    if rank > times.len() {
        return None;
    }
    Some(*times.select_nth_unstable(rank - 1).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_rank_and_the_trend_by_date() {
        let mut spread = Spread::default();
        assert_eq!(spread.percentile(50), None);
        for n in (1..=20).rev() {
            // The later half takes ten times as long.
            let took = if n > 10 { n * 10 } else { n };
            spread.add(Stamp(n), Duration::from_millis(took.unsigned_abs()));
        }
        assert_eq!(spread.percentile(50), Some(Duration::from_millis(10)));
        assert_eq!(spread.percentile(95), Some(Duration::from_millis(190)));
        let trend = spread.trend().unwrap();
        assert_eq!(trend.before, Duration::from_millis(7));
        assert_eq!(trend.now, Duration::from_millis(170));
        assert_eq!(trend.percent(), 2329);
    }

    #[test]
    fn any_number_of_runs_takes_bounded_memory() {
        let mut spread = Spread::default();
        for n in 0..100_000 {
            spread.add(Stamp(n), Duration::from_millis(n.unsigned_abs()));
            assert!(spread.runs.len() < KEPT_MAX);
        }
        let middle = spread.percentile(50).unwrap().as_millis();
        assert!((40_000..60_000).contains(&middle), "{middle}");
    }
}
