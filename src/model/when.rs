//! Times as people read them: `0:08`, `4m12s`, `41.0 ms`, `today 14:02`.

use super::{Micros, Stamp};
use jiff::civil::DateTime;
use jiff::{Timestamp, ToSpan, tz::Offset};
use std::time::Duration;

/// So many thousandths of a second, without what a float adds to them.
pub fn millis(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e6
}

/// A place in a session: `0:08`, `1:58`, `1:02:03`.
pub fn position(at: Micros) -> String {
    let seconds = at.millis() / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// How long a session was: `8s`, `4m12s`, `38m`, `2h05m`, `3d04h`. Three digits at most, as
/// nobody compares sessions of half an hour by the second.
pub fn length(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let rest = seconds % 60;
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest}s"),
        (0, 0, 1..=9) => format!("{minutes}m{rest:02}s"),
        (0, 0, _) => format!("{minutes}m"),
        (0, ..) => format!("{hours}h{minutes:02}m"),
        _ => format!("{days}d{hours:02}h"),
    }
}

/// How long a command took: `0.8 ms`, `41.0 ms`, `2.3 s`, then as [`length`].
pub fn took(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    if ms < 999.95 {
        format!("{ms:.1} ms")
    } else if time.as_secs() < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        length(time)
    }
}

/// A moment of the calendar in a zone `offset` seconds east of UTC, seen from `now` in the same
/// zone: `today 14:02`, `yesterday 17:12`, `12 Nov 09:15`, `12 Nov 2024` in another year.
pub fn moment(stamp: Stamp, offset: i32, now: Stamp) -> String {
    let (Some(at), Some(now)) = (civil(stamp, offset), civil(now, offset)) else {
        return format!("{} µs", stamp.0);
    };
    let yesterday = now.date().checked_sub(1.day()).ok();
    if at.date() == now.date() {
        at.strftime("today %H:%M").to_string()
    } else if Some(at.date()) == yesterday {
        at.strftime("yesterday %H:%M").to_string()
    } else if at.year() == now.year() {
        at.strftime("%-d %b %H:%M").to_string()
    } else {
        at.strftime("%-d %b %Y").to_string()
    }
}

/// The wall clock at `stamp`, `offset` seconds east of UTC; `None` outside the calendar.
pub fn civil(stamp: Stamp, offset: i32) -> Option<DateTime> {
    let offset = Offset::from_seconds(offset).ok()?;
    let stamp = Timestamp::from_microsecond(stamp.0).ok()?;
    Some(offset.to_datetime(stamp))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_and_lengths() {
        for (seconds, position_, length_) in [
            (0, "0:00", "0s"),
            (8, "0:08", "8s"),
            (118, "1:58", "1m58s"),
            (252, "4:12", "4m12s"),
            (2_280, "38:00", "38m"),
            (3_723, "1:02:03", "1h02m"),
            (273_600, "76:00:00", "3d04h"),
        ] {
            assert_eq!(position(Micros(seconds * 1_000_000)), position_);
            assert_eq!(length(Duration::from_secs(seconds)), length_);
        }
    }

    #[test]
    fn durations_of_commands() {
        for (micros, text) in [
            (0, "0.0 ms"),
            (1_240, "1.2 ms"),
            (41_000, "41.0 ms"),
            (999_960, "1.0 s"),
            (2_300_000, "2.3 s"),
            (61_000_000, "1m01s"),
        ] {
            assert_eq!(took(Duration::from_micros(micros)), text);
        }
    }

    #[test]
    fn moments_are_near_or_far() {
        let at = |text: &str| Stamp(text.parse::<Timestamp>().unwrap().as_microsecond());
        let now = at("2025-11-20T23:30:00Z");
        for (stamp, text) in [
            ("2025-11-20T13:02:00Z", "yesterday 14:02"),
            ("2025-11-20T23:05:00Z", "today 00:05"),
            ("2025-11-12T08:15:00Z", "12 Nov 09:15"),
            ("2024-11-12T08:15:00Z", "12 Nov 2024"),
        ] {
            assert_eq!(moment(at(stamp), 3600, now), text, "{stamp}");
        }
        assert_eq!(moment(Stamp(i64::MAX), 0, now), format!("{} µs", i64::MAX));
    }
}
