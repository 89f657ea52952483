//! What the client sends once it is let in: commands, the parameters of prepared statements, and the
//! file of a LOAD DATA LOCAL.

use super::bound::{Bound, Form, Read};
use super::charset::Charset;
use super::command::Command;
use super::handshake::change_user;
use super::local::Local;
use super::packet::Piece;
use super::prepared::{Text, shorten};
use super::read::{Reader, number};
use super::session::{Ask, QUEUE_MAX, Session};
use crate::model::wire::{Exchange, Kind, PARAMETERS_MAX, TEXT_MAX};
use crate::model::{GapKind, Micros};
use mysql_common::constants::CapabilityFlags;
use zeroize::Zeroize;

/// As much is kept of a command that has no text of any length.
const SHORT_MAX: usize = 64 << 10;

/// The statement number that means the last one prepared (MariaDB).
const LAST: u32 = u32::MAX;

/// The client's payloads.
#[derive(Default)]
pub struct Requests {
    body: Body,
}

#[derive(Default)]
enum Body {
    #[default]
    None,
    /// The command is still to come.
    Begun,
    /// A command and the beginning of what it says.
    Whole {
        command: u8,
        kept: Vec<u8>,
        length: u64,
    },
    /// COM_QUERY with attributes.
    Query(Box<Bound>),
    /// A command on a prepared statement: its number, then for a parameter sent ahead its position.
    Prepared { command: u8, held: Vec<u8> },
    /// What is bound to this statement.
    Bound(u32, Box<Bound>),
    /// A parameter of this statement sent ahead.
    Long(u32, u16),
    /// A part of the client's file.
    Local,
    /// Not to be read.
    Skip,
}

impl Requests {
    /// Whether a command was begun and is not complete.
    pub fn under_way(&self) -> bool {
        !matches!(self.body, Body::None | Body::Skip | Body::Local)
    }

    /// Takes the next piece of the stream.
    pub fn piece(&mut self, session: &mut Session, at: Micros, piece: Piece<'_>) {
        match piece {
            Piece::Begin { sequence, length } => self.begin(session, at, sequence, length),
            Piece::Part(bytes) => self.part(session, bytes),
            Piece::End => self.end(session, at),
        }
    }

    /// The server answers a command that the client has not sent to its end: what there is of it
    /// counts as all.
    pub fn answered_early(&mut self, session: &mut Session, at: Micros) {
        self.end(session, at);
        self.body = Body::Skip;
    }

    fn begin(&mut self, session: &mut Session, at: Micros, sequence: u8, length: u32) {
        self.body = Body::Begun;
        if let Some(mut local) = session.local.take() {
            // An empty packet ends the file.
            if length > 0 {
                self.body = Body::Local;
                session.local = Some(local);
                return;
            }
            self.body = Body::Skip;
            session.copied(at, &mut local, true);
            // What the statement's answer will say of it is asked there.
            session.local_done = local.statement.map(|_| (local.bytes, local.cut));
            return;
        }
        // Within the exchange of a COM_CHANGE_USER the client authenticates.
        let changing = session.queue.back();
        let changing = changing.is_some_and(|last| matches!(last.ask, Ask::User(..)));
        if changing && sequence > 0 {
            self.body = Body::Skip;
            return;
        }
        // A replica acknowledges what it was sent.
        if matches!(session.queue.front(), Some(first) if matches!(first.ask, Ask::Binlog)) {
            self.body = Body::Skip;
            return;
        }
        // The answer to what is not known ends here at the latest.
        while matches!(session.queue.front(), Some(first) if matches!(first.ask, Ask::Unknown)) {
            if let Some(progress) = session.queue.pop_front().and_then(|first| first.progress) {
                session.end(at, progress, None, None);
            }
        }
    }

