//! A screen as bytes that draw it.

use super::screen::{Cell, Screen};
use super::style::Style;

/// The bytes that bring a terminal, whatever it shows, to what `screen` holds. `show` says what to
/// draw for a cell; `None` leaves it blank.
pub fn redraw(
    screen: &Screen,
    was_alternate: bool,
    mut show: impl FnMut(&Cell) -> Option<char>,
) -> Vec<u8> {
    let mut out = Vec::new();
    if was_alternate != screen.is_alternate() {
        let switch = if screen.is_alternate() {
            "\x1b[?1049h"
        } else {
            "\x1b[?1049l"
        };
        out.extend_from_slice(switch.as_bytes());
    }
    out.extend_from_slice(b"\x1b[r\x1b[0m\x1b[H\x1b[2J");
    let (_, rows) = screen.size();
    for row in 0..rows {
        draw_row(screen, row, &mut show, &mut out);
    }
    if let Some((top, bottom)) = screen.margins() {
        out.extend_from_slice(format!("\x1b[{top};{bottom}r").as_bytes());
    }
    let (col, row) = screen.cursor();
    out.extend_from_slice(format!("\x1b[{};{}H", row + 1, col + 1).as_bytes());
    let cursor: &[u8] = if screen.cursor_is_visible() {
        b"\x1b[?25h"
    } else {
        b"\x1b[?25l"
    };
    out.extend_from_slice(cursor);
    screen.current_style().write(&mut out);
    out
}

fn draw_row(
    screen: &Screen,
    row: usize,
    show: &mut impl FnMut(&Cell) -> Option<char>,
    out: &mut Vec<u8>,
) {
    let mut line = Vec::new();
    let mut drawn = 0;
    let mut style = Style::default();
    screen.cells(row..row + 1, |cell| {
        let shown = show(&cell);
        let next = match shown {
            Some(_) => screen.style(cell.style),
            None => Style::default(),
        };
        if next != style {
            next.write(&mut line);
            style = next;
        }
        match shown {
            Some(c) => {
                let width = if cell.width == 2 && super::plain::char_width(c) == 1 {
                    2
                } else {
                    1
                };
                for _ in 0..width {
                    line.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                drawn = line.len();
            }
            None => line.extend(std::iter::repeat_n(b' ', usize::from(cell.width))),
        }
    });
    if drawn > 0 {
        out.extend_from_slice(format!("\x1b[{};1H", row + 1).as_bytes());
        out.extend_from_slice(line.get(..drawn).unwrap_or_default());
        out.extend_from_slice(b"\x1b[0m");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Size;
    use crate::term::token::Tokens;
    use avt::parser::Function;

    fn screen(input: &[u8]) -> Screen {
        let mut screen = Screen::new(Size { cols: 12, rows: 4 });
        let mut tokens = Tokens::default();
        let mut rest = input;
        let mut serial = 0;
        while let Some(step) = tokens.step(rest, true) {
            rest = &rest[step.len..];
            match step.function {
                Some(Function::Print(c)) => {
                    serial += 1;
                    screen.print(c, serial);
                }
                Some(function) => screen.apply(&function),
                None => {}
            }
        }
        screen
    }

    #[test]
    fn a_redraw_draws_what_was_there() {
        let first = screen(b"ab\x1b[1mcd\x1b[0m\r\n\xe6\x8e\xa5x\r\n\x1b[2;8Hlast");
        let bytes = redraw(&first, false, |cell| Some(cell.c));
        let second = screen(&bytes);
        for row in 0..4 {
            assert_eq!(
                first.text(row..row + 1).text,
                second.text(row..row + 1).text
            );
        }
        assert_eq!(first.cursor(), second.cursor());
    }

    #[test]
    fn what_is_not_shown_is_blank() {
        let first = screen(b"secret 1");
        let bytes = redraw(&first, false, |cell| (cell.serial > 7).then_some(cell.c));
        assert!(!String::from_utf8_lossy(&bytes).contains("secret"));
        assert_eq!(screen(&bytes).text(0..1).text, "       1");
    }
}
