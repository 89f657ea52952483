//! The browser: sessions above, commands below on the left, the selected command on the right.

use super::super::browser::{Browser, Loading, Pane};
use super::super::filter::spark;
use super::super::library::Session;
use super::super::model::Model;
use super::text::{cell, cell_right, fit, wrap};
use super::{Panes, bar, detail};
use crate::model::{Micros, Stamp, Status, when};
use crate::player::Moment;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// Columns of the picture of a session's activity.
const SPARK_MAX: usize = 16;

/// Draws it.
pub fn draw(model: &Model, frame: &mut Frame) {
    let panes = Panes::of(model);
    if panes.sessions.height > 0 {
        sessions(model, panes.sessions, frame);
    }
    if panes.commands.height > 0 {
        commands(model, panes.commands, frame);
    }
    if panes.detail.height > 0 {
        let mut area = panes.detail;
        if panes.commands.height > 0 {
            let between = Block::new().borders(Borders::LEFT);
            let quiet = model.theme.quiet();
            frame.render_widget(between.border_style(quiet), area);
            let corner = Rect {
                width: 1,
                height: 1,
                ..area
            };
            frame.render_widget(Span::styled("┬", quiet), corner);
            area.x += 1;
            area.width = area.width.saturating_sub(1);
        }
        detail::draw(model, area, frame);
    }
    let browser = &model.browser;
    let typed = if browser.filter.typing() {
        Some(("filter sessions: ", &browser.filter))
    } else if browser.commands_filter.typing() {
        Some(("filter commands: ", &browser.commands_filter))
    } else {
        None
    };
    bar::draw(model, typed, panes.bar, frame);
}

/// A pane's title, drawn as a rule with something on its right; gives what is below it.
pub fn title(
    model: &Model,
    focused: bool,
    left: &str,
    right: &str,
    area: Rect,
    frame: &mut Frame,
) -> Rect {
    let width = usize::from(area.width);
    let left = fit(left, width.saturating_sub(3));
    let right = match width.saturating_sub(left.width() + 4) {
        // A word or two is no use cut to a few letters.
        room if room >= 8 || room >= right.width() => fit(right, room),
        _ => String::new(),
    };
    let rule = width.saturating_sub(left.width() + right.width() + 5);
    let style = if focused {
        model.theme.focused()
    } else {
        model.theme.strong()
    };
    let quiet = model.theme.quiet();
    let line = Line::from(vec![
        if focused {
            Span::styled("▌", style)
        } else {
            Span::styled("─", quiet)
        },
        Span::styled(format!(" {left} "), style),
        Span::styled("─".repeat(rule), quiet),
        match right.is_empty() {
            true => Span::styled("──", quiet),
            false => Span::raw(format!(" {right} ")),
        },
    ]);
    // A part for which no row is left has no title either.
    let top = Rect {
        height: area.height.min(1),
        ..area
    };
    frame.render_widget(line, top);
    Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    }
}

/// A sentence in place of what is not there, in as many rows as it takes.
pub fn told(text: &str, style: Style, area: Rect, frame: &mut Frame) {
    let rows = wrap(text, usize::from(area.width)).into_iter();
    let rows: Vec<Line> = rows.map(|row| Line::styled(row, style)).collect();
    frame.render_widget(Paragraph::new(rows), area);
}

/// The columns of the list of sessions, for a width. Those that do not fit are left out, the
/// least needed first.
struct Columns {
    id: usize,
    when: usize,
    length: usize,
    client: usize,
    target: usize,
    commands: usize,
    notes: usize,
}

