//! What is forgotten leaves no trace: not the ciphertext in any file, not the words in the index.

use super::index::{Library, Search};
use super::tests::{file_vault, masked, output, record, unlocked};
use super::verify::Wrong;
use super::*;
use crate::model::{Body, Command, Event, Labels, Micros, Note, SessionId};
use crate::query::{Now, Query};
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockDecryptMut, KeyIvInit};
use rusqlite::Connection;
use std::fs;

/// SQLCipher's page size, and what it reserves at a page's end: the IV, then the HMAC.
const PAGE: usize = 4096;
const RESERVED: usize = 80;

fn told(word: &str) -> Vec<Event> {
    let command = Body::Command(Command {
        number: 1,
        text: format!("select {word}one"),
        prompt: "$ ".into(),
        prompt_at: Micros(0),
    });
    let mut events = vec![
        output(1, "$ "),
        Event {
            at: Micros(2),
            body: command,
        },
    ];
    events.extend((3..30).map(|n| output(n, &format!("{word}two line {n}\r\n"))));
    events.push(Event {
        at: Micros(30),
        body: Body::CommandEnd {
            number: 1,
            outcome: None,
        },
    });
    events
}

/// Every file of the vault, by name; the index's pages decrypted.
fn files(paths: &Paths) -> Vec<(String, Vec<u8>)> {
    let key = index::key(&unlocked(paths)).unwrap().unwrap();
    let mut found = Vec::new();
    for entry in fs::read_dir(&paths.vault).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = fs::read(&path).unwrap();
        let plain = match name.as_str() {
            "index.db" => pages(&bytes, &*key),
            "index.db-wal" => bytes
                .get(32..)
                .unwrap_or_default()
                .chunks(24 + PAGE)
                .filter_map(|frame| frame.get(24..))
                .flat_map(|page| page_of(page, &*key, 0))
                .collect(),
            _ => bytes,
        };
        found.push((name, plain));
    }
    found
}

fn pages(bytes: &[u8], key: &[u8]) -> Vec<u8> {
    let pages = bytes.chunks(PAGE).enumerate();
    // The first page begins with the salt.
    pages
        .flat_map(|(n, page)| page_of(page, key, if n == 0 { 16 } else { 0 }))
        .collect()
}

fn page_of(page: &[u8], key: &[u8], from: usize) -> Vec<u8> {
    let (sealed, rest) = page.split_at(PAGE - RESERVED);
    let mut plain = sealed[from..].to_vec();
    let cipher = cbc::Decryptor::<aes::Aes256>::new(key.into(), rest[..16].into());
    cipher.decrypt_padded_mut::<NoPadding>(&mut plain).unwrap();
    plain
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(haystack, needle).is_some()
}

/// The ciphertext of a session's pieces and of all else that is sealed for it.
fn ciphertext(paths: &Paths, id: SessionId) -> Vec<Vec<u8>> {
    let conn = Connection::open(paths.vault.join("vault.db")).unwrap();
    let mut found = Vec::new();
    for sql in [
        "SELECT p.sealed FROM pieces p JOIN sessions s ON s.number = p.session WHERE s.id = ?1",
        "SELECT meta FROM sessions WHERE id = ?1",
        "SELECT summary FROM sessions WHERE id = ?1",
        "SELECT l.sealed FROM labels l JOIN sessions s ON s.number = l.session WHERE s.id = ?1",
    ] {
        let mut rows = conn.prepare(sql).unwrap();
        let rows = rows.query_map([&id.0], |row| row.get::<_, Option<Vec<u8>>>(0));
        found.extend(rows.unwrap().filter_map(Result::unwrap));
    }
    found
}

/// Fails with the name of the file that still has something of it.
fn no_trace(paths: &Paths, ciphertext: &[Vec<u8>], words: &[&str]) {
    for (name, bytes) in files(paths) {
        for sealed in ciphertext {
            // Behind age's header, which all have alike, any stretch is this one's alone.
            for part in sealed.chunks_exact(48).skip(3) {
                assert!(!contains(&bytes, part), "ciphertext is left in {name}");
            }
        }
        for word in words {
            assert!(
                !contains(&bytes, word.as_bytes()),
                "{word} is left in {name}"
            );
        }
    }
}

