//! What only stands for a value: a variable, a parameter, a word that means "none", code that fetches
//! it from somewhere else, what was masked already.

mod lookup;
mod named;

use super::bytes::cut;
use super::ciphered::is_ciphered;
use lookup::is_lookup;
use named::{
    is_address, is_alternative, is_bracketed, is_meant_new, is_option, is_page, is_path,
    is_shortened,
};

/// Whether `value` only stands for a secret: a stand-in, or a word that means "none" or names what
/// belongs there. Compared as a whole, never by what a value contains: people put `false` and
/// `null` into real passwords.
pub(crate) fn is_placeholder(value: &[u8]) -> bool {
    const WORDS: &[&[u8]] = &[
        b"null",
        b"nil",
        b"none",
        b"undefined",
        b"undef",
        b"true",
        b"false",
        b"yes",
        b"no",
        b"on",
        b"off",
        b"default",
        b"random",
        b"expire",
        b"required",
        b"optional",
        b"empty",
        b"unset",
        b"n/a",
        b"redacted",
        b"[redacted]",
        b"<redacted>",
        b"(redacted)",
        b"masked",
        b"[masked]",
        b"hidden",
        b"<hidden>",
        b"(hidden)",
        b"[filtered]",
        b"[hidden]",
        b"<secret>",
        b"<sensitive>",
        b"(sensitive value)",
        b"sensitive",
        b"not null",
        b"unknown",
        b"current",
        b"prompt",
        b"stdin",
        b"-",
        b"--",
        b"?",
        b"!",
        b"*",
        b"[protected]",
        b"protected",
        b"removed",
        b"self",
        b"this",
        b"int",
        b"str",
        b"string",
        b"text",
        b"varchar",
        b"uuid",
        b"bool",
        b"boolean",
        b"bytea",
        b"number",
        b"integer",
        b"any",
        b"object",
        b"char",
        b"bytes",
        b"float",
        b"array",
        b"enum",
        b"void",
        b"secret",
        b"password",
        b"passwd",
        b"pass",
        b"passphrase",
        b"value",
        b"x",
        b"on_create",
        b"always",
        b"argon2id",
        b"argon2i",
        b"argon2",
        b"bcrypt",
        b"scrypt",
        b"pbkdf2",
        b"yescrypt",
        b"bearer",
        b"basic",
        b"passwort",
        b"kennwort",
        b"mot de passe",
        "contraseña".as_bytes(),
        b"senha",
        b"wachtwoord",
        "hasło".as_bytes(),
        "lösenord".as_bytes(),
        b"adgangskode",
        b"passord",
        b"salasana",
        b"heslo",
        "jelszó".as_bytes(),
        "şifre".as_bytes(),
        "пароль".as_bytes(),
        "パスワード".as_bytes(),
        "密码".as_bytes(),
        "密碼".as_bytes(),
        "비밀번호".as_bytes(),
        b"...",
        b"\xe2\x80\xa6",
        b"disabled",
        b"inherit",
        b"write",
        b"read",
        b"enabled",
        b"is deprecated",
        b"replace_me",
        b"replace-me",
        b"replaceme",
        b"to_be_replaced",
        b"placeholder",
        b"changeme",
        b"change_me",
        b"change-me",
        b"readonly",
        b"read-only",
        b"readwrite",
        b"todo",
        b"fixme",
        b"tbd",
        b"keine",
        b"keines",
        b"aucun",
        b"ninguno",
        b"nessuno",
        b"nenhum",
        b"geen",
    ];
    let value = value.trim_ascii();
    // env:SHOP_DB_PASSWORD
    let environment = value.strip_prefix(b"env:").is_some_and(|name| {
        name.len() > 2
            && name
                .iter()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == b'_')
    });
    environment || WORDS.iter().any(|word| value.eq_ignore_ascii_case(word)) || is_stand_in(value)
}

