//! Pages: the rows of a screen, in whatever order a program drew them.

use super::{Scanner, State};
use crate::mask::bytes::cut;
use crate::mask::gutter::gutter;
use crate::mask::keyblock;
use crate::mask::span::{Span, settle};

/// What parts the panes of a window (tmux, vim).
const PANE: &[u8] = "│".as_bytes();
/// So many rows, one behind the other, make a pane; a note in a box has fewer.
const PANE_ROWS: usize = 3;

/// A pane with fewer columns is none that lines are read in.
const NARROWEST: usize = 12;
/// More rows of a pane are not joined.
const WRAPPED_MAX: usize = 8;
/// As many lines of the same width as nothing is wider show a window that is narrower than the screen.
const WHOLE_MIN: usize = 2;

impl Scanner {
    /// Looks at the lines of a page in order, as if nothing had come before them but the table that
    /// was read last, and tells what stands in each; what is found is learned, but the scanner does not
    /// move on. A full-screen program draws in any order, so its lines are looked at as they stand
    /// together; where it parts the screen into panes, those of each pane as well.
    pub fn page<'a>(
        &mut self,
        lines: impl IntoIterator<Item = &'a [u8]>,
        mut found: impl FnMut(usize, &[Span]),
    ) {
        let lines: Vec<&[u8]> = lines.into_iter().collect();
        let before = std::mem::take(&mut self.state);
        let mut page: Vec<Vec<Span>> = vec![Vec::new(); lines.len()];
        let mut known = before.columns.known().cloned();
        self.state.columns.knows(known.clone());
        for (line, spans) in lines.iter().zip(&mut page) {
            self.line(line, spans);
        }
        known = self.state.columns.known().cloned();
        let panes = panes(&lines);
        let paned = !panes.is_empty();
        for places in panes {
            self.state = State::default();
            self.state.columns.knows(known.clone());
            for ((line, spans), place) in lines.iter().zip(&mut page).zip(&places) {
                let Some((start, end)) = *place else {
                    continue;
                };
                let first = spans.len();
                self.line(cut(line, start, end), spans);
                let text = cut(line, start, end);
                let row = text.trim_ascii_end();
                self.edges(row, row.len() == text.len(), spans);
                for span in spans.iter_mut().skip(first) {
                    span.start += start;
                    span.end += start;
                }
            }
            self.look_wrapped(&lines, &places, 1, &mut page);
        }
        if !paned {
            // The window may be narrower than it is known to be.
            let whole: Places = lines.iter().map(|line| Some((0, line.len()))).collect();
            self.look_wrapped(&lines, &whole, WHOLE_MIN, &mut page);
        }
        for (line, spans) in lines.iter().zip(&mut page) {
            self.edges(line, false, spans);
        }
        let mut tails = Vec::new();
        keyblock::neighbours(&lines, &page, &mut tails);
        keyblock::tails(&lines, &mut tails);
        for (number, span) in tails {
            // The next page may show the same without what tells it a key.
            self.learn_from(lines.get(number).unwrap_or(&&[][..]), &[span]);
            if let Some(spans) = page.get_mut(number) {
                spans.push(span);
            }
        }
        self.state = before;
        self.state.columns.knows(known);
        for (number, mut spans) in page.into_iter().enumerate() {
            if spans.len() > 1 {
                settle(&mut spans);
            }
            found(number, &spans);
        }
    }
}

impl Scanner {
    /// Looks at the lines that do not fit into a pane as at one each.
    /// So many of them must be full.
    fn look_wrapped(
        &mut self,
        lines: &[&[u8]],
        places: &Places,
        least: usize,
        page: &mut [Vec<Span>],
    ) {
        for run in wrapped(lines, places, least) {
            self.state = State::default();
            self.joined(lines, &run, page);
            for run in behind_gutters(lines, &run) {
                self.state = State::default();
                self.joined(lines, &run, page);
            }
        }
    }

    /// Looks at `pieces` of lines as at one line, and tells `page` what stands in each.
    fn joined(&mut self, lines: &[&[u8]], pieces: &[Piece], page: &mut [Vec<Span>]) {
        let mut text = Vec::new();
        let mut starts = Vec::new();
        for (number, start, end) in pieces {
            starts.push(text.len());
            text.extend_from_slice(cut(lines.get(*number).unwrap_or(&&[][..]), *start, *end));
        }
        let mut spans = Vec::new();
        self.line(&text, &mut spans);
        for span in spans {
            for ((number, start, end), first) in pieces.iter().zip(&starts) {
                let last = first + (end - start);
                if span.start < last && span.end > *first {
                    let mut part = span;
                    part.start = start + (span.start.max(*first) - first);
                    part.end = start + (span.end.min(last) - first);
                    if let Some(spans) = page.get_mut(*number) {
                        spans.push(part);
                    }
                }
            }
        }
    }
}

/// A part of a line: its number, and from where to where.
type Piece = (usize, usize, usize);

