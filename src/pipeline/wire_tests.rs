//! Exchanges through the pipeline: what a reader of the recording could read of them.

use super::super::{Pipeline, ScreenState};
use crate::mask::{Rules, Scanner};
use crate::model::wire::{
    Column, Complete, End, Exchange, Kind, Parameter, Report, Statement, Value, Wire,
};
use crate::model::{Body, Exit, Micros, Size};

fn pipeline() -> Pipeline {
    let scanner = Scanner::new(Rules::builtin());
    let door = scanner.door();
    Pipeline::new(scanner, door, Size { cols: 80, rows: 24 })
}

fn asked(number: u32, text: &str, parameters: &[&str]) -> Exchange {
    let parameters = parameters.iter().map(|value| Parameter {
        type_name: "text".into(),
        value: Value::Text((*value).into()),
    });
    Exchange::Statement(Statement {
        number,
        kind: Kind::Text,
        text: text.into(),
        cut: 0,
        name: String::new(),
        prepared: String::new(),
        parameters: parameters.collect(),
    })
}

fn columns(statement: u32, names: &[&str]) -> Exchange {
    let columns = names.iter().map(|name| Column {
        name: (*name).into(),
        ..Column::default()
    });
    Exchange::Columns {
        statement,
        columns: columns.collect(),
    }
}

fn row(statement: u32, cells: &[&str]) -> Exchange {
    let cells = cells.iter().map(|text| Value::Text((*text).into()));
    Exchange::Rows {
        statement,
        rows: vec![cells.collect()],
    }
}

fn end(statement: u32, error: Option<Report>) -> Exchange {
    Exchange::End(End {
        statement,
        error,
        ..End::default()
    })
}

/// Feeds it all; gives every text that is stored, and the bodies.
fn stored(p: &mut Pipeline, exchanges: Vec<Exchange>) -> (Vec<String>, Vec<Body>) {
    for (what, at) in exchanges.into_iter().zip(1..) {
        let wire = Wire {
            connection: 1,
            what,
        };
        p.wire(Micros(at), Box::new(wire));
    }
    let bodies: Vec<Body> = p.take().into_iter().map(|e| e.into_inner().body).collect();
    let texts = bodies.iter().flat_map(|body| match body {
        Body::Wire(wire) => wire.what.texts(),
        _ => Vec::new(),
    });
    (texts.map(str::to_owned).collect(), bodies)
}

#[test]
fn values_are_masked_by_where_they_stand() {
    let mut p = pipeline();
    let (texts, bodies) = stored(
        &mut p,
        vec![
            asked(1, "ALTER USER a PASSWORD 'hunter2x'", &[]),
            end(1, None),
            asked(
                2,
                "UPDATE u SET password = $1 WHERE id = $2",
                &["k9Zq", "7"],
            ),
            end(2, None),
            asked(3, "SELECT id, api_key FROM u", &[]),
            columns(3, &["id", "api_key"]),
            row(3, &["1", "Wq81mZ"]),
            Exchange::Complete(Complete {
                statement: 3,
                tag: "SELECT 1".into(),
                rows: 1,
                ..Complete::default()
            }),
            end(3, None),
            asked(4, "INSERT INTO u (id, password) VALUES (1, 'tiny9')", &[]),
            end(
                4,
                Some(Report {
                    detail: "Failing row contains (1, tiny9).".into(),
                    ..Report::default()
                }),
            ),
        ],
    );
    let all = texts.join("\n");
    for secret in ["hunter2x", "k9Zq", "Wq81mZ", "tiny9"] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
    assert!(all.contains("ALTER USER a PASSWORD '"), "{all}");
    assert!(texts.contains(&"7".to_owned()), "{texts:?}");
    assert!(texts.contains(&"SELECT 1".to_owned()), "{texts:?}");
    let masked = |body: &Body| matches!(body, Body::Masked { .. });
    assert!(bodies.iter().filter(|body| masked(body)).count() >= 4);
    assert_eq!(p.summary().statements, 4);
    assert!(p.summary().masked_total() >= 5, "{:?}", p.summary());
}

