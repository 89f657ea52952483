//! A query as a plan over the index.
//!
//! What the index cannot know (a regular expression over output, signs) counts as met, in either
//! sense, so that the rows are never fewer than the hits; such a query is then checked by reading
//! the sessions that are left.

use super::grams;
use super::list::status_number;
use crate::query::{Expr, Leaf, Like, MomentKind, Pattern, Query, Scope, TextLeaf};
use rusqlite::types::Value;

/// How a query is answered.
pub(super) struct Plan {
    /// What the documents are found by; `None` where they are walked through.
    pub(super) drive: Option<Drive>,
    /// The condition on `sessions s` alone; `None` where all are to be looked at.
    pub(super) sessions: Option<Clause>,
    /// Whether only moments that failed can be hits.
    pub(super) failed: bool,
    /// The condition on `moments m` and `sessions s`. A `#` stands for the shard's number.
    pub(super) rows: Clause,
    /// What `pattern_in(n, text)` looks for.
    pub(super) patterns: Vec<Pattern>,
    /// What `name_in(n, names)` looks for.
    pub(super) names: Vec<Like>,
    /// Whether every row is a hit.
    pub(super) exact: bool,
}

/// A full-text table and what to ask it.
pub(super) struct Drive {
    /// Its name, without the shard's number.
    pub(super) table: &'static str,
    /// In FTS5's language.
    pub(super) ask: String,
}

