//! The hash chain over a session's sealed pieces. It is computed over ciphertext, so it is checked
//! without a secret.

use crate::model::SessionId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A BLAKE3 hash or an Ed25519 public key; hex in the log, 32 bytes in columns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Of bytes as they stand.
    pub fn of(bytes: &[u8]) -> Hash {
        Hash(*blake3::hash(bytes).as_bytes())
    }

    /// From a column.
    pub fn from_slice(bytes: &[u8]) -> Option<Hash> {
        bytes.try_into().ok().map(Hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        blake3::Hash::from_hex(text)
            .map(|hash| Hash(*hash.as_bytes()))
            .map_err(serde::de::Error::custom)
    }
}

/// Where a session's chain begins: bound to its vault, its id and its sealed metadata.
pub fn genesis(vault: &[u8; 16], session: &SessionId, meta: &Hash) -> Hash {
    let mut hasher = blake3::Hasher::new_derive_key("rec 2026 session genesis");
    hasher.update(vault).update(&session.0).update(&meta.0);
    Hash(*hasher.finalize().as_bytes())
}

/// `BLAKE3(previous link, session id, sequence, BLAKE3(sealed))`.
pub fn link(previous: &Hash, session: &SessionId, seq: u64, sealed: &Hash) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&previous.0).update(&session.0);
    hasher.update(&seq.to_le_bytes()).update(&sealed.0);
    Hash(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_depends_on_all_four() {
        let id = SessionId([1; 16]);
        let (a, b) = (Hash::of(b"a"), Hash::of(b"b"));
        let first = link(&a, &id, 0, &b);
        assert_ne!(first, link(&b, &id, 0, &b));
        assert_ne!(first, link(&a, &SessionId([2; 16]), 0, &b));
        assert_ne!(first, link(&a, &id, 1, &b));
        assert_ne!(first, link(&a, &id, 0, &a));
        let text = serde_json::to_string(&first).unwrap();
        assert_eq!(serde_json::from_str::<Hash>(&text).unwrap(), first);
    }
}