fn hits(library: &Library, word: &str) -> usize {
    let now = Now {
        stamp: now(),
        zone: jiff::tz::TimeZone::UTC,
    };
    let query = Query::parse(word, &now).unwrap();
    let search = Search {
        query: &query,
        limit: usize::MAX,
        with_text: false,
    };
    let mut found = 0;
    library
        .search(&search, &mut |_| {
            found += 1;
            true
        })
        .unwrap();
    found
}

fn sound(paths: &Paths) {
    let report = Vault::open(paths).unwrap().verify(None).unwrap();
    assert_eq!(report.findings, []);
}

#[test]
fn a_forgotten_session_leaves_no_trace_in_any_file() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let kept = record(&paths, &told("kept"));
    let gone = record(&paths, &told("zebra"));
    let mut before = ciphertext(&paths, gone);
    let labels = Labels {
        tags: ["zebratag".to_owned()].into(),
        notes: vec![Note {
            at: Micros(5),
            text: "zebranote".into(),
        }],
    };
    unlocked(&paths).label(gone, &masked(labels)).unwrap();
    let mut library = Library::open(unlocked(&paths), &mut |_| {});
    assert_eq!(hits(&library, "zebraone"), 1);
    assert_eq!(hits(&library, "in:note zebranote"), 1);
    // Compacted by now: the old pieces and the chunk are both looked for.
    before.extend(ciphertext(&paths, gone));
    assert!(before.len() > 30);
    // FTS5 stores of a word only what differs from the one before it: what all of them begin with
    // stands there at least once.
    let words = ["zebra"];
    let found = files(&paths);
    for word in words {
        assert!(
            found
                .iter()
                .any(|(_, bytes)| contains(bytes, word.as_bytes())),
            "the decrypted index shows {word}, or this test shows nothing"
        );
    }
    let done = library.forget(&[gone], "removed").unwrap();
    assert_eq!((done.sessions, done.left), (1, Left::Nothing));
    assert_eq!(hits(&library, "zebraone"), 0);
    assert_eq!(hits(&library, "keptone"), 1);
    drop(library);
    no_trace(&paths, &before, &words);
    sound(&paths);
    assert!(matches!(
        unlocked(&paths).find(&gone.hex()),
        Err(Error::NoSession { .. })
    ));
    assert_eq!(unlocked(&paths).find("@last").unwrap().id, kept);
}

#[test]
fn what_was_said_before_leaves_no_trace_either() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let id = record(&paths, &told("some"));
    let note = |text: &str| Labels {
        notes: vec![Note {
            at: Micros(0),
            text: text.into(),
        }],
        ..Labels::default()
    };
    let say = |text: &str| unlocked(&paths).label(id, &masked(note(text))).unwrap();
    say("giraffe");
    let before = ciphertext(&paths, id).pop().unwrap();
    drop(Library::open(unlocked(&paths), &mut |_| {}));
    say("elephant");
    let mut library = Library::open(unlocked(&paths), &mut |_| {});
    assert_eq!(hits(&library, "elephant"), 1);
    assert_eq!(library.clean_index(), Left::Nothing);
    drop(library);
    no_trace(&paths, &[before], &["giraffe"]);
    sound(&paths);
}

#[test]
fn a_removal_that_was_interrupted_goes_on_at_the_next_unlock() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let gone = record(&paths, &told("zebra"));
    let before = ciphertext(&paths, gone);
    let mut conn = db::open(&paths.vault).unwrap();
    // As after a kill right behind the tombstone.
    log::write(&paths.vault, &mut conn, |log| {
        forget::entomb(log, 1, "removed")
    })
    .unwrap();
    drop(conn);
    sound(&paths);
    let left = |paths: &Paths| -> i64 {
        let conn = Connection::open(paths.vault.join("vault.db")).unwrap();
        conn.query_row("SELECT count(*) FROM pieces", [], |row| row.get(0))
            .unwrap()
    };
    assert!(left(&paths) > 0);
    drop(Library::open(unlocked(&paths), &mut |_| {}));
    assert_eq!(left(&paths), 0);
    no_trace(&paths, &before, &[]);
    sound(&paths);
}

