//! What was sent to a database: a line a statement on the page, and the tables they gave.

use crate::cli::open;
use crate::cli::table::{Align, Table, fit};
use crate::cli::{Error, Kind, Ui};
use crate::model::wire::{Column, Parameter, Report, Value};
use crate::model::{printable, when};
use crate::timeline::{Builder, Outcome, Statement, Timeline};
use crate::vault::index::{Library, Listed};
use std::ops::Range;
use unicode_width::UnicodeWidthStr;

/// The widest cell of a table on a terminal; the rest of a value is in `--json`.
const CELL_MAX: usize = 60;

/// Where no width bounds a line, as in a pipe, so much of a text and of each parameter is on it: who
/// looks for something there finds it, and a value of megabytes does not bury the rest.
const TEXT_MAX: usize = 2_000;
const PARAMETER_MAX: usize = 200;
const PARAMETERS_MAX: usize = 50;

/// So many statements in a row are listed: one `\d` sends ten, and a script thousands.
const LISTED_MAX: usize = 20;

/// Whose results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Of every statement.
    All,
    /// Of the command with this number.
    Command(u32),
    /// Of the statement with this number.
    Statement(u32),
}

impl std::str::FromStr for Rows {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |_| "write a command's number, s and a statement's number, or all".to_owned();
        match text.strip_prefix('s') {
            _ if text == "all" => Ok(Rows::All),
            Some(number) => number.parse().map(Rows::Statement).map_err(wrong),
            None => text.parse().map(Rows::Command).map_err(wrong),
        }
    }
}

/// A line for each of the first statements, and one for how many more there are.
pub fn lines<'a>(
    ui: &Ui,
    mut statements: impl Iterator<Item = &'a Statement>,
    command: &str,
    lead: usize,
) -> String {
    let first = statements.by_ref().take(LISTED_MAX);
    let mut out: String = first.map(|s| line(ui, s, command, lead)).collect();
    let (more, failed) = statements.fold((0_u64, 0_u64), |(more, failed), statement| {
        (more + 1, failed + u64::from(statement.error.is_some()))
    });
    if more > 0 {
        let plural = if more == 1 { "" } else { "s" };
        let mut text = format!("→ {more} more statement{plural}");
        if failed > 0 {
            text.push_str(&format!(", {failed} of them failed"));
        }
        text.push_str("  (--json lists them)");
        out.push_str(&format!("{}{}\n", " ".repeat(lead), ui.paint("2", &text)));
    }
    out
}

/// `→ s3  11.2 ms  5 rows  select …`, indented by `lead`. The text is left out where it is that of
/// the command.
fn line(ui: &Ui, statement: &Statement, command: &str, lead: usize) -> String {
    let took = statement.duration().map_or_else(
        || "(end not seen)".to_owned(),
        |took| format!("{:>9}", when::took(took)),
    );
    let mut parts = vec![format!("→ s{:<3}", statement.number), took];
    parts.extend(rows_of(statement));
    parts.extend(copied_of(statement));
    if !is_same(&statement.text, command) {
        parts.push(fit(&printable(&words(&statement.text)), TEXT_MAX));
    }
    if !statement.parameters.is_empty() {
        parts.push(parameters(&statement.parameters));
    }
    let room = ui
        .fit()
        .map_or(usize::MAX, |width| width.max(40) - lead.min(20));
    let mut out = " ".repeat(lead);
    out.push_str(&ui.paint("2", &fit(&printable(&parts.join("  ")), room)));
    if statement.skipped {
        out.push_str(&ui.paint("33", "  skipped"));
    }
    out.push('\n');
    if let Some(error) = &statement.error {
        out.push_str(&" ".repeat(lead + 2));
        out.push_str(&ui.paint("31", &fit(&printable(&said(error)), room.min(TEXT_MAX))));
        out.push('\n');
    }
    out
}

/// `5 rows`; `None` for a statement that neither gave nor changed any.
fn rows_of(statement: &Statement) -> Option<String> {
    let rows = statement.rows();
    let table = statement.results.iter().any(|r| !r.columns.is_empty());
    (rows > 0 || table).then(|| open::count(rows, "row"))
}

