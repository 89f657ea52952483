//! The demonstration's own directory: vault, configuration, working directory, all removed at its
//! end, also where it ends early.

use crate::cli::{Error, Kind};
use std::fs;
use std::io::Read;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Variables of the person's that would lead elsewhere.
pub const CLEARED: [&str; 3] = ["REC_IDENTITY_FILE", "REC_PASSPHRASE_FILE", "ENV"];

/// Files of a fresh vault are small; one that is not is no vault.
const FILE_MAX: u64 = 64 << 20;

/// A directory for one demonstration.
pub struct Place {
    dir: PathBuf,
    rec: PathBuf,
    keep: bool,
}

/// What was looked through.
pub struct Looked {
    /// How many files.
    pub files: usize,
    /// How many bytes.
    pub bytes: u64,
}

impl Place {
    /// Makes it, private to the person.
    pub fn make(keep: bool) -> Result<Place, Error> {
        let rec = std::env::current_exe().map_err(|error| {
            Error::new(Kind::Failed, "cannot tell where this rec is").caused_by(&error)
        })?;
        let dir = std::env::temp_dir().join(format!("rec-demo-{}", random()?));
        let place = Place { dir, rec, keep };
        for name in ["", "state", "run", "work"] {
            let dir = place.dir.join(name);
            let mut make = fs::DirBuilder::new();
            make.mode(0o700).create(&dir).map_err(|error| {
                Error::new(Kind::Failed, format!("cannot make {}", dir.display()))
                    .caused_by(&error)
                    .hint("TMPDIR names another place")
            })?;
        }
        Ok(place)
    }

    /// A password that nobody uses.
    pub fn secret(&self) -> Result<String, Error> {
        Ok(format!("demo-{}", random()?))
    }

    /// This very program.
    pub fn rec(&self) -> &Path {
        &self.rec
    }

    /// Where the vault is made.
    pub fn vault(&self) -> PathBuf {
        self.dir.join("vault")
    }

    /// The configuration file, which is not there: rec is shown as it is.
    pub fn config(&self) -> PathBuf {
        self.dir.join("config.toml")
    }

    /// Where the shell works.
    pub fn work(&self) -> PathBuf {
        self.dir.join("work")
    }

    /// Whether it stays.
    pub fn kept(&self) -> bool {
        self.keep
    }

    /// What leads rec here and nowhere else.
    pub fn env(&self) -> [(&'static str, PathBuf); 4] {
        [
            ("REC_VAULT", self.vault()),
            ("REC_CONFIG", self.config()),
            ("XDG_STATE_HOME", self.dir.join("state")),
            ("XDG_RUNTIME_DIR", self.dir.join("run")),
        ]
    }

    /// Reads every file of the vault and fails where one of `words` stands in it.
    pub fn look_for(&self, words: &[&str]) -> Result<Looked, Error> {
        let mut looked = Looked { files: 0, bytes: 0 };
        let mut dirs = vec![self.vault()];
        while let Some(dir) = dirs.pop() {
            let unreadable = |error: std::io::Error| {
                Error::new(Kind::Failed, format!("cannot read {}", dir.display())).caused_by(&error)
            };
            for entry in fs::read_dir(&dir).map_err(unreadable)? {
                let path = entry.map_err(unreadable)?.path();
                if path.is_dir() {
                    dirs.push(path);
                    continue;
                }
                let mut bytes = Vec::new();
                let file = fs::File::open(&path).map_err(unreadable)?;
                file.take(FILE_MAX)
                    .read_to_end(&mut bytes)
                    .map_err(unreadable)?;
                for word in words {
                    if memchr::memmem::find(&bytes, word.as_bytes()).is_some() {
                        let message = format!("{} holds what it must not", path.display());
                        return Err(
                            Error::new(Kind::Failed, message).hint("please report this as a bug")
                        );
                    }
                }
                looked.files += 1;
                looked.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            }
        }
        Ok(looked)
    }

    /// Removes it, unless it is to be kept.
    pub fn remove(mut self) -> Result<(), Error> {
        if std::mem::replace(&mut self.keep, true) {
            return Ok(());
        }
        fs::remove_dir_all(&self.dir).map_err(|error| {
            Error::new(Kind::Failed, format!("{} stays", self.dir.display()))
                .caused_by(&error)
                .hint(format!("remove it: rm -r {}", self.dir.display()))
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.keep {
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}

/// 16 hex digits that nobody guesses.
fn random() -> Result<String, Error> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::new(Kind::Failed, "no random numbers").caused_by(&error))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
