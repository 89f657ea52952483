//! What two runs of a statement have in common.

use super::lex::{Token, tokens};
use super::whole::{Reach, reach, reach_of};
use crate::timeline::{Dialect, is_client_command};

/// Characters of a fingerprint; what is longer is told apart by its beginning.
pub(super) const LENGTH_MAX: usize = 400;
/// Characters of a text that are looked at: a bulk insert of megabytes has one fingerprint.
const TEXT_MAX: usize = 16 << 10;

/// `text` without what differs from one run to the next: values, spacing, comments, the case of
/// keywords, how many values a list has.
pub fn fingerprint(dialect: Dialect, text: &str) -> String {
    fingerprint_and_reach(dialect, text).0
}

/// The fingerprint, and how far the text reaches where it is SQL; cut into words only once.
pub(super) fn fingerprint_and_reach(dialect: Dialect, text: &str) -> (String, Option<Reach>) {
    let text = text.trim();
    let mut end = text.len().min(TEXT_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let begin = text.get(..end).unwrap_or_default();
    let (print, reaches) = match dialect {
        Dialect::Sql if is_client_command(begin) => (words(begin), reach(text)),
        Dialect::Sql => {
            let tokens = tokens(begin);
            let reaches = match begin.len() == text.len() {
                true => reach_of(&tokens),
                false => reach(text),
            };
            (sql(&tokens), reaches)
        }
        Dialect::Shell | Dialect::Python | Dialect::Other => (words(begin), None),
    };
    (cut(print), reaches)
}

fn cut(mut print: String) -> String {
    if print.len() > LENGTH_MAX
        && let Some((end, _)) = print.char_indices().nth(LENGTH_MAX)
    {
        print.truncate(end);
    }
    print
}

fn sql(tokens: &[Token]) -> String {
    let mut print = String::new();
    let mut last: Option<&Token> = None;
    for token in tokens {
        let sign =
            |token: &Token, signs: &str| matches!(token, Token::Sign(c) if signs.contains(*c));
        let tight = match last {
            None => true,
            Some(last) => {
                sign(token, ",;).:[]")
                    || sign(last, "(.:[")
                    || sign(token, "(") && is_name(last)
                    || is_operator(last) && is_operator(token)
            }
        };
        if !tight {
            print.push(' ');
        }
        match token {
            Token::Word(word) => print.push_str(word),
            Token::Quoted(name) => {
                print.push('"');
                print.push_str(name);
                print.push('"');
            }
            Token::Value => print.push('?'),
            Token::Sign(sign) => print.push(*sign),
        }
        last = Some(token);
    }
    let kept = print.trim_end_matches(';').trim_end().len();
    print.truncate(kept);
    // A list of any length is one, and so are any number of rows.
    while print.contains("?, ?") {
        print = print.replace("?, ?", "?");
    }
    while print.contains("(?), (?)") {
        print = print.replace("(?), (?)", "(?)");
    }
    print
}

/// Whether a bracket behind it belongs to it, as with a function.
fn is_name(token: &Token) -> bool {
    const KEYWORDS: &[&str] = &[
        "in", "values", "and", "or", "not", "as", "on", "where", "from", "using", "exists", "any",
        "all", "select", "into", "key", "when", "then", "else", "over", "union", "join", "with",
    ];
    match token {
        Token::Word(word) => !KEYWORDS.contains(&&**word),
        Token::Quoted(_) => true,
        Token::Value | Token::Sign(_) => false,
    }
}

fn is_operator(token: &Token) -> bool {
    matches!(token, Token::Sign(c) if "<>=!|&@#~+-*/%^".contains(*c))
}

/// Anything else: words, with numbers and what stands in quotes left out.
fn words(text: &str) -> String {
    let mut print = String::new();
    let mut rest = text.chars().peekable();
    let mut word = false;
    while let Some(c) = rest.next() {
        match c {
            '\'' | '"' => {
                while rest.next_if(|next| *next != c).is_some() {}
                rest.next();
                print.push('?');
                word = true;
            }
            c if c.is_whitespace() => {
                if !print.ends_with(' ') {
                    print.push(' ');
                }
                word = false;
            }
            // A number by itself; one within a name (`prod-db2`) belongs to it.
            c if c.is_ascii_digit() && !word => {
                let mut number = c.to_string();
                while let Some(next) = rest.next_if(|c| c.is_alphanumeric() || "._-:".contains(*c))
                {
                    number.push(next);
                }
                let plain = number.chars().all(|c| c.is_ascii_digit() || c == '.');
                print.push_str(if plain { "?" } else { &number });
                word = true;
            }
            c => {
                print.push(c);
                word = c.is_alphanumeric() || "_-./:".contains(c);
            }
        }
    }
    print.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_one_statement_share_a_fingerprint() {
        for (one, other) in [
            (
                "select * from t where id=1",
                "SELECT *\n  FROM t WHERE id = 2;",
            ),
            (
                "select 1 from t where id in (1, 2,3)",
                "select 1 from t where id in (7)",
            ),
            (
                "insert into t values (1,'a'),(2,'b')",
                "insert into t values (9, 'c')",
            ),
            ("select f(x) -- why\nfrom t", "select f( x ) from t"),
            (
                "update t set a='it''s' where b=$1",
                "update t set a = ? where b = :b",
            ),
            ("select a::text from t", "select a :: text from t"),
            ("select \"A\" from t", "select \"A\"  from t"),
            ("select * from t\\G", "select * from t;"),
            ("select 1 \\; select 2 \\gx /tmp/out", "select 3; select 4"),
        ] {
            let print = |text| fingerprint(Dialect::Sql, text);
            assert_eq!(print(one), print(other));
        }
    }

    #[test]
    fn fingerprints_are_read_by_people() {
        for (dialect, text, print) in [
            (
                Dialect::Sql,
                "SELECT count(*) FROM orders WHERE status='x' LIMIT 5;",
                "select count(*) from orders where status = ? limit ?",
            ),
            (
                Dialect::Sql,
                "INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y')",
                "insert into t(a, b) values (?)",
            ),
            (
                Dialect::Sql,
                "select a.b, c from d.e where f >= 1 and g <> 2",
                "select a.b, c from d.e where f >= ? and g <> ?",
            ),
            (Dialect::Sql, "\\d orders", "\\d orders"),
            (
                Dialect::Shell,
                "tail -n 50  /var/log/x.log",
                "tail -n ? /var/log/x.log",
            ),
            (Dialect::Shell, "grep 'a b' prod-db2", "grep ? prod-db2"),
            (Dialect::Shell, "ls", "ls"),
        ] {
            assert_eq!(fingerprint(dialect, text), print);
        }
    }

    #[test]
    fn what_is_different_stays_different() {
        let print = |text| fingerprint(Dialect::Sql, text);
        assert_ne!(print("select a from t"), print("select a from u"));
        assert_ne!(print("delete from t"), print("delete from t where a = 1"));
        assert_ne!(print("select \"A\" from t"), print("select a from t"));
    }
}
