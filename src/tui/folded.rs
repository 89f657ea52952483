//! Lines that are wider than where they are read, folded into rows once for each width.

use super::view::fold;
use std::cell::RefCell;
use std::sync::Arc;

/// A row of a folded line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The place of its line.
    pub line: usize,
    /// What stands in it, safe to draw.
    pub text: String,
    /// The line goes on in the next row.
    pub goes_on: bool,
}

/// The rows for the width that was asked for last: a value of megabytes is not folded again with
/// every key.
#[derive(Default)]
pub struct Folded {
    rows: RefCell<Option<(usize, Arc<Vec<Row>>)>>,
}

impl Folded {
    /// The rows of these lines, which are the same until [`Folded::forget`].
    pub fn rows<'l>(&self, width: usize, lines: impl Iterator<Item = &'l str>) -> Arc<Vec<Row>> {
        let mut known = self.rows.borrow_mut();
        if let Some((of, rows)) = known.as_ref()
            && *of == width
        {
            return Arc::clone(rows);
        }
        let mut rows = Vec::new();
        for (line, text) in lines.enumerate() {
            let folded = fold(text, width);
            let last = folded.len().saturating_sub(1);
            rows.extend(folded.into_iter().enumerate().map(|(place, text)| Row {
                line,
                text,
                goes_on: place < last,
            }));
        }
        let rows = Arc::new(rows);
        *known = Some((width, Arc::clone(&rows)));
        rows
    }

    /// The lines are others now.
    pub fn forget(&mut self) {
        self.rows = RefCell::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_know_their_line_and_whether_it_goes_on() {
        let lines = ["abcde", "", "xy"];
        let mut folded = Folded::default();
        let told = |rows: &[Row]| -> Vec<(usize, String, bool)> {
            let row = |row: &Row| (row.line, row.text.clone(), row.goes_on);
            rows.iter().map(row).collect()
        };
        let rows = folded.rows(3, lines.into_iter());
        let row = |line, text: &str, goes_on| (line, text.to_owned(), goes_on);
        let expected = [
            row(0, "abc", true),
            row(0, "de", false),
            row(1, "", false),
            row(2, "xy", false),
        ];
        assert_eq!(told(&rows), expected);
        assert_eq!(folded.rows(5, lines.into_iter()).len(), 3, "another width");
        folded.forget();
        assert_eq!(folded.rows(5, ["z"].into_iter()).len(), 1, "other lines");
    }
}
