//! rec: the commands that touch production, recorded on the engineer's own machine.
//!
//! # The map
//!
//! An arrow only ever points down; `tests/it/layers.rs` checks it.
//!
//! ```text
//! cli, main                                parse, dispatch, one file per verb, human messages
//! shell   record/ vault/ tui/ config       everything that touches the outside world
//! core    export                           masks again, then encodes
//!         query player insight             read what timelines hold
//!         pipeline timeline                composes term, wire and mask; joins commands, output and statements
//!         wire term mask                   do not know each other
//!         model                            plain types shared by all
//! ```
//!
//! The core is sans-IO: bytes and time come in, values come out. No file, socket, environment or
//! clock is read there.
//!
//! # The promises
//!
//! * **P1 Transparent.** With rec in front, client and server behave as without.
//! * **P2 Masked before it is stored.** Only [`mask::Masked`] values, or ciphertext moved within
//!   its own chain, reach the vault.
//! * **P3 Recording needs no secret.** The recorder holds only the vault's public recipient.
//! * **P4 Nothing decided is lost.** Text is committed within one second of its mask decision.
//! * **P5 The session comes first.** A failure of the recorder never ends or stalls the session.
//! * **P6 Honest about gaps.** Every session states what was not seen.
//! * **P7 Tamper-evident.** Pieces are chained over ciphertext, a signed log ties sessions together.
//! * **P8 Bounded.** Memory, latency and disk are bounded for any input.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod cli;
pub mod config;
pub mod export;
pub mod insight;
pub mod mask;
pub mod model;
pub mod pipeline;
pub mod player;
pub mod query;
pub mod record;
pub mod term;
pub mod timeline;
pub mod tui;
pub mod vault;
pub mod wire;
