//! A search without an index: one session's events in, its matching moments out.

use super::{Bits, Doc, MomentFacts, Query, SessionFacts};
use crate::model::{Event, Micros};
use crate::timeline::{Builder, Command, Part, PartOf, Place, Statement, Timeline};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

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
    let facts = moment.facts(session, query);
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
#[derive(Clone, Debug)]
pub struct Moment<'a> {
    at: Micros,
    command: Option<&'a Command>,
    /// What it sent over database connections; the statement itself for one that no command sent.
    sent: &'a [Statement],
    note: Option<&'a str>,
    errors: String,
    masked: Cow<'a, BTreeMap<String, u32>>,
    timeline: &'a Timeline,
}

/// The moment that `part` belongs to.
pub fn moment_of<'a>(timeline: &'a Timeline, part: &Part) -> Option<Moment<'a>> {
    let moment = |at, command: Option<&'a Command>, sent: &'a [Statement], note| Moment {
        at,
        command,
        sent,
        note,
        errors: errors(sent),
        masked: masked(command.map_or(&NOTHING, |command| &command.masked), sent),
        timeline,
    };
    Some(match part.of {
        PartOf::Command(n) => {
            let command = timeline.commands.get(n)?;
            let sent = timeline.statements_of(command);
            moment(command.at, Some(command), sent, None)
        }
        PartOf::Aside(n) => {
            let aside = timeline.asides.get(n)?;
            Moment {
                masked: Cow::Borrowed(&aside.masked),
                ..moment(aside.at, None, &[], None)
            }
        }
        PartOf::Statement(n) => {
            let statement = timeline.statements.get(n)?;
            moment(statement.at, None, std::slice::from_ref(statement), None)
        }
        PartOf::Marker(n) => {
            let marker = timeline.markers.get(n)?;
            moment(marker.at, None, &[], Some(marker.label.as_str()))
        }
    })
}

/// What servers said of statements that failed, a line each.
pub fn errors(sent: &[Statement]) -> String {
    let mut said = String::new();
    for error in sent.iter().filter_map(|statement| statement.error.as_ref()) {
        if !said.is_empty() {
            said.push('\n');
        }
        said.push_str(&format!(
            "{} {}: {}",
            error.severity, error.code, error.message
        ));
        for more in [&error.detail, &error.hint] {
            if !more.is_empty() {
                said.push('\n');
                said.push_str(more);
            }
        }
    }
    said
}

/// What was masked in a command and in the statements that it sent.
fn masked<'a>(
    command: &'a BTreeMap<String, u32>,
    sent: &'a [Statement],
) -> Cow<'a, BTreeMap<String, u32>> {
    let mut all = Cow::Borrowed(command);
    for (rule, count) in sent.iter().flat_map(|statement| &statement.masked) {
        let n = all.to_mut().entry(rule.clone()).or_default();
        *n = n.saturating_add(*count);
    }
    all
}

static NOTHING: BTreeMap<String, u32> = BTreeMap::new();

impl<'a> Moment<'a> {
    /// When it was.
    pub fn at(&self) -> Micros {
        self.at
    }

    /// What servers said of statements that failed, a line each.
    pub fn errors(&self) -> &str {
        &self.errors
    }

    /// What was masked in it, by rule.
    pub fn masked(&self) -> &BTreeMap<String, u32> {
        &self.masked
    }

