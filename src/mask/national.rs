//! Ids and numbers of people, behind the word that names them. Data: `rules/national.txt`.

use super::bytes::{at, before, cut, is_word};
use super::checksum;
use super::own::Personal;
use super::rules::leak;
use super::span::{Class, Span};

/// How far behind its word an id may stand.
const NEAR: usize = 32;

/// What an id looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum National {
    /// 123-45-6789
    Ssn,
    /// ABCDE1234F
    PanIndia,
    /// Digits with separators, this many at least and at most.
    Digits(u8, u8),
    /// Letters and digits, this many at least and at most.
    Mixed(u8, u8),
    /// A card's security code.
    Code,
    /// A day.
    Date,
    /// 756.9217.0769.85, with its check digit: the word is how it begins.
    Ahv,
}

/// How every number of the Swiss old-age insurance begins: with the country, as goods do.
pub(crate) const AHV: &str = "756.";

/// The rows of the list: words, the shape of what stands behind them, and what it is.
fn rows() -> impl Iterator<Item = (&'static str, National, Personal)> {
    let lines = include_str!("rules/national.txt").lines();
    lines.filter_map(|line| {
        let mut parts = line.split(" : ").filter(|_| !line.starts_with('#'));
        let (words, shape) = (parts.next()?, shape_of(parts.next()?)?);
        let kind = parts.next().unwrap_or("national-id");
        let kind = Personal::ALL.into_iter().find(|k| k.word() == kind)?;
        Some((words, shape, kind))
    })
}

/// The words, the shape of what stands behind them, and what it is.
pub(crate) fn words() -> Vec<(&'static str, National, Personal)> {
    let each = |(words, shape, kind): (&'static str, National, Personal)| {
        let words = words.split_ascii_whitespace().flat_map(|word| {
            let word = word.trim_end_matches('?');
            let spaced = word.contains('_').then(|| leak(word.replace('_', " ")));
            [Some(word), spaced].into_iter().flatten()
        });
        words.map(move |word| (word, shape, kind))
    };
    rows().flat_map(each).collect()
}

/// The words as names of columns, and whether each can mean other things too.
pub(crate) fn columns() -> impl Iterator<Item = (Personal, &'static str, bool)> {
    rows().flat_map(|(words, _, kind)| {
        let words = words.split_ascii_whitespace();
        words.map(move |word| {
            let bare = word.strip_suffix('?');
            (kind, bare.unwrap_or(word), bare.is_some())
        })
    })
}

fn shape_of(text: &str) -> Option<National> {
    let range = |text: &str| {
        let (least, most) = text.split_once('-')?;
        Some((least.parse().ok()?, most.parse().ok()?))
    };
    match text {
        "ssn" => Some(National::Ssn),
        "panin" => Some(National::PanIndia),
        "code" => Some(National::Code),
        "date" => Some(National::Date),
        _ => {
            let digits = text.strip_prefix('d').and_then(range);
            let mixed = text.strip_prefix('m').and_then(range);
            digits
                .map(|(least, most)| National::Digits(least, most))
                .or(mixed.map(|(least, most)| National::Mixed(least, most)))
        }
    }
}

/// Appends the id of this shape that stands behind the word that ends at `place`.
pub(crate) fn find(
    line: &[u8],
    place: usize,
    kind: National,
    what: Personal,
    spans: &mut Vec<Span>,
) {
    if kind == National::Ahv {
        ahv(line, place - AHV.len().min(place), what, spans);
        return;
    }
    let mut i = place;
    let limit = line.len().min(i + NEAR);
    while i < limit {
        let c = at(line, i);
        let sum = c == b'+' && is_word(before(line, i));
        if !c.is_ascii_alphanumeric() && c != b'+' || sum {
            i += 1;
            continue;
        }
        let mut end = i + 1;
        while end - i < 40
            && (at(line, end).is_ascii_alphanumeric() || takes_separator(line, end, kind))
        {
            end += 1;
        }
        // What a separator joins may be the next word.
        while let Some(last) = memchr::memrchr(b' ', cut(line, i, end))
            && last > 0
            && !is_id(cut(line, i, end), kind)
        {
            end = i + last;
        }
        let text = cut(line, i, end);
        // A123456(3) of Hong Kong
        let bracket = at(line, end) == b'('
            && at(line, end + 1).is_ascii_alphanumeric()
            && at(line, end + 2) == b')';
        if bracket && is_id(&[text, cut(line, end + 1, end + 2)].concat(), kind) {
            spans.push(Span::new(i, end + 3, what.named(), Class::Personal).in_cell());
            return;
        }
        if is_id(text, kind)
            && !matches!(before(line, i), b'.' | b'$' | b'%' | b'+')
            && !is_word(at(line, end))
        {
            spans.push(Span::new(i, end, what.named(), Class::Personal).in_cell());
            return;
        }
        i = end;
    }
}

