//! What flows: large and small, in both directions, cancelled, lost and taken up again.

use super::{bypassed, direct, psql, same, start, statements, tapped, works};
use crate::support::{Home, Postgres};
use std::fs;
use std::process::Stdio;

fn open() -> (Home, Postgres, String) {
    let (mut home, server) = start(&["ssl=on"]);
    home.set("PGPASSWORD", Postgres::PASSWORD);
    let conninfo = format!(
        "host=127.0.0.1 port={} user=postgres dbname=postgres",
        server.port
    );
    (home, server, conninfo)
}

#[test]
fn a_script_of_many_kinds_of_statements_gives_the_same_bytes() {
    let (home, _server, conninfo) = open();
    // How a lost server is told names SSL where the client itself had it.
    let conninfo = format!("{conninfo} sslmode=disable");
    let script = home.path().join("script.sql");
    fs::write(
        &script,
        "create temp table t (a int primary key, b text);
         insert into t select i, 'row ' || i from generate_series(1, 1000) i;
         select * from t order by a;
         select 1\\; select 2;
         insert into t values (1, 'twice');
         begin; select nosuch; rollback;
         do $$ begin raise notice 'noticed %', 7; end $$;
         \\set AUTOCOMMIT off
         update t set b = null where a < 10;
         commit;
         \\d t
         prepare p(int) as select b from t where a = $1; execute p(77); deallocate p;
         copy t to stdout;
         set client_encoding = 'LATIN1'; select 'ä';
         listen here; notify elsewhere, 'there';
         select pg_terminate_backend(pg_backend_pid());
         select 'after';
        ",
    )
    .unwrap();
    let words = ["psql", "-X", &conninfo, "-f", script.to_str().unwrap()];
    let with = tapped(&home, &words).output().unwrap();
    let without = direct(&home, &words).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(text(&with.stdout), text(&without.stdout));
    assert_eq!(text(&with.stderr), text(&without.stderr));
    assert_eq!(with.status, without.status);
    let seen = statements(&home);
    assert!(seen.len() >= 20, "{seen:#?}");
    let failed = seen.iter().filter(|s| !s["error"].is_null()).count();
    assert!(failed >= 3, "{seen:#?}");
}

#[test]
fn a_million_rows_are_copied_in_and_out() {
    let (home, _server, conninfo) = open();
    let (from, to) = (home.path().join("in.csv"), home.path().join("out.csv"));
    let rows: String = (0..1_000_000).map(|i| format!("{i},row {i}\n")).collect();
    fs::write(&from, &rows).unwrap();
    let script = home.path().join("script.sql");
    let text = format!(
        "create table lots (a int, b text);\n\\copy lots from '{}' csv\n\\copy lots to '{}' csv\n",
        from.display(),
        to.display()
    );
    fs::write(&script, text).unwrap();
    let words = ["psql", "-X", &conninfo, "-f", script.to_str().unwrap()];
    let said = works(&home, &words, 3);
    assert_eq!(said, "CREATE TABLE\nCOPY 1000000\nCOPY 1000000\n");
    assert!(
        fs::read_to_string(&to).unwrap() == rows,
        "the file is another one"
    );
    let seen = statements(&home);
    for copy in &seen[1..] {
        assert_eq!(copy["tags"][0], "COPY 1000000", "{copy}");
    }
}

#[test]
fn a_hundred_megabytes_in_one_value_stream_through() {
    let (home, _server, conninfo) = open();
    let sql = "select encode(decode(repeat('ab', 100 << 20), 'hex'), 'escape')::text is not null, \
               length(repeat('x', 100 << 20))";
    assert_eq!(works(&home, &psql(&[&conninfo], sql), 1), "t|104857600\n");
    let sql = "select decode(repeat('ab', 100 << 20), 'hex')";
    let words = psql(&[&conninfo], sql);
    let output = tapped(&home, &words).output().unwrap();
    assert_eq!(output.stdout.len(), (200 << 20) + 3);
    assert!(
        output.stdout[2..output.stdout.len() - 1]
            .chunks(2)
            .all(|byte| byte == b"ab")
    );
    let seen = statements(&home);
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["rows"], 1, "{:?}", seen[0]["tags"]);
}

