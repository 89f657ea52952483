//! What the pages look like, at 80x24 and at 40x12, driven by keys as a person drives them.

use super::super::fixture::{self, Memory, browsing, id};
use super::super::library::Library;
use super::super::model::Model;
use super::super::msg::{Effect, Look, Msg, Output, Request};
use super::super::pages::search::as_typed;
use super::super::update::update;
use super::view;
use crate::insight::{Side, Stats, compare};
use crate::model::Micros;
use crate::model::wire::{Complete, Kind, Parameter, Report, Value};
use crate::timeline::{Statement, Table};
use crate::tui::pages::compare::Comparison;
use crate::tui::pages::export::Preview;
use crate::tui::pages::insights::{Period, Question};
use crate::vault::index::Halt;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::sync::Arc;

pub(super) fn drawn(model: &Model) -> TestBackend {
    let backend = TestBackend::new(model.size.cols, model.size.rows);
    let mut terminal = Terminal::new(backend).unwrap();
    terminal.draw(|frame| view(model, frame)).unwrap();
    terminal.backend().clone()
}

pub(super) fn shown(model: &Model) -> String {
    drawn(model).to_string()
}

/// Types keys and answers what they ask for, as the worker does.
pub(super) fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let mut left = Vec::new();
    for c in keys.chars() {
        let code = match c {
            '\r' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '\x1b' => KeyCode::Esc,
            '\u{15}' => {
                let key = KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL);
                update(model, Msg::Key(key));
                continue;
            }
            '↓' => KeyCode::Down,
            '→' => KeyCode::Right,
            c => KeyCode::Char(c),
        };
        let effects = update(model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        left.extend(answered(model, effects));
    }
    left
}

pub(super) fn answered(model: &mut Model, effects: Vec<Effect>) -> Vec<Effect> {
    let mut library = Memory::short();
    let mut left = Vec::new();
    for effect in effects {
        let msg = match effect {
            Effect::Ask(Request::Search(text) | Request::Find(text)) => {
                let mut hits = Vec::new();
                let mut each = |hit| hits.push(hit);
                let done = library.search(&as_typed(&text), 300, &Halt::default(), &mut each);
                Msg::Found(text, 0, done.map(|()| hits), false)
            }
            Effect::Ask(Request::Stats(period)) => {
                let stats = library.stats("", &Halt::default(), &mut |_| {});
                Msg::Stats(period, stats.map(Arc::new), false)
            }
            Effect::Ask(Request::Runs(look, text)) => {
                let mut runs = Vec::new();
                let mut each = |run| {
                    runs.push(run);
                    true
                };
                let done = library.runs(look.id, &text, &Halt::default(), &mut each);
                Msg::Runs(look, done.map(|()| runs), false)
            }
            Effect::Ask(Request::Compare(one, other)) => {
                let (left, right) = (
                    library.sides(one.id, &Halt::default()).unwrap(),
                    library.sides(other.id, &Halt::default()).unwrap(),
                );
                let found = match (one.command, other.command) {
                    (Some(first), Some(second)) => {
                        let of = |sides: Vec<Side>, number| {
                            sides
                                .into_iter()
                                .find(|side| side.number == number)
                                .unwrap()
                        };
                        let mut right = of(right, second);
                        // The recording of either session is the same; the newer one shows a row less.
                        if let Some(table) = &mut right.table {
                            table.rows.pop();
                        }
                        right.took = Some(std::time::Duration::from_millis(82));
                        Comparison::Runs(Box::new((of(left, first), right)))
                    }
                    _ => Comparison::Sessions(compare(left, right.into_iter().skip(1).collect())),
                };
                Msg::Compared((one, other), Ok(found))
            }
            Effect::Ask(Request::Preview(piece)) => {
                let done = library.export(&piece, &Halt::default()).unwrap();
                let text = String::from_utf8_lossy(&done.bytes).into_owned();
                let preview = Preview {
                    lines: text.lines().map(str::to_owned).collect(),
                    bytes: done.bytes.len(),
                    report: done.report.line(),
                    clean: done.report.is_clean(),
                    ..Preview::default()
                };
                Msg::Preview(piece, Arc::new(preview))
            }
            other => {
                left.push(other);
                continue;
            }
        };
        left.extend(update(model, msg));
    }
    left
}

