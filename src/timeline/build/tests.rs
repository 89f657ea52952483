//! Timelines from hand-made streams.

use super::*;
use crate::model::wire::{self, Exchange};
use crate::model::{Exit, Gap, GapKind};

const SIZE: Size = Size { cols: 40, rows: 5 };

fn event(ms: u64, body: Body) -> Event {
    Event {
        at: Micros(ms * 1000),
        body,
    }
}

fn output(ms: u64, text: &str) -> Event {
    event(ms, Body::Output(text.as_bytes().to_vec()))
}

fn command(ms: u64, number: u32, text: &str) -> Event {
    event(
        ms,
        Body::Command(crate::model::Command {
            number,
            text: text.into(),
            prompt: "app=> ".into(),
            prompt_at: Micros((ms - 1) * 1000),
        }),
    )
}

fn end(ms: u64, number: u32, outcome: Option<&str>) -> Event {
    let outcome = outcome.map(str::to_owned);
    event(ms, Body::CommandEnd { number, outcome })
}

fn session() -> Vec<Event> {
    vec![
        output(0, "psql (15.18)\r\nType \"help\" for help.\r\n\r\n"),
        output(5, "app=> "),
        output(20, "select 1\r\n"),
        command(20, 1, "select 1"),
        output(
            21,
            " ?column? \r\n----------\r\n        1\r\n(1 row)\r\n\r\n",
        ),
        end(22, 1, Some("1 row")),
        output(22, "app=> "),
        output(90, "select *\r\napp-> from \x1b[1mt\x1b[0m;\r\n"),
        command(90, 2, "select *\nfrom t;"),
        event(
            91,
            Body::Masked {
                rule: "jwt".into(),
                count: 2,
            },
        ),
        output(91, "ERROR:  relation \"t\" does not exist\r\n"),
        end(95, 2, Some("ERROR 42P01")),
        event(
            100,
            Body::Marker {
                label: "look here".into(),
            },
        ),
        event(110, Body::Pause),
        event(200, Body::Resume),
        event(
            200,
            Body::Gap(Gap {
                kind: GapKind::Paused,
                bytes: 0,
                detail: String::new(),
            }),
        ),
        event(
            210,
            Body::Resize(Size {
                cols: 100,
                rows: 30,
            }),
        ),
        output(250, "app=> \\q\r\n"),
        event(
            300,
            Body::Exit(Exit {
                code: 0,
                signal: None,
            }),
        ),
    ]
}

fn build(events: &[Event]) -> (Timeline, Vec<Part>) {
    let mut builder = Builder::new(SIZE, 1 << 16);
    let mut parts = Vec::new();
    for event in events {
        builder.push(event);
        parts.extend(builder.parts());
    }
    let (timeline, rest) = builder.finish();
    parts.extend(rest);
    (timeline, parts)
}

#[test]
fn a_session_becomes_commands_with_output_and_outcome() {
    let (timeline, parts) = build(&session());
    let texts: Vec<_> = timeline
        .commands
        .iter()
        .map(|c| (c.text.as_str(), c.output.text.as_str(), c.failed()))
        .collect();
    assert_eq!(
        texts,
        [
            (
                "select 1",
                " ?column?\n----------\n        1\n(1 row)",
                false
            ),
            (
                "select *\nfrom t;",
                "ERROR:  relation \"t\" does not exist",
                true
            ),
        ]
    );
    let asides: Vec<_> = timeline
        .asides
        .iter()
        .map(|aside| aside.text.text.as_str())
        .collect();
    assert_eq!(
        asides,
        ["psql (15.18)\nType \"help\" for help.", "app=> \\q"]
    );
    assert_eq!(timeline.commands[0].duration().unwrap().as_millis(), 2);
    assert_eq!(timeline.commands[1].masked["jwt"], 2);
    assert_eq!(timeline.pauses, [(Micros(110_000), Some(Micros(200_000)))]);
    assert_eq!(timeline.exit.unwrap().code, 0);
    let of: Vec<_> = parts.iter().map(|part| (part.of, part.last)).collect();
    assert_eq!(
        of,
        [
            (PartOf::Aside(0), true),
            (PartOf::Command(0), true),
            (PartOf::Command(1), true),
            (PartOf::Marker(0), true),
            (PartOf::Aside(1), true),
        ]
    );
}

