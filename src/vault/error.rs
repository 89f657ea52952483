//! What can go wrong with the vault, in words for the person who owns it. What to do next is added
//! at the edge.

use super::seal::Damage;
use crate::model::SessionId;
use std::io;
use std::path::{Path, PathBuf};

/// Why the vault could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No vault stands in the directory.
    #[error("there is no vault in {}", .dir.display())]
    NoVault {
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// A vault stood here once: its key is pinned, and the vault is gone.
    #[error("the vault that stood in {} is gone", .dir.display())]
    Gone {
        /// Where it stood.
        dir: PathBuf,
    },
    /// `init` where a vault already stands.
    #[error("there is already a vault in {}", .dir.display())]
    Exists {
        /// Where it stands.
        dir: PathBuf,
    },
    /// A directory for a new vault that holds other things.
    #[error("{} is not empty, and no vault", .dir.display())]
    NotEmpty {
        /// The directory.
        dir: PathBuf,
    },
    /// Others may read or write what must be private.
    #[error("{} is open to other users (mode {mode:04o})", .path.display())]
    Loose {
        /// The file or directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Someone else's file.
    #[error("{} belongs to another user (uid {uid})", .path.display())]
    Owner {
        /// The file or directory.
        path: PathBuf,
        /// Whose it is.
        uid: u32,
    },
    /// A symbolic link where a file of the vault must stand.
    #[error("{} is a symbolic link, which rec does not follow", .path.display())]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// The vault's format is newer than this program.
    #[error("the vault in {} has format {found}; this rec knows formats up to {known}", .dir.display())]
    Newer {
        /// Where it stands.
        dir: PathBuf,
        /// Its format.
        found: i64,
        /// The newest this program knows.
        known: i64,
    },
    /// `vault.db` is something else, or too damaged to be read.
    #[error("{} is not a readable vault database", .path.display())]
    NotAVault {
        /// The file.
        path: PathBuf,
        /// What SQLite said, where it was SQLite that refused.
        #[source]
        source: Option<rusqlite::Error>,
    },
    /// The vault's public key is not the one this configuration pinned.
    #[error("the vault in {} has another key ({found}) than the one known for it ({pinned})", .dir.display())]
    Pinned {
        /// Where it stands.
        dir: PathBuf,
        /// The fingerprint that was pinned.
        pinned: String,
        /// The fingerprint found.
        found: String,
        /// The file that holds the pinned ones.
        file: PathBuf,
    },
    /// None of the ways to unlock worked without a person, and none could be asked.
    #[error("the vault is locked")]
    Locked(#[source] Tried),
    /// The passphrase opens no slot.
    #[error("that passphrase does not open the vault")]
    WrongPassphrase,
    /// The identity opens no slot.
    #[error("the key in {} does not open this vault", .path.display())]
    WrongKey {
        /// The identity file.
        path: PathBuf,
    },
    /// A file that should hold an age or SSH identity does not.
    #[error("{} holds no usable age or SSH key: {why}", .path.display())]
    BadIdentity {
        /// The file.
        path: PathBuf,
        /// What is the matter; never a part of the file.
        why: String,
    },
    /// The person declined.
    #[error("cancelled, nothing was changed")]
    Cancelled,
    /// The OS keyring did not take or give the key.
    #[error("the login keyring cannot be used")]
    Keyring(#[source] super::slots::KeyringError),
    /// The keyring of the kernel, or the keychain, did not take or give the key.
    #[error("the unlocked key cannot be kept: {0}")]
    Kernel(String),
    /// `REC_PASSPHRASE_FILE` could not be read.
    #[error("cannot read the passphrase from {from}")]
    PassphraseFile {
        /// The variable's value.
        from: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No session has this name.
    #[error("no session is called {name}")]
    NoSession {
        /// As asked for.
        name: String,
    },
    /// Several sessions share this prefix.
    #[error("{name} could be any of {} sessions", .all.len())]
    Ambiguous {
        /// As asked for.
        name: String,
        /// All of them.
        all: Vec<SessionId>,
    },
    /// A hold keeps it.
    #[error("{} must be kept until {} (a hold of {days} {})", .id.hex().get(..8).unwrap_or_default(), day_name(*.until), if *.days == 1 { "day" } else { "days" })]
    Held {
        /// The session.
        id: SessionId,
        /// The first day it may go, in days since 1970.
        until: i64,
        /// The hold.
        days: u32,
    },
    /// It is being recorded.
    #[error("{} is being recorded", .id.hex().get(..8).unwrap_or_default())]
    Recorded {
        /// The session.
        id: SessionId,
    },
    /// Its owner pinned it.
    #[error("{} is pinned", .id.hex().get(..8).unwrap_or_default())]
    IsPinned {
        /// The session.
        id: SessionId,
    },
    /// Another process changed what was read.
    #[error("the session was changed by another process meanwhile; nothing was done")]
    Changed,
    /// A slot cannot be sealed for a new identity, because its key is not at hand.
    #[error("slot {slot} ({kind}) cannot be made to open the new key: {why}")]
    SlotAway {
        /// Its number.
        slot: i64,
        /// Its kind.
        kind: &'static str,
        /// What is the matter.
        why: String,
    },
    /// Nothing shows that each slot is the owner's.
    #[error(
        "nothing shows that each of the vault's keyslots was added with its key: one may be someone else's"
    )]
    SlotsUnowned,
    /// A file that must not be overwritten.
    #[error("{} exists, and is left as it is", .path.display())]
    FileExists {
        /// The file.
        path: PathBuf,
    },
    /// What the owner configured of masking cannot be known.
    #[error(transparent)]
    Config(#[from] crate::config::Error),
    /// A recording that could not be written.
    #[error("a session could not be taken in")]
    NotTaken(#[source] super::Failure),
    /// No slot has this number.
    #[error("there is no slot {0}")]
    NoSlot(i64),
    /// It would be added a second time.
    #[error("slot {0} opens with that key already; nothing was added")]
    HasSlot(i64),
    /// The last way in is not removed.
    #[error("slot {0} is the only way to unlock the vault")]
    LastSlot(i64),
    /// Something sealed does not open.
    #[error("{what} is damaged")]
    Damaged {
        /// Which part.
        what: String,
        /// How.
        #[source]
        source: Damage,
    },
    /// Sealing failed, which only a broken random source or allocator causes.
    #[error("cannot seal: {0}")]
    Seal(String),
    /// Another process held a lock for longer than rec waits.
    #[error("another process keeps {} locked", .path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// A file operation.
    #[error("cannot {doing} {}", .path.display())]
    Io {
        /// A verb: read, write, create.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A database operation.
    #[error("the vault database cannot {doing}")]
    Db {
        /// A verb phrase: commit a piece, list the sessions.
        doing: &'static str,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
}

impl Error {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Io {
            doing,
            path: path.to_owned(),
            source,
        }
    }

    pub(super) fn db(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Error {
        move |source| Error::Db { doing, source }
    }
}

/// `2026-11-24`.
pub(super) fn day_name(day: i64) -> String {
    let stamp = crate::model::Stamp(day.saturating_mul(86_400_000_000));
    crate::model::when::civil(stamp, 0).map_or_else(String::new, |at| at.date().to_string())
}

/// The ways to unlock that were tried, and why each did not work.
#[derive(Debug, Default)]
pub struct Tried(pub Vec<String>);

impl std::fmt::Display for Tried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            f.write_str("it has no way to unlock that needs no answer from you")
        } else {
            f.write_str(&self.0.join("; "))
        }
    }
}

impl std::error::Error for Tried {}
