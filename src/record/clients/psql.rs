//! psql and the other programs that connect with libpq: options, a conninfo or URI in place of the
//! database, `PG…`.
//!
//! In libpq's order: what is given as such, then a service file, then the environment. Where a
//! service is named, its file may hold whatever was not given, and that is then not known here.

use super::conninfo::Conninfo;
use super::getopt::{Found, Read, Word, read};
use super::libpq::{CLUSTER, Operands, Precedence, Program};
use super::{Env, text};
use crate::model::Target;
use std::ffi::OsString;

/// Where `program` leads with these words.
pub fn target(program: &str, args: &[OsString], env: Env<'_>) -> Target {
    let in_order = env("POSIXLY_CORRECT").is_some();
    let given = match Program::named(program) {
        Some(program) => Given::read(program, args, in_order),
        // A name that the configuration puts into the family takes psql's words, if it takes such.
        None => match Program::named("psql").filter(|_| speak_of_a_server(args)) {
            Some(psql) => Given::read(psql, args, in_order),
            None => Given::default(),
        },
    };
    if !given.connects() {
        return Target::default();
    }
    given.settle(env).unwrap_or_default()
}

/// Whether words of a program that rec does not know may say where to connect to.
pub fn speak_of_a_server(args: &[OsString]) -> bool {
    let options = [
        "-h", "-p", "-d", "--host", "--port", "--dbname", "--db", "--url", "--uri",
    ];
    let inside = [
        "host=",
        "hostaddr=",
        "port=",
        "service=",
        "postgres://",
        "postgresql://",
    ];
    args.iter().any(|word| {
        let word = word.to_string_lossy();
        options.iter().any(|option| word.starts_with(option))
            || inside.iter().any(|text| word.contains(text))
    })
}

/// What the words say.
#[derive(Default)]
pub struct Given {
    /// What options and operands say.
    info: Conninfo,
    list: bool,
    /// It may do without a server, and none is named.
    unconnected: bool,
    precedence: Option<Precedence>,
    /// What stands where nothing but a conninfo may stand.
    conninfo: Option<String>,
    databases: usize,
    /// `--cluster`.
    pub cluster: Option<String>,
    /// What else the words hold than where to connect to.
    pub read: Reading,
}

/// Where the words stand that say where to connect to.
#[derive(Default)]
pub struct Reading {
    /// The word that names the database, where one does.
    pub database: Option<(usize, usize)>,
    /// Before this argument an option may be put that comes after all others.
    pub end: usize,
    /// The last option lacks its value, or it is `--help` or `--version`: nothing is connected to.
    pub idle: bool,
    /// It writes down the way it connected by.
    pub keeps: bool,
}

impl Given {
    /// Reads the words after the program's name.
    pub fn read(program: &Program, args: &[OsString], in_order: bool) -> Given {
        let mut given = Given::default();
        let mut operands = Vec::new();
        let Read { found, end } = read(args, &program.options, in_order);
        given.read.end = end;
        for Found { word, at } in found {
            let (letter, value) = match word {
                Word::Operand(word) => {
                    operands.push((word, at));
                    continue;
                }
                Word::Option(letter, value) => (letter, value),
            };
            given.read.idle |= value.is_none() && program.options.wants_value(letter);
            given.read.keeps |= program.keeps(letter);
            let keyword = match letter {
                'l' if program.operands == Operands::DatabaseUser => {
                    given.list = true;
                    continue;
                }
                CLUSTER => {
                    given.cluster = value;
                    continue;
                }
                '?' => {
                    given.read.idle = true;
                    continue;
                }
                'V' if !program.options.wants_value('V') => {
                    given.read.idle = true;
                    continue;
                }
                letter => match program.keyword(letter, value.is_some()) {
                    Some(keyword) => keyword,
                    None => continue,
                },
            };
            let value = value.unwrap_or_default();
            // What pg_dumpall's -l names is no conninfo.
            if keyword == "dbname" && letter != 'l' {
                given.read.database = Some(at);
                if matches!(program.conninfo, Precedence::Apart | Precedence::Alone) {
                    given.conninfo = Some(value);
                    continue;
                }
            }
            given.info.set(keyword, value);
        }
        given.precedence = Some(program.conninfo);
        given.databases = operands.len();
        given.operands(program.operands, operands);
        given.unconnected = program.operands == Operands::Unconnected
            && given.info.get("dbname").is_none()
            && given.conninfo.is_none();
        given
    }

