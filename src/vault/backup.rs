//! A consistent copy of the vault in one file, and a vault from such a copy.
//!
//! The copy is `vault.db` as it stood at one moment, without what was deleted: sealed, chained and
//! signed, with its keyslots. The signing seed stays behind, for a copied one could sign what never
//! happened; so the log of a restored vault begins anew, and says so.

use super::log::{self, What};
use super::slots::{self, Kind};
use super::{Anchor, Error, Vault, db, dir, pin};
use crate::config::Paths;
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// Sessions in the copy.
    pub sessions: u64,
    /// Its size.
    pub bytes: u64,
    /// The log's head in it.
    pub anchor: Option<Anchor>,
    /// Keys that stand in files of their own and are not in it, where no other slot opens it.
    pub keys: Vec<PathBuf>,
}

impl Vault {
    /// Copies the vault to `path`, which must not exist. Recorders go on meanwhile.
    ///
    /// # Errors
    /// [`Error::FileExists`], or what the file system says; then nothing is left behind.
    pub fn backup(&self, path: &Path) -> Result<BackedUp, Error> {
        if path.symlink_metadata().is_ok() {
            let path = path.to_owned();
            return Err(Error::FileExists { path });
        }
        let draft = beside(path);
        let copied = snapshot(&self.conn, &draft).and_then(|()| {
            let copied = self.about(&draft)?;
            place(&draft, path)?;
            Ok(copied)
        });
        let _ = fs::remove_file(&draft);
        // The draft's name says nothing to whoever named the file.
        copied.map_err(|error| match error {
            Error::Io {
                path: at, source, ..
            } if at == draft => Error::io("create", path)(source),
            error => error,
        })
    }

    fn about(&self, copy: &Path) -> Result<BackedUp, Error> {
        let conn = read_only(copy)?;
        check(&conn)?;
        let sessions = conn
            .query_row(
                "SELECT count(*) FROM sessions WHERE state <> 3",
                [],
                |row| db::count(row, 0),
            )
            .map_err(Error::db("be copied"))?;
        let slots = slots::load(&conn)?;
        let files = slots.iter().filter(|slot| slot.kind == Kind::File);
        let keys = match slots.iter().all(|slot| slot.kind == Kind::File) {
            true => files.map(|slot| slot.path(&self.dir)).collect(),
            false => Vec::new(),
        };
        Ok(BackedUp {
            sessions,
            bytes: fs::metadata(copy)
                .map_err(Error::io("look at", copy))?
                .len(),
            anchor: log::anchor(&conn)?.map(|(entry, hash)| Anchor { entry, hash }),
            keys,
        })
    }
}

/// A name beside `path` that nobody else has.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.rec-{}", std::process::id()))
}

/// Copies a database as it stands now into a new private file.
pub(super) fn snapshot(conn: &Connection, to: &Path) -> Result<(), Error> {
    let _ = fs::remove_file(to);
    // SQLite takes an empty file for a new one, and its mode is ours.
    drop(dir::open(to, true)?);
    let name = to.to_str().ok_or_else(|| {
        let source = std::io::Error::other("its name is not UTF-8");
        Error::io("write", to)(source)
    })?;
    conn.execute("VACUUM INTO ?1", [name])
        .map_err(Error::db("be copied"))?;
    File::open(to)
        .and_then(|file| file.sync_all())
        .map_err(Error::io("write", to))
}

/// Gives a draft its name, never in place of another file.
fn place(draft: &Path, path: &Path) -> Result<(), Error> {
    match fs::hard_link(draft, path) {
        Ok(()) => {}
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            let path = path.to_owned();
            return Err(Error::FileExists { path });
        }
        // A file system without links.
        Err(_) => fs::rename(draft, path).map_err(Error::io("create", path))?,
    }
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => dir::sync(parent),
        _ => dir::sync(Path::new(".")),
    }
}

pub(super) fn read_only(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(|source| Error::NotAVault {
        path: path.to_owned(),
        source: Some(source),
    })
}

fn check(conn: &Connection) -> Result<(), Error> {
    let said: String = conn
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(Error::db("be copied"))?;
    if said == "ok" {
        return Ok(());
    }
    let source = rusqlite::Error::ToSqlConversionFailure(said.into());
    Err(Error::db("be copied whole")(source))
}

/// Makes the vault that `paths` names from a copy. Nothing may stand there but what belongs to a
/// vault whose database is gone.
///
/// # Errors
/// [`Error::Exists`], [`Error::NotEmpty`], [`Error::NotAVault`], [`Error::Pinned`] when the vault
/// known for this directory had another key, or what the file system says.
pub fn restore(paths: &Paths, from: &Path) -> Result<Vault, Error> {
    // SQLite does not say which of the two it is.
    match fs::metadata(from).map_err(Error::io("read", from))? {
        file if file.is_dir() => {
            let source = std::io::ErrorKind::IsADirectory.into();
            return Err(Error::io("read", from)(source));
        }
        _ => {}
    }
    let copy = read_only(from)?;
    if !db::is_vault(&copy) {
        let path = from.to_owned();
        return Err(Error::NotAVault { path, source: None });
    }
    let (_, recipient) = db::vault(&copy)?.ok_or_else(|| Error::NotAVault {
        path: from.to_owned(),
        source: None,
    })?;
    let recipient = recipient.parse().map_err(|_| Error::NotAVault {
        path: from.to_owned(),
        source: None,
    })?;
    let dir = dir::prepare(&paths.vault)?;
    super::create::vacant(&dir, true)?;
    pin::check(&paths.config_dir, &dir, &recipient)?;
    let draft = dir.join("vault.db.new");
    let path = dir.join(dir::DB);
    snapshot(&copy, &draft)?;
    check(&read_only(&draft)?)?;
    // A log of the database that is gone would be read into this one.
    for name in ["vault.db-wal", "vault.db-shm"] {
        let _ = fs::remove_file(dir.join(name));
    }
    fs::rename(&draft, &path).map_err(Error::io("create", &path))?;
    dir::sync(&dir)?;
    super::index::remove(&dir)?;
    let mut conn = db::open(&dir)?;
    conn.execute_batch("PRAGMA journal_mode = WAL")
        .map_err(Error::db("be restored"))?;
    let before = log::anchor(&conn)?.map_or(0, |(entry, _)| entry + 1);
    log::write(&dir, &mut conn, |log| log.add(What::Restored {}))?;
    // The seed of here fits only where nothing was lost.
    if let Some(began) = log::entry(&conn, before)? {
        pin::set_restored(&paths.config_dir, &dir, &began)?;
    }
    slots::copy(&dir, &conn)?;
    drop(conn);
    Vault::open(paths)
}
