//! Programs that somebody sits at: an editor, a pager, a shell within a shell. How long one of them had
//! the terminal says how long it was looked at or typed into, and nothing of how slow it is.

use crate::timeline::Dialect;

/// Characters of a text that are looked at: what is typed as one line is shorter.
const TEXT_MAX: usize = 4 << 10;

/// Editors, pagers, monitors and what else takes keys for as long as it runs.
const ALWAYS: &[&str] = &[
    "atop",
    "btop",
    "btm",
    "byobu",
    "ed",
    "fg",
    "ftp",
    "fzf",
    "gitui",
    "glances",
    "htop",
    "hx",
    "helix",
    "info",
    "iotop",
    "joe",
    "k9s",
    "kak",
    "lazydocker",
    "lazygit",
    "less",
    "links",
    "lynx",
    "man",
    "mc",
    "mcedit",
    "micro",
    "more",
    "most",
    "mosh",
    "mutt",
    "nano",
    "ncdu",
    "nmon",
    "nnn",
    "nvim",
    "passwd",
    "pico",
    "ranger",
    "sftp",
    "sudoedit",
    "telnet",
    "tig",
    "vi",
    "view",
    "vim",
    "vimdiff",
    "vipw",
    "visudo",
    "w3m",
    "watch",
    "whiptail",
    "zellij",
];
/// Their options that show something and are done, or run without anybody.
const BRIEF: &[&str] = &["--version", "--help", "--batch", "--headless", "-es", "-Es"];
/// What shows its output in a pager where that is the terminal.
const PAGED: &[(&str, &[&str])] = &[
    (
        "git",
        &["log", "diff", "show", "blame", "reflog", "shortlog"],
    ),
    ("journalctl", &[]),
    ("systemctl", &["status", "list-units", "list-timers", "cat"]),
    ("bat", &[]),
];
const SHELLS: &[&str] = &["bash", "dash", "fish", "ksh", "sh", "zsh"];
/// Programs before which another one's name stands.
const BEFORE: &[&str] = &[
    "builtin", "command", "do", "doas", "else", "env", "exec", "if", "ionice", "nice", "nohup",
    "rec", "stdbuf", "sudo", "then", "time", "until", "while", "{", "!", "(",
];

/// Whether `text` starts a program that somebody sits at, or that runs until it is interrupted.
pub(super) fn attended(dialect: Dialect, text: &str) -> bool {
    let text = text.trim();
    let end = text
        .char_indices()
        .nth(TEXT_MAX)
        .map_or(text.len(), |(at, _)| at);
    let text = text.get(..end).unwrap_or_default();
    let word = text.split_whitespace().next().unwrap_or_default();
    match dialect {
        Dialect::Sql => match text.strip_prefix("\\!") {
            Some(command) => command.trim().is_empty() || shell(command),
            None => ["\\e", "\\edit", "\\ef", "\\ev", "edit"].contains(&word),
        },
        Dialect::Python => text.contains("input(") || text.starts_with("help("),
        Dialect::Shell | Dialect::Other => shell(text),
    }
}

fn shell(text: &str) -> bool {
    commands(text).iter().any(sits)
}

/// A simple command of a line.
#[derive(Default)]
struct Simple {
    words: Vec<String>,
    /// It reads what another one wrote, or a file.
    fed: bool,
    /// Its output goes somewhere else than the terminal.
    sent: bool,
}

/// The simple commands of a line of a shell, as far as quotes and the signs between them tell.
fn commands(text: &str) -> Vec<Simple> {
    let mut all = Vec::new();
    let mut now = Simple::default();
    let mut word: Option<String> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                while let Some(inside) = chars.next().filter(|inside| *inside != c) {
                    word.push(match (inside, c) {
                        ('\\', '"') => chars.next().unwrap_or('\\'),
                        _ => inside,
                    });
                }
            }
            '\\' => word.get_or_insert_default().extend(chars.next()),
            '<' if chars.next_if_eq(&'<').is_some() => {
                now.fed = true;
                // What follows in further lines is read, not run.
                if chars.peek() != Some(&'<') {
                    let rest = chars
                        .by_ref()
                        .take_while(|c| *c != '\n')
                        .collect::<String>();
                    now.sent |= rest.contains(['|', '>']);
                    break;
                }
            }
            '<' => now.fed = true,
            // `2>&1` and its like leave the rest where it goes.
            '>' if word.as_deref() == Some("2") => {
                word = None;
                chars.next_if_eq(&'&');
            }
            '>' => {
                now.sent = true;
                chars.next_if_eq(&'&');
            }
            ';' | '\n' | '|' | '&' => {
                now.words.extend(word.take());
                let both = chars.next_if_eq(&c).is_some();
                let pipe = c == '|' && !both;
                now.sent |= pipe;
                all.push(std::mem::take(&mut now));
                now.fed = pipe;
            }
            c if c.is_whitespace() => now.words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    now.words.extend(word);
    all.push(now);
    all
}

