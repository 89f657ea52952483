//! What a client of MySQL or MariaDB makes of its words, option files and variables.
//!
//! The files are the client's to read: what it makes of them is taken from the table that it prints
//! with `--help`, which holds no password. Its words come after them. The rules that turn all of
//! it into a connection are those of MariaDB's and MySQL's client programs and libraries.

use super::Program;
use super::options::*;
use super::tls::Tls;
use crate::record::clients::getopt::{Word, read};
use crate::record::clients::{Env, text};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// Which client it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// MariaDB's, as opposed to MySQL's.
    pub mariadb: bool,
    /// Major and minor.
    pub number: (u32, u32),
}

impl Version {
    /// Reads what `--version` prints.
    pub fn read(text: &str) -> Option<Version> {
        let mariadb = text.contains("MariaDB");
        // `Ver 15.1 Distrib 10.11.19-MariaDB`, `from 11.4.2-MariaDB, client 15.2`, `Ver 8.0.36`:
        // the program's own version stands before the distribution's or behind.
        let after = |word: &str| text.split_once(word).map(|(_, rest)| rest);
        let number = after("Distrib ")
            .or_else(|| after("from "))
            .or_else(|| after("Ver "))?;
        let mut parts = number.split(|c: char| !c.is_ascii_digit());
        let mut part = || parts.next()?.parse().ok();
        Some(Version {
            mariadb,
            number: (part()?, part()?),
        })
    }
}

/// The values that a client has after it has read its option files.
#[derive(Debug, Default)]
pub struct Table(BTreeMap<String, String>);

impl Table {
    /// Reads what `--help` prints.
    pub fn read(text: &str) -> Option<Table> {
        let (_, table) = text.split_once("Value (after reading options)\n")?;
        let mut lines = table.lines();
        // The rule below the head tells where the second column begins.
        let rule = lines.next()?;
        let column = rule.find(' ')? + 1;
        let value = |line: &str| {
            let (name, value) = line.split_at_checked(column)?;
            let none = value == "(No default value)";
            Some((name.trim_end().to_owned(), value.to_owned())).filter(|_| !none)
        };
        Some(Table(lines.filter_map(value).collect()))
    }

    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.named(name).filter(|value| !value.is_empty())
    }

    /// Nothing, too, where a file says so.
    pub(super) fn named(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    pub(super) fn is(&self, name: &str) -> Option<bool> {
        self.0.get(name).map(|value| value == "TRUE")
    }
}

/// What only the words of `--print-defaults` tell: the protocol is in no table.
pub fn protocol(defaults: &str) -> Option<String> {
    let words = defaults.split_ascii_whitespace().rev();
    words
        .filter_map(|word| word.strip_prefix("--protocol="))
        .map(str::to_owned)
        .next()
}

/// A client's words, looked through.
pub struct Given {
    /// So many of them must stay first: those that say which files to read.
    pub leading: usize,
    /// Before this one an option may be put that comes after all others.
    pub end: usize,
    /// It shows something and connects to nothing, or says itself what is wrong.
    pub idle: bool,
    /// A word that says which files to read does not stand first.
    late: bool,
    words: Vec<Word>,
    program: Program,
}

/// No option, and no word that anybody writes.
const PROBE: &str = "?";

/// Words that must come first.
const LEADING: &[&str] = &[
    "--defaults-file=",
    "--defaults-extra-file=",
    "--defaults-group-suffix=",
    "--login-path=",
    "--no-defaults",
    "--no-login-paths",
];