/// `12 MB not kept`: data of a copy that were counted only, as those of replication and of a backup.
fn copied_of(statement: &Statement) -> Option<String> {
    let completes = statement.results.iter().filter_map(|r| r.complete.as_ref());
    let bytes: u64 = completes.map(|complete| complete.bytes_cut).sum();
    (bytes > 0).then(|| format!("{} not kept", size(bytes)))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..=9_999 => format!("{bytes} bytes"),
        10_000..=9_999_999 => format!("{} KB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// Whether the statement is what was typed, but for blanks and the semicolon.
fn is_same(statement: &str, command: &str) -> bool {
    let bare = |text: &str| words(text).trim_end_matches([';', ' ']).to_owned();
    bare(statement) == bare(command)
}

/// On one line.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn parameters(parameters: &[Parameter]) -> String {
    let values = parameters
        .iter()
        .zip(1..)
        .map(|(parameter, n)| format!("${n}={}", shown(&parameter.value)));
    let shown: Vec<String> = values.take(PARAMETERS_MAX).collect();
    let more = match parameters.len().saturating_sub(shown.len()) {
        0 => String::new(),
        more => format!(", … {more} more"),
    };
    format!("[{}{more}]", shown.join(", "))
}

/// A value, or the beginning of a long one and how long it is.
fn shown(value: &Value) -> String {
    let Some(text) = value.text() else {
        return "NULL".to_owned();
    };
    let length = match value {
        Value::Cut { length, .. } => *length,
        Value::Null | Value::Text(_) => u64::try_from(text.len()).unwrap_or(u64::MAX),
    };
    let whole = printable(&words(text));
    let begun = fit(&whole, PARAMETER_MAX);
    if begun == whole && matches!(value, Value::Text(_)) {
        return whole;
    }
    format!("{begun} ({length} bytes)")
}

/// Whether the page leaves out something of a statement's line that a narrow terminal is no reason for.
pub fn is_cut(statement: &Statement) -> bool {
    statement.text.len() > TEXT_MAX
        || statement.parameters.len() > PARAMETERS_MAX
        || statement
            .parameters
            .iter()
            .any(|parameter| match &parameter.value {
                Value::Null => false,
                Value::Text(text) => text.len() > PARAMETER_MAX,
                Value::Cut { .. } => true,
            })
}

/// `ERROR 23505: duplicate key … (Key (id)=(1) already exists.)`.
fn said(report: &Report) -> String {
    let mut said = report.severity.clone();
    for more in [&report.code, &report.message] {
        if !more.is_empty() {
            said.push_str(if said.is_empty() || more == &report.code {
                " "
            } else {
                ": "
            });
            said.push_str(more);
        }
    }
    if !report.detail.is_empty() {
        said.push_str(&format!(" ({})", words(&report.detail)));
    }
    said.trim_start().to_owned()
}

/// The statements that are meant, with all that the recording holds of their results.
///
/// # Errors
/// There is no such command or statement, or the vault cannot be read.
pub fn read(library: &Library, session: &Listed, rows: Rows) -> Result<Vec<Statement>, Error> {
    let outline = Timeline::outline(&session.meta, library.events(session.id())?);
    let wanted = wanted(&outline, session, rows)?;
    let mut builder = Builder::results(session.meta.size, wanted.clone());
    for event in library.events(session.id())? {
        builder.push(&event);
    }
    let timeline = builder.finish().0;
    let statements = timeline.statements.into_iter();
    Ok(statements.filter(|s| wanted.contains(&s.number)).collect())
}

fn wanted(timeline: &Timeline, session: &Listed, rows: Rows) -> Result<Range<u32>, Error> {
    let has = |number: &u32| timeline.statements.iter().any(|s| s.number == *number);
    match rows {
        Rows::All => Ok(0..u32::MAX),
        Rows::Statement(number) if has(&number) => Ok(number..number + 1),
        Rows::Statement(number) => {
            let sent = open::count(timeline.sent.into(), "statement");
            let message = format!("this session has no statement s{number}, only {sent}");
            let hint = format!("rec show {} lists them", session.id().hex());
            Err(Error::new(Kind::NotFound, message).hint(hint))
        }
        Rows::Command(number) => {
            let Some(command) = timeline.command(number) else {
                return Err(super::no_command(number, session));
            };
            let own = timeline.statements_of(command);
            Ok(match (own.first(), own.last()) {
                (Some(first), Some(last)) => first.number..last.number + 1,
                _ => 0..0,
            })
        }
    }
}

/// Prints the tables.
///
/// # Errors
/// As [`read`].
pub fn rows(ui: &mut Ui, library: &Library, session: &Listed, rows: Rows) -> Result<(), Error> {
    let statements = read(library, session, rows)?;
    if statements.is_empty() {
        let message = "no statement was seen there, and so no rows";
        let hint = "rec show ID --output N prints what the screen showed";
        return Err(Error::new(Kind::NotFound, message).hint(hint));
    }
    for statement in &statements {
        let mut out = format!(
            "{} {}\n",
            ui.paint("2", &format!("s{}", statement.number)),
            ui.paint("1", &printable(&words(&statement.text)))
        );
        for outcome in &statement.results {
            out.push_str(&table(ui, outcome));
        }
        for notice in &statement.notices {
            out.push_str(&format!("{}\n", printable(&said(notice))));
        }
        if let Some(error) = &statement.error {
            out.push_str(&format!("{}\n", ui.paint("31", &printable(&said(error)))));
        }
        out.push('\n');
        if !open::print(ui, out)? {
            break;
        }
    }
    Ok(())
}

fn table(ui: &Ui, outcome: &Outcome) -> String {
    let mut out = String::new();
    if !outcome.columns.is_empty() {
        let align: Vec<Align> = outcome.columns.iter().map(align).collect();
        let mut table = Table::new(&align);
        table.row(outcome.columns.iter().map(|c| (c.name.as_str(), "1")));
        for row in &outcome.rows {
            let cells = row.iter().map(cell).collect::<Vec<_>>();
            table.row(cells.iter().map(|(text, style)| (text.as_str(), *style)));
        }
        let paint = |style: &str, text: &str| ui.paint(style, text);
        out.push_str(&table.lines(None, 0, &paint));
    }
    for line in outcome.copied.lines() {
        out.push_str(&printable(line));
        out.push('\n');
    }
    let Some(complete) = &outcome.complete else {
        out.push_str(&ui.paint("2", "(the end was not seen)\n"));
        return out;
    };
    let mut end = vec![if complete.tag.is_empty() {
        open::count(complete.rows.max(complete.affected.unwrap_or(0)), "row")
    } else {
        printable(&complete.tag)
    }];
    if complete.rows_cut > 0 {
        let kept = complete.rows - complete.rows_cut.min(complete.rows);
        end.push(format!("the first {kept} rows are kept"));
    }
    if complete.bytes_cut > 0 && outcome.copied.is_empty() {
        end.push(format!(
            "{} bytes were copied, none are kept",
            complete.bytes_cut
        ));
    } else if complete.bytes_cut > 0 {
        end.push(format!("{} bytes more were copied", complete.bytes_cut));
    }
    if let Some(warnings) = complete.warnings.filter(|count| *count > 0) {
        end.push(open::count(warnings.into(), "warning"));
    }
    out.push_str(&ui.paint("2", &format!("({})\n", end.join(", "))));
    out
}

fn align(column: &Column) -> Align {
    let numbers = [
        "int", "float", "numeric", "decimal", "double", "oid", "money",
    ];
    let is_number = numbers.iter().any(|name| {
        let kind = column.type_name.to_ascii_lowercase();
        kind.starts_with(name) || kind.ends_with("int")
    });
    if is_number { Align::Right } else { Align::Left }
}

fn cell(value: &Value) -> (String, &'static str) {
    match value {
        Value::Null => ("NULL".to_owned(), "2"),
        Value::Text(text) => (short(text), ""),
        Value::Cut { text, .. } => (short(text), "2"),
    }
}

fn short(text: &str) -> String {
    let safe = printable(text);
    if safe.width() > CELL_MAX {
        fit(&safe, CELL_MAX)
    } else {
        safe
    }
}
