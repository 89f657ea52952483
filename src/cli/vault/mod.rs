//! `rec vault`: ways to unlock it, and whether it is what it was.

mod slots;
mod verify;

use super::{Error, Global, Kind, Ui};
use crate::model::{Stamp, when::civil};
use crate::vault::{Anchor, Vault};
use clap::{Args, Subcommand};
use slots::AddSlot;
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

const REKEY_EXAMPLES: &str = "\
Every slot opens the new key; one whose own key is not at hand must be made available or removed
first. Whoever copied the old key, or could open a slot that was removed since, reads nothing that is
recorded from now on. With --reseal nothing in this vault opens with the old key any more; copies of
it and backups still do.

Examples:
  rec vault remove-slot 2 && rec vault rekey
  rec vault rekey --reseal";

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
    /// Give the vault a new key
    #[command(after_help = REKEY_EXAMPLES)]
    Rekey {
        /// Seal all that is recorded already to the new key too
        #[arg(long)]
        reseal: bool,

        /// Do not ask
        #[arg(short, long)]
        yes: bool,
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

/// Runs the verb.
///
/// # Errors
/// What the vault says.
pub fn run(ui: &mut Ui, global: &Global, args: &VaultArgs) -> Result<ExitCode, Error> {
    let paths = super::paths(global)?;
    if let What::Rekey { reseal, yes } = args.what {
        slots::rekey(ui, &paths, reseal, yes)?;
        return Ok(ExitCode::SUCCESS);
    }
    let vault = Vault::open(&paths)?;
    match &args.what {
        What::Slots { json } => slots::slots(ui, &vault, *json)?,
        What::AddSlot(add) => slots::add_slot(ui, vault, &add.way)?,
        What::RemoveSlot { slot } => slots::remove_slot(ui, vault, *slot)?,
        What::Verify { anchor, json } => return verify::verify(ui, vault, anchor.as_ref(), *json),
        What::Anchor { json } => verify::anchor(ui, &vault, *json)?,
        What::Rekey { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn date(day: i64) -> String {
    let stamp = Stamp(day.saturating_mul(86_400_000_000));
    civil(stamp, 0).map_or_else(String::new, |at| at.date().to_string())
}

fn out(ui: &mut Ui, text: &str) -> Result<(), Error> {
    ui.data(text)
        .map_err(|e| Error::new(Kind::Failed, "cannot write to stdout").caused_by(&e))
}
