//! Tables as psql sets them for LaTeX (`latex`, `latex-longtable`) and for troff (`troff-ms`).

use super::{Judge, names, push, wanted};
use crate::mask::bytes::{contains, cut, trim};
use crate::mask::names::Named;
use crate::mask::span::Span;

/// What a table is that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typeset {
    /// Cells between `&`, or a row's name and its value.
    Latex { pairs: bool },
    /// A cell a line; so many of the row are over.
    Long(usize),
    /// Cells between tabs, or a row's name and its value.
    Troff { pairs: bool },
}

impl Typeset {
    /// Whether `text` begins a table, and which.
    pub(super) fn open(text: &[u8], judge: &Judge) -> Option<Typeset> {
        if text.starts_with(b"\\begin{tabular}") {
            // Only a record's names stand in the middle.
            let pairs =
                text.ends_with(b"{c|l}") || text.ends_with(b"{cl}") || text.ends_with(b"{|c|l|}");
            Some(Typeset::Latex { pairs })
        } else if text.starts_with(b"\\begin{longtable}") {
            Some(Typeset::Long(0))
        } else if is_latex_header(text) {
            // A piece of a table; prose has words in italics too.
            let pairs = contains(text, b"\\textit{record ");
            let named = judged(text, latex(text), judge).iter().any(Option::is_some);
            (pairs || named).then_some(Typeset::Latex { pairs })
        } else if text == b".TS" {
            Some(Typeset::Troff { pairs: false })
        } else {
            None
        }
    }

    /// Reads a line of the table whose columns are `named`; false when it is over.
    pub(super) fn line(
        &mut self,
        line: &[u8],
        named: &mut Vec<Option<Named>>,
        judge: &Judge,
        spans: &mut Vec<Span>,
    ) -> bool {
        let text = line.trim_ascii();
        match self {
            Typeset::Latex { pairs } => {
                if text.starts_with(b"\\end") && !text.starts_with(b"\\endfirsthead")
                    || text.starts_with(b"\\noindent")
                {
                    return false;
                }
                if is_latex_header(text) {
                    *pairs |= contains(text, b"\\textit{record ");
                    *named = judged(text, latex(text), judge);
                } else if *pairs {
                    pair(line, latex(line), judge, spans);
                } else {
                    mask(line, latex(line), named, spans);
                }
            }
            Typeset::Long(cells) => {
                if text.starts_with(b"\\end{") {
                    return false;
                }
                if is_latex_header(text) {
                    *named = judged(text, latex(text), judge);
                } else if let Some(lead) = find_cell(text) {
                    let indent = line.len() - line.trim_ascii_start().len();
                    let end = memchr::memrchr(b'}', line).unwrap_or(line.len());
                    let cell = (indent + lead, end);
                    let column = named.get(*cells..).unwrap_or_default();
                    mask(line, std::iter::once(cell), column, spans);
                    *cells += 1;
                    if text.ends_with(b"\\tabularnewline") {
                        *cells = 0;
                    }
                }
            }
            Typeset::Troff { pairs } => {
                if text == b".TE" {
                    return false;
                }
                // What the cells of a record are laid out by: a name in the middle, its value left.
                if matches!(text, b"c | l." | b"c l." | b"c | l;" | b"c l;") {
                    *pairs = true;
                } else if text.starts_with(b"\\fI") {
                    *named = judged(text, tabs(text), judge);
                } else if *pairs {
                    pair(line, tabs(line), judge, spans);
                } else {
                    mask(line, tabs(line), named, spans);
                }
            }
        }
        true
    }
}

/// `\textit{a} & \small\textbf{\textit{b}} \\`
fn is_latex_header(text: &[u8]) -> bool {
    text.ends_with(b"\\\\") && contains(text, b"\\textit{")
}

/// Where the text of `\raggedright{text}` begins.
fn find_cell(text: &[u8]) -> Option<usize> {
    const CELL: &[u8] = b"\\raggedright{";
    text.starts_with(CELL).then_some(CELL.len())
}

/// What the names in the cells of a header say.
fn judged(
    header: &[u8],
    cells: impl Iterator<Item = (usize, usize)>,
    judge: &Judge,
) -> Vec<Option<Named>> {
    let cells: Vec<_> = cells.map(|(a, b)| unmarked(cut(header, a, b))).collect();
    let texts: Vec<_> = cells.iter().map(Vec::as_slice).collect();
    let mut named: Vec<_> = texts.iter().map(|name| judge.column(name)).collect();
    names::beside(&mut named, &texts);
    named
}

