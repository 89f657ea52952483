//! Names of hosts, looked up ahead without holding a client back.
//!
//! The system's way to look a name up knows no limit of time, and a name server that does not answer
//! keeps it for half a minute. A client would wait for that once; where rec waits before it starts the
//! client, and both ask again later, the person waits two or three times. So a process of its own
//! asks, since before the client is forked there may be no thread: it is waited for only so long,
//! and its answer is taken later where it is late.

use crate::record::pipe;
use crate::record::sys::{self, Fork};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// The longest answer read: some thousand addresses.
const ANSWER_MAX: usize = 64 << 10;

/// What came of a name within the time that was given.
pub enum Looked {
    /// Its addresses, in the order in which they are to be tried.
    Found(Vec<SocketAddr>),
    /// It has none, for this reason.
    Unknown(io::Error),
    /// Nobody has answered yet.
    Late(Lookup),
}

/// A name that is being looked up.
pub struct Lookup {
    answer: File,
    text: Vec<u8>,
    process: Pid,
}

/// Looks up `host`, waiting for it no longer than `within`. Only to be called while the process has
/// one thread.
pub fn look_up(host: &str, port: u16, within: Duration) -> Looked {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Looked::Found(vec![SocketAddr::new(address, port)]);
    }
    let ask = || (host, port).to_socket_addrs().map(Iterator::collect);
    match Lookup::begin(ask) {
        Ok(lookup) => lookup.within(within),
        // No more processes: then as it goes.
        Err(_) => ask().map_or_else(Looked::Unknown, Looked::Found),
    }
}

impl Lookup {
    fn begin(ask: impl Fn() -> io::Result<Vec<SocketAddr>>) -> io::Result<Lookup> {
        let (answer, answers) = pipe::pipe()?;
        match sys::fork()? {
            Fork::Parent(process) => Ok(Lookup {
                answer: File::from(answer),
                text: Vec::new(),
                process,
            }),
            Fork::Child => {
                alone(&answers);
                // Whatever happens, this process goes no further.
                let text = catch_unwind(AssertUnwindSafe(|| written(ask())));
                // Whoever asked may be gone.
                let _ = File::from(answers).write_all(&text.unwrap_or_default());
                sys::exit_now(0)
            }
        }
    }

    fn within(mut self, limit: Duration) -> Looked {
        let until = Instant::now() + limit;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let limit = Timespec::try_from(left).ok();
            let readable = {
                let mut fds = [PollFd::new(&self.answer, PollFlags::IN)];
                match poll(&mut fds, limit.as_ref()) {
                    Ok(ready) => ready > 0,
                    Err(Errno::INTR) => continue,
                    Err(error) => return Looked::Unknown(error.into()),
                }
            };
            if !readable {
                return Looked::Late(self);
            }
            match self.read() {
                Ok(true) => {}
                Ok(false) => return read(&self.text).map_or_else(Looked::Unknown, Looked::Found),
                Err(error) => return Looked::Unknown(error),
            }
        }
    }

    /// Waits for the answer, however long that takes.
    ///
    /// # Errors
    /// Why there is no address.
    pub fn wait(mut self) -> io::Result<Vec<SocketAddr>> {
        while self.read()? {}
        read(&self.text)
    }

    /// Reads on; false at the end.
    fn read(&mut self) -> io::Result<bool> {
        let mut piece = [0; 4096];
        let n = match self.answer.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(true),
            read => read?,
        };
        self.text
            .extend_from_slice(piece.get(..n).unwrap_or_default());
        Ok(n > 0 && self.text.len() < ANSWER_MAX)
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        // It has nothing to lose, and may have ended.
        let _ = kill_process(self.process, Signal::KILL);
        let _ = waitpid(Some(self.process), WaitOptions::empty());
    }
}

