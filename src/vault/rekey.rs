//! A new identity for the vault, and its past sealed again.
//!
//! After a rekey everything new is sealed to the new recipient; the old identity stays in the vault,
//! sealed to the new one, for what was sealed to it. Resealing takes that away too.

use super::chain::Hash;
use super::log::{self, What};
use super::seal::{self, Damage, Identity, Recipient};
use super::slots::{self, Kind, NewSlot, Slot, kernel};
use super::{Ask, Error, Means, Unlocked, db, index, label, live, pin};
use crate::config::Paths;
use crate::model::SessionId;
use rusqlite::{Connection, OptionalExtension};

/// How often a slot's passphrase may be tried.
const TRIES: usize = 3;

/// What resealing did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Sessions that were sealed again.
    pub sessions: u64,
    /// Those being recorded, which were left out.
    pub recording: u64,
    /// Pieces that do not open and stayed as they are.
    pub damaged: u64,
}

/// The identities of before a rekey, newest first.
pub(super) fn past(conn: &Connection, identity: &Identity) -> Result<Vec<Identity>, Error> {
    let read = || -> rusqlite::Result<Vec<(String, Vec<u8>)>> {
        let mut rows = conn.prepare_cached("SELECT recipient, sealed FROM past ORDER BY n DESC")?;
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    };
    let rows = read().map_err(Error::db("read its past keys"))?;
    let open = |(recipient, sealed): (String, Vec<u8>)| {
        let recipient: Recipient = recipient.parse().ok()?;
        let text = seal::decrypt(identity.age(), &sealed).ok()?;
        slots::parse(&text, &recipient)
    };
    Ok(rows.into_iter().filter_map(open).collect())
}

