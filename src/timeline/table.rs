//! Tables that a database client drew on the screen, taken apart again: psql's aligned ones, and
//! the boxes of mysql, MariaDB and sqlite3.

use super::Outcome;
use crate::model::printable;
use crate::model::wire::Value;
use std::fmt;
use std::ops::Range;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// More columns or rows are not taken apart; such a text stays what it is.
const COLUMNS_MAX: usize = 1_600;
const ROWS_MAX: usize = 100_000;

/// Rows and columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The names above.
    pub columns: Vec<String>,
    /// The cells, one for each column; `None` is NULL, where the client tells it from a text.
    pub rows: Vec<Vec<Option<String>>>,
}

impl Table {
    /// A result as it passed over the connection; `None` where it has no rows by its nature.
    pub fn of_result(outcome: &Outcome) -> Option<Table> {
        let names = outcome.columns.iter().map(|column| column.name.clone());
        let cell = |value: &Value| match value {
            Value::Null => None,
            Value::Text(text) => Some(text.clone()),
            Value::Cut { text, .. } => Some(format!("{text}…")),
        };
        let rows = outcome.rows.iter();
        (!outcome.columns.is_empty()).then(|| Table {
            columns: names.collect(),
            rows: rows.map(|row| row.iter().map(cell).collect()).collect(),
        })
    }
}

/// A table as text: its columns aligned, a rule below their names, one row a line.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| row.iter().map(drawn).collect())
            .collect();
        let names: Vec<String> = self.columns.iter().map(|name| printable(name)).collect();
        let mut widths: Vec<usize> = names.iter().map(|name| name.width()).collect();
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.width().max(*width);
            }
        }
        line(f, &names, &widths)?;
        let rules: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
        writeln!(f, "{}", rules.join("+"))?;
        rows.iter().try_for_each(|row| line(f, row, &widths))
    }
}

fn drawn(cell: &Option<String>) -> String {
    printable(cell.as_deref().unwrap_or("NULL"))
}

fn line(f: &mut fmt::Formatter<'_>, cells: &[String], widths: &[usize]) -> fmt::Result {
    let mut text = String::new();
    for (place, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if place > 0 {
            text.push_str(" |");
        }
        text.push(' ');
        text.push_str(cell);
        text.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width())));
    }
    writeln!(f, "{}", text.trim_end())
}

/// A table, and where in the text it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its lines.
    pub lines: Range<usize>,
    /// What they say.
    pub table: Table,
}

/// The tables in a client's output.
pub fn tables(text: &str) -> Vec<Found> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        match boxed(&lines, at).or_else(|| aligned(&lines, at)) {
            Some(table) => {
                at = table.lines.end;
                found.push(table);
            }
            None => at += 1,
        }
    }
    found
}

/// psql's: a header, a line of dashes and `+`, rows up to `(2 rows)`.
fn aligned(lines: &[&str], at: usize) -> Option<Found> {
    let rule = *lines.get(at + 1)?;
    let plain = rule.starts_with('-') && rule.chars().all(|c| matches!(c, '-' | '+'));
    let drawn = rule.starts_with('─') && rule.chars().all(|c| matches!(c, '─' | '┼'));
    if !plain && !drawn {
        return None;
    }
    let cuts = cuts(rule, &['+', '┼']);
    let (header, _) = split(lines.get(at)?, &cuts)?;
    let mut rows = Rows::default();
    let mut end = at + 2;
    let mut counted = false;
    while let Some(line) = lines.get(end) {
        if is_count(line) {
            end += 1;
            counted = true;
            break;
        }
        let Some((cells, more)) = split(line, &cuts) else {
            break;
        };
        if line.trim().is_empty() && cuts.len() > 1 {
            break;
        }
        rows.add(cells, &more);
        end += 1;
    }
    // What no count ends may be anything that happens to have a line of dashes in it.
    let columns: Vec<String> = header
        .into_iter()
        .map(|cell| cell.trim().to_owned())
        .collect();
    (counted && rows.done.len() <= ROWS_MAX && columns.len() <= COLUMNS_MAX).then(|| Found {
        lines: at..end,
        table: Table {
            columns,
            rows: rows.texts(false),
        },
    })
}