/// Whether `value` is a variable, a parameter, or was masked already. A literal in the place of a
/// password is one, whatever word it is, unless it is this.
pub(crate) fn is_stand_in(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let Some((&first, rest)) = value.split_first() else {
        return true;
    };
    // `Bearer ${token}`, `Bearer $(gcloud auth print-access-token)`
    for scheme in [&b"Bearer "[..], b"Basic ", b"Token "] {
        let inner = value.strip_prefix(scheme).unwrap_or_default();
        let run = inner.starts_with(b"$(")
            && [&b"$(echo "[..], b"$(printf ", b"<<<"]
                .iter()
                .all(|word| !super::bytes::contains(inner, word));
        // add_header("Authorization", "Basic $encoded")
        let variable = inner
            .strip_prefix(b"$")
            .is_some_and(|name| is_word(name) && !name.iter().any(u8::is_ascii_digit));
        if inner.starts_with(b"${") || run {
            return is_stand_in(inner);
        }
        if variable || matches!(inner, b"xxx" | b"xxxx" | b"XXXX" | b"...") {
            return true;
        }
        let word = inner.split(|c| *c == b' ').next().unwrap_or_default();
        if is_invited(word) {
            return true;
        }
    }
    if is_invited(value)
        || is_ciphered(value)
        || is_path(value)
        || is_meant_new(value)
        || is_page(value)
        || is_alternative(value)
    {
        return true;
    }
    // ******, xxxxxx, ••••••: masked by somebody else.
    if value.len() >= 3
        && matches!(first, b'*' | b'x' | b'X' | b'.' | b'-' | b'_' | b'#' | b'?')
        && rest.iter().all(|c| *c == first)
    {
        return true;
    }
    // getpass("Password: ")
    let asks = ["assword", "assphrase", "asswort", "PIN", "oken", "ecret"];
    if value.ends_with(b":")
        && asks
            .iter()
            .any(|word| super::bytes::contains(value, word.as_bytes()))
    {
        return true;
    }
    if is_crossed_out(value) || is_shortened(value) {
        return true;
    }
    if value.len() >= 3
        && value
            .chunks(3)
            .all(|c| c == "•".as_bytes() || c == "●".as_bytes())
    {
        return true;
    }
    match first {
        b'$' => is_variable(rest) || is_called(rest) || is_lookup(value),
        b'@' if is_property(value) => true,
        // %env(resolve:DB_PASS)% of Symfony
        b'%' if rest.starts_with(b"env(") => true,
        // %{DB_PASS} of RPM, Apache, Logstash
        b'%' if rest.starts_with(b"{") && rest.ends_with(b"}") => true,
        // %%API_KEY%% of a text that is filled in
        b'%' if rest.starts_with(b"%") && rest.ends_with(b"%%") => {
            is_word(cut(rest, 1, rest.len() - 2))
        }
        // #{token} of Ruby
        b'#' if rest.starts_with(b"{") => memchr::memchr(b'}', rest).is_some_and(|n| {
            cut(rest, 1, n)
                .iter()
                .all(|c| c.is_ascii_alphabetic() || b"_.@".contains(c))
        }),
        b'%' => {
            let name = rest.strip_suffix(b"%").unwrap_or(rest);
            let variable = rest.ends_with(b"%") && !name.iter().any(u8::is_ascii_lowercase);
            is_word(name) && (variable || rest.len() <= 2) || rest.first() == Some(&b'(')
        }
        b'<' => {
            value.ends_with(b">")
                && rest
                    .iter()
                    .all(|c| c.is_ascii_alphanumeric() || b" _-.<>/:'".contains(c))
                || is_template(rest)
        }
        b'~' => rest.is_empty(),
        // [secret set], (not set), [value hidden]
        b'[' | b'(' => is_note(rest) || is_bracketed(value) || is_lookup(value),
        b'-' => is_option(value),
        b'!' => is_tagged(rest),
        b'{' => {
            value.starts_with(b"{{")
                || value.ends_with(b"}") && is_word(cut(value, 1, value.len() - 1))
        }
        // `:pw` of a driver, `:'pw'` and `:"pw"` of psql
        b':' => {
            let quoted = matches!(rest.first(), Some(b'\'' | b'"')) && rest.len() > 2;
            let name = if quoted {
                cut(rest, 1, rest.len() - 1)
            } else {
                rest
            };
            name.len() > 1 && is_word(name) && (quoted || !name.iter().any(u8::is_ascii_digit))
        }
        // @Microsoft.KeyVault(SecretUri=…)
        b'@' => {
            rest.starts_with(b"file:/")
                // @env(DB_PASSWORD)
                || rest.starts_with(b"env(") && rest.ends_with(b")")
                || rest.starts_with(b"Microsoft.KeyVault(")
                || is_word(rest) && !rest.iter().any(u8::is_ascii_digit) && !rest.is_empty()
                // @p1 of a driver
                || rest.first() == Some(&b'p') && rest.len() <= 3 && rest.iter().skip(1).all(u8::is_ascii_digit)
        }
        b'`' => value.len() > 1 && value.ends_with(b"`"),
        _ => is_lookup(value) || is_port(value) || is_address(value),
    }
}

