//! Giving up what takes long, because something else is wanted by now.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Shared by who asks and who answers: whether more was asked than was taken up. It never turns back
/// while the one who answers is at work, for only he takes up.
#[derive(Clone, Debug, Default)]
pub struct Halt(Arc<AtomicUsize>);

impl Halt {
    /// Something is about to be asked.
    pub fn ask(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// One of the things asked is taken up.
    pub fn take_up(&self) {
        let less = |waiting: usize| waiting.checked_sub(1);
        let _ = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
    }

    /// Whether something waits.
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}
