//! The main job with real clients and real servers: recorded, masked, sealed, found, replayed.

use crate::support::{Home, Mariadb, Postgres, Sshd, Terminal, tool};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// `rec` before a client, on a terminal of 100 by 30.
fn rec(home: &Home, words: &[String]) -> Terminal {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    home.terminal(&words)
}

fn commands(home: &Home) -> Vec<Value> {
    let shown = home.json(&["show", "@last", "--output", "all"]);
    shown[0]["commands"].as_array().unwrap().clone()
}

fn texts(commands: &[Value]) -> Vec<&str> {
    let texts = commands.iter().map(|c| c["text"].as_str().unwrap());
    texts.collect()
}

/// P2 and the vault's promise: none of `words` stands in any file of it.
fn nothing_in_clear(home: &Home, words: &[&str]) {
    let mut dirs = vec![home.vault()];
    let mut seen = 0;
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            for word in words {
                let found = bytes.windows(word.len()).any(|at| at == word.as_bytes());
                assert!(!found, "{} holds {word:?}", path.display());
            }
            seen += 1;
        }
    }
    assert!(seen >= 3, "a vault has files");
}

/// The secret is nowhere, not even behind the vault's key.
fn nowhere(home: &Home, secret: &str) {
    for args in [
        &["show", "@last", "--output", "all"][..],
        &["show", "@last", "--text"],
        &["export", "@last", "--format", "cast"],
        &["ls", "--json"],
    ] {
        let text = home.read(args);
        assert!(!text.contains(secret), "{args:?}: {text}");
    }
    nothing_in_clear(home, &[secret]);
}

/// The replay of the newest session from `at` on shows `wanted`.
fn replay_shows(home: &Home, at: &str, wanted: &str) {
    let mut t = home.terminal(&["play", "@last", "--at", at]);
    t.wait_for(wanted);
    t.keys("q");
    assert!(t.wait().success());
}

#[test]
fn a_psql_session_is_recorded_found_and_replayed() {
    let postgres = Postgres::start();
    postgres.sql(
        "postgres",
        "create table tickets_of_today (id int, note text);
         insert into tickets_of_today values (8831, 'stuck in transit')",
    );
    let home = Home::with_vault();
    let mut words = vec!["psql".to_owned()];
    words.extend(postgres.words());
    let mut t = rec(&home, &words);
    t.wait_for("postgres=#");
    t.keys("select note from tickets_of_today;\r");
    t.wait_for("stuck in transit");
    t.keys("create role reporting password 'Tr0ub4dor-and-3';\r");
    t.wait_for("CREATE ROLE");
    t.keys("select nosuch\rfrom tickets_of_today;\r");
    t.wait_for("does not exist");
    t.keys("\\q\r");
    assert!(t.wait().success());
    assert!(t.transcript().contains("3 commands") || t.transcript().contains("4 commands"));

    let listed = home.json(&["ls"]);
    assert_eq!(listed[0]["client"], "psql");
    assert_eq!(listed[0]["status"], "closed");
    assert_eq!(listed[0]["exit"], 0);
    let commands = commands(&home);
    assert_eq!(
        texts(&commands),
        [
            "select note from tickets_of_today;",
            "create role reporting password '********';",
            "select nosuch\nfrom tickets_of_today;",
            "\\q",
        ]
    );
    let output = commands[0]["output"].as_str().unwrap();
    assert!(output.contains("stuck in transit"), "{output}");
    assert!(commands[2]["outcome"].as_str().unwrap().contains("ERROR"));
    let hits = home.json(&["search", "transit", "client:psql"]);
    assert_eq!(hits.as_array().unwrap().len(), 1);
    assert_eq!(hits[0]["command"], "select note from tickets_of_today;");
    replay_shows(&home, "0:00", "postgres=#");
    nowhere(&home, "Tr0ub4dor-and-3");
    nothing_in_clear(&home, &["tickets_of_today", "postgres=#", "transit"]);
}

