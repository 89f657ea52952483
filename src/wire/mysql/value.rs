//! Values as text, by their type.
//!
//! The text protocol sends most values as they are to be read; the binary protocol of prepared
//! statements sends numbers and times as such. Both are given here as a client would print them,
//! bytes that are no text as `0x…`, bit strings as `b'…'`.

use super::charset::{Charset, whole};
use super::fields::Shape;
use super::read::{Reader, number};
use crate::model::wire::{VALUE_MAX, Value};
use mysql_common::constants::ColumnType as Type;
use std::fmt::Write;

/// A type and what of it matters for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// As the protocol numbers them.
    pub code: Type,
    /// Of a number.
    pub unsigned: bool,
    /// The width that a number is filled to with zeros.
    pub zerofill: Option<u32>,
    /// Digits of a fraction; 31 and above: as many as there are.
    pub decimals: u8,
    /// Of text.
    pub charset: Charset,
}

impl Kind {
    /// A value of this type, as a parameter has it: without column.
    pub fn of(code: Type, unsigned: bool, charset: Charset) -> Kind {
        let charset = match code {
            Type::MYSQL_TYPE_TINY_BLOB
            | Type::MYSQL_TYPE_MEDIUM_BLOB
            | Type::MYSQL_TYPE_LONG_BLOB
            | Type::MYSQL_TYPE_BLOB => Charset::Binary,
            _ => charset,
        };
        Kind {
            code,
            unsigned,
            zerofill: None,
            decimals: u8::MAX,
            charset,
        }
    }

    /// How the binary protocol sends it.
    pub fn shape(&self) -> Shape {
        match self.code {
            Type::MYSQL_TYPE_TINY => Shape::Fixed(1),
            Type::MYSQL_TYPE_SHORT | Type::MYSQL_TYPE_YEAR => Shape::Fixed(2),
            Type::MYSQL_TYPE_LONG | Type::MYSQL_TYPE_INT24 | Type::MYSQL_TYPE_FLOAT => {
                Shape::Fixed(4)
            }
            Type::MYSQL_TYPE_LONGLONG | Type::MYSQL_TYPE_DOUBLE => Shape::Fixed(8),
            Type::MYSQL_TYPE_NULL => Shape::Fixed(0),
            _ => Shape::Counted,
        }
    }

    /// A value of the text protocol.
    pub fn text(&self, bytes: &[u8], length: u64) -> Value {
        let cut = length > bytes.len() as u64;
        match self.code {
            Type::MYSQL_TYPE_BIT if !cut => Value::Text(bits(bytes)),
            Type::MYSQL_TYPE_GEOMETRY => bounded(hex(bytes), length, cut),
            _ if self.charset == Charset::Binary => match printable(bytes, cut) {
                Some(text) => bounded(text.to_owned(), length, cut),
                None => bounded(hex(bytes), length, cut),
            },
            _ => bounded(self.charset.text(bytes, cut).into_owned(), length, cut),
        }
    }

    /// A value of the binary protocol.
    pub fn binary(&self, bytes: &[u8], length: u64) -> Value {
        match self.code {
            Type::MYSQL_TYPE_NULL => Value::Null,
            Type::MYSQL_TYPE_TINY
            | Type::MYSQL_TYPE_SHORT
            | Type::MYSQL_TYPE_LONG
            | Type::MYSQL_TYPE_INT24
            | Type::MYSQL_TYPE_LONGLONG => Value::Text(self.integer(bytes)),
            Type::MYSQL_TYPE_YEAR => Value::Text(format!("{:04}", number(bytes))),
            Type::MYSQL_TYPE_FLOAT => self.float(bytes),
            Type::MYSQL_TYPE_DOUBLE => self.double(bytes),
            Type::MYSQL_TYPE_DATE
            | Type::MYSQL_TYPE_NEWDATE
            | Type::MYSQL_TYPE_DATETIME
            | Type::MYSQL_TYPE_DATETIME2
            | Type::MYSQL_TYPE_TIMESTAMP
            | Type::MYSQL_TYPE_TIMESTAMP2 => self.moment(bytes),
            Type::MYSQL_TYPE_TIME | Type::MYSQL_TYPE_TIME2 => self.time(bytes),
            _ => self.text(bytes, length),
        }
    }

