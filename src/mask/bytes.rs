//! Reading bytes without ever stepping outside them.
//!
//! Lines come from outside, so no layer may index. These few functions answer for every position.

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
    let first = needle.first().copied()?;
    let upper = first.to_ascii_uppercase();
    let mut i = start;
    loop {
        i += memchr::memchr2(first, upper, b.get(i..)?)?;
        if word_at(b, i, needle) {
            return Some(i);
        }
        i += 1;
    }
}

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

/// Whether nothing of a word stands directly before `start` or behind `end`.
pub(crate) fn bounded(b: &[u8], start: usize, end: usize) -> bool {
    !is_word(before(b, start)) && !is_word(at(b, end))
}
