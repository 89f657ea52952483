//! The programs that come with PostgreSQL and connect with libpq: what words each of them takes, and
//! for which of them there is no tap.

use super::getopt::{Options, Style};

/// Debian's wrapper around each of them takes `--cluster`; the letter is ours.
pub const CLUSTER: char = '%';

/// `--maintenance-db`: the database to connect to where the operand is another one; also ours.
pub const MAINTENANCE: char = '@';

/// A program.
#[derive(Clone, Copy)]
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// The options it takes.
    pub options: Options,
    /// What its operands are.
    pub operands: Operands,
    /// What it makes of a conninfo beside options.
    pub conninfo: Precedence,
    /// The option by which it writes down the way it connected by.
    keeps: Option<char>,
    /// Why no tap is to be in its way, where none is.
    pub untapped: Option<Untapped>,
}

/// Why a program has no tap.
#[derive(Clone, Copy)]
pub enum Untapped {
    /// It sends no statement.
    Silent(&'static str),
    /// What it sends is not seen.
    Unseen(&'static str),
}

/// What a program's operands are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operands {
    /// The database, then the user.
    DatabaseUser,
    /// The database.
    Database,
    /// Databases, each of them connected to.
    Databases,
    /// Something else; it connects to the database that an option names.
    Other,
    /// Something else, and without that option it connects to nothing.
    Unconnected,
}

/// What comes first where options and a conninfo say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precedence {
    /// The conninfo.
    Conninfo,
    /// Options (`GetConnection` of streamutil.c).
    Options,
    /// Options; it takes nothing but a conninfo, takes that apart, and leaves out what is empty in it
    /// (`GetConnection` of streamutil.c, `connectDatabase` of pg_dumpall.c).
    Apart,
    /// There is nothing but a conninfo.
    Alone,
}

impl Program {
    const fn new(name: &'static str, options: Options, operands: Operands) -> Program {
        Program {
            name,
            options,
            operands,
            conninfo: Precedence::Conninfo,
            keeps: None,
            untapped: None,
        }
    }

    /// The program of that name.
    pub fn named(name: &str) -> Option<&'static Program> {
        PROGRAMS.iter().find(|program| program.name == name)
    }

    /// Whether the option `letter` has it write down the way it connected by.
    pub fn keeps(&self, letter: char) -> bool {
        self.keeps == Some(letter)
    }

    /// What the option `letter` says of the connection.
    pub fn keyword(&self, letter: char, has_value: bool) -> Option<&'static str> {
        Some(match letter {
            'h' => "host",
            'p' => "port",
            'U' => "user",
            // An old spelling of oid2name's; psql's is for HTML.
            'H' if has_value => "host",
            // A pattern.
            'd' if self.name == "pg_amcheck" => return None,
            // pgbench's own is for debugging.
            'd' if has_value => "dbname",
            'l' if self.name == "pg_dumpall" => "dbname",
            MAINTENANCE => "dbname",
            _ => return None,
        })
    }
}

use Operands::{Database, DatabaseUser, Databases, Other, Unconnected};

/// All of them.
pub const PROGRAMS: &[Program] = &[
    Program::new("psql", PSQL, DatabaseUser),
    Program::new("pg_dump", PG_DUMP, Database),
    Program {
        conninfo: Precedence::Apart,
        ..Program::new("pg_dumpall", PG_DUMPALL, Other)
    },
    Program::new("pg_restore", PG_RESTORE, Unconnected),
    Program::new("pgbench", PGBENCH, Database),
    Program::new("createdb", CREATEDB, Other),
    Program::new("dropdb", DROPDB, Other),
    Program::new("createuser", CREATEUSER, Other),
    Program::new("dropuser", DROPUSER, Other),
    Program::new("vacuumdb", VACUUMDB, Database),
    Program::new("reindexdb", REINDEXDB, Database),
    Program::new("clusterdb", CLUSTERDB, Database),
    Program::new("pg_amcheck", PG_AMCHECK, Database),
    Program::new("vacuumlo", VACUUMLO, Databases),
    Program::new("oid2name", OID2NAME, Other),
    Program {
        conninfo: Precedence::Apart,
        keeps: Some('R'),
        ..Program::new("pg_basebackup", PG_BASEBACKUP, Other)
    },
    Program {
        conninfo: Precedence::Apart,
        ..Program::new("pg_receivewal", PG_RECEIVEWAL, Other)
    },
    Program {
        conninfo: Precedence::Options,
        ..Program::new("pg_recvlogical", PG_RECVLOGICAL, Other)
    },
    // Without a server it reads the files of one.
    Program {
        conninfo: Precedence::Alone,
        keeps: Some('R'),
        ..Program::new("pg_rewind", PG_REWIND, Unconnected)
    },
    Program {
        untapped: Some(Untapped::Silent(
            "pg_isready sends no statement, and a tap would be what it says it connects to",
        )),
        ..Program::new("pg_isready", PG_ISREADY, Other)
    },
    Program {
        untapped: Some(Untapped::Unseen(
            "pg_upgrade connects to servers that it starts itself (with --retain it keeps its log \
             files, which hold what it sends)",
        )),
        ..Program::new("pg_upgrade", PG_UPGRADE, Other)
    },
    Program {
        untapped: Some(Untapped::Unseen(
            "pg_createsubscriber writes the way it connects by into the subscriptions that it makes \
             (with -v -v it prints what it sends)",
        )),
        ..Program::new("pg_createsubscriber", PG_CREATESUBSCRIBER, Other)
    },
];

