//! A session as a person thinks of it: commands with their output, markers, gaps.
//!
//! Owns the way from the event stream to that view, in one pass and bounded memory. Knows nothing
//! of where events come from, and nothing of searching or drawing.

mod build;
mod dialect;
mod outcome;
mod render;
mod screen;
mod statements;
mod table;

pub use build::{Builder, PART_MAX, Part, PartOf};
pub use dialect::{Dialect, is_client_command};
pub use outcome::failed;
pub use render::{LINE_MAX, Renderer};
pub use statements::{Connection, Outcome, Place, STATEMENTS_MAX, Statement};
pub use table::{Found, Table, tables};

use crate::model::wire::Opened;
use crate::model::{Event, Exit, Gap, Meta, Micros, Size, Summary};
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

/// What happened in a session, in the order it happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// What was submitted.
    pub commands: Vec<Command>,
    /// Text that stands outside every command: banners, notices, what no prompt was seen for.
    /// The prompts and the echo of commands are left out.
    pub asides: Vec<Aside>,
    /// What was sent over database connections, in the order of sending; at most
    /// [`STATEMENTS_MAX`].
    pub statements: Vec<Statement>,
    /// How many statements were sent in all.
    pub sent: u32,
    /// The database connections.
    pub connections: Vec<Connection>,
    /// Moments the engineer marked.
    pub markers: Vec<Marker>,
    /// What was not seen or not stored.
    pub gaps: Vec<GapAt>,
    /// When it went off the record, and on again; `None` while it stayed off to the end.
    pub pauses: Vec<(Micros, Option<Micros>)>,
    /// Sizes after the first, with the time they came.
    pub resizes: Vec<(Micros, Size)>,
    /// Masked values, by rule.
    pub masked: BTreeMap<String, u32>,
    /// How the client ended; `None` for an interrupted session.
    pub exit: Option<Exit>,
    /// The time of the last event.
    pub end: Micros,
    /// Bytes the terminal and the other descriptors were given.
    pub bytes: u64,
}

/// A submitted command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// Counts from 1 in each session.
    pub number: u32,
    /// As submitted: prompt cut off, lines joined by `\n`.
    pub text: String,
    /// What stood before it.
    pub prompt: String,
    /// When the prompt was complete.
    pub prompt_at: Micros,
    /// When it was submitted; for several lines, the first of them.
    pub at: Micros,
    /// When the last of its lines was submitted.
    pub whole_at: Micros,
    /// When the next prompt showed; `None` where the recording ends first.
    pub end: Option<Micros>,
    /// The exit status or what the screen said, where known.
    pub outcome: Option<String>,
    /// What it sent over database connections, as positions of [`Timeline::statements`].
    pub statements: Range<usize>,
    /// What it printed, as the screen showed it.
    pub output: Text,
    /// Values masked in it and in what it printed, by rule.
    pub masked: BTreeMap<String, u32>,
}

impl Command {
    /// From submission to the next prompt. Typing further lines is no time that it took.
    pub fn duration(&self) -> Option<Duration> {
        self.end.map(|end| end.since(self.at.max(self.whole_at)))
    }

    /// How long it took, with the statements that it sent: from the first of them to the end of the
    /// last answer, where that was seen; drawing it and paging through it is left out. Else as long as
    /// it had the terminal.
    pub fn took(&self, sent: &[Statement]) -> Option<Duration> {
        let ends: Option<Vec<Micros>> = sent.iter().map(|statement| statement.end).collect();
        let last = ends.unwrap_or_default().into_iter().max();
        match (sent.first(), last) {
            (Some(first), Some(last)) => Some(last.since(first.at)),
            _ => self.duration(),
        }
    }

    /// Whether its outcome is that of a failure.
    pub fn failed(&self) -> bool {
        self.outcome.as_deref().is_some_and(failed)
    }
}

