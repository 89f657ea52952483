//! What the programs of this family take, as my_getopt reads it.

use crate::record::clients::getopt::{Options, Style};

/// Programs of this family.
pub const NAMES: &[&str] = &[
    "mysql",
    "mariadb",
    "mysqldump",
    "mariadb-dump",
    "mysqladmin",
    "mariadb-admin",
    "mysqlimport",
    "mariadb-import",
    "mysqlcheck",
    "mysqlanalyze",
    "mysqloptimize",
    "mysqlrepair",
    "mariadb-check",
    "mariadb-analyze",
    "mariadb-optimize",
    "mariadb-repair",
    "mariadbcheck",
    "mysqlshow",
    "mariadb-show",
    "mysqlslap",
    "mariadb-slap",
    "mysqlbinlog",
    "mariadb-binlog",
    "mysqltest",
    "mariadb-test",
    "mysqlsh",
];

/// The letters here are ours: an option that names a file or a service which may tell the host.
pub const ELSEWHERE: char = '%';
/// `--databases` and `--all-databases` of the dump and the check program: operands are no longer one
/// database.
pub const DATABASES: char = 'B';
/// See [`DATABASES`].
pub const ALL_DATABASES: char = 'A';
/// `--protocol`.
pub const PROTOCOL: char = '→';
/// `--ssl`, with a value or none.
pub const SSL: char = '①';
/// `--skip-ssl`.
pub const SKIP_SSL: char = '②';
/// `--ssl-ca`.
pub const SSL_CA: char = '③';
/// `--ssl-capath`.
pub const SSL_CAPATH: char = '④';
/// `--ssl-cert`.
pub const SSL_CERT: char = '⑤';
/// `--ssl-key`.
pub const SSL_KEY: char = '⑥';
/// `--ssl-crl`.
pub const SSL_CRL: char = '⑦';
/// `--ssl-crlpath`.
pub const SSL_CRLPATH: char = '⑧';
/// `--ssl-cipher` and `--tls-ciphersuites`: lists that OpenSSL alone understands.
pub const CIPHERS: char = '⑨';
/// `--ssl-mode`.
pub const SSL_MODE: char = '⑩';
/// `--ssl-fp`.
pub const SSL_FP: char = '⑪';
/// `--ssl-fplist`.
pub const SSL_FPLIST: char = '⑫';
/// `--ssl-verify-server-cert`, with a value or none.
pub const VERIFY: char = '⑬';
/// `--skip-ssl-verify-server-cert`.
pub const SKIP_VERIFY: char = '⑭';
/// `--tls-version`.
pub const TLS_VERSION: char = '⑮';
/// `--server-public-key-path`.
pub const PUBLIC_KEY: char = '⑯';
/// `--get-server-public-key`.
pub const GET_PUBLIC_KEY: char = '⑰';
/// `--prompt`.
pub const PROMPT: char = '⑱';
/// What rec's way to the server cannot be: an address of ours to bind, a host found by DNS records.
pub const NOT_OURS: char = '⑲';
/// It shows something and connects to nothing.
pub const IDLE: char = '⑳';
/// `--read-from-remote-server` of the program for logs, and its kin: without it, it reads files.
pub const REMOTE: char = 'R';

