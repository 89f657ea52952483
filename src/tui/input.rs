//! Keys from the terminal, waited for here and read by crossterm.
//!
//! crossterm's own wait cannot be ended from another thread, and once the terminal is gone it
//! keeps a processor busy for as long as it waits. So it is only asked when there is something to
//! read, and for a moment.
//!
//! Not at all while a passphrase is typed: crossterm never wipes what it read.

use super::asker::Answers;
use super::msg::Msg;
use super::passphrase::{Step, TypedPassphrase};
use crossterm::event::{self, Event, KeyEventKind, MouseEventKind};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{self, IsTerminal, PipeReader, stdin};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::SyncSender;
use std::time::Duration;
use zeroize::Zeroize;

/// The terminal that keys come from: stdin, or `/dev/tty` where that is something else.
pub struct Input(OwnedFd);

/// How long crossterm may look for what is there. For no time at all it does not look.
const LOOK: Duration = Duration::from_millis(1);

/// How long after an Esc the rest of a key's sequence may take to arrive.
const ESCAPE_WAIT: Duration = Duration::from_millis(30);

/// What came of waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// There is something to read.
    Ready,
    /// The time has passed.
    Late,
    /// Nobody wants to wait any more.
    Over,
    /// The terminal is gone.
    Gone,
}

impl Input {
    /// The same one that crossterm reads.
    ///
    /// # Errors
    /// There is none.
    pub fn open() -> io::Result<Input> {
        let stdin = stdin();
        if stdin.is_terminal() {
            return Ok(Input(stdin.as_fd().try_clone_to_owned()?));
        }
        Ok(Input(File::open("/dev/tty")?.into()))
    }

    /// Waits for something to read, at most `time`, or until the other end of `over` is closed.
    ///
    /// # Errors
    /// The system refused.
    pub fn wait(&self, time: Option<Duration>, over: Option<&PipeReader>) -> io::Result<Woken> {
        let time = time.map(|time| Timespec {
            tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: time.subsec_nanos().into(),
        });
        let mut fds = vec![PollFd::new(&self.0, PollFlags::IN)];
        fds.extend(over.map(|over| PollFd::new(over, PollFlags::IN)));
        match poll(&mut fds, time.as_ref()) {
            Ok(_) => {}
            // Whoever waits looks at what the signal has changed.
            Err(rustix::io::Errno::INTR) => return Ok(Woken::Late),
            Err(error) => return Err(error.into()),
        }
        let came = |at: usize| fds.get(at).map_or(PollFlags::empty(), PollFd::revents);
        if !came(1).is_empty() {
            return Ok(Woken::Over);
        }
        if came(0).intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return Ok(Woken::Gone);
        }
        match came(0).is_empty() {
            true => Ok(Woken::Late),
            false => Ok(Woken::Ready),
        }
    }

    /// The next byte of what is there, past crossterm.
    fn byte(&self) -> io::Result<u8> {
        let mut byte = [0];
        let got = rustix::io::read(&self.0, &mut byte)?;
        let [key] = byte;
        byte.zeroize();
        match got {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(key),
        }
    }
}

/// Tells keys and pasted text, until the other end of `over` is closed, nobody listens, or the
/// terminal is gone.
pub fn read(input: &Input, over: &PipeReader, out: &SyncSender<Msg>, answers: &Answers) {
    let mut line = TypedPassphrase::default();
    loop {
        let gone = match input.wait(None, Some(over)) {
            Ok(Woken::Over) => return,
            Ok(Woken::Ready) if answers.wanted() => answer(input, &mut line, out, answers).is_err(),
            Ok(Woken::Ready) => tell(out).is_err(),
            Ok(Woken::Late) => false,
            Ok(Woken::Gone) | Err(_) => true,
        };
        if gone {
            // Nobody listens any more when this fails.
            let _ = out.send(Msg::Leave);
            return;
        }
    }
}

/// The next event of those that are there, after [`Woken::Ready`]. There may be none yet, of a key
/// that comes as several bytes.
///
/// # Errors
/// The terminal cannot be read.
pub fn next() -> io::Result<Option<Event>> {
    event::poll(LOOK)?.then(event::read).transpose()
}

/// Takes one byte of an answer.
fn answer(
    input: &Input,
    line: &mut TypedPassphrase,
    out: &SyncSender<Msg>,
    answers: &Answers,
) -> io::Result<()> {
    let send = |msg| out.send(msg).map_err(|_| io::ErrorKind::BrokenPipe.into());
    let mut step = line.push(input.byte()?);
    if step == Step::Escape && input.wait(Some(ESCAPE_WAIT), None)? != Woken::Ready {
        step = Step::Declined;
    }
    match step {
        Step::More | Step::Escape => send(Msg::Typed(!line.is_empty())),
        Step::Done | Step::Declined => {
            let typed = std::mem::take(line);
            // Before the answer: it may be followed by another question.
            send(Msg::Answered)?;
            answers.give(match step {
                Step::Done => typed.take(),
                _ => None,
            });
            Ok(())
        }
    }
}

/// Tells all that is there to read.
fn tell(out: &SyncSender<Msg>) -> io::Result<()> {
    while let Some(event) = next()? {
        let msg = match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => Some(Msg::Key(key)),
            Event::Paste(text) => Some(Msg::Paste(text)),
            // Without a button held it only passes by.
            Event::Mouse(mouse) if mouse.kind != MouseEventKind::Moved => Some(Msg::Mouse(mouse)),
            // Sizes are told by the thread of the signals.
            _ => None,
        };
        if let Some(msg) = msg {
            out.send(msg).map_err(|_| io::ErrorKind::BrokenPipe)?;
        }
    }
    Ok(())
}
