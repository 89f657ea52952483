//! What a reader sees of statements: joined to commands, listed, their tables, found again.

use crate::support::{Home, Postgres, check};
use serde_json::Value;

fn statements(home: &Home) -> Vec<Value> {
    let shown = home.json(&["show", "@last", "--rows", "all"]);
    shown[0]["statements"].as_array().unwrap().clone()
}

#[test]
fn statements_of_a_client_without_commands_are_moments_of_their_own() {
    let postgres = Postgres::start();
    let home = Home::with_vault();
    let mut rec = home.rec(&["run", "--always", "--", "psql", "-X"]);
    rec.args(postgres.words());
    for sql in [
        "create table members (id int primary key, label text, api_key text)",
        "insert into members (id, label, api_key) values (1, 'first', 'Wq81mZ-planted')",
        "select id, label, null as nothing, api_key from members",
        "insert into members (id, label) values (1, 'again')",
    ] {
        rec.args(["-c", sql]);
    }
    let output = rec.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "the last one fails");

    let sent = statements(&home);
    assert_eq!(sent.len(), 4);
    assert_eq!(sent[0]["tags"][0], "CREATE TABLE");
    assert_eq!(sent[2]["rows"], 1);
    let row = &sent[2]["results"][0]["rows"][0];
    assert_eq!(row[1], "first");
    assert_eq!(row[2], Value::Null);
    assert_eq!(sent[3]["error"]["code"], "23505");
    assert!(sent.iter().all(|s| s["command"].is_null()));
    let everything = home.read(&["show", "@last", "--json", "--rows", "all"]);
    assert!(!everything.contains("planted"), "{everything}");

    let page = home.read(&["show", "@last"]);
    assert!(page.contains("→ s3"), "{page}");
    assert!(page.contains("1 row  select id, label"), "{page}");
    assert!(page.contains("ERROR 23505: duplicate key"), "{page}");
    let tables = home.read(&["show", "@last", "--rows", "s3"]);
    assert!(tables.contains("id  label  nothing  api_key"), "{tables}");
    assert!(tables.contains(" 1  first  NULL"), "{tables}");
    assert!(tables.contains("(SELECT 1)"), "{tables}");

    let hits = home.json(&["search", "members", "again"]);
    assert_eq!(hits.as_array().unwrap().len(), 1, "{hits}");
    assert_eq!(hits[0]["kind"], "statement");
    let failed = home.json(&["search", "failed:", "members"]);
    assert_eq!(failed.as_array().unwrap().len(), 1, "{failed}");
    for how in [&[][..], &["--no-index"]] {
        let found = |words: &[&str]| {
            let words = [&["search"], words, how].concat();
            let found = home.json(&words);
            let texts = found
                .as_array()
                .unwrap()
                .iter()
                .map(|hit| hit["command"].to_string());
            texts.collect::<Vec<_>>()
        };
        let masked = found(&["masked:"]);
        assert_eq!(masked.len(), 2, "{how:?}: {masked:?}");
        assert_eq!(
            found(&["masked:column", "in:command", "members"]).len(),
            2,
            "{how:?}"
        );
        let printed = found(&["masked:column", "in:output", "first"]);
        assert_eq!(printed.len(), 1, "{how:?}");
        let again = [&["search", "masked:", "again"], how].concat();
        let none = home.rec(&again).output().unwrap();
        assert_eq!(none.status.code(), Some(1), "{how:?}: {none:?}");
    }
}

#[test]
fn statements_of_an_interactive_client_stand_under_their_commands() {
    let postgres = Postgres::start();
    let home = Home::with_vault();
    let mut words = vec!["psql".to_owned(), "-X".to_owned()];
    words.extend(postgres.words());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut t = home.terminal(&words);
    t.wait_for("postgres=#");
    t.keys("select 7 * 6 as answer;\r");
    t.wait_for("42");
    t.wait_for("(1 row)");
    t.keys("\\dn\r");
    t.wait_for("List of schemas");
    t.keys("\\q\r");
    assert!(t.wait().success());

    let shown = home.json(&["show", "@last", "--rows", "1"]);
    let sent = shown[0]["statements"].as_array().unwrap();
    let of = |command: u32| sent.iter().filter(move |s| s["command"] == command);
    let [one] = of(1).collect::<Vec<_>>()[..] else {
        panic!("{sent:?}");
    };
    assert_eq!(one["text"], "select 7 * 6 as answer;");
    assert_eq!(one["results"][0]["columns"][0]["name"], "answer");
    assert_eq!(one["results"][0]["rows"][0][0], "42");
    assert!(of(2).count() >= 1, "what \\dn asks");
    // What is the command itself is not said twice.
    let page = home.read(&["show", "@last"]);
    assert_eq!(page.matches("7 * 6").count(), 1, "{page}");
}

#[test]
fn a_row_of_statements_is_cut_and_counted() {
    let postgres = Postgres::start();
    let home = Home::with_vault();
    let mut rec = home.rec(&["run", "--always", "--", "psql", "-Xq"]);
    rec.args(postgres.words());
    (0..30).for_each(|n| {
        rec.args(["-c", &format!("select {n}")]);
    });
    check(&rec.output().unwrap());
    let page = home.read(&["show", "@last"]);
    assert!(page.contains("→ 10 more statements  (--json"), "{page}");
    assert_eq!(statements(&home).len(), 30);
    let output = home.rec(&["show", "@last", "--rows", "s31"]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("no statement s31, only 30"), "{said}");
}

#[test]
fn what_is_beyond_the_configured_rows_is_counted() {
    let postgres = Postgres::start();
    let home = Home::with_vault();
    home.configure("[capture]\nmax_rows = 7\n");
    let mut rec = home.rec(&["run", "--always", "--", "psql", "-Xq"]);
    rec.args(postgres.words());
    rec.args(["-c", "select generate_series(1, 100)"]);
    check(&rec.output().unwrap());
    let sent = statements(&home);
    assert_eq!(sent[0]["rows"], 100);
    let result = &sent[0]["results"][0];
    assert_eq!(result["rows"].as_array().unwrap().len(), 7);
    assert_eq!(result["complete"]["rows_cut"], 93);
    let table = home.read(&["show", "@last", "--rows", "all"]);
    assert!(table.contains("the first 7 rows are kept"), "{table}");
}
