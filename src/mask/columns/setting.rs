//! Rows that name a setting and hold its value: `smtp_password | x`, in tables of two columns and more.

use super::push;
use crate::mask::bytes::{at, cut, trim};
use crate::mask::names::{Named, Strength};
use crate::mask::span::{Class, Span};
use crate::mask::standin::is_placeholder;
use crate::mask::value::{is_plain_number, is_type};

/// What a cell is that stands behind the name of a setting that holds a secret.
pub(crate) const SETTING: Named = Named::secret(Strength::Strong, Class::Password);

/// A cell that names a secret, and the value in the cell behind it: settings kept as rows.
pub(super) fn key_value(line: &[u8], cells: &[(usize, usize)], spans: &mut Vec<Span>) {
    let pairs = cells.iter().zip(cells.iter().skip(1));
    for ((start, end), (from, to)) in pairs {
        let name = cut(line, *start, *end).trim_ascii();
        let value = cut(line, *from, *to).trim_ascii();
        if is_setting(name, value, cells.len()) {
            push(line, *from, *to, SETTING, spans);
        }
        // ssl_passphrase_command | echo x
        let printed = name
            .strip_suffix(b"_command")
            .filter(|name| judge_key(name));
        if let Some(said) = printed.and_then(|_| value.strip_prefix(b"echo "))
            && !is_placeholder(said)
        {
            let (_, end) = trim(line, *from, *to);
            push(line, end - said.len(), end, SETTING, spans);
        }
    }
    default_of_column(line, cells, spans);
}

/// `jwt_secret|x`, `smtp_password<tab>x`: the row of a table of settings, as sqlite, `psql -At` and `mysql -N`
/// write it. Only a value that no name looks like is one. Whether the line is such a row.
pub(super) fn unaligned(line: &[u8], spans: &mut Vec<Span>) -> bool {
    let single = |c: u8| memchr::memchr_iter(c, line).take(2).count() == 1;
    let Some(sign) = [b'|', b'\t', b';', b','].into_iter().find(|c| single(*c)) else {
        return false;
    };
    let Some(n) = memchr::memchr(sign, line) else {
        return false;
    };
    let value = cut(line, n + 1, line.len()).trim_ascii_end();
    let has = |f: fn(&u8) -> bool| value.iter().any(f);
    let kinds = [
        has(u8::is_ascii_digit),
        has(u8::is_ascii_lowercase),
        has(u8::is_ascii_uppercase),
        has(|c| c.is_ascii_punctuation() && !b"_-./:".contains(c)),
    ];
    let kinds = kinds.iter().filter(|k| **k).count();
    let drawn = kinds > 2 || kinds > 1 && has(u8::is_ascii_digit) && value.len() >= 20;
    let plain = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-');
    let row = drawn
        && cut(line, 0, n).iter().all(plain)
        && value.len() >= 8
        && !value.contains(&b' ')
        && !matches!(at(value, 0), b'/' | b'<' | b'(' | b'$')
        && is_setting(cut(line, 0, n), value, 2)
        && crate::mask::names::judge(value).is_none();
    if row {
        push(line, n + 1, line.len(), SETTING, spans);
    }
    row
}

/// ` admin_password | text | | | 'x'::text`: psql tells what a column holds where nothing is said.
fn default_of_column(line: &[u8], cells: &[(usize, usize)], spans: &mut Vec<Span>) {
    let (Some((start, end)), Some((from, to))) = (cells.first(), cells.last()) else {
        return;
    };
    let cell = cut(line, *from, *to);
    let lead = cell.len() - cell.trim_ascii_start().len();
    let typed = memchr::memmem::find(cell, b"'::").filter(|_| at(cell, lead) == b'\'');
    let named = crate::mask::names::judge(cut(line, *start, *end).trim_ascii());
    if let (Some(close), Some(named)) = (typed, named)
        && named.strength == Strength::Strong
        && close > lead + 1
    {
        push(line, from + lead + 1, from + close, named, spans);
    }
}

/// `│ token │ 3f9c… │`: what a tool made, in a box of two columns.
pub(super) fn one_token(line: &[u8], cells: &[(usize, usize)], spans: &mut Vec<Span>) -> bool {
    let [(start, end), (from, to)] = cells else {
        return false;
    };
    let strong = crate::mask::names::judge(cut(line, *start, *end).trim_ascii())
        .is_some_and(|named| named.strength > Strength::Weak);
    let value = cut(line, *from, *to).trim_ascii();
    let mixed = value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic);
    let told = strong && mixed && value.len() >= 8 && !value.contains(&b' ')
        || is_setting(cut(line, *start, *end).trim_ascii(), value, cells.len());
    if told {
        push(line, *from, *to, SETTING, spans);
    }
    told
}

/// What columns are called that stand behind one of secrets, in a header.
const COLUMNS: &str = "
    total value count name created created_at updated updated_at expires expires_at expiry enabled
    active type status state kind scope scopes setting description comment comments user username
    login email host port owner role roles database source context unit rows size bytes date time
    hits last_used revoked note notes label title version provider issuer";

/// Whether the cell `name` says that the one behind it holds a secret, in a row of so many `cells`.
pub(crate) fn is_setting(name: &[u8], value: &[u8], cells: usize) -> bool {
    if !judge_key(name) {
        return false;
    }
    // In a wide table the cell behind may be anything.
    let mixed = value
        .iter()
        .any(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
    let plain = is_plain_number(value) && value.len() < 6
        || is_placeholder(value)
        || is_type(value)
        // A privilege or a state: INSERT, ACTIVE
        || cells > 2 && value.iter().all(|c| c.is_ascii_uppercase() || *c == b'_')
        || value.ends_with(b".pem")
        || value.ends_with(b".key")
        // api_keys | key_hash: a table, and a column of it
        || name.ends_with(b"s") && value.iter().all(|c| c.is_ascii_lowercase() || *c == b'_')
        || COLUMNS
            .split_ascii_whitespace()
            .any(|c| value == c.as_bytes());
    !plain && value.len() >= 4 && (cells == 2 || mixed && !value.contains(&b' '))
}

/// Whether a cell is the name of a setting that holds a secret.
fn judge_key(name: &[u8]) -> bool {
    name.len() > 3
        && name.len() < 80
        && (name.iter().any(|c| matches!(c, b'_' | b'.' | b'-')) || has_hump(name))
        && !name.contains(&b' ')
        && crate::mask::names::judge(name).is_some_and(|n| n.strength == Strength::Strong)
}

/// `SecretAccessKey`
fn has_hump(name: &[u8]) -> bool {
    name.windows(2)
        .any(|w| matches!(w, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()))
}
