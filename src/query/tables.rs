//! The tables that a statement names.

/// Words that a table's name follows.
const BEFORE: &[&str] = &[
    "from", "join", "into", "update", "table", "truncate", "copy",
];
/// Words that may stand between.
const BETWEEN: &[&str] = &[
    "only",
    "if",
    "not",
    "exists",
    "table",
    "lateral",
    "ignore",
    "low_priority",
];
/// Words that are never a table's name there.
const NEVER: &[&str] = &["select", "set", "where", "values", "stdin", "stdout", "as"];
/// A statement names no more than this; a generated one that does says nothing new after it.
const TABLES_MAX: usize = 64;

/// The names after FROM, JOIN, INTO, UPDATE, TABLE and the like, folded and without quotes, with their
/// schema where it is written: `orders`, `public.orders`. Not a parser: it must also read what a
/// server refused.
pub fn tables(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut before = String::new();
    let mut wanted = None;
    // Behind a name of a list: how many more words may be its alias before a comma.
    let mut alias = 0;
    for name in (Names { rest: text }) {
        let folded = super::fold(name.text);
        let plain = |words: &[&str]| !name.quoted && words.contains(&folded.as_str());
        if name.comma && alias > 0 {
            wanted = Some(true);
        }
        if wanted.is_some() && plain(BETWEEN) {
            continue;
        }
        if let Some(list) = wanted.take() {
            // A function gives rows too, and is no table.
            let function = list && name.called;
            alias = if list { 2 } else { 0 };
            if !plain(NEVER) && !function && found.len() < TABLES_MAX {
                let bare = folded.replace(['"', '`', '[', ']'], "");
                if !found.contains(&bare) {
                    found.push(bare);
                }
                before = folded;
                continue;
            }
        }
        if !plain(&["as"]) {
            alias -= alias.min(1);
        }
        // FOR UPDATE, ON UPDATE, ON DUPLICATE KEY UPDATE name none.
        let clause = folded == "update" && ["for", "on", "key"].contains(&before.as_str());
        if plain(BEFORE) && !clause {
            wanted = Some(plain(&["from", "join", "truncate"]));
            alias = 0;
        }
        before = folded;
    }
    found
}

struct Name<'t> {
    text: &'t str,
    quoted: bool,
    /// A comma stood before it.
    comma: bool,
    /// A parenthesis follows: a function or a list of columns.
    called: bool,
}

/// Words and quoted names, their dots included; strings and comments are passed over.
struct Names<'t> {
    rest: &'t str,
}

impl<'t> Iterator for Names<'t> {
    type Item = Name<'t>;

    fn next(&mut self) -> Option<Name<'t>> {
        let mut comma = false;
        loop {
            self.rest = self.rest.trim_start();
            let first = self.rest.chars().next()?;
            let skip = match first {
                '\'' => closing(self.rest, '\''),
                '-' if self.rest.starts_with("--") => line(self.rest),
                '/' if self.rest.starts_with("/*") => {
                    self.rest.find("*/").map_or(self.rest.len(), |at| at + 2)
                }
                c if begins(c) => {
                    let len = length(self.rest);
                    let (text, rest) = self.rest.split_at(len);
                    self.rest = rest;
                    return Some(Name {
                        text,
                        quoted: !first.is_alphabetic() && first != '_',
                        comma,
                        called: rest.starts_with('('),
                    });
                }
                c => {
                    comma = c == ',';
                    c.len_utf8()
                }
            };
            self.rest = self.rest.get(skip..).unwrap_or_default();
        }
    }
}

fn begins(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | '"' | '`' | '[')
}

/// How long the name is that `text` begins with: parts joined by dots, each a word or in quotes.
fn length(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        at += match rest.chars().next() {
            Some('"') => closing(rest, '"'),
            Some('`') => closing(rest, '`'),
            Some('[') => rest.find(']').map_or(rest.len(), |end| end + 1),
            _ => rest
                .find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '$' | '#'))
                .unwrap_or(rest.len()),
        };
        let rest = text.get(at..).unwrap_or_default();
        let next = rest.strip_prefix('.').and_then(|rest| rest.chars().next());
        match next {
            Some(c) if begins(c) => at += 1,
            _ => return at,
        }
    }
}

/// Behind the quote that closes the one `text` begins with; a doubled one does not.
fn closing(text: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(end) = text.get(at..).and_then(|rest| rest.find(quote)) {
        at += end + 1;
        if !text.get(at..).is_some_and(|rest| rest.starts_with(quote)) {
            return at;
        }
        at += 1;
    }
    text.len()
}

fn line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::tables;

    #[test]
    fn statements_name_their_tables() {
        let table = [
            ("select * from Orders where id = 1", "orders"),
            (
                "SELECT a FROM public.orders o, customers c JOIN \"Line Items\" l USING (id)",
                "public.orders customers line items",
            ),
            ("select 1 from a, b", "a b"),
            ("insert into t(a) values ('from x')", "t"),
            ("UPDATE only x SET a = 1 -- from y", "x"),
            ("delete from `db`.`t` where 1", "db.t"),
            ("create table if not exists n (a int)", "n"),
            ("TRUNCATE TABLE a", "a"),
            ("select * from generate_series(1, 2)", ""),
            ("select * from (select 1 from inner_t) s", "inner_t"),
            ("copy t from stdin", "t"),
            ("select a from t for update nowait", "t"),
            (
                "insert into t (a, b) values (1, 2) on duplicate key update a = 1",
                "t",
            ),
            ("from", ""),
            ("select 'it''s from x' from y /* from z", "y"),
            ("uptime", ""),
        ];
        for (text, expected) in table {
            let wanted: Vec<&str> = expected
                .split(' ')
                .filter(|name| !name.is_empty())
                .collect();
            assert_eq!(tables(text).join(" "), wanted.join(" "), "{text}");
        }
        for end in 0..40 {
            let _ = tables(
                &"select \"é`[' from \"a"
                    .chars()
                    .take(end)
                    .collect::<String>(),
            );
        }
    }
}
