//! The full-screen views: the browser and the player.
//!
//! ```text
//! keys      the one key map                   model, browser, list, line   the state
//! msg       messages, effects, requests       update   (model, message) -> effects
//! view/     model -> cells                    theme    how many colours
//! pages/    what stands in front of the browser: search, insights, comparison, export
//! filter    which sessions are shown          prompt   a line asked for, the palette of actions
//! library   what is read and changed          worker   the thread that reads it
//! shelf     the library that a vault is
//! runtime   terminal, threads, loop           guard    the terminal given back whatever happens
//! input     keys, waited for                  mouse    what it does
//! passphrase  what is typed unseen            asker    who asks for it
//! watch     what keys do in the player
//! sixteen   colours as terminals of sixteen spell them
//! folded    long lines in rows                raw      recorded bytes on the terminal itself, without views
//! ```
//!
//! State is changed by `update` alone and drawn by `view` alone; neither touches a terminal, a
//! clock or a file. The first frame is drawn before anything is read.

mod asker;
mod browser;
mod facet;
mod filter;
#[cfg(test)]
mod fixture;
mod folded;
mod guard;
mod input;
mod keys;
mod library;
mod line;
mod list;
mod model;
mod mouse;
mod msg;
mod pages;
mod passphrase;
mod program;
mod prompt;
mod raw;
mod reel;
mod runtime;
mod shelf;
mod sixteen;
mod theme;
mod update;
mod view;
mod watch;
mod worker;

pub use asker::Asker;
pub use browser::title;
pub use keys::{Action, Binding, Key, Keymap, Scope, keys};
pub use library::{Library, Session};
pub use model::{Model, Viewer};
pub use msg::{Pace, Request};
pub use passphrase::{Step, TypedPassphrase};
pub use shelf::VaultLibrary;

pub use raw::play as play_raw;
pub use reel::Reel;
pub use runtime::{Ended, now, run, size};
pub use theme::{Depth, Theme};
