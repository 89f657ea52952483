//! What prompts look like.
//!
//! The sure signs (marks of the shell, where the cursor stood before the first key) are the
//! pipeline's. This is for the rest: keys typed ahead, a prompt that shows before anybody types,
//! lines that continue a statement, and questions for a password.

/// The longest prompt that is recognised by its shape alone.
const SHAPE_MAX: usize = 120;

/// Where the prompt at the start of `text` ends: one of `known` (the longest counts), else a
/// general shape.
pub fn split(text: &str, known: &[String]) -> Option<usize> {
    let longest = known
        .iter()
        .filter(|prompt| starts_with(text, prompt))
        .map(|prompt| prompt.len().min(text.len()))
        .max();
    longest.filter(|n| *n > 0).or_else(|| shape(text))
}

/// Whether `text` begins with `prompt`; blanks at the prompt's end may be missing at the end of
/// the text, as a line that was read from the screen has none.
pub fn starts_with(text: &str, prompt: &str) -> bool {
    text.starts_with(prompt) || text == prompt.trim_end()
}

/// Where a prompt of a shape that many clients share ends.
pub fn shape(text: &str) -> Option<usize> {
    for (at, c) in text.char_indices() {
        if at > SHAPE_MAX {
            return None;
        }
        let end = at + c.len_utf8();
        let rest = text.get(end..).unwrap_or_default();
        let blank = rest.starts_with(' ');
        if !(blank || rest.is_empty()) {
            continue;
        }
        let before = text.get(..at).unwrap_or_default();
        let found = match c {
            '$' | '%' => is_shell(before),
            '#' => is_shell(before) || is_sql_client(before),
            '❯' | '➜' | 'λ' => before.chars().count() < 40,
            '>' => is_client(before) || is_sql_client(before),
            ')' => matches!(before, "(gdb" | "(Pdb" | "(lldb") || before.ends_with(" :"),
            ':' => before.starts_with("In [") && before.ends_with(']'),
            _ => false,
        };
        if found {
            return Some(end + usize::from(blank));
        }
    }
    None
}

/// Whether a line begins with what is hardly anything but the prompt for a new command: one of
/// `known`, a login at a shell, or a database client's.
pub fn is_sure(text: &str, known: &[String]) -> bool {
    let is_known = |prompt: &String| prompt.trim_end().len() > 1 && starts_with(text, prompt);
    if known.iter().any(is_known) {
        return true;
    }
    let Some(prompt) = shape(text).and_then(|end| text.get(..end)) else {
        return false;
    };
    let bare = prompt.trim_end();
    let shell = bare.ends_with(['$', '#', '%']) && bare.contains('@');
    let before = bare.strip_suffix(['>', '#']).unwrap_or_default();
    let psql = before.contains('=') && is_sql_client(before);
    let client = ["mysql>", "sqlite>", ">>>"].contains(&bare) || bare.starts_with("MariaDB [");
    shell || psql || client
}

fn is_word(s: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || "_.-+".contains(c);
    !s.is_empty() && s.chars().all(inside)
}

/// `user@host:dir`, `[user@host dir]`, `(env) user@host:dir`, `bash-5.1`, or nothing before `$`.
fn is_shell(before: &str) -> bool {
    let before = match before
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(") "))
    {
        Some((env, rest)) if is_word(env) => rest,
        _ => before,
    };
    let before = before.trim_end();
    if before.is_empty() {
        return true;
    }
    if let Some(version) = ["bash-", "sh-", "zsh-", "ksh-", "dash-"]
        .iter()
        .find_map(|shell| before.strip_prefix(shell))
    {
        return version.chars().all(|c| c.is_ascii_digit() || c == '.');
    }
    let (inner, bracketed) = match before.strip_prefix('[').and_then(|b| b.strip_suffix(']')) {
        Some(inner) => (inner, true),
        None => (before, false),
    };
    let Some((user, rest)) = inner.split_once('@') else {
        return false;
    };
    let host_end = rest.find([':', ' ']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(host_end);
    let one_word = !path.get(1..).unwrap_or_default().contains(' ');
    is_word(user) && is_word(host) && (bracketed || one_word)
}

