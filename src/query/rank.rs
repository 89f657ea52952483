//! How well a moment fits a query: for whoever wants the best first, not the newest.

use super::ast::Leaf;
use super::{Doc, Query};

/// What a word is worth where it was typed, where it failed, where somebody noted it, where it was
/// printed.
const WEIGHTS: [f64; 4] = [4.0, 3.0, 3.0, 1.0];
/// More of the same word says nothing new.
const COUNT_MAX: u32 = 10;
/// How fast a second and third occurrence count for less, as in BM25.
const SATURATION: f64 = 1.2;
/// Bytes of text beyond which an occurrence counts for less.
const LENGTH: f64 = 400.0;

/// The score of a moment; larger is better, 0 where no text was asked for.
pub fn score(query: &Query, doc: &Doc<'_>) -> f64 {
    let wanted = query
        .positive_text()
        .filter_map(|n| match query.leaves().get(n) {
            Some(Leaf::Text(text)) => Some(text),
            _ => None,
        });
    let mut score = 0.0;
    for leaf in wanted {
        let scope = leaf.scope;
        let fields = [
            (scope.command, doc.command),
            (scope.error, doc.outcome),
            (scope.note, doc.note),
            (scope.output, doc.output),
        ];
        for ((asked, text), weight) in fields.into_iter().zip(WEIGHTS) {
            if !asked || text.is_empty() {
                continue;
            }
            let mut count = 0;
            let mut from = 0;
            while let Some(found) = leaf.pattern.find(text, from)
                && count < COUNT_MAX
            {
                count += 1;
                from = found.end.max(found.start + 1);
                while from < text.len() && !text.is_char_boundary(from) {
                    from += 1;
                }
            }
            let count = f64::from(count);
            let bytes = u32::try_from(text.len()).unwrap_or(u32::MAX);
            let long = 1.0 + f64::from(bytes) / LENGTH;
            score += weight * count / (count + SATURATION * long.ln_1p());
        }
    }
    score
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Stamp;
    use crate::query::Now;

    #[test]
    fn what_was_typed_and_what_is_short_comes_first() {
        let now = Now {
            stamp: Stamp(0),
            zone: jiff::tz::TimeZone::UTC,
        };
        let query = Query::parse("orders", &now).unwrap();
        let long = format!("orders {}", "x ".repeat(5000));
        let doc = |command, output| Doc {
            command,
            output,
            ..Doc::default()
        };
        let ranked = [
            doc("delete from orders", "orders"),
            doc("delete from orders", ""),
            doc("ls", "orders orders"),
            doc("ls", "orders"),
            doc("ls", &long),
            doc("ls", ""),
        ];
        let scores: Vec<f64> = ranked.iter().map(|doc| score(&query, doc)).collect();
        assert!(
            scores.windows(2).all(|pair| pair[0] > pair[1]),
            "{scores:?}"
        );
        assert_eq!(scores.last(), Some(&0.0));
    }
}
