//! Tables written for other programs: HTML of psql and mysql, AsciiDoc of psql, and what is typeset.
//! Their header says what the cells below are, as any other's does, but stands in marks of its own.

use super::typeset::Typeset;
use super::{Judge, push, wanted};
use crate::mask::bytes::{at, contains, cut, trim};
use crate::mask::names::Named;
use crate::mask::span::Span;

/// A table of so many lines more is no longer followed.
const LINES_MAX: u32 = 20_000;
/// More columns are not looked at.
const COLUMNS_MAX: usize = 512;

/// The table that is open, if one is.
#[derive(Clone, Debug, Default)]
pub(super) struct Markup {
    kind: Kind,
    /// For each column what it is.
    names: Vec<Option<Named>>,
    /// So many lines may still belong to it.
    left: u32,
    /// Its beginning did not show, so its end may not.
    piece: bool,
    /// What a query told of the columns of its answer, should no header name them.
    told: Vec<(Vec<u8>, Option<Named>)>,
}

#[derive(Clone, Debug, Default)]
enum Kind {
    #[default]
    Nothing,
    Html(Row),
    /// AsciiDoc; whether its header is still to come.
    Ascii(bool),
    Set(Typeset),
}

/// Where in a row of HTML a line ends.
#[derive(Clone, Debug, Default)]
struct Row {
    /// The names of this row.
    heads: Vec<Option<Named>>,
    /// So many cells of it are over.
    cells: usize,
    /// What the cell is that goes on in the next line.
    open: Option<Named>,
}

impl Markup {
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.kind, Kind::Nothing)
    }

    /// Whether nothing is remembered.
    pub(super) fn is_blank(&self) -> bool {
        self.is_idle() && self.names.is_empty() && self.told.is_empty()
    }

    /// A query's columns: their names, and what they say.
    pub(super) fn tell(&mut self, columns: Vec<(Vec<u8>, Option<Named>)>) {
        self.told = columns;
    }

    /// Reads `line`; whether it belongs to a table in marks.
    pub(super) fn line(&mut self, line: &[u8], judge: &Judge, spans: &mut Vec<Span>) -> bool {
        let text = line.trim_ascii();
        if self.is_idle() {
            self.open(text, judge);
            if !self.is_idle() {
                self.names = self.told.iter().map(|(_, named)| *named).collect();
            }
            if matches!(self.kind, Kind::Nothing | Kind::Ascii(_)) {
                return !self.is_idle();
            }
        } else {
            self.left = self.left.saturating_sub(1);
            if self.left == 0 || self.piece && !text.starts_with(b"<") {
                self.close();
                return false;
            }
        }
        match std::mem::take(&mut self.kind) {
            Kind::Nothing => false,
            Kind::Html(row) => {
                match self.html(line, row, judge, spans) {
                    Some(row) => self.kind = Kind::Html(row),
                    None => self.close(),
                }
                true
            }
            Kind::Ascii(header) => {
                if text.starts_with(b"|===") {
                    self.close();
                    return true;
                }
                self.kind = Kind::Ascii(false);
                if header && !self.is_row(line) {
                    self.names = ascii(line)
                        .map(|(a, b)| judge.column(cut(line, a, b)))
                        .collect();
                } else {
                    self.ascii_row(line, judge, spans);
                }
                true
            }
            Kind::Set(mut table) => {
                if table.line(line, &mut self.names, judge, spans) {
                    self.kind = Kind::Set(table);
                } else {
                    self.close();
                }
                true
            }
        }
    }

    /// Whether a table begins with `text`, and which.
    fn open(&mut self, text: &[u8], judge: &Judge) {
        self.left = LINES_MAX;
        if text
            .get(..6)
            .is_some_and(|t| t.eq_ignore_ascii_case(b"<table"))
        {
            self.kind = Kind::Html(Row::default());
        } else if text
            .get(..3)
            .is_some_and(|t| t.eq_ignore_ascii_case(b"<tr"))
            && contains(text, b"<th")
        {
            // A piece of a table: the row that names its columns.
            self.piece = true;
            self.kind = Kind::Html(Row::default());
        } else if text.starts_with(b"|====") {
            self.kind = Kind::Ascii(true);
        } else if let Some(table) = Typeset::open(text, judge) {
            self.kind = Kind::Set(table);
        }
    }

    /// The table is over.
    fn close(&mut self) {
        *self = Markup::default();
    }

    /// Whether the first line of a table of AsciiDoc is a row: a query's columns have other names.
    fn is_row(&self, line: &[u8]) -> bool {
        let mut cells = ascii(line).zip(&self.told);
        !self.told.is_empty()
            && !cells.any(|((a, b), (name, _))| cut(line, a, b).eq_ignore_ascii_case(name))
    }

    fn mask(
        &self,
        line: &[u8],
        cells: impl Iterator<Item = (usize, usize)>,
        spans: &mut Vec<Span>,
    ) {
        for ((start, end), named) in cells.zip(&self.names) {
            if let Some(named) = named
                && wanted(cut(line, start, end), *named)
            {
                push(line, start, end, *named, spans);
            }
        }
    }

    /// A row of AsciiDoc; psql's expanded one holds a name and its value.
    fn ascii_row(&self, line: &[u8], judge: &Judge, spans: &mut Vec<Span>) {
        let text = line.trim_ascii_start();
        if text.starts_with(b"<l|") || text.starts_with(b">l|") {
            let cells: Vec<_> = ascii(line).collect();
            if let [(a, b), (start, end)] = cells.as_slice()
                && let Some(named) = judge.column(cut(line, *a, *b))
                && wanted(cut(line, *start, *end), named)
            {
                push(line, *start, *end, named, spans);
            }
            return;
        }
        self.mask(line, ascii(line), spans);
    }

    /// Reads the cells of HTML in `line`; `None` when the table is over.
    fn html(
        &mut self,
        line: &[u8],
        mut row: Row,
        judge: &Judge,
        spans: &mut Vec<Span>,
    ) -> Option<Row> {
        let mut i = 0;
        if let Some(named) = row.open {
            let close = memchr::memchr(b'<', line).unwrap_or(line.len());
            self.cell(line, 0, close, named, spans);
            // A line break is a mark of its own.
            if !contains(line, b"</td") {
                return Some(row);
            }
            (row.open, i) = (None, close);
        }
        while let Some(open) = memchr::memchr(b'<', cut(line, i, line.len())).map(|n| i + n) {
            let close = memchr::memchr(b'>', cut(line, open, line.len()));
            let end = close.map_or(line.len(), |n| open + n);
            let tag = cut(line, open + 1, end);
            let word = tag.split(|c| *c == b' ').next().unwrap_or_default();
            let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
            let body = (end + 1).min(line.len());
            let next = memchr::memchr(b'<', cut(line, body, line.len()));
            let to = next.map_or(line.len(), |n| body + n);
            i = body;
            if is("/table") {
                return None;
            } else if is("table") {
                self.names = self.told.iter().map(|(_, named)| *named).collect();
            } else if is("tr") {
                row = Row::default();
            } else if is("/tr") {
                if row.cells == 0 && !row.heads.is_empty() {
                    self.names = std::mem::take(&mut row.heads);
                }
            } else if is("th") && row.heads.len() < COLUMNS_MAX {
                row.heads
                    .push(judge.column(cut(line, body, to).trim_ascii()));
            } else if is("td") {
                // A row that begins with its name holds one value.
                let named = match row.heads.as_slice() {
                    [] => self.names.get(row.cells).copied().flatten(),
                    heads => heads.last().copied().flatten(),
                };
                row.cells += 1;
                if let Some(named) = named {
                    self.cell(line, body, to, named, spans);
                    if next.is_none() || contains(cut(line, to, to + 3), b"<br") {
                        row.open = Some(named);
                    }
                }
            }
        }
        Some(row)
    }

    fn cell(&self, line: &[u8], from: usize, to: usize, named: Named, spans: &mut Vec<Span>) {
        let text = cut(line, from, to);
        if wanted(text, named) && text.trim_ascii() != b"&nbsp;" {
            push(line, from, to, named, spans);
        }
    }
}

