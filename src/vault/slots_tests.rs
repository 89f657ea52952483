//! Slots that someone put there who can write the vault's files and has no key: none of them gets one.

use super::create::NewWay;
use super::log::What;
use super::tests::{file_vault, output, record, unlocked};
use super::*;
use age::secrecy::SecretString;
use rusqlite::Connection;
use std::fs;

fn verified(paths: &Paths) -> Vec<Wrong> {
    let report = Vault::open(paths).unwrap().verify(None).unwrap();
    report.findings.iter().map(|f| f.wrong).collect()
}

/// Alters the slots and their copy, as whoever can write the files can.
fn alter(paths: &Paths, sql: &str) {
    let conn = Connection::open(paths.vault.join("vault.db")).unwrap();
    conn.execute_batch(sql).unwrap();
    slots::copy(&paths.vault, &conn).unwrap();
}

/// As [`alter`], and signs for it with the seed, which stands beside the database.
fn alter_signed(paths: &Paths, sql: &str) {
    let mut conn = Connection::open(paths.vault.join("vault.db")).unwrap();
    log::write(&paths.vault, &mut conn, |log| {
        log.conn().execute_batch(sql).unwrap();
        let slots = slots::hash(log.conn())?;
        let own = Vec::new();
        log.add(What::Slots { slots, own })
    })
    .unwrap();
    slots::copy(&paths.vault, &conn).unwrap();
}

fn insert(kind: &str, place: &str) -> String {
    format!(
        "INSERT INTO slots (kind, place, day, sealed) VALUES ('{kind}', '{place}', 20000, x'00')"
    )
}

fn rekey(paths: &Paths, ask: &mut dyn Ask) -> Result<(), Error> {
    unlocked(paths).rekey(paths, &Means::default(), ask)
}

/// Says the same to everything, and keeps what it was told.
struct Says(bool, Vec<String>);

impl Ask for Says {
    fn present(&self) -> bool {
        true
    }

    fn passphrase(&mut self, _question: &str) -> Option<SecretString> {
        None
    }

    fn agrees(&mut self, question: &str) -> bool {
        self.1.push(question.to_owned());
        self.0
    }

    fn tell(&mut self, line: &str) {
        self.1.push(line.to_owned());
    }
}

#[test]
fn a_slot_that_nobody_signed_for_gets_no_new_key_and_no_signature() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    record(&paths, &[output(1, "x")]);
    let recovery = unlocked(&paths).add_slot(NewWay::Recovery).unwrap().id;
    let theirs = Identity::generate().recipient().to_string();
    alter(&paths, &insert("recovery", &theirs));
    assert_eq!(verified(&paths), [Wrong::Altered]);
    let recipient = unlocked(&paths).vault().recipient().clone();
    // What adds a slot signs for all of them.
    let added = unlocked(&paths).add_slot(NewWay::Recovery);
    assert!(matches!(added, Err(Error::SlotsUnowned)));
    let refused = rekey(&paths, &mut Nobody);
    assert!(matches!(refused, Err(Error::SlotsUnowned)));
    let mut no = Says(false, Vec::new());
    assert!(matches!(rekey(&paths, &mut no), Err(Error::SlotsUnowned)));
    let line = no.1.iter().find(|line| line.contains(&theirs)).unwrap();
    assert!(line.contains("slot 3"), "{line}");
    assert!(*unlocked(&paths).vault().recipient() == recipient);
    // Nor is it signed for when another one goes.
    Vault::open(&paths).unwrap().remove_slot(recovery).unwrap();
    assert_eq!(verified(&paths), [Wrong::Altered]);
    Vault::open(&paths).unwrap().remove_slot(3).unwrap();
    assert_eq!(verified(&paths), [Wrong::Altered], "slot 2 is missed");
    let mut yes = Says(true, Vec::new());
    rekey(&paths, &mut yes).unwrap();
    assert!(yes.1.iter().all(|line| !line.contains(&theirs)));
    assert_eq!(verified(&paths), []);
    // And so it is with those that were signed for.
    unlocked(&paths).add_slot(NewWay::Recovery).unwrap();
    rekey(&paths, &mut Nobody).unwrap();
    assert_eq!(verified(&paths), []);
}

/// The seed stands beside the database: who has copied the one can sign what they put into the other.
#[test]
fn a_slot_that_a_copied_seed_signed_for_gets_no_new_key() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let recovery = unlocked(&paths).add_slot(NewWay::Recovery).unwrap().id;
    rekey(&paths, &mut Nobody).unwrap();
    let theirs = Identity::generate().recipient().to_string();
    for sql in [
        insert("recovery", &theirs),
        format!("UPDATE slots SET place = '{theirs}' WHERE id = {recovery}"),
    ] {
        alter_signed(&paths, &sql);
        assert_eq!(verified(&paths), [], "without the key it does not show");
        let refused = rekey(&paths, &mut Nobody);
        assert!(matches!(refused, Err(Error::SlotsUnowned)));
        // What is added afterwards vouches for itself alone.
        unlocked(&paths).add_slot(NewWay::Recovery).unwrap();
        let refused = rekey(&paths, &mut Nobody);
        assert!(matches!(refused, Err(Error::SlotsUnowned)));
        alter_signed(
            &paths,
            &format!("DELETE FROM slots WHERE place = '{theirs}'"),
        );
        rekey(&paths, &mut Nobody).unwrap();
    }
}

