//! The protocol of MySQL and MariaDB, read along from the server's greeting on.
//!
//! * [`packet`] payloads out of packets; [`compress`] packets out of compressed frames
//! * [`handshake`] greeting and login; nothing that authenticates is read
//! * [`command`] their numbers; [`request`] what the client sends; [`answer`] what the server
//!   answers; [`session`] what both share
//! * [`prepared`] statements and [`bound`] what is bound to them; [`local`] files of LOAD DATA LOCAL
//! * [`column`], [`result`], [`fields`], [`value`], [`charset`] result sets; [`reply`] how they end
//!
//! Sources: the protocol chapters of the MySQL server's source documentation and of MariaDB's
//! knowledge base. What a client may do and no command of this version speaks of is skipped by its
//! length and told as a gap.

mod answer;
mod bound;
mod charset;
mod column;
mod command;
mod compress;
mod fields;
#[cfg(test)]
mod fixture;
mod handshake;
mod local;
mod packet;
mod prepared;
mod read;
mod reply;
mod request;
mod result;
mod session;
#[cfg(test)]
mod tests;
mod value;

use super::{Limits, Seen};
use crate::model::wire::{Exchange, Opened};
use crate::model::{GapKind, Micros};
use answer::Answers;
use charset::Charset;
pub use compress::{Broken, Frames};
use handshake::{Capabilities, Greeting, Login};
use mysql_common::constants::CapabilityFlags;
use packet::{Packets, Piece};
use request::Requests;
use session::Session;
use zeroize::Zeroize;

/// As much of a packet is kept while the client logs in. Longer ones are cut: what is read of them
/// stands at their beginning.
const LOGIN_MAX: usize = 16 << 10;

/// One connection, as the client sees it.
pub struct Decoder {
    phase: Phase,
    client: Side,
    server: Side,
    session: Session,
    requests: Requests,
    answers: Answers,
    /// Bytes that passed unread since the connection cannot be followed.
    unread: u64,
    last: Micros,
    /// How the way to the server is protected.
    tls: String,
}

/// Where the connection stands.
enum Phase {
    /// The server is to greet.
    Greeting,
    /// The client is to say who it is.
    Login(Greeting),
    /// The client authenticates.
    Authentication(Opened),
    /// Commands and answers.
    Commands,
    /// Cannot be followed any more.
    Lost,
}

/// One direction.
#[derive(Default)]
struct Side {
    packets: Packets,
    /// Where the connection is compressed.
    frames: Option<Frames>,
    /// What is kept of a packet of the login. May hold what authenticates, and is wiped.
    held: Vec<u8>,
}

impl Decoder {
    /// Of a connection that begins now.
    pub fn new(limits: Limits) -> Decoder {
        let nothing = Capabilities {
            flags: CapabilityFlags::empty(),
            mariadb: mysql_common::constants::MariadbCapabilities::empty(),
        };
        Decoder {
            phase: Phase::Greeting,
            client: Side::default(),
            server: Side::default(),
            session: Session::new(limits, nothing),
            requests: Requests::default(),
            answers: Answers::default(),
            unread: 0,
            last: Micros::default(),
            tls: String::new(),
        }
    }

    /// The way to the server is protected by `tls`, as `TLSv1.3`.
    #[must_use]
    pub fn protected(mut self, tls: &str) -> Self {
        tls.clone_into(&mut self.tls);
        self
    }

    fn lose(&mut self, at: Micros, why: &str) {
        self.phase = Phase::Lost;
        self.client.held.zeroize();
        self.answers.flush(&mut self.session, at);
        let detail = format!("{why}: nothing of this connection is read from here on");
        self.session.gap(at, GapKind::Undecodable, 0, detail);
    }

    /// Reads `bytes` of one direction, compressed or not, piece by piece.
    fn read(&mut self, at: Micros, mut bytes: &[u8], from_server: bool) {
        self.last = self.last.max(at);
        while !bytes.is_empty() {
            if let Phase::Lost = self.phase {
                self.unread += bytes.len() as u64;
                return;
            }
            let side = if from_server {
                &mut self.server
            } else {
                &mut self.client
            };
            let Some(mut frames) = side.frames.take() else {
                self.pieces(at, &mut bytes, from_server);
                continue;
            };
            let mut broken = false;
            while let Some(packets) = frames.next(&mut bytes) {
                match packets {
                    Ok(mut packets) => self.pieces(at, &mut packets, from_server),
                    Err(Broken) => broken = true,
                }
                if broken || matches!(self.phase, Phase::Lost) {
                    break;
                }
            }
            if broken {
                self.lose(at, "compressed data could not be read");
            }
            let side = if from_server {
                &mut self.server
            } else {
                &mut self.client
            };
            side.frames = Some(frames);
        }
    }

