//! What the server answers: results, definitions of columns, OKs and errors.

use super::column::Definition;
use super::local::Local;
use super::packet::{FULL, Piece};
use super::prepared::Prepared;
use super::read::Reader;
use super::reply::{self, Done};
use super::request::resolve_ahead;
use super::result::{Progress, Protocol, ResultSet};
use super::session::{Ask, Session};
use crate::model::wire::{Complete, Exchange, Kind, Report};
use crate::model::{GapKind, Micros};
use mysql_common::constants::{CapabilityFlags, MariadbCapabilities, StatusFlags};
use std::sync::Arc;

/// As much is kept of an answer that is no row: a list of session changes may be long.
const REPLY_MAX: usize = 1 << 20;

/// A result set has at most so many columns: what MySQL allows in a table is 4096.
const COLUMNS_MAX: u64 = u16::MAX as u64;

/// The server's payloads.
#[derive(Default)]
pub struct Answers {
    state: State,
    reading: Reading,
    /// The first packet's length.
    first: u32,
    length: u64,
    held: Vec<u8>,
    definitions: Vec<Definition>,
    result: ResultSet,
}

/// What comes next of the answer to the first command of the queue.
#[derive(Clone, Copy, Default, PartialEq)]
enum State {
    /// Its first packet, or the first of the next result.
    #[default]
    First,
    /// So many definitions of the result's columns, of so many in all.
    Columns(u64, u64),
    /// The end of them, where it is told.
    ColumnsEnd,
    Rows,
    /// So many definitions of a prepared statement's parameters, then of its columns.
    Parameters(u16, u16),
    ParametersEnd(u16),
    Described(u16),
    DescribedEnd,
    /// Events without end.
    Stream,
}

/// How the current payload is read.
#[derive(Clone, Copy, Default, PartialEq)]
enum Reading {
    /// Its first byte will tell.
    #[default]
    Undecided,
    /// Whole.
    Keep,
    /// A row, of which the values are kept.
    Row,
    /// A row, or what is to be counted like one.
    Count,
}

impl Answers {
    /// Takes the next piece of the stream.
    pub fn piece(&mut self, session: &mut Session, at: Micros, piece: Piece<'_>) {
        match piece {
            Piece::Begin { length, .. } => self.begin(session, at, length),
            Piece::Part(bytes) => self.part(session, at, bytes),
            Piece::End => self.end(session, at),
        }
    }

    fn begin(&mut self, session: &mut Session, at: Micros, length: u32) {
        self.reading = Reading::Undecided;
        (self.first, self.length) = (length, 0);
        self.held.clear();
        resolve_ahead(session, at);
        let Some(pending) = session.queue.front_mut() else {
            return;
        };
        pending.first.get_or_insert(at);
        if let Some(progress) = &mut pending.progress {
            progress.first.get_or_insert(at);
        }
        if self.state != State::First {
            return;
        }
        match &pending.ask {
            Ask::Fetch(_) => {
                let columns = pending.progress.as_ref().map(|p| Arc::clone(&p.columns));
                self.result
                    .begin(columns.unwrap_or_default(), Protocol::Binary);
                self.state = State::Rows;
            }
            Ask::Binlog => {
                self.result.begin(Arc::default(), Protocol::Text);
                self.state = State::Stream;
            }
            _ => {}
        }
    }

    fn part(&mut self, session: &mut Session, at: Micros, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        if self.reading == Reading::Undecided {
            self.reading = self.decide(session, bytes);
        }
        match self.reading {
            Reading::Undecided | Reading::Count => {}
            Reading::Row => {
                if let Some(progress) = under_way(session) {
                    self.result.part(bytes, progress, &session.limits);
                }
            }
            Reading::Keep => {
                // Mostly all of it is at hand.
                if self.held.is_empty() && self.first < FULL && bytes.len() == self.first as usize {
                    self.packet(session, at, bytes);
                    self.reading = Reading::Undecided;
                    return;
                }
                let room = REPLY_MAX.saturating_sub(self.held.len());
                self.held
                    .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            }
        }
    }

