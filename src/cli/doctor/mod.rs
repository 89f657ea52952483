//! `rec doctor`: what stands between the engineer and a recording, one line each.
//!
//! It changes nothing, asks nobody for a secret and waits for nothing longer than [`LOOK_MAX`].

mod clients;
mod config;
mod path;
mod place;
mod terminal;

use super::{Error, Global, Kind, Ui};
use crate::model::Field;
use clap::Args;
use serde::Serialize;
use std::process::ExitCode;
use std::sync::mpsc::channel;
use std::time::Duration;

/// The longest that another program or a service is waited for.
const ASK_MAX: Duration = Duration::from_secs(2);

/// The longest that one group of checks may take: a file system that hangs must not take doctor
/// with it. More than the vault's own patience with another process's lock.
const LOOK_MAX: Duration = Duration::from_secs(8);

/// `rec doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit status: 0 where nothing keeps rec from recording and reading, 1 otherwise.

Examples:
  rec doctor
  rec doctor --json | jq '.[] | select(.state != \"ok\")'")]
pub struct Doctor {
    /// Print an array of checks
    #[arg(long)]
    json: bool,
}

/// One line of the answer.
#[derive(Debug, Serialize)]
pub struct Check {
    /// What was looked at: `vault`, `psql`.
    name: &'static str,
    /// How it is.
    state: State,
    /// What was found.
    text: String,
    /// What to do, where something is to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ok,
    /// Works, and is worth knowing.
    Note,
    /// Keeps rec from recording or reading.
    Bad,
}

impl Check {
    fn new(name: &'static str, state: State, text: impl Into<String>) -> Self {
        let text = text.into();
        Check {
            name,
            state,
            text,
            hint: None,
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl Doctor {
    /// Looks at everything and says what it found.
    ///
    /// # Errors
    /// A stdout that takes nothing.
    pub fn run(self, global: &Global, ui: &mut Ui) -> Result<ExitCode, Error> {
        let mut checks = vec![terminal::check()];
        let global = global.clone();
        checks.extend(within("vault", move || place::checks(&global)));
        checks.extend(within("clients", clients::checks));
        checks.extend(within("another rec", || {
            path::check().into_iter().collect()
        }));
        let text = if self.json {
            let json = serde_json::to_string_pretty(&checks);
            json.map_err(|error| Error::new(Kind::Failed, "no JSON").caused_by(&error))? + "\n"
        } else {
            checks.iter().map(|check| line(check, ui)).collect()
        };
        ui.data(text)
            .map_err(|error| Error::new(Kind::Failed, "stdout takes nothing").caused_by(&error))?;
        let bad = checks.iter().any(|check| check.state == State::Bad);
        Ok(ExitCode::from(u8::from(bad)))
    }
}

/// What `look` finds, unless it takes too long. Then its thread is left behind, and ends with this
/// process.
fn within(name: &'static str, look: impl FnOnce() -> Vec<Check> + Send + 'static) -> Vec<Check> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || sender.send(look()));
    receiver.recv_timeout(LOOK_MAX).unwrap_or_else(|_| {
        let text = format!("no answer within {} seconds", LOOK_MAX.as_secs());
        let hint = "a file system that hangs, or a keyring? strace -f rec doctor shows where";
        vec![Check::new(name, State::Bad, text).hint(hint)]
    })
}

fn line(check: &Check, ui: &Ui) -> String {
    let state = match check.state {
        State::Ok => ui.paint("32", "ok "),
        State::Note => ui.paint("33", "!  "),
        State::Bad => ui.paint("1;31", "BAD"),
    };
    let mut line = format!("{:<12}  {state}  {}\n", check.name, Field(&check.text));
    if let Some(hint) = &check.hint {
        // Below the text: name, two blanks, state, two blanks.
        let indent = " ".repeat(12 + 2 + 3 + 2);
        line.push_str(&format!("{indent}{}\n", Field(hint)));
    }
    line
}
