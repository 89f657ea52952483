//! Text in the character set that the connection or a column has.

use crate::wire::utf8;
use encoding_rs::Encoding;
use mysql_common::collations::{Collation, CollationId};
use std::borrow::Cow;

/// A character set, as far as reading it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// None: bytes.
    Binary,
    /// UTF-8, and what is not known.
    Utf8,
    /// Another.
    Other(&'static Encoding),
}

/// Names of MySQL that the Encoding Standard does not know, beside those it calls the same.
const LABELS: &[(&str, &str)] = &[
    ("latin1", "windows-1252"),
    ("latin2", "iso-8859-2"),
    ("latin5", "windows-1254"),
    ("latin7", "iso-8859-13"),
    ("cp1250", "windows-1250"),
    ("cp1251", "windows-1251"),
    ("cp1256", "windows-1256"),
    ("cp1257", "windows-1257"),
    ("cp866", "ibm866"),
    ("koi8r", "koi8-r"),
    ("koi8u", "koi8-u"),
    ("greek", "iso-8859-7"),
    ("hebrew", "iso-8859-8"),
    ("tis620", "windows-874"),
    ("ujis", "euc-jp"),
    ("eucjpms", "euc-jp"),
    ("cp932", "shift_jis"),
    ("euckr", "euc-kr"),
    ("macroman", "macintosh"),
    ("ucs2", "utf-16be"),
    ("utf16", "utf-16be"),
    ("utf16le", "utf-16le"),
];

impl Charset {
    /// That of a collation's number.
    pub fn of(collation: u16) -> Charset {
        let id = CollationId::from(collation);
        Charset::named(Collation::resolve(id).charset())
    }

    /// That of a character set's name.
    pub fn named(name: &str) -> Charset {
        if name == "binary" {
            return Charset::Binary;
        }
        // As almost always, and for each column: told without a search.
        if name.starts_with("utf8") {
            return Charset::Utf8;
        }
        let label = LABELS.iter().find(|(own, _)| *own == name);
        let label = label.map_or(name, |(_, label)| label);
        match Encoding::for_label(label.as_bytes()) {
            Some(encoding) if encoding != encoding_rs::UTF_8 => Charset::Other(encoding),
            _ => Charset::Utf8,
        }
    }

    /// `bytes` as text. A character whose end was cut off is left out.
    pub fn text(self, bytes: &[u8], cut: bool) -> Cow<'_, str> {
        match self {
            Charset::Other(encoding) => encoding.decode_without_bom_handling(bytes).0,
            Charset::Binary | Charset::Utf8 => utf8(if cut { whole(bytes) } else { bytes }),
        }
    }
}

/// `bytes` without the beginning of a UTF-8 character at their end.
pub fn whole(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).unwrap_or_default()
        }
        _ => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_in_its_own_character_set() {
        for (collation, bytes, text) in [
            (45, "grün €".as_bytes(), "grün €"),
            (8, b"gr\xfcn \x80", "grün €"),
            (63, b"plain", "plain"),
            (28, b"\xd6\xd0", "中"),
            (13, b"\x93\xfa", "日"),
            (54, b"\x00a\x20\xac", "a€"),
            (11, b"ascii", "ascii"),
            (0, "ü".as_bytes(), "ü"),
            // MariaDB's own, from 10.10 on.
            (2304, "ü".as_bytes(), "ü"),
        ] {
            assert_eq!(Charset::of(collation).text(bytes, false), text);
        }
        assert_eq!(Charset::Utf8.text(b"a\xe2\x82", true), "a");
        assert_eq!(Charset::Utf8.text(b"a\xe2\x82", false), "a\u{fffd}");
    }
}
