//! Data frames as pandas and R print them: names over values, nothing between, and a count before
//! each row.

use super::layout::Cut;
use super::names::Judge;
use crate::mask::bytes::{at, cut};
use crate::mask::names::{Named, Strength};

/// More columns are not looked at.
const COLUMNS_MAX: usize = 64;
const LINE_MAX: usize = 1000;

/// Where each word of `line` begins and ends, in bytes.
pub(super) fn words(line: &[u8]) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut start = None;
    for (i, c) in line.iter().chain([&b' ']).enumerate() {
        match (matches!(c, b' ' | b'\t'), start) {
            (false, None) => start = Some(i),
            (true, Some(from)) => {
                words.push((from, i));
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// The columns of `line` where it could be the header of a frame: words each of which could be a name,
/// one of which surely says personal or secret. It begins with the blanks above the count.
pub(super) fn header(line: &[u8], judge: &Judge) -> Option<(Cut, Vec<Option<Named>>)> {
    if line.len() > LINE_MAX || at(line, 0) != b' ' {
        return None;
    }
    let words = words(line);
    let name = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.') || *c >= 0x80;
    let named = words.iter().all(|(a, b)| {
        let word = cut(line, *a, *b);
        word.iter().all(name) && !at(word, 0).is_ascii_digit()
    });
    if !named || words.is_empty() || words.len() > COLUMNS_MAX {
        return None;
    }
    let texts: Vec<_> = words.iter().map(|(a, b)| cut(line, *a, *b)).collect();
    // Prose is made of these.
    let spoken = |text: &&[u8]| {
        [
            "the", "a", "of", "to", "is", "and", "in", "for", "it", "be", "or", "with", "that",
            "this", "as", "you",
        ]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word.as_bytes()))
    };
    if texts.iter().any(spoken) {
        return None;
    }
    let mut judged: Vec<_> = texts
        .iter()
        .map(|name| judge.column(name).filter(|n| n.strength > Strength::Weak))
        .collect();
    super::names::beside(&mut judged, &texts);
    judged.iter().any(Option::is_some).then(|| {
        let ends = words.iter().map(|(_, end)| chars(line, *end)).collect();
        (Cut::Frame(ends), judged)
    })
}

fn chars(line: &[u8], end: usize) -> usize {
    cut(line, 0, end)
        .iter()
        .filter(|c| **c & 0xC0 != 0x80)
        .count()
}

/// The cells of a row below names that end at `ends`, in characters: values lean right as their
/// names do, or there are as many words as names behind the count. None where it is no row.
pub(super) fn cells(line: &[u8], ends: &[usize]) -> Vec<(usize, usize)> {
    let words = words(line);
    let counted = words.first().is_some_and(|(a, b)| {
        let count = cut(line, *a, *b);
        let count = count.strip_suffix(b":").unwrap_or(count);
        count.len() < 9 && count.iter().all(u8::is_ascii_digit)
    });
    // <dbl> <chr>
    let types = !words.is_empty()
        && words
            .iter()
            .all(|(a, b)| at(line, *a) == b'<' && at(line, b - 1) == b'>');
    if line.len() > 4 * LINE_MAX || !counted && !types {
        return Vec::new();
    }
    if words.len() == ends.len() + 1 {
        return words.into_iter().skip(1).collect();
    }
    if types {
        return vec![(0, 0); ends.len()];
    }
    let byte_of = |chars: usize| {
        let starts = line.iter().enumerate().filter(|(_, c)| **c & 0xC0 != 0x80);
        starts.map(|(i, _)| i).nth(chars).unwrap_or(line.len())
    };
    let mut from = words.first().map_or(0, |(_, end)| *end);
    let mut cells = Vec::new();
    for end in ends {
        let end = byte_of(*end);
        let leans = end > from && at(line, end - 1) != b' ' && matches!(at(line, end), b' ' | 0);
        if !leans {
            return Vec::new();
        }
        cells.push((from, end));
        from = end;
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::columns::RECS_OWN;

    fn found(text: &str) -> Vec<&str> {
        let mut lines = text.lines();
        let Some((Cut::Frame(ends), names)) = header(lines.next().unwrap().as_bytes(), &RECS_OWN)
        else {
            return Vec::new();
        };
        let cells = lines.flat_map(|line| {
            let cells = cells(line.as_bytes(), &ends);
            let cells = cells
                .into_iter()
                .zip(&names)
                .filter(|(_, named)| named.is_some());
            cells
                .map(|((a, b), _)| line[a..b].trim())
                .collect::<Vec<_>>()
        });
        cells.collect()
    }

    #[test]
    fn values_stand_below_their_names() {
        for (text, cells) in [
            (
                "  id          telefone plan\n1 11 +5511987346621 free",
                vec!["+5511987346621"],
            ),
            (
                "   vorname        nachname  n\n0     Anna   von der Heide  3\n1      Bea            Kern 12",
                vec!["Anna", "von der Heide", "Bea", "Kern"],
            ),
            (
                "     phone\n0  0171 22\n1 0172 333",
                vec!["0171 22", "0172 333"],
            ),
            (
                "  id phone\n  <dbl> <chr>\n1    11 +5511987346621",
                vec!["", "+5511987346621"],
            ),
        ] {
            assert_eq!(found(text), cells, "{text}");
        }
    }

    #[test]
    fn other_lines_are_no_frame() {
        for text in [
            "the phone rang\n1 2 3 4",
            "  free used phone!\n1 2 3",
            "  total used\n1 2 3",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
