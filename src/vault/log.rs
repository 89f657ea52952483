//! The signed log that ties sessions together.
//!
//! Each entry is signed with an Ed25519 key made from a seed that ratchets forward,
//! `seed(n+1) = BLAKE3(seed n)`, and names the public key of the next. The seed stands outside
//! SQLite. Under one lock the log is ratcheted to its head, the entry committed, and only then the
//! seed overwritten in place and synced: after a crash it is behind the log, never ahead. So a seed
//! that is ahead proves that entries were cut off.

use super::chain::Hash;
use super::{Error, db, dir};
use crate::model::SessionId;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

/// How long to wait for the process that is writing an entry; it needs milliseconds.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place, from 0.
    pub n: u64,
    /// Hash of the entry before it, signature included; of nothing for the first.
    pub previous: Hash,
    /// The public key that signs the next entry.
    pub next: Hash,
    /// The public key that signs this one, where no entry before it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Hash>,
    /// Days since 1970, UTC.
    pub day: i64,
    /// What happened.
    pub what: What,
}

/// What the log speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// The vault was made.
    Create {
        /// Its id, hex.
        vault: String,
        /// Its recipient.
        recipient: String,
        /// Hash of its keyslots.
        slots: Hash,
        /// The marks of those that were added with the vault's key.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        own: Vec<Hash>,
    },
    /// The seed was lost or does not fit; a new one signs from here on.
    Lineage {
        /// Why.
        reason: String,
    },
    /// The keyslots changed.
    Slots {
        /// Hash of all of them.
        slots: Hash,
        /// The mark of the one that was added with the vault's key.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        own: Vec<Hash>,
    },
    /// The vault has a new identity.
    Rekey {
        /// Its recipient from here on.
        recipient: String,
        /// Hash of its keyslots.
        slots: Hash,
        /// Their marks, made with the new key.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        own: Vec<Hash>,
    },
    /// The vault was restored from a copy whose log ends before this entry.
    Restored {},
    /// A session was sealed to others, in a bundle.
    Shared {
        /// Which.
        session: SessionId,
        /// To whom: public keys.
        to: Vec<String>,
    },
    /// A session was taken in from elsewhere, masked again.
    Taken {
        /// Which.
        session: SessionId,
        /// From where: `vault` and its id, or `bundle`.
        from: String,
    },
    /// A session was sealed again, to the vault's recipient of now.
    Reseal {
        /// Which.
        session: SessionId,
        /// Its pieces.
        parts: Vec<Replaced>,
        /// Hash of its metadata now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        meta: Option<Hash>,
        /// Hash of its summary now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<Hash>,
    },
    /// A session began.
    Open {
        /// Which.
        session: SessionId,
        /// Hash of its sealed metadata.
        meta: Hash,
        /// The day it began, which is its row's.
        day: i64,
    },
    /// A session is under way.
    Checkpoint {
        /// Which.
        session: SessionId,
        /// How many pieces it has.
        pieces: u64,
        /// The last one's link.
        head: Hash,
    },
    /// A session was closed in order.
    Close {
        /// Which.
        session: SessionId,
        /// How many pieces it has.
        pieces: u64,
        /// Their sealed bytes.
        bytes: u64,
        /// The last one's link.
        head: Hash,
        /// Hash of its sealed summary.
        summary: Hash,
    },
    /// A session's recorder was found dead.
    Interrupted {
        /// Which.
        session: SessionId,
        /// How many pieces it has.
        pieces: u64,
        /// Their sealed bytes.
        bytes: u64,
        /// The last one's link.
        head: Hash,
    },
    /// An interrupted session's summary was counted from its events.
    Counted {
        /// Which.
        session: SessionId,
        /// Hash of its sealed summary.
        summary: Hash,
    },
    /// Pieces were sealed again as one chunk.
    Compact {
        /// Which session.
        session: SessionId,
        /// The first piece.
        first: u64,
        /// The last piece.
        last: u64,
        /// The hashes of the pieces it stands for, in order.
        old: Vec<Hash>,
        /// The chunk's hash.
        new: Hash,
    },
    /// A session was forgotten.
    Prune {
        /// Which.
        session: SessionId,
        /// Why: `discarded`, `removed`, or the limit it was beyond.
        reason: String,
        /// Whether nothing was recorded in it yet: then no hold keeps it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        empty: bool,
    },
    /// Something was masked in a session after the fact.
    Redact {
        /// Which.
        session: SessionId,
        /// What was sealed again.
        parts: Vec<Replaced>,
        /// Hash of its metadata now.
        meta: Hash,
        /// Hash of its summary now, where it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<Hash>,
    },
    /// From here on sessions are kept for so many days at least, those already here among them.
    Hold {
        /// How many; 0 for none.
        days: u32,
    },
    /// A session was pinned, tagged, noted, or the opposite.
    Label {
        /// Which.
        session: SessionId,
        /// Whether it is pinned now.
        pinned: bool,
        /// Hash of its sealed tags and notes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sealed: Option<Hash>,
    },
}

