//! Texts of errors and notices: they quote the statement, its values, or rows of a table.

use super::Covered;
use crate::mask::bytes::{cut, find};
use crate::mask::scanner::Scanner;
use crate::mask::span::{Span, settle};

/// Where PostgreSQL quotes a row without the names of its columns.
const ROW: &[u8] = b"failing row contains (";

impl Scanner {
    /// Masks and learns the secrets of one text of an error or notice: message, detail, hint,
    /// context. `statement` is what it answers, or empty when unknown: what is secret there is
    /// secret in its answer, however short it is.
    pub fn message(&mut self, text: &[u8], statement: &[u8]) -> Option<Covered> {
        if statement.is_empty() && self.is_clear(text) {
            return None;
        }
        let mut spans = Vec::new();
        self.alone(text, false, &mut spans);
        if !statement.is_empty() {
            let mut known = Vec::new();
            self.alone(statement, true, &mut known);
            for secret in &known {
                let value = cut(statement, secret.start, secret.end);
                everywhere(text, value, *secret, &mut spans);
            }
            settle(&mut spans);
        }
        self.learn_from(text, &spans);
        Covered::over(text, &spans)
    }
}

/// Appends the places of `text` where `value` stands as a quoted or parted value of its own.
fn everywhere(text: &[u8], value: &[u8], secret: Span, spans: &mut Vec<Span>) {
    if value.is_empty() {
        return;
    }
    let row = find(text, 0, ROW).map_or(text.len(), |n| n + ROW.len());
    for start in memchr::memmem::find_iter(text, value) {
        let end = start + value.len();
        let (lead, behind) = (
            cut(text, start.saturating_sub(1), start),
            cut(text, end, end + 1),
        );
        let quotes = |c: &[u8]| matches!(c, b"'" | b"\"" | b"`" | b"$" | b"(" | b")");
        let parts =
            start >= row && matches!(lead, b" " | b"(") && matches!(behind, b"," | b")" | b".");
        if quotes(lead) && quotes(behind) || parts {
            spans.push(Span {
                start,
                end,
                ..secret
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::mask::{Rules, Scanner};

    fn message(text: &str, statement: &str) -> String {
        let mut scanner = Scanner::new(Rules::builtin());
        let covered = scanner.message(text.as_bytes(), statement.as_bytes());
        covered.map_or_else(
            || text.to_owned(),
            |covered| String::from_utf8_lossy(&covered.text).into_owned(),
        )
    }

    #[test]
    fn what_a_server_quotes_is_masked() {
        assert_eq!(
            message("Key (email)=(ann@x) already exists.", ""),
            "Key (email)=(*****) already exists."
        );
        assert_eq!(
            message(
                "Failing row contains (1, ann, tiny, null).",
                "INSERT INTO users (id, name, password) VALUES (1, 'ann', 'tiny')"
            ),
            "Failing row contains (1, ann, ********, null)."
        );
        assert_eq!(
            message(
                "syntax error at or near \"tiny\"",
                "ALTER USER a PASWORD 'x' PASSWORD 'tiny'"
            ),
            "syntax error at or near \"********\""
        );
        assert_eq!(
            message(
                "invalid input syntax for type integer: \"abc\"",
                "SELECT 'abc'::int"
            ),
            "invalid input syntax for type integer: \"abc\""
        );
    }
}
