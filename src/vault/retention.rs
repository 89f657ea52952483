//! Which sessions are beyond the limits, and why. Decided over the list of sessions alone; the
//! vault's clear columns are enough unless a limit speaks of a target.

use super::{Error, Row, Vault};
use crate::config::{Limits, Retention};
use crate::model::{SessionId, Status};
use std::time::{Duration, Instant};

/// A warning is given when the vault has this share of what it may have, in percent.
const WARN_AT: u64 = 90;

/// Sessions that one prune after a recording removes at most. What is left waits for the next one:
/// the person waits for their prompt.
const AT_ONCE: usize = 16;

/// A session that is beyond a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doomed {
    /// Which.
    pub id: SessionId,
    /// The day it began.
    pub day: i64,
    /// Its sealed bytes.
    pub bytes: u64,
    /// Why it goes: `older than 90 days`.
    pub why: String,
}

/// How full a vault with a limit of size is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Sealed bytes of all sessions.
    pub bytes: u64,
    /// What it may have.
    pub limit: u64,
}

impl Fill {
    /// Whether its owner should know.
    pub fn is_near(&self) -> bool {
        self.bytes.saturating_mul(100) >= self.limit.saturating_mul(WARN_AT)
    }
}

/// How full the vault of these sessions is; `None` without a limit.
pub fn fill(retention: &Retention, rows: &[Row]) -> Option<Fill> {
    let limit = retention.limits().max_size?;
    let bytes = rows
        .iter()
        .fold(0_u64, |sum, row| sum.saturating_add(row.bytes));
    Some(Fill { bytes, limit })
}

/// The sessions that are beyond the limits on the day `today`, oldest first. `rows` come newest
/// first; `rule` tells which rule speaks of a session, `held` until which day a session of a day
/// must be kept.
pub fn doomed(
    retention: &Retention,
    rows: &[Row],
    rule: &dyn Fn(&Row) -> Option<usize>,
    held: &dyn Fn(i64) -> i64,
    today: i64,
) -> Vec<Doomed> {
    let free = |row: &Row| until(retention, held, row.day) <= today;
    beyond(retention, rows, rule, &free, today)
}

/// The first day on which a session of `day` may go.
fn until(retention: &Retention, held: &dyn Fn(i64) -> i64, day: i64) -> i64 {
    day.saturating_add(retention.min_age().into())
        .max(held(day))
}

/// Sessions that are beyond the limits and must be kept all the same: how many, and until which day
/// the first of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldBack {
    /// How many.
    pub sessions: usize,
    /// The first day on which one of them may go, in days since 1970.
    pub until: i64,
}

fn held_back(
    retention: &Retention,
    rows: &[Row],
    rule: &dyn Fn(&Row) -> Option<usize>,
    held: &dyn Fn(i64) -> i64,
    today: i64,
) -> Option<HeldBack> {
    let all = beyond(retention, rows, rule, &|_| true, today).into_iter();
    let until = all.map(|gone| until(retention, held, gone.day));
    let kept: Vec<i64> = until.filter(|until| *until > today).collect();
    Some(HeldBack {
        sessions: kept.len(),
        until: kept.into_iter().min()?,
    })
}

/// Those beyond the limits of whom `free` says that they may go.
fn beyond(
    retention: &Retention,
    rows: &[Row],
    rule: &dyn Fn(&Row) -> Option<usize>,
    free: &dyn Fn(&Row) -> bool,
    today: i64,
) -> Vec<Doomed> {
    let free =
        |row: &Row| row.status != Status::Recording && !row.pinned && row.legible && free(row);
    let own = retention.limits();
    let mut groups = vec![Group::new(Limits {
        max_size: None,
        ..own
    })];
    groups.extend(retention.rules().map(Group::new));
    let mut gone: Vec<Doomed> = Vec::new();
    let mut left: Vec<&Row> = Vec::new();
    for row in rows {
        let group = rule(row).map_or(0, |rule| rule + 1);
        let why = groups
            .get_mut(group)
            .and_then(|group| group.take(row, today));
        match why.filter(|_| free(row)) {
            Some(why) => gone.push(dooms(row, why)),
            None => left.push(row),
        }
    }
    if let Some(limit) = own.max_size {
        let mut total = left
            .iter()
            .fold(0_u64, |sum, row| sum.saturating_add(row.bytes));
        for row in left.into_iter().rev() {
            if total <= limit {
                break;
            }
            if free(row) {
                total = total.saturating_sub(row.bytes);
                gone.push(dooms(
                    row,
                    format!("the vault has more than {}", size(limit)),
                ));
            }
        }
    }
    gone.sort_by_key(|doomed| doomed.day);
    gone
}

