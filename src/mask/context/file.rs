//! Lines of files and protocols whose layout says where the secret stands: pgpass, netrc, shadow,
//! htpasswd, PgBouncer's user list, Redis' ACL file, IMAP's LOGIN.

use crate::mask::bytes::{at, before, cut, find, from, skip_blanks, trim, word_at};
use crate::mask::span::{Class, RuleId, Span};
use crate::mask::standin::is_placeholder;
use crate::mask::value::{is_hex, is_password_hash, is_stop_word};

const FILE: RuleId = RuleId::new("credential-file");

/// host:port:database:user:password of pgpass, a line of its own or a word; its port stands at `place`.
pub(super) fn pgpass(line: &[u8], place: usize, spans: &mut Vec<Span>) {
    if at(line, place) != b':' {
        return;
    }
    let mut lead = place;
    while lead > 0 && !matches!(before(line, lead), b' ' | b'\t' | b'"' | b'\'') {
        lead -= 1;
    }
    let alone = cut(line, 0, lead).trim_ascii().is_empty();
    let rest = from(line, lead);
    let end = rest
        .iter()
        .position(|c| matches!(c, b' ' | b'\t' | b'"' | b'\''));
    let text = cut(rest, 0, end.filter(|_| !alone).unwrap_or(rest.len()));
    let mut colons = Vec::new();
    for (i, c) in text.iter().enumerate() {
        if *c == b':' && (i == 0 || at(text, i - 1) != b'\\') {
            colons.push(i);
        }
        if matches!(c, b' ' | b'/' | b'"' | b'=') && colons.len() < 4 {
            return;
        }
    }
    let [host, port, database, user, ..] = colons.as_slice() else {
        return;
    };
    let number = cut(text, host + 1, *port);
    let ports = number == b"*"
        || (2..=5).contains(&number.len())
            && number.iter().all(u8::is_ascii_digit)
            && number.len() >= 4;
    let secret = cut(text, user + 1, text.len());
    let secret = secret.trim_ascii_end();
    let login = cut(text, database + 1, *user);
    let named = login
        .iter()
        .all(|c| c.is_ascii_alphanumeric() || *c >= 0x80 || b"_.@*\\-$:".contains(c));
    // name:*:19000:0:99999:7::: of shadow, an account without a password
    let shadow = [cut(text, port + 1, *database), login]
        .iter()
        .all(|field| !field.is_empty() && field.iter().all(u8::is_ascii_digit))
        && number == b"*";
    if ports
        && named
        && !shadow
        && *host > 0
        && !secret.is_empty()
        && !is_placeholder(secret)
        && !secret.starts_with(b":")
    {
        let start = lead + user + 1;
        spans.push(Span::new(
            start,
            start + secret.len(),
            FILE,
            Class::Password,
        ));
    }
}

/// user:hash:19000:0:99999:7::: of shadow, user:hash of htpasswd, user:secret hashed in any way.
pub(super) fn shadow(line: &[u8], spans: &mut Vec<Span>) {
    if memchr::memchr3(b'$', b'{', b':', line).is_none() {
        return;
    }
    let mut start = 0;
    for field in line.split(|c| matches!(c, b':' | b' ' | b'\t' | b'"' | b'\'' | b',' | b'=')) {
        if is_password_hash(field) {
            spans.push(Span::new(start, start + field.len(), FILE, Class::Password));
        }
        start += field.len() + 1;
    }
}

/// machine h login u password p; also typed, or in an `echo`
pub(super) fn netrc(line: &[u8], spans: &mut Vec<Span>) {
    let whole = find(line, 0, b"machine ").filter(|m| find(line, *m, b" login ").is_some());
    let first = |word: &[u8]| {
        find(line, 0, word).filter(|t| line.get(..*t).is_some_and(|l| l.trim_ascii().is_empty()))
    };
    let told = whole
        .or_else(|| first(b"machine "))
        .or_else(|| first(b"login "))
        .or_else(|| first(b"default "));
    let Some(told) = told else { return };
    // Nothing but names and what they hold stands there: `login failed` begins a sentence.
    let mut i = told;
    while i < line.len() {
        let (start, end) = word_behind(line, i);
        let name = cut(line, start, end);
        let is = |word: &str| name.eq_ignore_ascii_case(word.as_bytes());
        if is("default") {
            i = end;
            continue;
        }
        if ![
            "machine", "login", "user", "account", "password", "passwd", "port", "protocol",
        ]
        .iter()
        .any(|word| is(word))
        {
            return;
        }
        let (start, end) = word_behind(line, end);
        if is("password") || is("passwd") {
            let end = end - usize::from(matches!(before(line, end), b'"' | b'\''));
            let text = cut(line, start, end);
            if !is_stop_word(text) && text.iter().any(u8::is_ascii_alphanumeric) {
                push(start, end, spans);
            }
        }
        i = end;
    }
}

/// `"user" "secret"` of PgBouncer, and nothing else on the line.
pub(crate) fn userlist(line: &[u8], spans: &mut Vec<Span>) {
    let text = line.trim_ascii();
    let Some(body) = text.strip_prefix(b"\"").and_then(|t| t.strip_suffix(b"\"")) else {
        return;
    };
    let Some(gap) = memchr::memmem::find(body, b"\" \"") else {
        return;
    };
    let (user, secret) = (cut(body, 0, gap), cut(body, gap + 3, body.len()));
    let named = !user.is_empty()
        && user
            .iter()
            .all(|c| c.is_ascii_alphanumeric() || b"_.-".contains(c));
    let mixed = secret.iter().any(|c| !c.is_ascii_lowercase());
    // A sentence has no digit inside of a word.
    let blank = secret.contains(&b' ')
        && !secret
            .windows(3)
            .any(|w| matches!(w, [a, b, c] if a.is_ascii_alphabetic() && b.is_ascii_digit() && c.is_ascii_alphabetic()));
    if named
        && mixed
        && secret.len() >= 4
        && !blank
        && !secret.contains(&b'"')
        && !secret.starts_with(b"SCRAM-SHA-256$<")
    {
        let start = line.len() - line.trim_ascii_start().len() + 1 + gap + 3;
        push(start, start + secret.len(), spans);
    }
}

