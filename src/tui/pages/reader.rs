//! A text to read, or a list to choose from, in front of everything else.

use super::super::filter;
use super::super::folded::{Folded, Row};
use super::super::keys::Action;
use super::super::list::List;
use super::super::model::Model;
use super::super::msg::Effect;
use super::super::prompt::{Prompt, Wanted};
use crate::player::Way;
use regex::Regex;
use std::sync::Arc;

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
    /// The selected line where there is a choice, else the first row shown.
    pub list: List,
    /// What is looked for in the text.
    pub wanted: Option<Regex>,
    /// The row in which it was found last, until the text is moved.
    found: Option<usize>,
    /// The text in rows.
    folded: Folded,
}

impl Reader {
    /// A text.
    pub fn text(title: impl Into<String>, text: &str) -> Reader {
        let lines = text.lines().map(|line| ReaderLine::new(line, Tone::Plain));
        Reader {
            title: title.into(),
            lines: lines.collect(),
            ..Reader::default()
        }
    }

    /// A list to choose from, below a title.
    pub fn choices(title: impl Into<String>, lines: Vec<ReaderLine>) -> Reader {
        Reader {
            title: title.into(),
            list: List {
                selected: 1.min(lines.len().saturating_sub(1)),
                top: 0,
            },
            lines,
            ..Reader::default()
        }
    }

    /// A text in rows of this width: what is read is read whole.
    pub fn rows(&self, width: usize) -> Arc<Vec<Row>> {
        let lines = self.lines.iter().map(|line| line.text.as_str());
        self.folded.rows(width, lines)
    }

    /// The first row after `from`, or before it, in which something that is looked for begins.
    fn next(&self, from: usize, way: Way, width: usize) -> Option<usize> {
        let wanted = self.wanted.as_ref()?;
        let rows = self.rows(width);
        let begins = |place: &usize| {
            let Some(row) = rows.get(*place) else {
                return false;
            };
            // A word may go on in the next row.
            let mut text = row.text.clone();
            if let Some(next) = rows.get(*place + 1).filter(|_| row.goes_on) {
                text.push_str(&next.text);
            }
            let mut found = wanted.find_iter(&text);
            found.any(|found| found.start() < row.text.len())
        };
        match way {
            Way::Forward => (from + 1..rows.len()).find(begins),
            Way::Back => (0..from).rev().find(begins),
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

/// Rows that a text has in a window of this size.
fn height(model: &Model) -> usize {
    usize::from(model.size.rows.saturating_sub(2)).max(1)
}

/// What an action does.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    let height = height(model);
    let width = usize::from(model.size.cols);
    let Some(super::Page::Reader(reader)) = model.pages.last_mut() else {
        return Vec::new();
    };
    let chooses = reader.chooses();
    if chooses {
        let lines = reader.lines.len();
        if super::step(&mut reader.list, action, lines, height) {
            return Vec::new();
        }
    } else {
        // Nothing is selected: the text itself moves.
        let mut top = List {
            selected: reader.list.top,
            top: 0,
        };
        let rows = reader.rows(width).len();
        let last = (rows + 1).saturating_sub(height).max(1);
        if super::step(&mut top, action, last, height) {
            reader.list.top = top.selected;
            reader.found = None;
            return Vec::new();
        }
    }
    match action {
        Action::Open => {
            let line = reader.lines.get(reader.list.selected);
            match line.and_then(|line| line.choice.clone()) {
                Some(Choice::Facet(condition)) => facet(model, &condition),
                None => Vec::new(),
            }
        }
        Action::CopyOutput => vec![Effect::Copy(reader.all())],
        Action::Pager => vec![Effect::Page(reader.all())],
        Action::Filter if !chooses => {
            model.prompt = Some(Prompt::new(Wanted::InText));
            Vec::new()
        }
        Action::NextMatch => go_on(model, Way::Forward),
        Action::PreviousMatch => go_on(model, Way::Back),
        _ => Vec::new(),
    }
}

/// Puts a condition into the filter or takes it out; the list stays, for a second one.
fn facet(model: &mut Model, condition: &str) -> Vec<Effect> {
    let effects = model.browser.toggle_facet(condition);
    let browser = &model.browser;
    let anew = filter::facets(&browser.sessions, browser.filter.text());
    if let Some(super::Page::Reader(reader)) = model.pages.last_mut() {
        reader.lines = anew.lines;
    }
    effects
}

/// Something to look for was typed.
pub fn typed(model: &mut Model, text: &str) -> Vec<Effect> {
    let width = usize::from(model.size.cols);
    let Some(super::Page::Reader(reader)) = model.pages.last_mut() else {
        return Vec::new();
    };
    let wanted = Regex::new(&format!("(?i){}", regex::escape(text)));
    reader.wanted = wanted.ok().filter(|_| !text.is_empty());
    reader.found = None;
    let here = reader.rows(width).get(reader.list.top).cloned();
    let here = |wanted: &Regex| here.is_some_and(|row| wanted.is_match(&row.text));
    match reader.wanted.as_ref().is_none_or(here) {
        true => Vec::new(),
        false => go_on(model, Way::Forward),
    }
}

/// To the next place that holds what is looked for.
fn go_on(model: &mut Model, way: Way) -> Vec<Effect> {
    let height = height(model);
    let width = usize::from(model.size.cols);
    let Some(super::Page::Reader(reader)) = model.pages.last_mut() else {
        return Vec::new();
    };
    let from = reader.found.unwrap_or(reader.list.top);
    match reader.next(from, way, width) {
        Some(row) => {
            reader.found = Some(row);
            let last = (reader.rows(width).len() + 1).saturating_sub(height);
            reader.list.top = row.min(last);
        }
        None => {
            let said = match (reader.wanted.is_some(), way) {
                (false, _) => "/ looks for something",
                (true, Way::Forward) => "it is not further down",
                (true, Way::Back) => "it is not further up",
            };
            model.notice = Some(said.to_owned());
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_is_found_across_a_fold() {
        let mut reader = Reader::text("value", "abcdef\nxxDExx\nend");
        reader.wanted = Regex::new("(?i)de").ok();
        // abc, def, xxD, Exx, end
        assert_eq!(reader.rows(3).len(), 5);
        assert_eq!(reader.next(0, Way::Forward, 3), Some(1));
        assert_eq!(reader.next(1, Way::Forward, 3), Some(2));
        assert_eq!(reader.next(2, Way::Forward, 3), None);
        assert_eq!(reader.next(2, Way::Back, 3), Some(1));
        // abcd, ef, xxDE, xx, end
        assert_eq!(reader.next(0, Way::Forward, 4), Some(2));
    }
}
