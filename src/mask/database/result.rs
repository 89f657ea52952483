//! Rows of a result, by what their columns are.

use super::Covered;
use crate::mask::columns::{self, Judge, SETTING};
use crate::mask::names::Named;
use crate::mask::own::Personal;
use crate::mask::scanner::{Masked, Scanner};
use crate::mask::span::{Class, RuleId, Span};
use crate::mask::sql::{self, Item};

/// So many cells of a result are learned: a dump of a table of tokens is no reason to look for each
/// of them in all that follows.
const LEARNED_MAX: usize = 64;

/// What is known of a column of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Column<'a> {
    /// As the result names it.
    pub name: &'a str,
    /// As its table names it; empty when unknown or the same.
    pub origin: &'a str,
    /// Its table; empty when unknown.
    pub table: &'a str,
    /// Its type as the server names it, such as `text` or `VARCHAR`; empty when unknown.
    pub kind: &'a str,
}

/// What the columns of one result are. Made by [`Scanner::result`].
#[derive(Clone, Debug, Default)]
pub struct ResultColumns {
    columns: Vec<What>,
    /// Those that are masked as a whole.
    masked: Vec<Masked>,
    learned: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Unknown,
    Named(Named),
    /// The value's type holds no secret.
    Harmless,
}

impl Scanner {
    /// Judges the columns of a result, by name, table and type; `statement` is what was asked, or
    /// empty when unknown: there an alias shows what it stands for.
    pub fn result(&self, statement: &[u8], columns: &[Column<'_>]) -> ResultColumns {
        let items = sql::items(statement, columns.len(), self.judge());
        let named = columns.iter().enumerate();
        let named = named.map(|(n, column)| judge(self.judge(), column, items.get(n)));
        let mut named: Vec<_> = named.collect();
        let names: Vec<_> = columns
            .iter()
            .map(|column| column.name.as_bytes())
            .collect();
        columns::words_of_texts(&mut named, &names);
        let judged = named.into_iter().zip(columns).map(|(named, column)| {
            named.map_or(What::Unknown, |named| {
                if named.class != Class::Personal && is_harmless(column.kind) {
                    What::Harmless
                } else {
                    What::Named(named)
                }
            })
        });
        let judged: Vec<What> = judged.collect();
        let masked = judged.iter().zip(names).filter_map(|(what, name)| {
            let What::Named(named) = what else {
                return None;
            };
            Some((name.to_vec(), columns::rule_of(*named), named.class))
        });
        ResultColumns {
            masked: masked.collect(),
            columns: judged,
            learned: 0,
        }
    }

    /// Masks and learns one value of a result; `column` counts from 0.
    pub fn cell(
        &mut self,
        result: &mut ResultColumns,
        column: usize,
        value: &[u8],
    ) -> Option<Covered> {
        match result.columns.get(column) {
            Some(What::Named(named)) if columns::wanted(value, *named) => {
                Some(self.whole_cell(result, value, columns::rule_of(*named), named.class))
            }
            Some(What::Harmless) => None,
            _ => self.value(value),
        }
    }

    /// So many rows of `result` came, and more may come.
    pub fn rows(&mut self, result: &ResultColumns, count: usize) {
        if !result.masked.is_empty() {
            self.gave_rows(&result.masked, u64::try_from(count).unwrap_or(u64::MAX));
        }
    }

    /// All rows of `result` came; so many of them were not told.
    pub fn complete(&mut self, result: &ResultColumns, cut: u64) {
        if !result.masked.is_empty() {
            self.gave_all(cut);
        }
    }

    /// Masks and learns a row; `None` is NULL. `covered` is told each value that must be replaced,
    /// by its place.
    pub fn row<'a>(
        &mut self,
        result: &mut ResultColumns,
        cells: impl ExactSizeIterator<Item = Option<&'a [u8]>>,
        mut covered: impl FnMut(usize, Covered),
    ) {
        let count = cells.len();
        let mut name: Option<&[u8]> = None;
        for (n, cell) in cells.enumerate() {
            let before = std::mem::replace(&mut name, cell);
            let Some(value) = cell else { continue };
            let masked = match before {
                // Settings kept as rows: the cell before names what this one is.
                Some(name) if columns::is_setting(name, value, count) => {
                    let rule = columns::rule_of(SETTING);
                    Some(self.whole_cell(result, value, rule, Class::Password))
                }
                _ => self.cell(result, n, value),
            };
            if let Some(masked) = masked {
                covered(n, masked);
            }
        }
    }

