//! What a recording is made of.
//!
//! A session is a stream of events. Stream order is authoritative: an event belongs where it
//! stands. `at` never runs backwards except on [`Body::Command`] and [`Body::CommandEnd`], whose
//! time is that of the key or the prompt they speak of, known only a little later, and on
//! [`Body::Wire`], whose time is that of the bytes it speaks of. So a statement may stand before the
//! command that sent it: the two are joined by time.
//!
//! A command's output is every `Output` (or `Stream`) between its `Command` and its `CommandEnd`;
//! the prompt and the echo of the typing stand outside that range.

use super::Micros;
use super::wire::{Exchange, Wire};
use serde::{Deserialize, Serialize};

/// One thing that happened, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Since the session began.
    pub at: Micros,
    /// What happened.
    pub body: Body,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Bytes the terminal was given. Not always UTF-8; escape sequences and characters may be
    /// split over two events.
    Output(Vec<u8>),
    /// Bytes the client wrote to a stdout or stderr that was no terminal.
    Stream {
        /// 1 or 2.
        fd: u8,
        /// As written.
        data: Vec<u8>,
    },
    /// The terminal has this size from here on.
    Resize(Size),
    /// A line was submitted.
    Command(Command),
    /// The command with this number is over: a prompt showed, or the client ended.
    CommandEnd {
        /// As in [`Command::number`].
        number: u32,
        /// The shell's exit status where it says so (OSC 133), else what the screen said.
        outcome: Option<String>,
    },
    /// The engineer marked this moment.
    Marker {
        /// Free text, often empty.
        label: String,
    },
    /// Off the record from here.
    Pause,
    /// On the record again.
    Resume,
    /// A rule masked something in the events just before.
    Masked {
        /// The rule's id.
        rule: String,
        /// How many values.
        count: u32,
    },
    /// Something was not seen or not stored (P6).
    Gap(Gap),
    /// Something passed over a database connection. Apart, for it is much larger than all else and
    /// is handed on from one to the next a dozen times.
    Wire(Box<Wire>),
    /// The client ended. The last event of a session that was closed in order.
    Exit(Exit),
    /// An event of a kind this version does not know. Kept, so that nothing is lost when a newer
    /// version's recording is moved.
    Other {
        /// The kind's name.
        kind: String,
        /// The header's other fields, as JSON text.
        fields: String,
        /// The raw bytes behind the header.
        data: Vec<u8>,
    },
}

/// A terminal's size in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Columns; may be 0 where there is no real terminal.
    pub cols: u16,
    /// Rows; may be 0 where there is no real terminal.
    pub rows: u16,
}

impl Body {
    /// This passed over database connection `connection`.
    pub fn wire(connection: u32, what: Exchange) -> Body {
        Body::Wire(Box::new(Wire { connection, what }))
    }
}

impl Size {
    /// This size, with 80x24 for a terminal that says 0x0.
    pub fn or_default(self) -> Size {
        Size {
            cols: if self.cols == 0 { 80 } else { self.cols },
            rows: if self.rows == 0 { 24 } else { self.rows },
        }
    }
}

/// One submitted line (or several, when the client continued it).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Counts from 1 in each session.
    pub number: u32,
    /// As submitted: prompt cut off, continuation lines joined by `\n`.
    pub text: String,
    /// What stood before it on the screen.
    pub prompt: String,
    /// When the prompt was complete.
    pub prompt_at: Micros,
}

/// Something that the recording does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Why.
    pub kind: GapKind,
    /// How many bytes, when known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes: u64,
    /// One sentence for a person; never holds what was dropped.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// Why something is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// The recorder could not keep up or could not write.
    Dropped,
    /// Off the record by the engineer's wish.
    Paused,
    /// The session's limit was reached; totals go on.
    Truncated,
    /// Bytes of a protocol that could not be read.
    Undecodable,
    /// The client talked past the tap.
    Bypassed,
    /// It could not be masked with certainty, so it was dropped.
    Unmaskable,
    /// The recorder ended without closing the session.
    Interrupted,
}

/// How the client ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// The exit status, or 128+n for a signal.
    pub code: i32,
    /// The signal's number, when one ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
}
