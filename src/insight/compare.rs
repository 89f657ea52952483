//! Two sessions, or two runs of a statement, compared: commands side by side, their times, and
//! what came of them.

use super::align::{Pair, align};
use super::fingerprint::fingerprint;
use super::rows::{RowChange, compare_rows};
use crate::model::Micros;
use crate::timeline::{Command, Dialect, Table, Timeline, is_client_command, tables};
use std::time::Duration;

/// A command, as it is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// Its number in its session.
    pub number: u32,
    /// When it was submitted, since its session began.
    pub at: Micros,
    /// What was typed.
    pub text: String,
    /// What its runs have in common.
    pub fingerprint: String,
    /// How long it took.
    pub took: Option<Duration>,
    /// How it ended.
    pub outcome: Option<String>,
    /// Whether it failed.
    pub failed: bool,
    /// Its result, where it gave one.
    pub table: Option<Table>,
    /// What it printed.
    pub output: String,
}

/// A line of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// In the first.
    pub left: Option<Side>,
    /// In the second.
    pub right: Option<Side>,
}

/// What differs between two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Rows of their results, under these names.
    Rows(Vec<String>, Vec<RowChange>),
    /// Lines of their output, by position in either: `None` where the other has more.
    Lines(Vec<LineChange>),
}

/// A line of two outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineChange {
    /// In both.
    Same(String),
    /// Only in the first.
    Gone(String),
    /// Only in the second.
    Come(String),
}

/// The commands of a session, ready to be compared. Results come from the connection where there
/// is one, else from the screen.
pub fn sides(client: &str, timeline: &Timeline) -> Vec<Side> {
    let side = |command: &Command| {
        let sent = timeline.statements_of(command);
        let result = sent.iter().flat_map(|statement| &statement.results);
        let passed = result.filter_map(Table::of_result).next();
        let passed = passed.filter(|_| !is_client_command(&command.text));
        let drawn = || tables(&command.output.text).into_iter().next();
        let dialect = Dialect::of(client, &command.prompt);
        Side {
            number: command.number,
            at: command.at,
            text: command.text.clone(),
            fingerprint: fingerprint(dialect, &command.text),
            took: timeline.took(command),
            outcome: command.outcome.clone(),
            failed: command.failed(),
            table: passed.or_else(|| drawn().map(|found| found.table)),
            output: command.output.text.clone(),
        }
    };
    timeline.commands.iter().map(side).collect()
}

/// Puts the commands of two sessions side by side, by what they have in common.
pub fn compare(left: Vec<Side>, right: Vec<Side>) -> Vec<Compared> {
    let prints = |sides: &[Side]| -> Vec<String> {
        sides.iter().map(|side| side.fingerprint.clone()).collect()
    };
    let pairs = align(&prints(&left), &prints(&right));
    let mut left: Vec<Option<Side>> = left.into_iter().map(Some).collect();
    let mut right: Vec<Option<Side>> = right.into_iter().map(Some).collect();
    let take = |list: &mut Vec<Option<Side>>, at: usize| list.get_mut(at).and_then(Option::take);
    let line = |pair| match pair {
        Pair::Both(a, b) => Compared {
            left: take(&mut left, a),
            right: take(&mut right, b),
        },
        Pair::Left(a) => Compared {
            left: take(&mut left, a),
            right: None,
        },
        Pair::Right(b) => Compared {
            left: None,
            right: take(&mut right, b),
        },
    };
    pairs.into_iter().map(line).collect()
}

impl Compared {
    /// Whether something else came of it; `None` where only one side has it.
    pub fn differs(&self) -> Option<bool> {
        let (left, right) = (self.left.as_ref()?, self.right.as_ref()?);
        Some(left.failed != right.failed || came(left) != came(right))
    }

    /// How much longer the second took, in hundredths of the first; `None` where that is not known.
    pub fn slower(&self) -> Option<i64> {
        slower(self.left.as_ref()?, self.right.as_ref()?)
    }
}

/// What came of a run: its result, or what it printed where it gave none.
fn came(side: &Side) -> (Option<&Table>, &str) {
    match &side.table {
        Some(table) => (Some(table), ""),
        None => (None, &side.output),
    }
}