fn sits(command: &Simple) -> bool {
    let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
    runs(&words, command.fed, command.sent)
}

/// Whether somebody sits at the program that these words start.
fn runs(words: &[&str], fed: bool, sent: bool) -> bool {
    let Some((first, args)) = words.split_first() else {
        return false;
    };
    let name = first.rsplit('/').next().unwrap_or_default();
    let operand = || args.iter().find(|arg| !arg.starts_with('-')).copied();
    let has = |wanted: &[&str]| args.iter().any(|arg| wanted.contains(arg));
    let follows = has(&["-f", "-F", "--follow"]) || args.iter().any(|arg| arg.starts_with("-f"));
    if first.contains('=') && !first.starts_with('=') {
        return runs(args, fed, sent);
    }
    if ALWAYS.contains(&name) {
        return !has(BRIEF);
    }
    if name == "rec" && matches!(args.first(), None | Some(&"play")) {
        return true;
    }
    if BEFORE.contains(&name) {
        let rest = behind(name, args);
        let own = args.get(..args.len() - rest.len()).unwrap_or_default();
        let edits = own.contains(&"-e");
        let asks = edits || rest.is_empty() && (own.contains(&"-i") || own.contains(&"-s"));
        return name == "sudo" && asks || runs(rest, fed, sent);
    }
    if let Some((_, verbs)) = PAGED.iter().find(|(paged, _)| *paged == name) {
        let paged = verbs.is_empty() || operand().is_some_and(|verb| verbs.contains(&verb));
        let plain = fed || sent || has(&["--no-pager", "-P"]);
        if paged && (!plain || name == "journalctl" && follows && !sent) {
            return true;
        }
    }
    match name {
        "tail" | "journalctl" => follows,
        "dmesg" => has(&["-w", "--follow"]),
        "top" => !args.iter().any(|arg| arg.starts_with("-b")),
        "emacs" | "emacsclient" => !has(BRIEF),
        "crontab" => has(&["-e"]),
        "tmux" | "screen" => args.first().is_none_or(|arg| {
            [
                "a",
                "at",
                "attach",
                "attach-session",
                "new",
                "new-session",
                "-r",
                "-x",
                "-S",
                "-dr",
            ]
            .contains(arg)
        }),
        "git" => match operand() {
            Some("commit") => !has(&["-m", "-am", "-F", "-C", "--no-edit", "-qm"]),
            Some("rebase") => has(&["-i", "--interactive"]),
            Some("add" | "checkout" | "stash" | "reset" | "restore") => {
                has(&["-p", "--patch", "-i"])
            }
            _ => false,
        },
        "kubectl" | "oc" | "docker" | "podman" | "nerdctl" => contained(args, fed),
        "ssh" => remote(args, fed),
        "su" => !fed && !has(&["-c", "--command"]),
        name if SHELLS.contains(&name) => {
            !fed && (has(&["-i"]) || operand().is_none() && !has(&["-c", "-lc", "-s", "--version"]))
        }
        name => !fed && prompts(name, args),
    }
}

/// What stands behind `sudo -u postgres` and its like.
fn behind<'w, 'a>(name: &str, mut args: &'w [&'a str]) -> &'w [&'a str] {
    let valued = match name {
        "sudo" | "doas" => ["-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T"].as_slice(),
        "nice" | "ionice" => &["-n", "-c", "-p"],
        "stdbuf" => &["-i", "-o", "-e"],
        "env" => &["-u", "-C"],
        _ => &[],
    };
    while let [first, rest @ ..] = args {
        let takes = valued.contains(first);
        if !first.starts_with('-') {
            break;
        }
        args = match takes {
            true => rest.get(1..).unwrap_or_default(),
            false => rest,
        };
    }
    args
}

/// A program in a container, or something of one that goes on.
fn contained(args: &[&str], fed: bool) -> bool {
    let has = |wanted: &[&str]| args.iter().any(|arg| wanted.contains(arg));
    if has(&["logs"]) {
        return has(&["-f", "--follow"]);
    }
    if has(&["edit", "attach", "port-forward"]) {
        return true;
    }
    let terminal = has(&["-it", "-ti", "-t", "--tty"]);
    // What is run there stands last, with its own arguments at times.
    let last = args.iter().rposition(|arg| !arg.starts_with('-'));
    let inside = last.and_then(|at| args.get(at..)).unwrap_or_default();
    has(&["exec", "run"]) && terminal && runs(inside, fed, false)
}

/// A shell on another machine, or what is run there.
fn remote(args: &[&str], fed: bool) -> bool {
    /// Options that take a value: behind them, or in the next word.
    const VALUED: &str = "BbcDEeFIiJLlmOopQRSWw";
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let Some(flags) = arg.strip_prefix('-') else {
            // The host. What stands behind it is run there.
            return match rest.as_slice() {
                [] => !fed,
                [line] => shell(line),
                words => runs(words, fed, false),
            };
        };
        if flags.find(|c| VALUED.contains(c)) == flags.len().checked_sub(1) {
            rest.next();
        }
    }
    false
}

