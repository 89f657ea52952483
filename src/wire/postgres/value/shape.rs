//! Values made of others: arrays, ranges, rows, points.

use super::super::encoding::Encoding;
use super::super::read::Reader;
use super::{is_full, number, render, shorten_from};
use fallible_iterator::FallibleIterator;
use postgres_protocol::types::{self as sql, RangeBound};
use postgres_types::Type;

/// An array has no more of them (MAXDIM).
const DIMENSIONS_MAX: usize = 6;

/// How the elements of a compound value are quoted.
struct Quoting {
    /// What has to stand in quotes, besides the empty word, quotes, backslashes and white space.
    special: &'static str,
    /// The word NULL has to, because alone it means NULL.
    null: bool,
    /// How a quote inside quotes is written.
    quote: &'static str,
}

const IN_ARRAY: Quoting = Quoting {
    special: "{},",
    null: true,
    quote: "\\\"",
};
const IN_RANGE: Quoting = Quoting {
    special: "()[],",
    null: false,
    quote: "\"\"",
};
const IN_RECORD: Quoting = Quoting {
    special: "(),",
    ..IN_RANGE
};

fn element(
    out: &mut String,
    oid: u32,
    bytes: &[u8],
    (encoding, depth): (Encoding, u8),
    quoting: &Quoting,
) {
    let start = out.len();
    render(out, oid, bytes, encoding, depth);
    // Each value around it may double it anew.
    shorten_from(out, start);
    let text = out.get(start..).unwrap_or_default();
    let quoted = text.is_empty()
        || (quoting.null && text.eq_ignore_ascii_case("null"))
        || text.contains(|c: char| c == '"' || c == '\\' || c.is_ascii_whitespace())
        || text.contains(|c| quoting.special.contains(c));
    if quoted {
        let escaped = text.replace('\\', "\\\\").replace('"', quoting.quote);
        out.truncate(start);
        out.push('"');
        out.push_str(&escaped);
        out.push('"');
    }
}

pub(super) fn array(out: &mut String, bytes: &[u8], encoding: Encoding, depth: u8) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let array = sql::array_from_sql(bytes).ok()?;
    let mut dimensions = Vec::new();
    let mut all = array.dimensions();
    while let Some(dimension) = all.next().ok()? {
        if dimensions.len() == DIMENSIONS_MAX {
            return None;
        }
        dimensions.push(dimension);
    }
    if dimensions
        .iter()
        .any(|dimension| dimension.lower_bound != 1)
    {
        for dimension in &dimensions {
            let first = i64::from(dimension.lower_bound);
            let last = first + i64::from(dimension.len) - 1;
            out.push_str(&format!("[{first}:{last}]"));
        }
        out.push('=');
    }
    // How many elements each kind of brace holds, from the outermost in.
    let mut sizes: Vec<u64> = Vec::new();
    let mut size = 1_u64;
    for dimension in dimensions.iter().rev() {
        size = size.checked_mul(u64::try_from(dimension.len).ok()?)?;
        sizes.insert(0, size);
    }
    let mut values = array.values();
    let mut place = 0_u64;
    let braces = |place: u64| {
        sizes
            .iter()
            .filter(|s| **s > 0 && place.is_multiple_of(**s))
            .count()
    };
    while let Some(value) = values.next().ok()? {
        let open = braces(place);
        if place > 0 {
            out.extend((0..open).map(|_| '}'));
            out.push(',');
        }
        out.extend((0..open).map(|_| '{'));
        match value {
            None => out.push_str("NULL"),
            Some(value) => {
                element(
                    out,
                    array.element_type(),
                    value,
                    (encoding, depth),
                    &IN_ARRAY,
                );
            }
        }
        place += 1;
        if is_full(out) {
            return Some(());
        }
    }
    match place {
        0 => out.push_str("{}"),
        _ => out.extend(sizes.iter().map(|_| '}')),
    }
    Some(())
}

