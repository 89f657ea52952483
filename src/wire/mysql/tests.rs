//! The decoder on what a real MariaDB and its clients said to each other (`fixtures/wire/mysql`),
//! and on what MySQL 8 says differently.

mod bounds;
mod lives;

use super::fixture::*;
use super::*;
use crate::model::wire::{Exchange, VALUE_MAX, Value};
use crate::wire::Decoder as _;
use CapabilityFlags as Flag;

/// A chunk that passed: whether the server sent it, and what it was.
type Chunk = (bool, Vec<u8>);

/// A recorded conversation: lines of `C` or `S` and the bytes in hexadecimal.
fn recorded(name: &str) -> Vec<Chunk> {
    let path = format!(
        "{}/fixtures/wire/mysql/{name}.txt",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| {
        let (who, hex) = line.split_once(' ').unwrap();
        let bytes = (0..hex.len()).step_by(2);
        let bytes = bytes.map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
        (who == "S", bytes.collect())
    });
    lines.collect()
}

fn decode(chunks: &[Chunk], limits: Limits) -> Vec<Seen> {
    let mut decoder = Decoder::new(limits);
    let mut seen = Vec::new();
    for (server, bytes) in chunks {
        if *server {
            decoder.server(Micros(1), bytes);
        } else {
            decoder.client(Micros(1), bytes);
        }
        seen.extend(decoder.take());
    }
    decoder.closed(Micros(2));
    seen.extend(decoder.take());
    merged(seen)
}

/// Rows and data that were told in several pieces count as one.
fn merged(seen: Vec<(Micros, Seen)>) -> Vec<Seen> {
    let mut all: Vec<Seen> = Vec::new();
    for (_, seen) in seen {
        match (all.last_mut(), seen) {
            (
                Some(Seen::Exchange(Exchange::Rows { rows: all, .. })),
                Seen::Exchange(Exchange::Rows { rows, .. }),
            ) => all.extend(rows),
            (
                Some(Seen::Exchange(Exchange::Copied { text: all, .. })),
                Seen::Exchange(Exchange::Copied { text, .. }),
            ) => all.push_str(&text),
            (_, seen) => all.push(seen),
        }
    }
    all
}

/// A line for each.
fn told(seen: &[Seen]) -> String {
    let lines = seen.iter().map(|seen| match seen {
        Seen::Exchange(what) => serde_json::to_string(what).unwrap(),
        Seen::Gap(gap) => format!("gap: {}", serde_json::to_string(gap).unwrap()),
    });
    lines.collect::<Vec<_>>().join("\n")
}

const RECORDED: &[&str] = &[
    "text",
    "status",
    "types",
    "local",
    "compressed",
    "fields",
    "prepared",
    "cursor",
    "user",
    "denied",
];

#[test]
fn what_a_real_server_and_its_clients_said_is_told() {
    for name in RECORDED {
        let seen = decode(&recorded(name), Limits::default());
        insta::assert_snapshot!(*name, told(&seen));
    }
}

#[test]
fn every_split_gives_the_same() {
    for name in RECORDED {
        let chunks = recorded(name);
        let wanted = decode(&chunks, Limits::default());
        let bytes = |(server, bytes): &Chunk| {
            let server = *server;
            let bytes = bytes.iter().map(move |byte| (server, vec![*byte]));
            bytes.collect::<Vec<_>>()
        };
        let single: Vec<Chunk> = chunks.iter().flat_map(bytes).collect();
        assert_eq!(
            decode(&single, Limits::default()),
            wanted,
            "{name}: bytewise"
        );
        for (number, (server, chunk)) in chunks.iter().enumerate() {
            for at in 1..chunk.len() {
                let mut split = chunks.clone();
                let (head, tail) = chunk.split_at(at);
                split.splice(
                    number..=number,
                    [(*server, head.to_vec()), (*server, tail.to_vec())],
                );
                let seen = decode(&split, Limits::default());
                assert_eq!(seen, wanted, "{name}: chunk {number} split at {at}");
            }
        }
    }
}

