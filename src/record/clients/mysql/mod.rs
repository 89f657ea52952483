//! mysql, mariadb and the programs that come with them: options as my_getopt reads them, `MYSQL_…`.
//!
//! Option files (`my.cnf`, login paths) may hold what the words do not tell. The words win over
//! them; where one is named, the environment is no answer either.

pub mod address;
mod options;
pub mod settings;
pub mod tls;

pub use options::NAMES;

use super::getopt::{Options, Word, words};
use super::{Env, text};
use crate::model::Target;
use std::ffi::OsString;

/// Which program's words they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `mysql`, `mariadb`, and what a configuration calls so.
    Client,
    /// `mysqldump`.
    Dump,
    /// `mysqladmin`.
    Admin,
    /// `mysqlimport`.
    Import,
    /// `mysqlcheck`, which has a name for each of its kinds of work.
    Check,
    /// `mysqlshow`.
    Show,
    /// `mysqlslap`.
    Slap,
    /// `mysqlbinlog`.
    Binlog,
    /// `mysqltest`.
    Test,
    /// `mysqlsh`.
    Shell,
}

impl Program {
    /// The program called `name`.
    pub fn named(name: &str) -> Option<Program> {
        Some(match name {
            "mysql" | "mariadb" => Program::Client,
            "mysqldump" | "mariadb-dump" => Program::Dump,
            "mysqladmin" | "mariadb-admin" => Program::Admin,
            "mysqlimport" | "mariadb-import" => Program::Import,
            "mysqlcheck" | "mysqlanalyze" | "mysqloptimize" | "mysqlrepair" | "mariadb-check"
            | "mariadb-analyze" | "mariadb-optimize" | "mariadb-repair" | "mariadbcheck" => {
                Program::Check
            }
            "mysqlshow" | "mariadb-show" => Program::Show,
            "mysqlslap" | "mariadb-slap" => Program::Slap,
            "mysqlbinlog" | "mariadb-binlog" => Program::Binlog,
            "mysqltest" | "mariadb-test" => Program::Test,
            "mysqlsh" => Program::Shell,
            _ => return None,
        })
    }

    fn options(self) -> &'static Options {
        match self {
            Program::Client => &options::MYSQL,
            Program::Dump => &options::DUMP,
            Program::Admin => &options::ADMIN,
            Program::Import => &options::IMPORT,
            Program::Check => &options::CHECK,
            Program::Show => &options::SHOW,
            Program::Slap => &options::SLAP,
            Program::Binlog => &options::BINLOG,
            Program::Test => &options::TEST,
            Program::Shell => &options::SHELL,
        }
    }
}

/// Where `program` leads with these words.
pub fn target(program: &str, args: &[OsString], env: Env<'_>) -> Target {
    let program = Program::named(program).unwrap_or(Program::Client);
    let options = program.options();
    let mut target = Target::default();
    let mut port = None;
    let mut elsewhere = env("MYSQL_GROUP_SUFFIX").is_some();
    let (mut several, mut all) = (false, false);
    let mut operands = Vec::new();
    for word in words(args, options, false) {
        match word {
            Word::Option('h', host) => target.host = host,
            Word::Option('P', number) => port = number,
            Word::Option('u', user) => target.user = user,
            Word::Option('D', name) if names_database(program) => target.database = name,
            Word::Option(options::DATABASES, _) if lists(program) => several = true,
            Word::Option(options::ALL_DATABASES, _) if lists(program) => all = true,
            Word::Option(options::ELSEWHERE, _) => elsewhere = true,
            Word::Option(options::PROMPT, Some(uri)) if program == Program::Shell => {
                operands.insert(0, uri);
            }
            Word::Option(..) => {}
            Word::Operand(word) => operands.push(word),
        }
    }
    let operand = match operands.as_slice() {
        [first, ..] if lists(program) && !several && !all => Some(first),
        [only] if lists(program) && several => Some(only),
        [first, ..] if matches!(program, Program::Client | Program::Import | Program::Show) => {
            Some(first)
        }
        [uri, ..] if program == Program::Shell => return shell(uri, target, port),
        _ => None,
    };
    target.database = operand.cloned().or(target.database);
    // Only the client itself looks at MYSQL_HOST.
    if program == Program::Client && !elsewhere {
        target.host = target.host.or_else(|| text(env, "MYSQL_HOST"));
    }
    if !elsewhere {
        port = port.or_else(|| text(env, "MYSQL_TCP_PORT"));
    }
    target.port = port.and_then(|port| port.parse().ok());
    for value in [&mut target.host, &mut target.database, &mut target.user] {
        *value = value.take().filter(|value| !value.is_empty());
    }
    target
}

/// Whether `-D` is a database.
fn names_database(program: Program) -> bool {
    matches!(program, Program::Client | Program::Test | Program::Shell)
}

/// Whether its operands are a database and tables in it, or by an option several databases.
fn lists(program: Program) -> bool {
    matches!(program, Program::Dump | Program::Check)
}

