//! Where rec's files stand and what its owner configured.

mod browser;
mod draft;
mod error;
mod file;
mod mask;
mod paths;
mod retention;
mod scope;

pub use browser::{Browser, Colours, Rebound};
pub use draft::Draft;
pub use error::{Error, Fault};
pub use file::{Config, Family, Listen, OnFailure};
pub use mask::Masking;
pub use paths::{NoHome, Paths};
pub use retention::{Limits, Retention};
pub use scope::{Decision, Scope};
