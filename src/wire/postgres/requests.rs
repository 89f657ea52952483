//! What the client sends.

use super::flow::{Course, Direction, Request};
use super::frame::{MESSAGE_MAX, Plan, STARTUP};
use super::names::{Portal, Prepared, is_binary};
use super::shorten::{BIND, Body, FUNCTION, PARSE, QUERY};
use super::{Decoder, QUEUE_MAX, message, sql, value};
use crate::model::Micros;
use crate::model::wire::{Exchange, Kind, PARAMETERS_MAX, Parameter, Statement, TEXT_MAX};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// The major version of the protocol that is read here.
const VERSION: u16 = 3;
/// A StartupMessage is not longer than this (MAX_STARTUP_PACKET_LENGTH).
const STARTUP_MAX: usize = 10_000;

impl Decoder {
    /// What is to become of a client's message.
    pub(super) fn plan_request(&mut self, at: Micros, kind: u8, length: usize) -> Plan {
        let layout = match kind {
            STARTUP if length > STARTUP_MAX => {
                self.lose(at, "a first message of no possible length");
                return Plan::Skip;
            }
            STARTUP | b'D' | b'E' | b'C' | b'S' | b'H' | b'X' | b'c' | b'f' => {
                return Plan::Whole;
            }
            // Authentication is not looked at.
            b'p' => return Plan::Skip,
            b'd' => return self.plan_copied(Direction::In, length),
            b'Q' => QUERY,
            b'P' => PARSE,
            b'B' => BIND,
            b'F' => FUNCTION,
            _ => {
                self.unreadable(at, super::Side::Client, kind, length);
                return Plan::Skip;
            }
        };
        match length > MESSAGE_MAX {
            true => Plan::Shorten(layout),
            false => Plan::Whole,
        }
    }

    /// A client's message. `None` if it makes no sense.
    pub(super) fn request(&mut self, at: Micros, kind: u8, body: &mut Body<'_>) -> Option<()> {
        match kind {
            STARTUP => self.startup(at, body)?,
            b'Q' => self.query(at, body)?,
            b'P' => self.parse(at, body)?,
            b'B' => self.bind(at, body)?,
            b'D' => {
                let (what, name) = (body.reader.u8()?, self.name(body)?);
                self.push(
                    at,
                    match what {
                        b'S' => Request::DescribeStatement(self.names.statement(&name)),
                        b'P' => Request::DescribePortal(self.names.find_portal(&name)),
                        _ => return None,
                    },
                );
            }
            b'E' => {
                let name = self.name(body)?;
                self.execute(at, name);
            }
            b'C' => {
                let (what, name) = (body.reader.u8()?, self.name(body)?);
                let closed = match what {
                    b'S' => self.names.set_statement(&name, None),
                    b'P' => {
                        let portal = self.names.set_portal(&name, None);
                        self.let_go(at, portal);
                        None
                    }
                    _ => return None,
                };
                self.push(at, Request::Close(closed));
            }
            b'S' => self.sync(at),
            b'F' => self.function(at, body)?,
            b'c' | b'f' => self.copied_by_client(),
            // Flush asks for nothing but haste, and Terminate for nothing.
            _ => {}
        }
        Some(())
    }

    fn name(&self, body: &mut Body<'_>) -> Option<String> {
        body.name().map(|name| self.text(name))
    }

    fn startup(&mut self, at: Micros, body: &mut Body<'_>) -> Option<()> {
        self.started = true;
        let (major, _minor) = (body.reader.u16()?, body.reader.u16()?);
        if major != VERSION {
            self.lose(at, "a version of the protocol that is not known");
            return Some(());
        }
        let Some(opening) = &mut self.opening else {
            return Some(());
        };
        let mut database = None;
        loop {
            let name = body.reader.string()?;
            if name.is_empty() {
                break;
            }
            let value = body.reader.string()?;
            match name {
                b"user" => opening.opened.user = self.encoding.text(value).into_owned(),
                b"database" => database = Some(self.encoding.text(value).into_owned()),
                _ => {}
            }
        }
        let user = &opening.opened.user;
        opening.opened.database = database.unwrap_or_else(|| user.clone());
        Some(())
    }

    /// Puts a request into the queue.
    fn push(&mut self, at: Micros, request: Request) {
        if self.queue.len() >= QUEUE_MAX {
            self.lose(at, "more requests than any server answers at once");
            return;
        }
        self.queue.push_back(request);
    }

    /// The next count of requests that end a transaction.
    fn next_epoch(&mut self) -> u64 {
        let epoch = self.epoch;
        self.epoch += 1;
        epoch
    }

