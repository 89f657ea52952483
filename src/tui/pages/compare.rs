//! Two sessions, or two runs of a statement, side by side.

use super::super::keys::Action;
use super::super::list::List;
use super::super::model::Model;
use super::super::msg::{Effect, Look, Request};
use super::Page;
use super::reader::{Reader, ReaderLine, Tone};
use crate::insight::{Compared, Difference, LineChange, RowChange, Side, difference};
use crate::model::when;
use crate::player::Jump;
use std::sync::Arc;

/// What was compared.
pub enum Comparison {
    /// Two sessions, command by command.
    Sessions(Vec<Compared>),
    /// Two runs.
    Runs(Box<(Side, Side)>),
}

/// The page's state.
pub struct Compare {
    /// The first, and what it is called.
    pub left: (Look, String),
    /// The second.
    pub right: (Look, String),
    /// What came of it.
    pub found: Option<Arc<Comparison>>,
    /// Why nothing did.
    pub wrong: Option<String>,
    /// The selected line.
    pub list: List,
    /// Lines that are the same are left out.
    pub hides_same: bool,
}

impl Compare {
    /// Opens the page on two sessions, or on two commands.
    pub fn open(model: &mut Model, left: Look, right: Look) -> Vec<Effect> {
        let name = |look: Look| {
            let title = model.browser.title_of(look.id);
            match look.command {
                Some(number) => format!("{title} :{number}"),
                None => title,
            }
        };
        let page = Compare {
            left: (left, name(left)),
            right: (right, name(right)),
            found: None,
            wrong: None,
            list: List::default(),
            hides_same: false,
        };
        model.pages.push(Page::Compare(page));
        vec![Effect::Ask(Request::Compare(left, right))]
    }

    /// The lines that are shown, of two sessions.
    pub fn lines(&self) -> Vec<&Compared> {
        match self.found.as_deref() {
            Some(Comparison::Sessions(lines)) => {
                let wanted = |line: &&Compared| !self.hides_same || line.differs() != Some(false);
                lines.iter().filter(wanted).collect()
            }
            Some(Comparison::Runs(_)) | None => Vec::new(),
        }
    }
}

/// What an action does.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    let height = usize::from(model.size.rows.saturating_sub(4)).max(1);
    let Some(Page::Compare(page)) = model.pages.last_mut() else {
        return Vec::new();
    };
    let lines = page.lines().len();
    if super::step(&mut page.list, action, lines, height) {
        return Vec::new();
    }
    match action {
        Action::ToggleSame => {
            page.hides_same = !page.hides_same;
            page.list = List::default();
            Vec::new()
        }
        Action::Open => {
            let selected = page
                .lines()
                .get(page.list.selected)
                .map(|line| (*line).clone());
            let (left, right) = (page.left.0.id, page.right.0.id);
            match selected {
                Some(Compared {
                    left: Some(one),
                    right: Some(other),
                }) => {
                    model.pages.push(Page::Reader(runs(&one, &other)));
                    Vec::new()
                }
                Some(Compared {
                    left: Some(one), ..
                }) => super::play(model, left, Jump::Outcome(one.number)),
                Some(Compared {
                    right: Some(other), ..
                }) => super::play(model, right, Jump::Outcome(other.number)),
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// What came of the comparison.
pub fn take(model: &mut Model, (left, right): (Look, Look), found: Result<Comparison, String>) {
    let wanted = |page: &&mut Page| matches!(page, Page::Compare(c) if (c.left.0, c.right.0) == (left, right));
    let Some(Page::Compare(page)) = model.pages.iter_mut().find(wanted) else {
        return;
    };
    match found {
        Ok(Comparison::Runs(sides)) => {
            let reader = runs(&sides.0, &sides.1);
            // Two runs have nothing to choose among: their difference itself is the page.
            model.pages.retain(
                |page| !matches!(page, Page::Compare(c) if (c.left.0, c.right.0) == (left, right)),
            );
            model.pages.push(Page::Reader(reader));
        }
        Ok(found) => page.found = Some(Arc::new(found)),
        Err(why) => page.wrong = Some(why),
    }
}

/// Two runs, line by line.
fn runs(left: &Side, right: &Side) -> Reader {
    let head = |mark: &str, side: &Side, tone| {
        let took = side.took.map(when::took).unwrap_or_default();
        let outcome = side.outcome.as_deref().unwrap_or_default();
        ReaderLine::new(format!("{mark} {}  ({took} {outcome})", side.text), tone)
    };
    let mut lines = vec![
        head("-", left, Tone::Bad),
        head("+", right, Tone::Good),
        ReaderLine::default(),
    ];
    match difference(left, right) {
        Difference::Rows(columns, rows) => {
            let texts = |row: &[Option<String>]| -> Vec<String> {
                let cell =
                    |cell: &Option<String>| cell.clone().unwrap_or_else(|| "NULL".to_owned());
                row.iter().map(cell).collect()
            };
            let mut table = vec![(" ", columns, Tone::Quiet)];
            for row in rows {
                match row {
                    RowChange::Same(row) => table.push((" ", texts(&row), Tone::Plain)),
                    RowChange::Changed(before, now) => {
                        table.push(("-", texts(&before), Tone::Bad));
                        table.push(("+", texts(&now), Tone::Good));
                    }
                    RowChange::Gone(row) => table.push(("-", texts(&row), Tone::Bad)),
                    RowChange::Come(row) => table.push(("+", texts(&row), Tone::Good)),
                }
            }
            lines.extend(in_columns(&table));
        }
        Difference::Lines(changes) => {
            let line = |change| match change {
                LineChange::Same(text) => ReaderLine::new(format!("  {text}"), Tone::Plain),
                LineChange::Gone(text) => ReaderLine::new(format!("- {text}"), Tone::Bad),
                LineChange::Come(text) => ReaderLine::new(format!("+ {text}"), Tone::Good),
            };
            lines.extend(changes.into_iter().map(line));
        }
    }
    Reader {
        title: "Two runs".to_owned(),
        lines,
        list: List::default(),
    }
}

/// Cells under each other.
fn in_columns(rows: &[(&str, Vec<String>, Tone)]) -> Vec<ReaderLine> {
    use unicode_width::UnicodeWidthStr;
    let mut widths: Vec<usize> = Vec::new();
    for (_, cells, _) in rows {
        for (place, cell) in cells.iter().enumerate() {
            let width = cell.width().min(40);
            match widths.get_mut(place) {
                Some(widest) => *widest = (*widest).max(width),
                None => widths.push(width),
            }
        }
    }
    let line = |(mark, cells, tone): &(&str, Vec<String>, Tone)| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| {
            let blanks = width.saturating_sub(cell.width());
            format!("{}{}", cell.replace('\n', "⏎"), " ".repeat(blanks))
        });
        let cells: Vec<String> = cells.collect();
        ReaderLine::new(format!("{mark} {}", cells.join("  ").trim_end()), *tone)
    };
    rows.iter().map(line).collect()
}
