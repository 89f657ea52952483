//! What earlier lines let expect: the answer of an expect script, the output of a command that
//! prints a secret.

use super::asked::asked;
use super::below::{Below, below, opens};
use super::reveals::{evaluates, is_phrase, prints_many, prints_text, reveals};
use super::told::{spoken, told};
use crate::mask::assign::{closing, opening};
use crate::mask::bytes::{
    at, before, contains, cut, find, from, is_word, skip_blanks, trim, word_at,
};
use crate::mask::names::{Strength, judge};
use crate::mask::span::{Class, RuleId, Span};
use crate::mask::standin::is_placeholder;

const EXPECT: RuleId = RuleId::new("expect-send");

pub(super) const REVEALED: RuleId = RuleId::new("revealed-secret");

/// What of this layer stands in a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Woken {
    /// One of its words.
    pub words: bool,
    /// A word that asks for a password.
    pub asks: bool,
    /// A part of a command that prints a secret.
    pub reveals: bool,
    /// What a sentence or a prompt calls a password or a code.
    pub speaks: bool,
}

impl Woken {
    /// `places` are those of words and names.
    pub(crate) fn by(line: &[u8], places: &[usize], reveals: bool) -> Woken {
        let ask = |place: &usize| {
            [&b"assword"[..], b"asswort", b"assphrase", b"pin:"]
                .iter()
                .any(|word| word_at(line, *place, word) || word_at(line, place + 1, word))
        };
        let spoken = |place: &usize| {
            SPOKEN.iter().any(|word| {
                word_at(line, *place, word.as_bytes())
                    || line
                        .get(*place..)
                        .is_some_and(|at| at.starts_with(word.as_bytes()))
            })
        };
        Woken {
            speaks: places.iter().any(spoken),
            words: !places.is_empty(),
            asks: places.iter().any(ask),
            reveals,
        }
    }
}

/// How the words begin with which a password is spoken of.
const SPOKEN: &[&str] = &[
    "pass",
    "pass phrase",
    "assword",
    "assphrase",
    "pwd",
    "pw",
    "_pw",
    " pw ",
    "-pw",
    "kennwort",
    "zugangsdaten",
    "senord",
    "senha",
    "wachtwoord",
    "contrase",
    "haslo",
    "hasło",
    "heslo",
    "salasana",
    "adgangskode",
    "mot de passe",
    "phrase secr",
    "mdp",
    "пароль",
    "şifre",
    "parol",
    "パスワード",
    "暗証番号",
    "密码",
    "密碼",
    "비밀번호",
    "pin",
    "enter pin",
    "otp",
    "verification code",
    "one-time code",
    "authentication code",
    "security code",
    "login code",
    "confirmation code",
    "zugang",
    "as the ",
    "command not found",
    "login",
    "credential",
    "cred",
    "jelsz",
    "clave",
    "lozinka",
    "geslo",
];

/// What earlier lines let expect of the next ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Awaits {
    /// Lines left in which `send "…"` answers a password prompt.
    send: u8,
    /// Lines left in which a command prints a secret.
    revealed: u8,
    /// It prints one on each line.
    many: bool,
    /// It prints it as it is, blanks included.
    text: bool,
    /// A blank line may stand before it: a program says it among other things.
    apart: bool,
    /// Lines left in which `value: …` belongs to a name that said secret.
    named: u8,
    /// The line before was a key of etcd whose value is secret.
    path: bool,
    /// What the lines below hold.
    below: Below,
    /// So many lines of it are left.
    left: u8,
}

/// expect scripts look this many lines back.
const SEND_LINES: u8 = 4;

/// `- name: DB_PASSWORD`, and its value in the next line; a type or description may stand between.
const NAMED_LINES: u8 = 4;

/// A command that prints a secret prints it at once.
pub(super) const REVEALED_LINES: u8 = 3;

impl Awaits {
    pub(crate) fn is_idle(self) -> bool {
        self == Awaits::default()
    }

