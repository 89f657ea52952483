//! What passed over a database connection, the same for every protocol.
//!
//! A connection is opened, carries statements one after the other or several at once, and is
//! closed. A statement is announced when the client sends it, gives any number of result sets, and
//! ends. Values are text: the decoder has rendered what was binary. What was not kept is counted.
//!
//! The time of an event is that of the bytes it speaks of, as they passed.

use super::Micros;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest statement text kept, in bytes. What generated statements beyond it say is data.
pub const TEXT_MAX: usize = 1 << 20;
/// The longest value kept, in bytes, of a cell or a parameter.
pub const VALUE_MAX: usize = 1 << 20;
/// How many bytes of parameters a statement keeps in all.
pub const PARAMETERS_MAX: usize = 1 << 20;
/// An event of rows or of copied data is closed at this size, so that a piece stays small.
pub const BATCH_MAX: usize = 64 << 10;

/// One thing that happened on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// Counts from 1 in each session. A cancelled query's second connection has a number too.
    pub connection: u32,
    /// What happened.
    pub what: Exchange,
}

/// What happened on a connection. Statements are numbered from 1 in each connection, in the order
/// in which they were sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Exchange {
    /// The server let the client in.
    Opened(Opened),
    /// A session setting that the server reported, or that changed without a statement's asking.
    Setting {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// The client sent a statement.
    Statement(Statement),
    /// A statement gives a result set with these columns.
    Columns {
        /// Which.
        statement: u32,
        /// In order.
        columns: Vec<Column>,
    },
    /// The next rows of a statement's result set.
    Rows {
        /// Which.
        statement: u32,
        /// In order, each with as many cells as there are columns.
        rows: Vec<Row>,
    },
    /// The next part of what a statement copies in or out, as text.
    Copied {
        /// Which.
        statement: u32,
        /// From the client to the server.
        inward: bool,
        /// Whole lines where the copied data has lines.
        text: String,
    },
    /// One result of a statement is complete.
    Complete(Complete),
    /// A statement is over.
    End(End),
    /// A notice or warning.
    Notice {
        /// Of this statement, where one was under way.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        statement: Option<u32>,
        /// What it says.
        report: Report,
    },
    /// Somebody notified a channel that the client listens to.
    Notification {
        /// Its name.
        channel: String,
        /// What was sent along.
        payload: String,
    },
    /// The connection ended.
    Closed {
        /// What the server said at the end, where it was an error; also where it let nobody in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<Report>,
    },
}

/// A connection that is ready.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// `postgresql`, `mysql` or `mariadb`.
    pub protocol: String,
    /// The server's version, as it says.
    pub server: String,
    /// The user who was let in.
    pub user: String,
    /// The database chosen at the start, where one was.
    pub database: String,
    /// How the way to the server is protected: `TLSv1.3`, or empty for plain.
    pub tls: String,
}

/// A statement as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Counts from 1 in each connection.
    pub number: u32,
    /// How it was sent.
    pub kind: Kind,
    /// Its text, at most [`TEXT_MAX`] of it; for a command without text its name, as `PING`.
    pub text: String,
    /// How many more bytes of text there were.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cut: u64,
    /// The name it was prepared under, where it has one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What a text that only names prepared statements (`EXECUTE q(1)`) executes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prepared: String,
    /// What was bound to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// How a statement was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// As text, which may hold several statements.
    Text,
    /// Prepared, then executed with parameters.
    Prepared,
    /// Only prepared: the server refused it, or nobody executed it.
    Prepare,
    /// A function called by its number.
    Function,
    /// A command of the protocol, such as a change of database.
    Command,
}

/// A value bound to a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// The type's name where known, as `int4`; else empty.
    #[serde(default, rename = "type", skip_serializing_if = "String::is_empty")]
    pub type_name: String,
    /// The value.
    pub value: Value,
}

/// A value of a row or a parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// NULL.
    #[default]
    Null,
    /// As text.
    Text(String),
    /// A value that was too long: its beginning.
    Cut {
        /// At most [`VALUE_MAX`] of it.
        text: String,
        /// How many bytes it has in all.
        length: u64,
    },
}

impl Value {
    /// Its text, or as much of it as was kept.
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Null => None,
            Value::Text(text) | Value::Cut { text, .. } => Some(text),
        }
    }
}

/// A row: a value for each column.
pub type Row = Vec<Value>;

/// A column of a result set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name, or the name the statement gave it.
    pub name: String,
    /// The type's name where known, as `int4`; else its number.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The table it comes from: a name where the protocol tells it, else the number that the
    /// server knows it by; empty for an expression.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub table: String,
}

