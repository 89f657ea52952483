//! Messages, cut out of the bytes of one direction.
//!
//! A message is a kind, a length and a body (PostgreSQL documentation, "Message Formats"); only
//! the first one of a client has no kind. A body of up to a gigabyte passes here: how much of it
//! is looked at is decided from kind and length alone.

use super::shorten::{Layout, Shortener};
use crate::model::wire::VALUE_MAX;

/// The longest message that is held whole: two of the longest values.
pub(super) const MESSAGE_MAX: usize = 2 * VALUE_MAX;
/// Room kept from message to message. What a large one needed is given back.
const ROOM_KEPT: usize = 64 << 10;

/// The kind given to a client's first message, which has none.
pub(super) const STARTUP: u8 = 0;

/// What is to become of a message.
pub(super) enum Plan {
    /// Its bytes are passed over.
    Skip,
    /// It is held until it is whole. Not for one longer than [`MESSAGE_MAX`].
    Whole,
    /// Its long values are shortened as they pass.
    Shorten(Layout),
    /// It is handed on as it comes.
    Stream,
}

/// What is known of a message before its body came.
pub(super) enum Head {
    /// Its beginning is not complete yet.
    Partial,
    /// Its kind and the length of its body.
    Message(u8, usize),
    /// No message begins like this: nobody can say where the next one does.
    Lost,
}

/// Where a direction stands.
#[derive(Default)]
pub(super) enum Now {
    /// Before a message, or in its first five bytes.
    #[default]
    Head,
    /// So many bytes are missing.
    Whole(u8, usize),
    /// So many bytes have to be shortened yet.
    Shorten(u8, usize, Shortener),
    /// So many bytes are of no interest.
    Skip(usize),
    /// So many bytes are handed on as they come.
    Stream(usize),
}

/// One direction.
#[derive(Default)]
pub(super) struct Frames {
    head: [u8; 5],
    have: usize,
    /// What was gathered of the message under way.
    pub body: Vec<u8>,
    pub now: Now,
}

impl Frames {
    /// Reads a message's beginning off `bytes`.
    pub fn head(&mut self, bytes: &mut &[u8], startup: bool) -> Head {
        let wanted = if startup { 4 } else { 5 };
        let head = match (self.have, bytes.split_first_chunk::<5>()) {
            (0, Some((head, rest))) if !startup => {
                *bytes = rest;
                *head
            }
            _ => {
                while self.have < wanted {
                    let Some((byte, rest)) = bytes.split_first() else {
                        return Head::Partial;
                    };
                    if let Some(place) = self.head.get_mut(self.have) {
                        *place = *byte;
                    }
                    self.have += 1;
                    *bytes = rest;
                }
                self.have = 0;
                self.head
            }
        };
        let (kind, length) = match (startup, head) {
            (true, [a, b, c, d, _]) => (STARTUP, [a, b, c, d]),
            (false, [kind, length @ ..]) => (kind, length),
        };
        // The length counts itself.
        let body = i32::from_be_bytes(length)
            .checked_sub(4)
            .and_then(|n| usize::try_from(n).ok());
        match body {
            Some(body) => Head::Message(kind, body),
            None => Head::Lost,
        }
    }

    /// Begins with the body of a message.
    pub fn begin(&mut self, kind: u8, length: usize, plan: Plan) {
        self.now = match plan {
            Plan::Skip => Now::Skip(length),
            Plan::Whole => Now::Whole(kind, length),
            Plan::Shorten(layout) => Now::Shorten(kind, length, Shortener::new(layout)),
            Plan::Stream => Now::Stream(length),
        };
    }

    /// The message is over.
    pub fn done(&mut self) {
        self.now = Now::Head;
        self.body.clear();
        self.body.shrink_to(ROOM_KEPT);
    }
}

/// Takes up to `left` bytes off `bytes`, and so much off `left`.
pub(super) fn some<'a>(bytes: &mut &'a [u8], left: &mut usize) -> &'a [u8] {
    let (piece, rest) = bytes
        .split_at_checked(*left)
        .unwrap_or((bytes, Default::default()));
    *bytes = rest;
    *left -= piece.len();
    piece
}
