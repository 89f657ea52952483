//! Made-up sessions, counted.

use super::*;
use crate::model::{Size, Target};

fn meta(number: u8, client: &str, started: i64) -> Meta {
    Meta {
        id: format!("7f3a00000000000000000000000000{number:02x}")
            .parse()
            .unwrap(),
        client: client.into(),
        command: String::new(),
        target: Target {
            host: Some("db".into()),
            ..Target::default()
        },
        started: Stamp(started * 1_000_000),
        utc_offset: 3_600,
        size: Size { cols: 80, rows: 24 },
        term: String::new(),
        machine: String::new(),
        login: String::new(),
        directory: String::new(),
        version: String::new(),
    }
}

fn runs(list: &[(u64, u64, bool, &str)]) -> Vec<Run> {
    let run = |(number, (at, took, failed, text)): (u32, &(u64, u64, bool, &str))| Run {
        number: Some(number),
        at: Micros(at * 1_000_000),
        took: Some(Duration::from_millis(*took)),
        failed: *failed,
        outcome: failed.then(|| "ERROR:  no".to_owned()),
        text: (*text).to_owned(),
    };
    (1..).zip(list).map(run).collect()
}

/// 14 November 2023 was a Tuesday; 22:13 UTC is 23:13 at home.
fn stats() -> Stats {
    let mut collector = Collector::new();
    collector.session(
        &meta(2, "psql", 1_700_086_400),
        &runs(&[(0, 900, false, "select * from orders where id = 9")]),
    );
    collector.session(
        &meta(1, "psql", 1_700_000_000),
        &runs(&[
            (0, 10, false, "select * from orders where id = 1"),
            (10, 30, false, "SELECT * FROM orders WHERE id=2;"),
            (20, 5, true, "update orders set statsu = 1"),
            (30, 5, true, "update orders set statu = 1"),
            (40, 7, false, "update orders set status = 1"),
            (4_000, 3, false, "\\d orders"),
        ]),
    );
    collector.finish()
}

#[test]
fn statements_are_counted_timed_and_found_again() {
    let stats = stats();
    assert_eq!((stats.sessions, stats.commands, stats.failed), (2, 7, 2));
    let (from, to) = stats.period.unwrap();
    assert_eq!(
        (from.0, to.0),
        (1_700_000_000_000_000, 1_700_086_400_000_000)
    );
    let top = &stats.statements[0];
    assert_eq!(top.fingerprint, "select * from orders where id = ?");
    assert_eq!((top.count, top.failed), (3, 0));
    assert_eq!(top.example, "select * from orders where id = 9");
    assert_eq!(top.times.percentile(50), Some(Duration::from_millis(30)));
    assert_eq!(top.occurrences[0].number, Some(1));
    assert!(
        top.occurrences
            .windows(2)
            .all(|pair| pair[0].stamp >= pair[1].stamp)
    );
    assert_eq!(stats.slowest().next().unwrap().fingerprint, top.fingerprint);
    let failing: Vec<_> = stats
        .failing()
        .iter()
        .map(|s| s.fingerprint.clone())
        .collect();
    assert_eq!(
        failing,
        [
            "update orders set statsu = ?",
            "update orders set statu = ?"
        ]
    );
    assert_eq!(stats.failing()[0].error.as_deref(), Some("ERROR:  no"));
}

#[test]
fn what_somebody_sits_at_is_not_slow() {
    let mut collector = Collector::new();
    let lines = [
        (0, 600_000, false, "vim notes.txt"),
        (700, 90_000, false, "python3"),
        (800, 2_000, false, "make check"),
    ];
    collector.session(&meta(3, "bash", 1_700_000_000), &runs(&lines));
    let stats = collector.finish();
    let slow: Vec<_> = stats.slowest().map(|s| s.example.as_str()).collect();
    assert_eq!(slow, ["make check"]);
    let vim = stats.statements.iter().find(|s| s.example.contains("vim"));
    let vim = vim.unwrap();
    assert_eq!((vim.count, vim.times.percentile(50)), (1, None));
    assert_eq!(vim.occurrences[0].took, Some(Duration::from_secs(600)));
    // It is time at work all the same.
    assert!(stats.time >= Duration::from_secs(300), "{:?}", stats.time);
}

#[test]
fn what_followed_a_failure_and_what_was_tried_again_is_told() {
    let stats = stats();
    let after: Vec<_> = stats
        .after
        .iter()
        .map(|a| (a.failed.as_str(), a.next.as_str()))
        .collect();
    assert_eq!(
        after,
        [
            (
                "update orders set statsu = ?",
                "update orders set statu = ?"
            ),
            (
                "update orders set statu = ?",
                "update orders set status = ?"
            ),
        ]
    );
    assert_eq!(stats.retries.len(), 1);
    let retry = &stats.retries[0];
    assert_eq!((retry.tries, retry.worked), (3, true));
    assert_eq!(retry.lasted, Duration::from_secs(20));
    assert_eq!(retry.text, "update orders set status = 1");
    let tries: Vec<_> = retry.occurrences.iter().map(|o| o.number).collect();
    assert_eq!(tries, [Some(5), Some(4), Some(3)]);
}

#[test]
fn whole_tables_targets_and_hours_are_told() {
    let stats = stats();
    let whole: Vec<_> = stats.whole.iter().map(|w| (w.reach, w.count)).collect();
    assert_eq!(whole, [(Reach::ChangesAll, 1); 3]);
    assert_eq!(stats.targets[0].target, "psql db");
    assert_eq!(stats.targets[0].sessions, 2);
    // Forty seconds, five minutes of a long pause, and the last commands themselves.
    let time = Duration::from_millis(340_000 + 3 + 900);
    assert_eq!(stats.targets[0].spent.time, time);
    assert_eq!(stats.time, time);
    assert_eq!(stats.hours[1][23].commands, 5);
    assert_eq!(stats.hours[2][0].commands, 1);
    assert_eq!(stats.hours[2][23].commands, 1);
    let places = |occurrences: &[Occurrence]| -> Vec<_> {
        let place = |o: &Occurrence| (o.session.hex().ends_with('2'), o.number);
        occurrences.iter().map(place).collect()
    };
    let both = [(true, Some(1)), (false, Some(1))];
    assert_eq!(places(&stats.targets[0].occurrences), both);
    assert_eq!(places(&stats.visits[1][23]), [(false, Some(1))]);
    assert_eq!(places(&stats.visits[2][0]), [(false, Some(6))]);
    assert_eq!(places(&stats.visits[2][23]), [(true, Some(1))]);
}
