//! TLS to the server, as the client would have had it.

use crate::record::clients::mysql::tls::Tls;
use crate::record::tap::tls::{self, Identity, Protection, Revoked, Roots, Verify, Versions};
use crate::record::tap::{Aside, Stream};
use openssl::hash::{MessageDigest, hash};
use std::fs;
use std::path::Path;
use zeroize::Zeroizing;

/// How connections to the server are protected.
pub struct Protect {
    tls: Tls,
    host: String,
    versions: Versions,
}

/// Whether a file can be the one that is meant.
type Fits<'a> = dyn Fn(&Path) -> bool + 'a;

impl Protect {
    /// As `tls` says, for the server called `host`.
    ///
    /// # Errors
    /// Only the client itself can do it.
    pub fn new(tls: Tls, host: String) -> Result<Protect, Aside> {
        let versions = versions(tls.versions.as_deref())?;
        if tls.wanted && tls.key.as_deref().is_some_and(is_encrypted) {
            return Err(Aside::Because(
                "its key is encrypted, and the client itself asks for the password".to_owned(),
            ));
        }
        Ok(Protect {
            tls,
            host,
            versions,
        })
    }

    /// Looks whether the files can be used.
    ///
    /// # Errors
    /// They cannot, which the client says itself; for the recording.
    pub fn usable(&self) -> Result<(), Aside> {
        if !self.tls.wanted {
            return Ok(());
        }
        let unusable = |error: tls::Error| {
            Aside::Noted(format!(
                "what the client needs for TLS cannot be used: {error}"
            ))
        };
        let protection = self.protection().map_err(unusable)?;
        protection.usable().map_err(unusable)
    }

    /// Whether TLS is spoken with a server that can.
    pub fn is_wanted(&self) -> bool {
        self.tls.wanted
    }

    /// Whether a server that cannot is refused.
    pub fn is_required(&self) -> bool {
        self.tls.wanted && self.tls.required
    }

    /// Encrypts a connection on which the server expects it now.
    ///
    /// # Errors
    /// Why not, in the words of the clients where they have some.
    pub async fn stream(&self, stream: Stream) -> Result<Stream, String> {
        let protection = self.protection().map_err(|error| said(&error))?;
        match stream {
            Stream::Tcp(tcp) => {
                let stream = tls::protect(tcp, &protection).await;
                let stream = stream.map_err(|error| said(&error))?;
                self.known(stream.get_ref().1.peer_certificates())?;
                Ok(Stream::Tls(Box::new(stream)))
            }
            Stream::Unix(unix) => {
                let stream = tls::protect(unix, &protection).await;
                let stream = stream.map_err(|error| said(&error))?;
                self.known(stream.get_ref().1.peer_certificates())?;
                Ok(Stream::UnixTls(Box::new(stream)))
            }
            encrypted @ (Stream::Tls(_) | Stream::UnixTls(_)) => Ok(encrypted),
        }
    }

    /// Reads the files as they are now: the clients do so for each connection, too.
    fn protection(&self) -> Result<Protection, tls::Error> {
        let tls = &self.tls;
        // A certificate that is known by its fingerprint needs nobody to vouch for it.
        let verify = match (tls.chain, tls.name) {
            _ if self.is_pinned() => Verify::Nothing,
            (_, true) => Verify::Name,
            (true, false) => Verify::Chain,
            (false, false) => Verify::Nothing,
        };
        self.named(verify)?;
        let identity = match (&tls.certificate, &tls.key) {
            (None, None) => None,
            // A file may hold both.
            (Some(both), None) | (None, Some(both)) => Some((both, both)),
            (Some(certificate), Some(key)) => Some((certificate, key)),
        };
        let identity = identity.map(|(certificate, key)| Identity::read(certificate, key, None));
        Ok(Protection {
            verify,
            roots: Roots {
                file: tls.ca.clone(),
                dir: tls.ca_path.clone(),
                system: tls.ca.is_none() && tls.ca_path.is_none(),
            },
            revoked: Revoked {
                file: tls.crl.clone(),
                dir: tls.crl_path.clone(),
            },
            identity: identity.transpose()?,
            host: self.host.clone(),
            sni: true,
            alpn: None,
            versions: self.versions,
        })
    }

