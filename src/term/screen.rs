//! The terminal model, in which every cell knows which character drew it.
//!
//! avt draws cells with a pen. Before each character this model selects a pen whose 24-bit colours
//! are the character's serial number and the number of its real style, and reads them back from the
//! cells: a cell's origin survives every insertion, scroll and reflow that avt knows about.

pub use super::line::LineText;
use super::modes::Modes;
use super::style::{Style, Styles};
use crate::model::Size;
use avt::parser::{Function, SgrOp, SgrOps};
use avt::{Color, Line, Observation, Observer, Operation, ScreenKind, Terminal};
use std::ops::Range;

/// The serial number of cells that nothing drew.
pub const NO_SERIAL: u32 = 0;
/// The serial number of cells that were drawn off the record.
pub const PAUSED: u32 = u32::MAX;

/// The largest screen that is modelled; a terminal that claims more is cut. 1000 columns and rows
/// are beyond any real one, and 10^6 cells of 24 bytes stay within the recorder's memory.
const SIDE_MAX: u16 = 1000;

/// How much of a soft-wrapped line above the screen's first row is kept: the held text is never
/// longer (see the pipeline's bounds), so this many characters are all that can still matter.
const ABOVE_MAX: usize = 256 * 1024;

/// So many rows before a line, and so many behind it, are read as one with it at most.
pub const JOINED_MAX: usize = 16;

/// A full row need not go on in the next one, where another line may begin: of each row that others
/// may go on with, so many behind it are read as one with it alone.
pub const BEGUN_MAX: usize = 4;

/// A row that was drawn up to its edge may end in so many blanks and still go on in the next one. More
/// of them fill a table or a status line.
pub(super) const EDGE_BLANKS: usize = 2;

/// One cell as it stands on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// What it shows.
    pub c: char,
    /// 1 or 2 cells.
    pub width: u8,
    /// Which character drew it.
    pub serial: u32,
    /// The number of its style.
    pub style: u16,
}

/// The rows that soft wrap pushed above the screen.
#[derive(Debug, Default)]
struct Above {
    cells: Vec<(char, u32)>,
}

impl Observer for &mut Above {
    type Output = ();

    fn evicted(&mut self, _: &mut Observation<'_>, line: &Line) {
        if !line.is_wrapped() {
            self.cells.clear();
            return;
        }
        let cells = line.cells().iter().filter(|c| c.width() > 0);
        self.cells.extend(cells.map(|c| (c.char(), serial(c))));
        if self.cells.len() > ABOVE_MAX {
            self.cells.drain(..self.cells.len() - ABOVE_MAX);
        }
    }

    fn end(&mut self, _: &mut Observation<'_>) {}
}

fn rgb(color: Option<Color>) -> Option<(u8, u8, u8)> {
    match color {
        Some(Color::RGB(c)) => Some((c.r, c.g, c.b)),
        _ => None,
    }
}

fn serial(cell: &avt::Cell) -> u32 {
    match (rgb(cell.pen().foreground()), rgb(cell.pen().background())) {
        (Some((b, c, d)), Some((a, _, _))) => u32::from_be_bytes([a, b, c, d]),
        _ => NO_SERIAL,
    }
}

fn style_number(cell: &avt::Cell) -> u16 {
    rgb(cell.pen().background()).map_or(0, |(_, hi, lo)| u16::from_be_bytes([hi, lo]))
}

fn view(cell: &avt::Cell) -> Cell {
    Cell {
        c: cell.char(),
        width: cell.width(),
        serial: serial(cell),
        style: style_number(cell),
    }
}

/// The model.
pub struct Screen {
    terminal: Terminal,
    above: Above,
    modes: Modes,
    styles: Styles,
    style: Style,
    style_number: u16,
    pen_is_set: bool,
}

impl Screen {
    /// An empty screen.
    pub fn new(size: Size) -> Screen {
        let (cols, rows) = clamp(size);
        let terminal = Terminal::new(cols, rows).unwrap_or_else(|_| fallback());
        Screen {
            terminal,
            above: Above::default(),
            modes: Modes::default(),
            styles: Styles::default(),
            style: Style::default(),
            style_number: 0,
            pen_is_set: false,
        }
    }

