//! The index against the scan, over real vaults with made-up sessions.

mod halt;
mod late;
mod trouble;
mod wired;

use super::*;
use crate::config::Paths;
use crate::model::wire::{self, Exchange, Statement};
use crate::model::{
    Body, Command, Event, Exit, Gap, GapKind, Meta, Micros, SessionId, Stamp, Status, Summary,
    Target,
};
use crate::query::{Now, Query};
use crate::timeline::{PART_MAX, Timeline};
use crate::vault::tests::{file_vault, masked, meta, unlocked};
use crate::vault::{Recording, Vault, new_session_id};
use std::fs;
use wired::wired;

const START: i64 = 1_700_000_000_000_000;

fn now() -> Now {
    Now {
        stamp: Stamp(START + 86_400_000_000),
        zone: jiff::tz::TimeZone::UTC,
    }
}

/// One made-up command: text, output, outcome, milliseconds.
type Made<'a> = (&'a str, &'a str, Option<&'a str>, u64);

fn events(commands: &[Made<'_>]) -> Vec<Event> {
    let mut events = Vec::new();
    let mut at = 0;
    let mut push = |ms: u64, body| {
        at += ms;
        events.push(Event {
            at: Micros(at * 1000),
            body,
        });
    };
    push(0, Body::Output(b"Welcome aboard\r\n".to_vec()));
    for (number, (text, output, outcome, took)) in (1..).zip(commands) {
        push(500, Body::Output(format!("$ {text}\r\n").into_bytes()));
        push(
            0,
            Body::Command(Command {
                number,
                text: (*text).to_owned(),
                prompt: "$ ".into(),
                prompt_at: Micros(0),
            }),
        );
        push(1, Body::Output(output.replace('\n', "\r\n").into_bytes()));
        if text.contains("mark") {
            let label = format!("about {text}");
            push(0, Body::Marker { label });
        }
        if text.contains("token") {
            let rule = "github-token".to_owned();
            push(0, Body::Masked { rule, count: 1 });
        }
        let outcome = outcome.map(str::to_owned);
        push(*took, Body::CommandEnd { number, outcome });
    }
    events
}

struct Kind {
    client: &'static str,
    host: Option<&'static str>,
    database: Option<&'static str>,
    started: i64,
    closed: bool,
}

fn kind(client: &'static str, host: &'static str, started: i64) -> Kind {
    Kind {
        client,
        host: Some(host),
        database: (client == "psql").then_some("app"),
        started,
        closed: true,
    }
}

fn record(paths: &Paths, kind: &Kind, events: &[Event]) -> SessionId {
    let id = new_session_id().unwrap();
    let meta = Meta {
        client: kind.client.into(),
        command: format!("{} -h {}", kind.client, kind.host.unwrap_or("local")),
        target: Target {
            host: kind.host.map(str::to_owned),
            database: kind.database.map(str::to_owned),
            user: Some("ada".into()),
            port: None,
        },
        started: Stamp(START + kind.started * 1_000_000),
        ..meta(id)
    };
    let summary = Timeline::outline(&meta, events).summary();
    let mut recording = Recording::open(Vault::open(paths).unwrap(), &masked(meta)).unwrap();
    for event in events {
        recording.append(&masked(event.clone())).unwrap();
    }
    if kind.closed {
        let exit = Some(Exit {
            code: 0,
            signal: None,
        });
        let summary = Summary { exit, ..summary };
        recording.close(&masked(summary)).unwrap();
    } else {
        // As after a kill: what was committed stays, nothing is closed.
        recording.tick(recording.deadline().unwrap_or_else(std::time::Instant::now));
        drop(recording);
        let vault = Vault::open(paths).unwrap();
        while vault
            .rows()
            .unwrap()
            .iter()
            .all(|row| row.id != id || row.status == Status::Recording)
        {
            std::thread::yield_now();
        }
    }
    id
}

fn library(paths: &Paths) -> Library {
    let library = Library::open(unlocked(paths), &mut |_| {});
    assert!(library.index.is_some(), "the index opens");
    library
}

fn search(library: &Library, text: &str, limit: usize) -> Vec<String> {
    let query = Query::parse(text, &now()).unwrap();
    let mut lines = Vec::new();
    let search = Search {
        query: &query,
        limit,
        with_text: true,
    };
    library
        .search(&search, &mut |hit| {
            let output: String = hit.output.chars().take(80).collect();
            let id = hit.session.id().hex();
            lines.push(format!(
                "{} {:?}.{} {} {:?} {:?} {:?} {:?} {:?} {:?} {output}",
                &id[..6],
                hit.of,
                hit.part,
                hit.at.0,
                hit.number,
                hit.command,
                hit.outcome,
                hit.errors,
                hit.took,
                hit.failed
            ));
            true
        })
        .unwrap();
    lines
}

fn several(paths: &Paths) {
    let psql = [
        (
            "\\d orders",
            "Table \"public.orders\"\n id | integer\n",
            None,
            4,
        ),
        (
            "select count(*) from orders where status = 'stuck'",
            " count\n-------\n    17\n(1 row)\n",
            Some("1 row"),
            41,
        ),
        ("select 1 mark", "1\n", Some("1 row"), 2300),
        (
            "update orders set statsu = 'new'",
            "ERROR:  column \"statsu\" does not exist\n",
            Some("ERROR 42703"),
            1,
        ),
    ];
    let ssh = [
        (
            "ls -la /var/log",
            "total 0\nsyslog stuck.log\n",
            Some("0"),
            12,
        ),
        ("export token=********", "", Some("0"), 1),
        (
            "grep -c 'Ünïcode' naïve",
            "3 matches\nin ÜNÏCODE text -> ok\n",
            Some("1"),
            90,
        ),
        ("vim notes", "", None, 60_000),
    ];
    record(
        paths,
        &kind("psql", "prod-db.example.com", 0),
        &events(&psql),
    );
    record(paths, &kind("ssh", "web-03", 100), &events(&ssh));
    record(paths, &kind("psql", "staging", 200), &events(&psql[1..3]));
    record(
        paths,
        &Kind {
            host: None,
            ..kind("mysql", "", 300)
        },
        &events(&psql[..1]),
    );
    record(paths, &kind("psql", "wired", 350), &wired());
    let open = Kind {
        closed: false,
        ..kind("ssh", "web-04", 400)
    };
    record(paths, &open, &events(&ssh[..2]));
}

const QUERIES: &[&str] = &[
    "db:reports",
    "db:reports select",
    "db:archive",
    "db:app baskets",
    "-db:app client:psql",
    "-db:app select client:psql",
    "db:rep* OR failed:",
    "db:*",
    "user:keeper",
    "user:ro db:reports",
    "user:ada",
    "-user:ada",
    "table:baskets",
    "table:shop.baskets",
    "table:shop.*",
    "table:orders",
    "-table:orders client:psql",
    "table:pg_settings",
    "sqlstate:23505",
    "sqlstate:42703",
    "sqlstate:2*",
    "rows:>1000",
    "rows:<2",
    "-rows:>1 kind:statement",
    "kind:statement",
    "kind:command stuck",
    "kind:output",
    "kind:note",
    "kind:note OR failed:",
    "in:error duplicate",
    "in:error \"already exists\"",
    "in:error \"line error\"",
    "failed: constraint",
    "set_config",
    "tag:none OR pinned: OR stuck",
    "",
    "stuck",
    "stuck orders",
    "\"stuck orders\"",
    "STATUS stuck",
    "stat*",
    "stuck OR matches",
    "-stuck",
    "orders -stuck",
    "-(orders OR ls)",
    "in:command stuck",
    "in:output stuck",
    "in:command /from orders/",
    "in:command /(?i)STATUS = 'stuck'/ OR about",
    "in:command -/select/",
    "in:command -/sel.*count/ client:psql",
    "in:command /^ls -la/ failed:no",
    "in:command /o/",
    "in:command =",
    "in:command *",
    "in:error /^ERROR/",
    "in:error /dupl.*key/",
    "in:note /about/",
    "in:command|note /mark$/",
    "stuck in:command /sel/",
    "(stuck OR matches) -orders",
    "(stuck OR matches) client:ssh -(orders OR welcome)",
    "in:error 42703",
    "in:note about",
    "about",
    "welcome",
    "ünïcode",
    "naïve",
    "uni*",
    "/stuck\\.log/",
    "/^total/",
    "-/17/",
    "-> ok",
    "client:psql stuck",
    "client:PSQL",
    "client:my*",
    "host:web",
    "host:web-0? ls",
    "-host:web orders",
    "target:app@prod*",
    "db:app 17",
    "user:ada vim",
    "failed:",
    "-failed: select",
    "failed: OR slow:>1s",
    "slow:>1s",
    "slow:<41ms client:psql",
    "masked:",
    "masked:github",
    "masked:git*",
    "-masked: client:ssh",
    "status:closed ls",
    "status:interrupted ls",
    "-status:closed",
    "since:2023-11-14T22:15:00 stuck",
    "until:2023-11-14T22:15:00",
    "since:2023-11-14T22:13:21 until:2023-11-14T22:13:22",
    "nothingatall",
    "(client:ssh stuck) OR (client:psql 17)",
    "(\"1 row\" -17) OR about OR /vim/",
    "id:f -id:f",
];

#[test]
fn index_and_scan_find_the_same_in_the_same_order() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    several(&paths);
    let with = library(&paths);
    let without = Library::without_index(unlocked(&paths));
    for text in QUERIES {
        let found = search(&with, text, usize::MAX);
        assert_eq!(found, search(&without, text, usize::MAX), "{text:?}");
        let expect_none = matches!(
            *text,
            "nothingatall" | "id:f -id:f" | "in:error \"line error\"" | "\"stuck orders\""
        );
        assert_eq!(found.is_empty(), expect_none || *text == "uni*", "{text:?}");
        for limit in 1..=found.len().min(4) {
            assert_eq!(
                search(&with, text, limit),
                found[..limit],
                "{text:?} limit {limit}"
            );
        }
    }
    for text in QUERIES {
        let query = Query::parse(text, &now()).unwrap();
        let ids = |listed: Vec<Listed>| listed.iter().map(Listed::id).collect::<Vec<_>>();
        for limit in [2, usize::MAX] {
            let found = ids(with.matching(&query, limit).unwrap());
            assert_eq!(
                found,
                ids(without.matching(&query, limit).unwrap()),
                "{text:?}"
            );
        }
        let set = |library: &Library| library.ids_matching(&query, usize::MAX).unwrap();
        assert_eq!(set(&with), set(&without), "{text:?}");
    }
    assert_eq!(with.sessions().unwrap(), {
        let mut plain = without.sessions().unwrap();
        for listed in &mut plain {
            // Only the index counts failures.
            let same = with.sessions().unwrap();
            listed.failed = same.iter().find(|s| s.id() == listed.id()).unwrap().failed;
        }
        plain
    });
}

