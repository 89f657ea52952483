//! Listeners in a server's place, for clients that rec does not start.

use super::login::Keys;
use super::reach::Reach;
use super::route::{PORT, SOCKET};
use super::{Protect, Server};
use crate::record::about::About;
use crate::record::clients::mysql::address::Address;
use crate::record::exec::Led;
use crate::record::tap::{Aside, Dir, Held, Listener, Place, Plan, Protocol};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Listens in the place of the server that `target` names.
///
/// # Errors
/// It names none, or nothing can listen.
pub fn hold(target: &str, about: &mut About, runtime: &Path) -> Result<Held, Aside> {
    let address = Address::read(target).map_err(Aside::Because)?;
    let host = address.host.clone();
    let place = match address.socket {
        Some(socket) => Place::Socket(PathBuf::from(socket)),
        None => Place::Network {
            host: host.clone().unwrap_or_default(),
            address: None,
            port: address.port.unwrap_or(PORT),
        },
    };
    let protect = Protect::new(address.tls, host.clone().unwrap_or_default())?;
    let unreadable = |file: &Path, error| {
        let file = file.display();
        Aside::Because(format!(
            "the server's public key {file} cannot be read: {error}"
        ))
    };
    let known = match &address.public_key {
        Some(file) => Some(std::fs::read(file).map_err(|error| unreadable(file, error))?),
        None => None,
    };
    let keys = Keys { known, ask: true };
    about.target.host = host;
    about.target.port = address.port;
    about.target.user.clone_from(&address.user);
    about.target.database.clone_from(&address.database);
    let no_stand = |error: std::io::Error| {
        Aside::Because(format!("nothing can listen in the server's place: {error}"))
    };
    let dir = Dir::new(runtime, 1 + SOCKET.len()).map_err(no_stand)?;
    let socket = dir.path().join(SOCKET);
    let server: Arc<dyn Protocol> = Arc::new(Server::new(Reach::new(place), protect, keys));
    let user = address
        .user
        .map_or_else(String::new, |user| format!("{user}@"));
    let database = address.database.unwrap_or_default();
    let mut listeners = vec![(
        Listener::socket(&socket).map_err(no_stand)?,
        Arc::clone(&server),
    )];
    let mut addresses = Vec::new();
    let port = address.port.unwrap_or(PORT);
    if let Ok((listener, ip)) = Listener::loopback(port) {
        listeners.push((listener, server));
        addresses.push(format!("mysql://{user}{ip}:{port}/{database}"));
    }
    addresses.push(format!(
        "mysql://{user}localhost/{database}?socket={}",
        socket.display()
    ));
    Ok(Held {
        addresses,
        plan: Plan {
            led: Led {
                argv: Vec::new(),
                env: Vec::new(),
            },
            dir,
            listeners,
            interactive: false,
            remark: None,
        },
    })
}
