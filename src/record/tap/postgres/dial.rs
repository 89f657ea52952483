//! The way to a PostgreSQL server: plain or encrypted, in the order in which libpq tries.
//!
//! After `PQconnectPoll` of fe-connect.c and `initialize_SSL` of fe-secure-openssl.c; what goes wrong
//! is said in libpq's words.

use super::Server;
use super::startup::{self, SSL_REQUEST};
use crate::record::tap::tls::{self, Identity, Protection, Revoked, Roots, Verify, Versions};
use crate::record::tap::upstream::{Unreached, system_words};
use crate::record::tap::{Place, Stream};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

/// `sslmode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SslMode {
    /// Plain.
    Disable,
    /// Plain, and TLS where that is refused.
    Allow,
    /// TLS, and plain where that is not to be had.
    #[default]
    Prefer,
    /// TLS.
    Require,
    /// TLS with a server that somebody trusted vouches for.
    VerifyCa,
    /// The same, and it must be the host that was named.
    VerifyFull,
}

/// The parameters of libpq that say how a connection is encrypted.
#[derive(Default)]
pub struct Encryption {
    /// `sslmode`.
    pub mode: SslMode,
    /// `sslnegotiation=direct`.
    pub direct: bool,
    /// `sslrootcert`: what is trusted; a file of its name.
    pub root: Option<PathBuf>,
    /// `sslrootcert=system`.
    pub system: bool,
    /// `sslcrl`.
    pub crl: Option<PathBuf>,
    /// `sslcrldir`.
    pub crl_dir: Option<PathBuf>,
    /// `sslcert`.
    pub certificate: Option<PathBuf>,
    /// `sslkey`.
    pub key: Option<PathBuf>,
    /// `sslpassword`.
    pub password: Option<Zeroizing<String>>,
    /// `sslcertmode`: `disable` shows no certificate.
    pub shows_certificate: bool,
    /// `sslsni`.
    pub sni: bool,
    /// `ssl_min_protocol_version`, `ssl_max_protocol_version`.
    pub versions: Versions,
}

/// One way to a server.
#[derive(Clone)]
pub struct Attempt {
    place: Place,
    tls: Tls,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tls {
    No,
    /// If the server has it.
    Perhaps,
    Yes,
}

/// A connection on which nothing of the session has been said.
pub struct Dialled {
    /// The connection.
    pub stream: Stream,
    /// How it came about: with the address, and with TLS or without.
    pub attempt: Attempt,
}

/// Why there is none.
pub struct Refused {
    /// An SQLSTATE: `57P03` sends libpq to the next host of a list.
    pub code: &'static str,
    /// In the words of libpq.
    pub message: String,
}

/// libpq goes on to the next host.
const NEXT_HOST: &str = "57P03";
/// And here it does not.
const FAILED: &str = "08006";

impl Server {
    /// Sends the startup packet on a connection whose server does not refuse it at once, in the
    /// order of `sslmode`; gives what was read of the server's answer.
    pub(super) async fn start(&self, packet: &[u8]) -> Result<(Dialled, Vec<u8>), Refused> {
        let mut refused: Option<Result<(Dialled, Vec<u8>), Refused>> = None;
        let attempts = self.attempts();
        let last = attempts.len();
        for (number, attempt) in (1..).zip(attempts) {
            let outcome = self.answered(&attempt, packet).await;
            let again = match &outcome {
                _ if number == last => false,
                Ok((dialled, read)) => {
                    // A server without TLS has been asked in the plain already.
                    let other = attempt.tls == Tls::No || dialled.attempt.tls == Tls::Yes;
                    other && read.first() == Some(&b'E')
                }
                // Nobody there: TLS or not makes no difference.
                Err(refusal) => refusal.code != NEXT_HOST,
            };
            if again {
                refused = Some(outcome);
                continue;
            }
            // What the server said tells more than that the second way does not exist.
            return match (outcome, refused) {
                (Err(_), Some(Ok(said))) => Ok(said),
                (outcome, _) => outcome,
            };
        }
        refused.unwrap_or_else(|| Err(self.failed("no way to the server", None)))
    }

