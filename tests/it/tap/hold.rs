//! `rec tap`: addresses for clients that rec does not start, real drivers among them; and the
//! loopback as a leg for psql.

use super::{bypassed, psql, same, start, statements};
use crate::support::{Authority, Home, Postgres, Subject, tool};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A `rec tap` at work.
pub struct Held {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// For TCP, and for libpq.
    pub addresses: [String; 2],
}

impl Held {
    pub fn start(home: &Home, target: &str) -> Held {
        let mut rec = home.rec(&["tap", target]);
        let mut child = rec
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let addresses = [(), ()].map(|()| {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        });
        Held {
            child,
            stdout,
            addresses,
        }
    }

    pub fn end(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

impl Drop for Held {
    /// A test that fails leaves none behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn texts(home: &Home) -> Vec<String> {
    let seen = statements(home);
    let texts = seen.iter().map(|s| s["text"].as_str().unwrap().to_owned());
    texts.collect()
}

#[test]
fn a_listener_is_held_open_until_ctrl_c_and_records_what_passes() {
    let (mut home, server) = start(&["ssl=on"]);
    home.set("PGPASSWORD", Postgres::PASSWORD);
    let target = format!(
        "postgres://postgres:no-matter@localhost:{}/template1?sslmode=verify-full&sslrootcert={}",
        server.port,
        server.certificate()
    );
    let held = Held::start(&home, &target);
    for address in &held.addresses {
        assert!(!address.contains("no-matter"), "{address}");
        let sql = "select current_database(), ssl from pg_stat_ssl where pid = pg_backend_pid()";
        let mut psql = home.command("psql");
        psql.args(["-XAtq", address, "-c", sql]);
        assert_eq!(said(&mut psql), "template1|t\n", "{address}");
    }
    held.end();
    assert_eq!(statements(&home).len(), 2);
    let listed = home.json(&["ls"]);
    assert_eq!(
        (&listed[0]["client"], &listed[0]["host"]),
        (&"tap".into(), &"localhost".into())
    );
    assert!(!home.read(&["show", "@last"]).contains("no-matter"));
}

#[test]
fn psycopg_s_round_trips() {
    let (home, server) = start(&[]);
    let held = Held::start(
        &home,
        &format!("postgres://postgres@127.0.0.1:{}/postgres", server.port),
    );
    let script = "
import psycopg2, psycopg2.extras, os, sys
db = psycopg2.connect(sys.argv[1], password=sys.argv[2])
c = db.cursor()
c.execute('create temp table t (a int, b text, c bytea, d timestamptz default now())')
psycopg2.extras.execute_values(c, 'insert into t (a, b, c) values %s', [(i, 'é%d' % i, bytes([i])) for i in range(100)])
c.execute('select count(*), sum(a), max(b) from t where a < %s', (50,))
print(c.fetchone())
db.rollback()
c.execute('select %s::numeric', ('1.50',)); print(c.fetchone()[0])
try:
    c.execute('select 1/0')
except psycopg2.Error as e:
    print(e.pgcode)
db.rollback()
c = db.cursor('server_side'); c.itersize = 7
c.execute('select generate_series(1, 20)'); print(sum(r[0] for r in c))
db.close()
";
    let mut python = home.command("/usr/bin/python3");
    python.args(["-c", script, &held.addresses[1], Postgres::PASSWORD]);
    assert_eq!(said(&mut python), "(50, 1225, 'é9')\n1.50\n22012\n210\n");
    held.end();
    let texts = texts(&home);
    assert!(
        texts.iter().any(|text| text.starts_with("insert into t")),
        "{texts:?}"
    );
    assert!(texts.iter().any(|text| text == "select 1/0"), "{texts:?}");
    let fetches = texts
        .iter()
        .filter(|text| text.starts_with("FETCH FORWARD 7"));
    // Three with rows, and one that finds no more.
    assert_eq!(fetches.count(), 4, "{texts:?}");
}

/// What streams instead of being asked passes too: a backup that verifies, changes as they are made.
#[test]
fn a_backup_and_a_stream_of_changes_pass() {
    let settings = ["max_wal_senders=4", "wal_level=logical"];
    let (home, server) = start(&settings);
    server.hba("host replication all all trust\nhost all all all trust");
    let held = Held::start(
        &home,
        &format!("postgres://postgres@127.0.0.1:{}/postgres", server.port),
    );
    let program = |name: &str, words: &[&str]| {
        let mut command = home.command(tool(name, "postgresql"));
        said(command.args(words))
    };
    let conninfo = &*held.addresses[1];
    let backup = home.path().join("backup");
    let backup = backup.to_str().unwrap();
    program(
        "pg_basebackup",
        &["-d", conninfo, "-D", backup, "-c", "fast"],
    );
    program("pg_verifybackup", &[backup]);
    let stream = ["-d", conninfo, "--slot=changes"];
    let words = [&stream[..], &["--create-slot", "-P", "test_decoding"]].concat();
    program("pg_recvlogical", &words);
    server.sql(
        "postgres",
        "create table t (a int); insert into t values (7)",
    );
    let end = server.sql("postgres", "select pg_current_wal_lsn()");
    let end = format!("--endpos={}", end.trim_end());
    let words = [&stream[..], &["--start", "--file=-", &end]].concat();
    let changes = program("pg_recvlogical", &words);
    assert!(
        changes.contains("table public.t: INSERT: a[integer]:7"),
        "{changes}"
    );
    held.end();
    let texts = texts(&home);
    for begin in [
        "BASE_BACKUP",
        "CREATE_REPLICATION_SLOT \"changes\"",
        "START_REPLICATION SLOT \"changes\"",
    ] {
        let found = texts.iter().filter(|text| text.starts_with(begin));
        assert_eq!(found.count(), 1, "{begin}: {texts:?}");
    }
}

/// A driver that speaks the protocol by itself, over TCP, with prepared statements.
#[test]
fn a_driver_of_its_own_protocol_s_round_trips() {
    let (home, server) = start(&["ssl=on"]);
    // All releases of it know this way to log in.
    server.hba("host all all all password");
    let held = Held::start(
        &home,
        &format!(
            "postgres://postgres@127.0.0.1:{}/postgres?sslmode=require",
            server.port
        ),
    );
    let place = held.addresses[0]
        .strip_prefix("postgresql://postgres@")
        .unwrap();
    let (host, port) = place.split_once('/').unwrap().0.split_once(':').unwrap();
    assert!(
        host.starts_with("127.") && port == server.port.to_string(),
        "{place}"
    );
    let script = "
import pg8000, sys
db = pg8000.connect(user='postgres', host=sys.argv[1], port=int(sys.argv[2]), password=sys.argv[3], database='postgres')
c = db.cursor()
c.execute('create temp table t (a int, b text)')
for i in range(10):
    c.execute('insert into t values (%s, %s)', (i, 'row %d' % i))
c.execute('select sum(a), max(b) from t'); print(list(c.fetchone()))
db.commit(); db.close()
";
    let mut python = home.command("/usr/bin/python3");
    python.args(["-c", script, host, port, Postgres::PASSWORD]);
    assert_eq!(said(&mut python), "[45, 'row 9']\n");
    held.end();
    let texts = texts(&home);
    let inserts = texts
        .iter()
        .filter(|text| text.starts_with("insert into t"));
    assert_eq!(inserts.count(), 10, "{texts:?}");
}

#[test]
fn on_the_loopback_psql_still_knows_its_host() {
    let authority = Authority::new("Own root");
    let (mut home, server) = start(&["ssl=on"]);
    let subject = Subject {
        name: "localhost",
        others: &["DNS:localhost"],
        days: (-1, 9),
    };
    server.show(&authority.sign("server", &subject));
    home.configure("[tap]\nlisten = \"loopback\"\n");
    home.set("PGPASSWORD", Postgres::PASSWORD);
    let port = server.port;
    let root = authority.root();
    let echo = "\\echo :HOST :PORT";
    for how in [
        format!("host=localhost port={port} user=postgres"),
        format!("host=localhost port={port} user=postgres sslmode=verify-full sslrootcert={root}"),
        format!("postgresql://postgres@localhost:{port}/postgres?sslmode=require"),
    ] {
        same(&home, &psql(&[&how], echo), 0);
        let sql = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
        same(&home, &psql(&[&how], sql), 1);
    }
    let port = port.to_string();
    let words = [
        "-h",
        "localhost",
        "-p",
        &port,
        "-U",
        "postgres",
        "template1",
    ];
    same(&home, &psql(&words, "select current_database()"), 1);
    same(&home, &psql(&words[..6], "select current_database()"), 1);
    super::works(
        &home,
        &[
            "createdb",
            "-h",
            "localhost",
            "-p",
            &port,
            "-U",
            "postgres",
            "one",
        ],
        2,
    );
    // A socket is a socket.
    same(
        &home,
        &psql(
            &["-h", server.socket(), "-p", &port, "-U", "postgres"],
            "select 1",
        ),
        1,
    );
    let mut t = home.terminal(&[
        "psql",
        "-X",
        "-h",
        "localhost",
        "-p",
        &port,
        "-U",
        "postgres",
        "-v",
        "PROMPT1=%m:%> ok ",
    ]);
    t.wait_for(&format!("localhost:{port} ok"));
    t.keys("\\q\r");
    assert!(t.wait().success());
    // Off is off, and the recording says so.
    home.configure("[tap]\nlisten = \"off\"\n");
    let output = super::tapped(&home, &psql(&words, "select 7"))
        .output()
        .unwrap();
    assert_eq!(output.stdout, b"7\n");
    assert_eq!((statements(&home).len(), bypassed(&home)), (0, 1));
}

/// Root may become anybody, so only as root this can be tried.
#[test]
fn on_the_loopback_another_user_is_refused() {
    if !rustix::process::geteuid().is_root() {
        // Without privileges there is no other user to be.
        return;
    }
    let (mut home, server) = start(&[]);
    home.set("PGPASSWORD", Postgres::PASSWORD);
    let held = Held::start(
        &home,
        &format!("postgres://postgres@127.0.0.1:{}/postgres", server.port),
    );
    let mut other = home.command(tool("setpriv", "util-linux"));
    other
        .args([
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "--",
            "psql",
            "-X",
        ])
        .args([&held.addresses[0], "-c", "select 1"])
        .current_dir("/");
    let output = other.output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    held.end();
    assert_eq!(statements(&home).len(), 0);
}

#[test]
fn the_loopback_is_proposed_once_where_psqlrc_shows_the_host() {
    let (mut home, server) = start(&[]);
    home.set("PGPASSWORD", Postgres::PASSWORD);
    std::fs::write(home.path().join(".psqlrc"), "\\set PROMPT1 '%m %# '\n").unwrap();
    let port = server.port.to_string();
    let words = ["psql", "-h", "127.0.0.1", "-p", &port, "-U", "postgres"];
    let proposals = [(), ()].map(|()| {
        let mut t = home.terminal(&words);
        t.wait_for("[local] #");
        t.keys("\\q\r");
        assert!(t.wait().success());
        t.transcript().matches("your psqlrc shows the host").count()
    });
    assert_eq!(proposals, [1, 0]);
}
