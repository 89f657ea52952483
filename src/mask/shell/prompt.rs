//! What is typed at the prompts of SQL*Plus and Redis, and Oracle's `user/secret@service`.

use super::words::{Word, push, push_word, words};
use crate::mask::bytes::{at, before, contains, cut, word_at};
use crate::mask::span::Span;

/// `user/secret@service`; quotes may stand around the secret.
pub(super) fn oracle(line: &[u8], word: Word, spans: &mut Vec<Span>) {
    let text = cut(line, word.start, word.end);
    let lead = usize::from(at(text, 0) == b'\\')
        + usize::from(matches!(
            at(text, usize::from(at(text, 0) == b'\\')),
            b'"' | b'\''
        ))
        + if word_at(text, 0, b"userid=") { 7 } else { 0 };
    let Some(slash) = text.iter().position(|c| *c == b'/').filter(|s| *s > lead) else {
        return;
    };
    if !cut(text, lead, slash).iter().all(|c| {
        c.is_ascii_alphanumeric()
            || matches!(c, b'_' | b'$' | b'#' | b'[' | b']' | b'.' | b'\'' | b'"')
    }) {
        return;
    }
    let mut start = word.start + slash + 1;
    let stop = cut(line, start, word.end)
        .iter()
        .rposition(|c| *c == b'@')
        .map_or(word.end, |n| start + n);
    let service = cut(line, stop, word.end);
    // `@//host:1521/x` is behind the last `@` already; `a/b` alone may be a path.
    let mut end = stop;
    if matches!(at(line, start), b'"' | b'\\') {
        while matches!(at(line, start), b'"' | b'\\') {
            start += 1;
        }
        while end > start && matches!(at(line, end - 1), b'"' | b'\\') {
            end -= 1;
        }
    }
    let secret = cut(line, start, end);
    if service.is_empty()
        && (secret.contains(&b'/') || secret.len() < 4 || secret.ends_with(b".sql"))
    {
        return;
    }
    push(line, start, end, spans);
}

/// `jdbc:oracle:thin:user/secret@…`
pub(crate) fn jdbc(line: &[u8], place: usize, spans: &mut Vec<Span>) {
    let rest = cut(line, place + 12, line.len());
    let Some(driver) = rest.iter().position(|c| *c == b':') else {
        return;
    };
    if let Some(word) = words(line, place + 12 + driver + 1).first() {
        let text = cut(line, word.start, word.end);
        let quote = text.iter().position(|c| matches!(c, b'"' | b'\'' | b'<'));
        let end = quote.map_or(word.end, |n| word.start + n);
        oracle(line, Word { end, ..*word }, spans);
    }
}

/// `CONNECT user/secret@service` at an SQL prompt.
pub(crate) fn connect(line: &[u8], place: usize, len: usize, spans: &mut Vec<Span>) {
    let lead = cut(line, 0, place).trim_ascii_end();
    if !lead.is_empty() && !lead.ends_with(b">") {
        return;
    }
    let words = words(line, place + len);
    // RMAN: connect target sys/secret@service
    let kind = words.first().map(|w| cut(line, w.start, w.end));
    let kinds = [&b"target"[..], b"catalog", b"auxiliary"];
    let behind = kinds
        .iter()
        .any(|k| kind.is_some_and(|kind| kind.eq_ignore_ascii_case(k)));
    if let Some(word) = words.get(usize::from(behind)) {
        oracle(line, *word, spans);
    }
}

/// Redis at its prompt or in a script: `AUTH [user] secret`, `HELLO 3 AUTH user secret`,
/// `ACL SETUSER user >secret`, `CONFIG SET requirepass secret`.
pub(crate) fn redis(line: &[u8], place: usize, len: usize, spans: &mut Vec<Span>) {
    let lead = cut(line, 0, place).trim_ascii_end();
    let verb = cut(line, place, place + len);
    // MONITOR prints every word in quotes: "AUTH" "secret"
    let quoted = usize::from(before(line, place) == b'"' && at(line, place + len) == b'"');
    let lead = lead.strip_suffix(b"\"").unwrap_or(lead).trim_ascii_end();
    // auth.conf.d of a listing, auth/login.py:4
    // Auth(Option<…>) of code, >Auth … of a page.
    if quoted == 0
        && (matches!(at(line, place + len), b'.' | b'/' | b'(') || before(line, place) == b'>')
    {
        return;
    }
    let all = words(line, place + len + quoted);
    let prompt = lead.is_empty()
        || lead.ends_with(b">")
        || quoted > 0
        || contains(lead, b"redis-cli")
        || contains(lead, b"valkey-cli")
        || contains(lead, b"hello")
        || contains(lead, b"migrate");
    // A sentence begins with `Auth`.
    let said = matches!(verb, b"Auth" | b"Auth2") && !lead.ends_with(b">");
    if !said && (verb.eq_ignore_ascii_case(b"auth") || verb.eq_ignore_ascii_case(b"auth2")) {
        // MIGRATE … AUTH secret KEYS a b
        let more = all.iter().position(|w| {
            ["keys", "copy", "replace", "setname"]
                .iter()
                .any(|k| cut(line, w.start, w.end).eq_ignore_ascii_case(k.as_bytes()))
        });
        let inner = contains(lead, b"hello") || contains(lead, b"migrate");
        let count = more
            .unwrap_or(all.len())
            .min(if inner { 2 } else { all.len() });
        if prompt
            && (1..=2).contains(&count)
            && (verb.iter().any(u8::is_ascii_uppercase) || lead.ends_with(b">") || !lead.is_empty())
            || lead.is_empty()
                && count == 1
                && verb == b"auth"
                && all.iter().any(|w| is_mixed(line, *w))
        {
            let last = all.get(count - 1).copied();
            // SMTP names the mechanism.
            let mechanism = last.is_some_and(|w| {
                count == 1
                    && [
                        &b"LOGIN"[..],
                        b"PLAIN",
                        b"NTLM",
                        b"TLS",
                        b"SSL",
                        b"CRAM-MD5",
                    ]
                    .contains(&cut(line, w.start, w.end))
            });
            // MONITOR quotes every word.
            let like = quoted == 0 || all.iter().all(|w| at(line, w.start) == b'"');
            if !mechanism
                && like
                && last.is_some_and(|w| !matches!(at(line, w.start), b':' | b'=' | b'{'))
            {
                push_word(line, last, spans);
            }
        }
    } else if verb.eq_ignore_ascii_case(b"setuser") {
        for word in &all {
            if matches!(at(line, word.start), b'>' | b'<' | b'#') {
                push(line, word.start + 1, word.end, spans);
            }
        }
    }
}

/// Whether a word is more than small letters.
fn is_mixed(line: &[u8], word: super::words::Word) -> bool {
    !cut(line, word.start, word.end)
        .iter()
        .all(u8::is_ascii_lowercase)
}