    /// An operand is the database, the next one the user; an option that names one leaves the
    /// operand to the other.
    fn operands(&mut self, kind: Operands, operands: Vec<(String, (usize, usize))>) {
        let most = match kind {
            Operands::DatabaseUser => 2,
            Operands::Database | Operands::Databases => 1,
            Operands::Other | Operands::Unconnected => 0,
        };
        for (word, at) in operands.into_iter().take(most) {
            if self.info.get("dbname").is_none() {
                self.info.set("dbname", word);
                self.read.database = Some(at);
            } else if most > 1 && self.info.get("user").is_none() {
                self.info.set("user", word);
            }
        }
    }

    /// pg_restore writes a script where no database is given.
    pub fn connects(&self) -> bool {
        !self.unconnected
    }

    /// Whether operands name several databases.
    pub fn several(&self) -> bool {
        self.databases > 1
    }

    /// All that is given as such, a conninfo among it read; `None` where libpq refuses it. The
    /// second is whether there was one.
    pub fn parameters(self) -> Option<(Conninfo, bool)> {
        let mut info = self.info;
        // psql -l looks at the list from there.
        if self.list && info.get("dbname").is_none() {
            info.set("dbname", "postgres".to_owned());
        }
        // An empty option is none; an empty value in a conninfo is one.
        for keyword in ["host", "port", "user", "dbname"] {
            if info.get(keyword) == Some("") {
                info.take(keyword);
            }
        }
        let conninfo = match &self.conninfo {
            Some(text) => Conninfo::parse(text)?,
            None => {
                let named = info.get("dbname").filter(|name| Conninfo::is_one(name));
                let Some(text) = named else {
                    return Some((info, false));
                };
                let conninfo = Conninfo::parse(text)?;
                info.take("dbname");
                conninfo
            }
        };
        let all = match self.precedence {
            Some(Precedence::Options | Precedence::Apart) => conninfo.overridden_by(info),
            Some(Precedence::Conninfo | Precedence::Alone) | None => info.overridden_by(conninfo),
        };
        Some((all, true))
    }

    /// `None` where libpq refuses the words, and so connects to nothing.
    fn settle(self, env: Env<'_>) -> Option<Target> {
        let cluster = self.cluster.clone();
        let (mut info, _) = self.parameters()?;
        let service = filled(info.take("service").or_else(|| text(env, "PGSERVICE")));
        let variable = |name| match service {
            Some(_) => None,
            None => text(env, name),
        };
        let host_given = info.get("host").is_some();
        let mut host = info.take("host").or_else(|| variable("PGHOST"));
        let hostaddr = info.take("hostaddr").or_else(|| variable("PGHOSTADDR"));
        let mut port = info.take("port").or_else(|| variable("PGPORT"));
        let cluster = cluster.or_else(|| text(env, "PGCLUSTER").filter(|_| host.is_none()));
        if let (Some(cluster), false) = (cluster, host_given) {
            let (name, number) = network(&cluster).unzip();
            host = name;
            port = port.or(number);
        }
        let user = filled(info.take("user").or_else(|| variable("PGUSER")));
        let database = filled(info.take("dbname").or_else(|| variable("PGDATABASE")));
        Some(Target {
            host: place(filled(host), filled(hostaddr)),
            port: port.and_then(|ports| one_port(&ports)),
            // The default is the user's name, unless the service says otherwise.
            database: database.or_else(|| user.clone().filter(|_| service.is_none())),
            user,
        })
    }
}

fn filled(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.is_empty())
}

/// The name of the host; the address where there is no name, or one of a socket that libpq then
/// does not use.
fn place(host: Option<String>, hostaddr: Option<String>) -> Option<String> {
    match host {
        Some(host) if hostaddr.is_some() && host.starts_with(['/', '@']) => hostaddr,
        Some(host) => Some(host),
        None => hostaddr,
    }
}

