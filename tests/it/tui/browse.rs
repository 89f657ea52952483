//! `rec` without words: sessions, their commands, what those printed.

use super::{SMALL, USUAL, home, leaves, open};
use crate::support::{Home, Terminal};

#[test]
fn rec_alone_browses_sessions_commands_and_results() {
    let (home, older, _) = home();
    let t = open(&home, &[], USUAL);
    t.wait_for("ada@web-03");
    t.wait_for("app@prod-db");
    t.wait_for("up 3 days");
    t.keys("/");
    t.wait_for("filter sessions:");
    t.keys("PROD");
    t.wait_for("1 of 2");
    t.keys("\r");
    // Enter keeps the filter, the next one goes to the commands.
    t.wait_for("Sessions ─ PROD");
    t.keys("\r");
    // Not only its number, which an id may hold as well.
    t.wait_for("│1 row");
    let short = &older.hex()[..4];
    t.wait_for(&format!("▌ Commands of {short}"));
    t.keys("jt");
    t.wait_for("[Screen]");
    t.wait_for("ERROR:  column");
    t.keys("t");
    t.wait_for("Nothing passed over");
    t.keys("t");
    t.wait_for("ada@laptop");
    t.keys("t");
    t.wait_for("[Result]");
    // Enter on a command opens the player where it was sent.
    t.keys("\r");
    t.wait_for("‖ 0:29/4:12");
    t.wait_for("2/3 update orders set statsu = 1;");
    t.keys("q");
    t.wait_for("▌ Commands of");
    t.keys("q");
    t.wait_for("▌ Sessions");
    leaves(t, "q");
}

#[test]
fn the_browser_shows_one_pane_at_a_time_where_there_is_little_room() {
    let (home, older, _) = home();
    let t = open(&home, &[], SMALL);
    t.wait_for("prod-db");
    t.keys("j\r");
    t.wait_for(&format!("▌ Commands of {}", &older.hex()[..4]));
    t.wait_for("0:29 update orders set");
    assert!(!t.screen().contains("Sessions"), "{}", t.screen());
    t.keys("\t");
    t.wait_for("[Result]");
    t.wait_for("1 row");
    t.resize(USUAL.0, USUAL.1);
    t.wait_for("─ Sessions");
    t.wait_for("? help");
    let help = t.screen().lines().position(|line| line.contains("? help"));
    assert_eq!(help, Some(23), "the keys are not on the last line");
    t.resize(SMALL.0, SMALL.1);
    t.wait_until("the small one again", |screen| {
        !screen.contains("Sessions") && screen.lines().nth(11).is_some_and(|l| l.contains("help"))
    });
    leaves(t, "\x03");
}

#[test]
fn where_nothing_is_recorded_the_browser_says_how_to_begin() {
    let home = Home::new();
    let mut t = open(&home, &[], USUAL);
    assert_eq!(t.wait().code(), Some(2));
    let screen = t.screen();
    for word in ["nothing is recorded yet", "rec psql -h", "rec demo"] {
        assert!(screen.contains(word), "{word}: {screen}");
    }
    let home = Home::with_vault();
    for size in [USUAL, SMALL] {
        let t = open(&home, &[], size);
        t.wait_for("No sessions yet.");
        t.wait_for("rec psql");
        leaves(t, "q");
    }
}

#[test]
fn a_terminal_that_does_not_know_its_size_is_taken_as_80_by_24() {
    let (home, _, _) = home();
    let mut script = home.command("/bin/sh");
    script.args(["-c", "stty rows 0 cols 0; exec rec"]);
    let t = Terminal::open(&script, 80, 24);
    t.wait_for("app@prod-db");
    let help = t.screen().lines().position(|line| line.contains("? help"));
    assert_eq!(help, Some(23), "{}", t.screen());
    leaves(t, "q");
}
