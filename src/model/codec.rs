//! Events as bytes, the plaintext of a piece.
//!
//! One line of JSON an event, `{"t":MICROS,"k":KIND,…}`. Where the line has `"n"`, that many raw
//! bytes and one newline follow. So `age -d | zstd -d` of a piece can be read by eye, and the
//! terminal's bytes stand in it unchanged.

use super::wire::{Exchange, Row, Wire};
use super::{Body, Command, Event, Exit, Gap, Micros, Size};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::io::Write as _;

/// The longest body an event may claim (16 MiB); a longer one is a damaged or hostile piece.
pub const BODY_MAX: usize = 16 << 20;
/// The longest header line; a command line and its prompt are the largest things in one.
pub const HEADER_MAX: usize = 4 << 20;

/// Why bytes are no event stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEvent {
    /// The header is no JSON object with `t` and `k`, or misses what its kind needs.
    #[error("an event's header is malformed")]
    Header,
    /// A length beyond [`BODY_MAX`] or [`HEADER_MAX`].
    #[error("an event claims to be larger than any event may be")]
    TooLarge,
    /// The bytes end inside an event.
    #[error("the piece ends inside an event")]
    Truncated,
}

#[derive(Serialize, Deserialize)]
struct Header {
    t: Micros,
    k: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    n: Option<usize>,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

/// The header of a frequent kind, read without building a tree of it. What does not fit it is read
/// as a [`Header`].
#[derive(Deserialize)]
struct Frequent<'a> {
    t: Micros,
    #[serde(borrow)]
    k: Cow<'a, str>,
    n: Option<usize>,
    fd: Option<u8>,
    connection: Option<u32>,
    number: Option<u32>,
    text: Option<String>,
    prompt: Option<String>,
    prompt_at: Option<Micros>,
    outcome: Option<String>,
}

