//! A new key opens everything, the old one nothing new, and after resealing nothing at all.

use super::create::NewWay;
use super::seal::{Damage, META_MAX, PLAIN_MAX};
use super::tests::{events, file_vault, masked, meta, output, record, unlocked, wait_for};
use super::*;
use crate::model::{Event, Labels, SessionId};
use rusqlite::Connection;
use std::fs;

fn identity(paths: &Paths) -> Identity {
    let text = fs::read_to_string(paths.vault.join("identity.txt")).unwrap();
    let found: Vec<Identity> = text.lines().filter_map(Identity::parse).collect();
    assert_eq!(found.len(), 1, "the old key does not stay in the file");
    found.into_iter().next().unwrap()
}

fn sealed(paths: &Paths, id: SessionId) -> Vec<Vec<u8>> {
    let conn = Connection::open(paths.vault.join("vault.db")).unwrap();
    let mut found = Vec::new();
    for sql in [
        "SELECT p.sealed FROM pieces p JOIN sessions s ON s.number = p.session WHERE s.id = ?1",
        "SELECT meta FROM sessions WHERE id = ?1",
        "SELECT summary FROM sessions WHERE id = ?1 AND summary IS NOT NULL",
        "SELECT l.sealed FROM labels l JOIN sessions s ON s.number = l.session WHERE s.id = ?1",
    ] {
        let mut rows = conn.prepare(sql).unwrap();
        let rows = rows.query_map([&id.0], |row| row.get::<_, Vec<u8>>(0));
        found.extend(rows.unwrap().map(Result::unwrap));
    }
    found
}

fn rekey(paths: &Paths) -> Unlocked {
    let mut unlocked = unlocked(paths);
    unlocked
        .rekey(paths, &Means::default(), &mut Nobody)
        .unwrap();
    unlocked
}

fn sound(paths: &Paths) {
    let report = Vault::open(paths).unwrap().verify(None).unwrap();
    assert_eq!(report.findings, []);
}

fn told(word: &str) -> Vec<Event> {
    (0..5)
        .map(|n| output(n, &format!("{word} {n}\r\n")))
        .collect()
}

#[test]
fn what_comes_after_a_rekey_is_closed_to_the_old_key() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let before = record(&paths, &told("before"));
    let old = identity(&paths);
    drop(rekey(&paths));
    let after = record(&paths, &told("after"));
    let new = identity(&paths);
    assert!(new.recipient() != old.recipient());
    for sealed in sealed(&paths, after) {
        assert_eq!(seal::open(&old, &sealed, PLAIN_MAX), Err(Damage::Foreign));
        assert!(seal::open(&new, &sealed, META_MAX.max(PLAIN_MAX)).is_ok());
    }
    for (id, word) in [(before, "before"), (after, "after")] {
        let read: Vec<Event> = events(&paths, id).into_iter().map(Result::unwrap).collect();
        assert_eq!(read, told(word));
    }
    sound(&paths);
    // Twice: both old keys are kept for what was sealed to them.
    drop(rekey(&paths));
    let read: Vec<Event> = events(&paths, before)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(read, told("before"));
    sound(&paths);
}

#[test]
fn resealing_takes_the_past_away_from_the_old_key() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let closed = record(&paths, &told("closed"));
    let labels = Labels {
        tags: ["tagged".to_owned()].into(),
        ..Labels::default()
    };
    unlocked(&paths)
        .label(closed, &masked(labels.clone()))
        .unwrap();
    // A recorder that is at work meanwhile keeps the key it began with.
    let running = new_session_id().unwrap();
    let vault = Vault::open(&paths).unwrap();
    let mut recording = Recording::open(vault, &masked(meta(running))).unwrap();
    wait_for(|| Vault::open(&paths).unwrap().rows().unwrap().len() == 2);
    let old = identity(&paths);
    let mut reader = rekey(&paths);
    let done = reader.reseal(&mut |_, _| {}).unwrap();
    assert_eq!((done.sessions, done.recording, done.damaged), (1, 1, 0));
    for event in told("running") {
        recording.append(&masked(event)).unwrap();
    }
    recording.close(&masked(Default::default())).unwrap();
    let read: Vec<Event> = events(&paths, running)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(read, told("running"));

    let done = unlocked(&paths).reseal(&mut |_, _| {}).unwrap();
    assert_eq!((done.sessions, done.recording), (1, 0));
    let again = unlocked(&paths).reseal(&mut |_, _| {}).unwrap();
    assert_eq!(again.sessions, 0, "nothing is left to do");
    for id in [closed, running] {
        for sealed in sealed(&paths, id) {
            assert_eq!(seal::open(&old, &sealed, PLAIN_MAX), Err(Damage::Foreign));
        }
    }
    let conn = Connection::open(paths.vault.join("vault.db")).unwrap();
    let past: i64 = conn
        .query_row("SELECT count(*) FROM past", [], |row| row.get(0))
        .unwrap();
    assert_eq!(past, 0);
    let reader = unlocked(&paths);
    let row = reader.vault().named(&closed.hex()).unwrap();
    assert_eq!(reader.labels(&row).unwrap(), labels);
    let read: Vec<Event> = events(&paths, closed)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(read, told("closed"));
    sound(&paths);
}

