//! SQL: the literal in the secret position, also of broken, unfinished and rejected statements.
//!
//! A lexer, no parser: a statement that a server refuses leaks just as well. It knows the literals
//! of PostgreSQL (`E''`, `U&''`, dollar quotes), MySQL (backslashes, double quotes), T-SQL (`N''`)
//! and Oracle (`q'[]'`), and looks at what stands around them.

mod call;
mod clause;
mod copy;
mod function;
mod item;
mod lex;
mod parameter;
mod spelling;
mod told;
mod triggers;
mod whole;

use super::bytes::{at, before, contains, cut};
use super::columns::{Judge, rule_of, wanted};
use super::names::{self, Named, Strength};
use super::span::{Class, RuleId, Span};
use super::standin::is_stand_in;
use super::value::is_prose;
pub(crate) use call::{Accounts, looks_secret};
use clause::{clause, identified};
pub(crate) use copy::{Format, copy_options};
use function::{columns, function, may_call, settings};
pub(crate) use item::{Item, all as select_items, items};
use lex::{Kind, Token, View, has_literal, inner, is_lifetime, is_open, lex, lex_on};
pub(crate) use parameter::{Slot, bound, executed, given, prepared, slots, typed};
use triggers::HOLDS;
pub(crate) use triggers::TRIGGERS;
pub(crate) use whole::whole;

const CLAUSE: RuleId = RuleId::new("sql-password");
const ARGUMENT: RuleId = RuleId::new("sql-key-argument");
const COLUMN: RuleId = RuleId::new("sql-column");

/// The longest statement that is kept over lines.
const STATEMENT_MAX: usize = 16 << 10;

/// A statement that earlier lines began.
#[derive(Clone, Default)]
pub(crate) struct Pending {
    text: zeroize::Zeroizing<Vec<u8>>,
    lines: u32,
    /// It began behind a client's prompt.
    prompted: bool,
    /// So many lines in a row had no prompt.
    bare: u32,
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pending({} lines)", self.lines)
    }
}

/// No statement that a person types has more lines.
const LINES_MAX: u32 = 200;
/// Clients that edit a pasted statement as one show no prompt before its later lines; but so many
/// lines without one are the answer.
const BARE_MAX: u32 = 12;
/// A longer INSERT keeps its list of columns only.
const INSERT_MAX: usize = 2 << 10;

impl Pending {
    /// Whether `line` can be the next of this statement.
    fn goes_on(&self, line: &[u8], prompt: Prompt) -> bool {
        let open = self.lines < LINES_MAX && self.text.len() + line.len() < STATEMENT_MAX;
        open && match prompt {
            Prompt::Begins => false,
            Prompt::GoesOn => true,
            Prompt::None => !is_output(line) && (!self.prompted || self.bare < BARE_MAX),
        }
    }