/// Appends `event` to `out`.
pub fn encode(event: &Event, out: &mut Vec<u8>) {
    let t = event.at;
    match &event.body {
        Body::Output(data) => raw(out, t, "o", Map::new(), data),
        Body::Stream { fd, data } => raw(out, t, "s", one("fd", Value::from(*fd)), data),
        Body::Resize(size) => line(out, t, "r", object(size)),
        Body::Command(command) => line(out, t, "c", object(command)),
        Body::CommandEnd { number, outcome } => {
            let mut fields = one("number", Value::from(*number));
            if let Some(outcome) = outcome {
                fields.insert("outcome".into(), Value::from(outcome.as_str()));
            }
            line(out, t, "e", fields);
        }
        Body::Marker { label } => line(out, t, "m", one("label", Value::from(label.as_str()))),
        Body::Pause => line(out, t, "pause", Map::new()),
        Body::Resume => line(out, t, "resume", Map::new()),
        Body::Masked { rule, count } => {
            let mut fields = one("rule", Value::from(rule.as_str()));
            fields.insert("count".into(), Value::from(*count));
            line(out, t, "masked", fields);
        }
        Body::Gap(gap) => line(out, t, "gap", object(gap)),
        Body::Wire(wire) => {
            let Wire { connection, what } = &**wire;
            // With room for the names, and for most of the quoting.
            let mut data = Vec::with_capacity(what.size() + what.size() / 8);
            match what {
                Exchange::Rows { statement, rows } => rows_out(&mut data, *statement, rows),
                // A struct of strings and numbers always serialises; writing to a Vec cannot fail.
                _ => drop(serde_json::to_writer(&mut data, what)),
            }
            // The most frequent kind by far where a database is busy: without a tree of the header.
            let (t, n) = (t.0, data.len());
            for (name, number) in [
                (&br#"{"t":"#[..], t),
                (br#","k":"w","n":"#, n as u64),
                (br#","connection":"#, u64::from(*connection)),
            ] {
                out.extend_from_slice(name);
                // By the library's own way, which is several times faster than a formatter.
                let _ = serde_json::to_writer(&mut *out, &number);
            }
            out.extend_from_slice(b"}\n");
            out.extend_from_slice(&data);
            out.push(b'\n');
        }
        Body::Exit(exit) => line(out, t, "x", object(exit)),
        Body::Other { kind, fields, data } => {
            let fields = serde_json::from_str(fields).unwrap_or_default();
            if data.is_empty() {
                line(out, t, kind, fields);
            } else {
                raw(out, t, kind, fields, data);
            }
        }
    }
}

/// Rows as the derived serialisation writes them, which looks at each byte of each value by itself
/// and takes most of the time where a database is busy.
fn rows_out(out: &mut Vec<u8>, statement: u32, rows: &[Row]) {
    let _ = write!(out, r#"{{"what":"rows","statement":{statement},"rows":["#);
    for (n, row) in rows.iter().enumerate() {
        out.extend_from_slice(if n == 0 { b"[" } else { b",[" });
        for (n, value) in row.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            match value {
                super::wire::Value::Text(text) if is_plain(text) => {
                    out.push(b'"');
                    out.extend_from_slice(text.as_bytes());
                    out.push(b'"');
                }
                value => drop(serde_json::to_writer(&mut *out, value)),
            }
        }
        out.push(b']');
    }
    out.extend_from_slice(b"]}");
}

/// Whether `text` stands in JSON as it is. Without a branch for each byte, so that many are looked at
/// at a time.
fn is_plain(text: &str) -> bool {
    let quoted = |any: bool, c: u8| any | (c < b' ') | (c == b'"') | (c == b'\\');
    !text.bytes().fold(false, quoted)
}

fn one(key: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(key.to_owned(), value)])
}

fn object<T: Serialize>(value: &T) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn line(out: &mut Vec<u8>, t: Micros, k: &str, fields: Map<String, Value>) {
    header(out, t, k, None, fields);
}

fn raw(out: &mut Vec<u8>, t: Micros, k: &str, fields: Map<String, Value>, data: &[u8]) {
    header(out, t, k, Some(data.len()), fields);
    out.extend_from_slice(data);
    out.push(b'\n');
}

fn header(out: &mut Vec<u8>, t: Micros, k: &str, n: Option<usize>, fields: Map<String, Value>) {
    let header = Header {
        t,
        k: k.to_owned(),
        n,
        fields,
    };
    // A struct of strings and numbers always serialises; writing to a Vec cannot fail.
    if serde_json::to_writer(&mut *out, &header).is_ok() {
        out.push(b'\n');
    }
}

/// The first event of `bytes` and what follows it; `None` when `bytes` is empty.
///
/// # Errors
/// Damaged or hostile bytes; nothing after them can be trusted.
pub fn decode(bytes: &[u8]) -> Result<Option<(Event, &[u8])>, BadEvent> {
    next(bytes, false)
}

/// As [`decode`], but events of result rows have none in them: for who does not look at them, since
/// reading them takes most of the time.
///
/// # Errors
/// As [`decode`].
pub fn decode_without_rows(bytes: &[u8]) -> Result<Option<(Event, &[u8])>, BadEvent> {
    next(bytes, true)
}

fn next(bytes: &[u8], skip_rows: bool) -> Result<Option<(Event, &[u8])>, BadEvent> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let window = bytes.get(..HEADER_MAX).unwrap_or(bytes);
    let end = memchr::memchr(b'\n', window).ok_or(if window.len() == bytes.len() {
        BadEvent::Truncated
    } else {
        BadEvent::TooLarge
    })?;
    let (head, rest) = bytes.split_at(end);
    let rest = rest.get(1..).unwrap_or_default();
    if let Ok(header) = serde_json::from_slice::<Frequent<'_>>(head) {
        let (t, n) = (header.t, header.n);
        let (data, after) = split(rest, n)?;
        if let Some(body) = frequent(header, data, skip_rows) {
            return Ok(Some((Event { at: t, body }, after)));
        }
    }
    let header: Header = serde_json::from_slice(head).map_err(|_| BadEvent::Header)?;
    let (data, rest) = split(rest, header.n)?;
    let body = body(&header.k, header.fields, data)?;
    Ok(Some((Event { at: header.t, body }, rest)))
}

/// The `n` raw bytes behind a header, and what follows their newline.
fn split(rest: &[u8], n: Option<usize>) -> Result<(&[u8], &[u8]), BadEvent> {
    let Some(n) = n else {
        return Ok((&[], rest));
    };
    if n > BODY_MAX {
        return Err(BadEvent::TooLarge);
    }
    let data = rest.get(..n).ok_or(BadEvent::Truncated)?;
    match rest.get(n) {
        Some(b'\n') => Ok((data, rest.get(n + 1..).unwrap_or_default())),
        Some(_) => Err(BadEvent::Header),
        None => Err(BadEvent::Truncated),
    }
}

