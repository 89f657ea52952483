//! Job control: what stops the client stops rec, and `fg` brings both back.

use super::{bash, both_shells, lives, process, recorded, sessions, settings, wait_until};
use crate::support::{Home, Postgres, tool};
use rustix::process::{Signal, kill_process};

#[test]
fn ctrl_z_in_shell() {
    let home = Home::with_vault();
    let mut t = home.terminal(&["bash", "--norc", "--noprofile", "-i"]);
    t.wait_for("$");
    // Once something was said, the shell no longer edits the line.
    t.keys("echo on; cat\r");
    t.wait_for("\non");
    t.keys("here\r");
    t.wait_for("here\nhere");
    t.keys("\x1a");
    t.wait_for("Stopped");
    t.keys("fg\r");
    t.wait_for("fg\ncat");
    t.keys("there\r");
    t.wait_for("there\nthere");
    t.keys("\x04");
    t.keys("exit 4\r");
    assert_eq!(t.wait().code(), Some(4));
    assert!(recorded(&home).contains("there"));
}

#[test]
fn ctrl_z_at_top() {
    let home = Home::with_vault();
    let mut t = bash(&home);
    let cooked = "stty -a | grep -c ' icanon'\r";
    t.keys("echo on; rec cat\r");
    t.wait_for("\non");
    t.keys("here\r");
    t.wait_for("here\nhere");
    for round in 1..=3 {
        t.keys("\x1a");
        t.wait_until("stopped", |screen| {
            screen.matches("Stopped").count() == round
        });
        t.keys(cooked);
        t.wait_until("cooked, and the shell's prompt", |screen| {
            screen.matches("\n1\n").count() == round && screen.trim_end().ends_with('$')
        });
        t.keys("fg\r");
        t.wait_until("on", |screen| {
            screen.matches("\nrec cat\n").count() == round
        });
        t.keys(format!("again {round}\r"));
        t.wait_for(&format!("again {round}\nagain {round}"));
    }
    t.keys("\x04");
    t.wait_for("rec play");
    t.keys("echo status $?\r");
    t.wait_for("\nstatus 0");
    t.keys("exit\r");
    t.wait();
    let text = recorded(&home);
    assert!(text.contains("again 3\nagain 3"), "{text}");
    assert!(
        !text.contains("Stopped"),
        "the shell's own words are not the client's: {text}"
    );
}

#[test]
fn a_stopped_client_can_be_sent_to_the_background_and_fetched_again() {
    let home = Home::with_vault();
    let mut t = bash(&home);
    std::fs::write(
        home.path().join("script"),
        "echo up; read x; echo \"got $x\"; exec sleep 60",
    )
    .unwrap();
    t.keys("sh -c 'echo $$ > rec; exec rec sh script'\r");
    let rec = process(&home, "rec");
    t.wait_for("\nup");
    t.keys("\x1a");
    t.wait_for("Stopped");
    // Going on in the background it asks for the terminal, and stops for that as it would alone.
    t.keys("set -b; bg\r");
    t.wait_until("it stops again", |screen| {
        screen.matches("Stopped").count() == 2
    });
    assert_eq!(state(rec), 'T');
    t.keys("fg\r");
    t.wait_for("\nsh -c 'echo $$ > rec; exec rec sh script'\n");
    t.keys("word\r");
    t.wait_for("got word");
    t.keys("\x03");
    t.wait_for("rec play");
    t.keys("echo status $?\r");
    t.wait_for("status 130");
    t.keys("exit\r");
    t.wait();
    assert_eq!(sessions(&home)[0]["exit"], 130);
}

