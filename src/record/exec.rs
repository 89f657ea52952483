//! Starting the client: argv and environment exactly as given, the search along PATH as execvp
//! does it, and the reason when it cannot be.

use super::sys::{self, Inherited};
use rustix::io::Errno;
use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Variables that are rec's alone and that no client gets.
const PRIVATE: &[&str] = &["REC_PASSPHRASE_FILE"];

/// Where execvp looks when PATH is not set (glibc's confstr(_CS_PATH)).
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// A client, ready to be executed.
pub struct Client {
    /// The words as typed; the first is the name.
    pub argv: Vec<OsString>,
    words: Vec<CString>,
    env: Vec<CString>,
    passphrase_fd: Option<i32>,
}

/// A client's words and variables with something in the way of its connection.
pub struct Led {
    /// The words; the first is the name that is looked for.
    pub argv: Vec<OsString>,
    /// Variables in place of its own; `None` takes one away.
    pub env: Vec<(OsString, Option<OsString>)>,
}

/// Why a client could not be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotStarted(pub Errno);

impl NotStarted {
    /// Whether there is no such program, as opposed to one that cannot be executed.
    pub fn is_missing(self) -> bool {
        matches!(self.0, Errno::NOENT | Errno::NOTDIR)
    }

    /// The system's words for it.
    pub fn cause(self) -> std::io::Error {
        self.0.into()
    }
}

impl Client {
    /// Takes the words and this process's environment.
    pub fn new(argv: Vec<OsString>) -> Client {
        // No argument or variable of a process can hold a NUL.
        let string = |bytes: Vec<u8>| CString::new(bytes).unwrap_or_default();
        let words = argv.iter().map(|w| string(w.clone().into_vec())).collect();
        let mut passphrase_fd = None;
        let mut env = Vec::new();
        for (name, value) in std::env::vars_os() {
            if PRIVATE.iter().any(|private| name == *private) {
                passphrase_fd = value.to_str().and_then(|value| value.parse().ok());
                continue;
            }
            env.push(string(pair(&name, &value)));
        }
        Client {
            argv,
            words,
            env,
            passphrase_fd: passphrase_fd.filter(|fd| *fd > 2),
        }
    }

    /// The same client, led elsewhere.
    pub fn led(&self, Led { argv, env: changes }: &Led) -> Client {
        let string = |bytes: Vec<u8>| CString::new(bytes).unwrap_or_default();
        let is = |entry: &CString, name: &OsStr| {
            let rest = entry.as_bytes().strip_prefix(name.as_bytes());
            rest.is_some_and(|rest| rest.first() == Some(&b'='))
        };
        let kept = |entry: &&CString| !changes.iter().any(|(name, _)| is(entry, name));
        let mut env: Vec<CString> = self.env.iter().filter(kept).cloned().collect();
        for (name, value) in changes {
            env.extend(value.as_ref().map(|value| string(pair(name, value))));
        }
        Client {
            argv: argv.clone(),
            words: argv.iter().map(|w| string(w.clone().into_vec())).collect(),
            env,
            passphrase_fd: self.passphrase_fd,
        }
    }

    /// Becomes the client: signals, closed streams and descriptors as `inherited`.
    pub fn exec(&self, inherited: &Inherited) -> NotStarted {
        inherited.restore_signals();
        inherited.close_what_was_closed();
        if let Some(fd) = self.passphrase_fd {
            sys::close(fd);
        }
        NotStarted(self.search())
    }

    /// execvp: the name itself if it holds a slash, else each directory of PATH. A file without a
    /// format the kernel knows is a shell script.
    fn search(&self) -> Errno {
        let name = self.argv.first().map(|w| w.as_bytes()).unwrap_or_default();
        if name.is_empty() {
            return Errno::NOENT;
        }
        if name.contains(&b'/') {
            return self.try_at(name.to_vec());
        }
        let path = std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
        let mut denied = false;
        for dir in path.as_bytes().split(|b| *b == b':') {
            let mut file = dir.to_vec();
            if !dir.is_empty() {
                file.push(b'/');
            }
            file.extend_from_slice(name);
            match self.try_at(file) {
                Errno::ACCESS => denied = true,
                Errno::NOENT | Errno::NOTDIR | Errno::STALE | Errno::NODEV | Errno::TIMEDOUT => {}
                other => return other,
            }
        }
        if denied { Errno::ACCESS } else { Errno::NOENT }
    }

    fn try_at(&self, file: Vec<u8>) -> Errno {
        let Ok(file) = CString::new(file) else {
            return Errno::NOENT;
        };
        let error = sys::execve(&file, &self.words, &self.env);
        if error != Errno::NOEXEC {
            return error;
        }
        let mut script = vec![c"/bin/sh".to_owned(), file];
        script.extend(self.words.iter().skip(1).cloned());
        sys::execve(c"/bin/sh", &script, &self.env)
    }
}

fn pair(name: &OsStr, value: &OsStr) -> Vec<u8> {
    let mut entry = name.as_bytes().to_vec();
    entry.push(b'=');
    entry.extend_from_slice(value.as_bytes());
    entry
}

/// How a client ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The client ended by itself, with this status.
    Exited(i32),
    /// A signal ended it.
    Killed(i32),
    /// It was never executed.
    NotStarted(NotStarted),
    /// It lives on without its terminal, or the monitor was killed.
    Lost,
}

/// The exit status that the user's shell sees.
pub fn status(ended: Ended) -> u8 {
    let code = match ended {
        Ended::Exited(code) => code,
        Ended::Killed(signal) => 128 + signal,
        Ended::NotStarted(reason) if reason.is_missing() => 127,
        Ended::NotStarted(_) => 126,
        Ended::Lost => 128 + libc::SIGHUP,
    };
    u8::try_from(code & 0xff).unwrap_or(u8::MAX)
}