impl Columns {
    fn of(width: usize, browser: &Browser) -> Columns {
        let id = browser.short.iter().map(String::len).max().unwrap_or(4) + 1;
        let mut columns = Columns {
            id,
            when: 16,
            length: 7,
            client: 9,
            target: 0,
            commands: 5,
            notes: 17,
        };
        let least = 10;
        if width < columns.sum() + least {
            columns.notes = 0;
        }
        if width < columns.sum() + least {
            columns.length = 0;
        }
        if width < columns.sum() + least {
            columns.commands = 0;
        }
        if width < columns.sum() + least {
            columns.when = 12;
        }
        let room = width.saturating_sub(columns.sum());
        let wanted = browser.widest_target.max("TARGET".len()) + 1;
        columns.target = match columns.notes {
            0 => room,
            _ => room.min(wanted.max(least)),
        };
        if columns.notes > 0 {
            columns.notes += room - columns.target;
        }
        columns
    }

    fn sum(&self) -> usize {
        // Before everything the mark of the selected line, and the session's sign.
        2 + self.id
            + self.when
            + self.length
            + self.client
            + self.target
            + self.commands
            + self.notes
    }

    fn line(&self, texts: [&str; 7]) -> String {
        let [id, when, length, client, target, commands, notes] = texts;
        let mut line = cell(id, self.id);
        line += &cell(when, self.when.saturating_sub(1));
        line.push(' ');
        line += &cell(length, self.length);
        line += &cell(client, self.client);
        line += &cell(target, self.target.saturating_sub(1));
        line.push(' ');
        if self.commands > 0 {
            line += &cell_right(commands, self.commands - 1);
            line.push(' ');
        }
        line + &cell(notes, self.notes)
    }
}

fn sessions(model: &Model, area: Rect, frame: &mut Frame) {
    let browser = &model.browser;
    let focused = browser.pane == Pane::Sessions && model.question.is_none();
    let mut filter = match browser.filter.text() {
        "" => "Sessions".to_owned(),
        text => format!("Sessions ─ {text}"),
    };
    if !browser.order.title().is_empty() {
        filter = format!("{filter}, {}", browser.order.title());
    }
    if !browser.marked.is_empty() {
        filter = format!("{filter}, {} marked", browser.marked.len());
    }
    let all = browser.sessions.len();
    let count = match (&browser.loading, browser.shown.len()) {
        (Loading::Opening, _) => String::new(),
        (Loading::Reading, _) => "reading".to_owned(),
        (Loading::Ready | Loading::Failed(_), shown) if shown == all => all.to_string(),
        (Loading::Ready | Loading::Failed(_), shown) => format!("{shown} of {all}"),
    };
    let body = title(model, focused, &filter, &count, area, frame);
    let said = match &browser.loading {
        Loading::Failed(why) => {
            let rows = wrap(why, usize::from(body.width)).into_iter();
            let rows = rows.map(|row| Line::styled(row, model.theme.bad()));
            rows.chain([Line::from("R tries again, q leaves.")])
                .collect()
        }
        Loading::Ready if all == 0 => vec![
            Line::from("No sessions yet."),
            Line::from("Put rec before a client:"),
            Line::from("  rec psql -h db app"),
            Line::from("or see how it goes:"),
            Line::from("  rec demo"),
        ],
        Loading::Ready if browser.shown.is_empty() => {
            let width = usize::from(body.width);
            let wrong = browser.wrong().into_iter();
            let wrong = wrong.flat_map(|why| wrap(&why, width));
            let wrong = wrong.map(|row| Line::styled(row, model.theme.warning()));
            let said = "No session matches. / changes the filter, esc takes it away.";
            wrong
                .chain(wrap(said, width).into_iter().map(Line::from))
                .collect()
        }
        // It may take a second or two after a passphrase was typed.
        Loading::Opening => vec![Line::styled("Opening the vault…", model.theme.quiet())],
        Loading::Reading | Loading::Ready => Vec::new(),
    };
    if !said.is_empty() {
        frame.render_widget(Paragraph::new(said), body);
        return;
    }
    let columns = Columns::of(usize::from(body.width), browser);
    let heads = ["ID", "WHEN", "LENGTH", "CLIENT", "TARGET", "CMDS", "NOTES"];
    let mut lines = vec![Line::styled(
        format!("  {}", columns.line(heads)),
        model.theme.quiet(),
    )];
    let rows = usize::from(body.height).saturating_sub(1);
    let first = browser.list.top;
    let shown = browser.shown.iter().enumerate().skip(first).take(rows);
    for (place, index) in shown {
        let (Some(session), Some(short)) =
            (browser.sessions.get(*index), browser.short.get(*index))
        else {
            continue;
        };
        let selected = place == browser.list.selected;
        let text = session_line(session, short, &columns, model.now);
        let style = if selected {
            model.theme.selected(focused)
        } else {
            style_of(model, session)
        };
        let mark = match (selected, browser.marked.contains(&session.id)) {
            (true, true) => "◉",
            (true, false) => "▶",
            (false, true) => "✓",
            (false, false) => " ",
        };
        let sign = sign(session);
        lines.push(Line::styled(format!("{mark}{sign}{text}"), style));
    }
    frame.render_widget(Paragraph::new(lines), body);
}