    /// Whether there is what is named. libpq takes a list of revoked certificates that is missing for
    /// an empty one; these clients do not.
    fn named(&self, verify: Verify) -> Result<(), tls::Error> {
        let tls = &self.tls;
        let some = |path: &Path| !path.as_os_str().is_empty();
        let lists = |path: &Path| path.is_dir() || (verify == Verify::Nothing && some(path));
        let revoked = |path: &Path| path.exists();
        let kinds: [(_, _, &Fits<'_>); 6] = [
            ("root certificate file", &tls.ca, &some),
            ("root certificate directory", &tls.ca_path, &some),
            ("certificate file", &tls.certificate, &some),
            ("private key file", &tls.key, &some),
            ("certificate revocation list file", &tls.crl, &revoked),
            (
                "certificate revocation list directory",
                &tls.crl_path,
                &lists,
            ),
        ];
        for (what, file, fits) in kinds {
            if let Some(file) = file.as_ref().filter(|file| !fits(file)) {
                return Err(tls::Error::File {
                    what,
                    file: file.clone(),
                    why: "No such file or directory".to_owned(),
                });
            }
        }
        Ok(())
    }

    fn is_pinned(&self) -> bool {
        self.tls.fingerprint.is_some() || self.tls.fingerprints.is_some()
    }

    /// Whether the server's certificate is the one that is known, where one is.
    fn known(&self, chain: Option<&[rustls::pki_types::CertificateDer<'_>]>) -> Result<(), String> {
        if !self.is_pinned() {
            return Ok(());
        }
        let certificate = chain.and_then(<[_]>::first).ok_or("no certificate")?;
        let file = match &self.tls.fingerprints {
            Some(file) => {
                fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?
            }
            None => String::new(),
        };
        let mut known = self
            .tls
            .fingerprint
            .as_deref()
            .into_iter()
            .chain(file.lines());
        match known.any(|known| is_fingerprint(known, certificate)) {
            true => Ok(()),
            false => Err("Fingerprint validation of peer certificate failed".to_owned()),
        }
    }
}

/// Whether `known`, in hexadecimal with or without colons, is the certificate's fingerprint.
fn is_fingerprint(known: &str, certificate: &[u8]) -> bool {
    let known: String = known
        .chars()
        .filter(char::is_ascii_hexdigit)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let digest = match known.len() {
        40 => MessageDigest::sha1(),
        64 => MessageDigest::sha256(),
        96 => MessageDigest::sha384(),
        128 => MessageDigest::sha512(),
        _ => return false,
    };
    hash(digest, certificate).is_ok_and(|own| {
        let own: String = own.iter().map(|byte| format!("{byte:02x}")).collect();
        own == known
    })
}

/// The versions of a list; those before 1.2 are not spoken.
fn versions(list: Option<&str>) -> Result<Versions, Aside> {
    let Some(list) = list.filter(|list| !list.is_empty()) else {
        return Ok(Versions::default());
    };
    let has = |version: &str| {
        let mut versions = list.split(',').map(str::trim);
        versions.any(|listed| listed.eq_ignore_ascii_case(version))
    };
    let versions = Versions {
        one_two: has("TLSv1.2"),
        one_three: has("TLSv1.3"),
    };
    match versions.one_two || versions.one_three {
        true => Ok(versions),
        false => Err(Aside::Because(
            "it asks for a version of TLS that rec does not speak (before 1.2)".to_owned(),
        )),
    }
}

/// In the clients' words.
fn said(error: &tls::Error) -> String {
    match error {
        tls::Error::Untrusted(reason) => reason.clone(),
        tls::Error::Named { .. } | tls::Error::Nameless => {
            "Validation of SSL server certificate failed".to_owned()
        }
        tls::Error::Key(reason) | tls::Error::Protocol(reason) => reason.clone(),
        tls::Error::File { .. } => error.to_string(),
    }
}

/// Whether a key's file, in PEM, says that it is encrypted.
fn is_encrypted(key: &Path) -> bool {
    let bytes = Zeroizing::new(fs::read(key).unwrap_or_default());
    memchr::memmem::find(&bytes, b"ENCRYPTED").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_of_every_length_with_and_without_colons() {
        for known in [
            "A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D",
            "a9993e364706816aba3e25717850c26c9cd0d89d",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ] {
            assert!(is_fingerprint(known, b"abc"), "{known}");
            assert!(!is_fingerprint(known, b"abd"), "{known}");
        }
        assert!(!is_fingerprint("", b"abc"));
    }

    #[test]
    fn versions_are_those_of_the_list() {
        let of = |list| versions(list).map(|v| (v.one_two, v.one_three)).ok();
        assert_eq!(of(None), Some((true, true)));
        assert_eq!(of(Some("TLSv1.2")), Some((true, false)));
        assert_eq!(of(Some("tlsv1.1, TLSv1.3")), Some((false, true)));
        assert_eq!(of(Some("TLSv1.1")), None);
    }
}
