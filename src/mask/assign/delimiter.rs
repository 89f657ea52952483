//! What stands between a name and its value, in every notation that has one.

use super::BLANKS_MAX;
use super::placed::{behind_note, is_element, next_element};
use crate::mask::bytes::{at, before, contains, cut, from, skip_blanks, word_at};

/// What stands between a name and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delimiter {
    pub(super) kind: Kind,
    /// Where the value may start, blanks skipped.
    pub(super) value: usize,
    /// Blanks stood behind the delimiter.
    pub(super) spaced: bool,
    /// The name stood in quotes of this kind.
    pub(super) quote: u8,
    /// How many backslashes stood before the name's quote: JSON in JSON.
    pub(super) escapes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
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
    pub(super) fn behind(line: &[u8], start: usize, end: usize) -> Option<Delimiter> {
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
        // password\=x of a properties file
        if at(line, i) == b'\\' && at(line, i + 1) == b'=' {
            return Some(Self {
                kind: Kind::Equals,
                value: i + 2,
                spaced: false,
                quote,
                escapes,
            });
        }
        while at(line, i) == b'\\' {
            escapes += 1;
            i += 1;
        }
        if matches!(at(line, i), b'"' | b'\'' | b'`') {
            quote = at(line, i);
            i += 1;
            // {""password"":""x""}: JSON in a field of CSV.
            if quote == b'"' && escapes == 0 && cut(line, i, i + 2) == b"\":" {
                i += 1;
            }
        } else if escapes > 0 {
            return None;
        }
        // [password] => x, as PHP prints an array
        if quote == 0
            && at(line, i) == b']'
            && before(line, start) == b'['
            && cut(line, i + 1, i + 5) == b" => "
        {
            i += 1;
        } else if at(line, i) == b']' && before(line, i) == quote {
            i += 1;
            // default['postgresql']['password']['postgres'] = 'x': a value for each of them.
            while at(line, i) == b'[' && at(line, i + 1) == quote {
                match memchr::memchr(b']', from(line, i)) {
                    Some(n) if n < 40 => i += n + 1,
                    _ => break,
                }
            }
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
        // <name>db.password</name><value>x</value>
        if quote == 0
            && let Some(value) = next_element(line, start, i)
        {
            return Some(Self {
                kind: Kind::Tag,
                value,
                spaced: false,
                quote,
                escapes,
            });
        }
        if quote == 0
            && escapes == 0
            && let Some(value) = behind_encoded(line, i)
        {
            return Some(Self {
                kind: Kind::Equals,
                value,
                spaced: false,
                quote,
                escapes,
            });
        }
        let i = behind_colour(line, i);
        let blank = skip_blanks(line, i);
        if blank - i > BLANKS_MAX {
            return None;
        }
        // <wsse:Password Type="…">x</wsse:Password>
        let element = quote == 0 && blank > i && is_element(line, start);
        if let Some(n) = memchr::memchr(b'>', from(line, blank)).filter(|_| element) {
            let close = blank + n;
            if before(line, close) != b'/' && contains(from(line, close), b"</") {
                return Some(Self {
                    kind: Kind::Tag,
                    value: close + 1,
                    spaced: false,
                    quote,
                    escapes,
                });
            }
        }
        let i = behind_leader(line, behind_colour(line, behind_note(line, blank)));
        let i = if quote == 0 && escapes == 0 {
            behind_type(line, end, i)
        } else {
            i
        };
        let (kind, after) = match (at(line, i), at(line, i + 1)) {
            (b'=', b'>' | b'~')
            | (b':', b'=')
            | (b'<', b'-')
            | (b'-', b'>')
            | (b'+', b'=')
            | (b'?', b'=') => (Kind::Equals, i + 2),
            // `http GET … token==x`: a query of HTTPie's
            (b'=', b'=') if i == end && at(line, i + 2).is_ascii_alphanumeric() => {
                (Kind::Equals, i + 2)
            }
            (b'=', b'=') => (Kind::Pair, i + 2 + usize::from(at(line, i + 2) == b'=')),
            (b'!', _) => return None,
            // ${PASSWORD:?must be set}
            (b':', b'?' | b'+') if cut(line, start.saturating_sub(2), start) == b"${" => {
                return None;
            }
            // arn:aws:secretsmanager:…:secret:name
            (b':', _) if contains(cut(line, start.saturating_sub(80), start), b"arn:aws") => {
                return None;
            }
            (b'=', _) => (Kind::Equals, i + 1),
            // `::` is a path or a cast; LDIF writes `name:: base64`.
            (b':', b':') if at(line, i + 2) == b' ' && start == 0 => (Kind::Colon, i + 2),
            // jsonnet hides a field so: `password:: 'x'`
            (b':', b':')
                if i == end
                    && at(line, i + 2) == b' '
                    && matches!(at(line, i + 3), b'\'' | b'"') =>
            {
                (Kind::Colon, i + 2)
            }
            (b':', b':') => return None,
            // The user of a URI, whose layer knows where the secret ends.
            (b':', _) if cut(line, start.saturating_sub(3), start) == b"://" => return None,
            // Cookies are pairs of their own.
            (b':', _) if word_at(line, end.wrapping_sub(6), b"cookie") => return None,
            // The scheme of a URI.
            (b':', b'/') if at(line, i + 2) == b'/' => return None,
            // psql puts in a variable: `PASSWORD :'app_password'`
            (b':', b'\'' | b'"') if quote == 0 && i > end => {
                let mark = at(line, i + 1);
                let word = from(line, i + 2)
                    .iter()
                    .take_while(|c| super::is_word(**c))
                    .count();
                if at(line, i + 2 + word) == mark && before(line, start) == b' ' {
                    return None;
                }
                (Kind::Colon, i + 1)
            }
            // PASSWORD :pw;
            (b':', _) if quote == 0 && i > end && is_variable(line, i + 1) => return None,
            (b':', _) => (Kind::Colon, i + 1),
            // `：`, the colon of Chinese and Japanese text.
            (0xEF, 0xBC) if at(line, i + 2) == 0x9A => (Kind::Colon, i + 3),
            // `? Database password › x`: what an asking program draws behind its question.
            (0xE2, 0x80) if at(line, i + 2) == 0xBA => (Kind::Colon, i + 3),
            (b',', _) if quote != 0 && before(line, start) == quote => (Kind::Pair, i + 1),
            // write-attribute(name=password, value=x); ParameterKey=DBPassword,ParameterValue=x
            (b',', _) if quote == 0 && before(line, start) == b'=' => {
                let next = skip_blanks(line, i + 1);
                let value = ["value=", "parametervalue="]
                    .iter()
                    .find(|word| word_at(line, next, word.as_bytes()));
                (Kind::Equals, next + value?.len())
            }
            // {name: DB_PASSWORD, value: x}
            (b',', _) if quote == 0 && names(cut(line, 0, start)) => {
                let next = skip_blanks(line, i + 1);
                if !word_at(line, next, b"value: ") {
                    return None;
                }
                (Kind::Equals, next + 6)
            }
            // "path":"/data/password","value":"x"
            (b',', _)
                if quote != 0
                    && before(line, start) == b'/'
                    && contains(cut(line, i, i + 40), b"\"value\"") =>
            {
                (Kind::Pair, i + 1)
            }
            _ if quote != 0 && word_at(line, i, b"value=") => (Kind::Pair, i + 6),
            _ if quote != 0 && word_at(line, i, b"content=") => (Kind::Pair, i + 8),
            (b'/', b'>') => return None,
            // ENV['SECRET_KEY_BASE'] ||= 'x'
            (b'|', b'|') if at(line, i + 2) == b'=' => (Kind::Equals, i + 3),
            (b'>', _)
                if quote != 0
                    && (word_at(line, start.saturating_sub(6), b"name=")
                        || word_at(line, start.saturating_sub(5), b"key=")) =>
            {
                (Kind::Tag, i + 1)
            }
            _ => return None,
        };
        let value = skip_blanks(line, behind_colour(line, skip_blanks(line, after)));
        (value - after <= BLANKS_MAX).then_some(Self {
            kind,
            value,
            spaced: value > after,
            quote,
            escapes,
        })
    }
}

