//! Values of the binary format, as the text the server would have sent for them.
//!
//! The formats are those of the types' send functions (`src/backend/utils/adt`). What has none
//! here is shown as text where it is readable as such (the send function of an enum, of citext and
//! of most extension types is text), else as `\x…`.

mod function;
mod number;
mod shape;
mod time;

pub(super) use function::function;

use super::encoding::Encoding;
use super::read::Reader;
use super::shorten::Kept;
use crate::model::wire::{VALUE_MAX, Value};
use postgres_protocol::types as sql;
use postgres_types::{Kind, Type};
use std::fmt::Write as _;

/// How deep arrays, ranges and rows inside each other are followed.
const DEPTH_MAX: u8 = 8;

/// How long the texts of several values may be in all, for each byte that is kept of them: of most
/// types they are a little longer than the bytes of the binary format, of a number of many zeros ten
/// thousand times.
pub(super) const TEXT_PER_BYTE: usize = 4;

/// The type's name, as `int4` or `int4[]`.
pub(super) fn type_name(oid: u32) -> Option<String> {
    let known = Type::from_oid(oid)?;
    Some(match known.kind() {
        Kind::Array(element) => format!("{}[]", element.name()),
        _ => known.name().to_owned(),
    })
}

/// A value of `length` bytes, of which `bytes` were kept.
pub(super) fn value(
    oid: u32,
    binary: bool,
    bytes: &[u8],
    length: usize,
    encoding: Encoding,
) -> Value {
    if bytes.len() < length {
        return cut(oid, binary, bytes, length, encoding);
    }
    if !binary {
        return Value::Text(encoding.text(bytes).into_owned());
    }
    let mut text = String::new();
    render(&mut text, oid, bytes, encoding, DEPTH_MAX);
    if text.len() <= VALUE_MAX {
        return Value::Text(text);
    }
    shorten(&mut text);
    Value::Cut {
        text,
        length: length as u64,
    }
}

/// As [`value`] of what was kept of one of several values, whose texts have `room` for so many bytes
/// in all. Once that is used up, of the others only their lengths are told.
pub(super) fn next(
    oid: u32,
    binary: bool,
    kept: Kept<'_>,
    encoding: Encoding,
    room: &mut usize,
) -> Value {
    let Some((bytes, length)) = kept else {
        return Value::Null;
    };
    let bytes = if *room == 0 { &[] } else { bytes };
    let value = value(oid, binary, bytes, length, encoding);
    *room = room.saturating_sub(value.text().map_or(0, str::len));
    value
}

/// A whole value of the binary format, of a type that is perhaps not known (0). `None` where nobody
/// can say what it is.
pub(super) fn told(oid: u32, bytes: &[u8], encoding: Encoding) -> Option<String> {
    let mut text = String::new();
    let known = Type::from_oid(oid);
    if let Some(known) = &known {
        known_type(&mut text, known, bytes, encoding, DEPTH_MAX)?;
    } else {
        // So long are numbers and times, too.
        let number = oid == 0 && matches!(bytes.len(), 1 | 2 | 4 | 8);
        let odd = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
        let readable = std::str::from_utf8(bytes).ok()?;
        (!number && !readable.contains(odd)).then(|| text.push_str(readable))?;
    }
    shorten(&mut text);
    Some(text)
}

/// Whether nothing that is still to come of a value will be kept.
fn is_full(text: &str) -> bool {
    text.len() > VALUE_MAX
}

/// Shortens a text to what is kept of a value.
fn shorten(text: &mut String) {
    shorten_from(text, 0);
}

/// Shortens what begins at `start`.
fn shorten_from(text: &mut String, start: usize) {
    let mut end = text.len().min(start.saturating_add(VALUE_MAX));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}

/// The beginning of a long value.
fn cut(oid: u32, binary: bool, bytes: &[u8], length: usize, encoding: Encoding) -> Value {
    let mut text = match binary && !is_text(oid) {
        true => hex(bytes.get(..VALUE_MAX / 2 - 1).unwrap_or(bytes)),
        false => encoding.beginning(bytes).into_owned(),
    };
    shorten(&mut text);
    Value::Cut {
        text,
        length: length as u64,
    }
}

/// Its binary format is its text.
fn is_text(oid: u32) -> bool {
    let Some(known) = Type::from_oid(oid) else {
        return false;
    };
    matches!(
        known,
        Type::TEXT
            | Type::VARCHAR
            | Type::BPCHAR
            | Type::NAME
            | Type::UNKNOWN
            | Type::JSON
            | Type::XML
            | Type::CSTRING
            | Type::REFCURSOR
    )
}

/// `bytes` as `\x…`, as bytea is written.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("\\x");
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or_default());
        }
    }
    text
}

/// Adds a binary value as text.
fn render(out: &mut String, oid: u32, bytes: &[u8], encoding: Encoding, depth: u8) {
    let before = out.len();
    let known = Type::from_oid(oid);
    let told = known
        .as_ref()
        .and_then(|known| known_type(out, known, bytes, encoding, depth));
    if told.is_some() {
        return;
    }
    out.truncate(before);
    let readable = known.is_none_or(|known| matches!(known.kind(), Kind::Pseudo));
    match std::str::from_utf8(bytes) {
        Ok(text) if readable && !text.chars().any(char::is_control) => out.push_str(text),
        _ => out.push_str(&hex(bytes)),
    }
}

