//! The full-screen views: the browser and the player.
//!
//! ```text
//! keys      the one key map                   model, browser, list, line   the state
//! msg       messages, effects, requests       update   (model, message) -> effects
//! view/     model -> cells                    theme    how many colours
//! library   what is read                      worker   the thread that reads it
//! runtime   terminal, threads, loop           guard    the terminal given back whatever happens
//! input     keys, waited for
//! raw       recorded bytes on the terminal itself, without views
//! ```
//!
//! State is changed by `update` alone and drawn by `view` alone; neither touches a terminal, a
//! clock or a file. The first frame is drawn before anything is read.

mod asker;
mod browser;
#[cfg(test)]
mod fixture;
mod guard;
mod input;
mod keys;
mod library;
mod line;
mod list;
mod model;
mod msg;
mod raw;
mod reel;
mod runtime;
mod theme;
mod update;
mod view;
mod worker;

pub use asker::Asker;
pub use browser::title;
pub use keys::{Binding, Key, Scope, keys};
pub use library::{Library, Session, VaultLibrary};
pub use model::{Model, Viewer};
pub use msg::{Pace, Request};

pub use raw::play as play_raw;
pub use reel::Reel;
pub use runtime::{Ended, now, run, size};
pub use theme::{Depth, Theme};
