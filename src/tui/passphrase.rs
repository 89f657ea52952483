//! A passphrase that is typed unseen, byte by byte as the terminal gives it.
//!
//! It is read past everything that keeps what was typed in memory of its own: what stands here is
//! wiped, and stands nowhere else.

use secrecy::SecretString;
use zeroize::{Zeroize, Zeroizing};

/// The longest one. Room for it is taken at once, since growing would leave copies behind.
const LENGTH_MAX: usize = 4096;

/// `CSI 200~` and `CSI 201~`: around text that is pasted (xterm, bracketed paste mode).
const PASTE_BEGINS: u16 = 200;
const PASTE_ENDS: u16 = 201;

/// What came of a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is more to type.
    More,
    /// An Esc, or the start of a key's sequence: what follows at once decides.
    Escape,
    /// The line is done.
    Done,
    /// No answer is given.
    Declined,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Line,
    Escape,
    /// Behind ESC O.
    Ss3,
    /// Behind ESC [, with its first number.
    Csi(u16),
}

/// What was typed so far.
#[derive(Default)]
pub struct TypedPassphrase {
    line: Zeroizing<Vec<u8>>,
    state: State,
    pasting: bool,
}

impl TypedPassphrase {
    /// Whether nothing is typed; how much is nobody's business.
    pub fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// Takes the next byte: text, Backspace, Ctrl-U and Ctrl-W, Enter; Esc, Ctrl-C, and Ctrl-D where
    /// nothing is typed, decline. A paste is text to its end.
    pub fn push(&mut self, byte: u8) -> Step {
        match self.state {
            State::Line => self.key(byte),
            State::Escape => {
                self.state = match byte {
                    b'[' => State::Csi(0),
                    b'O' => State::Ss3,
                    _ => State::Line,
                };
                Step::More
            }
            State::Ss3 => {
                self.state = State::Line;
                Step::More
            }
            State::Csi(number) => {
                let digit = byte.wrapping_sub(b'0');
                match byte {
                    b'0'..=b'9' => {
                        let number = number.saturating_mul(10).saturating_add(digit.into());
                        self.state = State::Csi(number);
                    }
                    0x40..=0x7e => {
                        self.state = State::Line;
                        match (byte, number) {
                            (b'~', PASTE_BEGINS) => self.pasting = true,
                            (b'~', PASTE_ENDS) => self.pasting = false,
                            _ => {}
                        }
                    }
                    _ => {}
                }
                Step::More
            }
        }
    }

    fn key(&mut self, byte: u8) -> Step {
        match byte {
            0x1b => {
                self.state = State::Escape;
                return Step::Escape;
            }
            0x00..=0x1f | 0x7f if self.pasting => {}
            b'\r' | b'\n' => return Step::Done,
            // Ctrl-C, Ctrl-D.
            0x03 => return Step::Declined,
            0x04 if self.line.is_empty() => return Step::Declined,
            // Backspace, in both of its codes.
            0x08 | 0x7f => self.erase(),
            // Ctrl-U, Ctrl-W.
            0x15 | 0x17 => self.line.zeroize(),
            0x00..=0x1f => {}
            byte => self.put(byte),
        }
        Step::More
    }

    fn put(&mut self, byte: u8) {
        if self.line.capacity() == 0 {
            self.line.reserve_exact(LENGTH_MAX);
        }
        if self.line.len() < LENGTH_MAX {
            self.line.push(byte);
        }
    }

    /// Takes the last character away, all of its UTF-8 bytes.
    fn erase(&mut self) {
        while let Some(last) = self.line.last_mut() {
            let whole = *last & 0xc0 != 0x80;
            *last = 0;
            self.line.pop();
            if whole {
                return;
            }
        }
    }

    /// What was typed; `None` where that is no text.
    pub fn take(self) -> Option<SecretString> {
        std::str::from_utf8(&self.line).ok().map(SecretString::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    /// What the keys answer, and what ended it.
    fn typed(keys: &[u8]) -> (Option<Step>, String) {
        let mut line = TypedPassphrase::default();
        for byte in keys {
            match line.push(*byte) {
                Step::More | Step::Escape => {}
                step => return (Some(step), line.take().unwrap().expose_secret().to_owned()),
            }
        }
        (None, line.take().unwrap().expose_secret().to_owned())
    }

    #[test]
    fn a_line_is_edited_and_declined_by_key() {
        let cases: &[(&[u8], Option<Step>, &str)] = &[
            (b"abc\r", Some(Step::Done), "abc"),
            (b"abx\x7fc\n", Some(Step::Done), "abc"),
            (
                "gr\u{fc}\u{1f600}\x7f\x08n\r".as_bytes(),
                Some(Step::Done),
                "grn",
            ),
            (b"wrong\x15right\r", Some(Step::Done), "right"),
            (b"wrong\x17right\r", Some(Step::Done), "right"),
            (b"a\x1b[Ab\x1bOPc\x1b[1;5Dd\r", Some(Step::Done), "abcd"),
            (b"a\x1b[<0;12;7Mb\r", Some(Step::Done), "ab"),
            (
                b"a\x1b[200~b\r\nc\x03\x1b[201~d\r",
                Some(Step::Done),
                "abcd",
            ),
            (b"abc\x03", Some(Step::Declined), "abc"),
            (b"\x04", Some(Step::Declined), ""),
            (b"a\x04b\r", Some(Step::Done), "ab"),
            (b"a\x1a\x0cb\r", Some(Step::Done), "ab"),
            (b"no end", None, "no end"),
            (b"\x7f\x15\r", Some(Step::Done), ""),
        ];
        for (keys, step, line) in cases {
            let (ended, left) = typed(keys);
            assert_eq!(
                (ended, left.as_str()),
                (*step, *line),
                "{}",
                keys.escape_ascii()
            );
        }
        // What follows an Esc at once makes it another key.
        let mut line = TypedPassphrase::default();
        assert_eq!(line.push(0x1b), Step::Escape);
        assert_eq!(line.push(b'['), Step::More);
    }

    /// Growing would leave copies of it behind.
    #[test]
    fn the_line_stands_in_one_place() {
        let mut line = TypedPassphrase::default();
        line.push(b'a');
        let place = line.line.as_ptr();
        for _ in 0..2 * LENGTH_MAX {
            line.push(b'a');
        }
        assert_eq!((line.line.as_ptr(), line.line.len()), (place, LENGTH_MAX));
        line.push(0x15);
        line.push(b'b');
        assert_eq!(line.line.as_ptr(), place);
        assert!(TypedPassphrase::default().is_empty());
        let mut odd = TypedPassphrase::default();
        odd.push(0xff);
        assert!(odd.take().is_none());
    }
}
