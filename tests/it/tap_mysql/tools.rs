//! The other programs that come with the client, on the same tap.

use super::*;
use std::fs;

fn filled() -> (Home, Mariadb) {
    let server = Mariadb::start_with(&["--local-infile=1", "--log-bin=log", "--server-id=1"]);
    server.sql(
        "mysql",
        "create database shop; use shop; create table people (id int primary key, name text); \
         insert into people values (1, 'ada'), (2, 'bob')",
    );
    (Home::with_vault(), server)
}

fn texts(seen: &[Value]) -> Vec<&str> {
    seen.iter().map(|s| s["text"].as_str().unwrap()).collect()
}

#[test]
fn files_are_imported_through_the_tap() {
    let (home, server) = filled();
    let file = home.path().join("people.txt");
    fs::write(&file, "3,eve\n4,joe\n").unwrap();
    let file = file.display().to_string();
    let more = [
        "--local",
        "--replace",
        "--fields-terminated-by=,",
        "shop",
        &file,
    ];
    for client in ["mariadb-import", "mysqlimport"] {
        let seen = same(&home, &over_tcp(&server, client, &more), 3);
        let load = seen.last().unwrap();
        let text = load["text"].as_str().unwrap();
        assert!(text.starts_with("LOAD DATA "), "{text}");
        assert_eq!(shown(&home)["database"], "shop");
        let all = home.read(&["show", "@last", "--json", "--rows", "all"]);
        assert!(all.contains("3,eve"), "{all}");
    }
    let count = server.sql("shop", "select count(*) from people");
    assert_eq!(count.trim(), "4");
}

#[test]
fn tables_are_checked_and_listed_through_the_tap() {
    let (home, server) = filled();
    for (client, more, statement) in [
        ("mariadb-check", &["shop"][..], "CHECK TABLE `people` "),
        ("mysqlanalyze", &["shop", "people"], "ANALYZE"),
        ("mariadb-optimize", &["-s", "-B", "shop"], "OPTIMIZE"),
        ("mysqlshow", &["shop"], "show tables"),
        ("mariadb-show", &["-t", "shop", "people"], "columns from"),
    ] {
        for words in [
            over_tcp(&server, client, more),
            over_socket(&server, client, more),
        ] {
            let alone = direct(&home, &words).output().unwrap();
            assert!(alone.status.success(), "{words:?}: {alone:?}");
            let output = tapped(&home, &words).output().unwrap();
            assert_eq!(said(&output), said(&alone), "{words:?}");
            let seen = statements(&home);
            let has = texts(&seen).iter().any(|text| text.contains(statement));
            assert!(has, "{words:?}: {seen:#?}");
            assert_eq!(gaps(&home), serde_json::json!({}), "{words:?}");
        }
    }
}

/// Eight connections of one client at a time.
#[test]
fn a_server_is_measured_through_the_tap() {
    let (home, server) = filled();
    let more = ["-c", "8", "-i", "2", "-s", "--create-schema=shop"];
    let more = [&more[..], &["-q", "select name from people"]].concat();
    let words = over_tcp(&server, "mariadb-slap", &more);
    let output = tapped(&home, &words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let seen = statements(&home);
    let asked = texts(&seen);
    let asked = asked
        .iter()
        .filter(|text| **text == "select name from people");
    assert_eq!(asked.count(), 16);
    assert_eq!(gaps(&home), serde_json::json!({}));
}

/// A log that the server sends is counted; one that is a file is read without any connection.
#[test]
fn logs_are_read_through_the_tap() {
    let (home, server) = filled();
    let local = server.sql("mysql", "select @@log_bin_basename");
    for client in ["mariadb-binlog", "mysqlbinlog"] {
        let words = over_tcp(&server, client, &["-R", "log.000001"]);
        let alone = direct(&home, &words).output().unwrap();
        assert!(alone.status.success(), "{alone:?}");
        let output = tapped(&home, &words).output().unwrap();
        assert_eq!(said(&output), said(&alone));
        let seen = statements(&home);
        let has = texts(&seen)
            .iter()
            .any(|text| text.starts_with("BINLOG_DUMP"));
        assert!(has, "{seen:#?}");
        assert_eq!(gaps(&home), serde_json::json!({}));
        let file = format!("{}.000001", local.trim());
        same(&home, &over_tcp(&server, client, &[&file]), 0);
    }
}
