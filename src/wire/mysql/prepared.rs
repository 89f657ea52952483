//! Statements that the client prepared, by their numbers.

use super::column::Definition;
use super::result::Progress;
use super::value::Kind;
use crate::model::wire::{PARAMETERS_MAX, TEXT_MAX};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Texts and columns kept of all prepared statements, in bytes. Of those beyond it the beginning is
/// kept: servers allow 16,382 statements of any length.
const KEPT_MAX: usize = 32 << 20;

/// As much is kept of each text all the same.
const BEGINNING: usize = 256;

/// A column's definition takes about so much.
const DEFINITION: usize = 160;

/// A text as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The beginning of it.
    pub text: String,
    /// How many more bytes there were.
    pub cut: u64,
}

/// A parameter that the client sends ahead, in pieces (COM_STMT_SEND_LONG_DATA).
#[derive(Default)]
pub struct Long {
    /// The beginning of it.
    pub kept: Vec<u8>,
    /// How long it is in all.
    pub length: u64,
}

/// A prepared statement.
#[derive(Default)]
pub struct Prepared {
    /// What was prepared.
    pub text: Text,
    /// How many parameters it has.
    pub params: u16,
    /// What they were of when it was last executed.
    pub types: Vec<Kind>,
    /// What it gives, as last told; the server need not repeat it (MARIADB_CLIENT_CACHE_METADATA).
    pub columns: Option<Arc<[Definition]>>,
    /// Parameters sent ahead.
    pub long: BTreeMap<u16, Long>,
    /// It was executed.
    pub executed: bool,
    /// It was last executed with a cursor asked for.
    pub asks_cursor: bool,
    /// The statement whose cursor is open.
    pub cursor: Option<Progress>,
}

impl Prepared {
    /// The next piece of a parameter.
    pub fn long(&mut self, parameter: u16, bytes: &[u8]) {
        let kept: usize = self.long.values().map(|long| long.kept.len()).sum();
        let room = PARAMETERS_MAX.saturating_sub(kept);
        let long = self.long.entry(parameter).or_default();
        long.length += bytes.len() as u64;
        long.kept
            .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    fn size(&self) -> usize {
        let columns = self.columns.as_ref().map_or(0, |columns| columns.len());
        self.text.text.len() + columns * DEFINITION
    }
}

/// All of a connection's.
#[derive(Default)]
pub struct Statements {
    all: HashMap<u32, Prepared>,
    kept: usize,
    /// The last that was prepared, which MariaDB's clients may call −1.
    pub last: Option<u32>,
}

impl Statements {
    /// The server gave a statement this number. Gives the one that had it.
    #[must_use]
    pub fn add(&mut self, id: u32, mut prepared: Prepared) -> Option<Prepared> {
        let before = self.remove(id);
        if self.kept + prepared.size() > KEPT_MAX {
            prepared.columns = None;
            shorten(&mut prepared.text, BEGINNING);
        }
        self.kept += prepared.size();
        self.all.insert(id, prepared);
        self.last = Some(id);
        before
    }

    /// The statement with this number.
    pub fn get(&mut self, id: u32) -> Option<&mut Prepared> {
        self.all.get_mut(&id)
    }

    /// What the statement gives was told anew.
    pub fn describe(&mut self, id: u32, columns: &Arc<[Definition]>) {
        let Some(prepared) = self.all.get_mut(&id) else {
            return;
        };
        if prepared.columns.as_ref() == Some(columns) {
            return;
        }
        self.kept -= prepared.size();
        let fits = self.kept + prepared.size() + columns.len() * DEFINITION <= KEPT_MAX;
        prepared.columns = fits.then(|| Arc::clone(columns));
        self.kept += prepared.size();
    }

    /// The statement is closed.
    pub fn remove(&mut self, id: u32) -> Option<Prepared> {
        let prepared = self.all.remove(&id)?;
        self.kept -= prepared.size();
        self.last = self.last.filter(|last| *last != id);
        Some(prepared)
    }

    /// All are closed, in the order of their numbers.
    pub fn clear(&mut self) -> Vec<Prepared> {
        let mut all: Vec<_> = self.all.drain().collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        *self = Statements::default();
        all.into_iter().map(|(_, prepared)| prepared).collect()
    }
}

/// At most `max` bytes of a text, itself at most [`TEXT_MAX`].
pub fn shorten(text: &mut Text, max: usize) {
    let max = max.min(TEXT_MAX);
    if text.text.len() <= max {
        return;
    }
    let end = (0..=max).rev().find(|at| text.text.is_char_boundary(*at));
    let end = end.unwrap_or_default();
    text.cut += (text.text.len() - end) as u64;
    text.text.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(length: usize) -> Prepared {
        Prepared {
            text: Text {
                text: "x".repeat(length),
                cut: 0,
            },
            ..Prepared::default()
        }
    }

    #[test]
    fn texts_are_bounded_and_room_comes_back() {
        let mut statements = Statements::default();
        for id in 0..40 {
            assert!(statements.add(id, prepared(TEXT_MAX)).is_none());
        }
        assert!(statements.kept <= KEPT_MAX + 40 * BEGINNING);
        let text = &statements.get(39).unwrap().text;
        assert_eq!(
            (text.text.len(), text.cut),
            (BEGINNING, (TEXT_MAX - BEGINNING) as u64)
        );
        assert_eq!(statements.last, Some(39));
        statements.remove(39);
        assert_eq!(statements.last, None);
        assert_eq!(statements.clear().len(), 39);
        assert_eq!(statements.kept, 0);
        assert!(statements.add(1, prepared(TEXT_MAX)).is_none());
        assert!(statements.add(1, prepared(TEXT_MAX)).is_some());
        assert_eq!(statements.get(1).unwrap().text.cut, 0);
    }

    #[test]
    fn a_parameter_sent_ahead_is_bounded() {
        let mut prepared = prepared(0);
        for _ in 0..5 {
            prepared.long(0, &vec![0; PARAMETERS_MAX / 2]);
        }
        prepared.long(1, b"more");
        let long = &prepared.long[&0];
        assert_eq!(long.kept.len(), PARAMETERS_MAX);
        assert_eq!(long.length, 5 * PARAMETERS_MAX as u64 / 2);
        assert_eq!(
            (prepared.long[&1].kept.len(), prepared.long[&1].length),
            (0, 4)
        );
    }
}
