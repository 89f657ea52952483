//! One HTML page with the recording and a player in it.
//!
//! Nothing is loaded from elsewhere and nothing may be: the page's own policy allows its one
//! script and its one style sheet by their hashes and forbids all else, so that text of the
//! recording cannot become a script whatever it says.

mod film;

use super::moments::{Moment, Moments};
use super::{Encoder, Start};
use crate::model::{Event, Meta, Micros, printable, when};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use film::Film;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const SCRIPT: &str = include_str!("player.js");
const STYLE: &str = include_str!("player.css");
const BODY: &str = include_str!("body.html");

/// Output of one command that can be copied and searched (64 KiB), and of all together (16 MiB);
/// the screen shows the rest.
const OUTPUT_MAX: usize = 64 << 10;
const OUTPUTS_MAX: usize = 16 << 20;

/// Encodes a piece as a page.
pub struct Page {
    title: String,
    began: String,
    start: Micros,
    until: Micros,
    film: Option<Film>,
    moments: Moments,
    commands: Vec<Value>,
    marks: Vec<Value>,
    outputs: usize,
}

impl Page {
    /// A piece that begins like this.
    pub fn new(title: String, meta: &Meta, start: &Start) -> Page {
        let began = when::civil(meta.started.plus(start.at), meta.utc_offset);
        let began = began.map(|at| at.strftime("%-d %B %Y, %H:%M").to_string());
        Page {
            title,
            began: began.unwrap_or_default(),
            start: start.at,
            until: start.at,
            film: Some(Film::new(start)),
            moments: Moments::new(start.size),
            commands: Vec::new(),
            marks: Vec::new(),
            outputs: 0,
        }
    }

    fn take(&mut self, moments: Vec<Value>) {
        for moment in moments {
            match moment.get("text") {
                Some(_) => {
                    let output = moment.get("output").and_then(Value::as_str);
                    self.outputs += output.map_or(0, str::len);
                    self.commands.push(moment);
                }
                None => self.marks.push(moment),
            }
        }
    }

    fn page(&mut self) -> String {
        let (rows, frames) = self.film.take().map(Film::finish).unwrap_or_default();
        let since = |at: Micros| at.0.saturating_sub(self.start.0) / 1000;
        let data = json!({
            "title": printable(&self.title),
            "began": self.began,
            "until": since(self.until),
            "commands": self.commands,
            "marks": self.marks,
            "rows": rows,
            "frames": frames,
        });
        // Within a script element only `<` could end it.
        let data = data.to_string().replace('<', "\\u003c");
        let policy = format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
            hash(SCRIPT),
            hash(STYLE)
        );
        let title = escaped(&printable(&self.title));
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{BODY}\
             <script type=\"application/json\" id=\"recording\">{data}</script>\n\
             <script>{SCRIPT}</script>\n</body>\n</html>\n"
        )
    }
}

fn moment(start: Micros, room: bool, moment: Moment<'_>) -> Option<Value> {
    let since = |at: Micros| at.0.saturating_sub(start.0) / 1000;
    match moment {
        Moment::Command(command, output, statements) => {
            let took = command.took(statements);
            let mut text = output.text;
            let mut max = if room { OUTPUT_MAX } else { 0 }.min(text.len());
            while !text.is_char_boundary(max) {
                max -= 1;
            }
            let cut = max < text.len() || output.cut > 0;
            text.truncate(max);
            Some(json!({
                "number": command.number,
                "at": since(command.at),
                "took": took.map(when::took),
                "text": lines(&command.text),
                "outcome": command.outcome.as_deref().map(printable),
                "failed": command.failed(),
                "output": lines(&text),
                "cut": cut,
            }))
        }
        Moment::Marker(at, label) => {
            Some(json!({"at": since(at), "kind": "marker", "label": printable(&label)}))
        }
        Moment::Gap(gap) => {
            let kind = format!("{:?}", gap.gap.kind).to_lowercase();
            Some(json!({"at": since(gap.at), "kind": "gap", "label": kind}))
        }
        Moment::Aside(..) | Moment::Statement(_) => None,
    }
}

fn lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(printable).collect();
    lines.join("\n")
}

impl Encoder for Page {
    fn begin(&mut self, _out: &mut Vec<u8>) {}

    fn event(&mut self, event: &Event, _out: &mut Vec<u8>) {
        self.until = self.until.max(event.at);
        if let Some(film) = &mut self.film {
            film.push(event);
        }
        let (start, room) = (self.start, self.outputs < OUTPUTS_MAX);
        let mut found = Vec::new();
        self.moments
            .push(event, &mut |m| found.extend(moment(start, room, m)));
        self.take(found);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let (start, room) = (self.start, self.outputs < OUTPUTS_MAX);
        let mut found = Vec::new();
        self.moments
            .finish(&mut |m| found.extend(moment(start, room, m)));
        self.take(found);
        out.extend_from_slice(self.page().as_bytes());
    }
}

/// As a policy names what may run.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