/// How much longer `right` took than `left`, in hundredths of that; `None` where that is not known.
pub fn slower(left: &Side, right: &Side) -> Option<i64> {
    let change = (right.took?.as_secs_f64() / left.took?.as_secs_f64().max(1e-6) - 1.0) * 100.0;
    Some(change.clamp(-100.0, 99_999.0).round() as i64)
}

/// What differs between two runs.
pub fn difference(left: &Side, right: &Side) -> Difference {
    if let (Some(one), Some(other)) = (&left.table, &right.table)
        && one.columns == other.columns
    {
        return Difference::Rows(one.columns.clone(), compare_rows(one, other));
    }
    Difference::Lines(line_changes(&left.output, &right.output))
}

/// Two texts, line by line.
pub fn line_changes(left: &str, right: &str) -> Vec<LineChange> {
    let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let (one, other) = (lines(left), lines(right));
    let line = |list: &[String], at: usize| list.get(at).cloned().unwrap_or_default();
    let pairs = align(&one, &other).into_iter();
    pairs
        .map(|pair| match pair {
            Pair::Both(a, _) => LineChange::Same(line(&one, a)),
            Pair::Left(a) => LineChange::Gone(line(&one, a)),
            Pair::Right(b) => LineChange::Come(line(&other, b)),
        })
        .collect()
}

impl Side {
    /// How it ended, in words: its error, so many rows, its tag.
    pub fn result(&self) -> String {
        match (&self.table, &self.outcome) {
            (_, Some(outcome)) if self.failed => outcome.clone(),
            (Some(table), _) if table.rows.len() == 1 => "1 row".to_owned(),
            (Some(table), _) => format!("{} rows", table.rows.len()),
            (None, Some(outcome)) => outcome.clone(),
            (None, None) => String::new(),
        }
    }
}

impl Difference {
    /// What it is told in.
    pub fn unit(&self) -> &'static str {
        match self {
            Difference::Rows(..) => "row",
            Difference::Lines(_) => "line",
        }
    }

    /// Rows or lines that are not the same in both.
    pub fn count(&self) -> usize {
        match self {
            Difference::Rows(_, rows) => {
                let other = rows.iter().filter(|row| !matches!(row, RowChange::Same(_)));
                other.count()
            }
            Difference::Lines(lines) => {
                let other = lines.iter().filter(|l| !matches!(l, LineChange::Same(_)));
                other.count()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Text;

    fn timeline(commands: &[(&str, u64, &str)]) -> Timeline {
        let command = |(number, (text, took, output)): (u32, &(&str, u64, &str))| Command {
            number,
            text: (*text).into(),
            prompt: "app=> ".into(),
            end: Some(Micros(took * 1000)),
            output: Text {
                text: (*output).into(),
                cut: 0,
            },
            ..Command::default()
        };
        Timeline {
            commands: (1..).zip(commands).map(command).collect(),
            ..Timeline::default()
        }
    }

    #[test]
    fn commands_stand_beside_their_like_with_times_and_rows() {
        let before = timeline(&[
            (
                "select a from t where id = 1",
                10,
                " a \n---\n 1\n 2\n(2 rows)",
            ),
            ("vacuum t", 5, "VACUUM"),
        ]);
        let after = timeline(&[
            ("analyze t", 5, "ANALYZE"),
            (
                "select a from t where id = 2",
                15,
                " a \n---\n 1\n 3\n(2 rows)",
            ),
            ("vacuum t", 5, "VACUUM"),
        ]);
        let lines = compare(sides("psql", &before), sides("psql", &after));
        let seen: Vec<_> = lines.iter().map(|l| (l.differs(), l.slower())).collect();
        assert_eq!(
            seen,
            [(None, None), (Some(true), Some(50)), (Some(false), Some(0))]
        );
        let (left, right) = (
            lines[1].left.clone().unwrap(),
            lines[1].right.clone().unwrap(),
        );
        let Difference::Rows(columns, rows) = difference(&left, &right) else {
            panic!("both have a result")
        };
        assert_eq!(columns, ["a"]);
        let text = |text: &str| vec![Some(text.to_owned())];
        let expected = [
            RowChange::Same(text("1")),
            RowChange::Gone(text("2")),
            RowChange::Come(text("3")),
        ];
        assert_eq!(rows, expected);
    }
}
