//! SQL: the literal in the secret position, also of broken, unfinished and rejected statements.
//!
//! A lexer, no parser: a statement that a server refuses leaks just as well. It knows the literals
//! of PostgreSQL (`E''`, `U&''`, dollar quotes), MySQL (backslashes, double quotes), T-SQL (`N''`)
//! and Oracle (`q'[]'`), and looks at what stands around them.

use super::bytes::{at, before, contains, cut, is_word};
use super::names::{Named, Strength, judge};
use super::span::{Class, RuleId, Span};
use super::value::{is_placeholder, is_random};

const CLAUSE: RuleId = RuleId::new("sql-password");
const ARGUMENT: RuleId = RuleId::new("sql-key-argument");
const COLUMN: RuleId = RuleId::new("sql-column");

/// Words that make a statement worth lexing, besides those of names.
pub(crate) const TRIGGERS: &[&str] = &[
    "identified",
    "pgp_",
    "crypt(",
    "hmac(",
    "crypt_iv(",
    "encryptby",
    "decryptby",
    "set_config",
    "account_add",
    "dblink",
    "pwdcompare",
    "pwdencrypt",
    "sp_addlogin",
    "sp_password",
    "db.auth",
    "createuser",
    "aes_",
    "des_",
    "s3(",
    "mysql(",
    "postgresql(",
    "remote(",
    "create_aws_cred",
    "pragma",
    "sqlcipher",
    "bindpw",
    "credentials",
    "conninfo",
    "connection '",
    "insert into",
    "replace into",
    "values",
    "sha1(",
    "sha2(",
    "md5(",
    "changeuserpassword",
    "account_",
    "addlinkedsrvlogin",
    "openrowset",
    "gcs(",
    "azureblobstorage",
    "deltalake(",
    "s3cluster(",
    "secure(",
    "create user",
    "alter user",
    "set password",
];

/// The longest statement that is kept over lines.
const STATEMENT_MAX: usize = 16 << 10;
/// More tokens are not looked at in one statement.
const TOKENS_MAX: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Word,
    /// A quoted identifier, which is a string in MySQL.
    Quoted,
    Text,
    Mark(u8),
}

/// A token; for texts the span of what stands between the quotes.
#[derive(Clone, Copy, Debug)]
struct Token {
    kind: Kind,
    start: usize,
    end: usize,
}

/// A statement that earlier lines began.
#[derive(Clone, Default)]
pub(crate) struct Pending {
    text: zeroize::Zeroizing<Vec<u8>>,
    lines: u32,
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pending({} lines)", self.lines)
    }
}

/// No statement that a person types has more lines.
const LINES_MAX: u32 = 200;

/// Looks at `line` as (the next part of) a statement; keeps it when it is not finished.
pub(crate) fn statement(
    line: &[u8],
    pending: Option<Pending>,
    spans: &mut Vec<Span>,
) -> Option<Pending> {
    let (body, fresh) = prompt(line);
    let mut pending = pending
        .filter(|p| !fresh && p.lines < LINES_MAX && p.text.len() + line.len() < STATEMENT_MAX)
        .unwrap_or_default();
    let lead = pending.text.len();
    let mut found = Vec::new();
    let whole;
    let text = if lead == 0 {
        cut(line, body, line.len())
    } else {
        whole = zeroize::Zeroizing::new(
            [pending.text.as_slice(), cut(line, body, line.len())].concat(),
        );
        whole.as_slice()
    };
    let tokens = lex(text);
    look(text, &tokens, &mut found);
    for span in found {
        if span.end > lead {
            let start = span.start.max(lead) - lead + body;
            spans.push(Span {
                start,
                end: span.end - lead + body,
                ..span
            });
        }
    }
    let finished = tokens.last().is_some_and(|t| t.kind == Kind::Mark(b';'))
        || text.ends_with(b"\\G")
        || text.ends_with(b"\\g")
        || text.trim_ascii().is_empty();
    if finished || !is_statement(&tokens, text) || text.len() >= STATEMENT_MAX {
        return None;
    }
    pending.text.extend_from_slice(cut(line, body, line.len()));
    pending.text.push(b'\n');
    pending.lines += 1;
    Some(pending)
}

