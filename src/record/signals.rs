//! The signals that the relay serves, as a descriptor to poll.

use super::pipe;
use super::sys::{self, Inherited};
use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Signals that rec serves; those it inherited as ignored (nohup) stay ignored, except the two
/// that only tell it something.
const SERVED: &[i32] = &[
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGALRM,
    libc::SIGTSTP,
    libc::SIGCONT,
    libc::SIGWINCH,
];
const TELLING: &[i32] = &[libc::SIGCONT, libc::SIGWINCH];

/// Caught signals.
pub struct Signals {
    read: OwnedFd,
    write: OwnedFd,
}

/// Makes [`Signals::fd`] readable from another thread.
pub struct Waker(OwnedFd);

impl Waker {
    /// Wakes the relay. A pipe that is full wakes it anyway.
    pub fn wake(&self) {
        let _ = rustix::io::write(&self.0, &[0]);
    }
}

impl Signals {
    /// Catches them from here on.
    ///
    /// # Errors
    /// No descriptors left.
    pub fn catch(inherited: &Inherited) -> io::Result<Signals> {
        let (read, write) = pipe::unwaiting()?;
        sys::report_signals_to(&write);
        for signal in SERVED {
            if TELLING.contains(signal) || !inherited.ignores(*signal) {
                sys::catch(*signal);
            }
        }
        // A vault at its size limit is a write that fails, not our end.
        sys::ignore(libc::SIGXFSZ);
        sys::unblock(TELLING);
        Ok(Signals { read, write })
    }

    /// For other threads.
    ///
    /// # Errors
    /// No descriptors left.
    pub fn waker(&self) -> io::Result<Waker> {
        Ok(Waker(self.write.try_clone()?))
    }

    /// Readable when a signal was caught or the relay was woken.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }

    /// The signals caught since the last call, in order, each with whether the kernel sent it.
    pub fn take(&self) -> Vec<(i32, bool)> {
        let mut caught = Vec::new();
        let mut buffer = [0; 64];
        while let Ok(n) = rustix::io::read(&self.read, &mut buffer) {
            let new = buffer.get(..n).unwrap_or_default().iter();
            caught.extend(new.filter(|byte| **byte != 0).map(|byte| {
                let number = i32::from(byte & !sys::FROM_KERNEL);
                (number, byte & sys::FROM_KERNEL != 0)
            }));
            if n < buffer.len() {
                break;
            }
        }
        caught
    }

    /// Sends a caught signal to the rest of this process's job.
    pub fn send_to_job(&self, signal: i32) {
        if let Some(signal) = sys::signal(signal) {
            let ours = sys::is_caught(signal.as_raw());
            sys::ignore(signal.as_raw());
            let _ = kill_current_process_group(signal);
            if ours {
                sys::catch(signal.as_raw());
            }
        }
    }

    /// Stops this process as `signal` stopped the client; returns when it runs again. The rest of
    /// the job stops too, as it would if the client were one of it, but for SIGSTOP, which only
    /// ever meant the client.
    pub fn stop(&self, signal: i32) {
        match sys::signal(signal) {
            Some(signal) if signal != Signal::STOP => {
                sys::obey(signal.as_raw());
                let _ = kill_current_process_group(signal);
                if SERVED.contains(&signal.as_raw()) {
                    sys::catch(signal.as_raw());
                }
            }
            _ => {
                let _ = kill_process(getpid(), Signal::STOP);
            }
        }
    }
}
