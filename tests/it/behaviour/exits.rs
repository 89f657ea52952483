//! How a client's end comes back, and how the terminal is left.

use super::{both_sh, both_shells, file, lives, only, process, recorded, sessions, settings};
use super::{shown, wait_until};
use crate::support::{Home, Terminal};
use rustix::process::{Signal, kill_process};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

#[test]
fn exit_status() {
    let home = Home::with_vault();
    for code in [0, 7, 125, 126, 127, 255] {
        let ends = both_sh(&home, &format!("exit {code}")).map(|mut t| t.wait().code());
        assert_eq!(ends, [Some(code), Some(code)]);
        assert_eq!(sessions(&home)[0]["exit"], code);
    }
}

#[test]
fn exit_signal() {
    let home = Home::with_vault();
    for signal in [Signal::TERM, Signal::KILL, Signal::SEGV, Signal::HUP] {
        let number = signal.as_raw();
        let script = format!("ulimit -c 0; kill -{number} $$");
        let [mut bare, mut rec] = both_sh(&home, &script);
        assert_eq!(bare.wait().signal(), Some(number));
        assert_eq!(rec.wait().code(), Some(128 + number));
        let session = &sessions(&home)[0];
        assert_eq!(session["exit"], 128 + number);
        assert_eq!(session["signal"], number);
    }
}

#[test]
fn exec_missing() {
    let home = Home::with_vault();
    std::fs::write(home.path().join("plain"), "not a program").unwrap();
    for (name, status, says) in [
        ("nosuchprogram", 127, "nosuchprogram: not found on the PATH"),
        ("./nosuch/program", 127, "not found"),
        ("./plain", 126, "./plain: cannot be executed"),
        ("/", 126, "/: cannot be executed"),
    ] {
        let mut t = home.terminal(&[name]);
        assert_eq!(t.wait().code(), Some(status), "{name}: {}", t.screen());
        assert!(t.screen().contains(says), "{name}: {}", t.screen());
        let output = home.rec(&[name]).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{name}, off a terminal");
    }
    assert_eq!(sessions(&home).len(), 0, "no client, no session");
}

#[test]
fn recs_own_failure_is_125() {
    let home = Home::with_vault();
    let mut t = home.shell("ulimit -n 6; exec rec true");
    assert_eq!(t.wait().code(), Some(125), "{}", t.screen());
    assert!(t.screen().contains("Error: "), "{}", t.screen());
}

#[test]
fn a_script_without_an_interpreter_line_runs() {
    let home = Home::with_vault();
    let script = home.path().join("script");
    std::fs::write(&script, "echo $1 $#; exit 3").unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut t = home.terminal(&["./script", "one", "two"]);
    assert_eq!(t.wait().code(), Some(3));
    assert!(t.screen().starts_with("one 2\n"), "{}", t.screen());
}

