//! Pages: the rows of a screen, in whatever order a program drew them.

use super::{Scanner, State};
use crate::mask::bytes::cut;
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
        for places in panes(&lines) {
            self.state = State::default();
            self.state.columns.knows(known.clone());
            for ((line, spans), place) in lines.iter().zip(&mut page).zip(&places) {
                let Some((start, end)) = *place else {
                    continue;
                };
                let first = spans.len();
                self.line(cut(line, start, end), spans);
                for span in spans.iter_mut().skip(first) {
                    span.start += start;
                    span.end += start;
                }
            }
            for run in wrapped(&lines, &places) {
                self.state = State::default();
                self.joined(&lines, &run, &mut page);
            }
        }
        let mut tails = Vec::new();
        keyblock::tails(&lines, &mut tails);
        for (number, span) in tails {
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
fn wrapped(lines: &[&[u8]], places: &Places) -> Vec<Vec<Piece>> {
    let text = |number: usize| {
        let (start, end) = (*places.get(number)?)?;
        let text = cut(lines.get(number)?, start, end).trim_ascii_end();
        (!text.is_empty()).then(|| (number, start, start + text.len()))
    };
    let width_of =
        |(number, start, end): Piece| width(cut(lines.get(number).unwrap_or(&&[][..]), start, end));
    let widest = (0..lines.len()).filter_map(text).map(width_of).max();
    let Some(widest) = widest.filter(|widest| *widest >= NARROWEST) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut run: Vec<Piece> = Vec::new();
    for number in 0..lines.len() {
        let piece = text(number);
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

/// Where the lines of each pane stand in `lines`; nothing for a line that has none of it.
type Places = Vec<Option<(usize, usize)>>;

/// The panes of a page: those that a rule parts which stands in the same column of several rows.
fn panes(lines: &[&[u8]]) -> Vec<Places> {
    // Where the rules of each line stand, in characters and in bytes.
    let rules: Vec<Vec<(usize, usize)>> = lines
        .iter()
        .map(|line| {
            let places = memchr::memmem::find_iter(line, PANE).take(16);
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
    if columns.is_empty() {
        return Vec::new();
    }
    columns.sort_unstable();
    let starts = [None].into_iter().chain(columns.iter().copied().map(Some));
    let ends = columns.iter().copied().map(Some).chain([None]);
    starts
        .zip(ends)
        .map(|(start, end)| {
            let places = lines.iter().zip(&rules).map(|(line, rules)| {
                let at = |column: usize| rules.iter().find(|(c, _)| *c == column).map(|(_, n)| *n);
                let start = match start {
                    Some(column) => at(column)? + PANE.len(),
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
