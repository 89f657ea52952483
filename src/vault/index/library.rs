//! Reading sessions and searching them, with the index where there is one and without it where
//! there is none: the same answers, in the same order.

use super::list::{self, Listed};
use super::{Index, IndexError, Progress, sql};
use crate::export::redact::Wanted;
use crate::model::{Micros, SessionId, Status};
use crate::query::{Doc, Found, Query, Scan, moment_of};
use crate::timeline::{Builder, Part, PartOf};
use crate::vault::{Entry, Error, Events, Forgotten, NotRedacted, Redacted, Unlocked};
use rusqlite::params_from_iter;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

/// An unlocked vault, read through its index.
pub struct Library {
    unlocked: Unlocked,
    pub(super) index: Option<Index>,
    damaged: Cell<u32>,
}

/// A moment that a search found.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Its session.
    pub session: Rc<Listed>,
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
        let index = match caught_up(&unlocked, progress) {
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
            damaged: Cell::new(0),
        }
    }

    /// Opens the index, where it was not, and brings it up to date.
    pub fn use_index(&mut self) {
        if self.index.is_some() {
            return;
        }
        match caught_up(&self.unlocked, &mut |_| {}) {
            Ok(index) => self.index = Some(index),
            Err(error) => tracing::warn!(%error, "reading without the index"),
        }
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
        Ok(events.filter_map(|event| {
            let lost = u32::from(event.is_err());
            self.damaged.set(self.damaged.get().saturating_add(lost));
            event.ok()
        }))
    }

    /// Forgets sessions for good, in the index too; says nothing of what it could not reach but
    /// [`Forgotten::clean`].
    ///
    /// # Errors
    /// As [`Vault::forget`].
    pub fn forget(&mut self, ids: &[SessionId], reason: &str) -> Result<Forgotten, Error> {
        let mut done = self.unlocked.forget(ids, reason)?;
        done.clean &= self.clean_index();
        Ok(done)
    }

    /// Masks in one session whatever `wanted` matches, in the index too.
    ///
    /// # Errors
    /// As [`Unlocked::redact`].
    pub fn redact(&mut self, id: SessionId, wanted: &Wanted) -> Result<Redacted, NotRedacted> {
        let mut done = self.unlocked.redact(id, wanted)?;
        done.clean &= self.clean_index();
        Ok(done)
    }

    /// Brings the index up to date and leaves no word of what the vault no longer has; whether that
    /// could be done.
    pub fn clean_index(&mut self) -> bool {
        let Some(index) = &mut self.index else {
            return Index::is_absent(&self.unlocked);
        };
        let caught_up = index.catch_up(&self.unlocked, &mut |_| {});
        matches!(caught_up.and_then(|()| index.forget_all()), Ok(true))
    }

    /// Reads what changed since it was opened. Where the index cannot follow, it is left aside.
    pub fn refresh(&mut self) {
        if let Some(index) = &mut self.index
            && let Err(error) = index.catch_up(&self.unlocked, &mut |_| {})
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
        for listed in self.sessions()? {
            if !run.scan(Rc::new(listed))? {
                break;
            }
        }
        Ok(())
    }
}

