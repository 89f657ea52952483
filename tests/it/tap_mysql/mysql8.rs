//! A server that logs clients in as MySQL 8 does, with caching_sha2_password: by what it has cached,
//! in full under TLS, in full with its RSA key; and that ends results as MySQL 8 does.

use super::*;
use crate::support::{Authority, Subject, tool};
use mysql_common::auth::plugins::caching_sha2_password::scramble_sha256;
use mysql_common::constants::{CapabilityFlags as Flag, StatusFlags};
use mysql_common::io::ParseBuf;
use mysql_common::packets::{HandshakePacket, HandshakeResponse};
use mysql_common::proto::{MyDeserialize, MySerialize};
use openssl::pkey::Private;
use openssl::rsa::{Padding, Rsa};
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod, SslStream};
use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

const PASSWORD: &str = "Sha2-planted-4711";
const SALT: &[u8; 20] = b"twenty bytes of salt";
const OK: &[u8] = b"\x00\x00\x00\x02\x00\x00\x00";
const DENIED: &[u8] = b"\xff\x15\x04#28000Access denied";

/// How the server lets clients in.
#[derive(Clone, Copy, PartialEq)]
enum How {
    /// It has the password cached.
    Fast,
    /// It wants the password itself.
    Full,
    /// It switches to sha256_password.
    Sha256,
}

/// What the server got to see.
#[derive(Clone, Debug, Default)]
struct Saw {
    /// The capabilities that the client claims.
    flags: u32,
    tls: bool,
    /// The password came as it is.
    clear: bool,
    /// It came under the server's key, which was asked for.
    sealed: bool,
}

struct Mysql8 {
    port: u16,
    saw: Arc<Mutex<Vec<Saw>>>,
}

enum Wire {
    Plain(TcpStream),
    Tls(Box<SslStream<TcpStream>>),
}

trait Both: Read + Write {}
impl<T: Read + Write> Both for T {}

impl Wire {
    fn stream(&mut self) -> &mut dyn Both {
        match self {
            Wire::Plain(stream) => stream,
            Wire::Tls(stream) => stream.as_mut(),
        }
    }

    fn read(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut header = [0; 4];
        self.stream().read_exact(&mut header)?;
        let length = u32::from_le_bytes([header[0], header[1], header[2], 0]);
        let mut payload = vec![0; length as usize];
        self.stream().read_exact(&mut payload)?;
        Ok((header[3], payload))
    }

    fn write(&mut self, sequence: u8, payload: &[u8]) -> io::Result<()> {
        let mut packet = (payload.len() as u32).to_le_bytes()[..3].to_vec();
        packet.push(sequence);
        packet.extend(payload);
        self.stream().write_all(&packet)
    }
}

impl Mysql8 {
    /// With the certificate and key of `tls`, where there are some.
    fn start(how: How, tls: Option<(String, String)>) -> Mysql8 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let saw = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&saw);
        let key = Rsa::generate(2048).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut one = Saw::default();
                // A client that goes is the end of its connection only.
                let _ = serve(stream.unwrap(), how, tls.clone(), &key, &mut one);
                seen.lock().unwrap().push(one);
            }
        });
        Mysql8 { port, saw }
    }

    fn words(&self, more: &[&str]) -> Vec<String> {
        let mut words = vec!["mariadb".to_owned(), "--no-defaults".into()];
        words.extend(["-h127.0.0.1".into(), format!("-P{}", self.port)]);
        words.extend(["-uada".into(), format!("-p{PASSWORD}")]);
        words.extend(more.iter().map(|word| (*word).to_owned()));
        words.extend(["-NBe".into(), "select 'in'".into()]);
        words
    }

    /// The client gets in through the tap, its result is recorded, and the server saw this.
    #[track_caller]
    fn lets_in(&self, home: &Home, words: &[String]) -> Saw {
        let output = tapped(home, words).output().unwrap();
        let (status, stdout, stderr) = said(&output);
        assert_eq!((status, &*stdout), (Some(0), "in\n"), "{words:?}: {stderr}");
        let shown = shown(home);
        let seen = shown["statements"].as_array().unwrap();
        assert_eq!(seen.len(), 1, "{seen:#?}");
        assert_eq!(seen[0]["results"][0]["rows"][0][0], "in");
        assert!(!shown.to_string().contains(PASSWORD));
        self.saw.lock().unwrap().last().unwrap().clone()
    }
}

