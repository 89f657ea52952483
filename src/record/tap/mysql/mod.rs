//! MySQL and MariaDB on the data path: the greeting, the login, TLS to the server.
//!
//! The local leg is a unix socket in a private directory, which clients take for a safe transport.
//! What is recorded is never encrypted there: the greeting loses its offer of TLS, and the connection
//! to the server gets what the user asked for. That costs one packet more there, so the sequence ids
//! of the login differ by one; nothing else is changed. From the welcome on, bytes go through as they
//! come, unless the way to the server is in the clear and the client asks to be another user.
//!
//! Where the user asked for no TLS, the offer stays: a program may ask for it by its own lights for one
//! of its connections, as `connect` in mysqltest's scripts does. What it then asks of the server's
//! certificate and of ciphers only the program knows, so it is left to the two of them: such a
//! connection passes unread, and the recording says so. To end its TLS at rec would record it, and
//! would check the server by less than the program wants.
//!
//! * [`route`] where the client would connect to, and how it is led here; [`ask`] what it says itself;
//!   [`hold`] for clients that rec does not start
//! * [`reach`] whether the server is there, and how a client learns that it is not
//! * [`packet`], [`login`], [`exchange`] how a client authenticates; [`guard`] when it does so later;
//!   [`protect`] TLS

mod ask;
mod exchange;
mod guard;
mod hold;
mod login;
mod packet;
mod protect;
mod reach;
mod route;

pub use hold::hold;
pub use protect::Protect;
pub use route::plan;

use super::observer::Settled;
use super::relay::{Ends, First, Relay, Unwatched, Watch};
use super::upstream::{Unreached, system_words};
use super::{Away, Context, Observer, Place, Protocol, Served, Stream, Waits};
use crate::model::{Gap, GapKind};
use crate::wire::mysql::Decoder;
use exchange::{Exchange, Side};
use guard::Guard;
use login::{Keys, Login, Way};
use packet::{Greeting, Payload, Response, error, packet, send, stand_in};
use reach::Reach;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;

/// COM_QUIT: a client that leaves says so, and the server closes.
const QUIT: &[u8] = &[1, 0, 0, 0, 1];

/// A server as the client asked for it.
pub struct Server {
    reach: Reach,
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

    fn away(&self) -> Waits<'_, Away> {
        Box::pin(self.reach.away())
    }

    fn back(&self) -> Waits<'_, ()> {
        Box::pin(self.reach.back())
    }
}

/// ER_UNKNOWN_ERROR. The clients' own numbers for these failures (2002, 2026) no server may send: a
/// client takes such a packet for a forgery.
const FAILED: u16 = 1105;

impl Server {
    /// The server at the end of `reach`.
    pub fn new(reach: Reach, protect: Protect, keys: Keys) -> Server {
        Server {
            reach,
            protect,
            keys,
        }
    }

    async fn connection(&self, mut local: Stream, context: Context) -> std::io::Result<()> {
        let reached = tokio::select! {
            reached = self.reach.connect() => reached,
            // The client does not wait any longer: its timeout, or Ctrl-C.
            () = local.closed() => return Ok(()),
        };
        let stream = match reached {
            Ok(stream) => stream,
            Err(unreached) => return self.absent(local, &unreached, &context).await,
        };
        let mut upstream = Side::new(stream, Payload::default(), false);
        let first = tokio::select! {
            first = upstream.packet() => first?,
            () = local.closed() => return Ok(()),
        };
        // A server speaks once before it is answered: nothing is left behind here.
        let (mut stream, _) = upstream.rest();
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
            return refuse(local, &greeting.without_tls(), why).await;
        }
        // One that came by itself was told how by the address that it was given.
        let own = offers && self.reach.is_led() && !self.protect.is_wanted();
        let shown = match own {
            true => packet(0, &sent),
            false => packet(0, &greeting.without_tls()),
        };
        send(&mut local, &shown).await?;
        let mut local = Side::new(local, Payload::default(), false);
        let answered = local.packet().await?;
        let response = Response(&answered.payload);
        if own && response.asks_for_tls() {
            let why = "a connection that the client itself asked to encrypt passed unread";
            let asked = packet(answered.sequence, &answered.payload);
            return self.passed(local, stream, &asked, why, &context).await;
        }
        if !response.is_whole() {
            if self.protect.is_required() {
                let why = "TLS/SSL error: SSL is required, and this client logs in by a protocol that rec cannot encrypt";
                let sequence = answered.sequence.wrapping_add(1);
                let refusal = packet(sequence, &error(FAILED, "HY000", why));
                return send(&mut local.stream, &refusal).await;
            }
            let why = "a connection whose login is older than MySQL 4.1, or unknown, passed unread";
            let answer = packet(answered.sequence, &answered.payload);
            return self.passed(local, stream, &answer, why, &context).await;
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
                    let refusal = packet(2, &error(FAILED, "HY000", &message));
                    return send(&mut local.stream, &refusal).await;
                }
            };
        }
        let way = match (self.place(), protected) {
            (_, true) => Way::Protected,
            (Place::Socket(_), false) => Way::Socket,
            (Place::Network { .. }, false) => Way::Plain,
        };
        let tls = stream.protection();
        let decoder = Decoder::new(context.limits()).protected(tls);
        let mut observer = context.observe(Box::new(decoder));
        observer.server(&shown);
        observer.client(&packet(1, &answered.payload));
        let (keys, salt) = (self.keys.clone(), greeting.salt());
        let mut login = Login::new(way, keys, self.host(), salt, to_server);
        let forwarded = match protected {
            true => response.with_tls(),
            false => answered.payload.clone(),
        };
        let acts = login.response(&forwarded, response.proof());
        let mut exchange = Exchange {
            local,
            upstream: Side::new(stream, Payload::default(), false),
            observer,
        };
        if !exchange.carry(&mut login, acts).await? {
            return Ok(());
        }
        let presence = context.present(&exchange.local.stream);
        let compressed = response.compresses(greeting.flags());
        let ends = Ends {
            farewell: QUIT,
            server: &|| self.reach.ended(),
        };
        let ended = match way {
            Way::Protected | Way::Socket => relayed(exchange, ends).await,
            Way::Plain => guarded(exchange, login, &response, compressed, ends).await?,
        };
        presence.ended(ended);
        Ok(())
    }

    /// A connection of which nothing can be read behind the client's `first` packet, and `why`.
    async fn passed(
        &self,
        local: Side,
        mut upstream: Stream,
        first: &[u8],
        why: &str,
        context: &Context,
    ) -> std::io::Result<()> {
        context.gap(Gap {
            kind: GapKind::Bypassed,
            bytes: 0,
            detail: why.to_owned(),
        });
        let (mut local, ahead) = local.rest();
        let presence = context.present(&local);
        send(&mut upstream, &[first, &ahead].concat()).await?;
        let ends = Ends {
            farewell: QUIT,
            server: &|| self.reach.ended(),
        };
        let mut unread = context.unread();
        let ended = super::relay::relay(&mut local, &mut upstream, &mut unread, ends).await;
        presence.ended(ended);
        Ok(())
    }

    fn place(&self) -> &Place {
        self.reach.place()
    }

    /// There is no server: the recording says why. The client that was led here sees the connection
    /// end, and nobody who listens when it tries again; one that came by itself is told as well, and so
    /// is one that only this machine keeps from it.
    async fn absent(
        &self,
        local: Stream,
        unreached: &Unreached,
        context: &Context,
    ) -> std::io::Result<()> {
        let (number, why) = unreached_as(self.place(), unreached);
        let mut observer = context.observe(Box::new(Decoder::new(context.limits())));
        observer.server(&packet(0, &error(number, "HY000", &why)));
        match self.reach.is_led() && reach::tells(unreached) {
            true => Ok(()),
            false => refuse(local, &stand_in(), &why).await,
        }
    }

    fn host(&self) -> &str {
        match self.place() {
            Place::Socket(_) => "localhost",
            Place::Network { host, .. } => host,
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
        super::relay::relay(&mut local, &mut upstream, &mut observer, Ends::with(QUIT)).await;
        Ok(())
    }
}

