//! A row of a screen as runs of one style, and the colours that pictures and pages give them.

use crate::model::printable;
use avt::{Color, Line, Pen};
use unicode_width::UnicodeWidthChar;

/// Text of one style.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    /// The column of its first cell.
    pub col: usize,
    /// How many cells it takes.
    pub width: usize,
    /// What it says; safe to draw.
    pub text: String,
    /// How.
    pub style: Style,
}

/// How text is drawn. Colours are `0xRRGGBB`, `None` the default ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Style {
    /// The text's colour.
    pub fg: Option<u32>,
    /// What is behind it.
    pub bg: Option<u32>,
    /// [`BOLD`] and its like, added up.
    pub attributes: u8,
}

/// Bold.
pub const BOLD: u8 = 1;
/// Half as bright.
pub const FAINT: u8 = 2;
/// Italic.
pub const ITALIC: u8 = 4;
/// Underlined.
pub const UNDERLINE: u8 = 8;
/// Struck through.
pub const STRIKE: u8 = 16;

/// The default colours of pictures and pages.
pub const FOREGROUND: u32 = 0x00d3_d7de;
/// What is behind the text.
pub const BACKGROUND: u32 = 0x0017_191e;

/// The sixteen: readable on [`BACKGROUND`].
const SIXTEEN: [u32; 16] = [
    0x0025_2830,
    0x00e0_6c75,
    0x0098_c379,
    0x00e5_c07b,
    0x0061_afef,
    0x00c6_78dd,
    0x0056_b6c2,
    0x00c8_ccd4,
    0x006b_7280,
    0x00ff_7b86,
    0x00b5_e890,
    0x00ff_d68a,
    0x0082_c4ff,
    0x00e0_9cf5,
    0x007b_dce6,
    0x00ff_ffff,
];

/// Levels of xterm's colour cube.
const LEVELS: [u32; 6] = [0, 95, 135, 175, 215, 255];

/// The runs of a row, without the blanks at its end.
pub fn runs(line: &Line) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut col = 0;
    for cell in line.cells() {
        let width = usize::from(cell.width());
        if width == 0 {
            continue;
        }
        let mut bytes = [0; 4];
        let text = printable(cell.char().encode_utf8(&mut bytes));
        let style = Style::of(cell.pen());
        // What other fonts may draw wider or narrower than a cell stands by itself, so that it
        // moves nothing.
        let plain = |c: char| c.is_ascii() || c.width() == Some(1) && c < '\u{2500}';
        let joins = width == 1 && text.chars().all(plain);
        match runs.last_mut() {
            Some(last)
                if joins
                    && last.style == style
                    && last.col + last.width == col
                    && last.text.chars().all(plain) =>
            {
                last.text.push_str(&text);
                last.width += 1;
            }
            _ => runs.push(Run {
                col,
                width,
                text,
                style,
            }),
        }
        col += width;
    }
    while let Some(last) = runs.last_mut() {
        if last.style.bg.is_some() || last.style.attributes & (UNDERLINE | STRIKE) != 0 {
            break;
        }
        let kept = last.text.trim_end_matches(' ').len();
        if kept > 0 {
            last.width -= last.text.len() - kept;
            last.text.truncate(kept);
            break;
        }
        runs.pop();
    }
    runs
}

impl Style {
    fn of(pen: &Pen) -> Style {
        let mut attributes = 0;
        for (on, attribute) in [
            (pen.is_bold(), BOLD),
            (pen.is_faint(), FAINT),
            (pen.is_italic(), ITALIC),
            (pen.is_underline(), UNDERLINE),
            (pen.is_strikethrough(), STRIKE),
        ] {
            if on {
                attributes |= attribute;
            }
        }
        let mut style = Style {
            fg: pen.foreground().map(colour),
            bg: pen.background().map(colour),
            attributes,
        };
        if pen.is_inverse() {
            let (fg, bg) = (style.fg, style.bg);
            style.fg = Some(bg.unwrap_or(BACKGROUND));
            style.bg = Some(fg.unwrap_or(FOREGROUND));
        }
        style
    }
}

fn colour(color: Color) -> u32 {
    let rgb = |r: u32, g: u32, b: u32| r << 16 | g << 8 | b;
    match color {
        Color::RGB(c) => rgb(c.r.into(), c.g.into(), c.b.into()),
        Color::Indexed(index) => match u32::from(index) {
            grey @ 232.. => rgb(1, 1, 1) * (8 + 10 * (grey - 232)),
            cube @ 16.. => {
                let level = |n: u32| {
                    let n = usize::try_from(n % 6).unwrap_or_default();
                    LEVELS.get(n).copied().unwrap_or_default()
                };
                let cube = cube - 16;
                rgb(level(cube / 36), level(cube / 6), level(cube))
            }
            _ => SIXTEEN
                .get(usize::from(index))
                .copied()
                .unwrap_or(FOREGROUND),
        },
    }
}

/// `#rrggbb`.
pub fn hex(colour: u32) -> String {
    format!("#{colour:06x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Size;
    use crate::player::Screen;

    #[test]
    fn rows_are_cut_into_runs_by_style_and_width() {
        let mut screen = Screen::new(Size { cols: 40, rows: 2 });
        screen.feed("a \x1b[1;31mb\x1b[0m 界x \x1b[7mz\x1b[0m  \x1b[38;5;16mq\x1b[0m  ".as_bytes());
        let grid = screen.grid();
        let found = runs(&grid.lines[0]);
        let seen: Vec<_> = found
            .iter()
            .map(|r| (r.col, r.width, r.text.as_str()))
            .collect();
        assert_eq!(
            seen,
            [
                (0, 2, "a "),
                (2, 1, "b"),
                (3, 1, " "),
                (4, 2, "界"),
                (6, 2, "x "),
                (8, 1, "z"),
                (9, 2, "  "),
                (11, 1, "q")
            ]
        );
        assert_eq!(
            found[1].style,
            Style {
                fg: Some(SIXTEEN[1]),
                bg: None,
                attributes: BOLD
            }
        );
        assert_eq!(found[5].style.bg, Some(FOREGROUND));
        assert_eq!(found[7].style.fg, Some(0));
        assert_eq!(runs(&grid.lines[1]), []);
        assert_eq!(hex(colour(Color::Indexed(255))), "#eeeeee");
        assert_eq!(hex(colour(Color::Indexed(208))), "#ff8700");
    }
}
