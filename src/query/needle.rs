//! What must stand somewhere for a query to find anything: a few bytes for a condition on text, to
//! be looked for in what was not even read yet.
//!
//! A needle has only signs that stand the same on the screen, in a terminal's bytes and in JSON, in
//! one field, and on one line. So text that meets a condition holds its needle, and so do the bytes
//! that the text came from, unless the terminal moved its cursor in between.
//!
//! Each word of a phrase may stand everywhere while the phrase stands nowhere. Its needle is the
//! words in a row, whatever stands between them that is no word, where the text is looked at whole;
//! elsewhere it is the longest of them. So it is with signs that have blanks between them, as long as
//! they are those of one field.

use super::Query;
use super::ast::{Expr, Leaf, Pattern, Scope};
use super::check::may_hold;
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Hir, HirKind};

/// A shorter needle is found everywhere, and looking for it is lost time.
const SHORTEST: usize = 3;
/// More ways to begin with than this are looked for more slowly than the text is read.
const WAYS_MAX: usize = 256;
/// Beginnings within an expression that are tried for the best needle.
const BEGINNINGS_MAX: usize = 64;
/// Expressions within expressions that are looked into.
const DEPTH_MAX: usize = 32;
/// The largest program of a needle: some hundred short words.
const SIZE_MAX: usize = 1 << 20;

/// The needles of a query.
#[derive(Clone, Debug)]
pub struct Needles {
    /// By condition; `None` for one without.
    of: Vec<Option<Needle>>,
    expr: Expr,
}

/// The needle of a condition, and where it may stand.
#[derive(Clone, Debug)]
struct Needle {
    /// On one line, in one field.
    regex: Regex,
    /// The words of a phrase, in text that is looked at whole.
    phrase: Option<Regex>,
    /// As `regex`, with blanks in it: in one field, and on the lines of a screen.
    spaced: Option<Regex>,
    scope: Scope,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// All that a moment printed.
    Printed,
    /// Lines of it.
    Lines,
    /// All that was typed, said or noted.
    Told,
    /// Fields of what was said; who reads it puts them together.
    Fields,
}

impl Needles {
    /// Those of `query`; `None` where it can find something without any of them.
    pub fn new(query: &Query) -> Option<Needles> {
        let needle = |leaf: &Leaf| {
            let Leaf::Text(text) = leaf else {
                return None;
            };
            let built = |source: String| {
                let mut builder = RegexBuilder::new(&source);
                builder.size_limit(SIZE_MAX).build().ok()
            };
            let phrase = phrase(&text.pattern).and_then(built);
            let regex = source(&text.pattern, false)?;
            let spaced = source(&text.pattern, true).filter(|spaced| *spaced != regex);
            Some(Needle {
                regex: built(regex)?,
                phrase,
                spaced: spaced.and_then(built),
                scope: text.scope,
            })
        };
        let of: Vec<Option<Needle>> = query.leaves().iter().map(needle).collect();
        let needles = Needles {
            expr: query.expr().clone(),
            of,
        };
        let none = needles.none_seen();
        needles.decided(&none).then_some(needles)
    }

    /// What is known before anything was looked at.
    pub(super) fn none_seen(&self) -> Seen {
        Seen(vec![false; self.of.len()])
    }

    /// Looks for those that were not seen yet.
    pub(super) fn look(&self, bytes: &[u8], text: Text, seen: &mut Seen) {
        for (needle, seen) in self.of.iter().zip(&mut seen.0) {
            let Some(Needle {
                regex,
                phrase,
                spaced,
                scope,
            }) = needle
            else {
                continue;
            };
            let wanted = match text {
                Text::Printed | Text::Lines => scope.output,
                Text::Told | Text::Fields => scope.command || scope.error || scope.note,
            };
            let better = match text {
                Text::Printed | Text::Told => phrase.as_ref().or(spaced.as_ref()),
                Text::Lines => spaced.as_ref(),
                Text::Fields => None,
            };
            let regex = better.unwrap_or(regex);
            *seen = *seen || (wanted && regex.is_match(bytes));
        }
    }

    /// Whether nothing can match where no other needles stand than these.
    pub(super) fn decided(&self, seen: &Seen) -> bool {
        !may_hold(&self.expr, false, &|n| {
            let missing = self.of.get(n).is_some_and(Option::is_some)
                && seen.0.get(n).is_some_and(|seen| !seen);
            missing.then_some(false)
        })
    }
}

/// The needles that were seen so far, by condition.
#[derive(Clone, Debug)]
pub(super) struct Seen(Vec<bool>);

