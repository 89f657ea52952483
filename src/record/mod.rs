//! Recording: the client in a terminal of its own, relayed byte by byte, and a copy of it masked,
//! sealed and kept.
//!
//! * [`exec`] the client's words, environment and search path
//! * [`monitor`] the process between rec and the client; [`pty`] its terminal
//! * [`relay`] the poll loop; [`channel`] bytes on their way; [`keys`] rec's own keys
//! * [`streams`] a stdout or stderr that is no terminal; [`direct`] a client that has none at all
//! * [`feed`] the queue to the [`recorder`]'s thread; [`shared`] what it answers
//! * [`tap`] the database connection, relayed and read along; [`hold`] for clients that rec does
//!   not start
//! * [`session`] whether and where to record; [`clients`] where a client leads; [`about`] what a
//!   session is called
//! * [`keeper`] the process that writes a vault whose file system may hang, which [`mounts`] tells
//! * [`prune`] what goes after a recording
//! * [`control`] the socket of a running session; [`log`] rec's own log
//! * [`terminal`] the user's terminal; [`signals`]; [`sys`] the calls that need `unsafe`
//!
//! Order matters at the start: what is inherited is read before anything changes, signals are
//! caught before the terminal is raw, and the client's process is forked before the first thread.

mod about;
mod channel;
mod clients;
mod control;
mod direct;
mod exec;
mod feed;
mod hold;
mod keeper;
mod keys;
mod log;
mod monitor;
mod mounts;
mod pipe;
mod prune;
mod pty;
mod recorder;
mod relay;
mod session;
mod shared;
mod signals;
mod streams;
mod sys;
mod tap;
mod terminal;

pub use control::{Unreached, send};
pub use exec::NotStarted;
pub use hold::hold;
pub use session::{Choice, Person, Refused};
pub use streams::copy_to_the_end;
pub use sys::{keep_out_of_swap, lean_libraries, leave_no_core};

use crate::model::Exit;
use direct::Direct;
use exec::Client;
use keys::Keys;
use monitor::{Monitor, Setup};
use relay::{Ended, Parts, Relay};
use session::{Plan, Session, Terms};
use signals::Signals;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::{AsFd, RawFd};
use std::path::PathBuf;
use std::process::ExitCode;
use streams::{Ends, Streams};
use sys::Inherited;
use terminal::Terminal;

/// What `rec run` was asked for. Not `Debug`: its words may hold a password.
#[derive(Clone)]
pub struct Request {
    /// The client and its words.
    pub argv: Vec<OsString>,
    /// Record it whatever its streams are.
    pub always: bool,
    /// The vault's directory, where one was named.
    pub vault: Option<PathBuf>,
    /// The configuration file, where one was named.
    pub config: Option<PathBuf>,
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
    /// It was not to run.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Nothing listens.
    #[error("nothing listens in the server's place: {0}")]
    NotHeld(String),
    /// rec could not make what it needs.
    #[error("cannot start the client: {0}")]
    Setup(#[from] io::Error),
}

/// Runs the client and gives the exit status to end with. Does not return when the client takes
/// this process's place.
///
/// # Errors
/// The client does not run.
pub fn run(request: Request, person: &mut dyn Person) -> Result<u8, Error> {
    let inherited = Inherited::read();
    let client = Client::new(request.argv.clone());
    if !request.always && !terminal::interactive() {
        return Err(not_started(&client, client.exec(&inherited)));
    }
    let descriptors = sys::open_descriptors();
    let terms = match session::plan(&request, person)? {
        Plan::Record(terms) => *terms,
        Plan::Unrecorded => return Err(not_started(&client, client.exec(&inherited))),
    };
    // Those of a tap work side by side for as long as there are statements.
    if terms.tap.is_none() {
        sys::one_heap();
    }
    let begin = Begin {
        client: &client,
        inherited: &inherited,
        descriptors,
        signals: Signals::catch(&inherited)?,
        terms,
    };
    let terminal = Terminal::find();
    let [_, out, err] = terminal.as_ref().map_or([false; 3], |t| t.streams);
    let piped = |fd, ours: bool| request.always && !ours && !inherited.was_closed(fd);
    let piped = [piped(1, out), piped(2, err)];
    let (streams, ends) = Streams::new(piped)?;
    match terminal {
        Some(terminal) => begin.on_terminal(terminal, streams, ends, person),
        None => begin.without_terminal(streams, ends, person),
    }
}

/// Ends the process at once. The handlers that C libraries register for its end are not run:
/// OpenSSL's frees what a thread that is still at work, such as a view's that reads the vault, may
/// be using.
pub fn leave(code: ExitCode) -> ! {
    let _ = io::stdout().flush();
    let number = (0..=u8::MAX).find(|number| ExitCode::from(*number) == code);
    sys::exit_now(number.unwrap_or(u8::MAX).into())
}

/// What both ways to begin need.
struct Begin<'a> {
    client: &'a Client,
    inherited: &'a Inherited,
    /// Inherited descriptors above 2.
    descriptors: Vec<RawFd>,
    signals: Signals,
    terms: Terms,
}

