//! Copies of the vault, and vaults from copies.

use super::{Error, Other, Ui};
use crate::cli::ask::Person;
use crate::cli::open;
use crate::config::Paths;
use crate::vault::retention::size;
use crate::vault::{self, Means, Step, Taken, Vault};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::path::Path;
use std::process::ExitCode;

/// The exit status of a salvage that found nothing, as that of a search: whoever puts the new vault in
/// the place of the old one must not.
const NOTHING: u8 = 1;

/// Copies the vault into one file.
pub fn backup(ui: &mut Ui, vault: &Vault, file: &Path) -> Result<(), Error> {
    let copied = vault.backup(file)?;
    ui.say(format!(
        "rec: copied {} ({}) to {}",
        open::count(copied.sessions, "session"),
        size(copied.bytes),
        file.display()
    ));
    if let Some(anchor) = copied.anchor {
        ui.say(format!("rec: its anchor: {} {}", anchor.entry, anchor.hash));
    }
    for key in copied.keys {
        ui.say(format!(
            "rec: it opens only with {}, which is not in it: keep a copy of that elsewhere, or add a slot (rec vault add-slot --recovery)",
            key.display()
        ));
    }
    Ok(())
}

/// Makes the vault from a copy.
pub fn restore(ui: &mut Ui, paths: &Paths, file: &Path) -> Result<ExitCode, Error> {
    let vault = vault::restore(paths, file)?;
    let sessions = u64::try_from(vault.rows()?.len()).unwrap_or(u64::MAX);
    ui.say(format!(
        "rec: restored {} into {}",
        open::count(sessions, "session"),
        vault.dir().display()
    ));
    ui.say("rec: what was recorded after the copy was made is not in it; rec vault verify checks the rest");
    Ok(ExitCode::SUCCESS)
}

/// Takes in the sessions of another vault.
pub fn merge(ui: &mut Ui, paths: &Paths, other: &Other) -> Result<ExitCode, Error> {
    let mut means = Means::from_env();
    if other.identity.is_some() {
        means.identity.clone_from(&other.identity);
    }
    let taken = with_progress(|progress| {
        Vault::merge(paths, &other.path, &means, &mut Person::find(), progress)
    })?;
    tell(ui, &taken);
    Ok(ExitCode::SUCCESS)
}

/// Copies all that still opens into a new vault.
pub fn salvage(ui: &mut Ui, paths: &Paths, dir: &Path) -> Result<ExitCode, Error> {
    let to = Paths {
        vault: dir.to_owned(),
        ..paths.clone()
    };
    let means = Means::from_env();
    let taken = with_progress(|progress| {
        vault::salvage(&to, &paths.vault, &means, &mut Person::find(), progress)
    })?;
    tell(ui, &taken);
    if taken.unowned {
        ui.say(format!(
            "rec: nothing shows that each of its keyslots is yours: take out what is not before this vault gets a new key: rec --vault {} vault slots",
            dir.display()
        ));
    }
    if taken.sessions == 0 {
        ui.say("rec: no session could be taken out of it; it is as it was");
        return Ok(ExitCode::from(NOTHING));
    }
    ui.say(format!(
        "rec: look at it with: rec --vault {} ls",
        dir.display()
    ));
    Ok(ExitCode::SUCCESS)
}

fn with_progress<T>(work: impl FnOnce(&mut dyn FnMut(Step, u64, u64)) -> T) -> T {
    // indicatif draws nothing where stderr is no terminal.
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let done = work(&mut |step, at, of| {
        let style = match step {
            Step::Reading => "rec: reading what can be read {bar:30} {percent}%",
            Step::TakingIn => "rec: taking in {bar:30} {pos}/{len} sessions {eta}",
        };
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.set_length(of);
        bar.set_position(at);
    });
    bar.finish_and_clear();
    done
}

/// Says what came in and what did not.
pub fn tell(ui: &mut Ui, taken: &Taken) {
    ui.say(format!(
        "rec: took in {}, masked again ({} masked)",
        open::count(taken.sessions, "session"),
        open::count(taken.masked, "value")
    ));
    let left = [
        (taken.known, "session", "here already, or forgotten here"),
        (taken.recording, "session", "still being recorded there"),
        (
            taken.nameless,
            "session",
            "without a name: its metadata did not open",
        ),
        (taken.damaged, "piece", "damaged, and left out"),
    ];
    for (n, what, why) in left.into_iter().filter(|(n, ..)| *n > 0) {
        ui.say(format!("rec: {} {why}", open::count(n, what)));
    }
}
