//! What was found out of statements and results that come again and again, as programs send them.
//!
//! Only what held no secret is remembered, by a hash of its text, and only for as long as nothing
//! was learned since: what was learned meanwhile may stand in it. So the answer is always the one that
//! a closer look would give.

use crate::mask::{Knows, Parameters, ResultColumns};
use crate::model::wire::Column;
use std::collections::HashMap;
use std::sync::Arc;

/// So many are remembered. A program has some hundreds of statements; one that writes its values into
/// them fills this with what never comes again, and all of it is forgotten.
const REPEATS_MAX: usize = 512;

/// Longer statements are not sent often.
const TEXT_MAX: usize = 16 << 10;

/// A text's hash.
pub(super) type Key = [u8; 32];

/// What is remembered.
#[derive(Default)]
pub(super) struct Repeats {
    statements: HashMap<Key, (Knows, Option<Arc<Parameters>>)>,
    results: HashMap<Key, (Knows, ResultColumns)>,
}

/// The key of a statement.
pub(super) fn statement(text: &str) -> Option<Key> {
    (text.len() <= TEXT_MAX).then(|| blake3::hash(text.as_bytes()).into())
}

/// The key of the result that a statement gives with these columns. Statements that differ only in
/// what they look for, as those of a program that writes its values into them, share it.
pub(super) fn result(statement: &str, columns: &[Column]) -> Option<Key> {
    let statement = list(statement).unwrap_or(statement);
    if statement.len() > TEXT_MAX {
        return None;
    }
    let mut hasher = blake3::Hasher::new();
    let mut add = |text: &str| {
        hasher.update(&text.len().to_le_bytes());
        hasher.update(text.as_bytes());
    };
    add(statement);
    for column in columns {
        for text in [&column.name, &column.type_name, &column.table] {
            add(text);
        }
    }
    Some(hasher.finalize().into())
}

/// A statement up to the FROM behind the list that its columns come from: what follows says nothing
/// of them. `None` where it is not that plain: only names, numbers and calls stand in that list, so
/// that no quote or comment can reach beyond it.
fn list(statement: &str) -> Option<&str> {
    const FROM: &[u8] = b"from";
    let text = statement.as_bytes();
    let selects = text.get(..7)?.eq_ignore_ascii_case(b"select ");
    let mut depth = 0usize;
    for (at, byte) in text.iter().enumerate().skip(7).filter(|_| selects) {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.checked_sub(1)?,
            b' ' | b'\n' if depth == 0 => {
                let word = text.get(at + 1..at + 1 + FROM.len());
                let ends = matches!(text.get(at + 1 + FROM.len()), Some(b' ' | b'\n'));
                if ends && word.is_some_and(|word| word.eq_ignore_ascii_case(FROM)) {
                    return statement.get(..at);
                }
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => {}
            b' ' | b'\n' | b'_' | b'.' | b',' | b'*' => {}
            _ => return None,
        }
    }
    None
}

impl Repeats {
    /// What the placeholders of a statement are for, where that was found out.
    pub(super) fn parameters(&self, key: Option<Key>) -> Option<Arc<Parameters>> {
        let (_, parameters) = self.statements.get(&key?)?;
        parameters.clone()
    }

    /// Whether nothing of the statement is to be masked.
    pub(super) fn is_clean(&self, key: Option<Key>, knows: Knows) -> bool {
        let known = key.and_then(|key| self.statements.get(&key));
        known.is_some_and(|(then, _)| *then == knows)
    }

    /// Nothing of the statement is to be masked, by who knows so much.
    pub(super) fn clean(
        &mut self,
        key: Option<Key>,
        knows: Knows,
        parameters: Option<Arc<Parameters>>,
    ) {
        put(&mut self.statements, key, (knows, parameters));
    }

    /// What the columns of a result are whose own names hold nothing that is to be masked.
    pub(super) fn result(&self, key: Option<Key>, knows: Knows) -> Option<ResultColumns> {
        let (then, result) = self.results.get(&key?)?;
        (*then == knows).then(|| result.clone())
    }

    /// So they are, for who knows so much.
    pub(super) fn judged(&mut self, key: Option<Key>, knows: Knows, result: &ResultColumns) {
        put(&mut self.results, key, (knows, result.clone()));
    }
}

fn put<T>(map: &mut HashMap<Key, T>, key: Option<Key>, value: T) {
    if map.len() >= REPEATS_MAX {
        map.clear();
    }
    if let Some(key) = key {
        map.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_known_by_what_it_is_of_and_not_by_what_was_looked_for() {
        let columns = |name: &str| {
            vec![Column {
                name: name.to_owned(),
                ..Column::default()
            }]
        };
        let key = |text: &str| result(text, &columns("c"));
        let first = key("SELECT c FROM t WHERE id = 1");
        assert_eq!(first, key("SELECT c FROM t WHERE id = 22 OR k = 'a -- b'"));
        assert_eq!(first, key("SELECT c\nfrom other"));
        for (one, other) in [
            ("SELECT c FROM t", "SELECT password c FROM t"),
            ("SELECT c FROM t", "select c FROM t"),
            ("SELECT lower(c) FROM t", "SELECT upper(c) FROM t"),
            // A FROM within a call ends no list.
            (
                "SELECT trim(a from c), d FROM t",
                "SELECT trim(a from c), token FROM t",
            ),
            // What may reach over a FROM.
            ("SELECT 'a' FROM t -- 1'", "SELECT 'a' FROM t -- 2'"),
            ("SELECT c /* FROM */, 1", "SELECT c /* FROM */, 2"),
            (
                "WITH a AS (SELECT 1) SELECT c FROM a",
                "WITH a AS (SELECT 2) SELECT c FROM a",
            ),
            ("SELECT fromage, 1", "SELECT fromage, 2"),
            ("SELECT c FROM t;", "SELECT c FROMT;"),
        ] {
            assert_ne!(key(one), key(other), "{one} / {other}");
        }
        let of = |name| result("SELECT c FROM t", &columns(name));
        assert_ne!(of("c"), of("token"));
    }
}
