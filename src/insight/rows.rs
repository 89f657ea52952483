//! The rows of two runs of a statement side by side.

use super::align::{Pair, align};
use crate::timeline::Table;

/// A row of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowChange {
    /// In both, unchanged.
    Same(Vec<Option<String>>),
    /// In both by its first cell, with other values.
    Changed(Vec<Option<String>>, Vec<Option<String>>),
    /// Only in the first run.
    Gone(Vec<Option<String>>),
    /// Only in the second run.
    Come(Vec<Option<String>>),
}

/// Compares two results. Rows are matched as a whole first; those that are left by their first
/// cell, which is the key more often than not.
pub fn compare_rows(left: &Table, right: &Table) -> Vec<RowChange> {
    // A count, a sum: there is nothing but the value to tell the row by.
    if let ([before], [now]) = (left.rows.as_slice(), right.rows.as_slice())
        && before != now
    {
        return vec![RowChange::Changed(before.clone(), now.clone())];
    }
    let pairs = align(&left.rows, &right.rows);
    let mut changes = Vec::new();
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    for pair in pairs {
        match pair {
            Pair::Both(row, _) => {
                settle(&mut gone, &mut come, &mut changes);
                changes.extend(left.rows.get(row).cloned().map(RowChange::Same));
            }
            Pair::Left(row) => gone.extend(left.rows.get(row).cloned()),
            Pair::Right(row) => come.extend(right.rows.get(row).cloned()),
        }
    }
    settle(&mut gone, &mut come, &mut changes);
    changes
}

fn settle(
    gone: &mut Vec<Vec<Option<String>>>,
    come: &mut Vec<Vec<Option<String>>>,
    changes: &mut Vec<RowChange>,
) {
    let mut come: Vec<_> = std::mem::take(come).into_iter().map(Some).collect();
    for row in std::mem::take(gone) {
        let same_key = |other: &&mut Option<Vec<Option<String>>>| {
            let other = other.as_ref().and_then(|other| other.first());
            other.is_some() && other == row.first()
        };
        match come.iter_mut().find(same_key).and_then(Option::take) {
            Some(other) => changes.push(RowChange::Changed(row, other)),
            None => changes.push(RowChange::Gone(row)),
        }
    }
    changes.extend(come.into_iter().flatten().map(RowChange::Come));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[&[&str]]) -> Table {
        let row = |row: &&[&str]| row.iter().map(|cell| Some((*cell).to_owned())).collect();
        Table {
            columns: vec!["id".into(), "v".into()],
            rows: rows.iter().map(row).collect(),
        }
    }

    #[test]
    fn rows_are_matched_whole_then_by_their_key() {
        let left = table(&[&["1", "a"], &["2", "b"], &["3", "c"]]);
        let right = table(&[&["1", "a"], &["2", "x"], &["4", "d"]]);
        let kinds: Vec<_> = compare_rows(&left, &right)
            .into_iter()
            .map(|change| match change {
                RowChange::Same(row) => format!("={}", row[0].clone().unwrap()),
                RowChange::Changed(one, other) => {
                    format!("{}>{}", one[1].clone().unwrap(), other[1].clone().unwrap())
                }
                RowChange::Gone(row) => format!("-{}", row[0].clone().unwrap()),
                RowChange::Come(row) => format!("+{}", row[0].clone().unwrap()),
            })
            .collect();
        assert_eq!(kinds, ["=1", "b>x", "-3", "+4"]);
        let (before, now) = (table(&[&["17", "a"]]), table(&[&["23", "a"]]));
        let [before, now] = [before, now].map(|table| table.rows[0].clone());
        let changed = RowChange::Changed(before, now);
        let found = compare_rows(&table(&[&["17", "a"]]), &table(&[&["23", "a"]]));
        assert_eq!(found, [changed]);
    }
}
