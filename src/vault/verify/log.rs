//! The log: whether every entry is there, in order, and signed by the key that was announced.

use super::{Report, UNREADABLE, Wrong, legible};
use crate::model::SessionId;
use crate::vault::Error;
use crate::vault::chain::Hash;
use crate::vault::db::count;
use crate::vault::forget::longest;
use crate::vault::log::{Entry, Replaced, What, hash, signed_by};
use rusqlite::{Connection, OptionalExtension};
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::str::FromStr;

/// How many numbers are tried to find the entry behind a damaged one. A page holds a few tens of
/// entries.
const PASSED_MAX: u64 = 256;

/// A head of the log that was kept elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The entry's number.
    pub entry: u64,
    /// Its hash.
    pub hash: Hash,
}

/// Not a line of `rec vault anchor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an anchor is a number and 64 hex digits, as rec vault anchor prints them")]
pub struct BadAnchor;

impl FromStr for Anchor {
    type Err = BadAnchor;

    fn from_str(text: &str) -> Result<Self, BadAnchor> {
        let (entry, hash) = text.trim().split_once(' ').ok_or(BadAnchor)?;
        let hash = blake3::Hash::from_hex(hash.trim()).map_err(|_| BadAnchor)?;
        Ok(Anchor {
            entry: entry.parse().map_err(|_| BadAnchor)?,
            hash: Hash(*hash.as_bytes()),
        })
    }
}

/// What the log says, as far as it is signed.
#[derive(Default)]
pub struct Told {
    pub vault: Option<String>,
    pub recipient: Option<String>,
    pub slots: Option<Hash>,
    /// The hash of the first entry, where that is signed.
    pub first: Option<Hash>,
    pub sessions: HashMap<SessionId, Session>,
    /// Every hold: its entry, the day it began, its days.
    pub holds: Vec<(u64, i64, u32)>,
    /// Entries are missing or altered, so something of the above may be missing too.
    pub broken: bool,
    /// Forgotten sessions whose hold was over by the clock of that day: until which day, from which on,
    /// for how many days.
    lapsed: BTreeMap<i64, Vec<Lapsed>>,
}

/// A session that was forgotten when its hold was over.
struct Lapsed {
    session: SessionId,
    day: i64,
    days: u32,
}

/// What the log says of one session.
#[derive(Default)]
pub struct Session {
    /// Hash of its metadata, and its day.
    pub opened: Option<(Hash, i64)>,
    /// How many pieces led to which link, in order.
    pub marks: Vec<(u64, Hash)>,
    pub end: End,
    /// Sealed bytes at the end.
    pub bytes: u64,
    pub summary: Option<Hash>,
    pub chunks: Vec<Chunk>,
    pub pruned: bool,
    /// It was forgotten before its hold was over.
    pub early: Option<Early>,
    /// The last entry about its labels: whether it is pinned, and their hash.
    pub label: Option<(bool, Option<Hash>)>,
    /// Hash of its metadata, where that was sealed again.
    pub meta: Option<Hash>,
    /// The last entry that changed it after its end.
    pub revision: u64,
}

/// How it shows that a session was forgotten before its hold was over.
#[derive(Clone, Copy)]
pub struct Early {
    /// The day that shows it.
    pub day: i64,
    /// The hold.
    pub days: u32,
    /// That day came after the session was forgotten by a clock that was beyond the hold.
    pub later: bool,
}

impl Session {
    /// The chunk that stands for these pieces.
    pub fn chunk(&self, first: u64, last: u64) -> Option<&Chunk> {
        let mut chunks = self.chunks.iter();
        chunks.find(|chunk| chunk.first == first && chunk.last == last)
    }

    /// What of it was sealed again.
    fn again(&mut self, parts: Vec<Replaced>, meta: Option<Hash>, summary: Option<Hash>) {
        for part in parts {
            self.replace(part);
        }
        self.meta = meta.or(self.meta);
        self.summary = summary.or(self.summary);
    }

