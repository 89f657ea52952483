//! From a locked vault to an unlocked one, by the way that asks least.

use super::seal::{Identity, decrypt};
use super::slots::{self, KeyFile, Kind, Slot, kernel};
use super::{Ask, Error, Tried, Unlocked, Vault};
use age::secrecy::SecretString;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// Names a file, or the number of an inherited descriptor, whose first line is the passphrase.
pub const PASSPHRASE_VARIABLE: &str = "REC_PASSPHRASE_FILE";
/// Names an age or SSH identity file.
pub(super) const IDENTITY_VARIABLE: &str = "REC_IDENTITY_FILE";

/// The longest passphrase.
const PASSPHRASE_MAX: u64 = 64 << 10;

/// How often a passphrase may be tried; each try costs a second.
const TRIES: usize = 3;

/// The most `rec unlock` may be asked to last, so that "for ever" is not typed by accident.
const KEEP_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// What must not reach the client: the variable, and the descriptor it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// To be removed from the client's environment.
    pub variable: &'static str,
    /// To be closed in the client.
    pub descriptor: Option<i32>,
}

/// What of this process's environment the client must not get.
pub fn withheld() -> Withheld {
    let value = std::env::var_os(PASSPHRASE_VARIABLE);
    Withheld {
        variable: PASSPHRASE_VARIABLE,
        descriptor: value.as_deref().and_then(|v| v.to_str()?.parse().ok()),
    }
}

/// What the owner gave besides the vault: options and variables.
#[derive(Clone, Debug, Default)]
pub struct Means {
    /// `--identity`, else `REC_IDENTITY_FILE`.
    pub identity: Option<PathBuf>,
    /// `REC_PASSPHRASE_FILE`.
    pub passphrase_file: Option<OsString>,
}

impl Means {
    /// From the environment.
    pub fn from_env() -> Means {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Means {
            identity: set(IDENTITY_VARIABLE).map(PathBuf::from),
            passphrase_file: set(PASSPHRASE_VARIABLE),
        }
    }

    /// The passphrase that `REC_PASSPHRASE_FILE` leads to.
    ///
    /// # Errors
    /// [`Error::PassphraseFile`].
    pub fn passphrase(&self) -> Result<Option<SecretString>, Error> {
        let Some(from) = &self.passphrase_file else {
            return Ok(None);
        };
        let descriptor = from.to_str().and_then(|s| s.parse::<u16>().ok());
        let path = match descriptor {
            Some(fd) => PathBuf::from(format!("/dev/fd/{fd}")),
            None => PathBuf::from(from),
        };
        let failed = |source| Error::PassphraseFile {
            from: from.to_string_lossy().into_owned(),
            source,
        };
        let mut bytes = Zeroizing::new(Vec::new());
        let file = File::open(path).map_err(failed)?;
        let read = file.take(PASSPHRASE_MAX).read_to_end(&mut bytes);
        read.map_err(failed)?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| failed(io::Error::other("it is not UTF-8 text")))?;
        let first = text.lines().next().unwrap_or_default();
        if first.is_empty() {
            return Err(failed(io::Error::other("its first line is empty")));
        }
        Ok(Some(SecretString::from(first)))
    }
}

impl Vault {
    /// Unlocks with what the environment, the keyrings and the remembered files give, and asks only
    /// when that is not enough.
    ///
    /// # Errors
    /// [`Error::Locked`] where there was nobody to ask, [`Error::Cancelled`],
    /// [`Error::WrongPassphrase`], [`Error::WrongKey`].
    pub fn unlock(self, ask: &mut dyn Ask) -> Result<Unlocked, Error> {
        self.unlock_with(&Means::from_env(), ask)
    }

    /// As [`Vault::unlock`], with `means` in place of the environment.
    ///
    /// # Errors
    /// As [`Vault::unlock`].
    pub fn unlock_with(self, means: &Means, ask: &mut dyn Ask) -> Result<Unlocked, Error> {
        let identity = self.identity(means, ask)?;
        Unlocked::new(self, identity)
    }

    /// As [`Vault::unlock_with`], and nothing of the vault is changed by it.
    pub(super) fn unlock_untouched(
        self,
        means: &Means,
        ask: &mut dyn Ask,
    ) -> Result<Unlocked, Error> {
        let identity = self.identity(means, ask)?;
        Unlocked::untouched(self, identity)
    }

