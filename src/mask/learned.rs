//! Secrets that were found once are secrets everywhere: in every later line, and in every form
//! in which programs write a value down again.
//!
//! One store a session, shared by the scanner and the second look. What it holds is wiped when
//! the session ends. A value must be long or odd enough that it does not blank ordinary text.

use super::span::{Class, RuleId};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// A shorter value is only learned when a person typed it at a prompt.
const LENGTH_MIN: usize = 8;
/// At a prompt nothing below this is learned: it would stand everywhere.
const TYPED_MIN: usize = 5;
/// Longer values are learned by their start: enough to know them again.
const LENGTH_MAX: usize = 256;
/// How many secrets a session keeps; the oldest go first. Bounds memory and the second look.
const SECRETS_MAX: usize = 512;

/// The session's secrets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Learned(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Changes whenever a secret was added; read before every line.
    version: AtomicU64,
    store: Mutex<Store>,
}

#[derive(Default)]
struct Store {
    secrets: Vec<Secret>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} secrets", self.secrets.len())
    }
}

/// A secret, and all its written forms.
pub(crate) struct Secret {
    /// The store's version when it was added.
    version: u64,
    plain: Zeroizing<Vec<u8>>,
    forms: Vec<Zeroizing<Vec<u8>>>,
    rule: RuleId,
    class: Class,
    /// Its owner named it: it is not forgotten for newer ones.
    told: bool,
}

/// A form to look for.
pub(crate) struct Form {
    pub text: Zeroizing<Vec<u8>>,
    pub rule: RuleId,
    pub class: Class,
}

impl Learned {
    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes whenever a secret was added.
    pub(crate) fn version(&self) -> u64 {
        self.0.version.load(Ordering::Acquire)
    }

    /// Learns `secret`; `typed` when it came from a prompt and is certain. Tells whether it is new
    /// and fit to be looked for.
    pub(crate) fn add(&self, secret: &[u8], rule: RuleId, class: Class, typed: bool) -> bool {
        let secret = secret.trim_ascii();
        let secret = secret.get(..LENGTH_MAX).unwrap_or(secret);
        fit(secret, typed) && self.keep(secret, rule, class, false)
    }

    /// Learns what the owner told to mask, however common it is, and never forgets it. Of a longer
    /// text every part is learned.
    pub(crate) fn add_told(&self, secret: &[u8], rule: RuleId) -> bool {
        let mut new = false;
        let mut rest = secret;
        while !rest.is_empty() {
            // The last part is as long as the others, so that it is as rare.
            let part = match rest.len() {
                0..LENGTH_MAX => secret.len().saturating_sub(LENGTH_MAX),
                _ => secret.len() - rest.len(),
            };
            let end = secret.len().min(part + LENGTH_MAX);
            let part = secret.get(part..end).unwrap_or_default();
            new |= self.keep(part, rule, Class::Token, true);
            rest = rest.get(LENGTH_MAX..).unwrap_or_default();
        }
        new
    }

    fn keep(&self, secret: &[u8], rule: RuleId, class: Class, told: bool) -> bool {
        let mut store = self.store();
        if store.secrets.iter().any(|known| {
            known.plain.as_slice() == secret || known.forms.iter().any(|f| f.as_slice() == secret)
        }) {
            return false;
        }
        if store.secrets.len() >= SECRETS_MAX
            && let Some(oldest) = store.secrets.iter().position(|secret| !secret.told)
        {
            store.secrets.remove(oldest);
        }
        let version = self.version() + 1;
        store.secrets.push(Secret {
            version,
            plain: Zeroizing::new(secret.to_vec()),
            forms: forms(secret),
            rule,
            class,
            told,
        });
        self.0.version.store(version, Ordering::Release);
        true
    }

