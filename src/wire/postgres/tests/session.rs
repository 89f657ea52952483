//! How a session starts and ends, and what may pass at any time.

use super::super::Decoder;
use super::talk::*;
use crate::model::Micros;
use crate::wire::{Decoder as _, Limits};

#[test]
fn a_session_is_opened_when_the_server_is_ready() {
    Talk::new()
        .client(&[startup(&[
            ("user", "ann"),
            ("database", "shop"),
            ("options", "-c a=b"),
        ])])
        .server(&[
            message(b'R', &[0; 4]),
            parameter("server_version", "15.18"),
            message(b'K', &[0; 8]),
            ready(b'I'),
        ])
        .sees(
            "2 opened postgresql 15.18 ann shop
             2 server_version=15.18",
        );
}

#[test]
fn the_database_is_the_users_unless_named() {
    Talk::new()
        .client(&[startup(&[("user", "ann")])])
        .server(&[ready(b'I')])
        .sees("2 opened postgresql  ann ann");
}

#[test]
fn authentication_and_the_cancel_key_are_never_kept() {
    let secret = b"SCRAM-SHA-256\0\0\0\0\x20n,,n=,r=hunter2hunter2hunter2";
    let key = [7; 256];
    let mut decoder = Decoder::new(Limits::default());
    decoder.client(Micros(1), &startup(&[("user", "ann")]));
    decoder.server(Micros(2), &message(b'R', b"\0\0\0\x0ahunter2"));
    let password = message(b'p', secret);
    let (first, second) = password.split_at(20);
    decoder.client(Micros(3), first);
    assert!(decoder.client.body.is_empty());
    decoder.client(Micros(3), second);
    decoder.server(Micros(4), &message(b'K', &key));
    assert!(decoder.client.body.capacity() == 0 && decoder.server.body.capacity() == 0);
    decoder.server(Micros(5), &ready(b'I'));
    let seen = format!("{:?} {decoder:?}", decoder.take());
    assert!(
        !seen.contains("hunter2") && seen.contains("Opened"),
        "{seen}"
    );
    assert_eq!(format!("{decoder:?}"), "Decoder { .. }");
}

#[test]
fn the_cancel_key_of_protocol_3_2_has_any_length_and_the_version_is_negotiated() {
    let mut first = startup(&[("user", "ann"), ("_pq_.x", "1")]);
    first[7] = 2;
    Talk::new()
        .client(&[first])
        .server(&[
            message(b'v', &[&[0, 3, 0, 0, 0, 0, 0, 1][..], b"_pq_.x\0"].concat()),
            message(b'R', &[0; 4]),
            message(b'K', &[9; 260]),
            ready(b'I'),
        ])
        .sees("2 opened postgresql  ann ann");
}

#[test]
fn a_login_that_is_refused_is_a_closed_connection() {
    Talk::new()
        .client(&[startup(&[("user", "ann")])])
        .server(&[report(
            b'E',
            "FATAL",
            "28P01",
            "password authentication failed",
        )])
        .end()
        .sees("3 closed, FATAL 28P01 password authentication failed");
}

#[test]
fn what_passes_at_any_time_is_told_also_inside_rows() {
    Talk::ready()
        .server(&[
            message(b'A', &[&[0, 0, 0, 1][..], b"jobs\0run 5\0"].concat()),
            report(b'N', "WARNING", "01000", "idle"),
            parameter("TimeZone", "UTC"),
        ])
        .client(&[query("select x from t")])
        .server(&[
            columns(&[("x", 25, 0)]),
            row(&[Some(b"a")]),
            report(b'N', "NOTICE", "00000", "half way"),
            message(b'A', &[&[0, 0, 0, 1][..], b"jobs\0\0"].concat()),
            parameter("application_name", "z"),
            row(&[None]),
            complete("SELECT 2"),
            ready(b'I'),
        ])
        .sees(
            "3 notification jobs: run 5
             3 notice WARNING 01000 idle
             3 TimeZone=UTC
             4 #1 text [select x from t]
             5 #1 columns x:text
             5 #1 row a
             5 #1 notice NOTICE 00000 half way
             5 notification jobs: 
             5 application_name=z
             5 #1 row NULL
             5 #1 complete SELECT 2, rows 2
             5 #1 end, first 5, Idle",
        );
}

#[test]
fn a_fatal_error_ends_what_is_under_way_and_the_connection() {
    Talk::ready()
        .client(&[query("select pg_sleep(9)"), query("select 2")])
        .server(&[report(b'E', "FATAL", "57P01", "terminating connection")])
        .end()
        .sees(
            "3 #1 text [select pg_sleep(9)]
             3 #2 text [select 2]
             5 #1 end, first 4, FATAL 57P01 terminating connection
             5 #2 end, skipped
             5 closed, FATAL 57P01 terminating connection",
        );
}

