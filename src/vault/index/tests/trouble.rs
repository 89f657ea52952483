//! An index that cannot be trusted, and sessions that did not end.

use super::*;

#[test]
fn an_index_that_cannot_be_written_is_done_without() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    several(&paths);
    fs::create_dir(paths.vault.join("index.db")).unwrap();
    let library = Library::open(unlocked(&paths), &mut |_| {});
    assert!(library.index.is_none());
    assert!(!search(&library, "stuck", 9).is_empty());
}

#[test]
fn nothing_of_it_stands_in_clear() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    several(&paths);
    let library = library(&paths);
    assert!(!search(&library, "stuck", 9).is_empty());
    // Long ones: short ones come up in ciphertext by themselves.
    let words = ["orders where", "prod-db", "syslog stuck", "github-token"];
    let mut files = 0;
    for entry in fs::read_dir(&paths.vault).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        files += 1;
        let bytes = fs::read(&path).unwrap();
        for word in words {
            let found = bytes
                .windows(word.len())
                .any(|w| w.eq_ignore_ascii_case(word.as_bytes()));
            assert!(!found, "{word} stands in {}", path.display());
        }
        let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(&path).unwrap());
        assert_eq!(mode & 0o77, 0, "{} is open to others", path.display());
    }
    assert!(files >= 4, "vault.db, index.db and what stands beside them");
    assert!(
        !fs::read(paths.vault.join("index.db"))
            .unwrap()
            .starts_with(b"SQLite")
    );
}

#[test]
fn an_interrupted_session_is_counted_from_its_events() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let mut stream = events(&[("select 1", "1\n", None, 1), ("select 2", "2\n", None, 1)]);
    stream.push(Event {
        at: Micros(9_000_000),
        body: Body::Gap(Gap {
            kind: GapKind::Dropped,
            bytes: 3,
            detail: String::new(),
        }),
    });
    let open = Kind {
        closed: false,
        ..kind("psql", "a", 0)
    };
    record(&paths, &open, &stream);
    for library in [library(&paths), Library::without_index(unlocked(&paths))] {
        let sessions = library.sessions().unwrap();
        let summary = &sessions[0].summary;
        assert_eq!(sessions[0].status, Status::Interrupted);
        assert_eq!(summary.commands, 2);
        assert_eq!(summary.gaps.get(&GapKind::Dropped), Some(&1));
        assert!(summary.exit.is_none());
    }
    assert!(matches!(
        library(&paths).sessions().unwrap()[0].failed,
        Some(0)
    ));
}

#[test]
fn a_damaged_or_foreign_index_is_built_again() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    several(&paths);
    let expected = search(&library(&paths), "stuck", 99);
    assert!(!expected.is_empty());
    let db = paths.vault.join("index.db");
    let key = paths.vault.join("index.key");
    let damage: &[(&str, &dyn Fn())] = &[
        ("gone", &|| fs::remove_file(&db).unwrap()),
        ("empty", &|| fs::write(&db, b"").unwrap()),
        ("noise", &|| fs::write(&db, vec![0x5a; 50_000]).unwrap()),
        ("torn", &|| {
            let mut bytes = fs::read(&db).unwrap();
            let half = bytes.len() / 2;
            bytes[half..].fill(0);
            fs::write(&db, bytes).unwrap();
        }),
        ("cut", &|| {
            let bytes = fs::read(&db).unwrap();
            fs::write(&db, &bytes[..bytes.len() / 3]).unwrap();
        }),
        ("key gone", &|| fs::remove_file(&key).unwrap()),
        ("key wrong", &|| fs::write(&key, b"not sealed").unwrap()),
        ("plain", &|| {
            fs::remove_file(&db).unwrap();
            let conn = rusqlite::Connection::open(&db).unwrap();
            conn.execute_batch("CREATE TABLE t(x); PRAGMA user_version = 1")
                .unwrap();
            drop(conn);
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            fs::set_permissions(&db, mode).unwrap();
        }),
    ];
    for (name, damage) in damage {
        for side in ["index.db-wal", "index.db-shm"] {
            let _ = fs::remove_file(paths.vault.join(side));
        }
        damage();
        let found = search(&Library::open(unlocked(&paths), &mut |_| {}), "stuck", 99);
        assert_eq!(found, expected, "{name}");
        let found = search(&library(&paths), "stuck", 99);
        assert_eq!(found, expected, "{name}, the second time");
    }
}

#[test]
fn an_index_with_a_key_that_another_knows_is_not_written_to() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    several(&paths);
    let expected = search(&library(&paths), "stuck", 99);
    // Someone without the vault's key puts an index of this form there, with a key of theirs. That is
    // sealed to the recipient, as it must be: everybody has that.
    let theirs = [7_u8; 32];
    let hex = |key: &[u8]| -> String { key.iter().map(|byte| format!("{byte:02x}")).collect() };
    let db = paths.vault.join("index.db");
    let planted = paths.vault.join("planted.db");
    let own = super::super::key(&unlocked(&paths)).unwrap().unwrap();
    let conn = rusqlite::Connection::open(&db).unwrap();
    conn.execute_batch(&format!("PRAGMA key = \"x'{}'\";", hex(&*own)))
        .unwrap();
    let version = conn.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
    conn.execute_batch(&format!(
        "DELETE FROM moments; DELETE FROM sessions; DELETE FROM seen;
         ATTACH '{}' AS planted KEY \"x'{}'\"; SELECT sqlcipher_export('planted');
         PRAGMA planted.user_version = {};",
        planted.display(),
        hex(&theirs),
        version.unwrap(),
    ))
    .unwrap();
    drop(conn);
    for side in ["index.db-wal", "index.db-shm"] {
        let _ = fs::remove_file(paths.vault.join(side));
    }
    fs::rename(&planted, &db).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&db, mode).unwrap();
    let sealed = unlocked(&paths).seal(&theirs).unwrap();
    fs::write(paths.vault.join("index.key"), sealed).unwrap();
    let opens = || {
        let conn = rusqlite::Connection::open(&db).unwrap();
        conn.execute_batch(&format!(
            "PRAGMA cipher_log_level = NONE; PRAGMA key = \"x'{}'\";",
            hex(&theirs)
        ))
        .unwrap();
        conn.query_row("SELECT count(*) FROM moments", [], |row| {
            row.get::<_, i64>(0)
        })
    };
    assert_eq!(opens(), Ok(0));
    let found = search(&library(&paths), "stuck", 99);
    assert_eq!(found, expected);
    assert!(opens().is_err(), "it is theirs no more");
}
