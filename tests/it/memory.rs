//! What rec's processes hold in memory gets into no core dump, and of a key no more than one is kept.

use crate::support::{Home, Terminal};
use rustix::process::Signal;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::process::ExitStatusExt;

/// The soft limit of a process for core dumps.
fn core_limit(t: &Terminal) -> String {
    let limits = fs::read_to_string(format!("/proc/{}/limits", t.pid())).unwrap();
    let line = limits
        .lines()
        .find_map(|l| l.strip_prefix("Max core file size"));
    line.unwrap().split_whitespace().next().unwrap().to_owned()
}

/// P2: its memory has what is not masked yet. The client's own limit stays what it was.
#[test]
fn a_recorder_that_crashes_leaves_no_core_and_its_client_may() {
    let home = Home::with_vault();
    let script = "ulimit -S -c 4096 && exec rec sh -c 'echo limit $(ulimit -c); read x'";
    let mut t = home.shell(script);
    t.wait_for("limit 4096");
    assert_eq!(core_limit(&t), "1");
    t.signal(Signal::ABORT);
    let status = t.wait();
    assert_eq!(status.signal(), Some(6), "{status}");
    assert!(!status.core_dumped(), "{status}");
}

/// Bytes of another process's memory that it may have written; `None` where the system gives them to
/// nobody, as it should where it can.
fn memory(t: &Terminal) -> Option<Vec<u8>> {
    let of = |name: &str| format!("/proc/{}/{name}", t.pid());
    let mut memory = match File::open(of("mem")) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return None,
        opened => opened.unwrap(),
    };
    let mut all = Vec::new();
    for line in fs::read_to_string(of("maps")).unwrap().lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        if !rights.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|at| u64::from_str_radix(at, 16).unwrap());
        memory.seek(SeekFrom::Start(start)).unwrap();
        // What is not backed by anything cannot be read.
        let _ = memory.by_ref().take(end - start).read_to_end(&mut all);
    }
    Some(all)
}

/// A key opens the vault and is wiped; what was typed is too.
#[test]
fn a_reader_leaves_no_core_and_wipes_what_unlocked_it() {
    let mut home = Home::with_vault();
    let file = home.path().join("passphrase");
    fs::write(&file, "zimtstern im august\n").unwrap();
    home.set("REC_PASSPHRASE_FILE", &file);
    home.read(&["vault", "add-slot", "--passphrase"]);
    home.set("REC_PASSPHRASE_FILE", "");
    let key = home.read(&["vault", "add-slot", "--recovery"]);
    let key = key.trim();
    assert!(key.starts_with("AGE-SECRET-KEY-1"), "{key}");
    let mut t = home.terminal(&["sh", "-c", "echo to be played"]);
    assert!(t.wait().success());
    fs::remove_file(home.vault().join("identity.txt")).unwrap();
    let pasted = |typed: &str| format!("\x1b[200~{typed}\x1b[201~");
    for (verb, typed, keys) in [
        (
            "play @last",
            "zimtstern im august",
            "zimtstern im august".to_owned(),
        ),
        ("play @last", key, key.to_owned()),
        ("", "zimtstern im august", "zimtstern im august".to_owned()),
        ("", key, pasted(key)),
    ] {
        let mut t = home.shell(&format!("ulimit -S -c 4096 && exec rec {verb}"));
        t.wait_for("Passphrase or recovery key of the vault");
        t.keys(&keys);
        t.keys("\r");
        t.wait_for("to be played");
        assert_eq!(core_limit(&t), "1");
        if let Some(memory) = memory(&t) {
            // What it shows is there: the search finds what there is.
            assert!(memchr::memmem::find(&memory, b"to be played").is_some());
            let [secret, start] = [&typed[typed.len() - 16..], &typed[..typed.len() - 3]];
            for part in [secret, start] {
                let found = memchr::memmem::find(&memory, part.as_bytes());
                assert_eq!(found, None, "{part}");
            }
        }
        t.signal(Signal::ABORT);
        let status = t.wait();
        assert_eq!(status.signal(), Some(6), "{status}");
        assert!(!status.core_dumped(), "{status}");
    }
}
