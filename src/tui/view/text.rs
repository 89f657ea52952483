//! Text cut to a width in cells.

use crate::model::printable;
use unicode_width::UnicodeWidthChar;
use unicode_width::UnicodeWidthStr;

/// `text`, safe to draw and at most `width` cells wide; one that is cut ends in `…`.
pub fn fit(text: &str, width: usize) -> String {
    // A line of megabytes is not made safe whole to show its first eighty cells. Four characters
    // a cell leave room for combining ones.
    let start: String = text.chars().take(width.saturating_mul(4) + 1).collect();
    let safe = printable(&start);
    if safe.width() <= width && start.len() == text.len() {
        return safe;
    }
    let mut cut = take(&safe, width.saturating_sub(1));
    if width > 0 {
        cut.push('…');
    }
    cut
}

/// As [`fit`], cut between words where there are any in sight: what tells somebody what to do.
pub fn fit_words(text: &str, width: usize) -> String {
    let fitted = fit(text, width);
    let cut = fitted.strip_suffix('…').filter(|_| !text.ends_with('…'));
    let Some(cut) = cut else { return fitted };
    let next = text.chars().nth(cut.chars().count());
    let whole = cut.ends_with(' ') || next == Some(' ');
    let end = match cut.rfind(' ').filter(|_| !whole) {
        Some(at) => cut.get(..at).unwrap_or_default(),
        None => cut,
    };
    end.trim_end().to_owned() + "…"
}

/// As [`fit`], filled with blanks up to `width`.
pub fn cell(text: &str, width: usize) -> String {
    let mut text = fit(text, width);
    let blanks = width.saturating_sub(text.width());
    text.extend(std::iter::repeat_n(' ', blanks));
    text
}

/// As [`cell`], with the blanks on the left.
pub fn cell_right(text: &str, width: usize) -> String {
    let text = fit(text, width);
    let blanks = width.saturating_sub(text.width());
    " ".repeat(blanks) + &text
}

/// `text`, safe to draw, without its first `skip` cells and at most `width` wide.
pub fn window(text: &str, skip: usize, width: usize) -> String {
    let wanted = skip.saturating_add(width).saturating_mul(4);
    let start: String = text.chars().take(wanted).collect();
    let safe = printable(&start);
    let mut seen = 0;
    let mut rest = safe.chars();
    while seen < skip {
        match rest.next() {
            Some(c) => seen += c.width().unwrap_or(0),
            None => return String::new(),
        }
    }
    // A wide character on the left edge is half hidden; a blank keeps the columns aligned.
    let half = seen - skip;
    let shown = " ".repeat(half.min(width)) + rest.as_str();
    take(&shown, width)
}

/// Rows that one text is wrapped into at most: more than any statement that was kept whole takes.
const WRAPPED_MAX: usize = 4_000;

/// `text`, safe to draw, in rows of at most `width` cells, broken between words where there are any;
/// all but the first begin as far in as it, and two cells more.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let most = width.max(1).saturating_mul(WRAPPED_MAX);
    let start: String = text.chars().take(most).collect();
    let safe = printable(&start);
    let indent = safe.chars().take_while(|c| *c == ' ').count() + 2;
    // In a pane that is hardly wider than this nothing is set off.
    let indent = if indent * 2 > width { 0 } else { indent };
    let mut rows = Vec::new();
    let mut rest = safe.as_str();
    loop {
        let before = if rows.is_empty() { 0 } else { indent };
        let mut row = take(rest, width.saturating_sub(before));
        if row.len() < rest.len() && rows.len() + 1 < WRAPPED_MAX {
            // A word is broken only where it alone fills the row.
            let words = row.trim_end().rfind(' ').map(|at| at + 1);
            let words = words.filter(|at| !rest.get(..*at).unwrap_or_default().trim().is_empty());
            if !rest.get(row.len()..).unwrap_or_default().starts_with(' ')
                && let Some(end) = words
            {
                row.truncate(end);
            }
        }
        let end = match row.is_empty() {
            // Not even one character fits.
            true => rest.len(),
            false => row.len(),
        };
        rows.push(" ".repeat(before) + row.trim_end());
        rest = rest.get(end..).unwrap_or_default().trim_start();
        if rest.is_empty() || rows.len() == WRAPPED_MAX {
            return rows;
        }
    }
}

