//! Keyslots: each holds the vault's identity, sealed for one way to unlock.
//!
//! A slot's sealed value is an age file of an age identity file, so `age -d -i KEY` of any slot
//! gives a file that `age -d -i` then takes for every piece. All slots are kept a second time in
//! `keyslots.age`.

pub mod kernel;
mod keyfile;
mod keyring;
#[cfg(any(not(target_os = "linux"), test))]
mod timed;

pub use keyfile::{KeyFile, public, replace_plain, write_plain};
pub use keyring::{KeyringError, get, put, remove};

use super::chain::Hash;
use super::log::What;
use super::seal::{self, Identity, Recipient};
use super::{Error, dir, log};
use age::secrecy::SecretString;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// scrypt's work factor, fixed: age's own calibration takes seconds on a busy machine. 2^18 needs
/// 256 MiB and about a second, which is what a wrong guess costs.
pub const WORK_FACTOR: u8 = 18;

/// The largest `keyslots.age` that is read.
const COPY_MAX: u64 = 4 << 20;

/// The way a slot is unlocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A key in the OS keyring.
    Keyring,
    /// A passphrase.
    Passphrase,
    /// The vault's own identity as a plain file.
    File,
    /// An age, SSH or plugin identity that exists for itself.
    Identity,
    /// A printed key.
    Recovery,
}

