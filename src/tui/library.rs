//! What the views read from, and what they are told.

use crate::model::{Body, Event, Gap, GapKind, Meta, Micros, SessionId, Size, Status, Summary};
use crate::vault::{Entry, Place, Row, Unlocked};

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
    /// What of the above could not be read, in one sentence.
    pub damage: Option<String>,
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
}

/// A vault as a library.
pub struct VaultLibrary {
    unlocked: Unlocked,
    rows: Vec<Row>,
    /// Of the session that was asked for last.
    places: (Option<SessionId>, Vec<Place>),
}

impl VaultLibrary {
    /// Reads from `unlocked`.
    pub fn new(unlocked: Unlocked) -> VaultLibrary {
        VaultLibrary {
            unlocked,
            rows: Vec::new(),
            places: (None, Vec::new()),
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
            damage: entry.damage.map(|damage| damage.to_string()),
        }
    }
}

impl Library for VaultLibrary {
    fn sessions(&mut self, from: usize, max: usize) -> Result<Vec<Session>, String> {
        if from == 0 {
            self.rows = self.unlocked.rows().map_err(|e| said(&e))?;
        }
        let rows = self.rows.iter().skip(from).take(max);
        let entries = rows.map(|row| self.unlocked.entry(row).map(Session::from));
        entries
            .collect::<Result<_, _>>()
            .map_err(|error| said(&error))
    }

    fn open(&mut self, id: SessionId) -> Result<(usize, Size), String> {
        let entry = self.unlocked.find(&id.hex()).map_err(|e| said(&e))?;
        let places = self.unlocked.places(id).map_err(|e| said(&e))?;
        let count = places.len();
        if self.places.0 != Some(id) {
            self.unlocked.log_read("view", &[id]);
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
        let (mut events, damage) = self.unlocked.events_at(*place);
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
