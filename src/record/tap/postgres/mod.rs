//! PostgreSQL on the data path: what is asked before a session, the login, cancels.
//!
//! The local leg is never encrypted: it is a socket in a private directory, or the loopback. So
//! the client is told that there is no encryption to be had, and the connection to the server gets
//! what the user asked for. Of all that passes one thing is rewritten: the offer of a login that
//! binds itself to the client's own TLS connection.

mod beside;
mod client;
mod dial;
mod encryption;
mod kerberos;
mod psqlrc;
mod route;
mod stand;
pub mod startup;
mod wrapper;

use dial::{Encryption, SslMode};
pub use route::{hold, plan};

use super::relay::{Ends, relay};
use super::{Context, Keepalive, Observer, Place, Protocol, Served, Stream};
use crate::model::{Gap, GapKind};
use crate::record::clients::settings::Host;
use crate::wire::postgres::Decoder;
use dial::{Attempt, Dialled};
use startup::{First, LOGIN_MAX, Login};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long a cancel may take before its client, which waits for it, is let go.
const CANCEL_MAX: Duration = Duration::from_secs(10);

/// A cancel may overtake the query that it means; for so long that query is waited for.
const OVERTAKES: Duration = Duration::from_millis(20);

/// The message with which a client leaves.
const TERMINATE: &[u8] = b"X\0\0\0\x04";

/// A read while a client logs in.
const CHUNK: usize = 8 << 10;

/// A server as the client asked for it.
pub struct Server {
    place: Place,
    /// What its certificate is to name; empty where the client named no host.
    host: String,
    encryption: Arc<Encryption>,
    keepalive: Keepalive,
    sessions: Mutex<Sessions>,
}

/// The sessions that may be cancelled, by key.
#[derive(Default)]
pub struct Sessions {
    open: BTreeMap<Vec<u8>, Session>,
    /// Where the newest one leads, for a key that is not known.
    newest: Option<Attempt>,
}

struct Session {
    attempt: Attempt,
    busy: Arc<AtomicBool>,
}

impl Protocol for Server {
    fn serve(self: Arc<Self>, local: Stream, context: Context) -> Served {
        Box::pin(async move { self.connection(local, context).await })
    }
}

impl Server {
    /// The server at `place`, which the client calls `host`.
    pub fn new(
        place: Place,
        host: String,
        encryption: Arc<Encryption>,
        keepalive: Keepalive,
    ) -> Server {
        Server {
            place,
            host,
            encryption,
            keepalive,
            sessions: Mutex::default(),
        }
    }

