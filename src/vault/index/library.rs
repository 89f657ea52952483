//! Reading sessions and searching them, with the index where there is one and without it where
//! there is none: the same answers, in the same order.

mod pick;
mod run;
mod scan;

use super::fill::LITTLE;
use super::list::Listed;
use super::{Halt, Index, IndexError, Progress, sql};
use crate::export::redact::Wanted;
use crate::model::{Micros, SessionId, Status};
use crate::query::{Doc, Query};
use crate::timeline::{Builder, Part, PartOf};
use crate::vault::{Entry, Error, Events, Forgotten, Left, NotRedacted, Redacted, Row, Unlocked};
use run::Run;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// An unlocked vault, read through its index.
pub struct Library {
    unlocked: Unlocked,
    pub(super) index: Option<Index>,
    /// One that is not whole yet.
    filling: Option<Index>,
    /// Sealed bytes that it had to read when it was begun.
    to_fill: u64,
    damaged: Cell<u32>,
    halt: Halt,
}

/// A moment that a search found.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Its session.
    pub session: Arc<Listed>,
    /// Which moment of the session's timeline.
    pub of: PartOf,
    /// Which part of its output the words stand in.
    pub part: u32,
    /// When: the moment, or where that part began.
    pub at: Micros,
    /// The command's number.
    pub number: Option<u32>,
    /// What was typed; a marker's label.
    pub command: String,
    /// How long it took, where known.
    pub took: Option<Duration>,
    /// Whether it failed.
    pub failed: bool,
    /// How it ended.
    pub outcome: Option<String>,
    /// What servers said of statements that failed, a line each.
    pub errors: String,
    /// The text of that part.
    pub output: String,
}

impl Hit {
    /// Whether it has output that was not read.
    pub fn lacks_output(&self) -> bool {
        let printed = matches!(self.of, PartOf::Command(_) | PartOf::Aside(_));
        printed && self.output.is_empty()
    }

    /// As the query sees it.
    pub fn doc(&self) -> Doc<'_> {
        let outcome = self.outcome.as_deref().unwrap_or_default();
        match self.of {
            PartOf::Command(_) => Doc {
                command: &self.command,
                output: &self.output,
                outcome,
                errors: &self.errors,
                note: "",
            },
            PartOf::Statement(_) => Doc {
                command: &self.command,
                outcome,
                errors: &self.errors,
                ..Doc::default()
            },
            PartOf::Aside(_) => Doc {
                output: &self.output,
                ..Doc::default()
            },
            PartOf::Marker(_) => Doc {
                note: &self.command,
                ..Doc::default()
            },
        }
    }
}

/// What a search is asked.
#[derive(Clone, Copy, Debug)]
pub struct Search<'q> {
    /// For what.
    pub query: &'q Query,
    /// How many hits at most.
    pub limit: usize,
    /// Whether the hits' output text is read too.
    pub with_text: bool,
}

impl Library {
    /// With the index, brought up to date. That it cannot be opened or written is no error: then
    /// everything is read from the sessions.
    pub fn open(unlocked: Unlocked, progress: &mut dyn FnMut(Progress)) -> Library {
        Library::caught_up(unlocked, u64::MAX, progress)
    }

    /// With the index, where it is or is soon up to date. Where much is new it knows only what lists
    /// show of that, and the sessions are read when they are searched.
    pub fn open_at_once(unlocked: Unlocked) -> Library {
        Library::caught_up(unlocked, LITTLE, &mut |_| {})
    }

    fn caught_up(unlocked: Unlocked, most: u64, progress: &mut dyn FnMut(Progress)) -> Library {
        let index = match caught_up(&unlocked, most, progress) {
            Ok(index) => Some(index),
            Err(error) => {
                tracing::warn!(%error, "reading without the index");
                None
            }
        };
        Library {
            index,
            ..Library::without_index(unlocked)
        }
    }

    /// Without the index: nothing of it is read or written.
    pub fn without_index(unlocked: Unlocked) -> Library {
        Library {
            unlocked,
            index: None,
            filling: None,
            to_fill: 0,
            damaged: Cell::new(0),
            halt: Halt::default(),
        }
    }

    /// Gives up searching, counting and catching up as soon as `halt` is asked; what was found until
    /// then stands. Whoever asks sees by it that the answer is not whole.
    pub fn heed(&mut self, halt: &Halt) {
        self.halt = halt.clone();
        let told = self.index.as_mut().map_or(Ok(()), |i| i.heed(halt));
        self.aside_if(told);
    }

    /// Goes on to the end from here on, whatever is asked.
    pub fn heed_nothing(&mut self) {
        self.halt = Halt::default();
        let told = self.index.as_mut().map_or(Ok(()), Index::heed_nothing);
        self.aside_if(told);
    }

