//! Whether a session, or a moment of one, is what a query asks for.
//!
//! A moment's text is checked first and leaves [`Bits`] behind, since it may be gone when its end
//! and outcome become known.

use super::ast::{Expr, Leaf, MomentKind, Pattern, TextLeaf};
use super::tokens::{is_word, tokens, words_at};
use super::{Like, Query};
use crate::model::{Meta, Stamp, Status, Summary};
use crate::timeline::Place;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

/// What is known of a session.
#[derive(Clone, Copy, Debug)]
pub struct SessionFacts<'a> {
    /// As recorded.
    pub meta: &'a Meta,
    /// As counted.
    pub summary: &'a Summary,
    /// Where it stands.
    pub status: Status,
    /// Its tags.
    pub tags: &'a BTreeSet<String>,
    /// Whether it is pinned.
    pub pinned: bool,
}

/// What is known of a moment besides its text.
#[derive(Clone, Debug)]
pub struct MomentFacts<'a> {
    /// When it was.
    pub at: Stamp,
    /// How long it took, for a command that ended.
    pub duration: Option<Duration>,
    /// Whether its outcome is a failure.
    pub failed: bool,
    /// Values masked in it, by rule.
    pub masked: Cow<'a, BTreeMap<String, u32>>,
    /// A command; others only match by their text.
    pub is_command: bool,
    /// A marker or a note.
    pub is_note: bool,
    /// Whether statements passed over a connection.
    pub has_statements: bool,
    /// SQLSTATEs of errors.
    pub sqlstates: Vec<String>,
    /// Tables, where the query asks for any.
    pub tables: Vec<String>,
    /// The fewest and the most rows that one statement gave or changed.
    pub rows: Option<(u64, u64)>,
    /// As whom and in which databases it ran, where connections tell and the query asks.
    pub places: Vec<&'a Place>,
}

/// A moment's text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Doc<'a> {
    /// What was typed.
    pub command: &'a str,
    /// What was printed.
    pub output: &'a str,
    /// How it ended.
    pub outcome: &'a str,
    /// What the server said of statements that failed.
    pub errors: &'a str,
    /// What the marker says.
    pub note: &'a str,
}

/// Which text conditions a moment's text meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bits(Vec<bool>);

impl Bits {
    /// Whether the condition at this position is met.
    pub fn met(&self, leaf: usize) -> bool {
        self.0.get(leaf).copied().unwrap_or(false)
    }
}

impl Query {
    /// Whether a session matches by what is known of it alone, where `text` says of its words
    /// whether they stand in that. Conditions on commands count as met.
    pub fn may_match_session(
        &self,
        session: &SessionFacts<'_>,
        text: &dyn Fn(&TextLeaf) -> bool,
    ) -> bool {
        holds(self.expr(), &|n| match self.leaves().get(n) {
            Some(Leaf::Text(leaf)) => text(leaf),
            Some(
                Leaf::Failed
                | Leaf::Slow { .. }
                | Leaf::Table(_)
                | Leaf::Sqlstate(_)
                | Leaf::Rows { .. }
                | Leaf::Kind(_),
            ) => true,
            Some(leaf) => of_session(leaf, session),
            None => false,
        })
    }

    /// Looks at a moment's text.
    pub fn bits(&self, doc: &Doc<'_>) -> Bits {
        let met = self.leaves().iter().map(|leaf| match leaf {
            Leaf::Text(text) => text.fields(doc).any(|field| text.pattern.is_in(field)),
            _ => false,
        });
        Bits(met.collect())
    }

    /// Whether a moment matches. An aside or a marker must meet a condition on text that is asked
    /// for, or every search for commands would list them all.
    pub fn matches_moment(
        &self,
        session: &SessionFacts<'_>,
        moment: &MomentFacts<'_>,
        bits: &Bits,
    ) -> bool {
        let met = |n: usize| match self.leaves().get(n) {
            Some(Leaf::Text(_)) => bits.met(n),
            Some(Leaf::Since(at)) => moment.at >= *at,
            Some(Leaf::Until(at)) => moment.at < *at,
            Some(Leaf::Failed) => moment.failed,
            Some(Leaf::Slow { below, limit }) => moment
                .duration
                .is_some_and(|took| slow(took, *below, *limit)),
            Some(Leaf::Masked(rule)) => masked(rule.as_ref(), &moment.masked),
            Some(Leaf::Sqlstate(like)) => moment.sqlstates.iter().any(|code| like.matches(code)),
            Some(Leaf::Table(like)) => moment.tables.iter().any(|table| like.matches(table)),
            Some(Leaf::Rows { below, limit }) => moment.rows.is_some_and(|(fewest, most)| {
                if *below {
                    fewest <= *limit
                } else {
                    most >= *limit
                }
            }),
            Some(Leaf::Kind(kind)) => moment.is(*kind),
            Some(leaf @ Leaf::Database(like)) => {
                let told = moment.ran(like, |place| &place.database);
                told.unwrap_or_else(|| of_session(leaf, session))
            }
            Some(leaf @ Leaf::User(like)) => {
                let told = moment.ran(like, |place| &place.user);
                told.unwrap_or_else(|| of_session(leaf, session))
            }
            Some(leaf) => of_session(leaf, session),
            None => false,
        };
        let text = moment.is_command
            || self.kinds().any(|kind| moment.is(kind))
            || self.positive_text().any(|n| bits.met(n));
        text && holds(self.expr(), &met)
    }

