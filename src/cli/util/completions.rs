//! Completion: the scripts that a shell loads, and the answers they ask rec for.
//!
//! Verbs, options and session ids come from rec itself at each Tab, through clap's engine; after
//! a client's name, completion is the client's own.

use super::Shell;
use crate::cli::Cli;
use clap::CommandFactory;
use clap_complete::CompleteEnv;
use clap_complete::env::{Bash, EnvCompleter, Fish, Shells, Zsh};
use std::ffi::OsString;
use std::io;

/// Set by the scripts when they ask. Not clap's default name, which other programs share.
const ASK: &str = "_REC_COMPLETE";

/// Answers a script, where it was a script that asked. Nothing else may have written to stdout.
///
/// # Errors
/// A shell that rec does not speak, or a closed stdout.
pub fn complete(args: &[OsString]) -> Result<bool, clap::Error> {
    if std::env::var_os(ASK).is_none() {
        return Ok(false);
    }
    let here = std::env::current_dir().ok();
    CompleteEnv::with_factory(Cli::command)
        .var(ASK)
        .shells(Shells(&[&Bash, &Zsh, &Fish]))
        .try_complete(args, here.as_deref())
}

/// The script for `shell`, which asks `command`.
///
/// # Errors
/// None in practice: it writes to memory.
pub fn script(shell: Shell, command: &str) -> io::Result<String> {
    let (engine, own): (&dyn EnvCompleter, &str) = match shell {
        Shell::Bash => (&Bash, include_str!("rec.bash")),
        Shell::Zsh => (&Zsh, include_str!("rec.zsh")),
        Shell::Fish => (&Fish, include_str!("rec.fish")),
    };
    let mut text = Vec::new();
    engine.write_registration(ASK, "rec", "rec", command, &mut text)?;
    let mut text = String::from_utf8_lossy(&text).trim().to_owned();
    if shell == Shell::Fish {
        text = text.replacen("complete ", "complete --condition 'not __rec_client' ", 1);
    }
    let own = own.replace("@VERBS@", &verbs().join(" "));
    Ok(format!("{text}\n\n{own}"))
}

fn verbs() -> Vec<String> {
    let tree = Cli::command();
    let mut verbs: Vec<String> = tree
        .get_subcommands()
        .filter(|verb| !verb.is_hide_set())
        .map(|verb| verb.get_name().to_owned())
        .collect();
    verbs.push("help".to_owned());
    verbs
}
