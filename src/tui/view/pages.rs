//! The pages in front of the browser: search, insights, texts and lists, and the palette.

use super::super::filter::spark;
use super::super::keys::Binding;
use super::super::model::Model;
use super::super::pages::Page;
use super::super::pages::insights::{DAYS, Insights, Question, hour_name};
use super::super::pages::reader::{Reader, Tone};
use super::super::pages::search::{Row, Search};
use super::super::prompt::Palette;
use super::browser::{title, told};
use super::text::{cell, cell_right, fit, fit_words, wrap};
use super::{bar, compare, export};
use crate::insight::Stats;
use crate::model::{Size, when};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};
use regex::Regex;
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// Draws the page in front.
pub fn draw(model: &Model, frame: &mut Frame) {
    let [body, bottom] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(frame.area());
    match model.pages.last() {
        Some(Page::Search) => search(model, body, frame),
        Some(Page::Insights(page)) => insights(model, page, body, frame),
        Some(Page::Compare(page)) => compare::compare(model, page, body, frame),
        Some(Page::Runs(page)) => compare::runs(model, page, body, frame),
        Some(Page::Export(page)) => export::draw(model, page, body, frame),
        Some(Page::Reader(page)) => reader(model, page, body, frame),
        None => {}
    }
    bar::draw(model, None, bottom, frame);
}

/// A word in the middle of what is not there yet.
pub(super) fn waiting(model: &Model, text: &str, area: Rect, frame: &mut Frame) {
    told(text, model.theme.quiet(), area, frame);
}

/// The first of the search's rows that is shown on a terminal of this size: the selected hit
/// stands in the middle.
pub fn search_top(search: &Search, size: Size) -> usize {
    let rows = search.rows();
    let height = usize::from(size.rows.saturating_sub(3)).max(1);
    let selected = rows
        .iter()
        .position(|row| *row == Row::Hit(search.list.selected));
    let top = selected.unwrap_or(0).saturating_sub(height / 2);
    top.min(rows.len().saturating_sub(height))
}

fn search(model: &Model, area: Rect, frame: &mut Frame) {
    let search = &model.search;
    let said = |n: usize| match n {
        1 => "1 moment".to_owned(),
        n if n >= super::super::pages::search::HITS_MAX => format!("the newest {n}"),
        n => format!("{n} moments"),
    };
    let count = match (search.line.text().trim(), search.waits(), search.found()) {
        ("", ..) => String::new(),
        (_, true, None) => "searching".to_owned(),
        (_, true, Some(n)) => format!("{}, searching", said(n)),
        (_, false, _) => said(search.hits.len()),
    };
    let count = match search.indexing {
        Some(hundredths) if count.is_empty() => format!("indexing {hundredths}%"),
        Some(hundredths) => format!("{count}, indexing {hundredths}%"),
        None => count,
    };
    let body = title(model, true, "Search all sessions", &count, area, frame);
    let input = Rect { height: 1, ..body };
    let width = usize::from(input.width);
    let text = search.line.text();
    let (shown, column) = bar::typed(&search.line, width.saturating_sub(3));
    let column = u16::try_from(2 + column).unwrap_or(0).min(input.width);
    if model.prompt.is_none() && model.palette.is_none() && model.help.is_none() {
        frame.set_cursor_position((input.x + column, input.y));
    }
    let line = Line::from(vec![
        Span::styled("› ", model.theme.focused()),
        Span::raw(shown),
    ]);
    frame.render_widget(line, input);
    let list = Rect {
        y: body.y + 1,
        height: body.height.saturating_sub(1),
        ..body
    };
    if let Some(why) = &search.wrong {
        let rows = wrap(why, width).into_iter();
        let rows = rows.map(|row| Line::styled(row, model.theme.warning()));
        frame.render_widget(Paragraph::new(rows.collect::<Vec<_>>()), list);
        return;
    }
    if text.trim().is_empty() {
        let lines = [
            "Words, \"a phrase\", /a regular expression/, stat*, -not, OR",
            "client: host: db: tag: since:7d failed: slow:>1s in:output",
        ];
        let lines = lines.iter().flat_map(|line| wrap(line, width));
        let lines = lines.map(|line| Line::styled(line, model.theme.quiet()));
        frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), list);
        return;
    }
    if search.hits.is_empty() && !search.waits() {
        return waiting(model, "Nothing is found.", list, frame);
    }
    let rows = search.rows();
    let top = search_top(search, model.size);
    let lines = rows.iter().skip(top).take(usize::from(list.height));
    let lines: Vec<Line> = lines.map(|row| search_row(model, *row, width)).collect();
    frame.render_widget(Paragraph::new(lines), list);
}

