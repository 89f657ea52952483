//! The packets before a session: what the client asks for first, and messages while it logs in.
//!
//! After "Message Formats" and "Message Flow" of the PostgreSQL documentation, protocol 3.0 to 3.2.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// `SSLRequest`, whole: the length and the code.
pub const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Asks for encryption by Kerberos.
pub const GSS_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30];

const SSL_CODE: u32 = 80_877_103;
const GSS_CODE: u32 = 80_877_104;
const CANCEL_CODE: u32 = 80_877_102;

/// The server's own limit, `MAX_STARTUP_PACKET_LENGTH`.
const STARTUP_MAX: usize = 10_000;

/// A message while a client logs in is read whole up to this length. The longest are tokens of
/// Kerberos; the server's own limit for those is the same.
pub const LOGIN_MAX: usize = 64 << 10;

/// The mechanism that binds a login to the TLS connection it passes.
const PLUS: &[u8] = b"SCRAM-SHA-256-PLUS";

/// What a client says first.
#[derive(Debug, PartialEq, Eq)]
pub enum First {
    /// It wants to encrypt, one way or the other. Nothing else was read.
    Encrypt,
    /// It wants a query cancelled: the whole packet.
    Cancel(Vec<u8>),
    /// It wants a session, of whatever version: the whole packet.
    Startup(Vec<u8>),
    /// Something else: what was read of it.
    Unknown(Vec<u8>),
    /// Nothing.
    Nothing,
}

/// Reads what the client says first, and not a byte more.
pub async fn first(local: &mut (impl AsyncRead + Unpin)) -> First {
    let mut head = [0; 8];
    let mut filled = 0;
    while filled < head.len() {
        let rest = head.get_mut(filled..).unwrap_or_default();
        match local.read(rest).await {
            Ok(0) | Err(_) if filled == 0 => return First::Nothing,
            Ok(0) | Err(_) => break,
            Ok(n) => filled += n,
        }
    }
    let read = head.get(..filled).unwrap_or_default();
    let (Some(length), Some(code)) = (number(read, 0), number(read, 4)) else {
        return First::Unknown(read.to_vec());
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length == 8 && matches!(code, SSL_CODE | GSS_CODE) {
        return First::Encrypt;
    }
    if !(8..=STARTUP_MAX).contains(&length) {
        return First::Unknown(read.to_vec());
    }
    let mut packet = vec![0; length];
    let (begin, rest) = packet.split_at_mut(8);
    begin.copy_from_slice(&head);
    if local.read_exact(rest).await.is_err() {
        return First::Nothing;
    }
    match code {
        CANCEL_CODE => First::Cancel(packet),
        _ => First::Startup(packet),
    }
}

/// The key in a `CancelRequest`: process and secret, of any length.
pub fn cancel_key(packet: &[u8]) -> &[u8] {
    packet.get(8..).unwrap_or_default()
}

/// What a message of the server is, while a client logs in.
#[derive(Debug, PartialEq, Eq)]
pub enum Login {
    /// The server asks for something: the message as the client is to see it.
    Asks(Vec<u8>),
    /// The client is in.
    Ok,
    /// What a cancel needs: process and secret, of any length.
    Key(Vec<u8>),
    /// The session is ready.
    Ready,
    /// The server refuses.
    Error,
    /// Anything else.
    Other,
}

/// The length of the message that `bytes` begin with; `None` where more are needed to know.
pub fn message_length(bytes: &[u8]) -> Option<usize> {
    let length = usize::try_from(number(bytes, 1)?).unwrap_or(usize::MAX);
    Some(length.saturating_add(1))
}

/// What the server asks for in a message that is `AuthenticationRequest`.
pub fn login_code(message: &[u8]) -> Option<u32> {
    number(message, 5).filter(|_| message.first() == Some(&b'R'))
}

/// What the whole `message` is.
pub fn login(message: &[u8]) -> Login {
    match message.first() {
        Some(b'R') => match number(message, 5) {
            Some(0) => Login::Ok,
            Some(10) => Login::Asks(without_channel_binding(message)),
            _ => Login::Asks(message.to_vec()),
        },
        Some(b'K') => Login::Key(message.get(5..).unwrap_or_default().to_vec()),
        Some(b'Z') => Login::Ready,
        Some(b'E') => Login::Error,
        _ => Login::Other,
    }
}

/// `AuthenticationSASL` without the mechanism that the local leg cannot carry: the client would
/// refuse it there, and a server that has TLS offers it before the other one. What names no other
/// mechanism stays as it is, for the client to refuse.
fn without_channel_binding(message: &[u8]) -> Vec<u8> {
    let names = message.get(9..).unwrap_or_default();
    let kept: Vec<&[u8]> = names
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty() && *name != PLUS)
        .collect();
    if kept.is_empty() {
        return message.to_vec();
    }
    let mut body = vec![0, 0, 0, 10];
    for name in kept {
        body.extend_from_slice(name);
        body.push(0);
    }
    body.push(0);
    let mut rewritten = vec![b'R'];
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    rewritten.extend_from_slice(&length.to_be_bytes());
    rewritten.extend_from_slice(&body);
    rewritten
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// `StartupMessage` of version 3.0.
pub fn packet(user: &str, database: &str) -> Vec<u8> {
    let mut body = vec![0, 3, 0, 0];
    for text in ["user", user, "database", database, ""] {
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), body.as_slice()].concat()
}

