//! The export dialog: its fields, and below them what leaves.

use super::super::model::Model;
use super::super::pages::export::{Export, Extent, Field};
use super::browser::{title, told};
use super::text::{cell, fit, wrap};
use crate::model::{Micros, when};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// Masks shorter than this may be anything: `a ** b`.
const MASK_MIN: usize = 3;

/// Draws it.
pub fn draw(model: &Model, page: &Export, area: Rect, frame: &mut Frame) {
    let left = format!("Export {}", page.title);
    let body = title(model, true, &left, "", area, frame);
    let all = page.fields();
    let fields = u16::try_from(all.len()).unwrap_or(7);
    let rows = [Constraint::Length(fields), Constraint::Fill(1)];
    let [form, below] = Layout::vertical(rows).areas(body);
    let width = usize::from(form.width);
    let lines = all.into_iter().map(|field| {
        let (name, value) = field_text(page, field);
        let selected = field == page.field;
        let mark = if selected { "▶" } else { " " };
        let text = format!("{mark}{} {value}", cell(name, 8));
        match selected {
            true => Line::styled(cell(&text, width), model.theme.selected(true)),
            false => Line::from(fit(&text, width)),
        }
    });
    frame.render_widget(Paragraph::new(lines.collect::<Vec<Line>>()), form);
    preview(model, page, below, frame);
}

fn field_text(page: &Export, field: Field) -> (&'static str, String) {
    match field {
        Field::Piece => {
            let value = match (page.extent, page.commands) {
                (Extent::Commands, Some((first, last))) if first == last => {
                    format!("command {first}")
                }
                (Extent::Commands, Some((first, last))) => format!("commands {first} to {last}"),
                (Extent::Time, _) => "a stretch of time".to_owned(),
                (Extent::Whole | Extent::Commands, _) => "the whole session".to_owned(),
            };
            ("what", value)
        }
        Field::From => match page.times.0 {
            Micros(0) => ("from", "the start".to_owned()),
            at => ("from", when::position(at)),
        },
        Field::To => {
            let to = page.times.1;
            ("to", to.map_or("the end".to_owned(), when::position))
        }
        Field::Format => ("as", page.format.name().to_owned()),
        Field::Mask => {
            let patterns: Vec<&str> = page
                .patterns
                .iter()
                .map(regex::bytes::Regex::as_str)
                .collect();
            let value = match patterns.is_empty() {
                true => "as always; m masks more".to_owned(),
                false => format!("as always, and {}", patterns.join(", ")),
            };
            ("masked", value)
        }
        Field::Strict => {
            let value = match page.strict {
                true => "if nothing doubtful is left",
                false => "even if doubtful text is left",
            };
            ("write", value.to_owned())
        }
        Field::File => ("into", page.path().display().to_string()),
    }
}

fn preview(model: &Model, page: &Export, area: Rect, frame: &mut Frame) {
    let shown = page.shown();
    let right = shown.map(|preview| size(preview.bytes)).unwrap_or_default();
    let body = title(model, false, "What leaves", &right, area, frame);
    let width = usize::from(body.width);
    let Some(preview) = shown else {
        frame.render_widget(Line::styled("masking…", model.theme.quiet()), body);
        return;
    };
    if let Some(why) = &preview.lack {
        return told(why, model.theme.bad(), body, frame);
    }
    let style = match preview.clean {
        true => model.theme.good(),
        false => model.theme.warning(),
    };
    let height = usize::from(body.height);
    // The report is not cut either, but for a window that would show nothing else then.
    let report = wrap(&preview.report, width)
        .into_iter()
        .take((height / 2).max(1));
    let mut lines: Vec<Line> = report.map(|row| Line::styled(row, style)).collect();
    let left = height.saturating_sub(lines.len());
    let rows = page.rows(width);
    let before = rows.get(page.top.wrapping_sub(1));
    let mut goes_on = before.is_some_and(|row| row.goes_on);
    for row in rows.iter().skip(page.top).take(left) {
        lines.push(masks(model, &row.text, (goes_on, row.goes_on)));
        goes_on = row.goes_on;
    }
    if preview.cut && page.top + left >= rows.len() {
        lines.push(Line::styled("… and more", model.theme.warning()));
    }
    frame.render_widget(Paragraph::new(lines), body);
}

/// A row with its masks standing out. `open`: whether its line began before it, and goes on behind
/// it; then a mask at that edge may have been longer.
fn masks(model: &Model, line: &str, open: (bool, bool)) -> Line<'static> {
    let mut spans = Vec::new();
    let mut plain = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('*') {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c| c != '*').unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        plain.push_str(before);
        let cut = open.0 && at == 0 && plain.is_empty() && spans.is_empty();
        let cut = cut || open.1 && after.is_empty();
        if run.len() >= MASK_MIN || cut {
            spans.push(Span::raw(std::mem::take(&mut plain)));
            spans.push(Span::styled(run.to_owned(), model.theme.masked()));
        } else {
            plain.push_str(run);
        }
        rest = after;
    }
    plain.push_str(rest);
    spans.push(Span::styled(plain, Style::new()));
    Line::from(spans)
}

fn size(bytes: usize) -> String {
    match bytes {
        0..=9_999 => format!("{bytes} bytes"),
        10_000..=9_999_999 => format!("{} KB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}