/// `text`, safe to draw, in rows of exactly as many cells as fit into `width`: nothing is left out,
/// and no blank is taken away or put in.
pub fn fold(text: &str, width: usize) -> Vec<String> {
    let safe = printable(text);
    let mut rows = Vec::new();
    let mut rest = safe.as_str();
    loop {
        let row = take(rest, width);
        let end = match row.is_empty() {
            // Not even one character fits.
            true => rest.len(),
            false => row.len(),
        };
        rows.push(row);
        rest = rest.get(end..).unwrap_or_default();
        if rest.is_empty() {
            return rows;
        }
    }
}

fn take(text: &str, width: usize) -> String {
    let mut left = width;
    let fits = |c: &char| {
        let wide = c.width().unwrap_or(0);
        let fits = wide <= left;
        left = left.saturating_sub(wide);
        fits
    };
    text.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_cells_and_made_safe() {
        for (text, width, fitted) in [
            ("select", 6, "select"),
            ("select 1", 6, "selec…"),
            ("界界界", 6, "界界界"),
            ("界界界", 5, "界界…"),
            ("界界界", 4, "界…"),
            ("a\x1b[31m", 9, "a␛[31m"),
            ("", 3, ""),
            ("ab", 0, ""),
        ] {
            assert_eq!(fit(text, width), fitted, "{text:?} in {width}");
        }
        for (text, width, fitted) in [
            ("space plays it", 14, "space plays it"),
            ("space plays it", 13, "space plays…"),
            ("space plays it", 12, "space plays…"),
            ("space plays it", 8, "space…"),
            ("space plays it", 4, "spa…"),
        ] {
            assert_eq!(fit_words(text, width), fitted, "{text:?} in {width}");
        }
        assert_eq!(cell("界", 4), "界  ");
        assert_eq!(cell_right("12", 4), "  12");
    }

    #[test]
    fn text_is_wrapped_between_words() {
        for (text, width, rows) in [
            ("select a from b", 20, &["select a from b"][..]),
            ("select a from b", 10, &["select a", "  from b"]),
            (
                "  answer after 18.8 ms",
                14,
                &["  answer after", "    18.8 ms"],
            ),
            ("abcdefghij", 6, &["abcdef", "  ghij"]),
            ("x abcdefghijk", 6, &["x", "  abcd", "  efgh", "  ijk"]),
            ("界界界", 4, &["界界", "  界"]),
            ("a\x1bb", 9, &["a␛b"]),
            ("", 5, &[""]),
            ("界", 1, &[""]),
            ("ab", 0, &[""]),
        ] {
            assert_eq!(wrap(text, width), rows, "{text:?} in {width}");
        }
        assert_eq!(wrap(&"x".repeat(1 << 20), 10).len(), WRAPPED_MAX);
    }

    #[test]
    fn text_is_folded_without_a_loss() {
        for (text, width, rows) in [
            ("a  b c", 4, &["a  b", " c"][..]),
            ("界界界", 5, &["界界", "界"]),
            ("a\x1bb", 2, &["a␛", "b"]),
            ("", 5, &[""]),
            ("界", 1, &[""]),
            ("ab", 0, &[""]),
        ] {
            assert_eq!(fold(text, width), rows, "{text:?} in {width}");
        }
    }

    #[test]
    fn a_window_starts_anywhere() {
        assert_eq!(window("abcdef", 2, 3), "cde");
        assert_eq!(window("界bc", 1, 3), " bc");
        assert_eq!(window("abc", 9, 3), "");
        assert_eq!(window("ab界", 0, 3), "ab");
    }
}