    fn identity(&self, means: &Means, ask: &mut dyn Ask) -> Result<Identity, Error> {
        protect_memory();
        let slots = self.all_slots()?;
        if let Some(path) = &means.identity {
            return self.by_file(path, &slots, ask);
        }
        if let Some(identity) = kernel::get(&self.kernel_name())
            && identity.recipient() == self.recipient
        {
            return Ok(identity);
        }
        let mut tried = Tried::default();
        let mut asking = Vec::new();
        for slot in &slots {
            let outcome = match slot.kind {
                Kind::File => self.by_plain_file(slot),
                Kind::Keyring => self.by_keyring(slot),
                Kind::Identity => match self.by_quiet_file(slot) {
                    Ok(None) => {
                        asking.push(slot);
                        continue;
                    }
                    Ok(Some(identity)) => Ok(identity),
                    Err(e) => Err(e),
                },
                Kind::Passphrase | Kind::Recovery => continue,
            };
            match outcome {
                Ok(identity) => return Ok(identity),
                Err(why) => tried.0.push(why),
            }
        }
        if slots.iter().any(|slot| slot.kind == Kind::Passphrase)
            && let Some(passphrase) = means.passphrase()?
        {
            return self
                .by_passphrase(&passphrase, &slots)
                .ok_or(Error::WrongPassphrase);
        }
        if !ask.present() {
            let has = |slot: &Slot| format!("{} has a passphrase", slot.path(&self.dir).display());
            tried.0.extend(asking.into_iter().map(has));
            return Err(Error::Locked(tried));
        }
        for why in &tried.0 {
            ask.tell(why);
        }
        if let Some(slot) = asking.first() {
            return self.by_file(&slot.path(&self.dir), &slots, ask);
        }
        self.by_asking(&slots, ask, tried)
    }

    /// The database's slots, and what `keyslots.age` has besides.
    pub(super) fn all_slots(&self) -> Result<Vec<Slot>, Error> {
        let mut all = slots::load(&self.conn).unwrap_or_default();
        let copy = match slots::load_copy(&self.dir) {
            // What cannot be read is not missed where there are others.
            Err(Error::Io { .. }) if !all.is_empty() => Vec::new(),
            copy => copy?,
        };
        for slot in copy {
            if all.iter().all(|known| known.sealed != slot.sealed) {
                all.push(slot);
            }
        }
        Ok(all)
    }

    pub(super) fn by_plain_file(&self, slot: &Slot) -> Result<Identity, String> {
        let path = slot.path(&self.dir);
        match super::dir::checked_file(&path) {
            Ok(Some(_)) => {}
            Ok(None) => return Err(format!("the key file {} is gone", path.display())),
            Err(e @ Error::Loose { .. }) => {
                return Err(format!("{e}: chmod 600 {}", path.display()));
            }
            Err(e) => return Err(e.to_string()),
        }
        let file = KeyFile::read(&path).map_err(|e| e.to_string())?;
        let own = |identity: &Identity| identity.recipient() == self.recipient;
        let found = file.native().into_iter().find(own);
        found.ok_or_else(|| format!("{} holds another key", path.display()))
    }

    pub(super) fn by_keyring(&self, slot: &Slot) -> Result<Identity, String> {
        let key = slots::get(&slot.place).map_err(|e| e.to_string())?;
        let text = decrypt(key.age(), &slot.sealed);
        let text = text.map_err(|e| format!("keyslot {} does not open: {e}", slot.id))?;
        slots::parse(&text, &self.recipient)
            .ok_or_else(|| format!("keyslot {} holds another key", slot.id))
    }

    /// `None` where the file has a passphrase of its own.
    fn by_quiet_file(&self, slot: &Slot) -> Result<Option<Identity>, String> {
        let path = slot.path(&self.dir);
        let file = self.key_file(slot).map_err(|e| match e {
            Error::Io { source, .. } => format!("{}: {source}", path.display()),
            e => e.to_string(),
        })?;
        if file.asks() {
            return Ok(None);
        }
        let open = self.with_file(&file, std::slice::from_ref(slot), &mut super::Nobody);
        match open {
            Ok(Some(identity)) => Ok(Some(identity)),
            Ok(None) => Err(format!("{} does not open its keyslot", path.display())),
            Err(e) => Err(e.to_string()),
        }
    }

