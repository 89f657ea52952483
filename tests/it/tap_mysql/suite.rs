//! Scripts of MariaDB's own test suite: they pass through the tap as without, in each protocol.

use super::*;
use std::path::Path;

/// Where Debian's package mariadb-test-data keeps them.
const SUITE: &str = "/usr/share/mysql/mysql-test";

/// Some that ask for nothing but a server.
const SCRIPTS: &[&str] = &[
    "bool",
    "bulk_replace",
    "func_isnull",
    "keywords",
    "replace_returning_datatypes",
    "strings",
    "type_date_round",
];

#[test]
fn scripts_of_the_server_s_own_suite_pass() {
    let missing = "the suite is missing: install the package mariadb-test";
    assert!(Path::new(SUITE).join("main").is_dir(), "{missing}");
    let (home, server) = start();
    server.sql("mysql", "create database test; create database mtr");
    let scratch = home.path().display().to_string();
    for script in SCRIPTS {
        for protocol in [
            &[][..],
            &["--ps-protocol"],
            &["--ps-protocol", "--cursor-protocol"],
            &["--compress"],
        ] {
            let test = format!("--test-file=main/{script}.test");
            let result = format!("--result-file=main/{script}.result");
            let dirs = [format!("--tmpdir={scratch}"), format!("--logdir={scratch}")];
            let more = ["-Dtest", "--silent", &test, &result, &dirs[0], &dirs[1]];
            let words = over_socket(&server, "mariadb-test", &[&more, protocol].concat());
            let mut command = tapped(&home, &words);
            let output = command.current_dir(SUITE).output().unwrap();
            assert!(output.status.success(), "{script} {protocol:?}: {output:?}");
            assert!(!statements(&home).is_empty(), "{script} {protocol:?}");
            assert_eq!(gaps(&home), serde_json::json!({}), "{script} {protocol:?}");
        }
    }
}

/// Scripts connect to the server that a variable names, and have its value replaced in what they print.
#[test]
fn variables_that_name_the_server_lead_through_the_tap() {
    let (mut home, server) = start();
    home.set("MASTER_MYSOCK", server.socket());
    home.set("OTHER_MYSOCK", format!("{}.other", server.socket()));
    let script = home.path().join("named.test");
    let text = "--replace_result $MASTER_MYSOCK MASTER_SOCKET\n\
                --error 1045\n\
                connect (no,localhost,nobody,wrong,);\n\
                connect (yes,localhost,root,,shop,,$MASTER_MYSOCK);\n\
                select 'by the variable';\n\
                disconnect yes;\n\
                connection default;\n\
                echo $OTHER_MYSOCK;\n";
    std::fs::write(&script, text).unwrap();
    let script = format!("-x{}", script.display());
    let words = over_socket(&server, "mariadb-test", &["-Dshop", &script]);
    let alone = direct(&home, &words).output().unwrap();
    assert!(alone.status.success(), "{alone:?}");
    let stdout = said(&alone).1;
    assert!(stdout.contains(",MASTER_SOCKET);"), "{stdout}");
    let output = tapped(&home, &words).output().unwrap();
    assert_eq!(said(&output), said(&alone));
    let seen = statements(&home);
    let has = seen.iter().any(|s| s["text"] == "select 'by the variable'");
    assert!(has, "{seen:#?}");
    assert_eq!(gaps(&home), serde_json::json!({}));
}
