//! Lines whose secret is known by the words before it. Data: `rules/phrases.txt`.

use super::directive::is_said;
use crate::mask::assign::closing;
use crate::mask::bytes::{at, before, cut, skip_blanks};
use crate::mask::span::{Class, RuleId, Span};
use crate::mask::standin::is_placeholder;
use std::sync::OnceLock;

const PHRASE: RuleId = RuleId::new("directive");

/// A word of a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Word(&'static str),
    Any,
    Secret,
    Pair,
    /// A pair whose secret is no plain word.
    StrongPair,
    OneOf(Vec<&'static str>),
}

/// A line of the file.
#[derive(Debug)]
pub(crate) struct Phrase {
    /// The words it begins with, up to the first that is not always the same.
    pub start: &'static str,
    rest: Vec<Part>,
}

/// All of them.
pub(crate) fn phrases() -> &'static [Phrase] {
    static PHRASES: OnceLock<Vec<Phrase>> = OnceLock::new();
    PHRASES.get_or_init(|| {
        let lines = include_str!("../rules/phrases.txt").lines();
        let phrases = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        phrases.map(read).collect()
    })
}

fn read(line: &'static str) -> Phrase {
    let variable = line.find(['!', '*', '[']).unwrap_or(line.len());
    let (start, rest) = line.split_at(variable);
    let parts = rest.split_ascii_whitespace().map(|word| match word {
        "!" => Part::Secret,
        "*" => Part::Any,
        "*:!" => Part::Pair,
        "*:?" => Part::StrongPair,
        _ => match word.strip_prefix('[').and_then(|w| w.strip_suffix(']')) {
            Some(list) => Part::OneOf(list.split('|').collect()),
            None => Part::Word(word),
        },
    });
    Phrase {
        start,
        rest: parts.collect(),
    }
}

/// Appends the secrets of the phrase of this number that begins at `place`.
pub(crate) fn phrase(line: &[u8], place: usize, number: usize, spans: &mut Vec<Span>) {
    let lead = cut(line, 0, place).trim_ascii_end();
    if !lead.is_empty()
        && !matches!(
            before(lead, lead.len()),
            b'#' | b'>' | b'$' | b'%' | b'\'' | b'"' | b';' | b']'
        )
    {
        return;
    }
    let Some(phrase) = phrases().get(number) else {
        return;
    };
    let mut i = place + phrase.start.len();
    for part in &phrase.rest {
        let (start, end) = next(line, i);
        if start >= end {
            return;
        }
        let (from, to) = bare(line, start, end);
        let text = cut(line, from, to);
        match part {
            Part::Word(word) if text.eq_ignore_ascii_case(word.as_bytes()) => {}
            Part::Word(_) => return,
            Part::Any => {}
            Part::OneOf(words) => {
                let more = next(line, end).0 < line.len();
                if !more
                    || !words
                        .iter()
                        .any(|w| text.eq_ignore_ascii_case(w.as_bytes()))
                {
                    continue;
                }
            }
            Part::Secret => push(line, from, to, spans),
            Part::Pair | Part::StrongPair => {
                let Some(colon) = memchr::memchr(b':', text) else {
                    return;
                };
                let secret = from + colon + 1;
                if *part == Part::StrongPair && !is_mixed(cut(line, secret, to)) {
                    return;
                }
                push(line, from + colon + 1, to, spans);
            }
        }
        i = end;
    }
}

/// What a sentence or a statement says in the place of a secret, or how the secret is written.
const WORDS: &[&str] = &[
    "for",
    "policy",
    "strength",
    "prompt",
    "encryption",
    "required",
    "enc",
    "md5",
    "text",
    "option",
    "options",
    "and",
    "the",
    "with",
    "from",
    "key-string",
    "key-chain",
    "expire",
    "reset",
    "change",
];

fn push(line: &[u8], from: usize, to: usize, spans: &mut Vec<Span>) {
    let to = to - usize::from(before(line, to) == b';' && to > from + 1);
    let text = cut(line, from, to);
    if text.len() >= 3
        && !is_placeholder(text)
        && !is_said(text)
        && !WORDS
            .iter()
            .any(|w| text.eq_ignore_ascii_case(w.as_bytes()))
        && (!text.starts_with(b"(") || matches!(before(line, from), b'"' | b'\''))
    {
        spans.push(Span::new(from, to, PHRASE, Class::Password));
    }
}

/// Whether `text` has a digit beside other characters, or a sign that names have not: `root:root` and
/// `1000:1000` are users and groups.
fn is_mixed(text: &[u8]) -> bool {
    let digits = text.iter().filter(|c| c.is_ascii_digit()).count();
    let sign = |c: &u8| c.is_ascii_punctuation() && !b"_-./:,;".contains(c);
    digits > 0 && digits < text.len() || text.iter().any(sign)
}

/// The word at or behind `i`, with its quotes.
fn next(line: &[u8], i: usize) -> (usize, usize) {
    let start = skip_blanks(line, i);
    let quote = at(line, start);
    if matches!(quote, b'"' | b'\'') {
        let end = (closing(line, start + 1, quote, 0) + 1).min(line.len());
        return (start, end);
    }
    let mut end = start;
    while end < line.len() && !matches!(at(line, end), b' ' | b'\t') {
        end += 1;
    }
    (start, end)
}

fn bare(line: &[u8], start: usize, end: usize) -> (usize, usize) {
    let quoted = matches!(at(line, start), b'"' | b'\'') && end > start + 1;
    let closed = quoted && before(line, end) == at(line, start);
    (start + usize::from(quoted), end - usize::from(closed))
}
