//! The user's terminal: which streams are it, its size and settings, raw mode and the way back.
//!
//! Reads and writes go through an open file description of our own, the only one that is ever
//! made non-blocking: those that rec inherited belong to the user's shell as well.

use super::channel::is_ready;
use super::sys;
use crate::model::Size;
use rustix::event::PollFlags;
use rustix::fs::{Mode, OFlags};
use rustix::termios::{
    self, InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, Winsize,
};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Mutex;
use zeroize::Zeroizing;

/// What a terminal keeps of lines that nobody has read yet (N_TTY_BUF_SIZE), and so the longest.
const LINE_MAX: usize = 4096;

/// The terminal that stands behind one or more of the standard streams.
pub struct Terminal {
    own: Option<OwnedFd>,
    inherited: BorrowedFd<'static>,
    /// Which of the standard streams are this terminal.
    pub streams: [bool; 3],
    original: Termios,
    raw: Termios,
    controlling: bool,
}

/// A window's size in cells.
pub fn size(window: Winsize) -> Size {
    Size {
        cols: window.ws_col,
        rows: window.ws_row,
    }
}

/// What was typed before rec had the terminal.
#[derive(Default)]
pub struct Ahead {
    /// The terminal has not shown these keys, which came first: a line editor had it.
    pub unseen: Zeroizing<Vec<u8>>,
    /// It has shown these.
    pub seen: Zeroizing<Vec<u8>>,
    /// It has not shown these, which came last: rec had it already.
    pub late: Zeroizing<Vec<u8>>,
}

/// Which standard streams are terminals, without opening anything.
pub fn interactive() -> bool {
    let stdin = sys::terminal_device(sys::standard(0));
    stdin.is_some() && stdin == sys::terminal_device(sys::standard(1))
}

impl Terminal {
    /// The first terminal among the standard streams.
    pub fn find() -> Option<Terminal> {
        let devices = [0, 1, 2].map(|fd| sys::terminal_device(sys::standard(fd)));
        let at = devices.iter().position(Option::is_some)?;
        let device = devices.get(at).copied().flatten()?;
        let inherited = sys::standard(i32::try_from(at).ok()?);
        let original = termios::tcgetattr(inherited).ok()?;
        let controlling = termios::tcgetsid(inherited).is_ok();
        Some(Terminal {
            own: own_description(inherited, device, controlling),
            inherited,
            streams: devices.map(|other| other == Some(device)),
            raw: raw(&original),
            original,
            controlling,
        })
    }

    /// Whether stdin and stdout both are this terminal: no part of a pipeline.
    pub fn is_all_streams(&self) -> bool {
        matches!(self.streams, [true, true, _])
    }

