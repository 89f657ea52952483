//! Placeholders: their statement comes first, and the values stand in a line of their own, which names
//! nothing.

use crate::mask::bytes::{contains, cut, find};
use crate::mask::columns::Judge;
use crate::mask::span::Span;
use crate::mask::sql::{self, Slot};

/// More prepared statements of a session are not remembered.
const PREPARED_MAX: usize = 16;
/// What MyBatis logs: a statement, and the values of its question marks below.
const PREPARING: &[u8] = b"preparing: ";
const PARAMETERS: &[u8] = b"> parameters: ";

/// What the placeholders of earlier statements are for.
#[derive(Clone, Default)]
pub(super) struct Bound {
    /// Those of the statement before; a log tells their values behind it.
    slots: Option<Vec<Option<Slot>>>,
    /// Prepared statements with a placeholder for a secret, by name.
    prepared: Vec<(Vec<u8>, Vec<Option<Slot>>)>,
}

/// What of the layers stands in a line.
#[derive(Clone, Copy)]
pub(super) struct Woken {
    pub message: bool,
    pub statement: bool,
    pub named: bool,
}

impl Bound {
    /// Whether `line` neither has placeholders nor values for such.
    pub(super) fn is_apart(line: &[u8]) -> bool {
        [&b"$1"[..], b"execute ", PREPARING, PARAMETERS]
            .iter()
            .all(|word| !contains(line, word))
    }

    /// Reads `line`, in which `woken` stands.
    pub(super) fn line(&mut self, line: &[u8], woken: Woken, judge: &Judge, spans: &mut Vec<Span>) {
        let Woken {
            message,
            statement,
            named,
        } = woken;
        if contains(line, b"$1") {
            if message && let Some(slots) = self.slots.take() {
                sql::bound(line, &slots, spans);
            }
            if statement || named {
                let slots = sql::slots(line, judge);
                self.remember(line, &slots);
                self.slots = Some(slots);
            }
        }
        if let Some(place) = find(line, 0, PREPARING) {
            let statement = cut(line, place + PREPARING.len(), line.len());
            self.slots = Some(sql::slots(statement, judge));
        } else if message
            && let Some(place) = find(line, 0, PARAMETERS)
            && let Some(slots) = self.slots.take()
        {
            sql::typed(line, place + PARAMETERS.len(), &slots, spans);
        }
        if statement {
            self.given(line, spans);
        }
    }

    /// Reads a statement that passed by itself, of any number of lines: it may prepare another, or
    /// execute one that was prepared here or on the terminal.
    pub(super) fn statement(&mut self, text: &[u8], judge: &Judge, spans: &mut Vec<Span>) {
        if contains(text, b"$1") && contains(text, b"prepare ") {
            self.remember(text, &sql::slots(text, judge));
        }
        self.given(text, spans);
    }

    /// Keeps what the placeholders are for of the statement that `text` prepares.
    fn remember(&mut self, text: &[u8], slots: &[Option<Slot>]) {
        let Some(name) = sql::prepared(text) else {
            return;
        };
        self.prepared.retain(|(known, _)| *known != name);
        if slots.iter().all(Option::is_none) {
            return;
        }
        if self.prepared.len() >= PREPARED_MAX {
            self.prepared.remove(0);
        }
        self.prepared.push((name, slots.to_vec()));
    }

    /// Appends what `text` gives a prepared statement for a secret.
    fn given(&self, text: &[u8], spans: &mut Vec<Span>) {
        if !self.prepared.is_empty()
            && let Some(name) = sql::executed(text)
            && let Some((_, slots)) = self.prepared.iter().find(|(known, _)| *known == name)
        {
            sql::given(text, slots, spans);
        }
    }
}
