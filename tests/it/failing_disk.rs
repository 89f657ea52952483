//! A disk that fails or is full while a session is recorded, forgotten or read: the session goes on, what
//! is said is true, and what was committed stays.

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

    /// Where in `vault.db` the bytes stand that this query gives, with no write-ahead log before them.
    fn place(&self, sql: &str) -> usize {
        let path = self.home.vault().join("vault.db");
        let sealed: Vec<u8> = {
            let db = rusqlite::Connection::open(&path).unwrap();
            let emptied = "PRAGMA wal_checkpoint(TRUNCATE)";
            let busy: i64 = db.query_row(emptied, [], |row| row.get(0)).unwrap();
            assert_eq!(busy, 0);
            db.query_row(sql, [], |row| row.get(0)).unwrap()
        };
        let middle = &sealed[sealed.len() / 2..][..48];
        memchr::memmem::find(&std::fs::read(path).unwrap(), middle).unwrap()
    }

    /// Runs rec; its exit status, and what it said on stdout and stderr.
    fn said(&self, args: &[&str]) -> (i32, String) {
        let output = self.home.rec(args).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (output.status.code().unwrap(), said)
    }

    fn record(&self, script: &str) {
        let mut t = self.home.terminal(&["sh", "-c", script]);
        assert!(t.wait().success(), "{}", t.screen());
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
    let said = t.transcript();
    assert!(
        said.contains("what was before is kept; look into"),
        "{said}"
    );
    disk.mend();
    let text = disk.recorded("interrupted");
    assert!(text.contains("got one"), "{text}");
    let mut t = disk.home.terminal(&["sh", "-c", "echo another"]);
    assert!(t.wait().success(), "{}", t.screen());
    assert!(disk.recorded("closed").contains("another"));
}

