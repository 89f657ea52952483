//! Masking: what in a line of text is a secret, and the one door to what may be stored.
//!
//! Lines come in, [`Span`]s come out; nothing here reads a file, a clock or the environment. The
//! layers are independent of each other and each sits in a file of its own:
//!
//! * structure: [`assign`], [`sql`], [`shell`], [`uri`], [`keyblock`], [`context`]
//! * result tables: [`columns`], and what servers say of their values: [`message`]
//! * what travels between client and database, not yet text: [`database`]
//! * formats of providers: [`provider`], data in `rules/`; of any issuer: [`shape`]
//! * personal data of strong shape: [`personal`], [`phone`], or named: [`national`]; in records of
//!   formats of exchange: [`forms`]
//! * keys of wallets: [`wallet`]
//! * what was found before: [`learned`]
//!
//! The prefilter [`grams`] wakes only the layers whose keywords stand in a line. [`Door`] takes
//! the second look and makes [`Masked`] values. Spans never hold the secret itself; what must be
//! remembered of secrets stands in [`learned`] alone, which wipes it.

mod aside;
mod assign;
mod bytes;
#[cfg(test)]
mod cases_tests;
mod checksum;
mod ciphered;
mod classes;
mod columns;
mod context;
mod database;
mod door;
mod dump;
mod filter;
mod forms;
mod glance;
mod grams;
mod gutter;
mod keyblock;
mod known;
mod learned;
mod message;
mod names;
mod national;
pub mod own;
mod personal;
mod phone;
mod provider;
mod rules;
mod scanner;
mod shape;
mod shell;
mod span;
mod sql;
mod standin;
mod uri;
mod value;
mod wallet;

pub use database::{Column, Copy, Covered, Parameters, ResultColumns};
pub use door::{Door, Doubt, Look, Masked, Viewable};
pub use filter::{Filter, Finding, LINE_MAX, masked};
pub use gutter::gutter;
pub use rules::{RuleInfo, Rules};
pub use scanner::{Knows, Mark, Scanner};
pub use span::{Class, MASK, PASSWORD_WIDTH, RuleId, Span};