impl Unlocked {
    /// Gives the vault a new identity, which every slot opens from then on.
    ///
    /// # Errors
    /// [`Error::SlotAway`] for a slot whose key is not at hand and [`Error::SlotsUnowned`] where nobody
    /// says that all are the owner's, and then nothing was changed; [`Error::WrongPassphrase`],
    /// [`Error::Cancelled`], or what the file system says.
    pub fn rekey(&mut self, paths: &Paths, means: &Means, ask: &mut dyn Ask) -> Result<(), Error> {
        // Read once: nobody puts one in between.
        let all = self.vault().slots()?;
        self.owned(&all, ask)?;
        let new = Identity::generate();
        new.keep_in_memory();
        let recipient = new.recipient();
        let mut ready = Vec::new();
        for slot in all {
            let again = self.slot_again(&slot, &new, means, ask)?;
            ready.push((slot, again));
        }
        let plain: Vec<_> = ready
            .iter()
            .filter(|(slot, _)| slot.kind == Kind::File)
            .map(|(slot, _)| slot.path(self.dir()))
            .collect();
        // Both, until it is committed: whichever recipient stands there after a crash, it opens.
        for path in &plain {
            slots::replace_plain(path, &[&new, self.identity()])?;
        }
        let old = seal::encrypt(
            &[recipient.age()],
            slots::content(self.identity()).as_bytes(),
        )?;
        let older = self
            .past()
            .iter()
            .rev()
            .map(|past| {
                let sealed = seal::encrypt(&[recipient.age()], slots::content(past).as_bytes());
                sealed.map(|sealed| (past.recipient().to_string(), sealed))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let own = ready.iter().map(|(_, slot)| slot.mark(&new)).collect();
        let name = self.vault().kernel_name();
        let vault = self.vault_mut();
        let dir = vault.dir.clone();
        let before = vault.recipient.to_string();
        pin::announce(&paths.config_dir, &dir, &vault.recipient, &recipient)?;
        log::write(&dir, &mut vault.conn, |log| {
            let swap = || -> rusqlite::Result<()> {
                let conn = log.conn();
                conn.execute("UPDATE vault SET recipient = ?1", [recipient.to_string()])?;
                for (slot, again) in &ready {
                    conn.execute(
                        "UPDATE slots SET sealed = ?2 WHERE id = ?1",
                        (slot.id, &again.sealed),
                    )?;
                }
                conn.execute("DELETE FROM past", [])?;
                let all = older.iter().map(|(r, s)| (r, s)).chain([(&before, &old)]);
                for (recipient, sealed) in all {
                    conn.execute(
                        "INSERT INTO past (recipient, sealed) VALUES (?1, ?2)",
                        (recipient, sealed),
                    )?;
                }
                Ok(())
            };
            swap().map_err(Error::db("take a new key"))?;
            let slots = slots::hash(log.conn())?;
            log.add(What::Rekey {
                recipient: recipient.to_string(),
                slots,
                own,
            })
        })?;
        vault.recipient = recipient.clone();
        db::truncate_wal(&vault.conn)?;
        slots::copy(&dir, &vault.conn)?;
        pin::set(&paths.config_dir, &dir, &recipient)?;
        kernel::remove(&name);
        let past = past(&vault.conn, &new)?;
        for path in &plain {
            slots::replace_plain(path, &[&new])?;
        }
        // Its key was sealed to the old identity too.
        index::remove(&dir)?;
        self.set_identities(new, past);
        Ok(())
    }

    /// Whether every slot is the owner's. Whose key a slot leads to stands in clear: who can write there
    /// but has no key could put in one of their own, and the new identity would be sealed to it. Where no
    /// mark shows it, as in vaults of before there were marks, the owner has to say so.
    fn owned(&self, all: &[Slot], ask: &mut dyn Ask) -> Result<(), Error> {
        if slots::are_owned(self.conn(), all, self.identity())? {
            return Ok(());
        }
        if !ask.present() {
            return Err(Error::SlotsUnowned);
        }
        ask.tell("nothing shows that each of these keyslots was added with the vault's key:");
        for slot in all {
            let day = super::error::day_name(slot.day);
            let (kind, place) = (slot.kind.name(), &slot.place);
            ask.tell(&format!("slot {}  {kind}  added {day}  {place}", slot.id));
        }
        match ask.agrees("each of them will open the new key: are all of them yours?") {
            true => Ok(()),
            false => Err(Error::SlotsUnowned),
        }
    }

    fn slot_again(
        &self,
        slot: &Slot,
        new: &Identity,
        means: &Means,
        ask: &mut dyn Ask,
    ) -> Result<NewSlot, Error> {
        let away = |why: String| Error::SlotAway {
            slot: slot.id,
            kind: slot.kind.name(),
            why,
        };
        let place = slot.place.clone();
        match slot.kind {
            Kind::Keyring => {
                let key = slots::get(&slot.place).map_err(|e| away(e.to_string()))?;
                slots::for_key(new, Kind::Keyring, &key.recipient(), place)
            }
            Kind::Recovery => {
                let key: Recipient = place
                    .parse()
                    .map_err(|_| away("its public key is damaged".to_owned()))?;
                slots::for_key(new, Kind::Recovery, &key, place)
            }
            // The new key is written there, so it must be where the old one is.
            Kind::File => match self.vault().by_plain_file(slot) {
                Ok(_) => slots::for_key(new, Kind::File, &new.recipient(), place),
                Err(why) => Err(away(why)),
            },
            Kind::Identity => {
                let file = self.vault().key_file(slot);
                let file = file.map_err(|e| away(e.to_string()))?;
                let path = slot.path(self.dir());
                let again = slots::for_file(new, &file, &path).map_err(|e| away(e.to_string()))?;
                // Where the key would have to be asked for, what names it must do.
                let same = match file.opens(&slot.sealed) {
                    Some(_) => self.vault().opened(slot, &file).is_some(),
                    None => slots::ssh_key(&again.sealed) == slots::ssh_key(&slot.sealed),
                };
                match same {
                    true => Ok(again),
                    false => Err(away(format!("{} holds another key", path.display()))),
                }
            }
            Kind::Passphrase => self.passphrase_again(slot, new, means, ask),
        }
    }

    /// The passphrase must open its slot: a mistyped one would lock its owner out.
    fn passphrase_again(
        &self,
        slot: &Slot,
        new: &Identity,
        means: &Means,
        ask: &mut dyn Ask,
    ) -> Result<NewSlot, Error> {
        let opens = |passphrase: &age::secrecy::SecretString| {
            let mut key = age::scrypt::Identity::new(passphrase.clone());
            key.set_max_work_factor(slots::WORK_FACTOR);
            seal::decrypt(&key, &slot.sealed).is_ok()
        };
        if let Some(passphrase) = means.passphrase()?.filter(opens) {
            return slots::for_passphrase(new, passphrase);
        }
        if !ask.present() {
            return Err(Error::SlotAway {
                slot: slot.id,
                kind: slot.kind.name(),
                why: "its passphrase is needed, and there is no terminal to ask on".to_owned(),
            });
        }
        for _ in 0..TRIES {
            let question = format!("Passphrase of slot {}", slot.id);
            let answer = ask.passphrase(&question).ok_or(Error::Cancelled)?;
            if opens(&answer) {
                return slots::for_passphrase(new, answer);
            }
            ask.tell("that does not open it");
        }
        Err(Error::WrongPassphrase)
    }

    /// Seals everything again that is sealed to an identity of before, and forgets that identity
    /// where nothing is left for it. `progress` hears how many of how many sessions are done.
    ///
    /// # Errors
    /// What the file system says; what was done until then is kept.
    pub fn reseal(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<Resealed, Error> {
        let mut done = Resealed::default();
        let sessions = self.all_sessions()?;
        let total = u64::try_from(sessions.len()).unwrap_or(u64::MAX);
        for (at, (number, id, recording)) in (0..).zip(sessions) {
            progress(at, total);
            if recording {
                done.recording += 1;
                continue;
            }
            let again = self.reseal_session(number, id, &mut done)?;
            done.sessions += u64::from(again);
        }
        progress(total, total);
        self.reseal_reads()?;
        if done.recording == 0 {
            self.forget_past()?;
        }
        db::truncate_wal(&self.vault().conn)?;
        Ok(done)
    }

    fn all_sessions(&self) -> Result<Vec<(i64, SessionId, bool)>, Error> {
        let read = || -> rusqlite::Result<Vec<(i64, SessionId, i64)>> {
            let mut rows = self
                .conn()
                .prepare("SELECT number, id, state FROM sessions WHERE state <> 3 ORDER BY 1")?;
            rows.query_map([], |row| {
                Ok((row.get(0)?, SessionId(row.get(1)?), row.get(2)?))
            })?
            .collect()
        };
        let rows = read().map_err(Error::db("list the sessions"))?;
        let dir = self.dir();
        let each = rows.into_iter();
        Ok(each
            .map(|(number, id, state)| {
                let recording = state == db::state::RECORDING && live::is_live(dir, &id);
                (number, id, recording)
            })
            .collect())
    }

    /// `sealed` for the recipient of now; `None` where it is that already, or opens with nothing.
    fn sealed_again(&self, sealed: &[u8], done: &mut Resealed) -> Result<Option<Vec<u8>>, Error> {
        match seal::decrypt(self.identity().age(), sealed) {
            Ok(_) => return Ok(None),
            Err(Damage::Foreign) => {}
            Err(_) => {
                done.damaged += 1;
                return Ok(None);
            }
        }
        let recipient = self.vault().recipient();
        let mut found = self.past().iter();
        let again = found.find_map(|past| seal::reseal(past, recipient, sealed).ok());
        done.damaged += u64::from(again.is_none());
        Ok(again)
    }

    fn reseal_session(
        &mut self,
        number: i64,
        id: SessionId,
        done: &mut Resealed,
    ) -> Result<bool, Error> {
        let mut parts = Vec::new();
        let places = self.rows_of(number)?;
        for (first, last) in places {
            let (old, sealed) = self.sealed_at(number, first)?;
            if let Some(new) = self.sealed_again(&sealed, done)? {
                parts.push((first, last, old, new));
            }
        }
        type Kept = Option<Vec<u8>>;
        let (meta, summary, pinned, labels): (Kept, Kept, Option<bool>, Kept) = self
            .conn()
            .query_row(
                "SELECT meta, summary, pinned, sealed FROM sessions
                 LEFT JOIN labels ON labels.session = number WHERE number = ?1",
                [number],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .map_err(Error::db("seal a session again"))?;
        let mut again = |sealed: Kept| match sealed {
            Some(sealed) => self.sealed_again(&sealed, done),
            None => Ok(None),
        };
        let (meta, summary, labels) = (again(meta)?, again(summary)?, again(labels)?);
        if parts.is_empty() && meta.is_none() && summary.is_none() && labels.is_none() {
            return Ok(false);
        }
        let vault = self.vault_mut();
        let dir = vault.dir.clone();
        log::write(&dir, &mut vault.conn, |log| {
            let mut replaced = Vec::with_capacity(parts.len());
            for (first, last, old, new) in &parts {
                replaced.push(super::redact::put(
                    log.conn(),
                    number,
                    (*first, *last, *old),
                    new,
                )?);
            }
            log.conn()
                .execute(
                    "UPDATE sessions SET meta = coalesce(?2, meta), summary = coalesce(?3, summary)
                     WHERE number = ?1",
                    (number, &meta, &summary),
                )
                .map_err(Error::db("seal a session again"))?;
            log.add(What::Reseal {
                session: id,
                parts: replaced,
                meta: meta.as_deref().map(Hash::of),
                summary: summary.as_deref().map(Hash::of),
            })?;
            match labels {
                Some(labels) => {
                    let pinned = pinned.unwrap_or(false);
                    label::store(log, number, id, pinned, Some(labels))
                }
                None => Ok(()),
            }
        })?;
        Ok(true)
    }

    fn rows_of(&self, number: i64) -> Result<Vec<(i64, i64)>, Error> {
        let read = || -> rusqlite::Result<Vec<(i64, i64)>> {
            let mut rows = self
                .conn()
                .prepare_cached("SELECT seq, last FROM pieces WHERE session = ?1 ORDER BY seq")?;
            rows.query_map([number], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        read().map_err(Error::db("seal a session again"))
    }

    fn sealed_at(&self, number: i64, first: i64) -> Result<(Hash, Vec<u8>), Error> {
        self.conn()
            .prepare_cached("SELECT hash, sealed FROM pieces WHERE session = ?1 AND seq = ?2")
            .and_then(|mut s| {
                s.query_row((number, first), |row| Ok((Hash(row.get(0)?), row.get(1)?)))
                    .optional()
            })
            .map_err(Error::db("seal a session again"))?
            .ok_or(Error::Changed)
    }

    fn reseal_reads(&mut self) -> Result<(), Error> {
        let read = || -> rusqlite::Result<Vec<(i64, Vec<u8>)>> {
            let mut rows = self.conn().prepare("SELECT n, sealed FROM reads")?;
            rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        let mut again = Vec::new();
        for (n, sealed) in read().map_err(Error::db("seal its reads again"))? {
            if let Some(new) = self.sealed_again(&sealed, &mut Resealed::default())? {
                again.push((n, new));
            }
        }
        db::immediate(&mut self.vault_mut().conn, "seal its reads again", |conn| {
            for (n, new) in &again {
                conn.execute("UPDATE reads SET sealed = ?2 WHERE n = ?1", (n, new))
                    .map_err(Error::db("seal its reads again"))?;
            }
            Ok(())
        })
    }

    /// Nothing is sealed to them any more.
    fn forget_past(&mut self) -> Result<(), Error> {
        if self.past().is_empty() {
            return Ok(());
        }
        let vault = self.vault_mut();
        let dir = vault.dir.clone();
        log::write(&dir, &mut vault.conn, |log| {
            log.conn()
                .execute("DELETE FROM past", [])
                .map_err(Error::db("forget its past keys"))?;
            let slots = slots::hash(log.conn())?;
            let own = Vec::new();
            log.add(What::Slots { slots, own })
        })?;
        self.forget_identities();
        Ok(())
    }
}