/// A row of pieces that was sealed again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    /// Its first piece.
    pub first: u64,
    /// Its last.
    pub last: u64,
    /// The hash of what stood there.
    pub old: Hash,
    /// The hash of what stands there now.
    pub new: Hash,
}

/// An entry's hash, which the next one names.
pub fn hash(body: &[u8], signature: &[u8]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(body).update(signature);
    Hash(*hasher.finalize().as_bytes())
}

/// Whether `key` signed `body`.
pub fn signed_by(key: &Hash, body: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = VerifyingKey::from_bytes(&key.0) else {
        return false;
    };
    Signature::from_slice(signature).is_ok_and(|s| key.verify_strict(body, &s).is_ok())
}

/// The seed of the next entry, as it stands in `seal.seed`: magic, entry number, seed, checksum.
struct Seed {
    n: u64,
    seed: Zeroizing<[u8; 32]>,
}

const SEED_MAGIC: &[u8; 8] = b"recseed1";
const SEED_LEN: usize = 8 + 8 + 32 + 16;

impl Seed {
    fn new(n: u64) -> Result<Seed, Error> {
        let mut seed = Zeroizing::new([0; 32]);
        super::random(seed.as_mut())?;
        Ok(Seed { n, seed })
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(SEED_LEN));
        bytes.extend_from_slice(SEED_MAGIC);
        bytes.extend_from_slice(&self.n.to_le_bytes());
        bytes.extend_from_slice(self.seed.as_ref());
        let check = blake3::hash(&bytes);
        bytes.extend_from_slice(check.as_bytes().get(..16).unwrap_or_default());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Seed> {
        let (body, check) = bytes.split_at_checked(SEED_LEN - 16)?;
        let good = blake3::hash(body);
        let body = body.strip_prefix(SEED_MAGIC)?;
        let (n, seed) = body.split_at_checked(8)?;
        let seed = Seed {
            n: u64::from_le_bytes(n.try_into().ok()?),
            seed: Zeroizing::new(seed.try_into().ok()?),
        };
        (good.as_bytes().get(..16) == Some(check)).then_some(seed)
    }

    fn key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.seed)
    }

    fn public(&self) -> Hash {
        Hash(self.key().verifying_key().to_bytes())
    }

    fn ratchet(&mut self) {
        *self.seed = *blake3::hash(self.seed.as_ref()).as_bytes();
        self.n = self.n.saturating_add(1);
    }
}

/// The number of the entry that `seal.seed` will sign next; `None` when it is missing or damaged.
pub fn seed_position(dir: &Path) -> Result<Option<u64>, Error> {
    let bytes = dir::read(&dir.join(dir::SEED), 4096)?.map(Zeroizing::new);
    Ok(bytes
        .and_then(|bytes| Seed::decode(&bytes))
        .map(|seed| seed.n))
}

/// The hash of the keyslots that the log signed for last. Reads the log backwards up to there.
pub fn slots(conn: &Connection) -> Result<Option<Hash>, Error> {
    let read = || -> rusqlite::Result<Option<Hash>> {
        let mut rows = conn.prepare("SELECT body FROM log ORDER BY n DESC")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let body = row.get_ref(0)?.as_blob().unwrap_or_default();
            let entry = serde_json::from_slice::<Entry>(body);
            if let Ok(
                What::Create { slots, .. } | What::Slots { slots, .. } | What::Rekey { slots, .. },
            ) = entry.map(|entry| entry.what)
            {
                return Ok(Some(slots));
            }
        }
        Ok(None)
    };
    read().map_err(Error::db("read its log"))
}