const PSQL: Options = Options {
    short: "aAbc:d:eEf:F:h:HlL:no:p:P:qR:sStT:U:v:VwWxXz?01",
    long: "cluster=% echo-all no-align command= dbname=d echo-queries echo-errors echo-hidden file= \
           field-separator= field-separator-zero host=h html list|l log-file= no-readline \
           single-transaction output= port=p pset= quiet record-separator= record-separator-zero \
           single-step single-line tuples-only table-attr= username=U set= variable= version|V \
           no-password password expanded no-psqlrc help?? csv",
    style: Style::Getopt,
};

const PG_DUMP: Options = Options {
    short: "abBcCd:e:E:f:F:h:j:n:N:Op:RsS:t:T:U:vwWxXZ:?V",
    long: "cluster=% data-only blobs large-objects no-blobs no-large-objects clean create dbname=d \
           extension= exclude-extension= file= format= host=h jobs= schema= exclude-schema= no-owner \
           no-reconnect port=p schema-only superuser= table= exclude-table= table-and-children= \
           exclude-table-and-children= no-password password username=U verbose no-privileges no-acl \
           compress= encoding= help|? version|V attribute-inserts binary-upgrade column-inserts \
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
           transaction-size= trigger= use-list= username=U verbose version|V no-password password \
           help|? restrict-key= role= disable-triggers enable-row-security no-comments \
           no-data no-data-for-failed-tables no-policies no-publications no-schema \
           no-security-labels no-statistics no-subscriptions no-table-access-method no-tablespaces \
           use-set-session-authorization",
    style: Style::Getopt,
};

const PG_DUMPALL: Options = Options {
    short: "acd:E:f:gh:l:Op:rsS:tU:vwWx?V",
    long: "cluster=% data-only clean dbname=d encoding= file= globals-only host=h database=l no-owner \
           port=p roles-only schema-only superuser= tablespaces-only username=U verbose no-password \
           password no-privileges no-acl help|? version|V attribute-inserts binary-upgrade \
           column-inserts disable-dollar-quoting disable-triggers exclude-database= \
           extra-float-digits= filter= if-exists inserts load-via-partition-root \
           lock-wait-timeout= no-comments no-data no-policies no-publications no-role-passwords \
           no-schema no-security-labels no-statistics no-subscriptions no-sync \
           no-table-access-method no-tablespaces no-toast-compression no-unlogged-table-data \
           on-conflict-do-nothing quote-all-identifiers restrict-key= role= rows-per-insert= \
           sequence-data statistics statistics-only use-set-session-authorization",
    style: Style::Getopt,
};

const PGBENCH: Options = Options {
    short: "b:c:CdD:ef:F:h:iI:j:lL:M:nNp:P:qrR:s:St:T:U:v?V",
    long: "cluster=% builtin= client= connect dbname=d debug define= exit-on-abort file= fillfactor= \
           host=h initialize init-steps= jobs= log latency-limit= no-vacuum port=p progress= \
           protocol= quiet report-latencies report-per-command rate= scale= select-only \
           skip-some-updates time= transactions= username=U vacuum-all unlogged-tables \
           tablespace= index-tablespace= sampling-rate= aggregate-interval= progress-timestamp \
           log-prefix= foreign-keys random-seed= show-script= partitions= partition-method= \
           failures-detailed max-tries= verbose-errors help|? version|V",
    style: Style::Getopt,
};

const CREATEDB: Options = Options {
    short: "h:p:U:wWeO:D:T:E:l:S:?V",
    long: "cluster=% host=h port=p username=U no-password password echo owner= tablespace= template= \
           encoding= strategy= lc-collate= lc-ctype= locale= builtin-locale= locale-provider= \
           icu-locale= icu-rules= maintenance-db=@ help|? version|V",
    style: Style::Getopt,
};

const DROPDB: Options = Options {
    short: "h:p:U:wWeif?V",
    long: "cluster=% host=h port=p username=U no-password password echo interactive if-exists \
           maintenance-db=@ force help|? version|V",
    style: Style::Getopt,
};

const CREATEUSER: Options = Options {
    short: "a:c:dDeEg:h:iIlLm:p:PrRsSU:v:wW?V",
    long: "cluster=% with-admin= connection-limit= createdb no-createdb echo encrypted role= \
           member-of= host=h inherit no-inherit login no-login with-member= port=p pwprompt \
           createrole no-createrole superuser no-superuser username=U valid-until= no-password \
           password replication no-replication bypassrls no-bypassrls interactive help|? version|V",
    style: Style::Getopt,
};

const DROPUSER: Options = Options {
    short: "h:p:U:eiwW?V",
    long: "cluster=% host=h port=p username=U no-password password echo interactive if-exists help|? \
           version|V",
    style: Style::Getopt,
};