    /// Columns and rows.
    pub fn size(&self) -> (usize, usize) {
        self.terminal.size()
    }

    /// Column and row of the cursor; the column may be one behind the last.
    pub fn cursor(&self) -> (usize, usize) {
        let cursor = self.terminal.cursor();
        (cursor.col, cursor.row)
    }

    /// Whether the alternate screen is shown.
    pub fn is_alternate(&self) -> bool {
        self.terminal.active_screen_kind() == ScreenKind::Alternate
    }

    /// Whether the cursor is shown.
    pub fn cursor_is_visible(&self) -> bool {
        self.modes.cursor_visible
    }

    /// Scroll margins, counted from 1, when the program set some.
    pub fn margins(&self) -> Option<(u16, u16)> {
        self.modes.margins
    }

    /// Draws `c` at the cursor, in the current style, as character number `serial`.
    pub fn print(&mut self, c: char, serial: u32) {
        let [a, b, g, d] = serial.to_be_bytes();
        let [hi, lo] = self.style_number.to_be_bytes();
        let pen = [
            SgrOp::SetForegroundColor(Color::rgb(b, g, d)),
            SgrOp::SetBackgroundColor(Color::rgb(a, hi, lo)),
        ];
        let pen = Function::Sgr(SgrOps::from(&pen[..]));
        self.pen_is_set = true;
        self.terminal
            .execute_with([pen, Function::Print(c)], &mut self.above);
    }

    /// Executes any other function.
    pub fn apply(&mut self, function: &Function) {
        if let Function::Sgr(ops) = function {
            self.style.apply(ops.as_slice());
            self.style_number = self.styles.number(self.style);
            return;
        }
        if self.pen_is_set {
            self.pen_is_set = false;
            let reset = Function::Sgr(SgrOps::from(&[SgrOp::Reset][..]));
            self.terminal.execute(reset);
        }
        self.modes
            .follow(function, self.is_alternate(), self.size().1);
        if let Function::Ris = function {
            self.style = Style::default();
            self.style_number = 0;
        }
        let alternate = self.is_alternate();
        self.terminal
            .execute_with(function.clone(), &mut self.above);
        if matches!(function, Function::Ris) || alternate != self.is_alternate() {
            self.above.cells.clear();
        }
    }

    /// The terminal has another size now.
    pub fn resize(&mut self, size: Size) {
        let (cols, rows) = clamp(size);
        if (cols, rows) != self.size() {
            if rows != self.size().1 {
                self.modes.margins = None;
            }
            self.above.cells.clear();
            self.terminal
                .execute_with(Operation::Resize { cols, rows }, &mut self.above);
        }
    }

    /// Whether lines of plain text from here on scroll by and touch nothing that is on the screen:
    /// the primary screen, every mode at its default, and nothing in or below the cursor's row.
    pub fn is_at_fresh_row(&self) -> bool {
        let m = &self.modes;
        let plain = m.auto_wrap && !m.insert && !m.origin && !m.new_line && m.margins.is_none();
        let [first, second] = m.charsets;
        let charset = if m.shifted { second } else { first };
        let row = self.cursor().1;
        let blank =
            |line: &Line| !line.is_wrapped() && line.cells().iter().all(|c| c.char() == ' ');
        plain
            && !charset
            && !self.is_alternate()
            && self.terminal.screen().visible_lines().skip(row).all(blank)
    }

    /// Whether it is such a row, and the cursor stands at its start.
    pub fn is_at_fresh_line(&self) -> bool {
        self.cursor().0 == 0 && self.is_at_fresh_row()
    }

