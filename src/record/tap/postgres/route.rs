//! Where a client of libpq would connect to, and what listens in the servers' place.
//!
//! The rules are those of [`clients`](crate::record::clients); here and in [`super::client`] is what
//! looks at files and programs. Where the target is not certain, or where the tap could not be what the user asked
//! for, the client keeps its own words, and the reason is told; it is never led somewhere else.

use super::client::{Client, because};
use super::{Server, encryption};
use crate::model::Target;
use crate::record::about::About;
use crate::record::clients::settings::{Host, Settings};
use crate::record::tap::dir::SOCKET_MAX;
use crate::record::tap::{Aside, Dir, Keepalive, Listener, Place, Plan, Protocol};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// `/.s.PGSQL.65535`.
const SOCKET_NAME: usize = 15;

/// Names of hosts are seldom longer; a longer one is cut where the path has no room.
const HOST_ROOM: usize = 40;

/// Decides how the client of `about` is led through a tap below `runtime`.
///
/// # Errors
/// It is not.
pub fn plan(about: &mut About, runtime: &Path) -> Result<Plan, Aside> {
    let argv = about.argv.clone();
    let argv = argv.as_slice();
    let client = Client::read(argv)?;
    let mut settings = client.settings();
    let encryption = encryption::of(&mut settings)?;
    let mut hosts = settings.hosts().map_err(|_| Aside::Silent)?;
    client.default_socket(&mut hosts)?;
    possible(&settings, &hosts)?;
    let no_dir = |error: std::io::Error| Aside::Because(format!("no private directory: {error}"));
    let room = hosts.iter().map(host_room).max().unwrap_or(0);
    let dir = Dir::new(runtime, 1 + room + SOCKET_NAME).map_err(no_dir)?;
    let encryption = Arc::new(encryption);
    let keepalive = keepalive(&settings);
    let mut places: Vec<(PathBuf, Place)> = Vec::new();
    let mut listeners: Vec<(Listener, Arc<dyn Protocol>)> = Vec::new();
    let mut stands = Vec::new();
    for host in &hosts {
        let place = place(host);
        let folder = folder(&dir, host, &place, &places).map_err(no_dir)?;
        let path = folder.join(format!(".s.PGSQL.{}", host.port));
        if !places.iter().any(|(taken, _)| *taken == path) {
            let listener = Listener::socket(&path).map_err(no_dir)?;
            let server = Server::new(
                place.clone(),
                host.host.clone(),
                Arc::clone(&encryption),
                keepalive.clone(),
            );
            listeners.push((listener, Arc::new(server)));
            places.push((path, place));
        }
        stands.push(folder);
    }
    let dirs: Vec<String> = stands
        .iter()
        .map(|dir| dir.to_string_lossy().into_owned())
        .collect();
    let passfile = client.passfile(&settings, &hosts, &dirs, &dir)?;
    let led = client.led_to(&dirs.join(","), passfile)?;
    learn(&mut about.target, &settings, &hosts);
    Ok(Plan {
        interactive: client.is_psql(),
        led,
        dir,
        listeners,
    })
}

/// What only the files knew, or the wrapper.
fn learn(target: &mut Target, settings: &Settings, hosts: &[Host]) {
    if target.host.is_none() {
        target.host = settings.get("host").map(str::to_owned);
    }
    if let ([only], None) = (hosts, target.port) {
        target.port = Some(only.port).filter(|_| settings.get("port").is_some());
    }
    let text = |keyword| settings.get(keyword).map(str::to_owned);
    target.user = target.user.take().or_else(|| text("user"));
    target.database = target.database.take().or_else(|| text("dbname"));
}

/// What the tap could not be.
fn possible(settings: &Settings, hosts: &[Host]) -> Result<(), Aside> {
    if settings.get("channel_binding") == Some("require") {
        return Err(because(
            "channel_binding=require binds the login to the client's own TLS connection",
        ));
    }
    if settings.get("gssencmode") == Some("require") {
        return Err(because("gssencmode=require encrypts by Kerberos"));
    }
    if settings.get("requirepeer").is_some() {
        return Err(because("requirepeer asks who owns the server's own socket"));
    }
    if hosts.iter().any(Host::is_abstract) {
        return Err(because(
            "the server's socket has no place in the file system",
        ));
    }
    // Of a socket that is not there the client says so itself, with the right name.
    match hosts {
        [only] if only.is_socket() && !socket(only).exists() => Err(Aside::Silent),
        _ => Ok(()),
    }
}

fn socket(host: &Host) -> PathBuf {
    Path::new(&host.host).join(format!(".s.PGSQL.{}", host.port))
}

fn place(host: &Host) -> Place {
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

fn host_room(host: &Host) -> usize {
    shown(host).len().min(HOST_ROOM)
}

/// A directory for the listener in place of `host`. Two servers of one name and port, told apart by
/// their addresses, get one each.
fn folder(
    dir: &Dir,
    host: &Host,
    place: &Place,
    taken: &[(PathBuf, Place)],
) -> std::io::Result<PathBuf> {
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
    let file = format!(".s.PGSQL.{}", host.port);
    let free = |name: &Path| {
        let path = dir.path().join(name).join(&file);
        let other = taken.iter().find(|(taken, _)| *taken == path);
        other.is_none_or(|(_, other)| other == place)
    };
    let plain = name("");
    if free(&plain) {
        return dir.folder(&plain);
    }
    dir.folder(&name(&format!("{}/", taken.len())))
}

fn keepalive(settings: &Settings) -> Keepalive {
    let number = |keyword| {
        settings
            .get(keyword)
            .and_then(|n| n.trim().parse::<u32>().ok())
    };
    Keepalive {
        off: settings.get("keepalives") == Some("0"),
        idle: settings.seconds("keepalives_idle"),
        interval: settings.seconds("keepalives_interval"),
        count: number("keepalives_count").filter(|n| *n > 0),
        user_timeout: number("tcp_user_timeout").filter(|n| *n > 0),
    }
}
