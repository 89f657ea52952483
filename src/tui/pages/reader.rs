//! A text to read, or a list to choose from, in front of everything else.

use super::super::keys::Action;
use super::super::list::List;
use super::super::model::Model;
use super::super::msg::Effect;

/// How a line is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    #[default]
    Plain,
    /// Matters less.
    Quiet,
    /// A title.
    Strong,
    /// A failure, or what is gone.
    Bad,
    /// What has come.
    Good,
    /// A mask, a gap.
    Warning,
}

/// What choosing a line does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Puts a condition into the filter of the sessions, or takes it out.
    Facet(String),
}

/// A line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReaderLine {
    /// What it says.
    pub text: String,
    /// How it is drawn.
    pub tone: Tone,
    /// What choosing it does.
    pub choice: Option<Choice>,
}

impl ReaderLine {
    /// A line that is only read.
    pub fn new(text: impl Into<String>, tone: Tone) -> ReaderLine {
        ReaderLine {
            text: text.into(),
            tone,
            choice: None,
        }
    }
}

/// Its state.
#[derive(Default)]
pub struct Reader {
    /// What it is.
    pub title: String,
    /// The lines.
    pub lines: Vec<ReaderLine>,
    /// The selected line where there is a choice, else the first one shown.
    pub list: List,
}

impl Reader {
    /// A text.
    pub fn text(title: impl Into<String>, text: &str) -> Reader {
        let lines = text.lines().map(|line| ReaderLine::new(line, Tone::Plain));
        Reader {
            title: title.into(),
            lines: lines.collect(),
            list: List::default(),
        }
    }

    /// Whether a line can be chosen.
    pub fn chooses(&self) -> bool {
        self.lines.iter().any(|line| line.choice.is_some())
    }

    fn all(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(|line| line.text.as_str()).collect();
        lines.join("\n")
    }
}

/// What an action does.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    let height = usize::from(model.size.rows.saturating_sub(2)).max(1);
    let Some(super::Page::Reader(reader)) = model.pages.last_mut() else {
        return Vec::new();
    };
    let lines = reader.lines.len();
    if reader.chooses() {
        if super::step(&mut reader.list, action, lines, height) {
            return Vec::new();
        }
    } else {
        // Nothing is selected: the text itself moves.
        let mut top = List {
            selected: reader.list.top,
            top: 0,
        };
        let last = (lines + 1).saturating_sub(height).max(1);
        if super::step(&mut top, action, last, height) {
            reader.list.top = top.selected;
            return Vec::new();
        }
    }
    match action {
        Action::Open => {
            let line = reader.lines.get(reader.list.selected);
            match line.and_then(|line| line.choice.clone()) {
                Some(Choice::Facet(condition)) => {
                    model.pages.pop();
                    model.browser.toggle_facet(&condition)
                }
                None => Vec::new(),
            }
        }
        Action::CopyOutput => vec![Effect::Copy(reader.all())],
        Action::Pager => vec![Effect::Page(reader.all())],
        _ => Vec::new(),
    }
}