/// The log's last word is not enough: who has no seed can write a line as well.
#[test]
fn an_entry_that_is_not_signed_vouches_for_no_slot() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    record(&paths, &[output(1, "x")]);
    let theirs = Identity::generate().recipient().to_string();
    alter(&paths, &insert("recovery", &theirs));
    let conn = Connection::open(paths.vault.join("vault.db")).unwrap();
    let body: Vec<u8> = conn
        .query_row("SELECT body FROM log ORDER BY n DESC LIMIT 1", [], |row| {
            row.get(0)
        })
        .unwrap();
    let mut entry: log::Entry = serde_json::from_slice(&body).unwrap();
    entry.what = What::Slots {
        slots: slots::hash(&conn).unwrap(),
        own: Vec::new(),
    };
    let body = serde_json::to_vec(&entry).unwrap();
    conn.execute(
        "UPDATE log SET body = ?1 WHERE n = (SELECT max(n) FROM log)",
        [body],
    )
    .unwrap();
    drop(conn);
    let refused = rekey(&paths, &mut Nobody);
    assert!(matches!(refused, Err(Error::SlotsUnowned)));
}

/// Where the new key is written in clear there must be the old one.
#[test]
fn no_key_is_written_over_a_file_that_held_none() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let notes = home.path().join("notes.txt");
    slots::replace_plain(&notes, &[]).unwrap();
    let before = fs::read(&notes).unwrap();
    alter_signed(&paths, &insert("file", notes.to_str().unwrap()));
    let refused = rekey(&paths, &mut Says(true, Vec::new()));
    assert!(matches!(refused, Err(Error::SlotAway { slot: 2, .. })));
    assert_eq!(fs::read(&notes).unwrap(), before);
}

#[test]
fn a_key_file_that_does_not_open_its_slot_gets_no_new_key() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let key = home.path().join("age.key");
    fs::write(&key, Identity::generate().expose().as_str()).unwrap();
    unlocked(&paths)
        .add_slot(NewWay::Identity(key.clone()))
        .unwrap();
    rekey(&paths, &mut Nobody).unwrap();
    let theirs = Identity::generate();
    fs::write(&key, theirs.expose().as_str()).unwrap();
    let refused = rekey(&paths, &mut Nobody);
    assert!(matches!(refused, Err(Error::SlotAway { slot: 2, .. })));
    // One that opens, and holds something else than the vault's key.
    let sealed = seal::encrypt(&[theirs.recipient().age()], b"nothing").unwrap();
    let hex = hex(&sealed);
    alter_signed(
        &paths,
        &format!("UPDATE slots SET sealed = x'{hex}' WHERE id = 2"),
    );
    let refused = rekey(&paths, &mut Says(true, Vec::new()));
    assert!(matches!(refused, Err(Error::SlotAway { slot: 2, .. })));
}

/// The other half of a key opens nothing, but the slot names the key that it is for.
#[test]
fn an_ssh_key_that_another_was_put_for_gets_no_new_key() {
    let ours = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEb3eRsA4FWiw6FWmUR1dS/xQmzdHfWo4SwX4hRy18ge\n";
    let theirs =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRjb0PN3EdRG7OCvPh3WV3cL4bydmVRdJPmcuJdhuVt\n";
    let age = Identity::generate().recipient().to_string();
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let key = home.path().join("id.pub");
    fs::write(&key, ours).unwrap();
    unlocked(&paths)
        .add_slot(NewWay::Identity(key.clone()))
        .unwrap();
    for other in [theirs, &age] {
        fs::write(&key, other).unwrap();
        let refused = rekey(&paths, &mut Nobody);
        assert!(matches!(refused, Err(Error::SlotAway { slot: 2, .. })));
    }
    fs::write(&key, ours).unwrap();
    rekey(&paths, &mut Nobody).unwrap();
}

#[test]
fn a_slot_that_names_a_pipe_is_not_waited_for() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let pipe = home.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    alter_signed(&paths, &insert("identity", pipe.to_str().unwrap()));
    fs::remove_file(paths.vault.join("identity.txt")).unwrap();
    let locked = Vault::open(&paths)
        .unwrap()
        .unlock_with(&Means::default(), &mut Nobody);
    match locked {
        Err(Error::Locked(tried)) => assert!(tried.to_string().contains("plain file"), "{tried}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it has no key"),
    }
}

/// Neither does a salvage sign for what was put there, without a word, or bring back what was removed.
#[test]
fn a_salvage_takes_over_the_slots_that_were_signed_for() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    record(&paths, &[output(1, "x")]);
    let removed = unlocked(&paths).add_slot(NewWay::Recovery).unwrap().id;
    let copy = paths.vault.join("keyslots.age");
    let before = fs::read(&copy).unwrap();
    Vault::open(&paths).unwrap().remove_slot(removed).unwrap();
    let mut cases = 0;
    let mut salvaged = || {
        cases += 1;
        let to = Paths {
            vault: home.path().join(format!("salvaged{cases}")),
            ..paths.clone()
        };
        let means = Means::default();
        let taken = salvage(&to, &paths.vault, &means, &mut Nobody, &mut |_, _, _| {}).unwrap();
        assert_eq!(taken.sessions, 1);
        let slots = Vault::open(&to).unwrap().slots().unwrap();
        (slots.len(), taken.unowned)
    };
    fs::write(&copy, &before).unwrap();
    assert_eq!(salvaged(), (1, false), "an older copy brings nothing back");
    drop(unlocked(&paths));
    let conn = Connection::open(paths.vault.join("vault.db")).unwrap();
    conn.execute_batch("DELETE FROM slots").unwrap();
    assert_eq!(
        salvaged(),
        (1, false),
        "the copy has what the database lost"
    );
    drop(unlocked(&paths));
    alter(&paths, &insert("recovery", "age1theirs"));
    assert_eq!(salvaged(), (2, true));
}
