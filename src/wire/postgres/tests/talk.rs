//! A conversation, and what is made of it as lines a person can read.

use super::super::{Decoder, Side};
use crate::model::Micros;
use crate::model::wire::{Exchange, Kind, Report, Row, Value};
use crate::wire::{Decoder as _, Limits, Seen};

/// A message with a kind.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

/// Text with its zero byte.
pub fn text(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}

pub fn startup(parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut body = vec![0, 3, 0, 0];
    for (name, value) in parameters {
        body.extend(text(name));
        body.extend(text(value));
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).unwrap();
    [&length.to_be_bytes()[..], &body].concat()
}

pub fn query(sql: &str) -> Vec<u8> {
    message(b'Q', &text(sql))
}

pub fn parse(name: &str, sql: &str, types: &[u32]) -> Vec<u8> {
    let count = u16::try_from(types.len()).unwrap().to_be_bytes();
    let types: Vec<u8> = types.iter().flat_map(|oid| oid.to_be_bytes()).collect();
    message(
        b'P',
        &[&text(name)[..], &text(sql), &count, &types].concat(),
    )
}

pub fn cells(cells: &[Option<&[u8]>]) -> Vec<u8> {
    let mut body = u16::try_from(cells.len()).unwrap().to_be_bytes().to_vec();
    for cell in cells {
        match cell {
            None => body.extend((-1_i32).to_be_bytes()),
            Some(bytes) => {
                body.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
                body.extend(*bytes);
            }
        }
    }
    body
}

pub fn formats(formats: &[i16]) -> Vec<u8> {
    let mut body = u16::try_from(formats.len()).unwrap().to_be_bytes().to_vec();
    body.extend(formats.iter().flat_map(|format| format.to_be_bytes()));
    body
}

/// Bind with everything in one format.
pub fn bind(portal: &str, name: &str, binary: bool, values: &[Option<&[u8]>]) -> Vec<u8> {
    let one = formats(&[i16::from(binary)]);
    let body = [&text(portal)[..], &text(name), &one, &cells(values), &one];
    message(b'B', &body.concat())
}

pub fn describe(what: u8, name: &str) -> Vec<u8> {
    message(b'D', &[&[what][..], &text(name)].concat())
}

pub fn execute(portal: &str, rows: u32) -> Vec<u8> {
    message(b'E', &[&text(portal)[..], &rows.to_be_bytes()].concat())
}

pub fn close(what: u8, name: &str) -> Vec<u8> {
    message(b'C', &[&[what][..], &text(name)].concat())
}

pub fn sync() -> Vec<u8> {
    message(b'S', b"")
}

/// RowDescription: name, type, format.
pub fn columns(columns: &[(&str, u32, i16)]) -> Vec<u8> {
    let mut body = u16::try_from(columns.len()).unwrap().to_be_bytes().to_vec();
    for (name, oid, format) in columns {
        body.extend(text(name));
        body.extend([0, 0, 0, 0, 0, 0]);
        body.extend(oid.to_be_bytes());
        body.extend([0, 4, 255, 255, 255, 255]);
        body.extend(format.to_be_bytes());
    }
    message(b'T', &body)
}

pub fn row(values: &[Option<&[u8]>]) -> Vec<u8> {
    message(b'D', &cells(values))
}

pub fn complete(tag: &str) -> Vec<u8> {
    message(b'C', &text(tag))
}

pub fn ready(status: u8) -> Vec<u8> {
    message(b'Z', &[status])
}

pub fn report(kind: u8, severity: &str, code: &str, what: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for (field, value) in [('S', "x"), ('V', severity), ('C', code), ('M', what)] {
        body.push(u8::try_from(field).unwrap());
        body.extend(text(value));
    }
    body.push(0);
    message(kind, &body)
}

pub fn error(code: &str, what: &str) -> Vec<u8> {
    report(b'E', "ERROR", code, what)
}

pub fn parameter(name: &str, value: &str) -> Vec<u8> {
    message(b'S', &[text(name), text(value)].concat())
}

/// Who said what, in turn.
#[derive(Default)]
pub struct Talk {
    said: Vec<(Side, Vec<u8>)>,
    limits: Limits,
    end: bool,
}

impl Talk {
    /// From the beginning.
    pub fn new() -> Talk {
        Talk::default()
    }

    /// A session whose start is over, and not in what is read.
    pub fn ready() -> Talk {
        Talk::new()
            .client(&[startup(&[("user", "u")])])
            .server(&[ready(b'I')])
    }

    pub fn limits(mut self, rows: u64, bytes: u64) -> Talk {
        self.limits = Limits { rows, bytes };
        self
    }

    pub fn client(mut self, messages: &[Vec<u8>]) -> Talk {
        self.said.push((Side::Client, messages.concat()));
        self
    }

    pub fn server(mut self, messages: &[Vec<u8>]) -> Talk {
        self.said.push((Side::Server, messages.concat()));
        self
    }

    /// The connection ends.
    pub fn end(mut self) -> Talk {
        self.end = true;
        self
    }

    fn play(&self, mut piece: impl FnMut(usize, &[u8]) -> Vec<usize>) -> Vec<String> {
        let mut decoder = Decoder::new(self.limits);
        let mut seen = Vec::new();
        let mut now = 0;
        let mut at = Micros(0);
        for (side, bytes) in &self.said {
            at = Micros(at.0 + 1000);
            let mut start = 0;
            for end in piece(now, bytes) {
                match side {
                    Side::Client => decoder.client(at, &bytes[start..end]),
                    Side::Server => decoder.server(at, &bytes[start..end]),
                }
                start = end;
                seen.extend(decoder.take());
            }
            now += bytes.len();
        }
        if self.end {
            decoder.closed(Micros(at.0 + 1000));
            seen.extend(decoder.take());
        }
        lines(&seen)
    }

