//! COPY data: rows without names, in the order of the statement's list of columns.
//!
//! PostgreSQL's text, CSV and binary formats (documentation of COPY, "File Formats"). Data comes in
//! pieces that need not end where rows do.

use crate::mask::bytes::{at, cut, from};
use crate::mask::columns::{self, SETTING};
use crate::mask::filter::cover;
use crate::mask::names::Named;
use crate::mask::scanner::Scanner;
use crate::mask::span::{Class, MASK, RuleId, Span};
use crate::mask::sql::{Accounts, Format, copy_options, looks_secret};

/// A row that is longer is not held any more: all of it is covered. Longer fields are files kept in
/// a table.
const ROW_MAX: usize = 1 << 20;
/// So many rows teach secrets; a dump of tokens is no reason to look for each of them.
const LEARNED_MAX: usize = 64;
/// The start of binary data.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// Signature, flags, length of the extension.
const HEADER: usize = 19;

/// The state of one COPY. Made by [`Scanner::copy`].
#[derive(Clone)]
pub struct Copy {
    names: Vec<Option<Named>>,
    /// What the table holds whose columns nobody names.
    accounts: Option<Accounts>,
    format: Format,
    delimiter: u8,
    quote: u8,
    /// The next row names the columns.
    header: bool,
    /// The binary header is still to come.
    begins: bool,
    /// So much of what comes belongs to a row that was too long.
    too_long: bool,
    rows: usize,
    held: zeroize::Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Copy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Copy({:?}, {} rows)", self.format, self.rows)
    }
}

impl Scanner {
    /// Begins to mask the data of the COPY in `statement`.
    pub fn copy(&self, statement: &[u8]) -> Copy {
        let options = copy_options(statement);
        let names = options.judged(self.judge());
        Copy {
            names,
            accounts: options.accounts,
            format: options.format,
            delimiter: options.delimiter,
            quote: options.quote,
            header: options.header,
            begins: options.format == Format::Binary,
            too_long: false,
            rows: 0,
            held: zeroize::Zeroizing::new(Vec::new()),
        }
    }

    /// Takes the next data, appends the rows that are whole to `out`, masked, and tells what rules
    /// masked them.
    pub fn copy_data(&mut self, copy: &mut Copy, data: &[u8], out: &mut Vec<u8>) -> Vec<RuleId> {
        let mut rules = Vec::new();
        copy.held.extend_from_slice(data);
        let held = std::mem::take(&mut copy.held);
        let mut start = 0;
        while let Some(length) = copy.row_length(from(&held, start)) {
            self.copy_row(copy, cut(&held, start, start + length), out, &mut rules);
            start += length;
        }
        let rest = from(&held, start);
        if rest.len() > ROW_MAX {
            copy.too_long = true;
        }
        if copy.too_long {
            out.resize(out.len() + rest.len(), MASK);
            rules.push(columns::rule_of(SETTING));
        } else {
            copy.held.extend_from_slice(rest);
        }
        rules
    }

    /// The data ended: what is held is decided as it stands.
    pub fn copy_end(&mut self, copy: &mut Copy, out: &mut Vec<u8>) -> Vec<RuleId> {
        let mut rules = Vec::new();
        let held = std::mem::take(&mut copy.held);
        if !held.is_empty() {
            self.copy_row(copy, &held, out, &mut rules);
        }
        rules
    }