/// The lines that a pane is too narrow for: the pieces of each.
fn wrapped(lines: &[&[u8]], places: &Places, least: usize) -> Vec<Vec<Piece>> {
    let text = |number: usize| {
        let (start, end) = (*places.get(number)?)?;
        let text = cut(lines.get(number)?, start, end).trim_ascii_end();
        (!text.is_empty()).then(|| (number, start, start + text.len()))
    };
    let width_of =
        |(number, start, end): Piece| width(cut(lines.get(number).unwrap_or(&&[][..]), start, end));
    // Up to the rule behind it all rows of a pane are as wide; the last one has none.
    let room = places.iter().zip(0..);
    let room = room.filter_map(|(place, number)| place.map(|(start, end)| (number, start, end)));
    let widest = room.map(width_of).max();
    let Some(widest) = widest.filter(|widest| *widest >= NARROWEST) else {
        return Vec::new();
    };
    let full = (0..lines.len()).filter_map(text);
    if full.filter(|piece| width_of(*piece) == widest).count() < least {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut run: Vec<Piece> = Vec::new();
    for number in 0..lines.len() {
        let piece = text(number);
        // Rows of a table are as wide, too; none of their words goes on in the next one.
        let last = run.last().copied();
        if least > 1
            && !last
                .zip(piece)
                .is_none_or(|(last, piece)| splits(lines, last, piece))
        {
            found.extend((run.len() > 1).then(|| std::mem::take(&mut run)));
            run.clear();
        }
        run.extend(piece);
        if piece.is_none_or(|piece| width_of(piece) != widest) || run.len() >= WRAPPED_MAX {
            if run.len() > 1 {
                found.push(std::mem::take(&mut run));
            }
            run.clear();
        }
    }
    if run.len() > 1 {
        found.push(run);
    }
    found
}

/// Whether a word may go on from one piece in the next, without a gutter or behind one.
fn splits(lines: &[&[u8]], last: Piece, next: Piece) -> bool {
    let text = |(number, start, end): Piece| cut(lines.get(number).unwrap_or(&&[][..]), start, end);
    let sign = |c: Option<&u8>| {
        c.is_some_and(|c| c.is_ascii_alphanumeric() || b"_-+/=.%@:$!#&".contains(c))
    };
    let (first, row) = (
        String::from_utf8_lossy(text(last)),
        String::from_utf8_lossy(text(next)),
    );
    let begins = gutter(&first, &row).unwrap_or(0);
    sign(text(last).last()) && sign(row.as_bytes().get(begins))
}

/// Those pieces of `run` that go on behind a gutter, without it.
fn behind_gutters(lines: &[&[u8]], run: &[Piece]) -> Vec<Vec<Piece>> {
    let text = |(number, start, end): Piece| {
        String::from_utf8_lossy(cut(lines.get(number).unwrap_or(&&[][..]), start, end))
    };
    let mut found = Vec::new();
    let mut line: Vec<Piece> = Vec::new();
    for piece in run {
        let first = line.first().map(|first| text(*first));
        match first.and_then(|first| gutter(&first, &text(*piece))) {
            Some(own) => line.push((piece.0, piece.1 + own, piece.2)),
            None => found.push(std::mem::replace(&mut line, vec![*piece])),
        }
    }
    found.push(line);
    found.retain(|line| line.len() > 1);
    found
}

/// Where the lines of each pane stand in `lines`; nothing for a line that has none of it.
type Places = Vec<Option<(usize, usize)>>;

/// The panes of a page: those that a rule parts which stands in the same column of several rows.
fn panes(lines: &[&[u8]]) -> Vec<Places> {
    let (rules, columns) = ruled(lines, PANE);
    if columns.is_empty() {
        // vim parts its windows so. A table has borders that cross the rules between its columns, or end
        // at them.
        let (rules, mut columns) = ruled(lines, b"|");
        columns.retain(|column| !lines.iter().any(|line| crosses(line, *column)));
        return parted(lines, &rules, columns, 1);
    }
    parted(lines, &rules, columns, PANE.len())
}

/// Whether a border crosses the rule that stands in `column`, or ends there.
fn crosses(line: &[u8], column: usize) -> bool {
    let starts = line.iter().enumerate().filter(|(_, c)| **c & 0xC0 != 0x80);
    let Some((place, sign)) = starts.map(|(i, c)| (i, *c)).nth(column) else {
        return false;
    };
    let beside = cut(line, place.saturating_sub(1), place + 2);
    sign == b'+' || sign == b'|' && memchr::memchr(b'-', beside).is_some()
}

/// Where `rule` stands in each line, in characters and in bytes.
type Ruled = Vec<Vec<(usize, usize)>>;

/// The places of `rule`, and the columns in which it stands in several rows.
fn ruled(lines: &[&[u8]], rule: &[u8]) -> (Ruled, Vec<usize>) {
    let rules: Ruled = lines
        .iter()
        .map(|line| {
            let places = memchr::memmem::find_iter(line, rule).take(16);
            places.map(|at| (width(cut(line, 0, at)), at)).collect()
        })
        .collect();
    let mut columns: Vec<usize> = Vec::new();
    for window in rules.windows(PANE_ROWS) {
        let Some((first, rest)) = window.split_first() else {
            continue;
        };
        for (column, _) in first {
            let all = rest
                .iter()
                .all(|rules| rules.iter().any(|(other, _)| other == column));
            if all && !columns.contains(column) {
                columns.push(*column);
            }
        }
    }
    (rules, columns)
}

/// The panes between rules of `len` bytes that stand in `columns`.
fn parted(lines: &[&[u8]], rules: &Ruled, mut columns: Vec<usize>, len: usize) -> Vec<Places> {
    if columns.is_empty() {
        return Vec::new();
    }
    columns.sort_unstable();
    let starts = [None].into_iter().chain(columns.iter().copied().map(Some));
    let ends = columns.iter().copied().map(Some).chain([None]);
    starts
        .zip(ends)
        .map(|(start, end)| {
            let places = lines.iter().zip(rules).map(|(line, rules)| {
                let at = |column: usize| rules.iter().find(|(c, _)| *c == column).map(|(_, n)| *n);
                let start = match start {
                    Some(column) => at(column)? + len,
                    None => 0,
                };
                let end = match end {
                    Some(column) => at(column)?,
                    None => line.len(),
                };
                (start < end).then_some((start, end))
            });
            places.collect()
        })
        .collect()
}

/// How many characters `text` has.
fn width(text: &[u8]) -> usize {
    text.iter().filter(|c| *c & 0xC0 != 0x80).count()
}
