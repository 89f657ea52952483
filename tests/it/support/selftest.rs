//! The support itself: each real server answers its real client in a terminal, and nothing is
//! left when its owner is gone.

use super::{Home, Keyring, Mariadb, Postgres, Relay, Sshd, Terminal, tool};
use std::path::Path;
use std::time::{Duration, Instant};

#[test]
fn a_terminal_shows_keys_size_and_exit_status() {
    let home = Home::new();
    let mut t = home.shell("stty size; read x; echo \"got $x é\"; stty size; exit 7");
    t.wait_for("30 100");
    t.resize(70, 20);
    t.keys("wörd\r");
    t.wait_for("got wörd é\n20 70");
    assert_eq!(t.wait().code(), Some(7));
    t.wait_for_bytes("got wörd é\r\n".as_bytes());
}

#[test]
fn a_closed_window_hangs_up_on_the_command() {
    use std::os::unix::process::ExitStatusExt;
    let home = Home::new();
    let mut t = home.shell("echo up; exec cat");
    t.wait_for("up");
    t.hang_up();
    assert_eq!(
        t.wait().signal(),
        Some(rustix::process::Signal::HUP.as_raw())
    );
}

#[test]
fn postgres_answers_psql() {
    let postgres = Postgres::start();
    let home = Home::new();
    let mut psql = home.command(tool("psql", "postgresql-client"));
    psql.args(postgres.words());
    let t = Terminal::open(&psql, 100, 30);
    t.wait_for("postgres=#");
    t.keys("select 6*7 as answer;\r");
    t.wait_for("42");
    drop(t);
    let dir = postgres.socket().to_owned();
    drop(postgres);
    assert!(!Path::new(&dir).exists(), "{dir} is left behind");
}

#[test]
fn postgres_speaks_tls_where_asked_to() {
    let postgres = Postgres::start_with(&["ssl=on"]);
    let home = Home::new();
    let mut psql = home.command(tool("psql", "postgresql-client"));
    psql.env("PGPASSWORD", Postgres::PASSWORD)
        .arg(format!(
            "host=localhost hostaddr=127.0.0.1 port={} user=postgres sslmode=verify-full sslrootcert={}",
            postgres.port,
            postgres.certificate()
        ))
        .args(["-XAtc", "select ssl from pg_stat_ssl where pid = pg_backend_pid()"]);
    assert_eq!(super::check(&psql.output().unwrap()), "t\n");
}

#[test]
fn mariadb_answers_mysql() {
    let mariadb = Mariadb::start();
    let home = Home::new();
    let mut mysql = home.command(tool("mysql", "mariadb-client"));
    mysql.args(["-h127.0.0.1", "-uapp", "-p", &format!("-P{}", mariadb.port)]);
    let t = Terminal::open(&mysql, 100, 30);
    t.wait_for("Enter password:");
    t.keys(format!("{}\r", Mariadb::PASSWORD));
    t.wait_for("MariaDB [(none)]>");
    t.keys("select 6*7 as answer;\r");
    t.wait_for("42");
}

#[test]
fn sshd_answers_ssh_also_over_a_slow_line() {
    let sshd = Sshd::start();
    let delay = Duration::from_millis(150);
    let relay = Relay::start(sshd.port, delay);
    let home = Home::new();
    let mut ssh = home.command(tool("ssh", "openssh-client"));
    ssh.args(sshd.words(relay.port)).arg("127.0.0.1");
    let mut t = Terminal::open(&ssh, 100, 30);
    t.wait_for("far$");
    let typed = Instant::now();
    t.keys("echo $((6*7))\r");
    t.wait_for("42");
    assert!(typed.elapsed() >= 2 * delay, "the line is not slow");
    t.keys("exit 3\r");
    assert_eq!(t.wait().code(), Some(3));
}

#[test]
fn the_keyring_keeps_a_secret() {
    let keyring = Keyring::start();
    let mut home = Home::new();
    keyring.join(&mut home);
    let mut ask = home.command(tool("dbus-send", "dbus"));
    ask.args([
        "--session",
        "--print-reply",
        "--dest=org.freedesktop.secrets",
    ])
    .arg("/org/freedesktop/secrets/aliases/default")
    .arg("org.freedesktop.DBus.Properties.Get")
    .args(["string:org.freedesktop.Secret.Collection", "string:Locked"]);
    let answer = super::check(&ask.output().unwrap());
    assert!(answer.contains("boolean false"), "{answer}");
}
