//! Masking after the fact: a session's pieces, metadata, summary and labels are sealed again without
//! what its owner wants gone.
//!
//! As with compaction a signed entry names the old hashes, so the chain stays what it was. What was
//! sealed before is overwritten.

use super::chain::Hash;
use super::log::{self, Replaced, What};
use super::seal::{PLAIN_MAX, Sealer};
use super::{Entry, Error, Left, Unlocked, db, label};
use crate::export::Again;
use crate::export::redact::{Finder, Found, Wanted, labels_without};
use crate::model::{Body, Event, GapKind, Labels, Meta, SessionId, Status, Summary, codec};
use rusqlite::Connection;
use std::collections::BTreeMap;

/// What a redaction did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redacted {
    /// How many different texts were masked.
    pub texts: usize,
    /// Places that were masked in all, those of before included.
    pub places: u32,
    /// Damaged pieces, which were left as they are.
    pub damaged: usize,
    /// What of it still stands in the vault's files.
    pub left: Left,
}

/// Why nothing was redacted.
#[derive(Debug, thiserror::Error)]
pub enum NotRedacted {
    /// The pattern stands nowhere in the session.
    #[error("it stands nowhere in this session")]
    Nowhere,
    /// It matches texts that stand in everything.
    #[error("it matches texts of one or two bytes, which stand in everything")]
    Short,
    /// It matches more than can be handled.
    #[error("it matches hundreds of different texts")]
    Many,
    /// Something of it would be left.
    #[error("something of it would be left in what is drawn on the screen")]
    Left,
    /// The vault.
    #[error(transparent)]
    Vault(#[from] Error),
}

/// A row of pieces as it was read, and what replaces it.
pub(super) struct Part {
    first: i64,
    last: i64,
    old: Hash,
    /// `None` where it does not open: then it stays.
    pub(super) plain: Option<Vec<u8>>,
}

impl Unlocked {
    /// Masks in one session whatever `wanted` matches. The index is the caller's to clean.
    ///
    /// # Errors
    /// [`NotRedacted`]; then nothing was changed.
    pub fn redact(&mut self, id: SessionId, wanted: &Wanted) -> Result<Redacted, NotRedacted> {
        let entry = self.find(&id.hex())?;
        if entry.status == Status::Recording {
            return Err(Error::Recorded { id }.into());
        }
        let (number, labels) = (entry.row.number, self.labels(&entry.row)?);
        self.compact_whole(number, id)?;
        let found = self.search(wanted, &entry.meta, &labels, number)?;
        let rules = self.vault().rules(&entry.meta)?;
        let (again, meta) = Again::without(&rules, &found, &entry.meta);
        let labels = labels_without(&rules, &found, &labels);
        let mut left = Finder::new(wanted, &meta, &labels);
        let mut new = Anew::new(self, &entry, meta, labels)?;
        new.events(again, &mut |event| left.push(event))?;
        let left = left.finish();
        if !left.texts.is_empty() || left.many {
            return Err(NotRedacted::Left);
        }
        let places = new.masked.values();
        let places = places.fold(0, |sum: u32, n| sum.saturating_add(*n));
        let (damaged, left) = new.put(self)?;
        Ok(Redacted {
            texts: found.texts.len(),
            places,
            damaged,
            left,
        })
    }

    fn search(
        &self,
        wanted: &Wanted,
        meta: &Meta,
        labels: &Labels,
        number: i64,
    ) -> Result<Found, NotRedacted> {
        let mut finder = Finder::new(wanted, meta, labels);
        for part in self.parts(number)? {
            if let Some(plain) = part.plain {
                events(&plain).for_each(|event| finder.push(&event));
            }
        }
        let found = finder.finish();
        match () {
            () if found.many => Err(NotRedacted::Many),
            () if found.short => Err(NotRedacted::Short),
            () if found.texts.is_empty() => Err(NotRedacted::Nowhere),
            () => Ok(found),
        }
    }

    pub(super) fn parts(&self, number: i64) -> Result<Vec<Part>, Error> {
        let read = || -> rusqlite::Result<Vec<Part>> {
            let mut rows = self.conn().prepare_cached(
                "SELECT seq, last, hash, sealed FROM pieces WHERE session = ?1 ORDER BY seq",
            )?;
            rows.query_map([number], |row| {
                let sealed = row.get_ref(3)?.as_blob().unwrap_or_default();
                Ok(Part {
                    first: row.get(0)?,
                    last: row.get(1)?,
                    old: Hash(row.get(2)?),
                    plain: self.open(sealed, PLAIN_MAX).ok(),
                })
            })?
            .collect()
        };
        read().map_err(Error::db("redact a session"))
    }
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|e| Error::Seal(e.to_string()))
}

/// The events of a piece, up to what is damaged in it.
pub(super) fn events(plain: &[u8]) -> impl Iterator<Item = Event> + '_ {
    let mut rest = plain;
    std::iter::from_fn(move || {
        let (event, after) = codec::decode(rest).ok().flatten()?;
        rest = after;
        Some(event)
    })
}

/// A session that is about to be sealed anew.
pub(super) struct Anew {
    id: SessionId,
    number: i64,
    pinned: bool,
    meta: Meta,
    summary: Option<Summary>,
    labels: Labels,
    sealer: Sealer,
    parts: Vec<Part>,
    /// What replaces each part; `None` for one that does not open.
    sealed: Vec<Option<Vec<u8>>>,
    /// Masked values by rule, in all.
    pub(super) masked: BTreeMap<String, u32>,
    /// Places that were dropped, in all.
    dropped: u32,
}