    fn replace(&mut self, part: Replaced) {
        let Replaced {
            first,
            last,
            old,
            new,
        } = part;
        let mut chunks = self.chunks.iter_mut();
        match chunks.find(|chunk| chunk.first == first && chunk.last == last) {
            Some(chunk) if chunk.new == old => chunk.new = new,
            // Of something else than what stood there: it fits nothing.
            Some(chunk) => chunk.old.clear(),
            None if first == last => self.chunks.push(Chunk {
                first,
                last,
                old: vec![old],
                new,
            }),
            None => {}
        }
    }
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum End {
    #[default]
    None,
    Closed,
    Interrupted,
}

pub struct Chunk {
    pub first: u64,
    pub last: u64,
    pub old: Vec<Hash>,
    pub new: Hash,
}

/// Walks the log from its first entry. `seed` is the entry that the seed file will sign next.
pub fn walk(
    conn: &Connection,
    seed: Option<u64>,
    anchor: Option<&Anchor>,
    known: &[Anchor],
    report: &mut Report,
) -> Result<Told, Error> {
    let mut told = Told::default();
    let mut walk = Walk {
        next: 0,
        previous: Some(Hash::of(b"")),
        key: None,
    };
    let mut anchored = false;
    let mut from = 0;
    loop {
        let reported = report.findings.len();
        let found = entry(conn, &mut from, seed, report)?;
        if report.findings.len() > reported {
            told.broken = true;
            walk.resume(from);
        }
        let Some((n, body, signature)) = found else {
            break;
        };
        from = n.saturating_add(1);
        report.entries += 1;
        let own = hash(&body, &signature);
        report.head = Some(own);
        anchored |= anchor.is_some_and(|anchor| anchor.entry == n && anchor.hash == own);
        let wrong = report.findings.len();
        let restored = known.contains(&Anchor {
            entry: n,
            hash: own,
        });
        report.restored += u64::from(restored);
        if let Some(entry) = walk.step(n, &body, &signature, restored, report) {
            told.first = told.first.or((n == 0).then_some(own));
            told.hear(entry);
        }
        told.broken |= report.findings.len() > wrong;
        walk.previous = Some(own);
    }
    match seed {
        Some(seed) if seed > walk.next => {
            told.broken = true;
            report.vault(
                Wrong::Truncated,
                format!(
                    "the log ends at entry {}, and entries up to {} were signed",
                    walk.next.saturating_sub(1),
                    seed.saturating_sub(1)
                ),
            );
        }
        Some(_) => {}
        None => report.vault(
            Wrong::Missing,
            "seal.seed is missing or damaged, so a cut at the log's end would not show",
        ),
    }
    if let Some(anchor) = anchor.filter(|_| !anchored) {
        let text = format!(
            "the log does not contain the anchor, entry {}: older files were put back, or its end was written anew",
            anchor.entry
        );
        report.vault(Wrong::RolledBack, text);
    }
    Ok(told)
}

/// An entry's number, its body and its signature.
type Read = (u64, Vec<u8>, Vec<u8>);

/// The first entry from number `from` on, which is moved there. Those that cannot be read are
/// reported and passed over.
fn entry(
    conn: &Connection,
    from: &mut u64,
    seed: Option<u64>,
    report: &mut Report,
) -> Result<Option<Read>, Error> {
    let end = seed
        .unwrap_or(u64::MAX)
        .min(from.saturating_add(PASSED_MAX));
    let first = *from;
    let found = loop {
        let read = || -> rusqlite::Result<Option<Read>> {
            conn.prepare_cached(
                "SELECT n, body, signature FROM log WHERE n >= ?1 ORDER BY n LIMIT 1",
            )?
            .query_row([i64::try_from(*from).unwrap_or(i64::MAX)], |row| {
                Ok((count(row, 0)?, row.get(1)?, row.get(2)?))
            })
            .optional()
        };
        match legible(read())? {
            Some(found) => break found,
            None if *from >= end => break None,
            None => *from += 1,
        }
    };
    if *from > first {
        let text = format!("of its log from entry {first} on, {UNREADABLE}");
        report.vault(Wrong::Altered, text);
    }
    Ok(found)
}

struct Walk {
    next: u64,
    /// The hash of the entry before, where it is known.
    previous: Option<Hash>,
    /// The key that the entry before announced, where it can be believed.
    key: Option<Hash>,
}

impl Walk {
    /// What stood before entry `n` is not known, and that was reported.
    fn resume(&mut self, n: u64) {
        self.next = n;
        self.previous = None;
        self.key = None;
    }