impl Given {
    /// Looks through the words of `program` behind its name.
    pub fn read(program: Program, args: &[OsString]) -> Given {
        let leads = |word: &OsString| {
            let word = word.to_string_lossy();
            LEADING.iter().any(|name| match name.ends_with('=') {
                true => word.starts_with(name),
                false => word == *name,
            })
        };
        let leading = args.iter().take_while(|word| leads(word)).count();
        let read = self::read(args, program.options(), false);
        let words: Vec<Word> = read.found.into_iter().map(|found| found.word).collect();
        // What is put behind an option that lacks its value would be taken for it.
        let mut probe: Vec<OsString> = args.iter().take(read.end).cloned().collect();
        probe.push(PROBE.into());
        let probed = self::read(&probe, program.options(), false).found;
        let probed = probed.last().map(|found| &found.word);
        let dangles = !matches!(probed, Some(Word::Operand(word)) if word == PROBE);
        let others = args.get(leading..).unwrap_or_default();
        let others = self::read(others, program.options(), false).found;
        let mut others = others.iter().map(|found| &found.word);
        let late = others.any(|word| matches!(word, Word::Option(ELSEWHERE, _)));
        let idle = |word: &Word| matches!(word, Word::Option(IDLE | 'V' | '?' | 'I', _));
        Given {
            leading,
            end: read.end,
            idle: dangles || words.iter().any(idle),
            late,
            words,
            program,
        }
    }

    /// Whether it reads files of this machine and connects to nothing, as far as its words and the
    /// files (`table`) tell.
    pub fn reads_files(&self, table: &Table) -> bool {
        let asked = |word: &Word| matches!(word, Word::Option(REMOTE, _));
        self.program == Program::Binlog
            && !self.words.iter().any(asked)
            && table.is("read-from-remote-server") != Some(true)
    }

    /// What the client makes of all: its words, what the files made of it (`table`, `protocol`),
    /// and its variables.
    ///
    /// # Errors
    /// Why rec cannot be sure; empty where the client says itself what is wrong.
    pub fn settings(
        &self,
        version: Version,
        table: &Table,
        protocol: Option<String>,
        env: Env<'_>,
    ) -> Result<Settings, String> {
        if self.late {
            // MariaDB's refuse it; what another makes of it only it knows.
            return Err(match version.mariadb {
                true => String::new(),
                false => "it names its option files or its login path behind other options, where \
                          only the client knows whether they count"
                    .to_owned(),
            });
        }
        let mut s = Settings::of(table, protocol);
        let mut forced = None;
        for word in &self.words {
            let Word::Option(letter, value) = word else {
                continue;
            };
            match (*letter, value.clone()) {
                ('h', value) => s.host = value,
                ('u', value) => s.user = value,
                ('P', value) => {
                    s.port = number(value.as_deref())?;
                    forced = Some(true);
                }
                ('S', value) => {
                    s.socket = value;
                    forced = Some(false);
                }
                (letter, value) => s.tls.word(letter, value.as_deref())?,
            }
            match (*letter, value.clone()) {
                (PROTOCOL, value) => s.protocol = value,
                (PROMPT, value) => s.prompt = value,
                (PUBLIC_KEY, value) => s.public_key = value.map(PathBuf::from),
                (GET_PUBLIC_KEY, _) => s.asks_public_key = true,
                // The client of that name takes the option as well, and gives up all the same.
                ('w', _) if self.program == Program::Admin => s.waits = true,
                (NOT_OURS, _) => return Err("it binds an address or looks up SRV records".into()),
                _ => {}
            }
        }
        // Scripts of tests restart their servers.
        s.waits |= self.program == Program::Test;
        if self.program == Program::Client {
            s.host = s.host.filter(|host| !host.is_empty());
            s.host = s.host.or_else(|| text(env, "MYSQL_HOST"));
            s.prompt = s.prompt.or_else(|| text(env, "MYSQL_PS1"));
        }
        s.port = s.port.or(match text(env, "MYSQL_TCP_PORT") {
            Some(port) => number(Some(&port))?,
            None => None,
        });
        s.socket = s.socket.or_else(|| text(env, "MYSQL_UNIX_PORT"));
        if version.mariadb && !s.asks_public_key {
            s.asks_public_key = true;
        }
        s.tls.settle(version)?;
        s.place(version, forced)?;
        Ok(s)
    }
}

fn number(text: Option<&str>) -> Result<Option<u16>, String> {
    match text {
        None => Ok(None),
        // The library's default.
        Some("0") => Ok(None),
        // What is no number the client says itself.
        Some(text) => text.parse().map(Some).map_err(|_| String::new()),
    }
}