/// `(1 row)`, `(12 rows)`.
fn is_count(line: &str) -> bool {
    let inside = line
        .trim()
        .strip_prefix('(')
        .and_then(|l| l.strip_suffix(')'));
    inside
        .and_then(|inside| inside.split_once(' '))
        .is_some_and(|(count, word)| {
            count.chars().all(|c| c.is_ascii_digit()) && word.starts_with("row")
        })
}

/// A box: a border, the header, a border, rows, a border.
fn boxed(lines: &[&str], at: usize) -> Option<Found> {
    let top = lines.get(at)?.trim_end();
    let inner = match top.strip_prefix('+') {
        Some(rest) => rest.strip_suffix('+').filter(|inner| !inner.is_empty()),
        None => top
            .strip_prefix('┌')
            .and_then(|rest| rest.strip_suffix('┐')),
    }?;
    if !inner.chars().all(|c| matches!(c, '-' | '+' | '─' | '┬')) {
        return None;
    }
    let border = |line: &str| {
        let ends = line.starts_with(['+', '├', '└']) && line.ends_with(['+', '┤', '┘']);
        ends && line.chars().all(|c| "+-─├┤└┘┼┴".contains(c))
    };
    let cuts = cuts(inner, &['+', '┬']);
    let row = |line: &str| {
        let inside = line.strip_prefix(['|', '│'])?;
        let inside = inside.strip_suffix(['|', '│'])?;
        split(inside, &cuts)
    };
    let (header, _) = row(lines.get(at + 1)?.trim_end())?;
    if !border(lines.get(at + 2)?.trim_end()) {
        return None;
    }
    let mut rows = Rows::default();
    let mut end = at + 3;
    loop {
        let line = lines.get(end)?.trim_end();
        end += 1;
        if border(line) {
            break;
        }
        // A newline within a value breaks the box; such a table stays text.
        let (cells, _) = row(line)?;
        rows.add(cells, &[]);
    }
    let columns: Vec<String> = header
        .into_iter()
        .map(|cell| cell.trim().to_owned())
        .collect();
    (rows.done.len() <= ROWS_MAX && columns.len() <= COLUMNS_MAX).then(|| Found {
        lines: at..end,
        table: Table {
            columns,
            rows: rows.texts(true),
        },
    })
}

/// Where the columns end, in cells of the terminal; the last one has no end.
fn cuts(rule: &str, joints: &[char]) -> Vec<usize> {
    let joint = rule.chars().enumerate().filter(|(_, c)| joints.contains(c));
    let mut cuts: Vec<usize> = joint.map(|(at, _)| at).collect();
    cuts.push(usize::MAX);
    cuts
}

/// The cells of a line with their blanks, and whether each goes on in the next line; `None` where
/// the line does not fit the columns.
fn split(line: &str, cuts: &[usize]) -> Option<(Vec<String>, Vec<bool>)> {
    let mut cells = vec![String::new()];
    let mut column = 0;
    for c in line.chars() {
        let cut = cuts.get(cells.len() - 1).copied().unwrap_or(usize::MAX);
        if column == cut {
            if !matches!(c, '|' | '│' | '+' | ':') {
                return None;
            }
            cells.push(String::new());
            column += 1;
            continue;
        }
        // A wide character over a joint: these are no columns.
        column += c.width().unwrap_or(0);
        if column > cut {
            return None;
        }
        cells.last_mut()?.push(c);
    }
    // The screen keeps no blanks at the end of a line.
    cells.resize(cuts.len(), String::new());
    let more = cells.iter().map(|cell| cell.ends_with('+')).collect();
    Some((cells, more))
}

/// Rows as they come, those of several lines put together.
#[derive(Default)]
struct Rows {
    done: Vec<Vec<String>>,
    open: bool,
}

