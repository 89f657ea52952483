//! The monitor: a small process, forked before any thread exists, that leads the pty's session.
//!
//! It puts the client into a foreground process group of its own, as sudo does with use_pty. If
//! the client led the session itself its group would be an orphaned one, and the kernel discards
//! Ctrl-Z for those. It reports the client's stops and its end, and hands on what rec decides.

use super::exec::{Client, NotStarted};
use super::pipe;
use super::sys::{self, Fork, Inherited};
use super::terminal::Terminal;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{self, Pid, Signal, WaitOptions, WaitStatus};
use rustix::termios::{tcgetpgrp, tcsetpgrp};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// What rec asks of the monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Start the client.
    Start {
        /// Led through the tap, which serves it.
        tapped: bool,
    },
    /// Send the client's process group a signal.
    Signal(i32),
    /// Let a stopped client go on, in its terminal's foreground or background.
    Continue {
        /// Whether rec itself is in the foreground of the user's terminal.
        foreground: bool,
    },
    /// The user's terminal is as it was: the monitor may go.
    Over,
}

/// What the monitor reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The client runs.
    Started,
    /// It could not be executed.
    NotStarted(NotStarted),
    /// A signal stopped it.
    Stopped(i32),
    /// It was let go on.
    Continued,
    /// It ended by itself.
    Exited(i32),
    /// A signal ended it.
    Killed(i32),
    /// The monitor is gone and did not say why.
    Lost,
}

/// The monitor as rec holds it.
pub struct Monitor {
    pid: Pid,
    link: UnixStream,
    unread: Vec<u8>,
    lost: bool,
}

/// One message: a letter and a number.
const MESSAGE: usize = 5;

/// What the new process needs.
pub struct Setup<'a> {
    /// The client.
    pub client: &'a Client,
    /// The client as it is led through a tap, where there is one.
    pub tapped: Option<&'a Client>,
    /// What the client inherits.
    pub inherited: &'a Inherited,
    /// The client's terminal.
    pub slave: OwnedFd,
    /// What becomes its streams where they are not that terminal; `None` leaves one as it is.
    pub streams: [Option<BorrowedFd<'a>>; 3],
    /// The user's terminal.
    pub terminal: &'a Terminal,
    /// Whether the client begins in the foreground.
    pub foreground: bool,
}

impl Monitor {
    /// Forks it. Only to be called while the process has one thread.
    ///
    /// # Errors
    /// No more processes or descriptors.
    pub fn fork(setup: Setup<'_>) -> io::Result<Monitor> {
        let (ours, its) = UnixStream::pair()?;
        match sys::fork()? {
            Fork::Parent(pid) => {
                ours.set_nonblocking(true)?;
                Ok(Monitor {
                    pid,
                    link: ours,
                    unread: Vec::new(),
                    lost: false,
                })
            }
            Fork::Child => {
                drop(ours);
                let failed = run(&setup, its);
                // Only reached when the monitor could not begin; rec sees the link close.
                sys::exit_now(i32::from(failed.is_err()));
            }
        }
    }

    /// Lets go of one that was never told to start: it ends.
    pub fn abandon(self) {
        drop(self.link);
        let _ = process::waitpid(Some(self.pid), WaitOptions::empty());
    }

