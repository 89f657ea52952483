//! Killed again and again, on a disk that takes no writes, on a file system that hangs, beside one
//! that holds the vault and was stopped: nothing acknowledged is lost, and the vault stays whole.
//!
//! `REC_TEST_ROUNDS=100 cargo test --locked --test it -- durability::` kills a hundred times in each
//! way, which takes some minutes.

use crate::support::{Home, Terminal, check, tool};
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Rounds of each test; every one of them kills a process at another moment.
fn rounds() -> u64 {
    let asked = std::env::var("REC_TEST_ROUNDS").ok();
    asked.map_or(30, |rounds| rounds.parse().unwrap())
}

fn kill(child: &mut Child) {
    kill_process(Pid::from_child(child), Signal::KILL).unwrap();
    child.wait().unwrap();
}

/// The number of pieces that are committed, and so acknowledged.
fn pieces(home: &Home) -> i64 {
    let db = rusqlite::Connection::open(home.vault().join("vault.db")).unwrap();
    db.query_row(
        "SELECT coalesce(sum(last - seq + 1), 0) FROM pieces",
        [],
        |row| row.get(0),
    )
    .unwrap()
}

#[test]
fn recorders_that_are_killed_lose_nothing_acknowledged() {
    let home = Home::with_vault();
    let mut before = 0;
    for round in 0..rounds() {
        let script = "i=0; while [ $i -lt 5000 ]; do i=$((i+1)); echo line $i; done; sleep 60";
        let mut recorder = home
            .rec(&["run", "--always", "--", "sh", "-c", script])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // At another moment each time: before the first piece, in the middle of one, behind it.
        std::thread::sleep(Duration::from_millis(round * 67 % 1900));
        let acknowledged = pieces(&home);
        kill(&mut recorder);
        let kept = pieces(&home);
        assert!(
            kept >= acknowledged && acknowledged >= before,
            "round {round}"
        );
        before = kept;
    }
    assert!(before > 0);
    check(&home.rec(&["vault", "verify"]).output().unwrap());
    let listed = home.json(&["ls"]);
    for session in listed.as_array().unwrap() {
        assert_eq!(session["status"], "interrupted", "{session}");
        check(
            &home
                .rec(&["show", session["id"].as_str().unwrap(), "--text"])
                .output()
                .unwrap(),
        );
    }
    // P6: what came after its last piece is not there.
    let page = home.read(&["show", "@last"]);
    assert!(page.contains("Not seen: its end"), "{page}");
    let verified = home.json(&["vault", "verify"]);
    assert_eq!(verified["findings"], serde_json::json!([]));
}