/// `mysql://ada:password@db:3306/app`, of which every part but the host may be missing.
fn shell(uri: &str, mut target: Target, port: Option<String>) -> Target {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let rest = rest.split(['?']).next().unwrap_or_default();
    let (place, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, host) = place.rsplit_once('@').unwrap_or(("", place));
    let user = user.split(':').next().unwrap_or_default();
    let (host, own) = match host.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') => (host, Some(port.to_owned())),
        _ => (host, None),
    };
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    target.port = port.or(own).and_then(|port| port.parse().ok());
    target.host = target.host.or_else(|| some(host));
    target.user = target.user.or_else(|| some(user));
    target.database = target.database.or_else(|| some(database));
    target
}

#[cfg(test)]
mod tests {
    use crate::config::Family::Mysql;
    use crate::record::clients::fixture::check;

    #[test]
    fn words_in_every_spelling() {
        check(
            Mysql,
            &[
                ("mysql", "@:/"),
                ("mysql app", "@:/app"),
                ("mysql -h db -P 3307 -u ada app", "ada@db:3307/app"),
                ("mysql -hdb -P3307 -uada -ps3cret app", "ada@db:3307/app"),
                ("mysql -uada -p app", "ada@:/app"),
                ("mysql -BNuada -hdb app", "ada@db:/app"),
                (
                    "mysql --host=db --port 3307 --user=ada --password=s3cret app",
                    "ada@db:3307/app",
                ),
                ("mysql --password app", "@:/app"),
                (
                    "mysql --ho db --us=ada --po=3307 --data app",
                    "ada@db:3307/app",
                ),
                (
                    "mysql --loose-host=db --max_allowed_packet 5 app",
                    "@db:/app",
                ),
                ("mariadb -D no app", "@:/app"),
                ("mariadb -D app", "@:/app"),
                ("mariadb app -h db", "@db:/app"),
                ("mysql -h one -h two", "@two:/"),
                ("mysql -e 'select 1' -h db app", "@db:/app"),
                ("mysql -S /run/my.sock --protocol socket app", "@:/app"),
                ("mysql -S /run/my.sock -h db --protocol=tcp app", "@db:/app"),
                ("mysql -h localhost app", "@localhost:/app"),
                (
                    "mysql --skip-ssl --ssl-ca ca.pem --ssl-mode REQUIRED app",
                    "@:/app",
                ),
                ("mysql -h db -- -app", "@db:/-app"),
                ("mysql -P many", "@:/"),
                ("mysql -h", "@:/"),
                ("mysql -s -hdb app", "@db:/app"),
                ("mysql -Ns -h db app", "@db:/app"),
            ],
        );
    }

    #[test]
    fn the_environment_tells_what_words_do_not() {
        check(
            Mysql,
            &[
                ("MYSQL_HOST=db MYSQL_TCP_PORT=3307 mysql", "@db:3307/"),
                (
                    "MYSQL_HOST=no MYSQL_TCP_PORT=1 mysql -h db -P 3307",
                    "@db:3307/",
                ),
                ("MYSQL_PWD=s3cret mysql app", "@:/app"),
                ("MYSQL_HOST=db mysqldump app", "@:/app"),
            ],
        );
    }

    #[test]
    fn what_a_named_file_may_say_is_not_known() {
        check(
            Mysql,
            &[
                ("MYSQL_HOST=no mysql --defaults-file=prod.cnf app", "@:/app"),
                (
                    "MYSQL_HOST=no mysql --defaults-extra-file prod.cnf -h db",
                    "@db:/",
                ),
                ("MYSQL_TCP_PORT=1 mysql --login-path=prod", "@:/"),
                ("MYSQL_GROUP_SUFFIX=_prod MYSQL_HOST=no mysql", "@:/"),
            ],
        );
    }

    #[test]
    fn other_programs_have_their_own_letters() {
        check(
            Mysql,
            &[
                ("mysqldump -h db app users orders", "@db:/app"),
                ("mariadb-dump --databases app", "@:/app"),
                ("mariadb-dump -B app shop", "@:/"),
                ("mysqldump -A", "@:/"),
                ("mysqldump -r out.sql -w 'id > 5' -uada app", "ada@:/app"),
                ("mysqladmin -i 5 -c 3 -h db status", "@db:/"),
                ("mysqladmin -w -uada ping", "ada@:/"),
                ("percona -h db app", "@db:/app"),
                ("mysqlimport -L -c a,b -h db app people.txt", "@db:/app"),
                ("mariadb-import -rsi -uada app people.txt", "ada@:/app"),
                ("mysqlcheck -qe -h db app people", "@db:/app"),
                ("mariadb-optimize -A -h db", "@db:/"),
                ("mysqlrepair --databases app shop", "@:/"),
                ("mysqlshow -tvv -h db app pe%", "@db:/app"),
                ("mariadb-slap -c 8 -i 2 -q 'select 1' -h db", "@db:/"),
                ("mysqlslap -e innodb -F ';' -hdb -a", "@db:/"),
                ("mysqlbinlog -R -D -j 4 -h db log.000001", "@db:/"),
                ("mariadb-binlog -d app -T t -h db -R log.000001", "@db:/"),
                ("mariadb-test -h db -D app -x one.test", "@db:/app"),
                ("mysqlsh -u ada -h db -P 3307 -D app", "ada@db:3307/app"),
                (
                    "mysqlsh --sql mysql://ada:s3cret@db:3307/app?x=1",
                    "ada@db:3307/app",
                ),
                ("mysqlsh --uri=ada@db", "ada@db:/"),
            ],
        );
    }
}
