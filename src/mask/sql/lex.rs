//! The lexer: words, quoted identifiers, literals and marks of the dialects that clients speak.
//!
//! It never fails: what is broken or unfinished lexes as far as it goes. It knows the literals of
//! PostgreSQL (`E''`, `U&''`, dollar quotes), MySQL (backslashes, double quotes), T-SQL (`N''`) and
//! Oracle (`q'[]'`).

use crate::mask::bytes::{at, before, cut, is_word};
use crate::mask::columns::{Judge, RECS_OWN};

/// More tokens are not looked at in one statement.
const TOKENS_MAX: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    /// A quoted identifier, which is a string in MySQL.
    Quoted,
    Text,
    Mark(u8),
}

/// A token; for texts the span of what stands between the quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

/// The tokens of `text`, so many as are looked at.
pub(super) fn lex(text: &[u8]) -> Vec<Token> {
    let mut tokens = Vec::new();
    lex_on(text, 0, TOKENS_MAX, &mut tokens);
    tokens
}

/// Appends the tokens of `text` from `i` on until there are `most`, and tells where it stopped.
pub(super) fn lex_on(text: &[u8], mut i: usize, most: usize, tokens: &mut Vec<Token>) -> usize {
    let last_escaped = memchr::memmem::rfind(text, b"\\'");
    while i < text.len() && tokens.len() < most {
        let c = at(text, i);
        match c {
            b' ' | b'\t' | b'\n' | b'\r' => i += 1,
            b'-' if at(text, i + 1) == b'-' && (at(text, i + 2) == b' ' || i + 2 >= text.len()) => {
                i = memchr::memchr(b'\n', cut(text, i, text.len())).map_or(text.len(), |n| i + n);
            }
            b'/' if at(text, i + 1) == b'*' => {
                i = memchr::memmem::find(cut(text, i, text.len()), b"*/")
                    .map_or(text.len(), |n| i + n + 2);
            }
            // The apostrophe of a sentence: the passphrase's length.
            b'\''
                if is_word(before(text, i))
                    && matches!(at(text, i + 1), b's' | b't')
                    && matches!(at(text, i + 2), b' ' | b',' | b'.' | b'\n' | 0) =>
            {
                i += 2;
            }
            b'\'' | b'"' | b'`' => {
                let backslash = c == b'"'
                    || matches!(before(text, i), b'E' | b'e')
                    || last_escaped.is_some_and(|last| last > i);
                let end = string_end(text, i + 1, c, backslash);
                tokens.push(Token {
                    kind: if c == b'\'' { Kind::Text } else { Kind::Quoted },
                    start: i + 1,
                    end,
                });
                i = end + 1;
            }
            // Quotes that a word processor bent: ‘x’, “x”
            0xE2 if matches!(cut(text, i, i + 3), [0xE2, 0x80, 0x98 | 0x9C]) => {
                let start = i + 3;
                let rest = cut(text, start, text.len());
                let close = [&b"\xE2\x80\x99"[..], b"\xE2\x80\x9D", b"'", b"\""]
                    .iter()
                    .filter_map(|quote| memchr::memmem::find(rest, quote))
                    .min();
                let Some(end) = close.map(|n| start + n) else {
                    i = start;
                    continue;
                };
                tokens.push(Token {
                    kind: Kind::Text,
                    start,
                    end,
                });
                i = end + 3;
            }
            b'$' => {
                let mut tag = i + 1;
                while is_word(at(text, tag)) {
                    tag += 1;
                }
                if at(text, tag) == b'$' && !at(text, i + 1).is_ascii_digit() {
                    let mark = cut(text, i, tag + 1);
                    let body = tag + 1;
                    let end = memchr::memmem::find(cut(text, body, text.len()), mark)
                        .map_or(text.len(), |n| body + n);
                    tokens.push(Token {
                        kind: Kind::Text,
                        start: body,
                        end,
                    });
                    i = end + mark.len();
                } else {
                    tokens.push(Token {
                        kind: Kind::Word,
                        start: i,
                        end: tag.max(i + 1),
                    });
                    i = tag.max(i + 1);
                }
            }
            _ if is_word(c) || c == b'@' || c == b'\\' && i == 0 => {
                let start = i;
                i += 1;
                while is_word(at(text, i)) || matches!(at(text, i), b'.' | b'$' | b'#') {
                    i += 1;
                }
                // Oracle: q'[…]'
                if i - start == 1 && matches!(c, b'q' | b'Q') && at(text, i) == b'\'' {
                    let close = match at(text, i + 1) {
                        b'[' => b']',
                        b'(' => b')',
                        b'{' => b'}',
                        b'<' => b'>',
                        other => other,
                    };
                    let body = i + 2;
                    let end = memchr::memmem::find(cut(text, body, text.len()), &[close, b'\''])
                        .map_or(text.len(), |n| body + n);
                    tokens.push(Token {
                        kind: Kind::Text,
                        start: body,
                        end,
                    });
                    i = end + 2;
                    continue;
                }
                // N'…', E'…', x'…': the prefix belongs to the literal.
                let prefix = at(text, i) == b'\''
                    && (i - start == 1 && b"NnEeBbXxUu".contains(&c) || c == b'_');
                // U&'…'
                if i - start == 1 && matches!(c, b'U' | b'u') && cut(text, i, i + 2) == b"&'" {
                    i += 1;
                    continue;
                }
                if !prefix {
                    tokens.push(Token {
                        kind: Kind::Word,
                        start,
                        end: i,
                    });
                }
            }
            _ => {
                tokens.push(Token {
                    kind: Kind::Mark(c),
                    start: i,
                    end: i + 1,
                });
                i += 1;
            }
        }
    }
    i
}

