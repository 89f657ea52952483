//! The exchange between greeting and welcome: which packet goes to whom, with which sequence id, and
//! no password in the clear on a wire that is not protected.
//!
//! Clients take the local leg for as safe as TLS, and send a password over it as it is where the
//! server asks for that. So where the server is reached over plain TCP, the password is encrypted
//! for it here, with the key that a client on plain TCP would have used; and where a client asks for
//! a key though the way to the server is protected, it gets one of rec's.

use super::packet::{Payload, Proof, error, packet};
use openssl::rsa::{Padding, Rsa};
use std::fmt;
use zeroize::Zeroizing;

/// How the server is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Under TLS.
    Protected,
    /// Over a socket of this machine.
    Socket,
    /// Over the network, in the clear.
    Plain,
}

/// How a password may be encrypted for a server that is reached in the clear.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// The server's key, from a file.
    pub known: Option<Vec<u8>>,
    /// The server may be asked for it.
    pub ask: bool,
}

/// What is to be done.
pub enum Act {
    /// This packet goes to the client.
    Client(Payload),
    /// This packet goes to the server.
    Server(Payload),
    /// The client is in; one that was refused another user still is what it was.
    In,
    /// It will not get in, and the connection ends.
    Over,
}

impl fmt::Debug for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Act::Client(_) => "Client",
            Act::Server(_) => "Server",
            Act::In => "In",
            Act::Over => "Over",
        })
    }
}

/// A client on its way in.
pub struct Login {
    way: Way,
    keys: Keys,
    host: String,
    plugin: String,
    salt: Vec<u8>,
    /// The sequence ids that come next.
    to_client: u8,
    to_server: u8,
    state: State,
    /// A session is open, and is to become another user's.
    changing: bool,
}

enum State {
    /// Packets go through.
    Relaying,
    /// The client's next packet is the password, as its plugin sends it over a safe leg.
    Password,
    /// The server was asked for its key, for this password.
    Asked(Zeroizing<Vec<u8>>),
    /// The client was given this key, and is to send its password under it.
    Given(Rsa<openssl::pkey::Private>),
}

const CACHING: &str = "caching_sha2_password";
const SHA256: &str = "sha256_password";

/// Plugins that send a password as it is, or a token that is as good as one, whatever the leg or
/// where they take it for safe.
const CLEAR: &[&str] = &[
    "mysql_clear_password",
    "dialog",
    "authentication_openid_connect_client",
];

/// The size of the key that a client is given on the local leg.
const BITS: u32 = 2048;

impl Login {
    /// After the greeting with this salt. The next packet to the client is the one after the
    /// greeting, to the server `to_server`.
    pub fn new(way: Way, keys: Keys, host: &str, salt: Vec<u8>, to_server: u8) -> Login {
        Login {
            way,
            keys,
            host: host.to_owned(),
            plugin: String::new(),
            salt,
            to_client: 2,
            to_server,
            state: State::Relaying,
            changing: false,
        }
    }

    /// The client answers the greeting with `payload`, of which `proof` is read.
    pub fn response(&mut self, payload: &[u8], proof: Option<Proof<'_>>) -> Vec<Act> {
        self.proved(payload, proof)
    }

    /// The client of a session that is open asks to be another user. What it was last challenged
    /// with counts until the server says otherwise.
    pub fn change_user(
        &mut self,
        sequence: u8,
        payload: &[u8],
        proof: Option<Proof<'_>>,
    ) -> Vec<Act> {
        self.to_client = sequence.wrapping_add(1);
        self.to_server = sequence;
        self.state = State::Relaying;
        self.changing = true;
        self.proved(payload, proof)
    }

    /// Why a change of user is not seen through.
    pub fn refuse(&mut self, sequence: u8, why: &str) -> Vec<Act> {
        self.to_client = sequence.wrapping_add(1);
        self.plugin.clear();
        self.refused(why)
    }

