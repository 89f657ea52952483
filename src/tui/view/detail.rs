//! The right pane: what the selected command printed, the screen it left, what is known of the
//! session.

use super::super::browser::{Browser, Pane, Tab};
use super::super::library::Session;
use super::super::model::Model;
use super::browser::{title, told};
use super::screen;
use super::text::{cell, fit, fit_words, window, wrap};
use crate::model::{GapKind, Status, when};
use crate::player::Moment;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// Cells of a title's line that are neither its left nor its right text.
const ABOUT: usize = 5;

/// Draws it.
pub fn draw(model: &Model, area: Rect, frame: &mut Frame) {
    let browser = &model.browser;
    let focused = browser.pane == Pane::Detail && model.question.is_none();
    let tabs = match browser.tab {
        Tab::Result => "[Result] Screen Wire Info",
        Tab::Screen => "Result [Screen] Wire Info",
        Tab::Wire => "Result Screen [Wire] Info",
        Tab::Info => "Result Screen Wire [Info]",
    };
    let room = usize::from(area.width).saturating_sub(tabs.width() + ABOUT);
    let right = match (browser.tab, browser.command()) {
        (Tab::Result | Tab::Screen | Tab::Wire, Some(command)) => outcome(command, room),
        _ => String::new(),
    };
    let body = title(model, focused, tabs, &right, area, frame);
    match browser.tab {
        Tab::Result => result(model, body, frame),
        Tab::Screen => still(model, body, frame),
        Tab::Wire => wire(model, body, frame),
        Tab::Info => info(model, body, frame),
    }
}

/// What came of a command and how long it took; the time alone where there is no room for both.
fn outcome(command: &Moment, room: usize) -> String {
    let Some(took) = command.took() else {
        return "still running".to_owned();
    };
    let took = when::took(took);
    let outcome = command.outcome.as_deref().unwrap_or_default();
    let both = format!("{outcome}, {took}");
    match outcome.is_empty() || both.width() > room {
        true => took,
        false => both,
    }
}

fn result(model: &Model, body: Rect, frame: &mut Frame) {
    let browser = &model.browser;
    let Some(look) = browser.look() else { return };
    let Some((_, output)) = browser.output.as_ref().filter(|(at, _)| *at == look) else {
        frame.render_widget(Line::styled("reading…", model.theme.quiet()), body);
        return;
    };
    let body = command(model, body, frame);
    if let Some(table) = browser.table() {
        let focused = browser.pane == Pane::Detail && model.question.is_none();
        super::result::table(model, table, focused, body, frame);
        return;
    }
    let width = usize::from(body.width);
    if output.lines.is_empty() {
        return told("It printed nothing.", model.theme.quiet(), body, frame);
    }
    let (left, top) = browser.scroll;
    let rows = usize::from(body.height);
    let lines = output.lines.iter().skip(top).take(rows);
    let mut lines: Vec<Line> = lines.map(|l| Line::from(window(l, left, width))).collect();
    if output.cut && lines.len() < rows {
        let text = fit_words("… there is more: space plays it", width);
        lines.push(Line::styled(text, model.theme.warning()));
    }
    frame.render_widget(Paragraph::new(lines), body);
}

/// The selected command in full, as far as a quarter of the pane holds it; gives what is below.
fn command(model: &Model, body: Rect, frame: &mut Frame) -> Rect {
    let Some(command) = model.browser.command() else {
        return body;
    };
    let width = usize::from(body.width);
    let most = usize::from(body.height / 4).max(1);
    // No more of it is wrapped than can be shown.
    let text = fit(&command.text, width.saturating_mul(most + 1));
    let mut rows = wrap(&text, width);
    if rows.len() > most {
        let rest = rows.split_off(most - 1).join(" ");
        rows.push(fit(&rest, width));
    }
    let lines = rows.into_iter();
    let lines = lines.map(|row| Line::styled(row, model.theme.strong()));
    let lines: Vec<Line> = lines.collect();
    let height = u16::try_from(lines.len()).unwrap_or(0).min(body.height);
    frame.render_widget(Paragraph::new(lines), Rect { height, ..body });
    Rect {
        y: body.y + height,
        height: body.height - height,
        ..body
    }
}

fn wire(model: &Model, body: Rect, frame: &mut Frame) {
    let browser = &model.browser;
    let Some(look) = browser.look() else { return };
    match browser.output.as_ref().filter(|(at, _)| *at == look) {
        Some((_, output)) => super::result::wire(model, output, body, frame),
        None => frame.render_widget(Line::styled("reading…", model.theme.quiet()), body),
    }
}

fn still(model: &Model, body: Rect, frame: &mut Frame) {
    let browser = &model.browser;
    let Some(look) = browser.look() else { return };
    let Some((_, grid)) = browser.still.as_ref().filter(|(at, _)| *at == look) else {
        frame.render_widget(Line::styled("reading…", model.theme.quiet()), body);
        return;
    };
    let left = u16::try_from(browser.scroll.0).unwrap_or(u16::MAX);
    let left = left.min(grid.size.cols.saturating_sub(body.width));
    // Begins where the cursor is in sight, and is moved from there.
    let last = grid.size.rows.saturating_sub(body.height);
    let cursor = grid.cursor.map_or(0, |(_, row)| row);
    let start = (cursor + 1).saturating_sub(body.height);
    let down = u16::try_from(browser.scroll.1).unwrap_or(u16::MAX);
    let top = start.saturating_add(down).min(last);
    screen::draw(grid, (left, top), body, model.theme, frame.buffer_mut());
}

