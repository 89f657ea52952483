//! `rec diff`: two sessions, or two runs of a statement, side by side.

use super::open::{self, Index};
use super::table::{Align, Table};
use super::{Error, Global, Kind, Ui};
use crate::insight::{
    Alike, Compared, Difference, LineChange, RowChange, Side, compare, difference, sides, slower,
};
use crate::model::{Meta, ShortIds, printable, when};
use crate::timeline::Timeline;
use crate::vault::index::Library;
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Two sessions: their commands are aligned by what they have in common (values do not count), with
the time each took and whether something else came of it. Two commands, ID:N: their rows, or what
they printed, line by line. One command: it and the run of the same statement before it.

Marks: - only in the first, + only in the second, ~ in both with another result, = the same.
Exit status: 0 where both are the same, 1 where they differ, 2 where something was left out.

Examples:
  rec diff @2 @last                  before and after
  rec diff 7f3a:3 71c0:5             two runs of a statement, row by row
  rec diff 71c0:5                    with its run before, in whatever session that was
  rec diff 7f3a:3 7f3a:9 --json";

/// Compare two sessions, or two runs of a statement
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Diff {
    /// The first: a session, or a command in it as ID:N
    #[arg(value_name = "ID[:N]")]
    left: String,

    /// The second; where it is left out, the run of the same statement before the first
    #[arg(value_name = "ID[:N]")]
    right: Option<String>,

    /// Print one object
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
///
/// # Errors
/// There is no such session or command, or the vault cannot be read.
pub fn run(ui: &mut Ui, global: &Global, args: &Diff) -> Result<ExitCode, Error> {
    // Two that are named are read themselves; to find one, the index is asked.
    let index = match args.right {
        Some(_) => Index::Leave,
        None => Index::Keep,
    };
    let library = open::library(global, index)?;
    let (left, right) = match &args.right {
        Some(right) => (place(&library, &args.left)?, place(&library, right)?),
        None => {
            let right = place(&library, &args.left)?;
            (before(&library, &args.left, &right)?, right)
        }
    };
    let (text, differ) = match (left.what, right.what) {
        (What::Session(left), What::Session(right)) => {
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
        (What::Command(one), What::Command(other)) => {
            let found = difference(&one, &other);
            let differ = one.failed != other.failed || found.count() > 0;
            let (one, other) = ((&left.meta, &*one), (&right.meta, &*other));
            let text = match args.json {
                true => format!("{:#}\n", command_json(one, other, &found)),
                false => command_text(ui, &open::short_ids(&library)?, one, other, &found),
            };
            (text, differ)
        }
        (What::Session(_), What::Command(_)) | (What::Command(_), What::Session(_)) => {
            let message = "a session is compared with a session, a command with a command";
            return Err(Error::new(Kind::Usage, message)
                .hint("write both as ID, or both as ID:N; rec show ID numbers the commands"));
        }
    };
    open::print(ui, text)?;
    Ok(open::status(ui, &library, u8::from(differ)))
}

/// What is compared, and the session that it stands in.
struct Place {
    meta: Meta,
    what: What,
}

enum What {
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
    let meta = library.unlocked().find(id)?.meta;
    let timeline = Timeline::from_events(&meta, library.events(meta.id)?);
    let sides = sides(&meta.client, &timeline);
    let Some(number) = number else {
        let what = What::Session(sides);
        return Ok(Place { meta, what });
    };
    let count = open::count(u64::try_from(sides.len()).unwrap_or(u64::MAX), "command");
    match sides.into_iter().find(|side| side.number == number) {
        Some(side) => {
            let what = What::Command(Box::new(side));
            Ok(Place { meta, what })
        }
        None => {
            let message = format!("there is no command {number}: it has {count}");
            Err(Error::new(Kind::NotFound, message).hint(format!("rec show {id} numbers them")))
        }
    }
}

/// The run of the same statement before this one.
fn before(library: &Library, named: &str, place: &Place) -> Result<Place, Error> {
    let What::Command(side) = &place.what else {
        return Err(
            Error::new(Kind::Usage, "a session is compared with another one")
                .hint("name the other one too; a command, ID:N, is compared with its run before"),
        );
    };
    let at = place.meta.started.plus(side.at);
    let mut found = None;
    let alike = Alike::to(&place.meta.client, &side.text);
    library.runs(&alike, &mut |hit| {
        let earlier = hit.session.meta.started.plus(hit.at) < at;
        if earlier && let Some(number) = hit.number {
            found = Some(format!("{}:{number}", hit.session.id().hex()));
        }
        found.is_none()
    })?;
    match found {
        Some(found) => self::place(library, &found),
        None => Err(Error::new(
            Kind::NotFound,
            "no earlier run of that statement is recorded",
        )
        .hint(format!(
            "name what it is compared with: rec diff {named} ID:N"
        ))),
    }
}

fn took(side: Option<&Side>) -> String {
    let took = side.and_then(|side| side.took);
    took.map(when::took).unwrap_or_default()
}

/// `7f3a:3`
fn named(ids: &ShortIds, meta: &Meta, side: &Side) -> String {
    format!("{}:{}", ids.of(&meta.id), side.number)
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
            (Some(left), Some(right)) if left.result() != right.result() => {
                format!("{} → {}", left.result(), right.result())
            }
            (left, right) => right
                .as_ref()
                .or(left.as_ref())
                .map(Side::result)
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

fn command_text(
    ui: &Ui,
    ids: &ShortIds,
    left: (&Meta, &Side),
    right: (&Meta, &Side),
    found: &Difference,
) -> String {
    let mut text = String::new();
    let change = slower(left.1, right.1).filter(|change| *change != 0);
    let change = change.map(|change| format!("{change:+} %"));
    let heads = [("-", left, None, "31"), ("+", right, change, "32")];
    for (mark, (meta, side), change, style) in heads {
        let about = [
            named(ids, meta, side),
            took(Some(side)),
            change.unwrap_or_default(),
            side.result(),
        ];
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

fn command_json(left: (&Meta, &Side), right: (&Meta, &Side), found: &Difference) -> Value {
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
    let run = |(meta, side): (&Meta, &Side)| {
        let mut run = side_json(side);
        if let Some(run) = run.as_object_mut() {
            run.insert("session".to_owned(), json!(meta.id.hex()));
        }
        run
    };
    json!({
        "first": run(left),
        "second": run(right),
        "slower_percent": slower(left.1, right.1),
        "columns": columns,
        "changes": changes,
    })
}
