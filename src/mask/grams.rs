//! The prefilter: which keywords stand in a line, at the cost of a glance at most bytes.
//!
//! Each keyword is filed under its rarest three bytes. A bitmap of 256 Ki bits says for each
//! position whether any keyword is filed there; it fits in the first-level cache, costs
//! microseconds to build, and almost every position of almost every line is ruled out by it. A second
//! one, asked about the others, knows a fourth byte too.

use super::bytes::{at, bounded, commonness, from, word_at};
use super::glance::Glance;
use zeroize::Zeroizing;

/// A keyword that stands in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Where it starts.
    pub at: usize,
    /// Its number.
    pub key: u32,
}

/// Keywords, filed.
#[derive(Clone)]
pub(crate) struct Grams {
    bits: Box<[u64; WORDS]>,
    /// As `bits`, with the byte behind the three, or inverted with the one before them; of keywords
    /// that have neither, by the three.
    fours: Box<[u64; WORDS]>,
    /// By bucket, the latest entry plus one.
    heads: Box<[u32; BUCKETS]>,
    entries: Vec<Entry>,
    keys: Vec<Key>,
    /// Of each keyword of bytes below 64 alone, digits and such signs as `:`, one byte: its bit.
    signs: u64,
}

/// 32 KiB: with some three thousand keywords one bit in eighty is set.
const WORDS: usize = 4096;
/// Several times as many as keywords, so that few share one.
const BUCKETS: usize = 16_384;

/// All letters are at least this, and digits and most signs less.
const LETTERS: u8 = 64;

#[derive(Clone, Copy)]
struct Entry {
    gram: u32,
    key: u32,
    /// The entry before in the bucket, plus one; 0 at its end.
    next: u32,
    /// The keyword's first four bytes, or three, as [`lead`] gives them.
    lead: u32,
    short: bool,
    /// The gram's place in the keyword.
    offset: u8,
}

#[derive(Clone)]
struct Key {
    text: Text,
    exact: bool,
    bounded: bool,
}

/// A keyword's text.
#[derive(Clone)]
pub(crate) enum Text {
    /// One of rec's own words, or of its owner's rules.
    Known(&'static [u8]),
    /// A form of a learned secret, wiped when it is dropped.
    Learned(Zeroizing<Vec<u8>>),
}

impl std::ops::Deref for Text {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Text::Known(text) => text,
            Text::Learned(text) => text,
        }
    }
}

/// How a keyword must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// In any case, also inside a word.
    Folded,
    /// In any case, as a word of its own.
    Word,
    /// As written.
    Exact,
}

/// ASCII letters to lower case; other bytes may fall together, which only costs a look.
#[inline]
const fn fold(gram: u32) -> u32 {
    gram | 0x0020_2020
}

#[inline]
const fn hash(gram: u32) -> u32 {
    // The multiplier's last byte is 0, so that a fourth byte beside the three counts for nothing.
    gram.wrapping_mul(0x3779_B100) >> 14
}

/// As [`hash`], of four bytes.
#[inline]
fn hash_four(four: u32) -> u32 {
    four.wrapping_mul(0x9E37_79B1) >> 14
}

fn gram_of(bytes: &[u8]) -> u32 {
    fold(u32::from(at(bytes, 0)) | u32::from(at(bytes, 1)) << 8 | u32::from(at(bytes, 2)) << 16)
}

/// The four bytes at `i`, or three, ASCII letters in lower case.
#[inline]
fn lead(bytes: &[u8], i: usize, short: bool) -> u32 {
    let four = match from(bytes, i) {
        [a, b, c, d, ..] => u32::from_le_bytes([*a, *b, *c, *d]),
        [a, b, c] => u32::from_le_bytes([*a, *b, *c, 0]),
        _ => 0,
    };
    (four | 0x2020_2020) & if short { 0x00FF_FFFF } else { u32::MAX }
}

impl Default for Grams {
    fn default() -> Self {
        Grams::with_room(0)
    }
}

