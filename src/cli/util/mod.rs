//! `rec util`: what packaging and shells need, made from the one clap tree.

mod alias;
mod completions;
mod man;

pub use completions::complete;

use super::{Error, Kind, Ui};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

/// `rec util …`.
#[derive(Debug, Args)]
pub struct Util {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print aliases that put rec before the clients you use
    #[command(after_help = "\
Examples:
  rec util alias bash >> ~/.bashrc
  rec util alias zsh psql mysql ssh kubectl >> ~/.zshrc
  rec util alias fish >> ~/.config/fish/config.fish")]
    Alias {
        /// Whose syntax
        shell: Shell,
        /// The clients [default: psql mysql ssh]
        #[arg(value_name = "CLIENT")]
        clients: Vec<String>,
    },
    /// Print the completion script for a shell
    #[command(after_help = "\
Session ids are completed from what the vault shows without a key; nothing is ever unlocked.

Examples:
  rec util completions bash > ~/.local/share/bash-completion/completions/rec
  rec util completions fish > ~/.config/fish/completions/rec.fish
  source <(rec util completions zsh)")]
    Completions {
        /// Whose syntax
        shell: Shell,
        /// The rec that the script asks
        #[arg(long, value_name = "PATH", default_value = "rec")]
        command: String,
    },
    /// Copy stdin to stdout: what rec starts for a background process that outlives its client
    #[command(hide = true)]
    PassOn,
    /// Write the manual pages into a directory
    #[command(after_help = "\
Examples:
  rec util man ~/.local/share/man/man1")]
    Man {
        /// Where to; made if it is not there
        dir: PathBuf,
    },
}

/// A shell that rec speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shell {
    /// bash, 4.2 or later
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
}

impl Util {
    /// Does it.
    ///
    /// # Errors
    /// What could not be written, or a client's name that is none.
    pub fn run(self, ui: &mut Ui) -> Result<ExitCode, Error> {
        let text = match self.what {
            What::Alias { shell, clients } => alias::aliases(shell, &clients)?,
            What::Completions { shell, command } => {
                completions::script(shell, &command).map_err(|error| {
                    Error::new(Kind::Failed, "no completion script").caused_by(&error)
                })?
            }
            What::PassOn => {
                crate::record::copy_to_the_end();
                return Ok(ExitCode::SUCCESS);
            }
            What::Man { dir } => {
                let count = man::write(&dir).map_err(|error| {
                    let message = format!("no manual pages in {}", dir.display());
                    Error::new(Kind::Failed, message).caused_by(&error)
                })?;
                ui.say(format!("rec: wrote {count} pages to {}", dir.display()));
                return Ok(ExitCode::SUCCESS);
            }
        };
        ui.data(text)
            .map_err(|error| Error::new(Kind::Failed, "stdout takes nothing").caused_by(&error))?;
        Ok(ExitCode::SUCCESS)
    }
}
