//! libpq's password file, for a client that connects to a socket in the server's place.
//!
//! After `passwordFromFile` of fe-connect.c: `host:port:database:user:password`, the first line that
//! fits wins, a backslash takes the next character as it is.

use zeroize::Zeroizing;

/// A host as the file may name it, and the directory that stands in its place.
pub struct Stand<'a> {
    /// What libpq would look for.
    pub host: &'a str,
    /// What it looks for now.
    pub dir: &'a str,
}

/// The file with a line more before each that names one of the hosts, for the directory in its
/// place; `None` where no line does, and the file itself serves as well.
pub fn rekeyed(text: &[u8], stands: &[Stand<'_>]) -> Option<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() * 2));
    let mut any = false;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        for stand in stands {
            let Some(rest) = behind(line, stand.host) else {
                continue;
            };
            any = true;
            for byte in stand.dir.bytes() {
                if matches!(byte, b':' | b'\\') {
                    out.push(b'\\');
                }
                out.push(byte);
            }
            out.extend_from_slice(rest);
            if !rest.ends_with(b"\n") {
                out.push(b'\n');
            }
        }
        out.extend_from_slice(line);
    }
    any.then_some(out)
}

/// The ports that it names for `host`.
pub fn ports(text: &[u8], host: &str) -> Vec<u16> {
    let lines = text.split(|byte| *byte == b'\n');
    let ports = lines.filter_map(|line| {
        let port = behind(line, host)?.split(|byte| *byte == b':').nth(1)?;
        std::str::from_utf8(port).ok()?.parse().ok()
    });
    ports.collect()
}

/// The line from the colon behind `host` on, where that is its first field, as `pwdfMatchesString`
/// reads it: colons of an address need no backslash. A comment names nobody; a `*` fits whatever is
/// looked for and needs no second line.
fn behind<'a>(line: &'a [u8], host: &str) -> Option<&'a [u8]> {
    if line.starts_with(b"#") {
        return None;
    }
    let mut rest = line;
    for byte in host.bytes() {
        rest = rest.strip_prefix(b"\\").unwrap_or(rest);
        rest = rest.strip_prefix(&[byte])?;
    }
    rest.starts_with(b":").then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_a_host_is_there_a_second_time_for_its_socket() {
        let stands = [
            Stand {
                host: "db",
                dir: "/run/t/db",
            },
            Stand {
                host: "::1",
                dir: "/run/t/::1",
            },
            Stand {
                host: "localhost",
                dir: "/run/t/pg\\x",
            },
        ];
        let text = b"# mine\ndb:5432:*:ada:one\nother:*:*:*:two\n*:*:app:*:three\n\\:\\:1:5:a:b:fo\\:ur\nlocalhost:*:*:*:five";
        let wanted = "# mine\n/run/t/db:5432:*:ada:one\ndb:5432:*:ada:one\nother:*:*:*:two\n\
                      *:*:app:*:three\n/run/t/\\:\\:1:5:a:b:fo\\:ur\n\\:\\:1:5:a:b:fo\\:ur\n\
                      /run/t/pg\\\\x:*:*:*:five\nlocalhost:*:*:*:five";
        let rekeyed = rekeyed(text, &stands).unwrap();
        assert_eq!(std::str::from_utf8(&rekeyed).unwrap(), wanted);
    }

    #[test]
    fn the_ports_of_a_host_are_those_of_its_lines() {
        let text = b"db:5432:*:ada:5499\nother:6432:*:a:p\ndb:*:*:a:p\ndb:6543:a:b:c\ndb:x:a\ndb\n";
        assert_eq!(ports(text, "db"), [5432, 6543]);
    }

    #[test]
    fn an_address_is_known_with_and_without_backslashes() {
        let stands = [Stand {
            host: "::1",
            dir: "/d",
        }];
        for line in ["::1:5:a:b:pw\n", "\\:\\:1:5:a:b:pw\n", ":\\:1:5:a:b:pw\n"] {
            let rekeyed = rekeyed(line.as_bytes(), &stands).unwrap();
            let wanted = format!("/d:5:a:b:pw\n{line}");
            assert_eq!(std::str::from_utf8(&rekeyed).unwrap(), wanted);
        }
        for line in ["::1", "::12:5:a:b:pw", "#::1:5:a:b:pw", "\\"] {
            assert!(super::rekeyed(line.as_bytes(), &stands).is_none(), "{line}");
        }
    }

    #[test]
    fn a_file_that_names_none_of_them_is_left_alone() {
        let stands = [Stand {
            host: "db",
            dir: "/run/t/db",
        }];
        for text in ["", "*:*:*:*:one\n", "#db:1:2:3:4\n", "dbx:1:2:3:4\n", "db"] {
            assert!(rekeyed(text.as_bytes(), &stands).is_none(), "{text}");
        }
    }
}