fn known_type(
    out: &mut String,
    known: &Type,
    bytes: &[u8],
    encoding: Encoding,
    depth: u8,
) -> Option<()> {
    let mut reader = Reader(bytes);
    match *known {
        Type::BOOL => out.push(match sql::bool_from_sql(bytes).ok()? {
            true => 't',
            false => 'f',
        }),
        Type::BYTEA => out.push_str(&hex(bytes)),
        Type::CHAR => match bytes {
            [0] | [] => {}
            [byte] => out.push_str(&encoding.text(&[*byte])),
            _ => return None,
        },
        Type::INT2 => write!(out, "{}", sql::int2_from_sql(bytes).ok()?).ok()?,
        Type::INT4 => write!(out, "{}", sql::int4_from_sql(bytes).ok()?).ok()?,
        Type::INT8 => write!(out, "{}", sql::int8_from_sql(bytes).ok()?).ok()?,
        Type::OID
        | Type::XID
        | Type::CID
        | Type::REGPROC
        | Type::REGPROCEDURE
        | Type::REGOPER
        | Type::REGOPERATOR
        | Type::REGCLASS
        | Type::REGTYPE
        | Type::REGROLE
        | Type::REGNAMESPACE
        | Type::REGCONFIG
        | Type::REGDICTIONARY
        | Type::REGCOLLATION => write!(out, "{}", sql::oid_from_sql(bytes).ok()?).ok()?,
        Type::XID8 => {
            write!(out, "{}", reader.u64()?).ok()?;
            reader.end()?;
        }
        Type::FLOAT4 => number::float4(out, sql::float4_from_sql(bytes).ok()?),
        Type::FLOAT8 => number::float8(out, sql::float8_from_sql(bytes).ok()?),
        Type::NUMERIC => number::numeric(out, reader)?,
        Type::MONEY => number::money(out, sql::int8_from_sql(bytes).ok()?),
        Type::JSONB | Type::JSONPATH => {
            // A version number comes first.
            reader.u8().filter(|version| *version == 1)?;
            out.push_str(&encoding.text(reader.0));
        }
        Type::UUID => {
            let uuid = sql::uuid_from_sql(bytes).ok()?;
            for (at, byte) in uuid.iter().enumerate() {
                if matches!(at, 4 | 6 | 8 | 10) {
                    out.push('-');
                }
                write!(out, "{byte:02x}").ok()?;
            }
        }
        Type::DATE => time::date(out, sql::date_from_sql(bytes).ok()?),
        Type::TIME => time::time(out, sql::time_from_sql(bytes).ok()?),
        Type::TIMETZ => {
            time::time(out, reader.i64()?);
            time::zone(out, reader.i32()?);
            reader.end()?;
        }
        Type::TIMESTAMP => time::timestamp(out, sql::timestamp_from_sql(bytes).ok()?, ""),
        Type::TIMESTAMPTZ => time::timestamp(out, sql::timestamp_from_sql(bytes).ok()?, "+00"),
        Type::INTERVAL => {
            let micros = reader.i64()?;
            let (days, months) = (reader.i32()?, reader.i32()?);
            reader.end()?;
            time::interval(out, months, days, micros);
        }
        Type::INET | Type::CIDR => {
            let inet = sql::inet_from_sql(bytes).ok()?;
            write!(out, "{}", inet.addr()).ok()?;
            let whole = if inet.addr().is_ipv4() { 32 } else { 128 };
            if *known == Type::CIDR || inet.netmask() != whole {
                write!(out, "/{}", inet.netmask()).ok()?;
            }
        }
        Type::MACADDR | Type::MACADDR8 => {
            for (at, byte) in bytes.iter().enumerate() {
                let colon = if at == 0 { "" } else { ":" };
                write!(out, "{colon}{byte:02x}").ok()?;
            }
        }
        Type::BIT | Type::VARBIT => {
            let bits = sql::varbit_from_sql(bytes).ok()?;
            for at in 0..bits.len() {
                let byte = bits.bytes().get(at / 8)?;
                out.push(if byte & (0x80 >> (at % 8)) == 0 {
                    '0'
                } else {
                    '1'
                });
            }
        }
        Type::PG_LSN => {
            let lsn = reader.u64()?;
            reader.end()?;
            write!(out, "{:X}/{:X}", lsn >> 32, lsn & 0xffff_ffff).ok()?;
        }
        Type::TID => {
            write!(out, "({},{})", reader.u32()?, reader.u16()?).ok()?;
            reader.end()?;
        }
        Type::VOID => reader.end()?,
        Type::RECORD => shape::record(out, reader, encoding, depth)?,
        Type::POINT
        | Type::LSEG
        | Type::BOX
        | Type::PATH
        | Type::POLYGON
        | Type::LINE
        | Type::CIRCLE => shape::geometric(out, known, reader)?,
        Type::INT2_VECTOR | Type::OID_VECTOR => shape::vector(out, bytes, encoding, depth)?,
        _ if is_text(known.oid()) => out.push_str(&encoding.text(bytes)),
        _ => match known.kind() {
            Kind::Array(_) => shape::array(out, bytes, encoding, depth)?,
            Kind::Range(of) => shape::range(out, of.oid(), bytes, encoding, depth)?,
            Kind::Multirange(of) => shape::multirange(out, of.oid(), reader, encoding, depth)?,
            _ => return None,
        },
    }
    Some(())
}

#[cfg(test)]
mod tests;