impl Begin<'_> {
    /// The client as it is led through the tap, where there is one.
    fn tapped(&self) -> Option<Client> {
        let plan = self.terms.tap.as_ref()?;
        Some(self.client.led(&plan.led))
    }

    fn on_terminal(
        mut self,
        terminal: Terminal,
        streams: Streams,
        ends: Ends,
        person: &mut dyn Person,
    ) -> Result<u8, Error> {
        let (pty, slave) = pty::open(terminal.size(), terminal.settings())?;
        self.terms.about.size = terminal::size(terminal.size());
        // Where another program of a pipeline reads what the client writes, it may want the
        // terminal first: ours begins in the background, and comes forward when it asks.
        let [_, wanted, _] = terminal.streams;
        let foreground = wanted && terminal.in_foreground();
        let [out, err] = &ends;
        let tapped = self.tapped();
        let monitor = Monitor::fork(Setup {
            client: self.client,
            tapped: tapped.as_ref(),
            inherited: self.inherited,
            slave,
            streams: [
                None,
                out.as_ref().map(AsFd::as_fd),
                err.as_ref().map(AsFd::as_fd),
            ],
            foreground,
            terminal: &terminal,
        })?;
        drop(ends);
        let place = match self.terms.place(person) {
            Ok(Some(place)) => place,
            Ok(None) => {
                monitor.abandon();
                self.terms.leave_tap();
                return Err(not_started(self.client, self.client.exec(self.inherited)));
            }
            Err(refused) => {
                monitor.abandon();
                return Err(refused.into());
            }
        };
        let prefix = self.terms.prefix;
        let session = Session::begin(self.terms, place, self.signals.waker()?, pty.device);
        let tapped = session.is_tapped();
        let parts = Parts {
            terminal,
            pty,
            monitor,
            signals: self.signals,
            keys: Keys::new(prefix),
            streams,
            feed: session.feed.clone(),
            shared: session.shared.clone(),
            inherited: self.descriptors,
        };
        let ended = Relay::new(parts, wanted).run(tapped);
        end(self.client, ended, session, person)
    }

    fn without_terminal(
        mut self,
        streams: Streams,
        ends: Ends,
        person: &mut dyn Person,
    ) -> Result<u8, Error> {
        let tapped = self.tapped();
        let direct = Direct::fork(self.client, tapped.as_ref(), self.inherited, &ends)?;
        drop(ends);
        let place = match self.terms.place(person) {
            Ok(Some(place)) => place,
            Ok(None) => {
                direct.abandon();
                self.terms.leave_tap();
                return Err(not_started(self.client, self.client.exec(self.inherited)));
            }
            Err(refused) => {
                direct.abandon();
                return Err(refused.into());
            }
        };
        let session = Session::begin(self.terms, place, self.signals.waker()?, None);
        let tapped = session.is_tapped();
        let ended = direct.run(
            tapped,
            streams,
            &self.signals,
            self.descriptors,
            &session.feed,
        );
        end(self.client, ended, session, person)
    }
}

fn end(
    client: &Client,
    ended: Ended,
    session: Session,
    person: &mut dyn Person,
) -> Result<u8, Error> {
    let status = relay::status(ended);
    let signal = match ended {
        Ended::Killed(signal) => Some(signal),
        _ => None,
    };
    let exit = Exit {
        code: status.into(),
        signal,
    };
    match ended {
        Ended::NotStarted(reason) => {
            session.forget();
            Err(not_started(client, reason))
        }
        _ => {
            session.end(exit, person);
            Ok(status)
        }
    }
}

fn not_started(client: &Client, reason: NotStarted) -> Error {
    let name = client.argv.first();
    Error::NotStarted {
        name: name.map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        reason,
    }
}
