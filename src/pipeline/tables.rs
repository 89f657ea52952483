//! Which columns the tables of a connection have, as far as it has shown them: a statement that gives
//! values without naming columns is judged by their names all the same.
//!
//! Learned from `SELECT * FROM t`, from `CREATE TABLE t (…)`, and from the lists that MySQL's clients
//! ask for to complete names. What is stale by somebody else's doing is at worst a name too many: a
//! value is masked by what it is in any case.

use crate::model::wire::Column;
use std::collections::HashMap;
use zeroize::Zeroizing;

/// So many tables of all connections are known; a client that asks for the columns of more completes
/// the names of a very large schema.
const TABLES_MAX: usize = 4096;
/// A table with more columns is known by these.
const COLUMNS_MAX: usize = 1024;
/// A longer name is none.
const NAME_MAX: usize = 256;

/// The columns of tables, by connection and the table's last name.
#[derive(Default)]
pub(super) struct Tables {
    known: HashMap<(u32, Vec<u8>), Vec<String>>,
}

/// A statement with a list of columns put into it.
pub(super) struct Named {
    /// The statement.
    pub text: Zeroizing<String>,
    /// Where the list stands.
    at: usize,
    list: String,
}

impl Named {
    /// A text that was made of it, without the list.
    pub fn without(&self, mut text: Vec<u8>) -> Vec<u8> {
        // What stands before may have become shorter or longer.
        let list = self.list.as_bytes();
        let exact = text.get(self.at..).is_some_and(|b| b.starts_with(list));
        let at = match exact {
            true => Some(self.at),
            false => memchr::memmem::find(&text, list),
        };
        if let Some(at) = at {
            text.drain(at..at + list.len());
        }
        text
    }
}

impl Tables {
    /// The result that `statement` gave has these columns.
    pub fn result(&mut self, connection: u32, statement: &str, columns: &[Column]) {
        let mut words = Words::of(statement);
        let Some(first) = words.next() else { return };
        let table = if first.eq_ignore_ascii_case(b"select") {
            let star = words.next() == Some(b"*");
            let from = star.then(|| words.next()).flatten();
            if !from.is_some_and(|word| word.eq_ignore_ascii_case(b"from")) {
                return;
            }
            let table = words.name();
            // Another table, or an alias: all columns may not be this one's.
            if !words.next().is_none_or(is_clause) {
                return;
            }
            table
        } else if first == b"FIELD_LIST" {
            words.name()
        } else {
            return;
        };
        let one = columns.windows(2).all(|two| match two {
            [a, b] => a.table == b.table,
            _ => true,
        });
        if let Some(table) = table.filter(|_| one) {
            self.learn(connection, table, columns.iter().map(|c| c.name.clone()));
        }
    }

    /// The server has carried out `statement`.
    pub fn done(&mut self, connection: u32, statement: &str) {
        let mut words = Words::of(statement);
        let Some(first) = words.next() else { return };
        let is = |word: &[u8], other: &str| word.eq_ignore_ascii_case(other.as_bytes());
        if is(first, "create") {
            let mut created = words.next();
            while created.is_some_and(|w| {
                [
                    "temporary",
                    "temp",
                    "unlogged",
                    "global",
                    "local",
                    "or",
                    "replace",
                ]
                .iter()
                .any(|word| is(w, word))
            }) {
                created = words.next();
            }
            if !created.is_some_and(|word| is(word, "table")) {
                return;
            }
            // The table that there is may be another one than the one described.
            let rest = words.rest;
            if words.next().is_some_and(|word| is(word, "if")) {
                return;
            }
            words.rest = rest;
            if let Some(table) = words.name() {
                let columns = described(words.rest);
                self.learn(connection, table, columns.into_iter());
            }
        } else if ["alter", "drop", "rename", "use"]
            .iter()
            .any(|w| is(first, w))
        {
            self.forget(connection);
        }
    }

    /// Nothing is known of this connection's tables any more.
    pub fn forget(&mut self, connection: u32) {
        self.known.retain(|(of, _), _| *of != connection);
    }

