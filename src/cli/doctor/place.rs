//! The vault, its key and the places around it.

use super::{Check, State};
use crate::cli::Global;
use crate::config::Paths;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Below this, a day's recordings may not fit.
const SPACE_LOW: u64 = 100 << 20;

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
    let mut checks = Vec::new();
    checks.extend(modes(&paths));
    checks.extend(space(&paths.vault));
    checks
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
