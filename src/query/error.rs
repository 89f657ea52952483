//! What is wrong with a query, and where.

use std::fmt;

/// A query that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// The query.
    pub text: String,
    /// The column of what is wrong, in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl QueryError {
    pub(super) fn at(text: &str, byte: usize, message: impl Into<String>) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        QueryError {
            text: text.to_owned(),
            column: before.chars().count() + 1,
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// In one line, with what to write instead.
    pub fn line(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{self}; {hint}"),
            None => self.to_string(),
        }
    }

    /// The query, and under it a caret at the column.
    pub fn drawing(&self) -> String {
        let before: String = self.text.chars().take(self.column - 1).collect();
        let width =
            unicode_width::UnicodeWidthStr::width(crate::model::printable(&before).as_str());
        format!("{}\n{:width$}^", crate::model::printable(&self.text), "")
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)
    }
}

impl std::error::Error for QueryError {}
