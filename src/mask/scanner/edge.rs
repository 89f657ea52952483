//! Lines that a window cut, and what is left of known secrets on a screen.
//!
//! A shell that scrolls its line sideways, an editor that does not wrap, `less -S`, narrow panes and
//! windows one over the other show parts of a secret: the end of it at the start of a row, its beginning
//! at the end, or any piece between.

use super::Scanner;
use crate::mask::bytes::{at, cut};
use crate::mask::learned::Learned;
use crate::mask::span::{Class, RuleId, Span};

/// So much of a secret is not taken for something else, at the edge of a row.
const PART_MIN: usize = 6;
/// Where a mark says that the line was cut there, less tells.
const MARKED_MIN: usize = 4;
/// Anywhere in a row so much of a secret tells, or half of a shorter one, but no less than this.
const PIECE: usize = 10;
const PIECE_MIN: usize = 7;
/// What pieces are looked for by.
const GRAM: usize = 4;

const RULE: RuleId = RuleId::new("cut-token");
/// What tokens begin with that is nothing else.
const TOKENS: [&[u8]; 20] = [
    b"ghp_",
    b"gho_",
    b"ghu_",
    b"ghs_",
    b"ghr_",
    b"github_pat_",
    b"glpat-",
    b"sk_live_",
    b"rk_live_",
    b"sk-proj-",
    b"sk-ant-",
    b"npm_",
    b"xoxb-",
    b"xoxp-",
    b"dop_v1_",
    b"pypi-",
    b"shpat_",
    b"AGE-SECRET-KEY-1",
    b"AKIA",
    b"SG.",
];

impl Scanner {
    /// Appends what a row of the screen shows of secrets that are known, or begins to show where it is
    /// `full` to its last cell.
    pub fn edges(&mut self, line: &[u8], full: bool, spans: &mut Vec<Span>) {
        let marked = matches!(line.last(), Some(b'>' | b'$' | b'@'));
        let end = line.len() - usize::from(marked);
        if full || marked {
            token(cut(line, 0, end), spans);
        }
        let (start, least) = begins(line);
        if least == MARKED_MIN && at(line, start - 1) == b'<' {
            rest_of(line, start, spans);
        }
        self.pieces.follow(&self.learned);
        if self.pieces.version == 0 {
            return;
        }
        let rest = cut(line, start, line.len());
        let known = self.pieces.knows(cut(rest, 0, GRAM));
        let tail = known.then(|| self.learned.most(|secret| tail(secret, rest, least)));
        if let Some((len, rule, class)) = tail.flatten() {
            spans.push(Span::new(start, start + len, rule, class).in_cell());
        }
        // vim marks a line that is not whole with `@`.
        let least = if marked { MARKED_MIN } else { PART_MIN };
        let rest = cut(line, start, end);
        let known = self
            .pieces
            .knows(cut(rest, rest.len().saturating_sub(GRAM), rest.len()));
        let head = known.then(|| self.learned.most(|secret| head(secret, rest, least)));
        if let Some((len, rule, class)) = head.flatten() {
            spans.push(Span::new(end - len, end, rule, class).in_cell());
        }
        self.pieces.find(line, &self.learned, spans);
    }
}

/// Where the text of a row begins, behind its number and the mark of a line cut there; how much tells.
fn begins(line: &[u8]) -> (usize, usize) {
    let blank = |from: usize| {
        let rest = cut(line, from, line.len()).iter();
        from + rest.take_while(|c| **c == b' ').count()
    };
    let mut start = blank(0);
    let digits = cut(line, start, line.len()).iter();
    let digits = digits.take_while(|c| c.is_ascii_digit()).count();
    if (1..6).contains(&digits) && at(line, start + digits) == b' ' {
        start = blank(start + digits);
    }
    match at(line, start) {
        b'<' | b'$' => (start + 1, MARKED_MIN),
        _ => (start, PART_MIN),
    }
}

/// Appends the word of which a line that is scrolled sideways shows the rest behind its mark, where it is
/// like no other word.
fn rest_of(line: &[u8], start: usize, spans: &mut Vec<Span>) {
    let inside = |c: &&u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'+');
    let len = cut(line, start, line.len())
        .iter()
        .take_while(inside)
        .count();
    let word = cut(line, start, start + len);
    let has = |kind: fn(&u8) -> bool| word.iter().any(kind);
    let each =
        has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    if len >= PIECE && each {
        spans.push(Span::new(start, start + len, RULE, Class::Token).in_cell());
    }
}

