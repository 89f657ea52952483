//! Where rec's files stand and what its owner configured.

mod error;
mod file;
mod paths;
mod retention;
mod scope;

pub use error::{Error, Fault};
pub use file::{Config, Family, OnFailure};
pub use paths::{NoHome, Paths};
pub use retention::{Limits, Retention};
pub use scope::{Decision, Scope};
