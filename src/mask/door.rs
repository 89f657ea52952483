//! The door: the only way to a [`Masked`] value, and the second look that guards it.
//!
//! What is about to be stored is looked at once more, as text with its escape sequences removed,
//! by means that share no code with the scanner: the learned secrets in all forms ([`Known`]),
//! and a few expressions for what must never pass. A hit keeps the value out.

use super::known::Known;
use super::learned::Learned;
use super::own::OnDoubt;
use super::rules::Rules;
use super::span::RuleId;
use crate::model::{Body, Event, Meta, Summary};
use aho_corasick::packed::Searcher;
use regex::bytes::Regex;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// How much of a stream's end is looked at again together with what follows it.
const CARRY: usize = 256;
/// More forms than those of all secrets that a session keeps.
const FORMS_MAX: usize = 16 << 10;

/// A value that passed both looks. Nothing but [`Door::admit`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masked<T>(T);

impl<T> Masked<T> {
    /// The value; it only goes down from here, to where it is stored.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Masked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Why a value was kept out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("something that looks like a secret ({rule}) was still there after masking")]
pub struct Doubt {
    /// What the second look took it for.
    pub rule: RuleId,
}

/// What the second look must see of a value.
pub trait Viewable {
    /// Shows every text that a reader of the value could read.
    fn view(&self, look: &mut Look<'_>);
}

/// The second look at one value.
pub struct Look<'a> {
    door: &'a mut Door,
    doubt: Option<Doubt>,
}

/// The second look of one session.
pub struct Door {
    learned: Learned,
    /// For what the owner allows, and what happens in doubt.
    own: Arc<Rules>,
    /// The last doubt in spite of which a value was let through.
    kept: Option<Doubt>,
    version: u64,
    known: Known,
    /// The end of each stream's text: the terminal's, then descriptors 1 and 2.
    carry: [Vec<u8>; 3],
    plain: Vec<u8>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Door({:?})", self.learned)
    }
}

impl Door {
    pub(crate) fn new(learned: Learned, own: Arc<Rules>) -> Self {
        Door {
            learned,
            own,
            kept: None,
            version: 0,
            known: Known::default(),
            carry: Default::default(),
            plain: Vec::new(),
        }
    }

    /// Lets `value` through unless something in it still looks like a secret; then too, if its owner
    /// wants it so ([`Door::kept`] tells).
    ///
    /// # Errors
    /// The doubt; the value is gone.
    pub fn admit<T: Viewable>(&mut self, value: T) -> Result<Masked<T>, Doubt> {
        self.refresh();
        let mut look = Look {
            door: self,
            doubt: None,
        };
        value.view(&mut look);
        let doubt = look.doubt;
        match doubt {
            None => Ok(Masked(value)),
            Some(doubt) if self.own.on_doubt() == OnDoubt::Keep => {
                self.kept = Some(doubt);
                Ok(Masked(value))
            }
            Some(doubt) => {
                // What follows must not be judged together with what was dropped.
                self.carry.iter_mut().for_each(Vec::clear);
                Err(doubt)
            }
        }
    }

    /// The doubt in spite of which the last value was let through, since its owner wants it so.
    pub fn kept(&mut self) -> Option<Doubt> {
        self.kept.take()
    }

    fn refresh(&mut self) {
        let version = self.learned.version();
        if version == self.version {
            return;
        }
        // The oldest secrets are forgotten one by one, but filed anew only now and then.
        if self.known.len() > FORMS_MAX {
            self.known = Known::default();
            self.version = 0;
        }
        for form in self.learned.forms(self.version) {
            self.known.add(form);
        }
        self.version = version;
    }

    /// The doubt about `text`, whose first `seen` bytes passed before. They are past keeping out: a
    /// secret that was learned since, and stands in them whole, says nothing of what follows.
    fn judge(&self, text: &[u8], seen: usize) -> Option<Doubt> {
        if let Some(rule) = self.known.find(text, seen) {
            return Some(Doubt { rule });
        }
        begins(text)
            .then(strong)?
            .iter()
            .find(|(_, expression)| {
                let mut found = expression.find_iter(text);
                found.any(|found| found.end() > seen && !self.own.allows(found.as_bytes()))
            })
            .map(|(rule, _)| Doubt { rule: *rule })
    }
}

