//! The greeting and the client's response to it.
//!
//! Nothing of how the client authenticates is read: it is passed over by its length.

use super::read::Reader;
use mysql_common::constants::{CapabilityFlags, MariadbCapabilities};

/// What both sides can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Those of MySQL.
    pub flags: CapabilityFlags,
    /// Those of MariaDB.
    pub mariadb: MariadbCapabilities,
}

impl Capabilities {
    /// Whether this one was agreed upon.
    pub fn has(&self, flag: CapabilityFlags) -> bool {
        self.flags.contains(flag)
    }

    /// Whether this one of MariaDB's was agreed upon.
    pub fn has_mariadb(&self, flag: MariadbCapabilities) -> bool {
        self.mariadb.contains(flag)
    }

    /// What both can do.
    fn and(self, other: Capabilities) -> Capabilities {
        Capabilities {
            flags: self.flags & other.flags,
            mariadb: self.mariadb & other.mariadb,
        }
    }

    /// From the flags, and MariaDB's where these say that they stand there.
    fn new(flags: u32, mariadb: u32) -> Capabilities {
        let flags = CapabilityFlags::from_bits_truncate(flags);
        // MariaDB leaves out the bit that MySQL always sets, and uses a reserved field.
        let mysql = flags.contains(CapabilityFlags::CLIENT_LONG_PASSWORD);
        let mariadb = MariadbCapabilities::from_bits_truncate(if mysql { 0 } else { mariadb });
        Capabilities { flags, mariadb }
    }
}

/// The server's greeting.
#[derive(Debug, PartialEq, Eq)]
pub struct Greeting {
    /// As the server says, without the prefix that MariaDB puts before it.
    pub version: String,
    /// The server is MariaDB.
    pub mariadb: bool,
    /// What it can do.
    pub capabilities: Capabilities,
    /// The collation that its errors are in before another is agreed upon.
    pub collation: u16,
}

impl Greeting {
    /// Reads the greeting of protocol 10.
    pub fn read(payload: &[u8]) -> Option<Greeting> {
        let mut reader = Reader::new(payload);
        if reader.u8()? != 10 {
            return None;
        }
        let version = String::from_utf8_lossy(reader.until_nul()).into_owned();
        let _connection = reader.u32()?;
        let _salt = reader.bytes(9)?;
        let low = u32::from(reader.u16()?);
        let collation = reader.u8().map_or(0, u16::from);
        let _status = reader.u16();
        let high = reader.u16().map_or(0, u32::from);
        let _salt_length = reader.u8();
        let _reserved = reader.bytes(6);
        let capabilities = Capabilities::new(low | high << 16, reader.u32().unwrap_or_default());
        let plain = version.strip_prefix("5.5.5-");
        Some(Greeting {
            mariadb: plain.is_some() || version.contains("MariaDB"),
            version: plain.map(str::to_owned).unwrap_or(version),
            capabilities,
            collation,
        })
    }
}

/// What a client says at its login.
#[derive(Debug, PartialEq, Eq)]
pub struct Login {
    /// What was agreed upon.
    pub capabilities: Capabilities,
    /// The collation of what it sends.
    pub collation: u16,
    /// Who it is.
    pub user: String,
    /// The database that it wants; empty for none.
    pub database: String,
    /// It only asks for TLS here: what follows is not readable.
    pub tls: bool,
}

/// A request for TLS is a response cut off here.
const SSL_REQUEST: usize = 32;