/// The cells of a line of AsciiDoc, without what says how they are laid out (`^l`).
fn ascii(line: &[u8]) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut start = 0;
    line.split(|c| *c == b'|')
        .map(move |cell| {
            let from = start;
            start += cell.len() + 1;
            (from, from + cell.len())
        })
        .skip(1)
        .map(|(from, to)| {
            let (from, to) = trim(line, from, to);
            let sign = to.checked_sub(2).filter(|sign| *sign > from);
            let laid = sign.is_some_and(|sign| {
                matches!(at(line, sign), b'<' | b'^' | b'>')
                    && at(line, sign + 1) == b'l'
                    && at(line, sign - 1) == b' '
            });
            trim(line, from, to - if laid { 2 } else { 0 })
        })
}

#[cfg(test)]
mod tests {
    use super::super::RECS_OWN;
    use super::*;

    fn masked(text: &str) -> Vec<String> {
        let mut markup = Markup::default();
        let mut found = Vec::new();
        for line in text.lines() {
            let mut spans = Vec::new();
            markup.line(line.as_bytes(), &RECS_OWN, &mut spans);
            found.extend(spans.iter().map(|s| line[s.start..s.end].to_owned()));
        }
        assert!(markup.is_idle(), "{text}");
        found
    }

    #[test]
    fn cells_in_marks_are_known_by_their_header() {
        for (text, secrets) in [
            (
                "<TABLE BORDER=1><TR><TH>id</TH><TH>password</TH></TR><TR><TD>4</TD><TD>Gnu-Herde2</TD></TR><TR><TD>5</TD><TD>NULL</TD></TR></TABLE>",
                &["Gnu-Herde2"][..],
            ),
            (
                "<table border=\"1\">\n  <tr>\n    <th align=\"center\">name</th>\n    <th align=\"center\">auth_token</th>\n  </tr>\n  <tr valign=\"top\">\n    <td align=\"left\">sensor-17</td>\n    <td align=\"left\">v7geaemzfu7hu0<br />\nowtatqws6w7jqg</td>\n  </tr>\n</table>",
                &["v7geaemzfu7hu0", "owtatqws6w7jqg"],
            ),
            (
                "<table border=\"1\">\n  <tr><td colspan=\"2\" align=\"center\">Record 1</td></tr>\n  <tr valign=\"top\">\n    <th>password</th>\n    <td align=\"left\">Kassa-9</td>\n  </tr>\n</table>",
                &["Kassa-9"],
            ),
            (
                "|====\n^l|login ^l|password\n|kassa9 |Kassa-9-offen\n|b |Zwei Worte\n|====",
                &["Kassa-9-offen", "Zwei Worte"],
            ),
            (
                "|====\n2+^|Record 1\n<l|login <l|kassa9\n<l|password <l|Kassa-9-offen\n|====",
                &["Kassa-9-offen"],
            ),
        ] {
            assert_eq!(masked(text), secrets, "{text}");
        }
    }

    #[test]
    fn tables_in_marks_without_secrets_stay() {
        for text in [
            "<table><tr><th>password_changed_at</th></tr><tr><td>2026-05-04</td></tr></table>",
            "|====\n^l|login ^l|active\n|kassa9 |t\n|====",
        ] {
            assert_eq!(masked(text), [""; 0], "{text}");
        }
    }
}
