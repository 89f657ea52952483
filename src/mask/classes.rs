//! One pass over a line for the layers that no keyword wakes: where a number or a token may
//! stand.
//!
//! Bytes are sorted into bits of words of 64, and runs are found by shifting the words. Hardly a
//! branch depends on the text, which is what makes it fast.

use super::bytes::from;

/// What stands where in a line; used again for each.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    /// In each run of upper case letters, digits and single separators that is long enough for a
    /// card or an IBAN, one place or more.
    pub numbers: Vec<usize>,
    /// The `_` and `-` behind which a random part may stand.
    pub separators: Vec<usize>,
}

/// The shortest run that may hold a number, and the shortest that may hold a token.
const NUMBER: usize = 13;
const TOKEN: u32 = 17;

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
}

/// What each byte is, as the highest bits of lanes of sixteen: code, gap, token, joint.
const LANES: [u64; 256] = {
    let mut lanes = [0; 256];
    let mut c = 0;
    #[allow(clippy::indexing_slicing)] // evaluated when rec is built
    while c < 256 {
        let byte = c as u8;
        let code = byte.is_ascii_digit() || byte.is_ascii_uppercase();
        let gap = byte == b' ' || byte == b'-';
        let joint = byte == b'_' || byte == b'-';
        let token = byte.is_ascii_alphanumeric() || joint;
        lanes[c] =
            (code as u64) << 15 | (gap as u64) << 31 | (token as u64) << 47 | (joint as u64) << 63;
        c += 1;
    }
    lanes
};

impl Word {
    /// Adds the classes of sixteen bytes, as the bits from `shift` on.
    #[inline]
    fn add(&mut self, bytes: &[u8; 16], shift: u32) {
        // Each byte's bits enter its lanes from above and move down.
        let enter =
            |lanes: u64, c: &u8| lanes >> 1 | LANES.get(usize::from(*c)).copied().unwrap_or(0);
        let lanes = bytes.iter().fold(0, enter);
        self.code |= (lanes & 0xFFFF) << shift;
        self.gap |= (lanes >> 16 & 0xFFFF) << shift;
        self.token |= (lanes >> 32 & 0xFFFF) << shift;
        self.joint |= (lanes >> 48) << shift;
    }

    /// The classes of the first 64 bytes of `text`.
    #[inline]
    fn of(text: &[u8]) -> Word {
        let mut word = Word::default();
        let mut shift = 0;
        let mut rest = text;
        while let Some((bytes, after)) = rest.split_first_chunk::<16>() {
            word.add(bytes, shift);
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
            word.add(&bytes, shift);
        }
        word
    }
}

impl Classes {
    /// Sorts the bytes of `line`.
    pub(crate) fn sort(&mut self, line: &[u8]) {
        self.numbers.clear();
        self.separators.clear();
        if line.len() < NUMBER {
            return;
        }
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
            word = next;
            start += 64;
        }
    }
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
            }
        }
    }
}
