//! The vault as a whole, in one process: what is recorded is read, by every key, and only so.

use super::*;
use crate::mask::{Masked, Rules, Scanner, Viewable};
use crate::model::{Body, Event, Exit, Meta, Micros, SessionId, Size, Status, Summary, Target};
use std::fs;
use std::path::Path;
use std::process::Command;

pub(super) fn paths(home: &Path) -> Paths {
    Paths {
        vault: home.join("vault"),
        config: home.join("config/config.toml"),
        config_dir: home.join("config"),
        state: home.join("state"),
        runtime: home.join("run"),
    }
}

pub(super) fn masked<T: Viewable>(value: T) -> Masked<T> {
    let mut door = Scanner::new(Rules::builtin()).door();
    door.admit(value).unwrap()
}

pub(super) fn meta(id: SessionId) -> Meta {
    Meta {
        id,
        client: "psql".into(),
        command: "psql -h prod-db.example.com orders".into(),
        target: Target::default(),
        started: now(),
        utc_offset: 0,
        size: Size { cols: 80, rows: 24 },
        term: "xterm".into(),
        machine: "laptop".into(),
        login: "ada".into(),
        directory: "/home/ada".into(),
        version: "0".into(),
    }
}

pub(super) fn output(at: u64, text: &str) -> Event {
    Event {
        at: Micros(at),
        body: Body::Output(text.as_bytes().to_vec()),
    }
}

pub(super) fn file_vault(home: &Path) -> Paths {
    let paths = paths(home);
    create(&paths, NewKey::File(None)).unwrap();
    paths
}

/// Records `events`, each its own piece.
pub(super) fn record(paths: &Paths, events: &[Event]) -> SessionId {
    let id = new_session_id().unwrap();
    let vault = Vault::open(paths).unwrap();
    let mut recording = Recording::open(vault, &masked(meta(id))).unwrap();
    for event in events {
        recording.append(&masked(event.clone())).unwrap();
        recording.tick(recording.deadline().unwrap());
    }
    let summary = Summary {
        exit: Some(Exit {
            code: 0,
            signal: None,
        }),
        ..Summary::default()
    };
    recording.close(&masked(summary)).unwrap();
    id
}

pub(super) fn unlocked(paths: &Paths) -> Unlocked {
    let vault = Vault::open(paths).unwrap();
    vault.unlock_with(&Means::default(), &mut Nobody).unwrap()
}

pub(super) fn events(paths: &Paths, id: SessionId) -> Vec<Result<Event, Damage>> {
    unlocked(paths).events(id).unwrap().collect()
}

#[test]
fn what_is_recorded_is_read_in_order() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let told: Vec<Event> = (0..40)
        .map(|n| output(n, &format!("line {n}\r\n")))
        .collect();
    let first = record(&paths, &told);
    let second = record(&paths, &[]);

    let unlocked = unlocked(&paths);
    let sessions = unlocked.sessions().unwrap();
    let ids: Vec<_> = sessions.iter().map(|s| s.id).collect();
    assert_eq!(ids, [second, first], "newest first");
    assert!(
        sessions
            .iter()
            .all(|s| s.status == Status::Closed && s.damage.is_none())
    );
    assert_eq!(
        sessions[1].meta.command,
        "psql -h prod-db.example.com orders"
    );
    assert_eq!(sessions[1].summary.as_ref().unwrap().exit.unwrap().code, 0);
    let read: Vec<Event> = unlocked
        .events(first)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(read, told);

    assert_eq!(unlocked.find("@last").unwrap().id, second);
    assert_eq!(unlocked.find("@2").unwrap().id, first);
    let (a, b) = (first.hex(), second.hex());
    let apart = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    for until in 1..=a.len() {
        let prefix = &a[..until];
        for prefix in [prefix.to_owned(), prefix.to_uppercase()] {
            match unlocked.find(&prefix) {
                Err(Error::Ambiguous { all, .. }) => assert!(until <= apart && all.len() == 2),
                found => assert_eq!(found.unwrap().id, first, "{prefix}"),
            }
        }
    }
    for none in [&format!("{a}0"), "g", "7f3a:1", &"0".repeat(32)] {
        let found = unlocked.find(none);
        assert!(matches!(found, Err(Error::NoSession { .. })), "{none}");
    }
    assert!(matches!(unlocked.find("@3"), Err(Error::NoSession { .. })));
    assert!(matches!(unlocked.find(""), Err(Error::NoSession { .. })));
}

/// P2: no side file tells what was recorded, or where.
#[test]
fn nothing_of_a_session_stands_in_clear() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    record(
        &paths,
        &[output(1, "select secret_column from planted_table;")],
    );
    let mut files = Vec::new();
    let mut dirs = vec![paths.vault.clone(), paths.config_dir.clone()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path)
            } else {
                files.push(path)
            }
        }
    }
    assert!(
        files.iter().any(|f| f.ends_with("vault.db-wal")),
        "{files:?}"
    );
    for file in files {
        let bytes = fs::read(&file).unwrap();
        // Long ones: short ones come up in ciphertext by themselves.
        for word in [
            "planted_table",
            "secret_column",
            "prod-db",
            "laptop",
            "/home/ada",
        ] {
            let found = bytes.windows(word.len()).any(|w| w == word.as_bytes());
            assert!(!found, "{word} stands in {}", file.display());
        }
    }
}

