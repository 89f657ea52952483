//! Provider rules: token formats that say themselves whose they are. Data, in `rules/*.toml`.
//!
//! A rule's expression is compiled when one of its keywords first stands in a line; most sessions
//! never compile most of them.

use super::bytes::{at, before, behind_escape, contains, cut, is_word};
use super::checksum;
use super::own::Rule;
use super::rules::leak;
use super::span::{Class, RuleId, Span};
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::Deserialize;
use std::sync::OnceLock;

/// How far before and behind its keyword an expression may match; no token is longer.
const WINDOW_BEFORE: usize = 256;
const WINDOW_AFTER: usize = 4096;

/// No token that starts with its keyword is shorter.
const TOKEN_MIN: usize = 12;

/// A compiled expression's memory stays below this.
const SIZE_MAX: usize = 1 << 20;
/// And what it remembers while searching below this; windows are short.
const CACHE_MAX: usize = 64 << 10;

/// A rule as a file says it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub id: &'static str,
    pub description: &'static str,
    pub class: Class,
    /// One of these must stand in the line, or nothing is searched.
    pub keywords: &'static [&'static str],
    /// Group 1 is the secret, else the whole match.
    pub regex: &'static str,
    /// Keywords in any case.
    pub fold: bool,
    pub check: Check,
    /// When there are some, one of these words must stand in the line, in any case.
    pub context: &'static [&'static str],
    /// What is matched by one of these expressions is no secret.
    pub allow: &'static [&'static str],
}

/// What a match must pass besides its expression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// Nothing more.
    #[default]
    None,
    /// Letters and digits both.
    Mixed,
    /// Three bits a byte or more.
    Entropy,
    /// Luhn's check digit.
    Luhn,
    /// ISO 7064 mod 97-10, as an IBAN has it.
    Mod97,
    /// Verhoeff's check digit.
    Verhoeff,
    /// The last six characters are the CRC-32 of the others, in base 62: GitHub, npm. A token that
    /// passes is certain, also inside a longer word; one that does not may still be one.
    Crc,
}

/// rec's own rules.
pub(crate) const BUILTIN: &[Row] = include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// One token format.
#[derive(Debug)]
pub(crate) struct Provider {
    pub row: Row,
    /// The keyword is where the token starts.
    starts: OnceLock<bool>,
    compiled: OnceLock<Option<Regex>>,
    allowed: OnceLock<Option<RegexSet>>,
}

impl From<&Rule> for Provider {
    /// What the owner of rec writes lives as long as the process.
    fn from(rule: &Rule) -> Self {
        let all = |list: &[String]| -> &'static [&'static str] {
            let texts: Vec<_> = list.iter().map(|text| leak(text.clone())).collect();
            Box::leak(texts.into_boxed_slice())
        };
        let row = Row {
            id: leak(rule.id.clone()),
            description: leak(rule.description.clone()),
            class: rule.class,
            keywords: all(&rule.keywords),
            regex: leak(rule.regex.clone()),
            fold: rule.fold,
            check: rule.check,
            context: all(&rule.context),
            allow: all(&rule.allow),
        };
        Provider {
            // What rec knows of its own formats' lengths need not hold for others.
            starts: OnceLock::from(false),
            ..Provider::from(row)
        }
    }
}

impl From<Row> for Provider {
    fn from(row: Row) -> Self {
        Provider {
            row,
            starts: OnceLock::new(),
            compiled: OnceLock::new(),
            allowed: OnceLock::new(),
        }
    }
}

