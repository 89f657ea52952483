//! The prefilter: which keywords stand in a line, at the cost of a glance at most bytes.
//!
//! Each keyword is filed under its rarest three bytes. A bitmap of 256 Ki bits says for each
//! position whether any keyword is filed there; it fits in the first-level cache, costs
//! microseconds to build, and almost every position of almost every line is ruled out by it.

use super::bytes::{at, bounded, word_at};
use std::collections::HashSet;
use std::sync::OnceLock;
use zeroize::Zeroizing;

/// A keyword that stands in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Where it starts.
    pub at: usize,
    /// Its number.
    pub key: u32,
}

/// Keywords, filed.
#[derive(Clone)]
pub(crate) struct Grams {
    bits: Box<[u64; WORDS]>,
    /// By bucket, the latest entry plus one.
    heads: Box<[u32; BUCKETS]>,
    entries: Vec<Entry>,
    keys: Vec<Key>,
}

/// 32 KiB: with some three thousand keywords one bit in eighty is set.
const WORDS: usize = 4096;
const BUCKETS: usize = 4096;

#[derive(Clone, Copy)]
struct Entry {
    gram: u32,
    key: u32,
    /// The entry before in the bucket, plus one; 0 at its end.
    next: u32,
    /// The gram's place in the keyword.
    offset: u8,
}

/// Learned secrets stand here too, so keywords are wiped.
#[derive(Clone)]
struct Key {
    text: Zeroizing<Vec<u8>>,
    exact: bool,
    bounded: bool,
}

/// How a keyword must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// In any case, also inside a word.
    Folded,
    /// In any case, as a word of its own.
    Word,
    /// As written.
    Exact,
}

/// ASCII letters to lower case; other bytes may fall together, which only costs a look.
#[inline]
fn fold(gram: u32) -> u32 {
    gram | 0x0020_2020
}

#[inline]
fn hash(gram: u32) -> u32 {
    // The multiplier's last byte is 0, so that a fourth byte beside the three counts for nothing.
    gram.wrapping_mul(0x3779_B100) >> 14
}

fn gram_of(bytes: &[u8]) -> u32 {
    fold(u32::from(at(bytes, 0)) | u32::from(at(bytes, 1)) << 8 | u32::from(at(bytes, 2)) << 16)
}

impl Grams {
    /// Files `keywords`, each of three bytes or more; shorter ones are not found. The number of a
    /// keyword is its place in the list.
    pub(crate) fn new<'a>(keywords: impl IntoIterator<Item = (&'a [u8], Match)>) -> Self {
        let mut grams = Grams {
            bits: Box::new([0; WORDS]),
            heads: Box::new([0; BUCKETS]),
            entries: Vec::new(),
            keys: Vec::new(),
        };
        for (text, how) in keywords {
            grams.add(text, how);
        }
        grams
    }

    /// How many keywords are filed.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Files one more keyword, under the next number.
    pub(crate) fn add(&mut self, text: &[u8], how: Match) {
        let key = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        self.keys.push(Key {
            text: Zeroizing::new(text.to_vec()),
            exact: how == Match::Exact,
            bounded: how == Match::Word,
        });
        let common = common();
        let weight = |gram: &[u8]| {
            let each = gram.iter().map(|c| u32::from(commonness(*c)));
            let known = common.contains(&gram_of(gram));
            each.sum::<u32>() + if known { 20 } else { 0 }
        };
        let grams = text.windows(3).enumerate().take(64);
        let Some((offset, gram)) = grams.min_by_key(|(_, gram)| weight(gram)) else {
            return;
        };
        let gram = gram_of(gram);
        let h = hash(gram);
        if let Some(word) = self.bits.get_mut((h >> 6) as usize) {
            *word |= 1 << (h & 63);
        }
        let Some(head) = self.heads.get_mut(h as usize % BUCKETS) else {
            return;
        };
        self.entries.push(Entry {
            gram,
            key,
            next: *head,
            offset: u8::try_from(offset).unwrap_or(0),
        });
        *head = u32::try_from(self.entries.len()).unwrap_or(0);
    }

    /// Appends the keywords that stand in `line`, in the order of their rarest bytes.
    #[inline]
    pub(crate) fn scan(&self, line: &[u8], hits: &mut Vec<Hit>) {
        // Eight bytes hold six grams.
        let mut i = 0;
        while let Some(eight) = line.get(i..).and_then(|rest| rest.first_chunk::<8>()) {
            let folded = u64::from_le_bytes(*eight) | 0x2020_2020_2020_2020;
            for k in 0..6 {
                let gram = (folded >> (8 * k)) as u32;
                if self.may_be(hash(gram)) {
                    self.check(line, i + k, gram & 0x00FF_FFFF, hits);
                }
            }
            i += 6;
        }
        for (k, three) in line.get(i..).unwrap_or_default().windows(3).enumerate() {
            let gram = gram_of(three);
            if self.may_be(hash(gram)) {
                self.check(line, i + k, gram, hits);
            }
        }
    }

    /// Whether any keyword stands in `text`.
    pub(crate) fn any(&self, text: &[u8]) -> bool {
        let mut hits = Vec::new();
        self.scan(text, &mut hits);
        !hits.is_empty()
    }

    /// Whether a keyword may be filed under this hash.
    #[inline]
    fn may_be(&self, h: u32) -> bool {
        self.bits.get((h >> 6) as usize).copied().unwrap_or(0) & 1 << (h & 63) != 0
    }

    #[cold]
    fn check(&self, line: &[u8], i: usize, gram: u32, hits: &mut Vec<Hit>) {
        let h = hash(gram);
        let mut next = self.heads.get(h as usize % BUCKETS).copied().unwrap_or(0);
        while let Some(entry) = (next as usize)
            .checked_sub(1)
            .and_then(|n| self.entries.get(n))
        {
            next = entry.next;
            if entry.gram != gram {
                continue;
            }
            let (Some(key), Some(at)) = (
                self.keys.get(entry.key as usize),
                i.checked_sub(usize::from(entry.offset)),
            ) else {
                continue;
            };
            let stands = if key.exact {
                line.get(at..)
                    .is_some_and(|rest| rest.starts_with(&key.text))
            } else {
                word_at(line, at, &key.text)
            };
            if stands && (!key.bounded || bounded(line, at, at + key.text.len())) {
                hits.push(Hit { at, key: entry.key });
            }
        }
    }
}

