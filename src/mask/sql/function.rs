//! Secrets that stand as arguments of functions and procedures, and as values of columns.

use super::call::call;
use super::lex::{Kind, Token, View};
use super::{ARGUMENT, COLUMN, is_key_literal, push};
use crate::mask::bytes::{contains, cut, word_at};
use crate::mask::columns::{rule_of, wanted};
use crate::mask::names::{Named, Strength, judge};
use crate::mask::span::{Class, RuleId, Span};
use crate::mask::value::is_random;

/// Functions and which of their arguments are secret, counted from 1; 0 for the last one.
const FUNCTIONS: &[(&str, &[usize])] = &[
    ("pgp_sym_encrypt", &[2]),
    ("pgp_sym_decrypt", &[2]),
    ("pgp_sym_encrypt_bytea", &[2]),
    ("pgp_sym_decrypt_bytea", &[2]),
    ("pgp_pub_decrypt", &[2, 3]),
    ("pgp_pub_decrypt_bytea", &[2, 3]),
    ("crypt", &[1]),
    ("aead.encrypt", &[1]),
    ("aead.decrypt_string", &[1]),
    ("aead.decrypt_bytes", &[1]),
    ("deterministic_encrypt", &[1]),
    ("deterministic_decrypt_string", &[1]),
    ("deterministic_decrypt_bytes", &[1]),
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
    ("create_credential", &[3]),
    ("dbms_vault_auth.create_credential", &[3]),
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
    ("decrypt_raw", &[2]),
    ("crypto_auth", &[2]),
    ("crypto_auth_verify", &[3]),
    ("crypto_secretbox", &[3]),
    ("crypto_secretbox_open", &[3]),
    ("crypto_shorthash", &[2]),
    ("crypto_generichash", &[2]),
    ("crypto_pwhash", &[1]),
    ("crypto_pwhash_str", &[1]),
    ("crypto_aead_det_encrypt", &[3]),
    ("crypto_aead_det_decrypt", &[3]),
    ("sqlite3_key", &[1, 2]),
    ("digest", &[1]),
    ("encode", &[2]),
    ("decode", &[2]),
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
    ("set_authentication", &[3]),
    ("table_import_from_s3", &[8]),
    ("add_parquet_key", &[2]),
    ("sp_addlogin", &[2]),
    ("sp_password", &[1, 2]),
    ("sp_addapprole", &[2]),
    ("sp_setapprole", &[2]),
    ("sp_approlepassword", &[2]),
    ("sp_addlinkedsrvlogin", &[5]),
    ("openrowset", &[4]),
    ("mysqli", &[3]),
    ("mysqli_connect", &[3]),
    ("mysql_connect", &[3]),
    ("pdo", &[3]),
    ("__construct", &[3]),
    ("set_wallet", &[2]),
    ("getconnection", &[3]),
    ("ldap_bind", &[3]),
    ("ldap_bind_s", &[2]),
    ("simple_bind_s", &[2]),
    ("simple_bind", &[2]),
    ("bind_s", &[2]),
    ("crypt.crypt", &[1]),
    ("hashpw", &[1]),
    ("hashsync", &[1]),
    ("oci_connect", &[2]),
    ("connect", &[3]),
    ("smtp.login", &[2]),
    ("server.login", &[2]),
    ("imap.login", &[2]),
    ("ftp.login", &[2]),
    ("credentials", &[2]),
    ("networkcredential", &[2]),
    ("httpbasicauth", &[2]),
    ("set_password", &[1]),
    ("hash_password", &[1]),
    ("generate_password_hash", &[1]),
    ("make_password", &[1]),
    ("basicauth", &[2]),
    ("basic_auth", &[2]),
    ("plainauth", &[3]),
    ("setbasicauth", &[2]),
    ("keyring_key_store", &[3]),
    ("materializedpostgresql", &[5]),
    ("materializedmysql", &[4]),
    ("real_connect", &[3]),
    ("mysql_pconnect", &[3]),
    ("ssh2_auth_password", &[3]),
    ("ftp_login", &[3]),
    ("imap_open", &[3]),
    ("odbc_connect", &[3]),
    ("ibase_connect", &[3]),
    ("db2_connect", &[3]),
    ("oci_pconnect", &[2]),
    ("sign", &[2]),
    ("verify", &[2]),
];