    /// Whether a session matches, for queries that [`Query::is_of_sessions`]. A session reaches
    /// from its start to its end, and masks count wherever they are in it.
    pub fn matches_session(&self, session: &SessionFacts<'_>) -> bool {
        holds(self.expr(), &|n| {
            self.leaves()
                .get(n)
                .is_some_and(|leaf| of_session(leaf, session))
        })
    }

    /// Whether a moment of this session can match at all.
    pub fn admits_session(&self, session: &SessionFacts<'_>) -> bool {
        may_hold(self.expr(), false, &|n| match self.leaves().get(n) {
            Some(leaf @ (Leaf::Masked(_) | Leaf::Since(_) | Leaf::Until(_))) => {
                // A moment lies within its session; whether it lies on the other side of a bound
                // is not known.
                if of_session(leaf, session) {
                    None
                } else {
                    Some(false)
                }
            }
            Some(leaf) if leaf.is_of_place() => None,
            Some(leaf) if leaf.is_of_session() => Some(of_session(leaf, session)),
            _ => None,
        })
    }

    /// Whether any condition speaks of the session as a whole.
    pub fn asks_for_sessions(&self) -> bool {
        self.leaves().iter().any(Leaf::is_of_session)
    }

    /// Whether any condition speaks of the user or the database.
    pub fn asks_for_places(&self) -> bool {
        self.leaves().iter().any(Leaf::is_of_place)
    }

    /// Whether any condition speaks of tables.
    pub fn asks_for_tables(&self) -> bool {
        let mut leaves = self.leaves().iter();
        leaves.any(|leaf| matches!(leaf, Leaf::Table(_)))
    }

    /// The kinds of moments that are asked for, not ruled out.
    pub fn kinds(&self) -> impl Iterator<Item = MomentKind> + '_ {
        let mut found = Vec::new();
        positive(self.expr(), true, &mut found);
        found
            .into_iter()
            .filter_map(|n| match self.leaves().get(n) {
                Some(Leaf::Kind(kind)) => Some(*kind),
                _ => None,
            })
    }

    /// The text conditions that are asked for, not ruled out.
    pub fn positive_text(&self) -> impl Iterator<Item = usize> + '_ {
        let mut found = Vec::new();
        positive(self.expr(), true, &mut found);
        found
            .into_iter()
            .filter(|n| matches!(self.leaves().get(*n), Some(Leaf::Text(_))))
    }
}

impl MomentFacts<'_> {
    /// Whether it ran in such a place; `None` where no connection tells.
    fn ran(&self, like: &Like, name: fn(&Place) -> &String) -> Option<bool> {
        let mut names = self.places.iter().map(|place| name(place));
        let known = names.clone().any(|name| !name.is_empty());
        known.then(|| names.any(|name| !name.is_empty() && like.matches(name)))
    }

    fn is(&self, kind: MomentKind) -> bool {
        match kind {
            MomentKind::Command => self.is_command,
            MomentKind::Statement => self.has_statements,
            MomentKind::Note => self.is_note,
            MomentKind::Output => !self.is_command && !self.is_note,
        }
    }
}

fn positive(expr: &Expr, sign: bool, found: &mut Vec<usize>) {
    match expr {
        Expr::All => {}
        Expr::And(parts) | Expr::Or(parts) => {
            parts.iter().for_each(|part| positive(part, sign, found));
        }
        Expr::Not(part) => positive(part, !sign, found),
        Expr::Leaf(n) if sign => found.push(*n),
        Expr::Leaf(_) => {}
    }
}

fn holds(expr: &Expr, met: &impl Fn(usize) -> bool) -> bool {
    match expr {
        Expr::All => true,
        Expr::And(parts) => parts.iter().all(|part| holds(part, met)),
        Expr::Or(parts) => parts.iter().any(|part| holds(part, met)),
        Expr::Not(part) => !holds(part, met),
        Expr::Leaf(n) => met(*n),
    }
}

