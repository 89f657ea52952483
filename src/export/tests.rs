//! Pieces of a made-up session: masked as a whole, cut, encoded.

use super::*;
use crate::mask::Rules;
use crate::model::{
    Body, Command, Event, Exit, Meta, Micros, Size, Stamp, Status, Summary, Target,
};

const SECRET: &str = "s3cr3tpw99";
const MASKED: &str = "********";

fn meta() -> Meta {
    Meta {
        id: "7f3a0000000000000000000000000001".parse().unwrap(),
        client: "bash".into(),
        command: "bash".into(),
        target: Target::default(),
        started: Stamp(1_700_000_000_000_000),
        utc_offset: 0,
        size: Size { cols: 80, rows: 24 },
        term: "xterm".into(),
        machine: String::new(),
        login: String::new(),
        directory: String::new(),
        version: String::new(),
    }
}

/// Three commands; each prompt and echo stands between the end of one and the next.
fn session() -> Vec<Event> {
    let mut events = Vec::new();
    let mut at = 0;
    let mut push = |ms: u64, body| {
        at += ms;
        events.push(Event {
            at: Micros(at * 1000),
            body,
        });
    };
    let commands = [
        ("ls", "one  two\r\n".to_owned()),
        (
            "cat token",
            format!("url postgres://ada:{SECRET}@db/app\r\n"),
        ),
        ("date", "\x1b[1mSun\x1b[0m\r\nunfinished".to_owned()),
    ];
    push(0, Body::Output(b"Welcome\r\n".to_vec()));
    for (number, (text, output)) in (1..).zip(commands) {
        push(100, Body::Output(b"$ ".to_vec()));
        push(900, Body::Output(format!("{text}\r\n").into_bytes()));
        let command = Command {
            number,
            text: text.into(),
            prompt: "$ ".into(),
            prompt_at: Micros((at_ms(number) - 900) * 1000),
        };
        push(0, Body::Command(command));
        push(10, Body::Output(output.into_bytes()));
        let outcome = Some("exit 0".to_owned());
        push(10, Body::CommandEnd { number, outcome });
    }
    let exit = Exit {
        code: 0,
        signal: None,
    };
    push(1000, Body::Exit(exit));
    events
}

fn at_ms(number: u32) -> u64 {
    u64::from(number) * 1000 + u64::from(number - 1) * 20
}

/// What an export does, in its order.
fn piece(cut: Cut) -> (Vec<Event>, Option<Start>, Report) {
    let (mut again, meta) = Again::new(&Rules::builtin(), &meta(), &[]);
    let mut cutter = Cutter::new(cut, meta.size);
    let (mut inside, mut start, mut report) = (Vec::new(), None, Report::default());
    let mut events: Vec<Event> = Vec::new();
    for event in session() {
        events.extend(again.push(&event));
    }
    events.extend(again.finish());
    for event in events {
        match cutter.step(&event) {
            Step::Outside => continue,
            Step::First(first) => start = Some(first),
            Step::Inside => {}
        }
        report.count(&event);
        inside.push(event);
    }
    (inside, start, report)
}