/// The client.
pub const MYSQL: Options = Options {
    short: "?IAbBcCD:#::Te:fh:HiNLGop::P:qrsS:tnu:vVEwUWX",
    long: "abort-source-on-error authentication-kerberos-client-mode= auto-rehash \
           auto-vertical-output batch binary-as-hex binary-mode bind-address=⑲ character-sets-dir= \
           column-names column-type-info comments compress compression-algorithms= \
           connect-expired-password connect-timeout= database=D debug? debug-check debug-info \
           default-auth= default-character-set= defaults-extra-file=% defaults-file=% \
           defaults-group-suffix=% delimiter= dns-srv-name=⑲ enable-cleartext-plugin execute= \
           fido-register-factor= force get-server-public-key|⑰ help|⑳ histignore= host=h html \
           i-am-a-dummy ignore-spaces init-command= line-numbers load-data-local-dir= local-infile? \
           login-path=% max-allowed-packet= max-join-size= named-commands net-buffer-length= no-beep \
           no-defaults oci-config-file= one-database pager? password?p password1?p password2?p \
           password3?p plugin-dir= port=P print-defaults|⑳ print-query-on-error progress-reports \
           prompt=⑱ protocol=→ quick quick-max-column-width= raw reconnect register-factor= \
           safe-updates sandbox secure-auth select-limit= server-arg= server-public-key-path=⑯ \
           show-warnings sigint-ignore silent socket=S ssl?① ssl-ca=③ ssl-capath=④ ssl-cert=⑤ \
           ssl-cipher=⑨ ssl-crl=⑦ ssl-crlpath=⑧ ssl-fips-mode= ssl-fp=⑪ ssl-fplist=⑫ ssl-key=⑥ ssl-mode=⑩ \
           ssl-session-data= ssl-verify-server-cert?⑬ syslog table tee= tls-ciphersuites=⑨ \
           tls-sni-servername= tls-version=⑮ unbuffered user=u verbose version|⑳ vertical wait|w xml \
           zstd-compression-level= \
           skip-ssl|② disable-ssl|② enable-ssl|① skip-ssl-verify-server-cert|⑭ \
           disable-ssl-verify-server-cert|⑭ enable-ssl-verify-server-cert|⑬",
    style: Style::Mysql,
};

/// The dump program.
pub const DUMP: Options = Options {
    short: "AYyiaBcC#::dEeFfHh:KlnNp::P:QqRr:S:T:tu:vVw:x?X",
    long: "all-databases|A all-tablespaces allow-keywords as-of= bind-address=⑲ character-sets-dir= \
           comments compatible= complete-insert compress compression-algorithms= connect-timeout= \
           create-options databases|B debug? default-auth= default-character-set= \
           defaults-extra-file=% defaults-file=% defaults-group-suffix=% dir= dump-date \
           dump-history dump-replica? dump-slave? events fields-enclosed-by= fields-escaped-by= \
           fields-optionally-enclosed-by= fields-terminated-by= flush-logs force gtid header help|⑳ \
           hex-blob host=h ignore-database= ignore-error= ignore-table-data= ignore-table= \
           ignore-views init-command= init-command-add= lines-terminated-by= log-error= \
           log-queries login-path=% master-data? max-allowed-packet= max-statement-time= \
           mysqld-long-query-time= net-buffer-length= no-data oci-config-file= opt parallel= \
           password?p password1?p password2?p password3?p plugin-dir= port=P print-defaults|⑳ protocol=→ \
           result-file= routines server-public-key-path=⑯ set-gtid-purged= single-transaction \
           skip-opt socket=S source-data? ssl?① ssl-ca=③ ssl-capath=④ ssl-cert=⑤ ssl-cipher=⑨ ssl-crl=⑦ \
           ssl-crlpath=⑧ ssl-fips-mode= ssl-fp=⑪ ssl-fplist=⑫ ssl-key=⑥ ssl-mode=⑩ \
           ssl-verify-server-cert?⑬ system= tab= tables tls-ciphersuites=⑨ tls-version=⑮ triggers \
           tz-utc user=u verbose version|⑳ where= xml zstd-compression-level= \
           skip-ssl|② disable-ssl|② enable-ssl|① skip-ssl-verify-server-cert|⑭ \
           disable-ssl-verify-server-cert|⑭ enable-ssl-verify-server-cert|⑬",
    style: Style::Mysql,
};

