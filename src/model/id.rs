//! Session ids: 16 random bytes, written as hex, named by any unique prefix.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A session's random id. People see and type a unique prefix of its 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub [u8; 16]);

/// How many digits a short id has at least.
const SHORT_MIN: usize = 4;

impl SessionId {
    /// All 32 hex digits.
    pub fn hex(&self) -> String {
        self.0.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// The shortest prefix, of four digits or more, that no other id of `all` shares.
    pub fn short<'a>(&self, all: impl IntoIterator<Item = &'a SessionId>) -> String {
        let hex = self.hex();
        let shared = all
            .into_iter()
            .filter(|other| *other != self)
            .map(|other| common(&hex, &other.hex()))
            .max()
            .unwrap_or(0);
        hex.chars().take(SHORT_MIN.max(shared + 1)).collect()
    }

    /// Whether `prefix` (hex, either case) begins this id.
    pub fn has_prefix(&self, prefix: &str) -> bool {
        self.hex().starts_with(&prefix.to_ascii_lowercase())
    }
}

/// Short names for the sessions of a vault; as [`SessionId::short`], for many at once.
#[derive(Clone, Debug, Default)]
pub struct ShortIds {
    sorted: Vec<SessionId>,
}

impl ShortIds {
    /// For all ids of a vault.
    pub fn new(all: impl IntoIterator<Item = SessionId>) -> Self {
        let mut sorted: Vec<SessionId> = all.into_iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        ShortIds { sorted }
    }

    /// The shortest prefix that only this id has. It is decided by the neighbours in order.
    pub fn of(&self, id: &SessionId) -> String {
        let at = self.sorted.partition_point(|other| other < id);
        let before = at.checked_sub(1).and_then(|n| self.sorted.get(n));
        let after = self.sorted.iter().skip(at).find(|other| *other != id);
        id.short(before.into_iter().chain(after))
    }
}

fn common(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({})", self.hex())
    }
}

/// Not 32 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a session id has 32 hex digits")]
pub struct BadId;

impl FromStr for SessionId {
    type Err = BadId;

    fn from_str(s: &str) -> Result<Self, BadId> {
        let digits: Vec<u8> = s
            .chars()
            .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
            .collect::<Option<_>>()
            .ok_or(BadId)?;
        let bytes: Vec<u8> = digits
            .chunks_exact(2)
            .filter_map(|pair| match pair {
                [hi, lo] => Some(hi << 4 | lo),
                _ => None,
            })
            .collect();
        if digits.len() != 32 {
            return Err(BadId);
        }
        Ok(SessionId(bytes.try_into().map_err(|_| BadId)?))
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.hex())
    }
}

impl<'de> Deserialize<'de> for SessionId {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ids_are_as_short_as_they_are_unique() {
        let a: SessionId = "7f3a0000000000000000000000000001".parse().unwrap();
        let b: SessionId = "7f3a0000000000000000000000000002".parse().unwrap();
        let c: SessionId = "81000000000000000000000000000000".parse().unwrap();
        assert_eq!(c.short([&a, &b, &c]), "8100");
        assert_eq!(a.short([&a, &c]), "7f3a");
        assert_eq!(a.short([&a, &b]).len(), 32);
        let ids = [b, a, c];
        let many = ShortIds::new(ids);
        for id in &ids {
            assert_eq!(many.of(id), id.short(&ids));
        }
        assert!(a.has_prefix("7F3A"));
        assert_eq!("7f3".parse::<SessionId>(), Err(BadId));
        assert_eq!(a.hex().parse(), Ok(a));
    }
}
