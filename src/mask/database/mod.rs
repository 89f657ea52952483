//! What travels between a client and a database, before it is ever text on a terminal: statements,
//! parameters, rows, COPY data and messages.
//!
//! All of it is asked of the session's [`Scanner`], so that a secret learned here is masked on the
//! terminal and the other way round. Each answer is `None` where nothing is secret, and then the
//! value is stored as it came:
//!
//! ```text
//! scanner.statement(text)                    the text of a query, of any number of lines
//! let p = scanner.parameters(text)           once for each prepared statement …
//! scanner.parameter(&p, n, value)            … then for each value, n from 0
//! let r = scanner.result(text, &columns)     once for each RowDescription / column list …
//! scanner.row(&r, &cells, |n, covered| …)    … then for each row (or `cell` for one value)
//! let c = scanner.copy(text)                 once for each COPY …
//! scanner.copy_data(&mut c, data, &mut out)  … then for all of its data, and `copy_end`
//! scanner.message(text, statement)           texts of errors and notices
//! ```
//!
//! Values are texts as the protocol carries them; what a decoder read from a binary format is given
//! as the text it would store. Authentication messages hold nothing but secrets: they never come
//! here and are never stored.

mod copy;
mod message;
mod result;

pub use copy::Copy;
pub use result::{Column, ResultColumns};

use super::bytes;
use super::filter::masked;
use super::scanner::Scanner;
use super::span::{RuleId, Span};
use super::sql::{Slot, slots};

/// A text with its secrets covered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// What may be stored.
    pub text: Vec<u8>,
    /// Which rules covered something, once for each time.
    pub rules: Vec<RuleId>,
}

impl Covered {
    /// `text` with `spans` covered; `None` when there are none.
    fn over(text: &[u8], spans: &[Span]) -> Option<Covered> {
        (!spans.is_empty()).then(|| Covered {
            text: masked(text, spans),
            rules: spans.iter().map(|span| span.rule).collect(),
        })
    }
}

/// What the placeholders of a statement are for. Made by [`Scanner::parameters`].
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    slots: Vec<Option<Slot>>,
}

impl Scanner {
    /// Statements pass that may copy rows: what the terminal shows next may be these. They name the
    /// columns, also where they were typed without them.
    pub fn copies(&mut self, statements: &[u8]) {
        let mut from = 0;
        while let Some(at) = bytes::find(statements, from, b"copy ") {
            let before = statements.get(..at).unwrap_or_default();
            let space = before.len() - before.trim_ascii_end().len();
            let (before, space) = before.split_at(before.len() - space);
            let begins = before.is_empty() || before.ends_with(b";") || before.ends_with(b"*/");
            // A comment may stand on the line before.
            if begins || space.contains(&b'\n') {
                return self.copy_follows(statements.get(at..).unwrap_or_default());
            }
            from = at + 1;
        }
    }

    /// Masks and learns the secrets of a text of one or more statements, whole or broken, of any
    /// number of lines.
    pub fn statement(&mut self, text: &[u8]) -> Option<Covered> {
        let mut spans = Vec::new();
        self.alone(text, true, &mut spans);
        self.learn_from(text, &spans);
        Covered::over(text, &spans)
    }

    /// What the placeholders of a statement that is prepared are for: `$1` by number, `?` by order.
    pub fn parameters(&self, statement: &[u8]) -> Parameters {
        Parameters {
            slots: slots(statement, self.judge()),
        }
    }

    /// Masks and learns a value that is bound to placeholder `number`, counted from 0: as a whole
    /// when its place is a secret's, else what is secret in it.
    pub fn parameter(
        &mut self,
        parameters: &Parameters,
        number: usize,
        value: &[u8],
    ) -> Option<Covered> {
        let slot = parameters.slots.get(number).copied().flatten();
        match slot.filter(|slot| slot.holds(value)) {
            Some(slot) => {
                let span = Span::new(0, value.len(), slot.rule, slot.class);
                self.learn_from(value, &[span]);
                Covered::over(value, &[span])
            }
            None => self.value(value),
        }
    }

    /// Masks and learns what is secret in a value of unknown meaning.
    fn value(&mut self, value: &[u8]) -> Option<Covered> {
        if self.is_clear(value) {
            return None;
        }
        let mut spans = Vec::new();
        self.alone(value, false, &mut spans);
        self.learn_from(value, &spans);
        for span in &spans {
            let secret = value.get(span.start..span.end).unwrap_or_default();
            self.given(secret, span.rule, span.class);
        }
        Covered::over(value, &spans)
    }
}

#[cfg(test)]
mod tests {
    use crate::mask::{Rules, Scanner};

    fn scanner() -> Scanner {
        Scanner::new(Rules::builtin())
    }

    fn statement(text: &str) -> String {
        let covered = scanner().statement(text.as_bytes());
        covered.map_or_else(
            || text.to_owned(),
            |covered| String::from_utf8_lossy(&covered.text).into_owned(),
        )
    }

    #[test]
    fn statements_are_masked_whatever_their_length() {
        assert_eq!(
            statement("ALTER USER a\n  PASSWORD\n\n  'hunter2'"),
            "ALTER USER a\n  PASSWORD\n\n  '********'"
        );
        let row = "('ann', 'hunter2x', now()),\n";
        let long = format!(
            "INSERT INTO u (name, password, at) VALUES\n{}",
            row.repeat(5000)
        );
        assert_eq!(statement(&long), long.replace("hunter2x", "********"));
        let many = "SELECT 1; UPDATE u SET password = 'Tr0ub4' WHERE id = 3;\n".repeat(3000);
        assert_eq!(statement(&many), many.replace("Tr0ub4", "********"));
        let deep = format!("SELECT {}1", "(".repeat(100_000));
        assert_eq!(statement(&deep), deep);
    }