fn output(events: &[Event]) -> String {
    let mut bytes = Vec::new();
    for event in events {
        if let Body::Output(data) = &event.body {
            bytes.extend_from_slice(data);
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn kinds(events: &[Event]) -> String {
    let kind = |event: &Event| match &event.body {
        Body::Output(_) => 'o',
        Body::Command(_) => 'c',
        Body::CommandEnd { .. } => 'e',
        Body::Masked { .. } => 'm',
        Body::Exit(_) => 'x',
        _ => '?',
    };
    let mut text: Vec<char> = events.iter().map(kind).collect();
    // How output is divided is the pipeline's business.
    text.dedup_by(|a, b| a == b && *a == 'o');
    text.into_iter().collect()
}

#[test]
fn masking_again_keeps_every_event_in_its_place() {
    let (events, _, report) = piece(Cut::Whole);
    assert_eq!(kinds(&events), "oco".to_owned() + "eoco" + "meoco" + "ex");
    let expected = output(&session()).replace(SECRET, MASKED);
    assert_eq!(output(&events), expected);
    assert_eq!(report.masked.values().sum::<u32>(), 1);
    let line = report.line();
    assert!(line.starts_with("masked 1 value ("), "{line}");
    assert!(line.ends_with("nothing doubtful left"), "{line}");
}

#[test]
fn a_session_without_secrets_comes_out_as_it_was() {
    let (mut again, _) = Again::new(&Rules::builtin(), &meta(), &[]);
    let clean: Vec<Event> = session()
        .into_iter()
        .filter(|event| match &event.body {
            Body::Output(data) => !data.starts_with(b"url "),
            _ => true,
        })
        .collect();
    let mut events = Vec::new();
    for event in &clean {
        events.extend(again.push(event));
    }
    events.extend(again.finish());
    assert_eq!(output(&events), output(&clean));
    assert_eq!(kinds(&events), kinds(&clean));
    let commands = |events: &[Event]| -> Vec<Event> {
        let is = |e: &&Event| matches!(e.body, Body::Command(_) | Body::CommandEnd { .. });
        events.iter().filter(is).cloned().collect()
    };
    assert_eq!(commands(&events), commands(&clean));
}

#[test]
fn commands_are_cut_with_their_prompts_and_nothing_of_the_others() {
    let (events, start, report) = piece(Cut::Commands(2, 2));
    let text = output(&events);
    assert!(
        text.starts_with("$ cat token\r\nurl postgres://ada:********@db"),
        "{text:?}"
    );
    assert!(!text.contains("one") && !text.contains("Sun") && !text.contains(SECRET));
    assert_eq!(kinds(&events), "ocome");
    assert_eq!(start.unwrap().screen, "");
    assert_eq!(report.masked.values().sum::<u32>(), 1);
    let (events, _, _) = piece(Cut::Commands(1, 2));
    assert!(output(&events).starts_with("Welcome\r\n$ ls\r\n"));
    assert!(!output(&events).contains("date"));
    let (events, start, _) = piece(Cut::Commands(9, 12));
    assert_eq!((events.len(), start), (0, None));
}

#[test]
fn time_is_cut_with_the_screen_as_it_stood() {
    let from = Micros((at_ms(2) - 500) * 1000);
    let (events, start, _) = piece(Cut::Time(from, Micros(at_ms(2) * 1000 + 15_000)));
    let start = start.unwrap();
    assert_eq!(start.at, from);
    assert!(start.screen.contains("Welcome") && start.screen.contains("one  two"));
    assert_eq!(
        output(&events).replace('*', ""),
        "cat token\r\nurl postgres://ada:@db/app\r\n"
    );
}

#[test]
fn text_is_what_was_seen() {
    let (events, start, _) = piece(Cut::Commands(2, 3));
    let mut plain = Plain::new(start.unwrap().size, "");
    let mut out = Vec::new();
    plain.begin(&mut out);
    events.iter().for_each(|event| plain.event(event, &mut out));
    plain.end(&mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        format!("$ cat token\nurl postgres://ada:{MASKED}@db/app\n$ date\nSun\nunfinished\n")
    );
}

#[test]
fn json_lines_are_whole_objects() {
    let (events, start, _) = piece(Cut::Whole);
    let summary = Summary::default();
    let session = session_json(&meta(), &summary, Status::Closed);
    let mut lines = JsonLines::new(session, start.unwrap().size);
    let mut out = Vec::new();
    lines.begin(&mut out);
    events.iter().for_each(|event| lines.event(event, &mut out));
    lines.end(&mut out);
    let text = String::from_utf8(out).unwrap();
    let objects: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let types: Vec<&str> = objects
        .iter()
        .map(|o| o["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        ["session", "text", "command", "command", "command", "exit"]
    );
    assert_eq!(objects[0]["started"], "2023-11-14T22:13:20.000Z");
    assert_eq!(objects[2]["text"], "ls");
    assert_eq!(objects[2]["output"], "one  two");
    assert_eq!(objects[2]["at_ms"], 1000);
    assert_eq!(objects[2]["duration_ms"], 20);
    assert_eq!(objects[4]["output"], "Sun\nunfinished");
    assert!(!text.contains(SECRET));
}

#[test]
fn a_cast_of_a_piece_begins_at_its_prompt() {
    let (events, start, _) = piece(Cut::Commands(2, 2));
    let start = start.unwrap();
    let mut cast = Cast::new(Version::V2, &meta(), start.at, start.size, &start.screen);
    let mut out = Vec::new();
    cast.begin(&mut out);
    events.iter().for_each(|event| cast.event(event, &mut out));
    cast.end(&mut out);
    let text = String::from_utf8(out).unwrap();
    let mut lines = text.lines();
    let header: serde_json::Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!(header["timestamp"], 1_700_000_001);
    assert_eq!(lines.next().unwrap(), "[0.000000, \"o\", \"$ \"]");
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("[0.900000, \"o\", \"cat token\\r\\n")
    );
}
