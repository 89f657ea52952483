//! `rec doctor`: what stands between the engineer and a recording, one line each.
//!
//! It changes nothing, asks nobody for a secret and waits for nothing longer than [`ASK_MAX`].

mod clients;
mod path;
mod place;
mod terminal;

use super::{Error, Global, Kind, Ui};
use crate::model::Field;
use clap::Args;
use serde::Serialize;
use std::process::ExitCode;
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// The longest that another program or a service is waited for.
const ASK_MAX: Duration = Duration::from_secs(2);

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
        checks.extend(place::checks(global));
        checks.extend(clients::checks());
        checks.extend(path::check());
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

fn line(check: &Check, ui: &Ui) -> String {
    let state = match check.state {
        State::Ok => ui.paint("32", "ok "),
        State::Note => ui.paint("33", "!  "),
        State::Bad => ui.paint("1;31", "BAD"),
    };
    let mut line = format!("{:<12}  {state}  {}\n", check.name, Field(&check.text));
    if let Some(hint) = &check.hint {
        let indent = " ".repeat("            ".width() + 7);
        line.push_str(&format!("{indent}{}\n", Field(hint)));
    }
    line
}
