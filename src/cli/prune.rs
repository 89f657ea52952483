//! `rec prune`: forget what is beyond the limits of `[retention]`.

use super::open::{self, Clock, Index};
use super::table::{Align, Table};
use super::{Error, Global, Kind, Ui, rm};
use crate::config::{Config, Paths, Retention};
use crate::model::{SessionId, Stamp, when};
use crate::vault::index::Library;
use crate::vault::retention::{Doomed, HeldBack, fill, size};
use clap::Args;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::process::ExitCode;

/// Holds the day on which rules were applied last.
const PRUNED: &str = "pruned";
/// Sessions that one reading removes at most.
const AT_ONCE: usize = 64;

const EXAMPLES: &str = "\
The limits stand in the configuration file:

  [retention]
  max_age = \"1y\"             older sessions go
  max_size = \"20GB\"          then the oldest, until the vault has no more than this
  max_count = 10000           all but the newest
  min_age = \"30d\"            a hold: nothing younger goes, not even by rec rm
  [[retention.rule]]
  target = \"prod*\"           host, database or user; the first rule that fits decides
  max_age = \"5y\"

After each recording a few sessions that are due go by themselves; limits of rules, which need the
vault's key, are applied by this verb and when the vault is read. Pinned sessions stay.

Examples:
  rec prune --dry-run
  rec prune --dry-run --json | jq -r '.[].id'
  rec prune";

/// Forget the sessions that are beyond the limits
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Prune {
    /// Only list what would go, and why
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Print an array of sessions
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
///
/// # Errors
/// The configuration or the vault cannot be read or written.
pub fn run(ui: &mut Ui, global: &Global, args: &Prune) -> Result<ExitCode, Error> {
    let paths = super::paths(global)?;
    let retention = retention(&Config::load(&paths))?;
    let mut library = open::library(global, Index::Keep)?;
    if !args.dry_run {
        library.unlocked_mut().set_hold(retention.min_age())?;
    }
    let (doomed, held) = doomed(&library, &retention)?;
    if args.json {
        open::print(ui, format!("{:#}\n", json(&doomed)))?;
    } else if doomed.is_empty() {
        if held.is_none() {
            ui.say(nothing(&retention));
        }
    } else {
        let short = open::short_ids(&library)?;
        let mut table = Table::new(&[Align::Left, Align::Left, Align::Right, Align::Left]);
        table.row(["ID", "DAY", "SIZE", "WHY"].map(|head| (head, "2")));
        for gone in &doomed {
            table.row([
                (short.of(&gone.id).as_str(), "1"),
                (day(gone.day).as_str(), ""),
                (size(gone.bytes).as_str(), ""),
                (gone.why.as_str(), ""),
            ]);
        }
        let lines = table.lines(ui.fit(), 3, &|style, text| ui.paint(style, text));
        open::print(ui, lines)?;
    }
    if let Some(held) = held {
        let sessions = open::count(u64::try_from(held.sessions).unwrap_or(u64::MAX), "session");
        let until = day(held.until);
        ui.say(format!(
            "rec: a hold (retention.min_age) keeps {sessions} that would go, the first until {until}"
        ));
    }
    if !args.dry_run && !doomed.is_empty() {
        let done = forget(&mut library, &doomed)?;
        rm::tell(ui, &done);
    }
    let rows = library.unlocked().rows()?;
    if let Some(fill) = fill(&retention, &rows).filter(|fill| fill.is_near()) {
        ui.say(format!(
            "rec: the vault has {} of {}; beyond that the oldest sessions go",
            size(fill.bytes),
            size(fill.limit)
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// What the configuration says of retention.
///
/// # Errors
/// It cannot be read.
pub fn retention(config: &Result<Config, crate::config::Error>) -> Result<Retention, Error> {
    match config {
        Ok(config) => Ok(config.retention.clone()),
        Err(error) => Err(Error::new(Kind::Failed, "the configuration cannot be used")
            .caused_by(error)
            .hint(error.hint())),
    }
}

/// The sessions beyond the limits, their targets known, and what a hold keeps of them.
///
/// # Errors
/// The vault cannot be read.
pub fn doomed(
    library: &Library,
    retention: &Retention,
) -> Result<(Vec<Doomed>, Option<HeldBack>), Error> {
    let unlocked = library.unlocked();
    let mut rules: HashMap<SessionId, usize> = HashMap::new();
    if retention.needs_targets() {
        for listed in library.sessions()? {
            if let Some(rule) = retention.rule(&listed.meta.target) {
                rules.insert(listed.id(), rule);
            }
        }
    }
    let rule = |row: &crate::vault::Row| rules.get(&row.id).copied();
    let (vault, rows) = (unlocked.vault(), unlocked.rows()?);
    Ok((
        vault.doomed(retention, &rows, &rule)?,
        vault.held_back(retention, &rows, &rule),
    ))
}

/// Forgets them, each for its own reason.
///
/// # Errors
/// What the file system says; some may be gone then.
pub fn forget(library: &mut Library, doomed: &[Doomed]) -> Result<crate::vault::Forgotten, Error> {
    let mut by_reason: HashMap<&str, Vec<SessionId>> = HashMap::new();
    for gone in doomed {
        by_reason.entry(&gone.why).or_default().push(gone.id);
    }
    let mut total = crate::vault::Forgotten::default();
    for (why, ids) in by_reason {
        let done = library.unlocked_mut().forget(&ids, why)?;
        total.sessions += done.sessions;
        total.bytes = total.bytes.saturating_add(done.bytes);
        total.left = total.left.max(done.left);
    }
    total.left = total.left.max(library.clean_index());
    Ok(total)
}

/// Applies the limits of rules, once a day, when the vault is read anyway. Whatever fails is tried
/// again the next day.
pub fn when_due(library: &mut Library, paths: &Paths) {
    let Ok(retention) = retention(&Config::load(paths)) else {
        return;
    };
    let stamp = paths.state.join(PRUNED);
    let today = Clock::system().now().stamp.day().to_string();
    if !retention.needs_targets() || fs::read_to_string(&stamp).is_ok_and(|day| day == today) {
        return;
    }
    let mut state = fs::DirBuilder::new();
    let made = state.recursive(true).mode(0o700).create(&paths.state);
    if made.and_then(|()| fs::write(&stamp, &today)).is_err() {
        return;
    }
    let pruned = doomed(library, &retention).and_then(|(doomed, _)| {
        for gone in doomed.iter().take(AT_ONCE) {
            library.unlocked_mut().forget(&[gone.id], &gone.why)?;
        }
        Ok(doomed.len())
    });
    match pruned {
        Ok(0) => {}
        Ok(_) => library.refresh(),
        Err(error) => tracing::warn!(%error, "nothing was pruned"),
    }
}

fn nothing(retention: &Retention) -> &'static str {
    if retention.is_limited() {
        "rec: nothing is beyond the limits"
    } else {
        "rec: everything is kept: the configuration has no [retention] with a limit"
    }
}

fn json(doomed: &[Doomed]) -> Value {
    let each = doomed.iter().map(|gone| {
        json!({
            "id": gone.id.hex(),
            "day": day(gone.day),
            "bytes": gone.bytes,
            "why": gone.why,
        })
    });
    Value::Array(each.collect())
}

fn day(day: i64) -> String {
    let stamp = Stamp(day.saturating_mul(86_400_000_000));
    when::civil(stamp, 0).map_or_else(String::new, |at| at.date().to_string())
}
