//! Whatever a server says, each event belongs to a statement that was told and is not over, and each
//! statement ends.

#[path = "../../../../tests/fuzz/conversation.rs"]
mod conversation;

use super::*;
use conversation::{LIMITS, check, pieces};

/// MariaDB's OK of an execution whose cursor stays open, as the EOF behind its columns.
const OPENED: &[u8] = b"\xfe\x00\x00\x42\x00";
const LAST_ROW: &[u8] = b"\xfe\x00\x00\x82\x00";

/// A client and a server of MariaDB, with EOF packets.
fn mariadb() -> Talk {
    Talk::new(
        "5.5.5-10.11.19-MariaDB",
        Flag::CLIENT_PROTOCOL_41 | Flag::CLIENT_SECURE_CONNECTION | Flag::CLIENT_CONNECT_WITH_DB,
        0,
    )
}

impl Talk {
    fn prepare(&mut self, sql: &str, id: u8) -> &mut Talk {
        self.client(0, &[b"\x16", sql.as_bytes()].concat());
        self.servers(&[
            &[0, id, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
            &definition("t", "n", 0x03, 63, 0, None),
            b"\xfe\x00\x00\x02\x00",
        ])
    }

    /// Asks for a cursor.
    fn execute(&mut self, id: u8) -> &mut Talk {
        self.client(0, &[0x17, id, 0, 0, 0, 1, 1, 0, 0, 0])
    }

    fn opens(&mut self) -> &mut Talk {
        self.servers(&[b"\x01", &definition("t", "n", 0x03, 63, 0, None), OPENED])
    }

    fn fetch(&mut self, id: u8) -> &mut Talk {
        self.client(0, &[0x1c, id, 0, 0, 0, 1, 0, 0, 0])
    }

    /// Makes sense, in pieces of any length. Gives the ends' statements.
    #[track_caller]
    fn makes_sense(&self) -> Vec<u32> {
        let chunks: Vec<(bool, &[u8])> = self
            .chunks
            .iter()
            .map(|(server, bytes)| (!server, &bytes[..]))
            .collect();
        let mut ends = Vec::new();
        for longest in [1, usize::MAX] {
            let (told, _) = conversation::told(Decoder::new(LIMITS), &chunks, longest);
            check(&told);
            ends = told
                .iter()
                .filter_map(|(_, seen)| match seen {
                    Seen::Exchange(Exchange::End(end)) => Some(end.statement),
                    _ => None,
                })
                .collect();
        }
        ends
    }
}

#[test]
fn an_error_within_a_description_ends_nothing_that_was_not_told() {
    let mut talk = mariadb();
    talk.client(0, b"\x16select ?")
        .servers(&[
            &[0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0],
            b"\xff\x51\x04#HY000no",
        ])
        .query("do 1")
        .server(1, OK);
    // The statement that was prepared is told with the connection's end.
    assert_eq!(talk.makes_sense(), [1, 2]);
}

#[test]
fn a_number_that_is_given_again_ends_the_cursor_of_the_statement_that_had_it() {
    let mut talk = mariadb();
    talk.prepare("select n from t", 1).execute(1).opens();
    talk.prepare("select 1, 2", 1).fetch(1).servers(&[LAST_ROW]);
    assert_eq!(talk.makes_sense(), [1, 2, 3]);
}

#[test]
fn a_cursor_takes_the_place_of_one_that_was_asked_for_before_it() {
    let mut talk = mariadb();
    talk.prepare("select n from t", 1).execute(1).execute(1);
    talk.opens().opens();
    talk.fetch(1).execute(1);
    talk.servers(&[b"\x00\x00\x07\x00\x00\x00", OPENED]).opens();
    talk.fetch(1)
        .servers(&[b"\x00\x00\x08\x00\x00\x00", LAST_ROW]);
    assert_eq!(talk.makes_sense(), [1, 2, 3]);
}

#[test]
fn rows_are_those_of_the_columns_that_were_told_though_the_statement_is_another_by_now() {
    let mut talk = mariadb();
    talk.prepare("select n from t", 1).execute(1).opens();
    talk.client(0, b"\x16select 1, 2").fetch(1);
    let columns = definition("t", "n", 0x03, 63, 0, None);
    talk.servers(&[
        &[0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0],
        &columns,
        &columns,
        b"\xfe\x00\x00\x02\x00",
    ]);
    talk.servers(&[b"\x00\x00\x07\x00\x00\x00", LAST_ROW]);
    talk.makes_sense();
}

#[test]
fn what_fuzzing_kept_makes_sense() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/corpus/mysql");
    let mut kept = 0;
    for entry in std::fs::read_dir(corpus).unwrap() {
        let input = std::fs::read(entry.unwrap().path()).unwrap();
        for longest in [1, 64, usize::MAX] {
            let (told, _) = conversation::told(Decoder::new(LIMITS), &pieces(&input), longest);
            check(&told);
        }
        kept += 1;
    }
    assert!(kept > 10, "{corpus} holds {kept}");
}
