//! Literals whose column or alias says nothing before them: the name stands behind, or in another
//! literal.

use super::lex::{Kind, Token, View};
use super::{CLAUSE, COLUMN, push};
use crate::mask::names::{self, Strength};
use crate::mask::span::{Class, Span};
use crate::mask::value::is_random;

/// `select 'x' as newpass`, and the same with a function around the literal.
pub(super) fn aliased(view: &View<'_>, i: usize, spans: &mut Vec<Span>) {
    let Some(literal) = view.text(i) else { return };
    if let Some(name) = named_behind(view, i) {
        let named = names::judge(view.of(name));
        if let Some(named) = named.filter(|n| n.strength == Strength::Strong) {
            push(view, literal, CLAUSE, named.class, spans);
        }
        return;
    }
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

/// The alias of an expression that begins with the literal at `i`: `'x' || id AS password`,
/// `'x'::text AS password`.
fn named_behind(view: &View<'_>, i: usize) -> Option<Token> {
    let goes_on = |mark: u8| view.mark(i + 1, mark) && view.mark(i + 2, mark);
    if !goes_on(b'|') && !goes_on(b':') {
        return None;
    }
    let inner = |j: usize| {
        let comma = view.mark(j, b',') || view.mark(j, b';');
        !comma && !view.any(j, &["from", "where"])
    };
    let mut behind = (i + 3..i + 12).take_while(|j| inner(*j));
    let alias = behind.find(|j| view.is(*j, "as"))?;
    view.get(alias + 1)
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

#[cfg(test)]
mod tests {
    use crate::mask::{Rules, Scanner};

    fn masked(line: &str) -> Vec<&str> {
        let mut spans = Vec::new();
        Scanner::new(Rules::builtin()).line(line.as_bytes(), &mut spans);
        spans.iter().map(|s| &line[s.start..s.end]).collect()
    }

    #[test]
    fn the_alias_of_an_expression_says_what_its_literal_is() {
        for line in [
            "select id, 'hunt3r-4' || id as password, 5 from t;",
            "select 'hunt3r-4'::text as password;",
            "create table t as select g id, 'hunt3r-4'||g as user_password from x;",
        ] {
            assert_eq!(masked(line), ["hunt3r-4"], "{line}");
        }
        for line in [
            "select 'user-7' || id as login, password from t;",
            "select '2026-05-04'::date as day, x as password from t;",
        ] {
            assert_eq!(masked(line), [""; 0], "{line}");
        }
    }
}
