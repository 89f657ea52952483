//! Terminal streams: what is recorded is bounded and does not depend on how the bytes came.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rec::mask::{Rules, Scanner};
use rec::model::{Body, Exit, Micros, Size};
use rec::pipeline::Pipeline;

/// What is recorded of `bytes` when they come in pieces of `longest`.
fn recorded(bytes: &[u8], size: Size, longest: usize) -> Vec<u8> {
    let scanner = Scanner::new(Rules::builtin());
    let door = scanner.door();
    let mut pipeline = Pipeline::with_limit(scanner, door, size, u64::MAX);
    for piece in bytes.chunks(longest) {
        pipeline.output(Micros(1), piece);
    }
    let (code, signal) = (0, None);
    pipeline.exit(Micros(2), Exit { code, signal });
    let mut out = Vec::new();
    for event in pipeline.take() {
        if let Body::Output(data) = &event.body {
            out.extend_from_slice(data);
        }
    }
    out
}

fuzz_target!(|input: &[u8]| {
    let [cols, rows, bytes @ ..] = input else {
        return;
    };
    let size = Size {
        cols: u16::from(cols % 100) + 1,
        rows: u16::from(rows % 30) + 1,
    };
    let whole = recorded(bytes, size, usize::MAX);
    // CSI b repeats a character, at most over the screen; a mask may be wider than what it covers.
    let repeats = bytes.iter().filter(|byte| **byte == b'b').count();
    let screen = usize::from(size.cols) * usize::from(size.rows) * 4;
    assert!(whole.len() <= bytes.len() * 16 + repeats * screen + 64);
    for longest in [1, 3, 64] {
        assert_eq!(
            String::from_utf8_lossy(&whole),
            String::from_utf8_lossy(&recorded(bytes, size, longest)),
            "in pieces of {longest}"
        );
    }
});