fn dooms(row: &Row, why: String) -> Doomed {
    Doomed {
        id: row.id,
        day: row.day,
        bytes: row.bytes,
        why,
    }
}

/// Sessions under the same limits, counted from the newest.
struct Group {
    limits: Limits,
    count: u64,
    bytes: u64,
}

impl Group {
    fn new(limits: Limits) -> Group {
        Group {
            limits,
            count: 0,
            bytes: 0,
        }
    }

    /// Counts the next older session; why it is beyond the limits, if it is.
    fn take(&mut self, row: &Row, today: i64) -> Option<String> {
        self.count += 1;
        self.bytes = self.bytes.saturating_add(row.bytes);
        let age = today.saturating_sub(row.day);
        let Limits {
            max_age,
            max_count,
            max_size,
        } = self.limits;
        if let Some(days) = max_age.filter(|days| age > i64::from(*days)) {
            return Some(format!("older than {days} days"));
        }
        if let Some(count) = max_count.filter(|count| self.count > *count) {
            return Some(format!("beyond the newest {count}"));
        }
        max_size
            .filter(|size| self.bytes > *size)
            .map(|limit| format!("beyond the newest {}", size(limit)))
    }
}

/// `20 GB`.
pub fn size(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut value = bytes;
    let mut rest = 0;
    let mut unit = 0;
    while value >= 1000 && unit + 1 < units.len() {
        rest = value % 1000 / 100;
        value /= 1000;
        unit += 1;
    }
    let unit = units.get(unit).copied().unwrap_or_default();
    match rest {
        0 => format!("{value} {unit}"),
        _ => format!("{value}.{rest} {unit}"),
    }
}

impl Vault {
    /// Applies the limits that need no key, a few sessions at a time, and declares the hold. For
    /// the end of a recording: cheap where nothing is due. `near` hears, before anything goes, how
    /// full the vault will be, where it has a limit and is near it. Gives how many sessions went.
    ///
    /// # Errors
    /// What the file system says.
    pub fn prune_some(
        &mut self,
        retention: &Retention,
        within: Duration,
        near: &mut dyn FnMut(Fill),
    ) -> Result<usize, Error> {
        let until = Instant::now() + within;
        let mut gone = Vec::new();
        if retention.is_limited() {
            let rows = self.rows()?;
            if !retention.needs_targets() {
                gone = self.doomed(retention, &rows, &|_| None)?;
            }
            let going = gone.iter().map(|gone| gone.bytes);
            let going = going.fold(0_u64, u64::saturating_add);
            let left = fill(retention, &rows).map(|fill| Fill {
                bytes: fill.bytes.saturating_sub(going),
                ..fill
            });
            left.filter(Fill::is_near).into_iter().for_each(near);
        }
        self.set_hold(retention.min_age())?;
        let mut sessions = 0;
        for doomed in gone.iter().take(AT_ONCE) {
            if Instant::now() >= until {
                break;
            }
            self.forget(&[doomed.id], &doomed.why)?;
            sessions += 1;
        }
        Ok(sessions)
    }

