//! A disk that fails or is full while a session is recorded or forgotten: the session goes on, what is
//! said is true, and what was committed stays.

use crate::support::{Home, Terminal, check, tool};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// Longer than any writing takes on a machine that does much else.
const WRITTEN_MAX: Duration = Duration::from_secs(60);

/// Reads lines and answers them, until the end of its input.
const CLIENT: &str = "echo it runs; while read x; do echo got $x; done; exit 6";

/// A home whose vault's disk can be made to fail.
struct Failing {
    home: Home,
    fault: PathBuf,
}

impl Failing {
    fn new() -> Failing {
        let mut home = Home::with_vault();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/failing.c");
        let library = home.path().join("failing.so");
        let made = Command::new(tool("gcc", "gcc"))
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .arg(&library)
            .args([source, "-ldl"])
            .output()
            .unwrap();
        check(&made);
        let fault = home.path().join("fault");
        home.set("LD_PRELOAD", &library);
        home.set("REC_TEST_FAULT", &fault);
        Failing { home, fault }
    }

    /// From now on these calls fail, and only these.
    fn fail(&self, calls: &str) {
        // Nobody reads half of it.
        let new = self.home.path().join("fault.new");
        std::fs::write(&new, calls).unwrap();
        std::fs::rename(new, &self.fault).unwrap();
    }

    fn mend(&self) {
        std::fs::remove_file(&self.fault).unwrap();
    }

    fn has_failed(&self) -> bool {
        self.home.path().join("fault.hit").exists()
    }

    fn seed(&self) -> Vec<u8> {
        std::fs::read(self.home.vault().join("seal.seed")).unwrap()
    }

    /// A session of which the first line and its answer are committed.
    fn begun(&self) -> Terminal {
        let t = self.home.terminal(&["sh", "-c", CLIENT]);
        t.wait_for("it runs");
        t.keys("one\r");
        t.wait_for("got one");
        let begun = Instant::now();
        let shown = || {
            self.home
                .rec(&["show", "@last", "--text"])
                .output()
                .unwrap()
        };
        while !String::from_utf8_lossy(&shown().stdout).contains("got one") {
            assert!(begun.elapsed() < WRITTEN_MAX, "nothing is written");
            std::thread::sleep(Duration::from_millis(20));
        }
        t
    }

    /// What was recorded, of a vault in which nothing is wrong.
    fn recorded(&self, status: &str) -> String {
        let session = &self.home.json(&["ls"])[0];
        assert_eq!(session["status"], status, "{session}");
        let text = self.home.read(&["show", "@last", "--text"]);
        let verified = self.home.json(&["vault", "verify", "--open"]);
        assert_eq!(verified["findings"], serde_json::json!([]));
        text
    }
}

/// P4, P5: it is told, tried again, and nothing is lost.
#[test]
fn what_a_disk_fails_to_write_for_a_while_is_written_later() {
    for calls in ["write vault.db", "sync vault.db"] {
        let disk = Failing::new();
        let mut t = disk.begun();
        disk.fail(calls);
        t.keys("two\r");
        t.wait_for("got two");
        t.wait_for("fails: disk I/O error");
        t.keys("three\r");
        t.wait_for("got three");
        disk.mend();
        t.wait_for("recording goes on");
        t.keys("\x04");
        assert_eq!(t.wait().code(), Some(6), "{}", t.screen());
        let text = disk.recorded("closed");
        for said in ["got one", "got two", "got three"] {
            assert!(text.contains(said), "{calls}: {text}");
        }
    }
}

#[test]
fn a_disk_that_fails_to_the_end_keeps_what_was_committed() {
    let disk = Failing::new();
    let mut t = disk.begun();
    disk.fail("write /\nsync /");
    t.keys("two\r");
    t.wait_for("got two");
    t.wait_for("fails: disk I/O error");
    t.keys("\x04");
    t.wait_for("could not be committed");
    assert_eq!(t.wait().code(), Some(6), "{}", t.screen());
    disk.mend();
    let text = disk.recorded("interrupted");
    assert!(text.contains("got one"), "{text}");
    let mut t = disk.home.terminal(&["sh", "-c", "echo another"]);
    assert!(t.wait().success(), "{}", t.screen());
    assert!(disk.recorded("closed").contains("another"));
}

