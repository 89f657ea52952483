//! Reading bytes without ever stepping outside them.
//!
//! Lines come from outside, so no layer may index. These few functions answer for every position.

/// Fowler, Noll and Vo's hash (FNV-1a): short words of rec's own lists need no other.
pub(crate) type Fnv = std::hash::BuildHasherDefault<FnvHasher>;

/// See [`Fnv`].
pub(crate) struct FnvHasher(u64);

impl Default for FnvHasher {
    fn default() -> Self {
        FnvHasher(0xCBF2_9CE4_8422_2325)
    }
}

impl std::hash::Hasher for FnvHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The byte at `i`; 0 outside.
#[inline]
pub(crate) fn at(b: &[u8], i: usize) -> u8 {
    b.get(i).copied().unwrap_or(0)
}

/// The byte before `i`; 0 at the start.
#[inline]
pub(crate) fn before(b: &[u8], i: usize) -> u8 {
    i.checked_sub(1).map_or(0, |i| at(b, i))
}

/// `b[start..end]`, cut to what is there.
#[inline]
pub(crate) fn cut(b: &[u8], start: usize, end: usize) -> &[u8] {
    let end = end.min(b.len());
    b.get(start.min(end)..end).unwrap_or_default()
}

/// From `i` on.
#[inline]
pub(crate) fn from(b: &[u8], i: usize) -> &[u8] {
    b.get(i..).unwrap_or_default()
}

/// Whether `word` (lower case ASCII) stands at `i`, in any case.
#[inline]
pub(crate) fn word_at(b: &[u8], i: usize, word: &[u8]) -> bool {
    b.get(i..i.saturating_add(word.len()))
        .is_some_and(|found| found.eq_ignore_ascii_case(word))
}

/// Whether `needle` (lower case ASCII) stands anywhere in `b`, in any case.
pub(crate) fn contains(b: &[u8], needle: &[u8]) -> bool {
    find(b, 0, needle).is_some()
}

/// Where `needle` (lower case ASCII) first stands at or after `start`, in any case.
pub(crate) fn find(b: &[u8], start: usize, needle: &[u8]) -> Option<usize> {
    let (offset, rare) = rarest(needle)?;
    let upper = rare.to_ascii_uppercase();
    let mut i = start + offset;
    loop {
        i += memchr::memchr2(rare, upper, b.get(i..)?)?;
        if word_at(b, i - offset, needle) {
            return Some(i - offset);
        }
        i += 1;
    }
}

/// The byte of `word` that stands most seldom in text, and where; the first that is rare will do.
#[inline]
fn rarest(word: &[u8]) -> Option<(usize, u8)> {
    let mut best = None;
    let mut least = u8::MAX;
    for (i, c) in word.iter().enumerate() {
        let common = commonness(*c);
        if common < least {
            least = common;
            best = Some((i, *c));
            if common <= RARE {
                break;
            }
        }
    }
    best
}

/// So common is what hardly stands twice in a line.
const RARE: u8 = 5;

/// A rough order of how often a byte stands in logs, tables and code.
pub(crate) fn commonness(c: u8) -> u8 {
    COMMONNESS.get(usize::from(c)).copied().unwrap_or(0)
}

const COMMONNESS: [u8; 256] = {
    let mut table = [2; 256];
    let mut c = 0;
    #[allow(clippy::indexing_slicing)] // evaluated when rec is built
    while c < 256 {
        table[c] = match (c as u8).to_ascii_lowercase() {
            b' ' | b'-' | b'0'..=b'9' => 12,
            b'e' | b't' | b'a' => 10,
            b'o' | b'i' | b'n' | b's' | b'r' => 9,
            b'd' | b'c' | b'l' => 8,
            b'u' | b'm' | b'p' | b'f' | b'b' => 7,
            b'h' | b'g' | b'/' | b'.' | b':' | b'=' | b'"' => 6,
            b'_' | b'y' | b'w' | b'v' => 5,
            b'k' => 3,
            _ => 2,
        };
        c += 1;
    }
    table
};

/// The first position at or after `i` that holds no blank.
pub(crate) fn skip_blanks(b: &[u8], mut i: usize) -> usize {
    while matches!(at(b, i), b' ' | b'\t') {
        i += 1;
    }
    i
}

/// The last position after which only blanks stand before `i`.
pub(crate) fn back_blanks(b: &[u8], mut i: usize) -> usize {
    while matches!(before(b, i), b' ' | b'\t') {
        i -= 1;
    }
    i
}

/// `b` without blanks around it, and where it starts.
pub(crate) fn trim(b: &[u8], start: usize, end: usize) -> (usize, usize) {
    let start = skip_blanks(b, start).min(end);
    (start, back_blanks(b, end).max(start))
}

/// A byte of a word: letter, digit, `_`, or part of a character beyond ASCII.
#[inline]
pub(crate) fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_' || c >= 0x80
}

/// Whether an escape ends before `i`, so that its last letter is of no word: `%20`, `\\n`.
pub(crate) fn behind_escape(b: &[u8], i: usize) -> bool {
    match cut(b, i.saturating_sub(3), i) {
        [b'%', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        [.., b'\\', c] => matches!(c, b'n' | b'r' | b't'),
        _ => false,
    }
}

/// Whether nothing of a word stands directly before `start` or behind `end`.
pub(crate) fn bounded(b: &[u8], start: usize, end: usize) -> bool {
    // `身份证号：1101…`: the colon of Chinese and Japanese text is of no word.
    !is_word(before(b, start)) && (!is_word(at(b, end)) || cut(b, end, end + 3) == "：".as_bytes())
}
