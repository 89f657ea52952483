//! Terminal bytes to the text that a reader of the screen and its history sees.
//!
//! Wrapped rows are joined, what was overwritten or erased is gone, the alternate screen is left
//! out. Plain lines (text, colours, CR LF) are copied; the terminal model of [`super::screen`] is
//! only started for what moves the cursor, with the last screenful of lines written into it first.

use super::screen::Screen;
use crate::model::Size;
use std::collections::VecDeque;

/// A logical line longer than this is broken (1 MiB): a file without newlines must not be held
/// whole.
pub const LINE_MAX: usize = 1 << 20;
/// The largest screen that is modelled; a hostile resize must not ask for 4 billion cells.
const COLS_MAX: u16 = 1024;
const ROWS_MAX: u16 = 512;
/// An escape sequence longer than this is left to the terminal model, which bounds it.
const HELD_MAX: usize = 4096;

/// Renders one stream of bytes, a command's output or a whole session.
pub struct Renderer {
    size: Size,
    /// The start of a character that the last bytes ended in.
    partial: Vec<u8>,
    /// A CR or an unfinished escape sequence at the end of what came, on the plain path.
    held: String,
    /// The unfinished line on the plain path.
    line: String,
    /// Whole lines that cursor movement could still reach, on the plain path.
    recent: VecDeque<String>,
    /// The model, while it is needed.
    screen: Option<Box<Screen>>,
    /// Lines that nothing can change any more, each with its newline.
    done: String,
}

impl Renderer {
    /// A blank terminal of this size.
    pub fn new(size: Size) -> Self {
        Renderer {
            size: clamp(size),
            partial: Vec::new(),
            held: String::new(),
            line: String::new(),
            recent: VecDeque::new(),
            screen: None,
            done: String::new(),
        }
    }

