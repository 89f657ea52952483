//! What is installed beside the binary: manual pages and completions, made from the one clap tree,
//! and what they do in real shells.

use crate::support::{Home, Terminal, check, tool};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const REGENERATE: &str = "regenerate what is committed:
    rm -f man/*.1 && target/debug/rec util man man
    target/debug/rec util completions bash > completions/rec.bash
    target/debug/rec util completions zsh > completions/_rec
    target/debug/rec util completions fish > completions/rec.fish";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(dir: &Path) -> BTreeMap<String, String> {
    fs::read_dir(dir)
        .unwrap_or_else(|error| panic!("{}: {error}", dir.display()))
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

fn same(committed: &BTreeMap<String, String>, made: &BTreeMap<String, String>) {
    let names: BTreeSet<&String> = committed.keys().chain(made.keys()).collect();
    let differ: Vec<&&String> = names
        .iter()
        .filter(|name| committed.get(**name) != made.get(**name))
        .collect();
    assert!(differ.is_empty(), "{differ:?} differ; {REGENERATE}");
}

#[test]
fn committed_manual_pages_are_those_of_the_tree() {
    let home = Home::new();
    home.read(&["util", "man", "man"]);
    same(
        &files(&root().join("man")),
        &files(&home.path().join("man")),
    );
}

#[test]
fn committed_completions_are_those_of_the_tree() {
    let home = Home::new();
    let made = [("bash", "rec.bash"), ("zsh", "_rec"), ("fish", "rec.fish")]
        .map(|(shell, file)| (file.to_owned(), home.read(&["util", "completions", shell])));
    same(&files(&root().join("completions")), &BTreeMap::from(made));
}

#[test]
fn man_reads_every_page_without_complaint() {
    let home = Home::new();
    for page in files(&root().join("man")).keys() {
        let mut man = home.command(tool("man", "man-db"));
        man.args(["--warnings", "-E", "UTF-8", "-l"])
            .arg(root().join("man").join(page));
        let output = man.env("MANPAGER", "cat").output().unwrap();
        let text = check(&output);
        assert!(text.contains("SYNOPSIS"), "{page}: {text}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{page}");
    }
}

/// Types `line` and Tab at an interactive shell that has loaded `script`, and waits for `wanted`.
fn tab(home: &Home, shell: &[&str], load: &str, line: &str, wanted: &str) {
    let mut command = home.command(tool(shell[0], shell[0]));
    command.args(&shell[1..]);
    let t = Terminal::open(&command, 100, 30);
    // `ready` is not on the line typed, so that only its output is awaited.
    t.keys(format!("{load}; echo rea''dy\r"));
    t.wait_for("ready");
    t.keys(format!("{line}\t"));
    t.wait_for(wanted);
}

#[test]
fn bash_completes_verbs_options_and_clients() {
    let home = Home::new();
    let load = format!("source {}", root().join("completions/rec.bash").display());
    let bash = ["bash", "--norc", "--noprofile", "-i"];
    tab(&home, &bash, &load, "rec ut", "rec util");
    tab(&home, &bash, &load, "rec util comp", "rec util completions");
    tab(
        &home,
        &bash,
        &load,
        "rec util completions --com",
        "--command",
    );
    tab(&home, &bash, &load, "rec ssh-keyge", "rec ssh-keygen");
}

#[test]
fn zsh_completes_verbs_options_and_clients() {
    let home = Home::new();
    let load = format!(
        "fpath=({} $fpath); autoload -U compinit; compinit -u",
        root().join("completions").display()
    );
    let zsh = ["zsh", "-f", "-i"];
    tab(&home, &zsh, &load, "rec ut", "rec util");
    tab(&home, &zsh, &load, "rec util comp", "rec util completions");
    tab(
        &home,
        &zsh,
        &load,
        "rec util completions --com",
        "--command",
    );
    tab(&home, &zsh, &load, "rec ssh-keyge", "rec ssh-keygen");
}

#[test]
fn fish_completes_verbs_options_and_clients() {
    let home = Home::new();
    let asked = |line: &str| {
        let mut fish = home.command(tool("fish", "fish"));
        let script = root().join("completions/rec.fish");
        fish.args(["-c", "source $argv[1]; complete -C $argv[2]"]);
        check(&fish.arg(script).arg(line).output().unwrap())
    };
    assert!(asked("rec ut").starts_with("util\t"), "{}", asked("rec ut"));
    assert!(asked("rec util comp").starts_with("completions\t"));
    assert!(asked("rec util completions --com").starts_with("--command"));
    assert!(asked("rec ssh-key").contains("ssh-keygen\t"));
    // A client's words are the client's to complete.
    assert!(asked("rec fish --no-conf").starts_with("--no-config"));
}

#[test]
fn install_says_what_it_did_and_uninstall_takes_all_of_it_back() {
    let home = Home::new();
    let prefix = home.path().join("opt");
    let install = |args: &[&str]| {
        let mut script = home.command(root().join("install.sh"));
        script.arg("--prefix").arg(&prefix).args(args);
        check(&script.output().unwrap())
    };
    let said = install(&["--binary", env!("CARGO_BIN_EXE_rec")]);
    assert!(
        said.contains(prefix.join("bin/rec").to_str().unwrap()),
        "{said}"
    );
    assert!(said.contains("is not on your PATH"), "{said}");
    let version = home
        .command(prefix.join("bin/rec"))
        .arg("--version")
        .output()
        .unwrap();
    assert_eq!(
        check(&version),
        concat!("rec ", env!("CARGO_PKG_VERSION"), "\n")
    );
    let pages = files(&prefix.join("share/man/man1"));
    assert_eq!(pages, files(&root().join("man")));
    // The installed completions ask the installed rec, not the first of that name.
    let asked = prefix.join("bin/rec");
    for script in [
        "share/bash-completion/completions/rec",
        "share/zsh/site-functions/_rec",
        "share/fish/vendor_completions.d/rec.fish",
    ] {
        let text = fs::read_to_string(prefix.join(script)).unwrap();
        assert!(text.contains(asked.to_str().unwrap()), "{script}: {text}");
    }
    install(&["--binary", env!("CARGO_BIN_EXE_rec")]);
    install(&["--uninstall"]);
    let left = home
        .command("find")
        .arg(&prefix)
        .args(["-type", "f"])
        .output()
        .unwrap();
    assert_eq!(check(&left), "");
}

#[test]
fn install_leaves_another_rec_alone() {
    let home = Home::new();
    let bin = home.path().join("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("rec"), "#!/bin/sh\n# records sound\n").unwrap();
    for args in [
        &["--binary", env!("CARGO_BIN_EXE_rec")][..],
        &["--uninstall"],
    ] {
        let mut script = home.command(root().join("install.sh"));
        let output = script
            .arg("--prefix")
            .arg(home.path())
            .args(args)
            .output()
            .unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("is another program"), "{said}");
    }
    assert!(
        fs::read_to_string(bin.join("rec"))
            .unwrap()
            .contains("sound")
    );
}

#[test]
fn scripts_pass_shellcheck() {
    let home = Home::new();
    let mut shellcheck = home.command(tool("shellcheck", "shellcheck"));
    for script in ["install.sh", "tests/run.sh", ".ci/run"] {
        shellcheck.arg(root().join(script));
    }
    let output = shellcheck.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
fn doctor_names_what_is_wrong_and_says_so_by_its_status() {
    let mut home = Home::new();
    let bin = home.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let sox = bin.join("rec");
    fs::write(&sox, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&sox, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    // A client that hangs must not make doctor hang.
    let psql = bin.join("psql");
    fs::write(&psql, "#!/bin/sh\nexec sleep 600\n").unwrap();
    fs::set_permissions(&psql, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    home.set("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    let (other, status) = doctor(&home, "another rec");
    assert_eq!(
        (other["state"].as_str(), status),
        (Some("bad"), Some(1)),
        "{other}"
    );
    let (psql, _) = doctor(&home, "psql");
    assert!(
        psql["text"]
            .as_str()
            .unwrap()
            .contains("does not say its version"),
        "{psql}"
    );
    let (ssh, _) = doctor(&home, "ssh");
    assert!(
        ssh["text"].as_str().unwrap().starts_with("/usr/bin/ssh "),
        "{ssh}"
    );
}
/// One check of `rec doctor --json`, and doctor's exit status.
fn doctor(home: &Home, name: &str) -> (serde_json::Value, Option<i32>) {
    let output = home.rec(&["doctor", "--json"]).output().unwrap();
    let checks: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = checks
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["name"] == name);
    let found = found.unwrap_or_else(|| panic!("no {name} in {checks:#}"));
    (found.clone(), output.status.code())
}

#[test]
fn doctor_tells_of_vault_key_and_modes() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let (vault, status) = doctor(&home, "vault");
    assert_eq!(
        (vault["state"].as_str(), status),
        (Some("note"), Some(0)),
        "{vault}"
    );
    home.read(&["init", "--key", "file"]);
    let (vault, status) = doctor(&home, "vault");
    assert_eq!(
        (vault["state"].as_str(), status),
        (Some("ok"), Some(0)),
        "{vault}"
    );
    assert!(
        vault["text"].as_str().unwrap().contains("1 slot (file)"),
        "{vault}"
    );
    assert_eq!(doctor(&home, "key").0["text"], "opens without asking");
    assert_eq!(doctor(&home, "permissions").0["state"], "ok");

    let seed = home.vault().join("seal.seed");
    fs::set_permissions(&seed, fs::Permissions::from_mode(0o644)).unwrap();
    let (modes, status) = doctor(&home, "permissions");
    assert_eq!(
        (modes["state"].as_str(), status),
        (Some("bad"), Some(1)),
        "{modes}"
    );
    let hint = modes["hint"].as_str().unwrap();
    check(&home.command("/bin/sh").args(["-c", hint]).output().unwrap());
    assert_eq!(
        doctor(&home, "permissions").1,
        Some(0),
        "the hint does not help: {hint}"
    );

    fs::remove_file(home.vault().join("identity.txt")).unwrap();
    let (key, _) = doctor(&home, "key");
    assert_eq!(key["state"], "note", "{key}");
    assert!(key["text"].as_str().unwrap().starts_with("locked"), "{key}");
}

#[test]
fn aliases_load_in_each_shell_and_reach_rec() {
    let mut home = Home::new();
    let bin = home.path().join("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_rec"), bin.join("rec")).unwrap();
    let path = std::env::var("PATH").unwrap();
    home.set("PATH", format!("{}:{path}", bin.display()));
    // Not a terminal, so rec is the client in its place and the words arrive as they are.
    for (shell, how) in [
        (
            "bash",
            "shopt -s expand_aliases; eval \"$(rec util alias bash printf)\"\nprintf '%s|' a 'b c'",
        ),
        (
            "zsh",
            "setopt aliases; eval \"$(rec util alias zsh printf)\"\neval \"printf '%s|' a 'b c'\"",
        ),
        (
            "fish",
            "rec util alias fish printf | source; printf '%s|' a 'b c'",
        ),
    ] {
        let mut command = home.command(tool(shell, shell));
        command.args(["-c", how]);
        assert_eq!(check(&command.output().unwrap()), "a|b c|", "{shell}");
    }
}