/// A condition with `?1`, `?2` … for its values.
pub(super) struct Clause {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

impl Clause {
    /// Whether every row meets it.
    pub(super) fn is_always(&self) -> bool {
        self.sql == "1"
    }
}

/// Compiles `query`.
pub(super) fn plan(query: &Query) -> Plan {
    let parts = match query.expr() {
        Expr::And(parts) => parts.as_slice(),
        expr => std::slice::from_ref(expr),
    };
    // A server's state is told of statements that it refused.
    let failed = parts.iter().any(|part| {
        let Expr::Leaf(n) = part else { return false };
        let leaf = query.leaves().get(*n);
        matches!(leaf, Some(Leaf::Failed | Leaf::Sqlstate(_)))
    });
    // Words that stand beside each other at the top drive the search, those ruled out with them.
    let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
    let (mut of_sessions, mut others) = (Vec::new(), Vec::new());
    for part in parts {
        if let Some(words) = all_words(query, part) {
            wanted.push(words);
        } else if let Expr::Not(inner) = part
            && let Some(words) = all_words(query, inner)
        {
            unwanted.push((words, part));
        } else if is_of_sessions(query, part, false) {
            of_sessions.push(part);
        } else {
            others.push(part);
        }
    }
    let mut drive = None;
    if wanted.is_empty() {
        others.extend(unwanted.into_iter().map(|(_, part)| part));
        drive = others.iter().find_map(|part| typed(query, part));
    } else {
        let mut ask = format!("({})", wanted.join(" AND "));
        if !unwanted.is_empty() {
            let unwanted: Vec<String> = unwanted.into_iter().map(|(words, _)| words).collect();
            ask = format!("{ask} NOT ({})", unwanted.join(" OR "));
        }
        drive = Some(Drive {
            table: "words",
            ask,
        })
        .or(drive);
    }
    let mut sessions = Compile::new(query);
    let mut narrow: Vec<String> = of_sessions
        .into_iter()
        .map(|part| sessions.expr(part, false))
        .collect();
    narrow.extend(others.iter().filter_map(|part| sessions.around(part)));
    let mut rows = Compile {
        names: std::mem::take(&mut sessions.names),
        of_places: true,
        ..Compile::new(query)
    };
    let driven = drive.is_some();
    let mut conditions: Vec<String> = others
        .into_iter()
        .map(|part| rows.expr(part, false))
        .collect();
    if !driven {
        conditions.push(rows.commands_or_words());
    }
    conditions.retain(|condition| condition != "1");
    Plan {
        drive,
        failed,
        sessions: (!narrow.is_empty()).then(|| Clause {
            sql: narrow.join(" AND "),
            values: sessions.values,
        }),
        rows: Clause {
            sql: match conditions.is_empty() {
                true => "1".to_owned(),
                false => conditions.join(" AND "),
            },
            values: rows.values,
        },
        patterns: rows.patterns,
        names: rows.names,
        exact: rows.exact,
    }
}

/// The condition on `sessions s` that a session which matches meets; it may let others through.
pub(super) fn of_listed(query: &Query) -> Clause {
    let parts = match query.expr() {
        Expr::And(parts) => parts.as_slice(),
        expr => std::slice::from_ref(expr),
    };
    let mut compile = Compile::new(query);
    let mut conditions = Vec::new();
    for part in parts {
        if is_of_sessions(query, part, true) {
            conditions.push(compile.expr(part, false));
        } else {
            conditions.extend(compile.of_time(part));
        }
    }
    Clause {
        sql: match conditions.is_empty() {
            true => "1".to_owned(),
            false => conditions.join(" AND "),
        },
        values: compile.values,
    }
}

/// An expression of words alone, none of them ruled out, in FTS5's language.
fn all_words(query: &Query, expr: &Expr) -> Option<String> {
    let join = |parts: &[Expr], word: &str| {
        let parts: Option<Vec<String>> = parts.iter().map(|part| all_words(query, part)).collect();
        parts.map(|parts| format!("({})", parts.join(word)))
    };
    match expr {
        Expr::And(parts) => join(parts, " AND "),
        Expr::Or(parts) => join(parts, " OR "),
        Expr::Leaf(n) => match query.leaves().get(*n) {
            Some(Leaf::Text(text)) => words(text),
            _ => None,
        },
        Expr::All | Expr::Not(_) => None,
    }
}

/// What finds the commands that a condition on typed text alone is met by.
fn typed(query: &Query, expr: &Expr) -> Option<Drive> {
    let Expr::Leaf(n) = expr else { return None };
    let Some(Leaf::Text(text)) = query.leaves().get(*n) else {
        return None;
    };
    let only_typed = Scope {
        command: true,
        ..Scope::NONE
    };
    (text.scope == only_typed).then_some(())?;
    let ask = grams::ask(&text.pattern)?;
    Some(Drive {
        table: "typed",
        ask,
    })
}

/// Whether the row of a session decides it, for all of its moments alike; with `places` those
/// conditions count, too, that a moment may decide otherwise.
fn is_of_sessions(query: &Query, expr: &Expr, places: bool) -> bool {
    let all = |parts: &[Expr]| parts.iter().all(|part| is_of_sessions(query, part, places));
    match expr {
        Expr::All => false,
        Expr::And(parts) | Expr::Or(parts) => all(parts),
        Expr::Not(part) => is_of_sessions(query, part, places),
        Expr::Leaf(n) => query.leaves().get(*n).is_some_and(|leaf| {
            let of_moments = matches!(leaf, Leaf::Masked(_) | Leaf::Since(_) | Leaf::Until(_));
            leaf.is_of_session() && !of_moments && (places || !leaf.is_of_place())
        }),
    }
}

struct Compile<'q> {
    query: &'q Query,
    values: Vec<Value>,
    patterns: Vec<Pattern>,
    names: Vec<Like>,
    /// Whether a moment is asked where it ran, not only its session.
    of_places: bool,
    exact: bool,
}

