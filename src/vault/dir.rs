//! The vault's directory and files: private to one user, never reached through a link.
//!
//! Knows modes, owners and atomic replacement; not what the files hold.

use super::Error;
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The database.
pub const DB: &str = "vault.db";
/// Its write-ahead log, as SQLite names it.
pub const WAL: &str = "vault.db-wal";
/// What processes share of that log.
pub const SHM: &str = "vault.db-shm";
/// The signing seed.
pub const SEED: &str = "seal.seed";
/// The copy of the keyslots.
pub const KEYSLOTS: &str = "keyslots.age";
/// The plain identity of `rec init --key file`.
pub const IDENTITY: &str = "identity.txt";
/// Locks of the sessions being recorded.
pub const LIVE: &str = "live";

/// How often a lock that another process holds is tried.
const LOCK_STEP: Duration = Duration::from_millis(2);

/// Checks that `dir` is a private directory of this user and gives its real path.
pub fn checked(dir: &Path) -> Result<PathBuf, Error> {
    let meta = match fs::symlink_metadata(dir) {
        Ok(meta) => meta,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(Error::NoVault {
                dir: dir.to_owned(),
            });
        }
        Err(e) => return Err(Error::io("look at", dir)(e)),
    };
    private(dir, &meta)?;
    if !meta.is_dir() {
        let source = io::Error::from(io::ErrorKind::NotADirectory);
        return Err(Error::io("open", dir)(source));
    }
    fs::canonicalize(dir).map_err(Error::io("look at", dir))
}

/// Checks that the file is private to this user and no link. A missing file is the caller's to
/// judge.
pub fn checked_file(path: &Path) -> Result<Option<fs::Metadata>, Error> {
    match fs::symlink_metadata(path) {
        Ok(meta) => private(path, &meta)
            .and_then(|()| plain(path, &meta))
            .map(|()| Some(meta)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io("look at", path)(e)),
    }
}

fn private(path: &Path, meta: &fs::Metadata) -> Result<(), Error> {
    let path = path.to_owned();
    if meta.file_type().is_symlink() {
        return Err(Error::Symlink { path });
    }
    let uid = meta.uid();
    if uid != rustix::process::geteuid().as_raw() {
        return Err(Error::Owner { path, uid });
    }
    let mode = meta.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(Error::Loose { path, mode });
    }
    Ok(())
}

/// Opening a named pipe waits for who writes into it.
fn plain(path: &Path, meta: &fs::Metadata) -> Result<(), Error> {
    match meta.is_file() {
        true => Ok(()),
        false => Err(Error::io("read", path)(io::Error::other(
            "it is no plain file",
        ))),
    }
}

/// Makes `dir` for a new vault, or takes an empty one over and closes it to others.
pub fn prepare(dir: &Path) -> Result<PathBuf, Error> {
    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    }
    match fs::DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            let meta = fs::symlink_metadata(dir).map_err(Error::io("look at", dir))?;
            let mine = meta.uid() == rustix::process::geteuid().as_raw();
            let mut inside = fs::read_dir(dir).map_err(Error::io("read", dir))?;
            if meta.is_dir() && mine && inside.next().is_none() {
                let mode = fs::Permissions::from_mode(0o700);
                fs::set_permissions(dir, mode).map_err(Error::io("close to others", dir))?;
            }
        }
        Err(e) => return Err(Error::io("create", dir)(e)),
    }
    checked(dir)
}

/// Opens a private file without following a link; with `create` it is made with mode 0600.
pub fn open(path: &Path, create: bool) -> Result<File, Error> {
    let create = if create {
        OFlags::CREATE
    } else {
        OFlags::empty()
    };
    open_as(path, OFlags::RDWR | create)
}

fn open_as(path: &Path, flags: OFlags) -> Result<File, Error> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(
        rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR).map_err(|e| match e {
            rustix::io::Errno::LOOP => Error::Symlink {
                path: path.to_owned(),
            },
            e => Error::io("open", path)(e.into()),
        })?,
    );
    let meta = file.metadata().map_err(Error::io("look at", path))?;
    private(path, &meta)?;
    plain(path, &meta)?;
    Ok(file)
}

/// Reads a private file of at most `cap` bytes; `None` when there is none.
pub fn read(path: &Path, cap: u64) -> Result<Option<Vec<u8>>, Error> {
    if checked_file(path)?.is_none() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    // Not for writing: the disk may take no writes.
    let file = open_as(path, OFlags::RDONLY)?;
    let read = file.take(cap).read_to_end(&mut bytes);
    read.map_err(Error::io("read", path))?;
    Ok(Some(bytes))
}

