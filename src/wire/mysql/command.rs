//! The commands of the protocol, by their numbers.

/// A command, and what the protocol calls it without its prefix `COM_`.
macro_rules! commands {
    ($($variant:ident = $number:literal $name:literal,)*) => {
        /// A command.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Command {
            $(#[doc = concat!("COM_", $name)] $variant,)*
        }

        impl Command {
            /// The command with this number.
            pub fn of(number: u8) -> Option<Command> {
                match number {
                    $($number => Some(Command::$variant),)*
                    _ => None,
                }
            }

            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Command::$variant => $name,)*
                }
            }
        }
    };
}

// MySQL 8.4's, then MariaDB's own. COM_CLONE and COM_SUBSCRIBE_GROUP_REPLICATION_STREAM are spoken
// between servers only and left out: they are not known.
commands! {
    Sleep = 0x00 "SLEEP",
    Quit = 0x01 "QUIT",
    InitDb = 0x02 "INIT_DB",
    Query = 0x03 "QUERY",
    FieldList = 0x04 "FIELD_LIST",
    CreateDb = 0x05 "CREATE_DB",
    DropDb = 0x06 "DROP_DB",
    Refresh = 0x07 "REFRESH",
    Shutdown = 0x08 "SHUTDOWN",
    Statistics = 0x09 "STATISTICS",
    ProcessInfo = 0x0A "PROCESS_INFO",
    Connect = 0x0B "CONNECT",
    ProcessKill = 0x0C "PROCESS_KILL",
    Debug = 0x0D "DEBUG",
    Ping = 0x0E "PING",
    Time = 0x0F "TIME",
    DelayedInsert = 0x10 "DELAYED_INSERT",
    ChangeUser = 0x11 "CHANGE_USER",
    BinlogDump = 0x12 "BINLOG_DUMP",
    TableDump = 0x13 "TABLE_DUMP",
    ConnectOut = 0x14 "CONNECT_OUT",
    RegisterReplica = 0x15 "REGISTER_SLAVE",
    StmtPrepare = 0x16 "STMT_PREPARE",
    StmtExecute = 0x17 "STMT_EXECUTE",
    StmtSendLongData = 0x18 "STMT_SEND_LONG_DATA",
    StmtClose = 0x19 "STMT_CLOSE",
    StmtReset = 0x1A "STMT_RESET",
    SetOption = 0x1B "SET_OPTION",
    StmtFetch = 0x1C "STMT_FETCH",
    Daemon = 0x1D "DAEMON",
    BinlogDumpGtid = 0x1E "BINLOG_DUMP_GTID",
    ResetConnection = 0x1F "RESET_CONNECTION",
    StmtBulkExecute = 0xFA "STMT_BULK_EXECUTE",
}