    fn whole_cell(
        &mut self,
        result: &mut ResultColumns,
        value: &[u8],
        rule: RuleId,
        class: Class,
    ) -> Covered {
        let span = Span::new(0, value.len(), rule, class);
        self.given(value, rule, class);
        if class.is_learned() && result.learned < LEARNED_MAX {
            result.learned += 1;
            self.learn_from(value, &[span]);
        }
        Covered {
            text: crate::mask::masked(value, &[span]),
            rules: vec![rule],
        }
    }
}

fn judge(judge: &Judge, column: &Column<'_>, item: Option<&Item>) -> Option<Named> {
    let own = if column.origin.is_empty() {
        column.name
    } else {
        column.origin
    };
    if is_of_catalog(column.table, own) {
        return Some(SETTING);
    }
    let judge_one = |name: &str| {
        let (table, kind) = (column.table.as_bytes(), column.kind.as_bytes());
        judge.column_of(name.as_bytes(), table, kind)
    };
    let origin = (!column.origin.is_empty()).then(|| judge_one(column.origin));
    let by_name = judge_one(column.name).or(origin.flatten());
    let by_item = item.and_then(|item| item.named);
    // The stronger word counts.
    let named = match (by_name, by_item) {
        (Some(a), Some(b)) if b.strength > a.strength => Some(b),
        (a, b) => a.or(b),
    };
    named.or_else(|| {
        let person = is_of_persons(column.table) && own.eq_ignore_ascii_case("name");
        person.then_some(Named::personal(Personal::Name))
    })
}

/// Columns of the servers' own catalogs that hold secrets under names that do not say so.
fn is_of_catalog(table: &str, column: &str) -> bool {
    const CATALOG: &[(&str, &str)] = &[
        // PostgreSQL
        ("pg_user_mapping", "umoptions"),
        ("pg_user_mappings", "umoptions"),
        ("pg_foreign_server", "srvoptions"),
        ("pg_foreign_data_wrapper", "fdwoptions"),
        ("pg_hba_file_rules", "options"),
        // MySQL and MariaDB
        ("global_priv", "priv"),
        ("user", "user_attributes"),
        ("slave_master_info", "user_password"),
        ("credentials", "data"),
    ];
    CATALOG
        .iter()
        .any(|(t, c)| table.eq_ignore_ascii_case(t) && column.eq_ignore_ascii_case(c))
}

/// Tables whose rows are persons, so that `name` is a person's.
fn is_of_persons(table: &str) -> bool {
    const TABLES: &[&str] = &[
        "customer",
        "patient",
        "employee",
        "person",
        "contact",
        "passenger",
        "guest",
        "student",
        "citizen",
        "tenant_contact",
        "donor",
        "applicant",
        "candidate",
        "member",
        "resident",
        "kunde",
        "mitarbeiter",
        "cliente",
        "empleado",
        "paciente",
    ];
    let table = table
        .rsplit('.')
        .next()
        .unwrap_or(table)
        .to_ascii_lowercase();
    table == "people"
        || TABLES
            .iter()
            .any(|t| table == *t || table.strip_suffix('s') == Some(t))
}

