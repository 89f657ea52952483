//! Keys that are kept for a time by a keyring that does not forget by itself: it is told with the key
//! when it is over, and what it gives later is no key.

use super::super::seal::Identity;
use zeroize::Zeroizing;

#[cfg(not(target_os = "linux"))]
mod keychain {
    use super::super::super::seal::Identity;
    use super::super::keyring::{KeyringError, get_text, put_text, remove};
    use super::{kept, key_at};
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    /// Keeps `key` under `name` for `time`.
    pub fn put(name: &str, key: &Identity, time: Duration) -> Result<(), KeyringError> {
        put_text(name, kept(key, now(), time.as_secs().max(1)))
    }

    /// The key kept under `name`, unless its time is over: then it is forgotten.
    pub fn get(name: &str) -> Option<Identity> {
        let text = get_text(name).ok()?;
        let key = key_at(&text, now());
        if key.is_none() {
            let _ = remove(name);
        }
        key
    }

    fn now() -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs())
    }
}

#[cfg(not(target_os = "linux"))]
pub use keychain::{get, put};

/// From when and until when, in seconds since 1970, and the key.
fn kept(key: &Identity, now: u64, seconds: u64) -> Zeroizing<String> {
    let until = now.saturating_add(seconds);
    Zeroizing::new(format!("{now} {until} {}", *key.expose()))
}

/// The key of such a text; a clock that was set back keeps it no longer.
fn key_at(text: &str, now: u64) -> Option<Identity> {
    let (from, rest) = text.split_once(' ')?;
    let (until, key) = rest.split_once(' ')?;
    let time = from.parse().ok()?..until.parse().ok()?;
    time.contains(&now).then(|| Identity::parse(key)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_for_its_time_only() {
        let key = Identity::generate();
        let text = kept(&key, 1000, 60);
        for (now, is_one) in [(999, false), (1000, true), (1059, true), (1060, false)] {
            let found = key_at(&text, now).map(|found| *found.expose() == *key.expose());
            assert_eq!(found, is_one.then_some(true), "{now}");
        }
        for other in ["", "1000", "1000 1060", "1000 1060 x", "x 1060 y", "-1 9 z"] {
            assert!(key_at(other, 1000).is_none(), "{other}");
        }
    }
}
