//! Which sessions are recorded: rules over client, host, database and user. Pure.

use crate::model::Target;
use globset::{Glob, GlobBuilder};
use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::path::Path;

/// Far more than any name needs. It keeps the expression that a glob becomes small enough for the
/// regex engine, whatever the glob.
const GLOB_MAX: usize = 256;

/// What happens to a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It is recorded.
    #[default]
    Record,
    /// The person is asked.
    Ask,
    /// It is not recorded.
    Never,
}

/// The first rule that matches decides; where none does, the default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    default: Decision,
    #[serde(rename = "rule")]
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    client: Option<Pattern>,
    host: Option<Folded>,
    database: Option<Pattern>,
    user: Option<Pattern>,
    #[serde(rename = "do")]
    decision: Decision,
}

impl Scope {
    /// What happens to a session of `client` that leads to `target`.
    ///
    /// What is not known of a target (`None`) matches under a `never` rule and under no other: what
    /// may be out of bounds is not recorded. Of several hosts (`a,b`, as libpq takes them) one that
    /// matches is enough for `never`; the other rules need them all.
    pub fn decide(&self, client: &str, target: &Target) -> Decision {
        let client = Path::new(client)
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or(client);
        let rule = self.rules.iter().find(|rule| rule.matches(client, target));
        rule.map_or(self.default, |rule| rule.decision)
    }

    /// How many rules there are.
    pub fn rules(&self) -> usize {
        self.rules.len()
    }
}

impl Rule {
    fn matches(&self, client: &str, target: &Target) -> bool {
        let host = self.host.as_ref().map(|Folded(glob)| glob);
        self.field(self.client.as_ref(), Some(client))
            && self.field(self.database.as_ref(), target.database.as_deref())
            && self.field(self.user.as_ref(), target.user.as_deref())
            && self.hosts(host, target.host.as_deref())
    }

    fn field(&self, glob: Option<&Pattern>, value: Option<&str>) -> bool {
        match (glob, value) {
            (None, _) => true,
            (Some(_), None) => self.decision == Decision::Never,
            (Some(glob), Some(value)) => glob.matches(value),
        }
    }

    fn hosts(&self, glob: Option<&Pattern>, hosts: Option<&str>) -> bool {
        let Some(hosts) = hosts else {
            return self.field(glob, None);
        };
        let mut each = hosts.split(',');
        match self.decision {
            Decision::Never => each.any(|host| self.field(glob, Some(host))),
            Decision::Record | Decision::Ask => each.all(|host| self.field(glob, Some(host))),
        }
    }
}

/// A glob over a whole value. `*` stands for anything, dots and slashes too.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Glob);

impl Pattern {
    /// Compiled only now: most sessions meet few of the rules.
    pub(super) fn matches(&self, value: &str) -> bool {
        self.0.compile_matcher().is_match(value)
    }
}

/// The same for host names, where case means nothing.
#[derive(Clone, Debug)]
pub(super) struct Folded(pub(super) Pattern);

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(GlobVisitor { fold: false })
    }
}

impl<'de> Deserialize<'de> for Folded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_str(GlobVisitor { fold: true })
            .map(Folded)
    }
}

struct GlobVisitor {
    fold: bool,
}