    /// [`doomed`] today, with the holds that this vault has declared.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn doomed(
        &self,
        retention: &Retention,
        rows: &[Row],
        rule: &dyn Fn(&Row) -> Option<usize>,
    ) -> Result<Vec<Doomed>, Error> {
        let held = |day| self.held_at_most(day);
        Ok(doomed(retention, rows, rule, &held, super::now().day()))
    }

    /// What is beyond the limits today and not among the [`Vault::doomed`], because a hold keeps it.
    pub fn held_back(
        &self,
        retention: &Retention,
        rows: &[Row],
        rule: &dyn Fn(&Row) -> Option<usize>,
    ) -> Option<HeldBack> {
        let held = |day| self.held_at_most(day);
        held_back(retention, rows, rule, &held, super::now().day())
    }

    /// A hold that cannot be read holds everything.
    fn held_at_most(&self, day: i64) -> i64 {
        self.held_until(day).map_or(i64::MAX, |(until, _)| until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u8, day: i64, bytes: u64) -> Row {
        Row {
            number: number.into(),
            id: SessionId([number; 16]),
            day,
            status: Status::Closed,
            summarised: true,
            pieces: 1,
            bytes,
            pinned: false,
            revision: 0,
            legible: true,
        }
    }

    /// Newest first: 5, 4, 3, 2, 1 of the days 100, 90, 80, 70, 60.
    fn rows() -> Vec<Row> {
        (1..=5)
            .rev()
            .map(|n| row(n, 50 + 10 * i64::from(n), 10))
            .collect()
    }

    fn gone(toml: &str, rows: &[Row], held: i64) -> Vec<(u8, String)> {
        let retention: Retention = toml::from_str(toml).unwrap();
        // Odd sessions are those of the first rule.
        let rule = |row: &Row| (retention.needs_targets() && row.number % 2 == 1).then_some(0);
        let gone = doomed(&retention, rows, &rule, &|day| day + held, 100);
        gone.into_iter().map(|d| (d.id.0[0], d.why)).collect()
    }

    #[test]
    fn each_limit_takes_the_oldest_and_says_why() {
        let of = |toml: &str| gone(toml, &rows(), 0);
        let numbers = |toml: &str| of(toml).into_iter().map(|g| g.0).collect::<Vec<_>>();
        assert_eq!(of(""), []);
        assert_eq!(of("max_age = '30d'"), [(1, "older than 30 days".into())]);
        assert_eq!(numbers("max_age = '29d'"), [1, 2]);
        assert_eq!(of("max_count = 4"), [(1, "beyond the newest 4".into())]);
        assert_eq!(
            of("max_size = '49B'"),
            [(1, "the vault has more than 49 B".into())]
        );
        assert_eq!(numbers("max_size = '20B'"), [1, 2, 3]);
        assert_eq!(numbers("max_size = '50B'"), [0_u8; 0]);
        assert_eq!(numbers("max_age = '30d'\nmax_size = '30B'"), [1, 2]);
    }

    #[test]
    fn a_rule_stands_in_place_of_the_limits_but_for_the_vaults_size() {
        let numbers = |toml: &str| {
            let gone = gone(toml, &rows(), 0);
            gone.into_iter().map(|g| g.0).collect::<Vec<_>>()
        };
        let keep = "max_age = '5d'\n[[rule]]\ntarget = 'x'";
        assert_eq!(numbers(keep), [2, 4]);
        let newest = "[[rule]]\ntarget = 'x'\nmax_count = 1";
        assert_eq!(numbers(newest), [1, 3]);
        let size = "[[rule]]\ntarget = 'x'\nmax_size = '20B'";
        assert_eq!(numbers(size), [1]);
        let whole = "max_size = '10B'\n[[rule]]\ntarget = 'x'";
        assert_eq!(numbers(whole), [1, 2, 3, 4]);
    }

    #[test]
    fn what_is_pinned_recorded_or_held_stays_and_still_counts() {
        let mut rows = rows();
        rows[4].pinned = true;
        rows[3].status = Status::Recording;
        assert_eq!(gone("max_count = 1", &rows, 0).len(), 2);
        assert_eq!(gone("max_size = '10B'", &rows, 0).len(), 3);
        let young = gone("max_count = 1\nmin_age = '15d'", &rows, 0);
        assert_eq!(young.len(), 1, "{young:?}");
        assert_eq!(gone("max_count = 1", &rows, 15).len(), 1);
        assert_eq!(gone("max_count = 1", &rows, 50).len(), 0);
        let retention: Retention = toml::from_str("max_count = 1").unwrap();
        let back = |held: i64| held_back(&retention, &rows, &|_| None, &|day| day + held, 100);
        assert_eq!(back(0), None);
        let back = back(15).unwrap();
        assert_eq!((back.sessions, back.until), (1, 105));
        // So does what cannot be read: nothing may be decided by what it seems to be.
        rows[2].legible = false;
        assert_eq!(gone("max_count = 1", &rows, 0).len(), 1);
    }

    #[test]
    fn a_warning_comes_before_the_limit_bites() {
        let retention: Retention = toml::from_str("max_size = '55B'").unwrap();
        let at = fill(&retention, &rows()).unwrap();
        assert!(at.is_near() && at.bytes < at.limit);
        assert!(!fill(&retention, &rows()[1..]).unwrap().is_near());
        assert_eq!(size(20_000_000_000), "20 GB");
        assert_eq!(size(1_550_000), "1.5 MB");
    }
}
