//! `index.db`: the list of sessions, their commands and every word, in an SQLCipher database.
//!
//! A cache and nothing more: it catches up whenever the vault is unlocked, is built again when it
//! is missing, damaged or of another version, and without it everything is answered by reading the
//! sessions themselves. Its key is made of the vault's own and of a random part, which stands in
//! `index.key`, sealed to the vault's recipient like everything else. [`Library`] is how the rest of rec
//! reads: it uses the index where there is one.

mod alike;
mod fill;
mod grams;
mod halt;
mod library;
mod list;
mod open;
mod shard;
mod sql;
mod stats;
mod walk;

pub use fill::Progress;
pub use halt::Halt;
pub use library::{Hit, Library, Search};
pub use list::Listed;
#[cfg(test)]
pub(super) use open::key;
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

    /// As SQLite says it, of what is given up between its statements.
    fn halted() -> Self {
        let interrupted = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_INTERRUPT);
        IndexError::Database(rusqlite::Error::SqliteFailure(interrupted, None))
    }

    /// Whether it was given up because something else was asked.
    pub(super) fn is_halted(&self) -> bool {
        let IndexError::Database(error) = self else {
            return false;
        };
        error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted)
    }
}

#[cfg(test)]
mod tests;