    /// The secret, as it is written itself, of which `fits` says most: how many bytes.
    pub(crate) fn most(&self, fits: impl Fn(&[u8]) -> usize) -> Option<(usize, RuleId, Class)> {
        let store = self.store();
        let each = store
            .secrets
            .iter()
            .map(|secret| (fits(&secret.plain), secret.rule, secret.class));
        each.filter(|(len, ..)| *len > 0)
            .max_by_key(|(len, ..)| *len)
    }

    /// Shows every secret that was added after `version`, as it is written itself.
    pub(crate) fn each(&self, version: u64, mut see: impl FnMut(&[u8])) {
        let store = self.store();
        let new = store.secrets.iter().filter(|s| s.version > version);
        new.for_each(|secret| see(&secret.plain));
    }

    /// Every form of every secret that was added after `version`; 0 for all.
    pub(crate) fn forms(&self, version: u64) -> Vec<Form> {
        let store = self.store();
        let each = |secret: &Secret| {
            let (rule, class) = (secret.rule, secret.class);
            let texts = std::iter::once(&secret.plain).chain(&secret.forms);
            let forms = texts.map(|text| Form {
                text: text.clone(),
                rule,
                class,
            });
            forms.collect::<Vec<_>>()
        };
        let new = store.secrets.iter().filter(|s| s.version > version);
        new.flat_map(each).collect()
    }
}

/// Whether a value is rare enough to be looked for everywhere: no word, no plain number, nothing
/// that programs print anyway.
fn fit(secret: &[u8], typed: bool) -> bool {
    let inner = secret.trim_ascii_end();
    let inner = inner
        .strip_suffix(b".")
        .or_else(|| inner.strip_suffix(b","))
        .unwrap_or(inner);
    let kinds = [
        secret.iter().any(u8::is_ascii_lowercase),
        secret.iter().any(u8::is_ascii_uppercase),
        secret.iter().any(u8::is_ascii_digit),
        inner.iter().any(|c| !c.is_ascii_alphanumeric()),
    ];
    let kinds = kinds.iter().filter(|k| **k).count();
    if typed {
        return secret.len() >= TYPED_MIN
            && (kinds >= 2 || secret.len() >= LENGTH_MIN)
            && !is_common(secret);
    }
    if secret.len() < LENGTH_MIN || is_common(secret) || super::standin::is_placeholder(secret) {
        return false;
    }
    let mut distinct = [false; 256];
    for c in secret {
        if let Some(seen) = distinct.get_mut(usize::from(*c)) {
            *seen = true;
        }
    }
    // Names of a program's parts: `token::Brace`, `node.paren_token`; options.
    let parts = |c: &u8| {
        c.is_ascii_alphabetic()
            || matches!(
                c,
                b' ' | b'_' | b'.' | b':' | b'(' | b')' | b'&' | b'<' | b'>'
            )
    };
    if secret.iter().all(parts) && !secret.iter().all(u8::is_ascii_alphabetic)
        || secret.starts_with(b"--")
        || super::value::is_type(secret)
    {
        return false;
    }
    // Addresses are no secret as a whole.
    if super::bytes::contains(secret, b"://") {
        return false;
    }
    distinct.iter().filter(|seen| **seen).count() >= 5
        && (kinds >= 2 || secret.len() >= 14)
        && !secret
            .iter()
            .all(|c| c.is_ascii_digit() || matches!(c, b'-' | b'.' | b':' | b'/' | b' '))
}

/// Values that stand in ordinary text, or that are names rather than secrets.
pub(super) fn is_common(secret: &[u8]) -> bool {
    const COMMON: &[&str] = &[
        "password",
        "passwort",
        "postgres",
        "postgresql",
        "administrator",
        "localhost",
        "example.com",
        "changeme",
        "changeit",
        "root",
        "admin",
        "mysql",
        "mariadb",
        "username",
        "database",
        "undefined",
        "production",
        "development",
        "secret",
        "default",
        "unix_socket",
        "auth_socket",
        "caching_sha2_password",
        "mysql_native_password",
        "scram-sha-256",
        "sha256_password",
        "https",
        "bearer",
        "application/json",
        "token",
        "string",
        "varchar",
        "test1234",
        "12345678",
        "123456789",
        "1234567890",
    ];
    COMMON
        .iter()
        .any(|word| secret.eq_ignore_ascii_case(word.as_bytes()))
}