    fn attempts(&self) -> Vec<Attempt> {
        let ways: &[Tls] = match (&self.place, self.encryption.mode) {
            (Place::Socket(_), _) | (_, SslMode::Disable) => &[Tls::No],
            (_, SslMode::Allow) => &[Tls::No, Tls::Yes],
            (_, SslMode::Prefer) => &[Tls::Perhaps, Tls::No],
            (_, SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull) => &[Tls::Yes],
        };
        let attempt = |tls: &Tls| Attempt {
            place: self.place.clone(),
            tls: *tls,
        };
        ways.iter().map(attempt).collect()
    }

    async fn answered(
        &self,
        attempt: &Attempt,
        packet: &[u8],
    ) -> Result<(Dialled, Vec<u8>), Refused> {
        let mut dialled = self.dial(attempt).await?;
        let lost = "server closed the connection unexpectedly\n\
                    \tThis probably means the server terminated abnormally\n\
                    \tbefore or while processing the request.";
        let place = dialled.attempt.place.clone();
        let stream = &mut dialled.stream;
        let mut read = Vec::with_capacity(super::CHUNK);
        let sent = async {
            stream.write_all(packet).await?;
            stream.flush().await?;
            stream.read_buf(&mut read).await
        };
        match sent.await {
            Ok(n) if n > 0 => Ok((dialled, read)),
            Ok(_) => Err(self.failed(lost, Some(&place))),
            Err(error) => {
                let why = format!(
                    "could not receive data from server: {}",
                    system_words(&error)
                );
                Err(self.failed(&why, Some(&place)))
            }
        }
    }

    /// Connects, and encrypts where that is the way.
    pub(super) async fn dial(&self, attempt: &Attempt) -> Result<Dialled, Refused> {
        let reached = attempt.place.connect(&self.keepalive).await;
        let reached = reached.map_err(|unreached| self.unreached(&unreached))?;
        let place = reached.place;
        let fail = |why: &str| self.failed(why, Some(&place));
        let mut tcp = match (reached.stream, attempt.tls) {
            (Stream::Tcp(tcp), Tls::Perhaps | Tls::Yes) => tcp,
            (stream, _) => {
                let attempt = Attempt {
                    place,
                    tls: Tls::No,
                };
                return Ok(Dialled { stream, attempt });
            }
        };
        if !self.encryption.direct {
            let answer = async {
                tcp.write_all(&SSL_REQUEST).await?;
                startup::ssl_answer(&mut tcp).await
            };
            let answer = answer.await.map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof => fail("server closed the connection unexpectedly"),
                _ => fail(&system_words(&error)),
            })?;
            match answer {
                b'S' => {}
                b'N' if attempt.tls == Tls::Perhaps => {
                    let attempt = Attempt {
                        place,
                        tls: Tls::No,
                    };
                    let stream = Stream::Tcp(tcp);
                    return Ok(Dialled { stream, attempt });
                }
                b'N' => return Err(fail("server does not support SSL, but SSL was required")),
                // Whoever says it has not shown who it is: its words are not for the person
                // (CVE-2024-10977).
                b'E' => return Err(fail("server sent an error response during SSL exchange")),
                _ => return Err(fail("received invalid response to SSL negotiation")),
            }
        }
        let protection = self
            .encryption
            .protection(&self.host)
            .map_err(|why| fail(&why))?;
        let stream = tls::protect(tcp, &protection)
            .await
            .map_err(|error| fail(&error.to_string()))?;
        let attempt = Attempt {
            place,
            tls: Tls::Yes,
        };
        Ok(Dialled {
            stream: Stream::Tls(Box::new(stream)),
            attempt,
        })
    }

    fn unreached(&self, unreached: &Unreached) -> Refused {
        let reason = system_words(&unreached.reason);
        let message = match &self.place {
            Place::Socket(path) => format!(
                "connection to server on socket \"{}\" failed: {reason}\n\
                 \tIs the server running locally and accepting connections on that socket?",
                path.display()
            ),
            Place::Network { host, .. } => match unreached.address {
                None => format!("could not translate host name \"{host}\" to address: {reason}"),
                Some(address) => {
                    let place = self.named(Some(address));
                    let hint = match unreached.reason.kind() {
                        ErrorKind::ConnectionRefused | ErrorKind::TimedOut => {
                            "\n\tIs the server running on that host and accepting TCP/IP \
                             connections?"
                        }
                        _ => "",
                    };
                    format!("{place} failed: {reason}{hint}")
                }
            },
        };
        Refused {
            code: NEXT_HOST,
            message,
        }
    }

    fn failed(&self, why: &str, place: Option<&Place>) -> Refused {
        let place = self.named(place.and_then(Place::address));
        Refused {
            code: FAILED,
            message: format!("{place} failed: {why}"),
        }
    }

    /// `connection to server at "db" (10.0.0.5), port 5432`.
    fn named(&self, address: Option<std::net::IpAddr>) -> String {
        match &self.place {
            Place::Socket(path) => format!("connection to server on socket \"{}\"", path.display()),
            Place::Network { host, port, .. } => {
                let address = address.map(|address| address.to_string());
                let address = address.filter(|address| address != host);
                let address = address.map_or_else(String::new, |address| format!(" ({address})"));
                format!("connection to server at \"{host}\"{address}, port {port}")
            }
        }
    }
}