    fn copy_row(
        &mut self,
        copy: &mut Copy,
        row: &[u8],
        out: &mut Vec<u8>,
        rules: &mut Vec<RuleId>,
    ) {
        if std::mem::take(&mut copy.too_long) {
            // The end of a row whose start was covered.
            let end = if row.ends_with(b"\n") { 1 } else { 0 };
            out.resize(out.len() + row.len() - end, MASK);
            out.extend_from_slice(cut(row, row.len() - end, row.len()));
            return;
        }
        if std::mem::take(&mut copy.begins) {
            out.extend_from_slice(row);
            return;
        }
        let binary = copy.format == Format::Binary;
        let fields = copy.fields(row);
        if std::mem::take(&mut copy.header) && !binary {
            let names = fields
                .iter()
                .map(|(a, b)| self.judge().column(cut(row, *a, *b)));
            copy.names = names.collect();
            copy.accounts = None;
            out.extend_from_slice(row);
            return;
        }
        copy.rows += 1;
        let mut spans = Vec::new();
        let fits = copy.names.is_empty() || copy.names.len() == fields.len();
        for (n, (start, end)) in fields.iter().copied().enumerate() {
            let field = cut(row, start, end);
            // Rows that do not fit their columns cannot be trusted to name them.
            let named = match copy.names.get(n).copied().flatten() {
                None if !fits => copy.names.iter().copied().flatten().next(),
                named => named,
            };
            if let Some(named) = named.filter(|named| columns::wanted(field, *named)) {
                let rule = columns::rule_of(named);
                spans.push(Span::new(start, end, rule, named.class));
                continue;
            }
            let before = n.checked_sub(1).and_then(|n| fields.get(n));
            let name = before.map_or(&[][..], |(a, b)| cut(row, *a, *b));
            if columns::is_setting(name, field, fields.len()) {
                let rule = columns::rule_of(SETTING);
                spans.push(Span::new(start, end, rule, Class::Password));
                continue;
            }
            // A name may be masked with the passwords: nobody says which is which.
            let text = !field.iter().any(u8::is_ascii_control);
            if copy.accounts.is_some() && text && looks_secret(field, true) {
                let rule = columns::rule_of(SETTING);
                spans.push(Span::new(start, end, rule, Class::Password));
                continue;
            }
            let first = spans.len();
            self.alone(field, false, &mut spans);
            for span in spans.iter_mut().skip(first) {
                span.start += start;
                span.end += start;
            }
        }
        if copy.rows <= LEARNED_MAX {
            self.learn_from(row, &spans);
        }
        if !binary {
            for span in &spans {
                self.given(cut(row, span.start, span.end), span.rule, span.class);
            }
        }
        rules.extend(spans.iter().map(|span| span.rule));
        if binary {
            // Lengths stand before the fields, so they stay.
            let mut covered = row.to_vec();
            for span in &spans {
                if let Some(field) = covered.get_mut(span.start..span.end) {
                    field.fill(MASK);
                }
            }
            out.append(&mut covered);
        } else {
            cover(row, &spans, 0, out);
        }
    }
}

impl Copy {
    /// What the statement has copied in the binary format is given as lines of the text format.
    pub fn told_as_text(mut self) -> Copy {
        if self.format == Format::Binary {
            self.format = Format::Text;
            self.begins = false;
        }
        self
    }

    /// The length of the row that `data` begins with, its end included; `None` when it is not all
    /// there.
    fn row_length(&self, data: &[u8]) -> Option<usize> {
        if self.format == Format::Binary {
            return self.binary_length(data);
        }
        let mut start = 0;
        let mut quoted = false;
        loop {
            let end = start + memchr::memchr(b'\n', from(data, start))?;
            if self.format == Format::Csv {
                let quotes = memchr::memchr_iter(self.quote, cut(data, start, end)).count();
                quoted ^= quotes % 2 == 1;
            }
            start = end + 1;
            if !quoted {
                return Some(start);
            }
        }
    }

    fn binary_length(&self, data: &[u8]) -> Option<usize> {
        if self.begins {
            if !data.starts_with(SIGNATURE) {
                return (data.len() >= SIGNATURE.len()).then_some(data.len());
            }
            let extension = number(data, HEADER - 4)?;
            let length = HEADER.checked_add(usize::try_from(extension).ok()?)?;
            return (data.len() >= length).then_some(length);
        }
        let count = cut(data, 0, 2);
        let [high, low] = count else { return None };
        let count = i16::from_be_bytes([*high, *low]);
        let mut length = 2;
        for _ in 0..count.max(0) {
            let field = number(data, length)?;
            length += 4 + usize::try_from(field).unwrap_or(0);
            if data.len() < length {
                return None;
            }
        }
        Some(length)
    }

    /// Where the fields of a row stand.
    fn fields(&self, row: &[u8]) -> Vec<(usize, usize)> {
        if self.format == Format::Binary {
            return binary_fields(row);
        }
        let mut end = row.len();
        while end > 0 && matches!(at(row, end - 1), b'\n' | b'\r') {
            end -= 1;
        }
        if cut(row, 0, end) == b"\\." {
            return Vec::new();
        }
        let mut fields = Vec::new();
        let (mut start, mut i, mut quoted) = (0, 0, false);
        while i < end {
            let c = at(row, i);
            if c == b'\\' && self.format == Format::Text {
                i += 1;
            } else if c == self.quote && self.format == Format::Csv {
                quoted = !quoted;
            } else if c == self.delimiter && !quoted {
                fields.push((start, i));
                start = i + 1;
            }
            i += 1;
        }
        fields.push((start, end));
        for (start, end) in &mut fields {
            let quotes = self.format == Format::Csv && *end > *start + 1;
            if quotes && at(row, *start) == self.quote && at(row, *end - 1) == self.quote {
                *start += 1;
                *end -= 1;
            }
        }
        fields
    }
}