/// A piece taken out with SQLite opens with `age -d | zstd -d`.
#[test]
fn plain_age_and_zstd_open_every_sealed_row() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    record(&paths, &[output(1, "hello from a piece")]);
    let conn = rusqlite::Connection::open(paths.vault.join("vault.db")).unwrap();
    let columns = [
        "sealed FROM pieces",
        "meta FROM sessions",
        "summary FROM sessions",
    ];
    let mut texts = Vec::new();
    for column in columns {
        let sealed: Vec<u8> = conn
            .query_row(&format!("SELECT {column}"), [], |row| row.get(0))
            .unwrap();
        assert!(sealed.starts_with(b"age-encryption.org/v1"));
        let file = home.path().join("piece.age");
        fs::write(&file, sealed).unwrap();
        let identity = paths.vault.join("identity.txt");
        let shell = format!(
            "set -o pipefail; age -d -i {} {} | zstd -dc",
            identity.display(),
            file.display()
        );
        let out = Command::new("bash").args(["-c", &shell]).output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(
            out.status.success(),
            "age and zstd must be installed: {said}"
        );
        texts.push(String::from_utf8(out.stdout).unwrap());
    }
    assert!(texts[0].contains("hello from a piece"), "{}", texts[0]);
    assert!(texts[1].contains("prod-db.example.com"), "{}", texts[1]);
    assert!(texts[2].contains("\"exit\""), "{}", texts[2]);
}

#[test]
fn a_newer_vault_is_refused_and_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let conn = rusqlite::Connection::open(paths.vault.join("vault.db")).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    let refused = Vault::open(&paths);
    assert!(matches!(
        refused,
        Err(Error::Newer {
            found: 99,
            known: db::FORMAT,
            ..
        })
    ));
}

#[test]
fn loose_modes_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let file = paths.vault.join("vault.db");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(Vault::open(&paths), Err(Error::Loose { .. })));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    Vault::open(&paths).unwrap();
    fs::set_permissions(&paths.vault, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(Vault::open(&paths), Err(Error::Loose { .. })));
    fs::set_permissions(&paths.vault, fs::Permissions::from_mode(0o700)).unwrap();
    // What SQLite keeps beside it holds the same.
    for name in ["vault.db-wal", "vault.db-shm"] {
        let beside = paths.vault.join(name);
        fs::write(&beside, "").unwrap();
        fs::set_permissions(&beside, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(
            matches!(Vault::open(&paths), Err(Error::Loose { path, .. }) if path.ends_with(name))
        );
        fs::remove_file(&beside).unwrap();
        std::os::unix::fs::symlink(home.path().join("elsewhere"), &beside).unwrap();
        assert!(
            matches!(Vault::open(&paths), Err(Error::Symlink { path }) if path.ends_with(name))
        );
        fs::remove_file(&beside).unwrap();
    }
    Vault::open(&paths).unwrap();
}

/// Whoever opens a named pipe waits for another who may never come.
#[test]
fn a_pipe_in_the_place_of_a_file_is_not_waited_for() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    record(&paths, &[output(1, "alpha\r\n")]);
    for name in ["vault.db", "seal.seed", "keyslots.age", "identity.txt"] {
        let (file, kept) = (paths.vault.join(name), home.path().join(name));
        fs::rename(&file, &kept).unwrap();
        let mut made = std::process::Command::new("mkfifo");
        assert!(
            made.args(["-m", "600"])
                .arg(&file)
                .status()
                .unwrap()
                .success()
        );
        let verified = Vault::open(&paths).and_then(|mut vault| vault.verify(None));
        let found = verified.map(|report| report.findings.len());
        let opened = Vault::open(&paths)
            .and_then(|vault| vault.unlock_with(&Means::default(), &mut Nobody))
            .is_ok();
        match name {
            "vault.db" => assert!(found.is_err() && !opened),
            "identity.txt" => assert!(found.unwrap() == 0 && !opened),
            _ => assert!(found.map_or(true, |found| found == 1) && opened, "{name}"),
        }
        fs::remove_file(&file).unwrap();
        fs::rename(&kept, &file).unwrap();
    }
    assert_eq!(
        Vault::open(&paths).unwrap().verify(None).unwrap().findings,
        []
    );
}

#[test]
fn another_vault_in_its_place_is_not_recorded_into() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    fs::rename(&paths.vault, home.path().join("mine")).unwrap();
    let other = Paths {
        config_dir: home.path().join("attacker"),
        ..paths.clone()
    };
    create(&other, NewKey::File(None)).unwrap();
    assert!(matches!(Vault::open(&paths), Err(Error::Pinned { .. })));
    fs::remove_dir_all(&paths.vault).unwrap();
    let gone = ensure_for_recording(&paths);
    assert!(
        matches!(gone, Err(Error::Gone { .. })),
        "none is made in its place by itself"
    );
}