    fn part(&mut self, session: &mut Session, mut bytes: &[u8]) {
        loop {
            match &mut self.body {
                Body::None | Body::Skip => return,
                Body::Begun => {
                    let Some((command, rest)) = bytes.split_first() else {
                        return;
                    };
                    bytes = rest;
                    self.body = begun(*command, session);
                }
                Body::Whole {
                    command,
                    kept,
                    length,
                } => {
                    *length += bytes.len() as u64;
                    let max = match known(*command) {
                        Some(Command::Query | Command::StmtPrepare) => TEXT_MAX,
                        _ => SHORT_MAX,
                    };
                    let room = max.saturating_sub(kept.len());
                    kept.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
                    return;
                }
                Body::Query(bound) | Body::Bound(_, bound) => return bound.push(bytes),
                Body::Prepared { command, held } => {
                    let long = known(*command) == Some(Command::StmtSendLongData);
                    let wanted = if long { 6 } else { 4 };
                    let now = (wanted - held.len().min(wanted)).min(bytes.len());
                    let (part, rest) = bytes.split_at(now);
                    held.extend_from_slice(part);
                    bytes = rest;
                    if held.len() < wanted {
                        return;
                    }
                    let (id, position) = held.split_at(4);
                    let (id, position) = (number(id), number(position));
                    let id = u32::try_from(id).unwrap_or(LAST);
                    let position = u16::try_from(position).unwrap_or_default();
                    self.body = if long {
                        Body::Long(id, position)
                    } else {
                        bound_to(id, *command, session)
                    };
                }
                Body::Long(id, position) => {
                    if let Some(prepared) = session.statements.get(*id) {
                        prepared.long(*position, bytes);
                    }
                    return;
                }
                Body::Local => {
                    if let Some(local) = &mut session.local {
                        local.push(bytes);
                    }
                    return;
                }
            }
        }
    }

    fn end(&mut self, session: &mut Session, at: Micros) {
        match std::mem::take(&mut self.body) {
            Body::None | Body::Begun | Body::Skip | Body::Long(..) => {}
            Body::Local => session.copy_on(at),
            Body::Query(bound) => {
                let read = bound.end();
                let text = text(session.charset, read.text, read.length);
                let broken = (read.broken, read.cut);
                let progress = session.statement(at, Kind::Text, text, read.parameters);
                session.ask(Ask::Query, progress);
                tell_broken(session, at, broken);
            }
            Body::Bound(id, bound) => executed(session, at, id, bound.end()),
            // Cut off, so that the server will refuse it.
            Body::Prepared { command, .. } => session.command(at, name(command), Ask::Simple),
            Body::Whole {
                command,
                kept,
                length,
            } => command_ended(session, at, command, kept, length),
        }
        if session.queue.len() > QUEUE_MAX {
            session.lost = Some("more commands were sent ahead than can be followed");
        }
    }
}

fn known(command: u8) -> Option<Command> {
    Command::of(command)
}

/// What follows this command.
fn begun(command: u8, session: &Session) -> Body {
    let attributes = session
        .capabilities
        .has(CapabilityFlags::CLIENT_QUERY_ATTRIBUTES);
    match known(command) {
        Some(Command::Query) if attributes => {
            Body::Query(Box::new(Bound::new(Form::Query, session.charset)))
        }
        Some(Command::StmtExecute | Command::StmtBulkExecute | Command::StmtSendLongData) => {
            let held = Vec::new();
            Body::Prepared { command, held }
        }
        _ => Body::Whole {
            command,
            // What authenticates is wiped after use: it must not be moved meanwhile.
            kept: Vec::with_capacity(match known(command) {
                Some(Command::ChangeUser) => SHORT_MAX,
                _ => 0,
            }),
            length: 0,
        },
    }
}

/// An execution of statement `id` follows.
fn bound_to(id: u32, command: u8, session: &mut Session) -> Body {
    let bulk = known(command) == Some(Command::StmtBulkExecute);
    let mut id = id;
    if id == LAST {
        let ahead = session
            .queue
            .iter()
            .rev()
            .any(|p| matches!(p.ask, Ask::Prepare(..)));
        if ahead {
            return Body::Whole {
                command,
                kept: Vec::new(),
                length: 0,
            };
        }
        id = session.statements.last.unwrap_or(LAST);
    }
    let form = form(session, id, bulk);
    Body::Bound(id, Box::new(Bound::new(form, session.charset)))
}

