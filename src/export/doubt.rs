//! What masking may have missed: words of a piece that look as if a machine had drawn them by lot.
//!
//! Masking itself leaves such words alone where nothing around them says secret, since most are
//! identifiers. Whoever hands a piece on wants to look at them all the same.

use crate::model::{Body, Event, Size};
use crate::timeline::{Builder, Part, PartOf, Timeline};
use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The shortest word that is doubted: shorter ones look random by chance.
const LEN_MIN: usize = 20;
/// Bits a character that ordinary identifiers do not reach at that length.
const ENTROPY_MIN: f64 = 3.6;

/// Words that are told apart; what comes after them is counted as one more each time.
const WORDS_MAX: usize = 10_000;

/// Watches a piece.
pub struct Watch {
    builder: Option<Builder>,
    /// The commands with doubtful words in them or in their output.
    pub commands: BTreeSet<u32>,
    /// Hashes of the words: a result passes over the connection and over the screen.
    known: HashSet<u64>,
    more: u32,
    seen: usize,
}

impl Watch {
    /// On a terminal of this size.
    pub fn new(size: Size) -> Watch {
        Watch {
            builder: Some(Builder::new(size, 0)),
            commands: BTreeSet::new(),
            known: HashSet::new(),
            more: 0,
            seen: 0,
        }
    }

    /// How many different words are doubtful.
    pub fn words(&self) -> u32 {
        let known = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        known.saturating_add(self.more)
    }

    /// The next event of the piece.
    pub fn push(&mut self, event: &Event) {
        if let Body::Wire(wire) = &event.body {
            wire.what
                .texts()
                .iter()
                .for_each(|text| self.look(None, text));
        }
        let Some(mut builder) = self.builder.take() else {
            return;
        };
        builder.push(event);
        let parts: Vec<Part> = builder.parts().collect();
        for command in builder.timeline().commands.iter().skip(self.seen) {
            self.look(Some(command.number), &command.text);
        }
        self.seen = builder.timeline().commands.len();
        self.parts(builder.timeline(), &parts);
        self.builder = Some(builder);
    }

    /// The end of the piece.
    pub fn finish(&mut self) {
        if let Some(builder) = self.builder.take() {
            let (timeline, parts) = builder.finish();
            self.parts(&timeline, &parts);
        }
    }

    fn parts(&mut self, timeline: &Timeline, parts: &[Part]) {
        for part in parts {
            let command = match part.of {
                PartOf::Command(place) => timeline.commands.get(place),
                PartOf::Aside(_) | PartOf::Statement(_) | PartOf::Marker(_) => None,
            };
            self.look(command.map(|command| command.number), &part.text);
        }
    }

    fn look(&mut self, command: Option<u32>, text: &str) {
        let inside = |c: char| c.is_ascii_alphanumeric() || "+/=_-".contains(c);
        for word in text.split(|c| !inside(c)).filter(|w| w.len() >= LEN_MIN) {
            // A path is doubted by its parts, unless all of it is base64.
            let path = word.split('/').any(|part| part.len() < LEN_MIN / 4);
            let doubtful = match path {
                true => word.split('/').any(is_doubtful),
                false => is_doubtful(word),
            };
            if !doubtful {
                continue;
            }
            let mut hasher = DefaultHasher::new();
            word.hash(&mut hasher);
            if self.known.len() < WORDS_MAX {
                self.known.insert(hasher.finish());
            } else if !self.known.contains(&hasher.finish()) {
                self.more = self.more.saturating_add(1);
            }
            self.commands.extend(command);
        }
    }
}

/// Letters of both cases and digits, mixed as no person mixes them.
fn is_doubtful(word: &str) -> bool {
    let word = word.trim_matches(['=', '-', '_', '+', '/']);
    if word.len() < LEN_MIN {
        return false;
    }
    let has = |is: fn(&char) -> bool| word.chars().any(|c| is(&c));
    let kinds = [
        has(char::is_ascii_lowercase),
        has(char::is_ascii_uppercase),
        has(char::is_ascii_digit),
    ];
    if kinds.iter().filter(|kind| **kind).count() < 3 {
        return false;
    }
    // A digest, a UUID or a number in hexadecimal is long and random, and opens nothing.
    if word.chars().all(|c| c.is_ascii_hexdigit() || c == '-') {
        return false;
    }
    let digits = word.chars().zip(word.chars().skip(1));
    let mixed = digits
        .filter(|(a, b)| a.is_ascii_digit() != b.is_ascii_digit())
        .count();
    mixed >= 3 && entropy(word) >= ENTROPY_MIN
}

/// Shannon's, in bits a character.
fn entropy(word: &str) -> f64 {
    let mut counts = std::collections::BTreeMap::new();
    for byte in word.bytes() {
        *counts.entry(byte).or_insert(0_u32) += 1;
    }
    let all = f64::from(u32::try_from(word.len()).unwrap_or(u32::MAX));
    counts
        .values()
        .map(|count| f64::from(*count) / all)
        .map(|share| -share * share.log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_drawn_by_lot_are_told_from_names_and_digests() {
        for (word, doubtful) in [
            ("q7RtZp0XvK2mLw9sYbN4cQ", true),
            ("aGVsbG8gd29ybGQ5IHRoaXMgaXM", true),
            ("3f786850e387550fdab836ed7e6dc881de23001b", false),
            ("7f3a0000-1111-4222-8333-444455556666", false),
            ("getUserAccountByIdentifier", false),
            ("kubernetes-deployment-prod-eu-west-1", false),
            ("********************", false),
            ("short1A", false),
            ("ORDER_STATUS_2024_completed", false),
        ] {
            assert_eq!(is_doubtful(word), doubtful, "{word}");
        }
    }
}
