//! Secrets that are known by the words around them rather than by a name and a delimiter:
//! HTTP authorization, files with a fixed layout, configuration directives, expect scripts, and
//! the output of commands that print a secret.

mod asked;
mod awaits;
mod below;
mod directive;
mod file;
mod http;
mod next;
mod pair;
mod phrase;
mod reveals;
mod told;

use super::bytes::word_at;
use super::span::Span;
pub(crate) use awaits::{Awaits, Woken};
pub(crate) use directive::directive;
pub(crate) use file::userlist;
use file::{acl, imap, logon, netrc, pgpass, sent, shadow, snmp};
pub(crate) use http::pairs as cookie_pairs;
use http::{cookies, scheme};
pub(crate) use phrase::{phrase, phrases};
pub(crate) use reveals::REVEAL_TRIGGERS;

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
    ":5433:",
    ":5434:",
    ":5439:",
    ":6543:",
    ":26257:",
    "key-string ",
    "md5 ",
    "wpa-psk ",
    "radius",
    "tacacs server ",
    "\\set ",
    ".logon ",
    "negotiate ",
    "apikey ",
    "token ",
    " on >",
    " off >",
    " on #",
    " off #",
    "community",
    "key ",
    "334 UGFzc3dvcmQ6",
    "auth plain ",
    "chpasswd",
    "userlist.txt",
    "scratch codes",
    "recovery codes",
    "backup codes",
    "pass phrase",
    "ftp ",
    "createuser ",
    "default ",
    "mot de passe",
    "phrase secr",
    "contraseña",
    "verification code",
    "one-time code",
    "authentication code",
    "security code",
    "pin for",
    "enter pin",
    "passcode",
    "暗証番号",
    "command not found",
    "kennwort",
    "kind: secret",
    "\"kind\": \"secret\"",
    "stringdata:",
    "get secrets ",
    " pw ",
    "pw for ",
    "fold -",
    "\"keyname\": ",
    "pw is ",
    "zugangsdaten",
    "login",
    "\"securestring\"",
    "pin is ",
    "login code",
    "confirmation code",
    "zugang",
    "wg show",
    "mk dump:",
    " as the ",
];

/// Appends what the words around it give away.
pub(crate) fn find_all(line: &[u8], places: &[usize], spans: &mut Vec<Span>) {
    let (mut cookie, mut login) = (false, false);
    for &place in places {
        cookie |= word_at(line, place, b"cookie:");
        login |= [&b"machine "[..], b"login ", b"default "]
            .iter()
            .any(|word| word_at(line, place, word));
        scheme(line, place, spans);
        directive::around(line, place, spans);
        pgpass(line, place, spans);
        logon(line, place, spans);
        snmp(line, place, spans);
        imap(line, place, spans);
        acl(line, place, spans);
        sent(line, place, spans);
    }
    if cookie {
        cookies(line, spans);
    }
    shadow(line, spans);
    if login {
        netrc(line, spans);
    }
}

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
            let woken = Woken {
                words: true,
                asks: true,
                reveals: true,
                speaks: true,
            };
            awaits.line(line.as_bytes(), woken, &mut spans);
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
