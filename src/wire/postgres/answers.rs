//! What the server sends.

use super::flow::{Direction, Request};
use super::frame::{MESSAGE_MAX, Plan};
use super::names::Described;
use super::rows::row;
use super::shorten::{BEGINNING, Body, RESULT, ROW};
use super::{Decoder, SETTINGS_MAX, Side, message, value};
use crate::model::Micros;
use crate::model::wire::{Column, Exchange, VALUE_MAX};

impl Decoder {
    /// What is to become of a server's message.
    pub(super) fn plan_answer(&mut self, at: Micros, kind: u8, length: usize) -> Plan {
        // What may pass at any time answers nobody.
        if !matches!(kind, b'N' | b'A' | b'S' | b'R' | b'K' | b'v') {
            self.answering.get_or_insert(at);
        }
        let layout = match kind {
            b'D' if !self.wants_row(length) => return Plan::Skip,
            // Authentication and the key for cancelling are not looked at; what version the
            // server speaks changes nothing here.
            b'R' | b'K' | b'v' => return Plan::Skip,
            b'd' => return self.plan_copied(Direction::Out, length),
            b'D' => ROW,
            b'V' => RESULT,
            b'E' | b'N' => BEGINNING,
            b'S' | b'A' | b'Z' | b'1' | b'2' | b'3' | b'n' | b't' | b'T' | b'C' | b'I' | b's'
            | b'c' | b'G' | b'H' | b'W' => return Plan::Whole,
            _ => {
                self.unreadable(at, Side::Server, kind, length);
                return Plan::Skip;
            }
        };
        match length > MESSAGE_MAX {
            true => Plan::Shorten(layout),
            false => Plan::Whole,
        }
    }

    /// A server's message. `None` if it makes no sense.
    pub(super) fn answer(&mut self, at: Micros, kind: u8, body: &mut Body<'_>) -> Option<()> {
        match kind {
            b'D' => self.row(at, body)?,
            b'T' => {
                let described = message::row_description(body.reader, self.encoding)?;
                self.kinds.note(&described);
                self.described(at, described);
            }
            b'C' => {
                let tag = self.text(body.reader.string()?);
                self.complete(at, tag);
            }
            b'I' => self.complete(at, String::new()),
            b's' => self.suspended(at),
            b'Z' => self.ready(at, body.reader.u8()?),
            b'1' => drop(self.answered(|request| matches!(request, Request::Parse { .. }))),
            b'2' => drop(self.answered(|request| matches!(request, Request::Bind(_)))),
            b'3' => {
                let closed = self.answered(|request| matches!(request, Request::Close(_)));
                if let Some(Request::Close(prepared)) = closed {
                    self.only_prepared(at, prepared);
                }
            }
            b'n' => drop(self.answered(|request| {
                matches!(
                    request,
                    Request::DescribeStatement(_) | Request::DescribePortal(_)
                )
            })),
            b't' => {
                let types = message::parameter_description(body.reader)?;
                if let Some(Request::DescribeStatement(Some(prepared))) = self.queue.front() {
                    let _ = prepared.server_types.set(types);
                }
            }
            b'E' => {
                let report = message::report(body.reader, self.encoding)?;
                self.failed(at, report);
            }
            b'N' => {
                let report = message::report(body.reader, self.encoding)?;
                let statement = self.queue.front().and_then(Request::statement);
                let statement = statement.filter(|number| self.courses.contains(*number));
                self.tell(at, Exchange::Notice { statement, report });
            }
            b'A' => {
                let _process = body.reader.i32()?;
                let channel = self.text(body.reader.string()?);
                let payload = self.text(body.reader.string()?);
                self.tell(at, Exchange::Notification { channel, payload });
            }
            b'S' => {
                let name = self.text(body.reader.string()?);
                let value = self.text(body.reader.string()?);
                self.setting(at, name, value);
            }
            b'V' => self.function_result(at, body)?,
            b'G' | b'H' | b'W' => {
                let direction = match kind {
                    b'G' => Direction::In,
                    b'H' => Direction::Out,
                    _ => Direction::Both,
                };
                let (format, columns) = (body.reader.u8()?, body.reader.u16()?);
                self.begin_copy(at, direction, format, columns);
            }
            b'c' => self.copied_by_server(),
            _ => {}
        }
        Some(())
    }