/// Behind what stands between a name and its value in a text that was encoded for a URL or for HTML:
/// `password%3Dx`, `%22password%22%3A%22x`, `&quot;password&quot;:&quot;x`.
fn behind_encoded(line: &[u8], i: usize) -> Option<usize> {
    const BETWEEN: &[&[u8]] = &[
        b"%3d",
        b"%22%3a%22",
        b"%22%3a%20%22",
        b"%22%3a+%22",
        b"&quot;:&quot;",
        b"&quot;: &quot;",
        b"&#34;:&#34;",
        b"&#34;: &#34;",
    ];
    let between = BETWEEN.iter().find(|b| word_at(line, i, b))?;
    Some(i + between.len())
}

/// Where a value ends that begins at `start` behind such signs: at the next of them.
pub(super) fn encoded_end(line: &[u8], start: usize, to: usize) -> usize {
    let ends: &[&[u8]] = match cut(line, start.saturating_sub(3), start) {
        b"%3D" | b"%3d" => &[b"%26", b"%20"],
        b"%22" => &[b"%22"],
        b"ot;" => &[b"&quot"],
        b"34;" => &[b"&#34"],
        _ => return to,
    };
    let text = cut(line, start, to);
    let end = ends
        .iter()
        .filter_map(|end| memchr::memmem::find(text, end));
    end.min().map_or(to, |n| start + n)
}