#[test]
fn a_fatal_error_while_idle_is_the_connections() {
    Talk::ready()
        .client(&[query("select 1")])
        .server(&[columns(&[]), row(&[]), complete("SELECT 1"), ready(b'I')])
        .server(&[report(b'E', "FATAL", "57P05", "idle session timeout")])
        .end()
        .sees(
            "3 #1 text [select 1]
             4 #1 columns 
             4 #1 row 
             4 #1 complete SELECT 1, rows 1
             4 #1 end, first 4, Idle
             6 closed, FATAL 57P05 idle session timeout",
        );
}

#[test]
fn a_connection_that_breaks_leaves_statements_unfinished() {
    Talk::ready()
        .client(&[query("select x from t")])
        .server(&[columns(&[("x", 25, 0)]), row(&[Some(b"a")])])
        .end()
        .sees(
            "3 #1 text [select x from t]
             4 #1 columns x:text
             4 #1 row a
             5 #1 end, first 4, skipped
             5 closed",
        );
}

#[test]
fn an_unknown_message_is_skipped_by_its_length_and_a_gap() {
    Talk::ready()
        .client(&[message(b'?', b"what"), query("select 1")])
        .server(&[message(b'~', &[0; 9]), complete("SELECT 0"), ready(b'I')])
        .sees(
            "3 gap: a message of kind '?' from the client could not be read
             3 #1 text [select 1]
             4 gap: a message of kind '~' from the server could not be read
             4 #1 complete SELECT 0, affected 0
             4 #1 end, first 4, Idle",
        );
}

#[test]
fn a_malformed_message_is_skipped_and_a_gap() {
    Talk::ready()
        .client(&[query("select x from t")])
        .server(&[
            columns(&[("x", 25, 0)]),
            message(b'D', &[0, 2, 0, 0, 0, 1, 65, 0, 0, 0, 1, 65]),
            message(b'D', &[0, 1, 0, 0, 0, 9, 65]),
            row(&[Some(b"b")]),
            complete("SELECT 3"),
            ready(b'I'),
        ])
        .sees(
            "3 #1 text [select x from t]
             4 #1 columns x:text
             4 gap: a message of kind 'D' from the server could not be read
             4 gap: a message of kind 'D' from the server could not be read
             4 #1 row b
             4 #1 complete SELECT 3, rows 3, rows cut 2
             4 #1 end, first 4, Idle",
        );
}

#[test]
fn a_length_that_cannot_be_loses_the_rest_and_says_so() {
    Talk::ready()
        .client(&[query("select 1")])
        .server(&[vec![b'T', 0, 0, 0, 3], complete("SELECT 1")])
        .client(&[query("select 2")])
        .sees(
            "3 #1 text [select 1]
             4 gap: a message of no possible length: the rest of the connection could not be read",
        );
}

#[test]
fn the_client_is_busy_until_every_answer_is_in() {
    let mut decoder = Decoder::new(Limits::default());
    decoder.client(Micros(1), &startup(&[("user", "ann")]));
    decoder.server(Micros(2), &ready(b'I'));
    assert!(!decoder.busy());
    decoder.client(Micros(3), &query("select 1"));
    assert!(decoder.busy());
    decoder.server(Micros(4), &[complete("SELECT 0"), ready(b'I')].concat());
    assert!(!decoder.busy());
    decoder.client(Micros(5), &[parse("", "select 1", &[]), sync()].concat());
    decoder.server(Micros(6), &message(b'1', b""));
    assert!(decoder.busy());
    decoder.server(Micros(7), &ready(b'I'));
    assert!(!decoder.busy());
}

#[test]
fn text_is_in_client_encoding_as_it_is_at_that_time() {
    let latin: &[u8] = b"caf\xe9";
    Talk::ready()
        .server(&[parameter("client_encoding", "LATIN1")])
        .client(&[message(b'Q', &[b"select 'caf\xe9'", &[0][..]].concat())])
        .server(&[columns(&[("x", 25, 0)]), row(&[Some(latin)])])
        .server(&[
            complete("SELECT 1"),
            parameter("client_encoding", "UTF8"),
            ready(b'I'),
        ])
        .client(&[query("select 'café'")])
        .sees(
            "3 client_encoding=LATIN1
             4 #1 text [select 'café']
             5 #1 columns x:text
             5 #1 row café
             6 #1 complete SELECT 1, rows 1
             6 client_encoding=UTF8
             6 #1 end, first 5, Idle
             7 #2 text [select 'café']",
        );
}