#[test]
fn the_search_groups_hits_by_session_and_lands_on_the_moment() {
    for (cols, rows) in [(80, 24), (40, 12)] {
        let mut model = browsing(cols, rows);
        press(&mut model, "s");
        insta::assert_snapshot!(format!("the_search_empty_{cols}"), drawn(&model));
        press(&mut model, "statsu");
        insta::assert_snapshot!(format!("the_search_{cols}"), drawn(&model));
    }
    let mut model = browsing(80, 24);
    press(&mut model, "supdate");
    let effects = press(&mut model, "↓\r");
    let asked = format!("{effects:?}");
    assert!(
        asked.contains("Replay") && asked.contains("number: 2") || asked.contains("Command(2)"),
        "{asked}"
    );
    // n goes on to the next hit, of whatever session, q goes back to the search.
    let effects = press(&mut model, "n");
    assert!(format!("{effects:?}").contains("71a5"), "{effects:?}");
    let said = model.notice.clone().unwrap_or_default();
    assert!(said.starts_with("match 3 of "), "{said}");
    press(&mut model, "q");
    assert!(shown(&model).contains("Search all sessions"));
    press(&mut model, "\x1b");
    assert!(shown(&model).contains("Sessions"));
    press(&mut model, "s(");
    assert!(
        shown(&model).contains("a bracket is open"),
        "{}",
        shown(&model)
    );
}

#[test]
fn the_search_tells_how_far_the_index_is() {
    let mut model = browsing(80, 24);
    press(&mut model, "s");
    update(&mut model, Msg::Indexing(Some(42)));
    assert!(shown(&model).contains("indexing 42%"), "{}", shown(&model));
    press(&mut model, "update");
    let told = "8 moments, indexing 42%";
    assert!(shown(&model).contains(told), "{}", shown(&model));
    update(&mut model, Msg::Indexing(None));
    assert!(!shown(&model).contains("indexing"), "{}", shown(&model));
}

#[test]
fn insights_answer_their_questions() {
    let mut model = browsing(80, 24);
    press(&mut model, "i");
    insta::assert_snapshot!("insights_most_used", drawn(&model));
    press(&mut model, "\t\t");
    insta::assert_snapshot!("insights_failing", drawn(&model));
    press(&mut model, "\r");
    insta::assert_snapshot!("insights_occurrences", drawn(&model));
    let effects = press(&mut model, "↓\r");
    assert!(format!("{effects:?}").contains("Outcome(2)"), "{effects:?}");
    press(&mut model, "qq");
    press(&mut model, "\t\t\t\t\t");
    insta::assert_snapshot!("insights_hours", drawn(&model));
    press(&mut model, "p");
    assert!(shown(&model).contains("since:30d"));
    let mut model = browsing(40, 12);
    press(&mut model, "i");
    insta::assert_snapshot!("insights_on_a_small_terminal", drawn(&model));
    press(&mut model, "\t\t\t\t\t\t\t");
    insta::assert_snapshot!("insights_hours_on_a_small_terminal", drawn(&model));
}

#[test]
fn what_is_counted_so_far_is_shown_and_what_was_counted_is_kept() {
    let mut model = browsing(80, 24);
    let open = |model: &mut Model| {
        let key = KeyEvent::new(KeyCode::Char('i'), KeyModifiers::NONE);
        update(model, Msg::Key(key))
    };
    let all = fixture::stats(&fixture::sessions());
    let part = fixture::stats(fixture::sessions().get(..2).unwrap());
    assert!(0 < part.commands && part.commands < all.commands);
    let told = |model: &mut Model, stats: &Stats, more| {
        let stats = Ok(Arc::new(stats.clone()));
        update(model, Msg::Stats(Period::All, stats, more));
        shown(model)
    };
    let asked = open(&mut model);
    assert!(format!("{asked:?}").contains("Stats(All)"), "{asked:?}");
    assert!(shown(&model).contains("counting…"));
    let so_far = format!("{} commands so far…", part.commands);
    let said = told(&mut model, &part, true);
    assert!(said.contains(&so_far), "{said}");
    // Begun anew after something else was asked: less than before is no news.
    let said = told(&mut model, &Stats::default(), true);
    assert!(said.contains(&so_far), "{said}");
    let said = told(&mut model, &all, false);
    assert!(
        said.contains(&format!("{} commands ", all.commands)),
        "{said}"
    );
    // It is not counted again until the list is read anew.
    press(&mut model, "q");
    assert_eq!(open(&mut model).len(), 0);
    assert!(shown(&model).contains(&format!("{} commands ", all.commands)));
    press(&mut model, "q");
    let list = Msg::Sessions {
        from: 0,
        sessions: fixture::sessions(),
        more: false,
    };
    update(&mut model, list);
    let asked = open(&mut model);
    assert!(format!("{asked:?}").contains("Stats(All)"), "{asked:?}");
}

