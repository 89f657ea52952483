//! Changes of rows as wal2json writes them: names in one list, values in another
//! (github.com/eulerto/wal2json, format version 1).

use super::{Judge, push, wanted};
use crate::mask::bytes::{at, cut, find, skip_blanks};
use crate::mask::span::Span;

/// More columns are not looked at.
const COLUMNS_MAX: usize = 512;
/// The list of names, and that of values.
const LISTS: &[(&[u8], &[u8])] = &[
    (b"\"columnnames\"", b"\"columnvalues\""),
    (b"\"keynames\"", b"\"keyvalues\""),
];

/// Appends the values of `line` whose names say what they are.
pub(super) fn changes(line: &[u8], judge: &Judge, spans: &mut Vec<Span>) {
    for (names, values) in LISTS {
        let mut i = 0;
        while let Some(at) = find(line, i, names) {
            i = at + names.len();
            let Some(other) = find(line, i, values) else {
                break;
            };
            let held = list(line, other + values.len());
            for ((a, b), (start, end)) in list(line, i).into_iter().zip(held) {
                if let Some(named) = judge.column(cut(line, a, b))
                    && wanted(cut(line, start, end), named)
                {
                    push(line, start, end, named, spans);
                }
            }
        }
    }
}

/// Where the items of the list of JSON that begins behind `i` stand, strings without their quotes.
fn list(line: &[u8], i: usize) -> Vec<(usize, usize)> {
    let mut items = Vec::new();
    let mut i = skip_blanks(line, i);
    if at(line, i) == b':' {
        i = skip_blanks(line, i + 1);
    }
    if at(line, i) != b'[' {
        return items;
    }
    i = skip_blanks(line, i + 1);
    while i < line.len() && items.len() < COLUMNS_MAX {
        let start = i;
        let end;
        if at(line, i) == b'"' {
            i += 1;
            while i < line.len() && at(line, i) != b'"' {
                i += 1 + usize::from(at(line, i) == b'\\');
            }
            end = i.min(line.len());
            items.push((start + 1, end));
            i += 1;
        } else {
            while i < line.len() && !matches!(at(line, i), b',' | b']') {
                i += 1;
            }
            end = i;
            items.push((start, end));
        }
        i = skip_blanks(line, i);
        if at(line, i) != b',' {
            break;
        }
        i = skip_blanks(line, i + 1);
    }
    items
}

#[cfg(test)]
mod tests {
    use super::super::RECS_OWN;
    use super::*;

    #[test]
    fn each_value_goes_by_the_name_in_its_place() {
        let line = r#"{"change":[{"kind":"update","columnnames":["id","password","note"],"columntypes":["integer","text","text"],"columnvalues":[7,"a\"b c",null],"oldkeys":{"keynames": ["password"], "keyvalues": ["Zimt"]}}]}"#;
        let mut spans = Vec::new();
        changes(line.as_bytes(), &RECS_OWN, &mut spans);
        let found: Vec<&str> = spans.iter().map(|s| &line[s.start..s.end]).collect();
        assert_eq!(found, ["a\\\"b c", "Zimt"]);
        for cut in 0..line.len() {
            changes(&line.as_bytes()[..cut], &RECS_OWN, &mut Vec::new());
        }
    }
}
