//! What is written about secrets: manuals, help texts, messages, catalogues of translations, and what
//! tools print beside their names.

use super::label::{THINGS, has, is_label};
use super::{Place, is_statement};
use crate::mask::bytes::{at, before, contains, cut, find, from};
use crate::mask::names::judge;
use crate::mask::span::Class;
use crate::mask::standin::is_placeholder;
use crate::mask::value::{is_hex, is_time};

/// Whether what stands at `place` is no value.
pub(super) fn is(place: &Place<'_>) -> bool {
    let issued = place.span.class != Class::Password;
    is_nothing(place.text)
        || is_colour(place.text)
        || is_digest(place)
        || is_public(place)
        || is_resource(place.text)
        || is_link(place)
        || is_meant(place)
        || is_translated(place, issued)
        || is_pattern_of_like(place)
        || issued && (is_stated(place) || is_scope(place))
        || is_check(place)
        || is_file(place, issued)
        || is_unset(place)
        || is_referred(place)
        || is_failure(place)
        || is_told_by_tool(place)
        || is_hashed(place)
        || is_defined(place)
        || is_quoted_word(place)
        || is_plain(place)
        || is_mnemonic(place)
}

/// Whether `text` is no secret of any kind, wherever it stands.
pub(super) fn is_nothing(text: &[u8]) -> bool {
    // A day, or a moment: a table of tokens tells when each was made.
    let time = is_time(text)
        && text.len() >= 16
        && text
            .iter()
            .all(|c| c.is_ascii_digit() || b"-/:.+TZ ".contains(c));
    // POD: C<$pass>
    let marked = at(text, 0).is_ascii_uppercase() && from(text, 1).starts_with(b"<$");
    time || marked
        || matches!(text, b"(END)" | b"<nil>")
        || is_algorithm(text)
        || is_media(text)
        || is_date(text)
        || !text.is_empty() && text.iter().all(u8::is_ascii_punctuation) && text.len() <= 2
}

/// `RS256`, as RFC 7518 calls the ways to sign.
fn is_algorithm(text: &[u8]) -> bool {
    text.len() == 5
        && [&b"HS"[..], b"RS", b"ES", b"PS"].contains(&cut(text, 0, 2))
        && [&b"256"[..], b"384", b"512"].contains(&from(text, 2))
        || text == b"EdDSA"
}

/// `application/octet-stream`
fn is_media(text: &[u8]) -> bool {
    const KINDS: &[&[u8]] = &[
        b"application",
        b"text",
        b"image",
        b"audio",
        b"video",
        b"multipart",
        b"font",
        b"model",
    ];
    let slash = memchr::memchr(b'/', text);
    slash.is_some_and(|n| {
        KINDS.contains(&cut(text, 0, n))
            && from(text, n + 1).len() > 2
            && from(text, n + 1)
                .iter()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || b".+-".contains(c))
    })
}

/// `--no-manage-password]`, `SECRET_SEARCH_UNLOCK,`, ` BEGIN IF NEW.password_hash …; END`: what stands
/// behind a bar of a synopsis or of code, and the source of a function.
pub(super) fn is_no_cell(text: &[u8]) -> bool {
    let option = text.starts_with(b"--") && at(text, 2).is_ascii_lowercase();
    let flag = text.strip_suffix(b",").is_some_and(|name| {
        name.contains(&b'_') && name.iter().all(|c| c.is_ascii_uppercase() || *c == b'_')
    });
    let source = [
        &b"BEGIN "[..],
        b"DECLARE ",
        b"SELECT ",
        b"RETURN ",
        b"begin ",
        b"declare ",
        b"select ",
    ]
    .iter()
    .any(|word| text.starts_with(word))
        && text.split(|c| *c == b' ').count() > 4
        && text.iter().any(|c| matches!(c, b';' | b'=' | b'('));
    option || flag || source
}