    /// Reads packets. Returns early where what follows is compressed.
    fn pieces(&mut self, at: Micros, bytes: &mut &[u8], from_server: bool) {
        loop {
            let side = if from_server {
                &mut self.server
            } else {
                &mut self.client
            };
            let Some(piece) = side.packets.next(bytes) else {
                return;
            };
            if let Phase::Commands = self.phase {
                if !from_server {
                    self.requests.piece(&mut self.session, at, piece);
                } else {
                    let begins = matches!(piece, Piece::Begin { .. });
                    if begins && self.session.queue.is_empty() && self.requests.under_way() {
                        self.requests.answered_early(&mut self.session, at);
                    }
                    self.answers.piece(&mut self.session, at, piece);
                }
                if let Some(why) = self.session.lost.take() {
                    self.lose(at, why);
                    return;
                }
                continue;
            }
            match piece {
                Piece::Begin { .. } => side.held.clear(),
                Piece::Part(part) => {
                    // Allocated once, so that nothing is left behind where it is moved.
                    let room = LOGIN_MAX.saturating_sub(side.held.len());
                    side.held.reserve_exact(room);
                    side.held
                        .extend_from_slice(part.get(..room).unwrap_or(part));
                }
                Piece::End => {
                    let mut held = std::mem::take(&mut side.held);
                    self.login(at, &held, from_server);
                    held.zeroize();
                    if matches!(self.phase, Phase::Lost) || self.server.frames.is_some() {
                        return;
                    }
                }
            }
        }
    }

    /// A packet before the client is let in.
    fn login(&mut self, at: Micros, payload: &[u8], from_server: bool) {
        let first = payload.first().copied();
        match (&mut self.phase, from_server) {
            (Phase::Commands | Phase::Lost, _) => {}
            // An error in place of the greeting, or of the welcome.
            (_, true) if first == Some(0xFF) => {
                self.session.error = reply::error(payload, self.session.charset);
            }
            (Phase::Greeting, true) => match Greeting::read(payload) {
                Some(greeting) => {
                    self.session.charset = Charset::of(greeting.collation);
                    self.phase = Phase::Login(greeting);
                }
                None => self.lose(at, "the server's greeting is of another protocol"),
            },
            (Phase::Greeting, false) => self.lose(at, "the client speaks first"),
            (Phase::Login(greeting), false) => match Login::read(payload, greeting) {
                Some(login) if login.tls => self.lose(at, "the client encrypts"),
                Some(login) => {
                    self.session.capabilities = login.capabilities;
                    self.session.charset = Charset::of(login.collation);
                    self.phase = Phase::Authentication(Opened {
                        protocol: if greeting.mariadb { "mariadb" } else { "mysql" }.to_owned(),
                        server: std::mem::take(&mut greeting.version),
                        user: login.user,
                        database: login.database,
                        tls: std::mem::take(&mut self.tls),
                    });
                }
                None => self.lose(at, "the client's login is of another protocol"),
            },
            (Phase::Authentication(opened), true) if first == Some(0x00) => {
                let opened = std::mem::take(opened);
                self.let_in(at, opened, payload);
            }
            (Phase::Login(_), true) | (Phase::Authentication(_), _) => {}
        }
    }

    fn let_in(&mut self, at: Micros, opened: Opened, payload: &[u8]) {
        let session = &mut self.session;
        session.begin_in(&opened.database);
        session.tell(at, Exchange::Opened(opened));
        let done = reply::Done::ok(payload, &session.capabilities, session.charset);
        if let Some(mut done) = done {
            session.changed(at, &mut done);
        }
        let compressed = CapabilityFlags::CLIENT_COMPRESS
            .union(CapabilityFlags::CLIENT_ZSTD_COMPRESSION_ALGORITHM);
        if session.capabilities.flags.intersects(compressed) {
            self.client.frames = Some(Frames::default());
            self.server.frames = Some(Frames::default());
        }
        self.phase = Phase::Commands;
    }
}

impl super::Decoder for Decoder {
    fn client(&mut self, at: Micros, bytes: &[u8]) {
        self.read(at, bytes, false);
    }

    fn server(&mut self, at: Micros, bytes: &[u8]) {
        self.read(at, bytes, true);
    }

    fn closed(&mut self, at: Micros) {
        if self.unread > 0 {
            let detail = "what passed after that was not read".to_owned();
            let bytes = std::mem::take(&mut self.unread);
            self.session.gap(at, GapKind::Undecodable, bytes, detail);
        }
        self.answers.closed(&mut self.session, at);
        self.session.closed(at);
    }

    fn take(&mut self) -> Vec<(Micros, Seen)> {
        self.answers.flush(&mut self.session, self.last);
        if let Some(mut local) = self.session.local.take() {
            self.session.copied(self.last, &mut local, false);
            self.session.local = Some(local);
        }
        self.session.take()
    }

    fn busy(&self) -> bool {
        match self.phase {
            Phase::Commands => self.session.is_owed() || self.requests.under_way(),
            _ => true,
        }
    }

    fn lost(&self) -> bool {
        matches!(self.phase, Phase::Lost)
    }
}
