//! Where an unquoted value ends: that depends on what stands around the assignment.

use super::{Delimiter, Kind, is_name};
use crate::mask::bytes::{at, back_blanks, before, contains, cut, from, is_word, skip_blanks};

/// Where an unquoted value ends.
pub(super) fn unquoted(line: &[u8], name: usize, delimiter: Delimiter) -> usize {
    let start = delimiter.value;
    let lead = cut(line, 0, name);
    let at_start = is_line_start(lead);
    // In quotes that opened before the name (`'host=x password=y'`, `-d "a=b&token=c"`) the value
    // ends with them at the latest.
    let outer = enclosing(lead);
    let query =
        matches!(before(line, name), b'?' | b'&') || contains(lead, b"?") && contains(lead, b"://");
    let pairs =
        matches!(before(line, back_blanks(line, name)), b';') || has_pair_behind(line, start);
    let whole = at_start
        && outer == 0
        && !pairs
        && delimiter.kind != Kind::Tag
        && (delimiter.spaced
            || back_blanks(line, delimiter.value) < delimiter.value
            || delimiter.kind == Kind::Colon)
        && delimiter.quote == 0;
    // `'password=with blanks'`: the quote belongs to the pair.
    let alone = outer != 0
        && matches!(before(line, name), b'"' | b'\'')
        && memchr::memchr(outer, from(line, start))
            .is_some_and(|n| !has_pair_between(line, start, start + n));
    // `Password=with blanks;Database=x`
    let to_semicolon = pairs
        && outer == 0
        && has_pair_behind(line, start)
        && memchr::memchr(b';', from(line, start)).is_some_and(|n| {
            !cut(line, start, start + n)
                .iter()
                .any(|c| matches!(c, b'"' | b'\'' | b'=' | b'&'))
        });
    let opener = outer_bracket(lead);
    let mut i = start;
    let mut depth = 0usize;
    while i < line.len() {
        let c = at(line, i);
        match c {
            b'\\' if !query && i + 1 < line.len() => {
                i += 2;
                continue;
            }
            b'\t' | 0x1B => break,
            b' ' if !whole && !alone && !to_semicolon => break,
            b' ' if matches!(at(line, i + 1), b'#' | b';') => break,
            b'"' | b'\'' | b'`' if c == outer => break,
            b'"' | b'\'' if query => break,
            b'"' if i > start
                && delimiter.quote == 0
                && matches!(at(line, i + 1), 0 | b' ' | b',' | b')' | b'}')
                && outer == 0
                && !cut(line, start, i).contains(&b'"') =>
            {
                break;
            }
            b'&' if query || !whole && has_equals_behind(line, i) => break,
            b'#' if query => break,
            b';' if pairs
                || query
                || i + 1 == line.len()
                || at(line, i + 1) == b' '
                || from(line, i + 1).starts_with(b"export ") =>
            {
                break;
            }
            b',' if i + 1 == line.len() || has_key_behind(line, i + 1) => break,
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth > 0 => depth -= 1,
            b')' | b']' | b'}' if opener == c || delimiter.quote != 0 && i > start => break,
            b'<' | b'>' if query || opener == b'>' || at(line, i + 1) == b'/' => break,
            b'|' if matches!(before(line, i), b' ') => break,
            _ => {}
        }
        i += 1;
    }
    i.min(line.len())
}

/// Whether only a line's usual beginnings stand before the name: blanks, `export`, a list dash, a
/// comment sign, `file:12:` of grep, `+` of diff, a history number, `-e`, a prompt's end.
fn is_line_start(lead: &[u8]) -> bool {
    let lead = lead.trim_ascii();
    if lead.is_empty()
        || matches!(
            lead,
            b"export"
                | b"set"
                | b"-"
                | b"#"
                | b"//"
                | b"+"
                | b"ENV"
                | b"ARG"
                | b"declare -x"
                | b";"
                | b"*"
                | b"setenv"
                | b"local"
        )
    {
        return true;
    }
    lead.ends_with(b":") && !lead.contains(&b' ')
        || lead.ends_with(b".") && !lead.contains(&b' ')
        || lead.len() < 40
            && !lead.contains(&b'=')
            && lead
                .iter()
                .all(|c| is_word(*c) || matches!(c, b'.' | b'-' | b'/' | b' '))
            && lead.iter().filter(|c| **c == b' ').count() < 3
}

/// The quote that is open at the end of `lead`; 0 when none is.
pub(super) fn enclosing(lead: &[u8]) -> u8 {
    let mut open = 0;
    let mut i = 0;
    while i < lead.len() {
        match at(lead, i) {
            b'\\' => i += 1,
            c @ (b'"' | b'\'' | b'`') => {
                if open == c {
                    open = 0;
                } else if open == 0
                    && !(c == b'\'' && is_word(before(lead, i)) && is_word(at(lead, i + 1)))
                {
                    open = c;
                }
            }
            _ => {}
        }
        i += 1;
    }
    open
}

/// The closing bracket of the innermost bracket that is open at the end of `lead`.
fn outer_bracket(lead: &[u8]) -> u8 {
    let mut depth = 0usize;
    for c in lead.iter().rev().take(4096) {
        match c {
            b')' | b']' | b'}' => depth += 1,
            b'(' | b'[' | b'{' if depth > 0 => depth -= 1,
            b'(' => return b')',
            b'[' => return b']',
            b'{' => return b'}',
            b'<' => return b'>',
            _ => {}
        }
    }
    0
}

/// `;Database=`: the line is a list of pairs parted by semicolons.
fn has_pair_behind(line: &[u8], start: usize) -> bool {
    let Some(semicolon) = memchr::memchr(b';', from(line, start)).map(|n| start + n) else {
        return false;
    };
    has_key_behind(line, semicolon + 1)
}

/// Whether a further ` key=` stands in `line[start..end]`.
fn has_pair_between(line: &[u8], start: usize, end: usize) -> bool {
    (start..end).any(|i| matches!(at(line, i), b' ' | b'&' | b';') && has_key_behind(line, i + 1))
}

/// Whether a further `key=` or `key:` starts at `i`.
fn has_key_behind(line: &[u8], i: usize) -> bool {
    let start = skip_blanks(line, i);
    let mut end = start;
    if matches!(at(line, end), b'"' | b'\'') {
        return true;
    }
    while is_name(at(line, end)) || at(line, end) == b' ' && is_word(at(line, end + 1)) {
        end += 1;
    }
    end > start && matches!(at(line, skip_blanks(line, end)), b'=' | b':')
}

/// `&name=` stands at `i`.
fn has_equals_behind(line: &[u8], i: usize) -> bool {
    let mut end = i + 1;
    while is_name(at(line, end)) {
        end += 1;
    }
    end > i + 1 && at(line, end) == b'='
}
