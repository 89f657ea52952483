//! The line of a moment that shows why it matched.

use super::ast::{Leaf, TextLeaf};
use super::{Doc, Query};
use std::ops::Range;

/// One line and the parts of it to mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snippet {
    /// Without line breaks; `…` where it was cut.
    pub text: String,
    /// Byte ranges of what matched.
    pub marks: Vec<Range<usize>>,
}

/// Marks in one snippet; more would colour the whole line.
const MARKS_MAX: usize = 32;

/// The line of `doc` that shows why it matched, at most `width` characters of it: the first line
/// of the output with a match, else the outcome, else what the output begins with.
pub fn snippet(query: &Query, doc: &Doc<'_>, width: usize) -> Snippet {
    let leaves = wanted(query);
    let mut places = vec![doc.output, doc.note, doc.errors, doc.outcome];
    places.retain(|text| !text.is_empty());
    for text in &places {
        let of = |leaf: &&&TextLeaf| leaf.fields(doc).any(|field| std::ptr::eq(field, *text));
        let first = leaves
            .iter()
            .filter(of)
            .filter_map(|leaf| leaf.pattern.find(text, 0));
        if let Some(first) = first.min_by_key(|range| range.start) {
            return around(text, first.start, &leaves, width);
        }
    }
    let text = [doc.outcome, doc.note]
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or_else(|| content(doc.output));
    around(text, 0, &[], width)
}

/// `command` on one line with the matches in it marked.
pub fn marked(query: &Query, command: &str, width: usize) -> Snippet {
    let leaves: Vec<_> = wanted(query)
        .into_iter()
        .filter(|leaf| leaf.scope.command)
        .collect();
    let joined: String = command.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    around(&joined, 0, &leaves, width)
}

fn wanted(query: &Query) -> Vec<&TextLeaf> {
    query
        .positive_text()
        .filter_map(|n| match query.leaves().get(n) {
            Some(Leaf::Text(text)) => Some(text),
            _ => None,
        })
        .collect()
}

/// The first line of a result that is neither blank nor a table's head or rule.
fn content(output: &str) -> &str {
    let is_rule = |line: &str| !line.contains(|c: char| c.is_alphanumeric());
    let mut lines = output.lines().skip_while(|line| line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    match lines.next() {
        // psql: head, rule, rows. mysql: rule, head, rule, rows.
        Some(second) if is_rule(second) && !second.trim().is_empty() => {
            lines.next().unwrap_or(first)
        }
        Some(_) if is_rule(first) => lines.nth(1).unwrap_or(first),
        _ => first,
    }
}

fn around(text: &str, at: usize, leaves: &[&TextLeaf], width: usize) -> Snippet {
    let head = text.get(..at).unwrap_or_default();
    let start = head.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text.get(start..).unwrap_or_default();
    let line = line.lines().next().unwrap_or_default();
    let at = at - start;
    // A third of the width before the match, the rest from it on.
    let before = line.get(..at).unwrap_or_default().chars().count();
    let total = line.chars().count();
    let skip = if total <= width {
        0
    } else {
        before
            .saturating_sub(width / 3)
            .min(total.saturating_sub(width))
    };
    let mut cut: String = line.chars().skip(skip).take(width).collect();
    cut.truncate(cut.trim_end().len());
    let blank = cut.len() - cut.trim_start().len();
    cut.drain(..blank);
    let mut marks = Vec::new();
    for leaf in leaves {
        let mut from = 0;
        while let Some(range) = leaf.pattern.find(&cut, from) {
            if marks.len() >= MARKS_MAX {
                break;
            }
            from = range.end.max(range.start + 1);
            while from < cut.len() && !cut.is_char_boundary(from) {
                from += 1;
            }
            if range.start < range.end {
                marks.push(range);
            }
        }
    }
    let mut marks = joined(marks);
    if skip > 0 {
        cut.insert(0, '…');
        for mark in &mut marks {
            *mark = mark.start + '…'.len_utf8()..mark.end + '…'.len_utf8();
        }
    }
    if skip + width < total {
        cut.push('…');
    }
    Snippet { text: cut, marks }
}

/// Sorted, without overlaps.
fn joined(mut marks: Vec<Range<usize>>) -> Vec<Range<usize>> {
    marks.sort_by_key(|mark| mark.start);
    let mut out: Vec<Range<usize>> = Vec::new();
    for mark in marks {
        match out.last_mut() {
            Some(last) if mark.start <= last.end => last.end = last.end.max(mark.end),
            _ => out.push(mark),
        }
    }
    out
}