    /// Another one, which is asked for in the same way.
    pub fn beside(&self, place: Place) -> Server {
        let encryption = Arc::clone(&self.encryption);
        Server::new(place, self.host.clone(), encryption, self.keepalive.clone())
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    async fn connection(&self, mut local: Stream, context: Context) {
        loop {
            match startup::first(&mut local).await {
                // There is none on the local leg.
                First::Encrypt => {
                    if local.write_all(b"N").await.is_err() {
                        return;
                    }
                }
                First::Cancel(packet) => return self.cancel(local, &packet).await,
                First::Startup(packet) => return self.session(local, &packet, context).await,
                First::Unknown(read) => return self.unknown(local, &read, context).await,
                First::Nothing => return,
            }
        }
    }

    /// A client that encrypts by itself, or speaks something newer: it is let through unread.
    async fn unknown(&self, mut local: Stream, read: &[u8], context: Context) {
        let Ok(reached) = self.place.connect(&self.keepalive).await else {
            return;
        };
        context.gap(Gap {
            kind: GapKind::Bypassed,
            bytes: 0,
            detail: "a connection that encrypts by itself passed unread".to_owned(),
        });
        let mut upstream = reached.stream;
        if upstream.write_all(read).await.is_ok() {
            let ends = Ends::with(&[]);
            relay(&mut local, &mut upstream, &mut context.unread(), ends).await;
        }
    }

    /// Forwards a cancel to where its session leads. The server gives no answer but the end of the
    /// connection, which the client waits for.
    async fn cancel(&self, mut local: Stream, packet: &[u8]) {
        let work = async {
            let (attempt, busy) = self.cancelled(startup::cancel_key(packet))?;
            if let Some(busy) = busy
                && !busy.load(Relaxed)
            {
                tokio::time::sleep(OVERTAKES).await;
                // Late: it would hit the session's next query.
                busy.load(Relaxed).then_some(())?;
            }
            let mut upstream = self.dial(&attempt).await.ok()?.stream;
            upstream.write_all(packet).await.ok()?;
            upstream.flush().await.ok()?;
            let mut byte = [0];
            let _ = upstream.read(&mut byte).await;
            Some(())
        };
        let _ = tokio::time::timeout(CANCEL_MAX, work).await;
        let _ = local.shutdown().await;
    }

    fn cancelled(&self, key: &[u8]) -> Option<(Attempt, Option<Arc<AtomicBool>>)> {
        let sessions = self.sessions();
        match sessions.open.get(key) {
            Some(session) => Some((session.attempt.clone(), Some(Arc::clone(&session.busy)))),
            None => Some((sessions.newest.clone()?, None)),
        }
    }

    /// A session, from the startup packet on.
    async fn session(&self, mut local: Stream, packet: &[u8], context: Context) {
        let dialled = tokio::select! {
            dialled = self.start(packet) => dialled,
            // The client does not wait any longer: its timeout, or Ctrl-C.
            () = local.closed() => return,
        };
        let (dialled, read) = match dialled {
            Ok(dialled) => dialled,
            Err(refused) => {
                let refusal = startup::refusal(refused.code, &refused.message);
                let _ = local.write_all(&refusal).await;
                let _ = local.shutdown().await;
                return;
            }
        };
        let Dialled { stream, attempt } = dialled;
        let mut upstream = stream;
        let decoder = Decoder::new(context.limits()).protected(upstream.protection());
        let mut observer = context.observe(Box::new(decoder));
        observer.client(packet);
        let mut login = LoggingIn {
            server: self,
            attempt,
            read,
            key: None,
        };
        if login.run(&mut local, &mut upstream, &mut observer).await {
            let presence = context.present(&local);
            let ends = Ends::with(TERMINATE);
            let ended = relay(&mut local, &mut upstream, &mut observer, ends).await;
            presence.ended(ended);
        }
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client on its way in.
struct LoggingIn<'a> {
    server: &'a Server,
    attempt: Attempt,
    /// What the server sent and the client has not got.
    read: Vec<u8>,
    key: Option<Vec<u8>>,
}

impl LoggingIn<'_> {
    /// Hands messages on one by one until the session is ready; false when a side is lost.
    async fn run(
        &mut self,
        local: &mut Stream,
        upstream: &mut Stream,
        observer: &mut Observer,
    ) -> bool {
        let mut from_client = [0; CHUNK];
        loop {
            let (forward, over) = self.messages(observer);
            if !forward.is_empty() {
                if local.write_all(&forward).await.is_err() {
                    return false;
                }
                observer.server(&forward);
            }
            if over {
                return true;
            }
            // What the server says once the client is in is read at once, and not as it happens to fit.
            self.read.reserve(CHUNK);
            let lost = tokio::select! {
                read = upstream.read_buf(&mut self.read) => read.unwrap_or(0) == 0,
                read = local.read(&mut from_client) => {
                    let sent = from_client.get(..read.unwrap_or(0)).unwrap_or_default();
                    // One that asks the person for a password goes, and comes back with it.
                    let lost = sent.is_empty() || sent_on(upstream, sent).await.is_err();
                    observer.client(sent);
                    lost
                }
            };
            if lost {
                // Half a message is all there is.
                let rest = std::mem::take(&mut self.read);
                let written = local.write_all(&rest).await;
                observer.server(&rest);
                return written.is_ok();
            }
        }
    }

    /// The whole messages that were read, as the client is to see them, and whether the rest of
    /// the connection may go through as it is.
    fn messages(&mut self, observer: &Observer) -> (Vec<u8>, bool) {
        let mut forward = Vec::new();
        let mut over = false;
        while let Some(length) = startup::message_length(&self.read) {
            if length > LOGIN_MAX {
                over = true;
                break;
            }
            if length > self.read.len() {
                break;
            }
            let message: Vec<u8> = self.read.drain(..length).collect();
            match startup::login(&message) {
                Login::Asks(rewritten) => {
                    forward.extend(rewritten);
                    continue;
                }
                Login::Key(key) => {
                    let session = Session {
                        attempt: self.attempt.clone(),
                        busy: observer.busy(),
                    };
                    self.server.sessions().open.insert(key.clone(), session);
                    self.key = Some(key);
                }
                Login::Ready => {
                    self.server.sessions().newest = Some(self.attempt.clone());
                    over = true;
                }
                Login::Ok | Login::Error | Login::Other => {}
            }
            forward.extend(message);
            if over {
                break;
            }
        }
        if over {
            forward.append(&mut self.read);
        }
        (forward, over)
    }
}

async fn sent_on(upstream: &mut Stream, bytes: &[u8]) -> std::io::Result<()> {
    upstream.write_all(bytes).await?;
    upstream.flush().await
}

impl Drop for LoggingIn<'_> {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            self.server.sessions().open.remove(key);
        }
    }
}
