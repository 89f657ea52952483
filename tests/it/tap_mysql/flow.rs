//! Statements of every kind, as the clients send them.

use super::*;
use std::fs;

#[test]
fn text_statements_and_their_results_are_recorded() {
    let (home, server) = start();
    server.sql(
        "shop",
        "create table t (id int primary key auto_increment, label varchar(20))",
    );
    let sql = "truncate t; insert into t(label) values ('ada'),('bob'); select * from t; \
               update t set label = 'eve' where id = 2; select 1 div 0; show warnings; \
               select * from missing";
    let words = over_tcp(&server, "mariadb", &["shop", "-t", "-e", sql]);
    let seen = same(&home, &words, 7);
    assert_eq!(seen[1]["results"][0]["complete"]["affected"], 2);
    assert_eq!(seen[2]["results"][0]["rows"][1][1], "bob");
    assert_eq!(seen[5]["results"][0]["rows"][0][2], "Division by 0");
    assert_eq!(seen[6]["error"]["code"], "42S02");
}

#[test]
fn procedures_give_several_results() {
    let (home, server) = start();
    let body = "begin select 1 as one; select 'x' as two; end";
    server.sql(
        "shop",
        &format!("delimiter $$\ncreate procedure p() {body}$$"),
    );
    let words = over_socket(&server, "mariadb", &["shop", "-e", "call p(); select 3"]);
    let seen = same(&home, &words, 2);
    assert_eq!(seen[0]["results"].as_array().unwrap().len(), 3, "{seen:#?}");
    // A cursor of the procedure's own shows in the status of what it gives.
    let body = "begin declare n int; declare c cursor for select 1; open c; \
                select 'inner' as one; fetch c into n; select n; close c; end";
    server.sql(
        "shop",
        &format!("delimiter $$\ncreate procedure q() {body}$$"),
    );
    let words = over_socket(&server, "mariadb", &["shop", "-e", "call q(); select 3"]);
    let seen = same(&home, &words, 2);
    assert_eq!(seen[0]["results"][0]["rows"][0][0], "inner", "{seen:#?}");
    assert_eq!(seen[0]["results"][1]["rows"][0][0], "1", "{seen:#?}");
}

