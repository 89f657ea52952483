//! The database connection with rec on its local end: clients and servers cannot tell, and the
//! recording holds what passed.

mod flow;
mod hold;
mod kerberos;
mod login;
mod newer;
mod reach;
mod regress;
mod tls;
mod tools;

use crate::support::{Home, Postgres};
use serde_json::Value;
use std::process::{Command, Output, Stdio};

/// A home with a vault, and a server.
pub fn start(settings: &[&str]) -> (Home, Postgres) {
    (Home::with_vault(), Postgres::start_with(settings))
}

/// `words` with `rec run --always --` in front.
pub fn tapped(home: &Home, words: &[&str]) -> Command {
    let mut all = vec!["run", "--always", "--"];
    all.extend(words);
    let mut command = home.rec(&all);
    command.stdin(Stdio::null());
    command
}

/// `words` alone.
pub fn direct(home: &Home, words: &[&str]) -> Command {
    let mut command = home.command(words[0]);
    command.args(&words[1..]).stdin(Stdio::null());
    command
}

/// The statements of the newest recording.
pub fn statements(home: &Home) -> Vec<Value> {
    let shown = home.json(&["show", "@last"]);
    shown[0]["statements"].as_array().unwrap().clone()
}

/// How many times the newest recording says that something went past the tap.
pub fn bypassed(home: &Home) -> u64 {
    let shown = home.json(&["show", "@last"]);
    shown[0]["gaps_by_kind"]["bypassed"].as_u64().unwrap_or(0)
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// The client gives the same bytes and status through the tap as without, and the recording holds
/// so many statements.
#[track_caller]
pub fn same(home: &Home, words: &[&str], wanted: usize) -> Output {
    let direct = direct(home, words).output().unwrap();
    let tapped = tapped(home, words).output().unwrap();
    assert_eq!(said(&tapped), said(&direct), "{words:?}");
    let seen = statements(home);
    assert_eq!(seen.len(), wanted, "{words:?}: {seen:#?}");
    assert_eq!(bypassed(home), 0, "{words:?}");
    tapped
}

/// Through the tap it works, gives so many statements, and its stdout.
#[track_caller]
pub fn works(home: &Home, words: &[&str], wanted: usize) -> String {
    let output = tapped(home, words).output().unwrap();
    let (status, stdout, stderr) = said(&output);
    assert_eq!(status, Some(0), "{words:?}: {stdout}{stderr}");
    assert_eq!(statements(home).len(), wanted, "{words:?}: {stderr}");
    stdout
}

/// Through the tap it does not, and says `wanted` on stderr.
#[track_caller]
pub fn refused(home: &Home, words: &[&str], wanted: &str) {
    let output = tapped(home, words).output().unwrap();
    let (status, stdout, stderr) = said(&output);
    assert_ne!(status, Some(0), "{words:?}: {stdout}{stderr}");
    assert!(stderr.contains(wanted), "{words:?}: {stderr}");
    assert_eq!(statements(home).len(), 0, "{words:?}: {stderr}");
}

/// A client of psql's that runs `sql` at once.
pub fn psql<'a>(how: &[&'a str], sql: &'a str) -> Vec<&'a str> {
    let mut words = vec!["psql", "-XAtq"];
    words.extend(how);
    words.extend(["-c", sql]);
    words
}
