//! Replay: what the terminal showed at any moment of a recording.
//!
//! Pure and without a clock: the caller says how much time passed and gets a screen. Events come
//! from a [`Source`], piece by piece, so that memory does not grow with the recording.
//!
//! A place in a recording is a [`Spot`], not a time: several events may share a microsecond, and
//! stream order decides among them. The screen at a spot depends on the events before it alone,
//! whichever way the player got there.

mod index;
mod landmarks;
mod raw;
mod replay;
mod screen;
mod sent;
mod source;
mod unseen;

pub use index::Index;
pub use landmarks::{Landmarks, Mark, MarkKind, Moment};
pub use raw::Filter;
pub use replay::{IDLE_DEFAULT, Jump, Player, Reached, SPEEDS, Way};
pub use screen::{Grid, Screen, Snapshot};
pub use source::Source;

/// A place between two events: all before it have happened, the one at it has not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// Which piece of the source.
    pub piece: usize,
    /// Which event of that piece comes next.
    pub event: usize,
}

impl Spot {
    /// The place behind the event at this one.
    pub fn next(self) -> Spot {
        Spot {
            event: self.event + 1,
            ..self
        }
    }
}
