//! What is typed reaches the client, once, unchanged and in time; and what it does there is what
//! it does without rec.

use super::{both_sh, file, lives, only, process, recorded, shown, wait_until};
use crate::support::{Home, Terminal};
use std::time::{Duration, Instant};

/// How long a screen may go on after Ctrl-C, with the slack of a busy machine.
const QUIET_MAX: Duration = Duration::from_secs(10);

#[test]
fn ctrl_c() {
    let home = Home::with_vault();
    let script = "trap 'echo got it' INT; echo up; while :; do read x && break; done; echo $x";
    for mut t in both_sh(&home, script) {
        t.wait_for("up");
        t.keys("\x03");
        t.wait_for("got it");
        t.keys("on\r");
        t.wait_for("on\non");
        assert_eq!(t.wait().code(), Some(0));
    }
    assert!(recorded(&home).contains("got it"));
}

#[test]
fn ctrl_c_and_ctrl_backslash_end_a_client_that_does_not_mind_them() {
    let home = Home::with_vault();
    for (key, signal) in [("\x03", 2), ("\x1c", 3)] {
        let mut t = home.shell("ulimit -c 0; rec sh -c 'echo up; exec sleep 60'; echo status $?");
        t.wait_for("up");
        t.keys(key);
        t.wait_for(&format!("status {}", 128 + signal));
        t.wait();
    }
}

#[test]
fn ctrl_d() {
    let home = Home::with_vault();
    let ends = both_sh(&home, "echo up; cat; echo end of it").map(|mut t| {
        t.wait_for("up");
        t.keys("one\rtw\x04o\r\x04");
        t.wait_for("end of it");
        t.wait();
        String::from_utf8(shown(&t)).unwrap()
    });
    // Whether an echo or cat's copy comes first is a race without rec, too.
    let lines = ends.map(|text| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    });
    assert_eq!(lines[0], lines[1]);
}

#[test]
fn key_bytes() {
    let home = Home::with_vault();
    let mut all: Vec<u8> = (0..=255).collect();
    // The prefix waits for its next key: as the last one it would wait here.
    all.push(b'.');
    let script = format!(
        "stty raw -echo; echo up; head -c {} | od -An -v -tx1",
        all.len()
    );
    let seen = both_sh(&home, &script).map(|mut t| {
        t.wait_for("up");
        t.keys(&all);
        assert_eq!(t.wait().code(), Some(0));
        shown(&t)
    });
    assert_eq!(
        String::from_utf8_lossy(&seen[0]),
        String::from_utf8_lossy(&seen[1])
    );
}

#[test]
fn flow_control() {
    let home = Home::with_vault();
    // As bytes, to a client that wants them.
    for mut t in both_sh(
        &home,
        "stty -ixon -icanon -echo; echo up; head -c 3 | od -An -tx1",
    ) {
        t.wait_for("up");
        t.keys("\x13\x11x");
        t.wait_for("13 11 78");
        t.wait();
    }
    // As what they mean, to one that does not.
    for (n, mut t) in both_sh(&home, "echo up; read x; echo > typed$x; echo out; read x")
        .into_iter()
        .enumerate()
    {
        t.wait_for("up");
        t.keys(format!("\x13{n}\r"));
        let typed = home.path().join(format!("typed{n}"));
        wait_until("the line is read", || typed.exists());
        assert_eq!(t.bytes(), b"up\r\n", "Ctrl-S holds the echo and all else");
        t.keys("\x11");
        t.wait_for("out");
        t.keys("\r");
        t.wait();
    }
}

#[test]
fn type_ahead() {
    let home = Home::with_vault();
    let seen = [false, true].map(|rec| {
        let mut t = at_once(
            &home,
            rec,
            "read x; read y; echo \"<$x><$y>\"",
            "one word\rano",
        );
        t.keys("ther\r");
        t.wait_for("<one word><another>");
        t.wait();
        shown(&t)
    });
    // The terminal has shown it once, and nobody shows it again.
    assert_eq!(
        String::from_utf8_lossy(&seen[0]),
        String::from_utf8_lossy(&seen[1])
    );
    assert!(recorded(&home).contains("<one word><another>"));
}

#[test]
fn an_end_typed_ahead_is_an_end() {
    let home = Home::with_vault();
    let seen = [false, true].map(|rec| {
        let script = "cat; echo end of it; cat; echo end of that";
        let mut t = at_once(&home, rec, script, "line\rwo\x04rd\r\x04\x04");
        t.wait_for("end of it");
        t.wait_for("end of that");
        t.wait();
        assert!(
            t.screen().contains("line\nword\nend of it\nend of that"),
            "{}",
            t.screen()
        );
        shown(&t)
    });
    assert_eq!(
        String::from_utf8_lossy(&seen[0]),
        String::from_utf8_lossy(&seen[1])
    );
}

