//! What a command's output says of its outcome.

/// A longer line is no outcome.
const LINE_MAX: usize = 400;
/// How much of an outcome is kept.
const KEPT: usize = 120;

/// A cheap test on the raw line before [`read`].
pub(super) fn may_be(line: &[u8]) -> bool {
    let first = line.first().copied().unwrap_or(0);
    line.len() <= LINE_MAX
        && (first.is_ascii_uppercase()
            || matches!(first, b'(' | b'-' | b'0'..=b'9')
            || memchr::memchr(b':', line.get(..16.min(line.len())).unwrap_or_default()).is_some())
}

/// How a command ended, and whether that was a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) failed: bool,
    pub(super) text: String,
}

/// The first words of the tags PostgreSQL answers statements with (CommandComplete).
const TAGS: &[&str] = &[
    "INSERT",
    "UPDATE",
    "DELETE",
    "SELECT",
    "MERGE",
    "COPY",
    "CREATE",
    "ALTER",
    "DROP",
    "GRANT",
    "REVOKE",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SET",
    "TRUNCATE",
    "VACUUM",
    "ANALYZE",
    "REINDEX",
    "REFRESH",
    "LOCK",
    "COMMENT",
    "DECLARE",
    "FETCH",
    "CLOSE",
    "PREPARE",
    "DEALLOCATE",
];

/// Reads an outcome from a line of output, which must be masked already.
pub(super) fn read(line: &str) -> Option<Outcome> {
    let line = line.trim();
    if line.len() > LINE_MAX || line.is_empty() {
        return None;
    }
    let failed = is_error(line);
    (failed || is_result(line)).then(|| Outcome {
        failed,
        text: line.chars().take(KEPT).collect(),
    })
}

fn is_error(line: &str) -> bool {
    let server = ["ERROR:", "FATAL:", "PANIC:", "psql: error", "psql:"];
    if server.iter().any(|start| line.starts_with(start)) {
        return true;
    }
    // mysql and MariaDB: `ERROR 1146 (42S02): …`, `ERROR 1146 (42S02) at line 1: …`.
    if let Some(rest) = line.strip_prefix("ERROR ") {
        return rest.starts_with(|c: char| c.is_ascii_digit()) && rest.contains(':');
    }
    let shells = [
        "bash:", "-bash:", "zsh:", "sh:", "-sh:", "dash:", "ksh:", "fish:", "ssh:",
    ];
    shells.iter().any(|shell| line.starts_with(shell))
        || line.ends_with(": command not found")
        || is_sqlite_error(line)
        || is_exception(line)
}

/// The last line of a Python traceback: `ZeroDivisionError: division by zero`.
fn is_exception(line: &str) -> bool {
    let name = line.split_once(": ").map_or(line, |(name, _)| name);
    let last = name.rsplit('.').next().unwrap_or_default();
    let kind = last
        .strip_suffix("Error")
        .or_else(|| last.strip_suffix("Exception"));
    kind.is_some_and(|kind| kind.starts_with(|c: char| c.is_ascii_uppercase()))
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._".contains(c))
        && line.contains(": ")
}

/// sqlite3: `Parse error: no such table: x`, `Runtime error near line 3: …`, and `Error: …` before
/// version 3.39.
fn is_sqlite_error(line: &str) -> bool {
    let rest = ["Parse error", "Runtime error", "Error"]
        .iter()
        .find_map(|start| line.strip_prefix(start));
    rest.is_some_and(|rest| rest.starts_with(": ") || rest.starts_with(" near line "))
}

fn is_result(line: &str) -> bool {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    // psql: `(17 rows)`.
    if let Some(inner) = line.strip_prefix('(').and_then(|l| l.strip_suffix(')')) {
        let count = inner
            .strip_suffix(" rows")
            .or_else(|| inner.strip_suffix(" row"));
        return count.is_some_and(digits);
    }
    // mysql: `17 rows in set (0.00 sec)`, `Query OK, 1 row affected (0.01 sec)`, `Empty set (0.00 sec)`.
    if let Some((count, rest)) = line.split_once(' ')
        && digits(count)
        && (rest.starts_with("rows in set") || rest.starts_with("row in set"))
    {
        return true;
    }
    if line.starts_with("Query OK") || line.starts_with("Empty set") {
        return true;
    }
    let mut words = line.split(' ');
    let tag = words.next().is_some_and(|word| TAGS.contains(&word));
    tag && words.all(|w| digits(w) || (!w.is_empty() && w.bytes().all(|b| b.is_ascii_uppercase())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_read() {
        let cases = [
            ("(17 rows)", Some(false)),
            ("(1 row)", Some(false)),
            ("UPDATE 3", Some(false)),
            ("INSERT 0 1", Some(false)),
            ("CREATE TABLE", Some(false)),
            ("Query OK, 1 row affected (0.01 sec)", Some(false)),
            ("17 rows in set (0.00 sec)", Some(false)),
            ("ERROR:  relation \"x\" does not exist", Some(true)),
            ("ERROR 1146 (42S02): Table 'a.b' doesn't exist", Some(true)),
            ("bash: foo: command not found", Some(true)),
            ("-bash: cd: x: No such file or directory", Some(true)),
            ("fish: Unknown command: nosuch", Some(true)),
            ("Parse error: no such table: nope", Some(true)),
            (
                "Runtime error near line 3: UNIQUE constraint failed: t.a (19)",
                Some(true),
            ),
            ("Error: near \"selec\": syntax error", Some(true)),
            ("ZeroDivisionError: division by zero", Some(true)),
            ("ValueError: too many values to unpack", Some(true)),
            ("Recent Error: none", None),
            ("Error rates by day", None),
            ("README", None),
            ("SELECT the best", None),
            ("total 12", None),
            ("(see below)", None),
            ("", None),
        ];
        for (line, want) in cases {
            assert_eq!(read(line).map(|o| o.failed), want, "{line:?}");
            assert!(want.is_none() || may_be(line.as_bytes()), "{line:?}");
        }
    }
}
