//! `rec diff`: two sessions, or two runs of a statement, side by side.

use super::open::{self, Index};
use super::table::{Align, Table};
use super::{Error, Global, Kind, Ui};
use crate::insight::{
    Compared, Difference, LineChange, RowChange, Side, compare, difference, sides,
};
use crate::model::{printable, when};
use crate::timeline::Timeline;
use crate::vault::index::Library;
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Two sessions: their commands are aligned by what they have in common (values do not count), with
the time each took and whether something else came of it. Two commands, ID:N: their rows, or what
they printed, line by line.

Marks: - only in the first, + only in the second, ~ in both with another result, = the same.
Exit status: 0 where both are the same, 1 where they differ.

Examples:
  rec diff @2 @last                  before and after
  rec diff 7f3a:3 71c0:5             two runs of a statement, row by row
  rec diff 7f3a:3 7f3a:9 --json";

/// Compare two sessions, or two runs of a statement
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Diff {
    /// The first: a session, or a command in it as ID:N
    #[arg(value_name = "ID[:N]")]
    left: String,

    /// The second
    #[arg(value_name = "ID[:N]")]
    right: String,

    /// Print one object
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
///
/// # Errors
/// There is no such session or command, or the vault cannot be read.
pub fn run(ui: &mut Ui, global: &Global, args: &Diff) -> Result<ExitCode, Error> {
    let library = open::library(global, Index::Leave)?;
    let left = place(&library, &args.left)?;
    let right = place(&library, &args.right)?;
    let (text, differ) = match (left, right) {
        (Place::Session(left), Place::Session(right)) => {
            let lines = compare(left, right);
            let differ = lines.iter().any(|line| line.differs() != Some(false));
            let text = match args.json {
                true => format!(
                    "{:#}\n",
                    Value::Array(lines.iter().map(line_json).collect())
                ),
                false => session_text(ui, &lines),
            };
            (text, differ)
        }
        (Place::Command(left), Place::Command(right)) => {
            let found = difference(&left, &right);
            let differ = left.failed != right.failed || is_different(&found);
            let text = match args.json {
                true => format!("{:#}\n", command_json(&left, &right, &found)),
                false => command_text(ui, &left, &right, &found),
            };
            (text, differ)
        }
        (Place::Session(_), Place::Command(_)) | (Place::Command(_), Place::Session(_)) => {
            let message = "a session is compared with a session, a command with a command";
            return Err(Error::new(Kind::Usage, message)
                .hint("write both as ID, or both as ID:N; rec show ID numbers the commands"));
        }
    };
    open::print(ui, text)?;
    open::tell_damage(ui, &library);
    Ok(ExitCode::from(u8::from(differ)))
}

enum Place {
    Session(Vec<Side>),
    Command(Box<Side>),
}

fn place(library: &Library, text: &str) -> Result<Place, Error> {
    let (id, number) = match text.rsplit_once(':') {
        Some((id, number)) => (id, Some(number)),
        None => (text, None),
    };
    let number = number.map(|number| {
        number.parse::<u32>().map_err(|_| {
            let message = format!("{} is no number of a command", printable(number));
            Error::new(Kind::Usage, message).hint("write ID:N, as 7f3a:3")
        })
    });
    let number = number.transpose()?;
    let entry = library.unlocked().find(id)?;
    let (session, client) = (entry.id, entry.meta.client.clone());
    let timeline = Timeline::from_events(&entry.meta, library.events(session)?);
    let sides = sides(&client, &timeline);
    let Some(number) = number else {
        return Ok(Place::Session(sides));
    };
    let count = open::count(u64::try_from(sides.len()).unwrap_or(u64::MAX), "command");
    let found = sides.into_iter().find(|side| side.number == number);
    found
        .map(|side| Place::Command(Box::new(side)))
        .ok_or_else(|| {
            let message = format!("there is no command {number}: it has {count}");
            Error::new(Kind::NotFound, message).hint(format!("rec show {id} numbers them"))
        })
}

fn took(side: Option<&Side>) -> String {
    let took = side.and_then(|side| side.took);
    took.map(when::took).unwrap_or_default()
}

fn result(side: &Side) -> String {
    match (&side.table, &side.outcome) {
        (_, Some(outcome)) if side.failed => outcome.clone(),
        (Some(table), _) => open::count(u64::try_from(table.rows.len()).unwrap_or(u64::MAX), "row"),
        (None, Some(outcome)) => outcome.clone(),
        (None, None) => String::new(),
    }
}

fn session_text(ui: &Ui, lines: &[Compared]) -> String {
    use Align::{Left, Right};
    let mut table = Table::new(&[Left, Right, Right, Right, Left, Left]);
    let heads = ["", "FIRST", "SECOND", "CHANGE", "COMMAND", "RESULT"];
    table.row(heads.map(|text| (text, "2")));
    for line in lines {
        let (mark, style) = match (&line.left, &line.right, line.differs()) {
            (Some(_), None, _) => ("-", "31"),
            (None, Some(_), _) => ("+", "32"),
            (_, _, Some(true)) => ("~", "33"),
            _ => ("=", ""),
        };
        let text = line.right.as_ref().or(line.left.as_ref());
        let slower = line.slower().filter(|n| *n != 0);
        let results = match (&line.left, &line.right) {
            (Some(left), Some(right)) if result(left) != result(right) => {
                format!("{} → {}", result(left), result(right))
            }
            (left, right) => right
                .as_ref()
                .or(left.as_ref())
                .map(result)
                .unwrap_or_default(),
        };
        table.row([
            (mark, style),
            (took(line.left.as_ref()).as_str(), ""),
            (took(line.right.as_ref()).as_str(), ""),
            (
                slower
                    .map(|n| format!("{n:+} %"))
                    .unwrap_or_default()
                    .as_str(),
                "",
            ),
            (text.map_or("", |side| side.text.as_str()), style),
            (results.as_str(), ""),
        ]);
    }
    table.lines(ui.fit(), 4, &|style, text| ui.paint(style, text))
}

fn is_different(found: &Difference) -> bool {
    match found {
        Difference::Rows(_, rows) => rows.iter().any(|row| !matches!(row, RowChange::Same(_))),
        Difference::Lines(lines) => lines.iter().any(|l| !matches!(l, LineChange::Same(_))),
    }
}

fn command_text(ui: &Ui, left: &Side, right: &Side, found: &Difference) -> String {
    let mut text = String::new();
    for (mark, side, style) in [("-", left, "31"), ("+", right, "32")] {
        let about = [took(Some(side)), result(side)];
        let about: Vec<String> = about.into_iter().filter(|part| !part.is_empty()).collect();
        let line = format!("{mark} {}  ({})", printable(&side.text), about.join(", "));
        text += &ui.paint(style, &printable(&line));
        text.push('\n');
    }
    text.push('\n');
    match found {
        Difference::Rows(columns, rows) => text + &rows_text(ui, columns, rows),
        Difference::Lines(lines) => {
            for line in lines {
                let (mark, said, style) = match line {
                    LineChange::Same(said) => (" ", said, ""),
                    LineChange::Gone(said) => ("-", said, "31"),
                    LineChange::Come(said) => ("+", said, "32"),
                };
                let line = format!("{mark} {}", printable(said));
                text += if style.is_empty() {
                    line
                } else {
                    ui.paint(style, &line)
                }
                .trim_end();
                text.push('\n');
            }
            text
        }
    }
}

fn rows_text(ui: &Ui, columns: &[String], rows: &[RowChange]) -> String {
    let mut table = Table::new(&vec![Align::Left; columns.len() + 1]);
    let heads = std::iter::once("").chain(columns.iter().map(String::as_str));
    table.row(heads.map(|text| (text, "2")));
    let mut put = |mark: &'static str, row: &[Option<String>], style: &'static str| {
        let cells = row.iter().map(|cell| cell.as_deref().unwrap_or("NULL"));
        table.row(std::iter::once(mark).chain(cells).map(|text| (text, style)));
    };
    for row in rows {
        match row {
            RowChange::Same(row) => put("=", row, ""),
            RowChange::Changed(before, now) => {
                put("-", before, "31");
                put("+", now, "32");
            }
            RowChange::Gone(row) => put("-", row, "31"),
            RowChange::Come(row) => put("+", row, "32"),
        }
    }
    table.lines(ui.fit(), columns.len(), &|style, text| {
        ui.paint(style, text)
    })
}

fn side_json(side: &Side) -> Value {
    json!({
        "number": side.number,
        "text": side.text,
        "fingerprint": side.fingerprint,
        "duration_ms": side.took.map(when::millis),
        "outcome": side.outcome,
        "failed": side.failed,
        "rows": side.table.as_ref().map(|table| table.rows.len()),
    })
}

fn line_json(line: &Compared) -> Value {
    json!({
        "first": line.left.as_ref().map(side_json),
        "second": line.right.as_ref().map(side_json),
        "differs": line.differs().unwrap_or(true),
        "slower_percent": line.slower(),
    })
}

fn command_json(left: &Side, right: &Side, found: &Difference) -> Value {
    let changes: Vec<Value> = match found {
        Difference::Rows(_, rows) => rows
            .iter()
            .map(|row| match row {
                RowChange::Same(row) => json!({"change": "same", "first": row, "second": row}),
                RowChange::Changed(before, now) => {
                    json!({"change": "changed", "first": before, "second": now})
                }
                RowChange::Gone(row) => json!({"change": "gone", "first": row}),
                RowChange::Come(row) => json!({"change": "come", "second": row}),
            })
            .collect(),
        Difference::Lines(lines) => lines
            .iter()
            .map(|line| match line {
                LineChange::Same(said) => json!({"change": "same", "first": said, "second": said}),
                LineChange::Gone(said) => json!({"change": "gone", "first": said}),
                LineChange::Come(said) => json!({"change": "come", "second": said}),
            })
            .collect(),
    };
    let columns = match found {
        Difference::Rows(columns, _) => Some(columns),
        Difference::Lines(_) => None,
    };
    json!({
        "first": side_json(left),
        "second": side_json(right),
        "columns": columns,
        "changes": changes,
    })
}