#[test]
fn ctrl_c_cancels_the_query_and_not_the_next_one() {
    for mode in ["disable", "require"] {
        let (home, server, conninfo) = open();
        let conninfo = format!("{conninfo} sslmode={mode}");
        let mut t = home.terminal(&["psql", "-X", &conninfo]);
        t.wait_for("postgres=#");
        t.keys("select pg_sleep(600);\r");
        t.wait_for("pg_sleep(600);");
        // The statement must be with the server before it can be cancelled.
        while server.sql(
            "postgres",
            "select count(*) from pg_stat_activity where query like 'select pg_sleep(600)%'",
        ) != "1\n"
        {
            std::thread::yield_now();
        }
        t.keys("\x03");
        t.wait_for("canceling statement due to user request");
        t.keys("select 'still' || ' here';\r");
        t.wait_for("still here");
        t.keys("\\q\r");
        assert!(t.wait().success());
        let seen = statements(&home);
        assert_eq!(seen.len(), 2, "{seen:#?}");
        assert_eq!(seen[0]["error"]["code"], "57014", "{seen:#?}");
        assert!(seen[1]["error"].is_null(), "{seen:#?}");
    }
}

#[test]
fn large_objects_use_function_calls() {
    let (home, _server, conninfo) = open();
    let (from, to) = (home.path().join("in"), home.path().join("out"));
    let bytes: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    fs::write(&from, &bytes).unwrap();
    let script = home.path().join("script.sql");
    let text = format!(
        "\\lo_import '{}'\n\\lo_export :LASTOID '{}'\n\\lo_unlink :LASTOID\n",
        from.display(),
        to.display()
    );
    fs::write(&script, text).unwrap();
    let words = ["psql", "-X", &conninfo, "-f", script.to_str().unwrap()];
    let output = tapped(&home, &words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(fs::read(&to).unwrap() == bytes);
    let seen = statements(&home);
    let calls = seen.iter().filter(|s| s["kind"] == "function").count();
    assert!(calls > 6, "{calls} of {}", seen.len());
}

#[test]
fn connecting_again_and_to_another_database_stays_on_the_tap() {
    let (home, server, conninfo) = open();
    server.sql("postgres", "create database other");
    let mut t = home.terminal(&["psql", "-X", &conninfo]);
    t.wait_for("postgres=#");
    t.keys("\\c other\r");
    t.wait_for("other=#");
    t.keys("select current_database() || '!';\r");
    t.wait_for("other!");
    t.keys("select pg_terminate_backend(pg_backend_pid());\r");
    t.wait_for("Succeeded.");
    t.keys("select 'taken' || ' up';\r");
    t.wait_for("taken up");
    t.keys("\\password\r");
    t.wait_for("Enter new password");
    t.keys("Very-New-4711\r");
    t.wait_for("again");
    t.keys("Very-New-4711\r");
    t.wait_until("the prompt after it", |screen| {
        screen.trim_end().ends_with("again:\nother=#")
    });
    t.keys("\\q\r");
    assert!(t.wait().success());
    let seen = statements(&home);
    let texts: Vec<&str> = seen.iter().map(|s| s["text"].as_str().unwrap()).collect();
    assert_eq!(
        texts[..3],
        [
            "select current_database() || '!';",
            "select pg_terminate_backend(pg_backend_pid());",
            "select 'taken' || ' up';",
        ]
    );
    assert!(
        texts[3..].iter().any(|text| text.starts_with("ALTER USER")),
        "{texts:?}"
    );
    assert_eq!(bypassed(&home), 0);
    let shown = home.read(&["show", "@last", "--json"]);
    assert!(!shown.contains("SCRAM-SHA-256$"), "{shown}");
}

#[test]
fn connecting_to_another_host_is_seen_to_go_past_the_tap() {
    let (home, server, conninfo) = open();
    let other = Postgres::start();
    let mut t = home.terminal(&["psql", "-X", &conninfo]);
    t.wait_for("postgres=#");
    t.keys("select 'first' || ' host';\r");
    t.wait_for("first host");
    t.keys(format!("\\c - - {} {}\r", other.socket(), other.port));
    t.wait_for("You are now connected");
    t.keys("select 'second' || ' host'\\g\r\\q\r");
    t.wait_for("second host");
    assert!(t.wait().success());
    assert_eq!((statements(&home).len(), bypassed(&home)), (1, 1));
    // Where nobody tells whose a connection is, a client that stays tells.
    home.configure("[tap]\nlisten = \"loopback\"\n");
    let mut t = home.terminal(&["psql", "-X", &conninfo]);
    t.wait_for("postgres=#");
    t.keys(format!("\\c - - {} {}\r", other.socket(), other.port));
    t.wait_for("You are now connected");
    t.keys("select 'second' || ' host' from pg_sleep(4);\r");
    t.wait_for("second host");
    t.keys("\\q\r");
    assert!(t.wait().success());
    drop(server);
    assert_eq!((statements(&home).len(), bypassed(&home)), (0, 1));
}

#[test]
fn a_conninfo_without_a_host_goes_where_it_would_have_gone() {
    let (mut home, server, conninfo) = open();
    server.sql("postgres", "create database other");
    let other = Postgres::start();
    home.set("PGUSER", "postgres");
    // To the same server: that is led to the tap, too.
    home.set("PGHOST", server.socket());
    home.set("PGPORT", server.port.to_string());
    let mut t = home.terminal(&["psql", "-X", "dbname=postgres"]);
    t.wait_for("postgres=#");
    t.keys("\\c dbname=other\r");
    t.wait_for("other=#");
    t.keys("select current_database() || '!';\r");
    t.wait_for("other!");
    t.keys("\\q\r");
    assert!(t.wait().success());
    assert_eq!((statements(&home).len(), bypassed(&home)), (1, 0));
    // To another one: as without rec, and it is told.
    home.set("PGHOST", other.socket());
    home.set("PGPORT", other.port.to_string());
    let mut t = home.terminal(&["psql", "-X", &conninfo]);
    t.wait_for("postgres=#");
    t.keys("\\c dbname=template1\r");
    t.wait_for("template1=#");
    t.keys("select setting || '!' from pg_settings where name = 'port';\r");
    t.wait_for(&format!("{}!", other.port));
    t.keys("\\q\r");
    assert!(t.wait().success());
    assert_eq!((statements(&home).len(), bypassed(&home)), (0, 1));
    // A port that only words say is not that of what is connected to next.
    let port = server.port.to_string();
    let words = ["psql", "-X", "-p", &port, "-h", server.socket(), "postgres"];
    let mut t = home.terminal(&words);
    t.wait_for("postgres=#");
    t.keys("\\c dbname=template1\r");
    t.wait_for("template1=#");
    t.keys("select setting || '!' from pg_settings where name = 'port';\r");
    t.wait_for(&format!("{}!", other.port));
    t.keys("\\q\r");
    assert!(t.wait().success());
}

/// A pipeline sends many statements before the first answer; pgbench has one in its script.
#[test]
fn pipeline_mode_keeps_its_order() {
    let (home, _server, conninfo) = open();
    let script = home.path().join("pipeline.sql");
    fs::write(
        &script,
        "\\startpipeline\nselect 1;\nselect 2;\nselect 3;\n\\endpipeline\n",
    )
    .unwrap();
    let words = [
        "pgbench",
        "-n",
        "-M",
        "extended",
        "-c",
        "2",
        "-t",
        "50",
        "-f",
        script.to_str().unwrap(),
        &conninfo,
    ];
    let output = tapped(&home, &words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let seen = statements(&home);
    let selects = seen
        .iter()
        .filter(|s| s["text"].as_str().unwrap().starts_with("select "));
    assert_eq!(selects.count(), 300);
    assert!(seen.iter().all(|s| s["error"].is_null()));
}

#[test]
fn input_on_stdin_reaches_the_server() {
    let (home, _server, conninfo) = open();
    let mut psql = tapped(&home, &["psql", "-XAtq", &conninfo]);
    let mut child = psql
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    use std::io::Write;
    let mut stdin = child.stdin.take().unwrap();
    stdin
        .write_all(
            b"create temp table t (a int);\ncopy t from stdin;\n1\n2\n\\.\nselect sum(a) from t;\n",
        )
        .unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"3\n");
    assert_eq!(statements(&home).len(), 3);
}

/// No header says what they are: only the connection does, which shows them at the same time.
#[test]
fn rows_that_are_printed_without_a_header_are_masked_from_the_first_on() {
    let (home, server, conninfo) = open();
    let table = "create table users (id int, nick text, password text);
        insert into users values (1, 'ann', 'r7kqmx2w'), (2, 'bob', 'n4vtzy8c')";
    let made = direct(&home, &["psql", "-Xq", &conninfo, "-c", table]).status();
    assert!(made.unwrap().success());
    let file = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let copies = file("copies", "-- all\nbegin; copy users to stdout; commit;\n");
    let selects = file("selects", "select * from users order by id\n;");
    let copied: &[u8] = b"1\tann\tr7kqmx2w\n2\tbob\tn4vtzy8c\n";
    let selected: &[u8] = b"1|ann|r7kqmx2w\n2|bob|n4vtzy8c\n";
    let renamed = "select nick as a, password as b, 'x' from users order by id";
    for (words, printed) in [
        (&["-c", "copy users to stdout"][..], copied),
        (&["-ccopy users to stdout"], copied),
        (
            &["--command=copy users (id, nick, password) to stdout"],
            copied,
        ),
        (&["-qf", &copies], copied),
        (&["-Atc", "select * from users order by id"], selected),
        (&["-Atf", &selects], selected),
        (
            &["-Atf", &selects, "-c", "select 1"],
            b"1|ann|r7kqmx2w\n2|bob|n4vtzy8c\n1\n",
        ),
        (&["-Atc", renamed], b"ann|r7kqmx2w|x\nbob|n4vtzy8c|x\n"),
    ] {
        let psql = [&["psql", "-X", &conninfo][..], words].concat();
        let output = tapped(&home, &psql).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.stdout, printed, "{words:?}: {said}");
        let text = home.read(&["show", "@last", "--text"]);
        assert!(text.contains("ann") && text.contains("bob"), "{text}");
        assert!(!text.contains("r7kq") && !text.contains("n4vt"), "{text}");
    }
    drop(server);
}

