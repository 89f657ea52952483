//! Secrets that are known by the words around them rather than by a name and a delimiter:
//! HTTP authorization, files with a fixed layout, configuration directives, expect scripts, and
//! the output of commands that print a secret.

use super::assign::{closing, opening};
use super::bytes::{at, back_blanks, before, contains, cut, find, from, is_word, skip_blanks};
use super::names::{Strength, judge};
use super::span::{Class, RuleId, Span};
use super::value::{is_password_hash, is_placeholder, is_prose, is_random};

const HTTP: RuleId = RuleId::new("http-authorization");
const FILE: RuleId = RuleId::new("credential-file");
const DIRECTIVE: RuleId = RuleId::new("directive");
const EXPECT: RuleId = RuleId::new("expect-send");
const REVEALED: RuleId = RuleId::new("revealed-secret");

/// Words that wake this layer.
pub(crate) const TRIGGERS: &[&str] = &[
    "bearer ",
    "basic ",
    "authorization",
    "digest ",
    "login ",
    "machine ",
    "assword",
    "assphrase",
    "send ",
    "exp_send",
    "sendline",
    "psk ",
    "psk \"",
    "eap \"",
    "xauth \"",
    "$6$",
    "$5$",
    "$y$",
    "$1$",
    "$2",
    "$apr1$",
    "{ssha",
    "scram-sha",
    "requirepass ",
    "masterauth ",
    "bindpw ",
    "rootpw ",
    "secret ",
    "password ",
    "passwd ",
    "passphrase ",
    "-community ",
    "community ",
    "set-cookie",
    "cookie:",
    "pass ",
    "authkey ",
    "auth-key ",
    ":5432:",
    ":3306:",
    ":*:",
    ":6432:",
    "key-string ",
    "md5 ",
    "wpa-psk ",
    "radius",
];

/// Appends what the words around it give away.
pub(crate) fn find_all(line: &[u8], places: &[usize], spans: &mut Vec<Span>) {
    for &place in places {
        scheme(line, place, spans);
        directive(line, place, spans);
    }
    cookies(line, spans);
    pgpass(line, spans);
    shadow(line, spans);
    netrc(line, spans);
}

/// `Bearer x`, `Basic x`, `Token x`, `Digest …`, behind `Authorization` or alone.
fn scheme(line: &[u8], place: usize, spans: &mut Vec<Span>) {
    for (word, least) in [
        (&b"bearer "[..], 8),
        (b"basic ", 12),
        (b"digest ", 24),
        (b"negotiate ", 16),
        (b"apikey ", 12),
        (b"token ", 12),
    ] {
        if !super::bytes::word_at(line, place, word) || is_word(before(line, place)) {
            continue;
        }
        let start = skip_blanks(line, place + word.len());
        let mut end = start;
        while at(line, end).is_ascii_alphanumeric()
            || matches!(
                at(line, end),
                b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b':' | b'%'
            )
        {
            end += 1;
        }
        let secret = cut(line, start, end);
        let header = contains(cut(line, 0, place), b"authorization");
        let mixed = secret
            .iter()
            .any(|c| c.is_ascii_digit() || c.is_ascii_uppercase() || *c == b'=');
        if secret.len() >= if header { 4 } else { least }
            && (mixed || header)
            && !is_placeholder(secret)
        {
            spans.push(Span::new(start, end, HTTP, Class::Token));
        }
    }
    // `Authorization: x` with a scheme of its own, or none.
    if super::bytes::word_at(line, place, b"authorization") {
        let mut i = place + 13;
        while matches!(
            at(line, i),
            b'"' | b'\'' | b'\\' | b' ' | b':' | b'=' | b'>'
        ) {
            i += 1;
        }
        let quote = memchr::memchr2(b'"', b'\'', from(line, i)).map_or(line.len(), |n| i + n);
        let value = cut(line, i, quote).trim_ascii();
        let mut parts = value.splitn(2, |c| *c == b' ');
        let (first, rest) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default().trim_ascii(),
        );
        if i > place + 13 && !is_placeholder(first) {
            if rest.is_empty() {
                if is_random(first) {
                    spans.push(Span::new(i, i + first.len(), HTTP, Class::Token));
                }
            } else if !is_placeholder(rest)
                && !is_prose(value)
                && first.iter().all(|c| is_word(*c) || matches!(c, b'-'))
            {
                let start = i + value.len() - rest.len();
                spans.push(Span::new(start, i + value.len(), HTTP, Class::Token));
            }
        }
    }
}

