//! `[retention]`: how long sessions are kept, and how much of them.
//!
//! Limits only; which sessions they reach is decided where the sessions are.

use crate::model::Target;
use crate::query::Like;
use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// What is kept. Without a limit everything is, for ever.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    max_age: Option<Days>,
    max_count: Option<u64>,
    max_size: Option<Bytes>,
    min_age: Option<Days>,
    #[serde(rename = "rule")]
    rules: Vec<Rule>,
}

/// The limits of some sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Older ones go, in days.
    pub max_age: Option<u32>,
    /// All but the newest so many go.
    pub max_count: Option<u64>,
    /// The oldest go until the rest has no more sealed bytes than this.
    pub max_size: Option<u64>,
}

/// Other limits for some targets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    target: Names,
    max_age: Option<Days>,
    max_count: Option<u64>,
    max_size: Option<Bytes>,
}

impl Retention {
    /// The limits of sessions that no rule speaks of; its size is that of the whole vault.
    pub fn limits(&self) -> Limits {
        limits(self.max_age, self.max_count, self.max_size)
    }

    /// The limits of each rule, in order.
    pub fn rules(&self) -> impl Iterator<Item = Limits> + '_ {
        let each = |rule: &Rule| limits(rule.max_age, rule.max_count, rule.max_size);
        self.rules.iter().map(each)
    }

    /// The first rule that speaks of `target`.
    pub fn rule(&self, target: &Target) -> Option<usize> {
        let names = [&target.host, &target.database, &target.user];
        let label = target.label();
        self.rules.iter().position(
            |Rule {
                 target: Names(like),
                 ..
             }| {
                let mut named = names.into_iter().flatten();
                like.matches(&label) || named.any(|name| like.matches(name))
            },
        )
    }

    /// Whether any limit depends on where a session led, which only an unlocked vault tells.
    pub fn needs_targets(&self) -> bool {
        !self.rules.is_empty()
    }

    /// Whether there is any limit.
    pub fn is_limited(&self) -> bool {
        self.needs_targets() || self.limits() != Limits::default()
    }

    /// Whether it says nothing at all, so that after a recording there is nothing to do.
    pub fn is_silent(&self) -> bool {
        !self.is_limited() && self.min_age() == 0
    }

    /// Nothing younger than so many days goes, whatever else is said.
    pub fn min_age(&self) -> u32 {
        self.min_age.map_or(0, |Days(days)| days)
    }
}

fn limits(age: Option<Days>, count: Option<u64>, size: Option<Bytes>) -> Limits {
    Limits {
        max_age: age.map(|Days(days)| days),
        max_count: count,
        max_size: size.map(|Bytes(bytes)| bytes),
    }
}

/// Compared as the filter `target:` does it.
#[derive(Clone, Debug)]
struct Names(Like);

#[derive(Clone, Copy, Debug)]
struct Days(u32);

#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes(pub(super) u64);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.trim().is_empty() {
            return Err(serde::de::Error::invalid_value(
                Unexpected::Str(&text),
                &"a name, a part of one, or a glob such as `prod*`",
            ));
        }
        Ok(Names(Like::part(text.trim())))
    }
}

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wanted = "whole days, weeks, months or years, such as `30d`, `12w`, `6mo`, `2y`";
        let number = deserializer.deserialize_str(Number { wanted, read: days })?;
        Ok(Days(u32::try_from(number).unwrap_or(u32::MAX)))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wanted = "a size such as `500MB` or `20GB`, or a number of bytes";
        deserializer
            .deserialize_any(Number {
                wanted,
                read: bytes,
            })
            .map(Bytes)
    }
}

/// A number with a unit.
struct Number {
    wanted: &'static str,
    read: fn(&str) -> Option<u64>,
}

impl Visitor<'_> for Number {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wanted)
    }

    /// Only asked for where a bare number means something.
    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<u64, E> {
        let wrong = || E::invalid_value(Unexpected::Signed(number), &self);
        u64::try_from(number).map_err(|_| wrong())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<u64, E> {
        (self.read)(text.trim()).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

fn split(text: &str) -> Option<(u64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, unit.trim()))
}

fn days(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let days = match unit {
        "d" => 1,
        "w" => 7,
        "mo" => 30,
        "y" => 365,
        _ => return None,
    };
    // A hundred thousand years are for ever.
    number.checked_mul(days).filter(|days| *days <= 36_500_000)
}

fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let power = match unit.to_ascii_uppercase().as_str() {
        "B" => 0,
        "KB" => 1,
        "MB" => 2,
        "GB" => 3,
        "TB" => 4,
        _ => return None,
    };
    number.checked_mul(1000_u64.pow(power))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Retention, String> {
        toml::from_str(text).map_err(|e: toml::de::Error| e.message().to_owned())
    }

    #[test]
    fn limits_have_units_and_rules_have_targets() {
        let retention = parse(
            r#"
            max_age = "1y"
            max_size = "20GB"
            min_age = "30d"
            [[rule]]
            target = "prod*"
            max_age = "5y"
            max_count = 100
            [[rule]]
            target = "scratch"
            max_age = "2w"
            "#,
        )
        .unwrap();
        assert_eq!(retention.limits().max_age, Some(365));
        assert_eq!(retention.limits().max_size, Some(20_000_000_000));
        assert_eq!(retention.min_age(), 30);
        let ages: Vec<_> = retention.rules().map(|limits| limits.max_age).collect();
        assert_eq!(ages, [Some(1825), Some(14)]);
        let rule = |host: &str| {
            retention.rule(&Target {
                host: Some(host.to_owned()),
                ..Target::default()
            })
        };
        assert_eq!(rule("prod-db"), Some(0));
        assert_eq!(rule("my-scratch-db"), Some(1));
        assert_eq!(rule("my-prod"), None);
        assert!(!parse("min_age = '3d'").unwrap().is_limited());
    }

    #[test]
    fn what_is_no_limit_is_refused_with_an_example() {
        for (text, wanted) in [
            ("max_age = '12h'", "`30d`"),
            ("max_age = '-1d'", "`30d`"),
            ("max_age = '99999999999999999999d'", "`30d`"),
            ("max_size = '5'", "`20GB`"),
            ("max_size = '99999999999TB'", "`20GB`"),
            ("max_count = -1", "u64"),
            ("[[rule]]\nmax_age = '1d'", "target"),
            ("[[rule]]\ntarget = ' '", "glob"),
            ("keep = '1d'", "unknown field"),
        ] {
            let said = parse(text).unwrap_err();
            assert!(said.contains(wanted), "{text}: {said}");
        }
    }
}
