//! Numbers, as the server writes them.

use super::super::read::Reader;
use std::fmt::Write as _;

/// Decimal digits beyond which float4 is written with an exponent (FLT_DIG).
const FLOAT4_DIGITS: i32 = 6;
/// The same of float8 (DBL_DIG).
const FLOAT8_DIGITS: i32 = 15;

/// Below this exponent a float is written with one.
const SMALLEST_PLAIN: i32 = -4;

pub(super) fn float4(out: &mut String, number: f32) {
    match special(f64::from(number)) {
        Some(word) => out.push_str(word),
        None => shortest(out, &format!("{number:e}"), FLOAT4_DIGITS),
    }
}

pub(super) fn float8(out: &mut String, number: f64) {
    match special(number) {
        Some(word) => out.push_str(word),
        None => shortest(out, &format!("{number:e}"), FLOAT8_DIGITS),
    }
}

fn special(number: f64) -> Option<&'static str> {
    match number {
        n if n.is_nan() => Some("NaN"),
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    }
}

/// The shortest digits that mean the number, given as Rust writes them (`-1.5e-7`).
fn shortest(out: &mut String, scientific: &str, digits_max: i32) {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    out.push_str(sign);
    if !(SMALLEST_PLAIN..digits_max).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "{mantissa}e{sign}{:02}", exponent.abs());
        return;
    }
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let Ok(whole) = usize::try_from(exponent) else {
        out.push_str("0.");
        out.extend((exponent + 1..0).map(|_| '0'));
        out.push_str(&digits);
        return;
    };
    let mut digits = digits.chars();
    for _ in 0..=whole {
        out.push(digits.next().unwrap_or('0'));
    }
    let fraction = digits.as_str();
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
}

/// The signs of numeric_send.
const NEGATIVE: u16 = 0x4000;
const NOT_A_NUMBER: u16 = 0xc000;
const POSITIVE_INFINITY: u16 = 0xd000;
const NEGATIVE_INFINITY: u16 = 0xf000;

/// Digits of base 10000, the first of weight 10000^weight.
pub(super) fn numeric(out: &mut String, mut reader: Reader<'_>) -> Option<()> {
    let count = reader.u16()?;
    let weight = i32::from(reader.i16()?);
    let sign = reader.u16()?;
    let scale = usize::from(reader.u16()?);
    match sign {
        NOT_A_NUMBER => out.push_str("NaN"),
        POSITIVE_INFINITY => out.push_str("Infinity"),
        NEGATIVE_INFINITY => out.push_str("-Infinity"),
        0 | NEGATIVE => {
            if sign == NEGATIVE {
                out.push('-');
            }
            let digits = reader.bytes(2 * usize::from(count))?;
            let digit = |place: i32| {
                let at = usize::try_from(place).ok()?;
                let pair = digits.get(2 * at..2 * at + 2)?;
                Some(Reader(pair).u16()?.min(9999))
            };
            match weight {
                ..0 => out.push('0'),
                _ => {
                    let _ = write!(out, "{}", digit(0).unwrap_or_default());
                    for place in 1..=weight {
                        let _ = write!(out, "{:04}", digit(place).unwrap_or_default());
                    }
                }
            }
            if scale > 0 {
                out.push('.');
                let end = out.len() + scale;
                let mut place = weight + 1;
                while out.len() < end {
                    let _ = write!(out, "{:04}", digit(place).unwrap_or_default());
                    place += 1;
                }
                out.truncate(end);
            }
        }
        _ => return None,
    }
    reader.end()
}

/// Hundredths, as most locales have them; the currency is the server's business.
pub(super) fn money(out: &mut String, hundredths: i64) {
    let sign = if hundredths < 0 { "-" } else { "" };
    let size = hundredths.unsigned_abs();
    let _ = write!(out, "{sign}{}.{:02}", size / 100, size % 100);
}