#[test]
fn a_slot_whose_key_is_away_stops_a_rekey_before_anything_changes() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    record(&paths, &told("x"));
    let mut reader = unlocked(&paths);
    let added = reader.add_slot(NewWay::Recovery).unwrap();
    let key = home.path().join("age.key");
    let other = Identity::generate();
    fs::write(&key, other.expose().as_str()).unwrap();
    let identity_slot = reader.add_slot(NewWay::Identity(key.clone())).unwrap().id;
    fs::rename(&key, home.path().join("away")).unwrap();
    let before = fs::read(paths.vault.join("identity.txt")).unwrap();
    let refused = reader.rekey(&paths, &Means::default(), &mut Nobody);
    assert!(matches!(refused, Err(Error::SlotAway { slot, .. }) if slot == identity_slot));
    assert_eq!(fs::read(paths.vault.join("identity.txt")).unwrap(), before);
    sound(&paths);
    fs::rename(home.path().join("away"), &key).unwrap();
    reader
        .rekey(&paths, &Means::default(), &mut Nobody)
        .unwrap();
    drop(reader);
    // Each of them opens it.
    fs::remove_file(paths.vault.join("identity.txt")).unwrap();
    drop(unlocked(&paths));
    fs::write(&key, added.recovery.unwrap().as_str()).unwrap();
    let means = Means {
        identity: Some(key),
        ..Means::default()
    };
    let vault = Vault::open(&paths).unwrap();
    assert_eq!(
        vault
            .unlock_with(&means, &mut Nobody)
            .unwrap()
            .sessions()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn the_loss_of_any_one_file_is_survived() {
    for name in [
        "keyslots.age",
        "seal.seed",
        "identity.txt",
        "index.db",
        "index.key",
        "vault.db-shm",
    ] {
        let home = tempfile::tempdir().unwrap();
        let paths = file_vault(home.path());
        let id = record(&paths, &told("kept"));
        let mut reader = unlocked(&paths);
        let key = reader.add_slot(NewWay::Recovery).unwrap().recovery.unwrap();
        drop(index::Library::open(reader, &mut |_| {}));
        let _ = fs::remove_file(paths.vault.join(name));
        let other = record(&paths, &told("later"));
        let file = home.path().join("recovery");
        fs::write(&file, key.as_str()).unwrap();
        let means = Means {
            identity: (name == "identity.txt").then_some(file),
            ..Means::default()
        };
        let vault = Vault::open(&paths).unwrap();
        let library =
            index::Library::open(vault.unlock_with(&means, &mut Nobody).unwrap(), &mut |_| {});
        let ids: Vec<_> = library.sessions().unwrap().iter().map(|l| l.id()).collect();
        assert_eq!(ids.len(), 2, "{name}");
        assert!(ids.contains(&id) && ids.contains(&other), "{name}");
        assert_eq!(library.events(id).unwrap().count(), 5, "{name}");
        let wrong: Vec<_> = Vault::open(&paths)
            .unwrap()
            .verify(None)
            .unwrap()
            .findings
            .iter()
            .map(|f| f.wrong)
            .collect();
        match name {
            // What could have been cut off with it is not known.
            "seal.seed" => assert_eq!(wrong, [Wrong::Forged]),
            _ => assert_eq!(wrong, [], "{name}"),
        }
        assert!(paths.vault.join("keyslots.age").exists(), "it is made anew");
    }
}

/// And stand in the database again: the next change would sign for what is left there.
#[test]
fn slots_that_the_database_lost_are_taken_from_their_copy() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let key = home.path().join("age.key");
    fs::write(&key, Identity::generate().expose().as_str()).unwrap();
    unlocked(&paths).add_slot(NewWay::Identity(key)).unwrap();
    unlocked(&paths).add_slot(NewWay::Recovery).unwrap();
    fs::remove_file(paths.vault.join("identity.txt")).unwrap();
    let conn = Connection::open(paths.vault.join("vault.db")).unwrap();
    let whole = |ids: &[i64]| {
        let found = Vault::open(&paths).unwrap().verify(None).unwrap().findings;
        assert_eq!(found, []);
        let slots = slots::load(&conn).unwrap();
        assert_eq!(slots.iter().map(|slot| slot.id).collect::<Vec<_>>(), ids);
        let copy = slots::look_at_copy(&paths.vault, &conn).unwrap();
        assert_eq!(copy, slots::Copied::Whole);
    };
    for damage in [
        "UPDATE slots SET sealed = x'00'",
        "DELETE FROM slots WHERE id = 2",
        "DELETE FROM slots",
    ] {
        conn.execute(damage, []).unwrap();
        drop(unlocked(&paths));
        whole(&[1, 2, 3]);
    }
    conn.execute("DELETE FROM slots WHERE id = 2", []).unwrap();
    Vault::open(&paths).unwrap().remove_slot(3).unwrap();
    whole(&[1, 2]);
    // Where both lost one, what is left is kept as it is.
    conn.execute("DELETE FROM slots WHERE id = 1", []).unwrap();
    let copy = paths.vault.join("keyslots.age");
    let text = fs::read_to_string(&copy).unwrap();
    let second = text.rfind("{\"id\"").unwrap();
    fs::write(&copy, &text[second..]).unwrap();
    drop(unlocked(&paths));
    assert_eq!(fs::read_to_string(&copy).unwrap(), text[second..]);
    assert_eq!(slots::load(&conn).unwrap().len(), 1);
}

