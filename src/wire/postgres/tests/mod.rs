//! Conversations made by hand. Each is read whole, byte by byte, and cut at every place.

mod attribution;
mod bounds;
mod copy;
mod growth;
mod session;
mod talk;
