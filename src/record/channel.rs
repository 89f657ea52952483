//! One way from a descriptor of the client's to one of the user's, and the bytes in between.
//!
//! At most one read's worth is in between: that is what keeps memory flat on a slow terminal, and
//! the screen quiet soon after Ctrl-C.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd};

/// The most that is read at once. A pty gives 4 KiB, a pipe up to this.
const READ_MAX: usize = 16 << 10;

/// A read of this much is likely one of many.
const BURST: usize = 1024;

/// How many bytes are written at once where a write may block: what poll(2) promises for a pipe
/// (PIPE_BUF), and a terminal that is this much behind is about to catch up.
const WRITE_BLOCKING: usize = 4096;

/// What a read or write came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// This many bytes moved.
    Moved(usize),
    /// Nothing to be done now.
    Later,
    /// The other side is gone.
    Gone,
}

/// Where reads go.
pub struct Scratch(Box<[u8; READ_MAX]>);

impl Scratch {
    /// Room for one read.
    pub fn new() -> Scratch {
        Scratch(Box::new([0; READ_MAX]))
    }

    /// One read; the bytes are [`Scratch::get`].
    pub fn read(&mut self, fd: BorrowedFd<'_>) -> Flow {
        match rustix::io::read(fd, &mut self.0[..]) {
            Ok(0) => Flow::Gone,
            Ok(n) => Flow::Moved(n),
            Err(Errno::INTR | Errno::AGAIN) => Flow::Later,
            Err(_) => Flow::Gone,
        }
    }

    /// As many reads as there is much to read and room: a pty gives at most 4 KiB at once.
    pub fn fill(&mut self, fd: BorrowedFd<'_>) -> Flow {
        let mut len = 0;
        while let Some(room) = self.0.get_mut(len..).filter(|room| !room.is_empty()) {
            match rustix::io::read(fd, room) {
                Ok(n @ 1..) => {
                    len += n;
                    // A little is all there is; another call would only say so.
                    if n < BURST {
                        break;
                    }
                }
                Err(Errno::INTR) => {}
                _ if len > 0 => break,
                Err(Errno::AGAIN) => return Flow::Later,
                Ok(0) | Err(_) => return Flow::Gone,
            }
        }
        Flow::Moved(len)
    }

    /// The first `n` bytes.
    pub fn get(&self, n: usize) -> &[u8] {
        self.0.get(..n).unwrap_or_default()
    }
}

/// Bytes that a descriptor did not take yet.
#[derive(Default)]
pub struct Pending {
    bytes: Vec<u8>,
    start: usize,
}

impl Pending {
    /// Whether everything was written.
    pub fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    /// Forgets what is still to be written.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.start = 0;
    }

    /// Writes `bytes`, or keeps what is not taken at once. Nothing may be pending.
    pub fn write(&mut self, fd: BorrowedFd<'_>, non_blocking: bool, bytes: &[u8]) -> Flow {
        let (flow, taken) = write(fd, non_blocking, bytes);
        self.clear();
        if flow != Flow::Gone {
            let rest = bytes.get(taken..).unwrap_or_default();
            self.bytes.extend_from_slice(rest);
        }
        flow
    }

    /// Writes `bytes`, or keeps what is not taken at once, behind what is pending.
    pub fn add(&mut self, fd: BorrowedFd<'_>, non_blocking: bool, bytes: &[u8]) -> Flow {
        if self.is_empty() {
            return self.write(fd, non_blocking, bytes);
        }
        self.bytes.extend_from_slice(bytes);
        Flow::Later
    }

    /// Writes what is taken now of what is pending.
    pub fn flush(&mut self, fd: BorrowedFd<'_>, non_blocking: bool) -> Flow {
        let pending = self.bytes.get(self.start..).unwrap_or_default();
        let (flow, taken) = write(fd, non_blocking, pending);
        self.start += taken;
        if self.is_empty() || flow == Flow::Gone {
            self.clear();
        }
        flow
    }
}

/// Writes as much as can be written without waiting.
fn write(fd: BorrowedFd<'_>, non_blocking: bool, bytes: &[u8]) -> (Flow, usize) {
    let mut taken = 0;
    while taken < bytes.len() {
        let mut piece = bytes.get(taken..).unwrap_or_default();
        if !non_blocking {
            if !is_ready(fd, PollFlags::OUT) {
                break;
            }
            piece = piece.get(..WRITE_BLOCKING).unwrap_or(piece);
        }
        match rustix::io::write(fd, piece) {
            Ok(n) => taken += n,
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => break,
            Err(_) => return (Flow::Gone, taken),
        }
    }
    let flow = if taken == 0 {
        Flow::Later
    } else {
        Flow::Moved(taken)
    };
    (flow, taken)
}

/// Whether poll(2) reports any of `flags` without waiting; an error counts, since the call that
/// follows tells it.
pub fn is_ready(fd: impl AsFd, flags: PollFlags) -> bool {
    let mut fds = [PollFd::new(&fd, flags)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let _ = poll(&mut fds, Some(&now));
    let wanted = flags | PollFlags::ERR;
    fds.iter().any(|fd| fd.revents().intersects(wanted))
}

/// Whether what is written to `fd` reaches nobody: a pipe without a reader.
pub fn is_broken(fd: impl AsFd) -> bool {
    says(fd, PollFlags::ERR)
}

/// Whether nobody can write to what `fd` reads: a pipe without a writer.
pub fn is_closed(fd: impl AsFd) -> bool {
    says(fd, PollFlags::HUP)
}

/// Whether poll(2) says `flag`, which it does unasked.
fn says(fd: impl AsFd, flag: PollFlags) -> bool {
    let mut fds = [PollFd::new(&fd, PollFlags::empty())];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let _ = poll(&mut fds, Some(&now));
    fds.iter().any(|fd| fd.revents().contains(flag))
}
