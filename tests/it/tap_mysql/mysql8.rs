//! A server that logs clients in as MySQL 8 does, with caching_sha2_password: by what it has cached,
//! in full under TLS, in full with its RSA key; and that ends results as MySQL 8 does. A session may
//! become another user's, in the same ways.

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
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

pub const PASSWORD: &str = "Sha2-planted-4711";
const SALT: &[u8; 20] = b"twenty bytes of salt";
/// What a change of user is challenged with.
const OTHER_SALT: &[u8; 20] = b"salt for another one";
const OK: &[u8] = b"\x00\x00\x00\x02\x00\x00\x00";
const DENIED: &[u8] = b"\xff\x15\x04#28000Access denied";

/// How the server lets clients in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How {
    /// It has the password cached.
    Fast,
    /// It wants the password itself.
    Full,
    /// It switches to sha256_password.
    Sha256,
    /// It switches to a plugin that sends the password as it is.
    Clear,
}

/// A server.
#[derive(Clone)]
pub struct Server8 {
    /// How it logs clients in.
    pub login: How,
    /// How a change of user goes.
    pub change: How,
    /// It offers to compress.
    pub compresses: bool,
    /// Its certificate and key.
    pub tls: Option<(String, String)>,
}

/// What the server got to see.
#[derive(Clone, Debug, Default)]
pub struct Saw {
    /// The capabilities that the client claims.
    pub flags: u32,
    pub tls: bool,
    /// The password came as it is.
    pub clear: bool,
    /// It came under the server's key, which was asked for.
    pub sealed: bool,
    /// The session became another user's so often.
    pub changed: u32,
    /// Everything that came, as it came.
    pub all: Vec<u8>,
}

pub struct Mysql8 {
    pub port: u16,
    saw: Receiver<Saw>,
}

trait Both: Read + Write + Send {}
impl<T: Read + Write + Send> Both for T {}

struct Wire {
    stream: Box<dyn Both>,
    compressed: bool,
    contents: Vec<u8>,
    all: Vec<u8>,
}

impl Wire {
    fn new(stream: impl Both + 'static) -> Wire {
        Wire {
            stream: Box::new(stream),
            compressed: false,
            contents: Vec::new(),
            all: Vec::new(),
        }
    }

    fn raw(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        self.all.extend(&bytes);
        Ok(bytes)
    }

    /// The next bytes, out of frames where there are some.
    fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        if !self.compressed {
            return self.raw(length);
        }
        while self.contents.len() < length {
            let header = self.raw(7)?;
            let number =
                |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], 0]);
            let body = self.raw(number(0) as usize)?;
            match number(4) {
                0 => self.contents.extend(body),
                _ => {
                    let mut zlib = flate2::read::ZlibDecoder::new(body.as_slice());
                    zlib.read_to_end(&mut self.contents)?;
                }
            }
        }
        Ok(self.contents.drain(..length).collect())
    }

    fn read(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut whole = Vec::new();
        loop {
            let header = self.take(4)?;
            let length = u32::from_le_bytes([header[0], header[1], header[2], 0]);
            whole.extend(self.take(length as usize)?);
            if length < 0xFF_FFFF {
                return Ok((header[3], whole));
            }
        }
    }

    fn write(&mut self, sequence: u8, payload: &[u8]) -> io::Result<()> {
        let mut packet = (payload.len() as u32).to_le_bytes()[..3].to_vec();
        packet.push(sequence);
        packet.extend(payload);
        if self.compressed {
            let mut frame = (packet.len() as u32).to_le_bytes()[..3].to_vec();
            frame.extend([sequence, 0, 0, 0]);
            frame.extend(packet);
            packet = frame;
        }
        self.stream.write_all(&packet)
    }
}

impl Mysql8 {
    /// With the certificate and key of `tls`, where there are some.
    fn start(how: How, tls: Option<(String, String)>) -> Mysql8 {
        Mysql8::serving(Server8 {
            login: how,
            change: how,
            compresses: false,
            tls,
        })
    }

    pub fn serving(server: Server8) -> Mysql8 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, saw) = channel();
        let key = Arc::new(Rsa::generate(2048).unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (server, key, seen) = (server.clone(), Arc::clone(&key), seen.clone());
                std::thread::spawn(move || {
                    let mut one = Saw::default();
                    // A client that goes is the end of its connection only.
                    let _ = server.serve(stream.unwrap(), &key, &mut one);
                    // Nobody asks at the end of a test.
                    let _ = seen.send(one);
                });
            }
        });
        Mysql8 { port, saw }
    }

    /// What the server got to see of the next connection to end.
    pub fn saw(&self) -> Saw {
        self.saw.recv().unwrap()
    }

    pub fn words(&self, more: &[&str]) -> Vec<String> {
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
        self.saw()
    }
}

