//! String literals of all kinds, and calls around them: where a quoted value starts and ends.

use crate::mask::bytes::{at, before, contains, cut, is_word, skip_blanks, word_at};
use crate::mask::standin::is_placeholder;

/// The body of a string literal that starts at `i`, its quote, and how it is escaped.
pub(crate) fn opening(line: &[u8], i: usize, escapes: usize) -> Option<(usize, u8, usize)> {
    let mut i = i;
    // N'…', E'…', b"…", r'…', f"…", @"…", _utf8'…'
    let prefix = at(line, i);
    if matches!(
        prefix,
        b'N' | b'n'
            | b'E'
            | b'e'
            | b'b'
            | b'B'
            | b'r'
            | b'f'
            | b'u'
            | b'U'
            | b'@'
            | b'x'
            | b'X'
            | b'$'
    ) && matches!(at(line, i + 1), b'"' | b'\'')
    {
        i += 1;
    }
    let mut found = 0;
    while at(line, i) == b'\\' {
        found += 1;
        i += 1;
    }
    match at(line, i) {
        b'\'' if found == 0 && is_doubled(line, i) => Some((i + 2, DOUBLED, 0)),
        b'"' if found == 0 && is_json_in_csv(line, i) => Some((i + 2, IN_CSV, 0)),
        quote @ (b'"' | b'\'' | b'`') if found == escapes || found > 0 => {
            Some((i + 1, quote, found))
        }
        0xE2 if matches!(cut(line, i, i + 3), [0xE2, 0x80, 0x9C | 0x98]) => Some((i + 3, 0xE2, 0)),
        b'&' if word_at(line, i, b"&quot;") => Some((i + 6, b'&', 0)),
        _ => None,
    }
}

/// Stands for `\'\'`: a string in a string of SQL.
const DOUBLED: u8 = 1;

/// Whether `\'\'x…\'\'` stands at `i`.
fn is_doubled(line: &[u8], i: usize) -> bool {
    at(line, i + 1) == b'\''
        && !matches!(
            at(line, i + 2),
            b'\'' | b',' | b')' | b' ' | b';' | b'}' | b']' | 0
        )
        && memchr::memmem::find(cut(line, i + 2, line.len()), b"\'\'").is_some()
}

/// Stands for `""`: a string of JSON in a field of CSV.
const IN_CSV: u8 = 2;

/// Whether `""x…""` stands at `i`.
fn is_json_in_csv(line: &[u8], i: usize) -> bool {
    at(line, i + 1) == b'"'
        && !matches!(at(line, i + 2), b'"' | b',' | b'}' | b']' | 0)
        && memchr::memmem::find(cut(line, i + 2, line.len()), b"\"\"").is_some()
}

/// Where the literal whose body starts at `body` ends: at its quote, or with the line.
pub(crate) fn closing(line: &[u8], body: usize, quote: u8, escapes: usize) -> usize {
    if matches!(quote, DOUBLED | IN_CSV) {
        let mark = if quote == DOUBLED { b"\'\'" } else { b"\"\"" };
        let rest = cut(line, body, line.len());
        return memchr::memmem::find(rest, mark).map_or(line.len(), |n| body + n);
    }
    let mut i = body;
    while i < line.len() {
        match at(line, i) {
            b'\\' => {
                let mut run = 0;
                while at(line, i + run) == b'\\' {
                    run += 1;
                }
                if at(line, i + run) == quote && run == escapes && escapes > 0 {
                    return i;
                }
                i += run + usize::from(escapes == 0 && run % 2 == 1 || escapes > 0);
                continue;
            }
            0xE2 if quote == 0xE2 && matches!(cut(line, i, i + 3), [0xE2, 0x80, 0x9D | 0x99]) => {
                return i;
            }
            b'&' if quote == b'&' && word_at(line, i, b"&quot;") => return i,
            c if c == quote && escapes == 0 && quote < 0x80 && quote != b'&' => {
                // A doubled quote is part of the text, unless the text is empty.
                if at(line, i + 1) == quote
                    && i > body
                    && quote == b'\''
                    && !matches!(at(line, i + 2), b',' | b')' | b' ' | b';' | 0)
                {
                    i += 2;
                    continue;
                }
                return i;
            }
            _ => {}
        }
        i += 1;
    }
    line.len()
}

