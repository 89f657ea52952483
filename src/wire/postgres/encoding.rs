//! The session's `client_encoding`: every text of the conversation is in it.

use crate::wire::utf8;
use encoding_rs as rs;
use std::borrow::Cow;

/// How text is encoded.
#[derive(Clone, Copy)]
pub(super) enum Encoding {
    /// UTF8, and SQL_ASCII, where nobody says what bytes beyond ASCII mean: mostly it is UTF-8.
    Utf8,
    /// LATIN1, which the Encoding Standard has no decoder for.
    Latin1,
    /// One that the Encoding Standard knows.
    Standard(&'static rs::Encoding),
    /// One that nobody decodes here (EUC_TW, JOHAB, MULE_INTERNAL): ASCII is read.
    Ascii,
}

impl Encoding {
    /// By the server's name for it (PostgreSQL documentation, "Character Set Support").
    pub fn named(name: &str) -> Encoding {
        Encoding::Standard(match name {
            "UTF8" | "UNICODE" | "SQL_ASCII" => return Encoding::Utf8,
            "LATIN1" => return Encoding::Latin1,
            "LATIN2" => rs::ISO_8859_2,
            "LATIN3" => rs::ISO_8859_3,
            "LATIN4" => rs::ISO_8859_4,
            "LATIN5" => rs::WINDOWS_1254,
            "LATIN6" => rs::ISO_8859_10,
            "LATIN7" => rs::ISO_8859_13,
            "LATIN8" => rs::ISO_8859_14,
            "LATIN9" => rs::ISO_8859_15,
            "LATIN10" => rs::ISO_8859_16,
            "ISO_8859_5" => rs::ISO_8859_5,
            "ISO_8859_6" => rs::ISO_8859_6,
            "ISO_8859_7" => rs::ISO_8859_7,
            "ISO_8859_8" => rs::ISO_8859_8,
            "WIN866" => rs::IBM866,
            "WIN874" => rs::WINDOWS_874,
            "WIN1250" => rs::WINDOWS_1250,
            "WIN1251" => rs::WINDOWS_1251,
            "WIN1252" => rs::WINDOWS_1252,
            "WIN1253" => rs::WINDOWS_1253,
            "WIN1254" => rs::WINDOWS_1254,
            "WIN1255" => rs::WINDOWS_1255,
            "WIN1256" => rs::WINDOWS_1256,
            "WIN1257" => rs::WINDOWS_1257,
            "WIN1258" => rs::WINDOWS_1258,
            "KOI8R" => rs::KOI8_R,
            "KOI8U" => rs::KOI8_U,
            "EUC_JP" | "EUC_JIS_2004" => rs::EUC_JP,
            "SJIS" | "SHIFT_JIS_2004" => rs::SHIFT_JIS,
            "EUC_CN" | "GBK" => rs::GBK,
            "GB18030" => rs::GB18030,
            "EUC_KR" | "UHC" => rs::EUC_KR,
            "BIG5" => rs::BIG5,
            _ => return Encoding::Ascii,
        })
    }

    /// `bytes` as text. What is no text becomes U+FFFD.
    pub fn text<'a>(self, bytes: &'a [u8]) -> Cow<'a, str> {
        match self {
            Encoding::Utf8 => utf8(bytes),
            Encoding::Latin1 => rs::mem::decode_latin1(bytes),
            Encoding::Standard(encoding) => encoding.decode_without_bom_handling(bytes).0,
            Encoding::Ascii => match std::str::from_utf8(bytes) {
                Ok(text) if text.is_ascii() => Cow::Borrowed(text),
                _ => bytes
                    .iter()
                    .map(|&byte| match byte.is_ascii() {
                        true => char::from(byte),
                        false => char::REPLACEMENT_CHARACTER,
                    })
                    .collect(),
            },
        }
    }

    /// The beginning of a longer text: a character that was cut in two at its end is left out.
    pub fn beginning<'a>(self, bytes: &'a [u8]) -> Cow<'a, str> {
        let text = match self {
            Encoding::Utf8 => {
                return self.text(bytes.get(..whole_utf8(bytes)).unwrap_or(bytes));
            }
            _ => self.text(bytes),
        };
        match text.strip_suffix(char::REPLACEMENT_CHARACTER) {
            Some(whole) => Cow::Owned(whole.to_owned()),
            None => text,
        }
    }
}

/// The length of `bytes` without a character that lacks its end.
fn whole_utf8(bytes: &[u8]) -> usize {
    let cut = bytes
        .iter()
        .rev()
        .take(3)
        .enumerate()
        .find_map(|(behind, byte)| {
            let wanted = match byte {
                0xc0..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf7 => 4,
                0x80..=0xbf => return None,
                _ => 1,
            };
            Some(if wanted > behind + 1 { behind + 1 } else { 0 })
        });
    bytes.len() - cut.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_in_client_encoding_and_not_always_utf8() {
        for (name, bytes, text) in [
            ("UTF8", &b"na\xc3\xafve"[..], "naïve"),
            ("SQL_ASCII", b"na\xc3\xafve", "naïve"),
            ("LATIN1", b"na\xefve", "naïve"),
            ("LATIN9", b"\xa4", "€"),
            ("WIN1251", b"\xcf\xf0\xe8", "При"),
            ("KOI8R", b"\xf0\xd2\xc9", "При"),
            ("SJIS", b"\x93\xfa\x96\x7b", "日本"),
            ("EUC_JP", b"\xc6\xfc\xcb\xdc", "日本"),
            ("GB18030", b"\xd6\xd0", "中"),
            ("BIG5", b"\xa4\xa4", "中"),
            ("UHC", b"\xc7\xd1", "한"),
            ("MULE_INTERNAL", b"a\x92b", "a\u{fffd}b"),
        ] {
            assert_eq!(Encoding::named(name).text(bytes), text, "{name}");
        }
    }

    #[test]
    fn a_character_cut_in_two_is_left_out() {
        assert_eq!(Encoding::Utf8.beginning(b"a\xe2\x82"), "a");
        assert_eq!(Encoding::Utf8.beginning(b"a\xff\xe2"), "a\u{fffd}");
        assert_eq!(Encoding::named("SJIS").beginning(b"a\x93"), "a");
    }
}