    /// The key file that a slot names. Whoever can write the slots could name a pipe, which would be
    /// waited for.
    pub(super) fn key_file(&self, slot: &Slot) -> Result<KeyFile, Error> {
        let path = slot.path(&self.dir);
        let meta = std::fs::metadata(&path).map_err(Error::io("read the key in", &path))?;
        match meta.is_file() {
            true => KeyFile::read(&path),
            false => Err(Error::io("read the key in", &path)(io::Error::other(
                "it is no plain file",
            ))),
        }
    }

    /// The identity, where a key that need not be asked for opens this slot.
    pub(super) fn opened(&self, slot: &Slot, file: &KeyFile) -> Option<Identity> {
        self.with_file(file, std::slice::from_ref(slot), &mut super::Nobody)
            .ok()?
    }

    fn by_file(&self, path: &Path, slots: &[Slot], ask: &mut dyn Ask) -> Result<Identity, Error> {
        let file = KeyFile::read(path)?;
        let own = |identity: &Identity| identity.recipient() == self.recipient;
        if let Some(identity) = file.native().into_iter().find(own) {
            return Ok(identity);
        }
        self.with_file(&file, slots, ask)?
            .ok_or_else(|| Error::WrongKey {
                path: path.to_owned(),
            })
    }

    fn with_file(
        &self,
        file: &KeyFile,
        slots: &[Slot],
        ask: &mut dyn Ask,
    ) -> Result<Option<Identity>, Error> {
        for key in file.identities(ask)? {
            for slot in slots.iter().filter(|slot| slot.kind != Kind::Passphrase) {
                let text = decrypt(&*key, &slot.sealed);
                if let Some(identity) = text.ok().and_then(|t| slots::parse(&t, &self.recipient)) {
                    return Ok(Some(identity));
                }
            }
        }
        Ok(None)
    }

    pub(super) fn by_passphrase(
        &self,
        passphrase: &SecretString,
        slots: &[Slot],
    ) -> Option<Identity> {
        let mut key = age::scrypt::Identity::new(passphrase.clone());
        key.set_max_work_factor(slots::WORK_FACTOR);
        let mine = slots.iter().filter(|slot| slot.kind == Kind::Passphrase);
        mine.filter_map(|slot| decrypt(&key, &slot.sealed).ok())
            .find_map(|text| slots::parse(&text, &self.recipient))
    }

    /// A passphrase, or a recovery key typed in its place.
    fn by_asking(
        &self,
        slots: &[Slot],
        ask: &mut dyn Ask,
        tried: Tried,
    ) -> Result<Identity, Error> {
        use age::secrecy::ExposeSecret;
        let has = |kind| slots.iter().any(|slot| slot.kind == kind);
        let question = match (has(Kind::Passphrase), has(Kind::Recovery)) {
            (true, true) => "Passphrase or recovery key of the vault",
            (true, false) => "Passphrase of the vault",
            (false, true) => "Recovery key of the vault",
            (false, false) => return Err(Error::Locked(tried)),
        };
        for _ in 0..TRIES {
            let answer = ask.passphrase(question).ok_or(Error::Cancelled)?;
            let found = match Identity::parse(answer.expose_secret()) {
                Some(key) => self.by_recovery(&key, slots),
                None => self.by_passphrase(&answer, slots),
            };
            if let Some(identity) = found {
                return Ok(identity);
            }
            ask.tell("that does not open the vault");
        }
        Err(Error::WrongPassphrase)
    }

    fn by_recovery(&self, key: &Identity, slots: &[Slot]) -> Option<Identity> {
        let mine = slots.iter().filter(|slot| slot.kind == Kind::Recovery);
        mine.filter_map(|slot| decrypt(key.age(), &slot.sealed).ok())
            .find_map(|text| slots::parse(&text, &self.recipient))
    }

    /// Ends what `rec unlock` began; whether there was something to end.
    pub fn lock(&self) -> bool {
        kernel::remove(&self.kernel_name())
    }
}

impl Unlocked {
    /// Keeps the vault unlocked for `time`, in the kernel's keyring, for all of this user's
    /// terminals. Gives the time it is kept, which is bounded.
    ///
    /// # Errors
    /// [`Error::Kernel`].
    pub fn keep(&self, time: Duration) -> Result<Duration, Error> {
        let time = time.min(KEEP_MAX);
        kernel::put(&self.vault().kernel_name(), self.identity(), time).map_err(Error::Kernel)?;
        Ok(time)
    }
}

/// Keeps what this process holds out of core dumps and away from other processes of the user.
fn protect_memory() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    crate::record::leave_no_core();
}