/// It is no reason to take the vault for something else.
#[test]
fn a_disk_that_fails_from_the_first_is_named_with_what_to_do() {
    let disk = Failing::new();
    disk.fail("write vault.db-shm");
    let mut t = disk.home.terminal(&["sh", "-c", CLIENT]);
    t.wait_for("it runs");
    t.wait_for("not recording: the disk of ");
    t.keys("\x04");
    assert_eq!(t.wait().code(), Some(6), "{}", t.screen());
    let said = t.transcript();
    assert!(said.contains("look into the system's log"), "{said}");
    assert!(!said.contains("not a readable vault"), "{said}");
    disk.mend();
    disk.record("echo another");
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

/// A piece that cannot be read costs that piece, until it can be read again; and what reads it says so.
#[test]
fn a_piece_that_the_disk_does_not_give_is_told_and_nothing_else_is_lost() {
    let disk = Failing::new();
    disk.record("echo alpha one");
    disk.record("echo beta two; head -c 300000 /dev/urandom | base64");
    disk.record("echo gamma three");
    disk.home.read(&["ls"]);
    let pieces = "SELECT sealed FROM pieces WHERE session = 2 ORDER BY seq LIMIT 1";
    let at = disk.place(pieces);
    let salvaged = disk.home.path().join("salvaged");
    let salvaged = salvaged.to_str().unwrap();
    // As on a machine that has not searched yet.
    for file in ["index.db", "index.key"] {
        std::fs::remove_file(disk.home.vault().join(file)).unwrap();
    }
    disk.fail(&format!("read vault.db@{at}"));
    let left_out = "one damaged piece was left out; rec vault verify says which";
    let cases: &[(&[&str], i32, &[&str])] = &[
        (&["ls"], 0, &[]),
        (&["show", "@3", "--text"], 0, &["alpha one"]),
        (&["show", "@2"], 2, &[left_out]),
        (&["show", "@2", "--text"], 2, &[left_out]),
        (&["search", "gamma"], 2, &["gamma three", left_out]),
        (
            &["search", "--no-index", "gamma"],
            2,
            &["gamma three", left_out],
        ),
        (&["search", "beta"], 2, &["nothing found", left_out]),
        (&["play", "@2", "--raw"], 2, &[left_out]),
        (&["play", "@1", "--raw"], 0, &["gamma three"]),
        (
            &["export", "@2", "--format", "text"],
            1,
            &[left_out, "this session is empty"],
        ),
        (
            &["vault", "verify"],
            1,
            &[
                "of what begins with piece 0, something cannot be read",
                "2 of 3 sessions intact",
            ],
        ),
        (
            &["vault", "verify", "--open"],
            1,
            &["a piece does not open: the database cannot read it"],
        ),
        (
            &["vault", "salvage", salvaged],
            0,
            &["took in 3 sessions", "1 piece damaged, and left out"],
        ),
    ];
    for (args, status, words) in cases {
        let (code, said) = disk.said(args);
        for word in *words {
            assert!(said.contains(word), "{args:?}: {word}: {said}");
        }
        assert_eq!(code, *status, "{args:?}: {said}");
    }
    assert!(disk.has_failed());
    disk.mend();
    let (code, said) = disk.said(&["--vault", salvaged, "search", "alpha", "OR", "gamma"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("2 moments in 2 sessions"), "{said}");
    // The index that was filled meanwhile did not take it for gone.
    let (code, said) = disk.said(&["search", "beta"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("beta two"), "{said}");
    let verified = disk.home.json(&["vault", "verify", "--open"]);
    assert_eq!(verified["findings"], serde_json::json!([]));
}

/// What names a session costs its name, and only that of those beside it.
#[test]
fn a_row_that_the_disk_does_not_give_costs_no_other_session() {
    const SESSIONS: usize = 16;
    let disk = Failing::new();
    for n in 0..SESSIONS {
        disk.record(&format!("echo word{n}"));
    }
    disk.home.read(&["ls"]);
    let at = disk.place("SELECT meta FROM sessions WHERE number = 8");
    for file in ["index.db", "index.key"] {
        std::fs::remove_file(disk.home.vault().join(file)).unwrap();
    }
    disk.fail(&format!("read vault.db@{at}"));
    let nameless = |of: &serde_json::Value| {
        let all = of.as_array().unwrap();
        assert_eq!(all.len(), SESSIONS);
        all.iter().filter(|s| s["client"] == "?").count()
    };
    let output = disk.home.rec(&["ls", "--json"]).output().unwrap();
    let lost = nameless(&serde_json::from_slice(&output.stdout).unwrap());
    assert!((1..SESSIONS / 2).contains(&lost), "{lost}");
    let (code, said) = disk.said(&["ls"]);
    assert_eq!(code, 2, "{said}");
    let sessions = match lost {
        1 => "1 session".to_owned(),
        n => format!("{n} sessions"),
    };
    let told = format!("not all that {sessions} say of themselves can be read");
    assert!(said.contains(&told), "{told}: {said}");
    // What was typed and printed stands elsewhere.
    for word in ["word0", "word7", "word15"] {
        for verb in [&["search", word][..], &["search", "--no-index", word]] {
            let (_, said) = disk.said(verb);
            assert!(said.contains("1 moment in 1 session"), "{verb:?}: {said}");
        }
    }
    let (code, said) = disk.said(&["show", "@1", "--text"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("word15"), "{said}");
    let (code, said) = disk.said(&["vault", "verify"]);
    assert_eq!(code, 1, "{said}");
    let intact = format!("{} of {SESSIONS} sessions intact", SESSIONS - lost);
    assert!(said.contains(&intact), "{said}");
    disk.mend();
    assert_eq!(nameless(&disk.home.json(&["ls"])), 0);
    let verified = disk.home.json(&["vault", "verify", "--open"]);
    assert_eq!(verified["findings"], serde_json::json!([]));
}

/// Whatever file of the vault cannot be read at all: it is named, and there is something to do.
#[test]
fn a_file_that_cannot_be_read_is_named() {
    let disk = Failing::new();
    disk.record("echo alpha one");
    disk.home.read(&["ls"]);
    let cases = [
        ("vault.db", "the vault database"),
        ("identity.txt", "identity.txt"),
    ];
    for (file, named) in cases {
        disk.fail(&format!("read {file}"));
        for verb in [&["ls"][..], &["search", "alpha"], &["show", "@1"]] {
            let (code, said) = disk.said(verb);
            assert_eq!(code, 2, "{file}: {said}");
            for word in ["Error: ", "Caused by: ", "Hint: ", named] {
                assert!(said.contains(word), "{file}, {verb:?}: {word}: {said}");
            }
        }
        disk.mend();
    }
    // What is only quicker or a copy is done without.
    for file in ["index.db", "index.key", "keyslots.age"] {
        disk.fail(&format!("read {file}"));
        let (code, said) = disk.said(&["search", "alpha"]);
        assert_eq!(code, 0, "{file}: {said}");
        assert!(said.contains("alpha one"), "{file}: {said}");
        disk.mend();
    }
}
