//! What each view looks like, at 80x24 and at 40x12.

use super::super::fixture::{self, blank, browsing, id, landmarks};
use super::super::model::{Model, Viewer};
use super::super::msg::{Frame, Look, Msg, Output};
use super::super::theme::{Depth, Theme};
use super::super::update::update;
use super::view;
use crate::model::{Micros, SessionId};
use crate::player::{Jump, Screen, Way};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Color;
use std::sync::Arc;
use std::time::Duration;

fn drawn(model: &Model) -> TestBackend {
    let backend = TestBackend::new(model.size.cols, model.size.rows);
    let mut terminal = Terminal::new(backend).unwrap();
    terminal.draw(|frame| view(model, frame)).unwrap();
    terminal.backend().clone()
}

fn press(model: &mut Model, keys: &str) {
    for c in keys.chars() {
        let code = match c {
            '\r' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '↓' => KeyCode::Down,
            c => KeyCode::Char(c),
        };
        update(model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }
}

fn with_output(model: &mut Model) {
    let look = Look {
        id: id(0x7f),
        command: Some(1),
    };
    let lines = [
        "  id  | status",
        "------+--------",
        " 8831 | stuck",
        " 8832 | 界 ok",
        "(2 rows)",
    ];
    let output = Output {
        lines: lines.map(str::to_owned).to_vec(),
        ..Output::default()
    };
    update(model, Msg::Output(look, Arc::new(output)));
}

/// The player at `jump`.
fn playing(cols: u16, rows: u16, jump: Jump) -> Model {
    let mut model = browsing(cols, rows);
    let mut player = fixture::player();
    player.jump(jump);
    let mut viewer = Viewer::new("7fa5 psql app@prod-db".into());
    viewer.landmarks = landmarks();
    model.player = Some(viewer);
    let frame = Frame {
        id: id(0x7f),
        grid: player.screen().grid(),
        now: player.now(),
        until: player.length(),
        spot: player.spot(),
        playing: false,
        speed: 1.0,
        idle: Some(Duration::from_secs(2)),
        skipping: None,
        indexed: 1000,
        waiting: false,
        glimpse: false,
    };
    update(&mut model, Msg::Frame(Box::new(frame)));
    model
}

#[test]
fn a_screen_that_is_only_about_right_is_said_to_be() {
    let mut model = playing(80, 24, Jump::Command(2));
    let frame = model.player.as_ref().unwrap().frame.clone().unwrap();
    let told = |model: &mut Model, glimpse| {
        let frame = Frame {
            waiting: true,
            glimpse,
            indexed: 340,
            ..(*frame).clone()
        };
        update(model, Msg::Frame(Box::new(frame)));
        drawn(model).to_string()
    };
    let said = told(&mut model, true);
    assert!(said.contains("about so, reading 34%"), "{said}");
    let said = told(&mut model, false);
    assert!(
        said.contains("reading 34%") && !said.contains("about so"),
        "{said}"
    );
}

#[test]
fn how_long_a_recording_is_shows_before_it_is_read() {
    let mut model = playing(80, 24, Jump::Command(1));
    let viewer = model.player.as_mut().unwrap();
    let mut marks = (*viewer.landmarks).clone();
    marks.complete = false;
    marks.until = marks.commands[1].at;
    marks.commands.truncate(2);
    viewer.landmarks = Arc::new(marks);
    let said = drawn(&model).to_string();
    let whole = "0:29/4:12";
    assert!(said.contains(whole) && said.contains(" 1/2… "), "{said}");
    let scrubber = said.lines().find(|line| line.contains('╌')).unwrap();
    let read = scrubber.chars().position(|tick| tick == '╌').unwrap();
    assert!((30..45).contains(&read), "{scrubber}");
}

#[test]
fn the_first_frame_needs_nothing() {
    insta::assert_snapshot!(drawn(&blank(80, 24)));
}

#[test]
fn the_browser() {
    let mut model = browsing(80, 24);
    with_output(&mut model);
    insta::assert_snapshot!(drawn(&model));
    press(&mut model, "\r");
    insta::assert_snapshot!("the_browser_commands", drawn(&model));
}

#[test]
fn an_outcome_without_room_leaves_it_to_the_time() {
    let mut model = browsing(80, 24);
    let mut marks = (*landmarks()).clone();
    marks.commands[0].outcome = Some("ERROR:  column \"statsu\" does not exist".into());
    update(&mut model, Msg::Landmarks(id(0x7f), Arc::new(marks)));
    let title = |model: &Model| {
        let said = drawn(model).to_string();
        let line = said.lines().find(|line| line.contains("[Result]"));
        line.unwrap_or_default().to_owned()
    };
    let narrow = title(&model);
    assert!(
        !narrow.contains("ERR") && narrow.contains(" ms"),
        "{narrow}"
    );
    update(&mut model, Msg::Resize(200, 24));
    let wide = title(&model);
    assert!(wide.contains("\"statsu\" does not exist, "), "{wide}");
}

#[test]
fn the_browser_on_a_small_terminal() {
    let mut model = browsing(40, 12);
    with_output(&mut model);
    insta::assert_snapshot!(drawn(&model));
    press(&mut model, "\r");
    insta::assert_snapshot!("the_browser_on_a_small_terminal_commands", drawn(&model));
    press(&mut model, "\t");
    insta::assert_snapshot!("the_browser_on_a_small_terminal_result", drawn(&model));
}

#[test]
fn a_filter_being_typed() {
    let mut model = browsing(80, 24);
    press(&mut model, "/prod");
    insta::assert_snapshot!(drawn(&model));
}

#[test]
fn the_screen_and_what_is_known() {
    let mut model = browsing(80, 24);
    press(&mut model, "\rt");
    let look = Look {
        id: id(0x7f),
        command: Some(1),
    };
    let mut player = fixture::player();
    player.jump(Jump::Outcome(1));
    let grid = Arc::new(player.screen().grid());
    update(&mut model, Msg::Still(look, grid));
    insta::assert_snapshot!("the_screen", drawn(&model));
    press(&mut model, "t");
    insta::assert_snapshot!("what_is_known", drawn(&model));
}

#[test]
fn the_player() {
    let model = playing(80, 24, Jump::Command(2));
    insta::assert_snapshot!(drawn(&model));
    let model = playing(80, 24, Jump::NextMark(Way::Forward));
    insta::assert_snapshot!("the_player_at_a_marker", drawn(&model));
}

#[test]
fn the_player_on_a_small_terminal_crops() {
    let mut model = playing(40, 12, Jump::Command(2));
    insta::assert_snapshot!(drawn(&model));
    press(&mut model, "l");
    insta::assert_snapshot!("the_player_on_a_small_terminal_moved", drawn(&model));
}

#[test]
fn help_is_made_from_the_keys() {
    let mut model = browsing(80, 24);
    press(&mut model, "?");
    insta::assert_snapshot!(drawn(&model));
    press(&mut model, "/clip");
    insta::assert_snapshot!("help_searched", drawn(&model));
    let mut model = playing(40, 12, Jump::Start);
    press(&mut model, "?");
    insta::assert_snapshot!("help_on_a_small_terminal", drawn(&model));
}

#[test]
fn a_question_never_shows_the_answer() {
    let mut model = blank(80, 24);
    update(&mut model, Msg::Question("Passphrase of the vault".into()));
    update(&mut model, Msg::Typed(true));
    insta::assert_snapshot!(drawn(&model));
    let mut model = blank(40, 12);
    update(&mut model, Msg::Question("Passphrase of the vault".into()));
    insta::assert_snapshot!("a_question_on_a_small_terminal", drawn(&model));
}

#[test]
fn what_is_empty_or_unreadable_says_so() {
    let mut model = blank(80, 24);
    update(&mut model, Msg::Opened);
    let none = Msg::Sessions {
        from: 0,
        sessions: Vec::new(),
        more: false,
    };
    update(&mut model, none);
    assert!(drawn(&model).to_string().contains("No sessions yet"));
    update(
        &mut model,
        Msg::NoSessions("the database is damaged".into()),
    );
    assert!(
        drawn(&model)
            .to_string()
            .contains("the database is damaged")
    );
    let mut model = browsing(80, 24);
    press(&mut model, "G");
    let unreadable = Msg::Unreadable(id(0x4a), "it is sealed to another key".into());
    update(&mut model, unreadable);
    assert!(
        drawn(&model)
            .to_string()
            .contains("it is sealed to another key")
    );
}

/// Text from outside must not move the cursor, hide or turn anything.
#[test]
fn hostile_text_is_drawn_as_such() {
    let mut session = fixture::session(0x7f, "psql\x1b[2J", "h\u{202e}ost\n", 1);
    session.meta.command = "psql \x07\u{9b}31m".into();
    session.damage = Some("odd\x1b]0;x\x07".into());
    let mut model = browsing(80, 24);
    let list = Msg::Sessions {
        from: 0,
        sessions: vec![session],
        more: false,
    };
    update(&mut model, list);
    let mut marks = (*landmarks()).clone();
    marks.commands[0].text = "select '\x1b[31m\u{200b}'\n;".into();
    marks.commands[0].outcome = Some("ERROR\x1b[5m".into());
    update(&mut model, Msg::Landmarks(id(0x7f), Arc::new(marks)));
    let look = Look {
        id: id(0x7f),
        command: Some(1),
    };
    let output = Output {
        lines: vec!["a\x1b[31mb\u{202e}c".into()],
        cut: true,
        ..Output::default()
    };
    update(&mut model, Msg::Output(look, Arc::new(output)));
    press(&mut model, "\r");
    for tab in ["Result", "Screen", "Wire", "Info"] {
        let shown = drawn(&model);
        for cell in shown.buffer().content() {
            let safe = crate::model::printable(cell.symbol());
            assert_eq!(cell.symbol(), safe, "on {tab}");
        }
        press(&mut model, "t");
    }
    let shown = drawn(&model).to_string();
    assert!(shown.contains("a␛[31mb"), "{shown}");
}

fn colours(buffer: &Buffer) -> usize {
    let plain = |color: Color| color == Color::Reset;
    let cells = buffer.content().iter();
    cells
        .filter(|cell| !(plain(cell.fg) && plain(cell.bg)))
        .count()
}

#[test]
fn no_color_means_none_at_all() {
    let models: [fn() -> Model; 3] = [
        || browsing(80, 24),
        || playing(80, 24, Jump::Outcome(1)),
        || {
            let mut model = browsing(80, 24);
            press(&mut model, "?");
            model
        },
    ];
    for make in models {
        let mut model = make();
        assert!(colours(drawn(&model).buffer()) > 0, "colours there are");
        model.theme = Theme::new(Depth::None);
        assert_eq!(colours(drawn(&model).buffer()), 0);
    }
}

#[test]
fn sixteen_colours_are_all_that_is_drawn_where_there_are_no_more() {
    let mut screen = Screen::new(crate::model::Size { cols: 12, rows: 2 });
    screen.feed(b"\x1b[38;2;250;8;7mred\x1b[0;38;5;200mpink\x1b[0;48;5;22mgreen");
    let mut model = playing(80, 24, Jump::Start);
    model.player.as_mut().unwrap().frame.as_mut().unwrap().grid = screen.grid();
    for (depth, beyond) in [(Depth::True, true), (Depth::Sixteen, false)] {
        model.theme = Theme::new(depth);
        let shown = drawn(&model);
        let cells = shown.buffer().content.iter();
        let far = |colour: Color| match colour {
            Color::Rgb(..) => true,
            Color::Indexed(index) => index >= 16,
            _ => false,
        };
        let far: Vec<_> = cells.filter(|c| far(c.fg) || far(c.bg)).collect();
        assert_eq!(!far.is_empty(), beyond, "{depth:?}: {far:?}");
        assert!(colours(shown.buffer()) > 0, "{depth:?}");
    }
}

#[test]
fn recorded_cells_keep_their_colours_and_places() {
    let mut screen = Screen::new(crate::model::Size { cols: 12, rows: 2 });
    screen.feed("\x1b[38;2;9;8;7m界\x1b[0;7;1;3mab\x1b[0;48;5;200mc\r\n0123456789".as_bytes());
    let mut model = playing(14, 6, Jump::Start);
    let show = |model: &mut Model, scroll| {
        let viewer = model.player.as_mut().unwrap();
        viewer.frame.as_mut().unwrap().grid = screen.grid();
        viewer.scroll = scroll;
        drawn(model)
    };
    let shown = show(&mut model, None);
    let cell = |x, y| shown.buffer().cell((x, y)).unwrap().clone();
    assert_eq!(
        (cell(0, 0).symbol(), cell(0, 0).fg),
        ("界", Color::Rgb(9, 8, 7))
    );
    assert_eq!(cell(2, 0).symbol(), "a");
    assert_eq!(
        format!("{:?}", cell(2, 0).modifier),
        "BOLD | ITALIC | REVERSED"
    );
    assert_eq!(cell(4, 0).bg, Color::Indexed(200));
    // Half of a wide character is never drawn.
    model.size.cols = 5;
    let shown = show(&mut model, Some((1, 0)));
    assert_eq!(shown.buffer().cell((0, 0)).unwrap().symbol(), " ");
    assert_eq!(shown.buffer().cell((1, 0)).unwrap().symbol(), "a");
    assert_eq!(shown.buffer().cell((0, 1)).unwrap().symbol(), "1");
}

/// Any size, however absurd, is drawn.
#[test]
fn no_size_is_too_small() {
    for cols in [0, 1, 2, 5, 11, 39, 69, 71, 200] {
        for rows in [0, 1, 2, 3, 4, 8, 15, 17, 60] {
            for make in [browsing as fn(u16, u16) -> Model, |c, r| {
                playing(c, r, Jump::Command(2))
            }] {
                let mut model = make(cols, rows);
                drawn(&model);
                press(&mut model, "?");
                drawn(&model);
                update(&mut model, Msg::Question("what?".into()));
                drawn(&model);
            }
        }
    }
}

#[test]
fn a_long_list_keeps_the_selected_line_in_sight() {
    let mut model = browsing(80, 24);
    let many: Vec<_> = (0..250u8)
        .map(|n| {
            let mut session = fixture::session(n, "ssh", &format!("host-{n}"), i64::from(n));
            let mut bytes = [n; 16];
            bytes[1] = 7;
            session.id = SessionId(bytes);
            session
        })
        .collect();
    let list = Msg::Sessions {
        from: 0,
        sessions: many,
        more: false,
    };
    update(&mut model, list);
    press(&mut model, "G");
    assert!(drawn(&model).to_string().contains("host-249"));
    press(&mut model, "g");
    assert!(drawn(&model).to_string().contains("host-0 "));
    for _ in 0..20 {
        press(&mut model, "j");
    }
    assert!(drawn(&model).to_string().contains("host-20 "));
}

#[test]
fn the_scrubber_fits_a_day_of_commands() {
    let mut model = playing(40, 12, Jump::Start);
    let mut marks = (*landmarks()).clone();
    let first = marks.commands[0].clone();
    for n in 0..5_000u32 {
        let mut command = first.clone();
        command.at = Micros(u64::from(n) * 17_000_000);
        marks.commands.push(command);
    }
    marks.until = Micros(86_400_000_000);
    model.player.as_mut().unwrap().landmarks = Arc::new(marks);
    assert!(drawn(&model).to_string().contains("24:00:00"));
}