impl<'q> Compile<'q> {
    fn new(query: &'q Query) -> Compile<'q> {
        Compile {
            query,
            values: Vec::new(),
            patterns: Vec::new(),
            names: Vec::new(),
            of_places: false,
            exact: true,
        }
    }

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

    /// What a session must be for a moment of it to meet this.
    fn around(&mut self, expr: &Expr) -> Option<String> {
        let Expr::Leaf(n) = expr else { return None };
        let (column, others, like) = match self.query.leaves().get(*n)? {
            Leaf::Database(like) => ("s.f_database", "s.databases", like),
            Leaf::User(like) => ("s.f_user", "s.users", like),
            _ => return self.of_time(expr),
        };
        let (own, others) = (self.like(column, like), self.name_in(others, like));
        Some(format!("({own} OR {others})"))
    }

    /// What a session must be for its moments to lie on this side of a bound: a moment lies within
    /// its session.
    fn of_time(&mut self, expr: &Expr) -> Option<String> {
        let Expr::Leaf(n) = expr else { return None };
        match self.query.leaves().get(*n)? {
            Leaf::Since(at) => {
                let at = self.bind(at.0);
                Some(format!("s.started + coalesce(s.duration, 0) >= {at}"))
            }
            Leaf::Until(at) => {
                let at = self.bind(at.0);
                Some(format!("s.started < {at}"))
            }
            _ => None,
        }
    }

    /// One condition that is 0 or 1, never NULL; `None` where the index does not know.
    fn leaf(&mut self, leaf: &Leaf) -> Option<String> {
        Some(match leaf {
            Leaf::Text(text) => self.text(text)?,
            Leaf::Client(like) => self.like("s.f_client", like),
            Leaf::Host(like) => self.like("s.f_host", like),
            Leaf::Database(like) => self.place("s.f_database", "m.databases", like),
            Leaf::User(like) => self.place("s.f_user", "m.users", like),
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

    /// Words are in the full-text table; whatever else is looked for in what stands in `moments`.
    fn text(&mut self, text: &TextLeaf) -> Option<String> {
        if let Some(words) = words(text) {
            let words = self.bind(words);
            return Some(format!(
                "m.doc IN (SELECT rowid FROM words_# WHERE words_# MATCH {words})"
            ));
        }
        let scope = text.scope;
        if scope.output {
            return None;
        }
        let n = i64::try_from(self.patterns.len()).unwrap_or(i64::MAX);
        self.patterns.push(text.pattern.clone());
        let n = self.bind(n);
        let mut places = Vec::new();
        if scope.command {
            places.push(format!("m.kind IN (0, 3) AND pattern_in({n}, m.text)"));
        }
        if scope.error {
            // It stands with the last part, when it is known.
            places.push(format!(
                "m.part + 1 = m.parts AND (pattern_in({n}, m.outcome) OR pattern_in({n}, m.errors))"
            ));
        }
        if scope.note {
            places.push(format!("m.kind = 2 AND pattern_in({n}, m.text)"));
        }
        let places: Vec<String> = places.iter().map(|place| format!("({place})")).collect();
        Some(format!("({})", places.join(" OR ")))
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

    /// Where a moment ran, which is said of it only where it is not its session's.
    fn place(&mut self, session: &str, moment: &str, like: &Like) -> String {
        let of_session = self.like(session, like);
        if !self.of_places {
            return of_session;
        }
        let of_moment = self.name_in(moment, like);
        format!("CASE WHEN {moment} IS NULL THEN {of_session} ELSE {of_moment} END")
    }

    fn name_in(&mut self, column: &str, like: &Like) -> String {
        let n = i64::try_from(self.names.len()).unwrap_or(i64::MAX);
        self.names.push(like.clone());
        let n = self.bind(n);
        format!("name_in({n}, {column})")
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

    /// Asides and markers only count where they have a text that is asked for.
    fn commands_or_words(&mut self) -> String {
        let mut any = Vec::new();
        for n in self.query.positive_text() {
            if let Some(Leaf::Text(text)) = self.query.leaves().get(n) {
                match self.text(text) {
                    Some(text) => any.push(text),
                    None => {
                        self.exact = false;
                        return "1".to_owned();
                    }
                }
            }
        }
        let kinds = self.query.kinds().map(of_kind).map(str::to_owned);
        any.extend(kinds);
        any.insert(0, "m.kind IN (0, 3)".to_owned());
        format!("({})", any.join(" OR "))
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
        format!("({{{}}} : {phrase})", named.join(" "))
    })
}