#[test]
fn every_prefix_of_a_stream_gives_a_timeline() {
    let events = session();
    for n in 0..events.len() {
        let (timeline, parts) = build(&events[..n]);
        assert!(timeline.commands.len() <= 2, "{n}");
        let last = parts.iter().filter(|part| part.last).count();
        let moments = timeline.commands.len() + timeline.asides.len() + timeline.markers.len();
        assert_eq!(last, moments, "each moment has one last part, at {n}");
    }
    let (timeline, _) = build(&events[..5]);
    assert_eq!(timeline.commands[0].end, None);
    assert_eq!(timeline.commands[0].outcome, None);
    assert!(timeline.commands[0].output.text.contains("(1 row)"));
}

#[test]
fn an_outline_is_the_timeline_without_text() {
    let (full, _) = build(&session());
    let mut builder = Builder::outline(SIZE);
    session().iter().for_each(|event| builder.push(event));
    let (outline, _) = builder.finish();
    assert_eq!(outline.summary(), full.summary());
    assert_eq!(outline.commands.len(), full.commands.len());
    assert!(outline.commands.iter().all(|c| c.output == Text::default()));
}

#[test]
fn a_flood_comes_in_parts_and_stays_bounded() {
    let mut builder = Builder::new(SIZE, 1000);
    builder.push(&command(1, 1, "cat big"));
    let line = "0123456789abcdef\r\n".repeat(10_000);
    let mut text = String::new();
    let mut parts = 0;
    for ms in 0..60 {
        builder.push(&output(10 + ms, &line));
        for part in builder.parts() {
            assert!(part.text.len() < 2 * PART_MAX);
            if part.index > 0 {
                assert!(part.at > Micros(10_000));
            }
            text.push_str(&part.text);
            text.push('\n');
            parts += 1;
        }
    }
    let (timeline, rest) = builder.finish();
    for part in rest {
        text.push_str(&part.text);
        text.push('\n');
    }
    assert!(parts > 5);
    assert_eq!(text, "0123456789abcdef\n".repeat(600_000));
    let output = &timeline.commands[0].output;
    assert!(output.text.len() <= 1000 && output.text.len() > 900);
    assert_eq!(
        output.text.len() as u64 + output.cut + parts,
        600_000 * 17 - 1
    );
}

#[test]
fn what_was_masked_in_the_typing_counts_for_the_command() {
    let events = [
        output(1, "$ export TOKEN=****\r\n"),
        event(
            2,
            Body::Masked {
                rule: "env".into(),
                count: 1,
            },
        ),
        command(3, 1, "export TOKEN=****"),
        end(4, 1, None),
    ];
    let (timeline, _) = build(&events);
    assert_eq!(timeline.commands[0].masked["env"], 1);
    assert_eq!(timeline.masked["env"], 1);
    assert_eq!(timeline.asides, []);
}

fn wire(at: u64, connection: u32, what: Exchange) -> Event {
    Event {
        at: Micros(at),
        body: Body::wire(connection, what),
    }
}

fn sent(at: u64, connection: u32, number: u32, text: &str) -> Event {
    let statement = wire::Statement {
        number,
        kind: wire::Kind::Text,
        text: text.into(),
        cut: 0,
        name: String::new(),
        prepared: String::new(),
        parameters: Vec::new(),
    };
    wire(at, connection, Exchange::Statement(statement))
}

fn complete(at: u64, connection: u32, statement: u32, rows: u64) -> Event {
    let complete = wire::Complete {
        statement,
        rows,
        ..wire::Complete::default()
    };
    wire(at, connection, Exchange::Complete(complete))
}

fn over(at: u64, connection: u32, statement: u32) -> Event {
    let end = wire::End {
        statement,
        first: Some(Micros(at - 1)),
        ..wire::End::default()
    };
    wire(at, connection, Exchange::End(end))
}

fn built(mut builder: Builder, events: &[Event]) -> Timeline {
    events.iter().for_each(|event| builder.push(event));
    builder.finish().0
}

