//! Values of the binary format are told as the server itself writes them.

use super::{Exchange, Served, Story};
use crate::support::{Conversation, Speaker};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

/// Literals of types whose binary format is read, by type.
const VALUES: &[(&str, &[&str])] = &[
    ("bool", &["true", "false"]),
    ("bytea", &["\\x00ff10", "", "\\x6162"]),
    ("\"char\"", &["x", ""]),
    ("name", &["pg_class"]),
    ("int2", &["-32768", "32767"]),
    ("int4", &["-2147483648", "0", "2147483647"]),
    ("int8", &["-9223372036854775808", "9223372036854775807"]),
    ("text", &["", "naïve \u{1f980}", "a\nb"]),
    ("varchar", &["word"]),
    ("char(5)", &["ab"]),
    ("oid", &["4294967295"]),
    ("xid", &["4294967295"]),
    ("xid8", &["18446744073709551615"]),
    ("cid", &["7"]),
    ("tid", &["(4294967295,65535)"]),
    ("json", &["{\"a\": [1, null]}"]),
    ("jsonb", &["{\"a\": [1, null], \"b\": \"x\"}"]),
    ("jsonpath", &["$.\"a\"[*]?(@ > 1)"]),
    ("xml", &["<a>b</a>"]),
    (
        "float4",
        &[
            "0",
            "-0",
            "1.5",
            "100000",
            "1000000",
            "123456.7",
            "1e-4",
            "0.00012345",
            "1.1754944e-38",
            "3.4028235e+38",
            "NaN",
            "-Infinity",
        ],
    ),
    (
        "float8",
        &[
            "0",
            "-0",
            "0.1",
            "1e14",
            "123456789012345.6",
            "1e15",
            "1e16",
            "-1.5e-300",
            "5e-324",
            "0.0001",
            "0.00001",
            "1.7976931348623157e+308",
            "NaN",
            "Infinity",
        ],
    ),
    (
        "numeric",
        &[
            "0",
            "0.00",
            "-12.345",
            "1000000000000",
            "10000",
            "9999.9999",
            "0.0001",
            "0.00000001",
            "1e40",
            "123456789012345678901234567890.123456789",
            "-0.5",
            "NaN",
            "Infinity",
            "-Infinity",
            "1.10",
        ],
    ),
    ("uuid", &["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
    (
        "date",
        &[
            "2024-02-29",
            "1999-12-31",
            "2000-01-01",
            "0001-01-01",
            "0044-03-15 BC",
            "4714-11-24 BC",
            "5874897-12-31",
            "infinity",
            "-infinity",
            "1900-02-28",
            "2100-03-01",
            "1582-10-15",
        ],
    ),
    ("time", &["00:00", "23:59:59.999999", "24:00", "04:05:06.5"]),
    (
        "timetz",
        &[
            "04:05:06.789-08",
            "00:00+05:30",
            "12:00+00",
            "12:00-12:34:56",
        ],
    ),
    (
        "timestamp",
        &[
            "2024-02-29 12:34:56.000001",
            "1999-12-31 23:59:59.9",
            "0001-01-01 BC 01:02:03",
            "294276-12-31 23:59:59.999999",
            "infinity",
            "-infinity",
        ],
    ),
    (
        "timestamptz",
        &[
            "2024-02-29 12:34:56+02",
            "4714-11-24 00:00 BC UTC",
            "infinity",
        ],
    ),
    (
        "interval",
        &[
            "0",
            "1 year 2 mons 3 days 04:05:06.789",
            "-1 year +2 days",
            "1 mon -1 day +00:00:01",
            "-00:00:01",
            "-1 day -00:00:00.5",
            "178000000 years",
            "100:00:00",
            "-13 mons",
            "1 year -3 mons 2 days",
        ],
    ),
    ("inet", &["10.0.0.1", "10.0.0.1/8", "::1", "2001:db8::/32"]),
    ("cidr", &["10.0.0.0/8", "10.1.2.3/32", "2001:db8::/32"]),
    ("macaddr", &["08:00:2b:01:02:03"]),
    ("macaddr8", &["08:00:2b:01:02:03:04:05"]),
    ("bit(3)", &["101"]),
    ("varbit", &["", "1010101111"]),
    ("pg_lsn", &["16/B374D848"]),
    ("point", &["(1.5,-2)"]),
    ("lseg", &["[(1,2),(3,4)]"]),
    ("box", &["(3,4),(1,2)"]),
    ("path", &["((1,2),(3,4))", "[(1,2),(3,4)]"]),
    ("polygon", &["((1,2),(3,4),(5,6))"]),
    ("line", &["{1,2,3}"]),
    ("circle", &["<(1,2),3>"]),
    ("int2vector", &["1 2 3"]),
    ("oidvector", &["1 2 3", ""]),
    (
        "int4[]",
        &[
            "{}",
            "{1,2,NULL}",
            "{{1,2},{3,4}}",
            "{{{1},{2}},{{3},{4}}}",
            "[2:3]={1,2}",
            "[0:1][-1:0]={{1,2},{3,4}}",
        ],
    ),
    (
        "text[]",
        &["{\"\",\"a b\",\"a,b\",\"a\\\"b\",\"a\\\\b\",\"null\",NULL,x,\"{}\"}"],
    ),
    ("numeric[]", &["{1.50,-2}"]),
    ("timestamp[]", &["{\"2024-01-01 00:00:00\"}"]),
    ("int4range", &["[1,5)", "empty", "(,)", "[3,)"]),
    ("numrange", &["(1.5,2.5]"]),
    (
        "tsrange",
        &["[\"2024-01-01 00:00:00\",\"2024-01-02 00:00:00\")"],
    ),
    ("daterange[]", &["{\"[2024-01-01,2024-02-01)\"}"]),
    ("int4multirange", &["{}", "{[1,3),[5,8)}"]),
    ("mood", &["happy"]),
    ("refcursor", &["cur"]),
    ("regclass", &["1259"]),
];

/// A client that says what it is told to.
struct Raw {
    stream: UnixStream,
    conversation: Conversation,
}

impl Raw {
    fn connect(served: &Served) -> Raw {
        let path = format!(
            "{}/.s.PGSQL.{}",
            served.postgres.socket(),
            served.postgres.port
        );
        let mut raw = Raw {
            stream: UnixStream::connect(path).unwrap(),
            conversation: Conversation::default(),
        };
        let mut body = 196_608_u32.to_be_bytes().to_vec();
        body.extend(b"user\0postgres\0database\0postgres\0\0");
        let length = u32::try_from(body.len() + 4).unwrap();
        raw.send([&length.to_be_bytes()[..], &body].concat());
        raw.wait();
        raw
    }

    fn send(&mut self, bytes: Vec<u8>) {
        self.stream.write_all(&bytes).unwrap();
        self.conversation.said.push((Speaker::Client, bytes));
    }

    /// Reads up to ReadyForQuery.
    fn wait(&mut self) {
        loop {
            let mut head = [0; 5];
            self.stream.read_exact(&mut head).unwrap();
            let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
            let mut message = head.to_vec();
            message.resize(usize::try_from(length).unwrap() + 1, 0);
            self.stream.read_exact(&mut message[5..]).unwrap();
            self.conversation.said.push((Speaker::Server, message));
            if head[0] == b'Z' {
                return;
            }
        }
    }

    fn message(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
        let body = parts.concat();
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[kind][..], &length.to_be_bytes(), &body].concat()
    }

    fn query(&mut self, sql: &str) {
        self.send(Self::message(b'Q', &[sql.as_bytes(), b"\0"]));
        self.wait();
    }

    /// Executes with every parameter and column in one format.
    fn execute(&mut self, sql: &str, types: &[u32], binary: bool, values: &[&[u8]]) {
        let count = |n: usize| u16::try_from(n).unwrap().to_be_bytes();
        let types: Vec<u8> = [
            &count(types.len())[..],
            &types
                .iter()
                .flat_map(|t| t.to_be_bytes())
                .collect::<Vec<_>>(),
        ]
        .concat();
        let mut bound = vec![0, 0];
        bound.extend([0, 1, 0, u8::from(binary)]);
        bound.extend(count(values.len()));
        for value in values {
            bound.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
            bound.extend(*value);
        }
        bound.extend([0, 1, 0, u8::from(binary)]);
        let all = [
            Self::message(b'P', &[b"\0", sql.as_bytes(), b"\0", &types]),
            Self::message(b'B', &[&bound]),
            Self::message(b'D', &[b"P\0"]),
            Self::message(b'E', &[b"\0\0\0\0\0"]),
            Self::message(b'S', &[]),
        ];
        self.send(all.concat());
        self.wait();
    }
}

#[test]
fn values_and_parameters_are_told_as_the_server_writes_them() {
    let served = Served::start();
    let mut raw = Raw::connect(&served);
    raw.query("create type mood as enum ('happy'); set timezone = 'UTC'");
    for (kind, literals) in VALUES {
        for literal in *literals {
            let sql = format!("select '{}'::{kind}", literal.replace('\'', "''"));
            raw.execute(&sql, &[], false, &[]);
            raw.execute(&sql, &[], true, &[]);
        }
    }
    let story = Story::of(&raw.conversation);
    let mut wrong = Vec::new();
    let mut back = Vec::new();
    for pair in story.statements[1..].chunks(2) {
        let sql = &pair[0].statement.text;
        assert_eq!(*sql, pair[1].statement.text);
        let [text, binary] = [&pair[0], &pair[1]].map(|told| {
            assert!(told.code().is_none(), "{told:?}");
            told.results[0].rows[0][0].text().unwrap().to_owned()
        });
        // The server looks up the name; nobody reading along can.
        if sql.ends_with("regclass") {
            assert_eq!((&*text, &*binary), ("pg_class", "1259"));
        } else if text != binary {
            wrong.push(format!("{sql}: {text} told as {binary}"));
        }
        back.push(text);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(back.len(), VALUES.iter().map(|v| v.1.len()).sum::<usize>());
}

#[test]
fn parameters_in_the_binary_format_are_told_as_text() {
    let served = Served::start();
    let mut raw = Raw::connect(&served);
    raw.execute(
        "select $1, $2, $3, $4",
        &[23, 1184, 17, 25],
        true,
        &[
            &7_i32.to_be_bytes(),
            &0_i64.to_be_bytes(),
            b"\0\xff",
            "ä".as_bytes(),
        ],
    );
    let story = Story::of(&raw.conversation);
    let told = &story.statements[0];
    let told_as = [
        Some("7"),
        Some("2000-01-01 00:00:00+00"),
        Some("\\x00ff"),
        Some("ä"),
    ];
    assert_eq!(told.parameters(), told_as);
    let row: Vec<Option<&str>> = told.results[0].rows[0].iter().map(|v| v.text()).collect();
    assert_eq!(row, told_as);
    let types: Vec<&str> = told
        .statement
        .parameters
        .iter()
        .map(|p| &*p.type_name)
        .collect();
    assert_eq!(types, ["int4", "timestamptz", "bytea", "text"]);
}

#[test]
fn rows_of_a_large_result_are_all_accounted_for() {
    let served = Served::start();
    let mut raw = Raw::connect(&served);
    raw.query("select n, repeat('x', 100) from generate_series(1, 25000) n");
    raw.query("select repeat('y', 5000000), 2");
    let story = Story::of(&raw.conversation);
    let complete = story.statements[0].results[0].complete.clone().unwrap();
    assert_eq!((complete.rows, complete.rows_cut), (25_000, 15_000));
    assert_eq!(story.statements[0].results[0].rows.len(), 10_000);
    let row = &story.statements[1].results[0].rows[0];
    assert!(matches!(
        &row[0],
        super::Value::Cut {
            length: 5_000_000,
            ..
        }
    ));
    assert_eq!(row[1].text(), Some("2"));
    let large = story
        .exchanges
        .iter()
        .filter(|e| matches!(e, Exchange::Rows { .. }))
        .count();
    assert!(large > 10);
}
