//! What a COPY statement says of its data: columns, format, delimiter.

use super::call::{Accounts, accounts};
use super::lex::{Kind, View, lex};
use crate::mask::bytes::{at, cut};
use crate::mask::columns::{Judge, RECS_OWN};
use crate::mask::names::Named;

/// More of a statement is not read.
const READ_MAX: usize = 64 << 10;

/// How the rows of COPY data are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Csv,
    Binary,
}

/// What a COPY statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CopyOptions {
    /// The columns' names; empty when the statement does not list them.
    pub names: Vec<String>,
    /// What a query makes them of, where that says more than they do.
    made_of: Vec<Option<Named>>,
    /// What the table holds whose columns it does not list, as far as its name says.
    pub accounts: Option<Accounts>,
    pub format: Format,
    pub delimiter: u8,
    pub quote: u8,
    /// The first row names the columns.
    pub header: bool,
}

impl CopyOptions {
    /// What each column is.
    pub(crate) fn judged(&self, judge: &Judge) -> Vec<Option<Named>> {
        let names = self.names.iter().enumerate();
        let made_of = |n: usize| self.made_of.get(n).copied().flatten();
        names
            .map(|(n, name)| judge.column(name.as_bytes()).or_else(|| made_of(n)))
            .collect()
    }
}

/// Reads the COPY in `statement`; what is not said is as the server takes it.
pub(crate) fn copy_options(statement: &[u8]) -> CopyOptions {
    let text = cut(statement, 0, READ_MAX);
    let tokens = lex(text);
    let view = View::new(text, &tokens);
    let mut options = CopyOptions {
        names: Vec::new(),
        made_of: Vec::new(),
        accounts: None,
        format: Format::Text,
        delimiter: b'\t',
        quote: b'"',
        header: false,
    };
    let start = (0..tokens.len()).find(|i| view.any(*i, &["copy", "\\copy"]));
    let start = start.map_or(0, |copy| copy + 1);
    let mut i = start;
    if view.mark(start, b'(') {
        // COPY (SELECT …)
        let mut depth = 0usize;
        while let Some(token) = view.get(i) {
            match token.kind {
                Kind::Mark(b'(') => depth += 1,
                Kind::Mark(b')') if depth == 1 => break,
                Kind::Mark(b')') => depth -= 1,
                _ => {}
            }
            i += 1;
        }
        let inner = view.get(start).zip(view.get(i));
        let query = inner.map_or(&[][..], |(open, close)| cut(text, open.end, close.start));
        (options.names, options.made_of) = super::select_items(query, &RECS_OWN)
            .into_iter()
            .map(|item| (item.name, item.named))
            .unzip();
        let from = (start..i).find(|i| view.is(*i, "from"));
        options.accounts = from.and_then(|from| of(&view, from + 1));
    } else {
        options.accounts = of(&view, start);
        while view.get(i).is_some() && !view.any(i, &["from", "to"]) {
            if view.mark(i, b'(') {
                options.names = list(&view, i + 1);
            }
            i += 1;
        }
    }
    if !options.names.is_empty() {
        options.accounts = None;
    }
    let mut delimiter = None;
    for i in start..tokens.len() {
        let literal = view.text(i + 1).or_else(|| view.text(i + 2));
        let byte = |fallback: u8| literal.map_or(fallback, |t| unescaped(view.of(t)));
        if view.any(i, &["csv"]) {
            options.format = Format::Csv;
        } else if view.any(i, &["binary"]) {
            options.format = Format::Binary;
        } else if view.any(i, &["format"]) {
            let is = |word: &str| {
                view.is(i + 1, word)
                    || literal.is_some_and(|t| view.of(t).eq_ignore_ascii_case(word.as_bytes()))
            };
            if is("csv") {
                options.format = Format::Csv;
            } else if is("binary") {
                options.format = Format::Binary;
            }
        } else if view.any(i, &["header"]) {
            options.header = !view.any(i + 1, &["false", "off"]);
        } else if view.any(i, &["delimiter", "delimiters"]) {
            delimiter = Some(byte(b'\t'));
        } else if view.is(i, "quote") {
            options.quote = byte(b'"');
        }
    }
    let usual = if options.format == Format::Csv {
        b','
    } else {
        b'\t'
    };
    options.delimiter = delimiter.unwrap_or(usual);
    options
}

/// What the table holds whose name stands at `i`.
fn of(view: &View<'_>, i: usize) -> Option<Accounts> {
    let dotted = view.mark(i + 1, b'.');
    let name = view.get(if dotted { i + 2 } else { i });
    accounts(view.of(name?))
}

/// The names up to the closing parenthesis.
fn list(view: &View<'_>, mut i: usize) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(token) = view.get(i).filter(|t| t.kind != Kind::Mark(b')')) {
        if matches!(token.kind, Kind::Word | Kind::Quoted) {
            names.push(String::from_utf8_lossy(view.of(token)).into_owned());
        }
        i += 1;
    }
    names
}

/// `E'\t'` and `'\t'` both mean a tab to who types them.
fn unescaped(text: &[u8]) -> u8 {
    match text {
        b"\\t" => b'\t',
        b"\\b" => 8,
        text => at(text, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_without_columns_is_known_by_its_name() {
        for (text, wanted) in [
            ("COPY users TO STDOUT", Some(Accounts::People)),
            ("COPY public.users FROM stdin", Some(Accounts::People)),
            ("COPY \"app\".\"Admins\" FROM stdin", Some(Accounts::People)),
            ("COPY app.api_tokens TO STDOUT CSV", Some(Accounts::Secrets)),
            (
                "COPY (SELECT * FROM users) TO STDOUT",
                Some(Accounts::People),
            ),
            ("COPY users (id, name) TO STDOUT", None),
            ("COPY orders TO STDOUT", None),
        ] {
            assert_eq!(copy_options(text.as_bytes()).accounts, wanted, "{text}");
        }
    }

    #[test]
    fn the_statement_says_how_its_data_is_written() {
        let read = |text: &str| {
            let o = copy_options(text.as_bytes());
            (
                o.names.join(","),
                o.format,
                char::from(o.delimiter),
                o.header,
            )
        };
        for (text, wanted) in [
            (
                "COPY users (id, \"password\") TO STDOUT",
                ("id,password", Format::Text, '\t', false),
            ),
            (
                "copy u from stdin with (format csv, header, delimiter ';')",
                ("", Format::Csv, ';', true),
            ),
            (
                "COPY u(a,b) FROM STDIN CSV HEADER",
                ("a,b", Format::Csv, ',', true),
            ),
            (
                "COPY u FROM STDIN WITH BINARY",
                ("", Format::Binary, '\t', false),
            ),
            (
                "COPY u (a) TO STDOUT (FORMAT 'binary')",
                ("a", Format::Binary, '\t', false),
            ),
            (
                "COPY u TO STDOUT DELIMITER E'|'",
                ("", Format::Text, '|', false),
            ),
            (
                "COPY (SELECT id, u.password, lower(email) AS mail FROM u) TO STDOUT",
                ("id,password,mail", Format::Text, '\t', false),
            ),
            (
                "COPY (SELECT * FROM u) TO STDOUT",
                ("", Format::Text, '\t', false),
            ),
        ] {
            assert_eq!(
                read(text),
                (wanted.0.to_owned(), wanted.1, wanted.2, wanted.3),
                "{text}"
            );
        }
    }
}