/// A copy that was cut short, or is of before a slot was removed, is told and written again.
#[test]
fn a_copy_of_the_slots_that_is_not_theirs_is_mended() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let mut reader = unlocked(&paths);
    let recovery = reader.add_slot(NewWay::Recovery).unwrap();
    drop(reader);
    let copy = paths.vault.join("keyslots.age");
    let before = fs::read(&copy).unwrap();
    Vault::open(&paths)
        .unwrap()
        .remove_slot(recovery.id)
        .unwrap();
    let after = fs::read(&copy).unwrap();
    let told = || -> Vec<_> {
        let found = Vault::open(&paths).unwrap().verify(None).unwrap().findings;
        found.iter().map(|f| f.wrong).collect()
    };
    let wrongs = [&before[..], &after[..after.len() / 2], &[]];
    for wrong in wrongs {
        fs::write(&copy, wrong).unwrap();
        assert_eq!(told(), [Wrong::Altered]);
        drop(unlocked(&paths));
        assert_eq!(fs::read(&copy).unwrap(), after);
        assert_eq!(told(), []);
    }
    fs::remove_file(&copy).unwrap();
    assert_eq!(told(), [Wrong::Missing]);
    drop(unlocked(&paths));
    assert_eq!(told(), []);
}

/// A process that was killed while it wrote a key leaves none behind for long.
#[test]
fn half_written_files_of_processes_that_are_gone_are_removed() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let mut child = std::process::Command::new("true").spawn().unwrap();
    let gone = child.id();
    child.wait().unwrap();
    let own = std::process::id();
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    let make = |name: String, when: Option<std::time::SystemTime>| {
        let path = paths.vault.join(name);
        let file = fs::File::create(&path).unwrap();
        when.map_or(Ok(()), |when| file.set_modified(when)).unwrap();
        path
    };
    let left = make(format!("identity.new-{gone}"), Some(old));
    let kept = [
        make(format!("other.new-{own}"), Some(old)),
        make(format!("young.new-{gone}"), None),
        make("notes.new-x".to_owned(), Some(old)),
    ];
    drop(unlocked(&paths));
    assert!(!left.exists());
    assert!(kept.iter().all(|path| path.exists()), "{kept:?}");
}

/// Between its commit and the end of the work, whatever was written already opens.
#[test]
fn a_rekey_that_is_killed_behind_its_commit_leaves_a_vault_that_opens() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    record(&paths, &[output(1, "before")]);
    let before = fs::read_to_string(paths.config_dir.join("pinned")).unwrap();
    let reader = unlocked(&paths);
    let new = Identity::generate().recipient();
    let old = reader.vault().recipient().clone();
    super::pin::announce(&paths.config_dir, &paths.vault, &old, &new).unwrap();
    drop(reader);
    // Killed before: the old key is still known.
    record(&paths, &[output(1, "between")]);
    let announced = fs::read_to_string(paths.config_dir.join("pinned")).unwrap();
    assert_eq!(announced.lines().count(), before.lines().count() + 1);
    rekey(&paths);
    let after = fs::read_to_string(paths.config_dir.join("pinned")).unwrap();
    assert_eq!(after.lines().count(), before.lines().count());
    record(&paths, &[output(1, "after")]);
}
