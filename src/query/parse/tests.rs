//! Queries and what they mean, as a table; and what is said about wrong ones.

use super::*;
use crate::model::Stamp;
use std::fmt::Write;

fn now() -> Now {
    Now {
        stamp: Stamp(1_700_000_000_000_000),
        zone: jiff::tz::TimeZone::UTC,
    }
}

/// A query as one line, every condition spelled out.
fn spelled(query: &Query) -> String {
    fn scope(scope: Scope) -> String {
        let places = [
            ("command", scope.command),
            ("output", scope.output),
            ("error", scope.error),
            ("note", scope.note),
        ];
        let named: Vec<_> = places.iter().filter(|p| p.1).map(|p| p.0).collect();
        if named.len() == 4 {
            String::new()
        } else {
            format!("@{}", named.join(","))
        }
    }
    fn go(expr: &Expr, query: &Query, out: &mut String) {
        let list = |name: &str, parts: &[Expr], out: &mut String| {
            write!(out, "({name}").unwrap();
            for part in parts {
                out.push(' ');
                go(part, query, out);
            }
            out.push(')');
        };
        match expr {
            Expr::All => out.push_str("all"),
            Expr::And(parts) => list("and", parts, out),
            Expr::Or(parts) => list("or", parts, out),
            Expr::Not(part) => list("not", std::slice::from_ref(part), out),
            Expr::Leaf(n) => match &query.leaves()[*n] {
                Leaf::Text(text) => {
                    match &text.pattern {
                        Pattern::Words { words, prefix, .. } => {
                            let star = if *prefix { "*" } else { "" };
                            write!(out, "{}{star}", words.join("+")).unwrap();
                        }
                        Pattern::Literal(text) => write!(out, "'{text}'").unwrap(),
                        Pattern::Regex(regex) => write!(out, "/{regex}/").unwrap(),
                    }
                    out.push_str(&scope(text.scope));
                }
                Leaf::Client(like) => write!(out, "client={like:?}").unwrap(),
                Leaf::Host(like) => write!(out, "host={like:?}").unwrap(),
                Leaf::Since(at) => write!(out, "since={}", at.0 / 1_000_000).unwrap(),
                other => write!(out, "{other:?}").unwrap(),
            },
        }
    }
    let mut out = String::new();
    go(query.expr(), query, &mut out);
    out
}

#[test]
fn queries_mean_what_they_say() {
    let table = [
        ("", "all"),
        ("stuck", "stuck"),
        ("stuck Orders", "(and stuck orders)"),
        ("\"Stuck Orders\"", "stuck+orders"),
        ("user_id", "user+id"),
        ("stat*", "stat*"),
        ("a -b", "(and a (not b))"),
        ("a NOT b", "(and a (not b))"),
        ("a AND b", "(and a b)"),
        ("a OR b c", "(or a (and b c))"),
        ("(a OR b) c", "(and (or a b) c)"),
        ("-(a b)", "(not (and a b))"),
        ("/err(or)?/", "/err(or)?/"),
        ("/a b/ c", "(and /a b/ c)"),
        ("/usr/bin", "usr+bin"),
        ("/usr/bin/ls x", "(and usr+bin+ls x)"),
        ("count(*)", "count"),
        ("--force", "force"),
        ("a - b", "(and a '-' b)"),
        ("->", "'->'"),
        ("http://x.de", "http+x+de"),
        ("client:psql", "client=Exact(\"psql\")"),
        (
            "client:psql|mysql",
            "(or client=Exact(\"psql\") client=Exact(\"mysql\"))",
        ),
        ("host:prod*", "host=Glob(\"prod*\")"),
        ("HOST:prod", "host=Part(\"prod\")"),
        ("since:1s x", "(and since=1699999999 x)"),
        ("since:\"2023-11-14 22:13:20\"", "since=1700000000"),
        ("failed:", "Failed"),
        ("-failed: x", "(and (not Failed) x)"),
        ("failed:no", "(not Failed)"),
        ("slow:>1s", "Slow { below: false, limit: 1s }"),
        ("slow:<250ms", "Slow { below: true, limit: 250ms }"),
        ("masked:", "Masked(None)"),
        ("masked:jwt", "Masked(Some(Part(\"jwt\")))"),
        ("table:Orders", "Table(Table(\"orders\"))"),
        ("table:shop.orders", "Table(Exact(\"shop.orders\"))"),
        ("sqlstate:42*", "Sqlstate(Glob(\"42*\"))"),
        ("rows:>1000", "Rows { below: false, limit: 1000 }"),
        ("rows:<10", "Rows { below: true, limit: 10 }"),
        ("kind:statement", "Kind(Statement)"),
        ("tag:a|b", "(or Tag(Exact(\"a\")) Tag(Exact(\"b\")))"),
        ("pinned:", "Pinned"),
        ("-pinned:", "(not Pinned)"),
        ("id:7F3A", "Id(\"7f3a\")"),
        ("in:command drop table", "(and drop@command table@command)"),
        ("drop in:(command|error)", "drop@command,error"),
        ("(drop in:command) table", "(and drop@command table)"),
        ("in:output (a in:command) b", "(and a@command b@output)"),
        ("status:interrupted", "Status(Interrupted)"),
        (
            "status:live|closed",
            "(or Status(Recording) Status(Closed))",
        ),
    ];
    for (text, expected) in table {
        match Query::parse(text, &now()) {
            Ok(query) => assert_eq!(spelled(&query), expected, "{text:?}"),
            Err(error) => panic!("{text:?}: {error}"),
        }
    }
}

