//! An SQL script: the statements of a piece in their order, as comments where they failed.

use super::Encoder;
use super::moments::{Moment, Moments};
use crate::model::wire::Kind;
use crate::model::{Event, Meta, Micros, Size, printable, when};
use crate::timeline::{Command, Dialect, Statement, is_client_command};
use std::time::Duration;

/// Encodes a piece as an SQL script.
pub struct Script {
    head: String,
    client: String,
    start: Micros,
    moments: Moments,
    statements: u32,
}

impl Script {
    /// A piece that begins at `start`, on a terminal of this size.
    pub fn new(meta: &Meta, start: Micros, size: Size) -> Script {
        let label = meta.target.label();
        let began = when::civil(meta.started.plus(start), meta.utc_offset);
        let began = began.map(|at| at.strftime("%Y-%m-%d %H:%M").to_string());
        let head = format!("{} {label}, {}", meta.client, began.unwrap_or_default());
        Script {
            head: comment(&head) + "\n",
            client: meta.client.clone(),
            start,
            moments: Moments::new(size),
            statements: 0,
        }
    }

    fn take(&mut self, texts: &[String], out: &mut Vec<u8>) {
        for text in texts {
            if self.statements == 0 {
                out.extend_from_slice(self.head.as_bytes());
            }
            self.statements = self.statements.saturating_add(1);
            out.extend_from_slice(text.as_bytes());
        }
    }
}

fn moment(client: &str, start: Micros, moment: &Moment<'_>) -> Vec<String> {
    match moment {
        Moment::Command(command, _, statements) => {
            let sql = Dialect::of(client, &command.prompt) == Dialect::Sql;
            let leaves = ["exit", "quit", "\\q", ".quit", ".exit"];
            let bare = command.text.trim().trim_end_matches(';').trim_end();
            if is_client_command(bare) || statements.is_empty() {
                let wanted = sql && !bare.is_empty() && !leaves.contains(&bare);
                return wanted.then(|| typed(start, command)).into_iter().collect();
            }
            let number = command.number.to_string();
            let sent = statements.iter().filter(|s| is_script(s));
            sent.map(|statement| passed(start, &number, statement))
                .collect()
        }
        Moment::Statement(statement) if is_script(statement) => {
            vec![passed(start, "sent", statement)]
        }
        Moment::Statement(_) | Moment::Aside(..) | Moment::Marker(..) | Moment::Gap(_) => {
            Vec::new()
        }
    }
}

/// Whether it was sent as a text that can be sent again.
fn is_script(statement: &Statement) -> bool {
    matches!(statement.kind, Kind::Text | Kind::Prepared | Kind::Prepare)
        && !statement.text.trim().is_empty()
}

/// A statement as it passed over the connection.
fn passed(start: Micros, number: &str, statement: &Statement) -> String {
    let mut head = head(start, number, statement.at, statement.duration());
    if let Some(error) = &statement.error {
        head += &format!(", {} {}: {}", error.severity, error.code, error.message);
    } else if statement.skipped {
        head += ", never ran";
    }
    let mut about = comment(&head);
    for (parameter, place) in statement.parameters.iter().zip(1..) {
        let value = parameter.value.text().unwrap_or("NULL");
        about += &comment(&format!("${place} = {}", value.replace('\n', " ")));
    }
    if statement.cut > 0 {
        about += &comment(&format!("{} more bytes were not recorded", statement.cut));
    }
    let whole = statement.error.is_none() && !statement.skipped && statement.cut == 0;
    about + &body(&statement.text, whole)
}

/// A command as it was typed.
fn typed(start: Micros, command: &Command) -> String {
    let number = command.number.to_string();
    let mut head = head(start, &number, command.at, command.duration());
    if let Some(outcome) = &command.outcome {
        head += &format!(", {outcome}");
    }
    comment(&head) + &body(&command.text, !command.failed())
}

fn head(start: Micros, number: &str, at: Micros, took: Option<Duration>) -> String {
    let at = when::position(Micros(at.0.saturating_sub(start.0)));
    let took = took.map(|took| format!(", {}", when::took(took)));
    format!("{number} at {at}{}", took.unwrap_or_default())
}

/// A text that can be run again; a script must not stop at what already failed once.
fn body(text: &str, runs: bool) -> String {
    let lines: Vec<String> = text.lines().map(printable).collect();
    let text = lines.join("\n");
    let text = text.trim_end();
    if !runs {
        comment(text) + "\n"
    } else if is_client_command(text) || text.ends_with(';') || ends_in_command(text) {
        format!("{text}\n\n")
    } else {
        format!("{text};\n\n")
    }
}

/// Whether a statement ends in the client's own terminator (`\gx`, `\G`).
fn ends_in_command(text: &str) -> bool {
    let last = text.split_whitespace().next_back().unwrap_or_default();
    last.rfind('\\').is_some_and(|at| {
        let name = last.get(at + 1..).unwrap_or_default();
        !name.is_empty() && name.chars().all(char::is_alphanumeric)
    })
}

fn comment(text: &str) -> String {
    let lines = text.lines().map(|line| format!("-- {}\n", printable(line)));
    lines.collect()
}

impl Encoder for Script {
    fn begin(&mut self, _out: &mut Vec<u8>) {}

    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        let mut texts = Vec::new();
        let (client, start) = (&self.client, self.start);
        self.moments
            .push(event, &mut |m| texts.extend(moment(client, start, &m)));
        self.take(&texts, out);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let mut texts = Vec::new();
        let (client, start) = (&self.client, self.start);
        self.moments
            .finish(&mut |m| texts.extend(moment(client, start, &m)));
        self.take(&texts, out);
    }

    fn lacks(&self) -> Option<String> {
        let none = "there is no statement in it: only commands of a database client make a script";
        (self.statements == 0).then(|| none.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_and_failures_are_comments() {
        let script = |text: &str, outcome: Option<&str>| {
            let command = Command {
                number: 2,
                text: text.into(),
                at: Micros(3_000_000),
                outcome: outcome.map(str::to_owned),
                ..Command::default()
            };
            typed(Micros(1_000_000), &command)
        };
        assert_eq!(script("select 1", None), "-- 2 at 0:02\nselect 1;\n\n");
        assert_eq!(script("select 1;", None), "-- 2 at 0:02\nselect 1;\n\n");
        assert_eq!(
            script("table t \\gx", None),
            "-- 2 at 0:02\ntable t \\gx\n\n"
        );
        assert_eq!(script("\\d t", None), "-- 2 at 0:02\n\\d t\n\n");
        assert_eq!(
            script("select\nnope;", Some("ERROR:  no")),
            "-- 2 at 0:02, ERROR:  no\n-- select\n-- nope;\n\n"
        );
    }
}
