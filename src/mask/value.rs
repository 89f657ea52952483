//! What a value looks like: a type, prose, something random, a known harmless shape.

use super::bytes::{at, contains, cut, from};

/// Whether an unquoted `value` is code: a path, a member, a type of its own.
pub(crate) fn is_code_name(value: &[u8]) -> bool {
    let value = value.trim_ascii_end();
    let value = value
        .strip_suffix(b",")
        .or_else(|| value.strip_suffix(b";"))
        .unwrap_or(value);
    let letters = |c: &u8| c.is_ascii_alphabetic() || matches!(c, b'_' | b'.' | b':');
    let camel = value.first().is_some_and(u8::is_ascii_uppercase)
        && value.iter().skip(1).any(u8::is_ascii_lowercase);
    contains(value, b"::")
        || value.iter().all(letters) && (camel || value.contains(&b'.') && !value.ends_with(b"."))
}

/// Whether `value` names a type, as in `token: string` or `password VARCHAR(255)`.
pub(crate) fn is_type(value: &[u8]) -> bool {
    const TYPES: &[&[u8]] = &[
        b"secretstr",
        b"secretstring",
        b"secretbytes",
        b"securestring",
        b"varchar",
        b"character",
        b"char",
        b"text",
        b"string",
        b"str",
        b"bytea",
        b"uuid",
        b"int",
        b"integer",
        b"bigint",
        b"smallint",
        b"tinyint",
        b"blob",
        b"binary",
        b"varbinary",
        b"nvarchar",
        b"varchar2",
        b"clob",
        b"json",
        b"jsonb",
        b"boolean",
        b"bool",
        b"timestamp",
        b"date",
        b"datetime",
        b"citext",
        b"inet",
        b"numeric",
        b"number",
        b"double",
        b"float",
        b"real",
        b"enum",
        b"longtext",
        b"mediumtext",
        b"tinytext",
        b"serial",
        b"bigserial",
        b"nchar",
        b"image",
        b"bit",
        b"decimal",
        b"time",
        b"object",
        b"array",
        b"bytes",
        b"name",
        b"oid",
        b"xml",
        b"u8",
        b"u16",
        b"u32",
        b"u64",
        b"u128",
        b"i8",
        b"i16",
        b"i32",
        b"i64",
        b"i128",
        b"usize",
        b"isize",
        b"f32",
        b"f64",
        b"__u32",
        b"__u64",
        b"c_int",
        b"c_char",
        b"size_t",
        b"int32",
        b"int64",
        b"uint32",
        b"uint64",
        b"mut",
        b"option",
        b"vec",
        b"secretstring",
        b"const",
    ];
    let value = value.trim_ascii_start();
    let value = value
        .strip_prefix(b"*")
        .or_else(|| value.strip_prefix(b"&"))
        .unwrap_or(value);
    let word = value
        .split(|c| !c.is_ascii_alphanumeric() && *c != b'_')
        .next()
        .unwrap_or_default();
    TYPES.iter().any(|t| word.eq_ignore_ascii_case(t))
}

/// Whether `word` is one of the small words of English: no password, so what stands before it is no
/// assignment but prose.
pub(crate) fn is_stop_word(word: &[u8]) -> bool {
    const WORDS: &str = "to but and or is the for in with if when option options can will must not as on by from was \
        are may should of that which multiple times a an it its this be has have does do you your use used using set \
        sets after before file files string value name without only also then than into at so no all any each \
        argument arg source user user-id key-id password passphrase command program number n \
        would could were been same instead specified given required via through over";
    let word = word.trim_ascii_end();
    let word = word.strip_suffix(b"]").unwrap_or(word);
    let word = word
        .strip_suffix(b",")
        .or_else(|| word.strip_suffix(b"."))
        .unwrap_or(word);
    WORDS.split_ascii_whitespace().any(|w| word == w.as_bytes())
}

/// Whether `value` is a sentence: three plain words or more.
pub(crate) fn is_prose(value: &[u8]) -> bool {
    let words = value.split(|c| *c == b' ').filter(|w| !w.is_empty());
    let mut count = 0;
    for word in words {
        let bare = word.trim_ascii_end();
        let bare = bare
            .strip_suffix(b",")
            .or_else(|| bare.strip_suffix(b"."))
            .or_else(|| bare.strip_suffix(b":"))
            .unwrap_or(bare);
        let bare = bare.strip_prefix(b"(").unwrap_or(bare);
        let bare = bare.strip_suffix(b")").unwrap_or(bare);
        if !bare
            .iter()
            .all(|c| c.is_ascii_alphabetic() || matches!(c, b'\'' | b'-' | b'"' | b'/'))
        {
            return count >= 4;
        }
        count += 1;
    }
    count >= 3
}

