//! One session from the question whether to record it to the line that names it.

use super::about::About;
use super::control::{self, Control};
use super::feed::{Feed, What};
use super::log::Log;
use super::recorder::{Finished, Place, Recorder};
use super::shared::Shared;
use super::signals::Waker;
use super::sys;
use super::tap::{self, Aside, Tap};
use super::terminal;
use super::{Request, clients, keeper, mounts, prune};
use crate::config::{self, Config, Decision, NoHome, OnFailure, Paths, Retention};
use crate::mask::own::Own;
use crate::model::{Exit, Gap, GapKind, Size, Stamp, printable, when};
use crate::vault::apart::Apart;
use crate::vault::{self, Created, Ensured, FailureKind, KeyringError, NewKey, Vault};
use crate::wire::Limits;
use std::fs::{DirBuilder, File};
use std::io::{IsTerminal, Write, stderr};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Whoever sits at the terminal.
pub trait Person {
    /// Whether anybody can be asked.
    fn present(&self) -> bool;
    /// Shows a line. Only called where stderr is a terminal.
    fn say(&mut self, line: &str);
    /// Asks whether to record a session that the scope leaves open.
    fn record(&mut self, what: &str) -> bool;
    /// Asks what to do at the first recording, where the keyring took no key.
    fn first_vault(&mut self, why: &KeyringError) -> Choice;
    /// Learns the addresses that rec listens on for others.
    fn listening(&mut self, addresses: &[String]);
    /// Says that a vault was made by itself.
    fn made(&mut self, created: &Created);
}

/// What to do without a vault.
pub enum Choice {
    /// Run the client, record nothing.
    Unrecorded,
    /// Make a vault with this way to unlock it.
    Make(NewKey),
    /// Run nothing.
    Nothing,
}

