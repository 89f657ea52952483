//! Kerberos, which only the client itself can speak: whether it would, and what its servers want.
//!
//! libpq with a ticket asks a server for encryption by Kerberos before it asks for TLS, and a login
//! by Kerberos names the host, which a socket in the server's place does not have (`PQconnectPoll`
//! of fe-connect.c, `pg_GSS_have_cred_cache` and `pg_GSS_load_servicename` of fe-gssapi-common.c).
//! With a tap the first would be a weaker connection, the second none. So for a person who has a
//! ticket, and for nobody else, the servers are asked before the client starts.

use super::Server;
use super::startup::{self, GSS_REQUEST};
use super::wrapper::which;
use crate::record::clients::settings::{Host, Settings};
use crate::record::tap::Place;
use crate::record::tap::lookup::{Looked, look_up};
use std::ffi::OsStr;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;

/// How long all servers together may take to say what they want.
const ANSWERS_MAX: Duration = Duration::from_secs(5);

/// How long `klist` may take; it reads a file, or asks a daemon of this machine.
const KLIST_MAX: Duration = Duration::from_secs(2);

/// The codes of `AuthenticationGSS` and `AuthenticationSSPI`.
const GSS_LOGINS: [u32; 2] = [7, 9];

/// Why the tap would not be what the client is without it; `None` where Kerberos plays no part.
/// `names_hosts` where the client is led to addresses under the names of its hosts, so that a login
/// by Kerberos works.
pub fn objection(
    settings: &Settings,
    servers: &[(Host, Arc<Server>)],
    names_hosts: bool,
) -> Option<String> {
    if servers.iter().all(|(host, _)| host.is_socket()) || !has_ticket() {
        return None;
    }
    let encrypts = settings.get("gssencmode") != Some("disable");
    if names_hosts && !encrypts {
        return None;
    }
    let until = Instant::now() + ANSWERS_MAX;
    for (host, server) in servers.iter().filter(|(host, _)| !host.is_socket()) {
        let reached = match wish(host, until, encrypts) {
            Wish::Unreached => continue,
            Wish::Kerberos => {
                return Some(
                    "there is a Kerberos ticket, and the server encrypts by it (gssencmode=disable \
                     does without)"
                        .to_owned(),
                );
            }
            Wish::Silence => return Some(too_late()),
            Wish::Other(address) => address,
        };
        if names_hosts {
            continue;
        }
        match logs_in_by_kerberos(settings, server, reached, until) {
            Some(false) => {}
            Some(true) => {
                return Some(
                    "the server wants a login by Kerberos, which names its host ([tap] listen = \
                     \"loopback\" keeps the name)"
                        .to_owned(),
                );
            }
            None => return Some(too_late()),
        }
    }
    None
}

fn too_late() -> String {
    "there is a Kerberos ticket, and the server did not say in time whether it wants it".to_owned()
}

/// What a server says to encryption by Kerberos.
enum Wish {
    /// Nobody is there: the client says so itself.
    Unreached,
    /// Yes.
    Kerberos,
    /// No, and this is where it is.
    Other(IpAddr),
    /// It says nothing.
    Silence,
}

fn wish(host: &Host, until: Instant, encrypts: bool) -> Wish {
    let addresses = match host.address {
        Some(address) => vec![SocketAddr::new(address, host.port)],
        None => {
            let within = left(until).unwrap_or_default();
            match look_up(&host.host, host.port, within) {
                Looked::Found(addresses) => addresses,
                Looked::Unknown(_) => return Wish::Unreached,
                Looked::Late(_) => return Wish::Silence,
            }
        }
    };
    for address in addresses {
        let Some(left) = left(until) else {
            return Wish::Silence;
        };
        let stream = match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => stream,
            Err(error) if error.kind() == ErrorKind::TimedOut => return Wish::Silence,
            Err(_) => continue,
        };
        if !encrypts {
            return Wish::Other(address.ip());
        }
        return match answer(stream, until) {
            Ok(b'G') => Wish::Kerberos,
            Ok(_) => Wish::Other(address.ip()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Wish::Silence
            }
            // One that does not know the question ends the connection, and libpq asks for TLS.
            Err(_) => Wish::Other(address.ip()),
        };
    }
    Wish::Unreached
}

