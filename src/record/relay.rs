//! The relay: one thread, one poll(2), between the user's terminal and the client's.
//!
//! Nothing stands between a byte and its destination. Keys come before output in every round, so
//! that Ctrl-C is not stuck behind a flood.

pub use super::exec::{Ended, status};

use super::channel::{Flow, Pending, Scratch, is_ready};
use super::feed::{Feed, What};
use super::keys::{Action, Keys};
use super::monitor::{Monitor, Order, Report};
use super::pty::Pty;
use super::shared::Shared;
use super::signals::Signals;
use super::streams::{AT_ONCE, Streams};
use super::sys;
use super::terminal::{Terminal, size};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// After the client's end: what the kernel can hold of a terminal's output (8 KiB a pty, 64 KiB a
/// pipe), many times over. A background process that writes on does not keep rec beyond that.
pub const DRAIN_MAX: usize = 1 << 20;

/// How long a client may take to end after a hangup or SIGTERM, before rec leaves or insists.
const GRACE: Duration = Duration::from_millis(1000);

/// How long what was asked for waits for a terminal that is slow to show what came before.
const WISH_MAX: Duration = Duration::from_secs(1);

/// Signals that are handed on to the client.
const FORWARDED: &[i32] = &[
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGALRM,
    libc::SIGTSTP,
];

/// One session's terminals and what stands between them.
pub struct Relay {
    parts: Parts,
    state: State,
}

struct State {
    scratch: Scratch,
    to_client: Pending,
    to_screen: Pending,
    signalled: bool,
    reported: bool,
    typed: bool,
    written: bool,
    streamed: Vec<bool>,
    /// The client began in the foreground, or asked for the terminal since.
    wanted: bool,
    /// The terminal is the client's: raw, and its keys are read.
    foreground: bool,
    /// The client runs. Before it does its terminal has no foreground group, in which a Ctrl-C
    /// would be lost; and what lets a stopped one go on takes a Ctrl-Z back.
    started: bool,
    /// The window is closed: nothing is read or shown any more.
    hung_up: bool,
    ended: Option<Ended>,
    drained: usize,
    deadline: Option<(Instant, Insist)>,
    /// Since when what was asked for from outside waits for its place.
    wished: Option<Instant>,
}

/// What is done when a client has not ended in time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Insist {
    HangUp,
    Kill,
    Leave,
}

/// What a relay is made of.
pub struct Parts {
    /// The user's side.
    pub terminal: Terminal,
    /// The client's side.
    pub pty: Pty,
    /// The client's parent.
    pub monitor: Monitor,
    /// Caught signals.
    pub signals: Signals,
    /// rec's own keys.
    pub keys: Keys,
    /// A stdout or stderr that is no terminal and is recorded.
    pub streams: Streams,
    /// Where a copy of everything goes.
    pub feed: Arc<Feed>,
    /// What the recorder says.
    pub shared: Arc<Shared>,
    /// Descriptors above 2 that are the client's: closed here once it has them.
    pub inherited: Vec<RawFd>,
}

impl Relay {
    /// Puts the parts together; nothing flows yet. The client gets the terminal when it is
    /// `wanted`, else when it asks for it.
    pub fn new(parts: Parts, wanted: bool) -> Self {
        let foreground = wanted && parts.terminal.in_foreground();
        Relay {
            parts,
            state: State {
                scratch: Scratch::new(),
                to_client: Pending::default(),
                to_screen: Pending::default(),
                signalled: false,
                reported: false,
                typed: false,
                written: false,
                streamed: Vec::new(),
                wanted,
                foreground,
                started: false,
                hung_up: false,
                ended: None,
                drained: 0,
                deadline: None,
                wished: None,
            },
        }
    }

    /// Starts the client, `tapped` or not, and relays until it has ended and all it wrote is shown.
    /// The terminal is back as it was when this returns.
    pub fn run(&mut self, tapped: bool) -> Ended {
        if self.state.foreground {
            self.enter_raw();
        }
        self.parts.monitor.order(Order::Start { tapped });
        let ended = loop {
            if let Some(ended) = self.finished() {
                break ended;
            }
            self.wait();
            self.on_time();
            self.on_signals();
            self.keys_to_client();
            self.on_reports();
            self.output_to_screen();
            self.streams();
            self.grant();
            self.show_notices();
        };
        self.parts.shared.no_more_wishes();
        self.parts.terminal.leave_raw();
        self.parts.monitor.order(Order::Over);
        std::mem::take(&mut self.parts.streams).leave();
        ended
    }