    /// Where keys are read and output is written.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.own.as_ref().map_or(self.inherited, AsFd::as_fd)
    }

    /// Whether [`Terminal::fd`] never blocks.
    pub fn non_blocking(&self) -> bool {
        self.own.is_some()
    }

    /// The settings that the client's terminal begins with.
    pub fn settings(&self) -> &Termios {
        &self.original
    }

    /// Its size, pixels included; zeroes where it has none.
    pub fn size(&self) -> Winsize {
        termios::tcgetwinsize(self.inherited).unwrap_or(Winsize {
            ws_row: 0,
            ws_col: 0,
            ws_xpixel: 0,
            ws_ypixel: 0,
        })
    }

    /// Whether we may read from it and change it without being stopped.
    pub fn in_foreground(&self) -> bool {
        !self.controlling
            || termios::tcgetpgrp(self.inherited)
                .is_ok_and(|group| group == rustix::process::getpgrp())
    }

    /// Hands every byte through unchanged, both ways. Returns what was typed ahead.
    pub fn enter_raw(&mut self) -> Ahead {
        let mut ahead = Ahead::default();
        let found = termios::tcgetattr(self.inherited).ok();
        // After a stop the shell may have left it otherwise than we found it at first.
        let found = found.filter(|now| !same(now, &self.raw));
        if let Some(now) = &found {
            self.lines_ahead(now, &mut ahead);
            self.raw = raw(now);
            self.original = now.clone();
        }
        *lock(&RESTORE) = Some((self.inherited, self.original.clone()));
        let _ = termios::tcsetattr(self.inherited, OptionalActions::Now, &self.raw);
        if let Some(now) = &found {
            // The line that was begun and not ended. What comes from here on is not shown.
            let waiting = rustix::io::ioctl_fionread(self.inherited).unwrap_or(0);
            let waiting = usize::try_from(waiting).map_or(LINE_MAX, |n| n.min(LINE_MAX));
            let mut line = Zeroizing::new([0; LINE_MAX]);
            let begun = line.get_mut(..waiting).and_then(|line| self.waiting(line));
            let (seen, late) = shown(begun.unwrap_or_default(), now.input_modes);
            ahead.seen.extend_from_slice(seen);
            ahead.late.extend_from_slice(late);
            if !now.local_modes.contains(LocalModes::ECHO) {
                let silent = std::mem::take(&mut ahead.seen);
                ahead.unseen.extend_from_slice(&silent);
            }
        }
        ahead
    }

    /// Takes the lines that wait to be read, each with the key that ended it: their ends (Ctrl-D)
    /// are only told while lines are read.
    fn lines_ahead(&self, now: &Termios, ahead: &mut Ahead) {
        if !now.local_modes.contains(LocalModes::ICANON) {
            return;
        }
        let end = |code| now.special_codes[code];
        let mut line = Zeroizing::new([0; LINE_MAX]);
        for _ in 0..LINE_MAX {
            let Some(line) = self.waiting(&mut line[..]) else {
                break;
            };
            let last = line.last().copied();
            ahead.seen.extend_from_slice(line);
            let ends = [
                b'\n',
                b'\r',
                end(SpecialCodeIndex::VEOL),
                end(SpecialCodeIndex::VEOL2),
            ];
            if !last.is_some_and(|last| ends.contains(&last)) {
                ahead.seen.push(end(SpecialCodeIndex::VEOF));
            }
            // A return that came while a line editor had the terminal is a newline to the client,
            // and only what is read as lines has been shown.
            if last == Some(b'\r') {
                let silent = std::mem::take(&mut ahead.seen);
                ahead.unseen.extend_from_slice(&silent);
            }
        }
    }

    /// What one read gives, if that need not wait: nothing at an end (Ctrl-D).
    fn waiting<'a>(&self, line: &'a mut [u8]) -> Option<&'a [u8]> {
        if line.is_empty() || !self.non_blocking() || !is_ready(self.fd(), PollFlags::IN) {
            return None;
        }
        let n = rustix::io::read(self.fd(), &mut *line).ok()?;
        line.get(..n)
    }

    /// How the terminal showed keys that were typed ahead.
    pub fn echo_of(&self, keys: &[u8]) -> Zeroizing<Vec<u8>> {
        echo_of(keys, self.original.special_codes[SpecialCodeIndex::VEOF])
    }

    /// The settings as they were found.
    pub fn leave_raw(&self) {
        restore();
    }

    /// Puts the settings back if they are still what we made them: for the monitor, when rec
    /// itself was killed. A shell that has taken the terminal back is left alone.
    pub fn restore_if_raw(&self) {
        if termios::tcgetattr(self.fd()).is_ok_and(|now| same(&now, &self.raw)) {
            let _ = termios::tcsetattr(self.fd(), OptionalActions::Now, &self.original);
        }
    }

    /// The descriptor that a forked monitor must keep for [`Terminal::restore_if_raw`].
    pub fn raw_fd(&self) -> i32 {
        self.fd().as_raw_fd()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.leave_raw();
    }
}