impl Grams {
    /// Files `keywords`, each of three bytes or more; shorter ones are not found. The number of a
    /// keyword is its place in the list.
    pub(crate) fn new(keywords: impl IntoIterator<Item = (&'static [u8], Match)>) -> Self {
        let mut grams = Grams::default();
        for (text, how) in keywords {
            grams.add(Text::Known(text), how);
        }
        grams
    }

    /// None filed yet, and room for so many.
    pub(crate) fn with_room(keywords: usize) -> Self {
        Grams {
            bits: Box::new([0; WORDS]),
            fours: Box::new([0; WORDS]),
            heads: Box::new([0; BUCKETS]),
            entries: Vec::with_capacity(keywords),
            keys: Vec::with_capacity(keywords),
            signs: 0,
        }
    }

    /// How many keywords are filed.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Files one more keyword, under the next number.
    pub(crate) fn add(&mut self, text: Text, how: Match) {
        let key = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        let weight = |gram: &[u8]| {
            let each = gram.iter().map(|c| u32::from(commonness(*c)));
            each.sum::<u32>() + common(gram_of(gram))
        };
        let grams = text.windows(3).enumerate().take(64);
        let rarest = grams.min_by_key(|(_, gram)| weight(gram));
        let rarest = rarest.map(|(offset, gram)| (offset, gram_of(gram)));
        // With the byte behind it, or the one before where it is the last.
        let around = rarest.map(|(offset, gram)| match text.get(offset..offset + 4) {
            Some(four) => lead(four, 0, false),
            None if offset > 0 => !lead(&text, offset - 1, false),
            None => gram,
        });
        if text.iter().all(|c| *c < LETTERS) {
            let rarest = text.iter().min_by_key(|c| commonness(**c));
            self.signs |= rarest.map_or(0, |c| 1 << *c);
        }
        let short = text.len() < 4;
        let lead = lead(&text, 0, short);
        self.keys.push(Key {
            text,
            exact: how == Match::Exact,
            bounded: how == Match::Word,
        });
        let (Some((offset, gram)), Some(around)) = (rarest, around) else {
            return;
        };
        let h = hash(gram);
        set(&mut self.bits, h);
        set(&mut self.fours, hash_four(around));
        let Some(head) = self.heads.get_mut(h as usize % BUCKETS) else {
            return;
        };
        self.entries.push(Entry {
            gram,
            key,
            next: *head,
            lead,
            short,
            offset: u8::try_from(offset).unwrap_or(0),
        });
        *head = u32::try_from(self.entries.len()).unwrap_or(0);
    }

    /// Whether a keyword may stand in `text`: in a number or a date, which have no letter, hardly any.
    pub(crate) fn may_hold(&self, text: &[u8]) -> bool {
        const HIGH: u64 = u64::from_ne_bytes([!(LETTERS - 1); 8]);
        let (eights, rest) = text.as_chunks::<8>();
        if eights
            .iter()
            .any(|eight| u64::from_ne_bytes(*eight) & HIGH != 0)
            || rest.iter().any(|c| *c >= LETTERS)
        {
            return true;
        }
        let seen = text.iter().fold(0_u64, |seen, c| seen | 1 << *c);
        seen & self.signs != 0
    }

    /// Whether a value at which this was seen is no secret, and holds no keyword.
    pub(crate) fn is_clear(&self, seen: Glance) -> bool {
        seen.is_harmless() && !seen.may_hold(self.signs)
    }

    /// Appends the keywords that stand in `line`, in the order of their rarest bytes.
    #[inline]
    pub(crate) fn scan(&self, line: &[u8], hits: &mut Vec<Hit>) {
        // Eight bytes hold six grams.
        let mut i = 0;
        while let Some(eight) = line.get(i..).and_then(|rest| rest.first_chunk::<8>()) {
            let folded = u64::from_le_bytes(*eight) | 0x2020_2020_2020_2020;
            for k in 0..6 {
                let gram = (folded >> (8 * k)) as u32;
                if is_set(&self.bits, hash(gram)) {
                    self.check(line, i + k, gram & 0x00FF_FFFF, hits);
                }
            }
            i += 6;
        }
        for (k, three) in line.get(i..).unwrap_or_default().windows(3).enumerate() {
            let gram = gram_of(three);
            if is_set(&self.bits, hash(gram)) {
                self.check(line, i + k, gram, hits);
            }
        }
    }

    /// Whether any keyword stands in `text`.
    pub(crate) fn any(&self, text: &[u8]) -> bool {
        let mut hits = Vec::new();
        self.scan(text, &mut hits);
        !hits.is_empty()
    }

    /// Appends the keywords that are filed under `gram` and stand around it.
    fn check(&self, line: &[u8], i: usize, gram: u32, hits: &mut Vec<Hit>) {
        let before = i.checked_sub(1).map_or(0, |i| !lead(line, i, false));
        let around = [lead(line, i, false), before, gram];
        if !around
            .iter()
            .any(|four| is_set(&self.fours, hash_four(*four)))
        {
            return;
        }
        let h = hash(gram);
        let mut next = self.heads.get(h as usize % BUCKETS).copied().unwrap_or(0);
        while let Some(entry) = (next as usize)
            .checked_sub(1)
            .and_then(|n| self.entries.get(n))
        {
            next = entry.next;
            if entry.gram != gram {
                continue;
            }
            let Some(at) = i.checked_sub(usize::from(entry.offset)) else {
                continue;
            };
            if lead(line, at, entry.short) != entry.lead {
                continue;
            }
            let Some(key) = self.keys.get(entry.key as usize) else {
                continue;
            };
            let stands = if key.exact {
                line.get(at..)
                    .is_some_and(|rest| rest.starts_with(&key.text))
            } else {
                word_at(line, at, &key.text)
            };
            if stands && (!key.bounded || bounded(line, at, at + key.text.len())) {
                hits.push(Hit { at, key: entry.key });
            }
        }
    }
}

#[inline]
fn set(bits: &mut [u64; WORDS], h: u32) {
    if let Some(word) = bits.get_mut((h >> 6) as usize) {
        *word |= 1 << (h & 63);
    }
}

#[inline]
fn is_set(bits: &[u64; WORDS], h: u32) -> bool {
    bits.get((h >> 6) as usize).copied().unwrap_or(0) & 1 << (h & 63) != 0
}

/// How common three bytes are of which logs, manuals, statements and code are full: more than one in
/// a thousand places, or in a few thousand. By [`hash`], so that a seldom gram may count for a common
/// one; that costs a look. The list in the file is in this order; `␣` stands for a blank there, and
/// all else is ASCII.
static COMMON: [u8; BUCKETS] = {
    let list = include_str!("rules/common.txt").as_bytes();
    let mut weights = [0; BUCKETS];
    let (mut i, mut rank) = (0, 0);
    let (mut gram, mut len) = (0, 0);
    #[allow(clippy::indexing_slicing)] // evaluated when rec is built
    while i <= list.len() {
        let c = if i < list.len() { list[i] } else { b'\n' };
        if c.is_ascii_whitespace() {
            if len > 0 {
                let weight = match rank {
                    0..100 => 100,
                    100..300 => 75,
                    300..800 => 50,
                    800..1600 => 32,
                    _ => 20,
                };
                let known = &mut weights[hash(fold(gram)) as usize % BUCKETS];
                if weight > *known {
                    *known = weight;
                }
                rank += 1;
            }
            (gram, len) = (0, 0);
        } else {
            let blank = c == BLANK[0];
            if blank {
                i += BLANK.len() - 1;
            }
            gram |= (if blank { b' ' } else { c } as u32) << (8 * len);
            len += 1;
        }
        i += 1;
    }
    weights
};

/// `␣` in the list.
const BLANK: &[u8] = "␣".as_bytes();

fn common(gram: u32) -> u32 {
    let weight = COMMON.get(hash(gram) as usize % BUCKETS);
    u32::from(weight.copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_keyword_is_found_wherever_it_stands() {
        let words: [&'static [u8]; 5] = [b"password", b"glpat-", b"://", b"token", b"pin"];
        let how = |w: &[u8]| match w {
            b"glpat-" => Match::Exact,
            b"pin" => Match::Word,
            _ => Match::Folded,
        };
        let grams = Grams::new(words.iter().map(|w| (*w, how(w))));
        for (number, word) in words.iter().enumerate() {
            for lead in 0..70 {
                let mut line = vec![b' '; lead];
                line.extend_from_slice(word);
                line.extend_from_slice(b" x");
                let mut hits = Vec::new();
                grams.scan(&line, &mut hits);
                let key = number as u32;
                assert_eq!(hits, [Hit { at: lead, key }], "{lead}");
            }
        }
        let mut hits = Vec::new();
        grams.scan(b"GLPAT- spinning PassWord", &mut hits);
        assert_eq!(hits, [Hit { at: 16, key: 0 }], "case and word bounds hold");
    }

    proptest! {
        #[test]
        fn what_may_hold_none_holds_none(
            keys in proptest::collection::vec("[0-9:/-]{3,6}|[a-z:]{3}|<<<|[0-9]{2}@", 1..6),
            text in proptest::collection::vec("[0-9-]{1,9}|[:/ <]{1,3}|[a-z@]|é", 0..12),
            place in any::<proptest::sample::Index>(),
        ) {
            let keys: Vec<&'static [u8]> = keys.into_iter().map(|key| &*key.into_bytes().leak()).collect();
            let grams = Grams::new(keys.iter().map(|key| (*key, Match::Folded)));
            let text = text.concat();
            prop_assert!(grams.may_hold(text.as_bytes()) || !grams.any(text.as_bytes()));
            let mut with = text.into_bytes();
            with.extend_from_slice(keys[place.index(keys.len())]);
            prop_assert!(grams.may_hold(&with));
        }
    }
}