/// Whether the word at `i` may be a function or a procedure.
pub(super) fn may_call(view: &View<'_>, i: usize) -> bool {
    view.mark(i + 1, b'(') || view.get(i).is_some_and(|t| is_procedure(view.of(t)))
}

/// T-SQL calls its procedures without parentheses.
fn is_procedure(name: &[u8]) -> bool {
    name.windows(3).any(|w| w.eq_ignore_ascii_case(b"sp_"))
}

fn arguments(name: &[u8]) -> Option<&'static [usize]> {
    let last = name.rsplit(|c| *c == b'.').next().unwrap_or_default();
    let (_, secrets) = FUNCTIONS.iter().find(|(f, _)| {
        last.eq_ignore_ascii_case(f.as_bytes()) || name.eq_ignore_ascii_case(f.as_bytes())
    })?;
    Some(secrets)
}

/// The secret arguments of the function at `i`; false when it is no call.
pub(super) fn function(view: &View<'_>, i: usize, spans: &mut Vec<Span>) -> bool {
    let Some(token) = view.get(i) else {
        return false;
    };
    let name = view.of(token);
    let procedure = is_procedure(name);
    let called = view.mark(i + 1, b'(');
    if !called && !procedure {
        return false;
    }
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
        return true;
    }
    let start = i + 1 + usize::from(called);
    // COALESCE(NEW.password, 'x')
    if ["ifnull", "coalesce", "nvl", "nullif"]
        .iter()
        .any(|f| last.eq_ignore_ascii_case(f.as_bytes()))
    {
        let arguments = arguments_of(view, start);
        let first = arguments.first().and_then(|j| view.get(*j));
        let named = first
            .filter(|t| t.kind != Kind::Text)
            .and_then(|t| judge(view.of(t).rsplit(|c| *c == b'.').next().unwrap_or_default()))
            .filter(|named| named.strength == Strength::Strong);
        for literal in arguments.iter().skip(1).filter_map(|j| view.text(*j)) {
            if let Some(named) = named.filter(|named| wanted(view.of(literal), *named)) {
                push(view, literal, COLUMN, named.class, spans);
            }
        }
        return false;
    }
    let Some(mut secrets) = arguments(name) else {
        return called && call(view, last, start, spans);
    };
    // ClickHouse says the cipher first: encrypt('aes-256-gcm', text, key)
    if let Some(cipher) = view.text(start)
        && view
            .of(cipher)
            .get(..4)
            .is_some_and(|c| c.eq_ignore_ascii_case(b"aes-"))
    {
        secrets = &[3];
    }
    // Perl's DBI->connect("dbi:…", user, secret); connect() of others says it by name.
    if last.eq_ignore_ascii_case(b"connect") {
        let dbi = view
            .literal(start)
            .is_some_and(|t| word_at(view.of(t), 0, b"dbi:"));
        if !dbi && !contains(name, b"mysql") {
            return false;
        }
    }
    // new PDO(…) as a trace shows it; other constructors take anything.
    if last.eq_ignore_ascii_case(b"__construct")
        && !view.literal(start).is_some_and(|t| {
            let mysqli = cut(view.text, 0, token.start).ends_with(b"mysqli->")
                || contains(name, b"mysqli->");
            mysqli || is_source(view.of(t))
        })
    {
        return false;
    }
    // red:auth("x")
    if last.eq_ignore_ascii_case(b"auth") && arguments_of(view, start).len() == 1 {
        secrets = &[1];
    }
    if is_harmless(view, last, start) {
        return false;
    }
    // sign(payload, 'x', 'HS256') of pgjwt
    if last.eq_ignore_ascii_case(b"sign") || last.eq_ignore_ascii_case(b"verify") {
        let arguments = arguments_of(view, start);
        let algorithm = arguments.get(2).and_then(|j| view.text(*j));
        // HS256 where nothing is said.
        let first = arguments
            .first()
            .and_then(|j| view.get(*j))
            .map(|t| view.of(t));
        let token = first.is_some_and(|t| {
            let t = t.trim_ascii_start();
            t.starts_with(b"{") || t.starts_with(b"eyJ") || contains(t, b"json")
        });
        let plain = arguments.len() == 2 && token;
        if !plain && !algorithm.is_some_and(|t| view.of(t).starts_with(b"HS")) {
            return false;
        }
    }
    // What is encrypted is one itself, where nobody would write it.
    let encrypts = [
        "aes_encrypt",
        "des_encrypt",
        "pgp_sym_encrypt",
        "pgp_pub_encrypt",
    ];
    if encrypts
        .iter()
        .any(|f| last.eq_ignore_ascii_case(f.as_bytes()))
        && let Some(text) = view.text(start)
        && is_random(view.of(text))
    {
        push(view, text, ARGUMENT, Class::Password, spans);
    }
    let number = of_table(view, last, start).map(|n| [n]);
    let secrets = number.as_ref().map_or(secrets, |n| n.as_slice());
    // `encrypt(` and `auth(` are code elsewhere; a literal must be where the secret is.
    let mut argument = 1;
    let mut depth = 0usize;
    let mut first = true;
    let mut any = false;
    for j in start..(i + 200).min(view.tokens.len()) {
        let Some(token) = view.get(j) else { break };
        match token.kind {
            Kind::Mark(b'(') => depth += 1,
            Kind::Mark(b')') if depth == 0 => break,
            Kind::Mark(b')') => depth -= 1,
            Kind::Mark(b';') if !called => break,
            // OPENROWSET('driver', 'server';'user';'secret', …)
            Kind::Mark(b',' | b';') if depth == 0 => {
                argument += 1;
                first = true;
            }
            Kind::Mark(b'@') => {}
            Kind::Text | Kind::Quoted
                if first
                    && !is_asked(view, j)
                    && secrets.contains(&argument)
                    && (depth == 0 || token.kind == Kind::Text) =>
            {
                push(view, token, ARGUMENT, Class::Password, spans);
                (first, any) = (false, true);
            }
            _ => {}
        }
    }
    // What stands where the secret would is no literal: nothing else of the call is one.
    let called_without = secrets.iter().all(|n| *n > 1 && *n <= argument) && !secrets.is_empty();
    any || procedure || last.eq_ignore_ascii_case(b"changeuserpassword") && called_without
}

