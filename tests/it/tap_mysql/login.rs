//! Ways to log in.

use super::*;
use crate::support::{Authority, Subject};

fn as_user(server: &Mariadb, user: &str, more: &[&str]) -> Vec<String> {
    let mut words = vec!["mariadb".to_owned(), "--no-defaults".into()];
    words.extend(["-h127.0.0.1".into(), format!("-P{}", server.port)]);
    words.extend([format!("-u{user}"), "-pOther-4711".into()]);
    words.extend(more.iter().map(|word| (*word).to_owned()));
    words.extend(["-e".into(), "select current_user()".into()]);
    words
}

#[test]
fn native_passwords_and_ed25519_pass_through() {
    let authority = Authority::new("Own root");
    let subject = Subject {
        name: "localhost",
        others: &["IP:127.0.0.1"],
        days: (-1, 10),
    };
    let server = Mariadb::start_showing(&authority.sign("server", &subject), &authority);
    let home = Home::with_vault();
    server.sql(
        "mysql",
        "install soname 'auth_ed25519'; \
         create user ed identified via ed25519 using password('Other-4711'); \
         create user old identified by 'Other-4711'; \
         create user safe identified by 'Other-4711' require ssl",
    );
    for user in ["ed", "old", "safe"] {
        let seen = same(&home, &as_user(&server, user, &[]), 1);
        assert_eq!(seen[0]["results"][0]["rows"][0][0], format!("{user}@%"));
        // In the clear as well, where the account allows it.
        if user != "safe" {
            same(&home, &as_user(&server, user, &["--skip-ssl"]), 1);
        }
    }
    same(&home, &as_user(&server, "safe", &["--skip-ssl"]), 0);
    same(&home, &as_user(&server, "nobody", &[]), 0);
}

/// P2: nothing that authenticates is in the recording.
#[test]
fn a_login_leaves_no_trace_of_its_password() {
    let (home, server) = start();
    let words = over_tcp(&server, "mariadb", &["shop", "-e", "select 1"]);
    same(&home, &words, 1);
    let all = home.read(&["show", "@last", "--json", "--rows", "all"]);
    assert!(!all.contains(Mariadb::PASSWORD), "{all}");
}

#[test]
fn a_server_that_is_full_says_so_itself() {
    let (home, server) = start();
    server.sql(
        "mysql",
        "set global max_connections = 10; set global extra_max_connections = 1",
    );
    let hold = || {
        let sleeps = over_tcp(&server, "mariadb", &["-e", "do sleep(60)"]);
        let mut client = direct(&home, &sleeps);
        client.stdout(Stdio::null()).stderr(Stdio::null());
        client.spawn().unwrap()
    };
    let mut held: Vec<_> = (0..11).map(|_| hold()).collect();
    let words = over_tcp(&server, "mariadb", &["-e", "select 1"]);
    let full = || {
        let output = direct(&home, &words).output().unwrap();
        said(&output).2.contains("1040")
    };
    while !full() {
        // One that came while another was still on its way out was refused, and is missing.
        for client in &mut held {
            if client.try_wait().unwrap().is_some() {
                *client = hold();
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let output = tapped(&home, &words).output().unwrap();
    assert_eq!(
        said(&output),
        said(&direct(&home, &words).output().unwrap())
    );
    for mut client in held {
        client.kill().unwrap();
        client.wait().unwrap();
    }
}
