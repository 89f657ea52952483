//! Commands of many sessions, counted.

use super::align::similar;
use super::attended::attended;
use super::fingerprint::fingerprint_and_reach;
use super::spread::Spread;
use super::whole::Reach;
use crate::model::{Meta, Micros, SessionId, Stamp, when};
use crate::timeline::Dialect;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// Different statements that are told apart; a year of work has some thousands. What comes after
/// them is counted in the totals alone.
const STATEMENTS_MAX: usize = 50_000;
/// Runs of one statement that can be opened: the newest.
const OCCURRENCES_MAX: usize = 100;
/// Time between two commands that counts as work; a longer pause counts so much.
const PAUSE_MAX: Duration = Duration::from_secs(300);
/// Tries that lie further apart are not the same try.
const RETRY_WITHIN: Duration = Duration::from_secs(300);
/// Groups of retries that are kept: the newest.
const RETRIES_MAX: usize = 1_000;

/// A command of a session, as it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number in the session; `None` for a statement that no command sent.
    pub number: Option<u32>,
    /// When, since the session began.
    pub at: Micros,
    /// How long it took, where known.
    pub took: Option<Duration>,
    /// Whether it failed.
    pub failed: bool,
    /// How it ended, where known.
    pub outcome: Option<String>,
    /// What was typed or sent.
    pub text: String,
}

/// Where a run can be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// The session.
    pub session: SessionId,
    /// The command's number in it.
    pub number: Option<u32>,
    /// When, since the session began.
    pub at: Micros,
    /// When, on the calendar.
    pub stamp: Stamp,
    /// How long it took.
    pub took: Option<Duration>,
    /// Whether it failed.
    pub failed: bool,
}

/// Everything about one statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// What its runs have in common.
    pub fingerprint: String,
    /// The newest run's text.
    pub example: String,
    /// How often it ran.
    pub count: u32,
    /// How often it failed.
    pub failed: u32,
    /// How it ended when it failed last.
    pub error: Option<String>,
    /// How long it took; empty for what somebody sits at, as an editor.
    pub times: Spread,
    /// Its newest runs, newest first.
    pub occurrences: Vec<Occurrence>,
}

/// What was done next after a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct After {
    /// What failed.
    pub failed: String,
    /// What followed.
    pub next: String,
    /// How often.
    pub count: u32,
    /// What followed, newest first.
    pub occurrences: Vec<Occurrence>,
}

/// A statement that reached for a whole table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// How.
    pub reach: Reach,
    /// What its runs have in common.
    pub fingerprint: String,
    /// How often it ran.
    pub count: u32,
    /// Its newest runs, newest first.
    pub occurrences: Vec<Occurrence>,
}

/// Near-identical commands in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The last try.
    pub text: String,
    /// How many tries.
    pub tries: u32,
    /// Whether the last one worked.
    pub worked: bool,
    /// From the first try to the last.
    pub lasted: Duration,
    /// The tries, newest first.
    pub occurrences: Vec<Occurrence>,
}

/// Time and commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Time at work; long pauses do not count.
    pub time: Duration,
    /// Commands.
    pub commands: u32,
}

/// What was done at one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetTime {
    /// The client and where it led.
    pub target: String,
    /// Sessions.
    pub sessions: u32,
    /// Time and commands.
    pub spent: Spent,
    /// Commands that failed.
    pub failed: u32,
    /// The first commands of the sessions there, newest first.
    pub occurrences: Vec<Occurrence>,
}

/// The answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// The first moment and the last; `None` where nothing was counted.
    pub period: Option<(Stamp, Stamp)>,
    /// Sessions with commands.
    pub sessions: u32,
    /// Commands.
    pub commands: u32,
    /// Commands that failed.
    pub failed: u32,
    /// Time at work.
    pub time: Duration,
    /// Every statement, the most used first.
    pub statements: Vec<Statement>,
    /// What followed after failures, the most frequent first.
    pub after: Vec<After>,
    /// Statements that reached for whole tables: changes first, then by count.
    pub whole: Vec<Whole>,
    /// Retries, the longest rows first.
    pub retries: Vec<Retry>,
    /// Targets, the one with the most time first.
    pub targets: Vec<TargetTime>,
    /// Time at work by weekday (0 is Monday) and hour, in local time.
    pub hours: Vec<[Spent; 24]>,
    /// As [`Stats::hours`]: the first commands in that hour of the sessions then, newest first.
    pub visits: Vec<[Vec<Occurrence>; 24]>,
    /// Those of the statements that were timed, the slowest first, by their places.
    slow: Vec<usize>,
}

