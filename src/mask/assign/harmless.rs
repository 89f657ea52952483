//! Values that are no secrets although a name says so: what stands around them tells.

use super::{Delimiter, Kind};
use crate::mask::bytes::{at, before, contains, cut, find, from, is_word};
use crate::mask::names::{Named, Strength};
use crate::mask::span::Class;
use crate::mask::standin::is_placeholder;
use crate::mask::value::is_hex;

/// Whether `text` is no secret where it stands, under the name in which the byte at `name` is.
pub(super) fn is(
    line: &[u8],
    name: usize,
    named: Named,
    delimiter: Delimiter,
    text: &[u8],
    quoted: bool,
) -> bool {
    let lead = cut(line, 0, name).trim_ascii_start();
    // f(password=None, *, token)
    let bare = text.strip_suffix(b",").unwrap_or(text);
    let bare_stands_in = !quoted && bare.len() < text.len() && is_placeholder(bare);
    bare_stands_in
        || is_release(text)
        || before(line, name) == b':' && cut(line, 0, name).ends_with(b"did:")
        || is_label(text)
        || !quoted && (super::is_stop_word(text) || is_placeholder(unpunctuated(text)))
        || !quoted && (text.starts_with(b"# ") || is_variable_in_quotes(text))
        || is_field_of_line(text)
        || !quoted && (is_null_of_sql(text) || is_mark(text))
        || is_object(name_at(line, name), delimiter, text)
        || !quoted && delimiter.kind == Kind::Colon && named.class == Class::Token && is_said(text)
        || name_at(line, name).eq_ignore_ascii_case(b"pin") && text.iter().any(u8::is_ascii_alphabetic)
        // rpassword = "7": the release of a package
        || text.len() <= 2 && text.iter().all(u8::is_ascii_digit)
        || named.strength == Strength::Weak && contains(lead, b"cache")
        || named.class != Class::Password && is_reference(name_at(line, name), text)
        || delimiter.kind == Kind::Colon && is_of_file(lead, text)
        || !quoted && delimiter.spaced && is_next_name(text)
        || !quoted && (is_required(line, name, text) || is_passed(line, text))
        || named.class != Class::Password && is_tls_session(line, name, text)
        || quoted && lead.ends_with(b"alias ") && is_run(text)
        || !quoted && (is_documented(lead) || is_field_of_protobuf(line, delimiter, text))
        || named.strength == Strength::Weak && named.class != Class::Password && is_worded(text)
}

/// The name in which the byte at `i` is.
fn name_at(line: &[u8], i: usize) -> &[u8] {
    let (start, end) = super::name_around(line, i);
    cut(line, start, end)
}

/// `secret="db-credentials"`, `--secret=db-password`: what a vault or cluster calls the thing, which it
/// keeps itself.
pub(crate) fn is_reference(name: &[u8], text: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[b"secret", b"secrets", b"credential", b"credentials"];
    const LAST: &[&[u8]] = &[
        b"credentials",
        b"creds",
        b"password",
        b"passwords",
        b"secret",
        b"secrets",
        b"token",
        b"key",
        b"keys",
        b"cert",
        b"tls",
        b"auth",
        b"config",
        b"env",
        b"login",
        b"license",
    ];
    let name = name
        .iter()
        .position(|c| *c != b'-')
        .map_or(name, |n| from(name, n));
    let signs = |c: &u8| matches!(c, b'-' | b'_' | b'/' | b'.');
    let last = text.rsplit(signs).next().unwrap_or_default();
    NAMES.iter().any(|n| name.eq_ignore_ascii_case(n))
        && last.len() < text.len()
        && LAST.contains(&last)
        && text
            .iter()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || signs(c))
}

/// `NULL WHERE id = 3`, `DEFAULT, name = 'x'`: what a statement sets a column to that it empties.
fn is_null_of_sql(text: &[u8]) -> bool {
    const EMPTY: &[&[u8]] = &[b"null", b"default"];
    const NEXT: &[&[u8]] = &[
        b"where",
        b"and",
        b"or",
        b"from",
        b"returning",
        b"limit",
        b"order",
        b"then",
        b"else",
        b"end",
    ];
    let end = text.iter().position(|c| matches!(c, b' ' | b','));
    let Some(end) = end else {
        return false;
    };
    let (empty, rest) = (cut(text, 0, end), from(text, end));
    let next = rest.trim_ascii_start();
    let next = next
        .split(|c| matches!(c, b' ' | b';'))
        .next()
        .unwrap_or_default();
    EMPTY.iter().any(|word| empty.eq_ignore_ascii_case(word))
        && (rest.starts_with(b", ") || NEXT.iter().any(|word| next.eq_ignore_ascii_case(word)))
}