    fn integer(&self, bytes: &[u8]) -> String {
        let value = number(bytes);
        let unused = 64 - 8 * u32::try_from(bytes.len().clamp(1, 8)).unwrap_or(8);
        let signed = (value << unused).cast_signed() >> unused;
        match self.zerofill {
            Some(width) => format!("{value:0width$}", width = width.min(255) as usize),
            None if self.unsigned => value.to_string(),
            None => signed.to_string(),
        }
    }

    fn float(&self, bytes: &[u8]) -> Value {
        let Ok(bytes) = bytes.try_into() else {
            return Value::Text(hex(bytes));
        };
        let value = f32::from_le_bytes(bytes);
        Value::Text(self.decimal(value.into(), || format!("{value:?}")))
    }

    fn double(&self, bytes: &[u8]) -> Value {
        let Ok(bytes) = bytes.try_into() else {
            return Value::Text(hex(bytes));
        };
        let value = f64::from_le_bytes(bytes);
        Value::Text(self.decimal(value, || format!("{value:?}")))
    }

    fn decimal(&self, value: f64, shortest: impl Fn() -> String) -> String {
        if self.decimals < 31 {
            return format!("{value:.*}", usize::from(self.decimals));
        }
        let text = shortest();
        text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
    }

    /// A date, or a date and a time. Their trailing zero parts are not sent.
    fn moment(&self, bytes: &[u8]) -> Value {
        let mut reader = Reader::new(bytes);
        let date = [reader.u16(), byte(&mut reader), byte(&mut reader)];
        let [year, month, day] = date.map(Option::unwrap_or_default);
        let mut text = format!("{year:04}-{month:02}-{day:02}");
        if !matches!(self.code, Type::MYSQL_TYPE_DATE | Type::MYSQL_TYPE_NEWDATE) {
            text.push(' ');
            self.clock(&mut text, 0, &mut reader);
        }
        Value::Text(text)
    }

    fn time(&self, bytes: &[u8]) -> Value {
        let mut reader = Reader::new(bytes);
        let negative = reader.u8().unwrap_or_default() != 0;
        let days = reader.u32().unwrap_or_default();
        let mut text = String::from(if negative { "-" } else { "" });
        self.clock(&mut text, days, &mut reader);
        Value::Text(text)
    }

    fn clock(&self, text: &mut String, days: u32, reader: &mut Reader<'_>) {
        let [hours, minutes, seconds] =
            [(); 3].map(|()| u64::from(reader.u8().unwrap_or_default()));
        let hours = hours + 24 * u64::from(days);
        let micros = reader.u32();
        // Writing to a string cannot fail.
        let _ = write!(text, "{hours:02}:{minutes:02}:{seconds:02}");
        let digits = match self.decimals {
            digits @ 0..=6 => usize::from(digits),
            _ => micros.map_or(0, |_| 6),
        };
        if digits > 0 {
            let micros = format!("{:06}", micros.unwrap_or_default());
            let _ = write!(text, ".{}", micros.get(..digits).unwrap_or(&micros));
        }
    }
}

fn byte(reader: &mut Reader<'_>) -> Option<u16> {
    reader.u8().map(u16::from)
}

/// At most [`VALUE_MAX`] of `text`, which stands for `length` bytes.
fn bounded(mut text: String, length: u64, cut: bool) -> Value {
    if text.len() <= VALUE_MAX && !cut {
        return Value::Text(text);
    }
    if text.len() > VALUE_MAX {
        let end = (0..=VALUE_MAX).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or_default());
    }
    Value::Cut { text, length }
}

/// Bytes that are to be read as text.
fn printable(bytes: &[u8], cut: bool) -> Option<&str> {
    let text = std::str::from_utf8(if cut { whole(bytes) } else { bytes }).ok()?;
    let readable = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    text.chars().all(readable).then_some(text)
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let kept = bytes.get(..VALUE_MAX / 2).unwrap_or(bytes);
    let mut text = String::with_capacity(2 + 2 * kept.len());
    text.push_str("0x");
    for byte in kept {
        for nibble in [byte >> 4, byte & 15] {
            text.extend(DIGITS.get(usize::from(nibble)));
        }
    }
    text
}

