//! A client of libpq: its words read, its service found, and both rewritten to lead it to the tap.

use super::wrapper::{self, Answer, CLUSTER, Silence};
use crate::record::clients::conninfo::Conninfo;
use crate::record::clients::libpq::{Operands, Precedence, Program, Untapped};
use crate::record::clients::passfile::{self, Stand, rekeyed};
use crate::record::clients::psql::{Given, Reading, speak_of_a_server};
use crate::record::clients::service::{Service, service};
use crate::record::clients::settings::{Host, Settings};
use crate::record::exec::Led;
use crate::record::tap::{Aside, Dir};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A service or password file is text that somebody wrote; what is longer is another file.
const FILE_MAX: u64 = 1 << 20;

/// A reason for the person.
pub fn because(why: &str) -> Aside {
    Aside::Because(why.to_owned())
}

/// The client, its words read.
pub struct Client {
    /// As the wrapper, where there is one and it was asked, hands them on.
    argv: Vec<OsString>,
    /// The file that its first word starts.
    path: PathBuf,
    name: String,
    /// `None` where the configuration alone says that it speaks libpq.
    program: Option<&'static Program>,
    given: Conninfo,
    /// There is a conninfo among the words.
    has_conninfo: bool,
    reading: Reading,
    cluster_given: bool,
    service: Conninfo,
    /// What Debian's wrapper said.
    answer: Option<Answer>,
    is_wrapped: bool,
    /// The words are those of the program that the wrapper chose.
    is_chosen: bool,
}

impl Client {
    /// Reads the words, and the service that they name.
    ///
    /// # Errors
    /// It connects to nothing, or rec cannot be sure where to.
    pub fn read(argv: &[OsString]) -> Result<Client, Aside> {
        if argv.iter().any(|word| word.to_str().is_none()) {
            return Err(because("its words are not UTF-8"));
        }
        let (first, args) = argv.split_first().ok_or(Aside::Silent)?;
        let name = Path::new(first).file_name().unwrap_or(first);
        let name = name.to_string_lossy().into_owned();
        let path = wrapper::which(first).ok_or(Aside::Silent)?;
        let is_wrapped = wrapper::is_one(&path);
        let program = Program::named(&name);
        let mut client = Client {
            argv: argv.to_vec(),
            path,
            name,
            program,
            given: Conninfo::default(),
            has_conninfo: false,
            reading: Reading::default(),
            cluster_given: false,
            service: Conninfo::default(),
            answer: None,
            is_wrapped,
            is_chosen: false,
        };
        match program {
            Some(program) => {
                let given = client.read_words(program);
                if client.reading.idle || !given.connects() {
                    return Err(Aside::Silent);
                }
                client.objection(program, &given)?;
                client.cluster_given = given.cluster.is_some();
                let (info, has_conninfo) = given.parameters().ok_or(Aside::Silent)?;
                client.given = info;
                client.has_conninfo = has_conninfo;
            }
            None if speak_of_a_server(args) => {
                return Err(Aside::Because(format!(
                    "rec does not know the options of {}, and its words may name a server",
                    client.name
                )));
            }
            None => {}
        }
        client.find_service()?;
        Ok(client)
    }

    /// No program, but what `given` says to connect to.
    ///
    /// # Errors
    /// The service it names is not to be found.
    pub fn of(given: Conninfo) -> Result<Client, Aside> {
        let mut client = Client {
            argv: Vec::new(),
            path: PathBuf::new(),
            name: "psql".to_owned(),
            program: Program::named("psql"),
            given,
            has_conninfo: true,
            reading: Reading::default(),
            cluster_given: false,
            service: Conninfo::default(),
            answer: None,
            is_wrapped: false,
            is_chosen: false,
        };
        client.find_service()?;
        Ok(client)
    }

    /// Whether it is psql, which talks for as long as it lives.
    pub fn is_psql(&self) -> bool {
        self.name == "psql"
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        let answered = self.answer.as_ref().and_then(|answer| answer.get(name));
        answered
            .map(OsStr::to_owned)
            .or_else(|| std::env::var_os(name))
    }

    /// Reads the words for what they say and where it stands.
    fn read_words(&mut self, program: &'static Program) -> Given {
        let args = self.argv.get(1..).unwrap_or_default();
        let in_order = std::env::var_os("POSIXLY_CORRECT").is_some();
        let mut given = Given::read(program, args, in_order);
        self.reading = std::mem::take(&mut given.read);
        given
    }

