//! Rows of an answer that were not kept, and so are not known when a client shows them: they are laid
//! out as those before them.
//!
//! A row that is a line is masked cell by cell, one that a client spreads over lines under the names of
//! its columns by these. In whatever else, as HTML, XML and LaTeX are, the lines are masked as a whole,
//! but for those that stood between the known ones too.

use crate::mask::bytes::{at, cut, is_word, trim};
use crate::mask::span::{Class, RuleId, Span};

/// More columns are not looked for by their names.
const COLUMNS_MAX: usize = 256;
/// More cells of a line are not looked at.
const CELLS_MAX: usize = 1024;
/// Of the lines between the known ones so many are remembered.
const BETWEEN_MAX: usize = 64;
/// As long as rows still come it is not certain that some are not kept: with fewer, none was left out.
const GIVEN_MIN: u64 = 64;
/// So many lines may be taken for rows and are none.
const MORE: u64 = 64;
/// The words with which rows and time are counted.
const COUNTED: &[&[u8]] = &[
    b"row", b"rows", b"in", b"set", b"Time", b"ms", b"sec", b"min", b"hour", b"hours", b"d",
];
/// A longer line may hold any number of rows.
const LINE_MAX: usize = 4096;

/// How a row is laid out in a line, seen where its values were known.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Layout {
    delimiter: Option<u8>,
    cells: usize,
    /// Which cells were masked, as what.
    masked: Vec<(usize, RuleId, Class)>,
}

/// A column whose values are masked: its name and as what.
pub(crate) type Masked = (Vec<u8>, RuleId, Class);

/// The rows of the answers that may not be shown yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    /// The columns that are masked.
    columns: Vec<Masked>,
    /// More may still come, of which some are not kept.
    open: bool,
    /// None came since the last turn.
    old: bool,
    /// So many rows came that are known, and so many that are not.
    given: u64,
    cut: u64,
    /// So many lines were laid out as a row.
    seen: u64,
    layout: Option<Layout>,
    /// Values stood behind the names of their columns.
    by_name: bool,
    /// Lines that were known, all from the first to the last of these, and those since.
    known: u64,
    lines: u64,
    since: u64,
    /// Lines between known ones that no layout fits, and the fewest that stood between two.
    strange: u64,
    gap: Option<u64>,
    /// Hashes of lines that stood between the known ones.
    between: Vec<u64>,
}

impl Rows {
    /// So many rows of an answer came in which `columns` are masked.
    pub(super) fn come(&mut self, columns: &[Masked], count: u64) {
        if !self.open && self.seen >= self.given.saturating_add(self.cut) {
            *self = Rows::default();
        }
        self.old = false;
        self.given = self.given.saturating_add(count);
        if !std::mem::replace(&mut self.open, true) {
            for column in columns {
                if self.columns.len() < COLUMNS_MAX && !self.columns.contains(column) {
                    self.columns.push(column.clone());
                }
            }
        }
    }

    /// The answer is complete, and so many of its rows were not kept.
    pub(super) fn complete(&mut self, cut: u64) {
        self.cut = self.cut.saturating_add(cut);
        (self.open, self.old) = (false, false);
    }

    /// What came before the last turn has been shown; `all` of it, where somebody saw it.
    pub(super) fn turn(&mut self, all: bool) {
        match (self.open, all || self.old) {
            (true, _) => {}
            (false, true) => *self = Rows::default(),
            (false, false) => self.old = true,
        }
    }

    /// A line in which values were known, at `spans` from `first` on.
    pub(super) fn known(&mut self, line: &[u8], spans: &mut Vec<Span>, first: usize) {
        let since = std::mem::take(&mut self.since);
        if self.known > 0 {
            self.lines += since;
            self.gap = Some(self.gap.map_or(since, |gap| gap.min(since)));
        }
        self.known += 1;
        self.lines += 1;
        self.seen += 1;
        // What stands behind a name is no row.
        self.by_name = self.named(line).is_some();
        if self.by_name {
            return;
        }
        let found = spans.get(first..).unwrap_or_default();
        match Layout::of(line, found, self.layout.take()) {
            Some(layout) => self.layout = Some(layout),
            // More rows may stand behind these, and none is told from the next.
            None if line.len() > LINE_MAX && self.is_beyond() => {
                spans.truncate(first + 1);
                if let Some(span) = spans.last_mut() {
                    span.end = trim(line, 0, line.len()).1.max(span.end);
                }
            }
            None => {}
        }
    }

    /// Whether more rows than those that are known may be shown.
    pub(super) fn is_pending(&self) -> bool {
        self.open || self.cut > 0 && !self.is_over()
    }