#[test]
fn words_are_found_in_scripts_that_put_nothing_between_them() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let commands: [Made<'_>; 2] = [
        ("echo 日本語テスト", "서버에서 v2日本\n", None, 1),
        ("echo 日語", "ไม่พบไฟล์\n", None, 1),
    ];
    record(&paths, &kind("bash", "db", 1), &events(&commands));
    let with = library(&paths);
    let without = Library::without_index(unlocked(&paths));
    for (text, found) in [
        ("日本", 1),
        ("テスト", 1),
        ("本語", 1),
        ("日語", 1),
        ("日", 2),
        ("서버", 1),
        ("ไฟล์", 1),
        ("本日", 0),
        ("v2", 1),
    ] {
        let hits = search(&with, text, usize::MAX);
        assert_eq!(hits.len(), found, "{text}: {hits:?}");
        assert_eq!(hits, search(&without, text, usize::MAX), "{text}");
    }
}

#[test]
fn random_queries_agree_too() {
    use proptest::prelude::*;
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    several(&paths);
    let with = library(&paths);
    let without = Library::without_index(unlocked(&paths));
    let word = prop::sample::select(vec![
        "stuck",
        "orders",
        "select",
        "st*",
        "1",
        "row",
        "\"from orders\"",
        "/o/",
        "->",
        "failed:",
        "client:psql",
        "host:web*",
        "slow:>10ms",
        "masked:",
        "table:orders",
        "kind:statement",
        "rows:>1",
        "sqlstate:*",
        "duplicate",
        "-ls",
        "-/a/",
        "-client:ssh",
        "token",
        "in:command",
        "welcome",
        "about",
    ]);
    let join = prop::sample::select(vec![" ", " ", " OR ", " -"]);
    let strategy = prop::collection::vec((word, join), 1..5);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 120,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let run = runner.run(&strategy, |parts| {
        let mut text = String::new();
        for (word, join) in parts {
            text.push_str(word);
            text.push_str(join);
        }
        let text = text.trim_end_matches([' ', '-']).trim_end_matches(" OR");
        if Query::parse(text, &now()).is_err() {
            return Ok(());
        }
        prop_assert_eq!(
            search(&with, text, usize::MAX),
            search(&without, text, usize::MAX),
            "{}",
            text
        );
        Ok(())
    });
    run.unwrap();
}