fn greeting(tls: bool) -> Vec<u8> {
    let mut flags = Flag::CLIENT_PROTOCOL_41
        | Flag::CLIENT_LONG_PASSWORD
        | Flag::CLIENT_SECURE_CONNECTION
        | Flag::CLIENT_PLUGIN_AUTH
        | Flag::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
        | Flag::CLIENT_CONNECT_WITH_DB
        | Flag::CLIENT_DEPRECATE_EOF
        | Flag::CLIENT_SESSION_TRACK
        | Flag::CLIENT_CONNECT_ATTRS
        | Flag::CLIENT_TRANSACTIONS;
    flags.set(Flag::CLIENT_SSL, tls);
    let mut rest = SALT[8..].to_vec();
    rest.push(0);
    let greeting = HandshakePacket::new(
        10,
        b"8.4.3".to_vec(),
        7,
        SALT[..8].try_into().unwrap(),
        Some(rest),
        flags,
        45,
        StatusFlags::SERVER_STATUS_AUTOCOMMIT,
        Some(b"caching_sha2_password".to_vec()),
    );
    let mut payload = Vec::new();
    greeting.serialize(&mut payload);
    payload
}

fn serve(
    stream: TcpStream,
    how: How,
    tls: Option<(String, String)>,
    key: &Rsa<Private>,
    saw: &mut Saw,
) -> io::Result<()> {
    let mut wire = Wire::Plain(stream.try_clone()?);
    wire.write(0, &greeting(tls.is_some()))?;
    let (mut sequence, mut payload) = wire.read()?;
    // What only asks for TLS is cut off behind the reserved bytes.
    if payload.len() == 32 {
        let (certificate, private) = tls.unwrap();
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
        acceptor.set_certificate_chain_file(certificate).unwrap();
        acceptor
            .set_private_key_file(private, SslFiletype::PEM)
            .unwrap();
        let stream = acceptor.build().accept(stream).map_err(io::Error::other)?;
        wire = Wire::Tls(Box::new(stream));
        saw.tls = true;
        (sequence, payload) = wire.read()?;
    }
    let response = HandshakeResponse::deserialize((), &mut ParseBuf(&payload))?;
    saw.flags = response.capabilities().bits();
    let scramble = scramble_sha256(SALT, PASSWORD.as_bytes()).unwrap();
    let right = response.user() == b"ada" && response.scramble_buf() == scramble;
    match how {
        How::Fast if !right => return wire.write(sequence + 1, DENIED),
        How::Fast => {
            wire.write(sequence + 1, b"\x01\x03")?;
            sequence += 1;
        }
        How::Full => {
            wire.write(sequence + 1, b"\x01\x04")?;
            sequence = password(&mut wire, key, &[2], saw)?;
        }
        How::Sha256 => {
            let switch = [b"\xfesha256_password\0", &SALT[..], b"\0"].concat();
            wire.write(sequence + 1, &switch)?;
            sequence = password(&mut wire, key, &[1], saw)?;
        }
    }
    wire.write(sequence + 1, OK)?;
    commands(&mut wire, saw)
}