impl Stats {
    /// Statements that were timed, the slowest first.
    pub fn slowest(&self) -> impl Iterator<Item = &Statement> {
        self.slow.iter().filter_map(|at| self.statements.get(*at))
    }

    /// Statements that failed, the most failing first.
    pub fn failing(&self) -> Vec<&Statement> {
        let mut failing: Vec<_> = self.statements.iter().filter(|s| s.failed > 0).collect();
        failing
            .sort_unstable_by(|a, b| (b.failed, &a.fingerprint).cmp(&(a.failed, &b.fingerprint)));
        failing
    }

    /// Puts the timed ones in order: once, for whoever asks may be waiting with a key down.
    fn order_slow(&mut self) {
        let timed = self.statements.iter().enumerate();
        let timed = timed.filter_map(|(at, statement)| {
            let p95 = statement.times.percentile(95)?;
            Some((p95, statement.fingerprint.as_str(), at))
        });
        let mut timed: Vec<_> = timed.collect();
        timed.sort_unstable_by(|a, b| (b.0, a.1).cmp(&(a.0, b.1)));
        self.slow = timed.into_iter().map(|(_, _, at)| at).collect();
    }
}

/// Counts.
#[derive(Clone, Default)]
pub struct Collector {
    stats: Stats,
    statements: HashMap<String, Statement>,
    after: HashMap<(String, String), After>,
    whole: HashMap<String, Whole>,
    targets: HashMap<String, TargetTime>,
}

impl Collector {
    /// Nothing counted yet.
    pub fn new() -> Collector {
        Collector::default()
    }

    /// Counts a session; `runs` in the order in which they happened.
    pub fn session(&mut self, meta: &Meta, runs: &[Run]) {
        let (Some(first), Some(last)) = (runs.first(), runs.last()) else {
            return;
        };
        let stamp = |run: &Run| meta.started.plus(run.at);
        let (from, to) = self.stats.period.unwrap_or((stamp(first), stamp(last)));
        self.stats.period = Some((from.min(stamp(first)), to.max(stamp(last))));
        self.stats.sessions = self.stats.sessions.saturating_add(1);
        let judged: Vec<(String, Option<Reach>)> = runs
            .iter()
            .map(|run| fingerprint_and_reach(dialect(&meta.client, &run.text), &run.text))
            .collect();
        for (run, (print, reach)) in runs.iter().zip(&judged) {
            let language = dialect(&meta.client, &run.text);
            let took = run.took.filter(|_| !attended(language, &run.text));
            self.run(meta, run, took, print, *reach);
        }
        let pairs = judged.iter().zip(judged.iter().skip(1));
        for (((one, _), (next, _)), (run, follower)) in
            pairs.zip(runs.iter().zip(runs.iter().skip(1)))
        {
            if run.failed {
                self.after(meta, one, next, follower);
            }
        }
        self.retries(meta, runs);
        self.spent(meta, runs);
    }