impl Anew {
    /// Begins with what is known of the session, `meta` and `labels` masked already. Its pieces must
    /// be compacted.
    pub(super) fn new(
        unlocked: &Unlocked,
        entry: &Entry,
        meta: Meta,
        labels: Labels,
    ) -> Result<Anew, Error> {
        Ok(Anew {
            id: entry.id,
            number: entry.row.number,
            pinned: entry.row.pinned,
            meta,
            summary: entry.summary.clone(),
            labels,
            sealer: Sealer::new(unlocked.vault().recipient().clone())?,
            parts: unlocked.parts(entry.row.number)?,
            sealed: Vec::new(),
            masked: BTreeMap::new(),
            dropped: 0,
        })
    }

    /// Masks all events by `again` and seals what comes out, which `each` sees.
    pub(super) fn events(
        &mut self,
        mut again: Again,
        each: &mut dyn FnMut(&Event),
    ) -> Result<(), Error> {
        let last = self.parts.iter().rposition(|part| part.plain.is_some());
        let mut out = Vec::new();
        for at in 0..self.parts.len() {
            let plain = self.parts.get_mut(at).and_then(|part| part.plain.take());
            let Some(plain) = plain else {
                self.sealed.push(None);
                continue;
            };
            for event in events(&plain) {
                let masked = again.push(&event);
                self.take(masked, each, &mut out);
            }
            if Some(at) == last {
                let masked = again.finish();
                self.take(masked, each, &mut out);
            }
            self.sealed
                .push(Some(self.sealer.seal(&std::mem::take(&mut out))?));
        }
        Ok(())
    }

    fn take(&mut self, events: Vec<Event>, each: &mut dyn FnMut(&Event), out: &mut Vec<u8>) {
        for event in events {
            each(&event);
            match &event.body {
                Body::Masked { rule, count } => {
                    let total = self.masked.entry(rule.clone()).or_insert(0);
                    *total = total.saturating_add(*count);
                }
                Body::Gap(gap) if gap.kind == GapKind::Unmaskable => {
                    self.dropped = self.dropped.saturating_add(1);
                }
                _ => {}
            }
            codec::encode(&event, out);
        }
    }

    /// Puts it in the place of what was sealed before; gives how many pieces stayed because they do
    /// not open, and whether nothing of what was replaced is left.
    pub(super) fn put(mut self, unlocked: &mut Unlocked) -> Result<(usize, Left), Error> {
        let (id, number, pinned) = (self.id, self.number, self.pinned);
        let meta = self.sealer.seal(&json(&self.meta)?)?;
        let summary = match self.summary.take() {
            Some(mut summary) => {
                summary.masked = std::mem::take(&mut self.masked);
                if self.dropped > 0 {
                    summary.gaps.insert(GapKind::Unmaskable, self.dropped);
                }
                Some(self.sealer.seal(&json(&summary)?)?)
            }
            None => None,
        };
        let labels = match self.labels.is_empty() {
            true => None,
            false => Some(self.sealer.seal(&json(&self.labels)?)?),
        };
        let damaged = self.sealed.iter().filter(|new| new.is_none()).count();
        let parts: Vec<_> = self.parts.into_iter().zip(self.sealed).collect();
        let vault = unlocked.vault_mut();
        let dir = vault.dir.clone();
        log::write(&dir, &mut vault.conn, |log| {
            let mut replaced = Vec::with_capacity(parts.len());
            for (part, new) in &parts {
                if let Some(new) = new {
                    let row = (part.first, part.last, part.old);
                    replaced.push(put(log.conn(), number, row, new)?);
                }
            }
            let swap = || -> rusqlite::Result<()> {
                log.conn().execute(
                    "UPDATE sessions SET meta = ?2, summary = coalesce(?3, summary)
                     WHERE number = ?1",
                    (number, &meta, &summary),
                )?;
                Ok(())
            };
            swap().map_err(Error::db("redact a session"))?;
            log.add(What::Redact {
                session: id,
                parts: replaced,
                meta: Hash::of(&meta),
                summary: summary.as_deref().map(Hash::of),
            })?;
            label::store(log, number, id, pinned, labels)
        })?;
        Ok((damaged, Left::after(db::truncate_wal(&vault.conn))))
    }
}

/// Puts what was sealed anew in a row's place, if that is still what was read: its first and last
/// piece and its hash.
pub(super) fn put(
    conn: &Connection,
    number: i64,
    (first, last, old): (i64, i64, Hash),
    new: &[u8],
) -> Result<Replaced, Error> {
    let hash = Hash::of(new);
    let changed = conn
        .prepare_cached(
            "UPDATE pieces SET sealed = ?5, hash = ?6
             WHERE session = ?1 AND seq = ?2 AND last = ?3 AND hash = ?4",
        )
        .and_then(|mut s| s.execute((number, first, last, &old.0, new, &hash.0)))
        .map_err(Error::db("seal a session again"))?;
    if changed != 1 {
        return Err(Error::Changed);
    }
    Ok(Replaced {
        first: u64::try_from(first).unwrap_or(0),
        last: u64::try_from(last).unwrap_or(0),
        old,
        new: hash,
    })
}
