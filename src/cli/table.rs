//! Columns of text that fit the terminal.

use crate::model::printable;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Where a column's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// At its left.
    Left,
    /// At its right, as numbers do.
    Right,
}

/// A table whose widest column gives way where the terminal is too narrow.
pub struct Table {
    columns: Vec<Align>,
    rows: Vec<Vec<Cell>>,
}

/// A cell: what is drawn, already safe, and its SGR style.
struct Cell {
    text: String,
    style: &'static str,
}

/// Two blanks between columns.
const GAP: usize = 2;

impl Table {
    /// With these columns.
    pub fn new(columns: &[Align]) -> Self {
        Table {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row of texts that may come from anywhere, each with its style or `""`.
    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = (&'a str, &'static str)>) {
        let cells = cells.into_iter().map(|(text, style)| Cell {
            text: printable(text),
            style,
        });
        self.rows.push(cells.collect());
    }

    /// The table's lines. With a `width` the column `flexible` is cut to fit; without one nothing
    /// is cut.
    pub fn lines(
        &self,
        width: Option<usize>,
        flexible: usize,
        paint: &dyn Fn(&str, &str) -> String,
    ) -> String {
        let mut widths = vec![0; self.columns.len()];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.width());
            }
        }
        if let Some(width) = width {
            let others: usize = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
            if let Some(wide) = widths.get_mut(flexible) {
                let rest = others - *wide;
                *wide = (*wide).min(width.saturating_sub(rest).max(8));
            }
        }
        let mut out = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (n, cell) in row.iter().enumerate() {
                let width = widths.get(n).copied().unwrap_or(0);
                let text = fit(&cell.text, width);
                let pad = " ".repeat(width.saturating_sub(text.width()));
                let text = if cell.style.is_empty() {
                    text
                } else {
                    paint(cell.style, &text)
                };
                if n > 0 {
                    line.push_str(&" ".repeat(GAP));
                }
                match self.columns.get(n) {
                    Some(Align::Right) => line.extend([pad, text]),
                    _ => line.extend([text, pad]),
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// `text`, which is safe, in at most `width` cells, with `…` where it was cut.
pub fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let cells = c.width().unwrap_or(0);
        if used + cells + 1 > width {
            break;
        }
        used += cells;
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_the_flexible_one_gives_way() {
        let mut table = Table::new(&[Align::Left, Align::Left, Align::Right]);
        table.row([("ID", "1"), ("TARGET", "1"), ("N", "1")]);
        table.row([("7f3a", ""), ("app@prod-db.example.com", ""), ("12", "")]);
        table.row([("71c0", ""), ("漢字漢字\x1b[31m", ""), ("3", "")]);
        let plain = |_: &str, text: &str| text.to_owned();
        assert_eq!(
            table.lines(Some(24), 1, &plain),
            "ID    TARGET           N\n\
             7f3a  app@prod-db.e…  12\n\
             71c0  漢字漢字␛[31m    3\n"
        );
        let whole = table.lines(None, 1, &plain);
        assert!(whole.contains("app@prod-db.example.com"));
    }
}
