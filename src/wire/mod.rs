//! Database protocols, read along.
//!
//! A decoder is given a copy of what passed in both directions of one connection, in any pieces,
//! and tells what happened as [`Exchange`]s. It knows no socket and no clock, never fails, and
//! holds no more than [`Limits`] allow: what it cannot read it skips by its length and tells as a
//! gap. Messages that carry authentication are skipped unread.

pub mod mysql;
pub mod postgres;

use crate::model::wire::Exchange;
use crate::model::{Gap, Micros};
use std::borrow::Cow;

/// How much of a statement's result is kept; what is beyond is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Rows of one statement.
    pub rows: u64,
    /// Bytes of rows or copied data of one statement.
    pub bytes: u64,
}

impl Default for Limits {
    /// What an engineer may want to look at again, and a laptop can keep: P8.
    fn default() -> Self {
        Limits {
            rows: 10_000,
            bytes: 16 << 20,
        }
    }
}

/// `bytes` as text, what is no UTF-8 of it replaced. The library's own way looks at each byte before
/// it knows that none needs to be.
fn utf8(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// What a decoder saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Something happened on the connection.
    Exchange(Exchange),
    /// Something could not be read.
    Gap(Gap),
}

/// One connection's protocol, read along.
pub trait Decoder: Send {
    /// The client sent `bytes`.
    fn client(&mut self, at: Micros, bytes: &[u8]);

    /// The server sent `bytes`.
    fn server(&mut self, at: Micros, bytes: &[u8]);

    /// The connection ended: what was under way is told as it stands.
    fn closed(&mut self, at: Micros);

    /// What was seen since the last call, with its time.
    fn take(&mut self) -> Vec<(Micros, Seen)>;

    /// Whether the server still owes an answer; also where that is not known any more.
    fn busy(&self) -> bool;

    /// Whether the connection cannot be followed any more.
    fn lost(&self) -> bool;
}
