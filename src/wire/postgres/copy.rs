//! Data that is copied in or out.
//!
//! Copied text is told line by line, and data of COPY's binary format as the lines that it would be as
//! text. Data of replication and of backups is counted only: nobody can say what is written in it.

use super::flow::{Copy, Data, Direction, Request};
use super::frame::Plan;
use super::tuples::Tuples;
use super::{Decoder, Seen, sql};
use crate::model::Micros;
use crate::model::wire::{BATCH_MAX, Exchange, VALUE_MAX};

/// The overall format of a copy that is text.
const TEXTUAL: u8 = 0;

impl Decoder {
    /// What is to become of copied data.
    pub(super) fn plan_copied(&mut self, from: Direction, length: usize) -> Plan {
        let Some(copy) = &mut self.copy else {
            // The client did not wait for the server's consent, or has not heard of an error yet.
            if from == Direction::In && !self.queue.is_empty() {
                self.early.bytes += length as u64;
            }
            return Plan::Skip;
        };
        let Some(course) = self.courses.get_mut(copy.statement) else {
            return Plan::Skip;
        };
        let length = length as u64;
        course.bytes += length;
        // It takes no room of what else the statement gives.
        if matches!(copy.data, Data::Other) {
            course.bytes_cut += length;
            return Plan::Skip;
        }
        let kept = course.kept() + length;
        if course.full || kept > self.limits.bytes {
            course.full = true;
            course.bytes_cut += length;
            return Plan::Skip;
        }
        course.kept_bytes += length;
        Plan::Stream
    }

    /// The next bytes of copied data.
    pub(super) fn copied(&mut self, at: Micros, bytes: &[u8]) {
        let Some(copy) = &mut self.copy else { return };
        let mut lines = String::new();
        let bytes = match &mut copy.data {
            Data::Binary(tuples) => {
                let cut = tuples.read(bytes, self.encoding, &mut lines);
                if let Some(course) = self.courses.get_mut(copy.statement) {
                    course.bytes_cut += cut;
                }
                lines.as_bytes()
            }
            Data::Text | Data::Other => bytes,
        };
        if bytes.is_empty() {
            return;
        }
        if copy.text.is_empty() {
            copy.at = at;
        }
        match memchr::memrchr(b'\n', bytes) {
            Some(newline) => copy.rest_at = (newline + 1 < bytes.len()).then_some(at),
            None => copy.rest_at = copy.rest_at.or(Some(at)),
        }
        copy.text.extend_from_slice(bytes);
        if copy.text.len() >= BATCH_MAX {
            self.flush_lines();
        }
    }

    /// Tells the lines that are whole.
    pub(super) fn flush_lines(&mut self) {
        let Some(copy) = &mut self.copy else { return };
        let end = match memchr::memrchr(b'\n', &copy.text) {
            Some(newline) => newline + 1,
            None if copy.text.len() >= VALUE_MAX => copy.text.len(),
            None => return,
        };
        self.tell_copied(end);
    }

    /// Tells so many bytes of the copied data that waits.
    fn tell_copied(&mut self, end: usize) {
        let Some(copy) = &mut self.copy else { return };
        if end == 0 {
            return;
        }
        let rest = copy.text.split_off(end.min(copy.text.len()));
        let lines = std::mem::replace(&mut copy.text, rest);
        let (at, statement) = (copy.at, copy.statement);
        let inward = copy.direction == Direction::In;
        copy.at = copy.rest_at.unwrap_or(at);
        let text = match copy.data {
            // It was made here.
            Data::Binary(_) => String::from_utf8_lossy(&lines).into_owned(),
            Data::Text | Data::Other => self.encoding.text(&lines).into_owned(),
        };
        let copied = Exchange::Copied {
            statement,
            inward,
            text,
        };
        self.seen.push((at, Seen::Exchange(copied)));
    }

    /// The server is ready to copy.
    pub(super) fn begin_copy(
        &mut self,
        at: Micros,
        direction: Direction,
        format: u8,
        columns: u16,
    ) {
        self.end_copy();
        let statement = match self.queue.front() {
            Some(Request::Query(number)) => *number,
            Some(Request::Execute(number)) => {
                let number = *number;
                if direction == Direction::In {
                    self.drop_passed_over();
                }
                number
            }
            _ => return,
        };
        let Some(course) = self.courses.get_mut(statement) else {
            return;
        };
        let data = match (direction, format) {
            // What has no columns is a backup: files, whose pages hold rows that no rule would see.
            (Direction::Both, _) => Data::Other,
            _ if columns == 0 => Data::Other,
            (_, TEXTUAL) => Data::Text,
            _ => {
                let prepared = course.portal.as_ref().and_then(|p| p.prepared.as_ref());
                let names = match prepared {
                    Some(prepared) => sql::copied(&prepared.text, self.standard_strings),
                    None => std::mem::take(&mut course.copies),
                };
                let room = self.limits.bytes.saturating_sub(course.kept());
                Data::Binary(Box::new(Tuples::new(self.kinds.of(&names), room)))
            }
        };
        let early = std::mem::take(&mut self.early);
        if direction == Direction::In && early.bytes > 0 {
            course.bytes += early.bytes;
            course.bytes_cut += early.bytes;
            course.full = true;
        }
        self.copy = Some(Copy {
            statement,
            direction,
            data,
            client_done: early.done,
            text: Vec::new(),
            at,
            rest_at: None,
        });
    }

    /// The server passes over each Sync that was sent between an Execute and its copy's end.
    fn drop_passed_over(&mut self) {
        while let Some(Request::Sync {
            after_copy: false, ..
        }) = self.queue.get(1)
        {
            self.queue.remove(1);
        }
    }

    /// The client has sent all there is.
    pub(super) fn copied_by_client(&mut self) {
        match &mut self.copy {
            Some(copy) => copy.client_done = true,
            None if !self.queue.is_empty() => self.early.done = true,
            None => {}
        }
    }

    /// The server has sent all there is.
    pub(super) fn copied_by_server(&mut self) {
        if self
            .copy
            .as_ref()
            .is_some_and(|copy| copy.direction == Direction::Out)
        {
            self.end_copy();
        }
    }

    /// Nothing more is copied.
    pub(super) fn end_copy(&mut self) {
        let end = self.copy.as_ref().map_or(0, |copy| copy.text.len());
        self.tell_copied(end);
        if let Some(copy) = self.copy.take()
            && let Data::Binary(tuples) = copy.data
            && let Some(course) = self.courses.get_mut(copy.statement)
        {
            course.bytes_cut += tuples.rest();
            course.kept_text += tuples.text();
        }
    }
}