    #[test]
    fn a_statement_is_no_table() {
        for text in [
            "SELECT id,\n  email, phone\nFROM users, x",
            "SELECT id, token\nFROM a, b\nWHERE c, d",
        ] {
            assert_eq!(statement(text), text);
        }
    }

    #[test]
    fn other_layers_see_a_statement_too() {
        let token = ["ghp_", "VbVJBMQKnY8qS0BFn7BwpkZ01BZGaG1oAbYf"].concat();
        let text = format!("SELECT f('{token}');\n-- psql postgres://a:hunter2@h/d");
        assert_eq!(
            statement(&text),
            format!(
                "SELECT f('{}');\n-- psql postgres://a:********@h/d",
                "*".repeat(40)
            )
        );
    }

    proptest::proptest! {
        /// Most values are told to be harmless at a glance: the same ones as by a closer look.
        #[test]
        fn what_a_glance_lets_go_holds_nothing(parts in proptest::collection::vec(0..PARTS.len(), 0..6)) {
            let value: String = parts.iter().map(|n| PARTS[*n]).collect();
            let mut scanner = scanner();
            scanner.learn(b"tr0ub4dor-and-3", crate::mask::RuleId::new("t"));
            let mut spans = Vec::new();
            scanner.alone(value.as_bytes(), false, &mut spans);
            let clear = scanner.is_clear(value.as_bytes());
            proptest::prop_assert!(!clear || spans.is_empty(), "{value:?}: {spans:?}");
            let covered = scanner.value(value.as_bytes());
            proptest::prop_assert_eq!(covered.is_some(), !spans.is_empty(), "{:?}", value);
        }
    }

    /// What values are made of, secrets among it.
    const PARTS: &[&str] = &[
        "4111111111111111",
        "4111 1111 1111 1111",
        "DE89 3704 0044 0532 0130 00",
        "ada@example.org",
        "ada%40example.org",
        "tr0ub4dor-and-3",
        "dHIwdWI0ZG9yLWFuZC0z",
        "acme_live_4fG7hQ9xK2mP8wZr3TbV",
        "+49 151 55501824",
        "legal winner thank year wave sausage worth useful legal winner thank yellow",
        "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ",
        "password=",
        "postgres://a:hunter2@h/d",
        "-----BEGIN PRIVATE KEY-----",
        "ssn 078-05-1120",
        "68487932199-96439406143-93774651418",
        "2026-05-04 11:22:33",
        "word",
        "12",
        "x",
        " ",
        "-",
        "+",
        "*",
        "\"",
        "'",
        ", ",
        ": ",
        "=",
        "\n",
        "\r",
        "ü",
        "│",
    ];

    #[test]
    fn most_values_need_no_more_than_a_glance() {
        let mut scanner = scanner();
        for value in [
            "17",
            "2026-05-04",
            "68487932199-96439406143-93774651418",
            "grün",
            "",
        ] {
            assert!(scanner.is_clear(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn what_a_parameter_held_is_known_from_then_on() {
        let mut scanner = scanner();
        let text = b"UPDATE users SET password = $2 WHERE name = $1";
        let parameters = scanner.parameters(text);
        assert_eq!(scanner.parameter(&parameters, 0, b"ann"), None);
        let covered = scanner
            .parameter(&parameters, 1, b"tr0ub4dor-3")
            .expect("masked");
        assert_eq!(covered.text, b"********");
        assert!(scanner.statement(b"SELECT 'tr0ub4dor-3'").is_some());
        assert_eq!(scanner.parameter(&parameters, 7, b"x"), None);
    }

    #[test]
    fn what_a_statement_prepared_by_sql_is_given_is_masked_by_its_place() {
        let mut scanner = scanner();
        let prepared = "PREPARE ins (int, text, text) AS\n  INSERT INTO accounts (id, login, password)\n  VALUES ($1, $2, $3)";
        assert_eq!(scanner.statement(prepared.as_bytes()), None);
        let covered = scanner
            .statement(b"EXECUTE ins (10, 'zed', 'four green boats')")
            .expect("masked");
        assert_eq!(covered.text, b"EXECUTE ins (10, 'zed', '********')");
        assert_eq!(scanner.statement(b"EXECUTE other (1, 'zed', 'x')"), None);
        // The name stands for another statement now.
        assert_eq!(scanner.statement(b"PREPARE ins AS SELECT $1"), None);
        assert_eq!(scanner.statement(b"EXECUTE ins ('a', 'b', 'c d')"), None);
    }

    #[test]
    fn what_a_message_is_raised_with_is_a_secret_where_it_says_so() {
        for (text, masked) in [
            (
                "DO $$ BEGIN RAISE NOTICE 'user % has the password: %', 'bob', 'Tr0ub4dor'; END $$",
                "DO $$ BEGIN RAISE NOTICE 'user % has the password: %', 'bob', '********'; END $$",
            ),
            (
                "raise exception 'login %% with password=%', 'Tr0ub4dor'",
                "raise exception 'login %% with password=%', '********'",
            ),
        ] {
            let covered = scanner().statement(text.as_bytes()).expect(text);
            assert_eq!(String::from_utf8_lossy(&covered.text), masked);
        }
        for text in [
            "DO $$ BEGIN RAISE NOTICE 'password %', 'expired'; END $$",
            "DO $$ BEGIN RAISE NOTICE 'rows: %, %', 'orders', 'Tr0ub4dor'; END $$",
            "DO $$ BEGIN RAISE NOTICE '100%% password'; END $$",
        ] {
            assert_eq!(scanner().statement(text.as_bytes()), None, "{text}");
        }
    }
}
