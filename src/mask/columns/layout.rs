//! How tables are laid out: borders, underlines, and where the cells of a row stand.

use crate::mask::bytes::{at, cut};

/// More columns are not looked at.
const COLUMNS_MAX: usize = 512;

/// What psql asks with for each row of a COPY that is typed.
pub(super) const PROMPT_FOR_ROWS: &[u8] = b">> ";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// By `|` or `│`, first and last column open (psql).
    Bars,
    /// By bars that also stand outside (mysql, boxes).
    Boxed,
    /// By one delimiter.
    By(u8),
    /// By position, in characters.
    At(Vec<(usize, usize)>),
    /// Below names that end so many characters from the start, a count before each row.
    Frame(Vec<usize>),
}

/// The cells of a line whose tabs a terminal has drawn as blanks, up to a column that is a multiple of
/// eight; without psql's prompt for rows that are typed.
pub(super) fn tabbed(line: &[u8]) -> Vec<(usize, usize)> {
    let mut cells = Vec::new();
    let mut start = if line.starts_with(PROMPT_FOR_ROWS) {
        PROMPT_FOR_ROWS.len()
    } else {
        0
    };
    let (mut column, mut blanks) = (0_usize, None);
    for (i, byte) in line.iter().enumerate() {
        // The rest of a character.
        if byte & 0xC0 == 0x80 {
            continue;
        }
        if *byte == b' ' {
            blanks.get_or_insert(i);
        } else if let Some(from) = blanks.take()
            && i > start
            && column.is_multiple_of(8)
            && cells.len() < COLUMNS_MAX
        {
            cells.push((start, from));
            start = i;
        }
        column += 1;
    }
    cells.push((start, line.len()));
    cells
}

/// Where the cells of `line` stand.
pub(super) fn cells(line: &[u8], style: &Cut) -> Vec<(usize, usize)> {
    let mut cells = Vec::new();
    match style {
        Cut::Bars | Cut::Boxed => {
            let mut start = 0;
            let mut i = 0;
            while i < line.len() && cells.len() < COLUMNS_MAX {
                let bar = bar(line, i);
                if bar > 0 {
                    cells.push((start, i));
                    i += bar;
                    start = i;
                } else {
                    i += 1;
                }
            }
            if *style == Cut::Boxed {
                if !cells.is_empty() {
                    cells.remove(0);
                }
                if !cut(line, start, line.len()).trim_ascii().is_empty() {
                    cells.push((start, line.len()));
                }
            } else {
                cells.push((start, line.len()));
            }
        }
        Cut::By(delimiter) => {
            let mut start = 0;
            let mut quoted = false;
            for (i, c) in line.iter().enumerate() {
                if *c == b'"' {
                    quoted = !quoted;
                } else if c == delimiter && !quoted && cells.len() < COLUMNS_MAX {
                    cells.push((start, i));
                    start = i + 1;
                }
            }
            cells.push((start, line.len()));
            for (start, end) in &mut cells {
                if at(line, *start) == b'"' && *end > *start + 1 && at(line, *end - 1) == b'"' {
                    *start += 1;
                    *end -= 1;
                }
            }
        }
        Cut::Frame(ends) => return super::frame::cells(line, ends),
        Cut::At(columns) => {
            let byte_of = |chars: usize| {
                let starts = line.iter().enumerate().filter(|(_, c)| **c & 0xC0 != 0x80);
                starts.map(|(i, _)| i).nth(chars).unwrap_or(line.len())
            };
            for (n, (start, end)) in columns.iter().enumerate() {
                let start = byte_of(*start);
                // The last column, and numbers that lean left, may reach beyond the underline.
                let end = if n + 1 == columns.len() {
                    line.len()
                } else {
                    byte_of(*end)
                };
                cells.push((start, end.max(start)));
            }
        }
    }
    cells
}

