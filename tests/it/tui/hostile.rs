//! What was recorded does not act on the terminal that it is shown on.

use super::{USUAL, leaves, open, psql, same_settings};
use crate::support::recorded::{command, end, output, record};
use crate::support::{Home, check};
use rec::model::Event;

/// What a hostile server would send: clipboard, title, payload, questions, mouse, 8-bit controls,
/// text that turns around.
const HOSTILE: &str = "before \x1b]52;c;aGFja2Vk\x07\x1b]0;owned\x07\x1bP1$r0m\x1b\\\
    \x1b[6n\x1b[c\x1b[?1000h\x1b[8;10;10t\x1b_Gi=1;AAAA\x1b\\\u{9b}6n\u{202e}after\r\n";

fn hostile() -> Vec<Event> {
    vec![
        output(0, "$ "),
        output(100, "cat trap\r\n"),
        command(100, 1, "cat trap\x1b]52;c;aGFja2Vk\x07"),
        output(200, HOSTILE),
        end(300, 1, Some("exit 0\x1b[6n")),
        output(300, "$ "),
    ]
}

#[test]
fn hostile_output_shows_harmlessly() {
    let home = Home::with_vault();
    // The mouse is asked for by rec itself otherwise.
    home.configure("[browser]\nmouse = false\n");
    let id = record(&home, "ssh", "evil\x1b]0;owned\x07", 0, &hostile()).hex();
    let browser = open(&home, &[], USUAL);
    browser.wait_for("before");
    browser.keys("t");
    browser.wait_for("[Screen]");
    browser.wait_for("after");
    browser.keys("t");
    browser.wait_for("evil␛");
    let player = open(&home, &["play", &id, "--command", "1"], USUAL);
    player.wait_for("before");
    player.wait_for("cat trap␛");
    for t in [browser, player] {
        let bytes = t.bytes();
        let text = String::from_utf8_lossy(&bytes);
        for bad in [
            "\x1b]", "\x1bP", "\x1b_", "\x1b[6n", "\x1b[c", "?1000h", "10;10t",
        ] {
            assert!(
                !text.contains(bad),
                "{bad:?} reached the terminal: {text:?}"
            );
        }
        assert!(!text.contains(['\u{202e}', '\u{9b}']), "{text}");
        leaves(t, "\x03");
    }
}

#[test]
fn raw_sends_the_bytes_without_what_acts_or_asks() {
    let home = Home::with_vault();
    let id = record(&home, "ssh", "evil", 0, &hostile()).hex();
    let args = ["play", &id, "--raw", "--speed", "32"];
    let mut t = open(&home, &args, USUAL);
    assert!(t.wait().success(), "{}", t.screen());
    t.wait_for("after");
    let piped = home.rec(&args).output().unwrap();
    let piped = check(&piped);
    for text in [String::from_utf8_lossy(&t.bytes()).into_owned(), piped] {
        assert!(
            text.contains("before") && text.contains("cat trap\r\n"),
            "{text:?}"
        );
        for bad in [
            "52;c", "owned", "\x1bP", "\x1b_", "\x1b[6n", "\x1b[c", "?1000h", "10;10t",
        ] {
            assert!(!text.contains(bad), "{bad:?} in {text:?}");
        }
        assert!(!text.contains('\u{9b}'), "{text:?}");
    }
    // What drew comes as it was.
    let id = record(&home, "psql", "prod-db", 1, &psql()).hex();
    let args = ["play", &id, "--raw", "--idle", "0"];
    let text = check(&home.rec(&args).output().unwrap());
    assert!(text.contains("\x1b[1;31m17\x1b[0m"), "{text:?}");

    // q ends it early, Ctrl-C too, and the terminal is as it was.
    for key in ["q", "\x03"] {
        let script = format!("stty -g >a; rec play {id} --raw --keep-idle; stty -g >b; echo over");
        let mut t = home.shell(&script);
        t.wait_for("app=>");
        t.keys(key);
        t.wait_for("over");
        t.wait();
        same_settings(&home);
    }
}