/// `Jun 01, 2026`, as `chage -l` writes days.
fn is_date(text: &[u8]) -> bool {
    const MONTHS: &str = "jan feb mar apr may jun jul aug sep oct nov dec";
    let month = String::from_utf8_lossy(cut(text, 0, 3)).to_lowercase();
    text.len() == 12
        && has(MONTHS, &month)
        && cut(text, 6, 8) == b", "
        && from(text, 8).iter().all(u8::is_ascii_digit)
}

/// `#dcdccc`
fn is_colour(text: &[u8]) -> bool {
    text.strip_prefix(b"#")
        .is_some_and(|digits| matches!(digits.len(), 3 | 4 | 6 | 8) && is_hex(digits))
}

/// `checksum/secret: 9f86…` of a pod's annotations: a digest tells nothing of what was digested.
fn is_digest(place: &Place<'_>) -> bool {
    let sum = [&b"checksum/"[..], b"hash/", b"sha256/"]
        .iter()
        .any(|word| place.lead.ends_with(word));
    sum && is_hex(place.text)
}

/// `Sec-WebSocket-Key` is a nonce that anybody may read (RFC 6455, section 4.1), `signingkey` the id of
/// a public key, the token of a badge in a README meant for all.
fn is_public(place: &Place<'_>) -> bool {
    let named = |name: &[u8]| place.name.eq_ignore_ascii_case(name);
    let id = matches!(place.text.len(), 8 | 16 | 18 | 40 | 42)
        && is_hex(place.text.strip_prefix(b"0x").unwrap_or(place.text));
    let signing = [&b"signingkey"[..], b"user.signingkey"]
        .iter()
        .any(|name| named(name));
    named(b"Sec-WebSocket-Key")
        || named(b"Sec-WebSocket-Accept")
        || signing && id && !place.quoted
        || place.lead.ends_with(b"/badge.svg?")
        || place.lead.ends_with(b"::") && place.text.len() == 16 && is_hex(place.text)
}

/// `projects/x/secrets/y/versions/1`: where a secret is kept.
fn is_resource(text: &[u8]) -> bool {
    text.starts_with(b"projects/") && contains(text, b"/secrets/")
}

/// [`Token`]: ../enum.Token.html, `trailer.<token>.command`
fn is_link(place: &Place<'_>) -> bool {
    let marked = contains(place.between, b"]: ") && place.lead.ends_with(b"[`")
        || place.between == b"`]: "
        || contains(place.between, b"`]: ");
    // trailer.<token>.command, session=<session-id>; csrftoken=<token>
    let syntax = place.between == b">"
        && (at(place.text, 0) == b'.' && place.lead.ends_with(b".<")
            || place.text.starts_with(b"; "));
    // hostname:port:username:password:base_dn
    let listed = place.between == b":"
        && place.lead.ends_with(b":")
        && [place.lead, place.text].iter().all(|words| {
            words
                .iter()
                .all(|c| c.is_ascii_lowercase() || b":_ #".contains(c))
        })
        && place.lead.trim_ascii().len() > 3;
    // @GNUTLS_BAG_SECRET: PKCS-12 bag with …
    let documented =
        place.lead.trim_ascii_start().starts_with(b"* @") && place.lead.ends_with(b"@");
    // /etc/cron.daily/passwd 1:4.7
    let path = before(place.lead, place.lead.len()) == b'/'
        && place
            .lead
            .split(|c| *c == b' ')
            .next_back()
            .is_some_and(|word| word.starts_with(b"/"))
        && place.between.starts_with(b" ");
    // .. _`RFC6749#Token`: https://…
    let target = place.line.trim_ascii_start().starts_with(b".. _");
    marked || target || syntax || listed || documented || path
}

