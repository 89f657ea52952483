//! Copies are consistent, restored vaults say so, what comes from elsewhere is masked again, and a
//! damaged vault gives what it still has.

use super::tests::{events, file_vault, masked, meta, output, paths, record, unlocked, wait_for};
use super::*;
use crate::model::{Event, Labels, SessionId, Status};
use std::fs;
use std::path::Path;

fn told(word: &str) -> Vec<Event> {
    (0..5)
        .map(|n| output(n, &format!("{word} {n}\r\n")))
        .collect()
}

fn text(paths: &Paths, id: SessionId) -> String {
    let mut bytes = Vec::new();
    for event in events(paths, id).into_iter().filter_map(Result::ok) {
        crate::model::codec::encode(&event, &mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn findings(paths: &Paths) -> Vec<Wrong> {
    let report = Vault::open(paths).unwrap().verify(None).unwrap();
    report.findings.iter().map(|f| f.wrong).collect()
}

fn ids(paths: &Paths) -> Vec<SessionId> {
    let rows = Vault::open(paths).unwrap().rows().unwrap();
    let mut ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    ids.sort_by_key(|id| id.0);
    ids
}

fn sorted(mut ids: Vec<SessionId>) -> Vec<SessionId> {
    ids.sort_by_key(|id| id.0);
    ids
}

#[test]
fn a_copy_is_made_while_recorders_write_and_restored_with_a_new_beginning() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let closed = record(&paths, &told("closed"));
    let running = new_session_id().unwrap();
    let mut recording =
        Recording::open(Vault::open(&paths).unwrap(), &masked(meta(running))).unwrap();
    for event in told("running") {
        recording.append(&masked(event)).unwrap();
        recording.tick(recording.deadline().unwrap());
    }
    wait_for(|| ids(&paths).contains(&running) && events(&paths, running).len() == 5);
    let file = home.path().join("copy.db");
    let vault = Vault::open(&paths).unwrap();
    let copied = vault.backup(&file).unwrap();
    assert_eq!(copied.sessions, 2);
    assert_eq!(copied.keys.len(), 1, "its key stands in a file");
    assert!(matches!(vault.backup(&file), Err(Error::FileExists { .. })));
    recording
        .append(&masked(output(9, "after the copy")))
        .unwrap();
    recording.close(&masked(Default::default())).unwrap();
    let after = record(&paths, &told("after"));
    assert_eq!(findings(&paths), []);

    // The disk is lost; the key was kept elsewhere.
    let key = fs::read(paths.vault.join("identity.txt")).unwrap();
    fs::remove_dir_all(&paths.vault).unwrap();
    let restored = restore(&paths, &file).unwrap();
    assert_eq!(restored.rows().unwrap().len(), 2);
    drop(restored);
    dir::replace(&paths.vault.join("identity.txt"), &key).unwrap();
    let _ = unlocked(&paths);
    assert!(text(&paths, closed).contains("closed 4"));
    assert!(text(&paths, running).contains("running 4"));
    assert!(!ids(&paths).contains(&after));
    let rows = Vault::open(&paths).unwrap().rows().unwrap();
    let status = rows.iter().find(|row| row.id == running).unwrap().status;
    assert_eq!(status, Status::Interrupted);
    let report = Vault::open(&paths).unwrap().verify(None).unwrap();
    assert_eq!((report.findings.as_slice(), report.restored), (&[][..], 1));
    // On another machine, which knows nothing of a restoring, it shows.
    fs::remove_file(paths.config_dir.join("restored")).unwrap();
    assert_eq!(findings(&paths), [Wrong::Forged]);
    let anchor = copied.anchor.unwrap();
    let report = Vault::open(&paths).unwrap().verify(Some(&anchor)).unwrap();
    assert!(report.findings.iter().all(|f| f.wrong != Wrong::RolledBack));
    let id = record(&paths, &told("again"));
    assert!(text(&paths, id).contains("again 4"));
}

#[test]
fn a_restore_overwrites_nothing_and_takes_no_other_key() {
    let home = tempfile::tempdir().unwrap();
    let first = file_vault(home.path());
    let file = home.path().join("copy.db");
    Vault::open(&first).unwrap().backup(&file).unwrap();
    assert!(matches!(restore(&first, &file), Err(Error::Exists { .. })));
    fs::remove_dir_all(&first.vault).unwrap();
    create(&first, NewKey::File(None)).unwrap();
    record(&first, &told("lost"));
    fs::remove_file(first.vault.join("vault.db")).unwrap();
    assert!(matches!(restore(&first, &file), Err(Error::Pinned { .. })));
    let text = home.path().join("text");
    fs::write(&text, "no database").unwrap();
    let other = paths(&home.path().join("other"));
    assert!(matches!(
        restore(&other, &text),
        Err(Error::NotAVault { .. })
    ));
}

/// What an age identity file says, for `--identity`.
fn key_of(paths: &Paths, to: &Path) -> Means {
    fs::copy(paths.vault.join("identity.txt"), to).unwrap();
    Means {
        identity: Some(to.to_owned()),
        ..Means::default()
    }
}

#[test]
fn another_vaults_sessions_are_masked_again_and_taken_in_once() {
    let home = tempfile::tempdir().unwrap();
    let here = file_vault(&home.path().join("here"));
    let there = file_vault(&home.path().join("there"));
    let own = record(&here, &told("own"));
    let other = record(&there, &told("other"));
    let forgotten = record(&there, &told("forgotten"));
    let labels = Labels {
        tags: ["tagged".to_owned()].into(),
        ..Labels::default()
    };
    unlocked(&there)
        .label(other, &masked(labels.clone()))
        .unwrap();
    // What another rec let through is not let through here: its pieces hold anything.
    plant(
        &there,
        other,
        "key ghp_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3hJ6 here\r\n",
    );

    let means = key_of(&there, &home.path().join("key"));
    let merge =
        |path: &Path| Vault::merge(&here, path, &means, &mut Nobody, &mut |_, _, _| {}).unwrap();
    let taken = merge(&there.vault);
    assert_eq!((taken.sessions, taken.known), (2, 0));
    assert!(taken.masked >= 1);
    let read = text(&here, other);
    assert!(
        read.contains("other 4") && !read.contains("ghp_aB3"),
        "{read}"
    );
    let reader = unlocked(&here);
    let row = reader.vault().named(&other.hex()).unwrap();
    assert_eq!(reader.labels(&row).unwrap(), labels);
    drop(reader);
    assert_eq!(findings(&here), []);
    assert_eq!(ids(&here), sorted(vec![own, other, forgotten]));
    assert!(!here.vault.read_dir().unwrap().any(|entry| {
        entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with("copy-")
    }));

    Vault::open(&here)
        .unwrap()
        .forget(&[forgotten], "removed")
        .unwrap();
    let file = home.path().join("copy.db");
    Vault::open(&there).unwrap().backup(&file).unwrap();
    let taken = merge(&file);
    assert_eq!(
        (taken.sessions, taken.known),
        (0, 2),
        "and what was forgotten stays so"
    );
    assert_eq!(findings(&here), []);
}

/// Seals events of no mask engine into a session's first piece.
fn plant(paths: &Paths, id: SessionId, text: &str) {
    let vault = Vault::open(paths).unwrap();
    let mut plain = Vec::new();
    for event in told("other").into_iter().chain([output(9, text)]) {
        crate::model::codec::encode(&event, &mut plain);
    }
    let sealed = seal::Sealer::new(vault.recipient.clone())
        .unwrap()
        .seal(&plain)
        .unwrap();
    vault
        .conn
        .execute(
            "DELETE FROM pieces WHERE seq > 0 AND session =
               (SELECT number FROM sessions WHERE id = ?1)",
            [&id.0],
        )
        .unwrap();
    vault
        .conn
        .execute(
            "UPDATE pieces SET sealed = ?2 WHERE session =
               (SELECT number FROM sessions WHERE id = ?1)",
            (&id.0, &sealed),
        )
        .unwrap();
}

#[test]
fn a_damaged_vault_gives_all_that_still_opens() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let mut told_of = Vec::new();
    for n in 0..30 {
        let word = format!("session{n}x{}", "y".repeat(3000));
        told_of.push((record(&paths, &told(&word)), word));
    }
    drop(unlocked(&paths));
    Vault::open(&paths)
        .map(|vault| db::truncate_wal(&vault.conn).unwrap())
        .unwrap();
    let file = paths.vault.join("vault.db");
    let mut bytes = fs::read(&file).unwrap();
    // A page near the end and one in the middle are no pages any more; nobody misses a free one, so
    // it goes on until one is missed.
    let pages = bytes.len() / 4096;
    let mut spoil = |page: usize| {
        bytes[page * 4096..(page + 1) * 4096].fill(0xa5);
        fs::write(&file, &bytes).unwrap();
    };
    spoil(pages - 3);
    let missed = (pages / 2..pages).find(|page| {
        spoil(*page);
        !findings_or_error(&paths).is_empty()
    });
    assert!(missed.is_some());

    let to = Paths {
        vault: home.path().join("salvaged"),
        ..paths.clone()
    };
    let taken = salvage(
        &to,
        &paths.vault,
        &Means::default(),
        &mut Nobody,
        &mut |_, _, _| {},
    )
    .unwrap();
    // How many rows are lost with a page depends on where SQLite put them, and on whether others are
    // found by it.
    assert!(taken.sessions >= 20, "{taken:?}");
    let whole = told_of
        .iter()
        .filter(|(id, word)| {
            ids(&to).contains(id) && text(&to, *id).matches(word.as_str()).count() == 5
        })
        .count();
    assert!(whole >= 10, "{whole} of 30 are whole");
    assert_eq!(findings(&to), []);
    assert_eq!(
        fs::read(&file).unwrap(),
        bytes,
        "the damaged one is only read"
    );
}

/// SQLite itself reads nothing of a file that lost its end.
#[test]
fn a_vault_whose_file_was_cut_short_gives_what_is_left() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let all: Vec<_> = (0..30)
        .map(|n| record(&paths, &told(&format!("session{n}x"))))
        .collect();
    let vault = Vault::open(&paths).unwrap();
    db::truncate_wal(&vault.conn).unwrap();
    drop(vault);
    let file = fs::File::options()
        .write(true)
        .open(paths.vault.join("vault.db"))
        .unwrap();
    let pages = file.metadata().unwrap().len() / 4096;
    file.set_len((pages - 2) * 4096).unwrap();
    assert!(matches!(Vault::open(&paths), Err(Error::NotAVault { .. })));

    let to = Paths {
        vault: home.path().join("salvaged"),
        ..paths.clone()
    };
    let means = Means::default();
    let mut looked = 0;
    let mut progress = |step, _, _| looked += u64::from(step == Step::Reading);
    let taken = salvage(&to, &paths.vault, &means, &mut Nobody, &mut progress).unwrap();
    assert!(taken.sessions >= 10, "{taken:?}");
    // Each stands for 256 keys: what cannot be read is not looked for as far as numbers go.
    assert!((1..7 * 300).contains(&looked), "{looked}");
    assert_eq!(text(&to, all[0]).matches("session0x").count(), 5);
    assert_eq!(findings(&to), []);
}