fn binary_fields(row: &[u8]) -> Vec<(usize, usize)> {
    let mut fields = Vec::new();
    let mut i = 2;
    while let Some(length) = number(row, i) {
        let length = usize::try_from(length).unwrap_or(0);
        fields.push((i + 4, (i + 4 + length).min(row.len())));
        i += 4 + length;
    }
    fields
}

/// The 32-bit number at `i`.
fn number(data: &[u8], i: usize) -> Option<i32> {
    let bytes = data.get(i..)?.first_chunk::<4>()?;
    Some(i32::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Rules;

    fn run(statement: &str, chunks: &[&[u8]]) -> Vec<u8> {
        let mut scanner = Scanner::new(Rules::builtin());
        let mut copy = scanner.copy(statement.as_bytes());
        let mut out = Vec::new();
        for chunk in chunks {
            scanner.copy_data(&mut copy, chunk, &mut out);
        }
        scanner.copy_end(&mut copy, &mut out);
        out
    }

    fn masked(statement: &str, data: &[u8]) -> String {
        let whole = run(statement, &[data]);
        for cut in 0..data.len() {
            let (a, b) = data.split_at(cut);
            assert_eq!(run(statement, &[a, b]), whole, "cut at {cut}");
        }
        String::from_utf8_lossy(&whole).into_owned()
    }

    #[test]
    fn fields_are_masked_by_the_list_of_columns() {
        assert_eq!(
            masked(
                "COPY users (id, password) TO STDOUT;",
                b"1\tKiV3TMXVjM8Ah7\n2\t\\N\n\\.\n"
            ),
            "1\t********\n2\t\\N\n\\.\n"
        );
        assert_eq!(
            masked("COPY u(password, note) FROM STDIN", b"a\\\tb\tx y\n"),
            "********\tx y\n"
        );
        assert_eq!(
            masked(
                "COPY u FROM STDIN (FORMAT csv, HEADER)",
                b"id,api_key,note\n1,\"k3y,9w\nq\",\"a\"\"b\"\n"
            ),
            "id,api_key,note\n1,\"********\",\"a\"\"b\"\n"
        );
        assert_eq!(
            masked("COPY (SELECT id, phone FROM t) TO STDOUT", b"1\t5550100\n"),
            "1\t*******\n"
        );
    }

    #[test]
    fn binary_fields_keep_their_length() {
        let head = [SIGNATURE, &[0; 8]].concat();
        let row = |secret: &[u8]| [&[0, 2, 0, 0, 0, 1, b'7', 0, 0, 0, 6][..], secret].concat();
        let data = [head.clone(), row(b"s3cret"), vec![0xff, 0xff]].concat();
        let out = run("COPY u(id, password) TO STDOUT BINARY", &[&data]);
        assert_eq!(out, [head, row(b"******"), vec![0xff, 0xff]].concat());
        masked("COPY u(id, password) TO STDOUT BINARY", &data);
    }

    #[test]
    fn what_has_no_names_is_still_looked_at() {
        let line = b"1\tpostgres://a:hunter2@h/d\tann@example.org\n";
        assert_eq!(
            masked("COPY u TO STDOUT", line),
            "1\tpostgres://a:********@h/d\t***************\n"
        );
    }

    #[test]
    fn rows_of_accounts_show_nothing_that_looks_like_a_password() {
        let row = "7\tanna\thunter2\t2026-05-04 11:22:33\tnahe Ulm\t\\N\n";
        let shown = "7\tanna\t********\t2026-05-04 11:22:33\tnahe Ulm\t\\N\n";
        for statement in [
            "COPY app.users TO STDOUT",
            "COPY (SELECT * FROM users) TO STDOUT",
            "COPY tokens FROM STDIN",
        ] {
            assert_eq!(masked(statement, row.as_bytes()), shown, "{statement}");
        }
        for statement in [
            "COPY users (a, b, c, d, e, f) TO STDOUT",
            "COPY orders TO STDOUT",
        ] {
            assert_eq!(masked(statement, row.as_bytes()), row, "{statement}");
        }
        let csv = "id,nick\n7,hunter2\n";
        let statement = "COPY users TO STDOUT CSV HEADER";
        assert_eq!(masked(statement, csv.as_bytes()), csv);
    }

    #[test]
    fn a_row_without_end_is_covered() {
        let long = vec![b'x'; ROW_MAX + 10];
        let out = run("COPY u TO STDOUT", &[&long, b"yz\n1\t2\n"]);
        assert!(
            !out.contains(&b'x') && out.ends_with(b"**\n1\t2\n"),
            "{}",
            out.len()
        );
    }
}
