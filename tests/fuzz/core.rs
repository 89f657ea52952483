//! The core of rec that is fuzzed. It is pure, so it is built here without what the rest needs:
//! a minute instead of half an hour under the sanitizer.

#![allow(clippy::all)]

#[path = "../../src/mask/mod.rs"]
pub mod mask;
#[path = "../../src/model/mod.rs"]
pub mod model;
#[path = "../../src/pipeline/mod.rs"]
pub mod pipeline;
#[path = "../../src/term/mod.rs"]
pub mod term;
#[path = "../../src/wire/mod.rs"]
pub mod wire;

#[path = "conversation.rs"]
pub mod conversation;
#[path = "lines.rs"]
pub mod lines;
