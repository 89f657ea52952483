//! The tap: rec on the local end of the database connection.
//!
//! Everything that can fail is done before the client is forked: a [`Plan`] holds a private
//! directory, the bound listeners, and the client's words and variables with the tap in the way.
//! Whatever fails until then leaves the client its own words, and the recording says so (P1). After
//! the fork a [`Tap`] serves the listeners on a thread of its own, on a current-thread runtime that
//! exists only where there is a tap.
//!
//! * [`dir`] the private directory; [`listen`] sockets in it, and who may connect
//! * [`upstream`] the way to the server, [`lookup`] its name; [`tls`] how it is protected
//! * [`relay`] bytes in both directions; [`observer`] the copy that is read along; [`presence`]
//!   whether the client went past all this
//! * [`postgres`], [`mysql`] what each protocol asks for before bytes can be relayed
//! * [`program`] which file a client's first word starts
//!
//! A protocol is a [`Protocol`]: it is given a connection of the client and serves it to its end.

mod dir;
mod eager;
mod listen;
mod lookup;
pub mod mysql;
mod observer;
pub mod postgres;
mod presence;
mod program;
mod relay;
mod stream;
pub mod tls;
mod upstream;

pub use dir::{Dir, private};
pub use listen::Listener;
pub use observer::Observer;
use presence::Presence;
pub use stream::Stream;
pub use upstream::{Keepalive, Place};

use super::about::About;
use super::clients::mysql::address::is_address;
use super::exec::Led;
use super::feed::Feed;
use super::sys;
use crate::config::{Family, Listen};
use crate::model::Gap;
use crate::wire::{Decoder, Limits};
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// How long connections may take to end once the client has: their ends are closed already, and
/// what is left is to read what lies in them.
const DRAIN: Duration = Duration::from_secs(1);

/// How long the session's end waits for the tap. Longer than [`DRAIN`], for a busy machine.
const END_MAX: Duration = Duration::from_secs(3);

/// When no descriptor is left for a connection, so long until the next try.
const AGAIN: Duration = Duration::from_millis(50);

/// What serves a connection to its end.
pub type Served = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is waited for.
pub type Waits<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A database protocol on the data path.
pub trait Protocol: Send + Sync {
    /// Serves a connection that the client made, from its first byte to its end.
    fn serve(self: Arc<Self>, local: Stream, context: Context) -> Served;

    /// Resolves when the server cannot be reached: until it is [back](Self::back), who connects here
    /// is to find nobody either.
    fn away(&self) -> Waits<'_, Away> {
        Box::pin(std::future::pending())
    }

    /// Resolves when a server that was away may be reached again.
    fn back(&self) -> Waits<'_, ()> {
        Box::pin(std::future::pending())
    }
}

/// How the socket of a server looks that cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// There is none.
    Absent,
    /// Nobody listens on it.
    Refuses,
}

/// A tap that is ready for its client. Dropped, it leaves nothing behind.
pub struct Plan {
    /// The client with the tap in the way.
    pub led: Led,
    /// Where the listeners stand.
    pub dir: Dir,
    /// What is listened on, and what serves it.
    pub listeners: Vec<(Listener, Arc<dyn Protocol>)>,
    /// Whether a client that lives on without a connection must have gone past the tap.
    pub interactive: bool,
    /// Something for the person to know.
    pub remark: Option<Remark>,
}

/// Something for the person to know of a tap.
pub struct Remark {
    /// What.
    pub text: String,
    /// It is said once and never again.
    pub once: bool,
}

/// Listeners without a client of rec's own.
pub struct Held {
    /// What stands in the servers' place.
    pub plan: Plan,
    /// How it is reached, as a client takes it.
    pub addresses: Vec<String>,
}

/// Why there is no tap.
pub enum Aside {
    /// The client connects to nothing, or says itself what is wrong.
    Silent,
    /// This is why, for the person.
    Because(String),
    /// For the recording alone: it will get no connection (its server cannot be reached, a file of
    /// its cannot be used) and says so itself, or it sends nothing.
    Noted(String),
    /// The person knows: the configuration says so.
    Off,
}

/// Puts a tap before the client of `about`, one of `family`. What is learned of its target on the
/// way is added to what is known.
///
/// # Errors
/// The client goes without.
pub fn plan(
    family: Option<Family>,
    about: &mut About,
    runtime: &Path,
    listen: Listen,
) -> Result<Plan, Aside> {
    match family {
        Some(Family::Psql | Family::Mysql) if listen == Listen::Off => Err(Aside::Off),
        Some(Family::Psql) => postgres::plan(about, runtime, listen),
        Some(Family::Mysql) => mysql::plan(about, runtime),
        Some(Family::Ssh) | None => Err(Aside::Silent),
    }
}

