//! What passed over database connections: masked value by value, and put where it belongs among
//! the terminal's bytes.
//!
//! The decoder has told what each value is; the scanner judges it by that. What a statement said is
//! remembered until it ends, since its results and errors are judged by it, and wiped then.

use super::lag::Past;
use super::repeats::{self, Repeats};
use super::tables::{Named, Tables};
use super::{Note, Pipeline};
use crate::mask::{Column, Copy, Covered, ResultColumns, RuleId, Scanner};
use crate::model::Micros;
use crate::model::wire::{self, Exchange, Report, Row, Statement, Value, Wire};
use std::collections::HashMap;
use std::sync::Arc;
use zeroize::{Zeroize, Zeroizing};

/// So much of a statement's text is remembered for judging its results: lists of columns stand at
/// the beginning, and generated data behind it.
const TEXT_KEPT: usize = 64 << 10;
/// Statements under way. A pipeline of more is judged without their texts.
const OPEN_MAX: usize = 4096;

/// The statements under way, by connection and number.
#[derive(Default)]
pub(super) struct Asked {
    open: Opens,
    repeats: Repeats,
    tables: Tables,
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asked({} statements)", self.open.len())
    }
}

/// What was asked, and what its answer is judged by.
#[derive(Default)]
struct Open {
    text: Zeroizing<String>,
    result: ResultColumns,
    copy: Option<Copy>,
}

/// What became of an exchange beside its own masking.
struct Outcome {
    /// What is told before it: the row that copied data ended in.
    before: Option<Exchange>,
    rules: Vec<RuleId>,
}

impl Pipeline {
    /// Something passed over a database connection.
    pub fn wire(&mut self, at: Micros, wire: Box<Wire>) {
        if self.paused.is_some() {
            return;
        }
        self.at(at);
        self.commands.asks().see(&wire.what);
        self.pass_wire(at, wire);
        self.release();
    }

    /// Notes `wire` behind all bytes so far, without its secrets.
    pub(super) fn pass_wire(&mut self, at: Micros, mut wire: Box<Wire>) {
        if !matches!(wire.what, Exchange::Statement(_)) {
            self.lag.answered(self.now);
        } else if let Some(past) = self.lag.asked() {
            self.scanner.shown(past == Past::Seen);
        }
        let Outcome { before, rules } = self.asked.mask(&mut self.scanner, &mut wire);
        if let Some(what) = before {
            let connection = wire.connection;
            self.note_now(Note::Wire(at, Box::new(Wire { connection, what })));
        }
        // Nothing of copied data may be whole yet.
        if !matches!(&wire.what, Exchange::Copied { text, .. } if text.is_empty()) {
            self.note_now(Note::Wire(at, wire));
        }
        for rule in rules {
            self.note_now(Note::Masked(self.now, rule.as_str()));
        }
    }
}

