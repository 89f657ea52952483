//! A new vault: on request, or by itself at the first recording.

use super::chain::Hash;
use super::log::{self, What};
use super::seal::{Identity, Recipient};
use super::slots::{self, KeyFile, KeyringError, Kind, NewSlot, Slot};
use super::{Error, Unlocked, Vault, db, dir, pin};
use crate::config::Paths;
use age::secrecy::SecretString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// How long a start waits for another one that is just making the vault: the keyring's limit,
/// three calls, and some disk.
const CREATE_WAIT: Duration = Duration::from_secs(10);

/// The database until it is complete.
const DRAFT: &str = "vault.db.new";

/// The first way to unlock a new vault.
pub enum NewKey {
    /// A key in the OS keyring.
    Keyring,
    /// A passphrase.
    Passphrase(SecretString),
    /// The identity as a plain file: there, or in the vault's directory.
    File(Option<PathBuf>),
    /// An age or SSH identity file that exists.
    Identity(PathBuf),
}

/// A vault that was just made.
pub struct Created {
    /// It.
    pub vault: Vault,
    /// Its only keyslot.
    pub slot: Slot,
}

/// What the first recording found.
pub enum Ensured {
    /// A vault.
    Ready(Vault),
    /// None, so one was made, its key in the OS keyring.
    Created(Created),
    /// None, and the keyring did not take a key: the owner must say how to lock it.
    Ask(KeyringError),
}

/// The vault to record into: the one that stands there, or a new one if the OS keyring takes its
/// key. Where a vault stood before and is gone, none is made by itself.
///
/// # Errors
/// As [`Vault::open`] and [`create`], and [`Error::Gone`].
pub fn ensure_for_recording(paths: &Paths) -> Result<Ensured, Error> {
    match Vault::open(paths) {
        Err(Error::NoVault { .. }) => {}
        other => return other.map(Ensured::Ready),
    }
    match create(paths, NewKey::Keyring) {
        Ok(created) => Ok(Ensured::Created(created)),
        Err(Error::Keyring(why)) => Ok(Ensured::Ask(why)),
        // Another start was quicker.
        Err(Error::Exists { .. }) => Vault::open(paths).map(Ensured::Ready),
        Err(e) => Err(e),
    }
}

/// The real path of a directory that may not exist.
pub(super) fn place(dir: &Path) -> PathBuf {
    let parent = dir.parent().and_then(|p| fs::canonicalize(p).ok());
    match (fs::canonicalize(dir), parent, dir.file_name()) {
        (Ok(dir), _, _) => dir,
        (_, Some(parent), Some(name)) => parent.join(name),
        _ => std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned()),
    }
}

/// Makes a vault with one keyslot.
///
/// # Errors
/// [`Error::Exists`], [`Error::NotEmpty`], [`Error::Keyring`], or what the file system says; then
/// nothing is left behind.
pub fn create(paths: &Paths, key: NewKey) -> Result<Created, Error> {
    if paths.vault.join(dir::DB).exists() {
        return Err(Error::Exists {
            dir: paths.vault.clone(),
        });
    }
    let mut id = [0; 16];
    super::random(&mut id)?;
    let identity = Identity::generate();
    let mut undo = Undo(Vec::new());
    // The keyring comes first: when it does not serve, not even a directory is made.
    let ready = match &key {
        NewKey::Keyring => Some(keyring_slot(&identity, &id, &mut undo)?),
        NewKey::Passphrase(secret) => Some(slots::for_passphrase(&identity, secret.clone())?),
        NewKey::Identity(path) => {
            let path = std::path::absolute(path).map_err(Error::io("find", path))?;
            Some(slots::for_file(&identity, &KeyFile::read(&path)?, &path)?)
        }
        NewKey::File(_) => None,
    };

    let dir = dir::prepare(&paths.vault)?;
    let held = File::open(&dir).map_err(Error::io("open", &dir))?;
    dir::lock(&held, &dir, CREATE_WAIT)?;
    vacant(&dir, false)?;
    let slot = match (ready, key) {
        (Some(slot), _) => slot,
        (None, NewKey::File(path)) => file_slot(&identity, &dir, path, &mut undo)?,
        (None, _) => return Err(Error::Cancelled),
    };
    let files = [
        dir::SEED,
        dir::KEYSLOTS,
        DRAFT,
        "vault.db.new-wal",
        "vault.db.new-shm",
    ];
    for name in files {
        let _ = fs::remove_file(dir.join(name));
        undo.0.push(Step::File(dir.join(name)));
    }
    let own = vec![slot.mark(&identity)];
    let slots = std::slice::from_ref(&slot);
    draft(&dir, &id, &identity.recipient(), slots, own)?;
    for name in ["vault.db.new-wal", "vault.db.new-shm"] {
        let _ = fs::remove_file(dir.join(name));
    }
    let path = dir.join(dir::DB);
    fs::rename(dir.join(DRAFT), &path).map_err(Error::io("create", &path))?;
    undo.0.clear();
    dir::sync(&dir)?;
    pin::set(&paths.config_dir, &dir, &identity.recipient())?;
    drop(held);

    let vault = Vault::open(paths)?;
    vault.note_first()?;
    let slot = vault.slots()?.pop().ok_or(Error::NoSlot(1))?;
    Ok(Created { vault, slot })
}

