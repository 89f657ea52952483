//! A query on a client's command line whose answer has no header: `psql -Atc "select a, password …"`,
//! `mysql -N -B -e '…'`, `sqlite3 f.db '…'`.

use super::layout::Cut;
use super::{Judge, Named};
use crate::mask::bytes::{at, cut, find, word_at};
use crate::mask::names::Strength;
use crate::mask::sql::select_items;

/// Where a query begins that `line` holds.
pub(super) fn select(line: &[u8]) -> Option<usize> {
    find(line, 0, b"select ")
}

/// The columns of the answer of the query that begins at `select` and that `line` runs, where no header
/// will name them.
pub(super) fn headerless(
    line: &[u8],
    select: usize,
    judge: &Judge,
) -> Option<(Cut, Vec<Option<Named>>)> {
    let lead = cut(line, 0, select);
    let quote = lead.iter().rposition(|c| matches!(c, b'"' | b'\''))?;
    let quote_mark = at(lead, quote);
    let end = memchr::memchr(quote_mark, cut(line, select, line.len()))
        .map_or(line.len(), |n| select + n);
    let rest = cut(line, end, line.len());
    let delimiter = delimiter(cut(line, 0, quote), rest)?;
    let items = select_items(cut(line, select, end), judge);
    let names: Vec<Option<Named>> = items
        .iter()
        .map(|item| {
            let own = judge.column(item.name.as_bytes()).or(item.named);
            own.filter(|named| named.strength > Strength::Weak)
        })
        .collect();
    names
        .iter()
        .any(Option::is_some)
        .then_some((Cut::By(delimiter), names))
}

/// What parts the columns, for a client that writes no header.
fn delimiter(lead: &[u8], rest: &[u8]) -> Option<u8> {
    let words = |text: &'_ [u8]| -> Vec<Vec<u8>> {
        text.split(|c| matches!(c, b' ' | b'\t'))
            .map(<[u8]>::to_vec)
            .collect()
    };
    let all: Vec<Vec<u8>> = words(lead).into_iter().chain(words(rest)).collect();
    let program = |names: &[&str]| {
        all.iter().any(|word| {
            let name = word
                .rsplit(|c| matches!(c, b'/' | b'(' | b'`'))
                .next()
                .unwrap_or_default();
            names.iter().any(|n| name == n.as_bytes())
        })
    };
    let short = |letter: u8| {
        all.iter().any(|word| {
            word.first() == Some(&b'-') && at(word, 1) != b'-' && word.contains(&letter)
        })
    };
    let long = |name: &str| all.iter().any(|word| word_at(word, 0, name.as_bytes()));
    if program(&["psql"]) {
        let plain = short(b't') || long("--tuples-only");
        let given = all.iter().enumerate().find_map(|(n, word)| {
            let value = word
                .strip_prefix(b"-F")
                .or_else(|| word.strip_prefix(b"--field-separator="))?;
            let value = match value {
                b"" => all.get(n + 1)?.as_slice(),
                value => value,
            };
            let value: Vec<u8> = value
                .iter()
                .copied()
                .filter(|c| !matches!(c, b'\'' | b'"'))
                .collect();
            Some(match value.as_slice() {
                b"\\t" | b"$\\t" => b'\t',
                value => value.first().copied()?,
            })
        });
        return plain.then_some(given.unwrap_or(b'|'));
    }
    if program(&["mysql", "mariadb"]) {
        let plain = short(b'N') || long("--skip-column-names");
        return plain.then_some(b'\t');
    }
    if program(&["sqlite3"]) {
        let headed =
            long("-header") || long("-box") || long("-column") || long("-table") || long("-json");
        return (!headed).then_some(b'|');
    }
    if program(&["clickhouse-client", "duckdb"]) {
        return Some(b'\t');
    }
    None
}
