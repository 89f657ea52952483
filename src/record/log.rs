//! rec's own log, for what there is no terminal to say it on: one line an event, never anything of
//! a session. `rec doctor` shows the newest line.

use super::mounts;
use jiff::Timestamp;
use rustix::fs::{Mode, OFlags};
use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

/// The name that `rec doctor` looks for.
const NAME: &str = "rec.log";

/// Beyond this the log begins again (P8): some thousand lines, more than anybody reads.
const BYTES_MAX: u64 = 256 << 10;

/// How long whoever has something to log waits for it, where the log's file system may hang.
const WAIT: Duration = Duration::from_millis(100);

/// Where lines go.
#[derive(Clone, Debug)]
pub struct Log {
    path: PathBuf,
}

impl Log {
    /// In the state directory, which is made when a line is.
    pub fn new(state: &Path) -> Log {
        Log {
            path: state.join(NAME),
        }
    }

    /// Appends a line. A log that cannot be written is no reason to fail, and there is nowhere
    /// left to say it.
    pub fn line(&self, line: &str) {
        if !mounts::may_hang(&self.path) {
            let _ = self.append(line);
            return;
        }
        let (log, line) = (self.clone(), line.to_owned());
        let (done, written) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name("log".into());
        let begun = thread.spawn(move || {
            let _ = log.append(&line);
            let _ = done.send(());
        });
        if begun.is_ok() {
            let _ = written.recv_timeout(WAIT);
        }
    }

    fn append(&self, line: &str) -> std::io::Result<()> {
        if let Some(dir) = self.path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        }
        let begin_again = fs::symlink_metadata(&self.path).is_ok_and(|meta| meta.len() > BYTES_MAX);
        let mut flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if begin_again {
            flags |= OFlags::TRUNC;
        }
        let file = rustix::fs::open(&self.path, flags, Mode::RUSR | Mode::WUSR)?;
        // One write, so that lines of several processes do not mix.
        let line = format!("{:.0} {line}\n", Timestamp::now());
        File::from(file).write_all(line.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn lines_are_private_and_bounded() {
        let home = tempfile::tempdir().unwrap();
        let log = Log::new(&home.path().join("state/rec"));
        log.line("one");
        log.line("two");
        let path = home.path().join("state/rec/rec.log");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.lines().next().unwrap().ends_with("Z one"), "{text}");
        assert_eq!(text.lines().count(), 2);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        log.line(&"x".repeat(300 << 10));
        log.line("again");
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
    }
}
