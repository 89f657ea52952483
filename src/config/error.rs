//! What is wrong with a configuration file: where it stands and what was expected there.

use crate::model::Field;
use std::fmt;
use std::path::PathBuf;

/// The configuration cannot be used. `Display` is one line that is safe to print.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is a file, and it cannot be read.
    #[error("{}: {reason}", Field(&file.to_string_lossy()))]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// It is longer than any configuration.
    #[error("{}: more than {most} bytes, and so no configuration", Field(&file.to_string_lossy()))]
    TooLong {
        /// The file.
        file: PathBuf,
        /// The most that is read.
        most: u64,
    },
    /// Its text means nothing to rec.
    #[error("{}:{fault}", Field(&file.to_string_lossy()))]
    Wrong {
        /// The file.
        file: PathBuf,
        /// Where, and what.
        fault: Fault,
    },
}

impl Error {
    /// Whether the file, wrong as it is, shows that its owner set `on_failure` to something other
    /// than `"continue"`: then what cannot be recorded must not run.
    pub fn asks_to_refuse(&self) -> bool {
        match self {
            Error::Wrong { fault, .. } => fault.refuse,
            Error::Unreadable { .. } | Error::TooLong { .. } => false,
        }
    }

    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            Error::Unreadable { file, .. } => {
                format!("make it readable: chmod u+r {}", file.display())
            }
            Error::TooLong { .. } => "name another file: --config FILE".to_owned(),
            Error::Wrong { .. } => {
                "mend that line; the section CONFIGURATION of man rec tells every key".to_owned()
            }
        }
    }
}

/// A place in a configuration and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What was found and what was expected.
    pub what: String,
    /// `on_failure` is there and is not `"continue"`.
    pub refuse: bool,
}

impl Fault {
    /// The fault `what` at the byte `at` of `text`.
    pub(super) fn at(text: &str, at: usize, what: &str, refuse: bool) -> Fault {
        let before = text.get(..at).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Fault {
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
            what: what.trim_end().replace('\n', "; "),
            refuse,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { line, column, .. } = self;
        write!(f, "{line}:{column}: {}", Field(&self.what))
    }
}

impl std::error::Error for Fault {}
