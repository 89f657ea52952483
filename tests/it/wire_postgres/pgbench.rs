//! pgbench in each of its modes.

use super::{Kind, Served, Story};
use crate::support::check;
use std::io::Write as _;

/// The text of `pgbench -S`.
const SELECT: &str = "SELECT abalance FROM pgbench_accounts WHERE aid = ";

fn initialised() -> Served {
    let served = Served::start();
    let mut pgbench = super::Command::new(super::tool("pgbench", "postgresql"));
    pgbench
        .args([
            "-h",
            served.postgres.socket(),
            "-p",
            &served.postgres.port.to_string(),
        ])
        .args(["-U", "postgres", "-i", "-q", "postgres"]);
    check(&pgbench.output().unwrap());
    served
}

fn run(served: &Served, words: &[&str]) -> Vec<Story> {
    let before = served.sessions().len();
    let mut pgbench = served.client("pgbench", "postgresql");
    check(
        &pgbench
            .args(["-n", "-c", "2", "-t", "50"])
            .args(words)
            .output()
            .unwrap(),
    );
    let sessions = served.sessions();
    let name = words.join("").replace('-', "");
    if name.starts_with("SM") {
        // Two transactions are enough to look at.
        let mut short = sessions.last().unwrap().clone();
        short.said.truncate(12);
        super::fixtures::keep(&format!("pgbench-{name}"), &short);
    }
    sessions[before..].iter().map(Story::of).collect()
}

#[test]
fn every_transaction_of_every_mode_is_a_statement_with_its_parameter_and_row() {
    let served = initialised();
    for mode in ["simple", "extended", "prepared"] {
        let stories = run(&served, &["-S", "-M", mode]);
        let mut selects = 0;
        for told in stories.iter().flat_map(|story| &story.statements) {
            if !told.statement.text.starts_with(SELECT) {
                continue;
            }
            selects += 1;
            match mode {
                "simple" => {
                    assert_eq!(told.statement.kind, Kind::Text);
                    assert!(
                        told.statement.text[SELECT.len()..]
                            .trim_end_matches(';')
                            .parse::<u32>()
                            .is_ok()
                    );
                }
                _ => {
                    assert_eq!(told.statement.kind, Kind::Prepared);
                    assert!(
                        told.statement.text.ends_with("$1;"),
                        "{}",
                        told.statement.text
                    );
                    assert!(told.parameters()[0].unwrap().parse::<u32>().is_ok());
                }
            }
            assert_eq!(told.statement.name.is_empty(), mode != "prepared");
            assert_eq!(
                told.results[0].columns,
                [("abalance".to_owned(), "int4".to_owned())]
            );
            assert_eq!(told.unaligned(), "0\n");
            assert!(told.code().is_none());
        }
        assert_eq!(selects, 100, "{mode}");
    }
}

#[test]
fn updates_and_transactions_are_told_with_what_they_changed() {
    let served = initialised();
    for mode in ["simple", "extended", "prepared"] {
        let stories = run(&served, &["-b", "tpcb-like", "-M", mode]);
        let all: Vec<_> = stories.iter().flat_map(|story| &story.statements).collect();
        for (start, changed) in [
            ("UPDATE", Some(1)),
            ("INSERT", Some(1)),
            ("BEGIN", None),
            ("END", None),
        ] {
            let such: Vec<_> = all
                .iter()
                .filter(|t| t.statement.text.starts_with(start))
                .collect();
            let times = if start == "UPDATE" { 300 } else { 100 };
            assert_eq!(such.len(), times, "{mode} {start}");
            for told in such {
                let complete = told.results[0].complete.as_ref().unwrap();
                assert_eq!(complete.affected, changed, "{told:?}");
            }
        }
    }
}

#[test]
fn pipelines_of_pgbench_are_told_in_order() {
    let served = initialised();
    let mut script = tempfile::NamedTempFile::new().unwrap();
    let text = "\\startpipeline\nselect 1 as one;\nselect :client_id + 10 as two;\nselect 3 as three;\n\\endpipeline\n";
    script.write_all(text.as_bytes()).unwrap();
    for mode in ["extended", "prepared"] {
        let path = script.path().to_str().unwrap();
        let stories = run(&served, &["-f", path, "-M", mode]);
        for (client, story) in stories
            .iter()
            .filter(|s| s.statements.len() > 10)
            .enumerate()
        {
            let rows: Vec<String> = story
                .statements
                .iter()
                .filter(|told| told.statement.kind == Kind::Prepared)
                .map(super::Told::unaligned)
                .collect();
            assert_eq!(rows.len(), 150, "{mode}");
            let two = rows[1].clone();
            assert!(two == "10\n" || two == "11\n", "{client} {two}");
            for each in rows.chunks(3) {
                assert_eq!(each, ["1\n", &two, "3\n"], "{mode}");
            }
        }
    }
}