/// Whether the literal at `j` names a setting or a method: `current_setting('app.key')`, `gen_salt('bf')`.
fn is_asked(view: &View<'_>, j: usize) -> bool {
    view.mark(j.wrapping_sub(1), b'(')
        && view.any(
            j.wrapping_sub(2),
            &[
                "current_setting",
                "gen_salt",
                "nextval",
                "currval",
                "getenv",
                "sys_context",
            ],
        )
}

/// Calls whose literal is none: `digest('x', 'sha256')`, `encode(b, 'hex')`, `s3(url, 'CSV', 'a Int32')`.
fn is_harmless(view: &View<'_>, name: &[u8], start: usize) -> bool {
    let is = |words: &[&str]| {
        words
            .iter()
            .any(|word| name.eq_ignore_ascii_case(word.as_bytes()))
    };
    if is(&["digest"]) {
        // What is joined to a salt is a password.
        return view.text(start).is_none() || !view.mark(start + 1, b'|');
    }
    if is(&["encode", "decode"]) {
        let formats = [
            "hex",
            "base64",
            "escape",
            "utf8",
            "utf-8",
            "utf-16",
            "ascii",
            "latin1",
            "latin-1",
            "replace",
            "ignore",
            "strict",
            "idna",
            "unicode_escape",
        ];
        let is_format = |t: Token| {
            formats
                .iter()
                .any(|f| view.of(t).eq_ignore_ascii_case(f.as_bytes()))
        };
        return view.text(start).is_none()
            || (start..start + 8).any(|j| view.text(j).is_some_and(is_format));
    }
    if is(&[
        "s3",
        "s3cluster",
        "gcs",
        "oss",
        "cosn",
        "deltalake",
        "hudi",
        "iceberg",
    ]) {
        // The id of a key stands before it.
        let place = usize::from(is(&["s3cluster"])) + 1;
        let id = arguments_of(view, start)
            .get(place)
            .and_then(|j| view.text(*j));
        return !id.is_some_and(|t| {
            let id = view.of(t);
            id.len() >= 8
                && id
                    .iter()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-'))
        });
    }
    false
}

