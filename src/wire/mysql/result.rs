//! Result sets: rows put together, as far as they are kept, and counted beyond that.

use super::column::Definition;
use super::fields::{Field, Fields, Shape};
use crate::model::Micros;
use crate::model::wire::{BATCH_MAX, Column, Complete, Row, VALUE_MAX, Value};
use crate::wire::Limits;
use std::sync::Arc;

/// Counted for each value beside its text.
const EACH: usize = 16;

/// A statement that was told and is not over, and how far it is. There is one of each: whoever has it
/// may tell of the statement, and what ends the statement takes it away.
#[derive(Debug)]
pub struct Progress {
    number: u32,
    /// When the first byte of its answer passed.
    pub first: Option<Micros>,
    /// The columns of its last result set, as told.
    pub columns: Arc<[Definition]>,
    /// Rows kept so far, of all its result sets.
    rows: u64,
    /// Bytes kept so far.
    bytes: u64,
}

impl Progress {
    /// The start of statement `number`, which is told in this moment.
    pub fn of(number: u32) -> Progress {
        Progress {
            number,
            first: None,
            columns: Arc::default(),
            rows: 0,
            bytes: 0,
        }
    }

    /// Its number.
    pub fn number(&self) -> u32 {
        self.number
    }
}

/// How rows stand on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Values as text.
    #[default]
    Text,
    /// Values by their type, as a prepared statement's.
    Binary,
}

/// The result set under way.
#[derive(Default)]
pub struct ResultSet {
    columns: Arc<[Definition]>,
    protocol: Protocol,
    fields: Fields,
    /// What stands before the values of a binary row.
    head: Vec<u8>,
    row: Row,
    /// Kept of this row.
    size: u64,
    batch: Vec<Row>,
    batched: usize,
    rows: u64,
    bytes: u64,
    cut: u64,
}

impl ResultSet {
    /// A result set with these columns. Where they are none its rows are only counted.
    pub fn begin(&mut self, columns: Arc<[Definition]>, protocol: Protocol) {
        *self = ResultSet {
            columns,
            protocol,
            ..ResultSet::default()
        };
    }

    /// A row begins. Whether it is to be kept; if not, it is [counted](Self::count).
    pub fn row(&mut self, progress: &Progress, limits: &Limits) -> bool {
        self.fields.clear();
        self.head.clear();
        self.row.clear();
        self.size = 0;
        let known = !self.columns.is_empty();
        known && progress.rows < limits.rows && progress.bytes < limits.bytes
    }

    /// The next part of a row that is kept.
    pub fn part(&mut self, mut bytes: &[u8], progress: &Progress, limits: &Limits) {
        if self.protocol == Protocol::Binary {
            // A zero, and a bit for each column and for two more.
            let all = 1 + (self.columns.len() + 9) / 8;
            let wanted = all.saturating_sub(self.head.len()).min(bytes.len());
            let (part, rest) = bytes.split_at(wanted);
            self.head.extend_from_slice(part);
            bytes = rest;
            if self.head.len() < all {
                return;
            }
        }
        while let Some(definition) = self.columns.get(self.row.len()) {
            let kind = &definition.kind;
            let at = self.row.len() + 2;
            let bits = self.head.get(1 + at / 8);
            if bits.is_some_and(|bits| bits >> (at % 8) & 1 == 1) {
                self.row.push(Value::Null);
                continue;
            }
            let binary = self.protocol == Protocol::Binary;
            let shape = if binary { kind.shape() } else { Shape::Counted };
            let room = limits.bytes.saturating_sub(progress.bytes + self.size);
            let keep = usize::try_from(room)
                .unwrap_or(VALUE_MAX)
                .clamp(16, VALUE_MAX);
            let value = match self.fields.next(shape, keep, &mut bytes) {
                None => return,
                Some(Field::Null) => Value::Null,
                Some(Field::Bytes(bytes, length)) if binary => kind.binary(bytes, length),
                Some(Field::Bytes(bytes, length)) => kind.text(bytes, length),
            };
            self.size += value.text().map_or(0, str::len) as u64;
            self.row.push(value);
        }
    }

    /// The row that was kept is complete, and had so many bytes. Whether it could be read.
    pub fn end_row(&mut self, bytes: u64, progress: &mut Progress) -> bool {
        if self.row.len() < self.columns.len() {
            self.count(bytes);
            self.columns = Arc::default();
            return false;
        }
        self.rows += 1;
        self.bytes += bytes;
        progress.rows += 1;
        progress.bytes += self.size;
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        self.batched = self.batched.saturating_add(size + EACH * self.row.len());
        // The next row has as many values: room for exactly those.
        let next = Vec::with_capacity(self.columns.len());
        self.batch.push(std::mem::replace(&mut self.row, next));
        true
    }

    /// A row that is not kept is complete, and had so many bytes.
    pub fn count(&mut self, bytes: u64) {
        self.rows += 1;
        self.cut += 1;
        self.bytes += bytes;
    }

    /// Whether enough rows have gathered to tell of them.
    pub fn full(&self) -> bool {
        self.batched >= BATCH_MAX
    }

    /// The rows that have gathered.
    pub fn take(&mut self) -> Vec<Row> {
        self.batched = 0;
        std::mem::take(&mut self.batch)
    }

    /// Whether there were rows whose number was not told yet.
    pub fn counted(&self) -> bool {
        self.rows > 0
    }

    /// What is told of its columns.
    pub fn columns(&self) -> Vec<Column> {
        let columns = self.columns.iter();
        columns.map(|d| d.column.clone()).collect()
    }

    /// They themselves.
    pub fn definitions(&self) -> Arc<[Definition]> {
        Arc::clone(&self.columns)
    }

    /// How many rows and bytes there were, for its end.
    pub fn complete(&mut self) -> Complete {
        let complete = Complete {
            rows: self.rows,
            bytes: self.bytes,
            rows_cut: self.cut,
            ..Complete::default()
        };
        (self.rows, self.bytes, self.cut) = (0, 0, 0);
        complete
    }
}
