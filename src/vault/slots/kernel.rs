//! An unlocked identity, kept for a set time and never in a file: by the Linux kernel, or in the
//! macOS keychain.
//!
//! In Linux it stands in the user keyring, where every process of the same user finds it, whatever
//! terminal it runs in; the kernel itself forgets it when the time is over. The keychain does not, so
//! there it is no key any more, and taken out when it is next asked for.

use super::super::seal::Identity;
#[cfg(not(target_os = "linux"))]
use super::timed;
use std::time::Duration;

#[cfg(target_os = "linux")]
mod linux {
    use super::super::super::seal::Identity;
    use linux_keyutils::{
        Key, KeyError, KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, Permission,
    };
    use std::time::Duration;
    use zeroize::Zeroizing;

    fn ring() -> Result<KeyRing, KeyError> {
        KeyRing::from_special_id(KeyRingIdentifier::User, true)
    }

    pub fn put(name: &str, identity: &Identity, time: Duration) -> Result<(), KeyError> {
        let secret = identity.expose();
        let ring = ring()?;
        let key = ring.add_key(name, secret.as_bytes())?;
        // Readable by this user's processes also where their session keyring does not link to the
        // user's, as under some service managers.
        let rights = KeyPermissionsBuilder::builder()
            .posessor(Permission::ALL)
            .user(Permission::ALL)
            .build();
        let seconds = usize::try_from(time.as_secs().max(1)).unwrap_or(usize::MAX);
        key.set_timeout(seconds)
            .and_then(|()| key.set_perms(rights))
            .inspect_err(|_| {
                let _ = key.invalidate();
            })
    }

    pub fn get(name: &str) -> Result<Identity, KeyError> {
        let key = find(name)?;
        let secret = Zeroizing::new(key.read_to_vec()?);
        std::str::from_utf8(&secret)
            .ok()
            .and_then(Identity::parse)
            .ok_or(KeyError::KeyRejected)
    }

    pub fn remove(name: &str) -> Result<(), KeyError> {
        let key = find(name)?;
        let unlinked = ring()?.unlink_key(key);
        key.invalidate().or(unlinked)
    }

    fn find(name: &str) -> Result<Key, KeyError> {
        ring()?.search(name)
    }
}

/// Keeps `identity` under `name` for `time`.
///
/// # Errors
/// What it was refused with, as text: it has no key to give away.
pub fn put(name: &str, identity: &Identity, time: Duration) -> Result<(), String> {
    #[cfg(target_os = "linux")]
    return linux::put(name, identity, time).map_err(|e| e.to_string());
    #[cfg(not(target_os = "linux"))]
    return timed::put(name, identity, time).map_err(|e| e.to_string());
}

/// The identity kept under `name`, if it is still there.
pub fn get(name: &str) -> Option<Identity> {
    #[cfg(target_os = "linux")]
    return linux::get(name).ok();
    #[cfg(not(target_os = "linux"))]
    return timed::get(name);
}

/// Forgets what is kept under `name`; whether there was something.
pub fn remove(name: &str) -> bool {
    #[cfg(target_os = "linux")]
    return linux::remove(name).is_ok();
    #[cfg(not(target_os = "linux"))]
    return super::keyring::remove(name).is_ok();
}