    /// Reads without the index after an error.
    fn aside_if(&mut self, told: Result<(), IndexError>) {
        if let Err(error) = told {
            tracing::warn!(%error, "reading without the index");
            self.index = None;
        }
    }

    /// Whether there is an index to ask.
    pub fn has_index(&self) -> bool {
        self.index.is_some()
    }

    /// Brings an index that is missing or far behind up to date, until that is done or the halt is
    /// asked; whether there is more to do. It is asked only once it is whole: until then reading the
    /// sessions is faster than waiting for it. What `progress` is told goes on where it was given up.
    pub fn fill_index(&mut self, progress: &mut dyn FnMut(Progress)) -> bool {
        if self.index.is_some() {
            return false;
        }
        match self.fill_some(progress) {
            Ok(more) => more,
            Err(error) if error.is_halted() => true,
            // Another rec fills it: what it has is good, the rest is read.
            Err(error) => {
                if error.is_busy() {
                    self.index = self.filling.take();
                }
                tracing::warn!(%error, "the index is not filled");
                self.filling = None;
                false
            }
        }
    }

    fn fill_some(&mut self, progress: &mut dyn FnMut(Progress)) -> Result<bool, IndexError> {
        let mut index = match self.filling.take() {
            Some(index) => index,
            None => Index::open(&self.unlocked)?,
        };
        index.heed(&self.halt)?;
        let index = self.filling.insert(index);
        let to_fill = &mut self.to_fill;
        index.catch_up(&self.unlocked, u64::MAX, &mut |at| {
            let left = at.total.saturating_sub(at.done);
            *to_fill = left.max(*to_fill);
            progress(Progress {
                done: to_fill.saturating_sub(left),
                total: *to_fill,
            });
        })?;
        if self.halt.asked() {
            return Ok(true);
        }
        index.truncate()?;
        self.to_fill = 0;
        self.index = self.filling.take();
        Ok(false)
    }

    /// Opens the index and brings it up to date, where that is a matter of moments; whether it was
    /// done.
    pub fn use_index_if_near(&mut self) -> bool {
        let near = Index::open_if_near(&self.unlocked);
        if let Ok(Some(index)) = near {
            self.index = Some(index);
        }
        self.index.is_some()
    }

    /// A session as lists show it, where the index has it as the vault has.
    pub fn as_listed(&self, row: &Row) -> Option<Listed> {
        let index = self.index.as_ref()?;
        let listed = index.session_of(row.number, row.revision).ok()??;
        let same = listed.status == row.status && listed.pinned == row.pinned;
        (same && row.status != Status::Recording).then_some(listed)
    }

    /// Reads the output that hits of one session stand in.
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn read_output(&self, hits: &mut [Hit]) -> Result<(), Error> {
        run::texts(self, &mut hits.iter_mut().collect::<Vec<_>>())
    }

    /// The vault.
    pub fn unlocked(&self) -> &Unlocked {
        &self.unlocked
    }

    /// Damaged pieces met while reading so far.
    pub fn damaged(&self) -> u32 {
        self.damaged.get()
    }

    /// All sessions, newest first.
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn sessions(&self) -> Result<Vec<Listed>, Error> {
        let from_index = self.index.as_ref().map(Index::sessions);
        if let Some(Ok(mut sessions)) = from_index {
            for listed in &mut sessions {
                if listed.status == Status::Recording {
                    *listed = self.listed(self.unlocked.find(&listed.id().hex())?)?;
                }
            }
            return Ok(sessions);
        }
        let entries = self.unlocked.sessions()?;
        let mut sessions = entries
            .into_iter()
            .map(|entry| self.listed(entry))
            .collect::<Result<Vec<_>, _>>()?;
        sessions.sort_by_key(|listed| std::cmp::Reverse(listed.key()));
        Ok(sessions)
    }

    /// A session as lists show it.
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn listed(&self, entry: Entry) -> Result<Listed, Error> {
        Listed::from_entry(&self.unlocked, entry)
    }

