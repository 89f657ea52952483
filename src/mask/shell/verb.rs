//! Secrets behind a program's verbs: `bw unlock x`, `gh secret set NAME --body x`.

use super::Reads;
use super::words::{Word, push, push_pair, push_word, strip};
use crate::mask::bytes::cut;
use crate::mask::span::Span;

/// Where a secret stands behind a program's verbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    /// The n-th word that is no option, verbs among them.
    Nth(usize),
    /// The same, `user:secret`.
    Pair(usize),
    /// The value of this option.
    Option(&'static str),
}

/// `login#3`, `user+add#3:`, `secret+set!--body`
pub(super) fn verb(option: &'static str) -> Option<Reads> {
    let plain = |verbs: &str| !verbs.is_empty() && !verbs.starts_with('-');
    if let Some((verbs, value)) = option.split_once('!').filter(|(verbs, _)| plain(verbs)) {
        return Some(Reads::Verb(verbs, Behind::Option(value)));
    }
    let (verbs, place) = option.split_once('#').filter(|(verbs, _)| plain(verbs))?;
    let number = place.trim_end_matches(':').parse().ok()?;
    let behind = if place.ends_with(':') {
        Behind::Pair(number)
    } else {
        Behind::Nth(number)
    };
    Some(Reads::Verb(verbs, behind))
}

/// The secret behind a program's verbs.
pub(super) fn behind_verb(
    line: &[u8],
    verbs: &str,
    behind: Behind,
    words: &[Word],
    spans: &mut Vec<Span>,
) {
    let bare: Vec<Word> = words.iter().map(|word| word.bare(line)).collect();
    let text = |word: &Word| cut(line, word.start, word.end);
    let plain: Vec<Word> = bare
        .iter()
        .copied()
        .filter(|word| !text(word).starts_with(b"-"))
        .collect();
    let fits = verbs.split('+').enumerate().all(|(n, verb)| {
        plain
            .get(n)
            .is_some_and(|word| match verb.strip_suffix('*') {
                Some(start) => text(word).starts_with(start.as_bytes()),
                None => text(word) == verb.as_bytes(),
            })
    });
    if !fits {
        return;
    }
    match behind {
        Behind::Nth(n) => push_word(
            line,
            n.checked_sub(1).and_then(|n| plain.get(n)).copied(),
            spans,
        ),
        Behind::Pair(n) => {
            if let Some(word) = n.checked_sub(1).and_then(|n| plain.get(n)) {
                push_pair(line, word.start, word.end, b':', spans);
            }
        }
        Behind::Option(option) => {
            for (n, word) in bare.iter().enumerate() {
                match strip(text(word), option).map(|rest| (rest.len(), rest.first())) {
                    Some((0, _)) => push_word(line, words.get(n + 1).copied(), spans),
                    Some((len, Some(b'='))) => push(line, word.end - len + 1, word.end, spans),
                    _ => {}
                }
            }
        }
    }
}
