//! Dates and times, in the ISO style.

use std::fmt::Write as _;

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;
/// Days from 1970-01-01 to 2000-01-01, from which PostgreSQL counts.
const EPOCH: i64 = 10_957;

pub(super) fn date(out: &mut String, days: i32) {
    match days {
        i32::MAX => out.push_str("infinity"),
        i32::MIN => out.push_str("-infinity"),
        _ => {
            let before_christ = day(out, i64::from(days));
            era(out, before_christ);
        }
    }
}

pub(super) fn timestamp(out: &mut String, micros: i64, zone: &str) {
    match micros {
        i64::MAX => out.push_str("infinity"),
        i64::MIN => out.push_str("-infinity"),
        _ => {
            let before_christ = day(out, micros.div_euclid(MICROS_PER_DAY));
            out.push(' ');
            time(out, micros.rem_euclid(MICROS_PER_DAY));
            out.push_str(zone);
            era(out, before_christ);
        }
    }
}

/// Writes a day of the proleptic Gregorian calendar; gives whether it is before Christ.
fn day(out: &mut String, days: i64) -> bool {
    // Howard Hinnant's civil_from_days: eras of 400 years that begin on the first of March.
    let days = days + EPOCH + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let before_christ = year <= 0;
    let year = if before_christ { 1 - year } else { year };
    let _ = write!(out, "{year:04}-{month:02}-{day:02}");
    before_christ
}

fn era(out: &mut String, before_christ: bool) {
    if before_christ {
        out.push_str(" BC");
    }
}

/// Microseconds of a day, or of an interval's part below a day.
pub(super) fn time(out: &mut String, micros: i64) {
    let size = micros.unsigned_abs();
    let second = MICROS_PER_SECOND.unsigned_abs();
    let (seconds, fraction) = (size / second, size % second);
    let sign = if micros < 0 { "-" } else { "" };
    let _ = write!(
        out,
        "{sign}{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    if fraction > 0 {
        let digits = format!("{fraction:06}");
        let _ = write!(out, ".{}", digits.trim_end_matches('0'));
    }
}

/// Seconds west of Greenwich.
pub(super) fn zone(out: &mut String, west: i32) {
    let sign = if west > 0 { '-' } else { '+' };
    let size = west.unsigned_abs();
    let (hours, minutes, seconds) = (size / 3600, size / 60 % 60, size % 60);
    let _ = write!(out, "{sign}{hours:02}");
    if minutes != 0 || seconds != 0 {
        let _ = write!(out, ":{minutes:02}");
    }
    if seconds != 0 {
        let _ = write!(out, ":{seconds:02}");
    }
}

/// In the server's own style, `postgres`.
pub(super) fn interval(out: &mut String, months: i32, days: i32, micros: i64) {
    let start = out.len();
    let mut negative = false;
    for (number, one) in [(months / 12, "year"), (months % 12, "mon"), (days, "day")] {
        if number == 0 {
            continue;
        }
        let space = if out.len() > start { " " } else { "" };
        let plus = if negative && number > 0 { "+" } else { "" };
        let many = if number == 1 { "" } else { "s" };
        let _ = write!(out, "{space}{plus}{number} {one}{many}");
        negative = number < 0;
    }
    if micros != 0 || out.len() == start {
        if out.len() > start {
            out.push(' ');
        }
        if negative && micros > 0 {
            out.push('+');
        }
        time(out, micros);
    }
}