/// The values of session cookies.
fn cookies(line: &[u8], spans: &mut Vec<Span>) {
    let Some(start) = find(line, 0, b"cookie:") else {
        return;
    };
    let mut i = start + 7;
    while i < line.len() {
        let end = memchr::memchr3(b';', b'"', b'\'', from(line, i)).map_or(line.len(), |n| i + n);
        let pair = cut(line, i, end);
        if let Some(equals) = memchr::memchr(b'=', pair) {
            let value = cut(pair, equals + 1, pair.len()).trim_ascii();
            let name = cut(pair, 0, equals).trim_ascii();
            let told = [
                "sess", "auth", "token", "sid", "csrf", "xsrf", "jwt", "remember", "id",
            ]
            .iter()
            .any(|w| contains(name, w.as_bytes()));
            if value.len() >= 8
                && (told || is_random(value))
                && !["expires", "path", "domain", "max-age", "samesite"]
                    .iter()
                    .any(|a| name.eq_ignore_ascii_case(a.as_bytes()))
                && !name.starts_with(b"_ga")
            {
                spans.push(Span::new(i + equals + 1, end, HTTP, Class::Token));
            }
        }
        i = end + 1;
        if matches!(at(line, end), b'"' | b'\'') {
            break;
        }
    }
}

/// host:port:database:user:password of pgpass.
fn pgpass(line: &[u8], spans: &mut Vec<Span>) {
    let text = line.trim_ascii_start();
    let lead = line.len() - text.len();
    let mut colons = Vec::new();
    for (i, c) in text.iter().enumerate() {
        if *c == b':' && (i == 0 || at(text, i - 1) != b'\\') {
            colons.push(i);
        }
        if matches!(c, b' ' | b'/' | b'"' | b'=') && colons.len() < 4 {
            return;
        }
    }
    let [host, port, _, user, ..] = colons.as_slice() else {
        return;
    };
    let number = cut(text, host + 1, *port);
    let ports = number == b"*"
        || (2..=5).contains(&number.len())
            && number.iter().all(u8::is_ascii_digit)
            && number.len() >= 4;
    let secret = cut(text, user + 1, text.len());
    let secret = secret.trim_ascii_end();
    if ports
        && *host > 0
        && !secret.is_empty()
        && !is_placeholder(secret)
        && !secret.starts_with(b":")
    {
        spans.push(Span::new(
            lead + user + 1,
            lead + user + 1 + secret.len(),
            FILE,
            Class::Password,
        ));
    }
}

/// user:hash:19000:0:99999:7::: of shadow, user:hash of htpasswd, user:secret hashed in any way.
fn shadow(line: &[u8], spans: &mut Vec<Span>) {
    let mut start = 0;
    for field in line.split(|c| matches!(c, b':' | b' ' | b'\t' | b'"' | b'\'' | b',' | b'=')) {
        if is_password_hash(field) {
            spans.push(Span::new(start, start + field.len(), FILE, Class::Password));
        }
        start += field.len() + 1;
    }
}