/// Text of bounded length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// Lines joined by `\n`, without a newline at the end.
    pub text: String,
    /// How many more bytes of text there were.
    pub cut: u64,
}

/// Text outside every command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aside {
    /// When its first byte came.
    pub at: Micros,
    /// What it says.
    pub text: Text,
    /// Values masked in it, by rule, where no command follows.
    pub masked: BTreeMap<String, u32>,
}

/// A marked moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// When.
    pub at: Micros,
    /// Free text, often empty.
    pub label: String,
}

/// A gap and its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GapAt {
    /// When.
    pub at: Micros,
    /// What is missing and why.
    pub gap: Gap,
}

/// How much output text a [`Timeline`] keeps of each command. What is longer is shown by reading
/// the session again, part by part.
pub const OUTPUT_KEEP: usize = 1 << 20;

impl Timeline {
    /// The timeline of a whole stream, with up to [`OUTPUT_KEEP`] of output a command.
    pub fn from_events(
        meta: &Meta,
        events: impl IntoIterator<Item = impl Borrow<Event>>,
    ) -> Timeline {
        let mut builder = Builder::new(meta.size, OUTPUT_KEEP);
        for event in events {
            builder.push(event.borrow());
            builder.parts().for_each(drop);
        }
        builder.finish().0
    }

    /// The timeline without any output text: nothing is rendered.
    pub fn outline(meta: &Meta, events: impl IntoIterator<Item = impl Borrow<Event>>) -> Timeline {
        let mut builder = Builder::outline(meta.size);
        for event in events {
            builder.push(event.borrow());
        }
        builder.finish().0
    }

    /// As whom and in which databases these statements ran, each once; for none, where the
    /// connection that spoke last by then was.
    pub fn places(&self, sent: &[Statement], at: Micros) -> Vec<&Place> {
        let mut places: Vec<&Place> = Vec::new();
        let newest = || self.connections.iter().rev();
        for statement in sent {
            let connection = newest().find(|c| c.number == statement.connection);
            let place = connection.and_then(|c| c.place(statement.at));
            places.extend(place.filter(|place| !places.contains(place)));
        }
        if sent.is_empty() {
            let open = |c: &&Connection| c.closed.is_none_or(|closed| closed > at);
            places.extend(newest().filter(open).find_map(|c| c.place(at)));
        }
        places
    }

    /// The command with this number.
    pub fn command(&self, number: u32) -> Option<&Command> {
        let guess = usize::try_from(number).ok()?.checked_sub(1)?;
        let commands = &self.commands;
        commands
            .get(guess)
            .filter(|command| command.number == number)
            .or_else(|| commands.iter().find(|command| command.number == number))
    }

    /// How long a command of this timeline took.
    pub fn took(&self, command: &Command) -> Option<Duration> {
        command.took(self.statements_of(command))
    }

    /// The statements that `command` sent.
    pub fn statements_of(&self, command: &Command) -> &[Statement] {
        let of = self.statements.get(command.statements.clone());
        of.unwrap_or_default()
    }

    /// The first connection that was let in, where no other sent anything before.
    fn opened(&self) -> Option<&Opened> {
        let mut opened = self.connections.iter().filter_map(|c| c.opened.as_ref());
        let (at, opened) = opened.next()?;
        let first = self.statements.first();
        first.is_none_or(|first| first.at >= *at).then_some(opened)
    }

    /// What the recorder would have counted: for a session that it could not close.
    pub fn summary(&self) -> Summary {
        let mut gaps = BTreeMap::new();
        for at in &self.gaps {
            *gaps.entry(at.gap.kind).or_insert(0_u32) += 1;
        }
        Summary {
            duration: self.end,
            exit: self.exit,
            commands: count(self.commands.len()),
            statements: self.sent,
            masked: self.masked.clone(),
            gaps,
            markers: count(self.markers.len()),
            bytes: self.bytes,
            opened: self.opened().cloned(),
        }
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
