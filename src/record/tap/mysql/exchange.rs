//! The exchange in which a client authenticates, carried packet by packet: at its login, and where it
//! asks to be another user.
//!
//! What is read here is read packet by packet too, so that what follows the exchange is still there
//! for the relay. Packets of a compressed connection are put into frames of their own, which are
//! numbered as their packets are.

use super::guard::CHANGE_USER;
use super::login::{Act, Login};
use super::packet::{Payload, Response, packet, send};
use crate::record::tap::{Observer, Stream};
use crate::wire::mysql::Frames;
use std::io::{self, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

/// No packet of such an exchange is longer: MySQL allows 64 KiB of attributes.
const LOGIN_MAX: usize = 256 << 10;

/// A packet that was read.
pub struct Packet {
    /// Its sequence id, or that of its frame.
    pub sequence: u8,
    /// What it holds.
    pub payload: Payload,
}

/// Both sides of a connection.
pub struct Exchange {
    /// The client.
    pub local: Side,
    /// The server.
    pub upstream: Side,
    /// The copy, as the client sees it.
    pub observer: Observer,
}

impl Exchange {
    /// Carries what the guard has stopped: a COM_CHANGE_USER and what follows of it. False where the
    /// connection is over, because the client's password would have gone in the clear.
    ///
    /// # Errors
    /// A side was lost, or sends what is no such exchange.
    pub async fn change_user(
        &mut self,
        login: &mut Login,
        response: &Response<'_>,
        why: Option<&str>,
    ) -> io::Result<bool> {
        let asked = match why {
            Some(why) => Err(why),
            None => match self.local.packet().await {
                Err(error) if error.kind() == ErrorKind::InvalidData => {
                    Err("the command to change the user is too long")
                }
                other => Ok(other?),
            },
        };
        let acts = match asked {
            Err(why) => login.refuse(0, why),
            Ok(Packet { sequence, payload }) => {
                self.observer
                    .client(&self.local.dressed(&packet(sequence, &payload)));
                let rest = payload.strip_prefix(&[CHANGE_USER]).unwrap_or(&payload);
                login.change_user(sequence, &payload, response.proof_of_change(rest))
            }
        };
        self.carry(login, acts).await
    }

    /// Carries an exchange that has come to `acts` to its end; false where the connection ends with
    /// it.
    ///
    /// # Errors
    /// A side was lost, or sends what is no such exchange.
    pub async fn carry(&mut self, login: &mut Login, mut acts: Vec<Act>) -> io::Result<bool> {
        loop {
            // Only who was asked speaks: what a client sends ahead comes after this.
            let mut asked = false;
            for act in acts {
                match act {
                    Act::Client(packet) => {
                        asked = Login::asks(packet.get(4..).unwrap_or_default());
                        let packet = self.local.dressed(&packet);
                        send(&mut self.local.stream, &packet).await?;
                        self.observer.server(&packet);
                    }
                    Act::Server(packet) => {
                        let packet = self.upstream.dressed(&packet);
                        send(&mut self.upstream.stream, &packet).await?;
                    }
                    Act::In => return Ok(true),
                    Act::Over => {
                        self.local.stream.shutdown().await?;
                        return Ok(false);
                    }
                }
            }
            acts = match asked {
                true => tokio::select! {
                    read = self.upstream.packet() => {
                        let Packet { sequence, payload } = read?;
                        login.server(sequence, &payload)
                    }
                    read = self.local.packet() => {
                        let Packet { sequence, payload } = read?;
                        let read = self.local.dressed(&packet(sequence, &payload));
                        self.observer.client(&read);
                        login.client(sequence, &payload)
                    }
                },
                false => tokio::select! {
                    read = self.upstream.packet() => {
                        let Packet { sequence, payload } = read?;
                        login.server(sequence, &payload)
                    }
                    () = self.local.closed() => return Err(ErrorKind::UnexpectedEof.into()),
                },
            };
        }
    }
}

/// One side of a connection, read packet by packet.
pub struct Side {
    /// The connection.
    pub stream: Stream,
    /// Its packets stand in frames.
    compressed: bool,
    /// What was read of it before, and how much of that was taken.
    before: Payload,
    taken: usize,
    /// The packet or frame that has come in part.
    part: Part,
    /// What came out of frames and was not taken, and the last one's sequence id.
    contents: Payload,
    sequence: u8,
}

/// A header, and what it announces.
#[derive(Default)]
struct Part {
    header: [u8; FRAME],
    headed: usize,
    body: Payload,
    filled: usize,
}

/// Bytes of a packet's header, and of a frame's.
const PACKET: usize = 4;
const FRAME: usize = 7;

impl Side {
    /// A connection of which `before` was read already.
    pub fn new(stream: Stream, before: Payload, compressed: bool) -> Side {
        Side {
            stream,
            compressed,
            before,
            taken: 0,
            part: Part::default(),
            contents: Payload::default(),
            sequence: 0,
        }
    }

    /// The next packet. What has come of it is kept when this is dropped half-way.
    ///
    /// # Errors
    /// The connection broke or ended, or it is too long for a login.
    pub async fn packet(&mut self) -> io::Result<Packet> {
        if !self.compressed {
            let Part { header, body, .. } = self.part(PACKET).await?;
            let [_, _, _, sequence, ..] = header;
            return Ok(Packet {
                sequence,
                payload: body,
            });
        }
        loop {
            if let Some(payload) = self.cut() {
                let sequence = self.sequence;
                return Ok(Packet { sequence, payload });
            }
            let Part { header, body, .. } = self.part(FRAME).await?;
            let [_, _, _, sequence, ..] = header;
            self.sequence = sequence;
            self.inflate(&header, &body)?;
        }
    }

    /// Resolves when the other side closes before it says anything more.
    async fn closed(&self) {
        if self.taken < self.before.len() {
            std::future::pending::<()>().await;
        }
        self.stream.closed().await;
    }

    /// A packet as this side takes it.
    fn dressed(&self, packet: &Payload) -> Payload {
        match self.compressed {
            false => packet.clone(),
            true => framed(packet.get(3).copied().unwrap_or_default(), packet),
        }
    }

    /// The connection, and what was read of it and not taken.
    pub fn rest(self) -> (Stream, Payload) {
        let Part {
            header,
            headed,
            body,
            filled,
        } = &self.part;
        let contents = match self.contents.is_empty() {
            true => Payload::default(),
            false => framed(0, &self.contents),
        };
        let parts = [
            contents.as_slice(),
            header.get(..*headed).unwrap_or_default(),
            body.get(..*filled).unwrap_or_default(),
            self.before.get(self.taken..).unwrap_or_default(),
        ];
        (self.stream, Zeroizing::new(parts.concat()))
    }

    /// A packet or frame, with a header of so many bytes.
    async fn part(&mut self, header: usize) -> io::Result<Part> {
        while self.part.headed < header {
            let headed = self.part.headed;
            let mut into = [0; FRAME];
            let room = into.get_mut(headed..header).unwrap_or_default();
            let n = read(&mut self.stream, &self.before, &mut self.taken, room).await?;
            let from = into.get(headed..headed + n).unwrap_or_default();
            let to = self.part.header.get_mut(headed..headed + n);
            to.unwrap_or_default().copy_from_slice(from);
            self.part.headed += n;
            if self.part.headed == header {
                let [a, b, c, ..] = self.part.header;
                let length = u32::from_le_bytes([a, b, c, 0]) as usize;
                if length > LOGIN_MAX {
                    return Err(ErrorKind::InvalidData.into());
                }
                self.part.body = Zeroizing::new(vec![0; length]);
            }
        }
        while self.part.filled < self.part.body.len() {
            let Part { body, filled, .. } = &mut self.part;
            let room = body.get_mut(*filled..).unwrap_or_default();
            *filled += read(&mut self.stream, &self.before, &mut self.taken, room).await?;
        }
        Ok(std::mem::take(&mut self.part))
    }

    /// Takes a packet off what came out of frames, where it is whole.
    fn cut(&mut self) -> Option<Payload> {
        let ([a, b, c, _], rest) = self.contents.split_first_chunk::<PACKET>()?;
        let length = u32::from_le_bytes([*a, *b, *c, 0]) as usize;
        let (payload, rest) = rest.split_at_checked(length)?;
        let payload = Zeroizing::new(payload.to_vec());
        self.contents = Zeroizing::new(rest.to_vec());
        Some(payload)
    }

    fn inflate(&mut self, header: &[u8], body: &[u8]) -> io::Result<()> {
        let mut frames = Frames::default();
        for mut bytes in [header, body] {
            while let Some(piece) = frames.next(&mut bytes) {
                let piece = piece.map_err(|_| ErrorKind::InvalidData)?;
                let length = self.contents.len() + piece.len();
                if length > LOGIN_MAX {
                    return Err(ErrorKind::InvalidData.into());
                }
                self.contents = Zeroizing::new([&self.contents, piece].concat());
            }
        }
        Ok(())
    }
}

/// What was read before, then what comes.
async fn read(
    stream: &mut Stream,
    before: &[u8],
    taken: &mut usize,
    room: &mut [u8],
) -> io::Result<usize> {
    let left = before.get(*taken..).unwrap_or_default();
    let n = match left.len().min(room.len()) {
        0 => stream.read(room).await?,
        n => {
            let (from, to) = (left.get(..n), room.get_mut(..n));
            to.unwrap_or_default()
                .copy_from_slice(from.unwrap_or_default());
            *taken += n;
            n
        }
    };
    match n {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        n => Ok(n),
    }
}

/// `contents` in a frame that does not compress them, as any frame may be.
fn framed(sequence: u8, contents: &[u8]) -> Payload {
    let [a, b, c, _] = u32::try_from(contents.len())
        .unwrap_or_default()
        .to_le_bytes();
    let header = [a, b, c, sequence, 0, 0, 0];
    Zeroizing::new([&header, contents].concat())
}
