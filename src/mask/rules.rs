//! What a session masks by: the keywords of all layers, filed, and the provider rules.

use super::grams::{Grams, Hit, Match};
use super::national::{self, National};
use super::provider::{self, Provider};
use super::span::{Class, RuleId};
use super::{columns, context, keyblock, message, names, shell, sql};
use std::sync::{Arc, OnceLock};

/// The rules; shared by all sessions of a process.
pub struct Rules {
    pub(crate) grams: Grams,
    wakes: Vec<Wake>,
    pub(crate) providers: Vec<Provider>,
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rules({} keywords)", self.wakes.len())
    }
}

/// Which layer a keyword wakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// A word of a name.
    Name,
    /// `://`
    Uri,
    /// A key block may begin.
    Block,
    /// A word of a personal column's name.
    Personal,
    /// An id may stand behind this word of that length.
    National(National, u8),
    /// SQL whose secret no name gives away.
    Statement,
    /// Words that stand before secrets.
    Words,
    /// A command that prints a secret.
    Reveal,
    /// A program with secret options; the length of its name.
    Program(u8),
    /// CONNECT at an SQL prompt.
    Connect(u8),
    /// A userinfo without a scheme.
    Bare,
    /// `jdbc:oracle:`
    Jdbc,
    /// COPY … FROM stdin
    Copy,
    /// A message of a server that quotes a value.
    Message,
    /// AUTH at a Redis prompt.
    Redis(u8),
    /// A provider's token may stand here: its place in the list.
    Provider(u16),
}

/// One rule, as `rec mask rules` lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleInfo {
    /// Its name.
    pub id: RuleId,
    /// What it masks.
    pub class: Class,
    /// One line for a person.
    pub description: &'static str,
}

impl Rules {
    /// rec's own rules. The first call reads the rule files; expressions compile when first needed.
    pub fn builtin() -> Arc<Rules> {
        static BUILTIN: OnceLock<Arc<Rules>> = OnceLock::new();
        BUILTIN.get_or_init(|| Arc::new(Rules::new())).clone()
    }

    fn new() -> Rules {
        let providers = provider::load();
        let mut rules = Rules {
            grams: Grams::new([]),
            wakes: Vec::new(),
            providers: Vec::new(),
        };
        for word in names::trigger_words() {
            rules.file(&word, Match::Folded, Wake::Name);
        }
        rules.file("://", Match::Exact, Wake::Uri);
        for word in ["@tcp(", "@unix(", "\\connect ", "\\c ", "--uri"] {
            rules.file(word, Match::Folded, Wake::Bare);
        }
        rules.file("jdbc:oracle:", Match::Folded, Wake::Jdbc);
        rules.file("stdin", Match::Word, Wake::Copy);
        for word in keyblock::TRIGGERS {
            rules.file(word, Match::Folded, Wake::Block);
        }
        for word in columns::TRIGGERS.split_ascii_whitespace() {
            rules.file(word, Match::Folded, Wake::Personal);
            let spaced = word.replace('_', " ");
            if spaced != word {
                rules.file(&spaced, Match::Folded, Wake::Personal);
            }
        }
        for word in sql::TRIGGERS {
            rules.file(word, Match::Folded, Wake::Statement);
        }
        for word in context::TRIGGERS {
            rules.file(word, Match::Folded, Wake::Words);
        }
        for word in message::TRIGGERS {
            rules.file(word, Match::Folded, Wake::Message);
        }
        for word in context::REVEAL_TRIGGERS {
            rules.file(word, Match::Folded, Wake::Reveal);
        }
        let len = |word: &str| u8::try_from(word.len()).unwrap_or(u8::MAX);
        // Every address begins with the name of this client.
        let spaced = |word: &&str| word.len() < 3 || matches!(*word, "http" | "https");
        for word in shell::programs().filter(|word| !spaced(word)) {
            rules.file(word, Match::Word, Wake::Program(len(word)));
        }
        for word in [
            "mc ", "ab ", "7z ", "az ", "gh ", "oc ", "wp ", "http ", "https ",
        ] {
            rules.file(word, Match::Folded, Wake::Program(len(word) - 1));
        }
        for word in ["connect", "conn"] {
            rules.file(word, Match::Word, Wake::Connect(len(word)));
        }
        for word in ["auth", "auth2", "setuser"] {
            rules.file(word, Match::Word, Wake::Redis(len(word)));
        }
        for (word, kind) in national::words() {
            rules.file(&word, Match::Word, Wake::National(kind, len(&word)));
        }
        for (number, provider) in (0..).zip(&providers) {
            let how = if provider.fold {
                Match::Folded
            } else {
                Match::Exact
            };
            for keyword in &provider.keywords {
                rules.file(keyword, how, Wake::Provider(number));
            }
        }
        rules.providers = providers;
        rules
    }

