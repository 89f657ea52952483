//! Words and signs to a [`Query`].

use super::ast::{Expr, Leaf, MomentKind, Pattern, Scope, TextLeaf};
use super::lex::{Token, lex};
use super::tokens::{fold, is_word, tokens};
use super::{Like, Now, Query, QueryError, duration, when};
use crate::model::Status;
use regex::RegexBuilder;

/// Conditions a query may have, and groups it may nest: far more than a person types, few enough
/// for the stack and for SQLite's expression depth.
const LEAVES_MAX: usize = 200;
const DEPTH_MAX: usize = 50;
/// A compiled expression larger than this is refused.
const REGEX_SIZE: usize = 4 << 20;

pub(super) fn parse(text: &str, now: &Now) -> Result<Query, QueryError> {
    let mut parser = Parser {
        text,
        now,
        tokens: lex(text)?,
        next: 0,
        leaves: Vec::new(),
        depth: 0,
    };
    let expr = parser.group()?;
    if let Some((at, _)) = parser.peek() {
        return Err(parser.wrong(at, "this parenthesis closes nothing"));
    }
    Ok(Query {
        expr,
        leaves: parser.leaves,
    })
}

struct Parser<'a> {
    text: &'a str,
    now: &'a Now,
    tokens: Vec<(usize, Token)>,
    next: usize,
    leaves: Vec<Leaf>,
    depth: usize,
}