/// How many bytes the bar has that stands at `i`; none stands there: 0. Of the lines of a box, Polars
/// takes the dashed one and psql the double one too.
pub(super) fn bar(line: &[u8], i: usize) -> usize {
    match cut(line, i, i + 3) {
        [b'|', ..] => 1,
        [0xE2, 0x94, 0x82 | 0x83 | 0x86] | [0xE2, 0x95, 0x91] => 3,
        _ => 0,
    }
}

/// Whether `text` is a row with bars at its sides; ClickHouse counts them: `12. │ a │ b │`.
pub(super) fn is_boxed(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|c| c.is_ascii_digit()).count();
    let counted = digits > 0 && at(text, digits) == b'.';
    let blanks = |c: &&u8| **c == b' ';
    let bar_at = if counted {
        digits
            + 1
            + cut(text, digits + 1, text.len())
                .iter()
                .take_while(blanks)
                .count()
    } else {
        0
    };
    bar(text, bar_at) > 0
}

/// The first bar behind `from`: where, and how many bytes it has.
pub(super) fn next_bar(line: &[u8], from: usize) -> Option<(usize, usize)> {
    let mut i = from;
    loop {
        i += memchr::memchr2(b'|', 0xE2, line.get(i..)?)?;
        let len = bar(line, i);
        if len > 0 {
            return Some((i, len));
        }
        i += 1;
    }
}

/// Where the bars of `line` stand, in characters.
pub(super) fn bars(line: &[u8]) -> Vec<usize> {
    let mut bars = Vec::new();
    let (mut i, mut chars) = (0, 0);
    while i < line.len() && bars.len() < COLUMNS_MAX {
        let len = bar(line, i);
        if len > 0 {
            bars.push(chars);
        }
        i += len.max(1);
        chars += usize::from(len > 0 || line.get(i - 1).is_some_and(|c| c & 0xC0 != 0x80));
    }
    bars
}

/// A line of a table without the `<` and `>` with which a pager marks that it was cut (`less -S`);
/// nothing for other lines.
pub(super) fn unmarked(line: &[u8]) -> Option<Vec<u8>> {
    let cut_off = line.ends_with(b">");
    if !cut_off && !line.starts_with(b"<") {
        return None;
    }
    let body = line.strip_suffix(b">").unwrap_or(line);
    let body = body.strip_prefix(b"<").unwrap_or(body);
    let table = next_bar(body, 0).is_some() && memchr::memchr2(b'<', b'>', body).is_none();
    let ruled = body.len() >= 3
        && body
            .iter()
            .all(|c| matches!(c, b'-' | b'+' | b'=') || *c >= 0x80);
    if !table && !ruled {
        return None;
    }
    let mut line = line.to_vec();
    if cut_off {
        line.pop();
    }
    if let Some(first) = line.first_mut().filter(|c| **c == b'<') {
        *first = if ruled { b'-' } else { b' ' };
    }
    Some(line)
}

pub(super) fn is_column_name(cell: &[u8], delimiter: u8) -> bool {
    let cell = if delimiter == b'|' || delimiter == b'\t' {
        cell
    } else {
        cell.trim_ascii()
    };
    !cell.is_empty()
        && cell.len() < 64
        && (at(cell, 0).is_ascii_alphabetic()
            || matches!(at(cell, 0), b'_' | b'"' | b'#' | b'@')
            || at(cell, 0) >= 0x80)
        && cell.iter().all(|c| {
            c.is_ascii_alphanumeric()
                || matches!(c, b'_' | b'.' | b'-' | b'"' | b'/' | b'#' | b'@')
                || *c == b' ' && delimiter != b'|'
                || *c >= 0x80
        })
        && cell.iter().filter(|c| **c == b' ').count() < 3
}

/// `+----+----+`, `┌──┬──┐`
pub(super) fn is_border(text: &[u8]) -> bool {
    let ascii = text.starts_with(b"+-") && text.iter().all(|c| matches!(c, b'+' | b'-' | b'='));
    ascii
        || [
            "┌", "├", "└", "┏", "┡", "╔", "╠", "╞", "┞", "╟", "╚", "╒", "╓", "╘", "╙",
        ]
        .iter()
        .any(|c| text.starts_with(c.as_bytes()))
}

