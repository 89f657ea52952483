//! What keys and messages do, as tables.

use super::super::browser::{Pane, Tab};
use super::super::fixture::{blank, browsing, events, id, landmarks, sessions};
use super::super::msg::{Look, Order};
use super::*;
use crate::model::Micros;
use crate::player::{Jump, Player, Spot, Way};
use std::sync::Arc;

fn key(code: KeyCode) -> Msg {
    Msg::Key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn press(model: &mut Model, keys: &str) -> Vec<String> {
    let mut effects = Vec::new();
    for c in keys.chars() {
        let code = match c {
            '\r' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '\x1b' => KeyCode::Esc,
            '\x08' => KeyCode::Backspace,
            '→' => KeyCode::Right,
            '←' => KeyCode::Left,
            c => KeyCode::Char(c),
        };
        let made = update(model, key(code));
        effects.extend(made.iter().map(|effect| format!("{effect:?}")));
    }
    effects
}

fn ctrl(model: &mut Model, c: char) -> Vec<Effect> {
    let event = KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
    update(model, Msg::Key(event))
}

#[test]
fn the_list_asks_for_what_is_selected() {
    let mut model = blank(80, 24);
    let effects = update(&mut model, Msg::Opened);
    assert!(matches!(effects[..], [Effect::Ask(Request::Sessions)]));
    let list = Msg::Sessions {
        from: 0,
        sessions: sessions(),
        more: false,
    };
    let effects = update(&mut model, list);
    let [Effect::Ask(Request::Landmarks(first))] = effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(first, id(0x7f));
    let effects = update(&mut model, Msg::Landmarks(first, landmarks()));
    let look = Look {
        id: first,
        command: Some(1),
    };
    assert!(
        matches!(effects[..], [Effect::Ask(Request::Output(at))] if at == look),
        "{effects:?}"
    );
    // What is said again changes nothing.
    let again = update(&mut model, Msg::Output(look, Arc::default()));
    assert!(again.is_empty());
    assert!(update(&mut model, Msg::Landmarks(first, landmarks())).is_empty());
    // The answer for a session that is no longer selected is not shown.
    press(&mut model, "j");
    assert!(model.browser.selected_landmarks().is_none());
    update(&mut model, Msg::Landmarks(first, landmarks()));
    assert!(model.browser.selected_landmarks().is_none());
}

#[test]
fn keys_go_back_and_forth_between_panes() {
    for (keys, pane, tab) in [
        ("", Pane::Sessions, Tab::Result),
        ("\r", Pane::Commands, Tab::Result),
        ("\t\t", Pane::Detail, Tab::Result),
        ("\t\t\t", Pane::Sessions, Tab::Result),
        ("→→→", Pane::Detail, Tab::Result),
        ("→→→←", Pane::Detail, Tab::Result),
        ("→→→←←", Pane::Commands, Tab::Result),
        ("\rt", Pane::Commands, Tab::Screen),
        ("\rtt", Pane::Commands, Tab::Wire),
        ("\rtttt", Pane::Commands, Tab::Result),
        ("\rq", Pane::Sessions, Tab::Result),
        ("\r\x1b", Pane::Commands, Tab::Result),
    ] {
        let mut model = browsing(80, 24);
        press(&mut model, keys);
        let found = (model.browser.pane, model.browser.tab);
        assert_eq!(found, (pane, tab), "after {keys:?}");
    }
}

#[test]
fn q_leaves_from_the_first_view_and_esc_never() {
    let mut model = browsing(80, 24);
    assert_eq!(press(&mut model, "\x1b\x1b\x1b"), Vec::<String>::new());
    assert_eq!(press(&mut model, "q"), ["Quit"]);
    assert!(matches!(ctrl(&mut model, 'c')[..], [Effect::Quit]));
    assert!(matches!(ctrl(&mut model, 'z')[..], [Effect::Suspend]));
    press(&mut model, "?q");
    assert!(model.help.is_none(), "q leaves the help first");
}

#[test]
fn signals_end_stop_and_continue_the_views() {
    let mut model = browsing(80, 24);
    let made = |model: &mut Model, msg| format!("{:?}", update(model, msg));
    assert_eq!(made(&mut model, Msg::Leave), "[Leave]");
    assert_eq!(made(&mut model, Msg::Stop), "[Stop]");
    assert_eq!(made(&mut model, Msg::Continued), "[Continue]");
}

#[test]
fn a_filter_narrows_while_it_is_typed_and_esc_takes_it_back() {
    let mut model = browsing(80, 24);
    press(&mut model, "/PROD ps");
    assert_eq!(model.browser.shown, [0, 4]);
    press(&mut model, "\r");
    assert!(!model.browser.filter.typing());
    let asked = press(&mut model, "/zq");
    assert_eq!(
        model.browser.shown,
        Vec::<usize>::new(),
        "q is but a letter here"
    );
    assert_eq!(
        asked,
        [
            r#"Ask(Matching("PROD psz"))"#,
            r#"Ask(Matching("PROD pszq"))"#
        ],
        "what its commands say is for the vault to answer"
    );
    press(&mut model, "\x1b");
    assert_eq!(model.browser.shown, [0, 4]);
    press(&mut model, "/");
    ctrl(&mut model, 'u');
    let asked = press(&mut model, "interrupted");
    assert_eq!(model.browser.shown, [2]);
    assert!(
        asked.iter().any(|asked| asked.contains("6ea5")),
        "the session now selected is read: {asked:?}"
    );
}

#[test]
fn commands_have_a_filter_of_their_own() {
    let mut model = browsing(80, 24);
    press(&mut model, "\r/UPDATE statsu\r");
    assert_eq!(model.browser.commands_shown, [1]);
    assert_eq!(model.browser.shown.len(), 5);
    let made = press(&mut model, "\r");
    assert!(made[0].contains("Command(2)"), "{made:?}");
    press(&mut model, "qqj");
    assert_eq!(
        model.browser.commands_filter.text(),
        "",
        "it goes with its session"
    );
}

#[test]
fn the_list_read_anew_keeps_what_was_selected() {
    let mut model = browsing(80, 24);
    press(&mut model, "jj");
    assert_eq!(press(&mut model, "R"), ["Ask(Sessions)"]);
    // It comes in two parts, with a new session in front.
    let mut all = sessions();
    all.insert(0, super::super::fixture::session(0xff, "psql", "new", 0));
    let rest = all.split_off(2);
    for (from, sessions, more) in [(0, all, true), (2, rest, false)] {
        let part = Msg::Sessions {
            from,
            sessions,
            more,
        };
        update(&mut model, part);
    }
    let selected = model.browser.session().map(|s| s.id);
    assert_eq!(selected, Some(id(0x6e)));
}

#[test]
fn the_player_opens_where_the_keys_are() {
    for (keys, jump, play) in [
        (" ", Jump::Start, true),
        ("\r\r", Jump::Command(1), false),
        ("\rj ", Jump::Command(2), true),
        ("\rG\t\r", Jump::Command(3), false),
    ] {
        let mut model = browsing(80, 24);
        let mut made = Vec::new();
        for c in keys.chars() {
            let code = match c {
                '\r' => KeyCode::Enter,
                '\t' => KeyCode::Tab,
                c => KeyCode::Char(c),
            };
            made = update(&mut model, key(code));
        }
        let [
            Effect::Ask(Request::Replay {
                id: at,
                jump: to,
                play: plays,
                ..
            }),
        ] = made[..]
        else {
            panic!("{keys:?} made {made:?}")
        };
        assert_eq!((at, to, plays), (id(0x7f), jump, play), "{keys:?}");
        assert!(model.player.is_some());
    }
}

#[test]
fn keys_of_the_player_are_orders() {
    use Order::{By, Part, Speed, Step, Toggle, ToggleIdle};
    let table = [
        (' ', Toggle),
        ('+', Speed(Way::Forward)),
        ('-', Speed(Way::Back)),
        ('.', Step),
        ('→', By(5)),
        ('←', By(-5)),
        (']', Order::Jump(Jump::NextCommand(Way::Forward))),
        ('p', Order::Jump(Jump::NextCommand(Way::Back))),
        ('x', Order::Jump(Jump::NextFailed(Way::Forward))),
        ('M', Order::Jump(Jump::NextMark(Way::Back))),
        ('g', Order::Jump(Jump::Start)),
        ('G', Order::Jump(Jump::End)),
        ('7', Part(700)),
        ('i', ToggleIdle),
    ];
    let mut model = browsing(80, 24);
    press(&mut model, " ");
    for (c, order) in table {
        let made = press(&mut model, &c.to_string());
        assert_eq!(made, [format!("Ask(Order({order:?}))")], "for {c:?}");
    }
    let made = press(&mut model, "q");
    assert_eq!(made[0], "Ask(EndReplay)");
    assert!(model.player.is_none());
}

#[test]
fn leaving_the_only_player_leaves_the_program() {
    let mut model = browsing(80, 24);
    model.only_player = true;
    model.player = Some(Viewer::new("7f3a psql".into()));
    let made = update(&mut model, Msg::Opened);
    assert!(made.is_empty(), "the list would take the worker: {made:?}");
    assert_eq!(press(&mut model, "\x1b"), Vec::<String>::new());
    assert_eq!(press(&mut model, "q"), ["Quit"]);
}

#[test]
fn commands_and_results_are_copied() {
    let mut model = browsing(80, 24);
    assert_eq!(
        press(&mut model, "\rjy"),
        [
            format!("Ask(Output({:?}))", model.browser.look().unwrap()),
            r#"Copy("update orders set statsu = 'new' where id = 8831;")"#.to_owned(),
        ]
    );
    assert_eq!(press(&mut model, "Y"), Vec::<String>::new());
    assert!(model.notice.is_some(), "nothing was read yet");
    let look = model.browser.look().unwrap();
    let output = super::super::msg::Output {
        lines: vec!["ERROR".into(), "at 1".into()],
        ..super::super::msg::Output::default()
    };
    update(&mut model, Msg::Output(look, Arc::new(output)));
    assert_eq!(press(&mut model, "Y"), [r#"Copy("ERROR\nat 1")"#]);
}

/// The player in its third command.
fn watching() -> Model {
    let mut model = browsing(80, 24);
    press(&mut model, " ");
    assert_eq!(press(&mut model, "y"), Vec::<String>::new());
    assert_eq!(press(&mut model, "Y"), Vec::<String>::new());
    let mut player = Player::new(events(), crate::model::Size { cols: 60, rows: 10 });
    while player.index_more() {}
    player.jump(Jump::Command(3));
    let frame = super::super::msg::Frame {
        id: id(0x7f),
        grid: player.screen().grid(),
        now: Micros(126_000_000),
        until: player.length(),
        spot: player.spot(),
        playing: true,
        speed: 1.0,
        idle: None,
        skipping: None,
        indexed: 1000,
        waiting: false,
        glimpse: false,
    };
    assert_ne!(frame.spot, Spot::default());
    update(&mut model, Msg::Frame(Box::new(frame)));
    model
}

#[test]
fn the_player_goes_to_a_time_that_is_typed() {
    for (typed, order) in [
        ("1:50", "Jump(Time(Micros(110000000)))"),
        ("1m10s", "Jump(Time(Micros(70000000)))"),
        ("+30s", "By(30)"),
        ("-1m", "By(-60)"),
        ("40%", "Part(400)"),
    ] {
        let mut model = watching();
        let made = press(&mut model, &format!("t{typed}\r"));
        assert_eq!(made, [format!("Ask(Order({order}))")], "for {typed:?}");
    }
    for wrong in ["soon", "1:99", "140%", "+", "-x"] {
        let mut model = watching();
        assert!(press(&mut model, &format!("t{wrong}\r")).is_empty());
        // It stays, to be mended.
        let said = format!("{wrong} is no time (1:50, 1m10s, +30s, -1m, 40%): ");
        assert_eq!(model.prompt.as_ref().unwrap().label(), said);
        ctrl(&mut model, 'u');
        press(&mut model, "0:2");
        let label = model.prompt.as_ref().unwrap().label();
        assert!(label.starts_with("go to"), "{label}");
        let made = press(&mut model, "9\r");
        assert_eq!(made, ["Ask(Order(Jump(Time(Micros(29000000)))))"]);
    }
    assert!(press(&mut watching(), "t\r").is_empty());
}

#[test]
fn a_note_is_written_about_the_moment_that_is_played() {
    let mut model = watching();
    let at = model.player.as_ref().unwrap().frame.as_ref().unwrap().now;
    let asked = press(&mut model, "a");
    let edit = format!("Edit({:?}, {at:?})", id(0x7f));
    assert_eq!(asked.last(), Some(&edit), "{asked:?}");
    // The list is read anew then; what is played stays the player's, and the browser looks again
    // once the player is left.
    let effects = update(&mut model, Msg::Changed(Ok("noted".into())));
    assert!(matches!(effects[..], [Effect::Ask(Request::Sessions)]));
    let list = Msg::Sessions {
        from: 0,
        sessions: sessions(),
        more: false,
    };
    assert!(update(&mut model, list).is_empty());
    let asked = press(&mut model, "q").concat();
    assert!(
        asked.contains("EndReplay") && asked.contains("Landmarks"),
        "{asked}"
    );
}

#[test]
fn a_command_stays_selected_when_the_list_is_read_anew() {
    let mut model = browsing(80, 24);
    press(&mut model, "\rjj");
    assert_eq!(model.browser.command().map(|c| c.number), Some(3));
    let list = Msg::Sessions {
        from: 0,
        sessions: sessions(),
        more: false,
    };
    update(&mut model, list);
    let asked = update(&mut model, Msg::Landmarks(id(0x7f), landmarks()));
    assert_eq!(model.browser.command().map(|c| c.number), Some(3));
    assert!(format!("{asked:?}").contains("Some(3)"), "{asked:?}");
}

#[test]
fn what_failed_is_known_from_the_index_or_from_reading_the_session() {
    let mut model = browsing(80, 24);
    let failed = |model: &Model, place: usize| model.browser.sessions[place].failed;
    // The first one was read.
    assert_eq!((failed(&model, 0), failed(&model, 3)), (Some(1), None));
    update(&mut model, Msg::Failed(vec![(id(0x5d), 4)]));
    assert_eq!(failed(&model, 3), Some(4));
    assert_eq!(failed(&model, 0), Some(1), "what is known stays");
}

#[test]
fn what_is_looked_for_in_the_session_is_gone_to_and_n_goes_on() {
    let mut model = watching();
    let asked = press(&mut model, "/stat OR dele\r");
    let query = format!("id:{} (stat OR dele*)", id(0x7f).hex());
    assert_eq!(asked, [format!("Ask(Find({query:?}))")]);
    let hit = |seconds: u64, number, printed| crate::tui::library::Found {
        session: id(0x7f),
        title: String::new(),
        started: model.now,
        utc_offset: 0,
        at: Micros(seconds * 1_000_000),
        number,
        failed: false,
        line: String::new(),
        printed,
        command: String::new(),
    };
    // The latest come first, and in two parts.
    let (late, early) = (hit(130, Some(4), true), hit(29, Some(2), false));
    let aside = hit(2, None, true);
    let made = update(
        &mut model,
        Msg::Found(query.clone(), 0, Ok(vec![late]), true),
    );
    assert!(made.is_empty(), "{made:?}");
    let rest = Ok(vec![early, aside]);
    let made = update(&mut model, Msg::Found(query, 1, rest, false));
    // The next one from where the viewer is.
    assert_eq!(format!("{made:?}"), "[Ask(Order(Jump(Outcome(4))))]");
    assert_eq!(model.notice.as_deref(), Some("match 3 of 3"));
    assert!(press(&mut model, "n").is_empty());
    assert_eq!(model.notice.as_deref(), Some("that was the last match"));
    assert_eq!(press(&mut model, "N"), ["Ask(Order(Jump(Command(2))))"]);
    let first = press(&mut model, "N");
    assert_eq!(first, ["Ask(Order(Jump(Time(Micros(2000000)))))"]);
    assert!(model.search.hits.is_empty(), "the search has its own hits");

    let asked = press(&mut model, "/nowhere\r");
    assert_eq!(asked.len(), 1);
    let query = format!("id:{} (nowhere*)", id(0x7f).hex());
    update(&mut model, Msg::Found(query, 0, Ok(Vec::new()), false));
    assert_eq!(model.notice.as_deref(), Some("it is not in this session"));
    assert!(press(&mut model, "/slow:>abc\r").is_empty());
    let said = model.prompt.as_ref().unwrap().label();
    assert!(said.contains("is no duration"), "{said}");
}

#[test]
fn the_player_hands_on_what_is_played() {
    let mut model = watching();
    let look = Look {
        id: id(0x7f),
        command: Some(3),
    };
    for (key, made) in [
        ("Y", r#"[Copy("UPDATE 1\nwarned")]"#),
        ("|", r#"[Page("UPDATE 1\nwarned")]"#),
        ("C", "[]"),
    ] {
        let asked = press(&mut model, key);
        assert_eq!(asked, [format!("Ask(Output({look:?}))")]);
        let output = super::super::msg::Output {
            lines: vec!["UPDATE 1".into(), "warned".into()],
            ..Default::default()
        };
        let output = Arc::new(output);
        let done = update(&mut model, Msg::Output(look, Arc::clone(&output)));
        assert_eq!(format!("{done:?}"), made, "{key}");
        let again = update(&mut model, Msg::Output(look, output));
        assert!(again.is_empty(), "copied once only: {again:?}");
    }
    // The dialog stands in front of the player, which goes on where it was.
    let made = press(&mut model, "e");
    assert!(
        made[0].contains("Preview") && made[0].contains("Commands(3, 3)"),
        "{made:?}"
    );
    assert_eq!(made[1], "Ask(Order(Toggle))", "it is paused meanwhile");
    assert_eq!(scope(&model), Scope::Export);
    assert_eq!(press(&mut model, "q"), Vec::<String>::new());
    assert_eq!(scope(&model), Scope::Player);
    assert_eq!(press(&mut model, "q")[0], "Ask(EndReplay)");
}

#[test]
fn the_player_copies_the_command_it_is_in() {
    let mut model = watching();
    let copied = press(&mut model, "y");
    assert_eq!(
        copied,
        [r#"Copy("update orders set status = 'new' where id = 8831;")"#]
    );
}

/// What is typed for the vault never comes as keys; those that do are for no view behind the question.
#[test]
fn a_question_takes_the_keys_from_the_views() {
    let mut model = blank(80, 24);
    update(&mut model, Msg::Question("Passphrase of the vault".into()));
    update(&mut model, Msg::Told("that does not open the vault".into()));
    update(&mut model, Msg::Typed(true));
    assert!(model.question.as_ref().is_some_and(|asked| asked.typed));
    assert!(model.notice.is_none());
    assert!(update(&mut model, key(KeyCode::Char('?'))).is_empty());
    assert!(update(&mut model, key(KeyCode::Enter)).is_empty());
    assert!(update(&mut model, Msg::Paste("x".into())).is_empty());
    assert!(model.help.is_none());
    update(&mut model, Msg::Typed(false));
    assert!(model.question.as_ref().is_some_and(|asked| !asked.typed));
    update(&mut model, Msg::Answered);
    assert!(model.question.is_none());
}

#[test]
fn a_growing_session_is_looked_at_once() {
    let mut model = browsing(80, 24);
    let whole = landmarks();
    let mut some = (*whole).clone();
    some.complete = false;
    some.commands.truncate(1);
    press(&mut model, "j");
    let web = id(0x71);
    let look = Look {
        id: web,
        command: Some(1),
    };
    let first = update(&mut model, Msg::Landmarks(web, Arc::new(some)));
    assert!(matches!(first[..], [Effect::Ask(Request::Output(at))] if at == look));
    update(&mut model, Msg::Output(look, Arc::default()));
    assert!(update(&mut model, Msg::Landmarks(web, whole)).is_empty());
    assert_eq!(model.browser.commands_shown.len(), 3);
}
