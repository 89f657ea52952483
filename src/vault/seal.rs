//! Sealing and opening: zstd inside, age outside. What `age -d | zstd -d` opens, and nothing else.
//!
//! Opened bytes are hostile until parsed: age does not say who sealed them. So every size is capped
//! before it is believed.

use super::Error;
use age::secrecy::ExposeSecret;
use std::io::{Read, Write};
use std::iter;
use std::str::FromStr;
use zeroize::{Zeroize, Zeroizing};

/// What every sealed value begins with.
pub const MAGIC: &[u8] = b"age-encryption.org/v1\n";

/// The most a piece or chunk may unpack to: the largest event, its header, and what stood in the
/// piece before it.
pub const PLAIN_MAX: usize =
    crate::model::codec::BODY_MAX + crate::model::codec::HEADER_MAX + (1 << 20);

/// The most a session's metadata or summary may unpack to.
pub const META_MAX: usize = 4 << 20;

/// zstd's level. On 200 MB of coloured text in pieces of 256 KiB, level 1 keeps pace with the
/// relay with a core to spare; higher levels save little on terminal text.
const LEVEL: i32 = 1;

/// The largest window a sealed frame may ask for (2^23, 8 MiB: zstd's own default limit).
const WINDOW_LOG_MAX: u32 = 23;

/// How something sealed failed to open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It is no age file, or was altered.
    #[error("it is altered or cut short")]
    Sealed,
    /// It is sealed, but not to this vault.
    #[error("it is sealed to another key")]
    Foreign,
    /// It opens, and is no zstd frame.
    #[error("it opens, but does not unpack")]
    Packed,
    /// It unpacks to more than any honest piece.
    #[error("it unpacks to more than {0} bytes")]
    TooLarge(usize),
    /// It unpacks, and is no event stream or record.
    #[error("it unpacks, but does not parse: {0}")]
    Parse(String),
    /// It is not there.
    #[error("it is missing")]
    Missing,
    /// The database cannot read it.
    #[error("the database cannot read it: {0}")]
    Unreadable(String),
}

/// A public key. Whoever has it can add to the vault and read nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient(age::x25519::Recipient);

impl Recipient {
    /// A short name to pin and to show.
    pub fn fingerprint(&self) -> String {
        let hash = blake3::hash(self.0.to_string().as_bytes());
        hash.to_hex().chars().take(32).collect()
    }

    pub(super) fn age(&self) -> &age::x25519::Recipient {
        &self.0
    }
}

impl std::fmt::Display for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Recipient {
    type Err = &'static str;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        s.parse().map(Recipient)
    }
}

/// The secret key. It has no Debug, is never written by itself, and wipes itself.
pub struct Identity(Box<age::x25519::Identity>);

impl Identity {
    /// A new one.
    pub fn generate() -> Self {
        Identity(Box::new(age::x25519::Identity::generate()))
    }

    /// Its public half.
    pub fn recipient(&self) -> Recipient {
        Recipient(self.0.to_public())
    }

    /// The line of an age identity file.
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_string().expose_secret().to_owned())
    }

    /// Reads the line of an age identity file.
    pub fn parse(line: &str) -> Option<Self> {
        line.trim().parse().ok().map(Box::new).map(Identity)
    }

    /// A key that is made of this one and of `part`, so that nobody else can make it: what is sealed to
    /// the recipient may be from anyone.
    pub(super) fn derive(&self, purpose: &str, part: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut hasher = blake3::Hasher::new_derive_key(purpose);
        hasher.update(self.expose().as_bytes());
        hasher.update(part);
        let key = Zeroizing::new(*hasher.finalize().as_bytes());
        hasher.zeroize();
        key
    }

    /// The same key, for another thread.
    pub(super) fn again(&self) -> Self {
        Identity(self.0.clone())
    }

    /// Asks the system to keep it out of swap.
    pub(super) fn keep_in_memory(&self) {
        crate::record::keep_out_of_swap(&*self.0);
    }

    pub(super) fn age(&self) -> &age::x25519::Identity {
        &self.0
    }
}

/// Packs and seals for one recipient; keeps the compressor's tables between pieces.
pub struct Sealer {
    recipient: Recipient,
    compressor: zstd::bulk::Compressor<'static>,
}

impl Sealer {
    /// For `recipient`.
    pub fn new(recipient: Recipient) -> Result<Self, Error> {
        let compressor =
            zstd::bulk::Compressor::new(LEVEL).map_err(|e| Error::Seal(e.to_string()))?;
        Ok(Sealer {
            recipient,
            compressor,
        })
    }

    /// One complete age file around one complete zstd frame.
    pub fn seal(&mut self, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let packed = self
            .compressor
            .compress(plain)
            .map_err(|e| Error::Seal(e.to_string()))?;
        encrypt(&[self.recipient.age()], &Zeroizing::new(packed))
    }
}

/// One age file for all of `recipients`, of `plain` as it is.
pub fn encrypt<R: age::Recipient>(recipients: &[&R], plain: &[u8]) -> Result<Vec<u8>, Error> {
    let all = recipients.iter().map(|r| *r as &dyn age::Recipient);
    encrypt_to(all, plain)
}

