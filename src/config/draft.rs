//! A file that its owner asked for: whole or not at all, and nobody else's business.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A file beside the one asked for, until it is whole: a full disk leaves no half of one.
pub struct Draft {
    path: PathBuf,
    file: BufWriter<File>,
    kept: bool,
}

impl Draft {
    /// Begins a file that will be called `path`.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn new(path: &Path) -> io::Result<Draft> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let draft = path.with_file_name(format!(".{name}.rec-{}", std::process::id()));
        // What is in it is masked, and still for its owner to share.
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)?;
        Ok(Draft {
            path: draft,
            file: BufWriter::new(file),
            kept: false,
        })
    }

    /// Makes it `path`; in the place of a file that is there only when it is to `replace` it.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`], or what else the file system says. Nothing is left behind.
    pub fn keep(mut self, path: &Path, replace: bool) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        if replace {
            std::fs::rename(&self.path, path)?;
            self.kept = true;
            return Ok(());
        }
        // A link never replaces what came there meanwhile.
        match std::fs::hard_link(&self.path, path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
            // A file system without links.
            Err(_) => {
                std::fs::rename(&self.path, path)?;
                self.kept = true;
                Ok(())
            }
        }
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
