//! Values that a database gave and that were masked by what their columns are: a client shows them
//! next, without a header, a query or a name beside them that would tell.
//!
//! Known again by their hashes alone, whatever the client parts them with. There may be as many as a
//! result is kept of, so none of the learned secrets' other forms is looked for. Rows that were not
//! kept are known by the layout of those before them ([`super::rows`]).

use super::rows::Rows;
use crate::mask::bytes::{at, cut, is_word};
use crate::mask::span::{Class, RuleId, Span};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use zeroize::Zeroize;

/// A shorter value stands everywhere.
const LENGTH_MIN: usize = 3;
/// A value that is looked for in all that follows, not only in the next answers, has as much.
const LASTING_MIN: usize = 6;
/// A longer value is known by its pieces of so many bytes.
const PIECE: usize = 64;
/// A longer line may be a part of one.
const TORN_MIN: usize = 4096;
/// Bytes that tell whether a value may begin here.
const LEAD: usize = 3;
/// So many pieces of values are known in each of two generations; then the older is forgotten.
const PIECES_MAX: usize = 128 << 10;
/// As many lengths as pieces have, under one rule.
const LENGTHS_MAX: usize = 2 * PIECE;
/// Bits of the filter before the maps.
const BITS: usize = 1 << 20;

/// What is known of a value with a certain beginning.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Length {
    bytes: usize,
    rule: RuleId,
    class: Class,
}

/// Hashes of values, in two generations.
#[derive(Default)]
struct Known {
    lengths: HashMap<[u8; LEAD], Vec<Length>>,
    hashes: HashSet<u64>,
}

impl Known {
    fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    fn forget(&mut self) {
        self.lengths.clear();
        self.hashes.clear();
    }
}

/// The values.
#[derive(Default)]
pub(super) struct Shown {
    /// Of answers that may not be shown yet: the newer, and those before.
    recent: [Known; 2],
    /// Secrets of the whole session, likewise.
    lasting: [Known; 2],
    filter: Vec<u64>,
    key: RandomState,
}

impl Shown {
    pub(super) fn is_empty(&self) -> bool {
        self.filter.is_empty()
    }

