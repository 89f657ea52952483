//! P2: a secret that was typed is nowhere in the vault, however it was typed.

use super::{cast, commands, only, wait_until};
use crate::support::{Home, Terminal};
use std::path::Path;

/// Every file below a directory, as it is.
fn raw(dir: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes.extend(raw(&path));
        } else if path.is_file() {
            bytes.extend(std::fs::read(&path).unwrap());
        }
    }
    bytes
}

/// All that can be read of the newest session, and every byte that rec keeps.
fn everything(home: &Home) -> String {
    let mut all = cast(home);
    all += &home.read(&["show", "@last", "--text"]);
    all += &home.read(&["show", "@last", "--json", "--output", "all"]);
    all += &home.read(&["export", "@last", "--format", "json"]);
    for place in ["data", "state", "cache", "run", "config"] {
        all += &String::from_utf8_lossy(&raw(&home.path().join(place)));
    }
    all
}

fn key_by_key(t: &Terminal, keys: &str) {
    for key in keys.bytes() {
        // Each is echoed by itself: that is seen before the next is typed.
        let before = t.bytes().len();
        t.keys([key]);
        wait_until("it is echoed", || t.bytes().len() > before);
    }
}

#[test]
fn password_off_disk() {
    let home = Home::with_vault();
    let script =
        "stty -echo; printf 'Password: '; read p; stty echo; echo; echo \"again: $p\"; echo done";
    let mut t = home.terminal(&["sh", "-c", script]);
    t.wait_for("Password:");
    t.keys("Tr0ub4dor-and-3\r");
    t.wait_for("done");
    t.wait();
    let all = everything(&home);
    assert!(all.contains("done"), "it was recorded");
    assert!(!all.contains("Tr0ub4dor"), "{}", cast(&home));
}

#[test]
fn secrets_typed_key_by_key_are_masked() {
    let home = Home::with_vault();
    let mut t = home.terminal(&["bash", "--norc", "--noprofile", "-i"]);
    t.wait_for("$");
    key_by_key(&t, "export PGPASSWORD=Geh31mnis-77\r");
    key_by_key(
        &t,
        "echo ghp_0123456789abcdefABCDEF0123456789abcd\x7f\x7fxy > /dev/null\r",
    );
    key_by_key(&t, "echo $PGPASSWORD; echo fin\"\"ished\r");
    t.wait_for("finished");
    t.keys("exit\r");
    t.wait();
    let all = everything(&home);
    for secret in ["Geh31mnis-77", "ghp_0123456789abcdef", "Geh31mn"] {
        assert!(!all.contains(secret), "{secret}: {}", cast(&home));
    }
    let commands = commands(&home);
    assert!(
        commands[0].starts_with("export PGPASSWORD=*"),
        "{commands:?}"
    );
    assert!(only(&home)["masked"].as_u64() > Some(0));
}

#[test]
fn secrets_of_words_and_environment_are_masked() {
    let home = Home::with_vault();
    let mut command = home.rec(&[
        "sh",
        "-c",
        "echo \"$1 $DB_PASSWORD\"; env | grep -c PWD; pwd",
        "x",
    ]);
    command
        .arg("postgres://ada:W0rdOfSecret9@db/app")
        .env("DB_PASSWORD", "An0ther-secret");
    let mut t = Terminal::open(&command, 100, 30);
    t.wait();
    let all = everything(&home);
    for secret in ["W0rdOfSecret9", "An0ther-secret"] {
        assert!(!all.contains(secret), "{secret}: {}", cast(&home));
    }
    let session = only(&home);
    let here = home.path().to_str().unwrap();
    assert_eq!(
        session["directory"], here,
        "a working directory is no password"
    );
    assert!(
        all.contains(&format!("{here}\n")) || all.contains(&format!("{here}\\r\\n")),
        "{}",
        cast(&home)
    );
}

#[test]
fn nothing_of_a_session_is_in_clear_in_any_file() {
    let home = Home::with_vault();
    let mut t = home.terminal(&["sh", "-c", "read x; echo \"$x of the session\""]);
    t.keys("clearwords\r");
    t.wait_for("clearwords of the session");
    t.wait();
    for place in ["data", "state", "cache", "run"] {
        let bytes = raw(&home.path().join(place));
        for word in [&b"clearwords"[..], b"of the session"] {
            assert!(!bytes.windows(word.len()).any(|at| at == word), "{place}");
        }
    }
    assert!(cast(&home).contains("clearwords"));
}

/// Shows a secret, and then, whose halves stand apart on the screen, once more in the bytes.
fn doubtful(home: &Home) -> Terminal {
    let script = home.path().join("doubtful.sh");
    let lines = "echo 'export PGPASSWORD=Geh31mnis-77'; echo before\n\
        printf 'say Geh31m\\033[9Cnis-77\\n'; echo after\n";
    std::fs::write(&script, lines).unwrap();
    let mut t = home.terminal(&["sh", script.to_str().unwrap()]);
    t.wait();
    t
}

#[test]
fn what_the_second_look_dropped_is_told() {
    let home = Home::with_vault();
    doubtful(&home);
    let all = everything(&home);
    assert!(
        !all.contains("Geh31m") && !all.contains("nis-77"),
        "{}",
        cast(&home)
    );
    let text = home.read(&["show", "@last", "--text"]);
    assert!(text.contains("before") && text.contains("after"), "{text}");
    let shown = home.read(&["show", "@last"]);
    assert!(
        shown.contains("Not seen: ") && !shown.contains("Not seen: nothing"),
        "{shown}"
    );
    assert!(shown.contains("still looked like a secret"), "{shown}");
    assert_eq!(only(&home)["gaps_by_kind"]["unmaskable"], 1);
}

#[test]
fn what_the_second_look_doubts_is_kept_when_it_is_configured_so() {
    let home = Home::with_vault();
    home.configure("[mask]\non_doubt = 'keep'\n");
    let t = doubtful(&home);
    assert!(String::from_utf8_lossy(&t.bytes()).contains("nis-77"));
    let text = home.read(&["show", "@last", "--text"]);
    assert!(text.contains("nis-77") && text.contains("after"), "{text}");
    let shown = home.read(&["show", "@last"]);
    assert!(shown.contains("kept as configured"), "{shown}");
    assert_eq!(only(&home)["gaps_by_kind"]["unmaskable"], 1);
}