/// Whether values of this type are never a password, token or key.
fn is_harmless(kind: &str) -> bool {
    const KINDS: &[&str] = &[
        "bool",
        "boolean",
        "date",
        "time",
        "timetz",
        "timestamp",
        "timestamptz",
        "interval",
        "datetime",
        "year",
        "oid",
        "float4",
        "float8",
        "float",
        "double",
        "numeric",
        "decimal",
        "money",
        "point",
        "inet",
        "cidr",
        "macaddr",
        "int2",
        "smallint",
        "tinyint",
        "bit",
    ];
    let kind = kind.split(['(', ' ']).next().unwrap_or(kind);
    KINDS.iter().any(|k| kind.eq_ignore_ascii_case(k))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Rules;

    fn run(statement: &str, columns: &[Column<'_>], cells: &[&str]) -> Vec<String> {
        let mut scanner = Scanner::new(Rules::builtin());
        let mut result = scanner.result(statement.as_bytes(), columns);
        let mut shown: Vec<String> = cells.iter().map(|cell| (*cell).to_owned()).collect();
        let cells = cells.iter().map(|cell| Some(cell.as_bytes()));
        scanner.row(&mut result, cells, |n, covered| {
            shown[n] = String::from_utf8_lossy(&covered.text).into_owned();
        });
        shown
    }

    #[test]
    fn the_words_of_a_text_s_parser_are_no_secrets() {
        let columns =
            |names: &'static str| -> Vec<Column<'static>> { names.split(' ').map(named).collect() };
        let word = "aew.werc.ewr/?ad=qwe&dw";
        for (names, cells) in [
            ("tokid token", ["18", word].as_slice()),
            ("token lexemes", &[word, "{1aew.werc.ewr}"]),
            ("alias token dictionaries", &["url", word, "{simple}"]),
        ] {
            let statement = "select * from ts_debug('english', $1)";
            assert_eq!(run(statement, &columns(names), cells), cells, "{names}");
        }
        // Elsewhere it is one.
        for names in ["id token", "alias token"] {
            let shown = run("select * from t", &columns(names), &["18", word]);
            assert_ne!(shown[1], word, "{names}");
        }
    }

    fn named(name: &str) -> Column<'_> {
        Column {
            name,
            ..Column::default()
        }
    }

    #[test]
    fn cells_are_masked_by_the_names_of_their_columns() {
        let columns = ["id", "login", "pass_word", "email", "n"].map(named);
        let cells = [
            "1",
            "ada",
            "KEuzcrJaBnx7I7",
            "Ada@example.org",
            "4111 1111 1111 1111",
        ];
        assert_eq!(
            run("", &columns, &cells),
            [
                "1",
                "ada",
                "********",
                "***************",
                "*******************"
            ]
        );
    }

    #[test]
    fn an_alias_does_not_hide_a_secret() {
        for (statement, name, cell, masked) in [
            ("SELECT password AS x FROM u", "x", "pl4in", true),
            ("select id, u.password x from u", "x", "pl4in", true),
            ("SELECT lower(email) FROM u", "lower", "ann", true),
            ("SELECT count(password) FROM u", "count", "17", false),
            ("SELECT note AS x FROM u", "x", "pl4in", false),
        ] {
            let columns = if statement.contains("id,") {
                vec![named("id"), named(name)]
            } else {
                vec![named(name)]
            };
            let cells = if columns.len() > 1 {
                vec!["1", cell]
            } else {
                vec![cell]
            };
            let shown = run(statement, &columns, &cells);
            assert_eq!(
                shown.last().map(String::as_str) != Some(cell),
                masked,
                "{statement}"
            );
        }
    }

    #[test]
    fn table_and_type_count() {
        let column = |name, table, kind| Column {
            name,
            table,
            kind,
            ..Column::default()
        };
        for (column, cell, masked) in [
            (column("name", "customers", "text"), "Ann Meyer", true),
            (column("name", "colours", "text"), "dark red", false),
            (
                column("umoptions", "pg_user_mappings", ""),
                "{password=x}",
                true,
            ),
            (column("password_set", "u", "bool"), "t", false),
            (
                column("token", "u", "timestamptz"),
                "2026-05-04 10:00:00.12345+00",
                false,
            ),
            (column("token", "u", "text"), "h4r5vest-lane-99", true),
        ] {
            assert_eq!(run("", &[column], &[cell])[0] != cell, masked, "{column:?}");
        }
    }

    #[test]
    fn settings_kept_as_rows_are_masked_by_their_names() {
        let columns = ["name", "setting"].map(named);
        assert_eq!(
            run("", &columns, &["smtp_password", "hush-hush"])[1],
            "********"
        );
        assert_eq!(
            run("", &columns, &["work_mem", "hush-hush"])[1],
            "hush-hush"
        );
    }
}