    /// Which character, if any, another one at the cursor would replace ([`NO_SERIAL`] for one of which
    /// nothing is known), or push on.
    pub fn would_overwrite(&self) -> Option<u32> {
        let (col, row) = self.cursor();
        // At the end of a row the character goes to the start of the next one, unless it may not.
        let (col, row) = match col < self.size().0 {
            true => (col, row),
            false if self.modes.auto_wrap => (0, row + 1),
            false => (col - 1, row),
        };
        let line = self.terminal.screen().line(row);
        let cell = line.and_then(|line| line.cells().get(col));
        let drawn = |cell: &&avt::Cell| cell.char() != ' ' || serial(cell) != NO_SERIAL;
        let replaced = cell.filter(drawn).map(serial);
        replaced.or(self.modes.insert.then_some(NO_SERIAL))
    }

    /// Whether the cursor stands at the start of a row in which a logical line goes on that began above.
    pub fn is_at_soft_row(&self) -> bool {
        let (col, row) = self.cursor();
        let above = row.checked_sub(1).filter(|_| col == 0);
        let above = above.and_then(|row| self.terminal.screen().line(row));
        above.is_some_and(Line::is_wrapped)
    }

    /// Whether what scrolls away is remembered nowhere: only the primary screen's first row has a place
    /// above it.
    pub fn forgets_what_scrolls(&self) -> bool {
        let top = self.modes.margins.map_or(1, |(top, _)| top);
        self.is_alternate() || top > 1
    }

    /// The rows of the logical line that `row` belongs to: soft-wrapped rows are one line.
    pub fn line_around(&self, row: usize) -> Range<usize> {
        let wrapped = |row: usize| {
            let line = self.terminal.screen().line(row);
            line.is_some_and(Line::is_wrapped)
        };
        let mut first = row;
        while first > 0 && wrapped(first - 1) {
            first -= 1;
        }
        let mut end = row + 1;
        while end < self.size().1 && wrapped(end - 1) {
            end += 1;
        }
        first..end
    }

    /// Whether a row is full to its last cell without a soft wrap behind it: a program that wraps
    /// by itself (a pager, libedit, vim, tmux) may continue it on the next row. The last cells may be
    /// blanks that were drawn.
    pub fn is_full(&self, row: usize) -> bool {
        let line = self.terminal.screen().line(row);
        let mut cells = line.map(Line::cells).unwrap_or_default().iter().rev();
        let Some(last) = cells.next() else {
            return false;
        };
        let drawn = |cell: &avt::Cell| cell.char() != ' ' || cell.width() == 0;
        // A program that draws what differs between two pages leaves a blank out.
        if self.is_alternate()
            && serial(last) == NO_SERIAL
            && cells.clone().next().is_some_and(drawn)
        {
            return true;
        }
        drawn(last) || serial(last) != NO_SERIAL && cells.take(EDGE_BLANKS).any(drawn)
    }

    /// The rows around those of a logical line that a program may have wrapped by itself.
    pub fn group_around(&self, rows: &Range<usize>) -> Range<usize> {
        let mut group = rows.clone();
        while group.start > 0
            && rows.start - group.start < JOINED_MAX
            && self.is_full(group.start - 1)
        {
            group.start = self.line_around(group.start - 1).start;
        }
        while group.end < self.size().1
            && group.end - rows.end < JOINED_MAX
            && self.is_full(group.end - 1)
        {
            group.end = self.line_around(group.end).end;
        }
        group
    }

    /// What stands in several logical lines, as if they were one: blanks that were drawn stay.
    pub fn joined(&self, rows: Range<usize>) -> LineText {
        self.join(rows, false)
    }

    /// The same with the blanks at the edges of full rows that a program left as they were, where there
    /// are any: its line may be wrapped there, too.
    pub fn joined_at_blanks(&self, rows: Range<usize>) -> Option<LineText> {
        let blank = |row: usize| {
            let line = self.terminal.screen().line(row);
            let last = line.and_then(|line| line.cells().last());
            last.is_some_and(|cell| serial(cell) == NO_SERIAL && cell.char() == ' ')
        };
        let inner = rows.start..rows.end.saturating_sub(1);
        let any = inner.into_iter().any(|row| blank(row) && self.is_full(row));
        any.then(|| self.join(rows, true))
    }

