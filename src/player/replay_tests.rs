//! The player against the plainest replay there is: every event applied in order.

use super::*;
use crate::model::Command;
use proptest::prelude::*;

const SIZE: Size = Size { cols: 30, rows: 5 };

fn at(at: u64, body: Body) -> Event {
    Event {
        at: Micros(at),
        body,
    }
}

fn output(millis: u64, text: &str) -> Event {
    at(millis * 1000, Body::Output(text.as_bytes().to_vec()))
}

fn command(millis: u64, number: u32) -> Event {
    let command = Command {
        number,
        text: format!("command {number}"),
        prompt: "$ ".into(),
        prompt_at: Micros(0),
    };
    at(millis * 1000, Body::Command(command))
}

fn end(millis: u64, number: u32, outcome: Option<&str>) -> Event {
    let outcome = outcome.map(str::to_owned);
    at(millis * 1000, Body::CommandEnd { number, outcome })
}

/// Two commands, the second one failed, in two pieces.
fn session() -> Vec<Vec<Event>> {
    vec![
        vec![
            output(100, "$ one\r\n"),
            command(100, 1),
            output(150, "first\r\n"),
            end(160, 1, Some("exit 0")),
            output(160, "$ "),
        ],
        vec![
            output(60_000, "two\r\n"),
            command(60_000, 2),
            output(60_500, "second\r\n"),
            at(
                60_600_000,
                Body::Marker {
                    label: "here".into(),
                },
            ),
            end(61_000, 2, Some("exit 1")),
            output(61_000, "$ "),
        ],
    ]
}

fn ready(source: Vec<Vec<Event>>) -> Player<Vec<Vec<Event>>> {
    let mut player = Player::new(source, SIZE);
    while player.index_more() {}
    player
}

fn shown<S: Source>(player: &Player<S>) -> String {
    player.screen().text().join("\n").trim_end().to_owned()
}

/// The screen at `time`, found without index, keyframes or pieces.
fn linear(source: &[Vec<Event>], time: Micros) -> Screen {
    let mut screen = Screen::new(SIZE);
    let mut clock = Micros(0);
    for event in source.iter().flatten() {
        clock = clock.max(event.at);
        if clock > time {
            break;
        }
        index::apply(&mut screen, &event.body);
    }
    screen
}

#[test]
fn time_moves_the_playhead_at_its_speed() {
    let mut player = ready(session());
    player.set_idle(None);
    assert!(!player.advance(Duration::from_secs(9)), "paused");
    player.set_playing(true);
    assert_eq!(player.wait(), Some(Duration::from_millis(100)));
    assert!(!player.advance(Duration::from_millis(99)));
    assert!(player.advance(Duration::from_millis(1)));
    assert_eq!(shown(&player), "$ one");
    player.set_speed(2.0);
    assert_eq!(player.wait(), Some(Duration::from_millis(25)));
    player.advance(Duration::from_millis(25));
    assert_eq!(shown(&player), "$ one\nfirst");
    assert_eq!(player.now(), Micros(150_000));
}

#[test]
fn idle_stretches_are_cut_short() {
    let mut player = ready(session());
    player.set_playing(true);
    player.advance(Duration::from_millis(160));
    assert_eq!(player.skipping(), Some(Duration::from_micros(59_840_000)));
    player.advance(Duration::from_millis(1_999));
    assert_eq!(player.now(), Micros(2_159_000));
    player.advance(Duration::from_millis(1));
    assert_eq!(player.now(), Micros(60_000_000), "two seconds were enough");
    assert_eq!(shown(&player), "$ one\nfirst\n$ two");
}

#[test]
fn the_end_stops_and_play_starts_over() {
    let mut player = ready(session());
    assert_eq!(player.jump(Jump::End), Reached::There);
    assert_eq!(player.now(), Micros(61_000_000));
    assert!(shown(&player).ends_with("second\n$"));
    player.set_playing(true);
    assert_eq!((player.now(), shown(&player)), (Micros(0), String::new()));
    player.set_idle(None);
    player.advance(Duration::from_secs(100));
    assert!(!player.playing());
    assert_eq!(player.now(), Micros(61_000_000));
}

#[test]
fn steps_stop_at_what_is_drawn() {
    let mut player = ready(session());
    let mut seen = Vec::new();
    while player.step() {
        seen.push(shown(&player).lines().last().unwrap().to_owned());
    }
    assert_eq!(seen, ["$ one", "first", "$", "$ two", "second", "$"]);
}

