//! What is kept of much, and that little of it is held.

use super::super::Decoder;
use super::super::frame::MESSAGE_MAX;
use super::talk::*;
use crate::model::Micros;
use crate::model::wire::{Exchange, PARAMETERS_MAX, TEXT_MAX, VALUE_MAX, Value};
use crate::wire::{Decoder as _, Limits, Seen};

/// Feeds `bytes` in pieces of `size` to a session's server or client.
fn feed(decoder: &mut Decoder, client: bool, bytes: &[u8], size: usize) -> Vec<Exchange> {
    let mut seen = Vec::new();
    for piece in bytes.chunks(size) {
        match client {
            true => decoder.client(Micros(9), piece),
            false => decoder.server(Micros(9), piece),
        }
        let held = decoder
            .client
            .body
            .capacity()
            .max(decoder.server.body.capacity());
        assert!(held <= 2 * MESSAGE_MAX + size, "held {held}");
        seen.extend(decoder.take());
    }
    seen.into_iter()
        .map(|(_, seen)| match seen {
            Seen::Exchange(exchange) => exchange,
            Seen::Gap(gap) => panic!("{gap:?}"),
        })
        .collect()
}

fn session(limits: Limits) -> Decoder {
    let mut decoder = Decoder::new(limits);
    decoder.client(Micros(1), &startup(&[("user", "ann")]));
    decoder.server(Micros(2), &ready(b'I'));
    decoder.take();
    decoder
}

/// Sizes of pieces: within a message, and around it.
const PIECES: [usize; 3] = [4099, 1 << 16, 1 << 30];

#[test]
fn rows_beyond_the_limits_are_counted_and_not_kept() {
    let rows: Vec<Vec<u8>> = (0..5).map(|_| row(&[Some(b"12345")])).collect();
    let answer = |rows: Vec<Vec<u8>>| {
        [
            vec![columns(&[("x", 25, 0)])],
            rows,
            vec![complete("SELECT 5"), ready(b'I')],
        ]
        .concat()
    };
    Talk::ready()
        .limits(2, 1 << 20)
        .client(&[query("select x from t")])
        .server(&answer(rows.clone()))
        .sees(
            "3 #1 text [select x from t]
             4 #1 columns x:text
             4 #1 row 12345
             4 #1 row 12345
             4 #1 complete SELECT 5, rows 5, rows cut 3
             4 #1 end, first 4, Idle",
        );
    // Each row's body has 11 bytes.
    Talk::ready()
        .limits(10, 34)
        .client(&[query("select x from t")])
        .server(&answer(rows))
        .sees(
            "3 #1 text [select x from t]
             4 #1 columns x:text
             4 #1 row 12345
             4 #1 row 12345
             4 #1 row 12345
             4 #1 complete SELECT 5, rows 5, rows cut 2
             4 #1 end, first 4, Idle",
        );
}

#[test]
fn what_was_not_kept_of_a_result_that_breaks_off_is_told() {
    Talk::ready()
        .limits(1, 1 << 20)
        .client(&[query("select 1 / x from t"), query("select y from t")])
        .server(&[
            columns(&[("x", 23, 0)]),
            row(&[Some(b"1")]),
            row(&[Some(b"2")]),
            error("22012", "division by zero"),
            ready(b'I'),
            columns(&[("y", 23, 0)]),
            row(&[Some(b"1")]),
            row(&[Some(b"2")]),
        ])
        .end()
        .sees(
            "3 #1 text [select 1 / x from t]
             3 #2 text [select y from t]
             4 #1 columns x:int4
             4 #1 row 1
             4 #1 complete, rows 2, rows cut 1
             4 #1 end, first 4, ERROR 22012 division by zero, Idle
             4 #2 columns y:int4
             4 #2 row 1
             5 #2 complete, rows 2, rows cut 1
             5 #2 end, first 4, skipped
             5 closed",
        );
}

#[test]
fn the_limits_are_those_of_a_statement_and_not_of_each_result() {
    Talk::ready()
        .limits(3, 1 << 20)
        .client(&[query("select 1; select 2"), query("select 3")])
        .server(&[
            columns(&[("a", 23, 0)]),
            row(&[Some(b"1")]),
            row(&[Some(b"1")]),
            complete("SELECT 2"),
            columns(&[("a", 23, 0)]),
            row(&[Some(b"2")]),
            row(&[Some(b"2")]),
            complete("SELECT 2"),
            ready(b'I'),
            columns(&[("a", 23, 0)]),
            row(&[Some(b"3")]),
            complete("SELECT 1"),
            ready(b'I'),
        ])
        .sees(
            "3 #1 text [select 1; select 2]
             3 #2 text [select 3]
             4 #1 columns a:int4
             4 #1 row 1
             4 #1 row 1
             4 #1 complete SELECT 2, rows 2
             4 #1 columns a:int4
             4 #1 row 2
             4 #1 complete SELECT 2, rows 2, rows cut 1
             4 #1 end, first 4, Idle
             4 #2 columns a:int4
             4 #2 row 3
             4 #2 complete SELECT 1, rows 1
             4 #2 end, first 4, Idle",
        );
}