/// Whether `value` looks as if a machine had drawn it: long enough, letters and digits mixed, no
/// path, no date, no UUID, no dotted version or host name.
pub(crate) fn is_random(value: &[u8]) -> bool {
    if value.len() < 12 || value.len() > 4096 || is_uuid(value) || is_time(value) {
        return false;
    }
    let digits = value.iter().filter(|c| c.is_ascii_digit()).count();
    let letters = value.iter().filter(|c| c.is_ascii_alphabetic()).count();
    let others = value.len() - digits - letters;
    let upper = value.iter().any(u8::is_ascii_uppercase);
    let lower = value.iter().any(u8::is_ascii_lowercase);
    if letters == 0
        || others * 4 > value.len()
        || value.iter().any(|c| {
            matches!(
                c,
                b' ' | b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b',' | b';' | b'\\'
            )
        })
    {
        return false;
    }
    if digits == 0 && !upper && others == 0 {
        return value.len() >= 22;
    }
    if digits == 0 {
        return value.len() >= 20
            && upper
            && lower
            && others == 0
            && humps(value) * 5 > value.len() * 2;
    }
    let slashes = value.iter().filter(|c| **c == b'/').count();
    if slashes > 1 && !upper || value.starts_with(b"/") && slashes > 2 || contains(value, b"://") {
        return false;
    }
    entropy(value) > if value.len() < 20 { 2.8 } else { 3.0 }
}

/// `2026-05-04T11:22:33Z`
pub(crate) fn is_time(value: &[u8]) -> bool {
    value.get(..10).is_some_and(|day| {
        day.iter().enumerate().all(|(i, c)| match i {
            4 | 7 => matches!(c, b'-' | b'/'),
            _ => c.is_ascii_digit(),
        })
    })
}

/// How often case changes: `someCamelCase` seldom, base64 often.
fn humps(value: &[u8]) -> usize {
    value
        .windows(2)
        .filter(|w| at(w, 0).is_ascii_lowercase() != at(w, 1).is_ascii_lowercase())
        .count()
}

/// Whether `value` is a UUID.
pub(crate) fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(i, c)| match i {
            8 | 13 | 18 | 23 => *c == b'-',
            _ => c.is_ascii_hexdigit(),
        })
}

/// Whether `value` is a number, a size, a duration, or a date.
pub(crate) fn is_plain_number(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let body = value.trim_ascii_end();
    let unit = body
        .iter()
        .rev()
        .take_while(|c| c.is_ascii_alphabetic() || **c == b'%')
        .count();
    let number = cut(body, 0, body.len() - unit);
    unit <= 2
        && !number.is_empty()
        && number
            .iter()
            .all(|c| c.is_ascii_digit() || matches!(c, b'.' | b',' | b'-' | b'+' | b':' | b' '))
}

/// Shannon entropy in bits a byte.
pub(crate) fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for c in value {
        if let Some(count) = counts.get_mut(usize::from(*c)) {
            *count += 1;
        }
    }
    let total = value.len() as f64;
    let bits = counts.iter().filter(|n| **n > 0).map(|n| {
        let p = f64::from(*n) / total;
        -p * p.log2()
    });
    bits.sum()
}

/// Whether `value` is only hexadecimal digits.
pub(crate) fn is_hex(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(u8::is_ascii_hexdigit)
}

/// The scheme of a stored password hash, `$2b$`, `$6$`, `{SSHA}`, `pbkdf2_sha256$`, `SCRAM-SHA-256$`.
pub(crate) fn is_password_hash(value: &[u8]) -> bool {
    // SCRAM-SHA-256$<iterations>:<salt>$…: a manual says what one is made of.
    if value.contains(&b'<') {
        return false;
    }
    const STARTS: &[&[u8]] = &[
        b"$1$",
        b"$2a$",
        b"$2b$",
        b"$2y$",
        b"$5$",
        b"$6$",
        b"$7$",
        b"$y$",
        b"$gy$",
        b"$apr1$",
        b"$argon2",
        b"$scrypt$",
        b"$pbkdf2",
        b"$sha1$",
        b"$P$",
        b"$H$",
        b"$S$",
        b"$md5",
        b"$8$",
        b"$9$",
        b"$14$",
        b"{SSHA",
        b"{SHA",
        b"{SMD5}",
        b"{MD5}",
        b"{CRYPT}",
        b"{PBKDF2",
        b"pbkdf2_sha",
        b"pbkdf2:sha",
        b"bcrypt$",
        b"argon2$",
        b"scrypt:",
        b"SCRAM-SHA-",
        b"sha1$",
        b"sha256$",
        b"$A$005$",
    ];
    value.len() > 12
        && matches!(at(value, 0), b'$' | b'{' | b'p' | b'b' | b'a' | b's' | b'S')
        && STARTS.iter().any(|s| value.starts_with(s))
        && !from(value, 3).contains(&b' ')
        && (!value.starts_with(b"SCRAM") || value.contains(&b'$'))
        && value.iter().filter(|c| c.is_ascii_alphanumeric()).count() > 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_is_told_from_names_paths_and_uuids() {
        for random in [
            "d71aa3191e37835c8564",
            "JfHS1JZAN1Pnd8b1VzqbRI7u",
            "q3P5vUBnZjK5TQ1CEL0n",
        ] {
            assert!(is_random(random.as_bytes()), "{random}");
        }
        for plain in [
            "product_id",
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            "/usr/share/doc/x11",
            "orders_status_idx",
            "someCamelCaseNameHere",
        ] {
            assert!(!is_random(plain.as_bytes()), "{plain}");
        }
    }
}
