//! What stands in the servers' place: a socket for each, or a port on the loopback.

use super::Server;
use crate::record::clients::settings::Host;
use crate::record::tap::dir::SOCKET_MAX;
use crate::record::tap::{Dir, Listener, Place, Protocol};
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// `/.s.PGSQL.65535`.
const SOCKET_NAME: usize = 15;

/// Names of hosts are seldom longer; a longer one is cut where the path has no room.
const HOST_ROOM: usize = 40;

/// Listeners with what serves them.
pub type Listeners = Vec<(Listener, Arc<dyn Protocol>)>;

/// The private directory for sockets in place of `hosts`.
///
/// # Errors
/// It cannot be made.
pub fn dir(hosts: &[Host], runtime: &Path) -> io::Result<Dir> {
    let room = hosts.iter().map(|host| shown(host).len().min(HOST_ROOM));
    Dir::new(runtime, 1 + room.max().unwrap_or(0) + SOCKET_NAME)
}

/// A socket in place of each server, and the directory of each: what libpq takes for a host.
///
/// # Errors
/// One cannot be bound.
pub fn sockets(dir: &Dir, servers: &[(Host, Arc<Server>)]) -> io::Result<(Listeners, Vec<String>)> {
    let mut taken: Vec<(PathBuf, &Place)> = Vec::new();
    let (mut listeners, mut dirs): (Listeners, Vec<String>) = Default::default();
    for (host, server) in servers {
        let folder = folder(dir, host, server.place(), &taken)?;
        let path = folder.join(file_name(host));
        // One named twice is served once.
        if !taken.iter().any(|(taken, _)| *taken == path) {
            let server: Arc<dyn Protocol> = Arc::clone(server) as _;
            listeners.push((Listener::socket(&path)?, server));
        }
        taken.push((path, server.place()));
        dirs.push(folder.to_string_lossy().into_owned());
    }
    Ok((listeners, dirs))
}

/// An address of the loopback in place of each server, its port the server's own.
///
/// # Errors
/// One cannot be bound.
pub fn loopback(servers: &[(Host, Arc<Server>)]) -> io::Result<(Listeners, Vec<Ipv4Addr>)> {
    let (mut listeners, mut addresses): (Listeners, Vec<Ipv4Addr>) = Default::default();
    for (host, server) in servers {
        let (listener, address) = Listener::loopback(host.port)?;
        let server: Arc<dyn Protocol> = Arc::clone(server) as _;
        listeners.push((listener, server));
        addresses.push(address);
    }
    Ok((listeners, addresses))
}

/// The name of its socket.
pub fn file_name(host: &Host) -> String {
    format!(".s.PGSQL.{}", host.port)
}

/// A server's own socket.
pub fn socket(host: &Host) -> PathBuf {
    Path::new(&host.host).join(file_name(host))
}

/// Where a server is.
pub fn place(host: &Host) -> Place {
    if host.is_socket() {
        return Place::Socket(socket(host));
    }
    let address = host.address;
    let named = Some(&host.host).filter(|name| !name.is_empty() && !name.starts_with('/'));
    Place::Network {
        host: named.cloned().unwrap_or_else(|| {
            let address = address.map(|address| address.to_string());
            address.unwrap_or_default()
        }),
        address,
        port: host.port,
    }
}

/// The last components of a socket's directory: what a prompt shows.
fn shown(host: &Host) -> String {
    let name = match &host.host {
        name if name.is_empty() => host.address.map_or_else(String::new, |a| a.to_string()),
        name => name.trim_matches('/').to_owned(),
    };
    // A comma would end a host of the list, and no name has one.
    name.replace(',', "_")
}

/// A directory for the listener in place of `host`. Two servers of one name and port, told apart by
/// their addresses, get one each.
fn folder(
    dir: &Dir,
    host: &Host,
    place: &Place,
    taken: &[(PathBuf, &Place)],
) -> io::Result<PathBuf> {
    let room = SOCKET_MAX.saturating_sub(dir.path().as_os_str().len() + 1 + SOCKET_NAME);
    let whole = shown(host);
    let name = |prefix: &str| {
        let room = room.saturating_sub(prefix.len());
        let cut = whole
            .char_indices()
            .map(|(at, c)| at + c.len_utf8())
            .take_while(|end| *end <= room)
            .last();
        let cut = whole.get(..cut.unwrap_or(0)).unwrap_or_default();
        let safe = !cut.split('/').any(|part| matches!(part, "." | ".."));
        PathBuf::from(format!("{prefix}{}", if safe { cut } else { "" }))
    };
    let file = file_name(host);
    let free = |name: &Path| {
        let path = dir.path().join(name).join(&file);
        let other = taken.iter().find(|(taken, _)| *taken == path);
        other.is_none_or(|(_, other)| *other == place)
    };
    let plain = name("");
    if free(&plain) {
        return dir.folder(&plain);
    }
    dir.folder(&name(&format!("{}/", taken.len())))
}