/// What is remembered of statements and results changes nothing: each time they are stored as they
/// would be the first time, and what was learned meanwhile is masked in them.
#[test]
fn what_comes_again_is_masked_as_the_first_time() {
    let round = |number: u32| {
        vec![
            // Prepared before anything is bound to it.
            asked(number, "UPDATE u SET password = $1 WHERE id = $2", &[]),
            end(number, None),
            asked(
                number + 1,
                "UPDATE u SET password = $1 WHERE id = $2",
                &["k9Zq", "7"],
            ),
            end(number + 1, None),
            asked(number + 2, "SELECT id, api_key AS x FROM u", &[]),
            columns(number + 2, &["id", "x"]),
            row(number + 2, &["1", "Wq81mZ"]),
            end(number + 2, None),
            asked(number + 3, "SELECT id AS x, api_key FROM u", &[]),
            columns(number + 3, &["id", "x"]),
            row(number + 3, &["Wq81mZ", "1"]),
            end(number + 3, None),
            asked(
                number + 4,
                "SELECT 'correct-horse-9'",
                &["4111111111111111"],
            ),
            columns(number + 4, &["correct-horse-9"]),
            row(number + 4, &["4111111111111111"]),
            end(number + 4, None),
        ]
    };
    let mut p = pipeline();
    let (first, bodies) = stored(&mut p, round(1));
    let (second, again) = stored(&mut p, round(1));
    assert_eq!(first, second);
    let masks = |bodies: &[Body]| {
        let masks = bodies
            .iter()
            .filter(|body| matches!(body, Body::Masked { .. }));
        masks.cloned().collect::<Vec<_>>()
    };
    assert_eq!(masks(&bodies), masks(&again));
    let all = first.join("\n");
    for secret in ["k9Zq", "4111"] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
    assert_eq!(all.matches("Wq81mZ").count(), 1, "{all}");
    assert!(all.contains("correct-horse-9"), "{all}");
    let learned = "ALTER USER a PASSWORD 'correct-horse-9'";
    stored(&mut p, vec![asked(6, learned, &[]), end(6, None)]);
    let (third, _) = stored(&mut p, round(1));
    let all = third.join("\n");
    assert!(!all.contains("horse"), "{all}");
}

#[test]
fn what_was_learned_on_the_wire_is_masked_on_the_terminal() {
    let mut p = pipeline();
    let text = "ALTER USER a PASSWORD 'correct-horse-9'";
    stored(&mut p, vec![asked(1, text, &[]), end(1, None)]);
    p.output(Micros(5), b"it was correct-horse-9\r\n");
    let bodies: Vec<Body> = p.take().into_iter().map(|e| e.into_inner().body).collect();
    let shown = format!("{bodies:?}");
    assert!(!shown.contains("horse"), "{shown}");
    assert_eq!(p.screen_state(), ScreenState::default());
}

#[test]
fn copied_rows_are_whole_before_they_are_judged() {
    let mut p = pipeline();
    let copied = |text: &str| Exchange::Copied {
        statement: 1,
        inward: true,
        text: text.into(),
    };
    let (texts, _) = stored(
        &mut p,
        vec![
            asked(1, "COPY u (id, password) FROM STDIN", &[]),
            copied("1\thun"),
            copied("ter2x\n2\tsec"),
            copied("ond"),
            Exchange::Complete(Complete {
                statement: 1,
                tag: "COPY 2".into(),
                ..Complete::default()
            }),
            end(1, None),
        ],
    );
    let all = texts.join("");
    assert!(!all.contains("hun") && !all.contains("ond"), "{all}");
    assert!(all.contains("1\t***") && all.contains("2\t***"), "{all}");
}

#[test]
fn lines_told_of_a_binary_copy_are_masked_by_their_columns() {
    let copied = Exchange::Copied {
        statement: 1,
        inward: false,
        text: "1\thunter2x\t(8 bytes)\n2\t\\N\tann@example.org\n".into(),
    };
    let statement = "COPY u (id, password, note) TO STDOUT (FORMAT binary)";
    let exchanges = vec![asked(1, statement, &[]), copied, end(1, None)];
    let (texts, _) = stored(&mut pipeline(), exchanges);
    let all = texts.join("");
    assert!(!all.contains("hunter2x") && !all.contains("ann@"), "{all}");
    assert!(
        all.contains("1\t***") && all.contains("2\t\\N\t***"),
        "{all}"
    );
    assert!(all.contains("(8 bytes)"), "{all}");
}

