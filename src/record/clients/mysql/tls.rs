//! How a client of MySQL or MariaDB wants its connection encrypted.
//!
//! After sslopt-case.h, Connector/C and libmysqlclient; what MariaDB 10.11 makes of combinations was
//! measured.

use super::options::*;
use super::settings::{Table, Version};
use std::path::PathBuf;

/// Options that say how a connection is encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// It is, where the server can.
    pub wanted: bool,
    /// Or not at all.
    pub required: bool,
    /// Somebody trusted must have signed the certificate.
    pub chain: bool,
    /// And it must name the host.
    pub name: bool,
    /// Whom is trusted: a file.
    pub ca: Option<PathBuf>,
    /// A directory.
    pub ca_path: Option<PathBuf>,
    /// The client's certificate.
    pub certificate: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
    /// A file of revocation lists.
    pub crl: Option<PathBuf>,
    /// A directory of them.
    pub crl_path: Option<PathBuf>,
    /// The certificate's fingerprint.
    pub fingerprint: Option<String>,
    /// A file of fingerprints.
    pub fingerprints: Option<PathBuf>,
    /// Which versions may be spoken.
    pub versions: Option<String>,
    /// The client wants a server on the local leg to show a certificate too.
    pub local_refuses: bool,
    ciphers: bool,
    ssl: bool,
    verify: bool,
    verify_given: bool,
    mode: Option<String>,
}

impl Tls {
    /// What the option files make of it.
    pub fn of(table: &Table) -> Tls {
        let path = |name| table.named(name).map(PathBuf::from);
        Tls {
            ca: path("ssl-ca"),
            ca_path: path("ssl-capath"),
            certificate: path("ssl-cert"),
            key: path("ssl-key"),
            crl: path("ssl-crl"),
            crl_path: path("ssl-crlpath"),
            fingerprint: table.get("ssl-fp"),
            fingerprints: path("ssl-fplist"),
            versions: table.get("tls-version"),
            ciphers: table.get("ssl-cipher").is_some(),
            ssl: table.is("ssl").unwrap_or(false),
            verify: table.is("ssl-verify-server-cert").unwrap_or(false),
            mode: table.get("ssl-mode"),
            ..Tls::default()
        }
    }

    /// Takes an option among the words. Each file implies that TLS is wanted, as the clients have it.
    pub fn word(&mut self, letter: char, value: Option<&str>) -> Result<(), String> {
        let on = |value: Option<&str>| match value.map(str::to_ascii_lowercase).as_deref() {
            None | Some("1" | "true" | "on") => Ok(true),
            Some("0" | "false" | "off") => Ok(false),
            Some(_) => Err(String::new()),
        };
        // One without a name is one that cannot be read.
        let path = || value.map(PathBuf::from);
        match letter {
            SSL => self.ssl = on(value)?,
            SKIP_SSL => self.ssl = false,
            VERIFY => (self.verify, self.verify_given) = (on(value)?, true),
            SKIP_VERIFY => (self.verify, self.verify_given) = (false, true),
            SSL_MODE => self.mode = value.map(str::to_owned),
            TLS_VERSION => self.versions = value.map(str::to_owned),
            SSL_CA => self.ca = path(),
            SSL_CAPATH => self.ca_path = path(),
            SSL_CERT => self.certificate = path(),
            SSL_KEY => self.key = path(),
            SSL_CRL => self.crl = path(),
            SSL_CRLPATH => self.crl_path = path(),
            SSL_FP => self.fingerprint = value.map(str::to_owned),
            SSL_FPLIST => self.fingerprints = path(),
            CIPHERS => self.ciphers = true,
            _ => return Ok(()),
        }
        let file = [
            SSL_CA,
            SSL_CAPATH,
            SSL_CERT,
            SSL_KEY,
            SSL_CRL,
            SSL_CRLPATH,
            CIPHERS,
        ];
        if file.contains(&letter) {
            self.ssl = true;
        }
        Ok(())
    }

    /// Settles what the options mean together.
    pub fn settle(&mut self, version: Version) -> Result<(), String> {
        let trusts = self.ca.is_some() || self.ca_path.is_some();
        if version.mariadb {
            // Where verification is the default, who wants no TLS wants none of it either.
            if version.number >= (11, 4) && !self.ssl && !self.verify_given {
                self.verify = false;
            }
            self.wanted = self.ssl || self.verify;
            self.required = self.verify;
            self.name = self.verify;
            // Without TLS of its own the client does not pass its files on.
            if !self.ssl {
                (self.ca, self.ca_path, self.certificate, self.key) = (None, None, None, None);
                (self.crl, self.crl_path) = (None, None);
            }
            self.chain = self.verify || (self.ssl && trusts);
            self.local_refuses = self.verify;
        } else {
            self.settle_modes()?;
        }
        Ok(())
    }

