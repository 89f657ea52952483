//! The vault: everything sealed, chained and signed, in one directory of its owner.
//!
//! Recording needs only the vault's public recipient ([`Vault`], [`Recording`]); reading needs an
//! identity ([`Vault::unlock`], [`Unlocked`]). What is stored comes in as
//! [`Masked`](crate::mask::Masked) values only.
//!
//! ```text
//! dir      private directory and files        chain, log   links over ciphertext, signed entries
//! db       vault.db and its schema            recording    the recorder's end, bounded and quick
//! seal     zstd inside age                    writer       the thread that seals and commits
//! slots    ways to unlock                     unlocked     sessions and events, opened
//! apart    a recording written by a process of its own
//! pin      which key belongs to which vault   verify       what is wrong, told without a secret
//! ```

pub mod apart;
mod ask;
mod audit;
mod backup;
mod bundle;
mod chain;
mod compact;
#[cfg(test)]
mod compact_tests;
#[cfg(test)]
mod copy_tests;
mod create;
mod db;
mod dir;
#[cfg(test)]
mod durability_tests;
mod error;
mod events;
mod foreign;
mod forget;
#[cfg(test)]
mod forget_tests;
mod glance;
mod health;
pub mod index;
mod label;
mod live;
mod log;
mod pieces;
mod pin;
mod queue;
mod quiet;
mod reads;
mod recording;
mod redact;
mod rekey;
#[cfg(test)]
mod rekey_tests;
mod repair;
pub mod retention;
mod rows;
mod seal;
mod slots;
#[cfg(test)]
mod slots_tests;
mod take;
#[cfg(test)]
mod tests;
mod unlock;
mod unlocked;
mod verify;
mod writer;

pub use ask::{Ask, Nobody};
pub use audit::Audited;
pub use backup::{BackedUp, restore};
pub use bundle::BundleError;
pub use chain::Hash;
pub use create::{Added, Created, Ensured, NewKey, NewWay, create, ensure_for_recording};
pub use error::{Error, Tried};
pub use events::Events;
pub use forget::{Forgotten, Left};
pub use health::{Failure, FailureKind, Health};
pub use label::NotLabelled;
pub use pieces::Place;
pub use quiet::Quiet;
pub use reads::Read;
pub use recording::{Recording, Refused, new_session_id};
pub use redact::{NotRedacted, Redacted};
pub use rekey::Resealed;
pub use rows::Row;
pub use seal::{Damage, Identity, Recipient};
pub use slots::{KeyringError, Kind as SlotKind, Slot};
pub use take::{Step, Taken, salvage};
pub use unlock::{Means, PASSPHRASE_VARIABLE, Withheld, withheld};
pub use unlocked::{Entry, Unlocked};
pub use verify::{Anchor, Finding, Report, Wrong};

use crate::config::{Config, Paths};
use crate::mask::Rules;
use crate::model::{Meta, SessionId, Stamp};
use rusqlite::Connection;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// An open vault, still locked: good for recording, verifying and for asking to be unlocked.
pub struct Vault {
    dir: PathBuf,
    id: [u8; 16],
    recipient: Recipient,
    conn: Connection,
    config_dir: PathBuf,
    /// Where its owner configured the masking, among other things.
    paths: Paths,
}

impl Vault {
    /// Opens the vault that `paths` names.
    ///
    /// # Errors
    /// Among others [`Error::NoVault`], [`Error::Gone`] where one stood before, [`Error::Loose`],
    /// [`Error::Newer`], and [`Error::Pinned`] when its key is not the one known for this directory.
    pub fn open(paths: &Paths) -> Result<Vault, Error> {
        let known = |dir: &Path| pin::known(&paths.config_dir, dir).is_ok_and(|key| key.is_some());
        Vault::open_there(paths).map_err(|error| match error {
            Error::NoVault { dir } if known(&create::place(&dir)) => Error::Gone { dir },
            error => error,
        })
    }

    fn open_there(paths: &Paths) -> Result<Vault, Error> {
        let dir = dir::checked(&paths.vault)?;
        let conn = db::open(&dir)?;
        let not_a_vault = || Error::NotAVault {
            path: dir.join(dir::DB),
            source: None,
        };
        let (id, recipient) = db::vault(&conn)?.ok_or_else(not_a_vault)?;
        let recipient: Recipient = recipient.parse().map_err(|_| not_a_vault())?;
        pin::check(&paths.config_dir, &dir, &recipient)?;
        Ok(Vault {
            dir,
            id,
            recipient,
            conn,
            config_dir: paths.config_dir.clone(),
            paths: paths.clone(),
        })
    }

    /// The rules that mask what is stored of the session that `meta` tells of: today's, with what
    /// the owner configured.
    ///
    /// # Errors
    /// [`Error::Config`]: what is wanted cannot be known.
    pub fn rules(&self, meta: &Meta) -> Result<Arc<Rules>, Error> {
        let config = Config::load(&self.paths)?;
        Ok(Rules::with(&config.masking.of(&meta.client, &meta.target)))
    }

    /// Whether a vault seems to stand where `paths` says: a look, not an answer.
    pub fn stands(paths: &Paths) -> bool {
        paths.vault.join(dir::DB).exists()
    }

    /// The directory, with no link in its path.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The public key that everything is sealed to.
    pub fn recipient(&self) -> &Recipient {
        &self.recipient
    }

    /// The ways to unlock it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn slots(&self) -> Result<Vec<Slot>, Error> {
        slots::load(&self.conn)
    }

    /// The number and hash of the log's last entry: kept elsewhere, it shows a rollback of all
    /// files. `None` for a log without entries.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn anchor(&self) -> Result<Option<(u64, Hash)>, Error> {
        log::anchor(&self.conn)
    }

    /// The sessions that the log speaks of behind the entry of this number and hash; `None` where
    /// that entry is not there, or something may have changed that no session is named for.
    fn touched_since(&self, n: u64, hash: &Hash) -> Result<Option<HashSet<SessionId>>, Error> {
        log::touched_since(&self.conn, n, hash)
    }

    /// The name of this vault's key in the kernel's keyring.
    fn kernel_name(&self) -> String {
        format!("rec:{}", hex(&self.id))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn now() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let micros = since.map_or(0, |d| d.as_micros());
    Stamp(i64::try_from(micros).unwrap_or(i64::MAX))
}

fn random(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|e| Error::Seal(e.to_string()))
}