#[test]
fn ctrl_z_in_psql() {
    let postgres = Postgres::start();
    let home = Home::with_vault();
    let mut t = bash(&home);
    let words = postgres.words().join(" ");
    tool("psql", "postgresql-client");
    t.keys(format!("rec psql -X {words}\r"));
    t.wait_for("postgres=#");
    t.keys("select 'a' || 'b';\r");
    t.wait_until("the answer and a prompt", |screen| {
        screen.contains(" ab\n") && screen.trim_end().ends_with("postgres=#")
    });
    t.keys("\x1a");
    t.wait_for("Stopped");
    t.keys("echo in the sh\"\"ell\r");
    t.wait_until("the answer and the shell's prompt", |screen| {
        screen.contains("in the shell\n") && screen.trim_end().ends_with('$')
    });
    t.keys("fg\r");
    t.wait_for_bytes(b"fg\r\n");
    // The line editor takes the terminal again: the third time, after the shell's and its own.
    wait_until("psql edits", || {
        let bytes = t.bytes();
        let at = bytes.windows(4).rposition(|at| at == b"fg\r\n").unwrap();
        bytes[at..].windows(8).any(|at| at == b"\x1b[?2004h")
    });
    t.keys("select 'c' || 'd';\r");
    t.wait_for(" cd");
    t.keys("\\q\r");
    t.wait_for("rec play");
    t.keys("exit\r");
    t.wait();
    assert_eq!(
        super::commands(&home)[..2],
        ["select 'a' || 'b';", "select 'c' || 'd';"],
        "{}",
        super::cast(&home)
    );
}

#[test]
fn suspend_in_vim_and_ctrl_z_in_less() {
    let home = Home::with_vault();
    std::fs::write(home.path().join("text"), "first line\nsecond line\n").unwrap();
    for (program, stop, quit) in [
        ("vim -u NONE -i NONE", ":suspend\r", "q!\r"),
        ("less", "\x1a", "q"),
    ] {
        tool(program.split(' ').next().unwrap(), program);
        let screens = ["", "rec "].map(|rec| {
            let mut t = bash(&home);
            wait_until("readline has the terminal", || {
                !settings(&t).contains("ICANON")
            });
            let cooked = settings(&t);
            t.keys(format!("{rec}{program} text\r"));
            let drawn = |screen: &str| screen.contains("first line\nsecond line\n");
            t.wait_until(program, drawn);
            // A less that has drawn may not yet obey Ctrl-Z, with rec as without.
            t.keys_until(stop, |screen| screen.contains("Stopped"));
            t.keys("echo in the sh\"\"ell\r");
            t.wait_for("in the shell");
            wait_until("readline's own settings are back", || {
                settings(&t) == cooked
            });
            t.keys("fg\r");
            t.wait_until("drawn again", |screen| {
                drawn(screen) && screen.contains("\n~\n")
            });
            // What is typed now shows where the cursor is, once all is drawn.
            t.keys(":");
            t.wait_until("the colon", |screen| screen.trim_end().ends_with(':'));
            let screen = t.screen();
            t.keys(quit);
            t.wait_until("the shell", |screen| {
                screen.contains("Stopped") && screen.trim_end().ends_with("\n$")
            });
            t.keys("exit\r");
            t.wait();
            screen
        });
        assert_eq!(screens[0], screens[1]);
    }
}

#[test]
fn stop_cont_resize() {
    let home = Home::with_vault();
    let script =
        "echo up; trap 'stty size' WINCH; while read x || [ $? -gt 128 ]; do echo \"got $x\"; done";
    let mut t = home.terminal(&["bash", "-c", script]);
    t.wait_for("up");
    t.signal(Signal::STOP);
    wait_until("rec has stopped", || state(t.pid()) == 'T');
    t.resize(77, 21);
    t.keys("typed meanwhile\r");
    t.signal(Signal::CONT);
    t.wait_for("got typed meanwhile");
    // A signal that comes just before bash waits for a line is told by bash only behind that line.
    t.keys("more\r");
    t.wait_for("21 77");
    t.wait_for("got more");
    t.keys("\x04");
    t.wait();
}

