//! Keyframes and landmarks of a recording, gathered in one pass that may stop after any piece.

use super::unseen::Unseen;
use super::{Landmarks, Screen, Snapshot, Spot};
use crate::model::{Body, Event, Micros, Size};

/// Terminal bytes between two keyframes: what a seek may have to replay. A quarter of a megabyte
/// takes the terminal model a few milliseconds.
const SPACING: usize = 256 << 10;
/// Memory for all keyframes together. When they need more, every second one goes and the spacing
/// doubles, so a longer recording costs time for a seek and not memory.
const KEYFRAMES_MAX: usize = 32 << 20;

/// A place that the replay can start from.
#[derive(Clone, Debug)]
pub(super) struct Keyframe {
    pub spot: Spot,
    /// The replay's clock there.
    pub clock: Micros,
    pub snapshot: Snapshot,
}

/// The index of a recording, as far as it was read.
pub struct Index {
    screen: Screen,
    /// What the screen still has to be given.
    unseen: Unseen,
    keyframes: Vec<Keyframe>,
    cost: usize,
    /// At most this, [`KEYFRAMES_MAX`].
    budget: usize,
    spacing: usize,
    since: usize,
    /// Commands, markers, gaps.
    pub landmarks: Landmarks,
    /// The first piece that was not read yet.
    next_piece: usize,
    /// The largest size that the terminal had, each way.
    pub largest: Size,
}

impl Index {
    /// An index that has seen nothing of a recording whose terminal began with this size.
    pub fn new(size: Size) -> Index {
        Index::bounded(size, SPACING, KEYFRAMES_MAX)
    }

    pub(super) fn bounded(size: Size, spacing: usize, budget: usize) -> Index {
        let screen = Screen::new(size);
        let first = Keyframe {
            spot: Spot::default(),
            clock: Micros(0),
            snapshot: screen.snapshot(),
        };
        Index {
            largest: screen.size(),
            cost: first.snapshot.cost(),
            screen,
            unseen: Unseen::new(),
            keyframes: vec![first],
            budget,
            spacing,
            since: 0,
            landmarks: Landmarks::default(),
            next_piece: 0,
        }
    }

    /// The terminal's size as far as it was read.
    pub(super) fn size(&self) -> Size {
        self.screen.size()
    }

    /// The piece that [`Index::add`] wants next.
    pub fn next_piece(&self) -> usize {
        self.next_piece
    }

    /// Reads the next piece.
    pub fn add(&mut self, events: &[Event]) {
        let mut clock = self.landmarks.until;
        for (event, number) in events.iter().zip(0..) {
            let spot = Spot {
                piece: self.next_piece,
                event: number,
            };
            if self.since >= self.spacing {
                self.keyframe(spot, clock);
            }
            clock = clock.max(event.at);
            let size = self.screen.size();
            self.landmarks.note(spot, clock, size, event);
            self.since += self.unseen.apply(&mut self.screen, &event.body);
            if matches!(event.body, Body::Resize(_)) {
                let size = self.screen.size();
                self.largest.cols = self.largest.cols.max(size.cols);
                self.largest.rows = self.largest.rows.max(size.rows);
            }
        }
        self.next_piece += 1;
    }

    /// Nothing comes after what was read.
    pub fn finish(&mut self) {
        self.landmarks.complete = true;
    }

    fn keyframe(&mut self, spot: Spot, clock: Micros) {
        self.since = 0;
        self.unseen.flush(&mut self.screen);
        let snapshot = self.screen.snapshot();
        self.cost += snapshot.cost();
        self.keyframes.push(Keyframe {
            spot,
            clock,
            snapshot,
        });
        while self.cost > self.budget && self.keyframes.len() > 2 {
            let mut number = 0;
            self.keyframes.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.cost = self.keyframes.iter().map(|k| k.snapshot.cost()).sum();
            self.spacing = self.spacing.saturating_mul(2);
        }
    }

    /// The last keyframe that is not behind `spot`.
    pub(super) fn before_spot(&self, spot: Spot) -> Option<&Keyframe> {
        let behind = self.keyframes.partition_point(|k| k.spot <= spot);
        self.keyframes.get(behind.checked_sub(1)?)
    }

    /// The last keyframe at which `at` has not passed.
    pub(super) fn before_time(&self, at: Micros) -> Option<&Keyframe> {
        let behind = self.keyframes.partition_point(|k| k.clock <= at);
        // At a keyframe with this very clock events of the same moment may stand before it, and
        // they have been applied; so it is a good start all the same.
        self.keyframes.get(behind.checked_sub(1)?)
    }
}

/// Does to the screen what the event did to the terminal, and gives the bytes that it took.
pub(super) fn apply(screen: &mut Screen, body: &Body) -> usize {
    match body {
        Body::Output(data) => {
            screen.feed(data);
            data.len()
        }
        Body::Stream { data, .. } => {
            screen.feed_stream(data);
            data.len()
        }
        Body::Resize(size) => {
            screen.resize(*size);
            // A resize reflows every cell, which costs about as much as writing them.
            usize::from(screen.size().cols) * usize::from(screen.size().rows)
        }
        Body::Command(_)
        | Body::CommandEnd { .. }
        | Body::Marker { .. }
        | Body::Pause
        | Body::Resume
        | Body::Masked { .. }
        | Body::Gap(_)
        | Body::Exit(_)
        | Body::Wire(_)
        | Body::Other { .. } => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(at: u64, data: Vec<u8>) -> Event {
        Event {
            at: Micros(at),
            body: Body::Output(data),
        }
    }

    #[test]
    fn keyframes_stay_within_their_memory() {
        let (spacing, budget) = (1 << 10, 64 << 10);
        let mut index = Index::bounded(Size { cols: 40, rows: 10 }, spacing, budget);
        // Screens that cost the most: another colour in every cell.
        let mut screenful = Vec::new();
        for n in 0..400u32 {
            let [_, a, b, c] = n.to_be_bytes();
            screenful.extend_from_slice(format!("\x1b[38;2;{a};{b};{c}mx").as_bytes());
        }
        for piece in 0..100u64 {
            index.add(&[output(piece, screenful.clone())]);
            assert!(index.cost <= budget, "{} bytes kept", index.cost);
        }
        assert!(index.spacing > spacing, "the spacing grew");
        assert_eq!(index.keyframes[0].spot, Spot::default());
        let spots: Vec<_> = index.keyframes.iter().map(|k| k.spot).collect();
        assert!(spots.is_sorted());
    }

    #[test]
    fn a_keyframe_is_before_what_is_sought() {
        let mut index = Index::bounded(Size { cols: 80, rows: 24 }, 100, KEYFRAMES_MAX);
        for piece in 0..10u64 {
            index.add(&[output(piece * 100, vec![b'x'; 100])]);
        }
        let spot = |piece| Spot { piece, event: 0 };
        assert_eq!(index.before_spot(spot(4)).map(|k| k.spot), Some(spot(4)));
        let between = Spot { piece: 4, event: 1 };
        assert_eq!(index.before_spot(between).map(|k| k.spot), Some(spot(4)));
        let found = index.before_time(Micros(450)).unwrap();
        assert!(found.clock <= Micros(450) && found.spot == spot(5));
        assert_eq!(index.before_spot(spot(0)).map(|k| k.spot), Some(spot(0)));
    }
}
