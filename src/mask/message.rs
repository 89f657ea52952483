//! Messages of servers that quote values: a key that exists already, a value that does not fit.
//!
//! PostgreSQL's DETAIL and CONTEXT, MySQL's error texts (message texts of `nbtinsert.c`,
//! `ri_triggers.c` and `copyfrom.c`; MySQL's `ER_DUP_ENTRY`, `WARN_DATA_TRUNCATED` and their kin),
//! SQL Server's error 2627.

use super::bytes::{at, cut, find, skip_blanks};
use super::columns::{Judge, rule_of, wanted};
use super::names::{Named, Strength};
use super::span::{Class, Span};

/// Words of this layer.
pub(crate) const TRIGGERS: &[&str] = &[
    "key (",
    "duplicate entry",
    "for column",
    ", column ",
    "duplicate key value is",
    "parameters: $1",
    "> parameters: ",
];

/// Appends the values that a message in `line` quotes of secret or personal columns.
pub(crate) fn find_all(line: &[u8], judge: &Judge, spans: &mut Vec<Span>) {
    key(line, judge, spans);
    quoted(line, judge, spans);
    copied(line, judge, spans);
}

/// `Key (email, n)=(a@b.c, 1) already exists.`
fn key(line: &[u8], judge: &Judge, spans: &mut Vec<Span>) {
    let mut from = 0;
    while let Some(open) = find(line, from, b"key (").map(|n| n + 5) {
        let Some(middle) = find(line, open, b")=(") else {
            return;
        };
        let ends = [&b") already"[..], b") is ", b") conflicts", b") was "];
        let end = ends
            .iter()
            .filter_map(|end| find(line, middle + 3, end))
            .min();
        let end = end.unwrap_or_else(|| {
            let text = line.trim_ascii_end();
            let text = text.strip_suffix(b".").unwrap_or(text);
            text.strip_suffix(b")")
                .unwrap_or(text)
                .len()
                .max(middle + 3)
        });
        let names = parts(line, open, middle);
        let values = parts(line, middle + 3, end);
        let judged: Vec<_> = names
            .iter()
            .map(|(a, b)| judge_words(cut(line, *a, *b), judge))
            .collect();
        if names.len() == values.len() {
            for ((start, end), named) in values.into_iter().zip(judged) {
                push(line, start, end, named, spans);
            }
        } else {
            push(
                line,
                middle + 3,
                end,
                judged.into_iter().flatten().next(),
                spans,
            );
        }
        from = end;
    }
}

/// `Duplicate entry 'x' for key 'users.email'`, `Incorrect integer value: 'x' for column 'pin'`,
/// `Data truncated for column 'pin'`; SQL Server's `… index 'ix_email'. The duplicate key value is (x).`
fn quoted(line: &[u8], judge: &Judge, spans: &mut Vec<Span>) {
    for (middle, mark) in [(&b"' for key "[..], 1), (b"' for column ", 1)] {
        let Some(end) = find(line, 0, middle) else {
            continue;
        };
        let Some(start) = memchr::memchr(b'\'', cut(line, 0, end)).map(|n| n + mark) else {
            continue;
        };
        let name = end + middle.len();
        let stop = find(line, name, b" at row").unwrap_or(line.len());
        push(
            line,
            start,
            end,
            judge_words(cut(line, name, stop), judge),
            spans,
        );
    }
    let is = b"duplicate key value is (";
    if let Some(start) = find(line, 0, is).map(|n| n + is.len()) {
        let end = cut(line, start, line.len())
            .iter()
            .rposition(|c| *c == b')');
        let index = find(line, 0, b"index '").or_else(|| find(line, 0, b"constraint '"));
        let name = index.map_or(&[][..], |n| cut(line, n, start - is.len()));
        let named = name
            .split(|c| *c == b'\'')
            .nth(1)
            .and_then(|name| judge_words(name, judge));
        push(
            line,
            start,
            end.map_or(line.len(), |n| start + n),
            named,
            spans,
        );
    }
}

