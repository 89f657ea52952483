//! Text that came from outside, made safe to draw.

use std::fmt;

/// `text` with every control character, escape and bidirectional override replaced, so that it
/// can be printed to the user's terminal: C0 and DEL as their control pictures (`␛`), the rest
/// as U+FFFD. Tabs and newlines become a space and `⏎`.
pub fn printable(text: &str) -> String {
    text.chars().map(safe).collect()
}

fn safe(c: char) -> char {
    match c {
        '\t' => ' ',
        '\n' => '⏎',
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '␡',
        // C1 controls, and what turns or hides text: bidi embeddings, isolates, zero widths.
        '\u{80}'..='\u{9f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => '\u{fffd}',
        c => c,
    }
}

/// Shows a string by [`printable`], without building it first.
pub struct Field<'a>(pub &'a str);

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&printable(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_a_terminal_survives() {
        assert_eq!(
            printable("a\x1b]0;x\x07b\r\nc\u{9b}d\u{202e}e"),
            "a␛]0;x␇b␍⏎c\u{fffd}d\u{fffd}e"
        );
        assert_eq!(format!("{:<6}|", Field("naïve")), "naïve |");
    }
}
