//! What a session masks by: the keywords of all layers, filed, and the provider rules.

use super::bytes::cut;
use super::columns::Judge;
use super::grams::{Grams, Hit, Match, Text};
use super::national::{self, National};
use super::own::{OnDoubt, Own, Personal};
use super::provider::{BUILTIN, Provider, Row, allow_list};
use super::span::{Class, RuleId, Span};
use super::{columns, context, forms, keyblock, message, names, shell, sql};
use regex::bytes::RegexSet;
use std::sync::{Arc, OnceLock};

/// The rules; shared by all sessions of a process.
pub struct Rules {
    pub(crate) grams: Arc<Grams>,
    wakes: Vec<Wake>,
    pub(crate) providers: Vec<Provider>,
    /// The owner's providers stand before this place.
    owns: usize,
    judge: Judge,
    own: Own,
    allow: Option<RegexSet>,
    /// Whether findings must be asked about one by one.
    sifts: bool,
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
    National(National, Personal, u8),
    /// SQL whose secret no name gives away.
    Statement,
    /// Words that stand before secrets.
    Words,
    /// A command that prints a secret.
    Reveal,
    /// A program with secret options; the length of its name.
    Program(u8),
    /// `-p`, which many programs share.
    Beside,
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
    /// A line of configuration: its place in the list.
    Phrase(u16),
    /// A record of people.
    Form,
    /// AUTH at a Redis prompt.
    Redis(u8),
    /// A provider's token may stand here: its place in the list.
    Provider(u16),
}

impl Wake {
    /// Whether it may be of the name of a column in `line`.
    pub(crate) fn is_column(self, line: &[u8]) -> bool {
        match self {
            Wake::Name | Wake::Personal => true,
            Wake::National(..) => !line.first().is_some_and(u8::is_ascii_digit),
            _ => false,
        }
    }
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
    /// The owner of rec wrote it.
    pub own: bool,
    /// The owner of rec switched it off.
    pub off: bool,
}

impl Rules {
    /// rec's own rules; expressions compile when first needed.
    pub fn builtin() -> Arc<Rules> {
        static BUILTIN: OnceLock<Arc<Rules>> = OnceLock::new();
        BUILTIN
            .get_or_init(|| Arc::new(Rules::new(Own::default())))
            .clone()
    }

    /// rec's own rules with what its owner adds and takes. What they add lives as long as the
    /// process.
    pub fn with(own: &Own) -> Arc<Rules> {
        if own.is_nothing() {
            Rules::builtin()
        } else {
            Arc::new(Rules::new(own.clone()))
        }
    }