    /// Whether there are values of answers that may not be shown yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.recent.iter().any(|known| !known.is_empty())
    }

    /// What was given before the last turn has been shown.
    pub(super) fn turn(&mut self) {
        if self.is_fresh() {
            let [now, before] = &mut self.recent;
            std::mem::swap(now, before);
            now.forget();
        }
    }

    /// Whether `value` is one of them, as a whole.
    pub(super) fn holds(&self, value: &[u8]) -> bool {
        let hash = self.key.hash_one(value);
        let mut known = self.recent.iter().chain(&self.lasting);
        known.any(|known| known.hashes.contains(&hash))
    }

    /// A value was given that a rule masked as a whole.
    pub(super) fn add(&mut self, value: &[u8], rule: RuleId, class: Class) {
        for line in value.split(|c| *c == b'\n') {
            self.add_line(line.trim_ascii(), rule, class);
            // As CSV and JSON within it have it.
            if line.contains(&b'"') {
                let mut doubled = Vec::with_capacity(line.len() + 8);
                for c in line {
                    doubled.extend_from_slice(if *c == b'"' {
                        b"\"\""
                    } else {
                        std::slice::from_ref(c)
                    });
                }
                self.add_line(doubled.trim_ascii(), rule, class);
                doubled.zeroize();
            }
        }
    }

    fn add_line(&mut self, value: &[u8], rule: RuleId, class: Class) {
        if value.len() < LENGTH_MIN {
            return;
        }
        let lasts = class.is_learned()
            && value.len() >= LASTING_MIN
            && !crate::mask::learned::is_common(value)
            && !crate::mask::standin::is_placeholder(value);
        let mut rest = value;
        while !rest.is_empty() {
            let (piece, more) = match rest.len() >= 2 * PIECE {
                true => rest.split_at(PIECE),
                false => rest.split_at(rest.len()),
            };
            self.keep(
                piece,
                Length {
                    bytes: piece.len(),
                    rule,
                    class,
                },
                lasts,
            );
            rest = more;
        }
    }

    fn keep(&mut self, piece: &[u8], length: Length, lasts: bool) {
        let Some(lead) = piece.first_chunk::<LEAD>() else {
            return;
        };
        if self.filter.is_empty() {
            self.filter.resize(BITS / 64, 0);
        }
        let (word, bit) = place(*lead);
        if let Some(word) = self.filter.get_mut(word) {
            *word |= bit;
        }
        let hash = self.key.hash_one(piece);
        for (into, wanted) in [(&mut self.recent, true), (&mut self.lasting, lasts)] {
            let [now, before] = into;
            if !wanted || now.hashes.contains(&hash) {
                continue;
            }
            if now.hashes.len() >= PIECES_MAX {
                std::mem::swap(now, before);
                now.forget();
            }
            now.hashes.insert(hash);
            let lengths = now.lengths.entry(*lead).or_default();
            if lengths.len() < LENGTHS_MAX && !lengths.contains(&length) {
                lengths.push(length);
            }
        }
    }

    /// Appends the values that stand in `line`, from a word's beginning to a word's end; `typed` where
    /// it is no part of an answer.
    pub(super) fn find(&self, line: &[u8], typed: bool, rows: &mut Rows, spans: &mut Vec<Span>) {
        let first = spans.len();
        let mut i = 0;
        while i + LEAD <= line.len() {
            let begins = i == 0 || !is_word(at(line, i - 1));
            let found = self.longest(line, i, typed);
            // A long value may have begun in what came before the line.
            let Some(found) = found.filter(|found| begins || found.bytes == PIECE) else {
                i += 1;
                continue;
            };
            let (mut end, mut piece) = (i + found.bytes, found);
            while piece.bytes == PIECE
                && let Some(next) = self.longest(line, end, typed)
            {
                end += next.bytes;
                piece = next;
            }
            if piece.bytes != PIECE && is_word(at(line, end - 1)) && is_word(at(line, end)) {
                i += 1;
                continue;
            }
            // What was cut off at either end of a long value is no piece of its own.
            let torn = line.len() > TORN_MIN && piece.bytes == PIECE;
            let start = match line.len() > TORN_MIN && !begins && i < PIECE {
                true => 0,
                false => i,
            };
            if torn && line.len() - end < 2 * PIECE {
                end = line.len();
            }
            spans.push(Span::new(start, end, found.rule, found.class).in_cell());
            i = end;
        }
        if typed {
            return;
        }
        match spans.get(first..) {
            Some([_, ..]) => rows.known(line, spans, first),
            _ if rows.is_pending() => rows.unknown(line, self.key.hash_one(line), spans),
            _ => {}
        }
    }

    /// The longest value that begins at `i`.
    fn longest(&self, line: &[u8], i: usize, typed: bool) -> Option<Length> {
        let lead = cut(line, i, i + LEAD).first_chunk::<LEAD>()?;
        let (word, bit) = place(*lead);
        if self.filter.get(word).is_none_or(|word| word & bit == 0) {
            return None;
        }
        let recent = self.recent.iter().filter(|_| !typed);
        let mut best: Option<Length> = None;
        for known in recent.chain(&self.lasting) {
            for length in known.lengths.get(lead).into_iter().flatten() {
                let longer = best.is_none_or(|best| best.bytes < length.bytes);
                if longer
                    && let Some(piece) = line.get(i..i + length.bytes)
                    && known.hashes.contains(&self.key.hash_one(piece))
                {
                    best = Some(*length);
                }
            }
        }
        best
    }
}

