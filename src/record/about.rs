//! What a session is called and where it was: gathered at the start, masked by the recorder.

use crate::mask::Scanner;
use crate::mask::own::Own;
use crate::model::{Meta, SessionId, Size, Stamp, Target};
use jiff::Timestamp;
use jiff::tz::TimeZone;
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
    /// What its owner configured of masking for it.
    pub masking: Own,
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
        for (name, value) in std::env::vars_os() {
            scanner.variable(name.as_bytes(), value.as_bytes());
        }
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
            utc_offset: offset(self.started),
            size: self.size,
            term: String::new(),
            machine: String::new(),
            login: String::new(),
            directory: String::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// Seconds east of UTC here at that moment. The usual zone is read from its file: to learn its name
/// as well, jiff reads the directories of all zones, which takes longer than all else here.
fn offset(at: Stamp) -> i32 {
    let usual = std::env::var_os("TZ").is_none();
    let file = usual
        .then(|| std::fs::read("/etc/localtime").ok())
        .flatten();
    let zone = file.and_then(|file| TimeZone::tzif("localtime", &file).ok());
    let zone = zone.unwrap_or_else(TimeZone::system);
    Timestamp::from_microsecond(at.0).map_or(0, |at| zone.to_offset(at).seconds())
}
