//! `rec init`: a new vault, and the first way to unlock it.

use super::ask::Person;
use super::{Error, Global, Kind, Ui};
use crate::config::Paths;
use crate::vault::{self, Ask, Created, Means, NewKey, SlotKind};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "Examples:
  rec init                                   key in the login keyring
  rec init --key passphrase
  rec init --key file                        for a machine without a person
  rec init --key file=/etc/rec/backup.key
  rec init --identity ~/.ssh/id_ed25519      unlock with a key you have";

/// Make a vault
///
/// Everything recorded is sealed to the vault's public key. Its secret key is kept as you choose
/// here; rec vault add-slot adds further ways to unlock. Nothing is asked unless a passphrase is
/// needed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Init {
    /// Where the key is kept: keyring, passphrase, file, or file=PATH
    ///
    /// `file` writes a plain age identity of mode 0600 into the vault's directory (or to PATH).
    /// `passphrase` reads REC_PASSPHRASE_FILE (a path, or the number of a descriptor) if it is set.
    #[arg(long, value_name = "WAY", value_parser = way, conflicts_with = "identity")]
    key: Option<Way>,

    /// Unlock with this age or SSH identity file
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

#[derive(Clone, Debug)]
enum Way {
    Keyring,
    Passphrase,
    File(Option<PathBuf>),
}

fn way(word: &str) -> Result<Way, String> {
    match word.split_once('=') {
        None if word == "keyring" => Ok(Way::Keyring),
        None if word == "passphrase" => Ok(Way::Passphrase),
        None if word == "file" => Ok(Way::File(None)),
        Some(("file", path)) if !path.is_empty() => Ok(Way::File(Some(path.into()))),
        _ => Err("it is one of keyring, passphrase, file, file=PATH".to_owned()),
    }
}

/// Runs the verb.
///
/// # Errors
/// What [`vault::create`] says.
pub fn run(ui: &mut Ui, global: &Global, args: &Init) -> Result<ExitCode, Error> {
    let paths = super::paths(global)?;
    let created = match (&args.identity, &args.key) {
        (Some(file), _) => vault::create(&paths, NewKey::Identity(file.clone()))?,
        (None, Some(Way::Keyring)) => vault::create(&paths, NewKey::Keyring)?,
        (None, Some(Way::Passphrase)) => with_passphrase(&paths)?,
        (None, Some(Way::File(path))) => vault::create(&paths, NewKey::File(path.clone()))?,
        (None, None) => match vault::create(&paths, NewKey::Keyring) {
            Err(vault::Error::Keyring(why)) if Person::find().present() => {
                ui.say(format!("rec: {why}; so a passphrase protects the vault"));
                with_passphrase(&paths)?
            }
            other => other?,
        },
    };
    tell(ui, &created);
    Ok(ExitCode::SUCCESS)
}

fn with_passphrase(paths: &Paths) -> Result<Created, Error> {
    let passphrase = match Means::from_env().passphrase()? {
        Some(passphrase) => passphrase,
        None => {
            let mut person = Person::find();
            if !person.present() {
                let message = "there is no terminal to ask for a passphrase on";
                return Err(Error::new(Kind::Usage, message)
                    .hint("REC_PASSPHRASE_FILE=FILE rec init --key passphrase")
                    .hint("rec init --key file, for a machine without a person"));
            }
            person.new_passphrase().ok_or(vault::Error::Cancelled)?
        }
    };
    Ok(vault::create(paths, NewKey::Passphrase(passphrase))?)
}

/// Two lines: where the vault is, where its key is.
pub fn tell(ui: &mut Ui, created: &Created) {
    let dir = created.vault.dir();
    let key = match created.slot.kind {
        SlotKind::Keyring => "in the login keyring".to_owned(),
        SlotKind::Passphrase => "behind your passphrase".to_owned(),
        SlotKind::File => format!("in {}, in clear", created.slot.path(dir).display()),
        SlotKind::Identity => format!("sealed to {}", created.slot.path(dir).display()),
        SlotKind::Recovery => "a recovery key".to_owned(),
    };
    ui.say(format!(
        "rec: made your vault in {}, its key {key}.",
        dir.display()
    ));
    ui.say("rec: save a recovery key soon: rec vault add-slot --recovery");
}