impl Encryption {
    /// Reads the files as they are now: libpq does so for each connection, too.
    fn protection(&self, host: &str) -> Result<Protection, String> {
        let root = self.root.as_ref().filter(|file| file.exists());
        let trusts = self.system || root.is_some();
        if !trusts && self.mode >= SslMode::VerifyCa {
            let file = self.root.as_deref().unwrap_or(Path::new("root.crt"));
            return Err(format!(
                "root certificate file \"{}\" does not exist\n\
                 Either provide the file, use the system's trusted roots with \
                 sslrootcert=system, or change sslmode to disable server certificate verification.",
                file.display()
            ));
        }
        let verify = match self.mode {
            SslMode::VerifyFull => Verify::Name,
            // As documented: a root certificate that is there is used whatever the mode.
            _ if trusts => Verify::Chain,
            _ => Verify::Nothing,
        };
        let revoked = match verify {
            Verify::Nothing => Revoked::default(),
            Verify::Chain | Verify::Name => Revoked {
                file: self.crl.clone(),
                dir: self.crl_dir.clone(),
            },
        };
        Ok(Protection {
            verify,
            roots: Roots {
                file: root.filter(|_| !self.system).cloned(),
                dir: None,
                system: self.system,
            },
            revoked,
            identity: self.identity()?,
            host: host.to_owned(),
            sni: self.sni,
            alpn: self.direct.then_some(b"postgresql"),
            versions: self.versions,
        })
    }

    fn identity(&self) -> Result<Option<Identity>, String> {
        let Some(certificate) = self.certificate.as_ref().filter(|_| self.shows_certificate) else {
            return Ok(None);
        };
        match fs::metadata(certificate) {
            Ok(_) => {}
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => {
                let why = system_words(&error);
                let file = certificate.display();
                return Err(format!("could not open certificate file \"{file}\": {why}"));
            }
        }
        let key = self.key.as_deref().unwrap_or(Path::new("postgresql.key"));
        private_enough(key)?;
        let password = self.password.as_ref().map(|password| password.as_bytes());
        let identity = Identity::read(certificate, key, password);
        identity.map(Some).map_err(|error| error.to_string())
    }
}

/// The rules for a key's file: a regular one that nobody else may read, except by a group where
/// root owns it.
fn private_enough(key: &Path) -> Result<(), String> {
    let file = key.display();
    let meta = match fs::metadata(key) {
        Ok(meta) => meta,
        Err(e) if e.kind() == ErrorKind::NotFound => {
            return Err(format!(
                "certificate present, but not private key file \"{file}\""
            ));
        }
        Err(error) => {
            let why = system_words(&error);
            return Err(format!("could not stat private key file \"{file}\": {why}"));
        }
    };
    if !meta.is_file() {
        return Err(format!("private key file \"{file}\" is not a regular file"));
    }
    let others = if meta.uid() == 0 && !rustix::process::geteuid().is_root() {
        0o037
    } else {
        0o077
    };
    if meta.mode() & others == 0 {
        return Ok(());
    }
    Err(format!(
        "private key file \"{file}\" has group or world access; file must have permissions u=rw \
         (0600) or less if owned by the current user, or permissions u=rw,g=r (0640) or less if \
         owned by root"
    ))
}
