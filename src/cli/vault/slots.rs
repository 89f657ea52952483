//! Ways to unlock the vault, and new keys for it.

use super::{Error, Kind, Ui, date, out};
use crate::cli::ask::{Person, confirm};
use crate::cli::open;
use crate::config::Paths;
use crate::model::Field;
use crate::vault::{self, Ask, Means, NewWay, Slot, SlotKind, Unlocked, Vault};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Which way to add
#[derive(Debug, Args)]
pub struct AddSlot {
    #[command(flatten)]
    pub way: Way,
}

/// A way to unlock
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Way {
    /// A key that is printed once, to be written down
    #[arg(long)]
    recovery: bool,

    /// A passphrase (typed, or from REC_PASSPHRASE_FILE)
    #[arg(long)]
    passphrase: bool,

    /// An age or SSH identity file, or a public key
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,

    /// A key in the login keyring
    #[arg(long)]
    keyring: bool,
}

/// A slot as it is listed.
pub fn number(text: &str) -> Result<i64, String> {
    text.parse()
        .map_err(|_| "a slot is a number, as rec vault slots lists it".to_owned())
}

pub fn slots(ui: &mut Ui, vault: &Vault, json: bool) -> Result<(), Error> {
    let slots = vault.slots()?;
    if json {
        let all: Vec<_> = slots
            .iter()
            .map(|slot| {
                json!({
                    "slot": slot.id,
                    "kind": slot.kind.name(),
                    "place": slot.place,
                    "added": added(slot),
                })
            })
            .collect();
        return out(ui, &format!("{}\n", json!(all)));
    }
    let mut text = format!("{:<5} {:<11} {:<11} KEY\n", "SLOT", "KIND", "ADDED");
    for slot in &slots {
        let key = match slot.kind {
            SlotKind::Keyring => "in the login keyring".to_owned(),
            SlotKind::Passphrase => "your passphrase".to_owned(),
            SlotKind::File => format!("{}, in clear", slot.path(vault.dir()).display()),
            SlotKind::Identity => slot.place.clone(),
            SlotKind::Recovery => "written down (AGE-SECRET-KEY-1…)".to_owned(),
        };
        let (id, kind) = (slot.id, slot.kind.name());
        text.push_str(&format!(
            "{id:<5} {kind:<11} {:<11} {}\n",
            added(slot),
            Field(&key)
        ));
    }
    out(ui, &text)
}

fn added(slot: &Slot) -> String {
    date(slot.day)
}

pub fn add_slot(ui: &mut Ui, vault: Vault, way: &Way) -> Result<(), Error> {
    let mut person = Person::find();
    // What has to be asked is asked before anything is unlocked or written.
    let new = match way {
        Way {
            identity: Some(file),
            ..
        } => NewWay::Identity(file.clone()),
        Way {
            passphrase: true, ..
        } => NewWay::Passphrase(new_passphrase(&mut person)?),
        Way { keyring: true, .. } => NewWay::Keyring,
        Way { .. } => NewWay::Recovery,
    };
    let mut unlocked = vault.unlock(&mut person)?;
    let added = unlocked.add_slot(new).map_err(|error| {
        let no_keyring = matches!(error, vault::Error::Keyring(_));
        let mut error = Error::from(error);
        if no_keyring {
            // The vault is there already: not what rec init is told.
            error.hints.clear();
            error = error.hint("rec vault add-slot --passphrase, --identity FILE or --recovery");
        }
        error
    })?;
    if let Some(key) = &added.recovery {
        ui.say("rec: this is the only time this key is shown. Write it down, or print it; keep it away from this machine.");
        out(ui, &format!("{}\n", key.as_str()))?;
        ui.say("rec: with it: rec unlock --identity FILE-WITH-THE-KEY, or type it where the passphrase is asked for");
    }
    ui.say(format!("rec: added slot {}", added.id));
    Ok(())
}

fn new_passphrase(person: &mut Person) -> Result<age::secrecy::SecretString, Error> {
    if let Some(passphrase) = Means::from_env().passphrase()? {
        return Ok(passphrase);
    }
    if !person.present() {
        let message = "there is no terminal to ask for a passphrase on";
        return Err(Error::new(Kind::Usage, message)
            .hint("REC_PASSPHRASE_FILE=FILE rec vault add-slot --passphrase"));
    }
    person
        .new_passphrase()
        .ok_or_else(|| vault::Error::Cancelled.into())
}

