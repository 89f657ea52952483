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