/// The ways in which programs write `secret` down again, without the plain one.
fn forms(secret: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut forms: Vec<Zeroizing<Vec<u8>>> = Vec::new();
    let mut add = |form: Vec<u8>| {
        if form != secret && form.len() >= 6 && !forms.iter().any(|f| **f == form) {
            forms.push(Zeroizing::new(form));
        }
    };
    for (upper, all) in [(true, false), (false, false), (true, true)] {
        add(percent(secret, upper, all, b"%20"));
        add(percent(secret, upper, all, b"+"));
    }
    add(hex(secret, false));
    add(hex(secret, true));
    for offset in 0..3usize {
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            add(base64_at(secret, offset, engine));
        }
    }
    add(escape(secret, |c| match c {
        b'"' | b'\\' => vec![b'\\', c],
        b'/' => b"/".to_vec(),
        _ => vec![c],
    }));
    add(escape(secret, |c| match c {
        b'"' | b'\\' | b'/' => vec![b'\\', c],
        _ => vec![c],
    }));
    add(json_unicode(secret));
    add(escape(secret, |c| {
        if c == b'\'' { b"''".to_vec() } else { vec![c] }
    }));
    add(escape(secret, |c| {
        if c == b'\'' {
            b"'\\''".to_vec()
        } else {
            vec![c]
        }
    }));
    add(escape(secret, |c| {
        if c == b'\'' { b"\\'".to_vec() } else { vec![c] }
    }));
    add(escape(secret, |c| {
        if c == b'"' { b"\"\"".to_vec() } else { vec![c] }
    }));
    // printf %q and bash's history: every character that means something gets a backslash.
    add(escape(secret, |c| {
        if c.is_ascii_alphanumeric() || b"_-./,:@%+=".contains(&c) || c >= 0x80 {
            vec![c]
        } else {
            vec![b'\\', c]
        }
    }));
    spelt(secret, &mut add);
    add(escape(secret, |c| match c {
        b'&' => b"&amp;".to_vec(),
        b'<' => b"&lt;".to_vec(),
        b'>' => b"&gt;".to_vec(),
        b'"' => b"&quot;".to_vec(),
        b'\'' => b"&#39;".to_vec(),
        _ => vec![c],
    }));
    forms
}

/// Byte for byte, as languages that escape bytes write a value, and in one case of letters. Forms that
/// have bytes in common with ordinary text cost too much here: `dump` reads those.
fn spelt(secret: &[u8], add: &mut impl FnMut(Vec<u8>)) {
    for upper in [false, true] {
        for lead in [&b"\\x"[..], b"%"] {
            add(escape(secret, |c| [lead, &hex(&[c], upper)].concat()));
        }
        if secret.is_ascii() {
            let each = |c| [b"\\u00".to_vec(), hex(&[c], upper)].concat();
            add(escape(secret, each));
        }
    }
    let octal = |c: u8| format!("\\{c:03o}").into_bytes();
    add(escape(secret, octal));
    let entity = |c: u8| match c.is_ascii_punctuation() {
        true => format!("&#{c};").into_bytes(),
        false => vec![c],
    };
    add(escape(secret, entity));
    // A word that begins with a capital is a word in small letters too.
    let drawn = secret.iter().filter(|c| c.is_ascii_digit()).count() >= 2 && secret.len() >= 10;
    if drawn {
        add(secret.to_ascii_uppercase());
        add(secret.to_ascii_lowercase());
    }
}

fn escape(secret: &[u8], each: impl Fn(u8) -> Vec<u8>) -> Vec<u8> {
    secret.iter().flat_map(|c| each(*c)).collect()
}

