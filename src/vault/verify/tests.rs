//! Each way of tampering is told by its name, and only the session concerned is.

use super::super::chain::{self, Hash};
use super::super::seal::Sealer;
use super::super::tests::{file_vault, output, record, unlocked};
use super::super::{Vault, db, log};
use super::*;
use crate::config::Paths;
use rusqlite::params;

fn vault(home: &std::path::Path) -> (Paths, SessionId) {
    let paths = file_vault(home);
    record(&paths, &[output(1, "other")]);
    let told: Vec<_> = (0..5).map(|n| output(n, &format!("line {n}"))).collect();
    let id = record(&paths, &told);
    record(&paths, &[output(1, "another")]);
    (paths, id)
}

fn report(paths: &Paths) -> Report {
    Vault::open(paths).unwrap().verify(None).unwrap()
}

fn tamper(paths: &Paths) -> Connection {
    Connection::open(paths.vault.join("vault.db")).unwrap()
}

#[test]
fn an_honest_vault_has_no_findings() {
    let home = tempfile::tempdir().unwrap();
    let (paths, _) = vault(home.path());
    let report = report(&paths);
    assert_eq!(report.findings, []);
    assert_eq!((report.sessions, report.intact), (3, 3));
    // create, and open and close of each session
    assert_eq!(report.entries, 7);
}

#[test]
fn a_trigger_or_view_is_told_of_and_does_nothing() {
    let planted = [
        "CREATE TRIGGER t AFTER INSERT ON sessions BEGIN DELETE FROM pieces; END",
        "CREATE VIEW v AS SELECT * FROM sessions",
    ];
    for sql in planted {
        let home = tempfile::tempdir().unwrap();
        let (paths, _) = vault(home.path());
        tamper(&paths).execute_batch(sql).unwrap();
        record(&paths, &[output(1, "later")]);
        let report = report(&paths);
        let [finding] = report.findings.as_slice() else {
            panic!("{sql}: {:?}", report.findings);
        };
        assert_eq!((finding.wrong, finding.session), (Wrong::Forged, None));
        assert_eq!((report.sessions, report.intact), (4, 4));
    }
}

