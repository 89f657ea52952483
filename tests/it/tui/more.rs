//! What is done in passing: a note from the player, several facets, a stretch of time that is handed
//! on, and the views on a terminal of sixteen colours.

use super::{USUAL, home, leaves, open};
use crate::support::Terminal;
use std::fs;

#[test]
fn a_note_is_written_about_the_moment_that_is_played() {
    let (mut home, older, _) = home();
    let editor = home.path().join("editor");
    fs::write(&editor, "#!/bin/sh\necho 'the wrong column' >\"$1\"\n").unwrap();
    home.set("EDITOR", format!("sh {}", editor.display()));
    let t = open(&home, &[], USUAL);
    t.wait_for("web-03");
    t.keys("jl");
    t.wait_for("▌ Commands of");
    t.wait_for("0:29 update orders");
    t.keys("j");
    t.wait_for("▶0:29");
    t.keys("\r");
    t.wait_for("‖ 0:29/4:12");
    t.keys("a");
    t.wait_for("noted");
    t.wait_for("2/3 update orders set statsu");
    // It is still the player's session, and goes on being played.
    t.keys("]");
    t.wait_for("3/3 update orders set status");
    t.keys("q");
    t.wait_for("1 note");
    leaves(t, "\x03");
    let show = home.json(&["show", &older.hex()]);
    let shown = show.to_string();
    assert!(shown.contains("the wrong column"), "{shown}");
}

#[test]
fn several_facets_are_chosen_at_once() {
    let (home, ..) = home();
    let t = open(&home, &[], USUAL);
    t.wait_for("web-03");
    t.keys("f");
    t.wait_for("2 of 2 sessions");
    t.keys("\r");
    t.wait_for("1 of 2 sessions");
    t.keys("j\r");
    t.wait_for("2 of 2 sessions");
    t.keys("q");
    t.wait_for("Sessions ─ client:");
    t.wait_for("|");
    leaves(t, "q");
}

#[test]
fn a_stretch_of_time_is_written_as_the_verb_would_write_it() {
    let (home, older, _) = home();
    let file = home.path().join("piece.txt");
    let t = open(&home, &["play", &older.hex(), "--at", "0:30"], USUAL);
    t.wait_for("does not exist");
    t.keys(" e");
    t.wait_for("What leaves");
    t.keys("l");
    t.wait_for("a stretch of time");
    t.keys("j\r\x150:05\r");
    t.wait_for("from     0:05");
    t.keys("j\r\x150:20\r");
    t.wait_for("to       0:20");
    t.keys("jjjj\r\x15");
    t.wait_for("write to:");
    t.keys(format!("{}\r", file.display()));
    t.wait_until("what leaves", |screen| {
        screen.contains("as       text") && screen.contains(" bytes")
    });
    t.keys("w");
    t.wait_for("piece.txt: nothing to mask");
    let args = [
        "export",
        &older.hex(),
        "--from",
        "0:05",
        "--to",
        "0:20",
        "--format",
        "text",
    ];
    let verb = home.rec(&args).output().unwrap();
    assert_eq!(fs::read(&file).unwrap(), verb.stdout);
    let text = String::from_utf8(verb.stdout).unwrap();
    assert!(
        text.contains("count(*)") && !text.contains("statsu"),
        "{text}"
    );
    leaves(t, "\x03");
}

/// Colours in the bytes that are none of the sixteen, or are spelled as those of 256 or all are, which
/// a terminal of sixteen takes for something else.
fn beyond_sixteen(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let sequences = text.split("\x1b[").skip(1);
    let styles = sequences.filter_map(|rest| {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ';' || c == ':'))?;
        rest[end..].starts_with('m').then(|| rest[..end].to_owned())
    });
    let more = |style: &String| {
        let mut parts = style.split([';', ':']);
        parts.any(|part| matches!(part, "38" | "48"))
    };
    styles.filter(more).collect()
}

#[test]
fn every_view_is_drawn_with_sixteen_colours() {
    let (home, ..) = home();
    let mut rec = home.rec(&[]);
    let t = Terminal::open(rec.env("TERM", "linux").env_remove("COLORTERM"), 80, 24);
    t.wait_for("web-03");
    for (keys, shown) in [
        ("j", "[Result]"),
        ("l", "▌ Commands of"),
        ("t", "[Screen]"),
        ("t", "[Wire]"),
        ("t", "[Info]"),
        ("t", "[Result]"),
        ("e", "What leaves"),
        ("q", "▌ Commands of"),
        (" ", "1/3"),
        ("q", "▌ Commands of"),
        ("vc", "update orders"),
        ("q", "▌ Commands of"),
        ("r", "run"),
        ("q", "▌ Commands of"),
        ("i", "Most used"),
        ("q", "▌ Commands of"),
        ("f", "Narrow by"),
        ("q", "▌ Commands of"),
        (":", "▌ Do"),
        ("\x1b", "q back"),
        ("?", "Keys"),
        ("q", "▌ Commands of"),
        ("sorders", "moments"),
        ("\x1b", "▌ Commands of"),
    ] {
        t.keys(keys);
        t.wait_for(shown);
    }
    let bytes = t.bytes();
    let more = beyond_sixteen(&bytes);
    assert!(more.is_empty(), "{more:?}");
    let drawn = String::from_utf8_lossy(&bytes);
    for colour in ["36;49m", "31;49m"] {
        assert!(drawn.contains(&format!("\x1b[{colour}")), "no {colour}");
    }
    leaves(t, "\x03");
}