fn answer(mut stream: TcpStream, until: Instant) -> std::io::Result<u8> {
    let left = left(until).ok_or(ErrorKind::TimedOut)?;
    stream.set_read_timeout(Some(left))?;
    stream.set_write_timeout(Some(left))?;
    stream.write_all(&GSS_REQUEST)?;
    let mut byte = [0];
    stream.read_exact(&mut byte)?;
    let [byte] = byte;
    Ok(byte)
}

fn left(until: Instant) -> Option<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    (!left.is_zero()).then_some(left)
}

/// Begins a login as the client would, sees what it is asked for, and leaves; `None` where that is
/// not to be found out.
fn logs_in_by_kerberos(
    settings: &Settings,
    server: &Server,
    address: IpAddr,
    until: Instant,
) -> Option<bool> {
    let user = settings.get("user").map(str::to_owned).or_else(|| {
        let variable = |name| std::env::var(name).ok().filter(|name| !name.is_empty());
        variable("LOGNAME").or_else(|| variable("USER"))
    })?;
    let database = settings.get("dbname").unwrap_or(&user);
    let packet = startup::packet(&user, database);
    let server = server.at(address);
    // Only this thread: what is forked later must be alone. With an address no name is looked up,
    // for which the runtime would start another.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .ok()?;
    let asked = async {
        let (mut dialled, mut read) = server.start(&packet).await.ok()?;
        while read.len() < 9 && dialled.stream.read_buf(&mut read).await.ok()? > 0 {}
        Some(startup::login_code(&read).is_some_and(|code| GSS_LOGINS.contains(&code)))
    };
    let asked = runtime.block_on(async { tokio::time::timeout(left(until)?, asked).await.ok() })?;
    // One that refuses at once refuses the client, too.
    Some(asked.unwrap_or(false))
}

impl Server {
    /// The same server at an address that was found for it.
    fn at(&self, address: IpAddr) -> Server {
        let place = match self.place() {
            Place::Network { host, port, .. } => Place::Network {
                host: host.clone(),
                address: Some(address),
                port: *port,
            },
            place @ Place::Socket(_) => place.clone(),
        };
        Server::new(
            place,
            self.host.clone(),
            Arc::clone(&self.encryption),
            self.keepalive.clone(),
        )
    }
}

/// Whether libpq would find a ticket. Where nothing speaks of one, no program is asked.
fn has_ticket() -> bool {
    let variable = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let configuration = configuration();
    let says = |word: &str| configuration.iter().any(|text| text.contains(word));
    // Tickets are fetched with it when they are needed.
    if variable("KRB5_CLIENT_KTNAME") || says("default_client_keytab_name") {
        return true;
    }
    let user = rustix::process::geteuid().as_raw();
    let hinted = variable("KRB5CCNAME")
        || Path::new(&format!("/tmp/krb5cc_{user}")).exists()
        || says("default_ccache_name");
    hinted && klist().unwrap_or(true)
}

/// The files of Kerberos's configuration, as far as they are short texts.
fn configuration() -> Vec<String> {
    const LENGTH_MAX: u64 = 1 << 20;
    let read = |file: &Path| {
        let meta = fs::metadata(file).ok()?;
        (meta.is_file() && meta.len() <= LENGTH_MAX)
            .then(|| fs::read_to_string(file).ok())
            .flatten()
    };
    if let Some(files) = std::env::var_os("KRB5_CONFIG") {
        return std::env::split_paths(&files)
            .filter_map(|file| read(&file))
            .collect();
    }
    let parts = fs::read_dir("/etc/krb5.conf.d").into_iter().flatten();
    let parts = parts.filter_map(|entry| read(&entry.ok()?.path()));
    read(Path::new("/etc/krb5.conf"))
        .into_iter()
        .chain(parts)
        .collect()
}

/// Whether there is a ticket that has not run out; `None` where no program tells.
fn klist() -> Option<bool> {
    let mut child = Command::new(which(OsStr::new("klist"))?)
        .arg("-s")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let until = Instant::now() + KLIST_MAX;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if left(until).is_some() => std::thread::sleep(Duration::from_millis(1)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}
