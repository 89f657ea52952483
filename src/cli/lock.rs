//! `rec lock`: end what `rec unlock` began, and say what else opens the vault.

use super::{Error, Global, Ui};
use crate::vault::{Means, Quiet, SlotKind, Vault};
use clap::Args;
use std::process::ExitCode;

const EXAMPLES: &str = "Examples:
  rec lock";

/// Forget the key that rec unlock keeps
///
/// A key in the login keyring, or in a file without a passphrase, still opens the vault without a
/// question: rec says so.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Lock {}

/// Runs the verb.
///
/// # Errors
/// The vault cannot be opened.
pub fn run(ui: &mut Ui, global: &Global, _args: &Lock) -> Result<ExitCode, Error> {
    let vault = Vault::open(&super::paths(global)?)?;
    let kept = vault.lock();
    let quiet = vault.opens_quietly(&Means::from_env())?;
    if quiet.is_empty() {
        ui.say(match kept {
            true => "rec: locked",
            false => "rec: it was locked already",
        });
        return Ok(ExitCode::SUCCESS);
    }
    ui.say(match kept {
        true => "rec: the key that rec unlock kept is forgotten, but the vault is not locked:",
        false => "rec: rec unlock kept no key, but the vault is not locked:",
    });
    for way in &quiet {
        ui.say(match way {
            Quiet::Slot(id, what) => format!("  slot {id} opens it: {what}"),
            Quiet::Variable(name) => format!("  {name} opens it, where it is set"),
        });
    }
    let mut asks = vault.slots()?.into_iter().map(|slot| slot.kind);
    let asks = asks.any(|kind| kind == SlotKind::Passphrase);
    ui.say(advice(&quiet, asks));
    Ok(ExitCode::SUCCESS)
}

/// What makes it ask; `asks`: there is a passphrase to ask for.
fn advice(quiet: &[Quiet], asks: bool) -> String {
    let mut steps = Vec::new();
    let slots = quiet.iter().filter_map(|way| match way {
        Quiet::Slot(id, _) => Some(format!("rec vault remove-slot {id}")),
        Quiet::Variable(_) => None,
    });
    let slots: Vec<String> = slots.collect();
    if !slots.is_empty() && !asks {
        steps.push("rec vault add-slot --passphrase".to_owned());
    }
    steps.extend(slots);
    steps.extend(quiet.iter().filter_map(|way| match way {
        Quiet::Variable(name) => Some(format!("unset {name}")),
        Quiet::Slot(..) => None,
    }));
    format!("rec: to be asked from now on: {}", steps.join(", then "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_comes_before_what_needs_none_goes() {
        let slot = |id| Quiet::Slot(id, String::new());
        for (quiet, asks, steps) in [
            (
                vec![slot(1)],
                false,
                "rec vault add-slot --passphrase, then rec vault remove-slot 1",
            ),
            (
                vec![slot(1), slot(3)],
                true,
                "rec vault remove-slot 1, then rec vault remove-slot 3",
            ),
            (
                vec![Quiet::Variable("REC_IDENTITY_FILE")],
                true,
                "unset REC_IDENTITY_FILE",
            ),
        ] {
            assert_eq!(
                advice(&quiet, asks),
                format!("rec: to be asked from now on: {steps}")
            );
        }
    }
}
