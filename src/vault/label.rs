//! Pins, tags and notes: what the owner says of a session after it ended.
//!
//! Whether it is pinned stands in clear, for pruning; the rest is sealed. Each change is signed for.

use super::chain::Hash;
use super::log::{self, What};
use super::seal::META_MAX;
use super::{Damage, Error, Events, Row, Unlocked, Vault};
use crate::mask::{Doubt, Masked, Scanner};
use crate::model::{Body, Event, Labels, Meta, Note, SessionId};
use rusqlite::{Connection, OptionalExtension};
use std::collections::VecDeque;

impl Vault {
    /// Pins a session, so that no limit removes it, or takes the pin out; whether that changed
    /// anything. Needs no key.
    ///
    /// # Errors
    /// [`Error::NoSession`], or what the file system says.
    pub fn pin(&mut self, id: SessionId, pinned: bool) -> Result<bool, Error> {
        let dir = self.dir.clone();
        log::write(&dir, &mut self.conn, |log| {
            let (number, before, sealed) = stored(log.conn(), &id)?;
            if before == pinned {
                return Ok(false);
            }
            store(log, number, id, pinned, sealed)?;
            Ok(true)
        })
    }
}

/// Why tags and notes are not stored.
#[derive(Debug, thiserror::Error)]
pub enum NotLabelled {
    /// Something in them still looks like a secret after masking.
    #[error(transparent)]
    Doubt(#[from] Doubt),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] Error),
}

impl Unlocked {
    /// Tags and notes of the session that `meta` tells of as they may be stored: masked like
    /// everything else of it.
    ///
    /// # Errors
    /// [`NotLabelled`].
    pub fn masked(&self, meta: &Meta, mut labels: Labels) -> Result<Masked<Labels>, NotLabelled> {
        let mut scanner = Scanner::new(self.vault().rules(meta)?);
        for note in &mut labels.notes {
            note.text = scanner.text(&note.text);
        }
        labels.tags = labels.tags.iter().map(|tag| scanner.text(tag)).collect();
        Ok(scanner.door().admit(labels)?)
    }

    /// As [`Vault::pin`].
    ///
    /// # Errors
    /// As [`Vault::pin`].
    pub fn pin(&mut self, id: SessionId, pinned: bool) -> Result<bool, Error> {
        self.vault_mut().pin(id, pinned)
    }

    /// The tags and notes of a row's session; none where they do not open.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn labels(&self, row: &Row) -> Result<Labels, Error> {
        // Most sessions have none.
        if row.revision == 0 {
            return Ok(Labels::default());
        }
        let (_, _, sealed) = stored(self.conn(), &row.id)?;
        let opened = sealed.and_then(|sealed| self.open(&sealed, META_MAX).ok());
        Ok(opened
            .and_then(|plain| serde_json::from_slice(&plain).ok())
            .unwrap_or_default())
    }

    /// Puts `labels` in the place of what was said of the session before.
    ///
    /// # Errors
    /// [`Error::NoSession`], or what the file system says.
    pub fn label(&mut self, id: SessionId, labels: &Masked<Labels>) -> Result<(), Error> {
        let labels: &Labels = labels;
        let json = serde_json::to_vec(labels).map_err(|e| Error::Seal(e.to_string()))?;
        let sealed = match labels.is_empty() {
            true => None,
            false => Some(self.seal(&json)?),
        };
        let vault = self.vault_mut();
        let dir = vault.dir.clone();
        log::write(&dir, &mut vault.conn, |log| {
            let (number, pinned, _) = stored(log.conn(), &id)?;
            store(log, number, id, pinned, sealed)
        })?;
        // What was said before leaves no trace either. It is stored: what fails here the next unlock
        // does.
        let _ = super::db::truncate_wal(&vault.conn);
        Ok(())
    }
}

impl Unlocked {
    /// A session's events with its notes among them, as markers at their moments.
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn annotated(&self, row: &Row) -> Result<Annotated<'_>, Error> {
        Ok(Annotated {
            notes: self.labels(row)?.notes.into(),
            events: self.events(row.id)?,
            held: None,
        })
    }
}

/// Events, and markers where the owner noted something later.
pub struct Annotated<'a> {
    notes: VecDeque<Note>,
    events: Events<'a>,
    held: Option<Result<Event, Damage>>,
}

impl Annotated<'_> {
    /// Without the rows of results, which take most of the time to read.
    pub(super) fn without_rows(self) -> Self {
        Annotated {
            events: self.events.without_rows(),
            ..self
        }
    }
}

impl Iterator for Annotated<'_> {
    type Item = Result<Event, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.notes.is_empty() && self.held.is_none() {
            return self.events.next();
        }
        let next = self.held.take().or_else(|| self.events.next());
        let due = match &next {
            Some(Ok(event)) => self.notes.front().is_some_and(|note| note.at < event.at),
            Some(Err(_)) => false,
            None => true,
        };
        match due.then(|| self.notes.pop_front()).flatten() {
            Some(note) => {
                self.held = next;
                Some(Ok(Event {
                    at: note.at,
                    body: Body::Marker { label: note.text },
                }))
            }
            None => next,
        }
    }
}

type Stored = (i64, bool, Option<Vec<u8>>);

fn stored(conn: &Connection, id: &SessionId) -> Result<Stored, Error> {
    let found = conn
        .prepare_cached(
            "SELECT number, coalesce(pinned, 0), sealed FROM sessions
             LEFT JOIN labels ON labels.session = number WHERE id = ?1 AND state <> 3",
        )
        .and_then(|mut s| {
            s.query_row([&id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()
        })
        .map_err(Error::db("read a session"))?;
    found.ok_or_else(|| Error::NoSession { name: id.hex() })
}

pub(super) fn store(
    log: &mut log::Writer<'_>,
    number: i64,
    session: SessionId,
    pinned: bool,
    sealed: Option<Vec<u8>>,
) -> Result<(), Error> {
    let revision = i64::try_from(log.next()).unwrap_or(i64::MAX);
    log.conn()
        .execute(
            "INSERT OR REPLACE INTO labels (session, pinned, revision, sealed)
             VALUES (?1, ?2, ?3, ?4)",
            (number, pinned, revision, &sealed),
        )
        .map_err(Error::db("label a session"))?;
    log.add(What::Label {
        session,
        pinned,
        sealed: sealed.as_deref().map(Hash::of),
    })
}