#[test]
fn readers_that_are_killed_while_they_compact_lose_nothing() {
    let home = Home::with_vault();
    for _ in 0..3 {
        // A piece each second at most: many small ones.
        let script = "for i in 1 2 3 4; do echo line $i; sleep 0.9; done";
        check(
            &home
                .rec(&["run", "--always", "--", "sh", "-c", script])
                .stdin(Stdio::null())
                .output()
                .unwrap(),
        );
    }
    let acknowledged = pieces(&home);
    for round in 0..rounds() {
        let mut reader = home
            .rec(&["ls"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(round * 3 % 120));
        kill(&mut reader);
        assert_eq!(pieces(&home), acknowledged, "round {round}");
    }
    check(&home.rec(&["vault", "verify"]).output().unwrap());
    for n in ["@1", "@2", "@3"] {
        let text = home.read(&["show", n, "--text"]);
        assert!(
            (1..=4).all(|line| text.contains(&format!("line {line}"))),
            "{text}"
        );
    }
    check(&home.rec(&["vault", "verify"]).output().unwrap());
}

/// Whatever of it was written, the vault opens with the key it has, and a second one makes an end.
#[test]
fn a_rekey_that_is_killed_leaves_a_vault_that_opens() {
    let home = Home::with_vault();
    let mut t = home.terminal(&["sh", "-c", "echo of before"]);
    assert!(t.wait().success());
    for round in 0..rounds() {
        let mut rekey = home
            .rec(&["vault", "rekey", "--reseal", "--yes"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(round * 7 % 200));
        kill(&mut rekey);
        let text = home.read(&["show", "@last", "--text"]);
        assert!(text.contains("of before"), "round {round}: {text}");
        check(&home.rec(&["vault", "verify", "--open"]).output().unwrap());
    }
    home.read(&["vault", "rekey", "--reseal", "--yes"]);
    let key = std::fs::read_to_string(home.vault().join("identity.txt")).unwrap();
    assert_eq!(
        key.matches("AGE-SECRET-KEY-1").count(),
        1,
        "only the new one"
    );
    check(&home.rec(&["vault", "verify", "--open"]).output().unwrap());
}

/// In a private mount namespace the vault's file system takes no writes.
const READ_ONLY: &str = r#"
mount -t tmpfs -o size=16m,mode=700 none data
cp -a vault-before data/rec
mount -o remount,ro data
rec ls
rec search once
rec vault verify
! rec pin @last
exec rec sh -c 'echo it runs; read x; exit 6'
"#;

#[test]
fn a_read_only_disk_is_read_from_and_stops_no_session() {
    let home = Home::with_vault();
    let mut t = home.terminal(&["sh", "-c", "echo only once"]);
    assert!(t.wait().success());
    std::fs::rename(home.vault(), home.path().join("vault-before")).unwrap();
    let mut unshare = home.command(tool("unshare", "util-linux"));
    unshare.arg("--mount");
    if !rustix::process::geteuid().is_root() {
        unshare.args(["--map-root-user"]);
    }
    unshare.args(["sh", "-c", READ_ONLY]);
    let mut t = Terminal::open(&unshare, 100, 40);
    t.wait_for("it runs");
    t.wait_for("takes no writes");
    t.keys("\r");
    assert_eq!(t.wait().code(), Some(6), "{}", t.screen());
    let all = t.transcript();
    assert!(all.contains("1 of 1 sessions intact"), "{all}");
    assert!(all.contains("1 moment in 1 session"), "{all}");
    assert!(all.contains("mount it for writing"), "{all}");
}

/// What a process leaves to others that is stopped in the middle of a write: the lock of SQLite's.
#[test]
fn a_holder_of_the_vault_that_is_stopped_holds_up_no_session() {
    let home = Home::with_vault();
    let db = rusqlite::Connection::open(home.vault().join("vault.db")).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut t = home.terminal(&["sh", "-c", "echo it runs; read x; echo got $x; exit 6"]);
    // Before anything could be written.
    t.wait_for("it runs");
    t.keys("on\r");
    t.wait_for("got on");
    assert_eq!(t.wait().code(), Some(6), "{}", t.screen());
    let told = t.transcript();
    assert!(
        told.contains("nothing of this session is recorded") && told.contains("keeps it locked"),
        "{told}"
    );
    db.execute_batch("ROLLBACK").unwrap();
    // And it lets go in time: nothing is lost, not even what waited.
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut t = home.terminal(&["sh", "-c", "echo it waits; read x; exit 7"]);
    t.wait_for("it waits");
    db.execute_batch("ROLLBACK").unwrap();
    t.keys("\r");
    assert_eq!(t.wait().code(), Some(7), "{}", t.screen());
    assert!(home.read(&["show", "@last", "--text"]).contains("it waits"));
    check(&home.rec(&["vault", "verify"]).output().unwrap());
}

/// In a private mount namespace, the vault behind a file system that a process serves, which can be
/// stopped: what is asked of it then waits until it goes on. It outlives the terminal, whose end
/// would end it.
const SERVED: &str = r#"
set -e
mkdir data/rec
setsid bindfs -f --no-allow-other vault-before data/rec &
echo $! > server
until mountpoint -q data/rec; do sleep 0.02; done
[ "$1" = stopped ] && kill -STOP $(cat server)
exec rec sh -c 'echo it runs; while read x; do echo got $x; done; exit 6'
"#;

/// A session that is recorded there.
struct Served {
    home: Home,
    terminal: Terminal,
    server: Stopped,
    /// The signing key of before it.
    seed: Vec<u8>,
}

/// Begins it; `stopped` says whether the file system hangs from before.
fn served(stopped: bool) -> Served {
    tool("bindfs", "bindfs");
    let home = Home::with_vault();
    let seed = std::fs::read(home.vault().join("seal.seed")).unwrap();
    std::fs::rename(home.vault(), home.path().join("vault-before")).unwrap();
    let mut unshare = home.command(tool("unshare", "util-linux"));
    unshare.arg("--mount");
    if !rustix::process::geteuid().is_root() {
        unshare.args(["--map-root-user"]);
    }
    unshare.args(["sh", "-c", SERVED, "sh"]);
    unshare.args(stopped.then_some("stopped"));
    let terminal = Terminal::open(&unshare, 100, 40);
    terminal.wait_for("it runs");
    let server = std::fs::read_to_string(home.path().join("server")).unwrap();
    let server = Stopped(Pid::from_raw(server.trim().parse().unwrap()).unwrap());
    Served {
        home,
        terminal,
        server,
        seed,
    }
}

impl Served {
    /// What stands behind the mount.
    fn behind(&self) -> PathBuf {
        self.home.path().join("vault-before")
    }

    /// Whether the session is committed: the next signing key is written after its entry in the log.
    fn has_begun(&self) -> bool {
        std::fs::read(self.behind().join("seal.seed")).unwrap() != self.seed
    }

    /// Whether a session is being written.
    fn is_written(&self) -> bool {
        std::fs::read_dir(self.behind().join("live")).is_ok_and(|dir| dir.count() > 0)
    }

    /// The mount was this session's own: what stands behind it is the vault again.
    fn over(self) -> Home {
        let (behind, home) = (self.behind(), self.home);
        drop(self.server);
        std::fs::remove_dir(home.vault()).unwrap();
        std::fs::rename(behind, home.vault()).unwrap();
        home
    }
}

/// Longer than any writing takes on a machine that does much else.
const WRITTEN_MAX: Duration = Duration::from_secs(60);

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < WRITTEN_MAX, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// P5: it is told, the client goes on, and rec ends with it, having said what is not written yet;
/// that is written once the file system answers.
#[test]
fn a_file_system_that_hangs_holds_up_no_session() {
    let mut served = served(false);
    served.terminal.keys("one\r");
    served.terminal.wait_for("got one");
    until("nothing is written", || served.has_begun());
    kill_process(served.server.0, Signal::STOP).unwrap();
    let t = &mut served.terminal;
    t.keys("two\r");
    t.wait_for("got two");
    t.wait_for("does not answer");
    t.keys("three\r");
    t.wait_for("got three");
    t.keys("\x04");
    t.wait_for("could not be committed yet");
    assert_eq!(t.wait().code(), Some(6), "{}", t.screen());
    kill_process(served.server.0, Signal::CONT).unwrap();
    until("the rest is not written", || !served.is_written());
    let home = served.over();
    let session = &home.json(&["ls"])[0];
    assert_eq!(session["status"], "closed", "{session}");
    let text = home.read(&["show", "@last", "--text"]);
    assert!(
        text.contains("got two") && text.contains("got three"),
        "{text}"
    );
    check(&home.rec(&["vault", "verify"]).output().unwrap());
    let mut t = home.terminal(&["sh", "-c", "echo another"]);
    assert!(t.wait().success(), "{}", t.screen());
    assert!(home.read(&["show", "@last", "--text"]).contains("another"));
}

#[test]
fn a_file_system_that_hangs_already_keeps_no_client_from_starting() {
    let mut served = served(true);
    let t = &mut served.terminal;
    t.keys("one\r");
    t.wait_for("got one");
    t.wait_for("does not answer");
    t.keys("\x04");
    t.wait_for("nothing of this session is recorded");
    assert_eq!(t.wait().code(), Some(6), "{}", t.screen());
}

#[test]
fn the_process_that_writes_such_a_vault_may_be_killed_and_so_may_rec() {
    let mut first = served(false);
    until("nothing is written", || first.has_begun());
    kill_process(keeper(&first), Signal::KILL).unwrap();
    let t = &mut first.terminal;
    t.wait_for("recording stopped: rec's process that writes the vault has ended");
    t.keys("on\r");
    t.wait_for("got on");
    t.keys("\x04");
    assert_eq!(t.wait().code(), Some(6), "{}", t.screen());
    let home = first.over();
    assert_eq!(home.json(&["ls"])[0]["status"], "interrupted");
    check(&home.rec(&["vault", "verify"]).output().unwrap());

    // What was handed over before rec was killed is written all the same.
    let mut second = served(false);
    until("nothing is written", || second.has_begun());
    kill_process(second.server.0, Signal::STOP).unwrap();
    let t = &mut second.terminal;
    t.keys("one\r");
    t.wait_for("got one");
    t.wait_for("does not answer");
    t.signal(Signal::KILL);
    t.wait();
    kill_process(second.server.0, Signal::CONT).unwrap();
    until("its writer stays", || !second.is_written());
    let home = second.over();
    assert_eq!(home.json(&["ls"])[0]["status"], "interrupted");
    let text = home.read(&["show", "@last", "--text"]);
    assert!(text.contains("got one"), "{text}");
    check(&home.rec(&["vault", "verify"]).output().unwrap());
}

/// The process that has the vault's files open through the mount: the server has those behind it.
fn keeper(served: &Served) -> Pid {
    let vault = served.home.vault().canonicalize().unwrap();
    let writes = |process: &Path| {
        // Processes come and go meanwhile, and not all are ours.
        let fds = std::fs::read_dir(process.join("fd")).ok()?;
        let mut files = fds.filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok());
        let found = files.any(|file| file.starts_with(&vault));
        let pid = process.file_name()?.to_str()?.parse().ok()?;
        Pid::from_raw(pid).filter(|_| found)
    };
    let processes = std::fs::read_dir("/proc").unwrap();
    let mut found = processes.filter_map(|entry| writes(&entry.unwrap().path()));
    found.next().unwrap()
}

/// On a disk of this machine rec writes the vault itself: a second process would cost every start.
#[test]
fn a_local_vault_is_written_by_rec_itself() {
    let home = Home::with_vault();
    let mut t = home.terminal(&["sh", "-c", "echo it runs; read x"]);
    t.wait_for("it runs");
    let live = home.vault().join("live");
    until("nothing is written", || {
        std::fs::read_dir(&live).is_ok_and(|dir| dir.count() > 0)
    });
    let mark = std::fs::read_dir(&live).unwrap().next().unwrap().unwrap();
    t.signal(Signal::KILL);
    t.wait();
    // Nobody holds it any more.
    let mark = std::fs::File::open(mark.path()).unwrap();
    rustix::fs::flock(&mark, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
}

/// A process that is not left stopped, whatever becomes of the test.
struct Stopped(Pid);

impl Drop for Stopped {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = kill_process(self.0, Signal::CONT);
        let _ = kill_process(self.0, Signal::TERM);
    }
}
