//! Each page in front of the browser, driven through a real terminal over a real vault.

use super::{SMALL, USUAL, home, leaves, open};
use crate::support::recorded::record;
use crate::support::{Home, Terminal, check};
use std::fs;

fn ready(home: &Home, size: (u16, u16)) -> Terminal {
    let t = open(home, &[], size);
    t.wait_for("app@prod-db");
    t.wait_for("q leave");
    t
}

#[test]
fn the_search_finds_while_typing_and_n_goes_on() {
    let (home, _, _) = home();
    for size in [USUAL, SMALL] {
        let t = ready(&home, size);
        t.keys("s");
        t.wait_for("Search all sessions");
        t.keys("upda");
        t.wait_for("2 moments");
        t.keys("\r");
        // The newest first: the last command of the session of psql.
        t.wait_for("3/3 update ord");
        t.keys("n");
        t.wait_for("2/3 update ord");
        t.keys("N");
        t.wait_for("3/3 update ord");
        t.keys("q");
        t.wait_for("› upda");
        t.keys("\x15up 3 days");
        t.wait_for("1 moment");
        t.keys("\x1b");
        t.wait_for("Sessions");
        leaves(t, "q");
    }
}

#[test]
fn insights_open_where_it_happened() {
    let (home, _, _) = home();
    for size in [USUAL, SMALL] {
        let t = ready(&home, size);
        t.keys("i");
        t.wait_for("[Most used]");
        t.wait_for("RUNS");
        t.keys("\t\t");
        t.wait_for("[Failing]");
        t.keys("\r");
        t.wait_for("2/3 update ord");
        t.keys("q");
        t.wait_for("[Failing]");
        t.keys("q");
        t.wait_for("Sessions");
        leaves(t, "q");
    }
}

#[test]
fn two_sessions_are_marked_and_compared() {
    let (home, _, _) = home();
    for size in [USUAL, SMALL] {
        let t = ready(&home, size);
        t.keys("vvc");
        t.wait_for("FIRST");
        t.wait_for("CHANGE");
        t.keys("q");
        t.wait_for("2 marked");
        leaves(t, "q");
    }
}

#[test]
fn another_run_of_a_statement_is_found_and_compared() {
    let (home, _, _) = home();
    let later: Vec<_> = super::psql()
        .into_iter()
        .map(|mut event| {
            if let rec::model::Body::Output(data) = &mut event.body {
                let text = String::from_utf8(std::mem::take(data)).unwrap();
                *data = text.replace("17", "23").into_bytes();
            }
            event
        })
        .collect();
    record(&home, "psql", "replica", 200, &later);
    for size in [USUAL, SMALL] {
        let t = open(&home, &[], size);
        t.wait_for("app@replica");
        t.wait_for("q leave");
        t.keys("\r");
        t.wait_for("▌ Commands of");
        t.wait_for("0:08 select");
        t.keys("r");
        t.wait_for("2 runs");
        t.keys("\r");
        t.wait_for("- 17");
        t.wait_for("+ 23");
        t.keys("q");
        t.wait_for("2 runs");
        t.keys("qqs");
        t.wait_for("Search all sessions");
        t.keys("count");
        t.wait_for("2 moments");
        // The marked one is the first, and it is the newer one here.
        t.keys("\t\x0e\x04");
        t.wait_for("+ 17");
        t.keys("q");
        t.wait_for("› count");
        t.keys("\x1b");
        t.wait_for("Sessions");
        t.keys("i");
        t.wait_for("RUNS");
        t.keys("\r");
        t.wait_for("2 runs");
        t.keys("c");
        t.wait_for("- 17");
        t.keys("qq");
        t.wait_for("[Most used]");
        t.keys("q");
        t.wait_for("Sessions");
        leaves(t, "q");
    }
}

#[test]
fn an_export_is_previewed_masked_more_and_written_once() {
    let (home, older, _) = home();
    let t = ready(&home, USUAL);
    t.keys("j\r");
    t.wait_for(&format!("▌ Commands of {}", &older.hex()[..4]));
    t.wait_for("0:08 select count");
    t.keys("e");
    t.wait_for("What leaves");
    t.wait_for("nothing doubtful left");
    t.wait_for("| count |");
    t.keys("m");
    t.wait_for("mask too");
    t.keys("17\r");
    t.wait_for("named 1");
    t.keys("w");
    let name = format!("rec-{}.md", &older.hex()[..4]);
    t.wait_for(&format!("{name}: masked"));
    let file = home.path().join(&name);
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("| count |") && !text.contains("17 |"),
        "{text}"
    );
    t.keys("w");
    t.wait_for("is there already; w again replaces it");
    fs::write(&file, "mine").unwrap();
    t.keys("w");
    t.wait_for(&format!("{name}: masked"));
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    t.keys("q");
    t.wait_for("▌ Commands of");
    leaves(t, "qq");
}