impl Parser<'_> {
    fn wrong(&self, at: usize, message: impl Into<String>) -> QueryError {
        QueryError::at(self.text, at, message)
    }

    fn peek(&self) -> Option<(usize, Token)> {
        self.tokens.get(self.next).cloned()
    }

    /// Alternatives up to the closing parenthesis or the end, and the `in:` that holds for them.
    fn group(&mut self) -> Result<Expr, QueryError> {
        let first_leaf = self.leaves.len();
        let mut scope = None;
        let mut alternatives = vec![self.all_of(&mut scope)?];
        while let Some((at, Token::Or)) = self.peek() {
            self.next += 1;
            let after = self.peek();
            if matches!(after, None | Some((_, Token::Or | Token::Close))) {
                return Err(self.wrong(at, "nothing follows this OR"));
            }
            if alternatives == [Expr::All] {
                return Err(self.wrong(at, "nothing stands before this OR"));
            }
            alternatives.push(self.all_of(&mut scope)?);
        }
        if let Some(scope) = scope {
            for leaf in self.leaves.iter_mut().skip(first_leaf) {
                match leaf {
                    Leaf::Text(text) if text.scope == Scope::ALL => text.scope = scope,
                    _ => {}
                }
            }
        }
        Ok(match alternatives.len() {
            1 => alternatives.pop().unwrap_or(Expr::All),
            _ => Expr::Or(alternatives),
        })
    }

    fn all_of(&mut self, scope: &mut Option<Scope>) -> Result<Expr, QueryError> {
        let mut parts = Vec::new();
        while let Some((at, token)) = self.peek() {
            match token {
                Token::Or | Token::Close => break,
                Token::And => self.next += 1,
                Token::Filter("in", value, value_at) => {
                    self.next += 1;
                    *scope = Some(self.scope(&value, value_at)?);
                }
                Token::Not => {
                    self.next += 1;
                    match self.peek() {
                        None | Some((_, Token::Or | Token::And | Token::Close | Token::Not)) => {
                            return Err(self.wrong(at, "nothing follows this NOT"));
                        }
                        Some((at, Token::Filter("in", ..))) => {
                            let error = self.wrong(at, "in: cannot be turned round");
                            return Err(error.hint("name the places to look in: in:command"));
                        }
                        Some(_) => {
                            let inner = self.atom()?;
                            parts.push(Expr::Not(Box::new(inner)));
                        }
                    }
                }
                _ => parts.push(self.atom()?),
            }
        }
        Ok(match parts.len() {
            0 => Expr::All,
            1 => parts.pop().unwrap_or(Expr::All),
            _ => Expr::And(parts),
        })
    }

    fn atom(&mut self) -> Result<Expr, QueryError> {
        let Some((at, token)) = self.peek() else {
            return Ok(Expr::All);
        };
        self.next += 1;
        if self.leaves.len() >= LEAVES_MAX {
            return Err(self.wrong(at, "the query has too many conditions"));
        }
        match token {
            Token::Open => {
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return Err(self.wrong(at, "the query is nested too deeply"));
                }
                let inner = self.group()?;
                if !matches!(self.peek(), Some((_, Token::Close))) {
                    return Err(self.wrong(at, "this parenthesis is never closed"));
                }
                self.next += 1;
                self.depth -= 1;
                if inner == Expr::All {
                    return Err(self.wrong(at, "nothing stands in these parentheses"));
                }
                Ok(inner)
            }
            Token::Word(word) => {
                let pattern = self.word(&word, at)?;
                Ok(self.text_leaf(pattern))
            }
            Token::Phrase(phrase) => {
                if phrase.trim().is_empty() {
                    return Err(self.wrong(at, "nothing stands between these quotes"));
                }
                let pattern = words(&phrase, false);
                Ok(self.text_leaf(pattern))
            }
            Token::Regex(source) => {
                let built = RegexBuilder::new(&source)
                    .multi_line(true)
                    .size_limit(REGEX_SIZE)
                    .build();
                let regex = built.map_err(|error| {
                    let why = error.to_string();
                    let why = why.lines().last().unwrap_or_default();
                    let why = why.trim().trim_start_matches("error: ").to_owned();
                    self.wrong(at, format!("this regular expression is wrong: {why}"))
                })?;
                Ok(self.text_leaf(Pattern::Regex(regex)))
            }
            Token::Filter(name, value, value_at) => self.filter(name, &value, at, value_at),
            // The callers leave these to themselves.
            Token::Close | Token::Not | Token::Or | Token::And => Ok(Expr::All),
        }
    }

    fn leaf(&mut self, leaf: Leaf) -> Expr {
        self.leaves.push(leaf);
        Expr::Leaf(self.leaves.len() - 1)
    }

    fn text_leaf(&mut self, pattern: Pattern) -> Expr {
        let scope = Scope::ALL;
        self.leaf(Leaf::Text(TextLeaf { pattern, scope }))
    }

    fn word(&self, word: &str, at: usize) -> Result<Pattern, QueryError> {
        let (stem, prefix) = match word.strip_suffix('*') {
            Some(stem) if stem.ends_with(is_word) => (stem, true),
            _ => (word, false),
        };
        let star = stem.char_indices().find(|(star, c)| {
            let after = stem.get(star + 1..).and_then(|rest| rest.chars().next());
            *c == '*' && after.is_some_and(is_word)
        });
        if let Some((star, _)) = star {
            let error = self.wrong(at + star, "a * can only stand at the end of a word");
            return Err(error.hint("use a regular expression: /ord.*s/"));
        }
        Ok(words(stem, prefix))
    }

    fn scope(&self, value: &str, at: usize) -> Result<Scope, QueryError> {
        let mut scope = Scope::NONE;
        for place in value.split(['|', ',']).map(str::trim) {
            match place.to_ascii_lowercase().as_str() {
                "command" | "commands" => scope.command = true,
                "output" => scope.output = true,
                "error" | "errors" | "outcome" => scope.error = true,
                "note" | "notes" | "marker" => scope.note = true,
                _ => {
                    let error = self.wrong(at, format!("{place:?} is no place to look in"));
                    return Err(error.hint("command, output, error or note; in:command|error"));
                }
            }
        }
        Ok(scope)
    }

    fn filter(
        &mut self,
        name: &str,
        value: &str,
        at: usize,
        value_at: usize,
    ) -> Result<Expr, QueryError> {
        let value = value.trim();
        if value.is_empty() && !matches!(name, "failed" | "masked" | "pinned") {
            let error = self.wrong(at, format!("{name}: needs a value"));
            return Err(error.hint(format!("for example {}", example(name))));
        }
        if name == "status" {
            let parts = value.split(['|', ',']);
            let parsed = parts.map(|part| self.status(part.trim(), value_at));
            let parsed: Result<Vec<Status>, QueryError> = parsed.collect();
            let leaves = parsed?.into_iter().map(Leaf::Status);
            let any: Vec<Expr> = leaves.map(|leaf| self.leaf(leaf)).collect();
            return Ok(one_of(any));
        }
        let many: Option<fn(&str) -> Leaf> = match name {
            "client" => Some(|v| Leaf::Client(Like::exact(v))),
            "target" => Some(|v| Leaf::Target(Like::part(v))),
            "host" => Some(|v| Leaf::Host(Like::part(v))),
            "db" => Some(|v| Leaf::Database(Like::part(v))),
            "user" => Some(|v| Leaf::User(Like::part(v))),
            "table" => Some(|v| Leaf::Table(table(v))),
            "sqlstate" => Some(|v| Leaf::Sqlstate(Like::exact(v))),
            "tag" => Some(|v| Leaf::Tag(Like::exact(v))),
            "masked" if value.is_empty() => Some(|_| Leaf::Masked(None)),
            "masked" => Some(|v| Leaf::Masked(Some(Like::part(v)))),
            _ => None,
        };
        if let Some(leaf) = many {
            let mut any: Vec<Expr> = Vec::new();
            for value in value.split(['|', ',']) {
                any.push(self.leaf(leaf(value.trim())));
            }
            return Ok(one_of(any));
        }
        let leaf = match name {
            "id" => {
                if !value.bytes().all(|b| b.is_ascii_hexdigit()) {
                    let error = self.wrong(value_at, format!("{value:?} is no id"));
                    return Err(error.hint("an id is hexadecimal: id:7f3a (rec ls shows them)"));
                }
                Leaf::Id(value.to_ascii_lowercase())
            }
            "since" | "until" => {
                let Some(stamp) = when::moment(value, self.now) else {
                    let error = self.wrong(value_at, format!("{value:?} is no time"));
                    return Err(error.hint(format!("write {}", when::MOMENTS)));
                };
                if name == "since" {
                    Leaf::Since(stamp)
                } else {
                    Leaf::Until(stamp)
                }
            }
            "failed" | "pinned" => {
                let leaf = match name {
                    "failed" => Leaf::Failed,
                    _ => Leaf::Pinned,
                };
                match value.to_ascii_lowercase().as_str() {
                    "" | "yes" | "true" => leaf,
                    "no" | "false" => {
                        let leaf = self.leaf(leaf);
                        return Ok(Expr::Not(Box::new(leaf)));
                    }
                    _ => {
                        let error = self.wrong(value_at, format!("{name}: takes no {value:?}"));
                        return Err(error.hint(format!("write {name}: or -{name}:")));
                    }
                }
            }
            "rows" => {
                let below = value.starts_with('<');
                let number = value.trim_start_matches(['<', '>', '=']);
                let Ok(limit) = number.parse() else {
                    let error = self.wrong(value_at, format!("{number:?} is no number of rows"));
                    return Err(error.hint("write rows:>1000, rows:<10"));
                };
                Leaf::Rows { below, limit }
            }
            "kind" => Leaf::Kind(self.kind(value, value_at)?),
            _ => {
                let below = value.starts_with('<');
                let number = value.trim_start_matches(['<', '>', '=']);
                let Some(limit) = duration(number) else {
                    let error = self.wrong(value_at, format!("{number:?} is no duration"));
                    return Err(error.hint("write slow:>1s, slow:>250ms, slow:<5m"));
                };
                Leaf::Slow { below, limit }
            }
        };
        Ok(self.leaf(leaf))
    }

    fn kind(&self, value: &str, at: usize) -> Result<MomentKind, QueryError> {
        match value.to_ascii_lowercase().as_str() {
            "command" | "commands" => Ok(MomentKind::Command),
            "statement" | "statements" => Ok(MomentKind::Statement),
            "output" => Ok(MomentKind::Output),
            "note" | "notes" | "marker" => Ok(MomentKind::Note),
            _ => {
                let error = self.wrong(at, format!("{value:?} is no kind of moment"));
                Err(error.hint("command, statement, output or note"))
            }
        }
    }

    fn status(&self, value: &str, at: usize) -> Result<Status, QueryError> {
        match value.to_ascii_lowercase().as_str() {
            "recording" | "live" => Ok(Status::Recording),
            "closed" => Ok(Status::Closed),
            "interrupted" => Ok(Status::Interrupted),
            _ => {
                let error = self.wrong(at, format!("{value:?} is no status"));
                Err(error.hint("recording, closed or interrupted"))
            }
        }
    }
}

