//! Calls that say themselves what they are given: a function whose name sets a secret, and one that
//! writes a value at a path of JSON.

use super::function::arguments_of;
use super::lex::{Token, View};
use super::{ARGUMENT, COLUMN, push};
use crate::mask::bytes::{contains, word_at};
use crate::mask::names::{Strength, judge};
use crate::mask::span::{Class, Span};
use crate::mask::standin::is_placeholder;
use crate::mask::value::{is_time, is_uuid};

/// What such a function does with the secret.
const VERBS: &[&str] = &[
    "set",
    "reset",
    "change",
    "update",
    "add",
    "create",
    "store",
    "save",
    "put",
    "rotate",
    "check",
    "verify",
    "validate",
    "hash",
    "login",
    "authenticate",
];

/// What its name ends with.
const THINGS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "api_key",
    "apikey",
    "credential",
    "credentials",
    "login",
    "authenticate",
    "user_auth",
];

/// Functions of JSON that take a path and behind it a value.
const JSON: &[&str] = &[
    "jsonb_set",
    "jsonb_set_lax",
    "jsonb_insert",
    "json_set",
    "json_insert",
    "json_replace",
    "json_modify",
    "jsonb_build_object",
    "json_build_object",
    "json_object",
    "jsonb_object",
    "json_array_append",
];

/// The secrets of the call of `name` whose arguments start at `start`; whether there are any.
pub(super) fn call(view: &View<'_>, name: &[u8], start: usize, spans: &mut Vec<Span>) -> bool {
    if JSON.iter().any(|f| name.eq_ignore_ascii_case(f.as_bytes())) {
        return by_path(view, start, spans);
    }
    // common.authenticate(db, "anna", "x", {}): a name goes before the secret.
    let logs_in = ["login", "authenticate", "sign_in", "signin", "logon"]
        .iter()
        .any(|verb| name.eq_ignore_ascii_case(verb.as_bytes()));
    if logs_in {
        let literals = arguments_of(view, start).into_iter();
        let literals: Vec<Token> = literals.filter_map(|j| view.literal(j)).collect();
        let plain = literals.iter().all(|token| {
            let text = view.of(*token);
            (2..=64).contains(&text.len()) && !text.contains(&b'/') && !text.contains(&b' ')
        });
        let secret = literals.last().filter(|_| plain && literals.len() >= 2);
        if let Some(secret) = secret.filter(|token| !is_placeholder(view.of(**token))) {
            push(view, *secret, ARGUMENT, Class::Password, spans);
        }
        return secret.is_some();
    }
    sets_a_secret(name) && last_literal(view, start, spans)
}

/// `set_user_password`, `ResetPassword`, `check_login`.
fn sets_a_secret(name: &[u8]) -> bool {
    let verb = VERBS.iter().any(|verb| word_at(name, 0, verb.as_bytes()));
    let thing = THINGS
        .iter()
        .find(|thing| word_at(name, name.len().wrapping_sub(thing.len()), thing.as_bytes()));
    verb && thing.is_some_and(|thing| thing.len() < name.len())
}

/// `set_user_password(7, 'x')`: the last argument, where it is a literal.
fn last_literal(view: &View<'_>, start: usize, spans: &mut Vec<Span>) -> bool {
    let literals = arguments_of(view, start).into_iter();
    let literals: Vec<Token> = literals.filter_map(|j| view.text(j)).collect();
    let secret = literals.last().filter(|token| {
        let text = view.of(**token);
        text.len() >= 4 && !is_placeholder(text) && !text.contains(&b'@')
    });
    let Some(secret) = secret else { return false };
    push(view, *secret, ARGUMENT, Class::Password, spans);
    true
}

