//! Looking at recorded sessions with the rules of today: what they would mask that is stored in clear,
//! and masking it after the fact.
//!
//! A session is replayed through the whole engine, as an export is; nothing of its values is told or
//! kept. Sealing it anew goes the way of a redaction: a signed entry names the old hashes.

use super::redact::{Anew, events};
use super::{Entry, Error, Left, Unlocked};
use crate::export::Again;
use crate::mask::{Rules, Scanner};
use crate::model::{Body, Event, GapKind, Labels, Meta, Status};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The name under which it is told that the second look would drop something.
const SECOND_LOOK: &str = "second-look";

/// What the rules of today find in one session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audited {
    /// How many values each rule would mask that are stored in clear.
    pub found: BTreeMap<String, u32>,
    /// Damaged pieces, which cannot be looked at.
    pub damaged: usize,
}

/// What was masked by rule, and how often something was dropped.
#[derive(Default)]
struct Counts {
    rules: BTreeMap<String, u32>,
}

impl Counts {
    fn see(&mut self, event: &Event) {
        match &event.body {
            Body::Masked { rule, count } => self.add(rule, *count),
            Body::Gap(gap) if gap.kind == GapKind::Unmaskable => self.add(SECOND_LOOK, 1),
            _ => {}
        }
    }

    fn add(&mut self, rule: &str, count: u32) {
        let total = self.rules.entry(rule.to_owned()).or_default();
        *total = total.saturating_add(count);
    }

    /// What is counted here beyond `before`.
    fn beyond(self, before: &Counts) -> BTreeMap<String, u32> {
        let more = self.rules.into_iter().map(|(rule, count)| {
            let known = before.rules.get(&rule).copied().unwrap_or(0);
            (rule, count.saturating_sub(known))
        });
        more.filter(|(_, count)| *count > 0).collect()
    }
}

impl Unlocked {
    /// What the rules of today would mask in a session that is not being recorded.
    ///
    /// # Errors
    /// [`Error::Recorded`], what the configuration says, or the vault cannot be read.
    pub fn audit(&self, entry: &Entry) -> Result<Audited, Error> {
        if entry.status == Status::Recording {
            return Err(Error::Recorded { id: entry.id });
        }
        let rules = self.vault().rules(&entry.meta)?;
        let (mut again, _) = Again::new(&rules, &entry.meta, &[]);
        let (mut before, mut after) = (Counts::default(), Counts::default());
        texts(&rules, &entry.meta, &self.labels(&entry.row)?, &mut after);
        let mut damaged = 0;
        for part in self.parts(entry.row.number)? {
            let Some(plain) = part.plain else {
                damaged += 1;
                continue;
            };
            for event in events(&plain) {
                before.see(&event);
                again.push(&event).iter().for_each(|e| after.see(e));
            }
        }
        again.finish().iter().for_each(|e| after.see(e));
        Ok(Audited {
            found: after.beyond(&before),
            damaged,
        })
    }

    /// Masks a session with the rules of today and seals it anew; gives how many damaged pieces
    /// stayed as they were, and what of what was sealed before still stands in the vault's files. The index is the
    /// caller's to clean.
    ///
    /// # Errors
    /// As [`Unlocked::audit`]; then nothing was changed.
    pub fn mask_again(&mut self, entry: &Entry) -> Result<(usize, Left), Error> {
        if entry.status == Status::Recording {
            return Err(Error::Recorded { id: entry.id });
        }
        self.compact_whole(entry.row.number, entry.id)?;
        let labels = self.labels(&entry.row)?;
        let rules = self.vault().rules(&entry.meta)?;
        let (again, meta) = Again::new(&rules, &entry.meta, &[]);
        let none = crate::export::redact::Found::default();
        let labels = crate::export::redact::labels_without(&rules, &none, &labels);
        let mut new = Anew::new(self, entry, meta, labels)?;
        new.events(again, &mut |_| {})?;
        new.put(self)
    }
}

/// Counts what would be masked in a session's own name and in what its owner said of it.
fn texts(rules: &Arc<Rules>, meta: &Meta, labels: &Labels, counts: &mut Counts) {
    let mut scanner = Scanner::new(Arc::clone(rules));
    let target = &meta.target;
    let named = [&target.host, &target.database, &target.user];
    let own = [&meta.command, &meta.client, &meta.directory];
    let notes = labels.notes.iter().map(|note| &note.text);
    let all = own
        .into_iter()
        .chain(named.into_iter().flatten())
        .chain(&labels.tags)
        .chain(notes);
    let mut spans = Vec::new();
    for text in all {
        spans.clear();
        scanner.peek(text.as_bytes(), &mut spans);
        for span in &spans {
            counts.add(span.rule.as_str(), 1);
        }
    }
}
