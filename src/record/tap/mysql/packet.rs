//! The packets of a login: read whole, and written with the sequence id that their reader expects.

use crate::record::tap::Stream;
use std::io;
use tokio::io::AsyncWriteExt;
use zeroize::Zeroizing;

/// CLIENT_SSL.
const SSL: u32 = 0x800;
/// CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA, CLIENT_SECURE_CONNECTION, CLIENT_CONNECT_WITH_DB.
const LENENC: u32 = 0x20_0000;
const SECURE: u32 = 0x8000;
const WITH_DB: u32 = 8;
/// CLIENT_COMPRESS and CLIENT_ZSTD_COMPRESSION_ALGORITHM.
const COMPRESS: u32 = 0x20 | 1 << 26;

/// The length of a request for TLS.
const REQUEST: usize = 32;

/// What authenticates passes through here, and is wiped.
pub type Payload = Zeroizing<Vec<u8>>;

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

    /// What the server can do.
    pub fn flags(&self) -> u32 {
        // Capabilities, collation, status, capabilities.
        let half = |at: usize| {
            let half = self.payload.get(at..at + 2)?.try_into().ok()?;
            Some(u32::from(u16::from_le_bytes(half)))
        };
        half(self.flags).unwrap_or_default() | half(self.flags + 5).unwrap_or_default() << 16
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

    /// Whether it is the request for TLS, behind which the connection is encrypted.
    pub fn asks_for_tls(&self) -> bool {
        self.flags() & SSL != 0 && self.0.len() == REQUEST
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
        payload.truncate(REQUEST);
        payload
    }

    /// Whether what follows the login is compressed, with a server that can do what `server` says.
    pub fn compresses(&self, server: u32) -> bool {
        self.flags() & server & COMPRESS != 0
    }

    /// What it authenticates with. `None` where that cannot be read.
    pub fn proof(&self) -> Option<Proof<'_>> {
        let flags = self.flags();
        let mut rest = self.0.get(32..)?;
        until_nul(&mut rest);
        let data = match flags & LENENC != 0 {
            true => {
                let length = lenenc(&mut rest)?;
                taken(&mut rest, length)?
            }
            false => data(flags, &mut rest)?,
        };
        if flags & WITH_DB != 0 {
            until_nul(&mut rest);
        }
        let plugin = named(until_nul(&mut rest));
        Some(Proof { plugin, data })
    }

    /// What a COM_CHANGE_USER of this client authenticates with; `payload` is without the command's
    /// number. `None` where that cannot be read.
    pub fn proof_of_change<'p>(&self, payload: &'p [u8]) -> Option<Proof<'p>> {
        let mut rest = payload;
        until_nul(&mut rest);
        let data = data(self.flags(), &mut rest)?;
        until_nul(&mut rest);
        let _collation = taken(&mut rest, 2);
        let plugin = named(until_nul(&mut rest));
        Some(Proof { plugin, data })
    }
}

/// What a client authenticates with.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Proof<'a> {
    /// The plugin's name.
    pub plugin: String,
    /// What it says.
    pub data: &'a [u8],
}

fn named(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

fn data<'a>(flags: u32, rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    if flags & SECURE == 0 {
        return Some(until_nul(rest));
    }
    let length = taken(rest, 1)?.first().copied()?;
    taken(rest, length.into())
}

/// A length-encoded integer.
fn lenenc(rest: &mut &[u8]) -> Option<usize> {
    let behind = match taken(rest, 1)?.first()? {
        0xFC => 2,
        0xFD => 3,
        0xFE => 8,
        0xFB | 0xFF => return None,
        small => return Some((*small).into()),
    };
    let bytes = taken(rest, behind)?.iter().rev();
    let length = bytes.fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    usize::try_from(length).ok()
}

fn taken<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

/// Up to a NUL, which the last one may go without.
fn until_nul<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|byte| *byte == 0);
    let (text, after) = rest.split_at(end.unwrap_or(rest.len()));
    *rest = after.get(1..).unwrap_or_default();
    text
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
        let proof = response.proof().unwrap();
        assert_eq!((&*proof.plugin, proof.data), ("dialog", &b"\0\x01\x02"[..]));
        assert_eq!(response.with_tls()[1], response.0[1] | 8);
        let request = response.tls_request();
        assert!(Response(&request).asks_for_tls() && !Response(&request).is_whole());
        assert!(!response.asks_for_tls() && !Response(&response.with_tls()).asks_for_tls());
        // Up to where the proof ends.
        for end in 0..36 + 4 {
            assert_eq!(Response(&response.0[..end]).proof(), None, "{end}");
        }
        let cut = Response(&response.0[..response.0.len() - 1]);
        assert_eq!(cut.proof(), response.proof());
    }

    #[test]
    fn a_change_of_user_tells_what_it_is_proved_with() {
        let mut response = (0x200 | SECURE | LENENC | 0x20).to_le_bytes().to_vec();
        response.extend([0; 29]);
        let response = Response(&response);
        let change = b"eve\0\x03\0\x01\x02shop\0\x2d\0dialog\0attributes";
        let proof = response.proof_of_change(change).unwrap();
        assert_eq!((&*proof.plugin, proof.data), ("dialog", &b"\0\x01\x02"[..]));
        for end in 0..8 {
            assert_eq!(response.proof_of_change(&change[..end]), None, "{end}");
        }
        assert!(response.compresses(0x20) && !response.compresses(1 << 26));
        let greeting = Greeting::new(Zeroizing::new(stand_in())).unwrap();
        assert_eq!(greeting.flags(), 0x0008_F7FE);
    }
}
