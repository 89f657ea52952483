//! What libpq takes in place of a database's name: `key=value` strings and URIs.
//!
//! After `conninfo_parse` and `conninfo_uri_parse_options` of fe-connect.c. A password is passed over
//! and kept nowhere.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// What a conninfo sets, by keyword; never a password. Not `Debug`: one of them opens a key.
#[derive(Clone, Default)]
pub struct Conninfo(BTreeMap<String, String>);

impl Conninfo {
    /// What is set for `keyword`.
    pub fn get(&self, keyword: &str) -> Option<&str> {
        self.0.get(keyword).map(String::as_str)
    }

    /// Takes what is set for `keyword`.
    pub fn take(&mut self, keyword: &str) -> Option<String> {
        self.0.remove(keyword)
    }

    /// Sets it. A password is passed over.
    pub fn set(&mut self, keyword: &str, value: String) {
        if keyword != "password" {
            self.0.insert(keyword.to_owned(), value);
        }
    }

    /// Whether libpq takes `text` for more than a database's name.
    pub fn is_one(text: &str) -> bool {
        uri(text).is_some() || text.contains('=')
    }

    /// Reads either form; `None` where libpq refuses it.
    pub fn parse(text: &str) -> Option<Conninfo> {
        let mut info = Conninfo::default();
        match uri(text) {
            Some(rest) => info.read_uri(rest)?,
            None => info.read_pairs(text)?,
        }
        Some(info)
    }

    /// What `over` sets, else what `self` sets.
    pub fn overridden_by(mut self, over: Conninfo) -> Conninfo {
        self.0.extend(over.0);
        self
    }

    /// `text` with more behind it, which comes before what it says itself.
    pub fn appended(text: &str, more: &[(&str, &str)]) -> String {
        let mut text = text.to_owned();
        let is_uri = uri(&text).is_some();
        for (keyword, value) in more {
            if is_uri {
                text.push(if text.contains('?') { '&' } else { '?' });
                text.push_str(keyword);
                text.push('=');
                text.push_str(&encoded(value));
            } else {
                let value = value.replace('\\', "\\\\").replace('\'', "\\'");
                text.push_str(&format!(" {keyword}='{value}'"));
            }
        }
        text
    }

    /// The URI of `places`, hosts with their ports. There is no TLS to be had there.
    pub fn uri(places: &str, dbname: &str, user: Option<&str>) -> String {
        let user = user.map_or_else(String::new, |user| format!("{}@", encoded(user)));
        let dbname = encoded(dbname);
        format!("postgresql://{user}{places}/{dbname}?sslmode=disable")
    }

    fn read_pairs(&mut self, text: &str) -> Option<()> {
        let mut chars = text.chars().peekable();
        loop {
            skip_blanks(&mut chars);
            if chars.peek().is_none() {
                return Some(());
            }
            let mut key = String::new();
            while let Some(c) = chars.next_if(|c| *c != '=' && !blank(*c)) {
                key.push(c);
            }
            skip_blanks(&mut chars);
            chars.next_if_eq(&'=')?;
            skip_blanks(&mut chars);
            let value = value(&mut chars)?;
            self.set(&key, value);
        }
    }

    /// `[user[:password]@][host][:port][,…][/dbname][?key=value&…]`
    fn read_uri(&mut self, rest: &str) -> Option<()> {
        let mut rest = rest;
        if let Some(at) = rest
            .find(['@', '/'])
            .filter(|at| rest.get(*at..*at + 1) == Some("@"))
        {
            let (login, after) = rest.split_at(at);
            let user = login.split(':').next().unwrap_or(login);
            self.set_decoded("user", user)?;
            rest = after.strip_prefix('@')?;
        }
        let (place, query) = match rest.split_once('?') {
            Some((place, query)) => (place, Some(query)),
            None => (rest, None),
        };
        let (hosts, dbname) = place.split_once('/').unwrap_or((place, ""));
        let (names, ports): (Vec<&str>, Vec<&str>) = hosts
            .split(',')
            .map(host)
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .unzip();
        self.set_decoded("host", &names.join(","))?;
        self.set_decoded("port", &ports.join(","))?;
        self.set_decoded("dbname", dbname)?;
        for pair in query.into_iter().flat_map(|query| query.split('&')) {
            if pair.is_empty() {
                continue;
            }
            let (key, value) = pair.split_once('=')?;
            self.set(&decoded(key)?, decoded(value)?);
        }
        Some(())
    }

    fn set_decoded(&mut self, key: &str, value: &str) -> Option<()> {
        if !value.is_empty() {
            self.set(key, decoded(value)?);
        }
        Some(())
    }
}

fn uri(text: &str) -> Option<&str> {
    text.strip_prefix("postgresql://")
        .or_else(|| text.strip_prefix("postgres://"))
}

/// As isspace(3).
fn blank(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{b}'
}

fn skip_blanks(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(|c| blank(*c)).is_some() {}
}

/// Up to a blank, or quoted; a backslash takes the next character as it is.
fn value(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let quoted = chars.next_if_eq(&'\'').is_some();
    let mut value = String::new();
    loop {
        match chars.peek() {
            None if quoted => return None,
            None => return Some(value),
            Some('\'') if quoted => {
                chars.next();
                return Some(value);
            }
            Some(c) if !quoted && blank(*c) => return Some(value),
            Some('\\') => {
                chars.next();
                value.extend(chars.next());
            }
            Some(_) => value.extend(chars.next()),
        }
    }
}

