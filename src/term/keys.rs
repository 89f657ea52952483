//! What the keyboard sent, as far as the recorder may know it: that a key was pressed, and Enter.
//!
//! Bytes are looked at and forgotten. A paste in brackets is one key: its newlines belong to the
//! text. What a terminal answers to a query, and mouse and focus reports, are no keys.

/// What a byte of input meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The engineer pressed something.
    Press,
    /// The engineer submitted the line.
    Enter,
    /// A new line within a paste.
    Line,
    /// A byte of a sequence, or of a report that no key sent.
    None,
}

/// `CSI 200~` and `CSI 201~` (xterm, bracketed paste mode).
const PASTE_BEGINS: u32 = 200;
const PASTE_ENDS: u32 = 201;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    Escape,
    Ss3,
    /// Collecting the first number; the second field tells whether another byte than a digit came.
    Csi(u32, bool),
    String,
    StringEscape,
    /// `CSI M` of the old mouse protocol: three bytes follow.
    Mouse(u8),
}

/// Reads input byte by byte.
#[derive(Debug, Default)]
pub struct Keys {
    state: State,
    pasting: bool,
}

impl Keys {
    /// What this byte means after those before it.
    pub fn feed(&mut self, byte: u8) -> Key {
        let (state, key) = self.next(byte);
        self.state = state;
        if self.pasting && key == Key::Enter {
            return Key::Line;
        }
        key
    }

    /// Whether the bytes so far end inside an escape sequence.
    pub fn in_sequence(&self) -> bool {
        !matches!(self.state, State::Ground)
    }

    fn next(&mut self, byte: u8) -> (State, Key) {
        match (self.state, byte) {
            (State::Ground | State::Escape, 0x1b) => (State::Escape, Key::None),
            (State::Ground | State::Escape, b'\r' | b'\n') => (State::Ground, Key::Enter),
            (State::Ground, _) => (State::Ground, Key::Press),
            (State::Escape, b'[') => (State::Csi(0, false), Key::None),
            (State::Escape, b'O') => (State::Ss3, Key::None),
            (State::Escape, b']' | b'P' | b'_' | b'^' | b'X') => (State::String, Key::None),
            (State::Escape, _) => (State::Ground, Key::Press),
            // Enter of the keypad in application mode.
            (State::Ss3, b'M') => (State::Ground, Key::Enter),
            (State::Ss3, _) => (State::Ground, Key::Press),
            (State::Csi(n, false), b'0'..=b'9') => {
                let n = n.saturating_mul(10).saturating_add(u32::from(byte - b'0'));
                (State::Csi(n.min(9999), false), Key::None)
            }
            (State::Csi(n, _), 0x20..=0x3f) => (State::Csi(n, true), Key::None),
            (State::Csi(0, false), b'M') => (State::Mouse(3), Key::None),
            (State::Csi(n, more), _) => (State::Ground, self.csi(n, more, byte)),
            (State::String, 0x07) | (State::StringEscape, b'\\') => (State::Ground, Key::None),
            (State::String, 0x1b) => (State::StringEscape, Key::None),
            (State::String | State::StringEscape, _) => (State::String, Key::None),
            (State::Mouse(n), _) if n > 1 => (State::Mouse(n - 1), Key::None),
            (State::Mouse(_), _) => (State::Ground, Key::None),
        }
    }

    fn csi(&mut self, number: u32, more: bool, last: u8) -> Key {
        match (number, last) {
            (PASTE_BEGINS, b'~') => self.pasting = true,
            (PASTE_ENDS, b'~') => self.pasting = false,
            // Reports: cursor position, attributes, mode, window, SGR mouse, focus.
            (_, b'R' | b'c' | b'n' | b'y' | b't' | b'm') => return Key::None,
            (_, b'M') => return Key::None,
            (0, b'I' | b'O') if !more => return Key::None,
            _ => {}
        }
        Key::Press
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(input: &[u8]) -> (usize, usize) {
        let mut keys = Keys::default();
        let all: Vec<Key> = input.iter().map(|b| keys.feed(*b)).collect();
        let count = |key| all.iter().filter(|k| **k == key).count();
        (count(Key::Press) + count(Key::Line), count(Key::Enter))
    }

    #[test]
    fn lines_of_a_paste_are_none_that_were_submitted() {
        let mut keys = Keys::default();
        let lines = b"a\r\x1b[200~x\ny\rz\x1b[201~\r";
        let all: Vec<Key> = lines.iter().map(|b| keys.feed(*b)).collect();
        let count = |key| all.iter().filter(|k| **k == key).count();
        assert_eq!((count(Key::Line), count(Key::Enter)), (2, 2));
    }

    #[test]
    fn keys_and_reports_are_told_apart() {
        let cases: &[(&[u8], (usize, usize))] = &[
            (b"ls\r", (2, 1)),
            (b"a\nb\r", (2, 2)),
            (b"\x1b[A\x1bOA\x1b[1;5C\x1bf", (4, 0)),
            (b"\x1b[200~x\ny\r\x1b[201~\r", (6, 1)),
            (b"\x1b[24;80R\x1b[?62;22c\x1b[I\x1b[O", (0, 0)),
            (b"\x1b[<0;3;4M\x1b[<0;3;4m\x1b[M !!", (0, 0)),
            (b"\x1b]11;rgb:0/0/0\x07\x1bP>|x\x1b\\", (0, 0)),
            (b"\x1bOM", (0, 1)),
        ];
        for (input, want) in cases {
            assert_eq!(keys(input), *want, "{:?}", String::from_utf8_lossy(input));
        }
    }
}
