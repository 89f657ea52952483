//! Questions to the person at the terminal: on `/dev/tty`, so that pipes around rec do not matter.
//!
//! Esc, Ctrl-C and Ctrl-D decline. Where stdin and stderr are both no terminal nobody is asked:
//! then rec runs in a script, and a question would be a hang.

use super::{Error, Kind};
use crate::tui::{Step, TypedPassphrase};
use crate::vault::{self, Ask};
use age::secrecy::{ExposeSecret, SecretString};
use dialoguer::Confirm;
use dialoguer::console::Term;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{IsTerminal, Read, Write, stderr, stdin};
use zeroize::Zeroize;

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
            if first.expose_secret().is_empty() {
                self.tell("an empty passphrase protects nothing");
                continue;
            }
            let second = self.read("The same again")?;
            if first.expose_secret() == second.expose_secret() {
                return Some(first);
            }
            self.tell("those two differ");
        }
    }

    fn read(&mut self, question: &str) -> Option<SecretString> {
        let mut tty = self.tty.as_ref()?;
        let raw = Raw::set(tty)?;
        let _ = write!(tty, "{question}: ");
        let answer = answer(tty);
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
        self.read(question)
    }

    fn agrees(&mut self, question: &str) -> bool {
        self.present() && confirm(&format!("rec: {question}"), false).is_ok()
    }

    fn tell(&mut self, line: &str) {
        if let Some(tty) = &mut self.tty {
            let _ = writeln!(tty, "{}", crate::model::printable(line));
        }
    }
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

/// Reads a line; `None` when it was declined.
fn answer(mut tty: &File) -> Option<SecretString> {
    let mut line = TypedPassphrase::default();
    loop {
        let mut byte = [0];
        let got = tty.read(&mut byte).ok()?;
        let [key] = byte;
        byte.zeroize();
        if got == 0 {
            return None;
        }
        match line.push(key) {
            Step::Done => return line.take(),
            Step::Declined => return None,
            Step::Escape if !more(tty) => return None,
            Step::More | Step::Escape => {}
        }
    }
}

/// Whether another byte is there already.
fn more(tty: &File) -> bool {
    let mut fds = [PollFd::new(tty, PollFlags::IN)];
    poll(&mut fds, Some(&ESCAPE_WAIT)).is_ok_and(|n| n > 0)
}
