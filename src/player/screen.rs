//! The terminal's screen at one moment of a recording: bytes in, cells out.
//!
//! Knows the terminal model and nothing of time or of where bytes come from. A [`Snapshot`] is
//! everything that later bytes can depend on, so a screen restored from one goes on exactly like
//! the screen it was taken of; scrolled-off lines are in neither.

use crate::model::Size;
use avt::Terminal;

/// The largest terminal that is drawn. A recording may claim any 16-bit size, which would ask for
/// gigabytes of cells; no real terminal comes near this.
const SIDE_MAX: u16 = 2_000;

/// A terminal of the recording's size.
pub struct Screen {
    terminal: Terminal,
    /// The beginning of a character whose other bytes are still to come; three at most.
    tail: Vec<u8>,
}

/// What is on the screen, as something that can be kept: text, pens, modes, the unfinished input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    size: Size,
    dump: String,
    tail: Vec<u8>,
}

impl Snapshot {
    /// Bytes of memory that keeping it costs.
    pub fn cost(&self) -> usize {
        self.dump.len() + self.tail.len() + std::mem::size_of::<Snapshot>()
    }
}

/// The cells of a screen, to be drawn elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// The recording's terminal size at this moment.
    pub size: Size,
    /// Top to bottom, each `size.cols` cells long.
    pub lines: Vec<avt::Line>,
    /// Column and row; `None` where the client hid it.
    pub cursor: Option<(u16, u16)>,
}

impl Screen {
    /// A blank screen; 0x0 is taken as 80x24.
    pub fn new(size: Size) -> Screen {
        Screen {
            terminal: blank(size),
            tail: Vec::new(),
        }
    }

    /// What the terminal was given. May end inside a character or an escape sequence.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.tail.is_empty() {
            self.tail = feed(&mut self.terminal, bytes);
        } else {
            let mut joined = std::mem::take(&mut self.tail);
            joined.extend_from_slice(bytes);
            self.tail = feed(&mut self.terminal, &joined);
        }
    }

    /// What comes next has nothing to do with the beginning of a character that came last.
    pub(super) fn give_up_partial(&mut self) {
        self.tail.clear();
    }

    /// What went to a pipe, where no terminal's line discipline added the CR.
    pub fn feed_stream(&mut self, bytes: &[u8]) {
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(text) => {
                    self.feed(text);
                    self.feed(b"\r\n");
                }
                None => self.feed(line),
            }
        }
    }

    /// The terminal has this size from here on.
    pub fn resize(&mut self, size: Size) {
        let size = bounded(size);
        self.terminal
            .resize(usize::from(size.cols), usize::from(size.rows));
    }

    /// The size in cells.
    pub fn size(&self) -> Size {
        let (cols, rows) = self.terminal.size();
        Size {
            cols: u16::try_from(cols).unwrap_or(SIDE_MAX),
            rows: u16::try_from(rows).unwrap_or(SIDE_MAX),
        }
    }

    /// All that the screen's future depends on.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            size: self.size(),
            dump: self.terminal.dump(),
            tail: self.tail.clone(),
        }
    }

    /// Bytes that draw this screen on a blank terminal of its size.
    pub fn dump(&self) -> String {
        self.terminal.dump()
    }

    /// The screen that `snapshot` was taken of.
    pub fn restore(snapshot: &Snapshot) -> Screen {
        let mut terminal = blank(snapshot.size);
        terminal.feed(snapshot.dump.as_str());
        Screen {
            terminal,
            tail: snapshot.tail.clone(),
        }
    }

    /// A copy of the visible cells.
    pub fn grid(&self) -> Grid {
        let position = self.terminal.cursor().position();
        Grid {
            size: self.size(),
            lines: self.terminal.screen().visible_lines().cloned().collect(),
            cursor: position.and_then(|(col, row)| {
                // A cursor behind the last column waits to wrap; it is shown on that column.
                let col = col.min(self.terminal.size().0.saturating_sub(1));
                Some((u16::try_from(col).ok()?, u16::try_from(row).ok()?))
            }),
        }
    }

    /// The visible rows as text, without trailing blanks.
    pub fn text(&self) -> Vec<String> {
        let lines = self.terminal.screen().visible_lines();
        lines
            .map(|line| line.text().trim_end().to_owned())
            .collect()
    }
}

