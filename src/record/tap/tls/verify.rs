//! A server's certificate, judged as libpq judges it.
//!
//! The chain is OpenSSL's to verify, with the purpose, times and revocation lists it looks at for a
//! client. The name is compared as in fe-secure-common.c of libpq.

use super::{Error, Protection, Verify};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Verifier as Signed};
use openssl::ssl::SslFiletype;
use openssl::stack::Stack;
use openssl::x509::store::{HashDir, X509Lookup, X509Store, X509StoreBuilder};
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509, X509PurposeId, X509Ref, X509StoreContext};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, OtherError, SignatureScheme};
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Judges the certificate of one connection.
pub struct Verifier {
    verify: Verify,
    host: String,
    store: Option<Mutex<X509Store>>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

impl Verifier {
    /// Reads the files that `protection` names.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn new(protection: &Protection) -> Result<Verifier, Error> {
        let store = match protection.verify {
            Verify::Nothing => None,
            Verify::Chain | Verify::Name => Some(Mutex::new(store(protection)?)),
        };
        Ok(Verifier {
            verify: protection.verify,
            host: protection.host.clone(),
            store,
        })
    }

    fn judge(&self, certificate: &X509, others: &[CertificateDer<'_>]) -> Result<(), Error> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        let internal =
            |stack: openssl::error::ErrorStack| Error::Protocol(first_reason(&stack, "OpenSSL"));
        let mut chain = Stack::new().map_err(internal)?;
        for other in others {
            chain
                .push(X509::from_der(other).map_err(internal)?)
                .map_err(internal)?;
        }
        let store = store.lock().unwrap_or_else(PoisonError::into_inner);
        let mut context = X509StoreContext::new().map_err(internal)?;
        let (good, reason) = context
            .init(&store, certificate, &chain, |context| {
                Ok((context.verify_cert()?, context.error().error_string()))
            })
            .map_err(internal)?;
        if !good {
            return Err(Error::Untrusted(reason.to_owned()));
        }
        if self.verify == Verify::Name {
            matches_name(certificate, &self.host)?;
        }
        Ok(())
    }
}

fn store(protection: &Protection) -> Result<X509Store, Error> {
    let internal =
        |stack: openssl::error::ErrorStack| Error::Protocol(first_reason(&stack, "OpenSSL"));
    let mut store = X509StoreBuilder::new().map_err(internal)?;
    store
        .set_purpose(X509PurposeId::SSL_SERVER)
        .map_err(internal)?;
    let roots = &protection.roots;
    if let Some(file) = &roots.file {
        let unreadable = unreadable("root certificate file", file);
        let lookup = store.add_lookup(X509Lookup::file()).map_err(internal)?;
        lookup
            .load_cert_file(file, SslFiletype::PEM)
            .map_err(unreadable)?;
    }
    if let Some(dir) = &roots.dir {
        hashed(&mut store, dir, "root certificate directory")?;
    }
    if roots.system {
        for certificate in rustls_native_certs::load_native_certs().certs {
            // One that OpenSSL cannot read it would not have trusted either.
            if let Ok(certificate) = X509::from_der(&certificate) {
                store.add_cert(certificate).map_err(internal)?;
            }
        }
    }
    // A list that is not there revokes nothing, as with libpq.
    let mut lists = false;
    if let Some(file) = protection
        .revoked
        .file
        .as_ref()
        .filter(|file| file.exists())
    {
        let lookup = store.add_lookup(X509Lookup::file()).map_err(internal)?;
        let unreadable = unreadable("certificate revocation list file", file);
        lookup
            .load_crl_file(file, SslFiletype::PEM)
            .map_err(unreadable)?;
        lists = true;
    }
    if let Some(dir) = protection.revoked.dir.as_ref().filter(|dir| dir.is_dir()) {
        hashed(&mut store, dir, "certificate revocation list directory")?;
        lists = true;
    }
    if lists {
        let flags = X509VerifyFlags::CRL_CHECK | X509VerifyFlags::CRL_CHECK_ALL;
        store.set_flags(flags).map_err(internal)?;
    }
    Ok(store.build())
}

fn hashed(store: &mut X509StoreBuilder, dir: &Path, what: &'static str) -> Result<(), Error> {
    let internal =
        |stack: openssl::error::ErrorStack| Error::Protocol(first_reason(&stack, "OpenSSL"));
    let lookup: &mut openssl::x509::store::X509LookupRef<HashDir> =
        store.add_lookup(X509Lookup::hash_dir()).map_err(internal)?;
    let name = dir.to_str().ok_or_else(|| Error::File {
        what,
        file: dir.to_owned(),
        why: "its name is not UTF-8".to_owned(),
    })?;
    lookup
        .add_dir(name, SslFiletype::PEM)
        .map_err(unreadable(what, dir))
}

fn unreadable(what: &'static str, file: &Path) -> impl Fn(openssl::error::ErrorStack) -> Error {
    let file: PathBuf = file.to_owned();
    move |stack| Error::File {
        what,
        file: file.clone(),
        why: first_reason(&stack, "no certificate or list found in it"),
    }
}

/// What OpenSSL says, without its file names and numbers.
pub fn first_reason(stack: &openssl::error::ErrorStack, otherwise: &str) -> String {
    let reason = stack.errors().iter().find_map(|error| error.reason());
    reason.unwrap_or(otherwise).to_owned()
}

/// Whether the certificate names `host`.
///
/// # Errors
/// It names somebody else, or nobody.
fn matches_name(certificate: &X509Ref, host: &str) -> Result<(), Error> {
    if host.is_empty() {
        let why = "host name must be specified for a verified SSL connection";
        return Err(Error::Protocol(why.to_owned()));
    }
    let address: Option<IpAddr> = host.parse().ok();
    let mut names = Vec::new();
    // An alternative name of the host's own kind makes the common name void (RFC 6125, 6.4.4).
    let mut common_name_counts = true;
    for name in certificate.subject_alt_names().into_iter().flatten() {
        if let Some(name) = name.dnsname() {
            common_name_counts &= address.is_some();
            if same_host(name, host) {
                return Ok(());
            }
            names.push(name.to_owned());
        } else if let Some(bytes) = name.ipaddress() {
            common_name_counts &= address.is_none();
            let named = octets(bytes);
            if named.is_some() && named == address {
                return Ok(());
            }
            names.push(named.map_or_else(String::new, |address| address.to_string()));
        }
    }
    let subject = certificate.subject_name();
    let common = subject.entries_by_nid(Nid::COMMONNAME).next();
    let common = common.and_then(|entry| entry.data().to_string().ok());
    if let Some(common) = common.filter(|_| common_name_counts) {
        let common: &str = &common;
        if same_host(common, host) {
            return Ok(());
        }
        names.push(common.to_owned());
    }
    let more = match names.len().saturating_sub(1) {
        0 => String::new(),
        1 => " (and 1 other name)".to_owned(),
        n => format!(" (and {n} other names)"),
    };
    match names.into_iter().next() {
        None => Err(Error::Nameless),
        Some(name) => Err(Error::Named {
            name,
            more,
            host: host.to_owned(),
        }),
    }
}

fn octets(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}

/// As `pq_verify_peer_name_matches_certificate_name`: letter case aside, and an asterisk stands for
/// the first label alone.
fn same_host(pattern: &str, host: &str) -> bool {
    if pattern.eq_ignore_ascii_case(host) {
        return true;
    }
    let Some(behind) = pattern.strip_prefix('*').filter(|p| p.starts_with('.')) else {
        return false;
    };
    match host.split_once('.') {
        Some((first, rest)) => {
            behind.len() > 1
                && !first.is_empty()
                && behind
                    .strip_prefix('.')
                    .is_some_and(|b| b.eq_ignore_ascii_case(rest))
        }
        None => false,
    }
}

/// An [`Error`] on its way through rustls.
#[derive(Debug)]
struct Said(Mutex<Option<Error>>);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("certificate verify failed")
    }
}

