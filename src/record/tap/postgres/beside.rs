//! Other ports of the same host, to which psql goes where it is told so: `\c - - - 5433` keeps the
//! host, which is the tap, and takes another port of it.
//!
//! Only what listens before can be found, so it is guessed which ports these may be: the sockets in
//! the server's directory, else the usual ports of PostgreSQL and of poolers, and those that the
//! password file names for the host. There are few: a socket costs half a millisecond where its
//! directory is on a disk, and to ask the kernel what listens here costs ten.

use super::stand::{Listeners, file_name, place};
use super::{Host, Server};
use crate::record::tap::Listener;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

/// PostgreSQL's and its neighbours', pgbouncer and Odyssey, HAProxy in front of Patroni, Supabase's
/// pooler.
const USUAL: &[u16] = &[5432, 5433, 5434, 5435, 6432, 6433, 6543, 5000, 5001];

/// More than that are not listened on for one server.
const MAX: usize = 32;

/// A socket for each other port, in the directories in place of `servers`; `named` are the ports
/// that something says of a host. One that cannot be bound, or stands there already, is left out.
pub fn sockets(
    servers: &[(Host, Arc<Server>)],
    dirs: &[String],
    named: &dyn Fn(&Host) -> Vec<u16>,
) -> Listeners {
    let mut listeners = Listeners::new();
    for ((host, server), dir) in servers.iter().zip(dirs) {
        for other in others(host, named(host)) {
            let listener = Listener::Later(Path::new(dir).join(file_name(&other)));
            listeners.push((listener, Arc::new(server.beside(place(&other))) as _));
        }
    }
    listeners
}

/// The same on the `addresses` in place of `servers`.
pub fn loopback(
    servers: &[(Host, Arc<Server>)],
    addresses: &[Ipv4Addr],
    named: &dyn Fn(&Host) -> Vec<u16>,
) -> Listeners {
    let mut listeners = Listeners::new();
    for ((host, server), address) in servers.iter().zip(addresses) {
        for other in others(host, named(host)) {
            if let Ok(listener) = Listener::at(*address, other.port) {
                listeners.push((listener, Arc::new(server.beside(place(&other))) as _));
            }
        }
    }
    listeners
}

/// The host with each other port.
fn others(host: &Host, mut ports: Vec<u16>) -> Vec<Host> {
    if host.is_socket() {
        ports = in_directory(Path::new(&host.host));
    } else {
        ports.extend(USUAL);
    }
    let mut seen = BTreeSet::from([host.port]);
    ports.retain(|port| seen.insert(*port));
    ports.truncate(MAX);
    let other = |port| Host {
        port,
        ..host.clone()
    };
    ports.into_iter().map(other).collect()
}

/// The ports of the servers whose sockets are in a directory.
fn in_directory(dir: &Path) -> Vec<u16> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let port = |name: &str| name.strip_prefix(".s.PGSQL.")?.parse().ok();
    entries
        .filter_map(|entry| port(&entry.file_name().to_string_lossy()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_s_own_port_is_none_beside_it_and_there_is_an_end_of_them() {
        let host = |host: &str, port| Host {
            host: host.to_owned(),
            address: None,
            port,
        };
        let ports = |of: &Host, named| -> Vec<u16> {
            others(of, named).iter().map(|other| other.port).collect()
        };
        let remote = ports(&host("db.example", 5433), vec![7000, 5433, 7000]);
        assert!(remote.starts_with(&[7000, 5432]), "{remote:?}");
        assert!(!remote.contains(&5433) && remote.contains(&6432));
        assert_eq!(ports(&host("db", 1), (1..=2000).collect()).len(), MAX);
        let dir = tempfile::tempdir().unwrap();
        for name in [".s.PGSQL.5432", ".s.PGSQL.5433", ".s.PGSQL.5433.lock", "x"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let local = host(dir.path().to_str().unwrap(), 5432);
        assert_eq!(ports(&local, vec![7000]), [5433]);
    }
}