/// A connection as the client would make it.
#[derive(Debug, Default)]
pub struct Settings {
    /// The host; `None` for this machine.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The socket.
    pub socket: Option<String>,
    /// Over the network, as opposed to the socket.
    pub tcp: bool,
    /// The user.
    pub user: Option<String>,
    /// The prompt's pattern.
    pub prompt: Option<String>,
    /// How it is encrypted.
    pub tls: Tls,
    /// A file with the server's key, for passwords.
    pub public_key: Option<PathBuf>,
    /// The server may be asked for its key.
    pub asks_public_key: bool,
    /// It tries again where the server is not there.
    pub waits: bool,
    protocol: Option<String>,
}

impl Settings {
    fn of(table: &Table, protocol: Option<String>) -> Settings {
        let path = |name| table.get(name).map(PathBuf::from);
        Settings {
            host: table.get("host"),
            port: table
                .get("port")
                .and_then(|port| port.parse().ok())
                .filter(|port| *port > 0),
            socket: table.get("socket"),
            user: table.get("user"),
            prompt: table.get("prompt").filter(|prompt| prompt.contains('\\')),
            public_key: path("server-public-key-path"),
            asks_public_key: table.is("get-server-public-key") == Some(true),
            protocol,
            tls: Tls::of(table),
            ..Settings::default()
        }
    }