    fn new(own: Own) -> Rules {
        let replaced = |row: &&Row| own.rules.iter().all(|rule| rule.id != row.id);
        let added = own.rules.iter().map(Provider::from);
        let kept = BUILTIN.iter().filter(replaced).copied();
        let providers: Vec<_> = added.chain(kept.map(Provider::from)).collect();
        let mut filed = Filed {
            grams: Grams::with_room(KEYWORDS),
            wakes: Vec::with_capacity(KEYWORDS),
        };
        for column in &own.columns {
            filed.file(leak(column.keyword.clone()), Match::Folded, Wake::Personal);
        }
        for word in names::trigger_words() {
            filed.file(word, Match::Folded, Wake::Name);
        }
        filed.file("://", Match::Exact, Wake::Uri);
        for word in [
            "@tcp(",
            "@unix(",
            "\\connect ",
            "\\c ",
            "--uri",
            "mysqlsh ",
            "resolve host: ",
        ] {
            filed.file(word, Match::Folded, Wake::Bare);
        }
        filed.file("jdbc:oracle:", Match::Folded, Wake::Jdbc);
        filed.file("stdin", Match::Word, Wake::Copy);
        filed.file("stdout", Match::Word, Wake::Copy);
        for word in keyblock::TRIGGERS {
            filed.file(word, Match::Folded, Wake::Block);
        }
        for word in columns::TRIGGERS.split_ascii_whitespace() {
            filed.file(word, Match::Folded, Wake::Personal);
            let spaced = word.replace('_', " ");
            if spaced != word {
                filed.file(leak(spaced), Match::Folded, Wake::Personal);
            }
        }
        for word in columns::keywords() {
            let short = word.len() < 6 || word.chars().count() < 3;
            let how = if short { Match::Word } else { Match::Folded };
            let spaced = word.replace('_', " ");
            if spaced != word {
                filed.file(leak(spaced), how, Wake::Personal);
            }
            filed.file(leak(word), how, Wake::Personal);
        }
        for word in sql::TRIGGERS {
            filed.file(word, Match::Folded, Wake::Statement);
        }
        for word in context::TRIGGERS {
            filed.file(word, Match::Folded, Wake::Words);
        }
        for word in forms::TRIGGERS {
            filed.file(word, Match::Exact, Wake::Form);
        }
        for word in message::TRIGGERS {
            filed.file(word, Match::Folded, Wake::Message);
        }
        for word in context::REVEAL_TRIGGERS {
            filed.file(word, Match::Folded, Wake::Reveal);
        }
        let len = |word: &str| u8::try_from(word.len()).unwrap_or(u8::MAX);
        // Every address begins with the name of this client.
        let spaced = |word: &&str| word.len() < 3 || matches!(*word, "http" | "https");
        for word in shell::programs().into_iter().filter(|word| !spaced(word)) {
            filed.file(word, Match::Word, Wake::Program(len(word)));
        }
        for word in [
            "mc ", "b2 ", "ab ", "7z ", "az ", "gh ", "oc ", "wp ", "xh ", "bw ", "p4 ", "cf ",
            "http ", "https ",
        ] {
            filed.file(word, Match::Folded, Wake::Program(len(word) - 1));
        }
        for word in [" -p ", " -P ", " -w ", " -pw ", " <<< "] {
            filed.file(word, Match::Exact, Wake::Beside);
        }
        for word in ["connect", "conn"] {
            filed.file(word, Match::Word, Wake::Connect(len(word)));
        }
        for word in ["auth", "auth2", "setuser"] {
            filed.file(word, Match::Word, Wake::Redis(len(word)));
        }
        for (number, phrase) in (0..).zip(context::phrases()) {
            filed.file(phrase.start, Match::Folded, Wake::Phrase(number));
        }
        for (word, shape, kind) in national::words() {
            filed.file(word, Match::Word, Wake::National(shape, kind, len(word)));
        }
        let ahv = Wake::National(National::Ahv, Personal::NationalId, len(national::AHV));
        filed.file(national::AHV, Match::Exact, ahv);
        for (number, provider) in (0..).zip(&providers) {
            let how = if provider.row.fold {
                Match::Folded
            } else {
                Match::Exact
            };
            for keyword in provider.row.keywords {
                filed.file(keyword, how, Wake::Provider(number));
            }
        }
        Rules {
            grams: Arc::new(filed.grams),
            wakes: filed.wakes,
            providers,
            owns: own.rules.len(),
            judge: Judge {
                own: own.columns.clone(),
            },
            allow: (!own.allow.is_empty())
                .then(|| allow_list(&own.allow))
                .flatten(),
            sifts: !(own.off.is_empty() && own.stays.is_empty() && own.allow.is_empty()),
            own,
        }
    }

    /// What `hit` wakes; `None` for a learned secret's form, whose number is behind all keywords'.
    pub(crate) fn wake(&self, hit: Hit) -> Option<Wake> {
        self.wakes.get(hit.key as usize).copied()
    }

    /// What the names of columns say.
    pub(crate) fn judge(&self) -> &Judge {
        &self.judge
    }

    /// What happens in doubt.
    pub(crate) fn on_doubt(&self) -> OnDoubt {
        self.own.on_doubt
    }

