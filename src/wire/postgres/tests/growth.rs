//! Values whose text is far longer than their bytes: what is made of them is bounded, too.

use super::super::Decoder;
use super::super::frame::MESSAGE_MAX;
use super::super::value::TEXT_PER_BYTE;
use super::talk::*;
use crate::model::Micros;
use crate::model::wire::{Exchange, PARAMETERS_MAX, VALUE_MAX, Value};
use crate::wire::{Decoder as _, Limits, Seen};

/// The `numeric` 1e131068.
const LONG: &[u8] = &[0, 1, 0x7f, 0xff, 0, 0, 0, 0, 0, 1];
const DIGITS: usize = 1 + 4 * 0x7fff;
const NUMERIC: u32 = 1700;
const COLUMNS: usize = 300;

/// What is seen of an answer to a query.
fn seen(limits: Limits, answer: &[Vec<u8>]) -> Vec<Exchange> {
    let mut decoder = Decoder::new(limits);
    decoder.client(Micros(1), &startup(&[("user", "ann")]));
    decoder.server(Micros(2), &ready(b'I'));
    decoder.client(Micros(3), &query("a query"));
    decoder.take();
    decoder.server(Micros(4), &answer.concat());
    decoder.server(Micros(5), &[complete("DONE"), ready(b'I')].concat());
    let exchanges = decoder.take().into_iter().map(|(_, seen)| match seen {
        Seen::Exchange(exchange) => exchange,
        Seen::Gap(gap) => panic!("{gap:?}"),
    });
    exchanges.collect()
}

fn length(values: &[Value]) -> usize {
    values.iter().filter_map(Value::text).map(str::len).sum()
}

#[test]
fn a_row_of_long_numbers_is_told_up_to_a_sum() {
    let named: Vec<_> = (0..COLUMNS).map(|_| ("n", NUMERIC, 1)).collect();
    let answer = [columns(&named), row(&[Some(LONG); COLUMNS])];
    let seen = seen(Limits::default(), &answer);
    let Exchange::Rows { rows, .. } = &seen[1] else {
        panic!("{} exchanges", seen.len());
    };
    // Of those beyond it, "\\x" is told.
    let most = MESSAGE_MAX * TEXT_PER_BYTE + DIGITS + 2 * COLUMNS;
    assert!(length(&rows[0]) <= most, "{}", length(&rows[0]));
    assert_eq!(rows[0].len(), COLUMNS);
    assert_eq!(
        rows[0][10],
        Value::Text("1".to_owned() + &"0".repeat(DIGITS - 1))
    );
    let last = &rows[0][COLUMNS - 1];
    assert!(matches!(last, Value::Cut { text, length: 10 } if text == "\\x"));
}

#[test]
fn rows_of_long_numbers_are_told_up_to_the_limit_of_the_statement() {
    let mut answer = vec![columns(&[("n", NUMERIC, 1)])];
    answer.extend((0..50).map(|_| row(&[Some(LONG)])));
    let limits = Limits {
        rows: 100,
        bytes: 10 * DIGITS as u64,
    };
    let seen = seen(limits, &answer);
    let told = seen.iter().map(|seen| match seen {
        Exchange::Rows { rows, .. } => rows.len(),
        _ => 0,
    });
    assert_eq!(told.sum::<usize>(), 10);
    let complete = seen.iter().find_map(|seen| match seen {
        Exchange::Complete(complete) => Some((complete.rows, complete.rows_cut)),
        _ => None,
    });
    assert_eq!(complete, Some((50, 40)));
}

#[test]
fn long_numbers_of_binary_copied_data_are_told_up_to_the_limit_of_the_statement() {
    let tuple = [&[0, 1, 0, 0, 0, 10][..], LONG].concat();
    let data = [
        b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec(),
        tuple.repeat(50),
        vec![0xff, 0xff],
    ];
    let limits = Limits {
        rows: 0,
        bytes: 10 * (DIGITS as u64 + 1),
    };
    let answers = [
        [
            columns(&[("n", NUMERIC, 1)]),
            complete("SELECT 0"),
            ready(b'I'),
        ]
        .concat(),
        message(b'G', &[1, 0, 1, 0, 1]),
        [complete("COPY 50"), ready(b'I')].concat(),
    ];
    let sent = [
        query("select n from t limit 0"),
        query("copy t (n) from stdin binary"),
        [message(b'd', &data.concat()), message(b'c', b"")].concat(),
    ];
    let mut decoder = Decoder::new(limits);
    decoder.client(Micros(1), &startup(&[("user", "ann")]));
    decoder.server(Micros(2), &ready(b'I'));
    for (sent, answer) in sent.iter().zip(&answers) {
        decoder.client(Micros(3), sent);
        decoder.server(Micros(4), answer);
    }
    let (mut told, mut cut) = (0, Vec::new());
    for (_, seen) in decoder.take() {
        match seen {
            Seen::Exchange(Exchange::Copied { text, .. }) => told += text.len(),
            Seen::Exchange(Exchange::Complete(complete)) => cut.push(complete.bytes_cut),
            _ => {}
        }
    }
    assert_eq!(told, 10 * (DIGITS + 1));
    // Forty tuples with the end behind them, but for how many fields the first of them has.
    assert_eq!(cut, [0, 40 * 16 + 2 - 2]);
}

