//! The vault with its key: sessions and what they hold, opened.

use super::seal::{self, Damage, Identity, META_MAX, Opener};
use super::{Error, Events, Forgotten, Row, Vault, forget, rekey, writer};
use crate::model::{Meta, SessionId, Size, Stamp, Status, Summary, Target};
use rusqlite::{Connection, OptionalExtension};
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use std::path::Path;

/// A vault that can be read.
pub struct Unlocked {
    vault: Vault,
    identity: Identity,
    /// Those of before a rekey, newest first.
    past: Vec<Identity>,
    opener: RefCell<Opener>,
}

/// A session, without its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What stands in clear.
    pub row: Row,
    /// Its id.
    pub id: SessionId,
    /// What was known at its start; mostly empty where [`Entry::damage`] says why.
    pub meta: Meta,
    /// Where it stands.
    pub status: Status,
    /// `None` while it is recorded, or where it was interrupted and is not counted yet.
    pub summary: Option<Summary>,
    /// What of the above could not be opened.
    pub damage: Option<Damage>,
}

impl Unlocked {
    pub(super) fn new(mut vault: Vault, identity: Identity) -> Result<Unlocked, Error> {
        // A read-only disk or a stuck lock is no reason not to read.
        let _ = writer::close_interrupted(&vault.dir, &mut vault.conn);
        super::dir::tidy(&vault.dir);
        let _ = super::slots::mend(&vault.dir, &vault.conn);
        // A vault of before that was taken down.
        let _ = vault.note_first_if_unknown();
        let mut unlocked = Unlocked::untouched(vault, identity)?;
        unlocked.forget_rest();
        unlocked.maintain();
        Ok(unlocked)
    }

    /// Does nothing of what is otherwise done at an unlock.
    pub(super) fn untouched(vault: Vault, identity: Identity) -> Result<Unlocked, Error> {
        identity.keep_in_memory();
        let past = rekey::past(&vault.conn, &identity)?;
        past.iter().for_each(Identity::keep_in_memory);
        Ok(Unlocked {
            vault,
            identity,
            past,
            opener: RefCell::default(),
        })
    }

    /// The same vault over a connection of its own, to read in another thread.
    pub(super) fn again(&self) -> Result<Unlocked, Error> {
        let again = |identity: &Identity| {
            let identity = identity.again();
            identity.keep_in_memory();
            identity
        };
        let vault = &self.vault;
        Ok(Unlocked {
            vault: Vault {
                dir: vault.dir.clone(),
                id: vault.id,
                recipient: vault.recipient.clone(),
                conn: super::db::open(&vault.dir)?,
                config_dir: vault.config_dir.clone(),
                paths: vault.paths.clone(),
            },
            identity: again(&self.identity),
            past: self.past.iter().map(again).collect(),
            opener: RefCell::default(),
        })
    }

    /// Goes on with what an interrupted removal left, and with what another reader kept alive.
    fn forget_rest(&mut self) {
        let conn = &mut self.vault.conn;
        if forget::unswept(conn).is_ok_and(|left| left.is_some()) {
            let _ = forget::sweep(conn);
        }
        let wal = self.vault.dir.join("vault.db-wal");
        if std::fs::metadata(wal).is_ok_and(|wal| wal.len() > 0) {
            // Without waiting for anyone.
            let _ = conn.busy_timeout(std::time::Duration::ZERO);
            let _ = super::db::truncate_wal(conn);
            let _ = super::db::wait(conn);
        }
    }

