//! Expanded and vertical output: one row of a result after the other, each value behind the name of
//! its column.

use super::layout::{bar, is_column_name, next_bar};
use super::names::Judge;
use super::{push, wanted};
use crate::mask::bytes::{at, contains, cut, find, trim};
use crate::mask::names::Named;
use crate::mask::span::Span;

/// No column's name is longer, padding included.
const NAME_MAX: usize = 160;

/// What stands between names and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// A bar, or a colon.
    Open,
    /// A bar, and others around both.
    Boxed,
    /// Blanks.
    Blank,
}

/// The output of this kind that is open, if one is.
#[derive(Clone, Debug, Default)]
pub(super) struct Vertical {
    style: Option<Style>,
    /// The secret value of a row may go on in the next line.
    open: Option<Named>,
}

impl Vertical {
    pub(super) fn is_idle(&self) -> bool {
        self.style.is_none()
    }

    /// Whether `text` stands above a row: `-[ RECORD 1 ]---`, `┌─[ RECORD 1 ]──┐`, `* Record 1`.
    pub(super) fn heading(&mut self, text: &[u8]) -> bool {
        let Some(style) = heading(text) else {
            return false;
        };
        self.style = Some(style);
        self.open = None;
        true
    }

    /// Reads a row; false when the line is none.
    pub(super) fn row(&mut self, line: &[u8], judge: &Judge, spans: &mut Vec<Span>) -> bool {
        let fits = match self.style {
            None => return self.begins(line, judge, spans),
            Some(Style::Open) => self.open_row(line, judge, spans),
            Some(Style::Boxed) => self.boxed_row(line, judge, spans),
            Some(Style::Blank) => self.blank_row(line, judge, spans),
        };
        if !fits {
            *self = Vertical::default();
        }
        fits
    }

    /// `name | value` with a name that is judged, above which nothing stood.
    pub(super) fn begins(&mut self, line: &[u8], judge: &Judge, spans: &mut Vec<Span>) -> bool {
        let begins = expanded_row(line, judge, spans).is_some();
        if begins {
            self.style = Some(Style::Open);
        }
        begins
    }

    fn open_row(&mut self, line: &[u8], judge: &Judge, spans: &mut Vec<Span>) -> bool {
        let text = line.trim_ascii();
        if text.is_empty() || text.starts_with(b"(") {
            return false;
        }
        if let Some(named) = expanded_row(line, judge, spans) {
            self.open = named;
            return true;
        }
        if let Some((start, len)) = next_bar(line, 0) {
            if cut(line, 0, start).trim_ascii().is_empty() {
                if let Some(named) = self.open {
                    push(line, start + len, line.len(), named, spans);
                }
                return true;
            }
            self.open = None;
            return true;
        }
        // mysql \G: `name: value`
        if let Some(colon) = line.windows(2).position(|w| w == b": ") {
            let name = cut(line, 0, colon).trim_ascii();
            if !name.contains(&b' ') {
                if let Some(named) = judge.column(name)
                    && wanted(cut(line, colon + 2, line.len()), named)
                {
                    push(line, colon + 2, line.len(), named, spans);
                }
                return true;
            }
        }
        line.ends_with(b":") && !text.contains(&b' ')
    }

    fn boxed_row(&mut self, line: &[u8], judge: &Judge, spans: &mut Vec<Span>) -> bool {
        let Some(((a, b), (start, end))) = boxed_pair(line) else {
            return false;
        };
        let name = cut(line, a, b).trim_ascii();
        if !name.is_empty() {
            self.open = judge.column(name);
        }
        if let Some(named) = self.open
            && wanted(cut(line, start, end), named)
        {
            push(line, start, end, named, spans);
        }
        true
    }

    fn blank_row(&mut self, line: &[u8], judge: &Judge, spans: &mut Vec<Span>) -> bool {
        let (start, end) = trim(line, 0, line.len());
        if start == end || at(line, start) == b'(' {
            return false;
        }
        let mut value = start;
        if start == 0 {
            let name = cut(line, 0, NAME_MAX);
            value = memchr::memchr(b' ', name).unwrap_or(end).min(end);
            self.open = judge.column(cut(line, 0, value));
        }
        if let Some(named) = self.open
            && wanted(cut(line, value, end), named)
        {
            push(line, value, end, named, spans);
        }
        true
    }
}

fn heading(text: &[u8]) -> Option<Style> {
    if text.starts_with(b"* Record") {
        return Some(Style::Blank);
    }
    if text.starts_with(b"*****") {
        return contains(text, b". row").then_some(Style::Open);
    }
    if !matches!(text.first(), Some(b'-' | b'+' | 0xE2)) {
        return None;
    }
    let record = find(cut(text, 0, 24), 0, b"[ record ").filter(|at| (1..=6).contains(at))?;
    let lead = std::str::from_utf8(cut(text, 0, record)).ok()?;
    let drawn = |c: char| matches!(c, '-' | '+' | '\u{2500}'..='\u{257F}');
    match lead.chars().count() {
        _ if !lead.chars().all(drawn) => None,
        1 => Some(Style::Open),
        2 => Some(Style::Boxed),
        _ => None,
    }
}

type Place = (usize, usize);

/// The name and the value of `│ name │ value │`.
pub(super) fn boxed_pair(line: &[u8]) -> Option<(Place, Place)> {
    let (from, mut end) = trim(line, 0, line.len());
    let outer = bar(line, from);
    if outer == 0 {
        return None;
    }
    for len in [1, 3] {
        if end > from + outer + len && bar(line, end - len) == len {
            end -= len;
            break;
        }
    }
    let name = from + outer;
    let (middle, len) = next_bar(line, name).filter(|(at, _)| *at < end)?;
    Some(((name, middle), (middle + len, end)))
}

/// `name | value` with a name that is judged: its class when it was masked. `None`: no such row.
#[allow(clippy::option_option)]
fn expanded_row(line: &[u8], judge: &Judge, spans: &mut Vec<Span>) -> Option<Option<Named>> {
    // The name stands before the first bar, padded to the longest one.
    let (bar, len) = next_bar(cut(line, 0, NAME_MAX), 0)?;
    let name = cut(line, 0, bar).trim_ascii();
    // psql writes the name at the start of the line; what leans elsewhere is a header.
    if name.is_empty()
        || matches!(at(line, 0), b' ' | b'\t')
        || name.contains(&b' ')
        || !is_column_name(name, b'|')
        || at(line, bar.wrapping_sub(1)) != b' '
    {
        return None;
    }
    let value = bar + len;
    // token ||= x
    if at(line, value) == b'|' {
        return None;
    }
    // More bars: a row of several columns, or a \d listing.
    if cut(line, value, line.len()).windows(3).any(|w| w == b" | ") {
        return None;
    }
    let named = judge.column(name)?;
    if !wanted(cut(line, value, line.len()), named) {
        return None;
    }
    push(line, value, line.len(), named, spans);
    Some(Some(named))
}
