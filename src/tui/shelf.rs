//! A vault as a library: what the views ask of it is read from its sessions and its index.

use super::library::{Change, Found, Library, Piece, Ran, Session};
use crate::export::{Done, Job};
use crate::insight::{Alike, Collector, Occurrence, Side, Stats, sides};
use crate::model::{Body, Event, Gap, GapKind, Labels, Micros, Note, SessionId, Size, Stamp};
use crate::query::{Now, Query, snippet};
use crate::timeline::{PartOf, Timeline};
use crate::vault::index::{self, Halt, Search};
use crate::vault::{Entry, Left, NotLabelled, Place, Row, Unlocked};
use jiff::Zoned;
use jiff::tz::TimeZone;
use std::collections::HashSet;

/// A vault as a library.
pub struct VaultLibrary {
    library: index::Library,
    /// Days for which nothing may be forgotten; `None` leaves that to the vault.
    hold: Option<u32>,
    rows: Vec<Row>,
    /// Of the session that was asked for last.
    places: (Option<SessionId>, Vec<Place>),
    /// What was found last and is to be read yet.
    unread: Option<Unread>,
}

/// Moments whose output was not read yet, by their places among those found, the first ones last.
struct Unread {
    query: Query,
    hits: Vec<(usize, index::Hit)>,
}

impl VaultLibrary {
    /// Reads from `unlocked`.
    pub fn new(unlocked: Unlocked) -> VaultLibrary {
        VaultLibrary {
            library: index::Library::without_index(unlocked),
            hold: None,
            rows: Vec::new(),
            places: (None, Vec::new()),
            unread: None,
        }
    }

    /// Forgets nothing that is younger than so many days.
    pub fn holding(mut self, days: u32) -> VaultLibrary {
        self.hold = Some(days);
        self
    }

    fn unlocked(&self) -> &Unlocked {
        self.library.unlocked()
    }

    /// Uses the index where it is up to date, or nearly so.
    fn use_index(&mut self) {
        match self.library.has_index() {
            true => self.library.refresh(),
            false => {
                self.library.use_index_if_near();
            }
        }
    }

    /// Asks the index, where there is one, until `halt` is asked.
    fn ask<T>(&mut self, halt: &Halt, ask: impl FnOnce(&mut VaultLibrary) -> T) -> T {
        self.library.heed(halt);
        let answer = ask(self);
        self.library.heed_nothing();
        answer
    }

    fn session(&self, row: &Row) -> Result<Session, String> {
        if let Some(listed) = self.library.as_listed(row) {
            return Ok(Session::from(listed));
        }
        let entry = self.unlocked().entry(row).map_err(|e| said(&e))?;
        let labels = self.unlocked().labels(row).map_err(|e| said(&e))?;
        Ok(Session {
            labels,
            ..Session::from(entry)
        })
    }

    fn relabel(&mut self, id: SessionId, change: impl Fn(&mut Labels)) -> Result<(), String> {
        let entry = self.unlocked().find(&id.hex()).map_err(|e| said(&e))?;
        let mut labels = self.unlocked().labels(&entry.row).map_err(|e| said(&e))?;
        change(&mut labels);
        let labels = self.unlocked().masked(&entry.meta, labels);
        let labels = labels.map_err(|error| match error {
            NotLabelled::Doubt(doubt) => {
                format!("it is not stored, for a secret seems to stand in it: {doubt}")
            }
            NotLabelled::Vault(error) => said(&error),
        })?;
        let unlocked = self.library.unlocked_mut();
        unlocked.label(id, &labels).map_err(|e| said(&e))
    }
}

impl From<index::Listed> for Session {
    fn from(listed: index::Listed) -> Session {
        Session {
            id: listed.id(),
            meta: listed.meta,
            status: listed.status,
            summary: Some(listed.summary),
            labels: listed.labels,
            failed: listed.failed,
            pinned: listed.pinned,
            damage: listed.damage,
        }
    }
}