#[test]
fn statements_go_to_the_command_that_ran_when_they_were_sent() {
    let row = |text: &str| vec![wire::Value::Text(text.into())];
    let events = vec![
        // Before any command: what a client asks at its start.
        sent(500, 1, 1, "set x"),
        over(600, 1, 1),
        // The statement's event stands before its command's.
        sent(20_300, 1, 2, "select 1; select 2"),
        command(20, 1, "select 1\\; select 2;"),
        complete(20_400, 1, 2, 1),
        wire(
            20_500,
            1,
            Exchange::Rows {
                statement: 2,
                rows: vec![row("2"), row("3")],
            },
        ),
        complete(20_600, 1, 2, 2),
        over(20_700, 1, 2),
        end(21, 1, None),
        // Between commands: what completion asks.
        sent(30_000, 1, 3, "select relname"),
        over(30_100, 1, 3),
        command(90, 2, "select pg_sleep(9)"),
        sent(90_200, 1, 4, "select pg_sleep(9)"),
        wire(91_000, 2, Exchange::Closed { error: None }),
    ];
    let timeline = built(Builder::new(SIZE, 1 << 20), &events);
    let joined: Vec<_> = timeline
        .statements
        .iter()
        .map(|statement| (statement.number, statement.command, statement.rows()))
        .collect();
    assert_eq!(
        joined,
        [(1, None, 0), (2, Some(1), 3), (3, None, 0), (4, Some(2), 0)]
    );
    let [first, second] = timeline.commands.as_slice() else {
        panic!("{:?}", timeline.commands);
    };
    assert_eq!(first.statements, 1..2);
    assert_eq!(second.statements, 3..4);
    let results = &timeline.statements_of(first)[0].results;
    assert_eq!(results.len(), 2);
    assert_eq!(results[1].rows, [row("2"), row("3")]);
    assert_eq!(timeline.statements[1].first, Some(Micros(20_699)));
    assert_eq!(timeline.statements[3].end, None, "the recording ends first");
    assert_eq!(timeline.summary().statements, 4);
    let outline = built(Builder::outline(SIZE), &events);
    assert!(outline.statements[1].results[1].rows.is_empty());
}

#[test]
fn a_statement_heard_before_its_command_is_its_own() {
    let with_prompt = |ms: u64, prompt_at: u64, number, text: &str| {
        let mut event = command(ms, number, text);
        if let Body::Command(command) = &mut event.body {
            command.prompt_at = Micros(prompt_at * 1000);
        }
        event
    };
    let events = vec![
        with_prompt(20, 5, 1, "select 1;"),
        end(21, 1, None),
        // Before the prompt, and what completion asks while it is typed.
        sent(21_500, 1, 1, "update t set a = 1;"),
        over(21_600, 1, 1),
        sent(25_000, 1, 2, "SELECT relname FROM pg_class"),
        over(25_100, 1, 2),
        // The connection was read a moment before the terminal.
        sent(29_900, 1, 3, "update t set a = 1;"),
        with_prompt(30, 22, 2, "update t set a = 1;"),
        over(31_000, 1, 3),
        end(32, 2, None),
    ];
    let timeline = built(Builder::new(SIZE, 0), &events);
    let of: Vec<_> = timeline.statements.iter().map(|s| s.command).collect();
    assert_eq!(of, [None, None, Some(2)]);
}

#[test]
fn neither_typing_nor_paging_is_time_that_a_command_took() {
    let events = vec![
        // Told when its last line is there, as of its first one.
        output(3_000, "app-> 1;\r\n"),
        command(1_000, 1, "select\n1;"),
        sent(3_000_500, 1, 1, "select\n1;"),
        over(3_002_500, 1, 1),
        // It stayed in the pager.
        end(9_000, 1, None),
        output(12_000, "done\r\n"),
        command(10_000, 2, "for i in 1; do\nsleep 1\ndone"),
        end(13_000, 2, None),
        command(20_000, 3, "ls"),
        end(20_005, 3, None),
    ];
    let timeline = built(Builder::new(SIZE, 0), &events);
    let took: Vec<_> = timeline.commands.iter().map(|c| timeline.took(c)).collect();
    let micros = |n| Some(std::time::Duration::from_micros(n));
    assert_eq!(took, [micros(2_000), micros(1_000_000), micros(5_000)]);
    let first = timeline.commands.first().and_then(Command::duration);
    assert_eq!(first, micros(6_000_000));
    assert_eq!(
        timeline.commands[0].at,
        Micros(1_000_000),
        "where it begins"
    );
}

#[test]
fn statements_alone_are_parts() {
    let mut builder = Builder::new(SIZE, 0);
    builder.push(&sent(1_000, 1, 1, "vacuum"));
    builder.push(&over(2_000, 1, 1));
    let (timeline, parts) = builder.finish();
    let parts: Vec<_> = parts.iter().map(|p| (p.of, p.text.as_str())).collect();
    assert_eq!(parts, [(PartOf::Statement(0), "vacuum")]);
    assert_eq!(timeline.sent, 1);
}
