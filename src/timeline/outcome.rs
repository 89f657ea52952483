//! Which outcomes are failures.

/// Whether an outcome, an exit status or a line of the screen, speaks of a failure.
pub fn failed(outcome: &str) -> bool {
    let outcome = outcome.trim();
    let status = outcome
        .strip_prefix("exit ")
        .or_else(|| outcome.strip_prefix("status "))
        .unwrap_or(outcome);
    if let Ok(status) = status.parse::<i64>() {
        return status != 0;
    }
    let lower = outcome.to_ascii_lowercase();
    let begins = [
        "error",
        "fatal",
        "panic",
        "signal",
        "killed",
        "failed",
        "failure",
        "traceback",
        "abort",
    ];
    let says = [
        "command not found",
        "unknown command",
        "no such file or directory",
        "permission denied",
        "segmentation fault",
        "syntax error",
        "error:",
        "fatal:",
        "exception:",
    ];
    begins.iter().any(|word| lower.starts_with(word)) || says.iter().any(|s| lower.contains(s))
}

#[cfg(test)]
mod tests {
    use super::failed;

    #[test]
    fn statuses_and_messages_are_told_apart() {
        let table = [
            ("0", false),
            ("exit 0", false),
            ("1", true),
            ("exit 127", true),
            ("-1", true),
            ("UPDATE 1", false),
            ("SELECT 0", false),
            ("17 rows", false),
            ("(1 row)", false),
            ("Query OK, 1 row affected", false),
            ("ERROR 42703", true),
            (
                "ERROR 1064 (42000): You have an error in your SQL syntax",
                true,
            ),
            ("ERROR:  column \"statsu\" does not exist", true),
            ("bash: nosuch: command not found", true),
            ("fish: Unknown command: nosuch", true),
            ("Parse error: no such table: nope", true),
            ("psql: error: connection refused", true),
            ("signal 9", true),
            ("", false),
        ];
        for (outcome, expected) in table {
            assert_eq!(failed(outcome), expected, "{outcome:?}");
        }
    }
}