pub fn remove_slot(ui: &mut Ui, mut vault: Vault, id: i64) -> Result<(), Error> {
    let slot = vault.remove_slot(id)?;
    ui.say(format!("rec: removed slot {id} ({})", slot.kind.name()));
    ui.say("rec: whoever opened the vault with it before may have kept a copy of its key; what is recorded, and what will be, opens with such a copy until rec vault rekey --reseal");
    if slot.kind == SlotKind::File {
        let path = slot.path(vault.dir());
        ui.say(format!(
            "rec: {} is the vault's own key and still opens it: delete it",
            path.display()
        ));
    }
    Ok(())
}

/// Gives the vault a new key, and with `reseal` its past too.
pub fn rekey(ui: &mut Ui, paths: &Paths, reseal: bool, yes: bool) -> Result<ExitCode, Error> {
    let mut person = Person::find();
    let means = Means::from_env();
    let mut unlocked = Vault::open(paths)?.unlock_with(&means, &mut person)?;
    confirm("rec: give the vault a new key?", yes)?;
    unlocked.rekey(paths, &means, &mut person)?;
    let recipient = unlocked.vault().recipient().to_string();
    ui.say(format!(
        "rec: the vault has a new key; everything from now on is sealed to {recipient}"
    ));
    if reseal {
        again(ui, &mut unlocked)?;
    } else {
        ui.say("rec: what is recorded already still opens with the old key, for whoever has a copy; --reseal takes that away");
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the public key, for those who seal something to this vault.
pub fn recipient(ui: &mut Ui, vault: &Vault, json: bool) -> Result<(), Error> {
    let recipient = vault.recipient();
    if json {
        let object = json!({
            "recipient": recipient.to_string(),
            "fingerprint": recipient.fingerprint(),
        });
        return out(ui, &format!("{object}\n"));
    }
    out(ui, &format!("{recipient}\n"))
}

fn again(ui: &mut Ui, unlocked: &mut Unlocked) -> Result<(), Error> {
    // indicatif draws nothing where stderr is no terminal.
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let done = unlocked.reseal(&mut |at, of| {
        bar.set_length(of);
        bar.set_position(at);
    });
    bar.finish_and_clear();
    let done = done?;
    ui.say(format!(
        "rec: sealed {} again; copies and backups of before still open with the old key",
        open::count(done.sessions, "session")
    ));
    if done.recording > 0 {
        ui.say(format!(
            "rec: {} being recorded kept the old key: run rec vault rekey --reseal once more when they are over",
            open::count(done.recording, "session")
        ));
    }
    if done.damaged > 0 {
        ui.say(format!(
            "rec: {} did not open and stayed; rec vault verify says which",
            open::count(done.damaged, "damaged piece")
        ));
    }
    Ok(())
}

/// Lists which sessions were read.
pub fn reads(ui: &mut Ui, vault: Vault, json: bool) -> Result<(), Error> {
    let unlocked = vault.unlock(&mut Person::find())?;
    let reads = unlocked.reads()?;
    if json {
        let each = reads.iter().map(|read| {
            json!({
                "at": jiff::Timestamp::from_microsecond(read.at.0).ok().map(|at| format!("{at:.0}")),
                "verb": read.verb,
                "sessions": read.sessions,
            })
        });
        let all: Vec<_> = each.collect();
        return out(ui, &format!("{}\n", json!(all)));
    }
    if reads.is_empty() {
        ui.say("rec: no session was read yet");
        return Ok(());
    }
    let clock = open::Clock::system();
    let rows = unlocked.rows()?;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let mut text = String::new();
    for read in reads {
        let sessions: Vec<String> = read.sessions.iter().map(|id| id.short(&ids)).collect();
        text.push_str(&format!(
            "{:<20} {:<8} {}\n",
            clock.second(read.at),
            Field(&read.verb),
            sessions.join(" ")
        ));
    }
    out(ui, &text)
}
