//! What a session is called and where it was: gathered at the start, masked by the recorder.

use crate::mask::Scanner;
use crate::model::{Meta, SessionId, Size, Stamp, Target};
use jiff::Zoned;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What is known when a session starts.
#[derive(Clone)]
pub struct About {
    /// The client and its words, unmasked.
    pub argv: Vec<OsString>,
    /// Where it leads.
    pub target: Target,
    /// Its terminal's size; zeroes where it has none.
    pub size: Size,
    /// When it began.
    pub started: Stamp,
}

impl About {
    /// The client's name without its directory.
    pub fn client(&self) -> String {
        let name = self.argv.first().map(Path::new).and_then(Path::file_name);
        name.unwrap_or_default().to_string_lossy().into_owned()
    }

    /// What is stored of it. The scanner learns the secrets of words and environment, so that they
    /// are found wherever the session shows them.
    pub fn meta(&self, id: SessionId, scanner: &mut Scanner) -> Meta {
        learn_environment(scanner);
        let command = scanner.command_line(&self.argv);
        let directory = std::env::current_dir().unwrap_or_default();
        let mut text = |text: OsString| scanner.text(&text.to_string_lossy());
        let var = |name| std::env::var_os(name).unwrap_or_default();
        let target = &self.target;
        let mut some = |field: &Option<String>| field.as_ref().map(|field| text(field.into()));
        let target = Target {
            host: some(&target.host),
            port: target.port,
            database: some(&target.database),
            user: some(&target.user),
        };
        let login = Some(var("LOGNAME")).filter(|name| !name.is_empty());
        Meta {
            client: text(self.client().into()),
            command,
            target,
            term: text(var("TERM")),
            machine: text(OsStr::from_bytes(rustix::system::uname().nodename().to_bytes()).into()),
            login: text(login.unwrap_or_else(|| var("USER"))),
            directory: text(directory.into_os_string()),
            ..self.nameless(id)
        }
    }

    /// The same without anything that could hold a secret.
    pub fn nameless(&self, id: SessionId) -> Meta {
        Meta {
            id,
            client: "unknown".to_owned(),
            command: String::new(),
            target: Target::default(),
            started: self.started,
            utc_offset: Zoned::now().offset().seconds(),
            size: self.size,
            term: String::new(),
            machine: String::new(),
            login: String::new(),
            directory: String::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// Shows the scanner each variable as an assignment: what its rules take for a secret there is
/// learned.
fn learn_environment(scanner: &mut Scanner) {
    for (name, value) in std::env::vars_os() {
        let variable = [name.as_os_str(), OsStr::new("="), &value]
            .map(OsStr::as_bytes)
            .concat();
        scanner.page(variable.split(|byte| *byte == b'\n'), |_, _| {});
    }
}
