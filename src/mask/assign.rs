//! Assignments: a name that says "secret", a delimiter, a value.
//!
//! Dotenv, shell, YAML, JSON (also escaped inside JSON), INI, properties, HCL, XML, query strings,
//! conninfo, DSN, ADO and ODBC strings, log lines and source code all say `name = value` in some
//! way. What differs is where the value ends; [`value`] knows that. SQL clauses without a
//! delimiter, and command-line options, are other layers'.

use super::bytes::{
    at, back_blanks, before, cut, find as find_in, from, is_word, skip_blanks, word_at,
};
use super::names::{Named, Strength, judge};
use super::span::{RuleId, Span};
use super::value::{
    is_password_hash, is_placeholder, is_plain_number, is_prose, is_random, is_type, is_uuid,
};

const RULE: RuleId = RuleId::new("assignment");

/// How far a name may reach from the word that gave it away.
const NAME_MAX: usize = 100;
/// How many blanks may stand around a delimiter; aligned configuration uses many.
const BLANKS_MAX: usize = 48;

/// Appends a span for each secret value whose name holds one of the words at `triggers`.
pub(crate) fn find(line: &[u8], triggers: &[usize], spans: &mut Vec<Span>) {
    let mut done = 0;
    for &trigger in triggers {
        if trigger < done {
            continue;
        }
        let (start, end) = name_around(line, trigger);
        done = end;
        let Some(delimiter) = Delimiter::behind(line, start, end) else {
            super::shell::option(line, start, end, spans);
            continue;
        };
        let Some(named) = judge_at(line, start, end) else {
            continue;
        };
        if let Some((from, to)) = value(line, start, named, delimiter) {
            spans.push(Span::new(from, to, RULE, named.class));
            done = done.max(to);
        }
    }
}

fn is_name(c: u8) -> bool {
    is_word(c) || matches!(c, b'-' | b'.')
}

/// The name that holds the byte at `i`.
fn name_around(line: &[u8], i: usize) -> (usize, usize) {
    let mut start = i;
    while i - start < NAME_MAX && is_name(before(line, start)) {
        start -= 1;
    }
    let mut end = i;
    while end - i < NAME_MAX && is_name(at(line, end)) {
        end += 1;
    }
    // A dot or dash at the end is the sentence's.
    while end > i && matches!(before(line, end), b'-' | b'.') {
        end -= 1;
    }
    (start, end)
}

/// Judges the name, and if it is too weak alone, the name with the words before it: `tracking api
/// key`, `Unseal Key 2`, `cloudsight api_key`.
fn judge_at(line: &[u8], start: usize, end: usize) -> Option<Named> {
    let own = judge(cut(line, start, end));
    if own.is_some_and(|named| named.strength > Strength::Weak) {
        return own;
    }
    let mut wider = start;
    for _ in 0..2 {
        if before(line, wider) != b' ' {
            break;
        }
        let mut word = wider - 1;
        while is_name(before(line, word)) {
            word -= 1;
        }
        if word + 1 >= wider {
            break;
        }
        wider = word;
    }
    if wider == start {
        return own;
    }
    let wide = judge(cut(line, wider, end));
    // `primary key: x` is no secret although `key: x` might be one.
    wide.or_else(|| own.filter(|_| judge_blocks(cut(line, wider, end))))
}

/// Whether the wider name leaves the own judgement standing.
fn judge_blocks(name: &[u8]) -> bool {
    let words = name.split(|c| *c == b' ').filter(|w| !w.is_empty()).count();
    words < 2
}

/// What stands between a name and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Delimiter {
    kind: Kind,
    /// Where the value may start, blanks skipped.
    value: usize,
    /// Blanks stood behind the delimiter.
    spaced: bool,
    /// The name stood in quotes of this kind.
    quote: u8,
    /// How many backslashes stood before the name's quote: JSON in JSON.
    escapes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `=`, also `:=`, `=>`, `<-`
    Equals,
    /// `:`
    Colon,
    /// `<name>value`
    Tag,
    /// `name="key" value="x"`, `"key", "x"`, `key == "x"`
    Pair,
}