#[test]
fn sessions_are_tagged_pinned_noted_and_forgotten() {
    let (mut home, older, newer) = home();
    let editor = home.path().join("editor");
    fs::write(&editor, "#!/bin/sh\necho 'here it began' >\"$1\"\n").unwrap();
    home.set("EDITOR", format!("sh {}", editor.display()));
    let t = ready(&home, USUAL);
    t.keys("j#");
    t.wait_for("tags (-tag takes one off)");
    t.keys("incident-42\r");
    t.wait_for("#incident-42");
    t.keys("P");
    t.wait_for("pinned, #inciden");
    t.keys("n");
    t.wait_for("noted");
    t.keys("P");
    t.wait_until("not pinned any more", |screen| {
        !screen.contains("pinned, #")
    });
    t.keys("/tag:incident-42");
    t.wait_for("1 of 2");
    t.keys("\x1b");
    t.wait_for("web-03");
    // The list keeps its place: the session over ssh is above it.
    t.keys("gD");
    t.wait_for(" ssh? type yes:");
    t.keys("no\r");
    t.wait_for("nothing is forgotten");
    t.keys("D");
    t.wait_for(" ssh? type yes:");
    t.keys("yes\r");
    t.wait_until("one session less", |screen| !screen.contains("web-03"));
    leaves(t, "q");
    let listed = home.json(&["ls"]);
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed[0]["id"], older.hex());
    assert_ne!(listed[0]["id"], newer.hex());
    assert_eq!(listed[0]["tags"][0], "incident-42");
    let notes = home.read(&["note", &older.hex()]);
    assert!(notes.contains("here it began"), "{notes}");
    let left = fs::read_dir(home.path().join("run/rec")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().contains("note")),
        "{left:?}"
    );
}

#[test]
fn the_palette_the_pager_and_keys_of_ones_own() {
    let (mut home, _, _) = home();
    home.configure("[browser]\nkeys.\"browser.search\" = [\"F\", \"f3\"]\n");
    home.set("PAGER", "cat >paged; sleep 0.2");
    let t = ready(&home, USUAL);
    t.keys(":");
    t.wait_for("▌ Do");
    t.keys("sort");
    t.wait_until("one action", |screen| !screen.contains("next-pane"));
    t.keys("\r");
    t.wait_for("oldest first");
    t.keys("F");
    t.wait_for("Search all sessions");
    t.keys("\x1b");
    t.wait_for("oldest first");
    t.keys("?");
    t.wait_for("F, f3");
    t.keys("q");
    t.wait_for("up 3 days");
    t.keys("|");
    let paged = home.path().join("paged");
    t.wait_until("the pager has ended", |screen| {
        let text = fs::read_to_string(&paged).unwrap_or_default();
        text.contains("up 3 days") && screen.contains("oldest first")
    });
    t.keys("q");
    let mut t = t;
    assert!(t.wait().success());

    home.configure("[browser]\nkeys.\"browser.fly\" = [\"F\"]\n");
    let t = open(&home, &[], USUAL);
    t.wait_for("there is no action \"browser.fly");
    leaves(t, "q");
    check(&home.rec(&["doctor"]).output().unwrap());
}

#[test]
fn the_mouse_is_taken_and_given_back_unless_it_is_off() {
    let (home, older, _) = home();
    let t = ready(&home, USUAL);
    t.wait_for_bytes(b"\x1b[?1000h");
    // A click on the second session, in SGR coordinates from 1.
    t.keys("\x1b[<0;10;4M\x1b[<0;10;4m");
    t.wait_for(&format!("Commands of {}", &older.hex()[..4]));
    t.keys("\x1b[<0;10;4M\x1b[<0;10;4m");
    t.wait_for(&format!("▌ Commands of {}", &older.hex()[..4]));
    t.keys("qq");
    let mut t = t;
    assert!(t.wait().success());
    let bytes = t.bytes();
    assert!(bytes.windows(8).any(|at| at == b"\x1b[?1000l"));
    home.configure("[browser]\nmouse = false\n");
    let t = ready(&home, USUAL);
    assert!(!t.bytes().windows(8).any(|at| at == b"\x1b[?1000h"));
    leaves(t, "q");
}
