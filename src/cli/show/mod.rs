//! `rec show`: one session, its commands and what came of them.

mod page;
mod statements;

use super::open::{self, Index};
use super::{Error, Global, Kind, Ui};
use crate::export::{Encoder, Plain, command_json, results_json, statement_json};
use crate::model::{printable, when};
use crate::timeline::{Builder, Part, PartOf, Timeline};
use crate::vault::index::{Library, Listed};
use clap::Args;
use serde_json::{Value, json};
use statements::Rows;
use std::process::ExitCode;

const EXAMPLES: &str = "\
ID is any unique beginning of a session's id, @last for the newest, @2 for the one before.

Examples:
  rec show @last
  rec show 7f3a --output 3                what command 3 printed
  rec show 7f3a --output all | less
  rec show 7f3a --rows 3                  the result tables of command 3
  rec show 7f3a --rows s12                of the statement s12
  rec show 7f3a --text                    the whole session as text
  rec show 7f3a --json --output all | jq '.[0].commands[].outcome'";

/// Show a session's commands and their outcomes
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Show {
    /// Which session
    #[arg(value_name = "ID", add = super::complete::sessions())]
    id: String,

    /// What a command printed: its number, or all
    #[arg(long, value_name = "N|all")]
    output: Option<Which>,

    /// What statements gave: a command's number, s and a statement's number, or all
    #[arg(long, value_name = "N|sN|all")]
    rows: Option<Rows>,

    /// The whole session as text, prompts and commands included
    #[arg(long, conflicts_with_all = ["output", "rows", "json"])]
    text: bool,

    /// Print an array with the session
    #[arg(long)]
    json: bool,
}

/// Whose output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    All,
    One(u32),
}

impl std::str::FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Which::All),
            number => number
                .parse()
                .map(Which::One)
                .map_err(|_| "write a command's number, or all".to_owned()),
        }
    }
}

/// Runs the verb.
///
/// # Errors
/// There is no such session or command, or the vault cannot be read.
pub fn run(ui: &mut Ui, global: &Global, args: &Show) -> Result<ExitCode, Error> {
    // One session is read as it is; an index would only cost time.
    let library = open::library(global, Index::Leave)?;
    let session = library.listed(library.unlocked().find(&args.id)?)?;
    library.unlocked().log_read("show", &[session.id()]);
    if args.text {
        text(ui, &library, &session)?;
    } else if args.json {
        json(ui, &library, &session, args)?;
    } else if let Some(rows) = args.rows {
        statements::rows(ui, &library, &session, rows)?;
    } else if let Some(which) = args.output {
        output(ui, &library, &session, which)?;
    } else {
        let ids = open::short_ids_of(&library, std::slice::from_ref(&session))?;
        let timeline = Timeline::outline(&session.meta, library.annotated(&session)?);
        let page = page::page(ui, &ids, &session, &timeline, library.damaged());
        open::print(ui, page)?;
    }
    Ok(open::status(ui, &library, 0))
}

fn no_command(number: u32, session: &Listed) -> Error {
    let commands = open::count(session.summary.commands.into(), "command");
    let message = format!("this session has no command {number}, only {commands}");
    Error::new(Kind::NotFound, message).hint(format!("rec show {} lists them", session.id().hex()))
}

/// The session as text, as it comes.
fn text(ui: &mut Ui, library: &Library, session: &Listed) -> Result<(), Error> {
    let mut plain = Plain::new(session.meta.size, "");
    let mut out = Vec::new();
    for event in library.annotated(session)? {
        plain.event(&event, &mut out);
        if !lines(ui, &out)? {
            return Ok(());
        }
        out.clear();
    }
    plain.end(&mut out);
    lines(ui, &out)?;
    Ok(())
}

/// Lines of text: as they are into a file or pipe, made safe for a terminal.
fn lines(ui: &mut Ui, text: &[u8]) -> Result<bool, Error> {
    if !ui.is_terminal() {
        return open::print(ui, text);
    }
    let text = String::from_utf8_lossy(text);
    let safe: String = text
        .split_inclusive('\n')
        .map(|line| match line.strip_suffix('\n') {
            Some(line) => printable(line) + "\n",
            None => printable(line),
        })
        .collect();
    open::print(ui, safe)
}