fn search_row(model: &Model, row: Row, width: usize) -> Line<'static> {
    let search = &model.search;
    match row {
        Row::Session(place) => {
            let Some(hit) = search.hits.get(place) else {
                return Line::default();
            };
            let at = when::moment(hit.started, hit.utc_offset, model.now);
            let title = hit.title.trim_end();
            let text = match model.browser.short_of(hit.session) {
                Some(id) => format!("{id} {title}  {at}"),
                None => format!("{title}  {at}"),
            };
            Line::styled(fit(&text, width), model.theme.strong())
        }
        Row::Hit(place) => {
            let Some(hit) = search.hits.get(place) else {
                return Line::default();
            };
            let selected = place == search.list.selected;
            let mark = if selected { "▶" } else { " " };
            let time = cell_right(&when::position(hit.at), 8);
            let failed = if hit.failed { "✗" } else { " " };
            let marked = search.marked.is_some() && search.look(place) == search.marked;
            let chosen = if marked { "●" } else { " " };
            let head = format!("{mark}{time} {failed}{chosen}");
            let room = width.saturating_sub(head.width());
            let command: String = hit.command.lines().collect::<Vec<_>>().join(" ");
            let (command, line) = match hit.line.trim() {
                "" => (fit(&command, room), String::new()),
                line => {
                    let command = fit(&command, room / 2);
                    let rest = room.saturating_sub(command.width() + 3);
                    (command, fit(line, rest))
                }
            };
            if selected {
                let text = match line.is_empty() {
                    true => format!("{head}{command}"),
                    false => format!("{head}{command}   {line}"),
                };
                return Line::styled(cell(&text, width), model.theme.selected(true));
            }
            let style = if hit.failed {
                model.theme.bad()
            } else {
                Style::new()
            };
            Line::from(vec![
                Span::styled(head, model.theme.quiet()),
                Span::styled(command, style),
                Span::styled(format!("   {line}"), model.theme.quiet()),
            ])
        }
    }
}

