//! What was recorded is listed, shown, found and exported, as scripts and people rely on.

use crate::support::{Home, Terminal, check, recorded};
use rec::model::{Body, Event, Exit, Gap, GapKind, SessionId};
use recorded::{at, command, end, output, record};
use serde_json::{Value, json};
use std::process::Output;

fn psql() -> Vec<Event> {
    vec![
        output(0, "psql (15.18)\r\n\r\n"),
        output(100, "app=> "),
        output(
            7_990,
            "select count(*)\r\napp-> from orders where status = 'stuck';\r\n",
        ),
        command(
            8_000,
            1,
            "select count(*)\nfrom orders where status = 'stuck';",
        ),
        output(8_030, " count \r\n-------\r\n    17\r\n(1 row)\r\n\r\n"),
        end(8_041, 1, Some("1 row")),
        output(8_041, "app=> "),
        output(29_000, "update orders set statsu = 1;\r\n"),
        command(29_000, 2, "update orders set statsu = 1;"),
        output(
            29_001,
            "\x1b[31mERROR:\x1b[0m  column \"statsu\" does not exist\u{202e}\r\n",
        ),
        at(
            29_001,
            Body::Masked {
                rule: "email".into(),
                count: 2,
            },
        ),
        end(31_300, 2, Some("ERROR 42703")),
        at(
            32_000,
            Body::Marker {
                label: "look here".into(),
            },
        ),
        at(
            33_000,
            Body::Gap(Gap {
                kind: GapKind::Dropped,
                bytes: 12,
                detail: "the disk was slow".into(),
            }),
        ),
        output(33_500, "app=> \\q\r\n"),
        at(
            34_000,
            Body::Exit(Exit {
                code: 3,
                signal: None,
            }),
        ),
    ]
}

fn ssh() -> Vec<Event> {
    vec![
        output(0, "Last login: today\r\n$ "),
        output(500, "uptime\r\n"),
        command(500, 1, "uptime"),
        output(600, "\u{1f980} up 3 days, stuck at 0.1\r\n"),
        end(700, 1, Some("exit 0")),
        at(
            800,
            Body::Exit(Exit {
                code: 0,
                signal: None,
            }),
        ),
    ]
}