/// machine h login u password p
fn netrc(line: &[u8], spans: &mut Vec<Span>) {
    let told = find(line, 0, b"machine ")
        .or_else(|| find(line, 0, b"login "))
        .or_else(|| find(line, 0, b"default "));
    let Some(told) = told.filter(|t| line.get(..*t).is_some_and(|l| l.trim_ascii().is_empty()))
    else {
        return;
    };
    for word in [&b"password "[..], b"passwd "] {
        if let Some(at_word) =
            find(line, told, word).filter(|p| matches!(before(line, *p), b' ' | b'\t' | 0))
        {
            let start = skip_blanks(line, at_word + word.len());
            let end = from(line, start)
                .iter()
                .position(|c| matches!(c, b' ' | b'\t'))
                .map_or(line.len(), |n| start + n);
            if start < end {
                spans.push(Span::new(start, end, FILE, Class::Password));
            }
        }
    }
}

/// `requirepass x`, `bindpw x`, `enable secret 5 x`, `: PSK "x"`, `password "x"`: a name, blanks,
/// a value.
fn directive(line: &[u8], place: usize, spans: &mut Vec<Span>) {
    let mut start = place;
    while is_word(before(line, start)) || matches!(before(line, start), b'-' | b'.') {
        start -= 1;
    }
    let mut end = place;
    while is_word(at(line, end)) || matches!(at(line, end), b'-' | b'.') {
        end += 1;
    }
    if !matches!(at(line, end), b' ' | b'\t')
        || matches!(before(line, start), b'"' | b'\'' | b'$' | b'\\' | b'@')
        || at(line, start) == b'-'
    {
        return;
    }
    let name = cut(line, start, end);
    let special = name.eq_ignore_ascii_case(b"eap")
        || name.eq_ignore_ascii_case(b"xauth")
        || name.eq_ignore_ascii_case(b"ntlm")
        || contains(name, b"community");
    let named = judge(name);
    if !special
        && !named.is_some_and(|n| n.strength == Strength::Strong || n.class == Class::Password)
    {
        return;
    }
    let mut value = skip_blanks(line, end);
    // Cisco says the kind of hash before it: `secret 5 $1$…`, `password 0 plain`.
    if at(line, value).is_ascii_digit()
        && matches!(at(line, value + 1), b' ')
        && line.len() > value + 3
    {
        value = skip_blanks(line, value + 1);
    }
    if let Some((body, quote, escapes)) = opening(line, value, 0) {
        let close = closing(line, body, quote, escapes);
        let text = cut(line, body, close);
        if text.len() >= 3
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
    let stop = from(line, value)
        .iter()
        .position(|c| matches!(c, b' ' | b'\t'))
        .map_or(line.len(), |n| value + n);
    let mut stop_secret = stop;
    while matches!(before(line, stop_secret), b';' | b',') && stop_secret > value {
        stop_secret -= 1;
    }
    let text = cut(line, value, stop_secret);
    let lead = cut(line, 0, back_blanks(line, start));
    let alone = skip_blanks(line, stop) >= line.len();
    let first = lead.trim_ascii().is_empty();
    let words = lead.split(|c| *c == b' ').filter(|w| !w.is_empty()).count();
    let mixed = text
        .iter()
        .any(|c| c.is_ascii_digit() || c.is_ascii_uppercase() || b"!$#%&*+?^".contains(c));
    let config = [
        &b"requirepass"[..],
        b"masterauth",
        b"bindpw",
        b"rootpw",
        b"key-string",
        b"masterpassword",
        b"ldapbindpasswd",
    ]
    .iter()
    .any(|n| name.eq_ignore_ascii_case(n));
    let device = [
        "username ",
        "enable ",
        "neighbor ",
        "snmp-server ",
        "tacacs-server ",
        "radius-server ",
        "set snmp",
        "set system",
        "user ",
        "crypto isakmp ",
        "ppp ",
        "line ",
        "encrypted-password",
        "ip ospf",
        "standby ",
        "set ",
        "auth ",
        "authentication ",
    ]
    .iter()
    .any(|d| {
        lead.trim_ascii_start()
            .get(..d.len())
            .is_some_and(|l| l.eq_ignore_ascii_case(d.as_bytes()))
    });
    let good = config && first
        || device && text.len() >= 4 && (mixed || special) && words <= 8
        || first
            && alone
            && mixed
            && text.len() >= 4
            && named.is_some_and(|n| n.strength == Strength::Strong);
    if good
        && !is_placeholder(text)
        && !text.starts_with(b"-")
        && !text.starts_with(b"=")
        && !text.starts_with(b"/")
        && !text.ends_with(b":")
        && !text.starts_with(b"(")
    {
        spans.push(Span::new(value, stop_secret, DIRECTIVE, Class::Password));
    }
}

/// What earlier lines let expect of the next ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Awaits {
    /// Lines left in which `send "…"` answers a password prompt.
    send: u8,
    /// Lines left in which a command prints a secret.
    revealed: u8,
}