    /// What is seen, however the bytes come.
    pub fn lines(&self) -> Vec<String> {
        let whole = self.play(|_, bytes| vec![bytes.len()]);
        let single = self.play(|_, bytes| (1..=bytes.len()).collect());
        assert_eq!(whole, single, "byte by byte");
        let total: usize = self.said.iter().map(|(_, bytes)| bytes.len()).sum();
        for cut in (1..total).take(5000) {
            let parts = self.play(|start, bytes| match cut.checked_sub(start) {
                Some(within) if within > 0 && within < bytes.len() => vec![within, bytes.len()],
                _ => vec![bytes.len()],
            });
            assert_eq!(whole, parts, "cut at {cut}");
        }
        whole
    }

    /// Asserts what is seen, one line each.
    #[track_caller]
    pub fn sees(self, expected: &str) {
        let lines = self.lines();
        let expected: Vec<&str> = expected.lines().map(str::trim).collect();
        let expected: Vec<&str> = expected.into_iter().filter(|l| !l.is_empty()).collect();
        assert_eq!(lines, expected, "\n{}\n", lines.join("\n"));
    }
}

/// What was seen, as lines. Rows and copied lines that came in pieces are put together.
fn lines(seen: &[(Micros, Seen)]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (at, seen) in seen {
        let at = at.0 / 1000;
        let what = match seen {
            Seen::Gap(gap) => {
                lines.push(format!("{at} gap: {}", gap.detail));
                continue;
            }
            Seen::Exchange(what) => what,
        };
        match what {
            Exchange::Opened(o) => {
                let line = format!(
                    "{at} opened {} {} {} {}",
                    o.protocol, o.server, o.user, o.database
                );
                // Every conversation begins with it; only its own test looks at it.
                if o.user != "u" {
                    lines.push(line);
                }
            }
            Exchange::Setting { name, value } => lines.push(format!("{at} {name}={value}")),
            Exchange::Statement(s) => {
                let kind = match s.kind {
                    Kind::Text => "text",
                    Kind::Prepared => "prepared",
                    Kind::Prepare => "prepare",
                    Kind::Function => "function",
                    Kind::Command => "command",
                };
                let mut line = format!("{at} #{} {kind} [{}]", s.number, s.text);
                if s.cut > 0 {
                    line += &format!(" cut {}", s.cut);
                }
                if !s.name.is_empty() {
                    line += &format!(" named {}", s.name);
                }
                if !s.prepared.is_empty() {
                    line += &format!(" executes [{}]", s.prepared);
                }
                for p in &s.parameters {
                    line += &format!(" {}:{}", p.type_name, value(&p.value));
                }
                lines.push(line);
            }
            Exchange::Columns { statement, columns } => {
                let columns: Vec<String> = columns
                    .iter()
                    .map(|c| format!("{}:{}", c.name, c.type_name))
                    .collect();
                lines.push(format!("{at} #{statement} columns {}", columns.join(" ")));
            }
            Exchange::Rows { statement, rows } => {
                for row in rows {
                    lines.push(format!("{at} #{statement} row {}", self::cells_line(row)));
                }
            }
            Exchange::Copied {
                statement,
                inward,
                text,
            } => {
                let way = if *inward { "in" } else { "out" };
                for line in text.split_inclusive('\n') {
                    lines.push(format!("{at} #{statement} copied {way} {line:?}"));
                }
            }
            Exchange::Complete(c) => {
                let mut line = format!("{at} #{} complete", c.statement);
                if !c.tag.is_empty() {
                    line += &format!(" {}", c.tag);
                }
                for (name, number) in [
                    ("rows", c.rows),
                    ("rows cut", c.rows_cut),
                    ("bytes cut", c.bytes_cut),
                ] {
                    if number > 0 {
                        line += &format!(", {name} {number}");
                    }
                }
                if let Some(affected) = c.affected {
                    line += &format!(", affected {affected}");
                }
                if c.suspended {
                    line += ", suspended";
                }
                lines.push(line);
            }
            Exchange::End(e) => {
                let mut line = format!("{at} #{} end", e.statement);
                if let Some(first) = e.first {
                    line += &format!(", first {}", first.0 / 1000);
                }
                if let Some(report) = &e.error {
                    line += &format!(", {}", report_line(report));
                }
                if let Some(transaction) = e.transaction {
                    line += &format!(", {transaction:?}");
                }
                if e.skipped {
                    line += ", skipped";
                }
                lines.push(line);
            }
            Exchange::Notice { statement, report } => {
                let of = statement.map_or_else(String::new, |n| format!("#{n} "));
                lines.push(format!("{at} {of}notice {}", report_line(report)));
            }
            Exchange::Notification { channel, payload } => {
                lines.push(format!("{at} notification {channel}: {payload}"));
            }
            Exchange::Closed { error } => {
                let error = error.as_ref().map(|e| format!(", {}", report_line(e)));
                lines.push(format!("{at} closed{}", error.unwrap_or_default()));
            }
        }
    }
    lines
        .iter()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

fn report_line(report: &Report) -> String {
    format!("{} {} {}", report.severity, report.code, report.message)
}

fn value(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Text(text) => text.clone(),
        Value::Cut { text, length } => format!("{}… of {length}", text.len()),
    }
}

fn cells_line(row: &Row) -> String {
    row.iter().map(value).collect::<Vec<_>>().join("|")
}