impl Kind {
    /// Its name in the database and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Keyring => "keyring",
            Kind::Passphrase => "passphrase",
            Kind::File => "file",
            Kind::Identity => "identity",
            Kind::Recovery => "recovery",
        }
    }

    fn parse(name: &str) -> Option<Kind> {
        let all = [
            Kind::Keyring,
            Kind::Passphrase,
            Kind::File,
            Kind::Identity,
            Kind::Recovery,
        ];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

/// One keyslot.
#[derive(Clone, Serialize, Deserialize)]
pub struct Slot {
    /// Its number.
    pub id: i64,
    /// The way it is unlocked.
    pub kind: Kind,
    /// A path, the keyring entry's name, or the public half of a recovery key.
    pub place: String,
    /// When it was added, in days since 1970.
    pub day: i64,
    /// The identity.
    #[serde(skip)]
    pub sealed: Vec<u8>,
}

impl Slot {
    /// The file that `place` names; a name alone stands in the vault's directory.
    pub fn path(&self, dir: &Path) -> PathBuf {
        dir.join(&self.place)
    }
}

/// A slot before it has a number.
pub struct NewSlot {
    /// The way it is unlocked.
    pub kind: Kind,
    /// As in [`Slot`].
    pub place: String,
    /// As in [`Slot`].
    pub sealed: Vec<u8>,
}

/// What a slot's mark is made for.
const MARK: &str = "rec 2026 keyslot mark";

/// What only the vault's key says of a slot. Whoever can write the vault's files can put a slot there,
/// and sign for it with the seed, which stands beside it; this they cannot make.
fn mark(identity: &Identity, kind: Kind, place: &str, sealed: &[u8]) -> Hash {
    let fields = [kind.name().as_bytes(), place.as_bytes(), sealed];
    let part = fields.map(|field| *blake3::hash(field).as_bytes()).concat();
    Hash(*identity.derive(MARK, &part))
}

impl Slot {
    /// Its mark.
    pub fn mark(&self, identity: &Identity) -> Hash {
        mark(identity, self.kind, &self.place, &self.sealed)
    }
}

impl NewSlot {
    /// Its mark.
    pub fn mark(&self, identity: &Identity) -> Hash {
        mark(identity, self.kind, &self.place, &self.sealed)
    }
}

/// The text that is sealed in every slot.
pub fn content(identity: &Identity) -> zeroize::Zeroizing<String> {
    let secret = identity.expose();
    let public = identity.recipient();
    zeroize::Zeroizing::new(format!("# public key: {public}\n{}\n", *secret))
}

/// The identity in a slot's opened text, if it is that of `recipient`.
pub fn parse(text: &[u8], recipient: &Recipient) -> Option<Identity> {
    let text = std::str::from_utf8(text).ok()?;
    let found = text.lines().filter(|line| !line.starts_with('#'));
    found
        .filter_map(Identity::parse)
        .find(|identity| identity.recipient() == *recipient)
}

/// A slot for a key made by rec: the OS keyring's, or a recovery key.
pub fn for_key(
    identity: &Identity,
    kind: Kind,
    key: &Recipient,
    place: String,
) -> Result<NewSlot, Error> {
    let sealed = seal::encrypt(&[key.age()], content(identity).as_bytes())?;
    Ok(NewSlot {
        kind,
        place,
        sealed,
    })
}

/// A slot for a passphrase.
pub fn for_passphrase(identity: &Identity, passphrase: SecretString) -> Result<NewSlot, Error> {
    let mut recipient = age::scrypt::Recipient::new(passphrase);
    recipient.set_work_factor(WORK_FACTOR);
    Ok(NewSlot {
        kind: Kind::Passphrase,
        place: String::new(),
        sealed: seal::encrypt(&[&recipient], content(identity).as_bytes())?,
    })
}

/// A slot for the key in a file.
pub fn for_file(identity: &Identity, file: &KeyFile, path: &Path) -> Result<NewSlot, Error> {
    let recipients = file.recipients()?;
    let all = recipients.iter().map(|r| &**r as &dyn age::Recipient);
    Ok(NewSlot {
        kind: Kind::Identity,
        place: path.display().to_string(),
        sealed: seal::encrypt_to(all, content(identity).as_bytes())?,
    })
}

/// The slot that the key in a file opens already. Where only the key itself could tell, and it is not
/// at hand, that of the same SSH key or of the same file.
pub fn opened_by(slots: &[Slot], file: &KeyFile, new: &NewSlot) -> Option<i64> {
    let other = slots.iter().filter(|slot| slot.kind != Kind::Passphrase);
    let mut same = other.filter(|slot| {
        let by_name = || match (ssh_key(&new.sealed), ssh_key(&slot.sealed)) {
            (Some(new), Some(known)) => new == known,
            _ => slot.kind == new.kind && slot.place == new.place,
        };
        file.opens(&slot.sealed).unwrap_or_else(by_name)
    });
    same.next().map(|slot| slot.id)
}

/// What an age file says of the SSH key that opens it: its type, and four bytes of its hash (age
/// format, "ssh-ed25519" and "ssh-rsa" recipient stanzas).
pub fn ssh_key(sealed: &[u8]) -> Option<[&[u8]; 2]> {
    let mut lines = sealed.split(|byte| *byte == b'\n');
    let stanza = lines.find_map(|line| line.strip_prefix(b"-> "))?;
    let mut words = stanza.split(|byte| *byte == b' ');
    let kind = words.next().filter(|kind| kind.starts_with(b"ssh-"))?;
    Some([kind, words.next()?])
}

/// All slots of the database.
pub fn load(conn: &Connection) -> Result<Vec<Slot>, Error> {
    let read = || -> rusqlite::Result<Vec<Slot>> {
        let mut rows =
            conn.prepare_cached("SELECT id, kind, place, day, sealed FROM slots ORDER BY id")?;
        let slots = rows.query_map([], |row| {
            let kind: String = row.get(1)?;
            Ok((
                Kind::parse(&kind),
                (row.get(0)?, row.get(2)?, row.get(3)?, row.get(4)?),
            ))
        })?;
        // A kind that a newer version added is no way in for this one, and no error.
        let known = |(kind, rest): (Option<Kind>, (i64, String, i64, Vec<u8>))| {
            let (id, place, day, sealed) = rest;
            kind.map(|kind| Slot {
                id,
                kind,
                place,
                day,
                sealed,
            })
        };
        Ok(slots
            .collect::<rusqlite::Result<Vec<_>>>()?
            .into_iter()
            .filter_map(known)
            .collect())
    };
    read().map_err(Error::db("read its keyslots"))
}

/// Hash over all rows, whatever their kind; what the log says of them.
pub fn hash(conn: &Connection) -> Result<Hash, Error> {
    let read = || -> rusqlite::Result<Hash> {
        let mut hasher = blake3::Hasher::new();
        let mut rows =
            conn.prepare_cached("SELECT id, kind, place, day, sealed FROM slots ORDER BY id")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let (kind, place): (String, String) = (row.get(1)?, row.get(2)?);
            let sealed: Vec<u8> = row.get(4)?;
            hasher.update(&row.get::<_, i64>(0)?.to_le_bytes());
            hasher.update(&row.get::<_, i64>(3)?.to_le_bytes());
            for field in [kind.as_bytes(), place.as_bytes(), &sealed] {
                hasher.update(blake3::hash(field).as_bytes());
            }
        }
        // Identities of before a rekey; there are none in most vaults.
        let mut past = conn.prepare_cached("SELECT n, recipient, sealed FROM past ORDER BY n")?;
        let mut past = past.query([])?;
        while let Some(row) = past.next()? {
            let (recipient, sealed): (String, Vec<u8>) = (row.get(1)?, row.get(2)?);
            hasher.update(&row.get::<_, i64>(0)?.to_le_bytes());
            for field in [recipient.as_bytes(), &sealed] {
                hasher.update(blake3::hash(field).as_bytes());
            }
        }
        Ok(Hash(*hasher.finalize().as_bytes()))
    };
    read().map_err(Error::db("read its keyslots"))
}

