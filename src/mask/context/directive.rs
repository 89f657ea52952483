//! Directives: a name, blanks, a value; no delimiter says where one ends and the other begins, so
//! what stands before the name decides whether it is one.

use crate::mask::assign::{behind_scheme, closing, is_reference, opening};
use crate::mask::bytes::{
    at, back_blanks, before, contains, cut, from, is_word, skip_blanks, trim, word_at,
};
use crate::mask::names::{Named, Strength, judge};
use crate::mask::span::{Class, RuleId, Span};
use crate::mask::standin::is_placeholder;
use crate::mask::value::{is_prose, is_stop_word, is_type};

const DIRECTIVE: RuleId = RuleId::new("directive");

/// Names that are directives of some program, whose value is secret whatever it is.
const CONFIG: &[&str] = &[
    "requirepass",
    "masterauth",
    "bindpw",
    "rootpw",
    "key-string",
    "masterpassword",
    "ldapbindpasswd",
    "rocommunity",
    "rwcommunity",
    "rocommunity6",
    "rwcommunity6",
    "trapcommunity",
    "authcommunity",
    "proxypassword",
    "rootbinddnpw",
    "bindpasswd",
    "authkey",
    "auth-pass",
    "pre-shared-key",
];

/// What stands before a name on the console of a network device.
const DEVICE: &[&str] = &[
    "username",
    "enable",
    "neighbor",
    "snmp-server",
    "tacacs-server",
    "radius-server",
    "set snmp",
    "set system",
    "user",
    "crypto isakmp",
    "ppp",
    "line",
    "encrypted-password",
    "ip ospf",
    "standby",
    "set",
    "auth",
    "authentication",
    "ip ftp",
    "ntp authentication-key",
    "authentication-key",
    "wpa",
    "sentinel",
    "config set",
];

/// Shells that set a variable by words: fish, csh, psql, nginx, SQL*Plus.
const SETTERS: &[&str] = &[
    "set -x",
    "set -gx",
    "set -ux",
    "set -xg",
    "set -lx",
    "setenv",
    "\\set",
    "setx",
    "setx /m",
    "\\setenv",
    "env set",
    "secret set",
    "config set",
    "configure set",
    "proxy_set_header",
    "fastcgi_param",
    "uwsgi_param",
    "add_header",
];

/// `USERNAME AND/OR PASSWORD INVALID").`: what a message says of a password.
pub(super) fn is_said(text: &[u8]) -> bool {
    const SAID: &[&str] = &[
        "invalid",
        "incorrect",
        "expired",
        "mismatch",
        "missing",
        "rejected",
        "wrong",
    ];
    let word: Vec<u8> = text
        .iter()
        .copied()
        .take_while(u8::is_ascii_alphabetic)
        .collect();
    let rest = cut(text, word.len(), text.len());
    rest.iter().all(|c| b"\"').,;:!".contains(c))
        && SAID
            .iter()
            .any(|said| word.eq_ignore_ascii_case(said.as_bytes()))
}

/// `requirepass x`, `bindpw x`, `enable secret 5 x`, `: PSK "x"`, `set -x PGPASSWORD x`: the name that
/// holds the byte at `place`.
pub(super) fn around(line: &[u8], place: usize, spans: &mut Vec<Span>) {
    // \set pw secret: the name is the word behind.
    let place = if word_at(line, place, b"\\set ") {
        skip_blanks(line, place + 5)
    } else {
        place
    };
    let mut start = place;
    while is_word(before(line, start)) || matches!(before(line, start), b'-' | b'.') {
        start -= 1;
    }
    let mut end = place;
    while is_word(at(line, end)) || matches!(at(line, end), b'-' | b'.') {
        end += 1;
    }
    directive(line, start, end, spans);
}

