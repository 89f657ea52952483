//! Which sessions have a living recorder: each holds a lock on a file of its own, and the kernel
//! lets go of it however the process ends. Process ids, which are used again, tell nothing.

use super::{Error, dir};
use crate::model::SessionId;
use std::fs::{self, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Held while a session is recorded.
pub struct Live {
    path: PathBuf,
    _locked: File,
}

impl Live {
    /// Marks `session` as living.
    pub fn hold(vault: &Path, session: &SessionId) -> Result<Live, Error> {
        let live = vault.join(dir::LIVE);
        let made = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&live);
        made.map_err(Error::io("create", &live))?;
        let path = live.join(session.hex());
        let file = dir::open(&path, true)?;
        if !dir::try_lock(&file, &path)? {
            return Err(Error::Busy { path });
        }
        Ok(Live {
            path,
            _locked: file,
        })
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // Unlinked while still locked, so nobody can take the file over in between.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether the recorder of `session` lives.
pub fn is_live(vault: &Path, session: &SessionId) -> bool {
    let path = vault.join(dir::LIVE).join(session.hex());
    let Ok(file) = dir::open(&path, false) else {
        return false;
    };
    !dir::try_lock(&file, &path).unwrap_or(true)
}

/// Removes what a dead recorder left.
pub fn forget(vault: &Path, session: &SessionId) {
    let _ = fs::remove_file(vault.join(dir::LIVE).join(session.hex()));
}
