//! Where a client would connect to, and how it is led.

use super::*;
use std::fs;

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[test]
fn option_files_variables_and_words_lead_to_the_same_server() {
    let (mut home, server) = start();
    let file = home.path().join("my.cnf");
    let text = format!(
        "[client]\nhost=127.0.0.1\nport={}\nuser=app\npassword=\"{}\"\n[client_other]\nuser=root\n\
         [client_root]\nuser=root\npassword=\nhost=localhost\nprotocol=socket\nsocket={}\n",
        server.port,
        Mariadb::PASSWORD,
        server.socket()
    );
    fs::write(&file, text).unwrap();
    let file = file.display().to_string();
    let select = ["-e".to_owned(), "select user()".to_owned()];
    let mut from_file = words(&format!("mariadb --defaults-file={file} shop"));
    from_file.extend(select.clone());
    let seen = same(&home, &from_file, 1);
    assert_eq!(seen[0]["results"][0]["rows"][0][0], "app@127.0.0.1");
    let found = shown(&home);
    assert_eq!(found["host"], "127.0.0.1");

    // Of a group with a suffix, by its word or by its variable.
    let mut suffixed = words(&format!(
        "mariadb --defaults-file={file} --defaults-group-suffix=_root shop"
    ));
    suffixed.extend(select.clone());
    let seen = same(&home, &suffixed, 1);
    assert_eq!(seen[0]["results"][0]["rows"][0][0], "root@localhost");
    home.set("MYSQL_GROUP_SUFFIX", "_root");
    let seen = same(&home, &from_file, 1);
    assert_eq!(seen[0]["results"][0]["rows"][0][0], "root@localhost");
    home.set("MYSQL_GROUP_SUFFIX", "");

    let mut extra = words(&format!(
        "mysql --defaults-extra-file={file} --user=root shop"
    ));
    extra.extend(select.clone());
    same(&home, &extra, 0);

    home.set("MYSQL_HOST", "127.0.0.1");
    home.set("MYSQL_TCP_PORT", server.port.to_string());
    home.set("MYSQL_PWD", Mariadb::PASSWORD);
    let mut from_environment = words("mysql --no-defaults -uapp shop");
    from_environment.extend(select.clone());
    same(&home, &from_environment, 1);
    home.set("MYSQL_UNIX_PORT", server.socket());
    let local = words("mysqladmin --no-defaults -uroot ping");
    same(&home, &local, 0);
    home.set("MYSQL_PWD", "");
    same(&home, &local, 1);
}

#[test]
fn options_are_put_before_a_double_dash() {
    let (home, server) = start();
    server.sql("mysql", "create database `-odd`");
    let more = ["-e", "select database()", "--", "-odd"];
    let seen = same(&home, &over_tcp(&server, "mariadb", &more), 1);
    assert_eq!(seen[0]["results"][0]["rows"][0][0], "-odd");
}

#[test]
fn a_port_or_a_socket_among_the_words_says_which_way() {
    let (home, server) = start();
    let port = format!("-P{}", server.port);
    let socket = format!("-S{}", server.socket());
    let nowhere = "-S/nonexistent";
    for (more, wanted) in [
        (vec!["-hlocalhost", &port], 1),
        (vec![nowhere, "-hlocalhost", &port], 1),
        (vec!["-P1", &socket], 1),
        (vec!["-P1", "-hlocalhost", &socket], 1),
        (vec!["-h127.0.0.1", &port, nowhere, "--protocol=socket"], 1),
        (vec!["--protocol=tcp", &port], 1),
    ] {
        let mut words = vec!["mariadb".to_owned(), "--no-defaults".into(), "-uapp".into()];
        words.push(format!("-p{}", Mariadb::PASSWORD));
        words.extend(more.iter().map(|word| (*word).to_owned()));
        words.extend(["-e".into(), "select 1".into()]);
        same(&home, &words, wanted);
    }
    let words = over_socket(&server, "mariadb", &[&port, nowhere, "-e", "select 1"]);
    refused(&home, &words, "socket '/nonexistent'");
}

#[test]
fn what_connects_to_nothing_is_left_alone() {
    let home = Home::with_vault();
    for line in [
        "mariadb --no-defaults --help",
        "mysql --no-defaults --version",
        "mysqldump --no-defaults --print-defaults",
        "mariadb --no-defaults -e",
        "mariadb --no-defaults --execute",
        "mariadb --defaults-file=/nonexistent",
    ] {
        same(&home, &words(line), 0);
    }
}

