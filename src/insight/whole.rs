//! Statements that reach for a whole table: changes without WHERE, reads without LIMIT.

use super::lex::{Token, tokens};

/// How far a statement reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// UPDATE or DELETE without WHERE: every row is changed.
    ChangesAll,
    /// SELECT of rows with neither WHERE nor LIMIT: every row is read.
    ReadsAll,
}

/// The furthest reach of the statements in `text`; `None` where each is bounded.
pub fn reach(text: &str) -> Option<Reach> {
    reach_of(&tokens(text))
}

/// As [`reach`], of a text that is cut into words already.
pub(super) fn reach_of(tokens: &[Token]) -> Option<Reach> {
    let statements = tokens.split(|token| *token == Token::Sign(';'));
    statements.filter_map(of_statement).min()
}

fn of_statement(tokens: &[Token]) -> Option<Reach> {
    // Words within brackets belong to something inside: a subquery, a common table expression.
    let mut depth = 0_u32;
    let mut words: Vec<&str> = Vec::new();
    let mut star_or_name = false;
    for token in tokens {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') => depth = depth.saturating_sub(1),
            Token::Word(word) if depth == 0 => words.push(word),
            Token::Sign('*') if depth == 0 => star_or_name = true,
            Token::Quoted(_) if depth == 0 => star_or_name = true,
            Token::Word(_) | Token::Quoted(_) | Token::Value | Token::Sign(_) => {}
        }
    }
    let has = |word: &str| words.contains(&word);
    let verbs = ["select", "update", "delete", "insert", "merge", "replace"];
    let verb = words.iter().find(|word| verbs.contains(word))?;
    // What only plans runs nothing, unless it is told to.
    if words.first() == Some(&"explain") && !has("analyze") {
        return None;
    }
    match *verb {
        // `create trigger … before update` and its like are no updates.
        "update" | "delete"
            if !["update", "delete", "with", "explain"].contains(words.first()?) =>
        {
            None
        }
        "update" if has("set") && !has("where") && !has("limit") => Some(Reach::ChangesAll),
        "delete" if has("from") && !has("where") && !has("limit") && !has("using") => {
            Some(Reach::ChangesAll)
        }
        "select" if !["select", "with", "explain"].contains(words.first()?) => None,
        "select" => {
            let bounded = ["where", "limit", "fetch", "group", "having", "top", "into"];
            let bounded = bounded.iter().any(|word| has(word));
            let from = words.iter().position(|word| *word == "from")?;
            // Only aggregates: one row, whatever the table holds.
            let between = words.get(1..from).unwrap_or_default();
            let aggregates = [
                "count", "sum", "min", "max", "avg", "bool_or", "bool_and", "exists",
            ];
            let only = !star_or_name
                && !between.is_empty()
                && between.iter().any(|word| aggregates.contains(word));
            (!bounded && !only).then_some(Reach::ReadsAll)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_without_bounds_are_named() {
        use Reach::{ChangesAll, ReadsAll};
        for (text, expected) in [
            ("delete from orders", Some(ChangesAll)),
            ("UPDATE orders SET a = 1;", Some(ChangesAll)),
            (
                "update orders set a = (select b from c where d = 1)",
                Some(ChangesAll),
            ),
            ("update orders set a = 1 where id = 2", None),
            ("delete from orders where id in (select id from x)", None),
            ("delete from a using b where a.id = b.id", None),
            ("select * from orders", Some(ReadsAll)),
            ("select id, name from orders order by id", Some(ReadsAll)),
            ("select \"Id\" from orders", Some(ReadsAll)),
            ("select * from orders limit 10", None),
            ("select * from orders fetch first 5 rows only", None),
            ("select * from orders where id = 1", None),
            ("select count(*) from orders", None),
            ("select status, count(*) from orders group by status", None),
            ("select 1", None),
            ("explain select * from orders", None),
            ("explain analyze delete from orders", Some(ChangesAll)),
            ("select 1; delete from orders", Some(ChangesAll)),
            ("select 'delete from orders'", None),
            ("insert into t select * from u", None),
            ("create table x (a int)", None),
            ("select * from orders for update", Some(ReadsAll)),
            ("create trigger t before update on orders", None),
        ] {
            assert_eq!(reach(text), expected, "{text}");
        }
    }
}
