//! HTTP: authorization schemes and session cookies.

use crate::mask::bytes::{at, before, contains, cut, find, from, is_word, skip_blanks, word_at};
use crate::mask::span::{Class, RuleId, Span};
use crate::mask::standin::is_placeholder;
use crate::mask::value::{is_prose, is_random};

const HTTP: RuleId = RuleId::new("http-authorization");

/// `Bearer x`, `Basic x`, `Token x`, `Digest …`, behind `Authorization` or alone.
pub(super) fn scheme(line: &[u8], place: usize, spans: &mut Vec<Span>) {
    for (word, least) in [
        (&b"bearer "[..], 8),
        (b"basic ", 12),
        (b"digest ", 24),
        (b"negotiate ", 16),
        (b"apikey ", 12),
        (b"token ", 12),
    ] {
        if !word_at(line, place, word) || is_word(before(line, place)) {
            continue;
        }
        let start = skip_blanks(line, place + word.len());
        let mut end = start;
        while at(line, end).is_ascii_alphanumeric()
            || matches!(
                at(line, end),
                b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b':' | b'%'
            )
        {
            end += 1;
        }
        let secret = cut(line, start, end);
        let header = contains(cut(line, 0, place), b"authorization");
        let mixed = is_issued(secret);
        if secret.len() >= if header { 4 } else { least }
            && (mixed || header && !is_said(line, place, secret))
            && !is_placeholder(secret)
            // Token pointerToken(void*); of a declaration
            && at(line, end) != b'('
            && !secret.starts_with(b"/")
            // attestation digest sha256:…
            && !(secret.starts_with(b"sha") && secret.contains(&b':'))
            // `token PASSWORD_SYM` of a grammar
            && !secret.iter().all(|c| c.is_ascii_uppercase() || *c == b'_')
        {
            spans.push(Span::new(start, end, HTTP, Class::Token));
        }
    }
    // `Authorization: x` with a scheme of its own, or none.
    if word_at(line, place, b"authorization") {
        let mut i = place + 13;
        while matches!(
            at(line, i),
            b'"' | b'\'' | b'\\' | b' ' | b':' | b'=' | b'>'
        ) {
            i += 1;
        }
        // The header ends with the quote that stands before it, or with its value's own.
        let quoted = matches!(before(line, i), b'"' | b'\'') || enclosed(line, place);
        let quote = memchr::memchr2(b'"', b'\'', from(line, i)).filter(|_| quoted);
        let value = cut(line, i, quote.map_or(line.len(), |n| i + n)).trim_ascii();
        let mut parts = value.splitn(2, |c| *c == b' ');
        let (first, rest) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default().trim_ascii(),
        );
        // `the "Authorization" request header field` speaks of it.
        let marked = cut(line, place + 13, i)
            .iter()
            .any(|c| matches!(c, b':' | b'=' | b'>'));
        if marked && !is_placeholder(first) {
            if rest.is_empty() {
                if is_random(first) {
                    spans.push(Span::new(i, i + first.len(), HTTP, Class::Token));
                }
            } else if !is_placeholder(rest)
                && !is_prose(value)
                && is_issued(rest)
                && first.iter().all(|c| is_word(*c) || matches!(c, b'-'))
            {
                let start = i + value.len() - rest.len();
                spans.push(Span::new(start, i + value.len(), HTTP, Class::Token));
            }
        }
    }
}

/// `the authorization server … the token lookup.`: a word of a sentence that speaks of it.
fn is_said(line: &[u8], place: usize, secret: &[u8]) -> bool {
    let word = secret.strip_suffix(b".").unwrap_or(secret);
    let marked = cut(line, 0, place).iter().any(|c| matches!(c, b':' | b'='));
    word.iter().all(u8::is_ascii_lowercase) && (!marked || word.len() < secret.len())
}

/// Whether `text` can have been issued by a machine: not only a word.
fn is_issued(text: &[u8]) -> bool {
    let capital = text.iter().skip(1).any(u8::is_ascii_uppercase);
    capital || text.iter().any(|c| c.is_ascii_digit() || *c == b'=')
}

/// Whether a quote opens the word that the header's name stands in: `-H 'Proxy-Authorization: …'`.
fn enclosed(line: &[u8], name: usize) -> bool {
    let mut start = name;
    while is_word(before(line, start)) || before(line, start) == b'-' {
        start -= 1;
    }
    matches!(before(line, start), b'"' | b'\'')
}

/// The values of session cookies.
pub(super) fn cookies(line: &[u8], spans: &mut Vec<Span>) {
    if let Some(start) = find(line, 0, b"cookie:") {
        pairs(line, start + 7, spans);
    }
}

/// The session values in the cookies from `i` on.
pub(crate) fn pairs(line: &[u8], mut i: usize, spans: &mut Vec<Span>) {
    while i < line.len() {
        let end = memchr::memchr3(b';', b'"', b'\'', from(line, i)).map_or(line.len(), |n| i + n);
        let pair = cut(line, i, end);
        if let Some(equals) = memchr::memchr(b'=', pair) {
            let value = cut(pair, equals + 1, pair.len()).trim_ascii();
            let name = cut(pair, 0, equals).trim_ascii();
            let told = [
                "sess", "auth", "token", "sid", "csrf", "xsrf", "jwt", "remember", "id",
            ]
            .iter()
            .any(|w| contains(name, w.as_bytes()));
            if value.len() >= 8
                && (told || is_random(value))
                && !is_placeholder(value)
                && !["expires", "path", "domain", "max-age", "samesite"]
                    .iter()
                    .any(|a| name.eq_ignore_ascii_case(a.as_bytes()))
                && !name.starts_with(b"_ga")
            {
                spans.push(Span::new(i + equals + 1, end, HTTP, Class::Token));
            }
        }
        i = end + 1;
        if matches!(at(line, end), b'"' | b'\'') {
            break;
        }
    }
}