/// The log's entry is committed before the next signing key is written: that the key takes no writes
/// loses nothing, and is no reason to say so.
#[test]
fn a_signing_key_that_takes_no_writes_loses_nothing() {
    let disk = Failing::new();
    let seed = disk.seed();
    disk.fail("write seal.seed\nsync seal.seed");
    let mut t = disk.home.terminal(&["sh", "-c", CLIENT]);
    t.wait_for("it runs");
    t.keys("one\r");
    t.wait_for("got one");
    t.keys("\x04");
    assert_eq!(t.wait().code(), Some(6), "{}", t.screen());
    let said = t.transcript();
    assert!(disk.has_failed() && disk.seed() == seed);
    assert!(!said.contains("committed"), "{said}");
    assert!(disk.recorded("closed").contains("got one"));
    // The next writer goes on from what was committed.
    disk.mend();
    let mut t = disk.home.terminal(&["sh", "-c", "echo another"]);
    assert!(t.wait().success(), "{}", t.screen());
    assert!(disk.recorded("closed").contains("another"));
    assert_ne!(disk.seed(), seed);
}

/// In a private mount namespace a vault on a disk with some room left: for what is said of a session
/// that is forgotten, and not for overwriting it. What the vault is afterwards is copied.
const FULL: &str = r#"
mount -t tmpfs -o size=6m,mode=700 none data
cp -a vault-before data/rec
rec ls
sqlite3 data/rec/vault.db 'PRAGMA wal_checkpoint(TRUNCATE)'
cat /dev/zero > data/filled 2> /dev/null
truncate -s -160K data/filled
rec rm @last --yes
echo left $?
rm data/filled
rec ls
rec vault verify
cp -a data/rec vault-after
"#;

/// What is said is the true reason, and once there is room nothing of it is left.
#[test]
fn forgetting_on_a_full_disk_says_so_and_is_done_once_there_is_room() {
    let home = Home::with_vault();
    let mut t = home.terminal(&[
        "sh",
        "-c",
        "echo zebra; head -c 300000 /dev/urandom | base64",
    ]);
    assert!(t.wait().success());
    let sealed: Vec<Vec<u8>> = {
        let db = rusqlite::Connection::open(home.vault().join("vault.db")).unwrap();
        let mut rows = db.prepare("SELECT sealed FROM pieces").unwrap();
        let rows = rows.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert!(!sealed.is_empty());
    std::fs::rename(home.vault(), home.path().join("vault-before")).unwrap();
    tool("sqlite3", "sqlite3");
    let mut unshare = home.command(tool("unshare", "util-linux"));
    unshare.arg("--mount");
    if !rustix::process::geteuid().is_root() {
        unshare.args(["--map-root-user"]);
    }
    unshare.args(["sh", "-c", FULL]);
    let output = unshare.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(!said.contains("another rec"), "{said}");
    assert!(
        said.contains("rec: the disk is full: what was forgotten"),
        "{said}"
    );
    assert!(said.contains("left 0"), "{said}");
    assert!(
        said.contains("0 of 0 sessions intact. 1 forgotten"),
        "{said}"
    );
    let after = std::fs::read_dir(home.path().join("vault-after")).unwrap();
    for file in after.map(|entry| entry.unwrap().path()) {
        if file.is_dir() {
            continue;
        }
        let bytes = std::fs::read(&file).unwrap();
        for sealed in &sealed {
            // Behind age's header any stretch is this one's alone.
            for part in sealed.chunks_exact(48).skip(6).step_by(50) {
                let found = memchr::memmem::find(&bytes, part);
                assert_eq!(found, None, "{}: {said}", file.display());
            }
        }
    }
}
