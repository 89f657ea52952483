//! A stdout or stderr that is no terminal, recorded by wish: a pipe from the client, copied to
//! where the stream really leads.
//!
//! stdin is the client's own, untouched. Where stdout and stderr lead to the same place they share
//! one pipe, so that their order stays.

use super::channel::{Flow, Pending, Scratch};
use super::feed::Feed;
use super::pipe;
use super::sys;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, SeekFrom, fcntl_getfl, fstat, seek};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// So many reads empty what the kernel holds between the client and us, of a pipe or of a terminal.
pub const AT_ONCE: usize = 8;

/// The streams that are copied.
#[derive(Default)]
pub struct Streams {
    pipes: Vec<Pipe>,
}

struct Pipe {
    /// 1 or 2.
    number: u8,
    /// The client's end closed, or nobody reads what it writes: `None`.
    read: Option<OwnedFd>,
    pending: Pending,
}

/// The ends that become the client's stdout and stderr.
pub type Ends = [Option<OwnedFd>; 2];

impl Streams {
    /// Pipes for stdout and stderr, where `wanted`.
    ///
    /// # Errors
    /// No descriptors left.
    pub fn new(wanted: [bool; 2]) -> io::Result<(Streams, Ends)> {
        let mut streams = Streams::default();
        let mut ends = [None, None];
        let shared = wanted == [true; 2] && same_place();
        for ((number, wanted), end) in (1..).zip(wanted).zip(&mut ends) {
            if !wanted || (shared && number == 2) {
                continue;
            }
            let (read, write) = pipe::pipe()?;
            *end = Some(write);
            streams.pipes.push(Pipe {
                number,
                read: Some(read),
                pending: Pending::default(),
            });
        }
        if shared && let [Some(out), err] = &mut ends {
            *err = Some(out.try_clone()?);
        }
        Ok((streams, ends))
    }

    /// Adds what is to be waited for.
    pub fn poll<'a>(&'a self, fds: &mut Vec<PollFd<'a>>) {
        for pipe in &self.pipes {
            let Some(read) = &pipe.read else { continue };
            if pipe.pending.is_empty() {
                fds.push(PollFd::from_borrowed_fd(read.as_fd(), PollFlags::IN));
            }
            // Without flags it still tells that nobody reads there any more.
            let flags = if pipe.pending.is_empty() {
                PollFlags::empty()
            } else {
                PollFlags::OUT
            };
            fds.push(PollFd::from_borrowed_fd(pipe.place(), flags));
        }
    }

    /// Which are ready, by what poll(2) said.
    pub fn polled(&self, fds: &[PollFd<'_>]) -> Vec<bool> {
        let said = |fd: BorrowedFd<'_>| {
            let of = |polled: &&PollFd<'_>| polled.as_fd().as_raw_fd() == fd.as_raw_fd();
            fds.iter()
                .find(of)
                .map_or_else(PollFlags::empty, PollFd::revents)
        };
        let ready = |pipe: &Pipe| {
            let on_read = pipe.read.as_ref().map(|read| said(read.as_fd()));
            on_read.is_some_and(|on| !on.is_empty()) || !said(pipe.place()).is_empty()
        };
        self.pipes.iter().map(ready).collect()
    }

    /// Moves what can be moved for those that are `ready`; says how much came from the client.
    pub fn serve(&mut self, ready: &[bool], scratch: &mut Scratch, feed: &Feed) -> usize {
        let mut came = 0;
        for (pipe, _) in self
            .pipes
            .iter_mut()
            .zip(ready)
            .filter(|(_, ready)| **ready)
        {
            came += pipe.serve(scratch, feed);
        }
        came
    }

    /// Moves what the client wrote so far, as far as its places take it at once.
    pub fn catch_up(&mut self, scratch: &mut Scratch, feed: &Feed) {
        for pipe in &mut self.pipes {
            for _ in 0..AT_ONCE {
                let more = |read: &OwnedFd| super::channel::is_ready(read, PollFlags::IN);
                if !pipe.pending.is_empty() || !pipe.read.as_ref().is_some_and(more) {
                    break;
                }
                pipe.serve(scratch, feed);
            }
        }
    }

    /// Whether all that the client wrote so far has reached its place.
    pub fn is_dry(&self) -> bool {
        self.pipes.iter().all(|pipe| {
            let more = |read: &OwnedFd| super::channel::is_ready(read, PollFlags::IN);
            pipe.pending.is_empty() && !pipe.read.as_ref().is_some_and(more)
        })
    }

    /// Whether nothing is between the client and its places.
    pub fn is_flushed(&self) -> bool {
        self.pipes.iter().all(|pipe| pipe.pending.is_empty())
    }

    /// Leaves those that a background process of the client's still writes to. Each goes on to
    /// its place as it would without us, unrecorded, in a small process that ends with it.
    pub fn leave(self) {
        for pipe in self.pipes {
            let place = pipe.place();
            if let Some(read) = pipe.read.filter(|read| !super::channel::is_closed(read)) {
                // Where no process can be had the writer is told by its next write.
                let _ = pass_on(read, place);
            }
        }
    }

    /// Whether `number` is one of them.
    pub fn has(&self, number: i32) -> bool {
        self.pipes.iter().any(|p| i32::from(p.number) == number)
    }
}

