//! A client without a terminal among its streams, recorded by wish: a child of rec's own process
//! group, so that a terminal it opens by itself, Ctrl-C there, and a pipeline's job control stay
//! what they are.

use super::channel::Scratch;
use super::exec::{Client, NotStarted};
use super::feed::Feed;
use super::pipe;
use super::relay::{DRAIN_MAX, Ended};
use super::signals::Signals;
use super::streams::{Ends, Streams};
use super::sys::{self, Fork, Inherited};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, kill_process, waitpid};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};

/// The words that start the client.
const PLAIN: u8 = 1;
const TAPPED: u8 = 2;

/// A client that waits for its start: forked while rec had one thread.
pub struct Direct {
    pid: Pid,
    go: OwnedFd,
    failed: OwnedFd,
}

impl Direct {
    /// Forks it, to become `client` or what is led through the tap. Only to be called while the process has one thread.
    ///
    /// # Errors
    /// No more processes or descriptors.
    pub fn fork(
        client: &Client,
        tapped: Option<&Client>,
        inherited: &Inherited,
        ends: &Ends,
    ) -> io::Result<Direct> {
        let (wait, go) = pipe::pipe()?;
        let (failed, fails) = pipe::pipe()?;
        match sys::fork()? {
            Fork::Parent(pid) => Ok(Direct { pid, go, failed }),
            Fork::Child => {
                drop((go, failed));
                let mut byte = [0];
                // Without the word rec is gone, or had to let go.
                if !matches!(rustix::io::read(&wait, &mut byte), Ok(1)) {
                    sys::exit_now(125);
                }
                for (number, end) in (1..).zip(ends) {
                    if let Some(end) = end
                        && sys::replace(end.as_raw_fd(), number).is_err()
                    {
                        sys::exit_now(125);
                    }
                }
                let client = tapped.filter(|_| byte == [TAPPED]).unwrap_or(client);
                let NotStarted(errno) = client.exec(inherited);
                let _ = rustix::io::write(&fails, &errno.raw_os_error().to_ne_bytes());
                sys::exit_now(127)
            }
        }
    }

    /// Lets go of a client that never starts.
    pub fn abandon(self) {
        drop(self.go);
        let _ = waitpid(Some(self.pid), WaitOptions::empty());
    }

    /// Starts the client, through the tap where that serves it, and copies its streams until it
    /// has ended.
    pub fn run(
        self,
        tapped: bool,
        mut streams: Streams,
        signals: &Signals,
        descriptors: Vec<i32>,
        feed: &Feed,
    ) -> Ended {
        sys::catch(libc::SIGCHLD);
        sys::unblock(&[libc::SIGCHLD]);
        let Direct { pid, go, failed } = self;
        if !matches!(
            rustix::io::write(&go, &[if tapped { TAPPED } else { PLAIN }]),
            Ok(1)
        ) {
            return Ended::Lost;
        }
        drop(go);
        let mut number = [0; 4];
        if File::from(failed).read_exact(&mut number).is_ok() {
            let _ = waitpid(Some(pid), WaitOptions::empty());
            let errno = Errno::from_raw_os_error(i32::from_ne_bytes(number));
            return Ended::NotStarted(NotStarted(errno));
        }
        for fd in descriptors {
            sys::close(fd);
        }
        if let Ok(null) = File::open("/dev/null") {
            // A pipe on stdin is the client's alone.
            let _ = sys::replace(null.as_raw_fd(), 0);
        }
        let mut scratch = Scratch::new();
        let mut ended = None;
        let mut drained = 0;
        loop {
            if let Some(ended) = ended
                && (streams.is_dry() || (drained > DRAIN_MAX && streams.is_flushed()))
            {
                streams.leave();
                return ended;
            }
            let ready = {
                let mut fds = vec![PollFd::from_borrowed_fd(signals.fd(), PollFlags::IN)];
                streams.poll(&mut fds);
                // An interrupted call is a signal, which its pipe reports.
                let _ = poll(&mut fds, None);
                streams.polled(&fds)
            };
            for (signal, from_kernel) in signals.take() {
                // What the kernel sends (a key) it sends to the whole group.
                if signal != libc::SIGCHLD
                    && !from_kernel
                    && let Some(signal) = sys::signal(signal)
                {
                    let _ = kill_process(pid, signal);
                }
            }
            ended = ended.or_else(|| waited(pid));
            let came = streams.serve(&ready, &mut scratch, feed);
            if ended.is_some() {
                drained += came;
            }
        }
    }
}

/// How the client ended, if it has; stops with it when it stops.
fn waited(pid: Pid) -> Option<Ended> {
    let options = WaitOptions::NOHANG | WaitOptions::UNTRACED;
    while let Ok(Some((_, status))) = waitpid(Some(pid), options) {
        if let Some(code) = status.exit_status() {
            return Some(Ended::Exited(code));
        }
        if let Some(signal) = status.terminating_signal() {
            return Some(Ended::Killed(signal));
        }
        if status.stopped() {
            let own = rustix::process::getpid();
            let _ = kill_process(own, rustix::process::Signal::STOP);
            // Whoever continued rec alone meant the client.
            let _ = kill_process(pid, rustix::process::Signal::CONT);
        }
    }
    None
}
