//! Where rec's files stand and what its owner configured.

mod paths;

pub use paths::{NoHome, Paths};
