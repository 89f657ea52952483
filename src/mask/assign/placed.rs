//! Where a value stands that does not follow its delimiter at once.

use super::{Delimiter, Kind, closing};
use crate::mask::bytes::{at, before, contains, cut, find, from, is_word, skip_blanks, word_at};
use crate::mask::names::{Named, Strength, judge};
use crate::mask::standin::is_placeholder;
use crate::mask::value::is_random;

/// A longer note in brackets is a sentence.
const NOTE_MAX: usize = 40;

/// Where the value behind `delimiter` stands: behind a type, `let key: &str = "x"`, `string(9) "x"` of
/// PHP's dumps, or behind the key of `"name": "password", "value": "x"`.
pub(super) fn declared(line: &[u8], delimiter: Delimiter) -> usize {
    let start = delimiter.value;
    // <property name="password"><value>x</value>
    if delimiter.kind == Kind::Tag
        && let Some(inside) = inside(line, start)
    {
        return inside;
    }
    // password: &anchor x
    if delimiter.kind == Kind::Colon && at(line, start) == b'&' {
        let anchor = from(line, start + 1)
            .iter()
            .take_while(|c| is_word(**c))
            .count();
        let value = skip_blanks(line, start + 1 + anchor);
        if anchor > 0 && value < line.len() && at(line, value) != b'=' {
            return value;
        }
    }
    if word_at(line, start, b"string(") {
        let close = memchr::memchr(b')', cut(line, start, start + 20));
        return close.map_or(start, |n| skip_blanks(line, start + n + 1));
    }
    // "db_password": {"sensitive": true, "type": "string", "value": "x"}
    if delimiter.quote == b'"' && delimiter.kind == Kind::Colon && at(line, start) == b'{' {
        let object = from(line, start);
        let object = cut(
            object,
            0,
            memchr::memchr(b'}', object).unwrap_or(object.len()),
        );
        return find(object, 0, b"\"value\":").map_or(start, |n| skip_blanks(line, start + n + 8));
    }
    match delimiter.kind {
        Kind::Pair if matches!(at(line, start), b'"' | b'\'') => {
            let close = closing(line, start + 1, at(line, start), 0);
            let colon = skip_blanks(line, close + 1);
            if at(line, colon) == b':' && close < line.len() {
                let key = cut(line, start + 1, close);
                let is_value = |key: &[u8]| {
                    VALUES
                        .iter()
                        .any(|v| key.eq_ignore_ascii_case(v.as_bytes()))
                };
                if is_value(key) {
                    return skip_blanks(line, colon + 1);
                }
                // "Name": "db_password", "Type": "SecureString", "Value": "x"; nothing is a value where
                // none is named.
                return behind_pair(line, colon, is_value).unwrap_or(line.len());
            }
            // name='api_secret', value='x'
            let key = VALUES.iter().find(|v| word_at(line, start, v.as_bytes()));
            let equals = key.map(|v| skip_blanks(line, start + v.len()));
            match equals.filter(|i| at(line, *i) == b'=') {
                Some(equals) => skip_blanks(line, equals + 1),
                None => start,
            }
        }
        Kind::Colon if delimiter.quote == 0 => {
            let kind = from(line, start)
                .iter()
                .take(48)
                .take_while(|c| is_word(**c) || b"&<>[]?: '|.".contains(c))
                .count();
            let equals = skip_blanks(line, start + kind);
            let literal = skip_blanks(line, equals + 1);
            let typed =
                kind > 2 && at(line, equals) == b'=' && matches!(at(line, literal), b'"' | b'\'');
            if typed { literal } else { start }
        }
        _ => start,
    }
}

/// Where the value stands whose key follows the one pair that begins with the colon at `colon`.
fn behind_pair(line: &[u8], colon: usize, is_value: impl Fn(&[u8]) -> bool) -> Option<usize> {
    let quote = |i: usize| Some(at(line, i)).filter(|c| matches!(c, b'"' | b'\''));
    let other = skip_blanks(line, colon + 1);
    let close = closing(line, other + 1, quote(other)?, 0);
    let comma = skip_blanks(line, close + 1);
    let next = skip_blanks(line, comma + 1);
    let end = closing(line, next + 1, quote(next)?, 0);
    let colon = skip_blanks(line, end + 1);
    let plain = close - other < 40 && at(line, comma) == b',' && at(line, colon) == b':';
    (plain && is_value(cut(line, next + 1, end))).then(|| skip_blanks(line, colon + 1))
}

