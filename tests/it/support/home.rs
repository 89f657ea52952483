//! A home of its own for each test: no file, variable or key of the person who runs the tests is
//! seen or touched.

use super::Terminal;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A temporary home directory and the environment of everything that runs in it.
pub struct Home {
    dir: TempDir,
    env: BTreeMap<OsString, OsString>,
}

impl Home {
    /// An empty home: no vault, no keyring, no configuration.
    pub fn new() -> Home {
        let dir = tempfile::Builder::new()
            .prefix("rec-home-")
            .tempdir()
            .unwrap();
        let at = |name: &str| dir.path().join(name).into_os_string();
        // The rec under test comes first, so that scripts and aliases reach it by name.
        let rec = Path::new(env!("CARGO_BIN_EXE_rec")).parent().unwrap();
        let mut path = vec![rec.to_owned()];
        path.extend(std::env::split_paths(
            &std::env::var_os("PATH").unwrap_or_default(),
        ));
        path.extend(["/usr/sbin", "/sbin"].map(PathBuf::from));
        let env = [
            ("HOME", dir.path().as_os_str().to_owned()),
            ("XDG_DATA_HOME", at("data")),
            ("XDG_CONFIG_HOME", at("config")),
            ("XDG_STATE_HOME", at("state")),
            ("XDG_CACHE_HOME", at("cache")),
            ("XDG_RUNTIME_DIR", at("run")),
            // Without it a library would find the bus of whoever runs the tests.
            (
                "DBUS_SESSION_BUS_ADDRESS",
                format!("unix:path={}/no-bus", dir.path().display()).into(),
            ),
            ("PATH", std::env::join_paths(path).unwrap()),
            ("TERM", "xterm-256color".into()),
            ("LANG", "C.UTF-8".into()),
            ("TZ", "UTC".into()),
            ("USER", "ada".into()),
            ("LOGNAME", "ada".into()),
            ("SHELL", "/bin/sh".into()),
            ("PS1", "$ ".into()),
        ];
        for name in ["data", "config", "state", "cache", "run"] {
            std::fs::DirBuilder::new()
                .mode(0o700)
                .create(dir.path().join(name))
                .unwrap();
        }
        let env = env
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect();
        Home { dir, env }
    }

    /// A home with a vault whose key is a file, as on a machine without a person.
    pub fn with_vault() -> Home {
        let home = Home::new();
        check(&home.rec(&["init", "--key", "file"]).output().unwrap());
        home
    }

    /// The home directory.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The vault's directory.
    pub fn vault(&self) -> PathBuf {
        self.path().join("data/rec")
    }

    /// Sets a variable for all that starts from now on.
    pub fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.env.insert(name.into(), value.as_ref().to_owned());
    }

    /// Writes rec's configuration file.
    pub fn configure(&self, toml: &str) {
        let dir = self.path().join("config/rec");
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&dir)
            .unwrap();
        std::fs::write(dir.join("config.toml"), toml).unwrap();
    }

    /// `program`, with this home's environment and nothing else, in this home.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.env).current_dir(self.path());
        command
    }

    /// `rec` with `args`.
    pub fn rec(&self, args: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_rec"));
        command.args(args);
        command
    }

    /// Runs `rec` with `args`, which must succeed, and gives its stdout.
    pub fn read(&self, args: &[&str]) -> String {
        check(&self.rec(args).output().unwrap())
    }

    /// Runs `rec` with `args` and `--json`, which must succeed.
    pub fn json(&self, args: &[&str]) -> serde_json::Value {
        let mut words = args.to_vec();
        words.push("--json");
        let text = self.read(&words);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{words:?}: {error}: {text}"))
    }

    /// `rec` with `args` on a terminal of 100 by 30.
    pub fn terminal(&self, args: &[&str]) -> Terminal {
        Terminal::open(&self.rec(args), 100, 30)
    }

    /// `sh -c script` on a terminal of 100 by 30.
    pub fn shell(&self, script: &str) -> Terminal {
        let mut sh = self.command("/bin/sh");
        sh.args(["-c", script]);
        Terminal::open(&sh, 100, 30)
    }
}

/// The stdout of a command that must have succeeded.
///
/// # Panics
/// Where it did not: with all it said.
#[track_caller]
pub fn check(output: &Output) -> String {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{}\n{stdout}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    stdout
}
