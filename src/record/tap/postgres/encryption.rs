//! libpq's parameters of encryption, settled: which files, and what rec's own TLS cannot be.

use super::wrapper::home;
use super::{Encryption, SslMode};
use crate::record::clients::settings::Settings;
use crate::record::tap::Aside;
use crate::record::tap::tls::Versions;
use std::fs;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Settles them.
///
/// # Errors
/// libpq refuses them, or they ask for something that only libpq can do.
pub fn of(settings: &mut Settings) -> Result<Encryption, Aside> {
    let mode = match settings.get("sslmode") {
        None | Some("prefer") => SslMode::Prefer,
        Some("disable") => SslMode::Disable,
        Some("allow") => SslMode::Allow,
        Some("require") => SslMode::Require,
        Some("verify-ca") => SslMode::VerifyCa,
        Some("verify-full") => SslMode::VerifyFull,
        Some(_) => return Err(Aside::Silent),
    };
    let system = settings.get("sslrootcert") == Some("system");
    // `system` makes verify-full the default, and is refused with less.
    let mode = match (system, settings.get("sslmode")) {
        (false, _) => mode,
        (true, None | Some("verify-full")) => SslMode::VerifyFull,
        (true, Some(_)) => return Err(Aside::Silent),
    };
    let direct = match settings.get("sslnegotiation") {
        None | Some("postgres") => false,
        Some("direct") if mode >= SslMode::Require => true,
        Some(_) => return Err(Aside::Silent),
    };
    let own = |name: &str| home().map(|home| home.join(".postgresql").join(name));
    let file = |keyword, name| match settings.get(keyword) {
        Some(file) => Some(PathBuf::from(file)),
        None => own(name),
    };
    let crl_dir = settings.get("sslcrldir").map(PathBuf::from);
    let crl = match settings.get("sslcrl") {
        None if crl_dir.is_some() => None,
        _ => file("sslcrl", "root.crl"),
    };
    let (root, certificate, key) = (
        file("sslrootcert", "root.crt"),
        file("sslcert", "postgresql.crt"),
        file("sslkey", "postgresql.key"),
    );
    let shows_certificate = settings.get("sslcertmode") != Some("disable");
    let given_key = settings.get("sslkey").unwrap_or_default().to_owned();
    let sni = settings.get("sslsni") != Some("0");
    let versions = versions(settings)?;
    let password = settings.take("sslpassword").map(Zeroizing::new);
    if shows_certificate && mode != SslMode::Disable {
        let used = certificate.as_deref().is_some_and(Path::exists);
        if used && given_key.contains(':') {
            return Err(Aside::Because(
                "its key is held by an engine that only the client itself can ask".to_owned(),
            ));
        }
        if used && password.is_none() && key.as_deref().is_some_and(is_encrypted) {
            return Err(Aside::Because(
                "its key is encrypted, and the client itself asks for the password (with \
                 sslpassword, in a service file for instance, the connection is recorded, too)"
                    .to_owned(),
            ));
        }
    }
    Ok(Encryption {
        mode,
        direct,
        root,
        system,
        crl,
        crl_dir,
        certificate,
        key,
        password,
        shows_certificate,
        sni,
        versions,
    })
}

/// Versions before 1.2 are not spoken; a server that is to be spoken to in one of those only is the
/// client's own affair.
fn versions(settings: &Settings) -> Result<Versions, Aside> {
    let number = |keyword, default| match settings.get(keyword) {
        None => Ok(default),
        Some(version) => match version.to_ascii_lowercase().as_str() {
            "tlsv1" => Ok(0),
            "tlsv1.1" => Ok(1),
            "tlsv1.2" => Ok(2),
            "tlsv1.3" => Ok(3),
            _ => Err(Aside::Silent),
        },
    };
    let least = number("ssl_min_protocol_version", 2)?;
    let most = number("ssl_max_protocol_version", 3)?;
    if least > most {
        return Err(Aside::Silent);
    }
    if most < 2 {
        return Err(Aside::Because(
            "it asks for a version of TLS that rec does not speak (before 1.2)".to_owned(),
        ));
    }
    Ok(Versions {
        one_two: least <= 2,
        one_three: most == 3,
    })
}

/// Whether a key's file, in PEM, says that it is encrypted.
fn is_encrypted(key: &Path) -> bool {
    let bytes = Zeroizing::new(fs::read(key).unwrap_or_default());
    let has = |word: &[u8]| bytes.windows(word.len()).any(|at| at == word);
    has(b"ENCRYPTED")
}
