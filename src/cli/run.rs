//! `rec run`, `rec CLIENT …`, `rec -- CLIENT …`: the client, recorded.

use super::{Error, Global, Kind};
use crate::record::{self, Request};
use std::ffi::OsString;
use std::process::ExitCode;

/// Run a client and record it (short: rec CLIENT [ARGS]…)
///
/// Every word after the client's name is the client's own. A session is recorded when stdin and
/// stdout are the terminal; otherwise the client takes rec's place at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rec psql -h db.example.com app         record psql
  rec run -- ls                          a client that bears the name of a rec verb
  rec -- ls                              the same, shorter")]
pub struct Run {
    /// The client and its words
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "CLIENT"
    )]
    pub command: Vec<OsString>,
}

/// Runs it.
///
/// # Errors
/// The client cannot be run.
pub fn run(_global: &Global, args: Run) -> Result<ExitCode, Error> {
    let request = Request { argv: args.command };
    match record::run(request) {
        Ok(status) => Ok(ExitCode::from(status)),
        Err(error) => Err(failed(&error)),
    }
}

fn failed(error: &record::Error) -> Error {
    match error {
        record::Error::NotStarted { reason, .. } if reason.is_missing() => {
            Error::new(Kind::NoSuchClient, error.to_string())
        }
        record::Error::NotStarted { reason, .. } => {
            Error::new(Kind::NotExecutable, error.to_string()).caused_by(&reason.cause())
        }
        record::Error::Setup(_) => Error::new(Kind::Run, error.to_string())
            .hint("run the client without rec in front, and rec doctor to see what is missing"),
    }
}
