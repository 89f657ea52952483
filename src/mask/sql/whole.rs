//! A text of statements that stands by itself: all of it is there, and it may be long.
//!
//! A driver sends a statement in one piece, so nothing has to be guessed of prompts and lines. What
//! is long is looked at in parts that overlap; the rows of an INSERT keep its list of columns.

use super::lex::{Kind, Token, View, lex_on};
use super::look;
use crate::mask::columns::Judge;
use crate::mask::span::Span;

/// So many tokens are looked at together.
const PART: usize = 4096;
/// So many tokens of a part are seen again as the beginning of the next.
const OVERLAP: usize = 32;
/// A longer list of columns, or unfinished row, of an INSERT is not carried over.
const HEAD_MAX: usize = PART / 4;

/// Appends the secrets of the statements in `text`.
pub(crate) fn whole(text: &[u8], judge: &Judge, spans: &mut Vec<Span>) {
    let mut tokens = Vec::new();
    let mut from = 0;
    while from < text.len() {
        from = lex_on(text, from, PART, &mut tokens);
        let mut rest = tokens.as_slice();
        while let Some(end) = statement_end(rest) {
            let (one, after) = rest.split_at(end);
            look(text, one, judge, 0, spans);
            rest = after;
        }
        if from >= text.len() {
            look(text, rest, judge, 0, spans);
            return;
        }
        tokens = if rest.len() < PART {
            rest.to_vec()
        } else {
            look(text, rest, judge, 0, spans);
            carried(text, rest)
        };
    }
}

/// The number of tokens up to the end of the first statement, when it ends here.
fn statement_end(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0usize;
    for (n, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Mark(b'(') => depth += 1,
            Kind::Mark(b')') => depth = depth.saturating_sub(1),
            Kind::Mark(b';') if depth == 0 => return Some(n + 1),
            _ => {}
        }
    }
    None
}

/// What the next part must know of the one before: of an INSERT its head and the row that is not
/// finished, of others the last tokens.
fn carried(text: &[u8], tokens: &[Token]) -> Vec<Token> {
    let view = View::new(text, tokens);
    let values = (0..tokens.len().min(HEAD_MAX)).find(|i| view.any(*i, &["values", "value"]));
    let Some(head) = values.and_then(|values| tokens.get(..=values)) else {
        return tokens
            .get(tokens.len() - OVERLAP.min(tokens.len())..)
            .unwrap_or_default()
            .to_vec();
    };
    let (mut depth, mut row) = (0usize, None);
    for (n, token) in tokens.iter().enumerate().skip(head.len()) {
        match token.kind {
            Kind::Mark(b'(') => {
                row = if depth == 0 { Some(n) } else { row };
                depth += 1;
            }
            Kind::Mark(b')') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    let open = row.filter(|row| depth > 0 && tokens.len() - row < HEAD_MAX);
    let open = open.and_then(|row| tokens.get(row..)).unwrap_or_default();
    [head, open].concat()
}