    /// How a payload that begins with `bytes` is read.
    fn decide(&mut self, session: &Session, bytes: &[u8]) -> Reading {
        let first = bytes.first();
        match self.state {
            State::Rows => match first {
                Some(0xFF) => Reading::Keep,
                Some(0xFE) if self.ends_rows(session) => Reading::Keep,
                _ => match under_way(session) {
                    Some(progress) if self.result.row(progress, &session.limits) => Reading::Row,
                    _ => Reading::Count,
                },
            },
            State::Stream => match first {
                Some(0xFF) => Reading::Keep,
                Some(0xFE) if self.first < 9 => Reading::Keep,
                _ => Reading::Count,
            },
            _ => Reading::Keep,
        }
    }

    /// Whether a payload that begins with 0xFE ends the rows: a row may begin so as well, with a
    /// first value of 16 MB and more.
    fn ends_rows(&self, session: &Session) -> bool {
        let deprecate = CapabilityFlags::CLIENT_DEPRECATE_EOF;
        self.first
            < if session.capabilities.has(deprecate) {
                FULL
            } else {
                9
            }
    }

    fn end(&mut self, session: &mut Session, at: Micros) {
        match self.reading {
            Reading::Undecided if self.length > 0 => {}
            Reading::Undecided | Reading::Keep => {
                let held = std::mem::take(&mut self.held);
                self.packet(session, at, &held);
                self.held = held;
            }
            Reading::Count => self.result.count(self.length),
            Reading::Row => {
                let pending = session.queue.front_mut();
                let Some(progress) = pending.and_then(|first| first.progress.as_mut()) else {
                    return;
                };
                if !self.result.end_row(self.length, progress) {
                    // Told behind the rows before it.
                    self.flush(session, at);
                    let detail = "a row could not be read: those after it are counted".to_owned();
                    session.gap(at, GapKind::Undecodable, self.length, detail);
                }
                if self.result.full() {
                    self.flush(session, at);
                }
            }
        }
    }

    /// Tells of the rows that have gathered.
    pub fn flush(&mut self, session: &mut Session, at: Micros) {
        let rows = self.result.take();
        if let Some(statement) = number(session).filter(|_| !rows.is_empty()) {
            session.tell(at, Exchange::Rows { statement, rows });
        }
    }

    /// A payload that is no row.
    fn packet(&mut self, session: &mut Session, at: Micros, payload: &[u8]) {
        let first = payload.first().copied();
        if first == Some(0xFF) && reply::is_progress(payload) {
            return;
        }
        let Some(pending) = session.queue.front() else {
            // What nobody asked for: the server says why it ends the connection.
            if first == Some(0xFF) {
                session.error = reply::error(payload, session.charset);
            }
            return;
        };
        if matches!(pending.ask, Ask::Unknown) {
            return;
        }
        if first == Some(0xFF) {
            return self.failed(session, at, payload);
        }
        match self.state {
            State::First => self.first(session, at, payload),
            State::Columns(left, all) => self.column(session, at, payload, left, all),
            State::ColumnsEnd => self.columns_end(session, at, payload),
            State::Rows | State::Stream => self.done(session, at, payload),
            State::Parameters(left, columns) => {
                self.state = match left.saturating_sub(1) {
                    0 if !eof(session) => described(columns),
                    0 => State::ParametersEnd(columns),
                    left => State::Parameters(left, columns),
                };
                self.prepared(session);
            }
            State::ParametersEnd(columns) => {
                self.state = described(columns);
                self.prepared(session);
            }
            State::Described(left) => {
                if let Some(definition) = session.definition(payload) {
                    self.definitions.push(definition);
                }
                self.state = match left.saturating_sub(1) {
                    0 if !eof(session) => State::First,
                    0 => State::DescribedEnd,
                    left => State::Described(left),
                };
                self.prepared(session);
            }
            State::DescribedEnd => {
                self.state = State::First;
                self.prepared(session);
            }
        }
    }

