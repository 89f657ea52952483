//! Secrets that a command of their own prints where another one reads them: `--password-file
//! <(echo x)`, `--password-command 'echo x'`, `printf 'user\nx\n' > auth.txt`.

use super::special::printed;
use super::words::push;
use crate::mask::bytes::{at, before, contains, cut, skip_blanks, word_at};
use crate::mask::span::Span;

/// What a command is called that prints.
const VERBS: &[&str] = &["echo ", "printf "];

/// Appends what is printed for the option or file whose name stands from `start` to `end`.
pub(super) fn given(line: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    let name = cut(line, start, end);
    if at(name, 0) != b'-' {
        return written(line, start, spans);
    }
    let value = if at(line, end) == b'=' {
        end + 1
    } else {
        skip_blanks(line, end)
    };
    let file = ["file", "fd", "passin", "passout", "askpass"]
        .iter()
        .any(|kind| contains(name, kind.as_bytes()));
    let command = [&b"command"[..], b"cmd"]
        .iter()
        .any(|kind| name.ends_with(kind));
    let (body, close) = match (at(line, value), at(line, value + 1)) {
        (b'<', b'(') if file => (value + 2, b')'),
        (quote @ (b'"' | b'\''), _) if command => (value + 1, quote),
        _ => return,
    };
    let Some(verb) = VERBS
        .iter()
        .find(|verb| word_at(line, body, verb.as_bytes()))
    else {
        return;
    };
    let inner = cut(line, body, line.len());
    // A bracket or quote of the secret's own stands before the one that closes.
    let length = match close {
        b')' => memchr::memrchr(b')', inner).unwrap_or(inner.len()),
        _ => memchr::memchr(close, inner).unwrap_or(inner.len()),
    };
    printed(line, cut(line, 0, body + length), body, verb, false, spans);
}

/// A user and a secret on two lines, which go into a file that is named at `start`.
fn written(line: &[u8], start: usize, spans: &mut Vec<Span>) {
    let mut path = start;
    while path > 0 && !matches!(before(line, path), b' ' | b'\t' | b'>') {
        path -= 1;
    }
    let lead = cut(line, 0, path).trim_ascii_end();
    let Some(lead) = lead.strip_suffix(b">") else {
        return;
    };
    let Some(verb) = ["printf '", "printf \"", "echo -e '", "echo -e \""]
        .iter()
        .find_map(|verb| memchr::memmem::rfind(lead, verb.as_bytes()).map(|n| n + verb.len()))
    else {
        return;
    };
    let quote = before(line, verb);
    let text = cut(line, verb, lead.len());
    let text = cut(text, 0, memchr::memrchr(quote, text).unwrap_or(text.len()));
    let Some(gap) = memchr::memmem::find(text, b"\\n") else {
        return;
    };
    let secret = cut(text, gap + 2, text.len());
    let length = memchr::memmem::find(secret, b"\\n").unwrap_or(secret.len());
    if gap > 0 && length > 3 && !cut(text, 0, gap + 2 + length).contains(&b' ') {
        push(line, verb + gap + 2, verb + gap + 2 + length, spans);
    }
}
