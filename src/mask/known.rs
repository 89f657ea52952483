//! The learned secrets as the second look searches for them.
//!
//! Each form is filed under four of its bytes, where it looks least like a word. A bitmap of 8 KiB says
//! at each place of a text whether anything may be filed there, which most places are ruled out by. It
//! shares nothing with the scanner's own search, grows with what is learned, and wipes the forms it held.

use super::learned::Form;
use super::span::RuleId;
use std::collections::HashMap;

/// 64 Ki bits: a session that keeps as many secrets as it may sets one in eight.
const WORDS: usize = 1024;

/// The forms, filed.
pub(super) struct Known {
    bits: Box<[u64; WORDS]>,
    /// By four bytes, the forms that hold them and where.
    filed: HashMap<[u8; 4], Vec<(usize, usize)>>,
    /// Forms too short to be filed.
    short: Vec<usize>,
    forms: Vec<Form>,
}

impl Default for Known {
    fn default() -> Self {
        Known {
            bits: Box::new([0; WORDS]),
            filed: HashMap::new(),
            short: Vec::new(),
            forms: Vec::new(),
        }
    }
}

impl Known {
    /// How many forms are filed.
    pub(super) fn len(&self) -> usize {
        self.forms.len()
    }

    /// Files one more.
    pub(super) fn add(&mut self, form: Form) {
        let number = self.forms.len();
        let windows = form.text.windows(4).enumerate();
        let rarest = windows.max_by_key(|(offset, four)| (kinds(four), usize::MAX - offset));
        let four = rarest.and_then(|(offset, four)| Some((offset, *four.first_chunk::<4>()?)));
        match four {
            Some((offset, four)) => {
                let (word, bit) = place(four);
                if let Some(word) = self.bits.get_mut(word) {
                    *word |= bit;
                }
                self.filed.entry(four).or_default().push((number, offset));
            }
            None if form.text.is_empty() => return,
            None => self.short.push(number),
        }
        self.forms.push(form);
    }

    /// The rule of a secret that stands in `text` in some form and ends behind its first `seen` bytes.
    pub(super) fn find(&self, text: &[u8], seen: usize) -> Option<RuleId> {
        if self.forms.is_empty() {
            return None;
        }
        for (at, four) in text.windows(4).enumerate() {
            let Some(four) = four.first_chunk::<4>() else {
                continue;
            };
            let (word, bit) = place(*four);
            if self.bits.get(word).is_some_and(|word| word & bit != 0)
                && let Some(found) = self.filed_at(text, seen, at, four)
            {
                return Some(found);
            }
        }
        let mut short = self.short.iter().filter_map(|n| self.forms.get(*n));
        let found = short.find(|form| {
            // It may begin in what was seen.
            let from = seen.saturating_sub(form.text.len().saturating_sub(1));
            let unseen = text.get(from..).unwrap_or_default();
            memchr::memmem::find(unseen, &form.text).is_some()
        });
        found.map(|form| form.rule)
    }

    #[cold]
    fn filed_at(&self, text: &[u8], seen: usize, at: usize, four: &[u8; 4]) -> Option<RuleId> {
        let filed = self.filed.get(four)?;
        let mut forms = filed.iter().filter_map(|(number, offset)| {
            let form = self.forms.get(*number)?;
            let start = at.checked_sub(*offset)?;
            let stands = text.get(start..)?.starts_with(&form.text);
            (stands && start + form.text.len() > seen).then_some(form.rule)
        });
        forms.next()
    }
}

/// Where in the bitmap four bytes stand.
#[inline]
fn place(four: [u8; 4]) -> (usize, u64) {
    let hash = u32::from_le_bytes(four).wrapping_mul(0x9E37_79B1) >> 16;
    ((hash >> 6) as usize, 1 << (hash & 63))
}

/// How many kinds of bytes stand in `four`: the more, the less common it is.
fn kinds(four: &[u8]) -> usize {
    let has = |kind: fn(&u8) -> bool| usize::from(four.iter().any(kind));
    has(u8::is_ascii_lowercase)
        + has(u8::is_ascii_uppercase)
        + has(u8::is_ascii_digit)
        + has(|c| !c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::span::Class;

    #[test]
    fn each_form_is_found_wherever_it_stands() {
        let texts = ["tr0ub4dor-and-3", "abc", "aaaa", "-x", "Zm9vYmFyYmF6"];
        let mut known = Known::default();
        assert_eq!(known.find(b"tr0ub4dor-and-3", 0), None);
        for text in texts {
            known.add(Form {
                text: text.as_bytes().to_vec().into(),
                rule: RuleId::new("learned"),
                class: Class::Password,
            });
        }
        assert_eq!(known.len(), texts.len());
        for text in texts {
            for before in ["", "q", "tr0ub4dor-and-", "aa"] {
                let line = format!("{before}{text}z");
                assert!(known.find(line.as_bytes(), 0).is_some(), "{line}");
                // Where another form of it ends at its own end, too.
                let end = line.len() - 1;
                assert!(known.find(line.as_bytes(), end - 1).is_some(), "{line}");
                assert_eq!(known.find(line.as_bytes(), end), None, "{line}");
            }
        }
        for harmless in ["", "tr0ub4dor-and-", "aaa b", "zm9vymfy", "x-"] {
            assert_eq!(known.find(harmless.as_bytes(), 0), None, "{harmless}");
        }
    }
}