/// As [`encrypt`], for recipients of any kind.
pub fn encrypt_to<'a>(
    recipients: impl Iterator<Item = &'a dyn age::Recipient>,
    plain: &[u8],
) -> Result<Vec<u8>, Error> {
    let failed = |e: &dyn std::fmt::Display| Error::Seal(e.to_string());
    let encryptor = age::Encryptor::with_recipients(recipients).map_err(|e| failed(&e))?;
    // Header and, per 64 KiB, one tag.
    let mut sealed = Vec::with_capacity(plain.len() + plain.len() / 1024 + 512);
    let mut writer = encryptor.wrap_output(&mut sealed).map_err(|e| failed(&e))?;
    writer.write_all(plain).map_err(|e| failed(&e))?;
    writer.finish().map_err(|e| failed(&e))?;
    Ok(sealed)
}

/// Opens and unpacks, to at most `cap` bytes.
#[cfg(test)]
pub fn open(identity: &Identity, sealed: &[u8], cap: usize) -> Result<Vec<u8>, Damage> {
    let mut opener = Opener::default();
    opener.open(identity, sealed, cap)?;
    Ok(opener.plain)
}

/// Opens and unpacks one value after the other in the same memory: a context of zstd and buffers of
/// this size take about as long to get as a piece takes to unpack.
#[derive(Default)]
pub struct Opener {
    context: zstd::zstd_safe::DCtx<'static>,
    packed: Zeroizing<Vec<u8>>,
    plain: Vec<u8>,
}

impl Opener {
    /// Opens and unpacks, to at most `cap` bytes; [`Opener::plain`] gives what was inside.
    pub fn open(&mut self, identity: &Identity, sealed: &[u8], cap: usize) -> Result<(), Damage> {
        self.plain.clear();
        self.packed.clear();
        decrypt_to(identity.age(), sealed, &mut self.packed)?;
        let mut decoder =
            zstd::stream::read::Decoder::with_context(self.packed.as_slice(), &mut self.context);
        decoder
            .window_log_max(WINDOW_LOG_MAX)
            .map_err(|_| Damage::Packed)?;
        let limit = u64::try_from(cap).unwrap_or(u64::MAX).saturating_add(1);
        decoder
            .take(limit)
            .read_to_end(&mut self.plain)
            .map_err(|_| Damage::Packed)?;
        if self.plain.len() > cap {
            return Err(Damage::TooLarge(cap));
        }
        Ok(())
    }

    /// What was opened last.
    pub fn plain(&self) -> &[u8] {
        &self.plain
    }

    /// As [`Opener::plain`], to keep.
    pub fn take_plain(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.plain)
    }
}

/// Opens an age file that was sealed to `identity`.
pub fn decrypt(identity: &dyn age::Identity, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Damage> {
    let mut plain = Zeroizing::new(Vec::new());
    decrypt_to(identity, sealed, &mut plain)?;
    Ok(plain)
}

fn decrypt_to(
    identity: &dyn age::Identity,
    sealed: &[u8],
    plain: &mut Zeroizing<Vec<u8>>,
) -> Result<(), Damage> {
    let decryptor = age::Decryptor::new_buffered(sealed).map_err(|_| Damage::Sealed)?;
    let mut reader = decryptor
        .decrypt(iter::once(identity))
        .map_err(|e| match e {
            age::DecryptError::NoMatchingKeys => Damage::Foreign,
            _ => Damage::Sealed,
        })?;
    if plain.capacity() < sealed.len() {
        // Growing would leave copies behind that nobody wipes.
        *plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    }
    reader.read_to_end(plain).map_err(|_| Damage::Sealed)?;
    Ok(())
}

/// Seals for `recipient` what was sealed to `identity`; what is inside stays packed.
pub fn reseal(identity: &Identity, recipient: &Recipient, sealed: &[u8]) -> Result<Vec<u8>, Error> {
    let packed = decrypt(identity.age(), sealed).map_err(|e| Error::Seal(e.to_string()))?;
    encrypt(&[recipient.age()], &packed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_and_only_with_its_key() {
        let identity = Identity::generate();
        let mut sealer = Sealer::new(identity.recipient()).unwrap();
        let sealed = sealer.seal(b"hello hello hello").unwrap();
        assert!(sealed.starts_with(MAGIC));
        assert_eq!(open(&identity, &sealed, 100).unwrap(), b"hello hello hello");
        let other = Identity::generate();
        assert_eq!(open(&other, &sealed, 100), Err(Damage::Foreign));
    }

    #[test]
    fn every_flip_and_every_cut_is_damage() {
        let identity = Identity::generate();
        let sealed = Sealer::new(identity.recipient())
            .unwrap()
            .seal(b"x")
            .unwrap();
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert!(open(&identity, &bent, 100).is_err(), "flip at {at}");
            assert!(open(&identity, &sealed[..at], 100).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_cap() {
        let identity = Identity::generate();
        let mut sealer = Sealer::new(identity.recipient()).unwrap();
        let sealed = sealer.seal(&vec![0; 1 << 20]).unwrap();
        assert!(sealed.len() < 2000, "it packs to {}", sealed.len());
        assert_eq!(open(&identity, &sealed, 1000), Err(Damage::TooLarge(1000)));
    }
}
