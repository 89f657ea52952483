//! The command line: one clap tree, one file per verb, and the way from words to a verb.
//!
//! Words that are no verb of rec are a client: `rec psql -c …` is `rec run -- psql -c …`, and what
//! stands after the client's name is the client's alone.

mod ask;
mod audit;
mod browse;
mod complete;
mod demo;
mod diff;
mod doctor;
mod error;
mod export;
mod help;
mod import;
mod init;
mod label;
mod live;
mod lock;
mod ls;
mod mask;
mod open;
mod play;
mod prune;
mod redact;
mod rm;
mod run;
mod search;
mod show;
mod stats;
mod table;
mod tap;
mod times;
mod ui;
mod unlock;
mod util;
mod vault;
mod vault_error;
mod views;
mod words;

pub use error::{Error, Kind};
pub use ui::Ui;

use crate::config::{Config, Masking, Paths};
use crate::mask::Rules;
use crate::model::Meta;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Words that are rec's own, now or later; a program of that name is reached by `rec run -- NAME`.
pub const RESERVED: &[&str] = &[
    "run", "init", "ls", "show", "play", "search", "export", "import", "stats", "diff", "audit",
    "mask", "redact", "rm", "prune", "pin", "unpin", "tag", "note", "mark", "pause", "resume",
    "discard", "tap", "grant", "guard", "sync", "unlock", "lock", "vault", "config", "doctor",
    "demo", "help", "util",
];

/// Record the commands that touch production: masked, sealed, searchable, replayable, yours alone.
#[derive(Debug, Parser)]
#[command(name = "rec", version, max_term_width = help::WIDEST)]
pub struct Cli {
    /// Where every verb looks.
    #[command(flatten)]
    pub global: Global,

    /// The verb.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// Options that stand before or after any verb.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Global {
    /// The vault's directory
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "REC_VAULT",
        hide_env_values = true
    )]
    pub vault: Option<PathBuf>,

    /// The configuration file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "REC_CONFIG",
        hide_env_values = true
    )]
    pub config: Option<PathBuf>,
}

/// rec's own verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    #[allow(missing_docs)]
    Run(run::Run),
    /// Record, search and show a short session in a throw-away vault
    Demo(demo::Demo),
    /// Check terminal, vault, key and clients
    Doctor(doctor::Doctor),
    /// Print aliases, completions and manual pages
    Util(util::Util),
    #[allow(missing_docs)]
    Mask(mask::Mask),
    /// List the recorded sessions, newest first
    Ls(ls::Ls),
    /// Show a session's commands and their outcomes
    Show(show::Show),
    #[allow(missing_docs)]
    Play(play::Play),
    /// Find commands and output in all sessions, newest first
    Search(search::Search),
    /// Write a session, or a piece of it, for others to see
    Export(export::Export),
    /// Most used, slowest and most failing statements, retries, and where time went
    Stats(stats::StatsArgs),
    /// Compare two sessions, or two runs of a statement
    Diff(diff::Diff),
    /// Take in sessions that somebody shared with you
    Import(import::Import),
    /// Tag a session, or list its tags
    Tag(label::Tag),
    /// Note something about a session, or list its notes
    Note(label::Note),
    /// Keep sessions whatever the limits of [retention] say
    Pin(label::Pin),
    /// Let pinned sessions go again when their time comes
    Unpin(label::Unpin),
    /// See what today's rules would mask in old sessions, and mask it
    Audit(audit::Audit),
    /// Mask something in a recorded session, after the fact
    Redact(redact::Redact),
    /// Forget sessions for good
    Rm(rm::Rm),
    /// Forget the sessions that are beyond the limits
    Prune(prune::Prune),
    /// Make a vault
    Init(init::Init),
    #[allow(missing_docs)]
    Unlock(unlock::Unlock),
    #[allow(missing_docs)]
    Lock(lock::Lock),
    #[allow(missing_docs)]
    Tap(tap::Tap),
    #[allow(missing_docs)]
    Pause(live::Pause),
    #[allow(missing_docs)]
    Resume(live::Resume),
    #[allow(missing_docs)]
    Mark(live::Mark),
    #[allow(missing_docs)]
    Discard(live::Discard),
    /// Look after the vault
    Vault(vault::VaultArgs),
    /// A client, with all its words
    #[command(external_subcommand)]
    Client(Vec<OsString>),
}

/// Runs rec with the process's words and gives its exit status.
pub fn main(args: Vec<OsString>) -> ExitCode {
    let mut ui = Ui::stdio();
    match util::complete(&args) {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(error) => return ui.fail(&Error::usage(error)),
    }
    match dispatch(&mut ui, args) {
        Ok(code) => code,
        Err(error) => ui.fail(&error),
    }
}