    /// The statement that no command sent.
    fn alone(&self) -> Option<&'a Statement> {
        let alone = self.command.is_none() && self.note.is_none();
        self.sent.first().filter(|_| alone)
    }

    /// The text that one part of it is searched by. The outcome stands with the last part, when
    /// it is known.
    pub fn doc<'d>(&'d self, part: &'d Part) -> Doc<'d> {
        let errors = if part.last { self.errors.as_str() } else { "" };
        if let Some(statement) = self.alone() {
            return Doc {
                command: &statement.text,
                outcome: statement.error.as_ref().map_or("", |e| e.message.as_str()),
                errors,
                ..Doc::default()
            };
        }
        match (self.command, self.note) {
            (Some(command), _) => Doc {
                command: &command.text,
                output: &part.text,
                outcome: match &command.outcome {
                    Some(outcome) if part.last => outcome,
                    _ => "",
                },
                errors,
                note: "",
            },
            (None, Some(note)) if !note.is_empty() => Doc {
                note,
                ..Doc::default()
            },
            (None, _) => Doc {
                output: &part.text,
                ..Doc::default()
            },
        }
    }

    /// How long it took, as [`Timeline::took`] says; where a command's end was not seen, its longest
    /// statement.
    pub fn took(&self) -> Option<Duration> {
        let command = self.command.and_then(|command| self.timeline.took(command));
        command.or_else(|| self.sent.iter().filter_map(Statement::duration).max())
    }

    /// Whether it failed.
    pub fn failed(&self) -> bool {
        self.command.is_some_and(Command::failed)
            || self.sent.iter().any(|statement| statement.error.is_some())
    }

    /// Whether statements passed over a connection.
    pub fn has_statements(&self) -> bool {
        !self.sent.is_empty()
    }

    /// SQLSTATEs of errors: those of statements, and what looks like one in the outcome of a
    /// command that failed.
    pub fn sqlstates(&self) -> Vec<String> {
        let errors = self.sent.iter().filter_map(|sent| sent.error.as_ref());
        let mut found: Vec<String> = errors.map(|error| error.code.clone()).collect();
        let outcome = self.command.filter(|command| command.failed());
        let outcome = outcome.and_then(|command| command.outcome.as_deref());
        let words = outcome.unwrap_or_default();
        let words = words.split(|c: char| !c.is_ascii_alphanumeric());
        let shaped = |word: &&str| {
            word.len() == 5
                && word
                    .bytes()
                    .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
                && word.bytes().any(|b| b.is_ascii_digit())
        };
        found.extend(words.filter(shaped).map(str::to_owned));
        found.sort();
        found.dedup();
        found
    }

    /// The tables that it names, or that its results come from, folded.
    pub fn tables(&self) -> Vec<String> {
        let mut found = match self.command {
            Some(command) => super::tables(&command.text),
            None => Vec::new(),
        };
        for statement in self.sent {
            for text in [&statement.text, &statement.prepared] {
                found.extend(super::tables(text));
            }
            let columns = statement.results.iter().flat_map(|result| &result.columns);
            // PostgreSQL knows them by number only.
            let named = columns.filter(|column| column.table.bytes().any(|b| !b.is_ascii_digit()));
            found.extend(named.map(|column| super::fold(&column.table)));
        }
        found.sort();
        found.dedup();
        found
    }

    /// The fewest and the most rows that one statement gave or changed.
    pub fn rows(&self) -> Option<(u64, u64)> {
        let ended = self.sent.iter().filter(|sent| !sent.results.is_empty());
        ended.map(Statement::rows).fold(None, |found, rows| {
            let (fewest, most) = found.unwrap_or((rows, rows));
            Some((rows.min(fewest), rows.max(most)))
        })
    }

    /// As whom and in which databases it ran, where a connection tells.
    pub fn places(&self) -> Vec<&'a Place> {
        self.timeline.places(self.sent, self.at)
    }

    /// What is known of it besides text, as far as `query` asks for it.
    pub fn facts(&self, session: &SessionFacts<'_>, query: &Query) -> MomentFacts<'a> {
        MomentFacts {
            at: session.meta.started.plus(self.at),
            duration: self.took(),
            failed: self.failed(),
            masked: self.masked.clone(),
            is_command: self.command.is_some() || self.alone().is_some(),
            is_note: self.note.is_some(),
            has_statements: self.has_statements(),
            sqlstates: self.sqlstates(),
            tables: match query.asks_for_tables() {
                true => self.tables(),
                false => Vec::new(),
            },
            rows: self.rows(),
            places: match query.asks_for_places() {
                true => self.places(),
                false => Vec::new(),
            },
        }
    }
}

#[cfg(test)]
mod tests;
