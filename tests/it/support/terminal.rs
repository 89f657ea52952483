//! A terminal for tests: a real pty, a screen that shows what came out of it, keys to type.

use super::tools::tool;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};
use std::fs::OpenOptions;
use std::io::{PipeReader, PipeWriter};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longer than anything a test waits for takes on a machine that does much else.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Lines kept above the screen.
const SCROLLBACK: Option<usize> = Some(20_000);

/// A command on a terminal of its own. Dropping it closes the window and kills the command.
pub struct Terminal {
    master: Option<Arc<OwnedFd>>,
    child: Child,
    shared: Arc<Shared>,
    reader: Option<JoinHandle<()>>,
    wake: Option<PipeWriter>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    screen: avt::Terminal,
    bytes: Vec<u8>,
    /// Bytes of `bytes` that the screen has seen: it wants whole characters.
    drawn: usize,
    ended: bool,
    held: bool,
}

impl Terminal {
    /// Starts `command` on a new terminal of `cols` by `rows`, which is its controlling terminal
    /// and all three of its standard streams. The command sees only the environment that was set
    /// on it.
    pub fn open(command: &Command, cols: u16, rows: u16) -> Terminal {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        tcsetwinsize(&master, winsize(cols, rows)).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let noctty = rustix::fs::OFlags::NOCTTY.bits().cast_signed();
        let slave = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(noctty)
            .open(name.to_str().unwrap())
            .unwrap();
        // setsid(1) makes the session and execs, so the child's id and status are the command's.
        let mut started = Command::new(tool("setsid", "util-linux"));
        started
            .arg("--ctty")
            .arg(command.get_program())
            .args(command.get_args());
        started.env_clear();
        started.envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        if let Some(dir) = command.get_current_dir() {
            started.current_dir(dir);
        }
        started.stdin(slave.try_clone().unwrap());
        started.stdout(slave.try_clone().unwrap());
        started.stderr(slave);
        let child = started.spawn().unwrap();
        // The slave's last copies here go with it: the pty ends when the command's do.
        drop(started);

        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                screen: avt::Terminal::with_scrollback(cols.into(), rows.into(), SCROLLBACK)
                    .unwrap(),
                bytes: Vec::new(),
                drawn: 0,
                ended: false,
                held: false,
            }),
            changed: Condvar::new(),
        });
        let master = Arc::new(master);
        let (woken, wake) = std::io::pipe().unwrap();
        let reader = {
            let (master, shared) = (master.clone(), shared.clone());
            std::thread::spawn(move || read(&master, &woken, &shared))
        };
        Terminal {
            master: Some(master),
            child,
            shared,
            reader: Some(reader),
            wake: Some(wake),
        }
    }

    /// Types `keys`, byte for byte. Enter is `\r`.
    pub fn keys(&self, keys: impl AsRef<[u8]>) {
        let mut rest = keys.as_ref();
        while !rest.is_empty() {
            let n = rustix::io::write(self.master(), rest).unwrap();
            rest = &rest[n..];
        }
    }

    /// Types as many of `keys` as are taken before nothing is taken for a moment; says how many.
    pub fn keys_taken(&self, keys: &[u8]) -> usize {
        let moment = Timespec {
            tv_sec: 1,
            tv_nsec: 0,
        };
        for (n, key) in keys.iter().enumerate() {
            let mut fds = [PollFd::new(self.master(), PollFlags::OUT)];
            poll(&mut fds, Some(&moment)).unwrap();
            if !fds[0].revents().contains(PollFlags::OUT) {
                return n;
            }
            self.keys([*key]);
        }
        keys.len()
    }

    /// Waits until `text` stands on the screen (soft-wrapped rows count as one line).
    pub fn wait_for(&self, text: &str) {
        self.wait_until(&format!("{text:?}"), |screen| screen.contains(text));
    }

    /// Waits until `done` says so of the screen's lines, joined by `\n`.
    pub fn wait_until(&self, what: &str, done: impl Fn(&str) -> bool) {
        let found = self.wait_state(|state| done(&text(state)).then_some(()));
        if found.is_none() {
            panic!("{what} never showed. The screen:\n{}\n---", self.screen());
        }
    }

    /// Waits until the bytes that came out hold `bytes`.
    pub fn wait_for_bytes(&self, bytes: &[u8]) {
        let held = |state: &State| state.bytes.windows(bytes.len()).any(|at| at == bytes);
        if self.wait_state(|state| held(state).then_some(())).is_none() {
            panic!("{:?} never came", String::from_utf8_lossy(bytes));
        }
    }

    /// Types `keys` again and again until `done` says so of the screen: for a key that is only taken
    /// once it is read for.
    pub fn keys_until(&self, keys: &str, done: impl Fn(&str) -> bool) {
        self.keys(keys);
        self.done_until(&format!("what {keys:?} does"), done, || self.keys(keys));
    }

    /// Waits until `done` says so of the screen; does `again` every few seconds that it does not.
    pub fn done_until(&self, what: &str, done: impl Fn(&str) -> bool, again: impl Fn()) {
        let until = Instant::now() + WAIT_MAX;
        loop {
            let soon = Instant::now() + Duration::from_secs(3);
            let found = self.wait_state_until(soon, |state| done(&text(state)).then_some(()));
            if found.is_some() {
                return;
            }
            assert!(
                Instant::now() < until,
                "{what} never showed. The screen:\n{}",
                self.screen()
            );
            again();
        }
    }

    /// Types `keys` again and again until the command ends: for a key that is only taken once it is
    /// read for.
    pub fn keys_until_it_ends(&mut self, keys: &str) -> ExitStatus {
        let until = Instant::now() + WAIT_MAX;
        while self.child.try_wait().unwrap().is_none() && Instant::now() < until {
            self.keys(keys);
            let soon = Instant::now() + Duration::from_millis(100);
            let _ = self.wait_state_until(soon, |state| state.ended.then_some(()));
        }
        self.wait()
    }

    /// Waits for the command's end and for its last output.
    pub fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + WAIT_MAX;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                Instant::now() < until,
                "it does not end. The screen:\n{}",
                self.screen()
            );
            std::thread::sleep(Duration::from_millis(2));
        };
        // Where something else keeps the terminal open, the end of output never comes.
        let soon = Instant::now() + Duration::from_secs(1);
        let _ = self.wait_state_until(soon, |state| state.ended.then_some(()));
        status
    }

    /// The screen's lines, soft-wrapped rows joined, joined by `\n`.
    pub fn screen(&self) -> String {
        text(&self.lock())
    }

    /// The primary screen's logical lines, what scrolled off the top included.
    pub fn transcript(&self) -> String {
        self.lock().screen.primary_screen().text().join("\n")
    }

    /// Column and row of the cursor, from 0.
    pub fn cursor(&self) -> (usize, usize) {
        let cursor = self.lock().screen.cursor();
        (cursor.col, cursor.row)
    }

    /// Every byte that came out so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.lock().bytes.clone()
    }

    /// Gives the terminal another size.
    pub fn resize(&self, cols: u16, rows: u16) {
        self.lock().screen.resize(cols.into(), rows.into());
        tcsetwinsize(self.master(), winsize(cols, rows)).unwrap();
    }

    /// Its settings, as the command left them.
    pub fn termios(&self) -> Termios {
        tcgetattr(self.master()).unwrap()
    }

    /// The command's process id.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Sends the command a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Takes nothing more from the pty, as a terminal that hangs.
    pub fn hold(&self) {
        self.lock().held = true;
    }

    /// Takes again.
    pub fn release(&self) {
        self.lock().held = false;
        self.shared.changed.notify_all();
    }

    /// Closes the window. The command lives on as far as it wants to: wait for it.
    pub fn hang_up(&mut self) {
        drop(self.wake.take());
        self.release();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        drop(self.master.take());
    }

    fn master(&self) -> &OwnedFd {
        self.master.as_ref().expect("the window is open")
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    fn wait_state<T>(&self, found: impl Fn(&State) -> Option<T>) -> Option<T> {
        self.wait_state_until(Instant::now() + WAIT_MAX, found)
    }

    fn wait_state_until<T>(
        &self,
        until: Instant,
        found: impl Fn(&State) -> Option<T>,
    ) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(found) = found(&state) {
                return Some(found);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || state.ended {
                return None;
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap().0;
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.hang_up();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn winsize(cols: u16, rows: u16) -> Winsize {
    Winsize {
        ws_col: cols,
        ws_row: rows,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

fn read(master: &OwnedFd, woken: &PipeReader, shared: &Shared) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        drop(
            shared
                .changed
                .wait_while(shared.state.lock().unwrap(), |state| state.held)
                .unwrap(),
        );
        let mut fds = [
            PollFd::new(master, PollFlags::IN),
            PollFd::new(woken, PollFlags::IN),
        ];
        poll(&mut fds, None).unwrap();
        let closing = !fds[1].revents().is_empty();
        // EIO: the last program that had the terminal open has closed it.
        let n = if closing {
            0
        } else {
            rustix::io::read(master, &mut buffer).unwrap_or(0)
        };
        let mut state = shared.state.lock().unwrap();
        state.bytes.extend_from_slice(&buffer[..n]);
        draw(&mut state);
        state.ended = n == 0;
        shared.changed.notify_all();
        if n == 0 {
            return;
        }
    }
}

/// Draws what is new and whole; a broken character shows as U+FFFD.
fn draw(state: &mut State) {
    let new = &state.bytes[state.drawn..];
    let mut drawn = 0;
    for chunk in new.utf8_chunks() {
        state.screen.feed(chunk.valid());
        drawn += chunk.valid().len();
        let broken = chunk.invalid();
        if drawn + broken.len() == new.len() && incomplete(broken) {
            break;
        }
        if !broken.is_empty() {
            state.screen.feed('\u{fffd}');
            drawn += broken.len();
        }
    }
    state.drawn += drawn;
}

/// Whether more bytes could make a character of this.
fn incomplete(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

fn text(state: &State) -> String {
    let mut text = String::new();
    for line in state.screen.screen().visible_lines() {
        if line.is_wrapped() {
            text.push_str(&line.text());
        } else {
            text.push_str(line.text().trim_end());
            text.push('\n');
        }
    }
    text
}
