//! Where a client of libpq would connect to, and how it is led to what listens in the servers' place.
//!
//! The rules are those of [`clients`](crate::record::clients); here and in [`super::client`] is what
//! looks at files and programs. Where the target is not certain, or where the tap could not be what
//! the user asked for, the client keeps its own words, and the reason is told; it is never led
//! somewhere else.

use super::client::{Client, because, ports_with_passwords};
use super::{Server, beside, encryption, kerberos, psqlrc, stand};
use crate::config::Listen;
use crate::model::Target;
use crate::record::about::About;
use crate::record::clients::conninfo::Conninfo;
use crate::record::clients::settings::{Host, Settings};
use crate::record::exec::Led;
use crate::record::tap::{Aside, Held, Keepalive, Plan, Remark};
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

fn no_stand(error: io::Error) -> Aside {
    Aside::Because(format!("nothing can listen in the server's place: {error}"))
}

/// Decides how the client of `about` is led through a tap below `runtime`.
///
/// # Errors
/// It is not.
pub fn plan(about: &mut About, runtime: &Path, listen: Listen) -> Result<Plan, Aside> {
    let argv = about.argv.clone();
    let mut client = Client::read(&argv)?;
    possible(&client.settings())?;
    client.ask_wrapper()?;
    let mut settings = client.settings();
    let servers = Servers::of(&mut settings, |hosts| client.default_socket(hosts))?;
    reachable(&servers.hosts())?;
    learn(&mut about.target, &settings, &servers.hosts());
    let named = |host: &Host| !host.is_socket() && !host.host.is_empty();
    let named = servers.0.iter().all(|(host, _)| named(host));
    let loopback = listen == Listen::Loopback && named && client.takes_address();
    if let Some(why) = kerberos::objection(&settings, &servers.0, loopback) {
        return Err(Aside::Because(why));
    }
    let dir = stand::dir(&servers.hosts(), runtime).map_err(no_stand)?;
    let mut remark = None;
    let named_ports = |host: &Host| ports_with_passwords(&settings, host);
    if loopback {
        match stand::loopback(&servers.0) {
            Ok((mut listeners, addresses)) => {
                if client.is_psql() {
                    let beside = beside::loopback(&servers.0, &addresses, &named_ports);
                    listeners.extend(beside);
                }
                return Ok(Plan {
                    interactive: client.is_psql(),
                    led: client.led_to_addresses(&joined(&addresses), &settings)?,
                    dir,
                    listeners,
                    remark,
                });
            }
            Err(error) => {
                let text = format!(
                    "nothing can listen on the loopback ({error}): a socket stands in the \
                     server's place"
                );
                remark = Some(Remark { text, once: false });
            }
        }
    } else if named && client.is_psql() {
        remark = psqlrc::proposal(&argv);
    }
    let (mut listeners, dirs) = stand::sockets(&dir, &servers.0).map_err(no_stand)?;
    if client.is_psql() {
        listeners.extend(beside::sockets(&servers.0, &dirs, &named_ports));
    }
    let passfile = client.passfile(&settings, &servers.hosts(), &dirs, &dir)?;
    let led = client.led_to_sockets(&dirs.join(","), passfile)?;
    Ok(Plan {
        interactive: client.is_psql(),
        led,
        dir,
        listeners,
        remark,
    })
}