#[test]
fn each_kind_of_tampering_is_told_apart() {
    let flip = |column: &str| {
        format!(
            "UPDATE pieces SET {column} = CAST(x'00' || substr({column}, 2) AS BLOB) WHERE seq = 2 AND session = 2"
        )
    };
    let cases: &[(&str, String, Wrong, Option<u64>)] = &[
        (
            "sealed bytes changed",
            flip("sealed"),
            Wrong::Altered,
            Some(2),
        ),
        ("its hash changed", flip("hash"), Wrong::Altered, Some(2)),
        ("its link changed", flip("link"), Wrong::Forged, Some(2)),
        (
            "a piece removed",
            "DELETE FROM pieces WHERE seq = 2 AND session = 2".into(),
            Wrong::Missing,
            Some(2),
        ),
        (
            "the last pieces removed",
            "DELETE FROM pieces WHERE seq >= 3 AND session = 2".into(),
            Wrong::Truncated,
            Some(3),
        ),
        (
            "two rows swapped",
            "UPDATE pieces SET seq = 99, last = 99 WHERE seq = 1 AND session = 2;
             UPDATE pieces SET seq = 1, last = 1 WHERE seq = 2 AND session = 2;
             UPDATE pieces SET seq = 2, last = 2 WHERE seq = 99 AND session = 2"
                .into(),
            Wrong::Reordered,
            Some(1),
        ),
        (
            "two sealed values swapped",
            "UPDATE pieces SET sealed = (SELECT sealed FROM pieces p WHERE p.session = 2
               AND p.seq = 3 - pieces.seq) WHERE session = 2 AND seq IN (1, 2)"
                .into(),
            Wrong::Reordered,
            Some(1),
        ),
        (
            "a piece added behind the end",
            "INSERT INTO pieces (session, seq, last, hash, link, sealed)
               SELECT session, 5, 5, hash, link, sealed FROM pieces WHERE session = 2 AND seq = 4"
                .into(),
            Wrong::Forged,
            Some(5),
        ),
        (
            "a piece of another session put in",
            "UPDATE pieces SET sealed = o.sealed, hash = o.hash, link = o.link
               FROM (SELECT sealed, hash, link FROM pieces WHERE session = 1) o
               WHERE session = 2 AND seq = 4"
                .into(),
            Wrong::Forged,
            Some(4),
        ),
        (
            "metadata changed",
            "UPDATE sessions SET meta = CAST(meta || x'00' AS BLOB) WHERE number = 2".into(),
            Wrong::Altered,
            None,
        ),
        (
            "the summary removed",
            "UPDATE sessions SET summary = NULL WHERE number = 2".into(),
            Wrong::Missing,
            None,
        ),
        (
            "the summary exchanged",
            "UPDATE sessions SET summary = (SELECT summary FROM sessions WHERE number = 1)
               WHERE number = 2"
                .into(),
            Wrong::Altered,
            None,
        ),
        (
            "the state changed",
            "UPDATE sessions SET state = 2 WHERE number = 2".into(),
            Wrong::Altered,
            None,
        ),
        (
            "the day changed",
            "UPDATE sessions SET day = day + 1 WHERE number = 2".into(),
            Wrong::Altered,
            None,
        ),
        (
            "the session emptied as if forgotten",
            "DELETE FROM pieces WHERE session = 2;
             UPDATE sessions SET state = 3, meta = NULL, summary = NULL WHERE number = 2"
                .into(),
            Wrong::Missing,
            None,
        ),
        (
            "the whole session removed",
            "DELETE FROM pieces WHERE session = 2; DELETE FROM sessions WHERE number = 2".into(),
            Wrong::Missing,
            None,
        ),
    ];
    for (name, sql, wrong, piece) in cases {
        let home = tempfile::tempdir().unwrap();
        let (paths, id) = vault(home.path());
        tamper(&paths).execute_batch(sql).unwrap();
        let report = report(&paths);
        let of_session: Vec<_> = report
            .findings
            .iter()
            .filter(|f| f.session == Some(id))
            .collect();
        let first = of_session
            .first()
            .unwrap_or_else(|| panic!("{name}: {report:?}"));
        assert_eq!(
            (first.wrong, first.piece),
            (*wrong, *piece),
            "{name}: {report:?}"
        );
        assert_eq!(
            report.intact, 2,
            "{name}: no other session is affected: {report:?}"
        );
        assert!(
            report.findings.iter().all(|f| f.session == Some(id)),
            "{name}: {report:?}"
        );
        let swapped = *wrong == Wrong::Reordered;
        assert!(
            !swapped || of_session.iter().all(|f| f.wrong == Wrong::Reordered),
            "{name}: {report:?}"
        );
    }
}

/// Without it the session could be taken in again from elsewhere, as if it had never been forgotten.
#[test]
fn a_tombstone_that_is_missing_is_told() {
    let home = tempfile::tempdir().unwrap();
    let (paths, id) = vault(home.path());
    Vault::open(&paths).unwrap().forget(&[id], "asked").unwrap();
    assert_eq!(
        (report(&paths).findings.len(), report(&paths).pruned),
        (0, 1)
    );
    tamper(&paths)
        .execute_batch("DELETE FROM sessions WHERE state = 3")
        .unwrap();
    let report = report(&paths);
    let found: Vec<_> = report
        .findings
        .iter()
        .map(|f| (f.wrong, f.session))
        .collect();
    assert_eq!(found, [(Wrong::Missing, Some(id))]);
    assert_eq!((report.pruned, report.intact, report.sessions), (1, 2, 2));
}

