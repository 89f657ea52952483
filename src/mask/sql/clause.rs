//! Password clauses: a word that says secret, and the literal that belongs to it.

use super::lex::{Kind, Token, View};
use super::{CLAUSE, push};
use crate::mask::assign::{converts, is_reference};
use crate::mask::bytes::{at, before, contains, cut, find};
use crate::mask::names::{Named, Strength};
use crate::mask::span::{Class, Span};
use crate::mask::standin::is_placeholder;
use crate::mask::value::{is_random, is_type};

/// `PRAGMA key = 'x'`, `ATTACH DATABASE 'f' AS e KEY 'x'` of encrypted SQLite files: the word says
/// little elsewhere.
pub(super) fn key_of_file(view: &View<'_>, i: usize) -> Option<Named> {
    let pragma = ["key", "rekey", "hexkey", "hexrekey", "textkey", "textrekey"];
    let key =
        view.is(0, "pragma") && view.any(i, &pragma) || view.is(0, "attach") && view.is(i, "key");
    key.then_some(Named::secret(Strength::Strong, Class::Password))
}

/// `CREATE FUNCTION db_password() … AS $$ SELECT 'x' $$`: what a function gives that is called so.
fn body(view: &View<'_>, i: usize, named: Named, spans: &mut Vec<Span>) {
    let Some(code) = (i..i + 40).filter_map(|n| view.text(n)).find(|t| {
        let text = view.of(*t);
        contains(text, b"select ") || contains(text, b"return ")
    }) else {
        return;
    };
    let text = view.of(code);
    for verb in [&b"select "[..], b"return "] {
        let Some(at) = find(text, 0, verb) else {
            continue;
        };
        let rest = cut(text, at + verb.len(), text.len());
        let quote = rest.len() - rest.trim_ascii_start().len();
        let literal = cut(rest, quote, rest.len()).strip_prefix(b"'");
        let Some(length) = literal.and_then(|literal| memchr::memchr(b'\'', literal)) else {
            continue;
        };
        let start = code.start + (at + verb.len() + quote + 1);
        if length > 2 {
            spans.push(Span::new(start, start + length, CLAUSE, named.class));
        }
    }
}