/// A bit string, the first byte first, without its leading zeros.
fn bits(bytes: &[u8]) -> String {
    let value = bytes
        .iter()
        .fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    format!("b'{value:b}'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use Type::*;

    fn kind(code: Type) -> Kind {
        Kind::of(code, false, Charset::Utf8)
    }

    fn of_binary(kind: Kind, bytes: &[u8]) -> String {
        match kind.binary(bytes, bytes.len() as u64) {
            Value::Text(text) => text,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn numbers_and_times_of_the_binary_protocol_are_rendered() {
        for (code, bytes, text) in [
            (MYSQL_TYPE_TINY, &[0xFF][..], "-1"),
            (MYSQL_TYPE_SHORT, &[0, 0x80], "-32768"),
            (MYSQL_TYPE_INT24, &[0xFF, 0xFF, 0x7F, 0], "8388607"),
            (MYSQL_TYPE_LONG, &[0xFF; 4], "-1"),
            (MYSQL_TYPE_LONGLONG, &[0xFF; 8], "-1"),
            (MYSQL_TYPE_YEAR, &[0xE9, 7], "2025"),
            (MYSQL_TYPE_FLOAT, &1.5f32.to_le_bytes(), "1.5"),
            (MYSQL_TYPE_FLOAT, &3f32.to_le_bytes(), "3"),
            (MYSQL_TYPE_DOUBLE, &1e300f64.to_le_bytes(), "1e300"),
            (MYSQL_TYPE_DATE, &[0xE9, 7, 2, 3], "2025-02-03"),
            (MYSQL_TYPE_DATE, &[], "0000-00-00"),
            (MYSQL_TYPE_DATETIME, &[0xE9, 7, 2, 3], "2025-02-03 00:00:00"),
            (
                MYSQL_TYPE_TIMESTAMP,
                &[0xE9, 7, 2, 3, 4, 5, 6],
                "2025-02-03 04:05:06",
            ),
            (
                MYSQL_TYPE_DATETIME,
                &[0xE9, 7, 2, 3, 4, 5, 6, 7, 0, 0, 0],
                "2025-02-03 04:05:06.000007",
            ),
            (MYSQL_TYPE_TIME, &[], "00:00:00"),
            (
                MYSQL_TYPE_TIME,
                &[1, 34, 0, 0, 0, 22, 59, 58, 0x40, 0xE2, 1, 0],
                "-838:59:58.123456",
            ),
            (MYSQL_TYPE_NULL, &[], "Null"),
            (MYSQL_TYPE_NEWDECIMAL, b"-1.50", "-1.50"),
            (MYSQL_TYPE_JSON, b"{\"a\": 1}", "{\"a\": 1}"),
            (MYSQL_TYPE_BIT, &[1, 5], "b'100000101'"),
            (MYSQL_TYPE_GEOMETRY, &[0, 0, 1, 0xAB], "0x000001AB"),
            (MYSQL_TYPE_BLOB, b"plain", "plain"),
            (MYSQL_TYPE_BLOB, &[0, 0xFF], "0x00FF"),
            (MYSQL_TYPE_VAR_STRING, "grün".as_bytes(), "grün"),
        ] {
            assert_eq!(of_binary(kind(code), bytes), text, "{code:?}");
        }
    }

    #[test]
    fn what_a_column_says_of_its_numbers_is_minded() {
        let unsigned = Kind {
            unsigned: true,
            ..kind(MYSQL_TYPE_LONGLONG)
        };
        assert_eq!(of_binary(unsigned, &[0xFF; 8]), "18446744073709551615");
        let filled = Kind {
            unsigned: true,
            zerofill: Some(5),
            ..kind(MYSQL_TYPE_LONG)
        };
        assert_eq!(of_binary(filled, &[7, 0, 0, 0]), "00007");
        let two = Kind {
            decimals: 2,
            ..kind(MYSQL_TYPE_DOUBLE)
        };
        assert_eq!(of_binary(two, &1.5f64.to_le_bytes()), "1.50");
        let millis = Kind {
            decimals: 3,
            ..kind(MYSQL_TYPE_TIME)
        };
        assert_eq!(of_binary(millis, &[]), "00:00:00.000");
    }

    #[test]
    fn what_is_too_long_is_cut() {
        let text = kind(MYSQL_TYPE_VAR_STRING);
        let cut = Value::Cut {
            text: "gr".into(),
            length: 9,
        };
        assert_eq!(text.text(b"gr\xc3", 9), cut);
        let latin = Kind {
            charset: Charset::of(8),
            ..text
        };
        let long = vec![0xFC; VALUE_MAX];
        let Value::Cut { text, length } = latin.text(&long, long.len() as u64) else {
            panic!("not cut");
        };
        assert_eq!((text.len(), length), (VALUE_MAX, VALUE_MAX as u64));
        assert!(text.chars().all(|c| c == 'ü'));
    }
}