/// Name and port of one host of a URI.
fn host(text: &str) -> Option<(&str, &str)> {
    let (name, after) = match text.strip_prefix('[') {
        Some(address) => address.split_once(']')?,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    match after.strip_prefix(':') {
        Some(port) => Some((name, port)),
        None => after.is_empty().then_some((name, "")),
    }
}

/// What is no letter, digit or harmless mark of `text` percent-encoded.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Percent-decoding; `None` for what is no hexadecimal, for NUL, and for what is then no text.
pub fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'%' => {
                let digits = [char::from(rest.next()?), char::from(rest.next()?)];
                let [high, low] = digits.map(|digit| digit.to_digit(16));
                u8::try_from(high? * 16 + low?)
                    .ok()
                    .filter(|byte| *byte != 0)?
            }
            byte => byte,
        };
        bytes.push(byte);
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `host|hostaddr|port|dbname|user|service`, or nothing where libpq refuses.
    fn read(text: &str) -> String {
        let Some(info) = Conninfo::parse(text) else {
            return String::new();
        };
        ["host", "hostaddr", "port", "dbname", "user", "service"]
            .map(|keyword| info.get(keyword).unwrap_or_default())
            .join("|")
    }

    #[test]
    fn pairs() {
        for (text, wanted) in [
            ("host=a port=5 dbname=d user=u", "a||5|d|u|"),
            (" host = a\tuser\n=\nu ", "a||||u|"),
            ("host='a b' user='it\\'s' dbname=a\\ b", "a b|||a b|it's|"),
            ("host=a host=b", "b|||||"),
            ("host= user=u", "user=u|||||"),
            ("hostaddr=10.0.0.1 service=prod", "|10.0.0.1||||prod"),
            ("password='s3cret host=x' host=a", "a|||||"),
            ("sslmode=require", "|||||"),
            ("host", ""),
            ("host=a user", ""),
            ("host='a", ""),
        ] {
            assert_eq!(read(text), wanted, "{text}");
        }
        // Blanks after the sign belong to no value, so an empty one is quoted, or the last.
        assert_eq!(Conninfo::parse("host=''").unwrap().get("host"), Some(""));
    }

    #[test]
    fn uris() {
        for (text, wanted) in [
            ("postgresql://", "|||||"),
            ("postgres://a", "a|||||"),
            ("postgresql://a:5433/d", "a||5433|d||"),
            ("postgresql://u@a/d", "a|||d|u|"),
            ("postgresql://u:s3cret@a/d", "a|||d|u|"),
            ("postgresql://:s3cret@a/d", "a|||d||"),
            ("postgresql://u%40corp:p%2Fw@a/my%20db", "a|||my db|u@corp|"),
            ("postgresql:///d", "|||d||"),
            ("postgresql:///d?host=/var/run&port=5", "/var/run||5|d||"),
            ("postgresql://%2Fvar%2Frun/d", "/var/run|||d||"),
            ("postgresql://a,b:2,[::1]:3/d", "a,b,::1||,2,3|d||"),
            ("postgresql://[2001:db8::1]/d?user=u", "2001:db8::1|||d|u|"),
            ("postgresql://a?dbname=d&password=s3cret", "a|||d||"),
            ("postgresql://a?service=s&", "a|||||s"),
            ("postgresql://[::1", ""),
            ("postgresql://[::1]x/d", ""),
            ("postgresql://a/%00", ""),
            ("postgresql://a/%4", ""),
            ("postgresql://a/%zz", ""),
            ("postgresql://a?dbname", ""),
        ] {
            assert_eq!(read(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_name_is_none() {
        for (text, wanted) in [
            ("app", false),
            ("", false),
            ("a=b", true),
            ("postgres://", true),
        ] {
            assert_eq!(Conninfo::is_one(text), wanted, "{text}");
        }
    }

    #[test]
    fn no_password_stays() {
        for text in [
            "host=a password=s3cret",
            "postgres://u:s3cret@a/d?password=s3cret",
        ] {
            let info = Conninfo::parse(text).unwrap();
            assert!(info.0.values().all(|value| !value.contains("s3cret")));
        }
    }

    #[test]
    fn what_is_appended_comes_first() {
        let more = [
            ("host", "/run/a b's\\c,/run/d"),
            ("hostaddr", ""),
            ("port", "5"),
        ];
        for text in [
            "",
            "host=a port=7 hostaddr=10.0.0.1",
            "postgresql://ada@a:7/d",
            "postgres://a/d?hostaddr=10.0.0.1&port=7",
        ] {
            let info = Conninfo::parse(&Conninfo::appended(text, &more)).unwrap();
            for (keyword, value) in more {
                assert_eq!(info.get(keyword), Some(value), "{text}");
            }
        }
    }

    #[test]
    fn every_beginning_is_read_without_a_panic() {
        for text in [
            "postgresql://u%40:p@[::1]:5,bé:6/d%C3%A9?host=%2Fx&port=5",
            "host = 'a\\' é' port=5 user=é\\ü",
        ] {
            for (at, _) in text.char_indices() {
                let _ = Conninfo::parse(&text[..at]);
                let _ = Conninfo::parse(&text[at..]);
            }
        }
    }
}
