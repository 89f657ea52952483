//! What today's rules would mask in old sessions is told by session and rule, and masked when that is
//! wanted; and what the owner configured of masking counts wherever something is stored afterwards.

use crate::support::{Home, check, recorded};
use rec::model::wire::{Exchange, Wire};
use rec::model::{Body, SessionId};
use recorded::{at, command, end, output, record};
use std::process::Output;

const TYPED: &str = "tr0ub4dor-and-3";
const TITLE: &str = "Wq81mZ-titled";
const WIRED: &str = "Kx72pQ-notified";

/// A session as an older rec might have stored it.
fn leaky(home: &Home) -> SessionId {
    let wire = Wire {
        connection: 1,
        what: Exchange::Notification {
            channel: "jobs".into(),
            payload: format!("password={WIRED}"),
        },
    };
    let line = format!("export PGPASSWORD={TYPED}");
    let events = [
        output(
            0,
            &format!("\x1b]0;PGPASSWORD={TITLE} psql\x07$ {line}\r\n"),
        ),
        command(1_000, 1, &line),
        output(1_100, "up 3 days\r\n"),
        end(1_200, 1, None),
        at(1_300, Body::Wire(Box::new(wire))),
    ];
    record(home, "psql", "web-1", 0, &events)
}

fn harmless(home: &Home, started: i64) -> SessionId {
    let events = [
        output(0, "$ uptime\r\n"),
        command(1_000, 1, "uptime"),
        output(1_100, "up 5 days, build C-471182\r\n"),
        end(1_200, 1, None),
    ];
    record(home, "ssh", "web-2", started, &events)
}

fn audit(home: &Home, words: &[&str], code: i32) -> (String, String) {
    let words: Vec<&str> = ["audit"].iter().chain(words).copied().collect();
    let done: Output = home.rec(&words).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, said) = (text(&done.stdout), text(&done.stderr));
    assert_eq!(done.status.code(), Some(code), "{words:?}: {out}{said}");
    for secret in [TYPED, TITLE, WIRED] {
        assert!(
            !out.contains(secret) && !said.contains(secret),
            "a value is told: {out}{said}"
        );
    }
    (out, said)
}

#[test]
fn what_would_be_masked_today_is_told_and_masked() {
    let home = Home::with_vault();
    assert!(
        audit(&home, &[], 1)
            .1
            .contains("nothing that is stored in clear")
    );
    let (leaky, harmless) = (leaky(&home).hex(), harmless(&home, 10).hex());
    let shown = home.read(&["show", &leaky, "--output", "all"]);
    assert!(shown.contains(TYPED), "the sample is in clear: {shown}");

    let (out, said) = audit(&home, &[], 0);
    assert!(
        out.contains(&leaky[..4]) && !out.contains(&harmless[..8]),
        "{out}"
    );
    assert!(
        said.contains("in 1 session would be masked today"),
        "{said}"
    );
    let (out, _) = audit(&home, &["--json"], 0);
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(found[0]["id"], leaky.as_str());
    let rules = found[0]["found"].as_object().unwrap();
    let total: u64 = rules.values().map(|n| n.as_u64().unwrap()).sum();
    assert!(total >= 4, "output, command, title and wire: {rules:?}");
    audit(&home, &["client:ssh"], 1);
    audit(&home, &["--since", "1d"], 1);
    audit(&home, &["--since", "2023-11-01"], 0);
    audit(&home, &["failed:"], 2);
    audit(&home, &["--apply"], 2);

    let (_, said) = audit(&home, &["--apply", "--yes"], 0);
    assert!(
        said.contains("rec: masked") && said.contains("in 1 session"),
        "{said}"
    );
    for secret in [TYPED, TITLE, WIRED] {
        for words in [&["search", secret][..], &["search", secret, "--no-index"]] {
            assert_eq!(
                home.rec(words).output().unwrap().status.code(),
                Some(1),
                "{words:?}"
            );
        }
        let shown = home.read(&["show", &leaky, "--output", "all"]);
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(
        home.read(&["show", &leaky, "--output", "all"])
            .contains("up 3 days")
    );
    audit(&home, &[], 1);
    check(&home.rec(&["vault", "verify"]).output().unwrap());
}

#[test]
fn the_owners_rules_count_afterwards_too() {
    let home = Home::with_vault();
    let id = harmless(&home, 0).hex();
    audit(&home, &[], 1);
    home.configure(
        "[[mask.rule]]\nid = \"customer\"\ndescription = \"our customers\"\nkeywords = [\"C-4\"]\nregex = 'C-[0-9]{6}'\n",
    );
    let (out, _) = audit(&home, &["--json"], 0);
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(found[0]["found"]["customer"], 1, "{out}");

    check(
        &home
            .rec(&["note", &id, "it was C-471199"])
            .output()
            .unwrap(),
    );
    check(&home.rec(&["tag", &id, "C-471200"]).output().unwrap());
    let said = home.read(&["note", &id]) + &home.read(&["tag", &id]);
    assert!(!said.contains("4711") && !said.contains("4712"), "{said}");

    // A redaction of something else masks again by the owner's rules too.
    check(
        &home
            .rec(&["redact", &id, "uptime", "--yes"])
            .output()
            .unwrap(),
    );
    let shown = home.read(&["show", &id, "--output", "all"]);
    assert!(
        !shown.contains("471182") && shown.contains("up 5 days"),
        "{shown}"
    );
    audit(&home, &[], 1);
    check(&home.rec(&["vault", "verify"]).output().unwrap());

    home.configure("[mask]\nnonsense = 1\n");
    for words in [
        &["note", &id, "x y"][..],
        &["redact", &id, "days", "--yes"],
        &["audit"],
    ] {
        let refused = home.rec(words).output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(
            !refused.status.success() && said.contains("nonsense"),
            "{words:?}: {said}"
        );
    }
}