impl Look<'_> {
    /// A text of its own.
    pub fn text(&mut self, text: &[u8]) {
        if self.doubt.is_some() {
            return;
        }
        if !controls(text) {
            // As most texts: it is what a viewer reads.
            self.doubt = self.door.judge(text, 0);
        } else {
            let mut plain = std::mem::take(&mut self.door.plain);
            plain.clear();
            strip(text, &mut plain);
            self.doubt = self.door.judge(&plain, 0);
            self.door.plain = plain;
        }
    }

    /// The next part of a stream: 0 is the terminal's, 1 and 2 are descriptors.
    pub fn stream(&mut self, number: u8, text: &[u8]) {
        if self.doubt.is_some() {
            return;
        }
        let number = usize::from(number).min(2);
        let mut plain = std::mem::take(&mut self.door.plain);
        plain.clear();
        plain.extend_from_slice(self.door.carry.get(number).map_or(&[][..], Vec::as_slice));
        let seen = plain.len();
        strip(text, &mut plain);
        self.doubt = self.door.judge(&plain, seen);
        if let Some(carry) = self.door.carry.get_mut(number) {
            carry.clear();
            let tail = plain.len().saturating_sub(CARRY);
            carry.extend_from_slice(plain.get(tail..).unwrap_or_default());
        }
        self.door.plain = plain;
    }
}

/// What each of [`strong`]'s alternatives begins with.
const BEGINNINGS: [&str; 14] = [
    "-----BEGIN ",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xox",
    "sk_live_",
    "npm_",
    "AGE-SECRET-KEY-1",
    "SG.",
    "eyJ",
];

/// Whether any of [`BEGINNINGS`] stands in `text`: one vectorised pass, which is all that most text
/// costs.
fn begins(text: &[u8]) -> bool {
    static SEARCHER: OnceLock<Option<Searcher>> = OnceLock::new();
    let searcher = SEARCHER.get_or_init(|| Searcher::new(BEGINNINGS));
    // A processor without vectors has no such searcher.
    searcher
        .as_ref()
        .is_none_or(|searcher| searcher.find(text).is_some())
}

/// What must never pass, whatever the scanner said.
fn strong() -> &'static [(RuleId, Regex)] {
    static STRONG: OnceLock<Vec<(RuleId, Regex)>> = OnceLock::new();
    STRONG.get_or_init(|| {
        let expressions = [
            ("private-key", r"(?-u)-----BEGIN [A-Z ]{0,24}PRIVATE KEY-----\s*(?:\\n)?[A-Za-z0-9+/]{24}"),
            ("provider-token", r"(?-u)(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50}|glpat-[A-Za-z0-9_-]{20}|xox[abprs]-[0-9A-Za-z-]{20}|sk_live_[0-9A-Za-z]{20}|npm_[A-Za-z0-9]{36}|AGE-SECRET-KEY-1[0-9A-Z]{50}|SG\.[A-Za-z0-9_-]{20}\.[A-Za-z0-9_-]{30}|eyJ[A-Za-z0-9_-]{14,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{16})"),
        ];
        let compiled = expressions.into_iter().filter_map(|(rule, expression)| {
            Some((RuleId::new(rule), Regex::new(expression).ok()?))
        });
        compiled.collect()
    })
}

/// Whether there is anything for [`strip`] to take away.
fn controls(text: &[u8]) -> bool {
    memchr::memchr3(0x1b, 0x08, 0x07, text).is_some()
}

/// Appends `text` without its escape sequences, backspaces and bells.
fn strip(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(escape) = memchr::memchr3(0x1b, 0x08, 0x07, rest) {
        let (before, after) = rest.split_at(escape);
        out.extend_from_slice(before);
        rest = skip_escape(after);
    }
    out.extend_from_slice(rest);
}

/// Behind the control character or sequence that `text` begins with. The text of an OSC stays:
/// titles are read too.
fn skip_escape(text: &[u8]) -> &[u8] {
    let [0x1b, kind, rest @ ..] = text else {
        return text.get(1..).unwrap_or_default();
    };
    match kind {
        b'[' => {
            let end = rest.iter().position(|c| (0x40..=0x7e).contains(c));
            end.and_then(|end| rest.get(end + 1..)).unwrap_or_default()
        }
        b'(' | b')' | b'#' | b'%' => rest.get(1..).unwrap_or_default(),
        _ => rest,
    }
}

impl Viewable for Event {
    fn view(&self, look: &mut Look<'_>) {
        match &self.body {
            Body::Output(data) => look.stream(0, data),
            Body::Stream { fd, data } => look.stream(*fd, data),
            Body::Command(command) => {
                look.text(command.text.as_bytes());
                look.text(command.prompt.as_bytes());
            }
            Body::CommandEnd { outcome, .. } => {
                look.text(outcome.as_deref().unwrap_or_default().as_bytes());
            }
            Body::Marker { label } => look.text(label.as_bytes()),
            Body::Wire(wire) => {
                wire.what.each_text(&mut |text| look.text(text.as_bytes()));
            }
            Body::Gap(gap) => look.text(gap.detail.as_bytes()),
            Body::Other { fields, data, .. } => {
                look.text(fields.as_bytes());
                look.text(data);
            }
            Body::Resize(_) | Body::Pause | Body::Resume | Body::Masked { .. } | Body::Exit(_) => {}
        }
    }
}

