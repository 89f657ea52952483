//! How a recording fares: what the recorder tells the person at the terminal.

use serde::{Deserialize, Serialize};
use std::fmt;

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
