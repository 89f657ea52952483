//! Masking after the fact: what the owner wants gone from a recording that is already there.
//!
//! First everything that can be read is searched for the pattern; then the session is masked again
//! with what was found as secrets that stand anywhere, in any form they are written down in.

use super::Again;
use crate::mask::{RuleId, Rules, Scanner};
use crate::model::{Body, Event, Labels, Meta};
use crate::timeline::{Builder, Part};
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The rule's name in a recording.
pub const RULE: &str = "redacted";

/// Shorter texts would stand in everything.
const LENGTH_MIN: usize = 3;
/// Different texts that one redaction may find; more is no redaction but another recording.
const TEXTS_MAX: usize = 400;
/// Raw output of one line that is searched at a time.
const LINE_MAX: usize = 64 << 10;

/// What to redact: a text as it stands, or `/a regular expression/`.
#[derive(Clone, Debug)]
pub struct Wanted {
    regex: Regex,
}

/// Why a pattern is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    /// Its text is too short.
    #[error("a text of fewer than {LENGTH_MIN} bytes would stand in everything")]
    Short,
    /// It is no regular expression.
    #[error("this regular expression is wrong: {0}")]
    Regex(String),
}

impl std::str::FromStr for Wanted {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Wanted, BadPattern> {
        let inner = text.strip_prefix('/').and_then(|t| t.strip_suffix('/'));
        let source = match inner.filter(|inner| !inner.is_empty()) {
            Some(expression) => expression.to_owned(),
            None if text.trim().len() < LENGTH_MIN => return Err(BadPattern::Short),
            None => regex::escape(text.trim()),
        };
        let regex = Regex::new(&source).map_err(|error| {
            let said = error.to_string();
            let last = said.lines().last().unwrap_or_default().trim();
            BadPattern::Regex(last.trim_start_matches("error: ").to_owned())
        })?;
        Ok(Wanted { regex })
    }
}

/// Searches a session for what is to go.
pub struct Finder<'w> {
    wanted: &'w Wanted,
    builder: Builder,
    line: Vec<u8>,
    found: Found,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The texts, each once.
    pub texts: BTreeSet<String>,
    /// Some were too short to be told from other text.
    pub short: bool,
    /// There were more than can be handled.
    pub many: bool,
}

impl<'w> Finder<'w> {
    /// Begins with what is known of the session besides its events.
    pub fn new(wanted: &'w Wanted, meta: &Meta, labels: &Labels) -> Finder<'w> {
        let mut finder = Finder {
            wanted,
            builder: Builder::new(meta.size, 0),
            line: Vec::new(),
            found: Found::default(),
        };
        let target = &meta.target;
        let own = [&meta.command, &meta.client, &meta.directory];
        let named = [&target.host, &target.database, &target.user];
        for text in own.into_iter().chain(named.into_iter().flatten()) {
            finder.text(text);
        }
        for text in labels
            .tags
            .iter()
            .chain(labels.notes.iter().map(|n| &n.text))
        {
            finder.text(text);
        }
        finder
    }

    /// The next event.
    pub fn push(&mut self, event: &Event) {
        match &event.body {
            Body::Output(data) | Body::Stream { data, .. } => self.raw(data),
            Body::Command(command) => {
                self.text(&command.text);
                self.text(&command.prompt);
            }
            Body::CommandEnd { outcome, .. } => self.text(outcome.as_deref().unwrap_or_default()),
            Body::Marker { label } => self.text(label),
            Body::Gap(gap) => self.text(&gap.detail),
            Body::Wire(wire) => {
                for text in wire.what.texts() {
                    self.text(text);
                }
            }
            Body::Other { fields, data, .. } => {
                self.text(fields);
                self.text(&String::from_utf8_lossy(data));
            }
            Body::Resize(_) | Body::Pause | Body::Resume | Body::Masked { .. } | Body::Exit(_) => {}
        }
        self.builder.push(event);
        let parts: Vec<Part> = self.builder.parts().collect();
        for part in parts {
            self.text(&part.text);
        }
    }

    /// What was found in all of it.
    pub fn finish(mut self) -> Found {
        let line = std::mem::take(&mut self.line);
        self.text(&String::from_utf8_lossy(&line));
        let builder = std::mem::replace(
            &mut self.builder,
            Builder::outline(crate::model::Size { cols: 0, rows: 0 }),
        );
        for part in builder.finish().1 {
            self.text(&part.text);
        }
        self.found
    }

    /// Bytes as they were drawn: a full-screen program shows what no command printed.
    fn raw(&mut self, data: &[u8]) {
        for byte in data {
            if matches!(byte, b'\n' | b'\r') || self.line.len() >= LINE_MAX {
                let line = std::mem::take(&mut self.line);
                self.text(&String::from_utf8_lossy(&line));
            } else {
                self.line.push(*byte);
            }
        }
    }

    fn text(&mut self, text: &str) {
        for line in text.lines() {
            for found in self.wanted.regex.find_iter(line) {
                let found = found.as_str().trim();
                if found.len() < LENGTH_MIN {
                    self.found.short |= !found.is_empty();
                } else if self.found.texts.len() >= TEXTS_MAX {
                    self.found.many |= !self.found.texts.contains(found);
                } else {
                    self.found.texts.insert(found.to_owned());
                }
            }
        }
    }
}

impl Again {
    /// Begins to mask a session so that nothing of `found` is left.
    pub fn without(rules: &Arc<Rules>, found: &Found, meta: &Meta) -> (Again, Meta) {
        Again::by(forbidding(rules, found), meta)
    }
}

/// `labels` without anything of `found`.
pub fn labels_without(rules: &Arc<Rules>, found: &Found, labels: &Labels) -> Labels {
    let mut scanner = forbidding(rules, found);
    let mut labels = labels.clone();
    for note in &mut labels.notes {
        note.text = scanner.text(&note.text);
    }
    labels.tags = labels.tags.iter().map(|tag| scanner.text(tag)).collect();
    labels
}

fn forbidding(rules: &Arc<Rules>, found: &Found) -> Scanner {
    let mut scanner = Scanner::new(Arc::clone(rules));
    for text in &found.texts {
        scanner.forbid(text.as_bytes(), RuleId::new(RULE));
    }
    scanner
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Command, Micros, SessionId, Size, Stamp, Target};

