//! What is said where nothing can be shown, and where words are looked up.

use super::{home, open};
use crate::support::{Home, Terminal};
use std::process::Output;

#[test]
fn what_cannot_be_played_is_said_before_the_screen_is_taken() {
    let (home, older, _) = home();
    let id = older.hex();
    for (args, code, said, hint) in [
        (
            &["play", "zzzz"][..],
            1,
            "no session is called zzzz",
            "rec ls",
        ),
        (
            &["play", &id, "--at", "4:13"],
            1,
            "has no 4:13, it is 4m12s long",
            "rec show",
        ),
        (
            &["play", &id, "--raw", "--at", "1h"],
            1,
            "has no 1:00:00",
            "rec show",
        ),
        (
            &["play", &id, "--command", "4"],
            1,
            "no command 4, only 3 commands",
            "rec show",
        ),
        (
            &["play", &id, "--command", "0"],
            1,
            "no command 0",
            "rec show",
        ),
        (&["play", &id, "--at", "x"], 2, "1:50", ""),
        (
            &["play", &id, "--rate"],
            2,
            "unexpected argument",
            "rec run -- play",
        ),
        (&["play", &id, "--speed", "0"], 2, "from 0.25 to 32", ""),
        (&["play", &id, "--speed", "NaN"], 2, "from 0.25 to 32", ""),
        (&["play", &id, "--idle", "soon"], 2, "500ms", ""),
        (
            &["play", &id, "--at", "0:01", "--command", "1"],
            2,
            "cannot be used with",
            "",
        ),
    ] {
        let mut t = open(&home, args, (120, 30));
        assert_eq!(t.wait().code(), Some(code), "{args:?}: {}", t.screen());
        let screen = t.screen();
        assert!(
            screen.contains(said) && screen.contains(hint),
            "{args:?}: {screen}"
        );
        // A value that does not fit was meant for the verb.
        let other = screen.contains("rec run --");
        assert_eq!(other, hint.contains("rec run --"), "{args:?}: {screen}");
        assert!(
            !String::from_utf8_lossy(&t.bytes()).contains("\x1b[?1049h"),
            "{args:?}"
        );
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn without_a_terminal_the_views_say_what_to_use_instead() {
    let (home, older, _) = home();
    let id = older.hex();
    let output = home.rec(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(
        said.contains("rec psql -h") && said.contains("rec ls"),
        "{said}"
    );
    let output = home.rec(&["play", &id]).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    let said = stderr(&output);
    for hint in [format!("rec show {id} --text"), format!("rec export {id}")] {
        assert!(said.contains(&hint), "{said}");
    }
    let mut dumb = home.rec(&["play", &id]);
    let mut t = Terminal::open(dumb.env("TERM", "dumb"), 80, 24);
    assert_eq!(t.wait().code(), Some(2));
    assert!(t.screen().contains("TERM=dumb"), "{}", t.screen());
}

#[test]
fn help_knows_every_verb_and_says_whose_the_rest_is() {
    let home = Home::new();
    assert!(home.read(&["help"]).contains("\n  play "));
    assert_eq!(home.read(&["help", "play"]), home.read(&["play", "--help"]));
    assert!(
        home.read(&["help", "vault", "verify"])
            .contains("rec vault verify")
    );
    let output = home.rec(&["help", "psql"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(
        said.contains("psql is no verb of rec") && said.contains("rec psql --help"),
        "{said}"
    );
}
