//! rec's own keys and verbs: off the record, on it again, a mark, and as if it had never been.

use super::{both, cast, only, recorded, sessions, shown, wait_until};
use crate::support::{Home, Terminal};
use rustix::process::Signal;
use serde_json::Value;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

/// A client that answers each line, so that a test knows when one was read.
const ECHO: &str = "echo up; while read x; do echo \"got $x\"; done";

fn begin(home: &Home) -> Terminal {
    let t = home.terminal(&["sh", "-c", ECHO]);
    t.wait_for("up");
    listening(home, 1);
    t
}

/// Waits until so many sessions listen to verbs.
fn listening(home: &Home, n: usize) {
    wait_until("the session is recorded", || {
        let all = home.rec(&["ls", "--json"]).output().unwrap().stdout;
        let all: Value = serde_json::from_slice(&all).unwrap_or_default();
        let recording = |s: &&Value| s["status"] == "recording";
        all.as_array()
            .is_some_and(|all| all.iter().filter(recording).count() == n)
            && std::fs::read_dir(home.path().join("run/rec")).is_ok_and(|dir| dir.count() == n)
    });
}

fn say(t: &Terminal, word: &str) {
    t.keys(format!("{word}\r"));
    t.wait_for(&format!("got {word}"));
}

/// `rec` with `args`: status, stdout and stderr.
fn verb(home: &Home, args: &[&str]) -> (Option<i32>, String) {
    let output = home.rec(args).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[track_caller]
fn ok(home: &Home, args: &[&str], says: &str) {
    let (status, text) = verb(home, args);
    assert_eq!(status, Some(0), "{args:?}: {text}");
    assert!(text.contains(says), "{args:?}: {text}");
}

#[test]
fn a_paused_stretch_is_not_recorded_and_shows_as_a_gap() {
    let home = Home::with_vault();
    let mut t = begin(&home);
    say(&t, "before");
    ok(&home, &["pause"], "off the record");
    ok(&home, &["pause"], "already off the record");
    say(&t, "between");
    let (status, text) = verb(&home, &["mark", "here"]);
    assert!(
        status != Some(0) && text.contains("off the record"),
        "{text}"
    );
    ok(&home, &["resume"], "on the record again");
    ok(&home, &["resume"], "already on the record");
    say(&t, "after");
    ok(&home, &["mark", "at", "the end"], "marked");
    t.keys("\x04");
    t.wait();
    let text = recorded(&home) + &cast(&home);
    assert!(
        text.contains("got before") && text.contains("got after"),
        "{text}"
    );
    assert!(!text.contains("between"), "{text}");
    let session = only(&home);
    assert_eq!(session["gaps_by_kind"]["paused"], 1, "{session}");
    assert_eq!(session["markers"], 1);
    assert!(cast(&home).contains("at the end"));
}

/// P2: what was written off the record does not come on it because rec was late to read it.
#[test]
fn what_was_written_before_the_wish_stays_on_its_side() {
    let home = Home::with_vault();
    let dir = home.path().to_owned();
    let prints = "cd \"$0\"; echo up; while [ ! -e quit ]; do sleep 0.01; for f in say-*; do \
                  [ -e \"$f\" ] && cat \"$f\" && rm \"$f\"; done; done";
    let mut t = home.terminal(&["sh", "-c", prints, dir.to_str().unwrap()]);
    t.wait_for("up");
    listening(&home, 1);
    let socket = std::fs::read_dir(dir.join("run/rec")).unwrap().next();
    let socket = socket.unwrap().unwrap().path();
    for round in 0..12 {
        for (wish, word) in [("pause", "public"), ("resume", "private")] {
            t.signal(Signal::STOP);
            let file = dir.join(format!("say-{round}-{word}"));
            let aside = dir.join("aside");
            std::fs::write(&aside, format!("{word}-{round}\n")).unwrap();
            std::fs::rename(&aside, &file).unwrap();
            wait_until("it is written", || !file.exists());
            let mut control = UnixStream::connect(&socket).unwrap();
            writeln!(control, "{wish}").unwrap();
            t.signal(Signal::CONT);
            let mut answer = String::new();
            control.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("ok"), "{answer}");
            t.wait_for(&format!("{word}-{round}"));
        }
    }
    std::fs::write(dir.join("quit"), "").unwrap();
    t.wait();
    let text = recorded(&home) + &cast(&home);
    for round in 0..12 {
        assert!(text.contains(&format!("public-{round}")), "{round}: {text}");
    }
    assert!(!text.contains("private"), "{text}");
}

