//! What the client connects to in the server's place, and who may.

use super::{Away, Stream};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// Addresses of the loopback that are tried: it has sixteen million, and somebody else's are few.
const TRIES: usize = 8;

/// A socket that is bound, and not yet served.
pub enum Listener {
    /// In the private directory; not there as long as the server is not.
    Unix(PathBuf, Option<UnixListener>),
    /// In the private directory, and bound once the client was started: what it does not need at once
    /// must not keep it waiting.
    Later(PathBuf),
    /// On the loopback.
    Loopback(TcpListener),
}

impl Listener {
    /// Binds a socket at `path`.
    ///
    /// # Errors
    /// The path is too long or taken.
    pub fn socket(path: &Path) -> io::Result<Listener> {
        let listener = UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        Ok(Listener::Unix(path.to_owned(), Some(listener)))
    }

    /// A socket at `path` that looks like that of a server which is `away`.
    ///
    /// # Errors
    /// The path is too long or taken.
    pub fn away(path: &Path, away: Away) -> io::Result<Listener> {
        // Nobody listens where a socket was bound and closed.
        drop(UnixListener::bind(path)?);
        if away == Away::Absent {
            std::fs::remove_file(path)?;
        }
        Ok(Listener::Unix(path.to_owned(), None))
    }

    /// Binds `port` on an address of the loopback that nothing else uses, and gives the address.
    /// Who connects there must be told by the kernel, which only Linux does.
    ///
    /// # Errors
    /// The port is taken on all addresses, or only root may have it.
    pub fn loopback(port: u16) -> io::Result<(Listener, Ipv4Addr)> {
        let mut error = io::ErrorKind::AddrInUse.into();
        for _ in 0..TRIES {
            let mut random = [0; 3];
            getrandom::fill(&mut random)?;
            // Neither the usual address nor a broadcast one.
            let [a, b, c] = random.map(|byte| byte.clamp(1, 254));
            let address = Ipv4Addr::new(127, a, b, c);
            match Listener::at(address, port) {
                Ok(listener) => return Ok((listener, address)),
                Err(why) => error = why,
            }
        }
        Err(error)
    }

    /// Binds `port` on an `address` of the loopback.
    ///
    /// # Errors
    /// As of [`Self::loopback`].
    pub fn at(address: Ipv4Addr, port: u16) -> io::Result<Listener> {
        if !cfg!(target_os = "linux") {
            let why = "this system does not tell whose a connection on the loopback is";
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        }
        let listener = TcpListener::bind((address, port))?;
        listener.set_nonblocking(true)?;
        Ok(Listener::Loopback(listener))
    }

    /// Hands it to the runtime of this thread.
    pub(super) fn listen(self) -> io::Result<Listening> {
        match self {
            Listener::Unix(path, listener) => {
                let listener = listener.map(tokio::net::UnixListener::from_std);
                Ok(Listening::Unix(path, listener.transpose()?))
            }
            Listener::Later(path) => {
                let listener = tokio::net::UnixListener::bind(&path)?;
                Ok(Listening::Unix(path, Some(listener)))
            }
            Listener::Loopback(listener) => {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                Ok(Listening::Loopback(listener))
            }
        }
    }
}

/// A socket that is served.
pub(super) enum Listening {
    Unix(PathBuf, Option<tokio::net::UnixListener>),
    Loopback(tokio::net::TcpListener),
}

impl Listening {
    /// The next connection; `None` for one that another user made.
    pub async fn accept(&mut self) -> io::Result<Option<Stream>> {
        let own = rustix::process::geteuid().as_raw();
        match self {
            Listening::Unix(_, None) => std::future::pending().await,
            Listening::Unix(_, Some(listener)) => {
                let (stream, _) = listener.accept().await?;
                // The directory keeps others out already.
                let ours = stream.peer_cred()?.uid() == own;
                Ok(ours.then_some(Stream::Unix(stream)))
            }
            Listening::Loopback(listener) => {
                let (stream, peer) = listener.accept().await?;
                let ours = stream
                    .local_addr()
                    .is_ok_and(|here| owner(peer, here) == Some(own));
                if !ours {
                    return Ok(None);
                }
                let _ = stream.set_nodelay(true);
                Ok(Some(Stream::Tcp(stream)))
            }
        }
    }

