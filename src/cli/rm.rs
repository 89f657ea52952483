//! `rec rm`: forget sessions for good.

use super::open::{self, Clock, Index};
use super::table::{Align, Table};
use super::{Error, Global, Ui, ask, prune};
use crate::config::Config;
use crate::model::{SessionId, ShortIds};
use crate::vault::Forgotten;
use crate::vault::index::Listed;
use crate::vault::retention::size;
use clap::Args;
use std::process::ExitCode;

const EXAMPLES: &str = "\
What was recorded is overwritten in the vault, its log and its index. The signed log keeps that a
session of that day was removed, and nothing of it. Snapshots, backups and worn flash cells are out
of rec's reach. A pinned session stays (rec unpin), and so does one that retention.min_age holds.

Examples:
  rec rm @last
  rec rm 7f3a 90bc --yes";

/// Forget sessions for good
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Rm {
    /// Which: beginnings of ids, @last, @2
    #[arg(value_name = "ID", required = true, add = super::complete::sessions())]
    ids: Vec<String>,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Runs the verb.
///
/// # Errors
/// One of the sessions may not go; then none does.
pub fn run(ui: &mut Ui, global: &Global, args: &Rm) -> Result<ExitCode, Error> {
    let mut library = open::library(global, Index::Keep)?;
    let mut chosen: Vec<Listed> = Vec::new();
    for name in &args.ids {
        let listed = library.listed(library.unlocked().find(name)?)?;
        if chosen.iter().all(|known| known.id() != listed.id()) {
            chosen.push(listed);
        }
    }
    let ids: Vec<SessionId> = chosen.iter().map(Listed::id).collect();
    if !args.yes {
        let short = open::short_ids(&library)?;
        ui.say(table(ui, &short, &chosen).trim_end());
    }
    let sessions = open::count(number(ids.len()), "session");
    ask::confirm(&format!("rec: forget {sessions} for good?"), args.yes)?;
    let paths = super::paths(global)?;
    let retention = prune::retention(&Config::load(&paths))?;
    library.unlocked_mut().set_hold(retention.min_age())?;
    let done = library.forget(&ids, "removed")?;
    tell(ui, &done);
    Ok(ExitCode::SUCCESS)
}

fn number(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

fn table(ui: &Ui, ids: &ShortIds, sessions: &[Listed]) -> String {
    use Align::{Left, Right};
    let clock = Clock::system();
    let mut table = Table::new(&[Left, Left, Left, Right]);
    for listed in sessions {
        let meta = &listed.meta;
        table.row([
            (ids.of(&meta.id).as_str(), ""),
            (clock.moment(meta.started).as_str(), ""),
            (open::label(meta).as_str(), ""),
            (
                open::count(listed.summary.commands.into(), "command").as_str(),
                "",
            ),
        ]);
    }
    table.lines(Some(ui.width), 2, &|_, text| text.to_owned())
}

/// Says what was forgotten.
pub fn tell(ui: &mut Ui, done: &Forgotten) {
    let sessions = open::count(number(done.sessions), "session");
    ui.say(format!("rec: forgot {sessions} ({})", size(done.bytes)));
    open::tell_left(ui, done.left);
}