#[test]
fn jumps_land_where_they_say() {
    use Way::{Back, Forward};
    let table: &[(Jump, Reached, u64, &str)] = &[
        (Jump::NextCommand(Back), Reached::Nowhere, 0, ""),
        (Jump::NextCommand(Forward), Reached::There, 100, "$ one"),
        (
            Jump::NextCommand(Forward),
            Reached::There,
            60_000,
            "$ one\nfirst\n$ two",
        ),
        (
            Jump::NextCommand(Forward),
            Reached::Nowhere,
            60_000,
            "$ one\nfirst\n$ two",
        ),
        (Jump::NextCommand(Back), Reached::There, 100, "$ one"),
        (
            Jump::NextFailed(Forward),
            Reached::There,
            60_000,
            "$ one\nfirst\n$ two",
        ),
        (
            Jump::NextFailed(Back),
            Reached::Nowhere,
            60_000,
            "$ one\nfirst\n$ two",
        ),
        (
            Jump::NextMark(Forward),
            Reached::There,
            60_600,
            "$ one\nfirst\n$ two\nsecond",
        ),
        (
            Jump::NextCommand(Back),
            Reached::There,
            60_000,
            "$ one\nfirst\n$ two",
        ),
        (Jump::Outcome(1), Reached::There, 150, "$ one\nfirst"),
        (
            Jump::Outcome(2),
            Reached::There,
            60_600,
            "$ one\nfirst\n$ two\nsecond",
        ),
        (Jump::Command(1), Reached::There, 100, "$ one"),
        (Jump::Command(9), Reached::Nowhere, 100, "$ one"),
        (Jump::Time(Micros(70_000)), Reached::There, 70, ""),
        (
            Jump::Time(Micros(u64::MAX)),
            Reached::There,
            61_000,
            "$ one\nfirst\n$ two\nsecond\n$",
        ),
        (Jump::Start, Reached::There, 0, ""),
    ];
    let mut player = ready(session());
    for (jump, reached, millis, screen) in table {
        assert_eq!(player.jump(*jump), *reached, "{jump:?}");
        assert_eq!(player.now().millis(), *millis, "{jump:?}");
        assert_eq!(shown(&player), *screen, "{jump:?}");
    }
}

#[test]
fn what_is_not_indexed_yet_is_not_reached() {
    let mut player = Player::new(session(), SIZE);
    assert_eq!(player.indexed(), 0);
    assert_eq!(
        player.jump(Jump::NextCommand(Way::Forward)),
        Reached::NotYet
    );
    assert_eq!(player.jump(Jump::End), Reached::NotYet);
    assert!(player.index_more());
    assert_eq!(player.indexed(), 500);
    assert_eq!(player.jump(Jump::Command(1)), Reached::There);
    assert_eq!(player.jump(Jump::Command(2)), Reached::NotYet);
    assert!(!player.index_more());
    assert_eq!(player.jump(Jump::Command(2)), Reached::There);
}

#[test]
fn a_glimpse_of_what_is_not_indexed_yet_reads_little() {
    /// So many pieces, and how many of them were read.
    struct Counted(usize, usize);
    impl Source for Counted {
        fn pieces(&self) -> usize {
            self.0
        }
        fn read(&mut self, number: usize) -> Result<Vec<Event>, String> {
            self.1 += 1;
            let millis = u64::try_from(number).unwrap() * 1000;
            let line = |n: u64| output(millis + n * 100, &format!("{number}.{n}\r\n"));
            Ok((0..9).map(line).collect())
        }
    }
    let mut player = Player::new(Counted(4_096, 0), SIZE);
    let seen = player.glimpse(Micros(2_000_350_000)).unwrap();
    assert!(player.source.1 < 20, "{} pieces were read", player.source.1);
    assert_eq!(seen.text(), ["2000.0", "2000.1", "2000.2", "2000.3", ""]);
    assert_eq!(player.now(), Micros(0), "the playhead stays");
    let last = player.glimpse(Micros(u64::MAX)).unwrap();
    assert_eq!(last.text()[3], "4095.8");
    let (before, length) = (player.source.1, player.length());
    assert_eq!(length, Micros(4_095_800_000), "its last piece tells");
    assert_eq!(player.length(), length);
    assert_eq!(player.source.1, before + 1, "one piece is read for it");
    while player.index_more() {}
    let at = Micros(2_000_350_000);
    assert!(player.glimpse(at).is_none(), "it is known by now");
    assert_eq!(player.length(), length);
    player.jump(Jump::Time(at));
    assert_eq!(player.screen().grid(), seen.grid());
}

