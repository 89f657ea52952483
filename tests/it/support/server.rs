//! One private server: started, awaited, and gone with its data when the test process is, even if
//! that is killed.

use super::tools::tool;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// A server's start on two busy cores.
const START_MAX: Duration = Duration::from_secs(60);

/// Waits for the test process to go (its end of the pipe on stdin closes, whatever happened),
/// then ends the server, all of its process group, and its directory. `$1` directory, `$2`
/// signal, then the words of the server.
const WARDEN: &str = r#"
dir=$1 signal=$2; shift 2
exec 3<&0
setsid "$@" 3<&- </dev/null & server=$!
{ cat <&3; kill -s "$signal" "$server"; } >/dev/null 2>&1 & watch=$!
wait "$server"
kill "$watch"
kill -s KILL -- "-$server"
rm -rf "$dir"
"#;

/// A running server and what it says.
pub struct Server {
    warden: Child,
    leash: Option<ChildStdin>,
    said: Arc<Said>,
    dir: PathBuf,
}

#[derive(Default)]
struct Said {
    text: Mutex<(String, bool)>,
    more: Condvar,
}

/// How to run one.
pub struct Plan<'a> {
    /// For messages.
    pub name: &'a str,
    /// Its directory, removed with it.
    pub dir: &'a Path,
    /// What ends it at once: `QUIT`.
    pub signal: &'a str,
    /// Its words, those of `as_user` in front.
    pub words: Vec<String>,
    /// Beside the environment of the test process.
    pub env: Vec<(&'a str, String)>,
    /// Whether it takes work, by what it said.
    pub ready: &'a dyn Fn(&str) -> bool,
}

impl Server {
    /// Starts it and waits until `ready` says so of what it said.
    ///
    /// # Errors
    /// What it said, where it ended or did not become ready.
    pub fn start(plan: Plan<'_>) -> Result<Server, String> {
        let mut command = Command::new(tool("sh", "dash"));
        command
            .args(["-c", WARDEN, plan.name])
            .arg(plan.dir)
            .arg(plan.signal)
            .args(&plan.words)
            .envs(plan.env.iter().cloned())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut warden = command.spawn().map_err(|error| error.to_string())?;
        let stderr = warden.stderr.take().unwrap();
        let server = Server {
            leash: warden.stdin.take(),
            warden,
            said: Arc::default(),
            dir: plan.dir.to_owned(),
        };
        let said = server.said.clone();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stderr);
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                said.text
                    .lock()
                    .unwrap()
                    .0
                    .push_str(&String::from_utf8_lossy(&line));
                said.more.notify_all();
                line.clear();
            }
            said.text.lock().unwrap().1 = true;
            said.more.notify_all();
        });
        server.await_ready(&plan)?;
        Ok(server)
    }

    /// Starts what `plan` makes of a fresh port, and again where another took that port meanwhile.
    pub fn on_free_port<T>(start: impl Fn(u16) -> Result<T, String>) -> T {
        let mut failures = String::new();
        for _ in 0..3 {
            match start(super::tools::free_port()) {
                Ok(server) => return server,
                Err(said) => writeln!(failures, "{said}").unwrap(),
            }
        }
        panic!("the server did not start:\n{failures}");
    }

    /// All it said so far.
    pub fn said(&self) -> String {
        self.said.text.lock().unwrap().0.clone()
    }

    /// Its directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn await_ready(&self, plan: &Plan<'_>) -> Result<(), String> {
        let until = Instant::now() + START_MAX;
        let mut said = self.said.text.lock().unwrap();
        loop {
            if (plan.ready)(&said.0) {
                return Ok(());
            }
            let left = until.saturating_duration_since(Instant::now());
            if said.1 || left.is_zero() {
                let end = if said.1 { "ended" } else { "is not ready" };
                return Err(format!("{} {end}:\n{}", plan.name, said.0));
            }
            said = self.said.more.wait_timeout(said, left).unwrap().0;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.leash.take());
        let _ = self.warden.wait();
    }
}

/// A directory for a server, traversable by its user. The server's warden removes it.
pub fn directory(name: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::Builder::new()
        .prefix(&format!("rec-{name}-"))
        .tempdir()
        .unwrap()
        .keep();
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

/// Writes `text` to `path` with `mode`.
pub fn write(path: &Path, text: &str, mode: u32) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}
