//! `rec tap`: a listener in a server's place, for clients that rec does not start.

use super::run::{AtTerminal, failed};
use super::{Error, Global, Ui};
use crate::record::{self, Request};
use std::ffi::OsString;
use std::process::ExitCode;

/// Listen in a database server's place and record what passes, until Ctrl-C
///
/// For clients that rec does not start: programs with a window, drivers of a program under test.
/// The addresses to give them are printed; the first is for those that only speak TCP. Only
/// programs of the same user are let in. User, password and database are the client's to say. The
/// way to the server is encrypted as the target says; the way to rec is not, and needs not be.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rec tap postgres://db.example.com/app
  rec tap 'host=db.example.com sslmode=verify-full dbname=app'
  rec tap service=prod
  rec tap mysql://db.example.com:3306/shop
  rec tap 'mysql://db.example.com/?ssl-mode=VERIFY_IDENTITY&ssl-ca=/etc/ssl/db.pem'")]
pub struct Tap {
    /// The server: a URI, or a conninfo string of libpq. A URI of MySQL or MariaDB may say
    /// `ssl-mode` and the other `ssl-…` options of the clients, and `socket`
    #[arg(value_name = "TARGET")]
    pub target: OsString,
}

/// Listens.
///
/// # Errors
/// Nothing can listen, or nothing would be recorded.
pub fn run(ui: &mut Ui, global: &Global, args: Tap) -> Result<ExitCode, Error> {
    let request = Request {
        argv: vec!["tap".into(), args.target],
        always: true,
        vault: global.vault.clone(),
        config: global.config.clone(),
    };
    match record::hold(&request, &mut AtTerminal { ui }) {
        Ok(status) => Ok(ExitCode::from(status)),
        Err(error) => failed(error),
    }
}