/// Elements that hold the value of what is named before.
const ELEMENTS: &[&str] = &[
    "value",
    "string",
    "val",
    "data",
    "entry",
    "text",
    "attributevalue",
];

/// Attributes that say of which type a value is are no longer.
const ATTRIBUTES_MAX: usize = 120;

/// Inside the element that opens at `i`, if it is one that holds a value.
pub(super) fn inside(line: &[u8], i: usize) -> Option<usize> {
    let open = skip_blanks(line, i);
    let mut name = open + 1;
    // <saml:AttributeValue xsi:type="xs:string">
    let space = from(line, name).iter().take_while(|c| is_word(**c)).count();
    if at(line, name + space) == b':' && space > 0 {
        name += space + 1;
    }
    let known = ELEMENTS
        .iter()
        .find(|e| word_at(line, name, e.as_bytes()))?;
    let end = name + known.len();
    let end = match at(line, end) {
        b' ' => end + memchr::memchr(b'>', cut(line, end, end + ATTRIBUTES_MAX))?,
        _ => end,
    };
    (at(line, open) == b'<' && at(line, end) == b'>').then_some(end + 1)
}

/// Where the value of `<name>db.password</name><value>x</value>` starts, whose name from `start` to
/// `end` fills an element of its own.
pub(super) fn next_element(line: &[u8], start: usize, end: usize) -> Option<usize> {
    let closes = before(line, start) == b'>' && cut(line, end, end + 2) == b"</";
    let close = memchr::memchr(b'>', from(line, end)).filter(|_| closes)?;
    inside(line, end + close + 1)
}

/// What a command prints that is to print a secret: `BORG_PASSCOMMAND='echo x'`,
/// `password_command = "printf x"`.
pub(super) fn printed(
    line: &[u8],
    start: usize,
    end: usize,
    delimiter: Delimiter,
) -> Option<(usize, usize)> {
    let name = cut(line, start, end);
    let commanding = ["command", "cmd"]
        .iter()
        .any(|word| word_at(name, name.len().wrapping_sub(word.len()), word.as_bytes()));
    let quote = at(line, delimiter.value);
    let quoted = commanding && matches!(quote, b'"' | b'\'');
    let body = delimiter.value + usize::from(quoted);
    let verb = ["echo ", "echo -n ", "printf "]
        .iter()
        .rfind(|verb| quoted && word_at(line, body, verb.as_bytes()))?;
    let from = body + verb.len();
    let to = closing(line, body, quote, 0);
    let inner = matches!(at(line, from), b'"' | b'\'') && to > from + 2;
    let (from, to) = (from + usize::from(inner), to - usize::from(inner));
    (from < to && !is_placeholder(cut(line, from, to))).then_some((from, to))
}

/// What a value is to become: `~ api_token = "x" -> "y"` of a Terraform plan.
pub(super) fn planned(line: &[u8], delimiter: Delimiter) -> Option<(usize, usize)> {
    let open = delimiter.value;
    if at(line, open) != b'"' {
        return None;
    }
    let arrow = closing(line, open + 1, b'"', 0) + 1;
    let start = arrow + 5;
    (cut(line, arrow, start) == b" -> \"")
        .then(|| (start, closing(line, start, b'"', 0)))
        .filter(|(start, end)| !is_placeholder(cut(line, *start, *end)) && start < end)
}

/// The words of `api_tokens = ["x", "y"]` that are secrets: where each starts and ends.
pub(super) fn listed(line: &[u8], delimiter: Delimiter, named: Named) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    if at(line, delimiter.value) != b'[' {
        return found;
    }
    let mut i = skip_blanks(line, delimiter.value + 1);
    while matches!(at(line, i), b'"' | b'\'') {
        let close = closing(line, i + 1, at(line, i), delimiter.escapes);
        let text = cut(line, i + 1, close);
        // ["django.contrib.auth.hashers.Argon2PasswordHasher"]
        let path = text.iter().filter(|c| **c == b'.').count() > 2;
        // "9f3k-2lq8", "sommer24", where the name leaves no doubt
        let drawn = named.strength == Strength::Strong
            && text.len() >= 6
            && text.iter().any(u8::is_ascii_digit)
            && text.iter().any(u8::is_ascii_alphabetic)
            && !text.iter().any(|c| matches!(c, b' ' | b'/' | b'{' | b'$'));
        if (is_random(text) || drawn) && !path && !is_placeholder(text) {
            found.push((i + 1, close));
        }
        let comma = skip_blanks(line, close + 1);
        if at(line, comma) != b',' {
            break;
        }
        i = skip_blanks(line, comma + 1);
    }
    found
}

