//! The way to the server.

use super::Stream;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
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

/// A connection and where it leads: a cancel must go to the same address.
pub struct Reached {
    /// The connection.
    pub stream: Stream,
    /// The same place, its name looked up.
    pub place: Place,
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
        let unknown = |reason| Unreached {
            address: None,
            reason,
        };
        let addresses: Vec<SocketAddr> = match address.or_else(|| host.parse().ok()) {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => lookup_host((host.as_str(), port))
                .await
                .map_err(unknown)?
                .collect(),
        };
        let mut last = unknown(io::Error::new(
            io::ErrorKind::NotFound,
            "Name or service not known",
        ));
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // As libpq and MySQL's clients do: what is written is to be sent.
                    let _ = stream.set_nodelay(true);
                    keep_alive(&stream, keepalive);
                    return Ok(Reached {
                        stream: Stream::Tcp(stream),
                        place: Place::Network {
                            host: host.clone(),
                            address: Some(address.ip()),
                            port,
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

    /// Its address, where it is known.
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Place::Socket(_) => None,
            Place::Network { host, address, .. } => address.or_else(|| host.parse().ok()),
        }
    }
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
