//! The query language: what a person types to find sessions and moments.
//!
//! ```text
//! stuck orders              both words, in a command, its output, its outcome or a marker
//! "stuck orders"            one after the other
//! stat*                     words that begin so
//! -foo   NOT foo            without
//! foo OR bar   (foo bar)    either; parentheses group, OR binds loosest
//! /regex/                   a regular expression, `^` and `$` at lines
//! client:psql  target:prod* host: db: user: id:7f3a status:interrupted
//! since:7d until:yesterday  in:command|output|error|note
//! failed:  slow:>1s  masked:  masked:jwt  tag:incident  pinned:
//! table:orders  sqlstate:42*  rows:>1000  kind:statement
//! ```
//!
//! Owns the words, their meaning, and the check of a moment against them. Knows neither the index
//! (which answers the same questions faster) nor where events come from.

mod ast;
mod check;
mod error;
mod lex;
mod like;
mod needle;
mod parse;
mod rank;
mod scan;
mod skim;
mod snippet;
mod tables;
mod tokens;
mod unknown;
mod when;

pub use ast::{Expr, Leaf, MomentKind, Pattern, Scope, TextLeaf};
pub use check::{Bits, Doc, MomentFacts, SessionFacts};
pub use error::QueryError;
pub use like::Like;
pub use needle::Needles;
pub use rank::score;
pub use scan::{Found, Moment, Scan, errors, moment_of};
pub use skim::{Glance, Skim};
pub use snippet::{Snippet, marked, snippet};
pub use tables::tables;
pub use tokens::{fold, tokens};
pub use when::{Now, duration, position};

/// A parsed query.
#[derive(Clone, Debug)]
pub struct Query {
    expr: Expr,
    leaves: Vec<Leaf>,
}

impl Query {
    /// Parses what was typed.
    ///
    /// # Errors
    /// What is wrong, with its column and what to write instead.
    pub fn parse(text: &str, now: &Now) -> Result<Query, QueryError> {
        parse::parse(text, now)
    }

    /// The structure over [`Query::leaves`].
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// The conditions, in the order they stand.
    pub fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    /// Whether it matches everything.
    pub fn is_empty(&self) -> bool {
        matches!(self.expr, Expr::All)
    }

    /// Whether sessions alone decide it, without their commands.
    pub fn is_of_sessions(&self) -> bool {
        self.leaves.iter().all(Leaf::is_of_session)
    }
}
