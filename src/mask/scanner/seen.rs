//! Lines that woke the layers, held nothing and left nothing open: the same line again, read with
//! nothing open, is not looked at twice. Screens are drawn again and again, and programs repeat what
//! they say.

use zeroize::Zeroizing;

/// So many lines are remembered, each where its hash says.
const LINES: usize = 512;
/// A longer line is hardly seen twice.
const LINE_MAX: usize = 512;

/// The lines, and what was learned when they were judged.
#[derive(Default)]
pub(super) struct Seen {
    lines: Vec<Zeroizing<Vec<u8>>>,
    version: u64,
}

impl Seen {
    /// Whether `line` held nothing, as far as was known at `version`.
    pub(super) fn knows(&self, line: &[u8], version: u64) -> bool {
        version == self.version
            && self
                .lines
                .get(place(line))
                .is_some_and(|known| !line.is_empty() && known.as_slice() == line)
    }

    /// Remembers that `line` held nothing, as far as is known at `version`.
    pub(super) fn keep(&mut self, line: &[u8], version: u64) {
        if line.len() > LINE_MAX {
            return;
        }
        if version != self.version {
            // What they hold may be a secret now: they are wiped.
            self.lines.clear();
            self.version = version;
        }
        if self.lines.is_empty() {
            self.lines.resize_with(LINES, Zeroizing::default);
        }
        if let Some(known) = self.lines.get_mut(place(line)) {
            *known = Zeroizing::new(line.to_vec());
        }
    }

    /// Forgets what was judged before `version`.
    pub(super) fn forget_before(&mut self, version: u64) {
        if version != self.version {
            self.lines.clear();
            self.version = version;
        }
    }
}

/// Where `line` is remembered. Two lines at one place only cost a look.
fn place(line: &[u8]) -> usize {
    let mut hash = line.len() as u64;
    let mut rest = line;
    while let Some((eight, after)) = rest.split_first_chunk::<8>() {
        hash = mix(hash, u64::from_le_bytes(*eight));
        rest = after;
    }
    let last = rest.iter().fold(0, |n, c| n << 8 | u64::from(*c));
    (mix(hash, last) >> 32) as usize % LINES
}

fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use super::super::Scanner;
    use super::*;
    use crate::mask::{Class, Filter, RuleId, Rules};

    #[test]
    fn a_line_is_known_until_more_is() {
        let mut seen = Seen::default();
        let long = vec![b'x'; LINE_MAX + 1];
        for line in [&b"no password here"[..], &long] {
            assert!(!seen.knows(line, 0));
            seen.keep(line, 0);
        }
        assert!(seen.knows(b"no password here", 0));
        assert!(!seen.knows(b"no password herE", 0));
        assert!(!seen.knows(&long, 0));
        assert!(!seen.knows(b"", 0));
        assert!(!seen.knows(b"no password here", 1));
        seen.forget_before(1);
        assert!(seen.lines.is_empty());
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
                known += usize::from(scanner.seen.knows(line, scanner.version));
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