fn caught_up(unlocked: &Unlocked, progress: &mut dyn FnMut(Progress)) -> Result<Index, IndexError> {
    let mut index = Index::open(unlocked)?;
    match index.catch_up(unlocked, progress) {
        Ok(()) => Ok(index),
        // Another rec fills it: what it has is good, the rest is read.
        Err(error) if error.is_busy() => Ok(index),
        Err(IndexError::Vault(error)) => Err(IndexError::Vault(error)),
        Err(IndexError::Database(_)) => {
            let mut index = Index::renew(unlocked)?;
            index.catch_up(unlocked, progress)?;
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

struct Run<'a> {
    library: &'a Library,
    search: &'a Search<'a>,
    left: usize,
    each: &'a mut dyn FnMut(Hit) -> bool,
}

/// A row of the index: a document that meets the condition.
struct Row {
    session: i64,
    hit: Hit,
    parts: u32,
}

impl Run<'_> {
    /// Hands a hit out; whether to go on.
    fn give(&mut self, hit: Hit) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        (self.each)(hit) && self.left > 0
    }

    /// Reads one session through; whether to go on.
    fn scan(&mut self, session: Rc<Listed>) -> Result<bool, Error> {
        let query = self.search.query;
        if !query.admits_session(&session.facts()) {
            return Ok(true);
        }
        let mut scan = Scan::new(query, session.facts());
        for event in self.library.annotated(&session)? {
            scan.push(&event);
        }
        let (found, timeline) = scan.finish();
        for Found {
            of, part, at, text, ..
        } in found.into_iter().rev()
        {
            let mut hit = Hit {
                session: Rc::clone(&session),
                of,
                part,
                at,
                number: None,
                command: String::new(),
                took: None,
                failed: false,
                outcome: None,
                errors: String::new(),
                output: text,
            };
            if let Some(moment) = moment_of(&timeline, &whole(of)) {
                hit.took = moment.took();
                hit.failed = moment.failed();
                hit.errors = moment.errors().to_owned();
            }
            match of {
                PartOf::Command(n) => {
                    if let Some(command) = timeline.commands.get(n) {
                        hit.number = Some(command.number);
                        hit.command = command.text.clone();
                        hit.outcome = command.outcome.clone();
                    }
                }
                PartOf::Statement(n) => {
                    hit.command = std::mem::take(&mut hit.output);
                    let statement = timeline.statements.get(n);
                    let error = statement.and_then(|statement| statement.error.as_ref());
                    hit.outcome = error.map(|error| error.message.clone());
                }
                PartOf::Marker(_) => hit.command = std::mem::take(&mut hit.output),
                PartOf::Aside(_) => {}
            }
            if !self.give(hit) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn indexed(&mut self, index: &Index) -> Result<(), Trouble> {
        let condition = sql::condition(self.search.query);
        // Sessions that are not in the index yet, newest first.
        let mut loose = self.loose(index)?.into_iter().peekable();
        let mut values = condition.values;
        let from = match &condition.words {
            Some(words) => {
                values.push(words.clone().into());
                format!(
                    "words JOIN moments m ON m.doc = words.rowid
                     JOIN sessions s ON s.number = m.session WHERE words MATCH ?{} AND",
                    values.len()
                )
            }
            None => "moments m JOIN sessions s ON s.number = m.session WHERE".to_owned(),
        };
        if !condition.exact {
            let mut sessions = index.conn.prepare(&format!(
                "SELECT {} FROM sessions s WHERE s.base IS NOT NULL AND s.number IN
                   (SELECT m.session FROM {from} {})
                 ORDER BY s.started DESC, s.number DESC",
                list::COLUMNS,
                condition.sql
            ))?;
            let rows = sessions.query_map(params_from_iter(values), list::read)?;
            for listed in rows {
                let listed = Rc::new(listed?);
                while let Some(newer) = loose.next_if(|loose| loose.key() > listed.key()) {
                    if !self.scan(newer)? {
                        return Ok(());
                    }
                }
                if !self.scan(listed)? {
                    return Ok(());
                }
            }
        } else {
            let order = if condition.words.is_some() {
                "words.rowid"
            } else {
                "m.doc"
            };
            let mut moments = index.conn.prepare(&format!(
                "SELECT m.session, m.kind, m.place, m.part, m.parts, m.number, m.at,
                   m.part_at, m.text, m.outcome, m.took, m.failed, m.errors
                 FROM {from} {} ORDER BY {order} DESC",
                condition.sql
            ))?;
            let mut rows = moments.query(params_from_iter(values))?;
            let sessions = RefCell::new(HashMap::new());
            let mut gathered: Vec<Row> = Vec::new();
            while let Some(row) = rows.next()? {
                let row = self.row(index, &sessions, row)?;
                let other = gathered
                    .first()
                    .is_some_and(|first| first.session != row.session);
                if other && !self.flush(std::mem::take(&mut gathered), &mut loose)? {
                    return Ok(());
                }
                gather(&mut gathered, row);
                // Parts of one moment may still follow and move it, so a little more is read.
                let whole = gathered.iter().all(|row| row.parts == 1);
                if whole && gathered.len() >= self.left {
                    break;
                }
            }
            if !self.flush(gathered, &mut loose)? {
                return Ok(());
            }
        }
        for rest in loose {
            if !self.scan(rest)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn loose(&self, index: &Index) -> Result<Vec<Rc<Listed>>, Trouble> {
        let mut statement = index.conn.prepare_cached(&format!(
            "SELECT {} FROM sessions s WHERE s.base IS NULL",
            list::COLUMNS
        ))?;
        let rows: Vec<Listed> = statement
            .query_map([], list::read)?
            .collect::<rusqlite::Result<_>>()?;
        let mut loose = Vec::new();
        for mut listed in rows {
            if listed.status == Status::Recording {
                let entry = self.library.unlocked.find(&listed.id().hex())?;
                listed = self.library.listed(entry)?;
            }
            loose.push(Rc::new(listed));
        }
        loose.sort_by_key(|listed| std::cmp::Reverse(listed.key()));
        Ok(loose)
    }

    fn row(
        &self,
        index: &Index,
        sessions: &RefCell<HashMap<i64, Rc<Listed>>>,
        row: &rusqlite::Row<'_>,
    ) -> Result<Row, Trouble> {
        let number: i64 = row.get(0)?;
        let known = sessions.borrow().get(&number).cloned();
        let session = match known {
            Some(session) => session,
            None => {
                let session = Rc::new(index.session(number)?);
                sessions.borrow_mut().insert(number, Rc::clone(&session));
                session
            }
        };
        let place = usize::try_from(row.get::<_, i64>(2)?).unwrap_or(usize::MAX);
        let part: u32 = row.get(3)?;
        let took: Option<i64> = row.get(10)?;
        let at: i64 = if part == 0 { row.get(6)? } else { row.get(7)? };
        Ok(Row {
            session: number,
            parts: row.get(4)?,
            hit: Hit {
                session,
                of: match row.get::<_, i64>(1)? {
                    0 => PartOf::Command(place),
                    1 => PartOf::Aside(place),
                    2 => PartOf::Marker(place),
                    _ => PartOf::Statement(place),
                },
                part,
                at: Micros(u64::try_from(at).unwrap_or(0)),
                number: row.get(5)?,
                command: row.get(8)?,
                outcome: row.get(9)?,
                took: took
                    .and_then(|took| u64::try_from(took).ok())
                    .map(Duration::from_micros),
                failed: row.get(11)?,
                errors: row.get(12)?,
                output: String::new(),
            },
        })
    }

    /// Gives out the hits of one session, after those of newer sessions that had to be read.
    fn flush(
        &mut self,
        rows: Vec<Row>,
        loose: &mut std::iter::Peekable<std::vec::IntoIter<Rc<Listed>>>,
    ) -> Result<bool, Trouble> {
        let Some(first) = rows.first() else {
            return Ok(true);
        };
        let key = first.hit.session.key();
        while let Some(newer) = loose.next_if(|loose| loose.key() > key) {
            if !self.scan(newer)? {
                return Ok(false);
            }
        }
        let mut rows: Vec<Row> = rows.into_iter().take(self.left).collect();
        if self.search.with_text {
            self.texts(&mut rows)?;
        }
        for row in rows {
            if !self.give(row.hit) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads the output that the hits of one session stand in.
    fn texts(&self, rows: &mut [Row]) -> Result<(), Error> {
        let Some(session) = rows.first().map(|row| Rc::clone(&row.hit.session)) else {
            return Ok(());
        };
        let mut missing: HashMap<(Kind, u32), usize> = HashMap::new();
        for (n, row) in rows.iter().enumerate() {
            if let Some(kind) = Kind::of(row.hit.of) {
                missing.insert((kind, row.hit.part), n);
            }
        }
        let mut take = |part: Part| {
            if let Some(kind) = Kind::of(part.of)
                && let Some(n) = missing.remove(&(kind, part.index))
                && let Some(row) = rows.get_mut(n)
            {
                row.hit.output = part.text;
            }
            missing.is_empty()
        };
        let mut builder = Builder::new(session.meta.size, 0);
        for event in self.library.annotated(&session)? {
            builder.push(&event);
            let parts: Vec<Part> = builder.parts().collect();
            for part in parts {
                if take(part) {
                    return Ok(());
                }
            }
        }
        builder.finish().1.into_iter().for_each(|part| {
            take(part);
        });
        Ok(())
    }
}

/// Any part of a moment, to ask for the moment.
fn whole(of: PartOf) -> Part {
    Part {
        of,
        index: 0,
        at: Micros(0),
        text: String::new(),
        last: true,
    }
}

/// A moment that has output, as a key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Command(usize),
    Aside(usize),
}

impl Kind {
    fn of(part: PartOf) -> Option<Kind> {
        match part {
            PartOf::Command(n) => Some(Kind::Command(n)),
            PartOf::Aside(n) => Some(Kind::Aside(n)),
            PartOf::Marker(_) | PartOf::Statement(_) => None,
        }
    }
}

/// Adds a row; a moment counts once, by its first part, which comes last in descending order.
fn gather(rows: &mut Vec<Row>, row: Row) {
    if row.parts > 1 {
        rows.retain(|known| known.hit.of != row.hit.of);
    }
    rows.push(row);
}
