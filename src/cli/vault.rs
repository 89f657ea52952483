//! `rec vault`: ways to unlock it, and whether it is what it was.

use super::ask::Person;
use super::{Error, Global, Kind, Ui};
use crate::model::{Field, Stamp, when::civil};
use crate::vault::{self, Anchor, Ask, Means, NewWay, Report, Slot, SlotKind, Vault};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "Examples:
  rec vault verify
  rec vault slots
  rec vault add-slot --recovery
  rec vault anchor > anchor.txt";

const SLOTS_EXAMPLES: &str = "Examples:
  rec vault slots
  rec vault slots --json | jq -r '.[].kind'";

const ADD_EXAMPLES: &str = "Examples:
  rec vault add-slot --recovery              prints a key once: write it down
  rec vault add-slot --identity ~/.ssh/id_ed25519
  rec vault add-slot --passphrase";

const REMOVE_EXAMPLES: &str = "Examples:
  rec vault slots
  rec vault remove-slot 2";

const VERIFY_EXAMPLES: &str = "Examples:
  rec vault verify
  rec vault verify --anchor \"$(tail -1 ~/notes/rec-anchors.txt)\"
  rec vault verify --json | jq '.findings[]'";

const ANCHOR_EXAMPLES: &str = "Examples:
  rec vault anchor >> ~/notes/rec-anchors.txt
  rec vault anchor --json";

/// Look after the vault
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct VaultArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the ways to unlock it
    #[command(after_help = SLOTS_EXAMPLES)]
    Slots {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Add a way to unlock it
    #[command(after_help = ADD_EXAMPLES)]
    AddSlot(AddSlot),
    /// Remove a way to unlock it
    #[command(after_help = REMOVE_EXAMPLES)]
    RemoveSlot {
        /// Its number in rec vault slots
        #[arg(value_name = "SLOT")]
        slot: i64,
    },
    /// Check that nothing was altered, cut off or put in; needs no key
    ///
    /// Tells altered, missing, reordered, truncated and forged apart; forgotten sessions are no
    /// fault. It cannot see what was sealed untruthfully, what a copied seal.seed signed, or, without
    /// an anchor, that all files together are older copies. Exits 1 when something is wrong.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify {
        /// A line that rec vault anchor printed: older files are told too
        #[arg(long, value_name = "ANCHOR")]
        anchor: Option<Anchor>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the head of the log, to be kept elsewhere
    ///
    /// Someone who puts older copies of all files in place leaves no other trace than a log that
    /// does not contain this entry.
    #[command(after_help = ANCHOR_EXAMPLES)]
    Anchor {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
struct AddSlot {
    #[command(flatten)]
    way: Way,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Way {
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

/// Runs the verb.
///
/// # Errors
/// What the vault says.
pub fn run(ui: &mut Ui, global: &Global, args: &VaultArgs) -> Result<ExitCode, Error> {
    let vault = Vault::open(&super::paths(global)?)?;
    match &args.what {
        What::Slots { json } => slots(ui, &vault, *json)?,
        What::AddSlot(add) => add_slot(ui, vault, &add.way)?,
        What::RemoveSlot { slot } => remove_slot(ui, vault, *slot)?,
        What::Verify { anchor, json } => return verify(ui, vault, anchor.as_ref(), *json),
        What::Anchor { json } => anchor(ui, &vault, *json)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn slots(ui: &mut Ui, vault: &Vault, json: bool) -> Result<(), Error> {
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

fn date(day: i64) -> String {
    let stamp = Stamp(day.saturating_mul(86_400_000_000));
    civil(stamp, 0).map_or_else(String::new, |at| at.date().to_string())
}

fn add_slot(ui: &mut Ui, vault: Vault, way: &Way) -> Result<(), Error> {
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
    let added = unlocked.add_slot(new)?;
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

fn remove_slot(ui: &mut Ui, mut vault: Vault, id: i64) -> Result<(), Error> {
    let slot = vault.remove_slot(id)?;
    ui.say(format!("rec: removed slot {id} ({})", slot.kind.name()));
    ui.say("rec: whoever opened the vault with it before may have kept a copy of its key; what is recorded still opens with such a copy");
    if slot.kind == SlotKind::File {
        let path = slot.path(vault.dir());
        ui.say(format!(
            "rec: {} is the vault's own key and still opens it: delete it",
            path.display()
        ));
    }
    Ok(())
}

fn verify(
    ui: &mut Ui,
    mut vault: Vault,
    anchor: Option<&Anchor>,
    json: bool,
) -> Result<ExitCode, Error> {
    let report = vault.verify(anchor)?;
    let text = if json {
        verified_json(&report)
    } else {
        verified(&report)
    };
    out(ui, &text)?;
    if report.findings.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::from(1))
}

fn verified(report: &Report) -> String {
    let ids: Vec<_> = report.findings.iter().filter_map(|f| f.session).collect();
    let mut text = String::new();
    for finding in &report.findings {
        let said = Field(&finding.text);
        match (finding.session, finding.day) {
            (Some(id), Some(day)) => {
                text.push_str(&format!("{}: {said}   ({})\n", id.short(&ids), date(day)));
            }
            (Some(id), None) => text.push_str(&format!("{}: {said}\n", id.short(&ids))),
            (None, _) => text.push_str(&format!("vault: {said}\n")),
        }
    }
    let good = report.findings.iter().all(|f| f.session.is_some());
    let forgotten = match report.pruned {
        0 => String::new(),
        n => format!(" {n} forgotten in order."),
    };
    let head = report.head.map_or_else(String::new, |h| h.to_string());
    text.push_str(&format!(
        "{} of {} sessions intact.{forgotten} Log: {} entries, {}, head {}\n",
        report.intact,
        report.sessions,
        report.entries,
        if good { "signatures good" } else { "not whole" },
        head.get(..16).unwrap_or("none"),
    ));
    text
}

fn verified_json(report: &Report) -> String {
    let findings: Vec<_> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "kind": finding.wrong.name(),
                "session": finding.session,
                "piece": finding.piece,
                "day": finding.day.map(date),
                "text": finding.text,
            })
        })
        .collect();
    let report = json!({
        "sessions": report.sessions,
        "intact": report.intact,
        "pruned": report.pruned,
        "entries": report.entries,
        "head": report.head,
        "findings": findings,
    });
    format!("{report}\n")
}

fn anchor(ui: &mut Ui, vault: &Vault, json: bool) -> Result<(), Error> {
    let (entry, hash) = vault.anchor()?.ok_or_else(|| {
        Error::new(Kind::Failed, "the vault's log has no entries").hint("rec vault verify")
    })?;
    if json {
        let anchor = json!({ "entry": entry, "hash": hash });
        return out(ui, &format!("{anchor}\n"));
    }
    out(ui, &format!("{entry} {hash}\n"))
}

fn out(ui: &mut Ui, text: &str) -> Result<(), Error> {
    ui.data(text)
        .map_err(|e| Error::new(Kind::Failed, "cannot write to stdout").caused_by(&e))
}
