//! A key that an age plugin holds: rec speaks to the program `age-plugin-…` and never sees the key.

use crate::support::{Home, check, tool};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A plugin as its specification has it (C2SP, age-plugin.md), whose "hardware" is its identity's
/// sixteen bytes. `REFUSE` makes it answer as one whose key is not plugged in.
const PLUGIN: &str = r#"#!/usr/bin/env python3
import base64, os, sys
KEY = b"sixteen bytes ok"
lines = sys.stdin.buffer
def receive():
    head = lines.readline().decode().split()
    assert head[0] == "->", head
    body = ""
    while True:
        line = lines.readline().decode().rstrip("\n")
        body += line
        if len(line) < 64:
            return head[1:], base64.b64decode(body + "=" * (-len(body) % 4))
def send(*words, body=b""):
    text = base64.b64encode(body).decode().rstrip("=")
    out = "-> " + " ".join(words) + "\n" + "".join(text[n:n + 64] + "\n" for n in range(0, len(text) + 1, 64))
    sys.stdout.write(out)
    sys.stdout.flush()
def turned(data):
    return bytes(a ^ b for a, b in zip(data, KEY))
told = []
while True:
    words, body = receive()
    if words[0] == "done":
        break
    told.append((words, body))
with open(os.environ["PLUGIN_LOG"], "a") as log:
    log.write(sys.argv[1] + "\n")
if os.environ.get("REFUSE"):
    send("error", "internal", body=b"no such hardware is plugged in")
    receive()
elif sys.argv[1] == "--age-plugin=recipient-v1":
    keys = [body for words, body in told if words[0] == "wrap-file-key"]
    for n, key in enumerate(keys):
        send("recipient-stanza", str(n), "rectest", body=turned(key))
        receive()
else:
    assert any(words[0] == "add-identity" for words, _ in told), told
    for words, body in told:
        if words[0] == "recipient-stanza" and words[2] == "rectest":
            send("file-key", words[1], body=turned(body))
            receive()
send("done")
"#;

const IDENTITY: &str = "AGE-PLUGIN-RECTEST-1WD5HSAR9V4HZQCNEW3JHXGR0DVQFHDMC";
const RECIPIENT: &str = "age1rectest1wd5hsar9v4hzqcnew3jhxgr0dvzhzrct";

/// A verb that must unlock.
const UNLOCKING: &[&str] = &["vault", "add-slot", "--recovery"];

fn write(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn an_age_plugin_opens_the_vault() {
    tool("python3", "python3");
    let mut home = Home::new();
    let programs = home.path().join("programs");
    std::fs::create_dir(&programs).unwrap();
    let plugin = programs.join("age-plugin-rectest");
    write(&plugin, PLUGIN, 0o755);
    let log = home.path().join("plugin.log");
    let path = std::env::var("PATH").unwrap();
    home.set("PATH", format!("{}:{path}", programs.display()));
    home.set("PLUGIN_LOG", &log);
    let identity = home.path().join("plugin.key");
    write(&identity, &format!("# a token\n{IDENTITY}\n"), 0o600);
    let identity = identity.to_str().unwrap();

    check(
        &home
            .rec(&["init", "--identity", identity])
            .output()
            .unwrap(),
    );
    home.read(UNLOCKING);
    let asked = std::fs::read_to_string(&log).unwrap();
    assert!(asked.contains("--age-plugin=recipient-v1"), "{asked}");
    assert!(asked.contains("--age-plugin=identity-v1"), "{asked}");

    // Recording needs no secret: the plugin is not even started.
    std::fs::remove_file(&log).unwrap();
    check(
        &home
            .rec(&["run", "--always", "--", "true"])
            .output()
            .unwrap(),
    );
    assert!(!log.exists());

    // Its public key alone is enough for a slot.
    let public = home.path().join("plugin.pub");
    write(&public, &format!("{RECIPIENT}\n"), 0o600);
    home.read(&["vault", "add-slot", "--identity", public.to_str().unwrap()]);

    home.set("REFUSE", "1");
    let refused = home.rec(UNLOCKING).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("the vault is locked"), "{said}");
    std::fs::remove_file(&plugin).unwrap();
    let missing = home.rec(UNLOCKING).output().unwrap();
    let said = String::from_utf8_lossy(&missing.stderr);
    assert_eq!(missing.status.code(), Some(2), "{said}");
    assert!(
        said.contains("age-plugin-rectest"),
        "which program is missing:\n{said}"
    );
}
