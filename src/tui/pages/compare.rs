//! Two sessions, or two runs of a statement, side by side.

use super::super::keys::Action;
use super::super::list::List;
use super::super::model::Model;
use super::super::msg::{Effect, Look, Request};
use super::Page;
use super::reader::{ReaderLine, Tone};
use crate::insight::{
    Compared, Difference, LineChange, RowChange, Side, difference, line_changes, slower,
};
use crate::model::when;
use crate::player::Jump;
use unicode_width::UnicodeWidthStr;

/// Columns that a text wider than the window moves by.
const SHIFT: usize = 8;

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
    /// Two sessions, command by command, and whether they differ there: results of thousands of rows
    /// must not be compared again with every key.
    pub sessions: Option<Vec<(Compared, Option<bool>)>>,
    /// Two runs, as they are read.
    pub runs: Option<Runs>,
    /// Why nothing came of it.
    pub wrong: Option<String>,
    /// The selected line; of two runs the first one shown.
    pub list: List,
    /// Columns of two runs that are out of sight on the left.
    pub skip: usize,
    /// Lines that are the same are left out.
    pub hides_same: bool,
}

/// Two runs, as they are read.
pub struct Runs {
    lines: Vec<(ReaderLine, bool)>,
    /// Cells of the widest line, measured once.
    widest: usize,
    /// How many of them differ, and what they are: `3 rows differ`.
    pub count: String,
}

impl Compare {
    /// Opens the page on two sessions, or on two commands.
    pub fn open(model: &mut Model, left: Look, right: Look) -> Vec<Effect> {
        Compare::push(model, left, right);
        vec![Effect::Ask(Request::Compare(left, right))]
    }

    fn push(model: &mut Model, left: Look, right: Look) {
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
            sessions: None,
            runs: None,
            wrong: None,
            list: List::default(),
            skip: 0,
            hides_same: false,
        };
        model.pages.push(Page::Compare(page));
    }

    /// The lines that are shown, of two sessions.
    pub fn lines(&self) -> Vec<(&Compared, Option<bool>)> {
        let lines = self.sessions.iter().flatten();
        let shown = lines.filter(|(_, differs)| !self.hides_same || *differs != Some(false));
        shown.map(|(line, differs)| (line, *differs)).collect()
    }

    /// The lines that are shown, of two runs.
    pub fn text(&self) -> Vec<&ReaderLine> {
        let lines = self.runs.iter().flat_map(|runs| &runs.lines);
        let shown = lines.filter(|(_, same)| !self.hides_same || !same);
        shown.map(|(line, _)| line).collect()
    }

    fn all(&self) -> String {
        let lines: Vec<&str> = self.text().iter().map(|line| line.text.as_str()).collect();
        lines.join("\n")
    }

    /// Moves the text of two runs; whether the action does that.
    fn scroll(&mut self, action: Action, height: usize) -> bool {
        let last = (self.text().len() + 1).saturating_sub(height).max(1);
        match action {
            Action::Left => self.skip = self.skip.saturating_sub(SHIFT),
            Action::Right => {
                let widest = self.runs.as_ref().map_or(0, |runs| runs.widest);
                let end = widest.saturating_sub(SHIFT);
                self.skip = (self.skip + SHIFT).min(end.max(self.skip));
            }
            _ => {
                let mut top = List {
                    selected: self.list.top,
                    top: 0,
                };
                if !super::step(&mut top, action, last, height) {
                    return false;
                }
                self.list.top = top.selected;
            }
        }
        true
    }
}

