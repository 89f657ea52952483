//! Another vault, or what is left of one: read, never changed.
//!
//! It is copied into a private directory first, by SQLite where it is whole, row by row where it is
//! damaged. What a damaged page held is lost; everything else is there.

use super::backup::{read_only, snapshot};
use super::repair::repair;
use super::seal::Recipient;
use super::slots::{self, Slot};
use super::{Ask, Error, Means, Step, Unlocked, Vault, db, dir};
use crate::config::Paths;
use rusqlite::Connection;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The size of a page, as SQLite makes them.
const PAGE: u64 = 4096;

/// An unlocked copy of another vault; it goes when this does.
pub struct Foreign {
    unlocked: Unlocked,
    id: [u8; 16],
    _place: Place,
}

struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Foreign {
    /// Opens the vault in the directory, or the copy in the file `path`. `scratch` is a private
    /// directory with room for a copy; `damaged` reads row by row, and says how far it is.
    pub fn open(
        path: &Path,
        scratch: &Path,
        damaged: Option<&mut dyn FnMut(Step, u64, u64)>,
        means: &Means,
        ask: &mut dyn Ask,
    ) -> Result<Foreign, Error> {
        // What is told of it elsewhere, such as where its key stands, holds in every directory.
        let path = fs::canonicalize(path).map_err(Error::io("read", path))?;
        let (home, file) = match (path.is_dir(), path.parent()) {
            (false, Some(parent)) => (parent.to_owned(), path.clone()),
            _ => (path.clone(), path.join(dir::DB)),
        };
        if !file.exists() {
            return Err(Error::NoVault { dir: home });
        }
        let place = Place(scratch.join(format!("{}{}", dir::COPY, std::process::id())));
        let _ = fs::remove_dir_all(&place.0);
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&place.0)
            .map_err(Error::io("create", &place.0))?;
        let copy = place.0.join(dir::DB);
        if let Some(progress) = damaged {
            repair(&readable(&file, &place.0)?, &copy, progress)?;
        } else {
            let source = read_only(&file)?;
            if !db::is_vault(&source) {
                return Err(Error::NotAVault {
                    path: file,
                    source: None,
                });
            }
            snapshot(&source, &copy)?;
        }
        let conn = db::open(&place.0)?;
        let lost = || Error::NotAVault {
            path: file.clone(),
            source: None,
        };
        let (id, recipient) = db::vault(&conn)?.ok_or_else(lost)?;
        let recipient: Recipient = recipient.parse().map_err(|_| lost())?;
        // Nothing of it is masked as its owner wished: what is taken in is masked as this one's does.
        let paths = Paths {
            vault: home.clone(),
            config: place.0.join("config.toml"),
            config_dir: place.0.clone(),
            state: place.0.clone(),
            runtime: place.0.clone(),
        };
        let vault = Vault {
            // Key files and the slots' copy stand beside the original.
            dir: home,
            id,
            recipient,
            conn,
            config_dir: place.0.clone(),
            paths,
        };
        Ok(Foreign {
            unlocked: vault.unlock_untouched(means, ask)?,
            id,
            _place: place,
        })
    }

    /// What it holds.
    pub fn unlocked(&self) -> &Unlocked {
        &self.unlocked
    }

    /// Its slots, and whether each is the owner's: the database's or their copy, whichever was signed for.
    /// Where neither was, all of both.
    pub fn slots(&self) -> Result<(Vec<Slot>, bool), Error> {
        let vault = self.unlocked.vault();
        if slots::are_signed(&vault.conn)?
            || slots::take_copy(&vault.dir, &vault.conn).unwrap_or(false)
        {
            let all = vault.slots()?;
            let owned = slots::are_owned(&vault.conn, &all, self.unlocked.identity())?;
            return Ok((all, owned));
        }
        Ok((vault.all_slots()?, false))
    }

    /// Its id in hex.
    pub fn id(&self) -> String {
        super::hex(&self.id)
    }
}

/// Opens a damaged database. SQLite reads nothing of a file that is shorter than its header says, as
/// a disk that lost the end of it leaves it, and nothing of one without a header: a copy in the
/// directory `place` gets its length back, or the first page of a new vault, and what was there reads
/// as damaged pages.
fn readable(file: &Path, place: &Path) -> Result<Connection, Error> {
    let found = fs::metadata(file).map_err(Error::io("read", file))?.len();
    let length = length(file).map_err(Error::io("read", file))?;
    let short = length.filter(|length| found < *length);
    let has_header = || read_only(file).is_ok_and(|conn| db::is_vault(&conn));
    if short.is_none() && has_header() {
        return read_only(file);
    }
    let copy = place.join("whole.db");
    let made = |first: Option<Vec<u8>>| -> io::Result<()> {
        fs::copy(file, &copy)?;
        let mut to = File::options().write(true).open(&copy)?;
        if let Some(length) = short {
            to.set_len(length)?;
        }
        if let Some(first) = first {
            to.write_all(&first)?;
        }
        let log = wal(file);
        if log.exists() {
            fs::copy(log, wal(&copy))?;
        }
        Ok(())
    };
    made(None).map_err(Error::io("copy", file))?;
    if read_only(&copy).is_ok_and(|conn| db::is_vault(&conn)) {
        return read_only(&copy);
    }
    made(Some(first_page(place, found)?)).map_err(Error::io("copy", file))?;
    read_only(&copy)
}

/// The first page of a database of `length` bytes that was made as this program makes one: where its
/// tables begin.
fn first_page(place: &Path, length: u64) -> Result<Vec<u8>, Error> {
    let path = place.join("new.db");
    let conn = db::create(&path)?;
    db::truncate_wal(&conn)?;
    drop(conn);
    let mut page = Vec::new();
    let read = File::open(&path).and_then(|file| file.take(PAGE).read_to_end(&mut page));
    read.map_err(Error::io("read", &path))?;
    let pages = u32::try_from(length / PAGE).unwrap_or(u32::MAX);
    // The number of pages; no free ones.
    for (at, number) in [(28, pages), (32, 0), (36, 0)] {
        if let Some(field) = page.get_mut(at..at + 4) {
            field.copy_from_slice(&number.to_be_bytes());
        }
    }
    Ok(page)
}

/// The length that the header of a database gives it (SQLite, "Database File Format", 1.3: the page
/// size at 16, 1 for 65536, and the number of pages at 28); `None` where there is no header.
fn length(file: &Path) -> io::Result<Option<u64>> {
    let mut head = Vec::new();
    File::open(file)?.take(100).read_to_end(&mut head)?;
    let size = head.get(16..18).and_then(|size| size.try_into().ok());
    let pages = head.get(28..32).and_then(|pages| pages.try_into().ok());
    let (Some(size), Some(pages)) = (size, pages) else {
        return Ok(None);
    };
    let size = match u16::from_be_bytes(size) {
        1 => 65_536,
        size => u64::from(size),
    };
    Ok(size.checked_mul(u32::from_be_bytes(pages).into()))
}

fn wal(db: &Path) -> PathBuf {
    let mut name = db.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}
