//! What a client says of itself: its version, and what its option files make of it.
//!
//! Where those files are, which of their groups count and what a login path holds, the client knows
//! best. One of its answers may hold a password: none is logged or kept, and that one is wiped.

use crate::record::clients::mysql::settings::{Table, Version, protocol};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::ffi::OsString;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// A client answers at once; what does not is a script that waits for something.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// An answer is some kilobytes of text.
const LENGTH_MAX: usize = 1 << 20;

/// A client's answers.
pub struct Answers {
    /// Its version.
    pub version: Version,
    /// What it has after reading its files.
    pub table: Table,
    /// The protocol that they name.
    pub protocol: Option<String>,
}

/// Asks `program`, which is given the words `leading` first.
pub fn ask(program: &Path, leading: &[OsString]) -> Option<Answers> {
    let version = said(program, &[], "--version")?;
    let table = said(program, leading, "--help")?;
    let defaults = said(program, leading, "--print-defaults")?;
    Some(Answers {
        version: Version::read(&String::from_utf8_lossy(&version))?,
        table: Table::read(&String::from_utf8_lossy(&table))?,
        protocol: protocol(&Zeroizing::new(
            String::from_utf8_lossy(&defaults).into_owned(),
        )),
    })
}

fn said(program: &Path, leading: &[OsString], word: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut child = Command::new(program)
        .args(leading)
        .arg(word)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let answer = read(&mut child);
    if answer.is_none() {
        let _ = child.kill();
    }
    let status = child.wait().ok()?;
    answer.filter(|_| status.success())
}

fn read(child: &mut Child) -> Option<Zeroizing<Vec<u8>>> {
    let mut stdout = child.stdout.take()?;
    let until = Instant::now() + ANSWER_MAX;
    // Large enough from the start, so that it is not moved: what is left behind is not wiped.
    let mut answer = Zeroizing::new(Vec::with_capacity(LENGTH_MAX));
    let mut chunk = Zeroizing::new([0; 4096]);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).ok()?;
        let mut fds = [PollFd::new(&stdout, PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(0) => return None,
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return None,
            Ok(_) => {}
        }
        let n = stdout.read(&mut *chunk).ok()?;
        if n == 0 {
            return Some(answer);
        }
        if answer.len() + n > LENGTH_MAX {
            return None;
        }
        answer.extend_from_slice(chunk.get(..n)?);
    }
}
