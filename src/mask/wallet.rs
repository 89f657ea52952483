//! Keys of wallets that have no prefix: mnemonic phrases (BIP 39), private keys in base 58, and the
//! lists of bytes in which Solana keeps its keys.

use super::bytes::{at, before, contains, cut, is_word};
use super::classes::Classes;
use super::span::{Class, RuleId, Span};
use std::sync::OnceLock;

const PHRASE: RuleId = RuleId::new("mnemonic-phrase");
const BYTES: RuleId = RuleId::new("key-bytes");
const PRIVATE: RuleId = RuleId::new("wallet-key");

/// The fewest words of a phrase (BIP 39: 12, 15, 18, 21 or 24).
const WORDS_MIN: usize = 12;

/// Appends the keys of `line`, whose bytes are sorted.
pub(crate) fn find(line: &[u8], classes: &Classes, spans: &mut Vec<Span>) {
    phrases(line, &classes.phrases, spans);
    if classes.bracket {
        bytes(line, spans);
    }
    alone(line, spans);
}

/// What words of a phrase and what parts them are made of: also numbered, quoted, with commas.
fn in_phrase(c: u8) -> bool {
    c.is_ascii_lowercase()
        || c.is_ascii_digit()
        || matches!(c, b' ' | b',' | b'"' | b'\'' | b'.' | b')')
}

/// Appends the phrases in the runs of `line` that hold one of `places`.
fn phrases(line: &[u8], places: &[usize], spans: &mut Vec<Span>) {
    let mut done = 0;
    for &place in places {
        if place < done {
            continue;
        }
        let mut start = place;
        while in_phrase(before(line, start)) {
            start -= 1;
        }
        let mut end = place;
        while end < line.len() && in_phrase(at(line, end)) {
            end += 1;
        }
        if is_even(cut(line, start, end)) {
            words(line, start, end, spans);
        }
        done = end;
    }
}

/// Whether so many words of three to eight letters stand behind one another: hardly ever in prose.
fn is_even(text: &[u8]) -> bool {
    let (mut run, mut letters) = (0, 0);
    for c in text.iter().chain([&b' ']) {
        if c.is_ascii_lowercase() {
            letters += 1;
        } else if letters > 0 {
            run = if (3..=8).contains(&letters) {
                run + 1
            } else {
                0
            };
            if run >= WORDS_MIN {
                return true;
            }
            letters = 0;
        }
    }
    false
}

/// Appends the phrases in `line[start..end]`: so many words of the list behind one another.
fn words(line: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    let mut phrase: Vec<(usize, usize)> = Vec::new();
    let mut i = start;
    let mut close = |phrase: &mut Vec<(usize, usize)>| {
        if let (Some((first, _)), Some((_, last))) = (phrase.first(), phrase.last())
            && phrase.len() >= WORDS_MIN
        {
            let mut kinds: Vec<_> = phrase.iter().map(|(a, b)| cut(line, *a, *b)).collect();
            kinds.sort_unstable();
            kinds.dedup();
            // Drawn at random, hardly a word comes twice.
            let named = || {
                let lead = cut(line, 0, *first);
                contains(lead, b"seed") || contains(lead, b"mnemonic")
            };
            if kinds.len() * 4 >= phrase.len() * 3 || named() {
                spans.push(Span::new(*first, *last, PHRASE, Class::Key));
            }
        }
        phrase.clear();
    };
    while i < end {
        let from = i;
        while i < end && at(line, i).is_ascii_lowercase() {
            i += 1;
        }
        if i == from {
            i += 1;
            continue;
        }
        let whole = !is_word(before(line, from)) && !is_word(at(line, i));
        if whole && is_listed(cut(line, from, i)) {
            phrase.push((from, i));
        } else {
            close(&mut phrase);
        }
    }
    close(&mut phrase);
}

/// Whether `word` is of the English list (github.com/bitcoin/bips, bip-0039/english.txt).
fn is_listed(word: &[u8]) -> bool {
    static LIST: OnceLock<Vec<&'static [u8]>> = OnceLock::new();
    (3..=8).contains(&word.len())
        && LIST
            .get_or_init(|| {
                let text = include_str!("rules/bip39.txt");
                text.lines().map(str::as_bytes).collect()
            })
            .binary_search(&word)
            .is_ok()
}