/// Where the secret of a call that reads another database stands: `remote(host, db.table, user, secret)`
/// has one argument less, and so has the engine of a whole database.
fn of_table(view: &View<'_>, name: &[u8], start: usize) -> Option<usize> {
    let known = [
        "mysql",
        "postgresql",
        "mongodb",
        "remote",
        "remotesecure",
        "materializedpostgresql",
        "materializedmysql",
    ];
    if !known
        .iter()
        .any(|k| name.eq_ignore_ascii_case(k.as_bytes()))
    {
        return None;
    }
    let arguments = arguments_of(view, start);
    let second = arguments.get(1).and_then(|j| view.get(*j));
    let dotted = second.is_some_and(|t| t.kind == Kind::Word && view.of(t).contains(&b'.'));
    // ENGINE = PostgreSQL(host, database, user, secret, schema)
    let database = (0..4).any(|i| view.is(i, "database"));
    (dotted || database || arguments.len() == 4).then_some(4)
}

/// `mysql:dbname=shop;host=db1`: what PDO is told of a database.
fn is_source(text: &[u8]) -> bool {
    contains(text, b":host=")
        || contains(text, b"host=") && contains(text, b"dbname=")
        || ["mysql:", "pgsql:", "sqlsrv:", "oci:", "dblib:", "odbc:"]
            .iter()
            .any(|driver| word_at(text, 0, driver.as_bytes()))
}

/// The first token of each argument of the call whose arguments start at `start`.
pub(super) fn arguments_of(view: &View<'_>, start: usize) -> Vec<usize> {
    let mut arguments = vec![start];
    let mut depth = 0usize;
    for j in start..(start + 200).min(view.tokens.len()) {
        match view.get(j).map(|t| t.kind) {
            Some(Kind::Mark(b')')) if depth == 0 => break,
            Some(Kind::Mark(b'(')) => depth += 1,
            Some(Kind::Mark(b')')) => depth -= 1,
            Some(Kind::Mark(b',')) if depth == 0 => arguments.push(j + 1),
            _ => {}
        }
    }
    arguments
}

/// UPDATE t SET (a, password) = ('x', 'y')
pub(super) fn row(view: &View<'_>, spans: &mut Vec<Span>) {
    let set = (0..view.tokens.len().min(32)).find(|i| view.is(*i, "set"));
    let Some(set) = set.filter(|set| view.mark(set + 1, b'(')) else {
        return;
    };
    let close = (set + 2..view.tokens.len()).find(|j| view.mark(*j, b')'));
    let Some(equals) = close.map(|j| j + 1).filter(|j| view.mark(*j, b'=')) else {
        return;
    };
    let open = equals + 1 + usize::from(view.is(equals + 1, "row"));
    if !view.mark(open, b'(') {
        return;
    }
    let values = arguments_of(view, open + 1);
    for (name, value) in arguments_of(view, set + 2).into_iter().zip(values) {
        let named = view.get(name).and_then(|t| view.judge.column(view.of(t)));
        if let (Some(named), Some(text)) = (named, view.text(value))
            && wanted(view.of(text), named)
        {
            push(view, text, rule_in(named), named.class, spans);
        }
    }
}

fn rule_in(named: Named) -> RuleId {
    if named.class == Class::Personal {
        rule_of(named)
    } else {
        COLUMN
    }
}

/// INSERT INTO t (a, password) VALUES ('x', 'y'), …
pub(super) fn columns(view: &View<'_>, spans: &mut Vec<Span>) {
    // WITH n (login, password) AS (VALUES …)
    let with = view.is(0, "with").then_some(0);
    let into = (0..view.tokens.len()).find(|i| view.is(*i, "into"));
    let open = with.into_iter().chain(into).find_map(|word| {
        (word + 1..word + 7).find(|i| view.mark(*i, b'(') && !view.is(i.wrapping_sub(1), "as"))
    });
    let Some(open) = open else {
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
                    *name = view.judge.column(view.of(token));
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
            // The next statement of a body.
            Kind::Mark(b';') => break,
            Kind::Mark(b')') => depth = depth.saturating_sub(1),
            Kind::Mark(b',') if depth == 1 => {
                column += 1;
                taken = false;
            }
            Kind::Text | Kind::Quoted if depth >= 1 && !taken && !is_asked(view, k) => {
                if let Some(named) = names.get(column).copied().flatten() {
                    let value = view.of(token);
                    let plain = named.strength == Strength::Weak
                        && !is_random(value)
                        && named.class == Class::Token;
                    if !plain {
                        push(view, token, rule_in(named), named.class, spans);
                    }
                    taken = true;
                }
            }
            _ => {}
        }
    }
}

/// UPDATE cfg SET v = 'x' WHERE k = 'smtp_password'
pub(super) fn settings(view: &View<'_>, spans: &mut Vec<Span>) {
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
