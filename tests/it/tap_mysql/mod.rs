//! The connection of MySQL's and MariaDB's clients with rec on its local end: clients and servers
//! cannot tell, and the recording holds what passed.

mod away;
mod change_user;
mod flow;
mod hold;
mod large;
mod login;
mod mysql8;
mod route;
mod suite;
mod tls;
mod tools;

use crate::support::{Home, Mariadb};
use serde_json::Value;
use std::process::{Command, Output, Stdio};

/// A home with a vault, and a server with a database `shop`.
fn start() -> (Home, Mariadb) {
    let server = Mariadb::start_with(&["--local-infile=1", "--max-allowed-packet=64M"]);
    server.sql("mysql", "create database shop");
    (Home::with_vault(), server)
}

/// A client as the user `app`, over TCP.
fn over_tcp(server: &Mariadb, client: &str, more: &[&str]) -> Vec<String> {
    let mut words = vec![client.to_owned(), "--no-defaults".into()];
    words.extend([
        "-h".into(),
        "127.0.0.1".into(),
        format!("-P{}", server.port),
    ]);
    words.extend(["-uapp".into(), format!("-p{}", Mariadb::PASSWORD)]);
    words.extend(more.iter().map(|word| (*word).to_owned()));
    words
}

/// A client as `root`, over the socket.
fn over_socket(server: &Mariadb, client: &str, more: &[&str]) -> Vec<String> {
    let mut words = vec![client.to_owned(), "--no-defaults".into()];
    words.extend(["-uroot".into(), format!("-S{}", server.socket())]);
    words.extend(more.iter().map(|word| (*word).to_owned()));
    words
}

/// `words` with `rec run --always --` in front.
fn tapped(home: &Home, words: &[String]) -> Command {
    let mut command = home.rec(&["run", "--always", "--"]);
    command.args(words).stdin(Stdio::null());
    command
}

/// `words` alone.
fn direct(home: &Home, words: &[String]) -> Command {
    let mut command = home.command(&words[0]);
    command.args(&words[1..]).stdin(Stdio::null());
    command
}

/// The newest recording, its results among it.
fn shown(home: &Home) -> Value {
    home.json(&["show", "@last", "--rows", "all"])[0].clone()
}

/// The statements of the newest recording.
fn statements(home: &Home) -> Vec<Value> {
    shown(home)["statements"].as_array().unwrap().clone()
}

/// What the newest recording says that it has not seen, by kind.
fn gaps(home: &Home) -> Value {
    shown(home)["gaps_by_kind"].clone()
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
/// so many statements and misses nothing.
#[track_caller]
fn same(home: &Home, words: &[String], wanted: usize) -> Vec<Value> {
    let direct = direct(home, words).output().unwrap();
    let tapped = tapped(home, words).output().unwrap();
    assert_eq!(said(&tapped), said(&direct), "{words:?}");
    let seen = statements(home);
    assert_eq!(seen.len(), wanted, "{words:?}: {seen:#?}");
    assert_eq!(gaps(home), serde_json::json!({}), "{words:?}");
    seen
}

/// Through the tap the client does not get in, and says `wanted` on stderr.
#[track_caller]
fn refused(home: &Home, words: &[String], wanted: &str) {
    let output = tapped(home, words).output().unwrap();
    let (status, stdout, stderr) = said(&output);
    assert_ne!(status, Some(0), "{words:?}: {stdout}{stderr}");
    assert!(stderr.contains(wanted), "{words:?}: {stderr}");
    assert_eq!(statements(home).len(), 0, "{words:?}: {stderr}");
}