#[test]
fn a_reader_at_work_keeps_nothing_for_longer_than_it_reads() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let gone = record(&paths, &told("zebra"));
    drop(Library::open(unlocked(&paths), &mut |_| {}));
    let before = ciphertext(&paths, gone);
    let mut vault = Vault::open(&paths).unwrap();
    vault.conn.busy_timeout(std::time::Duration::ZERO).unwrap();
    let mut reader = db::open(&paths.vault).unwrap();
    let reading = reader.transaction().unwrap();
    let _: i64 = reading
        .query_row("SELECT count(*) FROM pieces", [], |row| row.get(0))
        .unwrap();
    let done = vault.forget(&[gone], "removed").unwrap();
    assert_eq!(done.left, Left::Read, "and says so");
    drop(reading);
    drop(Library::open(unlocked(&paths), &mut |_| {}));
    no_trace(&paths, &before, &[]);
}

#[test]
fn what_is_held_pinned_or_recorded_stays() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let id = record(&paths, &told("some"));
    let other = record(&paths, &told("other"));
    let mut vault = Vault::open(&paths).unwrap();
    vault.set_hold(30).unwrap();
    let held = vault.forget(&[id], "removed");
    assert!(matches!(held, Err(Error::Held { days: 30, .. })));
    // It stays under the hold that was in force.
    vault.set_hold(0).unwrap();
    assert!(matches!(vault.forget(&[id], "x"), Err(Error::Held { .. })));
    sound(&paths);

    // Nobody gets round it unseen, not even with the seed.
    let mut conn = db::open(&paths.vault).unwrap();
    log::write(&paths.vault, &mut conn, |log| {
        log.conn()
            .execute_batch(
                "DELETE FROM pieces WHERE session = 1;
                 UPDATE sessions SET state = 3, meta = NULL, summary = NULL, compact = -1
                   WHERE number = 1",
            )
            .unwrap();
        log.add(log::What::Prune {
            session: id,
            reason: "removed".into(),
            empty: false,
        })
    })
    .unwrap();
    let report = vault.verify(None).unwrap();
    let found: Vec<_> = report
        .findings
        .iter()
        .map(|f| (f.wrong, f.session))
        .collect();
    assert_eq!(found, [(Wrong::Held, Some(id))]);
    assert!(vault.unlock_with(&Means::default(), &mut Nobody).is_ok());

    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let id = record(&paths, &told("some"));
    let _ = other;
    let mut vault = Vault::open(&paths).unwrap();
    assert!(vault.pin(id, true).unwrap() && !vault.pin(id, true).unwrap());
    assert!(matches!(
        vault.forget(&[id], "x"),
        Err(Error::IsPinned { .. })
    ));
    let running = new_session_id().unwrap();
    let recording = Recording::open(
        Vault::open(&paths).unwrap(),
        &masked(super::tests::meta(running)),
    )
    .unwrap();
    super::tests::wait_for(|| vault.rows().unwrap().len() == 2);
    assert!(matches!(
        vault.forget(&[running], "x"),
        Err(Error::Recorded { .. })
    ));
    recording.close(&masked(Default::default())).unwrap();
    vault.pin(id, false).unwrap();
    assert_eq!(vault.forget(&[id, running], "x").unwrap().sessions, 2);
    sound(&paths);
}

/// Forgets the first session as [`Vault::forget`] does, on another day by the clock.
fn forget_on(paths: &Paths, day: i64) {
    let mut conn = db::open(&paths.vault).unwrap();
    log::write(&paths.vault, &mut conn, |log| {
        log.day = day;
        forget::entomb(log, 1, "removed")
    })
    .unwrap();
    forget::sweep(&mut conn).unwrap();
}

