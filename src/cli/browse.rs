//! `rec` without a word: the browser, on a terminal.

use super::{Error, Global, Kind, open, views};
use crate::config::{Config, Paths};
use crate::tui::{self, Library, VaultLibrary};
use crate::vault::{self, Ask, Vault};
use std::io::{IsTerminal, stdin};
use std::process::ExitCode;

/// Runs the browser until its user leaves it.
///
/// # Errors
/// There is no terminal or no vault, or it does not unlock.
pub fn run(global: &Global) -> Result<ExitCode, Error> {
    let screen = match stdin().is_terminal() {
        true => views::look(),
        false => Err(views::NoScreen::Input),
    };
    screen.map_err(|missing| {
        let why = missing.why();
        Error::new(
            Kind::Usage,
            format!("rec alone browses the sessions on a terminal, and {why}"),
        )
        .hint("name a client: rec psql -h db.example.com app")
        .hint("rec ls lists the recorded sessions, rec help the verbs")
    })?;
    let paths = super::paths(global)?;
    // Only looked for: the first frame comes before anything is opened. Where there is nothing to
    // open, no frame comes.
    if std::fs::symlink_metadata(&paths.vault).is_err() {
        Vault::open(&paths).map_err(said)?;
    }
    let model = views::model(&paths);
    let open = move |asker: &mut tui::Asker| library(&paths, asker);
    tui::run(model, open, Vec::new()).map_err(views::ended)?;
    Ok(ExitCode::SUCCESS)
}

fn library(paths: &Paths, ask: &mut dyn Ask) -> Result<Box<dyn Library>, Error> {
    let unlocked = open::unlocked(paths, ask).map_err(said)?;
    let library = VaultLibrary::new(unlocked);
    Ok(match Config::load(paths) {
        Ok(config) => Box::new(library.holding(config.retention.min_age())),
        // What it says of forgetting is not known, so what the vault itself holds counts.
        Err(_) => Box::new(library),
    })
}

/// As anywhere, but for who has just installed rec and types its name to see what it does.
fn said(error: vault::Error) -> Error {
    match error {
        vault::Error::NoVault { dir } => {
            let message = format!(
                "nothing is recorded yet: there is no vault in {}",
                dir.display()
            );
            Error::new(Kind::Failed, message)
                .hint("put rec before a client, that makes one: rec psql -h db.example.com app")
                .hint("rec demo shows a recording first, in a vault that it throws away")
        }
        error => error.into(),
    }
}
