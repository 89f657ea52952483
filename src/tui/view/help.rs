//! Every key, from the key map, narrowed by what is searched.

use super::super::keys::{Binding, Scope};
use super::super::model::Model;
use super::bar;
use super::text::{cell, wrap};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};
use unicode_width::UnicodeWidthStr;

/// Columns for the names of keys, and on a terminal with few of them.
const NAMES: (usize, usize) = (22, 14);
/// What counts as few.
const NARROW: u16 = 60;

/// The lines of the help, as far as the search lets them through.
pub fn help_lines(model: &Model) -> Vec<Line<'static>> {
    let theme = model.theme;
    let search = model.help.as_ref().map_or("", |help| help.search.text());
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    // What was in front when help was asked for comes first.
    let first = match (model.watches(), model.pages.last()) {
        (true, _) => Scope::Player,
        (false, Some(page)) => page.scope(),
        (false, None) => Scope::Browser,
    };
    let others = Scope::ALL.into_iter().filter(|scope| *scope != first);
    let others = others.filter(|scope| {
        // A player that stands alone has no browser to speak of.
        !model.only_player || matches!(scope, Scope::Everywhere | Scope::Typing | Scope::Help)
    });
    let width = usize::from(model.size.cols);
    let column = if model.size.cols < NARROW {
        NAMES.1
    } else {
        NAMES.0
    };
    let mut lines = Vec::new();
    for scope in std::iter::once(first).chain(others) {
        let bindings = model.keymap.bindings().iter();
        let found: Vec<_> = bindings
            .filter(|binding| binding.scope == scope && !binding.keys.is_empty())
            .filter(|binding| {
                if words.is_empty() {
                    return true;
                }
                let names = binding.names().join(" ");
                let text = format!("{} {names} {}", scope.title(), binding.help);
                let text = text.to_lowercase();
                words.iter().all(|word| text.contains(word))
            })
            .collect();
        if found.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(scope.title(), theme.focused()));
        for binding in found {
            // On a narrow terminal a sentence goes on in the next row.
            let rows = wrap(binding.help, width.saturating_sub(column));
            let names = std::iter::once(names(binding, column));
            for (row, names) in rows
                .into_iter()
                .zip(names.chain(std::iter::repeat(String::new())))
            {
                lines.push(Line::from(vec![
                    Span::styled(cell(&names, column), theme.strong()),
                    Span::raw(row),
                ]));
            }
        }
    }
    if lines.is_empty() {
        lines.push(Line::from("No key does that."));
    }
    lines
}

/// As many names of keys as fit in `width` with a blank behind them.
fn names(binding: &Binding, width: usize) -> String {
    let mut names = binding.names();
    while names.len() > 1 && names.join(", ").width() >= width {
        names.pop();
    }
    names.join(", ")
}

/// Draws it over the whole terminal.
pub fn draw(model: &Model, frame: &mut Frame) {
    let Some(help) = &model.help else { return };
    let rows = [
        Constraint::Length(2),
        Constraint::Fill(1),
        Constraint::Length(1),
    ];
    let [title, body, bottom] = Layout::vertical(rows).areas(frame.area());
    frame.render_widget(Clear, frame.area());
    frame.render_widget(Line::styled("Keys", model.theme.strong()), title);
    let lines = help_lines(model);
    let shown: Vec<Line> = lines.into_iter().skip(help.list.top).collect();
    frame.render_widget(Paragraph::new(shown), body);
    let typed = help.search.typing().then_some(("search: ", &help.search));
    bar::draw(model, typed, bottom, frame);
}
