//! `rec redact`: mask something in a session that is already recorded.

use super::open::{self, Index};
use super::{Error, Global, Kind, Ui, ask};
use crate::export::redact::{BadPattern, Wanted};
use crate::vault::NotRedacted;
use clap::Args;
use std::io::{Read, stdin};
use std::process::ExitCode;

/// A pattern read from stdin has at most so many bytes.
const PATTERN_MAX: u64 = 64 << 10;

const EXAMPLES: &str = "\
PATTERN is a text as it stands, or /a regular expression/ within one line. What it matches is masked
wherever the session shows it: in commands, output, statements and rows, notes and the session's own
name, however it is coloured, wrapped, percent- or base64-encoded. The old pieces are overwritten;
the signed log keeps their hashes and that something was redacted.

A text on the command line stays in your shell's history; - reads it from stdin.

Examples:
  rec redact @last customer-4711
  rec redact 7f3a '/C-[0-9]{6}/'
  rec redact 7f3a - < secret.txt";

/// Mask something in a recorded session, after the fact
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Redact {
    /// Which session: the beginning of its id, @last, @2
    #[arg(value_name = "ID", add = super::complete::sessions())]
    id: String,

    /// What to mask; - reads it from stdin
    #[arg(value_name = "PATTERN")]
    pattern: String,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Runs the verb.
///
/// # Errors
/// Nothing matches, something of it would be left, or the vault cannot be written.
pub fn run(ui: &mut Ui, global: &Global, args: &Redact) -> Result<ExitCode, Error> {
    let pattern = match args.pattern.as_str() {
        "-" => from_stdin()?,
        text => text.to_owned(),
    };
    let wanted: Wanted = pattern.parse().map_err(|error: BadPattern| {
        Error::new(Kind::Usage, "this is no pattern to redact").caused_by(&error)
    })?;
    let mut library = open::library(global, Index::Keep)?;
    let entry = library.unlocked().find(&args.id)?;
    let short = library.unlocked().vault().short(&entry.id)?;
    let question = format!("rec: mask it in {short} for good?");
    ask::confirm(&question, args.yes)?;
    let done = library.redact(entry.id, &wanted).map_err(refused)?;
    let texts = open::count(u64::try_from(done.texts).unwrap_or(u64::MAX), "text");
    let places = open::count(done.places.into(), "masked value");
    ui.say(format!(
        "rec: masked {texts} in {short}, which now has {places}"
    ));
    if done.damaged > 0 {
        let damaged = u64::try_from(done.damaged).unwrap_or(u64::MAX);
        ui.say(format!(
            "rec: {} could not be opened and stayed as they were",
            open::count(damaged, "damaged piece")
        ));
    }
    open::tell_left(ui, done.left);
    Ok(ExitCode::SUCCESS)
}

fn from_stdin() -> Result<String, Error> {
    let mut text = String::new();
    let read = stdin().take(PATTERN_MAX).read_to_string(&mut text);
    read.map_err(|error| {
        Error::new(Kind::Failed, "the pattern cannot be read from stdin").caused_by(&error)
    })?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

fn refused(why: NotRedacted) -> Error {
    match why {
        NotRedacted::Vault(error) => error.into(),
        NotRedacted::Nowhere => Error::new(Kind::NotFound, why.to_string())
            .hint("it is looked for as it stands; an expression is written between slashes: '/…/'")
            .hint("rec search '/…/' finds texts in all sessions"),
        NotRedacted::Short | NotRedacted::Many => Error::new(Kind::Usage, why.to_string())
            .hint("write more of it; rec rm forgets the whole session"),
        NotRedacted::Left => Error::new(Kind::Failed, why.to_string())
            .hint("nothing was changed; rec rm forgets the whole session"),
    }
}