/// More rows than are kept, of values that nothing but their column makes secrets.
#[test]
fn rows_without_a_header_are_masked_to_the_last_one() {
    let (home, server, conninfo) = open();
    let table = "create table accounts (id int, nick text, password text);
        insert into accounts select n, 'nick ' || n, 'four green boats ' || n
            from generate_series(1, 12000) n";
    let made = direct(&home, &["psql", "-Xq", &conninfo, "-c", table]).status();
    assert!(made.unwrap().success());
    for words in [
        &["-Atc", "select password as x from accounts"][..],
        &["-Atc", "select * from accounts"],
        &["-tc", "select password, id from accounts"],
        &["-xtc", "select id, password as x from accounts"],
        &["--csv", "-tc", "select row_to_json(a) from accounts a"],
        &["-c", "copy accounts (password) to stdout"],
        &[
            "-c",
            "copy (select password as x, id from accounts) to stdout csv",
        ],
        &["-Atc", "select string_agg(password, '/') from accounts"],
        // What is asked next may be seen before the last rows are.
        &[
            "-Atc",
            "select password as x from accounts",
            "-c",
            "select 1",
            "-c",
            "select 2",
        ],
        &[
            "-P",
            "format=html",
            "-tc",
            "select id, password as x from accounts",
        ],
        &[
            "-P",
            "format=html",
            "-txc",
            "select password as x, id from accounts",
        ],
        &[
            "-P",
            "format=latex",
            "-tc",
            "select id, password as x from accounts",
        ],
        &[
            "-P",
            "format=asciidoc",
            "-txc",
            "select id, password as x from accounts",
        ],
    ] {
        let psql = [&["psql", "-X", &conninfo][..], words].concat();
        let output = tapped(&home, &psql).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(printed.contains("four green boats 12000"), "{words:?}");
        let text = home.read(&["show", "@last", "--text"]);
        let lines = printed.trim_end().lines().count();
        assert_eq!(text.trim_end().lines().count(), lines, "{words:?}");
        let shown = text.lines().find(|line| line.contains("green"));
        assert_eq!(shown, None, "{words:?}");
    }
    drop(server);
}

#[test]
fn replication_connections_pass() {
    let (mut home, server) = start(&["max_wal_senders=2", "wal_level=replica"]);
    home.set("PGPASSWORD", Postgres::PASSWORD);
    server.hba("host replication all all trust\nhost all all all trust");
    let conninfo = format!(
        "host=127.0.0.1 port={} user=postgres dbname=postgres replication=database",
        server.port
    );
    let output = same(&home, &psql(&[&conninfo], "SHOW server_version"), 1);
    assert!(!output.stdout.is_empty());
}
