//! What stands in a secret's place and is none, by what surrounds it: a constant that holds its own
//! name, the label of a field in any language, what an exception says, a pattern that looks for
//! secrets, a word of a program's own configuration.
//!
//! The layers that know names and delimiters ask no such things; each span of theirs passes here.

mod code;
mod label;
mod paper;

use super::assign::is_fetching;
use super::bytes::{at, before, contains, cut, from, is_word};
use super::names::{Strength, judge};
use super::span::Span;
use super::standin::{is_placeholder, is_variable_of_client};
use super::value::{is_prose, is_stop_word};
use label::is_label;

/// The rules whose spans a name, a delimiter or a clause made.
const RULES: &[&str] = &[
    "assignment",
    "sql-password",
    "sql-key-argument",
    "directive",
];

/// Further rules whose spans are left alone where nothing could be a secret.
const OTHERS: &[&str] = &[
    "sql-column",
    "http-authorization",
    "prompt",
    "command-option",
    "revealed-secret",
    "expect-send",
    "column",
    "jwt-signed-in-code",
];

/// What stands around a span.
struct Place<'a> {
    line: &'a [u8],
    span: Span,
    text: &'a [u8],
    quoted: bool,
    /// What stands before the name.
    lead: &'a [u8],
    name: &'a [u8],
    /// The delimiter, its blanks and quotes.
    between: &'a [u8],
}

/// A longer value is no label and no name.
const VALUE_MAX: usize = 120;

/// Drops from `spans` of `line`, from `first` on, what is none.
pub(super) fn leave(line: &[u8], first: usize, spans: &mut Vec<Span>) {
    if spans.len() <= first {
        return;
    }
    let mut i = first;
    while let Some(span) = spans.get(i) {
        let rule = span.rule.as_str();
        if RULES.contains(&rule) && is_aside(line, *span)
            || OTHERS.contains(&rule) && is_none(line, *span)
        {
            spans.remove(i);
        } else {
            i += 1;
        }
    }
}

fn is_aside(line: &[u8], span: Span) -> bool {
    let text = cut(line, span.start, span.end);
    if text.len() > VALUE_MAX {
        return false;
    }
    let quoted = matches!(before(line, span.start), b'"' | b'\'' | b'`')
        || before(line, span.start) == b'>' && at(line, span.end) == b'<';
    let (name, end) = name_before(line, span.start);
    let lead = cut(line, 0, name);
    let name = cut(line, name, end);
    let between = cut(line, end, span.start);
    if paper::is_nothing(text) {
        return true;
    }
    let place = Place {
        line,
        span,
        text,
        quoted,
        lead,
        name,
        between,
    };
    if span.rule.as_str() == "directive" {
        // What a manual's syntax may leave out: SET PASSWORD [FOR user]
        let optional = text
            .strip_prefix(b"[")
            .is_some_and(|word| !word.is_empty() && word.iter().all(u8::is_ascii_uppercase));
        // username and password login, session cookies
        let said = lead.ends_with(b"username and ")
            && text.iter().all(|c| c.is_ascii_lowercase() || *c == b',');
        return optional
            || said
            || is_example(text) && is_comment(lead)
            || paper::is_defined(&place)
            || !quoted && code::is_pointer(from(line, span.start));
    }
    // The password of an account that has none: `'*'`, `'x'`, `'!'`.
    if quoted && matches!(text, b"*" | b"x" | b"!" | b"!!") {
        return true;
    }
    if quoted && contains(lead, b"<set to the key") {
        return true;
    }
    if code::is(&place) || paper::is(&place) {
        return true;
    }
    if quoted && is_statement(lead) {
        // IDENTIFIED BY "&pw" of SQL*Plus
        return is_variable_of_client(text);
    }
    if quoted {
        return is_placeholder(text)
            || is_own_name(name, text)
            || is_label(text)
            || is_name_of_secret(name, text, span)
            || is_validation(text)
            || is_thrown(name, between, text)
            || is_resource(text)
            || redacted(text)
            || between.starts_with(b"(") && is_fetching(name);
    }
    is_own_name(name, text) && between.contains(&b' ')
        || is_label(text) && between.contains(&b':')
        || is_name_of_secret(name, text, span)
        || is_list_of_names(text)
        || is_pattern(line, span, lead)
        || is_code(line, span, lead, between)
        || is_switch(line, name, lead, text)
        || is_lexeme(line, text)
        || is_comment(lead) && (is_example(text) || is_remark(from(line, span.start)))
        || contains(lead, b"secret generic my-secret ") && is_example(text)
}

