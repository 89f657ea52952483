//! SQL cut into words and signs, as far as a fingerprint needs it: PostgreSQL's and MySQL's.

use std::borrow::Cow;

/// A word or a sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// A keyword or a name, in lower case.
    Word(Cow<'t, str>),
    /// A name in quotes, as it stands.
    Quoted(String),
    /// A string, a number, a parameter: what differs from one run to the next.
    Value,
    /// Anything else.
    Sign(char),
}

/// The tokens of a text; comments are none.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer {
        rest: text,
        // Words and signs are a few letters long, with what stands between them.
        tokens: Vec::with_capacity(text.len() / 4),
    };
    while lexer.step() {}
    lexer.tokens
}

struct Lexer<'a> {
    rest: &'a str,
    tokens: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    fn step(&mut self) -> bool {
        self.rest = self.rest.trim_start();
        let Some(c) = self.rest.chars().next() else {
            return false;
        };
        if c == '\\' {
            // The client's: `\;` parts two statements that it sends as one, anything else (`\G`,
            // `\gx file`) says what it does with the result and is not sent.
            match self.rest.starts_with("\\;") {
                true => self.skip(1),
                false => return false,
            }
        } else if self.rest.starts_with("--") || c == '#' && self.rest.starts_with("# ") {
            self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
        } else if self.rest.starts_with("/*") {
            let end = self.rest.find("*/").map_or(self.rest.len(), |at| at + 2);
            self.skip(end);
        } else if c == '\'' {
            self.quoted('\'');
            self.tokens.push(Token::Value);
        } else if c == '"' || c == '`' {
            let name = self.quoted(c);
            self.tokens.push(Token::Quoted(name));
        } else if let Some(len) = self.dollar() {
            self.skip(len);
            self.tokens.push(Token::Value);
        } else if c.is_ascii_digit() {
            let inside = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
            self.take(inside);
            self.tokens.push(Token::Value);
        } else if c.is_alphabetic() || c == '_' {
            let word = self.take(|c| c.is_alphanumeric() || c == '_' || c == '$');
            // E'…', N'…', X'…' and B'…' are strings with a letter before them.
            if word.len() == 1 && self.rest.starts_with('\'') {
                self.quoted('\'');
                self.tokens.push(Token::Value);
            } else {
                let lower = word
                    .bytes()
                    .all(|b| b.is_ascii() && !b.is_ascii_uppercase());
                self.tokens.push(Token::Word(match lower {
                    true => Cow::Borrowed(word),
                    false => Cow::Owned(word.to_lowercase()),
                }));
            }
        } else if c == '?' || c == ':' && self.rest.get(1..).is_some_and(starts_name) {
            self.skip(1);
            self.take(|c| c.is_alphanumeric() || c == '_');
            self.tokens.push(Token::Value);
        } else {
            self.skip(c.len_utf8());
            // A cast's colons are one sign, and no parameter begins behind them.
            if c == ':' && self.rest.starts_with(':') {
                self.skip(1);
            }
            self.tokens.push(Token::Sign(c));
        }
        true
    }

    fn skip(&mut self, len: usize) {
        self.rest = self.rest.get(len..).unwrap_or_default();
    }

    fn take(&mut self, inside: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !inside(c)).unwrap_or(self.rest.len());
        let taken = self.rest.get(..end).unwrap_or_default();
        self.skip(end);
        taken
    }

    /// What stands in quotes; a doubled quote, or one behind a backslash, does not end it.
    fn quoted(&mut self, quote: char) -> String {
        let mut inside = String::new();
        let mut chars = self.rest.char_indices().skip(1).peekable();
        let mut end = self.rest.len();
        while let Some((at, c)) = chars.next() {
            if c == '\\' && quote == '\'' {
                chars.next();
            } else if c == quote {
                if chars.peek().is_some_and(|(_, next)| *next == quote) {
                    chars.next();
                } else {
                    end = at + c.len_utf8();
                    break;
                }
            }
            inside.push(c);
        }
        self.skip(end);
        inside
    }

    /// The length of `$1`, `$$…$$` or `$tag$…$tag$`.
    fn dollar(&self) -> Option<usize> {
        let rest = self.rest.strip_prefix('$')?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            return Some(digits + 1);
        }
        let tag = rest.find('$')?;
        let name = rest.get(..tag)?;
        if !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return None;
        }
        let mark = self.rest.get(..tag + 2)?;
        let body = self.rest.get(mark.len()..)?;
        let end = body.find(mark).map_or(body.len(), |at| at + mark.len());
        Some(mark.len() + end)
    }
}

fn starts_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_and_comments_are_left_out() {
        let shown: Vec<String> = tokens(
            "SELECT a.\"B\"\"c\", e'x\\'y', $1, :name, x::int /* c */ FROM t -- end\nWHERE f = $q$ a $q$ AND n = 1.5e3 # no\n",
        )
        .into_iter()
        .map(|token| match token {
            Token::Word(word) => word.into_owned(),
            Token::Quoted(name) => format!("<{name}>"),
            Token::Value => "?".to_owned(),
            Token::Sign(sign) => sign.to_string(),
        })
        .collect();
        assert_eq!(
            shown.join(" "),
            "select a . <B\"c> , ? , ? , ? , x : int from t where f = ? and n = ?"
        );
    }

    #[test]
    fn what_never_ends_ends_with_the_text() {
        for text in [
            "'open", "\"open", "$$open", "/* open", "-- open", "$", ":", "é'",
        ] {
            tokens(text);
        }
    }
}
