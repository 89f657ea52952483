//! How a recording fares: what the recorder tells the person at the terminal.

use super::Error;
use rusqlite::ErrorCode;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;

/// Why pieces are not being committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// No space is left.
    DiskFull,
    /// Another process keeps the vault locked.
    Locked,
    /// The file system takes no writes.
    ReadOnly,
    /// A write has not come back for seconds.
    Hung,
    /// Another file, or none, stands where the vault stood.
    Replaced,
    /// The database is damaged.
    Damaged,
    /// The session may not be forgotten yet.
    Held,
    /// Any other failure of the system.
    Failed,
}

impl FailureKind {
    /// Whether trying again is of no use.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            FailureKind::Replaced | FailureKind::Damaged | FailureKind::Held
        )
    }

    /// What its owner can do so that the next session is recorded.
    pub fn remedy(self) -> &'static str {
        match self {
            FailureKind::DiskFull => "make room there",
            FailureKind::Locked => "end what keeps it, or let it go on",
            FailureKind::ReadOnly => "mount it for writing",
            FailureKind::Hung => "rec doctor asks it again",
            FailureKind::Replaced => "put it back, or make another: rec init",
            FailureKind::Damaged => "rec vault verify says what is left of it",
            FailureKind::Held => "retention.min_age keeps it",
            FailureKind::Failed => "look into the system's log, then rec doctor",
        }
    }
}

/// One failure, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Its kind.
    pub kind: FailureKind,
    /// One line without an end, such as `no space left for /home/ada/.local/share/rec`.
    pub text: String,
    /// Nothing of the session was committed before it.
    #[serde(default)]
    pub nothing: bool,
}

impl Failure {
    /// One that came after something was committed, or where that is not known.
    pub fn new(kind: FailureKind, text: impl Into<String>) -> Failure {
        Failure {
            kind,
            text: text.into(),
            nothing: false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Failure {}

/// The state of a recording's way to the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Health {
    /// What was handed over is committed within its second.
    Good,
    /// It is being tried again; nothing handed over is lost yet.
    Failing(Failure),
    /// It was given up; nothing more will be taken.
    Stopped(Failure),
}

impl Error {
    /// Why the vault there could not be opened: of a failure of the system also which, and what to
    /// do.
    pub fn in_a_line(&self, vault: &Path) -> String {
        match self {
            Error::Db { .. } | Error::Io { .. } => {
                let failure = self.failure(vault);
                format!("{failure}; {}", failure.kind.remedy())
            }
            other => other.to_string(),
        }
    }

    /// What it means for a recording into the vault there, in a line for the terminal.
    pub fn failure(&self, vault: &Path) -> Failure {
        let place = vault.display();
        let disk_full = || (FailureKind::DiskFull, format!("no space left for {place}"));
        let (kind, text) = match self {
            Error::Gone { .. } | Error::NoVault { .. } => (
                FailureKind::Replaced,
                format!("the vault in {place} was removed or replaced"),
            ),
            Error::NotAVault { .. } => (FailureKind::Damaged, self.to_string()),
            Error::Busy { .. } => (FailureKind::Locked, self.to_string()),
            Error::Held { .. } => (FailureKind::Held, self.to_string()),
            Error::Db { source, .. } => match source.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => disk_full(),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
                    FailureKind::Locked,
                    format!("another process keeps the vault in {place} locked"),
                ),
                Some(ErrorCode::ReadOnly) => (
                    FailureKind::ReadOnly,
                    format!("the file system of {place} takes no writes"),
                ),
                Some(ErrorCode::SystemIoFailure) => (
                    FailureKind::Failed,
                    format!("the disk of {place} fails: {source}"),
                ),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => (
                    FailureKind::Damaged,
                    format!("the vault in {place} is damaged: {source}"),
                ),
                _ => (FailureKind::Failed, format!("{self}: {source}")),
            },
            Error::Io { source, .. } => match source.kind() {
                std::io::ErrorKind::StorageFull
                | std::io::ErrorKind::QuotaExceeded
                | std::io::ErrorKind::FileTooLarge => disk_full(),
                std::io::ErrorKind::ReadOnlyFilesystem => (
                    FailureKind::ReadOnly,
                    format!("the file system of {place} takes no writes"),
                ),
                _ => (FailureKind::Failed, format!("{self}: {source}")),
            },
            other => (FailureKind::Failed, other.to_string()),
        };
        Failure::new(kind, text)
    }
}
