//! That a glance never denies what reading finds.

use super::*;
use crate::model::wire::{End, Exchange, Kind, Report, Statement, Value};
use crate::model::{Body, Command, Event, Meta, Micros, Stamp, Status, Summary, Target, codec};
use crate::query::{Now, Query, Scan, SessionFacts};
use proptest::prelude::*;
use std::collections::BTreeSet;

const SIZE: Size = Size { cols: 20, rows: 4 };

fn query(text: &str) -> Query {
    let now = Now {
        stamp: Stamp(1_700_000_000_000_000),
        zone: jiff::tz::TimeZone::UTC,
    };
    Query::parse(text, &now).unwrap()
}

fn events(bodies: Vec<Body>) -> Vec<Event> {
    let timed = bodies.into_iter().zip(1..);
    timed
        .map(|(body, second)| Event {
            at: Micros(second * 1_000_000),
            body,
        })
        .collect()
}

fn output(text: &str) -> Body {
    Body::Output(text.as_bytes().to_vec())
}

fn command(number: u32, text: &str) -> Body {
    Body::Command(Command {
        number,
        text: text.into(),
        prompt: "$ ".into(),
        prompt_at: Micros(0),
    })
}

fn over(number: u32) -> Body {
    Body::CommandEnd {
        number,
        outcome: None,
    }
}

/// What a glance says of these events in pieces of `each`; `None` where it says nothing at all.
fn glance(query: &Query, events: &[Event], each: usize) -> Option<Glance> {
    let needles = Needles::new(query)?;
    let size = || SIZE;
    let mut skim = Skim::new(&needles, &size);
    for piece in events.chunks(each.max(1)) {
        let mut plain = Vec::new();
        piece
            .iter()
            .for_each(|event| codec::encode(event, &mut plain));
        if skim.piece(&plain) == Glance::Perhaps {
            return Some(Glance::Perhaps);
        }
    }
    Some(skim.finish())
}

fn found(query: &Query, events: &[Event]) -> usize {
    let meta = Meta {
        id: "7f3a0000000000000000000000000001".parse().unwrap(),
        client: "psql".into(),
        command: "psql".into(),
        target: Target::default(),
        started: Stamp(1_700_000_000_000_000),
        utc_offset: 0,
        size: SIZE,
        term: "xterm".into(),
        machine: "m".into(),
        login: "ada".into(),
        directory: "/".into(),
        version: "0".into(),
    };
    let facts = SessionFacts {
        meta: &meta,
        summary: &Summary::default(),
        status: Status::Closed,
        tags: &BTreeSet::new(),
        pinned: false,
    };
    let mut scan = Scan::new(query, facts);
    events.iter().for_each(|event| scan.push(event));
    scan.finish().0.len()
}

