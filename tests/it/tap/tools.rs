//! The other programs of libpq on the same tap, and drivers on `rec tap`.

use super::{direct, start, statements, tapped, works};
use crate::support::{Home, Postgres};
use std::fs;

fn open() -> (Home, Postgres) {
    let (mut home, server) = start(&[]);
    home.set("PGPASSWORD", Postgres::PASSWORD);
    home.set("PGHOST", "127.0.0.1");
    home.set("PGPORT", server.port.to_string());
    home.set("PGUSER", "postgres");
    (home, server)
}

const SCHEMA: &str = "
    create table people (id serial primary key, name text not null, born date, photo bytea);
    insert into people (name, born, photo)
        select 'person ' || i, date '1970-01-01' + i, decode(md5(i::text), 'hex')
        from generate_series(1, 5000) i;
    create view old as select * from people where born < '1975-01-01';
    create function twice(int) returns int language sql as 'select 2 * $1';
    select lo_from_bytea(0, decode(repeat('ab', 5000), 'hex'));";

#[test]
fn dump_and_restore_through_the_tap_equal_the_direct_ones() {
    let (home, server) = open();
    server.sql("postgres", "create database app");
    server.sql("app", SCHEMA);
    for args in [
        &["pg_dump", "app"][..],
        &["pg_dump", "--inserts", "-d", "app"],
        &["pg_dumpall", "--globals-only", "--no-role-passwords"],
    ] {
        let with = tapped(&home, args).output().unwrap();
        let without = direct(&home, args).output().unwrap();
        assert!(with.status.success(), "{args:?}: {with:?}");
        // Newer releases print a random key against hostile servers.
        let lines = |bytes: &[u8]| -> Vec<String> {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let lines = text.lines().map(str::to_owned);
            lines.filter(|line| !line.contains("restrict")).collect()
        };
        assert_eq!(lines(&with.stdout), lines(&without.stdout), "{args:?}");
        assert!(statements(&home).len() > 3, "{args:?}");
    }
    let dump = home.path().join("app.dump");
    let dump = dump.to_str().unwrap();
    let words = ["pg_dump", "-Fd", "-j", "2", "-f", dump, "app"];
    let output = tapped(&home, &words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    works(&home, &["createdb", "copied"], 2);
    let words = ["pg_restore", "-j", "2", "-d", "copied", dump];
    let output = tapped(&home, &words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(statements(&home).len() > 10);
    let whole = |database: &str| {
        let dump = direct(&home, &["pg_dump", database]).output().unwrap();
        let text = String::from_utf8_lossy(&dump.stdout).into_owned();
        let lines = text.lines().filter(|line| !line.contains("restrict"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(whole("copied"), whole("app"));
}

#[test]
fn small_programs_are_led_through_the_tap() {
    let (home, server) = open();
    let port = server.port.to_string();
    works(
        &home,
        &["createdb", "-h", "127.0.0.1", "-p", &port, "one"],
        2,
    );
    let maintenance = format!("host=127.0.0.1 port={port} dbname=template1");
    works(
        &home,
        &["createdb", "--maintenance-db", &maintenance, "two"],
        2,
    );
    works(&home, &["createuser", "bob"], 2);
    let output = tapped(&home, &["vacuumdb", "-q", "one"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(statements(&home).len() >= 3);
    for words in [&["dropuser", "bob"][..], &["dropdb", "one"]] {
        works(&home, words, 2);
    }
    let script = home.path().join("one.sql");
    fs::write(&script, "select 1;\n").unwrap();
    let script = script.to_str().unwrap();
    let words = ["pgbench", "-n", "-t", "20", "-f", script, "postgres"];
    let output = tapped(&home, &words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let seen = statements(&home);
    assert_eq!(seen.iter().filter(|s| s["text"] == "select 1;").count(), 20);
}
