//! Two sessions or two runs side by side, and the runs of a statement to choose from.

use super::super::model::Model;
use super::super::pages::compare::Compare;
use super::super::pages::runs::{Runs, look};
use super::browser::title;
use super::pages::{tone, waiting};
use super::text::{cell, cell_right, fit, window};
use crate::insight::{Compared, Side};
use crate::model::when;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

/// Draws two sessions or two runs.
pub fn compare(model: &Model, page: &Compare, area: Rect, frame: &mut Frame) {
    let left = format!("{} ─ {}", page.left.1, page.right.1);
    let count = match (&page.runs, &page.sessions, page.hides_same) {
        (Some(runs), ..) => runs.count.clone(),
        (None, None, _) => String::new(),
        (None, Some(_), true) => format!("{} differ", page.lines().len()),
        (None, Some(_), false) => format!("{} commands", page.lines().len()),
    };
    let body = title(model, true, &left, &count, area, frame);
    if let Some(why) = &page.wrong {
        return waiting(model, why, body, frame);
    }
    let width = usize::from(body.width);
    if page.runs.is_some() {
        let lines = page.text();
        let lines = lines.iter().skip(page.list.top);
        let lines = lines.take(usize::from(body.height)).map(|line| {
            // The sign on the left stays where the text moves.
            let mut text = line.text.chars();
            let sign: String = text.by_ref().take(2).collect();
            let rest = window(text.as_str(), page.skip, width.saturating_sub(2));
            Line::styled(fit(&(sign + &rest), width), tone(model, line.tone))
        });
        let lines: Vec<Line> = lines.collect();
        return frame.render_widget(Paragraph::new(lines), body);
    }
    if page.sessions.is_none() {
        return waiting(model, "reading both…", body, frame);
    }
    let lines = page.lines();
    if lines.is_empty() {
        return waiting(model, "They are the same.", body, frame);
    }
    let head = format!("   {:>9}  {:>9}  {:>7}", "FIRST", "SECOND", "CHANGE");
    let mut shown = vec![Line::styled(fit(&head, width), model.theme.quiet())];
    let height = usize::from(body.height).saturating_sub(1);
    for (place, line) in lines.iter().enumerate().skip(page.list.top).take(height) {
        shown.push(compared(model, *line, place == page.list.selected, width));
    }
    frame.render_widget(Paragraph::new(shown), body);
}

fn compared(
    model: &Model,
    (line, differs): (&Compared, Option<bool>),
    selected: bool,
    width: usize,
) -> Line<'static> {
    let (sign, style) = match (&line.left, &line.right, differs) {
        (Some(_), None, _) => ("-", model.theme.bad()),
        (None, Some(_), _) => ("+", model.theme.good()),
        (_, _, Some(true)) => ("~", model.theme.warning()),
        _ => ("=", Style::new()),
    };
    let took = |side: &Option<Side>| {
        let took = side.as_ref().and_then(|side| side.took);
        cell_right(&took.map(when::took).unwrap_or_default(), 9)
    };
    let slower = line.slower().filter(|n| *n != 0);
    let slower = slower.map(|n| format!("{n:+} %")).unwrap_or_default();
    let mark = if selected { "▶" } else { " " };
    let head = format!("{mark}{sign} {}  {}  ", took(&line.left), took(&line.right));
    let head = format!("{head}{}  ", cell_right(&slower, 7));
    let rows = |side: &Option<Side>| side.as_ref()?.table.as_ref().map(|table| table.rows.len());
    let tail = match (rows(&line.left), rows(&line.right)) {
        (Some(before), Some(now)) if before != now => format!("  {before} → {now} rows"),
        _ => String::new(),
    };
    let text = line.right.as_ref().or(line.left.as_ref());
    let text = text.map_or("", |side| side.text.as_str());
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = fit(&text, width.saturating_sub(head.width() + tail.width())) + &tail;
    match selected {
        true => Line::styled(cell(&(head + &text), width), model.theme.selected(true)),
        false => Line::from(vec![
            Span::styled(head, model.theme.quiet()),
            Span::styled(text, style),
        ]),
    }
}

/// Draws the runs of a statement.
pub fn runs(model: &Model, page: &Runs, area: Rect, frame: &mut Frame) {
    let count = match (page.found.len(), page.more) {
        (0, true) => "looking".to_owned(),
        (1, false) => "1 run".to_owned(),
        (n, true) => format!("{n} runs, looking"),
        (n, false) => format!("{n} runs"),
    };
    let body = title(model, true, &page.title, &count, area, frame);
    if let Some(why) = &page.wrong {
        return waiting(model, why, body, frame);
    }
    if page.found.is_empty() {
        let said = match page.more {
            true => "looking for its runs…",
            false => "No run is found.",
        };
        return waiting(model, said, body, frame);
    }
    let width = usize::from(body.width);
    let lines = page.found.iter().enumerate().skip(page.list.top);
    let lines = lines.take(usize::from(body.height)).map(|(place, ran)| {
        let selected = place == page.list.selected;
        let here = look(&ran.at);
        let marked = here.is_some() && here == page.marked;
        let offset = model.browser.offset_of(ran.at.session);
        let at = when::moment(ran.at.stamp, offset, model.now);
        let took = ran.at.took.map(when::took).unwrap_or_default();
        let session = model.browser.title_of(ran.at.session);
        let text: String = ran.text.split_whitespace().collect::<Vec<_>>().join(" ");
        // Most of them are the same to the letter; what they are in is of more use then.
        let text = match text == page.title {
            true => String::new(),
            false => text,
        };
        let pointer = if selected { "▶" } else { " " };
        let mark = if marked { "●" } else { " " };
        let session = match text.is_empty() {
            true => session,
            false => cell(&session, 26),
        };
        let line = format!("{pointer}{mark}{at:<16}  {took:>9}  {session}  {text}");
        let line = line.trim_end();
        match selected {
            true => Line::styled(cell(line, width), model.theme.selected(true)),
            false => Line::styled(
                fit(line, width),
                if ran.at.failed {
                    model.theme.bad()
                } else {
                    Style::new()
                },
            ),
        }
    });
    let lines: Vec<Line> = lines.collect();
    frame.render_widget(Paragraph::new(lines), body);
}
