//! What reading PostgreSQL's protocol along costs: nanoseconds a transaction of `pgbench -S`, and
//! megabytes a second of a large result. Run with `cargo bench --bench postgres`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs
)]

use rec::model::Micros;
use rec::wire::postgres::Decoder;
use rec::wire::{Decoder as _, Limits};
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

/// Transactions of a round.
const TRANSACTIONS: u32 = 200_000;
/// Rounds; the fastest counts, for the machine is never quite idle.
const ROUNDS: usize = 5;
/// Rows of the large result, and what is in each.
const ROWS: u32 = 1_000_000;
const ROW: usize = 190;
/// What a relay reads at once.
const CHUNK: usize = 64 << 10;

fn main() {
    for mode in ["simple", "extended", "prepared"] {
        let conversation = kept(&format!("pgbench-SM{mode}.bin"));
        let fastest = (0..ROUNDS).map(|_| transactions(&conversation)).min();
        println!(
            "pgbench -S -M {mode:<9} {:>6} ns a transaction",
            fastest.unwrap()
        );
    }
    let rows = result();
    let copy = copied();
    let unlimited = Limits {
        rows: u64::MAX,
        bytes: u64::MAX,
    };
    for (what, bytes, limits) in [
        ("SELECT, default limits", &rows, Limits::default()),
        ("SELECT, everything kept", &rows, unlimited),
        ("COPY, default limits", &copy, Limits::default()),
        ("COPY, everything kept", &copy, unlimited),
    ] {
        let fastest = (0..ROUNDS)
            .map(|_| bulk(bytes, limits))
            .fold(f64::MAX, f64::min);
        let megabytes = bytes.len() as f64 / 1e6;
        println!(
            "{what:<24} {:>6.0} MB/s ({megabytes:.0} MB)",
            megabytes / fastest
        );
    }
}

/// The pieces of a kept conversation: whether from the client, and the bytes.
fn kept(name: &str) -> Vec<(bool, Vec<u8>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/wire/postgres")
        .join(name);
    let bytes = std::fs::read(path).unwrap();
    let mut bytes = &*bytes;
    let mut pieces = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<5>() {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let (piece, rest) = rest.split_at(usize::try_from(length).unwrap());
        pieces.push((head[0] == b'>', piece.to_vec()));
        bytes = rest;
    }
    pieces
}

fn feed(decoder: &mut Decoder, (client, bytes): &(bool, Vec<u8>)) {
    match client {
        true => decoder.client(Micros(1), bytes),
        false => decoder.server(Micros(1), bytes),
    }
}

/// Nanoseconds of the conversation's last request with its answer, again and again.
fn transactions(conversation: &[(bool, Vec<u8>)]) -> u128 {
    let mut decoder = Decoder::new(Limits::default());
    let (start, last) = conversation.split_at(conversation.len() - 2);
    assert!(last[0].0 && !last[1].0, "a request and its answer");
    for piece in start {
        feed(&mut decoder, piece);
    }
    decoder.take();
    let mut exchanges = 0;
    let begun = Instant::now();
    for _ in 0..TRANSACTIONS {
        for piece in last {
            feed(&mut decoder, piece);
            exchanges += black_box(decoder.take()).len();
        }
    }
    let took = begun.elapsed().as_nanos() / u128::from(TRANSACTIONS);
    assert_eq!(
        exchanges,
        5 * TRANSACTIONS as usize,
        "statement, columns, rows, complete, end"
    );
    took
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

/// A result of four columns.
fn result() -> Vec<u8> {
    let mut columns = vec![0, 4];
    for (name, oid) in [
        ("aid", 23_u32),
        ("bid", 23),
        ("abalance", 23),
        ("filler", 1042),
    ] {
        columns.extend(name.as_bytes());
        columns.extend([0, 0, 0, 64, 1, 0, 1]);
        columns.extend(oid.to_be_bytes());
        columns.extend([0, 4, 255, 255, 255, 255, 0, 0]);
    }
    let mut all = message(b'T', &columns);
    for n in 0..ROWS {
        let mut row = vec![0, 4];
        for cell in [
            n.to_string(),
            "1".to_owned(),
            "0".to_owned(),
            "x".repeat(ROW - 40),
        ] {
            row.extend(u32::try_from(cell.len()).unwrap().to_be_bytes());
            row.extend(cell.as_bytes());
        }
        all.extend(message(b'D', &row));
    }
    all.extend(message(b'C', b"SELECT 1000000\0"));
    all.extend(message(b'Z', b"I"));
    all
}

fn copied() -> Vec<u8> {
    let mut all = message(b'H', &[0, 0, 0]);
    for n in 0..ROWS {
        let line = format!("{n}\t1\t0\t{}\n", "x".repeat(ROW - 20));
        all.extend(message(b'd', line.as_bytes()));
    }
    all.extend(message(b'c', b""));
    all.extend(message(b'C', b"COPY 1000000\0"));
    all.extend(message(b'Z', b"I"));
    all
}

/// Seconds that a large answer takes.
fn bulk(answer: &[u8], limits: Limits) -> f64 {
    let mut decoder = Decoder::new(limits);
    for piece in &kept("pgbench-SMsimple.bin")[..2] {
        feed(&mut decoder, piece);
    }
    decoder.client(Micros(1), &message(b'Q', b"select\0"));
    decoder.take();
    let begun = Instant::now();
    for piece in answer.chunks(CHUNK) {
        decoder.server(Micros(1), piece);
        black_box(decoder.take());
    }
    let took = begun.elapsed().as_secs_f64();
    assert!(!decoder.busy(), "the answer was read to its end");
    took
}
