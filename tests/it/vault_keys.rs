//! Every way to unlock the vault, with the real programs: gnome-keyring, ssh-keygen, age-keygen, the
//! kernel's keyring; and that rec never hangs on one of them, nor makes a key anew.

use crate::support::{Home, Keyring, Terminal, check, tool};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// A verb that must unlock, and shows it by a slot more.
const UNLOCKING: &[&str] = &["vault", "add-slot", "--recovery"];

fn fails(output: &Output, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    tells(&said, words);
}

fn tells(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word} is not in:\n{said}");
    }
}

/// Makes an SSH key.
fn ssh_key(path: &Path, passphrase: &str) -> String {
    let made = Command::new(tool("ssh-keygen", "openssh-client"))
        .args(["-q", "-t", "ed25519", "-N", passphrase, "-f"])
        .arg(path)
        .output();
    check(&made.unwrap());
    path.to_str().unwrap().to_owned()
}

fn kinds(home: &Home) -> Vec<String> {
    let slots = home.json(&["vault", "slots"]);
    let slots = slots.as_array().unwrap().iter();
    slots
        .map(|slot| slot["kind"].as_str().unwrap().to_owned())
        .collect()
}

fn write(path: &Path, text: &str) -> String {
    std::fs::write(path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_login_keyring_keeps_the_key_and_its_loss_is_no_new_key() {
    let mut home = Home::new();
    let keyring = Keyring::start();
    keyring.join(&mut home);
    check(&home.rec(&["init"]).output().unwrap());
    assert_eq!(kinds(&home), ["keyring"]);
    home.read(UNLOCKING);

    // Another bus: a keyring that works and has no such key.
    let other = Keyring::start();
    other.join(&mut home);
    let locked = home.rec(UNLOCKING).output().unwrap();
    fails(
        &locked,
        &["the vault is locked", "no key for this vault", "rec unlock"],
    );
    let empty = Keyring::bus_only();
    empty.join(&mut home);
    fails(
        &home.rec(UNLOCKING).output().unwrap(),
        &["there is no keyring service"],
    );
    let again = home.rec(&["init"]).output().unwrap();
    fails(&again, &["there is already a vault"]);

    keyring.join(&mut home);
    home.read(UNLOCKING);
    assert_eq!(kinds(&home), ["keyring", "recovery", "recovery"]);
    let removed = home.rec(&["vault", "remove-slot", "1"]).output().unwrap();
    check(&removed);
    let said = String::from_utf8_lossy(&removed.stderr);
    assert!(said.contains("may have kept a copy"), "{said}");
    fails(
        &home.rec(UNLOCKING).output().unwrap(),
        &["the vault is locked"],
    );
}

#[test]
fn a_keyring_that_does_not_answer_is_not_waited_for() {
    let mut home = Home::new();
    let socket = home.path().join("deaf");
    let deaf = UnixListener::bind(&socket).unwrap();
    home.set(
        "DBUS_SESSION_BUS_ADDRESS",
        format!("unix:path={}", socket.display()),
    );
    let begun = Instant::now();
    let output = home.rec(&["init", "--key", "keyring"]).output().unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    fails(
        &output,
        &[
            "the login keyring cannot be used",
            "did not answer within 2 seconds",
            "--key passphrase",
        ],
    );
    assert!(!home.vault().exists(), "nothing is made without a key");
    drop(deaf);
}

#[test]
fn a_passphrase_comes_from_a_file_a_descriptor_or_the_terminal() {
    let mut home = Home::new();
    let file = write(&home.path().join("pass"), "correct horse\n");
    let no_terminal = home.rec(&["init", "--key", "passphrase"]).output().unwrap();
    fails(&no_terminal, &["no terminal", "REC_PASSPHRASE_FILE"]);

    home.set("REC_PASSPHRASE_FILE", &file);
    check(&home.rec(&["init", "--key", "passphrase"]).output().unwrap());
    home.read(UNLOCKING);
    let script = format!("REC_PASSPHRASE_FILE=9 rec vault add-slot --recovery 9< {file}");
    check(&home.command("sh").args(["-c", &script]).output().unwrap());

    let wrong = write(&home.path().join("wrong"), "battery staple\n");
    home.set("REC_PASSPHRASE_FILE", &wrong);
    fails(
        &home.rec(UNLOCKING).output().unwrap(),
        &["that passphrase does not open the vault"],
    );
    home.set("REC_PASSPHRASE_FILE", "");
    fails(
        &home.rec(UNLOCKING).output().unwrap(),
        &["the vault is locked"],
    );

    let mut terminal = home.terminal(UNLOCKING);
    terminal.wait_for("Passphrase or recovery key of the vault:");
    terminal.keys("not it\r");
    // Only from the next question on is what is typed unseen.
    terminal.wait_until("the second question", |screen| {
        screen.matches("Passphrase or recovery key").count() == 2
    });
    terminal.keys("correct horse\r");
    terminal.wait_for("added slot");
    assert!(terminal.wait().success());
    assert!(
        !terminal.transcript().contains("horse"),
        "what is typed is not shown"
    );
}

#[test]
fn a_question_is_declined_with_escape_and_changes_nothing() {
    for key in ["\x1b", "\x03"] {
        let home = Home::new();
        let before = |terminal: &Terminal| terminal.termios().local_modes;
        let mut terminal = home.shell("rec init --key passphrase; echo left $?; read wait");
        terminal.wait_for("New passphrase:");
        terminal.keys(key);
        terminal.wait_for("cancelled, nothing was changed");
        terminal.wait_for("left 2");
        assert!(before(&terminal).contains(rustix::termios::LocalModes::ECHO));
        assert!(!home.vault().exists());
        terminal.keys("\r");
        terminal.wait();
    }
}

#[test]
fn ssh_and_age_keys_open_the_vault() {
    let mut home = Home::new();
    let ssh = ssh_key(&home.path().join("id_ed25519"), "");
    let age = home.path().join("age.key");
    let made = Command::new(tool("age-keygen", "age"))
        .arg("-o")
        .arg(&age)
        .output()
        .unwrap();
    check(&made);

    check(&home.rec(&["init", "--identity", &ssh]).output().unwrap());
    home.read(&["vault", "add-slot", "--identity", age.to_str().unwrap()]);
    assert_eq!(kinds(&home), ["identity", "identity"]);
    // The remembered path is enough; elsewhere the variable is.
    let moved = home.path().join("moved.key");
    std::fs::rename(&age, &moved).unwrap();
    home.read(UNLOCKING);
    std::fs::remove_file(&ssh).unwrap();
    fails(
        &home.rec(UNLOCKING).output().unwrap(),
        &["the vault is locked", "id_ed25519"],
    );
    home.set("REC_IDENTITY_FILE", &moved);
    home.read(UNLOCKING);
    let other = home.path().join("other.key");
    let made = Command::new(tool("age-keygen", "age"))
        .arg("-o")
        .arg(&other)
        .output()
        .unwrap();
    check(&made);
    home.set("REC_IDENTITY_FILE", &other);
    fails(
        &home.rec(UNLOCKING).output().unwrap(),
        &["does not open this vault"],
    );
    home.set("REC_IDENTITY_FILE", home.path().join("none"));
    fails(
        &home.rec(UNLOCKING).output().unwrap(),
        &["cannot read the key"],
    );
    let bad = write(&home.path().join("bad"), "hunter2-is-in-here\n");
    home.set("REC_IDENTITY_FILE", bad);
    let output = home.rec(UNLOCKING).output().unwrap();
    fails(&output, &["holds no usable age or SSH key"]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter2"));
}

#[test]
fn an_encrypted_ssh_key_is_asked_for_once() {
    let home = Home::new();
    let ssh = ssh_key(&home.path().join("id"), "open sesame");
    check(&home.rec(&["init", "--identity", &ssh]).output().unwrap());
    fails(
        &home.rec(UNLOCKING).output().unwrap(),
        &["the vault is locked"],
    );
    let mut terminal = home.terminal(UNLOCKING);
    terminal.wait_for("Passphrase of ");
    terminal.keys("open sesame\r");
    terminal.wait_for("added slot 2");
    assert!(terminal.wait().success());
    let asked = terminal.transcript().matches("Passphrase of ").count();
    assert_eq!(asked, 1, "{}", terminal.transcript());
}

/// ssh-keygen writes more forms than age reads, and writes a key of each anew in one that it does.
#[test]
fn an_encrypted_ssh_key_in_another_form_says_how_to_write_it_anew() {
    let keygen = |args: &[&str]| {
        let made = Command::new(tool("ssh-keygen", "openssh-client"))
            .args(args)
            .output();
        check(&made.unwrap());
    };
    for (form, is_read) in [
        ("-t rsa -m PEM", false),
        ("-t rsa -m PKCS8", false),
        ("-t rsa -m RFC4716", true),
        ("-t ed25519 -Z chacha20-poly1305@openssh.com", false),
        ("-t ed25519 -Z aes256-gcm@openssh.com", true),
    ] {
        let home = Home::with_vault();
        let key = home.path().join("id").to_str().unwrap().to_owned();
        let how: Vec<&str> = form.split(' ').collect();
        keygen(&[&how, &["-q", "-N", "open sesame", "-f", &key][..]].concat());
        let add = ["vault", "add-slot", "--identity", &key];
        if !is_read {
            let refused = home.rec(&add).output().unwrap();
            fails(&refused, &[&format!("ssh-keygen -p -f {key} ")]);
            let same = ["-P", "open sesame", "-N", "open sesame"];
            keygen(&[&["-q", "-p", "-f", &key], &same[..]].concat());
        }
        check(&home.rec(&add).output().unwrap());
        std::fs::remove_file(home.vault().join("identity.txt")).unwrap();
        let asked_by_nobody = home.rec(UNLOCKING).output().unwrap();
        fails(&asked_by_nobody, &[&format!("{key} has a passphrase")]);
        let mut terminal = home.terminal(UNLOCKING);
        terminal.wait_for("Passphrase of ");
        terminal.keys("open sesame\r");
        terminal.wait_for("added slot 3");
        assert!(terminal.wait().success(), "{form}");
    }
}

#[test]
fn a_recovery_key_opens_what_lost_its_other_key() {
    let mut home = Home::with_vault();
    let key = home.read(UNLOCKING);
    assert!(key.starts_with("AGE-SECRET-KEY-1"), "{key}");
    std::fs::remove_file(home.vault().join("identity.txt")).unwrap();
    fails(
        &home.rec(UNLOCKING).output().unwrap(),
        &["identity.txt is gone"],
    );

    let mut terminal = home.terminal(UNLOCKING);
    terminal.wait_for("Recovery key of the vault:");
    terminal.keys(format!("{}\r", key.trim()));
    terminal.wait_for("added slot");
    assert!(terminal.wait().success());
    let file = write(&home.path().join("recovery"), &key);
    home.set("REC_IDENTITY_FILE", file);
    home.read(UNLOCKING);
}

#[test]
fn an_unlocked_vault_stays_so_in_every_terminal_until_it_is_locked() {
    let mut home = Home::new();
    let pass = write(&home.path().join("pass"), "correct horse\n");
    home.set("REC_PASSPHRASE_FILE", pass);
    check(&home.rec(&["init", "--key", "passphrase"]).output().unwrap());
    check(&home.rec(&["unlock", "--for", "1h"]).output().unwrap());
    home.set("REC_PASSPHRASE_FILE", "");
    // A session of its own is what another terminal's processes are in.
    let mut other = home.command("setsid");
    other.args(["--wait", "rec"]).args(UNLOCKING);
    check(&other.output().unwrap());
    check(&home.rec(&["lock"]).output().unwrap());
    fails(
        &home.rec(UNLOCKING).output().unwrap(),
        &["the vault is locked"],
    );
    let keys = std::fs::read_to_string("/proc/keys").unwrap_or_default();
    let id = kernel_name(&home);
    // One that is invalidated (i, keyrings(7)) can no longer be read; the kernel drops its line later.
    let invalid = |line: &&str| {
        line.split(' ')
            .nth(1)
            .is_some_and(|flags| flags.contains('i'))
    };
    let mut left = keys.lines().filter(|line| line.contains(&id));
    assert!(left.all(|line| invalid(&line)), "{keys}");
}

#[test]
fn a_lock_says_what_still_opens_the_vault() {
    let mut home = Home::with_vault();
    let said = |home: &Home| {
        let output = home.rec(&["lock"]).output().unwrap();
        check(&output);
        String::from_utf8(output.stderr).unwrap()
    };
    check(&home.rec(&["unlock"]).output().unwrap());
    tells(
        &said(&home),
        &[
            "is forgotten, but the vault is not locked",
            "slot 1 opens it",
            "identity.txt, in clear",
            "rec vault add-slot --passphrase, then rec vault remove-slot 1",
        ],
    );
    let pass = write(&home.path().join("pass"), "correct horse\n");
    home.set("REC_PASSPHRASE_FILE", &pass);
    home.read(&["vault", "add-slot", "--passphrase"]);
    let ssh = ssh_key(&home.path().join("id"), "");
    home.read(&["vault", "add-slot", "--identity", &ssh]);
    home.read(&["vault", "remove-slot", "1"]);
    let text = said(&home);
    tells(
        &text,
        &[
            "kept no key, but the vault is not locked",
            "id, which has no passphrase",
            "REC_PASSPHRASE_FILE opens it",
            "now on: rec vault remove-slot 3, then unset REC_PASSPHRASE_FILE",
        ],
    );
    assert!(!text.contains("identity.txt"), "{text}");
    home.set("REC_PASSPHRASE_FILE", "");
    let encrypted = Command::new(tool("ssh-keygen", "openssh-client"))
        .args(["-q", "-p", "-N", "rosebud", "-f"])
        .arg(&ssh)
        .output()
        .unwrap();
    check(&encrypted);
    assert_eq!(said(&home), "rec: it was locked already\n");
    fails(
        &home.rec(UNLOCKING).output().unwrap(),
        &["the vault is locked"],
    );
}

/// The name of the vault's key in the kernel, by its id in the database.
fn kernel_name(home: &Home) -> String {
    let db = rusqlite::Connection::open(home.vault().join("vault.db")).unwrap();
    let id: Vec<u8> = db
        .query_row("SELECT id FROM vault", [], |row| row.get(0))
        .unwrap();
    let hex: String = id.iter().map(|b| format!("{b:02x}")).collect();
    format!("rec:{hex}")
}

#[test]
fn an_unlock_ends_when_its_time_is_over() {
    let mut home = Home::new();
    let pass = write(&home.path().join("pass"), "correct horse\n");
    home.set("REC_PASSPHRASE_FILE", pass);
    check(&home.rec(&["init", "--key", "passphrase"]).output().unwrap());
    check(&home.rec(&["unlock", "--for", "2s"]).output().unwrap());
    home.set("REC_PASSPHRASE_FILE", "");
    home.read(UNLOCKING);
    let until = Instant::now() + Duration::from_secs(20);
    while home.rec(UNLOCKING).output().unwrap().status.success() {
        assert!(Instant::now() < until, "it is still unlocked");
    }
}

#[test]
fn the_key_file_is_private_and_is_not_overwritten() {
    let home = Home::new();
    let key = home.path().join("backup.key");
    let way = format!("file={}", key.display());
    check(&home.rec(&["init", "--key", &way]).output().unwrap());
    let text = std::fs::read_to_string(&key).unwrap();
    assert!(text.contains("\nAGE-SECRET-KEY-1"), "{text}");
    home.read(UNLOCKING);
    let mode = |mode| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(0o644);
    fails(
        &home.rec(UNLOCKING).output().unwrap(),
        &["backup.key is open to other users", "chmod 600"],
    );
    mode(0o600);
    let other = home.path().join("other");
    let again = home
        .rec(&["--vault", other.to_str().unwrap(), "init", "--key", &way])
        .output()
        .unwrap();
    fails(&again, &["cannot create the key in", "backup.key"]);
    assert_eq!(std::fs::read_to_string(&key).unwrap(), text);
}

#[test]
fn a_rekey_takes_every_kind_of_slot_along() {
    let mut home = Home::new();
    let pass = write(&home.path().join("pass"), "correct horse\n");
    home.set("REC_PASSPHRASE_FILE", &pass);
    check(&home.rec(&["init", "--key", "passphrase"]).output().unwrap());
    let ssh = ssh_key(&home.path().join("id_ed25519"), "");
    check(
        &home
            .rec(&["vault", "add-slot", "--identity", &ssh])
            .output()
            .unwrap(),
    );
    let recovery = home.read(UNLOCKING);
    let mut t = home.terminal(&["sh", "-c", "echo of before"]);
    assert!(t.wait().success());

    fails(&home.rec(&["vault", "rekey"]).output().unwrap(), &["--yes"]);
    home.set("REC_PASSPHRASE_FILE", "");
    home.set("REC_IDENTITY_FILE", &ssh);
    let away = home.rec(&["vault", "rekey", "--yes"]).output().unwrap();
    fails(
        &away,
        &[
            "slot 1 (passphrase) cannot be made to open the new key",
            "remove-slot 1",
        ],
    );
    home.set("REC_PASSPHRASE_FILE", &pass);
    let done = home
        .rec(&["vault", "rekey", "--reseal", "--yes"])
        .output()
        .unwrap();
    check(&done);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(said.contains("sealed 1 session again"), "{said}");
    let mut t = home.terminal(&["sh", "-c", "echo of after"]);
    assert!(t.wait().success());
    check(&home.rec(&["vault", "verify"]).output().unwrap());

    let recovery = write(&home.path().join("recovery"), &recovery);
    for (pass, identity) in [
        ("", ssh.as_str()),
        (pass.as_str(), ""),
        ("", recovery.as_str()),
    ] {
        home.set("REC_PASSPHRASE_FILE", pass);
        home.set("REC_IDENTITY_FILE", identity);
        assert_eq!(home.json(&["ls"]).as_array().unwrap().len(), 2);
        assert!(home.read(&["show", "@2", "--text"]).contains("of before"));
    }
}

#[test]
fn no_key_is_added_a_second_time() {
    let mut home = Home::new();
    let pass = write(&home.path().join("pass"), "correct horse\n");
    home.set("REC_PASSPHRASE_FILE", &pass);
    check(&home.rec(&["init", "--key", "passphrase"]).output().unwrap());
    let key = |name: &str, passphrase: &str| ssh_key(&home.path().join(name), passphrase);
    let [plain, sealed] = [key("plain", ""), key("sealed", "its own")];
    let age = home.path().join("age.key");
    let made = Command::new(tool("age-keygen", "age"))
        .arg("-o")
        .arg(&age)
        .output()
        .unwrap();
    check(&made);
    let age = age.to_str().unwrap();
    for path in [&plain, &sealed, age] {
        home.read(&["vault", "add-slot", "--identity", path]);
    }
    // Under another name, and by its other half.
    let copy = write(
        &home.path().join("copy.key"),
        &std::fs::read_to_string(age).unwrap(),
    );
    let known = [
        (plain.clone(), 2),
        (format!("{plain}.pub"), 2),
        (sealed.clone(), 3),
        (format!("{sealed}.pub"), 3),
        (age.to_owned(), 4),
        (copy, 4),
    ];
    for (path, slot) in known {
        let again = home.rec(&["vault", "add-slot", "--identity", &path]);
        let said = format!("slot {slot} opens with that key already");
        fails(&{ again }.output().unwrap(), &[&said, "rec vault slots"]);
    }
    let again = home.rec(&["vault", "add-slot", "--passphrase"]).output();
    fails(&again.unwrap(), &["slot 1 opens with that key already"]);
    assert_eq!(kinds(&home).len(), 4);
    // Another one is another way in, also from a file whose key is another now.
    std::fs::remove_file(&plain).unwrap();
    key("plain", "");
    home.read(&["vault", "add-slot", "--identity", &plain]);
    let other = write(&home.path().join("other"), "battery staple\n");
    home.read(UNLOCKING);
    home.set("REC_IDENTITY_FILE", age);
    home.set("REC_PASSPHRASE_FILE", other);
    home.read(&["vault", "add-slot", "--passphrase"]);
    assert_eq!(kinds(&home).len(), 7);
}

#[test]
fn wrong_words_are_told_what_was_expected() {
    let home = Home::with_vault();
    let text = write(&home.path().join("text"), "no anchor\n");
    let dir = home.path().to_str().unwrap();
    let nowhere = format!("{dir}/nowhere/file");
    let table: &[(&[&str], &[&str])] = &[
        (
            &["remove-slot", "second"],
            &["a slot is a number, as rec vault slots lists it"],
        ),
        (
            &["restore", &nowhere],
            &["cannot read ", "/nowhere/file\n", "No such file"],
        ),
        (&["restore", dir], &["cannot read ", "directory"]),
        (
            &["merge", &nowhere],
            &["cannot read ", "/nowhere/file\n", "No such file"],
        ),
        (
            &["backup", &nowhere],
            &["cannot create ", "/nowhere/file\n", "No such file"],
        ),
        (
            &["verify", "--anchor", &nowhere],
            &["64 hex digits", "there is no such file"],
        ),
        (
            &["verify", "--anchor", &text],
            &["its last line is none", "64 hex digits"],
        ),
    ];
    for (words, told) in table {
        let output = home.rec(&["vault"]).args(*words).output().unwrap();
        fails(&output, told);
    }
    let reads = home.rec(&["vault", "reads"]).output().unwrap();
    check(&reads);
    let said = String::from_utf8_lossy(&reads.stderr);
    assert!(said.contains("no session was read yet"), "{said}");
}