    fn file(&mut self, word: &str, how: Match, wake: Wake) {
        self.grams.add(word.as_bytes(), how);
        self.wakes.push(wake);
    }

    /// What `hit` wakes; `None` for a learned secret's form, whose number is behind all keywords'.
    pub(crate) fn wake(&self, hit: Hit) -> Option<Wake> {
        self.wakes.get(hit.key as usize).copied()
    }

    /// Whether `hit` is worth waking the layers.
    pub(crate) fn is_worth(&self, line: &[u8], hit: Hit) -> bool {
        match self.wake(hit) {
            Some(Wake::Provider(number)) => self
                .providers
                .get(usize::from(number))
                .is_some_and(|rule| rule.may_start(line, hit.at)),
            // A time stamp begins a line of a log, never a header or a row that names its column.
            Some(Wake::Personal) => !line.first().is_some_and(u8::is_ascii_digit),
            _ => true,
        }
    }

    /// Every rule there is, by name.
    pub fn list(&self) -> Vec<RuleInfo> {
        let providers = self.providers.iter().map(|rule| RuleInfo {
            id: rule.id,
            class: rule.class,
            description: rule.description,
        });
        let mut list: Vec<_> = STRUCTURE.iter().copied().chain(providers).collect();
        list.sort_by_key(|rule| rule.id);
        list
    }
}

/// The rules that are code.
const STRUCTURE: &[RuleInfo] = &[
    info(
        "assignment",
        Class::Password,
        "a value assigned to a name that says secret: dotenv, YAML, JSON, INI, XML, query strings, DSN",
    ),
    info(
        "uri-userinfo",
        Class::Password,
        "the password in scheme://user:password@host",
    ),
    info(
        "private-key",
        Class::Key,
        "private key blocks: PEM, PGP, OpenSSH, PuTTY; whole, cut short or wrapped",
    ),
    info(
        "sql-password",
        Class::Password,
        "the literal of a password clause: IDENTIFIED BY, PASSWORD, SECRET, comparisons",
    ),
    info(
        "sql-key-argument",
        Class::Password,
        "key and passphrase arguments: pgp_sym_encrypt, crypt, aes_encrypt, set_config",
    ),
    info(
        "sql-column",
        Class::Password,
        "values for secret or personal columns in INSERT and UPDATE",
    ),
    info(
        "command-option",
        Class::Password,
        "options that take secrets: mysql -p, curl -u, sshpass -p, --token",
    ),
    info(
        "http-authorization",
        Class::Token,
        "Authorization headers and session cookies",
    ),
    info(
        "credential-file",
        Class::Password,
        "pgpass, netrc, shadow and htpasswd lines",
    ),
    info(
        "directive",
        Class::Password,
        "configuration directives: requirepass, bindpw, enable secret, PSK",
    ),
    info(
        "expect-send",
        Class::Password,
        "what an expect script sends to a password prompt",
    ),
    info(
        "revealed-secret",
        Class::Token,
        "output of commands that print a secret",
    ),
    info(
        "column",
        Class::Password,
        "cells below a column header that says secret",
    ),
    info(
        "personal-column",
        Class::Personal,
        "cells below a column header that says personal data",
    ),
    info(
        "payment-card",
        Class::Personal,
        "payment card numbers that pass the Luhn check",
    ),
    info(
        "iban",
        Class::Personal,
        "bank account numbers that pass the mod 97 check",
    ),
    info(
        "e-mail",
        Class::Personal,
        "e-mail addresses; not user@host of ssh, git and prompts",
    ),
    info(
        "national-id",
        Class::Personal,
        "ids, phone numbers and birth dates behind the word that names them",
    ),
    info(
        "token-shape",
        Class::Token,
        "a prefix that names an issuer and a random part: acme_live_…",
    ),
    info(
        "prompt",
        Class::Password,
        "typed at a prompt that does not echo",
    ),
];

const fn info(id: &'static str, class: Class, description: &'static str) -> RuleInfo {
    RuleInfo {
        id: RuleId::new(id),
        class,
        description,
    }
}