/// psql: database, `=` (or `^`, `!`, or what a continued statement waits for), transaction state.
fn is_sql_client(before: &str) -> bool {
    let before = before.trim_end_matches(['*', '!', '?']);
    let Some(database) = before.strip_suffix(['=', '^', '-', '\'', '"', '(', '$']) else {
        return false;
    };
    is_word(database)
}

/// `mysql>`, `MariaDB [db]>`, `sqlite>`, `>>>`, `127.0.0.1:6379[1]>`, `user@host:db>` and their like.
fn is_client(before: &str) -> bool {
    if matches!(before, "" | ">>") {
        return true;
    }
    let inside = |c: char| c.is_alphanumeric() || "_.:@-+[]()/~*".contains(c);
    let first = before.chars().next();
    if first.is_some_and(|c| c.is_alphanumeric()) && before.chars().all(inside) {
        return true;
    }
    let named = |name: &str| {
        before
            .strip_prefix(name)
            .is_some_and(|rest| rest.ends_with(']'))
    };
    named("MariaDB [") || named("mysql [") || named("MySQL [") || named("Atlas atlas-")
}

/// zsh names what a continued line waits for.
const ZSH_OPEN: &[&str] = &[
    "quote",
    "dquote",
    "bquote",
    "for",
    "while",
    "until",
    "repeat",
    "if",
    "then",
    "else",
    "elif",
    "case",
    "select",
    "function",
    "heredoc",
    "pipe",
    "cmdand",
    "cmdor",
    "subsh",
    "cmdsubst",
    "braceparam",
    "mathsubst",
    "array",
    "cursh",
    "always",
];

/// Whether `text` begins with the prompt of a line that continues one begun behind `main`; gives
/// where it ends.
pub fn continuation(text: &str, main: &str) -> Option<usize> {
    let whole = |end: usize| {
        let rest = text.get(end..)?;
        match rest.strip_prefix(' ') {
            Some(_) => Some(end + 1),
            None => rest.is_empty().then_some(end),
        }
    };
    let main = main.trim_end();
    if main.is_empty() || starts_with(text, main) && main.len() >= text.trim_end().len() {
        return None;
    }
    // mysql and MariaDB, right-aligned below the first prompt: `    -> `, `    '> `, `    /*> `.
    let indented = text.trim_start_matches(' ');
    let indent = text.len() - indented.len();
    if main.ends_with('>') && indent >= 2 {
        for mark in ["->", "'>", "\">", "`>", "/*>", "...>"] {
            if indented.starts_with(mark) {
                return whole(indent + mark.len());
            }
        }
    }
    if main == ">>>" || main == ">" {
        return text.starts_with("...").then(|| whole(3)).flatten();
    }
    // psql: the same database, another mark.
    if let Some(database) = main
        .trim_end_matches(['>', '#'])
        .trim_end_matches(['*', '!', '?'])
        .strip_suffix('=')
    {
        let rest = text.strip_prefix(database)?;
        let mark = rest.chars().next().filter(|c| "-*'\"($".contains(*c))?;
        let state = rest.get(mark.len_utf8()..)?;
        let end = state.trim_start_matches(['*', '!', '?']);
        if end.starts_with(['>', '#']) {
            return whole(text.len() - end.len() + 1);
        }
        return None;
    }
    if text.starts_with('>') {
        return whole(1);
    }
    let (words, _) = text.split_once('>')?;
    let open = !words.is_empty() && words.split(' ').all(|word| ZSH_OPEN.contains(&word));
    open.then(|| whole(words.len() + 1)).flatten()
}

/// Where a line begins that readline's search through the history shows: behind
/// "(reverse-i-search)`word': ", whose quotes are none of the line's.
pub fn searched(text: &str) -> Option<usize> {
    let start = text.find("i-search)`")?;
    let end = text.get(start..)?.find("': ")?;
    Some(start + end + 3)
}

/// Words that ask for a secret.
const SECRETS: &[&str] = &[
    "password",
    "passphrase",
    "passwd",
    "passcode",
    "verification code",
    "one-time",
    "otp",
    "secret",
    "token",
    "kennwort",
    "passwort",
    "mot de passe",
    "contraseña",
    "senha",
    "пароль",
    "密码",
    "パスワード",
];