/// The marks of slots in all entries. A mark is made with the vault's key, so it proves itself, whoever
/// signed the entry.
pub fn marks(conn: &Connection) -> Result<HashSet<Hash>, Error> {
    let read = || -> rusqlite::Result<HashSet<Hash>> {
        let mut found = HashSet::new();
        let mut rows =
            conn.prepare("SELECT body FROM log WHERE instr(body, CAST('\"own\"' AS BLOB)) > 0")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let entry =
                serde_json::from_slice::<Entry>(row.get_ref(0)?.as_blob().unwrap_or_default());
            if let Ok(
                What::Create { own, .. } | What::Slots { own, .. } | What::Rekey { own, .. },
            ) = entry.map(|entry| entry.what)
            {
                found.extend(own);
            }
        }
        Ok(found)
    };
    read().map_err(Error::db("read its log"))
}

/// The last entry: its number, its hash, and who signs the next.
fn head(conn: &Connection) -> Result<Option<(u64, Hash, Hash)>, Error> {
    let row: Option<(Vec<u8>, Vec<u8>)> = conn
        .query_row(
            "SELECT body, signature FROM log ORDER BY n DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(Error::db("read its log"))?;
    Ok(row.and_then(|(body, signature)| {
        let entry: Entry = serde_json::from_slice(&body).ok()?;
        Some((entry.n, hash(&body, &signature), entry.next))
    }))
}

/// Entries that are read for what they touched; with more it is as quick to look at every session.
const TOUCHED_MAX: usize = 2000;

/// The sessions that entries behind `n` speak of; `None` where the entry `n` is not the one of this
/// hash, or where they do not tell all that may have changed.
pub fn touched_since(
    conn: &Connection,
    n: u64,
    expected: &Hash,
) -> Result<Option<HashSet<SessionId>>, Error> {
    let from = i64::try_from(n).unwrap_or(i64::MAX);
    let read = || -> rusqlite::Result<Option<HashSet<SessionId>>> {
        let mut entries =
            conn.prepare_cached("SELECT n, body, signature FROM log WHERE n >= ?1 ORDER BY n")?;
        let mut rows = entries.query([from])?;
        let Some(first) = rows.next()? else {
            return Ok(None);
        };
        let (body, signature): (Vec<u8>, Vec<u8>) = (first.get(1)?, first.get(2)?);
        if first.get::<_, i64>(0)? != from || hash(&body, &signature) != *expected {
            return Ok(None);
        }
        let mut touched = HashSet::new();
        let mut count = 0;
        while let Some(row) = rows.next()? {
            count += 1;
            let entry = serde_json::from_slice::<Entry>(row.get_ref(1)?.as_blob()?);
            match entry.ok().and_then(|entry| entry.what.touches()) {
                Some(session) if count <= TOUCHED_MAX => touched.extend(session),
                _ => return Ok(None),
            }
        }
        Ok(Some(touched))
    };
    read().map_err(Error::db("read its log"))
}

impl What {
    /// The session that it changed, if it is one; `None` where it may have changed any.
    fn touches(&self) -> Option<Option<SessionId>> {
        match self {
            What::Create { .. } | What::Rekey { .. } | What::Restored {} => None,
            What::Lineage { .. } | What::Slots { .. } | What::Hold { .. } => Some(None),
            What::Shared { session, .. }
            | What::Taken { session, .. }
            | What::Reseal { session, .. }
            | What::Open { session, .. }
            | What::Checkpoint { session, .. }
            | What::Close { session, .. }
            | What::Interrupted { session, .. }
            | What::Counted { session, .. }
            | What::Compact { session, .. }
            | What::Prune { session, .. }
            | What::Redact { session, .. }
            | What::Label { session, .. } => Some(Some(*session)),
        }
    }
}

/// Adds entries within one transaction; made by [`write`].
pub struct Writer<'a> {
    conn: &'a Connection,
    seed: Seed,
    previous: Hash,
    /// The first entry must say its own key.
    root: bool,
    pub(super) day: i64,
}