/// `ErrorResponse`, as of a server that lets nobody in.
pub fn refusal(code: &str, message: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for (field, value) in [
        (b'S', "FATAL"),
        (b'V', "FATAL"),
        (b'C', code),
        (b'M', message),
    ] {
        body.push(field);
        body.extend(value.bytes().filter(|byte| *byte != 0));
        body.push(0);
    }
    body.push(0);
    let mut packet = vec![b'E'];
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    packet.extend_from_slice(&length.to_be_bytes());
    packet.extend_from_slice(&body);
    packet
}

/// Reads the one byte with which a server answers an `SSLRequest`. Not a byte more: what came
/// behind it in clear must not be taken for something that was protected (CVE-2021-23222).
pub async fn ssl_answer(upstream: &mut (impl AsyncRead + Unpin)) -> io::Result<u8> {
    let mut answer = [0];
    upstream.read_exact(&mut answer).await?;
    let [answer] = answer;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(code: u32, body: &[u8]) -> Vec<u8> {
        let mut packet = u32::try_from(body.len() + 8)
            .unwrap()
            .to_be_bytes()
            .to_vec();
        packet.extend(code.to_be_bytes());
        packet.extend(body);
        packet
    }

    fn message(tag: u8, body: &[u8]) -> Vec<u8> {
        let mut message = vec![tag];
        message.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
        message.extend(body);
        message
    }

    fn said(bytes: &[u8]) -> (First, usize) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let mut rest = bytes;
        let first = runtime.block_on(first(&mut rest));
        (first, rest.len())
    }

    #[test]
    fn first_packets_are_told_apart_and_nothing_behind_them_is_read() {
        let startup = packet(196_608, b"user\0ada\0\0");
        let newer = packet(196_610, b"user\0ada\0\0");
        let grease = packet(0x0003_270f, b"user\0ada\0\0");
        let short = packet(CANCEL_CODE, &[0, 0, 0, 1, 1, 2, 3, 4]);
        let long = packet(CANCEL_CODE, &[7; 260]);
        for (bytes, wanted) in [
            (packet(SSL_CODE, b""), First::Encrypt),
            (packet(GSS_CODE, b""), First::Encrypt),
            (short.clone(), First::Cancel(short)),
            (long.clone(), First::Cancel(long)),
            (startup.clone(), First::Startup(startup)),
            (newer.clone(), First::Startup(newer)),
            (grease.clone(), First::Startup(grease)),
        ] {
            let mut behind = bytes.clone();
            behind.extend(b"behind");
            assert_eq!(said(&behind), (wanted, 6));
        }
        assert_eq!(said(b""), (First::Nothing, 0));
        let hello = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc];
        assert_eq!(said(&hello).0, First::Unknown(hello[..8].to_vec()));
        assert_eq!(said(&[0, 0]).0, First::Unknown(vec![0, 0]));
        // More than a server would read.
        let huge = [0, 1, 0, 0, 0, 3, 0, 0];
        assert_eq!(said(&huge).0, First::Unknown(huge.to_vec()));
    }

    #[test]
    fn channel_binding_is_removed_from_the_offer() {
        let offer = message(b'R', b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0");
        let wanted = message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0");
        assert_eq!(login(&offer), Login::Asks(wanted.clone()));
        assert_eq!(login(&wanted), Login::Asks(wanted.clone()));
        let only = message(b'R', b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0\0");
        assert_eq!(login(&only), Login::Asks(only.clone()));
        let more = message(b'R', b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0OAUTHBEARER\0\0");
        let wanted = message(b'R', b"\0\0\0\x0aOAUTHBEARER\0\0");
        assert_eq!(login(&more), Login::Asks(wanted));
    }

    #[test]
    fn messages_of_a_login_are_told_apart() {
        let key = [vec![0, 0, 0, 9], vec![5; 256]].concat();
        for (bytes, wanted) in [
            (message(b'R', &[0, 0, 0, 0]), Login::Ok),
            (message(b'K', &key), Login::Key(key.clone())),
            (message(b'Z', b"I"), Login::Ready),
            (message(b'E', b"\0"), Login::Error),
            (message(b'v', &[0; 8]), Login::Other),
            (message(b'S', b"a\0b\0"), Login::Other),
        ] {
            assert_eq!(message_length(&bytes), Some(bytes.len()));
            assert_eq!(login(&bytes), wanted);
        }
        let md5 = message(b'R', &[0, 0, 0, 5, 1, 2, 3, 4]);
        assert_eq!(login(&md5), Login::Asks(md5.clone()));
        assert_eq!(message_length(b"R\0\0"), None);
    }

    #[test]
    fn a_refusal_is_one_message_and_holds_no_nul_of_its_text() {
        let refusal = refusal("57P03", "no\0t now");
        assert_eq!(message_length(&refusal), Some(refusal.len()));
        assert!(refusal.ends_with(b"C57P03\0Mnot now\0\0"));
    }
}
