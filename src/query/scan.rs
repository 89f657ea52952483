//! A search without an index: one session's events in, its matching moments out.

use super::{Bits, Doc, MomentFacts, Query, SessionFacts};
use crate::model::{Event, Micros};
use crate::timeline::{Builder, Command, Part, PartOf, Statement, Timeline};
use std::collections::BTreeMap;

/// A moment that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which, in the session's timeline.
    pub of: PartOf,
    /// Which part of its output, for one that is searched in parts.
    pub part: u32,
    /// When: the command's time, or where a later part of its output began.
    pub at: Micros,
    /// That part's text, for the snippet.
    pub text: String,
    /// The place of that part among all parts of the session: the order of hits.
    pub order: u32,
}

/// The state of a scan through one session.
pub struct Scan<'q> {
    query: &'q Query,
    session: SessionFacts<'q>,
    builder: Builder,
    /// Parts of the running command whose text may make it match; its end is not known yet.
    waiting: Vec<Waiting>,
    found: Vec<Found>,
    parts: u32,
}

/// A part, its place among all parts, and the conditions it meets.
struct Waiting {
    part: Part,
    order: u32,
    bits: Bits,
}

impl<'q> Scan<'q> {
    /// Starts with a session's first event.
    pub fn new(query: &'q Query, session: SessionFacts<'q>) -> Self {
        Scan {
            query,
            session,
            builder: Builder::new(session.meta.size, 0),
            waiting: Vec::new(),
            found: Vec::new(),
            parts: 0,
        }
    }

    /// The next event.
    pub fn push(&mut self, event: &Event) {
        self.builder.push(event);
        let parts: Vec<Part> = self.builder.parts().collect();
        for part in parts {
            self.parts = self.parts.saturating_add(1);
            take(
                (self.query, &self.session),
                self.builder.timeline(),
                (part, self.parts),
                &mut self.waiting,
                &mut self.found,
            );
        }
    }

    /// The moments that matched, in the order of the session's parts, and the timeline they stand in.
    pub fn finish(mut self) -> (Vec<Found>, Timeline) {
        let (timeline, parts) = self.builder.finish();
        for part in parts {
            self.parts = self.parts.saturating_add(1);
            take(
                (self.query, &self.session),
                &timeline,
                (part, self.parts),
                &mut self.waiting,
                &mut self.found,
            );
        }
        self.found.sort_by_key(|found| found.order);
        (self.found, timeline)
    }
}

/// Looks at a part; decides its moment with the last one. A moment counts once, by its first part
/// that matches.
fn take(
    (query, session): (&Query, &SessionFacts<'_>),
    timeline: &Timeline,
    (part, order): (Part, u32),
    waiting: &mut Vec<Waiting>,
    found: &mut Vec<Found>,
) {
    let Some(moment) = moment_of(timeline, &part) else {
        return;
    };
    let bits = query.bits(&moment.doc(&part));
    let (of, last) = (part.of, part.last);
    // The facts are the same for all parts, so one that meets the same conditions as an earlier
    // one is never the first to match: a flood of parts is not held until its end.
    let known = |earlier: &Waiting| earlier.part.of == of && earlier.bits == bits;
    if !waiting.iter().any(known) {
        waiting.push(Waiting { part, order, bits });
    }
    if !last {
        return;
    }
    let facts = moment.facts(session);
    // A marker set while a command runs is over before the command is.
    let mut parts = waiting.extract_if(.., |waiting| waiting.part.of == of);
    let hit = parts.find(|waiting| query.matches_moment(session, &facts, &waiting.bits));
    parts.for_each(drop);
    if let Some(Waiting { part, order, .. }) = hit {
        found.push(Found {
            of,
            part: part.index,
            at: if part.index == 0 { moment.at } else { part.at },
            text: part.text,
            order,
        });
    }
}

/// A moment of a timeline, as the search sees it.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    at: Micros,
    command: Option<&'a Command>,
    statement: Option<&'a Statement>,
    note: &'a str,
}

/// The moment that `part` belongs to.
pub fn moment_of<'a>(timeline: &'a Timeline, part: &Part) -> Option<Moment<'a>> {
    let other = |at, note| Moment {
        at,
        command: None,
        statement: None,
        note,
    };
    Some(match part.of {
        PartOf::Command(n) => {
            let command = timeline.commands.get(n)?;
            Moment {
                at: command.at,
                command: Some(command),
                statement: None,
                note: "",
            }
        }
        PartOf::Aside(n) => other(timeline.asides.get(n)?.at, ""),
        PartOf::Statement(n) => Moment {
            statement: Some(timeline.statements.get(n)?),
            ..other(timeline.statements.get(n)?.at, "")
        },
        PartOf::Marker(n) => {
            let marker = timeline.markers.get(n)?;
            other(marker.at, marker.label.as_str())
        }
    })
}

static NOTHING: BTreeMap<String, u32> = BTreeMap::new();

impl<'a> Moment<'a> {
    /// When it was.
    pub fn at(&self) -> Micros {
        self.at
    }

    /// The text that one part of it is searched by. The outcome stands with the last part, when
    /// it is known.
    pub fn doc<'d>(&self, part: &'d Part) -> Doc<'d>
    where
        'a: 'd,
    {
        if let Some(statement) = self.statement {
            return Doc {
                command: &statement.text,
                outcome: statement.error.as_ref().map_or("", |e| e.message.as_str()),
                ..Doc::default()
            };
        }
        match self.command {
            Some(command) => Doc {
                command: &command.text,
                output: &part.text,
                outcome: match &command.outcome {
                    Some(outcome) if part.last => outcome,
                    _ => "",
                },
                note: "",
            },
            None if self.note.is_empty() => Doc {
                output: &part.text,
                ..Doc::default()
            },
            None => Doc {
                note: self.note,
                ..Doc::default()
            },
        }
    }

    /// What is known of it besides text.
    pub fn facts(&self, session: &SessionFacts<'_>) -> MomentFacts<'a> {
        let command = self.command;
        if let Some(statement) = self.statement {
            return MomentFacts {
                at: session.meta.started.plus(self.at),
                duration: statement.duration(),
                failed: statement.error.is_some(),
                masked: &NOTHING,
                is_command: true,
            };
        }
        MomentFacts {
            at: session.meta.started.plus(self.at),
            duration: command.and_then(Command::duration),
            failed: command.is_some_and(Command::failed),
            masked: command.map_or(&NOTHING, |command| &command.masked),
            is_command: command.is_some(),
        }
    }
}

#[cfg(test)]
mod tests;