#[test]
fn a_client_stopped_by_sigstop_goes_on_with_fg() {
    let home = Home::with_vault();
    let mut t = bash(&home);
    t.keys("rec sh -c 'echo $$ > client; echo up; exec cat'\r");
    let client = process(&home, "client");
    t.wait_for("\nup");
    kill_process(client, Signal::STOP).unwrap();
    t.wait_for("Stopped");
    t.keys("fg\r");
    t.wait_until("fg", |screen| screen.matches("exec cat").count() == 3);
    t.keys("on\r");
    t.wait_for("on\non");
    // Stopped by one, continued by another: the shell is not asked.
    t.keys("\x04");
    t.wait_for("rec play");
    assert!(!lives(client));
    t.keys("exit\r");
    t.wait();
}

#[test]
fn signals_by_number_reach_the_client() {
    let home = Home::with_vault();
    let script = "trap 'echo one' USR1; trap 'echo two' USR2; trap 'echo alarm' ALRM; echo up
        while :; do read x && break; done";
    let mut t = home.terminal(&["sh", "-c", script]);
    t.wait_for("up");
    for (signal, says) in [
        (Signal::USR1, "one"),
        (Signal::USR2, "two"),
        (Signal::ALARM, "alarm"),
    ] {
        t.signal(signal);
        t.wait_for(says);
    }
    t.keys("\r");
    assert_eq!(t.wait().code(), Some(0));
}

#[test]
fn a_pipeline_is_one_job() {
    let home = Home::with_vault();
    std::fs::write(home.path().join("text"), "first line\n").unwrap();
    let pipelines = [
        "sh -c 'cat text; echo $$ > client; exec sleep 60' | cat",
        "sh -c 'echo $$ > first; exec sleep 61' | rec sh -c 'cat text; echo $$ > client; exec sleep 62'",
    ];
    for (rec, pipeline) in ["", "rec run --always -- "]
        .into_iter()
        .flat_map(|rec| pipelines.map(|pipeline| (rec, pipeline)))
    {
        let mut t = bash(&home);
        for name in ["client", "first"] {
            let _ = std::fs::remove_file(home.path().join(name));
        }
        let line = match pipeline.split_once(" | rec ") {
            Some((before, after)) => format!("{before} | {rec}{after}"),
            None => format!("{rec}{pipeline}"),
        };
        t.keys(format!("{line}\r"));
        let client = process(&home, "client");
        if pipeline.contains("first") {
            process(&home, "first");
        }
        t.wait_for("\nfirst line");
        t.keys("\x1a");
        t.wait_for("Stopped");
        let stopped = || state(client) == 'T';
        wait_until("the client has stopped", stopped);
        t.keys("fg\r");
        wait_until("the client runs", || !stopped());
        t.keys("\x03");
        wait_until("the client has ended", || !lives(client));
        t.wait_until("a prompt", |screen| screen.trim_end().ends_with("\n$"));
        t.keys("echo status $?\r");
        t.wait_for("\nstatus 130");
        t.keys("exit\r");
        t.wait();
    }
}

/// The letter that `/proc` gives a process.
fn state(pid: rustix::process::Pid) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    let stat = stat.unwrap_or_default();
    stat.rsplit(") ")
        .next()
        .and_then(|rest| rest.chars().next())
        .unwrap_or('-')
}

#[test]
fn psql_into_less() {
    let postgres = Postgres::start();
    let home = Home::with_vault();
    let words = postgres.words().join(" ");
    let script = format!("$rec psql -X {words} -c 'select generate_series(1,100) as n' | less");
    let script = script.replace("$rec", "${rec:+rec run --always --}");
    let screens = both_shells(&home, &script).map(|mut t| {
        t.wait_until("less", |screen| {
            screen.contains("\n   1\n") && screen.contains("\n:")
        });
        t.keys("G");
        t.wait_for("(100 rows)");
        t.keys("1G");
        t.wait_for("\n   1\n");
        let screen = t.screen();
        t.keys("q");
        assert_eq!(t.wait().code(), Some(0));
        screen
    });
    assert_eq!(screens[0], screens[1]);
    wait_until("the session is closed", || {
        sessions(&home)[0]["status"] == "closed"
    });
    assert!(recorded(&home).contains("(100 rows)"));
}
