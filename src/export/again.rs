//! A whole session masked again with the rules of today, before any of it is handed on.

use crate::mask::{Masked, Rules, Scanner, masked};
use crate::model::{Body, Event, GapKind, Meta};
use crate::pipeline::Pipeline;
use regex::bytes::Regex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Masks a session again, event by event.
pub struct Again {
    pipeline: Pipeline,
    last: crate::model::Micros,
}

/// What an export says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Masked values in the piece, by rule; those that were masked while recording too.
    pub masked: BTreeMap<String, u32>,
    /// Places where something was dropped because it could not be masked with certainty.
    pub dropped: u32,
    /// Words that look random and that no rule knows.
    pub doubtful: u32,
    /// The commands with such words in them or in their output.
    pub doubted: Vec<u32>,
    /// What the reader of this format must know besides.
    pub remark: Option<String>,
}

/// Commands that a report names before it only counts.
const NAMED_MAX: usize = 6;

impl Again {
    /// Begins with what is known of the session, masked again itself. What matches
    /// one of `also` is masked too, wherever it stands.
    pub fn new(rules: &Arc<Rules>, meta: &Meta, also: &[Regex]) -> (Again, Meta) {
        let mut scanner = Scanner::new(Arc::clone(rules));
        also.iter()
            .cloned()
            .for_each(|pattern| scanner.name(pattern));
        Again::by(scanner, meta)
    }

    /// As [`Again::new`], by a scanner that may know something already.
    pub(super) fn by(mut scanner: Scanner, meta: &Meta) -> (Again, Meta) {
        let mut again = |text: &str| {
            let mut spans = Vec::new();
            scanner.peek(text.as_bytes(), &mut spans);
            String::from_utf8_lossy(&masked(text.as_bytes(), &spans)).into_owned()
        };
        let mut meta = meta.clone();
        for text in [&mut meta.command, &mut meta.client, &mut meta.directory] {
            *text = again(text);
        }
        let target = &mut meta.target;
        let named = [&mut target.host, &mut target.database, &mut target.user];
        for text in named.into_iter().flatten() {
            *text = again(text);
        }
        let door = scanner.door();
        let again = Again {
            pipeline: Pipeline::new(scanner, door, meta.size),
            last: crate::model::Micros(0),
        };
        (again, meta)
    }

    /// The next recorded event; gives those that are decided.
    pub fn push(&mut self, event: &Event) -> Vec<Event> {
        self.last = self.last.max(event.at);
        self.pipeline.again(event);
        self.take()
    }

    /// The rest.
    pub fn finish(&mut self) -> Vec<Event> {
        self.pipeline.end_again(self.last);
        self.take()
    }

    fn take(&mut self) -> Vec<Event> {
        let events = self.pipeline.take().into_iter();
        events.map(Masked::into_inner).collect()
    }

    /// As [`Again::push`], for a vault.
    pub fn push_masked(&mut self, event: &Event) -> Vec<Masked<Event>> {
        self.last = self.last.max(event.at);
        self.pipeline.again(event);
        self.pipeline.take().into_iter().collect()
    }

    /// As [`Again::finish`], for a vault.
    pub fn finish_masked(&mut self) -> Vec<Masked<Event>> {
        self.pipeline.end_again(self.last);
        self.pipeline.take().into_iter().collect()
    }
}

impl Report {
    /// Counts an event of the piece.
    pub fn count(&mut self, event: &Event) {
        match &event.body {
            Body::Masked { rule, count } => {
                let total = self.masked.entry(rule.clone()).or_insert(0);
                *total = total.saturating_add(*count);
            }
            Body::Gap(gap) if gap.kind == GapKind::Unmaskable => {
                self.dropped = self.dropped.saturating_add(1);
            }
            _ => {}
        }
    }

    /// One line for a person: `masked 3 values (email 2, password 1); nothing doubtful left.`
    pub fn line(&self) -> String {
        let total: u32 = self
            .masked
            .values()
            .fold(0, |sum, n| sum.saturating_add(*n));
        let masked = match total {
            0 => "nothing to mask".to_owned(),
            _ => {
                let rules = self.masked.iter().map(|(rule, n)| format!("{rule} {n}"));
                let rules: Vec<String> = rules.collect();
                let plural = if total == 1 { "value" } else { "values" };
                format!("masked {total} {plural} ({})", rules.join(", "))
            }
        };
        let dropped = match self.dropped {
            0 => None,
            1 => Some("1 doubtful place was dropped".to_owned()),
            n => Some(format!("{n} doubtful places were dropped")),
        };
        let left = match (self.doubtful, dropped.is_some()) {
            (0, true) => None,
            (0, false) => Some("nothing doubtful left".to_owned()),
            (n, _) => Some(format!("{} left{}", words(n), self.where_doubted())),
        };
        let remark = self.remark.clone();
        let parts = [Some(masked), dropped, left, remark];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.join("; ")
    }

    /// Whether nothing doubtful was dropped or is left.
    pub fn is_clean(&self) -> bool {
        self.dropped == 0 && self.doubtful == 0
    }

    fn where_doubted(&self) -> String {
        let numbers: Vec<String> = self.doubted.iter().map(u32::to_string).collect();
        let word = if numbers.len() == 1 {
            "command"
        } else {
            "commands"
        };
        match numbers.get(..NAMED_MAX) {
            _ if numbers.is_empty() => String::new(),
            Some(first) if numbers.len() > NAMED_MAX => {
                format!(" ({word} {}, …)", first.join(", "))
            }
            _ => format!(" ({word} {})", numbers.join(", ")),
        }
    }
}

fn words(count: u32) -> String {
    match count {
        1 => "1 word that looks random is".to_owned(),
        n => format!("{n} words that look random are"),
    }
}