#[test]
fn errors_point_at_the_column() {
    let table = [
        ("(a b", 1, "this parenthesis is never closed"),
        ("a )b", 3, "this parenthesis closes nothing"),
        ("é \"b", 3, "this quote is never closed"),
        ("a OR", 3, "nothing follows this OR"),
        ("OR a", 1, "nothing stands before this OR"),
        ("a -", 3, ""),
        ("a NOT", 3, "nothing follows this NOT"),
        ("x clinet:psql", 3, "there is no filter clinet:"),
        ("x -is:failed", 4, "there is no filter is:"),
        ("(exit:1 OR x)", 2, "there is no filter exit:"),
        ("http: 10:30 a::b \"is:failed\" localhost:5432", 1, ""),
        ("x client:", 3, "client: needs a value"),
        ("since:soon", 7, "\"soon\" is no time"),
        ("slow:>fast", 6, "\"fast\" is no duration"),
        ("in:nowhere x", 4, "\"nowhere\" is no place to look in"),
        ("id:xyz", 4, "\"xyz\" is no id"),
        ("a ord*ers", 6, "a * can only stand at the end of a word"),
        (
            "a /(/",
            3,
            "this regular expression is wrong: unclosed group",
        ),
        ("()", 1, "nothing stands in these parentheses"),
        ("\"\"", 1, "nothing stands between these quotes"),
        ("-in:output a", 2, "in: cannot be turned round"),
        ("rows:>many", 6, "\"many\" is no number of rows"),
        ("x kind:thing", 8, "\"thing\" is no kind of moment"),
        ("table:", 1, "table: needs a value"),
        ("status:gone", 8, "\"gone\" is no status"),
        ("failed:perhaps", 8, "failed: takes no \"perhaps\""),
    ];
    for (text, column, message) in table {
        match Query::parse(text, &now()) {
            Ok(_) => assert_eq!(message, "", "{text:?} was understood"),
            Err(error) => {
                assert_eq!(
                    (error.column, error.message.as_str()),
                    (column, message),
                    "{text:?}"
                );
            }
        }
    }
    let error = Query::parse("é (\u{1b}[31m", &now()).unwrap_err();
    assert_eq!(error.drawing(), "é (␛[31m\n  ^");
}

#[test]
fn no_text_makes_the_parser_fall() {
    let deep = format!("{}a{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(Query::parse(&deep, &now()).is_err());
    assert!(Query::parse(&"a ".repeat(10_000), &now()).is_err());
    assert!(Query::parse(&"-".repeat(10_000), &now()).is_ok());
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_query_or_an_error(text in "[a-c:()\"/*\\- |OR<>s0-9é\\\\]{0,40}") {
        if let Err(error) = Query::parse(&text, &now()) {
            proptest::prop_assert!(error.column <= text.chars().count() + 1);
            let _ = error.drawing();
        }
    }
}