    /// The first packet of an answer or of a further result.
    fn first(&mut self, session: &mut Session, at: Micros, payload: &[u8]) {
        let Some(pending) = session.queue.front() else {
            return;
        };
        let statement = pending.progress.as_ref().map(Progress::number);
        let first = payload.first().copied();
        match &pending.ask {
            Ask::Query | Ask::Execute(_) => match first {
                Some(0x00 | 0xFE) => self.done(session, at, payload),
                Some(0xFB) => {
                    let room = session.limits.bytes;
                    session.local = Some(Local::new(statement, room));
                }
                _ => self.result_set(session, at, payload),
            },
            Ask::Prepare(..) => self.prepare_ok(session, at, payload),
            Ask::FieldList if first != Some(0xFE) => {
                let room = (self.definitions.len() as u64) < COLUMNS_MAX;
                if let Some(definition) = session.definition(payload).filter(|_| room) {
                    self.definitions.push(definition);
                }
            }
            Ask::FieldList => {
                let columns = std::mem::take(&mut self.definitions);
                let columns = columns.into_iter().map(|d| d.column).collect();
                if let Some(statement) = statement {
                    session.tell(at, Exchange::Columns { statement, columns });
                }
                self.done(session, at, payload);
            }
            // The exchange that authenticates is not read.
            Ask::User(..) if first != Some(0x00) => {}
            Ask::Statistics => {
                if let Some(statement) = statement {
                    session.statistics(at, statement, payload);
                }
                self.over(session, at, None, None);
            }
            _ => self.done(session, at, payload),
        }
    }

    /// A result set begins: how many columns it has, and whether they are told.
    fn result_set(&mut self, session: &mut Session, at: Micros, payload: &[u8]) {
        let mut reader = Reader::new(payload);
        let count = reader.lenenc().filter(|count| *count <= COLUMNS_MAX);
        let Some(count) = count.filter(|count| *count > 0) else {
            session.lost = Some("a result set could not be read");
            return;
        };
        let optional = CapabilityFlags::CLIENT_OPTIONAL_RESULTSET_METADATA;
        let cached = MariadbCapabilities::MARIADB_CLIENT_CACHE_METADATA;
        let may_be_left_out =
            session.capabilities.has(optional) || session.capabilities.has_mariadb(cached);
        self.definitions.clear();
        if !may_be_left_out || reader.u8() != Some(0) {
            self.state = State::Columns(count, count);
            return;
        }
        let known = executed(session).and_then(|id| {
            let prepared = session.statements.get(id)?;
            prepared.columns.clone()
        });
        self.rows_of(session, at, known.unwrap_or_default(), count);
    }

    fn column(&mut self, session: &mut Session, at: Micros, payload: &[u8], left: u64, count: u64) {
        self.definitions.extend(session.definition(payload));
        if left > 1 {
            self.state = State::Columns(left - 1, count);
            return;
        }
        let columns: Arc<[Definition]> = std::mem::take(&mut self.definitions).into();
        if let Some(id) = executed(session) {
            session.statements.describe(id, &columns);
        }
        self.rows_of(session, at, columns, count);
    }

    /// The rows of a result set of `count` columns follow; these are the ones that are known.
    fn rows_of(
        &mut self,
        session: &mut Session,
        at: Micros,
        mut columns: Arc<[Definition]>,
        count: u64,
    ) {
        if columns.len() as u64 != count {
            let detail = "the columns of a result are not known: its rows are counted".to_owned();
            session.gap(at, GapKind::Undecodable, 0, detail);
            columns = Arc::default();
        }
        let binary = executed(session).is_some();
        let protocol = if binary {
            Protocol::Binary
        } else {
            Protocol::Text
        };
        self.result.begin(columns, protocol);
        if eof(session) {
            self.state = State::ColumnsEnd;
        } else {
            self.tell_columns(session, at);
        }
    }

