//! What is wider than its window, what is wrong in a filter, and what opens from a figure.

use super::super::fixture::browsing;
use super::super::pages::Page;
use super::super::pages::export::Preview;
use super::super::pages::reader::Reader;
use super::pages_tests::{drawn, press, shown, with_result};
use std::sync::Arc;

#[test]
fn esc_takes_the_filter_away_and_a_mistake_in_it_is_told() {
    let mut model = browsing(80, 24);
    press(&mut model, "/slow:>abc");
    let said = shown(&model);
    assert!(said.contains("column 6: \"abc\" is no duration"), "{said}");
    press(&mut model, "\r");
    let said = shown(&model);
    assert!(
        said.contains("is no duration") && said.contains("No session matches"),
        "{said}"
    );
    press(&mut model, "\x1b");
    assert_eq!(model.browser.filter.text(), "");
    assert_eq!(model.browser.shown.len(), 5);
    press(&mut model, "\r/update\r");
    assert_eq!(model.browser.commands_shown.len(), 2);
    press(&mut model, "\x1b");
    assert_eq!(model.browser.commands_shown.len(), 3);
}

#[test]
fn the_notes_take_the_room_that_targets_leave() {
    let mut model = browsing(122, 24);
    for session in &mut model.browser.sessions {
        session.labels.tags = ["incident-42", "billing"].map(str::to_owned).into();
    }
    let said = shown(&model);
    assert!(
        said.contains("#billing, #incident-42, 1 failed, 2 masked"),
        "{said}"
    );
    assert!(said.contains("billing-db-replica.example.com"), "{said}");
}

#[test]
fn a_long_value_is_read_whole_and_looked_through() {
    let mut model = browsing(40, 12);
    press(&mut model, "\r\t");
    with_result(&mut model);
    press(&mut model, "↓→→→\r");
    let said = shown(&model);
    assert!(said.contains("payload, row 2"), "{said}");
    assert_eq!(said.matches("long").count(), 30, "{said}");
    assert!(
        said.contains("/ find") && !said.contains("choose"),
        "{said}"
    );
    press(&mut model, "q→");
    let long: Vec<String> = (0..400).map(|n| format!("value{n}")).collect();
    let page = Reader::text("t", &long.join(","));
    model.pages.push(Page::Reader(page));
    press(&mut model, "/VALUE300,\r");
    let said = shown(&model);
    assert!(said.contains("value300"), "{said}");
    press(&mut model, "n");
    assert_eq!(model.notice.as_deref(), Some("it is not further down"));
    press(&mut model, "/value10,\rN");
    assert_eq!(model.notice, None);
    let said = shown(&model);
    assert!(said.contains("value10,"), "{said}");
}

#[test]
fn hours_and_targets_open_what_was_done_then_and_there() {
    let mut model = browsing(80, 24);
    press(&mut model, "i\t\t\t\t\t\t");
    assert!(shown(&model).contains("[Where]"));
    let opened = format!("{:?}", press(&mut model, "\r"));
    let lists = matches!(model.pages.last(), Some(Page::Runs(_)));
    assert!(lists || opened.contains("Replay"), "{opened}");
    let mut model = browsing(80, 24);
    press(&mut model, "i\t\t\t\t\t\t\t");
    let said = shown(&model);
    assert!(said.contains("[When]"), "{said}");
    // The busiest hour is selected; its neighbours are gone to.
    assert!(said.contains("commands"), "{said}");
    let opened = format!("{:?}", press(&mut model, "\r"));
    let lists = matches!(model.pages.last(), Some(Page::Runs(_)));
    assert!(lists || opened.contains("Replay"), "{opened}");
    if lists {
        press(&mut model, "q");
    } else {
        model.player = None;
    }
    press(&mut model, "→");
    let said = shown(&model);
    assert!(
        said.contains("[When]") && said.contains(": nothing"),
        "{said}"
    );
    assert!(press(&mut model, "\r").is_empty());
}

#[test]
fn what_leaves_is_seen_whole_in_a_narrow_window() {
    // Lines that are wider than the window are folded, and a mask that is cut there is one still.
    let mut model = browsing(40, 30);
    press(&mut model, "e");
    let Some(Page::Export(page)) = model.pages.last_mut() else {
        panic!("no dialog");
    };
    let lines = vec![format!("{}********{}end", "a".repeat(39), "b".repeat(60))];
    let preview = Preview {
        lines,
        report: "masked 1 value; nothing doubtful left, as far as anybody can see".into(),
        ..Preview::default()
    };
    page.take(page.piece(), Arc::new(preview));
    let said = shown(&model);
    for part in ["a*", "*******b", "bend", "nothing doubtful", "can see"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let drawn = drawn(&model);
    let masked = drawn.buffer().content().iter();
    let masked = masked.filter(|cell| cell.symbol() == "*");
    let styles: Vec<_> = masked.map(|cell| cell.style()).collect();
    assert_eq!(styles.len(), 8);
    assert!(styles.iter().all(|style| *style == styles[1]), "{styles:?}");
}

/// Sentences that say what to do end in a whole word, or go on in the next row.
#[test]
fn what_tells_somebody_what_to_do_is_not_cut_off() {
    // Two of the rows below each other, as the eye reads them.
    let whole = |model: &super::super::model::Model| {
        let rows = shown(model);
        let rows = rows.lines().map(|row| row.trim_matches('"').trim());
        rows.collect::<Vec<_>>().join(" ")
    };
    for (cols, rows) in [(80, 24), (40, 12)] {
        let mut model = browsing(cols, rows);
        let notice =
            "it is not stored, for a secret seems to stand in it: a password stands behind it";
        model.notice = Some(notice.to_owned());
        assert!(whole(&model).contains(notice), "{}", whole(&model));
        press(&mut model, "/nothing-like-it\r");
        let said = "No session matches. / changes the filter, esc takes it away.";
        assert!(whole(&model).contains(said), "{}", whole(&model));
        let mut model = browsing(cols, rows);
        press(&mut model, "\r/nothing-like-it\r");
        for word in ["No command", "matches. / changes", "filter."] {
            assert!(shown(&model).contains(word), "{}", shown(&model));
        }
        let mut model = browsing(cols, rows);
        press(&mut model, "s");
        for word in ["expression/,", "-not, OR", "slow:>1s", "in:output"] {
            assert!(shown(&model).contains(word), "{}", shown(&model));
        }
        // An answer has room beside a long question, or below it.
        let mut model = browsing(cols, rows);
        press(&mut model, "e");
        for _ in 0..7 {
            press(&mut model, "j");
        }
        press(&mut model, "m");
        press(&mut model, "order-[0-9]+");
        let said = whole(&model);
        assert!(said.contains("mask too (a regular expression):"), "{said}");
        assert!(said.contains("order-[0-9]+"), "{said}");
        // In the palette a word is left out, not cut.
        let mut model = browsing(cols, rows);
        press(&mut model, ":");
        let helps: Vec<&str> = model.keymap.bindings().iter().map(|b| b.help).collect();
        let said = shown(&model);
        let rows = said.lines().skip_while(|row| !row.contains("▌ Do "));
        for row in rows.skip(1) {
            let row = row.trim_matches('"').trim_end();
            if let Some(cut) = row.strip_suffix('…') {
                let last = cut.split_whitespace().last().unwrap();
                let known = |help: &&str| help.split_whitespace().any(|word| word == last);
                assert!(helps.iter().any(known), "{row}");
            }
        }
    }
}
