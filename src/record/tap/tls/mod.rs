//! TLS to the server, by rustls; what certificates mean, by the library that the clients ask.
//!
//! The clients check certificates with OpenSSL, and what they accept or refuse must not change with
//! rec in front: certificates of version 1 or without alternative names, one that signed itself and
//! stands among the roots, revocation lists, roots by directory. So rustls speaks the protocol, and
//! [`verify`] asks OpenSSL about the certificate, as [`identity`] does for the client's own.

mod identity;
mod verify;

pub use identity::Identity;

use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, SupportedProtocolVersion};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What is asked of a server's certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// Nothing.
    #[default]
    Nothing,
    /// That somebody trusted signed it.
    Chain,
    /// That, and that it names the host.
    Name,
}

/// Whom is trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roots {
    /// A file of certificates.
    pub file: Option<PathBuf>,
    /// A directory of them, by hash.
    pub dir: Option<PathBuf>,
    /// What the system trusts.
    pub system: bool,
}

/// What was revoked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revoked {
    /// A file of lists.
    pub file: Option<PathBuf>,
    /// A directory of them, by hash.
    pub dir: Option<PathBuf>,
}

/// How one connection is protected.
pub struct Protection {
    /// What is asked of the server's certificate.
    pub verify: Verify,
    /// Whom is trusted.
    pub roots: Roots,
    /// What was revoked.
    pub revoked: Revoked,
    /// What the client shows of itself.
    pub identity: Option<Identity>,
    /// The host, as the client named it.
    pub host: String,
    /// Whether the server is told which host is meant.
    pub sni: bool,
    /// The protocol that is spoken inside, where the server wants to know.
    pub alpn: Option<&'static [u8]>,
    /// The versions that may be spoken.
    pub versions: Versions,
}

impl Protection {
    /// Looks whether its files can be used.
    ///
    /// # Errors
    /// One cannot.
    pub fn usable(&self) -> Result<(), Error> {
        config(self).map(|_| ())
    }
}

/// Versions of TLS; those before 1.2 are not spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// 1.2.
    pub one_two: bool,
    /// 1.3.
    pub one_three: bool,
}

impl Default for Versions {
    fn default() -> Self {
        Versions {
            one_two: true,
            one_three: true,
        }
    }
}

/// Why there is no protected connection, in the words of libpq where it has some.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server's certificate was refused.
    #[error("SSL error: certificate verify failed: {0}")]
    Untrusted(String),
    /// It is not this host's.
    #[error("server certificate for \"{name}\"{more} does not match host name \"{host}\"")]
    Named {
        /// The first name in it.
        name: String,
        /// How many more.
        more: String,
        /// The host.
        host: String,
    },
    /// It names nobody.
    #[error("could not get server's host name from server certificate")]
    Nameless,
    /// A file cannot be used.
    #[error("could not read {what} \"{}\": {why}", .file.display())]
    File {
        /// What kind.
        what: &'static str,
        /// Which.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// The client's own key cannot be used.
    #[error("{0}")]
    Key(String),
    /// The two did not come to terms.
    #[error("SSL error: {0}")]
    Protocol(String),
}

/// Makes a protected connection of a plain one.
///
/// # Errors
/// A file cannot be read, the server's certificate is refused, or the server speaks no such TLS.
pub async fn protect<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    protection: &Protection,
) -> Result<TlsStream<S>, Error> {
    let config = config(protection)?;
    // A host that is no name at all is not sent, so what stands in its place does not matter.
    let name = ServerName::try_from(protection.host.clone())
        .unwrap_or(ServerName::IpAddress(IpAddr::from([0, 0, 0, 0]).into()));
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await.map_err(broken)
}

fn config(protection: &Protection) -> Result<ClientConfig, Error> {
    let mut versions: Vec<&'static SupportedProtocolVersion> = Vec::new();
    if protection.versions.one_three {
        versions.push(&rustls::version::TLS13);
    }
    if protection.versions.one_two {
        versions.push(&rustls::version::TLS12);
    }
    let protocol = |error: rustls::Error| Error::Protocol(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .map_err(protocol)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verify::Verifier::new(protection)?));
    let mut config = match &protection.identity {
        Some(identity) => builder.with_client_cert_resolver(identity.resolver()),
        None => builder.with_no_client_auth(),
    };
    config.enable_sni = protection.sni;
    config.alpn_protocols = protection.alpn.iter().map(|alpn| alpn.to_vec()).collect();
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// What our verifier said, or what rustls says.
fn broken(error: std::io::Error) -> Error {
    let inner = error.get_ref().and_then(|e| e.downcast_ref());
    let Some(error) = inner else {
        return Error::Protocol(super::upstream::system_words(&error));
    };
    verify::said(error).unwrap_or_else(|| Error::Protocol(error.to_string()))
}