/// `COPY users, line 1, column password: "x"`
fn copied(line: &[u8], judge: &Judge, spans: &mut Vec<Span>) {
    let word = b", column ";
    let Some(name) = find(line, 0, word).map(|n| n + word.len()) else {
        return;
    };
    let Some(colon) = memchr::memmem::find(cut(line, name, line.len()), b": \"") else {
        return;
    };
    let named = judge.column(cut(line, name, name + colon));
    let start = name + colon + 3;
    let text = line.trim_ascii_end();
    let end = text.strip_suffix(b"\"").unwrap_or(text).len();
    push(line, start, end.max(start), named, spans);
}

/// What the words of an index or of an expression say: `users.uq_email`, `lower(email::text)`.
fn judge_words(name: &[u8], judge: &Judge) -> Option<Named> {
    let named = judge.column(name.trim_ascii());
    if named.is_some_and(|n| n.strength > Strength::Weak) {
        return named;
    }
    let words = name.split(|c| !c.is_ascii_alphanumeric() && *c != b'_');
    let affixes = [
        "uq", "uk", "ix", "idx", "index", "unique", "uniq", "key", "un", "ux",
    ];
    words.filter(|w| w.len() > 1).find_map(|word| {
        let text = String::from_utf8_lossy(word);
        let parts = text
            .split('_')
            .filter(|p| !affixes.iter().any(|a| p.eq_ignore_ascii_case(a)) && !p.is_empty());
        let parts: Vec<_> = parts.collect();
        // `users_email_key`: the table stands first.
        (0..parts.len()).find_map(|n| {
            let rest = parts.get(n..).unwrap_or_default().join("_");
            judge
                .column(rest.as_bytes())
                .filter(|n| n.strength > Strength::Weak)
        })
    })
}

/// The pieces of a list, not cut inside parentheses or quotes.
fn parts(line: &[u8], start: usize, end: usize) -> Vec<(usize, usize)> {
    let mut parts = Vec::new();
    let (mut depth, mut from) = (0usize, start);
    for i in start..end {
        match at(line, i) {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b',' if depth == 0 && at(line, i + 1) == b' ' => {
                parts.push((from, i));
                from = skip_blanks(line, i + 1);
            }
            _ => {}
        }
    }
    parts.push((from.min(end), end));
    parts
}

fn push(line: &[u8], start: usize, end: usize, named: Option<Named>, spans: &mut Vec<Span>) {
    let Some(named) = named else { return };
    if start < end && wanted(cut(line, start, end), named) {
        let class = if named.class == Class::Personal {
            Class::Personal
        } else {
            Class::Password
        };
        spans.push(Span::new(start, end, rule_of(named), class));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(line: &str) -> Vec<&str> {
        let mut spans = Vec::new();
        find_all(line.as_bytes(), &crate::mask::columns::RECS_OWN, &mut spans);
        spans.iter().map(|s| &line[s.start..s.end]).collect()
    }

    #[test]
    fn values_of_secret_columns_are_found() {
        for (line, found) in [
            (
                "DETAIL:  Key (email)=(ann@example.org) already exists.",
                vec!["ann@example.org"],
            ),
            (
                "Key (tenant, api_key)=(7, k3y-9) already exists.",
                vec!["k3y-9"],
            ),
            (
                "Key (lower(phone::text))=(555 0100) is not present in table \"t\".",
                vec!["555 0100"],
            ),
            (
                "Key (id)=(17) is still referenced from table \"t\".",
                vec![],
            ),
            (
                "ERROR 1062 (23000): Duplicate entry 'ann' for key 'users.uq_email'",
                vec!["ann"],
            ),
            ("Duplicate entry '7' for key 'PRIMARY'", vec![]),
            (
                "Incorrect integer value: 'hush' for column 'password' at row 1",
                vec!["hush"],
            ),
            (
                "CONTEXT:  COPY users, line 1, column password: \"hush\"",
                vec!["hush"],
            ),
            ("CONTEXT:  COPY users, line 1, column n: \"x\"", vec![]),
            (
                "Violation of UNIQUE KEY constraint 'uq_phone'. The duplicate key value is (5550).",
                vec!["5550"],
            ),
        ] {
            assert_eq!(masked(line), found, "{line}");
        }
    }
}
