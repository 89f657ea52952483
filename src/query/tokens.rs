//! Words as the search sees them: runs of letters and digits, without case. Where a script puts
//! nothing between its words, each of its characters is one, and a word a few of them in a row.
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

/// Whether `c` is of a script whose words follow each other without a space, or grow at their ends
/// without one: Thai, Lao, Burmese, Khmer, Japanese, Chinese, Korean (Unicode 16, Blocks.txt).
fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{3fffd}'
    )
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
        let first = word.chars().next()?;
        let rest = word.get(first.len_utf8()..)?;
        let more = match stands_alone(first) {
            true => Some(0),
            false => rest.find(|c| !is_word(c) || stands_alone(c)),
        };
        let len = first.len_utf8() + more.unwrap_or(rest.len());
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
        assert_eq!(
            words("v2日本語ok テスト서버"),
            ["v2", "日", "本", "語", "ok", "テ", "ス", "ト", "서", "버"]
        );
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
