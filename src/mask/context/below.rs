//! Lines whose value one above names: YAML's blocks, a form's field, codes, a netrc.

use super::awaits::REVEALED;
use super::next;
use crate::mask::bytes::{at, before, contains, cut, find, from, is_word, trim, word_at};
use crate::mask::names::{Strength, judge};
use crate::mask::span::{Class, Span};
use crate::mask::standin::is_placeholder;

/// What the lines below a line hold, as that line says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Below {
    #[default]
    Nothing,
    /// YAML: the value, indented deeper than its name; more than one line of it in a block.
    Value { indent: usize, block: bool },
    /// The value, alone in the next line.
    Next,
    /// user:secret lines for chpasswd.
    Pairs,
    /// A form's field, behind an empty line.
    Field,
    /// Recovery codes.
    Codes,
    /// What a login module of JAAS is given.
    Logins,
    /// PgBouncer's users, in a file that was named.
    Users,
    /// What ftp is told in a here-document.
    Ftp,
    /// The lines of a netrc that names its machine above.
    Machine,
    /// A user and a secret on lines of their own.
    Login,
    /// The second of these.
    Secret,
    /// What was typed at a shell, too early for the prompt it was for.
    Typed,
    /// Lines whose third word is secret: chap-secrets of pppd, secrets of davfs2.
    Third,
    /// Fields parted by colons, the last of them secret: .pcppass of Pgpool.
    LastField,
    /// What `wg show wg0 dump` prints: the interface's own key first, then that of each peer.
    Tunnel,
    /// Bytes in hexadecimal: the master key of LUKS.
    Bytes,
    /// A Secret of Kubernetes; within its data, which stands so deep.
    Manifest { data: Option<usize> },
    /// What a device knows of a server that it asks.
    Server,
}

/// A block or list below a line ends after so many lines.
const BELOW_LINES: u8 = 24;

impl Below {
    /// For how many lines it holds.
    pub(super) fn lines(self) -> u8 {
        match self {
            Below::Value { block: false, .. } => 1,
            Below::Server => 6,
            Below::Field | Below::Login => 3,
            Below::Typed | Below::Next => 1,
            _ => BELOW_LINES,
        }
    }

    /// What this holds at `line`, of which one line after the other is read.
    pub(super) fn at_line(self, line: &[u8]) -> Below {
        let Below::Manifest { data } = self else {
            return self;
        };
        let text = line.trim_ascii();
        let indent = line.len() - line.trim_ascii_start().len();
        let opens = [
            &b"data:"[..],
            b"stringData:",
            b"\"data\": {",
            b"\"stringData\": {",
        ];
        let data = match data {
            _ if opens.contains(&text) => Some(indent),
            Some(depth) if indent > depth => data,
            _ => None,
        };
        Below::Manifest { data }
    }
}

/// Keys of such a Secret whose values are none: where a service is, and as whom one logs in.
const OPEN: &[&str] = &[
    "username",
    "user",
    "login",
    "host",
    "hostname",
    "endpoint",
    "port",
    "database",
    "dbname",
    "db",
    "name",
    "namespace",
    "region",
    "bucket",
    "type",
    "issuer",
    "email",
    "crt",
    "cert",
    "server",
];

/// Whether the last word of the key `name` is one of these.
fn is_open(name: &[u8]) -> bool {
    let signs = |c: &u8| !c.is_ascii_alphanumeric();
    let mut words = name.rsplit(signs).filter(|word| !word.is_empty());
    words.next().is_some_and(|last| {
        OPEN.iter()
            .any(|word| last.eq_ignore_ascii_case(word.as_bytes()))
    })
}

/// Whether `text` is or prints a Secret of Kubernetes.
fn is_manifest(text: &[u8]) -> bool {
    let line = text.trim_ascii_start();
    let kind = [
        &b"kind: Secret"[..],
        b"\"kind\": \"Secret\",",
        b"\"kind\": \"Secret\"",
        b"stringData:",
    ];
    let shown = || {
        contains(text, b"get secret")
            && [
                &b"-o yaml"[..],
                b"-oyaml",
                b"-o json",
                b"-ojson",
                b"output yaml",
                b"output=yaml",
            ]
            .iter()
            .any(|format| memchr::memmem::find(text, format).is_some())
            && memchr::memmem::find(text, b"jsonpath").is_none()
    };
    kind.contains(&line) || shown()
}

