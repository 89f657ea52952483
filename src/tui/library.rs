//! What the views read from, what they change, and what they are told.

use crate::export::{Cut, Done, Format};
use crate::insight::{Collector, Occurrence, Side, Stats};
use crate::model::{Event, Labels, Meta, Micros, SessionId, Size, Stamp, Status, Summary};
use crate::query::SessionFacts;
use crate::vault::index::Halt;
use regex::bytes::Regex;
use std::collections::HashSet;

/// A session in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// What was known when it opened.
    pub meta: Meta,
    /// Where it stands.
    pub status: Status,
    /// What was counted; not known while it is recorded.
    pub summary: Option<Summary>,
    /// What its owner said of it.
    pub labels: Labels,
    /// Commands that failed, where the index has counted them.
    pub failed: Option<u32>,
    /// No limit removes it.
    pub pinned: bool,
    /// What of the above could not be read, in one sentence.
    pub damage: Option<String>,
}

impl Session {
    /// For a query; `summary` where it is known, else an empty one.
    pub fn facts<'a>(&'a self, none: &'a Summary) -> SessionFacts<'a> {
        SessionFacts {
            meta: &self.meta,
            summary: self.summary.as_ref().unwrap_or(none),
            status: self.status,
            tags: &self.labels.tags,
            pinned: self.pinned,
        }
    }
}

/// A moment that a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its session.
    pub session: SessionId,
    /// The session, for people.
    pub title: String,
    /// When the session began.
    pub started: Stamp,
    /// Where that was, in seconds east of UTC.
    pub utc_offset: i32,
    /// The moment.
    pub at: Micros,
    /// The command's number.
    pub number: Option<u32>,
    /// What was typed, or what kind of moment it is.
    pub command: String,
    /// Whether it failed.
    pub failed: bool,
    /// The line that matched, where it is not the command itself.
    pub line: String,
    /// Whether the words stand in what was printed, not in the command.
    pub printed: bool,
}

/// A run of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Where and when.
    pub at: Occurrence,
    /// What was typed, or sent.
    pub text: String,
}

/// A piece that is handed on.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Its session.
    pub id: SessionId,
    /// What of it.
    pub cut: Cut,
    /// As what.
    pub format: Format,
    /// What is masked besides.
    pub also: Vec<Regex>,
}

impl PartialEq for Piece {
    fn eq(&self, other: &Piece) -> bool {
        let also = |piece: &Piece| {
            piece
                .also
                .iter()
                .map(|p| p.as_str().to_owned())
                .collect::<Vec<_>>()
        };
        (self.id, self.cut, self.format) == (other.id, other.cut, other.format)
            && also(self) == also(other)
    }
}

/// Something that is done to sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Pins them, or lets them go.
    Pin(Vec<SessionId>, bool),
    /// Tags them; the tags of the second list are taken off.
    Tag(Vec<SessionId>, Vec<String>, Vec<String>),
    /// Notes something about a moment.
    Note(SessionId, Micros, String),
    /// Forgets them for good.
    Forget(Vec<SessionId>),
}

/// Sessions and their events. Errors are one sentence for a person.
pub trait Library {
    /// Up to `max` sessions from the newest on, without the first `from`. From 0 on the list is
    /// read anew; fewer than `max` are the last ones.
    ///
    /// # Errors
    /// The list cannot be read.
    fn sessions(&mut self, from: usize, max: usize) -> Result<Vec<Session>, String>;

    /// How many pieces a session's events stand in, and the size its terminal began with.
    ///
    /// # Errors
    /// The session cannot be read.
    fn open(&mut self, id: SessionId) -> Result<(usize, Size), String>;

    /// The events of one piece, in stream order.
    ///
    /// # Errors
    /// The piece is damaged; the others still can be read.
    fn piece(&mut self, id: SessionId, number: usize) -> Result<Vec<Event>, String>;

    /// Tells `each` the moments that the query finds, newest session first, `max` at most.
    /// [`Found::line`] may still be missing: [`Library::lines`] reads it.
    ///
    /// This and whatever else takes a [`Halt`] ends early once that is asked, with part of the answer
    /// or an error: the answer is then to be left aside.
    ///
    /// # Errors
    /// The query is not understood, or the vault cannot be read.
    fn search(
        &mut self,
        query: &str,
        max: usize,
        halt: &Halt,
        each: &mut dyn FnMut(Found),
    ) -> Result<(), String>;

    /// Does some of what makes searching fast; whether there is more to do. Tells `progress` now and
    /// then how many hundredths are done.
    fn catch_up(&mut self, halt: &Halt, progress: &mut dyn FnMut(u8)) -> bool;

    /// How many commands failed in those of these sessions of which that is known by now. Takes out of
    /// `ids` what it looked at: the rest is for the next time, where `halt` was asked.
    fn failed(&mut self, ids: &mut HashSet<SessionId>, halt: &Halt) -> Vec<(SessionId, u32)>;

    /// More lines of what [`Library::search`] found last, each with its place, from the first on;
    /// a session's at a time. `None` when there are no more.
    ///
    /// # Errors
    /// The vault cannot be read.
    fn lines(&mut self, halt: &Halt) -> Result<Option<Vec<(usize, String)>>, String>;

    /// The sessions in which the query finds something, as far as its newest moments go.
    ///
    /// # Errors
    /// As [`Library::search`].
    fn matching(&mut self, query: &str, halt: &Halt) -> Result<HashSet<SessionId>, String>;

    /// What the commands that the query finds say of their owner's work; `each` sees what is counted
    /// so far, again and again.
    ///
    /// # Errors
    /// As [`Library::search`].
    fn stats(
        &mut self,
        query: &str,
        halt: &Halt,
        each: &mut dyn FnMut(&Collector),
    ) -> Result<Stats, String>;

    /// Tells `each` the runs of the statement that `text` of this session is a run of, newest session
    /// first and in it the latest first, until it says that it is enough.
    ///
    /// # Errors
    /// The vault cannot be read.
    fn runs(
        &mut self,
        id: SessionId,
        text: &str,
        halt: &Halt,
        each: &mut dyn FnMut(Ran) -> bool,
    ) -> Result<(), String>;

    /// A session's commands with what they printed, to be compared.
    ///
    /// # Errors
    /// The session cannot be read.
    fn sides(&mut self, id: SessionId, halt: &Halt) -> Result<Vec<Side>, String>;

    /// A piece, masked again and encoded; what [`Done::lack`] says is for who asked.
    ///
    /// # Errors
    /// The session cannot be read.
    fn export(&mut self, piece: &Piece, halt: &Halt) -> Result<Done, String>;

    /// A piece of this session was written to a file.
    fn handed_on(&mut self, id: SessionId);

    /// Changes sessions, and says what was done.
    ///
    /// # Errors
    /// It could not be done, or not with all of them.
    fn change(&mut self, change: &Change) -> Result<String, String>;
}
