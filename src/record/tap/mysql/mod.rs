//! MySQL and MariaDB on the data path: the greeting, the login, TLS to the server.
//!
//! The local leg is a unix socket in a private directory, which clients take for a safe transport.
//! It is never encrypted: the greeting loses its offer of TLS, and the connection to the server gets
//! what the user asked for. That costs one packet more there, so the sequence ids of the login
//! differ by one; nothing else is changed. From the welcome on, bytes go through as they come.
//!
//! * [`route`] where the client would connect to, and how it is led here; [`ask`] what it says itself;
//!   [`hold`] for clients that rec does not start
//! * [`packet`], [`login`] the exchange up to the welcome; [`protect`] TLS

mod ask;
mod hold;
mod login;
mod packet;
mod protect;
mod route;

pub use hold::hold;
pub use protect::Protect;
pub use route::plan;

use super::upstream::{Reached, Unreached, system_words};
use super::{Context, Keepalive, Observer, Place, Protocol, Served, Stream};
use crate::model::{Gap, GapKind};
use crate::wire::mysql::Decoder;
use login::{Act, Keys, Login, Way};
use packet::{Greeting, Packet, Payload, Response, error, packet, send, stand_in};
use std::sync::Arc;
use tokio::io::AsyncWriteExt;

/// COM_QUIT: a client that leaves says so, and the server closes.
const QUIT: &[u8] = &[1, 0, 0, 0, 1];

/// A server as the client asked for it.
pub struct Server {
    place: Place,
    protect: Protect,
    keys: Keys,
}

impl Protocol for Server {
    fn serve(self: Arc<Self>, local: Stream, context: Context) -> Served {
        Box::pin(async move {
            // A side that is lost is told to the other one by its end.
            let _ = self.connection(local, context).await;
        })
    }
}

/// ER_UNKNOWN_ERROR. The clients' own numbers for these failures (2002, 2026) no server may send: a
/// client takes such a packet for a forgery.
const FAILED: u16 = 1105;

impl Server {
    /// The server at `place`.
    pub fn new(place: Place, protect: Protect, keys: Keys) -> Server {
        Server {
            place,
            protect,
            keys,
        }
    }

    async fn connection(&self, mut local: Stream, context: Context) -> std::io::Result<()> {
        let keepalive = Keepalive::default();
        let reached = tokio::select! {
            reached = self.place.connect(&keepalive) => reached,
            // The client does not wait any longer: its timeout, or Ctrl-C.
            () = local.closed() => return Ok(()),
        };
        let Reached { mut stream, .. } = match reached {
            Ok(reached) => reached,
            Err(unreached) => {
                let why = self.unreached(&unreached);
                return refuse(&mut local, &stand_in(), &why).await;
            }
        };
        let first = tokio::select! {
            first = Packet::read(&mut stream) => first?,
            () = local.closed() => return Ok(()),
        };
        let sequence = first.sequence;
        let sent = first.payload.clone();
        let Some(greeting) = Greeting::new(first.payload) else {
            return self
                .unread(local, stream, &packet(sequence, &sent), &context)
                .await;
        };
        let offers = greeting.has_tls();
        if self.protect.is_required() && !offers {
            let why = "TLS/SSL error: SSL is required, but the server does not support it";
            return refuse(&mut local, &greeting.without_tls(), why).await;
        }
        let shown = packet(0, &greeting.without_tls());
        send(&mut local, &shown).await?;
        let answered = Packet::read(&mut local).await?;
        let response = Response(&answered.payload);
        if !response.is_whole() {
            // Older than 4.1, or one that asks for TLS unbidden: nothing is known of what follows.
            return Ok(());
        }
        let mut to_server = 1;
        let protected = self.protect.is_wanted() && offers;
        if protected {
            send(&mut stream, &packet(1, &response.tls_request())).await?;
            to_server = 2;
            stream = match self.protect.stream(stream).await {
                Ok(stream) => stream,
                Err(why) => {
                    let message = format!("TLS/SSL error: {why}");
                    return send(&mut local, &packet(2, &error(FAILED, "HY000", &message))).await;
                }
            };
        }
        let way = match (&self.place, protected) {
            (_, true) => Way::Protected,
            (Place::Socket(_), false) => Way::Socket,
            (Place::Network { .. }, false) => Way::Plain,
        };
        let tls = stream.protection();
        let decoder = Decoder::new(context.limits()).protected(tls);
        let mut observer = context.observe(Box::new(decoder));
        observer.server(&shown);
        observer.client(&packet(1, &answered.payload));
        let mut login = Login::new(
            way,
            self.keys.clone(),
            self.host(),
            greeting.salt(),
            to_server,
        );
        let forwarded = match protected {
            true => response.with_tls(),
            false => answered.payload.clone(),
        };
        let acts = login.response(&forwarded, response.plugin());
        let mut exchange = Exchange {
            local,
            upstream: stream,
            observer,
        };
        if exchange.log_in(login, acts).await? {
            let presence = context.present();
            let Exchange {
                local,
                upstream,
                observer,
            } = &mut exchange;
            let ended = super::relay::relay(local, upstream, observer, QUIT).await;
            presence.ended(ended);
        }
        Ok(())
    }