#[test]
fn a_piece_that_cannot_be_read_is_a_gap() {
    struct Damaged;
    impl Source for Damaged {
        fn pieces(&self) -> usize {
            3
        }
        fn read(&mut self, number: usize) -> Result<Vec<Event>, String> {
            match number {
                0 => Ok(vec![output(1, "before\r\n")]),
                1 => Err("piece 1 was altered".into()),
                _ => Ok(vec![output(2, "after")]),
            }
        }
    }
    let mut player = Player::new(Damaged, SIZE);
    while player.index_more() {}
    player.jump(Jump::End);
    assert_eq!(shown(&player), "before\nafter");
    let kind = &player.landmarks().marks[0].kind;
    let why = "undecodable: piece 1 was altered";
    assert_eq!(*kind, crate::player::MarkKind::Gap(why.into()));
}

#[test]
fn speeds_stay_within_their_bounds() {
    let mut player = ready(session());
    for _ in 0..20 {
        player.change_speed(Way::Forward);
    }
    assert_eq!(player.speed(), 32.0);
    for _ in 0..20 {
        player.change_speed(Way::Back);
    }
    assert_eq!(player.speed(), 0.25);
    for (asked, taken) in [(f64::NAN, 1.0), (0.0, 0.25), (1e9, 32.0), (1.2, 1.2)] {
        player.set_speed(asked);
        assert_eq!(player.speed(), taken, "asked for {asked}");
    }
}

/// A player with a keyframe every few events.
fn dense(source: Vec<Vec<Event>>) -> Player<Vec<Vec<Event>>> {
    let mut player = Player::new(source, SIZE);
    player.index = Index::bounded(SIZE, 50, 1 << 20);
    while player.index_more() {}
    player
}

/// A recording with all that changes a screen.
fn recording() -> impl Strategy<Value = Vec<Vec<Event>>> {
    let body = prop_oneof![
        8 => "[a-z\r\n]{1,40}".prop_map(|s| Body::Output(s.into_bytes())),
        2 => Just(Body::Output(b"\x1b[2J\x1b[H\x1b[31m".to_vec())),
        1 => Just(Body::Output(b"\x1b[?1049h".to_vec())),
        1 => Just(Body::Output(b"\x1b[?1049l".to_vec())),
        1 => Just(Body::Output("é".as_bytes()[..1].to_vec())),
        1 => (1..60u16, 1..9u16).prop_map(|(cols, rows)| Body::Resize(Size { cols, rows })),
        1 => Just(Body::Pause),
    ];
    let event = (0..50u64, body);
    let piece = proptest::collection::vec(event, 0..8);
    proptest::collection::vec(piece, 1..8).prop_map(|pieces| {
        let mut clock = 0;
        let piece = |events: Vec<(u64, Body)>| {
            let event = |(wait, body)| {
                clock += wait;
                at(clock, body)
            };
            events.into_iter().map(event).collect()
        };
        pieces.into_iter().map(piece).collect()
    })
}

proptest! {
    /// Wherever the playhead came from, the screen at a time is that of the linear replay.
    #[test]
    fn a_seek_equals_the_linear_replay(
        source in recording(),
        times in proptest::collection::vec(0..1200u64, 1..8),
    ) {
        let mut player = dense(source.clone());
        let until = player.landmarks().until;
        for time in times {
            let time = Micros(time).min(until);
            prop_assert_eq!(player.jump(Jump::Time(time)), Reached::There);
            prop_assert_eq!(player.screen().grid(), linear(&source, time).grid());
            prop_assert_eq!(player.now(), time);
        }
    }

    /// Playing in small steps of time shows at each of them what a seek shows.
    #[test]
    fn playing_equals_seeking(source in recording(), step in 1..200u64) {
        let mut player = dense(source.clone());
        player.set_idle(None);
        player.set_playing(true);
        while player.playing() {
            // Several calls, as one of them applies a bounded number of bytes.
            player.advance(Duration::from_micros(step));
            let due = player.wait();
            if due.is_some_and(|due| due > Duration::ZERO) {
                prop_assert_eq!(player.screen().grid(), linear(&source, player.now()).grid());
            }
        }
        let last = player.landmarks().until;
        prop_assert_eq!(player.screen().grid(), linear(&source, last).grid());
    }
}
