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
