//! Markdown for a ticket or a wiki: each command in a fence with its outcome, its result as a
//! table where the client drew one, else in a fence.

use super::Encoder;
use super::moments::{Moment, Moments};
use crate::model::{Event, Meta, Micros, Size, printable, when};
use crate::timeline::{Command, Dialect, Statement, Table, Text, is_client_command, tables};

/// Rows of one table; what is longer reads better as CSV.
const ROWS_MAX: usize = 1_000;

/// Encodes a piece as Markdown.
pub struct Markdown {
    title: String,
    client: String,
    start: Micros,
    moments: Moments,
}

impl Markdown {
    /// A piece that begins at `start`, on a terminal of this size.
    pub fn new(meta: &Meta, start: Micros, size: Size) -> Markdown {
        let label = meta.target.label();
        let title = format!("{} {label}", meta.client);
        let began = when::civil(meta.started.plus(start), meta.utc_offset);
        let began = began.map(|at| at.strftime("%-d %B %Y, %H:%M").to_string());
        Markdown {
            title: format!(
                "# {}\n\n{}\n",
                escaped(title.trim_end()),
                began.unwrap_or_default()
            ),
            client: meta.client.clone(),
            start,
            moments: Moments::new(size),
        }
    }

    fn moment(client: &str, start: Micros, moment: Moment<'_>) -> String {
        let time = |at: Micros| when::position(Micros(at.0.saturating_sub(start.0)));
        match moment {
            Moment::Command(command, output, statements) => {
                let time = time(command.at);
                section(client, &time, command, &output, statements)
            }
            Moment::Statement(statement) => {
                let took = statement
                    .duration()
                    .map(|took| format!(", {}", when::took(took)));
                let heading = format!(
                    "\n## Sent at {}{}\n",
                    time(statement.at),
                    took.unwrap_or_default()
                );
                heading + &fence("sql", &statement.text) + &sent(statement)
            }
            Moment::Aside(text) if text.trim().is_empty() => String::new(),
            Moment::Aside(text) => fence("text", &text),
            Moment::Marker(at, label) if label.is_empty() => {
                format!("\n**{} marked**\n", time(at))
            }
            Moment::Marker(at, label) => {
                format!("\n**{} marked: {}**\n", time(at), escaped(&label))
            }
            Moment::Gap(gap) => {
                let kind = format!("{:?}", gap.gap.kind).to_lowercase();
                let detail = escaped(&gap.gap.detail);
                let what = [kind, detail].join(": ");
                let what = what.trim_end_matches([':', ' ']);
                format!("\n> Not in this recording at {}: {what}\n", time(gap.at))
            }
        }
    }
}

impl Encoder for Markdown {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(std::mem::take(&mut self.title).as_bytes());
    }

    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        let (client, start) = (&self.client, self.start);
        self.moments.push(event, &mut |moment| {
            out.extend_from_slice(Markdown::moment(client, start, moment).as_bytes());
        });
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let (client, start) = (&self.client, self.start);
        self.moments.finish(&mut |moment| {
            out.extend_from_slice(Markdown::moment(client, start, moment).as_bytes());
        });
    }
}

/// A command: a heading with its number, time and outcome, the command, what it gave.
fn section(
    client: &str,
    time: &str,
    command: &Command,
    output: &Text,
    statements: &[Statement],
) -> String {
    let mut heading = format!("\n## {}. at {time}", command.number);
    if let Some(took) = command.took(statements) {
        heading += &format!(", {}", when::took(took));
    }
    if let Some(outcome) = &command.outcome {
        let word = if command.failed() { "failed: " } else { "" };
        heading += &format!(", {word}{}", escaped(outcome));
    }
    let dialect = Dialect::of(client, &command.prompt);
    let mut text = heading + "\n" + &fence(dialect.fence(), &command.text);
    // What passed over the connection is exact; what the client's own commands (`\d`) ask the
    // server is nothing that anybody typed, and what they print is the answer.
    let passed: Vec<String> = statements.iter().map(sent).collect();
    if !is_client_command(&command.text) && passed.iter().any(|text| !text.is_empty()) {
        return text + &passed.concat();
    }
    text += &result(&output.text);
    if output.cut > 0 {
        text += &format!("\n{} more bytes of output are left out.\n", output.cut);
    }
    text
}