    /// `statement` with the names of the columns that its values are for, where it names none and
    /// they are known.
    pub fn name(&self, connection: u32, statement: &str) -> Option<Named> {
        if self.known.is_empty() {
            return None;
        }
        let mut words = Words::of(statement);
        let first = words.next()?;
        let is = |word: &[u8], other: &str| word.eq_ignore_ascii_case(other.as_bytes());
        let copies = is(first, "copy");
        if is(first, "insert") || is(first, "replace") {
            // MySQL: INSERT IGNORE, INSERT LOW_PRIORITY, INSERT t VALUES.
            let mut rest = words.rest;
            while let Some(word) = words.next() {
                let modifies = ["into", "ignore", "low_priority", "high_priority", "delayed"];
                if !modifies.iter().any(|modifier| is(word, modifier)) {
                    break;
                }
                rest = words.rest;
            }
            words.rest = rest;
        } else if !copies {
            return None;
        }
        let table = words.name()?;
        let at = statement.len() - words.rest.len();
        let next = words.next()?;
        let behind: &[&str] = match copies {
            true => &["from", "to"],
            false => &["values", "value", "overriding"],
        };
        if !behind.iter().any(|word| is(next, word)) {
            return None;
        }
        let columns = self.known.get(&(connection, table))?;
        let list = format!(" ({}) ", columns.join(", "));
        let (head, tail) = statement.split_at_checked(at)?;
        let text = Zeroizing::new([head, &list, tail].concat());
        Some(Named { text, at, list })
    }

    fn learn(&mut self, connection: u32, table: Vec<u8>, columns: impl Iterator<Item = String>) {
        if self.known.len() >= TABLES_MAX {
            self.known.clear();
        }
        // A name that is no plain word might be taken for something else in a statement.
        let plain = |name: String| match name.bytes().all(is_word) && !name.is_empty() {
            true => name,
            false => "_".to_owned(),
        };
        let columns: Vec<String> = columns.take(COLUMNS_MAX).map(plain).collect();
        if !columns.is_empty() {
            self.known.insert((connection, table), columns);
        }
    }
}

/// What may follow the only table of a query.
fn is_clause(word: &[u8]) -> bool {
    const CLAUSES: [&str; 7] = ["where", "order", "limit", "offset", "fetch", "for", ";"];
    CLAUSES
        .iter()
        .any(|clause| word.eq_ignore_ascii_case(clause.as_bytes()))
}

fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_' || c >= 0x80
}

/// The columns that a table's description in parentheses begins with.
fn described(text: &[u8]) -> Vec<String> {
    /// What a definition begins with that is of no column.
    const OTHERS: [&str; 13] = [
        "constraint",
        "primary",
        "unique",
        "check",
        "foreign",
        "exclude",
        "like",
        "key",
        "index",
        "fulltext",
        "spatial",
        "period",
        "select",
    ];
    let mut words = Words { rest: text };
    let mut columns = Vec::new();
    if words.next() != Some(b"(") {
        return columns;
    }
    let (mut depth, mut begins) = (0usize, true);
    loop {
        let rest = words.rest;
        let Some(word) = words.next() else { break };
        match word {
            b"(" => depth += 1,
            b")" if depth == 0 => return columns,
            b")" => depth -= 1,
            b"," if depth == 0 => {
                begins = true;
                continue;
            }
            _ => {}
        }
        if std::mem::take(&mut begins) {
            words.rest = rest;
            let other = OTHERS
                .iter()
                .any(|other| word.eq_ignore_ascii_case(other.as_bytes()));
            let name = words.part();
            match name {
                _ if other => {}
                Some(name) => columns.push(String::from_utf8_lossy(&name).into_owned()),
                None => return Vec::new(),
            }
        }
    }
    // It has no end: not all of it was kept.
    Vec::new()
}

