//! A query's text to its words and signs, each with the byte it begins at.

use super::tokens::is_word;
use super::{QueryError, unknown};

/// A sign or a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Open,
    Close,
    Not,
    Or,
    /// Words are joined by it anyway.
    And,
    Word(String),
    Phrase(String),
    Regex(String),
    /// A filter's name, its value, and the byte the value begins at.
    Filter(&'static str, String, usize),
}

/// Every filter, with the names it goes by.
pub(super) const FILTERS: &[(&str, &[&str])] = &[
    ("client", &["client"]),
    ("target", &["target"]),
    ("host", &["host"]),
    ("db", &["db", "database"]),
    ("user", &["user"]),
    ("id", &["id", "session"]),
    ("status", &["status"]),
    ("since", &["since", "after"]),
    ("until", &["until", "before"]),
    ("in", &["in"]),
    ("failed", &["failed"]),
    ("slow", &["slow"]),
    ("masked", &["masked"]),
    ("table", &["table"]),
    ("sqlstate", &["sqlstate"]),
    ("rows", &["rows"]),
    ("kind", &["kind"]),
    ("tag", &["tag"]),
    ("pinned", &["pinned"]),
];

/// Splits `text`.
pub(super) fn lex(text: &str) -> Result<Vec<(usize, Token)>, QueryError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    while let Some(next) = lexer.next()? {
        tokens.push(next);
    }
    Ok(tokens)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn next(&mut self) -> Result<Option<(usize, Token)>, QueryError> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        let (start, rest) = (self.at, self.rest());
        let mut chars = rest.chars();
        let Some(first) = chars.next() else {
            return Ok(None);
        };
        let second = chars.next();
        let token = match first {
            '(' => self.sign(Token::Open),
            ')' => self.sign(Token::Close),
            '"' => Token::Phrase(self.delimited('"', "this quote is never closed")?),
            '/' if self.is_regex() => {
                Token::Regex(self.delimited('/', "this regular expression is never closed")?)
            }
            // `--force` is a word, and so are a dash alone and `->`.
            '-' if second.is_some_and(|c| is_word(c) || "\"(/".contains(c)) => {
                self.sign(Token::Not)
            }
            _ => self.word()?,
        };
        Ok(Some((start, token)))
    }

    fn sign(&mut self, token: Token) -> Token {
        self.at += 1;
        token
    }

    /// `/usr/bin` is a word; `/usr.*/` is a regular expression: it ends in a slash before a space,
    /// a parenthesis or the end.
    fn is_regex(&self) -> bool {
        let body = self.rest().get(1..).unwrap_or_default();
        let word = body.split(char::is_whitespace).next().unwrap_or_default();
        // A path has no blank; an expression that has one still ends in a slash somewhere.
        let ends = |text: &str| text.trim_end_matches(')').ends_with('/');
        (ends(word) && word.len() > 1) || (!word.contains('/') && closing(body, '/').is_some())
    }

    /// What stands between two `quote`s; a backslash keeps the quote after it.
    fn delimited(&mut self, quote: char, never: &str) -> Result<String, QueryError> {
        let body = self.rest().get(1..).unwrap_or_default();
        let Some(end) = closing(body, quote) else {
            return Err(QueryError::at(self.text, self.at, never));
        };
        let inner = body.get(..end).unwrap_or_default();
        self.at += end + 2;
        let escaped: String = ['\\', quote].iter().collect();
        Ok(inner.replace(&escaped, &quote.to_string()))
    }

    fn word(&mut self) -> Result<Token, QueryError> {
        let start = self.at;
        let rest = self.rest();
        let len = bare(rest);
        let word = rest.get(..len).unwrap_or_default();
        if let Some((name, _)) = word.split_once(':')
            && !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphabetic())
        {
            if let Some(filter) = filter(name) {
                self.at += name.len() + 1;
                let value_at = self.at;
                let value = self.value()?;
                return Ok(Token::Filter(filter, value, value_at));
            }
            let value = word.get(name.len() + 1..).unwrap_or_default();
            if !unknown::may_be_text(name, value) {
                let message = format!("there is no filter {name}:");
                let hint = unknown::hint(name, value, word);
                return Err(QueryError::at(self.text, start, message).hint(hint));
            }
        }
        self.at += len;
        Ok(match word {
            "OR" => Token::Or,
            "NOT" => Token::Not,
            "AND" => Token::And,
            _ => Token::Word(word.to_owned()),
        })
    }

    fn value(&mut self) -> Result<String, QueryError> {
        let rest = self.rest();
        match rest.chars().next() {
            Some('"') => self.delimited('"', "this quote is never closed"),
            Some('(') => {
                let Some(end) = rest.find(')') else {
                    let message = "this parenthesis is never closed";
                    return Err(QueryError::at(self.text, self.at, message));
                };
                self.at += end + 1;
                Ok(rest.get(1..end).unwrap_or_default().to_owned())
            }
            _ => {
                let len = bare(rest);
                self.at += len;
                Ok(rest.get(..len).unwrap_or_default().to_owned())
            }
        }
    }
}

/// Where `quote` closes `body`.
fn closing(body: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at),
            _ => {}
        }
    }
    None
}

/// The length of a bare word: up to a blank or a parenthesis that it did not open itself, so that
/// `count(*)` is one.
fn bare(text: &str) -> usize {
    let mut depth = 0_u32;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return at,
            ')' => depth -= 1,
            c if c.is_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}

fn filter(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let found = FILTERS
        .iter()
        .find(|(_, names)| names.contains(&name.as_str()));
    found.map(|(canonical, _)| *canonical)
}
