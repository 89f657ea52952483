//! The bounded queue between the recorder and the writer thread. A full one makes the recorder
//! wait, but only for so long.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What may wait to be sealed (P8): sixteen pieces of a flood.
pub const BYTES_MAX: usize = 4 << 20;

/// Plaintext of pieces, in order, and then perhaps an end.
pub struct Queue<E> {
    state: Mutex<State<E>>,
    changed: Condvar,
}

struct State<E> {
    pieces: VecDeque<Vec<u8>>,
    bytes: usize,
    end: Option<E>,
    /// The recorder is gone without an end.
    left: bool,
    /// Nobody takes anything any more.
    abandoned: bool,
}

impl<E> State<E> {
    /// Nothing waits, and something may still come.
    fn is_idle(&self) -> bool {
        self.pieces.is_empty() && self.end.is_none() && !self.left
    }
}

/// What the writer thread gets.
pub struct Work<E> {
    /// Pieces to commit, in order.
    pub pieces: Vec<Vec<u8>>,
    /// How the session ends; nothing follows.
    pub end: Option<E>,
}

/// Why a piece was not taken. It stays with the caller.
#[derive(Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// No room came free in time.
    Full(Vec<u8>),
    /// Nobody takes anything any more.
    Abandoned,
}

impl<E> Queue<E> {
    pub fn new() -> Self {
        let state = State {
            pieces: VecDeque::new(),
            bytes: 0,
            end: None,
            left: false,
            abandoned: false,
        };
        Queue {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Hands over one piece, waiting at most `limit` for room.
    pub fn push(&self, piece: Vec<u8>, limit: Duration) -> Result<(), NotTaken> {
        let until = Instant::now() + limit;
        let mut state = self.lock();
        while !state.abandoned && state.bytes + piece.len() > BYTES_MAX && !state.pieces.is_empty()
        {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(NotTaken::Full(piece));
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.abandoned {
            return Err(NotTaken::Abandoned);
        }
        state.bytes += piece.len();
        state.pieces.push_back(piece);
        self.changed.notify_all();
        Ok(())
    }

    /// Hands over the last piece, if any, and the end. It has room in any case.
    pub fn finish(&self, last: Option<Vec<u8>>, end: E) {
        let mut state = self.lock();
        state.pieces.extend(last);
        state.end = Some(end);
        self.changed.notify_all();
    }

    /// Nothing more will be handed over, and no end.
    pub fn leave(&self) {
        self.lock().left = true;
        self.changed.notify_all();
    }

    /// Everything that waits, at most `max` pieces, as soon as there is anything; neither pieces
    /// nor an end once the recorder has left and all is taken.
    pub fn take(&self, max: usize) -> Work<E> {
        let mut state = self.lock();
        while state.is_idle() {
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        self.drain(state, max)
    }

    /// As [`Queue::take`]; `None` when there is nothing within `limit`.
    pub fn take_within(&self, max: usize, limit: Duration) -> Option<Work<E>> {
        let until = Instant::now() + limit;
        let mut state = self.lock();
        while state.is_idle() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Some(self.drain(state, max))
    }

    fn drain(&self, mut state: MutexGuard<'_, State<E>>, max: usize) -> Work<E> {
        let some = max.min(state.pieces.len());
        let pieces: Vec<Vec<u8>> = state.pieces.drain(..some).collect();
        state.bytes = state.pieces.iter().map(Vec::len).sum();
        let end = if state.pieces.is_empty() {
            state.end.take()
        } else {
            None
        };
        self.changed.notify_all();
        Work { pieces, end }
    }

    /// From here on nothing is taken.
    pub fn abandon(&self) {
        let mut state = self.lock();
        state.abandoned = true;
        state.pieces.clear();
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_full_queue_gives_the_piece_back_in_time() {
        let queue = Queue::<()>::new();
        let piece = vec![0; BYTES_MAX / 2];
        queue.push(piece.clone(), Duration::ZERO).unwrap();
        queue.push(piece.clone(), Duration::ZERO).unwrap();
        let begun = Instant::now();
        let limit = Duration::from_millis(30);
        let refused = queue.push(vec![1], limit);
        assert_eq!(refused, Err(NotTaken::Full(vec![1])));
        assert!(begun.elapsed() >= limit);
        assert_eq!(queue.take(1).pieces.len(), 1);
        queue.push(vec![1], Duration::ZERO).unwrap();
    }

    #[test]
    fn order_is_kept_and_the_end_comes_last() {
        let queue = Arc::new(Queue::new());
        let writer = Arc::clone(&queue);
        let thread = std::thread::spawn(move || {
            let mut seen = Vec::new();
            loop {
                let work = writer.take(3);
                seen.extend(work.pieces.into_iter().flatten());
                if let Some(end) = work.end {
                    return (seen, end);
                }
            }
        });
        for n in 0..100 {
            queue.push(vec![n], Duration::from_secs(5)).unwrap();
        }
        queue.finish(Some(vec![100]), "end");
        queue.leave();
        let (seen, end) = thread.join().unwrap();
        assert_eq!(seen, (0..=100).collect::<Vec<u8>>());
        assert_eq!(end, "end");
    }
}
