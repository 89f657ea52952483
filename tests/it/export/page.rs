//! The page with the player works in a real browser, loads nothing and lets nothing in.

use super::browser::Browser;
use super::{export, home, psql};
use crate::support::check;
use crate::support::recorded::output;
use serde_json::json;
use std::fs;

const SCREEN: &str =
    "[...document.querySelectorAll('#rows .row')].map(r => r.textContent.trimEnd()).join('\\n')";

#[test]
fn the_page_plays_seeks_searches_and_copies_under_its_own_policy() {
    let (home, id) = home(&psql());
    let file = home.path().join("piece.html");
    check(&export(&home, &id, &["-o", file.to_str().unwrap()]));
    let mut browser = Browser::start(&home);
    browser.open(&file);

    // Commands of the recording are listed; markup within them is text.
    let commands =
        browser.eval("[...document.querySelectorAll('#commands .text')].map(e => e.textContent)");
    assert_eq!(commands[0], "select id, status from orders;");
    assert_eq!(
        commands[2],
        "update orders set status = '</script><b>'\nwhere id = 1;"
    );
    assert_eq!(browser.eval("document.querySelectorAll('b').length"), 0);

    // Seek by time, forward and back.
    let seek = |ms: u32| {
        format!(
            "(() => {{ const s = document.getElementById('seek'); s.value = {ms}; s.dispatchEvent(new Event('input')); return {SCREEN}; }})()"
        )
    };
    let late = browser.eval(&seek(3_500)).as_str().unwrap().to_owned();
    assert!(
        late.contains("does not exist") && !late.contains("UPDATE 1"),
        "{late}"
    );
    let early = browser.eval(&seek(950)).as_str().unwrap().to_owned();
    assert!(
        early.contains("app=> select id") && !early.contains("paid|no"),
        "{early}"
    );
    let red =
        "[...document.querySelectorAll('#rows span')].find(s => s.textContent.startsWith('ERROR'))";
    browser.eval(&seek(3_500));
    assert_eq!(
        browser.eval(&format!("getComputedStyle({red}).color")),
        "rgb(224, 108, 117)"
    );

    // Seek by command; its outcome and output are beside it.
    browser.eval("document.querySelectorAll('#commands li')[1].click()");
    let detail = browser.eval("document.getElementById('outcome').textContent");
    assert_eq!(detail, "3.0 ms, ERROR:  column \"statsu\" does not exist");
    let output = browser.eval("document.getElementById('output').textContent");
    assert_eq!(output, "ERROR:  column \"statsu\" does not exist");
    assert_eq!(
        browser.eval("document.getElementById('time').textContent"),
        "0:03 / 0:06"
    );

    // Play moves on, faster when asked to, and pauses.
    browser.eval("document.getElementById('screen').focus(); document.getElementById('speed').value = '16'; document.getElementById('speed').dispatchEvent(new Event('change'))");
    browser.key(" ");
    let ended = "new Promise(done => { const look = () => document.getElementById('seek').value === '6100' ? done(true) : setTimeout(look, 20); look(); })";
    assert_eq!(browser.eval(ended), json!(true));
    assert_eq!(
        browser.eval("document.getElementById('play').getAttribute('aria-label')"),
        "Play"
    );
    let end = browser.eval(SCREEN);
    assert!(end.as_str().unwrap().contains("UPDATE 1"), "{end}");

    // Search narrows the list, also by output, and Enter goes there.
    let search = |text: &str| {
        format!(
            "(() => {{ const s = document.getElementById('search'); s.value = '{text}'; s.dispatchEvent(new Event('input')); return document.getElementById('found').textContent; }})()"
        )
    };
    assert_eq!(browser.eval(&search("paid|no")), "1 of 4 commands");
    browser.eval("document.getElementById('search').focus()");
    browser.key("Enter");
    assert_eq!(
        browser.eval("document.getElementById('command').textContent"),
        "select id, status from orders;"
    );
    assert_eq!(browser.eval(&search("update")), "2 of 4 commands");
    assert_eq!(browser.eval("document.querySelectorAll('mark').length"), 2);

    // Copy.
    browser.eval("document.getElementById('copy-command').click()");
    let copied = "new Promise(done => { const look = () => document.getElementById('said').textContent ? done(document.getElementById('said').textContent) : setTimeout(look, 20); look(); })";
    assert_eq!(browser.eval(copied), "copied the command");

    // Nothing was refused, because nothing was asked for; and what is not the page's own does not
    // run even where somebody gets it in.
    let told: Vec<_> = browser
        .events
        .iter()
        .filter(|e| e["method"] == "Log.entryAdded" || e["method"] == "Runtime.exceptionThrown")
        .cloned()
        .collect();
    assert!(told.is_empty(), "{told:?}");
    let asked: Vec<String> = browser
        .events
        .iter()
        .filter(|e| e["method"] == "Network.requestWillBeSent")
        .map(|e| e["params"]["request"]["url"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(asked, [format!("file://{}", file.display())]);
    browser.eval("(() => { const s = document.createElement('script'); s.textContent = 'window.broken = 1'; document.body.append(s); const i = document.createElement('img'); i.src = 'https://example.invalid/x.png'; document.body.append(i); document.body.insertAdjacentHTML('beforeend', '<p id=styled style=\"color:red\" onclick=\"window.broken = 2\">x</p>'); document.getElementById('styled').click(); })()");
    assert_eq!(browser.eval("window.broken === undefined"), json!(true));
    let color = "getComputedStyle(document.getElementById('styled')).color";
    assert_ne!(browser.eval(color), "rgb(255, 0, 0)");
}

/// What is shared is looked at before it is played: it must not open on an empty screen.
#[test]
fn the_first_screen_with_text_stands_for_the_recording_until_it_is_played() {
    let (home, id) = home(&[
        output(0, "\x1b[2J\x1b[H"),
        output(2_000, "psql (15.18)\r\n"),
        output(2_500, "app=> "),
        output(9_000, "\\q\r\n"),
    ]);
    let file = home.path().join("piece.html");
    check(&export(&home, &id, &["-o", file.to_str().unwrap()]));
    let mut browser = Browser::start(&home);
    browser.open(&file);
    let shown = browser.eval(SCREEN);
    assert_eq!(shown.as_str().unwrap().trim_end(), "psql (15.18)");
    let place = "document.getElementById('seek').value";
    assert_eq!(browser.eval(place), "0");
    // It is played from its start: there is nothing yet.
    let seek = "(() => { const s = document.getElementById('seek'); s.value = 100; s.dispatchEvent(new Event('input')); })()";
    browser.eval(seek);
    let shown = browser.eval(SCREEN);
    assert_eq!(shown.as_str().unwrap().trim_end(), "");

    // A recording without any text has none to show.
    let (home, id) = self::home(&[output(0, "\x1b[2J\x1b[H")]);
    let file = home.path().join("piece.html");
    check(&export(&home, &id, &["-o", file.to_str().unwrap()]));
    let mut browser = Browser::start(&home);
    browser.open(&file);
    let shown = browser.eval(SCREEN);
    assert_eq!(shown.as_str().unwrap().trim_end(), "");
    assert_eq!(browser.eval(place), "0");
}

#[test]
fn a_piece_in_a_page_holds_nothing_else() {
    let (home, id) = home(&psql());
    let file = home.path().join("piece.html");
    let path = file.to_str().unwrap();
    check(&export(&home, &id, &["--command", "2", "-o", path]));
    let page = fs::read_to_string(&file).unwrap();
    assert!(page.contains("statsu"));
    for word in ["stuck", "UPDATE 1", "</script><b>"] {
        assert!(!page.contains(word), "{word} is in the page");
    }
    for outside in [
        "http://", "https://", "src=", "href=", "@import", "url(", "eval(",
    ] {
        assert!(!page.contains(outside), "{outside} is in the page");
    }
    assert!(page.contains("default-src 'none'"));
    assert!(!page.contains("unsafe-inline") && !page.contains("unsafe-eval"));
}
