//! How statements end: complete, failed, skipped, or with the connection.

use super::Decoder;
use super::flow::{Course, Direction, Request};
use super::message::affected;
use super::names::{Portal, Prepared};
use super::sql::{self, Managing};
use crate::model::Micros;
use crate::model::wire::{Complete, End, Exchange, Report, Transaction};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

impl Decoder {
    /// A statement of the head of the queue is complete. An empty one has no tag.
    pub(super) fn complete(&mut self, at: Micros, tag: String) {
        self.end_copy();
        let (number, executed) = match self.queue.front() {
            Some(Request::Query(number) | Request::Function(number)) => (*number, false),
            Some(Request::Execute(number)) => (*number, true),
            _ => return,
        };
        let empty = tag.is_empty() && !matches!(self.queue.front(), Some(Request::Function(_)));
        if tag.starts_with("SELECT") {
            self.described_before(at, number);
        }
        self.manage(at, number, &tag);
        if let Some(course) = self.courses.get_mut(number) {
            course.first = course.first.or(self.answering);
            course.answered = true;
            course.suspended = false;
            let complete = course.complete(number, tag, false);
            if !empty {
                course.completes += 1;
                self.tell(at, Exchange::Complete(complete));
            }
        }
        if executed {
            self.queue.pop_front();
            self.answering = None;
            self.over(at, number);
        }
    }

    /// A portal has given as many rows as it was asked for.
    pub(super) fn suspended(&mut self, at: Micros) {
        let Some(Request::Execute(number)) = self.queue.front() else {
            return;
        };
        let number = *number;
        self.queue.pop_front();
        let Some(course) = self.courses.get_mut(number) else {
            return;
        };
        course.first = course.first.or(self.answering.take());
        course.suspended = true;
        let gone = course
            .portal
            .as_ref()
            .is_some_and(|portal| portal.gone.load(Relaxed));
        let complete = course.complete(number, String::new(), true);
        self.tell(at, Exchange::Complete(complete));
        if gone {
            self.end(at, number, None, false);
        }
    }

    /// An executed statement is over: once the server is ready, where it will be before anything
    /// else happens, so that what a commit says is said of it.
    fn over(&mut self, at: Micros, number: u32) {
        let next = self
            .queue
            .iter()
            .find(|request| !matches!(request, Request::Close(_)));
        match next {
            Some(Request::Sync { .. }) => {
                self.end_pending(at, None);
                self.ending = Some(number);
            }
            _ => self.end(at, number, None, false),
        }
    }

    fn end_pending(&mut self, at: Micros, transaction: Option<Transaction>) {
        if let Some(number) = self.ending.take() {
            self.end(at, number, transaction, false);
        }
    }

    /// Tells a statement's end.
    pub(super) fn end(
        &mut self,
        at: Micros,
        number: u32,
        transaction: Option<Transaction>,
        skipped: bool,
    ) {
        let Some(mut course) = self.courses.remove(number) else {
            return;
        };
        if course.rows_cut > 0 || course.bytes_cut > 0 {
            // The result broke off. What was not kept of it is told all the same.
            let complete = course.complete(number, String::new(), false);
            self.tell(at, Exchange::Complete(complete));
        }
        self.tell(
            at,
            Exchange::End(End {
                statement: number,
                first: course.first,
                error: course.error,
                transaction,
                skipped,
            }),
        );
    }

    /// ReadyForQuery.
    pub(super) fn ready(&mut self, at: Micros, status: u8) {
        let transaction = match status {
            b'I' => Some(Transaction::Idle),
            b'T' => Some(Transaction::Open),
            b'E' => Some(Transaction::Failed),
            _ => None,
        };
        if let Some(opening) = self.opening.take() {
            self.answering = None;
            self.tell(at, Exchange::Opened(opening.opened));
            for (name, value) in opening.settings {
                self.tell(at, Exchange::Setting { name, value });
            }
            return;
        }
        self.end_copy();
        self.early = Default::default();
        self.resynchronise(at);
        let epoch = match self.queue.front() {
            Some(Request::Query(number) | Request::Function(number)) => {
                let number = *number;
                let Some(course) = self.courses.get(number) else {
                    return;
                };
                if !course.answered && course.error.is_none() {
                    // It is the second answer to a Sync that a failed copy had left in doubt.
                    return;
                }
                let epoch = course.epoch;
                self.queue.pop_front();
                self.end(at, number, transaction, false);
                epoch
            }
            Some(Request::Sync { epoch, .. }) => {
                let epoch = *epoch;
                self.queue.pop_front();
                self.end_pending(at, transaction);
                epoch
            }
            Some(_) => return,
            None => {
                self.skipping = false;
                self.end_pending(at, transaction);
                self.answering = None;
                return;
            }
        };
        self.answering = None;
        if transaction == Some(Transaction::Idle) {
            self.names.drop_portals(epoch);
            let dead = |(_, course): &(u32, &Course)| course.suspended && course.epoch <= epoch;
            let over: Vec<u32> = self.courses.iter().filter(dead).map(|(n, _)| n).collect();
            for number in over {
                self.end(at, number, transaction, false);
            }
        }
    }