    /// As it is pending, a line in which no value was known; `hash` is its own. Appends what it may show of a row that
    /// was not kept.
    pub(super) fn unknown(&mut self, line: &[u8], hash: u64, spans: &mut Vec<Span>) {
        if !line.iter().any(|c| is_word(*c)) || is_count(line) {
            return;
        }
        self.since += 1;
        let cell = |(start, end): (usize, usize), rule, class| {
            (start < end).then(|| Span::new(start, end, rule, class).in_cell())
        };
        if self.by_name {
            if let Some((start, (_, rule, class))) = self.named(line) {
                spans.extend(cell(
                    (start, trim(line, start, line.len()).1),
                    *rule,
                    *class,
                ));
            }
            return;
        }
        let layout = self.layout.as_ref();
        let cells = layout.map(|layout| cells(line, layout.delimiter));
        let fits = cells
            .filter(|cells| layout.is_some_and(|layout| layout.cells == cells.len()))
            .unwrap_or_default();
        if self.known > 0 && fits.len() < 2 {
            self.strange += 1;
        }
        let spread = self.is_spread();
        if let Some(layout) = layout.filter(|_| !spread && !fits.is_empty()) {
            self.seen += 1;
            for (n, rule, class) in &layout.masked {
                let place = fits.get(*n).copied();
                spans.extend(place.and_then(|place| cell(place, *rule, *class)));
            }
            return;
        }
        let first = self.known == 0 && line.len() <= LINE_MAX;
        let between = first || self.gap.is_some_and(|gap| self.since <= gap);
        if between || !self.is_beyond() {
            let new = self.known > 0 && !self.between.contains(&hash);
            if new && self.between.len() < BETWEEN_MAX {
                self.between.push(hash);
            }
        } else if !self.between.contains(&hash)
            && let Some((_, rule, class)) = self.columns.first()
        {
            spans.extend(cell(trim(line, 0, line.len()), *rule, *class));
        }
    }

    /// Whether rows that were not kept may be shown.
    fn is_beyond(&self) -> bool {
        self.cut > 0 || self.open && self.given >= GIVEN_MIN
    }

    /// Whether a row takes more than a line.
    fn is_spread(&self) -> bool {
        self.strange * 2 >= self.known.max(1)
    }

    /// Whether all rows must have been shown, and some lines more that were taken for rows.
    fn is_over(&self) -> bool {
        let with_more = |lines: u64| lines.saturating_add(lines / 32).saturating_add(MORE);
        if !self.is_spread() {
            return self.seen >= with_more(self.given.saturating_add(self.cut));
        }
        // As many lines as the known rows took; there may be one for each column that is masked.
        let columns = u64::try_from(self.columns.len()).unwrap_or(1).max(1);
        let each = self
            .lines
            .div_ceil(self.known.max(1))
            .saturating_mul(columns);
        self.since >= with_more(self.cut.saturating_mul(each))
    }

    /// Where the value begins behind the name of a column that is masked: `password | x`.
    fn named(&self, line: &[u8]) -> Option<(usize, &Masked)> {
        let (start, _) = trim(line, 0, line.len());
        self.columns.iter().find_map(|column| {
            let behind = start + column.0.len();
            let named = cut(line, start, behind).eq_ignore_ascii_case(&column.0);
            let mark = match at(line, behind) {
                b'\t' => behind,
                _ => trim(line, behind, line.len()).0,
            };
            let parted = [b'|', b',', b';', b'\t', b':', b'&'].contains(&at(line, mark));
            (named && parted).then(|| (trim(line, mark + 1, line.len()).0, column))
        })
    }
}

/// What clients say of a result when they have shown it: `(20000 rows)`, `Time: 1234.567 ms (00:01.235)`,
/// `20000 rows in set (0.012 sec)`.
fn is_count(line: &[u8]) -> bool {
    let words = line.split(|c| b" ():,".contains(c));
    let mut words = words.filter(|word| !word.is_empty());
    let mut says = false;
    words.all(|word| {
        says |= matches!(word, b"row" | b"rows" | b"Time");
        COUNTED.contains(&word) || word.iter().all(|c| c.is_ascii_digit() || *c == b'.')
    }) && says
}

impl Layout {
    /// The layout of `line`, in which `found` are whole cells; with what `before` knew of the same.
    fn of(line: &[u8], found: &[Span], before: Option<Layout>) -> Option<Layout> {
        let delimiters = [Some(b'|'), Some(b'\t'), Some(b','), Some(b';'), None];
        let layouts = delimiters.into_iter().filter_map(|delimiter| {
            let cells = cells(line, delimiter);
            let mut masked: Vec<_> = cells
                .iter()
                .enumerate()
                .filter_map(|(n, cell)| {
                    let span = found.iter().find(|span| (span.start, span.end) == *cell)?;
                    Some((n, span.rule, span.class))
                })
                .collect();
            if let Some(before) = &before
                && before.delimiter == delimiter
                && before.cells == cells.len()
            {
                // A cell that is empty here, or NULL, is none of the harmless.
                for known in &before.masked {
                    if masked.iter().all(|(n, ..)| *n != known.0) {
                        masked.push(*known);
                    }
                }
            }
            (!masked.is_empty()).then_some(Layout {
                delimiter,
                cells: cells.len(),
                masked,
            })
        });
        layouts.max_by_key(|layout| layout.masked.len() * CELLS_MAX + layout.cells)
    }
}

/// The cells of a line, without the blanks and quotes around them.
fn cells(line: &[u8], delimiter: Option<u8>) -> Vec<(usize, usize)> {
    let mut cells = Vec::new();
    let mut start = 0;
    let ends = memchr::memchr_iter(delimiter.unwrap_or(b'\n'), line).chain([line.len()]);
    for end in ends.take(CELLS_MAX) {
        let (mut a, mut b) = trim(line, start, end);
        if b > a + 1 && at(line, a) == b'"' && at(line, b - 1) == b'"' {
            (a, b) = (a + 1, b - 1);
        }
        cells.push((a, b));
        start = end + 1;
    }
    cells
}
