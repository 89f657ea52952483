//! The way to the server.

use super::Stream;
use super::lookup::{Looked, Lookup, look_up};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::net::{TcpStream, UnixStream, lookup_host};

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A unix socket.
    Socket(PathBuf),
    /// A host and port.
    Network {
        /// As named: what a certificate is compared with.
        host: String,
        /// Where to go without looking the name up.
        address: Option<IpAddr>,
        /// The port.
        port: u16,
    },
}

/// How a connection is kept alive; the system's defaults where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keepalive {
    /// Not at all.
    pub off: bool,
    /// So long after the last data.
    pub idle: Option<Duration>,
    /// So long between two probes.
    pub interval: Option<Duration>,
    /// So many probes.
    pub count: Option<u32>,
    /// Milliseconds that sent data may stay unacknowledged.
    pub user_timeout: Option<u32>,
}

/// Why a server was not reached.
#[derive(Debug)]
pub struct Unreached {
    /// The last address tried.
    pub address: Option<IpAddr>,
    /// The system's reason.
    pub reason: io::Error,
}

/// What is known of the way to a server before there is anything to wait for it.
#[derive(Default)]
pub enum Ahead {
    /// Nothing yet.
    #[default]
    Nothing,
    /// It was looked up.
    Addresses(Vec<SocketAddr>),
    /// It is being looked up.
    Lookup(Lookup),
    /// A connection.
    Connection(std::net::TcpStream),
}

/// A connection and where it leads: a cancel must go to the same address.
pub struct Reached {
    /// The connection.
    pub stream: Stream,
    /// The same place, its name looked up.
    pub place: Place,
}

impl Unreached {
    fn unknown(reason: io::Error) -> Unreached {
        Unreached {
            address: None,
            reason,
        }
    }
}

impl Place {
    /// Connects to the first address that answers.
    pub async fn connect(&self, keepalive: &Keepalive) -> Result<Reached, Unreached> {
        let (host, address, port) = match self {
            Place::Socket(path) => {
                let connected = UnixStream::connect(path).await;
                let unreached = |reason| Unreached {
                    address: None,
                    reason,
                };
                return Ok(Reached {
                    stream: Stream::Unix(connected.map_err(unreached)?),
                    place: self.clone(),
                });
            }
            Place::Network {
                host,
                address,
                port,
            } => (host, *address, *port),
        };
        let addresses: Vec<SocketAddr> = match address.or_else(|| host.parse().ok()) {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => lookup_host((host.as_str(), port))
                .await
                .map_err(Unreached::unknown)?
                .collect(),
        };
        Place::connect_among(host, &addresses, keepalive).await
    }

    /// As [`Self::connect`], going on from what is known.
    pub async fn connect_ahead(
        &self,
        ahead: Ahead,
        keepalive: &Keepalive,
    ) -> Result<Reached, Unreached> {
        let addresses = match (ahead, self) {
            (Ahead::Addresses(addresses), _) => addresses,
            (Ahead::Lookup(lookup), _) => {
                let answer = tokio::task::spawn_blocking(|| lookup.wait()).await;
                answer
                    .unwrap_or_else(|error| Err(io::Error::other(error)))
                    .map_err(Unreached::unknown)?
            }
            (Ahead::Connection(stream), Place::Network { .. }) => {
                if let Ok(stream) = adopt(stream, keepalive) {
                    let place = self.clone();
                    return Ok(Reached { stream, place });
                }
                return self.connect(keepalive).await;
            }
            (Ahead::Connection(_) | Ahead::Nothing, _) => return self.connect(keepalive).await,
        };
        match self {
            Place::Socket(_) => self.connect(keepalive).await,
            Place::Network { host, .. } => Place::connect_among(host, &addresses, keepalive).await,
        }
    }