/// The admin program.
pub const ADMIN: Options = Options {
    short: "c:#::fC?h:lbp::P:rsS:i:u:vVEw::",
    long: "bind-address=⑲ character-sets-dir= compress compression-algorithms= connect-timeout= \
           count= debug? default-auth= default-character-set= defaults-extra-file=% \
           defaults-file=% defaults-group-suffix=% force help|⑳ host=h local login-path=% no-beep \
           oci-config-file= password?p password1?p password2?p password3?p plugin-dir= port=P \
           print-defaults|⑳ protocol=→ relative server-public-key-path=⑯ shutdown-timeout= silent sleep= socket=S ssl?① \
           ssl-ca=③ ssl-capath=④ ssl-cert=⑤ ssl-cipher=⑨ ssl-crl=⑦ ssl-crlpath=⑧ ssl-fips-mode= ssl-fp=⑪ \
           ssl-fplist=⑫ ssl-key=⑥ ssl-mode=⑩ ssl-verify-server-cert?⑬ tls-ciphersuites=⑨ tls-version=⑮ \
           user=u verbose version|⑳ vertical wait?w wait-for-all-slaves zstd-compression-level= \
           skip-ssl|② disable-ssl|② enable-ssl|① skip-ssl-verify-server-cert|⑭ \
           disable-ssl-verify-server-cert|⑭ enable-ssl-verify-server-cert|⑬",
    style: Style::Mysql,
};

/// MariaDB's program for test scripts.
pub const TEST: Options = Options {
    short: "?A:b:CD:#::F:h:m:p::P:qrR:sS:t:T:u:vVx:",
    long: "basedir= character-sets-dir= client-rep= compress connect-timeout= continue-on-error \
           cursor-protocol database=D debug? debug-check debug-info defaults-extra-file=% \
           defaults-file=% defaults-group-suffix=% help|⑳ host=h logdir= mark-progress \
           max-connect-retries= max-connections= no-defaults non-blocking-api optimizer-trace \
           overlay-dir= password?p plugin-dir= port=P print-defaults|⑳ prologue= protocol=→ \
           ps-protocol quiet record result-file= result-format-version= server-arg= server-file= \
           silent sleep= socket=S sp-protocol ssl?① ssl-ca=③ ssl-capath=④ ssl-cert=⑤ ssl-cipher=⑨ \
           ssl-crl=⑦ ssl-crlpath=⑧ ssl-fp=⑪ ssl-fplist=⑫ ssl-key=⑥ ssl-verify-server-cert?⑬ \
           suite-dir= tail-lines= test-file= timer-file= tls-version=⑮ tmpdir= user=u verbose \
           version|⑳ view-protocol wait-for-pos-timeout= \
           skip-ssl|② disable-ssl|② enable-ssl|① skip-ssl-verify-server-cert|⑭ \
           disable-ssl-verify-server-cert|⑭ enable-ssl-verify-server-cert|⑬",
    style: Style::Mysql,
};

/// What the smaller programs take in common, behind what is their own.
macro_rules! with_common {
    ($own:literal) => {
        concat!(
            $own,
            " bind-address=⑲ character-sets-dir= compress compression-algorithms= connect-timeout= \
              debug? debug-check debug-info default-auth= default-character-set= \
              defaults-extra-file=% defaults-file=% defaults-group-suffix=% \
              enable-cleartext-plugin force get-server-public-key|⑰ help|⑳ host=h login-path=% \
              no-defaults password?p password1?p password2?p password3?p plugin-dir= port=P \
              print-defaults|⑳ protocol=→ server-public-key-path=⑯ silent socket=S ssl?① ssl-ca=③ \
              ssl-capath=④ ssl-cert=⑤ ssl-cipher=⑨ ssl-crl=⑦ ssl-crlpath=⑧ ssl-fips-mode= ssl-fp=⑪ \
              ssl-fplist=⑫ ssl-key=⑥ ssl-mode=⑩ ssl-session-data= ssl-verify-server-cert?⑬ \
              tls-ciphersuites=⑨ tls-sni-servername= tls-version=⑮ user=u verbose version|⑳ \
              zstd-compression-level= \
              skip-ssl|② disable-ssl|② enable-ssl|① skip-ssl-verify-server-cert|⑭ \
              disable-ssl-verify-server-cert|⑭ enable-ssl-verify-server-cert|⑬"
        )
    };
}

