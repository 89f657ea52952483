//! What is handed on: every format says what was recorded, and nothing of it that is secret.

mod browser;
mod page;

use crate::support::{Home, Terminal, check, recorded, tool};
use rec::model::wire::{Column, Complete, End, Exchange, Kind, Report, Statement, Value as Cell};
use rec::model::{Body, Event, Exit, Micros, SessionId};
use recorded::{at, command, end, output, record};
use serde_json::{Value, json};
use std::process::Output;

/// A session of psql: a result, a failure, a change.
fn psql() -> Vec<Event> {
    vec![
        output(0, "psql (15.18)\r\n\r\napp=> "),
        output(900, "select id, status from orders;\r\n"),
        command(1_000, 1, "select id, status from orders;"),
        output(
            1_010,
            " id | status \r\n----+--------\r\n  1 | stuck\r\n  2 | paid|no\r\n(2 rows)\r\n\r\n",
        ),
        end(1_041, 1, Some("2 rows")),
        output(1_041, "app=> "),
        output(2_900, "update orders set statsu = 1;\r\n"),
        command(3_000, 2, "update orders set statsu = 1;"),
        output(
            3_001,
            "\x1b[31mERROR:\x1b[0m  column \"statsu\" does not exist\r\n",
        ),
        end(3_003, 2, Some("ERROR:  column \"statsu\" does not exist")),
        output(3_003, "app=> "),
        output(
            4_900,
            "update orders set status = '</script><b>'\r\napp-> where id = 1;\r\n",
        ),
        command(
            5_000,
            3,
            "update orders set status = '</script><b>'\nwhere id = 1;",
        ),
        output(5_001, "UPDATE 1\r\n"),
        end(5_003, 3, Some("UPDATE 1")),
        output(5_003, "app=> \\q\r\n"),
        command(6_000, 4, "\\q"),
        at(
            6_100,
            Body::Exit(Exit {
                code: 3,
                signal: None,
            }),
        ),
    ]
}

fn home(events: &[Event]) -> (Home, String) {
    let home = Home::with_vault();
    let id: SessionId = record(&home, "psql", "prod-db", 0, events);
    (home, id.hex())
}