/// How an execution of statement `id` is read.
fn form(session: &mut Session, id: u32, bulk: bool) -> Form {
    let flag = CapabilityFlags::CLIENT_QUERY_ATTRIBUTES;
    let attributes = session.capabilities.has(flag);
    let prepared = session.statements.get(id);
    let params = prepared.as_ref().map_or(0, |p| p.params).into();
    let types = prepared.as_ref().map_or_else(Vec::new, |p| p.types.clone());
    if bulk {
        return Form::Bulk { params, types };
    }
    let long = prepared.map(|prepared| std::mem::take(&mut prepared.long));
    Form::Execute {
        params,
        types,
        attributes,
        long: long.unwrap_or_default(),
    }
}

/// Statement `id` was executed with this bound to it.
fn executed(session: &mut Session, at: Micros, id: u32, read: Read) {
    let (known, text, cursor) = match session.statements.get(id) {
        Some(prepared) => {
            prepared.executed = true;
            prepared.asks_cursor = read.cursor;
            if !read.types.is_empty() {
                prepared.types = read.types;
            }
            (true, prepared.text.clone(), prepared.cursor.take())
        }
        None => (false, std::mem::take(&mut session.refused), None),
    };
    if let Some(cursor) = cursor {
        session.end(at, cursor, None, None);
    }
    let progress = session.statement(at, Kind::Prepared, text, read.parameters);
    session.ask(Ask::Execute(id), progress);
    tell_broken(session, at, (known && read.broken, read.cut));
}

/// The statement whose execution was sent ahead is prepared, or was refused: what was bound to it
/// can be read now.
pub fn resolve_ahead(session: &mut Session, at: Micros) {
    let Some(first) = session.queue.front_mut() else {
        return;
    };
    let Ask::Ahead(payload) = &mut first.ask else {
        return;
    };
    let payload = std::mem::take(payload);
    session.queue.pop_front();
    let (Some((command, payload)), id) = (payload.split_first(), session.statements.last) else {
        return;
    };
    let id = id.unwrap_or(LAST);
    let form = form(
        session,
        id,
        known(*command) == Some(Command::StmtBulkExecute),
    );
    let mut bound = Bound::new(form, session.charset);
    bound.push(payload);
    executed(session, at, id, bound.end());
    // It was asked before what was sent after it.
    if let Some(pending) = session.queue.pop_back() {
        session.queue.push_front(pending);
    }
}

fn tell_broken(session: &mut Session, at: Micros, (broken, cut): (bool, bool)) {
    if broken {
        let detail = "parameters of a statement could not be read".to_owned();
        session.gap(at, GapKind::Undecodable, 0, detail);
    }
    if cut {
        let detail = format!("of a statement's parameters {PARAMETERS_MAX} bytes were kept");
        session.gap(at, GapKind::Truncated, 0, detail);
    }
}

