//! `rec demo`: the whole of it in half a minute, for real.
//!
//! A real shell on a real pty is recorded by this very program into a vault made for the purpose,
//! with a made-up secret typed into it; then it is searched and shown, and the vault's files are
//! read to see that the secret is not there. The script types for the person; nothing else is
//! staged.

mod place;
mod typist;

use super::{Error, Kind, Ui};
use clap::Args;
use place::Place;
use std::process::{Command, ExitCode, Stdio};
use typist::Line;

/// `rec demo`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rec demo
  rec demo --keep        and look around in the vault it leaves")]
pub struct Demo {
    /// Keep the vault that it makes
    #[arg(long)]
    keep: bool,
}

impl Demo {
    /// Shows it.
    ///
    /// # Errors
    /// Where a step failed, or the secret was found where it must not be.
    pub fn run(self, ui: &mut Ui) -> Result<ExitCode, Error> {
        let place = Place::make(self.keep)?;
        let secret = place.secret()?;
        tell(
            ui,
            "A shell session, recorded into a throw-away vault. The script types.",
        )?;
        step(ui, "rec init --key file")?;
        rec(&place, &["init", "--key", "file"])?;

        step(ui, "rec sh")?;
        typist::session(&place, ui, &script(&secret))?;

        tell(ui, "What was it about stuck orders?")?;
        step(ui, "rec search stuck")?;
        rec(&place, &["search", "stuck"])?;

        tell(
            ui,
            "The whole session. The password was masked before it was stored, where it was\ntyped and where it came back:",
        )?;
        step(ui, "rec show @last --output all")?;
        rec(&place, &["show", "@last", "--output", "all"])?;

        let looked = place.look_for(&[&secret, "stuck", "grep"])?;
        tell(
            ui,
            &format!(
                "Looked through all {} files of the vault ({} kB): neither the password nor a word of\n\
                 the session stands there in clear. Only the vault's key opens them.",
                looked.files,
                looked.bytes.div_ceil(1000)
            ),
        )?;
        tell(ui, &next(&place))?;
        place.remove()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What is typed. The password is made up anew each time.
fn script(secret: &str) -> Vec<Line> {
    [
        format!("export PGPASSWORD={secret}"),
        "echo \"connecting as app with $PGPASSWORD\"".to_owned(),
        "printf '%s\\n' '8831 stuck' '8832 stuck' '8840 new' > orders".to_owned(),
        "grep stuck orders".to_owned(),
        "cat /no/such/report".to_owned(),
        "exit".to_owned(),
    ]
    .map(Line)
    .into()
}

fn next(place: &Place) -> String {
    let kept = if place.kept() {
        format!(
            "The demonstration's vault is kept. To look around in it:\n  \
             export REC_VAULT={} REC_CONFIG={}\n  rec\n\n",
            place.vault().display(),
            place.config().display()
        )
    } else {
        String::new()
    };
    format!(
        "{kept}How to go on:\n  \
         rec psql -h db.example.com app      put rec before a client that touches production\n  \
         rec util alias bash >> ~/.bashrc    or have that done for psql, mysql and ssh\n  \
         rec ls, rec search, rec play @last  find it again and replay it\n  \
         rec                                 browse\n  \
         rec doctor                          whether all is well on this machine"
    )
}

/// Runs rec on the demonstration's vault, on the person's own terminal.
fn rec(place: &Place, args: &[&str]) -> Result<(), Error> {
    let failed = |why: String| {
        Error::new(Kind::Failed, format!("rec {}: {why}", args.join(" ")))
            .hint("rec doctor looks for the reason")
    };
    let mut command = Command::new(place.rec());
    command.args(args).stdin(Stdio::null());
    for name in place::CLEARED {
        command.env_remove(name);
    }
    let status = command
        .envs(place.env())
        .status()
        .map_err(|error| failed(error.to_string()))?;
    if status.success() {
        Ok(())
    } else {
        Err(failed(status.to_string()))
    }
}

/// Shows the command that comes next.
fn step(ui: &mut Ui, command: &str) -> Result<(), Error> {
    let line = ui.paint("1;32", &format!("$ {command}"));
    show(ui, format!("\n{line}\n"))
}

/// Says what is going on.
fn tell(ui: &mut Ui, text: &str) -> Result<(), Error> {
    let mut said = String::from("\n");
    for line in text.lines() {
        said.push_str(&ui.paint("1", line));
        said.push('\n');
    }
    show(ui, said)
}

fn show(ui: &mut Ui, text: impl AsRef<[u8]>) -> Result<(), Error> {
    ui.data(text)
        .map_err(|error| Error::new(Kind::Failed, "stdout takes nothing").caused_by(&error))
}
