//! Other ports of the same host, to which psql goes where it is told so: `\c - - - 5433` keeps the
//! host, which is the tap, and takes another port of it.
//!
//! Only what listens before can be found, so it is guessed which ports these may be: the sockets in
//! the server's directory, what listens on this machine where the host is this one, the usual ports
//! of PostgreSQL and of poolers, and those that the password file names for the host.

use super::stand::{Listeners, file_name, place, socket};
use super::{Host, Server};
use crate::record::tap::Listener;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

/// PostgreSQL's and its neighbours', pgbouncer, Odyssey, HAProxy in front of Patroni, Supabase's
/// pooler, the first of tunnels.
const USUAL: &[u16] = &[
    5000, 5001, 5430, 5431, 5432, 5433, 5434, 5435, 5436, 5437, 5438, 5439, 5440, 6432, 6433, 6543,
    15432, 25432, 54320, 54321, 54322, 65432,
];

/// More than that are not listened on for one server.
const MAX: usize = 64;

/// Lists of what listens on this machine.
const LISTS: &[&str] = &["/proc/net/tcp", "/proc/net/tcp6"];

/// A socket for each other port, in the directories in place of `servers`; `named` are the ports
/// that something says of a host. What cannot be bound is left out.
pub fn sockets(
    servers: &[(Host, Arc<Server>)],
    dirs: &[String],
    named: &dyn Fn(&Host) -> Vec<u16>,
) -> Listeners {
    let mut listeners = Listeners::new();
    for ((host, server), dir) in servers.iter().zip(dirs) {
        for other in others(host, named(host)) {
            let path = Path::new(dir).join(file_name(&other));
            if let Ok(listener) = Listener::socket(&path) {
                listeners.push((listener, Arc::new(server.beside(place(&other))) as _));
            }
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
        if is_here(host) {
            let lists = LISTS
                .iter()
                .filter_map(|list| std::fs::read_to_string(list).ok());
            ports.extend(lists.flat_map(|list| listening(&list)));
        }
    }
    let mut seen = BTreeSet::from([host.port]);
    ports.retain(|port| seen.insert(*port));
    ports.truncate(MAX);
    let other = |port| Host {
        port,
        ..host.clone()
    };
    let mut others: Vec<Host> = ports.into_iter().map(other).collect();
    others.retain(|other| !other.is_socket() || socket(other).exists());
    others
}

/// The ports of the servers whose sockets are in a directory.
fn in_directory(dir: &Path) -> Vec<u16> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let port = |name: &str| name.strip_prefix(".s.PGSQL.")?.parse().ok();
    entries
        .filter_map(|entry| port(&entry.file_name().to_string_lossy()))
        .collect()
}

/// Whether the host is this machine.
fn is_here(host: &Host) -> bool {
    let address = host.address.or_else(|| host.host.parse().ok());
    match address {
        Some(address) => IpAddr::is_loopback(&address),
        None => host.host == "localhost",
    }
}

/// The ports of a list of the kernel's on which something listens that this machine may reach by
/// its loopback.
fn listening(list: &str) -> Vec<u16> {
    let lines = list.lines().skip(1).filter_map(|line| {
        // sl local_address rem_address st
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (address, port) = fields.next()?.rsplit_once(':')?;
        let listens = fields.nth(1)? == "0A";
        let any = address.bytes().all(|digit| digit == b'0');
        // 127.x.y.z and ::1, in the byte order of the machine.
        let loopback = match address.len() {
            8 => u32::from_str_radix(address, 16).ok()?.to_ne_bytes().first() == Some(&127),
            _ => address.strip_prefix("000000000000000000000000")? == LAST_OF_ONE,
        };
        (listens && (any || loopback)).then(|| u16::from_str_radix(port, 16).ok())?
    });
    lines.collect()
}

/// The last four bytes of `::1` as the kernel prints them.
const LAST_OF_ONE: &str = if cfg!(target_endian = "little") {
    "01000000"
} else {
    "00000001"
};

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_endian = "little")]
    #[test]
    fn what_listens_for_the_loopback_is_told_from_the_rest() {
        let list = "  sl  local_address rem_address   st tx_queue rx_queue\n\
             0: 0100007F:1538 00000000:0000 0A 00000000:00000000\n\
             1: 00000000:1920 00000000:0000 0A 00000000:00000000\n\
             2: 0A00000A:1539 00000000:0000 0A 00000000:00000000\n\
             3: 0100007F:153A 0100007F:D2F0 01 00000000:00000000\n\
             4: 00000000000000000000000001000000:153B 00000000000000000000000000000000:0000 0A 0:0\n\
             5: 00000000000000000000000000000000:153C 00000000000000000000000000000000:0000 0A 0:0\n\
             6: B80D0120000000000000000001000000:153D 00000000000000000000000000000000:0000 0A 0:0\n\
             7: torn\n";
        assert_eq!(listening(list), [5432, 6432, 5435, 5436]);
        assert!(listening("").is_empty());
    }

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
        assert!(remote.starts_with(&[7000, 5000]), "{remote:?}");
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
