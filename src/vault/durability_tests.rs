//! What was acknowledged survives cut and torn writes; whatever byte of a row is changed, verify
//! tells; a clock that runs backwards breaks nothing.
//!
//! `REC_TEST_FLIPS=200 cargo test --locked --lib durability` flips some six thousand bytes, which
//! takes minutes.

use super::tests::{events, file_vault, masked, meta, output, record, unlocked, wait_for};
use super::*;
use crate::model::{Event, Labels, Meta, SessionId, Stamp};
use rusqlite::Connection;
use rusqlite::types::Value;
use std::fs;
use std::path::Path;

/// A repeatable stream of numbers (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(sides).unwrap()).unwrap()
    }
}

fn told(n: u64) -> Vec<Event> {
    (0..n)
        .map(|n| output(n, &format!("line {n}\r\n")))
        .collect()
}

fn pieces(paths: &Paths) -> i64 {
    let conn = Connection::open(paths.vault.join("vault.db")).unwrap();
    conn.query_row("SELECT count(*) FROM pieces", [], |row| row.get(0))
        .unwrap()
}

/// A machine that loses power keeps what was synced: the database as it was, and of the write-ahead
/// log at least what was acknowledged. What was written after that may be there, in part, or torn.
#[test]
fn a_power_cut_takes_nothing_that_was_acknowledged() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let id = new_session_id().unwrap();
    let vault = Vault::open(&paths).unwrap();
    let mut recording = Recording::open(vault, &masked(meta(id))).unwrap();
    let wal = paths.vault.join("vault.db-wal");
    let mut acknowledged = Vec::new();
    for (n, event) in (1..).zip(told(24)) {
        recording.append(&masked(event)).unwrap();
        recording.tick(recording.deadline().unwrap());
        wait_for(|| pieces(&paths) == n);
        acknowledged.push((n, fs::metadata(&wal).unwrap().len()));
    }
    let (db, log) = (
        fs::read(paths.vault.join("vault.db")).unwrap(),
        fs::read(&wal).unwrap(),
    );
    assert!(
        acknowledged.windows(2).all(|w| w[0].1 < w[1].1),
        "nothing was folded in meanwhile"
    );
    let mut dice = Dice(7);
    for round in 0..60 {
        let (n, synced) = acknowledged[dice.roll(acknowledged.len())];
        let synced = usize::try_from(synced).unwrap();
        let mut torn = log[..synced].to_vec();
        let after = &log[synced..];
        let some = dice.roll(after.len() + 1);
        torn.extend(match round % 3 {
            0 => Vec::new(),
            1 => after[..some].to_vec(),
            _ => after[..some]
                .iter()
                .map(|byte| if dice.roll(4000) == 0 { !byte } else { *byte })
                .collect(),
        });
        let place = home.path().join(format!("after-{round}"));
        let here = Paths {
            vault: dir::prepare(&place).unwrap(),
            ..paths.clone()
        };
        for name in ["identity.txt", "keyslots.age", "seal.seed"] {
            let bytes = fs::read(paths.vault.join(name)).unwrap();
            dir::replace(&here.vault.join(name), &bytes).unwrap();
        }
        dir::replace(&here.vault.join("vault.db"), &db).unwrap();
        dir::replace(&here.vault.join("vault.db-wal"), &torn).unwrap();
        let read: Vec<_> = events(&here, id).into_iter().map(Result::unwrap).collect();
        let wanted = told(24);
        let kept = usize::try_from(n).unwrap();
        assert!(
            read.len() >= kept,
            "round {round}: {} of {kept}",
            read.len()
        );
        assert_eq!(read, wanted[..read.len()], "round {round}");
        let report = Vault::open(&here).unwrap().verify(None).unwrap();
        assert_eq!(report.findings, [], "round {round}");
        fs::remove_dir_all(&place).unwrap();
    }
    recording.close(&masked(Default::default())).unwrap();
}

/// Tables, and the columns whose values verify answers for.
const COLUMNS: &[(&str, &[&str])] = &[
    ("vault", &["id", "recipient"]),
    ("slots", &["kind", "place", "day", "sealed"]),
    (
        "sessions",
        &[
            "id", "day", "state", "pieces", "bytes", "head", "meta", "summary",
        ],
    ),
    ("labels", &["pinned", "revision", "sealed"]),
    ("holds", &["n", "day", "days"]),
    (
        "pieces",
        &["session", "seq", "last", "hash", "link", "sealed"],
    ),
    ("log", &["n", "body", "signature"]),
];

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    dir::prepare(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            dir::replace(&to.join(path.file_name().unwrap()), &bytes).unwrap();
        }
    }
}

/// Bytes that are flipped in each column.
fn flips() -> u32 {
    let asked = std::env::var("REC_TEST_FLIPS").ok();
    asked.map_or(12, |flips| flips.parse().unwrap())
}