impl Viewable for Meta {
    fn view(&self, look: &mut Look<'_>) {
        let target = [&self.target.host, &self.target.database, &self.target.user];
        let own = [
            &self.client,
            &self.command,
            &self.term,
            &self.machine,
            &self.login,
            &self.directory,
        ];
        for text in own.into_iter().chain(target.into_iter().flatten()) {
            look.text(text.as_bytes());
        }
    }
}

impl Viewable for crate::model::Labels {
    fn view(&self, look: &mut Look<'_>) {
        let notes = self.notes.iter().map(|note| &note.text);
        self.tags
            .iter()
            .chain(notes)
            .for_each(|text| look.text(text.as_bytes()));
    }
}

impl Viewable for Summary {
    fn view(&self, look: &mut Look<'_>) {
        for rule in self.masked.keys() {
            look.text(rule.as_bytes());
        }
        if let Some(opened) = &self.opened {
            for text in [&opened.server, &opened.user, &opened.database] {
                look.text(text.as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::{Class, Rules, Scanner};
    use crate::model::Micros;

    fn output(data: &[u8]) -> Event {
        Event {
            at: Micros(0),
            body: Body::Output(data.to_vec()),
        }
    }

    #[test]
    fn a_learned_secret_does_not_pass_coloured_encoded_or_split() {
        let scanner = Scanner::new(Rules::builtin());
        let mut door = scanner.door();
        assert!(door.admit(output(b"say tr0ub4dor-3 aloud")).is_ok());
        scanner
            .door()
            .learned
            .add(b"tr0ub4dor-3", RuleId::new("t"), Class::Password, false);
        for text in [
            &b"say tr0ub4dor-3"[..],
            b"tr0u\x1b[01;31mb4d\x1b[mor-3",
            b"dHIwdWI0ZG9yLTM=",
        ] {
            assert_eq!(
                door.admit(output(text)),
                Err(Doubt {
                    rule: RuleId::new("t")
                })
            );
        }
        assert!(door.admit(output(b"tr0ub4")).is_ok());
        assert!(
            door.admit(output(b"dor-3")).is_err(),
            "split over two events"
        );
        assert!(door.admit(output(b"harmless")).is_ok());
    }

    #[test]
    fn what_passed_before_it_was_learned_keeps_nothing_out_that_follows() {
        let scanner = Scanner::new(Rules::builtin());
        let mut door = scanner.door();
        assert!(door.admit(output(b"say tr0ub4dor-3 aloud, tr0ub")).is_ok());
        let (secret, rule) = (b"tr0ub4dor-3", RuleId::new("t"));
        let learned = &scanner.door().learned;
        learned.add(secret, rule, Class::Password, false);
        assert!(door.admit(output(b" is the beginning\r\n")).is_ok());
        assert!(door.admit(output(b"of tr0ub4dor-3")).is_err());
        assert!(door.admit(output(b"tr0ub4dor")).is_ok());
        assert!(door.admit(output(b"-3")).is_err(), "its end follows");
    }

    #[test]
    fn strong_shapes_do_not_pass_unlearned() {
        let mut door = Scanner::new(Rules::builtin()).door();
        for beginning in BEGINNINGS {
            let shape = match beginning {
                "-----BEGIN " => "-----BEGIN RSA PRIVATE KEY-----\r\n".to_owned(),
                "xox" => "xoxb-".to_owned(),
                "SG." => format!("SG.{}.", "a1B2".repeat(5)),
                "eyJ" => format!("eyJ{}.eyJ{}.", "a1B2".repeat(4), "a1B2".repeat(3)),
                other => other.to_owned(),
            };
            let tail = if beginning.starts_with("AGE") {
                "A1B2".repeat(13)
            } else {
                "a1B2".repeat(13)
            };
            let shape = format!("it is {shape}{}", &tail[..tail.len().min(52)]);
            assert!(door.admit(output(shape.as_bytes())).is_err(), "{shape}");
        }
        assert!(
            door.admit(output(b"-----BEGIN CERTIFICATE-----\r\nMIIB"))
                .is_ok()
        );
    }
}