/// A conversation made by hand.
struct Talk {
    chunks: Vec<Chunk>,
}

const MYSQL_8: Flag = Flag::CLIENT_LONG_PASSWORD
    .union(Flag::CLIENT_PROTOCOL_41)
    .union(Flag::CLIENT_SECURE_CONNECTION)
    .union(Flag::CLIENT_CONNECT_WITH_DB)
    .union(Flag::CLIENT_SESSION_TRACK)
    .union(Flag::CLIENT_DEPRECATE_EOF);

const MARIADB: Flag = Flag::CLIENT_PROTOCOL_41
    .union(Flag::CLIENT_SECURE_CONNECTION)
    .union(Flag::CLIENT_CONNECT_WITH_DB);

const OK: &[u8] = b"\x00\x00\x00\x02\x00\x00\x00";

impl Talk {
    /// Up to the welcome.
    fn new(version: &str, flags: Flag, mariadb: u32) -> Talk {
        let server = if flags.contains(Flag::CLIENT_LONG_PASSWORD) {
            u32::MAX
        } else {
            u32::MAX - 1
        };
        let mut talk = Talk { chunks: Vec::new() };
        talk.server(0, &greeting(version, server, mariadb));
        talk.client(1, &login(flags, mariadb, "ada", b"s3cret-hash", "app"));
        // Another method, the client's answer to it, more of it, and the welcome.
        talk.server(2, b"\xfecaching_sha2_password\0saltsaltsaltsaltsalt\0");
        talk.client(3, b"s3cret-again");
        talk.server(4, b"\x01\x03");
        talk.server(5, OK);
        talk
    }

    fn mysql_8(more: Flag) -> Talk {
        Talk::new("8.4.3", MYSQL_8 | more, 0)
    }

    fn client(&mut self, sequence: u8, payload: &[u8]) -> &mut Talk {
        self.chunks.push((false, packets(sequence, payload)));
        self
    }

    fn server(&mut self, sequence: u8, payload: &[u8]) -> &mut Talk {
        self.chunks.push((true, packets(sequence, payload)));
        self
    }

    fn query(&mut self, sql: &str) -> &mut Talk {
        self.client(0, &[b"\x03", sql.as_bytes()].concat())
    }

    fn servers(&mut self, payloads: &[&[u8]]) -> &mut Talk {
        for (sequence, payload) in payloads.iter().enumerate() {
            self.server(sequence as u8 + 1, payload);
        }
        self
    }

