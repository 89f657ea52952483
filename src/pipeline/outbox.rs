//! What leaves the pipeline: events in order, each through the door.

use crate::mask::{Door, Look, Masked, Viewable};
use crate::model::wire::{Exchange, Wire};
use crate::model::{Body, Command, Event, Exit, Gap, GapKind, Micros, Size, Summary};
use std::collections::BTreeMap;

/// The most bytes of terminal and stream output that one session stores; beyond it only totals are
/// counted (P8). A day of fast output compresses to what a laptop can spare.
pub const SESSION_MAX: u64 = 1 << 30;

/// An output event is closed at this size, so that a piece never has to be much larger.
const OUTPUT_MAX: usize = 64 * 1024;

const DROPPED: &str = "something still looked like a secret after masking";
const KEPT: &str = "something still looked like a secret after masking, and was kept as configured";

/// Something that stands between two bytes of output.
#[derive(Debug)]
pub(super) enum Note {
    Resize(Micros, Size),
    Command(Micros, Command),
    CommandEnd(Micros, u32, Option<String>),
    Marker(Micros, String),
    Stream(Micros, u8, Vec<u8>),
    Masked(Micros, &'static str),
    Gap(Micros, Gap),
    Wire(Micros, Box<Wire>),
    /// An event of a recording that passes as it is.
    Recorded(Micros, Body),
}

/// A text for the second look alone.
pub(super) struct Row<'a>(pub(super) &'a str);

impl Viewable for Row<'_> {
    fn view(&self, look: &mut Look<'_>) {
        look.text(self.0.as_bytes());
    }
}

/// Events on their way out.
pub(super) struct Outbox {
    door: Door,
    events: Vec<Masked<Event>>,
    output: Vec<u8>,
    output_at: Micros,
    masked: BTreeMap<&'static str, u32>,
    summary: Summary,
    stored: u64,
    limit: u64,
    truncated: bool,
    at: Micros,
}

impl Outbox {
    pub(super) fn new(door: Door, limit: u64) -> Self {
        Outbox {
            door,
            events: Vec::new(),
            output: Vec::new(),
            output_at: Micros(0),
            masked: BTreeMap::new(),
            summary: Summary::default(),
            stored: 0,
            limit,
            truncated: false,
            at: Micros(0),
        }
    }

    /// Terminal output.
    pub(super) fn output(&mut self, at: Micros, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if at.millis() != self.output_at.millis() || self.output.len() >= OUTPUT_MAX {
            self.close();
        }
        if self.output.is_empty() {
            self.output_at = at;
        }
        if self.count(at, bytes.len()) {
            self.output.extend_from_slice(bytes);
        }
    }

    /// Counts `len` bytes of output; false when the session's bound was reached and they must go.
    fn count(&mut self, at: Micros, len: usize) -> bool {
        let bytes = u64::try_from(len).unwrap_or(u64::MAX);
        self.summary.bytes = self.summary.bytes.saturating_add(bytes);
        self.keeps(at, len)
    }

    /// Whether `len` more bytes are within the session's bound.
    fn keeps(&mut self, at: Micros, len: usize) -> bool {
        let len = u64::try_from(len).unwrap_or(u64::MAX);
        if self.truncated {
            return false;
        }
        if self.stored.saturating_add(len) > self.limit {
            self.truncated = true;
            self.close();
            self.gap(
                at,
                GapKind::Truncated,
                0,
                "the session's size limit was reached; what follows is only counted",
            );
            return false;
        }
        self.stored += len;
        true
    }

    /// An event between two bytes.
    pub(super) fn note(&mut self, note: Note) {
        match note {
            // Told behind the output that it speaks of.
            Note::Masked(at, rule) => self.mask(at, rule),
            Note::Resize(at, size) => self.event(at, Body::Resize(size)),
            Note::Command(at, command) => {
                self.summary.commands = self.summary.commands.max(command.number);
                self.spoken(at, Body::Command(command));
            }
            Note::CommandEnd(at, number, outcome) => {
                self.spoken(at, Body::CommandEnd { number, outcome });
            }
            Note::Marker(at, label) => {
                self.summary.markers = self.summary.markers.saturating_add(1);
                self.event(at, Body::Marker { label });
            }
            Note::Stream(at, fd, data) => {
                if self.count(at, data.len()) {
                    self.event(at, Body::Stream { fd, data });
                }
            }
            Note::Wire(at, wire) => {
                if let Exchange::Statement(_) = &wire.what {
                    self.summary.statements = self.summary.statements.saturating_add(1);
                }
                if self.keeps(at, wire.what.size()) {
                    self.spoken(at, Body::Wire(wire));
                }
            }
            Note::Gap(at, gap) => self.gap(at, gap.kind, gap.bytes, &gap.detail),
            Note::Recorded(at, body) => self.event(at, body),
        }
    }