    /// Counts a run. `took` is how slow it was, where its length says anything of that.
    fn run(
        &mut self,
        meta: &Meta,
        run: &Run,
        took: Option<Duration>,
        print: &str,
        reach: Option<Reach>,
    ) {
        let stats = &mut self.stats;
        stats.commands = stats.commands.saturating_add(1);
        stats.failed = stats.failed.saturating_add(u32::from(run.failed));
        let occurrence = occurrence(meta, run);
        if let Some(statement) = known(&mut self.statements, print, Statement::default) {
            statement.count = statement.count.saturating_add(1);
            let newest = statement.occurrences.first().map(|o| o.stamp);
            if newest.is_none_or(|newest| newest <= occurrence.stamp) {
                statement.example.clone_from(&run.text);
            }
            if run.failed {
                statement.failed = statement.failed.saturating_add(1);
                if statement.error.is_none() {
                    statement.error.clone_from(&run.outcome);
                }
            }
            if let Some(took) = took {
                statement.times.add(occurrence.stamp, took);
            }
            remember(&mut statement.occurrences, occurrence.clone());
        }
        let Some(reach) = reach else { return };
        let new = || Whole {
            reach,
            fingerprint: print.to_owned(),
            count: 0,
            occurrences: Vec::new(),
        };
        if let Some(whole) = known(&mut self.whole, print, new) {
            whole.count = whole.count.saturating_add(1);
            remember(&mut whole.occurrences, occurrence);
        }
    }

    fn after(&mut self, meta: &Meta, failed: &str, next: &str, follower: &Run) {
        let key = (failed.to_owned(), next.to_owned());
        if self.after.len() >= STATEMENTS_MAX && !self.after.contains_key(&key) {
            return;
        }
        let after = self.after.entry(key).or_default();
        after.count = after.count.saturating_add(1);
        remember(&mut after.occurrences, occurrence(meta, follower));
    }

    /// Rows of commands each of which looks like a second try of the one before.
    fn retries(&mut self, meta: &Meta, runs: &[Run]) {
        let again = |one: &Run, next: &Run| {
            next.at.since(one.at) <= RETRY_WITHIN && similar(&one.text, &next.text)
        };
        for tries in runs.chunk_by(again) {
            let (Some(first), Some(last)) = (tries.first(), tries.last()) else {
                continue;
            };
            let failed = tries.iter().any(|run| run.failed);
            // Somebody who looks at the same thing three times waits for something to change.
            let worth = tries.len() >= 2 && failed || tries.len() >= 3;
            // `ls`, and typing nothing much twice, is no try at anything.
            if !worth || last.text.chars().count() < 4 || self.stats.retries.len() >= RETRIES_MAX {
                continue;
            }
            self.stats.retries.push(Retry {
                text: last.text.clone(),
                tries: u32::try_from(tries.len()).unwrap_or(u32::MAX),
                worked: !last.failed,
                lasted: last.at.since(first.at),
                occurrences: tries
                    .iter()
                    .rev()
                    .take(OCCURRENCES_MAX)
                    .map(|run| occurrence(meta, run))
                    .collect(),
            });
        }
    }

    fn spent(&mut self, meta: &Meta, runs: &[Run]) {
        let label = format!("{} {}", meta.client, meta.target.label());
        let target = self.targets.entry(label.trim_end().to_owned()).or_default();
        target.sessions = target.sessions.saturating_add(1);
        if self.stats.hours.is_empty() {
            self.stats.hours = vec![[Spent::default(); 24]; 7];
            self.stats.visits = vec![[const { Vec::new() }; 24]; 7];
        }
        let mut seen = HashSet::new();
        let ends = runs.iter().skip(1).map(|run| run.at);
        let last = runs.last().map(|run| run.at + run.took.unwrap_or_default());
        for (run, end) in runs.iter().zip(ends.chain(last)) {
            let time = end.since(run.at).min(PAUSE_MAX);
            let spent = Spent { time, commands: 1 };
            target.spent.add(spent);
            target.failed = target.failed.saturating_add(u32::from(run.failed));
            self.stats.time = self.stats.time.saturating_add(time);
            let Some(at) = when::civil(meta.started.plus(run.at), meta.utc_offset) else {
                continue;
            };
            let day = usize::try_from(at.weekday().to_monday_zero_offset()).unwrap_or(0);
            let hour = usize::try_from(at.hour()).unwrap_or(0);
            if let Some(cell) = self.stats.hours.get_mut(day).and_then(|d| d.get_mut(hour)) {
                cell.add(spent);
            }
            let visits = self.stats.visits.get_mut(day);
            if let Some(cell) = visits.and_then(|d| d.get_mut(hour))
                && seen.insert((day, hour))
            {
                remember(cell, occurrence(meta, run));
            }
        }
        if let Some(first) = runs.first() {
            remember(&mut target.occurrences, occurrence(meta, first));
        }
    }

