//! What the two directions of a connection share once the client is let in: what was asked and is
//! not answered yet, what was prepared, and what is to be told.

use super::charset::Charset;
use super::column::Definition;
use super::handshake::Capabilities;
use super::local::Local;
use super::prepared::{Prepared, Statements, Text};
use super::reply::Done;
use super::result::Progress;
use crate::model::wire::{
    Column, Complete, End, Exchange, Kind, Parameter, Report, Statement, Transaction, Value,
};
use crate::model::{Gap, GapKind, Micros};
use crate::wire::{Limits, Seen};
use mysql_common::constants::MariadbCapabilities;
use std::collections::VecDeque;
use std::sync::Arc;

/// Commands that wait for an answer, at most. No client sends so many ahead.
pub const QUEUE_MAX: usize = 4096;

/// What a command's answer looks like, and what to do with it.
pub enum Ask {
    /// COM_QUERY: results as text.
    Query,
    /// COM_STMT_EXECUTE or COM_STMT_BULK_EXECUTE of this statement: results in binary.
    Execute(u32),
    /// COM_STMT_EXECUTE of the statement whose COM_STMT_PREPARE is not answered yet: its payload.
    Ahead(Vec<u8>),
    /// COM_STMT_PREPARE of this text.
    Prepare(Text, Micros),
    /// COM_STMT_PREPARE that the server gave this number; its description is still to come.
    Described(u32),
    /// COM_STMT_FETCH of this statement.
    Fetch(u32),
    /// COM_FIELD_LIST: definitions of columns.
    FieldList,
    /// OK, EOF or ERR.
    Simple,
    /// COM_INIT_DB of this database.
    Database(String),
    /// COM_CHANGE_USER to this user, database and collation.
    User(String, String, Option<u16>),
    /// COM_RESET_CONNECTION.
    Reset,
    /// COM_STATISTICS: a line of text.
    Statistics,
    /// COM_BINLOG_DUMP and its like: events without end.
    Binlog,
    /// A command that this version does not know. Its answer ends where the next command begins.
    Unknown,
}

/// A command that waits for its answer.
pub struct Pending {
    /// What it asked.
    pub ask: Ask,
    /// The statement it is told as, and how far that is. A COM_STMT_PREPARE is told when it is known
    /// what became of it.
    pub progress: Option<Progress>,
    /// When the first byte of its answer passed.
    pub first: Option<Micros>,
}

/// The state.
pub struct Session {
    /// How much is kept.
    pub limits: Limits,
    /// What both sides can do.
    pub capabilities: Capabilities,
    /// Of what the client sends, and of names and errors.
    pub charset: Charset,
    /// In the order of the commands.
    pub queue: VecDeque<Pending>,
    /// What was prepared.
    pub statements: Statements,
    /// The last COM_STMT_PREPARE that was refused.
    pub refused: Text,
    /// The file that the client was asked for.
    pub local: Option<Local>,
    /// Bytes of the file that was sent last, and how many of them were not kept.
    pub local_done: Option<(u64, u64)>,
    /// Why nothing can be followed any more.
    pub lost: Option<&'static str>,
    /// What the server said outside of any answer, or when it let nobody in.
    pub error: Option<Report>,
    database: String,
    numbered: u32,
    last: Micros,
    out: Vec<(Micros, Seen)>,
}

impl Session {
    /// Before the greeting.
    pub fn new(limits: Limits, capabilities: Capabilities) -> Session {
        Session {
            limits,
            capabilities,
            charset: Charset::Utf8,
            queue: VecDeque::new(),
            statements: Statements::default(),
            refused: Text::default(),
            local: None,
            local_done: None,
            lost: None,
            error: None,
            database: String::new(),
            numbered: 0,
            last: Micros::default(),
            out: Vec::new(),
        }
    }

    /// Tells that this happened.
    pub fn tell(&mut self, at: Micros, what: Exchange) {
        // A statement that was refused is told with the time at which it was sent.
        self.last = self.last.max(at);
        self.out.push((self.last, Seen::Exchange(what)));
    }

    /// Tells what could not be read.
    pub fn gap(&mut self, at: Micros, kind: GapKind, bytes: u64, detail: String) {
        let gap = Gap {
            kind,
            bytes,
            detail,
        };
        self.last = self.last.max(at);
        self.out.push((self.last, Seen::Gap(gap)));
    }

    /// What was told.
    pub fn take(&mut self) -> Vec<(Micros, Seen)> {
        std::mem::take(&mut self.out)
    }

    /// The client sent a statement.
    pub fn statement(
        &mut self,
        at: Micros,
        kind: Kind,
        text: Text,
        parameters: Vec<Parameter>,
    ) -> Progress {
        self.numbered = self.numbered.saturating_add(1);
        let statement = Statement {
            number: self.numbered,
            kind,
            text: text.text,
            cut: text.cut,
            name: String::new(),
            prepared: String::new(),
            parameters,
        };
        self.tell(at, Exchange::Statement(statement));
        Progress::of(self.numbered)
    }

    /// A command that is told as a statement waits for its answer.
    pub fn ask(&mut self, ask: Ask, progress: Progress) {
        self.wait(ask, Some(progress));
    }

    /// A command waits for its answer before anything is told of it.
    pub fn ask_untold(&mut self, ask: Ask) {
        self.wait(ask, None);
    }

    fn wait(&mut self, ask: Ask, progress: Option<Progress>) {
        self.queue.push_back(Pending {
            ask,
            progress,
            first: None,
        });
    }

    /// Whether an answer is to come. That to a command that is not known has no end that could be
    /// told; who sends the next one has got it.
    pub fn is_owed(&self) -> bool {
        let mut queue = self.queue.iter();
        queue.any(|pending| !matches!(pending.ask, Ask::Unknown))
    }

