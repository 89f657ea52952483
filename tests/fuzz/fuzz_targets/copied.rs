//! PostgreSQL's binary COPY of columns whose types are known, with any data: it is told as text however
//! it came, and bounded. The input: how many columns, the type of each, then the data.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rec::conversation::{check, told};
use rec::model::wire::Exchange;
use rec::wire::postgres::Decoder;
use rec::wire::{Limits, Seen};

/// Types by their numbers: of each shape one, arrays, ranges, and what is not known.
const TYPES: [u32; 48] = [
    0, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 30, 114, 142, 600, 601, 602, 603, 604, 628,
    650, 700, 701, 718, 790, 829, 869, 1000, 1007, 1042, 1082, 1083, 1114, 1184, 1186, 1231, 1266,
    1560, 1700, 2249, 2950, 3220, 3802, 3904, 4451, 99_999,
];
const COLUMNS_MAX: u8 = 8;

/// Enough for a number of a hundred thousand digits, and not for ten of them.
const LIMITS: Limits = Limits {
    rows: 5,
    bytes: 1 << 20,
};

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = body.len() as u32 + 4;
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

/// The conversation around the data, which comes in messages of at most `longest` bytes.
fn conversation(types: &[u32], inward: bool, data: &[u8], longest: usize) -> Vec<(bool, Vec<u8>)> {
    let names: Vec<String> = (0..types.len()).map(|n| format!("c{n}")).collect();
    let names = names.join(", ");
    let way = if inward { "from stdin" } else { "to stdout" };
    let select = format!("select {names} from t limit 0\0");
    let copy = format!("copy t ({names}) {way} binary\0");
    let count = (types.len() as u16).to_be_bytes();
    let mut described = count.to_vec();
    for (number, oid) in types.iter().enumerate() {
        described.extend(format!("c{number}\0").bytes());
        described.extend([0; 6]);
        described.extend(oid.to_be_bytes());
        described.extend([0, 4, 255, 255, 255, 255, 0, 0]);
    }
    let formats = [&[1][..], &count, &[0, 1].repeat(types.len())].concat();
    let ready = if inward { b'G' } else { b'H' };
    let result = [
        message(b'T', &described),
        message(b'C', b"SELECT 0\0"),
        message(b'Z', b"I"),
    ];
    let mut copied: Vec<Vec<u8>> = data.chunks(longest).map(|d| message(b'd', d)).collect();
    copied.push(message(b'c', b""));
    let end = [message(b'C', b"COPY 1\0"), message(b'Z', b"I")];
    vec![
        (true, vec![0, 0, 0, 9, 0, 3, 0, 0, 0]),
        (false, message(b'Z', b"I")),
        (true, message(b'Q', select.as_bytes())),
        (false, result.concat()),
        (true, message(b'Q', copy.as_bytes())),
        (false, message(ready, &formats)),
        (inward, copied.concat()),
        (false, end.concat()),
    ]
}

/// What is told of copied data, and what of it is not.
fn copied(types: &[u32], inward: bool, data: &[u8], message: usize, piece: usize) -> (String, u64) {
    let pieces = conversation(types, inward, data, message);
    let pieces: Vec<(bool, &[u8])> = pieces.iter().map(|(who, bytes)| (*who, &**bytes)).collect();
    let (told, _) = told(Decoder::new(LIMITS), &pieces, piece);
    check(&told);
    let (mut lines, mut cut) = (String::new(), 0);
    for (_, seen) in told {
        match seen {
            Seen::Exchange(Exchange::Copied { text, .. }) => lines.push_str(&text),
            Seen::Exchange(Exchange::Complete(complete)) => cut += complete.bytes_cut,
            _ => {}
        }
    }
    (lines, cut)
}

fuzz_target!(|input: &[u8]| {
    let Some((head, rest)) = input.split_first() else {
        return;
    };
    let inward = head & 0x80 != 0;
    let headless = head & 0x40 != 0;
    let count = usize::from(head % COLUMNS_MAX) + 1;
    let (kinds, data) = rest.split_at(count.min(rest.len()));
    let types: Vec<u32> = kinds
        .iter()
        .map(|kind| TYPES[usize::from(*kind) % TYPES.len()])
        .collect();
    let header: &[u8] = if headless { b"" } else { b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0" };
    let data = [header, data].concat();
    let (lines, cut) = copied(&types, inward, &data, usize::MAX, usize::MAX);
    assert!(lines.len() as u64 <= LIMITS.bytes, "{}", lines.len());
    assert!(cut <= data.len() as u64, "{cut} of {}", data.len());
    // However it is cut into messages, and these into pieces.
    for (message, piece) in [(usize::MAX, 1), (1, usize::MAX), (7, 3), (64, 5)] {
        let again = copied(&types, inward, &data, message, piece);
        assert!(again == (lines.clone(), cut), "in {message} and {piece}");
    }
});