    fn proved(&mut self, payload: &[u8], proof: Option<Proof<'_>>) -> Vec<Act> {
        let known = proof.is_some();
        let Proof { plugin, data } = proof.unwrap_or_default();
        self.plugin = plugin;
        if self.way == Way::Plain {
            if !known {
                return self.refused("what the client authenticates with cannot be read");
            }
            // This one puts the password into the packet itself, unless there is none or it asks
            // for the key.
            let harmless = matches!(data, [] | [0] | [1]);
            let clear = CLEAR.contains(&self.plugin.as_str());
            if clear || (self.plugin == SHA256 && !harmless) {
                return self.in_the_clear();
            }
        }
        vec![self.server_gets(payload)]
    }

    /// A packet of the client's after its response.
    pub fn client(&mut self, sequence: u8, payload: &[u8]) -> Vec<Act> {
        self.to_client = sequence.wrapping_add(1);
        match std::mem::replace(&mut self.state, State::Relaying) {
            State::Relaying => vec![self.server_gets(payload)],
            // It spoke out of turn, and its key is on the way.
            State::Asked(_) => self.refused("the client did not wait for its turn"),
            State::Given(key) => self.decrypted(&key, payload),
            State::Password => match self.way {
                Way::Protected if self.is_request(payload) => self.give_key(),
                // It asks for the key itself, or has no password.
                Way::Plain if self.is_request(payload) || payload.len() <= 1 => {
                    vec![self.server_gets(payload)]
                }
                Way::Plain => self.encrypted(payload),
                Way::Protected | Way::Socket => vec![self.server_gets(payload)],
            },
        }
    }

    /// A packet of the server's.
    pub fn server(&mut self, sequence: u8, payload: &[u8]) -> Vec<Act> {
        self.to_server = sequence.wrapping_add(1);
        if let State::Asked(password) = &self.state {
            let key = payload.strip_prefix(&[1]);
            let sealed = key.and_then(|key| seal(password, &self.salt, key));
            self.state = State::Relaying;
            if let Some(sealed) = sealed {
                return vec![self.server_gets(&sealed)];
            }
        }
        match payload.split_first() {
            Some((0x00, _)) => return vec![self.client_gets(payload), Act::In],
            Some((0xFF, _)) if self.changing => return vec![self.client_gets(payload), Act::In],
            Some((0xFF, _)) => return vec![self.client_gets(payload), Act::Over],
            // Another plugin, or the next factor's.
            Some((0xFE | 0x02, rest)) if !rest.is_empty() => {
                let mut parts = rest.splitn(2, |byte| *byte == 0);
                let plugin = parts.next().unwrap_or_default();
                self.plugin = String::from_utf8_lossy(plugin).into_owned();
                let salt = parts.next().unwrap_or_default();
                self.salt = salt.iter().copied().take(20).collect();
                if self.plugin == SHA256 {
                    self.state = State::Password;
                }
                if self.way == Way::Plain && CLEAR.contains(&self.plugin.as_str()) {
                    return self.in_the_clear();
                }
            }
            // The full exchange: the password itself is wanted. A client that did not name its
            // plugin may have none but this one in mind.
            Some((0x01, [0x04])) if self.plugin == CACHING || self.plugin.is_empty() => {
                CACHING.clone_into(&mut self.plugin);
                self.state = State::Password;
            }
            _ => {}
        }
        vec![self.client_gets(payload)]
    }

    /// Whether a server that gave this answer waits for the client: not where it says that its
    /// welcome comes next.
    pub fn asks(answer: &[u8]) -> bool {
        !matches!(answer, [0x01, 0x03])
    }

    /// Whether the client asks for the server's key.
    fn is_request(&self, payload: &[u8]) -> bool {
        match self.plugin.as_str() {
            CACHING => payload == [2],
            _ => payload == [1],
        }
    }

    fn client_gets(&mut self, payload: &[u8]) -> Act {
        let act = Act::Client(packet(self.to_client, payload));
        self.to_client = self.to_client.wrapping_add(1);
        act
    }

    fn server_gets(&mut self, payload: &[u8]) -> Act {
        let act = Act::Server(packet(self.to_server, payload));
        self.to_server = self.to_server.wrapping_add(1);
        act
    }