    /// Whether the owner lets `value` pass.
    pub(crate) fn allows(&self, value: &[u8]) -> bool {
        self.allow.as_ref().is_some_and(|list| list.is_match(value))
    }

    /// Drops from `spans` of `line`, from `first` on, what the owner lets stay.
    pub(crate) fn sift(&self, line: &[u8], first: usize, spans: &mut Vec<Span>) {
        super::aside::leave(line, first, spans);
        if !self.sifts || spans.len() <= first {
            return;
        }
        let mut own = spans.split_off(first);
        own.retain(|span| {
            !self.own.is_off(span.rule) && !self.allows(cut(line, span.start, span.end))
        });
        spans.append(&mut own);
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
        let providers = self.providers.iter().enumerate().map(|(n, rule)| RuleInfo {
            id: rule.id(),
            class: rule.row.class,
            description: rule.row.description,
            own: n < self.owns,
            off: false,
        });
        let mut list: Vec<_> = STRUCTURE.iter().copied().chain(providers).collect();
        for rule in &mut list {
            rule.off = self.own.is_off(rule.id);
        }
        list.sort_by_key(|rule| rule.id);
        list
    }
}

/// Keywords on their way into the rules.
struct Filed {
    grams: Grams,
    wakes: Vec<Wake>,
}

impl Filed {
    fn file(&mut self, word: &'static str, how: Match, wake: Wake) {
        self.grams.add(Text::Known(word.as_bytes()), how);
        self.wakes.push(wake);
    }
}

/// Room for rec's own keywords: a list that grows is moved again and again.
const KEYWORDS: usize = 8192;

/// Made once a process, and kept as long.
pub(super) fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
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
        "cut-token",
        Class::Token,
        "a token of which a row of the screen shows the beginning or the end alone",
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
    personal("email-column", "e-mail addresses below a column's header"),
    personal("phone-column", "phone numbers below a column's header"),
    personal(
        "card-column",
        "card numbers and codes below a column's header",
    ),
    personal("account-column", "bank accounts below a column's header"),
    personal(
        "national-id-column",
        "ids, tax and licence numbers below a column's header",
    ),
    personal(
        "passport-column",
        "passport numbers below a column's header",
    ),
    personal(
        "birth-date-column",
        "birth dates and places below a column's header",
    ),
    personal("name-column", "names of persons below a column's header"),
    personal("address-column", "postal addresses below a column's header"),
    personal(
        "personal-column",
        "other personal data below a column's header",
    ),
    personal(
        "payment-card",
        "payment card numbers that pass the Luhn check",
    ),
    personal("iban", "bank account numbers that pass the mod 97 check"),
    personal(
        "e-mail",
        "e-mail addresses; not user@host of ssh, git and prompts",
    ),
    personal("phone", "phone numbers behind the word that names them"),
    personal(
        "card-code",
        "security codes of cards behind the word that names them",
    ),
    personal(
        "account-number",
        "account numbers behind the word that names them",
    ),
    personal(
        "national-id",
        "ids, tax and licence numbers behind the word that names them",
    ),
    personal(
        "passport",
        "passport numbers behind the word that names them",
    ),
    personal("birth-date", "birth dates behind the word that names them"),
    personal(
        "personal",
        "other personal numbers behind the word that names them",
    ),
    info(
        "mnemonic-phrase",
        Class::Key,
        "twelve words or more of the list that wallets make their phrases from",
    ),
    info(
        "key-bytes",
        Class::Key,
        "a key pair as a list of 64 numbers",
    ),
    info(
        "wallet-key",
        Class::Key,
        "a Bitcoin private key that stands alone",
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

const fn personal(id: &'static str, description: &'static str) -> RuleInfo {
    info(id, Class::Personal, description)
}

const fn info(id: &'static str, class: Class, description: &'static str) -> RuleInfo {
    RuleInfo {
        id: RuleId::new(id),
        class,
        description,
        own: false,
        off: false,
    }
}