/// int2vector and oidvector: an array, written as words.
pub(super) fn vector(out: &mut String, bytes: &[u8], encoding: Encoding, depth: u8) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let array = sql::array_from_sql(bytes).ok()?;
    let mut values = array.values();
    let mut first = true;
    while let Some(value) = values.next().ok()? {
        if !std::mem::take(&mut first) {
            out.push(' ');
        }
        render(out, array.element_type(), value?, encoding, depth);
        if is_full(out) {
            return Some(());
        }
    }
    Some(())
}

pub(super) fn range(
    out: &mut String,
    of: u32,
    bytes: &[u8],
    encoding: Encoding,
    depth: u8,
) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let (lower, upper) = match sql::range_from_sql(bytes).ok()? {
        sql::Range::Empty => {
            out.push_str("empty");
            return Some(());
        }
        sql::Range::Nonempty(lower, upper) => (lower, upper),
    };
    out.push(match lower {
        RangeBound::Inclusive(_) => '[',
        _ => '(',
    });
    let bound = |out: &mut String, bound: &RangeBound<Option<&[u8]>>| {
        if let RangeBound::Inclusive(Some(value)) | RangeBound::Exclusive(Some(value)) = bound {
            element(out, of, value, (encoding, depth), &IN_RANGE);
        }
    };
    bound(out, &lower);
    out.push(',');
    bound(out, &upper);
    out.push(match upper {
        RangeBound::Inclusive(_) => ']',
        _ => ')',
    });
    Some(())
}

pub(super) fn multirange(
    out: &mut String,
    of: u32,
    mut reader: Reader<'_>,
    encoding: Encoding,
    depth: u8,
) -> Option<()> {
    out.push('{');
    for at in 0..reader.u32()? {
        if at > 0 {
            out.push(',');
        }
        let length = reader.length()??;
        range(out, of, reader.bytes(length)?, encoding, depth)?;
        if is_full(out) {
            return Some(());
        }
    }
    out.push('}');
    reader.end()
}

/// A row: each field with its type.
pub(super) fn record(
    out: &mut String,
    mut reader: Reader<'_>,
    encoding: Encoding,
    depth: u8,
) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    out.push('(');
    for at in 0..reader.u32()? {
        if at > 0 {
            out.push(',');
        }
        let oid = reader.u32()?;
        if let Some(length) = reader.length()? {
            element(
                out,
                oid,
                reader.bytes(length)?,
                (encoding, depth),
                &IN_RECORD,
            );
        }
        if is_full(out) {
            return Some(());
        }
    }
    out.push(')');
    reader.end()
}

pub(super) fn geometric(out: &mut String, known: &Type, mut reader: Reader<'_>) -> Option<()> {
    let coordinates = |out: &mut String, reader: &mut Reader<'_>, count: usize| {
        for at in 0..count {
            if at > 0 {
                out.push(',');
            }
            number::float8(out, reader.f64()?);
        }
        Some(())
    };
    let points = |out: &mut String, reader: &mut Reader<'_>, count: u32| {
        for at in 0..count {
            if at > 0 {
                out.push(',');
            }
            out.push('(');
            coordinates(out, reader, 2)?;
            out.push(')');
        }
        Some(())
    };
    match *known {
        Type::POINT => points(out, &mut reader, 1)?,
        Type::BOX => points(out, &mut reader, 2)?,
        Type::LSEG => {
            out.push('[');
            points(out, &mut reader, 2)?;
            out.push(']');
        }
        Type::PATH => {
            let (open, close) = match reader.u8()? {
                0 => ('[', ']'),
                _ => ('(', ')'),
            };
            out.push(open);
            let count = reader.u32()?;
            points(out, &mut reader, count)?;
            out.push(close);
        }
        Type::POLYGON => {
            out.push('(');
            let count = reader.u32()?;
            points(out, &mut reader, count)?;
            out.push(')');
        }
        Type::LINE => {
            out.push('{');
            coordinates(out, &mut reader, 3)?;
            out.push('}');
        }
        Type::CIRCLE => {
            out.push('<');
            points(out, &mut reader, 1)?;
            out.push(',');
            coordinates(out, &mut reader, 1)?;
            out.push('>');
        }
        _ => return None,
    }
    reader.end()
}
