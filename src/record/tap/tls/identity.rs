//! The client's own certificate and key, read and used through OpenSSL: every kind of key that the
//! client could have used, in PEM or DER, encrypted or not.

use super::Error;
use super::verify::{WAYS, Way, first_reason};
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Signer as Sign};
use openssl::x509::X509;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A certificate with its key.
#[derive(Clone)]
pub struct Identity(Arc<CertifiedKey>);

impl Identity {
    /// Reads both; `password` opens an encrypted key.
    ///
    /// # Errors
    /// One of them cannot be read, or they do not belong together.
    pub fn read(
        certificate: &Path,
        key: &Path,
        password: Option<&[u8]>,
    ) -> Result<Identity, Error> {
        let bad = |why| Error::File {
            what: "certificate file",
            file: certificate.to_owned(),
            why,
        };
        let bytes = std::fs::read(certificate)
            .map_err(|error| bad(super::super::upstream::system_words(&error)))?;
        let chain =
            X509::stack_from_pem(&bytes).map_err(|stack| bad(first_reason(&stack, "no PEM")))?;
        let first = chain
            .first()
            .ok_or_else(|| bad("no certificate found in it".to_owned()))?;
        let unfit = |why| {
            let file = key.display();
            Error::Key(format!("could not load private key file \"{file}\": {why}"))
        };
        let bytes = std::fs::read(key)
            .map(Zeroizing::new)
            .map_err(|error| unfit(super::super::upstream::system_words(&error)))?;
        let private = private(&bytes, password).map_err(unfit)?;
        let public = first
            .public_key()
            .map_err(|stack| bad(first_reason(&stack, "no key")))?;
        if !public.public_eq(&private) {
            return Err(unfit("key values mismatch".to_owned()));
        }
        let ders = chain
            .iter()
            .map(|certificate| certificate.to_der().map(CertificateDer::from))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|stack| bad(first_reason(&stack, "no DER")))?;
        let key = Arc::new(Key(private));
        Ok(Identity(Arc::new(CertifiedKey::new(ders, key))))
    }

    /// Shows it to any server that asks.
    pub fn resolver(&self) -> Arc<dyn ResolvesClientCert> {
        Arc::new(Always(Arc::clone(&self.0)))
    }
}

/// PEM, encrypted or not, or DER.
fn private(bytes: &[u8], password: Option<&[u8]>) -> Result<PKey<Private>, String> {
    let mut asked = false;
    let pem = PKey::private_key_from_pem_callback(bytes, |buffer| {
        asked = true;
        let password = password.unwrap_or_default();
        match buffer.get_mut(..password.len()) {
            Some(room) => {
                room.copy_from_slice(password);
                Ok(password.len())
            }
            None => Err(openssl::error::ErrorStack::get()),
        }
    });
    match pem {
        Ok(key) => Ok(key),
        Err(stack) if asked => Err(first_reason(&stack, "bad decrypt")),
        Err(stack) => PKey::private_key_from_der(bytes)
            .map_err(|_| first_reason(&stack, "no private key found in it")),
    }
}

struct Always(Arc<CertifiedKey>);

impl fmt::Debug for Always {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Always")
    }
}

impl ResolvesClientCert for Always {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[derive(Clone)]
struct Key(PKey<Private>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// Whether the key signs in this way. A curve has its own scheme in TLS 1.3, and in 1.2 the
    /// server knows the curve.
    fn signs(&self, scheme: SignatureScheme) -> bool {
        let bits = self.0.bits();
        match scheme {
            SignatureScheme::ED25519 => self.0.id() == Id::ED25519,
            SignatureScheme::ED448 => self.0.id() == Id::ED448,
            SignatureScheme::ECDSA_NISTP256_SHA256 => self.0.id() == Id::EC && bits == 256,
            SignatureScheme::ECDSA_NISTP384_SHA384 => self.0.id() == Id::EC && bits == 384,
            SignatureScheme::ECDSA_NISTP521_SHA512 => self.0.id() == Id::EC && bits == 521,
            _ => self.0.id() == Id::RSA,
        }
    }
}

impl SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let usable = |way: &&Way| offered.contains(&way.scheme) && self.signs(way.scheme);
        Some(Box::new(Signing {
            key: self.clone(),
            way: WAYS.iter().find(usable)?,
        }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.0.id() {
            Id::ED25519 => SignatureAlgorithm::ED25519,
            Id::ED448 => SignatureAlgorithm::ED448,
            Id::EC => SignatureAlgorithm::ECDSA,
            _ => SignatureAlgorithm::RSA,
        }
    }
}

struct Signing {
    key: Key,
    way: &'static Way,
}

impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signing")
    }
}

impl Signer for Signing {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let sign = || -> Result<Vec<u8>, openssl::error::ErrorStack> {
            let mut signer = match self.way.digest {
                Some(digest) => Sign::new(digest(), &self.key.0)?,
                None => Sign::new_without_digest(&self.key.0)?,
            };
            if self.way.is_pss() {
                signer.set_rsa_padding(Padding::PKCS1_PSS)?;
                signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
            }
            signer.sign_oneshot_to_vec(message)
        };
        sign().map_err(|stack| rustls::Error::General(first_reason(&stack, "cannot sign")))
    }

    fn scheme(&self) -> SignatureScheme {
        self.way.scheme
    }
}