fn session_line(session: &Session, short: &str, columns: &Columns, now: Stamp) -> String {
    let meta = &session.meta;
    let moment = when::moment(meta.started, meta.utc_offset, now);
    let summary = session.summary.as_ref();
    let unknown = || "…".to_owned();
    let length = summary.map_or_else(unknown, |summary| {
        when::length(Duration::from_micros(summary.duration.0))
    });
    let commands = summary.map_or_else(unknown, |summary| summary.commands.to_string());
    let target = meta.target.label();
    columns.line([
        short,
        &moment,
        &length,
        &meta.client,
        &target,
        &commands,
        &notes(session),
    ])
}

/// What is worth a sign at the line's beginning: pinned, interrupted, with gaps.
fn sign(session: &Session) -> &'static str {
    let gaps = session
        .summary
        .as_ref()
        .map_or(0, |summary| summary.gaps_total());
    match session.status {
        _ if session.pinned => "*",
        Status::Interrupted => "!",
        Status::Recording | Status::Closed if gaps > 0 => "◌",
        Status::Recording => "●",
        Status::Closed => " ",
    }
}

fn style_of(model: &Model, session: &Session) -> Style {
    match session.status {
        Status::Recording => model.theme.good(),
        Status::Interrupted => model.theme.warning(),
        Status::Closed => Style::new(),
    }
}

/// What deserves a word: `recording`, `2 masked`, `1 gap`, `exit 1`.
pub fn notes(session: &Session) -> String {
    let mut notes = Vec::new();
    if session.damage.is_some() {
        notes.push("damaged".to_owned());
    }
    match session.status {
        Status::Recording => notes.push("recording".to_owned()),
        Status::Interrupted => notes.push("interrupted".to_owned()),
        Status::Closed => {}
    }
    if session.pinned {
        notes.push("pinned".to_owned());
    }
    notes.extend(session.labels.tags.iter().map(|tag| format!("#{tag}")));
    match session.labels.notes.len() {
        0 => {}
        1 => notes.push("1 note".to_owned()),
        n => notes.push(format!("{n} notes")),
    }
    let Some(summary) = &session.summary else {
        return notes.join(", ");
    };
    if let Some(exit) = summary.exit.filter(|exit| exit.code != 0) {
        notes.push(format!("exit {}", exit.code));
    }
    let counted = [
        (session.failed.unwrap_or(0), "failed", "failed"),
        (summary.masked_total(), "masked", "masked"),
        (summary.gaps_total(), "gap", "gaps"),
        (summary.markers, "marker", "markers"),
    ];
    for (count, one, many) in counted {
        match count {
            0 => {}
            1 => notes.push(format!("1 {one}")),
            count => notes.push(format!("{count} {many}")),
        }
    }
    notes.join(", ")
}

