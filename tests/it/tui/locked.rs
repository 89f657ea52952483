//! A locked vault: asked for in the view, which does not wait for it; never opened for less.

use super::{SMALL, USUAL, gave_back, home, leaves, open, psql};
use crate::support::recorded::record;
use crate::support::{Home, check, tool};
use std::fs;
use std::os::unix::fs::OpenOptionsExt;

/// A vault behind a passphrase, with one session.
fn locked() -> Home {
    let mut home = Home::new();
    let file = home.path().join("passphrase");
    fs::write(&file, "correct horse\n").unwrap();
    home.set("REC_PASSPHRASE_FILE", &file);
    home.read(&["init", "--key", "passphrase"]);
    record(&home, "psql", "prod-db", 0, &psql());
    home.set("REC_PASSPHRASE_FILE", "");
    home
}

#[test]
fn a_locked_vault_asks_in_the_view() {
    let home = locked();
    let t = open(&home, &[], USUAL);
    t.wait_for("Passphrase of the vault");
    t.keys("no\r");
    t.wait_until("the second question", |screen| {
        screen.contains("that does not open the vault") && screen.contains("type it")
    });
    t.keys("correct horse");
    t.wait_for("••••••••");
    t.keys("\r");
    t.wait_for("app@prod-db");
    let bytes = String::from_utf8_lossy(&t.bytes()).into_owned();
    assert!(!bytes.contains("horse"), "what was typed has shown");
    leaves(t, "q");

    for (key, size) in [("\x1b", USUAL), ("\x03", SMALL)] {
        let mut t = open(&home, &[], size);
        t.wait_for("Passphrase of the vault");
        t.keys(key);
        assert_eq!(t.wait().code(), Some(2));
        assert!(gave_back(&t));
        assert!(t.screen().contains("Error: cancelled"), "{}", t.screen());
    }

    let mut t = open(&home, &[], USUAL);
    for _ in 0..3 {
        t.wait_for("type it");
        t.keys("no\r");
        t.wait_until("the answer taken", |screen| !screen.contains("type it"));
    }
    assert_eq!(t.wait().code(), Some(2));
    assert!(gave_back(&t));
    let screen = t.screen();
    for word in ["Error: that passphrase does not open the vault", "Hint: "] {
        assert!(screen.contains(word), "{word}: {screen}");
    }

    // rec play asks before it takes the screen.
    let t = open(&home, &["play", "@last"], USUAL);
    t.wait_for("Passphrase of the vault:");
    t.keys("correct horse\r");
    t.wait_for("psql (15.18)");
    leaves(t, "q");
}

#[test]
fn the_first_frame_does_not_wait_for_the_vault() {
    let mut home = locked();
    // The vault is not open before somebody writes into the pipe.
    let pipe = home.path().join("pipe");
    check(&home.command("mkfifo").arg(&pipe).output().unwrap());
    home.set("REC_PASSPHRASE_FILE", &pipe);
    let t = open(&home, &[], USUAL);
    t.wait_for("Opening the vault…");
    t.keys("?");
    t.wait_for("Narrow the sessions");
    t.keys("q");
    t.wait_for("Opening the vault…");
    fs::write(&pipe, "correct horse\n").unwrap();
    t.wait_for("app@prod-db");
    leaves(t, "q");

    let t = open(&home, &[], USUAL);
    t.wait_for("Opening the vault…");
    leaves(t, "q");
    // Lets nobody wait for a writer who has gone.
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let _ = fs::OpenOptions::new()
        .write(true)
        .custom_flags(nonblocking)
        .open(&pipe);
}

#[test]
fn an_error_ends_the_view_and_is_said_as_usual() {
    let (home, _, _) = home();
    fs::remove_file(home.vault().join("identity.txt")).unwrap();
    let mut t = open(&home, &[], USUAL);
    assert_eq!(t.wait().code(), Some(2));
    let screen = t.screen();
    for word in [
        "Error: the vault is locked",
        "Caused by: ",
        "Hint: rec unlock",
    ] {
        assert!(screen.contains(word), "{word}: {screen}");
    }
}

#[test]
fn session_ids_of_play_are_completed_from_a_locked_vault() {
    let home = locked();
    let mut fish = home.command(tool("fish", "fish"));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/completions/rec.fish");
    fish.args([
        "-c",
        "source $argv[1]; complete -C $argv[2]",
        script,
        "rec play ",
    ]);
    let found = check(&fish.output().unwrap());
    assert!(found.contains("@last"), "{found}");
    let id = found.lines().find(|line| line.contains("2023-11-14"));
    assert!(id.is_some_and(|line| line.len() > 4), "{found}");
}