/// P2: what a statement says of passwords is in no recording, whatever way it was sent.
#[test]
fn passwords_in_statements_are_masked() {
    let (home, server) = start();
    let sql = "create user eve identified by 'Planted-one'; \
               set password for eve = password('Planted-two'); \
               alter user eve identified via mysql_native_password using password('Planted-three'); \
               change master to master_host='db', master_user='r', master_password='Planted-four'; \
               create server s foreign data wrapper mysql \
               options (host 'db', user 'u', password 'Planted-five'); \
               select hex(aes_encrypt('text', 'Planted-six')); \
               prepare q from 'create user amy identified by ''Planted-seven'''; execute q; \
               drop user eve, amy; drop server s";
    let words = over_socket(&server, "mariadb", &["mysql", "-e", sql]);
    let output = tapped(&home, &words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(statements(&home).len(), 10);
    let all = home.read(&["show", "@last", "--json", "--rows", "all"]);
    assert!(!all.contains("Planted"), "{all}");
}

#[test]
fn the_client_s_test_program_speaks_all_protocols() {
    let (home, server) = start();
    server.sql(
        "shop",
        "create table t (id int, v varchar(10), d datetime(3), b blob)",
    );
    server.sql(
        "shop",
        "insert into t values (1, 'one', now(3), x'00ff'), (2, null, null, null)",
    );
    let script = home.path().join("one.test");
    fs::write(
        &script,
        "select id, v, b from t order by id;\nselect count(*) from t;\n",
    )
    .unwrap();
    let script = format!("-x{}", script.display());
    for (protocol, wanted) in [
        (&[][..], 2),
        (&["--ps-protocol"][..], 4),
        (&["--ps-protocol", "--cursor-protocol"], 2),
        (&["--compress"], 2),
        (&["--compress", "--ps-protocol"], 4),
    ] {
        let mut more = vec!["-Dshop", "--silent", &script];
        more.extend(protocol);
        let words = over_tcp(&server, "mariadb-test", &more);
        let alone = direct(&home, &words).output().unwrap();
        assert!(alone.status.success(), "{alone:?}");
        let output = tapped(&home, &words).output().unwrap();
        assert_eq!(said(&output), said(&alone), "{protocol:?}");
        let seen = statements(&home);
        let mine = seen
            .iter()
            .filter(|s| s["text"].as_str().unwrap().contains("from t"));
        let mine: Vec<_> = mine.collect();
        assert_eq!(mine.len(), wanted, "{protocol:?}: {seen:#?}");
        let rows = &mine[0]["results"][0]["rows"];
        assert_eq!(
            rows[0],
            serde_json::json!(["1", "one", "0x00FF"]),
            "{protocol:?}"
        );
        assert_eq!(gaps(&home), serde_json::json!({}), "{protocol:?}");
    }
}

#[test]
fn another_user_on_the_same_connection() {
    let (home, server) = start();
    server.sql(
        "mysql",
        "create user eve identified by 'Second-one'; grant all on shop.* to eve",
    );
    let script = home.path().join("change.test");
    let text = "select 1;\nchange_user eve,Second-one,shop;\nselect current_user();\n\
                reset_connection;\nselect 2;\n";
    fs::write(&script, text).unwrap();
    let script = format!("-x{}", script.display());
    for more in [&[][..], &["--skip-ssl"], &["--compress"]] {
        let more = [&["-Dshop", script.as_str()], more].concat();
        let words = over_tcp(&server, "mariadb-test", &more);
        let alone = direct(&home, &words).output().unwrap();
        let output = tapped(&home, &words).output().unwrap();
        assert_eq!(said(&output), said(&alone), "{more:?}");
        let texts: Vec<_> = statements(&home)
            .iter()
            .map(|s| s["text"].to_string())
            .collect();
        assert!(
            texts.iter().any(|t| t.contains("CHANGE_USER eve shop")),
            "{texts:?}"
        );
        let all = home.read(&["show", "@last", "--json", "--rows", "all"]);
        assert!(!all.contains("Second-one"), "{all}");
    }
}

#[test]
fn dumps_through_the_tap_equal_the_direct_ones() {
    let (home, server) = start();
    server.sql(
        "shop",
        "create table people (id int primary key, name text, photo blob); \
         insert into people select seq, concat('person ', seq), unhex(md5(seq)) from seq_1_to_3000; \
         create view v as select id from people; \
         create trigger tr before insert on people for each row set new.name = 'x'",
    );
    let tcp = over_tcp(
        &server,
        "mysqldump",
        &["--skip-dump-date", "--single-transaction", "shop"],
    );
    let socket = over_socket(
        &server,
        "mariadb-dump",
        &["--skip-dump-date", "--databases", "shop"],
    );
    for words in [tcp, socket] {
        let alone = direct(&home, &words).output().unwrap();
        let output = tapped(&home, &words).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        // The comment at the top names the host: through the tap that is this machine.
        let lines = |output: &Output| -> Vec<Vec<u8>> {
            let lines = output.stdout.split(|byte| *byte == b'\n');
            let lines = lines.filter(|line| !line.starts_with(b"-- Host: "));
            lines.map(<[u8]>::to_vec).collect()
        };
        assert!(lines(&output) == lines(&alone), "{words:?}");
        let seen = statements(&home);
        assert!(seen.len() > 10, "{}", seen.len());
        assert!(seen.iter().any(|s| s["rows"] == 3000), "{seen:#?}");
    }
}

#[test]
fn the_admin_program_is_led_too() {
    let (home, server) = start();
    let words = over_tcp(
        &server,
        "mysqladmin",
        &["create", "made", "drop", "made", "-f"],
    );
    same(&home, &words, 2);
    let words = over_tcp(&server, "mysqladmin", &["ping", "status"]);
    let output = tapped(&home, &words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let seen = statements(&home);
    let texts: Vec<_> = seen.iter().map(|s| s["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["PING", "STATISTICS"]);
}

/// Ctrl-C sends `KILL QUERY` on a second connection.
#[test]
fn a_running_query_is_killed_by_the_keyboard() {
    let (home, server) = start();
    let words = over_tcp(&server, "mariadb", &["shop"]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut t = home.terminal(&words);
    t.wait_for("[shop]>");
    t.keys("select sleep(600), 'awake';\r");
    let running = || {
        let sql =
            "select count(*) from information_schema.processlist where info like 'select sleep%'";
        server.sql("mysql", sql).trim() == "1"
    };
    while !running() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    t.keys("\x03");
    t.wait_until("the query ended", |screen| {
        screen.contains("Query execution was interrupted") || screen.contains("Query aborted")
    });
    t.keys("select 6 * 7;\r");
    t.wait_for("42");
    t.keys("exit\r");
    assert!(t.wait().success());
    let seen = statements(&home);
    let text = |s: &Value| s["text"].as_str().unwrap().to_owned();
    let killed = seen.iter().find(|s| text(s).contains("KILL")).unwrap();
    let slept = seen
        .iter()
        .find(|s| text(s).contains("sleep(600)"))
        .unwrap();
    assert_ne!(killed["connection"], slept["connection"], "{seen:#?}");
    assert!(seen.iter().any(|s| text(s).contains("6 * 7")), "{seen:#?}");
}

/// `connect` leads to a host that nobody stands before: the recording says so.
#[test]
fn a_connect_elsewhere_is_told() {
    let (home, server) = start();
    let other = Mariadb::start();
    let words = over_tcp(&server, "mariadb", &["shop"]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut t = home.terminal(&words);
    t.wait_for("[shop]>");
    t.keys("select 'here';\r");
    t.wait_for("1 row in set");
    // The port stays; the other server is on another one, so the client is left without.
    t.keys("connect mysql 127.0.0.2\r");
    t.wait_for("ERROR");
    std::thread::sleep(std::time::Duration::from_secs(3));
    t.keys("exit\r");
    t.wait();
    drop(other);
    assert_eq!(gaps(&home)["bypassed"], 1);
}

#[test]
fn the_client_s_own_column_completion_is_followed() {
    let (home, server) = start();
    server.sql(
        "shop",
        "create table wide (a int, b int); create table narrow (c int)",
    );
    let words = over_socket(&server, "mariadb", &["shop"]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut t = home.terminal(&words);
    t.wait_for("[shop]>");
    t.keys("status\r");
    t.wait_for("Uptime");
    t.keys("use mysql\r");
    t.wait_for("[mysql]>");
    t.keys("exit\r");
    assert!(t.wait().success());
    let seen = statements(&home);
    let has = |text: &str| seen.iter().any(|s| s["text"] == text);
    assert!(
        has("FIELD_LIST wide") && has("STATISTICS") && has("INIT_DB mysql"),
        "{seen:#?}"
    );
    let lists = seen
        .iter()
        .filter(|s| s["text"].as_str().unwrap().starts_with("FIELD_LIST"));
    assert!(lists.count() > 20);
}

/// P2: rows that are not kept are masked too, whatever the client makes of them.
#[test]
fn rows_beyond_those_kept_are_masked_in_every_layout() {
    let (home, server) = start();
    server.sql(
        "shop",
        "create table accounts (id int, password varchar(40));
         insert into accounts select seq, concat('four green boats ', seq) from seq_1_to_12000",
    );
    for layout in ["-N", "-NE", "-X", "-H", "-Nt"] {
        let sql = "select id, password as x from accounts";
        let words = over_socket(&server, "mariadb", &["shop", layout, "-e", sql]);
        let output = tapped(&home, &words).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(printed.contains("four green boats 12000"), "{layout}");
        let text = home.read(&["show", "@last", "--text"]);
        let lines = |text: &str| text.trim_end().lines().count();
        assert_eq!(lines(&text), lines(&printed), "{layout}");
        assert!(!text.contains("green"), "{layout}");
    }
}
