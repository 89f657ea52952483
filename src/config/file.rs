//! The configuration file: TOML, every key known, every error with its place.
//!
//! The keys are described in `rec(1)`, section CONFIGURATION.

use super::browser::{Browser, BrowserTable};
use super::mask::{Masking, Section};
use super::retention::Bytes;
use super::{Error, Fault, Paths, Retention, Scope};
use crate::mask::own::Wrong;
use crate::wire::Limits;
use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// A configuration of a thousand rules is a tenth of that; what is longer is another file.
const FILE_MAX: u64 = 1 << 20;

/// What the owner configured; the default where a key is missing.
#[derive(Clone, Debug)]
pub struct Config {
    /// `on_failure`: what happens to a session that cannot be recorded.
    pub on_failure: OnFailure,
    /// `keys.prefix`: the byte that rec's own keys begin with; `None` removes them.
    pub prefix: Option<u8>,
    /// `scope`: which sessions are recorded.
    pub scope: Scope,
    /// `tap.listen`: where rec takes the server's place.
    pub listen: Listen,
    /// `capture`: how much of a statement's result is kept.
    pub capture: Limits,
    /// `retention`: how long sessions are kept, and how much of them.
    pub retention: Retention,
    /// `browser`: how the views look and what their keys do.
    pub browser: Browser,
    /// `mask`: what is masked beside what rec knows itself.
    pub masking: Masking,
    /// `clients`: programs that are treated as one of a known family, by name.
    pub clients: BTreeMap<String, Family>,
}

/// What happens to a session that cannot be recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// It runs unrecorded.
    #[default]
    Continue,
    /// It does not run.
    Refuse,
}

/// Where rec takes the server's place on a database connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Listen {
    /// On a unix socket in a private directory.
    #[default]
    Socket,
    /// On an address of the loopback and the server's own port, so that the client still knows the
    /// server's name.
    Loopback,
    /// Nowhere: only the terminal is recorded.
    Off,
}

/// Clients whose words and environment rec understands in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// `psql` and other programs that connect with libpq.
    #[serde(alias = "postgres", alias = "postgresql")]
    Psql,
    /// `mysql`, `mariadb` and their companions.
    #[serde(alias = "mariadb")]
    Mysql,
    /// `ssh`, and what takes a destination as it does.
    Ssh,
}

impl Config {
    /// Reads the file at `paths.config` and the rule files that it names. A file that is not there is
    /// the default.
    ///
    /// # Errors
    /// It cannot be read, or says something that rec does not know.
    pub fn load(paths: &Paths) -> Result<Config, Error> {
        let Some(bytes) = read(&paths.config)? else {
            return Ok(Config::default());
        };
        let config = parse_bytes(&bytes).map_err(|fault| Error::Wrong {
            file: paths.config.clone(),
            fault,
        })?;
        config.with_rule_files(paths)
    }

    /// Reads `text`.
    ///
    /// # Errors
    /// The first thing in it that rec does not know.
    pub fn parse(text: &str) -> Result<Config, Fault> {
        let document = toml::from_str::<Document>(text).map_err(Wrong::from);
        document
            .and_then(|document| document.checked(text))
            .map_err(|wrong| {
                let refuse = asks_to_refuse(text);
                Fault::at(text, wrong.at, &wrong.what, refuse)
            })
    }

    /// Reads the rule files that `[mask]` names; they stand beside the configuration.
    fn with_rule_files(mut self, paths: &Paths) -> Result<Config, Error> {
        for name in std::mem::take(&mut self.masking.files) {
            let file = paths.config.with_file_name(name);
            let text = read(&file)?.ok_or_else(|| Error::Unreadable {
                file: file.clone(),
                reason: ErrorKind::NotFound.into(),
            })?;
            let text = String::from_utf8_lossy(&text);
            let added = self.masking.add_file(&text);
            added.map_err(|fault| Error::Wrong { file, fault })?;
        }
        Ok(self)
    }
}

/// What stands in `file`; `None` when there is none.
fn read(file: &Path) -> Result<Option<Vec<u8>>, Error> {
    let mut bytes = Vec::new();
    let read =
        File::open(file).and_then(|opened| opened.take(FILE_MAX + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) if bytes.len() as u64 > FILE_MAX => Err(Error::TooLong {
            file: file.to_owned(),
            most: FILE_MAX,
        }),
        Ok(_) => Ok(Some(bytes)),
        Err(reason) if reason.kind() == ErrorKind::NotFound => Ok(None),
        Err(reason) => Err(Error::Unreadable {
            file: file.to_owned(),
            reason,
        }),
    }
}

