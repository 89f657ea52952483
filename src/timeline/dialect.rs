//! Which language a command is written in, as far as its prompt and its client tell.

/// A language that commands are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// A database client: statements, and the client's own commands.
    Sql,
    /// A shell.
    Shell,
    /// Python.
    Python,
    /// Something else.
    Other,
}

impl Dialect {
    /// What is typed behind `prompt` in a session of `client`. The prompt decides: psql may run
    /// within ssh, and a shell within psql.
    pub fn of(client: &str, prompt: &str) -> Dialect {
        let bare = prompt.trim();
        let last = bare.chars().next_back();
        let before = bare.strip_suffix(['>', '#']);
        // psql's marks are `=`, and what a transaction or an open statement puts behind it.
        let psql = before
            .map(|before| before.trim_end_matches(['*', '!', '?']))
            .is_some_and(|before| before.ends_with(['=', '-', '^', '(', '\'', '"', '$']));
        let mysql = ["mysql", "MariaDB [", "MySQL [", "sqlite>"];
        if bare.starts_with(">>>") || bare.starts_with("In [") {
            Dialect::Python
        } else if psql || mysql.iter().any(|name| bare.starts_with(name)) {
            Dialect::Sql
        } else if matches!(last, Some('$' | '%' | '#' | '❯' | '➜')) {
            Dialect::Shell
        } else {
            Dialect::of_client(client)
        }
    }

    fn of_client(client: &str) -> Dialect {
        match client {
            "psql" | "pgcli" | "mysql" | "mariadb" | "mycli" | "sqlite3" | "litecli" => {
                Dialect::Sql
            }
            "sh" | "bash" | "zsh" | "fish" | "ssh" | "dash" | "ksh" | "sudo" | "su" | "kubectl"
            | "docker" => Dialect::Shell,
            client if client.starts_with("python") || client == "ipython" => Dialect::Python,
            _ => Dialect::Other,
        }
    }

    /// Its name as Markdown's fences take it; empty for one that has none.
    pub fn fence(self) -> &'static str {
        match self {
            Dialect::Sql => "sql",
            Dialect::Shell => "sh",
            Dialect::Python => "python",
            Dialect::Other => "",
        }
    }
}

/// Whether a command in a database client is the client's own (`\d`, `.tables`, `exit`), not a
/// statement for the server.
pub fn is_client_command(text: &str) -> bool {
    let text = text.trim();
    let bare = text.trim_end_matches(';').trim_end();
    let word = bare.split_whitespace().next().unwrap_or_default();
    let own = [
        "exit",
        "quit",
        "help",
        "use",
        "source",
        "delimiter",
        "status",
    ];
    text.starts_with(['\\', '.', '?']) || own.iter().any(|own| word.eq_ignore_ascii_case(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_tell_the_language() {
        for (client, prompt, expected) in [
            ("psql", "app=> ", Dialect::Sql),
            ("psql", "app=*# ", Dialect::Sql),
            ("ssh", "ada@db:~$ ", Dialect::Shell),
            ("ssh", "app=> ", Dialect::Sql),
            ("ssh", "MariaDB [shop]> ", Dialect::Sql),
            ("psql", "custom : ", Dialect::Sql),
            ("bash", "sqlite> ", Dialect::Sql),
            ("fish", "ada@laptop ~> ", Dialect::Shell),
            ("bash", ">>> ", Dialect::Python),
            ("python3", "", Dialect::Python),
            ("redis-cli", "127.0.0.1:6379> ", Dialect::Other),
            ("bash", "root@db:/# ", Dialect::Shell),
        ] {
            assert_eq!(Dialect::of(client, prompt), expected, "{client} {prompt}");
        }
    }

    #[test]
    fn the_clients_own_commands_are_no_statements() {
        for (text, own) in [
            ("\\d orders", true),
            (".tables", true),
            ("exit", true),
            ("quit;", true),
            ("USE shop;", true),
            ("select 1;", false),
            ("  update t set a = 1", false),
            ("explain select 1", false),
        ] {
            assert_eq!(is_client_command(text), own, "{text}");
        }
    }
}