/// Appends the token that `text` ends in, of which the row had no room for more.
fn token(text: &[u8], spans: &mut Vec<Span>) {
    let inside = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.');
    let len = text.iter().rev().take_while(|c| inside(c)).count();
    let start = text.len() - len;
    let word = cut(text, start, text.len());
    let begins = TOKENS.iter().find_map(|begin| word.strip_prefix(*begin));
    if begins.is_some_and(|rest| rest.len() >= PART_MIN && odd(rest)) {
        spans.push(Span::new(start, text.len(), RULE, Class::Token).in_cell());
    }
}

/// How many bytes of the end of `secret` the text begins with: `least` or more, and not all.
fn tail(secret: &[u8], text: &[u8], least: usize) -> usize {
    let longest = text.len().min(secret.len().saturating_sub(1));
    let mut lens = (least..=longest).rev();
    let fits = lens.find(|len| secret.ends_with(cut(text, 0, *len)));
    fits.filter(|len| odd(cut(text, 0, *len))).unwrap_or(0)
}

/// How many bytes of the beginning of `secret` the text ends with.
fn head(secret: &[u8], text: &[u8], least: usize) -> usize {
    let longest = text.len().min(secret.len().saturating_sub(1));
    let mut lens = (least..=longest).rev();
    let part = |len: &usize| cut(text, text.len() - len, text.len());
    let fits = lens.find(|len| secret.starts_with(part(len)));
    fits.filter(|len| odd(part(len))).unwrap_or(0)
}

/// Whether a part of a secret is more than a word or a number.
fn odd(part: &[u8]) -> bool {
    let letter = part.iter().any(u8::is_ascii_alphabetic);
    let sign = |c: &u8| !c.is_ascii_alphabetic() && !matches!(c, b'-' | b'_' | b' ');
    let mixed =
        part.iter().any(u8::is_ascii_lowercase) && part.iter().skip(1).any(u8::is_ascii_uppercase);
    letter && (mixed || part.iter().any(sign))
}

/// Which four bytes stand in known secrets: what most rows have none of, and gives none of them away.
#[derive(Default)]
pub(super) struct Pieces {
    version: u64,
    bits: Vec<u64>,
}

impl Pieces {
    const WORDS: usize = 1024;

    fn follow(&mut self, learned: &Learned) {
        let version = learned.version();
        if version == self.version {
            return;
        }
        self.bits.resize(Self::WORDS, 0);
        let bits = &mut self.bits;
        learned.each(self.version, |secret| {
            for gram in secret.windows(GRAM) {
                let (word, bit) = place(gram);
                if let Some(word) = bits.get_mut(word) {
                    *word |= bit;
                }
            }
        });
        self.version = version;
    }