/// The first page says where the tables begin, and the row of the vault which key it has.
#[test]
fn a_vault_that_lost_its_beginning_gives_what_is_left() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let all: Vec<_> = (0..12)
        .map(|n| record(&paths, &told(&format!("session{n}x"))))
        .collect();
    let vault = Vault::open(&paths).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'vault'";
    let root: i64 = vault.conn.query_row(root, [], |row| row.get(0)).unwrap();
    let root = usize::try_from(root).unwrap();
    db::truncate_wal(&vault.conn).unwrap();
    drop(vault);
    let file = paths.vault.join("vault.db");
    let whole = fs::read(&file).unwrap();
    for (case, pages) in [vec![1], vec![root], vec![1, root]].into_iter().enumerate() {
        let mut bytes = whole.clone();
        for page in pages {
            bytes[(page - 1) * 4096..page * 4096].fill(0);
        }
        fs::write(&file, &bytes).unwrap();
        assert!(Vault::open(&paths).is_err(), "case {case}");
        let to = Paths {
            vault: home.path().join(format!("salvaged{case}")),
            ..paths.clone()
        };
        let means = Means::default();
        let taken = salvage(&to, &paths.vault, &means, &mut Nobody, &mut |_, _, _| {}).unwrap();
        assert_eq!((taken.sessions, taken.damaged), (12, 0), "case {case}");
        for (n, id) in all.iter().enumerate() {
            let word = format!("session{n}x");
            assert_eq!(text(&to, *id).matches(&word).count(), 5, "case {case}");
        }
        assert_eq!(findings(&to), []);
    }
    fs::write(&file, &whole).unwrap();
    let conn = rusqlite::Connection::open(&file).unwrap();
    conn.execute("UPDATE vault SET recipient = 'age1'", [])
        .unwrap();
    drop(conn);
    assert!(matches!(Vault::open(&paths), Err(Error::NotAVault { .. })));
    let to = Paths {
        vault: home.path().join("named"),
        ..paths.clone()
    };
    let means = Means::default();
    let taken = salvage(&to, &paths.vault, &means, &mut Nobody, &mut |_, _, _| {}).unwrap();
    assert_eq!((taken.sessions, taken.damaged), (12, 0));
}