    /// Terminal bytes, cut anywhere.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.partial.is_empty() {
            return self.decode(bytes);
        }
        let mut joined = std::mem::take(&mut self.partial);
        joined.extend_from_slice(bytes);
        self.decode(&joined);
    }

    /// Bytes for a pipe, where a bare LF ends a line.
    pub fn feed_stream(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(text) => {
                    self.feed(text);
                    self.feed(b"\r\n");
                }
                None => self.feed(piece),
            }
        }
    }

    /// The terminal has another size from here on.
    pub fn resize(&mut self, size: Size) {
        self.size = clamp(size);
        if let Some(screen) = &mut self.screen {
            screen.resize(self.size, &mut self.done);
        }
    }

    /// Moves the lines that nothing can change any more to `out`, each with its newline. Blank
    /// lines wait for what comes after them, since those at the end are no text.
    pub fn take(&mut self, out: &mut String) {
        let text = self.done.trim_end_matches('\n').len();
        if text == 0 && self.done.len() < LINE_MAX {
            return;
        }
        let blank = self.done.split_off((text + 1).min(self.done.len()));
        out.push_str(&self.done);
        self.done = blank;
    }

    /// All that is left, without blank lines at the end.
    pub fn finish(mut self, out: &mut String) {
        if !self.partial.is_empty() {
            self.partial.clear();
            self.text("\u{fffd}");
        }
        if let Some(screen) = self.screen.take() {
            screen.finish(&mut self.done);
        } else {
            for line in std::mem::take(&mut self.recent) {
                emit(&mut self.done, &line);
            }
            emit(&mut self.done, &self.line);
        }
        while self.done.ends_with("\n\n") || self.done == "\n" {
            self.done.pop();
        }
        out.push_str(&self.done);
    }

    fn decode(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match std::str::from_utf8(bytes) {
                Ok(text) => return self.text(text),
                Err(error) => {
                    let (valid, rest) = bytes.split_at(error.valid_up_to());
                    self.text(std::str::from_utf8(valid).unwrap_or_default());
                    let Some(bad) = error.error_len() else {
                        self.partial = rest.to_vec();
                        return;
                    };
                    self.text("\u{fffd}");
                    bytes = rest.get(bad..).unwrap_or_default();
                }
            }
        }
    }

    fn text(&mut self, text: &str) {
        if self.held.is_empty() {
            return self.route(text);
        }
        let mut joined = std::mem::take(&mut self.held);
        joined.push_str(text);
        self.route(&joined);
    }

    /// Sends text down the plain path or to the model, as often as it changes between them.
    fn route(&mut self, mut text: &str) {
        while !text.is_empty() {
            if let Some(screen) = &mut self.screen {
                text = screen.feed(text, &mut self.done);
                if text.is_empty() && !screen.is_calm() {
                    return;
                }
                if let Some(screen) = self.screen.take_if(|screen| screen.is_calm()) {
                    self.recent = screen.into_rows();
                }
            } else {
                let taken = self.plain(text);
                text = text.get(taken..).unwrap_or_default();
                if text.is_empty() {
                    return;
                }
                if !complete(text) {
                    self.held.push_str(text);
                    return;
                }
                self.start_screen();
            }
        }
    }

    /// Takes plain text from the front; gives how many bytes it took. What is left begins with
    /// something that only the model understands, or with an unfinished sequence.
    fn plain(&mut self, text: &str) -> usize {
        let mut rest = text;
        loop {
            let run = rest.bytes().position(special).unwrap_or(rest.len());
            let (plain, tail) = rest.split_at_checked(run).unwrap_or((rest, ""));
            self.line.push_str(plain);
            if self.line.len() > LINE_MAX {
                self.newline();
            }
            let skip = match tail.as_bytes() {
                [] => 0,
                [b'\r', b'\n', ..] => {
                    self.newline();
                    2
                }
                // CR CR LF: what a program's own CR LF becomes behind a pty.
                [b'\r', b'\r', ..] | [0x07, ..] => 1,
                [b'\r', ..] if self.line.is_empty() && tail.len() > 1 => 1,
                [b'\n', ..] if self.line.is_empty() => {
                    self.newline();
                    1
                }
                [b'\t', ..] => self.tab(),
                [0x1b, ..] => harmless(tail),
                // U+0080 to U+009F are controls, the rest of C2 is text.
                [0xc2, second, ..] if *second >= 0xa0 => {
                    self.line.extend(tail.chars().next());
                    2
                }
                _ => 0,
            };
            if skip == 0 {
                return text.len() - tail.len();
            }
            rest = tail.get(skip..).unwrap_or_default();
        }
    }

    /// A tab on a line whose column is known, or 0.
    fn tab(&mut self) -> usize {
        if !self.line.is_ascii() || self.line.len() + 8 >= usize::from(self.size.cols) {
            return 0;
        }
        let stop = (self.line.len() / 8 + 1) * 8;
        while self.line.len() < stop {
            self.line.push(' ');
        }
        1
    }

    fn newline(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.recent.push_back(line);
        // A line of n characters takes at least n / cols rows; once the others fill the screen,
        // the first is beyond the reach of any cursor movement. The cursor's own row counts.
        while self.recent.len() >= usize::from(self.size.rows) || self.recent_is_heavy() {
            if let Some(line) = self.recent.pop_front() {
                emit(&mut self.done, &line);
                // Its buffer serves the next line.
                if self.line.capacity() < line.capacity() && line.capacity() <= 4096 {
                    self.line = line;
                    self.line.clear();
                }
            }
        }
    }

    /// Whether the lines after the first fill more than any screen: long lines must not pile up.
    fn recent_is_heavy(&self) -> bool {
        let Some(last) = self.recent.back() else {
            return false;
        };
        if last.len() < LINE_MAX / 64 {
            return false;
        }
        let cols = usize::from(self.size.cols);
        let rows: usize = self
            .recent
            .iter()
            .skip(1)
            .map(|line| line.chars().count().div_ceil(cols).max(1))
            .sum();
        rows >= usize::from(self.size.rows)
    }

    fn start_screen(&mut self) {
        let mut screen = Box::new(Screen::new(self.size));
        for line in std::mem::take(&mut self.recent) {
            screen.restore(&line, &mut self.done);
            screen.restore("\r\n", &mut self.done);
        }
        let line = std::mem::take(&mut self.line);
        screen.restore(&line, &mut self.done);
        self.screen = Some(screen);
    }
}