    /// The head of the queue was answered, if it is such a request.
    pub(super) fn answered(&mut self, such: impl Fn(&Request) -> bool) -> Option<Request> {
        if !such(self.queue.front()?) {
            return None;
        }
        self.queue.pop_front()
    }

    fn setting(&mut self, at: Micros, name: String, value: String) {
        match &*name {
            "client_encoding" => self.encoding = super::Encoding::named(&value),
            "standard_conforming_strings" => self.standard_strings = value != "off",
            _ => {}
        }
        let Some(opening) = &mut self.opening else {
            self.tell(at, Exchange::Setting { name, value });
            return;
        };
        if name == "server_version" {
            opening.opened.server.clone_from(&value);
        }
        if opening.settings.len() < SETTINGS_MAX {
            opening.settings.push((name, value));
        }
    }

    fn described(&mut self, at: Micros, described: Described) {
        match self.queue.front() {
            Some(Request::Query(number)) => {
                let number = *number;
                self.columns(at, number, described);
            }
            Some(Request::DescribePortal(portal)) => {
                if let Some(portal) = portal.clone() {
                    let open = portal.statement.get().copied();
                    match open.filter(|number| self.courses.contains(*number)) {
                        Some(number) => self.columns(at, number, described),
                        None => {
                            let _ = portal.described.set(described);
                        }
                    }
                }
                self.queue.pop_front();
            }
            Some(Request::DescribeStatement(prepared)) => {
                if let Some(prepared) = prepared {
                    let _ = prepared.described.set(described);
                }
                self.queue.pop_front();
            }
            _ => {}
        }
    }

    /// A result begins.
    pub(super) fn columns(&mut self, at: Micros, statement: u32, described: Described) {
        if let Some(course) = self.courses.get_mut(statement) {
            course.cells = Some(described.cells);
            let columns = described.columns;
            self.tell(at, Exchange::Columns { statement, columns });
        }
    }

    /// What a function gave: a result of one row and column.
    fn function_result(&mut self, at: Micros, body: &mut Body<'_>) -> Option<()> {
        let Some(Request::Function(statement)) = self.queue.front() else {
            return None;
        };
        let statement = *statement;
        let length = body.reader.0.len();
        let mut room = VALUE_MAX;
        let kept = body.value(&mut room)?;
        let encoding = self.encoding;
        let course = self.courses.get_mut(statement)?;
        course.answered = true;
        course.rows = 1;
        course.bytes = length as u64;
        let result = course.result;
        let columns = vec![Column {
            name: "result".to_owned(),
            type_name: value::type_name(result.oid).unwrap_or_default(),
            table: String::new(),
        }];
        self.tell(at, Exchange::Columns { statement, columns });
        let mut texts = VALUE_MAX;
        let value = value::next(result.oid, result.binary, kept, encoding, &mut texts);
        let rows = vec![vec![value]];
        self.tell(at, Exchange::Rows { statement, rows });
        self.complete(at, String::new());
        Some(())
    }

    /// A row that is kept.
    fn row(&mut self, at: Micros, body: &mut Body<'_>) -> Option<()> {
        let Some(Request::Query(statement) | Request::Execute(statement)) = self.queue.front()
        else {
            return None;
        };
        let statement = *statement;
        self.described_before(at, statement);
        let course = self.courses.get_mut(statement)?;
        if course.cells.is_none() {
            let count = body.reader.clone().u16()?;
            let cells = course.unknown_cells(count);
            let described = Described {
                columns: vec![Column::default(); cells.len()],
                cells,
            };
            self.columns(at, statement, described);
        }
        let cells = self.courses.get(statement)?.cells.clone()?;
        let Some((row, bytes)) = row(body, &cells, self.encoding) else {
            if let Some(course) = self.courses.get_mut(statement) {
                course.rows_cut += 1;
            }
            return None;
        };
        self.keep_row(at, statement, row, bytes);
        Some(())
    }
}