/// expect scripts look this many lines back.
const SEND_LINES: u8 = 4;
/// A command that prints a secret prints it at once.
const REVEALED_LINES: u8 = 3;

impl Awaits {
    pub(crate) fn is_idle(self) -> bool {
        self == Awaits::default()
    }

    /// Reads `line`; `woken` when a word of this layer stands in it.
    pub(crate) fn line(&mut self, line: &[u8], woken: bool, spans: &mut Vec<Span>) {
        let asked = woken
            && (contains(line, b"assword")
                || contains(line, b"assphrase")
                || contains(line, b"pin:"))
            && (contains(line, b"expect")
                || contains(line, b"send")
                || line.contains(&b'*')
                || contains(line, b"-re ")
                || contains(line, b"interact"));
        if asked {
            self.send = SEND_LINES;
        }
        if self.send > 0 {
            for word in [&b"send"[..], b"exp_send", b"sendline", b"send_user"] {
                if let Some(i) = find(line, 0, word)
                    .filter(|i| !is_word(before(line, *i)) && word != b"send_user")
                {
                    sent(line, i, spans);
                    break;
                }
            }
            self.send -= 1;
        }
        if self.revealed > 0 {
            let text = line.trim_ascii();
            let start = line.len() - line.trim_ascii_start().len();
            let one = !text.is_empty()
                && !text.iter().any(|c| matches!(c, b' ' | b'\t'))
                && text.len() >= 6;
            let prompt = text.iter().rposition(|c| matches!(c, b'$' | b'#' | b'>'))
                == Some(text.len().wrapping_sub(1));
            if one && !prompt && !is_placeholder(text) {
                spans.push(Span::new(start, start + text.len(), REVEALED, Class::Token));
                self.revealed = 0;
            } else if text.contains(&b' ') {
                self.revealed = 0;
            } else {
                self.revealed -= 1;
            }
        }
        if woken && reveals(line) {
            self.revealed = REVEALED_LINES;
        }
    }
}

/// The string behind `send`, `send --`, without the newline it ends in.
fn sent(line: &[u8], i: usize, spans: &mut Vec<Span>) {
    let Some(open) = memchr::memchr2(b'"', b'\'', from(line, i)).map(|n| i + n) else {
        return;
    };
    if open - i > 24 {
        return;
    }
    let close = closing(line, open + 1, at(line, open), 0);
    let mut end = close;
    while end >= open + 3
        && before(line, end - 1) == b'\\'
        && matches!(before(line, end), b'r' | b'n')
    {
        end -= 2;
    }
    let text = cut(line, open + 1, end);
    if text.len() >= 3 && !is_placeholder(text) && !text.starts_with(b"$") {
        spans.push(Span::new(open + 1, end, EXPECT, Class::Password));
    }
}

