//! Clauses that are not written as a manual has them: misspelt, or put together from parts.

use super::call::looks_secret;
use super::lex::{Kind, Token, View};
use crate::mask::bytes::{at, before, contains, cut, word_at};
use crate::mask::names::{Named, Strength};
use crate::mask::span::Class;

/// PASWORD, PASSWROD: a server refuses the statement, and whoever reads along has the secret.
pub(super) fn misspelt(view: &View<'_>, i: usize) -> Option<Named> {
    let token = view.get(i).filter(|t| t.kind == Kind::Word)?;
    // LINE 1: CREATE USER …, as psql shows what a server refused.
    let verbs = ["create", "alter", "set", "grant"];
    let verb = i == 0 || (0..4).any(|k| view.any(k, &verbs));
    let literal = view.text(i + 1).or(view.text(i + 2));
    // TDengine: ALTER USER u PASS 'x'
    let short = view.is(i, "pass") && view.any(0, &["create", "alter"]) && view.is(1, "user");
    (verb && literal.is_some() && (short || is_near(view.of(token), b"password")))
        .then_some(Named::secret(Strength::Strong, Class::Password))
}

/// Whether `word` is `wanted` (lower case) with one or two letters wrong, missing, doubled or swapped.
pub(super) fn is_near(word: &[u8], wanted: &[u8]) -> bool {
    if word.len() + 2 < wanted.len()
        || word.len() > wanted.len() + 2
        || !at(word, 0).eq_ignore_ascii_case(&at(wanted, 0))
        || !before(word, word.len()).eq_ignore_ascii_case(&before(wanted, wanted.len()))
        || word.eq_ignore_ascii_case(wanted)
        || !word.iter().all(u8::is_ascii_alphabetic)
    {
        return false;
    }
    let old = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
    // Damerau and Levenshtein's distance, row by row.
    let mut above: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=wanted.len()).collect();
    for (i, c) in word.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, w) in wanted.iter().enumerate() {
            let wrong = usize::from(!c.eq_ignore_ascii_case(w));
            let mut best = (old(&row, j) + wrong)
                .min(old(&row, j + 1) + 1)
                .min(old(&next, j) + 1);
            let swapped = i > 0
                && j > 0
                && at(word, i - 1).eq_ignore_ascii_case(w)
                && c.eq_ignore_ascii_case(&at(wanted, j - 1));
            if swapped {
                best = best.min(old(&above, j - 1) + 1);
            }
            next.push(best);
        }
        above = std::mem::replace(&mut row, next);
    }
    row.last().is_some_and(|distance| *distance <= 2)
}

/// The argument of format() that stands for the password in `body`, the literal at `i`:
/// `format('ALTER ROLE %I PASSWORD %L', 'app', 'x')`; or of RAISE, which has signs without a letter:
/// `RAISE NOTICE 'role % has password %', 'app', 'x'`.
pub(super) fn formatted(view: &View<'_>, i: usize, body: &[u8]) -> Option<Token> {
    let raised = is_raised(view, i);
    let (mut number, mut place) = (0, 0);
    while let Some(n) = memchr::memchr(b'%', cut(body, place, body.len())) {
        let sign = place + n;
        let next = at(body, sign + 1);
        let stands = next.is_ascii_alphabetic() || raised && next != b'%';
        // In RAISE the letter behind a sign is the text's own.
        place = sign + if raised && stands { 1 } else { 2 };
        if !stands {
            continue;
        }
        number += 1;
        if opens(cut(body, 0, sign)) {
            let value = view.text(i + 2 * number);
            // What a message says of a password is mostly a word: 'password %', 'expired'.
            return value.filter(|value| !raised || looks_secret(view.of(*value), true));
        }
    }
    None
}

/// Whether the literal at `i` is the message of PL/pgSQL's RAISE.
fn is_raised(view: &View<'_>, i: usize) -> bool {
    let levels = ["debug", "log", "info", "notice", "warning", "exception"];
    let level = i.wrapping_sub(1);
    view.is(level, "raise") || view.any(level, &levels) && view.is(level.wrapping_sub(1), "raise")
}

/// The literal that is joined to `body`, the literal at `i`, when that ends where a password begins:
/// `'… PASSWORD ' || 'x'`, `CONCAT('… IDENTIFIED BY \'', 'x')`.
pub(super) fn joined(view: &View<'_>, i: usize, body: &[u8]) -> Option<Token> {
    if !opens(body) {
        return None;
    }
    let mut j = i + 1;
    let marks = [b',', b'|', b'+', b'('];
    while marks.iter().any(|mark| view.mark(j, *mark))
        || view.any(j, &["quote_literal", "quote", "quotename", "concat"])
    {
        j += 1;
    }
    view.text(j).filter(|_| j > i + 1)
}

/// Whether the secret of a password clause comes directly behind `lead`.
fn opens(lead: &[u8]) -> bool {
    let mut lead = lead.trim_ascii_end();
    while let Some(rest) = lead
        .strip_suffix(b"'")
        .or_else(|| lead.strip_suffix(b"\""))
        .or_else(|| lead.strip_suffix(b"="))
        .or_else(|| lead.strip_suffix(b":"))
        .or_else(|| lead.strip_suffix(b" is"))
        .or_else(|| lead.strip_suffix(b"\\"))
        .or_else(|| lead.strip_suffix(b"N"))
    {
        lead = rest.trim_ascii_end();
    }
    let ends = |word: &[u8]| {
        let place = lead.len().checked_sub(word.len());
        place.is_some_and(|i| word_at(lead, i, word))
    };
    ends(b"password") || ends(b" by") && contains(lead, b"identified")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_near_when_hands_slip() {
        for word in ["PASWORD", "passwrod", "PASSOWRD", "PASSSWORD", "pasword"] {
            assert!(is_near(word.as_bytes(), b"password"), "{word}");
        }
        for word in [
            "password", "passport", "parent", "pass", "words", "user_pwd",
        ] {
            assert!(!is_near(word.as_bytes(), b"password"), "{word}");
        }
        assert!(is_near(b"IDENTFIED", b"identified"));
        assert!(!is_near(b"identity", b"identified"));
    }
}