/// Of a list of ports the one that all its hosts have.
fn one_port(ports: &str) -> Option<u16> {
    let mut ports = ports.split(',').map(|port| port.trim().parse().ok());
    let first = ports.next()??;
    ports.all(|port| port == Some(first)).then_some(first)
}

/// Host and port of a network cluster of pg_wrapper(1), `15/db.example.com:5433`. A cluster of this
/// machine is reached by its socket.
fn network(cluster: &str) -> Option<(String, String)> {
    let (_, cluster) = cluster.split_once('/')?;
    let (host, port) = cluster.rsplit_once(':')?;
    Some((host.to_owned(), port.to_owned()))
}

#[cfg(test)]
mod tests {
    use crate::config::Family::Psql;
    use crate::record::clients::fixture::check;

    #[test]
    fn words_in_every_spelling() {
        check(
            Psql,
            &[
                ("psql", "@:/"),
                ("psql app", "@:/app"),
                ("psql -h db app", "@db:/app"),
                ("psql -h db -U ada", "ada@db:/ada"),
                ("psql -hdb -p5433 -Uada app", "ada@db:5433/app"),
                ("psql -XAth db app", "@db:/app"),
                (
                    "psql --host=db --port 5433 --dbname app --username=ada",
                    "ada@db:5433/app",
                ),
                (
                    "psql --ho=db --po=5433 --db app --user ada",
                    "ada@db:5433/app",
                ),
                ("psql app ada -h db", "ada@db:/app"),
                ("POSIXLY_CORRECT= psql app ada -h db", "ada@:/app"),
                ("psql -h db -- app ada", "ada@db:/app"),
                ("psql -- -h db", "db@:/-h"),
                ("psql -d app ada", "ada@:/app"),
                ("psql -d app -U ada bob", "ada@:/app"),
                ("psql -d one -d two", "@:/two"),
                ("psql -h one -h two", "@two:/"),
                ("psql -c select -h db", "@db:/"),
                ("psql -v h=x -h db app", "@db:/app"),
                ("psql --set=h=x --pset format=csv app", "@:/app"),
                ("psql -h /run/pg app", "@/run/pg:/app"),
                ("psql -l -h db", "@db:/postgres"),
                ("psql -l -d app", "@:/app"),
                ("psql '' ada", "ada@:/ada"),
                ("psql -p five", "@:/"),
                ("psql -p 70000", "@:/"),
                ("psql -h a,b -p 5,6 app", "@a,b:/app"),
                ("psql -h a,b -p 5,5 app", "@a,b:5/app"),
                ("psql -h", "@:/"),
                ("psql --nonsense app", "@:/app"),
            ],
        );
    }

    #[test]
    fn a_conninfo_in_place_of_the_database_comes_first() {
        check(
            Psql,
            &[
                ("psql 'host=db user=ada'", "ada@db:/ada"),
                (
                    "psql -h no -p 1 -U no 'host=db port=5 user=ada dbname=app'",
                    "ada@db:5/app",
                ),
                ("psql -h db 'user=ada'", "ada@db:/ada"),
                ("psql -d postgresql://ada:s3cret@db:5/app", "ada@db:5/app"),
                ("psql postgresql://db/app bob", "bob@db:/app"),
                ("psql postgresql://ada@db/app bob", "ada@db:/app"),
                ("psql 'password=s3cret host=db'", "@db:/"),
                ("psql 'hostaddr=10.0.0.1'", "@10.0.0.1:/"),
                ("psql 'host=db hostaddr=10.0.0.1'", "@db:/"),
                ("psql 'host=/run/pg hostaddr=10.0.0.1'", "@10.0.0.1:/"),
                ("PGHOST=no psql host=", "@:/"),
                // libpq refuses these.
                ("psql -h db postgresql://[::1", "@:/"),
                ("psql -h db 'user=ada host'", "@:/"),
            ],
        );
    }