/// Where the statement starts behind a client's prompt, and whether that prompt begins a new one.
fn prompt(line: &[u8]) -> (usize, bool) {
    let window = cut(line, 0, 96);
    let mut i = 0;
    while let Some(n) = memchr::memchr2(b'>', b'#', cut(window, i, window.len())) {
        let mark = i + n;
        i = mark + 1;
        if at(line, mark + 1) != b' ' && mark + 1 < line.len() {
            continue;
        }
        let lead = cut(line, 0, mark);
        let state = before(line, mark);
        let words = lead.split(|c| *c == b' ').filter(|w| !w.is_empty()).count();
        if words > 5 {
            return (0, false);
        }
        // `app-> `, `app'> `, `    -> `, `dquote> `, `2> ` of sqlcmd goes on.
        let goes_on = matches!(state, b'-' | b'\'' | b'"' | b'(' | b'*' | b'$' | b'`')
            || lead.trim_ascii() == b""
            || lead.trim_ascii().iter().all(u8::is_ascii_digit) && lead.trim_ascii() != b"1"
            || lead.ends_with(b"...");
        return ((mark + 2).min(line.len()), !goes_on);
    }
    (0, false)
}

/// Whether the tokens begin as a statement that may hold a secret later on.
fn is_statement(tokens: &[Token], text: &[u8]) -> bool {
    const VERBS: &[&str] = &[
        "create",
        "alter",
        "insert",
        "replace",
        "update",
        "set",
        "grant",
        "copy",
        "unload",
        "change",
        "select",
        "with",
        "merge",
        "call",
        "exec",
        "execute",
        "start",
        "clone",
        "attach",
        "open",
        "pragma",
        "upsert",
        "declare",
        "do",
        "administer",
        "use",
        "prepare",
        "import",
        "export",
        "begin",
    ];
    let first = tokens.iter().find(|t| t.kind == Kind::Word);
    first.is_some_and(|t| {
        VERBS
            .iter()
            .any(|v| cut(text, t.start, t.end).eq_ignore_ascii_case(v.as_bytes()))
    }) && tokens
        .first()
        .is_some_and(|t| t.kind == Kind::Word || t.kind == Kind::Mark(b'('))
}