/// `user alice on >secret #hash ~* +@all` of Redis' ACL file; `place` is where ` on ` stands.
pub(super) fn acl(line: &[u8], place: usize, spans: &mut Vec<Span>) {
    let Some(user) = find(line, 0, b"user ").filter(|user| *user <= place) else {
        return;
    };
    let (_, name) = word_behind(line, user + 5);
    let on = [&b" on "[..], b" off "]
        .iter()
        .any(|w| word_at(line, name, w));
    if !on {
        return;
    }
    let place = name;
    let mut start = place;
    for word in from(line, place).split(|c| *c == b' ') {
        let plain =
            matches!(word.first(), Some(b'>' | b'<')) && word.len() > 1 && !is_placeholder(word);
        let hash = word.first() == Some(&b'#') && word.len() == 65 && is_hex(cut(word, 1, 65));
        if plain || hash {
            push(start + 1, start + word.len(), spans);
        }
        start += word.len() + 1;
    }
}

/// `USER bot\r\nPASS x\r\n` as a trace shows what is sent; `AUTH PLAIN x` of SMTP.
pub(super) fn sent(line: &[u8], place: usize, spans: &mut Vec<Span>) {
    let behind_newline = place >= 2 && cut(line, place - 2, place) == b"\\n";
    // write(4, "PASS x\r\n", 17)
    let written = before(line, place) == b'"'
        && (find(line, 0, b"write(").is_some() || find(line, 0, b"send").is_some());
    if cut(line, place, place + 5) == b"PASS " && (behind_newline || written) {
        let rest = from(line, place + 5);
        let end = memchr::memchr2(b'\\', b'"', rest).unwrap_or(rest.len());
        if !is_placeholder(cut(rest, 0, end)) {
            push(place + 5, place + 5 + end, spans);
        }
    }
    if word_at(line, place, b"auth plain ") {
        let (start, end) = word_behind(line, place + 11);
        let text = cut(line, start, end);
        let base64 = text
            .iter()
            .all(|c| c.is_ascii_alphanumeric() || b"+/=".contains(c));
        if base64
            && text.len() >= 8
            && text
                .iter()
                .any(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
        {
            push(start, end, spans);
        }
    }
}

/// `a1 LOGIN bob secret` of IMAP: a tag, the command in capitals, two words.
pub(super) fn imap(line: &[u8], place: usize, spans: &mut Vec<Span>) {
    let (tag, _) = trim(line, 0, place);
    let one = cut(line, tag, place).trim_ascii();
    // `C: a1 LOGIN` of a log
    let one = one.strip_prefix(b"C: ").unwrap_or(one);
    if cut(line, place, place + 6) != b"LOGIN "
        || one.is_empty()
        || !one.iter().all(u8::is_ascii_alphanumeric)
    {
        return;
    }
    let (_, user) = word_behind(line, place + 6);
    let (start, end) = word_behind(line, user);
    if start < end && skip_blanks(line, end) >= line.len() {
        let quoted = at(line, start) == b'"' && before(line, end) == b'"';
        let by = usize::from(quoted && end > start + 1);
        push(start + by, end - by, spans);
    }
}

/// `.LOGON host/user,secret` of Teradata.
pub(super) fn logon(line: &[u8], place: usize, spans: &mut Vec<Span>) {
    if !word_at(line, place, b".logon ") {
        return;
    }
    let (start, end) = word_behind(line, place + 7);
    if let Some(comma) = memchr::memchr(b',', cut(line, start, end)) {
        let end = end - usize::from(before(line, end) == b';');
        push(start + comma + 1, end, spans);
    }
}

/// `createUser bob SHA "secret" AES "secret"` of snmpd.
pub(super) fn snmp(line: &[u8], place: usize, spans: &mut Vec<Span>) {
    if !word_at(line, place, b"createuser ") {
        return;
    }
    let mut i = word_behind(line, place + 11).1;
    while i < line.len() {
        let (start, end) = word_behind(line, i);
        let protocol = cut(line, start, end);
        let known = [&b"MD5"[..], b"SHA", b"DES", b"AES"]
            .iter()
            .any(|p| protocol.starts_with(p));
        if !known {
            return;
        }
        let (start, end) = word_behind(line, end);
        let by = usize::from(at(line, start) == b'"' && before(line, end) == b'"');
        push(start + by, end - by, spans);
        i = end;
    }
}

fn word_behind(line: &[u8], i: usize) -> (usize, usize) {
    let start = skip_blanks(line, i);
    if at(line, start) == b'"' {
        let close = memchr::memchr(b'"', from(line, start + 1));
        return (start, close.map_or(line.len(), |n| start + n + 2));
    }
    let blank = from(line, start)
        .iter()
        .position(|c| matches!(c, b' ' | b'\t'));
    (start, blank.map_or(line.len(), |n| start + n))
}

fn push(start: usize, end: usize, spans: &mut Vec<Span>) {
    if start < end {
        spans.push(Span::new(start, end, FILE, Class::Password));
    }
}