impl From<Entry> for Session {
    fn from(entry: Entry) -> Session {
        Session {
            id: entry.id,
            meta: entry.meta,
            status: entry.status,
            summary: entry.summary,
            labels: Labels::default(),
            failed: None,
            pinned: entry.row.pinned,
            damage: entry.damage.map(|damage| damage.to_string()),
        }
    }
}

fn query(text: &str) -> Result<Query, String> {
    let now = Zoned::now();
    let now = Now {
        stamp: Stamp(now.timestamp().as_microsecond()),
        zone: TimeZone::system(),
    };
    Query::parse(text, &now).map_err(|error| error.line())
}

/// Moments that are looked through for the sessions they stand in, from the newest on, where the
/// index alone does not tell: then the answer is for the sessions that are seen first.
const MATCHING_MAX: usize = 10_000;
/// Characters of the line that shows why a moment was found.
const LINE_MAX: usize = 200;

/// A moment as far as it is known without reading its output.
fn found_at(query: &Query, hit: &index::Hit) -> Found {
    let doc = hit.doc();
    let bits = query.bits(&crate::query::Doc {
        command: doc.command,
        ..crate::query::Doc::default()
    });
    let of_command = matches!(hit.of, PartOf::Command(_) | PartOf::Statement(_));
    let typed = of_command && query.positive_text().all(|n| bits.met(n));
    let meta = &hit.session.meta;
    Found {
        session: meta.id,
        title: format!("{} {}", meta.client, meta.target.label()),
        started: meta.started,
        utc_offset: meta.utc_offset,
        at: hit.at,
        number: hit.number,
        failed: hit.failed,
        line: match typed {
            true => String::new(),
            false => snippet(query, &doc, LINE_MAX).text,
        },
        printed: !typed,
        command: match hit.of {
            PartOf::Command(_) | PartOf::Statement(_) => hit.command.clone(),
            PartOf::Aside(_) => "(outside a command)".to_owned(),
            PartOf::Marker(_) => format!("◆ {}", hit.command),
        },
    }
}

fn ran(hit: index::Hit) -> Ran {
    Ran {
        at: Occurrence {
            session: hit.session.id(),
            number: hit.number,
            at: hit.at,
            stamp: hit.session.meta.started.plus(hit.at),
            took: hit.took,
            failed: hit.failed,
        },
        text: hit.command,
    }
}

impl Library for VaultLibrary {
    fn sessions(&mut self, from: usize, max: usize) -> Result<Vec<Session>, String> {
        if from == 0 {
            self.use_index();
            self.rows = self.unlocked().rows().map_err(|e| said(&e))?;
        }
        let rows = self.rows.iter().skip(from).take(max);
        rows.map(|row| self.session(row)).collect()
    }

    fn open(&mut self, id: SessionId) -> Result<(usize, Size), String> {
        let entry = self.unlocked().find(&id.hex()).map_err(|e| said(&e))?;
        let places = self.unlocked().places(id).map_err(|e| said(&e))?;
        let count = places.len();
        if self.places.0 != Some(id) {
            self.unlocked().log_read("view", &[id]);
        }
        self.places = (Some(id), places);
        Ok((count, entry.meta.size))
    }

    fn piece(&mut self, id: SessionId, number: usize) -> Result<Vec<Event>, String> {
        if self.places.0 != Some(id) {
            self.open(id)?;
        }
        let Some(place) = self.places.1.get(number) else {
            return Ok(Vec::new());
        };
        let (mut events, damage) = self.unlocked().events_at(*place);
        match damage {
            None => Ok(events),
            Some(why) if events.is_empty() => Err(format!("part {number}: {why}")),
            Some(why) => {
                let at = events.last().map_or(Micros(0), |event| event.at);
                let gap = Gap {
                    kind: GapKind::Undecodable,
                    bytes: 0,
                    detail: format!("part {number}: {why}"),
                };
                events.push(Event {
                    at,
                    body: Body::Gap(gap),
                });
                Ok(events)
            }
        }
    }

