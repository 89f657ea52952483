//! What the targets of both protocols share: a conversation, what a decoder tells of it, and what
//! must hold of that whatever was said.
//!
//! The input is a conversation: who (`>` for the client), how many bytes, the bytes.

use crate::model::Micros;
use crate::model::wire::Exchange;
use crate::wire::{Decoder, Limits, Seen};
use std::collections::BTreeMap;

/// Small, so that they are reached.
pub const LIMITS: Limits = Limits {
    rows: 5,
    bytes: 400,
};

/// The pieces of a conversation: whether from the client, and the bytes.
pub fn pieces(mut input: &[u8]) -> Vec<(bool, &[u8])> {
    let mut pieces = Vec::new();
    while let Some((head, rest)) = input.split_first_chunk::<5>() {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let (piece, rest) = rest.split_at(length.min(rest.len()));
        pieces.push((head[0] == b'>', piece));
        input = rest;
    }
    pieces
}

/// What is told when no piece is longer than `longest`; rows and copied data put together.
pub fn told<D: Decoder>(
    mut decoder: D,
    pieces: &[(bool, &[u8])],
    longest: usize,
) -> (Vec<(Micros, Seen)>, D) {
    let mut told: Vec<(Micros, Seen)> = Vec::new();
    let mut at = Micros(0);
    let mut take = |decoder: &mut D| {
        for (at, mut seen) in decoder.take() {
            if let Some((_, Seen::Exchange(last))) = told.last_mut()
                && let Seen::Exchange(next) = &mut seen
                && joined(last, next)
            {
                continue;
            }
            told.push((at, seen));
        }
    };
    for (client, bytes) in pieces {
        at.0 += 1;
        for piece in bytes.chunks(longest) {
            match client {
                true => decoder.client(at, piece),
                false => decoder.server(at, piece),
            }
            take(&mut decoder);
        }
    }
    decoder.closed(at);
    take(&mut decoder);
    (told, decoder)
}

fn joined(last: &mut Exchange, next: &mut Exchange) -> bool {
    match (last, next) {
        (
            Exchange::Rows { statement, rows },
            Exchange::Rows {
                statement: other,
                rows: more,
            },
        ) if statement == other => {
            rows.append(more);
            true
        }
        (
            Exchange::Copied {
                statement,
                inward,
                text,
            },
            Exchange::Copied {
                statement: other,
                inward: way,
                text: more,
            },
        ) if statement == other && inward == way => {
            text.push_str(more);
            true
        }
        _ => false,
    }
}

/// What is known of a statement under way.
#[derive(Default)]
struct Course {
    columns: usize,
    rows: u64,
    all_rows: u64,
}

/// Every event belongs to a statement that was told and is not over, rows have a cell for each
/// column, and the limits hold.
pub fn check(told: &[(Micros, Seen)]) {
    let mut open: BTreeMap<u32, Course> = BTreeMap::new();
    for (_, seen) in told {
        let Seen::Exchange(exchange) = seen else {
            continue;
        };
        if let Exchange::Statement(statement) = exchange {
            assert!(open.insert(statement.number, Course::default()).is_none());
            continue;
        }
        let Some(number) = exchange.statement() else {
            continue;
        };
        let course = open.get_mut(&number).expect("a statement under way");
        match exchange {
            Exchange::Columns { columns, .. } => course.columns = columns.len(),
            Exchange::Rows { rows, .. } => {
                assert!(rows.iter().all(|row| row.len() == course.columns));
                course.rows += rows.len() as u64;
                course.all_rows += rows.len() as u64;
            }
            Exchange::Complete(complete) => {
                assert_eq!(complete.rows, course.rows + complete.rows_cut);
                course.rows = 0;
            }
            Exchange::End(_) => {
                assert!(
                    course.all_rows <= LIMITS.rows + 1,
                    "a function gives one more"
                );
                open.remove(&number);
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "{:?}", open.keys());
}
