//! Debian's wrapper around PostgreSQL's programs, and what else only the installation knows.
//!
//! The wrapper chooses a cluster by `--cluster`, `PGCLUSTER`, `~/.postgresqlrc`, `user_clusters` and
//! the configuration of the clusters on this machine, and hands its choice to the program as
//! variables. So it is asked, with the client's own words: run by a Perl whose `exec` prints what it
//! is given, it says which program it would have become, with which words and variables. The client
//! is then that program at once, and nobody waits for the wrapper, some 30 ms, twice.

pub use crate::record::tap::program::which;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the wrapper sets PGSYSCONFDIR to, and Debian's libpq has compiled in.
pub const SYSCONFDIR: &str = "/etc/postgresql-common";

/// The default socket's directory of Debian's libpq.
pub const SOCKET_DIR: &str = "/var/run/postgresql";

/// The default socket's directories there are.
pub const SOCKET_DIRS: &[&str] = &[SOCKET_DIR, "/tmp"];

/// Prints what the wrapper would execute: the number of words, the words, and the variables that it
/// may set. Its arguments are the wrapper, the name it is started by, and the words.
const ASK: &str = r#"
BEGIN {
    *CORE::GLOBAL::exec = sub {
        my @set = map { "$_=$ENV{$_}" } grep { /^PG|^LD_PRELOAD$/ } keys %ENV;
        print join("\0", scalar(@_), @_, @set);
        exit 0;
    };
}
my $wrapper = shift;
$0 = shift;
do $wrapper;
exit 127;
"#;

/// The status of [`ASK`] where the wrapper came to no end.
const NO_WRAPPER: i32 = 127;

/// What the wrapper chose.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The words of the program that it becomes; `None` where it also has something to say, which is
    /// for the person to see.
    pub argv: Option<Vec<OsString>>,
    /// All variables that it may have set, as they are then.
    variables: BTreeMap<OsString, OsString>,
}

impl Answer {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
    }

    /// How the program's variables differ from our own, which `own` looks up.
    pub fn changes<'a>(
        &'a self,
        own: impl Fn(&OsStr) -> Option<OsString> + 'a,
    ) -> impl Iterator<Item = (OsString, Option<OsString>)> + 'a {
        let new =
            move |(name, value): &(&'a OsString, &'a OsString)| own(name).as_ref() != Some(*value);
        let gone =
            (!self.variables.contains_key(OsStr::new(CLUSTER))).then(|| (CLUSTER.into(), None));
        let set = self.variables.iter().filter(new);
        set.map(|(name, value)| (name.clone(), Some(value.clone())))
            .chain(gone)
    }

    fn parse(said: &[u8], is_all: bool) -> Option<Answer> {
        let mut parts = said.split(|byte| *byte == 0);
        let count = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
        let argv: Vec<OsString> = parts
            .by_ref()
            .take(count)
            .map(|word| OsStr::from_bytes(word).to_owned())
            .collect();
        let pairs = parts.filter_map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=')?;
            let (name, value) = pair.split_at_checked(at)?;
            let value = value.get(1..)?;
            Some((
                OsStr::from_bytes(name).to_owned(),
                OsStr::from_bytes(value).to_owned(),
            ))
        });
        Some(Answer {
            variables: pairs.collect(),
            argv: Some(argv).filter(|argv| is_all && argv.len() == count && count > 0),
        })
    }
}

/// The variable that names the cluster; with a host given the wrapper takes it away.
pub const CLUSTER: &str = "PGCLUSTER";

/// Why the wrapper does not say what it chooses.
#[derive(Debug, PartialEq, Eq)]
pub enum Silence {
    /// It refuses: the client will say so itself.
    Refusal,
    /// It is another than we know how to ask.
    Unknown,
}

/// Whether the program is the wrapper.
pub fn is_one(program: &Path) -> bool {
    fs::canonicalize(program).is_ok_and(|file| file.file_name() == Some(OsStr::new("pg_wrapper")))
}

