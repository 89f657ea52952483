//! A user and a secret in one word, `qa-bot:x`, where a sentence says that they are some.

use super::told::{TOLD, is_strong};
use crate::mask::bytes::{cut, find as place_of, is_word};
use crate::mask::span::{Class, Span};

/// Appends the secret of a pair.
pub(super) fn find(line: &[u8], spans: &mut Vec<Span>) {
    listed(line, spans);
    logged_in(line, spans);
}

/// `creds for staging: qa-bot:x (until friday)`: a user and a secret behind what calls them so.
fn listed(line: &[u8], spans: &mut Vec<Span>) {
    let Some(word) = ["creds", "credentials", "logins", "zugangsdaten"]
        .iter()
        .find_map(|word| place_of(line, 0, word.as_bytes()))
    else {
        return;
    };
    let lead = cut(line, word, word + 60);
    let Some(colon) = memchr::memmem::find(lead, b": ").map(|n| word + n + 2) else {
        return;
    };
    let text = cut(line, colon, line.len());
    let length = text.iter().position(|c| *c == b' ').unwrap_or(text.len());
    let text = cut(text, 0, length);
    let text = text.strip_suffix(b",").unwrap_or(text);
    if let Some(gap) = memchr::memchr(b':', text) {
        let secret = cut(text, gap + 1, text.len());
        if gap > 0 && is_strong(secret) {
            let start = colon + gap + 1;
            spans.push(Span::new(
                start,
                start + secret.len(),
                TOLD,
                Class::Password,
            ));
        }
    }
}

/// `login with admin:x on the old box`: a user and a secret behind the words.
fn logged_in(line: &[u8], spans: &mut Vec<Span>) {
    for word in [
        "using credentials ",
        "with credentials ",
        "logging in as ",
        "logging in with ",
        "authenticating as ",
        "login with ",
        "log in with ",
        "logged in with ",
        "login as ",
        "log in as ",
    ] {
        let Some(start) = place_of(line, 0, word.as_bytes()).map(|n| n + word.len()) else {
            continue;
        };
        let text = cut(line, start, line.len());
        let text = cut(
            text,
            0,
            text.iter().position(|c| *c == b' ').unwrap_or(text.len()),
        );
        let Some(gap) = memchr::memchr2(b':', b'/', text) else {
            continue;
        };
        let secret = cut(text, gap + 1, text.len());
        let user = cut(text, 0, gap);
        if gap > 0 && user.iter().all(|c| is_word(*c)) && is_strong(secret) {
            let start = start + gap + 1;
            spans.push(Span::new(
                start,
                start + secret.len(),
                TOLD,
                Class::Password,
            ));
        }
    }
}