/// What the rules of other layers are told.
fn is_none(line: &[u8], span: Span) -> bool {
    let text = cut(line, span.start, span.end);
    let lead = cut(line, 0, span.start);
    match span.rule.as_str() {
        "column" => paper::is_no_cell(text) || paper::is_nothing(text) && text.len() > 2,
        "prompt" => paper::is_nothing(text) || is_label(text),
        // `* "git send-email" learned to prompt for passwords`
        "expect-send" => {
            at(text, 0) == b' ' && at(text, 1).is_ascii_lowercase() && !contains(lead, b"send ")
        }
        "command-option" => {
            let word = text.strip_suffix(b".").unwrap_or(text);
            let prose = word.len() < text.len() && word.iter().all(u8::is_ascii_lowercase);
            paper::is_nothing(text) || prose && lead.len() < 8 || is_meta(text)
        }
        _ => paper::is_nothing(text) || is_encoded(line, span),
    }
}

/// `--password=DOCKER_PASSWORD`, `-p PASS`: the name of a variable that a manual puts in a value's place.
fn is_meta(text: &[u8]) -> bool {
    let capitals = text.iter().all(|c| c.is_ascii_uppercase() || *c == b'_');
    capitals
        && (matches!(text, b"PASS" | b"PASSWORD" | b"PASSPHRASE")
            || text.contains(&b'_') && judge(text).is_some())
}

/// `encode(gen_random_bytes(24), 'hex')` in the place of a column's value.
fn is_encoded(line: &[u8], span: Span) -> bool {
    let text = cut(line, span.start, span.end);
    matches!(text, b"hex" | b"base64" | b"escape" | b"utf8" | b"UTF8")
        && contains(cut(line, 0, span.start), b"code(")
}

/// The name before the delimiter and quotes before `i`: where it starts and ends.
fn name_before(line: &[u8], i: usize) -> (usize, usize) {
    let mut end = i;
    let passed = |c: u8| b" \t\"'`:=><(-?[]\\".contains(&c) && c != 0;
    while end > 0 && passed(before(line, end)) {
        end -= 1;
    }
    let mut start = end;
    while is_word(before(line, start)) || matches!(before(line, start), b'-' | b'.') {
        start -= 1;
    }
    (start, end)
}

/// Whether a statement for a database stands before: what a literal holds there is its value,
/// whatever it is.
fn is_statement(lead: &[u8]) -> bool {
    const VERBS: &[&[u8]] = &[
        b"create ",
        b"alter ",
        b"set ",
        b"insert ",
        b"update ",
        b"grant ",
        b"select ",
        b"identified ",
        b"where ",
        b"values",
        b"exec",
        b"attach ",
        b"db.",
    ];
    VERBS.iter().any(|verb| contains(lead, verb))
}

/// Letters and digits alone, in lower case.
fn folded(text: &[u8]) -> Vec<u8> {
    let plain = text.iter().filter(|c| c.is_ascii_alphanumeric());
    plain.map(u8::to_ascii_lowercase).collect()
}

/// `API_KEY = "api_key"`, `KEY_ACCESS_TOKEN = "accessToken"`: a constant that holds its own name.
fn is_own_name(name: &[u8], text: &[u8]) -> bool {
    let word = text.iter().all(|c| is_word(*c) || matches!(c, b'-' | b'.'));
    if !word || text.len() < 3 || judge(text).is_none() {
        return false;
    }
    let (name, text) = (folded(name), folded(text));
    // A number behind it would be a secret's: `password = "password1"`.
    name.ends_with(&text)
        || text
            .strip_suffix(b"s")
            .is_some_and(|one| name.ends_with(one))
}