#[test]
fn rows_that_are_typed_are_masked_by_the_columns_that_the_session_has_shown() {
    let mut p = pipeline();
    let shown = vec![
        asked(1, "SELECT * FROM accounts", &[]),
        columns(1, &["id", "password"]),
        end(1, None),
    ];
    stored(&mut p, shown);
    p.output(Micros(10), b"app=> copy accounts from stdin;\r\n");
    stored(&mut p, vec![asked(2, "copy accounts from stdin;", &[])]);
    p.output(
        Micros(20),
        b"Enter data to be copied followed by a newline.\r\n>> ",
    );
    p.output(Micros(30), b"7\ttulip-mango\r\n>> \\.\r\nCOPY 1\r\napp=> ");
    p.tick(Micros(60_000_000));
    let bodies = p.take().into_iter().map(|e| e.into_inner().body);
    let output = bodies.filter_map(|body| match body {
        Body::Output(data) => Some(data),
        _ => None,
    });
    let all = String::from_utf8_lossy(&output.collect::<Vec<_>>().concat()).into_owned();
    assert!(!all.contains("tulip") && all.contains("COPY 1"), "{all}");
}

#[test]
fn off_the_record_nothing_is_kept() {
    let mut p = pipeline();
    p.pause(Micros(0));
    stored(&mut p, vec![asked(1, "select 'hidden'", &[]), end(1, None)]);
    p.resume(Micros(9));
    let (texts, _) = stored(&mut p, vec![asked(2, "select 'shown'", &[])]);
    let all = texts.join("\n");
    assert!(all.contains("shown") && !all.contains("hidden"), "{all}");
}

#[test]
fn values_without_names_are_masked_by_the_columns_that_the_session_has_shown() {
    let one = |exchanges| stored(&mut pipeline(), exchanges).0.concat();
    let insert = "INSERT INTO accounts VALUES (1, 'tulip-mango')";
    let bound = "INSERT INTO accounts VALUES ($1, $2)";
    let shown = || {
        vec![
            asked(1, "SELECT * FROM accounts", &[]),
            columns(1, &["id", "password"]),
            end(1, None),
        ]
    };
    let created = || {
        let text = "CREATE TABLE accounts (id int, password text)";
        vec![asked(1, text, &[]), end(1, None)]
    };
    for known in [shown(), created()] {
        let with = |last| one(known.iter().cloned().chain([last]).collect());
        let masked = with(asked(2, insert, &[]));
        assert!(
            masked.contains("INSERT INTO accounts VALUES (1, '********')"),
            "{masked}"
        );
        assert!(!with(asked(2, bound, &["1", "tulip-mango"])).contains("tulip"));
        let copied = Exchange::Copied {
            statement: 2,
            inward: true,
            text: "1\ttulip-mango\n".into(),
        };
        let copy = asked(2, "COPY accounts FROM STDIN", &[]);
        let all = one(known.iter().cloned().chain([copy, copied]).collect());
        assert!(
            all.contains("COPY accounts FROM STDIN") && !all.contains("tulip"),
            "{all}"
        );
    }
    let failed = Report {
        message: "no".into(),
        ..Report::default()
    };
    let mut refused = created();
    refused.pop();
    refused.extend([end(1, Some(failed)), asked(2, insert, &[])]);
    assert!(
        one(refused).contains("tulip-mango"),
        "nothing says what it is"
    );
    // A statement that was clean before its columns were known is looked at again.
    let mut late = vec![asked(1, insert, &[]), end(1, None)];
    late.extend([
        asked(2, "SELECT * FROM accounts", &[]),
        columns(2, &["id", "password"]),
    ]);
    late.extend([end(2, None), asked(3, insert, &[])]);
    assert_eq!(one(late).matches("tulip-mango").count(), 1);
}