    fn meta() -> Meta {
        Meta {
            id: SessionId([0; 16]),
            client: "psql".into(),
            command: "psql -h stealth-host".into(),
            target: Target {
                host: Some("stealth-host".into()),
                ..Target::default()
            },
            started: Stamp(0),
            utc_offset: 0,
            size: Size { cols: 40, rows: 10 },
            term: String::new(),
            machine: String::new(),
            login: String::new(),
            directory: String::new(),
            version: String::new(),
        }
    }

    fn events(parts: &[&str]) -> Vec<Event> {
        let mut events = vec![Event {
            at: Micros(0),
            body: Body::Command(Command {
                number: 1,
                text: "cat plan-of-stealth-host".into(),
                prompt: "$ ".into(),
                prompt_at: Micros(0),
            }),
        }];
        let parts = (1..).zip(parts);
        events.extend(parts.map(|(at, part)| Event {
            at: Micros(at),
            body: Body::Output(part.as_bytes().to_vec()),
        }));
        events
    }

    fn redacted(pattern: &str, events: &[Event]) -> (Found, Meta, String) {
        let wanted: Wanted = pattern.parse().unwrap();
        let mut finder = Finder::new(&wanted, &meta(), &Labels::default());
        events.iter().for_each(|event| finder.push(event));
        let found = finder.finish();
        let (mut again, meta) = Again::without(&Rules::builtin(), &found, &meta());
        let mut after: Vec<Event> = events.iter().flat_map(|e| again.push(e)).collect();
        after.extend(again.finish());
        let mut bytes = Vec::new();
        for event in &after {
            crate::model::codec::encode(event, &mut bytes);
        }
        (found, meta, String::from_utf8_lossy(&bytes).into_owned())
    }

    #[test]
    fn a_text_goes_wherever_and_however_it_is_written() {
        let long = "x".repeat(35);
        let parts = [
            "see ste",
            "alth-h\x1b[1most\x1b[m here\r\n",
            // Wrapped by the terminal.
            &format!("{long}stealth-host\r\n"),
            "url=stealth%2Dhost c3RlYWx0aC1ob3N0\r\n",
            "nothing here\r\n",
        ];
        let (found, meta, after) = redacted("stealth-host", &events(&parts));
        assert_eq!(found.texts.len(), 1);
        assert!(
            !after.contains("stealth-host") && !after.contains("alth-h"),
            "{after}"
        );
        assert!(!after.contains("c3RlYWx0aC1ob3N0") && !after.contains("stealth%2Dhost"));
        assert!(after.contains("nothing here") && after.contains("cat plan-of-"));
        assert!(after.contains(RULE));
        assert!(
            !meta.command.contains("stealth") && meta.target.host != Some("stealth-host".into())
        );
    }

    #[test]
    fn an_expression_finds_all_that_fits() {
        let parts = ["ids AB-1234, AB-9876 and CD-1111\r\n"];
        let (found, _, after) = redacted("/AB-[0-9]{4}/", &events(&parts));
        let texts: Vec<&str> = found.texts.iter().map(String::as_str).collect();
        assert_eq!(texts, ["AB-1234", "AB-9876"]);
        assert!(
            !after.contains("AB-") && after.contains("CD-1111"),
            "{after}"
        );
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        assert_eq!("ab".parse::<Wanted>().unwrap_err(), BadPattern::Short);
        let error = "/(/".parse::<Wanted>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "this regular expression is wrong: unclosed group"
        );
        let (found, ..) = redacted("/o/", &events(&["so so\r\n"]));
        assert!(found.short && found.texts.is_empty());
    }
}