/// What has its value in the same word, or none, takes nothing from the words behind it.
#[test]
fn letters_without_a_value_leave_the_words_behind_them_alone() {
    let (home, server) = start();
    let port = format!("-P{}", server.port);
    let password = format!("-p{}", Mariadb::PASSWORD);
    for first in ["-s", "-Ns", "-sN", "-BNrsq"] {
        let words = [
            "mariadb",
            "--no-defaults",
            first,
            "-h127.0.0.1",
            &port,
            "-uapp",
            &password,
            "-e",
            "select current_user()",
        ];
        let words = words.map(str::to_owned);
        same(&home, &words, 1);
        assert_eq!(shown(&home)["host"], "127.0.0.1", "{first}");
    }
}

/// A prompt that shows the host and the port shows the server's.
#[test]
fn a_prompt_shows_the_real_host() {
    let (home, server) = start();
    let prompt = r"--prompt=\u at \h:\p> ";
    let words = over_tcp(&server, "mariadb", &[prompt]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut t = home.terminal(&words);
    t.wait_for(&format!("app at 127.0.0.1:{}>", server.port));
    t.keys("exit\r");
    assert!(t.wait().success());
    let words = over_socket(&server, "mariadb", &[prompt]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut t = home.terminal(&words);
    t.wait_for("root at localhost:s>");
    t.keys("exit\r");
    assert!(t.wait().success());
}

#[test]
fn where_rec_cannot_be_sure_the_client_goes_alone_and_the_recording_says_so() {
    let (home, server) = start();
    for more in [
        &["--ssl-cipher=ECDHE-RSA-AES256-GCM-SHA384"][..],
        &["--tls-version=TLSv1.1"],
    ] {
        let more = [more, &["-e", "select 1"]].concat();
        let words = over_tcp(&server, "mariadb", &more);
        tapped(&home, &words).output().unwrap();
        assert_eq!(gaps(&home)["bypassed"], 1, "{more:?}");
        assert_eq!(statements(&home).len(), 0);
    }
}

/// What a client of MySQL's says of itself, with a login path in a file that only it can read.
const EIGHT: &str = r#"#!/bin/sh
case "$*" in
*--version) echo "mysql  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)"; exit;;
*--print-defaults) echo "mysql would have been started with the following arguments:"; exit;;
*--help)
    echo "and boolean options {FALSE|TRUE}  Value (after reading options)"
    echo "--------------------------------- ----------------------------------------"
    echo "ssl-mode                          PREFERRED"
    case "$1:$MYSQL_TEST_LOGIN_FILE" in
    --login-path=prod:*|*:?*)
        echo "host                              127.0.0.1"
        echo "port                              PORT";;
    esac
    exit;;
esac
for word; do
    shift
    case "$word" in --login-path=*|--ssl-mode=*) ;; *) set -- "$@" "$word";; esac
done
exec mariadb --no-defaults -uapp -pWORD "$@"
"#;

/// A login path is the client's to read: rec goes by what the client made of it, and where it is not
/// certain that it counts, the client goes alone.
#[test]
fn login_paths_are_asked_of_the_client() {
    let (mut home, server) = start();
    let program = home.path().join("mysql");
    let script = EIGHT
        .replace("PORT", &server.port.to_string())
        .replace("WORD", Mariadb::PASSWORD);
    fs::write(&program, script).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&program, mode).unwrap();
    let program = program.display().to_string();
    let run = |home: &Home, more: &[&str]| {
        let mut words = vec![program.clone()];
        words.extend(more.iter().map(|word| (*word).to_owned()));
        words.extend(["-NBe".to_owned(), "select 'in'".to_owned()]);
        let output = tapped(home, &words).output().unwrap();
        let stdout = said(&output).1;
        (
            stdout,
            statements(home).len(),
            gaps(home)["bypassed"].clone(),
        )
    };
    let tapped = ("in\n".to_owned(), 1, Value::Null);
    assert_eq!(run(&home, &["--login-path=prod"]), tapped);
    assert_eq!(shown(&home)["host"], "127.0.0.1");
    let port = format!("-P{}", server.port);
    let late = ["-h127.0.0.1", &port, "--login-path=prod"];
    assert_eq!(run(&home, &late), ("in\n".to_owned(), 0, Value::from(1)));
    home.set("MYSQL_TEST_LOGIN_FILE", "/some/mylogin.cnf");
    assert_eq!(run(&home, &[]), tapped);
}