impl std::error::Error for Said {}

/// What a verifier said, if it was that which ended the handshake.
pub fn said(error: &rustls::Error) -> Option<Error> {
    let rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(said))) = error else {
        return None;
    };
    let said = said.downcast_ref::<Said>()?;
    said.0.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn refuse(error: Error) -> rustls::Error {
    let said = Said(Mutex::new(Some(error)));
    rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(said))))
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let certificate = X509::from_der(end_entity)
            .map_err(|_| rustls::Error::InvalidCertificate(CertificateError::BadEncoding))?;
        self.judge(&certificate, intermediates)
            .map(|()| ServerCertVerified::assertion())
            .map_err(refuse)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        WAYS.iter().map(|way| way.scheme).collect()
    }
}

/// How a scheme signs.
pub struct Way {
    /// The scheme.
    pub scheme: SignatureScheme,
    /// Its digest, where that is not a part of the algorithm.
    pub digest: Option<fn() -> MessageDigest>,
}

impl Way {
    const fn new(scheme: SignatureScheme, digest: Option<fn() -> MessageDigest>) -> Way {
        Way { scheme, digest }
    }

    /// The way of `scheme`.
    pub fn of(scheme: SignatureScheme) -> Option<&'static Way> {
        WAYS.iter().find(|way| way.scheme == scheme)
    }

    /// Whether RSA pads with PSS.
    pub fn is_pss(&self) -> bool {
        use SignatureScheme as S;
        matches!(
            self.scheme,
            S::RSA_PSS_SHA256 | S::RSA_PSS_SHA384 | S::RSA_PSS_SHA512
        )
    }
}

