//! Another vault, or what is left of one: read, never changed.
//!
//! It is copied into a private directory first, by SQLite where it is whole, row by row where it is
//! damaged. What a damaged page held is lost; everything else is there.

use super::backup::{read_only, snapshot};
use super::log::{Entry, What};
use super::seal::Recipient;
use super::{Ask, Error, Means, Unlocked, Vault, db, dir, new_session_id};
use crate::config::Paths;
use crate::model::SessionId;
use rusqlite::Connection;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Rows that are looked for where even their number cannot be read.
const ROWS_MAX: i64 = 1_000_000;

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
    /// directory with room for a copy; `damaged` reads row by row.
    pub fn open(
        path: &Path,
        scratch: &Path,
        damaged: bool,
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
        if damaged {
            repair(&at_full_length(&file, &place.0)?, &copy)?;
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

    /// Its id in hex.
    pub fn id(&self) -> String {
        super::hex(&self.id)
    }
}

/// Opens a damaged database. SQLite reads nothing of a file that is shorter than its header says, as
/// a disk that lost the end of it leaves it: a copy in the directory `place` gets its length back, and
/// what was there reads as damaged pages.
fn at_full_length(file: &Path, place: &Path) -> Result<Connection, Error> {
    let length = length(file).map_err(Error::io("read", file))?;
    let found = fs::metadata(file).map_err(Error::io("read", file))?.len();
    let Some(length) = length.filter(|length| found < *length) else {
        return read_only(file);
    };
    let copy = place.join("short.db");
    let made = || -> io::Result<()> {
        fs::copy(file, &copy)?;
        File::options().write(true).open(&copy)?.set_len(length)?;
        let log = wal(file);
        if log.exists() {
            fs::copy(log, wal(&copy))?;
        }
        Ok(())
    };
    made().map_err(Error::io("copy", file))?;
    read_only(&copy)
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

/// Copies every row that can still be read.
fn repair(source: &Connection, to: &Path) -> Result<(), Error> {
    let copy = db::create(to)?;
    // Any order will do, and what the rows say of each other is not to be trusted.
    copy.execute_batch("PRAGMA foreign_keys = OFF; BEGIN")
        .map_err(Error::db("be copied"))?;
    let tables = [
        ("vault", "one", 1),
        ("slots", "id", 10_000),
        ("past", "n", 10_000),
        ("sessions", "number", ROWS_MAX),
        ("labels", "session", ROWS_MAX),
        ("pieces", "rowid", ROWS_MAX),
    ];
    for (table, key, most) in tables {
        rows(source, &copy, table, key, most)?;
    }
    nameless(source, &copy)?;
    copy.execute_batch("COMMIT").map_err(Error::db("be copied"))
}

/// Gives pieces whose session's row is lost a session again. Its id stands in an index too, and its
/// day in the log; what named it is lost.
fn nameless(source: &Connection, copy: &Connection) -> Result<(), Error> {
    let lost = lost(copy).map_err(Error::db("be copied"))?;
    if lost.is_empty() {
        return Ok(());
    }
    let ids = ids(source);
    let (days, pruned) = told(source);
    for (number, pieces, bytes) in lost {
        let id = match ids.get(&number) {
            Some(id) if pruned.contains(id) => continue,
            Some(id) => *id,
            None => new_session_id()?,
        };
        let day = days.get(&id).copied().unwrap_or_else(|| super::now().day());
        // An id that another row has stays where it is.
        copy.execute(
            "INSERT OR IGNORE INTO sessions (number, id, day, state, pieces, bytes, head)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, zeroblob(32))",
            (number, id.0, day, db::state::INTERRUPTED, pieces, bytes),
        )
        .map_err(Error::db("be copied"))?;
    }
    Ok(())
}

/// Sessions that have pieces and no row: their number, how many pieces, their bytes.
fn lost(copy: &Connection) -> rusqlite::Result<Vec<(i64, i64, i64)>> {
    let mut lost = copy.prepare(
        "SELECT session, count(*), sum(length(sealed)) FROM pieces
         WHERE session NOT IN (SELECT number FROM sessions) GROUP BY session",
    )?;
    lost.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect()
}

/// The ids of the sessions by their numbers, as far as the index over them can be read.
fn ids(source: &Connection) -> HashMap<i64, SessionId> {
    let read = || -> rusqlite::Result<HashMap<i64, SessionId>> {
        let mut rows = source.prepare("SELECT number, id FROM sessions ORDER BY id")?;
        let rows = rows.query_map([], |row| Ok((row.get(0)?, SessionId(row.get(1)?))))?;
        Ok(rows.map_while(Result::ok).collect())
    };
    read().unwrap_or_default()
}

/// What the log says as far as it can be read: the days of the sessions, and those forgotten.
fn told(source: &Connection) -> (HashMap<SessionId, i64>, HashSet<SessionId>) {
    let (mut days, mut pruned) = (HashMap::new(), HashSet::new());
    let mut hear = |body: Vec<u8>| match serde_json::from_slice::<Entry>(&body).map(|e| e.what) {
        Ok(What::Open { session, day, .. }) => drop(days.insert(session, day)),
        Ok(What::Prune { session, .. }) => drop(pruned.insert(session)),
        _ => {}
    };
    let mut read = || -> rusqlite::Result<()> {
        let mut rows = source.prepare("SELECT body FROM log ORDER BY n")?;
        let rows = rows.query_map([], |row| row.get(0))?;
        rows.map_while(Result::ok).for_each(&mut hear);
        Ok(())
    };
    // Without it they are of today.
    let _ = read();
    (days, pruned)
}

/// Copies the rows of one table, one by one: a damaged page stops a scan, not a look-up.
fn rows(
    source: &Connection,
    copy: &Connection,
    table: &str,
    key: &str,
    most: i64,
) -> Result<(), Error> {
    let found = copy
        .prepare(&format!("SELECT * FROM {table} LIMIT 0"))
        .map(|statement| {
            let names = statement.column_names();
            names.map(str::to_owned).collect::<Vec<_>>()
        });
    let columns = found.map_err(Error::db("be copied"))?;
    let list = columns.join(", ");
    let marks: Vec<String> = (1..=columns.len()).map(|n| format!("?{n}")).collect();
    let mut insert = copy
        .prepare(&format!(
            "INSERT OR IGNORE INTO {table} ({list}) VALUES ({})",
            marks.join(", ")
        ))
        .map_err(Error::db("be copied"))?;
    // A table that an older format has not, or whose root is gone.
    let Ok(mut one) = source.prepare(&format!("SELECT {list} FROM {table} WHERE {key} = ?1"))
    else {
        return Ok(());
    };
    let last = source
        .query_row(&format!("SELECT max({key}) FROM {table}"), [], |row| {
            row.get::<_, Option<i64>>(0)
        })
        .map_or(most, |last| last.unwrap_or(0))
        .min(most);
    for number in 1..=last {
        let row = one.query_row([number], |row| {
            (0..columns.len())
                .map(|column| row.get::<_, rusqlite::types::Value>(column))
                .collect::<rusqlite::Result<Vec<_>>>()
        });
        if let Ok(values) = row {
            // One that breaks a rule of the schema is no row of ours.
            let _ = insert.execute(rusqlite::params_from_iter(values));
        }
    }
    Ok(())
}
