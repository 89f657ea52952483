//! A certificate authority of the tests' own.

use super::tools::{run, tool};
use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::symm::Cipher;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

const DAY: i64 = 86_400;

/// An authority, its files and those of what it signed.
pub struct Authority {
    dir: TempDir,
    key: PKey<Private>,
    certificate: X509,
}

/// What is signed.
pub struct Subject<'a> {
    /// The common name.
    pub name: &'a str,
    /// Alternative names: `DNS:a`, `IP:::1`. Without any the certificate is of version 1.
    pub others: &'a [&'a str],
    /// The days in which it is valid, from today.
    pub days: (i64, i64),
}

/// A certificate and its key, in files.
pub struct Signed {
    /// The certificate.
    pub certificate: PathBuf,
    /// The key, mode 0600.
    pub key: PathBuf,
    pair: PKey<Private>,
}

impl Signed {
    /// The key in another file, encrypted with `password`.
    pub fn encrypted(&self, password: &str) -> PathBuf {
        let file = self.key.with_extension("enc");
        let pem = self
            .pair
            .private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), password.as_bytes());
        private(&file, &pem.unwrap());
        file
    }
}

impl Authority {
    /// A new one.
    pub fn new(name: &str) -> Authority {
        let dir = tempfile::Builder::new()
            .prefix("rec-ca-")
            .tempdir()
            .unwrap();
        let key = new_key();
        let subject = Subject {
            name,
            others: &[],
            days: (-1, 30),
        };
        let certificate = sign(&subject, &key, None);
        fs::write(dir.path().join("root.crt"), certificate.to_pem().unwrap()).unwrap();
        private(
            &dir.path().join("root.key"),
            &key.private_key_to_pem_pkcs8().unwrap(),
        );
        Authority {
            dir,
            key,
            certificate,
        }
    }

    /// Its own certificate.
    pub fn root(&self) -> String {
        self.dir
            .path()
            .join("root.crt")
            .to_str()
            .unwrap()
            .to_owned()
    }

    /// Signs.
    pub fn sign(&self, file: &str, subject: &Subject<'_>) -> Signed {
        let pair = new_key();
        let certificate = sign(subject, &pair, Some((&self.certificate, &self.key)));
        let path = self.dir.path().join(format!("{file}.crt"));
        fs::write(&path, certificate.to_pem().unwrap()).unwrap();
        let key = self.dir.path().join(format!("{file}.key"));
        private(&key, &pair.private_key_to_pem_pkcs8().unwrap());
        Signed {
            certificate: path,
            key,
            pair,
        }
    }

    /// A list that revokes `certificates`.
    pub fn revoke(&self, certificates: &[&Path]) -> String {
        let at = |name: &str| self.dir.path().join(name);
        let config = format!(
            "[ca]\ndefault_ca=own\n[own]\ndatabase={}\ncrlnumber={}\ndefault_md=sha256\n\
             default_crl_days=30\n",
            at("index").display(),
            at("number").display()
        );
        fs::write(at("ca.conf"), config).unwrap();
        fs::write(at("index"), "").unwrap();
        fs::write(at("number"), "01\n").unwrap();
        let ca = || {
            let mut command = Command::new(tool("openssl", "openssl"));
            command
                .args(["ca", "-batch", "-config"])
                .arg(at("ca.conf"))
                .arg("-keyfile")
                .arg(at("root.key"))
                .arg("-cert")
                .arg(at("root.crt"));
            command
        };
        for certificate in certificates {
            run(ca().arg("-revoke").arg(certificate));
        }
        run(ca().arg("-gencrl").arg("-out").arg(at("root.crl")));
        at("root.crl").to_str().unwrap().to_owned()
    }
}

fn private(file: &Path, bytes: &[u8]) {
    fs::write(file, bytes).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

fn new_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn sign(subject: &Subject<'_>, key: &PKey<Private>, by: Option<(&X509, &PKey<Private>)>) -> X509 {
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_nid(Nid::COMMONNAME, subject.name)
        .unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    let mut serial = BigNum::new().unwrap();
    serial.rand(64, MsbOption::MAYBE_ZERO, false).unwrap();
    builder
        .set_serial_number(&Asn1Integer::from_bn(&serial).unwrap())
        .unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    let day = |day: i64| Asn1Time::from_unix(now + day * DAY).unwrap();
    builder.set_not_before(&day(subject.days.0)).unwrap();
    builder.set_not_after(&day(subject.days.1)).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_pubkey(key).unwrap();
    let issuer = by.map_or(&*name, |(certificate, _)| certificate.subject_name());
    builder.set_issuer_name(issuer).unwrap();
    // Version 1, unless there is something to say that only version 3 can.
    builder.set_version(0).unwrap();
    if by.is_none() {
        builder.set_version(2).unwrap();
        let ca = BasicConstraints::new().critical().ca().build().unwrap();
        builder.append_extension(ca).unwrap();
    }
    if !subject.others.is_empty() {
        builder.set_version(2).unwrap();
        let mut names = SubjectAlternativeName::new();
        for other in subject.others {
            match other.split_once(':').unwrap() {
                ("IP", address) => names.ip(address),
                (_, host) => names.dns(host),
            };
        }
        let context = builder.x509v3_context(by.map(|(certificate, _)| &**certificate), None);
        let names = names.build(&context).unwrap();
        builder.append_extension(names).unwrap();
    }
    let signer = by.map_or(key, |(_, key)| key);
    builder.sign(signer, MessageDigest::sha256()).unwrap();
    builder.build()
}