/// An expression over bytes that finds the needle of a pattern, one with `blanks` where these stand as
/// they are.
fn source(pattern: &Pattern, blanks: bool) -> Option<String> {
    match pattern {
        Pattern::Words { words, .. } => {
            let plain = words.iter().filter(|word| word.is_ascii());
            let word = plain.max_by_key(|word| word.len())?;
            // A word of ASCII may also be written with the Kelvin sign; the expression knows that.
            (word.len() >= SHORTEST).then(|| format!("(?i){}", regex::escape(word)))
        }
        Pattern::Literal(literal) => either(&[literal.as_bytes().to_vec()], blanks),
        Pattern::Regex(regex) => {
            // As the query's parser builds it.
            let mut parser = regex_syntax::ParserBuilder::new().multi_line(true).build();
            let hir = parser.parse(regex.as_str()).ok()?;
            either(&ways(&hir, blanks, 0)?, blanks)
        }
    }
}

/// What stands between two words that follow each other: bytes of no word of ASCII, or what JSON
/// writes for a sign that it escapes.
const BETWEEN: &str = r"(?:(?-u:[^0-9A-Za-z])|\\[bfnrt]|\\u00[01][0-9a-fA-F])+";

/// An expression over bytes that finds the words of a phrase in a row; of one with words that are not
/// of ASCII, the longest row of those that are.
fn phrase(pattern: &Pattern) -> Option<String> {
    let Pattern::Words { words, .. } = pattern else {
        return None;
    };
    let rows = words.split(|word| !word.is_ascii());
    let row = rows
        .filter(|row| row.len() > 1)
        .max_by_key(|row| row.iter().map(String::len).sum::<usize>())?;
    let words: Vec<String> = row.iter().map(|word| regex::escape(word)).collect();
    Some(format!("(?i){}", words.join(BETWEEN)))
}

/// An expression that finds any of `ways`, by its longest part that may stand in a needle.
fn either(ways: &[Vec<u8>], blanks: bool) -> Option<String> {
    let parts: Vec<&[u8]> = ways.iter().map(|way| clean(way, blanks)).collect();
    if parts.is_empty() || parts.iter().any(|part| part.len() < SHORTEST) {
        return None;
    }
    let escaped = |part: &&[u8]| -> String {
        let bytes = part.iter();
        bytes.map(|byte| format!("\\x{byte:02x}")).collect()
    };
    let all: Vec<String> = parts.iter().map(escaped).collect();
    Some(format!("(?-u){}", all.join("|")))
}

/// The longest run of signs that stand everywhere as they are. Blanks may come from a tab or end a
/// line, a colon stands between the parts of an error, quotes and backslashes are escaped in JSON,
/// and U+FFFD may stand for bytes that are none. With `blanks`, one between two signs of ASCII is a
/// sign, too: before a wide one the screen may have one of its own.
fn clean(bytes: &[u8], blanks: bool) -> &[u8] {
    let mut longest: &[u8] = &[];
    let mut rest = bytes;
    while !rest.is_empty() {
        let broken = |at: &usize| {
            let bytes = rest.get(*at..).unwrap_or_default();
            let sign = bytes.first().copied().unwrap_or_default();
            let before = at.checked_sub(1).and_then(|at| rest.get(at));
            let sides = [before, bytes.get(1)];
            let between = sides
                .iter()
                .all(|side| side.is_some_and(u8::is_ascii_graphic));
            if blanks && sign == b' ' && between {
                return false;
            }
            sign <= b' ' || matches!(sign, b'"' | b'\\' | b':' | 0x7f | 0xc2 | 0xef)
        };
        let end = (0..rest.len()).find(broken).unwrap_or(rest.len());
        let (run, tail) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        if run.len() > longest.len() {
            longest = run;
        }
        rest = tail.get(1..).unwrap_or_default();
    }
    longest
}

/// Texts one of which stands wherever the expression matches; of several such choices the one whose
/// shortest is longest.
fn ways(hir: &Hir, blanks: bool, depth: usize) -> Option<Vec<Vec<u8>>> {
    if depth > DEPTH_MAX {
        return None;
    }
    let inner = match hir.kind() {
        HirKind::Capture(capture) => ways(&capture.sub, blanks, depth + 1),
        HirKind::Repetition(repetition) if repetition.min > 0 => {
            ways(&repetition.sub, blanks, depth + 1)
        }
        HirKind::Concat(parts) => {
            let each = parts.iter().take(BEGINNINGS_MAX).enumerate();
            each.flat_map(|(at, part)| {
                let rest = parts.get(at..).unwrap_or_default().to_vec();
                [
                    ways(part, blanks, depth + 1),
                    beginnings(&Hir::concat(rest)),
                ]
            })
            .flatten()
            .max_by_key(|ways| shortest(ways, blanks))
        }
        HirKind::Alternation(parts) => {
            let each = parts.iter().map(|part| ways(part, blanks, depth + 1));
            let all: Option<Vec<Vec<Vec<u8>>>> = each.collect();
            all.map(|all| all.concat())
                .filter(|ways| ways.len() <= WAYS_MAX)
        }
        _ => None,
    };
    let whole = beginnings(hir);
    inner
        .into_iter()
        .chain(whole)
        .max_by_key(|ways| shortest(ways, blanks))
}

