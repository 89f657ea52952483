//! What passes over a database connection and is read along later.

use super::{Item, What};
use crate::model::Micros;
use crate::model::wire::Wire;
use crate::wire::Seen;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What is owed, and where it goes.
#[cfg_attr(test, derive(Debug))]
pub struct Due {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
#[cfg_attr(test, derive(Debug))]
struct State {
    /// The piece of the queue in which it has a place; none as long as nothing came after it.
    piece: Option<u64>,
    paid: Option<Vec<Item>>,
    /// The recorder waits. To wake it costs a system call, whether it does or not.
    waiting: bool,
}

impl Due {
    /// What was seen, in order. Waits for it: whoever owes it is at work.
    pub fn wait(&self) -> Vec<Item> {
        let mut state = self.lock();
        loop {
            if let Some(items) = state.paid.take() {
                return items;
            }
            state.waiting = true;
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// It has a place now.
    pub(super) fn stands_in(&self, piece: u64) {
        self.lock().piece = Some(piece);
    }

    /// Where it has one.
    pub(super) fn piece(&self) -> Option<u64> {
        self.lock().piece
    }

    fn settle(&self, items: Vec<Item>) {
        let mut state = self.lock();
        state.paid = Some(items);
        if state.waiting {
            self.changed.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
    pub(super) fn new(at: Micros) -> Owed {
        let due = Due {
            state: Mutex::default(),
            changed: Condvar::new(),
        };
        let due = Some(Arc::new(due));
        Owed { at, due }
    }

    /// One that has no room: what was seen is counted as dropped.
    pub(super) fn nowhere(at: Micros) -> Owed {
        Owed { at, due: None }
    }

    pub(super) fn due(&self) -> Option<&Arc<Due>> {
        self.due.as_ref()
    }

    pub(super) fn pay(mut self, items: Vec<Item>) {
        if let Some(due) = self.due.take() {
            due.settle(items);
        }
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        if let Some(due) = self.due.take() {
            due.settle(Vec::new());
        }
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
