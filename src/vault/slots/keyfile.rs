//! Identity files: age, age behind a passphrase, age plugins, SSH; and public keys, which are
//! enough to add a slot.

use super::super::seal::Identity;
use super::super::{Ask, Error};
use age::ssh;
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use zeroize::Zeroizing;

/// The largest file that may be a key.
const FILE_MAX: u64 = 1 << 20;

/// How often a passphrase may be tried.
const TRIES: usize = 3;

type Recipients = Vec<Box<dyn age::Recipient + Send>>;
type Identities = Vec<Box<dyn age::Identity + Send + Sync>>;

/// A file that may hold keys, before any passphrase is asked for.
pub struct KeyFile {
    name: String,
    inside: Inside,
}

enum Inside {
    /// Native age identities, plugin identities.
    Age(Zeroizing<Vec<u8>>),
    /// An age identity file, itself sealed with a passphrase.
    Sealed(Vec<u8>),
    /// An SSH private key.
    Ssh(Box<ssh::Identity>),
    /// A public key, age or SSH.
    Public(String),
}

impl KeyFile {
    /// Reads `path`.
    ///
    /// # Errors
    /// [`Error::BadIdentity`] where it is no key; nothing of the file is in the message.
    pub fn read(path: &Path) -> Result<KeyFile, Error> {
        let mut bytes = Zeroizing::new(Vec::new());
        File::open(path)
            .and_then(|file| file.take(FILE_MAX).read_to_end(&mut bytes))
            .map_err(Error::io("read the key in", path))?;
        let name = path.display().to_string();
        let inside = inside(&bytes, &name).map_err(|why| Error::BadIdentity {
            path: path.to_owned(),
            why,
        })?;
        Ok(KeyFile { name, inside })
    }

    /// The native age identities, which need neither a passphrase nor a plugin.
    pub fn native(&self) -> Vec<Identity> {
        let Inside::Age(bytes) = &self.inside else {
            return Vec::new();
        };
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        text.lines().filter_map(Identity::parse).collect()
    }

    /// Whether opening it takes a passphrase.
    pub fn asks(&self) -> bool {
        match &self.inside {
            Inside::Sealed(_) => true,
            Inside::Ssh(key) => matches!(**key, ssh::Identity::Encrypted(_)),
            Inside::Age(_) | Inside::Public(_) => false,
        }
    }

    /// Whether all it has is for age plugins: their program holds the key, or leads to it.
    pub fn is_plugin(&self) -> bool {
        matches!(self.inside, Inside::Age(_)) && self.native().is_empty()
    }

    /// Whether its key opens an age file; `None` where that takes a passphrase, a plugin or the other
    /// half of the key.
    pub fn opens(&self, sealed: &[u8]) -> Option<bool> {
        use super::super::seal::decrypt;
        match &self.inside {
            Inside::Ssh(key) if !self.asks() => Some(decrypt(&**key, sealed).is_ok()),
            Inside::Age(_) => {
                let keys = self.native();
                let opens = || keys.iter().any(|key| decrypt(key.age(), sealed).is_ok());
                (!keys.is_empty()).then(opens)
            }
            Inside::Ssh(_) | Inside::Sealed(_) | Inside::Public(_) => None,
        }
    }

    /// What to seal to, so that this file's key opens it.
    pub fn recipients(&self) -> Result<Recipients, Error> {
        let bad = |why: String| self.bad(why);
        match &self.inside {
            Inside::Age(bytes) => age::IdentityFile::from_buffer(bytes.as_slice())
                .map_err(|e| bad(e.to_string()))?
                .to_recipients()
                .map_err(|e| bad(e.to_string())),
            Inside::Sealed(_) => Err(bad(
                "its public key is behind its passphrase; give the public key (age1…) in a file"
                    .to_owned(),
            )),
            Inside::Ssh(key) => {
                let recipient = ssh::Recipient::try_from((**key).clone());
                let recipient = recipient
                    .map_err(|_| bad("this SSH key type is not supported by age".to_owned()))?;
                Ok(vec![Box::new(recipient)])
            }
            Inside::Public(line) => public(line).map_err(bad),
        }
    }

    /// The identities, a passphrase asked for where one is needed.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when nobody answered; [`Error::BadIdentity`] after the last wrong
    /// passphrase.
    pub fn identities(&self, ask: &mut dyn Ask) -> Result<Identities, Error> {
        match &self.inside {
            Inside::Age(bytes) => age::IdentityFile::from_buffer(bytes.as_slice())
                .map_err(|e| self.bad(e.to_string()))?
                .into_identities()
                .map_err(|e| self.bad(e.to_string())),
            Inside::Public(_) => Err(self.bad("it is a public key, which opens nothing".into())),
            Inside::Ssh(key) => match &**key {
                ssh::Identity::Encrypted(key) => {
                    let open =
                        self.with_passphrase(ask, |passphrase| key.decrypt(passphrase).ok())?;
                    Ok(vec![Box::new(ssh::Identity::from(open))])
                }
                key => Ok(vec![Box::new(key.clone())]),
            },
            Inside::Sealed(bytes) => {
                let open = self.with_passphrase(ask, |passphrase| {
                    let identity = age::scrypt::Identity::new(passphrase);
                    super::super::seal::decrypt(&identity, bytes).ok()
                })?;
                age::IdentityFile::from_buffer(open.as_slice())
                    .map_err(|e| self.bad(e.to_string()))?
                    .into_identities()
                    .map_err(|e| self.bad(e.to_string()))
            }
        }
    }

