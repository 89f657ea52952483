//! Searches through one hand-made session, as a table.

use super::*;
use crate::model::{Body, Meta, Size, Stamp, Status, Summary, Target};
use crate::query::{Now, snippet};

fn now() -> Now {
    Now {
        stamp: Stamp(1_700_000_100_000_000),
        zone: jiff::tz::TimeZone::UTC,
    }
}

fn meta() -> Meta {
    Meta {
        id: "7f3a0000000000000000000000000001".parse().unwrap(),
        client: "psql".into(),
        command: "psql -h prod-db app".into(),
        target: Target {
            host: Some("prod-db.example.com".into()),
            database: Some("app".into()),
            user: Some("ada".into()),
            port: None,
        },
        started: Stamp(1_700_000_000_000_000),
        utc_offset: 0,
        size: Size { cols: 80, rows: 24 },
        term: "xterm".into(),
        machine: "m".into(),
        login: "ada".into(),
        directory: "/home/ada".into(),
        version: "0".into(),
    }
}

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
    push(0, Body::Output(b"psql (15.18) banner\r\n".to_vec()));
    let commands = [
        (
            "select count(*) from orders where status = 'stuck'",
            " count \r\n-------\r\n    17\r\n(1 row)\r\n",
            Some("1 row"),
            40,
        ),
        (
            "update orders set statsu = 'new'",
            "ERROR:  column \"statsu\" does not exist\r\n",
            Some("ERROR 42703"),
            2,
        ),
        (
            "select * from big",
            "a b\r\nc stuck rows with orders\r\n",
            None,
            2300,
        ),
    ];
    for (number, (text, output, outcome, took)) in (1..).zip(commands) {
        let echo = format!("app=> {text}\r\n");
        push(1000, Body::Output(echo.into_bytes()));
        let prompt = "app=> ".to_owned();
        push(
            0,
            Body::Command(crate::model::Command {
                number,
                text: text.into(),
                prompt,
                prompt_at: Micros(0),
            }),
        );
        push(1, Body::Output(output.as_bytes().to_vec()));
        if number == 3 {
            let label = "why is this slow".to_owned();
            push(0, Body::Marker { label });
            let rule = "jwt".to_owned();
            push(0, Body::Masked { rule, count: 1 });
        }
        let outcome = outcome.map(str::to_owned);
        push(took, Body::CommandEnd { number, outcome });
    }
    events
}

fn hits(text: &str) -> Vec<String> {
    let query = Query::parse(text, &now()).unwrap();
    let meta = meta();
    let summary = Summary {
        duration: Micros(6_000_000),
        masked: [("jwt".to_owned(), 1)].into(),
        ..Summary::default()
    };
    let facts = SessionFacts {
        meta: &meta,
        summary: &summary,
        status: Status::Closed,
        tags: &Default::default(),
        pinned: false,
    };
    let mut scan = Scan::new(&query, facts);
    session().iter().for_each(|event| scan.push(event));
    let (found, _) = scan.finish();
    if !found.is_empty() {
        assert!(query.admits_session(&facts), "{text}: session ruled out");
    }
    found
        .iter()
        .map(|found| match found.of {
            PartOf::Command(n) => format!("c{}", n + 1),
            PartOf::Aside(_) => "aside".to_owned(),
            PartOf::Statement(n) => format!("s{}", n + 1),
            PartOf::Marker(_) => "marker".to_owned(),
        })
        .collect()
}