    fn columns_end(&mut self, session: &mut Session, at: Micros, payload: &[u8]) {
        self.tell_columns(session, at);
        // With a cursor no rows follow until they are fetched. Cursors within a procedure show in the
        // status as well, and are nothing to a client that has asked for none.
        let opened = Done::eof(payload);
        let cursor = StatusFlags::SERVER_STATUS_CURSOR_EXISTS;
        if asks_cursor(session) && opened.is_some_and(|done| done.has(cursor)) {
            self.done(session, at, payload);
        }
    }

    fn tell_columns(&mut self, session: &mut Session, at: Micros) {
        self.state = State::Rows;
        let pending = session.queue.front_mut();
        let Some(progress) = pending.and_then(|first| first.progress.as_mut()) else {
            return;
        };
        progress.columns = self.result.definitions();
        let statement = progress.number();
        let columns = self.result.columns();
        session.tell(at, Exchange::Columns { statement, columns });
    }

    /// A statement was prepared.
    fn prepare_ok(&mut self, session: &mut Session, at: Micros, payload: &[u8]) {
        let mut reader = Reader::new(payload);
        let _status = reader.u8();
        let read = (reader.u32(), reader.u16(), reader.u16());
        let (Some(id), Some(columns), Some(params)) = read else {
            session.lost = Some("the answer to a prepared statement could not be read");
            return;
        };
        let _filler = reader.u8();
        let _warnings = reader.u16();
        let optional = CapabilityFlags::CLIENT_OPTIONAL_RESULTSET_METADATA;
        let told = !session.capabilities.has(optional) || reader.u8() != Some(0);
        let Some(pending) = session.queue.front_mut() else {
            return;
        };
        if let Ask::Prepare(text, _) = &mut pending.ask {
            let text = std::mem::take(text);
            pending.ask = Ask::Described(id);
            let prepared = Prepared {
                text,
                params,
                ..Prepared::default()
            };
            session.prepared(at, id, prepared);
        }
        self.definitions.clear();
        self.state = match params {
            _ if !told => State::First,
            0 => described(columns),
            params => State::Parameters(params, columns),
        };
        self.prepared(session);
    }

    /// Where nothing more is to come of a prepared statement's description, its answer is over.
    fn prepared(&mut self, session: &mut Session) {
        if self.state != State::First {
            return;
        }
        let Some(pending) = session.queue.pop_front() else {
            return;
        };
        if let Ask::Described(id) = pending.ask
            && !self.definitions.is_empty()
        {
            let columns = std::mem::take(&mut self.definitions).into();
            session.statements.describe(id, &columns);
        }
    }

    /// An OK or an EOF: a result is complete, and with it the answer unless more is to come.
    fn done(&mut self, session: &mut Session, at: Micros, payload: &[u8]) {
        let rows = matches!(self.state, State::Rows | State::ColumnsEnd | State::Stream);
        let short = payload.len() < 7;
        let done = if short {
            Done::eof(payload)
        } else {
            Done::ok(payload, &session.capabilities, session.charset)
        };
        let Some(mut done) = done else {
            session.lost = Some("the end of a result could not be read");
            return;
        };
        self.flush(session, at);
        session.changed(at, &mut done);
        let Some(pending) = session.queue.front_mut() else {
            return;
        };
        let mut complete = self.result.complete();
        let copied = session.local_done.take();
        if let Some(local) = &mut session.local {
            local.statement = None;
        }
        if let Some((bytes, cut)) = copied {
            (complete.bytes, complete.bytes_cut) = (bytes, cut);
        }
        complete.tag = std::mem::take(&mut done.info);
        complete.warnings = Some(done.warnings);
        if !rows {
            (complete.affected, complete.last_id) = (done.affected, done.last_id);
        }
        let fetched = match &pending.ask {
            Ask::Fetch(id) | Ask::Execute(id) if rows => Some(*id),
            _ => None,
        };
        let asks = |id: &u32| session.statements.get(*id).is_some_and(|p| p.asks_cursor);
        let fetched = fetched.filter(asks);
        let cursor = done.has(StatusFlags::SERVER_STATUS_CURSOR_EXISTS)
            && !done.has(StatusFlags::SERVER_STATUS_LAST_ROW_SENT);
        complete.suspended = fetched.is_some() && cursor;
        let suspended = complete.suspended;
        self.complete(session, at, complete);
        self.state = State::First;
        if done.has(StatusFlags::SERVER_MORE_RESULTS_EXISTS) && !suspended {
            return;
        }
        if let (Some(id), true) = (fetched, suspended) {
            if let Some(progress) = session.queue.pop_front().and_then(|first| first.progress) {
                session.suspend(at, id, progress);
            }
            return;
        }
        self.over(session, at, None, Some(done));
    }

