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

/// The key of the result that a statement gives with these columns.
pub(super) fn result(statement: &str, columns: &[Column]) -> Option<Key> {
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
