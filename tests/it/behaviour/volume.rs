//! Much output, odd output, and a vault that cannot take it: the session comes first (P5).

use super::{lives, only, process, recorded, sessions, shown, wait_until};
use crate::support::{Home, Terminal, tool};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

#[test]
fn twenty_megabytes_pass_and_are_recorded() {
    let home = Home::with_vault();
    let mut text = String::new();
    for n in 0..300_000u32 {
        let other = u64::from(n) * 7919 % 1013;
        writeln!(
            text,
            "\x1b[3{}mline {n:06}\x1b[0m of a result that goes on and on, {other}\r",
            n % 8
        )
        .unwrap();
    }
    std::fs::write(home.path().join("text"), &text).unwrap();
    let mut t = home.terminal(&["sh", "-c", "stty raw; cat text"]);
    assert_eq!(t.wait().code(), Some(0));
    let seen = shown(&t);
    assert!(
        seen == text.as_bytes(),
        "{} of {} bytes",
        seen.len(),
        text.len()
    );
    let session = only(&home);
    assert_eq!(session["status"], "closed");
}

#[test]
fn binary_invalid_utf8_nul_bytes_and_long_lines_pass_unchanged() {
    let home = Home::with_vault();
    let mut random: u64 = 0x9e37_79b9_7f4a_7c15;
    let binary = (0..40_000).flat_map(|_| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random.to_le_bytes()
    });
    let broken = b"\xc3\xc3\x28\xa0\xa1\xe2\x28\xa1\xf0\x90\x28\xbc\xed\xa0\x80".repeat(1000);
    let contents = [
        binary.collect(),
        [vec![0; 10_000], broken].concat(),
        [vec![b'x'; 1 << 20], b"\n".to_vec()].concat(),
        "wörd ".repeat(50_000).into_bytes(),
    ];
    for (n, bytes) in contents.iter().enumerate() {
        std::fs::write(home.path().join("bytes"), bytes).unwrap();
        let mut t = home.terminal(&["sh", "-c", "stty raw; cat bytes"]);
        assert_eq!(t.wait().code(), Some(0));
        let seen = shown(&t);
        assert!(
            seen == *bytes,
            "{n}: {} of {} bytes",
            seen.len(),
            bytes.len()
        );
        assert_eq!(sessions(&home)[0]["status"], "closed", "{n}");
        let mut command = home.rec(&["run", "--always", "--", "cat", "bytes"]);
        let output = command.stdin(std::process::Stdio::null()).output().unwrap();
        assert!(output.stdout == *bytes, "{n}");
        assert_eq!(sessions(&home)[0]["status"], "closed", "{n}");
    }
}

/// In a private mount namespace a small file system holds the vault, and is nearly full.
const FULL: &str = r#"
mount -t tmpfs -o size=3m,mode=700 none data
cp -a vault-before data/rec
head -c 4m /dev/zero > data/filler 2>/dev/null || :
rec sh -c 'i=0; while [ $i -lt 200 ]; do head -c 20000 /dev/urandom | base64; i=$((i+1)); done; echo $$ > client; echo all of it; read x; echo "got $x"; exit 6'
code=$?
rec ls --json > listed
exit $code
"#;

#[test]
fn disk_full() {
    let home = Home::with_vault();
    std::fs::rename(home.vault(), home.path().join("vault-before")).unwrap();
    let mut unshare = home.command(tool("unshare", "util-linux"));
    unshare.arg("--mount");
    if !rustix::process::geteuid().is_root() {
        unshare.args(["--map-root-user"]);
    }
    unshare.args(["sh", "-c", FULL]);
    let mut t = Terminal::open(&unshare, 100, 30);
    t.wait_for("all of it");
    // One line tells it, at once, and says how it goes on.
    t.wait_for_bytes(b"\nrec: ");
    t.keys("word\r");
    t.wait_for("got word");
    assert_eq!(t.wait().code(), Some(6));
    let text = String::from_utf8_lossy(&t.bytes()).into_owned();
    let told: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("rec: "))
        .collect();
    assert!(told[0].contains("no space left"), "{told:#?}");
    assert!(told.len() <= 2, "{told:#?}");
    // There was no room for its beginning: nothing is said to be kept.
    let listed = std::fs::read_to_string(home.path().join("listed")).unwrap();
    assert_eq!(listed.trim(), "[]");
    let nothing = "nothing of this session is recorded: no space left";
    assert!(told[told.len() - 1].contains(nothing), "{told:#?}");
}

#[test]
fn a_file_size_limit_is_the_clients_and_does_not_end_the_session() {
    let home = Home::with_vault();
    // 512-byte blocks: less than the vault's files are already.
    let script =
        "ulimit -f 40; exec rec sh -c 'ulimit -f; seq 20000; echo all of it; read x; exit 6'";
    let mut t = home.shell(script);
    t.wait_for("all of it");
    let bytes = t.bytes();
    let text = String::from_utf8_lossy(&bytes);
    assert!(
        text.lines().any(|line| line == "40"),
        "the client has the limit: {}",
        text.get(..500).unwrap_or_default()
    );
    t.keys("\r");
    assert_eq!(t.wait().code(), Some(6), "{}", t.screen());
}

#[test]
fn a_vault_that_another_holds_locked_stalls_nothing() {
    let home = Home::with_vault();
    let db = rusqlite::Connection::open(home.vault().join("vault.db")).unwrap();
    db.execute_batch("begin exclusive").unwrap();
    let began = Instant::now();
    let mut t = home.terminal(&[
        "sh",
        "-c",
        "seq 2000; echo all of it; read x; echo \"got $x\"; exit 6",
    ]);
    t.wait_for("all of it");
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    t.keys("word\r");
    t.wait_for("got word");
    assert_eq!(t.wait().code(), Some(6));
    drop(db);
}

#[test]
fn a_lock_that_is_given_back_loses_nothing() {
    let home = Home::with_vault();
    let mut t = home.terminal(&[
        "sh",
        "-c",
        "echo before; read x; echo \"got $x\"; read x; exit 6",
    ]);
    t.wait_for("before");
    wait_until("it is in the vault", || {
        let show = home.rec(&["show", "@last", "--text"]).output().unwrap();
        String::from_utf8_lossy(&show.stdout).contains("before")
    });
    let db = rusqlite::Connection::open(home.vault().join("vault.db")).unwrap();
    db.execute_batch("begin immediate").unwrap();
    t.keys("word\r");
    t.wait_for("got word");
    db.execute_batch("rollback").unwrap();
    t.keys("\r");
    assert_eq!(t.wait().code(), Some(6));
    assert!(recorded(&home).contains("got word"));
    assert_eq!(only(&home)["gaps"], 0);
}

#[test]
fn a_vault_that_is_no_vault_is_told_in_one_line() {
    let home = Home::with_vault();
    std::fs::write(
        home.vault().join("vault.db"),
        "this is no database at all, and never was",
    )
    .unwrap();
    let mut t = home.terminal(&["sh", "-c", "echo $$ > client; echo up; read x; exit 6"]);
    t.wait_for("up");
    t.wait_for("rec: not recording: ");
    let client = process(&home, "client");
    assert!(lives(client));
    t.keys("\r");
    assert_eq!(t.wait().code(), Some(6));
    assert_eq!(t.screen().matches("rec: ").count(), 1, "{}", t.screen());
}