/// `jsonb_set(doc, '{db,password}', '"x"')`, `json_set(doc, '$.api_key', 'x')`,
/// `json_build_object('password', 'x')`.
fn by_path(view: &View<'_>, start: usize, spans: &mut Vec<Span>) -> bool {
    let arguments = arguments_of(view, start);
    let mut any = false;
    for pair in arguments.windows(2) {
        let [path, value] = pair else { continue };
        let (Some(path), Some(value)) = (view.text(*path), view.text(*value)) else {
            continue;
        };
        let text = view.of(path);
        let last = text
            .rsplit(|c| matches!(c, b',' | b'.' | b'{' | b'$'))
            .next()
            .unwrap_or_default();
        let last = last.strip_suffix(b"}").unwrap_or(last);
        let last: Vec<u8> = last.iter().copied().filter(|c| *c != b'"').collect();
        let secret = judge(&last).filter(|named| named.strength == Strength::Strong);
        let Some(named) = secret.filter(|_| !contains(&last, b" ")) else {
            continue;
        };
        let body = view.of(value);
        let inner = body
            .strip_prefix(b"\"")
            .and_then(|body| body.strip_suffix(b"\""));
        if is_placeholder(inner.unwrap_or(body)) {
            continue;
        }
        any = true;
        let (from, to) = match inner {
            Some(_) => (value.start + 1, value.end - 1),
            None => (value.start, value.end),
        };
        push(
            view,
            Token {
                start: from,
                end: to,
                ..value
            },
            ARGUMENT,
            named.class,
            spans,
        );
    }
    any
}

/// `INSERT INTO users VALUES (1, 'ada', 'x')`: no column is named, so in a table of accounts what
/// looks like a password is taken for one, and more so in a table of secrets.
pub(super) fn unnamed_columns(view: &View<'_>, spans: &mut Vec<Span>) {
    let into = (0..view.tokens.len().min(32)).find(|i| view.is(*i, "into"));
    let Some(values) = into
        .map(|i| i + 2)
        .filter(|i| view.any(*i, &["values", "value"]))
    else {
        return;
    };
    let table = view.get(values - 1).map(|token| view.of(token));
    let Some(accounts) = table.and_then(accounts) else {
        return;
    };
    for i in values + 1..view.tokens.len() {
        let among = accounts == Accounts::Secrets;
        if let Some(token) = view.text(i).filter(|t| looks_secret(view.of(*t), among)) {
            push(view, token, COLUMN, Class::Password, spans);
        }
    }
}

/// What a table holds, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accounts {
    /// Who may log in.
    People,
    /// Secrets.
    Secrets,
}

/// What the name of a table, with its schema's or not, says that it holds.
pub(super) fn accounts(table: &[u8]) -> Option<Accounts> {
    let name = table.rsplit(|c| *c == b'.').next()?;
    let singular = name.strip_suffix(b"s").unwrap_or(name);
    let is_of = |words: &[&str]| {
        words.iter().any(|word| {
            let from = singular.len().wrapping_sub(word.len());
            word_at(singular, from, word.as_bytes())
                && (from == 0 || matches!(singular.get(from - 1), Some(b'_')))
        })
    };
    let secrets = [
        "credential",
        "secret",
        "password",
        "api_key",
        "apikey",
        "token",
        "passwd",
    ];
    if is_of(&secrets) {
        return Some(Accounts::Secrets);
    }
    let people = is_of(&["user", "account", "login", "member", "admin"]);
    people.then_some(Accounts::People)
}

/// Three kinds of characters, or two of which one is a digit in a table of secrets.
pub(crate) fn looks_secret(text: &[u8], among_secrets: bool) -> bool {
    let plain =
        |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.' | b' ' | b':' | b'/');
    let kinds = [
        text.iter().any(u8::is_ascii_digit),
        text.iter().any(u8::is_ascii_lowercase),
        text.iter().any(u8::is_ascii_uppercase),
        text.iter().any(|c| !plain(*c)),
    ];
    let digits = kinds.first() == Some(&true);
    let kinds = kinds.iter().filter(|kind| **kind).count();
    (6..=128).contains(&text.len())
        && (kinds >= 3 || among_secrets && kinds == 2 && digits)
        && !text.contains(&b' ')
        && !text.contains(&b'@')
        && !matches!(text.first(), Some(b'{' | b'[' | b'/'))
        && !contains(text, b"://")
        && !is_uuid(text)
        && !is_time(text)
        && !is_placeholder(text)
}