/// The same for the name at `start..end`.
pub(crate) fn directive(line: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    if !matches!(at(line, end), b' ' | b'\t') || at(line, start) == b'-' {
        return;
    }
    // vault kv get -field=password "secret/$1"
    if before(line, start) == b'='
        && contains(cut(line, start.saturating_sub(7), start), b"-field=")
    {
        return;
    }
    let dollar = before(line, start) == b'$' && at(line, start + 1) != 0;
    let lead = cut(line, 0, back_blanks(line, start - usize::from(dollar)));
    let name = cut(line, start, end);
    let config = CONFIG
        .iter()
        .any(|n| name.eq_ignore_ascii_case(n.as_bytes()));
    let setter = ends_in(lead, SETTERS)
        || lead.trim_ascii_start() == b"ENV"
        // racadm set iDRAC.Users.2.Password x
        || name.contains(&b'.') && ends_in(lead, &["set"])
        || dollar && ends_in(lead, &["set"]);
    if matches!(before(line, start), b'"' | b'\'' | b'\\' | b'@') && !config || dollar && !setter {
        return;
    }
    let server_key = name == b"key" && contains(lead, b"-server");
    let special = config
        || server_key
        || ["eap", "xauth", "ntlm", "psk", "authpriv"]
            .iter()
            .any(|n| name.eq_ignore_ascii_case(n.as_bytes()))
        || contains(name, b"community");
    // SET SESSION AUTHORIZATION ada, CREATE SCHEMA AUTHORIZATION ada
    if name.eq_ignore_ascii_case(b"authorization") && ends_in(lead, &["session", "schema"]) {
        return;
    }
    let named = judge(name);
    if !special && !setter && !named.is_some_and(is_telling) || setter && named.is_none() {
        return;
    }
    let mut value = skip_blanks(line, end);
    // Cisco says the kind of hash before it: `secret 5 $1$…`, `password 0 plain`.
    if at(line, value).is_ascii_digit() && at(line, value + 1) == b' ' && line.len() > value + 3 {
        value = skip_blanks(line, value + 1);
    }
    if [&b"ascii-text "[..], b"hexadecimal ", b"md5 "]
        .iter()
        .any(|w| word_at(line, value, w))
    {
        value = skip_blanks(line, word_end(line, value));
    }
    // sentinel auth-pass mymaster x
    if word_at(line, start, b"auth-pass") && contains(lead, b"sentinel") {
        value = skip_blanks(line, word_end(line, value));
    }
    if let Some((body, quote, escapes)) = opening(line, value, 0) {
        let close = closing(line, body, quote, escapes);
        let body = behind_scheme(line, body, close);
        let text = cut(line, body, close);
        let strong = named.is_some_and(|n| n.strength == Strength::Strong);
        let first = lead.trim_ascii().is_empty();
        let opened = matches!(quote, b'"' | b'\'') && (strong || setter || first) || special;
        // `secret "db-credentials" not found` speaks of an object by its name.
        let spoken = [
            &b" not found"[..],
            b" already exists",
            b" created",
            b" deleted",
            b" configured",
            b" unchanged",
            b" patched",
            b" is forbidden",
            b" is not ",
            b" does not ",
        ]
        .iter()
        .any(|said| word_at(line, close + 1, said));
        // kubectl describe: `<set to the key 'token' in secret 'api'>`
        let described = || contains(lead, b"<set to the key");
        if text.len() >= 3
            && opened
            && !spoken
            && !described()
            && !is_reference(name, text)
            && close < line.len()
            && !is_prose(text)
            && !is_placeholder(text)
            && !text.starts_with(b"/")
            && !text.ends_with(b": ")
            && !text.starts_with(b"%")
        {
            spans.push(Span::new(body, close, DIRECTIVE, Class::Password));
        }
        return;
    }
    let stop = word_end(line, value);
    let mut end_secret = stop;
    let quoted = config && is_quote(lead);
    while (matches!(before(line, end_secret), b';' | b',')
        || quoted && matches!(before(line, end_secret), b'"' | b'\''))
        && end_secret > value
    {
        end_secret -= 1;
    }
    let text = cut(line, value, end_secret);
    let place = Place {
        lead,
        alone: skip_blanks(line, stop) >= line.len(),
        first: lead.trim_ascii().is_empty() || is_prompt(lead) || config && is_quote(lead),
        words: lead.split(|c| *c == b' ').filter(|w| !w.is_empty()).count(),
    };
    let strong = named.is_some_and(|n| n.strength == Strength::Strong);
    let good = setter && text.len() >= 3 && place.alone
        // HSET user:1 name bob password x
        || strong && text.len() >= 3 && is_prompted(lead, &["hset ", "hmset ", "hsetnx "])
        || config && (place.first || ends_in(lead, DEVICE) || lead.ends_with(b":"))
        || special && lead.ends_with(b":") && place.alone
        || server_key
        || place.is_device() && text.len() >= 4 && (is_mixed(text) || special)
        || place.first && place.alone && (is_mixed(text) || is_joined(text)) && text.len() >= 4 && strong
        // F5: `ltm auth radius-server r { secret x server 10.0.0.1 }`
        || lead.ends_with(b"{") && strong && is_mixed(text) && has_digit(text) && text.len() >= 6
        // A table of two columns: `password    x`
        || place.first && place.alone && strong && text.len() >= 5 && value > end + 1 && lead.is_empty()
        // msmtprc, fetchmail: `password Flaschenpost`
        || place.first && place.alone && matches!(name, b"password" | b"passwd") && lead.is_empty() && is_capitalised(text)
        // debconf: `mysql-server mysql-server/root_password password x`
        || strong && is_question(lead) && text.len() >= 3
        // FTP and POP
        || name == b"Pass" && place.first && place.alone && text.len() >= 6 && is_mixed(text) && has_digit(text) && !is_file(text)
        || name == b"PASS" && place.first && place.alone && text.len() >= 3 && !is_file(text)
        // `username bob and password x` of a sentence
        || strong && contains(lead, b"username ") && is_mixed(text) && has_digit(text) && text.len() >= 6;
    if good
        && !is_placeholder(text)
        && !is_type(text)
        && !matches!(at(text, 0), b'-' | b'=' | b'/' | b'(' | b'|' | b'<' | b'[')
        && !is_stop_word(text)
        && !is_said(text)
        && !text.ends_with(b":")
        && !is_question_word(text)
        // peer_session_id 2000
        && !(named.is_some_and(|n| n.class == Class::Token) && !config && text.len() < 8 && text.iter().all(u8::is_ascii_digit))
    {
        spans.push(Span::new(value, end_secret, DIRECTIVE, Class::Password));
    }
}