fn lex(text: &[u8]) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut i = 0;
    while i < text.len() && tokens.len() < TOKENS_MAX {
        let c = at(text, i);
        match c {
            b' ' | b'\t' | b'\n' | b'\r' => i += 1,
            b'-' if at(text, i + 1) == b'-' && (at(text, i + 2) == b' ' || i + 2 >= text.len()) => {
                i = memchr::memchr(b'\n', cut(text, i, text.len())).map_or(text.len(), |n| i + n);
            }
            b'/' if at(text, i + 1) == b'*' => {
                i = memchr::memmem::find(cut(text, i, text.len()), b"*/")
                    .map_or(text.len(), |n| i + n + 2);
            }
            b'\'' | b'"' | b'`' => {
                let backslash = c == b'"'
                    || matches!(before(text, i), b'E' | b'e')
                    || cut(text, i + 1, text.len()).windows(2).any(|w| w == b"\\'");
                let end = string_end(text, i + 1, c, backslash);
                tokens.push(Token {
                    kind: if c == b'\'' { Kind::Text } else { Kind::Quoted },
                    start: i + 1,
                    end,
                });
                i = end + 1;
            }
            b'$' => {
                let mut tag = i + 1;
                while is_word(at(text, tag)) {
                    tag += 1;
                }
                if at(text, tag) == b'$' && !at(text, i + 1).is_ascii_digit() {
                    let mark = cut(text, i, tag + 1);
                    let body = tag + 1;
                    let end = memchr::memmem::find(cut(text, body, text.len()), mark)
                        .map_or(text.len(), |n| body + n);
                    tokens.push(Token {
                        kind: Kind::Text,
                        start: body,
                        end,
                    });
                    i = end + mark.len();
                } else {
                    tokens.push(Token {
                        kind: Kind::Word,
                        start: i,
                        end: tag.max(i + 1),
                    });
                    i = tag.max(i + 1);
                }
            }
            _ if is_word(c) || c == b'@' || c == b'\\' && i == 0 => {
                let start = i;
                i += 1;
                while is_word(at(text, i)) || matches!(at(text, i), b'.' | b'$' | b'#') {
                    i += 1;
                }
                // Oracle: q'[…]'
                if i - start == 1 && matches!(c, b'q' | b'Q') && at(text, i) == b'\'' {
                    let close = match at(text, i + 1) {
                        b'[' => b']',
                        b'(' => b')',
                        b'{' => b'}',
                        b'<' => b'>',
                        other => other,
                    };
                    let body = i + 2;
                    let end = memchr::memmem::find(cut(text, body, text.len()), &[close, b'\''])
                        .map_or(text.len(), |n| body + n);
                    tokens.push(Token {
                        kind: Kind::Text,
                        start: body,
                        end,
                    });
                    i = end + 2;
                    continue;
                }
                // N'…', E'…', x'…': the prefix belongs to the literal.
                let prefix = at(text, i) == b'\''
                    && (i - start == 1 && b"NnEeBbXxUu".contains(&c) || c == b'_');
                if !prefix {
                    tokens.push(Token {
                        kind: Kind::Word,
                        start,
                        end: i,
                    });
                }
            }
            _ => {
                tokens.push(Token {
                    kind: Kind::Mark(c),
                    start: i,
                    end: i + 1,
                });
                i += 1;
            }
        }
    }
    tokens
}

fn string_end(text: &[u8], mut i: usize, quote: u8, backslash: bool) -> usize {
    while i < text.len() {
        let c = at(text, i);
        if c == b'\\' && backslash {
            i += 2;
        } else if c == quote {
            if at(text, i + 1) == quote {
                i += 2;
            } else {
                return i;
            }
        } else {
            i += 1;
        }
    }
    text.len()
}

struct View<'a> {
    text: &'a [u8],
    tokens: &'a [Token],
}

impl View<'_> {
    fn get(&self, i: usize) -> Option<Token> {
        self.tokens.get(i).copied()
    }

    fn of(&self, token: Token) -> &[u8] {
        cut(self.text, token.start, token.end)
    }

    fn is(&self, i: usize, word: &str) -> bool {
        self.get(i).is_some_and(|t| {
            t.kind == Kind::Word && self.of(t).eq_ignore_ascii_case(word.as_bytes())
        })
    }

    fn any(&self, i: usize, words: &[&str]) -> bool {
        words.iter().any(|w| self.is(i, w))
    }

    fn mark(&self, i: usize, c: u8) -> bool {
        self.get(i).is_some_and(|t| t.kind == Kind::Mark(c))
    }

    /// A string, or what MySQL takes for one.
    fn literal(&self, i: usize) -> Option<Token> {
        self.get(i)
            .filter(|t| matches!(t.kind, Kind::Text | Kind::Quoted))
    }

    fn text(&self, i: usize) -> Option<Token> {
        self.get(i).filter(|t| t.kind == Kind::Text)
    }
}

fn push(view: &View<'_>, token: Token, rule: RuleId, class: Class, spans: &mut Vec<Span>) {
    let text = view.of(token);
    if token.start < token.end
        && (!is_placeholder(text)
            || text.len() > 3
                && token.kind == Kind::Text
                && !text.starts_with(b"$")
                && !text.starts_with(b"%")
                && !text.starts_with(b"<")
                && !text.starts_with(b"*")
                && !text.starts_with(b"x"))
        && !(is_placeholder(text) && text.len() < 9)
    {
        spans.push(Span::new(token.start, token.end, rule, class));
    }
}