/// `ENV_TOKEN = "GITHUB_TOKEN"`, `KEY = "com.example.app.PASSWORD"`: the name of a variable or setting.
fn is_name_of_secret(name: &[u8], text: &[u8], span: Span) -> bool {
    let plain = |c: &u8| c.is_ascii_alphabetic() || matches!(c, b'_' | b'-' | b'.');
    if !text.iter().all(plain) || !text.iter().any(u8::is_ascii_alphabetic) {
        return false;
    }
    if matches!(text, b"passwd" | b"pwd" | b"X-Password" | b"X-Token") {
        return true;
    }
    const PARTS: &[&[u8]] = &[
        b"PASSWORD",
        b"PASSWD",
        b"PWD",
        b"TOKEN",
        b"SECRET",
        b"KEY",
        b"CREDENTIALS",
    ];
    let parts = || text.split(|c| matches!(c, b'_' | b'-' | b'.'));
    let several = parts().count() > 1 && parts().all(|part| !part.is_empty());
    let capitals = !text.iter().any(u8::is_ascii_lowercase);
    if several && capitals && parts().any(|part| PARTS.contains(&part)) {
        return true;
    }
    let last = parts().next_back().unwrap_or_default();
    let dots = text.iter().filter(|c| **c == b'.').count();
    if dots > 1 && judge(last).is_some() {
        return true;
    }
    // Nobody makes up a token: TOKEN = "access_token"
    several
        && span.class != super::span::Class::Password
        && judge(text).is_some()
        && folded(name).ends_with(&folded(last))
}

/// `db_password, api_key, tls_key`: what is needed or hidden, by name.
fn is_list_of_names(text: &[u8]) -> bool {
    let words = text
        .split(|c| matches!(c, b' ' | b','))
        .filter(|w| !w.is_empty());
    words.clone().count() > 1
        && words.clone().all(|w| {
            w.contains(&b'_')
                && w.iter().all(|c| c.is_ascii_alphabetic() || *c == b'_')
                && judge(w).is_some()
        })
}

/// `required|string|min:8|confirmed`: how a field is checked.
fn is_validation(text: &[u8]) -> bool {
    const CHECKS: &[&[u8]] = &[
        b"required",
        b"nullable",
        b"string",
        b"confirmed",
        b"sometimes",
        b"current_password",
    ];
    let mut checks = text.split(|c| *c == b'|');
    let first = checks.next().unwrap_or_default();
    CHECKS.contains(&first)
        && checks.clone().count() > 0
        && checks.all(|check| {
            check.first().is_some_and(u8::is_ascii_lowercase) && !check.contains(&b' ')
        })
}

/// `raise InvalidPassword("password must not be empty")`: what is thrown says why.
fn is_thrown(name: &[u8], between: &[u8], text: &[u8]) -> bool {
    if !between.starts_with(b"(") || !text.contains(&b' ') {
        return false;
    }
    const FAULTS: &[&[u8]] = &[
        b"invalid",
        b"wrong",
        b"error",
        b"exception",
        b"missing",
        b"weak",
        b"expired",
        b"empty",
        b"bad",
        b"unknown",
        b"notfound",
        b"short",
        b"long",
        b"mismatch",
        b"denied",
        b"incorrect",
        b"required",
        b"illegal",
        b"fail",
        b"unauthorized",
        b"fault",
        b"reject",
    ];
    let faulty = FAULTS.iter().any(|fault| contains(name, fault));
    let first = text.split(|c| *c == b' ').next().unwrap_or_default();
    let said = text.split(|c| *c == b' ').any(is_stop_word);
    faulty || is_prose(text) && said && judge(first).is_some()
}

/// `serviceaccounts/token`, `pods/exec`: a resource of Kubernetes.
fn is_resource(text: &[u8]) -> bool {
    let mut parts = text.split(|c| *c == b'/');
    let (Some(object), Some(part), None) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let plain = |t: &[u8]| t.len() > 2 && t.iter().all(u8::is_ascii_lowercase);
    plain(object) && plain(part) && object.ends_with(b"s")
}