/// `YOUR_API_TOKEN`, `your_stripe_secret_key_here`: what a manual invites to put in.
fn is_invited(value: &[u8]) -> bool {
    if value.len() < 8 {
        return false;
    }
    let yours =
        super::bytes::word_at(value, 0, b"your") && matches!(value.get(4), Some(b'_' | b'-'));
    let words = |c: &u8| c.is_ascii_alphabetic() || matches!(c, b'_' | b'-');
    yours && value.iter().all(words) && {
        let capital = value.iter().all(|c| !c.is_ascii_lowercase());
        let body = cut(value, 5, value.len()).to_ascii_lowercase();
        let here = body.strip_suffix(b"here").unwrap_or(&body);
        let signs = here.iter().filter(|c| !c.is_ascii_alphabetic()).count();
        let here = here.strip_suffix(b"_").or_else(|| here.strip_suffix(b"-"));
        let named = here.unwrap_or(&body);
        here.is_some() && body.ends_with(b"here")
            || capital && signs <= 4
            || super::names::judge(named).is_some() && signs <= 2
    }
}

/// `464/tcp`
fn is_port(value: &[u8]) -> bool {
    let digits = value.iter().take_while(|c| c.is_ascii_digit()).count();
    (1..=5).contains(&digits)
        && [&b"/tcp"[..], b"/udp", b"/sctp", b"/dccp"].contains(&cut(value, digits, value.len()))
}

/// `xoxb-xxxxxxxxxxxx-xxxxxxxxxxxx`: a token of which only the prefix was left.
pub(crate) fn is_crossed_out(value: &[u8]) -> bool {
    let crossed = |part: &[u8]| {
        part.len() >= 4
            && matches!(part.first(), Some(b'x' | b'X' | b'*'))
            && part.iter().all(|c| Some(c) == part.first())
    };
    let mut parts = value.split(|c| matches!(c, b'-' | b'_')).skip(1);
    let last = parts.clone().last().is_some_and(crossed);
    last && parts.all(|part| crossed(part) || part.iter().all(u8::is_ascii_lowercase))
}

/// What stands behind the `$` of an object that is asked: `cred.GetNetworkCredential().Password`.
fn is_called(rest: &[u8]) -> bool {
    let name = rest
        .iter()
        .take_while(|c| c.is_ascii_alphabetic() || **c == b'_')
        .count();
    let behind = cut(rest, name, rest.len());
    let member = behind
        .strip_prefix(b".")
        .or_else(|| behind.strip_prefix(b"->"));
    name > 1
        && member.is_some_and(|member| {
            let word = member
                .iter()
                .take_while(|c| c.is_ascii_alphabetic() || **c == b'_')
                .count();
            word > 2 && (word == member.len() || member.get(word) == Some(&b'('))
        })
}

/// `&pw`, `&&new_password` of SQL*Plus.
pub(crate) fn is_variable_of_client(value: &[u8]) -> bool {
    let name = value
        .strip_prefix(b"&")
        .map(|n| n.strip_prefix(b"&").unwrap_or(n));
    name.is_some_and(|n| {
        n.iter().all(|c| c.is_ascii_alphabetic() || *c == b'_')
            && (n.len() <= 4 || super::names::judge(n).is_some())
            && !n.is_empty()
    })
}

/// What stands behind the bracket of a note in the place of a value.
fn is_note(rest: &[u8]) -> bool {
    const SAID: &[&[u8]] = &[
        b"set",
        b"unset",
        b"hidden",
        b"redacted",
        b"masked",
        b"omitted",
        b"removed",
        b"filtered",
        b"encrypted",
        b"protected",
        b"empty",
        b"none",
    ];
    let Some((b']' | b')', inner)) = rest.split_last() else {
        return false;
    };
    [&b"password"[..], b"passwd", b"secret", b"token"].contains(&inner)
        || inner.iter().all(|c| c.is_ascii_alphabetic() || *c == b' ')
            && inner
                .split(|c| *c == b' ')
                .any(|word| SAID.iter().any(|said| word.eq_ignore_ascii_case(said)))
}

/// Tags of YAML that name where a value stands.
const TAGS: &[&[u8]] = &[
    b"Ref",
    b"Sub",
    b"GetAtt",
    b"env",
    b"ENV",
    b"secret",
    b"include",
    b"env_var",
    b"Join",
    b"Select",
    b"If",
    b"ImportValue",
    b"FindInMap",
    b"Split",
    b"Base64",
];

