//! Words as the search sees them: runs of letters and digits, without case.
//!
//! The index is filled with these words, and the scan compares these words, so that both find the
//! same.

/// `c` without its case. Only one-to-one foldings, so that a regular expression that ignores case
/// finds every place a word of ASCII stands at.
fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// Whether `c` is part of a word. Combining marks belong to the letter before them.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c)
}

/// A word without its case.
pub fn fold(word: &str) -> String {
    word.chars().map(fold_char).collect()
}

/// The words of `text`, unfolded, with the byte each begins at.
pub fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let start = rest.find(is_word)?;
        let word = rest.get(start..)?;
        let len = word.find(|c| !is_word(c)).unwrap_or(word.len());
        let begin = at + start;
        at = begin + len;
        Some((begin, word.get(..len)?))
    })
}

/// Whether the words of `text` from the byte `at` (a word's begin) are `words`; gives the end.
pub(super) fn words_at(text: &str, at: usize, words: &[String], prefix: bool) -> Option<usize> {
    let rest = text.get(at..)?;
    let mut found = tokens(rest);
    let mut end = 0;
    for (n, word) in words.iter().enumerate() {
        let (begin, token) = found.next()?;
        if n == 0 && begin != 0 {
            return None;
        }
        let last = n + 1 == words.len();
        let mut folded = token.chars().map(fold_char);
        let mut wanted = word.chars();
        let mut equal = wanted.by_ref().all(|c| folded.next() == Some(c));
        if !(last && prefix) {
            equal &= folded.next().is_none();
        }
        if !equal {
            return None;
        }
        end = begin + token.len();
    }
    Some(at + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        let words = |text| tokens(text).map(|(_, t)| fold(t)).collect::<Vec<_>>();
        assert_eq!(
            words("SELECT user_id, Ünïcode FROM \"t2\"; -- ОК!"),
            ["select", "user", "id", "ünïcode", "from", "t2", "ок"]
        );
        assert_eq!(words("\u{212a}elvin İx"), ["kelvin", "İx"]);
        assert_eq!(words(" -> "), [""; 0]);
    }

    #[test]
    fn a_phrase_is_words_in_a_row() {
        let text = "from stuck  ORDERS_2 where";
        let words = |w: &[&str]| w.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            words_at(text, 5, &words(&["stuck", "orders"]), false),
            Some(18)
        );
        assert_eq!(words_at(text, 5, &words(&["stuck", "ord"]), false), None);
        assert_eq!(words_at(text, 5, &words(&["stuck", "ord"]), true), Some(18));
        assert_eq!(words_at(text, 4, &words(&["stuck"]), false), None);
        assert_eq!(words_at(text, 21, &words(&["where", "more"]), false), None);
    }
}