/// Takes the password, after giving the key to who asks for it. Gives the last sequence id.
fn password(wire: &mut Wire, key: &Rsa<Private>, request: &[u8], saw: &mut Saw) -> io::Result<u8> {
    let (mut sequence, mut payload) = wire.read()?;
    if payload == request {
        let pem = key.public_key_to_pem().unwrap();
        wire.write(sequence + 1, &[&[1], pem.as_slice()].concat())?;
        (sequence, payload) = wire.read()?;
        let mut opened = vec![0; key.size() as usize];
        let length = key
            .private_decrypt(&payload, &mut opened, Padding::PKCS1_OAEP)
            .unwrap();
        opened.truncate(length);
        let mixed = opened.iter().zip(SALT.iter().cycle());
        payload = mixed.map(|(byte, salt)| byte ^ salt).collect();
        saw.sealed = true;
    } else {
        saw.clear = true;
    }
    if payload != format!("{PASSWORD}\0").as_bytes() {
        wire.write(sequence + 1, DENIED)?;
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(sequence)
}

/// Answers every query with one row.
fn commands(wire: &mut Wire, saw: &Saw) -> io::Result<()> {
    let column =
        b"\x03def\x00\x00\x00\x01x\x00\x0c\x2d\x00\x08\x00\x00\x00\xfd\x01\x00\x00\x00\x00";
    let eof: &[u8] = b"\xfe\x00\x00\x02\x00";
    let last: &[u8] = b"\xfe\x00\x00\x02\x00\x00\x00\x00";
    loop {
        let (_, command) = wire.read()?;
        let packets: Vec<&[u8]> = match command.first() {
            Some(3) if saw.flags & Flag::CLIENT_DEPRECATE_EOF.bits() != 0 => {
                vec![b"\x01", column, b"\x02in", last]
            }
            Some(3) => vec![b"\x01", column, eof, b"\x02in", eof],
            Some(1) => return Ok(()),
            _ => vec![OK],
        };
        for (sequence, packet) in (1..).zip(packets) {
            wire.write(sequence, packet)?;
        }
    }
}

fn certificate() -> (Authority, (String, String)) {
    let authority = Authority::new("Own root");
    let subject = Subject {
        name: "localhost",
        others: &["IP:127.0.0.1"],
        days: (-1, 10),
    };
    let signed = authority.sign("server", &subject);
    let path = |path: &std::path::Path| path.display().to_string();
    let files = (path(&signed.certificate), path(&signed.key));
    (authority, files)
}

#[test]
fn by_what_is_cached() {
    let home = Home::with_vault();
    let server = Mysql8::start(How::Fast, None);
    assert!(!server.lets_in(&home, &server.words(&[])).tls);
    let (_authority, files) = certificate();
    let server = Mysql8::start(How::Fast, Some(files));
    assert!(server.lets_in(&home, &server.words(&[])).tls);
}

#[test]
fn in_full_under_tls() {
    let home = Home::with_vault();
    let (authority, files) = certificate();
    let ca = format!("--ssl-ca={}", authority.root());
    for how in [How::Full, How::Sha256] {
        let server = Mysql8::start(how, Some(files.clone()));
        for more in [&[][..], &[ca.as_str(), "--ssl-verify-server-cert"]] {
            let saw = server.lets_in(&home, &server.words(more));
            assert!(saw.tls && saw.clear && !saw.sealed, "{saw:?}");
        }
    }
}

/// P2: the client would send the password as it is over the local leg; on plain TCP it goes under
/// the server's key.
#[test]
fn in_full_with_rsa() {
    let home = Home::with_vault();
    for how in [How::Full, How::Sha256] {
        let server = Mysql8::start(how, None);
        for more in [&[][..], &["--skip-ssl"]] {
            let saw = server.lets_in(&home, &server.words(more));
            assert!(!saw.tls && saw.sealed && !saw.clear, "{saw:?}");
        }
    }
}

/// A client that agrees to what MySQL 8's own agrees to.
const CLIENT: &str = r#"
import hashlib, socket, struct, sys
path = [a.split('=', 1)[1] for a in sys.argv if a.startswith('--socket=')][0]
s = socket.socket(socket.AF_UNIX)
s.connect(path)
def take(n):
    data = b''
    while len(data) < n:
        more = s.recv(n - len(data))
        assert more
        data += more
    return data
def read():
    return take(int.from_bytes(take(4)[:3], 'little'))
def write(sequence, body):
    s.sendall(len(body).to_bytes(3, 'little') + bytes([sequence]) + body)
read()
salt, password = b'twenty bytes of salt', b'Sha2-planted-4711'
h = lambda data: hashlib.sha256(data).digest()
mixed = bytes(a ^ b for a, b in zip(h(password), h(h(h(password)) + salt)))
flags = 0x1 | 0x200 | 0x8000 | 0x80000 | 0x200000 | 0x800000 | 0x1000000
head = struct.pack('<IIB23x', flags, 1 << 24, 45)
write(1, head + b'ada\0' + bytes([32]) + mixed + b'caching_sha2_password\0')
assert read() == b'\x01\x03'
assert read()[0] == 0
write(0, b"\x03select 'in'")
print([read() for _ in range(4)][2][1:].decode())
write(0, b'\x01')
"#;

#[test]
fn results_may_end_without_eof_packets() {
    let home = Home::with_vault();
    let server = Mysql8::start(How::Fast, None);
    // A program by the client's name; what it says of itself comes from the real one.
    let client = home.path().join("client.py");
    fs::write(&client, CLIENT).unwrap();
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *--help|*--version|*--print-defaults) exec {} \"$@\";; esac\n\
         exec {} {} \"$@\"\n",
        tool("mariadb", "mariadb-client").display(),
        tool("python3", "python3").display(),
        client.display()
    );
    let program = home.path().join("mysql");
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut words = server.words(&[]);
    words[0] = program.display().to_string();
    let saw = server.lets_in(&home, &words);
    assert!(saw.flags & Flag::CLIENT_DEPRECATE_EOF.bits() != 0);
}