    fn host(&self) -> &str {
        match &self.place {
            Place::Socket(_) => "localhost",
            Place::Network { host, .. } => host,
        }
    }

    /// As the clients put it.
    fn unreached(&self, unreached: &Unreached) -> String {
        let reason = &unreached.reason;
        let number = reason.raw_os_error();
        match &self.place {
            Place::Socket(path) => format!(
                "Can't connect to local server through socket '{}' ({})",
                path.display(),
                number.unwrap_or_default()
            ),
            Place::Network { host, .. } if unreached.address.is_none() => {
                format!("Unknown server host '{host}' ({})", system_words(reason))
            }
            Place::Network { host, .. } => {
                format!(
                    "Can't connect to server on '{host}' ({})",
                    number.unwrap_or_default()
                )
            }
        }
    }

    /// A server that does not greet: it says why, or speaks something older.
    async fn unread(
        &self,
        mut local: Stream,
        mut upstream: Stream,
        first: &[u8],
        context: &Context,
    ) -> std::io::Result<()> {
        let refuses = first.get(4) == Some(&0xFF);
        let mut observer = if refuses {
            context.observe(Box::new(Decoder::new(context.limits())))
        } else {
            context.gap(Gap {
                kind: GapKind::Bypassed,
                bytes: 0,
                detail: "a server of another protocol passed unread".to_owned(),
            });
            context.unread()
        };
        send(&mut local, first).await?;
        observer.server(first);
        super::relay::relay(&mut local, &mut upstream, &mut observer, QUIT).await;
        Ok(())
    }
}

/// Greets, and tells why there is no connection once the client has answered.
async fn refuse(local: &mut Stream, greeting: &[u8], why: &str) -> std::io::Result<()> {
    send(local, &packet(0, greeting)).await?;
    let answered = Packet::read(local).await?;
    let next = answered.sequence.wrapping_add(1);
    send(local, &packet(next, &error(FAILED, "HY000", why))).await?;
    local.shutdown().await
}

/// Both sides of a connection.
struct Exchange {
    local: Stream,
    upstream: Stream,
    observer: Observer,
}

impl Exchange {
    /// Carries the login, packet by packet, to its end; false where the client does not get in.
    async fn log_in(&mut self, mut login: Login, mut acts: Vec<Act>) -> std::io::Result<bool> {
        loop {
            for act in acts {
                match act {
                    Act::Client(packet) => self.forward(&packet).await?,
                    Act::Server(packet) => send(&mut self.upstream, &packet).await?,
                    Act::In => return Ok(true),
                    Act::Over => {
                        self.local.shutdown().await?;
                        return Ok(false);
                    }
                }
            }
            acts = tokio::select! {
                packet = Packet::read(&mut self.upstream) => {
                    let Packet { sequence, payload } = packet?;
                    login.server(sequence, &payload)
                }
                packet = Packet::read(&mut self.local) => {
                    let Packet { sequence, payload } = packet?;
                    self.observer.client(&packet::packet(sequence, &payload));
                    login.client(sequence, &payload)
                }
            };
        }
    }

    async fn forward(&mut self, packet: &Payload) -> std::io::Result<()> {
        send(&mut self.local, packet).await?;
        self.observer.server(packet);
        Ok(())
    }
}