/// Whether a program that runs what it is given asks for it line by line.
fn prompts(name: &str, args: &[&str]) -> bool {
    let operands = args.iter().filter(|arg| !arg.starts_with('-')).count();
    let given = |short: &str, long: &[&str]| {
        args.iter().any(|arg| {
            let flags = arg
                .strip_prefix('-')
                .filter(|flags| !flags.starts_with('-'));
            let short = flags.is_some_and(|flags| {
                // Behind one that takes a value stands the value.
                let mut flags = flags.chars().take_while(|c| !"dhpPUuSDv".contains(*c));
                flags.any(|c| short.contains(c))
            });
            short || long.iter().any(|long| arg.starts_with(long))
        })
    };
    match name {
        "psql" | "pgcli" => !given(
            "cfl",
            &["--command", "--file", "--list", "--version", "--help"],
        ),
        "mysql" | "mariadb" | "mycli" => !given("e", &["--execute", "--version", "--help"]),
        "sqlite3" => operands < 2 && !given("", &["--version", "-version"]),
        "mongosh" | "mongo" => !given("f", &["--eval", "--file", "--version"]),
        "redis-cli" | "ipython" | "irb" | "ghci" | "bc" | "cat" => {
            operands == 0 && !given("cem", &["--"])
        }
        "node" => operands == 0 && !given("ep", &["--"]),
        name if name.starts_with("python") => {
            given("i", &[]) || operands == 0 && !given("cmV", &["--"])
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_sits_at_is_told_from_what_works() {
        for (text, expected) in [
            ("vim /etc/hosts", true),
            ("sudo -u postgres vi pg_hba.conf", true),
            ("EDITOR=vi crontab -e", true),
            ("crontab -l", false),
            ("vim --version", false),
            ("cat access.log | less", true),
            ("less access.log", true),
            ("grep less access.log", false),
            ("echo 'a; vim b'", false),
            ("make && vim log", true),
            ("cat > f <<EOF\nvim\nEOF", false),
            ("tail -f app.log", true),
            ("tail -n 5 app.log", false),
            ("journalctl -u app", true),
            ("journalctl -u app --no-pager", false),
            ("journalctl -u app | grep x", false),
            ("journalctl -fu app", true),
            ("git log", true),
            ("git log | head", false),
            ("git push", false),
            ("git commit", true),
            ("git commit -m x", false),
            ("git rebase -i main", true),
            ("top", true),
            ("top -b -n 1", false),
            ("bash", true),
            ("bash deploy.sh", false),
            ("bash -c 'make all'", false),
            ("curl -s https://x.example | bash", false),
            ("sudo -i", true),
            ("sudo su -", true),
            ("sudo -e /etc/hosts", true),
            ("sudo -s make", false),
            ("while read l; do echo $l; done < f", false),
            ("sudo make install", false),
            ("su postgres -c 'pg_dump app'", false),
            ("psql -h db app", true),
            ("psql -h db -Atc 'select 1' app", false),
            ("psql app < dump.sql", false),
            ("psql -dcache", true),
            ("rec psql app", true),
            ("rec search orders", false),
            ("rec", true),
            ("pg_dump app > dump.sql", false),
            ("mysql -u root -e 'show tables'", false),
            ("mysql -u root app", true),
            ("sqlite3 app.db", true),
            ("sqlite3 app.db 'select 1'", false),
            ("python3", true),
            ("python3 migrate.py", false),
            ("python3 -m pytest", false),
            ("ssh db", true),
            ("ssh -p 22 ada@db", true),
            ("ssh -p 22 ada@db uptime", false),
            ("ssh -i key db 'sudo systemctl restart app'", false),
            ("ssh -t db vim f", true),
            ("ssh db < script.sh", false),
            ("kubectl exec -it pod -- bash", true),
            ("kubectl logs -f pod", true),
            ("kubectl get pods", false),
            ("kubectl edit deploy app", true),
            ("docker run -it --rm app make", false),
            ("docker build .", false),
            ("for h in a b; do ssh $h uptime; done", false),
            ("make 2>&1 | tee log", false),
            ("watch -n 1 date", true),
            ("cat", true),
            ("cat f", false),
            ("sleep 60", false),
            ("", false),
            ("'", false),
            ("|", false),
        ] {
            assert_eq!(attended(Dialect::Shell, text), expected, "{text:?}");
        }
        for (dialect, text, expected) in [
            (Dialect::Sql, "select pg_sleep(1)", false),
            (Dialect::Sql, "\\e", true),
            (Dialect::Sql, "\\! vim f", true),
            (Dialect::Sql, "\\! make", false),
            (Dialect::Sql, "\\echo x", false),
            (Dialect::Python, "name = input('who? ')", true),
            (Dialect::Python, "run()", false),
        ] {
            assert_eq!(attended(dialect, text), expected, "{text:?}");
        }
    }
}
