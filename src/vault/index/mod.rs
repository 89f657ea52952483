//! `index.db`: the list of sessions, their commands and every word, in an SQLCipher database.
//!
//! A cache and nothing more: it catches up whenever the vault is unlocked, is built again when it
//! is missing, damaged or of another version, and without it everything is answered by reading the
//! sessions themselves. Its key is random and stands in `index.key`, sealed to the vault's
//! recipient like everything else. [`Library`] is how the rest of rec reads: it uses the index
//! where there is one.

mod fill;
mod grams;
mod library;
mod list;
mod open;
mod shard;
mod sql;
mod stats;
mod walk;

pub use fill::Progress;
pub use library::{Hit, Library, Search};
pub use list::Listed;
pub use open::{Index, remove};

/// Why the index could not answer. Never a reason to fail: the caller reads without it.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// SQLite said so.
    #[error("index.db: {0}")]
    Database(#[from] rusqlite::Error),
    /// Its files or its key.
    #[error(transparent)]
    Vault(#[from] super::Error),
}

impl IndexError {
    /// Whether another process is at work in it.
    pub fn is_busy(&self) -> bool {
        matches!(self, IndexError::Database(error) if super::db::busy(error))
    }
}

#[cfg(test)]
mod tests;