/// A command that is no execution is complete; of its payload of `length` bytes `kept` was kept.
fn command_ended(session: &mut Session, at: Micros, command: u8, mut kept: Vec<u8>, length: u64) {
    let charset = session.charset;
    let id = || Reader::new(&kept).u32().unwrap_or(LAST);
    let said = |from: usize| charset.text(kept.get(from..).unwrap_or_default(), false);
    let with = |name: &str, rest: &str| format!("{name} {rest}").trim_end().to_owned();
    let Some(known) = known(command) else {
        return unknown(session, at, command, length);
    };
    match known {
        Command::Query => {
            let text = text(charset, kept, length);
            let progress = session.statement(at, Kind::Text, text, Vec::new());
            session.ask(Ask::Query, progress);
        }
        Command::StmtPrepare => {
            let mut text = text(charset, kept, length);
            let ahead = session.queue.iter().filter_map(|p| match &p.ask {
                Ask::Prepare(text, _) => Some(text.text.len()),
                _ => None,
            });
            // Whoever sends so much ahead has it shortened.
            if ahead.sum::<usize>() > 8 * TEXT_MAX {
                shorten(&mut text, 0);
            }
            session.ask_untold(Ask::Prepare(text, at));
        }
        // Only one that was sent ahead of its statement's number comes here.
        Command::StmtExecute | Command::StmtBulkExecute => {
            kept.insert(0, command);
            session.ask_untold(Ask::Ahead(kept));
        }
        Command::StmtClose => {
            let id = id();
            if let Some(prepared) = session.statements.remove(id) {
                session.forget(at, prepared);
            }
        }
        Command::StmtReset => {
            let cursor = session.statements.get(id()).and_then(|prepared| {
                prepared.long.clear();
                prepared.cursor.take()
            });
            if let Some(cursor) = cursor {
                session.end(at, cursor, None, None);
            }
            session.command(at, name(command), Ask::Simple);
        }
        Command::StmtFetch => {
            let id = id();
            let prepared = session.statements.get(id);
            match prepared.and_then(|prepared| prepared.cursor.take()) {
                Some(progress) => session.ask(Ask::Fetch(id), progress),
                None => session.command(at, name(command), Ask::Fetch(id)),
            }
        }
        Command::Quit => {}
        Command::InitDb => {
            let database = said(0).into_owned();
            session.command(at, with("INIT_DB", &database), Ask::Database(database));
        }
        Command::FieldList => {
            let parts = said(0).replace('\0', " ");
            session.command(at, with("FIELD_LIST", &parts), Ask::FieldList);
        }
        Command::ChangeUser => {
            let (user, database, collation) = change_user(&kept, &session.capabilities);
            kept.zeroize();
            let text = with("CHANGE_USER", &format!("{user} {database}"));
            session.command(at, text, Ask::User(user, database, collation));
        }
        Command::ProcessKill => {
            let text = with("PROCESS_KILL", &id().to_string());
            session.command(at, text, Ask::Simple);
        }
        Command::SetOption => {
            let text = match Reader::new(&kept).u16() {
                Some(0) => "SET_OPTION MULTI_STATEMENTS_ON",
                _ => "SET_OPTION MULTI_STATEMENTS_OFF",
            };
            session.command(at, text.to_owned(), Ask::Simple);
        }
        Command::CreateDb | Command::DropDb => {
            let text = with(&name(command), &said(0));
            session.command(at, text, Ask::Simple);
        }
        Command::ResetConnection => session.command(at, name(command), Ask::Reset),
        Command::Statistics => session.command(at, name(command), Ask::Statistics),
        Command::ProcessInfo => session.command(at, name(command), Ask::Query),
        Command::BinlogDump | Command::BinlogDumpGtid | Command::TableDump => {
            session.command(at, name(command), Ask::Binlog);
        }
        Command::Ping
        | Command::Refresh
        | Command::Shutdown
        | Command::Debug
        | Command::Time
        | Command::DelayedInsert
        | Command::Sleep
        | Command::Connect
        | Command::ConnectOut
        | Command::RegisterReplica
        | Command::Daemon => session.command(at, name(command), Ask::Simple),
        // Has no answer, and is read as it comes.
        Command::StmtSendLongData => {}
    }
}

fn unknown(session: &mut Session, at: Micros, command: u8, length: u64) {
    let detail = format!("the command {command:#04x} is not known");
    session.gap(at, GapKind::Undecodable, length + 1, detail);
    session.command(at, name(command), Ask::Unknown);
}

/// What the protocol calls a command.
fn name(command: u8) -> String {
    known(command).map_or_else(
        || format!("{command:#04x}"),
        |known| known.name().to_owned(),
    )
}

/// Text of `length` bytes of which `kept` was kept.
fn text(charset: Charset, kept: Vec<u8>, length: u64) -> Text {
    let cut = length.saturating_sub(kept.len() as u64);
    let text = match (charset, String::from_utf8(kept)) {
        (Charset::Utf8 | Charset::Binary, Ok(text)) => text,
        (_, Ok(text)) => charset.text(text.as_bytes(), cut > 0).into_owned(),
        (_, Err(error)) => charset.text(error.as_bytes(), cut > 0).into_owned(),
    };
    let mut text = Text { text, cut };
    shorten(&mut text, TEXT_MAX);
    text
}

impl Session {
    /// Tells what of the client's file has gathered.
    pub fn copied(&mut self, at: Micros, local: &mut Local, end: bool) {
        let Some(statement) = local.statement else {
            return;
        };
        if let Some(text) = local.take(self.charset, end) {
            let inward = true;
            self.tell(
                at,
                Exchange::Copied {
                    statement,
                    inward,
                    text,
                },
            );
        }
    }

    /// A part of the client's file is complete.
    fn copy_on(&mut self, at: Micros) {
        if let Some(mut local) = self.local.take() {
            if local.full() {
                self.copied(at, &mut local, false);
            }
            self.local = Some(local);
        }
    }
}
