//! The packets of a login: read whole, and written with the sequence id that their reader expects.

use crate::record::tap::Stream;
use std::io::{self, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

/// No packet of a login is longer: MySQL allows 64 KiB of attributes.
pub const LOGIN_MAX: usize = 256 << 10;

/// CLIENT_SSL.
const SSL: u32 = 0x800;
/// CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA, CLIENT_SECURE_CONNECTION, CLIENT_CONNECT_WITH_DB.
const LENENC: u32 = 0x20_0000;
const SECURE: u32 = 0x8000;
const WITH_DB: u32 = 8;

/// What authenticates passes through here, and is wiped.
pub type Payload = Zeroizing<Vec<u8>>;

/// A packet that was read.
pub struct Packet {
    /// Its sequence id.
    pub sequence: u8,
    /// What it holds.
    pub payload: Payload,
}

impl Packet {
    /// The next one.
    ///
    /// # Errors
    /// The connection broke or ended, or it is too long for a login.
    pub async fn read(stream: &mut Stream) -> io::Result<Packet> {
        let mut header = [0; 4];
        stream.read_exact(&mut header).await?;
        let [a, b, c, sequence] = header;
        let length = u32::from_le_bytes([a, b, c, 0]) as usize;
        if length > LOGIN_MAX {
            return Err(ErrorKind::InvalidData.into());
        }
        let mut payload = Zeroizing::new(vec![0; length]);
        stream.read_exact(&mut payload).await?;
        Ok(Packet { sequence, payload })
    }
}

/// `payload` as a packet.
pub fn packet(sequence: u8, payload: &[u8]) -> Payload {
    let length = u32::try_from(payload.len()).unwrap_or_default();
    let [a, b, c, _] = length.to_le_bytes();
    let mut packet = Zeroizing::new(Vec::with_capacity(4 + payload.len()));
    packet.extend([a, b, c, sequence]);
    packet.extend_from_slice(payload);
    packet
}

/// Sends it at once.
///
/// # Errors
/// The other side is gone.
pub async fn send(stream: &mut Stream, packet: &[u8]) -> io::Result<()> {
    stream.write_all(packet).await?;
    stream.flush().await
}

/// An ERR packet's payload.
pub fn error(number: u16, state: &str, message: &str) -> Vec<u8> {
    let mut payload = vec![0xFF];
    payload.extend(number.to_le_bytes());
    payload.push(b'#');
    payload.extend(state.bytes());
    payload.extend(message.bytes());
    payload
}

/// A greeting for a client whose server cannot be reached: the error follows once it has answered,
/// which is where clients look for one.
pub fn stand_in() -> Vec<u8> {
    let mut payload = vec![10];
    payload.extend(b"5.5.5-10.0.0-MariaDB\0");
    payload.extend([1, 0, 0, 0]);
    payload.extend(b"no-serve\0");
    // PROTOCOL_41, SECURE_CONNECTION and what else every client wants; then PLUGIN_AUTH.
    payload.extend([0xFE, 0xF7, 45, 2, 0, 0x08, 0x00, 21]);
    payload.extend([0; 10]);
    payload.extend(b"r-here-today\0mysql_native_password\0");
    payload
}

/// A server's greeting.
pub struct Greeting {
    payload: Payload,
    /// Where the lower half of the capabilities stands.
    flags: usize,
}

impl Greeting {
    /// Of protocol 10; else `None`.
    pub fn new(payload: Payload) -> Option<Greeting> {
        let version = payload.strip_prefix(&[10])?;
        let end = version.iter().position(|byte| *byte == 0)?;
        // The connection's number, the first part of the salt, a filler.
        let flags = 1 + end + 1 + 4 + 8 + 1;
        payload.get(flags..flags + 2)?;
        Some(Greeting { payload, flags })
    }

    /// Whether it offers TLS.
    pub fn has_tls(&self) -> bool {
        let high = self.payload.get(self.flags + 1);
        high.is_some_and(|byte| u32::from(*byte) << 8 & SSL != 0)
    }

    /// As the client is to see it: without TLS.
    pub fn without_tls(&self) -> Payload {
        let mut payload = self.payload.clone();
        if let Some(byte) = payload.get_mut(self.flags + 1) {
            *byte &= !8;
        }
        payload
    }

    /// The salt, which a password is scrambled with.
    pub fn salt(&self) -> Vec<u8> {
        let first = self.payload.get(self.flags - 9..self.flags - 1);
        // Capabilities, collation, status, capabilities, the salt's length, ten reserved.
        let second = self.payload.get(self.flags + 18..).unwrap_or_default();
        let mut salt = first.unwrap_or_default().to_vec();
        salt.extend(second.iter().take(12));
        salt
    }
}

/// What a client says at its login.
pub struct Response<'a>(pub &'a [u8]);

