//! How a filter's value is compared with a name.

use super::fold;

/// A value with `*` or `?` must fit the whole name; any other must stand in it, or be it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Like {
    /// The whole name, without case.
    Exact(String),
    /// Somewhere in the name, without case.
    Part(String),
    /// The whole name, or what stands behind its last dot, without case.
    Table(String),
    /// `*` for any characters, `?` for one; the whole name, without case.
    Glob(String),
}

impl Like {
    /// Must be the whole name unless it has a `*` or `?`.
    pub fn exact(value: &str) -> Like {
        Like::new(value, Like::Exact)
    }

    /// May be a part of the name.
    pub fn part(value: &str) -> Like {
        Like::new(value, Like::Part)
    }

    fn new(value: &str, plain: fn(String) -> Like) -> Like {
        let value = fold(value);
        if value.contains(['*', '?']) {
            Like::Glob(value)
        } else {
            plain(value)
        }
    }

    /// Whether `name` is meant.
    pub fn matches(&self, name: &str) -> bool {
        let name = fold(name);
        match self {
            Like::Exact(value) => name == *value,
            Like::Table(value) => name == *value || name.rsplit('.').next() == Some(value.as_str()),
            Like::Part(value) => name.contains(value.as_str()),
            Like::Glob(pattern) => glob(pattern, &name),
        }
    }
}

/// Greedy with one point to come back to: linear for one `*`, never exponential.
fn glob(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern.chars(), name.chars());
    let mut back: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let mut ahead = pattern.clone();
        match ahead.next() {
            Some('*') => {
                back = Some((ahead.clone(), name.clone()));
                pattern = ahead;
                continue;
            }
            Some(wanted) => {
                let fits = name.next().is_some_and(|c| wanted == '?' || wanted == c);
                if fits {
                    pattern = ahead;
                    continue;
                }
            }
            None if name.as_str().is_empty() => return true,
            None => {}
        }
        // One more character for the last star.
        let Some((after, from)) = &mut back else {
            return false;
        };
        if from.next().is_none() {
            return false;
        }
        pattern = after.clone();
        name = from.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_names() {
        let table = [
            (Like::part("PROD"), "prod-db.example.com", true),
            (Like::part("prod"), "staging", false),
            (Like::exact("ssh"), "sshfs", false),
            (Like::exact("SSH"), "ssh", true),
            (Like::exact("my*"), "mysql", true),
            (Like::part("prod*"), "my-prod", false),
            (Like::part("*prod*"), "my-prod-1", true),
            (Like::part("a*b*c"), "a--b--b-c", true),
            (Like::part("a*b*c"), "a--b--b-d", false),
            (Like::part("web-0?"), "web-03", true),
            (Like::part("web-0?"), "web-0", false),
            (Like::part("*"), "", true),
            (Like::part("?"), "", false),
        ];
        for (like, name, expected) in table {
            assert_eq!(like.matches(name), expected, "{like:?} {name:?}");
        }
    }
}