/// Between a name and the number of the process that writes the file which will have it.
const NEW: &str = ".new-";
/// Before the number of the process that reads a copy of another vault.
pub const COPY: &str = "copy-";
/// A file so young may be another machine's work, whose processes are not seen here.
const YOUNG: Duration = Duration::from_secs(60);

/// Removes what processes that were killed left in the vault's directory: a half written file may
/// hold a key.
pub fn tidy(dir: &Path) {
    tidy_of(dir, None);
}

/// Of the file `stem` only, where one is given.
fn tidy_of(dir: &Path, stem: Option<&str>) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let process = match name.rsplit_once(NEW) {
            Some((of, process)) if stem.is_none_or(|stem| stem == of) => process,
            None if stem.is_none() && name.starts_with(COPY) => name.trim_start_matches(COPY),
            _ => continue,
        };
        if is_gone(process) && is_old(&entry.path()) {
            // What cannot be removed now is looked at again the next time.
            let _ = match name.starts_with(COPY) {
                true => fs::remove_dir_all(entry.path()),
                false => fs::remove_file(entry.path()),
            };
        }
    }
}

fn is_gone(process: &str) -> bool {
    let process = process.parse().ok().and_then(Pid::from_raw);
    process.is_some_and(|process| test_kill_process(process) == Err(Errno::SRCH))
}

fn is_old(path: &Path) -> bool {
    let written = fs::symlink_metadata(path).and_then(|meta| meta.modified());
    written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > YOUNG))
}

/// Replaces a file as a whole, or makes it; after a crash the old or the new one stands there.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if let (Some(dir), Some(stem)) = (path.parent(), path.file_stem()) {
        tidy_of(dir, stem.to_str());
    }
    let temp = path.with_extension(format!("new-{}", std::process::id()));
    let write = || -> Result<(), Error> {
        let _ = fs::remove_file(&temp);
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::open(&temp, flags, Mode::RUSR | Mode::WUSR)
            .map_err(|e| Error::io("create", &temp)(e.into()))?;
        let mut file = File::from(file);
        file.write_all(bytes).map_err(Error::io("write", &temp))?;
        file.sync_all().map_err(Error::io("write", &temp))?;
        fs::rename(&temp, path).map_err(Error::io("replace", path))?;
        path.parent().map_or(Ok(()), sync)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&temp);
    })
}

/// Makes names in `dir` durable.
pub fn sync(dir: &Path) -> Result<(), Error> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(Error::io("write", dir))
}

/// Locks `file` for this open description, waiting at most `limit`: a stopped holder must not
/// stop everyone.
pub fn lock(file: &File, path: &Path, limit: Duration) -> Result<(), Error> {
    let until = Instant::now() + limit;
    loop {
        if try_lock(file, path)? {
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(Error::Busy {
                path: path.to_owned(),
            });
        }
        std::thread::sleep(LOCK_STEP);
    }
}

/// Locks `file` if nobody else has it locked.
pub fn try_lock(file: &File, path: &Path) -> Result<bool, Error> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => Ok(false),
        Err(e) => Err(Error::io("lock", path)(e.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loose_modes_and_links_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("v");
        assert!(matches!(checked(&dir), Err(Error::NoVault { .. })));
        let dir = prepare(&dir).unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().mode() & 0o777, 0o700);
        let file = dir.join("f");
        replace(&file, b"x").unwrap();
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        assert_eq!(read(&file, 10).unwrap().unwrap(), b"x");

        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read(&file, 10), Err(Error::Loose { mode, .. }) if mode == 0o640));
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o750)).unwrap();
        assert!(matches!(checked(&dir), Err(Error::Loose { .. })));

        let link = home.path().join("link");
        std::os::unix::fs::symlink(&dir, &link).unwrap();
        assert!(matches!(checked(&link), Err(Error::Symlink { .. })));
        let link = home.path().join("flink");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(matches!(open(&link, true), Err(Error::Symlink { .. })));
    }

    #[test]
    fn an_empty_directory_is_taken_over_and_closed() {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let dir = prepare(home.path()).unwrap();
        assert_eq!(fs::metadata(dir).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_lock_that_is_held_is_waited_for_and_no_longer() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("l");
        let held = open(&path, true).unwrap();
        assert!(try_lock(&held, &path).unwrap());
        let other = open(&path, false).unwrap();
        let wait = Duration::from_millis(20);
        assert!(matches!(lock(&other, &path, wait), Err(Error::Busy { .. })));
        drop(held);
        lock(&other, &path, wait).unwrap();
    }
}