#[test]
fn the_verbs_work_from_within_the_session() {
    let home = Home::with_vault();
    let mut t = home.terminal(&["sh"]);
    t.wait_for("$");
    listening(&home, 1);
    // A second one, so that the only one is not simply meant.
    let other = home.terminal(&["sh", "-c", ECHO]);
    listening(&home, 2);
    t.keys("echo be\"\"fore; rec pause\r");
    t.wait_for("off the record");
    t.keys("echo bet\"\"ween\r");
    t.wait_for("between");
    t.keys("rec resume; rec mark; echo af\"\"ter\r");
    t.wait_for("after");
    t.keys("exit\r");
    t.wait();
    let text = recorded(&home);
    let all = sessions(&home);
    let of = |status: &str| all.iter().find(|s| s["status"] == status).unwrap();
    let text = if text.contains("after") {
        text
    } else {
        home.read(&["show", of("closed")["id"].as_str().unwrap(), "--text"])
    };
    assert!(text.contains("before") && text.contains("after"), "{text}");
    assert!(!text.contains("between"), "{text}");
    assert_eq!(
        of("recording")["gaps"],
        0,
        "the other session was not meant"
    );
    drop(other);
}

#[test]
fn several_sessions_ask_for_a_name_and_none_is_said() {
    let home = Home::with_vault();
    let (status, text) = verb(&home, &["pause"]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("no session is being recorded"), "{text}");
    let a = begin(&home);
    let b = home.terminal(&["sh", "-c", ECHO]);
    listening(&home, 2);
    let (status, text) = verb(&home, &["pause"]);
    assert_eq!(status, Some(2), "{text}");
    assert!(
        text.contains("2 sessions are being recorded") && text.contains("Hint"),
        "{text}"
    );
    let all = sessions(&home);
    let id = all[0]["id"].as_str().unwrap();
    ok(&home, &["pause", &id[..6]], "off the record");
    ok(
        &home,
        &["mark", "--session", all[1]["id"].as_str().unwrap(), "x"],
        "marked",
    );
    let (status, text) = verb(&home, &["pause", "ffffffffffff"]);
    assert_eq!(status, Some(1), "{text}");
    drop((a, b));
}

#[test]
fn ctrl_bracket_p_pauses_and_m_marks() {
    let home = Home::with_vault();
    let mut t = begin(&home);
    say(&t, "before");
    t.keys("\x1dp");
    say(&t, "between");
    t.keys("\x1dp");
    say(&t, "after");
    t.keys("\x1dm");
    say(&t, "end");
    t.keys("\x04");
    t.wait();
    let text = recorded(&home) + &cast(&home);
    assert!(!text.contains("between"), "{text}");
    assert!(
        text.contains("got before") && text.contains("got after"),
        "{text}"
    );
    let session = only(&home);
    assert_eq!(
        (&session["gaps"], &session["markers"]),
        (&1.into(), &1.into()),
        "{session}"
    );
}

