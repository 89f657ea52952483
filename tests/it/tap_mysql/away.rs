//! A server that is not there, or goes away and comes back: clients say what they say without rec,
//! and those that try again get in.

use super::*;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

/// A server's socket that can be taken away while the server lives on.
struct Door {
    socket: String,
    path: PathBuf,
}

impl Door {
    fn new(home: &Home, server: &Mariadb) -> Door {
        let path = home.path().join("door.sock");
        let socket = server.socket();
        Door { socket, path }
    }

    fn open(&self) {
        symlink(&self.socket, &self.path).unwrap();
    }

    fn shut(&self) {
        std::fs::remove_file(&self.path).unwrap();
    }

    fn words(&self, client: &str, more: &[&str]) -> Vec<String> {
        let mut words = vec![client.to_owned(), "--no-defaults".into(), "-uroot".into()];
        words.push(format!("-S{}", self.path.display()));
        words.extend(more.iter().map(|word| (*word).to_owned()));
        words
    }
}

/// The client's own number and words, with the name it was given, and its own exit status.
#[test]
fn a_server_that_is_not_there_is_missed_in_the_client_s_own_words() {
    let home = Home::with_vault();
    let dead = home.path().join("dead.sock");
    drop(std::os::unix::net::UnixListener::bind(&dead).unwrap());
    let dead = format!("-S{}", dead.display());
    let port = format!("-P{}", crate::support::free_port());
    for place in [
        &["-S/nonexistent/mysqld.sock"][..],
        &["-Snowhere.sock"],
        &[&dead],
        &["-h127.0.0.1", &port],
        &["-hdb.invalid"],
    ] {
        for client in [
            &["mariadb", "-e", "do 1"][..],
            &["mariadb-dump", "shop"],
            &["mariadb-admin", "status"],
        ] {
            let mut words = vec![client[0].to_owned(), "--no-defaults".to_owned()];
            let more = place.iter().chain(&client[1..]);
            words.extend(more.map(|word| (*word).to_owned()));
            let tapped = tapped(&home, &words).output().unwrap();
            let direct = direct(&home, &words).output().unwrap();
            assert!(!direct.status.success(), "{words:?}");
            assert_eq!(said(&tapped), said(&direct), "{words:?}");
            // What a client does that gets in after all is not seen.
            assert_eq!(gaps(&home)["bypassed"], 1, "{words:?}");
        }
    }
}

/// A server on a network sees one connection of a client, not one more that was a look.
#[test]
fn the_look_for_a_server_is_the_client_s_connection() {
    let (home, server) = start();
    let counted = || {
        let status = server.sql("mysql", "show global status like 'Connections'");
        let count = status.split_ascii_whitespace().nth(1).unwrap();
        count.parse::<u32>().unwrap()
    };
    let aborted = || server.sql("mysql", "show global status like 'Aborted_connects'");
    let (before, aborts) = (counted(), aborted());
    let words = over_tcp(&server, "mariadb", &["-e", "select 1"]);
    assert!(tapped(&home, &words).output().unwrap().status.success());
    // One of it; two that look at these numbers.
    assert_eq!(counted() - before, 3);
    assert_eq!(statements(&home).len(), 1);
    let words = over_socket(&server, "mariadb", &["-e", "select 1"]);
    assert!(tapped(&home, &words).output().unwrap().status.success());
    assert_eq!((counted() - before, aborted()), (5, aborts));
}

/// `--wait` finds nobody who listens until the server does, and is recorded from then on.
#[test]
fn a_client_that_waits_for_its_server_gets_in() {
    let (home, server) = start();
    let door = Door::new(&home, &server);
    let words = door.words("mariadb-admin", &["--wait", "ping"]);
    let mut command = tapped(&home, &words);
    let mut client = command
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut waits = [0; 7];
    let stderr = client.stderr.as_mut().unwrap();
    std::io::Read::read_exact(stderr, &mut waits).unwrap();
    assert_eq!(&waits, b"Waiting");
    door.open();
    let output = client.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let seen = statements(&home);
    assert_eq!(seen.len(), 1, "{seen:#?}");
    assert_eq!(seen[0]["text"], "PING");
    assert_eq!(gaps(&home), serde_json::json!({}));
}

/// 2002, as without rec; then in again, and recorded again.
#[test]
fn a_server_that_goes_away_is_missed_and_found_again() {
    let (home, server) = start();
    let door = Door::new(&home, &server);
    door.open();
    let words = door.words("mariadb", &["shop"]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut t = home.terminal(&words);
    t.wait_for("[shop]>");
    t.keys("select connection_id() as `the id`;\r");
    t.wait_for("1 row in set");
    door.shut();
    let sessions = "select id from information_schema.processlist where db = 'shop'";
    let id = server.sql("mysql", sessions);
    server.sql("mysql", &format!("kill {}", id.trim()));
    // Of the first one it only learns that the connection is no more.
    t.keys("select 'gone';\r");
    t.wait_for("ERROR 20");
    t.keys("select 'gone';\r");
    t.wait_for("ERROR 2002 (HY000): Can't connect to local server through socket");
    t.wait_for("(2)");
    door.open();
    let again = || {
        let found = server.sql("mysql", sessions);
        !found.trim().is_empty()
    };
    while !again() {
        t.keys("select 'back';\r");
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    t.keys("exit\r");
    t.wait();
    let seen = statements(&home);
    let text = |s: &Value| s["text"].as_str().unwrap().to_owned();
    assert!(seen.iter().any(|s| text(s) == "select 'back'"), "{seen:#?}");
}

/// How the server's own suite waits for a restart: only these errors are none. Who comes while rec
/// finds out that nobody is there any more may still be let in, and loses the connection (2013).
#[test]
fn a_script_that_connects_until_the_server_is_back_goes_on() {
    let (home, server) = start();
    let door = Door::new(&home, &server);
    let script = home.path().join("restart.test");
    let shut = format!("--exec rm {}", door.path.display());
    let open = format!("--exec ln -s {} {}", door.socket, door.path.display());
    let text = format!(
        "--enable_reconnect\n\
         let $id = `select connection_id()`;\n\
         {shut}\n\
         --error 0,1317,1927,2006,2013\n\
         eval kill $id;\n\
         --error 2002,2006,2013\n\
         select 'nobody';\n\
         --error 2002,2006,2013\n\
         select 'nobody still';\n\
         {open}\n\
         let $errno = 1;\n\
         let $left = 600;\n\
         while ($errno)\n\
         {{\n\
           --error 0,2002,2006\n\
           select 'waited';\n\
           let $errno = $mysql_errno;\n\
           dec $left;\n\
           if (!$left)\n\
           {{\n\
             --die the server is not found again\n\
           }}\n\
           if ($errno)\n\
           {{\n\
             --sleep 0.1\n\
           }}\n\
         }}\n"
    );
    std::fs::write(&script, text).unwrap();
    let file = format!("--test-file={}", script.display());
    let words = door.words("mariadb-test", &["-Dshop", "--silent", &file]);
    door.open();
    let output = tapped(&home, &words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let seen = statements(&home);
    let text = |s: &Value| s["text"].as_str().unwrap().to_owned();
    assert!(
        seen.iter().any(|s| text(s) == "select 'waited'"),
        "{seen:#?}"
    );
    let direct = direct(&home, &words).output().unwrap();
    assert!(direct.status.success(), "{direct:?}");
}
