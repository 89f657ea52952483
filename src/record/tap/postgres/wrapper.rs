//! Debian's wrapper around PostgreSQL's programs, and what else only the installation knows.
//!
//! The wrapper chooses a cluster by `--cluster`, `PGCLUSTER`, `~/.postgresqlrc`, `user_clusters` and
//! the configuration of the clusters on this machine, and hands its choice to the program as
//! variables. So it is asked: run with `env` as the program, it prints them.

pub use crate::record::tap::program::which;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the wrapper sets PGSYSCONFDIR to, and Debian's libpq has compiled in.
pub const SYSCONFDIR: &str = "/etc/postgresql-common";

/// The default socket's directory of Debian's libpq.
pub const SOCKET_DIR: &str = "/var/run/postgresql";

/// The default socket's directories there are.
pub const SOCKET_DIRS: &[&str] = &[SOCKET_DIR, "/tmp"];

/// The wrapper's variables.
const VARIABLES: &[&str] = &["PGHOST", "PGPORT", "PGDATABASE", "PGCLUSTER"];

/// The variables that the wrapper sets.
pub type Answer = BTreeMap<String, String>;

/// Whether the program is the wrapper.
pub fn is_one(program: &Path) -> bool {
    fs::canonicalize(program).is_ok_and(|file| file.file_name() == Some(OsStr::new("pg_wrapper")))
}

/// The home directory as libpq finds it.
pub fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
}

/// What the wrapper chooses, given `--cluster`, a port and a service; nothing where there is nothing
/// to choose from.
///
/// # Errors
/// It refuses: the client will say so itself.
pub fn ask(
    cluster: Option<&str>,
    port: Option<&str>,
    service: Option<&str>,
) -> Result<Option<Answer>, ()> {
    if cluster.is_none() && std::env::var_os("PGCLUSTER").is_none() && nothing_to_choose() {
        return Ok(None);
    }
    let wrapper = which(OsStr::new("psql"))
        .and_then(|psql| fs::canonicalize(psql).ok())
        .filter(|file| file.file_name() == Some(OsStr::new("pg_wrapper")))
        .ok_or(())?;
    let mut command = Command::new(wrapper);
    // The words of the program that it starts come first: its own may stand anywhere.
    command.args(["/usr/bin/env", "-0"]);
    if let Some(cluster) = cluster {
        command.args(["--cluster", cluster]);
    }
    if let Some(port) = port {
        command.env("PGPORT", port);
    }
    if let Some(service) = service {
        command.env("PGSERVICE", service);
    }
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(drop)?;
    if !output.status.success() {
        return Err(());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let pairs = text.split('\0').filter_map(|pair| pair.split_once('='));
    let answer = pairs
        .filter(|(name, _)| VARIABLES.contains(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(Some(answer.collect()))
}

/// Neither a file of the user or the administrator nor a cluster on this machine: the usual laptop,
/// spared the start of Perl.
fn nothing_to_choose() -> bool {
    let clusters = match std::env::var_os("PG_CLUSTER_CONF_ROOT") {
        Some(root) => PathBuf::from(root),
        None => PathBuf::from("/etc/postgresql"),
    };
    let mut versions = fs::read_dir(clusters).into_iter().flatten().flatten();
    let any = versions.any(|version| {
        let clusters = fs::read_dir(version.path());
        clusters.is_ok_and(|mut clusters| clusters.next().is_some())
    });
    let lines = |file: PathBuf| {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.lines()
            .any(|line| !line.split('#').next().unwrap_or_default().trim().is_empty())
    };
    let sysconf = std::env::var_os("PGSYSCONFDIR").unwrap_or_else(|| SYSCONFDIR.into());
    !any && !home().is_some_and(|home| lines(home.join(".postgresqlrc")))
        && !lines(Path::new(&sysconf).join("user_clusters"))
}

/// Where the default socket of `program` is: `pg_isready` of the same installation says so of a port
/// that no server has, without asking one.
pub fn compiled_socket_dir(program: &Path) -> Option<String> {
    let bin = fs::canonicalize(program).ok()?.parent()?.to_owned();
    let mut command = Command::new(bin.join("pg_isready"));
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PG") {
            command.env_remove(name);
        }
    }
    // Nobody but root may listen there, and PostgreSQL does not run as root.
    command
        .args(["-p", "1"])
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let dir = text.split(":1 - ").next()?;
    dir.starts_with('/').then(|| dir.to_owned())
}
