//! PostgreSQL's own test driver, with rec as its launcher: what psql and the server say is the same
//! to the byte.

use super::start;
use crate::support::{Home, Postgres};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const TESTS: &[&str] = &["statements", "psql", "copying"];

/// It belongs to the server's package and stands beside its libraries.
fn pg_regress() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let files = versions
        .flatten()
        .map(|version| version.path().join("lib/pgxs/src/test/regress/pg_regress"));
    let mut found: Vec<PathBuf> = files.filter(|file| file.is_file()).collect();
    found.sort();
    found
        .pop()
        .expect("pg_regress is missing: apt-get install postgresql (tests/run.sh installs all)")
}

/// Runs the tests and gives what each of them printed.
fn run(home: &Home, server: &Postgres, database: &str, launcher: Option<&str>) -> Vec<String> {
    let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tap/regress");
    let output = home.path().join(database);
    // What they print is compared with one another, not with what somebody once wrote down.
    let expected = output.join("expected");
    fs::create_dir_all(&expected).unwrap();
    for test in TESTS {
        fs::write(expected.join(format!("{test}.out")), "").unwrap();
    }
    std::os::unix::fs::symlink(input.join("sql"), output.join("sql")).unwrap();
    server.sql("postgres", &format!("create database {database}"));
    let program = pg_regress();
    let bin = program.ancestors().nth(6).unwrap().join("bin");
    let mut command: Command = home.command(&program);
    command
        .arg(format!("--inputdir={}", output.display()))
        .arg(format!("--outputdir={}", output.display()))
        .arg(format!("--bindir={}", bin.display()))
        .args(["--use-existing", "--user=postgres", "--host=127.0.0.1"])
        .arg(format!("--port={}", server.port))
        .arg(format!("--dbname={database}"))
        .args(launcher.map(|launcher| format!("--launcher={launcher}")))
        .args(TESTS);
    let said = command.output().unwrap();
    let result = |test: &&str| {
        let file = output.join(format!("results/{test}.out"));
        let bytes = fs::read(file).unwrap_or_else(|error| {
            panic!("{test}: {error}: {}", String::from_utf8_lossy(&said.stderr))
        });
        let text = String::from_utf8_lossy(&bytes);
        // The one thing that must differ.
        text.replace(database, "DATABASE")
    };
    TESTS.iter().map(result).collect()
}

#[test]
fn pg_regress_cannot_tell_that_rec_launches_psql() {
    let (mut home, server) = start(&["ssl=on"]);
    home.set("PGPASSWORD", Postgres::PASSWORD);
    // One way to connect, so that one that fails is told once.
    home.set("PGSSLMODE", "require");
    let launcher = format!("{} run --always --", env!("CARGO_BIN_EXE_rec"));
    let without = run(&home, &server, "regress_without", None);
    let with = run(&home, &server, "regress_with_it", Some(&launcher));
    let mut counted = Vec::new();
    for (number, (with, without)) in with.iter().zip(&without).enumerate() {
        assert!(with.lines().count() > 50, "{with}");
        // Who could not be let in is named by the local leg.
        let leg = |text: &str| {
            let lines = text
                .lines()
                .map(|line| match line.split_once("connection to server ") {
                    Some((before, rest)) => {
                        let why = rest.split_once(" failed: ").map_or(rest, |(_, why)| why);
                        format!("{before}connection failed: {why}")
                    }
                    None => line.to_owned(),
                });
            lines.collect::<Vec<_>>()
        };
        let (with, without) = (leg(with), leg(without));
        for (line, (with, without)) in with.iter().zip(&without).enumerate() {
            assert_eq!(with, without, "{}: line {}", TESTS[number], line + 1);
        }
        assert_eq!(with.len(), without.len(), "{}", TESTS[number]);
        counted.push(with.len());
    }
    let sessions = home.json(&["ls"]);
    let sessions = sessions.as_array().unwrap();
    assert_eq!(sessions.len(), TESTS.len());
    for (session, least) in sessions.iter().zip([25, 30, 60]) {
        let id = session["id"].as_str().unwrap();
        let shown = home.json(&["show", id]);
        let statements = shown[0]["statements"].as_array().unwrap().len();
        assert!(statements >= least, "{statements}: {}", session["command"]);
        assert_eq!(shown[0]["gaps"], 0, "{}", shown[0]["gaps_by_kind"]);
    }
}