/// What the lines below `line` hold; `words` says whether a word of this layer stands in it.
pub(super) fn opens(line: &[u8], words: bool) -> Below {
    if !words {
        return Below::Nothing;
    }
    let text = line.trim_ascii_end();
    if contains(text, b"chpasswd") && memchr::memmem::find(text, b"<<").is_some() {
        return if memchr::memmem::find(text, b"<<<").is_none() {
            Below::Pairs
        } else {
            Below::Nothing
        };
    }
    // chpasswd of cloud-init, whose list may be a block or a list of YAML
    if text.trim_ascii_start() == b"chpasswd:" {
        return Below::Pairs;
    }
    if memchr::memmem::find(text, b"userlist.txt").is_some() {
        return Below::Users;
    }
    let shows = |files: &[&[u8]]| {
        files.iter().any(|file| text.ends_with(file))
            && [&b"cat "[..], b"tail ", b"head ", b"less ", b"sed "]
                .iter()
                .any(|command| contains(text, command))
    };
    if shows(&[b"chap-secrets", b"pap-secrets", b"davfs2/secrets"]) {
        return Below::Third;
    }
    let asks_map = contains(text, b"postmap -q") && contains(text, b"passw");
    if asks_map || shows(&[b"rsyncd.secrets", b"rsync.secrets", b"pcp.conf"]) {
        return Below::Pairs;
    }
    // # client  server  secret  IP addresses
    if text.starts_with(b"#")
        && [&b"client"[..], b"server", b"secret"]
            .iter()
            .all(|word| contains(text, word))
        && text.len() < 80
    {
        return Below::Third;
    }
    if shows(&[b"pcppass"]) {
        return Below::LastField;
    }
    if contains(text, b"wg show ") && text.ends_with(b" dump") {
        return Below::Tunnel;
    }
    let first = text.trim_ascii_start();
    if word_at(first, 0, b"mk dump:") {
        return Below::Bytes;
    }
    if memchr::memmem::find(text, b"<<").is_some() && contains(text, b"ftp ") {
        return Below::Ftp;
    }
    if memchr::memmem::find(text, b"LoginModule required").is_some() {
        return Below::Logins;
    }
    if contains(text, b"form-data") {
        let name = find(text, 0, b"name=\"").map(|i| i + 6);
        let field = name.map(|i| from(text, i));
        let field = field.and_then(|f| Some(cut(f, 0, memchr::memchr(b'"', f)?)));
        let secret = field
            .and_then(judge)
            .is_some_and(|n| n.strength > Strength::Weak);
        return if secret { Below::Field } else { Below::Nothing };
    }
    // auth-user-pass of OpenVPN, credentials of mount.cifs
    if [
        &b"cat auth.txt"[..],
        b"/auth.txt",
        b"auth-user-pass.txt",
        b"/userpass.txt",
        b"cat userpass.txt",
    ]
    .iter()
    .any(|file| text.ends_with(file))
        && contains(text, b"cat ")
    {
        return Below::Login;
    }
    if first == b"<auth-user-pass>" {
        return Below::Login;
    }
    if text.starts_with(b"[sudo] password for ") && text.ends_with(b":") {
        return Below::Typed;
    }
    if word_at(line.trim_ascii_start(), 0, b"machine ") && find(text, 0, b"password").is_none() {
        return Below::Machine;
    }
    if text.ends_with(b":") && contains(text, b" codes") {
        let kinds = [
            &b"recovery code"[..],
            b"backup code",
            b"scratch code",
            b"one-time code",
        ];
        if kinds.iter().any(|kind| contains(text, kind)) {
            return Below::Codes;
        }
    }
    if is_manifest(text) {
        let inside = first == b"stringData:";
        let data = inside.then_some(line.len() - line.trim_ascii_start().len());
        return Below::Manifest { data };
    }
    if [&b"radius server "[..], b"tacacs server "]
        .iter()
        .any(|word| word_at(text, 0, word))
    {
        return Below::Server;
    }
    if next::opens(text) {
        return Below::Next;
    }
    // name: |
    let indent = line.len() - line.trim_ascii_start().len();
    let Some(colon) = memchr::memrchr(b':', text) else {
        return Below::Nothing;
    };
    let sign = cut(text, colon + 1, text.len()).trim_ascii();
    let block = matches!(at(sign, 0), b'|' | b'>');
    let name = cut(text, indent, colon);
    let name = name.strip_prefix(b"- ").unwrap_or(name);
    let name = name
        .strip_prefix(b"\"")
        .and_then(|n| n.strip_suffix(b"\""))
        .unwrap_or(name);
    let alone = name.iter().all(|c| is_word(*c) || matches!(c, b'-' | b'.'));
    if alone && (sign.is_empty() || block && sign.len() < 4) {
        let secret = judge(name).is_some_and(|n| n.strength > Strength::Weak);
        if secret {
            return Below::Value { indent, block };
        }
    }
    Below::Nothing
}