fn clamp(size: Size) -> Size {
    let size = size.or_default();
    Size {
        cols: size.cols.min(COLS_MAX),
        rows: size.rows.min(ROWS_MAX),
    }
}

pub(super) fn emit(out: &mut String, line: &str) {
    out.push_str(line.trim_end());
    out.push('\n');
}

fn special(byte: u8) -> bool {
    byte < 0x20 || byte == 0x7f || byte == 0xc2
}

/// The length of a sequence that changes no text where it stands, at the end of the line being
/// written: colours, titles, erasing to the right. 0 for all others and for unfinished ones.
fn harmless(text: &str) -> usize {
    let bytes = text.as_bytes();
    match bytes.get(1) {
        Some(b'[') => {
            let body = bytes.get(2..).unwrap_or_default();
            let Some(end) = body.iter().position(|b| !matches!(b, b'0'..=b';' | b'?')) else {
                return 0;
            };
            let parameters = body.get(..end).unwrap_or_default();
            let known = match (body.get(end), parameters) {
                (Some(b'm'), parameters) => !parameters.contains(&b'?'),
                (Some(b'K'), b"" | b"0") => true,
                // Bracketed paste, the cursor's blinking and visibility: no text.
                (Some(b'h' | b'l'), b"?2004" | b"?12" | b"?25") => true,
                _ => false,
            };
            if known { end + 3 } else { 0 }
        }
        // OSC up to BEL or ST.
        Some(b']') => {
            let body = bytes.get(2..).unwrap_or_default();
            match body.iter().position(|b| *b < 0x20) {
                Some(end) if body.get(end) == Some(&0x07) => end + 3,
                Some(end) if body.get(end..end + 2) == Some(b"\x1b\\") => end + 4,
                _ => 0,
            }
        }
        _ => 0,
    }
}

