//! A query as SQL over the index.
//!
//! What the index cannot know (regular expressions, signs) counts as met, in either sense, so that
//! the rows are never fewer than the hits; such a query is then checked by reading the sessions
//! that are left.

use super::list::status_number;
use crate::query::{Expr, Leaf, Like, MomentKind, Pattern, Query, TextLeaf};
use rusqlite::types::Value;

/// The condition on `moments m` and `sessions s`.
pub(super) struct Condition {
    /// With `?1`, `?2` … for the values.
    pub(super) sql: String,
    /// The values.
    pub(super) values: Vec<Value>,
    /// Words that every hit has, as an FTS5 expression that can drive the search.
    pub(super) words: Option<String>,
    /// Whether every row is a hit.
    pub(super) exact: bool,
}

/// Compiles `query`.
pub(super) fn condition(query: &Query) -> Condition {
    let mut compile = Compile {
        query,
        values: Vec::new(),
        exact: true,
    };
    // Words that stand beside each other at the top drive the search.
    let mut driving = Vec::new();
    let mut others = Vec::new();
    let parts = match query.expr() {
        Expr::And(parts) => parts.as_slice(),
        expr => std::slice::from_ref(expr),
    };
    for part in parts {
        match part {
            Expr::Leaf(n) => match query.leaves().get(*n) {
                Some(Leaf::Text(text)) => match words(text) {
                    Some(words) => driving.push(words),
                    None => others.push(part),
                },
                _ => others.push(part),
            },
            _ => others.push(part),
        }
    }
    let mut conditions: Vec<String> = others
        .into_iter()
        .map(|part| compile.expr(part, false))
        .collect();
    if driving.is_empty() {
        conditions.push(compile.commands_or_words());
    }
    let words = driving.join(" AND ");
    Condition {
        sql: if conditions.is_empty() {
            "1".to_owned()
        } else {
            conditions.join(" AND ")
        },
        values: compile.values,
        words: (!words.is_empty()).then_some(words),
        exact: compile.exact,
    }
}

struct Compile<'q> {
    query: &'q Query,
    values: Vec<Value>,
    exact: bool,
}