#[test]
fn searches_find_what_they_ask_for() {
    let table: &[(&str, &[&str])] = &[
        ("", &["c1", "c2", "c3"]),
        ("stuck", &["c1", "c3"]),
        ("STUCK orders", &["c1", "c3"]),
        ("\"stuck orders\"", &[]),
        ("\"stuck rows\"", &["c3"]),
        ("stat*", &["c1", "c2"]),
        ("stat", &[]),
        ("orders -stuck", &["c2"]),
        ("-orders", &[]),
        ("-stuck", &["c2"]),
        ("banner", &["aside"]),
        ("banner OR 17", &["aside", "c1"]),
        ("in:command stuck", &["c1"]),
        ("in:output stuck", &["c3"]),
        ("in:error 42703", &["c2"]),
        ("42703", &["c2"]),
        ("in:note slow", &["marker"]),
        ("slow", &["marker"]),
        ("/count.*stuck/", &["c1"]),
        ("/^c /", &["c3"]),
        ("/nothing like it/", &[]),
        ("= stuck", &["c1"]),
        ("failed:", &["c2"]),
        ("-failed:", &["c1", "c3"]),
        ("slow:>1s", &["c3"]),
        ("slow:<10ms", &["c2"]),
        ("masked:", &["c3"]),
        ("masked:jwt stuck", &["c3"]),
        ("masked:pem", &[]),
        ("client:psql stuck", &["c1", "c3"]),
        ("client:ssh stuck", &[]),
        ("target:prod* db:app user:ada host:example 17", &["c1"]),
        ("id:7f3a 17", &["c1"]),
        ("id:7f3b 17", &[]),
        ("status:closed 17", &["c1"]),
        ("since:2023-11-14T22:13:22 select", &["c3"]),
        ("until:2023-11-14T22:13:22 select", &["c1"]),
        ("(client:ssh stuck) OR (client:psql big)", &["c3"]),
    ];
    for (text, expected) in table {
        assert_eq!(hits(text), *expected, "{text}");
    }
}

#[test]
fn snippets_show_why() {
    let doc = Doc {
        command: "select 1 where status = 'stuck'",
        output: " count \n-------\n    17\n(1 row)",
        ..Doc::default()
    };
    let of = |text: &str, doc: &Doc<'_>, width| {
        let query = Query::parse(text, &now()).unwrap();
        let found = snippet(&query, doc, width);
        let marks: Vec<_> = found.marks.iter().map(|m| &found.text[m.clone()]).collect();
        (found.text.clone(), marks.join("|"))
    };
    assert_eq!(of("stuck", &doc, 60), ("17".into(), String::new()));
    assert_eq!(of("row", &doc, 60), ("(1 row)".into(), "row".into()));
    let long = format!(
        "first\n{}needle é{}\nlast",
        "x ".repeat(50),
        " y".repeat(50)
    );
    let doc = Doc {
        output: &long,
        ..Doc::default()
    };
    let (text, marks) = of("needle", &doc, 30);
    assert_eq!(marks, "needle");
    assert!(text.starts_with('…') && text.ends_with('…') && text.contains("needle é y"));
    assert!(text.chars().count() <= 32, "{text}");
    assert_eq!(of("/e*/ needle", &doc, 10).0, "first");
}

#[test]
fn a_part_that_adds_nothing_is_not_kept() {
    let query = Query::parse("needle", &now()).unwrap();
    let meta = meta();
    let summary = Summary::default();
    let facts = SessionFacts {
        meta: &meta,
        summary: &summary,
        status: Status::Recording,
        tags: &Default::default(),
        pinned: false,
    };
    let mut scan = Scan::new(&query, facts);
    scan.push(&Event {
        at: Micros(1),
        body: Body::Command(crate::model::Command {
            number: 1,
            text: "cat".into(),
            prompt: String::new(),
            prompt_at: Micros(0),
        }),
    });
    for n in 0..12 {
        let line: &[u8] = if n == 9 { b"a needle\r\n" } else { b"" };
        let flood = [&b"0123456789abcdef\r\n".repeat(30_000), line].concat();
        scan.push(&Event {
            at: Micros(n * 1_000_000),
            body: Body::Output(flood),
        });
        assert!(scan.waiting.len() <= 2);
    }
    let (found, _) = scan.finish();
    assert_eq!(found.len(), 1);
    assert!(found[0].part > 2 && found[0].text.contains("needle"));
    assert!(found[0].at > Micros(5_000_000));
}