/// Types before anything that was started can have looked.
fn at_once(home: &Home, rec: bool, script: &str, keys: &str) -> Terminal {
    let words = ["sh", "-c", script];
    let mut command = home.command(if rec { "rec" } else { "env" });
    command.args(words);
    let t = Terminal::open(&command, 100, 30);
    t.keys(keys);
    t
}

#[test]
fn query_reply() {
    let home = Home::with_vault();
    let script = "stty raw -echo; printf '\\033[6n'; head -c 7 | od -An -tx1";
    for mut t in both_sh(&home, script) {
        t.wait_for_bytes(b"\x1b[6n");
        t.keys("\x1b[5;7R");
        t.keys("q");
        t.wait_for("1b 5b 35 3b 37 52 71");
        t.wait();
    }
}

#[test]
fn mute_terminal() {
    let home = Home::with_vault();
    let mut t = home.terminal(&["sh", "-c", "echo up; read x"]);
    t.wait_for("up");
    assert_eq!(t.bytes(), b"up\r\n", "nothing is asked of the terminal");
    t.keys("\r");
    t.wait();
}

#[test]
fn paste() {
    let home = Home::with_vault();
    let line = |n| format!("{n:07} abcdefghi\r");
    let pasted: String = (0..1 << 16).map(line).collect();
    let size = pasted.len();
    assert!(size > 1 << 20);
    let mut t = home.terminal(&[
        "sh",
        "-c",
        &format!("stty raw -echo; echo up; exec head -c {size}"),
    ]);
    t.wait_for("up");
    t.keys(&pasted);
    assert_eq!(t.wait().code(), Some(0));
    assert_eq!(shown(&t)[3..], *pasted.as_bytes());
    assert_eq!(only(&home)["gaps"], 0);
}

#[test]
fn paste_unread() {
    let home = Home::with_vault();
    let keys = [b'x'; 64 << 10];
    for mode in ["raw -echo", "sane"] {
        let script = format!(
            "stty {mode}; echo up; until [ -e shown ]; do sleep 0.02; done; echo out;
            until [ -e over ]; do sleep 0.02; done"
        );
        let taken = both_sh(&home, &script).map(|mut t| {
            t.wait_for("up");
            let taken = t.keys_taken(&keys);
            std::fs::write(home.path().join("shown"), "").unwrap();
            t.wait_for_bytes(b"out");
            std::fs::write(home.path().join("over"), "").unwrap();
            assert_eq!(t.wait().code(), Some(0), "{mode}");
            std::fs::remove_file(home.path().join("shown")).unwrap();
            std::fs::remove_file(home.path().join("over")).unwrap();
            taken
        });
        assert!(taken[1] >= taken[0], "{mode}: {taken:?}");
    }
}

#[test]
fn ctrl_c_in_a_flood_on_a_slow_terminal() {
    let home = Home::with_vault();
    let mut t = home.terminal(&["sh", "-c", "echo $$ > client; exec yes"]);
    let client = process(&home, "client");
    t.wait_for("y\ny");
    t.hold();
    let before = t.bytes().len();
    let typed = Instant::now();
    t.keys("\x03");
    wait_until("yes has ended", || !lives(client));
    assert!(typed.elapsed() < QUIET_MAX, "{:?}", typed.elapsed());
    t.release();
    assert_eq!(t.wait().code(), Some(130));
    let after = t.bytes().len() - before;
    assert!(after < 64 << 10, "{after} bytes were still on their way");
}

#[test]
fn memory_stays_flat_while_a_slow_terminal_holds_a_flood() {
    let home = Home::with_vault();
    let script = "echo $PPID > monitor; exec yes abcdefgh";
    let t = home.terminal(&["sh", "-c", script]);
    t.wait_for("abcdefgh\n");
    file(&home, "monitor");
    // Takes some, holds, takes some.
    for _ in 0..50 {
        let before = t.bytes().len();
        wait_until("more came", || t.bytes().len() > before + (64 << 10));
        t.hold();
        t.release();
    }
    t.hold();
    assert!(memory(&t) < 64 << 10, "{} KiB", memory(&t));
}

/// Resident memory of the terminal's command, KiB.
fn memory(t: &Terminal) -> u64 {
    let path = format!("/proc/{}/status", t.pid().as_raw_nonzero());
    let status = std::fs::read_to_string(path).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