/// Behind the colours at `i`: `ESC [ 1 m` (ECMA-48, 8.3.117).
fn behind_colour(line: &[u8], mut i: usize) -> usize {
    while at(line, i) == 0x1B && at(line, i + 1) == b'[' {
        let digits = from(line, i + 2)
            .iter()
            .take_while(|c| c.is_ascii_digit() || **c == b';')
            .count();
        if at(line, i + 2 + digits) != b'm' {
            break;
        }
        i += digits + 3;
    }
    i
}

/// Behind the type between a name that ends at `end` and its literal: `apiKey string = "x"` of Go,
/// `password[] = "x"` and `pw[32] = "x"` of C.
fn behind_type(line: &[u8], end: usize, i: usize) -> usize {
    let rest = from(line, i);
    let length = if i == end && rest.first() == Some(&b'[') {
        let digits = from(rest, 1)
            .iter()
            .take_while(|c| c.is_ascii_digit())
            .count();
        (at(rest, 1 + digits) == b']').then_some(digits + 2)
    } else {
        (i == end + 1 && rest.starts_with(b"string ")).then_some(6)
    };
    let Some(length) = length else {
        return i;
    };
    let equals = skip_blanks(line, i + length);
    let literal = skip_blanks(line, equals + 1);
    if at(line, equals) == b'=' && matches!(at(line, literal), b'"' | b'`') {
        equals
    } else {
        i
    }
}

/// Behind the dots that lead from a name to its colon: `Password ....... : x`.
fn behind_leader(line: &[u8], i: usize) -> usize {
    let leader = from(line, i)
        .iter()
        .take_while(|c| matches!(c, b'.' | b' '))
        .count();
    let dots = cut(line, i, i + leader)
        .iter()
        .filter(|c| **c == b'.')
        .count();
    let long = dots >= 3 && matches!(at(line, i + leader), b':' | b'=');
    i + if long { leader } else { 0 }
}

/// Whether `lead` ends in the key of an object in one line of YAML that says what it is called.
fn names(lead: &[u8]) -> bool {
    [&b"{name: "[..], b"{ name: ", b"{key: ", b"{ key: "]
        .iter()
        .any(|key| lead.ends_with(key))
}

/// Whether psql's variable stands at `i`, `:new_pw`, and its statement ends behind it or goes on.
fn is_variable(line: &[u8], i: usize) -> bool {
    let name = from(line, i)
        .iter()
        .take_while(|c| c.is_ascii_lowercase() || **c == b'_')
        .count();
    name > 1 && matches!(at(line, i + name), b';' | b',' | b')')
}
