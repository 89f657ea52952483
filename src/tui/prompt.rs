//! A line that is asked for at the bottom of a view, and the palette of actions.

use super::keys::{Binding, Keymap, Scope};
use super::line::TypedLine;
use super::list::List;
use crate::model::{Micros, SessionId};

/// What a line is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Tags for these sessions.
    Tags(Vec<SessionId>),
    /// `yes`, to forget these sessions; what they are called.
    Forget(Vec<SessionId>, String),
    /// A sentence about a moment.
    Note(SessionId, Micros),
    /// A pattern that an export masks too.
    Pattern,
    /// Where an export is written.
    File,
    /// When an export begins.
    From,
    /// When it ends.
    To,
    /// What is looked for in the text that is read.
    InText,
    /// What is looked for in the session that is played.
    InSession,
    /// A time to go to.
    Time,
}

impl Wanted {
    /// What stands before the line.
    pub fn label(&self) -> String {
        match self {
            Wanted::Tags(ids) => match ids.len() {
                1 => "tags (-tag takes one off): ".to_owned(),
                n => format!("tags for {n} sessions (-tag takes one off): "),
            },
            Wanted::Forget(_, name) => format!("forget {name}? type yes: "),
            Wanted::Note(..) => "note: ".to_owned(),
            Wanted::Pattern => "mask too (a regular expression): ".to_owned(),
            Wanted::File => "write to: ".to_owned(),
            Wanted::From => "from (1:50, 1m10s; nothing is the start): ".to_owned(),
            Wanted::To => "to (2:20, 1m10s; nothing is the end): ".to_owned(),
            Wanted::InText => "/".to_owned(),
            Wanted::InSession => "find in this session: ".to_owned(),
            Wanted::Time => "go to (1:50, +30s, -1m, 40%): ".to_owned(),
        }
    }
}

/// A line being asked for.
pub struct Prompt {
    /// What for.
    pub wanted: Wanted,
    /// What was typed.
    pub line: TypedLine,
    /// Why that cannot be taken; until it is changed.
    pub wrong: Option<String>,
}

impl Prompt {
    /// An empty line.
    pub fn new(wanted: Wanted) -> Prompt {
        let mut line = TypedLine::default();
        line.begin();
        Prompt {
            wanted,
            line,
            wrong: None,
        }
    }

    /// What stands before the line: what is asked for, or what is wrong with what was typed.
    pub fn label(&self) -> String {
        match &self.wrong {
            Some(wrong) => format!("{wrong}: "),
            None => self.wanted.label(),
        }
    }
}

/// Actions by their names.
pub struct Palette {
    /// Words that narrow them.
    pub line: TypedLine,
    /// The selected one.
    pub list: List,
    /// Where it was opened: what is done is done there.
    pub scope: Scope,
}

impl Palette {
    /// The palette of a view.
    pub fn new(scope: Scope) -> Palette {
        let mut line = TypedLine::default();
        line.begin();
        Palette {
            line,
            list: List::default(),
            scope,
        }
    }

    /// The actions that the words let through, from the one key map.
    pub fn found<'k>(&self, keymap: &'k Keymap) -> Vec<&'k Binding> {
        let words: Vec<String> = self
            .line
            .text()
            .split_whitespace()
            .map(str::to_lowercase)
            .collect();
        let here = |binding: &&Binding| {
            let scope = binding.scope == self.scope || binding.scope == Scope::Everywhere;
            let text = format!("{} {}", binding.action.name(), binding.help).to_lowercase();
            scope && words.iter().all(|word| text.contains(word))
        };
        keymap.bindings().iter().filter(here).collect()
    }
}
