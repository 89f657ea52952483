//! `rec unlock`: keep the vault unlocked for a while.

use super::ask::Person;
use super::{Error, Global, Ui};
use crate::vault::{Means, Vault};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

const EXAMPLES: &str = "Examples:
  rec unlock --for 8h
  rec unlock --for 30m --identity ~/.ssh/id_ed25519
  rec lock";

/// Keep the vault unlocked for a while, for all your terminals
///
/// The key is kept by the kernel (never in a file) and forgotten when the time is over, at rec lock,
/// or at a restart.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Unlock {
    /// How long, at most a week: 8h, 30m, 1h30m, 2d
    #[arg(long = "for", value_name = "TIME", value_parser = time, default_value = "8h")]
    time: Duration,

    /// The age or SSH identity to unlock with [env: REC_IDENTITY_FILE=]
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

fn time(text: &str) -> Result<Duration, String> {
    let time = crate::query::duration(text).filter(|time| !time.is_zero());
    time.ok_or_else(|| "write it as 8h, 30m, 1h30m or 2d".to_owned())
}

/// Runs the verb.
///
/// # Errors
/// The vault does not unlock, or the kernel keeps no key.
pub fn run(ui: &mut Ui, global: &Global, args: &Unlock) -> Result<ExitCode, Error> {
    let vault = Vault::open(&super::paths(global)?)?;
    let mut means = Means::from_env();
    if args.identity.is_some() {
        means.identity.clone_from(&args.identity);
    }
    let unlocked = vault.unlock_with(&means, &mut Person::find())?;
    let kept = unlocked.keep(args.time)?;
    ui.say(format!(
        "rec: unlocked for {}, in all your terminals; rec lock ends it",
        crate::model::when::length(kept)
    ));
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_numbers_with_units() {
        let good = [
            ("8h", 28_800),
            ("30m", 1_800),
            ("1h30m", 5_400),
            ("2d", 172_800),
            ("90s", 90),
        ];
        for (text, seconds) in good {
            assert_eq!(time(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "8",
            "h",
            "8x",
            "0h",
            "-1h",
            "99999999999999999999h",
            "1h30",
        ] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