    /// Whether `gram` may stand in a secret.
    fn knows(&self, gram: &[u8]) -> bool {
        let (word, bit) = place(gram);
        self.bits.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Appends the pieces of secrets in `line`.
    fn find(&self, line: &[u8], learned: &Learned, spans: &mut Vec<Span>) {
        let (mut start, mut run) = (0, 0);
        let ends = line.len().saturating_sub(GRAM - 1);
        for i in 0..=ends {
            if i < ends && self.knows(cut(line, i, i + GRAM)) {
                if run == 0 {
                    start = i;
                }
                run += 1;
                continue;
            }
            if run + GRAM > PIECE_MIN {
                pieces(line, start, start + run + GRAM - 1, learned, spans);
            }
            run = 0;
        }
    }
}

/// The bit of four bytes.
fn place(gram: &[u8]) -> (usize, u64) {
    let hash = gram.iter().fold(0u32, |hash, c| {
        (hash ^ u32::from(*c))
            .wrapping_mul(0x0100_0193)
            .rotate_left(5)
    });
    let hash = (hash ^ (hash >> 16)) as usize;
    (hash / 64 % Pieces::WORDS, 1 << (hash % 64))
}

/// Appends the pieces of secrets in `line[start..end]`.
fn pieces(line: &[u8], start: usize, end: usize, learned: &Learned, spans: &mut Vec<Span>) {
    let mut from = start;
    while from + PIECE_MIN <= end {
        let text = cut(line, from, end);
        match learned.most(|secret| piece(secret, text)) {
            Some((len, rule, class)) => {
                let span = Span::new(from, from + len, rule, class).in_cell();
                others(line, &span, learned, spans);
                spans.push(span);
                from += len;
            }
            None => from += 1,
        }
    }
}

/// Appends what else `line` shows of a secret of which `found` is a piece: a row that was drawn in two
/// goes holds what stands before it and behind it too.
fn others(line: &[u8], found: &Span, learned: &Learned, spans: &mut Vec<Span>) {
    let piece = cut(line, found.start, found.end);
    learned.each(0, |secret| {
        let Some(place) = memchr::memmem::find(secret, piece) else {
            return;
        };
        let behind = place + piece.len();
        for part in [cut(secret, 0, place), cut(secret, behind, secret.len())] {
            if part.len() < GRAM {
                continue;
            }
            for start in memchr::memmem::find_iter(line, part) {
                let end = start + part.len();
                spans.push(Span::new(start, end, found.rule, found.class).in_cell());
            }
        }
    });
}

/// How many bytes at the start of `text` are a piece of `secret`.
fn piece(secret: &[u8], text: &[u8]) -> usize {
    let least = (secret.len().div_ceil(2)).clamp(PIECE_MIN, PIECE);
    let Some(first) = text.get(..least) else {
        return 0;
    };
    let places = memchr::memmem::find_iter(secret, first);
    let same = |place: usize| {
        let pairs = cut(secret, place, secret.len()).iter().zip(text);
        pairs.take_while(|(a, b)| a == b).count()
    };
    let longest = places.map(same).max().unwrap_or(0);
    if odd(cut(text, 0, longest)) {
        longest
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use crate::mask::{RuleId, Rules, Scanner};

    fn edges(secret: &str, line: &str, full: bool) -> Vec<String> {
        let mut scanner = Scanner::new(Rules::builtin());
        scanner.learn(secret.as_bytes(), RuleId::new("t"));
        let mut spans = Vec::new();
        scanner.edges(line.as_bytes(), full, &mut spans);
        crate::mask::span::settle(&mut spans);
        let text = |s: &crate::mask::Span| line[s.start..s.end].to_owned();
        spans.iter().map(text).collect()
    }

    #[test]
    fn parts_of_a_secret_are_known_where_a_row_cuts_it() {
        let secret = "Kq7-mVx2-Tz9p-Lw4";
        for (line, part) in [
            ("2-Tz9p-Lw4 | psql", "2-Tz9p-Lw4"),
            ("<9p-Lw4; ls", "9p-Lw4"),
            (" 12 <p-Lw4", "p-Lw4"),
            ("    9p-Lw4", "9p-Lw4"),
            ("x=Kq7-mV", "Kq7-mV"),
            ("x=Kq7-m>", "Kq7-m"),
            ("what 7-mVx2-Tz[0/1] over it", "7-mVx2-Tz"),
        ] {
            assert_eq!(edges(secret, line, false), [part], "{line}");
        }
        assert_eq!(
            edges(secret, "say Kq7-mVx   2-Tz9p-Lw4 twice", false),
            ["Kq7-mVx", "2-Tz9p-Lw4"]
        );
        assert_eq!(
            edges(secret, "say Kq7-m   Vx2-Tz9p-Lw4 twice", false),
            ["Kq7-m", "Vx2-Tz9p-Lw4"]
        );
        for line in [
            "Lw4 is short",
            "a Kq7-m in the middle",
            "2-Tx9p",
            "harmless",
        ] {
            assert_eq!(edges(secret, line, false), [""; 0], "{line}");
        }
        for line in ["battery-staple is a word", "correct-horse"] {
            assert_eq!(
                edges("correct-horse-battery-staple", line, false),
                [""; 0],
                "{line}"
            );
        }
    }

    #[test]
    fn a_token_that_a_full_row_cuts_is_known_by_its_beginning() {
        let line = "  3 GH=ghp_vLTWm1jd";
        assert_eq!(edges("unrelated-1", line, true), ["ghp_vLTWm1jd"]);
        assert_eq!(edges("unrelated-1", line, false), [""; 0]);
        assert_eq!(edges("unrelated-1", "see ghp_token", true), [""; 0]);
    }
}