#[test]
fn long_output_is_searched_in_parts_and_counts_once() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let filler = "nothing to see here, move along\n".repeat(PART_MAX / 24);
    let mut stream = events(&[
        ("cat big", &filler, None, 10),
        ("echo done", "done\n", Some("0"), 1),
    ]);
    let end = stream
        .iter()
        .position(|e| matches!(e.body, Body::CommandEnd { .. }))
        .unwrap();
    let more = |text: &str, at: u64| Event {
        at: Micros(at),
        body: Body::Output(format!("{}{text}\r\n", filler.replace('\n', "\r\n")).into_bytes()),
    };
    stream.insert(end, more("a needle", 5_000_000));
    stream.insert(end + 1, more("a needle and a pin", 6_000_000));
    record(&paths, &kind("ssh", "web", 0), &stream);
    let with = library(&paths);
    let without = Library::without_index(unlocked(&paths));
    for text in ["pin needle", "needle -pin", "-needle cat", "/pin/"] {
        let found = search(&with, text, usize::MAX);
        assert_eq!(found, search(&without, text, usize::MAX), "{text}");
        assert_eq!(found.len(), 1, "{text}: {found:#?}");
    }
    assert!(!search(&with, "needle", 1)[0].contains("Command(0).0"));
}

#[test]
fn it_catches_up_with_what_is_new_and_what_is_gone() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let one = [("select one", "alpha\n", None, 1)];
    record(&paths, &kind("psql", "a", 0), &events(&one));
    assert_eq!(search(&library(&paths), "alpha", 9).len(), 1);

    let second = record(&paths, &kind("psql", "b", 10), &events(&one));
    let mut steps = Vec::new();
    let library_ = Library::open(unlocked(&paths), &mut |at| steps.push(at));
    assert!(
        steps.iter().all(|at| at.total < 4096),
        "only the new session: {steps:?}"
    );
    assert_eq!(search(&library_, "alpha", 9).len(), 2);
    let mut steps = Vec::new();
    Library::open(unlocked(&paths), &mut |at| steps.push(at));
    assert_eq!(steps, [Progress::default()], "nothing is read twice");

    // Forgotten in the vault: forgotten here.
    unlocked(&paths).forget(&[second], "removed").unwrap();
    let library_ = library(&paths);
    assert_eq!(search(&library_, "alpha", 9).len(), 1);
    assert_eq!(library_.sessions().unwrap().len(), 1);
    let index = library_.index.as_ref().unwrap();
    let mut docs = 0;
    for shard in index.shards().unwrap() {
        let words = format!("words_{}", shard.number);
        let count = format!("SELECT count(*) FROM {words} WHERE {words} MATCH 'alpha'");
        let count: i64 = index.conn.query_row(&count, [], |row| row.get(0)).unwrap();
        docs += count;
    }
    assert_eq!(docs, 1);
}