impl Response<'_> {
    fn flags(&self) -> u32 {
        let flags = self.0.get(..4).and_then(|bytes| bytes.try_into().ok());
        flags.map_or(0, u32::from_le_bytes)
    }

    /// Whether it is one of protocol 4.1, and no request for TLS.
    pub fn is_whole(&self) -> bool {
        self.flags() & 0x200 != 0 && self.0.len() > 32 && self.flags() & SSL == 0
    }

    /// As the server is to see it under TLS.
    pub fn with_tls(&self) -> Payload {
        let mut payload = Zeroizing::new(self.0.to_vec());
        if let Some(byte) = payload.get_mut(1) {
            *byte |= 8;
        }
        payload
    }

    /// What asks the server for TLS: its beginning.
    pub fn tls_request(&self) -> Payload {
        let mut payload = self.with_tls();
        payload.truncate(32);
        payload
    }

    /// The name of the plugin that it authenticates with.
    pub fn plugin(&self) -> Option<String> {
        let flags = self.flags();
        let mut rest = self.0.get(32..)?;
        let until_nul = |rest: &mut &[u8]| {
            let end = rest.iter().position(|byte| *byte == 0)?;
            let (text, after) = rest.split_at_checked(end)?;
            *rest = after.get(1..)?;
            Some(String::from_utf8_lossy(text).into_owned())
        };
        until_nul(&mut rest)?;
        if flags & (LENENC | SECURE) != 0 {
            // The length of what authenticates: below 251 in one byte, else in two.
            let (first, after) = rest.split_first()?;
            let (length, after) = match (first, flags & LENENC != 0) {
                (0xFC, true) => {
                    let (length, after) = after.split_at_checked(2)?;
                    let length = length.try_into().map(u16::from_le_bytes).ok()?;
                    (usize::from(length), after)
                }
                (length, _) => (usize::from(*length), after),
            };
            rest = after.get(length..)?;
        } else {
            until_nul(&mut rest)?;
        }
        if flags & WITH_DB != 0 {
            until_nul(&mut rest)?;
        }
        until_nul(&mut rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_loses_its_tls_and_nothing_else() {
        let greeting = Greeting::new(Zeroizing::new(stand_in())).unwrap();
        assert!(!greeting.has_tls());
        assert_eq!(greeting.salt(), b"no-server-here-today");
        let mut offers = stand_in();
        let at = offers.iter().position(|b| *b == 0xFE).unwrap() + 1;
        offers[at] |= 8;
        let greeting = Greeting::new(Zeroizing::new(offers)).unwrap();
        assert!(greeting.has_tls());
        assert_eq!(*greeting.without_tls(), stand_in());
        for other in [&b"\x09old"[..], b"", b"\x0aversion without an end"] {
            assert!(Greeting::new(Zeroizing::new(other.to_vec())).is_none());
        }
    }

    #[test]
    fn a_response_tells_its_plugin_and_takes_the_tls_bit() {
        let mut response = (0x200 | SECURE | WITH_DB | 0x8_0000).to_le_bytes().to_vec();
        response.extend([0; 28]);
        response.extend(b"ada\0\x03\0\x01\x02app\0dialog\0");
        let response = Response(&response);
        assert!(response.is_whole());
        assert_eq!(response.plugin().as_deref(), Some("dialog"));
        assert_eq!(response.with_tls()[1], response.0[1] | 8);
        assert_eq!(response.tls_request().len(), 32);
        for end in 0..response.0.len() {
            assert_eq!(Response(&response.0[..end]).plugin(), None);
        }
    }
}