    /// One more value masked by `rule`, in the output so far.
    pub(super) fn mask(&mut self, at: Micros, rule: &'static str) {
        if self.output.is_empty() && self.masked.is_empty() {
            self.output_at = at;
        }
        *self.masked.entry(rule).or_default() += 1;
        let count = self.summary.masked.entry(rule.to_owned()).or_default();
        *count = count.saturating_add(1);
    }

    pub(super) fn gap(&mut self, at: Micros, kind: GapKind, bytes: u64, detail: &str) {
        let count = self.summary.gaps.entry(kind).or_default();
        *count = count.saturating_add(1);
        self.event(
            at,
            Body::Gap(Gap {
                kind,
                bytes,
                detail: detail.to_owned(),
            }),
        );
    }

    pub(super) fn exit(&mut self, at: Micros, exit: Exit) {
        self.event(at, Body::Exit(exit));
        self.summary.exit = Some(exit);
        self.summary.duration = at;
    }

    /// Whether a rendered line may be shown.
    pub(super) fn admits(&mut self, line: &str) -> bool {
        self.door.admit(Row(line)).is_ok()
    }

    /// An event whose time never runs backwards.
    pub(super) fn event(&mut self, at: Micros, body: Body) {
        self.close();
        self.at = self.at.max(at);
        let at = self.at;
        self.admit(Event { at, body });
    }

    /// An event that speaks of an earlier moment.
    fn spoken(&mut self, at: Micros, body: Body) {
        self.close();
        self.admit(Event { at, body });
    }

    fn admit(&mut self, event: Event) {
        let at = self.at.max(event.at);
        match self.door.admit(event) {
            Ok(event) => {
                if let Body::Wire(wire) = &event.body
                    && let Exchange::Opened(opened) = &wire.what
                    && self.summary.statements == 0
                {
                    self.summary.opened.get_or_insert_with(|| opened.clone());
                }
                self.events.push(event);
                self.kept(at);
            }
            Err(_) => self.doubt(at, 0, DROPPED),
        }
    }

    /// Tells of a doubt in spite of which the last event was let through.
    fn kept(&mut self, at: Micros) {
        if self.door.kept().is_some() {
            self.doubt(at, 0, KEPT);
        }
    }

    fn doubt(&mut self, at: Micros, bytes: usize, detail: &str) {
        let count = self.summary.gaps.entry(GapKind::Unmaskable).or_default();
        *count = count.saturating_add(1);
        let gap = Event {
            at,
            body: Body::Gap(Gap {
                kind: GapKind::Unmaskable,
                bytes: u64::try_from(bytes).unwrap_or(0),
                detail: detail.to_owned(),
            }),
        };
        if let Ok(gap) = self.door.admit(gap) {
            self.events.push(gap);
        }
    }

    /// Ends the output event that is being gathered.
    fn close(&mut self) {
        if !self.output.is_empty() {
            let data = std::mem::take(&mut self.output);
            self.at = self.at.max(self.output_at);
            let at = self.at;
            let copy = data.clone();
            let event = |data| Event {
                at,
                body: Body::Output(data),
            };
            match self.door.admit(event(data)) {
                Ok(event) => {
                    self.events.push(event);
                    self.kept(at);
                }
                // Line by line, so that only what is doubtful goes.
                Err(_) => {
                    for line in copy.split_inclusive(|b| *b == b'\n') {
                        let bytes = line.len();
                        match self.door.admit(event(line.to_vec())) {
                            Ok(event) => self.events.push(event),
                            Err(_) => self.doubt(at, bytes, DROPPED),
                        }
                    }
                }
            }
        }
        for (rule, count) in std::mem::take(&mut self.masked) {
            let at = self.at.max(self.output_at);
            let rule = rule.to_owned();
            self.admit(Event {
                at,
                body: Body::Masked { rule, count },
            });
        }
    }

    /// Everything so far.
    pub(super) fn take(&mut self) -> Vec<Masked<Event>> {
        self.close();
        std::mem::take(&mut self.events)
    }

    pub(super) fn summary(&self, now: Micros) -> Summary {
        Summary {
            duration: now.max(self.summary.duration),
            ..self.summary.clone()
        }
    }
}
