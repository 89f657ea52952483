//! PostgreSQL's protocol, from anybody: what is told makes sense, is bounded, and does not depend
//! on how the bytes came. The seeds are `fixtures/wire/postgres`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rec::conversation::{LIMITS, check, pieces, told};
use rec::wire::Decoder as _;
use rec::wire::postgres::Decoder;

fuzz_target!(|input: &[u8]| {
    let pieces = pieces(input);
    let (whole, decoder) = told(Decoder::new(LIMITS), &pieces, usize::MAX);
    assert!(!decoder.busy());
    check(&whole);
    for longest in [1, 3, 64] {
        let (told, _) = told(Decoder::new(LIMITS), &pieces, longest);
        assert_eq!(whole, told, "in pieces of {longest}");
    }
});