/// `sim_pin=1483`, `otp: "186134"`: digits that are typed as a secret, under a name that says so.
pub(super) fn is_code(line: &[u8], name: usize, text: &[u8], quoted: bool) -> bool {
    const ENDS: &[&[u8]] = &[
        b"_pin",
        b"-pin",
        b"puk",
        b"totp",
        b"_otp",
        b"pin_code",
        b"alarm_code",
        b"door_code",
        b"gate_code",
    ];
    let word = |c: &u8| is_word(*c) || *c == b'-';
    let start = name
        - cut(line, 0, name)
            .iter()
            .rev()
            .take_while(|c| word(c))
            .count();
    let end = name + from(line, name).iter().take_while(|c| word(c)).count();
    let name = cut(line, start, end).to_ascii_lowercase();
    (4..=8).contains(&text.len())
        && text.iter().all(u8::is_ascii_digit)
        && (ENDS.iter().any(|end| name.ends_with(end))
            || quoted && matches!(&*name, b"pin" | b"otp"))
}

/// `"md5", "password", "scram-sha-256"`: the ways to log in that pg_hba.conf knows.
pub(super) fn is_method(text: &[u8]) -> bool {
    [
        &b"scram-sha-256"[..],
        b"md5",
        b"trust",
        b"reject",
        b"peer",
        b"ident",
    ]
    .contains(&text)
}

/// `./pw.txt:/run/secrets/db_password:ro`: how a file is mounted.
pub(super) fn is_mount(line: &[u8], name: usize, text: &[u8]) -> bool {
    before(line, name) == b'/'
        && matches!(
            text,
            b"ro" | b"rw" | b"z" | b"Z" | b"cached" | b"delegated" | b"consistent"
        )
}

/// `self.pw = pw`: code that hands on a variable of the same name.
pub(super) fn is_handed_on(line: &[u8], name: usize, text: &[u8]) -> bool {
    // SET password = password_old WHERE …: another column
    if text.contains(&b'_')
        && text.iter().all(|c| c.is_ascii_lowercase() || *c == b'_')
        && contains(cut(line, 0, name), b" set ")
        && judge(text).is_some()
    {
        return true;
    }
    // connect(user="app", password=pw), my %opt = (password => $ENV{DB_PASSWORD});
    let bare = text.strip_suffix(b";").unwrap_or(text);
    if let Some(bare) = bare.strip_suffix(b")")
        && memchr::memchr(b'(', cut(line, 0, name)).is_some()
        && (bare.starts_with(b"$ENV{")
            || bare.iter().all(|c| c.is_ascii_lowercase() || *c == b'_')
                && (judge(bare).is_some() || bare == b"pw"))
    {
        return true;
    }
    // self.user, self.password = user, password
    if let Some(bare) = text.strip_suffix(b",")
        && bare.iter().all(|c| c.is_ascii_lowercase() || *c == b'_')
        && memchr::memmem::find(cut(line, 0, name), b", self.").is_some()
    {
        return true;
    }
    // 'secret=kv/data/shop:password' of a lookup
    if contains(cut(line, 0, name), b"hashi_vault") {
        return true;
    }
    let end = name
        + from(line, name)
            .iter()
            .take_while(|c| is_word(**c) || **c == b'.')
            .count();
    cut(line, name, end).rsplit(|c| *c == b'.').next() == Some(text)
        && cut(line, name, end).contains(&b'.')
        && cut(line, end, end + 3) == b" = "
}

/// `-e 'POSTGRES_PASSWORD=three small words'`, `Environment="JWT_SECRET=do not disturb"`: a variable of
/// the environment in quotes of its own.
pub(super) fn is_variable(line: &[u8], name: usize, delimiter: Delimiter) -> bool {
    let end = name + from(line, name).iter().take_while(|c| is_word(**c)).count();
    let start = name
        - cut(line, 0, name)
            .iter()
            .rev()
            .take_while(|c| is_word(**c))
            .count();
    let own = cut(line, start, end);
    own.iter().all(|c| !c.is_ascii_lowercase())
        && own.contains(&b'_')
        && matches!(before(line, start), b'"' | b'\'')
        && at(line, end) == b'='
        && delimiter.value == end + 1
}

