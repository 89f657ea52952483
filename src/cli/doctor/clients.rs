//! The clients that most people record: where they are, and which version.

use super::{ASK_MAX, Check, State};
use regex::Regex;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Instant;

/// Name, what prints its version, and what stands before the number there.
const CLIENTS: [(&str, &str, &str); 3] = [
    ("psql", "--version", r"PostgreSQL\) (\d[\w.]*)"),
    (
        "mysql",
        "--version",
        r"(?:Distrib |from |Ver )(\d+\.\d+\.\d[\w.]*)",
    ),
    ("ssh", "-V", r"OpenSSH_(\d[\w.]*)"),
];

pub fn checks() -> Vec<Check> {
    // Side by side: each may take as long as it is allowed to.
    std::thread::scope(|scope| {
        let started: Vec<_> = CLIENTS
            .iter()
            .map(|(name, option, number)| scope.spawn(move || check(name, option, number)))
            .collect();
        started
            .into_iter()
            .filter_map(|check| check.join().ok())
            .collect()
    })
}

fn check(name: &'static str, option: &str, number: &str) -> Check {
    let Some(path) = on_path(name).into_iter().next() else {
        return Check::new(name, State::Note, "not installed");
    };
    let real = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
    let mut text = path.display().to_string();
    let Some(said) = ask(&path, option) else {
        let text = format!("{text} does not say its version");
        return Check::new(name, State::Note, text).hint(format!("try it: {name} {option}"));
    };
    let version = Regex::new(number)
        .ok()
        .and_then(|number| Some(number.captures(&said)?.get(1)?.as_str().to_owned()));
    if let Some(version) = version {
        text.push_str(&format!(" {version}"));
    }
    if real.ends_with("pg_wrapper") {
        text.push_str(" (Debian's wrapper)");
    } else if said.contains("MariaDB") && name == "mysql" {
        text.push_str(" (MariaDB)");
    }
    Check::new(name, State::Ok, text)
}

/// What `program` says to `option` on either stream, unless it fails or takes too long.
fn ask(program: &Path, option: &str) -> Option<String> {
    let mut child = Command::new(program)
        .arg(option)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let streams: [Box<dyn Read + Send>; 2] = [
        Box::new(child.stdout.take()?),
        Box::new(child.stderr.take()?),
    ];
    let (sender, receiver) = channel();
    for stream in streams {
        let sender = sender.clone();
        // Left behind where a grandchild keeps the stream open: it ends with this process.
        std::thread::spawn(move || {
            let mut said = Vec::new();
            let _ = stream.take(SAID_MAX).read_to_end(&mut said);
            let _ = sender.send(said);
        });
    }
    let until = Instant::now() + ASK_MAX;
    let mut said = Vec::new();
    for _ in 0..2 {
        match receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(part) => said.extend(part),
            Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
    let status = child.wait().ok()?;
    status
        .success()
        .then(|| String::from_utf8_lossy(&said).into_owned())
}

/// A version is one line.
const SAID_MAX: u64 = 4096;

/// Every executable of that name on the PATH, in its order.
pub fn on_path(name: &str) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(name))
        .filter(|file| {
            file.metadata()
                .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        })
        .collect()
}
