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
                if let Some(name) = sql::prepared(line)
                    && slots.iter().any(Option::is_some)
                {
                    self.prepared.retain(|(known, _)| *known != name);
                    if self.prepared.len() >= PREPARED_MAX {
                        self.prepared.remove(0);
                    }
                    self.prepared.push((name, slots.clone()));
                }
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
        if statement
            && !self.prepared.is_empty()
            && let Some(name) = sql::executed(line)
            && let Some((_, slots)) = self.prepared.iter().find(|(known, _)| *known == name)
        {
            sql::given(line, slots, spans);
        }
    }
}
