//! libpq's service file: sections of parameters.
//!
//! After `parseServiceFile` of fe-connect.c.

use super::conninfo::Conninfo;

/// The longest line libpq takes.
const LINE_MAX: usize = 1023;

/// What a file says of a service.
pub enum Service {
    /// These parameters.
    Found(Conninfo),
    /// Nothing.
    Missing,
    /// Something that libpq refuses.
    Wrong,
    /// A directory server is to be asked, which rec does not do.
    Ldap,
}

/// Looks `name` up in the text of a file.
pub fn service(text: &str, name: &str) -> Service {
    let mut found: Option<Conninfo> = None;
    for line in text.lines() {
        if line.len() > LINE_MAX {
            return Service::Wrong;
        }
        let line = line.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}');
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(section) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            if section
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(']'))
            {
                found = Some(Conninfo::default());
            }
            continue;
        }
        let Some(info) = &mut found else { continue };
        if line.starts_with("ldap") {
            return Service::Ldap;
        }
        let Some((keyword, value)) = line.split_once('=') else {
            return Service::Wrong;
        };
        // Nested services are refused, too.
        if keyword == "service" || keyword == "servicefile" {
            return Service::Wrong;
        }
        // The first of two wins here, unlike in a conninfo.
        if info.get(keyword).is_none() {
            info.set(keyword, value.to_owned());
        }
    }
    found.map_or(Service::Missing, Service::Found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, name: &str) -> String {
        match service(text, name) {
            Service::Found(info) => ["host", "port", "dbname", "sslmode"]
                .map(|keyword| info.get(keyword).unwrap_or_default())
                .join("|"),
            Service::Missing => "missing".to_owned(),
            Service::Wrong => "wrong".to_owned(),
            Service::Ldap => "ldap".to_owned(),
        }
    }

    #[test]
    fn sections() {
        let text = "# all of them\n\n[prod]\nhost=db\nport=5\npassword=s3cret\n  dbname=app \n\
                    [test]\r\nhost=a b\r\nhost=c\r\n[bad]\nhost\n[prod]\nsslmode=require\n\
                    [far]\nldap://directory/x\n[nest]\nservice=prod\n";
        for (name, wanted) in [
            ("prod", "db|5|app|"),
            ("test", "a b|||"),
            ("bad", "wrong"),
            ("far", "ldap"),
            ("nest", "wrong"),
            ("pro", "missing"),
            ("none", "missing"),
        ] {
            assert_eq!(read(text, name), wanted, "{name}");
        }
        let Service::Found(info) = service(text, "prod") else {
            panic!("prod is there");
        };
        assert_eq!(info.get("password"), None);
    }
}
