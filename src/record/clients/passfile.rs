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
        if let Some((host, rest)) = first_field(line) {
            for stand in stands.iter().filter(|stand| host == stand.host.as_bytes()) {
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
        }
        out.extend_from_slice(line);
    }
    any.then_some(out)
}

/// The first field without its backslashes, and the rest of the line from its colon on. Comments
/// have none; a `*` fits whatever is looked for and needs no second line.
fn first_field(line: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    if line.starts_with(b"#") {
        return None;
    }
    let mut field = Vec::new();
    let mut bytes = line.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b':' => return Some((field, line.get(at..)?)),
            b'\\' => field.extend(bytes.next().map(|(_, byte)| *byte)),
            byte => field.push(*byte),
        }
    }
    None
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