/// A home with two sessions, the newer one over ssh.
fn home() -> (Home, SessionId, SessionId) {
    let home = Home::with_vault();
    let older = record(&home, "psql", "prod-db", 0, &psql());
    let newer = record(&home, "ssh", "web-03", 100, &ssh());
    (home, older, newer)
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn run(home: &Home, args: &[&str]) -> Output {
    home.rec(args).output().unwrap()
}

#[test]
fn ls_lists_newest_first_with_the_shape_that_scripts_rely_on() {
    let (home, older, newer) = home();
    let list = home.json(&["ls"]);
    let ids: Vec<&str> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [newer.hex(), older.hex()]);
    let session = &list[1];
    let expected = json!({
        "id": older.hex(),
        "client": "psql",
        "target": "app@prod-db",
        "started": "2023-11-14T22:13:20.000Z",
        "duration_ms": 34_000,
        "status": "closed",
        "exit": 3,
        "commands": 2,
        "masked": 2,
        "gaps": 1,
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&session[key], value, "{key}");
    }
    let text = home.read(&["ls"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("ID"), "{text}");
    assert!(lines[1].starts_with(&newer.hex()[..4]) && lines[1].contains("ada@web-03"));
    assert!(
        lines[2].contains("app@prod-db") && lines[2].contains("1 failed, exit 3, 2 masked, 1 gap")
    );
    assert_eq!(
        home.read(&["ls", "--no-index", "--json"]),
        home.read(&["ls", "--json"])
    );
}

#[test]
fn ls_takes_filters_and_says_when_nothing_is_left() {
    let (home, older, newer) = home();
    let table: &[(&[&str], &[SessionId])] = &[
        (&["client:psql"], &[older]),
        (&["-client:psql"], &[newer]),
        (&["host:web*"], &[newer]),
        (&["failed:"], &[older]),
        (&["-failed:"], &[newer, older]),
        (&["stuck"], &[newer, older]),
        (&["slow:>1s"], &[older]),
        (&["masked:email"], &[older]),
        (&["since:2023-11-14T22:14:30Z"], &[newer]),
        (&["target:app@prod*"], &[older]),
        (&["--limit", "1"], &[newer]),
        (&["-n", "1"], &[newer]),
        (&["-n1"], &[newer]),
    ];
    for (words, expected) in table {
        for index in [&[][..], &["--no-index"][..]] {
            let args = [&["ls"], *words, index].concat();
            let list = home.json(&args);
            let ids: Vec<Value> = list
                .as_array()
                .unwrap()
                .iter()
                .map(|s| s["id"].clone())
                .collect();
            let expected: Vec<Value> = expected.iter().map(|id| json!(id.hex())).collect();
            assert_eq!(ids, expected, "{args:?}");
        }
    }
    let none = run(&home, &["ls", "client:mysql", "--json"]);
    assert_eq!(
        (status(&none), none.stdout.as_slice()),
        (1, b"[]\n".as_slice())
    );
    let wrong = run(&home, &["ls", "clinet:psql"]);
    assert_eq!(status(&wrong), 2);
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert!(
        said.contains("clinet:psql\n^") && said.contains("did you mean client:?"),
        "{said}"
    );
    let wrong = run(&home, &["search", "orders", "is:failed"]);
    assert_eq!(status(&wrong), 2);
    let said = String::from_utf8(wrong.stderr).unwrap();
    for told in [
        "is:failed\n       ^",
        "there is no filter is:",
        "did you mean failed:?",
        "sqlstate: rows:",
    ] {
        assert!(said.contains(told), "{told:?} is missing in {said}");
    }
    // In quotes it is text, which nothing here holds.
    assert_eq!(status(&run(&home, &["search", "\"is:failed\""])), 1);
}

#[test]
fn show_gives_commands_outcomes_and_what_was_not_seen() {
    let (home, older, _) = home();
    let id = older.hex();
    let show = home.json(&["show", &id[..5], "--output", "all"]);
    assert_eq!(show.as_array().unwrap().len(), 1);
    let commands = show[0]["commands"].as_array().unwrap();
    assert_eq!(commands.len(), 2);
    assert_eq!(
        commands[0]["text"],
        "select count(*)\nfrom orders where status = 'stuck';"
    );
    assert_eq!(commands[0]["at_ms"], 8_000);
    assert_eq!(commands[0]["duration_ms"], 41);
    assert_eq!(commands[0]["outcome"], "1 row");
    assert_eq!(commands[0]["output"], " count\n-------\n    17\n(1 row)");
    assert_eq!(
        commands[1]["output"],
        "ERROR:  column \"statsu\" does not exist\u{202e}"
    );
    let plain = home.json(&["show", "@2"]);
    assert!(plain[0]["commands"][0].get("output").is_none());

    let page = home.read(&["show", "@2"]);
    assert!(page.contains("psql app@prod-db"), "{page}");
    assert!(page.contains("exit 3"), "{page}");
    assert!(
        page.contains(" 1  0:08  41.0 ms  select count(*)⏎from orders"),
        "{page}"
    );
    assert!(page.contains("ERROR 42703"), "{page}");
    assert!(page.contains("⚑  0:32  look here"), "{page}");
    assert!(
        page.contains("Not seen: dropped 1 (at 0:33; 12 bytes; the disk was slow)."),
        "{page}"
    );
    assert!(page.contains("Masked: 2 (email 2)"), "{page}");

    assert_eq!(
        home.read(&["show", &id, "--output", "1"]),
        " count\n-------\n    17\n(1 row)\n"
    );
    let text = home.read(&["show", &id, "--text"]);
    assert!(
        text.starts_with("psql (15.18)\n\napp=> select count(*)\napp-> from orders"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn sessions_that_are_not_there_and_wrong_words_have_their_status() {
    let (home, older, _) = home();
    let id = older.hex();
    let table: &[(&[&str], i32, &str)] = &[
        (&["show", "zzzz"], 1, "rec ls lists them"),
        (&["show", "@9"], 1, "rec ls lists them"),
        (&["show", ""], 1, ""),
        (
            &["show", &id, "--output", "7"],
            1,
            "no command 7, only 2 commands",
        ),
        (
            &["show", &id, "--output", "x"],
            2,
            "a command's number, or all",
        ),
        (&["show", &id, "--text", "--json"], 2, ""),
        (&["search"], 2, ""),
        (&["search", "  "], 2, "nothing to look for"),
        (&["search", "(a"], 2, "never closed"),
        (
            &["search", "nowhere"],
            1,
            "nothing found; nowhere* would find words",
        ),
        (&["search", "host:nowhere"], 1, "nothing found\n"),
        (&["export", "zzzz"], 1, "rec ls lists them"),
        (
            &["export", &id, "--command", "9"],
            1,
            "there is no command 9: it has 2 commands",
        ),
        (&["export", &id, "--command", "2..1"], 2, ""),
        (
            &["export", &id, "--from", "9:00", "--to", "1:00"],
            2,
            "--to is before --from",
        ),
        (
            &["export", &id, "--from", "9:00"],
            1,
            "nothing happened in that time",
        ),
        (&["export", &id, "--format", "gif"], 2, ""),
    ];
    for (args, expected, text) in table {
        let output = run(&home, args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(status(&output), *expected, "{args:?}: {said}");
        assert!(said.contains(text), "{args:?}: {said}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
    let empty = Home::new();
    let output = run(&empty, &["ls"]);
    assert_eq!(status(&output), 2);
    assert!(String::from_utf8_lossy(&output.stderr).contains("rec init"));
}

#[test]
fn search_finds_the_same_with_and_without_the_index() {
    let (home, older, newer) = home();
    let hits = home.json(&["search", "stuck"]);
    let hits = hits.as_array().unwrap();
    assert_eq!(hits.len(), 2);
    assert_eq!(hits[0]["session"], newer.hex());
    assert_eq!(hits[0]["command"], "uptime");
    assert_eq!(hits[0]["at_ms"], 500);
    assert!(
        hits[0]["snippet"]
            .as_str()
            .unwrap()
            .contains("up 3 days, stuck at 0.1")
    );
    assert_eq!(hits[1]["session"], older.hex());
    assert_eq!(hits[1]["at_ms"], 8_000);
    let queries: &[&[&str]] = &[
        &["stuck"],
        &["stuck", "orders"],
        &["stuck", "-orders"],
        &["/s.uck/"],
        &["failed:"],
        &["in:command", "uptime"],
        &["in:note", "look"],
        &["\"does not\"", "client:psql"],
        &["colu*", "slow:>2s"],
    ];
    for words in queries {
        let with = home.read(&[&["search", "--json"], *words].concat());
        let without = home.read(&[&["search", "--json", "--no-index"], *words].concat());
        assert_eq!(with, without, "{words:?}");
    }
    let limited = home.json(&["search", "stuck", "--limit", "1"]);
    assert_eq!(limited.as_array().unwrap().len(), 1);

    let output = run(&home, &["search", "stuck"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("app@prod-db") && text.contains("where status = 'stuck'"),
        "{text}"
    );
    assert!(text.contains("up 3 days, stuck at 0.1"), "{text}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("2 moments in 2 sessions."), "{said}");
    assert!(
        said.contains(&format!("rec play {} --at 0:00", &newer.hex()[..4])),
        "{said}"
    );
}

/// What was typed and what is short fits better than what scrolled by; only so many of the newest are
/// looked at.
#[test]
fn the_best_come_first_of_a_bounded_number_of_the_newest() {
    let home = Home::with_vault();
    let long = format!("orders {}\r\n", "and much else ".repeat(300));
    let told = |host: &str, started: i64, typed: &str, printed: &str| {
        let events = [
            output(0, "app=> "),
            command(1_000, 1, typed),
            output(1_100, printed),
            end(1_200, 1, None),
        ];
        record(&home, "psql", host, started, &events).hex()
    };
    let typed = told("a", 0, "delete from orders where id = 7", "DELETE 1\r\n");
    let printed = told("b", 100, "\\dt", "orders\r\n");
    let by_the_way = told("c", 200, "select * from log", &long);
    let found = |words: &[&str]| {
        let hits = home.json(&[&["search"], words, &["orders"]].concat());
        let hits = hits.as_array().unwrap().iter();
        let of = |hit: &Value| hit["session"].as_str().unwrap().to_owned();
        hits.map(of).collect::<Vec<_>>()
    };
    for index in [&[][..], &["--no-index"]] {
        let best = found(&[index, &["--best"]].concat());
        assert_eq!(found(index), [&*by_the_way, &printed, &typed]);
        assert_eq!(best, [&*typed, &printed, &by_the_way]);
        let one = found(&[index, &["--best", "--limit", "1"]].concat());
        assert_eq!(one, [&*typed]);
    }

    // Two hundred newer ones, none of which fits as well.
    let events: Vec<Event> = (1..=200_u32)
        .flat_map(|n| {
            let ms = u64::from(n) * 1_000;
            [
                command(ms, n, "\\dt"),
                output(ms + 100, "orders\r\n"),
                end(ms + 200, n, None),
            ]
        })
        .collect();
    let newer = record(&home, "psql", "d", 300, &events).hex();
    for index in [&[][..], &["--no-index"]] {
        assert_eq!(found(index).len(), 203);
        let best = found(&[index, &["--best"]].concat());
        assert_eq!(best.len(), 200);
        assert!(best.iter().all(|session| *session == newer));
    }
}

#[test]
fn an_export_is_masked_again_cut_and_encoded() {
    let (home, older, _) = home();
    let id = older.hex();
    let output = run(&home, &["export", &id, "--command", "2"]);
    let cast = check(&output);
    let mut lines = cast
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let header = lines.next().unwrap();
    assert_eq!(
        (&header["version"], &header["width"]),
        (&json!(2), &json!(80))
    );
    let shown: String = lines
        .filter(|e| e[1] == "o")
        .map(|e| e[2].as_str().unwrap().to_owned())
        .collect();
    assert!(shown.starts_with("app=> update orders"), "{shown:?}");
    assert!(!shown.contains("count"), "{shown:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        said,
        "rec: masked 2 values (email 2); nothing doubtful left\n"
    );

    let file = home.path().join("out.txt");
    let file = file.to_str().unwrap();
    check(&run(
        &home,
        &["export", &id, "--format", "text", "-o", file],
    ));
    let first = std::fs::read_to_string(file).unwrap();
    assert!(first.contains("select count(*)") && !first.contains('\u{1b}'));
    let again = run(&home, &["export", &id, "--format", "text", "-o", file]);
    assert_eq!(status(&again), 2);
    assert!(String::from_utf8_lossy(&again.stderr).contains("--force"));
    check(&run(
        &home,
        &["export", &id, "--format", "json", "-o", file, "--force"],
    ));
    let lines = std::fs::read_to_string(file).unwrap();
    let kinds: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["type"].clone())
        .collect();
    assert_eq!(
        kinds,
        [
            "session", "text", "command", "command", "marker", "gap", "text", "exit"
        ]
    );
    let left: Vec<_> = std::fs::read_dir(home.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().contains(".rec-")),
        "{left:?}"
    );
}

#[test]
fn what_reaches_a_terminal_is_safe_and_a_cast_is_not_written_to_one() {
    let (home, older, _) = home();
    let id = older.hex();
    for args in [
        vec!["show", &id, "--output", "2"],
        vec!["show", &id, "--text"],
        vec!["search", "statsu"],
    ] {
        let mut terminal = home.terminal(&args);
        terminal.wait();
        let screen = terminal.screen();
        assert!(screen.contains("statsu"), "{args:?}: {screen}");
        assert!(!screen.contains('\u{202e}'), "{args:?}: {screen}");
    }
    let mut terminal = home.terminal(&["export", &id]);
    assert_eq!(terminal.wait().code(), Some(2));
    assert!(
        terminal.screen().contains("--force"),
        "{}",
        terminal.screen()
    );
}

#[test]
fn nothing_stands_in_clear_after_reading() {
    let (home, _, _) = home();
    home.read(&["search", "stuck"]);
    home.read(&["ls"]);
    for entry in std::fs::read_dir(home.vault()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            for word in [
                "stuck",
                "orders",
                "statsu",
                "prod-db",
                "uptime",
                "look here",
            ] {
                let found = bytes.windows(word.len()).any(|w| w == word.as_bytes());
                assert!(!found, "{word} stands in {}", path.display());
            }
        }
    }
}

#[test]
fn help_on_a_narrow_terminal_goes_on_under_what_it_explains() {
    let home = Home::new();
    let mut t = Terminal::open(&home.rec(&["search", "--help"]), 80, 60);
    assert!(t.wait().success());
    let screen = t.screen();
    assert!(
        screen.contains("command, its output, its outcome or a\n                         marker\n"),
        "{screen}"
    );
}