    /// What is told, the same at every byte.
    fn told(&self) -> String {
        let whole = decode(&self.chunks, Limits::default());
        let bytes = |(server, bytes): &Chunk| -> Vec<Chunk> {
            bytes.iter().map(|byte| (*server, vec![*byte])).collect()
        };
        let single: Vec<Chunk> = self.chunks.iter().flat_map(bytes).collect();
        assert_eq!(decode(&single, Limits::default()), whole);
        let text = told(&whole);
        assert!(!text.contains("s3cret"), "{text}");
        let (opened, rest) = text.split_once('\n').unwrap();
        assert!(opened.contains(r#""what":"opened""#), "{opened}");
        rest.replace('"', "'")
    }
}

#[track_caller]
fn check(talk: &Talk, wanted: &[&str]) {
    let told = talk.told();
    let lines: Vec<&str> = told.lines().collect();
    for (line, wanted) in lines.iter().zip(wanted) {
        assert!(line.contains(wanted), "{line}\nis not {wanted}, of\n{told}");
    }
    assert_eq!(lines.len(), wanted.len(), "{told}");
}

#[test]
fn mysql_8_ends_rows_with_an_ok_and_definitions_with_nothing() {
    let mut talk = Talk::mysql_8(Flag::empty());
    talk.query("select name from users").servers(&[
        b"\x01",
        &definition("users", "name", 0xFD, 45, 0, None),
        b"\x03ada",
        b"\x00",
        b"\xfb",
        // Changed besides: the database.
        b"\xfe\x00\x00\x02\x40\x03\x00\x00\x08\x01\x06\x05other",
    ]);
    talk.client(0, b"\x16select ?").servers(&[
        b"\x00\x07\0\0\0\x01\0\x01\0\0\0\0",
        &definition("", "?", 0xFD, 63, 0, None),
        &definition("", "?", 0xFD, 45, 0, None),
    ]);
    talk.client(0, b"\x17\x07\0\0\0\0\x01\0\0\0\0\x01\xfd\0\x02hi")
        .servers(&[
            b"\x01",
            &definition("", "?", 0xFD, 45, 0, None),
            b"\x00\x00\x02hi",
            b"\xfe\x00\x00\x02\x00\x00\x00",
        ]);
    talk.client(0, b"\x19\x07\0\0\0");
    check(
        &talk,
        &[
            "'text':'select name from users'",
            "'columns':[{'name':'name','type':'varchar','table':'users'}]",
            "'rows':[['ada'],[''],[null]]",
            "{'what':'setting','name':'database','value':'other'}",
            "'complete','statement':1,'rows':3,'bytes':6,'warnings':3}",
            "'end','statement':1,'first':1,'transaction':'idle'",
            "'prepared','text':'select ?','parameters':[{'type':'varchar','value':'hi'}]",
            "'columns','statement':2",
            "'rows':[['hi']]",
            "'complete','statement':2,'rows':1",
            "'end','statement':2",
            "'closed'",
        ],
    );
}

#[test]
fn mysql_8_sends_attributes_with_a_query() {
    let mut talk = Talk::mysql_8(Flag::CLIENT_QUERY_ATTRIBUTES);
    talk.client(0, b"\x03\x00\x01select 1").server(1, OK);
    talk.client(0, b"\x03\x01\x01\x00\x01\xfe\x00\x05trace\x02abdo 2");
    talk.server(1, OK);
    check(
        &talk,
        &[
            "'text':'select 1'}",
            "'complete'",
            "'end'",
            "'text':'do 2','parameters':[{'type':'char','value':'trace=ab'}]",
            "'complete'",
            "'end'",
            "'closed'",
        ],
    );
}

#[test]
fn mysql_8_may_leave_out_definitions() {
    let mut talk = Talk::mysql_8(Flag::CLIENT_OPTIONAL_RESULTSET_METADATA);
    talk.query("select 1").servers(&[
        b"\x01\x01",
        &definition("", "1", 0x03, 63, 0, None),
        b"\x011",
        b"\xfe\x00\x00\x02\x00\x00\x00",
    ]);
    // Of a query nothing is known then; rows are counted.
    talk.query("select 2")
        .servers(&[b"\x01\x00", b"\x012", b"\xfe\x00\x00\x02\x00\x00\x00"]);
    check(
        &talk,
        &[
            "'text':'select 1'",
            "'columns'",
            "[['1']]",
            "'complete'",
            "'end'",
            "'text':'select 2'",
            "the columns of a result are not known",
            "'columns':[]",
            "'rows':1,'bytes':2,'rows_cut':1",
            "'end','statement':2",
            "'closed'",
        ],
    );
}

/// The flags of MariaDB's own: progress, extended metadata, cached metadata.
const EXTENDED: u32 = 0x1D;

#[test]
fn mariadb_need_not_repeat_the_definitions_of_a_prepared_statement() {
    let mut talk = Talk::new("5.5.5-10.11.19-MariaDB", MARIADB, EXTENDED);
    let column = definition("t", "j", 0xFC, 45, 0, Some(b"\x01\x04json"));
    let eof: &[u8] = b"\xfe\x00\x00\x02\x00";
    talk.client(0, b"\x16select j from t").servers(&[
        b"\x00\x01\0\0\0\x01\0\0\0\0\0\0",
        &column,
        eof,
    ]);
    for _ in 0..2 {
        talk.client(0, b"\x17\x01\0\0\0\0\x01\0\0\0");
        talk.servers(&[b"\x01\x00", eof, b"\x00\x00\x02{}", eof]);
    }
    let ran = [
        "'prepared','text':'select j from t'}",
        "'columns':[{'name':'j','type':'json','table':'t'}]",
        "[['{}']]",
        "'complete'",
        "'end'",
    ];
    check(&talk, &[&ran[..], &ran, &["'closed'"]].concat());
}

#[test]
fn mariadb_prepares_and_executes_at_once() {
    let mut talk = Talk::new("5.5.5-10.11.19-MariaDB", MARIADB, EXTENDED);
    let eof: &[u8] = b"\xfe\x00\x00\x02\x00";
    let execute = b"\x17\xff\xff\xff\xff\0\x01\0\0\0\0\x01\x03\0\x2a\0\0\0";
    talk.client(0, b"\x16insert into t values (?)");
    talk.client(0, execute);
    talk.client(0, b"\x0e");
    talk.servers(&[
        b"\x00\x05\0\0\0\0\0\x01\0\0\0\0",
        &definition("", "?", 0xFD, 63, 0, Some(b"")),
        eof,
    ]);
    talk.server(1, b"\x00\x01\x09\x02\x00\x00\x00")
        .server(1, OK);
    // One that is refused is not executed either.
    talk.client(0, b"\x16nonsense ?").client(0, execute);
    talk.server(1, b"\xff\x28\x04#42000syntax");
    talk.server(1, b"\xff\xdb\x04#HY000unknown handler");
    check(
        &talk,
        &[
            "'kind':'command','text':'PING'",
            "'prepared','text':'insert into t values (?)','parameters':[{'type':'int','value':'42'}]",
            "'complete','statement':2,'affected':1,'last_id':9",
            "'end','statement':2",
            "'complete','statement':1",
            "'end','statement':1",
            "'kind':'prepare','text':'nonsense ?'",
            "'message':'syntax'",
            "'kind':'prepared','text':'nonsense ?'}",
            "'message':'unknown handler'",
            "'closed'",
        ],
    );
}

#[test]
fn progress_is_no_error_and_no_end() {
    let mut talk = Talk::new("5.5.5-10.11.19-MariaDB", MARIADB, EXTENDED);
    talk.query("alter table t force").servers(&[
        b"\xff\xff\xff\x01\x01\x02\x00\x00\x00\x05copy",
        b"\xff\xff\xff\x01\x02\x02\x00\x00\x00\x05copy",
        OK,
    ]);
    check(
        &talk,
        &[
            "'alter table t force'",
            "'complete'",
            "'end','statement':1,'first':1,'transaction'",
            "'closed'",
        ],
    );
}

#[test]
fn a_bulk_and_parameters_sent_ahead_are_told() {
    let mut talk = Talk::new("5.5.5-10.11.19-MariaDB", MARIADB, EXTENDED);
    let eof: &[u8] = b"\xfe\x00\x00\x02\x00";
    talk.client(0, b"\x16insert into t values (?)");
    let parameter = definition("", "?", 0xFD, 63, 0, Some(b""));
    talk.servers(&[b"\x00\x05\0\0\0\0\0\x01\0\0\0\0", &parameter, eof]);
    talk.client(0, b"\xfa\x05\0\0\0\x80\0\x03\0\0\x01\0\0\0\x01\0\x02\0\0\0");
    talk.server(1, OK);
    talk.client(0, b"\x18\x05\0\0\0\0\0one, ");
    talk.client(0, b"\x18\x05\0\0\0\0\0two");
    talk.client(0, b"\x17\x05\0\0\0\0\x01\0\0\0\0\x01\xfc\0")
        .server(1, OK);
    talk.client(0, b"\x1a\x05\0\0\0").server(1, OK);
    check(
        &talk,
        &[
            "'parameters':[{'type':'int','value':'1'},{'type':'int','value':null},{'type':'int','value':'2'}]",
            "'complete'",
            "'end'",
            "'parameters':[{'type':'blob','value':'one, two'}]",
            "'complete'",
            "'end'",
            "'STMT_RESET'",
            "'complete'",
            "'end'",
            "'closed'",
        ],
    );
}

#[test]
fn what_is_not_known_is_skipped_and_what_follows_is_read() {
    let mut talk = Talk::mysql_8(Flag::empty());
    talk.client(0, b"\x42what is this")
        .servers(&[b"\x01", b"\xffwhatever", b"\xfe"]);
    talk.query("select 1").server(1, OK);
    // Nobody executed it.
    talk.client(0, b"\x16do 1")
        .server(1, b"\x00\x07\0\0\0\0\0\0\0\0\0\0");
    // The server ends an idle connection.
    talk.server(
        0,
        b"\xff\xbf\x0f#HY000The client was disconnected by the server",
    );
    check(
        &talk,
        &[
            "'undecodable','bytes':13,'detail':'the command 0x42 is not known'",
            "'kind':'command','text':'0x42'",
            "'end','statement':1",
            "'text':'select 1'",
            "'complete'",
            "'end'",
            "'kind':'prepare','text':'do 1'",
            "'end','statement':3",
            "'closed','error':{'severity':'ERROR','code':'HY000','number':4031",
        ],
    );
}

#[test]
fn a_replica_s_events_are_counted() {
    let mut talk = Talk::mysql_8(Flag::empty());
    talk.client(0, b"\x12\x04\0\0\0\0\0\x01\0\0\0bin.1");
    talk.servers(&[b"\x00event one", b"\x00event two"]);
    talk.client(3, b"\xef acknowledged");
    talk.server(4, b"\x00event three");
    check(
        &talk,
        &[
            "'BINLOG_DUMP'",
            "'rows':3,'bytes':32,'rows_cut':3",
            "'end','statement':1,'first':1}",
            "'closed'",
        ],
    );
}

#[test]
fn an_answer_may_come_before_the_statement_is_sent() {
    let mut talk = Talk::mysql_8(Flag::empty());
    let sql = packets(0, b"\x03insert into t values ('much')");
    let (sent, rest) = sql.split_at(20);
    talk.chunks.push((false, sent.to_vec()));
    talk.server(
        1,
        b"\xff\x81\x04#08S01Got a packet bigger than 'max_allowed_packet' bytes",
    );
    talk.chunks.push((false, rest.to_vec()));
    talk.query("select 1").server(1, OK);
    check(
        &talk,
        &[
            "'text':'insert into t v'",
            "'number':1153",
            "'text':'select 1'",
            "'complete'",
            "'end'",
            "'closed'",
        ],
    );
}

#[test]
fn zstd_is_read_like_zlib() {
    let mut talk = Talk::mysql_8(Flag::CLIENT_ZSTD_COMPRESSION_ALGORITHM);
    let sql = "select 'some text that is long enough to be worth it, it is, it is, it is'";
    let query = packets(0, &[b"\x03", sql.as_bytes()].concat());
    talk.chunks
        .push((false, frame(0, &query, Compression::Zstd)));
    let (head, tail) = OK.split_at(3);
    let answer = packets(1, &[head, tail].concat());
    let (head, tail) = answer.split_at(5);
    talk.chunks.push((true, frame(1, head, Compression::None)));
    talk.chunks.push((true, frame(2, tail, Compression::Zlib)));
    check(
        &talk,
        &[
            "is long enough to be worth it",
            "'complete'",
            "'end'",
            "'closed'",
        ],
    );
}
