//! What a pattern says in runs of three signs: whatever it matches holds them, so that FTS5's
//! trigrams leave few commands to look at.

use crate::query::Pattern;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::{ExtractKind, Extractor, Seq};

/// Texts that an expression may begin or end with; more narrow nothing down.
const LITERALS_MAX: usize = 32;

/// What every text that holds `pattern` meets, in FTS5's language; `None` where that is nothing.
pub(super) fn ask(pattern: &Pattern) -> Option<String> {
    match pattern {
        Pattern::Words { .. } => None,
        Pattern::Literal(text) => all(text.as_bytes()),
        Pattern::Regex(regex) => {
            let mut parser = ParserBuilder::new().multi_line(true).build();
            let parsed = parser.parse(regex.as_str()).ok()?;
            let ends = [ExtractKind::Prefix, ExtractKind::Suffix];
            let ends = ends.map(|kind| any(&Extractor::new().kind(kind).extract(&parsed)));
            let mut ends: Vec<String> = ends.into_iter().flatten().collect();
            // A plain text is its own beginning and end.
            ends.dedup();
            (!ends.is_empty()).then(|| ends.join(" AND "))
        }
    }
}

/// One of these texts.
fn any(texts: &Seq) -> Option<String> {
    let texts = texts.literals()?;
    if texts.is_empty() || texts.len() > LITERALS_MAX {
        return None;
    }
    let each: Option<Vec<String>> = texts.iter().map(|text| all(text.as_bytes())).collect();
    each.map(|each| format!("({})", each.join(" OR ")))
}

/// All runs of three in this text. Only those of ASCII: what folds to what is FTS5's own.
fn all(text: &[u8]) -> Option<String> {
    let runs = text
        .windows(3)
        .filter(|run| run.is_ascii() && !run.contains(&0));
    let runs = runs.filter_map(|run| std::str::from_utf8(run).ok());
    let runs: Vec<String> = runs
        .map(|run| format!("\"{}\"", run.replace('"', "\"\"")))
        .collect();
    (!runs.is_empty()).then(|| format!("({})", runs.join(" AND ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    #[test]
    fn expressions_say_what_they_hold() {
        let table = [
            (
                "orders",
                Some("((\"ord\" AND \"rde\" AND \"der\" AND \"ers\"))"),
            ),
            ("a\"b", Some("((\"a\"\"b\"))")),
            (
                "(foo|barb).*x",
                Some("((\"foo\") OR (\"bar\" AND \"arb\"))"),
            ),
            (".*wxyz$", Some("((\"wxy\" AND \"xyz\"))")),
            (
                "from .* where",
                Some(
                    "((\"fro\" AND \"rom\" AND \"om \")) AND ((\" wh\" AND \"whe\" AND \"her\" AND \"ere\"))",
                ),
            ),
            ("ab", None),
            ("[a-z]+", None),
            ("foo|x", None),
            ("^", None),
            ("naïve", None),
        ];
        for (source, expected) in table {
            let found = ask(&Pattern::Regex(Regex::new(source).unwrap()));
            assert_eq!(found.as_deref(), expected, "{source}");
        }
    }
}