/// `<<EOT`, `<<-EOF`: what ends a here-document, which begins in the next line.
fn is_mark(text: &[u8]) -> bool {
    let mark = text.strip_prefix(b"<<").unwrap_or_default();
    let mark = mark.strip_prefix(b"-").unwrap_or(mark);
    !mark.is_empty() && mark.iter().all(u8::is_ascii_uppercase)
}

/// `Neues Passwort`, `Подтверждение пароля`, `API-Schlüssel`: what a form writes beside the field.
fn is_label(text: &[u8]) -> bool {
    const STEMS: &[&str] = &[
        "passwor",
        "passphras",
        "kennwor",
        "contraseñ",
        "senha",
        "парол",
        "hasł",
        "hasel",
        "lösenord",
        "wachtwoor",
        "adgangskod",
        "passord",
        "salasan",
        "jelsz",
        "şifre",
        "schlüssel",
        "ключ",
        "mot",
        "secret",
        "token",
        "key",
        "clé",
        "clave",
        "chave",
    ];
    let Ok(text) = std::str::from_utf8(text) else {
        return false;
    };
    if text.len() > 80 || !text.starts_with(char::is_uppercase) {
        return false;
    }
    let words = || {
        text.split([' ', '-', '\u{a0}'])
            .filter(|word| !word.is_empty())
    };
    let bare = |word: &str| {
        let word = word.trim_end_matches(['?', '.', ':', '!', '…', ',', '*']);
        word.to_lowercase()
    };
    // Each begins with a capital at most: `API`, `Passwort`, `the`.
    let plain = |word: &str| {
        let word = word.trim_end_matches(['?', '.', ':', '!', '…', ',', '*']);
        let mut behind = word.chars().skip(1);
        word.chars().all(char::is_alphabetic)
            && (behind.all(char::is_lowercase) || word.chars().all(char::is_uppercase))
    };
    let named = |word: &str| {
        let word = bare(word);
        STEMS
            .iter()
            .any(|stem| word.starts_with(stem) || stem.len() > 6 && word.ends_with(stem))
    };
    words().count() >= 2 && words().all(plain) && words().any(named)
}

/// `Image pull secrets:  regcred`: what a cluster calls its objects.
fn is_object(name: &[u8], delimiter: Delimiter, text: &[u8]) -> bool {
    delimiter.kind == Kind::Colon
        && name.eq_ignore_ascii_case(b"secrets")
        && text.iter().all(|c| c.is_ascii_lowercase() || *c == b'-')
}

/// `3 active, 1 revoked`, `not found`: what is said of issued secrets, which hold no blanks.
fn is_said(text: &[u8]) -> bool {
    let word = |word: &[u8]| {
        let bare = unpunctuated(word);
        bare.iter().all(u8::is_ascii_lowercase)
            || bare.len() <= 6 && bare.iter().all(u8::is_ascii_digit)
    };
    text.contains(&b' ') && text.split(|c| *c == b' ').all(word)
}

/// `prompt):` at the end of a sentence.
fn unpunctuated(text: &[u8]) -> &[u8] {
    let end = text
        .iter()
        .rposition(|c| !b").,:;".contains(c))
        .map_or(0, |n| n + 1);
    cut(text, 0, end)
}

/// `$GIT_TOKEN"; };f'`: a variable, and what stands behind the quote around all.
fn is_variable_in_quotes(text: &[u8]) -> bool {
    let name = from(text, 1).iter().take_while(|c| is_word(**c)).count();
    at(text, 0) == b'$'
        && name > 1
        && at(text, 1).is_ascii_alphabetic()
        && matches!(at(text, name + 1), b'"' | b'\'' | b';' | b')' | b'`')
}