/// `password=\S+`, `s/token=x/token=REDACTED/`: a pattern, or what is put in its place.
fn is_pattern(line: &[u8], span: Span, lead: &[u8]) -> bool {
    const STARTS: &[&[u8]] = &[
        b"\\S", b"\\w", b"\\d", b"\\s", b"[^", b"[A-Z", b"[a-z", b"[0-9", b"(\\S", b"(\\w", b"([^",
        b"([a-z", b"([A-Z", b"(.+", b"(.*", b"(?:", b"(?P", b".*", b".+?", b"\\\\S", b"\\\\w",
    ];
    let text = cut(line, span.start, span.end);
    if STARTS.iter().any(|start| text.starts_with(start)) {
        return true;
    }
    let inner = text
        .split(|c| b"/}'\"|,".contains(c))
        .next()
        .unwrap_or_default();
    inner.len() < text.len()
        && is_placeholder(inner)
        && (contains(lead, b"s/") || contains(lead, b"replace"))
        || text.len() > 4 && is_placeholder(trimmed(text, b"*_<>[]/"))
        || redacted(text)
}

fn trimmed<'a>(text: &'a [u8], edge: &[u8]) -> &'a [u8] {
    let start = text
        .iter()
        .position(|c| !edge.contains(c))
        .unwrap_or(text.len());
    let end = text
        .iter()
        .rposition(|c| !edge.contains(c))
        .map_or(start, |n| n + 1);
    let inner = cut(text, start, end);
    // Without marks at both ends it is a word like any other.
    if start == 0 || end == text.len() {
        text
    } else {
        inner
    }
}

/// `hmac-sha256:[omitted]`
fn redacted(text: &[u8]) -> bool {
    let colon = text.iter().rposition(|c| *c == b':');
    colon.is_some_and(|n| {
        let note = from(text, n + 1);
        matches!(at(note, 0), b'[' | b'(') && is_placeholder(note)
    })
}

/// Code that makes or hands on the value: `api_key or settings.API_KEY`, `shift or die`,
/// `opts.password = value;`, `case TOKEN: return "token"`.
fn is_code(line: &[u8], span: Span, lead: &[u8], between: &[u8]) -> bool {
    let rest = from(line, span.start);
    let word = rest
        .iter()
        .take_while(|c| is_word(**c) || **c == b'.')
        .count();
    let (first, behind) = (cut(rest, 0, word), from(rest, word));
    if word == 0 || rest.len() < 2 {
        return false;
    }
    let assigns = between.contains(&b'=') && between.contains(&b' ');
    const OPERATORS: &[&[u8]] = &[b" or ", b" || ", b" ?? ", b" if ", b" && ", b" ? "];
    // token :: Parser String; data: ByteArray = ByteArray(0)
    let typed = between == b": "
        && first.first().is_some_and(u8::is_ascii_uppercase)
        && behind.starts_with(b" = ");
    if between == b" :: " || typed {
        return true;
    }
    // login(user: user, password: wrong_password), self._password = raw_password
    let variable = first.contains(&b'_')
        && first.iter().all(|c| c.is_ascii_lowercase() || *c == b'_')
        && judge(first).is_some_and(|n| n.strength == Strength::Strong);
    let passed = lead.contains(&b'(') && matches!(at(behind, 0), b')' | b',');
    let kept = assigns
        && behind.is_empty()
        && [&b"self."[..], b"this."]
            .iter()
            .any(|own| contains(cut(line, 0, span.start), own));
    if variable && (passed || kept) {
        return true;
    }
    // ${PASSWORD:0:2}
    if lead.ends_with(b"${") && between == b":" && first.iter().all(u8::is_ascii_digit) {
        return true;
    }
    let operator = OPERATORS.iter().any(|o| behind.starts_with(o));
    if assigns && operator && (judge(first).is_some() || first == b"shift" || first.contains(&b'.'))
    {
        return true;
    }
    let names = [
        &b"value"[..],
        b"val",
        b"v",
        b"arg",
        b"optarg",
        b"input",
        b"s",
        b"str",
        b"p",
        b"pw",
        b"pass",
        b"pwd",
    ];
    let member = contains(lead, b"->") || cut(line, lead.len(), span.start).contains(&b'.');
    if assigns && member && behind.starts_with(b";") && names.contains(&first) {
        return true;
    }
    lead.trim_ascii_end().ends_with(b"case")
        && [&b"return"[..], b"break", b"throw", b"goto"].contains(&first)
}

