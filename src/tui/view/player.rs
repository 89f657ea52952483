//! The player: the recorded screen, the scrubber, the status line.

use super::super::model::{Model, Viewer};
use super::super::msg::Frame as Shown;
use super::browser::told;
use super::text::fit;
use super::{bar, screen};
use crate::model::{Micros, Size, when};
use crate::player::{Grid, Landmarks, MarkKind};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

/// Lines under the screen: scrubber, status, keys.
const CONTROLS: u16 = 3;
/// How far before a landmark its name is shown, and after it.
const NEAR: std::time::Duration = std::time::Duration::from_secs(2);

/// The room for the recorded screen in a terminal of this size.
pub fn area(size: Size) -> Size {
    Size {
        cols: size.cols,
        rows: size.rows.saturating_sub(CONTROLS),
    }
}

/// The first column and row that are shown of a grid in `area`: where the viewer moved the window
/// to, else where the cursor is in sight.
pub fn window(grid: &Grid, area: Size, scroll: Option<(u16, u16)>) -> (u16, u16) {
    let last = (
        grid.size.cols.saturating_sub(area.cols),
        grid.size.rows.saturating_sub(area.rows),
    );
    let (left, top) = scroll.unwrap_or_else(|| {
        let (col, row) = grid.cursor.unwrap_or((0, 0));
        (
            (col + 1).saturating_sub(area.cols),
            (row + 1).saturating_sub(area.rows),
        )
    });
    (left.min(last.0), top.min(last.1))
}

/// Draws it.
pub fn draw(model: &Model, frame: &mut Frame) {
    let Some(viewer) = &model.player else { return };
    let rows = [
        Constraint::Fill(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
    ];
    let [main, scrubber, status, keys] = Layout::vertical(rows).areas(frame.area());
    match (&viewer.frame, &viewer.unreadable) {
        (_, Some(why)) => {
            told(why, model.theme.bad(), main, frame);
        }
        (None, None) => {
            let text = format!("reading {}…", viewer.title);
            let text = fit(&text, usize::from(main.width));
            frame.render_widget(Line::styled(text, model.theme.quiet()), main);
        }
        (Some(shown), None) => {
            recorded(model, viewer, shown, main, frame);
            scrub(model, viewer, shown, scrubber, frame);
            frame.render_widget(status_line(model, viewer, shown, main), status);
        }
    }
    bar::draw(model, None, keys, frame);
}

fn recorded(model: &Model, viewer: &Viewer, shown: &Shown, main: Rect, frame: &mut Frame) {
    let room = Size {
        cols: main.width,
        rows: main.height,
    };
    let (left, top) = window(&shown.grid, room, viewer.scroll);
    screen::draw(
        &shown.grid,
        (left, top),
        main,
        model.theme,
        frame.buffer_mut(),
    );
    screen::draw_edges(&shown.grid, main, model.theme, frame.buffer_mut());
    if let Some((col, row)) = shown.grid.cursor {
        let (Some(x), Some(y)) = (col.checked_sub(left), row.checked_sub(top)) else {
            return;
        };
        if x < main.width && y < main.height && model.help.is_none() {
            frame.set_cursor_position((main.x + x, main.y + y));
        }
    }
}

/// What stands at one column of the scrubber, the most important last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tick {
    Unread,
    Line,
    Command,
    Gap,
    Marker,
    Failed,
    Head,
}

fn scrub(model: &Model, viewer: &Viewer, shown: &Shown, area: Rect, frame: &mut Frame) {
    let width = usize::from(area.width);
    let until = shown.until.max(viewer.landmarks.until).max(shown.now);
    let column = |at: Micros| {
        let last = u64::try_from(width.saturating_sub(1)).unwrap_or(0);
        let place = u128::from(at.0) * u128::from(last) / u128::from(until.0.max(1));
        usize::try_from(place).unwrap_or(0)
    };
    let mut ticks = vec![Tick::Line; width];
    if !viewer.landmarks.complete {
        let read = column(viewer.landmarks.until);
        ticks
            .iter_mut()
            .skip(read)
            .for_each(|tick| *tick = Tick::Unread);
    }
    let mut tick = |at: Micros, kind: Tick| {
        if let Some(slot) = ticks.get_mut(column(at)) {
            *slot = (*slot).max(kind);
        }
    };
    for command in &viewer.landmarks.commands {
        let kind = if command.failed() {
            Tick::Failed
        } else {
            Tick::Command
        };
        tick(command.at, kind);
    }
    for mark in &viewer.landmarks.marks {
        match mark.kind {
            MarkKind::Marker(_) => tick(mark.at, Tick::Marker),
            MarkKind::Gap(_) | MarkKind::Pause => tick(mark.at, Tick::Gap),
            MarkKind::Resume => {}
        }
    }
    tick(shown.now, Tick::Head);
    let played = column(shown.now);
    let theme = model.theme;
    let spans = ticks.iter().enumerate().map(|(at, tick)| {
        let (sign, style) = match tick {
            Tick::Line if at < played => ("━", theme.strong()),
            Tick::Line => ("─", theme.quiet()),
            Tick::Unread => ("╌", theme.quiet()),
            Tick::Command if at < played => ("╋", theme.strong()),
            Tick::Command => ("┼", Style::new()),
            Tick::Gap => ("◌", theme.warning()),
            Tick::Marker => ("◆", theme.good()),
            Tick::Failed => ("✗", theme.bad()),
            Tick::Head => ("█", theme.focused()),
        };
        Span::styled(sign, style)
    });
    frame.render_widget(Line::from_iter(spans), area);
}

