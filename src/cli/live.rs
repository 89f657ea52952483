//! `rec pause`, `rec resume`, `rec mark` and `rec discard`: wishes for a session that is being
//! recorded, said from within it (`\! rec pause`) or from another terminal.
//!
//! Four verbs in one file: each is one request over the session's control socket.

use super::{Error, Global, Kind, Ui};
use crate::record::{self, Unreached};
use clap::Args;
use std::process::ExitCode;

/// Take a running session off the record
///
/// Nothing that follows is recorded until rec resume (or Ctrl-] p); the recording shows the gap.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rec pause              the session of this terminal, else the only one
  rec pause 7f3a         that session, from anywhere
  \\! rec pause           from within psql or mysql")]
pub struct Pause {
    #[command(flatten)]
    whose: Whose,
}

/// Put a paused session on the record again
///
/// What was drawn meanwhile stays blank in the recording until it is drawn again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rec resume
  rec resume 7f3a")]
pub struct Resume {
    #[command(flatten)]
    whose: Whose,
}

/// Mark this moment of a running session
///
/// Markers are listed by rec show and are places to jump to in a replay.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rec mark
  rec mark 'before the migration'
  rec mark --session 7f3a 'here it hung'")]
pub struct Mark {
    /// What to call it
    #[arg(value_name = "LABEL")]
    label: Vec<String>,

    /// The session, by a prefix of its id
    #[arg(long, value_name = "ID")]
    session: Option<String>,
}

/// Forget a running session; the client goes on unrecorded
///
/// What was recorded so far is deleted at once. The signed log keeps that a session was discarded,
/// and nothing of it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rec discard
  rec discard 7f3a")]
pub struct Discard {
    #[command(flatten)]
    whose: Whose,
}

#[derive(Debug, Args)]
struct Whose {
    /// The session, by a prefix of its id; without it that of this terminal, else the only one
    #[arg(value_name = "ID")]
    session: Option<String>,
}

impl Pause {
    /// Runs the verb.
    ///
    /// # Errors
    /// The session was not reached.
    pub fn run(&self, ui: &mut Ui, global: &Global) -> Result<ExitCode, Error> {
        send(ui, global, self.whose.session.as_deref(), "pause")
    }
}

impl Resume {
    /// Runs the verb.
    ///
    /// # Errors
    /// The session was not reached.
    pub fn run(&self, ui: &mut Ui, global: &Global) -> Result<ExitCode, Error> {
        send(ui, global, self.whose.session.as_deref(), "resume")
    }
}

impl Mark {
    /// Runs the verb.
    ///
    /// # Errors
    /// The session was not reached.
    pub fn run(&self, ui: &mut Ui, global: &Global) -> Result<ExitCode, Error> {
        let label = self.label.join(" ").replace(['\n', '\r'], " ");
        let request = format!("mark {label}");
        send(ui, global, self.session.as_deref(), &request)
    }
}

impl Discard {
    /// Runs the verb.
    ///
    /// # Errors
    /// The session was not reached.
    pub fn run(&self, ui: &mut Ui, global: &Global) -> Result<ExitCode, Error> {
        send(ui, global, self.whose.session.as_deref(), "discard")
    }
}

fn send(
    ui: &mut Ui,
    global: &Global,
    session: Option<&str>,
    request: &str,
) -> Result<ExitCode, Error> {
    let paths = super::paths(global)?;
    match record::send(&paths.runtime, session, request) {
        Ok(done) => {
            ui.say(format!("rec: {done}"));
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Err(unreached(&error)),
    }
}

fn unreached(error: &Unreached) -> Error {
    match error {
        Unreached::None { .. } => Error::new(Kind::NotFound, error.to_string())
            .hint("rec ls shows the sessions that are being recorded"),
        Unreached::Several { ids } => {
            let names: Vec<String> = ids.iter().map(|id| id.short(ids)).collect();
            Error::new(Kind::Usage, error.to_string())
                .hint(format!("name one of them: {}", names.join(", ")))
        }
        Unreached::Refused(_) => Error::new(Kind::Failed, error.to_string()),
    }
}
