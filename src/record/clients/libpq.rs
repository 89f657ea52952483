//! The programs that come with PostgreSQL and connect with libpq: what words each of them takes.
//!
//! Left out are those that send no statement (`pg_isready`, `pg_basebackup`, whose result even holds
//! the way it connected by).

use super::getopt::{Options, Style};

/// Debian's wrapper around each of them takes `--cluster`; the letter is ours.
pub const CLUSTER: char = '%';

/// `--maintenance-db`: the database to connect to where the operand is another one; also ours.
pub const MAINTENANCE: char = '@';

/// A program.
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// The options it takes.
    pub options: Options,
    /// What its operands are.
    pub operands: Operands,
}

/// What a program's operands are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operands {
    /// The database, then the user.
    DatabaseUser,
    /// The database.
    Database,
    /// Something else; it connects to the database that an option names.
    Other,
    /// Something else, and without that option it connects to nothing.
    Unconnected,
}

impl Program {
    /// The program of that name.
    pub fn named(name: &str) -> Option<&'static Program> {
        PROGRAMS.iter().find(|program| program.name == name)
    }
}

/// All of them.
pub const PROGRAMS: &[Program] = &[
    Program {
        name: "psql",
        options: PSQL,
        operands: Operands::DatabaseUser,
    },
    Program {
        name: "pg_dump",
        options: PG_DUMP,
        operands: Operands::Database,
    },
    Program {
        name: "pg_dumpall",
        options: PG_DUMPALL,
        operands: Operands::Other,
    },
    Program {
        name: "pg_restore",
        options: PG_RESTORE,
        operands: Operands::Unconnected,
    },
    Program {
        name: "pgbench",
        options: PGBENCH,
        operands: Operands::Database,
    },
    Program {
        name: "createdb",
        options: CREATEDB,
        operands: Operands::Other,
    },
    Program {
        name: "dropdb",
        options: DROPDB,
        operands: Operands::Other,
    },
    Program {
        name: "createuser",
        options: CREATEUSER,
        operands: Operands::Other,
    },
    Program {
        name: "dropuser",
        options: DROPUSER,
        operands: Operands::Other,
    },
    Program {
        name: "vacuumdb",
        options: VACUUMDB,
        operands: Operands::Database,
    },
    Program {
        name: "reindexdb",
        options: REINDEXDB,
        operands: Operands::Database,
    },
    Program {
        name: "clusterdb",
        options: CLUSTERDB,
        operands: Operands::Database,
    },
];

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

const PG_DUMPALL: Options = Options {
    short: "acd:E:f:gh:l:Op:rsS:tU:vwWx?V",
    long: "cluster=% data-only clean dbname=d encoding= file= globals-only host=h database=l no-owner \
           port=p roles-only schema-only superuser= tablespaces-only username=U verbose no-password \
           password no-privileges no-acl help version attribute-inserts binary-upgrade \
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
           failures-detailed max-tries= verbose-errors help version",
    style: Style::Getopt,
};

const CREATEDB: Options = Options {
    short: "h:p:U:wWeO:D:T:E:l:S:?V",
    long: "cluster=% host=h port=p username=U no-password password echo owner= tablespace= template= \
           encoding= strategy= lc-collate= lc-ctype= locale= builtin-locale= locale-provider= \
           icu-locale= icu-rules= maintenance-db=@ help version",
    style: Style::Getopt,
};

const DROPDB: Options = Options {
    short: "h:p:U:wWeif?V",
    long: "cluster=% host=h port=p username=U no-password password echo interactive if-exists \
           maintenance-db=@ force help version",
    style: Style::Getopt,
};

const CREATEUSER: Options = Options {
    short: "a:c:dDeEg:h:iIlLm:p:PrRsSU:v:wW?V",
    long: "cluster=% with-admin= connection-limit= createdb no-createdb echo encrypted role= \
           member-of= host=h inherit no-inherit login no-login with-member= port=p pwprompt \
           createrole no-createrole superuser no-superuser username=U valid-until= no-password \
           password replication no-replication bypassrls no-bypassrls interactive help version",
    style: Style::Getopt,
};

const DROPUSER: Options = Options {
    short: "h:p:U:eiwW?V",
    long: "cluster=% host=h port=p username=U no-password password echo interactive if-exists help \
           version",
    style: Style::Getopt,
};

const VACUUMDB: Options = Options {
    short: "ad:efFh:j:n:N:p:P:qt:U:vwWzZ?V",
    long: "cluster=% all dbname=d echo freeze full host=h jobs= schema= exclude-schema= port=p \
           parallel= quiet table= username=U verbose no-password password analyze analyze-only \
           analyze-in-stages buffer-usage-limit= disable-page-skipping force-index-cleanup \
           maintenance-db=@ min-mxid-age= min-xid-age= missing-stats-only no-index-cleanup \
           no-process-main no-process-toast no-truncate skip-locked help version",
    style: Style::Getopt,
};

const REINDEXDB: Options = Options {
    short: "ad:eh:i:j:qp:sS:t:U:vwW?V",
    long: "cluster=% all concurrently dbname=d echo host=h index= jobs= quiet port=p system schema= \
           table= tablespace= username=U verbose no-password password maintenance-db=@ help version",
    style: Style::Getopt,
};

const CLUSTERDB: Options = Options {
    short: "ad:eh:p:qt:U:vwW?V",
    long: "cluster=% all dbname=d echo host=h quiet port=p table= username=U verbose no-password \
           password maintenance-db=@ help version",
    style: Style::Getopt,
};
