//! A recorded screen, cell by cell, cropped to the room there is and never wrapped.

use super::super::theme::Theme;
use crate::model::printable;
use crate::player::Grid;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// Draws the part of `grid` that begins at column `left` and row `top`.
pub fn draw(grid: &Grid, (left, top): (u16, u16), area: Rect, theme: Theme, buffer: &mut Buffer) {
    let rows = grid.lines.iter().skip(usize::from(top));
    for (line, y) in rows.zip(area.top()..area.bottom()) {
        let cells = line.cells().iter().skip(usize::from(left));
        for (cell, x) in cells.zip(area.left()..area.right()) {
            let Some(target) = buffer.cell_mut((x, y)) else {
                break;
            };
            target.set_style(style(cell.pen(), theme));
            match cell.width() {
                // The right half of a wide character whose left half is cropped away; one that
                // is shown has already taken this cell.
                0 if x == area.left() => {
                    target.set_char(' ');
                }
                0 => {
                    target.set_symbol("");
                }
                2 if x + 1 >= area.right() => {
                    target.set_char(' ');
                }
                _ => {
                    let mut bytes = [0; 4];
                    let symbol = cell.char().encode_utf8(&mut bytes);
                    // The terminal model keeps controls out of its cells, but not what turns or
                    // hides text.
                    target.set_symbol(&printable(symbol));
                }
            }
        }
    }
}

/// Draws the edges of a recording that is smaller than the area.
pub fn draw_edges(grid: &Grid, area: Rect, theme: Theme, buffer: &mut Buffer) {
    let (cols, rows) = (grid.size.cols, grid.size.rows);
    let quiet = theme.quiet();
    let right = (cols < area.width).then(|| area.left() + cols);
    let bottom = (rows < area.height).then(|| area.top() + rows);
    if let Some(x) = right {
        for y in area.top()..bottom.unwrap_or(area.bottom()) {
            buffer.set_string(x, y, "│", quiet);
        }
    }
    if let Some(y) = bottom {
        for x in area.left()..right.unwrap_or(area.right()) {
            buffer.set_string(x, y, "─", quiet);
        }
    }
    if let (Some(x), Some(y)) = (right, bottom) {
        buffer.set_string(x, y, "┘", quiet);
    }
}

fn style(pen: &avt::Pen, theme: Theme) -> Style {
    let mut style = Style::new();
    style.fg = pen.foreground().and_then(|color| theme.recorded(color));
    style.bg = pen.background().and_then(|color| theme.recorded(color));
    let attributes = [
        (pen.is_bold(), Modifier::BOLD),
        (pen.is_faint(), Modifier::DIM),
        (pen.is_italic(), Modifier::ITALIC),
        (pen.is_underline(), Modifier::UNDERLINED),
        (pen.is_strikethrough(), Modifier::CROSSED_OUT),
        (pen.is_blink(), Modifier::SLOW_BLINK),
        (pen.is_inverse(), Modifier::REVERSED),
    ];
    for (on, modifier) in attributes {
        if on {
            style = style.add_modifier(modifier);
        }
    }
    style
}