    /// Checks one entry; gives it when it is signed as announced.
    fn step(
        &mut self,
        n: u64,
        body: &[u8],
        signature: &[u8],
        restored: bool,
        report: &mut Report,
    ) -> Option<Entry> {
        if n != self.next {
            let last = n.saturating_sub(1);
            let text = match last == self.next {
                true => format!("log entry {last} is missing"),
                false => format!("log entries {} to {last} are missing", self.next),
            };
            report.vault(Wrong::Missing, text);
            self.previous = None;
            self.key = None;
        }
        let first = n == 0;
        self.next = n.saturating_add(1);
        let Ok(entry) = serde_json::from_slice::<Entry>(body) else {
            report.vault(Wrong::Altered, format!("log entry {n} was altered"));
            self.key = None;
            return None;
        };
        let announced = self.key.replace(entry.next);
        let lineage = matches!(entry.what, What::Lineage { .. });
        let key = if first || lineage {
            entry.key
        } else {
            announced
        };
        let signed = match key {
            Some(key) => signed_by(&key, body, signature),
            // The entry that announced the key is gone or altered, and that was reported.
            None => !first && !lineage,
        };
        if !signed {
            report.vault(
                Wrong::Altered,
                format!("log entry {n} was altered, or written without the vault's seed"),
            );
            self.key = None;
            return None;
        }
        if entry.n != n {
            let text = format!("log entry {} stands at the place of entry {n}", entry.n);
            report.vault(Wrong::Reordered, text);
            return None;
        }
        if self
            .previous
            .is_some_and(|previous| previous != entry.previous)
        {
            let text = format!(
                "log entry {} is not the one that was signed",
                n.saturating_sub(1)
            );
            report.vault(Wrong::Altered, text);
        }
        if let What::Lineage { reason } = &entry.what
            && !first
            && !restored
        {
            report.vault(
                Wrong::Forged,
                format!("at log entry {n} a new seed signs ({reason}): entries before it may have been cut off"),
            );
        }
        Some(entry)
    }
}

impl Told {
    fn hear(&mut self, entry: Entry) {
        self.date(entry.day);
        match entry.what {
            What::Create {
                vault,
                recipient,
                slots,
                ..
            } => {
                self.vault = Some(vault);
                self.recipient = Some(recipient);
                self.slots = Some(slots);
            }
            What::Lineage { .. } | What::Restored {} | What::Shared { .. } | What::Taken { .. } => {
            }
            What::Slots { slots, .. } => self.slots = Some(slots),
            What::Open { session, meta, day } => {
                self.of(session).opened = Some((meta, day));
            }
            What::Checkpoint {
                session,
                pieces,
                head,
            } => self.of(session).marks.push((pieces, head)),
            What::Close {
                session,
                pieces,
                bytes,
                head,
                summary,
            } => {
                let session = self.of(session);
                session.marks.push((pieces, head));
                session.end = End::Closed;
                session.bytes = bytes;
                session.summary = Some(summary);
            }
            What::Interrupted {
                session,
                pieces,
                bytes,
                head,
            } => {
                let session = self.of(session);
                session.marks.push((pieces, head));
                session.end = End::Interrupted;
                session.bytes = bytes;
            }
            What::Counted { session, summary } => self.of(session).summary = Some(summary),
            What::Compact {
                session,
                first,
                last,
                old,
                new,
            } => self.of(session).chunks.push(Chunk {
                first,
                last,
                old,
                new,
            }),
            What::Prune { session, empty, .. } => {
                let holds: Vec<_> = self.holds.iter().map(|h| (h.1, h.2)).collect();
                let said = self.of(session);
                said.pruned = true;
                let held = said.opened.map(|(_, day)| (day, longest(&holds, day)));
                let Some((day, days)) = held.filter(|(_, days)| !empty && *days > 0) else {
                    return;
                };
                let until = day.saturating_add(days.into());
                if entry.day < until {
                    said.early = Some(Early {
                        day: entry.day,
                        days,
                        later: false,
                    });
                } else {
                    self.lapsed
                        .entry(until)
                        .or_default()
                        .push(Lapsed { session, day, days });
                }
            }
            What::Redact {
                session,
                parts,
                meta,
                summary,
            } => self.of(session).again(parts, Some(meta), summary),
            What::Reseal {
                session,
                parts,
                meta,
                summary,
            } => self.of(session).again(parts, meta, summary),
            What::Rekey {
                recipient, slots, ..
            } => {
                self.recipient = Some(recipient);
                self.slots = Some(slots);
            }
            What::Hold { days } => self.holds.push((entry.n, entry.day, days)),
            What::Label {
                session,
                pinned,
                sealed,
            } => {
                let said = self.of(session);
                said.label = Some((pinned, sealed));
                said.revision = entry.n;
            }
        }
    }

    /// It is this day. A hold that was over before, and is not on a day since the session was recorded,
    /// was over by a clock that had been set forward. A day before the session's own shows nothing: then
    /// it is today's clock that is wrong.
    pub fn date(&mut self, today: i64) {
        let after = (Bound::Excluded(today), Bound::Unbounded);
        for lapsed in self.lapsed.range_mut(after).flat_map(|(_, all)| all) {
            if let Some(said) = self.sessions.get_mut(&lapsed.session)
                && lapsed.day <= today
                && said.early.is_none()
            {
                said.early = Some(Early {
                    day: today,
                    days: lapsed.days,
                    later: true,
                });
            }
        }
    }

    fn of(&mut self, session: SessionId) -> &mut Session {
        self.sessions.entry(session).or_default()
    }
}