/// When the value is a call: the literal inside one that hashes or converts, nothing for one that
/// fetches. `None` when it is no call.
#[allow(clippy::option_option)]
pub(super) fn call(
    line: &[u8],
    from: usize,
    to: usize,
    quoted: bool,
) -> Option<Option<(usize, usize)>> {
    if quoted {
        return None;
    }
    let mut i = from;
    while i < to && (is_word(at(line, i)) || matches!(at(line, i), b'.' | b':')) {
        i += 1;
    }
    if i == from || at(line, i) != b'(' {
        return None;
    }
    // SECRET_KEY=k3(x!v: a bracket that nothing closes, glued to what assigns it.
    let rest = cut(line, i, to);
    let spaced = cut(line, from.saturating_sub(3), from) == b" : ";
    if (before(line, from) == b'=' || spaced)
        && !rest.contains(&b')')
        && !rest.iter().any(|c| matches!(c, b' ' | b'"' | b'\''))
        && !matches!(rest.last(), Some(b'(' | b',' | b'{' | b'[' | b'\\'))
    {
        return None;
    }
    let name = cut(line, from, i);
    // SQLCMDPASSWORD=Yukon(2005), password=ENC(…) of Jasypt
    let inner = rest
        .strip_suffix(b")")
        .map(|inner| cut(inner, 1, inner.len()));
    let year = |inner: &[u8]| inner.len() > 2 && inner.iter().all(u8::is_ascii_digit);
    if inner.is_some_and(|inner| name == b"ENC" && inner.len() >= 16 || year(inner))
        && matches!(before(line, from), b'=' | b' ')
    {
        return None;
    }
    if is_placeholder(cut(line, from, i + 1)) {
        return Some(None);
    }
    let literal = opening(line, skip_blanks(line, i + 1), 0).filter(|_| converts(name));
    Some(
        literal
            .map(|(body, quote, escapes)| (body, closing(line, body, quote, escapes)))
            .filter(|(a, b)| !is_placeholder(cut(line, *a, *b))),
    )
}

/// Whether the function `name` hashes or converts its argument, rather than fetching something by it.
pub(crate) fn converts(name: &[u8]) -> bool {
    let last = name
        .rsplit(|c| matches!(c, b'.' | b':'))
        .next()
        .unwrap_or_default();
    let known = [
        &b"md5"[..],
        b"sha",
        b"crypt",
        b"password",
        b"hash",
        b"encrypt",
        b"digest",
        b"hmac",
        b"encode",
        b"concat",
        b"to_base64",
        b"from_base64",
        b"unhex",
        b"hex",
        b"decode",
        b"lower",
        b"upper",
        b"new",
        b"sensitive",
        b"string",
        b"secretstring",
        b"bytes",
        b"tobytes",
        b"b64",
        b"old_password",
        b"bcrypt",
        b"argon2",
        b"scrypt",
        b"pbkdf2",
        b"secret",
        b"credential",
        b"some",
        b"ok",
        b"just",
        b"buffer.from",
        b"cast_to_raw",
        b"from",
        b"str",
        b"quote",
        b"base64",
        b"jsonencode",
        b"trim",
        b"make",
    ];
    !is_fetching(last) && known.iter().any(|k| contains(last, k))
}

/// Whether the function `name` asks for something by its name: `get_secret("db")`, `fetchPassword("main")`.
pub(crate) fn is_fetching(name: &[u8]) -> bool {
    let last = name
        .rsplit(|c| matches!(c, b'.' | b':'))
        .next()
        .unwrap_or_default();
    let fetches = [
        "get", "load", "fetch", "read", "find", "lookup", "resolve", "retrieve", "obtain",
        "require", "ask", "prompt",
    ];
    let hashes = [&b"hash"[..], b"crypt", b"digest"];
    !hashes.iter().any(|word| contains(last, word))
        && fetches.iter().any(|verb| {
            word_at(last, 0, verb.as_bytes())
                && (at(last, verb.len()) == b'_' || at(last, verb.len()).is_ascii_uppercase())
        })
}
