//! `rec lock`: end what `rec unlock` began.

use super::{Error, Global, Ui};
use crate::vault::Vault;
use clap::Args;
use std::process::ExitCode;

const EXAMPLES: &str = "Examples:
  rec lock";

/// Forget the key that rec unlock keeps
///
/// Keys in the login keyring or in files still unlock the vault by themselves.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Lock {}

/// Runs the verb.
///
/// # Errors
/// The vault cannot be opened.
pub fn run(ui: &mut Ui, global: &Global, _args: &Lock) -> Result<ExitCode, Error> {
    let vault = Vault::open(&super::paths(global)?)?;
    ui.say(if vault.lock() {
        "rec: locked"
    } else {
        "rec: it was not kept unlocked"
    });
    Ok(ExitCode::SUCCESS)
}
