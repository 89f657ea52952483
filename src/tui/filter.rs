//! Which sessions the list shows, in which order, and what they have in common.

use super::facet::{self, named};
use super::library::Session;
use super::pages::reader::{Choice, Reader, ReaderLine, Tone};
use crate::model::{Status, Summary};
use crate::query::{Pattern, Query, TextLeaf, fold};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The order of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
    /// The longest first.
    Longest,
    /// The most commands first.
    Commands,
    /// The most masked values first.
    Masked,
    /// By where they led.
    Target,
}

impl Order {
    /// The next one.
    pub fn next(self) -> Order {
        match self {
            Order::Newest => Order::Oldest,
            Order::Oldest => Order::Longest,
            Order::Longest => Order::Commands,
            Order::Commands => Order::Masked,
            Order::Masked => Order::Target,
            Order::Target => Order::Newest,
        }
    }

    /// In words; the usual one needs none.
    pub fn title(self) -> &'static str {
        match self {
            Order::Newest => "",
            Order::Oldest => "oldest first",
            Order::Longest => "longest first",
            Order::Commands => "most commands first",
            Order::Masked => "most masked first",
            Order::Target => "by target",
        }
    }

    /// Sorts positions in `sessions`, which are the newest first; those alike stay as they were.
    pub fn sort(self, shown: &mut [usize], sessions: &[Session]) {
        let of = |place: &usize| sessions.get(*place);
        let counted = |place: &usize, count: fn(&Summary) -> u64| {
            Reverse(of(place).and_then(|s| s.summary.as_ref()).map_or(0, count))
        };
        match self {
            Order::Newest => shown.sort_unstable(),
            Order::Oldest => shown.sort_by_key(|place| Reverse(*place)),
            Order::Longest => shown.sort_by_key(|place| counted(place, |s| s.duration.0)),
            Order::Commands => shown.sort_by_key(|place| counted(place, |s| s.commands.into())),
            Order::Masked => shown.sort_by_key(|place| counted(place, |s| s.masked_total().into())),
            // Each label is put together once, not with each comparison.
            Order::Target => {
                shown.sort_by_cached_key(|place| of(place).map(|s| s.meta.target.label()));
            }
        }
    }
}

/// What has values that are known by their beginning.
const NAMED: [&str; 6] = ["client", "target", "host", "db", "user", "tag"];

/// A filter while it is typed: the value of its last condition may be only begun.
pub fn as_begun(text: &str) -> String {
    let last = text.rsplit(char::is_whitespace).next().unwrap_or_default();
    let named = last.trim_start_matches('-').split_once(':');
    let begun = named.is_some_and(|(key, value)| {
        let plain = |c: char| c.is_alphanumeric() || "-_.@/".contains(c);
        NAMED.contains(&key) && !value.is_empty() && value.chars().all(plain)
    });
    match begun {
        true => format!("{text}*"),
        false => text.to_owned(),
    }
}

/// Whether a session passes by what is known of it alone. Words may stand anywhere in `haystack`,
/// which is folded; what its commands say is for the vault to answer.
pub fn passes(query: &Query, session: &Session, haystack: &str) -> bool {
    let none = Summary::default();
    let facts = session.facts(&none);
    query.may_match_session(&facts, &|leaf: &TextLeaf| match &leaf.pattern {
        Pattern::Words { words, .. } => words.iter().all(|word| haystack.contains(word.as_str())),
        Pattern::Literal(text) => haystack.contains(text.as_str()),
        Pattern::Regex(regex) => regex.is_match(haystack),
    })
}

/// What a session is found by without reading it, folded.
pub fn haystack(session: &Session) -> String {
    let meta = &session.meta;
    let status = match session.status {
        Status::Recording => "recording",
        Status::Closed => "",
        Status::Interrupted => "interrupted",
    };
    let counted = |count: fn(&Summary) -> u32, word: &'static str| {
        let summary = session.summary.as_ref();
        summary.filter(|s| count(s) > 0).map_or("", |_| word)
    };
    let masked = counted(Summary::masked_total, "masked");
    let gap = counted(Summary::gaps_total, "gap");
    let pinned = if session.pinned { "pinned" } else { "" };
    let tags: Vec<&str> = session.labels.tags.iter().map(String::as_str).collect();
    let tags = tags.join(" ");
    let parts = [
        &session.id.hex(),
        &meta.client,
        &meta.target.label(),
        &meta.command,
        &meta.directory,
        &tags,
        status,
        masked,
        gap,
        pinned,
    ];
    fold(&parts.join(" "))
}