fn insights(model: &Model, page: &Insights, area: Rect, frame: &mut Frame) {
    let period = match page
        .answers()
        .and_then(|stats| Some((stats.period?, stats)))
    {
        Some(((from, to), stats)) => {
            let day = |stamp| {
                let at = when::civil(stamp, 0);
                at.map(|at| at.strftime("%-d %b %Y").to_string())
                    .unwrap_or_default()
            };
            let more = if page.more { " so far…" } else { "" };
            let (from, to) = (day(from), day(to));
            let days = match from == to {
                true => from,
                false => format!("{from} to {to}"),
            };
            format!("{days}, {} commands{more}", stats.commands)
        }
        None => String::new(),
    };
    let left = match page.period.query() {
        "" => "Insights".to_owned(),
        query => format!("Insights {query}"),
    };
    let body = title(model, true, &left, &period, area, frame);
    let width = usize::from(body.width);
    frame.render_widget(questions(model, page, width), Rect { height: 1, ..body });
    let rest = Rect {
        y: body.y + 1,
        height: body.height.saturating_sub(1),
        ..body
    };
    if let Some(why) = &page.wrong {
        return waiting(model, why, rest, frame);
    }
    let Some(stats) = page.answers() else {
        return waiting(model, "counting…", rest, frame);
    };
    if stats.commands == 0 {
        return waiting(
            model,
            "No command was recorded then. p shows another time.",
            rest,
            frame,
        );
    }
    if page.question == Question::Hours {
        let lines = heat(model, page, stats, width);
        frame.render_widget(Paragraph::new(lines), rest);
        return;
    }
    let rows = page.rows();
    if rows.is_empty() {
        return waiting(model, "Nothing of that kind was recorded.", rest, frame);
    }
    let heads = page.question.heads();
    let widths: Vec<usize> = heads
        .iter()
        .enumerate()
        .map(|(place, head)| {
            let cells = rows.iter().filter_map(|row| row.cells.get(place));
            let widest = cells.map(|cell| cell.width()).max().unwrap_or(0);
            widest.max(head.width())
        })
        .collect();
    // On a narrow terminal the statement matters more than the last figures.
    let fit_columns = (1..=widths.len())
        .rev()
        .find(|n| widths.iter().take(*n).map(|w| w + 2).sum::<usize>() + 16 <= width)
        .unwrap_or(1);
    let figures = |cells: &mut dyn Iterator<Item = &str>| -> String {
        let cells = cells.zip(&widths).take(fit_columns);
        cells
            .map(|(text, width)| cell_right(text, *width) + "  ")
            .collect()
    };
    let mut lines = vec![Line::styled(
        format!(" {}", figures(&mut heads.iter().copied())),
        model.theme.quiet(),
    )];
    let height = usize::from(rest.height).saturating_sub(1);
    for (place, row) in rows.iter().enumerate().skip(page.list.top).take(height) {
        let selected = place == page.list.selected;
        let mark = if selected { "▶" } else { " " };
        let figures = figures(&mut row.cells.iter().map(String::as_str));
        let room = width.saturating_sub(figures.width() + 1);
        let text: String = row.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = fit(&text, room);
        lines.push(match selected {
            true => {
                let text = cell(&format!("{mark}{figures}{text}"), width);
                Line::styled(text, model.theme.selected(true))
            }
            false => Line::from(vec![
                Span::styled(format!("{mark}{figures}"), model.theme.quiet()),
                Span::raw(text),
            ]),
        });
    }
    frame.render_widget(Paragraph::new(lines), rest);
}

/// The questions, the one that is asked in brackets. Where all do not fit, those before it give way,
/// and a mark says on which side there are others.
fn questions(model: &Model, page: &Insights, width: usize) -> Line<'static> {
    let all = Question::ALL;
    let asked = all.iter().position(|q| *q == page.question).unwrap_or(0);
    let label = |place: usize, question: &Question| match place == asked {
        true => format!("[{}]", question.title()),
        false => format!(" {} ", question.title()),
    };
    let labels: Vec<String> = all.iter().enumerate().map(|(n, q)| label(n, q)).collect();
    let widths: Vec<usize> = labels.iter().map(|label| label.width()).collect();
    let taken = |from: usize, to: usize| -> usize {
        widths.iter().take(to).skip(from).sum::<usize>()
            + usize::from(from > 0)
            + usize::from(to < labels.len())
    };
    let mut first = 0;
    while taken(first, asked + 1) > width && first < asked {
        first += 1;
    }
    let mut end = asked + 1;
    while end < labels.len() && taken(first, end + 1) <= width {
        end += 1;
    }
    let mark = |there: bool, mark: &'static str| match there {
        true => Span::styled(mark, model.theme.quiet()),
        false => Span::raw(""),
    };
    let mut spans = vec![mark(first > 0, "‹")];
    for (place, label) in labels.iter().enumerate().take(end).skip(first) {
        let style = if place == asked {
            model.theme.focused()
        } else {
            model.theme.quiet()
        };
        spans.push(Span::styled(label.clone(), style));
    }
    spans.push(mark(end < labels.len(), "›"));
    Line::from(spans)
}