/// Listens in the place of the servers that `target` names, for whoever is told the addresses.
///
/// # Errors
/// There is nothing to lead there, or nothing can listen.
pub fn hold(target: &str, about: &mut About, runtime: &Path) -> Result<Held, Aside> {
    let given = Conninfo::parse(target).ok_or_else(|| because("libpq would not read it"))?;
    let mut settings = Client::of(given)?.settings();
    let unknown = || because("it names no host, and rec cannot tell which socket is meant");
    let servers = Servers::of(&mut settings, |hosts| {
        let named = hosts
            .iter()
            .all(|host| !host.host.is_empty() || host.address.is_some());
        named.then_some(()).ok_or_else(unknown)
    })
    .map_err(|aside| match aside {
        Aside::Silent => because("libpq would refuse it"),
        aside => aside,
    })?;
    possible(&settings)?;
    // Nobody's login passes here yet; how the way to the server is protected is rec's affair alone.
    if let Some(why) = kerberos::objection(&settings, &servers.0, true) {
        return Err(Aside::Because(why));
    }
    learn(&mut about.target, &settings, &servers.hosts());
    let dir = stand::dir(&servers.hosts(), runtime).map_err(no_stand)?;
    let (mut listeners, dirs) = stand::sockets(&dir, &servers.0).map_err(no_stand)?;
    let user = settings.get("user").map(str::to_owned);
    let database = settings.get("dbname").unwrap_or_default().to_owned();
    let ports: Vec<String> = servers
        .0
        .iter()
        .map(|(host, _)| host.port.to_string())
        .collect();
    let mut more = vec![("host", dirs.join(",")), ("port", ports.join(","))];
    more.extend(user.clone().map(|user| ("user", user)));
    more.push(("dbname", database.clone()));
    more.retain(|(_, value)| !value.is_empty());
    let more: Vec<(&str, &str)> = more
        .iter()
        .map(|(keyword, value)| (*keyword, &**value))
        .collect();
    let mut addresses = Vec::new();
    if let Ok((more, ips)) = stand::loopback(&servers.0) {
        listeners.extend(more);
        let places = ips
            .iter()
            .zip(&ports)
            .map(|(ip, port)| format!("{ip}:{port}"));
        let places = places.collect::<Vec<_>>().join(",");
        let text = Conninfo::uri(&places, &database, user.as_deref());
        addresses.push(text);
    }
    addresses.push(Conninfo::appended("", &more).trim_start().to_owned());
    Ok(Held {
        addresses,
        plan: Plan {
            interactive: false,
            led: Led {
                argv: Vec::new(),
                env: Vec::new(),
            },
            dir,
            listeners,
            remark: None,
        },
    })
}

fn joined(addresses: &[Ipv4Addr]) -> String {
    let texts: Vec<String> = addresses.iter().map(Ipv4Addr::to_string).collect();
    texts.join(",")
}

/// The servers of a list, as they are and as libpq names them.
struct Servers(Vec<(Host, Arc<Server>)>);

impl Servers {
    fn of(
        settings: &mut Settings,
        default_socket: impl FnOnce(&mut [Host]) -> Result<(), Aside>,
    ) -> Result<Servers, Aside> {
        let encryption = Arc::new(encryption::of(settings)?);
        let mut hosts = settings.hosts().map_err(|_| Aside::Silent)?;
        default_socket(&mut hosts)?;
        let keepalive = keepalive(settings);
        let server = |host: Host| {
            let server = Server::new(
                stand::place(&host),
                host.host.clone(),
                Arc::clone(&encryption),
                keepalive.clone(),
            );
            (host, Arc::new(server))
        };
        Ok(Servers(hosts.into_iter().map(server).collect()))
    }

    fn hosts(&self) -> Vec<Host> {
        self.0.iter().map(|(host, _)| host.clone()).collect()
    }
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
fn possible(settings: &Settings) -> Result<(), Aside> {
    if settings.get("channel_binding") == Some("require") {
        return Err(because(
            "channel_binding=require binds the login to the client's own TLS connection (with \
             channel_binding=prefer the connection is recorded, too)",
        ));
    }
    if settings.get("sslkeylogfile").is_some() {
        return Err(because(
            "sslkeylogfile wants the keys of the client's own TLS connection (without it the \
             connection is recorded, too)",
        ));
    }
    if settings.get("gssencmode") == Some("require") {
        return Err(because(
            "gssencmode=require encrypts by Kerberos (with gssencmode=disable, and TLS, the \
             connection is recorded, too)",
        ));
    }
    if settings.get("requirepeer").is_some() {
        return Err(because(
            "requirepeer asks who owns the server's own socket (without it the connection is \
             recorded, too)",
        ));
    }
    Ok(())
}

/// Whether there are servers that the tap can stand before.
fn reachable(hosts: &[Host]) -> Result<(), Aside> {
    if hosts.iter().any(Host::is_abstract) {
        return Err(because(
            "the server's socket has no place in the file system",
        ));
    }
    // Of a socket that is not there the client says so itself, with the right name.
    match hosts {
        [only] if only.is_socket() && !stand::socket(only).exists() => Err(Aside::Silent),
        _ => Ok(()),
    }
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