/// Leaves the new process nothing of rec's but `answers`: whoever waits for the end of a pipe of ours,
/// or for a lock, is not to wait for a name server.
fn alone(answers: &OwnedFd) {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    sys::close_all_but(&[answers.as_raw_fd()]);
    if let Ok(null) = File::options().read(true).write(true).open("/dev/null") {
        for standard in 0..=2 {
            let _ = sys::replace(null.as_raw_fd(), standard);
        }
    }
}

/// An answer as it passes the pipe: a mark, and addresses or a reason.
fn written(answer: io::Result<Vec<SocketAddr>>) -> Vec<u8> {
    let text = match answer {
        Ok(addresses) => {
            let lines = addresses.iter().map(|address| format!("{address}\n"));
            format!("+{}", lines.collect::<String>())
        }
        Err(error) => format!("-{error}"),
    };
    text.into_bytes()
}

fn read(text: &[u8]) -> io::Result<Vec<SocketAddr>> {
    let text = String::from_utf8_lossy(text);
    if let Some(lines) = text.strip_prefix('+') {
        return Ok(lines.lines().filter_map(|line| line.parse().ok()).collect());
    }
    let why = text.strip_prefix('-').filter(|why| !why.is_empty());
    Err(io::Error::other(
        why.unwrap_or("the name was not looked up to the end")
            .to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn an_answer_passes_as_it_is() {
        let addresses: Vec<SocketAddr> = ["10.1.2.3:5432", "[fe80::1]:5432", "[2001:db8::7]:1"]
            .iter()
            .map(|address| address.parse().unwrap())
            .collect();
        assert_eq!(read(&written(Ok(addresses.clone()))).unwrap(), addresses);
        assert!(read(&written(Ok(Vec::new()))).unwrap().is_empty());
        let why = "failed to lookup address information: Name or service not known";
        let refused = read(&written(Err(io::Error::other(why)))).unwrap_err();
        assert_eq!(refused.to_string(), why);
        assert!(read(b"").is_err(), "a process that was killed");
    }

    #[test]
    fn a_name_is_looked_up_and_an_address_is_not() {
        let Looked::Found(found) = look_up("127.0.0.1", 7, Duration::ZERO) else {
            panic!("an address needs no time");
        };
        assert_eq!(found, ["127.0.0.1:7".parse().unwrap()]);
        let Looked::Found(found) = look_up("localhost", 7, LONG) else {
            panic!("every machine knows itself");
        };
        assert!(found.iter().all(|address| address.ip().is_loopback()));
        assert!(matches!(
            look_up("no such host", 7, LONG),
            Looked::Unknown(_)
        ));
    }

    /// P1: a client waits for a name server once, and not for rec's own questions before.
    #[test]
    fn a_name_server_that_does_not_answer_holds_nobody_back_and_its_answer_is_taken_later() {
        let dir = tempfile::tempdir().unwrap();
        let mark = dir.path().join("answers");
        let ask = || {
            while !mark.exists() {
                std::thread::yield_now();
            }
            // Nothing of ours is open there but the way back.
            match sys::open_descriptors().as_slice() {
                [_] => Ok(vec!["127.0.0.1:9".parse().unwrap()]),
                others => Err(io::Error::other(format!("open: {others:?}"))),
            }
        };
        let late = Lookup::begin(ask).unwrap().within(Duration::from_millis(1));
        let Looked::Late(late) = late else {
            panic!("it was answered too early");
        };
        std::fs::write(&mark, "").unwrap();
        assert_eq!(late.wait().unwrap(), ["127.0.0.1:9".parse().unwrap()]);

        let never = || loop {
            std::thread::park();
        };
        let Looked::Late(never) = Lookup::begin(never).unwrap().within(Duration::ZERO) else {
            panic!("nobody answers");
        };
        let process = never.process;
        drop(never);
        assert_eq!(
            waitpid(Some(process), WaitOptions::NOHANG).unwrap_err(),
            Errno::CHILD,
            "it is gone, and leaves nothing"
        );
    }
}
