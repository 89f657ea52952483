//! One integration binary; each module reads like the promise it checks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_docs
)]

mod audit;
mod behaviour;
mod config;
mod copies;
mod durability;
mod endtoend;
mod export;
mod failing_disk;
mod first;
mod formats;
mod insight;
mod keep;
mod layers;
mod masking;
mod memory;
mod pack;
mod plugin;
mod read;
mod recognition;
mod statements;
mod support;
mod tap;
mod tap_mysql;
mod tui;
mod vault_keys;
mod wire_postgres;
