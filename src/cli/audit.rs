//! `rec audit`: what today's rules would mask in sessions that were recorded before.

use super::open::{self, Clock, Index};
use super::table::{Align, Table};
use super::{Error, Global, Kind, Ui, ask};
use crate::model::{SessionId, ShortIds, Status};
use crate::vault::Left;
use crate::vault::index::{Library, Listed};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Rules get better, and you add your own. This replays recorded sessions through the rules of today, those
of your configuration included, and lists by session and rule how many values they would mask that are
stored in clear. The values themselves are never shown; rec show and rec play do that.

With --apply those sessions are masked again and sealed anew, with their names, notes and tags. The old
pieces are overwritten; the signed log keeps their hashes. Sessions still being recorded are left out.

Filters are those of rec ls: client: target: host: db: user: since: until: status: id: and more.

Exit status: 0 something was found, 1 nothing.

Examples:
  rec audit
  rec audit --since 30d
  rec audit client:psql host:prod* --json | jq -r '.[].id'
  rec audit --since 7d --apply";

/// See what today's rules would mask in old sessions, and mask it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Audit {
    /// Only sessions from then on: 30d, yesterday, 2026-11-20
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,

    /// Mask what is found, for good
    #[arg(long)]
    apply: bool,

    /// Do not ask
    #[arg(short, long, requires = "apply")]
    yes: bool,

    /// Print an array of sessions and what was found in them
    #[arg(long)]
    json: bool,

    /// Which sessions
    #[arg(value_name = "FILTER")]
    query: Vec<String>,
}

/// What was found in a session.
struct Found {
    listed: Listed,
    rules: BTreeMap<String, u32>,
    applied: bool,
}

