//! The moments that a query finds, counted.

use super::{Library, Listed, Search};
use crate::insight::{Collector, Run, Stats};
use crate::query::Query;
use crate::timeline::PartOf;
use crate::vault::Error;
use std::sync::Arc;

impl Library {
    /// What the commands that `query` finds say of their owner's work. `each` sees what is counted
    /// so far after every session, the newest of which come first.
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn stats(&self, query: &Query, each: &mut dyn FnMut(&Collector)) -> Result<Stats, Error> {
        let search = Search {
            query,
            limit: usize::MAX,
            with_text: false,
        };
        let mut collector = Collector::new();
        let mut runs: Vec<Run> = Vec::new();
        let mut session: Option<Arc<Listed>> = None;
        self.search(&search, &mut |hit| {
            if !matches!(hit.of, PartOf::Command(_) | PartOf::Statement(_)) {
                return true;
            }
            if session.as_ref().is_none_or(|s| s.id() != hit.session.id()) {
                flush(&mut collector, session.take(), &mut runs);
                each(&collector);
                session = Some(hit.session);
            }
            runs.push(Run {
                number: hit.number,
                at: hit.at,
                took: hit.took,
                failed: hit.failed,
                outcome: hit.outcome,
                text: hit.command,
            });
            true
        })?;
        flush(&mut collector, session, &mut runs);
        Ok(collector.finish())
    }
}

/// Counts the runs of one session, which came latest first.
fn flush(collector: &mut Collector, session: Option<Arc<Listed>>, runs: &mut Vec<Run>) {
    let mut runs = std::mem::take(runs);
    // The latest part of a long output may stand behind its command.
    runs.sort_by_key(|run| run.at);
    runs.dedup_by(|later, earlier| later.number.is_some() && later.number == earlier.number);
    if let Some(session) = session {
        collector.session(&session.meta, &runs);
    }
}