/// Whether `expr` (or, when `negated`, its opposite) can be true, as far as is known.
pub(super) fn may_hold(expr: &Expr, negated: bool, met: &impl Fn(usize) -> Option<bool>) -> bool {
    match expr {
        Expr::All => !negated,
        Expr::And(parts) if negated => parts.iter().any(|part| may_hold(part, true, met)),
        Expr::Or(parts) if negated => parts.iter().all(|part| may_hold(part, true, met)),
        Expr::And(parts) => parts.iter().all(|part| may_hold(part, false, met)),
        Expr::Or(parts) => parts.iter().any(|part| may_hold(part, false, met)),
        Expr::Not(part) => may_hold(part, !negated, met),
        Expr::Leaf(n) => met(*n).is_none_or(|met| met != negated),
    }
}

fn of_session(leaf: &Leaf, session: &SessionFacts<'_>) -> bool {
    let meta = session.meta;
    let target = &meta.target;
    let named = |like: &Like, name: Option<&String>| name.is_some_and(|name| like.matches(name));
    match leaf {
        Leaf::Client(like) => like.matches(&meta.client),
        Leaf::Host(like) => named(like, target.host.as_ref()),
        Leaf::Database(like) => named(like, target.database.as_ref()),
        Leaf::User(like) => named(like, target.user.as_ref()),
        Leaf::Target(like) => {
            like.matches(&target.label())
                || named(like, target.host.as_ref())
                || named(like, target.database.as_ref())
                || named(like, target.user.as_ref())
        }
        Leaf::Id(prefix) => meta.id.has_prefix(prefix),
        Leaf::Status(status) => session.status == *status,
        Leaf::Since(at) => meta.started.plus(session.summary.duration) >= *at,
        Leaf::Until(at) => meta.started < *at,
        Leaf::Masked(rule) => masked(rule.as_ref(), &session.summary.masked),
        Leaf::Tag(like) => session.tags.iter().any(|tag| like.matches(tag)),
        Leaf::Pinned => session.pinned,
        Leaf::Text(_)
        | Leaf::Failed
        | Leaf::Slow { .. }
        | Leaf::Table(_)
        | Leaf::Sqlstate(_)
        | Leaf::Rows { .. }
        | Leaf::Kind(_) => false,
    }
}

fn slow(took: Duration, below: bool, limit: Duration) -> bool {
    if below { took <= limit } else { took >= limit }
}

fn masked(rule: Option<&Like>, masked: &BTreeMap<String, u32>) -> bool {
    let mut rules = masked.iter().filter(|(_, count)| **count > 0);
    rules.any(|(name, _)| rule.is_none_or(|rule| rule.matches(name)))
}

impl TextLeaf {
    /// The fields of `doc` that it looks at.
    pub fn fields<'a>(&self, doc: &Doc<'a>) -> impl Iterator<Item = &'a str> {
        let scope = self.scope;
        [
            (scope.command, doc.command),
            (scope.output, doc.output),
            (scope.error, doc.outcome),
            (scope.error, doc.errors),
            (scope.note, doc.note),
        ]
        .into_iter()
        .filter(|(wanted, text)| *wanted && !text.is_empty())
        .map(|(_, text)| text)
    }
}

impl Pattern {
    /// Whether it stands anywhere in `text`.
    pub fn is_in(&self, text: &str) -> bool {
        self.find(text, 0).is_some()
    }

    /// Where it stands first at or after the byte `from`.
    pub fn find(&self, text: &str, from: usize) -> Option<Range<usize>> {
        match self {
            Pattern::Literal(literal) => {
                let at = from + text.get(from..)?.find(literal.as_str())?;
                Some(at..at + literal.len())
            }
            Pattern::Regex(regex) => {
                let found = (from <= text.len()).then(|| regex.find_at(text, from))??;
                Some(found.range())
            }
            Pattern::Words {
                words,
                prefix,
                finder: Some(finder),
            } => {
                let mut from = from;
                loop {
                    let found = (from <= text.len()).then(|| finder.find_at(text, from))??;
                    let at = found.start();
                    let inside = text.get(..at).is_some_and(|head| head.ends_with(is_word));
                    if !inside && let Some(end) = words_at(text, at, words, *prefix) {
                        return Some(at..end);
                    }
                    from = found.end();
                }
            }
            Pattern::Words { words, prefix, .. } => {
                let rest = text.get(from..)?;
                let starts = tokens(rest).map(|(at, _)| from + at);
                starts
                    .filter_map(|at| words_at(text, at, words, *prefix).map(|end| at..end))
                    .next()
            }
        }
    }
}