    /// Reads `line`, in which `woken` stands.
    pub(crate) fn line(&mut self, line: &[u8], woken: Woken, spans: &mut Vec<Span>) {
        let typed = || {
            line.contains(&b'"')
                && contains(line, b"expect ")
                && contains(line, b"send ")
                && contains(line, b"word")
        };
        let expects = (woken.asks || woken.words && typed())
            && (line.contains(&b'*')
                || [&b"expect"[..], b"send", b"-re ", b"interact"]
                    .iter()
                    .any(|word| contains(line, word)));
        if expects {
            self.send = SEND_LINES;
        }
        if self.send > 0 {
            for word in [&b"send"[..], b"exp_send", b"sendline", b"send_user"] {
                if let Some(i) = find(line, 0, word)
                    .filter(|i| !is_word(before(line, *i)) && word != b"send_user")
                {
                    sent(line, i, spans);
                    break;
                }
            }
            self.send -= 1;
        }
        if self.left > 0 {
            self.left -= 1;
            self.below = self.below.at_line(line);
            if self.below == Below::Login && self.left == 1 {
                self.below = Below::Secret;
            }
            if !below(self.below, line, spans) {
                self.left = 0;
            } else if matches!(self.below, Below::Manifest { .. }) {
                self.left = self.below.lines();
            }
        }
        if self.left == 0 {
            self.below = opens(line, woken.words);
            if self.below != Below::Nothing {
                self.left = self.below.lines();
            }
        }
        if self.named > 0 {
            self.named -= 1;
            if let Some((start, end)) = value_of_pair(line) {
                spans.push(Span::new(start, end, REVEALED, Class::Password));
                self.named = 0;
            }
        }
        if std::mem::take(&mut self.path) {
            // A list of files goes on with the next path.
            let (start, end) = trim(line, 0, line.len());
            let text = cut(line, start, end);
            let value = text.len() >= 4 && !text.contains(&b'/') && !text.contains(&b' ');
            if value
                && text
                    .iter()
                    .any(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
                && !is_placeholder(text)
            {
                spans.push(Span::new(start, end, REVEALED, Class::Password));
            }
        }
        self.path = woken.words && is_secret_path(line);
        let announced = woken.asks && contains(line, b"successfully reset")
            || woken.words && contains(line, b"\"type\": \"securestring\"");
        if announced || woken.words && names_secret(line) {
            self.named = NAMED_LINES;
        }
        let mut prompts = false;
        if woken.speaks {
            spoken(line, spans);
            prompts = asked(line, spans);
        }
        if woken.words {
            told(line, spans);
        }
        if self.revealed > 0 && !prompts {
            let mut text = line.trim_ascii();
            let mut start = line.len() - line.trim_ascii_start().len();
            // What a client sends, in the log of a conversation.
            for sign in [&b"C: "[..], b"-> ", b"=> ", b"~> ", b">>> ", b"> "] {
                if text.starts_with(sign) && text.len() > sign.len() + 5 {
                    text = cut(text, sign.len(), text.len());
                    start += sign.len();
                    break;
                }
            }
            let one = !text.is_empty()
                && !text.iter().any(|c| matches!(c, b' ' | b'\t'))
                && (text.len() >= 6 || text.len() >= 4 && text.iter().any(u8::is_ascii_digit));
            let border =
                at(text, 0) >= 0x80 && text.starts_with("┌".as_bytes()) || text.starts_with(b"+-");
            // The minion that Salt's answer is from: `web1:`
            let one = one && !border && !text.ends_with(b":");
            let prompt = matches!(text.last(), Some(b'$' | b'#' | b'>')) && !is_drawn(text);
            // A REPL writes it as a literal.
            let quoted = matches!(at(text, 0), b'"' | b'\'') && text.last() == text.first();
            let by = usize::from(quoted && text.len() > 2);
            if one && !prompt && !is_placeholder(text) {
                spans.push(Span::new(
                    start + by,
                    start + text.len() - by,
                    REVEALED,
                    Class::Token,
                ));
                self.revealed = if self.many { REVEALED_LINES } else { 0 };
            } else if let Some((from, to)) = printed_text(text).filter(|_| !prompt) {
                // $1 = 0x5566aa "secret"
                spans.push(Span::new(start + from, start + to, REVEALED, Class::Token));
                self.revealed = 0;
            } else if self.text && self.revealed == REVEALED_LINES && is_phrase(text) {
                let end = start + text.len();
                spans.push(Span::new(start, end, REVEALED, Class::Password));
                self.revealed = 0;
            } else if text.is_empty() && !self.apart || text.contains(&b' ') {
                self.revealed = 0;
            } else {
                self.revealed -= 1;
            }
        }
        let announces = woken.words && announces(line);
        let asks = woken.words && memchr::memmem::find(line, b"334 UGFzc3dvcmQ6").is_some();
        let reset = woken.asks && contains(line, b"assword for ") && contains(line, b"reset with");
        let evaluates = woken.words && evaluates(line);
        if woken.reveals && reveals(line) || asks || reset || announces || evaluates {
            self.revealed = REVEALED_LINES;
            self.apart = asks || reset || announces || evaluates;
            self.many = prints_many(line);
            self.text = prints_text(line);
        }
        if self.revealed == 0 {
            (self.many, self.text, self.apart) = (false, false, false);
        }
    }
}

/// Whether nobody would call a machine or a database so: capitals, digits, and signs that no name has.
fn is_drawn(text: &[u8]) -> bool {
    let body = cut(text, 0, text.len().saturating_sub(1));
    text.len() >= 10
        && body.iter().any(u8::is_ascii_digit)
        && body.iter().any(u8::is_ascii_uppercase)
        && body
            .iter()
            .any(|c| c.is_ascii_punctuation() && !b"-_.@:~=/()[]".contains(c))
}

/// The string in what a debugger prints: `$1 = 0x5566aa "secret"`.
fn printed_text(text: &[u8]) -> Option<(usize, usize)> {
    let open =
        memchr::memchr(b'"', text).filter(|_| text.starts_with(b"$") && text.ends_with(b"\""))?;
    let end = text.len() - 1;
    (open + 1 < end && memchr::memmem::find(cut(text, 0, open), b" = ").is_some())
        .then_some((open + 1, end))
}

/// `The generated password for web/shop is:`, with the secret on a line of its own below.
fn announces(line: &[u8]) -> bool {
    const WORDS: &[&str] = &[
        "generated password",
        "generated token",
        "following password",
        "following token",
        "temporary password",
        "initial password",
        "your password",
        "new password is",
        "new password for",
        "admin password:",
        "root password:",
        "your token",
        "your api key",
        "your new token",
    ];
    let text = line.trim_ascii_end();
    let open = text.ends_with(b":") && !text.starts_with(b"Enter") && text.len() < 200;
    let verb = [
        &b" is:"[..],
        b" password to",
        b"generated",
        b" is below",
        b"your ",
        b"initial ",
    ];
    open && WORDS.iter().any(|word| contains(text, word.as_bytes()))
        && verb.iter().any(|word| contains(text, word))
}

/// `/prod/db/password`, whose value etcdctl writes on the next line.
fn is_secret_path(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    let last = text.rsplit(|c| *c == b'/').next().unwrap_or_default();
    text.starts_with(b"/")
        && last.iter().all(|c| is_word(*c) || *c == b'-')
        && !text.contains(&b' ')
        && judge(last).is_some_and(|n| n.strength == Strength::Strong)
}

/// Whether `line` is a key whose value, on a later line, will be secret: `- name: DB_PASSWORD`,
/// `"Key": "api_key",`, `variable "db_password" {`, Redis' `1) "requirepass"`.
fn names_secret(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    let text = text.strip_suffix(b",").unwrap_or(text);
    let bare = |t: &[u8]| {
        let t = t.trim_ascii();
        let start = t
            .iter()
            .position(|c| !matches!(c, b'"' | b'\''))
            .unwrap_or(0);
        let end = t
            .iter()
            .rposition(|c| !matches!(c, b'"' | b'\''))
            .map_or(0, |n| n + 1);
        (start, end)
    };
    let is_secret = |t: &[u8]| {
        let (start, end) = bare(t);
        let name = cut(t.trim_ascii(), start, end);
        name.len() >= 3
            && !name.contains(&b' ')
            && judge(name).is_some_and(|n| n.strength == Strength::Strong)
    };
    // "keyName": "key1" of a storage account of Azure, and its value below
    if text.starts_with(b"\"keyName\": ") {
        return true;
    }
    // What Terraform made itself: the result stands in a line below.
    if text.starts_with(b"resource \"random_password\"") {
        return true;
    }
    if let Some(block) = text
        .strip_prefix(b"variable ")
        .and_then(|t| t.strip_suffix(b"{"))
    {
        return is_secret(block);
    }
    // <AdministratorPassword>, with the value in an element below
    if let Some(name) = text.strip_prefix(b"<").and_then(|t| t.strip_suffix(b">"))
        && name.iter().all(|c| c.is_ascii_alphanumeric())
    {
        return is_secret(name);
    }
    // <key>Password</key> of a property list, <name>db.password</name>
    if let Some(inner) = element(text, &["key", "name", "string"]) {
        return is_secret(inner);
    }
    // ["password"]=> of PHP's var_dump
    if let Some(key) = text.strip_prefix(b"[").and_then(|t| t.strip_suffix(b"]=>")) {
        return key.starts_with(b"\"") && is_secret(key);
    }
    // "rds_password": {
    if let Some(block) = text.strip_suffix(b"{")
        && let Some(key) = block.trim_ascii_end().strip_suffix(b":")
    {
        return key.starts_with(b"\"") && is_secret(key);
    }
    // 1) "requirepass"
    let digits = text.iter().take_while(|c| c.is_ascii_digit()).count();
    if digits > 0 && cut(text, digits, digits + 2) == b") " {
        return is_secret(cut(text, digits + 2, text.len()));
    }
    let text = text.strip_prefix(b"- ").unwrap_or(text);
    let Some(colon) = text.iter().position(|c| matches!(c, b':' | b'=')) else {
        return false;
    };
    let key = cut(text, 0, colon);
    let (start, end) = bare(key);
    let key = cut(key.trim_ascii(), start, end);
    [
        "name",
        "key",
        "parameterkey",
        "option_name",
        "variable_name",
        "setting_name",
        "attribute",
        "optionname",
        "variable",
        "option",
        "propertyname",
    ]
    .iter()
    .any(|k| key.trim_ascii().eq_ignore_ascii_case(k.as_bytes()))
        && is_secret(cut(text, colon + 1, text.len()))
}

/// What stands in the one element of `text`, if it is one of `names`.
fn element<'a>(text: &'a [u8], names: &[&str]) -> Option<&'a [u8]> {
    let text = text.trim_ascii();
    let close = memchr::memchr(b'>', text).filter(|_| text.starts_with(b"<"))?;
    let name = cut(text, 1, close);
    let inner = cut(text, close + 1, text.len());
    let end = memchr::memmem::rfind(inner, b"</")?;
    let known = names
        .iter()
        .any(|n| name.eq_ignore_ascii_case(n.as_bytes()));
    (known && cut(inner, end + 2, inner.len()).starts_with(name)).then(|| cut(inner, 0, end))
}