/// Why nothing is run.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// What cannot be recorded does not run, by the owner's wish.
    #[error("{}", Refused::MESSAGE)]
    Vault(#[source] vault::Error),
    /// The same, for a configuration that cannot be read.
    #[error("{}", Refused::MESSAGE)]
    Config(#[source] config::Error),
    /// The person wished so.
    #[error("nothing was run")]
    Wish,
}

impl Refused {
    /// For what the owner's wish keeps from running.
    pub const MESSAGE: &str =
        "this session cannot be recorded, and so does not run (on_failure = \"refuse\")";
}

/// How long the client's start waits for the word that a vault stands there, where its file system may
/// hang; it takes a fraction of a millisecond.
const STANDS_WAIT: Duration = Duration::from_millis(200);

/// The file that says that the loopback was proposed.
const PROPOSED: &str = "loopback-proposed";

/// Whether a session is recorded.
pub enum Plan {
    /// The client takes rec's place.
    Unrecorded,
    /// It is recorded.
    Record(Box<Terms>),
}

/// How a session is recorded.
pub struct Terms {
    /// What it is called.
    pub about: About,
    /// rec's own keys begin with this one.
    pub prefix: Option<u8>,
    /// What stands between the client and its server.
    pub tap: Option<tap::Plan>,
    /// Why there is nothing, where the client has a server.
    untapped: Option<String>,
    capture: Limits,
    paths: Paths,
    retention: Retention,
    log: Log,
    refuse: bool,
}

/// What is read before anything is decided.
struct Ground {
    paths: Paths,
    log: Log,
    config: Config,
}

/// Reads it; `None` where that is said to be no recording.
fn ground(request: &Request, person: &mut dyn Person) -> Result<Option<Ground>, Refused> {
    let paths = match Paths::find(request.vault.clone(), request.config.clone()) {
        Ok(paths) => paths,
        // Without a home there is no log either.
        Err(why @ NoHome) => {
            if stderr().is_terminal() {
                person.say(&format!("rec: not recording: {why}"));
            }
            return Ok(None);
        }
    };
    let log = Log::new(&paths.state);
    match Config::load(&paths) {
        Ok(config) => Ok(Some(Ground { paths, log, config })),
        Err(error) if error.asks_to_refuse() => Err(Refused::Config(error)),
        Err(error) => {
            tell(person, &log, &format!("not recording: {error}"));
            Ok(None)
        }
    }
}

/// Decides whether to record; asks the person where the scope says so.
///
/// # Errors
/// Nothing is to run.
pub fn plan(request: &Request, person: &mut dyn Person) -> Result<Plan, Refused> {
    let Some(Ground { paths, log, config }) = ground(request, person)? else {
        return Ok(Plan::Unrecorded);
    };
    let mut about = About {
        argv: request.argv.clone(),
        target: Default::default(),
        size: Size { cols: 0, rows: 0 },
        started: now(),
        masking: Own::default(),
    };
    let client = about.client();
    let family = clients::family(&client, &config.clients);
    about.target = clients::target(family, &about.argv, &|name| std::env::var_os(name));
    match config.scope.decide(&client, &about.target) {
        Decision::Record => {}
        Decision::Never => return Ok(Plan::Unrecorded),
        Decision::Ask if person.present() => {
            let what = format!("{client} {}", about.target.label());
            if !person.record(&printable(what.trim_end())) {
                return Ok(Plan::Unrecorded);
            }
        }
        Decision::Ask => {
            let why =
                format!("{client} was not recorded: its scope asks, and nobody could be asked");
            tell(person, &log, &why);
            return Ok(Plan::Unrecorded);
        }
    }
    if control::nested(&paths.runtime) {
        return Ok(Plan::Unrecorded);
    }
    let (tap, untapped) = match tap::plan(family, &mut about, &paths.runtime, config.listen) {
        Ok(plan) => (Some(plan), None),
        Err(Aside::Silent) => (None, clients::starter::unseen(&about.argv, &config.clients)),
        Err(Aside::Noted(why)) => (None, Some(why)),
        Err(Aside::Off) => {
            let why = "the connection is not recorded: [tap] listen = \"off\"";
            (None, Some(why.to_owned()))
        }
        Err(Aside::Because(why)) => {
            let why = format!("only the terminal is recorded, not the connection: {why}");
            tell(person, &log, &why);
            (None, Some(why))
        }
    };
    if let Some(remark) = tap.as_ref().and_then(|tap| tap.remark.as_ref())
        && (!remark.once || first_time(&paths.state))
    {
        tell(person, &log, &remark.text);
    }
    about.masking = config.masking.of(&client, &about.target);
    Ok(Plan::Record(Box::new(Terms {
        about,
        tap,
        untapped,
        prefix: config.prefix,
        capture: config.capture,
        retention: config.retention,
        paths,
        log,
        refuse: config.on_failure == OnFailure::Refuse,
    })))
}

/// Whether nobody has been told before, who can be told now.
fn first_time(state: &Path) -> bool {
    if !stderr().is_terminal() {
        return false;
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(state);
    made.and_then(|()| File::create_new(state.join(PROPOSED)).map(drop))
        .is_ok()
}

/// Listeners that are held open for others, and how they are reached.
pub struct Holding {
    /// How it is recorded.
    pub terms: Terms,
    /// As a client takes them.
    pub addresses: Vec<String>,
}

/// Plans to hold listeners open in the place of the servers that the request's last word names.
///
/// # Errors
/// Nothing can be recorded, or nothing can listen.
pub fn plan_hold(request: &Request, person: &mut dyn Person) -> Result<Holding, super::Error> {
    let not_recorded = || super::Error::NotHeld("nothing would be recorded".to_owned());
    let ground = ground(request, person)?;
    let Ground { paths, log, config } = ground.ok_or_else(not_recorded)?;
    let mut about = About {
        argv: request.argv.clone(),
        target: Default::default(),
        size: Size { cols: 0, rows: 0 },
        started: now(),
        masking: Own::default(),
    };
    let target = request.argv.last().map(|word| word.to_string_lossy());
    let held = tap::hold(&target.unwrap_or_default(), &mut about, &paths.runtime);
    let tap::Held { plan, addresses } = held.map_err(|aside| match aside {
        Aside::Because(why) | Aside::Noted(why) => super::Error::NotHeld(why),
        Aside::Silent | Aside::Off => not_recorded(),
    })?;
    about.masking = config.masking.of(&about.client(), &about.target);
    let terms = Terms {
        about,
        tap: Some(plan),
        untapped: None,
        prefix: None,
        capture: config.capture,
        retention: config.retention,
        paths,
        log,
        refuse: config.on_failure == OnFailure::Refuse,
    };
    Ok(Holding { terms, addresses })
}

impl Terms {
    /// The client goes without a tap after all.
    pub(super) fn leave_tap(&mut self) {
        self.tap = None;
    }

    /// Where to record to; makes the vault if there is none. `None` runs the client unrecorded. Only
    /// to be called while the process has one thread.
    ///
    /// # Errors
    /// Nothing is to run.
    pub fn place(&self, person: &mut dyn Person) -> Result<Option<Place>, Refused> {
        let Some(keeper) = self.keeper() else {
            return self.place_here(person);
        };
        // One behind a file system that does not say may still come.
        if !self.refuse && keeper.stands(STANDS_WAIT) != Some(false) {
            return Ok(Some(Place::Apart(keeper)));
        }
        let here = self.place_here(person)?;
        Ok(here.map(|_| Place::Apart(keeper)))
    }

    /// The process that writes a vault whose file system may hang.
    fn keeper(&self) -> Option<Apart> {
        if !mounts::may_hang(&self.paths.vault) {
            return None;
        }
        keeper::fork(&self.paths, &self.retention, &self.log)
            .inspect_err(|error| {
                self.log
                    .line(&format!("no process to write the vault: {error}"))
            })
            .ok()
    }

    fn place_here(&self, person: &mut dyn Person) -> Result<Option<Place>, Refused> {
        // A vault that stands there is opened beside the client's start, unless that must wait.
        if !self.refuse && Vault::stands(&self.paths) {
            return Ok(Some(Place::At(Box::new(self.paths.clone()))));
        }
        match vault::ensure_for_recording(&self.paths) {
            Ok(Ensured::Ready(vault)) => Ok(Some(Place::Open(Box::new(vault)))),
            Ok(Ensured::Created(created)) => Ok(Some(self.created(created, person))),
            Ok(Ensured::Ask(why)) => self.ask(&why, person),
            Err(error) => self.failed(error, person),
        }
    }

    fn created(&self, created: Created, person: &mut dyn Person) -> Place {
        if stderr().is_terminal() {
            person.made(&created);
        } else {
            let dir = created.vault.dir().display();
            self.log.line(&format!("made a vault in {dir}"));
        }
        Place::Open(Box::new(created.vault))
    }

    fn ask(&self, why: &KeyringError, person: &mut dyn Person) -> Result<Option<Place>, Refused> {
        if !person.present() {
            let dir = self.paths.vault.clone();
            let text = format!("no vault yet, and {why}; rec init makes one");
            if self.refuse {
                return Err(Refused::Vault(vault::Error::NoVault { dir }));
            }
            tell(person, &self.log, &format!("not recording: {text}"));
            return Ok(None);
        }
        match person.first_vault(why) {
            Choice::Nothing => Err(Refused::Wish),
            Choice::Unrecorded if self.refuse => Err(Refused::Vault(vault::Error::NoVault {
                dir: self.paths.vault.clone(),
            })),
            Choice::Unrecorded => Ok(None),
            Choice::Make(key) => match vault::create(&self.paths, key) {
                Ok(created) => Ok(Some(self.created(created, person))),
                Err(error) => self.failed(error, person),
            },
        }
    }

    fn failed(
        &self,
        error: vault::Error,
        person: &mut dyn Person,
    ) -> Result<Option<Place>, Refused> {
        if self.refuse {
            return Err(Refused::Vault(error));
        }
        let text = format!("not recording: {error} (rec doctor says more)");
        tell(person, &self.log, &text);
        Ok(None)
    }
}

/// A session under way.
pub struct Session {
    /// Where the relay's copies go.
    pub feed: Arc<Feed>,
    /// What the recorder says.
    pub shared: Arc<Shared>,
    recorder: Option<Recorder>,
    tap: Option<Tap>,
    _control: Option<Control>,
    limits: (Paths, Retention),
    log: Log,
}

impl Session {
    /// Begins it. `tty` is the device number of the client's terminal.
    pub fn begin(terms: Terms, place: Place, waker: Waker, tty: Option<u64>) -> Session {
        // The client was forked before: its limit is its own.
        sys::leave_no_core();
        on_panic(terms.log.clone());
        let feed = Arc::new(Feed::new(Instant::now()));
        let shared = Arc::new(Shared::new(waker, terms.log.clone(), terms.refuse));
        let started = Recorder::start(place, terms.about, Arc::clone(&feed), Arc::clone(&shared));
        let recorder = started
            .inspect_err(|error| {
                feed.close();
                shared.not_recorded(error);
            })
            .ok();
        let started = terms
            .tap
            .map(|plan| Tap::start(plan, terms.capture, Arc::clone(&feed)));
        let failed = started.as_ref().and_then(|started| started.as_ref().err());
        let failed = failed.map(|error| format!("the connection is not recorded: {error}"));
        if let Some(detail) = failed.or(terms.untapped) {
            feed.gap(Gap {
                kind: GapKind::Bypassed,
                bytes: 0,
                detail,
            });
        }
        let tap = started.and_then(Result::ok);
        let control = tty.and_then(|tty| {
            Control::open(&terms.paths.runtime, tty, Arc::clone(&shared))
                .inspect_err(|error| terms.log.line(&format!("no control socket: {error}")))
                .ok()
        });
        Session {
            feed,
            shared,
            recorder,
            tap,
            _control: control,
            limits: (terms.paths, terms.retention),
            log: terms.log,
        }
    }

    /// Whether the client is to be led through the tap.
    pub fn is_tapped(&self) -> bool {
        self.tap.is_some()
    }

    /// Ends it as if it had never been: there was no client.
    pub fn forget(self) {
        self.feed.urgent(What::Discard, None);
        self.recorder
            .and_then(|recorder| recorder.end(&self.shared));
    }

    /// Ends it with the client's end, and says in one line what was recorded.
    pub fn end(self, exit: Exit, person: &mut dyn Person) {
        // What the connections carried last comes before the client's end.
        if let Some(tap) = self.tap {
            tap.end();
        }
        self.feed.urgent(What::Exit(exit), None);
        let finished = self
            .recorder
            .and_then(|recorder| recorder.end(&self.shared));
        for notice in self.shared.notices() {
            // What there is no terminal for stands in the log already.
            if stderr().is_terminal() {
                person.say(&notice);
            }
        }
        let Some(finished) = finished else { return };
        let line = last_line(&finished);
        if stderr().is_terminal() {
            person.say(&line);
        } else if finished.closed.is_err() {
            self.log.line(&line);
        }
        let (paths, retention) = self.limits;
        if finished.closed.is_err() || retention.is_silent() {
            return;
        }
        let line = match finished.after {
            Some(after) => after.recv_timeout(prune::WAIT).ok(),
            None => prune::after(paths, retention, &self.log),
        };
        if let Some(line) = line {
            if stderr().is_terminal() {
                person.say(&line);
            } else {
                self.log.line(&line);
            }
        }
    }
}

/// `rec: 7f3a  4m12s  12 commands, 2 masked   rec play 7f3a`.
fn last_line(finished: &Finished) -> String {
    let (short, summary) = (&finished.short, &finished.summary);
    if let Err(why) = &finished.closed {
        if finished.after.is_some() && why.kind == FailureKind::Hung {
            return format!(
                "rec: the end of {short} could not be committed yet: {why}; a process of rec's stays behind and does it when it answers   rec show {short}"
            );
        }
        let remedy = why.kind.remedy();
        if why.nothing {
            let what = match why.kind {
                // A write that failed may have come through all the same.
                FailureKind::Failed => "is sure to be kept",
                _ => "is recorded",
            };
            return format!("rec: nothing of this session {what}: {why}; {remedy}");
        }
        return format!(
            "rec: the end of {short} could not be committed: {why}; what was before is kept; {remedy}   rec show {short}"
        );
    }
    let counted =
        |n: u32, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let mut parts = vec![counted(summary.commands, "command", "commands")];
    parts.push(format!("{} masked", summary.masked_total()));
    if summary.gaps_total() > 0 {
        parts.push(counted(summary.gaps_total(), "gap", "gaps"));
    }
    let length = when::length(Duration::from_micros(summary.duration.0));
    format!(
        "rec: {short}  {length}  {}   rec play {short}",
        parts.join(", ")
    )
}

/// From here on a panic says where it was and nothing of what was at hand; one of the relay's gives
/// the terminal back first.
fn on_panic(log: Log) {
    let relay = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        let place = info
            .location()
            .map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        let line = format!("rec {}: internal error{place}", env!("CARGO_PKG_VERSION"));
        log.line(&line);
        if std::thread::current().id() == relay {
            terminal::restore();
            let _ = writeln!(stderr(), "rec: {line}; please report it");
        }
    }));
}

/// Says it on the terminal, or in rec's log where stderr is none.
fn tell(person: &mut dyn Person, log: &Log, text: &str) {
    let text = printable(text);
    if stderr().is_terminal() {
        person.say(&format!("rec: {text}"));
    } else {
        log.line(&text);
    }
}

fn now() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let micros = since.map_or(0, |since| since.as_micros());
    Stamp(i64::try_from(micros).unwrap_or(i64::MAX))
}