#[test]
fn copied_data_beyond_the_limit_is_counted_and_not_kept() {
    Talk::ready()
        .limits(1, 5)
        .client(&[query("copy t to stdout")])
        .server(&[
            message(b'H', &[0, 0, 1, 0, 0]),
            message(b'd', b"ab\n"),
            message(b'd', b"cde\n"),
            message(b'd', b"f\n"),
            message(b'c', b""),
            complete("COPY 3"),
            ready(b'I'),
        ])
        .sees(
            "3 #1 text [copy t to stdout]
             4 #1 copied out \"ab\\n\"
             4 #1 complete COPY 3, bytes cut 6, affected 3
             4 #1 end, first 4, Idle",
        );
}

#[test]
fn large_values_pass_through_with_their_beginning_kept() {
    let large = vec![b'x'; 5 << 20];
    let answer = [
        columns(&[("a", 25, 0), ("b", 17, 1), ("c", 25, 0)]),
        row(&[Some(&large), Some(&large), Some(b"end")]),
        complete("SELECT 1"),
        ready(b'I'),
    ]
    .concat();
    for size in PIECES {
        let mut decoder = session(Limits::default());
        decoder.client(Micros(3), &query("select 1"));
        decoder.take();
        let seen = feed(&mut decoder, false, &answer, size);
        let [
            _,
            Exchange::Rows { rows, .. },
            Exchange::Complete(complete),
            _,
        ] = &*seen
        else {
            panic!("{} exchanges", seen.len());
        };
        let [a, b, c] = &*rows[0] else { panic!() };
        let Value::Cut { text, length } = a else {
            panic!()
        };
        assert_eq!((text.len(), *length), (VALUE_MAX, 5 << 20));
        let Value::Cut { text, length } = b else {
            panic!()
        };
        assert!(
            text.starts_with("\\x7878") && text.len() == VALUE_MAX,
            "{}",
            text.len()
        );
        assert_eq!(*length, 5 << 20);
        // The two values before it used up what is kept of a row.
        assert_eq!(
            *c,
            Value::Cut {
                text: String::new(),
                length: 3
            }
        );
        assert_eq!(
            (complete.rows, complete.bytes),
            (1, 2 + 12 + (10 << 20) + 3)
        );
    }
}

#[test]
fn long_statements_are_kept_up_to_a_length_with_the_rest_counted() {
    for length in [TEXT_MAX, TEXT_MAX + 1, 3 << 20, 9 << 20] {
        let mut sql = "select '".to_owned();
        sql.extend(std::iter::repeat_n('x', length - sql.len()));
        for (size, prepared) in PIECES
            .into_iter()
            .flat_map(|size| [(size, false), (size, true)])
        {
            let sent = match prepared {
                false => query(&sql),
                true => [
                    parse("q", &sql, &[23]),
                    bind("", "q", true, &[Some(&[0; 4])]),
                    execute("", 0),
                ]
                .concat(),
            };
            let mut decoder = session(Limits::default());
            let seen = feed(&mut decoder, true, &sent, size);
            let [Exchange::Statement(statement)] = &*seen else {
                panic!()
            };
            assert_eq!(statement.text.len(), TEXT_MAX.min(length));
            assert_eq!(
                statement.cut,
                (length - statement.text.len()) as u64,
                "{length} {size}"
            );
            if prepared {
                assert_eq!(statement.parameters[0].type_name, "int4");
            }
        }
    }
}

#[test]
fn large_parameters_are_kept_up_to_a_sum() {
    let large = vec![b'y'; 3 << 20];
    let sent = [
        parse("", "insert into t values ($1, $2, $3)", &[]),
        bind(
            "",
            "",
            false,
            &[Some(b"first"), Some(&large), Some(b"last")],
        ),
        execute("", 0),
    ]
    .concat();
    for size in PIECES {
        let mut decoder = session(Limits::default());
        let seen = feed(&mut decoder, true, &sent, size);
        let [Exchange::Statement(statement)] = &*seen else {
            panic!()
        };
        let values: Vec<(usize, Option<u64>)> = statement
            .parameters
            .iter()
            .map(|p| match &p.value {
                Value::Null => panic!(),
                Value::Text(text) => (text.len(), None),
                Value::Cut { text, length } => (text.len(), Some(*length)),
            })
            .collect();
        let kept = PARAMETERS_MAX - 5;
        assert_eq!(values, [(5, None), (kept, Some(3 << 20)), (0, Some(4))]);
    }
}