    /// The vault.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    pub(super) fn vault_mut(&mut self) -> &mut Vault {
        &mut self.vault
    }

    /// As [`Vault::forget`]; the index is the caller's to clean.
    ///
    /// # Errors
    /// As [`Vault::forget`].
    pub fn forget(&mut self, ids: &[SessionId], reason: &str) -> Result<Forgotten, Error> {
        self.vault.forget(ids, reason)
    }

    /// As [`Vault::set_hold`].
    ///
    /// # Errors
    /// As [`Vault::set_hold`].
    pub fn set_hold(&mut self, days: u32) -> Result<(), Error> {
        self.vault.set_hold(days)
    }

    /// The directory, for what is kept beside the database.
    pub fn dir(&self) -> &Path {
        self.vault.dir()
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(super) fn conn(&self) -> &Connection {
        &self.vault.conn
    }

    /// All sessions, newest first, as far as they stand in clear: nothing is decrypted.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn rows(&self) -> Result<Vec<Row>, Error> {
        self.vault.rows()
    }

    /// One of them, by its number.
    ///
    /// # Errors
    /// [`Error::NoSession`], or the database cannot be read.
    pub fn row(&self, number: i64) -> Result<Row, Error> {
        self.vault.row_of(number)
    }

    /// All sessions, newest first.
    ///
    /// # Errors
    /// The database cannot be read. What cannot be opened is in [`Entry::damage`].
    pub fn sessions(&self) -> Result<Vec<Entry>, Error> {
        self.rows()?.iter().map(|row| self.entry(row)).collect()
    }

    /// Opens what a row's session says of itself.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn entry(&self, row: &Row) -> Result<Entry, Error> {
        type Sealed = Option<Vec<u8>>;
        let read: rusqlite::Result<Option<(Sealed, Sealed)>> = self
            .conn()
            .prepare_cached("SELECT meta, summary FROM sessions WHERE number = ?1")
            .and_then(|mut s| {
                s.query_row([row.number], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()
            });
        let mut damage = (!row.legible)
            .then(|| Damage::Unreadable("its row is damaged, or the disk is".to_owned()));
        let (meta, summary) = match read {
            Ok(sealed) => sealed.unwrap_or_default(),
            Err(error) if super::db::busy(&error) => {
                return Err(Error::db("read a session")(error));
            }
            Err(error) => {
                damage = Some(Damage::Unreadable(error.to_string()));
                Default::default()
            }
        };
        let mut meta = match meta.map_or(Err(Damage::Missing), |meta| self.json::<Meta>(&meta)) {
            Ok(meta) if meta.id == row.id => meta,
            Ok(_) => {
                damage = Some(Damage::Parse("it belongs to another session".to_owned()));
                unknown(row)
            }
            Err(why) => {
                damage = damage.or(Some(why));
                unknown(row)
            }
        };
        let summary = match summary.map(|summary| self.json::<Summary>(&summary)) {
            None => None,
            Some(Ok(mut summary)) => {
                if let Some(opened) = summary.opened.take() {
                    meta.target.told(opened);
                }
                Some(summary)
            }
            Some(Err(why)) => {
                damage = damage.or(Some(why));
                None
            }
        };
        Ok(Entry {
            row: row.clone(),
            id: row.id,
            meta,
            status: row.status,
            summary,
            damage,
        })
    }

    /// The session of this name: a unique prefix of its id, `@last`, or `@2` for the one before.
    ///
    /// # Errors
    /// [`Error::NoSession`], [`Error::Ambiguous`], or the database cannot be read.
    pub fn find(&self, name: &str) -> Result<Entry, Error> {
        self.entry(&self.vault.named(name)?)
    }

    /// The events of a session, opened piece by piece as they are asked for.
    ///
    /// # Errors
    /// [`Error::NoSession`], or the database cannot be read.
    pub fn events(&self, id: SessionId) -> Result<Events<'_>, Error> {
        let number: Option<i64> = self
            .conn()
            .query_row(
                "SELECT number FROM sessions WHERE id = ?1",
                [&id.0],
                |row| row.get(0),
            )
            .optional()
            .map_err(Error::db("read a session"))?;
        let number = number.ok_or_else(|| Error::NoSession { name: id.hex() })?;
        Ok(Events::new(self, number))
    }

    /// Seals bytes of this vault's own, such as the key of its index, to its recipient.
    ///
    /// # Errors
    /// [`Error::Seal`].
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, Error> {
        seal::Sealer::new(self.vault.recipient.clone())?.seal(plain)
    }

    /// Opens what [`Unlocked::seal`] sealed, to at most `cap` bytes.
    ///
    /// # Errors
    /// How it is damaged.
    pub fn open(&self, sealed: &[u8], cap: usize) -> Result<Vec<u8>, Damage> {
        let mut opener = self.opener.borrow_mut();
        self.open_in(&mut opener, sealed, cap)?;
        Ok(opener.take_plain())
    }

    /// As [`Unlocked::open`], into the opener's memory.
    ///
    /// # Errors
    /// As [`Unlocked::open`].
    pub(super) fn open_in(
        &self,
        opener: &mut Opener,
        sealed: &[u8],
        cap: usize,
    ) -> Result<(), Damage> {
        let mut opened = opener.open(&self.identity, sealed, cap);
        for past in &self.past {
            if opened != Err(Damage::Foreign) {
                break;
            }
            opened = opener.open(past, sealed, cap);
        }
        opened
    }

    /// The identities of before a rekey, newest first.
    pub(super) fn past(&self) -> &[Identity] {
        &self.past
    }

    pub(super) fn forget_identities(&mut self) {
        self.past.clear();
    }

    pub(super) fn set_identities(&mut self, identity: Identity, past: Vec<Identity>) {
        self.identity = identity;
        self.past = past;
    }

    fn json<T: DeserializeOwned>(&self, sealed: &[u8]) -> Result<T, Damage> {
        let plain = self.open(sealed, META_MAX)?;
        serde_json::from_slice(&plain).map_err(|e| Damage::Parse(e.to_string()))
    }
}

/// For a session whose metadata does not open: what the clear columns tell.
fn unknown(row: &Row) -> Meta {
    Meta {
        id: row.id,
        client: "?".to_owned(),
        command: String::new(),
        target: Target::default(),
        started: Stamp(row.day.saturating_mul(86_400_000_000)),
        utc_offset: 0,
        size: Size { cols: 80, rows: 24 },
        term: String::new(),
        machine: String::new(),
        login: String::new(),
        directory: String::new(),
        version: String::new(),
    }
}