/// Whether `line` is a command that prints a secret and nothing else.
fn reveals(line: &[u8]) -> bool {
    const COMMANDS: &[(&str, &[&str])] = &[
        ("kubectl get secret", &["jsonpath"]),
        ("kubectl get secret", &["template"]),
        ("kubectl get secret", &["custom-columns"]),
        ("kubectl create token", &[]),
        ("kubectl -n", &["get secret", "jsonpath"]),
        ("oc get secret", &["jsonpath"]),
        ("oc whoami", &["-t"]),
        ("oc sa get-token", &[]),
        ("oc serviceaccounts get-token", &[]),
        ("vault kv get", &["-field"]),
        ("vault read", &["-field"]),
        ("vault token create", &["-field"]),
        ("vault print token", &[]),
        ("bao kv get", &["-field"]),
        (
            "aws secretsmanager get-secret-value",
            &["secretstring", "text"],
        ),
        ("aws ssm get-parameter", &["with-decryption", "value"]),
        ("aws ecr get-login-password", &[]),
        ("aws rds generate-db-auth-token", &[]),
        ("aws configure get", &["secret"]),
        ("aws codeartifact get-authorization-token", &["text"]),
        ("gcloud secrets versions access", &[]),
        ("gcloud auth print-", &[]),
        ("gcloud auth application-default print-", &[]),
        ("az account get-access-token", &["tsv"]),
        ("az keyvault secret show", &["value"]),
        ("az acr credential show", &["password"]),
        ("az storage account keys list", &["value"]),
        ("op read", &[]),
        ("op item get", &["password"]),
        ("bw get password", &[]),
        ("bw get totp", &[]),
        ("bw unlock", &["--raw"]),
        ("pass show", &[]),
        ("gopass show", &[]),
        ("lpass show", &["--password"]),
        ("keepassxc-cli show", &["-a"]),
        ("security find-generic-password", &["-w"]),
        ("security find-internet-password", &["-w"]),
        ("secret-tool lookup", &[]),
        ("kwallet-query", &[]),
        ("gh auth token", &[]),
        ("glab auth token", &[]),
        ("heroku auth:token", &[]),
        ("flyctl auth token", &[]),
        ("fly auth token", &[]),
        ("doctl auth token", &[]),
        ("npm token create", &[]),
        ("openssl rand", &[]),
        ("pwgen", &[]),
        ("mkpasswd", &[]),
        ("apg ", &[]),
        ("wg genkey", &[]),
        ("wg genpsk", &[]),
        ("openvpn --genkey", &[]),
        ("xkcdpass", &[]),
        ("makepasswd", &[]),
        ("kubeadm token create", &[]),
        ("docker swarm join-token", &["-q"]),
        ("argocd account generate-token", &[]),
        ("argocd admin initial-password", &[]),
        ("k3s token create", &[]),
        ("cat /var/lib/rancher/k3s/server/node-token", &[]),
        ("terraform output", &["-raw"]),
        ("pulumi config get", &[]),
        ("pulumi stack output", &["--show-secrets"]),
        ("chamber read", &["-q"]),
        ("doppler secrets get", &["--plain"]),
        ("infisical secrets get", &["--plain"]),
        ("ansible-vault decrypt_string", &[]),
        ("heroku config:get", &[]),
        ("sops -d --extract", &[]),
        ("/dev/urandom", &["head -c"]),
        ("django.core.management.utils", &["get_random_secret_key"]),
        ("php artisan key:generate", &["--show"]),
        ("rails secret", &[]),
        ("rake secret", &[]),
        ("htpasswd -n", &[]),
        ("cat /run/secrets/", &[]),
        ("cat /var/run/secrets/", &["token"]),
        ("initialadminpassword", &["cat "]),
        ("printenv", &["pass"]),
        ("printenv", &["token"]),
        ("printenv", &["secret"]),
        ("echo $", &["pass"]),
        ("echo $", &["token"]),
        ("echo $", &["secret"]),
        ("echo \"$", &["pass"]),
        ("echo \"$", &["token"]),
    ];
    if line.len() > 2048 {
        return false;
    }
    COMMANDS.iter().any(|(command, also)| {
        contains(line, command.as_bytes())
            && also.iter().all(|a| contains(line, a.as_bytes()))
            && !line.trim_ascii_end().ends_with(b">")
            && !contains(line, b" > ")
    })
}