fn beginnings(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix).limit_total(WAYS_MAX);
    let found = extractor.extract(hir);
    let literals = found.literals()?;
    let ways: Vec<Vec<u8>> = literals.iter().map(|l| l.as_bytes().to_vec()).collect();
    (!ways.is_empty() && ways.len() <= WAYS_MAX).then_some(ways)
}

fn shortest(ways: &[Vec<u8>], blanks: bool) -> usize {
    let lengths = ways.iter().map(|way| clean(way, blanks).len());
    lengths.min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Stamp;
    use crate::query::Now;

    fn query(text: &str) -> Query {
        let now = Now {
            stamp: Stamp(1_700_000_000_000_000),
            zone: jiff::tz::TimeZone::UTC,
        };
        Query::parse(text, &now).unwrap()
    }

    #[test]
    fn a_query_that_needs_text_has_needles() {
        let table = [
            ("/needle[a-z]nhaystack/", Some(r"(?-u)nhaystack")),
            ("/[0-9]+ (stuck|lost) orders?/", Some(r"(?-u)orders|order")),
            ("/(?i)abcd/", None),
            ("/(stuck|lost)+$/", Some(r"(?-u)stuck|lost")),
            ("/(stuck|lo)+/", None),
            (r"/\bpassword=/", Some(r"(?-u)password=")),
            ("/a: \"quoted\\d/", Some(r"(?-u)quoted")),
            ("/[0-9]+/", None),
            ("/(orders)?/", None),
            ("/orders|/", None),
            ("stuck", Some("(?i)stuck")),
            ("\"of stuck orders\"", Some("(?i)orders")),
            ("größe", None),
            ("->>", Some(r"(?-u)->>")),
            ("->", None),
            ("failed: stuck", Some("(?i)stuck")),
            ("failed: OR stuck", None),
            ("-stuck", None),
            ("stuck OR orders", Some("(?i)stuck")),
            ("stuck OR a", None),
            ("stuck a", Some("(?i)stuck")),
            ("client:psql", None),
        ];
        for (text, expected) in table {
            let needles = Needles::new(&query(text));
            let first = needles.as_ref().and_then(|needles| {
                let found = needles.of.iter().flatten().next();
                found.map(|needle| unescaped(needle.regex.as_str()))
            });
            if text == "/(?i)abcd/" {
                let found = first.unwrap();
                assert!(
                    found.contains("AbcD|") || found.contains("|AbcD"),
                    "{found}"
                );
                continue;
            }
            assert_eq!(first.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_needle_of_a_phrase_is_its_words_in_a_row() {
        let table = [
            ("\"of stuck orders\"", Some("of{}stuck{}orders")),
            ("\"größe of it\"", Some("of{}it")),
            ("\"a b größe stuck\"", Some("a{}b")),
            ("user_id", Some("user{}id")),
            ("\"größe stuck\"", None),
            ("stuck", None),
            ("/of stuck/", None),
        ];
        for (text, expected) in table {
            let query = query(text);
            let Some(Leaf::Text(leaf)) = query.leaves().first() else {
                panic!("{text} is text");
            };
            let expected = expected.map(|row| format!("(?i){}", row.replace("{}", BETWEEN)));
            assert_eq!(phrase(&leaf.pattern), expected, "{text}");
        }
    }

    #[test]
    fn blanks_between_signs_are_looked_for_where_they_stand_as_they_are() {
        let table = [
            ("/note paid limit/", "(?-u)note paid limit"),
            ("/x note  paid/", "(?-u)x note"),
            ("/a: \"b c\"d/", "(?-u)b c"),
            ("/note .[0-9]/", "(?-u)note"),
            ("/日 note/", "(?-u)note"),
        ];
        for (text, expected) in table {
            let query = query(text);
            let Some(Leaf::Text(leaf)) = query.leaves().first() else {
                panic!("{text} is text");
            };
            let found = source(&leaf.pattern, true).map(|source| unescaped(&source));
            assert_eq!(found.as_deref(), Some(expected), "{text}");
        }
    }

    /// `\x61` as `a`.
    fn unescaped(source: &str) -> String {
        let mut parts = source.split("\\x");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (code, rest) = part.split_at(2);
            text.push(char::from(u8::from_str_radix(code, 16).unwrap()));
            text.push_str(rest);
        }
        text
    }
}
