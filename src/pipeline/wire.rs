//! What passed over database connections: masked value by value, and put where it belongs among
//! the terminal's bytes.

use super::{Note, Pipeline};
use crate::model::Micros;
use crate::model::wire::{Exchange, Report, Value, Wire};

impl Pipeline {
    /// Something passed over a database connection.
    pub fn wire(&mut self, at: Micros, wire: Wire) {
        if self.paused.is_some() {
            return;
        }
        self.at(at);
        let wire = self.wire_masked(wire);
        self.note_now(Note::Wire(at, wire));
        self.release();
    }

    /// `wire` without its secrets.
    pub(super) fn wire_masked(&mut self, mut wire: Wire) -> Wire {
        match &mut wire.what {
            Exchange::Opened(opened) => {
                self.mask(&mut opened.user);
                self.mask(&mut opened.database);
            }
            Exchange::Setting { value, .. } => self.mask(value),
            Exchange::Statement(statement) => {
                statement.text = self.each_line_masked(&statement.text);
                self.mask(&mut statement.name);
                for parameter in &mut statement.parameters {
                    self.mask_value(&mut parameter.value);
                }
            }
            Exchange::Columns { .. } | Exchange::Complete(_) => {}
            Exchange::Rows { rows, .. } => {
                for value in rows.iter_mut().flatten() {
                    self.mask_value(value);
                }
            }
            Exchange::Copied { text, .. } => *text = self.each_line_masked(text),
            Exchange::End(end) => self.mask_reports(end.error.as_mut()),
            Exchange::Notice { report, .. } => self.mask_reports(Some(report)),
            Exchange::Notification { payload, .. } => self.mask(payload),
            Exchange::Closed { error } => self.mask_reports(error.as_mut()),
        }
        wire
    }

    fn mask_reports(&mut self, report: Option<&mut Report>) {
        let Some(report) = report else { return };
        let Report {
            message,
            detail,
            hint,
            fields,
            ..
        } = report;
        for text in [message, detail, hint]
            .into_iter()
            .chain(fields.values_mut())
        {
            *text = self.each_line_masked(text);
        }
    }

    fn mask_value(&mut self, value: &mut Value) {
        match value {
            Value::Null => {}
            Value::Text(text) | Value::Cut { text, .. } => *text = self.each_line_masked(text),
        }
    }

    fn mask(&mut self, text: &mut String) {
        if !text.is_empty() {
            *text = self.masked_text(text);
        }
    }

    /// A text of several lines that stands outside the screen's lines, with its secrets masked.
    pub(super) fn each_line_masked(&mut self, text: &str) -> String {
        if !text.contains('\n') {
            return self.masked_text(text);
        }
        let lines: Vec<String> = text
            .split('\n')
            .map(|line| self.masked_text(line))
            .collect();
        lines.join("\n")
    }
}
