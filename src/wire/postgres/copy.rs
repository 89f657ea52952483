//! Data that is copied in or out.
//!
//! Copied text is told line by line. Data of COPY's binary format and of replication is counted
//! only: nobody can say what is written in it.

use super::flow::{Copy, Direction, Request};
use super::frame::Plan;
use super::{Decoder, Seen};
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
        let kept = course.kept_bytes + length;
        if !copy.textual || course.full || kept > self.limits.bytes {
            course.full = true;
            course.bytes_cut += length;
            return Plan::Skip;
        }
        course.kept_bytes = kept;
        Plan::Stream
    }

    /// The next bytes of copied data.
    pub(super) fn copied(&mut self, at: Micros, bytes: &[u8]) {
        let (Some(copy), false) = (&mut self.copy, bytes.is_empty()) else {
            return;
        };
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
        copy.at = copy.rest_at.unwrap_or(at);
        let copied = Exchange::Copied {
            statement,
            inward: copy.direction == Direction::In,
            text: self.text(&lines),
        };
        self.seen.push((at, Seen::Exchange(copied)));
    }

    /// The server is ready to copy.
    pub(super) fn begin_copy(&mut self, at: Micros, direction: Direction, format: u8) {
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
        let early = std::mem::take(&mut self.early);
        if direction == Direction::In && early.bytes > 0 {
            course.bytes += early.bytes;
            course.bytes_cut += early.bytes;
            course.full = true;
        }
        self.copy = Some(Copy {
            statement,
            direction,
            textual: format == TEXTUAL && direction != Direction::Both,
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
        self.copy = None;
    }
}
