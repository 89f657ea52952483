//! `rec vault`: ways to unlock it, and whether it is what it was.

mod copies;
mod slots;
mod verify;

use super::{Error, Global, Kind, Ui};
use crate::model::{Stamp, when::civil};
use crate::vault::{Anchor, Vault};
use clap::{Args, Subcommand};
use slots::AddSlot;
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

const REKEY_EXAMPLES: &str = "\
Every slot opens the new key; one whose own key is not at hand must be made available or removed
first. Where nothing shows that each slot was added with the vault's key, they are listed, and you are
asked at the terminal whether they are yours. Whoever copied the old key, or could open a slot that
was removed since, reads nothing that is recorded from now on. With --reseal nothing in this vault
opens with the old key any more; copies of it and backups still do.

Examples:
  rec vault remove-slot 2 && rec vault rekey
  rec vault rekey --reseal";

const BACKUP_EXAMPLES: &str = "\
The copy is one file, sealed as the vault is; recorders go on while it is made. It holds the slots,
but neither the signing seed nor keys in files of their own.

Examples:
  rec vault backup ~/backup/rec-$(date +%F).db
  rec --vault /tmp/v vault restore ~/backup/rec-2026-11-24.db";

const RESTORE_EXAMPLES: &str = "\
Nothing may stand in the vault's directory but what a lost vault.db left. The log begins anew there,
since its seed is not in the copy; rec vault verify takes that for good on this machine.

Examples:
  rec vault restore ~/backup/rec-2026-11-24.db
  rec --vault /tmp/v vault restore ~/backup/rec-2026-11-24.db";

const MERGE_EXAMPLES: &str = "\
What comes from elsewhere is masked again with the rules of today. Sessions that are here already, or
were forgotten here, are left out.

Examples:
  rec vault merge laptop.db --identity laptop-key.txt
  rec vault merge /media/old/rec";

const SALVAGE_EXAMPLES: &str = "\
The damaged vault is only read. Its key and slots open the new one too.

Exit status: 0, 1 where no session could be taken out of it, 2 where the new vault cannot be made or
written.

Examples:
  rec vault salvage ~/rec-salvaged
  rec --vault ~/rec-salvaged ls";

const READS_EXAMPLES: &str = "Examples:
  rec vault reads
  rec vault reads --json | jq -r '.[] | select(.verb == \"export\").at'";

const RECIPIENT_EXAMPLES: &str = "Examples:
  rec vault recipient               give this to whoever is to share sessions with you
  rec vault recipient --json";

const VERIFY_EXAMPLES: &str = "Examples:
  rec vault verify
  rec vault verify --anchor ~/notes/rec-anchors.txt
  rec vault verify --open              also unlocks, and opens every piece
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
        #[arg(value_name = "SLOT", value_parser = slots::number)]
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
    /// List which sessions were read, when and by which verb
    ///
    /// Advisory: it is rec that writes these lines, and a copy that is opened with age writes none.
    #[command(after_help = READS_EXAMPLES)]
    Reads {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the vault's public key
    #[command(after_help = RECIPIENT_EXAMPLES)]
    Recipient {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Copy the vault into one file
    #[command(after_help = BACKUP_EXAMPLES)]
    Backup {
        /// The file, which must not exist
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Make the vault from a copy
    #[command(after_help = RESTORE_EXAMPLES)]
    Restore {
        /// What rec vault backup wrote
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Take in the sessions of another vault
    #[command(after_help = MERGE_EXAMPLES)]
    Merge(Other),
    /// Copy all that still opens of a damaged vault into a new one
    #[command(after_help = SALVAGE_EXAMPLES)]
    Salvage {
        /// An empty directory for the new vault
        #[arg(value_name = "DIR")]
        dir: PathBuf,
    },
    /// Check that nothing was altered, cut off or put in; needs no key
    ///
    /// Tells altered, missing, reordered, truncated and forged apart; forgotten sessions are no
    /// fault. It cannot see what was sealed untruthfully, what a copied seal.seed signed, or, without
    /// an anchor, that all files together are older copies. Exits 1 when something is wrong.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify {
        /// A line that rec vault anchor printed, or a file whose last line is one: older files are
        /// told too
        #[arg(long, value_name = "ANCHOR", value_parser = verify::kept_anchor)]
        anchor: Option<Anchor>,
        /// Unlock the vault and open every piece too
        #[arg(long)]
        open: bool,
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

pub use copies::tell as taken;

/// Another vault and its key.
#[derive(Debug, Args)]
pub struct Other {
    /// Its directory, or a copy of it that rec vault backup wrote
    #[arg(value_name = "PATH")]
    path: PathBuf,

    /// The age or SSH identity that opens it
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

/// Runs the verb.
///
/// # Errors
/// What the vault says.
pub fn run(ui: &mut Ui, global: &Global, args: &VaultArgs) -> Result<ExitCode, Error> {
    let paths = super::paths(global)?;
    match &args.what {
        What::Rekey { reseal, yes } => return slots::rekey(ui, &paths, *reseal, *yes),
        What::Restore { file } => return copies::restore(ui, &paths, file),
        What::Merge(other) => return copies::merge(ui, &paths, other),
        What::Salvage { dir } => return copies::salvage(ui, &paths, dir),
        _ => {}
    }
    let vault = Vault::open(&paths)?;
    match &args.what {
        What::Slots { json } => slots::slots(ui, &vault, *json)?,
        What::AddSlot(add) => slots::add_slot(ui, vault, &add.way)?,
        What::RemoveSlot { slot } => slots::remove_slot(ui, vault, *slot)?,
        What::Verify { anchor, open, json } => {
            return verify::verify(ui, vault, anchor.as_ref(), *open, *json);
        }
        What::Anchor { json } => verify::anchor(ui, &vault, *json)?,
        What::Reads { json } => slots::reads(ui, vault, *json)?,
        What::Recipient { json } => slots::recipient(ui, &vault, *json)?,
        What::Backup { file } => copies::backup(ui, &vault, file)?,
        What::Rekey { .. } | What::Restore { .. } | What::Merge(_) | What::Salvage { .. } => {}
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
