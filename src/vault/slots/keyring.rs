//! The OS keyring (Secret Service, or the macOS keychain), with a limit on its patience.
//!
//! A keyring may ask its owner something in a window that nobody sees, or never answer; so every
//! call runs in a thread of its own, and rec stops waiting after [`LIMIT`].

use super::super::seal::Identity;
use keyring::{Entry, Error as Said};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;
use zeroize::Zeroizing;

/// How long the keyring may take. An unlocked one needs milliseconds.
pub const LIMIT: Duration = Duration::from_secs(2);

const SERVICE: &str = "rec";

/// Set once a call was given up: the next would wait behind it.
static SILENT: AtomicBool = AtomicBool::new(false);

/// Why the keyring did not serve.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// No answer in time.
    #[error("the keyring did not answer within {} seconds (is it locked, or asking in a window?)", LIMIT.as_secs())]
    Silent,
    /// There is no keyring service.
    #[error("there is no keyring service: {0}")]
    Absent(String),
    /// It is locked, or its owner declined.
    #[error("the login keyring has no unlocked collection: {0}")]
    Locked(String),
    /// It works, and has no such key.
    #[error("the login keyring has no key for this vault")]
    NoEntry,
    /// It keeps something else under our name.
    #[error("what the login keyring keeps for this vault is no key")]
    NotAKey,
    /// Anything else it said.
    #[error("the login keyring failed: {0}")]
    Other(String),
}

impl From<Said> for KeyringError {
    fn from(said: Said) -> Self {
        match said {
            Said::NoEntry => KeyringError::NoEntry,
            Said::NoDefaultStore => KeyringError::Absent(match Entry::store_status() {
                Err(why) => cause(why),
                Ok(()) => "it went away".to_owned(),
            }),
            Said::NoStorageAccess(why) => KeyringError::Locked(why.to_string()),
            Said::PlatformFailure(why) => KeyringError::Other(why.to_string()),
            // Never the value itself: some variants carry what was read.
            Said::BadEncoding(_) | Said::BadDataFormat(..) => KeyringError::NotAKey,
            other => KeyringError::Other(other.to_string()),
        }
    }
}

fn cause(said: &Said) -> String {
    match said {
        Said::PlatformFailure(why) | Said::NoStorageAccess(why) => why.to_string(),
        other => other.to_string(),
    }
}

/// Keeps `key` under `name`, and makes sure it can be read back.
pub fn put(name: &str, key: &Identity) -> Result<(), KeyringError> {
    put_text(name, key.expose())
}

pub(super) fn put_text(name: &str, secret: Zeroizing<String>) -> Result<(), KeyringError> {
    let user = name.to_owned();
    within(move || {
        let entry = Entry::new(SERVICE, &user)?;
        entry.set_password(&secret)?;
        let back = Zeroizing::new(entry.get_password()?);
        if *back == *secret {
            Ok(())
        } else {
            Err(KeyringError::NotAKey)
        }
    })
}

/// The key kept under `name`.
pub fn get(name: &str) -> Result<Identity, KeyringError> {
    Identity::parse(&get_text(name)?).ok_or(KeyringError::NotAKey)
}

pub(super) fn get_text(name: &str) -> Result<Zeroizing<String>, KeyringError> {
    let user = name.to_owned();
    within(move || Ok(Zeroizing::new(Entry::new(SERVICE, &user)?.get_password()?)))
}

/// Forgets the key kept under `name`.
pub fn remove(name: &str) -> Result<(), KeyringError> {
    let user = name.to_owned();
    within(move || Ok(Entry::new(SERVICE, &user)?.delete_credential()?))
}

fn within<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, KeyringError> + Send + 'static,
) -> Result<T, KeyringError> {
    if SILENT.load(Ordering::Relaxed) {
        return Err(KeyringError::Silent);
    }
    let (answer, answered) = mpsc::sync_channel(1);
    let thread = std::thread::Builder::new().name("keyring".into());
    let started = thread.spawn(move || {
        let _ = answer.send(call());
    });
    if let Err(e) = started {
        return Err(KeyringError::Other(e.to_string()));
    }
    match answered.recv_timeout(LIMIT) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => {
            SILENT.store(true, Ordering::Relaxed);
            Err(KeyringError::Silent)
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err(KeyringError::Other("its client library failed".to_owned()))
        }
    }
}
