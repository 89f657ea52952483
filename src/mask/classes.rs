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
pub(super) const NUMBER: u32 = 13;
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
}

/// Which signs stood in bytes of a line: any bit of each says so.
#[derive(Clone, Copy, Default)]
struct Signs {
    /// `@`, `%`
    at: u8x16,
    /// `+`
    plus: u8x16,
    /// `[`
    bracket: u8x16,
}

impl Word {
    /// Adds the classes of sixteen bytes, as the bits from `shift` on.
    #[inline]
    fn add(&mut self, bytes: [u8; 16], shift: u32, signs: &mut Signs) {
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
        signs.at |= is(b'@') | is(b'%');
        signs.plus |= is(b'+');
        signs.bracket |= is(b'[');
    }

    /// The classes of the first 64 bytes of `text`.
    #[inline]
    fn of(text: &[u8], signs: &mut Signs) -> Word {
        let mut word = Word::default();
        let mut shift = 0;
        let mut rest = text;
        while let Some((bytes, after)) = rest.split_first_chunk::<16>() {
            word.add(*bytes, shift, signs);
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
            word.add(bytes, shift, signs);
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
        let mut signs = Signs::default();
        let mut word = Word::of(line, &mut signs);
        let mut start = 0;
        while start < line.len() {
            let next = Word::of(from(line, start + 64), &mut signs);
            let pair = |a: u64, b: u64| u128::from(a) | u128::from(b) << 64;
            if word.may_number(&next) {
                let gap = pair(word.gap, next.gap);
                let number = pair(word.code, next.code) | gap & !close(gap);
                let number = runs(number, NUMBER) as u64;
                push(&mut self.numbers, number, start, true);
            }
            if word.may_token(&next) {
                let token = runs(pair(word.token, next.token), TOKEN) as u64;
                push(&mut self.separators, token & word.joint, start, false);
            }
            if word.may_phrase(&next) {
                let odd = odd_words(pair(word.small, next.small));
                let phrase = runs(pair(word.phrase, next.phrase) & !odd, PHRASE) as u64;
                push(&mut self.phrases, phrase, start, true);
            }
            word = next;
            start += 64;
        }
        let is = |seen: u8x16| seen.to_bitmask() != 0;
        (self.at, self.plus, self.bracket) = (is(signs.at), is(signs.plus), is(signs.bracket));
    }
}

/// What a glance says that costs less than finding the runs, of which most words hold none. A run of 15
/// ones or more fills a byte of a word: one that begins here fills one here, or the first of the next.
impl Word {
    fn may_number(&self, next: &Word) -> bool {
        // One of 13 fills two groups of four.
        let full = |word: &Word| {
            let two = (word.code | word.gap) & (word.code | word.gap) >> 1;
            two & two >> 2 & 0x1111_1111_1111_1111
        };
        let here = full(self);
        (here & here >> 4 | full(next) & 1) != 0
    }

    fn may_token(&self, next: &Word) -> bool {
        self.joint != 0 && (full_bytes(self.token) | full_bytes(next.token) & 1) != 0
    }

    fn may_phrase(&self, next: &Word) -> bool {
        // One of 47 fills five bytes.
        let two = |bits: u64| full_bytes(bits) & full_bytes(bits) >> 8;
        (two(self.phrase) | two(next.phrase) & 1) != 0
    }
}

/// The lowest bits of the bytes of `bits` that are all ones.
#[inline]
fn full_bytes(bits: u64) -> u64 {
    let two = bits & bits >> 1;
    let four = two & two >> 2;
    four & four >> 4 & 0x0101_0101_0101_0101
}

/// Groups of a number have three digits or more, so closer gaps end it: most dates.
#[inline]
pub(super) fn close(gap: u128) -> u128 {
    gap << 1 | gap << 2 | gap << 3 | gap >> 1 | gap >> 2 | gap >> 3
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
pub(super) fn runs(bits: u128, length: u32) -> u128 {
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
        fn what_begins_in_a_word_may_begin_in_it(
            text in proptest::collection::vec("[ -]{1,4}|[A-Z0-9]{3,20}|[a-z]{2,9} |[a-z_-]{4,24}", 1..40)
        ) {
            let text = text.concat();
            let mut signs = Signs::default();
            for start in 0..text.len() {
                let word = Word::of(from(text.as_bytes(), start), &mut signs);
                let next = Word::of(from(text.as_bytes(), start + 64), &mut signs);
                let pair = |a: u64, b: u64| u128::from(a) | u128::from(b) << 64;
                let gap = pair(word.gap, next.gap);
                let number = pair(word.code, next.code) | gap & !close(gap);
                prop_assert!(word.may_number(&next) || runs(number, NUMBER) as u64 == 0);
                let token = runs(pair(word.token, next.token), TOKEN) as u64 & word.joint;
                prop_assert!(word.may_token(&next) || token == 0);
                let odd = odd_words(pair(word.small, next.small));
                let phrase = runs(pair(word.phrase, next.phrase) & !odd, PHRASE) as u64;
                prop_assert!(word.may_phrase(&next) || phrase == 0);
            }
        }

        #[test]
        fn a_word_says_what_each_byte_is(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut signs = Signs::default();
            let word = Word::of(&bytes, &mut signs);
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
            }
            let any = |sign: &[u8]| bytes.iter().any(|c| sign.contains(c));
            prop_assert_eq!(signs.at.to_bitmask() != 0, any(b"@%"));
            prop_assert_eq!(signs.plus.to_bitmask() != 0, any(b"+"));
            prop_assert_eq!(signs.bracket.to_bitmask() != 0, any(b"["));
        }
    }
}
