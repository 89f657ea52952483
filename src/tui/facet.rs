//! Conditions that are chosen from a list: how they come into a filter, and leave it.
//!
//! Several values of one kind are alternatives, as `client:psql|mysql` says it: a session has one
//! client, and two conditions on it would find nothing.

/// The condition that a facet stands for: `client:psql`, `db:"my app"`.
pub fn named(key: &str, value: &str) -> String {
    let value: String = value.chars().filter(|c| !"\"|,()".contains(*c)).collect();
    spelled(key, &[value.as_str()])
}

/// Whether `filter` asks for `condition`.
pub fn is_on(filter: &str, condition: &str) -> bool {
    let Some((key, wanted)) = parts(condition) else {
        return false;
    };
    let of_key = words(filter).into_iter().filter_map(parts);
    let mut of_key = of_key.filter(|(other, _)| *other == key);
    of_key.any(|(_, values)| wanted.iter().all(|value| values.contains(value)))
}

/// `filter` with `condition` in it, or without it where it was.
pub fn toggled(filter: &str, condition: &str) -> String {
    let Some((key, wanted)) = parts(condition) else {
        return filter.to_owned();
    };
    let on = is_on(filter, condition);
    let mut done = false;
    let mut made = Vec::new();
    for word in words(filter) {
        match parts(word) {
            // A condition without a value, such as `masked:`, is none of `masked:jwt`'s values.
            Some((other, mut values))
                if other == key && !done && bare(&values) == bare(&wanted) =>
            {
                done = true;
                match on {
                    true => values.retain(|value| !wanted.contains(value)),
                    false => values.extend(&wanted),
                }
                if !values.is_empty() {
                    made.push(spelled(key, &values));
                }
            }
            _ => made.push(word.to_owned()),
        }
    }
    if !on && !done {
        made.push(condition.to_owned());
    }
    made.join(" ")
}

/// A filter's words as they stand; a blank in quotes or parentheses parts none.
fn words(filter: &str) -> Vec<&str> {
    let (mut quoted, mut depth) = (false, 0_u32);
    let blank = |c: char| {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        c.is_whitespace() && !quoted && depth == 0
    };
    let words = filter.split(blank);
    words.filter(|word| !word.is_empty()).collect()
}

/// The name and the values of a condition.
fn parts(word: &str) -> Option<(&str, Vec<&str>)> {
    let (key, value) = word.split_once(':')?;
    if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    let quoted = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    let grouped = value.strip_prefix('(').and_then(|v| v.strip_suffix(')'));
    Some(match quoted {
        Some(one) => (key, vec![one]),
        None => (key, grouped.unwrap_or(value).split('|').collect()),
    })
}

fn bare(values: &[&str]) -> bool {
    values.iter().all(|value| value.is_empty())
}

fn spelled(key: &str, values: &[&str]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "._-/@:".contains(c);
    let all = values.join("|");
    match (values.iter().all(|v| v.chars().all(plain)), values) {
        (true, _) => format!("{key}:{all}"),
        (false, [one]) => format!("{key}:\"{one}\""),
        (false, _) => format!("{key}:({all})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_come_and_go() {
        for (filter, condition, expected) in [
            ("", "client:psql", "client:psql"),
            ("prod client:psql", "client:psql", "prod"),
            ("prod", "masked:", "prod masked:"),
            ("prod masked: x", "masked:", "prod x"),
            ("client:psql prod", "client:mysql", "client:psql|mysql prod"),
            ("client:psql|mysql prod", "client:psql", "client:mysql prod"),
            ("db:app", "db:\"my app\"", "db:(app|my app)"),
            ("x db:(app|my app)", "db:app", "x db:\"my app\""),
            ("db:\"my app\" x", "db:\"my app\"", "x"),
            ("masked:jwt", "masked:", "masked:jwt masked:"),
            ("tag:a", "client:psql", "tag:a client:psql"),
            (
                "status:interrupted",
                "status:recording",
                "status:interrupted|recording",
            ),
        ] {
            let was = is_on(filter, condition);
            let made = toggled(filter, condition);
            assert_eq!(made, expected, "{filter:?} and {condition:?}");
            assert_eq!(is_on(&made, condition), !was, "{made:?}");
        }
    }

    #[test]
    fn a_name_with_signs_is_one_word_of_the_query() {
        assert_eq!(named("host", "db-1.example.com"), "host:db-1.example.com");
        assert_eq!(named("db", "my \"(app)\""), "db:\"my app\"");
    }
}
