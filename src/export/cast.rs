//! asciicast v2 and v3: JSON lines, a header and then `[time, code, data]`.
//!
//! <https://docs.asciinema.org/manual/asciicast/v2/> and `/v3/`. Times of v2 are absolute, those
//! of v3 since the event before; both in seconds. Text is UTF-8: a character that was split over
//! two events is put together, bytes that are none become U+FFFD.

use super::Encoder;
use crate::model::{Body, Event, Exit, Meta, Micros, Size};
use serde_json::{Map, Value, json};

/// Which asciicast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Plays everywhere.
    V2,
    /// asciinema 3: keeps the exit status.
    V3,
}

/// Encodes a piece as an asciicast.
pub struct Cast {
    version: Version,
    header: Map<String, Value>,
    /// The time of the piece that is 0 in the cast.
    start: Micros,
    /// The time of the last line, in milliseconds as written (v3) or microseconds (v2).
    last: u64,
    /// The time of the last event.
    seen: Micros,
    decode: Decode,
    size: Size,
    /// What puts the terminal into the state that the piece begins with.
    prelude: String,
}

impl Cast {
    /// A cast of a piece that begins at `start`, on a terminal of this size, with `prelude` on it.
    pub fn new(version: Version, meta: &Meta, start: Micros, size: Size, prelude: &str) -> Self {
        let size = size.or_default();
        let mut header = Map::new();
        let stamp = meta.started.plus(start).0.div_euclid(1_000_000);
        match version {
            Version::V2 => {
                header.insert("version".into(), json!(2));
                header.insert("width".into(), json!(size.cols));
                header.insert("height".into(), json!(size.rows));
            }
            Version::V3 => {
                header.insert("version".into(), json!(3));
                let mut term = Map::new();
                term.insert("cols".into(), json!(size.cols));
                term.insert("rows".into(), json!(size.rows));
                if !meta.term.is_empty() {
                    term.insert("type".into(), json!(meta.term));
                }
                header.insert("term".into(), Value::Object(term));
            }
        }
        header.insert("timestamp".into(), json!(stamp));
        if !meta.command.is_empty() {
            header.insert("command".into(), json!(meta.command));
        }
        let label = meta.target.label();
        let title = format!("{} {label}", meta.client);
        header.insert("title".into(), json!(title.trim_end()));
        if version == Version::V2 && !meta.term.is_empty() {
            header.insert("env".into(), json!({ "TERM": meta.term }));
        }
        Cast {
            version,
            header,
            start,
            last: 0,
            seen: start,
            decode: Decode::default(),
            size,
            prelude: prelude.to_owned(),
        }
    }

    fn line(&mut self, at: Micros, code: &str, data: &str, out: &mut Vec<u8>) {
        let micros = at.0.saturating_sub(self.start.0);
        let time = match self.version {
            // Times never run backwards in a cast.
            Version::V2 => {
                self.last = self.last.max(micros);
                format!("{}.{:06}", self.last / 1_000_000, self.last % 1_000_000)
            }
            // Rounding against the absolute time, so that errors do not add up.
            Version::V3 => {
                let millis = (micros.saturating_add(500) / 1000).max(self.last);
                let since = millis - self.last;
                self.last = millis;
                format!("{}.{:03}", since / 1000, since % 1000)
            }
        };
        let text = Value::from(data).to_string();
        out.extend_from_slice(format!("[{time}, \"{code}\", {text}]\n").as_bytes());
    }

    fn output(&mut self, at: Micros, data: &[u8], stream: bool, out: &mut Vec<u8>) {
        let text = self.decode.text(data);
        let text = if stream {
            text.replace('\n', "\r\n")
        } else {
            text
        };
        if !text.is_empty() {
            self.line(at, "o", &text, out);
        }
    }

    fn exit(&mut self, at: Micros, exit: Exit, out: &mut Vec<u8>) {
        if self.version == Version::V3 {
            // Nothing follows the exit: players end there.
            self.rest(at, out);
            self.line(at, "x", &exit.code.to_string(), out);
        }
    }
}

impl Cast {
    /// A character that was begun and never ended.
    fn rest(&mut self, at: Micros, out: &mut Vec<u8>) {
        let rest = self.decode.rest();
        if !rest.is_empty() {
            self.line(at, "o", &rest, out);
        }
    }
}

impl Encoder for Cast {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(Value::Object(self.header.clone()).to_string().as_bytes());
        out.push(b'\n');
        let prelude = std::mem::take(&mut self.prelude);
        if !prelude.is_empty() {
            self.line(self.start, "o", &prelude, out);
        }
    }

    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        self.seen = self.seen.max(event.at);
        match &event.body {
            Body::Output(data) => self.output(event.at, data, false, out),
            Body::Stream { data, .. } => self.output(event.at, data, true, out),
            Body::Resize(size) if size.or_default() != self.size => {
                self.size = size.or_default();
                let data = format!("{}x{}", self.size.cols, self.size.rows);
                self.line(event.at, "r", &data, out);
            }
            Body::Marker { label } => self.line(event.at, "m", label, out),
            Body::Exit(exit) => self.exit(event.at, *exit, out),
            Body::Resize(_)
            | Body::Command(_)
            | Body::CommandEnd { .. }
            | Body::Pause
            | Body::Resume
            | Body::Masked { .. }
            | Body::Gap(_)
            | Body::Wire(_)
            | Body::Other { .. } => {}
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let at = self.seen;
        self.rest(at, out);
    }
}

