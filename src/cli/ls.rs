//! `rec ls`: the list of sessions.

use super::open::{self, Clock, Index};
use super::table::{Align, Table};
use super::{Error, Global, Kind, Ui};
use crate::model::{GapKind, ShortIds, Status, when};
use crate::vault::index::Listed;
use clap::Args;
use serde_json::Value;
use std::process::ExitCode;
use std::time::Duration;

/// Sessions of a list without `--limit`: what one looks at before one narrows it.
const LIMIT: usize = 50;

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

    /// Show at most so many; 0 for all [default: 50, all with --json]
    #[arg(short = 'n', long, value_name = "N")]
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
        Index::Near
    };
    let library = open::library(global, index)?;
    let limit = match args.limit {
        Some(0) => usize::MAX,
        Some(limit) => limit,
        None if args.json => usize::MAX,
        None => LIMIT,
    };
    // One more tells whether there are more.
    let mut sessions = library.matching(&query, limit.saturating_add(1))?;
    let more = sessions.len() > limit;
    sessions.truncate(limit);
    if args.json {
        open::print(ui, json(&sessions))?;
    } else if sessions.is_empty() {
        ui.say(match library.unlocked().rows()?.len() {
            0 => "rec: nothing is recorded yet; put rec before a client: rec psql …".to_owned(),
            n => format!("rec: none of {} matches", open::count(count(n), "session")),
        });
    } else {
        let ids = open::short_ids_of(&library, &sessions)?;
        open::print(ui, table(ui, &clock, &ids, &sessions))?;
        if more {
            let newest = open::count(count(sessions.len()), "session");
            ui.say(format!("rec: the newest {newest}; --limit 0 shows all"));
        }
    }
    let nothing = sessions.is_empty() && !query.is_empty();
    let nameless = sessions.iter().filter(|s| s.damage.is_some()).count();
    let status = open::status(ui, &library, u8::from(nothing));
    if nameless == 0 {
        return Ok(status);
    }
    ui.say(format!(
        "rec: not all that {} say of themselves can be read; rec vault verify says why",
        open::count(count(nameless), "session")
    ));
    Ok(ExitCode::from(Kind::Failed.exit_code()))
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
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
