//! Comparing two sessions, and two runs of a statement.

use super::super::fixture::{Memory, browsing, id};
use super::super::library::Library;
use super::super::model::Model;
use super::super::msg::{Look, Msg};
use super::super::pages::Page;
use super::super::update::update;
use super::pages_tests::{answered, drawn, press, shown};
use crate::vault::index::Halt;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

#[test]
fn two_sessions_are_compared() {
    let mut model = browsing(80, 24);
    press(&mut model, "c");
    assert!(model.notice.is_some(), "nothing is marked yet");
    press(&mut model, "vv");
    assert!(shown(&model).contains("2 marked"));
    press(&mut model, "c");
    insta::assert_snapshot!("compare_sessions", drawn(&model));
    press(&mut model, "=");
    assert!(shown(&model).contains("1 differ"), "{}", shown(&model));
    press(&mut model, "=↓\r");
    insta::assert_snapshot!("compare_runs", drawn(&model));
    let mut model = browsing(40, 12);
    press(&mut model, "vvc");
    insta::assert_snapshot!("compare_on_a_small_terminal", drawn(&model));
}

#[test]
fn a_commands_other_runs_are_found_and_compared() {
    let mut model = browsing(80, 24);
    press(&mut model, "\r");
    press(&mut model, "r");
    insta::assert_snapshot!("runs_of_a_command", drawn(&model));
    // The command itself is marked, and the cursor stands on another run.
    press(&mut model, "\r");
    insta::assert_snapshot!("compare_two_runs", drawn(&model));
    press(&mut model, "=");
    let said = shown(&model);
    assert!(
        said.contains("- 8832") && !said.contains("  8831"),
        "{said}"
    );
    let copied = format!("{:?}", press(&mut model, "y"));
    assert!(copied.contains("- 8832"), "{copied}");
    press(&mut model, "q");
    assert!(shown(&model).contains("4 runs"), "{}", shown(&model));
    // Without a mark enter plays, and c compares with the run before.
    press(&mut model, "gv");
    let played = format!("{:?}", press(&mut model, "\r"));
    assert!(played.contains("Outcome(1)"), "{played}");
    press(&mut model, "qc");
    let said = shown(&model);
    assert!(
        said.contains("71a5 ssh ada@web-03 :1 ─ 7fa5 psql"),
        "{said}"
    );
    press(&mut model, "qGc");
    assert!(
        shown(&model).contains("there is no other run"),
        "{}",
        shown(&model)
    );
    let mut model = browsing(40, 12);
    press(&mut model, "\rr");
    insta::assert_snapshot!("runs_on_a_small_terminal", drawn(&model));
    press(&mut model, "\r");
    insta::assert_snapshot!("compare_two_runs_on_a_small_terminal", drawn(&model));
    press(&mut model, "→");
    let said = shown(&model);
    assert!(
        said.contains("\"- ") && !said.contains("id    status"),
        "{said}"
    );
}

#[test]
fn runs_that_are_still_looked_for_are_said_to_be() {
    let mut model = browsing(80, 24);
    press(&mut model, "\r");
    let look = Look {
        id: id(0x7f),
        command: Some(1),
    };
    let key = |model: &mut Model, c| {
        let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
        update(model, Msg::Key(key))
    };
    let asked = key(&mut model, 'r');
    assert!(format!("{asked:?}").contains("Runs(Look"), "{asked:?}");
    assert!(shown(&model).contains("looking for its runs…"));
    let mut runs = Vec::new();
    let mut each = |run| {
        runs.push(run);
        true
    };
    let text = "select id, status from orders;";
    let mut library = Memory::short();
    let halt = Halt::default();
    library.runs(id(0x7f), text, &halt, &mut each).unwrap();
    let some = runs.get(..2).unwrap().to_vec();
    // The marked one may be found first and alone; the cursor goes on to another when one comes.
    update(&mut model, Msg::Runs(look, Ok(runs[..1].to_vec()), true));
    let selected = |model: &Model| match model.pages.last() {
        Some(Page::Runs(page)) => page.list.selected,
        _ => panic!("the runs are gone"),
    };
    assert_eq!(selected(&model), 0);
    update(&mut model, Msg::Runs(look, Ok(some.clone()), true));
    assert_eq!(selected(&model), 1);
    assert!(shown(&model).contains("2 runs, looking"));
    // Begun anew after something else was asked: less than before is no news.
    update(&mut model, Msg::Runs(look, Ok(some[..1].to_vec()), true));
    assert!(shown(&model).contains("2 runs, looking"));
    update(&mut model, Msg::Runs(look, Ok(runs), false));
    assert!(shown(&model).contains("4 runs "), "{}", shown(&model));
    update(
        &mut model,
        Msg::Runs(look, Err("it is locked".into()), false),
    );
    assert!(shown(&model).contains("it is locked"));
}

#[test]
fn hits_and_occurrences_are_compared() {
    let mut model = browsing(80, 24);
    let control = |model: &mut Model, c| {
        let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        let effects = update(model, Msg::Key(key));
        answered(model, effects)
    };
    press(&mut model, "sselect");
    control(&mut model, 'd');
    assert!(shown(&model).contains("tab marks"), "{}", shown(&model));
    press(&mut model, "\t↓");
    assert!(shown(&model).contains("●"), "{}", shown(&model));
    control(&mut model, 'd');
    assert!(shown(&model).contains("1 row differs"), "{}", shown(&model));
    press(&mut model, "q");
    control(&mut model, 'r');
    assert!(shown(&model).contains("4 runs"), "{}", shown(&model));
    press(&mut model, "q\x1bi\r");
    // An insight's occurrences: nothing is marked.
    assert!(shown(&model).contains("4 runs"), "{}", shown(&model));
    press(&mut model, "c");
    assert!(shown(&model).contains("differ"), "{}", shown(&model));
    press(&mut model, "q↓↓v↓\r");
    let said = shown(&model);
    assert!(said.contains("5da5 psql app@staging :"), "{said}");
    assert!(said.contains("6ea5 mysql"), "{said}");
}