/// Reads a session and hands on its parts with the timeline so far; `each` says whether to go on.
fn parts(
    library: &Library,
    session: &Listed,
    each: &mut dyn FnMut(&Timeline, Part) -> Result<bool, Error>,
) -> Result<Timeline, Error> {
    let mut builder = Builder::new(session.meta.size, 0);
    for event in library.annotated(session)? {
        builder.push(&event);
        let parts: Vec<Part> = builder.parts().collect();
        for part in parts {
            if !each(builder.timeline(), part)? {
                return Ok(builder.finish().0);
            }
        }
    }
    let (timeline, rest) = builder.finish();
    for part in rest {
        if !each(&timeline, part)? {
            break;
        }
    }
    Ok(timeline)
}

fn output(ui: &mut Ui, library: &Library, session: &Listed, which: Which) -> Result<(), Error> {
    let mut found = false;
    parts(library, session, &mut |timeline, part| {
        let PartOf::Command(n) = part.of else {
            return Ok(true);
        };
        let Some(command) = timeline.commands.get(n) else {
            return Ok(true);
        };
        match which {
            Which::One(number) if command.number != number => return Ok(true),
            Which::One(_) => {}
            Which::All if part.index == 0 => {
                let at = when::position(command.at);
                let head = format!("{} {at} {}", command.number, printable(&command.text));
                let head = ui.paint("1", &head);
                open::print(ui, format!("{head}\n"))?;
            }
            Which::All => {}
        }
        found = true;
        let mut text = part.text;
        if !text.is_empty() {
            text.push('\n');
        }
        let heard = lines(ui, text.as_bytes())?;
        Ok(heard && !(part.last && matches!(which, Which::One(_))))
    })?;
    match which {
        Which::One(number) if !found => Err(no_command(number, session)),
        _ => Ok(()),
    }
}

fn json(ui: &mut Ui, library: &Library, session: &Listed, args: &Show) -> Result<(), Error> {
    let which = args.output;
    let mut outputs: Vec<String> = Vec::new();
    let wanted = |number: u32| match which {
        None => false,
        Some(Which::All) => true,
        Some(Which::One(one)) => one == number,
    };
    let timeline = if which.is_none() {
        Timeline::outline(&session.meta, library.annotated(session)?)
    } else {
        parts(library, session, &mut |timeline, part| {
            if let PartOf::Command(n) = part.of {
                outputs.resize(outputs.len().max(n + 1), String::new());
                let keep = timeline.commands.get(n).is_some_and(|c| wanted(c.number));
                if let Some(output) = outputs.get_mut(n).filter(|_| keep) {
                    if part.index > 0 {
                        output.push('\n');
                    }
                    output.push_str(&part.text);
                }
            }
            Ok(true)
        })?
    };
    if let Some(Which::One(number)) = which
        && timeline.command(number).is_none()
    {
        return Err(no_command(number, session));
    }
    let mut outputs = outputs.into_iter();
    let commands = timeline.commands.iter().map(|command| {
        let mut object = command_json(command, timeline.statements_of(command));
        let output = outputs.next().unwrap_or_default();
        if wanted(command.number) {
            object.insert("output".into(), Value::from(output));
        }
        Value::Object(object)
    });
    let mut object = open::object(session);
    object.insert("commands".into(), Value::Array(commands.collect()));
    let results = args
        .rows
        .map(|rows| statements::read(library, session, rows));
    let results = results.transpose()?.unwrap_or_default();
    let sent = timeline.statements.iter().map(|statement| {
        let mut object = statement_json(statement);
        let read = results.iter().find(|read| read.number == statement.number);
        if let Some(read) = read {
            object.insert("results".into(), results_json(read));
        }
        Value::Object(object)
    });
    object.insert("statements".into(), Value::Array(sent.collect()));
    let markers = timeline.markers.iter();
    let markers = markers.map(|m| json!({"at_ms": m.at.millis(), "label": m.label}));
    object.insert("marks".into(), Value::Array(markers.collect()));
    let unseen = timeline.gaps.iter().map(|at| {
        json!({
            "at_ms": at.at.millis(),
            "kind": at.gap.kind,
            "bytes": at.gap.bytes,
            "detail": at.gap.detail,
        })
    });
    object.insert("unseen".into(), Value::Array(unseen.collect()));
    open::print(
        ui,
        format!("{:#}\n", Value::Array(vec![Value::Object(object)])),
    )?;
    Ok(())
}
