//! The vault, its key, the configuration and the places around them.

use super::{Check, State, config};
use crate::cli::{Error, Global};
use crate::config::Paths;
use crate::model::Status;
use crate::vault::{self, Means, Nobody, Vault};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Below this, a day's recordings may not fit.
const SPACE_LOW: u64 = 100 << 20;

/// Enough of the log's end to hold its last line.
const LOG_TAIL: u64 = 4096;

pub fn checks(global: &Global) -> Vec<Check> {
    let paths = match Paths::find(global.vault.clone(), global.config.clone()) {
        Ok(paths) => paths,
        Err(error) => {
            return vec![
                Check::new("vault", State::Bad, error.to_string())
                    .hint("set HOME, or name the vault: --vault DIR"),
            ];
        }
    };
    let mut checks = match Vault::open(&paths) {
        Ok(vault) => vec![about(&vault), key(vault)],
        Err(vault::Error::NoVault { dir }) => {
            let text = format!("none yet at {}", dir.display());
            let hint =
                "the first recording makes one, where a login keyring takes its key; or rec init";
            vec![Check::new("vault", State::Note, text).hint(hint)]
        }
        Err(error) => vec![failed("vault", error)],
    };
    checks.push(config::check(&paths, global.config.is_some()));
    checks.extend(modes(&paths));
    checks.extend(space(&paths.vault));
    checks.extend(log(&paths.state));
    checks
}

/// Where the vault is and what it holds, told without its key.
fn about(vault: &Vault) -> Check {
    let told = || -> Result<String, vault::Error> {
        let sessions = vault.rows()?;
        let slots = vault.slots()?;
        let kinds: Vec<&str> = slots.iter().map(|slot| slot.kind.name()).collect();
        let open = sessions
            .iter()
            .filter(|row| row.status == Status::Recording)
            .count();
        let mut text = format!(
            "{}, {}, {}",
            vault.dir().display(),
            size(vault.dir()),
            counted(sessions.len(), "session")
        );
        if open > 0 {
            text.push_str(&format!(" ({open} being recorded)"));
        }
        text.push_str(&format!(
            ", {} ({})",
            counted(slots.len(), "slot"),
            kinds.join(", ")
        ));
        Ok(text)
    };
    match told() {
        Ok(text) => Check::new("vault", State::Ok, text),
        Err(error) => failed("vault", error),
    }
}

/// Whether the vault opens without a question. One that asks is no fault.
fn key(vault: Vault) -> Check {
    // The passphrase file may be a pipe that nobody writes to, or one that can be read only once.
    let means = Means {
        passphrase_file: None,
        ..Means::from_env()
    };
    match vault.unlock_with(&means, &mut Nobody) {
        Ok(_) => Check::new("key", State::Ok, "opens without asking"),
        Err(vault::Error::Locked(tried)) => {
            let mut text = "locked: reading asks for the passphrase or key".to_owned();
            for why in &tried.0 {
                text.push_str(&format!("; {why}"));
            }
            Check::new("key", State::Note, text)
                .hint("rec unlock --for 8h    (recording needs no key)")
        }
        Err(error) => failed("key", error),
    }
}

fn failed(name: &'static str, error: vault::Error) -> Check {
    let error = Error::from(error);
    let mut text = error.message;
    for cause in error.causes {
        text.push_str(&format!(": {cause}"));
    }
    let check = Check::new(name, State::Bad, text);
    match error.hints.into_iter().next() {
        Some(hint) => check.hint(hint),
        None => check,
    }
}

pub fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// What the vault's files take, for a person.
fn size(dir: &Path) -> String {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let bytes: u64 = entries
        .filter_map(|entry| Some(entry.metadata().ok()?.len()))
        .sum();
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// The newest line of rec's own log: what went wrong where there was no terminal to say it on.
fn log(state: &Path) -> Option<Check> {
    let text = tail(&state.join("rec.log"))?;
    let last = text.lines().rfind(|line| !line.trim().is_empty())?;
    let name = state.join("rec.log");
    Some(
        Check::new("log", State::Note, format!("last: {last}"))
            .hint(format!("all of it: {}", name.display())),
    )
}

fn tail(path: &Path) -> Option<String> {
    let mut file = std::fs::File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL)))
        .ok()?;
    let mut bytes = Vec::new();
    file.take(LOG_TAIL).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether others could read or change what is rec's.
fn modes(paths: &Paths) -> Option<Check> {
    let own = rustix::process::geteuid().as_raw();
    let mut files: Vec<PathBuf> = vec![
        paths.vault.clone(),
        paths.config_dir.clone(),
        paths.state.clone(),
    ];
    for dir in [&paths.vault, &paths.state] {
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        files.extend(entries.map(|entry| entry.path()));
    }
    for file in files {
        let Ok(meta) = file.symlink_metadata() else {
            continue;
        };
        let loose = meta.permissions().mode() & 0o077;
        // Others may know what is configured; they may not change it.
        let loose = if file == paths.config_dir {
            loose & 0o022
        } else {
            loose
        };
        if meta.uid() != own {
            let text = format!("{} belongs to another user", file.display());
            return Some(
                Check::new("permissions", State::Bad, text)
                    .hint(format!("sudo chown -R \"$(id -u)\" {}", file.display())),
            );
        }
        if loose != 0 && !meta.is_symlink() {
            let text = format!(
                "{} is open to others (mode {:04o})",
                file.display(),
                meta.mode() & 0o7777
            );
            return Some(
                Check::new("permissions", State::Bad, text)
                    .hint(format!("chmod go= {}", file.display())),
            );
        }
    }
    paths
        .vault
        .exists()
        .then(|| Check::new("permissions", State::Ok, "yours alone"))
}

/// Whether there is room to record into.
fn space(vault: &Path) -> Option<Check> {
    let place = vault.ancestors().find(|dir| dir.exists())?;
    let stat = rustix::fs::statvfs(place).ok()?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    (free < SPACE_LOW).then(|| {
        let text = format!("{} MB left at {}", free >> 20, place.display());
        Check::new("space", State::Bad, text)
            .hint("a recording stops when nothing is left; the session goes on")
    })
}
