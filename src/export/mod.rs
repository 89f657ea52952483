//! A session, or a piece of it, as something to hand on: asciicast, text, JSON lines.
//!
//! Owns the order that keeps a piece safe: the whole session is masked again with today's rules,
//! then the piece is cut out, then it is encoded. A cut first would lose what the masking knows
//! from the lines before. Writes no file; whoever calls decides where the bytes go.

mod again;
mod cast;
mod cut;
mod json;
mod text;

pub use again::{Again, Report};
pub use cast::{Cast, Version};
pub use cut::{Cut, Cutter, Start, Step};
pub use json::{JsonLines, command_json, session_json, statement_json};
pub use text::Plain;

use crate::model::Event;

/// Turns the events of a piece into bytes.
pub trait Encoder {
    /// What stands before the first event.
    fn begin(&mut self, out: &mut Vec<u8>);
    /// The next event of the piece.
    fn event(&mut self, event: &Event, out: &mut Vec<u8>);
    /// What stands after the last one.
    fn end(&mut self, out: &mut Vec<u8>);
}

#[cfg(test)]
mod tests;