/// The program that loads files into tables.
pub const IMPORT: Options = Options {
    short: "?c:C#::dfh:iklLP:p::rsS:u:vV",
    long: with_common!(
        "columns= delete fields-enclosed-by= fields-escaped-by= fields-optionally-enclosed-by= \
         fields-terminated-by= ignore ignore-foreign-keys ignore-lines= lines-terminated-by= local \
         lock-tables low-priority replace use-threads="
    ),
    style: Style::Mysql,
};

/// The program that checks and repairs tables.
pub const CHECK: Options = Options {
    short: "?1AaBcCeFfg#::h:moP:p::qrsS:u:vVZ",
    long: with_common!(
        "all-databases|A all-in-1 analyze auto-repair check check-only-changed check-upgrade \
         databases|B extended fast fix-db-names fix-table-names flush medium-check optimize \
         persistent process-tables process-views? quick repair skip-database= tables use-frm \
         write-binlog"
    ),
    style: Style::Mysql,
};

/// The program that lists databases, tables and columns.
pub const SHOW: Options = Options {
    short: "?C#::c:h:ikP:p::S:tu:vV",
    long: with_common!("count keys show-table-type status"),
    style: Style::Mysql,
};

/// The program that measures a server.
pub const SLAP: Options = Options {
    short: "?aCc:e:F:#::h:i:P:p::q:sS:Tu:vVx:y:",
    long: with_common!(
        "auto-generate-sql auto-generate-sql-add-autoincrement \
         auto-generate-sql-execute-number= auto-generate-sql-guid-primary \
         auto-generate-sql-load-type= auto-generate-sql-secondary-indexes= \
         auto-generate-sql-unique-query-number= auto-generate-sql-unique-write-number= \
         auto-generate-sql-write-number= commit= concurrency= create= create-schema= csv? \
         delimiter= detach= engine= init-command= iterations= no-drop number-char-cols= \
         number-int-cols= number-of-queries= only-print|⑳ post-query= post-system= pre-query= \
         pre-system= query= sql-mode="
    ),
    style: Style::Mysql,
};

/// The program that reads binary logs.
pub const BINLOG: Options = Options {
    short: "?Bc#::d:DfFHh:ij:l:o:p::P:r:RsS:tT:u:vV",
    long: with_common!(
        "base64-output= binlog-row-event-max-size= connection-server-id= database= \
         disable-log-bin do-domain-ids= do-server-ids= exclude-gtids= flashback force-if-open \
         force-read gtid-strict-mode hexdump idempotent ignore-domain-ids= ignore-server-ids= \
         include-gtids= local-load= offset= open-files-limit= print-row-count \
         print-row-event-positions print-table-metadata raw read-from-remote-master=R \
         read-from-remote-server|R read-from-remote-source=R require-row-format result-file= \
         rewrite-db= server-id= server-id-bits= set-charset= short-form skip-annotate-row-events \
         skip-gtids start-datetime= start-position= stop-datetime= stop-never \
         stop-never-slave-server-id= stop-position= table= to-last-log verify-binlog-checksum"
    ),
    style: Style::Mysql,
};

/// MySQL's shell: its words are its own, and an operand is an address.
pub const SHELL: Options = Options {
    short: "?u:h:P:S:D:e:f:p::ic:m:qv",
    long: "uri=⑱ user=u host=h port=P socket?S schema=D database=D dbpassword?p password?p \
           execute= file= compress? connect-timeout= sql js py sqlc sqlx mysql mysqlx \
           ssl-mode=⑩ ssl-ca=③ ssl-cert=⑤ ssl-key=⑥ result-format= no-wizard quiet-start? \
           login-path=% version|⑳ help|⑳",
    style: Style::Getopt,
};