/// Values of one kind that are offered.
const VALUES_MAX: usize = 30;

/// What the sessions have in common, to choose a condition from. Those of `filter` are marked.
pub fn facets(sessions: &[Session], filter: &str) -> Reader {
    let mut lines = Vec::new();
    let mut group = |title: &str, found: BTreeMap<String, usize>| {
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_by_key(|(name, count)| (Reverse(*count), name.clone()));
        if found.is_empty() {
            return;
        }
        lines.push(ReaderLine::new(title, Tone::Quiet));
        for (condition, count) in found.into_iter().take(VALUES_MAX) {
            let on = facet::is_on(filter, &condition);
            lines.push(ReaderLine {
                text: format!("{} {count:>6}  {condition}", if on { "✓" } else { " " }),
                tone: if on { Tone::Strong } else { Tone::Plain },
                choice: Some(Choice::Facet(condition)),
            });
        }
    };
    let by = |of: &dyn Fn(&Session) -> Vec<String>| {
        let mut counts = BTreeMap::new();
        for value in sessions.iter().flat_map(of) {
            *counts.entry(value).or_insert(0) += 1;
        }
        counts
    };
    group("client", by(&|s| vec![named("client", &s.meta.client)]));
    group(
        "host",
        by(&|s| {
            s.meta
                .target
                .host
                .iter()
                .map(|h| named("host", h))
                .collect()
        }),
    );
    group(
        "database",
        by(&|s| {
            s.meta
                .target
                .database
                .iter()
                .map(|d| named("db", d))
                .collect()
        }),
    );
    group(
        "tag",
        by(&|s| s.labels.tags.iter().map(|t| named("tag", t)).collect()),
    );
    group(
        "otherwise",
        by(&|s| {
            let summary = s.summary.as_ref();
            let masked = summary.is_some_and(|summary| summary.masked_total() > 0);
            let all = [
                (masked, "masked:"),
                (s.pinned, "pinned:"),
                (s.status == Status::Interrupted, "status:interrupted"),
                (s.status == Status::Recording, "status:recording"),
                // Where nobody has counted yet only reading tells; every session may have one.
                (
                    match s.failed {
                        Some(failed) => failed > 0,
                        None => summary.is_some_and(|summary| summary.commands > 0),
                    },
                    "failed:",
                ),
            ];
            let on = all.iter().filter(|(on, _)| *on);
            on.map(|(_, condition)| (*condition).to_owned()).collect()
        }),
    );
    Reader::choices("Narrow by", lines)
}

/// A line of blocks, the higher the more happened then: `▁▁▃▁█▁`.
pub fn spark(times: impl Iterator<Item = u64>, until: u64, width: usize) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let mut bins = vec![0_usize; width];
    let last = u64::try_from(width.saturating_sub(1)).unwrap_or(0);
    for at in times {
        let place = u128::from(at.min(until)) * u128::from(last) / u128::from(until.max(1));
        if let Some(bin) = usize::try_from(place).ok().and_then(|p| bins.get_mut(p)) {
            *bin += 1;
        }
    }
    let most = bins.iter().copied().max().unwrap_or(0);
    if most == 0 {
        return String::new();
    }
    let block = |count: &usize| {
        let height = (count * (BLOCKS.len() - 1)).div_ceil(most);
        BLOCKS.get(height).copied().unwrap_or('█')
    };
    bins.iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sessions_that_may_have_failed_count_as_failed() {
        let mut sessions = crate::tui::fixture::sessions();
        for session in &mut sessions {
            session.failed = Some(0);
        }
        let failed = |sessions: &[Session]| {
            let facets = facets(sessions, "").lines.into_iter();
            let mut failed = facets.filter(|line| line.text.ends_with(" failed:"));
            failed.next().map(|line| line.text.trim().to_owned())
        };
        assert_eq!(failed(&sessions), None);
        sessions[0].failed = Some(2);
        assert_eq!(failed(&sessions).as_deref(), Some("1  failed:"));
        // One whose commands nobody has counted.
        let other = sessions
            .iter_mut()
            .find(|s| s.failed == Some(0) && s.summary.is_some());
        other.unwrap().failed = None;
        assert_eq!(failed(&sessions).as_deref(), Some("2  failed:"));
    }

    #[test]
    fn blocks_are_as_high_as_what_happened() {
        assert_eq!(spark([0, 0, 0, 50, 100].into_iter(), 100, 5), "█▁▄▁▄");
        assert_eq!(spark(std::iter::empty(), 100, 5), "");
    }
}
