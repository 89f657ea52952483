//! ssh, and mosh, which starts it: the destination, `-l`, `-p`, `-o`.
//!
//! The host is the destination as typed. Without words for them, user and port are whatever
//! ssh_config says, and so not known. What stands first wins, as in ssh itself.

use super::Env;
use super::conninfo::decoded;
use super::getopt::{Options, Style, Word, words};
use crate::model::Target;
use std::ffi::OsString;

/// Programs of this family.
pub const NAMES: &[&str] = &["ssh", "slogin", "mosh"];

/// The string in OpenSSH's ssh.c; `-P` takes a value since 9.4.
const SSH: Options = Options {
    short: "1246ab:c:e:fgi:kl:m:no:p:qstvxAB:CD:E:F:GI:J:KL:MNO:P:Q:R:S:TVw:W:XYy",
    long: "",
    style: Style::Getopt,
};

/// The letter of `--ssh` is ours. `-p` is a port of mosh's own.
const MOSH: Options = Options {
    short: "",
    long: "client= server= predict= predict-overwrite no-predict-overwrite o port= a n family= 4 6 \
           p= ssh=s ssh-pty no-ssh-pty init no-init local help version fake-proxy no-fake-proxy \
           bind-server= experimental-remote-ip=",
    style: Style::Perl,
};

/// Where `program` leads with these words.
pub fn target(program: &str, args: &[OsString], env: Env<'_>) -> Target {
    match program {
        "mosh" => mosh(args, env("POSIXLY_CORRECT").is_some()),
        _ => ssh(args),
    }
}

#[derive(Default)]
struct Found {
    /// From the destination.
    typed: Option<String>,
    /// `HostName`, which the connection goes to instead.
    hostname: Option<String>,
    user: Option<String>,
    port: Option<u16>,
}

fn ssh(args: &[OsString]) -> Target {
    let mut found = Found::default();
    for word in words(args, &SSH, false) {
        match word {
            Word::Option('l', user) => found.user(user),
            Word::Option('p', port) => found.port(port.as_deref()),
            Word::Option('o', Some(line)) => found.line(&line),
            Word::Option(..) => {}
            // The command begins: what looks like an option there is the command's.
            Word::Operand(_) if found.typed.is_some() => break,
            Word::Operand(word) => found.destination(&word),
        }
    }
    found.target()
}

fn mosh(args: &[OsString], in_order: bool) -> Target {
    let mut ssh_words = Vec::new();
    let mut destination = None;
    for word in words(args, &MOSH, in_order) {
        match word {
            Word::Option('s', command) => {
                let command = command.unwrap_or_default();
                // A word in quotes cannot be told from several; then the destination alone counts.
                let plain = !command.contains(['\'', '"', '\\']);
                let options = command.split_ascii_whitespace().skip(1).filter(|_| plain);
                ssh_words = options.map(OsString::from).collect();
            }
            Word::Option(..) => {}
            Word::Operand(word) => {
                destination = Some(word);
                break;
            }
        }
    }
    match destination {
        Some(destination) => {
            ssh_words.push(destination.into());
            ssh(&ssh_words)
        }
        None => Target::default(),
    }
}

impl Found {
    fn user(&mut self, user: Option<String>) {
        // ssh puts values in place of tokens and variables.
        let user = user.filter(|user| !user.is_empty() && !user.contains(['%', '$']));
        self.user = self.user.take().or(user);
    }

    fn port(&mut self, port: Option<&str>) {
        self.port = self.port.or_else(|| port?.parse().ok());
    }

    /// A line of ssh_config: keyword, blanks or `=`, value.
    fn line(&mut self, line: &str) {
        let blank = |c: char| c.is_ascii_whitespace();
        let line = line.trim_matches(blank);
        let (key, value) = line.split_at(line.find(|c| blank(c) || c == '=').unwrap_or(line.len()));
        let value = value.trim_start_matches(blank);
        let value = value
            .strip_prefix('=')
            .unwrap_or(value)
            .trim_start_matches(blank);
        let value = match value.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next(),
            None => value.split(blank).next(),
        };
        let value = value.filter(|value| !value.is_empty());
        match key.to_ascii_lowercase().as_str() {
            "user" => self.user(value.map(str::to_owned)),
            "port" => self.port(value),
            "hostname" => self.hostname = self.hostname.take().or(value.map(str::to_owned)),
            _ => {}
        }
    }

    /// `[user@]host` or `ssh://[user@]host[:port]`.
    fn destination(&mut self, word: &str) {
        if let Some(rest) = word.strip_prefix("ssh://") {
            self.uri(rest);
        } else if let Some((user, host)) = word.rsplit_once('@') {
            self.user(Some(user.to_owned()));
            self.typed = Some(host.to_owned());
        } else {
            self.typed = Some(word.to_owned());
        }
    }

    fn uri(&mut self, rest: &str) {
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (login, place) = match rest.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, rest),
        };
        // ssh knows parameters after `;`; a password after `:` is a mistake that others make.
        let user = login.and_then(|login| decoded(login.split([';', ':']).next()?));
        self.user(user);
        let (host, port) = match place
            .strip_prefix('[')
            .and_then(|place| place.split_once(']'))
        {
            Some((address, after)) => (address, after.strip_prefix(':')),
            None => match place.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (place, None),
            },
        };
        self.port(port);
        self.typed = Some(decoded(host).unwrap_or_default());
    }

    fn target(self) -> Target {
        let Some(typed) = self.typed.filter(|host| !host.is_empty()) else {
            return Target::default();
        };
        let host = match self.hostname {
            None => Some(typed),
            Some(name) => expanded(&name, &typed),
        };
        Target {
            host,
            port: self.port,
            database: None,
            user: self.user,
        }
    }
}

