//! The other programs of libpq on the same tap, and drivers on `rec tap`.

use super::{bypassed, direct, said, same, start, statements, tapped, works};
use crate::support::{Home, Postgres, tool};
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

/// A program that comes with the server and is on no path.
fn server_s(name: &str) -> String {
    tool(name, "postgresql").to_str().unwrap().to_owned()
}

/// Programs that read the server's files or its log as it grows.
#[test]
fn replication_programs_are_led_through_the_tap_and_what_they_get_is_counted() {
    let (mut home, server) = start(&["max_wal_senders=4", "wal_level=logical"]);
    home.set("PGHOST", "127.0.0.1");
    home.set("PGPORT", server.port.to_string());
    home.set("PGUSER", "postgres");
    server.hba("host replication all all trust\nhost all all all trust");
    let folder = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let backup = folder("backup");
    let words = ["pg_basebackup", "-D", &backup, "-c", "fast", "--no-sync"];
    let output = tapped(&home, &words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let verify = server_s("pg_verifybackup");
    let verified = direct(&home, &[&verify, &backup]).output().unwrap();
    assert!(verified.status.success(), "{verified:?}");
    let seen = statements(&home);
    let of = |text: &str| {
        seen.iter()
            .any(|s| s["text"].as_str().unwrap().starts_with(text))
    };
    assert!(of("BASE_BACKUP") && of("START_REPLICATION"), "{seen:#?}");
    assert_eq!(bypassed(&home), 0);
    let page = home.read(&["show", "@last"]);
    let line = page
        .lines()
        .find(|line| line.contains("BASE_BACKUP"))
        .unwrap();
    assert!(line.contains(" MB not kept  BASE_BACKUP"), "{page}");
    // Nothing of the files is in the recording.
    let all = home.read(&["show", "@last", "--rows", "all"]);
    assert!(all.contains("bytes were copied, none are kept"), "{all}");

    let recovery = folder("recovery");
    let words = ["pg_basebackup", "-D", &recovery, "-R", "-c", "fast"];
    let output = tapped(&home, &words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!((statements(&home).len(), bypassed(&home)), (0, 1));
    let written = fs::read_to_string(format!("{recovery}/postgresql.auto.conf")).unwrap();
    assert!(written.contains("host=127.0.0.1"), "{written}");

    let slot = ["pg_receivewal", "--create-slot", "-S", "wal"];
    works(&home, &slot, 3);
    let conninfo = format!("host=127.0.0.1 port={} user=postgres", server.port);
    works(
        &home,
        &["pg_receivewal", "--drop-slot", "-S", "wal", "-d", &conninfo],
        3,
    );
    // Options come before what the conninfo says.
    let logical = "pg_recvlogical";
    let wrong = "host=nowhere.invalid dbname=postgres";
    let make = ["-S", "log", "--create-slot", "-d", wrong, "-h", "127.0.0.1"];
    works(&home, &[&[logical][..], &make].concat(), 4);
    server.sql(
        "postgres",
        "create table kept (a text); insert into kept values ('changed')",
    );
    let end = server.sql("postgres", "select pg_current_wal_lsn()");
    let read = [
        "-S", "log", "--start", "-d", "postgres", "-f", "-", "-E", &end,
    ];
    let output = tapped(&home, &[&[logical][..], &read].concat())
        .output()
        .unwrap();
    let (status, stdout, stderr) = said(&output);
    assert_eq!(status, Some(0), "{stderr}");
    assert!(stdout.contains("INSERT: a[text]:'changed'"), "{stdout}");
    let seen = statements(&home);
    let last = seen.last().unwrap();
    let text = last["text"].as_str().unwrap();
    assert!(text.starts_with("START_REPLICATION"), "{text}");
    assert_eq!(last["skipped"], false);
    let all = home.read(&["show", "@last", "--rows", "all"]);
    assert!(
        all.contains("none are kept") && !all.contains("changed"),
        "{all}"
    );
}

#[test]
fn programs_of_the_server_s_package_are_led_through_the_tap() {
    let (mut home, server) = open();
    home.set("PGDATABASE", "postgres");
    server.sql(
        "postgres",
        "create extension amcheck; create table t (a int primary key);
        select lo_create(0)",
    );
    let names = server_s("oid2name");
    let port = server.port.to_string();
    for more in [
        &[][..],
        &["-d", "postgres", "-t", "t"],
        &["-H", "127.0.0.1", "-p", &port],
    ] {
        let words: Vec<&str> = [names.as_str()].iter().chain(more).copied().collect();
        same(&home, &words, 2);
    }
    let check = server_s("pg_amcheck");
    for more in [
        &["-t", "t"][..],
        &["-d", "postgres", "-t", "t"],
        &["-t", "t", "dbname=postgres"],
    ] {
        let words: Vec<&str> = [check.as_str()].iter().chain(more).copied().collect();
        let output = tapped(&home, &words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        let seen = statements(&home);
        let of = |text: &str| {
            seen.iter()
                .any(|s| s["text"].as_str().unwrap().contains(text))
        };
        assert!(
            of("verify_heapam") && of("bt_index_check"),
            "{words:?}: {seen:#?}"
        );
    }
    let words = ["vacuumlo", "-n", "postgres", "template1"];
    assert!(tapped(&home, &words).output().unwrap().status.success());
    let of_each = |text: &str| {
        let seen = statements(&home);
        seen.iter()
            .filter(|s| s["text"].as_str().unwrap().contains(text))
            .count()
    };
    assert_eq!(of_each("CREATE TEMP TABLE vacuum_l"), 2);
    let output = tapped(&home, &["vacuumlo", "-v", "dbname=postgres"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(statements(&home).iter().any(|s| s["kind"] == "function"));
    // One of several may lead elsewhere.
    let words = ["vacuumlo", "-n", "dbname=postgres", "template1"];
    assert!(tapped(&home, &words).output().unwrap().status.success());
    assert_eq!((statements(&home).len(), bypassed(&home)), (0, 1));
    // It says what it connects to, and sends nothing.
    let words = ["pg_isready"];
    let with = tapped(&home, &words).output().unwrap();
    assert_eq!(said(&with), said(&direct(&home, &words).output().unwrap()));
    assert_eq!((statements(&home).len(), bypassed(&home)), (0, 1));
    assert!(home.read(&["show", "@last"]).contains("sends no statement"));
    // What another program starts is not led anywhere.
    let words = ["env", "PGAPPNAME=app", "psql", "-XAtc", "select 6 * 7"];
    let output = tapped(&home, &words).output().unwrap();
    assert_eq!(output.stdout, b"42\n");
    assert_eq!((statements(&home).len(), bypassed(&home)), (0, 1));
    assert!(home.read(&["show", "@last"]).contains("env … rec psql"));
}

/// A name that the configuration puts into the family.
#[test]
fn a_script_s_database_is_what_the_connection_says() {
    let (mut home, server) = open();
    server.sql("postgres", "create database app");
    home.configure("[clients]\npython3 = \"postgres\"\n");
    home.set("PGDATABASE", "app");
    let script = home.path().join("report.py");
    let text = "import psycopg2\nc = psycopg2.connect('').cursor()\nc.execute('select 6 * 7')\n";
    fs::write(&script, text).unwrap();
    let words = ["/usr/bin/python3", script.to_str().unwrap()];
    works(&home, &words, 2);
    let listed = &home.json(&["ls"])[0];
    assert_eq!(
        (&listed["database"], &listed["user"]),
        (&"app".into(), &"postgres".into())
    );
    assert_eq!(listed["target"], "app@127.0.0.1");
    // What it says there comes before the environment, too.
    fs::write(
        &script,
        text.replace("connect('')", "connect(dbname='template1')"),
    )
    .unwrap();
    works(&home, &words, 2);
    assert_eq!(
        home.json(&["ls", "target:template1"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let page = home.read(&["show", "@last"]);
    assert!(page.contains("template1@127.0.0.1"), "{page}");
}

#[test]
fn a_page_in_a_pipe_cuts_long_values_and_says_where_they_are_whole() {
    let (home, _server) = open();
    let script = home.path().join("long.sql");
    let long = "x".repeat(5_000);
    fs::write(&script, format!("select '{long}', :v::text;\n")).unwrap();
    let value = format!("v={}", "y".repeat(5_000));
    let script = script.to_str().unwrap();
    let words = [
        "pgbench", "-n", "-M", "extended", "-D", &value, "-t", "1", "-f", script, "postgres",
    ];
    let output = tapped(&home, &words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let page = home.read(&["show", "@last"]);
    assert!(
        page.lines().all(|line| line.chars().count() < 2_400),
        "{page}"
    );
    assert!(page.contains("yyy… (5000 bytes)]"), "{page}");
    assert!(page.contains("--json prints them whole"), "{page}");
    assert!(home.read(&["show", "@last", "--json"]).contains(&long));
}