    fn query(&mut self, at: Micros, body: &mut Body<'_>) -> Option<()> {
        let (bytes, cut) = body.text(TEXT_MAX)?;
        let text = match cut {
            0 => self.encoding.text(bytes),
            _ => self.encoding.beginning(bytes),
        }
        .into_owned();
        if !self.skipping {
            // The server drops what has no name before it runs a query.
            let unnamed = self.names.set_statement("", None);
            self.only_prepared(at, unnamed);
            let portal = self.names.set_portal("", None);
            self.let_go(at, portal);
        }
        let manages = sql::may_manage(&text);
        let course = Course {
            epoch: self.next_epoch(),
            copies: sql::copied(&text, self.standard_strings),
            managing: manages.then(|| Arc::from(&*text)),
            ..Course::default()
        };
        let number = self.next_number();
        let prepared = match manages {
            true => self.executed_by(&text),
            false => String::new(),
        };
        self.begin(
            at,
            Statement {
                number,
                kind: Kind::Text,
                text,
                cut,
                name: String::new(),
                prepared,
                parameters: Vec::new(),
            },
            course,
        );
        self.push(at, Request::Query(number));
        Some(())
    }

    /// The texts that a text executes by name.
    fn executed_by(&self, text: &str) -> String {
        let mut texts = String::new();
        let mut here = Vec::new();
        for managing in sql::managing(text, self.standard_strings) {
            let name = match managing {
                Some(sql::Managing::Prepare(name, text)) => {
                    here.push((name, text));
                    continue;
                }
                Some(sql::Managing::Execute(name)) => name,
                _ => continue,
            };
            let before = self.names.statement(&name);
            let text = match (here.iter().rev().find(|(here, _)| *here == name), &before) {
                (Some((_, text)), _) => text,
                (None, Some(prepared)) => {
                    prepared.told.store(true, Relaxed);
                    &*prepared.text
                }
                (None, None) => continue,
            };
            if texts.len() + text.len() > TEXT_MAX {
                break;
            }
            if !texts.is_empty() {
                texts.push_str(";\n");
            }
            texts.push_str(text);
        }
        texts
    }

    fn parse(&mut self, at: Micros, body: &mut Body<'_>) -> Option<()> {
        let name = self.name(body)?;
        let (bytes, cut) = body.text(TEXT_MAX)?;
        let text = match cut {
            0 => self.encoding.text(bytes),
            _ => self.encoding.beginning(bytes),
        }
        .into_owned();
        let count = body.reader.u16()?;
        let types: Option<Vec<u32>> = (0..count).map(|_| body.reader.u32()).collect();
        let manages = sql::may_manage(&text);
        let prepared = self.names.prepared(name, text, cut, types?, manages);
        let before = self
            .names
            .set_statement(&prepared.name, Some(prepared.clone()));
        if prepared.name.is_empty() {
            self.only_prepared(at, before.clone());
        }
        self.push(at, Request::Parse { prepared, before });
        Some(())
    }

    fn bind(&mut self, at: Micros, body: &mut Body<'_>) -> Option<()> {
        let (portal, statement) = (self.name(body)?, self.name(body)?);
        let formats = message::formats(&mut body.reader)?;
        let prepared = self.names.statement(&statement);
        let count = body.reader.u16()?;
        let mut room = PARAMETERS_MAX;
        let mut texts = PARAMETERS_MAX * value::TEXT_PER_BYTE;
        let mut parameters = Vec::with_capacity(usize::from(count).min(body.reader.0.len() / 4));
        for index in 0..usize::from(count) {
            let kept = body.value(&mut room)?;
            let oid = prepared.as_ref().map_or(0, |p| p.type_of(index));
            parameters.push(Parameter {
                type_name: value::type_name(oid).unwrap_or_default(),
                value: value::next(
                    oid,
                    is_binary(&formats, index),
                    kept,
                    self.encoding,
                    &mut texts,
                ),
            });
        }
        let results = message::formats(&mut body.reader)?;
        let portal = self
            .names
            .portal(portal, prepared, parameters, results, self.epoch);
        let before = self.names.set_portal(&portal.name, Some(portal.clone()));
        self.let_go(at, before);
        self.push(at, Request::Bind(portal));
        Some(())
    }