#[test]
fn long_parameters_are_told_up_to_a_sum() {
    let mut decoder = Decoder::new(Limits::default());
    decoder.client(Micros(1), &startup(&[("user", "ann")]));
    decoder.server(Micros(2), &ready(b'I'));
    decoder.take();
    let sent = [
        parse("", "select $1", &[NUMERIC; COLUMNS]),
        bind("", "", true, &[Some(LONG); COLUMNS]),
        execute("", 0),
    ];
    decoder.client(Micros(3), &sent.concat());
    let seen = decoder.take();
    let Some((_, Seen::Exchange(Exchange::Statement(statement)))) = seen.first() else {
        panic!("{} seen", seen.len());
    };
    let values: Vec<Value> = statement
        .parameters
        .iter()
        .map(|p| p.value.clone())
        .collect();
    assert_eq!(values.len(), COLUMNS);
    let most = PARAMETERS_MAX * TEXT_PER_BYTE + DIGITS + 2 * COLUMNS;
    assert!(length(&values) <= most, "{}", length(&values));
}

/// What is made of a binary value, with what its text takes of memory.
fn made(oid: u32, bytes: &[u8]) -> (Value, usize) {
    let encoding = super::super::encoding::Encoding::Utf8;
    let value = super::super::value::value(oid, true, bytes, bytes.len(), encoding);
    let held = match &value {
        Value::Null => 0,
        Value::Text(text) | Value::Cut { text, .. } => text.capacity(),
    };
    (value, held)
}

/// An array of one dimension.
fn array(of: u32, elements: &[&[u8]]) -> Vec<u8> {
    let count = u32::try_from(elements.len()).unwrap();
    let mut bytes = [1, 0, of, count, 1].map(u32::to_be_bytes).concat();
    for element in elements {
        bytes.extend(u32::try_from(element.len()).unwrap().to_be_bytes());
        bytes.extend(*element);
    }
    bytes
}

/// A row with one field.
fn record(oid: u32, field: &[u8]) -> Vec<u8> {
    let length = u32::try_from(field.len()).unwrap();
    let mut bytes = [1, oid, length].map(u32::to_be_bytes).concat();
    bytes.extend(field);
    bytes
}

#[test]
fn what_is_made_of_others_is_written_as_far_as_it_is_kept() {
    let numbers = array(NUMERIC, &[LONG; 200]);
    let many = [&200_u32.to_be_bytes()[..], &{
        let field = [&NUMERIC.to_be_bytes()[..], &10_u32.to_be_bytes(), LONG].concat();
        field.repeat(200)
    }]
    .concat();
    // Each row around it doubles its quotes.
    let mut quotes = vec![b'"'; VALUE_MAX / 4];
    for depth in 0..8 {
        quotes = record(if depth == 0 { 25 } else { 2249 }, &quotes);
    }
    for (oid, bytes) in [(1231, &numbers), (2249, &many), (2249, &quotes)] {
        let (value, held) = made(oid, bytes);
        let Value::Cut { text, length } = value else {
            panic!("{oid} is whole");
        };
        assert_eq!((text.len(), length), (VALUE_MAX, bytes.len() as u64));
        assert!(held <= 6 * VALUE_MAX, "{oid} holds {held}");
    }
}

#[test]
fn values_within_values_are_followed_only_so_deep() {
    const INT2_VECTOR: u32 = 22;
    let mut bytes = array(21, &[&[0, 7]]);
    assert_eq!(made(INT2_VECTOR, &bytes).0, Value::Text("7".to_owned()));
    for _ in 0..30_000 {
        bytes = [
            &[1, 0, INT2_VECTOR, 1, 0, u32::try_from(bytes.len()).unwrap()]
                .map(u32::to_be_bytes)
                .concat()[..],
            &bytes,
        ]
        .concat();
        // As long as it is cheap to build.
        if bytes.len() > VALUE_MAX / 8 {
            break;
        }
    }
    assert!(matches!(made(INT2_VECTOR, &bytes).0, Value::Text(text) if text.starts_with("\\x")));
}

#[test]
fn an_array_has_no_more_dimensions_than_the_server_gives_it() {
    let dimensions = |count: u32| {
        let mut bytes = [count, 0, 23].map(u32::to_be_bytes).concat();
        for _ in 0..count {
            bytes.extend([1, 1].map(u32::to_be_bytes).concat());
        }
        bytes.extend([4, 5].map(u32::to_be_bytes).concat());
        made(1007, &bytes).0
    };
    assert_eq!(dimensions(6), Value::Text("{{{{{{5}}}}}}".to_owned()));
    assert!(matches!(dimensions(7), Value::Text(text) if text.starts_with("\\x")));
}