    async fn connect_among(
        host: &str,
        addresses: &[SocketAddr],
        keepalive: &Keepalive,
    ) -> Result<Reached, Unreached> {
        let mut last = Unreached::unknown(io::Error::new(
            io::ErrorKind::NotFound,
            "Name or service not known",
        ));
        for &address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // As libpq and MySQL's clients do: what is written is to be sent.
                    let _ = stream.set_nodelay(true);
                    keep_alive(&stream, keepalive);
                    return Ok(Reached {
                        stream: Stream::Tcp(stream),
                        place: Place::Network {
                            host: host.to_owned(),
                            address: Some(address.ip()),
                            port: address.port(),
                        },
                    });
                }
                Err(reason) => {
                    last = Unreached {
                        address: Some(address.ip()),
                        reason,
                    };
                }
            }
        }
        Err(last)
    }

    /// Looks whether anybody is there, for so long, before there is anything to wait for it. On a
    /// network that takes a connection, which is given on; a server on a socket of this machine
    /// notices nothing. Where there was not enough time, what is known by then is given on. Only to
    /// be called while the process has one thread.
    ///
    /// # Errors
    /// Nobody is there.
    pub fn probe(&self, within: Duration) -> Result<Ahead, Unreached> {
        let missed = |address, reason| Err(Unreached { address, reason });
        let (host, address, port) = match self {
            Place::Socket(path) => {
                return match bound(path) {
                    Ok(()) => Ok(Ahead::Nothing),
                    Err(reason) => missed(None, reason),
                };
            }
            Place::Network {
                host,
                address,
                port,
            } => (host.as_str(), *address, *port),
        };
        let until = Instant::now() + within;
        let looked = match address {
            Some(address) => Looked::Found(vec![SocketAddr::new(address, port)]),
            None => look_up(host, port, within),
        };
        let addresses = match looked {
            Looked::Found(addresses) => addresses,
            Looked::Unknown(reason) => return missed(None, reason),
            Looked::Late(lookup) => return Ok(Ahead::Lookup(lookup)),
        };
        let mut last = missed(None, io::ErrorKind::NotFound.into());
        for &address in &addresses {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Ahead::Addresses(addresses));
            }
            match std::net::TcpStream::connect_timeout(&address, left) {
                Ok(stream) => return Ok(Ahead::Connection(stream)),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    return Ok(Ahead::Addresses(addresses));
                }
                Err(reason) => last = missed(Some(address.ip()), reason),
            }
        }
        last
    }

    /// Its address, where it is known.
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Place::Socket(_) => None,
            Place::Network { host, address, .. } => address.or_else(|| host.parse().ok()),
        }
    }
}

/// Whether a socket that takes connections stands at `path`. One of another type is refused for its
/// type where there is one, and before the server hears of it.
fn bound(path: &Path) -> io::Result<()> {
    match UnixDatagram::unbound()?.connect(path) {
        Err(error) if error.raw_os_error() != Some(libc::EPROTOTYPE) => Err(error),
        _ => Ok(()),
    }
}

/// Takes a connection that [`Place::probe`] has made.
///
/// # Errors
/// It cannot be waited for.
pub fn adopt(stream: std::net::TcpStream, keepalive: &Keepalive) -> io::Result<Stream> {
    stream.set_nonblocking(true)?;
    let stream = TcpStream::from_std(stream)?;
    let _ = stream.set_nodelay(true);
    keep_alive(&stream, keepalive);
    Ok(Stream::Tcp(stream))
}

/// A kernel that does not know one of these does without, as with libpq.
fn keep_alive(stream: &TcpStream, keepalive: &Keepalive) {
    use rustix::net::sockopt;
    if keepalive.off {
        return;
    }
    let _ = sockopt::set_socket_keepalive(stream, true);
    if let Some(idle) = keepalive.idle {
        let _ = sockopt::set_tcp_keepidle(stream, idle);
    }
    if let Some(interval) = keepalive.interval {
        let _ = sockopt::set_tcp_keepintvl(stream, interval);
    }
    if let Some(count) = keepalive.count {
        let _ = sockopt::set_tcp_keepcnt(stream, count);
    }
    #[cfg(target_os = "linux")]
    if let Some(limit) = keepalive.user_timeout {
        let _ = sockopt::set_tcp_user_timeout(stream, limit);
    }
}

/// The system's own words for what went wrong, as C programs show them.
pub fn system_words(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let lookup = "failed to lookup address information: ";
    text.strip_prefix(lookup).unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_socket_is_looked_at_and_not_connected_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let probe = || Place::Socket(path.clone()).probe(LONG);
        let missed = |kind| assert_eq!(probe().err().unwrap().reason.kind(), kind);
        missed(io::ErrorKind::NotFound);
        let listener = UnixListener::bind(&path).unwrap();
        listener.set_nonblocking(true).unwrap();
        assert!(matches!(probe(), Ok(Ahead::Nothing)));
        assert_eq!(
            listener.accept().unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
        drop(listener);
        missed(io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn a_server_on_a_network_is_connected_to_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let place = |host: &str| Place::Network {
            host: host.to_owned(),
            address: None,
            port,
        };
        let found = place("127.0.0.1").probe(LONG);
        assert!(matches!(found, Ok(Ahead::Connection(_))));
        let Ok(Ahead::Addresses(known)) = place("127.0.0.1").probe(Duration::ZERO) else {
            panic!("there was no time to connect");
        };
        assert_eq!(known, [listener.local_addr().unwrap()]);
        drop(listener);
        let missed = place("127.0.0.1").probe(LONG).err().unwrap();
        assert_eq!(missed.reason.kind(), io::ErrorKind::ConnectionRefused);
        assert!(missed.address.is_some());
        let missed = place("no such host").probe(LONG).err().unwrap();
        assert!(missed.address.is_none());
    }
}