    /// Settles what `--ssl-mode` and the files mean together, as MySQL's clients do.
    ///
    /// # Errors
    /// There is no such mode.
    pub fn settle_modes(&mut self) -> Result<(), String> {
        let trusts = self.ca.is_some() || self.ca_path.is_some();
        let mode = self.mode.as_deref().map(str::to_ascii_uppercase);
        let level = match mode.as_deref() {
            // A file of certificates raises the default.
            None if trusts => 3,
            None | Some("PREFERRED") => 1,
            Some("DISABLED") => 0,
            Some("REQUIRED") => 2,
            Some("VERIFY_CA") => 3,
            Some("VERIFY_IDENTITY") => 4,
            Some(_) => return Err(String::new()),
        };
        (self.wanted, self.required) = (level > 0, level > 1);
        (self.chain, self.name) = (level > 2, level > 3);
        self.local_refuses = level > 1;
        Ok(())
    }

    /// What rec's own TLS cannot be: why the client must make the connection itself.
    ///
    /// # Errors
    /// The reason.
    pub fn possible(&self, version: Version, tcp: bool) -> Result<(), &'static str> {
        if !self.wanted {
            return Ok(());
        }
        if self.ciphers {
            return Err("its list of ciphers is one that only OpenSSL understands");
        }
        let pinned = self.fingerprint.is_some() || self.fingerprints.is_some();
        let trusts = self.ca.is_some() || self.ca_path.is_some();
        if version.mariadb && version.number >= (11, 4) {
            if self.verify && tcp && !pinned && !trusts {
                return Err(
                    "without a CA this client checks the server's certificate by the password \
                     itself, which rec does not have (--ssl-ca=FILE names one)",
                );
            }
            if !self.verify && (trusts || pinned) {
                return Err("it names a CA and asks for no verification");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::record::clients::mysql::settings::tests::{EIGHT, ELEVEN, TEN, settings};

    /// Measured with MariaDB 10.11.
    #[test]
    fn what_mariadb_asks_of_a_certificate() {
        for (line, (wanted, required, chain, name)) in [
            ("", (true, false, false, false)),
            ("--skip-ssl", (false, false, false, false)),
            ("--ssl=0", (false, false, false, false)),
            ("--ssl-ca=a", (true, false, true, false)),
            ("--skip-ssl --ssl-ca=a", (true, false, true, false)),
            ("--ssl-ca=a --skip-ssl", (false, false, false, false)),
            ("--ssl-verify-server-cert", (true, true, true, true)),
            (
                "--skip-ssl --ssl-verify-server-cert",
                (true, true, true, true),
            ),
            (
                "--ssl-ca=a --ssl-verify-server-cert --skip-ssl-verify-server-cert",
                (true, false, true, false),
            ),
        ] {
            let tls = settings(TEN, "ssl=TRUE", line, &[]).tls;
            let found = (tls.wanted, tls.required, tls.chain, tls.name);
            assert_eq!(found, (wanted, required, chain, name), "{line}");
        }
    }

    #[test]
    fn what_mysql_asks_of_a_certificate() {
        for (line, (wanted, required, chain, name)) in [
            ("", (true, false, false, false)),
            ("--ssl-mode=DISABLED", (false, false, false, false)),
            ("--ssl-mode=required", (true, true, false, false)),
            ("--ssl-ca=a", (true, true, true, false)),
            (
                "--ssl-ca=a --ssl-mode=PREFERRED",
                (true, false, false, false),
            ),
            ("--ssl-mode=VERIFY_IDENTITY", (true, true, true, true)),
        ] {
            let tls = settings(EIGHT, "", line, &[]).tls;
            let found = (tls.wanted, tls.required, tls.chain, tls.name);
            assert_eq!(found, (wanted, required, chain, name), "{line}");
        }
    }

    #[test]
    fn where_rec_cannot_stand_in_the_client_goes_alone() {
        let zero = "ssl=TRUE\nssl-verify-server-cert=TRUE";
        for (version, rows, line, possible) in [
            (ELEVEN, zero, "-h db", false),
            (ELEVEN, zero, "-h db --ssl-ca=a", true),
            (ELEVEN, zero, "-S /s", true),
            (ELEVEN, zero, "-h db --skip-ssl", true),
            (ELEVEN, zero, "-h db --skip-ssl-verify-server-cert", true),
            (
                ELEVEN,
                zero,
                "-h db --ssl-ca=a --skip-ssl-verify-server-cert",
                false,
            ),
            (
                TEN,
                "ssl=TRUE",
                "-h db --ssl-ca=a --skip-ssl-verify-server-cert",
                true,
            ),
            (TEN, "ssl=TRUE", "-h db --ssl-cipher=AES128-SHA", false),
            (EIGHT, "", "-h db --tls-ciphersuites=x", false),
        ] {
            let found = settings(version, rows, line, &[]);
            let can = found.tls.possible(version, found.tcp).is_ok();
            assert_eq!(can, possible, "{version:?} {line}");
        }
    }
}