/// `--http-password=PASS    set it`, `--key=MD5_AUTHENTICATION_KEY`: what a manual calls the value of an
/// option, in capitals.
fn is_meant(place: &Place<'_>) -> bool {
    let Ok(text) = std::str::from_utf8(place.text) else {
        return false;
    };
    let text = text.trim_end_matches([']', ',', '‐', ')']);
    let capitals = text
        .chars()
        .all(|c| !c.is_lowercase() && (c.is_alphabetic() || c == '_' || c == '-'))
        && text.len() >= 2;
    let named = text.contains('_')
        && text
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && judge(text.as_bytes()).is_some();
    let option = find(place.line, 0, b"--").is_some() && place.between == b"=";
    // Only a manual has nothing but blanks before an option, and its meaning behind more of them.
    let lead = place.lead.trim_ascii();
    let alone = matches!(
        lead,
        b"" | b"msgid \"" | b"msgstr \"" | b"[" | b"-p," | b"|"
    );
    let behind = from(place.line, place.span.end);
    let explained = behind.starts_with(b"  ") || behind.trim_ascii().is_empty();
    let known = [
        "PASS",
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "SECRET",
        "TOKEN",
        "KEY",
        "MYTOKEN",
        "APIKEY",
    ]
    .contains(&text);
    option && (named || known)
        || option && capitals && alone && explained
        || known && place.span.class != Class::Password
        || known && place.quoted && contains(place.name, b"variable")
}

/// `"token": "Jeton"`, `"apiKey": "API 密钥"`, `passwd: пароль өзгертілмеді`: what a secret is called in
/// another language. No token holds a letter outside of ASCII, and none is a word with a capital.
fn is_translated(place: &Place<'_>, issued: bool) -> bool {
    let Ok(text) = std::str::from_utf8(place.text) else {
        return false;
    };
    if text.chars().any(|c| c.is_ascii_digit()) {
        return false;
    }
    let wide = text.chars().any(|c| c.is_alphabetic() && !c.is_ascii());
    let lower = text.to_lowercase();
    let first = lower.split_whitespace().next().unwrap_or_default();
    let capital = text.chars().next().is_some_and(char::is_uppercase)
        && text
            .chars()
            .skip(1)
            .all(|c| c.is_lowercase() || matches!(c, '-' | ' '));
    let names = || {
        THINGS
            .split_ascii_whitespace()
            .filter(|word| word.len() > 4)
            .any(|word| lower.contains(word))
    };
    let secret = contains(place.name, b"secret");
    let told = place.quoted && !is_statement(place.lead) && place.between.len() > 2;
    if told && issued && text.len() <= 60 && (wide && !secret || capital && names()) {
        return true;
    }
    // passwd: пароль изменён
    if wide && !place.quoted && text.contains(' ') && place.between == b": " && has(THINGS, first) {
        return true;
    }
    // password.confirm=Confirmar contraseña: a blank ended the value.
    let rest = cut(place.line, place.span.start, place.line.len());
    !place.quoted && rest.len() > place.text.len() && rest.contains(&b' ') && is_label(rest)
}

/// `password_hash LIKE '$2a$%'`: how hashes of a kind begin.
fn is_pattern_of_like(place: &Place<'_>) -> bool {
    let like = [&b"like"[..], b"ilike"]
        .iter()
        .any(|word| place.name.eq_ignore_ascii_case(word));
    like && place.text.len() <= 12 && place.text.ends_with(b"%")
}

/// `secret=present key=missing`: what a log says of a setting.
fn is_stated(place: &Place<'_>) -> bool {
    const STATES: &[&[u8]] = &[
        b"present",
        b"missing",
        b"absent",
        b"set",
        b"unset",
        b"expired",
        b"valid",
        b"invalid",
        b"revoked",
        b"found",
        b"ok",
        b"unchanged",
        b"rotated",
        b"refreshed",
        b"about",
    ];
    !place.quoted && STATES.contains(&place.text)
}

