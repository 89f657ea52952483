//! Times and durations as people write them: `7d`, `yesterday`, `2026-11-20 14:00`, `1.5s`.

use crate::model::{Micros, Stamp};
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp, Zoned};
use std::time::Duration;

/// The moment and the place a query is asked in; the core has neither clock nor zone.
#[derive(Clone, Debug)]
pub struct Now {
    /// Now.
    pub stamp: Stamp,
    /// What `today` means.
    pub zone: TimeZone,
}

impl Now {
    /// Now in the zone.
    pub fn zoned(&self) -> Zoned {
        Timestamp::from_microsecond(self.stamp.0)
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .to_zoned(self.zone.clone())
    }
}

/// What [`moment`] understands, for hints.
pub(super) const MOMENTS: &str =
    "7d, 12h, today, yesterday, monday, 2026-11-20, 2026-11-20T14:00 or 14:00";

/// The moment that `text` names: so long ago, or a day's beginning, or a time of day.
pub(super) fn moment(text: &str, now: &Now) -> Option<Stamp> {
    let lower = text.to_ascii_lowercase();
    let zoned = now.zoned();
    if let Some(span) = ago(&lower) {
        return zoned.checked_sub(span).ok().map(|then| stamp(&then));
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(Stamp(at.as_microsecond()));
    }
    let today = zoned.date();
    let at = match lower.as_str() {
        "now" => return Some(now.stamp),
        "today" => DateTime::from_parts(today, Time::midnight()),
        "yesterday" => DateTime::from_parts(today.yesterday().ok()?, Time::midnight()),
        _ => {
            if let Some(weekday) = weekday(&lower) {
                let back = i64::from(weekday.until(today.weekday()));
                let day = today.checked_sub(Span::new().try_days(back).ok()?).ok()?;
                DateTime::from_parts(day, Time::midnight())
            } else if let Ok(date) = strict_date(&lower) {
                DateTime::from_parts(date, Time::midnight())
            } else if let Ok(time) = time_of_day(&lower) {
                DateTime::from_parts(today, time)
            } else {
                lower.replace(' ', "t").parse::<DateTime>().ok()?
            }
        }
    };
    at.to_zoned(now.zone.clone()).ok().map(|at| stamp(&at))
}

fn stamp(at: &Zoned) -> Stamp {
    Stamp(at.timestamp().as_microsecond())
}

fn strict_date(text: &str) -> Result<Date, jiff::Error> {
    // Without this a date would take `2026-11-20T14:00` and forget its time.
    Date::strptime("%Y-%m-%d", text)
}

fn time_of_day(text: &str) -> Result<Time, jiff::Error> {
    Time::strptime("%H:%M:%S", text).or_else(|_| Time::strptime("%H:%M", text))
}

fn weekday(text: &str) -> Option<Weekday> {
    let days = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    let found = days
        .into_iter()
        .find(|(name, _)| *name == text || (text.len() == 3 && name.get(..3) == Some(text)));
    found.map(|(_, day)| day)
}

/// `7d`: days and longer follow the calendar, so that a week ago is the same time of day.
fn ago(text: &str) -> Option<Span> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let n: i64 = number.parse().ok()?;
    let span = Span::new();
    match unit {
        "s" | "sec" => span.try_seconds(n),
        "m" | "min" => span.try_minutes(n),
        "h" => span.try_hours(n),
        "d" => span.try_days(n),
        "w" => span.try_weeks(n),
        "mo" | "month" | "months" => span.try_months(n),
        "y" => span.try_years(n),
        _ => return None,
    }
    .ok()
}

/// `250ms`, `1.5s`, `2m`, `1h30m`, `2d`: numbers with units, added up. A day has 24 hours.
pub fn duration(text: &str) -> Option<Duration> {
    let span: Span = text.to_ascii_lowercase().parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(duration).ok()
}

/// A place in a session: `1:50`, `1:02:03.5`, `90s`, `1m10s`, `12.5` (seconds).
pub fn position(text: &str) -> Option<Micros> {
    if let Some(time) = duration(text) {
        return Some(Micros::from(time));
    }
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() > 3 {
        return None;
    }
    let mut seconds = 0.0;
    for (n, part) in parts.iter().enumerate() {
        let last = n + 1 == parts.len();
        let digits = part
            .bytes()
            .all(|b| b.is_ascii_digit() || (last && b == b'.'));
        let value: f64 = part.parse().ok()?;
        if !digits || (n > 0 && value >= 60.0) {
            return None;
        }
        seconds = seconds * 60.0 + value;
    }
    let time = Duration::try_from_secs_f64(seconds).ok()?;
    Some(Micros::from(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Now {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        // A Sunday.
        let at: DateTime = "2026-11-22T12:30:00".parse().unwrap();
        Now {
            stamp: stamp(&at.to_zoned(zone.clone()).unwrap()),
            zone,
        }
    }

    #[test]
    fn moments_are_read_in_the_zone_of_who_asks() {
        let table = [
            ("today", "2026-11-22T00:00"),
            ("yesterday", "2026-11-21T00:00"),
            ("7d", "2026-11-15T12:30"),
            ("2w", "2026-11-08T12:30"),
            // Summer time ended on 25 October; a month of days is still the same time of day.
            ("30d", "2026-10-23T12:30"),
            ("1mo", "2026-10-22T12:30"),
            ("90m", "2026-11-22T11:00"),
            ("monday", "2026-11-16T00:00"),
            ("sun", "2026-11-22T00:00"),
            ("2026-11-20", "2026-11-20T00:00"),
            ("2026-11-20T14:00", "2026-11-20T14:00"),
            ("2026-11-20 14:00:05", "2026-11-20T14:00:05"),
            ("14:15", "2026-11-22T14:15"),
            ("now", "2026-11-22T12:30"),
        ];
        for (text, expected) in table {
            let at: DateTime = expected.parse().unwrap();
            let at = at.to_zoned(now().zone).unwrap();
            assert_eq!(moment(text, &now()), Some(stamp(&at)), "{text}");
        }
        let utc: Timestamp = "2026-11-20T14:00:00Z".parse().unwrap();
        let utc = Stamp(utc.as_microsecond());
        assert_eq!(moment("2026-11-20T14:00:00Z", &now()), Some(utc));
        for wrong in [
            "",
            "7",
            "soon",
            "7x",
            "2026-13-01",
            "d",
            "99999999999999999999d",
        ] {
            assert_eq!(moment(wrong, &now()), None, "{wrong}");
        }
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(duration("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Some(Duration::from_secs(120)));
        for wrong in ["", "1", "s", "1.2.3s", "1x", "-1s"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
