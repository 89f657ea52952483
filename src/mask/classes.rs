//! One pass over a line for the layers that no keyword wakes: where a number, a token or a phrase may
//! stand, and which signs there are.
//!
//! Bytes are sorted into bits of words of 64, sixteen at a time, and runs are found by shifting the
//! words. Hardly a branch depends on the text, which is what makes it fast.

use super::bytes::from;
use wide::u8x16;

/// What stands where in a line; used again for each.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    /// In each run of upper case letters, digits and single separators that is long enough for a
    /// card or an IBAN, one place or more.
    pub numbers: Vec<usize>,
    /// The `_` and `-` behind which a random part may stand.
    pub separators: Vec<usize>,
    /// In each run of small letters, in words of three to eight, and what stands between words that
    /// is long enough for a mnemonic phrase, one place or more.
    pub phrases: Vec<usize>,
    /// The line holds `@` or `%`.
    pub at: bool,
    /// The line holds `+`.
    pub plus: bool,
    /// The line holds `[`.
    pub bracket: bool,
}

/// The shortest run that may hold a number, and the shortest that may hold a token.
const NUMBER: usize = 13;
const TOKEN: u32 = 17;
/// Twelve words of three letters and what parts them.
const PHRASE: u32 = 47;
/// No word of it has so many letters.
const LONG: u32 = 9;

/// The bits of 64 bytes, the first byte's the lowest.
#[derive(Clone, Copy, Default)]
struct Word {
    /// Digits and upper case letters.
    code: u64,
    /// Blanks and dashes.
    gap: u64,
    /// Letters, digits, `_`, `-`.
    token: u64,
    /// `_`, `-`
    joint: u64,
    /// Small letters.
    small: u64,
    /// What the words of a phrase and what parts them are made of: also numbered, quoted, with
    /// commas.
    phrase: u64,
    /// `@`, `%`
    at: u64,
    /// `+`
    plus: u64,
    /// `[`
    bracket: u64,
}

impl Word {
    /// Adds the classes of sixteen bytes, as the bits from `shift` on.
    #[inline]
    fn add(&mut self, bytes: [u8; 16], shift: u32) {
        let bytes = u8x16::new(bytes);
        let is = |c: u8| bytes.simd_eq(u8x16::splat(c));
        let among =
            |first: u8, count: u8| (bytes - u8x16::splat(first)).simd_le(u8x16::splat(count - 1));
        let bits = |mask: u8x16| u64::from(mask.to_bitmask()) << shift;
        let (digit, upper, lower) = (among(b'0', 10), among(b'A', 26), among(b'a', 26));
        let (blank, dash) = (is(b' '), is(b'-'));
        let (code, joint) = (digit | upper, is(b'_') | dash);
        let between = blank | is(b',') | is(b'"') | is(b'\'') | is(b'.') | is(b')');
        self.code |= bits(code);
        self.gap |= bits(blank | dash);
        self.token |= bits(code | lower | joint);
        self.joint |= bits(joint);
        self.small |= bits(lower);
        self.phrase |= bits(lower | digit | between);
        self.at |= bits(is(b'@') | is(b'%'));
        self.plus |= bits(is(b'+'));
        self.bracket |= bits(is(b'['));
    }

    /// The classes of the first 64 bytes of `text`.
    #[inline]
    fn of(text: &[u8]) -> Word {
        let mut word = Word::default();
        let mut shift = 0;
        let mut rest = text;
        while let Some((bytes, after)) = rest.split_first_chunk::<16>() {
            word.add(*bytes, shift);
            rest = after;
            shift += 16;
            if shift == 64 {
                return word;
            }
        }
        if !rest.is_empty() {
            let mut bytes = [0; 16];
            let places = bytes.iter_mut().zip(rest);
            places.for_each(|(to, from)| *to = *from);
            word.add(bytes, shift);
        }
        word
    }
}