/// A list of 64 bytes as numbers: an Ed25519 key pair as Solana's tools keep it.
fn bytes(line: &[u8], spans: &mut Vec<Span>) {
    const COUNT: usize = 64;
    for open in memchr::memchr_iter(b'[', line) {
        if !at(line, open + 1).is_ascii_digit() && at(line, open + 1) != b' ' {
            continue;
        }
        let rest = cut(line, open + 1, open + 1 + COUNT * 6);
        let end = rest
            .iter()
            .position(|c| !(c.is_ascii_digit() || matches!(c, b',' | b' ')))
            .unwrap_or(rest.len());
        let mut count = 0;
        let good = cut(rest, 0, end).split(|c| *c == b',').all(|number| {
            count += 1;
            let number = number.trim_ascii();
            let value = std::str::from_utf8(number)
                .ok()
                .and_then(|n| n.parse::<u8>().ok());
            value.is_some() && number.len() <= 3
        });
        let whole = count == COUNT && at(rest, end) == b']';
        if good && whole {
            spans.push(Span::new(open, open + 1 + end + 1, BYTES, Class::Key));
        }
    }
}

/// A private key in base 58 that ends the line (Wallet Import Format: 51 characters from 5 on, or 52
/// from K or L on).
fn alone(line: &[u8], spans: &mut Vec<Span>) {
    let mut end = line.len();
    while end > 0
        && matches!(
            at(line, end - 1),
            b' ' | b'\r' | b'"' | b'\'' | b',' | b';' | b'+' | b'|'
        )
    {
        end -= 1;
    }
    for (len, leads) in [(52, &b"KL"[..]), (51, b"5")] {
        let Some(start) = end.checked_sub(len) else {
            continue;
        };
        let text = cut(line, start, end);
        let base58 = |c: &u8| c.is_ascii_alphanumeric() && !b"0OIl".contains(c);
        let kinds = [
            u8::is_ascii_digit,
            u8::is_ascii_uppercase,
            u8::is_ascii_lowercase,
        ];
        if leads.contains(&at(text, 0))
            && text.iter().all(base58)
            && kinds
                .iter()
                .all(|kind| text.iter().filter(|c| kind(c)).count() >= 3)
            && !is_word(before(line, start))
            && !matches!(before(line, start), b'/' | b'-' | b'+' | b'.')
        {
            spans.push(Span::new(start, end, PRIVATE, Class::Key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Vec<&str> {
        let mut spans = Vec::new();
        let mut classes = Classes::default();
        classes.sort(line.as_bytes());
        find(line.as_bytes(), &classes, &mut spans);
        spans.iter().map(|s| &line[s.start..s.end]).collect()
    }

    const TWELVE: &str =
        "craft master radio seminar sell like metal hire orient toward history feature";

    #[test]
    fn phrases_are_found_wherever_they_stand() {
        for lead in 0..60 {
            let line = format!("{}seed: {TWELVE} (12)", "x".repeat(lead));
            assert_eq!(found(&line), [TWELVE], "{line}");
        }
        let numbered = "1. craft 2. master 3. radio 4. seminar 5. sell 6. like 7. metal 8. hire 9. orient 10. toward 11. history 12. feature";
        assert_eq!(found(numbered), [&numbered[3..]]);
        let list = format!("[\"{}\"]", TWELVE.replace(' ', "\", \""));
        assert_eq!(found(&list).len(), 1);
    }

    #[test]
    fn prose_short_lists_and_other_numbers_stay() {
        let bytes = vec!["7"; 63].join(",");
        for line in [
            "this will find all that you can carry over when there is time to wait for them again soon",
            "craft master radio seminar sell like metal hire orient toward history",
            "feature: abandon ability able about above absent, the first words of the list of all words",
            &format!("[{bytes}]"),
            "sha256 0k2fbhb7lh8qz4ivmyprxbrhf91dsvkrd2ba3rkjxgb6mr3bxfvq",
        ] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
    }

    #[test]
    fn lists_of_bytes_and_keys_in_base_58_are_found() {
        let bytes = format!(
            "[{}]",
            (100..164)
                .map(|n| n.to_string())
                .collect::<Vec<_>>()
                .join(", ")
        );
        assert_eq!(found(&format!("{{\"k\":{bytes}}}")), [bytes.as_str()]);
        let key = "KxqudFr8f8QbkHXB976jkQkGpyAFFHLU".to_owned() + "MFPogsk3KQuT9F9p2aw1";
        assert_eq!(found(&key), [key.as_str()]);
        assert_eq!(found(&format!("  \"{key}\",")), [key.as_str()]);
    }
}
