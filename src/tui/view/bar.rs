//! The bottom line: what the keys do here, from the key map, or what there is to say.

use super::super::browser::Pane;
use super::super::keys::{Action, Binding, Scope};
use super::super::line::TypedLine;
use super::super::model::Model;
use super::super::pages::Page;
use super::super::update::scope;
use super::text::{fit_words, window, wrap};
use crate::model::printable;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};
use unicode_width::UnicodeWidthStr;

/// Cells that a label leaves to what is typed behind it: a short word and the cursor.
const TYPED_MIN: usize = 8;

/// Draws it. A typed line has it first, then a notice; what is longer than a row takes some of those
/// above. A question says itself what its keys do.
pub fn draw(model: &Model, typed: Option<(&str, &TypedLine)>, area: Rect, frame: &mut Frame) {
    if model.question.is_some() {
        return;
    }
    let width = usize::from(area.width);
    let line = if let Some(prompt) = model.prompt.as_ref().filter(|_| model.help.is_none()) {
        typed_line(model, &prompt.label(), &prompt.line, area, frame)
    } else if let Some((label, text)) = typed {
        typed_line(model, label, text, area, frame)
    } else if let Some(notice) = &model.notice {
        let last = above(model, notice, area, frame);
        Line::styled(last, model.theme.warning())
    } else {
        hints(model, scope(model), width)
    };
    frame.render_widget(line, area);
}

fn typed_line(
    model: &Model,
    label: &str,
    line: &TypedLine,
    area: Rect,
    frame: &mut Frame,
) -> Line<'static> {
    let width = usize::from(area.width);
    let label = match label.width() + TYPED_MIN > width {
        // A question that leaves its answer no room stands above it.
        true => {
            let asked = Rect {
                y: area.y.saturating_sub(1),
                ..area
            };
            let last = above(model, label.trim_end(), asked, frame);
            let last = Line::styled(last, model.theme.warning());
            frame.render_widget(Clear, asked);
            frame.render_widget(last, asked);
            "› ".to_owned()
        }
        false => label.to_owned(),
    };
    let room = width.saturating_sub(label.width() + 1);
    let (shown, column) = typed(line, room);
    let column = u16::try_from(label.width() + column).unwrap_or(u16::MAX);
    let column = column.min(area.width.saturating_sub(1));
    frame.set_cursor_position((area.left() + column, area.top()));
    Line::from(format!("{label}{shown}"))
}

/// Draws all but the last row of what is longer than `area`'s row in the rows above it; gives the last.
fn above(model: &Model, text: &str, area: Rect, frame: &mut Frame) -> String {
    let width = usize::from(area.width);
    // Of what it is about something is still seen.
    let most = usize::from(area.y / 2);
    let mut rows = wrap(text, width);
    let last = match rows.len() > most + 1 {
        true => fit_words(&rows.split_off(most).join(" "), width),
        false => rows.pop().unwrap_or_default(),
    };
    let height = u16::try_from(rows.len()).unwrap_or(0);
    let place = Rect {
        y: area.y.saturating_sub(height),
        height,
        ..area
    };
    let style = model.theme.warning();
    let rows: Vec<Line> = rows
        .into_iter()
        .map(|row| Line::styled(row, style))
        .collect();
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(rows), place);
    last
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
