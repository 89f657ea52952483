//! PostgreSQL's protocol, version 3.
//!
//! The client's messages are requests, answered in their order. Each waits in a queue until its
//! answer passed; the queue's head says what an answer is about. An error drops the requests up to
//! the next Sync, as the server does. What the protocol lets pass at any time (notices,
//! notifications, settings) is about nobody in the queue.
//!
//! The decoder is fed from the StartupMessage on. Requests for encryption and the cancelling of
//! queries are not its business. Authentication and the key for cancelling are passed over by
//! their length.

mod answers;
mod copy;
mod encoding;
mod end;
mod flow;
mod frame;
mod kinds;
mod message;
mod names;
mod read;
mod requests;
mod rows;
mod shorten;
mod sql;
mod tuples;
mod value;

use super::{Limits, Seen};
use crate::model::wire::{Exchange, Opened, Report};
use crate::model::{Gap, GapKind, Micros};
use encoding::Encoding;
use flow::{Copy, Courses, Request};
use frame::{Frames, Head, MESSAGE_MAX, Now, Plan, STARTUP, some};
use kinds::Kinds;
use names::Names;
use rows::Batch;
use shorten::Body;
use std::collections::VecDeque;

/// Requests that wait for an answer. More in flight would fill every buffer on the way several
/// times over; the rest of such a conversation is not read.
const QUEUE_MAX: usize = 131_072;
/// Settings that a server reports before it is ready. There are about fifteen.
const SETTINGS_MAX: usize = 256;

/// Who sent something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// A conversation in PostgreSQL's protocol, read along.
pub struct Decoder {
    limits: Limits,
    seen: Vec<(Micros, Seen)>,
    client: Frames,
    server: Frames,
    /// Nobody can say where the next message begins.
    lost: bool,

    /// The client's first message has passed.
    started: bool,
    /// What is told once the server is ready; `None` afterwards.
    opening: Option<Opening>,
    encoding: Encoding,
    /// standard_conforming_strings.
    standard_strings: bool,

    queue: VecDeque<Request>,
    courses: Courses,
    names: Names,
    kinds: Kinds,
    /// Statements so far.
    number: u32,
    /// Requests so far that end a transaction.
    epoch: u64,
    /// After an error the server passes over requests until a Sync that is not sent yet.
    skipping: bool,
    /// A statement that is over once the server is ready.
    ending: Option<u32>,
    /// When the answer began that is under way.
    answering: Option<Micros>,
    copy: Option<Copy>,
    /// Data that the client sent before the server asked for it.
    early: Early,
    batch: Batch,
    /// The server's last word.
    fatal: Option<Report>,
    closed: bool,
}

/// What is gathered until the server is ready.
#[derive(Default)]
struct Opening {
    opened: Opened,
    settings: Vec<(String, String)>,
}

#[derive(Default)]
struct Early {
    bytes: u64,
    done: bool,
}

impl std::fmt::Debug for Decoder {
    /// Says nothing of what passed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

impl Decoder {
    /// Reads along from the client's first message on.
    pub fn new(limits: Limits) -> Self {
        Decoder {
            limits,
            seen: Vec::new(),
            client: Frames::default(),
            server: Frames::default(),
            lost: false,
            started: false,
            opening: Some(Opening {
                opened: Opened {
                    protocol: "postgresql".to_owned(),
                    ..Opened::default()
                },
                settings: Vec::new(),
            }),
            encoding: Encoding::Utf8,
            standard_strings: true,
            queue: VecDeque::new(),
            courses: Courses::default(),
            names: Names::default(),
            kinds: Kinds::default(),
            number: 0,
            epoch: 0,
            skipping: false,
            ending: None,
            answering: None,
            copy: None,
            early: Early::default(),
            batch: Batch::default(),
            fatal: None,
            closed: false,
        }
    }

    /// Says how the way to the server is protected: `TLSv1.3`, or empty for plain.
    pub fn protected(mut self, tls: &str) -> Self {
        if let Some(opening) = &mut self.opening {
            opening.opened.tls = tls.to_owned();
        }
        self
    }

