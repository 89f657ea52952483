//! The control socket of a running session: `rec pause`, `resume`, `mark` and `discard` speak to
//! it from within the session or from another terminal.
//!
//! It stands in a private directory and bears the device number of the client's terminal, so that
//! what runs on that terminal finds its session without a variable that could leak into a tmux
//! server or a cron job. One request a connection: a line, answered by a line.
//!
//! ```text
//! id | pause | resume | mark LABEL | discard      ->      ok TEXT | no TEXT
//! ```

use super::feed::What;
use super::shared::Shared;
use super::sys;
use super::tap;
use crate::model::SessionId;
use rustix::fs::{Mode, OFlags};
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

/// The longest request: a marker's label.
const LINE_MAX: u64 = 4096;

/// Whoever connects and says nothing is not waited for; nor is a session that does not answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// A session's socket; removed when dropped.
pub struct Control {
    path: PathBuf,
}

impl Control {
    /// Opens the socket of the session on the terminal with device number `tty`.
    ///
    /// # Errors
    /// The directory is not private or cannot be made, or the socket's path is too long.
    pub fn open(runtime: &Path, tty: u64, shared: Arc<Shared>) -> io::Result<Control> {
        tap::private(runtime)?;
        let path = runtime.join(name(tty));
        // The terminal is ours, so whatever stands there was left by a recorder that died.
        let _ = fs::remove_file(&path);
        let listener = UnixListener::bind(&path)?;
        let thread = std::thread::Builder::new().name("control".into());
        thread.spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // One at a time: whoever stalls is cut off, and a person waits a moment.
                let _ = serve(&stream, &shared);
            }
        })?;
        Ok(Control { path })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn name(tty: u64) -> String {
    format!("tty-{tty:x}")
}

fn serve(stream: &UnixStream, shared: &Shared) -> io::Result<()> {
    // The directory keeps others out already; where the kernel tells, we also ask.
    #[cfg(target_os = "linux")]
    if rustix::net::sockopt::socket_peercred(stream)?.uid != rustix::process::geteuid() {
        return Ok(());
    }
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    stream.set_write_timeout(Some(ANSWER_MAX))?;
    let mut line = String::new();
    BufReader::new(stream.take(LINE_MAX)).read_line(&mut line)?;
    let answer = match answer(line.trim_end_matches('\n'), shared) {
        Ok(text) => format!("ok {text}\n"),
        Err(text) => format!("no {text}\n"),
    };
    let mut stream = stream;
    stream.write_all(answer.as_bytes())
}

fn answer(line: &str, shared: &Shared) -> Result<String, String> {
    let Some(id) = shared.id() else {
        return Err("this session is not recorded".to_owned());
    };
    let what = match line.split_once(' ').unwrap_or((line, "")) {
        ("id", _) => return Ok(id.hex()),
        ("pause", _) => What::Pause(Some(true)),
        ("resume", _) => What::Pause(Some(false)),
        ("mark", label) => What::Mark(label.to_owned()),
        ("discard", _) => What::Discard,
        _ => return Err("the session's rec is of another version".to_owned()),
    };
    let (reply, replied) = sync_channel(1);
    let gone = || Err("the recording has ended".to_owned());
    if !shared.wish(what, reply) {
        return gone();
    }
    replied.recv_timeout(ANSWER_MAX).unwrap_or_else(|_| gone())
}

/// Why a session was not reached.
#[derive(Debug, thiserror::Error)]
pub enum Unreached {
    /// None runs, or none of that name.
    #[error("no session is being recorded{}", .name.as_ref().map_or_else(String::new, |name| format!(" under the name {name}")))]
    None {
        /// The name asked for.
        name: Option<String>,
    },
    /// Several do.
    #[error("{} sessions are being recorded", .ids.len())]
    Several {
        /// All of them.
        ids: Vec<SessionId>,
    },
    /// It did not do what was asked.
    #[error("{0}")]
    Refused(String),
}

/// Whether the terminal we are on is that of a session whose recorder lives.
pub fn nested(runtime: &Path) -> bool {
    own_terminal().is_some_and(|tty| UnixStream::connect(runtime.join(name(tty))).is_ok())
}

/// Sends `request` to the session whose id begins with `session`; without a name to that of this
/// terminal, else to the only one there is.
///
/// # Errors
/// [`Unreached`].
pub fn send(runtime: &Path, session: Option<&str>, request: &str) -> Result<String, Unreached> {
    let path = match session {
        Some(prefix) => named(runtime, prefix)?,
        None => here_or_only(runtime)?,
    };
    match ask(&path, request) {
        Some(answer) => answer.map_err(Unreached::Refused),
        None => Err(Unreached::None { name: None }),
    }
}

fn here_or_only(runtime: &Path) -> Result<PathBuf, Unreached> {
    if let Some(tty) = own_terminal() {
        let path = runtime.join(name(tty));
        if ask(&path, "id").is_some() {
            return Ok(path);
        }
    }
    only(living(runtime), None)
}

fn named(runtime: &Path, prefix: &str) -> Result<PathBuf, Unreached> {
    let mut living = living(runtime);
    living.retain(|(_, id)| id.has_prefix(prefix));
    only(living, Some(prefix))
}

fn only(mut living: Vec<(PathBuf, SessionId)>, name: Option<&str>) -> Result<PathBuf, Unreached> {
    match living.pop() {
        None => Err(Unreached::None {
            name: name.map(str::to_owned),
        }),
        Some((path, _)) if living.is_empty() => Ok(path),
        Some((_, id)) => {
            let mut ids: Vec<SessionId> = living.into_iter().map(|(_, id)| id).collect();
            ids.push(id);
            Err(Unreached::Several { ids })
        }
    }
}

fn living(runtime: &Path) -> Vec<(PathBuf, SessionId)> {
    let entries = fs::read_dir(runtime).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .filter_map(|path| {
            let id = ask(&path, "id")?.ok()?.parse().ok()?;
            Some((path, id))
        })
        .collect()
}

/// What a session answers; `None` when nobody listens there.
fn ask(path: &Path, request: &str) -> Option<Result<String, String>> {
    let mut stream = UnixStream::connect(path).ok()?;
    stream.set_read_timeout(Some(ANSWER_MAX)).ok()?;
    stream.write_all(format!("{request}\n").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.take(LINE_MAX).read_to_string(&mut answer).ok()?;
    match answer.trim_end().split_once(' ')? {
        ("ok", text) => Some(Ok(text.to_owned())),
        ("no", text) => Some(Err(text.to_owned())),
        _ => None,
    }
}

/// The device number of our controlling terminal.
fn own_terminal() -> Option<u64> {
    let flags = OFlags::RDONLY | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let tty = rustix::fs::open(c"/dev/tty", flags, Mode::empty()).ok()?;
    sys::terminal_device(tty.as_fd())
}