fn percent(secret: &[u8], upper: bool, all: bool, blank: &[u8]) -> Vec<u8> {
    escape(secret, |c| {
        if c.is_ascii_alphanumeric() || !all && b"-_.~".contains(&c) {
            vec![c]
        } else if c == b' ' {
            blank.to_vec()
        } else {
            [b"%".to_vec(), hex(&[c], upper)].concat()
        }
    })
}

fn json_unicode(secret: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(secret);
    let mut out = Vec::new();
    for c in text.chars() {
        match c {
            '<' | '>' | '&' | '\'' | '\u{80}'.. => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            }
            '"' | '\\' => out.extend_from_slice(&[b'\\', c as u8]),
            _ => out.push(c as u8),
        }
    }
    out
}

fn hex(bytes: &[u8], upper: bool) -> Vec<u8> {
    let digits: &[u8; 16] = if upper {
        b"0123456789ABCDEF"
    } else {
        b"0123456789abcdef"
    };
    let digit = |n: u8| super::bytes::at(digits, usize::from(n));
    bytes
        .iter()
        .flat_map(|b| [digit(b >> 4), digit(b & 15)])
        .collect()
}

/// The characters that are the same in the base64 of any text that holds `secret` at `offset`
/// modulo three.
fn base64_at(secret: &[u8], offset: usize, engine: &impl Engine) -> Vec<u8> {
    let padded = [vec![0; offset], secret.to_vec()].concat();
    let text = engine.encode(padded);
    // The first characters mix with what stands before, the last with what stands behind.
    let start = [0, 2, 3].get(offset).copied().unwrap_or(0);
    let end = (offset + secret.len()) * 8 / 6;
    super::bytes::cut(text.as_bytes(), start, end).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_in_every_form() {
        let learned = Learned::default();
        let secret = b"p\"4ss w'rd/9+x&z";
        assert!(learned.add(secret, RuleId::new("r"), Class::Password, false));
        let forms = learned.forms(0);
        let known = |text: &str| {
            forms
                .iter()
                .any(|f| memchr::memmem::find(text.as_bytes(), &f.text).is_some())
        };
        for text in [
            "p\"4ss w'rd/9+x&z",
            "x=p%224ss%20w%27rd%2F9%2Bx%26z&",
            "p%224ss+w%27rd%2f9%2bx%26z",
            "7022347373207727",
            "p''",
            "p\\\"4ss w'rd/9+x&z",
            "p\"4ss w''rd/9+x&z",
            "p\\\"4ss\\ w\\'rd/9+x\\&z",
            "p&quot;4ss w&#39;rd/9+x&amp;z",
        ] {
            assert_eq!(
                known(text),
                text != "p''" && text != "7022347373207727",
                "{text}"
            );
        }
        for lead in ["", "a", "ab", "abc"] {
            let text = STANDARD_NO_PAD.encode([lead.as_bytes(), secret, b" tail"].concat());
            assert!(known(&text), "{lead}");
        }
    }

    #[test]
    fn what_stands_everywhere_is_not_learned() {
        let learned = Learned::default();
        for common in [
            "admin",
            "postgres",
            "12345678",
            "2026-05-04",
            "aaaaaaaaaaaaaaaa",
            "secret",
            "web_rw",
        ] {
            assert!(
                !learned.add(common.as_bytes(), RuleId::new("r"), Class::Password, false),
                "{common}"
            );
        }
        assert!(learned.add(b"hunter2", RuleId::new("prompt"), Class::Password, true));
        assert!(
            !learned.add(b"hunter2", RuleId::new("prompt"), Class::Password, true),
            "known"
        );
        assert_eq!(
            format!("{learned:?}"),
            "Learned(Shared { version: 1, store: Mutex { data: 1 secrets, poisoned: false, .. } })"
        );
    }
}