fn look(text: &[u8], tokens: &[Token], spans: &mut Vec<Span>) {
    let view = View { text, tokens };
    let inserts = view.any(0, &["insert", "replace", "upsert", "merge"])
        || contains(text, b"insert into")
        || contains(text, b"replace into");
    let ddl = view.any(0, &["comment", "create"])
        && (view.is(1, "table") || view.is(1, "on") || view.is(1, "index"));
    for i in 0..tokens.len() {
        let Some(token) = view.get(i) else { break };
        match token.kind {
            Kind::Word | Kind::Quoted => {
                if view.is(i, "identified") {
                    identified(&view, i, spans);
                } else if view.mark(i + 1, b'(') {
                    function(&view, i, spans);
                }
                if !ddl && let Some(named) = judge(view.of(token)) {
                    clause(&view, i, named, spans);
                }
            }
            Kind::Text => {
                // ('smtp_password', 'x') in an INSERT, set_config('app.key', 'x')
                if inserts
                    && view.mark(i + 1, b',')
                    && is_key_literal(view.of(token))
                    && let Some(value) = view.text(i + 2)
                    && judge(view.of(value)).is_none()
                {
                    push(&view, value, COLUMN, Class::Password, spans);
                }
            }
            Kind::Mark(_) => {}
        }
    }
    if inserts {
        columns(&view, spans);
    }
    settings(&view, spans);
}

/// Whether a literal is the name of a setting that holds a secret.
fn is_key_literal(text: &[u8]) -> bool {
    text.len() < 60
        && !text.contains(&b' ')
        && judge(text).is_some_and(|n| n.strength == Strength::Strong)
}

