//! Backups, restored vaults, other machines' vaults and damaged ones, from the command line.

use crate::support::{Home, check, recorded};
use rec::model::SessionId;
use recorded::{command, end, output, record};

fn session(home: &Home, host: &str, started: i64) -> SessionId {
    let events = vec![
        output(0, "$ "),
        command(1_000, 1, &format!("uptime of {host}")),
        output(1_100, "up 3 days\r\n"),
        end(1_200, 1, None),
    ];
    record(home, "ssh", host, started, &events)
}

fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_backup_is_restored_and_merged() {
    let home = Home::with_vault();
    session(&home, "web-1", 0);
    let copy = home.path().join("copy.db");
    let copy = copy.to_str().unwrap();
    let done = home.rec(&["vault", "backup", copy]).output().unwrap();
    check(&done);
    assert!(said(&done).contains("copied 1 session") && said(&done).contains("its anchor: "));
    assert!(
        said(&done).contains("identity.txt, which is not in it"),
        "{}",
        said(&done)
    );
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(copy).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let again = home.rec(&["vault", "backup", copy]).output().unwrap();
    assert_eq!(again.status.code(), Some(2));
    assert!(said(&again).contains("exists, and is left as it is"));
    let anchor = home.read(&["vault", "anchor"]);
    assert!(said(&done).contains(anchor.trim()));
    session(&home, "web-2", 10);

    std::fs::remove_file(home.vault().join("vault.db")).unwrap();
    let lost = home.rec(&["ls"]).output().unwrap();
    assert!(
        said(&lost).contains("rec vault restore FILE"),
        "{}",
        said(&lost)
    );
    let done = home.rec(&["vault", "restore", copy]).output().unwrap();
    check(&done);
    assert!(
        said(&done).contains("restored 1 session"),
        "{}",
        said(&done)
    );
    assert_eq!(home.json(&["ls"]).as_array().unwrap().len(), 1);
    let verified = home
        .rec(&["vault", "verify", "--anchor", anchor.trim()])
        .output()
        .unwrap();
    assert!(check(&verified).contains("It was restored from a copy here"));
    let kept = home.path().join("anchors.txt");
    std::fs::write(&kept, format!("3 {}\n{anchor}", "ab".repeat(32))).unwrap();
    let verified = home
        .rec(&["vault", "verify", "--anchor", kept.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(check(&verified).contains("It was restored from a copy here"));
    std::fs::write(&kept, "no anchor\n").unwrap();
    let verified = home
        .rec(&["vault", "verify", "--anchor", kept.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(verified.status.code(), Some(2));
    assert!(
        said(&verified).contains("its last line is none"),
        "{}",
        said(&verified)
    );

    let other = Home::with_vault();
    session(&other, "db-1", 20);
    let key = home.vault().join("identity.txt");
    let words = ["vault", "merge", copy, "--identity", key.to_str().unwrap()];
    let merged = other.rec(&words).output().unwrap();
    check(&merged);
    assert!(
        said(&merged).contains("took in 1 session, masked again"),
        "{}",
        said(&merged)
    );
    let merged = other.rec(&words).output().unwrap();
    assert!(
        said(&merged).contains("1 session here already"),
        "{}",
        said(&merged)
    );
    assert_eq!(
        other.json(&["search", "uptime"]).as_array().unwrap().len(),
        2
    );
    check(&other.rec(&["vault", "verify"]).output().unwrap());
}

#[test]
fn a_damaged_vault_is_salvaged_into_another_place() {
    let home = Home::with_vault();
    let id = session(&home, "web-1", 0).hex();
    let db = rusqlite::Connection::open(home.vault().join("vault.db")).unwrap();
    db.execute_batch("UPDATE pieces SET sealed = CAST(x'00' || substr(sealed, 2) AS BLOB)")
        .unwrap();
    drop(db);
    session(&home, "web-2", 10);
    let opened = home
        .rec(&["vault", "verify", "--open", "--json"])
        .output()
        .unwrap();
    assert_eq!(opened.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&opened.stdout).unwrap();
    assert_eq!(
        (&report["intact"], &report["sessions"]),
        (&1.into(), &2.into()),
        "{report}"
    );
    let texts = report["findings"].to_string();
    assert!(
        texts.contains("was altered") && texts.contains("a piece does not open"),
        "{texts}"
    );
    // P6.
    let shown = home.rec(&["show", &id]).output().unwrap();
    let page = String::from_utf8_lossy(&shown.stdout);
    assert!(page.contains("Not seen: 1 damaged piece."), "{page}");
    let to = home.path().join("salvaged");
    let to = to.to_str().unwrap();
    // A vault that is named from where one stands.
    let mut salvage = home.rec(&["--vault", "rec", "vault", "salvage", to]);
    salvage.current_dir(home.vault().parent().unwrap());
    let done = salvage.output().unwrap();
    assert!(done.status.success(), "{}", said(&done));
    assert!(
        said(&done).contains("took in 2 sessions"),
        "{}",
        said(&done)
    );
    assert!(
        said(&done).contains("1 piece damaged, and left out"),
        "{}",
        said(&done)
    );
    let listed = home.json(&["--vault", to, "ls"]);
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert!(
        home.read(&["--vault", to, "show", "@last", "--text"])
            .contains("up 3 days")
    );
    assert!(
        !home
            .read(&["--vault", to, "show", &id, "--text"])
            .contains("up 3 days")
    );
    check(
        &home
            .rec(&["--vault", to, "vault", "verify"])
            .output()
            .unwrap(),
    );
}

/// Who puts the new vault in the place of the old one must see it.
#[test]
fn a_salvage_that_finds_nothing_says_so_by_its_status() {
    let home = Home::with_vault();
    let to = home.path().join("salvaged");
    let done = home
        .rec(&["vault", "salvage", to.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(1), "{}", said(&done));
    assert!(
        said(&done).contains("no session could be taken out of it"),
        "{}",
        said(&done)
    );
}

#[test]
fn chosen_sessions_are_shared_with_a_reader_and_the_log_says_so() {
    let home = Home::with_vault();
    let first = session(&home, "web-1", 0).hex();
    let second = session(&home, "web-2", 10).hex();
    let kept = session(&home, "web-3", 20).hex();
    let reader = Home::with_vault();
    let key = reader.read(&["vault", "recipient"]);
    let key = key.trim();
    let file = home.path().join("x.bundle");
    let file = file.to_str().unwrap();
    let words = ["export", &first, "--with", &second, "--to", key, "-o", file];
    let done = home.rec(&words).output().unwrap();
    check(&done);
    assert!(
        said(&done).contains("2 sessions") && said(&done).contains("1 reader"),
        "{}",
        said(&done)
    );
    assert_eq!(
        home.rec(&words).output().unwrap().status.code(),
        Some(2),
        "never over a file"
    );
    for (words, why) in [
        (
            &["export", &first, "--to", "age1nokey", "-o", "y"][..],
            "this is no public key",
        ),
        (
            &["export", &first, "--to", "AGE-SECRET-KEY-1QPZRY", "-o", "y"],
            "it is a secret one",
        ),
        (
            &["export", &first, "--to", key],
            "a bundle is written to a file",
        ),
        (
            &["export", &first, "--to", key, "--to", "1:00", "-o", "y"],
            "whole sessions",
        ),
    ] {
        let refused = home.rec(words).output().unwrap();
        assert_eq!(refused.status.code(), Some(2));
        assert!(said(&refused).contains(why), "{}", said(&refused));
        assert!(!said(&refused).contains("QPZRY"), "{}", said(&refused));
    }
    assert!(!home.path().join("y").exists());

    let done = reader.rec(&["import", file]).output().unwrap();
    check(&done);
    assert!(
        said(&done).contains("took in 2 sessions, masked again"),
        "{}",
        said(&done)
    );
    let listed = reader.json(&["ls"]);
    let ids: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [second.as_str(), first.as_str()]);
    assert!(
        reader
            .read(&["show", &second, "--text"])
            .contains("up 3 days")
    );
    let own = home.rec(&["import", file]).output().unwrap();
    assert_eq!(own.status.code(), Some(2));
    assert!(
        said(&own).contains("sealed to another key"),
        "{}",
        said(&own)
    );
    for home in [&home, &reader] {
        check(&home.rec(&["vault", "verify"]).output().unwrap());
    }

    // age and zstd alone show what is in it.
    let script = format!(
        "age -d -i {} {file} | zstd -dc | head -1",
        reader.vault().join("identity.txt").display()
    );
    let head = check(&reader.command("sh").args(["-c", &script]).output().unwrap());
    assert_eq!(head, "{\"rec_bundle\":1,\"sessions\":2}\n");

    let reads = home.json(&["vault", "reads"]);
    let last = &reads.as_array().unwrap()[0];
    assert_eq!(last["verb"], "export");
    assert_eq!(last["sessions"], serde_json::json!([first, second]));
    assert!(!last["sessions"].as_array().unwrap().contains(&kept.into()));
    let db = rusqlite::Connection::open(home.vault().join("vault.db")).unwrap();
    let shared: i64 = db
        .query_row(
            "SELECT count(*) FROM log WHERE instr(body, ?1) AND instr(body, '\"shared\"')",
            [key],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(shared, 2);
}
