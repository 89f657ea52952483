//! One export from its first event to its last: masked again, cut, watched, encoded.

use super::doubt::Watch;
use super::page::Page;
use super::{
    Again, Cast, Cut, Cutter, Encoder, JsonLines, Plain, Report, Start, Step, Version, csv,
    markdown::Markdown, script::Script, session_json, svg::Svg,
};
use crate::mask::Rules;
use crate::model::{Event, Meta, Status, Summary};
use regex::bytes::Regex;
use serde_json::{Map, Value};
use std::sync::Arc;

/// What a piece is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// asciicast v2.
    Cast,
    /// asciicast v3.
    Cast3,
    /// The screen and its history as text.
    Text,
    /// Commands in fences, results as tables.
    Markdown,
    /// The statements.
    Sql,
    /// One result.
    Csv,
    /// JSON lines.
    Json,
    /// The last screen.
    Svg,
    /// A page with a player.
    Html,
}

impl Format {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Format; 9] = [
        Format::Cast,
        Format::Cast3,
        Format::Text,
        Format::Markdown,
        Format::Sql,
        Format::Csv,
        Format::Json,
        Format::Svg,
        Format::Html,
    ];

    /// What `--format` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Cast => "cast",
            Format::Cast3 => "cast3",
            Format::Text => "text",
            Format::Markdown => "markdown",
            Format::Sql => "sql",
            Format::Csv => "csv",
            Format::Json => "json",
            Format::Svg => "svg",
            Format::Html => "html",
        }
    }

    /// What else it is called: by the ends of its files' names, and by what others call it.
    pub fn other_names(self) -> &'static [&'static str] {
        match self {
            Format::Cast => &["cast2", "asciicast", "asciicast-v2"],
            Format::Cast3 => &["asciicast-v3"],
            Format::Text => &["txt", "plain"],
            Format::Markdown => &["md"],
            Format::Json => &["jsonl", "ndjson"],
            Format::Html => &["htm"],
            Format::Sql | Format::Csv | Format::Svg => &[],
        }
    }

    /// How files of it end.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Cast | Format::Cast3 => "cast",
            Format::Text => "txt",
            Format::Markdown => "md",
            Format::Sql => "sql",
            Format::Csv => "csv",
            Format::Json => "jsonl",
            Format::Svg => "svg",
            Format::Html => "html",
        }
    }

    /// The format that a file's name asks for.
    pub fn of_extension(extension: &str) -> Option<Format> {
        let same = |name: &str| name.eq_ignore_ascii_case(extension);
        let ends = |format: &Format| same(format.extension());
        let called = |format: &Format| {
            same(format.name()) || format.other_names().iter().any(|name| same(name))
        };
        let all = Format::ALL.into_iter();
        all.clone().find(ends).or_else(|| all.clone().find(called))
    }
}

/// An export under way.
pub struct Job {
    again: Again,
    cutter: Cutter,
    encoder: Option<Box<dyn Encoder>>,
    watch: Option<Watch>,
    meta: Meta,
    session: Map<String, Value>,
    format: Format,
    report: Report,
    out: Vec<u8>,
}

/// An export that is whole.
pub struct Done {
    /// The bytes that were not taken yet.
    pub bytes: Vec<u8>,
    /// What was masked and what is doubtful.
    pub report: Report,
    /// Why there is nothing to hand on.
    pub lack: Option<Lack>,
}

/// What an export lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// The session has no such piece.
    Piece,
    /// The piece cannot be written in this format; says why.
    Content(String),
}

impl Job {
    /// An export of this session. What matches one of `also` is masked too.
    pub fn new(
        rules: &Arc<Rules>,
        (meta, summary, status): (&Meta, &Summary, Status),
        cut: Cut,
        format: Format,
        also: &[Regex],
    ) -> Job {
        let (again, meta) = Again::new(rules, meta, also);
        Job {
            again,
            cutter: Cutter::new(cut, meta.size),
            encoder: None,
            watch: None,
            session: session_json(&meta, summary, status),
            meta,
            format,
            report: Report::default(),
            out: Vec::new(),
        }
    }

    /// The session's next event.
    pub fn push(&mut self, event: &Event) {
        for event in self.again.push(event) {
            self.event(&event);
        }
    }

    /// The bytes so far.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Nothing follows.
    pub fn finish(mut self) -> Done {
        for event in self.again.finish() {
            self.event(&event);
        }
        let mut lack = None;
        if let Some(encoder) = &mut self.encoder {
            encoder.end(&mut self.out);
            lack = encoder.lacks().map(Lack::Content);
            self.report.remark = encoder.remark();
        }
        if !self.cutter.found() {
            lack = Some(Lack::Piece);
        }
        if let Some(mut watch) = self.watch.take() {
            watch.finish();
            self.report.doubtful = watch.words();
            self.report.doubted = watch.commands.into_iter().collect();
        }
        Done {
            bytes: self.out,
            report: self.report,
            lack,
        }
    }

    fn event(&mut self, event: &Event) {
        match self.cutter.step(event) {
            Step::Outside => return,
            Step::First(start) => {
                let mut encoder = self.encoder(&start);
                encoder.begin(&mut self.out);
                self.encoder = Some(encoder);
                self.watch = Some(Watch::new(start.size));
            }
            Step::Inside => {}
        }
        self.report.count(event);
        if let Some(watch) = &mut self.watch {
            watch.push(event);
        }
        if let Some(encoder) = &mut self.encoder {
            encoder.event(event, &mut self.out);
        }
    }

    fn encoder(&mut self, start: &Start) -> Box<dyn Encoder> {
        let meta = &self.meta;
        let cast = |version| Cast::new(version, meta, start.at, start.size, &start.screen);
        let label = meta.target.label();
        let title = format!("{} {label}", meta.client).trim_end().to_owned();
        match self.format {
            Format::Cast => Box::new(cast(Version::V2)),
            Format::Cast3 => Box::new(cast(Version::V3)),
            Format::Text => Box::new(Plain::new(start.size, &start.screen)),
            Format::Markdown => Box::new(Markdown::new(meta, start.at, start.size)),
            Format::Sql => Box::new(Script::new(meta, start.at, start.size)),
            Format::Csv => Box::new(csv::Csv::new(start.size)),
            Format::Json => {
                let session = std::mem::take(&mut self.session);
                Box::new(JsonLines::new(session, start.size))
            }
            Format::Svg => Box::new(Svg::new(title, start)),
            Format::Html => Box::new(Page::new(title, meta, start)),
        }
    }
}
