//! Command lines: options, words and positions that programs read secrets from.
//!
//! Which options of which programs is data (`rules/commands.txt`). Besides, any long option whose
//! name says secret is one, whatever the program.

mod beside;
mod printed;
mod prompt;
mod special;
mod variable;
mod verb;
mod words;

use super::bytes::{at, before, contains, cut, skip_blanks, word_at};
use super::names::{Strength, judge};
use super::span::{Class, RuleId, Span};
use super::value::{is_random, is_stop_word};
pub(crate) use beside::beside;
use prompt::oracle;
pub(crate) use prompt::{connect, jdbc, redis};
use special::special;
use std::collections::HashMap;
use std::sync::OnceLock;
use verb::{Behind, behind_verb, verb};
use words::{Word, listed, push, push_pair, push_word, strip, unquoted_end, words};

const RULE: RuleId = RuleId::new("command-option");

/// What a program's word or option holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reads {
    /// `--opt`, `-opt`: value behind `=`, `:` or in the next word.
    Long(&'static str),
    /// `-o`: value glued or in the next word.
    Short(u8),
    /// `-o`: value glued only.
    Glued(&'static str),
    /// `-o`, `--opt`: user:secret.
    Pair(&'static str, u8),
    /// The word behind this word.
    After(&'static str),
    /// `pass:SECRET`
    Pass,
    /// `user/secret@service`, among so many first words that are no options.
    Oracle(usize),
    /// The n-th word that is no option.
    Nth(usize),
    /// The two words behind this one.
    Two(&'static str),
    /// `h=db,u=bob,p=secret`
    Dsn,
    /// Behind these first words, of the words that are no options.
    Verb(&'static str, Behind),
    /// `-U user%secret`
    Samba,
    /// `[domain/]user:secret@host`
    AtHost,
    /// `-b 'sid=secret; lang=en'`
    Cookies(&'static str),
    /// `/p:secret`
    Slash(&'static str),
    /// Programs with a grammar of their own, by name.
    Special(&'static str),
}

/// The table, by program.
fn table() -> &'static HashMap<&'static str, Vec<Reads>> {
    static TABLE: OnceLock<HashMap<&'static str, Vec<Reads>>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table: HashMap<&'static str, Vec<Reads>> = HashMap::new();
        for line in include_str!("../rules/commands.txt").lines() {
            let Some((names, options)) = line.split_once(": ").filter(|_| !line.starts_with('#'))
            else {
                continue;
            };
            for name in names.split_ascii_whitespace() {
                let reads = options.split_ascii_whitespace().filter_map(read);
                table.entry(name).or_default().extend(reads);
            }
        }
        table
    })
}

fn read(option: &'static str) -> Option<Reads> {
    Some(match option {
        "--" => return None,
        "pass:" => Reads::Pass,
        "u/p" => Reads::Oracle(2),
        "u/p*" => Reads::Oracle(usize::MAX),
        "dsn" => Reads::Dsn,
        "u%p" => Reads::Samba,
        "u:p@" => Reads::AtHost,
        "htpasswd" | "login" | "mc" | "rabbit" | "net" | "samba" | "piped" | "third" | "kv"
        | "ssm" | "passwd" | "inner" | "odbc" | "final" | "dscl" | "crypted" | "bearer" => {
            Reads::Special(option)
        }
        _ => {
            if let Some(verb) = verb(option) {
                verb
            } else if let Some(word) = option.strip_suffix(">>") {
                Reads::Two(word)
            } else if let Some(word) = option.strip_suffix('>') {
                Reads::After(word)
            } else if let Some(pair) = option.strip_suffix(':') {
                if option.starts_with('/') {
                    Reads::Slash(option)
                } else {
                    Reads::Pair(pair, b':')
                }
            } else if let Some(pair) = option.strip_suffix(',') {
                Reads::Pair(pair, b',')
            } else if let Some(glued) = option
                .strip_suffix('+')
                .or_else(|| option.strip_suffix('='))
            {
                Reads::Glued(glued)
            } else if let Some(cookies) = option.strip_suffix(';') {
                Reads::Cookies(cookies)
            } else if let Ok(n) = option.parse() {
                Reads::Nth(n)
            } else if let [b'-', letter] = option.as_bytes() {
                Reads::Short(*letter)
            } else {
                Reads::Long(option)
            }
        }
    })
}

/// The programs of the table, each once. Their options are read when one of them is met.
pub(crate) fn programs() -> Vec<&'static str> {
    let names = include_str!("../rules/commands.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "));
    let mut names: Vec<_> = names
        .flat_map(|(names, _)| names.split_ascii_whitespace())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Appends the secrets of the command whose program's name stands at `place` and is `len` long.
pub(crate) fn command(line: &[u8], place: usize, len: usize, spans: &mut Vec<Span>) {
    // A program stands at the start of a word, or behind its path or quote.
    if !matches!(
        before(line, place),
        0 | b' '
            | b'\t'
            | b'/'
            | b'\\'
            | b'"'
            | b'\''
            | b'`'
            | b'('
            | b'|'
            | b';'
            | b'&'
            | b'='
            | b'$'
            | b':'
            | b'>'
            | b','
            | b'['
            | b'!'
    ) || !matches!(
        at(line, place + len),
        0 | b' ' | b'\t' | b'.' | b'"' | b'\'' | b','
    ) {
        return;
    }
    let name = String::from_utf8_lossy(cut(line, place, place + len)).to_ascii_lowercase();
    let name = if table().contains_key(name.as_str()) {
        name.as_str()
    } else {
        name.trim_end_matches(".exe")
    };
    let Some(reads) = table().get(name) else {
        return;
    };
    let mut behind = place + len;
    while !matches!(at(line, behind), b' ' | b'\t' | 0 | b'"' | b'\'' | b',') {
        behind += 1;
    }
    let quote = at(line, behind);
    let list = match quote {
        b'"' | b'\'' => listed(line, behind + 1, quote),
        _ => None,
    };
    let list = list.map(|words| words.iter().map(|word| word.bare(line)).collect());
    while !matches!(at(line, behind), b' ' | b'\t' | 0) {
        behind += 1;
    }
    let words = list.unwrap_or_else(|| words(line, behind));
    options(line, &words, reads, spans);
    for read in reads {
        match read {
            Reads::Special(kind) => special(line, place, kind, &words, spans),
            Reads::Verb(verbs, behind) => behind_verb(line, verbs, *behind, &words, spans),
            _ => {}
        }
    }
    // lftp -e 'open -u user,secret host': what one word holds is a command again.
    if reads.contains(&Reads::Special("inner")) {
        for word in &words {
            if matches!(at(line, word.start), b'"' | b'\'') {
                let inner = self::words::words(cut(line, 0, word.end - 1), word.start + 1);
                options(line, &inner, reads, spans);
            }
        }
    }
}

fn options(line: &[u8], words: &[Word], reads: &[Reads], spans: &mut Vec<Span>) {
    let mut plain = 0;
    for (n, word) in words.iter().enumerate() {
        let word = &word.bare(line);
        let text = cut(line, word.start, word.end);
        let next = words.get(n + 1).copied();
        if !text.starts_with(b"-") {
            plain += 1;
        }
        for read in reads {
            one(line, text, *word, next, plain, read, spans);
            if let Reads::Two(name) = read
                && text == name.as_bytes()
            {
                push_word(line, next, spans);
                push_word(line, words.get(n + 2).copied(), spans);
            }
        }
    }
}

fn one(
    line: &[u8],
    text: &[u8],
    word: Word,
    next: Option<Word>,
    plain: usize,
    read: &Reads,
    spans: &mut Vec<Span>,
) {
    match read {
        Reads::Long(option) => {
            if let Some(rest) = strip(text, option) {
                match rest.first() {
                    None => push_word(line, next, spans),
                    Some(b'=' | b':') => push(line, word.end - rest.len() + 1, word.end, spans),
                    _ => {}
                }
            }
        }
        Reads::Short(letter) => {
            if text.first() == Some(&b'-') && text.get(1) == Some(letter) {
                match text.get(2) {
                    None => push_word(line, next, spans),
                    Some(b'=') => push(line, word.start + 3, word.end, spans),
                    // `-pSECRET`, but not `-print`.
                    Some(_) if matches!(letter, b'p' | b'P' | b'a' | b'w') => {
                        let glued = cut(text, 2, text.len());
                        if !glued.iter().all(|c| c.is_ascii_lowercase() || *c == b'-')
                            || glued.len() > 12
                        {
                            push(line, word.start + 2, word.end, spans);
                        }
                    }
                    Some(_) => {}
                }
            }
        }
        Reads::Glued(option) => {
            // mysql -u root -p 'x': the blank makes it a database, but it was meant as a password.
            if *option == "-p"
                && text == b"-p"
                && let Some(next) = next
                && matches!(at(line, next.start), b'\'' | b'"')
                && is_meant(cut(line, next.bare(line).start, next.bare(line).end))
            {
                push_word(line, Some(next), spans);
            }
            if let Some(rest) = strip(text, option)
                && !rest.is_empty()
                && !(option.len() == 2 && text.starts_with(b"--"))
            {
                let skip = usize::from(rest.first() == Some(&b'='));
                push(line, word.end - rest.len() + skip, word.end, spans);
            }
        }
        Reads::Pair(option, separator) => {
            // curl -su user:secret, curl -sSuuser:secret
            let bundled = text
                .strip_prefix(b"-")
                .filter(|_| *option == "-u")
                .map(|flags| {
                    flags
                        .iter()
                        .take_while(|c| b"sSkLvifgnNqOJGa#".contains(c))
                        .count()
                });
            let bundled = bundled.filter(|n| *n > 0 && at(text, n + 1) == b'u');
            let rest = match bundled {
                Some(n) => Some(cut(text, n + 2, text.len())),
                None => strip(text, option),
            };
            if let Some(rest) = rest {
                if rest.is_empty() {
                    if let Some(next) = next {
                        push_pair(line, next.start, next.end, *separator, spans);
                    }
                } else if option.len() == 2 || rest.first() == Some(&b'=') {
                    let skip = usize::from(rest.first() == Some(&b'='));
                    push_pair(
                        line,
                        word.end - rest.len() + skip,
                        word.end,
                        *separator,
                        spans,
                    );
                }
            }
        }
        Reads::After(name) => {
            let bare = text.rsplit(|c| *c == b':').next().unwrap_or_default();
            if text.eq_ignore_ascii_case(name.as_bytes()) || bare == name.as_bytes() {
                push_word(line, next, spans);
            }
        }
        Reads::Two(_) | Reads::Verb(..) => {}
        Reads::Dsn => {
            let mut start = word.start;
            for part in text.split(|c| *c == b',') {
                if part.starts_with(b"p=") && text.contains(&b',') {
                    push(line, start + 2, start + part.len(), spans);
                }
                start += part.len() + 1;
            }
        }
        Reads::Pass => {
            if word_at(text, 0, b"pass:") {
                push(line, word.start + 5, word.end, spans);
            }
        }
        Reads::Oracle(most) => {
            if !text.starts_with(b"-")
                && !text.starts_with(b"@")
                && !text.starts_with(b"/")
                && plain <= *most
            {
                oracle(line, word, spans);
            }
        }
        Reads::Nth(n) => {
            // Usage: radtest [OPTIONS] user passwd …
            let usage = memchr::memmem::find(cut(line, 0, word.start), b" [").is_some();
            if plain == *n && !text.starts_with(b"-") && !usage {
                push(line, word.start, word.end, spans);
            }
        }
        Reads::Samba => {
            let value = match text {
                b"-U" | b"--user" => next,
                _ if text.starts_with(b"-U") || text.starts_with(b"--user=") => Some(word),
                _ => None,
            };
            if let Some(value) = value
                && let Some(at) = cut(line, value.start, value.end)
                    .iter()
                    .position(|c| *c == b'%')
            {
                push(line, value.start + at + 1, unquoted_end(line, value), spans);
            }
        }
        Reads::AtHost => {
            let host = text.iter().rposition(|c| *c == b'@');
            let colon = text.iter().position(|c| *c == b':');
            if let (Some(host), Some(colon)) = (host, colon)
                && !text.starts_with(b"-")
                && colon < host
                && !contains(text, b"://")
            {
                push(line, word.start + colon + 1, word.start + host, spans);
            }
        }
        Reads::Cookies(option) => {
            if let Some(next) = next.filter(|_| text == option.as_bytes()) {
                let quoted = usize::from(matches!(at(line, next.start), b'"' | b'\''));
                super::context::cookie_pairs(cut(line, 0, next.end), next.start + quoted, spans);
            }
        }
        Reads::Slash(option) => {
            if word_at(text, 0, option.as_bytes()) {
                push(line, word.start + option.len(), word.end, spans);
            }
        }
        Reads::Special(_) => {}
    }
}

/// Any long option whose name says secret, `--db-password x`, `-token x`; `name` ends at `end`.
pub(crate) fn option(line: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    printed::given(line, start, end, spans);
    variable::listed_for(line, start, end, spans);
    if at(line, start) != b'-'
        || !matches!(before(line, start), b' ' | b'\t' | b'[' | b'"' | b'\'' | 0)
    {
        return;
    }
    let name = cut(line, start, end);
    let bare = name.iter().position(|c| *c != b'-').unwrap_or(0);
    // --no-password
    let bare_name = cut(name, bare, name.len());
    // --password-stdin, --no-auth-warning: nothing follows, or something else.
    let other = [&b"no-"[..], b"stdin-"]
        .iter()
        .any(|w| word_at(bare_name, 0, w))
        || [&b"-stdin"[..], b"-warning", b"-prompt", b"-fd"]
            .iter()
            .any(|w| bare_name.ends_with(w));
    if beside::pair(line, bare_name, end, spans) {
        return;
    }
    // -password sufficient pam_unix.so: a line of PAM that may be missing
    let module = bare_name == b"password" && contains(line, b" pam_");
    let Some(named) = judge(bare_name).filter(|_| !other && !module) else {
        return;
    };
    let mut value = skip_blanks(line, end);
    // `["--password", "x"]`
    if matches!(at(line, end), b'"' | b'\'') && at(line, skip_blanks(line, end + 1)) == b',' {
        value = skip_blanks(line, skip_blanks(line, end + 1) + 1);
    } else if value == end {
        return;
    }
    let Some(word) = words(line, value).first().copied() else {
        return;
    };
    let text = cut(line, word.start, word.end);
    // --password <<< x
    if text.starts_with(b"<<<") {
        let start = skip_blanks(line, word.start + 3);
        let word = words(line, start).first().map(|word| word.bare(line));
        push_word(line, word, spans);
        return;
    }
    if text.starts_with(b"-") && text.len() > 1 && !is_random(text)
        || matches!(text, b"\\" | b"<" | b">" | b"=" | b"|" | b"<<")
    {
        return;
    }
    if name.ends_with(b"-cookie") && text.contains(&b'=') {
        return;
    }
    // `  -password val       Set import password source`: a help text
    let helps = cut(line, 0, start).trim_ascii().is_empty()
        && text.len() <= 8
        && text.iter().all(u8::is_ascii_lowercase)
        && cut(line, word.end, word.end + 2) == b"  "
        && at(line, skip_blanks(line, word.end)).is_ascii_uppercase();
    if helps {
        return;
    }
    // `--secret db_password`: the name under which it is kept.
    if named.class != Class::Password
        && text.contains(&b'_')
        && super::assign::is_identifier(text)
        && judge(text).is_some()
    {
        return;
    }
    // What openssl reads from elsewhere, or says itself.
    if ["pass:", "env:", "file:", "fd:"]
        .iter()
        .any(|p| word_at(text, 0, p.as_bytes()))
    {
        return;
    }
    let path = text.starts_with(b"/")
        || text.starts_with(b"./")
        || text.starts_with(b"~")
        || text.starts_with(b"../")
        || [
            ".pem", ".key", ".txt", ".json", ".crt", ".yml", ".yaml", ".env",
        ]
        .iter()
        .any(|e| text.ends_with(e.as_bytes()));
    let good = match named.strength {
        Strength::Strong => !(path && named.class != Class::Password),
        Strength::Medium => text.len() >= 6 && !path,
        Strength::Weak => {
            is_random(text) && !path || named.class == Class::Password && text.len() > 3 && !path
        }
    };
    let prose = is_stop_word(text)
        || bare < 2 && text.iter().all(u8::is_ascii_lowercase) && named.strength < Strength::Strong;
    // Help text: `--password=PASS   Password to use`, `--password  the password`.
    let help = value > end + 1
        || text
            .iter()
            .all(|c| c.is_ascii_uppercase() || matches!(c, b'_' | b']'))
        || matches!(text.first(), Some(b'[' | b'<'));
    // A manual's synopsis: the option begins the line, and a plain word ends it.
    let lead = cut(line, 0, start).trim_ascii();
    let synopsis = lead.is_empty()
        && word.end == line.len()
        && text.iter().all(|c| c.is_ascii_lowercase() || *c == b'-');
    if good && !prose && !help && !synopsis {
        push(line, word.start, word.end, spans);
    }
}

/// Whether nobody would call a database so: a digit, a sign that no name has, and letters.
fn is_meant(text: &[u8]) -> bool {
    let has = |f: fn(&u8) -> bool| text.iter().any(f);
    text.len() >= 6
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && has(|c| b"!@#%^&*+=?$~".contains(c))
        && !text.iter().any(|c| b" /;".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(line: &str) -> Vec<&str> {
        let mut spans = Vec::new();
        let mut i = 0;
        for part in line.split_inclusive(|c: char| " /|;\"'`".contains(c)) {
            let word = part.trim_end_matches(|c: char| " /|;\"'`".contains(c));
            if table().contains_key(word.to_lowercase().trim_end_matches(".exe")) {
                command(line.as_bytes(), i, word.len(), &mut spans);
            }
            i += part.len();
        }
        crate::mask::span::settle(&mut spans);
        spans.iter().map(|s| &line[s.start..s.end]).collect()
    }

    #[test]
    fn secrets_of_programs_are_found() {
        for (line, secret) in [
            ("$ mysql -uroot -pquartz-orchid crm", "quartz-orchid"),
            ("mysqladmin -u root password 'Zy0g=T s'", "Zy0g=T s"),
            ("sshpass -p hunter2 ssh a@b", "hunter2"),
            ("curl -s -u elastic:em:ber https://h/", "em:ber"),
            ("curl --user 'a:b c' h", "b c"),
            ("docker login -u x -p s3cret9 reg.io", "s3cret9"),
            ("openssl enc -aes-256-cbc -k Pw123 -in f", "Pw123"),
            ("openssl rsa -passin pass:hunter2 -in k", "hunter2"),
            ("redis-cli -h x -a hunter2 ping", "hunter2"),
            ("sqlplus -s app/oV%1@orders @q.sql", "oV%1"),
            ("sqlplus u/pw99@//db:1521/X", "pw99"),
            ("expdp svc/CrnzzHV schemas=HR", "CrnzzHV"),
            ("ldapsearch -x -D cn=a -w hunter2 -b dc=x", "hunter2"),
            ("smbclient //h/s -U user%pass9", "pass9"),
            ("htpasswd -bc f bob hunter2", "hunter2"),
            ("sqlcmd -S h -U sa -P 'Str0ng!'", "Str0ng!"),
            (
                "cmd.exe /C PSEXEC \\\\10.0.94.120 -u Adm -p qjo_bqstw CMD",
                "qjo_bqstw",
            ),
        ] {
            assert_eq!(masked(line), [secret], "{line}");
        }
    }

    #[test]
    fn commands_without_secrets_stay() {
        for line in [
            "mysql -u root -p crm",
            "mysql -P 3306 -h x",
            "curl -u user https://x",
            "docker run -p 8080:80 x",
            "ssh -p 2222 host",
            "mysqldump --single-transaction db",
            "sqlplus / as sysdba",
            "sqlplus -s /nolog",
            "redis-cli -h x ping",
            "docker ps",
            "psql -h x -p 5432",
            "curl -U $USER:$PASS x",
        ] {
            let found = masked(line);
            assert!(found.is_empty(), "{line}: {found:?}");
        }
    }
}