    /// The password goes to the server under its key.
    fn encrypted(&mut self, password: &[u8]) -> Vec<Act> {
        if let Some(key) = &self.keys.known {
            return match seal(password, &self.salt, key) {
                Some(sealed) => vec![self.server_gets(&sealed)],
                None => self.refused("the server's public key cannot be used"),
            };
        }
        if !self.keys.ask {
            return self.refused("Authentication requires secure connection.");
        }
        self.state = State::Asked(Zeroizing::new(password.to_vec()));
        let request: &[u8] = if self.plugin == CACHING { &[2] } else { &[1] };
        vec![self.server_gets(request)]
    }

    /// The client gets a key of ours.
    fn give_key(&mut self) -> Vec<Act> {
        let made = Rsa::generate(BITS).and_then(|key| Ok((key.public_key_to_pem()?, key)));
        let Ok((pem, key)) = made else {
            return self.refused("no key could be made");
        };
        self.state = State::Given(key);
        let answer = [&[1], pem.as_slice()].concat();
        vec![self.client_gets(&answer)]
    }

    fn decrypted(&mut self, key: &Rsa<openssl::pkey::Private>, payload: &[u8]) -> Vec<Act> {
        let mut password = Zeroizing::new(vec![0; key.size() as usize]);
        let opened = key.private_decrypt(payload, &mut password, Padding::PKCS1_OAEP);
        let Ok(length) = opened else {
            return self.refused("the password could not be decrypted");
        };
        password.truncate(length);
        mix(&mut password, &self.salt);
        vec![self.server_gets(&password)]
    }

    fn in_the_clear(&mut self) -> Vec<Act> {
        let message = format!(
            "rec sends no password in the clear: '{}' is reached without TLS",
            self.host
        );
        self.refused(&message)
    }

    /// The client is told why it does not get in.
    fn refused(&mut self, why: &str) -> Vec<Act> {
        let message = match self.plugin.as_str() {
            "" => why.to_owned(),
            plugin => format!("Authentication plugin '{plugin}' reported error: {why}"),
        };
        let payload = error(super::FAILED, "HY000", &message);
        vec![self.client_gets(&payload), Act::Over]
    }
}

/// A password under the server's public key: mixed with the salt, then RSA with OAEP.
fn seal(password: &[u8], salt: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    let key = Rsa::public_key_from_pem(key).ok()?;
    let mut mixed = Zeroizing::new(password.to_vec());
    mix(&mut mixed, salt);
    let mut sealed = vec![0; key.size() as usize];
    let length = key
        .public_encrypt(&mixed, &mut sealed, Padding::PKCS1_OAEP)
        .ok()?;
    sealed.truncate(length);
    Some(sealed)
}

