//! Pipes that no client inherits.

use std::io;
use std::os::fd::OwnedFd;

/// A pipe's ends, the one to read from first.
///
/// # Errors
/// No descriptors left.
pub(in crate::record) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = io::pipe()?;
    Ok((read.into(), write.into()))
}

/// As [`pipe`], at whose ends nobody waits.
///
/// # Errors
/// As for [`pipe`].
pub(in crate::record) fn unwaiting() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = pipe()?;
    for end in [&read, &write] {
        rustix::io::ioctl_fionbio(end, true)?;
    }
    Ok((read, write))
}