    /// Drops the finished rows of a long INSERT.
    fn shorten(&mut self) {
        if self.text.len() < INSERT_MAX {
            return;
        }
        let tokens = lex(&self.text);
        let view = View::new(&self.text, &tokens);
        let values = (0..tokens.len()).find(|i| view.is(*i, "values"));
        let (Some(values), true) = (values, view.any(0, &["insert", "replace"])) else {
            return;
        };
        let mut open = None;
        let mut depth = 0usize;
        for token in tokens.iter().skip(values + 1) {
            match token.kind {
                Kind::Mark(b'(') => {
                    open = if depth == 0 { Some(token.start) } else { open };
                    depth += 1;
                }
                Kind::Mark(b')') => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        let keep = open.filter(|_| depth > 0).unwrap_or(self.text.len());
        if let Some(head) = tokens.get(values).map(|token| token.end) {
            self.text.drain(head.min(keep)..keep);
            self.text.insert(head.min(keep), b' ');
        }
    }
}

/// A line that no statement holds: a time stamp or address of a log, JSON, a table.
fn is_output(line: &[u8]) -> bool {
    let text = line.trim_ascii_start();
    let digits = text.iter().take_while(|c| c.is_ascii_digit()).count();
    digits > 0 && matches!(at(text, digits), b'-' | b'.' | b':' | b'/')
        || text.starts_with(b"{\"")
        || text.starts_with(b"|")
        || text.starts_with(b"+-")
        || text.starts_with(b"-[")
        || text.starts_with(b"--") && at(text, 2) == b'-'
        || text.starts_with(b"ERROR")
        || text.starts_with(b"Query OK")
}

/// Looks at `line` as (the next part of) a statement; keeps it when it is not finished. `woken` when
/// one of [`TRIGGERS`] stands in it.
pub(crate) fn statement(
    line: &[u8],
    pending: Option<Pending>,
    woken: bool,
    judge: &Judge,
    spans: &mut Vec<Span>,
) -> Option<Pending> {
    let (body, prompt) = prompt(line);
    let mut pending = pending
        .filter(|p| p.goes_on(line, prompt))
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
    // Without a literal only its first word counts: whether a statement begins.
    let quiet = lead == 0 && !woken && !has_literal(text);
    let mut tokens = Vec::new();
    if quiet {
        lex_on(text, 0, 2, &mut tokens);
    } else {
        tokens = lex(text);
        look(text, &tokens, judge, 0, &mut found);
    }
    // Where a quote was left open above, what begins anew stands outside of it.
    if lead > 0 && triggers::begins_anew(line) {
        look(line, &lex(line), judge, 0, spans);
    }
    if memchr::memmem::find(text, b"\\bind ").is_some() {
        parameter::given_to_client(text, judge, &mut found);
    }
    // An error message quotes the statement from where it broke.
    if let Some(near) = memchr::memmem::find(text, b"near '") {
        let from = near + 6;
        let mut inside = Vec::new();
        let to = memchr::memmem::rfind(text, b"' at line").unwrap_or(text.len());
        let rest = cut(text, from, to);
        look(rest, &lex(rest), judge, 0, &mut inside);
        found.extend(inside.into_iter().map(|span| Span {
            start: span.start + from,
            end: span.end + from,
            ..span
        }));
    }
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
        || quiet && text.trim_ascii_end().ends_with(b";")
        || text.ends_with(b"\\G")
        || text.ends_with(b"\\g")
        || text.trim_ascii().is_empty();
    // A blank line ends what was typed, unless a literal or a bracket is open.
    let blank = prompt == Prompt::None && lead > 0 && line.trim_ascii().is_empty();
    if blank && !is_open(&tokens, text) {
        return None;
    }
    // The lines before this one said nothing, so they were not kept.
    let middle = lead == 0 && prompt == Prompt::GoesOn;
    if finished || !(middle || is_statement(&tokens, text)) || text.len() >= STATEMENT_MAX {
        return None;
    }
    pending.prompted |= lead == 0 && prompt != Prompt::None;
    pending.bare = if prompt == Prompt::None {
        pending.bare + 1
    } else {
        0
    };
    pending.text.extend_from_slice(cut(line, body, line.len()));
    pending.text.push(b'\n');
    pending.lines += 1;
    pending.shorten();
    Some(pending)
}

/// What a client's prompt before a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prompt {
    None,
    Begins,
    GoesOn,
}

/// Where the statement starts behind a client's prompt, and what that prompt says.
fn prompt(line: &[u8]) -> (usize, Prompt) {
    let window = cut(line, 0, 96);
    let mut i = 0;
    while let Some(n) = memchr::memchr2(b'>', b'#', cut(window, i, window.len())) {
        let mark = i + n;
        i = mark + 1;
        let lead = cut(line, 0, mark);
        // Snowflake's prompt has no blank behind it: user#warehouse@database.schema>
        let glued = at(line, mark) == b'>' && lead.contains(&b'#') && !lead.contains(&b' ');
        if at(line, mark + 1) != b' ' && mark + 1 < line.len() && !glued {
            continue;
        }
        let state = before(line, mark);
        let words = lead.split(|c| *c == b' ').filter(|w| !w.is_empty()).count();
        if words > 5 {
            return (0, Prompt::None);
        }
        // `app-> `, `app'> `, `    -> `, `dquote> `, `2> ` of sqlcmd goes on.
        let bare = lead.trim_ascii();
        let goes_on = matches!(state, b'-' | b'\'' | b'"' | b'(' | b'*' | b'$' | b'`')
            || bare.is_empty()
            || bare.iter().all(u8::is_ascii_digit) && bare != b"1"
            || lead.ends_with(b"...");
        let behind = mark + if glued { 1 } else { 2 };
        let prompt = if goes_on {
            Prompt::GoesOn
        } else {
            Prompt::Begins
        };
        return (behind.min(line.len()), prompt);
    }
    (0, Prompt::None)
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
        "raise",
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

/// How deep statements in literals are looked at.
const DEPTH_MAX: u8 = 2;

fn look(text: &[u8], tokens: &[Token], judge: &Judge, depth: u8, spans: &mut Vec<Span>) {
    let view = View {
        text,
        tokens,
        judge,
    };
    let ends = tokens.first().zip(tokens.last());
    let looked = ends.map_or(&[][..], |(first, last)| cut(text, first.start, last.end));
    let inserts = view.any(0, &["insert", "replace", "upsert", "merge"])
        || contains(looked, b"insert into")
        || contains(looked, b"replace into");
    let ddl = view.any(0, &["comment", "create"])
        && (view.is(1, "table") || view.is(1, "on") || view.is(1, "index"));
    let queries = view.any(
        0,
        &["select", "update", "delete", "with", "merge", "insert"],
    );
    // CREATE TABLE t AS SELECT …
    let wraps = view.any(0, &["create", "explain", "declare", "copy"]);
    let queries = queries || wraps && (1..12).any(|i| view.is(i, "select"));
    for i in 0..tokens.len() {
        let Some(token) = view.get(i) else { break };
        match token.kind {
            Kind::Word | Kind::Quoted => {
                // -e "CREATE USER a IDENTIFIED BY 'x'"
                if token.kind == Kind::Quoted && depth < DEPTH_MAX {
                    let body = view.of(token);
                    if HOLDS.iter().any(|word| contains(body, word)) {
                        let tokens = inner(text, token);
                        look(text, &tokens, judge, depth + 1, spans);
                    }
                }
                let called = token.kind == Kind::Word && may_call(&view, i);
                if view.any(i, &["identified", "identify"])
                    || spelling::is_near(view.of(token), b"identified")
                {
                    identified(&view, i, spans);
                } else if called && function(&view, i, spans) {
                    continue;
                }
                // What stands behind BY is the secret, whatever it looks like.
                if i > 0 && view.is(i - 1, "by") {
                    continue;
                }
                let named = names::judge(view.of(token)).or_else(|| clause::key_of_file(&view, i));
                let weak = |name: Option<Named>| name.is_none_or(|n| n.strength == Strength::Weak);
                let misspelt = weak(named).then(|| spelling::misspelt(&view, i));
                let named = misspelt.flatten().or(named);
                if !ddl && let Some(named) = named {
                    clause(&view, i, named, spans);
                }
                // `secret_answer`: of a column's name more is known than of any other.
                if queries && (ddl || weak(named)) {
                    compared(&view, i, spans);
                }
            }
            Kind::Text => {
                // ('smtp_password', 'x') in an INSERT, set_config('app.key', 'x')
                if inserts
                    && view.mark(i + 1, b',')
                    && is_key_literal(view.of(token))
                    && let Some(value) = view.text(i + 2)
                    && names::judge(view.of(value)).is_none()
                {
                    push(&view, value, COLUMN, Class::Password, spans);
                }
                // WHERE 'x' = password
                if queries && view.mark(i + 1, b'=') && !view.mark(i.wrapping_sub(1), b'=') {
                    reversed(&view, i, spans);
                }
                if queries {
                    told::aliased(&view, i, spans);
                }
                let body = view.of(token);
                // Of a list of words, such as an enumeration's, none is a statement.
                let word = body.iter().all(|c| c.is_ascii_alphanumeric() || *c == b'_');
                if depth < DEPTH_MAX
                    && !word
                    && (contains(body, b"assword")
                        || contains(body, b"identified")
                        || contains(body, b" pdo(")
                        || contains(body, b"hmac(")
                        || contains(body, b"crypt("))
                {
                    let made = spelling::formatted(&view, i, body);
                    if let Some(value) = made.or_else(|| spelling::joined(&view, i, body)) {
                        push(&view, value, CLAUSE, Class::Password, spans);
                    }
                    let tokens = inner(text, token);
                    if tokens.len() > 2 {
                        look(text, &tokens, judge, depth + 1, spans);
                    }
                }
            }
            Kind::Mark(_) => {}
        }
    }
    if inserts {
        columns(&view, spans);
        call::unnamed_columns(&view, spans);
    }
    settings(&view, spans);
    if view.is(0, "update") {
        function::row(&view, spans);
        told::keyed(&view, tokens.len(), spans);
    }
    // Informix: CONNECT TO 'd' USER 'u' USING 'x'
    if view.is(0, "connect") {
        for i in 2..tokens.len().min(12) {
            if let Some(literal) = view.text(i + 1).filter(|_| view.is(i, "using")) {
                push(&view, literal, CLAUSE, Class::Password, spans);
            }
        }
    }
    // cqlsh: LOGIN bob 'x'
    if let Some(literal) = view.text(2).filter(|_| view.is(0, "login")) {
        push(&view, literal, CLAUSE, Class::Password, spans);
    }
}

/// `'x' = password`
fn reversed(view: &View<'_>, i: usize, spans: &mut Vec<Span>) {
    let (Some(value), Some(name)) = (view.text(i), view.get(i + 2)) else {
        return;
    };
    let strong = names::judge(view.of(name)).filter(|n| n.strength == Strength::Strong);
    if let Some(named) = strong.filter(|_| name.kind == Kind::Word && !view.mark(i + 3, b'(')) {
        push(view, value, CLAUSE, named.class, spans);
    }
}

/// `last_name = 'x'`, `ssn IN ('x', 'y')`: literals that a column of personal data is set to or
/// compared with.
fn compared(view: &View<'_>, i: usize, spans: &mut Vec<Span>) {
    let Some(token) = view.get(i) else { return };
    let last = view.of(token).rsplit(|c| *c == b'.').next();
    let Some(named) = view.judge.column(last.unwrap_or_default()) else {
        return;
    };
    if named.strength != Strength::Strong {
        return;
    }
    let mut j = i + 1;
    while view.mark(j, b'=') || view.mark(j, b'(') || view.any(j, &["in", "like", "ilike", "any"]) {
        j += 1;
    }
    while j > i + 1
        && let Some(literal) = view.text(j)
    {
        if wanted(view.of(literal), named) {
            push(view, literal, rule_of(named), named.class, spans);
        }
        j += if view.mark(j + 1, b',') && view.mark(i + 2, b'(') {
            2
        } else {
            return;
        };
    }
}

/// Whether a literal is the name of a setting that holds a secret.
fn is_key_literal(text: &[u8]) -> bool {
    text.len() < 60
        && !text.contains(&b' ')
        && names::judge(text).is_some_and(|n| n.strength == Strength::Strong)
}

fn push(view: &View<'_>, token: Token, rule: RuleId, class: Class, spans: &mut Vec<Span>) {
    let text = view.of(token);
    // An apostrophe of a sentence opens no literal.
    let sentence = (token.end == view.text.len() && class == Class::Token
        || text.starts_with(b" is "))
        && is_prose(text);
    // A literal of many lines is a key, which has its own layer, or none at all.
    let long = text.iter().filter(|c| **c == b'\n').count() > 2;
    let none = long || sentence || is_lifetime(view.text, token);
    if token.start < token.end && !none && !is_stand_in(text) {
        spans.push(Span::new(token.start, token.end, rule, class));
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
            pending = statement(
                line.as_bytes(),
                pending,
                true,
                &crate::mask::columns::RECS_OWN,
                &mut spans,
            );
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
