//! Personal data whose shape is strong enough to stand without a name: payment cards.

use super::bytes::{at, before, cut, is_word};
use super::checksum;
use super::span::{Class, RuleId, Span};

const CARD: RuleId = RuleId::new("payment-card");

/// No card number has fewer digits (ISO/IEC 7812), so one byte in so many is enough to look at.
const CARD_MIN: usize = 13;
const CARD_MAX: usize = 19;

/// Appends the card numbers of `line`.
pub(crate) fn cards(line: &[u8], spans: &mut Vec<Span>) {
    let mut done = 0;
    let mut probe = 0;
    while probe < line.len() {
        let here = probe;
        probe += CARD_MIN - 1;
        if here < done || !in_number(line, here) {
            continue;
        }
        let (start, end) = number_around(line, here);
        done = end;
        probe = probe.max(end);
        if let Some((start, end)) = card(line, start, end) {
            spans.push(Span::new(start, end, CARD, Class::Personal).in_cell());
        }
    }
}

#[inline]
fn in_number(line: &[u8], i: usize) -> bool {
    let c = at(line, i);
    c.is_ascii_digit()
        || matches!(c, b' ' | b'-')
            && at(line, i + 1).is_ascii_digit()
            && before(line, i).is_ascii_digit()
}

/// The run of digits around `i`, with single blanks or dashes between them.
fn number_around(line: &[u8], i: usize) -> (usize, usize) {
    let mut start = i;
    while in_number(line, start.wrapping_sub(1)) && start > 0 && i - start < 64 {
        start -= 1;
    }
    let mut end = i;
    while in_number(line, end) && end - i < 64 {
        end += 1;
    }
    (start, end)
}

fn card(line: &[u8], start: usize, end: usize) -> Option<(usize, usize)> {
    let text = cut(line, start, end);
    let digits = checksum::digits(text);
    let glued = is_word(before(line, start))
        || is_word(at(line, end))
        || matches!(before(line, start), b'.' | b'/' | b'+' | b'-')
        || at(line, end) == b'.' && at(line, end + 1).is_ascii_digit()
        || matches!(at(line, end), b'-' | b'/' | b':') && at(line, end + 1).is_ascii_alphanumeric();
    if glued || !(CARD_MIN..=CARD_MAX).contains(&digits.len()) {
        return None;
    }
    let grouped = text.len() > digits.len();
    if grouped && !is_grouped(text) {
        return None;
    }
    (is_issued(&digits) && checksum::luhn(&digits) && digits.iter().any(|d| *d != at(&digits, 0)))
        .then_some((start, end))
}

/// Whether the groups are those of a card: one separator throughout, groups of three to six.
fn is_grouped(text: &[u8]) -> bool {
    let separator = text
        .iter()
        .copied()
        .find(|c| !c.is_ascii_digit())
        .unwrap_or(b' ');
    let groups: Vec<usize> = text.split(|c| *c == separator).map(<[u8]>::len).collect();
    text.iter().all(|c| c.is_ascii_digit() || *c == separator)
        && matches!(
            groups.as_slice(),
            [4, 4, 4, 1..=4] | [4, 6, 4 | 5] | [4, 4, 4, 4, 1..=3] | [6, 7..=13] | [4, 4, 5]
        )
}

/// Whether an issuer hands out numbers that begin so and are so long.
fn is_issued(digits: &[u8]) -> bool {
    let n = digits.len();
    let head = |k: usize| {
        digits
            .iter()
            .take(k)
            .fold(0u32, |sum, d| sum * 10 + u32::from(*d))
    };
    match (head(1), head(2), head(3), head(4)) {
        (4, ..) => matches!(n, 13 | 16 | 19),
        (_, 51..=55, ..) | (.., 2221..=2720) => n == 16,
        (_, 34 | 37, ..) => n == 15,
        (_, 36 | 38 | 39, ..) | (_, _, 300..=305 | 309, _) => (14..=19).contains(&n),
        (_, 60 | 64 | 65 | 62 | 81 | 82, ..) => (16..=19).contains(&n),
        (.., 3528..=3589) => (16..=19).contains(&n),
        (_, 50 | 56..=59 | 61 | 63 | 66..=69, ..) => matches!(n, 16 | 18 | 19),
        (.., 2200..=2204) => (16..=19).contains(&n),
        (.., 9792) => n == 16,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Vec<&str> {
        let mut spans = Vec::new();
        cards(line.as_bytes(), &mut spans);
        spans.iter().map(|s| &line[s.start..s.end]).collect()
    }

    #[test]
    fn cards_are_found_wherever_they_stand() {
        for card in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "5500-0000-0000-0004",
            "340000000000009",
            "3400 000000 00009",
            "6011000000000004",
        ] {
            for lead in 0..30 {
                let line = format!("{}{card} exp 12/28", "x ".repeat(lead));
                assert_eq!(found(&line), [card], "{line}");
            }
        }
    }

    #[test]
    fn numbers_that_are_no_cards_stay() {
        for line in [
            "4111111111111112",
            "1795336240728",
            "id 4111111111111111x",
            "0.4111111111111111",
            "2026-05-04 11:22:33",
            "4444444444444444444444",
        ] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
    }
}
