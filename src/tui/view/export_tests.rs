//! What the export dialog looks like and hands on, driven by keys.

use super::super::fixture::browsing;
use super::super::model::Model;
use super::super::msg::Msg;
use super::super::pages::Page;
use super::super::update::update;
use super::pages_tests::{drawn, press, shown};
use crate::export::Cut;
use crate::model::Micros;

#[test]
fn an_export_shows_exactly_what_leaves() {
    let mut model = browsing(80, 24);
    press(&mut model, "\r");
    press(&mut model, "e");
    insta::assert_snapshot!("export_a_command", drawn(&model));
    press(&mut model, "m");
    press(&mut model, "stuck|8832");
    assert!(shown(&model).contains("mask too"));
    press(&mut model, "\r");
    let masked = shown(&model);
    assert!(
        !masked.contains("8832 |") && masked.contains("named 2"),
        "{masked}"
    );
    // What is no pattern stays in its line, and is mended there.
    press(&mut model, "m[ab\r");
    let said = shown(&model);
    assert!(
        said.contains("no regular expression, unclosed character class: [ab"),
        "{said}"
    );
    press(&mut model, "]\r");
    assert!(shown(&model).contains("[ab]"), "{}", shown(&model));
    press(&mut model, "jjhkk");
    press(&mut model, "↓→→");
    assert!(shown(&model).contains("csv"), "{}", shown(&model));
    let effects = press(&mut model, "w");
    let asked = format!("{effects:?}");
    assert!(
        asked.contains("rec-7fa5.csv") && asked.contains("replace: false"),
        "{asked}"
    );
    update(
        &mut model,
        Msg::Written(Err("rec-7fa5.csv is there already".into()), true),
    );
    let asked = format!("{:?}", press(&mut model, "w"));
    assert!(asked.contains("replace: true"), "{asked}");
    let mut model = browsing(40, 12);
    press(&mut model, "e");
    insta::assert_snapshot!("export_on_a_small_terminal", drawn(&model));
}

#[test]
fn a_window_without_a_row_for_the_preview_shows_none_of_it() {
    let mut model = browsing(20, 5);
    press(&mut model, "e");
    let said = shown(&model);
    let last = said.lines().last().unwrap_or_default().trim();
    assert_eq!(last.trim_matches('"').trim(), "? help  q back", "{said}");
}

#[test]
fn a_stretch_of_time_is_handed_on() {
    let mut model = browsing(80, 24);
    press(&mut model, "\r");
    press(&mut model, "e→");
    assert!(
        shown(&model).contains("a stretch of time"),
        "{}",
        shown(&model)
    );
    let cut = |model: &Model| match model.pages.last() {
        Some(Page::Export(page)) => page.piece().cut,
        _ => panic!("the dialog is gone"),
    };
    // It begins as that of the command.
    assert_eq!(
        cut(&model),
        Cut::Time(Micros(29_000_000), Micros(29_041_000))
    );
    press(&mut model, "↓\r");
    assert!(
        shown(&model).contains("from (1:50, 1m10s"),
        "{}",
        shown(&model)
    );
    press(&mut model, "\u{15}0:20\r");
    press(&mut model, "↓\r\u{15}2:01\r→");
    assert_eq!(
        cut(&model),
        Cut::Time(Micros(20_000_000), Micros(122_000_000))
    );
    let leaves = match model.pages.last() {
        Some(Page::Export(page)) => page.shown().unwrap().lines.join("\n"),
        _ => panic!("the dialog is gone"),
    };
    assert!(
        leaves.contains("statsu") && !leaves.contains("UPDATE 1"),
        "{leaves}"
    );
    insta::assert_snapshot!("export_a_stretch", drawn(&model));
    press(&mut model, "\r\u{15}0:10\r");
    let said = shown(&model);
    assert!(
        said.contains("it would end before it begins: 0:10"),
        "{said}"
    );
    press(&mut model, "\u{15}soon\r");
    let said = shown(&model);
    assert!(said.contains("soon is no time (1:50"), "{said}");
    press(&mut model, "\u{15}\r");
    assert_eq!(cut(&model), Cut::Time(Micros(20_000_000), Micros(u64::MAX)));
    press(&mut model, "kk→");
    assert_eq!(cut(&model), Cut::Whole);
    assert!(!shown(&model).contains(" from     "));
    let mut model = browsing(40, 12);
    press(&mut model, "e→");
    insta::assert_snapshot!("export_a_stretch_on_a_small_terminal", drawn(&model));
}