/// Records a session that began so many days ago.
fn record_before(paths: &Paths, days: i64) -> SessionId {
    let id = new_session_id().unwrap();
    let meta = crate::model::Meta {
        started: crate::model::Stamp(now().0 - days * 86_400_000_000),
        ..super::tests::meta(id)
    };
    let mut recording = Recording::open(Vault::open(paths).unwrap(), &masked(meta)).unwrap();
    recording.append(&masked(output(1, "x"))).unwrap();
    recording.close(&masked(Default::default())).unwrap();
    id
}

/// Only what the clock was trusted with can be done; that it was set forward shows afterwards.
#[test]
fn a_clock_set_forward_gets_round_no_hold_unseen() {
    let today = now().day();
    let found = |paths: &Paths| {
        let report = Vault::open(paths).unwrap().verify(None).unwrap();
        let each = report.findings.iter();
        each.map(|f| (f.wrong, f.session)).collect::<Vec<_>>()
    };
    // Days since it was recorded, the hold, the day it is forgotten on, and whether that is seen.
    for (age, hold, on, seen) in [
        (0, 30, today + 30, true),
        (10, 30, today + 400, true),
        (40, 30, today, false),
        (0, 0, today + 400, false),
        // Before it was recorded, by what is the clock now: that clock is the wrong one.
        (-5, 30, today + 400, false),
    ] {
        let home = tempfile::tempdir().unwrap();
        let paths = file_vault(home.path());
        Vault::open(&paths).unwrap().set_hold(hold).unwrap();
        let id = record_before(&paths, age);
        forget_on(&paths, on);
        let wanted = if seen {
            vec![(Wrong::Held, Some(id))]
        } else {
            vec![]
        };
        assert_eq!(found(&paths), wanted, "{age} {hold} {on}");
    }

    // The log tells it by itself, whatever the clock says today.
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    Vault::open(&paths).unwrap().set_hold(50).unwrap();
    let id = record_before(&paths, 100);
    forget_on(&paths, today - 20);
    assert_eq!(found(&paths), []);
    let mut conn = db::open(&paths.vault).unwrap();
    log::write(&paths.vault, &mut conn, |log| {
        log.day = today - 60;
        log.add(log::What::Restored {})
    })
    .unwrap();
    assert_eq!(found(&paths), [(Wrong::Held, Some(id))]);
}

#[test]
fn a_running_session_under_a_hold_is_not_discarded() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    Vault::open(&paths).unwrap().set_hold(7).unwrap();
    let id = new_session_id().unwrap();
    let vault = Vault::open(&paths).unwrap();
    let mut recording = Recording::open(vault, &masked(super::tests::meta(id))).unwrap();
    recording.append(&masked(output(1, "seen"))).unwrap();
    recording.tick(recording.deadline().unwrap());
    super::tests::wait_for(|| {
        let conn = Connection::open(paths.vault.join("vault.db")).unwrap();
        conn.query_row("SELECT count(*) = 1 FROM pieces", [], |row| row.get(0))
            .unwrap()
    });
    let refused = recording.discard().unwrap_err();
    assert_eq!(refused.kind, FailureKind::Held);
    let read = super::tests::events(&paths, id);
    assert_eq!(read.len(), 1, "what was recorded stays");
    sound(&paths);
}

#[test]
fn pins_and_labels_are_signed_for() {
    for (sql, wrong) in [
        ("UPDATE labels SET pinned = 0", Wrong::Altered),
        ("UPDATE labels SET revision = 1", Wrong::Altered),
        ("UPDATE labels SET sealed = x'00'", Wrong::Altered),
        ("DELETE FROM labels WHERE session = 1", Wrong::Missing),
        (
            "INSERT INTO labels (session, pinned, revision) VALUES (2, 1, 9)",
            Wrong::Forged,
        ),
    ] {
        let home = tempfile::tempdir().unwrap();
        let paths = file_vault(home.path());
        let id = record(&paths, &told("some"));
        record(&paths, &told("other"));
        let mut vault = Vault::open(&paths).unwrap();
        vault.pin(id, true).unwrap();
        sound(&paths);
        vault.conn.execute_batch(sql).unwrap();
        let report = vault.verify(None).unwrap();
        let found: Vec<_> = report.findings.iter().map(|f| f.wrong).collect();
        assert_eq!(found, [wrong], "{sql}: {report:?}");
    }
}