#[test]
fn termios_restored() {
    let home = Home::with_vault();
    let script = "stty -ixon -echoctl erase ^H intr ^T; stty -g
        $rec sh -c 'stty -g; stty raw -echo intr ^Y'; [ -n \"$rec\" ] && stty -g";
    let [mut bare, mut rec] = both_shells(&home, script);
    bare.wait();
    assert_eq!(rec.wait().code(), Some(0));
    let text = String::from_utf8(shown(&bare)).unwrap();
    let [before, within] = text.lines().collect::<Vec<_>>()[..] else {
        panic!("{text:?}");
    };
    assert_eq!(before, within);
    let lines: Vec<String> = rec.screen().lines().map(str::to_owned).collect();
    assert_eq!(lines[0], before);
    assert_eq!(
        lines[1], before,
        "the client begins with its user's settings"
    );
    assert!(lines[2].starts_with("rec: "), "{lines:?}");
    assert_eq!(lines[3], before, "the user's settings are as they were");
}

/// A shell that tells its rec's process id in `rec`, and stays until it is typed to.
const UNDER_A_SHELL: &str = "stty -ixon
    sh -c 'echo $$ > rec; exec rec sh -c \"echo \\$\\$ > client; echo up; exec cat\"'
    echo status $?; read x";

#[test]
fn termios_after_term() {
    let home = Home::with_vault();
    for (n, signal) in [Signal::TERM, Signal::INT, Signal::QUIT, Signal::HUP]
        .into_iter()
        .enumerate()
    {
        let _ = std::fs::remove_file(home.path().join("client"));
        let t = home.shell(UNDER_A_SHELL);
        let client = process(&home, "client");
        t.wait_for("up");
        let raw = settings(&t);
        let began = Instant::now();
        kill_process(process(&home, "rec"), signal).unwrap();
        t.wait_for(&format!("status {}", 128 + signal.as_raw()));
        assert!(began.elapsed() < Duration::from_secs(15), "{signal:?}");
        assert!(!lives(client), "{signal:?}");
        let cooked = settings(&t);
        assert_ne!(raw, cooked);
        assert!(cooked.contains("ECHO"), "{signal:?}: {cooked}");
        let all = sessions(&home);
        assert_eq!(all.len(), n + 1);
        assert_eq!(all[0]["status"], "closed", "{signal:?}");
        assert!(recorded(&home).contains("up"));
    }
}

#[test]
fn a_client_that_ignores_sigterm_is_hung_up_on() {
    let home = Home::with_vault();
    let mut t = home.terminal(&["sh", "-c", "trap '' TERM; echo up; exec cat"]);
    t.wait_for("up");
    t.signal(Signal::TERM);
    assert_eq!(t.wait().code(), Some(129));
    assert_eq!(only(&home)["status"], "closed");
}

#[test]
fn the_terminal_is_restored_after_kill_9_of_client_and_of_rec() {
    let home = Home::with_vault();
    for who in ["client", "rec"] {
        let _ = std::fs::remove_file(home.path().join("client"));
        let script = format!("stty -g > before; {UNDER_A_SHELL}; stty -g > after");
        let mut t = home.shell(&script.replace("stty -ixon", ""));
        let client = process(&home, "client");
        t.wait_for("up");
        kill_process(process(&home, who), Signal::KILL).unwrap();
        t.wait_for("status 137");
        wait_until("the client is gone", || !lives(client));
        wait_until("the terminal is back", || settings(&t).contains("ICANON"));
        t.keys("\r");
        t.wait();
        assert_eq!(
            file(&home, "before"),
            file(&home, "after"),
            "after -9 of {who}"
        );
        std::fs::remove_file(home.path().join("after")).unwrap();
    }
}

#[test]
fn hangup() {
    let home = Home::with_vault();
    let script = "echo $$ > client; echo so far; exec cat";
    let mut t = home.terminal(&["sh", "-c", script]);
    let client = process(&home, "client");
    t.wait_for("so far");
    let began = Instant::now();
    t.hang_up();
    let status = t.wait();
    assert!(began.elapsed() < Duration::from_secs(15));
    assert!(!lives(client));
    assert_eq!(status.code(), Some(129));
    let session = only(&home);
    assert_eq!(session["status"], "closed");
    assert_eq!(session["signal"], Signal::HUP.as_raw());
    assert!(recorded(&home).contains("so far"));
}

#[test]
fn a_client_that_ignores_the_hangup_loses_its_terminal_and_keeps_its_life() {
    let home = Home::with_vault();
    let script = "trap '' HUP; echo $$ > client; echo up; cat; echo $? > after; exec sleep 60";
    let mut t = home.terminal(&["sh", "-c", script]);
    let client = process(&home, "client");
    t.wait_for("up");
    t.hang_up();
    t.wait();
    file(&home, "after");
    assert!(lives(client), "it wanted to live on");
    kill_process(client, Signal::KILL).unwrap();
    assert_eq!(only(&home)["status"], "closed");
}

#[test]
fn tail_not_lost() {
    let home = Home::with_vault();
    let script = "yes xxxxxxx | head -c 20000; echo end";
    let mut sh = home.command("/bin/sh");
    sh.args([
        "-c",
        "for i in $(seq 60); do rec sh -c \"$0\"; done",
        script,
    ]);
    let mut t = Terminal::open(&sh, 100, 30);
    assert_eq!(t.wait().code(), Some(0));
    let bytes = t.bytes();
    let count = |what: &[u8]| bytes.windows(what.len()).filter(|at| *at == what).count();
    assert_eq!(count(b"xxxxxxx\r\n"), 60 * 2500);
    assert_eq!(count(b"end\r\n"), 60);
    assert_eq!(sessions(&home).len(), 60);
    assert!(recorded(&home).contains("end"));
}

#[test]
fn background_holds_tty() {
    let home = Home::with_vault();
    let mut t = home.shell("rec sh -c 'sleep 60 & echo $! > sleeper; echo up'; echo status $?");
    let began = Instant::now();
    t.wait_for("status 0");
    assert!(began.elapsed() < Duration::from_secs(15));
    t.wait();
    let sleeper = process(&home, "sleeper");
    assert!(
        lives(sleeper),
        "what was left in the background is not hung up on"
    );
    kill_process(sleeper, Signal::KILL).unwrap();
    assert_eq!(only(&home)["status"], "closed");
}

#[test]
fn a_background_process_that_writes_on_does_not_keep_rec() {
    let home = Home::with_vault();
    let mut t = home.shell("rec sh -c 'yes & echo up'; echo status $?");
    let began = Instant::now();
    t.wait_for_bytes(b"status 0");
    assert!(began.elapsed() < Duration::from_secs(15));
    t.wait();
}
