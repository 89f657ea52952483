//! Lines in which the layers found nothing, and after which they left nothing open: in the same line
//! again, read with nothing open and nothing learned in it, they look only for a table. Screens are
//! drawn again and again, and programs repeat what they say.

use std::hash::{BuildHasher, RandomState};
use zeroize::Zeroizing;

/// So many lines are remembered, each where its hash says.
const LINES: usize = 4096;
/// A longer line is hardly seen twice.
const LINE_MAX: usize = 4096;

/// The lines' hashes. Which lines share one depends on a key that nobody knows, so that none can be
/// made that passes for another; and what a line held is not kept, be it learned to be a secret later.
#[derive(Default)]
pub(super) struct Seen {
    hashes: Zeroizing<Vec<u64>>,
    key: RandomState,
}

/// What is known of a line that is read with nothing open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing.
    Nothing,
    /// The layers find nothing in it; what it is to a table must be seen.
    Empty,
    /// Nor is it anything to a table of which it shows no row.
    Apart,
}

/// The bit of a hash that tells one from the other.
const APART: u64 = 1;

impl Seen {
    /// What is known of `line`.
    pub(super) fn knows(&self, line: &[u8]) -> Known {
        if line.is_empty() || line.len() > LINE_MAX || self.hashes.is_empty() {
            return Known::Nothing;
        }
        let hash = self.key.hash_one(line) | APART;
        match self.hashes.get(place(hash)) {
            Some(known) if *known == hash => Known::Apart,
            Some(known) if *known | APART == hash => Known::Empty,
            _ => Known::Nothing,
        }
    }

    /// Remembers that `line` is empty, and whether it is apart.
    pub(super) fn keep(&mut self, line: &[u8], apart: bool) {
        if line.len() > LINE_MAX {
            return;
        }
        if self.hashes.is_empty() {
            self.hashes.resize(LINES, 0);
        }
        let hash = self.key.hash_one(line) | APART;
        if let Some(known) = self.hashes.get_mut(place(hash)) {
            *known = if apart { hash } else { hash & !APART };
        }
    }
}

/// Where a line is remembered. Two lines at one place only cost a look.
fn place(hash: u64) -> usize {
    (hash >> 32) as usize % LINES
}

#[cfg(test)]
mod tests {
    use super::super::Scanner;
    use super::*;
    use crate::mask::{Class, Filter, RuleId, Rules};

    #[test]
    fn a_line_is_known_as_it_was_kept() {
        let mut seen = Seen::default();
        let long = vec![b'x'; LINE_MAX + 1];
        for (line, apart) in [
            (&b"no password"[..], true),
            (b"a token", false),
            (&long, true),
        ] {
            assert_eq!(seen.knows(line), Known::Nothing);
            seen.keep(line, apart);
        }
        assert_eq!(seen.knows(b"no password"), Known::Apart);
        assert_eq!(seen.knows(b"a token"), Known::Empty);
        for line in [&b"no passworD"[..], b"", &long] {
            assert_eq!(seen.knows(line), Known::Nothing);
        }
    }

    #[test]
    fn what_is_learned_later_is_masked_in_a_line_that_was_seen() {
        let mut scanner = Scanner::new(Rules::builtin());
        let line = b"the password was changed by tr0ub4dor-3";
        let mut spans = Vec::new();
        for _ in 0..3 {
            scanner.line(line, &mut spans);
            assert_eq!(spans, []);
        }
        scanner.learn(b"tr0ub4dor-3", RuleId::new("t"));
        scanner.line(line, &mut spans);
        assert_eq!(spans.len(), 1);
        assert_eq!(spans[0].class, Class::Password);
    }

    #[test]
    fn a_line_that_was_seen_alone_is_read_anew_below_a_header() {
        // By itself the second line is harmless; below the first it is a row.
        let row = "1 | key 7 of the token | x";
        let text = format!("{row}\n{row}\n id | password | note\n----+----------+-----\n{row}\n");
        let mut filter = Filter::new(Scanner::new(Rules::builtin()), false);
        let mut out = Vec::new();
        filter.push(text.as_bytes(), &mut out);
        filter.finish(&mut out);
        let out = String::from_utf8_lossy(&out).into_owned();
        let rows: Vec<_> = out.lines().collect();
        assert_eq!(rows[..2], [row, row]);
        assert!(!rows[4].contains("key 7"), "{out}");
    }

    #[test]
    fn what_was_seen_changes_no_answer() {
        let files = [
            include_str!("../../../fixtures/mask/harmless.txt"),
            include_str!("../../../fixtures/mask/tables.txt"),
            include_str!("../../../fixtures/mask/sql.txt"),
        ];
        let lines: Vec<_> = files.iter().flat_map(|file| file.lines()).collect();
        let mut scanner = Scanner::new(Rules::builtin());
        let mut forgetful = Scanner::new(Rules::builtin());
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        let mut known = 0;
        for n in 0..lines.len() {
            for line in [lines[n], lines[n * 7919 % (n + 1).min(40)], lines[n]] {
                let line = line.as_bytes();
                known += usize::from(scanner.seen.knows(line) != Known::Nothing);
                found.clear();
                scanner.line(line, &mut found);
                expected.clear();
                forgetful.seen = Seen::default();
                forgetful.line(line, &mut expected);
                assert_eq!(found, expected, "{n}");
            }
        }
        assert!(known > 50, "{known}");
    }
}