#[test]
fn a_salvage_that_fails_leaves_no_directory() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    fs::remove_file(paths.vault.join("identity.txt")).unwrap();
    let to = Paths {
        vault: home.path().join("new/salvaged"),
        ..paths.clone()
    };
    let fails = |from: &Path| {
        let means = Means::default();
        salvage(&to, from, &means, &mut Nobody, &mut |_, _, _| {}).unwrap_err()
    };
    assert!(matches!(fails(&paths.vault), Error::Locked(_)));
    assert!(matches!(
        fails(&home.path().join("nowhere")),
        Error::Io { .. }
    ));
    assert!(!home.path().join("new").exists());
    // One that was there stays.
    fs::create_dir_all(&to.vault).unwrap();
    fails(&paths.vault);
    assert_eq!(fs::read_dir(&to.vault).unwrap().count(), 0);
}

fn findings_or_error(paths: &Paths) -> Vec<String> {
    match Vault::open(paths).and_then(|mut vault| vault.verify(None)) {
        Ok(report) => report.findings.iter().map(|f| f.text.clone()).collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// What names sessions is lost with a page of theirs; what was recorded in them is not.
#[test]
fn sessions_whose_names_are_lost_are_salvaged_without() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let ids: Vec<_> = (0..12)
        .map(|n| record(&paths, &told(&format!("session{n}x"))))
        .collect();
    drop(unlocked(&paths));
    let vault = Vault::open(&paths).unwrap();
    let meta: Vec<u8> = vault
        .conn
        .query_row("SELECT meta FROM sessions WHERE number = 3", [], |row| {
            row.get(0)
        })
        .unwrap();
    db::truncate_wal(&vault.conn).unwrap();
    drop(vault);
    let file = paths.vault.join("vault.db");
    let mut bytes = fs::read(&file).unwrap();
    let holds = |page: &[u8]| page.windows(48).any(|bytes| *bytes == meta[60..108]);
    let page = bytes.chunks_mut(4096).find(|page| holds(page)).unwrap();
    page.fill(0);
    fs::write(&file, &bytes).unwrap();

    let found = Vault::open(&paths).unwrap().verify(None).unwrap();
    let named = |f: &crate::vault::Finding| f.session == Some(ids[2]);
    assert!(found.findings.iter().any(named), "{found:?}");
    let to = Paths {
        vault: home.path().join("salvaged"),
        ..paths.clone()
    };
    let means = Means::default();
    let taken = salvage(&to, &paths.vault, &means, &mut Nobody, &mut |_, _, _| {}).unwrap();
    assert_eq!(taken.sessions, 12, "{taken:?}");
    assert!(taken.nameless > 0 && taken.damaged == 0, "{taken:?}");
    for (n, id) in ids.iter().enumerate() {
        let word = format!("session{n}x");
        assert_eq!(text(&to, *id).matches(&word).count(), 5, "{word}");
    }
    let days = |paths: &Paths| Vault::open(paths).unwrap().rows().unwrap()[0].day;
    assert_eq!(days(&to), crate::vault::now().day());
    assert_eq!(findings(&to), []);
}