/// `▶ 1:58/4:12 2x  ↑3  4/12 update orders …`
fn status_line(model: &Model, viewer: &Viewer, shown: &Shown, main: Rect) -> Line<'static> {
    let theme = model.theme;
    let landmarks = &viewer.landmarks;
    let mut spans = Vec::new();
    let sign = if shown.playing { "▶" } else { "‖" };
    let until = when::position(shown.until.max(landmarks.until));
    let time = format!("{sign} {}/{until}", when::position(shown.now));
    spans.push(Span::styled(time, theme.strong()));
    #[expect(
        clippy::float_cmp,
        reason = "a speed that was set is exactly what it was set to"
    )]
    if shown.speed != 1.0 {
        spans.push(Span::raw(format!(" {}x", shown.speed)));
    }
    if let Some((text, style)) = state(model, landmarks, shown) {
        spans.push(Span::styled(format!("  {text}"), style));
    }
    let hidden = hidden(viewer, shown, main);
    if !hidden.is_empty() {
        spans.push(Span::styled(format!("  {hidden}"), theme.warning()));
    }
    let width = usize::from(main.width);
    let used: usize = spans.iter().map(|span| span.content.width()).sum();
    let command = landmarks.command_before(shown.spot);
    let what = match command.and_then(|place| Some((place, landmarks.commands.get(place)?))) {
        Some((place, command)) => {
            // While it is read there are more of them than it is known of.
            let more = if landmarks.complete { "" } else { "…" };
            let all = landmarks.commands.len();
            format!("  {}/{all}{more} {}", place + 1, command.text)
        }
        None => format!("  {}", viewer.title),
    };
    spans.push(Span::raw(fit(&what, width.saturating_sub(used))));
    Line::from(spans)
}

/// How many columns and rows lie outside the window, and where: `↑3 →48`.
fn hidden(viewer: &Viewer, shown: &Shown, main: Rect) -> String {
    let room = Size {
        cols: main.width,
        rows: main.height,
    };
    let (left, top) = window(&shown.grid, room, viewer.scroll);
    let size = shown.grid.size;
    let sides = [
        ('↑', top),
        ('↓', size.rows.saturating_sub(top + room.rows)),
        ('←', left),
        ('→', size.cols.saturating_sub(left + room.cols)),
    ];
    let hidden = sides.iter().filter(|(_, cells)| *cells > 0);
    let words: Vec<String> = hidden.map(|(way, cells)| format!("{way}{cells}")).collect();
    words.join(" ")
}

/// What is out of the ordinary, in one or two words.
fn state(model: &Model, landmarks: &Landmarks, shown: &Shown) -> Option<(String, Style)> {
    let theme = model.theme;
    if shown.waiting {
        let percent = shown.indexed / 10;
        if shown.glimpse {
            return Some((format!("about so, reading {percent}%"), theme.warning()));
        }
        return Some((format!("reading {percent}%"), theme.warning()));
    }
    if landmarks.off_the_record(shown.spot) {
        return Some(("off the record".to_owned(), theme.warning()));
    }
    if let Some(mark) = landmarks.mark_before(shown.spot) {
        let mark = landmarks.marks.get(mark)?;
        if shown.now.since(mark.at) < NEAR {
            match &mark.kind {
                MarkKind::Marker(label) if label.is_empty() => {
                    return Some(("◆ marker".to_owned(), theme.good()));
                }
                MarkKind::Marker(label) => {
                    return Some((format!("◆ {}", fit(label, 30)), theme.good()));
                }
                MarkKind::Gap(what) => {
                    return Some((format!("◌ {}", fit(what, 40)), theme.warning()));
                }
                MarkKind::Pause | MarkKind::Resume => {}
            }
        }
    }
    if let Some(idle) = shown.skipping {
        return Some((format!("skipping {}", when::length(idle)), theme.quiet()));
    }
    shown
        .idle
        .is_none()
        .then(|| ("idle kept".to_owned(), theme.quiet()))
}
