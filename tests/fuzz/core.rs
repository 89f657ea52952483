//! The core of rec that is fuzzed. It is pure, so it is built here without what the rest needs:
//! a minute instead of half an hour under the sanitizer.

#![allow(clippy::all)]

#[path = "../../src/model/mod.rs"]
pub mod model;
#[path = "../../src/wire/mod.rs"]
pub mod wire;

#[path = "conversation.rs"]
pub mod conversation;
