//! Bodies of messages that need no state to be read.

use super::encoding::Encoding;
use super::names::{Cell, Described};
use super::read::Reader;
use super::value;
use crate::model::wire::{Column, Report, TEXT_MAX};
use std::sync::Arc;

/// RowDescription.
pub(super) fn row_description(mut reader: Reader<'_>, encoding: Encoding) -> Option<Described> {
    let count = usize::from(reader.u16()?);
    // A column takes at least 19 bytes.
    let mut columns = Vec::with_capacity(count.min(reader.0.len() / 19));
    let mut cells = Vec::with_capacity(columns.capacity());
    for _ in 0..count {
        let name = reader.string()?;
        let table = reader.u32()?;
        let _number = reader.i16()?;
        let oid = reader.u32()?;
        let _size = reader.i16()?;
        let _modifier = reader.i32()?;
        let binary = reader.i16()? == 1;
        columns.push(Column {
            name: encoding.text(name).into_owned(),
            type_name: value::type_name(oid).unwrap_or_else(|| oid.to_string()),
            table: match table {
                0 => String::new(),
                table => table.to_string(),
            },
        });
        cells.push(Cell { oid, binary });
    }
    Some(Described {
        columns,
        cells: Arc::from(cells),
    })
}

/// ParameterDescription.
pub(super) fn parameter_description(mut reader: Reader<'_>) -> Option<Vec<u32>> {
    let count = reader.u16()?;
    (0..count).map(|_| reader.u32()).collect()
}

/// A list of formats: whether each is binary.
pub(super) fn formats(reader: &mut Reader<'_>) -> Option<Vec<bool>> {
    let count = reader.u16()?;
    (0..count).map(|_| Some(reader.i16()? == 1)).collect()
}

/// ErrorResponse and NoticeResponse, as far as they came.
pub(super) fn report(mut reader: Reader<'_>, encoding: Encoding) -> Option<Report> {
    let mut report = Report::default();
    loop {
        let kind = match reader.u8() {
            Some(kind) if kind != 0 => kind,
            _ => break,
        };
        let bytes = reader.string_or_rest();
        let text = match bytes.get(..TEXT_MAX) {
            Some(beginning) => encoding.beginning(beginning),
            None => encoding.text(bytes),
        }
        .into_owned();
        let name = match kind {
            // The severity that is not translated comes second, and is what it means.
            b'V' => {
                report.severity = text;
                continue;
            }
            b'S' if report.severity.is_empty() => {
                report.severity = text;
                continue;
            }
            b'C' => {
                report.code = text;
                continue;
            }
            b'M' => {
                report.message = text;
                continue;
            }
            b'D' => {
                report.detail = text;
                continue;
            }
            b'H' => {
                report.hint = text;
                continue;
            }
            b'S' => continue,
            b'P' => "position",
            b'p' => "internal_position",
            b'q' => "internal_query",
            b'W' => "where",
            b's' => "schema",
            b't' => "table",
            b'c' => "column",
            b'd' => "data_type",
            b'n' => "constraint",
            b'F' => "file",
            b'L' => "line",
            b'R' => "routine",
            other => {
                let name = format!("field_{}", other.escape_ascii());
                report.fields.insert(name, text);
                continue;
            }
        };
        report.fields.insert(name.to_owned(), text);
    }
    (!report.severity.is_empty()).then_some(report)
}

/// How many rows a command changed, by its tag. A SELECT that sends no rows made a table of them.
pub(super) fn affected(tag: &str, gives_rows: bool) -> Option<u64> {
    let (command, rest) = tag.split_once(' ')?;
    let number = rest.rsplit(' ').next()?.parse().ok()?;
    match command {
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "COPY" => Some(number),
        "SELECT" if !gives_rows => Some(number),
        _ => None,
    }
}
