//! `rec ls`: the list of sessions.

use super::open::{self, Clock, Index};
use super::table::{Align, Table};
use super::{Error, Global, Ui};
use crate::model::{GapKind, SessionId, ShortIds, Status, when};
use crate::query::Query;
use crate::vault::index::{Library, Listed, Search};
use clap::Args;
use serde_json::Value;
use std::collections::HashSet;
use std::process::ExitCode;
use std::time::Duration;

const EXAMPLES: &str = "\
Filters are those of rec search: client: target: host: db: user: since: until: status: masked: id:
failed: slow:, and words; a session is listed if it, or a command in it, matches.

Exit status: 0, or 1 where filters leave nothing.

Examples:
  rec ls
  rec ls client:psql since:7d
  rec ls failed: host:prod*
  rec ls --json | jq -r '.[] | select(.status == \"interrupted\").id'";

/// List the recorded sessions, newest first
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Ls {
    /// Print an array of sessions
    #[arg(long)]
    json: bool,

    /// Show at most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// Read the sessions themselves instead of the index
    #[arg(long)]
    no_index: bool,

    /// Which sessions
    #[arg(value_name = "FILTER")]
    query: Vec<String>,
}

/// Runs the verb.
///
/// # Errors
/// The vault cannot be read, or the query is wrong.
pub fn run(ui: &mut Ui, global: &Global, args: &Ls) -> Result<ExitCode, Error> {
    let clock = Clock::system();
    let query = open::query(&args.query, &clock)?;
    let index = if args.no_index {
        Index::Leave
    } else {
        Index::Use
    };
    let library = open::library(global, index)?;
    let ids = open::short_ids(&library)?;
    let mut sessions = library.sessions()?;
    let all = sessions.len();
    keep(&library, &query, &mut sessions)?;
    let matched = sessions.len();
    sessions.truncate(args.limit.unwrap_or(usize::MAX));
    let text = if args.json {
        json(&sessions)
    } else {
        table(ui, &clock, &ids, &sessions)
    };
    if !args.json && sessions.is_empty() {
        ui.say(match all {
            0 => "rec: nothing is recorded yet; put rec before a client: rec psql …".to_owned(),
            n => format!("rec: none of {} matches", open::count(count(n), "session")),
        });
    } else {
        open::print(ui, text)?;
        if sessions.len() < matched && !args.json {
            ui.say(format!("rec: {} of {matched} sessions", sessions.len()));
        }
    }
    open::tell_damage(ui, &library);
    let nothing = sessions.is_empty() && !query.is_empty();
    Ok(ExitCode::from(u8::from(nothing)))
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// Leaves the sessions that match.
fn keep(library: &Library, query: &Query, sessions: &mut Vec<Listed>) -> Result<(), Error> {
    if query.is_of_sessions() {
        sessions.retain(|listed| query.matches_session(&listed.facts()));
        return Ok(());
    }
    let search = Search {
        query,
        limit: usize::MAX,
        with_text: false,
    };
    let mut with_hits: HashSet<SessionId> = HashSet::new();
    library.search(&search, &mut |hit| {
        with_hits.insert(hit.session.id());
        true
    })?;
    sessions.retain(|listed| with_hits.contains(&listed.id()));
    Ok(())
}

fn json(sessions: &[Listed]) -> String {
    let objects = sessions
        .iter()
        .map(|listed| Value::Object(open::object(listed)));
    format!("{:#}\n", Value::Array(objects.collect()))
}

fn table(ui: &Ui, clock: &Clock, ids: &ShortIds, sessions: &[Listed]) -> String {
    use Align::{Left, Right};
    let mut table = Table::new(&[Left, Left, Left, Left, Left, Right, Left]);
    let head = [
        "ID", "WHEN", "LENGTH", "CLIENT", "TARGET", "COMMANDS", "NOTES",
    ];
    table.row(head.map(|text| (text, "2")));
    for listed in sessions {
        let meta = &listed.meta;
        let length = when::length(Duration::from_micros(listed.summary.duration.0));
        table.row([
            (ids.of(&meta.id).as_str(), "1"),
            (clock.moment(meta.started).as_str(), ""),
            (length.as_str(), ""),
            (meta.client.as_str(), ""),
            (meta.target.label().as_str(), ""),
            (listed.summary.commands.to_string().as_str(), ""),
            (notes(listed).as_str(), "33"),
        ]);
    }
    table.lines(ui.fit(), 4, &|style, text| ui.paint(style, text))
}

/// What is worth knowing of a session besides its numbers.
fn notes(listed: &Listed) -> String {
    let summary = &listed.summary;
    let mut notes = Vec::new();
    match listed.status {
        Status::Recording => notes.push("recording".to_owned()),
        Status::Interrupted => notes.push("interrupted".to_owned()),
        Status::Closed => {}
    }
    if listed.pinned {
        notes.push("pinned".to_owned());
    }
    notes.extend(listed.labels.tags.iter().map(|tag| format!("#{tag}")));
    if listed.damage.is_some() {
        notes.push("damaged".to_owned());
    }
    if let Some(failed) = listed.failed.filter(|n| *n > 0) {
        notes.push(format!("{failed} failed"));
    }
    match summary.exit.map(|exit| (exit.code, exit.signal)) {
        Some((_, Some(signal))) => notes.push(format!("signal {signal}")),
        Some((code, None)) if code != 0 => notes.push(format!("exit {code}")),
        _ => {}
    }
    if summary.masked_total() > 0 {
        notes.push(format!("{} masked", summary.masked_total()));
    }
    // That it was paused or interrupted says itself; the rest is a gap.
    let other = |kind: &GapKind| !matches!(kind, GapKind::Paused | GapKind::Interrupted);
    let gaps: u32 = summary
        .gaps
        .iter()
        .filter(|(kind, _)| other(kind))
        .map(|(_, n)| *n)
        .sum();
    if gaps > 0 {
        notes.push(open::count(gaps.into(), "gap"));
    }
    if summary.gaps.contains_key(&GapKind::Paused) {
        notes.push("paused".to_owned());
    }
    notes.join(", ")
}
