//! The terminal, seen from the recorder: which bytes drew what a viewer reads.
//!
//! * [`token`] cuts the byte stream into characters and control functions;
//! * [`screen`] is the terminal model, in which every cell knows the serial number of the
//!   character that drew it;
//! * [`plain`] recognises lines that need no model;
//! * [`prompt`] knows what prompts look like, [`keys`] what an Enter key looks like;
//! * [`redraw`] writes a screen down as bytes.
//!
//! Nothing here knows what a secret is, keeps a byte longer than the screen does, or reads a clock.

pub mod keys;
mod line;
mod modes;
pub mod plain;
pub mod prompt;
pub mod redraw;
pub mod screen;
pub mod style;
pub mod token;
