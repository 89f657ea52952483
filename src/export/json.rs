//! JSON for scripts: the objects that the reading verbs print, and JSON lines of a session.
//!
//! These names are an interface: they may grow, and never change.

use super::Encoder;
use super::moments::ROWS_KEEP;
use crate::model::{Event, GapKind, Meta, Size, Status, Summary, when};
use crate::timeline::{Builder, Command, Part, PartOf, Statement, Timeline};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Output of one command that JSON lines hold (64 MiB); the rest is counted in `output_cut`.
pub const OUTPUT_MAX: usize = 64 << 20;

/// A session as `ls`, `show` and `search` print it; `commands` is a count.
pub fn session_json(meta: &Meta, summary: &Summary, status: Status) -> Map<String, Value> {
    let target = &meta.target;
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("id", json!(meta.id.hex()));
    put("client", json!(meta.client));
    put("target", json!(target.label()));
    put("started", json!(rfc3339(meta)));
    put("duration_ms", json!(summary.duration.millis()));
    put("status", json!(status));
    put("exit", json!(summary.exit.map(|exit| exit.code)));
    put("commands", json!(summary.commands));
    put("statements", json!(summary.statements));
    put("masked", json!(summary.masked_total()));
    put("gaps", json!(summary.gaps_total()));
    put("masked_by_rule", json!(summary.masked));
    put("gaps_by_kind", gaps(summary));
    put("signal", json!(summary.exit.and_then(|exit| exit.signal)));
    put("markers", json!(summary.markers));
    put("bytes", json!(summary.bytes));
    put("command", json!(meta.command));
    put("host", json!(target.host));
    put("port", json!(target.port));
    put("database", json!(target.database));
    put("user", json!(target.user));
    put("machine", json!(meta.machine));
    put("directory", json!(meta.directory));
    put("cols", json!(meta.size.cols));
    put("rows", json!(meta.size.rows));
    object
}

/// A command as `show` prints it, with the statements that it sent.
pub fn command_json(command: &Command, sent: &[Statement]) -> Map<String, Value> {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("number", json!(command.number));
    put("text", json!(command.text));
    put("at_ms", json!(command.at.millis()));
    let took = command.took(sent);
    let took = took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    put("duration_ms", json!(took));
    put("outcome", json!(command.outcome));
    put("failed", json!(command.failed()));
    put("prompt", json!(command.prompt));
    put("masked", json!(command.masked));
    object
}

/// A statement as `show` prints it.
pub fn statement_json(statement: &Statement) -> Map<String, Value> {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    let millis = when::millis;
    put("number", json!(statement.number));
    put("connection", json!(statement.connection));
    put("command", json!(statement.command));
    put("kind", json!(statement.kind));
    put("text", json!(statement.text));
    put("prepared", json!(statement.prepared));
    put("parameters", json!(statement.parameters));
    put("at_ms", json!(statement.at.0 as f64 / 1000.0));
    let first = statement.first.map(|first| first.since(statement.at));
    put("first_ms", json!(first.map(millis)));
    put("duration_ms", json!(statement.duration().map(millis)));
    put("rows", json!(statement.rows()));
    let tags = statement.results.iter();
    let tags = tags.filter_map(|result| Some(result.complete.as_ref()?.tag.as_str()));
    put("tags", json!(tags.collect::<Vec<_>>()));
    put("error", json!(statement.error));
    put("notices", json!(statement.notices));
    put("transaction", json!(statement.transaction));
    put("skipped", json!(statement.skipped));
    object
}

/// A statement's results as `show --rows` prints them: `[{"columns": […], "rows": [[…]], …}]`.
pub fn results_json(statement: &Statement) -> Value {
    let results = statement.results.iter().map(|outcome| {
        json!({
            "columns": outcome.columns,
            "rows": outcome.rows,
            "copied": outcome.copied,
            "complete": outcome.complete,
        })
    });
    results.collect()
}

fn gaps(summary: &Summary) -> Value {
    let named = summary
        .gaps
        .iter()
        .map(|(kind, count)| (name(*kind), json!(count)));
    Value::Object(named.collect())
}

fn name(kind: GapKind) -> String {
    match serde_json::to_value(kind) {
        Ok(Value::String(name)) => name,
        _ => String::new(),
    }
}

