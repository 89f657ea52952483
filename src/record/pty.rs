//! The client's pseudo-terminal: same size and settings as the user's.

use super::channel::is_ready;
use super::sys;
use crate::pipeline::TtyMode;
use portable_pty::{MasterPty, PtySize};
use rustix::event::PollFlags;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, Winsize, tcgetattr, tcsetattr,
};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The master side. It is ours alone, so it may be non-blocking.
pub struct Pty {
    /// The device number of the client's side.
    pub device: Option<u64>,
    master: OwnedFd,
    resizer: Box<dyn MasterPty + Send>,
    size: Winsize,
}

/// Opens a pty; the second value is the client's side.
///
/// # Errors
/// No pseudo-terminals are to be had.
pub fn open(size: Winsize, settings: &Termios) -> io::Result<(Pty, OwnedFd)> {
    let pair = portable_pty::native_pty_system()
        .openpty(portable(size))
        .map_err(io::Error::other)?;
    let number = pair.master.as_raw_fd().ok_or(io::ErrorKind::Unsupported)?;
    let master = sys::duplicate(number)?;
    let slave = peer(&master)?;
    // portable-pty does not lend its side's descriptor, so ours is opened before it closes.
    drop(pair.slave);
    tcsetattr(&slave, OptionalActions::Now, settings)?;
    fcntl_setfl(&master, fcntl_getfl(&master)? | OFlags::NONBLOCK)?;
    let pty = Pty {
        device: sys::terminal_device(slave.as_fd()),
        master,
        resizer: pair.master,
        size,
    };
    Ok((pty, slave))
}

#[cfg(target_os = "linux")]
fn peer(master: &OwnedFd) -> io::Result<OwnedFd> {
    use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer};
    // By the master, not by name: in a container /dev/pts may be another one's.
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    Ok(ioctl_tiocgptpeer(master, flags)?)
}

#[cfg(not(target_os = "linux"))]
fn peer(master: &OwnedFd) -> io::Result<OwnedFd> {
    use rustix::fs::{Mode, open};
    let name = rustix::pty::ptsname(master, Vec::new())?;
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(open(name.as_c_str(), flags, Mode::empty())?)
}

fn portable(size: Winsize) -> PtySize {
    PtySize {
        rows: size.ws_row,
        cols: size.ws_col,
        pixel_width: size.ws_xpixel,
        pixel_height: size.ws_ypixel,
    }
}

impl Pty {
    /// The master's descriptor.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }

    /// How the client's terminal treats what is typed.
    pub fn mode(&self) -> TtyMode {
        let modes = tcgetattr(&self.master).map(|settings| settings.local_modes);
        let modes = modes.unwrap_or_else(|_| LocalModes::empty());
        TtyMode {
            echo: modes.contains(LocalModes::ECHO),
            icanon: modes.contains(LocalModes::ICANON),
        }
    }

    /// Does `write` while the client's terminal shows nothing of what is typed: for keys that the
    /// user's terminal has shown already. Only while the client does not run, which could change
    /// the settings as well.
    pub fn unseen(&self, write: impl FnOnce()) {
        let settings = tcgetattr(&self.master).ok();
        let settings = settings.filter(|s| s.local_modes.contains(LocalModes::ECHO));
        let Some(settings) = settings else {
            return write();
        };
        let mut silent = settings.clone();
        silent.local_modes -= LocalModes::ECHO | LocalModes::ECHONL;
        let _ = tcsetattr(&self.master, OptionalActions::Now, &silent);
        write();
        self.settle();
        let _ = tcsetattr(&self.master, OptionalActions::Now, &settings);
    }

    /// Has the client's terminal take, and echo, what was written to it: Linux hands on what is under
    /// way when poll(2) finds nothing to read at the other side.
    pub fn settle(&self) {
        if let Ok(peer) = peer(&self.master) {
            is_ready(peer.as_fd(), PollFlags::IN);
        }
    }

    /// The signal that the client's terminal makes of a key.
    pub fn signal_of(&self, key: u8) -> Option<i32> {
        let settings = tcgetattr(&self.master).ok()?;
        let is = |code| settings.special_codes[code] == key;
        if !settings.local_modes.contains(LocalModes::ISIG) || key == 0 {
            None
        } else if is(SpecialCodeIndex::VINTR) {
            Some(libc::SIGINT)
        } else {
            is(SpecialCodeIndex::VQUIT).then_some(libc::SIGQUIT)
        }
    }

    /// Gives the client's terminal a size; says whether it is a new one. The kernel tells the
    /// client's foreground group.
    pub fn resize(&mut self, size: Winsize) -> bool {
        let new = portable(size) != portable(self.size);
        if new && self.resizer.resize(portable(size)).is_ok() {
            self.size = size;
        }
        new
    }
}