#[test]
fn every_byte_of_every_row_is_answered_for() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let mut vault = Vault::open(&paths).unwrap();
    vault.set_hold(1).unwrap();
    let ids: Vec<SessionId> = (0..3).map(|_| record(&paths, &told(4))).collect();
    drop(unlocked(&paths));
    let single = record(&paths, &told(3));
    vault.pin(ids[0], true).unwrap();
    let tagged = Labels {
        tags: ["tag".to_owned()].into(),
        ..Labels::default()
    };
    let mut reader = unlocked(&paths);
    reader.label(ids[1], &masked(tagged)).unwrap();
    reader.redact(ids[2], &"line 2".parse().unwrap()).unwrap();
    drop(reader);
    db::truncate_wal(&vault.conn).unwrap();
    drop(vault);
    let report = Vault::open(&paths).unwrap().verify(None).unwrap();
    assert_eq!((report.findings.as_slice(), report.sessions), (&[][..], 4));

    let mut dice = Dice(11);
    let bent = Paths {
        vault: home.path().join("bent"),
        ..paths.clone()
    };
    let mut tried = 0;
    for (table, columns) in COLUMNS {
        for column in *columns {
            for _ in 0..flips() {
                copy(&paths.vault, &bent.vault);
                let conn = Connection::open(bent.vault.join("vault.db")).unwrap();
                conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
                let rows: Vec<(i64, Value)> = conn
                    .prepare(&format!(
                        "SELECT rowid, {column} FROM {table} WHERE {column} IS NOT NULL"
                    ))
                    .unwrap()
                    .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
                    .unwrap()
                    .map(Result::unwrap)
                    .collect();
                let (rowid, value) = rows[dice.roll(rows.len())].clone();
                let changed = flip(&value, &mut dice);
                let set = conn.execute(
                    &format!("UPDATE {table} SET {column} = ?2 WHERE rowid = ?1"),
                    (rowid, &changed),
                );
                drop(conn);
                if set.is_err() {
                    // Another row has that place: SQLite itself refuses it.
                    continue;
                }
                tried += 1;
                let found = match Vault::open(&bent).and_then(|mut vault| vault.verify(None)) {
                    Ok(report) => !report.findings.is_empty() && of_one(&report),
                    // The key is not the one known for this directory, or no key at all.
                    Err(Error::NotAVault { .. } | Error::Pinned { .. }) => *table == "vault",
                    Err(_) => true,
                };
                assert!(
                    found,
                    "{table}.{column}, row {rowid}: {value:?} to {changed:?}"
                );
            }
        }
    }
    assert!(tried > 250, "{tried}");
    assert_eq!(events(&paths, single).len(), 3);
}

/// What is wrong is told of at most the session concerned and one that it was taken for.
fn of_one(report: &Report) -> bool {
    let mut sessions: Vec<_> = report.findings.iter().filter_map(|f| f.session).collect();
    sessions.sort_by_key(|id| id.0);
    sessions.dedup();
    // An entry of the log that is lost takes what it says of its session with it.
    let of_vault = report.findings.iter().any(|f| f.session.is_none());
    sessions.len() <= 2 || of_vault
}

fn flip(value: &Value, dice: &mut Dice) -> Value {
    let bend = |bytes: &[u8], dice: &mut Dice| {
        let mut bytes = bytes.to_vec();
        let at = dice.roll(bytes.len());
        bytes[at] ^= 1 << dice.roll(7);
        bytes
    };
    match value {
        Value::Integer(n) => Value::Integer(n ^ (1 << dice.roll(7))),
        Value::Blob(bytes) => Value::Blob(bend(bytes, dice)),
        Value::Text(text) => {
            Value::Text(String::from_utf8_lossy(&bend(text.as_bytes(), dice)).into_owned())
        }
        other => other.clone(),
    }
}

#[test]
fn a_clock_that_jumps_back_breaks_nothing() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let now = now();
    let mut recorded = Vec::new();
    for days in [0_i64, -400, 30, -1] {
        let id = new_session_id().unwrap();
        let meta = Meta {
            started: Stamp(now.0 + days * 86_400_000_000),
            ..meta(id)
        };
        let mut recording = Recording::open(Vault::open(&paths).unwrap(), &masked(meta)).unwrap();
        // Time within a session runs backwards too.
        for event in told(3).into_iter().rev() {
            recording.append(&masked(event)).unwrap();
        }
        recording.close(&masked(Default::default())).unwrap();
        recorded.push((days, id));
    }
    recorded.sort_by_key(|(days, _)| std::cmp::Reverse(*days));
    let library = index::Library::open(unlocked(&paths), &mut |_| {});
    let listed: Vec<_> = library.sessions().unwrap().iter().map(|l| l.id()).collect();
    let wanted: Vec<_> = recorded.iter().map(|(_, id)| *id).collect();
    assert_eq!(listed, wanted);
    for (_, id) in recorded {
        assert_eq!(events(&paths, id).len(), 3);
    }
    let report = Vault::open(&paths).unwrap().verify(None).unwrap();
    assert_eq!(report.findings, []);
}

#[test]
fn a_vault_that_is_removed_or_replaced_under_a_recorder_takes_nothing_more() {
    for replaced in [false, true] {
        let home = tempfile::tempdir().unwrap();
        let paths = file_vault(home.path());
        let id = new_session_id().unwrap();
        let vault = Vault::open(&paths).unwrap();
        let mut recording = Recording::open(vault, &masked(meta(id))).unwrap();
        recording.append(&masked(output(1, "before"))).unwrap();
        recording.tick(recording.deadline().unwrap());
        wait_for(|| pieces(&paths) == 1);
        fs::rename(&paths.vault, home.path().join("away")).unwrap();
        assert!(matches!(Vault::open(&paths), Err(Error::Gone { .. })));
        if replaced {
            create(&paths, NewKey::File(None)).unwrap();
        }
        recording.append(&masked(output(2, "after"))).unwrap();
        recording.tick(recording.deadline().unwrap());
        wait_for(|| matches!(recording.health(), Health::Stopped(_)));
        let Health::Stopped(why) = recording.health() else {
            panic!("it goes on");
        };
        assert_eq!(why.kind, FailureKind::Replaced);
        assert_eq!(recording.append(&masked(output(3, "x"))), Ok(()));
        assert!(recording.close(&masked(Default::default())).is_err());
        if replaced {
            assert_eq!(pieces(&paths), 0, "nothing goes into the other vault");
        }
        let away = Paths {
            vault: home.path().join("away"),
            ..paths.clone()
        };
        assert_eq!(events(&away, id).len(), 1, "what was committed is kept");
    }
}