    /// If the server is ready although requests before a Sync were not answered as expected, they
    /// are over all the same.
    fn resynchronise(&mut self, at: Micros) {
        let extended = !matches!(
            self.queue.front(),
            None | Some(Request::Query(_) | Request::Function(_) | Request::Sync { .. })
        );
        let sync = |request: &Request| matches!(request, Request::Sync { .. });
        if extended && self.answering.is_some() && self.queue.iter().any(sync) {
            while let Some(request) = self.answered(|request| !sync(request)) {
                if let Some(number) = request.statement() {
                    self.end(at, number, None, false);
                }
            }
        }
    }

    /// ErrorResponse.
    pub(super) fn failed(&mut self, at: Micros, report: Report) {
        self.end_copy();
        if matches!(&*report.severity, "FATAL" | "PANIC") {
            self.fatal = Some(report.clone());
        }
        let head = match self.queue.front() {
            Some(Request::Query(number) | Request::Function(number)) => *number,
            Some(Request::Sync { .. }) | None => match self.ending {
                Some(number) => number,
                None => {
                    if self.fatal.is_none() {
                        let statement = None;
                        self.tell(at, Exchange::Notice { statement, report });
                    }
                    return;
                }
            },
            Some(_) => {
                self.failed_extended(at, report);
                return;
            }
        };
        if let Some(course) = self.courses.get_mut(head) {
            course.first = course.first.or(self.answering);
            course.error.get_or_insert(report);
        }
    }

    /// The head of the queue failed, and is not followed by a ReadyForQuery of its own.
    fn failed_extended(&mut self, at: Micros, report: Report) {
        let Some(head) = self.queue.pop_front() else {
            return;
        };
        let number = self.statement_of(at, &head);
        match number.and_then(|number| self.courses.get_mut(number)) {
            Some(course) => {
                course.error = Some(report);
                course.suspended = false;
                course.first = course.first.or(self.answering);
            }
            None => {
                let statement = None;
                self.tell(at, Exchange::Notice { statement, report });
            }
        }
        self.end_pending(at, None);
        self.drop_to_sync(at, number);
        // A failed Parse leaves nothing under no name; under a name it changes nothing.
        if let Request::Parse { prepared, before } = head {
            let before = before.filter(|_| !prepared.name.is_empty());
            self.names.set_statement(&prepared.name, before);
        }
        self.ending = number;
        self.skipping = self.queue.is_empty();
    }

    /// The statement that a request serves. If it is not sent, it begins now: it was only
    /// prepared, or only bound.
    fn statement_of(&mut self, at: Micros, request: &Request) -> Option<u32> {
        if let Some(number) = request.statement() {
            return Some(number);
        }
        let serves = |portal: &Arc<Portal>| match request {
            Request::Parse { prepared, .. } | Request::DescribeStatement(Some(prepared)) => portal
                .prepared
                .as_ref()
                .is_some_and(|other| Arc::ptr_eq(other, prepared)),
            _ => false,
        };
        let executed = self
            .queue
            .iter()
            .take_while(|request| !matches!(request, Request::Sync { .. }))
            .find_map(|request| match request {
                Request::Bind(portal) if serves(portal) => portal.statement.get().copied(),
                _ => None,
            });
        executed.or_else(|| match request {
            Request::Parse { prepared, .. } | Request::DescribeStatement(Some(prepared)) => {
                Some(self.begin_prepare(at, prepared))
            }
            Request::Bind(portal) | Request::DescribePortal(Some(portal)) => {
                Some(self.begin_portal(at, portal))
            }
            _ => None,
        })
    }