    #[test]
    fn the_environment_tells_what_words_do_not() {
        check(
            Psql,
            &[
                (
                    "PGHOST=db PGPORT=5 PGDATABASE=app PGUSER=ada psql",
                    "ada@db:5/app",
                ),
                (
                    "PGHOST=no PGPORT=1 PGDATABASE=no PGUSER=no psql -h db -p 5 app ada",
                    "ada@db:5/app",
                ),
                ("PGHOST=no psql postgresql://db", "@db:/"),
                ("PGHOST= psql", "@:/"),
                ("PGHOST=db psql -h ''", "@db:/"),
                ("PGUSER=ada psql", "ada@:/ada"),
                ("PGPASSWORD=s3cret psql app", "@:/app"),
                ("PGHOSTADDR=10.0.0.1 psql", "@10.0.0.1:/"),
                ("PGHOSTADDR=10.0.0.1 psql -h db", "@db:/"),
                ("PGHOSTADDR=10.0.0.1 psql -h /run/pg", "@10.0.0.1:/"),
            ],
        );
    }

    /// The service file may say anything that was not given; the environment comes after it.
    #[test]
    fn what_a_service_may_say_is_not_known() {
        check(
            Psql,
            &[
                ("PGSERVICE=prod psql", "@:/"),
                ("PGSERVICE=prod PGHOST=no PGUSER=no psql app", "@:/app"),
                ("PGSERVICE=prod psql -h db -U ada", "ada@db:/"),
                ("PGHOST=no psql service=prod", "@:/"),
                ("PGHOST=no psql 'service=prod host=db'", "@db:/"),
                (
                    "PGHOST=no psql postgresql://ada@/app?service=prod",
                    "ada@:/app",
                ),
            ],
        );
    }

    #[test]
    fn clusters_of_the_debian_wrapper() {
        check(
            Psql,
            &[
                ("psql --cluster 15/main app", "@:/app"),
                ("PGHOST=no psql --cluster 15/main app", "@:/app"),
                (
                    "psql --cluster 15/db.example.com:5433 app",
                    "@db.example.com:5433/app",
                ),
                ("psql --cluster=15/db:5433 -h other app", "@other:/app"),
                ("PGCLUSTER=15/db: psql app", "@db:/app"),
                ("PGCLUSTER=15/db:5 PGHOST=other psql app", "@other:/app"),
            ],
        );
    }

    #[test]
    fn dump_and_restore_have_their_own_letters() {
        check(
            Psql,
            &[
                ("pg_dump -Fc -f out -h db -U ada app more", "ada@db:/app"),
                ("pg_dump -c -t users -Z 5 postgresql://db/app", "@db:/app"),
                ("pg_dump --exclude-table users app", "@:/app"),
                ("pg_restore -h db -d app out.dump", "@db:/app"),
                ("pg_restore -d 'host=db user=ada' out.dump", "ada@db:/ada"),
                ("pg_restore -h db out.dump", "@:/"),
                // A name that the configuration puts into the family takes psql's words, if it takes
                // such.
                ("/opt/bin/pg-prod -h db app", "@db:/app"),
                ("/opt/bin/report today", "@:/"),
                ("PGHOST=db PGDATABASE=app /opt/bin/report today", "@db:/app"),
            ],
        );
    }

    #[test]
    fn options_come_before_a_conninfo_where_the_program_takes_it_apart() {
        check(
            Psql,
            &[
                ("pg_dumpall -h db -d 'host=no user=ada'", "ada@db:/ada"),
                ("pg_dumpall -d host=db -l app", "@db:/app"),
                ("pg_dumpall -d db", "@:/"),
                ("pg_basebackup -D x -h db -U ada", "ada@db:/ada"),
                ("pg_receivewal -D x -d 'host=no port=5' -h db", "@db:5/"),
                ("pg_recvlogical -h db -d 'host=no dbname=app'", "@db:/app"),
                ("vacuumdb -h no -d 'host=db dbname=app'", "@db:/app"),
            ],
        );
    }

    #[test]
    fn the_server_s_programs_have_their_own_letters_too() {
        check(
            Psql,
            &[
                ("vacuumlo -l 5 -h db one two", "@db:/one"),
                ("oid2name -H db -d app -x", "@db:/app"),
                ("pg_amcheck -d pattern -h db app", "@db:/app"),
                (
                    "pg_rewind -D x --source-server='host=db dbname=app'",
                    "@db:/app",
                ),
                ("pg_rewind -D x --source-pgdata=y", "@:/"),
            ],
        );
    }
}