/// Why a server was not reached, as the clients put it, and the number they give it.
fn unreached_as(place: &Place, unreached: &Unreached) -> (u16, String) {
    let reason = &unreached.reason;
    let number = reason.raw_os_error().unwrap_or_default();
    match place {
        Place::Socket(path) => {
            let path = path.display();
            let why = format!("Can't connect to local server through socket '{path}' ({number})");
            (2002, why)
        }
        Place::Network { host, .. } if unreached.address.is_none() => {
            let why = system_words(reason);
            (2005, format!("Unknown server host '{host}' ({why})"))
        }
        Place::Network { host, .. } => (
            2003,
            format!("Can't connect to server on '{host}' ({number})"),
        ),
    }
}

/// Greets, and tells why there is no connection once the client has answered.
async fn refuse(mut local: Stream, greeting: &[u8], why: &str) -> std::io::Result<()> {
    send(&mut local, &packet(0, greeting)).await?;
    let mut local = Side::new(local, Payload::default(), false);
    let answered = local.packet().await?;
    let next = answered.sequence.wrapping_add(1);
    let mut local = local.stream;
    send(&mut local, &packet(next, &error(FAILED, "HY000", why))).await?;
    local.shutdown().await
}

/// Carries a session as it is.
async fn relayed(exchange: Exchange, ends: Ends<'_>) -> First {
    let mut open = Open::new(exchange);
    let mut relay = Relay::new(Unwatched, &open.there, &open.back);
    loop {
        // What watches nothing stops at nothing.
        if let Some(first) = open.run(&mut relay, ends).await {
            return first;
        }
    }
}

/// Carries the session of a server that is reached in the clear: each change of its user is a login
/// of its own.
async fn guarded(
    mut exchange: Exchange,
    mut login: Login,
    response: &Response<'_>,
    compressed: bool,
    ends: Ends<'_>,
) -> std::io::Result<First> {
    loop {
        let mut open = Open::new(exchange);
        let mut relay = Relay::new(Guard::new(compressed), &open.there, &open.back);
        if let Some(first) = open.run(&mut relay, ends).await {
            return Ok(first);
        }
        let (guard, rest) = relay.stopped();
        let lost = open.observer.settled() == Settled::Unknown;
        let lost = lost.then_some("what the server owes on this connection is not known any more");
        exchange = Exchange {
            local: Side::new(open.local, rest, compressed),
            upstream: Side::new(open.upstream, Payload::default(), compressed),
            observer: open.observer,
        };
        let why = guard.why().or(lost);
        if !exchange.change_user(&mut login, response, why).await? {
            return Ok(First::Server);
        }
    }
}

/// A session between two exchanges.
struct Open {
    local: Stream,
    upstream: Stream,
    observer: Observer,
    /// What was read, and is to go to the server and to the client.
    there: Payload,
    back: Payload,
}

impl Open {
    fn new(exchange: Exchange) -> Open {
        let (local, there) = exchange.local.rest();
        let (upstream, back) = exchange.upstream.rest();
        Open {
            local,
            upstream,
            observer: exchange.observer,
            there,
            back,
        }
    }

    async fn run(&mut self, relay: &mut Relay<impl Watch>, ends: Ends<'_>) -> Option<First> {
        let Open {
            local,
            upstream,
            observer,
            ..
        } = self;
        relay.run(local, upstream, observer, ends).await
    }
}