/// All ways, the preferred ones first.
pub const WAYS: &[Way] = &[
    Way::new(SignatureScheme::ED25519, None),
    Way::new(SignatureScheme::ED448, None),
    Way::new(
        SignatureScheme::ECDSA_NISTP256_SHA256,
        Some(MessageDigest::sha256),
    ),
    Way::new(
        SignatureScheme::ECDSA_NISTP384_SHA384,
        Some(MessageDigest::sha384),
    ),
    Way::new(
        SignatureScheme::ECDSA_NISTP521_SHA512,
        Some(MessageDigest::sha512),
    ),
    Way::new(SignatureScheme::RSA_PSS_SHA256, Some(MessageDigest::sha256)),
    Way::new(SignatureScheme::RSA_PSS_SHA384, Some(MessageDigest::sha384)),
    Way::new(SignatureScheme::RSA_PSS_SHA512, Some(MessageDigest::sha512)),
    Way::new(
        SignatureScheme::RSA_PKCS1_SHA256,
        Some(MessageDigest::sha256),
    ),
    Way::new(
        SignatureScheme::RSA_PKCS1_SHA384,
        Some(MessageDigest::sha384),
    ),
    Way::new(
        SignatureScheme::RSA_PKCS1_SHA512,
        Some(MessageDigest::sha512),
    ),
];

/// Whether the server holds the certificate's key.
fn signature(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, rustls::Error> {
    let bad = || rustls::Error::InvalidCertificate(CertificateError::BadSignature);
    let way = Way::of(signed.scheme).ok_or_else(bad)?;
    let valid = || -> Result<bool, openssl::error::ErrorStack> {
        let key = X509::from_der(certificate)?.public_key()?;
        let mut verifier = match way.digest {
            Some(digest) => Signed::new(digest(), &key)?,
            None => Signed::new_without_digest(&key)?,
        };
        if way.is_pss() {
            verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
            verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
        }
        verifier.verify_oneshot(signed.signature(), message)
    };
    match valid() {
        Ok(true) => Ok(HandshakeSignatureValid::assertion()),
        Ok(false) | Err(_) => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asterisk_stands_for_one_label() {
        for (pattern, host, same) in [
            ("db.example.com", "DB.example.com", true),
            ("*.example.com", "db.example.com", true),
            ("*.EXAMPLE.com", "db.example.com", true),
            ("*.example.com", "a.db.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.example.com", ".example.com", false),
            ("d*.example.com", "db.example.com", false),
            ("*", "db", false),
            ("*.", "db.", false),
            ("db.example.com\0.evil.org", "db.example.com", false),
        ] {
            assert_eq!(same_host(pattern, host), same, "{pattern} {host}");
        }
    }
}