    fn frames(&mut self, side: Side) -> &mut Frames {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    fn feed(&mut self, side: Side, at: Micros, mut bytes: &[u8]) {
        if self.lost || self.closed {
            return;
        }
        let mut frames = std::mem::take(self.frames(side));
        while !self.lost && self.step(&mut frames, side, at, &mut bytes) {}
        *self.frames(side) = frames;
    }

    /// Goes on to the end of a message or of its beginning. Gives whether there may be more.
    fn step(&mut self, frames: &mut Frames, side: Side, at: Micros, bytes: &mut &[u8]) -> bool {
        match &mut frames.now {
            Now::Head => {
                let startup = side == Side::Client && !self.started;
                match frames.head(bytes, startup) {
                    Head::Partial => return false,
                    Head::Lost => self.lose(at, "a message of no possible length"),
                    Head::Message(kind, length) => {
                        let plan = self.plan(side, at, kind, length);
                        match (plan, bytes.split_at_checked(length)) {
                            (Plan::Whole, Some((body, rest))) => {
                                *bytes = rest;
                                self.message(side, at, kind, body, None);
                            }
                            (plan, _) => frames.begin(kind, length, plan),
                        }
                    }
                }
                return true;
            }
            Now::Whole(kind, left) => {
                let piece = some(bytes, left);
                frames.body.extend_from_slice(piece);
                if *left > 0 {
                    return false;
                }
                self.message(side, at, *kind, &frames.body, None);
            }
            Now::Shorten(kind, left, shortener) => {
                let piece = some(bytes, left);
                shortener.push(piece, &mut frames.body);
                if *left > 0 {
                    return false;
                }
                self.message(side, at, *kind, &frames.body, Some(shortener.cut()));
            }
            Now::Skip(left) => {
                some(bytes, left);
                if *left > 0 {
                    return false;
                }
            }
            Now::Stream(left) => {
                let piece = some(bytes, left);
                self.copied(at, piece);
                if *left > 0 {
                    return false;
                }
            }
        }
        frames.done();
        true
    }

    /// What is to become of a message.
    fn plan(&mut self, side: Side, at: Micros, kind: u8, length: usize) -> Plan {
        let plan = match side {
            Side::Client => self.plan_request(at, kind, length),
            Side::Server => self.plan_answer(at, kind, length),
        };
        match plan {
            Plan::Whole if length > MESSAGE_MAX => {
                self.unreadable(at, side, kind, length);
                Plan::Skip
            }
            plan => plan,
        }
    }

    /// A message that is whole, or as whole as it is kept.
    fn message(&mut self, side: Side, at: Micros, kind: u8, body: &[u8], shortened: Option<u64>) {
        let length = body.len();
        let mut body = Body {
            reader: read::Reader(body),
            shortened,
        };
        let read = match side {
            Side::Client => self.request(at, kind, &mut body),
            Side::Server => self.answer(at, kind, &mut body),
        };
        if read.is_none() {
            self.unreadable(at, side, kind, length);
        }
    }

    /// A message was passed over because it made no sense.
    fn unreadable(&mut self, at: Micros, side: Side, kind: u8, length: usize) {
        let from = match side {
            Side::Client => "the client",
            Side::Server => "the server",
        };
        let kind = match kind {
            STARTUP => "the first message".to_owned(),
            kind => format!("a message of kind '{}'", kind.escape_ascii()),
        };
        self.gap(
            at,
            length as u64,
            format!("{kind} from {from} could not be read"),
        );
    }

    fn lose(&mut self, at: Micros, why: &str) {
        self.lost = true;
        self.gap(
            at,
            0,
            format!("{why}: the rest of the connection could not be read"),
        );
    }

    fn gap(&mut self, at: Micros, bytes: u64, detail: String) {
        self.flush_rows();
        self.flush_lines();
        let gap = Gap {
            kind: GapKind::Undecodable,
            bytes,
            detail,
        };
        self.seen.push((at, Seen::Gap(gap)));
    }

    /// Tells that something happened.
    fn tell(&mut self, at: Micros, what: Exchange) {
        self.flush_rows();
        self.flush_lines();
        self.seen.push((at, Seen::Exchange(what)));
    }

    fn text(&self, bytes: &[u8]) -> String {
        self.encoding.text(bytes).into_owned()
    }

    fn next_number(&mut self) -> u32 {
        self.number = self.number.saturating_add(1);
        self.number
    }
}

impl super::Decoder for Decoder {
    fn client(&mut self, at: Micros, bytes: &[u8]) {
        self.feed(Side::Client, at, bytes);
    }

    fn server(&mut self, at: Micros, bytes: &[u8]) {
        self.feed(Side::Server, at, bytes);
    }

    fn closed(&mut self, at: Micros) {
        if !std::mem::replace(&mut self.closed, true) {
            self.close(at);
        }
    }

    fn take(&mut self) -> Vec<(Micros, Seen)> {
        self.flush_rows();
        self.flush_lines();
        let room = self.seen.len().min(ROOM);
        std::mem::replace(&mut self.seen, Vec::with_capacity(room))
    }

    fn busy(&self) -> bool {
        !self.closed && (self.lost || !self.queue.is_empty())
    }

    fn lost(&self) -> bool {
        self.lost
    }
}

/// What is seen between two calls of `take`, most of the time.
const ROOM: usize = 16;

#[cfg(test)]
mod tests;