/// `host=db user=app password='three small words'`: quoted among the parameters of a connection.
pub(super) fn is_conninfo(line: &[u8], name: usize, delimiter: Delimiter) -> bool {
    at(line, delimiter.value) == b'\''
        && before(line, delimiter.value) == b'='
        && word_at(line, name, b"password=")
        && [&b"host="[..], b"user=", b"dbname=", b"port="]
            .iter()
            .any(|other| contains(line, other))
}

/// `<your password here>`
pub(super) fn is_described(line: &[u8], i: usize) -> bool {
    let rest = cut(line, i + 1, line.len());
    memchr::memchr(b'>', rest).is_some_and(|n| {
        cut(rest, 0, n)
            .iter()
            .all(|c| c.is_ascii_alphanumeric() || b" _-.,'/".contains(c))
    })
}

/// A field of YAML whose name is made of several words, `postgresPassword: three small words`: no
/// sentence of a log begins so.
pub(super) fn is_field(line: &[u8], name: usize, text: &[u8]) -> bool {
    const SENTENCES: &[&str] = &[
        "the", "a", "an", "your", "must", "is", "not", "see", "use", "if", "this", "no", "enter",
        "for", "please", "should", "can", "to", "as", "will",
    ];
    let lead = cut(line, 0, name).trim_ascii_start();
    let word = from(line, name).iter().take_while(|c| is_word(**c)).count();
    let own = cut(line, name, name + word);
    let several = own.contains(&b'_')
        || own
            .windows(2)
            .any(|w| matches!(w, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()));
    let words = text.split(|c| *c == b' ').filter(|w| !w.is_empty());
    let said = words.clone().next().is_some_and(|first| {
        SENTENCES
            .iter()
            .any(|s| first.eq_ignore_ascii_case(s.as_bytes()))
    });
    (lead.is_empty() || lead == b"- ")
        && several
        && words.count() <= 4
        && !said
        && !text.iter().any(|c| b".,:;()".contains(c))
        && crate::mask::names::judge(text).is_none()
}

/// Keys whose value belongs to the name before.
const VALUES: &[&str] = &[
    "value",
    "val",
    "secret",
    "data",
    "content",
    "default",
    "secretvalue",
    "parametervalue",
    "v",
];

/// The literal behind `||`, `??` or `or`, when what stands before is fetched from elsewhere.
pub(super) fn fallback(line: &[u8], start: usize) -> Option<usize> {
    let rest = cut(line, start, start + 80);
    // <%= ENV.fetch("X") { "x" } %>
    if rest.starts_with(b"<%=") {
        let open = memchr::memmem::find(rest, b") { ")? + 4;
        let literal = start + open;
        return matches!(at(line, literal), b'"' | b'\'').then_some(literal);
    }
    let sign = [&b" || "[..], b" ?? ", b" or "]
        .iter()
        .filter_map(|s| memchr::memmem::find(rest, s).map(|n| n + s.len()))
        .min()?;
    let fetched = is_placeholder(cut(rest, 0, sign - 3).trim_ascii());
    let literal = skip_blanks(line, start + sign);
    (fetched && matches!(at(line, literal), b'"' | b'\'')).then_some(literal)
}

/// Whether the name at `start` is that of an element, `<password `, `<ns:password `.
pub(super) fn is_element(line: &[u8], start: usize) -> bool {
    let mut i = start;
    if before(line, i) == b':' {
        i -= 1;
        while is_word(before(line, i)) {
            i -= 1;
        }
    }
    before(line, i) == b'<'
}

/// Behind a note in brackets between a name and its colon: `AWS Secret Access Key [None]:`.
pub(super) fn behind_note(line: &[u8], i: usize) -> usize {
    let close = match at(line, i) {
        b'[' => b']',
        b'(' => b')',
        _ => return i,
    };
    let note = cut(line, i, i + NOTE_MAX);
    let end = memchr::memchr(close, note).map(|n| skip_blanks(line, i + n + 1));
    end.filter(|end| at(line, *end) == b':').unwrap_or(i)
}