#[test]
fn most_of_what_does_not_match_is_told_by_a_glance() {
    let says = |message: &str| {
        Body::wire(
            1,
            Exchange::End(End {
                statement: 1,
                error: Some(Report {
                    severity: "ERROR".into(),
                    code: "42P01".into(),
                    message: message.into(),
                    ..Report::default()
                }),
                ..End::default()
            }),
        )
    };
    let rows = Body::wire(
        1,
        Exchange::Rows {
            statement: 1,
            rows: vec![vec![Value::Text("needle".into())]],
        },
    );
    let sent = |text: &str| {
        Body::wire(
            1,
            Exchange::Statement(Statement {
                number: 1,
                kind: Kind::Text,
                text: text.into(),
                cut: 0,
                name: String::new(),
                prepared: String::new(),
                parameters: Vec::new(),
            }),
        )
    };
    let table: Vec<(&str, Vec<Body>, bool)> = vec![
        ("needle", vec![output("nothing\r\n")], false),
        ("needle", vec![output("a Needle\r\n")], true),
        ("needle", vec![output("a need"), output("le\r\n")], true),
        ("needle", vec![output("nee\x1b[1mdle\r\n")], true),
        ("needle", vec![output("neeX\x08dle\r\n")], true),
        ("needle", vec![output("xx\x1b[1mcolours\x1b[0m\r\n")], false),
        (
            "needle",
            vec![output("edle\x1b[1Gne"), output("needle\x1b[2K")],
            false,
        ),
        ("/dle.*nee/", vec![output("abcdle\x1b[31mxnee\r\n")], true),
        ("needle", vec![command(1, "say \"needle\""), over(1)], true),
        (
            "needle",
            vec![command(1, "say \"\u{1b}nee\""), over(1)],
            false,
        ),
        (
            "in:output needle",
            vec![command(1, "needle"), over(1)],
            false,
        ),
        ("in:command needle", vec![output("needle")], false),
        ("needle", vec![rows], false),
        ("needle", vec![sent("select needle")], true),
        (
            "\"42P01: needle\"",
            vec![sent("select"), says("needle is missing")],
            true,
        ),
        (
            "/42P01: needle/",
            vec![sent("select"), says("needle is missing")],
            true,
        ),
        (
            "\"42P01 needle\"",
            vec![sent("select"), says("needle is missing")],
            true,
        ),
        ("needle -other", vec![output("needle\r\n")], true),
        ("\"a needle\"", vec![output("the needle, a pin\r\n")], false),
        (
            "\"a needle\"",
            vec![output("a --\r\n\r\n"), output("needle\r\n")],
            true,
        ),
        (
            "\"a needle\"",
            vec![output("\x1b[1ma\x1b[m\r\nneedle\r\n")],
            true,
        ),
        (
            "\"a needle\"",
            vec![output("\x1b[1mneedle\x1b[m\r\na\r\n")],
            false,
        ),
        (
            "\"a needle\"",
            vec![command(1, "a\n\u{1}\"Needle"), over(1)],
            true,
        ),
        ("\"a needle\"", vec![command(1, "needle a"), over(1)], false),
        ("\"a needle\"", vec![sent("select a, needle")], true),
        ("/needle on/", vec![output("on a needle\r\n")], false),
        ("/needle on/", vec![output("a needle on\r\n")], true),
        (
            "/needle on/",
            vec![output("\x1b[1mneedle\x1b[m\ton\r\n")],
            false,
        ),
        ("/needle on/", vec![sent("select needle, on")], false),
        ("/needle on/", vec![sent("select needle on")], true),
        ("\"a needle\"", vec![sent("select needle, a")], false),
        ("needle other", vec![output("needle\r\n")], false),
        (
            "needle",
            vec![Body::Marker {
                label: "the needle".into(),
            }],
            true,
        ),
        (
            "needle",
            vec![Body::Stream {
                fd: 1,
                data: b"a\nneedle\nb".to_vec(),
            }],
            true,
        ),
    ];
    for (text, bodies, expected) in table {
        let (query, events) = (query(text), events(bodies));
        let expected = match expected {
            true => Glance::Perhaps,
            false => Glance::Nothing,
        };
        for each in 1..=events.len() {
            let said = glance(&query, &events, each);
            assert_eq!(said, Some(expected), "{text:?} in {events:?} by {each}");
        }
        if expected == Glance::Nothing {
            assert_eq!(found(&query, &events), 0, "{text:?} in {events:?}");
        }
    }
}

#[test]
fn what_it_does_not_understand_is_read() {
    let query = query("needle");
    let needles = Needles::new(&query).unwrap();
    for piece in [
        &b"no event\n"[..],
        b"{\"t\":1,\"k\":\"o\",\"n\":5}\nabc\n",
        b"{\"t\":1,\"k\":\"m\",\"label\":\"\\u006eeedle\"}\n",
        b"{\"t\":1,\"k\":\"m\",\"label\":\"a\\/b\"}\n",
        b"{\"t\":1,\"k\":\"c\",\"text\":\"x\",\"number\":1}\n",
    ] {
        let mut skim = Skim::new(&needles, &|| SIZE);
        assert_eq!(
            skim.piece(piece),
            Glance::Perhaps,
            "{}",
            piece.escape_ascii()
        );
    }
}

#[test]
fn a_note_counts_and_a_long_moment_is_not_held() {
    let query = query("needle");
    let needles = Needles::new(&query).unwrap();
    assert_eq!(
        Skim::new(&needles, &|| SIZE).note("a needle here"),
        Glance::Perhaps
    );
    let mut skim = Skim::new(&needles, &|| SIZE);
    let line = events(vec![output(&"a line\r\n".repeat(10_000))]);
    let mut plain = Vec::new();
    codec::encode(&line[0], &mut plain);
    for _ in 0..100 {
        assert_eq!(skim.piece(&plain), Glance::Nothing);
        assert!(skim.printed.len() <= HELD_MAX + 1);
    }
    let last = events(vec![output("a needle")]);
    let mut plain = Vec::new();
    codec::encode(&last[0], &mut plain);
    assert_eq!(skim.piece(&plain), Glance::Nothing, "no line yet");
    assert_eq!(skim.finish(), Glance::Perhaps);
}