/// `HostName` with `%h` and `%%`; `None` with any other token, which stands for something that only
/// ssh knows.
fn expanded(name: &str, typed: &str) -> Option<String> {
    let mut pieces = name.split('%');
    let mut host = pieces.next()?.to_owned();
    while let Some(piece) = pieces.next() {
        match piece.strip_prefix('h') {
            Some(rest) => host.push_str(&format!("{typed}{rest}")),
            // Between the two of `%%`.
            None if piece.is_empty() => host.push_str(&format!("%{}", pieces.next()?)),
            None => return None,
        }
    }
    Some(host)
}

#[cfg(test)]
mod tests {
    use crate::config::Family::Ssh;
    use crate::record::clients::fixture::check;

    #[test]
    fn destinations() {
        check(
            Ssh,
            &[
                ("ssh", "@:/"),
                ("ssh web1", "@web1:/"),
                ("ssh ada@web1", "ada@web1:/"),
                ("ssh ada@corp@web1", "ada@corp@web1:/"),
                ("ssh ssh://web1", "@web1:/"),
                ("ssh ssh://ada@web1:2222", "ada@web1:2222/"),
                ("ssh ssh://ada@web1:2222/", "ada@web1:2222/"),
                (
                    "ssh ssh://ada%40corp@[2001:db8::1]:2222",
                    "ada@corp@2001:db8::1:2222/",
                ),
                ("ssh ssh://ada;fingerprint=x:y@web1", "ada@web1:/"),
                ("ssh ssh://ada:s3cret@web1", "ada@web1:/"),
                ("ssh 2001:db8::1", "@2001:db8::1:/"),
                ("slogin web1", "@web1:/"),
            ],
        );
    }

    #[test]
    fn options_before_and_after_the_destination() {
        check(
            Ssh,
            &[
                ("ssh -l ada -p 2222 web1", "ada@web1:2222/"),
                ("ssh -lada -p2222 web1", "ada@web1:2222/"),
                ("ssh web1 -l ada -p 2222", "ada@web1:2222/"),
                ("ssh -vtl ada web1 -tt", "ada@web1:/"),
                (
                    "ssh -i key -F none -J jump@bastion -L 8080:db:80 web1",
                    "@web1:/",
                ),
                ("ssh -4AXYCNfq web1", "@web1:/"),
                ("ssh -W db:5432 web1", "@web1:/"),
                // The first wins.
                ("ssh -l ada -l bob bob@web1", "ada@web1:/"),
                ("ssh -p 1 -p 2 ssh://web1:3", "@web1:1/"),
                ("ssh ada@web1 -l bob", "ada@web1:/"),
            ],
        );
    }

    #[test]
    fn the_command_is_not_looked_at() {
        check(
            Ssh,
            &[
                ("ssh web1 ls -l ada", "@web1:/"),
                ("ssh web1 -p 2222 psql -p 5 -l bob", "@web1:2222/"),
                ("ssh web1 -- -l ada", "@web1:/"),
                ("ssh -- web1 -l ada", "@web1:/"),
                ("ssh -- -web1", "@-web1:/"),
            ],
        );
    }

    #[test]
    fn lines_of_ssh_config() {
        check(
            Ssh,
            &[
                ("ssh -o User=ada -o Port=2222 web1", "ada@web1:2222/"),
                ("ssh -oUser=ada web1", "ada@web1:/"),
                ("ssh -o 'user ada' -o 'PORT = 2222' web1", "ada@web1:2222/"),
                ("ssh -o 'User=\"ada b\"' web1", "ada b@web1:/"),
                ("ssh -o User=ada bob@web1", "ada@web1:/"),
                (
                    "ssh -o StrictHostKeyChecking=no web1 -o User=ada",
                    "ada@web1:/",
                ),
                ("ssh -o HostName=10.0.0.1 web1", "@10.0.0.1:/"),
                ("ssh -o HostName=%h.example.com web1", "@web1.example.com:/"),
                ("ssh -o HostName=a%%%h web1", "@a%web1:/"),
                ("ssh -o HostName=%n web1", "@:/"),
                ("ssh -o User=%r web1", "@web1:/"),
                ("ssh -o User= -o Port=x web1", "@web1:/"),
                ("ssh -o '' -o = -o User web1", "@web1:/"),
            ],
        );
    }

    #[test]
    fn mosh_starts_ssh() {
        check(
            Ssh,
            &[
                ("mosh web1", "@web1:/"),
                ("mosh ada@web1 -- tmux -p 5", "ada@web1:/"),
                ("mosh -p 60001 -a --predict=always ada@web1", "ada@web1:/"),
                ("mosh --ssh='ssh -p 2222 -l ada' web1", "ada@web1:2222/"),
                (
                    "mosh --ssh 'ssh -o \"ProxyCommand nc web2 22\"' web1",
                    "@web1:/",
                ),
                ("mosh", "@:/"),
            ],
        );
    }
}
