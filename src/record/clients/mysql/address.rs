//! A server of MySQL or MariaDB as a URI names it: `mysql://ada@db:3307/app?ssl-mode=VERIFY_CA`.
//!
//! The names behind the question mark are those of the clients' options.

use super::options::*;
use super::tls::Tls;
use crate::record::clients::conninfo::decoded;
use std::path::PathBuf;

/// What a URI says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The host; `None` for a socket.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The socket.
    pub socket: Option<String>,
    /// The user.
    pub user: Option<String>,
    /// The database.
    pub database: Option<String>,
    /// How the way to the server is encrypted: where it can be, unless more is asked for.
    pub tls: Tls,
    /// A file with the server's key, for passwords.
    pub public_key: Option<PathBuf>,
}

/// Whether `text` is such a URI.
pub fn is_address(text: &str) -> bool {
    scheme(text).is_some()
}

fn scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    matches!(scheme, "mysql" | "mariadb").then_some(rest)
}

const PARAMETERS: &[(&str, char)] = &[
    ("ssl-mode", SSL_MODE),
    ("ssl-ca", SSL_CA),
    ("ssl-capath", SSL_CAPATH),
    ("ssl-cert", SSL_CERT),
    ("ssl-key", SSL_KEY),
    ("ssl-crl", SSL_CRL),
    ("ssl-crlpath", SSL_CRLPATH),
    ("ssl-fp", SSL_FP),
    ("ssl-fplist", SSL_FPLIST),
    ("tls-version", TLS_VERSION),
];

impl Address {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it; never holds a password.
    pub fn read(text: &str) -> Result<Address, String> {
        let wrong = |what: &str| format!("the URI's {what} cannot be read");
        let rest = scheme(text).ok_or_else(|| wrong("beginning"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (place, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, place) = place.rsplit_once('@').unwrap_or(("", place));
        let user = user.split(':').next().unwrap_or_default();
        let (host, port) = match place.strip_prefix('[').and_then(|six| six.split_once(']')) {
            Some((six, after)) => (six, after.strip_prefix(':')),
            None => match place.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (place, None),
            },
        };
        let text = |part: &str, what| match decoded(part) {
            Some(text) if text.is_empty() => Ok(None),
            Some(text) => Ok(Some(text)),
            None => Err(wrong(what)),
        };
        let mut address = Address {
            host: text(host, "host")?,
            port: match port {
                None | Some("") => None,
                Some(port) => Some(port.parse().map_err(|_| wrong("port"))?),
            },
            user: text(user, "user")?,
            database: text(database, "database")?,
            ..Address::default()
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = name.replace('_', "-");
            let value = text(value, "parameters")?;
            match PARAMETERS.iter().find(|(known, _)| *known == name) {
                Some((_, letter)) => address.tls.word(*letter, value.as_deref())?,
                None if name == "socket" => address.socket = value,
                None if name == "server-public-key-path" => {
                    address.public_key = value.map(PathBuf::from);
                }
                None => return Err(format!("the URI's parameter {name} is not known to rec")),
            }
        }
        if address.host.is_none() && address.socket.is_none() {
            return Err("the URI names no host and no socket".to_owned());
        }
        address.tls.settle_modes().map_err(|_| wrong("ssl-mode"))?;
        // As with MySQL's clients: on a socket only where it must be.
        if address.socket.is_some() && !address.tls.required {
            address.tls.wanted = false;
        }
        Ok(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_names_a_server() {
        let read =
            Address::read("mysql://ada:s3cret@db:3307/app?ssl-mode=VERIFY_IDENTITY&ssl_ca=/a%20b");
        let read = read.unwrap();
        assert_eq!((read.host.as_deref(), read.port), (Some("db"), Some(3307)));
        assert_eq!(
            (read.user.as_deref(), read.database.as_deref()),
            (Some("ada"), Some("app"))
        );
        assert_eq!(read.tls.ca, Some(PathBuf::from("/a b")));
        assert!(read.tls.required && read.tls.name);
        assert!(!format!("{read:?}").contains("s3cret"));

        let read = Address::read("mariadb://[::1]").unwrap();
        assert_eq!((read.host.as_deref(), read.port), (Some("::1"), None));
        assert!(read.tls.wanted && !read.tls.required);
        let read = Address::read("mysql:///?socket=/run/mysqld/mysqld.sock").unwrap();
        assert_eq!(read.socket.as_deref(), Some("/run/mysqld/mysqld.sock"));
        assert!(!read.tls.wanted);
    }

    #[test]
    fn what_is_no_such_uri_is_refused_without_its_password() {
        for text in [
            "mysql://",
            "mysql:///app",
            "mysql://ada:s3cret@db:many/",
            "mysql://ada:s3cret@db/?ssl-mode=perhaps",
            "mysql://ada:s3cret@db/?s3cret=1"
                .replace("s3cret=1", "what=1")
                .as_str(),
            "mysql://ada:s3cret@%zz/",
        ] {
            let why = Address::read(text).unwrap_err();
            assert!(!why.contains("s3cret"), "{why}");
        }
        assert!(is_address("mysql://db") && is_address("mariadb://db"));
        assert!(!is_address("postgres://db") && !is_address("host=db"));
    }
}