    fn search(
        &mut self,
        text: &str,
        max: usize,
        halt: &Halt,
        each: &mut dyn FnMut(Found),
    ) -> Result<(), String> {
        let query = query(text)?;
        let search = Search {
            query: &query,
            limit: max,
            with_text: false,
        };
        let (mut told, mut hits) = (0, Vec::new());
        let mut take = |hit: index::Hit| {
            let moment = found_at(&query, &hit);
            if moment.printed && hit.lacks_output() {
                hits.push((told, hit));
            }
            told += 1;
            each(moment);
            true
        };
        let done = self.ask(halt, |this| {
            this.use_index();
            this.library.search(&search, &mut take)
        });
        done.map_err(|e| said(&e))?;
        hits.reverse();
        self.unread = Some(Unread { query, hits });
        Ok(())
    }

    fn catch_up(&mut self, halt: &Halt, progress: &mut dyn FnMut(u8)) -> bool {
        let mut told = |at: index::Progress| {
            let hundredths = at.done.saturating_mul(100).checked_div(at.total);
            progress(u8::try_from(hundredths.unwrap_or(100)).unwrap_or(100));
        };
        self.ask(halt, |this| this.library.fill_index(&mut told))
    }

    fn failed(&mut self, ids: &mut HashSet<SessionId>, halt: &Halt) -> Vec<(SessionId, u32)> {
        let mut counted = Vec::new();
        for row in &self.rows {
            // Each is read by itself; that of ten thousand takes a third of a second.
            if ids.is_empty() || halt.asked() {
                return counted;
            }
            if ids.remove(&row.id) {
                let failed = self.library.as_listed(row).and_then(|listed| listed.failed);
                counted.extend(failed.map(|failed| (row.id, failed)));
            }
        }
        // What is not in the list any more counts nowhere.
        ids.clear();
        counted
    }

    fn lines(&mut self, halt: &Halt) -> Result<Option<Vec<(usize, String)>>, String> {
        let Some(unread) = &mut self.unread else {
            return Ok(None);
        };
        let Some((place, hit)) = unread.hits.pop() else {
            self.unread = None;
            return Ok(None);
        };
        let session = hit.session.id();
        let (mut places, mut hits) = (vec![place], vec![hit]);
        while let Some((place, hit)) = unread.hits.pop_if(|(_, hit)| hit.session.id() == session) {
            places.push(place);
            hits.push(hit);
        }
        let read = self.ask(halt, |this| this.library.read_output(&mut hits));
        read.map_err(|e| said(&e))?;
        let Some(unread) = &mut self.unread else {
            return Ok(None);
        };
        if halt.asked() {
            // They are read again.
            let missing = places.into_iter().zip(hits).rev();
            unread.hits.extend(missing);
            return Ok(Some(Vec::new()));
        }
        let line = |hit: &index::Hit| snippet(&unread.query, &hit.doc(), LINE_MAX).text;
        Ok(Some(
            places.into_iter().zip(hits.iter().map(line)).collect(),
        ))
    }

    fn matching(&mut self, text: &str, halt: &Halt) -> Result<HashSet<SessionId>, String> {
        let query = query(text)?;
        let found = self.ask(halt, |this| {
            this.use_index();
            this.library.ids_matching(&query, MATCHING_MAX)
        });
        found.map_err(|e| said(&e))
    }

    fn stats(
        &mut self,
        text: &str,
        halt: &Halt,
        each: &mut dyn FnMut(&Collector),
    ) -> Result<Stats, String> {
        let query = query(text)?;
        let stats = self.ask(halt, |this| {
            this.use_index();
            this.library.stats(&query, each)
        });
        stats.map_err(|e| said(&e))
    }