/// `ruamc-ihyyl`: groups of as many characters each.
fn is_grouped(word: &[u8]) -> bool {
    let mut groups = word.split(|c| *c == b'-').map(<[u8]>::len);
    let first = groups.next().unwrap_or(0);
    (4..=8).contains(&first) && word.len() > first && groups.all(|len| len == first)
}

/// Masks what `line` holds below one that opened `what`; false when it does not belong to it.
pub(super) fn below(what: Below, line: &[u8], spans: &mut Vec<Span>) -> bool {
    let (start, end) = trim(line, 0, line.len());
    let mut hide = |start: usize, end: usize| {
        if start < end && !is_placeholder(cut(line, start, end)) {
            spans.push(Span::new(start, end, REVEALED, Class::Password));
        }
    };
    let text = cut(line, start, end);
    match what {
        Below::Nothing => false,
        Below::Value { indent, block } => {
            if text.is_empty() {
                return block;
            }
            // What is a mapping or a list of its own is no value.
            let nested = memchr::memmem::find(text, b": ").is_some()
                || text.ends_with(b":")
                || text.starts_with(b"- ")
                || text.starts_with(b"-----");
            let words = text.iter().any(|c| matches!(c, b' ' | b'\t'));
            if start <= indent || !block && (nested || words) {
                return false;
            }
            if !nested {
                hide(start, end);
            }
            true
        }
        Below::Next => {
            if let Some((start, end)) = next::value(line) {
                hide(start, end);
            }
            false
        }
        Below::Pairs => {
            let marked = text.starts_with(b"> ") || text.starts_with(b"- ");
            let start = start + if marked { 2 } else { 0 };
            let Some(colon) = memchr::memchr(b':', cut(line, start, end)) else {
                return false;
            };
            // What holds a list, or whether passwords expire, is no pair of it.
            let name = cut(line, start, start + colon);
            let sign = cut(line, start + colon + 1, end).trim_ascii();
            let told = [&b"list"[..], b"expire", b"users"].contains(&name)
                && (sign.is_empty()
                    || matches!(
                        at(sign, 0),
                        b'|' | b'>' | b't' | b'f' | b'T' | b'F' | b'n' | b'y'
                    ));
            if !told {
                hide(start + colon + 1, end);
            }
            true
        }
        Below::Field => {
            if text.is_empty() || word_at(text, 0, b"content-") {
                return true;
            }
            if !text.starts_with(b"--") {
                hide(start, end);
            }
            false
        }
        Below::Codes => {
            let mut place = start;
            let mut any = text.is_empty();
            for word in text.split(|c| matches!(c, b' ' | b'\t')) {
                let code = (6..=40).contains(&word.len())
                    && word.iter().all(|c| c.is_ascii_alphanumeric() || *c == b'-')
                    && (word.iter().any(u8::is_ascii_digit) || is_grouped(word));
                if code {
                    hide(place, place + word.len());
                    any = true;
                }
                place += word.len() + 1;
            }
            any
        }
        Below::Users => {
            let gap = memchr::memmem::find(text, b"\" \"").filter(|_| text.starts_with(b"\""));
            if let Some(gap) = gap.filter(|_| text.ends_with(b"\"") && text.len() > 5) {
                hide(start + gap + 3, end - 1);
            }
            gap.is_some()
        }
        Below::Ftp => {
            let said = text.strip_prefix(b"> ").unwrap_or(text);
            let mut words = said.split(|c| *c == b' ');
            let first = words.next().unwrap_or_default();
            let user = first.eq_ignore_ascii_case(b"user") && words.next().is_some();
            if let Some(secret) = words.next().filter(|_| user && words.next().is_none()) {
                hide(end - secret.len(), end);
            }
            !text.is_empty()
        }
        Below::Logins => {
            // user_alice="x"
            if word_at(text, 0, b"user_")
                && let Some(equals) = memchr::memchr(b'=', text)
            {
                let value = cut(text, equals + 1, text.len());
                let ends = |c: &u8| matches!(c, b'"' | b'\'' | b';' | b' ');
                let lead = value.iter().take_while(|c| ends(c)).count();
                let tail = value.iter().rev().take_while(|c| ends(c)).count();
                let start = start + equals + 1;
                hide(start + lead, (start + value.len()).saturating_sub(tail));
            }
            !text.ends_with(b";")
        }
        Below::Login => {
            let one = !text.contains(&b' ') && text.len() >= 3;
            if one && text.len() >= 6 && text.iter().any(|c| !c.is_ascii_lowercase()) {
                hide(start, end);
            }
            one
        }
        Below::Secret => {
            if text.len() >= 4 && !text.contains(&b' ') {
                hide(start, end);
            }
            false
        }
        Below::Typed => {
            let last = text.iter().rposition(|c| *c == b' ').map_or(0, |n| n + 1);
            let word = cut(text, last, text.len());
            let prompt = last >= 2 && matches!(at(text, last - 2), b'$' | b'#' | b'%');
            let mixed =
                word.iter().any(u8::is_ascii_digit) && word.iter().any(u8::is_ascii_uppercase);
            if prompt && mixed && word.len() >= 6 && !word.contains(&b'/') {
                hide(start + last, end);
            }
            false
        }
        Below::Third => {
            let mut words = Vec::new();
            let mut place = start;
            while place < end && words.len() < 3 {
                let quoted = at(line, place) == b'"';
                let from = place + usize::from(quoted);
                let rest = cut(line, from, end);
                let length = if quoted {
                    memchr::memchr(b'"', rest)
                } else {
                    rest.iter().position(|c| matches!(c, b' ' | b'\t'))
                };
                let to = from + length.unwrap_or(rest.len());
                words.push((from, to));
                place = to + usize::from(quoted);
                place += cut(line, place, end)
                    .iter()
                    .take_while(|c| matches!(c, b' ' | b'\t'))
                    .count();
            }
            let comment = text.starts_with(b"#");
            if let Some((from, to)) = words.get(2).filter(|_| !comment) {
                hide(*from, *to);
            }
            comment || words.len() == 3
        }
        Below::LastField => {
            let colons = text.iter().filter(|c| **c == b':').count();
            if let Some(colon) = memchr::memrchr(b':', text).filter(|_| colons >= 3) {
                hide(start + colon + 1, end);
            }
            colons >= 1
        }
        Below::Tunnel => {
            let fields: Vec<&[u8]> = text.split(|c| *c == b'\t').collect();
            let mut place = start;
            for (n, field) in fields.iter().enumerate() {
                let key = field.len() == 44 && field.ends_with(b"=");
                // The interface has four fields, a peer eight.
                if key && n == usize::from(fields.len() > 5) {
                    hide(place, place + field.len());
                }
                place += field.len() + 1;
            }
            fields.len() >= 4
        }
        Below::Manifest { data } => {
            let Some(_) = data else {
                let ends = text == b"---" || text.is_empty() || at(line, 0) == b'$';
                return !ends && text.iter().any(|c| b":{}[]-".contains(c));
            };
            let pair = memchr::memchr(b':', text).filter(|colon| {
                let name = cut(text, 0, *colon);
                name.iter()
                    .all(|c| is_word(*c) || matches!(c, b'-' | b'.' | b'"' | b'\'' | b' '))
            });
            let (mut from, to) = trim(line, start + pair.map_or(0, |n| n + 1), end);
            let mut to = to - usize::from(before(line, to) == b',');
            if matches!(at(line, from), b'"' | b'\'') && before(line, to) == at(line, from) {
                (from, to) = (from + 1, to - 1);
            }
            let opens = pair.is_some_and(|colon| is_open(cut(text, 0, colon)))
                || matches!(
                    cut(line, from, to),
                    b"|" | b"|-" | b">" | b">-" | b"{}" | b"{"
                );
            if to > from + 1 && !opens {
                hide(from, to);
            }
            true
        }
        Below::Server => {
            if word_at(text, 0, b"key ") {
                let kind = at(text, 4).is_ascii_digit() && at(text, 5) == b' ';
                hide(start + 4 + 2 * usize::from(kind), end);
            }
            start > 0
        }
        Below::Bytes => {
            let pair = |part: &[u8]| part.len() == 2 && part.iter().all(u8::is_ascii_hexdigit);
            let bytes = text.strip_suffix(b":").unwrap_or(text);
            let all = bytes.len() >= 2 && bytes.split(|c| matches!(c, b':' | b' ')).all(pair);
            if all {
                hide(start, end);
            }
            all
        }
        Below::Machine => {
            for word in [&b"password "[..], b"passwd ", b"password\t"] {
                if word_at(text, 0, word) {
                    let (from, to) = trim(line, start + word.len(), end);
                    hide(from, to);
                    return true;
                }
            }
            [&b"login "[..], b"account ", b"login\t"]
                .iter()
                .any(|word| word_at(text, 0, word))
        }
    }
}
