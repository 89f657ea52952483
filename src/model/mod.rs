//! Plain types shared by every layer: time, ids, events, what a session is.
//!
//! Nothing here reads a file, a clock or the environment, and nothing here knows how an event came
//! to be or where it goes.

pub mod codec;
mod event;
mod id;
mod labels;
pub mod raw;
mod session;
mod text;
mod time;
pub mod when;
pub mod wire;

pub use event::{Body, Command, Event, Exit, Gap, GapKind, Size};
pub use id::{SessionId, ShortIds};
pub use labels::{Labels, Note};
pub use session::{Meta, Status, Summary, Target};
pub use text::{Field, printable};
pub use time::{Micros, Stamp};