#[test]
fn a_damaged_piece_costs_that_piece() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let told: Vec<Event> = (0..5).map(|n| output(n, &format!("line {n}"))).collect();
    let id = record(&paths, &told);
    let conn = rusqlite::Connection::open(paths.vault.join("vault.db")).unwrap();
    conn.execute(
        "UPDATE pieces SET sealed = CAST(substr(sealed, 1, length(sealed) - 1)
            || CASE substr(sealed, -1) WHEN x'00' THEN x'01' ELSE x'00' END AS BLOB)
         WHERE seq = 1",
        [],
    )
    .unwrap();
    conn.execute("DELETE FROM pieces WHERE seq = 3", [])
        .unwrap();
    let read = events(&paths, id);
    let expected = vec![
        Ok(told[0].clone()),
        Err(Damage::Sealed),
        Ok(told[2].clone()),
        Err(Damage::Missing),
        Ok(told[4].clone()),
    ];
    assert_eq!(read, expected);
}

#[test]
fn a_recorder_that_dies_leaves_an_interrupted_session() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let id = new_session_id().unwrap();
    let vault = Vault::open(&paths).unwrap();
    let mut recording = Recording::open(vault, &masked(meta(id))).unwrap();
    recording
        .append(&masked(output(1, "before the end")))
        .unwrap();
    recording.tick(recording.deadline().unwrap());
    let reader = unlocked(&paths);
    wait_for(|| {
        reader
            .events(id)
            .is_ok_and(|mut events| events.next().is_some())
    });
    assert_eq!(reader.find("@1").unwrap().status, Status::Recording);
    drop(recording);
    wait_for(|| unlocked(&paths).find("@1").unwrap().status == Status::Interrupted);
    assert_eq!(events(&paths, id), [Ok(output(1, "before the end"))]);
    assert!(!paths.vault.join("live").join(id.hex()).exists());
}

/// How many entries the log has.
fn entries(paths: &Paths) -> u64 {
    Vault::open(paths).unwrap().anchor().unwrap().unwrap().0 + 1
}

#[test]
fn a_discarded_session_is_gone() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let before = entries(&paths);
    for committed in [false, true] {
        let id = new_session_id().unwrap();
        let vault = Vault::open(&paths).unwrap();
        let mut recording = Recording::open(vault, &masked(meta(id))).unwrap();
        recording.append(&masked(output(1, "off"))).unwrap();
        if committed {
            recording.tick(recording.deadline().unwrap());
            wait_for(|| entries(&paths) > before);
        }
        recording.discard().unwrap();
        assert_eq!(unlocked(&paths).sessions().unwrap(), []);
    }
    // What was never written needs no tombstone: only the second was opened and pruned.
    assert_eq!(entries(&paths), before + 2);
    let report = Vault::open(&paths).unwrap().verify(None).unwrap();
    assert_eq!((report.findings.len(), report.pruned), (0, 1));
}

#[test]
fn a_session_that_is_over_at_once_is_one_transaction() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let before = entries(&paths);
    let id = new_session_id().unwrap();
    let vault = Vault::open(&paths).unwrap();
    // All of it is ready before it begins, so that it is over long before the first transaction.
    let (meta, said) = (masked(meta(id)), masked(output(1, "short")));
    let summary = masked(Summary::default());
    let mut recording = Recording::open(vault, &meta).unwrap();
    recording.append(&said).unwrap();
    recording.close(&summary).unwrap();
    // A frame that ends a transaction names the database's size; the others name 0.
    let bytes = fs::read(paths.vault.join("vault.db-wal")).unwrap();
    let page = u32::from_be_bytes(bytes[8..12].try_into().unwrap()) as usize;
    let salt = &bytes[16..24];
    let frames = bytes[32..].chunks_exact(24 + page);
    let commits = frames.filter(|frame| &frame[8..16] == salt && frame[4..8] != [0; 4]);
    assert_eq!(commits.count(), 1);
    // It was opened and closed, and held no lock of its own.
    assert_eq!(entries(&paths), before + 2);
    assert!(!paths.vault.join("live").exists());
    assert_eq!(events(&paths, id), [Ok(output(1, "short"))]);
    assert_eq!(unlocked(&paths).find("@1").unwrap().status, Status::Closed);
}

#[test]
fn recorders_one_after_the_other_keep_the_write_ahead_log_small() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let mut largest = 0;
    for _ in 0..40 {
        record(&paths, &[output(0, "hello\r\n")]);
        let log = fs::metadata(paths.vault.join(dir::WAL)).map_or(0, |meta| meta.len());
        largest = largest.max(log);
    }
    // One session adds some ten pages to what is still let stand.
    assert!(largest > 0 && largest < 400 << 10, "{largest} bytes");
}

pub(super) fn wait_for(mut condition: impl FnMut() -> bool) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !condition() {
        assert!(
            std::time::Instant::now() < until,
            "it did not come to pass in 20 s"
        );
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
