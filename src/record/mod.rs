//! Recording: the client in a terminal of its own, relayed byte by byte.
//!
//! * [`exec`] the client's words, environment and search path
//! * [`monitor`] the process between rec and the client; [`pty`] its terminal
//! * [`relay`] the poll loop; [`channel`] bytes on their way; [`keys`] rec's own keys
//! * [`terminal`] the user's terminal; [`signals`]; [`sys`] the calls that need `unsafe`
//!
//! Order matters at the start: what is inherited is read before anything changes, signals are
//! caught before the terminal is raw, and the monitor is forked before the first thread.

mod channel;
#[allow(dead_code)] // Called where a session is planned.
mod clients;
mod exec;
mod keys;
mod monitor;
mod pty;
mod relay;
mod signals;
mod sys;
mod terminal;

pub use exec::NotStarted;

use exec::Client;
use monitor::{Monitor, Order, Setup};
use relay::{Ended, Relay};
use std::ffi::OsString;
use std::io;
use terminal::Terminal;

/// What `rec run` was asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The client and its words.
    pub argv: Vec<OsString>,
}

/// Why the client does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be executed.
    #[error("{name}: {}", if .reason.is_missing() { "not found on the PATH" } else { "cannot be executed" })]
    NotStarted {
        /// As typed.
        name: String,
        /// The system's reason.
        reason: NotStarted,
    },
    /// rec could not make what it needs.
    #[error("cannot start the client: {0}")]
    Setup(#[from] io::Error),
}

/// The prefix of rec's own keys: Ctrl-].
const PREFIX: u8 = 0x1d;

/// Runs the client and gives the exit status to end with. Does not return when the client takes
/// this process's place.
///
/// # Errors
/// The client does not run.
pub fn run(request: Request) -> Result<u8, Error> {
    let inherited = sys::Inherited::read();
    let client = Client::new(request.argv);
    let not_started = |reason| Error::NotStarted {
        name: client
            .argv
            .first()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        reason,
    };
    if !terminal::interactive() {
        return Err(not_started(client.exec(&inherited)));
    }
    let descriptors = sys::open_descriptors();
    let Some(terminal) = Terminal::find() else {
        return Err(not_started(client.exec(&inherited)));
    };
    let signals = signals::Signals::catch(&inherited)?;
    let (pty, slave) = pty::open(terminal.size(), terminal.settings())?;
    let mut monitor = Monitor::fork(Setup {
        client: &client,
        inherited: &inherited,
        slave,
        streams: [None; 3],
        foreground: terminal.in_foreground(),
        terminal: &terminal,
    })?;
    monitor.order(Order::Start);
    let keys = keys::Keys::new(Some(PREFIX));
    let mut relay = Relay::new(terminal, pty, monitor, signals, keys, descriptors);
    match relay.run() {
        Ended::NotStarted(reason) => Err(not_started(reason)),
        ended => Ok(relay::status(ended)),
    }
}