    /// The server is away: who connects finds here what is found there.
    pub fn shut(&mut self, away: Away) {
        if let Listening::Unix(path, listener) = self {
            *listener = None;
            if away == Away::Absent {
                let _ = std::fs::remove_file(path);
            }
        }
    }

    /// The server is back.
    pub fn open(&mut self) -> io::Result<()> {
        if let Listening::Unix(path, listener @ None) = self {
            match std::fs::remove_file(&*path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => *listener = Some(tokio::net::UnixListener::bind(path)?),
            }
        }
        Ok(())
    }
}

/// Whose the other end of a connection on this machine is: the kernel lists all of them.
fn owner(peer: SocketAddr, here: SocketAddr) -> Option<u32> {
    let (SocketAddr::V4(peer), SocketAddr::V4(here)) = (peer, here) else {
        return None;
    };
    // Some programs speak to IPv4 addresses through sockets of IPv6.
    let lists = [("/proc/net/tcp", ""), ("/proc/net/tcp6", MAPPED)];
    lists.iter().find_map(|(file, prefix)| {
        let list = std::fs::read_to_string(file).ok()?;
        owner_in(&list, &entry(prefix, peer), &entry(prefix, here))
    })
}

/// `::ffff:` as the kernel prints it.
const MAPPED: &str = "0000000000000000FFFF0000";

/// `0100007F:1F90`: the address in the byte order of the machine, the port in the usual one.
fn entry(prefix: &str, address: SocketAddrV4) -> String {
    let number = u32::from_ne_bytes(address.ip().octets());
    format!("{prefix}{number:08X}:{:04X}", address.port())
}

fn owner_in(list: &str, local: &str, remote: &str) -> Option<u32> {
    let lines = list.lines().skip(1);
    let mut fields = lines.map(|line| line.split_ascii_whitespace());
    fields.find_map(|mut fields| {
        // sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid
        let found = fields.nth(1)? == local && fields.next()? == remote;
        found.then(|| fields.nth(4)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    /// P1: what a client is told by the system is what it would be told of the server's own.
    #[tokio::test]
    async fn a_server_that_is_away_is_missed_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let found = || {
            UnixStream::connect(&path)
                .map_err(|error| error.kind())
                .err()
        };
        for (away, kind) in [
            (Away::Absent, io::ErrorKind::NotFound),
            (Away::Refuses, io::ErrorKind::ConnectionRefused),
        ] {
            let mut listening = Listener::away(&path, away).unwrap().listen().unwrap();
            assert_eq!(found(), Some(kind));
            listening.open().unwrap();
            assert_eq!(found(), None);
            assert!(listening.accept().await.unwrap().is_some());
            listening.shut(away);
            assert_eq!(found(), Some(kind));
            listening.open().unwrap();
            assert_eq!(found(), None);
            drop(listening);
            std::fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn the_owner_of_a_connection_stands_in_the_kernels_list() {
        let list = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   107        0 21 1\n\
             1: 0953537F:1538 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000     0        0 22 1\n\
             2: 0100007F:D2F0 0953537F:1538 01 00000000:00000000 02:00000000 00000000  1000        0 23 1\n";
        assert_eq!(owner_in(list, "0100007F:D2F0", "0953537F:1538"), Some(1000));
        assert_eq!(owner_in(list, "0953537F:1538", "0100007F:D2F0"), Some(0));
        assert_eq!(owner_in(list, "0100007F:D2F0", "0100007F:1538"), None);
        assert_eq!(owner_in("", "0100007F:D2F0", "0100007F:1538"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn our_own_connection_is_ours() {
        let (listener, address) = Listener::loopback(0).unwrap();
        let Listener::Loopback(listener) = listener else {
            panic!("on the loopback");
        };
        let port = listener.local_addr().unwrap().port();
        let client = std::net::TcpStream::connect((address, port)).unwrap();
        let own = rustix::process::geteuid().as_raw();
        let (peer, here) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
        assert_eq!(owner(peer, here), Some(own));
        let stranger = SocketAddr::from(([127, 0, 0, 1], 1));
        assert_eq!(owner(stranger, here), None);
    }
}