fn commands(model: &Model, area: Rect, frame: &mut Frame) {
    let browser = &model.browser;
    let focused = browser.pane == Pane::Commands && model.question.is_none();
    let session = browser.session();
    let short = browser.title();
    let short = short.split(' ').next().unwrap_or_default();
    let mut left = match short {
        "" => "Commands".to_owned(),
        short => format!("Commands of {short}"),
    };
    if !browser.commands_filter.text().is_empty() {
        left = format!("{left} ─ {}", browser.commands_filter.text());
    }
    let landmarks = browser.selected_landmarks();
    let all = landmarks.map_or(0, |landmarks| landmarks.commands.len());
    let reading = landmarks.is_some_and(|landmarks| !landmarks.complete);
    let count = match (session, landmarks) {
        (None, _) => String::new(),
        (Some(_), None) => "reading".to_owned(),
        (Some(_), Some(_)) if reading => format!("{all}, reading"),
        (Some(_), Some(_)) if browser.commands_shown.len() == all => all.to_string(),
        (Some(_), Some(_)) => format!("{} of {all}", browser.commands_shown.len()),
    };
    // Where in the session its commands lie, as far as there is room for a picture of it.
    let activity = landmarks.filter(|landmarks| landmarks.commands.len() > 1);
    let activity = activity.map(|landmarks| {
        let times = landmarks.commands.iter().map(|command| command.at.0);
        let room = usize::from(area.width).saturating_sub(left.width() + count.width() + 8);
        spark(times, landmarks.until.0, room.min(SPARK_MAX))
    });
    let count = match activity.filter(|activity| !activity.is_empty()) {
        Some(activity) => format!("{activity} {count}"),
        None => count,
    };
    let body = title(model, focused, &left, &count, area, frame);
    let width = usize::from(body.width);
    let unreadable = browser
        .unreadable
        .as_ref()
        .filter(|(id, _)| session.is_some_and(|s| s.id == *id));
    if let Some((_, why)) = unreadable {
        return told(why, model.theme.bad(), body, frame);
    }
    let Some(landmarks) = landmarks else { return };
    if browser.commands_shown.is_empty() && landmarks.complete {
        let text = if all == 0 {
            "No commands; enter plays the session."
        } else {
            "No command matches. / changes the filter."
        };
        return told(text, Style::new(), body, frame);
    }
    let rows = usize::from(body.height);
    let first = browser.commands.top;
    let shown = browser
        .commands_shown
        .iter()
        .enumerate()
        .skip(first)
        .take(rows);
    let last = landmarks.commands.last().map_or(Micros(0), |c| c.at);
    let time_width = when::position(last).len();
    let lines = shown.filter_map(|(place, index)| {
        let command = landmarks.commands.get(*index)?;
        let selected = place == browser.commands.selected;
        let marked = browser.marked_commands.iter().any(|look| {
            Some(look.id) == session.map(|s| s.id) && look.command == Some(command.number)
        });
        Some(command_line(
            model,
            command,
            (selected, marked),
            focused,
            time_width,
            width,
        ))
    });
    let lines: Vec<Line> = lines.collect();
    frame.render_widget(Paragraph::new(lines), body);
}

/// `▶1:58 update orders set …            ✗ 3.1 ms`
fn command_line(
    model: &Model,
    command: &Moment,
    (selected, marked): (bool, bool),
    focused: bool,
    time_width: usize,
    width: usize,
) -> Line<'static> {
    let mark = match (selected, marked) {
        (true, true) => "◉",
        (true, false) => "▶",
        (false, true) => "✓",
        (false, false) => " ",
    };
    let time = cell_right(&when::position(command.at), time_width);
    let took = command.took().map_or_else(|| "…".to_owned(), when::took);
    let failed = if command.failed() { "✗" } else { " " };
    let head = format!("{mark}{time} ");
    let room = width.saturating_sub(head.width() + 10);
    let text = cell(&command.text, room);
    let tail = format!("{failed}{} ", cell_right(&took, 8));
    if selected {
        let line = format!("{head}{text}{tail}");
        return Line::styled(cell(&line, width), model.theme.selected(focused));
    }
    let tail_style = if command.failed() {
        model.theme.bad()
    } else {
        model.theme.quiet()
    };
    Line::from(vec![
        Span::styled(head, model.theme.quiet()),
        Span::raw(text),
        Span::styled(tail, tail_style),
    ])
}