/// The home directory as libpq finds it.
pub fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
}

/// What the wrapper that is started as `program` chooses with the words `args`, among which may be a
/// `--cluster`; nothing where there is nothing to choose from.
///
/// # Errors
/// It does not say.
pub fn ask(program: &Path, args: &[OsString], cluster: bool) -> Result<Option<Answer>, Silence> {
    if !cluster && std::env::var_os(CLUSTER).is_none() && nothing_to_choose() {
        return Ok(None);
    }
    let wrapper = fs::canonicalize(program).map_err(|_| Silence::Unknown)?;
    // The interpreter that its first line names.
    let mut command = Command::new("/usr/bin/perl");
    command
        .args(["-e", ASK])
        .arg(wrapper)
        .arg(program)
        .args(args);
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|_| Silence::Unknown)?;
    match output.status.code() {
        Some(0) => {}
        None | Some(NO_WRAPPER) => return Err(Silence::Unknown),
        Some(_) => return Err(Silence::Refusal),
    }
    Answer::parse(&output.stdout, output.stderr.is_empty())
        .map(Some)
        .ok_or(Silence::Unknown)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn an_answer_is_words_and_variables() {
        let said = b"3\0/bin/psql\0-c\0a=b\nc\0PGHOST=/run\0PGPORT=\0PGSYSCONFDIR=/etc";
        let answer = Answer::parse(said, true).unwrap();
        assert_eq!(answer.argv, Some(words(&["/bin/psql", "-c", "a=b\nc"])));
        assert_eq!(answer.get("PGHOST"), Some(OsStr::new("/run")));
        assert_eq!(answer.get("PGPORT"), Some(OsStr::new("")));
        let own = |name: &OsStr| (name == "PGSYSCONFDIR").then(|| "/etc".into());
        let changes: Vec<_> = answer.changes(own).collect();
        let set = |name: &str, value: &str| (name.into(), Some(value.into()));
        let wanted = [
            set("PGHOST", "/run"),
            set("PGPORT", ""),
            (CLUSTER.into(), None),
        ];
        assert_eq!(changes, wanted);
        // What it has to say is lost unless it is started itself.
        assert_eq!(Answer::parse(said, false).unwrap().argv, None);
        assert_eq!(Answer::parse(b"3\0psql", true).unwrap().argv, None);
        assert_eq!(Answer::parse(b"", true), None);
        assert_eq!(Answer::parse(b"hello", true), None);
    }

    /// Any script in the wrapper's place: what it does to words and variables is what is answered.
    #[test]
    fn a_wrapper_is_asked_by_what_it_does() {
        let home = tempfile::tempdir().unwrap();
        let wrapper = |text: &str| {
            let file = home.path().join("psql");
            fs::write(&file, text).unwrap();
            file
        };
        let args = words(&["-c", "select 1", "x y"]);
        let ask = |file: &Path| ask(file, &args, true);
        let does = "$ENV{PGHOST} = '/run'; delete $ENV{PGCLUSTER}; unshift @ARGV, \"/bin/$0\"; exec @ARGV;";
        let file = wrapper(does);
        let answer = ask(&file).unwrap().unwrap();
        let started = format!("/bin/{}", file.display());
        assert_eq!(
            answer.argv,
            Some(words(&[&started, "-c", "select 1", "x y"]))
        );
        assert_eq!(answer.get("PGHOST"), Some(OsStr::new("/run")));
        let file = wrapper(&format!("print STDERR 'Warning'; {does}"));
        assert_eq!(ask(&file).unwrap().unwrap().argv, None);
        assert_eq!(ask(&wrapper("exit 1")), Err(Silence::Refusal));
        assert_eq!(ask(&wrapper("no Perl at all")), Err(Silence::Unknown));
        assert_eq!(ask(&wrapper("1;")), Err(Silence::Unknown));
    }
}