#[test]
fn results_of_functions_and_long_reports_are_cut() {
    let large = vec![b'z'; 5 << 20];
    let call = [
        &954_u32.to_be_bytes()[..],
        &formats(&[1]),
        &cells(&[Some(&[0; 4]), Some(&[0; 4])]),
        &[0, 1],
    ];
    let length = u32::try_from(large.len()).unwrap().to_be_bytes();
    for size in PIECES {
        let mut decoder = session(Limits::default());
        decoder.client(Micros(3), &message(b'F', &call.concat()));
        decoder.take();
        let answer = message(b'V', &[&length[..], &large].concat());
        let seen = feed(&mut decoder, false, &answer, size);
        let Exchange::Rows { rows, .. } = &seen[1] else {
            panic!()
        };
        let Value::Cut { text, length } = &rows[0][0] else {
            panic!()
        };
        assert_eq!((text.len(), *length), (VALUE_MAX, 5 << 20));

        let what = String::from_utf8(large.clone()).unwrap();
        let seen = feed(
            &mut decoder,
            false,
            &report(b'N', "NOTICE", "00000", &what),
            size,
        );
        let [Exchange::Notice { report, .. }] = &*seen else {
            panic!()
        };
        assert_eq!(report.message.len(), TEXT_MAX);
    }
}

#[test]
fn a_result_of_many_rows_is_told_in_pieces() {
    let mut decoder = session(Limits {
        rows: 1 << 20,
        bytes: 1 << 30,
    });
    decoder.client(Micros(3), &query("select x from t"));
    decoder.take();
    let mut answer = columns(&[("x", 25, 0)]);
    for _ in 0..1000 {
        answer.extend(row(&[Some(&[b'x'; 1000])]));
    }
    let seen = feed(&mut decoder, false, &answer, 1 << 30);
    let sizes: Vec<usize> = seen
        .iter()
        .filter_map(|exchange| match exchange {
            Exchange::Rows { rows, .. } => Some(rows.len()),
            _ => None,
        })
        .collect();
    assert_eq!(sizes.iter().sum::<usize>(), 1000);
    assert!(sizes.iter().all(|rows| *rows <= 66), "{sizes:?}");
}

#[test]
fn what_is_prepared_and_bound_is_held_up_to_a_sum() {
    let mut decoder = session(Limits::default());
    let sql = "x".repeat(1 << 20);
    for n in 0..100 {
        decoder.client(Micros(3), &parse(&format!("s{n}"), &sql, &[]));
        decoder.server(Micros(3), &message(b'1', b""));
    }
    decoder.client(
        Micros(4),
        &[bind("", "s99", false, &[]), execute("", 0)].concat(),
    );
    let seen = decoder.take();
    let [(_, Seen::Exchange(Exchange::Statement(statement)))] = &*seen else {
        panic!()
    };
    assert_eq!((statement.text.len(), statement.cut), (0, 1 << 20));
    decoder.server(
        Micros(4),
        &[message(b'2', b""), complete("SELECT 0")].concat(),
    );
    // What is closed makes room.
    for n in 0..100 {
        decoder.client(Micros(5), &close(b'S', &format!("s{n}")));
        decoder.server(Micros(5), &message(b'3', b""));
    }
    decoder.take();
    let sent = [
        parse("new", &sql, &[]),
        bind("", "new", false, &[]),
        execute("", 0),
    ];
    decoder.client(Micros(6), &sent.concat());
    let seen = decoder.take();
    let [(_, Seen::Exchange(Exchange::Statement(statement)))] = &*seen else {
        panic!()
    };
    assert_eq!((statement.text.len(), statement.cut), (1 << 20, 0));
}

#[test]
fn a_client_that_never_waits_is_not_followed_for_ever() {
    let mut decoder = session(Limits::default());
    let many = sync().repeat(1 << 18);
    decoder.client(Micros(3), &many);
    let seen = decoder.take();
    assert!(matches!(&*seen, [(_, Seen::Gap(_))]), "{seen:?}");
    assert!(decoder.busy());
}