/// The body of a frequent kind; `None` for another, and where something is missing.
fn frequent(header: Frequent<'_>, data: &[u8], skip_rows: bool) -> Option<Body> {
    Some(match &*header.k {
        "o" => Body::Output(data.to_vec()),
        "s" => Body::Stream {
            fd: header.fd?,
            data: data.to_vec(),
        },
        "c" => Body::Command(Command {
            number: header.number?,
            text: header.text?,
            prompt: header.prompt?,
            prompt_at: header.prompt_at?,
        }),
        "e" => Body::CommandEnd {
            number: header.number?,
            outcome: header.outcome,
        },
        "w" => {
            let skipped = skip_rows.then(|| rows_of(data)).flatten();
            let what = match skipped {
                Some(rows) => rows,
                None => serde_json::from_slice(data).ok()?,
            };
            Body::wire(header.connection?, what)
        }
        _ => return None,
    })
}

/// Rows without their values, if `data` speaks of rows as [`encode`] writes them.
fn rows_of(data: &[u8]) -> Option<Exchange> {
    let rest = data.strip_prefix(br#"{"what":"rows","statement":"#)?;
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let (number, rest) = rest.split_at_checked(digits)?;
    rest.strip_prefix(br#","rows":["#)?;
    Some(Exchange::Rows {
        statement: std::str::from_utf8(number).ok()?.parse().ok()?,
        rows: Vec::new(),
    })
}

/// Every event of a piece.
///
/// # Errors
/// As [`decode`].
pub fn decode_all(mut bytes: &[u8]) -> Result<Vec<Event>, BadEvent> {
    let mut events = Vec::new();
    while let Some((event, rest)) = decode(bytes)? {
        events.push(event);
        bytes = rest;
    }
    Ok(events)
}

fn body(kind: &str, fields: Map<String, Value>, data: &[u8]) -> Result<Body, BadEvent> {
    fn typed<T: serde::de::DeserializeOwned>(fields: Map<String, Value>) -> Result<T, BadEvent> {
        serde_json::from_value(Value::Object(fields)).map_err(|_| BadEvent::Header)
    }
    let text = |key: &str| {
        let value = fields.get(key).and_then(Value::as_str);
        value.map(str::to_owned).ok_or(BadEvent::Header)
    };
    let number = |key: &str| {
        let value = fields.get(key).and_then(Value::as_u64);
        value
            .and_then(|n| u32::try_from(n).ok())
            .ok_or(BadEvent::Header)
    };
    Ok(match kind {
        "o" => Body::Output(data.to_vec()),
        "s" => Body::Stream {
            fd: u8::try_from(number("fd")?).map_err(|_| BadEvent::Header)?,
            data: data.to_vec(),
        },
        "r" => Body::Resize(typed::<Size>(fields)?),
        "c" => Body::Command(typed::<Command>(fields)?),
        "e" => Body::CommandEnd {
            number: number("number")?,
            outcome: text("outcome").ok(),
        },
        "m" => Body::Marker {
            label: text("label")?,
        },
        "pause" => Body::Pause,
        "resume" => Body::Resume,
        "masked" => Body::Masked {
            rule: text("rule")?,
            count: number("count")?,
        },
        "gap" => Body::Gap(typed::<Gap>(fields)?),
        "x" => Body::Exit(typed::<Exit>(fields)?),
        "w" => match serde_json::from_slice::<Exchange>(data) {
            Ok(what) => Body::wire(number("connection")?, what),
            // Of a kind this version does not know: kept as it stands.
            Err(_) => other(kind, fields, data),
        },
        _ => other(kind, fields, data),
    })
}

fn other(kind: &str, fields: Map<String, Value>, data: &[u8]) -> Body {
    Body::Other {
        kind: kind.to_owned(),
        fields: Value::Object(fields).to_string(),
        data: data.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GapKind;
    use crate::model::wire;

    fn samples() -> Vec<Event> {
        let bodies = vec![
            Body::Output(b"\x1b[1mhi\x00\xff\n\r\n".to_vec()),
            Body::Output(Vec::new()),
            Body::Stream {
                fd: 2,
                data: b"warn\n".to_vec(),
            },
            Body::Resize(Size {
                cols: 120,
                rows: 40,
            }),
            Body::Command(Command {
                number: 1,
                text: "select 1\nfrom t;".into(),
                prompt: "app=> ".into(),
                prompt_at: Micros(5),
            }),
            Body::CommandEnd {
                number: 1,
                outcome: Some("ERROR 42703".into()),
            },
            Body::CommandEnd {
                number: 2,
                outcome: None,
            },
            Body::Marker {
                label: String::new(),
            },
            Body::Pause,
            Body::Resume,
            Body::Masked {
                rule: "pg-password".into(),
                count: 2,
            },
            Body::Gap(Gap {
                kind: GapKind::Dropped,
                bytes: 9,
                detail: "queue full".into(),
            }),
            Body::Exit(Exit {
                code: 143,
                signal: Some(15),
            }),
            Body::wire(
                2,
                Exchange::Statement(wire::Statement {
                    number: 7,
                    kind: wire::Kind::Prepared,
                    text: "select $1".into(),
                    cut: 0,
                    name: "s1".into(),
                    prepared: String::new(),
                    parameters: vec![wire::Parameter {
                        type_name: "int4".into(),
                        value: wire::Value::Text("5".into()),
                    }],
                }),
            ),
            Body::wire(
                2,
                Exchange::Rows {
                    statement: 7,
                    rows: vec![vec![
                        wire::Value::Null,
                        wire::Value::Text("a\n\u{1b}".into()),
                        wire::Value::Cut {
                            text: "b".into(),
                            length: 1 << 30,
                        },
                    ]],
                },
            ),
            Body::wire(
                2,
                Exchange::End(wire::End {
                    statement: 7,
                    first: Some(Micros(9)),
                    error: Some(wire::Report {
                        code: "23505".into(),
                        ..wire::Report::default()
                    }),
                    transaction: Some(wire::Transaction::Failed),
                    skipped: false,
                }),
            ),
            Body::Other {
                kind: "future".into(),
                fields: r#"{"a":1}"#.into(),
                data: b"x".to_vec(),
            },
        ];
        let events = bodies.into_iter().zip(0..);
        events
            .map(|(body, t)| Event {
                at: Micros(t * 1000),
                body,
            })
            .collect()
    }

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        samples().iter().for_each(|event| encode(event, &mut bytes));
        assert_eq!(decode_all(&bytes), Ok(samples()));
    }

    #[test]
    fn every_cut_is_an_error_or_whole_events_never_a_panic() {
        let mut bytes = Vec::new();
        samples().iter().for_each(|event| encode(event, &mut bytes));
        for cut in 0..bytes.len() {
            if let Ok(events) = decode_all(&bytes[..cut]) {
                assert_eq!(events, samples()[..events.len()], "cut at {cut}");
            }
        }
    }

    #[test]
    fn an_exchange_of_an_unknown_kind_is_kept() {
        let bytes = b"{\"t\":5,\"k\":\"w\",\"n\":16,\"connection\":1}\n{\"what\":\"dream\"}\n";
        let events = decode_all(bytes).unwrap();
        let [
            Event {
                body: Body::Other { kind, .. },
                ..
            },
        ] = events.as_slice()
        else {
            panic!("{events:?}");
        };
        assert_eq!(kind, "w");
        let mut again = Vec::new();
        events.iter().for_each(|event| encode(event, &mut again));
        assert_eq!(decode_all(&again).unwrap(), events);
    }

    #[test]
    fn a_hostile_length_is_refused() {
        assert_eq!(
            decode(br#"{"t":0,"k":"o","n":99999999999}"#),
            Err(BadEvent::Truncated)
        );
        let claim = b"{\"t\":0,\"k\":\"o\",\"n\":99999999999}\n";
        assert_eq!(decode(claim), Err(BadEvent::TooLarge));
    }

    #[test]
    fn without_rows_all_else_is_the_same() {
        for event in samples() {
            let mut bytes = Vec::new();
            encode(&event, &mut bytes);
            let (mut brief, rest) = decode_without_rows(&bytes).unwrap().unwrap();
            assert!(rest.is_empty());
            if let Body::Wire(wire) = &mut brief.body
                && let Exchange::Rows { statement, rows } = &mut wire.what
            {
                assert_eq!((*statement, rows.len()), (7, 0));
                continue;
            }
            assert_eq!(brief, event);
        }
    }

    proptest::proptest! {
        /// Rows are written without the derived serialisation, and no differently.
        #[test]
        fn rows_are_written_as_they_are_derived(
            rows in proptest::collection::vec(
                proptest::collection::vec(("[ -~äß€😀\u{0}-\u{1f}\u{7f}\u{2028}]{0,40}", 0..4), 0..4),
                0..4,
            ),
        ) {
            let value = |(text, kind)| match kind {
                0 => wire::Value::Null,
                1 => wire::Value::Cut { text, length: 1 << 40 },
                _ => wire::Value::Text(text),
            };
            let rows: Vec<wire::Row> = rows
                .into_iter()
                .map(|row| row.into_iter().map(value).collect())
                .collect();
            let mut own = Vec::new();
            rows_out(&mut own, 7, &rows);
            let what = Exchange::Rows { statement: 7, rows };
            proptest::prop_assert_eq!(own, serde_json::to_vec(&what).unwrap());
        }
    }
}
