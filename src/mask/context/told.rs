//! Sentences that tell a secret: `The generated password for the elastic user is : x`, `A temporary
//! password is generated for root@localhost: x`, `PASSWORD elastic = x`. The secret is the last word.

use crate::mask::bytes::{at, before, contains, cut, find, trim};
use crate::mask::span::{Class, RuleId, Span};
use crate::mask::standin::is_placeholder;

const TOLD: RuleId = RuleId::new("revealed-secret");

/// A longer sentence tells something else.
const SENTENCE_MAX: usize = 200;

/// What secrets are called.
const THINGS: &[&str] = &[
    "password",
    "passphrase",
    "passwort",
    "token",
    "secret",
    "key",
];

/// What sentences say that tell one.
const TELLS: &[&str] = &[
    "generated",
    "temporary",
    "initial",
    "new password",
    "reset",
    "set to",
    "your password",
    "password is",
    "passphrase is",
    "one-time",
    "admin password",
    "default password",
    "is now",
    "token is",
    "secret is",
    "key is",
];

/// Appends the secret that `line` tells at its end.
pub(super) fn told(line: &[u8], spans: &mut Vec<Span>) {
    let (_, end) = trim(line, 0, line.len());
    let end = end - usize::from(before(line, end) == b'.');
    let Some(last) = cut(line, 0, end).iter().rposition(|c| *c == b' ') else {
        return;
    };
    let (_, gap) = trim(line, 0, last);
    let lead = cut(line, 0, gap);
    let marked = [&b":"[..], b"=", b" is", b" to", b" is now"]
        .iter()
        .any(|m| lead.ends_with(m));
    if !marked {
        return;
    }
    let Some(thing) = THINGS.iter().find_map(|w| find(lead, 0, w.as_bytes())) else {
        return;
    };
    // `PASSWORD elastic = x` of elasticsearch-setup-passwords
    let listed = line.starts_with(b"PASSWORD ") && lead.ends_with(b"=");
    if end - thing > SENTENCE_MAX || !listed && !TELLS.iter().any(|t| contains(lead, t.as_bytes()))
    {
        return;
    }
    let (mut from, mut to) = (last + 1, end);
    let quote = at(line, from);
    if matches!(quote, b'"' | b'\'' | b'`') && before(line, to) == quote && to > from + 1 {
        (from, to) = (from + 1, to - 1);
    }
    let text = cut(line, from, to);
    if is_mixed(text)
        && text.len() >= 5
        && !is_placeholder(text)
        && !contains(text, b"://")
        && !matches!(at(text, 0), b'/' | b'(' | b'<' | b'[' | b'-')
        && !text.ends_with(b":")
        && !text.ends_with(b")")
    {
        spans.push(Span::new(from, to, TOLD, Class::Password));
    }
}

/// Whether `text` is no word of a sentence: digits and something else, or three kinds of characters.
fn is_mixed(text: &[u8]) -> bool {
    let digits = text.iter().any(u8::is_ascii_digit);
    let kinds = [
        digits,
        text.iter().any(u8::is_ascii_uppercase),
        text.iter().any(u8::is_ascii_lowercase),
        text.iter().any(u8::is_ascii_punctuation),
    ];
    let kinds = kinds.iter().filter(|k| **k).count();
    kinds > 2 || kinds == 2 && digits
}