/// The words, quoted names, literals and marks of a statement, one by one.
struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Words<'a> {
    fn of(statement: &'a str) -> Words<'a> {
        Words {
            rest: statement.as_bytes(),
        }
    }

    fn skip(&mut self) {
        loop {
            self.rest = self.rest.trim_ascii_start();
            let comment = match self.rest {
                [b'-', b'-', ..] => memchr::memchr(b'\n', self.rest).map(|at| at + 1),
                [b'/', b'*', ..] => memchr::memmem::find(self.rest, b"*/").map(|at| at + 2),
                _ => return,
            };
            self.rest = comment
                .and_then(|end| self.rest.get(end..))
                .unwrap_or_default();
        }
    }

    /// The next one; something quoted with its quotes.
    fn next(&mut self) -> Option<&'a [u8]> {
        self.skip();
        let first = *self.rest.first()?;
        let length = match first {
            b'\'' | b'"' | b'`' => {
                let inside = self.rest.get(1..).unwrap_or_default();
                memchr::memchr(first, inside).map_or(self.rest.len(), |at| at + 2)
            }
            _ if is_word(first) => {
                let ends = self.rest.iter().position(|c| !is_word(*c));
                ends.unwrap_or(self.rest.len())
            }
            _ => 1,
        };
        let (word, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(word)
    }

    /// The last part of the name that follows, as it is compared: `t` of `public."t"`.
    fn name(&mut self) -> Option<Vec<u8>> {
        let mut name = self.part()?;
        while let Some(rest) = self.rest.strip_prefix(b".") {
            self.rest = rest;
            name = self.part()?;
        }
        (name.len() <= NAME_MAX).then_some(name)
    }

    /// A name, quoted or not.
    fn part(&mut self) -> Option<Vec<u8>> {
        let word = self.next()?;
        match word {
            [b'"', name @ .., b'"'] | [b'`', name @ .., b'`'] => Some(name.to_vec()),
            [first, ..] if is_word(*first) => Some(word.to_ascii_lowercase()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[&str]) -> Vec<Column> {
        let column = |name: &&str| Column {
            name: (*name).to_owned(),
            table: "t".to_owned(),
            ..Column::default()
        };
        names.iter().map(column).collect()
    }

    fn named(tables: &Tables, statement: &str) -> Option<String> {
        tables
            .name(1, statement)
            .map(|named| named.text.to_string())
    }

    #[test]
    fn columns_are_learned_from_what_shows_all_of_them() {
        for (statement, shown) in [
            ("select * from t", true),
            ("SELECT *\n FROM public.\"t\" WHERE a = 1", true),
            ("/* x */ select * from `db`.`t` limit 3;", true),
            ("FIELD_LIST t ", true),
            ("select a, b from t", false),
            ("select * from t, u", false),
            ("select * from t join u using (a)", false),
            ("select * from (select 1) t", false),
        ] {
            let mut tables = Tables::default();
            tables.result(1, statement, &columns(&["a", "password"]));
            let wanted = shown.then(|| "INSERT INTO t (a, password)  VALUES (1, 'x')".to_owned());
            assert_eq!(
                named(&tables, "INSERT INTO t VALUES (1, 'x')"),
                wanted,
                "{statement}"
            );
        }
    }

    #[test]
    fn a_created_table_is_known_until_anything_changes() {
        let mut tables = Tables::default();
        tables.done(
            1,
            "create temp table T (id int primary key, -- it's a key, mind\n \"Pass Word\" text, \
             token numeric(3, 2) default f(1, 2), unique (id, token))",
        );
        assert_eq!(
            named(&tables, "replace into t values (1, 'x', 2)").as_deref(),
            Some("replace into t (id, _, token)  values (1, 'x', 2)")
        );
        assert_eq!(
            named(&tables, "COPY t FROM STDIN").as_deref(),
            Some("COPY t (id, _, token)  FROM STDIN")
        );
        assert_eq!(named(&tables, "insert into t (id) values (1)"), None);
        assert_eq!(named(&tables, "insert into t select 1"), None);
        assert_eq!(named(&tables, "insert into u values (1)"), None);
        assert!(tables.name(2, "insert into t values (1)").is_none());
        tables.done(1, "alter table t add x int");
        assert_eq!(named(&tables, "insert into t values (1)"), None);
        for unsure in [
            "create table if not exists t (a int)",
            "create table t as select 1",
            "create table t (a int, b",
        ] {
            tables.done(1, unsure);
            assert_eq!(named(&tables, "insert into t values (1)"), None, "{unsure}");
        }
    }

    #[test]
    fn the_list_is_taken_out_again_wherever_it_has_come_to_stand() {
        let mut tables = Tables::default();
        tables.done(1, "create table t (a int, b text)");
        let statement = "/* secret */ insert into t values (1, 'x')";
        let named = tables.name(1, statement).unwrap();
        let whole = named.text.as_bytes().to_vec();
        assert_eq!(named.without(whole.clone()), statement.as_bytes());
        let shorter = named.text.replace("secret", "**").into_bytes();
        let wanted = statement.replace("secret", "**");
        assert_eq!(named.without(shorter), wanted.as_bytes());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in "[a-z*(),.;'\"`/ -]{0,60}") {
            let mut tables = Tables::default();
            tables.done(1, &format!("create table {text}"));
            tables.result(1, &format!("select * from {text}"), &columns(&["a"]));
            tables.name(1, &format!("insert into {text}"));
            described(text.as_bytes());
        }
    }
}