    /// Becomes readable when there is a report.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.link.as_fd()
    }

    /// Hands on an order. A monitor that is gone is reported by [`Monitor::reports`].
    pub fn order(&mut self, order: Order) {
        let (letter, number) = match order {
            Order::Start { tapped } => (b'g', i32::from(tapped)),
            Order::Signal(signal) => (b's', signal),
            Order::Continue { foreground } => (b'c', i32::from(foreground)),
            Order::Over => (b'o', 0),
        };
        let _ = send(&mut self.link, letter, number);
    }

    /// What was reported since the last call; never blocks.
    pub fn reports(&mut self) -> Vec<Report> {
        let mut reports = Vec::new();
        let mut buffer = [0; 64];
        loop {
            match self.link.read(&mut buffer) {
                Ok(0) => {
                    if !self.lost {
                        self.lost = true;
                        reports.extend(self.parsed());
                        reports.push(Report::Lost);
                    }
                    return reports;
                }
                Ok(n) => {
                    let new = buffer.get(..n).unwrap_or_default();
                    self.unread.extend_from_slice(new);
                    reports.extend(self.parsed());
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return reports,
                Err(_) => {
                    self.lost = true;
                    reports.push(Report::Lost);
                    return reports;
                }
            }
        }
    }

    /// Whether the monitor has ended.
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    fn parsed(&mut self) -> Vec<Report> {
        let whole = self.unread.len() - self.unread.len() % MESSAGE;
        let bytes: Vec<u8> = self.unread.drain(..whole).collect();
        messages(&bytes)
            .filter_map(|(letter, number)| match letter {
                b'r' => Some(Report::Started),
                b'f' => Some(Report::NotStarted(NotStarted(Errno::from_raw_os_error(
                    number,
                )))),
                b't' => Some(Report::Stopped(number)),
                b'c' => Some(Report::Continued),
                b'x' => Some(Report::Exited(number)),
                b'k' => Some(Report::Killed(number)),
                _ => None,
            })
            .collect()
    }
}

fn send(link: &mut UnixStream, letter: u8, number: i32) -> io::Result<()> {
    let [a, b, c, d] = number.to_ne_bytes();
    link.write_all(&[letter, a, b, c, d])
}

fn messages(bytes: &[u8]) -> impl Iterator<Item = (u8, i32)> + '_ {
    bytes.chunks_exact(MESSAGE).filter_map(|chunk| match chunk {
        [letter, a, b, c, d] => Some((*letter, i32::from_ne_bytes([*a, *b, *c, *d]))),
        _ => None,
    })
}

/// The monitor's life. Returns only when it could not begin.
fn run(setup: &Setup<'_>, mut link: UnixStream) -> io::Result<()> {
    process::setsid()?;
    process::ioctl_tiocsctty(setup.slave.as_fd())?;
    // Its rec is gone when the link says so; the pty's own hangup must not come first, and a
    // background process may set its terminal's foreground group only if it ignores this one.
    sys::ignore(libc::SIGHUP);
    sys::ignore(libc::SIGTTOU);
    sys::ignore(libc::SIGPIPE);
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGQUIT, libc::SIGTSTP] {
        sys::obey(signal);
    }
    let (wake, wake_write) = pipe::unwaiting()?;
    sys::report_signals_to(&wake_write);
    sys::catch(libc::SIGCHLD);
    sys::unblock(&[libc::SIGCHLD]);

    let mut order = [0; MESSAGE];
    link.read_exact(&mut order)?;
    let (started, failed) = pipe::pipe()?;
    let client = match sys::fork()? {
        Fork::Child => client(setup, order, &failed),
        Fork::Parent(pid) => pid,
    };
    let _ = process::setpgid(Some(client), Some(client));
    drop(failed);
    let keep = [
        link.as_raw_fd(),
        wake.as_raw_fd(),
        wake_write.as_raw_fd(),
        setup.slave.as_raw_fd(),
        started.as_raw_fd(),
        setup.terminal.raw_fd(),
    ];
    sys::close_all_but(&keep);
    for fd in 0..3 {
        // Pipes and files among them are the client's alone: their other ends must see it close
        // them. The user's terminal stays where it is our only way to it.
        if fd != setup.terminal.raw_fd() {
            sys::replace(setup.slave.as_raw_fd(), fd)?;
        }
    }
    let mut number = [0; 4];
    match std::fs::File::from(started).read_exact(&mut number) {
        Ok(()) => send(&mut link, b'f', i32::from_ne_bytes(number))?,
        Err(_) => send(&mut link, b'r', 0)?,
    }
    watch(setup, link, &wake, client)
}

/// The client's side of the second fork.
fn client(setup: &Setup<'_>, order: [u8; MESSAGE], failed: &OwnedFd) -> ! {
    let pid = process::getpid();
    let _ = process::setpgid(None, None);
    if setup.foreground {
        // SIGTTOU is still ignored here, so this is allowed from the background.
        let _ = tcsetpgrp(setup.slave.as_fd(), pid);
    }
    for ((fd, on_terminal), stream) in (0..).zip(setup.terminal.streams).zip(setup.streams) {
        let from = match stream {
            Some(stream) => stream.as_raw_fd(),
            None if on_terminal => setup.slave.as_raw_fd(),
            None => continue,
        };
        if sys::replace(from, fd).is_err() {
            sys::exit_now(125);
        }
    }
    let led = messages(&order).any(|(_, tapped)| tapped == 1);
    let client = setup.tapped.filter(|_| led).unwrap_or(setup.client);
    let NotStarted(errno) = client.exec(setup.inherited);
    let _ = rustix::io::write(failed, &errno.raw_os_error().to_ne_bytes());
    sys::exit_now(127)
}