    /// The events of a session; damaged pieces are counted and left out.
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn events(&self, id: SessionId) -> Result<Sound<'_>, Error> {
        Ok(Sound {
            events: self.unlocked.events(id)?,
            damaged: &self.damaged,
        })
    }

    /// As [`Library::events`], with the owner's notes among them, as markers.
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn annotated(
        &self,
        listed: &Listed,
    ) -> Result<impl Iterator<Item = crate::model::Event> + '_, Error> {
        let row = self.unlocked.row(listed.number)?;
        let events = self.unlocked.annotated(&row)?;
        Ok(events.filter_map(|event| self.sound(event)))
    }

    /// Counts a damaged piece where an event would be.
    fn sound<E>(&self, event: Result<crate::model::Event, E>) -> Option<crate::model::Event> {
        let lost = u32::from(event.is_err());
        self.damaged.set(self.damaged.get().saturating_add(lost));
        event.ok()
    }

    /// Forgets sessions for good, in the index too.
    ///
    /// # Errors
    /// As [`Vault::forget`].
    pub fn forget(&mut self, ids: &[SessionId], reason: &str) -> Result<Forgotten, Error> {
        let mut done = self.unlocked.forget(ids, reason)?;
        done.left = done.left.max(self.clean_index());
        Ok(done)
    }

    /// Masks in one session whatever `wanted` matches, in the index too.
    ///
    /// # Errors
    /// As [`Unlocked::redact`].
    pub fn redact(&mut self, id: SessionId, wanted: &Wanted) -> Result<Redacted, NotRedacted> {
        let mut done = self.unlocked.redact(id, wanted)?;
        done.left = done.left.max(self.clean_index());
        Ok(done)
    }

    /// Masks a session with the rules of today, in the index too.
    ///
    /// # Errors
    /// As [`Unlocked::mask_again`].
    pub fn mask_again(&mut self, entry: &Entry) -> Result<(usize, Left), Error> {
        let (damaged, left) = self.unlocked.mask_again(entry)?;
        Ok((damaged, left.max(self.clean_index())))
    }

    /// Leaves no word of what the vault no longer has in the index; what could not be done.
    pub fn clean_index(&mut self) -> Left {
        let cleaned = match &mut self.index {
            Some(index) => index.clean(&self.unlocked),
            None if Index::is_absent(&self.unlocked) => return Left::Nothing,
            None => Index::open(&self.unlocked).and_then(|mut index| index.clean(&self.unlocked)),
        };
        match cleaned {
            Ok(emptied) => Left::after(Ok(emptied)),
            Err(IndexError::Database(error)) => Left::because(&error),
            Err(IndexError::Vault(error)) => Left::after(Err(error)),
        }
    }

    /// Reads what changed since it was opened. Where the index cannot follow, it is left aside.
    pub fn refresh(&mut self) {
        if let Some(index) = &mut self.index
            && let Err(error) = index.catch_up(&self.unlocked, u64::MAX, &mut |_| {})
            // Another rec fills it, or something else is wanted: what it has is good.
            && !error.is_busy()
            && !error.is_halted()
        {
            tracing::warn!(%error, "reading without the index");
            self.index = None;
        }
    }

    /// The vault, to change what it holds.
    pub fn unlocked_mut(&mut self) -> &mut Unlocked {
        &mut self.unlocked
    }

    /// Finds moments, newest session first and in it the latest first; `each` says whether to go
    /// on.
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn search(
        &self,
        search: &Search<'_>,
        each: &mut dyn FnMut(Hit) -> bool,
    ) -> Result<(), Error> {
        let mut run = Run {
            library: self,
            search,
            left: search.limit,
            each,
        };
        if let Some(index) = &self.index {
            match run.indexed(index) {
                Ok(()) => return Ok(()),
                Err(Trouble::Vault(error)) => return Err(error),
                Err(Trouble::Index(_)) if self.halt.asked() => return Ok(()),
                // Nothing was given out yet that a scan would not give again: a failure half way
                // would repeat hits, so it only counts before the first.
                Err(Trouble::Index(error)) if run.left == search.limit => {
                    tracing::warn!(%error, "searching without the index");
                }
                Err(Trouble::Index(error)) => {
                    tracing::warn!(%error, "the index failed in the middle of a search");
                    return Ok(());
                }
            }
        }
        let rows = self.unlocked.rows()?;
        run.scan_all(rows.into_iter().map(scan::Source::Row).collect())
    }
}

fn caught_up(
    unlocked: &Unlocked,
    most: u64,
    progress: &mut dyn FnMut(Progress),
) -> Result<Index, IndexError> {
    let mut index = Index::open(unlocked)?;
    match index.catch_up(unlocked, most, progress) {
        Ok(()) => Ok(index),
        // Another rec fills it: what it has is good, the rest is read.
        Err(error) if error.is_busy() => Ok(index),
        Err(IndexError::Vault(error)) => Err(IndexError::Vault(error)),
        Err(IndexError::Database(_)) => {
            let mut index = Index::renew(unlocked)?;
            index.catch_up(unlocked, most, progress)?;
            Ok(index)
        }
    }
}

/// Events without the damaged pieces.
pub struct Sound<'a> {
    events: Events<'a>,
    damaged: &'a Cell<u32>,
}

impl Iterator for Sound<'_> {
    type Item = crate::model::Event;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.events.next()? {
                Ok(event) => return Some(event),
                Err(_) => self.damaged.set(self.damaged.get().saturating_add(1)),
            }
        }
    }
}

enum Trouble {
    Vault(Error),
    Index(IndexError),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::Vault(error)
    }
}

impl From<IndexError> for Trouble {
    fn from(error: IndexError) -> Self {
        Trouble::Index(error)
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Trouble::Index(error.into())
    }
}
