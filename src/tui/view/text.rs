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
        assert_eq!(cell("界", 4), "界  ");
        assert_eq!(cell_right("12", 4), "  12");
    }

    #[test]
    fn a_window_starts_anywhere() {
        assert_eq!(window("abcdef", 2, 3), "cde");
        assert_eq!(window("界bc", 1, 3), " bc");
        assert_eq!(window("abc", 9, 3), "");
        assert_eq!(window("ab界", 0, 3), "ab");
    }
}