/// P2: what is typed off the record is echoed off it, however it comes.
#[test]
fn keys_that_come_at_once_are_taken_one_after_the_other() {
    let home = Home::with_vault();
    let mut t = home.terminal(&["sh", "-c", "echo up; cat > /dev/null"]);
    t.wait_for("up");
    listening(&home, 1);
    for round in 0..8 {
        t.keys(format!("\x1dpprivate-{round} \x1dppublic-{round}\r"));
        t.wait_for(&format!("public-{round}"));
    }
    t.keys("\x04");
    t.wait();
    let text = recorded(&home) + &cast(&home);
    for round in 0..8 {
        assert!(text.contains(&format!("public-{round}")), "{round}: {text}");
    }
    assert!(!text.contains("private"), "{text}");
}

#[test]
fn the_prefix_and_any_other_key_are_the_clients() {
    let home = Home::with_vault();
    let script = "stty raw -echo; echo up; head -c 8 | od -An -tx1";
    for mut t in both(&home, &["sh", "-c", script]) {
        t.wait_for("up");
        t.keys("a\x1dx\x1d\x1dP\x1dq");
        t.wait_for("61 1d 78 1d 1d 50 1d 71");
        t.wait();
    }
}

#[test]
fn keys_are_the_clients_in_a_paste_and_on_the_alternate_screen() {
    let home = Home::with_vault();
    let script = "stty raw -echo; echo up; head -c 16 | od -An -v -tx1
        printf '\\033[?1049halternate'; head -c 2 | od -An -tx1";
    let mut t = home.terminal(&["sh", "-c", script]);
    t.wait_for("up");
    t.keys("\x1b[200~\x1dp!!\x1b[201~");
    t.wait_for_bytes(b"1b 5b 32 30 30 7e 1d 70 21 21 1b 5b 32 30 31 7e");
    t.wait_for("alternate");
    // The recorder follows the screen a moment later; it says so by what it has stored.
    wait_until("the recorder has seen it", || {
        let show = home
            .rec(&["export", "@last", "--format", "cast"])
            .output()
            .unwrap();
        String::from_utf8_lossy(&show.stdout).contains("alternate")
    });
    t.keys("\x1dp");
    t.wait_for("1d 70");
    t.wait();
    assert_eq!(only(&home)["gaps"], 0);
}

#[test]
fn the_prefix_is_configurable_and_removable() {
    for (toml, typed, paused) in [
        ("[keys]\nprefix = \"C-g\"\n", "\x07p", true),
        ("[keys]\nprefix = \"none\"\n", "\x1dp", false),
    ] {
        let home = Home::with_vault();
        home.configure(toml);
        let mut t = begin(&home);
        t.keys(typed);
        // What was the client's is taken back.
        t.keys("\x15");
        say(&t, "word");
        t.keys("\x04");
        t.wait();
        let gaps = &only(&home)["gaps"];
        assert_eq!(
            gaps,
            &Value::from(u8::from(paused)),
            "{toml}: {}",
            t.screen()
        );
    }
}

#[test]
fn discard_leaves_nothing_of_the_session() {
    let home = Home::with_vault();
    let mut t = begin(&home);
    say(&t, "something");
    wait_until("it is in the vault", || {
        let show = home.rec(&["show", "@last", "--text"]).output().unwrap();
        String::from_utf8_lossy(&show.stdout).contains("something")
    });
    ok(&home, &["discard"], "forgotten");
    assert_eq!(sessions(&home).len(), 0);
    say(&t, "more");
    let (status, _) = verb(&home, &["pause"]);
    assert_ne!(status, Some(0), "there is nothing to pause");
    t.keys("\x04");
    assert_eq!(t.wait().code(), Some(0));
    assert_eq!(sessions(&home).len(), 0);
    let db = rusqlite::Connection::open(home.vault().join("vault.db")).unwrap();
    let pieces: i64 = db
        .query_row("select count(*) from pieces", [], |row| row.get(0))
        .unwrap();
    assert_eq!(pieces, 0);
    home.read(&["vault", "verify"]);
    assert!(
        !String::from_utf8_lossy(&shown(&t)).contains("rec play"),
        "{}",
        t.screen()
    );
}
