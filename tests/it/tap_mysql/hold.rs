//! Drivers on the addresses of `rec tap`, and programs with the client's library as clients.

use super::*;
use crate::support::{Authority, Subject};
use std::io::{BufRead, BufReader};
use std::process::Child;

/// A `rec tap` at work.
pub struct Held {
    child: Child,
    port: String,
    ip: String,
    pub socket: String,
}

impl Held {
    pub fn start(home: &Home, target: &str) -> Held {
        Held::of(home.rec(&["tap", target]))
    }

    fn of(mut rec: Command) -> Held {
        let rec = rec.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = rec.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut address = || lines.next().unwrap().unwrap();
        let (tcp, unix) = (address(), address());
        assert!(!tcp.contains("no-matter") && !unix.contains("no-matter"));
        let place = tcp.rsplit('@').next().unwrap().split('/').next().unwrap();
        let (ip, port) = place.split_once(':').unwrap();
        Held {
            child,
            ip: ip.to_owned(),
            port: port.to_owned(),
            socket: unix.split_once("socket=").unwrap().1.to_owned(),
        }
    }

    pub fn end(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Held {
    /// A test that fails leaves none behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn python(home: &Home, script: &str) -> String {
    // Debian's own, which sees the modules of its packages.
    let mut python = home.command("/usr/bin/python3");
    let output = python.args(["-c", script]).output().unwrap();
    let (status, stdout, stderr) = said(&output);
    assert_eq!(status, Some(0), "{stderr}");
    stdout
}

/// PyMySQL speaks the protocol itself, MySQLdb through MariaDB's C library.
const USE: &str = "
c = connection.cursor()
c.execute('create table if not exists things (id int, label varchar(20))')
c.executemany('insert into things values (%s, %s)', [(1, 'ada'), (2, 'gr\\u00fcn')])
connection.commit()
c.execute('select label from things order by id')
print([row[0] for row in c.fetchall()])
c.execute('drop table things')
connection.ping()
connection.close()
";

/// P1: a client has as many connections as it may open files, and the tap as many again.
#[test]
fn as_many_connections_as_without_the_tap() {
    let server = Mariadb::start_with(&["--max-connections=200"]);
    let home = Home::with_vault();
    let rec = home.rec(&["tap", &format!("mysql://127.0.0.1:{}", server.port)]);
    let mut few = home.command("sh");
    few.args(["-c", "ulimit -S -n 64; exec \"$0\" \"$@\""]);
    few.arg(rec.get_program()).args(rec.get_args());
    let held = Held::of(few);
    let script = format!(
        "import pymysql
all = [pymysql.connect(unix_socket='{}', user='app', password='{}') for _ in range(120)]
print(sum(c.cursor().execute('select 1') for c in all))",
        held.socket,
        Mariadb::PASSWORD
    );
    assert_eq!(python(&home, &script), "120\n");
    held.end();
    assert_eq!(gaps(&home), serde_json::json!({}));
}

#[test]
fn drivers_on_the_tap() {
    let authority = Authority::new("Own root");
    let subject = Subject {
        name: "localhost",
        others: &["IP:127.0.0.1"],
        days: (-1, 10),
    };
    let server = Mariadb::start_showing(&authority.sign("server", &subject), &authority);
    server.sql("mysql", "create database shop; alter user app require ssl");
    let home = Home::with_vault();
    let target = format!(
        "mysql://app:no-matter@127.0.0.1:{}/shop?ssl-mode=VERIFY_IDENTITY&ssl-ca={}",
        server.port,
        authority.root()
    );
    let held = Held::start(&home, &target);
    let password = Mariadb::PASSWORD;
    let who = format!("user='app', password='{password}', database='shop'");
    let unix = format!("unix_socket='{}', {who}", held.socket);
    let tcp = format!("host='{}', port={}, {who}", held.ip, held.port);
    for (module, place, more) in [
        ("pymysql", &unix, ", charset='utf8mb4'"),
        ("pymysql", &tcp, ", charset='utf8mb4'"),
        ("MySQLdb", &unix, ", charset='utf8mb4'"),
        ("MySQLdb", &tcp, ", charset='utf8mb4', compress=True"),
    ] {
        let script =
            format!("import {module}\nconnection = {module}.connect({place}{more})\n{USE}");
        assert_eq!(
            python(&home, &script),
            "['ada', 'grün']\n",
            "{module} {place}"
        );
    }
    held.end();
    let seen = statements(&home);
    let rows: Vec<_> = seen
        .iter()
        .filter(|s| s["text"].as_str().unwrap().starts_with("select label"))
        .map(|s| s["results"][0]["rows"].clone())
        .collect();
    assert_eq!(rows, vec![serde_json::json!([["ada"], ["grün"]]); 4]);
    assert_eq!(gaps(&home), serde_json::json!({}));
    let all = home.read(&["show", "@last", "--json", "--rows", "all"]);
    assert!(
        !all.contains(password) && !all.contains("no-matter"),
        "{all}"
    );
}

/// P1: what rec cannot read is between the two. A login as clients before 4.1 sent it, which the server
/// answers in its own words.
#[test]
fn a_login_that_rec_does_not_know_is_the_servers_to_refuse() {
    let server = Mariadb::start();
    let home = Home::with_vault();
    let held = Held::start(&home, &format!("mysql://127.0.0.1:{}", server.port));
    let login = |family: &str, place: &str| {
        let script = format!(
            "import socket
s = socket.socket(socket.{family})
s.settimeout(20)
s.connect({place})
s.recv(4096)
body = bytes([5, 0, 0, 0, 0]) + b'app\\0' + b'abcdefgh\\0'
s.sendall(len(body).to_bytes(3, 'little') + bytes([1]) + body)
answer = b''
while more := s.recv(4096): answer += more
print(answer)"
        );
        python(&home, &script)
    };
    let direct = login("AF_INET", &format!("('127.0.0.1', {})", server.port));
    assert!(direct.contains("\\xff"), "an error: {direct}");
    assert_eq!(direct, login("AF_UNIX", &format!("'{}'", held.socket)));
    held.end();
    assert_eq!(gaps(&home), serde_json::json!({ "bypassed": 1 }));
    // Where the user asked for TLS nothing goes out in the clear.
    let server = format!("mysql://127.0.0.1:{}?ssl-mode=REQUIRED", server.port);
    let held = Held::start(&home, &server);
    let refused = login("AF_UNIX", &format!("'{}'", held.socket));
    assert!(refused.contains("SSL is required"), "{refused}");
    held.end();
}

#[test]
fn a_server_that_is_not_the_one_is_refused() {
    let authority = Authority::new("Own root");
    let subject = Subject {
        name: "localhost",
        others: &["IP:127.0.0.1"],
        days: (-1, 10),
    };
    let server = Mariadb::start_showing(&authority.sign("server", &subject), &authority);
    let home = Home::with_vault();
    let other = Authority::new("Another root");
    let target = format!(
        "mysql://127.0.0.1:{}/?ssl-mode=VERIFY_CA&ssl-ca={}",
        server.port,
        other.root()
    );
    let held = Held::start(&home, &target);
    let mut words = vec!["mariadb".to_owned(), "--no-defaults".into()];
    words.extend([
        format!("-S{}", held.socket),
        "-uapp".into(),
        "-e".into(),
        "do 1".into(),
    ]);
    let output = direct(&home, &words).output().unwrap();
    assert!(said(&output).2.contains("TLS/SSL error: "), "{output:?}");
    held.end();
    assert_eq!(statements(&home).len(), 0);
}

#[test]
fn what_is_no_target_is_refused_with_the_reason() {
    let home = Home::with_vault();
    for (target, wanted) in [
        ("mysql:///shop", "names no host and no socket"),
        ("mysql://db/?what=1", "what is not known"),
        ("mysql://db:many/", "port"),
    ] {
        let output = home.rec(&["tap", target]).output().unwrap();
        let (status, _, stderr) = said(&output);
        assert_ne!(status, Some(0));
        assert!(stderr.contains(wanted), "{target}: {stderr}");
    }
}