#[test]
fn what_was_forgotten_and_stands_there_again_is_told() {
    let home = tempfile::tempdir().unwrap();
    let (paths, id) = vault(home.path());
    let conn = tamper(&paths);
    conn.execute_batch("CREATE TEMP TABLE kept AS SELECT * FROM pieces WHERE session = 2")
        .unwrap();
    Vault::open(&paths).unwrap().forget(&[id], "asked").unwrap();
    assert_eq!(report(&paths).findings, []);
    conn.execute_batch("INSERT INTO pieces SELECT * FROM kept")
        .unwrap();
    let found: Vec<_> = report(&paths)
        .findings
        .iter()
        .map(|f| (f.wrong, f.session))
        .collect();
    assert_eq!(found, [(Wrong::Forged, Some(id))]);
    // Until they are deleted they may.
    conn.execute_batch("UPDATE sessions SET compact = 0 WHERE number = 2")
        .unwrap();
    assert_eq!(report(&paths).findings, []);
    drop(unlocked(&paths));
    let left = "SELECT count(*) FROM pieces WHERE session = 2";
    let left: i64 = conn.query_row(left, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

/// Who has the recipient, which is no secret, can make a vault of whatever they like for it. It fits in
/// itself, and nothing it holds was recorded here.
#[test]
fn a_log_that_was_written_anew_is_told() {
    let home = tempfile::tempdir().unwrap();
    let (paths, _) = vault(home.path());
    let theirs = tempfile::tempdir().unwrap();
    let other = super::super::tests::paths(theirs.path());
    let there = Vault::open(&paths).unwrap();
    let slots = there.slots().unwrap().into_iter();
    let slots: Vec<_> = slots
        .map(|slot| super::super::slots::NewSlot {
            kind: slot.kind,
            place: slot.place,
            sealed: slot.sealed,
        })
        .collect();
    let made =
        super::super::create::from_slots(&other, &there.recipient, &slots, Vec::new()).unwrap();
    record(&other, &[output(1, "never happened")]);
    db::truncate_wal(&made.conn).unwrap();
    drop((there, made));
    for name in ["vault.db-wal", "vault.db-shm"] {
        let _ = std::fs::remove_file(paths.vault.join(name));
    }
    for name in ["vault.db", "seal.seed", "keyslots.age"] {
        std::fs::copy(other.vault.join(name), paths.vault.join(name)).unwrap();
    }
    let found = report(&paths).findings;
    let wrong: Vec<_> = found.iter().map(|f| f.wrong).collect();
    assert_eq!(wrong, [Wrong::Forged]);
    // The owner who put it there says so.
    assert!(found[0].text.contains("config/begun"), "{}", found[0].text);
    std::fs::remove_file(paths.config_dir.join("begun")).unwrap();
    assert_eq!(report(&paths).findings, []);
    assert_eq!(report(&paths).findings, []);
}

/// Who knows the format but not the seed seals a piece anew and repairs the whole chain after it.
#[test]
fn a_chain_repaired_after_a_forgery_does_not_lead_to_what_was_signed() {
    let home = tempfile::tempdir().unwrap();
    let (paths, id) = vault(home.path());
    let recipient = Vault::open(&paths).unwrap().recipient().clone();
    let conn = tamper(&paths);
    let vault_id: [u8; 16] = conn
        .query_row("SELECT id FROM vault", [], |r| r.get(0))
        .unwrap();
    let meta: Vec<u8> = conn
        .query_row("SELECT meta FROM sessions WHERE number = 2", [], |r| {
            r.get(0)
        })
        .unwrap();
    let mut link = chain::genesis(&vault_id, &id, &Hash::of(&meta));
    for seq in 0..5_u8 {
        let mut sealed: Vec<u8> = conn
            .query_row(
                "SELECT sealed FROM pieces WHERE session = 2 AND seq = ?1",
                [seq],
                |r| r.get(0),
            )
            .unwrap();
        if seq == 2 {
            let mut forged = Vec::new();
            crate::model::codec::encode(&output(2, "I never did that"), &mut forged);
            sealed = Sealer::new(recipient.clone())
                .unwrap()
                .seal(&forged)
                .unwrap();
        }
        let hash = Hash::of(&sealed);
        link = chain::link(&link, &id, seq.into(), &hash);
        conn.execute(
            "UPDATE pieces SET sealed = ?2, hash = ?3, link = ?4 WHERE session = 2 AND seq = ?1",
            params![seq, sealed, hash.0, link.0],
        )
        .unwrap();
    }
    conn.execute("UPDATE sessions SET head = ?1 WHERE number = 2", [&link.0])
        .unwrap();
    let report = report(&paths);
    assert_eq!(report.findings[0].wrong, Wrong::Forged, "{report:?}");
    assert_eq!(report.findings[0].session, Some(id));
    assert_eq!(report.intact, 2);
}

#[test]
fn the_log_tells_what_was_done_to_it() {
    let cases: &[(&str, &str, Wrong)] = &[
        (
            "an entry changed",
            "UPDATE log SET body = CAST(replace(CAST(body AS TEXT), '\"day\":', '\"day\":1') AS BLOB) WHERE n = 3",
            Wrong::Altered,
        ),
        (
            "a signature changed",
            "UPDATE log SET signature = zeroblob(64) WHERE n = 3",
            Wrong::Altered,
        ),
        (
            "an entry removed",
            "DELETE FROM log WHERE n = 3",
            Wrong::Missing,
        ),
        (
            "the end removed",
            "DELETE FROM log WHERE n >= 5",
            Wrong::Truncated,
        ),
        (
            "a session's end removed",
            "DELETE FROM log WHERE n >= 6",
            Wrong::Truncated,
        ),
        (
            "two entries swapped",
            "UPDATE log SET n = 99 WHERE n = 3; UPDATE log SET n = 3 WHERE n = 4;
             UPDATE log SET n = 4 WHERE n = 99",
            Wrong::Altered,
        ),
        (
            "a keyslot changed",
            "UPDATE slots SET place = 'x'",
            Wrong::Altered,
        ),
        (
            "the vault's id changed",
            "UPDATE vault SET id = zeroblob(16)",
            Wrong::Altered,
        ),
    ];
    for (name, sql, wrong) in cases {
        let home = tempfile::tempdir().unwrap();
        let (paths, _) = vault(home.path());
        tamper(&paths).execute_batch(sql).unwrap();
        let report = report(&paths);
        let of_vault = report.findings.iter().find(|f| f.session.is_none());
        let first = of_vault.unwrap_or_else(|| panic!("{name}: {report:?}"));
        assert_eq!(first.wrong, *wrong, "{name}: {report:?}");
        // What a cut took is not laid to the sessions.
        let forged = |f: &Finding| f.wrong == Wrong::Forged;
        let cut = name.ends_with("removed");
        assert!(
            !(cut && report.findings.iter().any(forged)),
            "{name}: {report:?}"
        );
    }
}

#[test]
fn a_lost_seed_is_told_and_recording_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let (paths, _) = vault(home.path());
    std::fs::remove_file(paths.vault.join("seal.seed")).unwrap();
    assert_eq!(report(&paths).findings[0].wrong, Wrong::Missing);
    let id = record(&paths, &[output(1, "after")]);
    let found = report(&paths);
    assert_eq!(found.findings.len(), 1, "{found:?}");
    assert_eq!(found.findings[0].wrong, Wrong::Forged);
    assert!(
        found.findings[0].text.contains("missing or damaged"),
        "{found:?}"
    );
    assert_eq!(unlocked(&paths).find("@1").unwrap().id, id);
}

/// A crash between the commit and the seed's overwriting leaves the seed behind.
#[test]
fn a_seed_that_is_behind_is_ratcheted_forward() {
    let home = tempfile::tempdir().unwrap();
    let (paths, _) = vault(home.path());
    let seed = paths.vault.join("seal.seed");
    let old = std::fs::read(&seed).unwrap();
    record(&paths, &[]);
    std::fs::write(&seed, old).unwrap();
    record(&paths, &[]);
    assert_eq!(report(&paths).findings, []);
}

#[test]
fn older_copies_of_all_files_show_against_an_anchor() {
    let home = tempfile::tempdir().unwrap();
    let (paths, _) = vault(home.path());
    let files = ["vault.db", "vault.db-wal", "seal.seed"];
    let old = files.map(|f| std::fs::read(paths.vault.join(f)).unwrap());
    record(&paths, &[output(1, "to be undone")]);
    let (entry, hash) = Vault::open(&paths).unwrap().anchor().unwrap().unwrap();
    let anchor: Anchor = format!("{entry} {hash}").parse().unwrap();
    let mut now = Vault::open(&paths).unwrap();
    assert_eq!(now.verify(Some(&anchor)).unwrap().findings, []);
    drop(now);
    let _ = std::fs::remove_file(paths.vault.join("vault.db-shm"));
    for (name, bytes) in files.iter().zip(old) {
        std::fs::write(paths.vault.join(name), bytes).unwrap();
    }
    assert_eq!(
        report(&paths).findings,
        [],
        "without an anchor it does not show"
    );
    let found = Vault::open(&paths).unwrap().verify(Some(&anchor)).unwrap();
    assert_eq!(found.findings[0].wrong, Wrong::RolledBack);
}

/// Every byte of every row: one flip at a time, sampled, is reported.
#[test]
fn any_flipped_byte_of_a_closed_vault_is_reported() {
    let home = tempfile::tempdir().unwrap();
    let (paths, _) = vault(home.path());
    let mut vault = Vault::open(&paths).unwrap();
    let conn = tamper(&paths);
    let columns = [
        ("pieces", "sealed"),
        ("pieces", "hash"),
        ("pieces", "link"),
        ("sessions", "meta"),
        ("sessions", "summary"),
        ("sessions", "head"),
        ("sessions", "id"),
        ("log", "body"),
        ("log", "signature"),
        ("slots", "sealed"),
    ];
    let mut flips = 0;
    for (table, column) in columns {
        let read = format!("SELECT rowid, {column} FROM {table}");
        let rows: Vec<(i64, Vec<u8>)> = conn
            .prepare(&read)
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let write = format!("UPDATE {table} SET {column} = ?2 WHERE rowid = ?1");
        for (rowid, bytes) in rows {
            for at in (0..bytes.len()).step_by(bytes.len().div_ceil(6)) {
                let mut bent = bytes.clone();
                bent[at] ^= 1 << (at % 8);
                conn.execute(&write, params![rowid, bent]).unwrap();
                let found = vault.verify(None).unwrap();
                assert!(
                    !found.findings.is_empty(),
                    "{table}.{column} row {rowid} byte {at}"
                );
                flips += 1;
            }
            conn.execute(&write, params![rowid, bytes]).unwrap();
        }
    }
    assert!(flips > 200, "{flips}");
    assert_eq!(
        vault.verify(None).unwrap().findings,
        [],
        "and all were put back"
    );
}

/// A sector of the disk that is lost, or written over: whatever stood there is named, and nothing else
/// is lost to it.
#[test]
fn a_page_that_is_damaged_is_named_and_costs_no_other_session() {
    let home = tempfile::tempdir().unwrap();
    let (paths, _) = vault(home.path());
    let text = |n: u32| {
        let words = (0..9000_u32).map(|at| (at * at + n * 7919) % 9973);
        words.map(|word| format!("w{word} ")).collect::<String>()
    };
    let told: Vec<_> = (0..4).map(|n| output(n, &text(n as u32))).collect();
    let large = record(&paths, &told);
    record(&paths, &[output(1, "the last")]);
    let conn = tamper(&paths);
    let sealed: Vec<Vec<u8>> = conn
        .prepare("SELECT sealed FROM pieces WHERE session = 4 ORDER BY seq")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(sealed.len() > 1 && sealed[1].len() > 12_000);
    db::truncate_wal(&conn).unwrap();
    drop(conn);
    let file = paths.vault.join("vault.db");
    let whole = std::fs::read(&file).unwrap();
    let holds = |page: &[u8]| {
        let inner = &sealed[1][6000..6032];
        page.windows(32).any(|bytes| bytes == inner)
    };
    let mut named = 0;
    // Without the first two, which say that it is a vault, and which, nothing can be told.
    for (at, page) in whole.chunks(4096).enumerate().skip(2) {
        for filler in [0, 0xa5] {
            let mut damaged = whole.clone();
            damaged[at * 4096..(at + 1) * 4096].fill(filler);
            std::fs::write(&file, &damaged).unwrap();
            let found = report(&paths);
            let told = || format!("page {at} with {filler}: {found:?}");
            // A page that is in no use, or an index that holds nothing, costs nothing.
            let of_large = |f: &&Finding| f.session == Some(large) && f.piece == Some(1);
            if holds(page) {
                let piece = found.findings.iter().find(of_large);
                assert_eq!(piece.unwrap().wrong, Wrong::Altered, "{}", told());
                assert_eq!((found.sessions, found.intact), (5, 4), "{}", told());
                named += 1;
            }
        }
    }
    assert_eq!(named, 2);
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(report(&paths).findings, []);
}

#[test]
fn a_session_that_was_discarded_is_no_fault() {
    let home = tempfile::tempdir().unwrap();
    let (paths, _) = vault(home.path());
    let mut conn = db::open(&paths.vault).unwrap();
    let id = unlocked(&paths).find("@1").unwrap().id;
    log::write(&paths.vault, &mut conn, |log| {
        log.conn()
            .execute_batch(
                "DELETE FROM pieces WHERE session = 3;
                 UPDATE sessions SET state = 3, meta = NULL, summary = NULL WHERE number = 3",
            )
            .unwrap();
        log.add(log::What::Prune {
            empty: false,
            session: id,
            reason: "discarded".into(),
        })
    })
    .unwrap();
    let report = report(&paths);
    assert_eq!(
        (report.findings.len(), report.pruned, report.sessions),
        (0, 1, 2)
    );
}