    /// Requests up to the next Sync are dropped, as the server does after an error.
    pub(super) fn drop_to_sync(&mut self, at: Micros, failed: Option<u32>) {
        let mut undo = Vec::new();
        while let Some(request) = self.answered(|request| !matches!(request, Request::Sync { .. }))
        {
            match request {
                Request::Query(n) | Request::Function(n) | Request::Execute(n)
                    if failed != Some(n) =>
                {
                    self.end(at, n, None, true);
                }
                Request::Parse { .. } | Request::Close(Some(_)) => undo.push(request),
                _ => {}
            }
        }
        for request in undo.into_iter().rev() {
            match request {
                Request::Parse { prepared, before } => {
                    if !prepared.told.load(Relaxed) {
                        let number = self.begin_prepare(at, &prepared);
                        self.end(at, number, None, true);
                    }
                    self.names.set_statement(&prepared.name, before);
                }
                Request::Close(Some(closed)) => {
                    let name = closed.name.clone();
                    self.names.set_statement(&name, Some(closed));
                }
                _ => {}
            }
        }
    }

    /// The client has done with a portal. If it was waiting to give more rows, it is over.
    pub(super) fn let_go(&mut self, at: Micros, portal: Option<Arc<Portal>>) {
        let Some(portal) = portal else { return };
        portal.gone.store(true, Relaxed);
        let Some(number) = portal.statement.get().copied() else {
            return;
        };
        if self
            .courses
            .get(number)
            .is_some_and(|course| course.suspended)
        {
            self.end(at, number, None, false);
        }
    }

    /// A prepared statement is no more. If nobody executed it, that is told.
    pub(super) fn only_prepared(&mut self, at: Micros, prepared: Option<Arc<Prepared>>) {
        let Some(prepared) = prepared else { return };
        if !prepared.told.load(Relaxed) {
            let number = self.begin_prepare(at, &prepared);
            self.end(at, number, None, false);
        }
    }

    /// A statement succeeded that may have changed what is prepared.
    fn manage(&mut self, at: Micros, number: u32, tag: &str) {
        if !(tag.starts_with("PREPARE") || tag.starts_with("DEALLOCATE") || tag == "DISCARD ALL") {
            return;
        }
        let Some(course) = self.courses.get(number) else {
            return;
        };
        let (nth, text) = (course.completes, course.managing.clone());
        let text = text.as_deref().unwrap_or_default();
        match sql::managing(text, self.standard_strings)
            .into_iter()
            .nth(nth)
            .flatten()
        {
            Some(Managing::Prepare(name, text)) => {
                let manages = sql::may_manage(text);
                let name = name.into_owned();
                let prepared = self
                    .names
                    .prepared(name, text.to_owned(), 0, Vec::new(), manages);
                // It was told with the statement that prepared it.
                prepared.told.store(true, Relaxed);
                self.names
                    .set_statement(&prepared.name, Some(prepared.clone()));
            }
            Some(Managing::Deallocate(name)) => {
                let before = self.names.set_statement(&name, None);
                self.only_prepared(at, before);
            }
            Some(Managing::All) => {
                for prepared in self.names.take_statements() {
                    self.only_prepared(at, Some(prepared));
                }
            }
            Some(Managing::Execute(_)) | None => {}
        }
    }

    /// The connection ended.
    pub(super) fn close(&mut self, at: Micros) {
        let copy = self.copy.as_ref();
        let replicating = copy.filter(|copy| copy.direction == Direction::Both);
        let replicating = replicating.map(|copy| copy.statement);
        self.end_copy();
        for prepared in self.names.take_statements() {
            self.only_prepared(at, Some(prepared));
        }
        // What failed, and what had answered and only waits, is over; the rest never will be. A
        // replication ends like this.
        let ending = self.ending.take();
        let fatal = self.fatal.take();
        let head = self.queue.front().and_then(Request::statement);
        let open: Vec<u32> = self.courses.iter().map(|(n, _)| n).collect();
        for number in open {
            let Some(course) = self.courses.get_mut(number) else {
                continue;
            };
            if Some(number) == head {
                course.first = course.first.or(self.answering);
                if course.error.is_none() {
                    course.error.clone_from(&fatal);
                }
            }
            let over = course.suspended
                || course.error.is_some()
                || [ending, replicating].contains(&Some(number));
            self.end(at, number, None, !over);
        }
        self.queue.clear();
        self.tell(at, Exchange::Closed { error: fatal });
    }
}

impl Course {
    /// The present result is complete; the next one begins.
    fn complete(&mut self, statement: u32, tag: String, suspended: bool) -> Complete {
        let affected = affected(&tag, self.cells.is_some());
        let complete = Complete {
            statement,
            tag,
            rows: self.rows,
            bytes: self.bytes,
            rows_cut: self.rows_cut,
            bytes_cut: self.bytes_cut,
            affected,
            suspended,
            ..Complete::default()
        };
        (self.rows, self.bytes, self.rows_cut, self.bytes_cut) = (0, 0, 0, 0);
        if !suspended {
            self.cells = None;
        }
        complete
    }
}
