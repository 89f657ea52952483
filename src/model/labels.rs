//! What the owner says of a session after it was recorded: tags and notes.

use super::Micros;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Tags and notes of one session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    /// Short words to find it by.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// Sentences, each at a moment of the session, in that order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// A sentence about a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Since the session began.
    pub at: Micros,
    /// What it says.
    pub text: String,
}

impl Labels {
    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.notes.is_empty()
    }

    /// Adds a note in its place: behind those of the same moment.
    pub fn add(&mut self, note: Note) {
        let place = self.notes.partition_point(|known| known.at <= note.at);
        self.notes.insert(place, note);
    }
}