/// Bytes to text, over the borders of events.
#[derive(Default)]
struct Decode {
    partial: Vec<u8>,
}

impl Decode {
    fn text(&mut self, data: &[u8]) -> String {
        let mut bytes = std::mem::take(&mut self.partial);
        bytes.extend_from_slice(data);
        let mut text = String::with_capacity(bytes.len());
        let mut rest = bytes.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    return text;
                }
                Err(error) => {
                    let (valid, bad) = rest.split_at(error.valid_up_to());
                    text.push_str(std::str::from_utf8(valid).unwrap_or_default());
                    let Some(len) = error.error_len() else {
                        self.partial = bad.to_vec();
                        return text;
                    };
                    text.push('\u{fffd}');
                    rest = bad.get(len..).unwrap_or_default();
                }
            }
        }
    }

    /// What was begun and never ended.
    fn rest(&mut self) -> String {
        let partial = std::mem::take(&mut self.partial);
        String::from_utf8_lossy(&partial).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Stamp, Target};

    fn meta() -> Meta {
        Meta {
            id: "7f3a0000000000000000000000000001".parse().unwrap(),
            client: "psql".into(),
            command: "psql -h prod-db app".into(),
            target: Target {
                host: Some("prod-db".into()),
                database: Some("app".into()),
                ..Target::default()
            },
            started: Stamp(1_700_000_000_250_000),
            utc_offset: 0,
            size: Size { cols: 80, rows: 24 },
            term: "xterm-256color".into(),
            machine: String::new(),
            login: String::new(),
            directory: String::new(),
            version: String::new(),
        }
    }

    fn events() -> Vec<Event> {
        let at = |micros, body| Event {
            at: Micros(micros),
            body,
        };
        vec![
            at(1_000_400, Body::Output(b"caf\xc3".to_vec())),
            at(1_000_900, Body::Output(b"\xa9 \x1b[31m\"\xff".to_vec())),
            at(1_200_000, Body::Resize(Size { cols: 80, rows: 24 })),
            at(
                1_200_000,
                Body::Resize(Size {
                    cols: 100,
                    rows: 30,
                }),
            ),
            at(
                1_300_000,
                Body::Marker {
                    label: "here".into(),
                },
            ),
            at(
                1_250_000,
                Body::Stream {
                    fd: 2,
                    data: b"a\nb\n".to_vec(),
                },
            ),
            at(2_000_000, Body::Output(b"\xe2\x82".to_vec())),
            at(
                2_000_000,
                Body::Exit(Exit {
                    code: 3,
                    signal: None,
                }),
            ),
        ]
    }

    fn cast(version: Version) -> String {
        let size = Size { cols: 80, rows: 24 };
        let mut cast = Cast::new(version, &meta(), Micros(1_000_000), size, "");
        let mut out = Vec::new();
        cast.begin(&mut out);
        events()
            .iter()
            .for_each(|event| cast.event(event, &mut out));
        cast.end(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn version_2_has_absolute_times_and_whole_characters() {
        let expected = r#"[0.000400, "o", "caf"]
[0.000900, "o", "é \u001b[31m\"�"]
[0.200000, "r", "100x30"]
[0.300000, "m", "here"]
[0.300000, "o", "a\r\nb\r\n"]
[1.000000, "o", "�"]
"#;
        let text = cast(Version::V2);
        let (header, body) = text.split_once('\n').unwrap();
        assert_eq!(body, expected);
        let header: Value = serde_json::from_str(header).unwrap();
        assert_eq!(header["version"], 2);
        assert_eq!(
            (&header["width"], &header["height"]),
            (&json!(80), &json!(24))
        );
        assert_eq!(header["timestamp"], 1_700_000_001);
        assert_eq!(header["title"], "psql app@prod-db");
    }

    #[test]
    fn version_3_has_times_since_the_last_and_the_exit_status() {
        let expected = r#"[0.000, "o", "caf"]
[0.001, "o", "é \u001b[31m\"�"]
[0.199, "r", "100x30"]
[0.100, "m", "here"]
[0.000, "o", "a\r\nb\r\n"]
[0.700, "o", "�"]
[0.000, "x", "3"]
"#;
        let text = cast(Version::V3);
        let (header, body) = text.split_once('\n').unwrap();
        assert_eq!(body, expected);
        let header: Value = serde_json::from_str(header).unwrap();
        assert_eq!(header["term"]["type"], "xterm-256color");
    }
}
