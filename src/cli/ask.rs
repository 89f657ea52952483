//! Questions to the person at the terminal: on `/dev/tty`, so that pipes around rec do not matter.
//!
//! Esc, Ctrl-C and Ctrl-D decline. Where stdin and stderr are both no terminal nobody is asked:
//! then rec runs in a script, and a question would be a hang.

use super::{Error, Kind};
use crate::vault::{self, Ask};
use age::secrecy::SecretString;
use dialoguer::Confirm;
use dialoguer::console::Term;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{IsTerminal, Read, Write, stderr, stdin};
use zeroize::{Zeroize, Zeroizing};

/// How long after an Esc the rest of a key's escape sequence may take to arrive.
const ESCAPE_WAIT: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 30_000_000,
};

/// The person at the terminal, if there is one.
pub struct Person {
    tty: Option<File>,
}

impl Person {
    /// Looks for a terminal.
    pub fn find() -> Self {
        let tty = (stdin().is_terminal() || stderr().is_terminal())
            .then(|| File::options().read(true).write(true).open("/dev/tty").ok())
            .flatten();
        Person { tty }
    }

    /// A new passphrase, typed twice.
    pub fn new_passphrase(&mut self) -> Option<SecretString> {
        loop {
            let first = self.read("New passphrase")?;
            if first.is_empty() {
                self.tell("an empty passphrase protects nothing");
                continue;
            }
            let second = self.read("The same again")?;
            if *first == *second {
                return secret(&first);
            }
            self.tell("those two differ");
        }
    }

    fn read(&mut self, question: &str) -> Option<Zeroizing<Vec<u8>>> {
        let mut tty = self.tty.as_ref()?;
        let raw = Raw::set(tty)?;
        let _ = write!(tty, "{question}: ");
        let answer = answer(&mut Keys(tty));
        let _ = tty.write_all(b"\r\n");
        drop(raw);
        answer
    }
}

/// Makes sure that something irreversible is wanted: by `--yes`, or by asking at the terminal.
///
/// # Errors
/// It is not, or there is nobody to ask.
pub fn confirm(question: &str, yes: bool) -> Result<(), Error> {
    if yes {
        return Ok(());
    }
    if !Person::find().present() {
        let message = "this cannot be undone, and there is no terminal to ask on";
        return Err(Error::new(Kind::Usage, message).hint("add --yes if it is wanted"));
    }
    let answer = Confirm::new()
        .with_prompt(question)
        .default(false)
        .interact_on_opt(&Term::stderr());
    match answer {
        Ok(Some(true)) => Ok(()),
        Ok(_) => Err(vault::Error::Cancelled.into()),
        Err(error) => Err(Error::new(Kind::Failed, "the question could not be asked")
            .caused_by(&std::io::Error::from(error))),
    }
}

impl Ask for Person {
    fn present(&self) -> bool {
        self.tty.is_some()
    }

    fn passphrase(&mut self, question: &str) -> Option<SecretString> {
        secret(&self.read(question)?)
    }

    fn tell(&mut self, line: &str) {
        if let Some(tty) = &mut self.tty {
            let _ = writeln!(tty, "{}", crate::model::printable(line));
        }
    }
}

fn secret(bytes: &[u8]) -> Option<SecretString> {
    std::str::from_utf8(bytes).ok().map(SecretString::from)
}

/// Keys one by one and unseen, until dropped. Output processing stays, so `\n` still works.
struct Raw<'a> {
    tty: &'a File,
    before: Termios,
}

impl<'a> Raw<'a> {
    fn set(tty: &'a File) -> Option<Self> {
        let before = tcgetattr(tty).ok()?;
        let mut raw = before.clone();
        raw.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        tcsetattr(tty, OptionalActions::Drain, &raw).ok()?;
        Some(Raw { tty, before })
    }
}

impl Drop for Raw<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.tty, OptionalActions::Drain, &self.before);
    }
}

/// Where keys come from.
trait Source {
    /// The next byte; `None` at the end.
    fn next(&mut self) -> Option<u8>;
    /// Whether another byte is there already.
    fn more(&mut self) -> bool;
}

struct Keys<'a>(&'a File);

impl Source for Keys<'_> {
    fn next(&mut self) -> Option<u8> {
        let mut byte = [0];
        let got = self.0.read(&mut byte).ok()?;
        let [key] = byte;
        byte.zeroize();
        (got == 1).then_some(key)
    }

    fn more(&mut self) -> bool {
        let mut fds = [PollFd::new(self.0, PollFlags::IN)];
        poll(&mut fds, Some(&ESCAPE_WAIT)).is_ok_and(|n| n > 0)
    }
}

/// Reads a line, edited with Backspace and Ctrl-U; `None` when it was declined.
fn answer(keys: &mut dyn Source) -> Option<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(256));
    loop {
        let key = keys.next()?;
        match key {
            b'\r' | b'\n' => return Some(line),
            // Ctrl-C; Ctrl-D on an empty line.
            0x03 => return None,
            0x04 if line.is_empty() => return None,
            0x1b => {
                if !keys.more() {
                    return None;
                }
                skip_sequence(keys);
            }
            // Backspace, in both of its codes.
            0x08 | 0x7f => erase(&mut line),
            0x15 => line.clear(),
            0x00..=0x1f => {}
            key => line.push(key),
        }
    }
}

/// Takes the last character away, all of its UTF-8 bytes.
fn erase(line: &mut Vec<u8>) {
    while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
}

/// An arrow or function key: `ESC [ … final` or `ESC O final`.
fn skip_sequence(keys: &mut dyn Source) {
    match keys.next() {
        Some(b'[') => {
            while let Some(byte) = keys.next() {
                if (0x40..=0x7e).contains(&byte) {
                    return;
                }
            }
        }
        Some(b'O') => {
            keys.next();
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Typed(&'static [u8]);

    impl Source for Typed {
        fn next(&mut self) -> Option<u8> {
            let (first, rest) = self.0.split_first()?;
            self.0 = rest;
            Some(*first)
        }

        fn more(&mut self) -> bool {
            !self.0.is_empty()
        }
    }

    #[test]
    fn a_line_is_edited_and_declined_by_key() {
        let cases: &[(&'static [u8], Option<&[u8]>)] = &[
            (b"abc\r", Some(b"abc")),
            (b"abx\x7fc\n", Some(b"abc")),
            ("gr\u{fc}\x7fn\r".as_bytes(), Some(b"grn")),
            (b"wrong\x15right\r", Some(b"right")),
            (b"a\x1b[Ab\x1bOPc\r", Some(b"abc")),
            (b"abc\x03", None),
            (b"abc\x1b", None),
            (b"\x04", None),
            (b"no end", None),
            (b"\x7f\x15\r", Some(b"")),
        ];
        for (keys, line) in cases {
            let found = answer(&mut Typed(keys));
            let found = found.as_ref().map(|line| line.as_slice());
            assert_eq!(found, *line, "{}", keys.escape_ascii());
        }
    }
}