    /// How many commands were counted.
    pub fn commands(&self) -> u32 {
        self.stats.commands
    }

    /// The answers as far as it was counted.
    pub fn so_far(&self) -> Stats {
        self.clone().finish()
    }

    /// The answers.
    pub fn finish(self) -> Stats {
        let mut stats = self.stats;
        stats.statements = self
            .statements
            .into_iter()
            .map(|(fingerprint, statement)| Statement {
                fingerprint,
                ..statement
            })
            .collect();
        let by = |count: u32| std::cmp::Reverse(count);
        stats
            .statements
            .sort_by(|a, b| (by(a.count), &a.fingerprint).cmp(&(by(b.count), &b.fingerprint)));
        stats.after = self
            .after
            .into_iter()
            .map(|((failed, next), after)| After {
                failed,
                next,
                ..after
            })
            .collect();
        stats.after.sort_by(|a, b| {
            (by(a.count), &a.failed, &a.next).cmp(&(by(b.count), &b.failed, &b.next))
        });
        stats.whole = self.whole.into_values().collect();
        stats.whole.sort_by(|a, b| {
            (a.reach, by(a.count), &a.fingerprint).cmp(&(b.reach, by(b.count), &b.fingerprint))
        });
        stats.retries.sort_by_key(|retry| {
            let newest = retry.occurrences.iter().map(|o| o.stamp).max();
            (by(retry.tries), std::cmp::Reverse(newest))
        });
        stats.targets = self
            .targets
            .into_iter()
            .map(|(target, time)| TargetTime { target, ..time })
            .collect();
        stats
            .targets
            .sort_by(|a, b| (b.spent.time, &a.target).cmp(&(a.spent.time, &b.target)));
        stats.order_slow();
        stats
    }
}

impl Spent {
    fn add(&mut self, more: Spent) {
        self.time = self.time.saturating_add(more.time);
        self.commands = self.commands.saturating_add(more.commands);
    }
}

fn occurrence(meta: &Meta, run: &Run) -> Occurrence {
    Occurrence {
        session: meta.id,
        number: run.number,
        at: run.at,
        stamp: meta.started.plus(run.at),
        took: run.took,
        failed: run.failed,
    }
}

/// What is kept under a fingerprint; `None` where there is too much already.
fn known<'m, T>(
    all: &'m mut HashMap<String, T>,
    print: &str,
    new: impl FnOnce() -> T,
) -> Option<&'m mut T> {
    // Nearly every run has been seen before, and needs no copy of its fingerprint.
    if !all.contains_key(print) {
        if all.len() >= STATEMENTS_MAX {
            return None;
        }
        all.insert(print.to_owned(), new());
    }
    all.get_mut(print)
}

/// Keeps the newest.
fn remember(occurrences: &mut Vec<Occurrence>, new: Occurrence) {
    let place = occurrences.partition_point(|known| known.stamp >= new.stamp);
    if place < OCCURRENCES_MAX {
        occurrences.insert(place, new);
        occurrences.truncate(OCCURRENCES_MAX);
    }
}

/// The prompt is not known here; a statement within ssh is told by how it begins.
pub(super) fn dialect(client: &str, text: &str) -> Dialect {
    let word = text.split_whitespace().next().unwrap_or_default();
    let begins = [
        "select", "insert", "update", "delete", "with", "explain", "alter", "create",
    ];
    let is_sql = begins.iter().any(|begin| word.eq_ignore_ascii_case(begin));
    match Dialect::of(client, "") {
        Dialect::Shell | Dialect::Other if is_sql && text.split_whitespace().nth(2).is_some() => {
            Dialect::Sql
        }
        dialect => dialect,
    }
}

#[cfg(test)]
#[path = "collect_tests.rs"]
mod tests;