/// The week by hours: the darker, the more time went there.
fn heat(model: &Model, page: &Insights, stats: &Stats, width: usize) -> Vec<Line<'static>> {
    let hours = stats.hours.as_slice();
    const SHADES: [&str; 5] = ["·", "░", "▒", "▓", "█"];
    let most = hours
        .iter()
        .flatten()
        .map(|spent| spent.time)
        .max()
        .unwrap_or_default();
    let each = ((width.saturating_sub(4)) / 24).clamp(1, 3);
    let heads: String = (0..24)
        .map(|hour| match (each, hour % 6) {
            (3, _) => format!("{hour:>3}"),
            (_, 0) => cell(&hour.to_string(), each * 6),
            _ => String::new(),
        })
        .collect();
    let mut lines = vec![Line::styled(format!("    {heads}"), model.theme.quiet())];
    for (day, (name, hours)) in DAYS.iter().zip(hours).enumerate() {
        let shade = |time: Duration| {
            let share = time.as_secs_f64() / most.as_secs_f64().max(1.0) * 4.0;
            let shade = if time.is_zero() {
                0.0
            } else {
                share.ceil().clamp(1.0, 4.0)
            };
            SHADES.get(shade as usize).copied().unwrap_or("█")
        };
        let cells = hours.iter().enumerate().flat_map(|(hour, spent)| {
            let shade = shade(spent.time);
            let style = match (day, hour) == (page.list.selected, page.hour) {
                true => model.theme.selected(true),
                false => model.theme.focused(),
            };
            let (before, text, behind) = match each {
                3 => (" ", shade.repeat(2), 0),
                _ => ("", shade.to_owned(), each.saturating_sub(1)),
            };
            [
                Span::raw(before),
                Span::styled(text, style),
                Span::raw(" ".repeat(behind)),
            ]
        });
        let name = Span::styled(format!("{name} "), model.theme.quiet());
        lines.push(Line::from_iter(std::iter::once(name).chain(cells)));
    }
    let (day, hour) = (page.list.selected, page.hour);
    let spent = hours.get(day).and_then(|day| day.get(hour)).copied();
    let spent = spent.unwrap_or_default();
    let said = match spent.commands {
        0 => "nothing".to_owned(),
        1 => format!("{}, 1 command", when::length(spent.time)),
        n => format!("{}, {n} commands", when::length(spent.time)),
    };
    let said = format!("{}: {said}", hour_name(day, hour));
    lines.push(Line::from(fit(&said, width)));
    let by_hour = (0..24_u64).flat_map(|hour| {
        let at = usize::try_from(hour).unwrap_or(0);
        let count: u32 = hours
            .iter()
            .filter_map(|day| day.get(at))
            .map(|s| s.commands)
            .sum();
        std::iter::repeat_n(hour, usize::try_from(count).unwrap_or(0).min(10_000))
    });
    let all = spark(by_hour, 23, 24 * each);
    lines.push(Line::from(vec![
        Span::styled("all ", model.theme.quiet()),
        Span::raw(all),
    ]));
    lines
}

