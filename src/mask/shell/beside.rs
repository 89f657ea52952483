//! Secrets whose program needn't be known: `-u name -p secret`, options that hundreds of programs share, and
//! what is fed to one, `<<< secret`.

use super::special::is_strong;
use super::words::{Word, push_pair, push_word, words};
use crate::mask::bytes::{at, before, cut, is_word, skip_blanks};
use crate::mask::span::Span;

/// A user is named no further from the secret, in words.
const NEAR: usize = 8;

/// Programs behind whose `-u` another program stands, with a `-p` of its own.
const LEADERS: &str = "sudo su runuser doas gosu env nohup mkdir cargo pip pip3 journalctl systemctl \
    docker podman nerdctl cp install lsof ps pgrep pkill top htop strace nmap ssh scp git rsync tar";

/// Appends the word behind `-p` or `-P` at `place`, if a user is named on its command line and it looks
/// like nothing but a secret.
pub(crate) fn beside(line: &[u8], place: usize, spans: &mut Vec<Span>) {
    if at(line, place) == b'<' {
        return fed(line, place, spans);
    }
    let start = line
        .iter()
        .take(place)
        .rposition(|c| b"|;&`(\"'".contains(c));
    let all = words(line, start.map_or(0, |n| n + 1));
    let text = |word: &Word| cut(line, word.start, word.end);
    let Some(n) = all.iter().position(|word| word.start == place) else {
        return;
    };
    let leads = |word: &Word| {
        let name = text(word).rsplit(|c| *c == b'/').next().unwrap_or_default();
        LEADERS
            .split_ascii_whitespace()
            .any(|l| l.as_bytes() == name)
    };
    if all.iter().take(n).any(leads) {
        return;
    }
    let first = n.saturating_sub(NEAR);
    let near = all.iter().zip(all.iter().skip(1));
    let user = near.skip(first).take(2 * NEAR).any(|(option, name)| {
        matches!(
            text(option),
            b"-u" | b"--user" | b"--username" | b"-U" | b"-user" | b"--login"
        ) && is_user(text(name))
    });
    let secret = all.get(n + 1).map(|word| word.bare(line));
    if let Some(word) = secret.filter(|word| user && is_drawn(cut(line, word.start, word.end))) {
        push_word(line, Some(word), spans);
    }
}

/// `--proxyauth user:x`, `--basic-auth user:x`: whether the option `name`, which ends at `end`, holds a
/// user and a secret.
pub(super) fn pair(line: &[u8], name: &[u8], end: usize, spans: &mut Vec<Span>) -> bool {
    let named = [&b"auth"[..], b"creds"].iter().any(|w| name.ends_with(w));
    let word = words(line, skip_blanks(line, end)).first().copied();
    let pair = word.filter(|word| named && is_pair(cut(line, word.start, word.end)));
    if let Some(word) = pair {
        push_pair(line, word.start, word.end, b':', spans);
    }
    pair.is_some()
}

/// `user:secret`, and no address.
fn is_pair(text: &[u8]) -> bool {
    let mut parts = text.split(|c| *c == b':');
    let (user, secret) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    parts.next().is_none()
        && user.iter().any(u8::is_ascii_alphabetic)
        && user
            .iter()
            .all(|c| is_word(*c) || matches!(c, b'.' | b'-' | b'@' | b'"' | b'\''))
        && secret.len() >= 4
        && !secret.starts_with(b"/")
        && !secret.iter().all(u8::is_ascii_digit)
}

/// `newtool login <<< x`: what nobody would write but as a secret.
fn fed(line: &[u8], place: usize, spans: &mut Vec<Span>) {
    let word = words(line, place + 3).first().map(|word| word.bare(line));
    if let Some(word) = word.filter(|word| is_strong(cut(line, word.start, word.end))) {
        push_word(line, Some(word), spans);
    }
}

fn is_user(text: &[u8]) -> bool {
    at(text, 0).is_ascii_alphabetic()
        && text
            .iter()
            .all(|c| is_word(*c) || matches!(c, b'.' | b'-' | b'@' | b'\\'))
}

/// Letters and digits or signs, as no port, file, level or package is written.
fn is_drawn(text: &[u8]) -> bool {
    let letters = text.iter().filter(|c| c.is_ascii_alphabetic()).count();
    let digits = text.iter().any(u8::is_ascii_digit);
    let signs = text.iter().any(|c| b"!#%^&*+?~".contains(c));
    let words = text.iter().filter(|c| **c == b'-').count() >= 2 && text.len() >= 16;
    let last = before(text, text.len());
    text.len() >= 6
        && letters >= 3
        && (digits || signs || words)
        && !matches!(last, b':' | b'/')
        && !text.iter().any(|c| matches!(c, b'/' | b':' | b',' | b'='))
        && !matches!(at(text, 0), b'-' | b'$' | b'.' | b'<' | b'[' | b'{')
}

#[cfg(test)]
mod tests {
    use crate::mask::cases_tests::found;

    #[test]
    fn a_secret_beside_a_user_is_one_whatever_the_program() {
        for (line, secret) in [
            ("$ newtool sync -u kim -p Zimt9Zimt", "Zimt9Zimt"),
            (
                "$ newtool -p zimt-anis-kardamom -u kim push",
                "zimt-anis-kardamom",
            ),
            (
                "C:\\> other.exe --username DOM\\kim -P 'Zimt#Anis'",
                "Zimt#Anis",
            ),
        ] {
            assert_eq!(found(line), [secret], "{line}");
        }
    }

    #[test]
    fn ports_paths_and_levels_stay() {
        for line in [
            "$ newtool -u kim -p 8080:80 run",
            "$ journalctl -u nginx1 -p err..alert",
            "$ sudo -u app mkdir -p build22",
            "$ newtool -u kim -p 5432",
            "$ newtool -u kim -p /srv/app22/x",
            "$ mkdir -p build22",
            "$ cargo test -p shop2-core -u kim",
        ] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
    }
}