    fn join(&self, rows: Range<usize>, blanks: bool) -> LineText {
        let mut line = self.above(rows.start);
        let mut row = rows.start;
        while row < rows.end {
            let own = self.line_around(row);
            self.cells(own.clone(), |cell| line.push(cell.c, cell.serial));
            let kept = blanks && self.is_full(own.end.saturating_sub(1));
            while !kept
                && line.origins.last().is_some_and(|(_, s)| *s == NO_SERIAL)
                && line.text.ends_with(' ')
            {
                line.text.pop();
                line.origins.pop();
            }
            row = own.end.max(row + 1);
        }
        line.trim();
        line
    }

    /// Whether a character at the cursor would scroll the first row away.
    pub fn would_scroll(&self) -> bool {
        let (cols, rows) = self.size();
        let bottom = self
            .modes
            .margins
            .map_or(rows, |(_, bottom)| usize::from(bottom));
        let (col, row) = self.cursor();
        col >= cols && (row + 1 == bottom || row + 1 >= rows)
    }

    /// What stands in these rows, with what soft wrap pushed above the screen before the first one.
    pub fn text(&self, rows: Range<usize>) -> LineText {
        let mut line = self.above(rows.start);
        self.cells(rows, |cell| line.push(cell.c, cell.serial));
        line.trim();
        line
    }

    fn above(&self, row: usize) -> LineText {
        let mut line = LineText::default();
        if row == 0 {
            self.above.cells.iter().for_each(|(c, s)| line.push(*c, *s));
        }
        line
    }

    /// The text of the cursor's logical line before the cursor (blanks kept), and after it.
    pub fn around_cursor(&self) -> (String, String) {
        let (col, row) = self.cursor();
        let rows = self.line_around(row);
        let mut before = String::new();
        self.cells(rows.start..row, |cell| before.push(cell.c));
        let line = self.terminal.screen().line(row);
        let cells = line.map(Line::cells).unwrap_or_default();
        let split = col.min(cells.len());
        let chars = |cells: &[avt::Cell]| -> String {
            let heads = cells.iter().filter(|c| c.width() > 0);
            heads.map(avt::Cell::char).collect()
        };
        before.push_str(&chars(cells.get(..split).unwrap_or_default()));
        let mut after = chars(cells.get(split..).unwrap_or_default());
        self.cells(row + 1..rows.end, |cell| after.push(cell.c));
        after.truncate(after.trim_end_matches(' ').len());
        (before, after)
    }

    /// Every cell of `rows`; a wide character is one.
    pub fn cells(&self, rows: Range<usize>, mut each: impl FnMut(Cell)) {
        let lines = self.terminal.screen().visible_lines();
        for line in lines.take(rows.end).skip(rows.start) {
            let heads = line.cells().iter().filter(|c| c.width() > 0);
            heads.for_each(|cell| each(view(cell)));
        }
    }

    /// The serial numbers of all cells that can still be read or changed: both screens, and what
    /// soft wrap pushed above.
    pub fn for_each_serial(&self, mut each: impl FnMut(u32)) {
        self.above.cells.iter().for_each(|(_, s)| each(*s));
        for line in self.terminal.screen().visible_lines() {
            line.cells().iter().for_each(|cell| each(serial(cell)));
        }
        if self.is_alternate() {
            for line in self.terminal.primary_screen().visible_lines() {
                line.cells().iter().for_each(|cell| each(serial(cell)));
            }
        }
    }

    /// The style with this number.
    pub fn style(&self, number: u16) -> Style {
        self.styles.style(number)
    }

    /// The style that the next character gets.
    pub fn current_style(&self) -> Style {
        self.style
    }

