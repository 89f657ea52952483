//! The user's terminal: which streams are it, its size and settings, raw mode and the way back.
//!
//! Reads and writes go through an open file description of our own, the only one that is ever
//! made non-blocking: those that rec inherited belong to the user's shell as well.

use super::channel::is_ready;
use super::sys;
use crate::model::Size;
use rustix::event::PollFlags;
use rustix::fs::{Mode, OFlags};
use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios, Winsize};
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

    /// Hands every byte through unchanged, both ways. What was typed ahead stays, but for whole
    /// lines, which are returned: their ends (Ctrl-D) are only told while lines are read.
    pub fn enter_raw(&mut self) -> Zeroizing<Vec<u8>> {
        let mut ahead = Zeroizing::default();
        // After a stop the shell may have left it otherwise than we found it at first.
        if let Ok(now) = termios::tcgetattr(self.inherited)
            && !same(&now, &self.raw)
        {
            ahead = self.lines_ahead(&now);
            self.raw = raw(&now);
            self.original = now;
        }
        *lock(&RESTORE) = Some((self.inherited, self.original.clone()));
        let _ = termios::tcsetattr(self.inherited, OptionalActions::Now, &self.raw);
        ahead
    }

    /// The lines that wait to be read, each with the key that ended it.
    fn lines_ahead(&self, now: &Termios) -> Zeroizing<Vec<u8>> {
        let mut ahead = Zeroizing::new(Vec::new());
        if !self.non_blocking() || !now.local_modes.contains(LocalModes::ICANON) {
            return ahead;
        }
        let end = |code| now.special_codes[code];
        let mut line = Zeroizing::new([0; LINE_MAX]);
        for _ in 0..LINE_MAX {
            if !is_ready(self.fd(), PollFlags::IN) {
                break;
            }
            let Ok(n) = rustix::io::read(self.fd(), &mut line[..]) else {
                break;
            };
            let line = line.get(..n).unwrap_or_default();
            ahead.extend_from_slice(line);
            // A return that came while a line editor had the terminal is a newline to the client.
            let ends = [
                b'\n',
                b'\r',
                end(SpecialCodeIndex::VEOL),
                end(SpecialCodeIndex::VEOL2),
            ];
            if !line.last().is_some_and(|last| ends.contains(last)) {
                ahead.push(end(SpecialCodeIndex::VEOF));
            }
        }
        ahead
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