impl Delimiter {
    fn behind(line: &[u8], start: usize, end: usize) -> Option<Delimiter> {
        let mut i = end;
        let (mut quote, mut escapes) = (0, 0);
        // `Unseal Key 2: …`, `api key (live): …`
        let number = skip_blanks(line, i);
        if number == i + 1
            && at(line, number).is_ascii_digit()
            && matches!(at(line, number + 1), b':' | b'=')
        {
            i = number + 1;
        }
        while at(line, i) == b'\\' {
            escapes += 1;
            i += 1;
        }
        if matches!(at(line, i), b'"' | b'\'' | b'`') {
            quote = at(line, i);
            i += 1;
        } else if escapes > 0 {
            return None;
        }
        if at(line, i) == b']' && before(line, i) == quote {
            i += 1;
        }
        if quote == 0 && at(line, i) == b'>' && before(line, start) == b'<' {
            return Some(Self {
                kind: Kind::Tag,
                value: i + 1,
                spaced: false,
                quote,
                escapes,
            });
        }
        let blank = skip_blanks(line, i);
        if blank - i > BLANKS_MAX {
            return None;
        }
        let i = blank;
        let (kind, after) = match (at(line, i), at(line, i + 1)) {
            (b'=', b'>' | b'~')
            | (b':', b'=')
            | (b'<', b'-')
            | (b'-', b'>')
            | (b'+', b'=')
            | (b'?', b'=') => (Kind::Equals, i + 2),
            (b'=', b'=') => (Kind::Pair, i + 2 + usize::from(at(line, i + 2) == b'=')),
            (b'!', _) => return None,
            (b'=', _) => (Kind::Equals, i + 1),
            // `::` is a path or a cast.
            (b':', b':') => return None,
            (b':', _) => (Kind::Colon, i + 1),
            (b',', _) if quote != 0 => (Kind::Pair, i + 1),
            _ if quote != 0 && word_at(line, i, b"value=") => (Kind::Pair, i + 6),
            _ if quote != 0 && word_at(line, i, b"content=") => (Kind::Pair, i + 8),
            (b'/', b'>') => return None,
            (b'>', _) if quote != 0 && find_in(line, 0, b"name=").is_some() => (Kind::Tag, i + 1),
            _ => return None,
        };
        let value = skip_blanks(line, after);
        (value - after <= BLANKS_MAX).then_some(Self {
            kind,
            value,
            spaced: value > after,
            quote,
            escapes,
        })
    }
}

/// The value behind `delimiter`, if it is one to mask.
fn value(line: &[u8], name: usize, named: Named, delimiter: Delimiter) -> Option<(usize, usize)> {
    let start = delimiter.value;
    let quoted = opening(line, start, delimiter.escapes);
    let (from, to, quoted) = match quoted {
        Some((body, quote, escapes)) => (body, closing(line, body, quote, escapes), true),
        None if delimiter.kind == Kind::Tag => {
            let to = line
                .iter()
                .skip(start)
                .position(|c| *c == b'<')
                .map_or(line.len(), |n| start + n);
            (start, to, true)
        }
        // A pair in code needs its literal.
        None if delimiter.kind == Kind::Pair => return None,
        None => {
            let to = unquoted(line, name, delimiter);
            (start, to, false)
        }
    };
    let (from, to) = super::bytes::trim(line, from, to);
    if let Some(inner) = call(line, from, to, quoted) {
        return inner;
    }
    let text = cut(line, from, to);
    accept(text, named, delimiter, quoted, line, name).then_some((from, to))
}

