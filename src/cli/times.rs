//! Times as people type them: a place in a session, a stretch of time.

use crate::model::Micros;
use std::time::Duration;

/// A place in a session: `1:50`, `1:02:03.5`, `90s`, `1m10s`, `12.5` (seconds).
///
/// # Errors
/// How to write it.
pub fn position(text: &str) -> Result<Micros, String> {
    let wrong = || "write it as 1:50, 1:02:03, 1m10s, 90s or 12.5".to_owned();
    crate::query::position(text).ok_or_else(wrong)
}

/// A stretch of time: `2s`, `500ms`, `1m30s`, `0.5` (seconds).
///
/// # Errors
/// How to write it.
pub fn duration(text: &str) -> Result<Duration, String> {
    let seconds = || {
        let digits = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let seconds = text.parse().ok().filter(|_| digits)?;
        Duration::try_from_secs_f64(seconds).ok()
    };
    crate::query::duration(text)
        .or_else(seconds)
        .ok_or_else(|| "write it as 2s, 500ms, 1m30s or 0.5".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_in_many_ways() {
        let table = [
            ("1:50", Some(110_000_000)),
            ("1:02:03.5", Some(3_723_500_000)),
            ("90s", Some(90_000_000)),
            ("1m10s", Some(70_000_000)),
            ("1h2m3.5s", Some(3_723_500_000)),
            ("2m", Some(120_000_000)),
            ("500ms", Some(500_000)),
            ("12.5", Some(12_500_000)),
            ("0", Some(0)),
            ("1:60", None),
            ("1:2:3:4", None),
            ("-5", None),
            ("", None),
            ("1e9", None),
            ("1m10", None),
            ("m", None),
            ("99999999999999999999h99999999999999999999h", None),
        ];
        for (text, expected) in table {
            assert_eq!(position(text).ok().map(|at| at.0), expected, "{text}");
        }
    }

    #[test]
    fn stretches_have_units_or_are_seconds() {
        let table = [
            ("2s", Some(2_000)),
            ("500ms", Some(500)),
            ("1m30s", Some(90_000)),
            ("0.5", Some(500)),
            ("0", Some(0)),
            ("1:30", None),
            ("-1s", None),
            ("inf", None),
            ("", None),
        ];
        for (text, expected) in table {
            let found = duration(text).ok().map(|time| time.as_millis());
            assert_eq!(found, expected, "{text}");
        }
    }
}