impl Server8 {
    fn greeting(&self) -> Vec<u8> {
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
        flags.set(Flag::CLIENT_SSL, self.tls.is_some());
        flags.set(Flag::CLIENT_COMPRESS, self.compresses);
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

    fn serve(&self, stream: TcpStream, key: &Rsa<Private>, saw: &mut Saw) -> io::Result<()> {
        let mut wire = Wire::new(stream.try_clone()?);
        wire.write(0, &self.greeting())?;
        let (mut sequence, mut payload) = wire.read()?;
        // What only asks for TLS is cut off behind the reserved bytes.
        if payload.len() == 32 {
            let (certificate, private) = self.tls.clone().unwrap();
            let method = SslMethod::tls_server();
            let mut acceptor = SslAcceptor::mozilla_intermediate_v5(method).unwrap();
            acceptor.set_certificate_chain_file(certificate).unwrap();
            acceptor
                .set_private_key_file(private, SslFiletype::PEM)
                .unwrap();
            let stream: SslStream<_> = acceptor.build().accept(stream).map_err(io::Error::other)?;
            wire = Wire::new(stream);
            saw.tls = true;
            (sequence, payload) = wire.read()?;
        }
        let response = HandshakeResponse::deserialize((), &mut ParseBuf(&payload))?;
        saw.flags = response.capabilities().bits();
        let scramble = scramble_sha256(SALT, PASSWORD.as_bytes()).unwrap();
        let right = response.user() == b"ada" && response.scramble_buf() == scramble;
        let mut done = prove(&mut wire, self.login, sequence, SALT, right, key, saw);
        if done.is_ok() {
            wire.compressed = self.compresses && saw.flags & Flag::CLIENT_COMPRESS.bits() != 0;
            done = self.commands(&mut wire, key, saw);
        }
        saw.all = wire.all;
        done
    }

    /// Answers every query but a SET with one row.
    fn commands(&self, wire: &mut Wire, key: &Rsa<Private>, saw: &mut Saw) -> io::Result<()> {
        let column =
            b"\x03def\x00\x00\x00\x01x\x00\x0c\x2d\x00\x08\x00\x00\x00\xfd\x01\x00\x00\x00\x00";
        let eof: &[u8] = b"\xfe\x00\x00\x02\x00";
        let last: &[u8] = b"\xfe\x00\x00\x02\x00\x00\x00\x00";
        loop {
            let (sequence, command) = wire.read()?;
            let packets: Vec<&[u8]> = match command.first() {
                Some(3) if command[1..].to_ascii_lowercase().starts_with(b"set ") => vec![OK],
                Some(3) if saw.flags & Flag::CLIENT_DEPRECATE_EOF.bits() != 0 => {
                    vec![b"\x01", column, b"\x02in", last]
                }
                Some(3) => vec![b"\x01", column, eof, b"\x02in", eof],
                Some(1) => return Ok(()),
                // Whoever is no friend of ada's stays who they are.
                Some(0x11) if !command.starts_with(b"\x11eve\0") => vec![DENIED],
                Some(0x11) => {
                    let name = match self.change {
                        How::Sha256 | How::Clear => {
                            prove(wire, self.change, sequence, OTHER_SALT, true, key, saw)?;
                            saw.changed += 1;
                            continue;
                        }
                        How::Fast | How::Full => b"\xfecaching_sha2_password\0",
                    };
                    let switch = [&name[..], OTHER_SALT, b"\0"].concat();
                    wire.write(sequence + 1, &switch)?;
                    let (sequence, scramble) = wire.read()?;
                    let right = scramble_sha256(OTHER_SALT, PASSWORD.as_bytes()).unwrap();
                    let right = scramble == right;
                    prove(wire, self.change, sequence, OTHER_SALT, right, key, saw)?;
                    saw.changed += 1;
                    continue;
                }
                _ => vec![OK],
            };
            for (sequence, packet) in (1..).zip(packets) {
                wire.write(sequence, packet)?;
            }
        }
    }
}

/// Has the client prove itself, whose scrambled password was `right`, and welcomes it.
fn prove(
    wire: &mut Wire,
    how: How,
    mut sequence: u8,
    salt: &[u8; 20],
    right: bool,
    key: &Rsa<Private>,
    saw: &mut Saw,
) -> io::Result<()> {
    match how {
        How::Fast if !right => {
            wire.write(sequence + 1, DENIED)?;
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        How::Fast => {
            wire.write(sequence + 1, b"\x01\x03")?;
            sequence += 1;
        }
        How::Full => {
            wire.write(sequence + 1, b"\x01\x04")?;
            sequence = password(wire, key, salt, &[2], saw)?;
        }
        How::Sha256 => {
            let switch = [b"\xfesha256_password\0", &salt[..], b"\0"].concat();
            wire.write(sequence + 1, &switch)?;
            sequence = password(wire, key, salt, &[1], saw)?;
        }
        How::Clear => {
            wire.write(sequence + 1, b"\xfemysql_clear_password\0")?;
            sequence = password(wire, key, salt, b"", saw)?;
        }
    }
    wire.write(sequence + 1, OK)
}

/// Takes the password, after giving the key to who asks for it. Gives the last sequence id.
fn password(
    wire: &mut Wire,
    key: &Rsa<Private>,
    salt: &[u8; 20],
    request: &[u8],
    saw: &mut Saw,
) -> io::Result<u8> {
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
        let mixed = opened.iter().zip(salt.iter().cycle());
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

pub fn certificate() -> (Authority, (String, String)) {
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

/// A client that agrees to what MySQL 8's own agrees to, and takes a unix socket for safe as that
/// does. What it does once it is in follows.
const CLIENT: &str = r#"
import hashlib, socket, struct, sys, zlib
path = [a.split('=', 1)[1] for a in sys.argv if a.startswith('--socket=')][0]
s = socket.socket(socket.AF_UNIX)
s.connect(path)
framed, contents = False, b''
def raw(n):
    data = b''
    while len(data) < n:
        more = s.recv(n - len(data))
        assert more
        data += more
    return data
def take(n):
    global contents
    if not framed:
        return raw(n)
    while len(contents) < n:
        header = raw(7)
        body = raw(int.from_bytes(header[:3], 'little'))
        contents += zlib.decompress(body) if any(header[4:]) else body
    data, contents = contents[:n], contents[n:]
    return data
def read():
    return take(int.from_bytes(take(4)[:3], 'little'))
def packet(sequence, body):
    full = 0xFFFFFF
    parts = [body[at:at + full] for at in range(0, len(body) + 1, full)]
    return b''.join(len(part).to_bytes(3, 'little') + bytes([(sequence + n) % 256]) + part
                    for n, part in enumerate(parts))
def frame(sequence, body, compress=True):
    data = zlib.compress(body) if compress else body
    length = len(body) if compress else 0
    return len(data).to_bytes(3, 'little') + bytes([sequence]) + length.to_bytes(3, 'little') + data
def write(sequence, body):
    s.sendall(frame(sequence, packet(sequence, body)) if framed else packet(sequence, body))
read()
salt, password = b'twenty bytes of salt', b'Sha2-planted-4711'
def scrambled(salt):
    h = lambda data: hashlib.sha256(data).digest()
    return bytes(a ^ b for a, b in zip(h(password), h(h(h(password)) + salt)))
flags = 0x1 | 0x200 | 0x8000 | 0x80000 | 0x200000 | 0x800000 | 0x1000000 | MORE
head = struct.pack('<IIB23x', flags, 1 << 24, 45)
write(1, head + b'ada\0' + bytes([32]) + scrambled(salt) + b'caching_sha2_password\0')
assert read() == b'\x01\x03'
assert read()[0] == 0
framed = MORE & 0x20 != 0
def row():
    return [read() for _ in range(4)][2][1:].decode()
def change(name=b'eve'):
    return b'\x11' + name + b'\0\0shop\0\x2d\0caching_sha2_password\0'
# Takes part in what follows of a change of user, and gives the last answer.
def prove():
    sequence = 2
    while True:
        asked = read()
        if asked[0] in (0, 0xff):
            return asked
        if asked == b'\x01\x03':
            continue
        if asked == b'\x01\x04' or asked.startswith((b'\xfesha256', b'\xfemysql_clear')):
            write(sequence, password + b'\0')
        else:
            write(sequence, scrambled(asked[len(b'\xfecaching_sha2_password\0'):][:20]))
        sequence += 2
"#;

impl Mysql8 {
    /// The words of a client by that name that does this once it is in, with more capabilities than
    /// usual. What it says of itself comes from the real one.
    pub fn script(&self, home: &Home, more: u32, does: &str) -> Vec<String> {
        let client = home.path().join("client.py");
        fs::write(&client, CLIENT.replace("MORE", &more.to_string()) + does).unwrap();
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
        let mut words = self.words(&[]);
        words[0] = program.display().to_string();
        words
    }
}

#[test]
fn results_may_end_without_eof_packets() {
    let home = Home::with_vault();
    let server = Mysql8::start(How::Fast, None);
    let does = r#"
write(0, b"\x03select 'in'")
print(row())
write(0, b'\x01')
"#;
    let saw = server.lets_in(&home, &server.script(&home, 0, does));
    assert!(saw.flags & Flag::CLIENT_DEPRECATE_EOF.bits() != 0);
}