fn mix(password: &mut [u8], salt: &[u8]) {
    for (byte, salt) in password.iter_mut().zip(salt.iter().cycle()) {
        *byte ^= salt;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: &[u8] = b"salt-of-twenty-bytes";

    fn login(way: Way, keys: Keys, plugin: &str) -> Login {
        let mut login = Login::new(way, keys, "db", SALT.to_vec(), 2);
        login.response(b"response", proof(plugin, b"scrambled"));
        login
    }

    fn proof<'a>(plugin: &str, data: &'a [u8]) -> Option<Proof<'a>> {
        let plugin = plugin.to_owned();
        Some(Proof { plugin, data })
    }

    /// `C` or `S`, the sequence id and the payload of each packet.
    fn shown(acts: &[Act]) -> Vec<(char, u8, Vec<u8>)> {
        let shown = acts.iter().filter_map(|act| match act {
            Act::Client(packet) => Some(('C', packet[3], packet[4..].to_vec())),
            Act::Server(packet) => Some(('S', packet[3], packet[4..].to_vec())),
            Act::In | Act::Over => None,
        });
        shown.collect()
    }

    #[test]
    fn sequence_ids_are_those_that_each_side_expects() {
        // Under TLS the server has seen one packet more.
        let mut login = Login::new(Way::Protected, Keys::default(), "db", SALT.to_vec(), 2);
        let acts = login.response(b"response", proof("mysql_native_password", b"scrambled"));
        assert_eq!(shown(&acts), [('S', 2, b"response".to_vec())]);
        let switch = b"\xfeclient_ed25519\0another-salt".to_vec();
        assert_eq!(shown(&login.server(3, &switch)), [('C', 2, switch)]);
        assert_eq!(
            shown(&login.client(3, b"signed")),
            [('S', 4, b"signed".to_vec())]
        );
        let acts = login.server(5, b"\x00ok");
        assert_eq!(shown(&acts), [('C', 4, b"\x00ok".to_vec())]);
        assert!(matches!(acts[1], Act::In));
    }

    #[test]
    fn the_fast_path_is_two_packets_of_the_server_in_a_row() {
        let mut login = login(Way::Plain, Keys::default(), CACHING);
        assert_eq!(
            shown(&login.server(3, b"\x01\x03")),
            [('C', 2, b"\x01\x03".to_vec())]
        );
        assert_eq!(
            shown(&login.server(4, b"\x00")),
            [('C', 3, b"\x00".to_vec())]
        );
    }

    /// P2: no password in the clear on plain TCP.
    #[test]
    fn a_password_is_encrypted_for_a_server_on_plain_tcp() {
        let key = Rsa::generate(BITS).unwrap();
        let pem = key.public_key_to_pem().unwrap();
        for (plugin, keys, request) in [
            (
                CACHING,
                Keys {
                    known: None,
                    ask: true,
                },
                &[2][..],
            ),
            (
                SHA256,
                Keys {
                    known: None,
                    ask: true,
                },
                &[1],
            ),
            (
                CACHING,
                Keys {
                    known: Some(pem.clone()),
                    ask: false,
                },
                &[],
            ),
        ] {
            let mut login = login(
                Way::Plain,
                keys,
                if plugin == SHA256 { CACHING } else { plugin },
            );
            let acts = match plugin {
                SHA256 => login.server(3, b"\xfesha256_password\0salt-of-twenty-bytes\0"),
                _ => login.server(3, b"\x01\x04"),
            };
            assert!(matches!(acts[..], [Act::Client(_)]));
            let mut acts = login.client(3, b"s3cret\0");
            if !request.is_empty() {
                assert_eq!(shown(&acts), [('S', 4, request.to_vec())], "{plugin}");
                acts = login.server(5, &[&[1], pem.as_slice()].concat());
            }
            let [('S', sequence, sealed)] = &shown(&acts)[..] else {
                panic!("{acts:?}")
            };
            assert_eq!(*sequence, if request.is_empty() { 4 } else { 6 });
            let mut opened = vec![0; key.size() as usize];
            let length = key
                .private_decrypt(sealed, &mut opened, Padding::PKCS1_OAEP)
                .unwrap();
            opened.truncate(length);
            mix(&mut opened, SALT);
            assert_eq!(opened, b"s3cret\0");
            // The client sees its turns counted as if nothing had been asked.
            let next = login.server(7, b"\x00");
            assert_eq!(shown(&next), [('C', 4, b"\x00".to_vec())]);
        }
    }

    #[test]
    fn where_a_password_would_go_in_the_clear_it_does_not_go() {
        let refusals = [
            {
                let mut login = login(Way::Plain, Keys::default(), CACHING);
                login.server(3, b"\x01\x04");
                login.client(3, b"s3cret\0")
            },
            login(Way::Plain, Keys::default(), "").server(3, b"\xfemysql_clear_password\0"),
            login(Way::Plain, Keys::default(), "").server(3, b"\xfedialog\0\x04Password: "),
            Login::new(Way::Plain, Keys::default(), "db", SALT.to_vec(), 1)
                .response(b"s3cret", proof(SHA256, b"s3cret\0")),
            Login::new(Way::Plain, Keys::default(), "db", SALT.to_vec(), 1)
                .response(b"s3cret", proof("mysql_clear_password", b"s3cret\0")),
            Login::new(Way::Plain, Keys::default(), "db", SALT.to_vec(), 1)
                .response(b"s3cret", None),
            login(Way::Plain, Keys::default(), CACHING).change_user(
                0,
                b"s3cret",
                proof("mysql_clear_password", b"s3cret\0"),
            ),
            login(Way::Plain, Keys::default(), CACHING).change_user(
                0,
                b"s3cret",
                proof(SHA256, b"s3cret\0"),
            ),
            {
                let mut login = login(Way::Plain, Keys::default(), "");
                login.change_user(0, b"change", proof("", b"scrambled"));
                login.server(1, b"\x01\x04");
                login.client(2, b"s3cret\0")
            },
        ];
        for acts in refusals {
            assert!(matches!(acts[..], [Act::Client(_), Act::Over]), "{acts:?}");
            let [('C', _, said)] = &shown(&acts)[..] else {
                panic!("{acts:?}")
            };
            assert!(!said.windows(6).any(|at| at == b"s3cret"));
        }
    }

    /// P2: nor where a session changes its user, as often as it does.
    #[test]
    fn a_change_of_user_is_a_login_of_its_own() {
        let key = Rsa::generate(BITS).unwrap();
        let pem = key.public_key_to_pem().unwrap();
        let keys = Keys {
            known: None,
            ask: true,
        };
        let mut login = login(Way::Plain, keys, "mysql_native_password");
        login.server(2, b"\x00");
        for salt in [b"another-twenty-bytes", b"and-more-of-the-same"] {
            let acts = login.change_user(0, b"change", proof(CACHING, b""));
            assert_eq!(shown(&acts), [('S', 0, b"change".to_vec())]);
            let switch = [b"\xfecaching_sha2_password\0", &salt[..], b"\0"].concat();
            assert_eq!(shown(&login.server(1, &switch)), [('C', 1, switch)]);
            let acts = login.client(2, b"scrambled");
            assert_eq!(shown(&acts), [('S', 2, b"scrambled".to_vec())]);
            let full = b"\x01\x04".to_vec();
            assert_eq!(shown(&login.server(3, &full)), [('C', 3, full)]);
            let acts = login.client(4, b"s3cret\0");
            assert_eq!(shown(&acts), [('S', 4, vec![2])]);
            let acts = login.server(5, &[&[1], pem.as_slice()].concat());
            let [('S', 6, sealed)] = &shown(&acts)[..] else {
                panic!("{acts:?}")
            };
            let mut opened = vec![0; key.size() as usize];
            let length = key
                .private_decrypt(sealed, &mut opened, Padding::PKCS1_OAEP)
                .unwrap();
            opened.truncate(length);
            mix(&mut opened, salt);
            assert_eq!(opened, b"s3cret\0");
            // Whatever comes of it, the session goes on.
            for (n, answer) in [&b"\x00"[..], b"\xff\x15\x04"].iter().enumerate() {
                let acts = login.server(7, answer);
                let to_client = 5 + n as u8;
                assert_eq!(shown(&acts), [('C', to_client, answer.to_vec())]);
                assert!(matches!(acts[1], Act::In));
            }
        }
    }

    #[test]
    fn a_client_that_asks_for_a_key_under_tls_gets_one_of_ours() {
        let mut login = login(Way::Protected, Keys::default(), CACHING);
        login.server(3, b"\x01\x04");
        let acts = login.client(3, &[2]);
        let [('C', 4, answer)] = &shown(&acts)[..] else {
            panic!("{acts:?}")
        };
        let sealed = seal(b"s3cret\0", SALT, &answer[1..]).unwrap();
        let acts = login.client(5, &sealed);
        assert_eq!(shown(&acts), [('S', 4, b"s3cret\0".to_vec())]);
        let acts = login.server(5, b"\x00");
        assert_eq!(shown(&acts), [('C', 6, b"\x00".to_vec())]);
    }

    #[test]
    fn what_is_safe_goes_through_as_it_is() {
        for way in [Way::Protected, Way::Socket] {
            let mut login = login(way, Keys::default(), CACHING);
            login.server(3, b"\x01\x04");
            let acts = login.client(3, b"s3cret\0");
            assert_eq!(shown(&acts), [('S', 4, b"s3cret\0".to_vec())]);
        }
        // A client on plain TCP that asks for the key itself.
        let mut login = login(Way::Plain, Keys::default(), CACHING);
        login.server(3, b"\x01\x04");
        assert_eq!(shown(&login.client(3, &[2])), [('S', 4, vec![2])]);
        assert_eq!(
            shown(&login.server(5, b"\x01pem")),
            [('C', 4, b"\x01pem".to_vec())]
        );
        assert_eq!(
            shown(&login.client(5, b"sealed")),
            [('S', 6, b"sealed".to_vec())]
        );
    }
}