fn dispatch(ui: &mut Ui, args: Vec<OsString>) -> Result<ExitCode, Error> {
    if let Some((global, run)) = words::client(&args) {
        return run::run(ui, &global, run);
    }
    let verb = words::reserved(&args);
    let args = match verb {
        Some("ls" | "search" | "stats") => open::spell_out_not(args),
        _ => args,
    };
    let cli = match Cli::try_parse_from(&args) {
        Err(error) if asks_for_help(&error) => {
            let width = ui.width.min(help::WIDEST);
            let fitting = help::fitted(Cli::command(), width).try_get_matches_from(args);
            return Err(usage(fitting.err().unwrap_or(error), verb));
        }
        parsed => parsed.map_err(|error| usage(error, verb))?,
    };
    match cli.verb {
        Some(Verb::Demo(demo)) => demo.run(ui),
        Some(Verb::Doctor(doctor)) => doctor.run(&cli.global, ui),
        Some(Verb::Util(util)) => util.run(ui),
        Some(Verb::Mask(args)) => mask::run(ui, &cli.global, &args),
        Some(Verb::Ls(args)) => ls::run(ui, &cli.global, &args),
        Some(Verb::Show(args)) => show::run(ui, &cli.global, &args),
        Some(Verb::Play(args)) => play::run(ui, &cli.global, &args),
        Some(Verb::Search(args)) => search::run(ui, &cli.global, &args),
        Some(Verb::Export(args)) => export::run(ui, &cli.global, &args),
        Some(Verb::Stats(args)) => stats::run(ui, &cli.global, &args),
        Some(Verb::Diff(args)) => diff::run(ui, &cli.global, &args),
        Some(Verb::Import(args)) => import::run(ui, &cli.global, &args),
        Some(Verb::Tag(args)) => args.run(ui, &cli.global),
        Some(Verb::Note(args)) => args.run(ui, &cli.global),
        Some(Verb::Pin(args)) => args.run(ui, &cli.global),
        Some(Verb::Unpin(args)) => args.run(ui, &cli.global),
        Some(Verb::Audit(args)) => audit::run(ui, &cli.global, &args),
        Some(Verb::Redact(args)) => redact::run(ui, &cli.global, &args),
        Some(Verb::Rm(args)) => rm::run(ui, &cli.global, &args),
        Some(Verb::Prune(args)) => prune::run(ui, &cli.global, &args),
        Some(Verb::Init(args)) => init::run(ui, &cli.global, &args),
        Some(Verb::Unlock(args)) => unlock::run(ui, &cli.global, &args),
        Some(Verb::Lock(args)) => lock::run(ui, &cli.global, &args),
        Some(Verb::Vault(args)) => vault::run(ui, &cli.global, &args),
        Some(Verb::Tap(args)) => tap::run(ui, &cli.global, args),
        Some(Verb::Pause(args)) => args.run(ui, &cli.global),
        Some(Verb::Resume(args)) => args.run(ui, &cli.global),
        Some(Verb::Mark(args)) => args.run(ui, &cli.global),
        Some(Verb::Discard(args)) => args.run(ui, &cli.global),
        Some(Verb::Run(args)) => run::run(ui, &cli.global, args),
        Some(Verb::Client(words)) => Err(no_verb(words.first())),
        None => browse::run(&cli.global),
    }
}

fn asks_for_help(error: &clap::Error) -> bool {
    use ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand};
    matches!(
        error.kind(),
        DisplayHelp | DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// clap's error; where the words did not fit a verb, perhaps a program of its name was meant.
fn usage(error: clap::Error, verb: Option<&'static str>) -> Error {
    // A value that does not fit its option was meant for the verb.
    let strange = matches!(
        error.kind(),
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand
    );
    if verb == Some("help")
        && let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand)
    {
        let word = crate::model::printable(word);
        return Error::new(Kind::Usage, format!("{word} is no verb of rec"))
            .hint("rec help lists the verbs")
            .hint(format!(
                "a client's own help is the client's: rec {word} --help"
            ));
    }
    let error = Error::usage(error);
    match verb.filter(|_| strange) {
        Some(verb) => error.hint(format!(
            "to run a program of the name {verb}: rec run -- {verb} …"
        )),
        None => error,
    }
}

/// A client's name never comes this way: it is a reserved word that has no verb yet.
fn no_verb(word: Option<&OsString>) -> Error {
    let word = word.map(|word| word.to_string_lossy()).unwrap_or_default();
    let word = crate::model::printable(&word);
    Error::new(
        Kind::Usage,
        format!("{word} is reserved for a verb that this version of rec does not have"),
    )
    .hint(format!("to run a program of that name: rec run -- {word}"))
}

/// What the owner configured of masking.
fn masking(paths: &Paths) -> Result<Masking, Error> {
    let config = Config::load(paths).map_err(|wrong| {
        let error = Error::new(Kind::Failed, wrong.to_string());
        error.hint(wrong.hint())
    });
    Ok(config?.masking)
}

/// The rules for the session that `meta` names.
fn rules_of(paths: &Paths, meta: &Meta) -> Result<Arc<Rules>, Error> {
    let own = masking(paths)?.of(&meta.client, &meta.target);
    Ok(Rules::with(&own))
}

/// Where everything stands.
fn paths(global: &Global) -> Result<Paths, Error> {
    Paths::find(global.vault.clone(), global.config.clone()).map_err(|e| {
        Error::new(Kind::Failed, e.to_string())
            .hint("set HOME, or name the vault with --vault or REC_VAULT")
    })
}