/// Listens in the place of the servers that `target` names.
///
/// # Errors
/// It names none that rec can lead to.
pub fn hold(target: &str, about: &mut About, runtime: &Path) -> Result<Held, Aside> {
    match is_address(target) {
        true => mysql::hold(target, about, runtime),
        false => postgres::hold(target, about, runtime),
    }
}

/// What a connection needs of the session.
#[derive(Clone)]
pub struct Context {
    feed: Arc<Feed>,
    limits: Limits,
    numbers: Arc<AtomicU32>,
    sessions: watch::Sender<presence::State>,
    /// Held by each connection, so that the end waits for them.
    _alive: mpsc::Sender<()>,
}

impl Context {
    /// How much of a statement's result is kept.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Begins to read a new connection along with `decoder`.
    pub fn observe(&self, decoder: Box<dyn Decoder>) -> Observer {
        let number = self.numbers.fetch_add(1, Relaxed) + 1;
        Observer::new(number, decoder, Arc::clone(&self.feed))
    }

    /// For a connection that is not read.
    fn unread(&self) -> Observer {
        Observer::none(Arc::clone(&self.feed))
    }

    /// A session of the client, which is at the other end of `local`, is open, until what this gives
    /// is dropped.
    fn present(&self, local: &Stream) -> Presence {
        Presence::new(self.sessions.clone(), local.process())
    }

    /// Something is not seen.
    fn gap(&self, gap: Gap) {
        self.feed.gap(gap);
    }
}

/// A tap at work.
pub struct Tap {
    stop: Option<oneshot::Sender<()>>,
    done: Receiver<()>,
    _dir: Dir,
}

impl Tap {
    /// Starts to serve, keeping so much of each statement's result. Only to be called after the client was forked.
    ///
    /// # Errors
    /// No thread or descriptor to be had.
    pub fn start(plan: Plan, limits: Limits, feed: Arc<Feed>) -> io::Result<Tap> {
        sys::allow_open_files();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let (done_sender, done) = channel();
        let (listeners, interactive) = (plan.listeners, plan.interactive);
        let thread = std::thread::Builder::new().name("tap".into());
        thread.spawn(move || {
            runtime.block_on(serve(listeners, interactive, limits, feed, stopped));
            // Connections of what the client left behind are cut here, and told as ended. A name
            // that is still being looked up for one of them is not waited for.
            runtime.shutdown_background();
            let _ = done_sender.send(());
        })?;
        Ok(Tap {
            stop: Some(stop),
            done,
            _dir: plan.dir,
        })
    }

    /// The client has ended: reads what is left and stops.
    pub fn end(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let _ = self.done.recv_timeout(END_MAX);
    }
}

async fn serve(
    listeners: Vec<(Listener, Arc<dyn Protocol>)>,
    interactive: bool,
    limits: Limits,
    feed: Arc<Feed>,
    stopped: oneshot::Receiver<()>,
) {
    let (alive, mut ended) = mpsc::channel(1);
    let (sessions, state) = watch::channel(presence::State::default());
    let context = Context {
        feed: Arc::clone(&feed),
        limits,
        numbers: Arc::default(),
        sessions,
        _alive: alive,
    };
    let mut tasks: Vec<_> = listeners
        .into_iter()
        .map(|(listener, protocol)| tokio::spawn(accept(listener, protocol, context.clone())))
        .collect();
    drop(context);
    match interactive {
        true => tasks.push(tokio::spawn(presence::watch(state, feed))),
        // Nobody watches.
        false => drop(state),
    }
    let _ = stopped.await;
    for task in tasks {
        task.abort();
    }
    // Ends when the last connection has let go of its context.
    let _ = tokio::time::timeout(DRAIN, ended.recv()).await;
}

async fn accept(listener: Listener, protocol: Arc<dyn Protocol>, context: Context) {
    let Ok(mut listener) = listener.listen() else {
        return;
    };
    loop {
        tokio::select! {
            // Whoever comes after the server was missed is not to be taken in.
            biased;
            away = protocol.away() => {
                listener.shut(away);
                protocol.back().await;
                while listener.open().is_err() {
                    tokio::time::sleep(AGAIN).await;
                }
            }
            accepted = listener.accept() => match accepted {
                Ok(Some(local)) => {
                    tokio::spawn(Arc::clone(&protocol).serve(local, context.clone()));
                }
                // Another user's.
                Ok(None) => {}
                Err(_) => tokio::time::sleep(AGAIN).await,
            },
        }
    }
}
