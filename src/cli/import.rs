//! `rec import`: sessions that somebody shared.

use super::ask::Person;
use super::vault::taken;
use super::{Error, Global, Kind, Ui};
use crate::vault::{BundleError, Vault};
use clap::Args;
use std::fs::File;
use std::io::{Read, stdin};
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
A bundle is what rec export --to wrote. It opens with this vault's own key, or with one in a file. Its
sessions are masked again before they are stored; those that are here already, or were forgotten here,
are left out.

Examples:
  rec vault recipient                 what the other side seals to
  rec import incident.bundle
  rec import incident.bundle --identity ~/.ssh/id_ed25519";

/// Take in sessions that somebody shared with you
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Import {
    /// The bundle; - reads it from stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The age or SSH identity that it is sealed to [default: the vault's own]
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

/// Runs the verb.
///
/// # Errors
/// It is no bundle, is sealed to another key, or the vault cannot be written.
pub fn run(ui: &mut Ui, global: &Global, args: &Import) -> Result<ExitCode, Error> {
    let paths = super::paths(global)?;
    let mut bundle: Box<dyn Read> = match args.file.to_str() {
        Some("-") => Box::new(stdin()),
        _ => Box::new(File::open(&args.file).map_err(|error| {
            let message = format!("{} cannot be read", args.file.display());
            Error::new(Kind::Failed, message).caused_by(&error)
        })?),
    };
    let identity = args.identity.as_deref();
    let done = Vault::import(&paths, &mut bundle, identity, &mut Person::find());
    taken(ui, &done.map_err(|error| failed(error, "read"))?);
    Ok(ExitCode::SUCCESS)
}

/// What is wrong with a bundle, with what to do.
pub fn failed(error: BundleError, doing: &str) -> Error {
    let hint = match &error {
        BundleError::Recipient(_) => {
            "a public key is age1… or a line of an SSH .pub file; the reader's rec vault recipient prints theirs"
        }
        BundleError::Foreign => "name the key that it was sealed to: --identity FILE",
        BundleError::Damaged(_) => "have it sent again; what was whole of it may be here already",
        BundleError::Newer(_) => "update rec",
        BundleError::Write(_) => "nothing of it is left behind",
        BundleError::Vault(_) => "",
    };
    match error {
        BundleError::Vault(error) => error.into(),
        error => {
            let kind = match error {
                BundleError::Recipient(_) => Kind::Usage,
                BundleError::Foreign => Kind::Locked,
                _ => Kind::Failed,
            };
            Error::new(kind, format!("the bundle cannot be {doing}"))
                .caused_by(&error)
                .hint(hint)
        }
    }
}
