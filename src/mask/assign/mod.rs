//! Assignments: a name that says "secret", a delimiter, a value.
//!
//! Dotenv, shell, YAML, JSON (also escaped inside JSON), INI, properties, HCL, XML, query strings,
//! conninfo, DSN, ADO and ODBC strings, log lines and source code all say `name = value` in some
//! way. What differs is where the value ends; [`value`] knows that. SQL clauses without a
//! delimiter, and command-line options, are other layers'.

mod delimiter;
mod extent;
mod harmless;
mod literal;
mod placed;

use super::bytes::{at, before, contains, cut, from, is_word, skip_blanks, word_at};
use super::names::{Named, Strength, judge};
use super::span::{Class, RuleId, Span};
use super::standin::is_placeholder;
use super::value::{
    is_code_name, is_password_hash, is_plain_number, is_prose, is_random, is_stop_word, is_type,
    is_uuid,
};
use delimiter::{Delimiter, Kind};
use extent::unquoted;
use harmless::{is_bound, is_colour, is_version};
pub(crate) use harmless::{is_reference, is_worded};
use literal::call;
pub(crate) use literal::{closing, converts, is_fetching, opening};
use placed::{declared, fallback};

const RULE: RuleId = RuleId::new("assignment");

/// How many blanks may stand around a delimiter; aligned configuration uses many.
const BLANKS_MAX: usize = 48;

/// What opens a text of XML in which nothing is escaped.
const CDATA: &[u8] = b"<![cdata[";

/// How far a name may reach from the word that gave it away.
const NAME_MAX: usize = 100;

