//! A session, or a piece of it, as something to hand on: asciicast, text, Markdown, SQL, CSV, JSON
//! lines, a picture, a page.
//!
//! Owns the order that keeps a piece safe: the whole session is masked again with today's rules,
//! then the piece is cut out, then it is encoded. A cut first would lose what the masking knows
//! from the lines before. Writes no file; whoever calls decides where the bytes go.
//!
//! ```text
//! job       the order above, for one session and one format
//! again     masks        cut    cuts        doubt   what masking may have missed
//! moments   whole commands with their output
//! cast, text, json, markdown, script, csv, svg, page    the formats
//! ```

mod again;
mod cast;
mod csv;
mod cut;
mod doubt;
mod job;
mod json;
mod markdown;
mod moments;
mod page;
pub mod redact;
mod runs;
mod script;
mod svg;
mod text;

pub use again::{Again, Report};
pub use cast::{Cast, Version};
pub use csv::write as write_csv;
pub use cut::{Cut, Cutter, Start, Step};
pub use job::{Done, Format, Job, Lack};
pub use json::{JsonLines, command_json, results_json, session_json, statement_json};
pub use text::Plain;

use crate::model::{Body, Event};
use crate::player::Screen;

/// Turns the events of a piece into bytes.
pub trait Encoder {
    /// What stands before the first event.
    fn begin(&mut self, out: &mut Vec<u8>);
    /// The next event of the piece.
    fn event(&mut self, event: &Event, out: &mut Vec<u8>);
    /// What stands after the last one.
    fn end(&mut self, out: &mut Vec<u8>);
    /// What its reader must know, once it has ended.
    fn remark(&self) -> Option<String> {
        None
    }
    /// Why the piece cannot be written like this, once it has ended.
    fn lacks(&self) -> Option<String> {
        None
    }
}

/// Does to the screen what the event did to the terminal; whether it did anything.
fn draw(screen: &mut Screen, event: &Event) -> bool {
    match &event.body {
        Body::Output(data) => screen.feed(data),
        Body::Stream { data, .. } => screen.feed_stream(data),
        Body::Resize(size) => screen.resize(*size),
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests;
