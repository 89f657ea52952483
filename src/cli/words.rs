//! The shortest way from words to a client: what can be told without the clap tree is.
//!
//! The tree costs more time than everything else rec does before it becomes an unrecorded client.

use super::run::Run;
use super::{Global, RESERVED};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// A client, if the words name one as plainly as `rec psql …`, `rec -- ls`, `rec run -- ls` or
/// `rec --vault DIR psql …` do. Everything else is clap's.
pub fn client(args: &[OsString]) -> Option<(Global, Run)> {
    let mut global = Global::default();
    let mut rest = args.get(1..)?;
    while let Some((word, after)) = rest.split_first() {
        if word == "run" {
            return Some((from_environment(global), options_of_run(after)?));
        }
        if word == "--" {
            return named(global, after);
        }
        if !word.as_bytes().starts_with(b"-") {
            let reserved = RESERVED.iter().any(|verb| word == *verb);
            return if reserved { None } else { named(global, rest) };
        }
        let (name, value, after) = option(word, after)?;
        match name {
            b"--vault" => global.vault = Some(value),
            b"--config" => global.config = Some(value),
            _ => return None,
        }
        rest = after;
    }
    None
}

/// The reserved word that the words begin with, options of rec's own aside.
pub fn reserved(args: &[OsString]) -> Option<&'static str> {
    let mut rest = args.get(1..)?;
    while let Some((word, after)) = rest.split_first() {
        if !word.as_bytes().starts_with(b"-") {
            return RESERVED.iter().copied().find(|verb| word == *verb);
        }
        (_, _, rest) = option(word, after)?;
    }
    None
}

fn named(global: Global, words: &[OsString]) -> Option<(Global, Run)> {
    (!words.is_empty()).then(|| {
        let run = Run {
            always: false,
            command: words.to_vec(),
        };
        (from_environment(global), run)
    })
}

fn options_of_run(words: &[OsString]) -> Option<Run> {
    let always = words.first().is_some_and(|word| word == "--always");
    let words = words.get(usize::from(always)..)?;
    let (word, after) = words.split_first()?;
    let command = if word == "--" { after } else { words };
    let plain = word == "--" || !word.as_bytes().starts_with(b"-");
    (plain && !command.is_empty()).then(|| Run {
        always,
        command: command.to_vec(),
    })
}

/// `--name=value` or `--name value`.
fn option<'a>(
    word: &'a OsStr,
    after: &'a [OsString],
) -> Option<(&'a [u8], PathBuf, &'a [OsString])> {
    let bytes = word.as_bytes();
    if let Some(at) = bytes.iter().position(|b| *b == b'=') {
        let (name, value) = bytes.split_at(at);
        let value = OsString::from_vec(value.get(1..)?.to_vec());
        return Some((name, value.into(), after));
    }
    let (value, after) = after.split_first()?;
    Some((bytes, value.into(), after))
}

/// What clap takes from the environment.
fn from_environment(global: Global) -> Global {
    let or = |path: Option<PathBuf>, name| path.or_else(|| std::env::var_os(name).map(Into::into));
    Global {
        vault: or(global.vault, "REC_VAULT"),
        config: or(global.config, "REC_CONFIG"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Option<Vec<OsString>> {
        let args: Vec<OsString> = line.split(' ').map(Into::into).collect();
        client(&args).map(|(_, run)| run.command)
    }

    #[test]
    fn what_follows_the_clients_name_is_the_clients() {
        let cases = [
            ("rec psql --help -c x", Some("psql --help -c x")),
            ("rec -- ls -l", Some("ls -l")),
            ("rec run -- ls", Some("ls")),
            ("rec run psql -- x", Some("psql -- x")),
            ("rec --vault v psql --vault w", Some("psql --vault w")),
            ("rec --config=c -- show x", Some("show x")),
            ("rec run --always -- ls", Some("ls")),
            ("rec run --always psql --always", Some("psql --always")),
            ("rec run --always", None),
            ("rec ls", None),
            ("rec --help", None),
            ("rec run --help", None),
            ("rec", None),
            ("rec --", None),
            ("rec --vault", None),
        ];
        for (line, client) in cases {
            let expected = client.map(|c| c.split(' ').map(Into::into).collect::<Vec<OsString>>());
            assert_eq!(words(line), expected, "{line}");
        }
    }
}
