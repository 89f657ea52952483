//! psql, pg_dump and pg_restore: options, a conninfo or URI in place of the database, `PG…`.
//!
//! In libpq's order: what is given as such, then a service file, then the environment. Where a
//! service is named, its file may hold whatever was not given, and that is then not known.

use super::conninfo::Conninfo;
use super::getopt::{Options, Style, Word, words};
use super::{Env, text};
use crate::model::Target;
use std::ffi::OsString;

/// Programs of this family.
pub const NAMES: &[&str] = &["psql", "pg_dump", "pg_restore"];

/// Debian's wrapper around each of them takes `--cluster`; the letter is ours.
const CLUSTER: char = '%';

const PSQL: Options = Options {
    short: "aAbc:d:eEf:F:h:HlL:no:p:P:qR:sStT:U:v:VwWxXz?01",
    long: "cluster=% echo-all no-align command= dbname=d echo-queries echo-errors echo-hidden file= \
           field-separator= field-separator-zero host=h html list|l log-file= no-readline \
           single-transaction output= port=p pset= quiet record-separator= record-separator-zero \
           single-step single-line tuples-only table-attr= username=U set= variable= version \
           no-password password expanded no-psqlrc help? csv",
    style: Style::Getopt,
};

const PG_DUMP: Options = Options {
    short: "abBcCd:e:E:f:F:h:j:n:N:Op:RsS:t:T:U:vwWxXZ:?V",
    long: "cluster=% data-only blobs large-objects no-blobs no-large-objects clean create dbname=d \
           extension= exclude-extension= file= format= host=h jobs= schema= exclude-schema= no-owner \
           no-reconnect port=p schema-only superuser= table= exclude-table= table-and-children= \
           exclude-table-and-children= no-password password username=U verbose no-privileges no-acl \
           compress= encoding= help version attribute-inserts binary-upgrade column-inserts \
           disable-dollar-quoting disable-triggers enable-row-security exclude-table-data= \
           exclude-table-data-and-children= extra-float-digits= filter= if-exists \
           include-foreign-data= inserts load-via-partition-root lock-wait-timeout= no-comments \
           no-data no-policies no-publications no-schema no-security-labels no-statistics \
           no-subscriptions no-sync no-synchronized-snapshots no-table-access-method no-tablespaces \
           no-toast-compression no-unlogged-table-data on-conflict-do-nothing \
           quote-all-identifiers restrict-key= role= rows-per-insert= section= sequence-data \
           serializable-deferrable snapshot= statistics statistics-only strict-names sync-method= \
           use-set-session-authorization",
    style: Style::Getopt,
};

const PG_RESTORE: Options = Options {
    short: "acCd:ef:F:gh:I:j:lL:n:N:Op:P:RsS:t:T:U:vwWx1?V",
    long: "cluster=% clean create data-only dbname=d exit-on-error exclude-database= \
           exclude-schema= file= filter= format= function= globals-only host=h if-exists index= \
           jobs= list|l no-owner no-privileges no-acl no-reconnect port=p schema= schema-only \
           section= single-transaction statistics statistics-only strict-names superuser= table= \
           transaction-size= trigger= use-list= username=U verbose version no-password password \
           help restrict-key= role= disable-triggers enable-row-security no-comments \
           no-data no-data-for-failed-tables no-policies no-publications no-schema \
           no-security-labels no-statistics no-subscriptions no-table-access-method no-tablespaces \
           use-set-session-authorization",
    style: Style::Getopt,
};

/// Where `program` leads with these words.
pub fn target(program: &str, args: &[OsString], env: Env<'_>) -> Target {
    let in_order = env("POSIXLY_CORRECT").is_some();
    let given = match program {
        "pg_dump" => Given::read(words(args, &PG_DUMP, in_order)).with_operands(1),
        "pg_restore" => Given::read(words(args, &PG_RESTORE, in_order)),
        _ => Given::read(words(args, &PSQL, in_order)).with_operands(2),
    };
    // pg_restore writes a script where no database is given.
    if program == "pg_restore" && given.info.dbname.is_none() {
        return Target::default();
    }
    given.settle(env).unwrap_or_default()
}

/// What the words say.
#[derive(Default)]
struct Given {
    info: Conninfo,
    list: bool,
    cluster: Option<String>,
    operands: Vec<String>,
}

impl Given {
    fn read(words: Vec<Word>) -> Given {
        let mut given = Given::default();
        for word in words {
            match word {
                Word::Option('h', host) => given.info.host = host,
                Word::Option('p', port) => given.info.port = port,
                Word::Option('U', user) => given.info.user = user,
                Word::Option('d', dbname) => given.info.dbname = dbname,
                Word::Option('l', _) => given.list = true,
                Word::Option(CLUSTER, cluster) => given.cluster = cluster,
                Word::Option(..) => {}
                Word::Operand(word) => given.operands.push(word),
            }
        }
        given
    }

    /// An operand is the database, the next one the user; an option that names one leaves the
    /// operand to the other.
    fn with_operands(mut self, most: usize) -> Given {
        for word in self.operands.drain(..).take(most) {
            if self.info.dbname.is_none() {
                self.info.dbname = Some(word);
            } else if most > 1 && self.info.user.is_none() {
                self.info.user = Some(word);
            }
        }
        self
    }

    /// `None` where libpq refuses the words, and so connects to nothing.
    fn settle(self, env: Env<'_>) -> Option<Target> {
        let Given {
            mut info,
            list,
            cluster,
            ..
        } = self;
        // psql -l looks at the list from there.
        if list && info.dbname.is_none() {
            info.dbname = Some("postgres".to_owned());
        }
        // An empty option is none; an empty value in a conninfo is one.
        for value in [
            &mut info.host,
            &mut info.port,
            &mut info.user,
            &mut info.dbname,
        ] {
            *value = filled(value.take());
        }
        if let Some(text) = info.dbname.take_if(|dbname| Conninfo::is_one(dbname)) {
            info = info.overridden_by(Conninfo::parse(&text)?);
        }
        let service = filled(info.service.or_else(|| text(env, "PGSERVICE")));
        let variable = |name| match service {
            Some(_) => None,
            None => text(env, name),
        };
        let host_given = info.host.is_some();
        let mut host = info.host.or_else(|| variable("PGHOST"));
        let hostaddr = info.hostaddr.or_else(|| variable("PGHOSTADDR"));
        let mut port = info.port.or_else(|| variable("PGPORT"));
        let cluster = cluster.or_else(|| text(env, "PGCLUSTER").filter(|_| host.is_none()));
        if let (Some(cluster), false) = (cluster, host_given) {
            let (name, number) = network(&cluster).unzip();
            host = name;
            port = port.or(number);
        }
        let user = filled(info.user.or_else(|| variable("PGUSER")));
        let database = filled(info.dbname.or_else(|| variable("PGDATABASE")));
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
                // A name that the configuration puts into the family is psql.
                ("/opt/bin/pg-prod -h db app", "@db:/app"),
            ],
        );
    }
}