impl Login {
    /// Reads the response to `greeting`.
    pub fn read(payload: &[u8], greeting: &Greeting) -> Option<Login> {
        let mut reader = Reader::new(payload);
        let flags = reader.u32()?;
        let protocol_41 = CapabilityFlags::CLIENT_PROTOCOL_41.bits();
        if flags & protocol_41 == 0 {
            return None;
        }
        let _max_packet = reader.u32()?;
        let mut collation = u16::from(reader.u8()?);
        let reserved = reader.bytes(19)?;
        let own = Capabilities::new(flags, reader.u32()?);
        // Collations above 255 have their second byte in the first reserved one (MySQL 8).
        if let ([high, ..], true) = (reserved, own.mariadb.is_empty()) {
            collation |= u16::from(*high) << 8;
        }
        let capabilities = own.and(greeting.capabilities);
        let tls = own.has(CapabilityFlags::CLIENT_SSL) && payload.len() == SSL_REQUEST;
        let user = text(reader.until_nul());
        if own.has(CapabilityFlags::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA) {
            reader.string();
        } else if own.has(CapabilityFlags::CLIENT_SECURE_CONNECTION) {
            let length = reader.u8().unwrap_or_default();
            reader.bytes(length.into());
        } else {
            reader.until_nul();
        }
        let named = own.has(CapabilityFlags::CLIENT_CONNECT_WITH_DB);
        let database = text(if named { reader.until_nul() } else { &[] });
        Some(Login {
            capabilities,
            collation,
            user,
            database,
            tls,
        })
    }
}

/// Who a COM_CHANGE_USER changes to, their database and, where it says so, the collation of what
/// they send. `payload` is without the command's byte.
pub fn change_user(payload: &[u8], capabilities: &Capabilities) -> (String, String, Option<u16>) {
    let mut reader = Reader::new(payload);
    let user = text(reader.until_nul());
    if capabilities.has(CapabilityFlags::CLIENT_SECURE_CONNECTION) {
        let length = reader.u8().unwrap_or_default();
        reader.bytes(length.into());
    } else {
        reader.until_nul();
    }
    let database = text(reader.until_nul());
    (user, database, reader.u16())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::mysql::fixture::{greeting, login};
    use CapabilityFlags as Flag;

    #[test]
    fn the_two_servers_greet_alike() {
        let mariadb = greeting("5.5.5-10.11.19-MariaDB", 0xFFFF_FFFE, 0x1D);
        let read = Greeting::read(&mariadb).unwrap();
        assert!(read.mariadb && read.version == "10.11.19-MariaDB");
        assert_eq!(read.capabilities.mariadb.bits(), 0x1D);
        let mysql = greeting("8.4.3", 0xFFFF_FFFF, 0x1D);
        let read = Greeting::read(&mysql).unwrap();
        assert!(!read.mariadb && read.version == "8.4.3");
        assert!(read.capabilities.mariadb.is_empty());
        assert_eq!(Greeting::read(b"\x09old"), None);
    }

    #[test]
    fn a_login_tells_who_and_where_and_what_both_can() {
        let server = Greeting::read(&greeting("8.4.3", 0xFFFF_FFFF, 0)).unwrap();
        let flags = Flag::CLIENT_PROTOCOL_41
            | Flag::CLIENT_LONG_PASSWORD
            | Flag::CLIENT_SECURE_CONNECTION
            | Flag::CLIENT_CONNECT_WITH_DB
            | Flag::CLIENT_DEPRECATE_EOF;
        let payload = login(flags, 0, "ada", b"\0s3cret\0", "app");
        let read = Login::read(&payload, &server).unwrap();
        assert_eq!((&*read.user, &*read.database), ("ada", "app"));
        assert_eq!(read.capabilities.flags, flags);
        assert!(!read.tls);
        assert!(!format!("{read:?}").contains("s3cret"));

        let asks = login(flags | Flag::CLIENT_SSL, 0, "", b"", "");
        assert!(Login::read(&asks[..32], &server).unwrap().tls);
        assert_eq!(Login::read(b"\0\0\0\0", &server), None);
    }

    #[test]
    fn a_change_of_user_passes_over_what_authenticates() {
        let secure = Capabilities::new(Flag::CLIENT_SECURE_CONNECTION.bits(), 0);
        let changed = change_user(b"bob\0\x07\0s3cretapp\0\x21\0", &secure);
        assert_eq!(changed, ("bob".to_owned(), "app".to_owned(), Some(33)));
    }
}