/// `Wachtwoord vergeten?`: the end of a question.
fn is_question_word(text: &[u8]) -> bool {
    text.strip_suffix(b"?")
        .is_some_and(|word| word.iter().all(|c| c.is_ascii_lowercase() || *c >= 0x80))
}

/// `src/auth/password.test.ts`: a file, of which a test runner says that it passed.
fn is_file(text: &[u8]) -> bool {
    let Some(dot) = memchr::memrchr(b'.', text) else {
        return false;
    };
    let ending = cut(text, dot + 1, text.len());
    text.contains(&b'/')
        && (1..=4).contains(&ending.len())
        && ending.iter().all(u8::is_ascii_lowercase)
        && text
            .iter()
            .all(|c| is_word(*c) || matches!(c, b'/' | b'.' | b'-'))
}

/// Whether one of these commands (lower case) of Redis begins `lead`, alone or behind a prompt.
fn is_prompted(lead: &[u8], commands: &[&str]) -> bool {
    let start = memchr::memchr(b'>', lead).map_or(0, |n| skip_blanks(lead, n + 1));
    commands
        .iter()
        .any(|command| word_at(lead, start, command.as_bytes()))
}

/// Whether `lead` ends in the name of a question that debconf asks, `package/root_password`.
fn is_question(lead: &[u8]) -> bool {
    let word = lead.rsplit(|c| *c == b' ').next().unwrap_or_default();
    let mut parts = word.split(|c| *c == b'/');
    let (Some(package), Some(name), None) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    !package.is_empty() && judge(name).is_some_and(|n| n.strength == Strength::Strong)
}

fn is_telling(named: Named) -> bool {
    named.strength == Strength::Strong || named.class == Class::Password
}

/// What surrounds a name and its value.
struct Place<'a> {
    lead: &'a [u8],
    /// Nothing stands behind the value.
    alone: bool,
    /// Nothing stands before the name.
    first: bool,
    words: usize,
}

impl Place<'_> {
    fn is_device(&self) -> bool {
        self.words <= 8 && starts_in(self.lead, DEVICE)
    }
}

/// Whether one of `words` (lower case) stands at the start of `lead`, behind a prompt if there is one.
fn starts_in(lead: &[u8], words: &[&str]) -> bool {
    let prompt = lead
        .iter()
        .position(|c| matches!(c, b'#' | b'>'))
        .map_or(0, |n| n + 1);
    let lead = cut(lead, prompt.min(40), lead.len()).trim_ascii_start();
    words
        .iter()
        .any(|w| word_at(lead, 0, w.as_bytes()) && matches!(at(lead, w.len()), b' ' | 0))
}

/// Whether `lead` ends in one of `words` (lower case), as words of their own.
fn ends_in(lead: &[u8], words: &[&str]) -> bool {
    let (_, end) = trim(lead, 0, lead.len());
    words.iter().any(|w| {
        end.checked_sub(w.len())
            .is_some_and(|i| word_at(lead, i, w.as_bytes()) && !is_word(before(lead, i)))
    })
}

/// Whether a shell's or client's prompt stands before the name.
fn is_prompt(lead: &[u8]) -> bool {
    matches!(before(lead, lead.len()), b'$' | b'#' | b'>' | b'%')
}

/// Whether a quote opens with the name: echo "requirepass x" >> redis.conf
fn is_quote(lead: &[u8]) -> bool {
    matches!(before(lead, lead.len()), b'"' | b'\'')
}

fn word_end(line: &[u8], start: usize) -> usize {
    let blank = from(line, start)
        .iter()
        .position(|c| matches!(c, b' ' | b'\t'));
    blank.map_or(line.len(), |n| start + n)
}

fn is_mixed(text: &[u8]) -> bool {
    // A capital at the start only begins a word.
    let capital = text.iter().skip(1).any(u8::is_ascii_uppercase);
    capital
        || text
            .iter()
            .any(|c| c.is_ascii_digit() || b"!$#%&*+?^".contains(c))
}

/// A word that begins with a capital where a message would go on in small letters.
fn is_capitalised(text: &[u8]) -> bool {
    text.len() >= 6
        && at(text, 0).is_ascii_uppercase()
        && text
            .iter()
            .skip(1)
            .all(|c| c.is_ascii_lowercase() || *c >= 0x80)
        && ![&b"ed"[..], b"ing", b"ion"]
            .iter()
            .any(|end| text.ends_with(end))
}

/// `zimt-anis-kardamom`: words joined by dashes, as people make passphrases.
fn is_joined(text: &[u8]) -> bool {
    let word = |word: &[u8]| word.len() >= 3 && word.iter().all(u8::is_ascii_lowercase);
    text.len() >= 14
        && text.split(|c| *c == b'-').count() >= 3
        && text.split(|c| *c == b'-').all(word)
}

fn has_digit(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_digit)
}