/// Nothing but what an earlier attempt may have left, or (when it is `restored`) what stands beside a
/// database.
pub(super) fn vacant(dir: &Path, restored: bool) -> Result<(), Error> {
    if dir.join(dir::DB).symlink_metadata().is_ok() {
        let dir = dir.to_owned();
        return Err(Error::Exists { dir });
    }
    let mut ours = vec![dir::SEED, dir::KEYSLOTS, DRAFT, dir::LIVE];
    if restored {
        ours.extend([
            dir::IDENTITY,
            "vault.db-wal",
            "vault.db-shm",
            "index.db",
            "index.key",
            "index.db-wal",
            "index.db-shm",
        ]);
    }
    for entry in fs::read_dir(dir).map_err(Error::io("read", dir))? {
        let name = entry.map_err(Error::io("read", dir))?.file_name();
        if !ours.iter().any(|known| name == *known) {
            let dir = dir.to_owned();
            return Err(Error::NotEmpty { dir });
        }
    }
    Ok(())
}

fn keyring_slot(identity: &Identity, vault: &[u8; 16], undo: &mut Undo) -> Result<NewSlot, Error> {
    let mut part = [0; 4];
    super::random(&mut part)?;
    let name = format!("vault {} slot {}", super::hex(vault), super::hex(&part));
    let key = Identity::generate();
    slots::put(&name, &key).map_err(Error::Keyring)?;
    undo.0.push(Step::Keyring(name.clone()));
    slots::for_key(identity, Kind::Keyring, &key.recipient(), name)
}

/// The identity itself as a file. Its slot is sealed to the vault's own key: a check that the file
/// is the right one, and the place to look for it.
fn file_slot(
    identity: &Identity,
    dir: &Path,
    path: Option<PathBuf>,
    undo: &mut Undo,
) -> Result<NewSlot, Error> {
    let place = match path {
        None => PathBuf::from(dir::IDENTITY),
        Some(path) => std::path::absolute(&path).map_err(Error::io("find", &path))?,
    };
    let path = dir.join(&place);
    slots::write_plain(&path, identity)?;
    undo.0.push(Step::File(path));
    let place = place.display().to_string();
    slots::for_key(identity, Kind::File, &identity.recipient(), place)
}

fn draft(
    dir: &Path,
    id: &[u8; 16],
    recipient: &Recipient,
    slots: &[NewSlot],
    own: Vec<Hash>,
) -> Result<(), Error> {
    let mut conn = db::create(&dir.join(DRAFT))?;
    log::write(dir, &mut conn, |log| {
        log.conn()
            .execute(
                "INSERT INTO vault (one, id, recipient) VALUES (1, ?1, ?2)",
                (id, recipient.to_string()),
            )
            .map_err(Error::db("be created"))?;
        for slot in slots {
            slots::insert(log.conn(), slot)?;
        }
        let slots: Hash = slots::hash(log.conn())?;
        log.add(What::Create {
            vault: super::hex(id),
            recipient: recipient.to_string(),
            slots,
            own,
        })
    })?;
    slots::copy(dir, &conn)?;
    db::truncate_wal(&conn).map(drop)
}

/// Makes a vault in an empty directory for an identity that exists, with the slots that open it and the
/// marks of those that are its owner's.
pub(super) fn from_slots(
    paths: &Paths,
    recipient: &Recipient,
    slots: &[NewSlot],
    own: Vec<Hash>,
) -> Result<Vault, Error> {
    let mut id = [0; 16];
    super::random(&mut id)?;
    let dir = dir::prepare(&paths.vault)?;
    draft(&dir, &id, recipient, slots, own)?;
    for name in ["vault.db.new-wal", "vault.db.new-shm"] {
        let _ = fs::remove_file(dir.join(name));
    }
    let path = dir.join(dir::DB);
    fs::rename(dir.join(DRAFT), &path).map_err(Error::io("create", &path))?;
    dir::sync(&dir)?;
    pin::set(&paths.config_dir, &dir, recipient)?;
    let vault = Vault::open(paths)?;
    vault.note_first()?;
    Ok(vault)
}

