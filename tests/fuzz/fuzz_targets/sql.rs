//! Statements, whole and in lines, as they are typed and as they pass over the wire.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rec::lines::{check, scan};
use rec::mask::{Rules, Scanner, masked};

fuzz_target!(|input: &[u8]| {
    let mut scanner = Scanner::new(Rules::builtin());
    scan(&mut scanner, input);
    let mut scanner = Scanner::new(Rules::builtin());
    if let Some(covered) = scanner.statement(input) {
        assert!(!covered.rules.is_empty());
        assert!(covered.text.len() <= input.len() + 16 * covered.rules.len());
    }
    // As a parameter and as what a server says of it.
    let parameters = scanner.parameters(input);
    for n in 0..3 {
        scanner.parameter(&parameters, n, b"value");
    }
    scanner.message(input, input);
    let mut spans = Vec::new();
    scanner.peek(input, &mut spans);
    check(input, &spans);
    masked(input, &spans);
});
