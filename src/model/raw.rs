//! Events as they stand in a piece, borrowed and unread: for who decides by a glance whether
//! reading them is worth it.
//!
//! Only the form that [`super::codec::encode`] writes is understood. What stands otherwise may be
//! sound all the same, so `None` here says "read it properly", not "it is damaged".

use super::codec::{BODY_MAX, HEADER_MAX};

/// An event that was found and not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw<'a> {
    /// Its kind's letter or name, as in the header's `k`.
    pub kind: &'a [u8],
    /// The header line, without its newline.
    pub header: &'a [u8],
    /// What of the header follows the kind and the length, from a comma or the closing brace on.
    pub fields: &'a [u8],
    /// The raw bytes behind the header.
    pub data: &'a [u8],
}

/// The first event of `bytes`, which are not empty, and what follows it; `None` where it does not
/// stand there as it is usually written.
pub fn split(bytes: &[u8]) -> Option<(Raw<'_>, &[u8])> {
    let window = bytes.get(..HEADER_MAX).unwrap_or(bytes);
    let (header, rest) = bytes.split_at_checked(memchr::memchr(b'\n', window)?)?;
    let rest = rest.get(1..)?;
    let (_, after) = number(header.strip_prefix(br#"{"t":"#)?)?;
    let after = after.strip_prefix(br#","k":""#)?;
    let (kind, fields) = after.split_at_checked(memchr::memchr(b'"', after)?)?;
    let fields = fields.get(1..)?;
    if !header.ends_with(b"}") || kind.contains(&b'\\') {
        return None;
    }
    let Some(length) = fields.strip_prefix(br#","n":"#) else {
        // Where the length stood elsewhere, what follows would be taken for events. In a text this
        // can not stand: its quotes are escaped.
        if memchr::memmem::find(fields, br#""n":"#).is_some() {
            return None;
        }
        let data = &[];
        let raw = Raw {
            kind,
            header,
            fields,
            data,
        };
        return Some((raw, rest));
    };
    let (length, fields) = number(length)?;
    let length = usize::try_from(length).ok()?;
    if length > BODY_MAX {
        return None;
    }
    let (data, rest) = rest.split_at_checked(length)?;
    let raw = Raw {
        kind,
        header,
        fields,
        data,
    };
    Some((raw, rest.strip_prefix(b"\n")?))
}

/// The number that `bytes` begin with, and what follows it.
pub fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = bytes.split_at_checked(digits)?;
    let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_otherwise_is_not_guessed_at() {
        type Found<'a> = Option<(&'a [u8], &'a [u8])>;
        let table: &[(&[u8], Found<'_>)] = &[
            (
                b"{\"t\":1,\"k\":\"o\",\"n\":2}\nab\nrest",
                Some((b"ab", b"rest")),
            ),
            (b"{\"t\":1,\"k\":\"pause\"}\n", Some((b"", b""))),
            (b"{\"t\":1,\"k\":\"o\",\"n\":2}\nab", None),
            (b"{\"t\":1,\"k\":\"o\",\"n\":2}\nabc\n", None),
            (b"{\"t\":1,\"k\":\"o\",\"n\":99999999}\nab\n", None),
            (b"{\"t\":1,\"k\":\"s\",\"fd\":1,\"n\":2}\nab\n", None),
            (b"{\"k\":\"o\",\"t\":1,\"n\":2}\nab\n", None),
            (b"{\"t\":1,\"k\":\"\\u006f\",\"n\":2}\nab\n", None),
            (b"{\"t\":1,\"k\":\"o\",\"n\":2\nab\n", None),
            (b"\n", None),
            (b"", None),
        ];
        for (bytes, expected) in table {
            let found = split(bytes).map(|(raw, rest)| (raw.data, rest));
            assert_eq!(found, *expected, "{}", bytes.escape_ascii());
        }
    }
}