    fn runs(
        &mut self,
        id: SessionId,
        text: &str,
        halt: &Halt,
        each: &mut dyn FnMut(Ran) -> bool,
    ) -> Result<(), String> {
        let entry = self.unlocked().find(&id.hex()).map_err(|e| said(&e))?;
        let alike = Alike::to(&entry.meta.client, text);
        let found = self.ask(halt, |this| {
            this.use_index();
            this.library.runs(&alike, &mut |hit| each(ran(hit)))
        });
        found.map_err(|e| said(&e))
    }

    fn sides(&mut self, id: SessionId, halt: &Halt) -> Result<Vec<Side>, String> {
        let entry = self.unlocked().find(&id.hex()).map_err(|e| said(&e))?;
        let events = self.library.events(id).map_err(|e| said(&e))?;
        let events = events.take_while(|_| !halt.asked());
        let timeline = Timeline::from_events(&entry.meta, events);
        Ok(sides(&entry.meta.client, &timeline))
    }

    fn export(&mut self, piece: &Piece, halt: &Halt) -> Result<Done, String> {
        let entry = self
            .unlocked()
            .find(&piece.id.hex())
            .map_err(|e| said(&e))?;
        let session = self.library.listed(entry).map_err(|e| said(&e))?;
        let about = (&session.meta, &session.summary, session.status);
        let rules = self
            .unlocked()
            .vault()
            .rules(&session.meta)
            .map_err(|e| said(&e))?;
        let mut job = Job::new(&rules, about, piece.cut, piece.format, &piece.also);
        for event in self.library.events(piece.id).map_err(|e| said(&e))? {
            if halt.asked() {
                return Err("it is not read to its end".to_owned());
            }
            job.push(&event);
        }
        Ok(job.finish())
    }

    fn handed_on(&mut self, id: SessionId) {
        self.unlocked().log_read("export", &[id]);
    }

    fn change(&mut self, change: &Change) -> Result<String, String> {
        match change {
            Change::Pin(ids, pinned) => {
                let unlocked = self.library.unlocked_mut();
                for id in ids {
                    unlocked.pin(*id, *pinned).map_err(|e| said(&e))?;
                }
                let word = if *pinned {
                    "pinned"
                } else {
                    "not pinned any more"
                };
                Ok(format!("{} {word}", sessions(ids.len())))
            }
            Change::Tag(ids, add, remove) => {
                for id in ids {
                    self.relabel(*id, |labels| {
                        labels.tags.extend(add.iter().cloned());
                        labels.tags.retain(|tag| !remove.contains(tag));
                    })?;
                }
                Ok(format!("{} tagged", sessions(ids.len())))
            }
            Change::Note(id, at, text) => {
                self.relabel(*id, |labels| {
                    labels.add(Note {
                        at: *at,
                        text: text.clone(),
                    });
                })?;
                Ok("noted".to_owned())
            }
            Change::Forget(ids) => {
                self.places = (None, Vec::new());
                if let Some(days) = self.hold {
                    let unlocked = self.library.unlocked_mut();
                    unlocked.set_hold(days).map_err(|e| said(&e))?;
                }
                let forget = self.library.forget(ids, "removed");
                let done = forget.map_err(|e| said(&e))?;
                let count = sessions(ids.len());
                Ok(match done.left {
                    Left::Nothing => format!("{count} forgotten for good"),
                    Left::Read => format!("{count} forgotten; another rec still reads the vault"),
                    Left::NoRoom => {
                        format!("{count} forgotten, and overwritten once the disk has room")
                    }
                    Left::NotWritten => {
                        format!("{count} forgotten, and overwritten once the disk takes writes")
                    }
                })
            }
        }
    }
}

fn sessions(count: usize) -> String {
    match count {
        1 => "1 session".to_owned(),
        n => format!("{n} sessions"),
    }
}

/// An error with its causes, in one line.
fn said(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        said = format!("{said}: {cause}");
        next = cause.source();
    }
    said
}

#[cfg(test)]
#[path = "shelf_tests.rs"]
mod tests;