/// Adds a slot; its number.
pub fn insert(conn: &Connection, slot: &NewSlot) -> Result<i64, Error> {
    conn.execute(
        "INSERT INTO slots (kind, place, day, sealed) VALUES (?1, ?2, ?3, ?4)",
        (
            slot.kind.name(),
            &slot.place,
            super::now().day(),
            &slot.sealed,
        ),
    )
    .map_err(Error::db("add a keyslot"))?;
    Ok(conn.last_insert_rowid())
}

/// Whether the slots are those that the log's last word on them speaks of.
pub fn are_signed(conn: &Connection) -> Result<bool, Error> {
    Ok(log::slots(conn)? == Some(hash(conn)?))
}

/// Whether each of `slots` was added with the vault's key, and those of the vault are the ones that were
/// signed for last.
pub fn are_owned(conn: &Connection, slots: &[Slot], identity: &Identity) -> Result<bool, Error> {
    let marks = log::marks(conn)?;
    let owned = |slot: &Slot| marks.contains(&slot.mark(identity));
    Ok(are_signed(conn)? && slots.iter().all(owned))
}

/// Adds a slot to a vault that is in use, with its log entry, its mark and the copy.
///
/// # Errors
/// Also [`Error::SlotsUnowned`]: the entry would sign for the others too.
pub fn add(dir: &Path, conn: &mut Connection, slot: &NewSlot, mark: Hash) -> Result<i64, Error> {
    let id = log::write(dir, conn, |log| {
        if !are_signed(log.conn())? {
            return Err(Error::SlotsUnowned);
        }
        let id = insert(log.conn(), slot)?;
        let slots = hash(log.conn())?;
        log.add(What::Slots {
            slots,
            own: vec![mark],
        })?;
        Ok(id)
    })?;
    copy(dir, conn)?;
    Ok(id)
}

/// Takes a slot out of a vault that is in use.
///
/// # Errors
/// Also [`Error::NoSlot`], and [`Error::LastSlot`] for the only one.
pub fn delete(dir: &Path, conn: &mut Connection, id: i64) -> Result<Slot, Error> {
    let _ = mend(dir, conn);
    let removed = log::write(dir, conn, |log| {
        let signed = are_signed(log.conn())?;
        let mut all = load(log.conn())?;
        let at = all.iter().position(|slot| slot.id == id);
        let at = at.ok_or(Error::NoSlot(id))?;
        if all.len() == 1 {
            return Err(Error::LastSlot(id));
        }
        let removed = all.swap_remove(at);
        log.conn()
            .execute("DELETE FROM slots WHERE id = ?1", [id])
            .map_err(Error::db("remove a keyslot"))?;
        // Of slots that nobody signed for, those that are left are not signed for either.
        if signed {
            let slots = hash(log.conn())?;
            let own = Vec::new();
            log.add(What::Slots { slots, own })?;
        }
        Ok(removed)
    })?;
    super::db::truncate_wal(conn)?;
    copy(dir, conn)?;
    Ok(removed)
}

const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const END: &str = "-----END AGE ENCRYPTED FILE-----";

