//! What libpq makes of words, service file and environment: the servers, and how to reach them.
//!
//! After `conninfo_add_defaults` and `connectOptions2` of fe-connect.c. Pure; the files were read by
//! others.

use super::conninfo::Conninfo;
use super::{Env, text};
use std::net::IpAddr;
use std::time::Duration;

/// The compiled default, the same everywhere.
const PORT: u16 = 5432;

/// Each keyword that concerns the connection itself, with its variable.
const VARIABLES: &[(&str, &str)] = &[
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("dbname", "PGDATABASE"),
    ("user", "PGUSER"),
    ("passfile", "PGPASSFILE"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("gssencmode", "PGGSSENCMODE"),
    ("requirepeer", "PGREQUIREPEER"),
    ("sslmode", "PGSSLMODE"),
    ("sslnegotiation", "PGSSLNEGOTIATION"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("sslcertmode", "PGSSLCERTMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcrl", "PGSSLCRL"),
    ("sslcrldir", "PGSSLCRLDIR"),
    ("sslsni", "PGSSLSNI"),
    ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"),
    ("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION"),
];

/// All parameters, in libpq's order of precedence. Not `Debug`: one of them opens a key.
pub struct Settings {
    info: Conninfo,
}

/// One server of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// A name, an address, the directory of a socket; empty where only an address is given, or
    /// nothing at all.
    pub host: String,
    /// `hostaddr`.
    pub address: Option<IpAddr>,
    /// The port, which a socket has too.
    pub port: u16,
}

impl Host {
    /// Whether it is a socket, the default one among them.
    pub fn is_socket(&self) -> bool {
        self.address.is_none() && (self.host.is_empty() || self.host.starts_with('/'))
    }

    /// Whether it is a socket without a place in the file system.
    pub fn is_abstract(&self) -> bool {
        self.address.is_none() && self.host.starts_with('@')
    }
}

/// Something that libpq refuses, and says so itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused;

impl Settings {
    /// `given` as such, then what the `service` says, then variables.
    pub fn new(given: Conninfo, service: Conninfo, env: Env<'_>) -> Settings {
        let mut info = service.overridden_by(given);
        for (keyword, variable) in VARIABLES {
            if info.get(keyword).is_none()
                && let Some(value) = text(env, variable)
            {
                info.set(keyword, value);
            }
        }
        if info.get("sslmode").is_none() && text(env, "PGREQUIRESSL").as_deref() == Some("1") {
            info.set("sslmode", "require".to_owned());
        }
        Settings { info }
    }

    /// The value of `keyword`, if it has one that is not empty.
    pub fn get(&self, keyword: &str) -> Option<&str> {
        self.info.get(keyword).filter(|value| !value.is_empty())
    }

    /// Takes the value of `keyword`.
    pub fn take(&mut self, keyword: &str) -> Option<String> {
        self.info.take(keyword).filter(|value| !value.is_empty())
    }

    /// The servers in order.
    ///
    /// # Errors
    /// The lists do not fit one another.
    pub fn hosts(&self) -> Result<Vec<Host>, Refused> {
        let list = |keyword| -> Vec<&str> {
            let list = self.get(keyword).map(|list| list.split(',').collect());
            list.unwrap_or_default()
        };
        let (mut hosts, mut addresses, mut ports) = (list("host"), list("hostaddr"), list("port"));
        let n = [addresses.len(), hosts.len(), 1]
            .into_iter()
            .find(|n| *n > 0)
            .unwrap_or(1);
        for (list, one_for_all) in [
            (&mut hosts, false),
            (&mut addresses, false),
            (&mut ports, true),
        ] {
            match list.len() {
                0 => list.resize(n, ""),
                1 if one_for_all => {
                    let only = list.first().copied().unwrap_or_default();
                    list.resize(n, only);
                }
                len if len == n => {}
                _ => return Err(Refused),
            }
        }
        let servers = hosts.into_iter().zip(addresses).zip(ports);
        let server = |((host, address), port): ((&str, &str), &str)| {
            let address = match address {
                "" => None,
                address => Some(address.parse().map_err(|_| Refused)?),
            };
            let port = match port.trim() {
                "" => PORT,
                port => port.parse().ok().filter(|p| *p > 0).ok_or(Refused)?,
            };
            let host = host.to_owned();
            Ok(Host {
                host,
                address,
                port,
            })
        };
        servers.map(server).collect()
    }

    /// Seconds, or nothing where there is none that counts.
    pub fn seconds(&self, keyword: &str) -> Option<Duration> {
        let seconds = self.get(keyword)?.trim().parse().ok()?;
        Some(seconds).filter(|s| *s > 0).map(Duration::from_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::ffi::OsString;

    fn settings(given: &str, service: &str, env: &str) -> Settings {
        let env: BTreeMap<&str, &str> = env
            .split_ascii_whitespace()
            .filter_map(|pair| pair.split_once('='))
            .collect();
        let parse = |text: &str| Conninfo::parse(text).unwrap();
        Settings::new(parse(given), parse(service), &|name| {
            env.get(name).map(OsString::from)
        })
    }

    fn hosts(given: &str) -> String {
        match settings(given, "", "").hosts() {
            Err(Refused) => "refused".to_owned(),
            Ok(hosts) => {
                let shown = hosts.into_iter().map(|host| {
                    let address = host.address.map(|a| a.to_string()).unwrap_or_default();
                    format!("{}/{address}:{}", host.host, host.port)
                });
                shown.collect::<Vec<_>>().join(" ")
            }
        }
    }

    #[test]
    fn what_is_given_comes_first_then_the_service_then_the_environment() {
        let settings = settings(
            "host=one sslmode=disable",
            "host=two port=2 sslkey=''",
            "PGHOST=three PGPORT=3 PGSSLMODE=require PGUSER=ada PGSSLKEY=/k",
        );
        for (keyword, value) in [
            ("host", Some("one")),
            ("port", Some("2")),
            ("user", Some("ada")),
            ("sslmode", Some("disable")),
            // Set and empty: the default, not the variable.
            ("sslkey", None),
            ("dbname", None),
        ] {
            assert_eq!(settings.get(keyword), value, "{keyword}");
        }
    }

    #[test]
    fn lists_of_hosts() {
        for (given, wanted) in [
            ("", "/:5432"),
            ("host=db", "db/:5432"),
            ("host=/run/pg port=7", "/run/pg/:7"),
            ("hostaddr=10.0.0.5", "/10.0.0.5:5432"),
            ("host=db hostaddr=::1 port=7", "db/::1:7"),
            ("host=a,b,c port=7", "a/:7 b/:7 c/:7"),
            ("host=a,b,c port=7,,9", "a/:7 b/:5432 c/:9"),
            ("host=a,,/run", "a/:5432 /:5432 /run/:5432"),
            ("host=a,b hostaddr=,10.0.0.5", "a/:5432 b/10.0.0.5:5432"),
            ("host=a,b port=1,2,3", "refused"),
            ("host=a,b hostaddr=10.0.0.5", "refused"),
            ("hostaddr=db", "refused"),
            ("port=0", "refused"),
            ("port=five", "refused"),
            ("port=70000", "refused"),
        ] {
            assert_eq!(hosts(given), wanted, "{given}");
        }
    }

    #[test]
    fn the_old_variable_still_requires_tls() {
        let mode = |given, env| settings(given, "", env).get("sslmode").map(str::to_owned);
        assert_eq!(mode("", "PGREQUIRESSL=1").as_deref(), Some("require"));
        assert_eq!(
            mode("sslmode=allow", "PGREQUIRESSL=1").as_deref(),
            Some("allow")
        );
        assert_eq!(mode("", "PGREQUIRESSL=0"), None);
    }
}
