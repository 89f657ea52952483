//! Where things stand: `--vault`, `--config`, `REC_VAULT`, `REC_CONFIG`, then the XDG directories.

use etcetera::base_strategy::{BaseStrategy, Xdg};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The directories and files of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// `vault.db`, `index.db`, `keyslots.age`, `seal.seed`: `$XDG_DATA_HOME/rec`.
    pub vault: PathBuf,
    /// The configuration file: `$XDG_CONFIG_HOME/rec/config.toml`.
    pub config: PathBuf,
    /// What rec keeps beside the configuration, the pinned recipients among it:
    /// `$XDG_CONFIG_HOME/rec`, or the directory of the file that `--config` names.
    pub config_dir: PathBuf,
    /// rec's own log: `$XDG_STATE_HOME/rec`.
    pub state: PathBuf,
    /// Sockets: `$XDG_RUNTIME_DIR/rec`. Without a login session, a directory of the user's own where
    /// the system shares memory, else one under the state directory.
    pub runtime: PathBuf,
}

/// Neither HOME nor the password database tells where home is.
#[derive(Debug, thiserror::Error)]
#[error("cannot tell where your home directory is")]
pub struct NoHome;

/// In memory, as what a login session has is: a socket made there costs no disk's wait.
const SHARED: &str = "/dev/shm";

impl Paths {
    /// Finds them; creates nothing.
    ///
    /// # Errors
    /// [`NoHome`] where a path depends on a home directory that cannot be found.
    pub fn find(vault: Option<PathBuf>, config: Option<PathBuf>) -> Result<Paths, NoHome> {
        let xdg = Xdg::new().map_err(|_| NoHome)?;
        let config_home = xdg.config_dir().join("rec");
        let state = xdg
            .state_dir()
            .unwrap_or_else(|| xdg.data_dir())
            .join("rec");
        let config_dir = match config.as_deref().and_then(|file| file.parent()) {
            Some(dir) if dir.as_os_str().is_empty() => PathBuf::from("."),
            Some(dir) => dir.to_owned(),
            None => config_home.clone(),
        };
        Ok(Paths {
            vault: vault.unwrap_or_else(|| xdg.data_dir().join("rec")),
            config: config.unwrap_or_else(|| config_home.join("config.toml")),
            config_dir,
            runtime: xdg
                .runtime_dir()
                .map_or_else(|| apart(SHARED, &state), |dir| dir.join("rec")),
            state,
        })
    }
}

/// Below `shared`, where that is everybody's and nobody else took the user's name there.
fn apart(shared: &str, state: &Path) -> PathBuf {
    let own = rustix::process::geteuid().as_raw();
    let dir = Path::new(shared).join(format!("rec-{own}"));
    // Others may make files there and remove none but theirs.
    let sticky = |meta: std::fs::Metadata| meta.is_dir() && meta.mode() & 0o7777 == 0o1777;
    let ours = match std::fs::symlink_metadata(&dir) {
        Ok(meta) => meta.is_dir() && meta.uid() == own && meta.mode() & 0o077 == 0,
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    match ours && std::fs::symlink_metadata(shared).is_ok_and(sticky) {
        true => dir,
        false => state.join("run"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn what_is_not_the_users_alone_is_passed_by() {
        let place = tempfile::tempdir().unwrap();
        let shared = place.path().join("shm");
        let state = place.path().join("state");
        let own = shared.join(format!("rec-{}", rustix::process::geteuid().as_raw()));
        let set = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        let found = || apart(shared.to_str().unwrap(), &state);
        let passed = state.join("run");
        assert_eq!(found(), passed);
        fs::create_dir(&shared).unwrap();
        set(&shared, 0o777);
        assert_eq!(found(), passed);
        set(&shared, 0o1777);
        assert_eq!(found(), own);
        fs::create_dir(&own).unwrap();
        set(&own, 0o755);
        assert_eq!(found(), passed);
        set(&own, 0o700);
        assert_eq!(found(), own);
        fs::remove_dir(&own).unwrap();
        symlink(place.path(), &own).unwrap();
        assert_eq!(found(), passed);
    }
}
