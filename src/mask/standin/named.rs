//! What says where a value is, or what belongs there, instead of being one: a path, an address, an
//! option, a word of a synopsis.

use crate::mask::bytes::{at, cut, find, from};

/// Endings of files that hold keys, certificates, passwords or settings.
const ENDINGS: &str = "
    pem key crt cer csr der p12 pfx p8 jks bcfks keystore truststore keytab ppk gpg asc pub age
    kdbx json yaml yml toml xml conf cnf cfg ini env txt list db sock rs py go ts js rb php java
    sh sql md html service properties";

/// Where files lie that programs are told of.
const ROOTS: &str = "
    /run/ /var/ /opt/ /srv/ /usr/ /home/ /root/ /mnt/ /etc/ /tmp/ /vault/ /certs/ /secrets/
    /config/ /app/ /data/ /dev/ /proc/ /boot/ /users/";

/// `/home/kim/client.key`, `certs/server.pem`, `$dir/private/ca.key`, `/admin/users`.
pub(super) fn is_path(value: &[u8]) -> bool {
    let signs = |c: &u8| c.is_ascii_alphanumeric() || b"._-/\\$@:~{}%+".contains(c);
    if value.len() < 3 || !value.iter().all(signs) {
        return false;
    }
    let slash = |c: &u8| matches!(c, b'/' | b'\\');
    let Some(last) = value.rsplit(slash).next().filter(|l| l.len() < value.len()) else {
        return false;
    };
    // https://…, user:secret@host/x
    if find(value, 0, b"://").is_some() || value.contains(&b'@') && at(value, 0) != b'@' {
        return false;
    }
    let ending = last.iter().rposition(|c| *c == b'.');
    let ending = ending.map(|dot| from(last, dot + 1).to_ascii_lowercase());
    let file = ending.is_some_and(|ending| {
        ENDINGS
            .split_ascii_whitespace()
            .any(|e| e.as_bytes() == ending)
    });
    let forward: Vec<u8> = value
        .iter()
        .map(|c| {
            if *c == b'\\' {
                b'/'
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect();
    let parts = || forward.split(|c| *c == b'/').skip(1);
    let rooted = ROOTS
        .split_ascii_whitespace()
        .any(|root| forward.starts_with(root.as_bytes()))
        && parts().filter(|part| !part.is_empty()).count() >= 2;
    // `/app`, `/admin/users`
    let plain = |part: &[u8]| {
        part.iter()
            .all(|c| c.is_ascii_lowercase() || b"_-".contains(c))
    };
    let small = at(value, 0) == b'/'
        && value.split(|c| *c == b'/').all(plain)
        && value.iter().any(u8::is_ascii_alphabetic);
    file || rooted || small
}

/// `http://backend:8080`, `unix:/run/php.sock`: a place on the net that names nobody.
pub(super) fn is_address(value: &[u8]) -> bool {
    let Some(scheme) = find(value, 0, b"://") else {
        return value.strip_prefix(b"unix:").is_some_and(is_path) || is_host(value);
    };
    let name = cut(value, 0, scheme);
    let rest = from(value, scheme + 3);
    // A long run of digits is an identifier, and may be all that opens the door.
    let mut digits = 0;
    let plain = |c: &u8| {
        digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
        (c.is_ascii_lowercase() || c.is_ascii_digit() || b"-./_:;,".contains(c)) && digits <= 5
    };
    !name.is_empty()
        && name.iter().all(u8::is_ascii_lowercase)
        && !rest.is_empty()
        && rest.iter().all(plain)
}

/// `npm_12…`: only its first letters are left.
pub(super) fn is_shortened(value: &[u8]) -> bool {
    let left = value
        .strip_suffix("…".as_bytes())
        .or_else(|| value.strip_suffix(b"..."));
    left.is_some_and(|left| left.len() <= 8)
}

/// `localhost:873`, `db1.example.net:5432`
fn is_host(value: &[u8]) -> bool {
    let colon = value.iter().position(|c| *c == b':').unwrap_or(value.len());
    let (host, port) = (cut(value, 0, colon), from(value, colon + 1));
    let known = host == b"localhost" || host.contains(&b'.');
    known
        && host
            .iter()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-.".contains(c))
        && (2..=5).contains(&port.len())
        && port.iter().all(u8::is_ascii_digit)
}

/// `systemd-creds(1)`: a page of the manual.
pub(super) fn is_page(value: &[u8]) -> bool {
    let value = value.strip_suffix(b",").unwrap_or(value);
    let open = value.iter().position(|c| *c == b'(').unwrap_or(0);
    let section = from(value, open + 1).strip_suffix(b")").unwrap_or_default();
    open > 1
        && at(section, 0).is_ascii_digit()
        && section.len() <= 4
        && section.iter().skip(1).all(u8::is_ascii_lowercase)
        && cut(value, 0, open)
            .iter()
            .all(|c| c.is_ascii_alphanumeric() || b"_-.+:@".contains(c))
}

/// `PATH|base64:HEX`: what a synopsis lets one choose from.
pub(super) fn is_alternative(value: &[u8]) -> bool {
    let word = |word: &[u8]| {
        word.iter()
            .all(|c| c.is_ascii_alphanumeric() || b"_-:".contains(c))
    };
    let capital = |word: &[u8]| word.len() >= 3 && word.iter().all(u8::is_ascii_uppercase);
    let mut words = value.split(|c| *c == b'|');
    value.contains(&b'|') && words.next().is_some_and(capital) && words.all(word)
}

/// `-a`, `--password-stdin`: an option that a message speaks of.
pub(super) fn is_option(value: &[u8]) -> bool {
    let name = value.strip_prefix(b"--").unwrap_or_default();
    let words = || name.split(|c| *c == b'-');
    value.len() == 2 && at(value, 1).is_ascii_alphabetic()
        || name.len() >= 3
            && words().all(|word| word.len() >= 2 && word.iter().all(u8::is_ascii_lowercase))
}

/// `[OPTIONS]`, `[args]...`, `[--`: what a synopsis leaves to the reader.
pub(super) fn is_bracketed(value: &[u8]) -> bool {
    let body = value.strip_prefix(b"[").unwrap_or_default();
    let body = body.strip_suffix(b"...").unwrap_or(body);
    let inner = body.strip_suffix(b"]").unwrap_or_default();
    let signs = |c: &u8| b"_-| .".contains(c);
    let upper = inner.iter().all(|c| c.is_ascii_uppercase() || signs(c));
    let lower = inner.iter().all(|c| c.is_ascii_lowercase() || signs(c));
    value == b"[--" || !inner.is_empty() && (upper || lower)
}

/// `new_password`, `current_auth_string`: what a manual writes in the place of one.
pub(super) fn is_meant_new(value: &[u8]) -> bool {
    const FIRST: &[&[u8]] = &[
        b"new", b"old", b"current", b"your", b"some", b"auth", b"the",
    ];
    const LAST: &[&[u8]] = &[
        b"password",
        b"passwd",
        b"pwd",
        b"passphrase",
        b"string",
        b"secret",
        b"token",
        b"key",
    ];
    let mut words = value.split(|c| matches!(c, b'_' | b'-'));
    let first = words.next().is_some_and(|word| FIRST.contains(&word));
    let last = words.next_back().is_some_and(|word| LAST.contains(&word));
    first && last && words.all(|word| !word.is_empty() && word.iter().all(u8::is_ascii_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_secrets() {
        for path in [
            "/home/kim/client.key",
            "certs/server.pem",
            "$dir/private/cakey.pem",
            "/app",
            "/etc",
            "/admin/users",
            "/srv/shop/Token2",
            "C:\\\\certs\\\\site.pfx",
            "../keys/id.ppk",
        ] {
            assert!(is_path(path.as_bytes()), "{path}");
        }
        for secret in [
            "/Zimt9",
            "a/b7Qz+k==",
            "Zimt9.key",
            "kim:Zimt9@db/x.json",
            "wJalr/XUtnFEMI/K7MDENG",
            "/",
        ] {
            assert!(!is_path(secret.as_bytes()), "{secret}");
        }
    }

    #[test]
    fn an_address_names_nobody() {
        for address in [
            "http://backend:8080",
            "https://sso.example.net/oauth2/token",
            "unix:/run/php/php-fpm.sock",
            "redis://r1:6379/0",
            "localhost:873",
            "db1.example.net:5432",
        ] {
            assert!(is_address(address.as_bytes()), "{address}");
        }
        for other in [
            "https://kim:Zimt9@h",
            "https://h/hooks/T0AB/B1",
            "https://h/x?key=1",
            "https://h/4711081512",
            "Zimt://x",
        ] {
            assert!(!is_address(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn words_of_a_manual_are_no_secrets() {
        for word in ["[OPTIONS]", "[args]...", "[--", "[new-password]"] {
            assert!(is_bracketed(word.as_bytes()), "{word}");
        }
        assert!(is_page(b"systemd-creds(1)") && is_page(b"pam_systemd(8),"));
        assert!(!is_page(b"Zimt(9") && !is_page(b"Zimt(2005)"));
        assert!(is_alternative(b"PATH|base64:HEX") && !is_alternative(b"pipe|pipe"));
        assert!(!is_alternative(b"Zimt|9") && !is_alternative(b"ZIMT"));
        assert!(!is_bracketed(b"[Zimt]"));
        assert!(is_option(b"-a") && is_option(b"--password-stdin"));
        assert!(!is_option(b"-Zimt9") && !is_option(b"--x9"));
        assert!(is_meant_new(b"current_auth_string") && is_meant_new(b"new-password"));
        assert!(!is_meant_new(b"newZimt9") && !is_meant_new(b"new-zimt"));
    }
}
