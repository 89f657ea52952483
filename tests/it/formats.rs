//! Vaults of every released format can still be read, verified and recorded into.

use crate::support::{Home, check};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Puts a copy of a fixture where this home's vault belongs.
fn place(home: &Home, fixture: &str) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(fixture);
    let vault = home.vault();
    fs::create_dir(&vault).unwrap();
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&vault, 0o700);
    for name in ["vault.db", "keyslots.age", "seal.seed", "identity.txt"] {
        let to = vault.join(name);
        fs::copy(from.join(name), &to).unwrap();
        mode(&to, 0o600);
    }
}

#[test]
fn a_vault_of_format_1_is_read_verified_and_recorded_into() {
    let home = Home::new();
    place(&home, "vault-1");
    check(&home.rec(&["vault", "verify"]).output().unwrap());
    let listed = home.json(&["ls"]);
    let states: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|session| session["status"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["closed", "interrupted", "closed"]);
    let shown = home.json(&["show", "5df0", "--output", "all"]);
    assert_eq!(shown[0]["exit"], 3);
    let commands = shown[0]["commands"].as_array().unwrap();
    assert_eq!(commands[0]["text"], "echo first fixture session");
    assert_eq!(commands[1]["output"], "8831 stuck\n8832 stuck");
    let hits = home.json(&["search", "fixture"]);
    assert_eq!(hits.as_array().unwrap().len(), 2);
    assert!(
        !home
            .read(&["show", "de48", "--text"])
            .contains("not-a-real")
    );

    let mut t = home.terminal(&["sh", "-c", "echo once more"]);
    assert!(t.wait().success());
    assert_eq!(home.json(&["ls"]).as_array().unwrap().len(), 4);
    check(&home.rec(&["vault", "verify"]).output().unwrap());
}