/// Reports and obeys until the client or rec is gone.
fn watch(setup: &Setup<'_>, mut link: UnixStream, wake: &OwnedFd, client: Pid) -> io::Result<()> {
    let slave = setup.slave.as_fd();
    let own = process::getpgrp();
    let rec = process::getppid();
    let mut stopped = false;
    let mut bytes = [0; 12 * MESSAGE];
    loop {
        let mut fds = [
            PollFd::new(&link, PollFlags::IN),
            PollFd::new(wake, PollFlags::IN),
        ];
        match poll(&mut fds, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        let spoken = fds.first().is_some_and(|fd| !fd.revents().is_empty());
        let _ = rustix::io::read(wake, &mut bytes);
        let options = WaitOptions::NOHANG | WaitOptions::UNTRACED | WaitOptions::CONTINUED;
        while let Ok(Some((_, status))) = process::waitpid(Some(client), options) {
            if let Some((letter, number)) = ended(status) {
                // What the client left in the background is not sent a hangup for our end.
                let _ = tcsetpgrp(slave, own);
                // A rec that was killed may have closed the pty, which ended the client, and not
                // yet the link: only its word tells that it lived on.
                let told = send(&mut link, letter, number).is_ok();
                if !told || !is_over(&mut link) {
                    hang_up(setup, client);
                }
                sys::exit_now(0);
            }
            if let Some(signal) = status.stopping_signal() {
                stopped = true;
                // Where rec is gone the link says so, too, and is served below.
                let _ = send(&mut link, b't', signal);
            } else if status.continued() && stopped {
                // Somebody else let it go on: so must rec.
                stopped = false;
                if let Some(rec) = rec {
                    let _ = process::kill_process(rec, Signal::CONT);
                }
            }
        }
        if !spoken {
            continue;
        }
        let n = match link.read(&mut bytes) {
            Ok(0) | Err(_) => {
                hang_up(setup, client);
                sys::exit_now(0);
            }
            Ok(n) => n,
        };
        for (letter, number) in messages(bytes.get(..n).unwrap_or_default()) {
            match letter {
                b's' => {
                    if let Some(signal) = sys::signal(number) {
                        let _ = process::kill_process_group(client, signal);
                    }
                }
                b'c' => {
                    stopped = false;
                    let group = if number == 1 { client } else { own };
                    let _ = tcsetpgrp(slave, group);
                    let _ = process::kill_process_group(client, Signal::CONT);
                    let _ = send(&mut link, b'c', 0);
                }
                _ => {}
            }
        }
    }
}

/// Waits for rec's last word; false when rec is gone without one.
fn is_over(link: &mut UnixStream) -> bool {
    let mut order = [0; MESSAGE];
    while link.read_exact(&mut order).is_ok() {
        if let [b'o', ..] = order {
            return true;
        }
    }
    false
}

fn ended(status: WaitStatus) -> Option<(u8, i32)> {
    let exited = status.exit_status().map(|code| (b'x', code));
    exited.or_else(|| status.terminating_signal().map(|signal| (b'k', signal)))
}

/// rec is gone, perhaps by kill -9: the client's terminal hangs up as a closed window's does, and
/// the user's terminal is put back.
fn hang_up(setup: &Setup<'_>, client: Pid) {
    let foreground = tcgetpgrp(setup.slave.as_fd()).ok();
    for group in [Some(client), foreground.filter(|group| *group != client)] {
        if let Some(group) = group.filter(|group| *group != process::getpgrp()) {
            let _ = process::kill_process_group(group, Signal::HUP);
            let _ = process::kill_process_group(group, Signal::CONT);
        }
    }
    setup.terminal.restore_if_raw();
}