/// `ReadSecrets = 'secrets:read'`, `secret="billing/db"`: a right, or an object by its name.
fn is_scope(place: &Place<'_>) -> bool {
    let plain = |part: &[u8]| {
        at(part, 0).is_ascii_lowercase()
            && part
                .iter()
                .all(|c| c.is_ascii_lowercase() || matches!(c, b'-' | b'_' | b'*' | b'.'))
    };
    let parts = || place.text.split(|c| matches!(c, b':' | b'/'));
    let right = parts().any(|part| {
        matches!(
            part,
            b"read"
                | b"write"
                | b"manage"
                | b"list"
                | b"create"
                | b"delete"
                | b"update"
                | b"admin"
                | b"rotate"
                | b"revoke"
        )
    });
    let path = place.text.contains(&b'/') && !place.text.contains(&b':');
    // "token": "keyword.control", token:refresh:index
    let scoped = place.name.eq_ignore_ascii_case(b"token") && !place.text.contains(&b'/');
    let key = !place.quoted && place.between == b":" && parts().all(|part| part.len() > 2);
    let count = place
        .text
        .split(|c| matches!(c, b':' | b'/' | b'.'))
        .count();
    (place.quoted && (right || path || scoped) || key)
        && !is_statement(place.lead)
        && (2..=4).contains(&count)
        && parts().all(plain)
}

/// `-v ./pw:/run/pw:ro`, `tls.key=./tls.key`: where a file stands.
fn is_file(place: &Place<'_>, issued: bool) -> bool {
    let mounted = before(place.lead, place.lead.len()) == b'/'
        && place.between == b":"
        && at(place.text, 0) == b'/';
    let relative = [&b"./"[..], b"../", b"~/"]
        .iter()
        .any(|start| place.text.starts_with(start));
    // s3://logs/token=abc/part-0000.parquet
    let partition = before(place.lead, place.lead.len()) == b'/'
        && contains(place.lead, b"://")
        && place.between == b"="
        && place.text.contains(&b'/');
    // t.pass("tests/ui/pass/*.rs")
    let argument = place.quoted
        && place.between.starts_with(b"(")
        && place.name.ends_with(b"pass")
        && place.text.contains(&b'/')
        && place.text.contains(&b'.');
    mounted || partition || argument || issued && relative && !place.text.contains(&b' ')
}

/// `password: see the vault`
fn is_referred(place: &Place<'_>) -> bool {
    let rest = from(place.line, place.span.start);
    !place.quoted
        && [&b"see "[..], b"ask "]
            .iter()
            .any(|word| rest.starts_with(word))
        && (2..=6).contains(&rest.split(|c| *c == b' ').count())
}

/// `${PASSWORD:-unset}`
fn is_unset(place: &Place<'_>) -> bool {
    let default = place.text.strip_prefix(b"-").unwrap_or_default();
    let default = default.strip_suffix(b"}").unwrap_or(default);
    place.lead.ends_with(b"${")
        && place.between == b":"
        && !default.is_empty()
        && is_placeholder(default)
}

/// `unable to load Private Key: 140735:error:…`: why something failed.
fn is_failure(place: &Place<'_>) -> bool {
    const VERBS: &str = "load read parse find open decrypt verify get fetch decode create write save use set retrieve";
    const BEFORE: &[&[u8]] = &[
        b"unable to",
        b"cannot",
        b"can't",
        b"could not",
        b"couldn't",
        b"failed to",
        b"error while",
        b"impossible to",
    ];
    // What stands between is an article or an adjective or two.
    let lead = place.lead.trim_ascii_end();
    let words: Vec<_> = lead.rsplitn(5, |c| *c == b' ').take(4).collect();
    let verb = words
        .iter()
        .position(|word| has(VERBS, &String::from_utf8_lossy(word)));
    let reason = from(place.line, place.span.start);
    let several = reason.iter().any(|c| matches!(c, b' ' | b':'));
    let Some(verb) = verb.filter(|n| *n < 3 && place.between == b": " && several) else {
        return false;
    };
    let behind: usize = words.iter().take(verb + 1).map(|word| word.len() + 1).sum();
    let lead = cut(lead, 0, lead.len().saturating_sub(behind));
    BEFORE.iter().any(|said| {
        lead.len() >= said.len() && from(lead, lead.len() - said.len()).eq_ignore_ascii_case(said)
    })
}