/// The text of a cell of a header: without what sets it in italics, and without escapes.
fn unmarked(cell: &[u8]) -> Vec<u8> {
    let mut text = cell.trim_ascii();
    for mark in [&b"\\small"[..], b"\\textbf{", b"\\textit{", b"\\fI"] {
        text = text.strip_prefix(mark).unwrap_or(text);
    }
    text = text.strip_suffix(b"\\fP").unwrap_or(text);
    let plain = text.iter().copied().filter(|c| !b"\\{}".contains(c));
    plain.collect()
}

fn mask(
    line: &[u8],
    cells: impl Iterator<Item = (usize, usize)>,
    named: &[Option<Named>],
    spans: &mut Vec<Span>,
) {
    for ((start, end), named) in cells.zip(named) {
        if let Some(named) = named
            && wanted(cut(line, start, end), *named)
        {
            push(line, start, end, *named, spans);
        }
    }
}

/// A name, and the value behind it.
fn pair(
    line: &[u8],
    mut cells: impl Iterator<Item = (usize, usize)>,
    judge: &Judge,
    spans: &mut Vec<Span>,
) {
    if let (Some((a, b)), Some(value)) = (cells.next(), cells.next()) {
        let named = judge.column(&unmarked(cut(line, a, b)));
        mask(line, std::iter::once(value), &[named], spans);
    }
}

/// The cells of a line of LaTeX.
fn latex(line: &[u8]) -> impl Iterator<Item = (usize, usize)> + '_ {
    let text = line.trim_ascii_end();
    let text = text.strip_suffix(b"\\\\").unwrap_or(text);
    let mut start = 0;
    // `\&` belongs to a cell.
    let mut escaped = false;
    let parts = text.split(move |c| {
        let parts = *c == b'&' && !escaped;
        escaped = *c == b'\\' && !escaped;
        parts
    });
    parts.map(move |cell| {
        let from = start;
        start += cell.len() + 1;
        trim(line, from, from + cell.len())
    })
}

/// The cells of a line of troff.
fn tabs(line: &[u8]) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut start = 0;
    line.split(|c| *c == b'\t').map(move |cell| {
        let from = start;
        start += cell.len() + 1;
        trim(line, from, from + cell.len())
    })
}

#[cfg(test)]
mod tests {
    use super::super::RECS_OWN;
    use super::*;

    fn masked(text: &str) -> Vec<String> {
        let (mut table, mut named) = (None, Vec::new());
        let mut found = Vec::new();
        for line in text.lines() {
            let mut spans = Vec::new();
            let bytes = line.as_bytes();
            if table.is_none() {
                table = Typeset::open(bytes, &RECS_OWN);
            }
            if let Some(open) = &mut table
                && !open.line(bytes, &mut named, &RECS_OWN, &mut spans)
            {
                table = None;
            }
            found.extend(spans.iter().map(|s| line[s.start..s.end].to_owned()));
        }
        assert_eq!(table, None, "{text}");
        found
    }

    #[test]
    fn cells_are_known_by_their_header_or_their_name() {
        for (text, secrets) in [
            (
                "\\begin{tabular}{l | l}\n\\textit{name} & \\textit{secret\\_key} \\\\\n\\hline\na\\&b & aZklKYAFAO1acAY8 \\\\\n\\end{tabular}",
                vec!["aZklKYAFAO1acAY8"],
            ),
            (
                "\\begin{tabular}{c|l}\n\\multicolumn{2}{c}{\\textit{Record 1}} \\\\\n\\hline\nid & 969 \\\\\nlast\\_name & Rossi \\\\\n\\end{tabular}",
                vec!["Rossi"],
            ),
            (
                "\\begin{longtable}{l | l}\n\\small\\textbf{\\textit{id}} & \\small\\textbf{\\textit{last\\_name}} \\\\\n\\endhead\n\\raggedright{7}\n&\n\\raggedright{Rossi} \\tabularnewline\n\\raggedright{8}\n&\n\\raggedright{Kern} \\tabularnewline\n\\end{longtable}",
                vec!["Rossi", "Kern"],
            ),
            (
                ".TS\ncenter;\nl | l.\n\\fIid\\fP\t\\fIcvc2\\fP\n_\n114\t960\n.TE",
                vec!["960"],
            ),
            (
                ".TS\ncenter;\nc s.\n\\fIRecord 1\\fP\n_\n.T&\nc | l.\nid\t687\nlast_name\tRossi\n.TE",
                vec!["Rossi"],
            ),
        ] {
            assert_eq!(masked(text), secrets, "{text}");
        }
    }
}
