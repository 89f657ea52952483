//! Tables: as clients print them, and as rows of the wire.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rec::lines::scan;
use rec::mask::{Column, Rules, Scanner};

fuzz_target!(|input: &[u8]| {
    scan(&mut Scanner::new(Rules::builtin()), input);

    // The first line names the columns, the others are rows.
    let mut lines = input.split(|byte| *byte == b'\n');
    let names = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let columns: Vec<Column<'_>> = names
        .split('|')
        .map(|name| Column {
            name: name.trim(),
            origin: "",
            table: "people",
            kind: "text",
        })
        .collect();
    let mut scanner = Scanner::new(Rules::builtin());
    let statement = format!("select * from people -- {names}");
    let mut result = scanner.result(statement.as_bytes(), &columns);
    for line in lines {
        let cells: Vec<Option<&[u8]>> = line.split(|byte| *byte == b'|').map(Some).collect();
        let mut last = None;
        scanner.row(&mut result, cells.iter().copied(), |n, covered| {
            assert!(n < cells.len(), "cell {n} of {}", cells.len());
            assert!(
                last.is_none_or(|last| last < n),
                "cell {n} twice or out of order"
            );
            assert!(!covered.rules.is_empty());
            last = Some(n);
        });
    }
});