    fn execute(&mut self, at: Micros, name: String) {
        let Some(portal) = self.names.find_portal(&name) else {
            // A cursor that SQL declared, or a portal from before anybody read along.
            let unknown = self
                .names
                .portal(name, None, Vec::new(), Vec::new(), self.epoch);
            let number = self.begin_portal(at, &unknown);
            self.push(at, Request::Execute(number));
            return;
        };
        let number = match portal.statement.get() {
            // Once more, for the next rows.
            Some(number) => {
                if let Some(course) = self.courses.get_mut(*number) {
                    course.suspended = false;
                }
                *number
            }
            None => self.begin_portal(at, &portal),
        };
        self.push(at, Request::Execute(number));
    }

    /// A portal becomes a statement.
    pub(super) fn begin_portal(&mut self, at: Micros, portal: &Arc<Portal>) -> u32 {
        let number = self.next_number();
        let _ = portal.statement.set(number);
        let mut statement = Statement {
            number,
            kind: Kind::Prepared,
            text: String::new(),
            cut: 0,
            name: String::new(),
            prepared: String::new(),
            parameters: portal.take_parameters(),
        };
        let mut managing = None;
        match &portal.prepared {
            Some(prepared) => {
                prepared.told.store(true, Relaxed);
                statement.text.clone_from(&prepared.text);
                statement.cut = prepared.cut;
                statement.name.clone_from(&prepared.name);
                if prepared.managing {
                    statement.prepared = self.executed_by(&prepared.text);
                    managing = Some(Arc::from(&*prepared.text));
                }
            }
            None => statement.name.clone_from(&portal.name),
        }
        let course = Course {
            epoch: portal.epoch,
            managing,
            portal: Some(portal.clone()),
            ..Course::default()
        };
        self.begin(at, statement, course);
        number
    }

    /// A statement that was only prepared.
    pub(super) fn begin_prepare(&mut self, at: Micros, prepared: &Prepared) -> u32 {
        prepared.told.store(true, Relaxed);
        let number = self.next_number();
        let statement = Statement {
            number,
            kind: Kind::Prepare,
            text: prepared.text.clone(),
            cut: prepared.cut,
            name: prepared.name.clone(),
            prepared: String::new(),
            parameters: Vec::new(),
        };
        self.begin(at, statement, Course::default());
        number
    }

    fn begin(&mut self, at: Micros, statement: Statement, course: Course) {
        self.courses.insert(statement.number, course);
        self.tell(at, Exchange::Statement(statement));
    }

    fn sync(&mut self, at: Micros) {
        if self
            .copy
            .as_ref()
            .is_some_and(|c| c.direction == Direction::In && !c.client_done)
        {
            // The server passes over it while it copies in.
            return;
        }
        if std::mem::take(&mut self.skipping) {
            self.drop_to_sync(at, None);
            self.skipping = false;
        }
        let epoch = self.next_epoch();
        let after_copy = self.early.done;
        self.push(at, Request::Sync { epoch, after_copy });
    }

    fn function(&mut self, at: Micros, body: &mut Body<'_>) -> Option<()> {
        let oid = body.reader.u32()?;
        let known = value::function(oid);
        let formats = message::formats(&mut body.reader)?;
        let count = body.reader.u16()?;
        let mut room = PARAMETERS_MAX;
        let mut texts = PARAMETERS_MAX * value::TEXT_PER_BYTE;
        let mut parameters = Vec::new();
        for index in 0..usize::from(count) {
            let kept = body.value(&mut room)?;
            let oid = known.map_or(0, |known| {
                known.arguments.get(index).copied().unwrap_or_default()
            });
            parameters.push(Parameter {
                type_name: value::type_name(oid).unwrap_or_default(),
                value: value::next(
                    oid,
                    is_binary(&formats, index),
                    kept,
                    self.encoding,
                    &mut texts,
                ),
            });
        }
        let binary = body.reader.i16()? == 1;
        let number = self.next_number();
        let course = Course {
            epoch: self.next_epoch(),
            result: super::names::Cell {
                oid: known.map_or(0, |known| known.result),
                binary,
            },
            ..Course::default()
        };
        let statement = Statement {
            number,
            kind: Kind::Function,
            text: known.map_or_else(|| format!("function {oid}"), |known| known.name.to_owned()),
            cut: 0,
            name: String::new(),
            prepared: String::new(),
            parameters,
        };
        self.begin(at, statement, course);
        self.push(at, Request::Function(number));
        Some(())
    }
}

impl Prepared {
    /// The type of a parameter; 0 where nobody said.
    fn type_of(&self, index: usize) -> u32 {
        let told = self.server_types.get().unwrap_or(&self.types);
        told.get(index).copied().unwrap_or(0)
    }
}