impl Compile<'_> {
    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    /// `expr`, or its opposite.
    fn expr(&mut self, expr: &Expr, negated: bool) -> String {
        let mut join = |parts: &[Expr], and: bool| {
            let parts: Vec<String> = parts.iter().map(|p| self.expr(p, negated)).collect();
            let word = if and != negated { " AND " } else { " OR " };
            format!("({})", parts.join(word))
        };
        match expr {
            Expr::All => if negated { "0" } else { "1" }.to_owned(),
            Expr::And(parts) => join(parts, true),
            Expr::Or(parts) => join(parts, false),
            Expr::Not(part) => self.expr(part, !negated),
            Expr::Leaf(n) => match self.query.leaves().get(*n).and_then(|leaf| self.leaf(leaf)) {
                Some(sql) if negated => format!("NOT ({sql})"),
                Some(sql) => sql,
                None => {
                    self.exact = false;
                    "1".to_owned()
                }
            },
        }
    }

    /// One condition that is 0 or 1, never NULL; `None` where the index does not know.
    fn leaf(&mut self, leaf: &Leaf) -> Option<String> {
        Some(match leaf {
            Leaf::Text(text) => {
                let words = self.bind(words(text)?);
                format!("m.doc IN (SELECT rowid FROM words WHERE words MATCH {words})")
            }
            Leaf::Client(like) => self.like("s.f_client", like),
            Leaf::Host(like) => self.like("s.f_host", like),
            Leaf::Database(like) => self.like("s.f_database", like),
            Leaf::User(like) => self.like("s.f_user", like),
            Leaf::Target(like) => {
                let columns = ["s.f_label", "s.f_host", "s.f_database", "s.f_user"];
                let any = columns.map(|column| self.like(column, like));
                format!("({})", any.join(" OR "))
            }
            Leaf::Id(prefix) => {
                let prefix = self.bind(format!("{prefix}*"));
                format!("s.hex GLOB {prefix}")
            }
            Leaf::Status(status) => {
                let status = self.bind(status_number(*status));
                format!("s.status = {status}")
            }
            Leaf::Since(at) => {
                let at = self.bind(at.0);
                format!("m.stamp >= {at}")
            }
            Leaf::Until(at) => {
                let at = self.bind(at.0);
                format!("m.stamp < {at}")
            }
            Leaf::Failed => "m.failed".to_owned(),
            Leaf::Slow { below, limit } => {
                // Durations are compared in whole microseconds, the unit they are recorded in.
                let micros = if *below {
                    limit.as_micros()
                } else {
                    limit.as_nanos().div_ceil(1000)
                };
                let limit = self.bind(i64::try_from(micros).unwrap_or(i64::MAX));
                let sign = if *below { "<=" } else { ">=" };
                format!("coalesce(m.took {sign} {limit}, 0)")
            }
            Leaf::Masked(None) => "m.masked <> ''".to_owned(),
            // Rules are joined by `|`, which no value holds.
            Leaf::Masked(Some(Like::Part(part))) => {
                let part = self.bind(part.clone());
                format!("instr(m.masked, {part}) > 0")
            }
            Leaf::Sqlstate(like) => self.named("m.sqlstates", like)?,
            Leaf::Table(like) => self.named("m.tables", like)?,
            Leaf::Rows { below, limit } => {
                let limit = self.bind(i64::try_from(*limit).unwrap_or(i64::MAX));
                match below {
                    true => format!("coalesce(m.fewest <= {limit}, 0)"),
                    false => format!("coalesce(m.most >= {limit}, 0)"),
                }
            }
            Leaf::Kind(kind) => of_kind(*kind).to_owned(),
            Leaf::Tag(like) => {
                let like = self.like("t.tag", like);
                format!("EXISTS (SELECT 1 FROM tags t WHERE t.session = s.number AND {like})")
            }
            Leaf::Pinned => "s.pinned".to_owned(),
            Leaf::Masked(Some(Like::Exact(_) | Like::Table(_) | Like::Glob(_))) => return None,
        })
    }

    fn like(&mut self, column: &str, like: &Like) -> String {
        match like {
            Like::Exact(value) => {
                let value = self.bind(value.clone());
                format!("coalesce({column} = {value}, 0)")
            }
            Like::Part(value) | Like::Table(value) => {
                let value = self.bind(value.clone());
                format!("coalesce(instr({column}, {value}) > 0, 0)")
            }
            Like::Glob(pattern) => {
                let pattern = self.bind(pattern.replace('[', "[[]"));
                format!("coalesce({column} GLOB {pattern}, 0)")
            }
        }
    }

    /// Whether one of several names between bars is meant; `None` where SQL cannot say it.
    fn named(&mut self, column: &str, like: &Like) -> Option<String> {
        let mut holds = |text: String| {
            let text = self.bind(text);
            format!("instr({column}, {text}) > 0")
        };
        match like {
            Like::Exact(name) => Some(holds(format!("|{name}|"))),
            Like::Part(name) => Some(holds(name.clone())),
            Like::Table(name) => {
                let (alone, within) = (holds(format!("|{name}|")), holds(format!(".{name}|")));
                Some(format!("({alone} OR {within})"))
            }
            Like::Glob(_) => None,
        }
    }

    /// Asides and markers only count where they have a word that is asked for.
    fn commands_or_words(&mut self) -> String {
        let mut any = Vec::new();
        for n in self.query.positive_text() {
            if let Some(Leaf::Text(text)) = self.query.leaves().get(n) {
                match words(text) {
                    Some(words) => any.push(format!("({words})")),
                    None => {
                        self.exact = false;
                        return "1".to_owned();
                    }
                }
            }
        }
        let kinds = self.query.kinds().map(of_kind);
        let commands = std::iter::once("m.kind IN (0, 3)").chain(kinds);
        let commands = commands.collect::<Vec<_>>().join(" OR ");
        if any.is_empty() {
            return format!("({commands})");
        }
        let words = self.bind(any.join(" OR "));
        format!("({commands} OR m.doc IN (SELECT rowid FROM words WHERE words MATCH {words}))")
    }
}

fn of_kind(kind: MomentKind) -> &'static str {
    match kind {
        MomentKind::Command => "m.kind IN (0, 3)",
        MomentKind::Statement => "m.sent",
        MomentKind::Output => "m.kind = 1",
        MomentKind::Note => "m.kind = 2",
    }
}

/// A text condition in FTS5's language; `None` where words cannot say it.
fn words(text: &TextLeaf) -> Option<String> {
    let Pattern::Words { words, prefix, .. } = &text.pattern else {
        return None;
    };
    let scope = text.scope;
    let columns = [
        ("command", scope.command),
        ("output", scope.output),
        ("error", scope.error),
        ("note", scope.note),
    ];
    let named: Vec<&str> = columns.iter().filter(|c| c.1).map(|c| c.0).collect();
    // Words are letters and digits: no quote can stand in one.
    let star = if *prefix { " *" } else { "" };
    let phrase = format!("\"{}\"{star}", words.join(" "));
    Some(if named.len() == columns.len() {
        phrase
    } else {
        format!("{{{}}} : {phrase}", named.join(" "))
    })
}