fn bounded(size: Size) -> Size {
    let size = size.or_default();
    Size {
        cols: size.cols.min(SIDE_MAX),
        rows: size.rows.min(SIDE_MAX),
    }
}

fn blank(size: Size) -> Terminal {
    let size = bounded(size);
    let (cols, rows) = (usize::from(size.cols), usize::from(size.rows));
    #[expect(
        clippy::unwrap_used,
        reason = "only a zero is refused, and `bounded` leaves none"
    )]
    Terminal::new(cols, rows).unwrap()
}

/// Feeds `bytes` as UTF-8, U+FFFD for what is none, and gives back an unfinished character.
fn feed(terminal: &mut Terminal, bytes: &[u8]) -> Vec<u8> {
    let mut rest = bytes;
    loop {
        match std::str::from_utf8(rest) {
            Ok(text) => {
                terminal.feed(text);
                return Vec::new();
            }
            Err(error) => {
                let (good, bad) = rest.split_at(error.valid_up_to());
                terminal.feed(std::str::from_utf8(good).unwrap_or_default());
                let Some(len) = error.error_len() else {
                    return bad.to_vec();
                };
                terminal.feed('\u{fffd}');
                rest = bad.get(len..).unwrap_or_default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: Size = Size { cols: 20, rows: 4 };

    #[test]
    fn characters_split_over_events_are_whole() {
        let text = "a\u{2713}\u{1f600}é\x1b[1mb".as_bytes();
        for cut in 0..=text.len() {
            let mut whole = Screen::new(SIZE);
            whole.feed(text);
            let mut split = Screen::new(SIZE);
            split.feed(&text[..cut]);
            split.feed(&text[cut..]);
            assert_eq!(whole.grid(), split.grid(), "cut at {cut}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_as_such() {
        let mut screen = Screen::new(SIZE);
        screen.feed(b"a\xff\xfeb\xc3");
        screen.feed(b"(");
        assert_eq!(screen.text()[0], "a\u{fffd}\u{fffd}b\u{fffd}(");
    }

    #[test]
    fn a_terminal_of_no_size_and_one_of_absurd_size_are_drawn() {
        let zero = Size { cols: 0, rows: 0 };
        assert_eq!(Screen::new(zero).size(), Size { cols: 80, rows: 24 });
        let mut screen = Screen::new(SIZE);
        screen.resize(Size {
            cols: u16::MAX,
            rows: 1,
        });
        assert_eq!(
            screen.size(),
            Size {
                cols: SIDE_MAX,
                rows: 1
            }
        );
    }

    proptest! {
        /// A restored screen goes on like the one it was taken of, at every cut.
        #[test]
        fn restoring_loses_nothing(
            before in proptest::collection::vec(piece(), 0..20),
            after in proptest::collection::vec(piece(), 0..20),
        ) {
            let mut screen = Screen::new(SIZE);
            before.iter().for_each(|p| screen.feed(p));
            let mut restored = Screen::restore(&screen.snapshot());
            for p in &after {
                screen.feed(p);
                restored.feed(p);
                prop_assert_eq!(screen.grid(), restored.grid());
            }
        }
    }

    fn piece() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            "[a-z ]{0,30}".prop_map(String::into_bytes),
            "[界é]{1,8}".prop_map(String::into_bytes),
            Just(b"\r\n".to_vec()),
            Just(b"\x1b[1;31m".to_vec()),
            Just(b"\x1b[38;2;1;2;3m".to_vec()),
            Just(b"\x1b[0m".to_vec()),
            Just(b"\x1b[2J\x1b[H".to_vec()),
            Just(b"\x1b[?1049h".to_vec()),
            Just(b"\x1b[?1049l".to_vec()),
            Just(b"\x1b[3".to_vec()),
            Just(b"\xe2\x9c".to_vec()),
            Just(b"\x93".to_vec()),
            Just(b"\x1b[2;3r".to_vec()),
            Just(b"\x1b[K".to_vec()),
        ]
    }
}
