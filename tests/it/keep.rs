//! What is kept and what goes: rm, prune, pin, tag, note, holds, the limits, and what is said of a
//! vault that is nearly full.

use crate::support::{Home, check, recorded};
use rec::model::{Event, SessionId};
use recorded::{command, end, output, record};
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

fn session(home: &Home, host: &str, started: i64) -> SessionId {
    let events: Vec<Event> = vec![
        output(0, "$ "),
        command(1_000, 1, &format!("uptime of {host}")),
        output(1_100, "up 3 days\r\n"),
        end(1_200, 1, None),
    ];
    record(home, "ssh", host, started, &events)
}

fn fails(output: &Output, code: i32, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "{word} is not in:\n{said}");
    }
}

fn ids(home: &Home) -> Vec<String> {
    let listed = home.json(&["ls"]);
    let each = listed.as_array().unwrap().iter();
    each.map(|session| session["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn rm_forgets_what_is_named_and_asks_first() {
    let home = Home::with_vault();
    let (first, second) = (session(&home, "web-1", 0), session(&home, "web-2", 10));
    let unasked = home.rec(&["rm", "@last"]).output().unwrap();
    fails(&unasked, 2, &["no terminal", "--yes"]);
    let none = home
        .rec(&["rm", "@last", "ffffffff", "--yes"])
        .output()
        .unwrap();
    fails(&none, 1, &["no session is called"]);
    assert_eq!(ids(&home).len(), 2, "all of them or none");

    let mut t = home.terminal(&["rm", "@last"]);
    t.wait_for("forget 1 session for good?");
    assert!(t.transcript().contains("ada@web-2"), "{}", t.transcript());
    t.keys("n");
    assert_eq!(t.wait().code(), Some(2));
    assert_eq!(ids(&home).len(), 2);
    let mut t = home.terminal(&["rm", "@last"]);
    t.wait_for("forget 1 session for good?");
    t.keys("y");
    t.wait_for("forgot 1 session");
    assert!(t.wait().success());
    assert_eq!(ids(&home), [first.hex()]);
    let gone = home.rec(&["show", &second.hex()]).output().unwrap();
    fails(&gone, 1, &["no session is called"]);
    let verified = home.json(&["vault", "verify"]);
    assert_eq!(verified["pruned"], 1);
    assert_eq!(verified["findings"], serde_json::json!([]));
}

#[test]
fn tags_and_notes_are_masked_listed_and_found() {
    let home = Home::with_vault();
    let id = session(&home, "web-1", 0);
    session(&home, "web-2", 10);
    let id = id.hex();
    assert_eq!(
        home.read(&["tag", &id, "incident-42", "Schema"]),
        "Schema\nincident-42\n"
    );
    assert_eq!(
        home.read(&["tag", &id, "--remove", "Schema"]),
        "incident-42\n"
    );
    fails(
        &home.rec(&["tag", &id, "two words"]).output().unwrap(),
        2,
        &["is no tag"],
    );
    let gone = home
        .rec(&["tag", &id, "--remove", "none"])
        .output()
        .unwrap();
    fails(&gone, 1, &["it has no tag none"]);
    home.read(&[
        "note",
        &id,
        "--at",
        "0:01",
        "here it went wrong, token ghp_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3hJ6",
    ]);
    home.read(&["note", &id, "before that"]);
    let notes = home.read(&["note", &id]);
    assert!(!notes.contains("ghp_aB3"), "{notes}");
    let lines: Vec<&str> = notes.lines().collect();
    assert!(
        lines[0].contains("before that") && lines[1].contains("here it went wrong"),
        "{notes}"
    );

    for index in [&[][..], &["--no-index"]] {
        let found = |query: &str| {
            let mut words = vec!["search", query];
            words.extend(index);
            let output = home
                .rec(&[&words[..], &["--json"]].concat())
                .output()
                .unwrap();
            let hits: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            let hits = hits.as_array().unwrap().iter();
            hits.map(|hit| hit["session"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(found("in:note wrong"), [id.as_str()]);
        assert_eq!(found("uptime tag:incident-42"), [id.as_str()]);
        assert_eq!(found("uptime tag:INC*"), [id.as_str()]);
        assert_eq!(found("uptime -tag:incident-42").len(), 1);
        assert!(found("in:note ghp").is_empty());
        let mut listed = vec!["ls", "tag:incident-42"];
        listed.extend(index);
        let listed = home.json(&listed);
        assert_eq!(listed.as_array().unwrap().len(), 1);
        assert_eq!(listed[0]["tags"], serde_json::json!(["incident-42"]));
    }
    assert!(home.read(&["ls"]).contains("#incident-42"));
    assert!(home.read(&["show", &id]).contains("before that"));
    assert!(
        !home
            .read(&["export", &id, "--format", "json"])
            .contains("before that")
    );
    home.read(&["note", &id, "--remove", "1"]);
    assert_eq!(home.json(&["note", &id]).as_array().unwrap().len(), 1);
    check(&home.rec(&["vault", "verify"]).output().unwrap());
}

#[test]
fn limits_are_shown_before_they_are_applied_and_a_pin_stands_above_them() {
    let home = Home::with_vault();
    // All of November 2023: years ago.
    let oldest = session(&home, "web-1", 0);
    let prod = session(&home, "prod-db", 10);
    let newest = session(&home, "web-2", 20);
    check(&home.rec(&["prune"]).output().unwrap());
    assert_eq!(ids(&home).len(), 3, "without limits everything is kept");

    home.configure(
        "[retention]\nmax_age = '1y'\n[[retention.rule]]\ntarget = 'prod*'\nmax_age = '100y'\n",
    );
    home.read(&["pin", &oldest.hex()]);
    let dry = home.json(&["prune", "--dry-run"]);
    assert_eq!(dry.as_array().unwrap().len(), 1);
    assert_eq!(dry[0]["id"], newest.hex());
    assert_eq!(dry[0]["why"], "older than 365 days");
    assert_eq!(
        home.json(&["ls", "pinned:", "--no-index"])[0]["id"],
        oldest.hex()
    );
    home.read(&["unpin", &oldest.hex()]);
    let table = home.read(&["prune", "--dry-run"]);
    assert!(
        table.contains(&oldest.hex()[..4]) && table.contains("2023-11-14"),
        "{table}"
    );
    let done = home.rec(&["prune"]).output().unwrap();
    check(&done);
    assert!(String::from_utf8_lossy(&done.stderr).contains("forgot 2 sessions"));
    assert_eq!(ids(&home), [prod.hex()]);
    check(&home.rec(&["vault", "verify"]).output().unwrap());
}

#[test]
fn limits_of_targets_are_applied_when_the_vault_is_read() {
    let home = Home::with_vault();
    session(&home, "scratch-1", 0);
    let kept = session(&home, "web", 10);
    home.configure("[[retention.rule]]\ntarget = 'scratch*'\nmax_age = '30d'\n");
    assert_eq!(ids(&home), [kept.hex()]);
    let state = std::fs::metadata(home.path().join("state/rec")).unwrap();
    assert_eq!(state.permissions().mode() & 0o777, 0o700);
}

/// Recordings until all of it is done: each gives it a moment, so that nobody waits for their prompt.
const RECORDINGS: usize = 40;

#[test]
fn what_is_due_goes_after_a_recording_and_a_full_vault_is_told_of() {
    let home = Home::with_vault();
    let old = [session(&home, "web-1", 0), session(&home, "web-2", 10)].map(|id| id.hex());
    home.configure("[retention]\nmax_count = 2\nmax_size = '200B'\nmin_age = '1d'\n");
    let (mut told, mut gone) = (false, false);
    for _ in 0..RECORDINGS {
        let mut t = home.terminal(&["sh", "-c", "echo new"]);
        assert!(t.wait().success());
        told |= t.transcript().contains("of the 200 B it may have");
        let left = ids(&home);
        assert!(!left.is_empty(), "the new ones are held");
        gone = left.iter().all(|id| !old.contains(id));
        if told && gone {
            break;
        }
    }
    assert!(told, "nothing is said of the vault's size");
    assert!(gone, "the old ones are beyond the limits");
    let dry = home.rec(&["prune", "--dry-run"]).output().unwrap();
    fails(&dry, 0, &["a hold (retention.min_age) keeps"]);
    let refused = home.rec(&["rm", "@last", "--yes"]).output().unwrap();
    fails(&refused, 2, &["must be kept until", "retention.min_age"]);
    home.configure("[retention]\nmin_age = '0d'\n");
    let refused = home.rec(&["rm", "@last", "--yes"]).output().unwrap();
    fails(&refused, 2, &["must be kept until"]);
    check(&home.rec(&["vault", "verify"]).output().unwrap());
}

#[test]
fn redact_masks_after_the_fact_and_says_what_it_did() {
    let home = Home::with_vault();
    let id = session(&home, "web-1", 0).hex();
    let nowhere = home
        .rec(&["redact", &id, "nothing-like-it", "--yes"])
        .output()
        .unwrap();
    fails(&nowhere, 1, &["it stands nowhere in this session"]);
    fails(
        &home.rec(&["redact", &id, "ab", "--yes"]).output().unwrap(),
        2,
        &["fewer than 3"],
    );
    fails(
        &home.rec(&["redact", &id, "/(/", "--yes"]).output().unwrap(),
        2,
        &["unclosed group"],
    );
    fails(
        &home.rec(&["redact", &id, "web-1"]).output().unwrap(),
        2,
        &["--yes"],
    );
    assert_eq!(home.json(&["search", "web-1"]).as_array().unwrap().len(), 1);
    let done = home
        .rec(&["redact", &id, "web-1", "--yes"])
        .output()
        .unwrap();
    check(&done);
    assert!(String::from_utf8_lossy(&done.stderr).contains("masked 1 text in"));
    for words in [&["search", "web-1"][..], &["search", "web-1", "--no-index"]] {
        assert_eq!(home.rec(words).output().unwrap().status.code(), Some(1));
    }
    for words in [
        &["show", &id, "--output", "all"][..],
        &["ls"],
        &["show", &id, "--json"],
    ] {
        assert!(!home.read(words).contains("web-1"), "{words:?}");
    }
    assert!(
        home.read(&["show", &id, "--output", "all"])
            .contains("up 3 days")
    );
    check(&home.rec(&["vault", "verify"]).output().unwrap());
}