/// Appends a span for each secret value whose name holds one of the words at `triggers`.
pub(crate) fn find(line: &[u8], triggers: &[usize], spans: &mut Vec<Span>) {
    let mut done = 0;
    for &trigger in triggers {
        if trigger < done {
            continue;
        }
        let (start, end) = name_around(line, trigger);
        done = end;
        // password_verify(): Argument #2
        if cut(line, end, end + 2) == b"()" {
            continue;
        }
        let Some(delimiter) = Delimiter::behind(line, start, end) else {
            super::shell::option(line, start, end, spans);
            super::context::directive(line, start, end, spans);
            continue;
        };
        if let Some((from, to)) = placed::printed(line, start, end, delimiter) {
            spans.push(Span::new(from, to, RULE, Class::Password));
            done = done.max(to);
            continue;
        }
        let Some(named) = judge_at(line, start, end) else {
            continue;
        };
        if let Some((from, to)) = value(line, start, named, delimiter) {
            spans.push(Span::new(from, to, RULE, named.class));
            done = done.max(to);
        }
        let planned = placed::planned(line, delimiter);
        for (from, to) in planned
            .into_iter()
            .chain(placed::listed(line, delimiter, named))
        {
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
    while end - i < NAME_MAX && is_name(at(line, end)) && cut(line, end, end + 3) != "：".as_bytes()
    {
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
    // A header of its own, `X-Service-Key`, is made for a secret.
    if let Some(named) = own.filter(|_| word_at(line, start, b"x-")) {
        let strength = Strength::Medium;
        return Some(Named { strength, ..named });
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

/// The value behind `delimiter`, if it is one to mask.
fn value(line: &[u8], name: usize, named: Named, delimiter: Delimiter) -> Option<(usize, usize)> {
    let start = declared(line, delimiter);
    // `prompt("Password: ")`: the quote behind the colon ends what the name stands in.
    if delimiter.quote == 0
        && matches!(at(line, start), b'"' | b'\'')
        && extent::enclosing(cut(line, 0, name)) == at(line, start)
    {
        return None;
    }
    // `password: process.env.PW || 'x'`
    let start = fallback(line, start).unwrap_or(start);
    let quoted = opening(line, start, delimiter.escapes);
    let (from, to, quoted) = match quoted {
        Some((body, quote, escapes)) => (body, closing(line, body, quote, escapes), true),
        None if delimiter.kind == Kind::Tag && word_at(line, start, CDATA) => {
            let body = start + CDATA.len();
            let close = memchr::memmem::find(from(line, body), b"]]>");
            (body, close.map_or(line.len(), |n| body + n), true)
        }
        None if delimiter.kind == Kind::Tag => {
            let close = memchr::memchr(b'<', cut(line, start, line.len())).map(|n| start + n);
            // `--pass <phrase>   …` of a help text, `-p<password> db`: no element ends there.
            let glued = is_word(before(line, name.wrapping_sub(1)));
            if close.is_none()
                && (glued
                    || matches!(
                        at(line, start),
                        b' ' | b']' | b')' | b',' | b'|' | b'@' | b':'
                    ))
            {
                return None;
            }
            (start, close.unwrap_or(line.len()), true)
        }
        // A pair in code needs its literal.
        None if delimiter.kind == Kind::Pair => return None,
        // ODBC: PWD={se;cret}
        None if at(line, start) == b'{' && before(line, name) == b';' => {
            let rest = cut(line, start, line.len());
            let to = memchr::memchr(b'}', rest).map_or(line.len(), |n| start + n);
            (start + 1, to, true)
        }
        None => {
            let to = unquoted(line, name, delimiter);
            if is_bound(cut(line, start, to)) {
                return None;
            }
            let to = delimiter::encoded_end(line, start, to);
            (start, to, false)
        }
    };
    let from = behind_scheme(line, from, to);
    let (from, to) = super::bytes::trim(line, from, to);
    if let Some(inner) = call(line, from, to, quoted) {
        return inner;
    }
    // case … PASS=$OPTARG;; esac
    let to = if !quoted && at(line, from) == b'$' && before(line, to) == b';' {
        to - 1
    } else {
        to
    };
    // line='token = None\\n' of a dump
    let whole = cut(line, from, to);
    let bare = whole.strip_suffix(b"\\n").unwrap_or(whole);
    if bare.len() < whole.len() && (is_placeholder(bare) || is_type(bare)) {
        return None;
    }
    let text = whole;
    accept(text, named, delimiter, quoted, line, name).then_some((from, to))
}

/// Behind the word that says how an `Authorization` is to be read.
pub(crate) fn behind_scheme(line: &[u8], from: usize, to: usize) -> usize {
    let schemes = [
        "bearer ",
        "basic ",
        "token ",
        "apikey ",
        "negotiate ",
        "digest ",
    ];
    let scheme = schemes.iter().find(|s| word_at(line, from, s.as_bytes()));
    let behind = scheme.map_or(from, |s| (from + s.len()).min(to));
    // `Token ist abgelaufen`, `apiKey ?? config.apiKey`: no scheme, but words.
    let words = cut(line, behind, to).trim_ascii();
    if words.contains(&b' ') && !words.contains(&b'=') && !words.iter().any(u8::is_ascii_digit) {
        return from;
    }
    behind
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
    if delimiter.kind == Kind::Tag && !text.iter().any(u8::is_ascii_alphanumeric) {
        return false;
    }
    // kubectl describe: `SMTP_PASS:  11 bytes`
    let size = text.first().is_some_and(u8::is_ascii_digit)
        && from(line, delimiter.value)
            .trim_ascii_end()
            .ends_with(b" bytes");
    if size
        || is_placeholder(text)
        || harmless::is(line, name, named, delimiter, text, quoted)
        || harmless::is_ambient(text, line, name)
        || placed::is_mount(line, name, text)
        || !quoted && placed::is_handed_on(line, name, text)
    {
        return false;
    }
    // kubectl --from-file=password=./pw.txt
    if contains(cut(line, name.saturating_sub(13), name), b"--from-file=") {
        return false;
    }
    if is_password_hash(text) || placed::is_code(line, name, text, quoted) {
        return true;
    }
    // fun reset(token: Token, new: String): Result
    let parameter = text
        .iter()
        .position(|c| matches!(c, b')' | b','))
        .map_or(text, |n| cut(text, 0, n));
    if !quoted
        && (is_type(text) && text.len() < 40
            || parameter.len() < text.len() && delimiter.spaced && is_type(parameter)
            || text.starts_with(b"(")
            || text.starts_with(b"[")
            || text.starts_with(b"{")
            || text.starts_with(b"|") && text.len() < 3
            || text.starts_with(b">") && text.len() < 3
            || text.starts_with(b"&")
                && delimiter.kind == Kind::Colon
                && cut(line, delimiter.value, delimiter.value + text.len()) == text
            || text.starts_with(b"<") && placed::is_described(line, delimiter.value)
            || text.iter().all(|c| b"\"'`()[]{};,.+| ".contains(c))
            // s/^password=.*/password=/
            || text.starts_with(b".*")
            || text.starts_with(b"/") && contains(cut(line, 0, name), b"s/")
            || is_expression(text)
            || is_scheme(text))
    {
        return false;
    }
    let issued = named.class != Class::Password;
    // `pub token: token::Brace`, `secrets: Inherit`, `accesskey="p"`
    let number = delimiter.spaced && text.len() < 4 && text.iter().all(u8::is_ascii_digit);
    if !quoted
        && (contains(text, b"::") || number || is_member(text) || issued && is_code_name(text))
        || issued && is_colour(text)
        || issued && text.len() < if quoted { 4 } else { 6 }
    {
        return false;
    }
    if delimiter.kind == Kind::Pair
        && (is_identifier(text) && in_list(line, name, delimiter, text.len())
            || harmless::is_name_of_secret(text)
            || named.strength == Strength::Weak && !is_random(text)
            || placed::is_method(text)
            || text.starts_with(b"$."))
    {
        return false;
    }
    match named.strength {
        Strength::Strong => {
            if quoted && contains(cut(line, name, delimiter.value), b"mnemonic") {
                return passphrase(text, line, name);
            }
            if quoted {
                return (delimiter.kind != Kind::Pair || text.len() >= 4) && !is_prose(text)
                    || placed::is_conninfo(line, name, delimiter)
                    || passphrase(text, line, name);
            }
            // `FATAL: password: wrong for user x`, `passwd: password updated successfully`
            let colon = delimiter.kind == Kind::Colon;
            // `passwd: password changed.`
            if !quoted && word_at(text, 0, b"password ") {
                return false;
            }
            !(is_prose(text) || colon && is_sentence(text, line, delimiter, name))
                || placed::is_variable(line, name, delimiter)
                || passphrase(text, line, name)
                || colon && placed::is_field(line, name, text)
        }
        Strength::Medium => {
            let counted = text.first().is_some_and(u8::is_ascii_digit) && text.contains(&b' ');
            let plain = counted
                || is_plain_number(text) && text.len() < 12
                || text.len() < 5
                || is_prose(text) && !quoted && !placed::is_variable(line, name, delimiter);
            let word = text.len() < 16
                && text
                    .iter()
                    .all(|c| c.is_ascii_lowercase() || matches!(c, b'_' | b'-'))
                && named.class != Class::Password;
            !plain && !word && !text.iter().any(|c| matches!(c, b'(' | b')'))
        }
        Strength::Weak => {
            // tcp://10.0.0.6:6379?auth=x
            if matches!(before(line, name), b'?' | b'&')
                && word_at(line, name, b"auth=")
                && text.len() >= 6
                && text.iter().any(u8::is_ascii_digit)
                && text.iter().any(u8::is_ascii_alphabetic)
            {
                return true;
            }
            if named.class == Class::Password {
                // {"pass":"Open, Sesame!"}
                if quoted
                    && delimiter.quote != 0
                    && text.len() >= 4
                    && !is_prose(text)
                    && text.contains(&b' ')
                {
                    return true;
                }
                return text.len() >= 4
                    && !is_sentence(text, line, delimiter, name)
                    && !is_version(text)
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

/// `handler.password`, `typing.Optional[bytes]`, `impl AsRef<[u8]>`, `credentials[1]`: code that
/// names the value or its type.
fn is_member(text: &[u8]) -> bool {
    let name = text
        .iter()
        .take_while(|c| is_word(**c) || matches!(c, b'.' | b'!' | b' ' | b'\''))
        .count();
    let last = text.rsplit(|c| *c == b'.').next().unwrap_or_default();
    let bracketed = name > 2
        && text.first().is_some_and(u8::is_ascii_alphabetic)
        && !cut(text, 0, name).iter().any(u8::is_ascii_digit)
        && (at(text, name) == b'[' && memchr::memchr(b']', text).is_some()
            || at(text, name) == b'<' && memchr::memchr(b'>', text).is_some());
    bracketed
        || last.len() < text.len()
            && text.iter().all(|c| is_word(*c) || *c == b'.')
            && judge(last).is_some()
            && !text.iter().any(u8::is_ascii_digit)
}

/// `s->session`, `unsafe { … }`, `if x`, `quote! {`: code that makes the value.
fn is_expression(text: &[u8]) -> bool {
    const WORDS: &[&[u8]] = &[
        b"if ", b"impl ", b"match ", b"unsafe ", b"new ", b"await ", b"mut ", b"dyn ", b"func ",
        b"fn ", b"async ", b"lambda ",
    ];
    let name = text.iter().take_while(|c| is_word(**c)).count();
    let dollar = text.strip_prefix(b"$").unwrap_or(text);
    let member = dollar.iter().take_while(|c| is_word(**c)).count();
    let arrow = member > 0
        && cut(dollar, member, member + 2) == b"->"
        && (at(dollar, member + 2).is_ascii_alphabetic() || at(dollar, member + 2) == b'_');
    let called = cut(text, name, name + 3);
    arrow
        || matches!(text, b"if" | b"impl" | b"unsafe" | b"match" | b"await")
        || WORDS.iter().any(|word| text.starts_with(word))
        || name > 2 && (called == b"! {" || called == b"![" || called.starts_with(b"!("))
        || text.ends_with(b"!") && name + 1 == text.len() && text == b"quote!"
        || is_operation(text)
}

/// `data_vec ^ key_vec`: names of code, and what is done with them.
fn is_operation(text: &[u8]) -> bool {
    let mut words = text.split(|c| *c == b' ').filter(|w| !w.is_empty());
    let (Some(a), Some(operator), Some(b)) = (words.next(), words.next(), words.next()) else {
        return false;
    };
    let code = |word: &[u8]| {
        word.contains(&b'_')
            && word
                .iter()
                .all(|c| c.is_ascii_lowercase() || matches!(c, b'_' | b';' | b')'))
    };
    words.next().is_none()
        && matches!(
            operator,
            b"^" | b"+" | b"|" | b"&" | b"-" | b"==" | b"||" | b"&&"
        )
        && code(a)
        && code(b)
}

pub(crate) fn is_identifier(text: &[u8]) -> bool {
    text.iter().all(|c| c.is_ascii_alphabetic() || *c == b'_')
}

/// Whether a comma follows the literal of this length, or stands before its name: a list of words,
/// such as the columns of a table. MySQL's backticks hold nothing but names.
fn in_list(line: &[u8], name: usize, delimiter: Delimiter, len: usize) -> bool {
    let quote = name.wrapping_sub(1);
    let lead = cut(line, 0, quote).trim_ascii_end();
    let follows = lead.ends_with(b",") && !contains(line, b"values");
    follows
        || at(line, quote) == b'`'
        || at(line, skip_blanks(line, delimiter.value + len + 2)) == b','
}

fn is_scheme(text: &[u8]) -> bool {
    ["bearer", "basic", "token", "apikey", "digest", "negotiate"]
        .iter()
        .any(|s| text.eq_ignore_ascii_case(s.as_bytes()))
}

/// A colon in the middle of a line, and plain words behind it: `9b8e7d6 password: allow spaces`; or
/// a size: `password:  16 bytes`.
fn is_sentence(text: &[u8], line: &[u8], delimiter: Delimiter, name: usize) -> bool {
    // wmic /password:x os get caption
    if before(line, name_around(line, name).0) == b'/' && !delimiter.spaced {
        return false;
    }
    let rest = cut(line, delimiter.value, line.len()).trim_ascii();
    let plain = |w: &[u8]| {
        w.iter()
            .all(|c| c.is_ascii_lowercase() || matches!(c, b',' | b'.' | b' '))
    };
    let words = rest.split(|c| *c == b' ').filter(|w| !w.is_empty());
    let lead = cut(line, 0, name).trim_ascii();
    let first = words.clone().take(2).all(|w| {
        w.strip_suffix(b",")
            .unwrap_or(w)
            .iter()
            .all(u8::is_ascii_alphabetic)
    });
    let several = words.clone().count();
    let issued = judge(cut(line, name, name_around(line, name).1))
        .is_some_and(|n| n.class != Class::Password);
    first && (several >= 3 || several == 2 && issued)
        || rest.ends_with(b" bytes") && text.first().is_some_and(u8::is_ascii_digit)
        || lead.iter().any(u8::is_ascii_alphanumeric)
            && delimiter.spaced
            && plain(text)
            && words.clone().count() >= 2
            && words.clone().take(3).all(plain)
}

/// A value of several words is a secret under such a name.
fn passphrase(text: &[u8], line: &[u8], name: usize) -> bool {
    let (start, end) = name_around(line, name);
    let words = text.split(|c| *c == b' ').count();
    // `seed phrase: …`
    let name = cut(line, start.saturating_sub(5), end);
    // A seed phrase has twelve words at least (BIP 39).
    contains(name, b"passphrase")
        || words >= 12 && (contains(name, b"mnemonic") || contains(name, b"seed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(line: &str) -> Vec<String> {
        let mut triggers: Vec<usize> = Vec::new();
        for word in crate::mask::names::trigger_words() {
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
