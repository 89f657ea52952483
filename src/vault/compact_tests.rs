//! Compaction keeps every event, the chain, and what is damaged.

use super::tests::{events, file_vault, masked, meta, output, record, unlocked, wait_for};
use super::*;
use crate::config::Paths;
use crate::model::{Event, GapKind, SessionId, Status};
use rusqlite::Connection;

fn rows(paths: &Paths, session: SessionId) -> Vec<(i64, i64)> {
    let conn = Connection::open(paths.vault.join("vault.db")).unwrap();
    let mut rows = conn
        .prepare(
            "SELECT seq, last FROM pieces JOIN sessions ON number = session
             WHERE id = ?1 ORDER BY seq",
        )
        .unwrap();
    let rows = rows.query_map([&session.0], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

fn told(n: u64) -> Vec<Event> {
    (0..n)
        .map(|n| output(n, &format!("line {n}\r\n")))
        .collect()
}

fn sound(paths: &Paths) {
    let report = Vault::open(paths).unwrap().verify(None).unwrap();
    assert_eq!(report.findings, []);
}

#[test]
fn pieces_become_one_chunk_and_nothing_else_changes() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let told = told(40);
    let id = record(&paths, &told);
    assert!(rows(&paths, id).len() > 10);
    let read: Vec<Event> = events(&paths, id).into_iter().map(Result::unwrap).collect();
    assert_eq!(read, told);
    let compacted = rows(&paths, id);
    assert_eq!(compacted.len(), 1, "{compacted:?}");
    assert_eq!(compacted[0].0, 0);
    assert!(compacted[0].1 > 10);
    sound(&paths);
    let again: Vec<Event> = events(&paths, id).into_iter().map(Result::unwrap).collect();
    assert_eq!(again, told);
}

#[test]
fn a_reader_in_the_middle_goes_on_in_the_chunk() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let told = told(20);
    let id = new_session_id().unwrap();
    let vault = Vault::open(&paths).unwrap();
    let mut recording = Recording::open(vault, &masked(meta(id))).unwrap();
    let reader = unlocked(&paths);
    for event in &told {
        recording.append(&masked(event.clone())).unwrap();
        recording.tick(recording.deadline().unwrap());
    }
    wait_for(|| rows(&paths, id).len() == told.len());
    let mut events = reader.events(id).unwrap();
    let mut read: Vec<Event> = events.by_ref().take(7).map(Result::unwrap).collect();
    let places = reader.places(id).unwrap();
    recording.close(&masked(Default::default())).unwrap();
    drop(unlocked(&paths));
    assert_eq!(
        rows(&paths, id).len(),
        1,
        "compacted by another reader meanwhile"
    );
    read.extend(events.map(Result::unwrap));
    assert_eq!(read, told);
    let jumped: Vec<Event> = places.iter().flat_map(|p| reader.events_at(*p).0).collect();
    assert_eq!(jumped, told);
}

#[test]
fn what_is_damaged_is_left_for_verify_to_name() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let told = told(9);
    let id = record(&paths, &told);
    let pieces = rows(&paths, id).len();
    let conn = Connection::open(paths.vault.join("vault.db")).unwrap();
    conn.execute(
        "UPDATE pieces SET sealed = CAST(sealed || x'00' AS BLOB) WHERE seq = 2",
        [],
    )
    .unwrap();
    let read = events(&paths, id);
    assert_eq!(read.iter().filter(|e| e.is_err()).count(), 1);
    assert_eq!(
        rows(&paths, id),
        [(0, 1), (2, 2), (3, i64::try_from(pieces).unwrap() - 1)]
    );
    let report = Vault::open(&paths).unwrap().verify(None).unwrap();
    assert_eq!(report.findings.len(), 1, "{report:?}");
    assert_eq!(
        (report.findings[0].wrong, report.findings[0].piece),
        (Wrong::Altered, Some(2))
    );
}

#[test]
fn a_chunk_that_was_changed_is_told() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let id = record(&paths, &told(9));
    drop(unlocked(&paths));
    assert_eq!(rows(&paths, id).len(), 1);
    let conn = Connection::open(paths.vault.join("vault.db")).unwrap();
    let recipient = Vault::open(&paths).unwrap().recipient().clone();
    let forged = seal::Sealer::new(recipient).unwrap().seal(b"").unwrap();
    let hash = Hash::of(&forged);
    conn.execute("UPDATE pieces SET sealed = ?1, hash = ?2", (forged, hash.0))
        .unwrap();
    let report = Vault::open(&paths).unwrap().verify(None).unwrap();
    assert_eq!(report.findings[0].wrong, Wrong::Altered, "{report:?}");
}

#[test]
fn an_interrupted_session_is_counted_and_signed_for() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let id = new_session_id().unwrap();
    let vault = Vault::open(&paths).unwrap();
    let mut recording = Recording::open(vault, &masked(meta(id))).unwrap();
    recording
        .append(&masked(output(5_000_000, "0123456789")))
        .unwrap();
    recording.tick(recording.deadline().unwrap());
    wait_for(|| rows(&paths, id).len() == 1);
    drop(recording);
    wait_for(|| !live::is_live(&paths.vault, &id));
    let entry = unlocked(&paths).find("@1").unwrap();
    assert_eq!(entry.status, Status::Interrupted);
    let summary = entry.summary.unwrap();
    assert_eq!(summary.bytes, 10);
    assert_eq!(summary.duration.millis(), 5_000);
    assert_eq!(summary.gaps.get(&GapKind::Interrupted), Some(&1));
    sound(&paths);
}

/// Also a vault that a rec made which did not know that index.
#[test]
fn an_unlock_reads_no_list_of_sessions_to_find_one_to_count() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let conn = Connection::open(paths.vault.join("vault.db")).unwrap();
    conn.execute_batch("DROP INDEX sessions_uncounted").unwrap();
    drop(unlocked(&paths));
    let conn = Connection::open(paths.vault.join("vault.db")).unwrap();
    let mut plan = conn
        .prepare(&format!("EXPLAIN QUERY PLAN {}", compact::DUE))
        .unwrap();
    let plan = plan.query_map([compact::COUNTED], |row| row.get::<_, String>(3));
    let plan: Vec<String> = plan.unwrap().map(Result::unwrap).collect();
    let indexed = plan.iter().all(|step| step.contains("sessions_uncounted"));
    assert!(indexed && !plan.is_empty(), "{plan:?}");
    sound(&paths);
}