impl Rows {
    fn add(&mut self, cells: Vec<String>, more: &[bool]) {
        let goes_on = more.iter().any(|more| *more);
        let cut = cells.into_iter().enumerate().map(|(n, cell)| {
            let cell = match more.get(n) {
                Some(true) => cell.strip_suffix('+').unwrap_or(&cell),
                _ => &cell,
            };
            // psql puts one blank on either side.
            let cell = cell.strip_prefix(' ').unwrap_or(cell);
            cell.trim_end().to_owned()
        });
        match self.done.last_mut().filter(|_| self.open) {
            Some(row) => {
                for (cell, next) in row.iter_mut().zip(cut) {
                    if !next.is_empty() {
                        cell.push('\n');
                        cell.push_str(&next);
                    }
                }
            }
            None => self.done.push(cut.collect()),
        }
        self.open = goes_on;
    }

    fn texts(self, tells_null: bool) -> Vec<Vec<Option<String>>> {
        let text = |cell: String| {
            let text = cell.trim_start_matches(' ').to_owned();
            (!tells_null || text != "NULL").then_some(text)
        };
        let rows = self.done.into_iter();
        rows.map(|row| row.into_iter().map(text).collect())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(table: &Table) -> Vec<Vec<String>> {
        let row = |row: &Vec<Option<String>>| {
            let text = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "\u{2205}".into());
            row.iter().map(text).collect::<Vec<_>>()
        };
        table.rows.iter().map(row).collect()
    }

    #[test]
    fn psql_draws_columns_and_counts_the_rows() {
        let text = "Timing is on.\n id | status |   note\n----+--------+-----------\n  1 | stuck  | a        +\n    |        | b\n  2 | 界     | x | y\n(2 rows)\n\nTime: 1 ms";
        let found = tables(text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].lines, 1..7);
        assert_eq!(found[0].table.columns, ["id", "status", "note"]);
        assert_eq!(
            rows(&found[0].table),
            [["1", "stuck", "a\nb"], ["2", "界", "x | y"]]
        );
        let one = tables(" ?column? \n----------\n        1\n(1 row)\n");
        assert_eq!(rows(&one[0].table), [["1"]]);
    }

    #[test]
    fn boxes_tell_null_from_text() {
        let text = "+----+------+\n| id | name |\n+----+------+\n|  1 | NULL |\n|  2 | a|b  |\n+----+------+\n2 rows in set (0.00 sec)";
        let found = tables(text);
        assert_eq!(found[0].lines, 0..6);
        assert_eq!(rows(&found[0].table), [["1", "\u{2205}"], ["2", "a|b"]]);
        let sqlite = "┌────┬──────┐\n│ id │ name │\n├────┼──────┤\n│ 1  │ x    │\n└────┴──────┘\n";
        assert_eq!(rows(&tables(sqlite)[0].table), [["1", "x"]]);
    }

    #[test]
    fn a_table_is_written_with_its_columns_aligned() {
        let cell = |text: &str| Some(text.to_owned());
        let table = Table {
            columns: vec!["id".into(), "名前".into(), "note".into()],
            rows: vec![
                vec![cell("1"), cell("界"), cell("a\nb\x1b[31m")],
                vec![cell("200"), None, cell("")],
            ],
        };
        assert_eq!(
            table.to_string(),
            " id  | 名前 | note\n-----+------+----------\n 1   | 界   | a⏎b␛[31m\n 200 | NULL |\n"
        );
    }

    #[test]
    fn what_only_looks_like_a_table_is_text() {
        for text in [
            "a\n---\nb\n",
            "title\n-----\n\nbody (1 row)\n",
            "+----+\n| id |\n+----+\n|  1 |\n",
            "+----+\n| broken\n+----+\n",
            " a | b\n---+---\n 12345\n(1 row)\n",
        ] {
            assert_eq!(tables(text), [], "{text}");
        }
    }
}