/// Whether `text` is a secret under a name of this strength.
fn accept(
    text: &[u8],
    named: Named,
    delimiter: Delimiter,
    quoted: bool,
    line: &[u8],
    name: usize,
) -> bool {
    if is_placeholder(text) {
        return false;
    }
    if is_password_hash(text) {
        return true;
    }
    if !quoted
        && (is_type(text) && text.len() < 40
            || text.starts_with(b"(")
            || text.starts_with(b"[")
            || text.starts_with(b"{")
            || text.starts_with(b"|") && text.len() < 3
            || text.starts_with(b">") && text.len() < 3
            || text.starts_with(b"&") && delimiter.kind == Kind::Colon)
    {
        return false;
    }
    match named.strength {
        Strength::Strong => {
            if quoted {
                return (delimiter.kind != Kind::Pair || text.len() >= 4) && !is_prose(text)
                    || passphrase(line, name);
            }
            // `FATAL: password: wrong for user x`, `passwd: password updated successfully`
            !is_prose(text) || passphrase(line, name)
        }
        Strength::Medium => {
            let plain = is_plain_number(text) && text.len() < 12
                || text.len() < 5
                || is_prose(text) && !quoted;
            let word = text.len() < 16
                && text
                    .iter()
                    .all(|c| c.is_ascii_lowercase() || matches!(c, b'_' | b'-'))
                && named.class != super::span::Class::Password;
            !plain && !word && !text.iter().any(|c| matches!(c, b'(' | b')'))
        }
        Strength::Weak => {
            if named.class == super::span::Class::Password {
                return text.len() >= 4
                    && !is_prose(text)
                    && !text.contains(&b' ')
                    && !is_plain_number(text)
                    || (text.len() >= 3
                        && text.len() <= 12
                        && text.iter().all(u8::is_ascii_digit)
                        && word_at(line, name, b"pin"));
            }
            is_random(text) && !is_uuid(text) || text.starts_with(b"base64:") && text.len() > 12
        }
    }
}

fn passphrase(line: &[u8], name: usize) -> bool {
    let (start, end) = name_around(line, name);
    ["passphrase", "mnemonic", "seed"]
        .iter()
        .any(|w| super::bytes::contains(cut(line, start, end), w.as_bytes()))
}

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
        quote @ (b'"' | b'\'' | b'`') if found == escapes || found > 0 => {
            Some((i + 1, quote, found))
        }
        0xE2 if matches!(cut(line, i, i + 3), [0xE2, 0x80, 0x9C | 0x98]) => Some((i + 3, 0xE2, 0)),
        b'&' if word_at(line, i, b"&quot;") => Some((i + 6, b'&', 0)),
        _ => None,
    }
}

