//! What recordings say about their owner's work, and how two of them differ.
//!
//! Owns the questions, not where the answers are drawn: statements are told apart by their
//! [`fingerprint`], counted and timed by [`Collector`], and put side by side by [`align`]. Knows
//! commands with their times and outcomes; where they come from is the caller's business.

mod align;
mod alike;
mod attended;
mod collect;
mod compare;
mod fingerprint;
mod lex;
mod rows;
mod spread;
mod whole;

pub use align::{Pair, align, similar};
pub use alike::Alike;
pub use collect::{
    After, Collector, Occurrence, Retry, Run, Spent, Statement, Stats, TargetTime, Whole,
};
pub use compare::{
    Compared, Difference, LineChange, Side, compare, difference, line_changes, sides, slower,
};
pub use fingerprint::fingerprint;
pub use rows::{RowChange, compare_rows};
pub use spread::{Spread, Trend};
pub use whole::{Reach, reach};