fn export(home: &Home, id: &str, args: &[&str]) -> Output {
    let mut words = vec!["export", id];
    words.extend(args);
    home.rec(&words).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn markdown_has_commands_outcomes_and_results_as_tables() {
    let (home, id) = home(&psql());
    let text = check(&export(&home, &id, &["--format", "markdown"]));
    let expected = r#"# psql app@prod-db

14 November 2023, 22:13

```text
psql (15.18)
```

## 1. at 0:01, 41.0 ms, 2 rows

```sql
select id, status from orders;
```

| id | status |
| --- | --- |
| 1 | stuck |
| 2 | paid\|no |

2 rows

## 2. at 0:03, 3.0 ms, failed: ERROR:  column "statsu" does not exist

```sql
update orders set statsu = 1;
```

```text
ERROR:  column "statsu" does not exist
```

## 3. at 0:05, 3.0 ms, UPDATE 1

```sql
update orders set status = '</script><b>'
where id = 1;
```

```text
UPDATE 1
```
"#;
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn a_script_runs_again_and_leaves_out_what_failed() {
    let (home, id) = home(&psql());
    let text = check(&export(&home, &id, &["--format", "sql"]));
    let expected = r#"-- psql app@prod-db, 2023-11-14 22:13

-- 1 at 0:01, 41.0 ms, 2 rows
select id, status from orders;

-- 2 at 0:03, 3.0 ms, ERROR:  column "statsu" does not exist
-- update orders set statsu = 1;

-- 3 at 0:05, 3.0 ms, UPDATE 1
update orders set status = '</script><b>'
where id = 1;

"#;
    assert_eq!(text, expected);
    let (home, id) = self::home(&[output(0, "$ "), output(10, "done\r\n")]);
    let none = export(&home, &id, &["--format", "sql"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(
        said(&none).contains("there is no statement in it"),
        "{}",
        said(&none)
    );
}

#[test]
fn a_result_becomes_csv_and_several_need_a_choice() {
    let mut events = psql();
    let (home, id) = home(&events);
    let text = check(&export(&home, &id, &["--format", "csv"]));
    assert_eq!(text, "id,status\r\n1,stuck\r\n2,paid|no\r\n");

    let last = events.pop().unwrap();
    events.truncate(events.len() - 2);
    events.extend([
        output(7_000, "app=> select 1;\r\n"),
        command(7_000, 4, "select 1;"),
        output(
            7_001,
            " ?column? \r\n----------\r\n        1\r\n(1 row)\r\n\r\n",
        ),
        end(7_002, 4, Some("1 row")),
        at(8_000, last.body),
    ]);
    let (home, id) = self::home(&events);
    let several = export(&home, &id, &["--format", "csv"]);
    assert!(!several.status.success());
    assert!(
        said(&several).contains("(commands 1, 4)"),
        "{}",
        said(&several)
    );
    let file = home.path().join("one.csv");
    let one = export(
        &home,
        &id,
        &["--command", "4", "-o", file.to_str().unwrap()],
    );
    check(&one);
    assert_eq!(std::fs::read_to_string(file).unwrap(), "?column?\r\n1\r\n");
}

#[test]
fn a_picture_shows_the_screen_at_the_end_of_the_piece() {
    let (home, id) = home(&psql());
    let svg = check(&export(&home, &id, &["--format", "svg", "--command", "2"]));
    assert!(svg.starts_with("<svg "), "{svg}");
    assert!(
        svg.contains("app=&gt; update orders set statsu = 1;</text>"),
        "{svg}"
    );
    assert!(
        svg.contains("style=\"fill:#e06c75\">ERROR:</text>"),
        "{svg}"
    );
    assert!(!svg.contains("stuck"), "{svg}");
    for word in ["<script", "http://", "https://", "href", "url("] {
        let outside = svg.replace("http://www.w3.org/2000/svg", "");
        assert!(!outside.contains(word), "{word} in {svg}");
    }
    // Well formed, as a browser or an editor wants it.
    let checked = home
        .command(tool("python3", "python3"))
        .args([
            "-c",
            "import sys,xml.dom.minidom as d;d.parseString(sys.argv[1])",
            &svg,
        ])
        .output()
        .unwrap();
    check(&checked);
}

#[test]
fn casts_play_in_asciinema_and_say_what_the_format_asks() {
    let (home, id) = home(&psql());
    let file = home.path().join("last.cast");
    check(&export(&home, &id, &["-o", file.to_str().unwrap()]));
    let mut play = home.command(tool("asciinema", "asciinema"));
    play.args(["play", "--speed", "50", "--idle-time-limit", "0.1"])
        .arg(&file);
    let mut terminal = Terminal::open(&play, 100, 30);
    assert!(terminal.wait().success(), "{}", terminal.screen());
    let shown = terminal.screen();
    assert!(
        shown.contains("select id, status") && shown.contains("UPDATE 1"),
        "{shown}"
    );

    // asciicast v3: version 3, `term.cols` and `term.rows`, intervals, exit status as text.
    let cast = check(&export(&home, &id, &["--format", "cast3"]));
    let mut lines = cast
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let header = lines.next().unwrap();
    assert_eq!(header["version"], 3);
    assert_eq!(header["term"]["cols"], 80);
    assert_eq!(header["term"]["rows"], 24);
    assert_eq!(header["term"]["type"], "xterm-256color");
    assert_eq!(header["timestamp"], 1_700_000_000);
    assert!(header.get("width").is_none() && header.get("env").is_none());
    let events: Vec<Value> = lines.collect();
    let total: f64 = events.iter().map(|event| event[0].as_f64().unwrap()).sum();
    assert!((total - 6.1).abs() < 0.002, "{total}");
    for event in &events {
        let code = event[1].as_str().unwrap();
        assert!(["o", "m", "r", "x"].contains(&code), "{event}");
        assert!(event[2].is_string(), "{event}");
    }
    assert_eq!(events.last().unwrap()[1], "x");
    assert_eq!(events.last().unwrap()[2], json!("3"));
}

#[test]
fn a_named_text_is_masked_everywhere_and_strict_writes_nothing_doubtful() {
    let key = "q7RtZp0XvK2mLw9sYbN4cQ";
    let mut events = psql();
    events.insert(1, output(500, &format!("ref {key}\r\napp=> ")));
    let (home, id) = home(&events);
    let file = home.path().join("fix.txt");
    let file = file.to_str().unwrap();

    let loose = export(&home, &id, &["--format", "text"]);
    check(&loose);
    assert!(
        said(&loose).contains("1 word that looks random is left"),
        "{}",
        said(&loose)
    );
    let strict = export(&home, &id, &["--strict", "-o", file]);
    assert_eq!(strict.status.code(), Some(2), "{}", said(&strict));
    assert!(said(&strict).contains("looks random"), "{}", said(&strict));
    assert!(!said(&strict).contains(key), "{}", said(&strict));
    assert!(!std::path::Path::new(file).exists());
    let out = export(&home, &id, &["--strict", "--format", "text"]);
    assert!(!out.status.success() && out.stdout.is_empty());

    let named = export(
        &home,
        &id,
        &["--strict", "--mask", key, "--mask", "stuck", "-o", file],
    );
    check(&named);
    let text = std::fs::read_to_string(file).unwrap();
    assert!(!text.contains(key) && !text.contains("stuck"), "{text}");
    assert!(text.contains("select id"), "{text}");
    assert!(said(&named).contains("named 2"), "{}", said(&named));
    assert!(
        said(&named).ends_with("nothing doubtful left\n"),
        "{}",
        said(&named)
    );
}

fn wire(ms: u64, what: Exchange) -> Event {
    at(ms, Body::wire(1, what))
}

fn sent(ms: u64, number: u32, text: &str) -> Event {
    let statement = Statement {
        number,
        kind: Kind::Text,
        text: text.into(),
        cut: 0,
        name: String::new(),
        prepared: String::new(),
        parameters: Vec::new(),
    };
    wire(ms, Exchange::Statement(statement))
}

fn over(ms: u64, statement: u32, error: Option<Report>) -> Event {
    let first = Some(Micros(ms * 1000));
    wire(
        ms,
        Exchange::End(End {
            statement,
            first,
            error,
            ..End::default()
        }),
    )
}

/// What passed over the connection: NULL told from the empty text, an error with its detail.
fn passed() -> Vec<Event> {
    let column = |name: &str| Column {
        name: name.into(),
        type_name: "text".into(),
        table: String::new(),
    };
    let text = |text: &str| Cell::Text(text.into());
    let error = Report {
        severity: "ERROR".into(),
        code: "23505".into(),
        message: "duplicate key".into(),
        detail: "Key (id)=(1) already exists.".into(),
        ..Report::default()
    };
    let complete = Complete {
        statement: 1,
        tag: "SELECT 3".into(),
        rows: 3,
        rows_cut: 1,
        ..Complete::default()
    };
    vec![
        output(0, "app=> "),
        output(900, "select a, b from t;\r\n"),
        command(1_000, 1, "select a, b from t;"),
        sent(1_001, 1, "select a, b from t;"),
        wire(
            1_002,
            Exchange::Columns {
                statement: 1,
                columns: vec![column("a"), column("b")],
            },
        ),
        wire(
            1_003,
            Exchange::Rows {
                statement: 1,
                rows: vec![
                    vec![text("x, y"), Cell::Null],
                    vec![text(""), text("two\nlines")],
                ],
            },
        ),
        wire(1_004, Exchange::Complete(complete)),
        over(1_005, 1, None),
        output(1_006, " a | b \r\n---+---\r\n(2 rows)\r\n"),
        end(1_010, 1, Some("2 rows")),
        output(1_010, "app=> "),
        output(2_900, "insert into t values (1);\r\n"),
        command(3_000, 2, "insert into t values (1);"),
        sent(3_000, 2, "insert into t values (1);"),
        over(3_002, 2, Some(error)),
        output(3_002, "ERROR:  duplicate key\r\n"),
        end(3_003, 2, Some("ERROR:  duplicate key")),
        at(
            4_000,
            Body::Exit(Exit {
                code: 0,
                signal: None,
            }),
        ),
    ]
}

#[test]
fn what_passed_over_the_connection_is_exact() {
    let (home, id) = home(&passed());
    let csv = export(&home, &id, &["--format", "csv"]);
    assert_eq!(check(&csv), "a,b\r\n\"x, y\",\r\n\"\",\"two\nlines\"\r\n");
    assert!(
        said(&csv).contains("rows that were not recorded: 1"),
        "{}",
        said(&csv)
    );
    let markdown = check(&export(&home, &id, &["--format", "markdown"]));
    let table = "| a | b |\n| --- | --- |\n| x, y | *NULL* |\n|  | two<br>lines |\n\n2 of 3 rows\n";
    assert!(markdown.contains(table), "{markdown}");
    let error = "```text\nERROR 23505: duplicate key\nDETAIL: Key (id)=(1) already exists.\n```";
    assert!(markdown.contains(error), "{markdown}");
    let sql = check(&export(&home, &id, &["--format", "sql"]));
    let expected = "-- 1 at 0:01, 4.0 ms\nselect a, b from t;\n\n\
                    -- 2 at 0:03, 2.0 ms, ERROR 23505: duplicate key\n-- insert into t values (1);\n";
    assert!(sql.contains(expected), "{sql}");
    let lines = check(&export(&home, &id, &["--format", "json"]));
    let lines: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect();
    let sent: Vec<_> = lines.iter().filter(|o| o["type"] == "statement").collect();
    assert_eq!(sent.len(), 2, "{lines:?}");
    assert_eq!(sent[0]["command"], 1);
    let result = &sent[0]["results"][0];
    assert_eq!(result["columns"][1]["name"], "b");
    assert_eq!(result["rows"].as_array().map(Vec::len), Some(2), "{result}");
    assert_eq!(result["complete"]["rows_cut"], 1);
    assert_eq!(sent[1]["error"]["code"], "23505");
    // A command took what the server took, as the browser says it, and not how long the result was
    // looked at.
    let took: Vec<_> = lines.iter().filter(|o| o["type"] == "command").collect();
    assert_eq!(took[0]["duration_ms"], 4);
    assert!(
        markdown.contains("## 1. at 0:01, 4.0 ms, 2 rows"),
        "{markdown}"
    );
    let page = check(&export(&home, &id, &["--format", "html"]));
    assert!(
        page.contains(r#""took":"4.0 ms""#),
        "the page says otherwise"
    );
    let shown = home.read(&["show", &id]);
    assert!(shown.contains("4.0 ms  select a, b from t;"), "{shown}");
}

#[test]
fn formats_go_by_their_usual_names_too() {
    let (home, id) = home(&psql());
    let of = |format: &str| check(&export(&home, &id, &["--format", format]));
    for (names, one) in [
        (&["md"][..], "markdown"),
        (&["txt"], "text"),
        (&["jsonl", "ndjson"], "json"),
        (&["asciicast", "asciicast-v2"], "cast"),
        (&["asciicast-v3"], "cast3"),
    ] {
        let whole = of(one);
        for name in names {
            assert_eq!(of(name), whole, "{name}");
        }
    }
    // The hint calls the session as its owner did.
    let none = export(&home, &id[..4], &["--command", "9"]);
    assert_eq!(none.status.code(), Some(1));
    let hint = format!("rec show {} shows it", &id[..4]);
    assert!(said(&none).contains(&hint), "{}", said(&none));
}
