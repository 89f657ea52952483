//! mysql, mariadb and their dump and admin programs: options as my_getopt reads them, `MYSQL_…`.
//!
//! Option files (`my.cnf`, login paths) may hold what the words do not tell. The words win over
//! them; where one is named, the environment is no answer either.

use super::getopt::{Options, Style, Word, words};
use super::{Env, text};
use crate::model::Target;
use std::ffi::OsString;

/// Programs of this family.
pub const NAMES: &[&str] = &[
    "mysql",
    "mariadb",
    "mysqldump",
    "mariadb-dump",
    "mysqladmin",
    "mariadb-admin",
];

/// The letters here are ours: an option that names a file or a service which may tell the host.
const ELSEWHERE: char = '%';
/// `--databases` and `--all-databases` of the dump program: operands are no longer one database.
const DATABASES: char = 'B';
const ALL_DATABASES: char = 'A';

const MYSQL: Options = Options {
    short: "?IAbBcCD:#::Te:fh:HiNLGop::P:qrs:S:tnu:vVEwUWX",
    long: "abort-source-on-error authentication-kerberos-client-mode= auto-rehash \
           auto-vertical-output batch binary-as-hex binary-mode bind-address= character-sets-dir= \
           column-names column-type-info comments compress compression-algorithms= \
           connect-expired-password connect-timeout= database=D debug? debug-check debug-info \
           default-auth= default-character-set= defaults-extra-file=% defaults-file=% \
           defaults-group-suffix=% delimiter= dns-srv-name=% enable-cleartext-plugin execute= \
           fido-register-factor= force get-server-public-key help histignore= host=h html \
           i-am-a-dummy ignore-spaces init-command= line-numbers load-data-local-dir= local-infile? \
           login-path=% max-allowed-packet= max-join-size= named-commands net-buffer-length= no-beep \
           no-defaults oci-config-file= one-database pager? password?p password1?p password2?p \
           password3?p plugin-dir= port=P print-defaults print-query-on-error progress-reports \
           prompt= protocol= quick quick-max-column-width= raw reconnect register-factor= \
           safe-updates sandbox secure-auth select-limit= server-arg= server-public-key-path= \
           show-warnings sigint-ignore silent socket=S ssl? ssl-ca= ssl-capath= ssl-cert= \
           ssl-cipher= ssl-crl= ssl-crlpath= ssl-fips-mode= ssl-fp= ssl-fplist= ssl-key= ssl-mode= \
           ssl-session-data= ssl-verify-server-cert syslog table tee= tls-ciphersuites= \
           tls-sni-servername= tls-version= unbuffered user=u verbose version vertical wait xml \
           zstd-compression-level=",
    style: Style::Mysql,
};

const DUMP: Options = Options {
    short: "AYyiaBcC#::dEeFfHh:KlnNp::P:QqRr:S:T:tu:vVw:x?X",
    long: "all-databases|A all-tablespaces allow-keywords as-of= bind-address= character-sets-dir= \
           comments compatible= complete-insert compress compression-algorithms= connect-timeout= \
           create-options databases|B debug? default-auth= default-character-set= \
           defaults-extra-file=% defaults-file=% defaults-group-suffix=% dir= dump-date \
           dump-history dump-replica? dump-slave? events fields-enclosed-by= fields-escaped-by= \
           fields-optionally-enclosed-by= fields-terminated-by= flush-logs force gtid header help \
           hex-blob host=h ignore-database= ignore-error= ignore-table-data= ignore-table= \
           ignore-views init-command= init-command-add= lines-terminated-by= log-error= \
           log-queries login-path=% master-data? max-allowed-packet= max-statement-time= \
           mysqld-long-query-time= net-buffer-length= no-data oci-config-file= opt parallel= \
           password?p password1?p password2?p password3?p plugin-dir= port=P protocol= \
           result-file= routines server-public-key-path= set-gtid-purged= single-transaction \
           skip-opt socket=S source-data? ssl? ssl-ca= ssl-capath= ssl-cert= ssl-cipher= ssl-crl= \
           ssl-crlpath= ssl-fips-mode= ssl-fp= ssl-fplist= ssl-key= ssl-mode= \
           ssl-verify-server-cert system= tab= tables tls-ciphersuites= tls-version= triggers \
           tz-utc user=u verbose version where= xml zstd-compression-level=",
    style: Style::Mysql,
};

const ADMIN: Options = Options {
    short: "c:#::fC?h:lbp::P:rsS:i:u:vVEw::",
    long: "bind-address= character-sets-dir= compress compression-algorithms= connect-timeout= \
           count= debug? default-auth= default-character-set= defaults-extra-file=% \
           defaults-file=% defaults-group-suffix=% force help host=h local login-path=% no-beep \
           oci-config-file= password?p password1?p password2?p password3?p plugin-dir= port=P \
           protocol= relative server-public-key-path= shutdown-timeout= silent sleep= socket=S ssl? \
           ssl-ca= ssl-capath= ssl-cert= ssl-cipher= ssl-crl= ssl-crlpath= ssl-fips-mode= ssl-fp= \
           ssl-fplist= ssl-key= ssl-mode= ssl-verify-server-cert tls-ciphersuites= tls-version= \
           user=u verbose version vertical wait? wait-for-all-slaves zstd-compression-level=",
    style: Style::Mysql,
};

/// Which program's words they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Program {
    Client,
    Dump,
    Admin,
}

/// Where `program` leads with these words.
pub fn target(program: &str, args: &[OsString], env: Env<'_>) -> Target {
    let (program, options) = match program {
        "mysqldump" | "mariadb-dump" => (Program::Dump, &DUMP),
        "mysqladmin" | "mariadb-admin" => (Program::Admin, &ADMIN),
        _ => (Program::Client, &MYSQL),
    };
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
            Word::Option('D', name) if program == Program::Client => target.database = name,
            Word::Option(DATABASES, _) if program == Program::Dump => several = true,
            Word::Option(ALL_DATABASES, _) if program == Program::Dump => all = true,
            Word::Option(ELSEWHERE, _) => elsewhere = true,
            Word::Option(..) => {}
            Word::Operand(word) => operands.push(word),
        }
    }
    let operand = match operands.as_slice() {
        [first, ..] if program == Program::Dump && !several && !all => Some(first),
        [only] if program == Program::Dump && several => Some(only),
        [first, ..] if program == Program::Client => Some(first),
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
    fn dump_and_admin_have_their_own_letters() {
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
            ],
        );
    }
}