impl Classes {
    /// Sorts the bytes of `line`.
    pub(crate) fn sort(&mut self, line: &[u8]) {
        self.numbers.clear();
        self.separators.clear();
        self.phrases.clear();
        let (mut at, mut plus, mut bracket) = (0, 0, 0);
        let mut word = Word::of(line);
        let mut start = 0;
        while start < line.len() {
            let next = Word::of(from(line, start + 64));
            let pair = |a: u64, b: u64| u128::from(a) | u128::from(b) << 64;
            // Groups of a number have three digits or more, so closer gaps end it: most dates.
            let gap = pair(word.gap, next.gap);
            let close = gap << 1 | gap << 2 | gap << 3 | gap >> 1 | gap >> 2 | gap >> 3;
            let number = runs(pair(word.code, next.code) | gap & !close, NUMBER as u32);
            push(&mut self.numbers, number as u64, start, true);
            let token = runs(pair(word.token, next.token), TOKEN);
            push(
                &mut self.separators,
                token as u64 & word.joint,
                start,
                false,
            );
            let odd = odd_words(pair(word.small, next.small));
            let phrase = runs(pair(word.phrase, next.phrase) & !odd, PHRASE);
            push(&mut self.phrases, phrase as u64, start, true);
            at |= word.at;
            plus |= word.plus;
            bracket |= word.bracket;
            word = next;
            start += 64;
        }
        (self.at, self.plus, self.bracket) = (at != 0, plus != 0, bracket != 0);
    }
}

/// Where words begin or go on that no mnemonic phrase has: of more than eight letters, or of fewer than
/// three (BIP 39). Of the first bit's word the start is not seen, and of the last ones' the end.
#[inline]
fn odd_words(small: u128) -> u128 {
    const SEEN: u128 = (1 << 120) - 1;
    let first = small & !(small << 1) & !1;
    let short = first & !(small >> 1 & small >> 2);
    (short | runs(small, LONG)) & SEEN
}

/// The bits at which a run of at least `length` ones begins or goes on.
#[inline]
fn runs(bits: u128, length: u32) -> u128 {
    let mut found = bits;
    let mut have = 1;
    while have < length {
        let step = have.min(length - have);
        found &= found >> step;
        have += step;
    }
    found
}

/// Appends the places of the ones in `bits`, or of the first of each run of them.
#[inline]
fn push(places: &mut Vec<usize>, bits: u64, start: usize, firsts: bool) {
    let mut bits = if firsts { bits & !(bits << 1) } else { bits };
    while bits != 0 {
        places.push(start + bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn runs_are_found_at_every_place() {
        for lead in 0..150 {
            let mut classes = Classes::default();
            let line = format!(
                "{}4111 1111 1111 1111 y ab_live_{}",
                "x".repeat(lead),
                "k3".repeat(9)
            );
            classes.sort(line.as_bytes());
            assert!(
                classes
                    .numbers
                    .iter()
                    .all(|n| (lead..lead + 19).contains(n))
            );
            assert!(!classes.numbers.is_empty(), "{lead}");
            assert!(
                classes.separators.contains(&(lead + 29)),
                "{lead}: {classes:?}"
            );
            classes.sort(b"2026-05-04 11:22:33");
            assert!(classes.numbers.is_empty());
        }
    }

    #[test]
    fn phrases_are_found_behind_any_words() {
        let phrase = "legal winner thank year wave sausage worth useful legal winner thank year";
        for lead in 0..200 {
            for lead in [
                "it is ".repeat(lead),
                "x".repeat(lead),
                "characters ".repeat(lead),
            ] {
                // The sign before it is of no phrase.
                let line = format!("{lead}= {phrase} on it");
                let mut classes = Classes::default();
                classes.sort(line.as_bytes());
                let whole = lead.len() + 1..line.len();
                let places = &classes.phrases;
                assert!(
                    places.iter().any(|n| whole.contains(n)),
                    "{line}: {places:?}"
                );
            }
        }
        let mut classes = Classes::default();
        classes.sort(
            b"the connection to the server was lost while it was being prepared for a statement",
        );
        assert!(classes.phrases.is_empty());
    }

    proptest! {
        #[test]
        fn a_word_says_what_each_byte_is(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let word = Word::of(&bytes);
            for (i, c) in bytes.iter().enumerate() {
                let bit = |bits: u64| bits >> i & 1 == 1;
                prop_assert_eq!(bit(word.code), c.is_ascii_digit() || c.is_ascii_uppercase());
                prop_assert_eq!(bit(word.gap), matches!(c, b' ' | b'-'));
                prop_assert_eq!(bit(word.joint), matches!(c, b'_' | b'-'));
                prop_assert_eq!(bit(word.token), c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-'));
                let between = matches!(c, b' ' | b',' | b'"' | b'\'' | b'.' | b')');
                let phrase = c.is_ascii_lowercase() || c.is_ascii_digit() || between;
                prop_assert_eq!(bit(word.phrase), phrase);
                prop_assert_eq!(bit(word.small), c.is_ascii_lowercase());
                prop_assert_eq!(bit(word.at), matches!(c, b'@' | b'%'));
                prop_assert_eq!(bit(word.plus), *c == b'+');
                prop_assert_eq!(bit(word.bracket), *c == b'[');
            }
        }
    }
}
