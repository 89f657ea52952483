//! Rows: which are kept, and how they are handed on.

use super::Decoder;
use super::encoding::Encoding;
use super::flow::{Course, Request};
use super::frame::MESSAGE_MAX;
use super::names::{Cell, Described};
use super::shorten::Body;
use super::value;
use crate::model::Micros;
use crate::model::wire::{BATCH_MAX, Exchange, Row, Value};
use std::sync::Arc;

/// Rows that were read and not yet told.
#[derive(Default)]
pub(super) struct Batch {
    rows: Vec<Row>,
    bytes: usize,
    statement: u32,
    at: Micros,
}

/// Reads a row; gives it with the size of its texts.
pub(super) fn row(body: &mut Body<'_>, cells: &[Cell], encoding: Encoding) -> Option<(Row, usize)> {
    if usize::from(body.reader.u16()?) != cells.len() {
        return None;
    }
    let mut room = MESSAGE_MAX;
    let mut texts = MESSAGE_MAX * value::TEXT_PER_BYTE;
    let mut row = Vec::with_capacity(cells.len());
    for cell in cells {
        let kept = body.value(&mut room)?;
        row.push(value::next(
            cell.oid,
            cell.binary,
            kept,
            encoding,
            &mut texts,
        ));
    }
    let texts = row.iter().filter_map(Value::text).map(str::len).sum();
    Some((row, texts))
}

impl Course {
    /// How much was kept: of what came, or of what was made of it if that is more.
    pub fn kept(&self) -> u64 {
        self.kept_bytes.max(self.kept_text)
    }

    /// The cells of a result that nobody described.
    pub fn unknown_cells(&self, count: u16) -> Arc<[Cell]> {
        let portal = self.portal.as_ref();
        (0..usize::from(count))
            .map(|index| Cell {
                oid: 0,
                binary: portal.is_some_and(|portal| portal.is_binary(index)),
            })
            .collect()
    }
}

impl Decoder {
    /// Counts a row of `length` bytes that comes; gives whether it is to be kept.
    pub(super) fn wants_row(&mut self, length: usize) -> bool {
        let limits = self.limits;
        let Some(Request::Query(number) | Request::Execute(number)) = self.queue.front() else {
            return true;
        };
        let Some(course) = self.courses.get_mut(*number) else {
            return false;
        };
        course.rows += 1;
        course.bytes += length as u64;
        let kept = course.kept() + length.min(MESSAGE_MAX) as u64;
        if course.full || course.kept_rows >= limits.rows || kept > limits.bytes {
            course.full = true;
            course.rows_cut += 1;
            return false;
        }
        course.kept_rows += 1;
        course.kept_bytes += length.min(MESSAGE_MAX) as u64;
        true
    }

    /// Tells the columns of a portal, where they were described before it was executed.
    pub(super) fn described_before(&mut self, at: Micros, statement: u32) {
        let Some(course) = self.courses.get(statement) else {
            return;
        };
        let (None, Some(portal)) = (&course.cells, course.portal.clone()) else {
            return;
        };
        let described = portal.described.get().map(|described| Described {
            columns: described.columns.clone(),
            cells: described.cells.clone(),
        });
        let described = described.or_else(|| {
            // Only Bind says in which format the columns of a described statement come.
            let described = portal.prepared.as_ref()?.described.get()?;
            let cells = described.cells.iter().enumerate();
            Some(Described {
                columns: described.columns.clone(),
                cells: cells
                    .map(|(index, cell)| Cell {
                        oid: cell.oid,
                        binary: portal.is_binary(index),
                    })
                    .collect(),
            })
        });
        if let Some(described) = described {
            self.columns(at, statement, described);
        }
    }

    pub(super) fn keep_row(&mut self, at: Micros, statement: u32, row: Row, bytes: usize) {
        if self.batch.statement != statement {
            self.flush_rows();
        }
        if self.batch.rows.is_empty() {
            self.batch.statement = statement;
            self.batch.at = at;
        }
        if let Some(course) = self.courses.get_mut(statement) {
            course.kept_text += bytes as u64;
        }
        self.batch.rows.push(row);
        self.batch.bytes += bytes;
        if self.batch.bytes >= BATCH_MAX {
            self.flush_rows();
        }
    }

    /// Tells the rows that were read.
    pub(super) fn flush_rows(&mut self) {
        if self.batch.rows.is_empty() {
            return;
        }
        let Batch {
            rows,
            statement,
            at,
            ..
        } = std::mem::take(&mut self.batch);
        let rows = Exchange::Rows { statement, rows };
        self.seen.push((at, super::Seen::Exchange(rows)));
    }
}