/// The filter's word and bit of a beginning.
fn place(lead: [u8; LEAD]) -> (usize, u64) {
    let [a, b, c] = lead.map(usize::from);
    let number = ((a << 16 | b << 8 | c).wrapping_mul(0x9E37_79B1) >> 8) % BITS;
    (number / 64, 1 << (number % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: RuleId = RuleId::new("column");

    fn masked(shown: &Shown, rows: &mut Rows, typed: bool, line: &str) -> String {
        let mut spans = Vec::new();
        shown.find(line.as_bytes(), typed, rows, &mut spans);
        let mut text = line.as_bytes().to_vec();
        for span in &spans {
            text[span.start..span.end].fill(b'*');
        }
        String::from_utf8(text).unwrap()
    }

    fn shown(values: &[(&str, Class)]) -> Shown {
        let mut shown = Shown::default();
        for (value, class) in values {
            shown.add(value.as_bytes(), RULE, *class);
        }
        shown
    }

    #[test]
    fn values_are_known_whatever_parts_them() {
        let many: Vec<String> = (0..5000).map(|n| format!("four green boats {n}")).collect();
        let each: Vec<_> = many.iter().map(|v| (v.as_str(), Class::Password)).collect();
        let shown = shown(&each);
        for (line, wanted) in [
            ("four green boats 4999", "*********************"),
            ("1|four green boats 17|x", "1|*******************|x"),
            (
                " 1 | four green boats 17 | x",
                " 1 | ******************* | x",
            ),
            ("a,\"four green boats 0\"", "a,\"******************\""),
            ("four green boats 5000", "four green boats 5000"),
            ("x four green boats 17th", "x four green boats 17th"),
            ("forefour green boats 1", "forefour green boats 1"),
        ] {
            assert_eq!(masked(&shown, &mut Rows::default(), false, line), wanted);
        }
    }

    #[test]
    fn a_long_value_is_known_in_pieces_and_one_of_several_lines_by_each() {
        let long: String = (0..200).map(|n| format!("part {n}, ")).collect();
        let shown = shown(&[
            (&long, Class::Token),
            ("first line\nsecond line", Class::Token),
        ]);
        let mut rows = Rows::default();
        let all = masked(&shown, &mut rows, false, &format!("7|{}|8", long.trim()));
        assert!(all.starts_with("7|**") && all.ends_with("**|8") && !all.contains("part"));
        // From the middle on, as a window of a very long line begins.
        let tail = masked(&shown, &mut rows, false, &long[70..]);
        assert!(!tail.get(64..).unwrap().contains("part"), "{tail}");
        assert_eq!(
            masked(&shown, &mut rows, false, "second line"),
            "***********"
        );
    }

    #[test]
    fn who_somebody_is_is_forgotten_once_it_was_shown_and_a_secret_is_not() {
        let mut shown = shown(&[
            ("Ann Lee", Class::Personal),
            ("four boats", Class::Password),
        ]);
        let line = "Ann Lee|four boats";
        let mut rows = Rows::default();
        assert_eq!(masked(&shown, &mut rows, false, line), "*******|**********");
        // Whoever types is asked for nothing that was shown.
        assert_eq!(masked(&shown, &mut rows, true, line), "Ann Lee|**********");
        shown.turn();
        assert_eq!(masked(&shown, &mut rows, false, line), "*******|**********");
        shown.turn();
        assert_eq!(masked(&shown, &mut rows, false, line), "Ann Lee|**********");
    }

    fn column() -> [crate::mask::scanner::Masked; 1] {
        [(b"pw".to_vec(), RULE, Class::Password)]
    }

    /// Each line as it is masked, in order, after `rows` were told.
    fn each(shown: &Shown, rows: &mut Rows, lines: &[(&str, &str)]) {
        for (line, wanted) in lines {
            assert_eq!(masked(shown, rows, false, line), *wanted);
        }
    }

    #[test]
    fn rows_that_were_not_kept_are_known_by_the_layout_of_those_before() {
        let shown = shown(&[("green boat", Class::Password), ("042", Class::Password)]);
        let mut rows = Rows::default();
        rows.come(&column(), 4);
        let lines = [
            ("1|green boat|042|x", "1|**********|***|x"),
            ("2|red plane|17|y", "2|*********|**|y"),
            ("1|green boat|042|x", "1|**********|***|x"),
            ("1|green boat|042|x", "1|**********|***|x"),
        ];
        each(&shown, &mut rows, &lines);
        rows.complete(3);
        let lines = [
            // Nobody knows what it is.
            ("a|b", "***"),
            ("3|blue car|8|z", "3|********|*|z"),
            ("4|my car|9|z", "4|******|*|z"),
            ("(20000 rows)", "(20000 rows)"),
            (
                "Time: 1234.567 ms (00:01.235)",
                "Time: 1234.567 ms (00:01.235)",
            ),
            (
                "20000 rows in set (0.012 sec)",
                "20000 rows in set (0.012 sec)",
            ),
        ];
        each(&shown, &mut rows, &lines);
        // Some lines may have been taken for rows that are none.
        for _ in 0..66 {
            masked(&shown, &mut rows, false, "5|p|q|r");
        }
        each(&shown, &mut rows, &[("5|p|q|r", "5|p|q|r"), ("a|b", "a|b")]);
    }

    #[test]
    fn rows_that_were_not_kept_are_known_by_the_names_of_their_columns() {
        let shown = shown(&[("green boat", Class::Password)]);
        let mut rows = Rows::default();
        rows.come(&column(), 1);
        rows.complete(2);
        let lines = [
            ("pw | id", "pw | id"),
            ("id | 1", "id | 1"),
            ("pw | green boat", "pw | **********"),
            ("id | 2", "id | 2"),
            ("pw | red plane", "pw | *********"),
            ("pw|blue car", "pw|********"),
            ("pw\tblue car", "pw\t********"),
            ("pwd | blue car", "pwd | blue car"),
        ];
        each(&shown, &mut rows, &lines);
    }

    #[test]
    fn rows_that_were_not_kept_and_take_several_lines_are_masked_as_a_whole() {
        let shown = shown(&[("green boat", Class::Password), ("my car", Class::Password)]);
        let mut rows = Rows::default();
        rows.come(&column(), 2);
        rows.complete(2);
        let lines = [
            ("<table>", "<table>"),
            ("<row>", "<row>"),
            ("<f n=\"x\">green boat</f>", "<f n=\"x\">**********</f>"),
            // How many stand between two is not known yet.
            ("</row>", "******"),
            ("<row>", "*****"),
            ("<f n=\"x\">my car</f>", "<f n=\"x\">******</f>"),
            ("</row>", "</row>"),
            ("<row>", "<row>"),
            ("<f n=\"x\">red plane</f>", "**********************"),
            ("</row>", "</row>"),
            ("<row>", "<row>"),
            ("<f n=\"x\">blue car</f>", "*********************"),
        ];
        each(&shown, &mut rows, &lines);
        let mut rows = Rows::default();
        rows.come(&column(), 2);
        rows.complete(2);
        let lines = [
            ("*** 1. row ***", "*** 1. row ***"),
            ("green boat", "**********"),
            ("*** 2. row ***", "**************"),
            ("my car", "******"),
            ("*** 3. row ***", "*** 3. row ***"),
            ("red plane", "*********"),
        ];
        each(&shown, &mut rows, &lines);
    }

    #[test]
    fn rows_without_end_in_a_line_are_masked_from_the_first_on() {
        let shown = shown(&[("green boat", Class::Password)]);
        let mut rows = Rows::default();
        rows.come(&column(), 1);
        rows.complete(2);
        let more = "<td>red plane</td>".repeat(300);
        let line = format!("<tr><td>green boat</td>{more}");
        let seen = masked(&shown, &mut rows, false, &line);
        assert_eq!(seen, format!("<tr><td>{}", "*".repeat(line.len() - 8)));
        let seen = masked(&shown, &mut Rows::default(), false, &more);
        assert_eq!(seen, more);
    }
}