/// Three letters that logs, statements and tables are full of.
const COMMON: &[u8] = b"er_ ame ttp ach pre r_i int ull joi nfo tre rel mer ord _id tem nam log val now ful day ll_ lin cur htt api get urs use pat ur_ ing inf que str fin mis iss try ups sta sel ect ion the for com ent ate age ess ser res tat tim ime dat ype tus atu rom whe her ere ers der lec ele oin cus ust sto tom con err rro ror inf lev vel msg ath pag nex ext lim imi mit mod oze zil ill ows dur ati ura tra rac ace eve req est ons ind new pai aid ";

fn common() -> &'static HashSet<u32> {
    static GRAMS: OnceLock<HashSet<u32>> = OnceLock::new();
    GRAMS.get_or_init(|| COMMON.chunks(4).map(gram_of).collect())
}

/// A rough order of how often a byte stands in logs, tables and code.
fn commonness(c: u8) -> u8 {
    match c.to_ascii_lowercase() {
        b' ' | b'-' | b'0'..=b'9' => 12,
        b'e' | b't' | b'a' => 10,
        b'o' | b'i' | b'n' | b's' | b'r' => 9,
        b'd' | b'c' | b'l' => 8,
        b'u' | b'm' | b'p' | b'f' | b'b' => 7,
        b'h' | b'g' | b'/' | b'.' | b':' | b'=' | b'"' => 6,
        b'_' | b'y' | b'w' | b'v' => 5,
        b'k' => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_is_found_wherever_it_stands() {
        let words: [&[u8]; 5] = [b"password", b"glpat-", b"://", b"token", b"pin"];
        let how = |w: &[u8]| match w {
            b"glpat-" => Match::Exact,
            b"pin" => Match::Word,
            _ => Match::Folded,
        };
        let grams = Grams::new(words.iter().map(|w| (*w, how(w))));
        for (number, word) in words.iter().enumerate() {
            for lead in 0..70 {
                let mut line = vec![b' '; lead];
                line.extend_from_slice(word);
                line.extend_from_slice(b" x");
                let mut hits = Vec::new();
                grams.scan(&line, &mut hits);
                let key = number as u32;
                assert_eq!(hits, [Hit { at: lead, key }], "{lead}");
            }
        }
        let mut hits = Vec::new();
        grams.scan(b"GLPAT- spinning PassWord", &mut hits);
        assert_eq!(hits, [Hit { at: 16, key: 0 }], "case and word bounds hold");
    }
}
