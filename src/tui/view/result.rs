//! A command's result as a table that is moved through, and what passed over the wire.

use super::super::model::Model;
use super::super::msg::Output;
use super::browser::told;
use super::text::{cell, fit, wrap};
use crate::model::when;
use crate::model::wire::{Report, Value};
use crate::timeline::{Statement, Table};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

/// A column is at most this wide; a longer value is cut and opened by enter.
const COLUMN_MAX: usize = 40;
/// Rows that are measured for the widths of the columns.
const MEASURED_MAX: usize = 500;

/// Draws a result around the selected cell; the focused pane shows which that is. Of several
/// results the last line names the one that is drawn.
pub fn table(
    model: &Model,
    (table, all): &(Table, u64),
    focused: bool,
    area: Rect,
    frame: &mut Frame,
) {
    let (row, column) = model.browser.cell;
    let widths = widths(table);
    let width = usize::from(area.width);
    // The first column that is shown: the selected one stands whole.
    let mut first = 0;
    let until = |first: usize| -> usize {
        widths
            .iter()
            .take(column + 1)
            .skip(first)
            .map(|w| w + 2)
            .sum()
    };
    while until(first) > width && first < column {
        first += 1;
    }
    let shown = || widths.iter().copied().enumerate().skip(first);
    let heads = shown().map(|(place, width)| {
        let name = table.columns.get(place).map_or("", String::as_str);
        let style = match place == column && focused {
            true => model.theme.focused(),
            false => model.theme.strong(),
        };
        Span::styled(cell(name, width) + "  ", style)
    });
    let mut lines = vec![Line::from_iter(heads)];
    // The last line counts.
    let rows = usize::from(area.height).saturating_sub(2).max(1);
    let top = (row + 1).saturating_sub(rows);
    for (number, cells) in table.rows.iter().enumerate().skip(top).take(rows) {
        let spans = shown().map(|(place, width)| {
            let value = cells.get(place).and_then(Option::as_deref);
            let text = value.unwrap_or("NULL").replace('\n', "⏎");
            let style = match (number == row && place == column && focused, value) {
                (true, _) => model.theme.selected(true),
                (false, None) => model.theme.quiet(),
                (false, Some(text)) if is_masked(text) => model.theme.masked(),
                (false, Some(_)) => Style::new(),
            };
            Span::styled(cell(&text, width) + "  ", style)
        });
        lines.push(Line::from_iter(spans));
    }
    let here = u64::try_from(table.rows.len()).unwrap_or(u64::MAX);
    let count = match here {
        here if here < *all => format!("{here} of {all} rows were recorded"),
        1 => "1 row".to_owned(),
        here => format!("{here} rows"),
    };
    let place = match widths.len() {
        1 => String::new(),
        n => format!(", column {} of {n}", column + 1),
    };
    let several = match model.browser.results().len() {
        0 | 1 => String::new(),
        n => format!("result {} of {n} ([ and ]), ", model.browser.result + 1),
    };
    lines.push(Line::styled(
        fit(&format!("{several}{count}{place}"), width),
        model.theme.quiet(),
    ));
    frame.render_widget(Paragraph::new(lines), area);
}

fn widths(table: &Table) -> Vec<usize> {
    let names = table
        .columns
        .iter()
        .map(|name| name.width().clamp(1, COLUMN_MAX));
    let mut widths: Vec<usize> = names.collect();
    for row in table.rows.iter().take(MEASURED_MAX) {
        for (widest, value) in widths.iter_mut().zip(row) {
            let width = value.as_deref().map_or(4, |text| text.width());
            *widest = (*widest).max(width).min(COLUMN_MAX);
        }
    }
    widths
}

fn is_masked(text: &str) -> bool {
    text.contains("***")
}

/// What passed over the wire for a command, as lines with what kind each is.
fn wire_lines(output: &Output) -> Vec<(String, WireTone)> {
    let mut lines = Vec::new();
    for statement in &output.statements {
        if !lines.is_empty() {
            lines.push((String::new(), WireTone::Plain));
        }
        of_statement(statement, &mut lines);
    }
    lines
}

/// What a line of the wire is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WireTone {
    /// Text.
    Plain,
    /// A statement.
    Strong,
    /// Figures.
    Quiet,
    /// An error.
    Bad,
    /// A notice.
    Warning,
}

