//! P1: with rec in front, client and shell behave as without, and what happened is recorded.
//!
//! Where there is a bare client to compare with, it runs beside: the same command, the same keys,
//! the same bytes.

mod control;
mod exits;
mod inherit;
mod keeping;
mod keys;
mod screens;
mod secrets;
mod stops;
mod streams;
mod volume;

use crate::support::{Home, Terminal};
use serde_json::Value;
use std::process::Command;
use std::time::{Duration, Instant};

/// Longer than anything here takes on a machine that does much else.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// A directory entry, a recording, a process: what is not a terminal's to wait for.
#[track_caller]
fn wait_until(what: &str, done: impl Fn() -> bool) {
    let until = Instant::now() + WAIT_MAX;
    while !done() {
        assert!(Instant::now() < until, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// `words` bare and with rec in front, each on a terminal of its own.
fn both(home: &Home, words: &[&str]) -> [Terminal; 2] {
    let mut bare = home.command(words[0]);
    bare.args(&words[1..]);
    let mut with_rec = vec!["run", "--"];
    with_rec.extend(words);
    [Terminal::open(&bare, 100, 30), home.terminal(&with_rec)]
}

/// `sh -c script` bare and with rec in front.
fn both_sh(home: &Home, script: &str) -> [Terminal; 2] {
    both(home, &["sh", "-c", script])
}

/// `script` in a shell of its own that outlives its commands; each `rec` in it stays (second) or
/// is taken away (first).
fn both_shells(home: &Home, script: &str) -> [Terminal; 2] {
    let shell = |rec: &str| {
        let mut sh = home.command("/bin/sh");
        sh.env("rec", rec).args(["-c", script]);
        Terminal::open(&sh, 100, 30)
    };
    [shell(""), shell("rec run --")]
}

/// An interactive bash, which has job control, with the prompt `$`.
fn bash(home: &Home) -> Terminal {
    let t = Terminal::open(&bash_command(home), 100, 30);
    t.wait_for("$");
    t
}

fn bash_command(home: &Home) -> Command {
    let mut bash = home.command(crate::support::tool("bash", "bash"));
    bash.args(["--norc", "--noprofile", "-i"]);
    bash
}

/// What the client wrote: all that came out but rec's own last line.
fn shown(t: &Terminal) -> Vec<u8> {
    let bytes = t.bytes();
    let text = String::from_utf8_lossy(&bytes);
    match text
        .rfind("rec: ")
        .filter(|at| text[*at..].contains("rec play "))
    {
        // Lossy text is longer than its bytes, so the line's own length counts.
        Some(at) => bytes[..bytes.len() - (text.len() - at)].to_vec(),
        None => bytes,
    }
}

/// All sessions, newest first.
fn sessions(home: &Home) -> Vec<Value> {
    home.json(&["ls"]).as_array().unwrap().clone()
}

/// The one session there is.
#[track_caller]
fn only(home: &Home) -> Value {
    let all = sessions(home);
    assert_eq!(all.len(), 1, "{all:#?}");
    all[0].clone()
}

/// All that the newest session shows, as text.
fn recorded(home: &Home) -> String {
    home.read(&["show", "@last", "--text"])
}

/// The commands of the newest session.
fn commands(home: &Home) -> Vec<String> {
    let shown = home.json(&["show", "@last"]);
    let commands = shown[0]["commands"].as_array().unwrap();
    commands
        .iter()
        .map(|command| command["text"].as_str().unwrap().to_owned())
        .collect()
}

/// Every byte that rec's own terminal output of the newest session holds, as the exported cast
/// says it, with every event's text.
fn cast(home: &Home) -> String {
    home.read(&["export", "@last", "--format", "cast"])
}

/// What `/proc` or a script wrote to a file in the home.
fn file(home: &Home, name: &str) -> String {
    let path = home.path().join(name);
    wait_until(&format!("{name} is written"), || {
        std::fs::read_to_string(&path).is_ok_and(|text| text.ends_with('\n'))
    });
    std::fs::read_to_string(path).unwrap().trim().to_owned()
}

/// The process whose id a script wrote to a file.
fn process(home: &Home, name: &str) -> rustix::process::Pid {
    rustix::process::Pid::from_raw(file(home, name).parse().unwrap()).unwrap()
}

/// Whether a process is there and no zombie.
fn lives(pid: rustix::process::Pid) -> bool {
    std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap().starts_with(" Z"))
}

/// The terminal's settings, to compare.
fn settings(t: &Terminal) -> String {
    format!("{:?}", t.termios())
}