impl Writer<'_> {
    /// The transaction that the entries are part of.
    pub fn conn(&self) -> &Connection {
        self.conn
    }

    /// The number of the next entry.
    pub fn next(&self) -> u64 {
        self.seed.n
    }

    /// The day that entries are signed on.
    pub fn day(&self) -> i64 {
        self.day
    }

    /// Signs and adds one entry.
    pub fn add(&mut self, what: What) -> Result<(), Error> {
        let key = self.seed.key();
        let own = self.root.then(|| self.seed.public());
        let n = self.seed.n;
        self.seed.ratchet();
        let entry = Entry {
            n,
            previous: self.previous,
            next: self.seed.public(),
            key: own,
            day: self.day,
            what,
        };
        let body = serde_json::to_vec(&entry).map_err(|e| Error::Seal(e.to_string()))?;
        let signature = key.sign(&body).to_bytes();
        let place = i64::try_from(n).unwrap_or(i64::MAX);
        self.conn
            .prepare_cached("INSERT INTO log (n, body, signature) VALUES (?1, ?2, ?3)")
            .and_then(|mut s| s.execute((place, &body, &signature[..])))
            .map_err(Error::db("add to its log"))?;
        self.previous = hash(&body, &signature);
        self.root = false;
        Ok(())
    }
}

/// Runs `work` in one transaction of `vault.db` with the log's lock held. What `work` adds to the
/// log is committed with whatever else it wrote; the seed moves on afterwards.
///
/// What is committed is done, also where the seed's file then takes no writes: the seed is behind, as
/// after a crash, and the next writer repairs that. To say that it failed would have the caller do it
/// twice.
///
/// # Errors
/// Those of `work`, and those of the lock and the database. Those of the seed's file only for a log's
/// first entries: what nobody can go on from is no log.
pub fn write<T>(
    dir: &Path,
    conn: &mut Connection,
    work: impl FnOnce(&mut Writer<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let path = dir.join(dir::SEED);
    let file = dir::open(&path, true)?;
    dir::lock(&file, &path, LOCK_WAIT)?;
    let mut bytes = Zeroizing::new([0_u8; SEED_LEN]);
    let stored = match file.read_exact_at(bytes.as_mut(), 0) {
        Ok(()) => Seed::decode(bytes.as_ref()),
        Err(_) => None,
    };
    let (value, seed, is_new) = db::immediate(conn, "add to its log", |conn| {
        let mut writer = writer(conn, stored)?;
        let is_new = writer.root;
        let value = work(&mut writer)?;
        Ok((value, writer.seed, is_new))
    })?;
    match store(&file, &path, &seed) {
        Err(error) if is_new => return Err(error),
        Err(error) => tracing::warn!(%error, "the signing key stays behind the log"),
        Ok(()) => {}
    }
    Ok(value)
}

fn writer(conn: &Connection, stored: Option<Seed>) -> Result<Writer<'_>, Error> {
    let day = super::now().day();
    let Some((n, previous, expected)) = head(conn)? else {
        let seed = Seed::new(0)?;
        return Ok(Writer {
            conn,
            seed,
            previous: Hash::of(b""),
            root: true,
            day,
        });
    };
    let next = n.saturating_add(1);
    let reason = match stored {
        None => "seal.seed is missing or damaged",
        Some(seed) if seed.n > next => "seal.seed is ahead of the log",
        Some(mut seed) => {
            while seed.n < next {
                seed.ratchet();
            }
            if seed.public() == expected {
                return Ok(Writer {
                    conn,
                    seed,
                    previous,
                    root: false,
                    day,
                });
            }
            "seal.seed does not fit the log"
        }
    };
    let mut writer = Writer {
        conn,
        seed: Seed::new(next)?,
        previous,
        root: true,
        day,
    };
    writer.add(What::Lineage {
        reason: reason.to_owned(),
    })?;
    Ok(writer)
}

/// In place, so that the old seed is overwritten and not left behind in a free block.
fn store(file: &File, path: &Path, seed: &Seed) -> Result<(), Error> {
    file.write_all_at(&seed.encode(), 0)
        .and_then(|()| file.sync_data())
        .map_err(Error::io("write", path))
}

/// The entry of this number as an anchor; `None` where there is none.
pub fn entry(conn: &Connection, n: u64) -> Result<Option<super::Anchor>, Error> {
    let place = i64::try_from(n).unwrap_or(i64::MAX);
    let row: Option<(Vec<u8>, Vec<u8>)> = conn
        .query_row(
            "SELECT body, signature FROM log WHERE n = ?1",
            [place],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(Error::db("read its log"))?;
    Ok(row.map(|(body, signature)| super::Anchor {
        entry: n,
        hash: hash(&body, &signature),
    }))
}

/// The head, for `rec vault anchor`: number and hash of the last entry.
pub fn anchor(conn: &Connection) -> Result<Option<(u64, Hash)>, Error> {
    Ok(head(conn)?.map(|(n, hash, _)| (n, hash)))
}
