//! The program's own colours and attributes, kept beside the model, whose pens carry serial numbers.

use avt::Color;
use avt::parser::SgrOp;
use std::collections::HashMap;

const BOLD: u8 = 1;
const FAINT: u8 = 1 << 1;
const ITALIC: u8 = 1 << 2;
const UNDERLINE: u8 = 1 << 3;
const BLINK: u8 = 1 << 4;
const INVERSE: u8 = 1 << 5;
const STRIKE: u8 = 1 << 6;

/// Colours and attributes of one cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    foreground: Option<Color>,
    background: Option<Color>,
    attributes: u8,
}

impl Style {
    /// What SGR makes of this style.
    pub fn apply(&mut self, ops: &[SgrOp]) {
        for op in ops {
            match *op {
                SgrOp::Reset => *self = Style::default(),
                SgrOp::SetBoldIntensity => self.set(FAINT, BOLD),
                SgrOp::SetFaintIntensity => self.set(BOLD, FAINT),
                SgrOp::ResetIntensity => self.set(BOLD | FAINT, 0),
                SgrOp::SetItalic => self.set(0, ITALIC),
                SgrOp::ResetItalic => self.set(ITALIC, 0),
                SgrOp::SetUnderline => self.set(0, UNDERLINE),
                SgrOp::ResetUnderline => self.set(UNDERLINE, 0),
                SgrOp::SetBlink => self.set(0, BLINK),
                SgrOp::ResetBlink => self.set(BLINK, 0),
                SgrOp::SetInverse => self.set(0, INVERSE),
                SgrOp::ResetInverse => self.set(INVERSE, 0),
                SgrOp::SetStrikethrough => self.set(0, STRIKE),
                SgrOp::ResetStrikethrough => self.set(STRIKE, 0),
                SgrOp::SetForegroundColor(color) => self.foreground = Some(color),
                SgrOp::ResetForegroundColor => self.foreground = None,
                SgrOp::SetBackgroundColor(color) => self.background = Some(color),
                SgrOp::ResetBackgroundColor => self.background = None,
            }
        }
    }

    fn set(&mut self, clear: u8, set: u8) {
        self.attributes = self.attributes & !clear | set;
    }

    /// The SGR sequence that selects exactly this style, whatever was selected before.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut sgr = String::from("\x1b[0");
        let codes = [
            (BOLD, ";1"),
            (FAINT, ";2"),
            (ITALIC, ";3"),
            (UNDERLINE, ";4"),
            (BLINK, ";5"),
            (INVERSE, ";7"),
            (STRIKE, ";9"),
        ];
        for (bit, code) in codes {
            if self.attributes & bit != 0 {
                sgr.push_str(code);
            }
        }
        for (color, base) in [(self.foreground, 38), (self.background, 48)] {
            match color {
                Some(Color::Indexed(n)) => sgr.push_str(&format!(";{base};5;{n}")),
                Some(Color::RGB(c)) => {
                    sgr.push_str(&format!(";{base};2;{};{};{}", c.r, c.g, c.b));
                }
                None => {}
            }
        }
        sgr.push('m');
        out.extend_from_slice(sgr.as_bytes());
    }
}

/// The styles a session has used, by number. A cell has 16 bits for the number; a program that
/// paints more styles than that gets plain cells after a redraw, nothing worse.
#[derive(Debug, Default)]
pub struct Styles {
    all: Vec<Style>,
    numbers: HashMap<Vec<u8>, u16>,
}

impl Styles {
    /// The number of `style`; 0 is the default style.
    pub fn number(&mut self, style: Style) -> u16 {
        if style == Style::default() {
            return 0;
        }
        let mut key = Vec::new();
        style.write(&mut key);
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let Ok(number) = u16::try_from(self.all.len() + 1) else {
            return 0;
        };
        self.all.push(style);
        self.numbers.insert(key, number);
        number
    }

    /// The style that got this number.
    pub fn style(&self, number: u16) -> Style {
        let index = usize::from(number).wrapping_sub(1);
        self.all.get(index).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use avt::parser::{Function, Parser};

    fn style(sgr: &str) -> Style {
        let mut parser = Parser::new();
        let mut style = Style::default();
        for function in sgr.chars().filter_map(|c| parser.feed(c)) {
            if let Function::Sgr(ops) = function {
                style.apply(ops.as_slice());
            }
        }
        style
    }

    #[test]
    fn a_style_is_written_as_it_was_read() {
        for sgr in [
            "\x1b[1;31m",
            "\x1b[2;3;4;5;7;9;38;5;200;48;2;1;2;3m",
            "\x1b[1m\x1b[2m\x1b[39;49m",
            "\x1b[31m\x1b[m",
        ] {
            let first = style(sgr);
            let mut out = Vec::new();
            first.write(&mut out);
            assert_eq!(style(std::str::from_utf8(&out).unwrap()), first, "{sgr:?}");
        }
    }

    #[test]
    fn numbers_name_styles() {
        let mut styles = Styles::default();
        let red = style("\x1b[31m");
        assert_eq!(styles.number(Style::default()), 0);
        let n = styles.number(red);
        assert_eq!(styles.number(style("\x1b[1m")), n + 1);
        assert_eq!(styles.number(red), n);
        assert_eq!(styles.style(n), red);
        assert_eq!(styles.style(0), Style::default());
    }
}