    /// Why the program is to connect without a tap, whatever it connects to.
    fn objection(&self, program: &Program, given: &Given) -> Result<(), Aside> {
        match program.untapped {
            Some(Untapped::Silent(why)) => return Err(Aside::Noted(why.to_owned())),
            Some(Untapped::Unseen(why)) => return Err(because(why)),
            None => {}
        }
        // Some of them hand it on as if it had been given.
        let database = std::env::var_os("PGDATABASE").unwrap_or_default();
        if program.name != "psql" && Conninfo::is_one(&database.to_string_lossy()) {
            return Err(because(
                "PGDATABASE holds more than a name (as a word of the command line it is recorded, too)",
            ));
        }
        if self.reading.keeps {
            return Err(Aside::Because(format!(
                "{} --write-recovery-conf writes down the way it connects by, which would be the tap \
                 (without it the connection is recorded, too)",
                program.name
            )));
        }
        if program.operands == Operands::Databases && given.several() {
            let args = self.argv.get(1..).unwrap_or_default();
            if args
                .iter()
                .any(|word| Conninfo::is_one(&word.to_string_lossy()))
            {
                return Err(Aside::Because(format!(
                    "of several databases one may be a conninfo that leads elsewhere (with one \
                     database each, {} is recorded, too)",
                    program.name
                )));
            }
        }
        Ok(())
    }

    /// Debian's wrapper chooses a cluster where no host is given as an option or a variable. It
    /// starts Perl: to be asked last.
    ///
    /// # Errors
    /// It refuses, or is another than is known.
    pub fn ask_wrapper(&mut self) -> Result<(), Aside> {
        let Some(program) = self.program.filter(|_| self.is_wrapped) else {
            return Ok(());
        };
        let option = self.given.get("host").is_some() && !self.has_conninfo;
        if option || std::env::var_os("PGHOST").is_some() {
            return Ok(());
        }
        let args = self.argv.get(1..).unwrap_or_default();
        let answer = wrapper::ask(&self.path, args, self.cluster_given);
        self.answer = answer.map_err(|silence| match silence {
            Silence::Refusal => Aside::Silent,
            Silence::Unknown => because("Debian's wrapper around it does not say what it chooses"),
        })?;
        if let Some(argv) = self.answer.as_mut().and_then(|answer| answer.argv.take()) {
            self.argv = argv;
            self.is_chosen = true;
            // Without `--cluster` they stand elsewhere.
            self.read_words(program);
        }
        Ok(())
    }

    fn find_service(&mut self) -> Result<(), Aside> {
        let named = self.given.get("service").map(str::to_owned);
        let variable = || {
            Some(
                std::env::var_os("PGSERVICE")?
                    .to_string_lossy()
                    .into_owned(),
            )
        };
        let Some(name) = named.or_else(variable).filter(|name| !name.is_empty()) else {
            return Ok(());
        };
        if self.program.is_none() {
            return Err(because("its service is the client's own to read"));
        }
        let own = match std::env::var_os("PGSERVICEFILE") {
            Some(file) => Some(PathBuf::from(file)),
            None => wrapper::home().map(|home| home.join(".pg_service.conf")),
        };
        let system = match std::env::var_os("PGSYSCONFDIR") {
            Some(dir) => Some(PathBuf::from(dir)),
            None => self.is_wrapped.then(|| PathBuf::from(wrapper::SYSCONFDIR)),
        };
        let all_known = system.is_some();
        let system = system.map(|dir| dir.join("pg_service.conf"));
        for file in own.into_iter().chain(system) {
            let Some(text) = text(&file) else { continue };
            match service(&String::from_utf8_lossy(&text), &name) {
                Service::Missing => {}
                Service::Found(info) => {
                    self.service = info;
                    return Ok(());
                }
                Service::Wrong => return Err(Aside::Silent),
                Service::Ldap => return Err(because("its service stands in a directory server")),
            }
        }
        match all_known {
            true => Err(Aside::Silent),
            false => Err(because("its service stands in no file that rec knows of")),
        }
    }

    /// All its parameters.
    pub fn settings(&self) -> Settings {
        let (given, service) = (self.given.clone(), self.service.clone());
        Settings::new(given, service, &|name| self.variable(name))
    }

    /// Puts the directory of the default socket where no host is given.
    ///
    /// # Errors
    /// Only the client knows it.
    pub fn default_socket(&self, hosts: &mut [Host]) -> Result<(), Aside> {
        let mut known = None;
        for host in hosts {
            if host.host.is_empty() && host.address.is_none() {
                let dir = match &known {
                    Some(dir) => String::clone(dir),
                    None => self.socket_dir()?,
                };
                host.host.clone_from(&dir);
                known = Some(dir);
            }
        }
        Ok(())
    }

    fn socket_dir(&self) -> Result<String, Aside> {
        if self.is_wrapped {
            return Ok(wrapper::SOCKET_DIR.to_owned());
        }
        self.program
            .and_then(|_| wrapper::compiled_socket_dir(&self.path))
            .ok_or_else(|| {
                because("no host is given, and rec cannot tell where the default socket is")
            })
    }

