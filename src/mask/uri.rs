//! Userinfo in URIs: `scheme://user:secret@host`, also with characters that should have been
//! escaped, in JDBC strings, and in broken URIs.

use super::bytes::{at, before, cut};
use super::span::{Class, RuleId, Span};
use super::standin::is_placeholder;
use super::value::is_random;

const RULE: RuleId = RuleId::new("uri-userinfo");

/// The longest authority that is looked at.
const AUTHORITY_MAX: usize = 512;

/// Appends the password of each URI whose `://` stands at one of `places`.
pub(crate) fn find(line: &[u8], places: &[usize], spans: &mut Vec<Span>) {
    for &place in places {
        let scheme = scheme(line, place);
        if scheme.is_empty() {
            continue;
        }
        let start = place + 3;
        let Some(host) = userinfo_end(line, start) else {
            cut_short(line, scheme, start, spans);
            continue;
        };
        let userinfo = cut(line, start, host);
        // scheme://[user[:password]@]host of a manual
        if userinfo.contains(&b'[') && (userinfo.contains(&b']') || at(line, host + 1) == b']') {
            continue;
        }
        // scheme://user:pass@host
        if [
            &b"user:pass"[..],
            b"user:passwd",
            b"user:pw",
            b"username:pass",
            b"usr:pwd",
        ]
        .contains(&userinfo)
        {
            continue;
        }
        match userinfo.iter().position(|c| *c == b':') {
            Some(colon) => {
                let from = start + colon + 1;
                let password = cut(line, from, host);
                if !is_placeholder(password) && !is_port_of(password, line, host) {
                    spans.push(Span::new(from, host, RULE, Class::Password));
                }
                // A token for a user name: `https://TOKEN:x-oauth-basic@host`.
                let user = cut(line, start, start + colon);
                if is_random(user) && user.len() >= 20 {
                    spans.push(Span::new(start, start + colon, RULE, Class::Token));
                }
            }
            None if is_random(userinfo) && userinfo.len() >= 16 => {
                spans.push(Span::new(start, host, RULE, Class::Token));
            }
            None => {}
        }
    }
}

/// Schemes of what people log in to.
const LOGINS: [&[u8]; 22] = [
    b"postgres",
    b"postgresql",
    b"mysql",
    b"mariadb",
    b"redis",
    b"rediss",
    b"mongodb",
    b"mongodb+srv",
    b"amqp",
    b"amqps",
    b"http",
    b"https",
    b"ftp",
    b"ftps",
    b"sftp",
    b"smtp",
    b"smtps",
    b"imap",
    b"ldap",
    b"ldaps",
    b"clickhouse",
    b"socks5",
];

/// `postgres://app:s3cr3` at the end of a line: the window, the pager or the editor has no room for the
/// rest, and marks the place with `>`, `$` or `…`, or not at all. No port has letters.
fn cut_short(line: &[u8], scheme: &[u8], start: usize, spans: &mut Vec<Span>) {
    let known = |login: &&[u8]| scheme.eq_ignore_ascii_case(login);
    if !LOGINS.iter().any(known) {
        return;
    }
    let mut end = line.trim_ascii_end().len().max(start);
    let marks: [&[u8]; 4] = [b">", b"$", b"|", "…".as_bytes()];
    if let Some(mark) = marks
        .iter()
        .find(|mark| cut(line, start, end).ends_with(mark))
    {
        end -= mark.len();
    }
    let rest = cut(line, start, end);
    let Some(colon) = memchr::memchr(b':', rest) else {
        return;
    };
    let (user, password) = (cut(rest, 0, colon), cut(rest, colon + 1, rest.len()));
    let named = user
        .iter()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.' | b'%' | b'+'));
    let inside = |c: &u8| {
        !matches!(
            c,
            b' ' | b'\t' | b'"' | b'\'' | b'`' | b'/' | b'?' | b'<' | b'>' | b'{' | b'(' | b')'
        )
    };
    let both =
        password.iter().any(u8::is_ascii_digit) && password.iter().any(u8::is_ascii_alphabetic);
    if named
        && password.len() >= 4
        && both
        && password.iter().all(inside)
        && !is_placeholder(password)
    {
        let start = start + colon + 1;
        spans.push(Span::new(start, end, RULE, Class::Password));
    }
}

/// `user:secret@…` that no scheme leads: behind `\\connect` and `--uri` of MySQL Shell, and in the
/// DSN of Go's drivers, `user:secret@tcp(host)`. The word stands at, or reaches to, `place`.
pub(crate) fn bare(line: &[u8], place: usize, spans: &mut Vec<Span>) {
    let (start, host) = if at(line, place) == b'@' {
        let mut start = place;
        while start > 0
            && place - start < AUTHORITY_MAX
            && !matches!(
                before(line, start),
                b' ' | b'\t' | b'"' | b'\'' | b'`' | b'=' | b'/'
            )
        {
            start -= 1;
        }
        (start, place)
    } else {
        let blank = cut(line, place, line.len())
            .iter()
            .position(|c| matches!(c, b' ' | b'='));
        // curl: (6) Could not resolve host: user:secret@host
        let blank = if super::bytes::word_at(line, place, b"resolve host: ") {
            Some(13)
        } else {
            blank
        };
        let start = super::bytes::skip_blanks(line, blank.map_or(line.len(), |n| place + n + 1));
        let end = cut(line, start, line.len())
            .iter()
            .position(|c| matches!(c, b' ' | b'\t' | b'"' | b'\''))
            .map_or(line.len(), |n| start + n);
        let host = cut(line, start, end).iter().rposition(|c| *c == b'@');
        let Some(host) = host.map(|n| start + n).filter(|h| is_name(line, h + 1)) else {
            return;
        };
        (start, host)
    };
    let userinfo = cut(line, start, host);
    let Some(colon) = userinfo.iter().position(|c| *c == b':') else {
        return;
    };
    let user = cut(userinfo, 0, colon);
    let password = cut(userinfo, colon + 1, userinfo.len());
    if user
        .iter()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.'))
        && !password.starts_with(b"//")
        && !is_placeholder(password)
    {
        spans.push(Span::new(start + colon + 1, host, RULE, Class::Password));
    }
}