impl Pipe {
    fn place(&self) -> BorrowedFd<'static> {
        sys::standard(i32::from(self.number))
    }

    fn serve(&mut self, scratch: &mut Scratch, feed: &Feed) -> usize {
        let Some(read) = &self.read else { return 0 };
        let place = self.place();
        if !self.pending.is_empty() {
            if self.pending.flush(place, false) == Flow::Gone {
                self.read = None;
            }
            return 0;
        }
        if super::channel::is_broken(place) {
            // The client's next write fails as it would have without us.
            self.read = None;
            return 0;
        }
        match scratch.read(read.as_fd()) {
            Flow::Moved(n) => {
                let bytes = scratch.get(n);
                let flow = self.pending.write(place, false, bytes);
                feed.stream(self.number, bytes);
                if flow == Flow::Gone {
                    self.read = None;
                }
                n
            }
            Flow::Later => 0,
            Flow::Gone => {
                self.read = None;
                self.close_place();
                0
            }
        }
    }

    /// The client closed the stream: whoever reads it must see its end though we live on.
    fn close_place(&self) {
        if let Ok(null) = std::fs::File::options().write(true).open("/dev/null") {
            let _ = sys::replace(null.as_raw_fd(), i32::from(self.number));
        }
    }
}

/// The words that make this program [`copy_to_the_end`].
pub const PASS_ON: [&str; 2] = ["util", "pass-on"];

/// Starts the process that copies on. A new program instead of a fork: it takes none of our
/// secrets along, nor a lock that another thread holds.
fn pass_on(from: OwnedFd, to: BorrowedFd<'_>) -> io::Result<()> {
    let program = if cfg!(target_os = "linux") {
        "/proc/self/exe".into()
    } else {
        std::env::current_exe()?
    };
    let mut command = Command::new(program);
    command
        .arg0("rec")
        .args(PASS_ON)
        .env_clear()
        .stdin(from)
        .stdout(sys::duplicate(to.as_raw_fd())?)
        .stderr(Stdio::null());
    // A shell that ends with us hangs up on it before it could say so itself.
    sys::ignoring(&KEYS, || command.spawn())?;
    Ok(())
}

/// What a terminal sends that ends a program.
const KEYS: [i32; 3] = [libc::SIGINT, libc::SIGQUIT, libc::SIGHUP];

/// Copies stdin to stdout until nobody writes to the one or reads the other. The keys of the
/// terminal do not end it: whether the writer goes on is the writer's to say.
pub fn copy_to_the_end() {
    for signal in KEYS.into_iter().chain([libc::SIGPIPE]) {
        sys::ignore(signal);
    }
    let mut scratch = Scratch::new();
    let (from, to) = (sys::standard(0), sys::standard(1));
    loop {
        let mut rest = match scratch.read(from) {
            Flow::Moved(n) => scratch.get(n),
            Flow::Later => continue,
            Flow::Gone => return,
        };
        while !rest.is_empty() {
            match rustix::io::write(to, rest) {
                Ok(n) => rest = rest.get(n..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                // A place that another program made non-blocking.
                Err(Errno::AGAIN) => {
                    let mut fds = [PollFd::new(&to, PollFlags::OUT)];
                    let _ = poll(&mut fds, None);
                }
                Err(_) => return,
            }
        }
    }
}

/// Whether what is written to stdout and to stderr comes to stand in one order. Two open files that
/// only bear the same name have offsets of their own, and write over one another.
fn same_place() -> bool {
    let of = |fd: i32| {
        let fd = sys::standard(fd);
        let stat = fstat(fd).ok()?;
        let at = seek(fd, SeekFrom::Current(0)).ok();
        Some((stat.st_dev, stat.st_ino, fcntl_getfl(fd).ok()?, at))
    };
    let (Some(out), Some(err)) = (of(1), of(2)) else {
        return false;
    };
    let (_, _, flags, at) = out;
    let no_offset = at.is_none() || flags.contains(OFlags::APPEND);
    let same_name = (out.0, out.1, out.2) == (err.0, err.1, err.2);
    same_name && (no_offset || sys::is_same_file(1, 2).unwrap_or(out == err))
}