/// Words that wake [`reveals`].
pub(crate) const REVEAL_TRIGGERS: &[&str] = &[
    "get secret",
    "create token",
    "whoami -t",
    "get-token",
    "kv get",
    "vault read",
    "print token",
    "get-secret-value",
    "get-parameter",
    "get-login",
    "generate-db",
    "configure get",
    "get-authorization",
    "versions access",
    "auth print",
    "default print",
    "get-access-token",
    "secret show",
    "credential show",
    "keys list",
    "op read",
    "op item",
    "bw get",
    "bw unlock",
    "pass show",
    "lpass show",
    "keepassxc",
    "find-generic",
    "find-internet",
    "secret-tool",
    "kwallet",
    "auth token",
    "auth:token",
    "token create",
    "openssl rand",
    "pwgen",
    "mkpasswd",
    "wg gen",
    "genkey",
    "xkcdpass",
    "makepasswd",
    "join-token",
    "generate-token",
    "initial-password",
    "node-token",
    "terraform output",
    "config get",
    "stack output",
    "chamber read",
    "secrets get",
    "decrypt_string",
    "config:get",
    "sops -d",
    "/dev/urandom",
    "get_random_secret",
    "key:generate",
    "rails secret",
    "rake secret",
    "htpasswd -n",
    "run/secrets/",
    "initialadminpassword",
    "printenv",
    "echo $",
    "echo \"$",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> Vec<String> {
        let mut awaits = Awaits::default();
        let mut found = Vec::new();
        for line in text.lines() {
            let lower = line.to_lowercase();
            let mut places: Vec<usize> = TRIGGERS
                .iter()
                .flat_map(|t| lower.match_indices(t).map(|(i, _)| i))
                .collect();
            places.sort_unstable();
            let mut spans = Vec::new();
            find_all(line.as_bytes(), &places, &mut spans);
            awaits.line(line.as_bytes(), true, &mut spans);
            crate::mask::span::settle(&mut spans);
            found.extend(spans.iter().map(|s| line[s.start..s.end].to_owned()));
        }
        found
    }

    #[test]
    fn the_words_around_give_it_away() {
        for (text, secret) in [
            ("Authorization: Bearer tF_5.O9r-4.0UbJ", "tF_5.O9r-4.0UbJ"),
            (
                "curl -H \"Authorization: Basic BGhkFSZueloolGE=\" h",
                "BGhkFSZueloolGE=",
            ),
            ("Authorization: ApiKey abc:DEF123", "abc:DEF123"),
            ("db.example.net:5432:crm:app:hunter2", "hunter2"),
            ("*:*:*:postgres:p\\:w", "p\\:w"),
            ("machine h login bob password hunter2", "hunter2"),
            ("requirepass foobared", "foobared"),
            (": PSK \"jWBMtFLtbOJz\"", "jWBMtFLtbOJz"),
            ("grafana : EAP \"Anchor1997x\"", "Anchor1997x"),
            (
                "enable secret 5 $1$EesJ$vzQxdCgUDs7P",
                "$1$EesJ$vzQxdCgUDs7P",
            ),
            ("expect \"assword:\"\nsend \"cxyLPZ\\r\"", "cxyLPZ"),
            (
                "$ kubectl get secret db -o jsonpath='{.data.password}'\nWmMxOWZIbXd4U2t6",
                "WmMxOWZIbXd4U2t6",
            ),
            ("Cookie: theme=dark; sessionid=abcdef123456", "abcdef123456"),
        ] {
            assert_eq!(
                masked(text).first().map(String::as_str),
                Some(secret),
                "{text}"
            );
        }
    }

    #[test]
    fn ordinary_words_stay() {
        for text in [
            "The access token expired, so please log in again.",
            "Enter new password for user \"bob\": ",
            "basic training is over",
            "Invalid login attempt",
            "password authentication failed for user \"app\"",
            "Password for user app: ",
            "a:b:c:d:e",
            "2026-05-04 11:22:33 UTC [12:1] a",
            "passwd root",
            "secret santa party",
            "12:34:56:78:9a:bc",
        ] {
            assert_eq!(masked(text), [""; 0], "{text}");
        }
    }
}
