//! `rec play`: a session in its own time, from any place, at any speed, in any window.

use super::{SMALL, USUAL, home, leaves, open};
use crate::support::Terminal;

#[test]
fn a_replay_plays_pauses_seeks_and_changes_speed() {
    let (home, older, _) = home();
    let t = open(&home, &["play", &older.hex()[..6]], USUAL);
    t.wait_for("psql (15.18)");
    t.wait_for("▶ 0:0");
    t.keys(" ");
    t.wait_for("‖ 0:0");
    t.keys("]");
    t.wait_for("‖ 0:08/4:12");
    t.wait_for("1/3 select count(*) from orders;");
    t.keys("n");
    t.wait_for("‖ 0:29/4:12");
    t.wait_for("(1 row)");
    t.keys("]");
    t.wait_for("‖ 2:06/4:12");
    t.wait_for("ERROR:  column");
    t.keys("]");
    t.wait_for("there is no later command");
    t.keys("X");
    t.wait_for("‖ 0:29/4:12");
    t.keys("m");
    t.wait_for("◆ look here");
    t.keys("++-");
    t.wait_for("1:00/4:12 1.5x");
    t.keys("\x1b[D");
    t.wait_for("‖ 0:55/4:12");
    t.keys("G");
    t.wait_for("\\q");
    t.keys("g");
    t.wait_until("the start", |screen| {
        screen.contains("‖ 0:00/4:12") && !screen.contains("\\q")
    });
    t.keys("i");
    t.wait_for("idle kept");
    t.keys("?");
    t.wait_for("To the next command that failed");
    t.keys("/idle");
    t.wait_until("only what was searched", |screen| {
        screen.contains("Skip idle time, or play it") && !screen.contains("Five seconds on")
    });
    t.keys("\rq");
    t.wait_for("idle kept");
    assert!(!t.screen().contains("Skip idle"), "{}", t.screen());
    leaves(t, "q");

    // From start to end by itself, at once.
    let t = open(&home, &["play", "@last", "--speed", "32"], USUAL);
    t.wait_for("‖ 0:00/0:00 32x");
    t.wait_for("up 3 days");
    t.wait_for("1/1 uptime");
    leaves(t, "q");
}

#[test]
fn a_replay_is_looked_through_and_goes_to_a_typed_time() {
    let (home, older, _) = home();
    for (args, size) in [
        (&["play", &older.hex()][..], USUAL),
        (&["play", &older.hex()], super::SMALL),
        (&[], USUAL),
    ] {
        let t = open(&home, args, size);
        if args.is_empty() {
            t.wait_for("app@prod-db");
            t.wait_for("q leave");
            t.keys("j");
            t.wait_for("0:08 select");
            t.keys(" ");
        }
        // With what is idle left out it is soon over.
        t.wait_for("4:12/4:12");
        t.keys("/");
        t.wait_for("find in this session:");
        t.keys("statsu\r");
        t.wait_for("match 1 of 1");
        t.keys("/no such thing\r");
        t.wait_for("it is not in this session");
        t.keys("/upda\r");
        t.wait_for("match ");
        t.keys("NN");
        t.wait_for("that was the first match");
        t.keys("n");
        t.wait_for("match 2 of 2");
        t.keys("t1:10\x1b[D\x1b[D\x1b[D\x7f3\x1b[F\r");
        t.wait_until("3:10", |screen| {
            screen.contains("3:1") && screen.contains("/4:12")
        });
        t.keys("t-1m\r");
        t.wait_until("2:10", |screen| {
            screen.contains("2:1") && screen.contains("/4:12")
        });
        t.keys("tnever\r");
        t.wait_for("never is no time");
        t.keys("\x1b");
        t.wait_until("the line given up", |screen| !screen.contains("no time"));
        t.keys("e");
        t.wait_for("What leaves");
        t.wait_for("command 3");
        t.keys("q");
        t.wait_until("the player again", |screen| screen.contains("3/3"));
        leaves(t, "\x03");
    }
}

#[test]
fn a_replay_begins_where_it_is_told_to() {
    let (home, older, _) = home();
    let id = older.hex();
    for (args, shown, time) in [
        (&["--at", "0:29"][..], "2/3 update orders set statsu", "0:"),
        (&["--at", "1m10s"], "does not exist", "1:"),
        (&["--at", "126s", "--keep-idle"], "idle kept", "2:"),
        (&["--command", "3"], "3/3 update orders set status", "2:"),
        (
            &["--command", "3", "--idle", "1h", "--speed", "0.5x"],
            "0.5x",
            "2:",
        ),
    ] {
        let args = [&["play", id.as_str()], args].concat();
        let t = open(&home, &args, USUAL);
        t.wait_for(shown);
        t.wait_for(&format!("▶ {time}"));
        leaves(t, "\x03");
    }
}

#[test]
fn a_larger_recording_is_cropped_and_the_crop_is_moved() {
    let (home, older, _) = home();
    let t = open(&home, &["play", &older.hex(), "--command", "2"], SMALL);
    t.wait_for("→40");
    t.keys(" ");
    t.wait_for("‖ 0:");
    t.keys("l");
    t.wait_for("←8 →32");
    t.wait_for("rders set statsu = 1;");
    t.resize(100, 30);
    t.wait_for("psql (15.18)");
    t.wait_for("┘");
    t.wait_until("nothing is hidden", |screen| !screen.contains("←8"));
    leaves(t, "q");
}

/// A colour in the bytes: of the text, of the background, one of the sixteen or of more.
fn colours(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let sequences = text.split("\x1b[").skip(1);
    let styles = sequences.filter_map(|rest| {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ';' || c == ':'))?;
        rest[end..].starts_with('m').then(|| rest[..end].to_owned())
    });
    let coloured = |style: &String| {
        style.split(';').any(|p| {
            let n = p.split(':').next().unwrap().parse::<u8>().unwrap_or(0);
            matches!(n, 30..=38 | 40..=48 | 90..=97 | 100..=107)
        })
    };
    styles.filter(coloured).collect()
}

#[test]
fn no_color_is_respected_also_for_what_was_recorded() {
    let (home, older, _) = home();
    let id = older.hex();
    for (no_color, args) in [
        ("1", &[][..]),
        ("1", &["play", &id, "--command", "2"]),
        ("", &["play", &id, "--command", "2"]),
    ] {
        let mut rec = home.rec(args);
        let t = Terminal::open(rec.env("NO_COLOR", no_color), 80, 24);
        // The number alone may stand in a time or an id as well.
        t.wait_for(if args.is_empty() {
            "up 3 days"
        } else {
            "(1 row)"
        });
        t.wait_for("? help");
        let found = colours(&t.bytes());
        assert_eq!(
            found.is_empty(),
            !no_color.is_empty(),
            "{args:?}: {found:?}"
        );
        leaves(t, "\x03");
    }
}