    /// A command that has no text of its own is sent as `text`.
    pub fn command(&mut self, at: Micros, text: String, ask: Ask) {
        let text = Text { text, cut: 0 };
        let progress = self.statement(at, Kind::Command, text, Vec::new());
        self.ask(ask, progress);
    }

    /// A statement is over.
    pub fn end(
        &mut self,
        at: Micros,
        progress: Progress,
        error: Option<Report>,
        transaction: Option<Transaction>,
    ) {
        let end = End {
            statement: progress.number(),
            first: progress.first,
            error,
            transaction,
            skipped: false,
        };
        self.over(at, end);
    }

    fn over(&mut self, at: Micros, end: End) {
        // Of a file that is still on its way nothing is told any more.
        if let Some(local) = &mut self.local {
            local.statement = local.statement.filter(|number| *number != end.statement);
        }
        self.tell(at, Exchange::End(end));
    }

    /// A statement was prepared and got this number, which another may have had.
    pub fn prepared(&mut self, at: Micros, id: u32, prepared: Prepared) {
        if let Some(before) = self.statements.add(id, prepared) {
            self.forget(at, before);
        }
    }

    /// The cursor of statement `id` stays open, unless that is gone. One that was open before is not.
    pub fn suspend(&mut self, at: Micros, id: u32, mut progress: Progress) {
        let Some(prepared) = self.statements.get(id) else {
            return self.end(at, progress, None, None);
        };
        // Columns are kept with the statement or not at all, so that they are bounded.
        progress.columns = match &prepared.columns {
            Some(known) if Arc::ptr_eq(known, &progress.columns) => progress.columns,
            Some(known) if *known == progress.columns => Arc::clone(known),
            _ => Arc::default(),
        };
        if let Some(before) = prepared.cursor.replace(progress) {
            self.end(at, before, None, None);
        }
    }

    /// A prepared statement is gone: its cursor ends, and what nobody executed is told.
    pub fn forget(&mut self, at: Micros, prepared: Prepared) {
        if let Some(cursor) = prepared.cursor {
            self.end(at, cursor, None, None);
        }
        if !prepared.executed {
            let progress = self.statement(at, Kind::Prepare, prepared.text, Vec::new());
            self.end(at, progress, None, None);
        }
    }

    /// All prepared statements are gone.
    pub fn forget_all(&mut self, at: Micros) {
        for prepared in self.statements.clear() {
            self.forget(at, prepared);
        }
    }

    /// The definition of a column, as this connection spells it.
    pub fn definition(&self, payload: &[u8]) -> Option<Definition> {
        let flag = MariadbCapabilities::MARIADB_CLIENT_EXTENDED_METADATA;
        let extended = self.capabilities.has_mariadb(flag);
        Definition::read(payload, self.charset, extended)
    }

    /// The answer to COM_STATISTICS: a row of one column.
    pub fn statistics(&mut self, at: Micros, statement: u32, payload: &[u8]) {
        let columns = vec![Column {
            name: "statistics".to_owned(),
            ..Column::default()
        }];
        let text = self.charset.text(payload, false).into_owned();
        let rows = vec![vec![Value::Text(text)]];
        self.tell(at, Exchange::Columns { statement, columns });
        self.tell(at, Exchange::Rows { statement, rows });
        let complete = Complete {
            statement,
            rows: 1,
            bytes: payload.len() as u64,
            ..Complete::default()
        };
        self.tell(at, Exchange::Complete(complete));
    }

    /// Settings that the server says have changed.
    pub fn changed(&mut self, at: Micros, done: &mut Done) {
        for (name, value) in std::mem::take(&mut done.settings) {
            match &*name {
                "database" => self.set_database(at, value),
                _ => {
                    if name == "character_set_client" {
                        self.charset = Charset::named(&value);
                    }
                    self.tell(at, Exchange::Setting { name, value });
                }
            }
        }
    }

    /// The session uses this database from here on. Told once, though some servers say it beside
    /// the command's own success.
    pub fn set_database(&mut self, at: Micros, value: String) {
        if self.database == value {
            return;
        }
        self.database.clone_from(&value);
        let name = "database".to_owned();
        self.tell(at, Exchange::Setting { name, value });
    }

    /// The session is another user's from here on.
    pub fn set_user(
        &mut self,
        at: Micros,
        value: String,
        database: String,
        collation: Option<u16>,
    ) {
        if let Some(collation) = collation {
            self.charset = Charset::of(collation);
        }
        let name = "user".to_owned();
        self.tell(at, Exchange::Setting { name, value });
        self.set_database(at, database);
    }

    /// The connection ended: what is not answered stays so.
    pub fn closed(&mut self, at: Micros) {
        if let Some(mut local) = self.local.take() {
            self.copied(at, &mut local, true);
        }
        for pending in std::mem::take(&mut self.queue) {
            let first = pending.first;
            let progress = match pending.ask {
                Ask::Prepare(text, sent) => {
                    Some(self.statement(sent, Kind::Prepare, text, Vec::new()))
                }
                _ => pending.progress,
            };
            if let Some(progress) = progress {
                let first = progress.first.or(first);
                let end = End {
                    statement: progress.number(),
                    skipped: first.is_none(),
                    first,
                    ..End::default()
                };
                self.over(at, end);
            }
        }
        self.forget_all(at);
        let error = self.error.take();
        self.tell(at, Exchange::Closed { error });
    }

    /// The database at the start.
    pub fn begin_in(&mut self, database: &str) {
        database.clone_into(&mut self.database);
    }
}