/// A name that says secret, and the literal that belongs to it.
fn clause(view: &View<'_>, i: usize, named: Named, spans: &mut Vec<Span>) {
    let weak = named.strength == Strength::Weak;
    let mut j = i + 1;
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
    let list = view.is(j, "in") && view.mark(j + 1, b'(')
        || view.is(j, "any")
        || view.mark(j, b'=') && view.is(j + 1, "any");
    let mut joined = false;
    while j < i + 6 {
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
    if let Some(word) = view
        .get(j)
        .filter(|t| t.kind == Kind::Word && joined && view.mark(j + 1, b'('))
    {
        let name = view.of(word);
        let literal = view.literal(j + 2);
        if !is_getter(name)
            && let Some(literal) =
                literal.filter(|t| t.kind == Kind::Text || view.mark(j + 3, b')'))
        {
            push(view, literal, CLAUSE, named.class, spans);
        }
        return;
    }
    let Some(literal) = view.get(j).filter(|t| {
        t.kind == Kind::Text || t.kind == Kind::Quoted && (joined || named.class == Class::Password)
    }) else {
        return;
    };
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
    // Names of columns are compared with patterns: column_name LIKE '%password%'.
    if view.of(literal).starts_with(b"%") && view.of(literal).ends_with(b"%") {
        return;
    }
    push(view, literal, CLAUSE, named.class, spans);
    if list {
        while view.mark(j + 1, b',') {
            j += 2;
            if let Some(literal) = view.text(j) {
                push(view, literal, CLAUSE, named.class, spans);
            }
        }
    }
}

fn is_getter(name: &[u8]) -> bool {
    [
        "current_setting",
        "nextval",
        "getenv",
        "getvariable",
        "env",
        "length",
        "octet_length",
        "char_length",
        "count",
    ]
    .iter()
    .any(|n| name.eq_ignore_ascii_case(n.as_bytes()))
}

/// IDENTIFIED BY x [REPLACE y]; IDENTIFIED WITH plugin BY|AS x; IDENTIFIED VIA plugin USING x.
fn identified(view: &View<'_>, i: usize, spans: &mut Vec<Span>) {
    let mut j = i + 1;
    if view.any(j, &["with", "via"]) {
        j += 1;
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
    secret_behind(view, j + 1, spans);
    for k in j + 2..j + 6 {
        if view.is(k, "replace") {
            secret_behind(view, k + 1, spans);
        }
    }
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
                b' ' | b';' | b',' | b')' | b'\n' | b'\t' | b'\r' | 0
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

/// Functions and which of their arguments are secret, counted from 1; 0 for the last one.
const FUNCTIONS: &[(&str, &[usize])] = &[
    ("pgp_sym_encrypt", &[2]),
    ("pgp_sym_decrypt", &[2]),
    ("pgp_sym_encrypt_bytea", &[2]),
    ("pgp_sym_decrypt_bytea", &[2]),
    ("pgp_pub_decrypt", &[2, 3]),
    ("pgp_pub_decrypt_bytea", &[2, 3]),
    ("crypt", &[1]),
    ("encrypt", &[2]),
    ("decrypt", &[2]),
    ("encrypt_iv", &[2]),
    ("decrypt_iv", &[2]),
    ("hmac", &[2]),
    ("aes_encrypt", &[2]),
    ("aes_decrypt", &[2]),
    ("des_encrypt", &[2]),
    ("des_decrypt", &[2]),
    ("password", &[1]),
    ("old_password", &[1]),
    ("account_add", &[2]),
    ("encryptbypassphrase", &[1]),
    ("decryptbypassphrase", &[1]),
    ("pwdencrypt", &[1]),
    ("pwdcompare", &[1]),
    ("create_aws_credentials", &[2, 3]),
    ("create_secret", &[1]),
    ("auth", &[2]),
    ("changeuserpassword", &[2]),
    ("s3", &[3]),
    ("s3cluster", &[4]),
    ("deltalake", &[3]),
    ("hudi", &[3]),
    ("iceberg", &[3]),
    ("gcs", &[3]),
    ("oss", &[3]),
    ("cosn", &[3]),
    ("mysql", &[5]),
    ("postgresql", &[5]),
    ("remote", &[5]),
    ("remotesecure", &[5]),
    ("mongodb", &[5]),
    ("azureblobstorage", &[5]),
    ("redis", &[5]),
    ("sqlcipher_export", &[]),
    ("dbms_crypto.encrypt", &[3]),
    ("digest_auth", &[2]),
    ("createuser", &[2]),
    ("adduser", &[2]),
    ("aws_iam", &[]),
    ("encrypt_raw", &[2]),
    ("aead_encrypt", &[]),
    ("symm_encrypt", &[2]),
    ("to_password", &[1]),
    ("aes_encrypt_mysql", &[3]),
    ("aes_decrypt_mysql", &[3]),
    ("verify_password", &[1]),
    ("password_verify", &[1]),
    ("check_password", &[2]),
    ("checkpw", &[1]),
    ("bcrypt", &[1]),
    ("gen_password", &[1]),
    ("sqlcipher", &[1]),
    ("ssl_connect", &[3]),
    ("http_basic", &[2]),
    ("set_secret", &[2]),
];

fn function(view: &View<'_>, i: usize, spans: &mut Vec<Span>) {
    let Some(token) = view.get(i) else { return };
    let name = view.of(token);
    let last = name.rsplit(|c| *c == b'.').next().unwrap_or_default();
    if last.eq_ignore_ascii_case(b"set_config") {
        if let (Some(key), Some(value)) = (view.text(i + 2), view.text(i + 4))
            && judge(view.of(key)).is_some_and(|n| {
                n.strength > Strength::Weak
                    || is_random(view.of(value))
                    || view.of(key).ends_with(b"key")
            })
        {
            push(view, value, ARGUMENT, Class::Password, spans);
        }
        return;
    }
    let Some((_, secrets)) = FUNCTIONS
        .iter()
        .find(|(f, _)| last.eq_ignore_ascii_case(f.as_bytes()))
    else {
        return;
    };
    // `encrypt(` and `auth(` are code elsewhere; a literal must be where the secret is.
    let mut argument = 1;
    let mut depth = 0usize;
    let mut first = true;
    for j in i + 2..(i + 200).min(view.tokens.len()) {
        let Some(token) = view.get(j) else { break };
        match token.kind {
            Kind::Mark(b'(') => depth += 1,
            Kind::Mark(b')') if depth == 0 => break,
            Kind::Mark(b')') => depth -= 1,
            Kind::Mark(b',') if depth == 0 => {
                argument += 1;
                first = true;
            }
            Kind::Text | Kind::Quoted
                if first
                    && secrets.contains(&argument)
                    && (depth == 0 || token.kind == Kind::Text) =>
            {
                push(view, token, ARGUMENT, Class::Password, spans);
                first = false;
            }
            _ => {}
        }
    }
}

/// INSERT INTO t (a, password) VALUES ('x', 'y'), …
fn columns(view: &View<'_>, spans: &mut Vec<Span>) {
    let Some(into) = (0..view.tokens.len()).find(|i| view.is(*i, "into")) else {
        return;
    };
    let Some(open) = (into + 1..into + 7).find(|i| view.mark(*i, b'(')) else {
        return;
    };
    let mut names: Vec<Option<Named>> = vec![None];
    let mut j = open + 1;
    while let Some(token) = view.get(j) {
        match token.kind {
            Kind::Mark(b')') => break,
            Kind::Mark(b',') => names.push(None),
            Kind::Word | Kind::Quoted => {
                if let Some(name) = names.last_mut() {
                    *name = super::columns::judge_column(view.of(token));
                }
            }
            _ => {}
        }
        j += 1;
    }
    if names.iter().all(Option::is_none) {
        return;
    }
    let Some(values) =
        (j..view.tokens.len()).find(|i| view.any(*i, &["values", "value", "select"]))
    else {
        return;
    };
    let (mut depth, mut column) = (usize::from(view.is(values, "select")), 0usize);
    let mut taken = false;
    for k in values + 1..view.tokens.len() {
        let Some(token) = view.get(k) else { break };
        match token.kind {
            Kind::Mark(b'(') => {
                if depth == 0 {
                    (column, taken) = (0, false);
                }
                depth += 1;
            }
            Kind::Mark(b')') => depth = depth.saturating_sub(1),
            Kind::Mark(b',') if depth == 1 => {
                column += 1;
                taken = false;
            }
            Kind::Text | Kind::Quoted if depth >= 1 && !taken => {
                if let Some(named) = names.get(column).copied().flatten() {
                    let value = view.of(token);
                    let plain = named.strength == Strength::Weak
                        && !is_random(value)
                        && named.class == Class::Token;
                    if !plain {
                        push(view, token, COLUMN, named.class, spans);
                    }
                    taken = true;
                }
            }
            _ => {}
        }
    }
}

/// UPDATE cfg SET v = 'x' WHERE k = 'smtp_password'
fn settings(view: &View<'_>, spans: &mut Vec<Span>) {
    if !view.is(0, "update")
        || !view
            .tokens
            .iter()
            .any(|t| t.kind == Kind::Text && is_key_literal(view.of(*t)))
    {
        return;
    }
    for i in 1..view.tokens.len() {
        let value = view.any(
            i,
            &[
                "v",
                "val",
                "value",
                "setting",
                "data",
                "content",
                "setting_value",
                "option_value",
                "config_value",
            ],
        );
        if value
            && view.mark(i + 1, b'=')
            && let Some(text) = view.text(i + 2)
        {
            push(view, text, COLUMN, Class::Password, spans);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> Vec<String> {
        let mut pending = None;
        let mut found = Vec::new();
        for line in text.lines() {
            let mut spans = Vec::new();
            pending = statement(line.as_bytes(), pending, &mut spans);
            crate::mask::span::settle(&mut spans);
            found.extend(spans.iter().map(|s| line[s.start..s.end].to_owned()));
        }
        found
    }

    #[test]
    fn secrets_in_statements_are_found() {
        for (text, secret) in [
            ("crm=# ALTER USER api PASSWORD $$FsG@h$$;", "FsG@h"),
            ("b=> ALTER ROLE r WITH PASSWORD $pw$p#9$pw$;", "p#9"),
            (
                "CREATE ROLE r LOGIN PASSWORD E'it\\'s1' VALID UNTIL 'infinity';",
                "it\\'s1",
            ),
            ("CREATE USER 'a'@'%' IDENTIFIED BY 'pw''1';", "pw''1"),
            (
                "alter user system identified by A30DXY account unlock;",
                "A30DXY",
            ),
            (
                "CREATE USER u IDENTIFIED WITH sha256_password BY 'hunter2'",
                "hunter2",
            ),
            ("SET PASSWORD FOR 'u'@'h' = PASSWORD('hunter2');", "hunter2"),
            ("1> ALTER LOGIN sa WITH PASSWORD = N'b12d%';", "b12d%"),
            (
                "select encrypt('data'::bytea, '1d5bba5d'::bytea, 'aes');",
                "1d5bba5d",
            ),
            ("select pgp_sym_decrypt(c, 'k3y!') from t", "k3y!"),
            (
                "select set_config('app.encryption_key', 'KwkHr8', false);",
                "KwkHr8",
            ),
            ("ALTER DATABASE o SET \"app.jwt_secret\" TO '9A9q';", "9A9q"),
            (
                "CREATE USER MAPPING FOR x SERVER r OPTIONS (user 'fdw', password 'HQ T');",
                "HQ T",
            ),
            (
                "INSERT INTO users (name, password) VALUES ('bob', 'hunter2');",
                "hunter2",
            ),
            (
                "select id from u where login = 'w' and pass = SHA1('gR4^E');",
                "gR4^E",
            ),
            (
                "UPDATE cfg SET v='hunter2' WHERE k='smtp_password';",
                "hunter2",
            ),
            (
                "COPY t FROM 's3://b/p' ACCESS_KEY_ID 'AK' SECRET_ACCESS_KEY '7k5WK'",
                "7k5WK",
            ),
            ("ALTER USER a PASSWORD 'unfinished", "unfinished"),
            (
                "app=> ALTER USER a\napp-> PASSWORD\napp-> 'hunter2';",
                "hunter2",
            ),
            (
                "mysql> INSERT INTO u (a,\n    -> pwd) VALUES\n    -> ('x','hunter2');",
                "hunter2",
            ),
            (
                "ALTER CURRENT USER SET PASSWORD FROM 'old1' TO 'new1'",
                "old1",
            ),
        ] {
            assert_eq!(
                masked(text).first().map(String::as_str),
                Some(secret),
                "{text}"
            );
        }
    }

    #[test]
    fn statements_without_secrets_stay() {
        for text in [
            "ALTER USER bob PASSWORD NULL;",
            "ALTER ROLE bob VALID UNTIL 'infinity';",
            "SELECT password FROM users LIMIT 0;",
            "CREATE USER 'app'@'%' IDENTIFIED WITH auth_socket;",
            "ALTER USER app IDENTIFIED BY RANDOM PASSWORD;",
            "SHOW VARIABLES LIKE 'validate_password%';",
            "select key, value from h where key = 'color';",
            "COMMENT ON COLUMN users.password IS 'hashed with argon2';",
            "SET password_encryption = 'scram-sha-256';",
            "select * from information_schema.columns where column_name like '%password%';",
            "PREPARE p AS UPDATE users SET password = $1 WHERE id = $2;",
            "select md5('x'), encode(d, 'hex');",
        ] {
            assert_eq!(masked(text), [""; 0], "{text}");
        }
    }
}