/// The tokens inside a literal that holds statements of its own: a dollar-quoted body, or a string
/// whose inner quotes are doubled or escaped.
pub(super) fn inner(text: &[u8], token: Token) -> Vec<Token> {
    let body = cut(text, token.start, token.end);
    let holds = |pair: &[u8]| memchr::memmem::find(body, pair).is_some();
    let pair: &[u8; 2] = if holds(b"\'\'") { b"\'\'" } else { b"\\'" };
    // A body that is not finished is known by what opened it.
    let dollars = before(text, token.start) == b'$'
        || text
            .get(token.end)
            .is_some_and(|c| matches!(c, b'$' | b'"' | b'`') || *c == b'\'' && !holds(pair));
    let shift = |tokens: Vec<Token>, by: usize| {
        tokens.into_iter().map(move |t| Token {
            start: t.start + by,
            end: t.end + by,
            ..t
        })
    };
    if dollars {
        return shift(lex(body), token.start).collect();
    }
    let mut tokens = Vec::new();
    let mut start = 0;
    for (number, piece) in split_at(body, pair).enumerate() {
        if number % 2 == 1 {
            tokens.push(Token {
                kind: Kind::Text,
                start: token.start + start,
                end: token.start + start + piece.len(),
            });
        } else {
            tokens.extend(shift(lex(piece), token.start + start));
        }
        start += piece.len() + 2;
    }
    tokens
}

fn split_at<'a>(body: &'a [u8], pair: &'a [u8; 2]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(quote) = memchr::memmem::find(text, pair) else {
            return rest.take();
        };
        rest = text.get(quote + 2..);
        text.get(..quote)
    })
}

fn string_end(text: &[u8], mut i: usize, quote: u8, backslash: bool) -> usize {
    while i < text.len() {
        let c = at(text, i);
        if c == b'\\' && backslash {
            i += 2;
        } else if c == quote {
            if at(text, i + 1) == quote {
                i += 2;
            } else {
                return i;
            }
        } else {
            i += 1;
        }
    }
    text.len()
}

/// A text and its tokens.
pub(super) struct View<'a> {
    pub text: &'a [u8],
    pub tokens: &'a [Token],
    pub judge: &'a Judge,
}

impl<'a> View<'a> {
    pub(super) fn new(text: &'a [u8], tokens: &'a [Token]) -> Self {
        View {
            text,
            tokens,
            judge: &RECS_OWN,
        }
    }
}

impl View<'_> {
    pub(super) fn get(&self, i: usize) -> Option<Token> {
        self.tokens.get(i).copied()
    }

    pub(super) fn of(&self, token: Token) -> &[u8] {
        cut(self.text, token.start, token.end)
    }

    pub(super) fn is(&self, i: usize, word: &str) -> bool {
        self.get(i).is_some_and(|t| {
            t.kind == Kind::Word && self.of(t).eq_ignore_ascii_case(word.as_bytes())
        })
    }

    pub(super) fn any(&self, i: usize, words: &[&str]) -> bool {
        words.iter().any(|w| self.is(i, w))
    }

    pub(super) fn mark(&self, i: usize, c: u8) -> bool {
        self.get(i).is_some_and(|t| t.kind == Kind::Mark(c))
    }

    /// A string, or what MySQL takes for one.
    pub(super) fn literal(&self, i: usize) -> Option<Token> {
        self.get(i)
            .filter(|t| matches!(t.kind, Kind::Text | Kind::Quoted))
    }

    pub(super) fn text(&self, i: usize) -> Option<Token> {
        self.get(i).filter(|t| t.kind == Kind::Text)
    }
}
/// `fn default() -> Password<'static> {`: the lifetime of a type opens no literal.
pub(super) fn is_lifetime(text: &[u8], token: Token) -> bool {
    let name = cut(text, token.start, token.end)
        .iter()
        .take_while(|c| c.is_ascii_lowercase() || **c == b'_')
        .count();
    let opened = matches!(
        cut(text, token.start.saturating_sub(2), token.start),
        [b'<' | b'&', b'\'']
    );
    opened && name > 0 && matches!(at(text, token.start + name), b'>' | b',' | b' ')
}

/// Whether a literal or a bracket is open at the end.
pub(super) fn is_open(tokens: &[Token], text: &[u8]) -> bool {
    let mut depth = 0usize;
    for token in tokens {
        match token.kind {
            Kind::Mark(b'(') => depth += 1,
            Kind::Mark(b')') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    depth > 0
        || tokens.last().is_some_and(|token| {
            matches!(token.kind, Kind::Text | Kind::Quoted) && token.end >= text.len()
        })
}

/// Whether anything opens a literal.
pub(super) fn has_literal(text: &[u8]) -> bool {
    memchr::memchr3(b'\'', b'"', b'`', text).is_some() || memchr::memchr(b'$', text).is_some()
}
