//! Provider rules: token formats that say themselves whose they are. Data, in `rules/*.toml`.
//!
//! A rule's expression is compiled when one of its keywords first stands in a line; most sessions
//! never compile most of them.

use super::bytes::{at, before, cut, is_word};
use super::span::{Class, RuleId, Span};
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;
use std::sync::OnceLock;

/// The rule files, each `[[rule]]` tables.
const FILES: &[&str] = &[
    include_str!("rules/cloud.toml"),
    include_str!("rules/code.toml"),
    include_str!("rules/services.toml"),
];

/// How far before and behind its keyword an expression may match; no token is longer.
const WINDOW_BEFORE: usize = 256;
const WINDOW_AFTER: usize = 4096;

/// No token that starts with its keyword is shorter.
const TOKEN_MIN: usize = 12;

/// A compiled expression's memory stays below this.
const SIZE_MAX: usize = 1 << 20;
/// And what it remembers while searching below this; windows are short.
const CACHE_MAX: usize = 64 << 10;

/// One token format.
#[derive(Debug)]
pub(crate) struct Provider {
    pub id: RuleId,
    pub description: &'static str,
    pub class: Class,
    pub keywords: Vec<&'static str>,
    /// Keywords in any case.
    pub fold: bool,
    check: Check,
    pattern: &'static str,
    /// The keyword is where the token starts.
    starts: bool,
    compiled: OnceLock<Option<Regex>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Check {
    #[default]
    None,
    /// Letters and digits both.
    Mixed,
    /// The random part has three bits a byte or more.
    Entropy,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    class: Option<String>,
    keywords: Vec<String>,
    regex: String,
    #[serde(default)]
    fold: bool,
    #[serde(default)]
    check: Check,
}

/// The rules of the files. A rule lives as long as the process, so its texts do too.
pub(crate) fn load() -> Vec<Provider> {
    let rows = FILES.iter().flat_map(|text| rows(text));
    rows.map(|row| Provider {
        id: RuleId(leak(row.id)),
        description: leak(row.description),
        class: match row.class.as_deref() {
            Some("password") => Class::Password,
            Some("key") => Class::Key,
            Some("personal") => Class::Personal,
            _ => Class::Token,
        },
        fold: row.fold,
        check: row.check,
        starts: is_token_start(&row.regex, &row.keywords),
        keywords: row.keywords.into_iter().map(leak).collect(),
        pattern: leak(row.regex),
        compiled: OnceLock::new(),
    })
    .collect()
}

/// Whether the expression begins with one of the keywords, and goes on without a blank: then the
/// keyword stands where the token starts.
fn is_token_start(regex: &str, keywords: &[String]) -> bool {
    let bare = regex
        .trim_start_matches("(?:")
        .trim_start_matches('(')
        .replace('\\', "");
    keywords.iter().all(|word| !word.contains(' '))
        && keywords
            .iter()
            .any(|word| word.get(..3).is_some_and(|head| bare.starts_with(head)))
        && !regex.contains("[\"'")
}

/// A file that does not parse holds no rules; a test checks that all of rec's own do.
fn rows(text: &str) -> Vec<Row> {
    toml::from_str::<File>(text).map_or_else(|_| Vec::new(), |file| file.rule)
}

/// Loaded once a process: the cost is the rules' own size.
fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// How many bytes from `i` on could be of one token.
fn token_length(line: &[u8], i: usize) -> usize {
    let rest = super::bytes::from(line, i).iter().take(TOKEN_MIN);
    rest.take_while(|c| is_word(**c) || b"-./+=~:%$?&{}|!,#@\\".contains(c))
        .count()
}

impl Provider {
    fn regex(&self) -> Option<&Regex> {
        let compile = || {
            RegexBuilder::new(self.pattern)
                .unicode(false)
                .size_limit(SIZE_MAX)
                .dfa_size_limit(CACHE_MAX)
                .build()
                .ok()
        };
        self.compiled.get_or_init(compile).as_ref()
    }

    /// Whether a token may begin at `place`: `path` is none although it begins with `pat`.
    pub(crate) fn may_start(&self, line: &[u8], place: usize) -> bool {
        !self.starts || token_length(line, place) >= TOKEN_MIN
    }

    /// Appends what this rule finds around its keyword at `place`: group 1 where the expression
    /// has one, else the whole match. A token does not stand inside a longer word.
    pub(crate) fn find(&self, line: &[u8], place: usize, spans: &mut Vec<Span>) {
        let Some(regex) = self.regex() else { return };
        let from = place.saturating_sub(WINDOW_BEFORE);
        let window = cut(line, from, place.saturating_add(WINDOW_AFTER));
        for found in regex.captures_iter(window) {
            let Some(secret) = found.get(1).or_else(|| found.get(0)) else {
                continue;
            };
            let (start, end) = (from + secret.start(), from + secret.end());
            let glued = is_word(before(line, start)) && is_word(at(line, start))
                || at(line, end).is_ascii_alphanumeric()
                    && is_word(before(line, end))
                    && found.get(1).is_none();
            if !glued && self.checks(secret.as_bytes()) {
                spans.push(Span::new(start, end, self.id, self.class));
            }
        }
    }

    fn checks(&self, secret: &[u8]) -> bool {
        match self.check {
            Check::None => true,
            Check::Mixed => {
                secret.iter().any(u8::is_ascii_digit) && secret.iter().any(u8::is_ascii_alphabetic)
            }
            Check::Entropy => super::value::entropy(secret) >= 3.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_parses_compiles_and_has_a_keyword_and_a_name_of_its_own() {
        for text in FILES {
            toml::from_str::<File>(text).unwrap_or_else(|e| panic!("{e}"));
        }
        let rules = load();
        let mut names = std::collections::BTreeSet::new();
        for rule in &rules {
            assert!(rule.regex().is_some(), "{} does not compile", rule.id);
            assert!(names.insert(rule.id), "{} stands twice", rule.id);
            assert!(!rule.keywords.is_empty(), "{} has no keyword", rule.id);
            for keyword in &rule.keywords {
                assert!(keyword.len() >= 3, "{}: {keyword} is too short", rule.id);
            }
        }
    }
}