    fn with_passphrase<T>(
        &self,
        ask: &mut dyn Ask,
        open: impl Fn(age::secrecy::SecretString) -> Option<T>,
    ) -> Result<T, Error> {
        if !ask.present() {
            return Err(self.bad("it has a passphrase, and there is no terminal to ask on".into()));
        }
        for _ in 0..TRIES {
            let question = format!("Passphrase of {}", self.name);
            let passphrase = ask.passphrase(&question).ok_or(Error::Cancelled)?;
            if let Some(open) = open(passphrase) {
                return Ok(open);
            }
            ask.tell("that passphrase does not open it");
        }
        Err(self.bad("the passphrase does not open it".into()))
    }

    fn bad(&self, why: String) -> Error {
        Error::BadIdentity {
            path: self.name.clone().into(),
            why,
        }
    }
}

fn inside(bytes: &Zeroizing<Vec<u8>>, name: &str) -> Result<Inside, String> {
    if bytes.starts_with(super::super::seal::MAGIC) {
        return Ok(Inside::Sealed(bytes.to_vec()));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
    if text.contains("-----BEGIN ") {
        let key = ssh::Identity::from_buffer(bytes.as_slice(), Some(name.to_owned()));
        return match key {
            Ok(ssh::Identity::Unsupported(ssh::UnsupportedKey::Type(kind))) => Err(format!(
                "SSH keys of the kind {kind} are not supported by age"
            )),
            Ok(ssh::Identity::Unsupported(ssh::UnsupportedKey::Hardware(_))) => {
                Err("its key is in a hardware token, which age cannot use for this".to_owned())
            }
            Ok(ssh::Identity::Unsupported(_)) => Err(other_form(name)),
            Ok(key) => Ok(Inside::Ssh(Box::new(key))),
            Err(_) if text.contains("PRIVATE KEY-----") => Err(other_form(name)),
            Err(e) => Err(e.to_string()),
        };
    }
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .ok_or_else(|| "it is empty".to_owned())?;
    if first.starts_with("age1") || first.starts_with("ssh-") {
        return Ok(Inside::Public(first.to_owned()));
    }
    match age::IdentityFile::from_buffer(bytes.as_slice()) {
        Ok(_) => Ok(Inside::Age(bytes.clone())),
        Err(e) => Err(e.to_string()),
    }
}

/// Of a key in PEM or PKCS#8, or under a cipher, that age does not read. ssh-keygen does.
fn other_form(name: &str) -> String {
    format!(
        "age does not read an SSH key in this form (ssh-keygen -p -f {name} writes it in OpenSSH's own)"
    )
}

/// What to seal to, for a line that is a public key: age, SSH or of an age plugin.
pub fn public(line: &str) -> Result<Recipients, String> {
    if line
        .get(..4)
        .is_some_and(|kind| kind.eq_ignore_ascii_case("age-"))
    {
        return Err("it is a secret one, which is nobody's but its owner's".to_owned());
    }
    if let Ok(recipient) = line.parse::<age::x25519::Recipient>() {
        return Ok(vec![Box::new(recipient)]);
    }
    if let Ok(recipient) = line.parse::<ssh::Recipient>() {
        return Ok(vec![Box::new(recipient)]);
    }
    let plugin = line
        .parse::<age::plugin::Recipient>()
        .map_err(|_| "this kind of public key is not supported by age".to_owned())?;
    let name = plugin.plugin().to_owned();
    age::plugin::RecipientPluginV1::new(&name, &[plugin], &[], age::NoCallbacks)
        .map(|plugin| -> Recipients { vec![Box::new(plugin)] })
        .map_err(|e| e.to_string())
}

/// The text of a plain identity file.
fn plain(identities: &[&Identity]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(
        "# the key of a rec vault: whoever can read this file can read the vault\n".to_owned(),
    );
    for identity in identities {
        text.push_str(&super::content(identity));
    }
    text
}

/// Puts identities in the place of those in a plain file.
pub fn replace_plain(path: &Path, identities: &[&Identity]) -> Result<(), Error> {
    super::super::dir::replace(path, plain(identities).as_bytes())
}

/// Writes an identity as `age-keygen` does, mode 0600, never over another file.
pub fn write_plain(path: &Path, identity: &Identity) -> Result<(), Error> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)
        .map_err(|e| Error::io("create the key in", path)(e.into()))?;
    let text = plain(&[identity]);
    let mut file = File::from(file);
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(Error::io("write the key to", path))?;
    path.parent().map_or(Ok(()), super::super::dir::sync)
}