#[test]
fn every_question_is_in_sight_or_said_to_be_beside() {
    let mut model = browsing(80, 24);
    press(&mut model, "i");
    for _ in Question::ALL {
        let said = shown(&model);
        for question in Question::ALL {
            assert!(said.contains(question.title()), "{question:?} in {said}");
        }
        press(&mut model, "\t");
    }
    let mut model = browsing(40, 12);
    press(&mut model, "i");
    for place in 0..Question::ALL.len() {
        let said = shown(&model);
        let row = said.lines().nth(1).unwrap();
        let asked = format!("[{}]", Question::ALL[place].title());
        assert!(row.contains(&asked), "{asked} in {row}");
        assert_eq!(row.contains("›"), !row.contains("When"), "{row}");
        assert_eq!(row.contains("‹"), !row.contains("Most used"), "{row}");
        press(&mut model, "\t");
    }
}

#[test]
fn a_word_that_reads_as_a_filter_is_told() {
    for (cols, rows) in [(80, 24), (40, 12)] {
        let mut model = browsing(cols, rows);
        press(&mut model, "/is:failed");
        let said = shown(&model).replace(['\n', '"'], " ");
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        for told in ["there is no filter is:", "did you mean failed:", "pinned:"] {
            assert!(said.contains(told), "{told} is missing: {said}");
        }
    }
}

#[test]
fn a_condition_that_is_typed_holds_from_its_first_letters() {
    let mut model = browsing(80, 24);
    press(&mut model, "/client:ps");
    assert_eq!(model.browser.shown, [0, 3, 4]);
    press(&mut model, "ql\r");
    assert_eq!(model.browser.filter.text(), "client:psql");
    assert_eq!(model.browser.shown, [0, 3, 4]);
    // What was seen while it was typed is seen when it is kept.
    press(&mut model, "/\u{15}client:my\r");
    assert_eq!(model.browser.filter.text(), "client:my*");
    assert_eq!(model.browser.shown, [2]);
    press(&mut model, "/\u{15}client:nosuch\r");
    assert_eq!(model.browser.filter.text(), "client:nosuch");
    assert!(model.browser.shown.is_empty());
}

#[test]
fn facets_narrow_the_list_and_marks_are_counted() {
    let mut model = browsing(80, 24);
    press(&mut model, "f");
    insta::assert_snapshot!("facets", drawn(&model));
    press(&mut model, "\r");
    assert_eq!(model.browser.filter.text(), "client:psql");
    assert_eq!(model.browser.shown, [0, 3, 4]);
    // The list stays: a second client joins the first, and both can go again.
    assert!(
        shown(&model).contains("3 of 5 sessions"),
        "{}",
        shown(&model)
    );
    press(&mut model, "↓\r");
    assert_eq!(model.browser.filter.text(), "client:psql|mysql");
    assert_eq!(model.browser.shown, [0, 2, 3, 4]);
    insta::assert_snapshot!("facets_two_clients", drawn(&model));
    press(&mut model, "\rk\rq");
    assert_eq!(
        (model.browser.filter.text(), model.browser.shown.len()),
        ("", 5)
    );
    assert!(model.pages.is_empty());
    press(&mut model, "o");
    assert!(shown(&model).contains("oldest first"));
    assert_eq!(model.browser.shown, [4, 3, 2, 1, 0]);
}