const VACUUMDB: Options = Options {
    short: "ad:efFh:j:n:N:p:P:qt:U:vwWzZ?V",
    long: "cluster=% all dbname=d echo freeze full host=h jobs= schema= exclude-schema= port=p \
           parallel= quiet table= username=U verbose no-password password analyze analyze-only \
           analyze-in-stages buffer-usage-limit= disable-page-skipping force-index-cleanup \
           maintenance-db=@ min-mxid-age= min-xid-age= missing-stats-only no-index-cleanup \
           no-process-main no-process-toast no-truncate skip-locked help|? version|V",
    style: Style::Getopt,
};

const REINDEXDB: Options = Options {
    short: "ad:eh:i:j:qp:sS:t:U:vwW?V",
    long: "cluster=% all concurrently dbname=d echo host=h index= jobs= quiet port=p system schema= \
           table= tablespace= username=U verbose no-password password maintenance-db=@ help|? version|V",
    style: Style::Getopt,
};

const CLUSTERDB: Options = Options {
    short: "ad:eh:p:qt:U:vwW?V",
    long: "cluster=% all dbname=d echo host=h quiet port=p table= username=U verbose no-password \
           password maintenance-db=@ help|? version|V",
    style: Style::Getopt,
};

const PG_AMCHECK: Options = Options {
    short: "ad:D:eh:Hi:I:j:p:Pr:R:s:S:t:T:U:wWv?V",
    long: "cluster=% host=h port=p username=U no-password password maintenance-db=@ all database= \
           exclude-database= echo index= exclude-index= jobs= progress relation= \
           exclude-relation= schema= exclude-schema= table= exclude-table= verbose \
           no-dependent-indexes no-dependent-toast exclude-toast-pointers on-error-stop skip= \
           startblock= endblock= rootdescend no-strict-names heapallindexed parent-check \
           install-missing? checkunique help|? version|V",
    style: Style::Getopt,
};

const VACUUMLO: Options = Options {
    short: "h:l:np:U:vwW?V",
    long: "cluster=% host=h limit= dry-run port=p username=U verbose version|V no-password password \
           help|?",
    style: Style::Getopt,
};

const OID2NAME: Options = Options {
    short: "d:f:h:H:io:p:qsSt:U:x?V",
    long: "cluster=% dbname=d host=h filenode= indexes oid= port=p quiet tablespaces system-objects \
           table= username=U version|V extended help|?",
    style: Style::Getopt,
};

const PG_BASEBACKUP: Options = Options {
    short: "CD:F:i:r:RS:t:T:X:l:nNzZ:d:c:h:p:U:s:wWkvP?V",
    long: "cluster=% help|? version|V pgdata= format= incremental= checkpoint= create-slot max-rate= \
           write-recovery-conf|R slot= target= tablespace-mapping= wal-method= gzip compress= \
           label= no-clean no-sync dbname=d host=h port=p username=U no-password password \
           status-interval= verbose progress waldir= no-slot no-verify-checksums \
           no-estimate-size no-manifest manifest-force-encode manifest-checksums= sync-method=",
    style: Style::Getopt,
};

const PG_RECEIVEWAL: Options = Options {
    short: "D:d:E:h:np:U:s:S:wWvZ:?V",
    long: "cluster=% help|? version|V directory= dbname=d endpos= host=h port=p username=U no-loop \
           no-password password status-interval= slot= verbose compress= create-slot drop-slot \
           if-not-exists synchronous no-sync",
    style: Style::Getopt,
};

const PG_RECVLOGICAL: Options = Options {
    short: "E:f:F:ntvd:h:p:U:wWI:o:P:s:S:?V",
    long: "cluster=% file= fsync-interval= no-loop verbose two-phase enable-two-phase \
           enable-failover version|V help|? dbname=d host=h port=p username=U no-password password \
           startpos= endpos= option= plugin= status-interval= slot= create-slot start drop-slot \
           if-not-exists",
    style: Style::Getopt,
};

const PG_REWIND: Options = Options {
    short: "cD:nNPR?V",
    long: "help|? version|V target-pgdata= write-recovery-conf|R source-pgdata= source-server=d \
           no-ensure-shutdown config-file= restore-target-wal dry-run no-sync sync-method= \
           progress debug",
    style: Style::Getopt,
};

const PG_ISREADY: Options = Options {
    short: "d:h:p:qt:U:?V",
    long: "cluster=% dbname=d host=h port=p quiet timeout= username=U help|? version|V",
    style: Style::Getopt,
};

/// Where its servers are is its own affair.
const PG_UPGRADE: Options = Options {
    short: "?V",
    long: "help|? version|V",
    style: Style::Getopt,
};

const PG_CREATESUBSCRIBER: Options = Options {
    short: "ad:D:np:P:s:t:TU:v?V",
    long: "all database= pgdata= dry-run subscriber-port= publisher-server=d socketdir= \
           recovery-timeout= enable-two-phase subscriber-username= verbose clean= config-file= \
           publication= replication-slot= subscription= version|V help|?",
    style: Style::Getopt,
};