/// What is rendered of a long moment is looked at in parts, and a phrase may stand in two of them.
#[test]
fn a_phrase_is_found_across_the_parts_of_a_long_moment() {
    let query = query("\"a needle\"");
    let lines = "\x1b[1mwords, words\x1b[m\r\n".repeat(RENDERED_MAX / 14);
    for (first, last, said) in [
        ("words\r\na\r\n", "needle\r\n", Glance::Perhaps),
        ("words\r\na\r\n", "pin\r\n", Glance::Nothing),
    ] {
        let bodies = vec![
            output(&lines),
            output(first),
            output(&lines.replace("words", "--")),
            output(last),
        ];
        let events = events(bodies);
        assert_eq!(glance(&query, &events, 1), Some(said), "{last:?}");
        assert_eq!(found(&query, &events) > 0, said == Glance::Perhaps);
    }
}

/// Bits of terminal output, some of which move the cursor over others.
const BITS: &[&str] = &[
    "nee",
    "dle",
    "needle",
    "n",
    "e",
    "dl",
    "stuck ",
    "or",
    "ders",
    "\r\n",
    "\r",
    "\n",
    "\x08",
    "\x1b[1m",
    "\x1b[K",
    "\x1b[2D",
    "\x1b[1A",
    "\x1b[3C",
    "\t",
    "\x1b]0;t\x07",
    "\x1b",
    "[1m",
    "é",
    "\u{c2}",
    "\u{a0}",
    "\x07",
    "\x1b[?1049h",
    "\x1b[?1049l",
    "\x1b[H",
    "\x1b[2J",
    ":",
    "\"",
    "\\",
    "\u{212a}elvin",
    "$ ",
];

fn body() -> impl Strategy<Value = Body> {
    let text =
        prop::collection::vec(prop::sample::select(BITS), 0..8).prop_map(|bits| bits.concat());
    prop_oneof![
        5 => (text.clone(), 0..3_usize).prop_map(|(text, cut)| {
            // Cut anywhere, in the middle of a character too.
            let bytes = text.into_bytes();
            let from = cut.min(bytes.len());
            Body::Output(bytes[from..].to_vec())
        }),
        1 => text.clone().prop_map(|text| Body::Stream { fd: 2, data: text.into_bytes() }),
        2 => (1..4_u32, text.clone()).prop_map(|(number, text)| command(number, &text)),
        2 => (1..4_u32, text.clone()).prop_map(|(number, text)| Body::CommandEnd {
            number,
            outcome: Some(text),
        }),
        1 => text.clone().prop_map(|label| Body::Marker { label }),
        1 => (1..30_u16, 1..6_u16).prop_map(|(cols, rows)| Body::Resize(Size { cols, rows })),
        1 => text.clone().prop_map(|text| Body::wire(1, Exchange::Statement(Statement {
                number: 1,
                kind: Kind::Text,
                text,
                cut: 0,
                name: String::new(),
                prepared: String::new(),
                parameters: Vec::new(),
            }))),
        1 => (text.clone(), text).prop_map(|(message, detail)| Body::wire(1, Exchange::End(End {
                statement: 1,
                error: Some(Report {
                    severity: "ERROR".into(),
                    code: "42P01".into(),
                    message,
                    detail,
                    ..Report::default()
                }),
                ..End::default()
            }))),
    ]
}

const QUERIES: &[&str] = &[
    "needle",
    "need*",
    "\"stuck orders\"",
    "\"nee dle\"",
    "\"dle or*\"",
    "in:error \"42p01 needle\"",
    "\"needle kelvin\" OR in:command \"needle e\"",
    "/needle/",
    "/stuck or/",
    "/needle stuck|ders \\$ nee/",
    "/42P01: needle stuck/",
    "/nee.?stuck ders/",
    "/nee.?dle/",
    "/(?i)ORDERS?$/",
    "/^dle/",
    "/stuck +orders/",
    "/ERROR 42P01: nee/",
    "kelvin",
    "in:output orders",
    "in:error needle -stuck",
    "needle OR /dle|ders/",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_glance_never_denies_what_reading_finds(
        bodies in prop::collection::vec(body(), 0..14),
        each in 1..6_usize,
    ) {
        let events = events(bodies);
        for text in QUERIES {
            let query = query(text);
            let said = glance(&query, &events, each);
            prop_assert!(said.is_some(), "{text} has a needle");
            if said == Some(Glance::Nothing) {
                prop_assert_eq!(found(&query, &events), 0, "{:?} in {:?}", text, events);
            }
        }
    }
}