fn reader(model: &Model, page: &Reader, area: Rect, frame: &mut Frame) {
    let count = match page.lines.len() {
        _ if page.chooses() => {
            let (shown, all) = (model.browser.shown.len(), model.browser.sessions.len());
            format!("{shown} of {all} sessions")
        }
        1 => "1 line".to_owned(),
        n => format!("{n} lines"),
    };
    let body = title(model, true, &page.title, &count, area, frame);
    let width = usize::from(body.width);
    let height = usize::from(body.height);
    if !page.chooses() {
        let rows = page.rows(width);
        let rows = rows.iter().skip(page.list.top).take(height);
        let rows = rows.map(|row| {
            let tone = page.lines.get(row.line).map(|line| line.tone);
            let style = self::tone(model, tone.unwrap_or_default());
            found(model, &row.text, style, page.wanted.as_ref())
        });
        frame.render_widget(Paragraph::new(rows.collect::<Vec<Line>>()), body);
        return;
    }
    let lines = page.lines.iter().enumerate().skip(page.list.top);
    let lines = lines.take(height).map(|(place, line)| {
        let selected = place == page.list.selected;
        let mark = if selected { "▶" } else { " " };
        let text = format!("{mark}{}", line.text);
        match selected {
            true => Line::styled(cell(&text, width), model.theme.selected(true)),
            false => Line::styled(fit(&text, width), tone(model, line.tone)),
        }
    });
    let lines: Vec<Line> = lines.collect();
    frame.render_widget(Paragraph::new(lines), body);
}

/// A row with what is looked for standing out.
fn found(model: &Model, row: &str, style: Style, wanted: Option<&Regex>) -> Line<'static> {
    let mut spans = Vec::new();
    let mut from = 0;
    for found in wanted.into_iter().flat_map(|wanted| wanted.find_iter(row)) {
        let before = row.get(from..found.start()).unwrap_or_default();
        spans.push(Span::styled(before.to_owned(), style));
        let text = found.as_str().to_owned();
        spans.push(Span::styled(text, model.theme.selected(true)));
        from = found.end();
    }
    let rest = row.get(from..).unwrap_or_default().to_owned();
    spans.push(Span::styled(rest, style));
    Line::from(spans)
}

/// How a line is drawn.
pub(super) fn tone(model: &Model, tone: Tone) -> Style {
    match tone {
        Tone::Plain => Style::new(),
        Tone::Quiet => model.theme.quiet(),
        Tone::Strong => model.theme.strong(),
        Tone::Bad => model.theme.bad(),
        Tone::Good => model.theme.good(),
        Tone::Warning => model.theme.warning(),
    }
}

/// Actions by their names, over the lower half of the view.
pub fn palette(model: &Model, palette: &Palette, frame: &mut Frame) {
    let whole = frame.area();
    let height = (whole.height / 2).clamp(4.min(whole.height), 14);
    let area = Rect {
        y: whole.y + whole.height.saturating_sub(height),
        height,
        ..whole
    };
    frame.render_widget(Clear, area);
    let [body, bottom] = Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(area);
    let found = palette.found(&model.keymap);
    let count = found.len().to_string();
    let body = title(model, true, "Do", &count, body, frame);
    let width = usize::from(body.width);
    let entry = |mark: &str, binding: &Binding| {
        let name = cell(&binding.action.name(), 18);
        let key = cell(&binding.first(), 9);
        format!("{mark}{name} {key} {}", binding.help)
    };
    // What the selected one does is told whole, below the others where it does not fit beside its name.
    let selected = found.get(palette.list.selected);
    let cut = selected.filter(|binding| entry(" ", binding).width() > width);
    let said = cut.map(|binding| wrap(binding.help, width));
    let said = said.unwrap_or_default();
    let rows = usize::from(body.height).saturating_sub(said.len()).max(1);
    let top = (palette.list.selected + 1).saturating_sub(rows);
    let lines = found
        .iter()
        .enumerate()
        .skip(top)
        .take(rows)
        .map(|(place, binding)| {
            let selected = place == palette.list.selected;
            let mark = if selected { "▶" } else { " " };
            let text = fit_words(&entry(mark, binding), width);
            match selected {
                true => Line::styled(cell(&text, width), model.theme.selected(true)),
                false => Line::from(text),
            }
        });
    let mut lines: Vec<Line> = lines.collect();
    lines.resize(rows.max(lines.len()), Line::default());
    let said = said.into_iter();
    lines.extend(said.map(|row| Line::styled(row, model.theme.quiet())));
    frame.render_widget(Paragraph::new(lines), body);
    bar::draw(model, Some((":", &palette.line)), bottom, frame);
}
