//! MySQL's and MariaDB's protocol, from anybody and from the greeting on: what is told makes sense,
//! is bounded, and does not depend on how the bytes came.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rec::conversation::{LIMITS, check, pieces, told};
use rec::model::Micros;
use rec::wire::Seen;
use rec::wire::mysql::Decoder;

/// Whether a compressed frame was damaged. How much of it comes out before that shows depends on how
/// much of it zlib was given at once.
fn damaged(told: &[(Micros, Seen)]) -> bool {
    let mut gaps = told.iter().filter_map(|(_, seen)| match seen {
        Seen::Gap(gap) => Some(&*gap.detail),
        Seen::Exchange(_) => None,
    });
    gaps.any(|detail| detail.starts_with("compressed data could not be read"))
}

/// Without what is told of bytes that passed unread: of a compressed connection it depends on the
/// same.
fn followed(mut told: Vec<(Micros, Seen)>) -> Vec<(Micros, Seen)> {
    told.retain(|(_, seen)| match seen {
        Seen::Gap(gap) => !gap.detail.starts_with("what passed after"),
        Seen::Exchange(_) => true,
    });
    told
}

fuzz_target!(|input: &[u8]| {
    let pieces = pieces(input);
    let (whole, _) = told(Decoder::new(LIMITS), &pieces, usize::MAX);
    check(&whole);
    let whole = followed(whole);
    for longest in [1, 3, 64] {
        let (told, _) = told(Decoder::new(LIMITS), &pieces, longest);
        if !damaged(&whole) && !damaged(&told) {
            assert_eq!(whole, followed(told), "in pieces of {longest}");
        }
    }
});
