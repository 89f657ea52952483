//! What was decided is kept (P4), commands are those that were submitted, and many recorders share
//! one vault.

use super::{commands, only, process, sessions, wait_until};
use crate::support::{Home, Postgres, Relay, Sshd, Terminal, tool};
use rustix::process::{Signal, kill_process};
use std::time::{Duration, Instant};

/// P4: text is committed within one second of its decision; the rest is the machine's.
const COMMIT_MAX: Duration = Duration::from_secs(15);

#[test]
fn kill9_durable() {
    let home = Home::with_vault();
    let mut t = home.terminal(&[
        "sh",
        "-c",
        "echo $$ > client; echo first; read x; echo second; exec cat",
    ]);
    t.wait_for("first");
    let shown = Instant::now();
    let readable = |word: &str| {
        let show = home.rec(&["show", "@last", "--text"]).output().unwrap();
        String::from_utf8_lossy(&show.stdout).contains(word)
    };
    wait_until("the first line is in the vault", || readable("first"));
    assert!(shown.elapsed() < COMMIT_MAX, "{:?}", shown.elapsed());
    t.keys("\r");
    t.wait_for("second");
    wait_until("the second line is in the vault", || readable("second"));
    t.signal(Signal::KILL);
    t.wait();
    assert_eq!(only(&home)["status"], "interrupted");
    assert!(readable("first") && readable("second"));
    // The next start closes it.
    assert_eq!(home.terminal(&["true"]).wait().code(), Some(0));
    let all = sessions(&home);
    assert_eq!(
        (&all[0]["status"], &all[1]["status"]),
        (&"closed".into(), &"interrupted".into())
    );
    assert_eq!(all[1]["gaps_by_kind"]["interrupted"], 1, "{}", all[1]);
    home.read(&["vault", "verify"]);
}

#[test]
fn twenty_recorders_share_one_vault() {
    let home = Home::with_vault();
    let mut terminals: Vec<Terminal> = (0..20)
        .map(|n| {
            home.terminal(&[
                "sh",
                "-c",
                &format!("echo session {n}; read x; seq 500; echo end {n}"),
            ])
        })
        .collect();
    for (n, t) in terminals.iter().enumerate() {
        t.wait_for(&format!("session {n}"));
    }
    for t in &terminals {
        t.keys("\r");
    }
    for t in &mut terminals {
        assert_eq!(t.wait().code(), Some(0));
    }
    let all = sessions(&home);
    assert_eq!(all.len(), 20);
    let mut seen: Vec<usize> = Vec::new();
    for session in &all {
        assert_eq!(
            (&session["status"], &session["gaps"]),
            (&"closed".into(), &0.into()),
            "{session}"
        );
        let text = home.read(&["show", session["id"].as_str().unwrap(), "--text"]);
        seen.extend((0..20).filter(|n| {
            text.contains(&format!("session {n}\n")) && text.contains(&format!("end {n}\n"))
        }));
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..20).collect::<Vec<_>>());
    home.read(&["vault", "verify"]);
}

#[test]
fn type_ahead_over_a_slow_line_gives_exact_commands() {
    let home = Home::with_vault();
    let sshd = Sshd::start();
    let relay = Relay::start(sshd.port, Duration::from_millis(150));
    let mut words = vec!["ssh".to_owned()];
    tool("ssh", "openssh-client");
    words.extend(sshd.words(relay.port));
    words.push("127.0.0.1".to_owned());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut t = home.terminal(&words);
    t.wait_for("far$");
    // All before the first echo is back.
    t.keys("echo one\rsleep 0.2; echo two\recho thr\x7f\x7f\x7fx\x7fthree\r");
    t.wait_for("\nthree");
    t.keys("for n in a b; do\recho loop $n\rdone\r");
    t.wait_for("loop b");
    t.keys("exit 3\r");
    assert_eq!(t.wait().code(), Some(3));
    assert_eq!(
        commands(&home),
        [
            "echo one",
            "sleep 0.2; echo two",
            "echo three",
            "for n in a b; do\necho loop $n\ndone",
            "exit 3"
        ],
        "{}",
        super::cast(&home)
    );
}

#[test]
fn commands_are_as_edited_completed_and_continued() {
    let home = Home::with_vault();
    let postgres = Postgres::start();
    let mut words = vec!["psql".to_owned(), "-X".to_owned()];
    words.extend(postgres.words());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut t = home.terminal(&words);
    t.wait_for("postgres=#");
    t.keys("selct 6*7 as n\x01\x1b[C\x1b[C\x1b[Ce\x05;\r");
    t.wait_until("the answer and a prompt", |screen| {
        screen.contains("42\n") && screen.trim_end().ends_with("postgres=#")
    });
    t.keys("select 'two'\r  || 'lines'\r  as x;\r");
    t.wait_until("the answer and a prompt", |screen| {
        screen.contains("twolines\n") && screen.trim_end().ends_with("postgres=#")
    });
    // The one before once more, from the history, with another end.
    t.keys("\x1b[A");
    t.wait_until("it is there again", |screen| {
        screen.matches("  as x;").count() == 2
    });
    t.keys("\x7f, 7;");
    t.wait_for("as x, 7;");
    t.keys("\r");
    t.wait_until("the answer and a prompt", |screen| {
        screen.contains("?column?") && screen.trim_end().ends_with("postgres=#")
    });
    t.keys("\\q\r");
    t.wait();
    assert_eq!(
        commands(&home),
        [
            "select 6*7 as n;",
            "select 'two'\n  || 'lines'\n  as x;",
            "select 'two'\n  || 'lines'\n  as x, 7;",
            "\\q"
        ],
        "{}",
        super::cast(&home)
    );
}

#[test]
fn a_killed_monitor_is_no_hang() {
    let home = Home::with_vault();
    let mut t = home.terminal(&["sh", "-c", "echo $PPID > monitor; echo up; exec cat"]);
    let monitor = process(&home, "monitor");
    t.wait_for("up");
    kill_process(monitor, Signal::KILL).unwrap();
    t.wait();
    assert_eq!(only(&home)["status"], "closed");
}
