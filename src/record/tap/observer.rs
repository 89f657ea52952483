//! The copy of a connection that is read along.

use crate::model::{Gap, GapKind};
use crate::record::feed::{Feed, Owed};
use crate::wire::Decoder;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Hands a copy of one connection to its decoder, and what that saw to the recorder. Whatever the
/// decoder does, the connection goes on (P5).
pub struct Observer {
    number: u32,
    /// `None` once it failed, and for what passes unread.
    decoder: Option<Box<dyn Decoder>>,
    feed: Arc<Feed>,
    busy: Arc<AtomicBool>,
    /// What the server sent is on its way to the client.
    owed: Option<Owed>,
}

/// Whether the client has got all that it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It has.
    Yes,
    /// The server still owes an answer.
    No,
    /// The connection cannot be followed.
    Unknown,
}

impl Observer {
    /// Reads connection `number` along.
    pub fn new(number: u32, decoder: Box<dyn Decoder>, feed: Arc<Feed>) -> Observer {
        Observer {
            number,
            decoder: Some(decoder),
            feed,
            busy: Arc::default(),
            owed: None,
        }
    }

    /// Reads nothing.
    pub fn none(feed: Arc<Feed>) -> Observer {
        Observer {
            number: 0,
            decoder: None,
            feed,
            busy: Arc::default(),
            owed: None,
        }
    }

    /// The client sent `bytes`, and they went on.
    pub fn client(&mut self, bytes: &[u8]) {
        let at = self.feed.now();
        self.read(None, |decoder| decoder.client(at, bytes));
    }

    /// The server sent something, and it is about to go on: what the client makes of it comes later
    /// than what is seen in it.
    pub fn ahead(&mut self) {
        if self.decoder.is_some() && self.owed.is_none() {
            self.owed = Some(self.feed.owe());
        }
    }

    /// The server sent `bytes`, and they went on.
    pub fn server(&mut self, bytes: &[u8]) {
        let owed = self.owed.take();
        let at = owed
            .as_ref()
            .map_or_else(|| self.feed.now(), |owed| owed.at);
        self.read(owed, |decoder| decoder.server(at, bytes));
    }

    /// Whether the server owes an answer, for others to look at.
    pub fn busy(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.busy)
    }

    /// Whether the client has got all that it waits for.
    pub fn settled(&self) -> Settled {
        match &self.decoder {
            Some(decoder) if decoder.lost() => Settled::Unknown,
            Some(decoder) if decoder.busy() => Settled::No,
            Some(_) => Settled::Yes,
            None => Settled::Unknown,
        }
    }

    fn read(&mut self, owed: Option<Owed>, what: impl FnOnce(&mut dyn Decoder)) {
        let Some(mut decoder) = self.decoder.take() else {
            return;
        };
        let work = AssertUnwindSafe(|| {
            what(&mut *decoder);
            (decoder.take(), decoder.busy(), decoder)
        });
        match catch_unwind(work) {
            Ok((seen, busy, decoder)) => {
                self.busy.store(busy, Relaxed);
                match owed {
                    Some(owed) => self.feed.pay(owed, self.number, seen),
                    None => self.feed.wire(self.number, seen),
                }
                self.decoder = Some(decoder);
            }
            Err(_) => {
                // Whether it is busy is no longer known; a cancel goes through.
                self.busy.store(true, Relaxed);
                self.feed.gap(Gap {
                    kind: GapKind::Undecodable,
                    bytes: 0,
                    detail: format!(
                        "the rest of connection {} could not be read: an internal error",
                        self.number
                    ),
                });
            }
        }
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        let at = self.feed.now();
        self.read(None, |decoder| decoder.closed(at));
    }
}