fn rfc3339(meta: &Meta) -> Option<String> {
    let millis = meta.started.0.div_euclid(1000);
    let at = Timestamp::from_millisecond(millis).ok()?;
    Some(format!("{at:.3}"))
}

/// Encodes a piece as JSON lines: `{"type":"session",…}`, then what happened, each with its type. A
/// command is followed by the statements that it sent, which name it in `command`.
pub struct JsonLines {
    session: Map<String, Value>,
    builder: Option<Builder>,
    output: String,
    cut: u64,
    gaps: usize,
}

impl JsonLines {
    /// For a piece of the session that `session` describes, on a terminal of this size.
    pub fn new(mut session: Map<String, Value>, size: Size) -> Self {
        session.insert("type".into(), json!("session"));
        JsonLines {
            session,
            builder: Some(Builder::new(size, 0).keeping_results(ROWS_KEEP)),
            output: String::new(),
            cut: 0,
            gaps: 0,
        }
    }

    fn part(&mut self, timeline: &Timeline, part: &Part, out: &mut Vec<u8>) {
        match part.of {
            PartOf::Command(n) => {
                self.gather(&part.text, part.index > 0);
                let Some(command) = timeline.commands.get(n).filter(|_| part.last) else {
                    return;
                };
                let mut object = command_json(command, timeline.statements_of(command));
                object.insert("type".into(), json!("command"));
                object.insert("output".into(), json!(std::mem::take(&mut self.output)));
                if self.cut > 0 {
                    object.insert("output_cut".into(), json!(std::mem::take(&mut self.cut)));
                }
                line(object, out);
                for statement in timeline.statements_of(command) {
                    self::statement(statement, out);
                }
            }
            PartOf::Statement(n) => {
                if let Some(statement) = timeline.statements.get(n) {
                    self::statement(statement, out);
                }
            }
            PartOf::Aside(_) => {
                let text = json!({"type": "text", "at_ms": part.at.millis(), "text": part.text});
                push(&text, out);
            }
            PartOf::Marker(_) => {
                let at = part.at.millis();
                push(
                    &json!({"type": "marker", "at_ms": at, "label": part.text}),
                    out,
                );
            }
        }
    }

    fn gather(&mut self, text: &str, more: bool) {
        if self.cut > 0 || self.output.len() + text.len() >= OUTPUT_MAX {
            let len = u64::try_from(text.len()).unwrap_or(u64::MAX);
            self.cut = self.cut.saturating_add(len);
            return;
        }
        if more {
            self.output.push('\n');
        }
        self.output.push_str(text);
    }
}

impl Encoder for JsonLines {
    fn begin(&mut self, out: &mut Vec<u8>) {
        line(std::mem::take(&mut self.session), out);
    }

    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        let Some(mut builder) = self.builder.take() else {
            return;
        };
        builder.push(event);
        let parts: Vec<Part> = builder.parts().collect();
        for part in &parts {
            self.part(builder.timeline(), part, out);
        }
        let gaps = &builder.timeline().gaps;
        for gap in gaps.iter().skip(self.gaps) {
            push(
                &json!({
                    "type": "gap",
                    "at_ms": gap.at.millis(),
                    "kind": gap.gap.kind,
                    "bytes": gap.gap.bytes,
                    "detail": gap.gap.detail,
                }),
                out,
            );
        }
        self.gaps = gaps.len();
        if parts.iter().any(|part| part.last) {
            builder.forget_results();
        }
        self.builder = Some(builder);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let Some(builder) = self.builder.take() else {
            return;
        };
        let (timeline, parts) = builder.finish();
        for part in &parts {
            self.part(&timeline, part, out);
        }
        if let Some(exit) = timeline.exit {
            let at = timeline.end.millis();
            push(
                &json!({"type": "exit", "at_ms": at, "code": exit.code, "signal": exit.signal}),
                out,
            );
        }
    }
}

fn statement(statement: &Statement, out: &mut Vec<u8>) {
    let mut object = statement_json(statement);
    object.insert("type".into(), json!("statement"));
    object.insert("results".into(), results_json(statement));
    line(object, out);
}

fn line(object: Map<String, Value>, out: &mut Vec<u8>) {
    push(&Value::Object(object), out);
}

fn push(value: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(value.to_string().as_bytes());
    out.push(b'\n');
}
