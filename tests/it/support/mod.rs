//! What the tests stand on: a terminal to type into, a home of one's own, real servers.
//!
//! Every server is private to the process that started it (own data directory, own port or
//! socket) and goes away with it, however that process ends. A missing program fails the test and
//! names the Debian package; no test passes because something was not there.

// A support library serves tests of several areas; not each of them uses all of it.
#![allow(dead_code)]

mod authority;
mod capture;
mod home;
mod kerberos;
mod keyring;
mod mariadb;
mod postgres;
pub mod recorded;
mod relay;
mod selftest;
mod server;
mod sshd;
mod terminal;
mod tools;

pub use authority::{Authority, Signed, Subject};
pub use capture::{Capture, Conversation, Speaker};
pub use home::{Home, check};
pub use kerberos::Kerberos;
pub use keyring::Keyring;
pub use mariadb::Mariadb;
pub use postgres::Postgres;
pub use relay::Relay;
pub use sshd::Sshd;
pub use terminal::Terminal;
pub use tools::{free_port, tool};