/// What [`restore`] puts back; `None` while nothing is changed.
static RESTORE: Mutex<Option<(BorrowedFd<'static>, Termios)>> = Mutex::new(None);

/// Puts the terminal back as it was found, if we changed it: also called by the panic hook.
pub fn restore() {
    if let Some((fd, original)) = lock(&RESTORE).take() {
        let _ = termios::tcsetattr(fd, OptionalActions::Now, &original);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// cfmakeraw, but for the line's own parameters (speed, parity), which stay.
fn raw(original: &Termios) -> Termios {
    let mut raw = original.clone();
    raw.make_raw();
    raw.control_modes = original.control_modes;
    raw
}

/// How lines are echoed, of which the last may be open. What was erased in them is not known any
/// more, and their `end` (Ctrl-D) is not echoed.
fn echo_of(keys: &[u8], end: u8) -> Zeroizing<Vec<u8>> {
    let mut echo = Zeroizing::new(Vec::with_capacity(2 * keys.len()));
    for key in keys.iter().filter(|key| **key != end) {
        match key {
            b'\n' => echo.extend_from_slice(b"\r\n"),
            b'\t' | 0x20..=0x7e | 0x80.. => echo.push(*key),
            _ => echo.extend_from_slice(&[b'^', key ^ 0x40]),
        }
    }
    echo
}

/// Splits keys that were read in raw mode into those that came before it, which a terminal of the
/// `modes` before has shown, and those that came after: a return that it would have made a newline.
fn shown(keys: &[u8], modes: InputModes) -> (&[u8], &[u8]) {
    let raw = keys.iter().position(|key| *key == b'\r');
    let raw = raw.filter(|_| modes.contains(InputModes::ICRNL));
    let before = keys.get(..raw.unwrap_or(0)).unwrap_or_default();
    let newline = before.iter().rposition(|key| *key == b'\n');
    let end = match raw {
        Some(_) => newline.map_or(0, |at| at + 1),
        None => keys.len(),
    };
    keys.split_at_checked(end).unwrap_or((keys, &[]))
}

fn same(a: &Termios, b: &Termios) -> bool {
    a.input_modes == b.input_modes
        && a.output_modes == b.output_modes
        && a.local_modes == b.local_modes
}

/// Opens the terminal once more, non-blocking. By /dev/tty where it is our controlling terminal
/// (always permitted, also after su and in containers), else by its name.
fn own_description(fd: BorrowedFd<'_>, device: u64, controlling: bool) -> Option<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let open = |name: &std::ffi::CStr| {
        let fd = rustix::fs::open(name, flags, Mode::empty()).ok()?;
        (sys::terminal_device(fd.as_fd()) == Some(device)).then_some(fd)
    };
    // poll(2) does not work on macOS's /dev/tty.
    let by_tty = (controlling && cfg!(target_os = "linux")).then(|| open(c"/dev/tty"));
    by_tty
        .flatten()
        .or_else(|| open(&termios::ttyname(fd, Vec::new()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_is_that_of_the_kernel() {
        let echo = echo_of(b"a\tb\n\x04\x01\xc3\xa9\x7fc", 4);
        assert_eq!(*echo, b"a\tb\r\n^A\xc3\xa9^?c");
    }

    #[test]
    fn a_return_that_stayed_one_came_in_raw_mode() {
        let cooked = InputModes::ICRNL;
        let cases: [(&[u8], &[u8], &[u8]); 5] = [
            (b"", b"", b""),
            (b"again", b"again", b""),
            (b"one\ntwo", b"one\ntwo", b""),
            (b"again\r", b"", b"again\r"),
            (b"one\ntwo\rthree\n", b"one\n", b"two\rthree\n"),
        ];
        for (keys, seen, late) in cases {
            assert_eq!(shown(keys, cooked), (seen, late));
        }
        let untranslated = shown(b"again\r", InputModes::empty());
        assert_eq!(untranslated, (&b"again\r"[..], &b""[..]));
    }
}