fn text(paths: &Paths, id: SessionId) -> String {
    let mut bytes = Vec::new();
    for event in super::tests::events(paths, id) {
        crate::model::codec::encode(&event.unwrap(), &mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn what_is_redacted_leaves_no_trace_and_the_chain_holds() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let other = record(&paths, &told("other"));
    let id = record(&paths, &told("zebra"));
    let note = Labels {
        notes: vec![Note {
            at: Micros(0),
            text: "about zebratwo".into(),
        }],
        ..Labels::default()
    };
    let mut before = ciphertext(&paths, id);
    unlocked(&paths).label(id, &masked(note)).unwrap();
    let mut library = Library::open(unlocked(&paths), &mut |_| {});
    assert_eq!(hits(&library, "zebratwo"), 2);
    before.extend(ciphertext(&paths, id));
    let done = library
        .redact(id, &"/[a-z]ebra(one|two)/".parse().unwrap())
        .unwrap();
    assert_eq!((done.texts, done.damaged, done.left), (2, 0, Left::Nothing));
    assert!(done.places >= 27, "{done:?}");
    assert_eq!(hits(&library, "zebratwo"), 0);
    assert_eq!(hits(&library, "line"), 2, "in both sessions");
    assert_eq!(hits(&library, "masked:redacted"), 1);
    drop(library);
    let read = text(&paths, id);
    assert!(
        !read.contains("zebra") && read.contains("line 29"),
        "{read}"
    );
    assert!(text(&paths, other).contains("othertwo"));
    no_trace(&paths, &before, &["zebra"]);
    sound(&paths);

    // The chunk that stood there before is not taken back.
    let mut vault = Vault::open(&paths).unwrap();
    let chunk = before.iter().max_by_key(|sealed| sealed.len()).unwrap();
    vault
        .conn
        .execute(
            "UPDATE pieces SET sealed = ?1, hash = ?2 WHERE session = 2",
            (chunk, Hash::of(chunk).0),
        )
        .unwrap();
    let report = vault.verify(None).unwrap();
    let found: Vec<_> = report
        .findings
        .iter()
        .map(|f| (f.wrong, f.session))
        .collect();
    assert_eq!(found, [(Wrong::Altered, Some(id))], "{report:?}");
}

#[test]
fn a_redaction_of_one_piece_and_a_second_one_hold_too() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let id = record(&paths, &[output(1, "alpha beta gamma\r\n")]);
    for (pattern, left) in [("beta", "gamma"), ("gamma", "alpha")] {
        let mut reader = unlocked(&paths);
        reader.redact(id, &pattern.parse().unwrap()).unwrap();
        let read = text(&paths, id);
        assert!(!read.contains(pattern) && read.contains(left), "{read}");
        sound(&paths);
    }
    let nothing = unlocked(&paths).redact(id, &"delta".parse().unwrap());
    assert!(matches!(nothing, Err(NotRedacted::Nowhere)));
    sound(&paths);
}

#[test]
fn a_damaged_piece_stays_and_is_told_of() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let events: Vec<Event> = (0..3)
        .map(|n| output(n, &format!("zebra {n} {}\r\n", "x".repeat(200_000))))
        .collect();
    let id = record(&paths, &events);
    let conn = Connection::open(paths.vault.join("vault.db")).unwrap();
    conn.execute(
        "UPDATE pieces SET sealed = CAST(x'00' || substr(sealed, 2) AS BLOB) WHERE seq = 1",
        [],
    )
    .unwrap();
    drop(conn);
    let done = unlocked(&paths)
        .redact(id, &"zebra".parse().unwrap())
        .unwrap();
    assert_eq!(done.damaged, 1);
    let report = Vault::open(&paths).unwrap().verify(None).unwrap();
    assert_eq!(report.findings.len(), 1, "{report:?}");
}