fn of_statement(statement: &Statement, lines: &mut Vec<(String, WireTone)>) {
    use WireTone::{Bad, Plain, Quiet, Strong, Warning};
    let kind = format!("{:?}", statement.kind).to_lowercase();
    let mut head = format!(
        "#{} {kind}, connection {}",
        statement.number, statement.connection
    );
    head += &format!(", at {}", when::position(statement.at));
    lines.push((head, Quiet));
    lines.extend(statement.text.lines().map(|line| (line.to_owned(), Strong)));
    if statement.cut > 0 {
        lines.push((format!("… {} more bytes", statement.cut), Warning));
    }
    for (place, parameter) in (1..).zip(&statement.parameters) {
        let value = match &parameter.value {
            Value::Null => "NULL".to_owned(),
            Value::Text(text) => text.clone(),
            Value::Cut { text, length } => format!("{text}… ({length} bytes)"),
        };
        let name = match parameter.type_name.as_str() {
            "" => format!("${place}"),
            of => format!("${place} {of}"),
        };
        lines.push((format!("  {name} = {}", value.replace('\n', "⏎")), Plain));
    }
    let mut times = Vec::new();
    if let Some(first) = statement.first {
        times.push(format!(
            "answer after {}",
            when::took(first.since(statement.at))
        ));
    }
    match statement.duration() {
        Some(took) => times.push(format!("done after {}", when::took(took))),
        None if statement.skipped => times.push("never ran".to_owned()),
        None => times.push("its end was not seen".to_owned()),
    }
    if let Some(transaction) = statement.transaction {
        times.push(format!(
            "transaction {}",
            format!("{transaction:?}").to_lowercase()
        ));
    }
    lines.push((format!("  {}", times.join(", ")), Quiet));
    for result in &statement.results {
        let columns: Vec<String> = result
            .columns
            .iter()
            .map(|column| format!("{} {}", column.name, column.type_name))
            .collect();
        if !columns.is_empty() {
            lines.push((format!("  columns: {}", columns.join(", ")), Plain));
        }
        if let Some(complete) = &result.complete {
            let mut said = vec![complete.tag.clone()];
            said.retain(|tag| !tag.is_empty());
            let rows = match complete.rows {
                1 => "1 row".to_owned(),
                n => format!("{n} rows"),
            };
            said.push(format!("{rows}, {} bytes", complete.bytes));
            if complete.rows_cut > 0 {
                said.push(format!("{} of them were not kept", complete.rows_cut));
            }
            lines.push((format!("  {}", said.join(", ")), Quiet));
        }
    }
    for notice in &statement.notices {
        report(notice, Warning, lines);
    }
    if let Some(error) = &statement.error {
        report(error, Bad, lines);
    }
}

/// An error or a notice in full.
fn report(report: &Report, tone: WireTone, lines: &mut Vec<(String, WireTone)>) {
    let code = match report.number {
        0 => report.code.clone(),
        number => format!("{number} ({})", report.code),
    };
    let head = format!("  {} {code}: {}", report.severity, report.message);
    lines.extend(head.lines().map(|line| (line.to_owned(), tone)));
    let named = [("detail", &report.detail), ("hint", &report.hint)];
    let more = named.into_iter().filter(|(_, text)| !text.is_empty());
    let fields = report
        .fields
        .iter()
        .map(|(name, text)| (name.as_str(), text));
    for (name, text) in more.chain(fields) {
        lines.push((
            format!("    {name}: {}", text.replace('\n', "⏎")),
            WireTone::Plain,
        ));
    }
}

/// How many rows of `width` cells that takes.
pub fn wire_height(output: &Output, width: usize) -> usize {
    let lines = wire_lines(output);
    lines.iter().map(|(text, _)| wrap(text, width).len()).sum()
}

/// Draws what passed over the wire.
pub fn wire(model: &Model, output: &Output, area: Rect, frame: &mut Frame) {
    let width = usize::from(area.width);
    let lines = wire_lines(output);
    if lines.is_empty() {
        let text = "Nothing passed over a database connection here.";
        return told(text, model.theme.quiet(), area, frame);
    }
    let top = model.browser.scroll.1;
    let rows = lines.iter().flat_map(|(text, tone)| {
        let rows = wrap(text, width).into_iter();
        rows.map(move |row| (row, tone))
    });
    let shown = rows.skip(top).take(usize::from(area.height));
    let shown = shown.map(|(text, tone)| {
        let style = match tone {
            WireTone::Plain => Style::new(),
            WireTone::Strong => model.theme.strong(),
            WireTone::Quiet => model.theme.quiet(),
            WireTone::Bad => model.theme.bad(),
            WireTone::Warning => model.theme.warning(),
        };
        Line::styled(text, style)
    });
    let shown: Vec<Line> = shown.collect();
    frame.render_widget(Paragraph::new(shown), area);
}