/// Whether the line under the cursor asks for something that is not echoed.
pub fn asks_password(before_cursor: &str) -> bool {
    let text = before_cursor.trim_end().to_lowercase();
    if !text.ends_with([':', '?', '>', '：']) {
        return false;
    }
    // Only the question's own words count, not a long line before it.
    let from = text.char_indices().rev().nth(200).map_or(0, |(at, _)| at);
    let question = text.get(from..).unwrap_or_default();
    let pin = question
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| word == "pin");
    pin || SECRETS.iter().any(|word| question.contains(word))
}

/// Whether a line asks something of a person, other than for the next command.
pub fn is_question(before_cursor: &str) -> bool {
    let text = before_cursor.trim_end();
    shape(before_cursor).is_none() && text.ends_with(['?', ':', ']', ')', '!', '.'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        let cases = [
            ("ada@web:~$ ls -l", "ada@web:~$ "),
            ("root@db-1:/var/lib/x# id", "root@db-1:/var/lib/x# "),
            ("[ada@web my dir]$ id", "[ada@web my dir]$ "),
            ("(venv) ada@web:~$ id", "(venv) ada@web:~$ "),
            ("$ ls", "$ "),
            ("# ls", "# "),
            ("bash-5.2$ ls", "bash-5.2$ "),
            ("app=> select 1 > 0;", "app=> "),
            ("app=# select 1;", "app=# "),
            ("app=*> commit;", "app=*> "),
            ("app-> from t;", "app-> "),
            ("mysql> select 1;", "mysql> "),
            ("MariaDB [(none)]> use x", "MariaDB [(none)]> "),
            (">>> print(1)", ">>> "),
            ("sqlite> .tables", "sqlite> "),
            ("127.0.0.1:6379[1]> get a", "127.0.0.1:6379[1]> "),
            ("app=>", "app=>"),
            ("❯ ls", "❯ "),
            ("In [1]: 1", "In [1]: "),
            ("(gdb) bt", "(gdb) "),
        ];
        for (text, prompt) in cases {
            assert_eq!(shape(text).map(|n| &text[..n]), Some(prompt), "{text:?}");
        }
        for text in [
            "total 17",
            "100 % done",
            "<a> b",
            "Password: ",
            "costs 5 $ each",
            "",
        ] {
            assert_eq!(shape(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_known_prompt_wins() {
        let known = ["db> ".to_owned(), "db> x> ".to_owned()];
        assert_eq!(split("db> x> select", &known), Some(7));
        assert_eq!(split("db>", &known), Some(3));
        assert_eq!(split("select", &known), None);
    }

    #[test]
    fn continuations() {
        let cases = [
            ("app-> from t", "app=> ", Some("app-> ")),
            ("app(*> from t", "app=*> ", Some("app(*> ")),
            ("app'# x", "app=# ", Some("app'# ")),
            ("app=> x", "app=> ", None),
            ("    -> from t", "mysql> ", Some("    -> ")),
            ("    '> x", "MariaDB [a]> ", Some("    '> ")),
            ("   ...> x", "sqlite> ", Some("   ...> ")),
            ("... x", ">>> ", Some("... ")),
            ("...", ">>> ", Some("...")),
            ("> x", "ada@web:~$ ", Some("> ")),
            ("> x", "> ", None),
            ("quote> x", "web% ", Some("quote> ")),
            ("total 5", "$ ", None),
            (" id | name", "app=> ", None),
        ];
        for (text, main, want) in cases {
            let got = continuation(text, main).map(|n| &text[..n]);
            assert_eq!(got, want, "{text:?} after {main:?}");
        }
    }

    #[test]
    fn a_searched_line_begins_behind_the_word() {
        let text = "(reverse-i-search)`it's': echo 'x'";
        assert_eq!(searched(text).map(|n| &text[n..]), Some("echo 'x'"));
        assert_eq!(
            searched("(failed reverse-i-search)`x': ").map(|n| n > 20),
            Some(true)
        );
        assert_eq!(searched("echo 'x': y"), None);
    }

    #[test]
    fn questions_for_a_password() {
        for text in [
            "Password: ",
            "ada@web's password: ",
            "[sudo] password for ada: ",
            "Enter passphrase for key '/home/ada/.ssh/id': ",
            "Enter PIN for token: ",
            "Verification code: ",
        ] {
            assert!(asks_password(text), "{text:?}");
        }
        for text in ["app=> alter role x password ", "$ ", "Spinning: ", "Name: "] {
            assert!(!asks_password(text), "{text:?}");
        }
    }
}