/// A name that says secret, and the literal that belongs to it.
pub(super) fn clause(view: &View<'_>, i: usize, named: Named, spans: &mut Vec<Span>) {
    // INSERT INTO passwords VALUES (…): the name of a table.
    let tables = ["into", "table", "from", "update", "join", "exists", "on"];
    if i > 0 && view.any(i - 1, &tables) {
        return;
    }
    if i > 0 && view.any(i - 1, &["function"]) && view.mark(i + 1, b'(') {
        return body(view, i, named, spans);
    }
    // alias pw='openssl rand -base64 24'
    if view.is(i.wrapping_sub(1), "alias") && view.mark(i + 1, b'=') {
        return;
    }
    // vault kv get -field=password "db/shop"
    if view.mark(i.wrapping_sub(1), b'=')
        && view.is(i.wrapping_sub(2), "field")
        && view.literal(i + 1).is_some()
    {
        return;
    }
    let named = key_of_file(view, i).unwrap_or(named);
    let weak = named.strength == Strength::Weak;
    let mut j = i + 1;
    // `[ ENCRYPTED ] PASSWORD 'password'`: how the help of psql says it.
    if view.mark(i.wrapping_sub(1), b']') && view.mark(j + 1, b'|') {
        return;
    }
    // SET PASSWORD FOR 'u'@'h' = …; PASSWORD FROM 'a' TO 'b'
    if view.is(j, "for") {
        while j < i + 8 && view.get(j).is_some() && !view.mark(j, b'=') {
            j += 1;
        }
    }
    if view.is(j, "from") && view.literal(j + 1).is_some() && view.is(j + 2, "to") {
        for literal in [view.literal(j + 1), view.literal(j + 3)]
            .into_iter()
            .flatten()
        {
            push(view, literal, CLAUSE, named.class, spans);
        }
        return;
    }
    if view.any(j, &["not", "is"]) {
        j += 1;
    }
    // ALTER COLUMN default_password SET DEFAULT 'x'
    if view.is(j, "set") && view.is(j + 1, "default") {
        j += 2;
    }
    // lower(password) = 'x'; @pwd nvarchar(50) = N'x'
    if view.mark(j, b')') && (view.mark(j + 1, b'=') || view.any(j + 1, &["like", "in", "is"])) {
        j += 1;
    } else if view
        .get(j)
        .is_some_and(|t| t.kind == Kind::Word && is_type(view.of(t)))
        && view.get(i).is_some_and(|t| view.of(t).starts_with(b"@"))
    {
        j += 1;
        if view.mark(j, b'(') {
            while j < i + 8 && !view.mark(j, b')') {
                j += 1;
            }
            j += 1;
        }
    }
    let list = view.is(j, "in") && view.mark(j + 1, b'(')
        || view.is(j, "any")
        || view.mark(j, b'=') && view.is(j + 1, "any");
    let mut joined = false;
    let limit = j + 5;
    while j < limit {
        // A path of code: Token::Str("…"); a here-document: chpasswd <<'EOF'
        let doubled = |mark: u8| view.mark(j, mark) && view.mark(j + 1, mark);
        if doubled(b':') || doubled(b'<') {
            return;
        }
        let passes = [b'=', b':', b'<', b'>', b'!', b'(']
            .iter()
            .any(|c| view.mark(j, *c))
            || view.any(
                j,
                &[
                    "to", "like", "ilike", "in", "by", "as", "using", "is", "any", "array",
                    "binary", "convert", "cast", "concat", "nvarchar", "collate", "values", "set",
                    "with",
                ],
            );
        if !passes {
            break;
        }
        joined = true;
        j += 1;
    }
    // A comparison may put a function around the value: pass = SHA1('x').
    if let Some(mut word) = view
        .get(j)
        .filter(|t| t.kind == Kind::Word && joined && view.mark(j + 1, b'('))
    {
        // SHA2(CONCAT('x', salt), 256)
        while j < limit + 6
            && converts(view.of(word))
            && let Some(inner) = view
                .get(j + 2)
                .filter(|t| t.kind == Kind::Word && view.mark(j + 3, b'('))
        {
            (word, j) = (inner, j + 2);
        }
        let name = view.of(word);
        let literal = view.literal(j + 2);
        if converts(name)
            && let Some(literal) =
                literal.filter(|t| t.kind == Kind::Text || view.mark(j + 3, b')'))
        {
            push(view, literal, CLAUSE, named.class, spans);
        } else if name.eq_ignore_ascii_case(b"concat") {
            // CONCAT(salt, 'x')
            let close = (j + 2..limit + 12).find(|n| view.mark(*n, b')'));
            let literals = (j + 2..close.unwrap_or(j)).filter_map(|n| view.text(n));
            for literal in literals.filter(|t| t.end - t.start > 4) {
                push(view, literal, CLAUSE, named.class, spans);
            }
        }
        return;
    }
    if joined && !weak && view.is(j, "case") {
        return branches(view, j, named, spans);
    }
    if !joined {
        j = behind_type(view, j);
    }
    let quoted = view.get(i).is_some_and(|t| t.kind == Kind::Quoted);
    // ALTER ROLE reader PASSWORD Zitrone55; which the server rejects
    let role = view.any(0, &["alter", "create"]) && view.any(1, &["role", "user"]);
    if role && view.is(i, "password") && view.get(j).is_some_and(|t| t.kind == Kind::Word) {
        let word = view.get(j).map(|t| view.of(t)).unwrap_or_default();
        if word.len() >= 4 && word.iter().any(u8::is_ascii_digit) {
            return secret_behind(view, j, spans);
        }
    }
    let Some(literal) = view.get(j).filter(|t| {
        t.kind == Kind::Text
            || !quoted
                && t.kind == Kind::Quoted
                && (joined || named.class == Class::Password)
                // `npm token create`: a command in prose
                && !(before(view.text, t.start) == b'`' && view.of(*t).contains(&b' '))
    }) else {
        return;
    };
    // rpassword = "7": the release of a package
    let small = literal.kind == Kind::Quoted && view.of(literal).len() <= 2;
    // {namespace="shop",secret="db-credentials"}
    if small
        || named.class != Class::Password
            && view
                .get(i)
                .is_some_and(|name| is_reference(view.of(name), view.of(literal)))
    {
        return;
    }
    if weak {
        let value = view.of(literal);
        if !joined
            || !(is_random(value) || named.class == Class::Password && value.len() > 3)
            || contains(value, b"%")
        {
            return;
        }
    } else if !joined && named.strength == Strength::Medium && !is_random(view.of(literal)) {
        return;
    }
    if named.class == Class::Token && view.of(literal).len() < 4 {
        return;
    }
    // Names of columns are compared with patterns: column_name LIKE '%password%'.
    if view.of(literal).starts_with(b"%") && view.of(literal).ends_with(b"%") {
        return;
    }
    // :'pw' of psql stands for a value.
    if is_psql_variable(view, literal) {
        return;
    }
    push(view, literal, CLAUSE, named.class, spans);
    // SET PASSWORD = 'x' REPLACE 'y'
    if view.any(j + 1, &["replace", "old_password"])
        && let Some(old) = view.text(j + 2).or_else(|| view.text(j + 3))
    {
        push(view, old, CLAUSE, named.class, spans);
    }
    if list {
        while view.mark(j + 1, b',') {
            j += 2;
            if let Some(literal) = view.text(j) {
                push(view, literal, CLAUSE, named.class, spans);
            }
        }
    }
}

