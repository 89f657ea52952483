//! `rec show`: one session, its commands and what came of them.

use super::open::{self, Clock, Index};
use super::table::fit;
use super::{Error, Global, Kind, Ui};
use crate::export::{Encoder, Plain, command_json, session_json};
use crate::model::{GapKind, ShortIds, printable, when};
use crate::timeline::{Builder, Command, GapAt, Part, PartOf, Timeline};
use crate::vault::index::{Library, Listed};
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

const EXAMPLES: &str = "\
ID is any unique beginning of a session's id, @last for the newest, @2 for the one before.

Examples:
  rec show @last
  rec show 7f3a --output 3                what command 3 printed
  rec show 7f3a --output all | less
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

    /// The whole session as text, prompts and commands included
    #[arg(long, conflicts_with_all = ["output", "json"])]
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
    if args.text {
        text(ui, &library, &session)?;
    } else if args.json {
        json(ui, &library, &session, args.output)?;
    } else if let Some(which) = args.output {
        output(ui, &library, &session, which)?;
    } else {
        let ids = open::short_ids(&library)?;
        let timeline = Timeline::outline(&session.meta, library.events(session.id())?);
        let page = page(ui, &ids, &session, &timeline);
        open::print(ui, page)?;
    }
    open::tell_damage(ui, &library);
    Ok(ExitCode::SUCCESS)
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
    for event in library.events(session.id())? {
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
    for event in library.events(session.id())? {
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

fn json(
    ui: &mut Ui,
    library: &Library,
    session: &Listed,
    which: Option<Which>,
) -> Result<(), Error> {
    let mut outputs: Vec<String> = Vec::new();
    let wanted = |number: u32| match which {
        None => false,
        Some(Which::All) => true,
        Some(Which::One(one)) => one == number,
    };
    let timeline = if which.is_none() {
        Timeline::outline(&session.meta, library.events(session.id())?)
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
        let mut object = command_json(command);
        let output = outputs.next().unwrap_or_default();
        if wanted(command.number) {
            object.insert("output".into(), Value::from(output));
        }
        Value::Object(object)
    });
    let mut object = session_json(&session.meta, &session.summary, session.status);
    object.insert("commands".into(), Value::Array(commands.collect()));
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

fn page(ui: &Ui, ids: &ShortIds, session: &Listed, timeline: &Timeline) -> String {
    let mut out = head(ui, ids, session);
    out.push_str(&commands(ui, timeline));
    out.push_str(&format!(
        "Not seen: {}   Masked: {}\n",
        unseen(&timeline.gaps),
        masked(timeline)
    ));
    out
}

/// `7f3a  psql app@prod-db   today 14:02, 4m12s, exit 0`.
fn head(ui: &Ui, ids: &ShortIds, session: &Listed) -> String {
    let meta = &session.meta;
    let clock = Clock::system();
    let length = when::length(Duration::from_micros(session.summary.duration.0));
    let end = match (session.status, session.summary.exit) {
        (crate::model::Status::Recording, _) => "recording".to_owned(),
        (crate::model::Status::Interrupted, None) => "interrupted".to_owned(),
        (_, Some(exit)) => match exit.signal {
            Some(signal) => format!("signal {signal}"),
            None => format!("exit {}", exit.code),
        },
        (crate::model::Status::Closed, None) => "end not seen".to_owned(),
    };
    let mut head = format!(
        "{}  {}   {}, {length}, {end}\n",
        open::id(ui, ids, &meta.id),
        printable(&open::label(meta)),
        clock.moment(meta.started),
    );
    if let Some(damage) = &session.damage {
        head.push_str(&format!(
            "{} {}\n",
            ui.paint("1;31", "damaged:"),
            printable(damage)
        ));
    }
    head
}

/// A line a command, markers between them where they were set.
fn commands(ui: &Ui, timeline: &Timeline) -> String {
    let took = |command: &Command| command.duration().map(when::took).unwrap_or_default();
    let widest = |text: &dyn Fn(&Command) -> String| {
        let widths = timeline
            .commands
            .iter()
            .map(|command| text(command).width());
        widths.max().unwrap_or(0)
    };
    let numbers = widest(&|c| c.number.to_string()).max(2);
    let positions = widest(&|c| when::position(c.at)).max(4);
    let durations = widest(&took).max(7);
    // How much of a line is left for what was typed and what came of it.
    let room = ui.fit().map(|width| {
        width
            .saturating_sub(numbers + positions + durations + 6)
            .max(20)
    });
    let outcomes = widest(&outcome).min(room.map_or(200, |room| room / 2));
    let texts = widest(&|c| printable(&c.text));
    let texts = room.map_or(texts, |room| texts.min(room - outcomes.min(room) - 2));
    let mut markers = timeline.markers.iter().peekable();
    let mut out = String::new();
    let mark = |at: &crate::timeline::Marker| {
        let at_text = when::position(at.at);
        let label = if at.label.is_empty() {
            "mark"
        } else {
            &at.label
        };
        let line = format!(
            "{:>numbers$}  {at_text:>positions$}  {}",
            "⚑",
            printable(label)
        );
        ui.paint("36", &line) + "\n"
    };
    for command in &timeline.commands {
        while let Some(marker) = markers.next_if(|marker| marker.at < command.at) {
            out.push_str(&mark(marker));
        }
        let text = fit(&printable(&command.text), texts.max(8));
        let pad = " ".repeat(texts.saturating_sub(text.width()));
        let end = fit(&outcome(command), outcomes.max(8));
        let end = if command.failed() {
            ui.paint("31", &end)
        } else {
            ui.paint("2", &end)
        };
        let line = format!(
            "{:>numbers$}  {:>positions$}  {:>durations$}  {text}{pad}  {end}",
            command.number,
            when::position(command.at),
            took(command),
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    markers.for_each(|marker| out.push_str(&mark(marker)));
    out
}

fn outcome(command: &Command) -> String {
    match (&command.outcome, command.end) {
        (Some(outcome), _) => printable(outcome),
        (None, Some(_)) => String::new(),
        (None, None) => "(end not seen)".to_owned(),
    }
}

/// `nothing.`, or each kind with its times.
fn unseen(gaps: &[GapAt]) -> String {
    if gaps.is_empty() {
        return "nothing.".to_owned();
    }
    let mut kinds: Vec<GapKind> = gaps.iter().map(|at| at.gap.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let told = kinds.into_iter().map(|kind| {
        let of: Vec<&GapAt> = gaps.iter().filter(|at| at.gap.kind == kind).collect();
        let bytes: u64 = of.iter().map(|at| at.gap.bytes).sum();
        let times: Vec<String> = of.iter().take(3).map(|at| when::position(at.at)).collect();
        let more = if of.len() > times.len() { " …" } else { "" };
        let mut text = format!("{} {} (at {}{more}", name(kind), of.len(), times.join(", "));
        if bytes > 0 {
            text.push_str(&format!("; {bytes} bytes"));
        }
        let detail = of
            .iter()
            .map(|at| at.gap.detail.as_str())
            .find(|d| !d.is_empty());
        if let Some(detail) = detail {
            text.push_str(&format!("; {}", printable(detail)));
        }
        text + ")"
    });
    told.collect::<Vec<_>>().join(", ") + "."
}

fn name(kind: GapKind) -> &'static str {
    match kind {
        GapKind::Dropped => "dropped",
        GapKind::Paused => "off the record",
        GapKind::Truncated => "over the limit",
        GapKind::Undecodable => "undecodable",
        GapKind::Bypassed => "bypassed",
        GapKind::Unmaskable => "not maskable",
        GapKind::Interrupted => "interrupted",
    }
}

fn masked(timeline: &Timeline) -> String {
    let total: u32 = timeline
        .masked
        .values()
        .fold(0, |sum, n| sum.saturating_add(*n));
    if total == 0 {
        return "nothing.".to_owned();
    }
    let rules = timeline.masked.iter();
    let rules: Vec<String> = rules
        .map(|(rule, n)| format!("{} {n}", printable(rule)))
        .collect();
    format!("{total} ({})", rules.join(", "))
}