/// `GID:user_list` behind `group_name:password:`: a manual names the fields of a line.
fn is_field_of_line(text: &[u8]) -> bool {
    const FIELDS: &[&[u8]] = &[
        b"username",
        b"user",
        b"uid",
        b"gid",
        b"host",
        b"hostname",
        b"port",
        b"database",
        b"db",
        b"base_dn",
        b"dn",
        b"home",
        b"shell",
        b"group",
        b"groups",
        b"members",
        b"user_list",
    ];
    let mut parts = text.split(|c| *c == b':');
    text.contains(&b':')
        && parts
            .clone()
            .all(|part| part.iter().all(|c| c.is_ascii_alphabetic() || *c == b'_'))
        && parts.any(|part| FIELDS.iter().any(|f| part.eq_ignore_ascii_case(f)))
}

/// `/etc/passwd: ASCII text`: what a program says of a file.
fn is_of_file(lead: &[u8], text: &[u8]) -> bool {
    let path = lead.ends_with(b"/") && !lead.contains(&b' ');
    path && (lead.starts_with(b"/") || lead.starts_with(b"."))
        && (text.contains(&b' ') || matches!(text, b"data" | b"empty" | b"directory" | b"OK"))
}

/// `password= auth_user=`: nothing is assigned, and the next name follows.
fn is_next_name(text: &[u8]) -> bool {
    text.strip_suffix(b"=").is_some_and(|name| {
        name.len() > 1 && name.iter().all(|c| c.is_ascii_lowercase() || *c == b'_')
    })
}

/// `    Session-ID: 5CBF…` of `openssl s_client`: it is sent in the clear (RFC 5246, section 7.4.1.2).
fn is_tls_session(line: &[u8], name: usize, text: &[u8]) -> bool {
    cut(line, name, name + 12) == b"Session-ID: "
        && cut(line, 0, name).iter().all(|c| *c == b' ')
        && name >= 2
        && text.len() == 64
        && text
            .iter()
            .all(|c| c.is_ascii_digit() || (b'A'..=b'F').contains(c))
}

/// `alias pw='openssl rand -base64 24'`: a command that the name stands for.
fn is_run(text: &[u8]) -> bool {
    let said = [&b"echo "[..], b"printf "]
        .iter()
        .any(|verb| text.starts_with(verb));
    text.contains(&b' ') && !said
}

/// `:param password: the user's password`, `@param token …`: what the documentation of code says.
fn is_documented(lead: &[u8]) -> bool {
    [
        &b":param"[..],
        b":type",
        b":arg",
        b":keyword",
        b":var",
        b":ivar",
        b"@param",
        b"@property",
    ]
    .iter()
    .any(|word| {
        find(lead, 0, word).is_some_and(|n| {
            from(lead, n + word.len())
                .iter()
                .all(|c| is_word(*c) || matches!(c, b' ' | b'[' | b']' | b'.' | b'{' | b'}'))
                && !is_word(before(lead, n))
        })
    })
}

/// `string password = 3 [(gogoproto.redact) = true];`
fn is_field_of_protobuf(line: &[u8], delimiter: Delimiter, text: &[u8]) -> bool {
    let digits = text.iter().take_while(|c| c.is_ascii_digit()).count();
    let behind = from(line, delimiter.value + digits);
    delimiter.kind == Kind::Equals
        && delimiter.spaced
        && (1..=5).contains(&digits)
        && behind.starts_with(b" [")
        && (contains(behind, b" = ") || contains(behind, b"deprecated"))
        && behind.trim_ascii_end().ends_with(b";")
}

/// `user:812:profile`, `orders-2026-03-02-0014`: what a cache or queue calls its things: words and
/// numbers.
pub(crate) fn is_worded(text: &[u8]) -> bool {
    let signs = |c: &u8| matches!(c, b':' | b'-' | b'_' | b'/' | b'.');
    let parts = text.split(signs);
    let lower = |part: &[u8]| part.iter().all(u8::is_ascii_lowercase);
    let number = |part: &[u8]| part.len() <= 10 && part.iter().all(u8::is_ascii_digit);
    parts.clone().count() >= 3
        && at(text, 0).is_ascii_lowercase()
        && parts
            .clone()
            .all(|part| !part.is_empty() && (lower(part) || number(part)))
        && parts.clone().any(|part| part.len() >= 3 && lower(part))
}

/// `:password WHERE id = :id`, `$1 where …`: a parameter that the rest of a statement follows.
pub(super) fn is_bound(text: &[u8]) -> bool {
    let end = text.iter().position(|c| matches!(c, b' ' | b',' | b')'));
    let Some(end) = end else {
        return false;
    };
    let name = cut(text, 1, end);
    match at(text, 0) {
        b':' | b'@' => {
            at(name, 0).is_ascii_alphabetic()
                && name.iter().all(|c| c.is_ascii_lowercase() || *c == b'_')
        }
        b'$' => !name.is_empty() && name.len() < 3 && name.iter().all(u8::is_ascii_digit),
        b'?' => name.is_empty(),
        b'%' => name == b"s",
        _ => false,
    }
}

