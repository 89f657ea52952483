//! Logging in: every way that PostgreSQL has, and none of it in the recording.

use super::{psql, same, start, statements, works};
use crate::support::{Home, Postgres};

fn how(server: &Postgres, user: &str) -> String {
    format!(
        "host=127.0.0.1 port={} user={user} dbname=postgres",
        server.port
    )
}

#[test]
fn trust_password_md5_and_scram() {
    let (mut home, server) = start(&["ssl=on"]);
    server.sql(
        "postgres",
        "set password_encryption = md5; create role old login password 'Pw-of-old-1';
         set password_encryption = 'scram-sha-256'; create role new login password 'Pw-of-new-1';",
    );
    for (method, user, password) in [
        ("trust", "new", "no-matter-what"),
        ("password", "new", "Pw-of-new-1"),
        ("md5", "old", "Pw-of-old-1"),
        ("scram-sha-256", "new", "Pw-of-new-1"),
    ] {
        server.hba(&format!("host all all all {method}"));
        home.set("PGPASSWORD", password);
        for mode in ["disable", "require"] {
            let conninfo = format!("{} sslmode={mode}", how(&server, user));
            same(&home, &psql(&[&conninfo], "select current_user"), 1);
            let shown = home.read(&["show", "@last", "--json"]);
            assert!(!shown.contains(password), "{shown}");
        }
    }
    home.set("PGPASSWORD", "wrong");
    let conninfo = format!("{} sslmode=disable", how(&server, "new"));
    let output = super::tapped(&home, &psql(&[&conninfo], "select 1"))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("FATAL:  password authentication failed for user \"new\""),
        "{stderr}"
    );
}

/// Two connections for one login: the first is not an error.
#[test]
fn password_prompt_connects_twice_and_both_are_relayed() {
    let (home, server) = start(&[]);
    let conninfo = how(&server, "postgres");
    let mut t = home.terminal(&["psql", "-X", &conninfo]);
    t.wait_for("Password for user postgres:");
    t.keys(format!("{}\r", Postgres::PASSWORD));
    t.wait_for("postgres=#");
    t.keys("select 40 + 2 as answer;\r");
    t.wait_for("42");
    t.keys("\\q\r");
    assert!(t.wait().success());
    let seen = statements(&home);
    assert_eq!(seen.len(), 1, "{seen:#?}");
    assert_eq!(seen[0]["text"], "select 40 + 2 as answer;");
    let shown = home.read(&["show", "@last", "--json"]);
    assert!(!shown.contains(Postgres::PASSWORD));
}

#[test]
fn require_auth_and_channel_binding_prefer_pass_through() {
    let mut home = Home::with_vault();
    home.set("PGPASSWORD", Postgres::PASSWORD);
    let server = Postgres::start_with(&["ssl=on"]);
    for more in [
        "channel_binding=prefer",
        "channel_binding=disable",
        "gssencmode=prefer",
    ] {
        let conninfo = format!("{} sslmode=require {more}", how(&server, "postgres"));
        assert_eq!(works(&home, &psql(&[&conninfo], "select 6*7"), 1), "42\n");
    }
}