/// The value of `value: x`, `"Value": "x"`, `default = "x"`, or Redis' `2) "x"`.
fn value_of_pair(line: &[u8]) -> Option<(usize, usize)> {
    let start = line.len() - line.trim_ascii_start().len();
    if let Some(inner) = element(line, &["string", "value"]) {
        let open = memchr::memchr(b'>', line)? + 1;
        return (!inner.is_empty() && !is_placeholder(inner)).then_some((open, open + inner.len()));
    }
    // string(16) "x"
    if word_at(line, start, b"string(") {
        let open = memchr::memchr(b'"', line)? + 1;
        let close = memchr::memrchr(b'"', line).filter(|close| *close > open)?;
        return (!is_placeholder(cut(line, open, close))).then_some((open, close));
    }
    let digits = from(line, start)
        .iter()
        .take_while(|c| c.is_ascii_digit())
        .count();
    let place = if digits > 0 && cut(line, start + digits, start + digits + 3) == b") \"" {
        start + digits + 2
    } else {
        let mut name = start + usize::from(matches!(at(line, start), b'"' | b'\''));
        let end = name
            + from(line, name)
                .iter()
                .take_while(|c| is_word(**c) || **c == b' ')
                .count();
        let key = cut(line, name, end);
        let known = [
            "value",
            "result",
            "new value",
            "parametervalue",
            "default",
            "option_value",
            "variable_value",
            "setting_value",
            "optionvalue",
            "propertyvalue",
            "content",
        ];
        if !known
            .iter()
            .any(|k| key.trim_ascii().eq_ignore_ascii_case(k.as_bytes()))
        {
            return None;
        }
        name = end;
        while matches!(at(line, name), b'"' | b'\'' | b' ') {
            name += 1;
        }
        if !matches!(at(line, name), b':' | b'=') {
            return None;
        }
        skip_blanks(line, name + 1)
    };
    let (from_, to) = match opening(line, place, 0) {
        Some((body, quote, escapes)) => (body, closing(line, body, quote, escapes)),
        None => trim(line, place, line.len()),
    };
    let text = cut(line, from_, to);
    (!text.is_empty() && !is_placeholder(text) && !matches!(at(text, 0), b'{' | b'['))
        .then_some((from_, to))
}

/// The string behind `send`, `send --`, without the newline it ends in.
fn sent(line: &[u8], i: usize, spans: &mut Vec<Span>) {
    let Some(open) = memchr::memchr2(b'"', b'\'', from(line, i)).map(|n| i + n) else {
        return;
    };
    if open - i > 24 {
        return;
    }
    let close = closing(line, open + 1, at(line, open), 0);
    let mut end = close;
    while end >= open + 3
        && before(line, end - 1) == b'\\'
        && matches!(before(line, end), b'r' | b'n')
    {
        end -= 2;
    }
    let text = cut(line, open + 1, end);
    if text.len() >= 3 && !is_placeholder(text) && !text.starts_with(b"$") {
        spans.push(Span::new(open + 1, end, EXPECT, Class::Password));
    }
}