/// What a client was given on descriptor 1.
fn streamed(p: &mut Pipeline) -> String {
    let bodies = p.take().into_iter().map(|e| e.into_inner().body);
    let bytes: Vec<u8> = bodies
        .filter_map(|body| match body {
            Body::Stream { data, .. } => Some(data),
            _ => None,
        })
        .flatten()
        .collect();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn rows_without_a_header_are_masked_however_many_there_are() {
    let mut p = pipeline();
    let value = |n: usize| format!("four green boats {n}");
    let mut exchanges = vec![
        asked(1, "SELECT id, password AS x FROM u", &[]),
        columns(1, &["id", "x"]),
    ];
    exchanges.extend((0..1000).map(|n| row(1, &[&n.to_string(), &value(n)])));
    exchanges.push(Exchange::Complete(Complete {
        statement: 1,
        rows: 1500,
        rows_cut: 500,
        ..Complete::default()
    }));
    exchanges.push(end(1, None));
    stored(&mut p, exchanges);
    // The last are not kept: their layout tells.
    let printed: String = (0..1500).map(|n| format!("{n}|{}\n", value(n))).collect();
    p.stream(Micros(9000), 1, printed.as_bytes());
    // A few lines more may have been taken for rows that are none.
    let after = "1500|all done\n".repeat(200);
    p.stream(Micros(9001), 1, after.as_bytes());
    let text = streamed(&mut p);
    assert!(!text.contains("green"), "{text}");
    assert_eq!(text.lines().count(), 1700);
    assert!(text.contains("\n1499|****") && text.ends_with("1500|all done\n"));
}

#[test]
fn a_part_of_a_row_waits_for_the_rest_however_long() {
    let mut p = pipeline();
    let exchanges = vec![
        asked(1, "SELECT password FROM u", &[]),
        columns(1, &["password"]),
        row(1, &["four green boats"]),
        Exchange::Complete(Complete {
            statement: 1,
            rows: 1,
            ..Complete::default()
        }),
        end(1, None),
    ];
    stored(&mut p, exchanges);
    p.stream(Micros(10), 1, b"four gre");
    p.tick(Micros(60_000_000));
    assert_eq!(streamed(&mut p), "");
    p.stream(Micros(60_000_001), 1, b"en boats\nrest");
    p.tick(Micros(60_000_002));
    assert_eq!(streamed(&mut p), "****************\n");
    let exit = Exit {
        code: 0,
        signal: None,
    };
    p.exit(Micros(60_000_003), exit);
    assert_eq!(streamed(&mut p), "rest");
}

/// What a client shows may wait in a pipe while the client asks again, and again: rows that were kept,
/// and more of the same that were not.
#[test]
fn rows_that_wait_in_a_pipe_are_masked_however_much_is_asked_meanwhile() {
    let kept = ["four green boats 1", "Ann Lee", "042"];
    let mut p = pipeline();
    let mut exchanges = vec![
        asked(1, "SELECT id, password, full_name FROM u", &[]),
        columns(1, &["id", "password", "full_name"]),
        row(1, &["1", kept[0], kept[1]]),
        row(1, &["2", kept[2], ""]),
        Exchange::Complete(Complete {
            statement: 1,
            tag: "SELECT 4".into(),
            rows: 4,
            rows_cut: 2,
            ..Complete::default()
        }),
        end(1, None),
    ];
    for number in 2..9 {
        exchanges.extend([
            asked(number, "SELECT id, password AS x FROM v", &[]),
            columns(number, &["id", "x"]),
            row(number, &["1", "one red plane"]),
            end(number, None),
        ]);
    }
    stored(&mut p, exchanges);
    let rows = "1|four green boats 1|Ann Lee\n2|042|\n3|two blue cars|Bob Ray\n4|six|Eve Day\n\
                1|one red plane\n(1 row)\n";
    p.stream(Micros(100_000), 1, rows.as_bytes());
    let streamed = p
        .take()
        .into_iter()
        .filter_map(|e| match e.into_inner().body {
            Body::Stream { data, .. } => String::from_utf8(data).ok(),
            _ => None,
        });
    let text: String = streamed.collect();
    assert_eq!(
        text,
        "1|******************|*******\n2|***|\n3|*************|*******\n4|***|*******\n\
         1|*************\n(1 row)\n"
    );
}