impl Vault {
    /// As [`Vault::note_first`], where that is not known yet.
    pub(super) fn note_first_if_unknown(&self) -> Result<(), Error> {
        match pin::begun(&self.config_dir, &self.dir)? {
            Some(_) => Ok(()),
            None => self.note_first(),
        }
    }

    /// Takes down with which entry the log begins.
    fn note_first(&self) -> Result<(), Error> {
        match log::entry(&self.conn, 0)? {
            Some(first) => pin::set_begun(&self.config_dir, &self.dir, &first.hash),
            None => Ok(()),
        }
    }
}

/// A further way to unlock a vault.
pub enum NewWay {
    /// A key in the OS keyring.
    Keyring,
    /// A passphrase.
    Passphrase(SecretString),
    /// A key that is given back, to be written down.
    Recovery,
    /// An age or SSH identity file, or a public key.
    Identity(PathBuf),
}

/// A slot that was added.
pub struct Added {
    /// Its number.
    pub id: i64,
    /// The recovery key: shown once, kept nowhere.
    pub recovery: Option<Zeroizing<String>>,
}

impl Unlocked {
    /// Adds a way to unlock.
    ///
    /// # Errors
    /// [`Error::HasSlot`], [`Error::Keyring`], [`Error::BadIdentity`], [`Error::SlotsUnowned`], or what
    /// the file system says.
    pub fn add_slot(&mut self, way: NewWay) -> Result<Added, Error> {
        let mut undo = Undo(Vec::new());
        let mut recovery = None;
        let identity = self.identity();
        let known = self.vault().slots()?;
        let of = |kind: Kind| known.iter().filter(move |slot| slot.kind == kind);
        let has = |slot: &Slot| Err(Error::HasSlot(slot.id));
        let slot = match way {
            NewWay::Keyring => {
                // One whose entry is gone, or in another machine's keyring, opens nothing here.
                let here = |slot: &&Slot| self.vault().by_keyring(slot).is_ok();
                of(Kind::Keyring).find(here).map_or(Ok(()), has)?;
                keyring_slot(identity, &self.vault().id, &mut undo)?
            }
            NewWay::Passphrase(secret) => {
                let opens = |slot: &&Slot| {
                    let slot = std::slice::from_ref(*slot);
                    self.vault().by_passphrase(&secret, slot).is_some()
                };
                of(Kind::Passphrase).find(opens).map_or(Ok(()), has)?;
                slots::for_passphrase(identity, secret)?
            }
            NewWay::Recovery => {
                let key = Identity::generate();
                let public = key.recipient();
                recovery = Some(key.expose());
                slots::for_key(identity, Kind::Recovery, &public, public.to_string())?
            }
            NewWay::Identity(path) => {
                let path = std::path::absolute(&path).map_err(Error::io("find", &path))?;
                let file = KeyFile::read(&path)?;
                let new = slots::for_file(identity, &file, &path)?;
                let same = slots::opened_by(&known, &file, &new);
                same.map_or(Ok(()), |slot| Err(Error::HasSlot(slot)))?;
                new
            }
        };
        let mark = slot.mark(identity);
        let vault = self.vault_mut();
        let id = slots::add(&vault.dir, &mut vault.conn, &slot, mark)?;
        undo.0.clear();
        Ok(Added { id, recovery })
    }
}

impl Vault {
    /// Takes a way to unlock out. What its holder copied meanwhile still opens what is there.
    ///
    /// # Errors
    /// [`Error::NoSlot`], [`Error::LastSlot`], or what the file system says.
    pub fn remove_slot(&mut self, id: i64) -> Result<Slot, Error> {
        let slot = slots::delete(&self.dir, &mut self.conn, id)?;
        if slot.kind == Kind::Keyring {
            // The slot is gone; a key that opens nothing may stay where nobody answers.
            let _ = slots::remove(&slot.place);
        }
        Ok(slot)
    }
}

/// What to take back when a vault could not be made after all.
struct Undo(Vec<Step>);

enum Step {
    File(PathBuf),
    Keyring(String),
}

impl Drop for Undo {
    fn drop(&mut self) {
        for step in self.0.drain(..) {
            let _ = match step {
                Step::File(path) => fs::remove_file(path).is_ok(),
                Step::Keyring(name) => slots::remove(&name).is_ok(),
            };
        }
    }
}