/// `"password-hash": "1.2.2"`, `jsonwebtoken: ^9.0.2`: the release of a package that is called so.
fn is_release(text: &[u8]) -> bool {
    let dots = text.iter().filter(|c| **c == b'.').count();
    is_version(text) && (dots == 2 || !at(text, 0).is_ascii_digit()) && text.len() <= 12
}

/// `PASS: test_password_reset`: what a test runner says.
fn is_passed(line: &[u8], text: &[u8]) -> bool {
    line.starts_with(b"PASS: ") && text.starts_with(b"test") && is_word(at(text, 4))
}

/// `token: Token!`: a field of GraphQL that is never null.
fn is_required(line: &[u8], name: usize, text: &[u8]) -> bool {
    let Some(kind) = text.strip_suffix(b"!") else {
        return false;
    };
    let named = cut(line, name, name + kind.len());
    at(kind, 0).is_ascii_uppercase()
        && (named.eq_ignore_ascii_case(kind)
            || [&b"String"[..], b"ID", b"Int", b"UUID"].contains(&kind))
}

/// `^7.0.2`
pub(super) fn is_version(text: &[u8]) -> bool {
    let digits = text
        .iter()
        .position(u8::is_ascii_digit)
        .unwrap_or(text.len());
    digits < 3
        && cut(text, 0, digits).iter().all(|c| b"^~>=<v".contains(c))
        && text.iter().filter(|c| **c == b'.').count() >= 1
        && from(text, digits)
            .iter()
            .all(|c| c.is_ascii_digit() || *c == b'.')
}

/// `#dcdccc`
pub(super) fn is_colour(text: &[u8]) -> bool {
    text.len() <= 9 && text.strip_prefix(b"#").is_some_and(is_hex)
}

/// `passwd.hashed-password.root`: a name like the one before it.
pub(super) fn is_name_of_secret(text: &[u8]) -> bool {
    text.iter().all(|c| super::is_name(*c))
        && !text.iter().any(u8::is_ascii_digit)
        && super::judge(text).is_some()
}

/// Whether the name is one whose value is a place or a number elsewhere: `PWD=/srv`,
/// `XDG_SESSION_ID=42`, `ssl_session_id`.
pub(super) fn is_ambient(text: &[u8], line: &[u8], name: usize) -> bool {
    let (start, end) = super::name_around(line, name);
    let name = cut(line, start, end);
    // /dev/mapper/vg0-secret: UUID="…"
    before(line, start) == b'/' && contains(cut(line, end, line.len()), b"uuid=")
        || matches!(name, b"PWD" | b"OLDPWD") && text.starts_with(b"/")
        || contains(name, b"sess") && text.len() < 8
}

#[cfg(test)]
mod tests {
    use crate::mask::cases_tests::found;

    #[test]
    fn what_only_looks_like_an_assignment_stays() {
        for line in [
            "    Session-ID: 5CBFA04F437C3720727BE057A6BF5004FD39F4EA91549C09FD0D7A0E8C8D21D9",
            "alias pw='openssl rand -base64 24'",
            ":param password: the user's password, hashed before it is stored",
            "  * @param {string} token the token of the session",
            "string password = 3 [(gogoproto.redact) = true];",
            "def connect(host, user, password=None, *, token: str | None = None):",
            "cache hit key=user:812:profile ttl=300 shard=4",
            "dedupe key=orders-2026-03-02-0014 partition=7",
            "API_KEY=vault://secret/data/shop#key",
            "token: YOUR_API_TOKEN",
            "curl -H \"Authorization: Bearer $(gcloud auth print-access-token)\" https://x",
        ] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
        for (line, secret) in [
            ("alias pw='Zimt9'", "Zimt9"),
            ("alias pw='echo Zimt9'", "echo Zimt9"),
            ("key=9f3kQ2-7dK1m-Zp40x-88Qw", "9f3kQ2-7dK1m-Zp40x-88Qw"),
            ("password: yourself-9", "yourself-9"),
        ] {
            assert_eq!(found(line), [secret], "{line}");
        }
    }
}
