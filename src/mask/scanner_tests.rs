//! What a scanner learns, looks at and moves on from.

use super::*;

#[test]
fn what_was_found_once_is_found_everywhere() {
    let mut scanner = Scanner::new(Rules::builtin());
    let mut spans = Vec::new();
    scanner.line(b"export PGPASSWORD=tr0ub4dor-and-3", &mut spans);
    assert_eq!(spans.len(), 1);
    spans.clear();
    scanner.line(b"it said tr0ub4dor-and-3 aloud", &mut spans);
    assert_eq!((spans[0].start, spans[0].end), (8, 23));
}

#[test]
fn a_value_that_two_layers_found_is_learned_as_each_of_them_saw_it() {
    for line in [
        "auth='ghp_aB3dEf6hIj9kLm2nOp5qRs8tUv1wXy4zAb7c",
        "password=\"glpat-aB3dEf6hIj9kLm2nOp5q\";x",
        "export TOKEN='x npm_aB3dEf6hIj9kLm2nOp5qRs8tUv1wXy4zAb7c'",
    ] {
        let mut scanner = Scanner::new(Rules::builtin());
        let mut spans = Vec::new();
        scanner.line(line.as_bytes(), &mut spans);
        assert!(!spans.is_empty(), "{line}");
        let start = ["ghp_", "glpat-", "npm_"].iter().find_map(|p| line.find(p));
        let token = line[start.unwrap()..].split(['\'', '"']).next().unwrap();
        let known = scanner.learned.forms(0);
        let known = known
            .iter()
            .any(|form| form.text.as_slice() == token.as_bytes());
        assert!(known, "{line}");
    }
}

#[test]
fn a_peek_does_not_move_on_but_learns() {
    let mut scanner = Scanner::new(Rules::builtin());
    let mut spans = Vec::new();
    scanner.peek(b"-----BEGIN PRIVATE KEY-----", &mut spans);
    assert!(!scanner.in_block());
    scanner.line(b"-----BEGIN PRIVATE KEY-----", &mut spans);
    assert!(scanner.in_block());
    scanner.end_block();
    assert!(!scanner.in_block());
}

#[test]
fn a_statement_among_the_words_of_a_command_line_is_masked_as_one() {
    let mut scanner = Scanner::new(Rules::builtin());
    let text = "insert into m (id, api_key) values (1, 'Wq81mZ-planted')";
    let argv = ["psql", "-c", text].map(OsString::from);
    let line = scanner.command_line(&argv);
    assert!(!line.contains("planted"), "{line}");
    assert!(
        line.starts_with("psql -c 'insert into m (id, api_key)"),
        "{line}"
    );
}

#[test]
fn a_command_line_is_quoted_and_masked() {
    let mut scanner = Scanner::new(Rules::builtin());
    let argv = ["psql", "host=db password=tr0ub4dor", "-c", "select 1"].map(OsString::from);
    assert_eq!(
        scanner.command_line(&argv),
        "psql 'host=db password=********' -c 'select 1'"
    );
}

/// What `scanner` finds on a page of `lines`.
fn on_page(scanner: &mut Scanner, lines: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let bytes = lines.iter().map(|line| line.as_bytes());
    scanner.page(bytes, |number, spans| {
        found.extend(
            spans
                .iter()
                .map(|s| lines[number][s.start..s.end].to_owned()),
        );
    });
    found
}

#[test]
fn a_table_in_a_pane_is_one() {
    let mut scanner = Scanner::new(Rules::builtin());
    let page = [
        "$ ls        │ id | password ",
        "README.md   │----+----------",
        "src         │  1 | Zimt7 ",
        "$           │(1 row)",
    ];
    assert_eq!(on_page(&mut scanner, &page), ["Zimt7"]);
    // The same with a box whose rules are no panes.
    let page = [
        "┌────┬──────────┐",
        "│ id │ password │",
        "├────┼──────────┤",
        "│  1 │ Zimt7    │",
        "│  2 │ Anis8    │",
        "└────┴──────────┘",
    ];
    assert_eq!(on_page(&mut scanner, &page), ["Zimt7", "Anis8"]);
}

#[test]
fn a_line_that_a_pane_is_too_narrow_for_is_one() {
    let mut scanner = Scanner::new(Rules::builtin());
    let page = [
        "$ psql postgres://app:Ei│$ ls",
        "nhornRegen@db.example/x │README.md",
        "psql (15.18)            │src",
    ];
    assert_eq!(on_page(&mut scanner, &page), ["Ei", "nhornRegen"]);
}

#[test]
fn rows_of_a_table_are_known_when_its_header_has_left_the_page() {
    let mut scanner = Scanner::new(Rules::builtin());
    let page = [
        " id | password | kind ",
        "----+----------+------",
        "  1 | Zimt7    | a    ",
    ];
    assert_eq!(on_page(&mut scanner, &page), ["Zimt7"]);
    let page = ["  8 | Anis8    | b    ", "  9 | Mohn9    | c    "];
    assert_eq!(on_page(&mut scanner, &page), ["Anis8", "Mohn9"]);
    // Another table stands between other bars.
    let page = ["  8 | Anis88888 | b    ", "made | of | words"];
    assert_eq!(on_page(&mut scanner, &page), [""; 0]);
}