#[test]
fn a_mysql_session_is_recorded_found_and_replayed() {
    let mariadb = Mariadb::start();
    let home = Home::with_vault();
    let words = ["mysql", "-h127.0.0.1", "-uapp", "-p"].map(str::to_owned);
    let mut words = words.to_vec();
    words.push(format!("-P{}", mariadb.port));
    tool("mysql", "mariadb-client");
    let mut t = rec(&home, &words);
    t.wait_for("Enter password:");
    t.keys(format!("{}\r", Mariadb::PASSWORD));
    t.wait_for("MariaDB [(none)]>");
    t.keys("select concat('six times', ' seven') as answer;\r");
    t.wait_for("six times seven");
    t.keys("set password = password('Correct-Horse-9');\r");
    t.wait_until("a second prompt", |screen| {
        screen.matches("MariaDB [(none)]>").count() >= 3
    });
    t.keys("exit\r");
    assert!(t.wait().success());

    let listed = home.json(&["ls"]);
    assert_eq!(listed[0]["client"], "mysql");
    assert_eq!(listed[0]["host"], "127.0.0.1");
    assert_eq!(listed[0]["user"], "app");
    let commands = commands(&home);
    assert_eq!(
        commands[0]["text"],
        "select concat('six times', ' seven') as answer;"
    );
    assert_eq!(commands.len(), 3, "{commands:?}");
    let hits = home.json(&["search", "\"times seven\"", "client:mysql"]);
    assert_eq!(hits.as_array().unwrap().len(), 1);
    replay_shows(&home, "0:00", "MariaDB [(none)]>");
    nowhere(&home, Mariadb::PASSWORD);
    nowhere(&home, "Correct-Horse-9");
    nothing_in_clear(&home, &["mysql", "127.0.0.1", "concat", "MariaDB"]);
}

#[test]
fn an_ssh_session_is_recorded_found_and_replayed() {
    let sshd = Sshd::start();
    let home = Home::with_vault();
    tool("ssh", "openssh-client");
    let mut words = vec!["ssh".to_owned()];
    words.extend(sshd.words(sshd.port));
    words.push("127.0.0.1".to_owned());
    let mut t = rec(&home, &words);
    t.wait_for("far$");
    t.keys("echo $((6 * 7)) moose\r");
    t.wait_for("42 moose");
    t.keys("export API_TOKEN=moon-landing-69-was-real\r");
    t.wait_until("a third prompt", |screen| {
        screen.matches("far$").count() >= 3
    });
    t.keys("cat /no/such/file\r");
    t.wait_for("No such file");
    t.keys("exit 3\r");
    assert_eq!(t.wait().code(), Some(3));

    let listed = home.json(&["ls"]);
    assert_eq!(listed[0]["client"], "ssh");
    assert_eq!(listed[0]["exit"], 3);
    assert_eq!(listed[0]["host"], "127.0.0.1");
    let commands = commands(&home);
    assert_eq!(commands[0]["text"], "echo $((6 * 7)) moose");
    assert_eq!(commands.last().unwrap()["text"], "exit 3");
    assert_eq!(commands.len(), 4, "{commands:?}");
    let hits = home.json(&["search", "moose", "host:127.0.0.1"]);
    assert_eq!(hits[0]["command"], "echo $((6 * 7)) moose");
    replay_shows(&home, "0:00", "far$");
    nowhere(&home, "moon-landing-69-was-real");
    nothing_in_clear(&home, &["moose", "openssh", "/no/such"]);
}

#[test]
fn secrets_of_words_and_environment_are_masked_where_they_show() {
    let mut home = Home::with_vault();
    home.set("PGPASSWORD", "env-secret-4711x");
    let script = "printf 'got %s and %s\\n' \"$PGPASSWORD\" \"$1\"";
    let words = ["sh", "-c", script, "sh", "--password=argv-secret-4712x"];
    let mut t = rec(&home, &words.map(str::to_owned));
    t.wait_for("env-secret-4711x and --password=argv-secret-4712x");
    assert!(t.wait().success());
    let listed = home.json(&["ls"]);
    let command = listed[0]["command"].as_str().unwrap();
    assert!(command.contains("--password=********"), "{command}");
    nowhere(&home, "env-secret-4711x");
    nowhere(&home, "argv-secret-4712x");
}

#[test]
fn a_recording_needs_no_key() {
    let home = Home::with_vault();
    let identity = home.vault().join("identity.txt");
    let away = home.path().join("away");
    fs::rename(&identity, &away).unwrap();
    let mut t = home.terminal(&["sh", "-c", "echo kept; sleep 0"]);
    assert!(t.wait().success());
    assert!(Path::new(&away).exists());
    fs::rename(&away, &identity).unwrap();
    assert_eq!(home.json(&["ls"])[0]["status"], "closed");
    assert!(home.read(&["show", "@last", "--text"]).contains("kept"));
}