    /// A password file that names the sockets in the servers' place, where the user's names those.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn passfile(
        &self,
        settings: &Settings,
        hosts: &[Host],
        dirs: &[String],
        dir: &Dir,
    ) -> Result<Option<PathBuf>, Aside> {
        let Some(text) = passwords(settings) else {
            return Ok(None);
        };
        let mut keys: Vec<(String, &str)> = Vec::new();
        for (host, dir) in hosts.iter().zip(dirs) {
            let key = match &host.host {
                name if name.is_empty() => host.address.map_or_else(String::new, |a| a.to_string()),
                name => name.clone(),
            };
            if host.is_socket() && wrapper::SOCKET_DIRS.contains(&key.as_str()) {
                keys.push(("localhost".to_owned(), dir));
            }
            keys.push((key, dir));
        }
        let stands: Vec<Stand<'_>> = keys.iter().map(|(host, dir)| Stand { host, dir }).collect();
        let Some(text) = rekeyed(&text, &stands) else {
            return Ok(None);
        };
        let written = dir.file("passfile", &text);
        written
            .map(Some)
            .map_err(|error| Aside::Because(format!("no private password file: {error}")))
    }

    /// Whether it can be told an address beside the name of a host without being told so for other
    /// hosts, too. The variable for it holds for whatever a program connects to.
    pub fn takes_address(&self) -> bool {
        self.program.is_some()
    }

    /// The words and variables that lead it to sockets in the directories `hosts`.
    ///
    /// # Errors
    /// They cannot.
    pub fn led_to_sockets(&self, hosts: &str, passfile: Option<PathBuf>) -> Result<Led, Aside> {
        let mut led = self.unled();
        let address_variable = std::env::var_os("PGHOSTADDR").is_some();
        let file = passfile.map(|file| file.to_string_lossy().into_owned());
        if let Some(file) = &file {
            led.env.push(("PGPASSFILE".into(), Some(file.into())));
        }
        let mut more = vec![("host", hosts)];
        // psql goes on to other hosts, and there the variable holds as before.
        if self.said("hostaddr") || (address_variable && self.is_psql()) {
            more.push(("hostaddr", ""));
        }
        if address_variable && !self.is_psql() {
            led.env.push(("PGHOSTADDR".into(), None));
        }
        let precedence = self.program.map(|program| program.conninfo);
        if precedence == Some(Precedence::Apart) && self.service.get("hostaddr").is_some() {
            return Err(because(
                "its service says an address that no option of this program replaces (with a host \
                 alone in the service the connection is recorded, too)",
            ));
        }
        if let Some(file) = file.as_deref().filter(|_| self.said("passfile")) {
            more.push(("passfile", file));
        }
        let from_words = self.said("host") || self.answer.is_some();
        // psql connects again where it is told to, and what names no host goes where the variable says.
        // A port that only words say is not that one's.
        let by_variable = match self.program {
            Some(_) if from_words || more.len() > 1 => false,
            Some(_) if self.is_psql() => !self.said("port"),
            Some(_) => !self.has_conninfo,
            None => true,
        };
        match self.program {
            _ if by_variable => led.env.push(("PGHOST".into(), Some(hosts.into()))),
            Some(program) if self.has_conninfo || more.len() > 1 => {
                self.put_conninfo(program, &mut led.argv, &more)?;
                if matches!(program.conninfo, Precedence::Options | Precedence::Apart) {
                    self.put_words(&mut led.argv, &["-h", hosts]);
                }
            }
            Some(_) | None => self.put_words(&mut led.argv, &["-h", hosts]),
        }
        self.keep_cluster(&mut led);
        Ok(led)
    }

    /// The words and variables that lead it to `addresses` under the names of its hosts. There is no
    /// TLS to be had there, and where it asks for some it must not ask for more than can be.
    ///
    /// # Errors
    /// They cannot.
    pub fn led_to_addresses(&self, addresses: &str, settings: &Settings) -> Result<Led, Aside> {
        let mut led = self.unled();
        let mut more = vec![("hostaddr", addresses)];
        if !matches!(
            settings.get("sslmode"),
            None | Some("disable" | "allow" | "prefer")
        ) {
            more.push(("sslmode", "prefer"));
        }
        if settings.get("sslrootcert") == Some("system") {
            more.push(("sslmode", "prefer"));
            more.push(("sslrootcert", ""));
        }
        if settings.get("sslnegotiation") == Some("direct") {
            more.push(("sslnegotiation", "postgres"));
        }
        match self.program {
            // It connects to this one server.
            Some(program)
                if matches!(program.operands, Operands::Other | Operands::Databases)
                    && !self.has_conninfo =>
            {
                for (keyword, value) in more {
                    if self.service.get(keyword).is_some() {
                        return Err(because("its service says what rec would have to replace"));
                    }
                    let variable = match keyword {
                        "hostaddr" => "PGHOSTADDR",
                        "sslmode" => "PGSSLMODE",
                        "sslrootcert" => "PGSSLROOTCERT",
                        _ => "PGSSLNEGOTIATION",
                    };
                    led.env.push((variable.into(), Some(value.into())));
                }
            }
            Some(program)
                if program.conninfo == Precedence::Apart
                    && more.iter().any(|(_, value)| value.is_empty()) =>
            {
                return Err(because(
                    "sslrootcert=system asks for more than this program can be told to do without \
                     (with a file of authorities the connection is recorded, too)",
                ));
            }
            Some(program) => self.put_conninfo(program, &mut led.argv, &more)?,
            None => return Err(because("rec does not know its options")),
        }
        self.keep_cluster(&mut led);
        Ok(led)
    }

    fn unled(&self) -> Led {
        Led {
            argv: self.argv.to_vec(),
            env: Vec::new(),
        }
    }

    /// Whether the words or the service say something for `keyword`.
    fn said(&self, keyword: &str) -> bool {
        self.given.get(keyword).is_some() || self.service.get(keyword).is_some()
    }

    /// The wrapper chose a cluster, and with it the version of the program.
    fn keep_cluster(&self, led: &mut Led) {
        let Some(answer) = &self.answer else { return };
        if self.is_chosen {
            // All but what leads to the tap is as the wrapper would have it.
            let mut changes: Vec<_> = answer.changes(|name| std::env::var_os(name)).collect();
            changes.retain(|(name, _)| led.env.iter().all(|(led, _)| led != name));
            led.env.append(&mut changes);
            return;
        }
        if let Some(cluster) = answer.get(CLUSTER).filter(|_| !self.cluster_given) {
            led.argv.splice(1..1, ["--cluster".into(), cluster.into()]);
        }
        if let Some(database) = answer.get("PGDATABASE") {
            led.env.push(("PGDATABASE".into(), Some(database.into())));
        }
    }

    /// Puts options behind all others.
    fn put_words(&self, argv: &mut Vec<OsString>, words: &[&str]) {
        let at = (self.reading.end + 1).min(argv.len());
        argv.splice(at..at, words.iter().map(OsString::from));
    }

    /// Says `more` in the conninfo among the words, or makes one of the database's name.
    fn put_conninfo(
        &self,
        program: &Program,
        argv: &mut Vec<OsString>,
        more: &[(&str, &str)],
    ) -> Result<(), Aside> {
        let Some((at, from)) = self.reading.database else {
            let conninfo = Conninfo::appended("", more);
            match program.name {
                // Its -d is for debugging, in older releases.
                "pgbench" => self.put_words(argv, &[&conninfo]),
                "psql" | "pg_dump" => self.put_words(argv, &["-d", &conninfo]),
                // To name a database is to say more than where it is.
                _ => {
                    return Err(because(
                        "the service says more than options of this program can replace (with the \
                         service as the database, \"service=…\", the connection is recorded, too)",
                    ));
                }
            }
            return Ok(());
        };
        let word = argv.get_mut(at + 1).ok_or(Aside::Silent)?;
        let text = word.to_str().ok_or(Aside::Silent)?.to_owned();
        let (before, database) = text.split_at_checked(from).ok_or(Aside::Silent)?;
        let conninfo = if self.has_conninfo {
            Conninfo::appended(database, more)
        } else {
            let named = Conninfo::appended("", &[("dbname", database)]);
            Conninfo::appended(named.trim_start(), more)
        };
        *word = format!("{before}{conninfo}").into();
        Ok(())
    }
}

/// The ports that the password file names for a host.
pub fn ports_with_passwords(settings: &Settings, host: &Host) -> Vec<u16> {
    let text = passwords(settings);
    text.map_or_else(Vec::new, |text| passfile::ports(&text, &host.host))
}

/// The password file, where libpq would read it.
fn passwords(settings: &Settings) -> Option<Zeroizing<Vec<u8>>> {
    let file = match settings.get("passfile") {
        Some(file) => PathBuf::from(file),
        None => wrapper::home()?.join(".pgpass"),
    };
    // What libpq ignores with a warning, it is to ignore with a warning.
    let private = |meta: fs::Metadata| meta.is_file() && meta.mode() & 0o077 == 0;
    fs::metadata(&file).is_ok_and(private).then_some(())?;
    text(&file).map(Zeroizing::new)
}

/// The text of a file of sensible size.
fn text(file: &Path) -> Option<Vec<u8>> {
    let meta = fs::metadata(file).ok()?;
    (meta.is_file() && meta.len() <= FILE_MAX)
        .then(|| fs::read(file).ok())
        .flatten()
}
