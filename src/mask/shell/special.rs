//! Programs whose secret stands where no option says it.

use super::words::{Word, push, push_word};
use crate::mask::bytes::{at, back_blanks, before, contains, cut, find};
use crate::mask::names::{Strength, judge};
use crate::mask::span::Span;

/// Programs whose secret stands where no option says it.
pub(super) fn special(
    line: &[u8],
    place: usize,
    kind: &str,
    words: &[Word],
    spans: &mut Vec<Span>,
) {
    let text = |w: &Word| cut(line, w.start, w.end);
    let plain: Vec<Word> = words
        .iter()
        .copied()
        .filter(|w| !text(w).starts_with(b"-"))
        .collect();
    match kind {
        // htpasswd -b file user password; -nb user password
        "htpasswd" => {
            let flags = words
                .iter()
                .map(text)
                .filter(|t| t.starts_with(b"-"))
                .any(|t| t.contains(&b'b'));
            if flags && plain.len() >= 2 {
                push_word(line, plain.last().copied(), spans);
            }
        }
        // docker login -u name -p secret; elsewhere -p is a port
        "login" => {
            let logs_in = |w: &Word| matches!(text(w), b"login" | b"registry");
            let pairs = words.iter().zip(words.iter().skip(1));
            for (word, next) in pairs.filter(|_| plain.first().is_some_and(logs_in)) {
                if text(word) == b"-p" {
                    push_word(line, Some(*next), spans);
                }
            }
        }
        // rabbitmqctl add_user name password, change_password name password
        "rabbit" => {
            let verb = plain.first().map(text).unwrap_or_default();
            if matches!(
                verb,
                b"add_user" | b"change_password" | b"authenticate_user"
            ) {
                push_word(line, plain.get(2).copied(), spans);
            }
        }
        // mc alias set name url key secret
        "mc" => {
            if plain.first().map(text) == Some(b"alias") {
                push_word(line, plain.get(5).copied(), spans);
            } else if plain.first().map(text) == Some(b"admin")
                && plain.get(2).map(text) == Some(b"add")
            {
                push_word(line, plain.last().copied(), spans);
            }
        }
        // net user name password /add
        "net" => {
            let start = usize::from(
                plain
                    .first()
                    .map(text)
                    .is_some_and(|t| t.eq_ignore_ascii_case(b"user")),
            );
            // net use [drive:] \\\\server\\share secret /user:name
            if plain
                .first()
                .map(text)
                .is_some_and(|t| t.eq_ignore_ascii_case(b"use"))
            {
                let share = plain.iter().position(|w| text(w).starts_with(b"\\\\"));
                let secret = share.and_then(|n| plain.get(n + 1));
                if secret.is_some_and(|w| !matches!(text(w).first(), Some(b'/' | b'*'))) {
                    push_word(line, secret.copied(), spans);
                }
            }
            if start == 1 && plain.get(2).map(text).is_some_and(|t| !t.starts_with(b"/")) {
                push_word(line, plain.get(2).copied(), spans);
            }
        }
        // echo secret | sudo -S, echo user:secret | chpasswd, cryptsetup … <<< secret
        "piped" => piped(line, place, words, spans),
        // mkstore -createCredential service user secret
        "third" => {
            let verb = words.iter().position(|w| {
                text(w).eq_ignore_ascii_case(b"-createCredential")
                    || text(w).eq_ignore_ascii_case(b"-modifyCredential")
            });
            push_word(line, verb.and_then(|n| words.get(n + 3)).copied(), spans);
        }
        // consul kv put db/password secret; pulumi config set --secret dbPassword secret
        "kv" => {
            let puts = plain
                .iter()
                .take(3)
                .any(|w| matches!(text(w), b"put" | b"set"));
            let pairs = plain.iter().zip(plain.iter().skip(1));
            for (name, secret) in pairs.filter(|_| puts) {
                let last = text(name).rsplit(|c| *c == b'/').next().unwrap_or_default();
                if judge(last).is_some_and(|n| n.strength == Strength::Strong) {
                    push_word(line, Some(*secret), spans);
                }
            }
        }
        // aws ssm put-parameter --type SecureString --value secret
        "ssm" => {
            let secure = words.iter().any(|w| text(w) == b"SecureString");
            let value = words.iter().position(|w| text(w) == b"--value");
            if let Some(n) = value.filter(|_| secure) {
                push_word(line, words.get(n + 1).copied(), spans);
            }
        }
        // openssl passwd -6 secret
        "passwd" if plain.first().map(text) == Some(b"passwd") && plain.len() >= 2 => {
            push_word(line, plain.last().copied(), spans);
        }
        _ => {}
    }
}

/// What is piped or redirected into the program at `place`, when it reads a secret there.
fn piped(line: &[u8], place: usize, words: &[Word], spans: &mut Vec<Span>) {
    let text = |w: &Word| cut(line, w.start, w.end);
    let mut start = place;
    while start > 0 && !matches!(before(line, start), b' ' | b'|' | b'\t') {
        start -= 1;
    }
    // `| sudo chpasswd`: the pipe may stand before another program.
    let sudo = cut(line, 0, back_blanks(line, start));
    let program = cut(line, start, place + 16);
    let reads = if contains(cut(program, 0, 5), b"sudo") {
        words.iter().any(|w| {
            text(w) == b"--stdin"
                || text(w).starts_with(b"-")
                    && !text(w).starts_with(b"--")
                    && text(w).contains(&b'S')
        })
    } else if contains(program, b"chpasswd")
        || contains(program, b"kinit")
        || contains(program, b"cryptsetup")
    {
        true
    } else {
        words.iter().any(|w| {
            contains(text(w), b"stdin")
                || matches!(
                    text(w),
                    b"-s" | b"-i" | b"--passphrase-fd" | b"--with-token"
                )
        })
    };
    if !reads {
        return;
    }
    if let Some(here) = words.iter().position(|w| text(w) == b"<<<") {
        push_word(line, words.get(here + 1).copied(), spans);
        return;
    }
    let sudo = sudo
        .strip_suffix(b"sudo")
        .map_or(sudo, |lead| cut(line, 0, back_blanks(line, lead.len())));
    let Some(pipe) = sudo.len().checked_sub(1).filter(|_| sudo.ends_with(b"|")) else {
        return;
    };
    let lead = cut(line, 0, pipe);
    let echo = ["echo ", "printf "]
        .iter()
        .filter_map(|w| {
            let mut last = None;
            let mut i = 0;
            while let Some(n) = find(lead, i, w.as_bytes()) {
                last = Some(n);
                i = n + 1;
            }
            last.map(|n| n + w.len())
        })
        .max();
    let Some(echo) = echo else { return };
    let said = super::words::words(lead, echo);
    let Some(secret) = said.last().map(|w| w.bare(line)) else {
        return;
    };
    // user:secret
    let pair = contains(program, b"chpasswd");
    let colon = text(&secret)
        .iter()
        .position(|c| *c == b':')
        .filter(|_| pair);
    let from = secret.start + colon.map_or(0, |n| n + 1);
    let end = if cut(line, from, secret.end).ends_with(b"\\n") {
        secret.end - 2
    } else {
        secret.end
    };
    if at(line, from) != b'-' {
        push(line, from, end, spans);
    }
}
