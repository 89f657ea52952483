//! What recordings say of their owner's work, and how two of them differ, in words and as JSON.

use crate::support::{Home, check, recorded};
use rec::model::{Body, Event, Exit};
use recorded::{at, command, end, output, record};

/// A session of psql in which each command takes so many milliseconds.
fn session(commands: &[(&str, u64, &str, &str)]) -> Vec<Event> {
    let mut events = vec![output(0, "app=> ")];
    let mut ms = 1_000;
    for (number, (text, took, printed, outcome)) in (1..).zip(commands) {
        events.push(output(ms - 10, &format!("{text}\r\n")));
        events.push(command(ms, number, text));
        events.push(output(ms + took, &printed.replace('\n', "\r\n")));
        ms += took;
        events.push(end(ms, number, Some(outcome)));
        events.push(output(ms, "app=> "));
        ms += 1_000;
    }
    let exit = Exit {
        code: 0,
        signal: None,
    };
    events.push(at(ms, Body::Exit(exit)));
    events
}

fn home() -> (Home, String, String) {
    let home = Home::with_vault();
    let before = session(&[
        (
            "select id, v from t where k = 1;",
            40,
            " id | v \n----+---\n  1 | a\n  2 | b\n(2 rows)\n",
            "2 rows",
        ),
        (
            "update t set w = 1;",
            5,
            "ERROR:  column \"w\" does not exist\n",
            "ERROR:  column \"w\" does not exist",
        ),
        ("update t set v = 1;", 9, "UPDATE 2\n", "UPDATE 2"),
    ]);
    let after = session(&[
        (
            "select id, v from t where k = 2;",
            80,
            " id | v \n----+---\n  1 | a\n  2 | x\n(2 rows)\n",
            "2 rows",
        ),
        (
            "select count(*) from t;",
            3,
            " count \n-------\n     2\n(1 row)\n",
            "1 row",
        ),
    ]);
    let older = record(&home, "psql", "prod-db", 0, &before);
    let newer = record(&home, "psql", "prod-db", 3_600, &after);
    (home, older.hex(), newer.hex())
}

#[test]
fn stats_state_their_period_and_say_what_scripts_read_too() {
    let (home, older, newer) = home();
    let text = home.read(&["stats"]);
    let first = text.lines().next().unwrap();
    assert_eq!(
        first,
        "14 Nov 2023 22:13 to 14 Nov 2023 23:13: 2 sessions, 5 commands, 1 failed, 3s at work"
    );
    for title in [
        "MOST USED",
        "SLOWEST",
        "MOST FAILING",
        "AFTER A FAILURE",
        "WHOLE TABLES",
        "WHERE",
        "WHEN",
    ] {
        assert!(text.contains(title), "{title}: {text}");
    }
    let place = format!("{}:2", &older[..4]);
    assert!(text.contains(&place), "{place}: {text}");

    let stats = home.json(&["stats"]);
    assert_eq!(stats["commands"], 5);
    let top = &stats["most_used"][0];
    assert_eq!(top["fingerprint"], "select id, v from t where k = ?");
    assert_eq!(
        (&top["runs"], &top["p50_ms"], &top["p95_ms"]),
        (&2.into(), &40.0.into(), &80.0.into())
    );
    assert_eq!(top["occurrences"][0]["session"], newer.as_str());
    assert_eq!(
        stats["failing"][0]["error"],
        "ERROR:  column \"w\" does not exist"
    );
    assert_eq!(stats["after_failure"][0]["next"], "update t set v = ?");
    assert_eq!(stats["retries"][0]["worked"], true);
    let reaches: Vec<_> = stats["whole_tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| w["reach"].clone())
        .collect();
    assert_eq!(reaches, ["changes_all", "changes_all"]);
    assert_eq!(stats["targets"][0]["target"], "psql app@prod-db");
    assert_eq!(stats, home.json(&["stats", "--no-index"]));

    assert_eq!(home.json(&["stats", "failed:"])["commands"], 1);
    let none = home.rec(&["stats", "client:mysql"]).output().unwrap();
    assert_eq!(none.status.code(), Some(1));
    assert!(none.stdout.is_empty());
}

#[test]
fn two_sessions_and_two_runs_are_compared() {
    let (home, older, newer) = home();
    let sessions = home.rec(&["diff", &older, &newer]).output().unwrap();
    assert_eq!(sessions.status.code(), Some(1));
    let text = String::from_utf8(sessions.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[1].starts_with("~  40.0 ms  80.0 ms  +100 %  select id, v"),
        "{text}"
    );
    assert!(
        lines[2].starts_with("-") && lines[2].contains("update t set w"),
        "{text}"
    );
    assert!(
        lines[4].starts_with("+") && lines[4].contains("count(*)"),
        "{text}"
    );
    let same = home
        .rec(&["diff", &older, &older, "--json"])
        .output()
        .unwrap();
    let same: serde_json::Value = serde_json::from_str(&check(&same)).unwrap();
    assert!(
        same.as_array()
            .unwrap()
            .iter()
            .all(|line| line["differs"] == false)
    );

    let one = format!("{older}:1");
    let other = format!("{newer}:1");
    let runs = home.rec(&["diff", &one, &other]).output().unwrap();
    let text = String::from_utf8(runs.stdout).unwrap();
    let rows: Vec<&str> = text.lines().skip(3).collect();
    assert_eq!(
        rows,
        ["   id  v", "=  1   a", "-  2   b", "+  2   x"],
        "{text}"
    );
    // One alone is compared with the run before it, which it finds by itself.
    let alone = home.rec(&["diff", &other]).output().unwrap();
    assert_eq!(alone.status.code(), Some(1));
    assert_eq!(String::from_utf8(alone.stdout).unwrap(), text);
    assert!(
        text.lines().nth(1).unwrap().contains(", +100 %, "),
        "{text}"
    );
    let alone = home.rec(&["diff", &other, "--json"]).output().unwrap();
    let alone: serde_json::Value = serde_json::from_slice(&alone.stdout).unwrap();
    assert_eq!(alone["first"]["session"], older, "{alone}");
    assert_eq!(alone["slower_percent"], 100, "{alone}");
    for (args, status, said) in [
        (
            &[&*one][..],
            1,
            "no earlier run of that statement is recorded",
        ),
        (&[&*one, &*newer], 2, "a session is compared with a session"),
        (
            &[&format!("{older}:9"), &other],
            1,
            "there is no command 9: it has 3 commands",
        ),
        (&[&*newer], 2, "a session is compared with another one"),
        (
            &[&format!("{older}:x"), &other],
            2,
            "no number of a command",
        ),
    ] {
        let args: Vec<&str> = std::iter::once("diff")
            .chain(args.iter().copied())
            .collect();
        let wrong = home.rec(&args).output().unwrap();
        let stderr = String::from_utf8_lossy(&wrong.stderr).into_owned();
        assert_eq!(wrong.status.code(), Some(status), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
}