    fn failed(&mut self, session: &mut Session, at: Micros, payload: &[u8]) {
        self.flush(session, at);
        let report = reply::error(payload, session.charset);
        // What was counted until then is told as well.
        if self.result.counted() {
            let complete = self.result.complete();
            self.complete(session, at, complete);
        }
        if let Some(local) = &mut session.local {
            local.statement = None;
        }
        session.local_done = None;
        self.over(session, at, report, None);
    }

    /// The answer to the first command is over.
    fn over(
        &mut self,
        session: &mut Session,
        at: Micros,
        error: Option<Report>,
        done: Option<Done>,
    ) {
        self.state = State::First;
        self.definitions.clear();
        let Some(mut pending) = session.queue.pop_front() else {
            return;
        };
        let succeeded = error.is_none();
        match pending.ask {
            Ask::Prepare(text, sent) => {
                session.statements.last = None;
                session.refused.clone_from(&text);
                let mut progress = session.statement(sent, Kind::Prepare, text, Vec::new());
                progress.first = pending.first;
                pending.progress = Some(progress);
            }
            Ask::Database(name) if succeeded => session.set_database(at, name),
            Ask::Reset if succeeded => session.forget_all(at),
            Ask::User(user, database, collation) if succeeded => {
                session.forget_all(at);
                session.set_user(at, user, database, collation);
            }
            _ => {}
        }
        let transaction = done.and_then(|done| done.transaction());
        if let Some(progress) = pending.progress {
            session.end(at, progress, error, transaction);
        }
    }

    /// Tells how many rows there were.
    fn complete(&self, session: &mut Session, at: Micros, mut complete: Complete) {
        if let Some(statement) = number(session) {
            complete.statement = statement;
            session.tell(at, Exchange::Complete(complete));
        }
    }

    /// The connection ended: what of a result has come is told.
    pub fn closed(&mut self, session: &mut Session, at: Micros) {
        self.flush(session, at);
        if self.result.counted() {
            let complete = self.result.complete();
            self.complete(session, at, complete);
        }
    }
}

/// The statement whose answer is under way.
fn under_way(session: &Session) -> Option<&Progress> {
    session.queue.front()?.progress.as_ref()
}

/// Its number.
fn number(session: &Session) -> Option<u32> {
    under_way(session).map(Progress::number)
}

/// The prepared statement whose execution is answered.
fn executed(session: &Session) -> Option<u32> {
    match session.queue.front()?.ask {
        Ask::Execute(id) => Some(id),
        _ => None,
    }
}

/// Whether the prepared statement whose execution is answered was to open a cursor.
fn asks_cursor(session: &mut Session) -> bool {
    let prepared = executed(session).and_then(|id| session.statements.get(id));
    prepared.is_some_and(|prepared| prepared.asks_cursor)
}

/// Whether EOF packets end definitions.
fn eof(session: &Session) -> bool {
    !session
        .capabilities
        .has(CapabilityFlags::CLIENT_DEPRECATE_EOF)
}

fn described(columns: u16) -> State {
    match columns {
        0 => State::First,
        columns => State::Described(columns),
    }
}
