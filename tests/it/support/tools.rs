//! Finds the real programs that tests drive, and says which package brings a missing one.

use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The path of `name`, looked for on the PATH, among the system's daemons and in PostgreSQL's own
/// directories, newest version first.
///
/// # Panics
/// Where it is nowhere: with the Debian `package` that brings it.
pub fn tool(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    places.extend(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from));
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    versions.sort_by_key(|dir| {
        let version = dir
            .parent()
            .and_then(|d| d.file_name()?.to_str()?.parse::<u32>().ok());
        std::cmp::Reverse(version)
    });
    places.extend(versions);
    places
        .iter()
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| {
            panic!("{name} is missing: apt-get install {package} (tests/run.sh installs all)")
        })
}

/// Words that run what follows as a user without privileges: servers refuse to run as root. For
/// anyone but root they are empty, for the program runs as who we are.
pub fn as_user(name: &str) -> Vec<String> {
    if !rustix::process::geteuid().is_root() {
        return Vec::new();
    }
    let (uid, gid) = ids(name);
    vec![
        tool("setpriv", "util-linux").to_str().unwrap().to_owned(),
        format!("--reuid={uid}"),
        format!("--regid={gid}"),
        "--clear-groups".to_owned(),
        "--".to_owned(),
    ]
}

/// Gives `path` to the user of [`as_user`].
pub fn give_to(name: &str, path: &Path) {
    if rustix::process::geteuid().is_root() {
        let (uid, gid) = ids(name);
        std::os::unix::fs::chown(path, Some(uid), Some(gid)).unwrap();
    }
}

/// The numbers of the user `name`, or of `nobody` where the package made no such user.
fn ids(name: &str) -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    [name, "nobody"]
        .iter()
        .find_map(|name| {
            let line = users
                .lines()
                .find(|line| line.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        })
        .expect("a user without privileges")
}

/// A TCP port on the loopback that nobody listens on at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Runs `command` and gives its stdout.
///
/// # Panics
/// Where it fails: with what it said.
pub fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Copies a data directory made once per build directory to `to`: `make` fills the directory that
/// it is given, the first time. Two processes that want it at the same time wait for one another.
pub fn from_template(name: &str, to: &Path, make: impl FnOnce(&Path)) {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(cache).unwrap();
    let user = rustix::process::geteuid().as_raw();
    let template = cache.join(format!("{name}-{user}"));
    let lock = File::create(cache.join(format!("{name}-{user}.lock"))).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    if !template.exists() {
        make(to);
        let half = cache.join(format!("{name}-{user}.half"));
        let _ = fs::remove_dir_all(&half);
        copy(to, &half);
        fs::rename(&half, &template).unwrap();
        return;
    }
    drop(lock);
    copy(&template, to);
}

/// `cp -a`: owners and modes are kept, for servers are strict about both.
fn copy(from: &Path, to: &Path) {
    run(Command::new("cp")
        .arg("-a")
        .arg("--reflink=auto")
        .arg("-T")
        .arg(from)
        .arg(to));
}