impl Asked {
    /// Masks `wire` where it stands.
    fn mask(&mut self, scanner: &mut Scanner, wire: &mut Wire) -> Outcome {
        let Wire { connection, what } = wire;
        let connection = *connection;
        let key = what.statement().map(|number| (connection, number));
        let mut masking = Masking {
            scanner,
            repeats: &mut self.repeats,
            tables: &mut self.tables,
            connection,
            rules: Vec::new(),
        };
        let mut before = None;
        match what {
            Exchange::Opened(opened) => {
                masking.value(&mut opened.user);
                masking.value(&mut opened.database);
            }
            Exchange::Setting { name, value } => {
                // Its tables have the same names and are others.
                if name == "database" {
                    masking.tables.forget(connection);
                }
                masking.value(value);
            }
            Exchange::Statement(statement) => {
                let open = masking.statement(statement);
                if let Some(key) = key.filter(|_| self.open.len() < OPEN_MAX) {
                    self.open.insert(key, open);
                }
            }
            Exchange::Columns { columns, .. } => {
                if let Some(open) = at(&mut self.open, key) {
                    open.result = masking.columns(&open.text, columns);
                }
            }
            Exchange::Rows { rows, .. } => {
                let mut unknown = ResultColumns::default();
                let open = at(&mut self.open, key);
                let result = open.map_or(&mut unknown, |open| &mut open.result);
                masking.scanner.rows(result, rows.len());
                rows.iter_mut().for_each(|row| masking.row(result, row));
            }
            Exchange::Copied { text, .. } => {
                let mut unknown = Open::default();
                let open = at(&mut self.open, key).unwrap_or(&mut unknown);
                masking.copied(open, text);
            }
            Exchange::Complete(complete) => {
                if let Some(open) = at(&mut self.open, key) {
                    masking.scanner.complete(&open.result, complete.rows_cut);
                }
                before = at(&mut self.open, key).and_then(|open| masking.rest(open));
            }
            Exchange::End(end) => {
                let mut open = key
                    .and_then(|key| self.open.remove(&key))
                    .unwrap_or_default();
                masking.scanner.complete(&open.result, 0);
                before = masking.rest(&mut open);
                if end.error.is_none() {
                    masking.tables.done(connection, &open.text);
                }
                if let Some(error) = &mut end.error {
                    masking.report(error, &open.text);
                }
            }
            Exchange::Notice { report, .. } => {
                let unknown = Open::default();
                let open = key.and_then(|key| self.open.get(&key)).unwrap_or(&unknown);
                masking.report(report, &open.text);
            }
            Exchange::Notification { payload, .. } => masking.value(payload),
            Exchange::Closed { error } => {
                self.open.retain(|(of, _), _| *of != connection);
                masking.tables.forget(connection);
                if let Some(error) = error {
                    masking.report(error, "");
                }
            }
        }
        let rest = before
            .zip(key)
            .map(|(text, (_, statement))| Exchange::Copied {
                statement,
                inward: false,
                text,
            });
        Outcome {
            before: rest,
            rules: masking.rules,
        }
    }
}

type Opens = HashMap<(u32, u32), Open>;

fn at(open: &mut Opens, key: Option<(u32, u32)>) -> Option<&mut Open> {
    open.get_mut(&key?)
}

/// An exchange being masked.
struct Masking<'a> {
    scanner: &'a mut Scanner,
    repeats: &'a mut Repeats,
    tables: &'a mut Tables,
    connection: u32,
    rules: Vec<RuleId>,
}