/// Whether the expression begins with one of the keywords, and goes on without a blank: then the
/// keyword stands where the token starts.
fn is_token_start(regex: &str, keywords: &[&str]) -> bool {
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

/// How many bytes from `i` on could be of one token.
fn token_length(line: &[u8], i: usize) -> usize {
    let rest = super::bytes::from(line, i).iter().take(TOKEN_MIN);
    rest.take_while(|c| is_word(**c) || b"-./+=~:%$?&{}|!,#@\\".contains(c))
        .count()
}

impl Provider {
    pub(crate) fn id(&self) -> RuleId {
        RuleId(self.row.id)
    }

    fn regex(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| builder(self.row.regex).build().ok())
            .as_ref()
    }

    fn allows(&self, secret: &[u8]) -> bool {
        !self.row.allow.is_empty()
            && self
                .allowed
                .get_or_init(|| allow_list(self.row.allow))
                .as_ref()
                .is_some_and(|list| list.is_match(secret))
    }

    /// Whether a token may begin at `place`: `path` is none although it begins with `pat`.
    pub(crate) fn may_start(&self, line: &[u8], place: usize) -> bool {
        let starts = || is_token_start(self.row.regex, self.row.keywords);
        !self.starts.get_or_init(starts) || token_length(line, place) >= TOKEN_MIN
    }

    /// Appends what this rule finds around its keyword at `place`: group 1 where the expression
    /// has one, else the whole match. A token does not stand inside a longer word.
    pub(crate) fn find(&self, line: &[u8], place: usize, spans: &mut Vec<Span>) {
        let context = self.row.context;
        if !context.is_empty() && !context.iter().any(|word| contains(line, word.as_bytes())) {
            return;
        }
        let Some(regex) = self.regex() else { return };
        let from = place.saturating_sub(WINDOW_BEFORE);
        let window = cut(line, from, place.saturating_add(WINDOW_AFTER));
        for found in regex.captures_iter(window) {
            let Some(secret) = found.get(1).or_else(|| found.get(0)) else {
                continue;
            };
            let (start, end) = (from + secret.start(), from + secret.end());
            let whole = from + found.get(0).map_or(0, |whole| whole.start());
            let inside = |i: usize| {
                is_word(before(line, i)) && is_word(at(line, i)) && !behind_escape(line, i)
            };
            let glued = inside(start) && inside(whole)
                || at(line, end).is_ascii_alphanumeric()
                    && is_word(before(line, end))
                    && found.get(1).is_none();
            let certain = self.row.check == Check::Crc && checksum::crc(secret.as_bytes());
            if (!glued || certain) && self.checks(secret.as_bytes()) {
                spans.push(Span::new(start, end, self.id(), self.row.class));
            }
        }
    }

    fn checks(&self, secret: &[u8]) -> bool {
        let checked = match self.row.check {
            Check::None | Check::Crc => true,
            Check::Mixed => {
                secret.iter().any(u8::is_ascii_digit) && secret.iter().any(u8::is_ascii_alphabetic)
            }
            Check::Entropy => super::value::entropy(secret) >= 3.0,
            Check::Luhn => checksum::luhn(&checksum::digits(secret)),
            Check::Mod97 => checksum::iban(secret),
            Check::Verhoeff => checksum::verhoeff(&checksum::digits(secret)),
        };
        checked && !self.allows(secret)
    }
}

/// A list of expressions each of which must match the whole of a value: what only stands somewhere in
/// a password does not make it harmless.
pub(crate) fn allow_list(expressions: &[impl AsRef<str>]) -> Option<RegexSet> {
    let whole = expressions.iter().map(|e| format!("^(?:{})$", e.as_ref()));
    let set = RegexSetBuilder::new(whole)
        .unicode(false)
        .size_limit(SIZE_MAX)
        .build();
    set.ok()
}

/// An expression of a rule, bounded in size.
pub(crate) fn builder(regex: &str) -> RegexBuilder {
    let mut builder = RegexBuilder::new(regex);
    builder
        .unicode(false)
        .size_limit(SIZE_MAX)
        .dfa_size_limit(CACHE_MAX);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_compiles_and_has_a_keyword_and_a_name_of_its_own() {
        let mut names = std::collections::BTreeSet::new();
        for row in BUILTIN {
            let rule = Provider::from(*row);
            assert!(rule.regex().is_some(), "{} does not compile", row.id);
            assert!(names.insert(row.id), "{} stands twice", row.id);
            assert!(!row.description.is_empty(), "{} has no description", row.id);
            assert!(!row.keywords.is_empty(), "{} has no keyword", row.id);
            for keyword in row.keywords {
                assert!(keyword.len() >= 3, "{}: {keyword} is too short", row.id);
            }
            assert!(
                row.allow.is_empty() || !rule.allows(b""),
                "{} allows nothing",
                row.id
            );
            for word in row.context {
                assert_eq!(
                    &word.to_lowercase(),
                    word,
                    "{}: words are lower case",
                    row.id
                );
            }
        }
    }
}