    fn finished(&mut self) -> Option<Ended> {
        let ended = self.state.ended?;
        let shown = self.state.to_screen.is_empty() || self.state.hung_up;
        // Linux hands on what is under way when poll(2) finds nothing (n_tty_poll flushes the
        // work queue), so one look is enough: nothing the client wrote is left behind.
        let dry = (self.state.drained > DRAIN_MAX && self.parts.streams.is_flushed())
            || (!is_ready(self.parts.pty.fd(), PollFlags::IN) && self.parts.streams.is_dry());
        (shown && (dry || ended == Ended::Lost)).then_some(ended)
    }

    fn wait(&mut self) {
        let state = &self.state;
        let mut keyboard = PollFlags::empty();
        if state.foreground && state.started && state.to_client.is_empty() && state.ended.is_none()
        {
            keyboard |= PollFlags::IN;
        }
        if !state.to_screen.is_empty() {
            keyboard |= PollFlags::OUT;
        }
        let mut client = PollFlags::empty();
        if state.to_screen.is_empty() {
            client |= PollFlags::IN;
        }
        if !state.to_client.is_empty() {
            client |= PollFlags::OUT;
        }
        let terminal = self.parts.terminal.fd();
        let pty = self.parts.pty.fd();
        let mut fds = vec![PollFd::from_borrowed_fd(
            self.parts.signals.fd(),
            PollFlags::IN,
        )];
        if !self.parts.monitor.is_lost() {
            fds.push(PollFd::from_borrowed_fd(
                self.parts.monitor.fd(),
                PollFlags::IN,
            ));
        }
        if !client.is_empty() {
            fds.push(PollFd::from_borrowed_fd(pty, client));
        }
        if !state.hung_up && (state.foreground || !keyboard.is_empty()) {
            fds.push(PollFd::from_borrowed_fd(terminal, keyboard));
        }
        self.parts.streams.poll(&mut fds);
        let wished = state.wished.map(|since| since + WISH_MAX);
        let until = state.deadline.map(|(at, _)| at);
        let timeout = until.into_iter().chain(wished).min().map(|at| {
            let left = at.saturating_duration_since(Instant::now());
            Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            }
        });
        // An interrupted call is a signal, which its pipe reports.
        let _ = poll(&mut fds, timeout.as_ref());
        let is =
            |fd: &PollFd<'_>, other: BorrowedFd<'_>| fd.as_fd().as_raw_fd() == other.as_raw_fd();
        let at = |other| fds.iter().find(|fd| is(fd, other)).map(PollFd::revents);
        let closed = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
        let is_there = |events: Option<PollFlags>| events.is_some_and(|on| !on.is_empty());
        let signalled = is_there(at(self.parts.signals.fd()));
        let reported = is_there(at(self.parts.monitor.fd()));
        let on_terminal = at(terminal).unwrap_or_else(PollFlags::empty);
        let on_pty = at(pty).unwrap_or_else(PollFlags::empty);
        let streamed = self.parts.streams.polled(&fds);
        self.state.streamed = streamed;
        self.state.signalled = signalled;
        self.state.reported = reported;
        self.state.typed = on_terminal.contains(PollFlags::IN);
        self.state.written = on_pty.contains(PollFlags::IN);
        if on_terminal.intersects(closed) {
            self.hang_up();
        }
    }

    fn on_time(&mut self) {
        let Some((at, insist)) = self.state.deadline else {
            return;
        };
        if Instant::now() < at || self.state.ended.is_some() {
            return;
        }
        let next = Instant::now() + GRACE;
        self.state.deadline = match insist {
            Insist::HangUp => {
                self.order_end(libc::SIGHUP);
                Some((next, Insist::Kill))
            }
            Insist::Kill => {
                self.order_end(libc::SIGKILL);
                Some((next, Insist::Leave))
            }
            Insist::Leave => {
                self.state.ended = Some(Ended::Lost);
                None
            }
        };
    }

    fn on_signals(&mut self) {
        if !std::mem::take(&mut self.state.signalled) {
            return;
        }
        for (signal, _) in self.parts.signals.take() {
            match signal {
                libc::SIGWINCH => self.resize(),
                libc::SIGCONT => self.resume(),
                libc::SIGHUP => self.hang_up(),
                libc::SIGTERM => {
                    self.order_end(libc::SIGTERM);
                    self.state.deadline = Some((Instant::now() + GRACE, Insist::HangUp));
                }
                signal if FORWARDED.contains(&signal) => {
                    self.parts.monitor.order(Order::Signal(signal));
                }
                _ => {}
            }
        }
        if self.parts.shared.is_wished() {
            self.state.wished.get_or_insert_with(Instant::now);
        }
    }

    /// Puts what was asked for behind all that the client wrote before: what was off the record must not
    /// come on it because it was not read yet, nor the other way round.
    fn grant(&mut self) {
        let Some(since) = self.state.wished else {
            return;
        };
        if self.catch_up() || since.elapsed() >= WISH_MAX {
            self.state.wished = None;
            for (what, reply) in self.parts.shared.wishes() {
                self.parts.feed.urgent(what, Some(reply));
            }
        }
    }

    /// Shows what the client wrote until now, as far as the terminal takes it at once; false where it
    /// does not. A client that never stops writing is not waited for.
    fn catch_up(&mut self) -> bool {
        let parts = &mut self.parts;
        let scratch = &mut self.state.scratch;
        parts.streams.catch_up(scratch, &parts.feed);
        for _ in 0..AT_ONCE {
            self.state.written = is_ready(self.parts.pty.fd(), PollFlags::IN);
            if self.state.to_screen.is_empty() && !self.state.written {
                break;
            }
            self.output_to_screen();
            if !self.state.to_screen.is_empty() {
                return false;
            }
        }
        true
    }

    /// A stopped client must run to obey, except SIGKILL.
    fn order_end(&mut self, signal: i32) {
        self.parts.monitor.order(Order::Signal(signal));
        self.parts.monitor.order(Order::Signal(libc::SIGCONT));
    }

    /// The window is closed. The client is told as the kernel would tell it; one that ignores
    /// that lives on without a terminal, as it would without rec.
    fn hang_up(&mut self) {
        if self.state.hung_up {
            return;
        }
        self.state.hung_up = true;
        self.state.to_screen.clear();
        self.order_end(libc::SIGHUP);
        self.state.deadline = Some((Instant::now() + GRACE, Insist::Leave));
    }

    fn resize(&mut self) {
        let new = self.parts.terminal.size();
        if self.parts.pty.resize(new) {
            self.parts.feed.resize(size(new));
        }
    }

    fn on_reports(&mut self) {
        if !std::mem::take(&mut self.state.reported) {
            return;
        }
        for report in self.parts.monitor.reports() {
            match report {
                Report::Started => self.release(),
                Report::NotStarted(reason) => self.state.ended = Some(Ended::NotStarted(reason)),
                Report::Continued => self.state.started = true,
                Report::Stopped(signal) => self.suspend(signal),
                Report::Exited(code) => self.end(Ended::Exited(code)),
                Report::Killed(signal) => self.end(Ended::Killed(signal)),
                Report::Lost => self.end(Ended::Lost),
            }
        }
    }

    /// What the client inherited is the client's alone from now on: a pipe's other end must see it
    /// close it.
    fn release(&mut self) {
        self.state.started = true;
        for fd in self.parts.inherited.drain(..) {
            sys::close(fd);
        }
        let Ok(null) = std::fs::File::options()
            .read(true)
            .write(true)
            .open("/dev/null")
        else {
            return;
        };
        for fd in [0, 2] {
            if !rustix::termios::isatty(sys::standard(fd)) && !self.parts.streams.has(fd) {
                let _ = sys::replace(null.as_raw_fd(), fd);
            }
        }
    }

    fn end(&mut self, ended: Ended) {
        self.state.ended.get_or_insert(ended);
    }

    /// The client was stopped: so is rec, and everything else of its job.
    fn suspend(&mut self, signal: i32) {
        let background = matches!(signal, libc::SIGTTIN | libc::SIGTTOU);
        self.state.wanted |= background;
        if background && self.parts.terminal.in_foreground() {
            // It asked for the terminal before the shell's `fg` had reached it.
            self.go_on();
            return;
        }
        self.show_what_is_left();
        self.parts.terminal.leave_raw();
        self.parts.signals.stop(signal);
        self.go_on();
    }

    fn go_on(&mut self) {
        self.state.started = false;
        self.resume();
        let foreground = self.state.foreground;
        self.parts.monitor.order(Order::Continue { foreground });
    }

    /// rec runs again after a stop: whoever had the terminal meanwhile may have changed it.
    fn resume(&mut self) {
        self.state.foreground = self.state.wanted && self.parts.terminal.in_foreground();
        if self.state.foreground {
            self.enter_raw();
        }
        self.resize();
    }

    fn enter_raw(&mut self) {
        let ahead = self.parts.terminal.enter_raw();
        if !ahead.unseen.is_empty() {
            self.typed(&ahead.unseen, false);
        }
        if !ahead.seen.is_empty() {
            // A client that runs may change its terminal's settings, so they are left alone.
            self.typed(&ahead.seen, !self.state.started);
        }
        if !ahead.late.is_empty() {
            self.typed(&ahead.late, false);
        }
    }

    /// Shows what a client wrote before it stopped, as far as the terminal takes it in time.
    fn show_what_is_left(&mut self) {
        let until = Instant::now() + GRACE;
        while Instant::now() < until && !self.state.hung_up {
            let written = self.state.to_screen.is_empty();
            self.state.written = is_ready(self.parts.pty.fd(), PollFlags::IN);
            if written && !self.state.written {
                return;
            }
            self.output_to_screen();
            if !self.state.to_screen.is_empty() {
                let terminal = self.parts.terminal.fd();
                let mut fds = [PollFd::from_borrowed_fd(terminal, PollFlags::OUT)];
                let soon = Timespec {
                    tv_sec: 0,
                    tv_nsec: 10_000_000,
                };
                let _ = poll(&mut fds, Some(&soon));
            }
        }
    }

    fn keys_to_client(&mut self) {
        let state = &mut self.state;
        if !state.to_client.is_empty() {
            state.to_client.flush(self.parts.pty.fd(), true);
        } else if std::mem::take(&mut state.typed) && !state.hung_up {
            let n = match state.scratch.read(self.parts.terminal.fd()) {
                Flow::Moved(n) => n,
                Flow::Later => return,
                Flow::Gone => return self.hang_up(),
            };
            let typed = Zeroizing::new(state.scratch.get(n).to_vec());
            self.typed(&typed, false);
        }
    }

    /// Hands keys to the client, and wishes among them to the recorder. Those that the user has
    /// `seen` are not shown again.
    fn typed(&mut self, typed: &[u8], seen: bool) {
        let mut keys = Zeroizing::new(Vec::with_capacity(typed.len() + 1));
        let mut actions = Vec::new();
        let full_screen = self.parts.shared.alternate();
        let own = &mut self.parts.keys;
        own.push(typed, full_screen, &mut keys, &mut actions);
        let mut rest = keys.as_slice();
        let mut before = 0;
        for (at, action) in actions {
            let (first, others) = rest.split_at_checked(at - before).unwrap_or((rest, &[]));
            (rest, before) = (others, at);
            self.hand(first, seen);
            // What was typed before it is echoed before it, too.
            self.parts.pty.settle();
            self.catch_up();
            let what = match action {
                Action::TogglePause => What::Pause(None),
                Action::Mark => What::Mark(String::new()),
            };
            self.parts.feed.urgent(what, None);
        }
        self.hand(rest, seen);
    }

    /// Hands `keys` to the client.
    fn hand(&mut self, keys: &[u8], seen: bool) {
        let (state, parts) = (&mut self.state, &mut self.parts);
        // How the client takes them is known before it has them.
        let mode = parts.pty.mode();
        let mut hand = || {
            state.to_client.add(parts.pty.fd(), true, keys);
        };
        if seen {
            parts.pty.unseen(hand);
        } else {
            hand();
        }
        parts.feed.input(keys, mode);
        if seen && mode.echo {
            parts.feed.output(&parts.terminal.echo_of(keys));
        }
        if !parts.terminal.is_all_streams() {
            for signal in keys.iter().filter_map(|key| parts.pty.signal_of(*key)) {
                // The rest of the pipeline is in our job, not the client's.
                parts.signals.send_to_job(signal);
            }
        }
    }

    fn streams(&mut self) {
        let (state, parts) = (&mut self.state, &mut self.parts);
        let n = parts
            .streams
            .serve(&state.streamed, &mut state.scratch, &parts.feed);
        if state.ended.is_some() {
            state.drained += n;
        }
    }

    /// Shows what the recorder has to say, and obeys it.
    fn show_notices(&mut self) {
        let shared = &self.parts.shared;
        if shared.must_end() && self.state.deadline.is_none() && self.state.ended.is_none() {
            self.order_end(libc::SIGHUP);
            self.state.deadline = Some((Instant::now() + GRACE, Insist::Kill));
        }
        let state = &mut self.state;
        if !state.to_screen.is_empty() || state.hung_up || !state.foreground {
            return;
        }
        let lines: String = self
            .parts
            .shared
            .notices()
            .into_iter()
            .fold(String::new(), |lines, line| lines + "\r\n" + &line + "\r\n");
        if !lines.is_empty() {
            let terminal = &self.parts.terminal;
            let blocking = terminal.non_blocking();
            state
                .to_screen
                .write(terminal.fd(), blocking, lines.as_bytes());
        }
    }

    fn output_to_screen(&mut self) {
        let state = &mut self.state;
        let non_blocking = self.parts.terminal.non_blocking();
        let mut flow = Flow::Later;
        if !state.to_screen.is_empty() {
            flow = state
                .to_screen
                .flush(self.parts.terminal.fd(), non_blocking);
        } else if std::mem::take(&mut state.written) {
            let Flow::Moved(n) = state.scratch.fill(self.parts.pty.fd()) else {
                return;
            };
            let output = state.scratch.get(n);
            if !state.hung_up {
                let terminal = self.parts.terminal.fd();
                flow = state.to_screen.write(terminal, non_blocking, output);
            }
            self.parts.feed.output(output);
            if state.ended.is_some() {
                state.drained += n;
            }
        }
        if flow == Flow::Gone {
            self.hang_up();
        }
    }
}