    /// What stands above the screen was decided; only its last `keep` characters stay, as context.
    pub fn forget_above(&mut self, keep: usize) {
        let cut = self.above.cells.len().saturating_sub(keep);
        self.above.cells.drain(..cut);
    }
}

fn clamp(size: Size) -> (usize, usize) {
    let size = size.or_default();
    let side = |n: u16| usize::from(n.clamp(1, SIDE_MAX));
    (side(size.cols), side(size.rows))
}

// 1x1 is a size that avt accepts; `clamp` never gives one that it does not.
#[allow(clippy::expect_used)]
fn fallback() -> Terminal {
    Terminal::new(1, 1).expect("1x1 is a terminal")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::token::Tokens;

    fn feed(screen: &mut Screen, input: &str, serial: &mut u32) {
        let mut tokens = Tokens::default();
        let mut rest = input.as_bytes();
        while let Some(step) = tokens.step(rest, true) {
            rest = &rest[step.len..];
            match step.function {
                Some(Function::Print(c)) => {
                    *serial += 1;
                    screen.print(c, *serial);
                }
                Some(function) => screen.apply(&function),
                None => {}
            }
        }
    }

    fn screen(cols: u16, rows: u16, input: &str) -> Screen {
        let mut screen = Screen::new(Size { cols, rows });
        feed(&mut screen, input, &mut 0);
        screen
    }

    #[test]
    fn cells_know_the_character_that_drew_them() {
        let s = screen(10, 3, "abc\x1b[2D\x1b[@X\x1b[31m!");
        let line = s.text(0..1);
        assert_eq!(line.text, "aX!c");
        let serials: Vec<u32> = line.serials(0..4).collect();
        assert_eq!(serials, [1, 4, 5, 3]);
    }

    #[test]
    fn a_soft_wrapped_line_is_one_line_even_above_the_screen() {
        let s = screen(4, 2, "0123456789abcdef");
        assert_eq!(s.line_around(1), 0..2);
        let line = s.text(0..2);
        assert_eq!(line.text, "0123456789abcdef");
        assert_eq!(line.serials(0..2).collect::<Vec<_>>(), [1, 2]);
        let next = screen(4, 2, "0123456789ab\r\nx\r\ny");
        assert_eq!(next.text(0..1).text, "x");
    }

    #[test]
    fn erased_cells_have_no_origin() {
        let s = screen(10, 2, "abcdef\r\x1b[2K\x1b[3Cg");
        assert_eq!(s.text(0..1).text, "   g");
        assert_eq!(s.text(0..1).origins[0].1, NO_SERIAL);
    }

    #[test]
    fn a_fresh_line_is_seen() {
        assert!(screen(10, 3, "abc\r\n").is_at_fresh_line());
        assert!(!screen(10, 3, "abc").is_at_fresh_line());
        assert!(!screen(10, 3, "abc\r\ndef\x1b[H").is_at_fresh_line());
        assert!(!screen(10, 3, "\x1b[?1049h").is_at_fresh_line());
        assert!(!screen(10, 3, "\x1b[?7l").is_at_fresh_line());
        assert!(!screen(10, 3, "\x1b[1;2r").is_at_fresh_line());
        assert!(!screen(10, 3, "\x1b[4h").is_at_fresh_line());
        assert!(!screen(10, 3, "\x1b(0").is_at_fresh_line());
    }

    #[test]
    fn the_cursor_parts_its_line() {
        let s = screen(20, 3, "app=> select 1\x1b[8D");
        assert_eq!(s.around_cursor(), ("app=> ".into(), "select 1".into()));
        let s = screen(20, 3, "app=> ");
        assert_eq!(s.around_cursor(), ("app=> ".into(), String::new()));
    }

    #[test]
    fn styles_survive_beside_serials() {
        let s = screen(20, 3, "\x1b[1;31mA\x1b[0mB");
        let mut cells = Vec::new();
        s.cells(0..1, |cell| cells.push(cell));
        assert_ne!(s.style(cells[0].style), Style::default());
        assert_eq!(s.style(cells[1].style), Style::default());
    }
}