#[test]
fn a_running_session_is_found_and_never_cached() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let id = new_session_id().unwrap();
    let mut recording = Recording::open(Vault::open(&paths).unwrap(), &masked(meta(id))).unwrap();
    let all = events(&[
        ("select live", "beta\n", None, 1),
        ("select later", "gamma\n", None, 1),
    ]);
    let (first, rest) = all.split_at(5);
    let append = |recording: &mut Recording, events: &[Event]| {
        for event in events {
            recording.append(&masked(event.clone())).unwrap();
        }
        if let Some(deadline) = recording.deadline() {
            recording.tick(deadline);
        }
    };
    let until = |text: &str| {
        let limit = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while search(&library(&paths), text, 9).is_empty() {
            assert!(std::time::Instant::now() < limit, "{text} was never found");
            std::thread::yield_now();
        }
    };
    append(&mut recording, first);
    until("beta");
    let sessions = library(&paths).sessions().unwrap();
    assert_eq!(
        (sessions[0].status, sessions[0].summary.commands),
        (Status::Recording, 1)
    );
    append(&mut recording, rest);
    until("gamma");
    recording.close(&masked(Summary::default())).unwrap();
    let library_ = library(&paths);
    assert_eq!(library_.sessions().unwrap()[0].status, Status::Closed);
    assert_eq!(search(&library_, "beta", 9).len(), 1);
}
