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
    let begins = |word: &&str| {
        word.get(..3).is_some_and(|head| bare.starts_with(head))
            // `Splunk (…)`: the token stands behind a blank.
            && !bare.get(..word.len() + 1).is_some_and(|head| head.ends_with(' '))
    };
    keywords.iter().all(|word| !word.contains(' '))
        && keywords.iter().any(begins)
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
            let crossed = super::standin::is_crossed_out(secret.as_bytes());
            if (!glued || certain) && !crossed && self.checks(secret.as_bytes()) {
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
    use crate::mask::span::settle;
    use crate::mask::{Rules, Scanner};
    use proptest::strategy::{Strategy, ValueTree};
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

    const FILES: &[&str] = &[
        include_str!("rules/cloud.toml"),
        include_str!("rules/code.toml"),
        include_str!("rules/issuers.toml"),
        include_str!("rules/lines.toml"),
        include_str!("rules/named.toml"),
        include_str!("rules/services.toml"),
        include_str!("rules/stores.toml"),
    ];

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

    /// `example` with its places filled: `{h40}` and their like. Shorter ones when `short`, as no
    /// token has them.
    fn filled(example: &str, short: bool) -> String {
        let mut seed = 0x2545_F491u32;
        let mut draw = |alphabet: &str| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let n = (seed >> 16) as usize % alphabet.len();
            alphabet.as_bytes()[n] as char
        };
        let (lower, upper, digits) = (
            "abcdefghijklmnopqrstuvwxyz",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "0123456789",
        );
        let mut out = String::new();
        let mut rest = example;
        while let Some((lead, more)) = rest.split_once('{') {
            out.push_str(lead);
            let place = more.split_once('}');
            let place = place.filter(|(p, _)| p.bytes().all(|c| c.is_ascii_alphanumeric()));
            let Some((place, after)) = place else {
                out.push('{');
                rest = more;
                continue;
            };
            let (kind, count) = place.split_at(1.min(place.len()));
            let count = if kind == "u" {
                36
            } else {
                count.parse().unwrap_or(0)
            };
            let alphabet = match kind {
                "h" | "u" => "0123456789abcdef".to_owned(),
                "H" => "0123456789ABCDEF".to_owned(),
                "t" => [lower, upper, digits].concat(),
                "l" => [lower, digits].concat(),
                "U" => [upper, digits].concat(),
                "a" => [lower, upper].concat(),
                "x" => lower.to_owned(),
                "d" => digits[1..].to_owned(),
                "w" => [lower, upper, digits].concat(),
                "b" => [lower, upper, digits, "+/"].concat(),
                "c" => "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".to_owned(),
                "y" => "abcdefghijklmnopqrstuvwxyz234567".to_owned(),
                "z" => "023456789acdefghjklmnpqrstuvwxyz".to_owned(),
                _ => String::new(),
            };
            if alphabet.is_empty() || count == 0 {
                out.push('{');
                out.push_str(place);
                out.push('}');
            } else if kind == "u" {
                let uuid: String = (0..36)
                    .map(|i| {
                        if matches!(i, 8 | 13 | 18 | 23) {
                            '-'
                        } else {
                            draw(&alphabet)
                        }
                    })
                    .collect();
                out.push_str(if short { "0-0" } else { &uuid });
            } else {
                let count = if short { 2 } else { count };
                out.extend((0..count).map(|_| draw(&alphabet)));
            }
            rest = after;
        }
        out + rest
    }

    /// The id and the example of each rule that has one.
    fn examples() -> Vec<(String, String)> {
        let tables = FILES
            .iter()
            .map(|text| text.parse::<toml::Table>().unwrap());
        let rules = tables.flat_map(|table| table["rule"].as_array().unwrap().clone());
        rules
            .filter_map(|rule| {
                let example = rule.get("example")?.as_str()?.to_owned();
                Some((rule["id"].as_str().unwrap().to_owned(), example))
            })
            .collect()
    }

    fn finds(rule: &Provider, line: &[u8]) -> bool {
        let mut spans = Vec::new();
        for keyword in rule.row.keywords {
            let keyword = if rule.row.fold {
                keyword.to_lowercase()
            } else {
                (*keyword).to_owned()
            };
            let text = if rule.row.fold {
                line.to_ascii_lowercase()
            } else {
                line.to_vec()
            };
            for place in memchr::memmem::find_iter(&text, keyword.as_bytes()) {
                rule.find(line, place, &mut spans);
            }
        }
        settle(&mut spans);
        !spans.is_empty()
    }

    #[test]
    fn every_example_is_found_and_what_is_too_short_is_not() {
        let examples = examples();
        assert!(examples.len() > 150, "{}", examples.len());
        for (id, example) in examples {
            let row = BUILTIN.iter().find(|row| row.id == id).unwrap();
            let rule = Provider::from(*row);
            let whole = filled(&example, false);
            assert!(finds(&rule, whole.as_bytes()), "{id}: {whole}");
            let short = filled(&example, true);
            assert!(
                row.class == Class::Password || !finds(&rule, short.as_bytes()),
                "{id}: {short}"
            );
            // The keyword alone is no token.
            for keyword in row.keywords {
                let text = format!("see {keyword} in the manual, and example words");
                assert!(!finds(&rule, text.as_bytes()), "{id}: {text}");
            }
        }
    }

    #[test]
    fn what_an_expression_describes_is_masked_where_it_stands_alone() {
        let mut missed = Vec::new();
        for row in BUILTIN {
            // Each of its own seed: what one rule is tried with does not hang on the others.
            let seed = *blake3::hash(row.id.as_bytes()).as_bytes();
            let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
            let mut runner = TestRunner::new_with_rng(Config::default(), rng);
            // A rule with a check or context of its own needs more than its expression.
            let anchored = row.regex.trim_start_matches("(?i)").starts_with('^')
                || row.regex.ends_with('$')
                || row.regex.contains("(?:^");
            if row.check != Check::None || !row.context.is_empty() || anchored {
                continue;
            }
            // One delimiter, as people write it, and no anchors.
            let mut plain = row.regex.to_owned();
            for (part, one) in [
                (r#"[A-Za-z0-9_."' -]{0,12}[:=>,|\s]\s{0,8}["'`(]{0,2}"#, "="),
                (r#"["' =:]{1,4}"#, "="),
                (r#"["' =:]+"#, "="),
                (r#"["']?[ \t]*[=:][ \t]*["']?"#, "="),
                (r#"["' ]{0,3}[=:]["' ]{0,3}"#, "="),
                ("[ =]{1,3}", "="),
                ("[A-Za-z_ -]{0,", "[a-z_]{0,"),
                ("[A-Za-z0-9_ .-]{0,24}", "[a-z_]{0,24}"),
                ("[a-z0-9_. -]{0,24}", "[a-z_]{0,24}"),
                ("\\b", ""),
                ("|$)", "| )"),
            ] {
                plain = plain.replace(part, one);
            }
            let strategy = proptest::string::bytes_regex(&plain).unwrap();
            let token = strategy.new_tree(&mut runner).unwrap().current();
            let text = String::from_utf8_lossy(&token).replace(['\n', '\r', '\t'], " ");
            let keyword = row.keywords.iter().find(|k| {
                let text = text.to_lowercase();
                text.contains(&k.to_lowercase())
            });
            let keyword = keyword.map_or(row.keywords[0], |_| "x");
            let line = format!("{keyword} '{text}' as v");
            let mut spans = Vec::new();
            Scanner::new(Rules::builtin()).line(line.as_bytes(), &mut spans);
            if spans.is_empty() && text.is_ascii() {
                missed.push(format!("{}: {line}", row.id));
            }
        }
        assert!(
            missed.is_empty(),
            "{} of {}:\n{}",
            missed.len(),
            BUILTIN.len(),
            missed.join("\n")
        );
    }
}
