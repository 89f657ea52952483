//! The first recording: a vault makes itself where the keyring takes its key, one question is
//! asked where it does not, and nobody is asked where nobody is.

use crate::support::{Home, Keyring};
use std::fs;

#[test]
fn with_a_keyring_a_vault_makes_itself_and_says_so_in_two_lines() {
    let keyring = Keyring::start();
    let mut home = Home::new();
    keyring.join(&mut home);
    let mut t = home.terminal(&["sh", "-c", "echo first words"]);
    assert!(t.wait().success());
    let screen = t.screen();
    let lines: Vec<&str> = screen.lines().filter(|line| !line.is_empty()).collect();
    assert!(lines[0].starts_with("rec: made your vault in "), "{screen}");
    assert!(lines[0].contains("login keyring"), "{screen}");
    assert!(
        lines[1].contains("rec vault add-slot --recovery"),
        "{screen}"
    );
    assert_eq!(lines[2], "first words");
    assert!(
        lines[3].starts_with("rec: ") && lines[3].contains("rec play "),
        "{screen}"
    );
    assert_eq!(lines.len(), 4, "{screen}");

    let mut again = home.terminal(&["sh", "-c", "echo second words"]);
    assert!(again.wait().success());
    assert!(
        again.screen().starts_with("second words\n"),
        "{}",
        again.screen()
    );
    assert_eq!(home.json(&["ls"]).as_array().unwrap().len(), 2);
}

#[test]
fn without_a_keyring_one_question_whose_default_is_to_run_unrecorded() {
    let home = Home::new();
    let mut t = home.terminal(&["sh", "-c", "echo it ran; exit 7"]);
    t.wait_for("run unrecorded now");
    t.keys("\r");
    t.wait_for("it ran");
    assert_eq!(t.wait().code(), Some(7));
    assert!(!t.screen().contains("rec play"), "{}", t.screen());
    assert!(!home.vault().exists());
}

#[test]
fn the_question_can_make_a_vault_and_the_session_is_recorded() {
    let home = Home::new();
    let mut t = home.terminal(&["sh", "-c", "echo recorded words"]);
    t.wait_for("run unrecorded now");
    t.keys("\x1b[B\x1b[B\r");
    t.wait_for("rec play");
    assert!(t.wait().success());
    assert!(
        home.read(&["show", "@last", "--text"])
            .contains("recorded words")
    );

    let home = Home::new();
    let mut t = home.terminal(&["sh", "-c", "echo more words"]);
    t.wait_for("run unrecorded now");
    t.keys("\x1b[B\r");
    t.wait_for("New passphrase");
    t.keys("correct horse\r");
    t.wait_for("The same again");
    t.keys("correct horse\r");
    t.wait_for("rec play");
    assert!(t.wait().success());
    assert!(!t.screen().contains("correct horse"));
}

#[test]
fn the_question_is_left_with_ctrl_c_and_nothing_runs() {
    let home = Home::new();
    let mut t = home.terminal(&["sh", "-c", "touch ran"]);
    t.wait_for("run unrecorded now");
    // Before the question reads keys, the terminal makes a signal of this one, which rec survives.
    assert_eq!(t.keys_until_it_ends("\x03").code(), Some(130));
    assert!(!home.path().join("ran").exists());
    assert!(!home.vault().exists());
}

#[test]
fn without_a_terminal_the_client_runs_unrecorded_and_the_log_says_why() {
    let home = Home::new();
    let output = home
        .rec(&["run", "--always", "--", "sh", "-c", "echo out; exit 3"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(output.stdout, b"out\n");
    assert_eq!(output.stderr, b"");
    assert!(!home.vault().exists());
    let log = fs::read_to_string(home.path().join("state/rec/rec.log")).unwrap();
    assert!(log.contains("not recording: no vault yet"), "{log}");
    assert_eq!(log.lines().count(), 1, "{log}");
}

#[test]
fn what_cannot_be_recorded_does_not_run_where_the_owner_wished_so() {
    let home = Home::new();
    home.configure("on_failure = \"refuse\"\n");
    let mut t = home.terminal(&["sh", "-c", "touch ran"]);
    t.wait_for("run unrecorded now");
    t.keys("\r");
    assert_eq!(t.wait().code(), Some(125));
    assert!(t.screen().contains("on_failure"), "{}", t.screen());
    assert!(!home.path().join("ran").exists());
}

#[test]
fn a_scope_that_asks_asks_and_one_that_says_never_does_not_record() {
    let home = Home::with_vault();
    home.configure(
        "[scope]\ndefault = \"ask\"\n[[scope.rule]]\nclient = \"env\"\ndo = \"never\"\n",
    );
    let mut t = home.terminal(&["sh", "-c", "echo one"]);
    t.wait_for("record this session (sh)?");
    t.keys("n");
    assert!(t.wait().success());
    let mut t = home.terminal(&["sh", "-c", "echo two"]);
    t.wait_for("record this session (sh)?");
    t.keys("y");
    t.wait_for("rec play");
    assert!(t.wait().success());
    let mut t = home.terminal(&["env", "echo", "three"]);
    assert!(t.wait().success());
    assert_eq!(t.screen().trim(), "three");
    let listed = home.json(&["ls"]);
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    assert!(home.read(&["show", "@last", "--text"]).contains("two"));
}
