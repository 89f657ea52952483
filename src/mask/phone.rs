//! Phone numbers in their international form, which says itself what it is: `+`, a country code, and as
//! many digits as a subscriber's number has (ITU-T E.164).

use super::bytes::{at, before, cut, is_word};
use super::own::Personal;
use super::span::{Class, Span};

/// E.164: at most fifteen digits, country code included; below nine it may be anything.
const DIGITS_MIN: usize = 9;
const DIGITS_MAX: usize = 15;
/// Digits in one piece need one more.
const PLAIN_MIN: usize = 10;

/// Appends the phone numbers of `line`.
pub(crate) fn find(line: &[u8], spans: &mut Vec<Span>) {
    for plus in memchr::memchr_iter(b'+', line) {
        // No country's code begins with a nought; the offsets of time stamps do.
        if !matches!(at(line, plus + 1), b'1'..=b'9') {
            continue;
        }
        let lead = before(line, plus);
        let stands = !is_word(lead)
            && !b"+/-.*^%&)]}\\@".contains(&lead)
            && (lead != b'=' || before(line, plus - 1) != b'=');
        if stands && let Some(end) = number(line, plus + 1) {
            spans.push(Span::new(plus, end, Personal::Phone.named(), Class::Personal).in_cell());
        }
    }
}

/// Where the number ends whose first digit stands at `start`.
fn number(line: &[u8], start: usize) -> Option<usize> {
    let mut groups: Vec<usize> = Vec::new();
    let (mut i, mut digits, mut end) = (start, 0, start);
    let mut separator = 0;
    loop {
        let from = i;
        while at(line, i).is_ascii_digit() {
            i += 1;
        }
        if i == from || digits + i - from > DIGITS_MAX {
            break;
        }
        digits += i - from;
        groups.push(i - from);
        end = i;
        // One separator between two groups; brackets around the second.
        match at(line, i) {
            b')' if matches!(at(line, i + 1), b' ' | b'-' | b'0'..=b'9') => {
                i += 1 + usize::from(!at(line, i + 1).is_ascii_digit());
            }
            c @ (b' ' | b'-' | b'.' | b'/') => {
                separator = if groups.len() == 1 { c } else { separator };
                let open = at(line, i + 1) == b'(';
                if c != separator && groups.len() > 3 {
                    break;
                }
                i += 1 + usize::from(open);
            }
            b'(' => i += 1,
            _ => break,
        }
    }
    let head: Vec<u8> = cut(line, start, end)
        .iter()
        .copied()
        .filter(u8::is_ascii_digit)
        .collect();
    let code = country_code(cut(&head, 0, 3))?;
    let behind = at(line, end);
    let glued = is_word(behind)
        || matches!(behind, b'+' | b'%' | b'@' | b':' | b',' | b'*' | b'=')
            && at(line, end + 1).is_ascii_digit()
        || behind == b'.' && at(line, end + 1).is_ascii_digit();
    if glued {
        return None;
    }
    let plain = groups.len() == 1;
    let whole = digits >= if plain { PLAIN_MIN } else { DIGITS_MIN };
    // Of North America both the area and the exchange begin with 2 to 9.
    let american = code != 1 || digits == 11 && at(&head, 1) >= b'2' && at(&head, 4) >= b'2';
    // The code is a group of its own or goes on with two digits or more; hardly a group has one digit, but
    // the first behind the code may.
    let apart = groups
        .first()
        .is_some_and(|n| *n == code || (code + 2..=7).contains(n));
    let grouped = plain
        || apart
            && groups.iter().skip(2).all(|n| (2..=8).contains(n))
            && groups.get(1).is_some_and(|n| (1..=9).contains(n));
    let lone = plain
        && (head.iter().all(|c| Some(c) == head.last())
            || head.iter().rev().take(6).all(|c| *c == b'0'));
    // +4412.12345 is a number with a fraction.
    let fraction = groups.len() == 2 && separator == b'.' && groups.get(1).is_some_and(|n| *n <= 6);
    // 20260504101112
    let stamp = plain && digits == 14 && head.starts_with(b"20");
    (whole && american && grouped && !lone && !fraction && !stamp).then_some(end)
}

/// How long the country code is that these digits begin with (ITU-T E.164, list of assigned codes).
fn country_code(digits: &[u8]) -> Option<usize> {
    let text: String = digits
        .iter()
        .take_while(|c| c.is_ascii_digit())
        .map(|c| char::from(*c))
        .collect();
    let two: u32 = text.get(..2)?.parse().ok()?;
    match two {
        10..=19 | 70..=79 => Some(1),
        20
        | 27
        | 30..=34
        | 36
        | 39..=41
        | 43..=49
        | 51..=58
        | 60..=66
        | 81
        | 82
        | 84
        | 86
        | 90..=95
        | 98 => Some(2),
        21..=26 | 29 | 35 | 37 | 38 | 42 | 50 | 59 | 67..=69 | 80 | 85 | 87 | 88 | 96 | 97 | 99 => {
            (text.len() == 3).then_some(3)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Vec<&str> {
        let mut spans = Vec::new();
        find(line.as_bytes(), &mut spans);
        spans.iter().map(|s| &line[s.start..s.end]).collect()
    }

    #[test]
    fn international_numbers_are_found() {
        for (line, number) in [
            (
                "sms-gw: delivered to +33 6 12 44 87 19 in 412 ms",
                "+33 6 12 44 87 19",
            ),
            ("to=+5511987346621,", "+5511987346621"),
            ("'+49 (171) 445-8812'", "+49 (171) 445-8812"),
            ("<sip:+41793184402@h>", "+41793184402"),
            ("tel:+1-415-736-0192;", "+1-415-736-0192"),
            ("+44 20 7946 0958", "+44 20 7946 0958"),
            ("call +420 603 118 447 now", "+420 603 118 447"),
        ] {
            assert_eq!(found(line), [number], "{line}");
        }
    }

    #[test]
    fn sums_offsets_and_hunks_stay() {
        for line in [
            "@@ -1204,5 +1204,7 @@",
            "2026-05-04T10:11:12+02:00",
            "x+4915112345678",
            "+1234567890",
            "+10 20 30 40 50",
            "drift +120 ns, +45 ms",
            "1.5e+4915112345678",
            "+49.1234567890",
            "+0000000000000",
            "+20260504101112345678",
            "+1 2 3 4 5 6 7 8 9 10",
            "AAA+4930123456bB",
        ] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
    }
}