/// Any of these.
fn one_of(mut any: Vec<Expr>) -> Expr {
    match any.len() {
        1 => any.pop().unwrap_or(Expr::All),
        _ => Expr::Or(any),
    }
}

/// Words in a row, or signs as they stand where there is no word.
fn words(text: &str, prefix: bool) -> Pattern {
    let words: Vec<String> = tokens(text).map(|(_, word)| fold(word)).collect();
    let Some(first) = words.first() else {
        return Pattern::Literal(text.to_owned());
    };
    // A word of ASCII may also be written with the Kelvin sign; the expression knows that.
    let finder = first.is_ascii().then(|| {
        RegexBuilder::new(&regex::escape(first))
            .case_insensitive(true)
            .build()
            .ok()
    });
    Pattern::Words {
        finder: finder.flatten(),
        words,
        prefix,
    }
}

/// A table's name is given with its schema or without.
fn table(value: &str) -> Like {
    match Like::exact(value) {
        Like::Exact(name) if !name.contains('.') => Like::Table(name),
        other => other,
    }
}

fn example(name: &str) -> &'static str {
    match name {
        "client" => "client:psql",
        "target" => "target:prod*",
        "host" => "host:db1",
        "db" => "db:app",
        "user" => "user:ada",
        "tag" => "tag:incident",
        "table" => "table:orders",
        "sqlstate" => "sqlstate:42P01",
        "rows" => "rows:>1000",
        "kind" => "kind:statement",
        "id" => "id:7f3a",
        "status" => "status:interrupted",
        "since" => "since:7d",
        "until" => "until:yesterday",
        "slow" => "slow:>1s",
        _ => "in:output",
    }
}

#[cfg(test)]
mod tests;