impl Masking<'_> {
    fn put(&mut self, text: &mut String, covered: Option<Covered>) {
        if let Some(covered) = covered {
            *text = String::from_utf8_lossy(&covered.text).into_owned();
            self.rules.extend(covered.rules);
        }
    }

    fn value(&mut self, text: &mut String) {
        let covered = self.scanner.message(text.as_bytes(), b"");
        self.put(text, covered);
    }

    fn statement(&mut self, statement: &mut Statement) -> Open {
        // Values whose columns are known are judged by them, also where the statement names none.
        let named = self.tables.name(self.connection, &statement.text);
        let judged = named
            .as_ref()
            .map_or(&*statement.text, |named| &*named.text);
        self.scanner.copies(judged.as_bytes());
        let key = repeats::statement(judged);
        let mut parameters = self.repeats.parameters(key);
        let fresh = parameters.is_none() && !statement.parameters.is_empty();
        if fresh {
            parameters = Some(Arc::new(self.scanner.parameters(judged.as_bytes())));
        }
        let slots = parameters.clone().unwrap_or_default();
        for (n, parameter) in statement.parameters.iter_mut().enumerate() {
            if let Value::Text(text) | Value::Cut { text, .. } = &mut parameter.value {
                let covered = self.scanner.parameter(&slots, n, text.as_bytes());
                self.put(text, covered);
            }
        }
        // What the parameters taught is known by now.
        let known = self.repeats.is_clean(key, self.scanner.knows());
        let rules = self.rules.len();
        let text = match (named, known) {
            (None, true) => Zeroizing::new(statement.text.clone()),
            (None, false) => self.statement_text(&mut statement.text),
            (Some(named), true) => named.text,
            (Some(named), false) => self.named_text(&mut statement.text, named),
        };
        if (fresh || !known) && self.rules.len() == rules {
            self.repeats.clean(key, self.scanner.knows(), parameters);
        }
        let prepared = self.statement_text(&mut statement.prepared);
        // What an EXECUTE gives is judged by what it executes.
        let mut text = if prepared.is_empty() { text } else { prepared };
        let mut ends = (0..=text.len().min(TEXT_KEPT)).rev();
        let end = ends.find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        let name = self.scanner.message(statement.name.as_bytes(), b"");
        self.put(&mut statement.name, name);
        Open {
            text,
            result: ResultColumns::default(),
            copy: None,
        }
    }

    /// Masks a statement's text; gives what it was.
    fn statement_text(&mut self, text: &mut String) -> Zeroizing<String> {
        if text.is_empty() {
            return Zeroizing::default();
        }
        let covered = self.scanner.statement(text.as_bytes());
        let before = Zeroizing::new(match &covered {
            Some(_) => std::mem::take(text),
            None => text.clone(),
        });
        self.put(text, covered);
        before
    }

    /// As [`Self::statement_text`], with the names of the columns that it does not name; gives it
    /// with them, for what is copied is judged by them too.
    fn named_text(&mut self, text: &mut String, named: Named) -> Zeroizing<String> {
        let covered = self.scanner.statement(named.text.as_bytes());
        let covered = covered.map(|covered| Covered {
            text: named.without(covered.text),
            ..covered
        });
        if covered.is_some() {
            text.zeroize();
        }
        self.put(text, covered);
        named.text
    }

    fn columns(&mut self, statement: &str, columns: &mut [wire::Column]) -> ResultColumns {
        self.tables.result(self.connection, statement, columns);
        let key = repeats::result(statement, columns);
        if let Some(result) = self.repeats.result(key, self.scanner.knows()) {
            return result;
        }
        let known: Vec<Column<'_>> = columns
            .iter()
            .map(|column| Column {
                name: &column.name,
                origin: "",
                table: &column.table,
                kind: &column.type_name,
            })
            .collect();
        let result = self.scanner.result(statement.as_bytes(), &known);
        // A column without a name of its own is named by its expression.
        let rules = self.rules.len();
        for column in columns {
            self.value(&mut column.name);
        }
        if self.rules.len() == rules {
            self.repeats.judged(key, self.scanner.knows(), &result);
        }
        result
    }

    fn row(&mut self, result: &mut ResultColumns, row: &mut Row) {
        let cells = row.iter().map(|v| v.text().map(str::as_bytes));
        let mut found = Vec::new();
        self.scanner
            .row(result, cells, |n, covered| found.push((n, covered)));
        for (n, covered) in found {
            if let Some(Value::Text(text) | Value::Cut { text, .. }) = row.get_mut(n) {
                self.put(text, Some(covered));
            }
        }
    }

    /// Masks the rows that are whole.
    fn copied(&mut self, open: &mut Open, text: &mut String) {
        let Open { text: of, copy, .. } = open;
        // What was binary is told as text.
        let begin = || self.scanner.copy(of.as_bytes()).told_as_text();
        let copy = copy.get_or_insert_with(begin);
        let mut out = Vec::new();
        let rules = self.scanner.copy_data(copy, text.as_bytes(), &mut out);
        self.rules.extend(rules);
        *text = String::from_utf8_lossy(&out).into_owned();
    }

    /// The row that copied data ended in.
    fn rest(&mut self, open: &mut Open) -> Option<String> {
        let mut copy = open.copy.take()?;
        let mut out = Vec::new();
        let rules = self.scanner.copy_end(&mut copy, &mut out);
        self.rules.extend(rules);
        (!out.is_empty()).then(|| String::from_utf8_lossy(&out).into_owned())
    }

    fn report(&mut self, report: &mut Report, statement: &str) {
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
            let covered = self.scanner.message(text.as_bytes(), statement.as_bytes());
            self.put(text, covered);
        }
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
