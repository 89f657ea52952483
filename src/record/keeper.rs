//! The keeper: the process that writes the vault of one recording, where the vault's file system may
//! hang.
//!
//! Forked before any thread exists and nobody's child: neither a client that takes rec's place nor
//! one that rec waits for finds it among its own. It leads a session of its own, so what a terminal
//! or a job sends does not reach it; it ends when the recording has, or rec is gone, and all that it
//! was given is committed.

use super::log::Log;
use super::prune;
use super::sys::{self, Fork};
use crate::config::{Paths, Retention};
use crate::vault::apart::{self, Apart};
use rustix::process::{WaitOptions, setsid, waitpid};
use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

/// Forks it; what is recorded goes to it from here on. Only to be called while the process has one
/// thread.
///
/// # Errors
/// No more processes or descriptors.
pub fn fork(paths: &Paths, retention: &Retention, log: &Log) -> io::Result<Apart> {
    let (ours, its) = UnixStream::pair()?;
    match sys::fork()? {
        Fork::Parent(pid) => {
            // It only forks.
            let _ = waitpid(Some(pid), WaitOptions::empty());
            Ok(Apart::new(ours))
        }
        Fork::Child => {
            drop(ours);
            if let Ok(Fork::Child) = sys::fork() {
                let _ = keep(&its, paths, retention, log);
            }
            sys::exit_now(0)
        }
    }
}

/// The keeper's life.
fn keep(link: &UnixStream, paths: &Paths, retention: &Retention, log: &Log) -> io::Result<()> {
    setsid()?;
    sys::leave_no_core();
    sys::heed_no_signal();
    sys::close_all_but(&[link.as_raw_fd()]);
    let null = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    for fd in 0..3 {
        sys::replace(null.as_raw_fd(), fd)?;
    }
    if apart::serve(link, paths) && !retention.is_silent() {
        prune::here(paths, retention, log, &mut |line| {
            apart::say_after(link, &line);
        });
    }
    Ok(())
}
