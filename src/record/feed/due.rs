//! What passes over a database connection and is read along later.

use super::{Item, What};
use crate::model::Micros;
use crate::model::wire::Wire;
use crate::wire::Seen;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Its place in the queue.
#[cfg_attr(test, derive(Debug))]
pub struct Due {
    piece: u64,
    paid: Mutex<Option<Vec<Item>>>,
    changed: Condvar,
}

impl Due {
    /// What was seen, in order. Waits for it: whoever owes it is at work.
    pub fn wait(&self) -> Vec<Item> {
        let mut paid = self.lock();
        loop {
            if let Some(items) = paid.take() {
                return items;
            }
            let waited = self.changed.wait(paid);
            paid = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Which piece of the queue it stands in.
    pub(super) fn piece(&self) -> u64 {
        self.piece
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Item>>> {
        self.paid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What must be handed in ([`super::Feed::pay`]); nothing comes of one that is dropped.
pub struct Owed {
    /// Since when.
    pub at: Micros,
    /// `None` where the queue had no room.
    due: Option<Arc<Due>>,
}

impl Owed {
    pub(super) fn new(at: Micros, piece: u64) -> Owed {
        let due = Due {
            piece,
            paid: Mutex::default(),
            changed: Condvar::new(),
        };
        let due = Some(Arc::new(due));
        Owed { at, due }
    }

    /// One that has no place: what was seen is counted as dropped.
    pub(super) fn nowhere(at: Micros) -> Owed {
        Owed { at, due: None }
    }

    pub(super) fn due(&self) -> Option<Arc<Due>> {
        self.due.clone()
    }

    pub(super) fn pay(mut self, items: Vec<Item>) {
        self.settle(items);
    }

    fn settle(&mut self, items: Vec<Item>) {
        if let Some(due) = self.due.take() {
            *due.lock() = Some(items);
            due.changed.notify_one();
        }
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        self.settle(Vec::new());
    }
}

/// What was seen on a connection as events, and about how many bytes they take.
pub(super) fn items(connection: u32, seen: Vec<(Micros, Seen)>) -> (Vec<Item>, usize) {
    let mut len = 0;
    let items = seen.into_iter().map(|(at, seen)| {
        let what = match seen {
            Seen::Exchange(what) => {
                len += what.size();
                What::Wire(Box::new(Wire { connection, what }))
            }
            Seen::Gap(gap) => {
                len += gap.detail.len();
                What::Gap(gap)
            }
        };
        let reply = None;
        Item { at, what, reply }
    });
    (items.collect(), len)
}