#[test]
fn sessions_are_tagged_pinned_and_forgotten_only_when_asked() {
    let mut model = browsing(80, 24);
    press(&mut model, "#");
    assert!(shown(&model).contains("tags (-tag takes one off):"));
    let asked = format!("{:?}", press(&mut model, "incident-42 -old\r"));
    assert!(asked.contains(r#"["incident-42"], ["old"]"#), "{asked}");
    press(&mut model, "#");
    press(&mut model, "two$words\r");
    let said = shown(&model);
    assert!(said.contains("two$words is no tag"), "{said}");
    press(&mut model, "\u{1b}");
    let asked = format!("{:?}", press(&mut model, "P"));
    assert!(asked.contains("Pin") && asked.contains("true"), "{asked}");
    press(&mut model, "vvD");
    assert!(shown(&model).contains("forget 2 marked sessions? type yes:"));
    assert_eq!(press(&mut model, "y\r").len(), 0);
    press(&mut model, "D");
    let asked = format!("{:?}", press(&mut model, "yes\r"));
    assert!(
        asked.contains("Forget") && asked.contains("7fa5") && asked.contains("71a5"),
        "{asked}"
    );
    let asked = format!(
        "{:?}",
        update(&mut model, Msg::Changed(Ok("2 sessions forgotten".into())))
    );
    assert_eq!(asked, "[Ask(Sessions)]");
    // Marks stay for what is done next, but for what is there no more.
    let list = Msg::Sessions {
        from: 0,
        sessions: super::super::fixture::sessions().split_off(1),
        more: false,
    };
    update(&mut model, list);
    assert_eq!(model.browser.marked.len(), 1);
    press(&mut model, "\x1b");
    assert!(model.browser.marked.is_empty());
    // What is pinned is not even asked about.
    model.browser.sessions[1].pinned = true;
    press(&mut model, "D");
    let said = shown(&model);
    assert!(said.contains("6ea5 is pinned; P lets it go"), "{said}");
    assert!(model.prompt.is_none());
    model.browser.sessions[1].pinned = false;
    press(&mut model, "D");
    let said = shown(&model);
    assert!(said.contains("forget 6ea5 mysql? type yes:"), "{said}");
    let mut model = browsing(40, 12);
    press(&mut model, "D");
    let said = shown(&model);
    assert!(said.contains("forget 7fa5 psql? type yes:"), "{said}");
}

#[test]
fn the_palette_does_what_it_names() {
    let mut model = browsing(80, 24);
    press(&mut model, ":");
    insta::assert_snapshot!("the_palette", drawn(&model));
    press(&mut model, "insi");
    assert!(shown(&model).contains("insights"));
    press(&mut model, "\r");
    assert!(shown(&model).contains("[Most used]"));
    let mut model = browsing(40, 12);
    press(&mut model, ":sort");
    insta::assert_snapshot!("the_palette_on_a_small_terminal", drawn(&model));
}

/// A result with a NULL, a masked cell, a wide column and a long value; a failed statement.
pub(super) fn with_result(model: &mut Model) {
    let look = Look {
        id: id(0x7f),
        command: Some(1),
    };
    let text = |text: &str| Some(text.to_owned());
    let table = Table {
        columns: ["id", "email", "note", "payload"]
            .map(str::to_owned)
            .to_vec(),
        rows: vec![
            vec![text("1"), text("********"), None, text("{\"a\": 1}")],
            vec![
                text("2"),
                text("********"),
                text("two\nlines"),
                text(&"long ".repeat(30)),
            ],
        ],
    };
    let statement = Statement {
        number: 7,
        connection: 1,
        command: Some(1),
        kind: Kind::Prepared,
        text: "select * from people where id > $1".into(),
        cut: 0,
        prepared: String::new(),
        name: String::new(),
        parameters: vec![Parameter {
            type_name: "int4".into(),
            value: Value::Text("0".into()),
        }],
        at: Micros(29_000_000),
        first: Some(Micros(29_003_000)),
        end: Some(Micros(29_041_000)),
        results: vec![crate::timeline::Outcome {
            complete: Some(Complete {
                statement: 7,
                tag: "SELECT 12".into(),
                rows: 12,
                bytes: 900,
                ..Complete::default()
            }),
            ..crate::timeline::Outcome::default()
        }],
        error: Some(Report {
            severity: "ERROR".into(),
            code: "57014".into(),
            message: "canceling statement".into(),
            hint: "wait longer".into(),
            ..Report::default()
        }),
        notices: Vec::new(),
        transaction: None,
        masked: Default::default(),
        skipped: false,
    };
    let output = Output {
        lines: vec!["what the screen said".into()],
        tables: vec![(table, 12)],
        statements: vec![statement],
        ..Output::default()
    };
    update(model, Msg::Output(look, Arc::new(output)));
}

#[test]
fn a_result_is_a_table_and_the_wire_is_told_in_full() {
    let mut model = browsing(80, 24);
    with_result(&mut model);
    press(&mut model, "\t\t");
    insta::assert_snapshot!("a_result", drawn(&model));
    press(&mut model, "j→→→");
    insta::assert_snapshot!("a_result_moved", drawn(&model));
    press(&mut model, "\r");
    assert!(
        shown(&model).contains("payload, row 2"),
        "{}",
        shown(&model)
    );
    press(&mut model, "q");
    let copied = format!("{:?}", press(&mut model, "C"));
    assert!(
        copied.contains(r"id,email,note,payload\r\n1,********,,"),
        "{copied}"
    );
    press(&mut model, "tt");
    insta::assert_snapshot!("the_wire", drawn(&model));
    let mut model = browsing(40, 12);
    with_result(&mut model);
    press(&mut model, "\t\t");
    insta::assert_snapshot!("a_result_on_a_small_terminal", drawn(&model));
}

#[test]
fn the_wire_and_what_is_known_are_read_whole_on_a_small_terminal() {
    let mut model = browsing(40, 12);
    with_result(&mut model);
    press(&mut model, "\t\ttt");
    insta::assert_snapshot!("the_wire_on_a_small_terminal", drawn(&model));
    // Down to the last line and no further; there is nothing on the right.
    press(&mut model, "→→G");
    let said = shown(&model);
    assert!(
        said.contains("wait longer") && said.lines().count() > 11,
        "{said}"
    );
    press(&mut model, "gt");
    insta::assert_snapshot!("info_on_a_small_terminal", drawn(&model));
    press(&mut model, "G");
    let said = shown(&model);
    assert!(
        said.contains("rec ") && !said.contains("command "),
        "{said}"
    );
    let last = said.lines().nth(10).unwrap_or_default();
    assert!(
        last.trim_matches(['"', ' ']).len() > 2,
        "the last line is at the bottom: {said}"
    );
}

#[test]
fn a_command_that_gave_several_results_shows_each() {
    let mut model = browsing(80, 24);
    with_result(&mut model);
    let (look, first) = model.browser.output.clone().unwrap();
    let second = Table {
        columns: vec!["total".to_owned()],
        rows: vec![vec![Some("4711".to_owned())]],
    };
    let mut output = Output::clone(&first);
    output.tables.push((second, 1));
    update(&mut model, Msg::Output(look, Arc::new(output)));
    press(&mut model, "\t\tj");
    let said = shown(&model);
    assert!(said.contains("result 1 of 2"), "{said}");
    press(&mut model, "]");
    let said = shown(&model);
    assert!(
        said.contains("result 2 of 2") && said.contains("4711"),
        "{said}"
    );
    assert_eq!(model.browser.cell, (0, 0));
    let copied = format!("{:?}", press(&mut model, "C"));
    assert!(copied.contains(r"total\r\n4711"), "{copied}");
    // Past the last there is nothing, and the first is where it was.
    press(&mut model, "][");
    let said = shown(&model);
    assert!(said.contains("result 1 of 2"), "{said}");
    press(&mut model, "[[");
    let said = shown(&model);
    assert!(said.contains("result 1 of 2"), "{said}");
    assert!(said.contains("that was the first result"), "{said}");
    press(&mut model, "hj]");
    let said = shown(&model);
    assert!(said.contains("gave no other result"), "{said}");
}

#[test]
fn the_mouse_selects_opens_and_scrolls() {
    let mut model = browsing(80, 24);
    let mouse = |model: &mut Model, kind, column, row| {
        let event = MouseEvent {
            kind,
            column,
            row,
            modifiers: KeyModifiers::NONE,
        };
        update(model, Msg::Mouse(event))
    };
    let left = MouseEventKind::Down(MouseButton::Left);
    mouse(&mut model, left, 10, 4);
    assert_eq!(model.browser.list.selected, 2);
    mouse(&mut model, MouseEventKind::ScrollUp, 10, 4);
    assert_eq!(model.browser.list.selected, 0);
    update(&mut model, Msg::Landmarks(id(0x7f), fixture::landmarks()));
    mouse(&mut model, left, 10, 12);
    assert_eq!(model.browser.commands.selected, 2);
    let effects = mouse(&mut model, left, 10, 12);
    assert!(format!("{effects:?}").contains("Command(3)"), "{effects:?}");
    // On the scrubber.
    let effects = mouse(&mut model, left, 79, 21);
    assert!(format!("{effects:?}").contains("Part(1000)"), "{effects:?}");
    // Held, it goes along, even where the hand strays off its line; let go, it stays.
    let drag = MouseEventKind::Drag(MouseButton::Left);
    let effects = mouse(&mut model, drag, 0, 5);
    assert!(format!("{effects:?}").contains("Part(0)"), "{effects:?}");
    mouse(&mut model, MouseEventKind::Up(MouseButton::Left), 0, 5);
    assert_eq!(mouse(&mut model, drag, 40, 21).len(), 0);
    // On the screen it holds nothing.
    mouse(&mut model, left, 10, 5);
    assert_eq!(mouse(&mut model, drag, 40, 21).len(), 0);
}