fn parse_bytes(bytes: &[u8]) -> Result<Config, Fault> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Config::parse(text),
        Err(error) => {
            let text = String::from_utf8_lossy(bytes);
            let what = "not UTF-8, as TOML is";
            let refuse = asks_to_refuse(&text);
            Err(Fault::at(&text, error.valid_up_to(), what, refuse))
        }
    }
}

/// Whether a text that is wrong somewhere shows an `on_failure` other than `"continue"`. Who wrote
/// one did so to have sessions refused, however it is spelt.
fn asks_to_refuse(text: &str) -> bool {
    let (table, _) = DeTable::parse_recoverable(text);
    match table
        .get_ref()
        .get("on_failure")
        .map(|value| value.get_ref())
    {
        None => false,
        Some(DeValue::String(value)) => value != "continue",
        Some(_) => true,
    }
}

impl Default for Config {
    fn default() -> Self {
        Config {
            on_failure: OnFailure::default(),
            prefix: Prefix::default().0,
            scope: Scope::default(),
            listen: Listen::default(),
            capture: Limits::default(),
            retention: Retention::default(),
            browser: Browser::default(),
            masking: Masking::default(),
            clients: BTreeMap::new(),
        }
    }
}

/// The file as it is laid out.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Document {
    on_failure: OnFailure,
    keys: Keys,
    scope: Scope,
    tap: TapTable,
    capture: Capture,
    retention: Retention,
    browser: BrowserTable,
    mask: Section,
    clients: BTreeMap<String, Family>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TapTable {
    listen: Listen,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Capture {
    max_rows: Option<u64>,
    max_bytes: Option<Bytes>,
}

impl From<Capture> for Limits {
    fn from(capture: Capture) -> Limits {
        let usual = Limits::default();
        Limits {
            rows: capture.max_rows.unwrap_or(usual.rows),
            bytes: capture.max_bytes.map_or(usual.bytes, |Bytes(bytes)| bytes),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Keys {
    prefix: Prefix,
}

impl Document {
    fn checked(self, text: &str) -> Result<Config, Wrong> {
        Ok(Config {
            on_failure: self.on_failure,
            prefix: self.keys.prefix.0,
            scope: self.scope,
            listen: self.tap.listen,
            capture: self.capture.into(),
            retention: self.retention,
            browser: self.browser.placed(text),
            masking: self.mask.checked()?,
            clients: self.clients,
        })
    }
}

struct Prefix(Option<u8>);

impl Default for Prefix {
    /// Ctrl-]: telnet's, and so of no use to a client.
    fn default() -> Self {
        Prefix(Some(0x1d))
    }
}

impl<'de> Deserialize<'de> for Prefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Spelling)
    }
}

/// `C-x` for a control key, `none` for no key.
struct Spelling;

impl Visitor<'_> for Spelling {
    type Value = Prefix;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "`none`, or `C-` and a letter or one of @ \\ ] ^ _ (not C-[ C-i C-j C-m, which are the \
             keys Escape, Tab and Enter)",
        )
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Prefix, E> {
        if text == "none" {
            return Ok(Prefix(None));
        }
        let wrong = || E::invalid_value(Unexpected::Str(text), &self);
        match text.as_bytes() {
            [b'C', b'-', key] => match key.to_ascii_uppercase() {
                b'[' | b'I' | b'J' | b'M' => Err(wrong()),
                key @ b'@'..=b'_' => Ok(Prefix(Some(key & 0x1f))),
                _ => Err(wrong()),
            },
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        Config::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_not_there_is_the_default() {
        for text in ["", "# nothing\n", "[keys]\n[scope]\n[clients]\n"] {
            let config = Config::parse(text).unwrap();
            assert_eq!(config.on_failure, OnFailure::Continue);
            assert_eq!(config.prefix, Some(0x1d));
            assert!(config.clients.is_empty());
        }
    }

    #[test]
    fn every_key_is_read() {
        let config = Config::parse(
            r#"
            on_failure = "refuse"
            keys.prefix = "C-t"
            tap.listen = "loopback"
            capture.max_rows = 50
            capture.max_bytes = "2MB"
            [clients]
            pg-prod = "psql"
            percona = "mysql"
            jump = "ssh"
            report = "postgres"
            [browser]
            mouse = false
            theme = "light"
            keys."browser.open" = ["enter", "o"]
            keys."browser.copy-command" = "ctrl-y"
            "#,
        )
        .unwrap();
        assert_eq!(config.on_failure, OnFailure::Refuse);
        assert_eq!(config.prefix, Some(0x14));
        assert!(!config.browser.mouse);
        assert_eq!(config.browser.theme, super::super::Colours::Light);
        let open = &config.browser.keys["browser.open"];
        assert_eq!(
            (&open.keys[..], open.line),
            (&["enter".to_owned(), "o".to_owned()][..], 15)
        );
        assert_eq!(config.browser.keys["browser.copy-command"].keys, ["ctrl-y"]);
        assert_eq!(config.listen, Listen::Loopback);
        assert_eq!((config.capture.rows, config.capture.bytes), (50, 2_000_000));
        let families: Vec<_> = config.clients.into_values().collect();
        assert_eq!(
            families,
            [Family::Ssh, Family::Mysql, Family::Psql, Family::Psql]
        );
    }

    #[test]
    fn the_prefix_is_any_control_key_or_none() {
        let prefix = |text: &str| {
            let text = format!("keys.prefix = '{text}'");
            Config::parse(&text).map(|config| config.prefix).ok()
        };
        for (text, key) in [
            ("none", None),
            ("C-]", Some(0x1d)),
            ("C-a", Some(1)),
            ("C-A", Some(1)),
            ("C-@", Some(0)),
            ("C-_", Some(0x1f)),
            ("C-\\", Some(0x1c)),
        ] {
            assert_eq!(prefix(text), Some(key), "{text}");
        }
        for text in [
            "", "]", "C-", "C-ab", "M-a", "C-[", "C-i", "C-m", "C-1", "C-é", "None",
        ] {
            assert_eq!(prefix(text), None, "{text}");
        }
    }

    #[test]
    fn an_error_has_its_place_and_says_what_is_expected() {
        for (text, wanted) in [
            (
                "on_failure = \"refuse\"\ncolour = 3\n",
                "2:1: unknown field `colour`, expected one of `on_failure`, `keys`, `scope`, `tap`, `capture`, `retention`, `browser`, `mask`, `clients`",
            ),
            (
                "on_failure = \"stop\"",
                "1:14: unknown variant `stop`, expected `continue` or `refuse`",
            ),
            (
                "[keys]\nprefix = 5",
                "2:10: invalid type: integer `5`, expected `none`, or `C-` and a letter",
            ),
            (
                "[keys]\nprefix = \"F1\"",
                "2:10: invalid value: string \"F1\", expected `none`, or `C-` and a letter",
            ),
            (
                "[clients]\nmine = \"oracle\"",
                "2:8: unknown variant `oracle`, expected one of `postgres`, `postgresql`, `psql`, `mariadb`, `mysql`, `ssh`",
            ),
            (
                "[browser]\nkeys.\"browser.open\" = 5",
                "2:23: expected a key, such as \"ctrl-y\", or a list of keys",
            ),
            ("é = 1\n[scope\n", "2:7: unclosed table, expected `]`"),
            ("[scope]\n[scope]\n", "2:2: duplicate key"),
        ] {
            let said = fault(text);
            assert!(said.starts_with(wanted), "{text:?} gives {said}");
            assert!(!said.contains('\n'), "{said}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_have_a_place_too() {
        let fault = parse_bytes(b"# caf\xe9\n").unwrap_err();
        assert_eq!(fault.to_string(), "1:6: not UTF-8, as TOML is");
        let fault = parse_bytes(b"on_failure = 'refuse'\n\xff = 1\n").unwrap_err();
        assert!(fault.refuse, "{fault}");
    }

    #[test]
    fn a_wrong_file_still_asks_to_refuse() {
        for (text, asks) in [
            ("on_failure = \"refuse\"\nnonsense = 1", true),
            ("on_failure = \"refuse\"\n[scope\n", true),
            ("on_failure = \"refuze\"", true),
            ("on_failure = 1", true),
            ("on_failure = \"continue\"\nnonsense = 1", false),
            ("nonsense = 1", false),
            ("[keys]\non_failure = \"refuse\"", false),
        ] {
            assert_eq!(Config::parse(text).unwrap_err().refuse, asks, "{text}");
        }
    }

    #[test]
    fn no_text_makes_it_panic() {
        let whole = "on_failure = \"refuse\"\nkeys.prefix = 'C-é'\n[[scope.rule]]\nhost = \"{a\"\n";
        for (at, _) in whole.char_indices() {
            let _ = Config::parse(&whole[..at]);
            let _ = Config::parse(&whole[at..]);
        }
        let _ = Config::parse(&"[".repeat(100_000));
        let _ = Config::parse(&format!("a = {}", "[".repeat(100_000)));
    }
}