/// What stands behind the `!` of a tag in YAML: `vault |`, `Ref DbPassword`, `secret wifi_password`.
/// A name of one plain word is rather somebody's password (`!secret sauce`).
fn is_tagged(rest: &[u8]) -> bool {
    let Some(blank) = rest.iter().position(|c| *c == b' ') else {
        return matches!(rest, b"vault" | b"unsafe");
    };
    let (tag, name) = rest.split_at(blank);
    let name = name.trim_ascii();
    if matches!(tag, b"vault" | b"unsafe") {
        return matches!(name, b"|" | b"|-" | b">");
    }
    let plain = name
        .iter()
        .all(|c| c.is_ascii_alphanumeric() || b"_.${}:".contains(c));
    let joined =
        name.iter().any(|c| b"_.:".contains(c)) || name.iter().skip(1).any(u8::is_ascii_uppercase);
    // !vault-ref secret/data/app#password
    let tagged = tag.len() > 2
        && tag
            .iter()
            .all(|c| c.is_ascii_lowercase() || matches!(c, b'-' | b'_'));
    let path = name.iter().skip(1).any(|c| matches!(c, b'/' | b'#'))
        && name
            .iter()
            .all(|c| c.is_ascii_alphanumeric() || b"_.-/#@:".contains(c));
    // !Join ['', [a, b]]
    let list = TAGS.contains(&tag) && matches!(name.first(), Some(b'[' | b'{' | b'"' | b'\''));
    TAGS.contains(&tag) && plain && joined || tagged && path || list
}

/// What stands behind the `<` of a template's code: `%= ENV["X"] %>`, `?php`, as far as a blank lets
/// it come.
fn is_template(rest: &[u8]) -> bool {
    let closed = |end: &[u8]| rest.len() > 2 && rest.ends_with(end);
    match rest {
        b"%" | b"%=" | b"?=" | b"?php" => true,
        [b'%', b'=' | b' ', ..] => rest.starts_with(b"%= ") || closed(b"%>"),
        [b'?', b'=' | b' ' | b'p', ..] => rest.starts_with(b"?php ") || closed(b"?>"),
        _ => false,
    }
}

/// What stands behind a `$`: `{…}`, `(…)`, a digit, an upper case name, or a name that says itself
/// what it holds. Anything else is a password that starts with a dollar.
fn is_variable(rest: &[u8]) -> bool {
    match rest.first() {
        Some(b'{' | b'(' | b'@' | b'*' | b'#' | b'?' | b'$') => true,
        Some(b'0'..=b'9') => rest.len() <= 2,
        // $<name>, as manuals write it
        Some(b'<') => rest.ends_with(b">") && is_word(cut(rest, 1, rest.len() - 1)),
        Some(_) => {
            let name = rest.strip_prefix(b"env:").unwrap_or(rest);
            is_word(name)
                && (!name.iter().any(u8::is_ascii_lowercase)
                    || super::names::judge(name).is_some()
                    || name.len() <= 4 && name.iter().all(u8::is_ascii_lowercase))
        }
        None => false,
    }
}

/// What a build puts a property in place of: `@db.password@`.
fn is_property(value: &[u8]) -> bool {
    let name = value.strip_prefix(b"@").and_then(|v| v.strip_suffix(b"@"));
    name.is_some_and(|name| is_word(name) && name.iter().any(|c| matches!(c, b'.' | b'_')))
}

fn is_word(text: &[u8]) -> bool {
    !text.is_empty()
        && text
            .iter()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_are_told_from_passwords_that_look_like_them() {
        for stand_in in [
            "",
            "NULL",
            "$PGPASSWORD",
            "${DB_PASS}",
            "$(cat f)",
            "$1",
            "%s",
            "%DB_PASS%",
            "!vault |",
            "!Ref DbPassword",
            "!secret wifi_password",
            "<%= ENV['DB'] %>",
            "<?php echo $pw ?>",
            "new FormControl('', [])",
            "Read-Host -AsSecureString",
            "(Get-Credential).Password",
            "~",
            "$_POST['pw']",
            "<password>",
            "{{ pw }}",
            ":'pw'",
            "******",
            "••••",
            "xxxx",
            "process.env.PW",
            "os.environ['PW']",
            "[REDACTED]",
            "?",
            "@pw",
            "$dbPassword",
            "var.db_password",
        ] {
            assert!(is_placeholder(stand_in.as_bytes()), "{stand_in}");
        }
        for secret in [
            "$Ixcitaib",
            "hunter2",
            "notfalse1",
            "null-and-void7",
            "x1x1x1",
            "%aB3xyz",
            "%percent%",
            "!valid1",
            "!vault-9xk2",
            "!secret sauce",
            "!env9x",
            "!ref",
            "<%hunter22",
            "<?hunter2",
            "return of the jedi",
            "new hope 1977",
            "Read-host9K",
            "@home2024",
            "<3you!",
            "p",
        ] {
            assert!(!is_placeholder(secret.as_bytes()), "{secret}");
        }
    }
}
