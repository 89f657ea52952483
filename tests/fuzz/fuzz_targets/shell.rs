//! Command lines: behind a prompt, as words that a program was started with, in scripts.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rec::lines::scan;
use rec::mask::{Rules, Scanner};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// Programs whose options hold secrets, so that the fuzzer need not find their names.
const PROGRAMS: [&str; 8] = [
    "mysql ",
    "curl ",
    "redis-cli ",
    "docker login ",
    "openssl ",
    "sshpass ",
    "vault ",
    "export ",
];

fuzz_target!(|input: &[u8]| {
    let Some((first, line)) = input.split_first() else {
        return;
    };
    let program = PROGRAMS
        .get(usize::from(*first))
        .copied()
        .unwrap_or_default();
    let whole = [b"user@db1:~$ ", program.as_bytes(), line].concat();
    scan(&mut Scanner::new(Rules::builtin()), &whole);
    let words = [program.as_bytes(), line].concat();
    let words: Vec<OsString> = words
        .split(|byte| *byte == b' ')
        .map(|word| OsString::from_vec(word.to_vec()))
        .collect();
    Scanner::new(Rules::builtin()).command_line(&words);
});