/// One result of a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complete {
    /// Which.
    pub statement: u32,
    /// What the server called it, as `INSERT 0 5`; empty where the protocol has no such word.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tag: String,
    /// Rows that were sent, kept or not.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rows: u64,
    /// Bytes of rows or copied data that were sent, kept or not.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes: u64,
    /// Rows that were sent and not kept.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rows_cut: u64,
    /// Bytes of copied data that were sent and not kept.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes_cut: u64,
    /// Rows that were changed, where the server says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affected: Option<u64>,
    /// The last automatic key, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_id: Option<u64>,
    /// How many warnings the server counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<u32>,
    /// The statement's portal or cursor can give more rows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
}

/// A statement's end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Which.
    pub statement: u32,
    /// When the first byte of its answer passed.
    pub first: Option<Micros>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Report>,
    /// Where the session stands now, where the protocol says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<Transaction>,
    /// It never ran: an error before it made the server skip it, or the connection ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skipped: bool,
}

/// Where a session stands between two statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transaction {
    /// In none.
    Idle,
    /// In one.
    Open,
    /// In one that failed.
    Failed,
}

/// An error, a warning or a notice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// `ERROR`, `FATAL`, `WARNING`, `NOTICE` …
    pub severity: String,
    /// The SQLSTATE.
    pub code: String,
    /// The server's own number, where it has one.
    #[serde(default, skip_serializing_if = "is_none_number")]
    pub number: u32,
    /// What happened.
    pub message: String,
    /// More of it. Often quotes rows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hint: String,
    /// Everything else, by the field's name: `position`, `where`, `table`, `constraint` …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

fn is_none_number(n: &u32) -> bool {
    *n == 0
}

impl Exchange {
    /// Every text in it that is free to say anything.
    pub fn texts(&self) -> Vec<&str> {
        let mut texts = Vec::new();
        self.each_text(&mut |text| texts.push(text));
        texts
    }

    /// Shows each of its [texts](Self::texts).
    pub fn each_text<'a>(&'a self, see: &mut dyn FnMut(&'a str)) {
        let mut all = |texts: &[&'a str]| texts.iter().for_each(|text| see(text));
        match self {
            Exchange::Opened(opened) => all(&[&opened.server, &opened.user, &opened.database]),
            Exchange::Setting { name, value } => all(&[name, value]),
            Exchange::Statement(statement) => {
                all(&[&statement.text, &statement.name, &statement.prepared]);
                let parameters = statement.parameters.iter();
                parameters
                    .filter_map(|parameter| parameter.value.text())
                    .for_each(see);
            }
            Exchange::Columns { columns, .. } => {
                columns.iter().for_each(|c| all(&[&c.name, &c.table]));
            }
            Exchange::Rows { rows, .. } => {
                rows.iter().flatten().filter_map(Value::text).for_each(see);
            }
            Exchange::Copied { text, .. } => see(text),
            Exchange::Complete(complete) => see(&complete.tag),
            Exchange::End(end) => end.error.iter().for_each(|r| r.each_text(see)),
            Exchange::Notice { report, .. } => report.each_text(see),
            Exchange::Notification { channel, payload } => all(&[channel, payload]),
            Exchange::Closed { error } => error.iter().for_each(|r| r.each_text(see)),
        }
    }

    /// About how many bytes it takes.
    pub fn size(&self) -> usize {
        let values = match self {
            Exchange::Rows { rows, .. } => rows.iter().map(Vec::len).sum(),
            _ => 1,
        };
        let mut texts = 0;
        self.each_text(&mut |text| texts += text.len());
        texts + values * size_of::<Value>() + 64
    }

    /// The statement it belongs to.
    pub fn statement(&self) -> Option<u32> {
        match self {
            Exchange::Statement(statement) => Some(statement.number),
            Exchange::Columns { statement, .. }
            | Exchange::Rows { statement, .. }
            | Exchange::Copied { statement, .. } => Some(*statement),
            Exchange::Complete(complete) => Some(complete.statement),
            Exchange::End(end) => Some(end.statement),
            Exchange::Notice { statement, .. } => *statement,
            Exchange::Opened(_)
            | Exchange::Setting { .. }
            | Exchange::Notification { .. }
            | Exchange::Closed { .. } => None,
        }
    }
}

impl Report {
    fn each_text<'a>(&'a self, see: &mut dyn FnMut(&'a str)) {
        let own = [&self.message, &self.detail, &self.hint];
        let texts = own.into_iter().chain(self.fields.values());
        texts.for_each(|text| see(text));
    }
}