/// Where the literal whose body starts at `body` ends: at its quote, or with the line.
pub(crate) fn closing(line: &[u8], body: usize, quote: u8, escapes: usize) -> usize {
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

/// Where an unquoted value ends.
fn unquoted(line: &[u8], name: usize, delimiter: Delimiter) -> usize {
    let start = delimiter.value;
    let lead = cut(line, 0, name);
    let at_start = is_line_start(lead);
    // In quotes that opened before the name (`'host=x password=y'`, `-d "a=b&token=c"`) the value
    // ends with them at the latest.
    let outer = enclosing(lead);
    let query = matches!(before(line, name), b'?' | b'&')
        || super::bytes::contains(lead, b"?") && super::bytes::contains(lead, b"://");
    let pairs =
        matches!(before(line, back_blanks(line, name)), b';') || has_pair_behind(line, start);
    let whole = at_start
        && outer == 0
        && !pairs
        && delimiter.kind != Kind::Tag
        && (delimiter.spaced
            || back_blanks(line, delimiter.value) < delimiter.value
            || delimiter.kind == Kind::Colon)
        && delimiter.quote == 0;
    let opener = outer_bracket(lead);
    let mut i = start;
    let mut depth = 0usize;
    while i < line.len() {
        let c = at(line, i);
        match c {
            b'\\' if !query && i + 1 < line.len() => {
                i += 2;
                continue;
            }
            b'\t' => break,
            b' ' if !whole => break,
            b' ' if matches!(at(line, i + 1), b'#' | b';') => break,
            b'"' | b'\'' | b'`' if c == outer => break,
            b'"' | b'\'' if query => break,
            b'"' if i > start
                && delimiter.quote == 0
                && matches!(at(line, i + 1), 0 | b' ' | b',' | b')' | b'}')
                && outer == 0
                && !cut(line, start, i).contains(&b'"') =>
            {
                break;
            }
            b'&' if query || !whole && has_equals_behind(line, i) => break,
            b'#' if query => break,
            b';' if pairs || query || i + 1 == line.len() => break,
            b',' if i + 1 == line.len() || has_key_behind(line, i + 1) => break,
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth > 0 => depth -= 1,
            b')' | b']' | b'}' if opener == c || delimiter.quote != 0 && i > start => break,
            b'<' | b'>' if query || opener == b'>' || at(line, i + 1) == b'/' => break,
            b'|' if matches!(before(line, i), b' ') => break,
            _ => {}
        }
        i += 1;
    }
    i.min(line.len())
}

/// Whether only a line's usual beginnings stand before the name: blanks, `export`, a list dash, a
/// comment sign, `file:12:` of grep, `+` of diff, a history number, `-e`, a prompt's end.
fn is_line_start(lead: &[u8]) -> bool {
    let lead = lead.trim_ascii();
    if lead.is_empty()
        || matches!(
            lead,
            b"export"
                | b"set"
                | b"-"
                | b"#"
                | b"//"
                | b"+"
                | b"ENV"
                | b"ARG"
                | b"declare -x"
                | b";"
                | b"*"
                | b"setenv"
                | b"local"
        )
    {
        return true;
    }
    lead.ends_with(b":") && !lead.contains(&b' ')
        || lead.ends_with(b".") && !lead.contains(&b' ')
        || lead.len() < 40
            && !lead.contains(&b'=')
            && lead
                .iter()
                .all(|c| is_word(*c) || matches!(c, b'.' | b'-' | b'/' | b' '))
            && lead.iter().filter(|c| **c == b' ').count() < 3
}

/// The quote that is open at the end of `lead`; 0 when none is.
fn enclosing(lead: &[u8]) -> u8 {
    let mut open = 0;
    let mut i = 0;
    while i < lead.len() {
        match at(lead, i) {
            b'\\' => i += 1,
            c @ (b'"' | b'\'' | b'`') => {
                if open == c {
                    open = 0;
                } else if open == 0
                    && !(c == b'\'' && is_word(before(lead, i)) && is_word(at(lead, i + 1)))
                {
                    open = c;
                }
            }
            _ => {}
        }
        i += 1;
    }
    open
}

/// The closing bracket of the innermost bracket that is open at the end of `lead`.
fn outer_bracket(lead: &[u8]) -> u8 {
    let mut depth = 0usize;
    for c in lead.iter().rev().take(4096) {
        match c {
            b')' | b']' | b'}' => depth += 1,
            b'(' | b'[' | b'{' if depth > 0 => depth -= 1,
            b'(' => return b')',
            b'[' => return b']',
            b'{' => return b'}',
            b'<' => return b'>',
            _ => {}
        }
    }
    0
}

/// `;Database=`: the line is a list of pairs parted by semicolons.
fn has_pair_behind(line: &[u8], start: usize) -> bool {
    let Some(semicolon) = memchr::memchr(b';', from(line, start)).map(|n| start + n) else {
        return false;
    };
    has_key_behind(line, semicolon + 1)
}

/// Whether a further `key=` or `key:` starts at `i`.
fn has_key_behind(line: &[u8], i: usize) -> bool {
    let start = skip_blanks(line, i);
    let mut end = start;
    if matches!(at(line, end), b'"' | b'\'') {
        return true;
    }
    while is_name(at(line, end)) || at(line, end) == b' ' && is_word(at(line, end + 1)) {
        end += 1;
    }
    end > start && matches!(at(line, skip_blanks(line, end)), b'=' | b':')
}

/// `&name=` stands at `i`.
fn has_equals_behind(line: &[u8], i: usize) -> bool {
    let mut end = i + 1;
    while is_name(at(line, end)) {
        end += 1;
    }
    end > i + 1 && at(line, end) == b'='
}

/// When the value is a call: the literal inside one that hashes or converts, nothing for one that
/// fetches. `None` when it is no call.
#[allow(clippy::option_option)]
fn call(line: &[u8], from: usize, to: usize, quoted: bool) -> Option<Option<(usize, usize)>> {
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
    let name = cut(line, from, i);
    if is_placeholder(cut(line, from, i + 1)) {
        return Some(None);
    }
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
        b"from",
        b"str",
        b"quote",
        b"base64",
        b"jsonencode",
        b"trim",
    ];
    let hashes = known.iter().any(|k| super::bytes::contains(last, k));
    let literal = opening(line, skip_blanks(line, i + 1), 0).filter(|_| hashes);
    Some(
        literal
            .map(|(body, quote, escapes)| (body, closing(line, body, quote, escapes)))
            .filter(|(a, b)| !is_placeholder(cut(line, *a, *b))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(line: &str) -> Vec<String> {
        let mut triggers: Vec<usize> = Vec::new();
        for word in crate::mask::names::TRIGGERS.split_ascii_whitespace() {
            let word = word.replace('~', " ");
            let lower = line.to_lowercase();
            triggers.extend(lower.match_indices(&word).map(|(i, _)| i));
        }
        triggers.sort_unstable();
        let mut spans = Vec::new();
        find(line.as_bytes(), &triggers, &mut spans);
        spans
            .iter()
            .map(|s| line[s.start..s.end].to_owned())
            .collect()
    }

    #[test]
    fn the_value_is_found_and_nothing_beside_it() {
        let cases: &[(&str, &str)] = &[
            ("DB_PASSWORD=EeEpO95p", "EeEpO95p"),
            ("export PGPASSWORD=abc123x psql -h db", "abc123x"),
            ("JWT_SECRET=\"9LEM76 CHuh\"", "9LEM76 CHuh"),
            ("  password: my,Pass;word # the old one", "my,Pass;word"),
            ("password = with some space9", "with some space9"),
            (r#"{"user":"a","password":"p\"q","db":1}"#, r#"p\"q"#),
            (r#"{\"password\":\"hunter22\",\"x\":1}"#, "hunter22"),
            (
                "Server=x;User Id=sa;Password=p@ss,w0rd;Database=y",
                "p@ss,w0rd",
            ),
            ("host=db user=app password=s3cr=et dbname=x", "s3cr=et"),
            ("CONNECTION 'host=db password=s3cret'", "s3cret"),
            ("https://h/x?a=1&access_token=abcDEF123&b=2", "abcDEF123"),
            ("<password>hunter2</password>", "hunter2"),
            (r#"<add key="DbPassword" value="hunter2"/>"#, "hunter2"),
            (
                "aws_secret_access_key => 23e80955ae3d1aa361804cec9612a14986720b8e",
                "23e80955ae3d1aa361804cec9612a14986720b8e",
            ),
            (
                "Unseal Key 2: 7zPj+6CODeaysVlNz3/pJ7UdV6BG",
                "7zPj+6CODeaysVlNz3/pJ7UdV6BG",
            ),
            ("pass = SHA1('gR4^Eth')", "gR4^Eth"),
            (
                "clientSecret:'536c4704c68bc626b327',",
                "536c4704c68bc626b327",
            ),
            ("{user=a, password=b1c2, host=c}", "b1c2"),
        ];
        for (line, secret) in cases {
            assert_eq!(masked(line), [*secret], "{line}");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for line in [
            "password: ",
            "Password for user app: ",
            "passwd: password updated successfully",
            "primary key: id_abc",
            "token_type: bearer",
            "max_tokens=4096",
            "\"key\": \"product_id\",",
            "password text NOT NULL,",
            "using password: YES",
            "password=$PGPASSWORD",
            "password = os.environ['PW']",
            "tokens: 512",
            "password: string",
            "if password == nil {",
            "foreign key: users.id",
        ] {
            assert_eq!(masked(line), [""; 0], "{line}");
        }
    }
}