impl Visitor<'_> for GlobVisitor {
    type Value = Pattern;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a glob of 1 to {GLOB_MAX} bytes")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Pattern, E> {
        if text.is_empty() || text.len() > GLOB_MAX {
            return Err(E::invalid_value(Unexpected::Str(text), &self));
        }
        let glob = GlobBuilder::new(text).case_insensitive(self.fold).build();
        glob.map(Pattern).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Decision::{Ask, Never, Record};

    fn scope(text: &str) -> Scope {
        toml::from_str(text).unwrap()
    }

    /// `user@host/database`; a part that is missing or empty is not known.
    fn target(text: &str) -> Target {
        let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let (left, database) = text.split_once('/').unwrap_or((text, ""));
        let (user, host) = left.split_once('@').unwrap_or(("", left));
        Target {
            host: known(host),
            port: None,
            database: known(database),
            user: known(user),
        }
    }

    #[test]
    fn without_a_rule_the_default_decides() {
        assert_eq!(scope("").decide("psql", &target("")), Record);
        assert_eq!(
            scope("default = 'never'").decide("psql", &target("a@b/c")),
            Never
        );
        assert_eq!(scope("default = 'ask'").decide("", &target("")), Ask);
    }

    #[test]
    fn the_first_rule_that_matches_wins() {
        let scope = scope(
            r#"
            default = "ask"
            [[rule]]
            client = "ba*"
            do = "record"
            [[rule]]
            host = "*.prod.example.com"
            database = "hr*"
            do = "never"
            [[rule]]
            host = "*.example.com"
            do = "record"
            [[rule]]
            host = "db"
            user = "{root,admin}"
            do = "record"
            "#,
        );
        for (client, to, decision) in [
            ("psql", "a@db1.prod.example.com/hr_eu", Never),
            ("psql", "a@db1.prod.example.com/shop", Record),
            // Not known, and so perhaps hr.
            ("psql", "a@db1.prod.example.com/", Never),
            ("psql", "a@/hr", Never),
            ("psql", "a@/shop", Ask),
            ("psql", "", Never),
            ("bash", "", Record),
            ("/usr/bin/bash", "", Record),
            ("ssh", "a@DB1.Prod.Example.COM/HR", Record),
            ("ssh", "DB1.Prod.Example.COM", Never),
            ("ssh", "example.com/x", Ask),
            ("ssh", "x.example.com.evil/x", Ask),
            ("psql", "root@db/x", Record),
            ("psql", "rooty@db/x", Ask),
            ("psql", "db/x", Ask),
        ] {
            assert_eq!(scope.decide(client, &target(to)), decision, "{client} {to}");
        }
    }

    #[test]
    fn one_of_several_hosts_is_enough_to_never_record() {
        let never = scope("[[rule]]\nhost = 'prod*'\ndo = 'never'");
        let record = scope("default = 'never'\n[[rule]]\nhost = 'prod*'\ndo = 'record'");
        assert_eq!(never.decide("psql", &target("dev,prod2")), Never);
        assert_eq!(never.decide("psql", &target("dev,test")), Record);
        assert_eq!(record.decide("psql", &target("dev,prod2")), Never);
        assert_eq!(record.decide("psql", &target("prod1,prod2")), Record);
    }

    #[test]
    fn a_rule_without_a_pattern_matches_everything() {
        let scope = scope("[[rule]]\ndo = 'ask'\n[[rule]]\ndo = 'never'");
        assert_eq!(scope.decide("psql", &target("")), Ask);
        assert_eq!(scope.rules(), 2);
    }

    #[test]
    fn a_rule_that_means_nothing_is_an_error_with_its_place() {
        let long = format!(
            "[[rule]]\nhost = '{}'\ndo = 'never'",
            "a".repeat(GLOB_MAX + 1)
        );
        for (text, at, wanted) in [
            ("[[rule]]\nhost = 'a'", 0, "missing field `do`"),
            (
                "[[rule]]\nhost = '[a'\ndo = 'never'",
                16,
                "unclosed character class",
            ),
            (
                "[[rule]]\nuser = '{a'\ndo = 'never'",
                16,
                "unclosed alternate group",
            ),
            (
                "[[rule]]\nuser = ''\ndo = 'never'",
                16,
                "expected a glob of 1 to 256 bytes",
            ),
            (&long, 16, "expected a glob of 1 to 256 bytes"),
            (
                "[[rule]]\nport = 5\ndo = 'never'",
                9,
                "unknown field `port`, expected one of `client`",
            ),
            (
                "[[rule]]\ndo = 'maybe'",
                14,
                "expected one of `record`, `ask`, `never`",
            ),
            (
                "default = 'no'",
                10,
                "expected one of `record`, `ask`, `never`",
            ),
        ] {
            let error = toml::from_str::<Scope>(text).unwrap_err();
            assert!(
                error.message().contains(wanted),
                "{text}: {}",
                error.message()
            );
            assert_eq!(
                error.span().unwrap().start,
                at,
                "{text}: {}",
                error.message()
            );
        }
    }

    /// Compiling must not fail for what parsing let through.
    #[test]
    fn the_longest_glob_compiles() {
        for piece in [
            "?",
            "*",
            "**/",
            "[!a-z]",
            "{a,b}",
            "[^\u{80}-\u{10ffff}]",
            "é",
        ] {
            let text = piece.repeat(GLOB_MAX / piece.len());
            for fold in [false, true] {
                let visitor = GlobVisitor { fold };
                let glob = visitor.visit_str::<toml::de::Error>(&text).unwrap();
                let _ = glob.matches(&"a".repeat(1000));
            }
        }
    }
}