/// Words of a program's configuration and logs that stand behind a name: nsswitch.conf, PAM, `ls -l`.
fn is_switch(line: &[u8], name: &[u8], lead: &[u8], text: &[u8]) -> bool {
    const SOURCES: &[&[u8]] = &[
        b"files",
        b"systemd",
        b"compat",
        b"sss",
        b"nis",
        b"nisplus",
        b"ldap",
        b"db",
        b"winbind",
        b"mymachines",
        b"dns",
        b"extrausers",
        b"altfiles",
        b"cache",
        b"[NOTFOUND=return]",
        b"[SUCCESS=merge]",
        b"[!UNAVAIL=return]",
    ];
    let first = lead.trim_ascii();
    let sources = first.is_empty()
        && [&b"passwd"[..], b"passwd_compat", b"shadow"].contains(&name)
        && text
            .split(|c| matches!(c, b' ' | b'\t'))
            .all(|w| w.is_empty() || SOURCES.contains(&w));
    // pam_unix(passwd:chauthtok)
    let module = lead.ends_with(b"(")
        && contains(
            cut(lead, lead.len().saturating_sub(20), lead.len()),
            b"pam_",
        );
    let mode = cut(line.trim_ascii_start(), 1, 10);
    let listed = mode.len() == 9
        && mode.iter().all(|c| b"rwxsStT-".contains(c))
        && line.trim_ascii_start().starts_with(b"l");
    // {password:1} of a projection
    let digit = text.len() == 1 && text.iter().all(u8::is_ascii_digit);
    sources || module || listed || digit
}

/// `'password':6 'rotat':1`: positions in a tsvector.
fn is_lexeme(line: &[u8], text: &[u8]) -> bool {
    let position = |t: &[u8]| {
        !t.is_empty()
            && t.len() < 40
            && t.iter().all(|c| c.is_ascii_digit() || b",ABCD".contains(c))
    };
    let text = text.split(|c| *c == b' ').next().unwrap_or_default();
    let places = line
        .windows(3)
        .filter(|w| matches!(w, [b'\'', b':', d] if d.is_ascii_digit()))
        .count();
    position(text) && places > 1 && !line.contains(&b'{')
}

/// Whether the line is a comment's up to here.
fn is_comment(lead: &[u8]) -> bool {
    let lead = lead.trim_ascii();
    !lead.is_empty()
        && lead.len() < 4
        && lead.iter().all(|c| b"#;/*!-".contains(c))
        && !matches!(lead, b"-" | b"/" | b"*" | b"!")
}

/// What examples in comments and manuals hold.
fn is_example(text: &[u8]) -> bool {
    const EXAMPLES: &[&[u8]] = &[
        b"foobared",
        b"changeme",
        b"change_me",
        b"change-me",
        b"topsecret",
        b"supersecret",
        b"yourpassword",
        b"your_password",
        b"mypassword",
        b"example",
        b"secret",
    ];
    EXAMPLES
        .iter()
        .any(|example| text.eq_ignore_ascii_case(example))
}

/// `set in /etc/app/secrets.d`, `must be 32 bytes long`: a remark.
fn is_remark(rest: &[u8]) -> bool {
    const BEGINS: &[&[u8]] = &[
        b"set",
        b"taken",
        b"read",
        b"see",
        b"must",
        b"should",
        b"is",
        b"are",
        b"stored",
        b"from",
        b"use",
        b"the",
        b"a",
        b"comes",
        b"kept",
        b"provided",
        b"not",
        b"defined",
        b"injected",
        b"loaded",
        b"managed",
        b"same",
        b"only",
        b"never",
        b"as",
        b"if",
        b"will",
        b"can",
        b"your",
        b"defaults",
        b"generated",
        b"to",
    ];
    let mut words = rest.split(|c| *c == b' ').filter(|w| !w.is_empty());
    let first = words.next().unwrap_or_default();
    BEGINS.contains(&first) && words.count() >= 2
}