#[test]
fn a_table_without_secrets_ends_the_one_that_was_known() {
    let table = [
        " id | password | kind ",
        "----+----------+------",
        "  1 | Zimt7    | a    ",
    ];
    let rows = ["  8 | Anis8    | b    ", "  9 | Mohn9    | c    "];
    // On the same page, behind it, and with bars in the same places.
    for header in [
        " no | comment  | kind ",
        " id |   name   | kind ",
        " ab |   cdef   | ghij ",
    ] {
        let mut scanner = Scanner::new(Rules::builtin());
        assert_eq!(on_page(&mut scanner, &table), ["Zimt7"]);
        let page = [header, "----+----------+------", rows[0]];
        let found = on_page(&mut scanner, &page);
        assert!(!found.iter().any(|f| f == "Anis8"), "{header}: {found:?}");
        assert_eq!(on_page(&mut scanner, &rows), [""; 0], "{header}");
    }
    // The same line by line.
    let mut scanner = Scanner::new(Rules::builtin());
    let more = [
        "(1 row)",
        " ab |   cdef   | ghij ",
        "----+----------+------",
        rows[0],
    ];
    let lines = table.iter().chain(&more);
    let mut spans = Vec::new();
    for line in lines {
        spans.clear();
        scanner.line(line.as_bytes(), &mut spans);
    }
    assert!(spans.is_empty(), "{spans:?}");
}

#[test]
fn a_value_that_begins_with_blanks_makes_no_header_of_its_row() {
    let mut scanner = Scanner::new(Rules::builtin());
    let page = [
        " password |   name   | kind ",
        "----------+----------+------",
        " Zimt7    | root     | a    ",
    ];
    assert_eq!(on_page(&mut scanner, &page), ["Zimt7"]);
    let page = [" Anis8    |   leaf   | b", " Mohn9    | root     | c"];
    assert_eq!(on_page(&mut scanner, &page), ["Anis8", "Mohn9"]);
}

#[test]
fn rows_of_a_table_are_forgotten_after_some_pages() {
    let mut scanner = Scanner::new(Rules::builtin());
    let page = [
        " id | password | kind ",
        "----+----------+------",
        "  1 | Zimt7    | a    ",
    ];
    assert_eq!(on_page(&mut scanner, &page), ["Zimt7"]);
    let other = ["nothing of a table stands here"; 40];
    for _ in 0..12 {
        assert_eq!(on_page(&mut scanner, &other), [""; 0]);
    }
    assert_eq!(on_page(&mut scanner, &["  8 | Anis8    | b    "]), [""; 0]);
}

#[test]
fn a_statement_behind_an_open_quote_is_looked_at_by_itself() {
    let mut scanner = Scanner::new(Rules::builtin());
    let mut spans = Vec::new();
    scanner.line(
        b"app=# CREATE USER foo PASSWORD 'no end in sight;",
        &mut spans,
    );
    scanner.line(b"app'# ", &mut spans);
    spans.clear();
    let line = "CREATE USER a IDENTIFIED BY 'Zimt7', b IDENTIFIED BY 'Anis8';";
    scanner.line(line.as_bytes(), &mut spans);
    let found: Vec<_> = spans.iter().map(|s| &line[s.start..s.end]).collect();
    assert!(
        found.contains(&"Zimt7") && found.contains(&"Anis8"),
        "{found:?}"
    );
}

#[test]
fn values_that_mybatis_lists_are_told_by_their_statement() {
    let mut scanner = Scanner::new(Rules::builtin());
    for (line, secrets) in [
        (
            "==>  Preparing: update users set name = ?, pwd = ? where id = ?",
            vec![],
        ),
        (
            "==> Parameters: null, Salz, und (Pfeffer)(String), 17(Integer)",
            vec!["Salz, und (Pfeffer)"],
        ),
        ("==> Parameters: a(String), b(String), 1(Integer)", vec![]),
        ("==>  Preparing: update t set n = ? where id = ?", vec![]),
        ("==> Parameters: Salat(String), 17(Integer)", vec![]),
    ] {
        let mut spans = Vec::new();
        scanner.line(line.as_bytes(), &mut spans);
        let found: Vec<_> = spans.iter().map(|s| &line[s.start..s.end]).collect();
        assert_eq!(found, secrets, "{line}");
    }
}

#[test]
fn a_table_that_a_pager_cut_at_the_edge_is_one() {
    let mut scanner = Scanner::new(Rules::builtin());
    for page in [
        [
            " id | password |  no>",
            "----+----------+---->",
            "  1 | Zimt7    | bla>",
        ],
        [
            "<d | password |  no>",
            "---+----------+---->",
            "<1 | Zimt7    | bla>",
        ],
    ] {
        assert_eq!(on_page(&mut scanner, &page), ["Zimt7"], "{page:?}");
    }
}

#[test]
fn what_stands_of_a_key_above_its_end_is_found() {
    let body = "MC4CAQAwBQYDK2VwBCIEIPJighSsSsf5C8M9dEpZgT1i0R4IWgIBsmVIe30szr9x";
    let mut scanner = Scanner::new(Rules::builtin());
    let page = [
        "$ less k.txt",
        body,
        body,
        "-----END PRIVATE KEY-----",
        "$ ",
    ];
    assert_eq!(on_page(&mut scanner, &page), [body, body]);
    // Whoever has not seen it as a key does not know it as one.
    let mut scanner = Scanner::new(Rules::builtin());
    let page = ["$ less c.txt", body, "-----END CERTIFICATE-----", "$ "];
    assert_eq!(on_page(&mut scanner, &page), [""; 0]);
}
