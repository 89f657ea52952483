//! Where things stand: `--vault`, `--config`, `REC_VAULT`, `REC_CONFIG`, then the XDG directories.

use etcetera::base_strategy::{BaseStrategy, Xdg};
use std::path::PathBuf;

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
    /// Control sockets: `$XDG_RUNTIME_DIR/rec`, else a directory under the state directory.
    pub runtime: PathBuf,
}

/// Neither HOME nor the password database tells where home is.
#[derive(Debug, thiserror::Error)]
#[error("cannot tell where your home directory is")]
pub struct NoHome;

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
                .map_or_else(|| state.join("run"), |dir| dir.join("rec")),
            state,
        })
    }
}
