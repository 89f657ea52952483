//! What the tests of this module make packets with.

use super::handshake::Capabilities;
use mysql_common::constants::{CapabilityFlags, MariadbCapabilities};
use std::io::Write;

/// `payload` in as many packets as it needs, from this sequence id on.
pub fn packets(sequence: u8, payload: &[u8]) -> Vec<u8> {
    const FULL: usize = 0xFF_FFFF;
    let mut stream = Vec::new();
    let mut rest = payload;
    let mut sequence = sequence;
    loop {
        let (part, left) = rest.split_at(rest.len().min(FULL));
        stream.extend_from_slice(&(part.len() as u32).to_le_bytes()[..3]);
        stream.push(sequence);
        stream.extend_from_slice(part);
        sequence = sequence.wrapping_add(1);
        rest = left;
        if part.len() < FULL {
            return stream;
        }
    }
}

/// How a frame's contents are compressed.
#[derive(Clone, Copy, Debug)]
pub enum Compression {
    None,
    Zlib,
    Zstd,
}

/// `contents` in a frame.
pub fn frame(sequence: u8, contents: &[u8], how: Compression) -> Vec<u8> {
    let (body, length) = match how {
        Compression::None => (contents.to_vec(), 0),
        Compression::Zlib => {
            let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), Default::default());
            zlib.write_all(contents).unwrap();
            (zlib.finish().unwrap(), contents.len())
        }
        Compression::Zstd => (
            zstd::stream::encode_all(contents, 3).unwrap(),
            contents.len(),
        ),
    };
    let mut frame = (body.len() as u32).to_le_bytes()[..3].to_vec();
    frame.push(sequence);
    frame.extend_from_slice(&(length as u32).to_le_bytes()[..3]);
    frame.extend(body);
    frame
}

fn string(text: &[u8]) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(text.len()).unwrap()];
    bytes.extend_from_slice(text);
    bytes
}

/// A column's definition.
pub fn definition(
    table: &str,
    name: &str,
    code: u8,
    collation: u16,
    flags: u16,
    metadata: Option<&[u8]>,
) -> Vec<u8> {
    let mut payload = string(b"def");
    for part in ["app", table, table, name, name] {
        payload.extend(string(part.as_bytes()));
    }
    payload.extend(metadata.map(string).unwrap_or_default());
    payload.push(12);
    payload.extend(collation.to_le_bytes());
    payload.extend(100u32.to_le_bytes());
    payload.push(code);
    payload.extend(flags.to_le_bytes());
    payload.extend([31, 0, 0]);
    payload
}

/// What both sides can do, in a test.
pub fn capabilities(flags: CapabilityFlags) -> Capabilities {
    Capabilities {
        flags,
        mariadb: MariadbCapabilities::empty(),
    }
}

/// A server's greeting.
pub fn greeting(version: &str, flags: u32, mariadb: u32) -> Vec<u8> {
    let mut payload = vec![10];
    payload.extend(version.bytes());
    payload.push(0);
    payload.extend(7u32.to_le_bytes());
    payload.extend(b"saltsalt\0");
    payload.extend(&flags.to_le_bytes()[..2]);
    payload.push(45);
    payload.extend(2u16.to_le_bytes());
    payload.extend(&flags.to_le_bytes()[2..]);
    payload.push(21);
    payload.extend([0; 6]);
    payload.extend(mariadb.to_le_bytes());
    payload.extend(b"saltsaltsalt\0mysql_native_password\0");
    payload
}

/// A client's login; `secret` with its length or its end.
pub fn login(
    flags: CapabilityFlags,
    mariadb: u32,
    user: &str,
    secret: &[u8],
    database: &str,
) -> Vec<u8> {
    let mut payload = flags.bits().to_le_bytes().to_vec();
    payload.extend(0x100_0000u32.to_le_bytes());
    payload.push(45);
    payload.extend([0; 19]);
    payload.extend(mariadb.to_le_bytes());
    payload.extend(user.bytes());
    payload.push(0);
    payload.extend(string(secret));
    payload.extend(database.bytes());
    payload.push(0);
    payload
}