/// Writes `keyslots.age`.
pub fn copy(dir: &Path, conn: &Connection) -> Result<(), Error> {
    dir::replace(&dir.join(dir::KEYSLOTS), copied(conn)?.as_bytes())
}

/// How `keyslots.age` fares beside the database's slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    /// It has what they are.
    Whole,
    /// It is not there.
    Missing,
    /// It is damaged, or older than they are.
    Other,
}

/// Looks at `keyslots.age`.
pub fn look_at_copy(dir: &Path, conn: &Connection) -> Result<Copied, Error> {
    let found = match dir::read(&dir.join(dir::KEYSLOTS), COPY_MAX) {
        // A copy that cannot be read is none.
        Err(Error::Io { .. }) => return Ok(Copied::Other),
        found => found?,
    };
    Ok(match found {
        None => Copied::Missing,
        Some(found) if *found == *copied(conn)?.as_bytes() => Copied::Whole,
        Some(_) => Copied::Other,
    })
}

/// Writes again whichever of the two, the database's slots and `keyslots.age`, is not what was signed
/// for, from the other one: the next change would sign for what is lost.
pub fn mend(dir: &Path, conn: &Connection) -> Result<(), Error> {
    // Where they are alike neither mends the other, and the log, which grows with every session, need
    // not be read: this is done at each unlock.
    match look_at_copy(dir, conn)? {
        Copied::Whole => Ok(()),
        Copied::Missing | Copied::Other if are_signed(conn)? => copy(dir, conn),
        Copied::Missing | Copied::Other => take_copy(dir, conn).map(drop),
    }
}

/// Puts the slots of `keyslots.age` into the database where they are those that were signed for;
/// whether they are.
pub fn take_copy(dir: &Path, conn: &Connection) -> Result<bool, Error> {
    let doing = "write its keyslots again";
    // Left without a commit where the copy is no better.
    let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)
        .map_err(Error::db(doing))?;
    let signed = log::slots(&tx)?;
    tx.execute("DELETE FROM slots", [])
        .map_err(Error::db(doing))?;
    for slot in load_copy(dir)? {
        tx.execute(
            "INSERT INTO slots (id, kind, place, day, sealed) VALUES (?1, ?2, ?3, ?4, ?5)",
            (slot.id, slot.kind.name(), slot.place, slot.day, slot.sealed),
        )
        .map_err(Error::db(doing))?;
    }
    match signed == Some(hash(&tx)?) {
        true => tx.commit().map_err(Error::db(doing)).map(|()| true),
        false => Ok(false),
    }
}

/// What `keyslots.age` must hold: a line of JSON and an armoured age file for each slot.
fn copied(conn: &Connection) -> Result<String, Error> {
    let mut text = String::from("# The keyslots of a rec vault. Each opens with: age -d -i KEY\n");
    for slot in load(conn)? {
        let about = serde_json::to_string(&slot).map_err(|e| Error::Seal(e.to_string()))?;
        let armour = STANDARD.encode(&slot.sealed);
        text.push_str(&format!("{about}\n{BEGIN}\n"));
        let mut rest = armour.as_str();
        while !rest.is_empty() {
            // RFC 7468 lines; base64 is ASCII, so every index is a boundary.
            let (line, after) = rest.split_at(rest.len().min(64));
            text.push_str(line);
            text.push('\n');
            rest = after;
        }
        text.push_str(&format!("{END}\n"));
    }
    Ok(text)
}

/// The slots as `keyslots.age` has them; what does not parse is left out.
pub fn load_copy(dir: &Path) -> Result<Vec<Slot>, Error> {
    let bytes = dir::read(&dir.join(dir::KEYSLOTS), COPY_MAX)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let mut slots = Vec::new();
    let mut about: Option<Slot> = None;
    let mut armour: Option<String> = None;
    for line in text.lines() {
        if line == BEGIN {
            armour = Some(String::new());
        } else if line == END {
            let sealed = armour.take().and_then(|text| STANDARD.decode(text).ok());
            if let (Some(mut slot), Some(sealed)) = (about.take(), sealed) {
                slot.sealed = sealed;
                slots.push(slot);
            }
        } else if let Some(armour) = armour.as_mut() {
            armour.push_str(line);
        } else {
            about = serde_json::from_str(line).ok();
        }
    }
    Ok(slots)
}