/// `----+----`, `---- ----`, `|---|---|`
pub(super) fn is_underline(text: &[u8]) -> bool {
    if text.len() < 3 {
        return false;
    }
    let ascii = text
        .iter()
        .all(|c| matches!(c, b'-' | b'+' | b' ' | b'|' | b':' | b'='))
        && text.iter().filter(|c| matches!(c, b'-' | b'=')).count() >= 3;
    ascii
        || text.starts_with(&[0xE2])
            && std::str::from_utf8(text).is_ok_and(|t| {
                let line = |c: char| matches!(c, '─' | '═' | '━');
                t.starts_with(line) && t.chars().all(|c| line(c) || is_crossing(c) || c == ' ')
            })
}

/// Whether a client or a shell asks for what comes next: the table is over.
pub(super) fn is_prompt(text: &[u8]) -> bool {
    matches!(text, [.., b'$' | b'#']) && !super::asked::is_pair(text)
        || client_prompt(text)
        || text.windows(2).any(|w| matches!(w, b"=>" | b"=#" | b"$ "))
}

/// `SQL> `, `sqlite> `, `1> `, `MariaDB [crm]> `: a word, perhaps a second one in brackets, and the sign.
fn client_prompt(text: &[u8]) -> bool {
    let Some(sign) = memchr::memchr(b'>', text).filter(|sign| (1..40).contains(sign)) else {
        return false;
    };
    let (before, behind) = (cut(text, 0, sign), at(text, sign + 1));
    let name = memchr::memmem::find(before, b" [").map_or(before, |n| cut(before, 0, n));
    let part = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.' | b':' | b'@');
    matches!(behind, b' ' | 0)
        && name.iter().all(part)
        && (name.len() == before.len() || before.ends_with(b"]"))
}

/// The columns of a header whose names begin with capitals and stand two blanks or more apart, in
/// characters: each reaches to the next.
pub(super) fn spaced(line: &[u8]) -> Vec<(usize, usize)> {
    if !line.is_ascii() || line.len() > 400 {
        return Vec::new();
    }
    let mut starts = Vec::new();
    for (i, c) in line.iter().enumerate() {
        let begins = *c != b' '
            && (i == 0 || at(line, i - 1) == b' ' && (i == 1 || at(line, i - 2) == b' '));
        if begins {
            if !c.is_ascii_uppercase() {
                return Vec::new();
            }
            starts.push(i);
        }
    }
    let ends = starts.iter().skip(1).copied().chain([usize::MAX]);
    let columns: Vec<_> = starts.iter().copied().zip(ends).collect();
    // NPM_TOKEN   Updated 2026-08-14: a row
    let dated = line
        .windows(5)
        .any(|w| w.ends_with(b"-") && w.iter().take(4).all(u8::is_ascii_digit));
    let named = !dated
        && columns
            .iter()
            .all(|(a, b)| is_column_name(cut(line, *a, (*b).min(line.len())).trim_ascii(), b','));
    if named { columns } else { Vec::new() }
}

/// `NAME             TYPE     DATA`: the header of another table that a tool prints at once.
pub(super) fn is_next_header(line: &[u8]) -> bool {
    let capitals = |c: &u8| c.is_ascii_uppercase() || b" _-()".contains(c);
    line.iter().all(capitals) && spaced(line).len() > 1
}

/// Where the lines of an underline cross those between its columns.
pub(super) fn is_crossing(c: char) -> bool {
    matches!(c, '+' | '|' | '┼' | '╫' | '╪' | '╬' | '╋')
}

/// The runs of dashes of an underline, in characters.
pub(super) fn runs(line: &[u8]) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut start = None;
    let text = String::from_utf8_lossy(line);
    for (i, c) in text.chars().chain([' ']).enumerate() {
        match (matches!(c, '-' | '=' | '─' | '═' | '━'), start) {
            (true, None) => start = Some(i),
            (false, Some(from)) => {
                runs.push((from, i));
                start = None;
            }
            _ => {}
        }
    }
    runs
}