/// What an action does.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    let height = usize::from(model.size.rows);
    let Some(Page::Compare(page)) = model.pages.last_mut() else {
        return Vec::new();
    };
    let moved = match page.runs.is_some() {
        true => page.scroll(action, height.saturating_sub(2).max(1)),
        false => {
            let lines = page.lines().len();
            super::step(
                &mut page.list,
                action,
                lines,
                height.saturating_sub(3).max(1),
            )
        }
    };
    if moved {
        return Vec::new();
    }
    let (left, right) = (page.left.0, page.right.0);
    match action {
        Action::ToggleSame => {
            page.hides_same = !page.hides_same;
            page.list = List::default();
            Vec::new()
        }
        Action::CopyOutput if page.runs.is_some() => vec![Effect::Copy(page.all())],
        Action::Pager if page.runs.is_some() => vec![Effect::Page(page.all())],
        Action::Open if page.runs.is_some() => match right.command {
            Some(number) => super::play(model, right.id, Jump::Outcome(number), None),
            None => Vec::new(),
        },
        Action::Open => {
            let lines = page.lines();
            let selected = lines.get(page.list.selected);
            let selected = selected.map(|(line, _)| (*line).clone());
            match selected {
                Some(Compared {
                    left: Some(one),
                    right: Some(other),
                }) => {
                    let at = |look: Look, side: &Side| Look {
                        command: Some(side.number),
                        ..look
                    };
                    let looks = (at(left, &one), at(right, &other));
                    Compare::push(model, looks.0, looks.1);
                    take(model, looks, Ok(Comparison::Runs(Box::new((one, other)))));
                    Vec::new()
                }
                Some(Compared {
                    left: Some(one), ..
                }) => super::play(model, left.id, Jump::Outcome(one.number), Some(one.at)),
                Some(Compared {
                    right: Some(other), ..
                }) => super::play(model, right.id, Jump::Outcome(other.number), Some(other.at)),
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// What came of the comparison.
pub fn take(model: &mut Model, (left, right): (Look, Look), found: Result<Comparison, String>) {
    let when = |look: Look, side: &Side| {
        let session = model.browser.sessions.iter().find(|s| s.id == look.id);
        session.map_or_else(String::new, |session| {
            let stamp = session.meta.started.plus(side.at);
            when::moment(stamp, session.meta.utc_offset, model.now)
        })
    };
    let moments = match &found {
        Ok(Comparison::Runs(sides)) => [when(left, &sides.0), when(right, &sides.1)],
        _ => Default::default(),
    };
    let wanted = |page: &&mut Page| matches!(page, Page::Compare(c) if (c.left.0, c.right.0) == (left, right));
    let Some(Page::Compare(page)) = model.pages.iter_mut().find(wanted) else {
        return;
    };
    match found {
        Ok(Comparison::Runs(sides)) => {
            let names = [page.left.1.as_str(), page.right.1.as_str()];
            page.runs = Some(runs(&sides.0, &sides.1, &moments, names));
        }
        Ok(Comparison::Sessions(found)) => {
            let found = found.into_iter().map(|line| {
                let differs = line.differs();
                (line, differs)
            });
            page.sessions = Some(found.collect());
        }
        Err(why) => page.wrong = Some(why),
    }
}

/// Two runs, line by line: when, how long and with what outcome, then what was typed, then their
/// rows or what they printed.
fn runs(left: &Side, right: &Side, moments: &[String; 2], names: [&str; 2]) -> Runs {
    let change = slower(left, right).filter(|change| *change != 0);
    let change = change.map(|change| format!("{change:+} %"));
    let head = |mark, side: &Side, place: usize, change: Option<String>| {
        let tone = match (mark, side.failed) {
            (_, true) | ("-", _) => Tone::Bad,
            _ => Tone::Good,
        };
        let cells = vec![
            moments.get(place).cloned().unwrap_or_default(),
            side.took.map(when::took).unwrap_or_default(),
            change.unwrap_or_default(),
            side.result(),
            names.get(place).copied().unwrap_or_default().to_owned(),
        ];
        (mark, cells, tone)
    };
    let heads = [head("-", left, 0, None), head("+", right, 1, change)];
    let mut lines: Vec<(ReaderLine, bool)> = Vec::new();
    let other = |line| (line, false);
    lines.extend(in_columns(&heads).into_iter().map(other));
    lines.push(other(ReaderLine::default()));
    let text = line_changes(&left.text, &right.text);
    // What was run is said even where only what differs is.
    lines.extend(text.into_iter().map(|change| (changed(change).0, false)));
    lines.push(other(ReaderLine::default()));
    let found = difference(left, right);
    let (differ, unit) = (found.count(), found.unit());
    match found {
        Difference::Rows(columns, rows) => {
            let texts = |row: &[Option<String>]| -> Vec<String> {
                let cell =
                    |cell: &Option<String>| cell.clone().unwrap_or_else(|| "NULL".to_owned());
                row.iter().map(cell).collect()
            };
            let mut table = vec![(" ", columns, Tone::Quiet)];
            let mut same = vec![false];
            for row in rows {
                same.push(matches!(row, RowChange::Same(_)));
                match row {
                    RowChange::Same(row) => table.push((" ", texts(&row), Tone::Plain)),
                    RowChange::Changed(before, now) => {
                        table.push(("-", texts(&before), Tone::Bad));
                        table.push(("+", texts(&now), Tone::Good));
                        same.push(false);
                    }
                    RowChange::Gone(row) => table.push(("-", texts(&row), Tone::Bad)),
                    RowChange::Come(row) => table.push(("+", texts(&row), Tone::Good)),
                }
            }
            lines.extend(in_columns(&table).into_iter().zip(same));
        }
        Difference::Lines(changes) => lines.extend(changes.into_iter().map(changed)),
    }
    let count = match differ {
        0 => format!("the same {unit}s"),
        1 => format!("1 {unit} differs"),
        n => format!("{n} {unit}s differ"),
    };
    let widest = lines.iter().map(|(line, _)| line.text.width()).max();
    Runs {
        lines,
        widest: widest.unwrap_or(0),
        count,
    }
}

/// A line of either, and whether it stands in both.
fn changed(change: LineChange) -> (ReaderLine, bool) {
    match change {
        LineChange::Same(text) => (ReaderLine::new(format!("  {text}"), Tone::Plain), true),
        LineChange::Gone(text) => (ReaderLine::new(format!("- {text}"), Tone::Bad), false),
        LineChange::Come(text) => (ReaderLine::new(format!("+ {text}"), Tone::Good), false),
    }
}

/// Cells under each other.
fn in_columns(rows: &[(&str, Vec<String>, Tone)]) -> Vec<ReaderLine> {
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
        let cells = cells.iter().zip(&widths).filter(|(_, width)| **width > 0);
        let cells = cells.map(|(cell, width)| {
            let blanks = width.saturating_sub(cell.width());
            format!("{}{}", cell.replace('\n', "⏎"), " ".repeat(blanks))
        });
        let cells: Vec<String> = cells.collect();
        ReaderLine::new(format!("{mark} {}", cells.join("  ").trim_end()), *tone)
    };
    rows.iter().map(line).collect()
}
