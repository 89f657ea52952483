//! The bottom line: what the keys do here, from the key map, or what there is to say.

use super::super::browser::Pane;
use super::super::keys::{Action, Binding, Scope};
use super::super::line::TypedLine;
use super::super::model::Model;
use super::super::pages::Page;
use super::super::update::scope;
use super::text::{fit, window};
use crate::model::printable;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

/// Cells that a label leaves to what is typed behind it: a short word and the cursor.
const TYPED_MIN: usize = 8;

/// Draws it. A typed line has it first, then a notice. A question says itself what its keys do.
pub fn draw(model: &Model, typed: Option<(&str, &TypedLine)>, area: Rect, frame: &mut Frame) {
    if model.question.is_some() {
        return;
    }
    let width = usize::from(area.width);
    let line = if let Some(prompt) = model.prompt.as_ref().filter(|_| model.help.is_none()) {
        typed_line(&prompt.label(), &prompt.line, area, frame)
    } else if let Some((label, text)) = typed {
        typed_line(label, text, area, frame)
    } else if let Some(notice) = &model.notice {
        Line::styled(fit(notice, width), model.theme.warning())
    } else {
        hints(model, scope(model), width)
    };
    frame.render_widget(line, area);
}

fn typed_line(label: &str, line: &TypedLine, area: Rect, frame: &mut Frame) -> Line<'static> {
    // Something of what is typed is seen in any window.
    let width = usize::from(area.width);
    let label = fit(label, width - (width / 4).min(TYPED_MIN));
    let room = usize::from(area.width).saturating_sub(label.width() + 1);
    let (shown, column) = typed(line, room);
    let column = u16::try_from(label.width() + column).unwrap_or(u16::MAX);
    let column = column.min(area.width.saturating_sub(1));
    frame.set_cursor_position((area.left() + column, area.top()));
    Line::from(format!("{label}{shown}"))
}

/// As much of a line as fits in `room` cells, with the cursor in sight, and the cursor's column.
pub fn typed(line: &TypedLine, room: usize) -> (String, usize) {
    let before = printable(line.head()).width();
    let skip = before.saturating_sub(room);
    (window(line.text(), skip, room), before - skip)
}

/// `enter open  space play  …`, as many as fit, help always among them.
fn hints(model: &Model, scope: Scope, width: usize) -> Line<'static> {
    let shown = model.keymap.bindings().iter().filter(|binding| {
        let here =
            binding.scope == scope || binding.scope == Scope::Everywhere && !scope.takes_text();
        here && !binding.short.is_empty() && !binding.keys.is_empty() && does(model, binding)
    });
    let word = |b: &Binding| match b.action {
        Action::Back if leaves(model) => "leave",
        _ => b.short,
    };
    let words: Vec<(String, &str)> = shown.map(|b| (b.first(), word(b))).collect();
    let cost = |(key, word): &(String, &str)| key.width() + 1 + word.len() + 2;
    let always = |(_, word): &(String, &str)| matches!(*word, "help" | "back" | "leave");
    let mut left = width + 2;
    left = left.saturating_sub(words.iter().filter(|w| always(w)).map(cost).sum());
    let mut spans = Vec::new();
    for word in &words {
        let cost = cost(word);
        if !always(word) {
            if cost > left {
                continue;
            }
            left -= cost;
        }
        let (key, what) = word;
        spans.push(Span::styled(key.clone(), model.theme.strong()));
        spans.push(Span::styled(format!(" {what}  "), model.theme.quiet()));
    }
    Line::from(spans)
}

/// Whether a key does something in what is read: a list is chosen from, a text is looked through.
fn does(model: &Model, binding: &Binding) -> bool {
    let Some(Page::Reader(reader)) = model.pages.last() else {
        return true;
    };
    match (binding.scope, binding.action) {
        (Scope::Reader, Action::Open) => reader.chooses(),
        (Scope::Reader, Action::Filter) => !reader.chooses(),
        _ => true,
    }
}

/// Whether going back from here leaves the program.
fn leaves(model: &Model) -> bool {
    match (&model.help, &model.player) {
        (Some(_), _) => false,
        (None, Some(_)) => model.only_player && model.watches(),
        (None, None) => model.pages.is_empty() && model.browser.pane == Pane::Sessions,
    }
}