/// Whether what `text` begins with can be decided now, or is too long to wait for.
fn complete(text: &str) -> bool {
    if text.len() > HELD_MAX {
        return true;
    }
    match text.as_bytes() {
        [b'\r'] | [0x1b] => false,
        [0x1b, b'[', rest @ ..] => rest.iter().any(|b| !matches!(b, b'0'..=b'?')),
        [0x1b, b']', rest @ ..] => match rest.iter().position(|b| *b < 0x20) {
            None => false,
            Some(end) => rest.get(end) != Some(&0x1b) || rest.len() > end + 1,
        },
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { cols: 20, rows: 4 };

    fn render(chunks: &[&[u8]]) -> String {
        let mut renderer = Renderer::new(SIZE);
        let mut out = String::new();
        for chunk in chunks {
            renderer.feed(chunk);
            renderer.take(&mut out);
        }
        renderer.finish(&mut out);
        out
    }

    /// The same through the model alone.
    fn modelled(bytes: &[u8]) -> String {
        let mut renderer = Renderer::new(SIZE);
        renderer.start_screen();
        if let Some(screen) = &mut renderer.screen {
            screen.never_calm();
        }
        renderer.feed(bytes);
        let mut out = String::new();
        renderer.finish(&mut out);
        out
    }

    const TABLE: &[(&str, &str)] = &[
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        ("no newline", "no newline\n"),
        ("", ""),
        ("\r\n\r\n", ""),
        ("\r\na\r\n\r\nb\r\n\r\n", "\na\n\nb\n"),
        ("\x1b[1;31mred\x1b[0m and\x1b[K not\r\n", "red and not\n"),
        ("a\tb\r\n", "a       b\n"),
        ("helk\x08lo\r\n", "hello\n"),
        ("10%\r20%\r100%\r\ndone\r\n", "100%\ndone\n"),
        ("wrong\r\x1b[Kright\r\n", "right\n"),
        (
            "a line that is longer than twenty cells\r\nb",
            "a line that is longer than twenty cells\nb\n",
        ),
        ("\x1b]0;title\x07x\x1b]133;A\x1b\\y\r\n", "xy\n"),
        (
            "before\r\n\x1b[?1049h\x1b[Hvim text\x1b[?1049lafter\r\n",
            "before\nafter\n",
        ),
        ("one\r\ntwo\r\n\x1b[1Atwe\r\nend\r\n", "one\ntwe\nend\n"),
        (
            "1\r\n2\r\n3\r\n4\r\n5\r\n6\x1b[2A\rX\r\n\r\n\r\n",
            "1\n2\n3\nX\n5\n6\n",
        ),
        ("\u{9b}31mx\r\n", "x\n"),
        ("caf\u{e9} \u{c2}\u{a0}z\r\n", "caf\u{e9} \u{c2}\u{a0}z\n"),
        ("a\r\r\nb\r\n", "a\nb\n"),
        ("stair\ncase\r\n", "stair\n     case\n"),
        ("\x1b[?2004h$ ls\r\n\x1b[?2004l\rfile\r\n", "$ ls\nfile\n"),
        ("\x1b[2J\x1b[Hhome\r\n", "home\n"),
        ("bell\x07\r\n", "bell\n"),
    ];

    #[test]
    fn the_text_is_what_the_screen_showed() {
        for (input, expected) in TABLE {
            assert_eq!(render(&[input.as_bytes()]), *expected, "{input:?}");
        }
    }

    #[test]
    fn every_split_gives_the_same_text() {
        for (input, expected) in TABLE {
            let bytes = input.as_bytes();
            for cut in 0..=bytes.len() {
                let (a, b) = bytes.split_at(cut);
                assert_eq!(render(&[a, b]), *expected, "{input:?} at {cut}");
            }
            let singles: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(render(&singles), *expected, "{input:?} byte by byte");
        }
    }

    #[test]
    fn the_plain_path_and_the_model_agree() {
        for (input, _) in TABLE {
            assert_eq!(
                render(&[input.as_bytes()]),
                modelled(input.as_bytes()),
                "{input:?}"
            );
        }
    }

    // Colours are left out here: the model counts a coloured blank as text when it clears.
    proptest::proptest! {
        #[test]
        fn any_mix_of_plain_and_moving_agrees_with_the_model(
            pieces in proptest::collection::vec(proptest::sample::select(vec![
                "word", " ", "\r\n", "\r\n", "\r\n", "\r", "\x08", "\t", "\x1b[K", "\x1b[A",
                "\x1b[2J", "\x1b[H", "\x1b[3;2H", "\n", "longer text than fits in a row", "é", "\x1b[2;3r",
                "\x1b[r", "\x1b7", "\x1b8", "\x1b[?1049h", "\x1b[?1049l", "\x1bc",
            ]), 0..300),
        ) {
            let input = pieces.concat();
            proptest::prop_assert_eq!(render(&[input.as_bytes()]), modelled(input.as_bytes()));
        }
    }

    #[test]
    fn a_wrapped_line_whose_end_was_erased_keeps_its_rows() {
        // Long enough for the model to be left again, with both rows still in reach.
        let input = format!(
            "\x1b[A{}wordwordlonger text than fits\x1b[A\r\n\x1b[K\r\n\r\n\r\n\x1b[H\x1b[Kend",
            "\r\n".repeat(31)
        );
        let text = render(&[input.as_bytes()]);
        assert!(text.ends_with("\nwordwordlonger text end\n"), "{text:?}");
        assert_eq!(text, modelled(input.as_bytes()));
    }

    #[test]
    fn invalid_bytes_are_marked_and_nothing_is_lost() {
        assert_eq!(
            render(&[b"a\xffb\xc3", b"\xa9\r\n\xe2\x82"]),
            "a\u{fffd}b\u{e9}\n\u{fffd}\n"
        );
    }

    #[test]
    fn a_line_without_end_stays_bounded() {
        let mut renderer = Renderer::new(SIZE);
        let mut out = String::new();
        for _ in 0..64 {
            renderer.feed(&[b'x'; 65_536]);
            renderer.take(&mut out);
            assert!(renderer.line.len() <= 2 * LINE_MAX);
            assert!(renderer.recent.iter().map(String::len).sum::<usize>() <= 2 * LINE_MAX);
        }
        renderer.finish(&mut out);
        assert_eq!(out.bytes().filter(|b| *b == b'x').count(), 64 * 65_536);
    }
}