/// Runs the verb.
///
/// # Errors
/// The vault or the configuration cannot be read, the query is wrong, or a session cannot be sealed
/// anew.
pub fn run(ui: &mut Ui, global: &Global, args: &Audit) -> Result<ExitCode, Error> {
    let clock = Clock::system();
    let since = args.since.iter().map(|when| format!("since:{when}"));
    let words: Vec<String> = args.query.iter().cloned().chain(since).collect();
    let query = open::query(&words, &clock)?;
    if !query.is_of_sessions() {
        let message = "rec audit looks at whole sessions, and this asks for moments in them";
        return Err(Error::new(Kind::Usage, message)
            .hint("filters of sessions are client: target: host: db: user: since: until: id:"));
    }
    let index = if args.apply {
        Index::Keep
    } else {
        Index::Leave
    };
    let mut library = open::library(global, index)?;
    let ids = open::short_ids(&library)?;
    let mut sessions = library.sessions()?;
    sessions.retain(|listed| query.matches_session(&listed.facts()));
    let (mut found, damaged) = look(ui, &library, &ids, sessions)?;
    if args.apply && !found.is_empty() {
        let question = format!(
            "rec: mask them in {} for good?",
            open::count(count(found.len()), "session")
        );
        if !args.json {
            open::print(ui, table(ui, &clock, &ids, &found))?;
        }
        ask::confirm(&question, args.yes)?;
        apply(ui, &mut library, &ids, &mut found)?;
    }
    if args.json {
        let objects: Vec<_> = found.iter().map(object).collect();
        open::print(ui, format!("{:#}\n", json!(objects)))?;
    } else if !args.apply {
        open::print(ui, table(ui, &clock, &ids, &found))?;
    }
    tell(ui, args, &found, damaged);
    Ok(ExitCode::from(u8::from(found.is_empty())))
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// Looks at every session; gives those in which something is found, and how many damaged pieces
/// could not be looked at.
fn look(
    ui: &mut Ui,
    library: &Library,
    ids: &ShortIds,
    sessions: Vec<Listed>,
) -> Result<(Vec<Found>, usize), Error> {
    let bar = progress(sessions.len());
    let (mut found, mut damaged) = (Vec::new(), 0);
    for listed in sessions {
        bar.inc(1);
        if listed.status == Status::Recording {
            let short = ids.of(&listed.id());
            ui.say(format!(
                "rec: {short} is still being recorded and was left out"
            ));
            continue;
        }
        let entry = library.unlocked().find(&listed.id().hex())?;
        let audited = library.unlocked().audit(&entry)?;
        damaged += audited.damaged;
        if !audited.found.is_empty() {
            found.push(Found {
                listed,
                rules: audited.found,
                applied: false,
            });
        }
    }
    bar.finish_and_clear();
    Ok((found, damaged))
}

/// Masks them, each session by itself: what was masked until something fails stays so.
fn apply(
    ui: &mut Ui,
    library: &mut Library,
    ids: &ShortIds,
    found: &mut [Found],
) -> Result<(), Error> {
    let bar = progress(found.len());
    let mut all_left = Left::Nothing;
    for one in found {
        bar.inc(1);
        let id: SessionId = one.listed.id();
        let entry = library.unlocked().find(&id.hex())?;
        let (damaged, left) = library.mask_again(&entry)?;
        one.applied = true;
        all_left = all_left.max(left);
        if damaged > 0 {
            ui.say(format!(
                "rec: {} of {} could not be opened and stayed as they were",
                open::count(count(damaged), "damaged piece"),
                ids.of(&id)
            ));
        }
    }
    bar.finish_and_clear();
    open::tell_left(ui, all_left);
    Ok(())
}

/// Drawn on stderr, where that is a terminal.
fn progress(sessions: usize) -> ProgressBar {
    ProgressBar::with_draw_target(Some(count(sessions)), ProgressDrawTarget::stderr())
}

fn table(ui: &Ui, clock: &Clock, ids: &ShortIds, found: &[Found]) -> String {
    use Align::{Left, Right};
    let mut table = Table::new(&[Left, Left, Left, Left, Right, Left]);
    if found.is_empty() {
        return String::new();
    }
    let head = ["ID", "WHEN", "CLIENT", "TARGET", "VALUES", "RULES"];
    table.row(head.map(|text| (text, "2")));
    for Found { listed, rules, .. } in found {
        let meta = &listed.meta;
        let total: u64 = rules.values().map(|n| u64::from(*n)).sum();
        let each: Vec<String> = rules
            .iter()
            .map(|(rule, n)| format!("{rule} {n}"))
            .collect();
        table.row([
            (ids.of(&meta.id).as_str(), "1"),
            (clock.moment(meta.started).as_str(), ""),
            (meta.client.as_str(), ""),
            (meta.target.label().as_str(), ""),
            (total.to_string().as_str(), ""),
            (each.join(", ").as_str(), "33"),
        ]);
    }
    table.lines(ui.fit(), 5, &|style, text| ui.paint(style, text))
}

fn object(found: &Found) -> serde_json::Value {
    let mut object = open::object(&found.listed);
    object.insert("found".to_owned(), json!(found.rules));
    object.insert("applied".to_owned(), json!(found.applied));
    object.into()
}

fn tell(ui: &mut Ui, args: &Audit, found: &[Found], damaged: usize) {
    let values = found.iter().flat_map(|one| one.rules.values());
    let values = open::count(values.map(|n| u64::from(*n)).sum(), "value");
    let sessions = open::count(count(found.len()), "session");
    ui.say(match (found.is_empty(), args.apply) {
        (true, _) => "rec: today's rules find nothing that is stored in clear".to_owned(),
        (false, true) => format!("rec: masked {values} in {sessions}"),
        (false, false) => {
            format!("rec: {values} in {sessions} would be masked today; --apply masks them")
        }
    });
    if damaged > 0 {
        ui.say(format!(
            "rec: {} could not be looked at; rec vault verify says which",
            open::count(count(damaged), "damaged piece")
        ));
    }
}
