//! `rec run`, `rec CLIENT …`, `rec -- CLIENT …`: the client, recorded.

use super::ask::Person;
use super::{Error, Global, Kind, Ui, init};
use crate::record::{self, Choice, Refused, Request};
use crate::vault::{Ask, Created, KeyringError, NewKey};
use dialoguer::console::Term;
use dialoguer::{Confirm, Select};
use std::ffi::OsString;
use std::process::ExitCode;

/// Run a client and record it (short: rec CLIENT [ARGS]…)
///
/// Every word after the client's name is the client's own. A session is recorded when stdin and
/// stdout are the terminal; otherwise the client takes rec's place at once.
///
/// While it is recorded, Ctrl-] p takes the session off the record and puts it on again, and
/// Ctrl-] m marks the moment.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rec psql -h db.example.com app         record psql
  rec run -- ls                          a client that bears the name of a rec verb
  rec -- ls                              the same, shorter
  rec run --always -- pg_dump app        record though stdout is no terminal")]
pub struct Run {
    /// Record whatever stdin, stdout and stderr are
    ///
    /// A stdout or stderr that is a pipe or a file is copied byte by byte and recorded; stdin is
    /// the client's own and is not.
    #[arg(long)]
    pub always: bool,

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
pub fn run(ui: &mut Ui, global: &Global, args: Run) -> Result<ExitCode, Error> {
    let request = Request {
        argv: args.command,
        always: args.always,
        vault: global.vault.clone(),
        config: global.config.clone(),
    };
    match record::run(request, &mut AtTerminal { ui }) {
        Ok(status) => Ok(ExitCode::from(status)),
        Err(error) => failed(error),
    }
}

/// What a person is told of it.
///
/// # Errors
/// Always, but where the person wished nothing to run.
pub fn failed(error: record::Error) -> Result<ExitCode, Error> {
    Err(match error {
        record::Error::NotStarted { reason, .. } if reason.is_missing() => {
            Error::new(Kind::NoSuchClient, error.to_string())
        }
        record::Error::NotStarted { reason, .. } => {
            Error::new(Kind::NotExecutable, error.to_string()).caused_by(&reason.cause())
        }
        // Ctrl-C at a question: as if the client had been ended by it.
        record::Error::Refused(Refused::Wish) => return Ok(ExitCode::from(130)),
        record::Error::Refused(Refused::Vault(cause)) => {
            let message = Refused::MESSAGE.to_owned();
            let cause = Error::from(cause);
            let mut error = Error::new(Kind::Run, message);
            error.causes.push(cause.message);
            error.causes.extend(cause.causes);
            error.hints = cause.hints;
            error
        }
        record::Error::Refused(Refused::Config(cause)) => {
            Error::new(Kind::Run, Refused::MESSAGE).caused_by(&cause)
        }
        record::Error::NotHeld(_) => {
            Error::new(Kind::Run, error.to_string()).hint("rec help tap shows what it takes")
        }
        record::Error::Setup(_) => Error::new(Kind::Run, error.to_string())
            .hint("run the client without rec in front, and rec doctor to see what is missing"),
    })
}

/// The person who started the client.
pub struct AtTerminal<'a> {
    /// Where it is said.
    pub ui: &'a mut Ui,
}

impl record::Person for AtTerminal<'_> {
    fn present(&self) -> bool {
        Person::find().present()
    }

    fn say(&mut self, line: &str) {
        self.ui.say(line);
    }

    fn record(&mut self, what: &str) -> bool {
        let question = Confirm::new()
            .with_prompt(format!("rec: record this session ({what})?"))
            .default(true);
        question
            .interact_on_opt(&Term::stderr())
            .ok()
            .flatten()
            .unwrap_or(false)
    }

    fn first_vault(&mut self, why: &KeyringError) -> Choice {
        self.ui
            .say(format!("rec: there is no vault yet, and {why}."));
        let question = Select::new()
            .with_prompt("What now")
            .items([
                "run unrecorded now",
                "make a vault, locked with a passphrase",
                "make a vault, its key in a plain file beside it (mode 0600)",
            ])
            .default(0);
        match question.interact_on_opt(&Term::stderr()) {
            Ok(Some(1)) => match Person::find().new_passphrase() {
                Some(passphrase) => Choice::Make(NewKey::Passphrase(passphrase)),
                None => Choice::Unrecorded,
            },
            Ok(Some(2)) => Choice::Make(NewKey::File(None)),
            Ok(_) => Choice::Unrecorded,
            Err(_) => Choice::Nothing,
        }
    }

    fn listening(&mut self, addresses: &[String]) {
        for address in addresses {
            // Whoever closed stdout does not want to know.
            let _ = self.ui.data(format!("{address}\n"));
        }
        let _ = self.ui.flush();
        let line = "rec: what connects there is recorded, until Ctrl-C";
        self.ui.say(line);
    }

    fn made(&mut self, created: &Created) {
        init::tell(self.ui, created);
    }
}