    /// Settles between the socket and the network.
    fn place(&mut self, version: Version, forced: Option<bool>) -> Result<(), String> {
        self.host = self.host.take().filter(|host| !host.is_empty());
        let local = matches!(self.host.as_deref(), None | Some("localhost"));
        let protocol = self.protocol.as_deref().map(str::to_ascii_lowercase);
        let named = match protocol.as_deref() {
            None | Some("") => None,
            Some("tcp") => Some(true),
            Some("socket") => Some(false),
            Some(_) => return Err("its --protocol is one that rec does not speak".to_owned()),
        };
        self.tcp = match (local, version.mariadb) {
            (false, true) => true,
            (false, false) if named == Some(false) => {
                return Err("it names another host and a socket".to_owned());
            }
            (false, false) => true,
            // From 10.6 on a port or a socket among the words says which way, the last one wins.
            (true, true) if version.number >= (10, 6) => forced.or(named).unwrap_or(false),
            (true, true) if forced == Some(true) && named.is_none() => {
                return Err("this version of the client may take a port for TCP or not".to_owned());
            }
            (true, _) => named.unwrap_or(false),
        };
        Ok(())
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub const TEN: Version = Version {
        mariadb: true,
        number: (10, 11),
    };
    pub const ELEVEN: Version = Version {
        mariadb: true,
        number: (11, 4),
    };
    pub const EIGHT: Version = Version {
        mariadb: false,
        number: (8, 0),
    };

    fn table(rows: &str) -> Table {
        let head = "and boolean options {FALSE|TRUE}  Value (after reading options)\n";
        let rule = "--------------------------------- -----------------\n";
        let rows = rows.lines().map(|row| {
            let (name, value) = row.split_once('=').unwrap();
            format!("{name:33} {value}\n")
        });
        Table::read(&format!("usage\n{head}{rule}{}", rows.collect::<String>())).unwrap()
    }

    pub fn settings(version: Version, rows: &str, line: &str, env: &[(&str, &str)]) -> Settings {
        let args: Vec<OsString> = line.split_ascii_whitespace().map(OsString::from).collect();
        let env = |name: &str| {
            let found = env.iter().find(|(n, _)| *n == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let given = Given::read(Program::Client, &args);
        given.settings(version, &table(rows), None, &env).unwrap()
    }

    #[test]
    fn versions_of_all_kinds() {
        for (text, mariadb, number) in [
            (
                "mariadb  Ver 15.1 Distrib 10.11.19-MariaDB, for debian-linux-gnu",
                true,
                (10, 11),
            ),
            (
                "mariadb from 11.4.2-MariaDB, client 15.2 for Linux (x86_64)",
                true,
                (11, 4),
            ),
            (
                "mysql  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)",
                false,
                (8, 0),
            ),
            ("mysql  Ver 14.14 Distrib 5.7.44, for Linux", false, (5, 7)),
        ] {
            assert_eq!(Version::read(text), Some(Version { mariadb, number }));
        }
        assert_eq!(Version::read("psql (PostgreSQL) 15"), None);
    }

    /// Measured with MariaDB 10.11: the last of a port and a socket among the words says which way.
    #[test]
    fn the_socket_or_the_network() {
        for (version, rows, line, tcp) in [
            (TEN, "", "", false),
            (TEN, "port=3307", "", false),
            (TEN, "", "-P 3307", true),
            (TEN, "", "-h localhost -P 3307", true),
            (TEN, "", "-h LOCALHOST", true),
            (TEN, "", "-S /s -P 3307", true),
            (TEN, "", "-P 3307 -S /s", false),
            (TEN, "", "-h 127.0.0.1 -S /s --protocol=socket", true),
            (TEN, "", "--protocol=tcp", true),
            (TEN, "", "--protocol=socket -P 3307", true),
            (EIGHT, "", "-P 3307", false),
            (EIGHT, "", "-h 127.0.0.1", true),
            (EIGHT, "", "--protocol=TCP -S /s", true),
        ] {
            let settings = settings(version, rows, line, &[]);
            assert_eq!(settings.tcp, tcp, "{version:?} {rows} {line}");
        }
    }

    #[test]
    fn words_come_after_files_and_variables_after_words() {
        let rows = "host=db\nport=3307\nuser=a b\nsocket=/s\nssl=TRUE";
        let found = settings(TEN, rows, "-u ada -P 3308", &[("MYSQL_HOST", "no")]);
        assert_eq!(found.host.as_deref(), Some("db"));
        assert_eq!(
            (found.port, found.user.as_deref()),
            (Some(3308), Some("ada"))
        );
        let env = [
            ("MYSQL_HOST", "v"),
            ("MYSQL_TCP_PORT", "1"),
            ("MYSQL_UNIX_PORT", "/v"),
        ];
        let found = settings(TEN, "port=0\nssl=TRUE", "", &env);
        assert_eq!(found.host.as_deref(), Some("v"));
        assert_eq!((found.port, found.socket.as_deref()), (Some(1), Some("/v")));
        assert_eq!(
            protocol("x:\n--protocol=socket --user=a --protocol=tcp "),
            Some("tcp".into())
        );
    }

    #[test]
    fn where_a_login_path_comes_late_rec_is_not_sure() {
        for (version, line, why) in [
            (EIGHT, "--login-path=prod -h db", None),
            (EIGHT, "-h db --login-path=prod", Some("login path")),
            (EIGHT, "app --defaults-file=x", Some("login path")),
            (TEN, "-h db --login-path=prod", Some("")),
            (EIGHT, "-h db -- --login-path=prod", None),
        ] {
            let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let given = Given::read(Program::Client, &args);
            let found = given.settings(version, &table("host=db"), None, &|_| None);
            match why {
                None => assert!(found.is_ok(), "{line}"),
                Some(why) => assert!(found.unwrap_err().contains(why), "{line}"),
            }
        }
    }

    #[test]
    fn options_are_put_where_they_count() {
        for (line, leading, end, idle) in [
            ("--defaults-file=x --login-path=y -h db app", 2, 5, false),
            ("-h db -- -app", 0, 2, false),
            ("app -e", 0, 2, true),
            ("app --execute", 0, 2, true),
            ("app -uada -p", 0, 3, false),
            ("--help", 0, 1, true),
            ("-V", 0, 1, true),
            ("--no-defaults --print-defaults", 1, 2, true),
        ] {
            let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let given = Given::read(Program::Client, &args);
            let found = (given.leading, given.end, given.idle);
            assert_eq!(found, (leading, end, idle), "{line}");
        }
    }
}
