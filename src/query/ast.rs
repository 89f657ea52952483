//! What a query is made of.

use super::Like;
use crate::model::{Stamp, Status};
use regex::Regex;
use std::time::Duration;

/// How conditions are joined. A leaf is a position in [`super::Query::leaves`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// Everything matches.
    All,
    /// All of these.
    And(Vec<Expr>),
    /// Any of these.
    Or(Vec<Expr>),
    /// Not this.
    Not(Box<Expr>),
    /// One condition.
    Leaf(usize),
}

/// One condition.
#[derive(Clone, Debug)]
pub enum Leaf {
    /// Text of a moment.
    Text(TextLeaf),
    /// The client's name.
    Client(Like),
    /// Host, database, user or the label of the target.
    Target(Like),
    /// The host.
    Host(Like),
    /// The database.
    Database(Like),
    /// The user on the target.
    User(Like),
    /// The session's id begins so (lower-case hex).
    Id(String),
    /// Where the session stands.
    Status(Status),
    /// At or after this moment.
    Since(Stamp),
    /// Before this moment.
    Until(Stamp),
    /// The command failed.
    Failed,
    /// The command took at least (or, when `below`, at most) this long.
    Slow {
        /// Turns the comparison round.
        below: bool,
        /// The bound.
        limit: Duration,
    },
    /// Something was masked; by this rule, if one is named.
    Masked(Option<Like>),
    /// The session has this tag.
    Tag(Like),
    /// The session is pinned.
    Pinned,
    /// A statement names this table, or a result has columns of it.
    Table(Like),
    /// A statement failed with this SQLSTATE.
    Sqlstate(Like),
    /// A statement gave or changed at least (or, when `below`, at most) so many rows.
    Rows {
        /// Turns the comparison round.
        below: bool,
        /// The bound.
        limit: u64,
    },
    /// What kind of moment it is.
    Kind(MomentKind),
}

impl Leaf {
    /// Whether a session decides it only where a moment does not: a connection's user and database
    /// may be others than those the session began with.
    pub fn is_of_place(&self) -> bool {
        matches!(self, Leaf::Database(_) | Leaf::User(_))
    }

    /// Whether the session alone decides it.
    pub fn is_of_session(&self) -> bool {
        match self {
            Leaf::Text(_)
            | Leaf::Failed
            | Leaf::Slow { .. }
            | Leaf::Table(_)
            | Leaf::Sqlstate(_)
            | Leaf::Rows { .. }
            | Leaf::Kind(_) => false,
            Leaf::Client(_)
            | Leaf::Target(_)
            | Leaf::Host(_)
            | Leaf::Database(_)
            | Leaf::User(_)
            | Leaf::Id(_)
            | Leaf::Status(_)
            | Leaf::Since(_)
            | Leaf::Until(_)
            | Leaf::Masked(_)
            | Leaf::Tag(_)
            | Leaf::Pinned => true,
        }
    }
}

/// Kinds of moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MomentKind {
    /// A submitted command.
    Command,
    /// A command that sent statements over a database connection, or such a statement alone.
    Statement,
    /// Text outside commands.
    Output,
    /// A marker or a note.
    Note,
}

/// Text to look for, and where.
#[derive(Clone, Debug)]
pub struct TextLeaf {
    /// What.
    pub pattern: Pattern,
    /// Where.
    pub scope: Scope,
}

/// What text must be.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// Words one after the other, folded by [`super::fold`]; the last may only begin so.
    Words {
        /// At least one.
        words: Vec<String>,
        /// Whether a word that begins with the last one will do.
        prefix: bool,
        /// Finds candidates fast: the first word in any case; `None` when it is not ASCII.
        finder: Option<Regex>,
    },
    /// Signs without a letter or digit, as they stand.
    Literal(String),
    /// A regular expression.
    Regex(Regex),
}

/// The fields of a moment that a text condition looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// What was typed.
    pub command: bool,
    /// What was printed.
    pub output: bool,
    /// How it ended: an exit status, an SQL error.
    pub error: bool,
    /// What a marker says.
    pub note: bool,
}

impl Scope {
    /// Everywhere.
    pub const ALL: Scope = Scope {
        command: true,
        output: true,
        error: true,
        note: true,
    };
    /// Nowhere; fields are added to it.
    pub const NONE: Scope = Scope {
        command: false,
        output: false,
        error: false,
        note: false,
    };
}