/// `password = CASE WHEN … THEN 'x' ELSE 'y' END`: what it may become.
fn branches(view: &View<'_>, case: usize, named: Named, spans: &mut Vec<Span>) {
    for j in case + 1..(case + 200).min(view.tokens.len()) {
        if view.is(j, "end") {
            return;
        }
        if view.any(j, &["then", "else"])
            && let Some(literal) = view.text(j + 1)
        {
            push(view, literal, CLAUSE, named.class, spans);
        }
    }
}

/// Behind the type of what is declared: `v_password text := 'x'`, `_token text DEFAULT 'x'`.
fn behind_type(view: &View<'_>, j: usize) -> usize {
    let typed = view
        .get(j)
        .is_some_and(|t| t.kind == Kind::Word && is_type(view.of(t)));
    if !typed {
        return j;
    }
    let mut k = j + 1;
    if view.mark(k, b'(') {
        while k < j + 6 && !view.mark(k, b')') {
            k += 1;
        }
        k += 1;
    }
    if view.mark(k, b':') && view.mark(k + 1, b'=') {
        return k + 2;
    }
    if view.is(k, "default") || view.mark(k, b'=') {
        return k + 1;
    }
    j
}

fn is_psql_variable(view: &View<'_>, literal: Token) -> bool {
    let colon = literal.start.checked_sub(2);
    colon.is_some_and(|i| {
        at(view.text, i) == b':' && matches!(before(view.text, i), b' ' | b'=' | b'(' | b',')
    })
}

/// IDENTIFIED BY x [REPLACE y]; IDENTIFIED WITH plugin BY|AS x; IDENTIFIED VIA plugin USING x.
pub(super) fn identified(view: &View<'_>, i: usize, spans: &mut Vec<Span>) {
    let mut j = i + 1;
    if view.any(j, &["with", "via"]) {
        j += 1;
        if view
            .get(j)
            .is_some_and(|plugin| is_elsewhere(view.of(plugin)))
        {
            return;
        }
        while j < i + 8 && !view.any(j, &["by", "as", "using"]) {
            if view.mark(j, b';') || view.get(j).is_none() {
                return;
            }
            j += 1;
        }
    }
    if !view.any(j, &["by", "as", "using"]) {
        return;
    }
    // A bare word is a secret in Oracle's statements, and no more than a word in a sentence.
    let verbs = ["create", "alter", "grant", "administer", "connect"];
    let begins =
        |k| view.any(k, &verbs) || view.is(k, "set") && view.any(k + 1, &["role", "encryption"]);
    if view.get(j + 1).is_some_and(|t| t.kind != Kind::Text) && !(0..i).any(begins) {
        return;
    }
    secret_behind(view, j + 1, spans);
    for k in j + 2..j + 6 {
        if view.is(k, "replace") {
            secret_behind(view, k + 1, spans);
        }
    }
}

/// Whether a server with this plugin asks somebody else for the password: what stands behind it is
/// a name, such as that of an LDAP entry.
fn is_elsewhere(plugin: &[u8]) -> bool {
    let words = [
        "ldap",
        "_pam",
        "pam_",
        "kerberos",
        "gssapi",
        "socket",
        "windows",
        "named_pipe",
        "aws",
        "webauthn",
        "fido",
    ];
    words.iter().any(|word| contains(plugin, word.as_bytes()))
        || plugin.eq_ignore_ascii_case(b"pam")
}

/// The secret at `j`: a literal, or a bare word as Oracle takes it.
fn secret_behind(view: &View<'_>, mut j: usize, spans: &mut Vec<Span>) {
    while view.any(j, &["password", "values"])
        && view.get(j + 1).is_some()
        && !view.mark(j + 1, b';')
        || view.mark(j, b'(')
    {
        j += 1;
    }
    let Some(token) = view.get(j) else { return };
    match token.kind {
        Kind::Text | Kind::Quoted => push(view, token, CLAUSE, Class::Password, spans),
        Kind::Word
            if !view.any(
                j,
                &[
                    "random",
                    "externally",
                    "globally",
                    "password",
                    "values",
                    "null",
                    "empty",
                ],
            ) && !view.of(token).starts_with(b"@") =>
        {
            // `3qVx#a-b`: what stands glued behind belongs to it.
            let mut end = token.end;
            while !matches!(
                at(view.text, end),
                b' ' | b';' | b',' | b')' | b'\'' | b'"' | b'\n' | b'\t' | b'\r' | 0
            ) {
                end += 1;
            }
            let end = end.min(view.text.len());
            if !is_placeholder(cut(view.text, token.start, end)) {
                spans.push(Span::new(token.start, end, CLAUSE, Class::Password));
            }
        }
        _ => {}
    }
}
