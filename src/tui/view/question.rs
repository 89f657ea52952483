//! What the vault asks its owner, in a box over everything else.

use super::super::model::Model;
use super::text::wrap;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph};

/// Draws it. What was typed does not show, nor how much of it.
pub fn draw(model: &Model, frame: &mut Frame) {
    let Some(question) = &model.question else {
        return;
    };
    let whole = frame.area();
    let width = whole.width.min(60);
    let room = usize::from(width.saturating_sub(2));
    let state = if question.typed {
        "••••••••"
    } else {
        "(type it; it does not show)"
    };
    let said = model
        .notice
        .as_deref()
        .unwrap_or("enter answers, esc declines");
    let parts = [
        (question.text.as_str(), model.theme.strong()),
        (state, Style::new()),
        (said, model.theme.quiet()),
    ];
    let rows = parts.iter().flat_map(|(text, style)| {
        let rows = wrap(text, room).into_iter();
        rows.map(|row| Line::styled(row, *style))
    });
    let lines: Vec<Line> = rows.collect();
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let height = whole.height.min(height);
    let area = Rect::new(
        (whole.width - width) / 2,
        (whole.height - height) / 2,
        width,
        height,
    );
    let block = Block::bordered().title(Line::styled(" rec ", model.theme.strong()));
    let inner = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    frame.render_widget(Paragraph::new(lines), inner);
}
