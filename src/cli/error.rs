//! The one error type of the edge: what happened, why, what to do next, and the exit status.

use std::fmt;

/// What went wrong, as far as the exit status tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Wrong words or options.
    Usage,
    /// The thing asked for does not exist: a session, a match.
    NotFound,
    /// The vault is locked, or the key is not the right one.
    Locked,
    /// Anything else that a reading or managing verb could not do.
    Failed,
    /// rec itself could not run the client.
    Run,
    /// The client exists and cannot be executed.
    NotExecutable,
    /// There is no such client.
    NoSuchClient,
    /// clap's own message, printed as it is (help and version among them, exit status within).
    Clap(i32),
}

impl Kind {
    /// The exit status: 125 to 127 as with `env` and `nohup`, else 0 found, 1 nothing, 2 wrong.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::NotFound => 1,
            Kind::Usage | Kind::Locked | Kind::Failed => 2,
            Kind::Run => 125,
            Kind::NotExecutable => 126,
            Kind::NoSuchClient => 127,
            Kind::Clap(code) => u8::try_from(code).unwrap_or(2),
        }
    }
}

/// An error as a person reads it.
#[derive(Debug)]
pub struct Error {
    /// Decides the exit status.
    pub kind: Kind,
    /// What happened, with the value.
    pub message: String,
    /// Why, outermost first.
    pub causes: Vec<String>,
    /// What to do next.
    pub hints: Vec<String>,
}

impl Error {
    /// An error without a cause.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error {
            kind,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Adds the chain of `cause`, without what only says the line before once more: SQLite's errors
    /// have themselves for a cause, with their number.
    pub fn caused_by(mut self, cause: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = Some(cause);
        while let Some(cause) = next {
            let text = cause.to_string();
            if !self.causes.last().is_some_and(|last| text.ends_with(last)) {
                self.causes.push(text);
            }
            next = cause.source();
        }
        self
    }

    /// Adds a line that says what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// clap's error: its text is complete, help and version are no errors.
    pub fn usage(error: clap::Error) -> Self {
        Error::new(
            Kind::Clap(error.exit_code()),
            error.render().ansi().to_string(),
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_says_the_same_again_is_left_out() {
        let readonly = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY);
        let said = "attempt to write a readonly database".to_owned();
        let cause = rusqlite::Error::SqliteFailure(readonly, Some(said.clone()));
        let error = Error::new(Kind::Failed, "it failed").caused_by(&cause);
        assert_eq!(error.causes, [said]);
    }
}