fn is_name(line: &[u8], i: usize) -> bool {
    at(line, i).is_ascii_alphanumeric()
}

fn scheme(line: &[u8], end: usize) -> &[u8] {
    let mut start = end;
    while end - start < 40
        && (at(line, start.wrapping_sub(1)).is_ascii_alphanumeric()
            || matches!(before(line, start), b'+' | b'.' | b'-'))
    {
        start -= 1;
    }
    cut(line, start, end)
}

/// Where the userinfo that starts at `start` ends: at the last `@` before the path. A password
/// with a bare `/`, `#` or `?` in it does not hide: then the last `@` before a blank or quote whose
/// text still looks like `user:secret` counts.
fn userinfo_end(line: &[u8], start: usize) -> Option<usize> {
    let limit = line.len().min(start + AUTHORITY_MAX);
    let (mut strict, mut loose) = (None, None);
    let mut in_path = false;
    let mut colon = false;
    for i in start..limit {
        match at(line, i) {
            b' ' | b'\t' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'|' => break,
            b'(' | b')' if !colon => break,
            b',' if strict.is_some() => break,
            b'/' | b'?' | b'#' => {
                if !colon {
                    break;
                }
                in_path = true;
            }
            b':' if !in_path => colon = true,
            b'@' if !in_path => strict = Some(i),
            b'@' if strict.is_none() && loose.is_none() && is_host(line, i + 1) => loose = Some(i),
            _ => {}
        }
    }
    strict.or(loose)
}

/// Whether a host with a dot, a port or a path stands at `i`.
fn is_host(line: &[u8], i: usize) -> bool {
    let mut end = i;
    while at(line, end).is_ascii_alphanumeric() || matches!(at(line, end), b'.' | b'-' | b'_') {
        end += 1;
    }
    end > i && (matches!(at(line, end), b':' | b'/') || cut(line, i, end).contains(&b'.'))
}

/// `redis://host:6379,@`: what looks like a password is a port.
fn is_port_of(password: &[u8], line: &[u8], host: usize) -> bool {
    password.is_empty()
        || password.len() <= 5
            && password.iter().all(u8::is_ascii_digit)
            && !is_host(line, host + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(line: &str) -> Vec<&str> {
        let places: Vec<usize> = line.match_indices("://").map(|(i, _)| i).collect();
        let mut spans = Vec::new();
        find(line.as_bytes(), &places, &mut spans);
        spans.iter().map(|s| &line[s.start..s.end]).collect()
    }

    #[test]
    fn passwords_in_uris() {
        for (line, secret) in [
            (
                "psql postgresql://app:hunter2@db:5432/crm?sslmode=require",
                "hunter2",
            ),
            ("redis://:s3cr3t@cache:6379/0", "s3cr3t"),
            ("amqp://u:p%40ss@h/v", "p%40ss"),
            (
                "mongodb+srv://root:p@ss:word@cluster0.ab.mongodb.net/",
                "p@ss:word",
            ),
            ("\"mysql://u:a/b#c@db.example.net/x\"", "a/b#c"),
            (
                "git clone https://ghx_AbCdEf0123456789xyz@github.com/o/r",
                "ghx_AbCdEf0123456789xyz",
            ),
        ] {
            assert_eq!(masked(line), [secret], "{line}");
        }
    }

    #[test]
    fn what_is_left_of_a_uri_at_the_end_of_a_line_holds_a_password() {
        for (line, secret) in [
            ("DATABASE_URL=postgres://bob:hunt3r>", "hunt3r"),
            ("$ psql postgresql://app:hunt3r-4", "hunt3r-4"),
            ("x=\"amqp://u:p%40ss…", "p%40ss"),
            ("redis://:s3cr3t$", "s3cr3t"),
        ] {
            assert_eq!(masked(line), [secret], "{line}");
        }
    }

    #[test]
    fn uris_without_passwords_stay() {
        for line in [
            "https://example.com:8080/a@b",
            "ssh://git@github.com/o/r.git",
            "http://h/p?mail=a@b.c",
            "https://user@host/",
            "postgres://app:$PGPASSWORD@db/x",
            "see http://a:80/ and b@c.de",
            "docker://alpine:3.18rc1",
            "listening on http://node:9100",
            "redis://cache:6379>",
            "postgres://app:$PGPASS1",
            "http://host:port1/",
        ] {
            assert_eq!(masked(line), [""; 0], "{line}");
        }
    }
}
