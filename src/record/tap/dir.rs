//! The private directory of one tap: sockets, and files that only its client is to read.
//!
//! It bears the number of rec's process, so that what a rec left that was killed is known for
//! nobody's, and is removed by the next one.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The longest path of a socket: what fits `sun_path` with its NUL.
#[cfg(target_os = "linux")]
pub const SOCKET_MAX: usize = 107;
#[cfg(not(target_os = "linux"))]
/// The longest path of a socket: what fits `sun_path` with its NUL.
pub const SOCKET_MAX: usize = 103;

/// Stands before the number of a process.
const PREFIX: &str = "tap-";

/// Where sockets go whose paths are too long below the runtime directory.
const SHORT: &str = "/tmp";

/// A directory of mode 0700, removed with all in it when dropped.
pub struct Dir {
    path: PathBuf,
}

impl Dir {
    /// Makes one below `runtime`, or below /tmp where a path of `room` more bytes would be too
    /// long for a socket.
    ///
    /// # Errors
    /// It cannot be made, or what stands there is not private.
    pub fn new(runtime: &Path, room: usize) -> io::Result<Dir> {
        let name = format!("{PREFIX}{}", std::process::id());
        let long = runtime.as_os_str().len() + 1 + name.len() + room;
        if long <= SOCKET_MAX {
            private(runtime)?;
            sweep(runtime);
            return Dir::make(runtime.join(name));
        }
        // Where everybody may write, the name is the user's too; whoever made it first keeps
        // us out, and no more.
        let own = rustix::process::geteuid().as_raw();
        let base = Path::new(SHORT).join(format!("rec-{own}"));
        private(&base)?;
        sweep(&base);
        Dir::make(base.join(name))
    }

    fn make(path: PathBuf) -> io::Result<Dir> {
        // Left by a process that had our number.
        let _ = fs::remove_dir_all(&path);
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Dir { path })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A directory in it, made if need be.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn folder(&self, name: &Path) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)?;
        Ok(path)
    }

    /// A file in it that only its owner may read.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn file(&self, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        let mut file: File = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        file.write_all(bytes)?;
        Ok(path)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Makes `dir` unless it is there, and sees that it is ours alone.
///
/// # Errors
/// It is not, or cannot be made.
pub fn private(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let meta = fs::symlink_metadata(dir)?;
    let own = meta.uid() == rustix::process::geteuid().as_raw();
    if meta.is_dir() && own && meta.mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!("{} is not private to you", dir.display()),
    ))
}

/// Removes what processes left that are gone.
fn sweep(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let pid = number.and_then(|number| number.parse().ok());
        let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) else {
            continue;
        };
        let gone = rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH);
        if gone {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn all_in_it_is_private_and_goes_with_it() {
        let home = tempfile::tempdir().unwrap();
        let runtime = home.path().join("run");
        let dir = Dir::new(&runtime, 10).unwrap();
        let folder = dir.folder(Path::new("db.example.com")).unwrap();
        let file = dir.file("passfile", b"secret").unwrap();
        assert_eq!((mode(dir.path()), mode(&folder)), (0o700, 0o700));
        assert_eq!(mode(&file), 0o600);
        let path = dir.path().to_owned();
        drop(dir);
        assert!(!path.exists());
    }

    #[test]
    fn a_directory_that_others_may_read_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let runtime = home.path().join("run");
        fs::create_dir(&runtime).unwrap();
        fs::set_permissions(&runtime, fs::Permissions::from_mode(0o755)).unwrap();
        let error = Dir::new(&runtime, 10).err().unwrap();
        assert!(error.to_string().contains("not private"), "{error}");
    }

    #[test]
    fn what_a_killed_rec_left_is_removed() {
        let home = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let gone = home.path().join(format!("{PREFIX}{}", child.id()));
        child.wait().unwrap();
        let lives = home.path().join(format!("{PREFIX}1"));
        for dir in [&gone, &lives] {
            fs::create_dir(dir).unwrap();
        }
        sweep(home.path());
        assert!(!gone.exists() && lives.exists());
    }

    #[test]
    fn a_long_runtime_directory_is_not_used() {
        let home = tempfile::tempdir().unwrap();
        let dir = Dir::new(home.path(), SOCKET_MAX - 10).unwrap();
        assert!(dir.path().starts_with(SHORT), "{}", dir.path().display());
        assert!(!dir.path().starts_with(home.path()));
    }
}