/// What came of a statement: tables, what was changed, an error in full.
fn sent(statement: &Statement) -> String {
    let mut text = String::new();
    for result in &statement.results {
        let complete = result.complete.as_ref();
        if let Some(mut rows) = Table::of_result(result) {
            rows.rows.truncate(ROWS_MAX);
            let all = complete.map_or(0, |complete| complete.rows);
            text += &table(&rows, all);
        } else if let Some(complete) = complete.filter(|complete| !complete.tag.is_empty()) {
            text += &fence("text", &complete.tag);
        }
    }
    for report in statement.notices.iter().chain(&statement.error) {
        let code = [report.severity.as_str(), &report.code].join(" ");
        let mut said = format!("{}: {}", code.trim_end(), report.message);
        for (name, more) in [("DETAIL", &report.detail), ("HINT", &report.hint)] {
            if !more.is_empty() {
                said += &format!("\n{name}: {more}");
            }
        }
        text += &fence("text", &said);
    }
    text
}

/// Output with the tables in it as Markdown's own.
fn result(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    let mut text = String::new();
    let mut at = 0;
    let between = |from: usize, to: usize, text: &mut String| {
        let plain = lines.get(from..to).unwrap_or_default().join("\n");
        let plain = plain.trim_matches('\n');
        if !plain.trim().is_empty() {
            *text += &fence("text", plain);
        }
    };
    for found in tables(output) {
        if found.table.rows.len() > ROWS_MAX {
            continue;
        }
        between(at, found.lines.start, &mut text);
        text += &table(&found.table, 0);
        at = found.lines.end;
    }
    between(at, lines.len(), &mut text);
    text
}

/// A table; says so where there were more rows, `all` of them.
fn table(table: &Table, all: u64) -> String {
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = "\n".to_owned();
    text += &row(table.columns.iter().map(|name| cell(name)).collect());
    text += &row(table.columns.iter().map(|_| "---".to_owned()).collect());
    for cells in &table.rows {
        let shown = |value: &Option<String>| match value {
            Some(value) => cell(value),
            None => "*NULL*".to_owned(),
        };
        text += &row(cells.iter().map(shown).collect());
    }
    let here = u64::try_from(table.rows.len()).unwrap_or(u64::MAX);
    let count = match here {
        here if here < all => format!("{here} of {all} rows"),
        1 => "1 row".to_owned(),
        here => format!("{here} rows"),
    };
    text + "\n" + &count + "\n"
}

/// A value between two bars.
fn cell(value: &str) -> String {
    let lines: Vec<String> = value.lines().map(escaped).collect();
    lines.join("<br>")
}

/// Text outside a fence: nothing in it is markup, and nothing in it moves a terminal.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in printable(text).chars() {
        if "\\`*_{}[]<>()#|~&!".contains(c) {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

/// A fence longer than any run of backticks in what it holds.
fn fence(language: &str, text: &str) -> String {
    let longest = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let ticks = "`".repeat(longest.max(2) + 1);
    let lines: Vec<String> = text.lines().map(printable).collect();
    format!("\n{ticks}{language}\n{}\n{ticks}\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_hold_whatever_is_in_them() {
        assert_eq!(fence("sh", "ls"), "\n```sh\nls\n```\n");
        assert_eq!(fence("", "```\nx"), "\n````\n```\nx\n````\n");
        assert_eq!(fence("", "a\x1b[31m"), "\n```\na␛[31m\n```\n");
    }

    #[test]
    fn results_become_tables_and_the_rest_stays_as_it_was() {
        let output = "NOTICE:  x\n id | note \n----+------\n  1 | a|b\n(1 row)\n\nTime: 1 ms";
        let expected = "\n```text\nNOTICE:  x\n```\n\n| id | note |\n| --- | --- |\n| 1 | a\\|b |\n\n1 row\n\n```text\nTime: 1 ms\n```\n";
        assert_eq!(result(output), expected);
    }
}
