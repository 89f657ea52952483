//! Which key belongs to the vault in which directory, and with which entry its log begins, kept in the
//! configuration directory: who can write the vault's files can neither redirect what is recorded to a
//! key of their own nor write the log anew from its first entry on.

use super::chain::Hash;
use super::seal::Recipient;
use super::{Anchor, Error, dir};
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

const FILE: &str = "pinned";
const RESTORED: &str = "restored";
const BEGUN: &str = "begun";
const FILE_MAX: u64 = 1 << 20;

const RESTORED_HEAD: &str = "# Where the log of a restored vault began anew: entry, its hash, directory. rec vault verify takes these for good.\n";

const BEGUN_HEAD: &str = "# The first entry of each vault's log (hash), by directory. rec vault verify tells when another stands there.\n";

const HEAD: &str = "# The key (fingerprint) of each vault, by directory. rec refuses to record into one whose key changed.\n";

/// Checks the vault's key; the first time a vault is seen here, its key is taken down.
pub fn check(config_dir: &Path, vault: &Path, recipient: &Recipient) -> Result<(), Error> {
    let known = all_known(config_dir, vault)?;
    let found = recipient.fingerprint();
    if known.contains(&found) {
        return Ok(());
    }
    match known.into_iter().next() {
        Some(pinned) => Err(Error::Pinned {
            dir: vault.to_owned(),
            pinned,
            found,
            file: config_dir.join(FILE),
        }),
        None => set(config_dir, vault, recipient),
    }
}

/// The fingerprint known for the vault in this directory.
pub fn known(config_dir: &Path, vault: &Path) -> Result<Option<String>, Error> {
    Ok(all_known(config_dir, vault)?.into_iter().next())
}

/// One, or two while the vault is given a new key.
fn all_known(config_dir: &Path, vault: &Path) -> Result<Vec<String>, Error> {
    let vault = name(vault);
    let found = lines(config_dir, FILE)?.into_iter();
    let found = found.filter(|(_, dir)| *dir == vault);
    Ok(found.map(|(fingerprint, _)| fingerprint).collect())
}

/// Takes down the key of the vault in this directory, in place of what was known for it.
pub fn set(config_dir: &Path, vault: &Path, recipient: &Recipient) -> Result<(), Error> {
    write(config_dir, vault, &[recipient])
}

/// Takes down the key that the vault in this directory is about to get, beside the one it has:
/// whichever it has after a crash is known.
pub fn announce(
    config_dir: &Path,
    vault: &Path,
    old: &Recipient,
    new: &Recipient,
) -> Result<(), Error> {
    write(config_dir, vault, &[old, new])
}

fn write(config_dir: &Path, vault: &Path, recipients: &[&Recipient]) -> Result<(), Error> {
    let fingerprints = recipients.iter().map(|recipient| recipient.fingerprint());
    put(config_dir, (FILE, HEAD), vault, fingerprints)
}

/// Puts lines of this vault in the place of those that the file has of it.
fn put(
    config_dir: &Path,
    (file, head): (&str, &str),
    vault: &Path,
    values: impl Iterator<Item = String>,
) -> Result<(), Error> {
    let vault = name(vault);
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(config_dir);
    made.map_err(Error::io("create", config_dir))?;
    let mut text = head.to_owned();
    let others = lines(config_dir, file)?.into_iter();
    for (value, dir) in others.filter(|(_, dir)| *dir != vault) {
        text.push_str(&format!("{value} {dir}\n"));
    }
    for value in values {
        text.push_str(&format!("{value} {vault}\n"));
    }
    dir::replace(&config_dir.join(file), text.as_bytes())
}

/// Takes down with which entry the log of the vault in this directory begins.
pub fn set_begun(config_dir: &Path, vault: &Path, first: &Hash) -> Result<(), Error> {
    put(
        config_dir,
        (BEGUN, BEGUN_HEAD),
        vault,
        [first.to_string()].into_iter(),
    )
}

/// The first entry of the log of the vault in this directory, where it is known.
pub fn begun(config_dir: &Path, vault: &Path) -> Result<Option<Hash>, Error> {
    let vault = name(vault);
    let found = lines(config_dir, BEGUN)?.into_iter();
    let mut found = found.filter(|(_, dir)| *dir == vault);
    let hash = found.find_map(|(hash, _)| blake3::Hash::from_hex(hash).ok());
    Ok(hash.map(|hash| Hash(*hash.as_bytes())))
}

/// The file that [`begun`] reads.
pub fn begun_file(config_dir: &Path) -> std::path::PathBuf {
    config_dir.join(BEGUN)
}

/// Takes down that the log's entry `at` began anew because the vault in this directory was restored.
pub fn set_restored(config_dir: &Path, vault: &Path, at: &Anchor) -> Result<(), Error> {
    let path = config_dir.join(RESTORED);
    let bytes = dir::read(&path, FILE_MAX)?.unwrap_or_default();
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if text.is_empty() {
        text.push_str(RESTORED_HEAD);
    }
    text.push_str(&format!("{} {} {}\n", at.entry, at.hash, name(vault)));
    dir::replace(&path, text.as_bytes())
}

/// Where the log of the vault in this directory began anew because it was restored here.
pub fn restored(config_dir: &Path, vault: &Path) -> Result<Vec<Anchor>, Error> {
    let bytes = dir::read(&config_dir.join(RESTORED), FILE_MAX)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let vault = name(vault);
    let each = text.lines().filter_map(|line| {
        let anchor = line.strip_suffix(vault.as_str())?.strip_suffix(' ')?;
        anchor.parse().ok()
    });
    Ok(each.collect())
}

/// One line for a path: what a path may hold besides is escaped.
fn name(vault: &Path) -> String {
    vault
        .as_os_str()
        .as_encoded_bytes()
        .escape_ascii()
        .to_string()
}

fn lines(config_dir: &Path, file: &str) -> Result<Vec<(String, String)>, Error> {
    let bytes = dir::read(&config_dir.join(file), FILE_MAX)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let pairs = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '));
    Ok(pairs.map(|(f, d)| (f.to_owned(), d.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::super::seal::Identity;
    use super::*;

    #[test]
    fn a_changed_key_is_refused_and_others_are_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("config/rec");
        let (a, b) = (
            Identity::generate().recipient(),
            Identity::generate().recipient(),
        );
        check(&config, Path::new("/v/a b"), &a).unwrap();
        check(&config, Path::new("/v/b"), &b).unwrap();
        check(&config, Path::new("/v/a b"), &a).unwrap();
        let refused = check(&config, Path::new("/v/a b"), &b);
        assert!(matches!(refused, Err(Error::Pinned { .. })));
        set(&config, Path::new("/v/a b"), &b).unwrap();
        check(&config, Path::new("/v/a b"), &b).unwrap();
        check(&config, Path::new("/v/b"), &b).unwrap();
        // On the way to a new key both are known, and then only that.
        announce(&config, Path::new("/v/b"), &b, &a).unwrap();
        check(&config, Path::new("/v/b"), &b).unwrap();
        check(&config, Path::new("/v/b"), &a).unwrap();
        set(&config, Path::new("/v/b"), &a).unwrap();
        assert!(check(&config, Path::new("/v/b"), &b).is_err());
        check(&config, Path::new("/v/a b"), &b).unwrap();
    }
}
