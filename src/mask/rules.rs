//! What a session masks by: the keywords of all layers, filed, and the provider rules.

use super::grams::{Grams, Hit, Match};
use super::provider::{self, Provider};
use super::span::{Class, RuleId};
use super::{keyblock, names};
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
        for word in names::TRIGGERS.split_ascii_whitespace() {
            rules.file(&word.replace('~', " "), Match::Folded, Wake::Name);
        }
        rules.file("://", Match::Exact, Wake::Uri);
        for word in keyblock::TRIGGERS {
            rules.file(word, Match::Folded, Wake::Block);
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
        "payment-card",
        Class::Personal,
        "payment card numbers that pass the Luhn check",
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