/// `['required', 'min:12', 'confirmed']`: how a field is checked.
fn is_check(place: &Place<'_>) -> bool {
    let listed = [
        &b"'required'"[..],
        b"\"required\"",
        b"'nullable'",
        b"'confirmed'",
    ]
    .iter()
    .any(|word| contains(place.line, word));
    let rule = place
        .text
        .iter()
        .take_while(|c| c.is_ascii_lowercase() || **c == b'_')
        .count();
    place.quoted && listed && rule > 1 && matches!(at(place.text, rule), b':' | 0)
}

/// `chpasswd: line 1: missing new password`: the message of a tool that is called so.
fn is_told_by_tool(place: &Place<'_>) -> bool {
    let rest = cut(place.line, place.span.start, place.line.len());
    let words = rest.split(|c| *c == b' ').filter(|w| !w.is_empty());
    !place.quoted
        && place.between == b": "
        && place.name.ends_with(b"passwd")
        && place.name.iter().all(u8::is_ascii_lowercase)
        && (place.lead.is_empty() || place.lead.ends_with(b"/"))
        && words.clone().count() >= 4
        && words
            .filter(|w| {
                w.iter()
                    .all(|c| c.is_ascii_lowercase() || b",.:'".contains(c))
            })
            .count()
            >= 3
}

/// `-- password: argon2id hash, never the clear text`: a comment that says how it is kept.
fn is_hashed(place: &Place<'_>) -> bool {
    const KINDS: &[&[u8]] = &[
        b"bcrypt",
        b"argon2",
        b"argon2i",
        b"argon2id",
        b"scrypt",
        b"pbkdf2",
        b"sha256",
        b"sha-256",
        b"sha512",
        b"sha-512",
        b"md5",
        b"hashed",
        b"encrypted",
        b"salted",
    ];
    let rest = from(place.line, place.span.start);
    let mut words = rest.split(|c| matches!(c, b' ' | b',' | b'('));
    let first = words.next().unwrap_or_default();
    !place.quoted && KINDS.contains(&first) && words.count() >= 1
}

/// `#define SSL_TXT_kPSK "kPSK"`: a constant that holds a part of its name.
pub(super) fn is_defined(place: &Place<'_>) -> bool {
    let lead = place.line.trim_ascii_start();
    let fold = |text: &[u8]| String::from_utf8_lossy(text).to_lowercase();
    lead.starts_with(b"#define ")
        && place.text.len() <= 12
        && place
            .text
            .iter()
            .all(|c| c.is_ascii_alphabetic() || *c == b'_')
        && fold(place.name).contains(&fold(place.text))
        && place.name.iter().filter(|c| **c == b'_').count() >= 2
}

/// `a password "key"`, `pass to `asciinema``: a thing by its name, in a sentence.
fn is_quoted_word(place: &Place<'_>) -> bool {
    let said = place.between.len() == 2 && at(place.between, 0) == b' ';
    let thing = [&b"key"[..], b"token", b"secret"].contains(&place.text);
    const JOINTS: &[&[u8]] = &[
        b"to", b"with", b"in", b"as", b"by", b"using", b"like", b"is",
    ];
    let joined = before(place.line, place.span.start) == b'`' && JOINTS.contains(&place.name);
    // input tokens ("actions"), will pass ("be green")
    let noted = place.between.starts_with(b" (");
    place.quoted && (said && (thing || joined) || noted) && !is_statement(place.lead)
}

/// `{ token: "error" }`, `PWD: '/home/x'`
fn is_plain(place: &Place<'_>) -> bool {
    let word = place.text.len() < 16
        && place
            .text
            .iter()
            .all(|c| c.is_ascii_lowercase() || matches!(c, b'_' | b'-'));
    let token = place.name == b"token" && word && place.between.contains(&b':');
    let ambient = matches!(place.name, b"PWD" | b"OLDPWD") && at(place.text, 0) == b'/';
    place.quoted && (token || ambient) && !is_statement(place.lead)
}

/// `Mnemonic: Goto Tab.`: a seed has twelve words at least (BIP 39), of lower case.
fn is_mnemonic(place: &Place<'_>) -> bool {
    place.name == b"Mnemonic"
        && place.text.split(|c| *c == b' ').count() < 6
        && place.text.iter().any(u8::is_ascii_uppercase)
}