/// Appends the number that begins at `start`.
fn ahv(line: &[u8], start: usize, what: Personal, spans: &mut Vec<Span>) {
    const SHAPE: &[u8] = b"999.9999.9999.99";
    let end = start + SHAPE.len();
    let text = cut(line, start, end);
    let fits = |(c, shape): (&u8, &u8)| match shape {
        b'9' => c.is_ascii_digit(),
        _ => c == shape,
    };
    let glued = is_word(before(line, start))
        || matches!(before(line, start), b'.' | b'-')
        || is_word(at(line, end))
        || matches!(at(line, end), b'.' | b'-') && is_word(at(line, end + 1));
    let shaped = text.len() == SHAPE.len() && text.iter().zip(SHAPE).all(fits);
    if shaped && !glued && checksum::ean(&checksum::digits(text)) {
        spans.push(Span::new(start, end, what.named(), Class::Personal).in_cell());
    }
}

fn takes_separator(line: &[u8], i: usize, kind: National) -> bool {
    let (behind, lead) = (at(line, i + 1), before(line, i));
    match at(line, i) {
        b'-' | b'.' | b'/' | b' ' => {}
        b'(' | b')' => return matches!(kind, National::Digits(9, 15)),
        _ => return false,
    }
    match kind {
        National::Code | National::PanIndia | National::Ahv => false,
        National::Mixed(..) => {
            at(line, i) != b'/'
                && behind.is_ascii_alphanumeric()
                && (lead.is_ascii_digit() || behind.is_ascii_digit())
        }
        National::Digits(..) | National::Ssn | National::Date => {
            (behind.is_ascii_digit() || behind == b'(') && (lead.is_ascii_digit() || lead == b')')
        }
    }
}

fn is_id(text: &[u8], kind: National) -> bool {
    let n = checksum::digits(text).len();
    let plain = text.iter().filter(|c| c.is_ascii_alphanumeric()).count();
    let within =
        |n: usize, least: u8, most: u8| (usize::from(least)..=usize::from(most)).contains(&n);
    match kind {
        National::Ssn => {
            n == 9 && plain == 9 && matches!(text.len(), 9 | 11) && !text.starts_with(b"000")
        }
        National::PanIndia => {
            let shape = |(i, c): (usize, &u8)| {
                if (5..9).contains(&i) {
                    c.is_ascii_digit()
                } else {
                    c.is_ascii_uppercase()
                }
            };
            text.len() == 10 && text.iter().enumerate().all(shape)
        }
        National::Digits(least, most) => plain == n && within(n, least, most),
        National::Mixed(least, most) => {
            within(plain, least, most) && n >= 2 && !text.iter().any(u8::is_ascii_lowercase)
        }
        National::Code => plain == n && (n == 3 || n == 4) && text.len() == n,
        National::Date => n == 8 && text.len() == 10 && plain == 8,
        National::Ahv => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Vec<&str> {
        let mut spans = Vec::new();
        let lower = line.to_lowercase();
        for (word, shape, kind) in words() {
            for (at_word, _) in lower.match_indices(word) {
                if crate::mask::bytes::bounded(line.as_bytes(), at_word, at_word + word.len()) {
                    find(
                        line.as_bytes(),
                        at_word + word.len(),
                        shape,
                        kind,
                        &mut spans,
                    );
                }
            }
        }
        crate::mask::span::settle(&mut spans);
        spans.iter().map(|s| &line[s.start..s.end]).collect()
    }

    #[test]
    fn ids_stand_behind_their_words() {
        for (line, id) in [
            ("SSN: 078-05-1120", "078-05-1120"),
            ("PAN EHBPS1553D", "EHBPS1553D"),
            ("where pan_no='JRHPO0271W';", "JRHPO0271W"),
            ("Aadhaar no 2345 6789 0124", "2345 6789 0124"),
            ("NINO QQ 12 34 56 C", "QQ 12 34 56 C"),
            ("cpf 123.456.789-09", "123.456.789-09"),
            ("codice fiscale RSSMRA85T10A562S", "RSSMRA85T10A562S"),
            ("passport: C01X00T47", "C01X00T47"),
            ("phone: +49 (170) 1234567", "+49 (170) 1234567"),
            ("dob 1963-08-02", "1963-08-02"),
            ("CVV: 685", "685"),
        ] {
            assert_eq!(found(line), [id], "{line}");
        }
    }

    #[test]
    fn a_swiss_number_needs_no_word() {
        let found = |line: &str| {
            let mut spans = Vec::new();
            for (place, _) in line.match_indices(AHV) {
                find(
                    line.as_bytes(),
                    place + AHV.len(),
                    National::Ahv,
                    Personal::NationalId,
                    &mut spans,
                );
            }
            spans.len()
        };
        assert_eq!(found("x 756.9217.0769.85, y"), 1);
        for line in [
            "756.9217.0769.86",
            "1756.9217.0769.85",
            "756.9217.0769.851",
            "v756.1.2",
        ] {
            assert_eq!(found(line), 0, "{line}");
        }
    }

    #[test]
    fn other_numbers_stay() {
        for line in [
            "pan and zoom 12",
            "Phone screen at 3pm",
            "SSN and card columns are masked",
            "passport control",
            "cell 12",
        ] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
    }
}
