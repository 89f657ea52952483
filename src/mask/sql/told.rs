//! Literals whose column or alias says nothing before them: the name stands behind, or in another
//! literal.

use super::lex::{Kind, View};
use super::{CLAUSE, COLUMN, push};
use crate::mask::names::{self, Strength};
use crate::mask::span::{Class, Span};
use crate::mask::value::is_random;

/// `select 'x' as newpass`, and the same with a function around the literal.
pub(super) fn aliased(view: &View<'_>, i: usize, spans: &mut Vec<Span>) {
    let Some(literal) = view.text(i) else { return };
    let mut j = i + 1;
    // convert_to('x', 'UTF8') as new_password
    while j < i + 8 && !view.is(j, "as") {
        let passes = [b',', b')'].iter().any(|mark| view.mark(j, *mark))
            || view.get(j).is_some_and(|t| t.kind == Kind::Text)
                && view.mark(j.wrapping_sub(1), b',');
        if !passes {
            return;
        }
        j += 1;
    }
    // In a list of columns a comma ends the literal's own.
    let called = j == i + 1 || view.mark(i.wrapping_sub(1), b'(');
    let name = view.get(j + 1).filter(|_| view.is(j, "as") && called);
    let named = name.and_then(|name| names::judge(view.of(name)));
    if let Some(named) =
        named.filter(|n| n.strength == Strength::Strong || n.class == Class::Password)
    {
        push(view, literal, CLAUSE, named.class, spans);
    }
}

/// `UPDATE options SET option_value = 'x' WHERE option_name = 'smtp_password'`: a table of names and
/// values.
pub(super) fn keyed(view: &View<'_>, count: usize, spans: &mut Vec<Span>) {
    let Some(condition) = (0..count).find(|i| view.is(*i, "where")) else {
        return;
    };
    let key = (condition..count).find_map(|i| {
        let equals = view.mark(i.wrapping_sub(1), b'=');
        let literal = view.text(i).filter(|_| equals)?;
        names::judge(view.of(literal))
    });
    let Some(named) = key else { return };
    for i in 0..condition {
        let Some(value) = view.text(i).filter(|_| view.mark(i.wrapping_sub(1), b'=')) else {
            continue;
        };
        if named.strength == Strength::Strong || is_random(view.of(value)) {
            push(view, value, COLUMN, Class::Password, spans);
        }
    }
}
