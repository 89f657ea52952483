//! A recorded session once more, with the rules of today: what an export goes through.
//!
//! Nothing was typed this time, so no command is recognised anew: the recorded ones keep their
//! places in the output, their text masked again.

use super::{Note, Pipeline};
use crate::model::{Body, Command, Event, GapKind, Micros};

impl Pipeline {
    /// The next recorded event. End with [`Pipeline::end_again`].
    pub fn again(&mut self, event: &Event) {
        let at = event.at;
        match &event.body {
            Body::Output(data) => {
                self.output(at, data);
                // On the fast path an unfinished line has one time, that of its end.
                if !self.raw.is_empty() {
                    self.turn_slow();
                }
            }
            Body::Stream { fd, data } => self.stream(at, *fd, data),
            Body::Resize(size) => self.resize(at, *size),
            Body::Marker { label } => self.marker(at, label),
            Body::Command(command) => {
                let text = self.each_line_masked(&command.text);
                let prompt = self.masked_text(&command.prompt);
                let command = Command {
                    text,
                    prompt,
                    ..command.clone()
                };
                self.pass(at, Note::Command(at, command));
            }
            Body::CommandEnd { number, outcome } => {
                let outcome = outcome.as_deref().map(|text| self.masked_text(text));
                self.pass(at, Note::CommandEnd(at, *number, outcome));
            }
            Body::Gap(gap) => {
                let mut gap = gap.clone();
                gap.detail = self.masked_text(&gap.detail);
                self.pass(at, Note::Gap(at, gap));
            }
            Body::Pause | Body::Resume | Body::Masked { .. } => {
                self.pass(at, Note::Recorded(at, event.body.clone()));
            }
            Body::Wire(wire) => {
                self.at(at);
                if !self.raw.is_empty() {
                    self.turn_slow();
                }
                self.pass_wire(at, wire.clone());
                self.release();
            }
            // Its end is told by the caller's `end_again`, after everything was decided.
            Body::Exit(exit) => self.exit(at, *exit),
            // What this version cannot read it cannot mask.
            Body::Other { kind, data, .. } => {
                let gap = crate::model::Gap {
                    kind: GapKind::Unmaskable,
                    bytes: u64::try_from(data.len()).unwrap_or(u64::MAX),
                    detail: self.masked_text(&format!("an event of a newer rec ({kind})")),
                };
                self.pass(at, Note::Gap(at, gap));
            }
        }
    }

    /// Nothing follows: everything is decided as it stands. For a session that has no exit.
    pub fn end_again(&mut self, at: Micros) {
        self.at(at);
        self.decide_all();
    }

    fn each_line_masked(&mut self, text: &str) -> String {
        let lines: Vec<String> = text
            .split('\n')
            .map(|line| self.masked_text(line))
            .collect();
        lines.join("\n")
    }

    /// An event that stands behind all bytes so far.
    fn pass(&mut self, at: Micros, note: Note) {
        self.at(at);
        if !self.raw.is_empty() {
            self.turn_slow();
        }
        self.note_now(note);
        self.release();
    }
}
