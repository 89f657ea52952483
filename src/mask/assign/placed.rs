//! Where a value stands that does not follow its delimiter at once.

use super::{Delimiter, Kind, closing};
use crate::mask::bytes::{at, before, cut, from, is_word, skip_blanks, word_at};
use crate::mask::standin::is_placeholder;

/// A longer note in brackets is a sentence.
const NOTE_MAX: usize = 40;

/// Where the value behind `delimiter` stands: behind a type, `let key: &str = "x"`, `string(9) "x"` of
/// PHP's dumps, or behind the key of `"name": "password", "value": "x"`.
pub(super) fn declared(line: &[u8], delimiter: Delimiter) -> usize {
    let start = delimiter.value;
    if word_at(line, start, b"string(") {
        let close = memchr::memchr(b')', cut(line, start, start + 20));
        return close.map_or(start, |n| skip_blanks(line, start + n + 1));
    }
    match delimiter.kind {
        Kind::Pair if matches!(at(line, start), b'"' | b'\'') => {
            let close = closing(line, start + 1, at(line, start), 0);
            let colon = skip_blanks(line, close + 1);
            if at(line, colon) == b':' && close < line.len() {
                let key = cut(line, start + 1, close);
                let value = VALUES
                    .iter()
                    .any(|v| key.eq_ignore_ascii_case(v.as_bytes()));
                // Nothing is a value where none is named.
                return if value {
                    skip_blanks(line, colon + 1)
                } else {
                    line.len()
                };
            }
            start
        }
        Kind::Colon if delimiter.quote == 0 => {
            let kind = from(line, start)
                .iter()
                .take(48)
                .take_while(|c| is_word(**c) || b"&<>[]?: '|.".contains(c))
                .count();
            let equals = skip_blanks(line, start + kind);
            let literal = skip_blanks(line, equals + 1);
            let typed =
                kind > 2 && at(line, equals) == b'=' && matches!(at(line, literal), b'"' | b'\'');
            if typed { literal } else { start }
        }
        _ => start,
    }
}

/// Keys whose value belongs to the name before.
const VALUES: &[&str] = &[
    "value",
    "val",
    "secret",
    "data",
    "content",
    "default",
    "secretvalue",
];

/// The literal behind `||`, `??` or `or`, when what stands before is fetched from elsewhere.
pub(super) fn fallback(line: &[u8], start: usize) -> Option<usize> {
    let rest = cut(line, start, start + 80);
    let sign = [&b" || "[..], b" ?? ", b" or "]
        .iter()
        .filter_map(|s| memchr::memmem::find(rest, s).map(|n| n + s.len()))
        .min()?;
    let fetched = is_placeholder(cut(rest, 0, sign - 3).trim_ascii());
    let literal = skip_blanks(line, start + sign);
    (fetched && matches!(at(line, literal), b'"' | b'\'')).then_some(literal)
}

/// Whether the name at `start` is that of an element, `<password `, `<ns:password `.
pub(super) fn is_element(line: &[u8], start: usize) -> bool {
    let mut i = start;
    if before(line, i) == b':' {
        i -= 1;
        while is_word(before(line, i)) {
            i -= 1;
        }
    }
    before(line, i) == b'<'
}

/// Behind a note in brackets between a name and its colon: `AWS Secret Access Key [None]:`.
pub(super) fn behind_note(line: &[u8], i: usize) -> usize {
    let close = match at(line, i) {
        b'[' => b']',
        b'(' => b')',
        _ => return i,
    };
    let note = cut(line, i, i + NOTE_MAX);
    let end = memchr::memchr(close, note).map(|n| skip_blanks(line, i + n + 1));
    end.filter(|end| at(line, *end) == b':').unwrap_or(i)
}