fn info(model: &Model, body: Rect, frame: &mut Frame) {
    let browser = &model.browser;
    let Some(session) = browser.session() else {
        return;
    };
    let rows = info_rows(browser, session, usize::from(body.width));
    let lines = rows
        .into_iter()
        .skip(browser.scroll.1)
        .map(|(name, value)| {
            Line::from(vec![
                Span::styled(cell(name, NAME), model.theme.quiet()),
                Span::raw(value),
            ])
        });
    let lines: Vec<Line> = lines.collect();
    frame.render_widget(Paragraph::new(lines), body);
}

/// Cells of a name.
const NAME: usize = 11;

/// What is known of a session, in rows of `width` cells; only the first row of each has its name.
pub fn info_rows(
    browser: &Browser,
    session: &Session,
    width: usize,
) -> Vec<(&'static str, String)> {
    let facts = facts(browser, session).into_iter();
    let known = facts.filter(|(_, value)| !value.is_empty());
    let rows = known.flat_map(|(name, value)| {
        let names = std::iter::once(name).chain(std::iter::repeat(""));
        names.zip(wrap(&value, width.saturating_sub(NAME)))
    });
    rows.collect()
}

/// Names and values, in the order of interest.
fn facts(browser: &Browser, session: &Session) -> Vec<(&'static str, String)> {
    let meta = &session.meta;
    let counted = session.summary.clone();
    let known = counted.is_some();
    let summary = counted.unwrap_or_default();
    let status = match session.status {
        Status::Recording => "recording".to_owned(),
        Status::Closed => "closed".to_owned(),
        Status::Interrupted => "interrupted: the recorder did not close it".to_owned(),
    };
    let exit = match summary.exit {
        Some(exit) => match exit.signal {
            Some(signal) => format!("{} (signal {signal})", exit.code),
            None => exit.code.to_string(),
        },
        None => "not seen".to_owned(),
    };
    let started = when::civil(meta.started, meta.utc_offset);
    let started = started.map_or_else(String::new, |at| {
        at.strftime("%-d %b %Y %H:%M:%S").to_string()
    });
    let by = match (meta.login.as_str(), meta.machine.as_str()) {
        (login, "") => login.to_owned(),
        (login, machine) => format!("{login}@{machine}"),
    };
    let count = |names: Vec<String>, none: &str| match names.is_empty() {
        true => none.to_owned(),
        false => names.join(", "),
    };
    let masked = summary.masked.iter().map(|(rule, n)| format!("{rule} {n}"));
    let gaps = summary
        .gaps
        .iter()
        .map(|(kind, n)| format!("{} {n}", gap(*kind)));
    let mut facts = vec![
        ("command", meta.command.clone()),
        ("target", meta.target.label()),
        ("started", started),
        (
            "length",
            either(
                known,
                when::length(Duration::from_micros(summary.duration.0)),
            ),
        ),
        ("status", status),
        ("exit", exit),
        ("commands", either(known, summary.commands.to_string())),
        ("masked", either(known, count(masked.collect(), "nothing"))),
        (
            "not seen",
            either(known, count(gaps.collect(), "nothing is missing")),
        ),
        ("pinned", if session.pinned { "yes" } else { "" }.to_owned()),
        ("tags", tags(session)),
    ];
    // What its owner wrote comes before what the machine knows.
    for note in &session.labels.notes {
        let at = when::position(note.at);
        facts.push(("note", format!("{at} {}", note.text)));
    }
    facts.extend([
        (
            "terminal",
            format!("{}x{} {}", meta.size.cols, meta.size.rows, meta.term),
        ),
        ("by", by),
        ("in", meta.directory.clone()),
        (
            "size",
            either(known, format!("{} bytes of output", summary.bytes)),
        ),
        ("id", session.id.hex()),
        ("rec", meta.version.clone()),
    ]);
    if let Some(damage) = &session.damage {
        facts.insert(0, ("damaged", damage.clone()));
    }
    if let Some(landmarks) = browser.selected_landmarks() {
        let failed = landmarks.commands.iter().filter(|c| c.failed()).count();
        let place = facts.iter().position(|(name, _)| *name == "masked");
        facts.insert(place.unwrap_or(0), ("failed", failed.to_string()));
    }
    facts
}

fn tags(session: &Session) -> String {
    let tags: Vec<&str> = session.labels.tags.iter().map(String::as_str).collect();
    tags.join(" ")
}

/// What was counted, once it was.
fn either(known: bool, text: String) -> String {
    if known {
        text
    } else {
        "not counted yet".to_owned()
    }
}

fn gap(kind: GapKind) -> &'static str {
    match kind {
        GapKind::Dropped => "dropped",
        GapKind::Paused => "paused",
        GapKind::Truncated => "truncated",
        GapKind::Undecodable => "undecodable",
        GapKind::Bypassed => "bypassed",
        GapKind::Unmaskable => "unmaskable",
        GapKind::Interrupted => "interrupted",
    }
}
