//! What the two directions of a connection share once the client is let in: what was asked and is
//! not answered yet, what was prepared, and what is to be told.

use super::charset::Charset;
use super::handshake::Capabilities;
use super::local::Local;
use super::prepared::{Prepared, Statements, Text};
use super::reply::Done;
use super::result::Progress;
use crate::model::wire::{End, Exchange, Kind, Parameter, Report, Statement, Transaction};
use crate::model::{Gap, GapKind, Micros};
use crate::wire::{Limits, Seen};
use std::collections::VecDeque;

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
    /// How far its answer is.
    pub progress: Progress,
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

    /// The client sent a statement. Gives its number.
    pub fn statement(
        &mut self,
        at: Micros,
        kind: Kind,
        text: Text,
        parameters: Vec<Parameter>,
    ) -> u32 {
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
        self.numbered
    }

    /// A command waits for its answer.
    pub fn ask(&mut self, ask: Ask, number: u32) {
        let progress = Progress::of(number);
        self.queue.push_back(Pending { ask, progress });
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
        let number = self.statement(at, Kind::Command, text, Vec::new());
        self.ask(ask, number);
    }

    /// A statement is over.
    pub fn end(
        &mut self,
        at: Micros,
        progress: &Progress,
        error: Option<Report>,
        transaction: Option<Transaction>,
    ) {
        let end = End {
            statement: progress.number,
            first: progress.first,
            error,
            transaction,
            skipped: false,
        };
        self.tell(at, Exchange::End(end));
    }

    /// A prepared statement is gone: its cursor ends, and what nobody executed is told.
    pub fn forget(&mut self, at: Micros, prepared: Prepared) {
        if let Some(cursor) = &prepared.cursor {
            self.end(at, cursor, None, None);
        }
        if !prepared.executed {
            let number = self.statement(at, Kind::Prepare, prepared.text, Vec::new());
            let progress = Progress::of(number);
            self.end(at, &progress, None, None);
        }
    }

    /// All prepared statements are gone.
    pub fn forget_all(&mut self, at: Micros) {
        for prepared in self.statements.clear() {
            self.forget(at, prepared);
        }
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
            let mut progress = pending.progress;
            match pending.ask {
                Ask::Prepare(text, sent) => {
                    progress.number = self.statement(sent, Kind::Prepare, text, Vec::new());
                }
                Ask::Described(_) | Ask::Ahead(_) => continue,
                _ => {}
            }
            let end = End {
                statement: progress.number,
                skipped: progress.first.is_none(),
                first: progress.first,
                ..End::default()
            };
            self.tell(at, Exchange::End(end));
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
